"""Tasks of dates and times."""

from __future__ import annotations

import re
from collections.abc import Iterator

from actions.action import AnyAction, TypeText
from benchmarks.suites.miniwob.oracle import Hand, solves

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def pick(hand: Hand, month: int, day: int, year: int) -> Iterator[AnyAction]:
    """Leaf through an open jQuery date picker to the month and click the day."""
    for _ in range(24):
        shown = hand.one(".ui-datepicker-title").text
        now = 12 * int(shown[-4:]) + MONTHS.index(re.sub(r"[^A-Za-z]", "", shown)) + 1
        if now == 12 * year + month:
            break
        yield hand.click(hand.one(".ui-datepicker-prev" if now > 12 * year + month else ".ui-datepicker-next"))
    yield hand.click(hand.one(".ui-datepicker-calendar td a", str(day)))


@solves("choose-date", "choose-date-easy", "choose-date-medium", "choose-date-nodelay")
def choose_date(hand: Hand) -> Iterator[AnyAction]:
    """Open the picker, leaf, click, Submit."""
    month, day, year = map(int, hand.match(r"(\d\d)/(\d\d)/(\d{4})"))
    yield hand.click(hand.one("#datepicker"))
    yield from pick(hand, month, day, year)
    yield hand.click(hand.one("#subbtn"))


@solves("enter-date")
def enter_date(hand: Hand) -> Iterator[AnyAction]:
    """Type into the field from its first part on."""
    month, day, year = hand.match(r"(\d\d)/(\d\d)/(\d{4})")
    field = hand.one("#tt")
    yield hand.click((field.x + 6, field.middle[1]))
    yield TypeText(text=f"{month}{day}{year}")
    yield hand.click(hand.one("#subbtn"))


@solves("enter-time")
def enter_time(hand: Hand) -> Iterator[AnyAction]:
    """Type into the field from its first part on."""
    hour, minute, half = hand.match(r"Enter (\d+):(\d\d)\s?([AP]M)")
    field = hand.one("#tt")
    yield hand.click((field.x + 6, field.middle[1]))
    yield TypeText(text=f"{int(hour):02d}{minute}{half[0]}")
    yield hand.click(hand.one("#subbtn"))
