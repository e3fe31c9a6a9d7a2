"""Tasks that need more than one program."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from PIL import Image

from benchmarks.suites.desktop.browser import BROWSER, OK, arrived, fill
from benchmarks.suites.desktop.calculator import click_keys, spoken
from benchmarks.suites.desktop.checks import cells, every, files, picture, sent
from benchmarks.suites.desktop.editor import save_as
from benchmarks.suites.desktop.folders import select, show
from benchmarks.suites.desktop.oracle import click_on, has, keys, opened, saved, to_front, write
from benchmarks.suites.desktop.pages import WebPage
from benchmarks.suites.desktop.pictures import draw, overwrite, png
from benchmarks.suites.desktop.sample_text import CITIES, NOUNS, TOPICS, amounts, people, rows_of, sentence, some
from benchmarks.suites.desktop.sheets import save_as as save_sheet
from benchmarks.suites.desktop.sheets import workbook
from benchmarks.suites.desktop.task import task
from benchmarks.suites.desktop.world import DesktopScene, DesktopWorld
from benchmarks.suites.tasks.oracle import Move


@task("several-sum-to-note", "galculator", "mousepad", complexity=3.4)
def sum_to_note(random: Random) -> DesktopScene:
    """Calculator and editor."""
    a, b = amounts(random, 2, 112, 987)
    name = f"{random.choice(TOPICS)}.txt"

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from to_front(world, "galculator")
        yield from click_keys(world, f"{a}*{b}=")
        yield keys("ctrl+c")
        yield from to_front(world, "mousepad")
        yield keys("ctrl+v")
        yield from save_as(world, name)

    return DesktopScene(
        plain=f"Multiply {a} by {b} with the calculator, and save a note {name} in the home folder that holds just the "
        "result.",
        explicit=f"{spoken(f'{a}*{b}=')}. Press Ctrl+C, click the title bar “Untitled 1 - Mousepad”, press "
        "Ctrl+V, open "
        f"the File menu, click “Save As…”, type “{name}” and press Enter",
        apps=("mousepad", "galculator"),
        check=files({name: str(a * b)}),
        script=script,
    )


@task("several-order-to-note", "chromium", "mousepad", complexity=2.6)
def order_to_note(random: Random) -> DesktopScene:
    """Browser and editor."""
    numbers, names, costs = amounts(random, 4, 10000, 99999), people(random, 4), amounts(random, 4, 20, 400)
    index = random.randrange(4)
    rows = "".join(
        f"<tr><td>{n}</td><td>{p}</td><td>{c} €</td></tr>" for n, p, c in zip(numbers, names, costs, strict=True)
    )
    body = f"<h1>Orders</h1><table><tr><th>Number</th><th>Customer</th><th>Total</th></tr>{rows}</table>"
    line = f"{numbers[index]} {costs[index]}"

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from to_front(world, "mousepad")
        yield write(line)
        yield from save_as(world, "order.txt")

    return DesktopScene(
        plain=f"Look up the order of {names[index]} on the web page. Write its number and its total without "
        "the currency, "
        "with one blank between them, into a note and save it as order.txt in the home folder.",
        explicit=f"Click the title bar “Untitled 1 - Mousepad”, type “{line}”, open the File menu, click "
        "“Save As…”, type "
        "“order.txt” and press Enter",
        apps=(f"{BROWSER}/", "mousepad"),
        check=files({"order.txt": line}),
        script=script,
        pages={"/": WebPage("Orders", body)},
    )


@task("several-code-to-form", "xterm", "chromium", complexity=2.6)
def code_to_form(random: Random) -> DesktopScene:
    """Terminal and browser: a program prints a code that the page asks for."""
    code = f"{random.choice(NOUNS)}-{random.randrange(100, 999)}"
    body = (
        '<h1>Activation</h1><form method="post" action="/activate" autocomplete="off">'
        '<label>Code <input type="text" name="code" id="code"></label><button id="go">Activate</button></form>'
    )

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from to_front(world, "xterm")
        yield write("sh show-code.sh\n")
        yield from to_front(world, "chromium")
        yield from fill(world, "/", code=code)
        yield from click_on(world, "/", "go")
        yield arrived(world, "/activate")

    return DesktopScene(
        plain="Run the script show-code.sh in the terminal. It prints a code: activate the product on the "
        "web page with "
        "it.",
        explicit=f"Type exactly “sh show-code.sh” and press Enter. Type “{code}” into the Code field and "
        "click Activate",
        apps=(f"{BROWSER}/", "xterm"),
        check=sent("/activate", code=code),
        script=script,
        files={"show-code.sh": f"printf 'The code is %s-%s\\n' {code.replace('-', ' ')}\n"},
        pages={"/": WebPage("Activation", body), "/activate": OK},
    )


@task("several-highest-to-note", "gnumeric", "mousepad", complexity=2.6)
def highest_to_note(random: Random) -> DesktopScene:
    """Spreadsheet and editor."""
    names, numbers = people(random, 8), amounts(random, 8, 100, 999)
    best = names[numbers.index(max(numbers))]
    sheet = "Documents/results.gnumeric"

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from to_front(world, "mousepad")
        yield write(best)
        yield from save_as(world, "winner.txt")

    return DesktopScene(
        plain="Who has the highest number in the spreadsheet? Write just that name into a note and save it "
        "as winner.txt "
        "in the home folder.",
        explicit=f"Click the title bar “Untitled 1 - Mousepad”, type “{best}”, open the File menu, click "
        "“Save As…”, type "
        "“winner.txt” and press Enter",
        apps=(f"gnumeric {sheet}", "mousepad"),
        files={sheet: workbook([["Name", "Points"], *rows_of(names, numbers)])},
        check=every(files({"winner.txt": best})),
        script=script,
    )


@task("several-find-and-rotate", "pcmanfm", "gpicview", complexity=3.0)
def find_and_rotate(random: Random) -> DesktopScene:
    """File manager and image viewer."""
    names = some(random, CITIES, 4)
    images = {f"Pictures/{name.lower()}.png": draw(random, name) for name in names}
    chosen = random.choice(list(images))
    others = [picture(name, image) for name, image in images.items() if name != chosen]

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from show(world, "Pictures")
        yield from select(chosen.rpartition("/")[2])
        yield keys("enter")
        yield opened(world, "100%")
        yield keys("r")
        yield from overwrite(world)

    base = chosen.rpartition("/")[2]
    return DesktopScene(
        plain=f"Open {base} from the folder Pictures, turn it by 90 degrees to the right and save it under its name.",
        explicit=f"Double-click Pictures, double-click “{base}”, press R, press S and click Yes",
        apps=("pcmanfm .",),
        files={name: png(image) for name, image in images.items()},
        check=every(picture(chosen, images[chosen].transpose(Image.Transpose.ROTATE_270)), *others),
        script=script,
    )


@task("several-write-and-run", "mousepad", "xterm", complexity=3.0)
def write_and_run(random: Random) -> DesktopScene:
    """Editor and terminal: a script is written in the one and run in the other."""
    word = f"{random.choice(NOUNS)}{random.randrange(10, 99)}"
    line = f"echo {word} > made.txt"

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from to_front(world, "mousepad")
        yield write(line)
        yield from save_as(world, "make.sh")
        yield from to_front(world, "xterm")
        yield write("sh make.sh\n")
        yield has(world, "made.txt", word)

    return DesktopScene(
        plain=f"Write a shell script with the one line “{line}” in the text editor, save it as make.sh in "
        "the home folder, "
        "and run it once in the terminal.",
        explicit=f"Type “{line}”, open the File menu, click “Save As…”, type “make.sh” and press Enter. "
        "Click the title "
        "bar “xterm”, type exactly “sh make.sh” and press Enter",
        apps=("xterm", "mousepad"),
        check=files({"make.sh": line, "made.txt": word}),
        script=script,
    )


@task("several-prices-to-sheet", "chromium", "gnumeric", complexity=3.6)
def prices_to_sheet(random: Random) -> DesktopScene:
    """Browser and spreadsheet."""
    things, prices = some(random, NOUNS, 4), amounts(random, 4, 5, 99)
    rows = "".join(f"<tr><td>{t}</td><td>{p}</td></tr>" for t, p in zip(things, prices, strict=True))
    name = "Documents/prices.gnumeric"
    wanted = {f"A{i}": t for i, t in enumerate(things, 1)} | {f"B{i}": str(p) for i, p in enumerate(prices, 1)}

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from to_front(world, "gnumeric")
        for thing, price in zip(things, prices, strict=True):
            yield write(f"{thing}\t{price}\n")
        yield from save_sheet(world, name)

    typed = ", ".join(f"type “{t}”, press Tab, type “{p}”, press Enter" for t, p in zip(things, prices, strict=True))
    return DesktopScene(
        plain="Copy the price list of the web page into the empty spreadsheet, without the heading: things "
        "in column A, "
        f"prices in column B, from A1 on and in the same order. Save it as {name} in Gnumeric's own format.",
        explicit=f"Click cell A1, {typed}. Open the File menu, click “Save As…”, press Ctrl+A, type "
        f"“{name}” and click Save",
        apps=(f"{BROWSER}/", "gnumeric"),
        check=cells(name, wanted),
        script=script,
        pages={"/": WebPage("Prices", f"<h1>Prices</h1><table><tr><th>Thing</th><th>Price</th></tr>{rows}</table>")},
    )


@task("several-download-count", "chromium", "xterm", complexity=3.8)
def download_count(random: Random) -> DesktopScene:
    """Browser, terminal, browser: download, count, report."""
    city, *others = some(random, CITIES, 4)
    lines = [city] * random.randrange(31, 79) + [random.choice(others) for _ in range(random.randrange(90, 160))]
    random.shuffle(lines)
    count = lines.count(city)
    data = "".join(f"{i};{c};{sentence(random)}\n" for i, c in enumerate(lines, 1))
    body = (
        '<h1>Visits</h1><p><a href="/visits" id="visits">Download the visits</a></p>'
        '<form method="post" action="/report" autocomplete="off">'
        f'<label>Visits from {city} <input type="text" name="count" id="count"></label>'
        '<button id="report">Report</button></form>'
    )
    command = f"grep -c {city} Downloads/visits.csv"

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from to_front(world, "chromium")
        yield from click_on(world, "/", "visits")
        yield saved(world, "Downloads/visits.csv")
        yield from to_front(world, "xterm")
        yield write(command + "\n")
        yield from to_front(world, "chromium")
        yield from fill(world, "/", count=str(count))
        yield from click_on(world, "/", "report")
        yield arrived(world, "/report")

    return DesktopScene(
        plain=f"Download the list of visits from the web page, find out with the terminal how many of its "
        "lines are from "
        f"{city}, and report that number on the web page.",
        explicit=f"Click “Download the visits”, click the title bar “xterm”, type exactly “{command}”, press Enter and "
        f"press Ctrl+D. Type “{count}” into the “Visits from {city}” field and click Report",
        apps=("xterm", f"{BROWSER}/"),
        check=every(files({"Downloads/visits.csv": data}), sent("/report", count=str(count))),
        script=script,
        pages={"/": WebPage("Visits", body), "/visits": WebPage("", data, download="visits.csv"), "/report": OK},
    )
