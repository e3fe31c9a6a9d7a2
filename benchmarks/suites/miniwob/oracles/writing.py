"""Tasks of writing, copying, marking and scrolling text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from actions.action import AnyAction, Key, TypeText
from benchmarks.suites.miniwob.oracle import Hand, Thing, solves


def _submit(hand: Hand) -> AnyAction:
    return hand.click(hand.one("#subbtn"))


@solves("enter-text", "enter-text-dynamic")
def enter_text(hand: Hand) -> Iterator[AnyAction]:
    """The quoted text."""
    yield from hand.fill(hand.one("#tt"), hand.quoted()[0])
    yield _submit(hand)


@solves("enter-text-2")
def enter_cased(hand: Hand) -> Iterator[AnyAction]:
    """The quoted text in upper or lower case."""
    text = hand.quoted()[0]
    yield from hand.fill(hand.one("#tt"), text.upper() if "upper case" in hand.said else text.lower())
    yield _submit(hand)


@solves("enter-password")
def password(hand: Hand) -> Iterator[AnyAction]:
    """The password twice."""
    for field in ("#password", "#verify"):
        yield from hand.fill(hand.one(field), hand.quoted()[0])
    yield _submit(hand)


@solves("login-user", "login-user-popup")
def login(hand: Hand) -> Iterator[AnyAction]:
    """Name and password; a popup is cancelled and the field begun again."""
    for field, text in zip(("#username", "#password"), hand.quoted(), strict=True):
        yield hand.click(hand.one(field))
        if hand.has("#popup-cancel"):
            yield hand.click(hand.one("#popup-cancel"))
        yield from hand.fill(hand.one(field), text)
    yield _submit(hand)


@solves("text-transform")
def captcha(hand: Hand) -> Iterator[AnyAction]:
    """The letters that stand aslant."""
    yield from hand.fill(hand.one("#tt"), hand.js("document.getElementById('captcha').textContent"))
    yield _submit(hand)


@solves("find-word")
def find_word(hand: Hand) -> Iterator[AnyAction]:
    """The word with the number, without its full stop."""
    (number,) = hand.match(r"the (\d+)\w\w word")
    words = hand.one("#area p").text.split()
    yield from hand.fill(hand.one("#answer-input"), re.sub(r"[^a-zA-Z]", "", words[int(number) - 1]))
    yield _submit(hand)


def _copy(hand: Hand, source: Thing) -> Iterator[AnyAction]:
    yield hand.click(source)
    yield Key(chords=("ctrl+a", "ctrl+c"))
    yield hand.click(hand.one("#answer-input"))
    yield Key(chords=("ctrl+v",))
    yield _submit(hand)


@solves("copy-paste")
def copy(hand: Hand) -> Iterator[AnyAction]:
    """Through the clipboard."""
    yield from _copy(hand, hand.one("#to-copy"))


@solves("copy-paste-2")
def copy_nth(hand: Hand) -> Iterator[AnyAction]:
    """The area with the number, through the clipboard."""
    (number,) = hand.match(r"the (\d)\w\w text area")
    yield from _copy(hand, hand.one(f"#text-{number}"))


_ENDS = """(() => { const range = document.createRange();
  range.selectNodeContents(document.querySelectorAll(SELECTOR)[NUMBER]);
  const lines = [...range.getClientRects()].filter(r => r.width > 0);
  const a = lines[0], z = lines[lines.length - 1];
  return [a.left + 0.5, a.top + a.height / 2, z.right + 4, z.top + z.height / 2]; })()"""


def _mark(hand: Hand, selector: str, number: int) -> AnyAction:
    """Drag from before the first letter to behind the last."""
    left, top, right, bottom = hand.js(_ENDS.replace("SELECTOR", repr(selector)).replace("NUMBER", str(number)))
    return hand.drag((left, top), (right, bottom))


@solves("highlight-text")
def highlight(hand: Hand) -> Iterator[AnyAction]:
    """The whole paragraph."""
    yield _mark(hand, "#randomText", 0)
    yield _submit(hand)


@solves("highlight-text-2")
def highlight_nth(hand: Hand) -> Iterator[AnyAction]:
    """The paragraph with the number."""
    (number,) = hand.match(r"the (\d)\w\w paragraph")
    yield _mark(hand, "#randomText p", int(number) - 1)
    yield _submit(hand)


@solves("resize-textarea")
def resize(hand: Hand) -> Iterator[AnyAction]:
    """Drag the handle of the side."""
    side, way = hand.match(r"the (width|height) is (smaller|larger)")
    handle = hand.one(f".ui-resizable-{'e' if side == 'width' else 's'}")
    # The handle sticks out of a box that hides what overflows: only its first two pixels can be seen.
    x, y = (handle.x + 1, handle.middle[1]) if side == "width" else (handle.middle[0], handle.y + 1)
    by = 15 if way == "larger" else -15
    yield hand.drag((x, y), (x + by, y) if side == "width" else (x, y + by))
    yield hand.click(hand.one("#submit"))


@solves("scroll-text")
def last_word(hand: Hand) -> Iterator[AnyAction]:
    """Scroll down, then write the last word."""
    area = hand.one("#text-area")
    while hand.js("(e => e.scrollTop + e.clientHeight < e.scrollHeight - 1)(document.getElementById('text-area'))"):
        yield hand.scroll(area, 10)
    word = re.sub(r"[^a-zA-Z0-9]", "", area.value.split()[-1])
    yield from hand.fill(hand.one("#answer-input"), word)
    yield _submit(hand)


@solves("scroll-text-2")
def scroll_to_end(hand: Hand) -> Iterator[AnyAction]:
    """Scroll until it scrolls no further."""
    (end,) = hand.match(r"to the (top|bottom)")
    before = None
    while (now := hand.js("document.getElementById('text-area').scrollTop")) != before:
        before = now
        yield hand.scroll(hand.one("#text-area"), 10 if end == "bottom" else -10)
    yield _submit(hand)


@solves("terminal")
def terminal(hand: Hand) -> Iterator[AnyAction]:
    """List the files, then delete one with the ending."""
    ending = re.search(r"extension (\.\S+)", hand.said)
    yield hand.click(hand.one("#terminal-contents"))
    yield TypeText(text="ls\n")
    names = hand.all("#terminal-contents .terminal-output")[-1].text.split()
    yield TypeText(text=f"rm {next(n for n in names if (n.endswith(ending[1]) if ending else '.' not in n))}\n")


@solves("sign-agreement")
def sign(hand: Hand) -> Iterator[AnyAction]:
    """Scroll to the end and sign, where that is asked, then press the button."""
    if hand.quoted():
        name, button = hand.quoted()
        while hand.js("document.getElementById('agree').disabled"):
            yield hand.scroll(hand.one("#text-area"), 10)
        yield from hand.fill(hand.one("#name"), name)
    else:
        button = "Cancel"
    yield hand.click(hand.one("#area button", button))
