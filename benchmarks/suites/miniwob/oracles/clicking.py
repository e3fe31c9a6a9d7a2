"""Tasks of finding and clicking."""

from __future__ import annotations

from collections.abc import Iterator

from actions.action import AnyAction, Move, Wait
from benchmarks.suites.miniwob.oracle import Hand, ScriptFailedError, Thing, solves

MENU_ICONS = {
    "disk": "Save", "seek-start": "Prev", "stop": "Stop", "play": "Play", "seek-end": "Next", "zoomin": "Zoom In",
    "zoomout": "Zoom Out",
}  # fmt: skip


@solves("click-test", "click-test-2", "click-test-transfer")
def first_button(hand: Hand) -> Iterator[AnyAction]:
    """Button ONE, or the only one."""
    yield hand.click(hand.one("#subbtn"))


@solves("click-button-sequence")
def two_buttons(hand: Hand) -> Iterator[AnyAction]:
    """ONE may lie below TWO: a corner that shows is clicked."""
    for name in ("subbtn", "subbtn2"):
        yield hand.click(_showing(hand, name))


def _showing(hand: Hand, name: str) -> tuple[float, float]:
    """A place of the element `name` that nothing covers."""
    found = hand.js(
        f"(() => {{ const r = document.getElementById({name!r}).getBoundingClientRect();"
        "for (let y = r.top + 3; y < r.bottom - 2; y += 4) for (let x = r.left + 3; x < r.right - 2; x += 4)"
        f"if ((document.elementFromPoint(x, y) || {{}}).id === {name!r}) return [x, y]; return null }})()"
    )
    if found is None:
        raise ScriptFailedError(f"{name} is covered")
    return float(found[0]), float(found[1])


@solves("click-button", "unicode-test")
def named_button(hand: Hand) -> Iterator[AnyAction]:
    """The button whose words are quoted."""
    yield hand.click(hand.one("#area button", hand.quoted()[0]))


@solves("click-link", "click-tab-2-easy")
def named_link(hand: Hand) -> Iterator[AnyAction]:
    """The link whose word is quoted."""
    yield hand.click(hand.one(".alink", hand.quoted()[0]))


@solves("click-collapsible", "click-collapsible-nodelay")
def expand(hand: Hand) -> Iterator[AnyAction]:
    """Open the section, then Submit, which has moved down."""
    yield hand.click(hand.one("#area h3"))
    yield hand.click(hand.one("#subbtn"))


@solves("click-collapsible-2", "click-collapsible-2-nodelay")
def search_sections(hand: Hand) -> Iterator[AnyAction]:
    """Open one section after another until the link shows."""
    for number in range(3):
        yield hand.click(hand.all("#area h3")[number])
        if hand.has(".alink", hand.quoted()[0]):
            yield hand.click(hand.one(".alink", hand.quoted()[0]))
            return


@solves("click-tab-2", "click-tab-2-hard")
def search_tabs(hand: Hand) -> Iterator[AnyAction]:
    """Open one tab after another until the link shows."""
    for tab in hand.all(".ui-tabs-anchor"):
        yield hand.click(tab)
        if hand.has(".alink", hand.quoted()[0]):
            yield hand.click(hand.one(".alink", hand.quoted()[0]))
            return


@solves("click-tab-2-medium")
def link_or_second_tab(hand: Hand) -> Iterator[AnyAction]:
    """The link, or the empty second tab where there is none."""
    word = hand.quoted()[0]
    yield hand.click(hand.one(".alink", word) if hand.has(".alink", word) else hand.all(".ui-tabs-anchor")[1])


@solves("click-tab")
def named_tab(hand: Hand) -> Iterator[AnyAction]:
    """The tab with the number."""
    (number,) = hand.match(r"#(\d)")
    yield hand.click(hand.one(f"#area ul a[href='#tabs-{number}']"))


@solves("click-color")
def colour(hand: Hand) -> Iterator[AnyAction]:
    """The box of the colour."""
    (name,) = hand.match(r"Click on the (.+) colored box")
    yield hand.click(hand.one(f"#area .color[data-color='{name}']"))


@solves("click-dialog")
def close_dialog(hand: Hand) -> Iterator[AnyAction]:
    """The dialog's x."""
    yield hand.click(hand.one(".ui-dialog-titlebar button"))


@solves("click-dialog-2")
def dialog_button(hand: Hand) -> Iterator[AnyAction]:
    """The named button, or the x in the title."""
    name = hand.quoted()[0]
    bar = ".ui-dialog-titlebar button"
    yield hand.click(hand.one(bar) if name == "x" else hand.one(".ui-dialog-buttonset button", name))


@solves("click-menu")
def menu(hand: Hand) -> Iterator[AnyAction]:
    """Rest on each level's item until the next level is open, then click the last."""
    (path,) = hand.match(r"Select (.+)")
    *way, leaf = path.split(">")
    for name in way:
        yield from _rest_on(hand, name)
    yield hand.click(_item(hand, leaf))


def _rest_on(hand: Hand, name: str) -> Iterator[AnyAction]:
    """A click on an item with a submenu counts as choosing it, so the pointer only rests there."""
    yield Move(point=hand.point(_item(hand, name)))
    yield Wait(seconds=0.6)


def _item(hand: Hand, name: str) -> Thing:
    return hand.one("#menu li > div", name)


@solves("click-menu-2")
def menu_with_icons(hand: Hand) -> Iterator[AnyAction]:
    """Open the menu, and its submenu where the item is in it."""
    name = hand.quoted()[-1]
    name = MENU_ICONS.get(name, name)
    yield hand.click(hand.one("#open-menu"))
    if name in ("Prev", "Stop", "Play", "Next"):
        yield from _rest_on(hand, "Playback")
    yield hand.click(_item(hand, name))


@solves("click-shades")
def shades(hand: Hand) -> Iterator[AnyAction]:
    """Every shade, then Submit."""
    (name,) = hand.match(r"shades of (\w+)")
    for shade in hand.all(f"#area span[data-color='{name}']"):
        yield hand.click(shade)
    yield hand.click(hand.one("#submit"))


@solves("click-widget")
def widget(hand: Hand) -> Iterator[AnyAction]:
    """The first widget of the kind."""
    yield hand.click(hand.one(f"#area [data-type='{hand.quoted()[0]}']"))


@solves("ascending-numbers")
def ascending(hand: Hand) -> Iterator[AnyAction]:
    """1 as text; then the covers that hide the others, in order."""
    yield hand.click(hand.one("svg text", "1"))
    for number in range(2, 6):
        yield hand.click(hand.one(f"svg rect[data-index='{number}']"))


@solves("navigate-tree")
def tree(hand: Hand) -> Iterator[AnyAction]:
    """Open closed folders from the top until the name shows."""
    name = hand.quoted()[0]
    tried: set[tuple[float, float]] = set()
    while not hand.has("#tree span", name):
        folder = next(e for e in hand.all("#tree li.expandable > .hitarea") if e.middle not in tried)
        tried.add(folder.middle)
        yield hand.click(folder)
    yield hand.click(hand.one("#tree span", name))


@solves("focus-text")
def focus(hand: Hand) -> Iterator[AnyAction]:
    """The only field."""
    yield hand.click(hand.one("#area input"))


@solves("focus-text-2")
def focus_nth(hand: Hand) -> Iterator[AnyAction]:
    """The field with the number."""
    (number,) = hand.match(r"the (\d)\w\w input")
    yield hand.click(hand.all("#area input")[int(number) - 1])


_HOT = """(() => { const hot = [];
  for (let y = 52; y < 175; y += 2) for (let x = 2; x < 158; x += 2) {
    $('#touch-area').trigger($.Event('mousemove', {pageX: x, pageY: y}));
    if ($('#signal').hasClass('hot')) hot.push([x, y]); }
  return [0, 1].map(i => hot.reduce((sum, place) => sum + place[i], 0) / hot.length); })()"""


@solves("hot-cold")
def hot(hand: Hand) -> Iterator[AnyAction]:
    """The middle of where the page would say HOT; the page keeps the place in a closure, so it is asked everywhere."""
    x, y = hand.js(_HOT)
    yield hand.click((float(x), float(y)))


@solves("find-greatest")
def greatest(hand: Hand) -> Iterator[AnyAction]:
    """Look at each card, then take the greatest."""
    cards, values = hand.all("#cardholder .card"), []
    for number, card in enumerate(cards):
        yield hand.click(card)
        values.append(int(hand.js(f"document.querySelectorAll('.card .card-value')[{number}].textContent")))
    yield hand.click(cards[values.index(max(values))])
    yield hand.click(hand.one("#submit"))
