"""Tasks of reading, counting and reckoning."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

from actions.action import AnyAction, Wait
from benchmarks.suites.miniwob.oracle import Hand, Thing, solves


def _answer(hand: Hand, field: str, text: object) -> Iterator[AnyAction]:
    yield from hand.fill(hand.one(field), str(text))
    yield hand.click(hand.one("#subbtn"))


@solves("simple-algebra")
def algebra(hand: Hand) -> Iterator[AnyAction]:
    """Solve for x."""
    problem = hand.one("#math-problem").text
    left, sign, right, total = re.fullmatch(r"(x|\d+) ([+-]) (x|\d+) = (-?\d+)", problem).groups()  # type: ignore[union-attr]
    if left == "x":
        x = int(total) - int(right) if sign == "+" else int(total) + int(right)
    else:
        x = int(total) - int(left) if sign == "+" else int(left) - int(total)
    yield from _answer(hand, "#math-answer", x)


@solves("simple-arithmetic")
def arithmetic(hand: Hand) -> Iterator[AnyAction]:
    """Add, subtract or multiply."""
    a, sign, b = hand.one("#math-problem").text.split()[:3]
    one, two = int(a), int(b)
    yield from _answer(hand, "#math-answer", {"+": one + two, "-": one - two, "x": one * two}[sign])


@solves("visual-addition")
def blocks(hand: Hand) -> Iterator[AnyAction]:
    """Count the blocks."""
    yield from _answer(hand, "#math-answer", len(hand.all(".addition-block")))


@solves("read-table")
def table(hand: Hand) -> Iterator[AnyAction]:
    """The value beside the key."""
    (key,) = hand.match(r"the value of (.+?) into")
    yield from _answer(hand, "#tt", _rows(hand)[key])


@solves("read-table-2")
def table_2(hand: Hand) -> Iterator[AnyAction]:
    """The values beside the two labels' keys."""
    for number in (1, 2):
        label = hand.one(f"#ll{number}").text.rstrip(":").strip()
        yield from hand.fill(hand.one(f"#tt{number}"), _rows(hand)[label])
    yield hand.click(hand.one("#subbtn"))


def _rows(hand: Hand) -> dict[str, str]:
    cells = [e.text for e in hand.all("#tab td")]
    return dict(zip(cells[::2], cells[1::2], strict=True))


@solves("count-shape")
def count(hand: Hand) -> Iterator[AnyAction]:
    """Count what the page drew, by size, colour and kind."""
    (words,) = hand.match(r"How many (.+?)s are there")
    yield hand.click(hand.one("#count-buttons button", str(len(_fitting(hand, words)))))


@solves("click-shape")
def click_shape(hand: Hand) -> Iterator[AnyAction]:
    """The first drawn thing that fits the words."""
    (words,) = hand.match(r"Click on a (.+)")
    yield hand.click(_fitting(hand, words)[0])


KINDS = {"rect": "rectangle", "circle": "circle", "polygon": "triangle"}


def _fitting(hand: Hand, words: str) -> list[Thing]:
    """The shapes, letters and digits that every word fits. Small ones are 10 pixels large, large ones 20."""
    drawn = [e for e in hand.all("#area_svg *") if e.tag in KINDS or e.tag == "text"]
    return [e for e in drawn if set(words.split()) <= _traits(e)]


def _traits(thing: Thing) -> set[str]:
    colour = thing.data.get("fill") or re.sub(r".*fill:\s*(\w+).*", r"\1", thing.data.get("style", ""))
    if thing.tag == "text":
        size = float(thing.data["font-size"].removesuffix("px"))
        kind = {thing.text, "digit" if thing.text.isdigit() else "letter"}
    else:
        size, kind = max(thing.width, thing.height), {KINDS[thing.tag], "shape"}
    return {"large" if size > 14 else "small", colour, "item", *kind}


@solves("count-sides")
def sides(hand: Hand) -> Iterator[AnyAction]:
    """The page keeps the number in a closure alone; the corners are counted on the drawing."""
    yield hand.click(hand.one("#form button", str(_corners(hand))))


_OUTLINE = """(() => { const c = document.getElementById('c'), d = c.getContext('2d').getImageData(0, 0, 150, 100).data;
  const far = []; for (let a = 0; a < 720; a++) { const t = a * Math.PI / 360; let r = 45;
    while (r > 10) { const x = Math.round(75 + r * Math.cos(t)), y = Math.round(50 + r * Math.sin(t));
      if (d[4 * (150 * y + x) + 3] > 128) break; r -= 0.25; } far.push(r); } return far; })()"""


def _corners(hand: Hand) -> int:
    """The strongest period, 3 to 7, of the outline's distance from the middle."""
    import numpy as np

    spectrum = np.abs(np.fft.rfft(np.array(hand.js(_OUTLINE))))
    return int(3 + np.argmax(spectrum[3:8]))


@solves("grid-coordinate")
def coordinate(hand: Hand) -> Iterator[AnyAction]:
    """The dot at the place."""
    (place,) = hand.match(r"(\(-?\d,-?\d\))")
    yield hand.click(hand.one(f"svg circle[id='{place}']"))


@solves("identify-shape")
def identify(hand: Hand) -> Iterator[AnyAction]:
    """By the element that the page drew."""
    found = next(e for e in hand.all("#area_svg *") if e.tag in KINDS or e.tag == "text")
    kind = KINDS.get(found.tag) or ("digit" if found.text.isdigit() else "letter")
    yield hand.click(hand.one(f"#area-buttons button[data-type='{kind}']"))


@solves("generate-number")
def generate(hand: Hand) -> Iterator[AnyAction]:
    """Press Generate until the number fits."""
    fits = _wanted(hand.said)
    for _ in range(28):
        yield hand.click(hand.one("#generate"))
        if fits(int(hand.one("#display-number").text)):
            break
    yield hand.click(hand.one("#submit"))


def _wanted(said: str) -> Callable[[int], bool]:
    if found := re.search(r"(less|greater) than (\d+)", said):
        limit = int(found[2])
        return (lambda n: n < limit) if found[1] == "less" else (lambda n: n > limit)
    return (lambda n: n % 2 == 1) if "odd" in said else (lambda n: n % 2 == 0)


@solves("guess-number")
def guess(hand: Hand) -> Iterator[AnyAction]:
    """Halve what is left."""
    low, high = 0, 9
    while low <= high:
        middle = (low + high) // 2
        yield from hand.fill(hand.one("#tt"), str(middle))
        yield hand.click(hand.one("#subbtn"))
        if hand.has("#higher"):
            low = middle + 1
        elif hand.has("#lower"):
            high = middle - 1
        else:
            return


@solves("phone-book")
def contact(hand: Hand) -> Iterator[AnyAction]:
    """Leaf through the book to the name, then click the detail."""
    name, detail = hand.match(r"Find (.+) in the contact book and click on their (phone|email|address)")
    while not hand.has("#contact .name", name):
        yield hand.click(hand.one("#pagination .next a"))
    yield hand.click(hand.one(f"#contact .{detail}"))


@solves("stock-market")
def stock(hand: Hand) -> Iterator[AnyAction]:
    """Wait until the price has fallen, then buy before the next tick a tenth of a second later."""
    (price,) = hand.match(r"less than \$(\d+\.\d+)")
    shown = "parseFloat(document.getElementById('stock-price').textContent.slice(1))"
    for _ in range(25):
        for _ in range(40):
            if float(hand.js(shown) or "inf") < float(price) - 1:
                yield hand.click(hand.one("#buy"))
                return
            time.sleep(0.02)
        yield Wait(seconds=0)
