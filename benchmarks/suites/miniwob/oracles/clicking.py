"""Tasks of finding and clicking."""

from __future__ import annotations

from collections.abc import Iterator

from actions.action import AnyAction, Move, Wait
from benchmarks.suites.miniwob.oracle import PageElement, PageScript, ScriptFailedError, solves

MENU_ICONS = {
    "disk": "Save", "seek-start": "Prev", "stop": "Stop", "play": "Play", "seek-end": "Next", "zoomin": "Zoom In",
    "zoomout": "Zoom Out",
}  # fmt: skip


@solves("click-test", "click-test-2", "click-test-transfer")
def first_button(page: PageScript) -> Iterator[AnyAction]:
    """Button ONE, or the only one."""
    yield page.click(page.one("#subbtn"))


@solves("click-button-sequence")
def two_buttons(page: PageScript) -> Iterator[AnyAction]:
    """ONE may lie below TWO: a corner that shows is clicked."""
    for name in ("subbtn", "subbtn2"):
        yield page.click(_showing(page, name))


def _showing(page: PageScript, name: str) -> tuple[float, float]:
    """A place of the element `name` that nothing covers."""
    found = page.js(
        f"(() => {{ const r = document.getElementById({name!r}).getBoundingClientRect();"
        "for (let y = r.top + 3; y < r.bottom - 2; y += 4) for (let x = r.left + 3; x < r.right - 2; x += 4)"
        f"if ((document.elementFromPoint(x, y) || {{}}).id === {name!r}) return [x, y]; return null }})()"
    )
    if found is None:
        raise ScriptFailedError(f"{name} is covered")
    return float(found[0]), float(found[1])


@solves("click-button", "unicode-test")
def named_button(page: PageScript) -> Iterator[AnyAction]:
    """The button whose words are quoted."""
    yield page.click(page.one("#area button", page.quoted()[0]))


@solves("click-link", "click-tab-2-easy")
def named_link(page: PageScript) -> Iterator[AnyAction]:
    """The link whose word is quoted."""
    yield page.click(page.one(".alink", page.quoted()[0]))


@solves("click-collapsible", "click-collapsible-nodelay")
def expand(page: PageScript) -> Iterator[AnyAction]:
    """Open the section, then Submit, which has moved down."""
    yield page.click(page.one("#area h3"))
    yield page.click(page.one("#subbtn"))


@solves("click-collapsible-2", "click-collapsible-2-nodelay")
def search_sections(page: PageScript) -> Iterator[AnyAction]:
    """Open one section after another until the link shows."""
    for number in range(3):
        yield page.click(page.all("#area h3")[number])
        if page.has(".alink", page.quoted()[0]):
            yield page.click(page.one(".alink", page.quoted()[0]))
            return


@solves("click-tab-2", "click-tab-2-hard")
def search_tabs(page: PageScript) -> Iterator[AnyAction]:
    """Open one tab after another until the link shows."""
    for tab in page.all(".ui-tabs-anchor"):
        yield page.click(tab)
        if page.has(".alink", page.quoted()[0]):
            yield page.click(page.one(".alink", page.quoted()[0]))
            return


@solves("click-tab-2-medium")
def link_or_second_tab(page: PageScript) -> Iterator[AnyAction]:
    """The link, or the empty second tab where there is none."""
    word = page.quoted()[0]
    yield page.click(page.one(".alink", word) if page.has(".alink", word) else page.all(".ui-tabs-anchor")[1])


@solves("click-tab")
def named_tab(page: PageScript) -> Iterator[AnyAction]:
    """The tab with the number."""
    (number,) = page.match(r"#(\d)")
    yield page.click(page.one(f"#area ul a[href='#tabs-{number}']"))


@solves("click-color")
def colour(page: PageScript) -> Iterator[AnyAction]:
    """The box of the colour."""
    (name,) = page.match(r"Click on the (.+) colored box")
    yield page.click(page.one(f"#area .color[data-color='{name}']"))


@solves("click-dialog")
def close_dialog(page: PageScript) -> Iterator[AnyAction]:
    """The dialog's x."""
    yield page.click(page.one(".ui-dialog-titlebar button"))


@solves("click-dialog-2")
def dialog_button(page: PageScript) -> Iterator[AnyAction]:
    """The named button, or the x in the title."""
    name = page.quoted()[0]
    bar = ".ui-dialog-titlebar button"
    yield page.click(page.one(bar) if name == "x" else page.one(".ui-dialog-buttonset button", name))


@solves("click-menu")
def menu(page: PageScript) -> Iterator[AnyAction]:
    """Rest on each level's item until the next level is open, then click the last."""
    (path,) = page.match(r"Select (.+)")
    *way, leaf = path.split(">")
    for name in way:
        yield from _rest_on(page, name)
    yield page.click(_item(page, leaf))


def _rest_on(page: PageScript, name: str) -> Iterator[AnyAction]:
    """A click on an item with a submenu counts as choosing it, so the pointer only rests there."""
    yield Move(point=page.point(_item(page, name)))
    yield Wait(seconds=0.6)


def _item(page: PageScript, name: str) -> PageElement:
    return page.one("#menu li > div", name)


@solves("click-menu-2")
def menu_with_icons(page: PageScript) -> Iterator[AnyAction]:
    """Open the menu, and its submenu where the item is in it. A click on that one's name counts as no choice here."""
    name = page.quoted()[-1]
    name = MENU_ICONS.get(name, name)
    yield page.click(page.one("#open-menu"))
    if name in ("Prev", "Stop", "Play", "Next"):
        yield page.click(_item(page, "Playback"))
        yield Wait(seconds=0.6)
    yield page.click(_item(page, name))


@solves("click-shades")
def shades(page: PageScript) -> Iterator[AnyAction]:
    """Every shade, then Submit."""
    (name,) = page.match(r"shades of (\w+)")
    for shade in page.all(f"#area span[data-color='{name}']"):
        yield page.click(shade)
    yield page.click(page.one("#submit"))


@solves("click-widget")
def widget(page: PageScript) -> Iterator[AnyAction]:
    """The first widget of the kind."""
    yield page.click(page.one(f"#area [data-type='{page.quoted()[0]}']"))


@solves("ascending-numbers")
def ascending(page: PageScript) -> Iterator[AnyAction]:
    """1 as text; then the covers that hide the others, in order."""
    yield page.click(page.one("svg text", "1"))
    for number in range(2, 6):
        yield page.click(page.one(f"svg rect[data-index='{number}']"))


@solves("navigate-tree")
def tree(page: PageScript) -> Iterator[AnyAction]:
    """Open closed folders from the top until the name shows."""
    name = page.quoted()[0]
    tried: set[tuple[float, float]] = set()
    while not page.has("#tree span", name):
        folder = next(e for e in page.all("#tree li.expandable > .hitarea") if e.middle not in tried)
        tried.add(folder.middle)
        yield page.click(folder)
    yield page.click(page.one("#tree span", name))


@solves("focus-text")
def focus(page: PageScript) -> Iterator[AnyAction]:
    """The only field."""
    yield page.click(page.one("#area input"))


@solves("focus-text-2")
def focus_nth(page: PageScript) -> Iterator[AnyAction]:
    """The field with the number."""
    (number,) = page.match(r"the (\d)\w\w input")
    yield page.click(page.all("#area input")[int(number) - 1])


_HOT = """(() => { const hot = [];
  for (let y = 52; y < 175; y += 2) for (let x = 2; x < 158; x += 2) {
    $('#touch-area').trigger($.Event('mousemove', {pageX: x, pageY: y}));
    if ($('#signal').hasClass('hot')) hot.push([x, y]); }
  return [0, 1].map(i => hot.reduce((sum, place) => sum + place[i], 0) / hot.length); })()"""


@solves("hot-cold")
def hot(page: PageScript) -> Iterator[AnyAction]:
    """The middle of where the page would say HOT; the page keeps the place in a closure, so it is asked everywhere."""
    x, y = page.js(_HOT)
    yield page.click((float(x), float(y)))


@solves("find-greatest")
def greatest(page: PageScript) -> Iterator[AnyAction]:
    """Look at each card, then take the greatest."""
    cards, values = page.all("#cardholder .card"), []
    for number, card in enumerate(cards):
        yield page.click(card)
        values.append(int(page.js(f"document.querySelectorAll('.card .card-value')[{number}].textContent")))
    yield page.click(cards[values.index(max(values))])
    yield page.click(page.one("#submit"))
