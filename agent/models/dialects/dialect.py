"""How a family of models talks: data (resize rule, coordinate space, prompts) and one grammar for its answers.

A new dialect is one `Dialect` value. Only a new way of writing actions needs code: a new `Grammar`.
"""

from __future__ import annotations

import hashlib
import json
import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from string import Template
from typing import Any, Literal, Protocol, TypeVar

from actions.action import AnyAction, Finish, describe, points_of
from actions.errors import plural
from actions.frame import Box, Frame, Grid, Point
from agent.core.model import ModelError, ParseError
from agent.core.step import Step
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.conversation import IMAGE as IMAGE
from agent.models.dialects.conversation import ChatPart, Conversation, EarlierImage, Extent, ToldStep, Turn, extents
from agent.models.dialects.history import ToldHistory, told_step
from agent.models.dialects.normalize import candidate_texts
from agent.models.dialects.resize import Resize
from agent.models.endpoints.endpoint import Sampling, Wire

Platform = Literal["desktop", "mobile"]
Ability = Literal["decide", "locate", "extract"]
Use = Platform | Literal["locate"]
"""What the numbers are for: actions on a platform, or the answer to where something is."""
Space = Literal["abs_resized", "abs_sent", "rel1", "rel100", "rel999", "rel1000", "unknown"]
"""What a coordinate counts: pixels of the resized image, pixels of the screenshot as captured, or parts of a side; or
what only a calibration or the user can say.
"""

SIDES: Mapping[Space, float] = {"rel1": 1, "rel100": 100, "rel999": 999, "rel1000": 1000}
"""The largest number of the spaces that count parts of a side."""
_DECIMALS: Mapping[Space, int] = {"rel1": 4, "rel100": 1}


_GREEDY = Sampling()
_MOST_HISTORIES = 64
"""Histories that are told at a time, such as those of the workers of a benchmark, of which what was told is kept."""
_BYTES = 3
"""Bytes of text to a token, at least: English has more, code and numbers about as many."""


class UnsupportedAction(ValueError):  # noqa: N818 - the name says what it is about
    """The dialect has no words for this action."""


@dataclass(frozen=True)
class View:
    """One frame in a dialect's numbers.

    `grid` is laid over the whole frame; `slack` (grid units) is how far beyond its right and lower edge a number is
    still taken for the edge; `described` gives the place of a description, where the dialect says those; `pointer`
    is where the pointer is (frame pixels), None when nobody knows. `any_unit` takes parts of a side for numbers of
    the grid instead of refusing them.
    """

    frame: Frame
    grid: Grid
    slack: float = 0.0
    swap: bool = False
    decimals: int = 0
    pointer: Point | None = None
    any_unit: bool = False
    described: Callable[[str], Point] | None = None

    def point(self, first: float, second: float, notes: list[str]) -> Point:
        """A dialect's two numbers in frame pixels.

        Numbers up to `slack` too large are taken for the edge, with a note. Raises `Unreadable` for numbers further
        out, negative or not finite.
        """
        x, y = map(float, (second, first) if self.swap else (first, second))
        if not self.any_unit and self.grid.width > 1 and any(0 < n < 1 for n in (x, y)):
            raise Unreadable(f"({x:g}, {y:g}) are parts of a side; wanted are numbers up to {self.grid.width:g}")
        for value, side, name in ((x, self.grid.width, "x"), (y, self.grid.height, "y")):
            edge = max(side, round(side, self.decimals))  # of a canvas that the frame does not fill, no round number
            if not math.isfinite(value) or not 0 <= value <= edge + self.slack:
                raise Unreadable(f"{name} = {value:g} is outside 0 to {side:g}")
        point = self.frame.from_grid(self.grid, x, y)
        if self.frame.contains(point):
            return point
        notes.append(f"({x:g}, {y:g}) lies on or beyond the edge of {self.grid.width:g}x{self.grid.height:g}: clamped")
        return self.frame.clamp(point)

    def numbers(self, point: Point) -> list[float]:
        """Frame pixels in the dialect's numbers and order, rounded to its precision; the inverse of `point`."""
        x, y = (round(v, self.decimals or None) for v in self.frame.to_grid(self.grid, point))
        return [y, x] if self.swap else [x, y]


@dataclass(frozen=True)
class ParsedAnswer:
    """An answer understood: its first action (frame pixels), what was said before it, and the repairs it took.

    `rest` are the further actions of the answer in order, which were decided on the same screen.
    """

    action: AnyAction
    thought: str = ""
    notes: tuple[str, ...] = ()
    rest: tuple[AnyAction, ...] = ()


@dataclass(frozen=True)
class ParsedPlace:
    """A place understood: a point and, where the model gave one, a box (frame pixels); no point is a refusal."""

    point: Point | None
    box: Box | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()


Understood = TypeVar("Understood", ParsedAnswer, ParsedPlace)


class PlaceParser(Protocol):
    """One way of writing places as text."""

    def parse_place(self, text: str, view: View, ended: bool) -> ParsedPlace:
        """The place, or the refusal, in `text`. Raises `Unreadable`."""


class Grammar(PlaceParser, Protocol):
    """One way of writing actions and places as text."""

    def parse(self, text: str, view: View, ended: bool) -> ParsedAnswer:
        """The one action in `text`; `ended` says that the model stopped by itself. Raises `Unreadable`."""

    def format(self, action: AnyAction, view: View) -> str:
        """A whole answer that says `action`. Raises `UnsupportedAction`."""

    def format_call(self, action: AnyAction, view: View) -> str:
        """`action` as it is told in the history. Raises `UnsupportedAction`."""

    def completion_check(self) -> Callable[[str], bool]:
        """A function to be given each new piece of an answer; True once nothing worth waiting for can follow."""


@dataclass(frozen=True)
class PromptTemplate:
    """One kind of question, as templates over ``$width $height`` (of the grid), ``$places`` (what numbers count),
    ``$instruction`` and ``$history``.

    `user` is the parts of the user message in order, `IMAGE` among them. `prefill` is the beginning of the answer,
    put into the model's mouth where the endpoint can. `conversation` is how earlier steps are told. `thinking` is
    whether the model shall think first, None for what the server has it do; `sampling` is how the owner samples.
    `tools` is a list of tools as JSON, for families whose calls are native: the server says them to the model.
    """

    system: str
    user: tuple[str, ...]
    prefill: str = ""
    stop: tuple[str, ...] = ()
    max_tokens: int = 1024
    conversation: Conversation = field(default_factory=Conversation, repr=False)
    thinking: bool | None = field(default=None, repr=False)
    sampling: Sampling = field(default=_GREEDY, repr=False)
    tools: str = field(default="", repr=False)


@dataclass(frozen=True)
class Chat:
    """A prompt filled in: the text of one request, `IMAGE` where the picture goes.

    `turns` are the messages before `user`, the last one; `notes` says what of the history is not in them.
    """

    system: str
    user: tuple[ChatPart, ...]
    prefill: str = ""
    stop: tuple[str, ...] = ()
    max_tokens: int = 1024
    turns: tuple[Turn, ...] = ()
    notes: tuple[str, ...] = ()
    thinking: bool | None = None
    sampling: Sampling = _GREEDY
    tools: tuple[Mapping[str, Any], ...] = ()

    @property
    def parts(self) -> tuple[ChatPart, ...]:
        """The parts of all messages after the system's, in order."""
        return (*(part for turn in self.turns for part in turn.parts), *self.user)

    @property
    def earlier(self) -> list[EarlierImage]:
        """The pictures of earlier steps."""
        turns = (turn.parts for turn in self.turns if turn.message is None)
        return [part for parts in (*turns, self.user) for part in parts if isinstance(part, EarlierImage)]

    def tokens(self, image: float) -> float:
        """About how many tokens the prompt has, rather too many; `image` is those of the current picture."""
        texts = [self.system, *(part for part in self.user if isinstance(part, str) and part != IMAGE)]
        texts += map(json.dumps, self.tools)
        size = sum(len(text.encode()) for text in texts) + sum(turn.size for turn in self.turns)
        return size / _BYTES + image * (1 + sum(seen.scale**2 for seen in self.earlier))


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """A family of models: which served names belong to it (`family`, a regular expression), and how it talks.

    `sizes`, `licence` (of the weights) and `source` (where the rules come from) are for people. A platform without a
    prompt in `decide` is one that the family cannot act on; `extract` is None for a family that only points. Places
    are read by `finder`, or by the grammar of the first platform. `step` and `retry` are the templates of the
    history: ``$number`` (from 1), ``$index`` (from 0), ``$action``, ``$outcome``, ``$thought`` (or the action in a
    person's words) and ``$error``; `no_history` stands for an empty one. `overshoot` is in grid units (see
    `View.slack`). `thinks` says that answers may begin with a tagged thought. `keep_special_tokens` says that the
    places lose their marks if the server drops special tokens from its text. `space_for` is where a family's own code
    counts otherwise for one use than for the rest. `thinking_key` is the chat template's name for whether the model
    thinks, "" where it has none. `told` is the space whose sides prompts tell, where that is not the
    one of the answers (a model that was measured to answer otherwise than it is asked). `any_unit` is for measuring:
    see `View`. `describes` is for planners: what is meant is described in words, for a grounder to find; `delegates`
    for those that may hand an instruction to the built-in model. `wire` is the
    protocol that such models are served by, `tool_choice` whether they must call one of their native tools.
    `control_tokens` are those of the chat template that a text may have for another reason, such as ``<img>``: see
    `agent.models.endpoints.control_tokens`.
    """

    name: str
    family: str
    sizes: str
    licence: str
    source: str
    resize: Resize
    space: Space
    decide: Mapping[Platform, PromptTemplate]
    grammar: Mapping[Platform, Grammar]
    locate: PromptTemplate
    extract: PromptTemplate | None
    place_parser: PlaceParser | None = None
    order: Literal["xy", "yx"] = "xy"
    overshoot: float = 0.0
    step: str = "Step $number: $action$outcome; "
    retry: str = ""
    no_history: str = ""
    thinks: bool = False
    keep_special_tokens: bool = False
    space_for: Mapping[Use, Space] = field(default_factory=dict)
    preamble: bool = False
    place_format: str = ""
    prompt_space: Space | None = None
    any_unit: bool = False
    thinking_key: str = ""
    describes: bool = False
    delegates: bool = False
    wire: Wire = "chat"
    tool_choice: str = "required"
    control_tokens: tuple[str, ...] = ()
    _known: dict[tuple[int, Platform], tuple[ToldHistory, ToldHistory]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def can(self, ability: Ability, platform: Platform | None = None) -> bool:
        """Whether a model of this family can do that on `platform`, or on any (None)."""
        if ability == "decide":
            return bool(self.decide) if platform is None else platform in self.decide
        return ability == "locate" or self.extract is not None

    def require(self, ability: Ability, platform: Platform = "desktop") -> None:
        """Raises `agent.core.model.ModelError`, one line with what to do instead, if the family lacks `ability`."""
        if self.can(ability, platform):
            return
        if ability == "decide" and self.decide:
            raise ModelError(
                f"{self.name} models act on {' and '.join(self.decide)} screens only, not on a {platform} one: "
                "choose another model (handeye models lists them)"
            )
        if ability == "decide":
            raise ModelError(
                f"{self.name} models only point (handeye locate): choose another model (handeye models lists them), or "
                "pair this one with a model that plans: --planner MODEL --grounder THIS_ONE"
            )
        does = "decide and locate" if self.decide else "only locate (handeye locate)"
        raise ModelError(
            f"{self.name} models can {does}, not {ability}: choose another model (handeye models lists them)"
        )

    def view(self, frame: Frame, pointer: Point | None = None, use: Use = "desktop") -> View:
        """`frame` in this dialect's numbers. Raises ValueError for a frame that the resize rule refuses."""
        decimals = _DECIMALS.get(self._space(use), 0)
        slack = max(self.overshoot, 1.0) if self._space(use) == "rel999" else self.overshoot  # 1000 is the edge too
        return View(frame, self._grid(frame, use), slack, self.order == "yx", decimals, pointer, self.any_unit)

    def _space(self, use: Use) -> Space:
        return self.space_for.get(use, self.space)

    def _grid(self, frame: Frame, use: Use, told: Space | None = None) -> Grid:
        space = told or self._space(use)
        if space == "abs_sent":
            return Grid(frame.width, frame.height)
        across, down = self.resize.filled(frame.width, frame.height)
        side = SIDES.get(space)
        width, height = self.resize.size(frame.width, frame.height) if side is None else (side, side)
        return Grid(width * across, height * down)

    def parse(
        self,
        text: str,
        frame: Frame,
        platform: Platform = "desktop",
        *,
        pointer: Point | None = None,
        ended: bool = True,
        described: Callable[[str], Point] | None = None,
    ) -> ParsedAnswer:
        """The one action in a model's answer, in pixels of `frame`.

        `pointer` is where the pointer is, in pixels of `frame`; `ended` that the model stopped by itself rather
        than being cut off; `described` gives the place of what a planner describes. Raises
        `agent.core.model.ParseError` for an answer that is not exactly one usable action.
        """
        self.require("decide", platform)
        view = replace(self.view(frame, pointer, platform), described=described)
        grammar = self.grammar[platform]
        return self._understand(text, lambda body: grammar.parse(body, view, ended))

    def parse_place(self, text: str, frame: Frame, *, ended: bool = True) -> ParsedPlace:
        """The place in a model's answer to `ask_place`, in pixels of `frame`. Raises `agent.core.model.ParseError`."""
        view, finder = self.view(frame, use="locate"), self.place_parser or next(iter(self.grammar.values()))
        return self._understand(text, lambda body: finder.parse_place(body, view, ended))

    def _understand(self, text: str, read: Callable[[str], Understood]) -> Understood:
        """What `read` makes of an answer in the first way of taking it that it can read."""
        first: Unreadable | None = None
        for body, extra in candidate_texts(text, self.thinks):
            try:
                found = read(body)
            except Unreadable as error:
                first = first or error
            else:
                return replace(found, notes=extra + found.notes)
        why = str(first) if first else "the answer is a thought without an end: cut off, or rambling"
        raise ParseError(why, text) from first

    def format(
        self, action: AnyAction, frame: Frame, platform: Platform = "desktop", *, pointer: Point | None = None
    ) -> str:
        """The answer by which a model of this family would ask for `action`. Raises `UnsupportedAction`."""
        if platform not in self.grammar:
            raise UnsupportedAction(f"{self.name} has no words for actions on a {platform} screen")
        return self.grammar[platform].format(action, self.view(frame, pointer, platform))

    def ask_action(
        self,
        instruction: str,
        frame: Frame,
        history: Sequence[Step],
        platform: Platform,
        *,
        room: float = math.inf,
        shown: Callable[[int], bool] = lambda step: True,
    ) -> Chat:
        """The question for the next action, of at most `room` tokens where the history can be told that short.

        `shown` is whether the picture of an answered step, by its place among them, can be sent. Raises
        `agent.core.model.ModelError` for a family that cannot decide.
        """
        before, image = self.told(history, platform), self.resize.tokens(frame.width, frame.height)
        prompt, conversation, told = self.decide[platform], self.decide[platform].conversation, before.told
        memory = conversation.empty if before.memory is None else before.memory
        words = {"instruction": instruction, "memory": memory}

        def asked(extent: Extent) -> Chat:
            def user(lines: str) -> tuple[str, ...]:
                return self._fill(prompt, frame, platform, history=lines, **words).user  # type: ignore[return-value]

            turns, last = conversation.arranged(told, user, extent, shown, self._retry(history), self.no_history)
            chat = self._fill(prompt, frame, platform, history="", **words)
            gone = (
                (f"{plural(extent.left_out, 'step')} at the beginning left out of the question",)
                if extent.left_out
                else ()
            )
            return replace(chat, user=last, turns=turns, notes=gone)

        whole = asked(Extent())
        if room == math.inf or whole.tokens(image) <= room:
            return whole
        less = extents(len(told), conversation.pictures - 1)
        fits = bisect_left(less, True, key=lambda extent: asked(extent).tokens(image) <= room)
        return asked(less[min(fits, len(less) - 1)])

    @property
    def native(self) -> bool:
        """Whether actions are native calls of tools."""
        return any(prompt.tools for prompt in self.decide.values())

    @property
    def pictures(self) -> int:
        """How many screenshots a question holds at most."""
        return max((prompt.conversation.pictures for prompt in self.decide.values()), default=1)

    def in_space(self, space: Space) -> Dialect:
        """This dialect with numbers that count what `space` says, in prompts too."""
        return replace(self, space=space, space_for={}, prompt_space=None)

    def with_images(self, pictures: int) -> Dialect:
        """This dialect with `pictures` screenshots in a question for the next action."""
        decide = {
            platform: replace(prompt, conversation=prompt.conversation.with_pictures(pictures))
            for platform, prompt in self.decide.items()
        }
        return replace(self, decide=decide)

    def ask_place(self, instruction: str, frame: Frame) -> Chat:
        """The question for where something is."""
        return self._fill(self.locate, frame, "locate", instruction=instruction)

    def ask_data(self, question: str, schema: Mapping[str, Any], frame: Frame) -> Chat:
        """The question for data of the shape of a JSON schema. Raises `agent.core.model.ModelError` like `require`."""
        self.require("extract")
        assert self.extract is not None
        told = json.dumps(schema, ensure_ascii=False)
        return self._fill(self.extract, frame, "locate", instruction=question, schema=told)

    def _fill(self, prompt: PromptTemplate, frame: Frame, use: Use, **words: str) -> Chat:
        grid = self._grid(frame, use, self.prompt_space)
        words |= {"width": f"{grid.width:g}", "height": f"{grid.height:g}"}
        words["places"] = _places(self.prompt_space or self._space(use), grid)
        user = tuple(part if part == IMAGE else Template(part).substitute(words) for part in prompt.user)
        system = Template(prompt.system).substitute(words)
        options: dict[str, Any] = {"thinking": prompt.thinking, "sampling": prompt.sampling}
        options |= {"tools": tuple(json.loads(Template(prompt.tools).substitute(words)))} if prompt.tools else {}
        return Chat(system, user, prompt.prefill, prompt.stop, prompt.max_tokens, **options)

    def history_text(self, history: Sequence[Step], platform: Platform) -> str:
        """What was done so far as lines, and why the last answer was unusable, if it was."""
        lines = "".join(step.line for step in self.told(history, platform).told)
        return (lines or self.no_history) + self._retry(history)

    def _retry(self, history: Sequence[Step]) -> str:
        last = history[-1] if history else None
        if last is None or last.action is not None or not last.error:
            return ""
        return Template(self.retry).substitute(error=last.error)

    def told(self, history: Sequence[Step], platform: Platform) -> ToldHistory:
        """`history` in the dialect's own words; what was told of it before, all but its last step, is kept.

        Raises `agent.core.model.ModelError` for a family that cannot decide.
        """
        self.require("decide", platform)
        if not history:
            return ToldHistory()
        key = id(history[0]), platform
        told, whole = self._known.get(key, (ToldHistory(), ToldHistory()))
        if whole.is_of(history):
            return whole
        told = told if told.begins(history) else ToldHistory()

        def tell(step: Step, *how: Any) -> ToldStep:
            return self._tell(step, platform, *how)

        memory = self.decide[platform].conversation.memory
        for at in range(len(told.steps), len(history) - 1):
            told = told.then(history[at], history[at + 1], tell, memory)
        while len(self._known) >= _MOST_HISTORIES and key not in self._known:
            self._known.pop(next(iter(self._known)), None)
        whole = told.then(history[-1], None, tell, memory)
        self._known[key] = told, whole
        return whole

    def _tell(
        self, step: Step, platform: Platform, index: int, pointer: Point | None, named: str, last: bool, repeats: int
    ) -> ToldStep:
        """`step`, decided with the pointer at `pointer`; the rest as `told_step` has it."""
        call, whole = (self._said(step, pointer, platform, whole) for whole in (False, True))
        return told_step(step, self.decide[platform].conversation, self.step, call, whole, index, named, last, repeats)

    def _said(self, step: Step, pointer: Point | None, platform: Platform, whole: bool) -> str:
        """The action of `step` as a call or, `whole`, as an answer; in a person's words where there is neither."""
        assert step.action is not None
        grammar = self.grammar[platform]
        try:
            return (grammar.format if whole else grammar.format_call)(
                step.action, self.view(step.frame, pointer, platform)
            )
        except ValueError:
            return describe(step.action)

    @property
    def prompt_hash(self) -> str:
        """sha256 of every template, the resize rule and the coordinate space; the first 16 hex digits."""
        parts: tuple[Any, ...] = (
            self.decide,
            self.locate,
            self.extract,
            self.step,
            self.retry,
            self.resize,
            self.space,
            self.order,
        )
        if self.space_for or self.no_history:
            parts = (*parts, sorted(self.space_for.items()), self.no_history)
        if self.prompt_space:
            parts = (*parts, self.prompt_space)
        told = {platform: p.conversation for platform, p in self.decide.items() if p.conversation != Conversation()}
        if told:
            parts = (*parts, told)
        prompts = [*self.decide.values(), self.locate, *filter(None, (self.extract,))]
        options = [(prompt.thinking, prompt.sampling) for prompt in prompts]
        if any(option != (None, _GREEDY) for option in options):
            parts = (*parts, self.thinking_key, options)
        if self.native:
            parts = (*parts, self.wire, self.tool_choice, [prompt.tools for prompt in prompts])
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _places(space: Space, grid: Grid) -> str:
    """What coordinates count, for a prompt."""
    if space == "unknown":
        return "the numbers in which you always give places in a picture"
    if space in SIDES:
        return f"parts of the picture's width and height, from 0 to {SIDES[space]:g}"
    return f"pixels of the picture, which is {grid.width:g}x{grid.height:g}"


Call = TypeVar("Call")
Actions = AnyAction | tuple[AnyAction, ...]
"""What one call says: mostly one action; a text with the place of its field is a click and the text."""


def answer_of(
    calls: Sequence[Call],
    view: View,
    read: Callable[[Call, View], tuple[Actions, list[str]]],
    thought: str,
    notes: Sequence[str] = (),
) -> ParsedAnswer:
    """The answer of one or more calls, each read with the pointer where the one before leaves it.

    An action is done as often as it is said; only the end of the task may be said again. Raises `Unreadable` for
    another action after it.
    """
    said, actions = [*notes], list[AnyAction]()
    for number, call in enumerate(calls):
        found, repairs = read(call, view)
        if actions and isinstance(actions[-1], Finish):
            if found != actions[-1]:
                raise Unreadable(f"the end of the task and {len(calls) - number} more actions in one answer")
            continue
        actions += found if isinstance(found, tuple) else (found,)
        said += [note for note in repairs if note not in said]
        if points := [point for action in actions for point in points_of(action)]:
            view = replace(view, pointer=points[-1])
    return ParsedAnswer(actions[0], thought, tuple(said), tuple(actions[1:]))
