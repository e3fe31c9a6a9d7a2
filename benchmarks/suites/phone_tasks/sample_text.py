"""Names and words that tasks are filled with; none of the people is on a phone that was just reset."""

from __future__ import annotations

from random import Random

FIRST = ("Astrid", "Bruno", "Clara", "Diego", "Edith", "Fabio", "Gwen", "Henrik", "Irma", "Jorge", "Klara", "Lorenz")
LAST = ("Abbott", "Berger", "Costa", "Duval", "Engel", "Fontaine", "Garcia", "Holm", "Ivanov", "Jensen", "Keller")
NOUNS = ("anchor", "basket", "candle", "engine", "garden", "hammer", "jacket", "kettle", "ladder", "pencil", "saddle")
TITLES = ("Trip plan", "House rules", "Reading notes", "Paint colours", "Spare parts", "Menu", "Puzzle", "Guest list")
MEETINGS = (
    "Sales review",
    "Piano tuning",
    "Chess evening",
    "Eye test",
    "Roof inspection",
    "Job interview",
    "Tea party",
)
PLACES = ("Mill Road 9", "North Hall", "Lake House", "Studio 3", "Old Town Square")
MONTHS = ("March", "April")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def people(random: Random, count: int) -> list[str]:
    """`count` people of whom no two share a name."""
    return [f"{a} {b}" for a, b in zip(random.sample(FIRST, count), random.sample(LAST, count), strict=True)]


def number(random: Random) -> str:
    """A phone number that nobody on the phone has."""
    return f"+1 777 {random.randint(1000, 9999)}"


def email(name: str) -> str:
    """An address for a person."""
    return f"{name.replace(' ', '.').lower()}@example.org"


def errand(random: Random) -> str:
    """A short sentence, e.g. ``Please bring the ladder on Friday``."""
    verb = random.choice(("bring", "repair", "return", "collect", "paint"))
    return f"Please {verb} the {random.choice(NOUNS)} on {random.choice(DAYS)}"


def some_time(random: Random) -> tuple[int, int]:
    """An hour from 6 to 22 and a minute in steps of five."""
    return random.randint(6, 22), random.randrange(0, 60, 5)


def some_day(random: Random) -> tuple[str, str]:
    """A day of the rest of March or of April 2026: ``YYYY-MM-DD`` and as the phone's calendar calls it."""
    month = random.choice((3, 4))
    day = random.randint(18, 31) if month == 3 else random.randint(1, 30)
    return f"2026-{month:02}-{day:02}", f"{day} {MONTHS[month - 3]} 2026"
