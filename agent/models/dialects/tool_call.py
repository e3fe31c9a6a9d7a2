"""Qwen's tool calls: ``<tool_call>\\n{"name": ..., "arguments": {"action": ...}}\\n</tool_call>``, read and written.

Reading accepts what the models and the public evaluators are seen to emit besides the schema (Qwen's cookbooks,
ScreenSpot-Pro's and ClawGUI's parsers) and notes each repair. It never guesses at what was cut off, and exactly one
action is accepted: none, an unknown one or two different ones are `Unreadable`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic import ValidationError

from actions.action import AnyAction, Button, Click, Finish, HoldKeys, HoldMouse, Key, ReleaseMouse, TypeText
from actions.events import Side
from actions.frame import Box, Point
from actions.keys import split_chord
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.dialect import Actions, ParsedAnswer, ParsedPlace, UnsupportedAction, View, answer_of
from agent.models.dialects.keys import read_keys
from agent.models.dialects.lenient_json import read_lenient
from agent.models.dialects.sentences import NOT_ITS_OWN, after_words, before_words

OPEN, CLOSE = "<tool_call>", "</tool_call>"
MAX_TEXT = 2_000_000
_MAX_OBJECTS = 64
_LINGER = 256
_NEXT = re.compile(r"[\s,;\]}\"']*\{")
_CALL_START = re.compile(r"\{\s*[\"']?(?:name|arguments|action|function|type)\b")
_POINTS = re.compile(r"<points?\s[^<>]{0,200}?x1?\s*=\s*\"([^\"<>]{1,20})\"\s*y1?\s*=\s*\"([^\"<>]{1,20})\"")
_BARE = re.compile(r"(?<![\d.])-?\d{1,9}(?:\.\d{1,9})?(?![\d.])")
PLACES = (
    *("coordinate", "coordinates", "coordinate1", "start_coordinate"),
    *("point", "point_2d", "position", "bbox_2d", "bbox"),
)
"""The names under which a place is looked for, the schema's own first."""
BUTTON = ("button", "mouse_button")
TIMES = ("clicks", "num_clicks", "click_count", "times", "count", "repeat", "repeats")
HELD = ("keys", "modifiers", "modifier", "hold_keys", "held_keys", "key")
HARMLESS = frozenset(
    ("thought", "reason", "reasoning", "explanation", "description", "element", "element_description", "label")
)
"""The texts that only tell what is meant or why, in any family."""
_AROUND = HARMLESS | {"name", "arguments", "parameters", "function", "type", "id", "call_id", "index", "status"}
ENDS = ("coordinate2", "coordinates2", "end_coordinate")
"""The same for the end of a swipe or drag."""
_STATUSES = ("success", "failure", "fail", "failed")


def says_nothing(value: Any) -> bool:
    """Whether an argument's value is as if it were not there: null, false, or empty."""
    return value is None or value is False or (isinstance(value, (str, list, dict)) and not value)


class Args:
    """The arguments of one call, read by name with repairs; `notes` collects them."""

    def __init__(self, values: Mapping[str, Any], view: View, closed: bool, notes: list[str]) -> None:
        self.values, self.view, self.closed, self.notes = values, view, closed, notes
        self.used = {"action"}

    def get(self, *names: str) -> Any:
        """The first argument among `names`, whichever is there; None for none. All but the first take a note."""
        for name in names:
            if self.values.get(name) is not None:
                self.used.add(name)
                if name != names[0]:
                    self.notes.append(f"{name!r} was read as {names[0]!r}")
                return self.values[name]
        return None

    def place(self, *names: str) -> Point | None:
        """The point under `names` in frame pixels, None when there is none. Raises `Unreadable`."""
        value = self.get(*names)
        if self.view.described is not None and value is not None:
            value = str(value) if type(value) is int else value
            if not isinstance(value, str) or not value.strip():
                raise Unreadable(f"{names[0]!r} is not a description in words: {_short(value)}")
            return self.view.described(value.strip())
        return None if value is None else self.place_of(value)

    def place_of(self, value: Any) -> Point:
        """The point that `value` is, in frame pixels. Raises `Unreadable`."""
        return to_place(value, self.view, self.notes)[0]

    def need_place(self, *names: str) -> Point:
        """The point under `names`. Raises `Unreadable` when there is none."""
        point = self.place(*names)
        if point is None:
            raise Unreadable(f"the coordinate is missing: {names[0]!r}")
        return point

    def target(self) -> Point:
        """The coordinate; without one, where the pointer is, as Qwen's schema has it for clicks."""
        point = self.place(*PLACES)
        if point is not None:
            return point
        empty = next((name for name in PLACES if name in self.values), None)
        if empty:
            raise Unreadable(f"{empty!r} is empty")
        if self.view.pointer is None or not self.closed:
            raise Unreadable("the coordinate is missing, and where the pointer is is not known")
        self.notes.append("no coordinate: at the pointer")
        return self.view.pointer

    def number(self, *names: str) -> float | None:
        """A finite number under `names`, None when there is none. Raises `Unreadable`."""
        value = self.get(*names)
        if value is None:
            return None
        number = _as_number(value)
        if number is None or not math.isfinite(number):
            raise Unreadable(f"{names[0]!r} is not a number: {_short(value)}")
        return number

    def seconds(self, default: float, limit: float) -> float:
        """``time`` in seconds, cut to `limit` with a note. Raises `Unreadable` for a negative one."""
        value = self.number("time", "seconds", "duration")
        if value is None:
            return default
        if value < 0:
            raise Unreadable(f"'time' is negative: {value:g}")
        if value > limit:
            self.notes.append(f"{value:g} seconds were cut to {limit:g}")
        return min(value, limit)

    def text(self, *names: str) -> str:
        """A text under `names`. Raises `Unreadable` when there is none."""
        value = self.get(*names)
        if not isinstance(value, str):
            raise Unreadable(f"{names[0]!r} must be a text" + ("" if value is None else f", not {_short(value)}"))
        return value

    def message(self, *names: str) -> str:
        """The text under `names`, empty where there is none. Raises `Unreadable` for another type."""
        return "" if self.get(*names) is None else self.text(*names)

    def status(self, *names: str) -> Finish:
        """The end that is told under `names`; success where there is none in a whole call. Raises `Unreadable`."""
        if self.get(*names) in (None, ""):
            if not self.closed:
                raise Unreadable("the end of the task without a status, in a call that is not whole")
            self.notes.append("no status: taken for success, as the owners' harnesses do")
            return Finish(status="success")
        said = self.text(*names).strip().lower()
        if said not in _STATUSES:
            raise Unreadable(f"unknown status {_short(said)}; use success or failure")
        return Finish(status="success" if said == "success" else "failure")

    def refuse_unused(self, action: str, harmless: Collection[str] = ()) -> None:
        """Raises `Unreadable` for an argument that `action` has no use for; what describes the target is harmless."""
        known = {*self.used, *harmless}
        lost = [name for name, value in self.values.items() if not (name in known or says_nothing(value))]
        lost = [name for name in lost if not (name in HARMLESS and isinstance(self.values[name], str))]
        if lost:
            raise Unreadable(f"{action} has no use for {_short(', '.join(lost))}: {_short(self.values[lost[0]])}")

    def one_of(self, names: Sequence[str]) -> Any:
        """The value under the only one of `names` that is there. No note; two stay unused, which refuses them."""
        name = next((name for name in names if not says_nothing(self.values.get(name))), None)
        self.used |= {name} if name else set()
        return self.values.get(name) if name else None

    def flag(self, *names: str, default: bool = False) -> bool:
        """Whether a switch is on: true, 1 or their texts. Raises `Unreadable` for another value than on and off, and
        for one that is on by `default` in a call that is not whole.
        """
        name = next((name for name in names if self.values.get(name) not in (None, "")), None)
        if name is None:
            if default and not self.closed:
                raise Unreadable(f"{names[0]!r} may be cut off")
            return default
        self.used.add(name)
        value = self.values[name]
        said = str(value).strip().lower()
        if said in ("false", "0", "no", "off"):
            return False
        if said in ("true", "1", "yes", "on"):
            return True
        raise Unreadable(f"{names[0]!r} must be true or false, not {_short(value)}")

    def times(self, names: Sequence[str], most: int) -> int | None:
        """How often, 1 to `most`; None where that is not said. Raises `Unreadable`."""
        value = self.one_of(names)
        number = None if value is None else _as_number(value)
        if value is None:
            return None
        if number is None or not number.is_integer() or not 1 <= number <= most:
            raise Unreadable(f"how often must be a whole number from 1 to {most}, not {_short(value)}")
        return int(number)

    def held(self) -> tuple[str, ...]:
        """The keys held during a mouse action. Raises `Unreadable`."""
        value = self.one_of(HELD)
        if value is None:
            return ()
        chords = read_keys(value).chords
        if len(chords) > 1:
            raise Unreadable(f"the keys to hold are several presses: {_short(value)}")
        return split_chord(chords[0])

    def system_button(self, known: Collection[str], told: str = "") -> Button:
        """The device's button under ``button``. Raises `Unreadable` for one not among `known`, named or `told`."""
        name = self.text("button").strip().lower()
        if name not in known:
            raise Unreadable(f"unknown button {name[:40]!r}; use {told or ', '.join(known)}")
        return Button(name=name)  # type: ignore[arg-type]

    def click(self, point: Point, button: str = "", count: int = 0) -> Click:
        """A click at `point`, with the button, the count and the held keys that the call names.

        `button` and `count` are what the action's own name says. Raises `Unreadable` where the two disagree.
        """
        which, times = self.side(button), self.times(TIMES, 3)
        if count and times not in (None, count):
            raise Unreadable("the action's name and its arguments name another button or count")
        return Click(point=point, button=which, count=times or count or 1, keys=self.held())

    def side(self, button: str = "") -> Side:
        """The mouse button that is said, `button` by the action's own name. Raises `Unreadable`."""
        said = self.one_of(BUTTON)
        if said is not None and said not in ("left", "middle", "right"):
            raise Unreadable(f"unknown mouse button {_short(said)}; use left, middle or right")
        if button and said not in (None, button):
            raise Unreadable("the action's name and its arguments name another button or count")
        return cast(Side, said or button or "left")

    def keys(self, *names: str) -> Key:
        """The keys under `names`, as often as is said. Raises `Unreadable`."""
        return read_keys(self.get(*names), self.times(("presses", *TIMES), 64) or 1)

    def flat_keys(self, *names: str) -> tuple[str, ...]:
        """The keys under `names`, to be held down or let go together. Raises `Unreadable`."""
        chords = read_keys(self.get(*names)).chords
        return tuple(dict.fromkeys(key for chord in chords for key in split_chord(chord)))

    def hold_for(self, *names: str) -> HoldKeys:
        """The keys under `names`, held down for the seconds that are said. Raises `Unreadable` where none are."""
        keys, seconds = self.flat_keys(*names), self.seconds(-1.0, 600.0)
        if seconds < 0:
            raise Unreadable("'duration' is missing")
        return HoldKeys(keys=keys, seconds=seconds)

    def mouse(self, down: bool, point: Point | None, button: str = "") -> HoldMouse | ReleaseMouse:
        """The mouse button that is said, pressed or let go at `point`; without one, where the pointer is."""
        kind: type[HoldMouse | ReleaseMouse] = HoldMouse if down else ReleaseMouse
        return kind(point=point or self.view.pointer, button=self.side(button))

    def typed(self, *names: str, clear: bool = False, enter: bool = False) -> TypeText:
        """The text under `names`; `clear` and `enter` are what holds where neither is said."""
        clear = self.flag("clear", "clear_first", "clear_before_typing", "delete_existing_text", default=clear)
        enter = self.flag("enter", "submit", "press_enter", default=enter)
        return TypeText(text=self.text(*names) + ("\n" if enter else ""), clear=clear)


Read = Callable[[Args], Actions]
Write = Callable[[AnyAction, View], dict[str, Any] | None]


@dataclass(frozen=True)
class ToolCallGrammar:
    """The grammar over one tool (``computer_use``, ``mobile_use``).

    `read` has a reader for each action name, `aliases` other names seen for them, and `write` gives an action's
    arguments in the schema's own names or None. `tools` are the tool names taken for this one, the actions `apart` are
    tools of their own, `stop` the string before which an answer ends.
    """

    tool: str
    read: Mapping[str, Read]
    write: Write
    aliases: Mapping[str, str] = field(default_factory=dict)
    tools: tuple[str, ...] = ("computer_use", "mobile_use")
    stop: str = ""
    apart: tuple[str, ...] = ()

    def parse(self, text: str, view: View, ended: bool) -> ParsedAnswer:
        """The one action in `text`. Raises `Unreadable`."""
        calls, thought, notes = self.find(text, ended)
        if not calls:
            raise Unreadable(f"no action in the answer: {_short(text)}" if text.strip() else "the answer is empty")
        said = calls[0].arguments.get("thought")
        return answer_of(calls, view, self._action, thought or (said if isinstance(said, str) else ""), notes)

    def _action(self, call: ToolCall, view: View) -> tuple[Actions, list[str]]:
        notes: list[str] = []
        name, arguments = self._unwrap(call, notes)
        notes += call.notes
        known = self.aliases.get(name, name)
        if known not in self.read:
            raise Unreadable(f"unknown action {_short(name)}; {self.tool} has: {', '.join(self.read)}")
        if known != name:
            notes.append(f"action {name!r} was read as {known!r}")
        if not call.closed and arguments.keys() <= {"action"}:
            raise Unreadable("the call is only begun")
        args = Args(arguments, view, call.closed, notes)
        try:
            action = self.read[known](args)
        except ValidationError as error:
            raise Unreadable(f"{known}: {error.errors()[0]['msg']}") from error
        args.refuse_unused(known)
        return action, notes

    def find(self, text: str, ended: bool) -> tuple[list[ToolCall], str, list[str]]:
        """All calls in `text`, what was said before the first, and notes. Raises `Unreadable` for a broken call."""
        closed = ended and text.rstrip().endswith(("}", "]"))
        return find_calls(text + self.stop if closed else text, ended)

    def _unwrap(self, call: ToolCall, notes: list[str]) -> tuple[str, Mapping[str, Any]]:
        """The action's name and the arguments, from any of the wrappings seen."""
        tool, arguments = call.tool, call.arguments
        action = arguments.get("action")
        if isinstance(action, str):
            if tool is None:
                notes.append("the call had no name and arguments around it")
            elif tool not in (*self.tools, action):
                raise Unreadable(f"unknown tool {_short(tool)}; the only one is {self.tool}")
            elif tool != self.tool:
                notes.append(f"tool {_short(tool)} was read as {self.tool}")
            return action.strip().lower(), arguments
        if action is None and tool is not None and tool not in self.tools:
            if tool not in self.apart:
                notes.append("the action was given as the tool's name")
            return tool.strip().lower(), arguments
        raise Unreadable("the call does not name its action")

    def format_call(self, action: AnyAction, view: View) -> str:
        """The call without its tags, as history tells it. Raises `UnsupportedAction`."""
        arguments = self.write(action, view)
        if arguments is None:
            raise UnsupportedAction(f"{self.tool} has no words for: {action!r}")
        name = arguments["action"] if arguments["action"] in self.apart else self.tool
        arguments = arguments if name == self.tool else {key: arguments[key] for key in arguments if key != "action"}
        return json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)

    def format(self, action: AnyAction, view: View) -> str:
        """The whole answer. Raises `UnsupportedAction`."""
        return f"{OPEN}\n{self.format_call(action, view)}\n{CLOSE}"

    def parse_place(self, text: str, view: View, ended: bool) -> ParsedPlace:
        """The place in `text`: a call, a JSON list of points or boxes, ``<points>``, or bare numbers.

        ``[-1, -1]``, ``terminate`` and ``null`` are refusals. Raises `Unreadable`.
        """
        if len(text) > MAX_TEXT:
            raise Unreadable(f"the answer is {len(text)} characters long")
        notes: list[str] = []
        value = _place_in(text, ended, notes)
        if value is None or _refuses(value):
            return ParsedPlace(None, reason="the model says it is not there", notes=tuple(notes))
        point, box = to_place(value, view, notes)
        return ParsedPlace(point, box, notes=tuple(notes))

    def completion_check(self) -> Callable[[str], bool]:
        """True once a whole call has come and what follows it has had room to show a second one."""
        return _Watch().feed


@dataclass(frozen=True)
class ToolCall:
    """One call found in an answer: the tool's name (None for bare arguments), its arguments, and whether every brace
    of it was closed in the text.
    """

    tool: str | None
    arguments: Mapping[str, Any]
    closed: bool
    notes: tuple[str, ...]
    tagged: bool


def find_calls(text: str, ended: bool) -> tuple[list[ToolCall], str, list[str]]:
    """All calls in `text`, what was said before the first, and notes. Raises `Unreadable` for a broken call."""
    if len(text) > MAX_TEXT:
        raise Unreadable(f"the answer is {len(text)} characters long")
    calls: list[tuple[ToolCall, int]] = []
    notes: list[str] = []
    at, floor, passed = text.find("{"), 0, 0
    for _ in range(_MAX_OBJECTS):
        if at < 0:
            break
        call, end = _call_at(text, at, ended)
        if call is not None and (call.tagged or not (after_words(text, at, floor) or before_words(text, end, _NEXT))):
            calls.append((call, at))
            floor = end
        elif call is not None:
            passed += 1
        at = text.find("{", end)
    else:
        raise Unreadable(f"more than {_MAX_OBJECTS} objects in the answer")
    if passed and not calls:
        raise Unreadable(f"no action in the answer: {NOT_ITS_OWN}")
    calls = [call for call in calls if call[0].tagged] or calls
    first = calls[0][1] if calls else len(text)
    if calls:
        notes = _framing(text, first, len(calls))
    return [call for call, _ in calls], thought_of(text[:first]), notes


def _call_at(text: str, at: int, ended: bool) -> tuple[ToolCall | None, int]:
    """The call that begins at `at`, None for an object that is none; and where to look on."""
    tagged = text[max(0, at - 40) : at].rstrip().endswith(OPEN)
    try:
        found = read_lenient(text, at, ended=ended, end_mark=CLOSE)
    except Unreadable as error:
        if tagged or _CALL_START.match(text, at):
            raise Unreadable(f"the call cannot be read: {error}") from error
        return None, at + 1
    except RecursionError as error:
        raise Unreadable("the call is nested too deep") from error
    value, closed, notes = found.value, found.closed, found.notes
    call = value["function"] if isinstance(value.get("function"), dict) else value
    tool, arguments = call.get("name"), call.get("arguments") or call.get("parameters")
    if isinstance(arguments, str):
        arguments, inner = _from_text(arguments)
        notes = [*notes, *inner, "the arguments were a text"]
    if isinstance(arguments, dict):
        beside = [name for name, said in {**value, **call}.items() if name not in _AROUND and not says_nothing(said)]
        if beside:
            raise Unreadable(f"the call has no use for {_short(', '.join(beside))} beside its arguments")
    else:
        arguments = {k: v for k, v in value.items() if k != "name"}
        if "action" not in value and not (isinstance(tool, str) and arguments):
            return None, found.end
        if not closed and not ended and not text.startswith(CLOSE, found.end):
            raise Unreadable("the call is cut off")
    whole = not any(note.startswith("a missing }") for note in notes)
    return ToolCall(tool if isinstance(tool, str) else None, arguments, whole, tuple(notes), tagged), found.end


def _from_text(text: str) -> tuple[Any, list[str]]:
    start = text.find("{")
    try:
        found = read_lenient(text, max(start, 0))
    except Unreadable as error:
        raise Unreadable(f"the arguments cannot be read: {error}") from error
    return found.value, found.notes


def _framing(text: str, first: int, calls: int) -> list[str]:
    notes = []
    if text.count(OPEN) < calls:
        notes.append(f"no {OPEN} before the action")
    if text.count(CLOSE) < calls:
        notes.append(f"no {CLOSE} after the action")
    if "```" in text[:first]:
        notes.append("the action was in a code fence")
    return notes


def thought_of(before: str) -> str:
    """What stands before a call, without the marks around it."""
    said = re.sub(r"<tool_call>|```(?:json)?", " ", before[:20_000]).strip(" \t\r\n[")
    return said.removeprefix("Thought:").strip()


def to_place(value: Any, view: View, notes: list[str]) -> tuple[Point, Box | None]:
    """A coordinate as models write it, in frame pixels: two numbers are a point, four a box and its middle.

    Numbers may be texts, nested one list deep, or under x and y. Raises `Unreadable`.
    """
    numbers = _numbers(value, notes)
    if len(numbers) == 2:
        return view.point(numbers[0], numbers[1], notes), None
    if len(numbers) != 4:
        raise Unreadable(f"a coordinate has two numbers: {_short(value)}")
    corners = [view.point(x, y, notes) for x, y in (numbers[:2], numbers[2:])]
    box = Box.around(corners)
    if box[:2] != tuple(corners[0]):
        notes.append("the corners of the box were swapped")
    notes.append("four numbers were read as a box: its middle")
    return box.center, box


def _numbers(value: Any, notes: list[str]) -> list[float]:
    if isinstance(value, dict):
        value = [value.get("x"), value.get("y")]
        notes.append("x and y were given by name")
    if isinstance(value, str):
        found = _BARE.findall(value[:200])
        rest = _BARE.sub("", value[:200]).strip(" \t[](){}<>,;xyXY=:")
        notes.append("the coordinate was a text")
        return [float(n) for n in found] if not rest and len(value) <= 200 else []
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], (list, str)):
        notes.append("the coordinate was in a list of its own")
        return _numbers(value[0], notes) if not isinstance(value[0], list) or len(value[0]) != 1 else []
    if isinstance(value, list) and len(value) == 2 and all(isinstance(v, list) and len(v) == 2 for v in value):
        value = [*value[0], *value[1]]
    if not isinstance(value, list) or len(value) > 4:
        return []
    numbers = [_as_number(v) for v in value]
    if any(isinstance(v, str) for v in value):
        notes.append("the coordinate had numbers as texts")
    return [n for n in numbers if n is not None] if None not in numbers else []


def _as_number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return float(value) if len(value) <= 40 and _BARE.fullmatch(value.strip()) else None
    try:
        return float(value) if isinstance(value, (int, float)) else None
    except OverflowError:
        return math.inf


def _refuses(value: Any) -> bool:
    numbers = _numbers(value, [])
    return len(numbers) in (2, 4) and all(n == -1 for n in numbers)


def _place_in(text: str, ended: bool, notes: list[str]) -> Any:
    """The raw coordinate in an answer to "where is it", None for a refusal. Raises `Unreadable`."""
    found = [v for v in _place_objects(text, ended, notes) if v is not _NO_PLACE]
    if found:
        if any(v != found[0] for v in found[1:]):
            notes.append(f"{len(found)} places: the first was taken")
        return found[0]
    tag = _POINTS.search(text[:20_000])
    if tag:
        return [tag.group(1), tag.group(2)]
    return _bare_place(text, ended, notes)


_NO_PLACE = object()


def _place_objects(text: str, ended: bool, notes: list[str]) -> list[Any]:
    places: list[Any] = []
    at = text.find("{")
    for _ in range(_MAX_OBJECTS):
        if at < 0:
            break
        try:
            found = read_lenient(text, at, ended=ended, end_mark=CLOSE)
        except Unreadable as error:
            if not places and _CALL_START.match(text, at):
                raise Unreadable(f"the call cannot be read: {error}") from error
            notes.append(f"an object could not be read: {error}")
            if places:
                break
            at = text.find("{", at + 1)
            continue
        places.append(_place_of(found.value))
        notes += found.notes
        at = text.find("{", found.end)
    return places


def _place_of(value: Mapping[str, Any]) -> Any:
    arguments = value.get("arguments", value)
    if not isinstance(arguments, dict):
        return _NO_PLACE
    if arguments.get("action") == "terminate" or value.get("name") == "terminate":
        return None
    for name in PLACES:
        if name in arguments:
            return arguments[name]
    if {"x", "y"} <= set(arguments):
        return arguments if arguments is value else [arguments["x"], arguments["y"]]
    return _NO_PLACE


def _bare_place(text: str, ended: bool, notes: list[str]) -> Any:
    """Numbers without any JSON object around them, if they are all there is to it."""
    head = text.strip()[:400]
    bracketed = re.search(r"[\[(]\s*(-?\d[^\[\]()]{0,80})[\])]", head)
    if bracketed:
        notes.append("a bare coordinate")
        return [n.strip() for n in bracketed.group(1).split(",")]
    if ended and re.fullmatch(r"[-\d.,\s]{3,80}", head):
        notes.append("a bare coordinate")
        return [n for n in re.split(r"[,\s]+", head) if n]
    if re.fullmatch(r"(?:```(?:json)?)?\s*(?:null|none|\[\s*\])\s*(?:```)?", head, re.IGNORECASE):
        return None
    raise Unreadable(f"no place in the answer: {_short(text)}")


class _Watch:
    """Follows an answer as it streams in, in time linear in its length."""

    def __init__(self) -> None:
        self.depth, self.quote, self.escaped = 0, False, False
        self.head, self.after = "", -1

    def feed(self, piece: str) -> bool:
        """Take the next `piece`; True once a call is closed and enough of something else has followed."""
        if not self.depth and self.after < 0 and "{" not in piece:
            return False
        for char in piece:
            if self.after >= 0 and self.depth == 0:
                self.after += 1
            self._step(char)
            if self.depth and len(self.head) < 40:
                self.head += char
        return self.after > _LINGER

    def _step(self, char: str) -> None:
        if self.quote:
            self.quote = self.escaped or char != '"'
            self.escaped = char == "\\" and not self.escaped
        elif self.depth and char == '"':
            self.quote = True
        elif char == "{":
            self.head = self.head if self.depth else ""
            self.depth += 1
        elif char == "}" and self.depth:
            self.depth -= 1
            if not self.depth and self.after < 0 and _CALL_START.match(self.head):
                self.after = 0


def _short(value: Any) -> str:
    text = value[:200] if isinstance(value, str) else repr(value)[:200]
    text = " ".join(text.split())
    return repr(text if len(text) <= 80 else text[:79] + "…")
