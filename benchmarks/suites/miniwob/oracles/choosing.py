"""Tasks of choosing: boxes, lists, sliders, forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from actions.action import AnyAction, Key, TypeText
from benchmarks.suites.miniwob.oracle import Hand, ScriptFailedError, Thing, solves

SYNONYMS_OF = "SYNONYMS.filter(words => words.includes({word!r})).flat()"


@solves("choose-list")
def from_list(hand: Hand) -> Iterator[AnyAction]:
    """The option by its text."""
    (name,) = hand.match(r"Select (.+) from the list")
    yield from hand.choose("#options", name)
    yield hand.click(hand.one("#area button"))


@solves("click-checkboxes", "click-checkboxes-large", "click-checkboxes-transfer")
def tick(hand: Hand) -> Iterator[AnyAction]:
    """The boxes with these words."""
    (names,) = hand.match(r"Select (.+) and click Submit")
    yield from _tick(hand, [] if names == "nothing" else names.split(", "))


@solves("click-checkboxes-soft")
def tick_similar(hand: Hand) -> Iterator[AnyAction]:
    """The boxes whose words are synonyms, by the page's own list."""
    (names,) = hand.match(r"similar to (.+) and click Submit")
    similar = [set(hand.js(SYNONYMS_OF.format(word=name))) for name in names.split(", ")]
    yield from _tick(hand, [e.text for e in hand.all("#boxes label") if any(e.text in words for words in similar)])


def _tick(hand: Hand, names: list[str]) -> Iterator[AnyAction]:
    for name in names:
        yield hand.click(hand.one("#area label", name))
    yield hand.click(hand.one("#subbtn"))


@solves("click-option")
def option(hand: Hand) -> Iterator[AnyAction]:
    """The option button with this word."""
    (name,) = hand.match(r"Select (.+) and click Submit")
    yield from _tick(hand, [name])


@solves("click-scroll-list")
def scroll_list(hand: Hand) -> Iterator[AnyAction]:
    """Scroll to each option, click it, the second with Ctrl held."""
    (names,) = hand.match(r"Select (.+) from the scroll list")
    box = hand.one("#options")
    for number, name in enumerate(names.split(", ")):
        find = partial(hand.one, "#options option", name)
        yield from hand.reach(find, box)
        yield hand.click(find(), keys=("ctrl",) if number else ())
    yield hand.click(hand.one("#area button"))


@solves("number-checkboxes")
def draw_number(hand: Hand) -> Iterator[AnyAction]:
    """The page's own pattern of the digit."""
    (digit,) = hand.match(r'number "(\d)"')
    wanted = [bit for row in hand.js(f"PATTERNS[{digit}]") for bit in row]
    for box, bit in zip(hand.all("#checkboxes input"), wanted, strict=True):
        if bit:
            yield hand.click(box)
    yield hand.click(hand.one("#subbtn"))


FIELDS = {"genre": "Genre", "director": "Director", "year": "Year|Date"}


@solves("multi-layouts", "multi-orderings")
def film(hand: Hand) -> Iterator[AnyAction]:
    """Each field by the label beside it, whatever the layout."""
    genre, director, year = hand.match(r"Search for (\S+) movies directed by (\S+) from year (\d+)")
    for field, text in (("genre", genre), ("director", director), ("year", year)):
        yield from hand.fill(_labelled(hand, FIELDS[field]), text)
    yield hand.click(_search_button(hand))


def _labelled(hand: Hand, pattern: str) -> Thing:
    for number, row in enumerate(hand.js(_ROWS)):
        if re.search(pattern, row):
            return hand.all("#area input[type=text]")[number]
    raise ScriptFailedError(f"no field is labelled {pattern}")


_ROWS = """[...document.querySelectorAll('#area input[type=text]')].map(i => {
  let e = i; while (!e.textContent.trim()) e = e.parentElement; return e.textContent; })"""


def _search_button(hand: Hand) -> Thing:
    return hand.all("#area button, #area .final, #area .ui-submit, #area input[type=submit]")[-1]


@solves("odd-or-even")
def odd_or_even(hand: Hand) -> Iterator[AnyAction]:
    """Each number's button."""
    for number, found in enumerate(hand.all(".display-number")):
        kind = "odd" if int(found.text) % 2 else "even"
        yield hand.click(hand.all(f".row .{kind}")[number])
    yield hand.click(hand.one("#submit"))


def slide(hand: Hand, selector: str, wanted: int) -> Iterator[AnyAction]:
    """Click the handle, then press arrow keys until the value is right: at most 3 actions."""
    yield hand.click(hand.one(f"{selector} .ui-slider-handle"))
    for _ in range(4):
        now = int(hand.js(f"$({selector!r}).slider('value')"))
        if now == wanted:
            return
        way = "right" if wanted > now else "left"
        yield Key(chords=(way,) * min(64, abs(wanted - now)))


@solves("use-slider")
def slider(hand: Hand) -> Iterator[AnyAction]:
    """One slider."""
    (number,) = hand.match(r"Select (-?\d+) with")
    yield from slide(hand, "#slider", int(number))
    yield hand.click(hand.one("#subbtn"))


@solves("use-slider-2")
def sliders(hand: Hand) -> Iterator[AnyAction]:
    """Three sliders."""
    (numbers,) = hand.match(r"\[(.+)\]")
    for position, number in enumerate(numbers.split(","), 1):
        yield from slide(hand, f"#slider-{position}", int(number))
    yield hand.click(hand.one("#subbtn"))


@solves("form-sequence")
def sequence(hand: Hand) -> Iterator[AnyAction]:
    """Slider, check box, Submit."""
    number, box = hand.match(r"Select (-?\d+) with the slider, click the (\d)")
    yield from slide(hand, "#slider", int(number))
    yield hand.click(hand.one(f"#checkbox-{box}"))
    yield hand.click(hand.one("#subbtn"))


@solves("form-sequence-2")
def sequence_2(hand: Hand) -> Iterator[AnyAction]:
    """Option button, field, Submit."""
    radio, number, field = hand.match(r'the (\d)\w\w radio button and enter the number "(-?\d+)" into the (\d)')
    yield hand.click(hand.all("#area input[type=radio]")[int(radio) - 1])
    yield from hand.fill(hand.one(f"#input-{field}"), number)
    yield hand.click(hand.one("#subbtn"))


@solves("form-sequence-3")
def sequence_3(hand: Hand) -> Iterator[AnyAction]:
    """A drop-down list drawn by the page, by its arrow keys: a notch of the wheel skips two items. Then a button."""
    height, button = hand.match(r'Choose (.+) from the dropdown, then click the button labeled "(.+)"')
    yield hand.click(hand.one(".selectric"))
    heights = hand.js("[...document.getElementById('dropdown').options].map(o => o.textContent)")
    yield Key(chords=(*["down"] * heights.index(height), "enter"))
    yield hand.click(hand.one("#buttons button", button))


@solves("use-spinner")
def spinner(hand: Hand) -> Iterator[AnyAction]:
    """Arrow keys in the spinner's field."""
    (number,) = hand.match(r"Select (-?\d+) with")
    yield hand.click(hand.one("#spinner"))
    for _ in range(4):
        now = int(hand.js("document.querySelector('#spinner').value") or 0)
        if now == int(number):
            break
        yield Key(chords=("up" if int(number) > now else "down",) * abs(int(number) - now))
    yield hand.click(hand.one("#subbtn"))


@solves("use-colorwheel")
def named_colour(hand: Hand) -> Iterator[AnyAction]:
    """Type the named colour's digits into the picker's field."""
    (name,) = hand.match(r"Select (\w+) with")
    yield from _type_colour(hand, hand.js(f"ui_utils.colorNameToHex({name!r})").removeprefix("#"))


@solves("use-colorwheel-2")
def shown_colour(hand: Hand) -> Iterator[AnyAction]:
    """Type the shown colour's digits into the picker's field."""
    shown = hand.js("getComputedStyle(document.querySelector('#query .cc')).backgroundColor")
    yield from _type_colour(hand, "".join(f"{int(part):02X}" for part in re.findall(r"\d+", shown)[:3]))


def _type_colour(hand: Hand, digits: str) -> Iterator[AnyAction]:
    """A click beside the picker closes it; it may lie over Submit."""
    yield from hand.fill(hand.one("#col"), digits)
    yield hand.click((150, 200))
    yield hand.click(hand.one("#subbtn"))


@solves("use-autocomplete", "use-autocomplete-nodelay")
def autocomplete(hand: Hand) -> Iterator[AnyAction]:
    """Type a whole name that fits."""
    start, end = [*hand.quoted(), ""][:2]
    names = [n for n in hand.js("ui_utils.COUNTRIES") if n.startswith(start) and n.endswith(end)]
    yield hand.click(hand.one("#tags"))
    yield TypeText(text=names[0])
    yield Key(chords=("tab",))
    yield hand.click(hand.one("#subbtn"))
