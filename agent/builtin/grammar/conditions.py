"""Rules of conditions and places: "if a dialog appears, …", "in the File menu, …"."""

from __future__ import annotations

import re
from dataclasses import replace

from agent.builtin import instructions as s
from agent.builtin.grammar.fragments import list_name, option
from agent.builtin.grammar.literals import LITERAL
from agent.builtin.grammar.parser import Found, TaskParser
from agent.builtin.grammar.phrases import ART, FIELD, GOES, ORDERED, SHOWS, bare
from agent.builtin.grammar.rule import I, Match, RuleList

RULES = RuleList()


@RULES.rule(
    rf"(?:if|in case|should|whenever|any ?time|every time)\s+(?P<c>.+?)\s+(?P<s>{SHOWS})"
    r"(?:\s*[,:]\s*(?:then\s+)?|\s+then\s+|\s+)(?P<then>\S.*)"
)
def _guard(r: TaskParser, m: Match) -> Found:
    return _guarded(r, m["c"], m["then"])


@RULES.rule(
    r"(?:if|in case|should|whenever)\s+(?:there(?:'s| is| are)|you (?:see|get))\s+(?P<c>.+?)(?:\s*,\s*(?:then\s+)?|"
    r"\s+then\s+)(?P<then>\S.*)"
)
def _guard_there(r: TaskParser, m: Match) -> Found:
    return _guarded(r, re.sub(rf"\s+{SHOWS}$", "", m["c"], flags=I), m["then"])


@RULES.rule(
    r"(?:if|when(?:ever)?|in case|should)\s+(?:(?:you|it)(?:'re|\s+are|\s+is|\s+be)?\s+)?(?:asked|prompted|asks)"
    r"\b[^,]*,\s*(?:then\s+)?(?P<then>\S.*)"
)
def _guard_asked(r: TaskParser, m: Match) -> Found:
    return _guarded(r, "dialog", m["then"])


@RULES.rule(rf"(?P<then>.+?),?\s+(?:if|whenever|in case|should)\s+(?P<c>\S.*?)\s+{SHOWS}")
def _guard_after(r: TaskParser, m: Match) -> Found:
    if re.fullmatch("it|one", m["c"], I):
        found = r.clause(m["then"])
        return tuple(replace(x, optional=True) for x in found if isinstance(x, s.Dismiss)) or None if found else None
    return _guarded(r, m["c"], m["then"])


@RULES.rule(
    rf"(?:when|once|as soon as|after)\s+(?P<c>.+?)\s+(?P<s>{SHOWS}|(?:has |is |are )?(?:load(?:s|ed)?|ready)|{GOES})"
    r"(?:\s*,\s*(?:then\s+)?|\s+then\s+|\s+)(?P<then>\S.*)"
)
def _when(r: TaskParser, m: Match) -> Found:
    then = _consequence(r, m["then"], m["c"])
    if then is None:
        return None
    indefinite = re.match(r"(?:an?|any|some)\b", m["c"], I)
    if indefinite and all(isinstance(x, s.Dismiss) for x in then):
        return (s.Trigger(r.target(m["c"]), then),)
    gone = re.fullmatch(GOES, m["s"], I) is not None
    return (s.WaitFor(r.target(m["c"]), gone=gone), *then)


def _guarded(r: TaskParser, condition: str, then: str) -> Found:
    steps = _consequence(r, then, condition)
    if not steps:
        return None
    return (s.Trigger(re.sub(r"^(?:any|some)\s+", "", r.target(condition)), steps),)


def _consequence(r: TaskParser, text: str, about: str) -> Found:
    """The instructions of a condition's second half, where "it" is the subject of the condition."""
    pieces = [re.sub(r"\b(?:it|that|them)\s*$", bare(about), p) for p in re.split(r"\s+and\s+(?:then\s+)?", text)]
    found = [r.clause(p) for p in pieces]
    if all(found):
        return tuple(
            replace(x, source=x.source or r.literals.restore(p))
            for p, f in zip(pieces, found, strict=True)
            for x in f or ()
        )
    whole = r.clause(text)
    return tuple(replace(x, source=x.source or r.literals.restore(text)) for x in whole) if whole else None


@RULES.rule(r"on\s+(?:the|a)\s+(?:new|fresh|same)\s+(?:line|one)\s*,?\s+(?P<then>(?:type|enter|write|put)\b.+)")
def _on_line(r: TaskParser, m: Match) -> Found:
    return r.clause(m["then"])


@RULES.rule(
    rf"(?:in|from|under|inside|within|using|via|through|with)\s+{ART}(?P<menu>.+?)\s+menu\s*,?\s+(?P<then>(?:click"
    r"|choose|select|pick|open|go to|find|press|hit|tap)\b.+)"
)
def _in_menu(r: TaskParser, m: Match) -> Found:
    then = r.clause(re.sub(r"^find\b", "click", m["then"], flags=I))
    return (s.OpenMenu(r.target(m["menu"]) + " menu"), *then) if then else None


@RULES.rule(
    rf"(?:in|into|inside|on)\s+{ART}(?P<field>.+?(?:\s|{LITERAL}\s*){FIELD})(?:\s+(?:at|on)\s+the\s+\w+)?\s*,?\s+"
    r"(?P<then>(?:type|enter|write|input|put)\b.+)"
)
def _in_field(r: TaskParser, m: Match) -> Found:
    if (
        re.search(r"\b(?:console|terminal|shell|prompt|command line)$", m["field"], I)
        and m["then"][:5].lower() == "enter"
    ):
        return r.clause(f"run{m['then'][5:]} in the terminal")
    then = r.clause(m["then"])
    if then and isinstance(then[0], s.TypeInto) and not then[0].target:
        if re.search(r"\b(?:window|document|page|dialog|console|terminal)$", m["field"], I):
            return then
        return (replace(then[0], target=r.target(m["field"])), *then[1:])
    return None


@RULES.rule(
    r"(?:in|into|under|for)\s+(?:the\s+)?(?P<t>(?-i:[A-Z]\w*)(?:\s+\w+){0,2}?|"
    + LITERAL
    + r")\s*,?\s+(?P<then>(?:type|enter|write|put)\s+\S.*)"
)
def _in_named_field(r: TaskParser, m: Match) -> Found:
    then = r.clause(m["then"])
    if then and len(then) == 1 and isinstance(then[0], s.TypeInto) and not then[0].target:
        return (replace(then[0], target=r.target(m["t"])),)
    return None


@RULES.rule(r"with\s+the\s+(?:cursor|caret)\s+at\s+(?P<where>.+?\s+of\s+(?:the\s+)?\w+)\s*,\s*(?P<then>\S.*)")
def _with_cursor(r: TaskParser, m: Match) -> Found:
    return r.both(f"go to {m['where']}", m["then"])


@RULES.rule(
    r"(?:under|for|from|in)\s+(?P<list>(?!.*\b(?:dialog|window|app|page|mousepad|panel|menu|and)\b)[^,]+?)\s*,?\s+"
    r"(?:select|choose|pick)\s+(?P<o>(?:(?!\s(?:from|in|as)\s).)+)"
)
def _choose_under(r: TaskParser, m: Match) -> Found:
    return (s.Choose(option(r, m["o"]), list_name(r, m["list"])),)


@RULES.rule(
    r"use\s+(?:the\s+)?(?P<menu>[^,]+?)\s+menu\s+to\s+(?:click\s+|choose\s+|select\s+)?(?P<t>\S+(?:"
    r"\s+[A-Za-z.…]+){0,3})"
)
def _use_menu(r: TaskParser, m: Match) -> Found:
    return (s.OpenMenu(r.target(m["menu"]) + " menu"), s.ClickOn(r.target(m["t"])))


@RULES.rule(r"(?:in|on|inside|within|at|from|using|with|under|for)\s+(?P<where>[^,]+?)\s*,\s*(?P<then>\S.*)")
def _in_place(r: TaskParser, m: Match) -> Found:
    return None if re.search(ORDERED, m["where"], I) else r.clause(m["then"])


@RULES.rule(
    r"(?:in|on|inside|within|from|using)\s+(?P<where>[^,]{1,40}?)\s+(?P<then>(?:click|type|press|open|choose|select"
    r"|tap|check|tick|enter|scroll|set|drag)\b.+)"
)
def _in_place_no_comma(r: TaskParser, m: Match) -> Found:
    return r.clause(m["then"])
