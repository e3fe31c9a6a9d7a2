"""Tasks in the calculator Galculator. Its display can be read from outside when it was copied."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from benchmarks.suites.desktop.checks import clipboard
from benchmarks.suites.desktop.oracle import at, keys, titled
from benchmarks.suites.desktop.sample_text import NOUNS, amounts
from benchmarks.suites.desktop.task import task
from benchmarks.suites.desktop.world import DesktopScene, DesktopWorld
from benchmarks.suites.tasks.oracle import Move

KEYPAD = ("()", "789/√", "456*%", "123-", "0.±+")
"""The buttons of the basic mode, row by row."""


def place(button: str) -> tuple[int, int]:
    """Where a button is, in pixels from the top-left corner of the window's content."""
    if button == "=":
        return 295, 300
    row = next(row for row in KEYPAD if button in row)
    return 35 + 65 * row.index(button), 160 + 40 * KEYPAD.index(row)


def click_keys(world: DesktopWorld, buttons: str) -> Iterator[Move]:
    """Click the buttons one after the other: typed keys are lost where one is pressed twice within 0.25 s."""
    for button in buttons:
        window = titled(world, "galculator")
        assert window is not None
        x, y = place(button)
        yield at(window.left + x, window.top + y)


def spoken(buttons: str) -> str:
    """The clicks in words: ``Click 3, then 7, then =``."""
    return "Click " + ", then ".join(buttons)


def _sum(plain: str, buttons: str, result: int) -> DesktopScene:
    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from click_keys(world, buttons)
        yield keys("ctrl+c")

    return DesktopScene(
        plain=f"{plain} Leave the result on the clipboard.",
        explicit=f"{spoken(buttons)}. Then press Ctrl+C",
        apps=("galculator",),
        check=clipboard(str(result)),
        script=script,
    )


@task("calculator-product", "galculator", complexity=1.6)
def product(random: Random) -> DesktopScene:
    """A product."""
    a, b = amounts(random, 2, 12, 98)
    return _sum(f"Use the calculator to multiply {a} by {b}.", f"{a}*{b}=", a * b)


@task("calculator-brackets", "galculator", complexity=2.4)
def brackets(random: Random) -> DesktopScene:
    """A sum in brackets, times a number."""
    a, b, c = amounts(random, 3, 11, 89)
    return _sum(f"Use the calculator to work out ({a} + {b}) × {c}.", f"({a}+{b})*{c}=", (a + b) * c)


@task("calculator-shopping", "galculator", complexity=3.0)
def shopping(random: Random) -> DesktopScene:
    """A problem in words."""
    (one, other), thing = amounts(random, 2, 3, 19), random.sample(NOUNS, 2)
    price, dear = amounts(random, 2, 21, 79)
    plain = (
        f"A {thing[0]} costs {price} and a {thing[1]} costs {dear}. Work out with the calculator what {one} pieces of "
        f"the first and {other} of the second cost together."
    )
    return _sum(plain, f"{one}*{price}+{other}*{dear}=", one * price + other * dear)


@task("calculator-hexadecimal", "galculator", complexity=1.8)
def hexadecimal(random: Random) -> DesktopScene:
    """A number in another base: the scientific mode has it."""
    number = random.randrange(4100, 65000)
    wanted = f"{number:X}"

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from click_keys(world, str(number))
        yield keys("alt+v")
        yield keys("down", "enter")
        yield keys("alt+c")
        yield keys("right")
        yield keys("down", "enter")
        yield keys("ctrl+c")

    return DesktopScene(
        plain=f"Convert the decimal number {number} to hexadecimal with the calculator and copy the result.",
        explicit=f"{spoken(str(number))}. Open the View menu, click “Scientific Mode”, open the Calculator menu, click "
        "“Number bases”, click Hexadecimal and press Ctrl+C",
        apps=("galculator",),
        check=clipboard(wanted),
        script=script,
    )
