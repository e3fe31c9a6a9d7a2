"""The apps of the simulated phone, used by finger through the stock adb and checked in their databases."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest

from envs.phone.apps import apps
from envs.phone.phone import Phone
from envs.phone.seeds import contacts
from tests.agent.browser import INSTALLED
from tests.envs.phone.adb import AdbServer
from tests.envs.phone.test_phone import Hands

pytestmark = pytest.mark.skipif(not INSTALLED, reason="needs chromium")


class Fingers(Hands):
    """Hands that know the apps."""

    def open(self, package: str) -> None:
        self.sh(f"am start -n {apps()[package].component}")

    def tap(self, words: str) -> None:
        """As `Hands.tap`, once the element stays where it is: a keyboard may be going away."""
        places: list[str | None] = [None]

        def rests() -> bool:
            found = [n.get("bounds") for n in self.nodes() if words in (n.get("text"), n.get("content-desc"))]
            places.append(found[-1] if found else None)
            return places[-1] is not None and places[-1] == places[-2]

        self.until(rests)
        x1, y1, x2, y2 = map(int, re.findall(r"\d+", places[-1] or ""))
        self.sh(f"input tap {(x1 + x2) // 2} {(y1 + y2) // 2}")

    def write(self, field: str, text: str) -> None:
        self.tap(field)
        self.until(lambda: any(n.get("focused") == "true" and self.is_field(n) for n in self.nodes()))
        self.sh("input text '" + text.replace(" ", "%s") + "'")

    @staticmethod
    def is_field(node: ET.Element) -> bool:
        return node.get("class") == "android.widget.EditText"

    def rows(self, package: str, sql: str) -> list[list[object]]:
        lines = self.sh(f'sqlite3 {apps()[package].database} "{sql}"').splitlines()
        return [json.loads(line) for line in lines]

    def sees(self, words: str) -> None:
        self.until(lambda: any(words in (n.get("text"), n.get("content-desc")) for n in self.nodes()))

    def gone(self, words: str) -> None:
        self.until(lambda: all(words not in (n.get("text"), n.get("content-desc")) for n in self.nodes()))


@pytest.fixture(scope="module")
def running() -> Iterator[Fingers]:
    with Phone() as phone, AdbServer() as adb:
        adb("connect", phone.serial)
        yield Fingers(phone, adb)


@pytest.fixture
def hands(running: Fingers) -> Fingers:
    running.phone.reset(0)
    return running


def test_contacts(hands: Fingers) -> None:
    package, everybody = "com.android.contacts", "select json_array(name, phone, email) from contacts"
    hands.open(package)
    hands.tap("Create contact")
    for field, text in (("Name", "Nora Test"), ("Phone", "+1 222 3333"), ("Email", "n@example.org")):
        hands.write(field, text)
    hands.tap("Save")
    hands.until(lambda: ["Nora Test", "+1 222 3333", "n@example.org"] in hands.rows(package, everybody))
    hands.tap("More options")
    hands.tap("Delete")
    hands.sees("Delete this contact?")
    hands.tap("Delete")
    hands.until(lambda: len(hands.rows(package, everybody)) == len(contacts(0)))


def test_contacts_are_searched(hands: Fingers) -> None:
    (one, _, mail), (other, _, _) = contacts(0)[:2]
    hands.open("com.android.contacts")
    hands.sees(one)
    hands.write("Search contacts", mail)
    hands.sees(one)
    hands.gone(other)


def test_messages(hands: Fingers) -> None:
    package, name, number = "com.android.messaging", *contacts(0)[0][:2]
    hands.open(package)
    hands.tap("Start chat")
    hands.write("To", name)
    hands.write("Text message", "are you well?")
    hands.tap("Send")
    mine = "select json_array(number, body, sent) from messages where body like 'are you%'"
    hands.until(lambda: hands.rows(package, mine) == [[number, "are you well?", 1]])
    hands.tap("More options")
    hands.tap("Delete")
    hands.sees("Delete this conversation?")
    hands.tap("Delete")
    hands.until(lambda: hands.rows(package, f"select json_array(body) from messages where number = '{number}'") == [])


def test_no_message_leaves_in_airplane_mode(hands: Fingers) -> None:
    hands.sh("settings put global airplane_mode_on 1; am start -a android.intent.action.SENDTO -d sms:12345")
    hands.write("Text message", "hello")
    hands.tap("Send")
    count = "select json_array(count(*)) from messages where number = '12345'"
    hands.until(lambda: "Not sent" in hands.phone.screen.ask("document.getElementById('toast').textContent"))
    assert hands.rows("com.android.messaging", count) == [[0]]


def test_notes(hands: Fingers) -> None:
    package = "com.handeye.notes"
    hands.open(package)
    hands.tap("New note")
    hands.write("Title", "Keys")
    hands.write("Note", "under the mat")
    hands.tap("Pin")
    hands.tap("Save")
    mine = "select json_array(title, body, pinned) from notes where title = 'Keys'"
    hands.until(lambda: hands.rows(package, mine) == [["Keys", "under the mat", 1]])
    hands.tap("Keys")
    hands.sees("Unpin")
    hands.sh("input keyevent BACK")
    hands.sees("New note")
    assert hands.rows(package, mine) == [["Keys", "under the mat", 1]]


def test_clock(hands: Fingers) -> None:
    package = "com.android.deskclock"
    hands.open(package)
    hands.tap("Add alarm")
    hands.tap("OK")
    hands.tap("Wednesday")
    mine = "select json_array(hour, minute, days, enabled) from alarms order by id desc limit 1"
    hands.until(lambda: hands.rows(package, mine) == [[7, 0, "3", 1]])
    for words in ("Timer", "5", "00", "Start", "Pause"):
        hands.tap(words)
    timer = "select json_array(state, length) from timer"
    hands.until(lambda: hands.rows(package, timer) == [["paused", 300_000]])
    hands.tap("Stopwatch")
    hands.tap("Start")
    hands.until(lambda: hands.rows(package, "select json_array(state) from stopwatch") == [["running"]])


def test_calendar(hands: Fingers) -> None:
    package = "com.android.calendar"
    hands.open(package)
    hands.tap("Create event")
    hands.write("Title", "Picnic")
    for words in ("Date", "Next month", "9 April 2026", "OK", "Duration", "30 minutes", "Save"):
        hands.tap(words)
    mine = "select json_array(date, time, duration) from events where title = 'Picnic'"
    hands.until(lambda: hands.rows(package, mine) == [["2026-04-09", "10:00", 30]])
    hands.sees("Create event")
    hands.tap("Picnic")
    hands.tap("Delete event")
    hands.tap("Delete")
    hands.until(lambda: hands.rows(package, mine) == [])


def test_files(hands: Fingers) -> None:
    hands.sh("echo hello > /sdcard/Download/a.txt")
    hands.open("com.android.documentsui")
    hands.tap("Download")
    hands.tap("a.txt")
    hands.sees("hello")
    hands.sh("input keyevent BACK")
    for words in ("More options for a.txt", "Move to…", "Navigate up", "Documents", "Move here"):
        hands.tap(words)
    hands.until(lambda: hands.sh("cat /sdcard/Documents/a.txt").strip() == "hello")
    assert "a.txt" not in hands.sh("ls /sdcard/Download")


def test_the_browser_and_its_sites(hands: Fingers) -> None:
    package = "com.android.browser"
    hands.open(package)
    hands.tap("Corner Shop")
    thing, number = hands.rows(package, "select json_array(name, id) from products order by name limit 1")[0]
    hands.tap(str(thing))
    hands.write("Quantity", "2")
    hands.write("Your name", "Bo")
    hands.sh("input keyevent BACK")
    hands.tap("Order")
    hands.until(lambda: hands.rows(package, "select json_array(product, quantity) from orders") == [[number, 2]])
    hands.sees("Thank you!")
    hands.tap("Back to last page")
    hands.sees(str(thing))
    hands.sh("am start -a android.intent.action.VIEW -d https://example.com")
    hands.sees("This site cannot be reached")


def test_without_its_pages_miniwob_says_so(hands: Fingers) -> None:
    hands.open("com.handeye.miniwob")
    hands.sees("The pages of MiniWoB++ are not on this phone.")


def test_a_dialog_hides_what_is_under_it(hands: Fingers) -> None:
    hands.open("com.android.deskclock")
    hands.tap("Add alarm")
    hands.sees("Select time")
    hands.gone("Stopwatch")
    hands.sh("input keyevent BACK")
    hands.sees("Stopwatch")


def test_every_seed_has_its_own_contents(hands: Fingers) -> None:
    tables = {"com.android.contacts": "contacts", "com.android.messaging": "messages", "com.handeye.notes": "notes"}
    sql = "select json_array(count(*), max(rowid), hex(group_concat({}))) from {}"
    columns = {"contacts": "name", "messages": "body", "notes": "title"}

    def all_of(seed: int) -> list[object]:
        hands.phone.reset(seed)
        found = [hands.rows(package, sql.format(columns[t], t)) for package, t in tables.items()]
        return [*found, hands.sh("ls /sdcard/Documents /sdcard/Download")]

    first, second = all_of(1), all_of(2)
    assert first == all_of(1)
    assert all(one != other for one, other in zip(first, second, strict=True))
