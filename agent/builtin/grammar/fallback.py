"""Rules tried last: typing without quotes or target, "Name: Bob", and acts that a control of the screen does."""

from __future__ import annotations

import re

from agent.builtin import instructions as s
from agent.builtin.grammar.fragments import WHAT, type_list
from agent.builtin.grammar.literals import LITERAL
from agent.builtin.grammar.parser import Found, TaskParser
from agent.builtin.grammar.phrases import CLICKING, TYPING, VAGUE
from agent.builtin.grammar.rule import I, Match, RuleList

RULES = RuleList()


@RULES.rule(
    r"(?:(?:type|write)\s+(?:in|out|down)|enter\s+in|key\s+in|type|write|enter|input|insert|put)(?:\s+|\s*:\s*)"
    r"(?:in\s+)?"
    rf"(?:{WHAT})(?P<text>\S.*)"
)
def _type(r: TaskParser, m: Match) -> Found:
    said = re.sub(
        r"\s+(?:in\s+(?:its|their)\s+place|over\s+(?:it|that)|in\s+(?:that|this)\s+one|(?:there\s+)?instead(?:\s+of\s+(?:it|that|the\s+\w+))?|(?:in|over)\s+there)[\s.]*$",
        "",
        m["text"],
        flags=I,
    )
    literals = r.literals.all_of(said)
    rest = re.sub(LITERAL, "", said)
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
    if several := type_list(r, said):
        return several
    if _COMPOSE.match(said) or _DESCRIBED.match(said) or _GOES_ON.search(said):
        return None
    if named := re.fullmatch(r"(?P<text>.+)\s+(?:in|for)\s+(?P<t>[A-Z]\w*(?:\s+\w+){0,2})", said.strip()):
        into = s.TypeInto(r.lit(named["text"]), r.target(named["t"]))
        return (s.Alternatives(into.target, into, (s.TypeInto(r.lit(said)),)),)
    return None if _QUOTED_AND_MORE.match(said) else (s.TypeInto(r.lit(said)),)


_QUOTED_AND_MORE = re.compile(rf"\s*{LITERAL}\s*[,;.]?\s+(?:and|then)\s", I)
"""A quoted text with more to do after it, which no rule has read."""
_COMPOSE = re.compile(
    r"(?:(?:an?|the|some|your|my|\w+)\s+)?(?:\w+\s+)?(?:poem|letter|e-?mail|essay|story|messages?|list|summary"
    r"|report|notes?|reply|"
    r"review|code|program|script|function|paragraphs?|sentences?|article|post|comment|text)\s+(?:about|to|for|on"
    r"|that|of|saying|with)\b",
    I,
)


_GOES_ON = re.compile(r",\s*(?:and\s+)?(?:then|next|after\s+that|finally|last|lastly)\s", I)
"""A sequence of which no rule has read the parts."""
_DESCRIBED = re.compile(
    r"(?:(?:me|us)\s+(?:an?|the|some|up)|(?:an?|another|one|some|these|those|each|every)\s+(?:\w+\s+){0,2}(?:lines?|words?|"
    r"sentences?|paragraphs?|commands?|titles?|headings?|names?|rows?|letters?|spaces?|entry|entries))\b",
    I,
)
"""Text that is told of instead of given: "a new line with the date"."""


@RULES.rule(
    r"(?:and\s+)?(?:(?:do\s+not|don'?t|without)\s+(?:chang|touch|alter|edit|modify)(?:e|ing|ify|)\s+(?:anything|the\s+(?:other|rest)|any\s+other)"
    r".*|(?:leave|keep)\s+(?:everything\s+else|all\s+the\s+rest|the\s+(?:rest|others?)|the\s+other\s+\w+|\S+)\s+(?:(?:just\s+)?"
    r"(?:as|how|the\s+way)\s+(?:it|they)\s+(?:is|are|was|were)|alone|unchanged|untouched|in\s+place)|nothing\s+else|"
    r"the\s+original\s+stays\s+where\s+it\s+is)"
)
def _leave(r: TaskParser, m: Match) -> Found:
    return ()  # only what the task says is done


@RULES.rule(r"(?P<t>[^:=.]{1,40}?)\s*[:=]\s+(?P<v>\S.*)|(?P<t2>(?-i:[A-Z])\w*(?:\s+\w+){0,2}?)\s+[-–]\s+(?P<v2>\S.*)")
def _label_value(r: TaskParser, m: Match) -> Found:
    name, value = m["t"] or m["t2"], m["v"] or m["v2"]
    if CLICKING.match(value) or TYPING.match(value):
        return r.clause(value)
    if (
        len(name.split()) > 4
        or not re.search(r"[^\W\d_]", name)
        or re.match(
            r"(?:it|this|that|there|i|you|we|they|he|she|type|write|enter|run|execute|press|click|then|note|warning|e\.g|and|or|find|what|who|task)\b",
            name,
            I,
        )
    ):
        return None
    return (s.SetValue(r.target(name), r.lit(value)),)


_ACT = (
    r"(?:place|submit|send|confirm|cancel|proceed|continue|finish|complete|check\s*out|log\s+(?:in|out|off)|"
    r"sign\s+(?:in|out|up|off)|register|subscribe|apply|agree|decline|reject|add|book|buy|order|pay|purchase|reserve|"
    r"play|pause|stop|resume|start|begin|share|download|upload|post|publish|reply|forward|attach|archive|hide|show|"
    r"reveal|sort|filter|expand|collapse|edit|create|go|return|skip|retry|update|install|connect|disconnect|join|leave|"
    r"follow|mute|unmute|invite|call|answer|record|reset|restore|sync|lock|unlock|approve|allow|block|report)"
)


@RULES.rule(rf"{_ACT}(?-i:(?:\s+[a-z][a-z'-]*){{1,6}})")
def _act(r: TaskParser, m: Match) -> Found:
    """ "Place the order": the screen decides whether a control surely does that. It has no names and numbers."""
    if VAGUE.search(m.group()) or _NO_ACT.search(m.group()):
        return None
    return (s.UseControl(m.group().strip()),)


_NO_ACT = re.compile(
    r"\b(?:not|without|unless|until|if|when|while|or|about|that|which|who|named|called|saying|and|"
    r"an?|one|two|three|four|five|six|me|us|him|her|you|with)\b",
    I,
)
"""Words of a longer thought, and of things that are not there yet: they make a goal of it."""
