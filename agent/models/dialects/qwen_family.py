"""Families that use Qwen's tool calls: Qwen2-VL, InternVL2.5, Qwen3-VL, GUI-Owl, GUI-Owl-1.5 and MAI-UI.

Tools, actions, arguments and tags are protocol (QwenLM/Qwen3-VL ``cookbooks/mobile_agent.ipynb``; X-PLUG/MobileAgent
``Mobile-Agent-v3.5/mobile_use/utils.py`` and ``computer_use/utils.py``; Tongyi-MAI/MAI-UI ``src/prompt.py``).
Qwen2-VL and InternVL2.5 are general models without a protocol for acting: they are given Qwen2.5-VL's tools, with
coordinates in thousandths of a side, which is how they point.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from actions.action import (
    Answer,
    AnyAction,
    AskUser,
    Button,
    Click,
    Drag,
    Finish,
    LongPress,
    Open,
    Scroll,
    TypeText,
    Wait,
)
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.common import (
    EXTRACT,
    INTERNVL_TOKENS,
    UNVERSIONED,
    direction_of,
    has_default_duration,
    plain_drag,
    scroll_of,
)
from agent.models.dialects.conversation import APART, WINDOW
from agent.models.dialects.dialect import IMAGE, Dialect, PromptTemplate, View
from agent.models.dialects.points import CORNERS, JSON_POINT, LIST, PAIR, QUAD, Places
from agent.models.dialects.qwen import (
    COMPUTER_ABOUT,
    COMPUTER_ACTIONS,
    COMPUTER_ARGUMENTS,
    COMPUTER_FUNCTION,
    COMPUTER_USE,
    DECIDE,
    DESKTOP_ALIASES,
    MOBILE_ABOUT,
    MOBILE_ACTIONS,
    MOBILE_ALIASES,
    MOBILE_ARGUMENTS,
    MOBILE_FUNCTION,
    MOBILE_USE,
    OVERSHOOT,
    PIXELS_PER_NOTCH,
    READ_DESKTOP,
    READ_MOBILE,
    read_scroll,
    tool_function,
    tool_system,
    write_desktop,
    write_mobile,
)
from agent.models.dialects.resize import Resize, Tiles
from agent.models.dialects.tool_call import ENDS, PLACES, Args, Read, ToolCallGrammar

RETRY = "Your last answer did nothing (${error}). Answer with exactly one tool call. "

# Qwen2-VL and InternVL2.5 ------------------------------------------------------------------------------------------

_RELATIVE_COMPUTER = tool_system(COMPUTER_FUNCTION)
_RELATIVE_MOBILE = tool_system(MOBILE_FUNCTION)

QWEN2_VL = Dialect(
    name="qwen2-vl",
    family=r"qwen[-_.]?2[-_.]?vl",
    sizes="2B, 7B, 72B",
    licence="2B, 7B: Apache-2.0; 72B: Qwen",
    source="QwenLM/Qwen2-VL README; ScreenSpot-Pro models/qwen2vl.py",
    resize=Resize(factor=28, min_pixels=3136, max_pixels=12845056),
    space="rel1000",
    grammar={"desktop": COMPUTER_USE, "mobile": MOBILE_USE},
    decide={
        "desktop": PromptTemplate(_RELATIVE_COMPUTER, DECIDE, max_tokens=1024),
        "mobile": PromptTemplate(_RELATIVE_MOBILE, DECIDE, max_tokens=1024),
    },
    locate=PromptTemplate(
        "You are a helpful assistant.",
        (
            IMAGE,
            'Output the bounding box in the image corresponding to the instruction "${instruction}" with grounding.',
        ),
        max_tokens=128,
    ),
    extract=EXTRACT,
    place_parser=Places(own=(CORNERS, PAIR)),
    retry=RETRY,
    keep_special_tokens=True,
)
INTERNVL25 = Dialect(
    name="internvl2.5",
    family=r"internvl[-_.]?(?:2[._-]?5|3(?:[._-]?5)?)(?![\d.])(?!b)",
    sizes="2.5: 1B, 2B, 4B, 8B, 26B, 38B, 78B; 3 and 3.5: 1B to 38B",
    licence="2.5: MIT; 3, 3.5: MIT or Apache-2.0",
    source="OpenGVLab/InternVL (dynamic_preprocess); ScreenSpot-Pro models/internvl.py",
    resize=Tiles(),
    space="rel1000",
    grammar=QWEN2_VL.grammar,
    decide=QWEN2_VL.decide,
    locate=PromptTemplate(
        "",
        (
            IMAGE,
            "\nPlease provide the bounding box coordinate of the UI element this user instruction describes: "
            "<ref>${instruction}</ref>. Answer in the format of [[x1, y1, x2, y2]]",
        ),
        max_tokens=128,
    ),
    extract=EXTRACT,
    place_parser=Places(own=(QUAD, LIST), also=(PAIR,), refusals=("click(x=-1, y=-1)",)),
    retry=RETRY,
    place_format="[[${x}, ${y}, ${x2}, ${y2}]]",
    control_tokens=INTERNVL_TOKENS,
)

# Qwen3-VL ----------------------------------------------------------------------------------------------------------


def read_wheel(args: Args, across: bool = False) -> Scroll:
    """Fewer than 100 ``pixels`` are notches, as OSWorld's agents of Qwen hand the number to pyautogui."""
    pixels = args.values.get("pixels")
    few = isinstance(pixels, int | float) and abs(pixels) < PIXELS_PER_NOTCH
    return read_scroll(args, across, 1 if few else PIXELS_PER_NOTCH)


READ_COMPUTER3: dict[str, Read] = {
    **READ_DESKTOP,
    "scroll": read_wheel,
    "hscroll": lambda args: read_wheel(args, across=True),
}


def write_computer3(action: AnyAction, view: View) -> dict[str, Any] | None:
    """The arguments of Qwen3-VL's ``computer_use`` for `action`, None where it has none."""
    match action:
        case Click(button="left", count=3, keys=()):
            return {"action": "triple_click", "coordinate": view.numbers(action.point)}
        case Scroll(dy=0, keys=()) if action.dx:
            where = {} if action.point is None else {"coordinate": view.numbers(action.point)}
            return {"action": "hscroll", "pixels": action.dx * PIXELS_PER_NOTCH, **where}
        case Answer():
            return {"action": "answer", "text": action.text}
    return write_desktop(action, view)


def write_mobile3(action: AnyAction, view: View) -> dict[str, Any] | None:
    """The arguments of Qwen3-VL's ``mobile_use`` for `action`, None where it has none."""
    if isinstance(action, Answer):
        return {"action": "answer", "text": action.text}
    written = write_mobile(action, view)
    return None if written and written["action"] in ("key", "open") else written


COMPUTER3_ACTIONS = {
    **{name: COMPUTER_ACTIONS[name] for name in list(COMPUTER_ACTIONS)[:8]},
    "triple_click": "Click the left mouse button three times at a coordinate (x, y).",
    "scroll": COMPUTER_ACTIONS["scroll"],
    "hscroll": "Turn the mouse wheel sideways, to the right if positive.",
    "wait": COMPUTER_ACTIONS["wait"],
    "terminate": COMPUTER_ACTIONS["terminate"],
    "answer": "Answer a question.",
}
MOBILE3_ACTIONS = {
    **{name: MOBILE_ACTIONS[name] for name in ("click", "long_press", "swipe", "type")},
    "answer": "Give the answer.",
    **{name: MOBILE_ACTIONS[name] for name in ("system_button", "wait", "terminate")},
}


def resolution(about: list[str], size: str) -> list[str]:
    """A tool's description with the screen's resolution given as `size`."""
    return [f"The screen's resolution is {size}." if line.startswith("The screen's") else line for line in about]


_FORMAT = (
    "\n\n# Response format\n\nResponse format for every step:\n{lines}\n\nRules:\n"
    "- Output exactly in this order, and nothing else.\n- Be brief.\n"
    "- If finishing, use action=terminate in the tool call."
)
_THREE_LINES = (
    "1) Thought: one sentence on why this step.\n2) Action: what to do, as an order.\n"
    '3) One <tool_call>...</tool_call> with only the JSON: {"name": <function-name>, "arguments": <args-json-object>}.'
)
_TWO_LINES = (
    "1) Action: what to do, as an order.\n"
    '2) One <tool_call>...</tool_call> with only the JSON: {"name": <function-name>, "arguments": <args-json-object>}.'
)
_FORMAT3 = _FORMAT.replace("{lines}", _THREE_LINES)
FORMAT_TWO = _FORMAT.replace("{lines}", _TWO_LINES)

QWEN3_COMPUTER = tool_function(
    "computer_use", resolution(COMPUTER_ABOUT, "1000x1000"), COMPUTER3_ACTIONS, COMPUTER_ARGUMENTS, for_human=False
)
_QWEN3_MOBILE = tool_function(
    "mobile_use", resolution(MOBILE_ABOUT, "999x999"), MOBILE3_ACTIONS, MOBILE_ARGUMENTS, for_human=False
)
ASK = (
    "Please generate the next move according to the UI screenshot, instruction and previous actions.\n\n"
    "Instruction: ${instruction}\n\nPrevious actions:\n${history}"
)
_DECIDE3 = (
    "The user query: ${instruction}.\n"
    "Task progress (You have done the following operation on the current device): ${history}.\n",
    IMAGE,
)

QWEN3_VL = Dialect(
    name="qwen3-vl",
    family=r"qwen[-_.]?3[-_.]?vl",
    sizes="2B, 4B, 8B, 32B, 30B-A3B, 235B-A22B",
    licence="Apache-2.0",
    source="QwenLM/Qwen3-VL: cookbooks/mobile_agent.ipynb, computer_use.ipynb, 2d_grounding.ipynb",
    resize=Resize(factor=32, min_pixels=65536, max_pixels=16777216),
    space="rel1000",
    space_for={"mobile": "rel999"},
    grammar={
        "desktop": ToolCallGrammar("computer_use", READ_COMPUTER3, write_computer3, DESKTOP_ALIASES),
        "mobile": ToolCallGrammar("mobile_use", READ_MOBILE, write_mobile3, MOBILE_ALIASES),
    },
    decide={
        "desktop": PromptTemplate(
            tool_system(QWEN3_COMPUTER, "", "") + _FORMAT3,
            (IMAGE, ASK),
            max_tokens=4096,
            conversation=WINDOW,
        ),
        "mobile": PromptTemplate(tool_system(_QWEN3_MOBILE, "\n\n", "") + _FORMAT3, _DECIDE3, max_tokens=4096),
    },
    locate=PromptTemplate(
        "",
        (
            IMAGE,
            "Locate ${instruction} with a point, report the point coordinates in JSON format like this: "
            '[{"point_2d": [x, y], "label": "object name"}]',
        ),
        max_tokens=1024,
    ),
    extract=EXTRACT,
    retry=RETRY,
    thinks=True,
)

# GUI-Owl -----------------------------------------------------------------------------------------------------------


def _owl_scroll(args: Args) -> Scroll:
    """``pixels`` counts notches of the wheel here, up positive."""
    notches = args.number("pixels")
    if notches is None or not notches.is_integer() or abs(notches) > 100:
        raise Unreadable("'pixels' must be a whole number of notches")
    return Scroll(point=args.place(*PLACES), dy=-int(notches))


def _owl_finish(args: Args) -> Finish:
    """``answer`` ends the task with what was asked for."""
    return Finish(status="success", message=args.text("text"))


_READ_OWL: dict[str, Read] = {
    **{name: READ_DESKTOP[name] for name in ("key", "mouse_move", "right_click", "middle_click", "double_click")},
    **{name: READ_DESKTOP[name] for name in ("wait", "terminate", "answer")},
    "type": READ_DESKTOP["type"],
    "click": READ_DESKTOP["left_click"],
    "drag": lambda args: Drag(path=(args.need_place(*PLACES), args.need_place(*ENDS))),
    "scroll": _owl_scroll,
}


def _write_owl(action: AnyAction, view: View) -> dict[str, Any] | None:
    match action:
        case Click(button="left", count=1, keys=()):
            return {"action": "click", "coordinate": view.numbers(action.point)}
        case Drag() if plain_drag(action):
            start, end = (view.numbers(point) for point in action.path)
            return {"action": "drag", "coordinate": start, "coordinate2": end}
        case Scroll(dx=0, keys=()):
            where = {} if action.point is None else {"coordinate": view.numbers(action.point)}
            return {"action": "scroll", "pixels": -action.dy, **where}
        case TypeText(clear=True):
            return {"action": "type", "text": action.text, "clear": 1}
    return write_desktop(action, view)


_OWL_ACTIONS = {
    "key": COMPUTER_ACTIONS["key"],
    "type": "Write a text with the keyboard; `enter` is 1 to press Enter after it.",
    "mouse_move": COMPUTER_ACTIONS["mouse_move"],
    "click": COMPUTER_ACTIONS["left_click"],
    "drag": "Hold the left mouse button at `coordinate` and drag to `coordinate2`.",
    **{name: COMPUTER_ACTIONS[name] for name in ("right_click", "middle_click", "double_click")},
    "scroll": "Turn the mouse wheel.",
    **{name: COMPUTER_ACTIONS[name] for name in ("wait", "terminate")},
}
_OWL_ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    **COMPUTER_ARGUMENTS,
    "enter": {"description": "1 to press Enter after the text, else 0.", "type": "number"},
    "coordinate2": {"description": "(x, y): where the drag ends. Needed by `action=drag`.", "type": "array"},
    "pixels": {
        "description": "How far to scroll, from -5 to 5, up if positive. Needed by `action=scroll`.",
        "type": "number",
    },
}
_OWL_COMPUTER = tool_function("computer_use", COMPUTER_ABOUT, _OWL_ACTIONS, _OWL_ARGUMENTS)
_OWL_ALIASES = {"left_click": "click", "tap": "click", "left_click_drag": "drag"}

GUI_OWL = Dialect(
    name="gui-owl",
    family=r"gui[-_.]?owl(?![-_.]?v?1[._-]?5)" + UNVERSIONED,
    sizes="7B, 32B",
    licence="MIT",
    source="X-PLUG/MobileAgent: Mobile-Agent-v3",
    resize=Resize(factor=28, min_pixels=3136, max_pixels=10035200),
    space="abs_resized",
    overshoot=OVERSHOOT,
    grammar={
        "desktop": ToolCallGrammar("computer_use", _READ_OWL, _write_owl, _OWL_ALIASES),
        "mobile": MOBILE_USE,
    },
    decide={
        "desktop": PromptTemplate(tool_system(_OWL_COMPUTER) + _FORMAT3, DECIDE, max_tokens=2048),
        "mobile": PromptTemplate(tool_system(MOBILE_FUNCTION) + _FORMAT3, DECIDE, max_tokens=2048),
    },
    locate=PromptTemplate(tool_system(_OWL_COMPUTER), (IMAGE, "${instruction}"), max_tokens=256),
    extract=EXTRACT,
    retry=RETRY,
    preamble=True,
)

_INTERACT: Read = lambda args: AskUser(question=args.text("text"))  # noqa: E731
_READ_OWL15: dict[str, Read] = {**READ_DESKTOP, "answer": _owl_finish, "interact": _INTERACT}
_READ_OWL15_MOBILE: dict[str, Read] = {**READ_MOBILE, "answer": _owl_finish, "interact": _INTERACT}


def _write_owl15_both(action: AnyAction) -> dict[str, Any] | None:
    match action:
        case AskUser():
            return {"action": "interact", "text": action.question}
        case Finish(status="success") if action.message:
            return {"action": "answer", "text": action.message}
    return None


def _write_owl15(action: AnyAction, view: View) -> dict[str, Any] | None:
    if isinstance(action, Answer):
        return None
    return _write_owl15_both(action) or write_computer3(action, view)


def _write_owl15_mobile(action: AnyAction, view: View) -> dict[str, Any] | None:
    return _write_owl15_both(action) or write_mobile(action, view)


_ASKING = {
    "answer": "End the task with the answer that was asked for.",
    "interact": "Ask the user for what stands in the way.",
}
_OWL15_MOBILE = tool_function(
    "mobile_use",
    resolution(MOBILE_ABOUT, "1000x1000"),
    {
        **{name: MOBILE_ACTIONS[name] for name in list(MOBILE_ACTIONS)[:-1]},
        **_ASKING,
        "terminate": MOBILE_ACTIONS["terminate"],
    },
    MOBILE_ARGUMENTS,
)
_OWL15_COMPUTER = tool_function(
    "computer_use",
    resolution(COMPUTER_ABOUT, "1000x1000"),
    {**COMPUTER3_ACTIONS, **_ASKING},
    COMPUTER_ARGUMENTS,
    for_human=False,
)

GUI_OWL_15 = Dialect(
    name="gui-owl-1.5",
    family=r"gui[-_.]?owl[-_.]?v?1[._-]?5",
    sizes="2B, 4B, 8B, 32B",
    licence="MIT",
    source="X-PLUG/MobileAgent: Mobile-Agent-v3.5/mobile_use/utils.py, computer_use/utils.py",
    resize=Resize(factor=32, min_pixels=200704, max_pixels=10035200),
    space="rel1000",
    grammar={
        "desktop": ToolCallGrammar("computer_use", _READ_OWL15, _write_owl15, DESKTOP_ALIASES),
        "mobile": ToolCallGrammar("mobile_use", _READ_OWL15_MOBILE, _write_owl15_mobile, MOBILE_ALIASES),
    },
    decide={
        "desktop": PromptTemplate(
            tool_system(_OWL15_COMPUTER, "", "") + FORMAT_TWO, (ASK, IMAGE), max_tokens=4096, conversation=WINDOW
        ),
        "mobile": PromptTemplate(
            tool_system(_OWL15_MOBILE, "", "") + FORMAT_TWO, (ASK, IMAGE), max_tokens=4096, conversation=WINDOW
        ),
    },
    locate=PromptTemplate(tool_system(_OWL15_COMPUTER, "", ""), (IMAGE, "${instruction}"), max_tokens=1024),
    extract=EXTRACT,
    retry=RETRY,
    thinks=True,
)

# MAI-UI ------------------------------------------------------------------------------------------------------------

_BUTTONS = ("back", "home", "menu", "enter")


def _mai_swipe(args: Args) -> Scroll:
    """``swipe`` names where the finger goes: up shows what is further down."""
    opposite = {"up": "down", "down": "up", "left": "right", "right": "left"}
    direction = args.text("direction").strip().lower()
    return scroll_of(opposite.get(direction, direction), args.place(*PLACES))


_READ_MAI: dict[str, Read] = {
    **{name: READ_MOBILE[name] for name in ("click", "long_press", "type", "open", "system_button", "wait")},
    **{name: READ_MOBILE[name] for name in ("terminate", "answer")},
    "swipe": _mai_swipe,
    "drag": lambda args: Drag(path=(args.need_place("start_coordinate", *PLACES), args.need_place("end_coordinate"))),
    "double_click": lambda args: args.click(args.need_place(*PLACES), count=2),
    "ask_user": lambda args: AskUser(question=args.text("text")),
}


def _write_mai(action: AnyAction, view: View) -> dict[str, Any] | None:
    match action:
        case Click(button="left", keys=()) if action.count < 3:
            name = "click" if action.count == 1 else "double_click"
            return {"action": name, "coordinate": view.numbers(action.point)}
        case LongPress() if has_default_duration(action):
            return {"action": "long_press", "coordinate": view.numbers(action.point)}
        case Drag() if plain_drag(action):
            start, end = (view.numbers(point) for point in action.path)
            return {"action": "drag", "start_coordinate": start, "end_coordinate": end}
        case Scroll() if direction_of(action):
            return _write_mai_swipe(action, view)
    return _write_mai_rest(action)


def _write_mai_swipe(action: Scroll, view: View) -> dict[str, Any]:
    finger = {"down": "up", "up": "down", "right": "left", "left": "right"}[direction_of(action)]
    where = {} if action.point is None else {"coordinate": view.numbers(action.point)}
    return {"action": "swipe", "direction": finger, **where}


def _write_mai_rest(action: AnyAction) -> dict[str, Any] | None:
    match action:
        case TypeText(clear=False) | Answer():
            return {"action": action.type, "text": action.text}
        case Open():
            return {"action": "open", "text": action.target}
        case Button() if action.name in _BUTTONS:
            return {"action": "system_button", "button": action.name}
        case Wait() if action == Wait():
            return {"action": "wait"}
        case Finish(message=""):
            return {"action": "terminate", "status": "success" if action.status == "success" else "fail"}
        case AskUser():
            return {"action": "ask_user", "text": action.question}
    return None


_MAI_SPACE = (
    '{"action": "click", "coordinate": [x, y]}',
    '{"action": "long_press", "coordinate": [x, y]}',
    '{"action": "type", "text": ""}',
    '{"action": "swipe", "direction": "up or down or left or right", "coordinate": [x, y]} # "coordinate" may be left '
    "out; give it to swipe on one element.",
    '{"action": "open", "text": "app_name"}',
    '{"action": "drag", "start_coordinate": [x1, y1], "end_coordinate": [x2, y2]}',
    '{"action": "system_button", "button": "button_name"} # One of: back, home, menu, enter',
    '{"action": "wait"}',
    '{"action": "terminate", "status": "success or fail"}',
    '{"action": "answer", "text": "xxx"}',
    '{"action": "ask_user", "text": "xxx"}',
    '{"action": "double_click", "coordinate": [x, y]}',
)
_MAI_SYSTEM = (
    "You operate a phone for the user. You are given a task, what was done so far and a screenshot. Say what to do "
    "next.\n\n## Output Format\nFor each function call, return the thinking process in <thinking> </thinking> tags, "
    "and a json object with function name and arguments within <tool_call></tool_call> XML tags:\n```\n<thinking>\n"
    '...\n</thinking>\n<tool_call>\n{"name": "mobile_use", "arguments": <args-json-object>}\n</tool_call>\n```\n\n'
    "## Action Space\n\n" + "\n".join(_MAI_SPACE) + "\n\n## Note\n- Plan briefly in <thinking></thinking>, and end "
    "with the next action and its target in one sentence.\n- Open apps with `open`.\n- Give exactly one action."
)
_MAI_GROUNDING = (
    "You are a GUI grounding agent.\n## Task\nLook at the screenshot and find the UI element that the user's "
    "instruction means. Think about it first, then give its coordinate.\n## Output Format\nReturn a json object with "
    "a reasoning process in <grounding_think></grounding_think> tags, a [x,y] format coordinate within "
    "<answer></answer> XML tags:\n<grounding_think>...</grounding_think>\n<answer>\n"
    + json.dumps({"coordinate": ["x", "y"]}).replace('"x", "y"', "x,y")
    + "\n</answer>"
)

MAI_UI = Dialect(
    name="mai-ui",
    family=r"mai[-_.]?ui" + UNVERSIONED,
    sizes="2B, 8B, 32B, 235B-A22B",
    licence="Apache-2.0",
    source="Tongyi-MAI/MAI-UI: src/prompt.py, src/mai_naivigation_agent.py, evaluation/grounding",
    resize=Resize(factor=32, min_pixels=65536, max_pixels=16777216),
    space="rel999",
    space_for={"locate": "rel1000"},  # as the predictions of the project's own evaluation are scaled
    grammar={"mobile": ToolCallGrammar("mobile_use", _READ_MAI, _write_mai, {"tap": "click"})},
    decide={
        "mobile": PromptTemplate(
            _MAI_SYSTEM, ("${instruction}",), max_tokens=2048, conversation=replace(APART, pictures=3)
        )
    },
    locate=PromptTemplate(_MAI_GROUNDING, ("${instruction}\n", IMAGE), max_tokens=2048),
    extract=EXTRACT,
    place_parser=Places(own=(JSON_POINT,), markers=("<answer>",)),
    retry=RETRY,
    thinks=True,
)
