"""Tasks in Chromium, on pages of a local web server."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from html import escape
from random import Random

from actions.action import Answer, Scroll
from actions.frame import Point
from benchmarks.suites.desktop.checks import answered, bookmarked, files, read_in_browser, sent
from benchmarks.suites.desktop.oracle import click_on, keys, saved, write
from benchmarks.suites.desktop.pages import WebPage
from benchmarks.suites.desktop.sample_text import CITIES, NOUNS, TOPICS, amounts, people, person, sentence, some
from benchmarks.suites.desktop.task import task
from benchmarks.suites.desktop.world import Check, DesktopScene, DesktopWorld, Script
from benchmarks.suites.tasks.oracle import Move, Until

BROWSER = "chromium --window-size=1000,720 --window-position=0,0 {pages}"
OK = WebPage("Thank you", "<h1>Thank you. It was sent.</h1>")


def arrived(world: DesktopWorld, path: str, count: int = 1) -> Until:
    """Until `count` forms have been sent to `path`."""
    return Until(lambda: len(world.pages.sent(path)) >= count, f"a form at {path}")


def scene(
    plain: str, explicit: str, pages: Mapping[str, WebPage], check: Check, script: Script, grace: float = 4.0
) -> DesktopScene:
    """A scene with one browser window."""
    return DesktopScene(plain, explicit, (BROWSER + "/",), check, script, pages=pages, grace=grace)


def fill(world: DesktopWorld, path: str, **values: str) -> Iterator[Move]:
    """Type values into fields, replacing what is there."""
    for name, value in values.items():
        yield from click_on(world, path, name)
        yield keys("ctrl+a")
        yield write(value)


def choose(world: DesktopWorld, path: str, before: str, option: str) -> Iterator[Move]:
    """Choose in the list that comes after the field `before`, by the first letters of the option."""
    yield from click_on(world, path, before)
    yield keys("tab")
    yield write(option)


@task("browser-form", "chromium", complexity=2.2)
def registration(random: Random) -> DesktopScene:
    """A form with fields, a list and a box to check."""
    name, city = person(random), random.choice(CITIES)
    email = f"{name.split()[0].lower()}@{name.split()[1].lower()}.example"
    options = "".join(f"<option>{c}</option>" for c in sorted({*some(random, CITIES, 5), city}))
    body = (
        '<h1>Registration</h1><form method="post" action="/register" autocomplete="off">'
        '<label>Name <input type="text" name="name" id="name"></label>'
        '<label>E-mail <input type="text" name="email" id="email"></label>'
        f'<label>City <select name="city" id="city"><option></option>{options}</select></label>'
        '<label><input type="checkbox" name="news" id="news" value="yes"> Send me the newsletter</label>'
        '<button id="send">Register</button></form>'
    )

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from fill(world, "/", name=name, email=email)
        yield from choose(world, "/", "email", city)
        yield from click_on(world, "/", "news")
        yield from click_on(world, "/", "send")
        yield arrived(world, "/register")

    return scene(
        f"Register {name} from {city}, e-mail {email}, with the newsletter.",
        f"Type “{name}” into the Name field, type “{email}” into the E-mail field, select {city} in the "
        "City list, check "
        "“Send me the newsletter” and click Register",
        {"/": WebPage("Registration", body), "/register": OK},
        sent("/register", name=name, email=email, city=city, news="yes"),
        script,
    )


@task("browser-cheapest", "chromium", complexity=1.2)
def cheapest(random: Random) -> DesktopScene:
    """A shop with things of two kinds."""
    things, prices = some(random, NOUNS, 8), amounts(random, 8, 5, 95)
    kinds = ["tools"] * 4 + ["gifts"] * 4
    rows = list(zip(things, kinds, prices, strict=True))
    kind = random.choice(["tools", "gifts"])
    best = min((row for row in rows if row[1] == kind), key=lambda row: row[2])[0]
    random.shuffle(rows)
    body = "<h1>Shop</h1><table><tr><th>Thing</th><th>Kind</th><th>Price</th><th></th></tr>" + "".join(
        f'<tr><td>{t.capitalize()}</td><td>{k}</td><td>{p} €</td><td><form method="post" action="/basket">'
        f'<button id="{t}" name="thing" value="{t}">Order {t}</button></form></td></tr>'
        for t, k, p in rows
    )

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from click_on(world, "/", best)
        yield arrived(world, "/basket")

    return scene(
        f"Order the cheapest of the {kind} in this shop, and nothing else.",
        f"Click “Order {best}”",
        {"/": WebPage("Shop", body + "</table>"), "/basket": OK},
        sent("/basket", thing=best),
        script,
    )


@task("browser-bookmark", "chromium", complexity=1.4)
def bookmark(random: Random) -> DesktopScene:
    """A site with three pages, of which one is to be kept."""
    topics = some(random, TOPICS, 3)
    nav = "<nav>" + "".join(f'<a href="/{t}" id="{t}">{t.capitalize()}</a>' for t in topics) + "</nav>"
    wanted = random.choice(topics)
    pages = {
        f"/{t}": WebPage(t.capitalize(), f"{nav}<h1>{t.capitalize()}</h1><p>{sentence(random)}.</p>") for t in topics
    }

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from click_on(world, "/", wanted)
        yield Until(lambda: world.pages.place(f"/{wanted}", wanted) is not None, "the page")
        yield keys("ctrl+d")
        yield keys("enter")

    return scene(
        f"Bookmark the page about “{wanted}”.",
        f"Click {wanted.capitalize()}, press Ctrl+D and press Enter",
        {"/": WebPage("Start", f"{nav}<h1>Welcome</h1>"), **pages},
        bookmarked(f"/{wanted}"),
        script,
    )


@task("browser-phone-number", "chromium", complexity=1.6)
def phone_number(random: Random) -> DesktopScene:
    """A directory in which each person has a page. The task is to tell something."""
    names, numbers = (
        people(random, 5),
        [f"0{n}-{m}" for n, m in zip(amounts(random, 5, 30, 89), amounts(random, 5, 10000, 99999), strict=True)],
    )
    index = random.randrange(5)
    links = "".join(f'<p><a href="/{i}" id="p{i}">{escape(n)}</a></p>' for i, n in enumerate(names))
    pages = {
        f"/{i}": WebPage(n, f"<h1>{escape(n)}</h1><p>Room {random.randrange(100, 400)}</p><p>Telephone {t}</p>")
        for i, (n, t) in enumerate(zip(names, numbers, strict=True))
    }

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from click_on(world, "/", f"p{index}")
        yield Until(lambda: f"/{index}" in world.pages.visited, "the page")
        yield Answer(text=numbers[index])

    return scene(
        f"What is the telephone number of {names[index]}? Answer with the number.",
        f"Click “{names[index]}” and tell me the Telephone",
        {"/": WebPage("Directory", f"<h1>Directory</h1>{links}"), **pages},
        answered(numbers[index]),
        script,
    )


@task("browser-download", "chromium", complexity=1.2)
def download(random: Random) -> DesktopScene:
    """Reports to download."""
    years = sorted(amounts(random, 5, 2001, 2024))
    year = random.choice(years)
    texts = {y: f"Report of {y}\n{sentence(random)}\n" for y in years}
    links = "".join(f'<p><a href="/report-{y}" id="y{y}">Report {y}</a></p>' for y in years)
    pages = {f"/report-{y}": WebPage("", texts[y], download=f"report-{y}.txt") for y in years}

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from click_on(world, "/", f"y{year}")
        yield saved(world, f"Downloads/report-{year}.txt")

    return scene(
        f"Download the report of the year {year}.",
        f"Click “Report {year}”",
        {"/": WebPage("Reports", f"<h1>Reports</h1>{links}"), **pages},
        files({f"Downloads/report-{year}.txt": texts[year]}),
        script,
    )


@task("browser-sign-in", "chromium", complexity=2.8)
def sign_in(random: Random) -> DesktopScene:
    """An account whose setting is to be changed, behind a page to sign in."""
    name, password = random.choice(NOUNS), f"{random.choice(NOUNS)}{random.randrange(10, 99)}"
    old, new = some(random, CITIES, 2)
    login = (
        '<h1>Sign in</h1><form action="/account" onsubmit="return check()" autocomplete="off">'
        '<label>User name <input type="text" id="user"></label>'
        '<label>Password <input type="password" id="password"></label><button id="in">Sign in</button>'
        f'<p id="wrong"></p></form><script>function check() {{ const ok = user.value === "{name}" && '
        f'password.value === "{password}"; wrong.textContent = ok ? "" : "Wrong name or password."; return ok; }}'
        "</script>"
    )
    account = (
        f'<h1>Account of {name}</h1><form method="post" action="/saved" autocomplete="off">'
        f'<label>Home town <input type="text" name="town" id="town" value="{old}"></label>'
        f'<input type="hidden" name="user" value="{name}"><button id="save">Save changes</button></form>'
    )

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from fill(world, "/", user=name, password=password)
        yield from click_on(world, "/", "in")
        yield from fill(world, "/account", town=new)
        yield from click_on(world, "/account", "save")
        yield arrived(world, "/saved")

    return scene(
        f"Sign in as “{name}” with the password “{password}” and change the home town of the account to {new}.",
        f"Type “{name}” into the User name field, type “{password}” into the Password field, click the "
        "“Sign in” button, "
        f"replace the text in the Home town field with “{new}” and click “Save changes”",
        {"/": WebPage("Sign in", login), "/account": WebPage("Account", account), "/saved": OK},
        sent("/saved", town=new, user=name),
        script,
    )


@task("browser-read-article", "chromium", complexity=1.2)
def read_article(random: Random) -> DesktopScene:
    """A list of articles longer than the window."""
    titles = [
        f"{a.capitalize()} and {b}" for a, b in zip(some(random, NOUNS, 12), some(random, NOUNS, 12), strict=True)
    ]
    index = random.randrange(7, 12)
    links = "".join(
        f'<p><a href="/{i}" id="a{i}">{t}</a></p><p style="margin-bottom:110px">{sentence(random)}.</p>'
        for i, t in enumerate(titles)
    )
    pages = {f"/{i}": WebPage(t, f"<h1>{t}</h1><p>{sentence(random)}.</p>") for i, t in enumerate(titles)}

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield Until(lambda: world.pages.place("/", "top") is not None, "the page")
        while not _shown(world, f"a{index}"):
            yield Scroll(point=Point(500, 500), dy=2)
        yield from click_on(world, "/", f"a{index}")
        yield Until(lambda: f"/{index}" in world.pages.visited, "the article")

    return scene(
        f"Open the article “{titles[index]}” from the list, and no other.",
        f"Scroll down until “{titles[index]}” appears and click it",
        {"/": WebPage("Magazine", f'<h1 id="top">Magazine</h1>{links}'), **pages},
        read_in_browser([f"/{index}"], [f"/{i}" for i in range(12) if i != index]),
        script,
        grace=13.0,  # Chromium commits its history every 10 seconds
    )


def _shown(world: DesktopWorld, name: str) -> bool:
    """Whether the page tells, soon after it was scrolled, that `name` can be seen."""
    deadline = time.monotonic() + 0.5
    while world.pages.place("/", name) is None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@task("browser-booking", "chromium", complexity=2.6)
def booking(random: Random) -> DesktopScene:
    """A booking with radio buttons, a number, a date and a remark."""
    room, guests = random.choice(["Blue", "Green", "Red"]), random.randrange(3, 9)
    month, day = random.randrange(1, 13), random.randrange(1, 29)
    remark = sentence(random)
    radios = "".join(
        f'<label><input type="radio" name="room" id="{r}" value="{r}"> {r} room</label>'
        for r in ("Blue", "Green", "Red")
    )
    body = (
        f'<h1>Book a room</h1><form method="post" action="/book" autocomplete="off">{radios}'
        '<label>Guests <input type="number" name="guests" id="guests" value="1"></label>'
        '<label>Date (month/day/year) <input type="text" name="date" id="date"></label>'
        '<label>Remark <input type="text" name="remark" id="remark"></label>'
        '<button id="book">Book it</button></form>'
    )
    date = f"{month:02}/{day:02}/2027"

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from click_on(world, "/", room)
        yield from fill(world, "/", guests=str(guests), date=date, remark=remark)
        yield from click_on(world, "/", "book")
        yield arrived(world, "/book")

    return scene(
        f"Book the {room.lower()} room for {guests} guests on {date}, with the remark “{remark}”.",
        f"Click “{room} room”, replace the text in the Guests field with “{guests}”, type “{date}” into the "
        "Date field, "
        f"type “{remark}” into the Remark field and click “Book it”",
        {"/": WebPage("Booking", body), "/book": OK},
        sent("/book", room=room, guests=str(guests), date=date, remark=remark),
        script,
    )


@task("browser-cancel-order", "chromium", complexity=2.0)
def cancel_order(random: Random) -> DesktopScene:
    """A list of orders, and a question before one is cancelled."""
    numbers, cities = amounts(random, 5, 1000, 9999), some(random, CITIES, 5)
    index = random.randrange(5)
    rows = "".join(
        f'<tr><td>{n}</td><td>{c}</td><td><button id="c{n}" onclick="ask({n})">Cancel {n}</button></td></tr>'
        for n, c in zip(numbers, cities, strict=True)
    )
    body = (
        f"<h1>Orders</h1><table><tr><th>Number</th><th>To</th><th></th></tr>{rows}</table>"
        '<dialog id="dialog"><form method="post" action="/cancel"><p>Cancel this order for good?</p>'
        '<input type="hidden" name="number" id="number"><button id="yes">Yes, cancel it</button> '
        '<button id="no" type="button" onclick="dialog.close()">Keep it</button></form></dialog>'
        "<script>function ask(n) { number.value = n; dialog.showModal(); }</script>"
    )
    number = numbers[index]

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from click_on(world, "/", f"c{number}")
        yield from click_on(world, "/", "yes")
        yield arrived(world, "/cancel")

    return scene(
        f"Cancel the order that goes to {cities[index]}. Keep all the others.",
        f"Click “Cancel {number}” and click “Yes, cancel it”",
        {"/": WebPage("Orders", body), "/cancel": OK},
        sent("/cancel", number=str(number)),
        script,
    )
