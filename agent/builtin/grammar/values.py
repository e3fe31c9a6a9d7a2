"""Rules of check boxes and values."""

from __future__ import annotations

import re

from agent.builtin import instructions as s
from agent.builtin.grammar.fragments import pairs
from agent.builtin.grammar.literals import LITERAL
from agent.builtin.grammar.parser import Found, TaskParser
from agent.builtin.grammar.phrases import FIELD
from agent.builtin.grammar.rule import I, Match, RuleList

RULES = RuleList()


@RULES.rule(
    r"(?:accept|agree\s+(?:to|with))\s+(?P<t>[^,]*\b(?:terms|conditions|policy|agreement|licen[cs]e|rules)\b[^,]*)"
)
def _agree(r: TaskParser, m: Match) -> Found:
    return (s.SetChecked(r.target(m["t"]), True),)


@RULES.rule(
    r"(?:check|tick|enable|activate|turn\s+on|switch\s+on|mark|toggle\s+on)\s+(?!(?:whether|if|that|for|how|what"
    r"|the\s+weather|out|my)\b)(?P<t>.+)"
)
def _check(r: TaskParser, m: Match) -> Found:
    return r.many(m["t"], lambda t: s.SetChecked(t, True))


@RULES.rule(
    r"(?:uncheck|untick|un-check|deselect|unselect|disable|deactivate|turn\s+off|switch\s+off|unmark|toggle\s+off)"
    r"\s+(?P<t>.+)"
)
def _uncheck(r: TaskParser, m: Match) -> Found:
    return r.many(m["t"], lambda t: s.SetChecked(t, False))


@RULES.rule(r"(?:turn|switch|toggle)\s+(?P<t>.+?)\s+(?P<v>on|off)")
def _turn(r: TaskParser, m: Match) -> Found:
    return r.many(m["t"], lambda t: s.SetChecked(t, m["v"].lower() == "on"))


@RULES.rule(r"(?:put|place)\s+a\s+(?:check|tick)(?:\s*mark)?\s+(?:in|on|next\s+to|at|beside)\s+(?P<t>.+)")
def _put_check(r: TaskParser, m: Match) -> Found:
    return (s.SetChecked(r.target(m["t"]), True),)


@RULES.rule(r"(?:toggle|flip)\s+(?P<t>.+)")
def _toggle(r: TaskParser, m: Match) -> Found:
    return r.many(m["t"], lambda t: s.SetChecked(t, None))


@RULES.rule(
    r"(?:set|change|adjust|make|switch|increase|decrease|raise|lower|reduce)\s+(?P<t>.+?)\s+(?:to\s+be|to|as|equal to"
    r"|=)\s+(?P<v>.+)"
)
def _set(r: TaskParser, m: Match) -> Found:
    items = pairs(r"(.+?)\s+to\s+(.+)", f"{m['t']} to {m['v']}")
    if items and len(items) > 1:
        return tuple(s.SetValue(r.target(t), r.lit(v)) for t, v in items)
    if re.match(r"(?:sure|it)\b", m["t"], I):
        return None
    value = r.lit(_INSTEAD.sub("", m["v"]))
    name = re.sub(r"^the value of\s+|\s+from\s+\S+$", "", m["t"], flags=I)
    return r.many(name, lambda t: s.SetValue(t, value))


_INSTEAD = re.compile(rf"(?:\s+(?:instead\s+of|rather\s+than)|,?\s+(?:and\s+)?not)\s+(?:\S+|{LITERAL})[\s.]*$", I)


@RULES.rule(rf"make\s+(?!sure\b)(?P<t>(?:the\s+)?.+?)\s+(?:says?|reads?|be|shows?)\s+(?P<v>{LITERAL}|(?-i:[A-Z0-9]).*)")
def _make_say(r: TaskParser, m: Match) -> Found:
    return (s.SetValue(r.target(m["t"]), r.lit(_INSTEAD.sub("", m["v"]))),)


_MADE = rf"(the\s+[a-z]\w*(?:\s+[a-z]\w*)?)\s+(\d\S*|(?-i:[A-Z]\w*)|{LITERAL})"


@RULES.rule(rf"make\s+(?P<items>{_MADE}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+){_MADE})*)")
def _make(r: TaskParser, m: Match) -> Found:
    items = pairs(_MADE, m["items"]) or []
    return tuple(s.SetValue(r.target(name), r.lit(value)) for name, value in items) or None


@RULES.rule(
    r"(?:clear|empty|erase|delete|remove|wipe)\s+(?:(?:all\s+)?(?:the\s+)?(?:text|contents?|value)\s+(?:in|of|from)"
    rf"\s+)?(?P<t>.*?\b{FIELD}|{LITERAL}|(?:all\s+)?the\s+text|(?:everything|all\s+(?:of\s+)?the\s+text)(?:\s+(?:in|from)\s+(?:here|(?:the|this)\s+(?:document|file|text|editor|page)))?)|clear(?P<t2>\s+(?!all\b)(?:the\s+)?\S+)?"
)
def _clear(r: TaskParser, m: Match) -> Found:
    name = r.target(m["t"] or m["t2"] or "")
    if re.match(r"(?:delete|remove)", m.group(), I) and not re.search(r"text|content|value|everything", m.group(), I):
        return None
    return (
        s.Clear(
            ""
            if re.fullmatch(r"(?:all )?(?:the )?text|(?:everything|all (?:of )?the text)(?: .*)?|it", name, I)
            else name
        ),
    )
