"""Rules of scrolling, sliders and dragging."""

from __future__ import annotations

import re

from agent.builtin import instructions as s
from agent.builtin.grammar.parser import Found, TaskParser
from agent.builtin.grammar.phrases import COUNT, SHOWS, number
from agent.builtin.grammar.rule import I, Match, RuleList

RULES = RuleList()


_WAY = r"(?P<way>up|down|left|right)(?:wards?)?"
_FAR = (
    r"(?P<far>(?:all\s+the\s+way(?:\s+(?:up|down))?(?:\s+to\s+the\s+(?:\w+\s+)?(?:top|bottom|end|beginning"
    r"|start))?|(?:back\s+)?to\s+the\s+(?:very\s+)?(?:top|bottom|end|beginning|start))(?:\s+of\s+(?P<of>.+))?)"
)


@RULES.rule(rf"(?:scroll|swipe|page)\s+(?:the\s+(?:page|screen|list|window)\s+)?(?:{_WAY}\s+)?{_FAR}")
def _scroll_far(r: TaskParser, m: Match) -> Found:
    up = (m["way"] or "").lower() == "up" or re.search(r"\b(?:top|beginning|start|up)\b", m["far"], I)
    side = (m["way"] or "").lower()
    way = side if side in ("left", "right") else "up" if up else "down"
    where = (
        "" if re.fullmatch(r"(?:the\s+)?(?:page|screen|window|document)", m["of"] or "page", I) else r.target(m["of"])
    )
    return (s.ScrollTo(way, edge=True, where=where),)  # type: ignore[arg-type]


@RULES.rule(
    r"(?:keep\s+)?(?:scroll|swipe|page)(?:ing)?\s*(?:(?:in|on|over|through)?\s*(?P<w1>(?:the|this)\s+.+?)\s+)?"
    rf"(?:{_WAY})?(?:\s+(?:in|on|over|through|inside)\s+(?P<w2>.+?))?"
    r"\s+(?:until|till|to\s+(?:find|see|reach|view|get to|locate)|(?P<to>to))\s+(?:(?:you\s+(?:can\s+)?|i\s+(?:can"
    rf"\s+)?)?(?:see|find|reach)\s+)?(?P<c>.+?)(?:\s+{SHOWS})?"
)
def _scroll_until(r: TaskParser, m: Match) -> Found:
    way = _content_way(m)
    if re.fullmatch(r"(?:the\s+)?(?:left|right)", m["c"], I):
        return (s.ScrollTo(m["c"].split()[-1].lower()),)  # type: ignore[arg-type]
    return (s.ScrollTo(way, until=r.target(m["c"]), where=_where(r, m["w1"] or m["w2"])),)  # type: ignore[arg-type]


@RULES.rule(
    rf"(?:scroll|swipe|page)\s*(?:(?P<w1>(?:the|this)\s+.+?)\s+)?(?:to\s+the\s+)?{_WAY}"
    rf"(?P<much>(?:\s+(?:by\s+)?(?:{COUNT}\s+(?:times|notch(?:es)?|steps?|pages?|clicks?|lines?|ticks?|screens?)|"
    r"(?P<w>once|twice)|(?:a|one)\s+(?:bit|little|page|screen|notch|lot|step)(?:\s+more)?|half a page|slightly|more"
    r"|again|further))*)"
    r"(?:\s+(?:in|on|over|at|through|inside|the)\s+(?P<w2>(?:(?!\s+(?:to|for)\s).)+))?(?:\s+for\s+.*)?"
)
def _scroll(r: TaskParser, m: Match) -> Found:
    much = m["much"].lower()
    times = number(m["n"] or m["w"]) * (3 if re.search(r"page|screen|lot", much) else 1)
    return (s.ScrollTo(_content_way(m), times=min(times, 20), where=_where(r, m["w1"] or m["w2"])),)  # type: ignore[arg-type]


def _content_way(m: Match) -> str:
    """The direction to scroll; a swipe up scrolls down."""
    way = (m["way"] or "down").lower()
    swiped = m.group().lower().startswith("swipe") and m["way"]
    return {"up": "down", "down": "up", "left": "right", "right": "left"}[way] if swiped else way


def _where(r: TaskParser, text: str | None) -> str:
    name = r.target(text or "")
    return "" if re.fullmatch(r"(?:whole |entire )?(?:page|screen|window|app|document|article)?", name, I) else name


_SLIDER = (
    r"(?P<t>.*?\b(?:slider|scale|knob|handle|thumb|volume|brightness|seek bar|scroll ?bar|trackbar)\b(?:\s+"
    r"(?:slider|scale|handle|thumb|knob))?)"
)


@RULES.rule(
    rf"(?:drag|move|slide|set|push|pull|adjust|change|turn|increase|decrease|raise|lower|bring)\s+{_SLIDER}(?:\s+"
    r"(?:up|down|over))?\s+to\s+(?:the\s+value\s+|about\s+|around\s+)?(?:of\s+)?(?P<v>-?\d+(?:[.,]\d+)?)\s*(?P<pc>%"
    r"|percent|per cent)?|(?:slide|drag)\s+(?P<t2>.+?)\s+to\s+(?P<v2>-?\d+(?:\.\d+)?)\s*(?P<pc2>%|percent)?"
)
def _slide(r: TaskParser, m: Match) -> Found:
    value = float((m["v"] or m["v2"]).replace(",", "."))
    return (s.Slide(_slider_name(r, m["t"] or m["t2"]), value, percent=bool(m["pc"] or m["pc2"])),)


@RULES.rule(
    rf"(?:drag|move|slide|set|push|pull|turn|bring)\s+{_SLIDER}\s+(?:(?:all\s+the\s+way|fully|completely|entirely)"
    r"\s+)?(?:to|towards)?\s*(?:the\s+|its\s+)?(?:far\s+|very\s+)?(?P<e>right|left|max(?:imum)?|min(?:imum)?|top"
    r"|bottom|end|start|beginning|middle|cent(?:er|re)|half(?:way)?|highest|lowest|full|zero)(?:\s*-?\s*(?:most)?"
    r"\s*(?:end|edge|side|position|value|way))*"
)
def _slide_end(r: TaskParser, m: Match) -> Found:
    end = m["e"].lower()
    low, half = (
        end in ("left", "min", "minimum", "bottom", "start", "beginning", "lowest", "zero"),
        end.startswith(("mid", "cent", "half")),
    )
    return (s.Slide(_slider_name(r, m["t"]), 50 if half else 0 if low else 100, percent=True),)


def _slider_name(r: TaskParser, text: str) -> str:
    name = re.sub(r"\s+(?:handle|thumb|knob)$", "", r.target(text), flags=I)
    return re.sub(r"^(?:handle|thumb|knob) of (?:the )?", "", name, flags=I)


@RULES.rule(
    r"drag\s+(?P<t>.+?)\s+(?:by\s+)?(?P<n>\d+)\s*(?:px|pixels?)?\s+(?:to\s+the\s+)?(?P<way>left|right|up|down)"
    r"(?:wards?)?|drag\s+(?P<t2>.+?)\s+(?:to\s+the\s+)?(?P<way2>left|right|up|down)(?:wards?)?\s+by\s+(?P<n2>\d+)"
    r"\s*(?:px|pixels?)?"
)
def _drag_by(r: TaskParser, m: Match) -> Found:
    n, way = int(m["n"] or m["n2"]), (m["way"] or m["way2"]).lower()
    dx, dy = {"left": (-n, 0), "right": (n, 0), "up": (0, -n), "down": (0, n)}[way]
    return (s.DragTo(r.target(m["t"] or m["t2"]), by=(dx, dy)),)


@RULES.rule(
    r"(?:drag|pull)\s+(?:from\s+)?(?P<a>.+?)\s+(?:and\s+drop\s+it\s+)?(?:to|onto|on|into|over|over to|in)\s+(?:the"
    r"\s+top\s+of\s+)?(?P<b>.+)|move\s+(?P<a2>.+?)\s+(?:onto|into|over to)\s+(?P<b2>.+)"
)
def _drag(r: TaskParser, m: Match) -> Found:
    return (s.DragTo(r.target(m["a"] or m["a2"]), r.target(m["b"] or m["b2"])),)
