"""What a follower can tell from two looks: what changed, what shows, whether a dialog has come up."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz

from actions.frame import Box
from agent.builtin.phrases import DIALOG
from agent.perception.elements import Element, PerceivedScreen, PerceivedWindow
from envs.env import Image

_CARET = (3, 48)
"""A blinking text cursor is at most this wide and high, in pixels."""


@dataclass(frozen=True)
class PerceivedObservation:
    """One observation as the follower sees it: `image` is RGB uint8 HxWx3, `screen` what was read from it."""

    screen: PerceivedScreen
    image: Image


def norm(text: str) -> str:
    """Text for comparison: lower case, NFKC, without blanks at the ends and dots of an ellipsis."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("…", "...")
    text = re.sub(r"\s+", " ", text).strip()
    return text.strip(" .:*\"'“”‘’") or text


def changed_box(before: PerceivedObservation, after: PerceivedObservation) -> Box | None:
    """The smallest box (frame pixels) that holds every changed pixel; None when all that changed is a caret."""
    if before.image.shape != after.image.shape:
        return Box(0, 0, after.screen.width, after.screen.height)
    differs = np.abs(before.image.astype(np.int16) - after.image.astype(np.int16)).max(axis=2) > 3
    if not differs.any():
        return None
    ys, xs = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    box = Box(float(xs[0]), float(ys[0]), float(xs[-1] + 1), float(ys[-1] + 1))
    return None if box.width <= _CARET[0] and box.height <= _CARET[1] else box


def changed(before: PerceivedObservation, after: PerceivedObservation) -> bool:
    """Whether anything but a blinking caret differs, in pixels or in what was read."""
    if before.image is after.image or before.image.shape == after.image.shape:
        if changed_box(before, after) is not None:
            return True
        if before.image.size > 3:  # the pixels are the truth; what was read from equal pixels may waver
            return False
    return _signature(before.screen) != _signature(after.screen)


_STILL = ("field", "button", "select", "checkbox", "radio", "switch", "icon", "tab")


def changed_elsewhere(before: PerceivedObservation, after: PerceivedObservation, own: Box) -> bool:
    """Whether anything changed but `own` (a pressed button's box) and the rims of widgets that read as before.

    A button that lights up under the pointer, and a field that loses the focus, are no effect of a click.
    """
    kept = [own.grown(6)] + [
        e.box.grown(5)
        for e in after.screen.elements
        if e.role in _STILL and e.box.area < 0.15 * after.screen.width * after.screen.height and _same(e, before.screen)
    ]
    if before.image.shape != after.image.shape or before.image.size <= 3:
        outside = [_signature(s, lambda e: not own.grown(6).holds(e.box.center)) for s in (before.screen, after.screen)]
        return outside[0] != outside[1]
    differs = np.abs(before.image.astype(np.int16) - after.image.astype(np.int16)).max(axis=2) > 3
    for box in kept:
        x1, y1, x2, y2 = (max(0, int(v)) for v in box)
        differs[y1:y2, x1:x2] = False
    if not differs.any():
        return False
    ys, xs = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    return bool(xs[-1] - xs[0] >= _CARET[0] or ys[-1] - ys[0] >= _CARET[1])


def changed_within(before: PerceivedObservation, after: PerceivedObservation, own: Box) -> bool:
    """Whether anything changed inside `own`."""
    if before.image.shape != after.image.shape or before.image.size <= 3:
        return changed(before, after)
    x1, y1, x2, y2 = (max(0, int(v)) for v in own)
    return not np.array_equal(before.image[y1:y2, x1:x2], after.image[y1:y2, x1:x2])


def _same(element: Element, before: PerceivedScreen) -> bool:
    """Whether `before` shows the same element, with the same words and state, at the same place."""
    return any(
        e.role == element.role
        and norm(e.text) == norm(element.text)
        and e.checked is element.checked
        and e.box.overlap(element.box) > 0.7 * max(e.box.area, element.box.area)
        for e in before.elements
    )


def window_came(earlier: Iterable[PerceivedObservation], now: PerceivedObservation) -> bool:
    """Whether a region as large as a dialog differs from every one of the `earlier` looks."""
    boxes = [changed_box(look, now) for look in earlier]
    return bool(boxes) and all(box is not None and box.width >= 150 and box.height >= 60 for box in boxes)


_COMPLAINTS = re.compile(
    r"\b(?:please (?:fill|enter|select|check|tick|choose|include|match)|is required|required field|invalid"
    r"|not valid|must (?:be|not|have)|(?:an )?error(?: occurred)?\b|failed|could not|cannot|can't|unable to"
    r"|permission denied|no such file|does not exist)",
    re.IGNORECASE,
)


def complaint(before: PerceivedScreen, after: PerceivedScreen) -> str:
    """What a program that refuses says, if such words have come up since `before`; else empty."""
    new = [e.text for e in fresh(before, after) if _COMPLAINTS.search(e.text) and len(e.text) < 120]
    return new[0] if new else ""


def _signature(screen: PerceivedScreen, which: Callable[[Element], bool] = lambda e: True) -> set[tuple[object, ...]]:
    return {(e.role, norm(e.text), e.checked, tuple(round(v / 4) for v in e.box)) for e in screen.elements if which(e)}


def known(element: Element, before: PerceivedScreen) -> bool:
    """Whether `before` has an element of the same words at about the same place."""
    name = norm(element.text) or element.role
    for other in before.elements:
        near = (
            abs(other.box.center.x - element.box.center.x) < 16 and abs(other.box.center.y - element.box.center.y) < 12
        )
        if near and (norm(other.text) or other.role) == name:
            return True
    return False


def fresh(before: PerceivedScreen, after: PerceivedScreen) -> list[Element]:
    """The elements of `after` that `before` has not."""
    return [e for e in after.elements if not known(e, before)]


def short(text: str, limit: int = 60) -> str:
    """`text` on one line, cut to `limit` characters."""
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def name(element: Element) -> str:
    """An element in a person's words: its role and what it says."""
    words = element.text or element.label or next(iter(element.icons), "")
    role = {"menu": "menu", "menuitem": "menu entry"}.get(element.role, element.role)
    return (
        f"the {role} “{short(words, 40)}”"
        if words
        else f"a {role} at {element.box.center.x:.0f}, {element.box.center.y:.0f}"
    )


def all_text(elements: Iterable[Element]) -> str:
    """The words of all elements, normalised, in reading order."""
    return " ".join(norm(e.text) for e in elements if e.text)


def shows(screen: PerceivedScreen, words: str) -> bool:
    """Whether `words` can be read on the screen, allowing for misread letters in longer ones."""
    wanted = norm(words)
    if not wanted:
        return False
    whole = re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)")
    text = all_text(screen.elements)
    if whole.search(text) or any(wanted == norm(e.label) for e in screen.elements):
        return True
    if len(wanted) < 6:
        return False
    return any(
        fuzz.partial_ratio(wanted, norm(e.text)) >= 90
        and len(norm(e.text)) >= len(wanted) - 2
        and set(re.findall(r"\d+", wanted)) <= set(re.findall(r"\d+", e.text))
        for e in screen.elements
    )


def exact(screen: PerceivedScreen, words: str) -> list[Element]:
    """The elements whose whole text or label is `words`."""
    wanted = norm(words)
    return [e for e in screen.elements if wanted and wanted in (norm(e.text), norm(e.label))]


# ------------------------------------------------------------------------------------------- dialogs

_CLOSES = (
    "close",
    "dismiss",
    "not now",
    "no thanks",
    "no, thanks",
    "maybe later",
    "later",
    "skip",
    "cancel",
    "no",
    "×",
    "x",
)
_AGREES = (
    "ok",
    "okay",
    "got it",
    "i understand",
    "understood",
    "accept",
    "continue",
    "yes",
    "agree",
    "accept all",
    "allow",
)
NEUTRAL = frozenset(_CLOSES)
"""Button words that leave everything as it is."""
_RISKY = re.compile(
    r"\b(?:delet|remov|overwrit|replace|discard|erase|format|reset|uninstall|pay|buy|purchase|send|unsaved|lose|lost|"
    r"don'?t save|without saving|permanent|terminate|quit|sign out|log ?out)",
    re.IGNORECASE,
)
_GENERIC = re.compile(
    r"(?:an?|any|the|some|unexpected|new|other|modal|sudden|surprise|kind of|that|which|this|\s)*"
    rf"{DIALOG}\s*(?:box|window)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Dialog:
    """A dialog that came up: its buttons (harmless words only), all its words, whether text can be typed into it."""

    buttons: tuple[Element, ...]
    words: str
    has_fields: bool

    @property
    def risky(self) -> bool:
        """Whether its words speak of something that cannot be undone."""
        return _RISKY.search(self.words) is not None

    def button(self, how: str = "") -> Element | None:
        """The button to close it with: by `how` ("ok", "cancel"), else the one that changes least; None if unsafe."""
        order = {"ok": _AGREES + _CLOSES, "cancel": tuple(reversed(_CLOSES))}.get(how, _CLOSES + _AGREES)
        if self.risky and how != "ok":
            order = _CLOSES
        ranked = [b for word in order for b in self.buttons if _button_word(b) == word]
        return ranked[0] if ranked else None


def _button_word(element: Element) -> str:
    word = norm(element.text)
    return word or next((name for name in element.icons[:1] if name in ("close", "dismiss")), "")


def find_dialog(screen: PerceivedScreen, before: PerceivedScreen | None) -> Dialog | None:
    """The dialog that `screen` shows and `before` did not (None: anything on the screen counts as new)."""
    new = list(screen.elements) if before is None else fresh(before, screen)
    window = None if before is None else _new_window(screen, before)
    if window is not None:  # what else changed meanwhile is not part of it
        new = [e for e in new if window.box.holds(e.box.center)]
    few = sum(e.role == "menuitem" for e in new) <= 3  # a bare pop-up may be taken for a menu of a few entries
    buttons = [
        e
        for e in new
        if (e.role in ("button", "text", "link", "icon") or (few and e.role == "menuitem"))
        and _button_word(e) in _CLOSES + _AGREES
        and e.box.height < 100
    ]
    if not buttons:
        return None
    words = all_text(e for e in new if e not in buttons)
    return Dialog(tuple(buttons), words, any(e.role in ("field", "select", "slider") for e in new))


def _new_window(screen: PerceivedScreen, before: PerceivedScreen) -> PerceivedWindow | None:
    """The front window, if `before` showed none of its title and size."""
    front = screen.windows[0] if screen.windows else None
    if front is None or any(
        w.title == front.title and abs(w.box.width - front.box.width) + abs(w.box.height - front.box.height) < 20
        for w in before.windows
    ):
        return None
    return front


def risky_words(before: PerceivedScreen, after: PerceivedScreen) -> str:
    """The words that came up since `before`, if they speak of something that cannot be undone; else empty."""
    words = all_text(fresh(before, after))
    return words if _RISKY.search(words) else ""


def is_generic_dialog(words: str) -> bool:
    """Whether a condition names no particular dialog: "a dialog", "an unexpected pop-up"."""
    return _GENERIC.fullmatch(words.strip()) is not None


def dialog_words(words: str) -> str:
    """What must be readable for a particular dialog: the quoted words, or the name without its noun."""
    quoted = re.search(r"[\"“„'«‘「`]([^\"”“'»’」`]+)[\"”“'»’」`]", words)
    if quoted:
        return quoted[1]
    words = re.sub(r"\b(?:that|which)\s+(?:says|reads|asks)\b", " ", words)
    return re.sub(
        rf"^(?:an?|any|the)\s+|\s+{DIALOG}$|^{DIALOG}\s+(?:saying|titled|named|with|about)\s+", "", words
    ).strip()
