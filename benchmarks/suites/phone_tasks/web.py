"""Tasks in the Browser, on the little web of the simulated phone."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from actions.action import AnyAction
from benchmarks.suites.phone_tasks.checks import AnswerSays, Rows
from benchmarks.suites.phone_tasks.device import RemotePhone
from benchmarks.suites.phone_tasks.sample_text import email, people
from benchmarks.suites.phone_tasks.script import PhoneScript
from benchmarks.suites.phone_tasks.task import task
from benchmarks.suites.phone_tasks.world import PhoneScene

GOODS = ("Folding chair", "Picnic basket", "Bird feeder", "Soup ladle", "Cork board", "Rain barrel")
PLANS = ("Single", "Family", "Student")
ORDER = ("product", "quantity", "name", "gift")
MEMBER = ("name", "email", "plan", "newsletter")
SITES = {"shop": "Corner Shop", "news": "The Harbour Post", "club": "Hiking Club"}


def visit(ui: PhoneScript, site: str) -> Iterator[AnyAction]:
    """Open the Browser, which begins on the start page, and follow its link."""
    yield from ui.app("Browser")
    yield from ui.tap(SITES[site])


def price(cents: int) -> str:
    """As the shop shows it."""
    return f"€{cents / 100:.2f}"


def sell(device: RemotePhone, name: str, cents: int, stock: int = 50) -> None:
    """One more product, number 77."""
    device.insert("browser", "products", id=77, name=name, kind="new", cents=cents, stock=stock)


@task("browser-order", "Browser", complexity=2.4)
def order(random: Random) -> PhoneScene:
    """A form of a shop."""
    thing, (name,) = random.choice(GOODS), people(random, 1)
    quantity, gift = random.randint(2, 9), random.randint(0, 1)

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from visit(ui, "shop")
        yield from ui.tap(thing)
        yield from ui.write("Quantity", str(quantity))
        yield from ui.write("Your name", name)
        yield from ui.tap(*(["Gift wrap"] if gift else []), "Order")

    goal = f"In the Corner Shop (shop.test), order {quantity} of “{thing}” for {name}"
    goal += ", with gift wrap." if gift else ", without gift wrap."
    check = Rows("browser", "orders", ORDER, new=((77, quantity, name, gift),))
    return PhoneScene(goal, (check,), script, lambda device: sell(device, thing, random.randint(300, 4000)))


@task("browser-price", "Browser", complexity=1.4)
def price_of(random: Random) -> PhoneScene:
    """A question."""
    thing, cents = random.choice(GOODS), random.randint(1001, 9999)

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from visit(ui, "shop")
        yield from ui.reach(thing)
        yield ui.tell(ui.beside(thing))

    goal = f"What does “{thing}” cost in the Corner Shop (shop.test)? Answer with the price."
    told = AnswerSays(price(cents), price(cents)[1:], f"{price(cents)[1:]} euros")
    return PhoneScene(goal, (told, Rows("browser", "orders", ORDER)), script, lambda device: sell(device, thing, cents))


@task("browser-join", "Browser", complexity=2.6)
def join(random: Random) -> PhoneScene:
    """A form with a choice."""
    (name,), plan, news = people(random, 1), random.choice(PLANS), random.randint(0, 1)

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from visit(ui, "club")
        yield from fill_member(ui, name, email(name), plan, newsletter=bool(news))

    goal = f"Join the Hiking Club (club.test) as {name} with the email address {email(name)} and the plan {plan}, "
    goal += "with the newsletter." if news else "without the newsletter."
    check = Rows("browser", "members", MEMBER, new=((name, email(name), plan, news),))
    return PhoneScene(goal, (check,), script)


def fill_member(ui: PhoneScript, name: str, mail: str, plan: str, *, newsletter: bool) -> Iterator[AnyAction]:
    """On the club's page, fill the form and send it."""
    yield from ui.write("Name", name)
    yield from ui.write("Email", mail)
    yield from ui.tap(plan, *(["Send me the newsletter"] if newsletter else []), "Join")


def publish(device: RemotePhone, headline: str, text: str) -> None:
    """One more article."""
    device.insert(
        "browser", "articles", headline=headline, section="Town", writer="Ann Reed", text=text
    )  # fmt: skip


@task("browser-news", "Browser", complexity=1.4)
def news(random: Random) -> PhoneScene:
    """A question about an article."""
    what = random.choice(("bench", "fountain", "tram stop", "playground", "market hall"))
    amount = random.randint(20, 990)
    headline = f"A {what} for the old town"

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from visit(ui, "news")
        yield from ui.tap(headline)
        yield ui.tell(ui.reading("The council").split()[3])

    text = f"The council pays {amount} thousand euros for it. Work begins in 2 months."
    goal = f"The Harbour Post (news.test) writes about a {what}. How many thousand euros does the council pay? "
    return PhoneScene(
        f"{goal}Answer with the number only.",
        (AnswerSays(str(amount)),),
        script,
        lambda device: publish(device, headline, text),
    )


@task("browser-bookmark", "Browser", complexity=1.4)
def bookmark(random: Random) -> PhoneScene:
    """A page is remembered."""
    site = random.choice(list(SITES))

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from visit(ui, site)
        yield from ui.tap("More options", "Add bookmark")

    check = Rows("browser", "bookmarks", ("address",), new=((f"{site}.test",),))
    return PhoneScene(f"Add a bookmark for {site}.test ({SITES[site]}) in the Browser.", (check,), script)
