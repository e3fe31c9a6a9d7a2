"""Tasks of choosing: boxes, lists, sliders, forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from actions.action import AnyAction, Key, TypeText
from benchmarks.suites.miniwob.oracle import PageElement, PageScript, ScriptFailedError, solves

SYNONYMS_OF = "SYNONYMS.filter(words => words.includes({word!r})).flat()"


@solves("choose-list")
def from_list(page: PageScript) -> Iterator[AnyAction]:
    """The option by its text."""
    (name,) = page.match(r"Select (.+) from the list")
    yield from page.choose("#options", name)
    yield page.click(page.one("#area button"))


@solves("click-checkboxes", "click-checkboxes-large", "click-checkboxes-transfer")
def tick(page: PageScript) -> Iterator[AnyAction]:
    """The boxes with these words."""
    (names,) = page.match(r"Select (.+) and click Submit")
    yield from _tick(page, [] if names == "nothing" else names.split(", "))


@solves("click-checkboxes-soft")
def tick_similar(page: PageScript) -> Iterator[AnyAction]:
    """The boxes whose words are synonyms, by the page's own list."""
    (names,) = page.match(r"similar to (.+) and click Submit")
    similar = [set(page.js(SYNONYMS_OF.format(word=name))) for name in names.split(", ")]
    yield from _tick(page, [e.text for e in page.all("#boxes label") if any(e.text in words for words in similar)])


def _tick(page: PageScript, names: list[str]) -> Iterator[AnyAction]:
    for name in names:
        yield page.click(page.one("#area label", name))
    yield page.click(page.one("#subbtn"))


@solves("click-option")
def option(page: PageScript) -> Iterator[AnyAction]:
    """The option button with this word."""
    (name,) = page.match(r"Select (.+) and click Submit")
    yield from _tick(page, [name])


@solves("click-scroll-list")
def scroll_list(page: PageScript) -> Iterator[AnyAction]:
    """Scroll to each option, click it, the second with Ctrl held."""
    (names,) = page.match(r"Select (.+) from the scroll list")
    box = page.one("#options")
    for number, name in enumerate(names.split(", ")):
        find = partial(page.one, "#options option", name)
        yield from page.reach(find, box)
        yield page.click(find(), keys=("ctrl",) if number else ())
    yield page.click(page.one("#area button"))


@solves("number-checkboxes")
def draw_number(page: PageScript) -> Iterator[AnyAction]:
    """The page's own pattern of the digit."""
    (digit,) = page.match(r'number "(\d)"')
    wanted = [bit for row in page.js(f"PATTERNS[{digit}]") for bit in row]
    for box, bit in zip(page.all("#checkboxes input"), wanted, strict=True):
        if bit:
            yield page.click(box)
    yield page.click(page.one("#subbtn"))


FIELDS = {"genre": "Genre", "director": "Director", "year": "Year|Date"}


@solves("multi-layouts", "multi-orderings")
def film(page: PageScript) -> Iterator[AnyAction]:
    """Each field by the label beside it, whatever the layout."""
    genre, director, year = page.match(r"Search for (\S+) movies directed by (\S+) from year (\d+)")
    for field, text in (("genre", genre), ("director", director), ("year", year)):
        yield from page.fill(_labelled(page, FIELDS[field]), text)
    yield page.click(_search_button(page))


def _labelled(page: PageScript, pattern: str) -> PageElement:
    for number, row in enumerate(page.js(_ROWS)):
        if re.search(pattern, row):
            return page.all("#area input[type=text]")[number]
    raise ScriptFailedError(f"no field is labelled {pattern}")


_ROWS = """[...document.querySelectorAll('#area input[type=text]')].map(i => {
  let e = i; while (!e.textContent.trim()) e = e.parentElement; return e.textContent; })"""


def _search_button(page: PageScript) -> PageElement:
    return page.all("#area button, #area .final, #area .ui-submit, #area input[type=submit]")[-1]


@solves("odd-or-even")
def odd_or_even(page: PageScript) -> Iterator[AnyAction]:
    """Each number's button."""
    for number, found in enumerate(page.all(".display-number")):
        kind = "odd" if int(found.text) % 2 else "even"
        yield page.click(page.all(f".row .{kind}")[number])
    yield page.click(page.one("#submit"))


def slide(page: PageScript, selector: str, wanted: int) -> Iterator[AnyAction]:
    """Click the handle, then press arrow keys until the value is right: at most 3 actions."""
    yield page.click(page.one(f"{selector} .ui-slider-handle"))
    for _ in range(4):
        now = int(page.js(f"$({selector!r}).slider('value')"))
        if now == wanted:
            return
        way = "right" if wanted > now else "left"
        yield Key(chords=(way,) * min(64, abs(wanted - now)))


@solves("use-slider")
def slider(page: PageScript) -> Iterator[AnyAction]:
    """One slider."""
    (number,) = page.match(r"Select (-?\d+) with")
    yield from slide(page, "#slider", int(number))
    yield page.click(page.one("#subbtn"))


@solves("use-slider-2")
def sliders(page: PageScript) -> Iterator[AnyAction]:
    """Three sliders."""
    (numbers,) = page.match(r"\[(.+)\]")
    for position, number in enumerate(numbers.split(","), 1):
        yield from slide(page, f"#slider-{position}", int(number))
    yield page.click(page.one("#subbtn"))


@solves("form-sequence")
def sequence(page: PageScript) -> Iterator[AnyAction]:
    """Slider, check box, Submit."""
    number, box = page.match(r"Select (-?\d+) with the slider, click the (\d)")
    yield from slide(page, "#slider", int(number))
    yield page.click(page.one(f"#checkbox-{box}"))
    yield page.click(page.one("#subbtn"))


@solves("form-sequence-2")
def sequence_2(page: PageScript) -> Iterator[AnyAction]:
    """Option button, field, Submit."""
    radio, number, field = page.match(r'the (\d)\w\w radio button and enter the number "(-?\d+)" into the (\d)')
    yield page.click(page.all("#area input[type=radio]")[int(radio) - 1])
    yield from page.fill(page.one(f"#input-{field}"), number)
    yield page.click(page.one("#subbtn"))


@solves("form-sequence-3")
def sequence_3(page: PageScript) -> Iterator[AnyAction]:
    """A drop-down list drawn by the page, by its arrow keys: a notch of the wheel skips two items. Then a button."""
    height, button = page.match(r'Choose (.+) from the dropdown, then click the button labeled "(.+)"')
    yield page.click(page.one(".selectric"))
    heights = page.js("[...document.getElementById('dropdown').options].map(o => o.textContent)")
    yield Key(chords=(*["down"] * heights.index(height), "enter"))
    yield page.click(page.one("#buttons button", button))


@solves("use-spinner")
def spinner(page: PageScript) -> Iterator[AnyAction]:
    """Arrow keys in the spinner's field."""
    (number,) = page.match(r"Select (-?\d+) with")
    yield page.click(page.one("#spinner"))
    for _ in range(4):
        now = int(page.js("document.querySelector('#spinner').value") or 0)
        if now == int(number):
            break
        yield Key(chords=("up" if int(number) > now else "down",) * abs(int(number) - now))
    yield page.click(page.one("#subbtn"))


@solves("use-colorwheel")
def named_colour(page: PageScript) -> Iterator[AnyAction]:
    """Type the named colour's digits into the picker's field."""
    (name,) = page.match(r"Select (\w+) with")
    yield from _type_colour(page, page.js(f"ui_utils.colorNameToHex({name!r})").removeprefix("#"))


@solves("use-colorwheel-2")
def shown_colour(page: PageScript) -> Iterator[AnyAction]:
    """Type the shown colour's digits into the picker's field."""
    shown = page.js("getComputedStyle(document.querySelector('#query .cc')).backgroundColor")
    yield from _type_colour(page, "".join(f"{int(part):02X}" for part in re.findall(r"\d+", shown)[:3]))


def _type_colour(page: PageScript, digits: str) -> Iterator[AnyAction]:
    """A click beside the picker closes it; it may lie over Submit."""
    yield from page.fill(page.one("#col"), digits)
    yield page.click((150, 200))
    yield page.click(page.one("#subbtn"))


@solves("use-autocomplete", "use-autocomplete-nodelay")
def autocomplete(page: PageScript) -> Iterator[AnyAction]:
    """Type a whole name that fits."""
    start, end = [*page.quoted(), ""][:2]
    names = [n for n in page.js("ui_utils.COUNTRIES") if n.startswith(start) and n.endswith(end)]
    yield page.click(page.one("#tags"))
    yield TypeText(text=names[0])
    yield Key(chords=("tab",))
    yield page.click(page.one("#subbtn"))
