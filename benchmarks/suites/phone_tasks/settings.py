"""Tasks in the Settings app."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from actions.action import AnyAction
from benchmarks.suites.phone_tasks.checks import AnswerSays, Setting
from benchmarks.suites.phone_tasks.sample_text import NOUNS
from benchmarks.suites.phone_tasks.script import PhoneScript
from benchmarks.suites.phone_tasks.task import task
from benchmarks.suites.phone_tasks.world import PhoneScene, Script

TIMEOUTS = {
    "15 seconds": "15000", "30 seconds": "30000", "1 minute": "60000", "2 minutes": "120000", "5 minutes": "300000",
    "30 minutes": "1800000",
}  # fmt: skip
SIZES = {"Small": "0.85", "Large": "1.15", "Largest": "1.3"}


def taps(app: str, *words: str) -> Script:
    """A script: open an app and tap one thing after another."""

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from ui.app(app)
        yield from ui.tap(*words)

    return script


def _switch(goal: str, page: str, name: str, at: str, off_on: tuple[str, str], random: Random) -> PhoneScene:
    on = random.random() < 0.5
    before, after = off_on if on else off_on[::-1]
    return PhoneScene(
        f"{'Turn on' if on else 'Turn off'} {goal}.", (Setting(at, after, before),), taps("Settings", page, name)
    )


@task("settings-airplane-mode", "Settings", complexity=1.0)
def airplane(random: Random) -> PhoneScene:
    """A switch."""
    where = ("Network & internet", "Airplane mode", "global airplane_mode_on", ("0", "1"))
    return _switch("airplane mode", *where, random)


@task("settings-bluetooth", "Settings", complexity=1.0)
def bluetooth(random: Random) -> PhoneScene:
    """A switch."""
    return _switch("Bluetooth", "Connected devices", "Bluetooth", "global bluetooth_on", ("0", "1"), random)


@task("settings-location", "Settings", complexity=1.0)
def location(random: Random) -> PhoneScene:
    """A switch."""
    return _switch("the use of location", "Location", "Use location", "secure location_mode", ("0", "3"), random)


@task("settings-dark-theme", "Settings", complexity=1.0)
def dark(random: Random) -> PhoneScene:
    """A switch."""
    return _switch("the dark theme", "Display", "Dark theme", "secure ui_night_mode", ("1", "2"), random)


@task("settings-font-size", "Settings", complexity=1.2)
def font(random: Random) -> PhoneScene:
    """A choice."""
    size = random.choice(list(SIZES))
    check = Setting("system font_scale", SIZES[size], "1.0")
    return PhoneScene(f"Set the font size to “{size}”.", (check,), taps("Settings", "Display", "Font size", size))


@task("settings-screen-timeout", "Settings", complexity=1.2)
def timeout(random: Random) -> PhoneScene:
    """A choice."""
    words = random.choice(list(TIMEOUTS))
    check = Setting("system screen_off_timeout", TIMEOUTS[words], "600000")
    goal = f"Let the screen switch itself off after {words}."
    return PhoneScene(goal, (check,), taps("Settings", "Display", "Screen timeout", words))


@task("settings-device-name", "Settings", complexity=1.4)
def device_name(random: Random) -> PhoneScene:
    """A text."""
    name = f"{random.choice(NOUNS)}-{random.randint(10, 99)}"

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from taps("Settings", "About phone", "Device name")(ui)
        yield from ui.write("Device name", name, erase=len("Handeye simulated phone"))
        yield from ui.tap("OK")

    check = Setting("global device_name", name, "Handeye simulated phone")
    return PhoneScene(f"Change the name of this device to {name}.", (check,), script)


@task("settings-evening", "Settings", complexity=2.0)
def evening(random: Random) -> PhoneScene:
    """Three switches on two pages."""
    checks = (
        Setting("secure night_display_activated", "1", "0"),
        Setting("secure ui_night_mode", "2", "1"),
        Setting("system vibrate_when_ringing", "0", "1"),
    )

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from taps("Settings", "Display", "Dark theme", "Night Light")(ui)
        yield ui.back()
        yield from ui.tap("Sound & vibration", "Vibrate for calls")

    return PhoneScene("Turn on the dark theme and Night Light, and turn off vibration for calls.", checks, script)


@task("settings-which-timeout", "Settings", complexity=1.2)
def which_timeout(random: Random) -> PhoneScene:
    """A question."""
    words = random.choice(list(TIMEOUTS))

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from taps("Settings", "Display")(ui)
        yield from ui.reach("Screen timeout")
        yield ui.tell(ui.beside("Screen timeout"))

    checks = (Setting("system screen_off_timeout", TIMEOUTS[words], TIMEOUTS[words]), AnswerSays(words))
    return PhoneScene(
        "After how long does the screen switch itself off? Tell me as the settings say it.", checks, script
    )
