"""Tasks of dates and times."""

from __future__ import annotations

import re
from collections.abc import Iterator

from actions.action import AnyAction, TypeText
from benchmarks.suites.miniwob.oracle import PageScript, solves

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


def pick(page: PageScript, month: int, day: int, year: int) -> Iterator[AnyAction]:
    """Leaf through an open jQuery date picker to the month and click the day."""
    for _ in range(24):
        shown = page.one(".ui-datepicker-title").text
        now = 12 * int(shown[-4:]) + MONTHS.index(re.sub(r"[^A-Za-z]", "", shown)) + 1
        if now == 12 * year + month:
            break
        yield page.click(page.one(".ui-datepicker-prev" if now > 12 * year + month else ".ui-datepicker-next"))
    yield page.click(page.one(".ui-datepicker-calendar td a", str(day)))


@solves("choose-date", "choose-date-easy", "choose-date-medium", "choose-date-nodelay")
def choose_date(page: PageScript) -> Iterator[AnyAction]:
    """Open the picker, leaf, click, Submit."""
    month, day, year = map(int, page.match(r"(\d\d)/(\d\d)/(\d{4})"))
    yield page.click(page.one("#datepicker"))
    yield from pick(page, month, day, year)
    yield page.click(page.one("#subbtn"))


@solves("enter-date")
def enter_date(page: PageScript) -> Iterator[AnyAction]:
    """Type into the field from its first part on."""
    month, day, year = page.match(r"(\d\d)/(\d\d)/(\d{4})")
    field = page.one("#tt")
    yield page.click((field.x + 6, field.middle[1]))
    yield TypeText(text=f"{month}{day}{year}")
    yield page.click(page.one("#subbtn"))


@solves("enter-time")
def enter_time(page: PageScript) -> Iterator[AnyAction]:
    """Type into the field from its first part on."""
    hour, minute, half = page.match(r"Enter (\d+):(\d\d)\s?([AP]M)")
    field = page.one("#tt")
    yield page.click((field.x + 6, field.middle[1]))
    yield TypeText(text=f"{int(hour):02d}{minute}{half[0]}")
    yield page.click(page.one("#subbtn"))
