"""Rules of waiting, verifying and reading."""

from __future__ import annotations

import re

from agent.builtin import instructions as s
from agent.builtin.grammar.literals import LITERAL
from agent.builtin.grammar.parser import Found, TaskParser
from agent.builtin.grammar.phrases import COUNT, GOES, SHOWS, number
from agent.builtin.grammar.rule import I, Match, RuleList

RULES = RuleList()


@RULES.rule(
    rf"(?:wait|pause|sleep)\s+(?:for\s+)?(?:about\s+|another\s+)?(?:{COUNT}|(?P<f>\d*\.\d+)|(?P<one>an?))\s*"
    r"(?P<unit>s|secs?|seconds?|ms|milliseconds?|m|mins?|minutes?)(?: or so)?"
)
def _pause(r: TaskParser, m: Match) -> Found:
    n = float(m["f"]) if m["f"] else float(number(m["n"]))
    unit = m["unit"].lower()
    return (s.WaitSeconds(n / 1000 if unit.startswith(("ms", "mil")) else n * 60 if unit.startswith("m") else n),)


@RULES.rule(r"(?:wait|pause)(?:\s+(?:for\s+)?(?:an?\s+)?(?:moment|bit|little(?: while)?|while|second|sec))?")
def _pause_short(r: TaskParser, m: Match) -> Found:
    return (s.WaitSeconds(1.0),)


@RULES.rule(
    rf"wait\s+(?:until|till|for)\s+(?P<c>.+?)\s+(?:to\s+)?(?:{GOES}|be (?:gone|closed|hidden)|disappear|vanish|close"
    r"|go away|finish)"
)
def _wait_gone(r: TaskParser, m: Match) -> Found:
    return (s.WaitFor(r.target(m["c"]), gone=True),)


@RULES.rule(
    rf"wait\s+(?:until|till|for)\s+(?:you\s+(?:can\s+)?see\s+|there\s+is\s+)?(?P<c>.+?)"
    rf"(?:\s+(?:{SHOWS}|to\s+(?:appear|show(?: up)?|pop up|come up|open|be (?:shown|displayed|visible|ready|open))))?"
    r"(?:\s+(?:on|in|at)\s+the\s+(?:screen|window|page|display))?"
)
def _wait_for(r: TaskParser, m: Match) -> Found:
    loads = re.fullmatch(
        r"(.+?)\s+(?:to\s+load|loads|to\s+settle|to be loaded|is loaded|has loaded|is ready)", m["c"], I
    )
    if loads and re.fullmatch(
        r"(?:the\s+)?(?:new\s+)?(?:page|screen|app|site|website|window|it|results?)", loads[1], I
    ):
        return (s.WaitSeconds(1.5),)
    says = re.fullmatch(r"(.+?)\s+(?:shows|says|reads|displays|contains)\s+(.+)", m["c"], I)
    return (s.WaitFor(r.target(says[2] if says else loads[1] if loads else m["c"])),)


@RULES.rule(
    r"(?:verify|make sure|ensure|confirm|check|see)\s+(?:that\s+)?(?P<t>.+?)\s+(?:is|are)\s+(?P<s>un|not\s+)?"
    r"(?P<v>checked|ticked|selected|enabled|disabled|off|on|active|switched on|switched off|turned on|turned off)"
)
def _ensure(r: TaskParser, m: Match) -> Found:
    on = not re.search(r"off|disabled", m["v"], I)
    return r.many(m["t"], lambda t: s.SetChecked(t, on != bool(m["s"])))


@RULES.rule(
    rf"(?:verify|make sure|ensure|check|confirm|see)\s+(?:that\s+)?(?P<c>.+?)\s+(?:{SHOWS}|(?:is|has) (?:opened"
    r"|loaded|appeared))"
)
def _verify(r: TaskParser, m: Match) -> Found:
    return (s.WaitFor(r.target(m["c"])),)


@RULES.rule(r"(?:leave|keep)\s+(?P<t>.+?)\s+(?P<v>checked|ticked|on|enabled|unchecked|unticked|off|disabled)")
def _leave(r: TaskParser, m: Match) -> Found:
    return r.many(m["t"], lambda t: s.SetChecked(t, m["v"].lower() in ("checked", "ticked", "on", "enabled")))


@RULES.rule(rf"(?:answer|reply|respond)\s+(?:it\s+)?(?:with\s+)?(?P<b>yes|no|ok(?:ay)?|cancel|{LITERAL})")
def _answer_with(r: TaskParser, m: Match) -> Found:
    return (s.ClickOn(r.target(m["b"])),)


@RULES.rule(
    r"(?:(?:(?:please\s+)?(?:tell|show|give)\s+me|answer(?:\s+with)?|report(?:\s+back)?|return|say|note|read(?:\s+"
    r"(?:out|aloud|off|me))?|"
    r"what(?:'s|\s+is|\s+are|\s+does)?|which|how (?:many|much))\s+)(?P<q>.+)"
)
def _tell(r: TaskParser, m: Match) -> Found:
    question = re.sub(r"^(?:what|which|that|the\s+answer\s+to|me)\s+", "", m["q"].strip(), flags=I)
    question = re.sub(r"^(?:is|are|does)\s+", "", question, flags=I)
    question = re.sub(r"\s+(?:shows?|says?|reads?|displays?|is|contains?|is showing)$", "", question, flags=I)
    question = re.sub(
        (
            r"^(?:text|value|number|word|content|contents|message)s?\s+(?:shown |displayed |written |that is )?"
            r"(?:in|on|of|by|shown)\s+"
        ),
        "",
        question,
        flags=I,
    )
    return (s.ReadText(r.target(question)),) if question else None
