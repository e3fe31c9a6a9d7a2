"""Qwen3.5 and its successors, which call tools as tags, and EvoCUA, which is Qwen3-VL tuned for desktops.

Tools, arguments and tags are protocol (OSWorld ``mm_agents/qwen35vl_agent.py``; meituan/EvoCUA ``mm_agents/evocua``).
EvoCUA's texts are unescaped once more before they are typed, and its ``pixels`` are notches, as in its own harness.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from actions.action import AnyAction, AskUser, HoldKeys, ReleaseKeys, Scroll, TypeText, Wait
from agent.models.dialects.common import EXTRACT, UNVERSIONED
from agent.models.dialects.conversation import WINDOW
from agent.models.dialects.dialect import IMAGE, Dialect, PromptTemplate, View
from agent.models.dialects.qwen import (
    COMPUTER_ABOUT,
    COMPUTER_ARGUMENTS,
    DESKTOP_ALIASES,
    MOBILE_ABOUT,
    MOBILE_ALIASES,
    MOBILE_ARGUMENTS,
    PIXELS_PER_NOTCH,
    READ_DESKTOP,
    READ_MOBILE,
    read_scroll,
    tool_function,
    tool_system,
    write_held,
)
from agent.models.dialects.qwen_family import (
    ASK,
    COMPUTER3_ACTIONS,
    FORMAT_TWO,
    MOBILE3_ACTIONS,
    QWEN3_VL,
    READ_COMPUTER3,
    RETRY,
    resolution,
    write_computer3,
    write_mobile3,
)
from agent.models.dialects.resize import Resize
from agent.models.dialects.tool_call import Args, Read, ToolCallGrammar
from agent.models.dialects.xml_calls import XmlToolCallGrammar
from agent.models.endpoints.endpoint import Sampling

_BOTH: dict[str, Read] = {
    "call_user": lambda args: AskUser(question=args.text("text")),
    "screenshot": lambda args: Wait(seconds=0),
}


def _write(action: AnyAction, view: View) -> dict[str, Any] | None:
    if isinstance(action, AskUser):
        return {"action": "call_user", "text": action.question}
    return write_held(action, view) or write_computer3(action, view)


def xml_system(function: str) -> str:
    """The system text around a tool, for models that call it by tags."""
    return (
        "# Tools\n\nYou have access to the following functions:\n\n"
        f"<tools>\n{function}\n</tools>\n\n"
        "If you choose to call a function ONLY reply in the following format with NO suffix:\n\n"
        "<tool_call>\n<function=example_function_name>\n<parameter=example_parameter_1>\nvalue_1\n</parameter>\n"
        "<parameter=example_parameter_2>\nA value\nof several lines\n</parameter>\n</function>\n</tool_call>\n\n"
        "<IMPORTANT>\n- A call is one <function=...></function> block within <tool_call></tool_call> tags.\n"
        "- Give all required parameters.\n- Say why before the call, never after it.\n</IMPORTANT>"
    )


_FORMAT = (
    "\n\n# Response format\n\nFor every step:\n1) Action: what to do, as an order.\n"
    "2) One <tool_call>...</tool_call> block.\n\n- Be brief, and give nothing after the call.\n"
    "- If finishing, use action=terminate in the call."
)
_FOLDED = replace(
    WINDOW,
    pictures=20,
    fold=10,
    turns=100,
    placeholder="This screenshot has been collapsed.",
    thoughts=False,
)
_COMPUTER = tool_function(
    "computer_use",
    resolution(COMPUTER_ABOUT, "1000x1000"),
    {**COMPUTER3_ACTIONS, "call_user": "Ask the user for what only they can say or do."},
    COMPUTER_ARGUMENTS,
    for_human=False,
)
_MOBILE = tool_function(
    "mobile_use", resolution(MOBILE_ABOUT, "1000x1000"), MOBILE3_ACTIONS, MOBILE_ARGUMENTS, for_human=False
)


def _prompt(tool: str) -> PromptTemplate:
    return PromptTemplate(xml_system(tool) + _FORMAT, (IMAGE, ASK), max_tokens=4096, conversation=_FOLDED)


QWEN35 = Dialect(
    name="qwen3.5",
    family=r"qwen[-_.]?3[._][568](?!\d)|qwen35(?!\d)",
    sizes="3.5: 0.8B, 2B, 4B, 9B, 27B, 35B-A3B, 122B-A10B, 397B-A17B; 3.6: 27B, 35B-A3B; 3.8: 27B",
    licence="Apache-2.0",
    source="xlang-ai/OSWorld: mm_agents/qwen35vl_agent.py; vLLM's qwen3_coder tool parser",
    resize=Resize(factor=32, min_pixels=65536, max_pixels=16777216),
    space="rel1000",
    grammar={
        "desktop": XmlToolCallGrammar(
            "computer_use",
            {**READ_COMPUTER3, **_BOTH},
            _write,
            DESKTOP_ALIASES,
            ("computer_use", "mobile_use", "computer"),
        ),
        "mobile": XmlToolCallGrammar("mobile_use", READ_MOBILE, write_mobile3, MOBILE_ALIASES),
    },
    decide={"desktop": _prompt(_COMPUTER), "mobile": _prompt(_MOBILE)},
    locate=replace(QWEN3_VL.locate, thinking=False),
    extract=EXTRACT,
    retry=RETRY,
    thinks=True,
    preamble=True,
    thinking_key="enable_thinking",
)


def _native(tool: str) -> PromptTemplate:
    return PromptTemplate(_FORMAT.strip(), (IMAGE, ASK), max_tokens=4096, conversation=_FOLDED, tools=f"[{tool}]")


QWEN35_TOOLS = replace(
    QWEN35,
    name="qwen3.5-tools",
    family=r"(?!)",
    source="as qwen3.5, on a server that puts the tool into the chat template and reads its calls",
    grammar={
        "desktop": ToolCallGrammar("computer_use", {**READ_COMPUTER3, **_BOTH}, _write, DESKTOP_ALIASES),
        "mobile": ToolCallGrammar("mobile_use", READ_MOBILE, write_mobile3, MOBILE_ALIASES),
    },
    decide={"desktop": _native(_COMPUTER), "mobile": _native(_MOBILE)},
    tool_choice="auto",
)
"""Qwen3.5 whose calls are the server's own: as tags in the chat template, as ``tool_calls`` in requests and answers."""

# EvoCUA ------------------------------------------------------------------------------------------------------------

_ESCAPED = re.compile(r"\\(u[0-9a-fA-F]{4}|[\\'\"nrt])")
_MEANT = {"n": "\n", "r": "\r", "t": "\t"}


def _typed(args: Args) -> TypeText:
    typed = args.typed("text")
    text = _ESCAPED.sub(lambda m: _MEANT.get(m[1], chr(int(m[1][1:], 16)) if m[1][0] == "u" else m[1]), typed.text)
    return typed.model_copy(update={"text": text})


def _scroll(args: Args) -> Scroll:
    """``pixels`` are notches, as its harness hands the number to pyautogui."""
    return read_scroll(args, unit=1)


def _write_evocua(action: AnyAction, view: View) -> dict[str, Any] | None:
    if isinstance(action, HoldKeys | ReleaseKeys):
        return write_held(action, view)
    written = write_computer3(action, view)
    if written is None or written["action"] in ("answer", "hscroll"):
        return None
    if written["action"] == "scroll":
        written["pixels"] //= PIXELS_PER_NOTCH
    if written["action"] == "type":
        written["text"] = written["text"].replace("\\", "\\\\")
    return written


_EVOCUA_ACTIONS = {name: text for name, text in COMPUTER3_ACTIONS.items() if name not in ("answer", "hscroll")}
_EVOCUA_ACTIONS |= {"key_down": "Press keys and keep them down.", "key_up": "Let go of keys that are down."}
_EVOCUA_TOOL = tool_function(
    "computer_use", resolution(COMPUTER_ABOUT, "1000x1000"), _EVOCUA_ACTIONS, COMPUTER_ARGUMENTS
)
_EVOCUA_SYSTEM = tool_system(_EVOCUA_TOOL, "", "")

EVOCUA = Dialect(
    name="evocua",
    family=r"evocua(?!.*opencua)" + UNVERSIONED,
    sizes="8B, 32B (Qwen3-VL)",
    licence="Apache-2.0",
    source="meituan/EvoCUA: mm_agents/evocua/prompts.py, evocua_agent.py, utils.py",
    resize=Resize(factor=32, min_pixels=65536, max_pixels=16 * 16 * 4 * 12800),
    space="rel999",
    grammar={
        "desktop": ToolCallGrammar(
            "computer_use", {**READ_DESKTOP, "type": _typed, "scroll": _scroll}, _write_evocua, DESKTOP_ALIASES
        )
    },
    decide={
        "desktop": PromptTemplate(
            _EVOCUA_SYSTEM + FORMAT_TWO,
            (IMAGE, "\n" + ASK),
            max_tokens=4096,
            conversation=WINDOW,
            sampling=Sampling(temperature=0.01, top_p=0.9),
        )
    },
    locate=PromptTemplate(_EVOCUA_SYSTEM, (IMAGE, "${instruction}"), max_tokens=1024),
    extract=EXTRACT,
    retry=RETRY,
    preamble=True,
)
