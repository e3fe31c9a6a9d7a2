"""Tasks of reading, counting and reckoning."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

from actions.action import AnyAction, Wait
from benchmarks.suites.miniwob.oracle import PageElement, PageScript, solves


def _answer(page: PageScript, field: str, text: object) -> Iterator[AnyAction]:
    yield from page.fill(page.one(field), str(text))
    yield page.click(page.one("#subbtn"))


@solves("simple-algebra")
def algebra(page: PageScript) -> Iterator[AnyAction]:
    """Solve for x."""
    problem = page.one("#math-problem").text
    left, sign, right, total = re.fullmatch(r"(x|\d+) ([+-]) (x|\d+) = (-?\d+)", problem).groups()  # type: ignore[union-attr]
    if left == "x":
        x = int(total) - int(right) if sign == "+" else int(total) + int(right)
    else:
        x = int(total) - int(left) if sign == "+" else int(left) - int(total)
    yield from _answer(page, "#math-answer", x)


@solves("simple-arithmetic")
def arithmetic(page: PageScript) -> Iterator[AnyAction]:
    """Add, subtract or multiply."""
    a, sign, b = page.one("#math-problem").text.split()[:3]
    one, two = int(a), int(b)
    yield from _answer(page, "#math-answer", {"+": one + two, "-": one - two, "x": one * two}[sign])


@solves("visual-addition")
def blocks(page: PageScript) -> Iterator[AnyAction]:
    """Count the blocks."""
    yield from _answer(page, "#math-answer", len(page.all(".addition-block")))


@solves("read-table")
def table(page: PageScript) -> Iterator[AnyAction]:
    """The value beside the key."""
    (key,) = page.match(r"the value of (.+?) into")
    yield from _answer(page, "#tt", _rows(page)[key])


@solves("read-table-2")
def table_2(page: PageScript) -> Iterator[AnyAction]:
    """The values beside the two labels' keys."""
    for number in (1, 2):
        label = page.one(f"#ll{number}").text.rstrip(":").strip()
        yield from page.fill(page.one(f"#tt{number}"), _rows(page)[label])
    yield page.click(page.one("#subbtn"))


def _rows(page: PageScript) -> dict[str, str]:
    cells = [e.text for e in page.all("#tab td")]
    return dict(zip(cells[::2], cells[1::2], strict=True))


@solves("count-shape")
def count(page: PageScript) -> Iterator[AnyAction]:
    """Count what the page drew, by size, colour and kind."""
    (words,) = page.match(r"How many (.+?)s are there")
    yield page.click(page.one("#count-buttons button", str(len(_fitting(page, words)))))


@solves("click-shape")
def click_shape(page: PageScript) -> Iterator[AnyAction]:
    """The first drawn thing that fits the words."""
    (words,) = page.match(r"Click on a (.+)")
    yield page.click(_fitting(page, words)[0])


KINDS = {"rect": "rectangle", "circle": "circle", "polygon": "triangle"}


def _fitting(page: PageScript, words: str) -> list[PageElement]:
    """The shapes, letters and digits that every word fits. Small ones are 10 pixels large, large ones 20."""
    drawn = [e for e in page.all("#area_svg *") if e.tag in KINDS or e.tag == "text"]
    return [e for e in drawn if set(words.split()) <= _traits(e)]


def _traits(thing: PageElement) -> set[str]:
    colour = thing.data.get("fill") or re.sub(r".*fill:\s*(\w+).*", r"\1", thing.data.get("style", ""))
    if thing.tag == "text":
        size = float(thing.data["font-size"].removesuffix("px"))
        kind = {thing.text, "digit" if thing.text.isdigit() else "letter"}
    else:
        size, kind = max(thing.width, thing.height), {KINDS[thing.tag], "shape"}
    return {"large" if size > 14 else "small", colour, "item", *kind}


@solves("count-sides")
def sides(page: PageScript) -> Iterator[AnyAction]:
    """The page keeps the number in a closure alone; the corners are counted on the drawing."""
    yield page.click(page.one("#form button", str(_corners(page))))


_OUTLINE = """(() => { const c = document.getElementById('c'), d = c.getContext('2d').getImageData(0, 0, 150, 100).data;
  const far = []; for (let a = 0; a < 720; a++) { const t = a * Math.PI / 360; let r = 45;
    while (r > 10) { const x = Math.round(75 + r * Math.cos(t)), y = Math.round(50 + r * Math.sin(t));
      if (d[4 * (150 * y + x) + 3] > 128) break; r -= 0.25; } far.push(r); } return far; })()"""


def _corners(page: PageScript) -> int:
    """The strongest period, 3 to 7, of the outline's distance from the middle."""
    import numpy as np

    spectrum = np.abs(np.fft.rfft(np.array(page.js(_OUTLINE))))
    return int(3 + np.argmax(spectrum[3:8]))


@solves("grid-coordinate")
def coordinate(page: PageScript) -> Iterator[AnyAction]:
    """The dot at the place."""
    (place,) = page.match(r"(\(-?\d,-?\d\))")
    yield page.click(page.one(f"svg circle[id='{place}']"))


@solves("identify-shape")
def identify(page: PageScript) -> Iterator[AnyAction]:
    """By the element that the page drew."""
    found = next(e for e in page.all("#area_svg *") if e.tag in KINDS or e.tag == "text")
    kind = KINDS.get(found.tag) or ("digit" if found.text.isdigit() else "letter")
    yield page.click(page.one(f"#area-buttons button[data-type='{kind}']"))


@solves("generate-number")
def generate(page: PageScript) -> Iterator[AnyAction]:
    """Press Generate until the number fits."""
    fits = _wanted(page.instruction)
    for _ in range(28):
        yield page.click(page.one("#generate"))
        if fits(int(page.one("#display-number").text)):
            break
    yield page.click(page.one("#submit"))


def _wanted(said: str) -> Callable[[int], bool]:
    if found := re.search(r"(less|greater) than (\d+)", said):
        limit = int(found[2])
        return (lambda n: n < limit) if found[1] == "less" else (lambda n: n > limit)
    return (lambda n: n % 2 == 1) if "odd" in said else (lambda n: n % 2 == 0)


@solves("guess-number")
def guess(page: PageScript) -> Iterator[AnyAction]:
    """Halve what is left."""
    low, high = 0, 9
    while low <= high:
        middle = (low + high) // 2
        yield from page.fill(page.one("#tt"), str(middle))
        yield page.click(page.one("#subbtn"))
        if page.has("#higher"):
            low = middle + 1
        elif page.has("#lower"):
            high = middle - 1
        else:
            return


@solves("phone-book")
def contact(page: PageScript) -> Iterator[AnyAction]:
    """Leaf through the book to the name, then click the detail."""
    name, detail = page.match(r"Find (.+) in the contact book and click on their (phone|email|address)")
    while not page.has("#contact .name", name):
        yield page.click(page.one("#pagination .next a"))
    yield page.click(page.one(f"#contact .{detail}"))


@solves("stock-market")
def stock(page: PageScript) -> Iterator[AnyAction]:
    """Wait until the price has fallen, then buy before the next tick a tenth of a second later."""
    (price,) = page.match(r"less than \$(\d+\.\d+)")
    shown = "parseFloat(document.getElementById('stock-price').textContent.slice(1))"
    for _ in range(25):
        for _ in range(40):
            if float(page.js(shown) or "inf") < float(price) - 1:
                yield page.click(page.one("#buy"))
                return
            time.sleep(0.02)
        yield Wait(seconds=0)
