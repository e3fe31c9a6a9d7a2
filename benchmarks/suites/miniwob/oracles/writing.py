"""Tasks of writing, copying, marking and scrolling text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from actions.action import AnyAction, Key, TypeText
from benchmarks.suites.miniwob.oracle import PageElement, PageScript, solves


def _submit(page: PageScript) -> AnyAction:
    return page.click(page.one("#subbtn"))


@solves("enter-text", "enter-text-dynamic")
def enter_text(page: PageScript) -> Iterator[AnyAction]:
    """The quoted text."""
    yield from page.fill(page.one("#tt"), page.quoted()[0])
    yield _submit(page)


@solves("enter-text-2")
def enter_cased(page: PageScript) -> Iterator[AnyAction]:
    """The quoted text in upper or lower case."""
    text = page.quoted()[0]
    yield from page.fill(page.one("#tt"), text.upper() if "upper case" in page.instruction else text.lower())
    yield _submit(page)


@solves("enter-password")
def password(page: PageScript) -> Iterator[AnyAction]:
    """The password twice."""
    for field in ("#password", "#verify"):
        yield from page.fill(page.one(field), page.quoted()[0])
    yield _submit(page)


@solves("login-user", "login-user-popup")
def login(page: PageScript) -> Iterator[AnyAction]:
    """Name and password; a popup is cancelled and the field begun again."""
    for field, text in zip(("#username", "#password"), page.quoted(), strict=True):
        yield page.click(page.one(field))
        if page.has("#popup-cancel"):
            yield page.click(page.one("#popup-cancel"))
        yield from page.fill(page.one(field), text)
    yield _submit(page)


@solves("text-transform")
def captcha(page: PageScript) -> Iterator[AnyAction]:
    """The letters that stand aslant."""
    yield from page.fill(page.one("#tt"), page.js("document.getElementById('captcha').textContent"))
    yield _submit(page)


@solves("find-word")
def find_word(page: PageScript) -> Iterator[AnyAction]:
    """The word with the number, without its full stop."""
    (number,) = page.match(r"the (\d+)\w\w word")
    words = page.one("#area p").text.split()
    yield from page.fill(page.one("#answer-input"), re.sub(r"[^a-zA-Z]", "", words[int(number) - 1]))
    yield _submit(page)


def _copy(page: PageScript, source: PageElement) -> Iterator[AnyAction]:
    yield page.click(source)
    yield Key(chords=("ctrl+a", "ctrl+c"))
    yield page.click(page.one("#answer-input"))
    yield Key(chords=("ctrl+v",))
    yield _submit(page)


@solves("copy-paste")
def copy(page: PageScript) -> Iterator[AnyAction]:
    """Through the clipboard."""
    yield from _copy(page, page.one("#to-copy"))


@solves("copy-paste-2")
def copy_nth(page: PageScript) -> Iterator[AnyAction]:
    """The area with the number, through the clipboard."""
    (number,) = page.match(r"the (\d)\w\w text area")
    yield from _copy(page, page.one(f"#text-{number}"))


_ENDS = """(() => { const range = document.createRange();
  range.selectNodeContents(document.querySelectorAll(SELECTOR)[NUMBER]);
  const lines = [...range.getClientRects()].filter(r => r.width > 0);
  const a = lines[0], z = lines[lines.length - 1];
  return [a.left + 0.5, a.top + a.height / 2, z.right + 4, z.top + z.height / 2]; })()"""


def _mark(page: PageScript, selector: str, number: int) -> AnyAction:
    """Drag from before the first letter to behind the last."""
    left, top, right, bottom = page.js(_ENDS.replace("SELECTOR", repr(selector)).replace("NUMBER", str(number)))
    return page.drag((left, top), (right, bottom))


@solves("highlight-text")
def highlight(page: PageScript) -> Iterator[AnyAction]:
    """The whole paragraph."""
    yield _mark(page, "#randomText", 0)
    yield _submit(page)


@solves("highlight-text-2")
def highlight_nth(page: PageScript) -> Iterator[AnyAction]:
    """The paragraph with the number."""
    (number,) = page.match(r"the (\d)\w\w paragraph")
    yield _mark(page, "#randomText p", int(number) - 1)
    yield _submit(page)


@solves("resize-textarea")
def resize(page: PageScript) -> Iterator[AnyAction]:
    """Drag the handle of the side."""
    side, way = page.match(r"the (width|height) is (smaller|larger)")
    handle = page.one(f".ui-resizable-{'e' if side == 'width' else 's'}")
    # The handle sticks out of a box that hides what overflows: only its first two pixels can be seen.
    x, y = (handle.x + 1, handle.middle[1]) if side == "width" else (handle.middle[0], handle.y + 1)
    by = 15 if way == "larger" else -15
    yield page.drag((x, y), (x + by, y) if side == "width" else (x, y + by))
    yield page.click(page.one("#submit"))


@solves("scroll-text")
def last_word(page: PageScript) -> Iterator[AnyAction]:
    """Scroll down, then write the last word."""
    area = page.one("#text-area")
    while page.js("(e => e.scrollTop + e.clientHeight < e.scrollHeight - 1)(document.getElementById('text-area'))"):
        yield page.scroll(area, 10)
    word = re.sub(r"[^a-zA-Z0-9]", "", area.value.split()[-1])
    yield from page.fill(page.one("#answer-input"), word)
    yield _submit(page)


@solves("scroll-text-2")
def scroll_to_end(page: PageScript) -> Iterator[AnyAction]:
    """Scroll until it scrolls no further."""
    (end,) = page.match(r"to the (top|bottom)")
    before = None
    while (now := page.js("document.getElementById('text-area').scrollTop")) != before:
        before = now
        yield page.scroll(page.one("#text-area"), 10 if end == "bottom" else -10)
    yield _submit(page)


@solves("terminal")
def terminal(page: PageScript) -> Iterator[AnyAction]:
    """List the files, then delete one with the ending."""
    ending = re.search(r"extension (\.\S+)", page.instruction)
    yield page.click(page.one("#terminal-contents"))
    yield TypeText(text="ls\n")
    names = page.all("#terminal-contents .terminal-output")[-1].text.split()
    yield TypeText(text=f"rm {next(n for n in names if (n.endswith(ending[1]) if ending else '.' not in n))}\n")


@solves("sign-agreement")
def sign(page: PageScript) -> Iterator[AnyAction]:
    """Scroll to the end and sign, where that is asked, then press the button."""
    if page.quoted():
        name, button = page.quoted()
        while page.js("document.getElementById('agree').disabled"):
            yield page.scroll(page.one("#text-area"), 10)
        yield from page.fill(page.one("#name"), name)
    else:
        button = "Cancel"
    yield page.click(page.one("#area button", button))
