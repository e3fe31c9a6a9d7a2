"""One description to one point: the built-in model's `locate`."""

from __future__ import annotations

from rapidfuzz import fuzz

from agent.core.model import Grounding
from agent.perception.elements import Candidate, Element, PerceivedScreen
from agent.perception.meaning.description import parse_target
from agent.perception.meaning.ranking import SURE, rank
from agent.perception.normalisation import words_only

_NEAR = 0.25  # a score below is of nothing in particular
_WIDGETS = ("button", "field", "checkbox", "radio", "switch", "select", "slider")


def locate(screen: PerceivedScreen, instruction: str) -> Grounding:
    """The point and box of the element described, in frame pixels, or a refusal that names the nearest element.

    Two equal widgets that fit equally well are refused too: which one is meant cannot be known.
    """
    target = parse_target(instruction)
    found = rank(screen, target)
    if not found or found[0].score < SURE:
        return Grounding(
            refused=True, score=found[0].score if found else 0.0, reason=_nothing(screen, instruction, found)
        )
    best = found[0]
    twins = [other for other in found[1:] if _twins(best, other)]
    if twins and target.ordinal is None:
        reason = f"{len(twins) + 1} places look like {_name(best.element)}: say which (first, second, left of …)"
        return Grounding(refused=True, score=best.score / (len(twins) + 1), reason=reason)
    return Grounding(point=best.point, box=best.element.box, score=best.score, reason=best.why)


def _twins(a: Candidate, b: Candidate) -> bool:
    """Whether two candidates are widgets of one kind with the same words and the same score."""
    alike = (
        a.element.role == b.element.role in _WIDGETS
        and a.element.text == b.element.text
        and a.element.label == b.element.label
    )
    return (
        alike
        and bool(a.element.text or a.element.label)
        and abs(a.score - b.score) < 0.005
        and a.element.box.overlap(b.element.box) == 0
    )


def _nothing(screen: PerceivedScreen, instruction: str, found: list[Candidate]) -> str:
    if not screen.elements:
        return f"nothing fits {instruction!r}: the screen looks empty"
    if found and found[0].score >= _NEAR:
        return f"nothing fits {instruction!r}; the nearest is {_name(found[0].element)} (score {found[0].score:.2f})"
    words = words_only(parse_target(instruction).words)
    alike = [(float(fuzz.ratio(words, words_only(e.text or e.label))), e) for e in screen.elements if e.text or e.label]
    likest = max(alike, key=lambda pair: pair[0], default=None)
    near = f"; the nearest is {_name(likest[1])}" if likest and likest[0] > 0 else ""
    return f"nothing on the screen fits {instruction!r}{near}"


def _name(element: Element) -> str:
    words = element.text or element.label or ", ".join(element.icons[:2])
    return (
        f"the {element.role} {words!r}"
        if words
        else f"a {element.role} at {element.box.center.x:.0f},{element.box.center.y:.0f}"
    )
