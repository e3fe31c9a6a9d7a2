"""The learned choice: the score by rules and the likeness by the encoder joined into one probability.

`choice.json` is fitted by ``python -m tools.build_meaning fit``: a conditional logit over a screen's elements and
"none of them".
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.perception.elements import Element, PerceivedScreen
from agent.perception.icon_concepts import concepts
from agent.perception.meaning.description import TargetDescription
from agent.perception.meaning.element_scores import ScoredElement, role_factor
from agent.perception.meaning.encoder import text_encoder
from agent.perception.meaning.text_similarity import is_opposite

Floats = NDArray[np.float32]
LONGEST = 60
"""Characters of the longest text that names something to act on; more is prose."""
_PROPOSED = 8  # elements by likeness, and by the rules
_LIKELY = 0.3  # an icon concept below is not read
_NAMES = 3  # words of a concept that are compared
_ACTED_ON = frozenset(["button", "field", "checkbox", "radio", "switch", "select", "menu", "menuitem", "tab", "link"])


class Choices(NamedTuple):
    """Elements and a row of features for each (`FEATURES`)."""

    elements: list[ScoredElement]
    features: Floats


class _Likeness(NamedTuple):
    """How like a request the name of an element is that is most like it."""

    scaled: float
    cosine: float
    name: str
    likely: float
    element: Element


FEATURES = (
    "rules", "rules by text", "rules by icon", "rules, ahead of the next", "cosine", "cosine, ahead of the next",
    "scaled likeness", "likelihood of the icon", "role", "acted on", "no relation",
)  # fmt: skip


def choices(screen: PerceivedScreen, target: TargetDescription, found: Sequence[ScoredElement]) -> Choices:
    """What `found` and the encoder propose, with features."""
    alike = _likenesses(screen, target, found)
    order = sorted(alike.values(), key=lambda one: -one.scaled)
    ruled = {id(s.element): s for s in found}
    proposed = {
        id(e): e for e in (*(one.element for one in order[:_PROPOSED]), *(s.element for s in found[:_PROPOSED]))
    }
    labels = {e.label.casefold() for e in proposed.values() if e.label}
    elements, rows = [], []
    for key, element in proposed.items():
        if element.role == "text" and element.text.casefold() in labels:
            continue  # the words beside a control that is proposed too
        one = alike.get(key, _Likeness(-1.0, 0.0, "", 1.0, element))
        scored = ruled.get(key, ScoredElement(element, 0.0, "likeness", element.box))
        next_ruled = max((s.score for s in found if s.element is not element), default=0.0)
        others = (o.cosine for o in order if o.element is not element and o.name.lower() != one.name.lower())
        elements.append(scored)
        rows.append((
            scored.score, scored.score * scored.why.startswith(("text", "label")),
            scored.score * scored.why.startswith("icon"), max(-0.5, scored.score - next_ruled),
            one.cosine, one.cosine - max(others, default=0.0), one.scaled, one.likely, role_factor(element, target),
            element.role in _ACTED_ON, not target.relations,
        ))  # fmt: skip
    return Choices(elements, np.array(rows, np.float32).reshape(-1, len(FEATURES)))


def _likenesses(
    screen: PerceivedScreen, target: TargetDescription, found: Sequence[ScoredElement]
) -> dict[int, _Likeness]:
    """The likeness of each element that has a name, by its id."""
    named = [(e, t, p) for e in screen.elements for t, p in _names(e) if not is_opposite(target.raw, t)]
    named += [(s.element, s.element.text, 1.0) for s in found if s.why.startswith("text over")]
    if not named:
        return {}
    encoder = text_encoder()
    names, request = encoder.vectors([text for _, text, _ in named]), encoder.vectors([target.raw])[0]
    alike: dict[int, _Likeness] = {}
    for (element, text, likely), scaled, cosine in zip(
        named, encoder.likeness(names, request), names @ request, strict=True
    ):
        if id(element) not in alike or scaled > alike[id(element)].scaled:
            alike[id(element)] = _Likeness(float(scaled), float(cosine), text, likely, element)
    return alike


def _names(element: Element) -> list[tuple[str, float]]:
    """What an element says, is labelled and may show, with the likelihood of each."""
    found = [(t.strip(), 1.0) for t in (element.text, element.label)]
    found = [(t, p) for t, p in found if 2 <= len(t) <= LONGEST and re.search(r"[^\W\d]{2}", t)]
    if len(element.text) <= 1:
        for concept, likely in element.shows[:2]:
            if likely >= _LIKELY and (row := concepts().get(concept)):
                found += [(name, likely) for name in (concept.replace("-", " "), *row["words"][:_NAMES])]
        if not element.shows:  # a sign that was read, or a control of a title bar
            found += [(name, 1.0) for name in element.icons[:_NAMES]]
    return found


@cache
def _weights() -> tuple[Floats, float]:
    kept = json.loads((Path(__file__).parent / "choice.json").read_text("utf-8"))
    return np.array([kept["weights"][name] for name in FEATURES], np.float32), float(kept["none"])


def probabilities(features: Floats) -> Floats:
    """How likely each row is what was asked for; what is missing to 1 is that none is."""
    weights, none = _weights()
    logits = np.append(features @ weights, none)
    grown = np.exp(logits - logits.max())
    shares: Floats = (grown / grown.sum())[:-1]
    return shares


def chosen(screen: PerceivedScreen, target: TargetDescription, found: Sequence[ScoredElement]) -> list[ScoredElement]:
    """`found` and what the encoder proposes, each with its probability as score."""
    elements, features = choices(screen, target, found)
    if not elements:
        return list(found)
    return [replace(s, score=float(p)) for s, p in zip(elements, probabilities(features), strict=True)]
