"""The ways to take an answer: without the thought in front, and with full-width and typographic signs made plain."""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_PLAIN = 8000
"""How long an answer may be for its signs to be made plain."""
OPENINGS = ("<think>", "<thinking>", "<grounding_think>", "<THINK>", "<TINK>", "\u25c1think\u25b7")
_CLOSING = re.compile("</(?:think|thinking|grounding_think|THINK|TINK)>|\u25c1/think\u25b7")
_ANSWERS = re.compile(r"<(?:tool_call|answer|action)>")
_PLAIN = str.maketrans(
    {chr(0xFF01 + n): chr(0x21 + n) for n in range(94)}
    | dict(zip("\u3000\u2212\ufe63\u3001\u3002", " --,.", strict=True))
    | dict(zip("【】〔〕〈〉《》", "[][]<><>", strict=True))
    | dict(zip("\u201c\u201d\u201e\u2018\u2019", '"""\'\'', strict=True))
)
_QUOTED = re.compile(
    r"\u201c(?P<double>[^\u201c\u201d]*+)\u201d|\u2018(?P<single>[^\u2018\u2019]*+)\u2019|"
    r"\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\"|'[^'\\]*+(?:\\.[^'\\]*+)*+'",
    re.DOTALL,
)
MADE_PLAIN = "full-width or typographic signs were read as plain ones"


def candidate_texts(text: str, thinks: bool) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The texts to read in place of `text`, in order, each with notes; none for a thought that never ends.

    What a family that `thinks` has in its thought is never read as an answer.
    """
    bodies = _after_thought(text) if thinks else [(text, ())]
    yield from bodies
    for body, notes in bodies:
        plain = normalized(body) if len(body) <= MAX_PLAIN else body
        if plain != body:
            yield plain, (*notes, MADE_PLAIN)


def without_thought(text: str) -> str:
    """`text` without the tagged thought that it begins with, the tag itself perhaps left out."""
    closing = _CLOSING.search(text)
    return text[closing.end() :].lstrip() if closing else text


def _after_thought(text: str) -> list[tuple[str, tuple[str, ...]]]:
    begun = text.lstrip().startswith(OPENINGS)
    closing = _CLOSING.search(text)
    if closing:
        rest = text[closing.end() :]
        return [(rest, ())] if begun else [(rest, ()), (text, ())]
    if not begun:
        return [(text, ())]
    answer = _ANSWERS.search(text)
    return [(text[answer.start() :], ("the thought was not closed",))] if answer else []


def normalized(text: str) -> str:
    """`text` with plain digits, brackets, commas and quotes; what stands between quotes stays as it is."""
    made, at = [], 0
    for match in _QUOTED.finditer(text):
        made.append(text[at : match.start()].translate(_PLAIN))
        made.append(_requoted(match))
        at = match.end()
    return "".join(made) + text[at:].translate(_PLAIN)


def _requoted(match: re.Match[str]) -> str:
    for group, quote in (("double", '"'), ("single", "'")):
        inner = match.group(group)
        if inner is not None:
            return quote + inner.replace(quote, "\\" + quote) + quote
    return match.group()
