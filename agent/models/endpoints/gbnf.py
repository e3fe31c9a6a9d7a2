"""Regular expressions as llama.cpp's grammars (GBNF).

Takes the subset that `agent.models.dialects.regex` writes. Long repetitions become endless ones: llama.cpp
refuses grammars
that repeat too much (``MAX_REPETITION_THRESHOLD`` in ``llama-grammar.cpp``), and the token limit bounds them too.
"""

from __future__ import annotations

import re

TOKEN = re.compile(
    r"(?P<open>\(\?:)|(?P<mark>[()|?*+])|(?P<times>\{\d+(?:,\d*)?\})|(?P<set>\[\^?(?:\\.|[^\]\\])+\])|"
    r"(?P<escaped>\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.))|(?P<plain>[^\\()\[\]{}|?*+])",
    re.DOTALL,
)
"""One piece of a pattern of the subset."""
_LONGEST = 64
_CONTROL = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def gbnf(pattern: str) -> str:
    """The grammar whose sentences are what `pattern` fits. Raises ValueError for a pattern beyond the subset."""
    parts, at = [], 0
    while at < len(pattern):
        token = TOKEN.match(pattern, at)
        if token is None:
            raise ValueError(f"no grammar for the pattern at {pattern[at : at + 20]!r}")
        parts.append(_part(token))
        at = token.end()
    return f"root ::= {' '.join(_joined(_bound(parts)))}"


def _bound(parts: list[str]) -> list[str]:
    """Signs of repetition joined to what they repeat."""
    made: list[str] = []
    for part in parts:
        if part[0] in "?*+{" and made:
            made[-1] += part
        else:
            made.append(part)
    return made


def _joined(parts: list[str]) -> list[str]:
    """Literals that follow one another as one."""
    made: list[str] = []
    for part in parts:
        if made and part[0] == '"' == part[-1] and made[-1][0] == '"' == made[-1][-1]:
            made[-1] = made[-1][:-1] + part[1:]
        else:
            made.append(part)
    return made


def _part(token: re.Match[str]) -> str:
    text = token.group()
    match token.lastgroup:
        case "open":
            return "("
        case "mark":
            return text
        case "times":
            return _times(text)
        case "set":
            return _set(text)
        case "escaped":
            return '"' + _sign(text) + '"'
    return '"' + _CONTROL.get(text, text) + '"'


def _times(text: str) -> str:
    least, _, most = text[1:-1].partition(",")
    if int(most or least) <= _LONGEST and (most or "," not in text):
        return text
    return {"0": "*", "1": "+"}.get(least, f"{{{least},}}")


def _set(text: str) -> str:
    inner = re.sub(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", lambda match: _in_set(match.group()), text[1:-1])
    return f"[{inner}]"


def _in_set(escaped: str) -> str:
    if escaped == "\\s":
        return " \\t\\n\\r"
    return escaped if escaped[1] in "xunrt\\]" else {"[": "\\[", '"': '"'}.get(escaped[1], escaped[1])


def _sign(escaped: str) -> str:
    sign = escaped[1]
    if sign in "xunrt":
        return escaped
    return _CONTROL.get(sign, sign)
