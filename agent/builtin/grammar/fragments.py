"""Patterns and readings that several rules share."""

from __future__ import annotations

import re

from agent.builtin import instructions as s
from agent.builtin.grammar.literals import LITERAL
from agent.builtin.grammar.parser import Found, TaskParser
from agent.builtin.grammar.phrases import LIST, bare, named_entry
from agent.builtin.grammar.rule import I

WHAT = (
    r"(?-i:the\s+)?(?:exact\s+)?(?:(?:text|words?|string|phrase|value|line|sentence|number|following|"
    rf"message(?=\s+{LITERAL}))\s+)?(?:exactly\s+)?:?\s*"
)
PATH = re.compile(r"\s*(?:>|→|»|›|⇒|->|=>|▸|/(?=\s))\s*")
CLICK = r"(?:(?:left[- ])?click|tap|touch|press|push|hit|single[- ]click|activate|follow)"


def typed(r: TaskParser, text: str, target: str) -> Found:
    """Text into a target; the name of a window or document means the focus."""
    kind = re.fullmatch(
        r"(?:(?:the|a)\s+)?(?:\w+\s+)?(?:lines?|quotes|capitals|uppercase|lowercase|bold|german|english)",
        target.strip(),
        I,
    )
    if kind:
        return None
    if re.search(rf"{LITERAL}.*\w|\w.*{LITERAL}", text) or re.search(r"\s(?:and|,)\s.+\s(?:for|in|into|as)\s", target):
        return None  # a second text and its field that no rule has read
    name = r.target(re.sub(r"\s+(?:as|with)\s+(?:is|text)$", "", target))
    general = re.fullmatch(
        r"(?:text )?(?:document|window|terminal|console|page|prompt|command line|xterm|mousepad|shell)(?: window)?",
        name,
        I,
    )
    return (s.TypeInto(r.lit(text), "" if general else name),)


def pairs(pattern: str, text: str) -> list[tuple[str, str]] | None:
    """The (first, second) of each item of a list, where every item has the pattern."""
    read = [re.fullmatch(pattern, item.strip(), I | re.DOTALL) for item in LIST.split(text)]
    return [(m[1], m[2]) for m in read if m] if all(read) else None


def type_list(r: TaskParser, text: str) -> Found:
    """ "Bob into Name and Smith into Surname"; None where it is not a list of at least two."""
    items = pairs(r"(.+?)\s+(?:into|in|as|for)\s+(.+)", text)
    if items is None or len(items) < 2:
        return None
    return tuple(s.TypeInto(r.lit(text), r.target(t)) for text, t in items)


def buttons(r: TaskParser, text: str) -> Found:
    """The buttons of a sum or list, one click each."""
    text = re.sub(r"^(?:the\s+)?(?:buttons?|keys?|digits?|numbers?)\s+(?=\S)", "", text.strip(), flags=I)
    items = [
        i
        for i in re.split(
            r"\s*,\s*(?:and\s+|then\s+)?|\s+and\s+(?:then\s+)?|\s+then\s+|\s+", r.literals.content(text).strip()
        )
        if i
    ]
    if any(re.fullmatch(r"[-+*/×÷−=]", i) for i in items) or len(items) == 1:
        items = [
            c
            for i in items
            for c in (re.findall(r"\d|[^\d\s]", i) if re.fullmatch(r"[\d\s.+*/×÷−=()^%-]+", i) else [i])
        ]
    return tuple(s.ClickOn(i, source=f"click {i}") for i in items) or None


def option(r: TaskParser, text: str) -> str:
    """The name of an entry of a list, without its noun."""
    bare_option = bare(named_entry(re.sub(r"\s+one$", "", bare(text), flags=I)))
    return r.literals.content(bare_option)


def list_name(r: TaskParser, text: str) -> str:
    """The name of a list, without its noun."""
    noun = (
        r"(?:drop-?\s?down(?:\s+(?:list|menu|box))?|combo\s?box|list(?:\s+box)?|select(?:\s+box)?|pull-?down"
        r"|options?|choices)"
    )
    name = re.sub(rf"\s*\b{noun}$", "", r.target(text), flags=I)
    return re.sub(rf"^{noun}\s+(?:named|called|labell?ed|for)?\s*", "", name, flags=I)
