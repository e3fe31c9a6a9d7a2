"""What a clause that no rule reads surely means: a known instruction without a target, by the text encoder.

"Shut the program" is *close the window*. The clause must be much more alike to one instruction than to every other.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from agent.builtin.grammar.literals import LITERAL
from agent.builtin.grammar.phrases import IMPERATIVE
from agent.perception.meaning.encoder import Vectors, text_encoder

_ALIKE, _APART = 0.75, 0.2
"""The least cosine to the nearest instruction, and how much less that to every other must be."""
_WORDS = 7
"""Words of the longest clause that is compared."""

KNOWN: dict[str, tuple[str, ...]] = {
    "submit the form": ("submit the form", "send the form", "hand in the form", "send it"),
    "save": ("save the file", "save the document", "save it", "save your changes", "store the file"),
    "select all": ("select all the text", "highlight everything", "mark the whole text"),
    "copy everything": ("copy all the text", "copy everything"),
    "cut everything": ("cut all the text", "cut everything"),
    "copy it": ("copy it", "copy the selection", "copy the selected text"),
    "cut it": ("cut it", "cut out the selection"),
    "paste": ("paste it", "paste the text here", "paste what was copied", "insert the copied text"),
    "undo": ("undo the last change", "take back the last step"),
    "redo": ("redo the change", "do the undone step again"),
    "open a new tab": ("open a new tab", "add another tab"),
    "create a new document": ("create a new document", "start an empty file"),
    "go to the end of the document": ("go to the end of the text", "move the cursor to the bottom of the document"),
    "go to the beginning of the document": ("go to the beginning of the text", "move the cursor to the top"),
    "press Enter": ("press Enter", "hit Return", "start a new line", "go to the next line"),
    "confirm": ("confirm the question", "say yes to the dialog", "agree to the message"),
    "cancel the dialog": ("cancel the dialog", "say no to the question"),
    "close the tab": ("close the tab",),
    "close the window": ("close the window", "close the program"),
    "delete the selection": ("delete what is selected", "remove the selection"),
    "go back": ("go back to the page before", "return to the previous screen"),
    "reload the page": ("reload the page", "refresh the page"),
    "scroll down": ("scroll down", "move down the page"),
    "scroll up": ("scroll up", "move up the page"),
}
"""Ways to say each instruction, by the clause that the rules read."""


def nearest_clause(words: str) -> str | None:
    """The clause of `KNOWN` that `words` surely mean, or None."""
    if not IMPERATIVE.match(words) or len(words.split()) > _WORDS or re.search(rf"\d|{LITERAL}", words):
        return None
    names, vectors = _known()
    alike = vectors @ text_encoder().vectors([words.lower()])[0]
    best = int(np.argmax(alike))
    others = max(float(a) for a, name in zip(alike, names, strict=True) if name != names[best])
    return names[best] if alike[best] >= _ALIKE and alike[best] - others >= _APART else None


@cache
def _known() -> tuple[tuple[str, ...], Vectors]:
    said = [(name, way) for name, ways in KNOWN.items() for way in ways]
    return tuple(name for name, _ in said), text_encoder().vectors([way.lower() for _, way in said])
