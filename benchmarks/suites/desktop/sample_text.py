"""Names, words and figures that tasks are filled with. Everything is drawn from the instance's own random numbers."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

NOUNS = (
    "anchor", "basket", "candle", "dragon", "engine", "falcon", "garden", "hammer", "island", "jacket",
    "kettle", "ladder", "magnet", "needle", "orchid", "pencil", "quartz", "ribbon", "saddle", "tunnel",
)  # fmt: skip
VERBS = ("bring", "carry", "check", "clean", "collect", "deliver", "measure", "paint", "repair", "return")
FIRST = ("Ada", "Boris", "Carla", "Dmitri", "Elena", "Farid", "Greta", "Hassan", "Ingrid", "Jonas", "Keiko", "Luis")
LAST = ("Abbott", "Brandt", "Castro", "Dvorak", "Engel", "Fischer", "Garcia", "Holm", "Ivanov", "Jensen", "Kovacs")
CITIES = ("Athens", "Bergen", "Cairo", "Dublin", "Essen", "Geneva", "Lagos", "Lima", "Oslo", "Porto", "Quito", "Seoul")
TOPICS = ("budget", "garden", "invoice", "journal", "meeting", "packing", "recipe", "report", "travel", "workshop")


def some(random: Random, words: Sequence[str], count: int) -> list[str]:
    """`count` different words."""
    return random.sample(list(words), count)


def sentence(random: Random) -> str:
    """A short errand, e.g. ``Repair the kettle before Monday``."""
    verb, noun = random.choice(VERBS).capitalize(), random.choice(NOUNS)
    return f"{verb} the {noun} before {random.choice(('Monday', 'Tuesday', 'Thursday', 'Friday'))}"


def person(random: Random) -> str:
    """A first and a last name."""
    return f"{random.choice(FIRST)} {random.choice(LAST)}"


def people(random: Random, count: int) -> list[str]:
    """`count` people of whom no two share a name."""
    return [f"{a} {b}" for a, b in zip(some(random, FIRST, count), some(random, LAST, count), strict=True)]


def amounts(random: Random, count: int, low: int, high: int) -> list[int]:
    """`count` different whole numbers from `low` to `high`, in no order."""
    return random.sample(range(low, high + 1), count)


def rows_of(*columns: Sequence[str | int]) -> list[list[str | int]]:
    """The rows of a table that is given by its columns."""
    return [list(row) for row in zip(*columns, strict=True)]
