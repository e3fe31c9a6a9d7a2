"""Rules of menus, apps, choices and plain clicks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from agent.builtin import instructions as s
from agent.builtin.grammar.fragments import CLICK, PATH, list_name, option, pairs
from agent.builtin.grammar.literals import LITERAL
from agent.builtin.grammar.parser import Found, TaskParser
from agent.builtin.grammar.phrases import ART, N_TIMES, ORDERED, bare, number
from agent.builtin.grammar.rule import I, Match, RuleList

RULES = RuleList()


_MORE_THAN_NAME = re.compile(rf"{LITERAL}\s*\S|\S\s*{LITERAL}|\s(?-i:to|from|and|so)\s", I)


@RULES.rule(
    rf"(?:(?:click|choose|select|open|go to|use|pick|press|via|through|navigate to)\s+)?(?:on\s+)?(?:{ART}menu\s+"
    r"(?:path\s+|entry\s+|item\s+)?)?(?P<p>[^>→»›⇒▸]+?(?:\s*(?:->|=>|[>→»›⇒▸])\s*[^>→»›⇒▸]+)+)"
)
def _path(r: TaskParser, m: Match) -> Found:
    if re.match(r"(?:type|write|enter|press|run|execute)\b", m.group(), I):
        return None
    first, *rest = [r.target(p) for p in PATH.split(m["p"]) if p.strip()]
    if any(re.search(r"\.\w{1,4}$", name) and not name.endswith("...") for name in (first, *rest)):
        return None  # a command with its output in a file
    if any(_MORE_THAN_NAME.search(p) or len(p.split()) > 5 for p in PATH.split(m["p"])):
        return None
    steps = tuple(s.ClickOn(p, source=f"choose {p}") for p in rest)
    first = re.sub(r"\s+menu$", "", first, flags=I)
    return (s.OpenMenu(first + " menu", source=f"open the {first} menu"), *steps) if rest else None


@RULES.rule(
    r"(?:click(?:\s+on)?|choose|select|pick|open|use|find|press|tap(?:\s+on)?)\s+(?P<t>.+?)\s+(?:in|from|under|on"
    r"|inside|within|of)\s+(?:the\s+)?(?P<menu>[^,]+?)\s+menu"
)
def _entry_of_menu(r: TaskParser, m: Match) -> Found:
    if re.fullmatch(r"the|an?|this|that", m["menu"], I):  # one that is open
        return tuple(s.ClickOn(r.target(p)) for p in PATH.split(m["t"]))
    label = re.search(r"^(?P<l>.+?)\s+(?:drop-?\s?down|combo)$", m["menu"], I)
    if label:
        return (s.Choose(option(r, m["t"]), r.target(label["l"])),)
    if re.search(r"\b(?:drop-?\s?down|pop-?up|combo|context|this|right-click|main)$", m["menu"], I):
        return (s.Choose(option(r, m["t"])) if re.search("drop|combo", m["menu"], I) else s.ClickOn(r.target(m["t"])),)
    return (s.OpenMenu(r.target(m["menu"]) + " menu"), s.ClickOn(r.target(m["t"])))


@RULES.rule(
    r"(?:open|pull\s+down|drop\s+down|expand|unfold|show|click(?:\s+on)?|tap(?:\s+on)?|go\s+to|select|choose|press)"
    r"\s+(?:the\s+)?(?:(?P<t>[^,]+?)\s+menu(?:\s+(?:in|on|at)\s+the\s+(?:menu\s*)?(?:bar|top).*)?|menu\s+"
    r"(?P<t2>[^,]+))"
)
def _menu(r: TaskParser, m: Match) -> Found:
    name = r.target(m["t"] or m["t2"])
    if re.search(r"\band\b", name):
        return None
    if re.search(
        r"\b(?:drop-?down|context|three[- ]dots?|hamburger|kebab|more|overflow|main|side|navigation)$", name, I
    ):
        return (s.ClickOn(name + " menu"),)
    return (s.OpenMenu(name + " menu"),)


_URL = (
    r"(?:https?://\S+|file://\S+|(?:www\.)?[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|de|io|edu|gov|co|uk|fr|eu|dev|app"
    r"|info|html?)(?:[/:]\S*)?|localhost(?:[:/]\S*)?|\d+\.\d+\.\d+\.\d+\S*)"
)


@RULES.rule(
    r"(?:open|go\s+to|visit|browse\s+to|navigate\s+to|load)\s+(?:the\s+)?(?:(?:page|site|website|url|web\s*page"
    rf"|address|web address)\s+)?(?:at\s+)?(?P<u>{_URL}|{LITERAL})(?:\s+in\s+.+)?"
)
def _url(r: TaskParser, m: Match) -> Found:
    target = r.lit(m["u"])
    if re.fullmatch(LITERAL, m["u"].strip()) and not re.fullmatch(_URL, target, I):
        return None
    if (
        not re.match(r"\w+://", target)
        and re.match("open", m.group(), I)
        and target.lower().endswith((".html", ".htm"))
    ):
        return (s.OpenTarget(target, "any"),)
    return (s.OpenTarget(target, "url"),)


@RULES.rule(
    rf"(?:open|launch|start|run|bring\s+up|switch\s+to)\s+(?:up\s+)?{ART}(?P<t>[^,]+?)\s+(?:app|application|program"
    r"|browser|editor)|(?:launch|start|run)\s+(?P<t2>(?!typing|the\b|an?\s.*\bline\b|.*\bcommands?\b)[^,]+)"
)
def _app(r: TaskParser, m: Match) -> Found:
    return (s.OpenTarget(r.literals.content(m["t"] or m["t2"]), "app"),)


@RULES.rule(
    r"(?:open|(?:go|step)\s+into|enter)\s+(?:the\s+)?(?:file|folder|directory|document)\s+(?:named\s+|called\s+)?(?P<t>.+)"
    r"|open\s+(?:the\s+)?(?P<t3>[^,]+?)\s+folder(?:\s+(?:with|by)\s+(?:a\s+)?double[- ]?click(?:ing)?(?:\s+it)?)?"
    r"|(?:go|step)\s+into\s+(?P<t4>(?-i:[A-Z])\S*|" + LITERAL + r")(?:\s+folder)?"
    r"|open\s+(?P<t2>[^"
    r"\s,]+\.\w{2,5})"
)
def _file(r: TaskParser, m: Match) -> Found:
    if re.search(rf"\sand\s+{ORDERED}", m.group(), I):
        return None
    return (s.OpenTarget(r.literals.content(m["t"] or m["t2"] or m["t3"] or m["t4"]), "file"),)


@RULES.rule(r"open\s+(?:up\s+)?(?P<t>.+)")
def _open(r: TaskParser, m: Match) -> Found:
    lists = re.search(
        r"\b(?:drop-?\s?down|list|combo ?box|tab|section|dialog|settings|link|options?|page)\b", m["t"], I
    )
    make: Callable[[str], s.Instruction] = s.ClickOn if lists else s.OpenTarget
    return r.many(m["t"], make)


@RULES.rule(
    r"(?:select|choose|pick|set)\s+(?:the\s+)?(?:option\s+|value\s+|entry\s+|item\s+)?(?P<o>.+?)\s+(?:in|from|for"
    r"|under|out of|within)\s+(?P<t>.+)"
)
def _choose(r: TaskParser, m: Match) -> Found:
    name = list_name(r, m["t"])
    if re.fullmatch(r"(?:the\s+)?(?:drop-?\s?downs|lists|menus|boxes)?", name, I):
        return r.many(m["o"], lambda t: s.ClickOn(t, option=True))
    items = pairs(r"(.+?)\s+(?:in|from|for|as)\s+(.+)", f"{m['o']} from {m['t']}")
    if items and len(items) > 1:
        return tuple(s.Choose(option(r, o), list_name(r, t)) for o, t in items)
    place = re.search(
        r"\b(?:dialog|window|toolbar|side ?bar|page|panel|corner|screen|grid|table|row|column|results?)$", m["t"], I
    )
    if place:
        return (s.ClickOn(r.target(m.group().split(None, 1)[1])),)
    return (s.Choose(option(r, m["o"]), name),)


@RULES.rule(
    r"(?:select|choose|pick|use|take)\s+(?P<o>.+?)\s+as\s+(?P<t>.+)|go\s+(?:with|for)\s+(?P<o2>.+?)\s+(?:for|as|in)\s+(?P<t2>.+)"
)
def _choose_as(r: TaskParser, m: Match) -> Found:
    return (s.Choose(option(r, m["o"] or m["o2"]), list_name(r, m["t"] or m["t2"])),)


@RULES.rule(
    r"(?:select|choose|pick|take(?=\s+(?-i:[A-Z])))\s+(?!(?:the\s+)?(?:best|cheapest|nearest|most|least|right|correct|appropriate|suitable"
    r"|any|some|one)\b)(?P<t>.+)"
)
def _select(r: TaskParser, m: Match) -> Found:
    return r.many(re.sub(r"^(?:the\s+)?option\s+", "", m["t"], flags=I), lambda t: s.ClickOn(t, option=True))


@RULES.rule(
    r"(?:close|quit|exit)\s+(?:the\s+|this\s+)?(?:(?P<w>window|program|app|application)|(?P<tab>(?:current\s+)?tab)|"
    r"(?P<menu>.*\bmenu))"
)
def _close(r: TaskParser, m: Match) -> Found:
    return (s.Press(("alt+f4" if m["w"] else "ctrl+w" if m["tab"] else "escape",)),)


@RULES.rule(r"close\s+(?P<t>(?!mousepad without).+)")
def _close_thing(r: TaskParser, m: Match) -> Found:
    return (s.ClickOn("close " + r.target(m["t"])),)


@RULES.rule(r"(?:go|navigate|switch|move|jump|head)\s+(?:over\s+)?to\s+(?P<t>.+)")
def _go_to(r: TaskParser, m: Match) -> Found:
    return r.many(m["t"], s.ClickOn)


@RULES.rule(
    r"(?:focus|activate)\s+(?:on\s+)?(?P<t>.+)|(?:place|put|set)\s+the\s+(?:cursor|caret|focus)\s+(?:in|into|on|to)"
    r"\s+(?P<t2>.+)"
)
def _focus(r: TaskParser, m: Match) -> Found:
    return (s.ClickOn(r.target(m["t"] or m["t2"])),)


@RULES.rule(rf"(?:{CLICK})\s+(?P<t>.+)")
def _click(r: TaskParser, m: Match) -> Found:
    text, times = m["t"], 1
    if count := N_TIMES.search(text):
        text, times = text[: count.start()], number(count["w"] or count["n"])
    if re.match(r"(?:type)\b", text, I) or not bare(text):
        return None
    inside = re.match(r"(?:in|into|inside)\s", text, I) is not None
    found = r.many(text, lambda t: s.ClickOn(t, inside=inside))
    if times == 2 and found and isinstance(found[0], s.ClickOn):
        return (replace(found[0], count=2),)
    return found * min(times, 20) if found else None
