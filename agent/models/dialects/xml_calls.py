"""Qwen3.5's tool calls: ``<function=computer_use>`` with a ``<parameter=NAME>`` for each argument, in ``<tool_call>``.

Tags and line breaks are protocol (the qwen3_coder form of vLLM's tool parsers). A text stands as it is, anything else
as JSON. Calls in JSON, which servers with a tool parser make of them, are read as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from actions.action import AnyAction
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.call_syntax import CallCompletion
from agent.models.dialects.dialect import UnsupportedAction, View
from agent.models.dialects.lenient_json import read_lenient
from agent.models.dialects.tool_call import (
    CLOSE,
    ENDS,
    MAX_TEXT,
    OPEN,
    PLACES,
    TIMES,
    ToolCall,
    ToolCallGrammar,
    thought_of,
)

_FUNCTION = re.compile(r"(?:^|<tool_call>)[ \t]*(?:\n[ \t]*)?<function=([\w.-]{1,60})>", re.MULTILINE)
_PARAMETER = re.compile(r"\s*<parameter=([\w.-]{1,60})>\n?")
_END, _OVER = "</parameter>", re.compile(r"\s*</function>")
_VALUES = frozenset((*PLACES, *ENDS, "keys"))
"""The parameters that are JSON and no text."""
_NUMBERS = frozenset(("pixels", "amount", "time", "seconds", "duration", "presses", *TIMES))
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,20})?(?:e-?\d{1,3})?")
_MAX_CALLS = 32


@dataclass(frozen=True)
class XmlToolCallGrammar(ToolCallGrammar):
    """`ToolCallGrammar` with the calls as tags."""

    def find(self, text: str, ended: bool) -> tuple[list[ToolCall], str, list[str]]:
        """All calls in `text`, what was said before the first, and notes. Raises `Unreadable` for a broken call."""
        if len(text) > MAX_TEXT:
            raise Unreadable(f"the answer is {len(text)} characters long")
        first = _FUNCTION.search(text)
        if first is None:
            return super().find(text, ended)
        calls: list[ToolCall] = []
        head: re.Match[str] | None = first
        while head is not None and len(calls) < _MAX_CALLS:
            call, at = _call(text, head, ended)
            calls.append(call)
            head = _FUNCTION.search(text, at)
        if head is not None:
            raise Unreadable(f"more than {_MAX_CALLS} calls in the answer")
        notes = [f"no {tag}" for tag in (OPEN, CLOSE) if text.count(tag) < len(calls)]
        return calls, thought_of(text[: first.start()]), notes

    def format_call(self, action: AnyAction, view: View) -> str:
        """The call without ``<tool_call>``. Raises `UnsupportedAction`."""
        arguments = self.write(action, view)
        if arguments is None:
            raise UnsupportedAction(f"{self.tool} has no words for: {action!r}")
        return xml_call(self.tool, arguments)

    def completion_check(self) -> Callable[[str], bool]:
        """True once a whole call has come and what follows it has had room to show a second one."""
        return CallCompletion(self._whole, ">").feed

    def _whole(self, text: str) -> bool:
        try:
            return bool(self.find(text, ended=False)[0])
        except Unreadable:
            return False


def xml_call(tool: str, arguments: Mapping[str, Any]) -> str:
    """A call of `tool`. Raises `UnsupportedAction` for a text that looks like a tag."""
    said = [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in arguments.values()]
    if any("<" in text for text in said):
        raise UnsupportedAction("a text in tags is written without < in it")
    inner = "".join(f"<parameter={name}>\n{text}\n{_END}\n" for name, text in zip(arguments, said, strict=True))
    return f"<function={tool}>\n{inner}</function>"


def _call(text: str, head: re.Match[str], ended: bool) -> tuple[ToolCall, int]:
    """The call that begins with `head`, and where it ends."""
    values: dict[str, Any] = {}
    notes: list[str] = []
    at = head.end()
    while parameter := _PARAMETER.match(text, at):
        end = text.find(_END, parameter.end())
        inner = text[parameter.end() : end]
        if parameter.group(1) == head.group(1) and inner.lstrip().startswith("<parameter="):
            notes.append(f"<parameter={head.group(1)}> without a value")
            at = parameter.end()
            continue
        if end < 0 or "<parameter=" in inner or "<function=" in inner or "</function" in inner:
            raise Unreadable(f"the parameter {parameter.group(1)!r} is not closed")
        if parameter.group(1) in values:
            raise Unreadable(f"{parameter.group(1)!r} is given twice")
        if not (parameter.group().endswith("\n") and inner.endswith("\n")):
            notes.append(f"the value of {parameter.group(1)!r} does not stand on lines of its own")
        values[parameter.group(1)] = _value(parameter.group(1), inner.removesuffix("\n"), notes)
        at = end + len(_END)
    if "action" not in values and "type" in values:
        values["action"] = str(values.pop("type")).strip()
        notes.append("the action was called 'type'")
    over = _OVER.match(text, at)
    rest = text[at : head.end() + MAX_TEXT].strip()
    if over is None and (rest.removesuffix(CLOSE).strip() or not ended):
        raise Unreadable("the call cannot be read: </function> is missing")
    notes += [] if over else ["no </function> after the parameters"]
    return ToolCall(head.group(1), values, over is not None, tuple(notes), True), over.end() if over else at


def _value(name: str, text: str, notes: list[str]) -> Any:
    if name == "action":
        return text.strip()
    if name in _NUMBERS and _NUMBER.fullmatch(text.strip()):
        return float(text) if "." in text or "e" in text else int(text)
    if name not in _VALUES or not text.lstrip().startswith(("[", "{")):
        return text
    found = read_lenient(text.strip(), 0)
    if text.strip()[found.end :].strip():
        raise Unreadable(f"{name!r} is more than one value")
    notes += found.notes
    return found.value
