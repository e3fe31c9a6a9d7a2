"""Tasks in Clock and Calendar."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from actions.action import AnyAction
from benchmarks.suites.phone_tasks.checks import AnswerSays, Rows
from benchmarks.suites.phone_tasks.device import RemotePhone, Row
from benchmarks.suites.phone_tasks.sample_text import MEETINGS, PLACES, some_day, some_time
from benchmarks.suites.phone_tasks.script import PhoneScript
from benchmarks.suites.phone_tasks.settings import taps
from benchmarks.suites.phone_tasks.task import task
from benchmarks.suites.phone_tasks.world import PhoneScene, Script

ALARM = ("hour", "minute", "label", "days", "enabled")
EVENT = ("title", "date", "time", "duration", "location")
LABELS = ("Bus", "Medicine", "Bread is ready", "Call home", "Stretch", "Feed the fish")
REPEATS = {
    "every day": "1234567", "Monday to Friday": "12345", "Saturdays and Sundays": "67", "Tuesdays and Thursdays": "24",
}  # fmt: skip
NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LENGTHS = {15: "15 minutes", 30: "30 minutes", 45: "45 minutes", 60: "1 hour", 90: "1 hour 30 minutes", 120: "2 hours"}


def alarms(*, new: tuple[Row, ...] = (), gone: tuple[Row, ...] = ()) -> Rows:
    """Exactly these changes of the alarms."""
    return Rows("clock", "alarms", ALARM, new=new, gone=gone)


def events(*, new: tuple[Row, ...] = (), gone: tuple[Row, ...] = ()) -> Rows:
    """Exactly these changes of the calendar."""
    return Rows("calendar", "events", EVENT, new=new, gone=gone)


def set_time(ui: PhoneScript, hour: int, minute: int) -> Iterator[AnyAction]:
    """Fill the time picker, whose fields select themselves."""
    yield from ui.write("Hour", f"{hour:02}", erase=2)
    yield from ui.write("Minute", f"{minute:02}", erase=2)
    yield from ui.tap("OK")


def add_alarm(ui: PhoneScript, hour: int, minute: int) -> Iterator[AnyAction]:
    """Open Clock and make an alarm."""
    yield from taps("Clock", "Add alarm")(ui)
    yield from set_time(ui, hour, minute)


def own_alarm(device: RemotePhone, hour: int, minute: int, label: str, enabled: int) -> None:
    """The only alarm at this time of day."""
    device.run_sql("clock", free(hour, minute))
    device.insert("clock", "alarms", hour=hour, minute=minute, label=label, days="12345", enabled=enabled)


def free(hour: int, minute: int) -> str:
    """SQL that makes sure that there is no alarm at this time."""
    return f"delete from alarms where hour = {hour} and minute = {minute}"  # noqa: S608 - numbers


@task("clock-alarm-create", "Clock", complexity=1.6)
def alarm_create(random: Random) -> PhoneScene:
    """A time."""
    hour, minute = some_time(random)
    check = alarms(new=((hour, minute, "", "", 1),))
    goal = f"Set an alarm for {hour:02}:{minute:02} that rings once."
    return PhoneScene(goal, (check,), lambda ui: add_alarm(ui, hour, minute))


@task("clock-alarm-repeat", "Clock", complexity=3.6)
def alarm_repeat(random: Random) -> PhoneScene:
    """A time, weekdays and a label."""
    hour, minute = some_time(random)
    words, label = random.choice(list(REPEATS)), random.choice(LABELS)
    days = REPEATS[words]

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from add_alarm(ui, hour, minute)
        yield from ui.tap(*[NAMES[int(day) - 1] for day in days], "Add label")
        yield from ui.write("Label", label)
        yield from ui.tap("OK")

    goal = f"Set an alarm for {hour:02}:{minute:02}, {words}, with the label “{label}”."
    return PhoneScene(goal, (alarms(new=((hour, minute, label, days, 1),)),), script)


@task("clock-alarm-switch", "Clock", complexity=1.0)
def alarm_switch(random: Random) -> PhoneScene:
    """An alarm on or off."""
    (hour, minute), on = some_time(random), random.randint(0, 1)
    label = random.choice(LABELS)
    rows = tuple((hour, minute, label, "12345", state) for state in (on, 1 - on))
    goal = f"Switch the {hour:02}:{minute:02} alarm {'off' if on else 'on'}."
    return PhoneScene(
        goal,
        (alarms(gone=rows[:1], new=rows[1:]),),
        taps("Clock", f"{hour:02}:{minute:02} alarm"),
        lambda device: own_alarm(device, hour, minute, label, on),
    )


@task("clock-alarm-delete", "Clock", complexity=1.2)
def alarm_delete(random: Random) -> PhoneScene:
    """An alarm goes."""
    (hour, minute), label = some_time(random), random.choice(LABELS)
    at = f"{hour:02}:{minute:02}"
    return PhoneScene(
        f"Delete the alarm at {at} ({label}).",
        (alarms(gone=((hour, minute, label, "12345", 1),)),),
        taps("Clock", f"Edit {at} alarm", "Delete"),
        lambda device: own_alarm(device, hour, minute, label, 1),
    )


def _timer(state: str, length: int) -> Rows:
    return Rows("clock", "timer", ("state", "length"), gone=(("idle", 0),), new=((state, length),))


def _timer_script(minutes: int, seconds: int, *then: str) -> Script:
    digits = f"{minutes}{seconds:02}"
    return taps("Clock", "Timer", *digits, "Start", *then)


@task("clock-timer-start", "Clock", complexity=1.6)
def timer_start(random: Random) -> PhoneScene:
    """A timer runs."""
    minutes, seconds = random.randint(11, 59), random.randrange(10, 60, 5)
    goal = f"Start a timer of {minutes} minutes and {seconds} seconds."
    check = _timer("running", (60 * minutes + seconds) * 1000)
    return PhoneScene(goal, (check,), _timer_script(minutes, seconds))


@task("clock-timer-pause", "Clock", complexity=1.6)
def timer_pause(random: Random) -> PhoneScene:
    """A timer is stopped again."""
    minutes = random.randint(11, 59)
    goal = f"Start a timer of {minutes} minutes, and then pause it."
    return PhoneScene(goal, (_timer("paused", 60_000 * minutes),), _timer_script(minutes, 0, "Pause"))


@task("clock-stopwatch", "Clock", complexity=1.0)
def stopwatch(random: Random) -> PhoneScene:
    """The stopwatch runs, or has been stopped."""
    pause = random.random() < 0.5
    state = "paused" if pause else "running"
    check = Rows("clock", "stopwatch", ("state",), gone=(("idle",),), new=((state,),))
    script = taps("Clock", "Stopwatch", "Start", *(["Pause"] if pause else []))
    return PhoneScene(f"Start the stopwatch{', and then pause it' if pause else ' and let it run'}.", (check,), script)


# -- calendar


def pick_day(ui: PhoneScript, day: str) -> Iterator[AnyAction]:
    """Tap a day (``3 April 2026``) of the month that is shown, March, or of the next."""
    if "April" in day:
        yield from ui.tap("Next month")
    yield from ui.tap(day)


def fill_event(ui: PhoneScript, title: str, day: str, time: str, duration: int, place: str = "") -> Iterator[AnyAction]:
    """Open Calendar and make an event."""
    yield from taps("Calendar", "Create event")(ui)
    yield from ui.write("Title", title)
    yield from ui.tap("Date")
    yield from pick_day(ui, day)
    yield from ui.tap("OK", "Time")
    hour, _, minute = time.partition(":")
    yield from set_time(ui, int(hour), int(minute))
    if duration != 60:
        yield from ui.tap("Duration", LENGTHS[duration])
    if place:
        yield from ui.write("Location", place)
    yield from ui.tap("Save")


def add_event(device: RemotePhone, title: str, date: str, time: str, duration: int = 60, location: str = "") -> None:
    """One more event."""
    device.insert(
        "calendar", "events", title=title, date=date, time=time, duration=duration, location=location
    )  # fmt: skip


def _clock(random: Random) -> str:
    hour, minute = some_time(random)
    return f"{hour:02}:{minute:02}"


@task("calendar-create", "Calendar", complexity=3.0)
def create(random: Random) -> PhoneScene:
    """An event with a date and a time."""
    title, (date, day), time = random.choice(MEETINGS), some_day(random), _clock(random)
    goal = f"Create an event “{title}” on {day} at {time}. It lasts one hour."
    check = events(new=((title, date, time, 60, ""),))
    return PhoneScene(goal, (check,), lambda ui: fill_event(ui, title, day, time, 60))


@task("calendar-create-full", "Calendar", complexity=3.6)
def create_full(random: Random) -> PhoneScene:
    """An event with everything."""
    title, (date, day), time = random.choice(MEETINGS), some_day(random), _clock(random)
    place, duration = random.choice(PLACES), random.choice((15, 30, 45, 90, 120))
    goal = f"Create an event “{title}” on {day} at {time} that lasts {LENGTHS[duration]}. It takes place at: {place}"
    check = events(new=((title, date, time, duration, place),))
    return PhoneScene(goal, (check,), lambda ui: fill_event(ui, title, day, time, duration, place))


def _one_event(random: Random) -> tuple[str, str, str, str]:
    title, (date, day), time = random.choice(MEETINGS), some_day(random), _clock(random)
    return title, date, day, time


def _show_day(ui: PhoneScript, day: str) -> Iterator[AnyAction]:
    yield from ui.app("Calendar")
    yield from pick_day(ui, day)


@task("calendar-delete", "Calendar", complexity=1.6)
def delete(random: Random) -> PhoneScene:
    """An event goes."""
    title, date, day, time = _one_event(random)

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from _show_day(ui, day)
        yield from ui.tap(title, "Delete event", "Delete")

    check = events(gone=((title, date, time, 60, ""),))
    goal = f"Delete the event “{title}” on {day}."
    return PhoneScene(goal, (check,), script, lambda device: add_event(device, title, date, time))


@task("calendar-change-time", "Calendar", complexity=2.6)
def change_time(random: Random) -> PhoneScene:
    """An event at another time of the same day."""
    title, date, day, old = _one_event(random)
    hour, minute = some_time(random)
    new = f"{(hour + 1) % 24:02}:{minute:02}" if f"{hour:02}:{minute:02}" == old else f"{hour:02}:{minute:02}"

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from _show_day(ui, day)
        yield from ui.tap(title, "Edit event", "Time")
        yield from set_time(ui, int(new[:2]), int(new[3:]))
        yield from ui.tap("Save")

    check = events(gone=((title, date, old, 60, ""),), new=((title, date, new, 60, ""),))
    goal = f"Move the event “{title}” on {day} to {new} of the same day."
    return PhoneScene(goal, (check,), script, lambda device: add_event(device, title, date, old))


@task("calendar-where", "Calendar", complexity=1.2)
def where(random: Random) -> PhoneScene:
    """A question."""
    title, date, day, time = _one_event(random)
    place = random.choice(PLACES)

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from _show_day(ui, day)
        yield from ui.tap(title)
        yield ui.tell(ui.reading(place[:4]))

    goal = f"Where does the event “{title}” on {day} take place? Answer with the place only."
    return PhoneScene(
        goal, (events(), AnswerSays(place)), script, lambda device: add_event(device, title, date, time, 60, place)
    )


@task("calendar-when", "Calendar", complexity=1.6)
def when(random: Random) -> PhoneScene:
    """A question for the agenda."""
    title, date, _, time = _one_event(random)

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from taps("Calendar", "Agenda")(ui)
        yield from ui.tap(title)
        yield ui.tell(_time_on(ui))

    goal = f"At what time does the event “{title}” begin? Answer with the time as HH:MM."
    return PhoneScene(goal, (events(), AnswerSays(time)), script, lambda device: add_event(device, title, date, time))


def _time_on(ui: PhoneScript) -> str:
    """The time on the page of an event."""
    ui.find("Edit event")
    return next(node.text for node in ui.nodes() if "2026, " in node.text).rpartition(", ")[2]
