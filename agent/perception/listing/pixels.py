"""Rows from what perception reads off a picture: status bar, navigation bar and two-line list rows of a phone named."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from actions.frame import Box
from agent.perception.elements import TICKED, Element, PerceivedScreen
from agent.perception.labelling import AFTER_LABEL
from agent.perception.listing.rows import NAVIGATION_BAR, STATUS_BAR, Row, clean
from envs.env import ScreenWindow

_CLOCK = re.compile(r"\d{1,2}[:.]\d\d(\s?[AaPp]\.?[Mm]\.?)?")
_TOP, _BOTTOM = 0.05, 0.94
"""Shares of a phone's height: above the first may be the status bar, below the second the navigation bar."""
_BUTTONS = ("back", "home", "recents")
_CONTROLS = (*TICKED, "field", "slider", "select")
_ICON_SURE = 0.6
"""From which probability an icon has the name of its likeliest concept."""
_NOTE_GAP, _INDENT, _SMALLER = 1.2, 0.5, 0.9
"""In heights of a text: how far below it the second line of a list row is at most, how far its left edge is off, and
its height.
"""


def pixel_rows(screen: PerceivedScreen, phone: bool, windows: Sequence[ScreenWindow] = ()) -> tuple[Row, ...]:
    """The rows of a perceived screen in reading order; on a desktop those of a window together.

    `phone` is whether the screen may have a status bar and a navigation bar. `windows` are those that the system tells
    of, the front one first. What nothing names is left out, but for fields and what has a state.
    """
    windows = windows or [ScreenWindow(w.box, w.title) for w in screen.windows]
    elements = screen.elements if phone else _labelled_by_their_own(screen.elements, windows)
    rows = [row for element in elements if (row := _row(element))]
    rows = [_list_row(row, screen.width) for row in rows] if phone else rows
    rows = _joined([row for row in rows if row.role != "row" or row.name], phone)
    return _with_bars(screen, rows) if phone else by_window(rows, windows)


def by_window(rows: Sequence[Row], windows: Sequence[ScreenWindow]) -> tuple[Row, ...]:
    """`rows` of a desktop, those of a window together, with its name as their part; `windows` is as in `pixel_rows`."""
    parts = [_part(row.box, windows) for row in rows]
    names = _names([window.app for window in windows])
    order = sorted(range(len(rows)), key=lambda at: parts[at])
    return tuple(replace(rows[at], part=names[parts[at]]) for at in order)


def _part(box: Box, windows: Sequence[ScreenWindow]) -> int:
    """Which of the `windows` a box is in, their title bars included; one past the last for none."""
    framed = (window.box._replace(y1=window.box.y1 - window.bar) for window in windows)
    return next((at for at, frame in enumerate(framed) if frame.holds(box.center)), len(windows))


def _labelled_by_their_own(elements: Sequence[Element], windows: Sequence[ScreenWindow]) -> list[Element]:
    """`elements` without labels that are the words of another window, beside which they happen to stand."""
    parts = [_part(element.box, windows) for element in elements]
    said = {(part, element.text.rstrip(AFTER_LABEL)) for part, element in zip(parts, elements, strict=True)}
    anywhere = {text for _, text in said}
    return [
        replace(element, label="") if element.label in anywhere and (part, element.label) not in said else element
        for part, element in zip(parts, elements, strict=True)
    ]


def _names(names: Sequence[str]) -> list[str]:
    """What the windows are called, no two alike; the last is what lies in none."""
    return [f'window {at} "{clean([name])}"' for at, name in enumerate(names, 1)] + (["screen"] if names else [""])


def _row(element: Element) -> Row | None:
    icon = element.shows[0][0] if element.shows and element.shows[0][1] >= _ICON_SURE else ""
    letter = element.role == "button" and element.text.isascii() and element.text.isalpha()
    legible = any(map(str.isalnum, element.text)) and (len(element.text) > 1 or letter or not icon)
    words = [element.text] if legible else []
    named = clean([element.label] if element.role == "field" else [*words, element.label])
    named = named or (f"{icon} icon" if icon else "")
    if element.role == "bar" or not (named or words or element.role in _CONTROLS):
        return None
    state = {True: ("on",), False: ("off",)}[element.checked] if element.checked is not None else ()
    value = clean([element.text]) if element.role == "field" else ""
    role = "text" if element.role == "icon" and words else element.role
    return Row(element.box, role, named, value, state)


def _list_row(row: Row, width: int) -> Row:
    """A field from edge to edge of a phone is a row of a list: fields have margins."""
    edges = row.box.x1 < 0.02 * width and row.box.x2 > 0.98 * width
    return replace(row, role="row", name=row.value, value="") if row.role == "field" and edges else row


def _joined(rows: Sequence[Row], phone: bool) -> list[Row]:
    """`rows` without texts that name a control beside them; on a phone the two lines of a list row are one."""
    labels = {row.name: row.box.center.y for row in rows if row.role in (*TICKED, "slider", "select")}
    found = list[Row]()
    for row in rows:
        if row.role == "text" and abs(labels.get(row.name, -math.inf) - row.box.center.y) < 2 * row.box.height:
            continue
        near = range(len(found) - 1, max(-1, len(found) - 8), -1) if phone else ()
        at = next((n for n in near if _is_note(found[n], row)), None)
        if at is not None:
            above = found[at]
            found[at] = replace(above, box=above.box.union(row.box), role="row", name=clean([above.name, row.name]))
        else:
            found.append(row)
    return found


def _is_note(title: Row, note: Row) -> bool:
    """Whether `note` is the second line of the list row that begins with `title`: smaller, just below, aligned."""
    height = title.box.height
    return (
        title.role == note.role == "text"
        and 0 <= note.box.y1 - title.box.y2 <= _NOTE_GAP * height
        and abs(note.box.x1 - title.box.x1) <= _INDENT * height
        and note.box.height <= _SMALLER * height
    )


def _with_bars(screen: PerceivedScreen, rows: Sequence[Row]) -> tuple[Row, ...]:
    """`rows` with those of the status bar and the navigation bar marked as theirs."""
    clock = next((r for r in rows if r.box.y2 < _TOP * screen.height and _CLOCK.fullmatch(r.name)), None)
    below = clock.box.y2 + clock.box.height if clock else 0.0
    status = [replace(row, part=STATUS_BAR, role="text", acts=False) for row in rows if row.box.y2 <= below]
    time = clock.name if clock else None
    app = [
        replace(row, name="" if row.name == time and row.role == "field" else row.name)
        for row in rows
        if row.box.y2 > below
    ]
    bar = _navigation(screen)
    if not bar:
        return (*status, *app)
    top = min(row.box.y1 for row in bar)
    return (*status, *(row for row in app if row.box.center.y < top), *bar)


def _navigation(screen: PerceivedScreen) -> list[Row]:
    """The three buttons below everything else, one in each third of the width; none where they are not there."""
    low = [e for e in screen.elements if e.box.center.y > _BOTTOM * screen.height and len(e.text) <= 1]
    thirds = [[e for e in low if int(3 * e.box.center.x / screen.width) == third] for third in range(3)]
    if [len(third) for third in thirds] != [1, 1, 1]:
        return []
    return [
        Row(_larger(third[0].box), "button", name, part=NAVIGATION_BAR, acts=False)
        for third, name in zip(thirds, _BUTTONS, strict=True)
    ]


def _larger(box: Box) -> Box:
    return box.grown(box.height / 2)
