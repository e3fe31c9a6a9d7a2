"""Holo1, Holo1.5 and Holo2: clicks as ``Click(150, 200)`` or JSON, and Holo1's steps in a browser.

Forms, action names and keys are protocol (hcompai/hai-cookbook: ``utils/localization.py``, ``utils/navigation.py``,
``holo1_5``, ``holo2``). Of 1.5 and 2 only pointing is published. A ``write_element_abs`` is a click, a text and Enter:
where the pointer is there already, there is no click.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from actions.action import AnyAction, Click, Finish, Key, Open, Scroll, TypeText, Wait
from agent.models.dialects.action_dicts import DictGrammar, ReadDict
from agent.models.dialects.call_syntax import CallArgs
from agent.models.dialects.common import EXTRACT, direction_of, scroll_of
from agent.models.dialects.conversation import ALL, Conversation
from agent.models.dialects.dialect import IMAGE, Dialect, PromptTemplate, View
from agent.models.dialects.points import JSON_XY, PAIR, Places
from agent.models.dialects.qwen import OVERSHOOT
from agent.models.dialects.resize import Resize

NEAR = 24.0
"""How far (grid units) the pointer may be from a field's place for it to count as clicked."""


def _write_text(args: CallArgs) -> TypeText | tuple[Click, TypeText]:
    text, point, pointer = args.typed("content", enter=True), args.xy(), args.view.pointer
    near = pointer is None or all(
        abs(a - b) <= NEAR for a, b in zip(args.view.numbers(point), args.view.numbers(pointer), strict=True)
    )
    return text if near else (Click(point=point), text)


_READ: dict[str, ReadDict] = {
    "click_element": lambda args: args.click(args.xy()),
    "write_element_abs": _write_text,
    "scroll": lambda args: scroll_of(args.text("direction"), None),
    "go_back": lambda args: Key(chords=("alt+left",)),
    "refresh": lambda args: Key(chords=("f5",)),
    "goto": lambda args: Open(target=args.text("url")),
    "wait": lambda args: Wait(seconds=args.seconds(2.0, 60.0)),
    "answer": lambda args: Finish(status="success", message=args.text("content")),
}


def _write(action: AnyAction, view: View) -> Mapping[str, Any] | None:
    match action:
        case Click(button="left", count=1, keys=()):
            x, y = view.numbers(action.point)
            return {"action": "click_element", "element": "", "x": x, "y": y}
        case TypeText(clear=False) if action.text.endswith("\n") and view.pointer is not None:
            x, y = view.numbers(view.pointer)
            return {"action": "write_element_abs", "content": action.text[:-1], "element": "", "x": x, "y": y}
        case Scroll(point=None) if direction_of(action):
            return {"action": "scroll", "direction": direction_of(action)}
        case Key(chords=("alt+left",)):
            return {"action": "go_back"}
        case Key(chords=("f5",)):
            return {"action": "refresh"}
        case Open() if action.target.startswith(("http://", "https://")):
            return {"action": "goto", "url": action.target}
        case Wait() if action.seconds.is_integer() and action.seconds <= 10:
            return {"action": "wait", "seconds": int(action.seconds)}
        case Finish(status="success") if action.message:
            return {"action": "answer", "content": action.message}
    return None


def _step(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"note": "", "thought": "", "action": values}


_FORMS = (
    {"action": "click_element", "element": "which element", "x": 0, "y": 0},
    {"action": "write_element_abs", "content": "what to write", "element": "which element", "x": 0, "y": 0},
    {"action": "scroll", "direction": "down, up, left or right"},
    {"action": "go_back"},
    {"action": "refresh"},
    {"action": "goto", "url": "http:// or https://"},
    {"action": "wait", "seconds": 2},
    {"action": "answer", "content": "the answer"},
)
_SYSTEM = (
    "You operate a web browser for the user. In each step you see the task, what was done so far and a screenshot; "
    "choose the next action. Coordinates are pixels from the left edge and from the top edge. Writing clicks the "
    "field and presses Enter at the end by itself. Answer once the task is done.\n\n"
    "# <output_json_format>\n# ```json\n# "
    '{"note": "what matters on this screen", "thought": "why this step", "action": ACTION}\n# ```\n'
    "# </output_json_format>\n\nACTION is one of:\n" + "\n".join(json.dumps(form) for form in _FORMS)
)
_CLICK = (
    "Localize an element on the GUI image according to my instructions \nand output a click position as Click(x, y) "
    "with x num pixels from \nthe left edge and y num pixels from the top edge.\n\n${instruction}"
)


OBSERVATION = ("<observation>\n<screenshot>\n", IMAGE, "\n</screenshot>\n</observation>\n")
OBSERVED = Conversation(pictures=3, turns=ALL, later=OBSERVATION, placeholder="(no longer shown)", thoughts=False)


def _json_click(form: dict[str, Any]) -> tuple[str, str]:
    return (
        IMAGE,
        "Localize an element on the GUI image according to the provided target and output a click position.\n"
        f" * You must output a valid JSON following the format: {json.dumps(form)}\n Your target is:\n${{instruction}}",
    )


HOLO1 = Dialect(
    name="holo1",
    family=r"holo[-_.]?1(?:(?![-_.\d])|(?=[-_.]\d+b))",
    sizes="3B, 7B (Qwen2.5-VL)",
    licence="3B: Qwen Research (not commercial); 7B: Apache-2.0",
    source="hcompai/hai-cookbook: utils/localization.py, utils/navigation.py",
    resize=Resize(factor=28, min_pixels=3136, max_pixels=1280 * 28 * 28),
    space="abs_resized",
    overshoot=OVERSHOOT,
    grammar={"desktop": DictGrammar(_READ, _write, Places(own=(PAIR, JSON_XY)), around=_step)},
    decide={
        "desktop": PromptTemplate(
            _SYSTEM,
            ("<task>\n${instruction}\n</task>\n\n", *OBSERVATION),
            max_tokens=1024,
            conversation=OBSERVED,
        )
    },
    locate=PromptTemplate("", (IMAGE, _CLICK), max_tokens=128),
    extract=EXTRACT,
    place_parser=Places(own=(PAIR, JSON_XY)),
    retry="Your last answer did nothing (${error}). Answer with one JSON object.",
    place_format="Click(${x}, ${y})",
)
HOLO15 = Dialect(
    name="holo1.5",
    family=r"holo[-_.]?1[._-]5",
    sizes="3B, 7B, 72B (Qwen2.5-VL)",
    licence="3B: Qwen Research (not commercial); 7B: Apache-2.0; 72B: research (unverified)",
    source="hcompai/hai-cookbook: holo1_5; ScreenSpot-Pro models/holo1_5.py",
    resize=Resize(factor=28, min_pixels=3136, max_pixels=2560 * 1440),
    space="abs_resized",
    overshoot=OVERSHOOT,
    grammar={},
    decide={},
    locate=PromptTemplate("", _json_click({"action": "click_absolute", "x": 150, "y": 200}), max_tokens=256),
    extract=None,
    place_parser=Places(own=(JSON_XY, PAIR)),
    place_format='{"action": "click_absolute", "x": ${x}, "y": ${y}}',
)
HOLO2 = Dialect(
    name="holo2",
    family=r"holo[-_.]?2(?!\d)",
    sizes="4B, 8B, 30B-A3B (Qwen3-VL)",
    licence="4B, 8B: Apache-2.0; 30B-A3B: research (unverified)",
    source="hcompai/hai-cookbook: holo2",
    resize=Resize(factor=32, min_pixels=65536, max_pixels=16777216),
    space="rel1000",
    grammar={},
    decide={},
    locate=PromptTemplate("", _json_click({"x": 500, "y": 500}), max_tokens=1024, thinking=False),
    extract=None,
    place_parser=Places(own=(JSON_XY, PAIR)),
    thinks=True,
    thinking_key="thinking",
)
