"""Fara-7B and Fara1.5: a browser through Qwen's ``computer_use`` tool, with an address, a search, a way back and facts.

Actions, arguments, coordinates and the layout of the conversation are protocol (microsoft/fara ``src/fara/fara_7b``,
``src/fara/agents/fara/fara15_agent.py``; microsoft/magentic-ui ``agents/web_surfer/fara``). A search is Bing's address,
as there; going back is Alt and Left. A fact is a wait of 0 s, and told again with the answer it stands in.
Fara1.5 also asks for answers from a page's text (``read_page_answer_question``), which is not offered to it here: its
owner's harness has a model read the whole page in the browser, of which a screen shows a part.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from actions.action import AnyAction, AskUser, Finish, Key, Open, Scroll, TypeText, Wait
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.common import BACK, EXTRACT, clicked_first, search_address
from agent.models.dialects.conversation import ALL, Conversation
from agent.models.dialects.dialect import IMAGE, Actions, Dialect, PromptTemplate, View
from agent.models.dialects.qwen import (
    COMPUTER_ABOUT,
    COMPUTER_ACTIONS,
    COMPUTER_ARGUMENTS,
    COMPUTER_FUNCTION,
    COMPUTER_USE,
    DESKTOP_ALIASES,
    OVERSHOOT,
    READ_DESKTOP,
    tool_function,
    tool_system,
    write_desktop,
)
from agent.models.dialects.qwen_family import COMPUTER3_ACTIONS, RETRY, resolution, write_computer3
from agent.models.dialects.resize import Resize
from agent.models.dialects.tool_call import CLOSE, PLACES, Args, Read, ToolCallGrammar


def _fact(args: Args) -> Wait:
    args.text("fact")
    return Wait(seconds=0)


def _visit(args: Args) -> Open:
    """An address as the owner's harness takes it: words are searched for, and one without a scheme is https."""
    url = args.text("url").strip()
    if url.startswith(("https://", "http://", "file://", "about:")):
        return Open(target=url)
    return Open(target=search_address(url) if " " in url else f"https://{url}")


def _type(args: Args) -> Actions:
    """A text in a field that is clicked first; Enter after it is the default, as in the owner's harness."""
    return clicked_first(args.typed("text", enter=True), args.place(*PLACES), args.view)


def _page(args: Args) -> Scroll:
    """A page by the owner's measure, which is 400 pixels whatever ``pixels`` says."""
    pixels = args.number("pixels")
    if pixels is None:
        raise Unreadable("'pixels' is missing")
    return Scroll(point=args.place(*PLACES), dy=PAGE if pixels < 0 else -PAGE if pixels > 0 else 0)


PAGE = 4
"""Notches of the wheel to a page of Fara-7B's."""
_BROWSER: dict[str, Read] = {
    "visit_url": _visit,
    "web_search": lambda args: Open(target=search_address(args.text("query"))),
    "history_back": lambda args: BACK,
    "pause_and_memorize_fact": _fact,
}
_READ7: dict[str, Read] = {
    **{name: READ_DESKTOP[name] for name in ("key", "mouse_move", "left_click", "wait", "terminate")},
    **_BROWSER,
    "type": _type,
    "scroll": _page,
    "refresh": lambda args: Key(chords=("f5",)),
}
_READ15: dict[str, Read] = {
    **{
        name: READ_DESKTOP[name]
        for name in ("key", "type", "mouse_move", "left_click", "left_click_drag", "right_click")
    },
    **{name: READ_DESKTOP[name] for name in ("double_click", "triple_click", "scroll", "hscroll", "wait")},
    **_BROWSER,
    "ask_user_question": lambda args: AskUser(question=args.text("question")),
    "terminate": lambda args: Finish(status="success", message=args.text("answer")),
}


def _write_browser(action: AnyAction) -> dict[str, Any] | None:
    match action:
        case Open() if action.target.startswith(("https://", "http://")):
            return {"action": "visit_url", "url": action.target} if action.target == action.target.strip() else None
        case Key(chords=("alt+left",)):
            return {"action": "history_back"}
    return None


def _write7(action: AnyAction, view: View) -> dict[str, Any] | None:
    match action:
        case Key(chords=("f5",)):
            return {"action": "refresh"}
        case Scroll() if abs(action.dy) not in (0, PAGE):
            return None
        case TypeText():
            where = {} if view.pointer is None else {"coordinate": view.numbers(view.pointer)}
            said = {"text": action.text, "press_enter": False, "delete_existing_text": action.clear}
            return {"action": "type", **said, **where} if action.text else None
    written = _write_browser(action) or write_desktop(action, view)
    return written if written and written["action"] in _READ7 else None


def _write15(action: AnyAction, view: View) -> dict[str, Any] | None:
    match action:
        case AskUser():
            return {"action": "ask_user_question", "question": action.question}
        case Finish():
            return {"action": "terminate", "answer": action.message} if action.status == "success" else None
    written = _write_browser(action) or write_computer3(action, view)
    return written if written and written["action"] in _READ15 else None


_BROWSER_ACTIONS = {
    "visit_url": "Show the page at an address.",
    "history_back": "Go back to the page before.",
    "web_search": "Search the web for some words.",
    "pause_and_memorize_fact": "Keep a fact for later steps.",
}
_BROWSER_ARGUMENTS: dict[str, dict[str, Any]] = {
    "url": {"description": "The address. Needed by `action=visit_url`.", "type": "string"},
    "query": {"description": "What to search for. Needed by `action=web_search`.", "type": "string"},
    "fact": {"description": "The fact. Needed by `action=pause_and_memorize_fact`.", "type": "string"},
}
_ROLE = (
    "You are a web automation agent that does tasks for the user in a browser, through the tool below.\n\n"
    "Stop at a critical point: before you check out, book, buy, call, mail, order or give anything about the user that "
    "they did not tell you for it. Say then what is left to do.\n\n"
    "If you remember a fact, it must be on the screen. Answer only with what you have seen."
)


def _prompt(function: str) -> PromptTemplate:
    return PromptTemplate(
        tool_system(function, "\n\n", f"You are a helpful assistant.\n\n{_ROLE}"),
        (IMAGE, "${instruction}"),
        max_tokens=2048,
        thinking=False,
        conversation=Conversation(
            pictures=3, turns=ALL, later=(IMAGE, "The screen now. Think about the next step."), thoughts=False
        ),
    )


_TOOL7 = tool_function(
    "computer_use",
    COMPUTER_ABOUT,
    {
        **{name: COMPUTER_ACTIONS[name] for name in ("key", "type", "mouse_move", "left_click", "scroll")},
        **_BROWSER_ACTIONS,
        "wait": COMPUTER_ACTIONS["wait"],
        "terminate": COMPUTER_ACTIONS["terminate"],
    },
    {
        **COMPUTER_ARGUMENTS,
        "press_enter": {"description": "Whether to press Enter after `action=type`.", "type": "boolean"},
        "delete_existing_text": {"description": "Whether to empty the field first.", "type": "boolean"},
        **_BROWSER_ARGUMENTS,
    },
    for_human=False,
)
_TOOL15 = tool_function(
    "computer_use",
    resolution(COMPUTER_ABOUT, "1000x1000"),
    {
        **{name: text for name, text in COMPUTER3_ACTIONS.items() if name in _READ15},
        **_BROWSER_ACTIONS,
        "ask_user_question": "Ask the user and wait for the answer.",
        "terminate": "End the task with the final answer.",
    },
    {
        **{name: told for name, told in COMPUTER_ARGUMENTS.items() if name != "status"},
        **_BROWSER_ARGUMENTS,
        "question": {"description": "Needed by `action=ask_user_question`.", "type": "string"},
        "answer": {"description": "The final answer. Needed by `action=terminate`.", "type": "string"},
    },
    for_human=False,
)

FARA_7B = Dialect(
    name="fara-7b",
    family=r"(?<![a-z])fara[-_.]?7b",
    sizes="7B (Qwen2.5-VL)",
    licence="MIT",
    source="microsoft/fara: src/fara/fara_7b/fara_agent.py, src/fara/_prompts.py",
    resize=Resize(factor=28, min_pixels=3136, max_pixels=12845056),
    space="abs_resized",
    overshoot=OVERSHOOT,
    grammar={"desktop": ToolCallGrammar("computer_use", _READ7, _write7, DESKTOP_ALIASES)},
    decide={"desktop": _prompt(_TOOL7)},
    locate=PromptTemplate(tool_system(COMPUTER_FUNCTION), (IMAGE, "${instruction}"), max_tokens=256),
    extract=EXTRACT,
    place_parser=COMPUTER_USE,
    retry=RETRY,
    preamble=True,
)
FARA_15 = replace(
    FARA_7B,
    name="fara1.5",
    family=r"(?<![a-z])fara[-_.]?1[._-]?5",
    sizes="4B, 9B, 27B (Qwen3.5)",
    source="microsoft/fara: src/fara/agents/fara/fara15_agent.py; microsoft/magentic-ui: agents/web_surfer/fara",
    resize=Resize(factor=32, min_pixels=3136, max_pixels=12845056),
    space="rel1000",
    overshoot=0.0,
    grammar={"desktop": ToolCallGrammar("computer_use", _READ15, _write15, DESKTOP_ALIASES, stop=CLOSE)},
    decide={"desktop": replace(_prompt(_TOOL15), stop=(CLOSE,))},
    locate=PromptTemplate(tool_system(COMPUTER_FUNCTION), (IMAGE, "${instruction}"), max_tokens=256, thinking=False),
    thinks=True,
    thinking_key="enable_thinking",
)
