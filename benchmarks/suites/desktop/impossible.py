"""Tasks that cannot be done: the right ending is to give up, and to leave everything as it is."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from benchmarks.suites.desktop.browser import BROWSER, OK
from benchmarks.suites.desktop.checks import files, not_sent
from benchmarks.suites.desktop.folders import base, papers
from benchmarks.suites.desktop.oracle import give_up
from benchmarks.suites.desktop.pages import WebPage
from benchmarks.suites.desktop.sample_text import NOUNS, TOPICS, amounts, sentence, some
from benchmarks.suites.desktop.task import task
from benchmarks.suites.desktop.world import DesktopScene, DesktopWorld, Script
from benchmarks.suites.tasks.oracle import Move


def _give_up(why: str) -> Script:
    def script(world: DesktopWorld) -> Iterator[Move]:
        yield give_up(why)

    return script


@task("impossible-missing-file", "pcmanfm", complexity=1.5, infeasible=True)
def missing_file(random: Random) -> DesktopScene:
    """A file that is nowhere."""
    known = papers(random, 5)
    absent = next(noun for noun in some(random, NOUNS, 6) if f"Documents/{noun}.txt" not in known)
    new = random.choice(TOPICS)
    return DesktopScene(
        f"Rename the file {absent}.txt in Documents to {new}.txt.",
        f"Click “{absent}.txt”, press F2, press Ctrl+A, type “{new}.txt” and press Enter",
        ("pcmanfm Documents",),
        files({f"Documents/{new}.txt": None}),
        _give_up(f"there is no file {absent}.txt"),
        infeasible=True,
        files=dict(known),
    )


@task("impossible-sold-out", "chromium", complexity=1.5, infeasible=True)
def sold_out(random: Random) -> DesktopScene:
    """A shop in which the thing wanted is sold out."""
    things, prices = some(random, NOUNS, 4), amounts(random, 4, 5, 95)
    gone = random.choice(things)
    rows = "".join(
        f"<tr><td>{t}</td><td>{p} €</td><td>"
        + ("sold out" if t == gone else f'<button name="thing" value="{t}">Order {t}</button>')
        + "</td></tr>"
        for t, p in zip(things, prices, strict=True)
    )
    body = f'<h1>Shop</h1><form method="post" action="/basket"><table>{rows}</table></form>'
    return DesktopScene(
        f"Order the {gone} in this shop.",
        f"Click “Order {gone}”",
        (f"{BROWSER}/",),
        not_sent("/basket"),
        _give_up(f"the {gone} is sold out"),
        infeasible=True,
        pages={"/": WebPage("Shop", body), "/basket": OK},
    )


@task("impossible-missing-menu", "mousepad", complexity=1.5, infeasible=True)
def missing_menu(random: Random) -> DesktopScene:
    """Something that the editor cannot do."""
    name = f"Documents/{random.choice(TOPICS)}.txt"
    return DesktopScene(
        "Insert the picture holiday.png into the text that is open, with the editor's Insert menu, and save it.",
        "Open the Insert menu, click “Picture…”, type “holiday.png” and press Enter",
        (f"mousepad {name}",),
        files(),
        _give_up("the editor has no Insert menu and cannot hold pictures"),
        infeasible=True,
        files={name: f"{sentence(random)}\n{base(name)}\n"},
    )
