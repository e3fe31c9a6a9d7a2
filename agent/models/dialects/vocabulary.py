"""The actions that a dialect file can name: what each does, its arguments, how it is read and written.

Arguments are `coordinate` and `end_coordinate` (two numbers each), `text`, `keys` (a list), `direction`, `amount`
(notches of the wheel), `time` (seconds), `target`, `button`, `status` and `message`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from actions.action import (
    Answer,
    AnyAction,
    AskUser,
    Button,
    ButtonName,
    Click,
    Drag,
    Finish,
    HoldKeys,
    HoldMouse,
    Key,
    LongPress,
    Move,
    Open,
    ReleaseKeys,
    ReleaseMouse,
    Scroll,
    TypeText,
    Wait,
)
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.common import BACK, NOTCHES, direction_of, plain_drag, scroll_of, search_address
from agent.models.dialects.dialect import Actions, UnsupportedAction, View
from agent.models.dialects.keys import key_names
from agent.models.dialects.tool_call import ENDS, PLACES, Args, Read

ARGUMENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "coordinate": ("[x, y]", {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}),
    "end_coordinate": ("[x, y]", {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}),
    "text": ('"..."', {"type": "string"}),
    "keys": ('["ctrl", "s"]', {"type": "array", "items": {"type": "string"}}),
    "direction": ('"down"', {"type": "string", "enum": ["down", "up", "right", "left"]}),
    "amount": ("5", {"type": "integer"}),
    "time": ("2", {"type": "number"}),
    "target": ('"..."', {"type": "string"}),
    "button": ('"back"', {"type": "string", "enum": list(get_args(ButtonName))}),
    "status": ('"success"', {"type": "string", "enum": ["success", "failure"]}),
    "message": ('"..."', {"type": "string"}),
}
"""Each argument as it stands in a prompt, and its JSON schema."""


@dataclass(frozen=True)
class Verb:
    """One action: what it does, its arguments as a prompt shows them, and how it is read."""

    says: str
    arguments: tuple[str, ...]
    read: Read


def _click(button: str = "left", count: int = 1) -> Read:
    return lambda args: args.click(args.target(), button, count)


def _drag(args: Args) -> Drag:
    return Drag(path=(args.need_place(*PLACES), args.need_place("end_coordinate", *ENDS)))


def _scroll(args: Args) -> Scroll:
    amount = args.number("amount")
    notches = NOTCHES if amount is None else amount
    if not float(notches).is_integer() or not 1 <= notches <= 100:
        raise Unreadable(f"'amount' must be a whole number from 1 to 100, not {notches:g}")
    scroll = scroll_of(args.text("direction"), args.place(*PLACES), int(notches))
    return scroll.model_copy(update={"keys": args.held()})


def _finish(args: Args) -> Finish:
    if not args.text("status"):
        raise Unreadable("'status' is missing; use success or failure")
    return args.status("status").model_copy(update={"message": args.message("message")})


def _type(args: Args) -> Actions:
    """The text; behind a click where a planner says which field."""
    at = args.place("coordinate") if args.view.described is not None else None
    typed = args.typed("text")
    return typed if at is None else (Click(point=at), typed)


_AT = ("coordinate",)
VERBS: dict[str, Verb] = {
    "click": Verb("Click the left mouse button, or tap.", _AT, _click()),
    "double_click": Verb("Click the left mouse button twice.", _AT, _click(count=2)),
    "triple_click": Verb("Click the left mouse button three times.", _AT, _click(count=3)),
    "right_click": Verb("Click the right mouse button.", _AT, _click("right")),
    "middle_click": Verb("Click the middle mouse button.", _AT, _click("middle")),
    "long_press": Verb(
        "Press for `time` seconds.",
        ("coordinate", "time"),
        lambda args: LongPress(point=args.need_place(*PLACES), seconds=args.seconds(1.0, 600.0)),
    ),
    "move": Verb("Move the pointer.", _AT, lambda args: Move(point=args.need_place(*PLACES))),
    "drag": Verb("Press at `coordinate`, move to `end_coordinate`, release.", (*_AT, "end_coordinate"), _drag),
    "scroll": Verb(
        "Turn the wheel by `amount` notches, to see what is further in that direction (down, up, right, left).",
        ("direction", "amount", "coordinate"),
        _scroll,
    ),
    "type": Verb("Type a text into what has the focus; \\n is Enter.", ("text",), _type),
    "key": Verb("Press keys together.", ("keys",), lambda args: args.keys("keys")),
    "key_down": Verb("Press keys and keep them down.", ("keys",), lambda args: HoldKeys(keys=args.flat_keys("keys"))),
    "key_up": Verb("Let go of keys that are down.", ("keys",), lambda args: ReleaseKeys(keys=args.flat_keys("keys"))),
    "mouse_down": Verb(
        "Press the left mouse button and keep it down.", _AT, lambda args: args.mouse(True, args.place(*PLACES), "left")
    ),
    "mouse_up": Verb(
        "Let go of the left mouse button.", _AT, lambda args: args.mouse(False, args.place(*PLACES), "left")
    ),
    "button": Verb(
        f"Press a button of the system: {', '.join(get_args(ButtonName))}.",
        ("button",),
        lambda args: args.system_button(get_args(ButtonName)),
    ),
    "open": Verb("Open an app or an address.", ("target",), lambda args: Open(target=args.text("target"))),
    "navigate": Verb("Show the page at an address.", ("target",), lambda args: Open(target=args.text("target"))),
    "search": Verb("Search the web.", ("text",), lambda args: Open(target=search_address(args.text("text")))),
    "back": Verb("Go back to the page before.", (), lambda args: BACK),
    "wait": Verb("Wait for the screen to change.", ("time",), lambda args: Wait(seconds=args.seconds(1.0, 60.0))),
    "answer": Verb("Tell the user what was asked for.", ("text",), lambda args: Answer(text=args.text("text"))),
    "ask_user": Verb(
        "Ask the user for what only they can say.", ("text",), lambda args: AskUser(question=args.text("text"))
    ),
    "finish": Verb('End the task: "success", or "failure" if it cannot be done.', ("status",), _finish),
}
"""Every action by its own name."""
_BY_NAME = ("navigate", "search", "back", "key_down", "key_up", "mouse_down", "mouse_up")
DESKTOP = tuple(verb for verb in VERBS if verb not in ("long_press", "button", *_BY_NAME))
MOBILE = tuple(verb for verb in VERBS if verb not in ("triple_click", "right_click", "middle_click", "move", *_BY_NAME))
"""The actions of a platform, where a file names none."""

_CLICKS = {("left", 1): "click", ("left", 2): "double_click", ("left", 3): "triple_click"}


def written(action: AnyAction, view: View) -> tuple[str, dict[str, Any]] | None:
    """The name of `action` and its arguments, None where it has none."""
    match action:
        case Click(keys=()):
            name = _CLICKS.get((action.button, action.count)) or (f"{action.button}_click" if action.count == 1 else "")
            return (name, {"coordinate": view.numbers(action.point)}) if name else None
        case LongPress():
            return "long_press", {"coordinate": view.numbers(action.point), "time": _number(action.seconds)}
        case Move():
            return "move", {"coordinate": view.numbers(action.point)}
        case Drag() if plain_drag(action):
            start, end = map(view.numbers, action.path)
            return "drag", {"coordinate": start, "end_coordinate": end}
        case Scroll() if direction := direction_of(action, None):
            where = {} if action.point is None else {"coordinate": view.numbers(action.point)}
            return "scroll", {"direction": direction, "amount": abs(action.dx or action.dy), **where}
        case HoldMouse(button="left") | ReleaseMouse(button="left") if action.point:
            return action.type, {"coordinate": view.numbers(action.point)}
        case HoldKeys(seconds=None) | ReleaseKeys():
            return action.type, {"keys": [*action.keys]}
    return _written_text(action)


def _written_text(action: AnyAction) -> tuple[str, dict[str, Any]] | None:
    match action:
        case TypeText():
            return "type", {"text": action.text, **({"clear": True} if action.clear else {})}
        case Key() if keys := key_names(action):
            return "key", {"keys": keys}
        case Button():
            return "button", {"button": action.name}
        case Open():
            return "open", {"target": action.target}
        case Wait():
            return "wait", {"time": _number(action.seconds)}
        case Answer():
            return "answer", {"text": action.text}
        case AskUser():
            return "ask_user", {"text": action.question}
        case Finish():
            return "finish", {"status": action.status, **({"message": action.message} if action.message else {})}
    return None


def _number(value: float) -> float | int:
    return int(value) if float(value).is_integer() else value


@dataclass(frozen=True)
class Vocabulary:
    """The actions of one platform by the names that a file gives them, and the names of their arguments.

    `names` is ours to theirs; `arguments` too, by ``ARGUMENT`` or, for one action only, by ``ACTION.ARGUMENT``. With
    `describes`, coordinates are descriptions in words.
    """

    names: Mapping[str, str]
    arguments: Mapping[str, str]
    describes: bool = False

    def argument(self, verb: str, name: str) -> str:
        """What an argument of `verb` is called in the file."""
        return self.arguments.get(f"{verb}.{name}") or self.arguments.get(name) or name

    def readers(self) -> dict[str, Read]:
        """What each action means, by its name in the file."""
        return {theirs: self._reader(verb) for verb, theirs in self.names.items()}

    def _reader(self, verb: str) -> Read:
        ours = {self.argument(verb, name): name for name in ARGUMENTS}

        def read(args: Args) -> Actions:
            values = {ours.get(name, name): value for name, value in args.values.items()}
            if "coordinate" not in values and {"x", "y"} <= set(values):
                values["coordinate"] = [values.pop("x"), values.pop("y")]
            args.values = values
            try:
                return VERBS[verb].read(args)
            except Unreadable as error:
                said = str(error)
                for theirs, name in ours.items():
                    said = said.replace(repr(name), repr(theirs))
                raise Unreadable(said) from error

        return read

    def write(self, action: AnyAction, view: View) -> dict[str, Any] | None:
        """The arguments of `action`, its name under ``action`` first; None where the file has no name for it."""
        said = ("back", {}) if action == BACK and "back" in self.names else written(action, view)
        if isinstance(action, Open) and "open" not in self.names:
            said = "navigate", {"target": action.target}
        if said is None or said[0] not in self.names:
            return None
        verb, values = said
        return {"action": self.names[verb], **{self.argument(verb, name): value for name, value in values.items()}}

    def lines(self, call: Callable[[str, Mapping[str, str]], str]) -> str:
        """Each action as `call` writes its name and arguments, and what it does: for a prompt."""
        told = []
        for verb, theirs in self.names.items():
            shown = {self.argument(verb, name): self._form(name)[0] for name in VERBS[verb].arguments}
            says = VERBS[verb].says
            for name in VERBS[verb].arguments:
                says = says.replace(f"`{name}`", f"`{self.argument(verb, name)}`")
            told.append(f"{call(theirs, shown)}  {says}")
        return "\n".join(told)

    def _form(self, argument: str) -> tuple[str, dict[str, Any]]:
        return ARGUMENTS["text" if self.describes and argument.endswith("coordinate") else argument]

    def tool(self, name: str, thought: bool = False) -> dict[str, Any]:
        """The JSON schema of a function `name` with all the actions, as servers take it in ``tools``; with a `thought`
        before them, since a model that must call a tool can say it nowhere else.
        """
        says = "".join(f"\n* `{theirs}`: {VERBS[verb].says}" for verb, theirs in self.names.items())
        known = {self.argument(verb, a): self._form(a)[1] for verb in self.names for a in VERBS[verb].arguments}
        action = {"type": "string", "enum": list(self.names.values()), "description": f"What to do next. One of:{says}"}
        first = {"thought": {"type": "string", "description": "What the screen shows and what to do next, briefly."}}
        values = {**(first if thought else {}), "action": action, **known}
        parameters = {"type": "object", "properties": values, "required": [*values][: 1 + thought]}
        about = "Operate the screen that is shown."
        return {"type": "function", "function": {"name": name, "description": about, "parameters": parameters}}


def call_text(values: Mapping[str, Any] | None, literal: Callable[[Any], str]) -> str:
    """``name(argument=value, …)`` of what `Vocabulary.write` returns. Raises `UnsupportedAction` for None."""
    if values is None:
        raise UnsupportedAction("the dialect file has no name for it")
    named = ", ".join(f"{name}={literal(value)}" for name, value in values.items() if name != "action")
    return f"{values['action']}({named})"
