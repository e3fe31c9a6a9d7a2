"""Rules of clicks other than plain ones, and of hovering."""

from __future__ import annotations

import re
from dataclasses import replace

from actions.keys import check_key
from agent.builtin import instructions as s
from agent.builtin.grammar.parser import Found, TaskParser
from agent.builtin.grammar.phrases import MODIFIER
from agent.builtin.grammar.rule import I, Match, RuleList

RULES = RuleList()


@RULES.rule(
    r"(?P<v>.*?(?:click|tap|press|move|hover)\w*)\s+(?:on\s+|at\s+|to\s+)?(?:(?:the\s+)?(?:point|position"
    r"|coordinates?|pixel|location)\s*)?(?:at\s+)?\(?\s*(?P<x>\d+(?:\.\d+)?)\s*,\s*(?P<y>\d+(?:\.\d+)?)\s*\)?"
)
def _at_pixel(r: TaskParser, m: Match) -> Found:
    if "(" not in m.group() and not re.search(r"\bat\b|point|position|coord|pixel|location", m.group(), I):
        return None
    found = r.clause(m["v"] + " it")
    if not found or not isinstance(found[0], s.ClickOn):
        return None
    return (replace(found[0], target=f"({m['x']}, {m['y']})", at=(float(m["x"]), float(m["y"]))),)


@RULES.rule(r"either-click\s+(?P<t>.+)")
def _either(r: TaskParser, m: Match) -> Found:
    name = r.target(m["t"])
    otherwise = r.clause(m["t"])
    return (s.Alternatives(name, s.ClickOn(name), otherwise),) if otherwise else None


@RULES.rule(
    r"(?:long[- ]?(?:press|click|tap)|press long)(?:ing)?\s+(?:on\s+)?(?P<t>.+?)(?:\s+for\s+(?P<n>\d+(?:\.\d+)?)"
    r"\s*s(?:ec(?:ond)?s?)?)?"
)
def _long_press(r: TaskParser, m: Match) -> Found:
    return (s.LongPressOn(r.target(m["t"]), float(m["n"] or 1)),)


@RULES.rule(r"(?P<n>double|triple|two|three)[- ]?(?:left[- ]?)?(?:click|tap)\s+(?P<t>.+)")
def _multi_click(r: TaskParser, m: Match) -> Found:
    count = 2 if m["n"].lower() in ("double", "two") else 3
    return r.many(m["t"], lambda t: s.ClickOn(t, count=count))


@RULES.rule(
    r"(?P<b>right|middle|secondary)[- ]?(?:mouse[- ])?(?:click|tap)\s+(?P<t>.+)|(?:click|press)\s+(?:on\s+)?"
    r"(?P<t2>.+?)\s+(?:with|using)\s+(?:the\s+)?(?P<b2>right|middle|left)(?:\s+mouse)?\s+button"
)
def _other_button(r: TaskParser, m: Match) -> Found:
    button = (m["b"] or m["b2"]).lower().replace("secondary", "right")
    return r.many(m["t"] or m["t2"], lambda t: s.ClickOn(t, button=button))  # type: ignore[arg-type]


@RULES.rule(
    rf"(?P<k>(?:{MODIFIER}[-+ ]+)+)(?P<n>double[- ]?)?(?:click|tap)\s+(?P<t>.+)|(?:click|tap)\s+(?P<t2>.+?)\s+"
    rf"(?:while|with)\s+(?:holding\s+|pressing\s+)?(?:down\s+)?(?:the\s+)?(?P<k2>{MODIFIER}(?:[-+]{MODIFIER})*)(?:"
    r"\s+key)?(?:\s+(?:held|pressed|down))*"
)
def _held_click(r: TaskParser, m: Match) -> Found:
    keys = tuple(check_key(k) for k in re.split(r"[-+ ]+", m["k"] or m["k2"]) if k)
    return r.many(m["t"] or m["t2"], lambda t: s.ClickOn(t, count=2 if m["n"] else 1, keys=keys))


@RULES.rule(
    r"(?:hover|mouse|point)\s+(?:the\s+(?:mouse|pointer|cursor)\s+)?(?:over|on|at|to|above)\s+(?P<t>.+)|(?:move|put"
    r"|place|bring)\s+(?:the\s+)?(?:mouse|pointer|cursor)(?:\s+(?:pointer|cursor))?\s+(?:to|over|on|onto|above|at)"
    r"\s+(?P<t2>.+)|hover\s+(?P<t3>.+)"
)
def _hover(r: TaskParser, m: Match) -> Found:
    return (s.Hover(r.target(m["t"] or m["t2"] or m["t3"])),)
