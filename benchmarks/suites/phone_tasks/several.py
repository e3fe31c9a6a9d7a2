"""Tasks that go through several apps: what is found in one is needed in the other."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from actions.action import AnyAction
from benchmarks.suites.phone_tasks.checks import AnswerSays, FilesChanged, Rows, Setting
from benchmarks.suites.phone_tasks.device import RemotePhone
from benchmarks.suites.phone_tasks.notebook import NOTE, add_note, notes, write_note
from benchmarks.suites.phone_tasks.people import add_contact, contacts, fill_contact, receive, send, sent
from benchmarks.suites.phone_tasks.sample_text import MEETINGS, TITLES, email, number, people, some_day, some_time
from benchmarks.suites.phone_tasks.script import PhoneScript
from benchmarks.suites.phone_tasks.settings import taps
from benchmarks.suites.phone_tasks.task import task
from benchmarks.suites.phone_tasks.times import add_alarm, add_event, alarms, events, fill_event, free
from benchmarks.suites.phone_tasks.web import GOODS as SOLD
from benchmarks.suites.phone_tasks.web import MEMBER, fill_member, price, sell, visit
from benchmarks.suites.phone_tasks.world import PhoneScene


@task("several-note-to-contact", "Notes", "Contacts", complexity=2.4)
def note_to_contact(random: Random) -> PhoneScene:
    """A number in a note becomes a contact."""
    (name,), phone = people(random, 1), number(random)
    title = f"Number of {name.split()[0]}"

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from taps("Notes", title)(ui)
        found = ui.reading("+")
        yield from ui.app("Contacts")
        yield from fill_contact(ui, name, found)

    goal = f"The note “{title}” has a phone number. Create a contact {name} with that number."
    checks = (contacts(new=((name, phone, ""),)), Rows("notes", "notes", NOTE))
    return PhoneScene(goal, checks, script, lambda device: add_note(device, title, phone))


@task("several-share-number", "Contacts", "Messages", complexity=2.6)
def share_number(random: Random) -> PhoneScene:
    """The number of one contact is sent to another."""
    (one, other), numbers = people(random, 2), [number(random), number(random)]

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from taps("Contacts", one)(ui)
        found = ui.reading("+")
        yield from send(ui, other, found)

    def prepare(device: RemotePhone) -> None:
        for name, phone in zip((one, other), numbers, strict=True):
            add_contact(device, name, phone)

    goal = f"Send the phone number of {one} to {other} in a text message that has only the number."
    return PhoneScene(goal, (sent((numbers[1], numbers[0])), contacts()), script, prepare)


@task("several-event-to-message", "Calendar", "Messages", complexity=2.8)
def event_to_message(random: Random) -> PhoneScene:
    """The time of an event is sent to somebody."""
    (name,), phone, title = people(random, 1), number(random), random.choice(MEETINGS)
    (date, _), (hour, minute) = some_day(random), some_time(random)
    time = f"{hour:02}:{minute:02}"

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from taps("Calendar", "Agenda", title)(ui)
        ui.find("Edit event")
        found = next(node.text for node in ui.nodes() if "2026, " in node.text).rpartition(", ")[2]
        yield from send(ui, name, f"It begins at {found}")

    def prepare(device: RemotePhone) -> None:
        add_contact(device, name, phone)
        add_event(device, title, date, time)

    goal = f"Look up when “{title}” begins and send {name} exactly this text message: It begins at HH:MM"
    return PhoneScene(goal, (sent((phone, f"It begins at {time}")), events()), script, prepare)


@task("several-message-to-event", "Messages", "Calendar", complexity=4.0)
def message_to_event(random: Random) -> PhoneScene:
    """What a message says goes into the calendar."""
    (name,), phone, title = people(random, 1), number(random), random.choice(MEETINGS)
    (date, day), (hour, minute) = some_day(random), some_time(random)
    time = f"{hour:02}:{minute:02}"

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from taps("Messages", name)(ui)
        words = ui.reading("See you on").removeprefix("See you on ")
        found, _, at = words.partition(" at ")
        yield from fill_event(ui, title, found, at, 60)

    def prepare(device: RemotePhone) -> None:
        add_contact(device, name, phone)
        receive(device, phone, f"See you on {day} at {time}")

    goal = f"Create an event “{title}” of one hour at the date and time that {name} wrote to me in a message."
    return PhoneScene(goal, (events(new=((title, date, time, 60, ""),)), sent()), script, prepare)


@task("several-file-to-note", "Files", "Notes", complexity=2.6)
def file_to_note(random: Random) -> PhoneScene:
    """A code in a file becomes a note."""
    title, code = random.choice(TITLES), f"{random.choice('KLMN')}-{random.randint(1000, 9999)}"

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from taps("Files", "Download", "voucher.txt")(ui)
        found = ui.reading("Voucher: ").split()[1]
        yield from write_note(ui, title, found)

    goal = f"Copy the voucher code in Download/voucher.txt into a new note with the title “{title}”; only the code."
    return PhoneScene(
        goal,
        (notes(new=((title, code, 0),)), FilesChanged()),
        script,
        lambda device: device.write("/sdcard/Download/voucher.txt", f"Voucher: {code}\n"),
    )


@task("several-price-to-message", "Browser", "Messages", complexity=2.8)
def price_to_message(random: Random) -> PhoneScene:
    """A price of the shop is sent to somebody."""
    (name,), phone = people(random, 1), number(random)
    thing, cents = random.choice(SOLD), random.randint(1001, 9999)

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from visit(ui, "shop")
        yield from ui.reach(thing)
        found = ui.beside(thing).removeprefix("€")
        yield from send(ui, name, f"It costs {found} euros")

    def prepare(device: RemotePhone) -> None:
        add_contact(device, name, phone)
        sell(device, thing, cents)

    goal = f"Find out what “{thing}” costs in the Corner Shop (shop.test) and send {name} exactly this text message: "
    goal += "It costs N euros (with the price such as 12.50 for N)"
    return PhoneScene(goal, (sent((phone, f"It costs {price(cents)[1:]} euros")),), script, prepare)


@task("several-alarm-for-event", "Calendar", "Clock", complexity=2.8)
def alarm_for_event(random: Random) -> PhoneScene:
    """An alarm an hour before an event."""
    title, (date, _), (hour, minute) = random.choice(MEETINGS), some_day(random), some_time(random)

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from taps("Calendar", "Agenda", title)(ui)
        ui.find("Edit event")
        found = next(node.text for node in ui.nodes() if "2026, " in node.text).rpartition(", ")[2]
        yield from add_alarm(ui, int(found[:2]) - 1, int(found[3:]))

    def prepare(device: RemotePhone) -> None:
        device.run_sql("clock", free(hour - 1, minute))
        add_event(device, title, date, f"{hour:02}:{minute:02}")

    goal = f"Set an alarm that rings once, exactly one hour before the time at which “{title}” begins."
    return PhoneScene(goal, (alarms(new=((hour - 1, minute, "", "", 1),)), events()), script, prepare)


@task("several-night", "Settings", "Clock", complexity=2.6)
def night(random: Random) -> PhoneScene:
    """A switch, and an alarm."""
    hour, minute = random.randint(5, 9), random.randrange(0, 60, 5)

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from taps("Settings", "Network & internet", "Airplane mode")(ui)
        yield from add_alarm(ui, hour, minute)

    checks = (Setting("global airplane_mode_on", "1", "0"), alarms(new=((hour, minute, "", "", 1),)))
    goal = f"Turn on airplane mode and set an alarm for {hour:02}:{minute:02} that rings once."
    return PhoneScene(goal, checks, script, lambda device: device.run_sql("clock", free(hour, minute)))


@task("several-join-as-contact", "Contacts", "Browser", complexity=3.0)
def join_as_contact(random: Random) -> PhoneScene:
    """The email address of a contact goes into a form."""
    (name,) = people(random, 1)
    mail = email(name).replace("@", f"{random.randint(10, 99)}@")

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from taps("Contacts", name)(ui)
        found = ui.reading(email(name).partition("@")[0])
        yield from visit(ui, "club")
        yield from fill_member(ui, name, found, "Family", newsletter=False)

    goal = f"Join the Hiking Club (club.test) for {name}, plan Family, without the newsletter. "
    goal += f"The email address of {name} is in the contacts."
    check = Rows("browser", "members", MEMBER, new=((name, mail, "Family", 0),))
    return PhoneScene(goal, (check, contacts()), script, lambda device: add_contact(device, name, number(random), mail))


@task("several-whose-message", "Messages", "Contacts", complexity=2.2)
def whose_message(random: Random) -> PhoneScene:
    """The email address of who wrote something."""
    (name,), phone = people(random, 1), number(random)
    mail = email(name).replace("@", f"{random.randint(10, 99)}@")

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from ui.app("Messages")
        yield from ui.write("Search messages", "violin")
        found = next(n.text for n in ui.nodes() if n.text.partition(" ")[0] == name.partition(" ")[0])
        yield from taps("Contacts", found)(ui)
        yield ui.tell(ui.reading(email(name).partition("@")[0]))

    def prepare(device: RemotePhone) -> None:
        add_contact(device, name, phone, mail)
        receive(device, phone, "I found your violin", age=2)

    goal = "Somebody wrote to me that they found my violin. What is their email address? Answer with the address only."
    return PhoneScene(goal, (AnswerSays(mail), sent(), contacts()), script, prepare)
