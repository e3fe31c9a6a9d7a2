"""DialogExecutor on a perceived screen: which is new, its buttons, whether it is risky, how a condition names it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from actions.frame import Box
from agent.builtin.grammar.phrases import DIALOG
from agent.builtin.screen_diff import all_text, fresh
from agent.perception.elements import Element, PerceivedScreen, PerceivedWindow
from agent.perception.normalisation import normalised

_CLOSES = (
    "close", "dismiss", "not now", "no thanks", "no, thanks", "maybe later", "later", "skip", "cancel", "no", "×",
    "x",
)  # fmt: skip
_AGREES = (
    "ok", "okay", "got it", "i understand", "understood", "accept", "continue", "yes", "agree", "accept all",
    "allow",
)  # fmt: skip
_DOES = (
    "save", "open", "create", "rename", "delete", "remove", "replace", "send", "done", "apply", "submit", "confirm",
)  # fmt: skip
CONFIRM = "confirm"
"""How a dialog is closed that the task says to confirm: never by a button that calls it off."""
_MISREAD = {"qk": "ok", "0k": "ok", "gk": "ok"}
"""Short words whose underlined first letter is read as another."""
NEUTRAL = frozenset(_CLOSES)
"""Texts of buttons that change nothing."""
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
_BAR = 40
"""The most that a title bar is high, in pixels."""


@dataclass(frozen=True)
class Dialog:
    """A new dialog: its buttons with known words, its other text, whether it has fields."""

    buttons: tuple[Element, ...]
    words: str
    has_fields: bool

    @property
    def risky(self) -> bool:
        """Whether its text mentions an irreversible action."""
        return _RISKY.search(self.words) is not None

    def button(self, how: str = "") -> Element | None:
        """The button that closes it: by `how` ("ok", "cancel", "confirm"), else the most harmless, if one is safe."""
        orders = {CONFIRM: _AGREES + _DOES, "ok": _AGREES + _CLOSES, "cancel": tuple(reversed(_CLOSES))}
        order = orders.get(how, _CLOSES + _AGREES)
        if self.risky and how not in ("ok", CONFIRM):
            order = _CLOSES
        ranked = [b for word in order for b in self.buttons if button_word(b) == word]
        return ranked[0] if ranked else None


def button_word(element: Element) -> str:
    """What a button says: a known word, also where its icon was read before it, or its first letter as another."""
    word = normalised(element.text)
    for said in (word, word[1:].strip()):  # the icon in a button may be read as a letter before its word
        if (said := _MISREAD.get(said, said)) in _CLOSES + _AGREES + _DOES:
            return said
    return word or next((name for name in element.icons[:1] if name in ("close", "dismiss")), "")


def find_dialog(screen: PerceivedScreen, before: PerceivedScreen | None) -> Dialog | None:
    """The dialog that `screen` shows and `before` did not (None: everything on the screen counts as new).

    What a window behind the front one shows is no dialog, and the control that closes a window is no dialog's where
    the window is not new: each would close that window.
    """
    new = list(screen.elements) if before is None else fresh(before, screen)
    new = [e for e in new if screen.is_in_front(e, e.box.center)]
    window = None if before is None else _new_window(screen, before)
    if window is not None:  # other changes are not part of the dialog
        new = [e for e in new if window.box.holds(e.box.center)]
    else:
        new = [e for e in new if not _closes_window(e, screen)]
    few = sum(e.role == "menuitem" for e in new) <= 3  # a small pop-up may be perceived as a menu
    buttons = [
        e
        for e in new
        if (e.role in ("button", "text", "link", "icon") or (few and e.role == "menuitem"))
        and button_word(e) in _CLOSES + _AGREES + _DOES
        and e.box.height < 100
    ]
    if not any(button_word(e) in _CLOSES + _AGREES for e in buttons):
        return None
    words = all_text(e for e in new if e not in buttons)
    return Dialog(tuple(buttons), words, any(e.role in ("field", "select", "slider") for e in new))


def _closes_window(element: Element, screen: PerceivedScreen) -> bool:
    """Whether an X stands right of a control that maximises or minimises a window."""
    box = element.box
    return button_word(element) in ("close", "dismiss", "x", "×") and any(
        {"maximize", "minimize"} & set(e.icons)
        and abs(e.box.center.y - box.center.y) < box.height
        and 0 < box.center.x - e.box.center.x < 5 * box.height
        for e in screen.elements
    )


def _new_window(screen: PerceivedScreen, before: PerceivedScreen) -> PerceivedWindow | None:
    """The front window, if `before` showed none of its title and size, and neither a window nor its title there.

    How far down a window goes is known only as far as nothing covers it: its title tells it too.
    """
    front = screen.windows[0] if screen.windows else None
    if front is None or any(
        (w.title == front.title and abs(w.box.width - front.box.width) + abs(w.box.height - front.box.height) < 20)
        or same_place(w.box, front.box)
        for w in before.windows
    ):
        return None
    bar = front.box._replace(y2=front.box.y1 + _BAR)
    titles = (normalised(e.text) for e in before.elements if bar.holds(e.box.center))
    return None if front.title and normalised(front.title) in titles else front


def same_place(one: Box, other: Box) -> bool:
    """Whether two windows are one: their edges differ by less than 3 pixels."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) < 3


def risky_words(before: PerceivedScreen, after: PerceivedScreen) -> str:
    """The text that appeared since `before`, if it mentions an irreversible action; else empty."""
    words = all_text(fresh(before, after))
    return words if _RISKY.search(words) else ""


def is_generic_dialog(words: str) -> bool:
    """Whether a condition names no particular dialog: "a dialog", "an unexpected pop-up"."""
    return _GENERIC.fullmatch(words.strip()) is not None


def dialog_words(words: str) -> str:
    """The text that identifies a particular dialog: the quoted words, or the name without its noun."""
    quoted = re.search(r"[\"“„'«‘「`]([^\"”“'»’」`]+)[\"”“'»’」`]", words)
    if quoted:
        return quoted[1]
    words = re.sub(r"\b(?:that|which)\s+(?:says|reads|asks)\b", " ", words)
    return re.sub(
        rf"^(?:an?|any|the)\s+|\s+{DIALOG}$|^{DIALOG}\s+(?:saying|titled|named|with|about)\s+", "", words
    ).strip()


_COMPLAINTS = re.compile(
    r"\b(?:please (?:fill|enter|select|check|tick|choose|include|match)|is required|required field|invalid"
    r"|not valid|must (?:be|not|have)|(?:an )?error(?: occurred)?\b|failed|could not|cannot|can't|unable to"
    r"|permission denied|no such file|does not exist)",
    re.IGNORECASE,
)


def complaint(before: PerceivedScreen, after: PerceivedScreen) -> str:
    """The text of an error message that has appeared since `before`; else empty."""
    new = [e.text for e in fresh(before, after) if _COMPLAINTS.search(e.text) and len(e.text) < 120]
    return new[0] if new else ""
