"""`ChatModel`: an endpoint and a dialect as one `agent.core.model.Model`."""

from __future__ import annotations

import functools
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import cv2
import numpy as np

from actions.frame import Frame, Point
from agent.core.model import ContextError, Decision, Extraction, Grounding, Model, ModelError, ParseError, Usage
from agent.core.step import PointedAt, Step
from agent.core.task import Task
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.conversation import ChatPart, EarlierImage
from agent.models.dialects.dialect import IMAGE, Chat, Dialect, ParsedAnswer, ParsedPlace, Platform, Use
from agent.models.dialects.history import ToldHistory
from agent.models.dialects.lenient_json import read_lenient
from agent.models.dialects.resize import Resize
from agent.models.dialects.shape import data_shape, shape_of
from agent.models.endpoints.endpoint import (
    ChatMessage,
    Endpoint,
    Enough,
    LaterPicture,
    Part,
    Pixels,
    Reply,
    Request,
    Sampling,
    Shape,
)
from agent.models.json_schema import mismatch
from agent.models.server_resize import ServerResize, counts_pixels
from agent.models.spec import Structured
from envs.env import Observation
from envs.png import encode_png

T = TypeVar("T")
_MAX_KEPT = 2**28
"""Bytes of earlier pictures that are kept."""


@dataclass
class PhaseClock:
    """Seconds by phase."""

    phases: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        """Add the time of the block to `phase`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.phases[phase] = self.phases.get(phase, 0.0) + time.perf_counter() - start


@dataclass
class _Sent:
    """What was sent before: the pictures, by the time and frame they were captured with, the oldest forgotten first;
    and `room`, the tokens for a prompt that the server was found to have.
    """

    pictures: dict[tuple[float, str], bytes | Pixels] = field(default_factory=dict)
    room: float = math.inf
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, time: float, frame: Frame, picture: bytes | Pixels) -> None:
        """Remember a picture."""
        with self._lock:
            self.pictures[time, frame.id] = picture
            while sum(map(len, self.pictures.values())) > _MAX_KEPT:
                del self.pictures[next(iter(self.pictures))]

    def of(self, before: ToldHistory, most: int) -> dict[int, bytes | Pixels]:
        """The pictures of the last `most` answered steps that are still there, by their places among them.

        Those that leave are forgotten, as are those of unusable answers.
        """
        first = max(0, len(before.asked) - most)
        gone = (*before.asked[max(0, first - 1) : first], *(step for step in before.steps[-1:] if step.action is None))
        with self._lock:
            for step in gone:
                self.pictures.pop((step.time, step.frame.id), None)
            found = [self.pictures.get((step.time, step.frame.id)) for step in before.asked[first:]]
        return {n: picture for n, picture in enumerate(found, first) if picture is not None}


@functools.lru_cache(maxsize=16)
def _scaled(picture: bytes | Pixels, scale: float) -> bytes | Pixels:
    """`picture` with its sides multiplied by `scale`, coded where it was."""
    if isinstance(picture, bytes):
        image = np.asarray(cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR_RGB))
    else:
        image = picture.image
    smaller = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    return encode_png(smaller) if isinstance(picture, bytes) else Pixels(smaller)


@dataclass(frozen=True)
class ChatModel:
    """`agent.core.model.Model` over any endpoint; `platform` says which of the dialect's actions fit the device.

    `profile` is the id of the `agent.calibration.profile.Profile` that `speaks` was corrected by, empty without one.
    `structured` is when answers are held to the dialect's shape, where the endpoint can: by default only those of
    families that answer with the action and nothing else, since a model held to what it would not say by itself may
    choose worse. What comes is read with the same care in any case. `context` is how many tokens a prompt and its
    answer may have together, where the endpoint does not say. `prompts` is whose words it is asked in, with their hash.
    `resized` is what the server was found to make of pictures, by which places are corrected; None leaves them as they
    are. `thinking` overrides whether the model thinks before an answer; a number is the most tokens of it. `grounder`
    finds what answers describe, where the dialect has descriptions for places.
    """

    endpoint: Endpoint
    speaks: Dialect
    platform: Platform = "desktop"
    profile: str = ""
    structured: Structured = "auto"
    context: int | None = None
    prompts: str = "ours"
    thinking: bool | int | None = None
    grounder: Model | None = None
    sent: _Sent = field(default_factory=_Sent, repr=False, compare=False)
    resized: ServerResize | None = field(default_factory=ServerResize, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The served model, where it runs, and the profile that corrects it, if any."""
        own = self.endpoint.name + (f" (profile {self.profile})" if self.profile else "")
        return own if self.grounder is None else f"{own}, grounder {self.grounder.name}"

    @property
    def dialect(self) -> str:
        """The dialect's name."""
        return self.speaks.name

    @property
    def prompt_hash(self) -> str:
        """sha256 over the dialect's prompts, first 16 hex digits."""
        return self.speaks.prompt_hash

    @property
    def sampling(self) -> Sampling:
        """How the tokens of an action are chosen."""
        prompt = self.speaks.decide.get(self.platform)
        return Sampling() if prompt is None else prompt.sampling

    def close(self) -> None:
        """Give the connections back."""
        self.endpoint.close()
        if isinstance(self.grounder, ChatModel):
            self.grounder.close()

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """The next action. Raises `ParseError` for an unusable answer and `ModelError` for none."""
        clock = PhaseClock()
        with clock.timed("prompt"):
            pointer = self._speaks.told(history, self.platform).pointer(observation.frame)
        reply = self._ask_action(task, observation, history, clock, pointer is not None)
        return self._understood(reply, task, observation, pointer, clock)

    def _understood(
        self, reply: Reply, task: Task, observation: Observation, pointer: Point | None, clock: PhaseClock
    ) -> Decision:
        """The decision that `reply` is, with the pointer where the last step left it. Raises `ParseError`."""
        frame = observation.frame

        def read(described: Callable[[str], Point] | None = None) -> ParsedAnswer:
            return self._speaks.parse(
                reply.text, frame, self.platform, pointer=pointer, ended=reply.ended, described=described
            )

        pointed, usage = tuple[PointedAt, ...](), reply.usage
        if self.speaks.describes:
            pointed, usage = self._pointed(reply, observation, clock, read)
        reading = parsed(reply, clock, lambda: read(places_of(pointed) if self.speaks.describes else None))
        return Decision(
            action=reading.action,
            rest=reading.rest,
            thought=reading.thought or reply.thought.strip(),
            raw=reply.text,
            notes=reply.notes + reading.notes,
            usage=usage,
            timings=clock.phases,
            pointed=pointed,
        )

    def _pointed(
        self,
        reply: Reply,
        observation: Observation,
        clock: PhaseClock,
        read: Callable[[Callable[[str], Point]], ParsedAnswer],
    ) -> tuple[tuple[PointedAt, ...], Usage]:
        """What the answer describes and where the grounder finds it, and what all of it cost.

        Raises `ParseError` for an unusable answer and for what is not found, which the planner is told.
        """
        if self.grounder is None:
            raise ModelError(
                f"the dialect {self.dialect} describes places in words: name what finds them with --grounder"
            )
        frame, wanted, found, usage = observation.frame, dict[str, None](), list[PointedAt](), reply.usage

        def noted(description: str) -> Point:
            self._check_description(description)
            wanted[description] = None
            return Point(frame.width / 2, frame.height / 2)

        parsed(reply, clock, lambda: read(noted))
        for description in wanted:
            spot, finder = self._found(observation, description, clock)
            usage += spot.usage
            found.append(PointedAt(description=description, point=spot.point, grounder=finder, raw=spot.raw))
            if spot.point is None:
                why = f": {spot.reason}" if spot.reason else ""
                told = f"nothing on the screen was found for {description[:200]!r}{why}"
                raise ParseError(told, reply.text, usage, clock.phases, tuple(found))
        return tuple(found), usage

    def _check_description(self, description: str) -> None:
        """Raises `Unreadable` for what describes nothing."""
        if description.isdecimal():
            raise Unreadable(f"{description} is a number, not a description in words")

    def _found(self, observation: Observation, description: str, clock: PhaseClock) -> tuple[Grounding, str]:
        """Where the thing described is, and the name of what found it."""
        assert self.grounder is not None
        try:
            with clock.timed("model"):
                return self.grounder.locate(observation, description), self.grounder.name
        except ParseError as error:
            why = f"the grounder's answer cannot be used: {error}"
            return Grounding(refused=True, reason=why, raw=error.raw, usage=error.usage), self.grounder.name

    def _ask_action(
        self, task: Task, observation: Observation, history: Sequence[Step], clock: PhaseClock, pointer: bool
    ) -> Reply:
        """The answer to the question for the next action, asked once more with less of the history where it does not
        fit the model's context.
        """
        frame = observation.frame
        before = self._speaks.told(history, self.platform)
        earlier = self.sent.of(before, self.speaks.decide[self.platform].conversation.pictures - 1)

        def asked() -> Chat:
            with clock.timed("prompt"), _usable(frame):
                return self._question(task, observation, history, earlier.__contains__)

        def answer(chat: Chat) -> Reply:
            enough = self.speaks.grammar[self.platform].completion_check
            shape = self._action_shape(observation, history, pointer)
            picture = self._picture(observation, chat, clock)
            if self.speaks.decide[self.platform].conversation.pictures > 1:
                self.sent.keep(observation.time, frame, picture)
            reply = self._ask(chat, frame, picture, clock, enough, shape, earlier, self.platform)
            return replace(reply, notes=chat.notes + reply.notes)

        chat = asked()
        try:
            return answer(chat)
        except ContextError:
            self.sent.room = chat.tokens(self.speaks.resize.tokens(frame.width, frame.height)) / 2
            shorter = asked()
            if shorter == chat:
                raise
            reply = answer(shorter)
            return replace(reply, notes=("the question did not fit the model's context: asked again", *reply.notes))

    def _question(
        self, task: Task, observation: Observation, history: Sequence[Step], shown: Callable[[int], bool]
    ) -> Chat:
        """The question for the next action; `shown` is which answered steps' pictures can be sent."""
        return self._speaks.ask_action(
            task.instruction, observation.frame, history, self.platform, room=self._room(), shown=shown
        )

    def _action_shape(self, observation: Observation, history: Sequence[Step], pointer: bool) -> Shape | None:
        """What the answer to `_question` is held to; None where it is left free."""
        return self._shape(self.platform, observation.frame, pointer)

    def _room(self) -> float:
        """How many tokens a prompt may have."""
        context = self.context or self.endpoint.capabilities.context
        most = self.speaks.decide[self.platform].max_tokens
        return min(self.sent.room, math.inf if context is None else max(context - most, context / 4))

    def locate(self, observation: Observation, instruction: str) -> Grounding:
        """Where the thing described is, or a refusal. Raises like `decide`.

        There is no score: the answer carries no probability.
        """
        if self.grounder is not None:
            return self.grounder.locate(observation, instruction)
        return self._locate(observation.frame, functools.partial(self._picture, observation), instruction)

    def locate_later(self, frame: Frame, picture: Callable[[Resize], LaterPicture], instruction: str) -> Grounding:
        """As `locate` without a grounder, on a picture that is made, in the size of a rule, only to be sent."""
        return self._locate(frame, lambda chat, clock: picture(self._speaks.resize), instruction)

    def _locate(self, frame: Frame, picture: Callable[[Chat, PhaseClock], Part], instruction: str) -> Grounding:
        clock = PhaseClock()
        with clock.timed("prompt"), _usable(frame):
            chat = self._speaks.ask_place(instruction, frame)
        reply = self._ask(chat, frame, picture(chat, clock), clock, shape=self._shape("locate", frame), use="locate")

        def read() -> ParsedPlace:
            return self._speaks.parse_place(reply.text, frame, ended=reply.ended)

        spot = parsed(reply, clock, read)
        if spot.point is None:
            return Grounding(refused=True, reason=spot.reason, raw=reply.text, usage=reply.usage)
        reason = "; ".join(reply.notes + spot.notes)
        return Grounding(point=spot.point, box=spot.box, reason=reason, raw=reply.text, usage=reply.usage)

    def extract(self, observation: Observation, schema: dict[str, Any], question: str) -> Extraction:
        """Data from the screen, of the shape of `schema` as far as `mismatch` can tell. Raises like `decide`."""
        clock = PhaseClock()
        with clock.timed("prompt"), _usable(observation.frame):
            chat = self._data_question(observation, schema, question)
        picture, shape = self._picture(observation, chat, clock), data_shape(schema) if self._holds else None
        reply = self._ask(chat, observation.frame, picture, clock, shape=shape)
        return Extraction(data=parsed(reply, clock, lambda: data_of(reply, schema)), usage=reply.usage)

    def _data_question(self, observation: Observation, schema: dict[str, Any], question: str) -> Chat:
        return self.speaks.ask_data(question, schema, observation.frame)

    @property
    def _holds(self) -> bool:
        return self.structured != "off" and self.endpoint.capabilities.structured != "none"

    def _shape(self, use: Use, frame: Frame, pointer: bool = True) -> Shape | None:
        """What the answer is held to; None where it is left free."""
        if not self._holds or (use != "locate" and self.speaks.native):
            return None
        shape = shape_of(self._speaks, use, frame, pointer=pointer)
        return None if shape is None or (shape.free and self.structured != "always") else shape

    def _picture(self, observation: Observation, chat: Chat, clock: PhaseClock) -> bytes | Pixels:
        """The screen as `chat` sends it, empty where it sends none."""
        image, frame = observation.image, observation.frame
        if image.shape[:2] != (frame.height, frame.width):
            raise ModelError(f"the image is not the frame's: {image.shape[1]}x{image.shape[0]}, not {frame.geometry}")
        with clock.timed("encode"), _usable(frame):
            return self.endpoint.capabilities.picture(self._speaks.resize.apply(image)) if IMAGE in chat.user else b""

    def _ask(
        self,
        chat: Chat,
        frame: Frame,
        picture: Part,
        clock: PhaseClock,
        watch: Enough | None = None,
        shape: Shape | None = None,
        earlier: Mapping[int, bytes | Pixels] | None = None,
        use: Use | None = None,
    ) -> Reply:
        """The reply to `chat` about `picture`, whose places are for `use`; `earlier` is the pictures of earlier steps,
        None for a question that has no history. What the server made of the picture is taken note of.
        """
        speaks = self._speaks
        with _usable(frame):
            size = speaks.resize.size(frame.width, frame.height)

        def filled(part: ChatPart) -> Part:
            if not isinstance(part, EarlierImage):
                return picture if part == IMAGE else part
            seen = (earlier or {})[part.step]
            return seen if part.scale == 1 else _scaled(seen, part.scale)

        with clock.timed("prompt"):
            request = Request(
                system=chat.system,
                user=tuple(map(filled, chat.user)),
                turns=tuple([t.message or ChatMessage(t.role, tuple(map(filled, t.parts))) for t in chat.turns]),
                prefill=chat.prefill,
                stop=chat.stop,
                max_tokens=chat.max_tokens,
                sampling=chat.sampling,
                thinking=(self.thinking if self.thinking is not None else chat.thinking)
                if speaks.thinking_key
                else None,
                thinking_key=speaks.thinking_key,
                shape=shape,
                special_tokens=speaks.keep_special_tokens,
                image_tokens=self._expected(use, size, chat),
                tools=chat.tools,
                tool_choice=speaks.tool_choice,
                wire=speaks.wire,
                control_tokens=speaks.control_tokens,
            )
        with clock.timed("model"):
            reply = self.endpoint.complete(request, watch)
        if self.resized is None or reply.image_tokens is None:
            return reply
        note = self.resized.learn(speaks, size, reply.image_tokens, self.endpoint.capabilities)
        return replace(reply, notes=(*reply.notes, note)) if note else reply

    @property
    def _speaks(self) -> Dialect:
        return self.speaks if self.resized is None else self.resized.corrected(self.speaks)

    def _expected(self, use: Use | None, sent: tuple[int, int], chat: Chat) -> int | None:
        """The tokens of the picture, where its size decides about the places of `use` and it is the only one."""
        if self.resized is None or use is None or not counts_pixels(self.speaks, use) or self.speaks.wire != "chat":
            return None
        if chat.earlier:
            return None
        return sent[0] * sent[1] // self.speaks.resize.factor**2 + 2


def places_of(pointed: Sequence[PointedAt]) -> Callable[[str], Point]:
    """The place of a description among `pointed`; it raises `Unreadable` for another one."""
    places = {one.description: one.point for one in pointed}

    def place(description: str) -> Point:
        point = places.get(description)
        if point is None:
            raise Unreadable(f"nothing was found for {description[:200]!r}")
        return point

    return place


@contextmanager
def _usable(frame: Frame) -> Iterator[None]:
    """Turn a frame that the resize rule refuses into a `ModelError`."""
    try:
        yield
    except ValueError as error:
        raise ModelError(f"the model cannot look at a screen of {frame.width}x{frame.height}: {error}") from error


def parsed(reply: Reply, clock: PhaseClock, read: Callable[[], T]) -> T:
    """The result of `read`; a failure is a `ParseError` with the answer and its cost."""
    start, came = time.perf_counter(), reply.text or reply.thought
    try:
        if not reply.text.strip():
            raise ParseError(reply.missing or "the answer is empty", came)
        return read()
    except ParseError as error:
        raise ParseError(reply.missing or str(error), came, reply.usage, clock.phases) from error
    except Exception as error:  # a parser's own defect is an unusable answer, kept to the letter
        why = f"the parser failed on it: {type(error).__name__}: {error}"
        raise ParseError(why, came, reply.usage, clock.phases) from error
    finally:
        clock.phases["parse"] = time.perf_counter() - start


def data_of(reply: Reply, schema: Mapping[str, Any]) -> Any:
    """The JSON of an answer, of the shape of `schema` as far as `mismatch` can tell. Raises `ParseError`."""
    text = reply.text.strip()
    starts = [at for at in (text.find("{"), text.find("[")) if at >= 0]
    if not starts:
        raise ParseError(f"no JSON in the answer: {text[:80]!r}", reply.text)
    try:
        found = read_lenient(text, min(starts), ended=False)
    except Unreadable as error:
        raise ParseError(f"the JSON cannot be read: {error}", reply.text) from error
    wrong = "the JSON is cut off" if not found.closed else mismatch(found.value, schema)
    if wrong:
        raise ParseError(f"the answer does not fit the schema: {wrong}", reply.text)
    return found.value
