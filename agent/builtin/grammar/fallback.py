"""Rules tried last: typing without quotes or target, and "Name: Bob"."""

from __future__ import annotations

import re

from agent.builtin import instructions as s
from agent.builtin.grammar.fragments import WHAT
from agent.builtin.grammar.literals import LITERAL
from agent.builtin.grammar.parser import Found, TaskParser
from agent.builtin.grammar.phrases import CLICKING, TYPING
from agent.builtin.grammar.rule import I, Match, RuleList

RULES = RuleList()


@RULES.rule(
    r"(?:type|write|enter|input|insert|put|key in|type\s+in|type\s+out|write\s+down|enter\s+in)(?:\s+|\s*:\s*)"
    r"(?:in\s+)?"
    rf"(?:{WHAT})(?P<text>\S.*)"
)
def _type(r: TaskParser, m: Match) -> Found:
    literals = r.literals.all_of(m["text"])
    rest = re.sub(LITERAL, "", m["text"])
    if len(literals) == 1 and re.fullmatch(
        (
            r"[\s.,;!]*(?:there|here|(?:to|in|on) it|in quotes|exactly|exactly as written|verbatim|now|please|for "
            r"me|again|first|too|as well)?[\s.!?]*"
        ),
        rest,
        I,
    ):
        return (s.TypeInto(literals[0]),)
    if len(literals) > 1 and re.fullmatch(r"(?:\s|,|and|then|followed by)*", rest, I):
        return tuple(s.TypeInto(x) for x in literals)
    if _COMPOSE.match(m["text"]):
        return None
    if named := re.fullmatch(r"(?P<text>.+)\s+(?:in|for)\s+(?P<t>[A-Z]\w*(?:\s+\w+){0,2})", m["text"].strip()):
        into = s.TypeInto(r.lit(named["text"]), r.target(named["t"]))
        return (s.Alternatives(into.target, into, (s.TypeInto(r.lit(m["text"])),)),)
    return (s.TypeInto(r.lit(m["text"])),)


_COMPOSE = re.compile(
    r"(?:(?:an?|the|some|your|my|\w+)\s+)?(?:\w+\s+)?(?:poem|letter|e-?mail|essay|story|messages?|list|summary"
    r"|report|notes?|reply|"
    r"review|code|program|script|function|paragraphs?|sentences?|article|post|comment|text)\s+(?:about|to|for|on"
    r"|that|of|saying|with)\b",
    I,
)


@RULES.rule(r"(?P<t>[^:=.]{1,40}?)\s*[:=]\s+(?P<v>\S.*)")
def _label_value(r: TaskParser, m: Match) -> Found:
    if CLICKING.match(m["v"]) or TYPING.match(m["v"]):
        return r.clause(m["v"])
    if (
        len(m["t"].split()) > 4
        or not re.search(r"[^\W\d_]", m["t"])
        or re.match(r"(?:type|write|enter|press|click|then|note|warning|e\.g|and|or|find|what|who|task)\b", m["t"], I)
    ):
        return None
    return (s.SetValue(r.target(m["t"]), r.lit(m["v"])),)
