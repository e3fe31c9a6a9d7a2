"""Tasks in the spreadsheet Gnumeric."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from random import Random

from benchmarks.suites.desktop.checks import cells, every
from benchmarks.suites.desktop.oracle import closed, keys, opened, press_until, saved, write
from benchmarks.suites.desktop.sample_text import CITIES, NOUNS, amounts, people, rows_of, some
from benchmarks.suites.desktop.task import task
from benchmarks.suites.desktop.world import Check, DesktopScene, DesktopWorld
from benchmarks.suites.tasks.oracle import Move

Rows = Sequence[Sequence[str | int]]
SPREADSHEET = "Documents/table.gnumeric"


def workbook(rows: Rows) -> str:
    """A Gnumeric file with one sheet, values from A1 on."""
    found = "".join(
        f'<gnm:Cell Row="{r}" Col="{c}" ValueType="{40 if isinstance(v, int) else 60}">{escape(str(v))}</gnm:Cell>'
        for r, row in enumerate(rows)
        for c, v in enumerate(row)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<gnm:Workbook xmlns:gnm="http://www.gnumeric.org/v10.dtd">'
        '<gnm:SheetNameIndex><gnm:SheetName gnm:Cols="256" gnm:Rows="65536">Sheet1</gnm:SheetName></gnm:SheetNameIndex>'
        f"<gnm:Sheets><gnm:Sheet><gnm:Name>Sheet1</gnm:Name><gnm:Cells>{found}</gnm:Cells></gnm:Sheet></gnm:Sheets>"
        "</gnm:Workbook>\n"
    )


def table(rows: Rows, name: str = SPREADSHEET) -> Check:
    """The sheet has these rows, from A1 on."""
    return cells(name, {f"{'ABCDEFGH'[c]}{r}": str(v) for r, row in enumerate(rows, 1) for c, v in enumerate(row)})


def go_to(place: str) -> Iterator[Move]:
    """Select a cell from A1 by arrow keys."""
    column, row = "ABCDEFGH".index(place[0]), int(place[1:]) - 1
    yield keys("ctrl+home", *["right"] * column, *["down"] * row)


def save_as(world: DesktopWorld, name: str) -> Iterator[Move]:
    """Save under `name` by Gnumeric's dialog."""
    yield keys("ctrl+shift+s")
    yield opened(world, "Save the current")
    yield keys("ctrl+a")
    yield write(str(world.path(name)))
    yield from press_until("alt+s", closed(world, "Save the current"))
    yield saved(world, name)


def _edit(plain: str, explicit: str, rows: Rows, check: Check, place: str, typed: str) -> DesktopScene:
    """A table in which something is typed in one cell, and that is saved."""

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from go_to(place)
        yield write(typed + "\n")
        yield keys("ctrl+s")

    return DesktopScene(plain, explicit, (f"gnumeric {SPREADSHEET}",), check, script, {SPREADSHEET: workbook(rows)})


def _arrows(place: str) -> str:
    column, row = "ABCDEFGH".index(place[0]), int(place[1:]) - 1
    steps = [f"press the {way} arrow key {n} times" for n, way in ((column, "right"), (row, "down")) if n]
    return ", ".join(["Press Ctrl+Home", *steps])


@task("sheet-enter", "gnumeric", complexity=3.0)
def enter(random: Random) -> DesktopScene:
    """An empty sheet."""
    cities, numbers = some(random, CITIES, 3), amounts(random, 3, 10, 99)
    rows = list(zip(cities, numbers, strict=True))
    name = "Documents/cities.gnumeric"

    def script(world: DesktopWorld) -> Iterator[Move]:
        for city, number in rows:
            yield write(f"{city}\t{number}\n")
        yield from save_as(world, name)

    listed = ", ".join(f"{city} {number}" for city, number in rows)
    typed = "Press Ctrl+Home, " + ", ".join(f"type “{city}”, press Tab, type “{n}”, press Enter" for city, n in rows)
    return DesktopScene(
        plain=f"Enter this table in the empty spreadsheet, from A1 on, cities in column A and numbers in "
        f"column B: {listed}. "
        f"Save it as {name} in Gnumeric's own format.",
        explicit=f"{typed}. Open the File menu, click “Save As…”, press Ctrl+A, type “{name}” and click Save",
        apps=("gnumeric",),
        check=table(rows, name),
        script=script,
    )


@task("sheet-correct", "gnumeric", complexity=1.4)
def correct(random: Random) -> DesktopScene:
    """A table with one wrong number."""
    names, numbers = people(random, 6), amounts(random, 6, 100, 900)
    index, right = random.randrange(6), random.randrange(1000, 2000)
    rows: list[list[str | int]] = [["Name", "Amount"], *rows_of(names, numbers)]
    place = f"B{index + 2}"
    wanted = [list(row) for row in rows]
    wanted[index + 1][1] = right
    return _edit(
        f"The amount of {names[index]} is wrong: it should be {right}. Correct it in the spreadsheet and save it.",
        f"{_arrows(place)}, type “{right}”, press Enter and press Ctrl+S",
        rows, table(wanted), place, str(right),
    )  # fmt: skip


@task("sheet-sum", "gnumeric", complexity=1.6)
def total(random: Random) -> DesktopScene:
    """A column without its sum."""
    count = random.randrange(5, 13)
    things, numbers, last = some(random, NOUNS, count), amounts(random, count, 11, 299), count + 1
    rows: list[list[str | int]] = [["Item", "Price"], *rows_of(things, numbers)]
    return _edit(
        f"Put the sum of all prices into cell B{last + 1} of the spreadsheet, right below the last one, and save it.",
        f"{_arrows(f'B{last + 1}')}, type “=sum(B2:B{last})”, press Enter and press Ctrl+S",
        rows, table([*rows, ["", sum(numbers)]]), f"B{last + 1}", f"=sum(b2:b{last})",
    )  # fmt: skip


@task("sheet-average", "gnumeric", complexity=1.8)
def average(random: Random) -> DesktopScene:
    """Two columns of marks of which one average is wanted."""
    place = f"E{random.randrange(1, 9)}"
    names = people(random, 5)
    one, two = amounts(random, 5, 40, 100), amounts(random, 5, 40, 100)
    rows: list[list[str | int]] = [
        ["Name", "Spring", "Autumn"],
        *rows_of(names, one, two),
    ]
    autumn = random.random() < 0.5
    marks, column = (two, "C") if autumn else (one, "B")
    mean = f"{sum(marks) / 5:g}"
    return _edit(
        f"Write the average of the {'autumn' if autumn else 'spring'} marks into cell {place} of the "
        "spreadsheet and save it.",
        f"{_arrows(place)}, type “=average({column}2:{column}6)”, press Enter and press Ctrl+S",
        rows, every(table(rows), cells(SPREADSHEET, {place: mean})), place, f"=average({column}2:{column}6)",
    )  # fmt: skip


@task("sheet-totals", "gnumeric", complexity=3.0)
def totals(random: Random) -> DesktopScene:
    """An order of several lines."""
    lines = random.randrange(4, 9)
    things, prices, counts = some(random, NOUNS, lines), amounts(random, lines, 3, 60), amounts(random, lines, 2, 25)
    head: list[str | int] = ["Item", "Price", "Quantity"]
    body: list[list[str | int]] = rows_of(things, prices, counts)
    wanted: Rows = [
        [*head, "Total"],
        *rows_of(things, prices, counts, [p * q for p, q in zip(prices, counts, strict=True)]),
        [""] * 4,
    ]

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from go_to("D1")
        yield write("Total\n" + "".join(f"=B{n}*C{n}\n" for n in range(2, lines + 2)))
        yield keys("ctrl+s")

    typed = ", ".join(f"type “=B{n}*C{n}”, press Enter" for n in range(2, lines + 2))
    return DesktopScene(
        plain="Add a column D with the heading Total to the order in the spreadsheet: for each item price "
        "times quantity. "
        "Save it.",
        explicit=f"{_arrows('D1')}, type “Total”, press Enter, {typed} and press Ctrl+S",
        apps=(f"gnumeric {SPREADSHEET}",),
        files={SPREADSHEET: workbook([head, *body])},
        check=table(wanted),
        script=script,
    )


@task("sheet-delete-row", "gnumeric", complexity=1.8)
def delete_row(random: Random) -> DesktopScene:
    """A table from which a row goes."""
    names, numbers = people(random, 6), amounts(random, 6, 100, 900)
    index = random.randrange(1, 5)
    rows: list[list[str | int]] = rows_of(names, numbers)
    left: Rows = [*(row for i, row in enumerate(rows) if i != index), ["", ""]]

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from go_to(f"A{index + 1}")
        yield keys("shift+space")
        yield keys("ctrl+-")
        yield keys("ctrl+s")

    return DesktopScene(
        plain=f"{names[index]} has left. Delete that row of the spreadsheet, so that the others move up, and save it.",
        explicit=f"{_arrows(f'A{index + 1}')}, press Shift+Space, open the Edit menu, click Delete, click Rows and "
        "press Ctrl+S",
        apps=(f"gnumeric {SPREADSHEET}",),
        files={SPREADSHEET: workbook(rows)},
        check=table(left),
        script=script,
    )
