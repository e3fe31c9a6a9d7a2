"""OpenCUA, Kimi-VL and ScaleCUA: pyautogui's calls in a fence under ``## Code:``, or plain ones in ``<action>``.

Headings, tags, calls and argument names are protocol (xlang-ai/OpenCUA ``evaluation/agentnetbench/agent/opencua.py``;
OSWorld's Kimi agent; OpenGVLab/ScaleCUA ``evaluation/OSWorld/mm_agents/scalecua_agent.py``, ``prompts.py``). The calls
mean what Aguvis' do. Of an earlier answer OpenCUA is told its action, ScaleCUA its operation.
"""

from __future__ import annotations

import re
from dataclasses import replace

from actions.action import Answer, AnyAction, AskUser, Drag, Finish, Scroll, TypeText, Wait
from agent.models.dialects.aguvis import AGUVIS
from agent.models.dialects.call_syntax import CallArgs, CallGrammar, ReadCall, quoted
from agent.models.dialects.common import CALL_USER, EXTRACT, UNVERSIONED, plain_drag
from agent.models.dialects.conversation import ALL, Conversation
from agent.models.dialects.dialect import IMAGE, Dialect, PromptTemplate, View
from agent.models.dialects.points import XY_CALL, Places
from agent.models.dialects.qwen import OVERSHOOT
from agent.models.dialects.resize import Resize
from agent.models.endpoints.endpoint import Sampling

_PYAUTOGUI = AGUVIS.grammar["desktop"]
assert isinstance(_PYAUTOGUI, CallGrammar)
_CALLS = {name: read for name, read in _PYAUTOGUI.read.items() if name.startswith(("pyautogui.", "time."))}
_WRITE, _IGNORED = _PYAUTOGUI.write, _PYAUTOGUI.ignored


def _finish(args: CallArgs) -> Finish:
    """With what is said at the end: Kimi's ``answer``, ScaleCUA's ``info``."""
    return args.status("status", "0").model_copy(update={"message": args.message("answer", "info", "1")})


def _wait(default: float) -> ReadCall:
    def read(args: CallArgs) -> Wait:
        seconds = args.number("seconds", "0")
        return Wait(seconds=default if seconds is None else seconds)

    return read


def _write(action: AnyAction, view: View) -> str | None:
    """pyautogui's own spelling of what Aguvis spells otherwise."""
    match action:
        case Scroll(point=None, keys=()) if bool(action.dx) != bool(action.dy):
            name, notches = ("hscroll", action.dx) if action.dx else ("scroll", -action.dy)
            return f"pyautogui.{name}({notches})"
        case Scroll() if bool(action.dx) == bool(action.dy):
            return None
        case Drag(path=(start, end)) if plain_drag(action):
            x, y = view.numbers(end)
            return f"pyautogui.dragTo(x={x}, y={y}, button='left')" if start == view.pointer else None
        case TypeText(clear=False):
            return f"pyautogui.write(message={quoted(action.text)})"
        case Answer() | Wait() | Finish():
            return None
    return _WRITE(action, view)


# OpenCUA and Kimi-VL -----------------------------------------------------------------------------------------------


def _write_computer(action: AnyAction, view: View) -> str | None:
    match action:
        case Wait() if action == Wait(seconds=20):
            return "computer.wait()"
        case Finish():
            said = f", answer={quoted(action.message)}" if action.message else ""
            return f"computer.terminate(status='{action.status}'{said})"
    return re.sub(r"\Apyautogui\.tripleClick", "computer.triple_click", _write(action, view) or "") or None


_PLACES = Places(own=(XY_CALL,))
_CODE = CallGrammar(
    read={
        **_CALLS,
        "computer.triple_click": _CALLS["pyautogui.tripleClick"],
        "computer.wait": _wait(20),
        "computer.terminate": _finish,
    },
    write=_write_computer,
    places=_PLACES,
    markers=("\n## Code:",),
    answer="## Thought:\n${said}\n\n## Action:\n${said}\n\n## Code:\n```python\n${call}\n```",
    ignored=_IGNORED,
)
_ROLE = (
    "You operate a computer for the user. You are given a task and a screenshot, and take one step after another with "
    "pyautogui."
)
_SYSTEM = (
    f"{_ROLE}\n\nAnswer each step in this format:\n\nThought:\n  - What is done already, what went wrong, what comes "
    "next and why.\n\nAction:\n  - The next step in words, its target by name and looks, not coordinates.\n\n"
    "Then give the step as pyautogui code, or call one of these functions:\n"
    '- {"name": "computer.triple_click", "description": "Click three times", "parameters": {"type": "object", '
    '"properties": {"x": {"type": "number"}, "y": {"type": "number"}}, "required": ["x", "y"]}}\n'
    '- {"name": "computer.wait", "description": "Wait for the screen to change"}\n'
    '- {"name": "computer.terminate", "description": "End the task", "parameters": {"type": "object", "properties": '
    '{"status": {"type": "string", "enum": ["success", "failure"]}}, "required": ["status"]}}'
)

OPENCUA = Dialect(
    name="opencua",
    family=r"opencua(?!.*(?:qwen2(?!\.?5)|a3b))",
    sizes="7B, 32B, 72B (Qwen2.5-VL with Kimi-VL's template)",
    licence="MIT (code); weights as the base model's (unverified)",
    source="xlang-ai/OpenCUA: evaluation/agentnetbench/agent/opencua.py, model/inference",
    resize=Resize(factor=28, min_pixels=3136, max_pixels=12845056),
    space="abs_resized",
    overshoot=OVERSHOOT,
    grammar={"desktop": _CODE},
    decide={
        "desktop": PromptTemplate(
            _SYSTEM,
            (
                IMAGE,
                "\n# Task Instruction:\n${instruction}\n\nSay the next step, from the screenshot, the task and the "
                "steps before, if there are any.\n",
            ),
            max_tokens=2048,
            conversation=Conversation(
                pictures=3,
                turns=ALL,
                asks="last",
                answer="# Step ${number}:\n## Action:\n${thought}\n",
                said=r"## Action:\n(.*?)\s*\n## Code:",
            ),
        )
    },
    locate=PromptTemplate(_ROLE, (IMAGE, "${instruction}"), max_tokens=512),
    extract=EXTRACT,
    place_parser=_PLACES,
    retry="Your last answer did nothing (${error}). Answer with a thought, an action and one line of code.",
)
KIMI_VL = replace(
    OPENCUA,
    name="kimi-vl",
    family=r"kimi[-_.]?vl",
    sizes="A3B (16B; MoonViT)",
    licence="MIT",
    source="xlang-ai/OSWorld: the Kimi agent of mm_agents (through ports)",
    space="rel1",
    overshoot=0.0,
    thinks=True,
)

# ScaleCUA ----------------------------------------------------------------------------------------------------------


def _write_scale(action: AnyAction, view: View) -> str | None:
    match action:
        case Wait() if action.seconds.is_integer():
            return f"wait(seconds={action.seconds:g})"
        case Answer():
            return f"response(answer={quoted(action.text)})"
        case AskUser() if action.question == CALL_USER:
            return "call_user()"
        case Finish():
            said = f", info={quoted(action.message)}" if action.message else ""
            return f"terminate(status='{action.status}'{said})"
        case Scroll() if action.point is not None and not action.dx and action.dy and not action.keys:
            x, y = view.numbers(action.point)
            return f"scroll(clicks={-action.dy}, x={x}, y={y})"
    written = (_write(action, view) or "").removeprefix("pyautogui.")
    if written.startswith(("hscroll", "middleClick", "mouse")):
        return None
    written = re.sub(r"\AtripleClick\(", "click(clicks=3, ", written)
    return re.sub(r"\Ascroll\(", "scroll(clicks=", written) or None


_FUNCTIONS = (
    'click(x=None, y=None, clicks=1, button="left") # without x and y: at the pointer',
    'doubleClick(x=None, y=None, button="left")',
    "rightClick(x=None, y=None)",
    "scroll(clicks, x=None, y=None) # the wheel, up if positive",
    "moveTo(x, y)",
    'dragTo(x=None, y=None, button="left") # from where the pointer is',
    "press(keys, presses=1)",
    "hotkey(*args) # held in order, released in reverse",
    "write(message)",
    "call_user() # ask the user to go on",
    "wait(seconds=3)",
    "response(answer) # answer a question of the user",
    'terminate(status="success", info=None) # or "failure"',
)
_SCALE_FORM = "<think>\n{think}\n</think>\n<operation>\n{operation}\n</operation>\n<action>\n{action}\n</action>"


def _scale_system(form: str) -> str:
    told = "\n".join(f"def {line}" for line in _FUNCTIONS)
    return (
        "You operate a computer for the user, looking at screenshots of it.\n\n## Action Space\n"
        f"{told}\n\n## Output Format\n```\n{form}\n```\n\n## Note\n- Use only the functions above.\n- Keep to the tags."
    )


SCALECUA = Dialect(
    name="scalecua",
    family=r"scalecua" + UNVERSIONED,
    sizes="3B, 7B, 32B (Qwen2.5-VL)",
    licence="Apache-2.0 (3B: as its base model; unverified)",
    source="OpenGVLab/ScaleCUA: evaluation/OSWorld/mm_agents/scalecua_agent.py, prompts.py",
    resize=Resize(factor=28, min_pixels=3136, max_pixels=2_109_744),
    space="abs_resized",
    overshoot=OVERSHOOT,
    grammar={
        "desktop": CallGrammar(
            read={
                **{name.removeprefix("pyautogui."): read for name, read in _CALLS.items()},
                "wait": _wait(3),
                "response": lambda args: Answer(text=args.text("answer", "0")),
                "call_user": lambda args: AskUser(question=CALL_USER),
                "terminate": _finish,
            },
            write=_write_scale,
            places=_PLACES,
            markers=("<action>",),
            answer=_SCALE_FORM.format(think="${said}", operation="${said}", action="${call}"),
            ignored=_IGNORED,
        )
    },
    decide={
        "desktop": PromptTemplate(
            _scale_system(
                _SCALE_FORM.format(think="why", operation="the next step in words", action="one or more calls")
            ),
            (IMAGE, "Task:\n${instruction}\n\nPrevious operations:\n${history}"),
            max_tokens=1024,
            sampling=Sampling(temperature=1.0, top_p=0.9),
            conversation=Conversation(
                line="Step ${number}: ${thought}${outcome}\n",
                nothing="None",
                said=r"<operation>\s*(.*?)\s*</operation>",
            ),
        )
    },
    locate=PromptTemplate(_scale_system("<action>\nthe call\n</action>"), (IMAGE, "${instruction}"), max_tokens=256),
    extract=EXTRACT,
    place_parser=_PLACES,
    retry="Your last answer did nothing (${error}). Answer with the three tags and a call in <action>.",
    thinks=True,
    place_format="<action>\nclick(x=${x}, y=${y})\n</action>",
)
