"""Tasks in Contacts and Messages."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from actions.action import AnyAction
from benchmarks.suites.phone_tasks.checks import AnswerSays, Rows
from benchmarks.suites.phone_tasks.device import RemotePhone, Row
from benchmarks.suites.phone_tasks.sample_text import email, errand, number, people
from benchmarks.suites.phone_tasks.script import PhoneScript
from benchmarks.suites.phone_tasks.settings import taps
from benchmarks.suites.phone_tasks.task import task
from benchmarks.suites.phone_tasks.world import PhoneScene

CONTACT = ("name", "phone", "email")
MESSAGE = ("number", "body", "sent")
LATELY = 1773653100000
"""Five minutes before the phone's time begins; milliseconds since 1970."""


def contacts(*, new: tuple[Row, ...] = (), gone: tuple[Row, ...] = ()) -> Rows:
    """Exactly these changes of the contacts."""
    return Rows("contacts", "contacts", CONTACT, new=new, gone=gone)


def sent(*new: tuple[str, str]) -> Rows:
    """Exactly these messages, number and text, were sent, and none is lost."""
    return Rows("messages", "messages", MESSAGE, new=[(to, body, 1) for to, body in new])


def add_contact(device: RemotePhone, name: str, phone: str, mail: str = "") -> None:
    """One more contact."""
    device.insert("contacts", "contacts", name=name, phone=phone, email=mail)


def receive(device: RemotePhone, sender: str, body: str, *, age: int = 0, mine: int = 0) -> None:
    """A message of this morning, `age` minutes before the newest."""
    device.insert("messages", "messages", number=sender, body=body, sent=mine, time=LATELY - 60_000 * age)


def fill_contact(ui: PhoneScript, name: str, phone: str, mail: str = "") -> Iterator[AnyAction]:
    """In the Contacts app, make a contact."""
    yield from ui.tap("Create contact")
    yield from ui.write("Name", name)
    yield from ui.write("Phone", phone)
    if mail:
        yield from ui.write("Email", mail)
    yield from ui.tap("Save")


def send(ui: PhoneScript, to: str, body: str) -> Iterator[AnyAction]:
    """Start a chat with a name or number in the Messages app, and send."""
    yield from ui.app("Messages")
    yield from ui.tap("Start chat")
    yield from ui.write("To", to)
    yield from ui.write("Text message", body)
    yield from ui.tap("Send")


@task("contacts-add", "Contacts", complexity=1.8)
def add(random: Random) -> PhoneScene:
    """A form."""
    (name,), phone = people(random, 1), number(random)

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from ui.app("Contacts")
        yield from fill_contact(ui, name, phone)

    goal = f"Create a contact for {name} with the phone number {phone}."
    return PhoneScene(goal, (contacts(new=((name, phone, ""),)),), script)


@task("contacts-add-two", "Contacts", complexity=3.6)
def add_two(random: Random) -> PhoneScene:
    """A form, twice."""
    names = people(random, 2)
    rows = tuple((name, number(random), email(name)) for name in names)

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from ui.app("Contacts")
        for row in rows:
            yield from fill_contact(ui, *row)
            yield from ui.tap("Navigate up")

    said = " and ".join(f"{name} ({phone}, {mail})" for name, phone, mail in rows)
    return PhoneScene(f"Create contacts for {said}, each with phone number and email.", (contacts(new=rows),), script)


@task("contacts-delete", "Contacts", complexity=1.4)
def delete(random: Random) -> PhoneScene:
    """A menu and a question."""
    (name,), phone = people(random, 1), number(random)
    return PhoneScene(
        f"Delete the contact {name}.",
        (contacts(gone=((name, phone, ""),)),),
        taps("Contacts", name, "More options", "Delete", "Delete"),
        lambda device: add_contact(device, name, phone),
    )


@task("contacts-change-phone", "Contacts", complexity=1.8)
def change_phone(random: Random) -> PhoneScene:
    """A field of a form."""
    (name,), old, new = people(random, 1), number(random), number(random)

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from taps("Contacts", name, "Edit contact")(ui)
        yield from ui.write("Phone", new, erase=len(old))
        yield from ui.tap("Save")

    check = contacts(gone=((name, old, email(name)),), new=((name, new, email(name)),))
    goal = f"The phone number of {name} is now {new}: change the contact."
    return PhoneScene(goal, (check,), script, lambda device: add_contact(device, name, old, email(name)))


@task("contacts-which-number", "Contacts", complexity=1.2)
def which_number(random: Random) -> PhoneScene:
    """A question."""
    (name,), phone = people(random, 1), number(random)

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from taps("Contacts", name)(ui)
        yield ui.tell(ui.reading("+"))

    goal = f"What is the phone number of {name}? Answer with the number."
    return PhoneScene(
        goal, (contacts(), AnswerSays(phone)), script, lambda device: add_contact(device, name, phone, email(name))
    )


@task("contacts-whose-email", "Contacts", complexity=1.6)
def whose_email(random: Random) -> PhoneScene:
    """A question for the search."""
    (name,) = people(random, 1)
    mail = f"{random.choice(('fox', 'owl', 'elk', 'bee'))}{random.randint(10, 99)}@example.net"

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from ui.app("Contacts")
        yield from ui.write("Search contacts", mail)
        found = next(n.text for n in ui.nodes() if n.text.partition(" ")[0] == name.partition(" ")[0])
        yield ui.tell(found)

    goal = f"Whose email address is {mail}? Answer with the full name."
    return PhoneScene(
        goal,
        (contacts(), AnswerSays(name)),
        script,
        lambda device: add_contact(device, name, number(Random(mail)), mail),
    )


@task("messages-send-to-number", "Messages", complexity=1.6)
def send_to_number(random: Random) -> PhoneScene:
    """A new conversation."""
    phone, body = number(random), errand(random)
    goal = f"Send a text message to {phone} that says: {body}"
    return PhoneScene(goal, (sent((phone, body)),), lambda ui: send(ui, phone, body))


@task("messages-send-to-contact", "Messages", complexity=1.6)
def send_to_contact(random: Random) -> PhoneScene:
    """A new conversation with somebody known."""
    (name,), phone, body = people(random, 1), number(random), errand(random)
    goal = f"Send {name} a text message that says: {body}"
    return PhoneScene(
        goal,
        (sent((phone, body)),),
        lambda ui: send(ui, name, body),
        lambda device: add_contact(device, name, phone),
    )


@task("messages-reply", "Messages", complexity=1.2)
def reply(random: Random) -> PhoneScene:
    """An answer in a conversation that is there."""
    (name,), phone = people(random, 1), number(random)
    asked, body = errand(random), random.choice(("I will do that", "Sorry, I cannot", "Next week is better"))

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from taps("Messages", name)(ui)
        yield from ui.write("Text message", body)
        yield from ui.tap("Send")

    def prepare(device: RemotePhone) -> None:
        add_contact(device, name, phone)
        receive(device, phone, asked)

    return PhoneScene(f"Reply to the message of {name} with: {body}", (sent((phone, body)),), script, prepare)


@task("messages-delete", "Messages", complexity=1.2)
def delete_thread(random: Random) -> PhoneScene:
    """A conversation goes."""
    phone, bodies = number(random), [errand(random) for _ in range(2)]
    check = Rows("messages", "messages", MESSAGE, gone=[(phone, body, 0) for body in bodies])

    def prepare(device: RemotePhone) -> None:
        for age, body in enumerate(bodies):
            receive(device, phone, body, age=age)

    goal = f"Delete the whole conversation with {phone}."
    return PhoneScene(goal, (check,), taps("Messages", phone, "More options", "Delete", "Delete"), prepare)


@task("messages-what-was-said", "Messages", complexity=1.2)
def what_was_said(random: Random) -> PhoneScene:
    """A question."""
    (name,), phone = people(random, 1), number(random)
    code = str(random.randint(1000, 9999))

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from taps("Messages", name)(ui)
        yield ui.tell(ui.reading("The door code is").split()[-1])

    def prepare(device: RemotePhone) -> None:
        add_contact(device, name, phone)
        receive(device, phone, f"The door code is {code}", age=3)
        receive(device, phone, "Thanks, I will be there", age=1, mine=1)

    goal = f"Which door code did {name} send me? Answer with the code only."
    return PhoneScene(goal, (sent(), AnswerSays(code)), script, prepare)
