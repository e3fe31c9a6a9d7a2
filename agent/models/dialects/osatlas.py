"""OS-Atlas: the base models point, the Pro models act, one action on a line.

Action names and forms are protocol (OS-Copilot/OS-Atlas: ``README.md`` and the prompts in ``eval/data/*.jsonl``).
"""

from __future__ import annotations

from dataclasses import replace

from actions.action import (
    AnyAction,
    Button,
    Click,
    Finish,
    Key,
    LongPress,
    Move,
    Open,
    Scroll,
    TypeText,
    Wait,
)
from actions.frame import Point
from actions.keys import split_chord
from agent.models.dialects.action_lines import Argument, LineGrammar, ReadLine, bracketed
from agent.models.dialects.common import EXTRACT, INTERNVL_TOKENS, direction_of, has_default_duration, scroll_of
from agent.models.dialects.dialect import IMAGE, Dialect, PromptTemplate, View
from agent.models.dialects.keys import read_keys
from agent.models.dialects.points import ANY, CORNERS, LIST, PAIR, QUAD, TAG, Places
from agent.models.dialects.resize import Resize, Tiles

_KEYS = {
    "SPACE": "space",
    "TAB": "tab",
    "ESC": "escape",
    "ENTER": "enter",
    "PGDN": "pagedown",
    "PGUP": "pageup",
    **{way: way.lower() for way in ("DOWN", "UP", "LEFT", "RIGHT")},
}


def _click(argument: Argument, button: str = "left", count: int = 1) -> Click:
    return Click(point=Point(*argument.point()), button=button, count=count)  # type: ignore[arg-type]


def _bare(argument: Argument, action: AnyAction) -> AnyAction:
    argument.nothing()
    return action


def _word(action: AnyAction) -> ReadLine:
    return lambda argument: _bare(argument, action)


_BOTH: dict[str, ReadLine] = {
    "CLICK": _click,
    "TYPE": lambda argument: TypeText(text=argument.words()),
    "SCROLL": lambda argument: scroll_of(argument.words(), None),
    "OPEN_APP": lambda argument: Open(target=argument.words()),
    "WAIT": _word(Wait()),
    "COMPLETE": _word(Finish(status="success")),
    "IMPOSSIBLE": _word(Finish(status="failure")),
}
_DESKTOP: dict[str, ReadLine] = {
    **_BOTH,
    "DOUBLECLICK": lambda argument: _click(argument, count=2),
    "RIGHTCLICK": lambda argument: _click(argument, "right"),
    "MOVETO": lambda argument: Move(point=Point(*argument.point())),
    "ENTER": _word(Key(chords=("enter",))),
    **{f"PRESS_{name}": _word(Key(chords=(key,))) for name, key in _KEYS.items()},
    "HOTKEY": lambda argument: read_keys(argument.words().lower()),
}
_MOBILE: dict[str, ReadLine] = {
    **_BOTH,
    "LONG_PRESS": lambda argument: LongPress(point=Point(*argument.point())),
    "PRESS_BACK": _word(Button(name="back")),
    "PRESS_HOME": _word(Button(name="home")),
    "PRESS_RECENT": _word(Button(name="recents")),
    "ENTER": _word(Button(name="enter")),
}
_WORDS = {"back": "PRESS_BACK", "home": "PRESS_HOME", "recents": "PRESS_RECENT", "enter": "ENTER"}


def _at(name: str, point: Point, view: View) -> str:
    x, y = view.numbers(point)
    return f"{name} <point>[[{x}, {y}]]</point>"


def _write_both(action: AnyAction, view: View) -> str | None:
    match action:
        case Click(button="left", count=1, keys=()):
            return _at("CLICK", action.point, view)
        case TypeText(clear=False):
            return f"TYPE {bracketed(action.text)}"
        case Scroll(point=None) if direction_of(action):
            return f"SCROLL [{direction_of(action).upper()}]"
        case Open():
            return f"OPEN_APP {bracketed(action.target)}"
        case Wait() if action == Wait():
            return "WAIT"
        case Finish(message=""):
            return "COMPLETE" if action.status == "success" else "IMPOSSIBLE"
    return None


def _write_desktop(action: AnyAction, view: View) -> str | None:
    match action:
        case Click(button="left", count=2, keys=()):
            return _at("DOUBLECLICK", action.point, view)
        case Click(button="right", count=1, keys=()):
            return _at("RIGHTCLICK", action.point, view)
        case Move():
            return _at("MOVETO", action.point, view)
        case Key(chords=(chord,)):
            text = _write_key(chord)
            hot = text and text.startswith("HOTKEY") and read_keys(text[8:-1].lower()) != action
            return None if hot else text
    return _write_both(action, view)


def _write_key(chord: str) -> str | None:
    """One key by its own name where it has one; else a hot key, unless it has the sign that joins them."""
    for name, key in _KEYS.items():
        if key == chord:
            return "ENTER" if name == "ENTER" else f"PRESS_{name}"
    keys = [key.upper() for key in split_chord(chord)]
    if any(key in "_]`[+" or (len(key) == 1 and key.lower() == key.upper() and not key.isdigit()) for key in keys):
        return None
    return f"HOTKEY [{'_'.join(keys)}]" if all(key.isascii() for key in keys) else None


def _write_mobile(action: AnyAction, view: View) -> str | None:
    match action:
        case LongPress() if has_default_duration(action):
            return _at("LONG_PRESS", action.point, view)
        case Button() if action.name in _WORDS:
            return _WORDS[action.name]
    return _write_both(action, view)


_PRO_PLACES = Places(own=(TAG, CORNERS, QUAD, LIST, PAIR), markers=("actions:",))
_POINT = "<point>[[x-axis, y-axis]]</point>"
_ABOUT = (
    "You are a foundational action model: you read screenshots of desktops, phones and websites and take the action "
    "that brings the user's task forward.\n\nYou are now operating in Executable Language Grounding mode.\n\n"
    "1. Basic Actions\n"
    f"Basic Action 1: CLICK\n    - format: CLICK {_POINT}\n    - example usage: CLICK <point>[[101, 872]]</point>\n"
    "Basic Action 2: TYPE\n    - format: TYPE [input text]\n    - example usage: TYPE [Shanghai shopping mall]\n"
    "Basic Action 3: SCROLL\n    - format: SCROLL [direction (UP/DOWN/LEFT/RIGHT)]\n    - example usage: SCROLL [UP]\n"
    "\n2. Custom Actions\n"
)
_REST = (
    "\nAnswer in two sections. Thoughts: why this step. Actions: exactly one action.\n\n"
    "Your current task instruction, action history, and associated screenshot are as follows:\nScreenshot: "
)
_TASK = "\nTask: ${instruction}\nHistory: \n${history}\n"


def _prompt(custom: dict[str, tuple[str, str]]) -> PromptTemplate:
    told = "".join(
        f"Custom Action {number}: {name}\n    - purpose: {purpose}\n    - format: {form}\n"
        for number, (name, (form, purpose)) in enumerate(custom.items(), 1)
    )
    return PromptTemplate(system="", user=(_ABOUT + told + _REST, IMAGE, _TASK), max_tokens=1024)


_ENDINGS = {
    "OPEN_APP": ("OPEN_APP [app_name]", "Open the named application."),
    "WAIT": ("WAIT", "Wait for the screen to change."),
    "COMPLETE": ("COMPLETE", "The task is finished."),
    "IMPOSSIBLE": ("IMPOSSIBLE", "The task cannot be done."),
}
_CUSTOM_DESKTOP = {
    "DOUBLECLICK": (f"DOUBLECLICK {_POINT}", "Double click at the position."),
    "RIGHTCLICK": (f"RIGHTCLICK {_POINT}", "Click the right button at the position."),
    "MOVETO": (f"MOVETO {_POINT}", "Move the pointer to the position."),
    **{f"PRESS_{name}": (f"PRESS_{name}", f"Press the {name} key.") for name in _KEYS if name != "ENTER"},
    "ENTER": ("ENTER", "Press the ENTER key."),
    "HOTKEY": ("HOTKEY [keys]", "Press keys together, e.g. HOTKEY [CTRL_A]."),
    **_ENDINGS,
}
_CUSTOM_MOBILE = {
    "LONG_PRESS": (f"LONG_PRESS {_POINT}", "Long press at the position."),
    "PRESS_BACK": ("PRESS_BACK", "Go back to the previous screen."),
    "PRESS_HOME": ("PRESS_HOME", "Go to the home screen."),
    "PRESS_RECENT": ("PRESS_RECENT", "Show the apps used last."),
    "ENTER": ("ENTER", "Press the enter button."),
    **_ENDINGS,
}

_BASE_QUESTION = (
    'In this UI screenshot, what is the position of the element corresponding to the command "${instruction}" '
    "(with bbox)?"
)

OS_ATLAS_PRO = Dialect(
    name="os-atlas-pro",
    family=r"os[-_.]?atlas[-_.]?pro(?![-_.]?4b)",
    sizes="7B (Qwen2-VL)",
    licence="Apache-2.0",
    source="OS-Copilot/OS-Atlas: eval/data/*.jsonl",
    resize=Resize(factor=28, min_pixels=3136, max_pixels=12845056),
    space="rel1000",
    grammar={
        "desktop": LineGrammar(_DESKTOP, _write_desktop, _PRO_PLACES),
        "mobile": LineGrammar(_MOBILE, _write_mobile, _PRO_PLACES),
    },
    decide={"desktop": _prompt(_CUSTOM_DESKTOP), "mobile": _prompt(_CUSTOM_MOBILE)},
    locate=PromptTemplate("", (IMAGE, _BASE_QUESTION), max_tokens=128),
    extract=EXTRACT,
    step="Step ${number}: ${action}${outcome}\n",
    retry="Your last answer did nothing (${error}). Answer with exactly one action.\n",
    no_history="None",
    keep_special_tokens=True,
)
OS_ATLAS_PRO_4B = replace(
    OS_ATLAS_PRO,
    name="os-atlas-pro-4b",
    family=r"os[-_.]?atlas[-_.]?pro[-_.]?4b",
    sizes="4B (InternVL2)",
    resize=Tiles(max_pixels=6 * 448 * 448),
    control_tokens=INTERNVL_TOKENS,
)
OS_ATLAS_BASE = replace(
    OS_ATLAS_PRO,
    name="os-atlas-base",
    family=r"os[-_.]?atlas[-_.]?base(?![-_.]?4b)",
    source="OS-Copilot/OS-Atlas: README.md",
    grammar={},
    decide={},
    extract=None,
    place_parser=Places(own=(CORNERS, PAIR), also=ANY),
)
OS_ATLAS_BASE_4B = replace(
    OS_ATLAS_BASE,
    name="os-atlas-base-4b",
    family=r"os[-_.]?atlas[-_.]?base[-_.]?4b",
    sizes="4B (InternVL2)",
    resize=Tiles(max_pixels=6 * 448 * 448),
    control_tokens=INTERNVL_TOKENS,
    locate=PromptTemplate(
        "",
        (
            IMAGE,
            "In the screenshot of this web page, please give me the coordinates of the element I want to click on "
            'according to my instructions(with point).\n"${instruction}"',
        ),
        max_tokens=128,
    ),
    place_parser=Places(own=(LIST, QUAD, PAIR), also=ANY),
)
