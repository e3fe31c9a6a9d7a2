"""Tasks in Notes and Files."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from actions.action import AnyAction
from benchmarks.suites.phone_tasks.checks import AnswerSays, FilesChanged, Rows
from benchmarks.suites.phone_tasks.device import RemotePhone, Row
from benchmarks.suites.phone_tasks.sample_text import NOUNS, TITLES, errand
from benchmarks.suites.phone_tasks.script import PhoneScript
from benchmarks.suites.phone_tasks.settings import taps
from benchmarks.suites.phone_tasks.task import task
from benchmarks.suites.phone_tasks.world import PhoneScene

NOTE = ("title", "body", "pinned")


def notes(*, new: tuple[Row, ...] = (), gone: tuple[Row, ...] = ()) -> Rows:
    """Exactly these changes of the notes."""
    return Rows("notes", "notes", NOTE, new=new, gone=gone)


def add_note(device: RemotePhone, title: str, body: str) -> None:
    """One more note, not pinned, the newest."""
    device.insert("notes", "notes", title=title, body=body, pinned=0, modified=1773653100000)


def write_note(ui: PhoneScript, title: str, body: str) -> Iterator[AnyAction]:
    """Open Notes and write a new one."""
    yield from taps("Notes", "New note")(ui)
    yield from ui.write("Title", title)
    yield from ui.write("Note", body)
    yield from ui.tap("Save")


@task("notes-create", "Notes", complexity=1.6)
def create(random: Random) -> PhoneScene:
    """A new note."""
    title, body = random.choice(TITLES), errand(random)
    goal = f"Create a note with the title “{title}” and the text: {body}"
    return PhoneScene(goal, (notes(new=((title, body, 0),)),), lambda ui: write_note(ui, title, body))


@task("notes-delete", "Notes", complexity=1.2)
def delete(random: Random) -> PhoneScene:
    """A note goes."""
    title, body = random.choice(TITLES), errand(random)
    script = taps("Notes", title, "Delete", "Delete")
    check = notes(gone=((title, body, 0),))
    return PhoneScene(f"Delete the note “{title}”.", (check,), script, lambda device: add_note(device, title, body))


@task("notes-delete-two", "Notes", complexity=2.2)
def delete_two(random: Random) -> PhoneScene:
    """Two notes go, a third stays."""
    titles, bodies = random.sample(TITLES, 3), [errand(random) for _ in range(3)]
    rows = list(zip(titles, bodies, [0, 0, 0], strict=True))

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from taps("Notes", titles[0], "Delete", "Delete", titles[1], "Delete", "Delete")(ui)

    def prepare(device: RemotePhone) -> None:
        for title, body, _ in rows:
            add_note(device, title, body)

    goal = f"Delete the notes “{titles[0]}” and “{titles[1]}”."
    return PhoneScene(goal, (notes(gone=tuple(rows[:2])),), script, prepare)


@task("notes-add-line", "Notes", complexity=1.4)
def add_line(random: Random) -> PhoneScene:
    """Something is added to a note's text."""
    title, (one, two, three) = random.choice(TITLES), random.sample(NOUNS, 3)

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from taps("Notes", title)(ui)
        yield from ui.write("Note", f"\n{three}")
        yield from ui.tap("Save")

    old = f"{one}\n{two}"
    check = notes(gone=((title, old, 0),), new=((title, f"{old}\n{three}", 0),))
    goal = f"Add a new line “{three}” at the end of the note “{title}”."
    return PhoneScene(goal, (check,), script, lambda device: add_note(device, title, old))


@task("notes-pin", "Notes", complexity=1.2)
def pin(random: Random) -> PhoneScene:
    """A note is pinned."""
    title, body = random.choice(TITLES), errand(random)
    check = notes(gone=((title, body, 0),), new=((title, body, 1),))
    script = taps("Notes", title, "Pin", "Save")
    return PhoneScene(f"Pin the note “{title}”.", (check,), script, lambda device: add_note(device, title, body))


@task("notes-look-up", "Notes", complexity=1.0)
def look_up(random: Random) -> PhoneScene:
    """A question."""
    title, code = random.choice(TITLES), f"{random.choice('BCDF')}{random.randint(100, 999)}"

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from taps("Notes", title)(ui)
        yield ui.tell(ui.reading("Code: ").split()[1])

    goal = f"What is the code in the note “{title}”? Answer with the code only."
    body = f"Code: {code}\nkeep it"
    return PhoneScene(goal, (notes(), AnswerSays(code)), script, lambda device: add_note(device, title, body))


# -- files


def _named(random: Random) -> tuple[str, str]:
    """A file's name and text."""
    return f"{random.choice(NOUNS)}{random.randint(10, 99)}.txt", f"{errand(random)}\n"


@task("files-rename", "Files", complexity=1.6)
def rename(random: Random) -> PhoneScene:
    """Another name."""
    (old, text), (new, _) = _named(random), _named(random)

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from taps("Files", "Documents", f"More options for {old}", "Rename")(ui)
        yield from ui.write("Name", new, erase=len(old))
        yield from ui.tap("OK")

    check = FilesChanged(gone={f"/sdcard/Documents/{old}": text}, new={f"/sdcard/Documents/{new}": text})
    goal = f"Rename the file {old} in the folder Documents to {new}."
    return PhoneScene(goal, (check,), script, lambda device: device.write(f"/sdcard/Documents/{old}", text))


@task("files-delete", "Files", complexity=1.4)
def delete_file(random: Random) -> PhoneScene:
    """A file goes."""
    name, text = _named(random)
    path = f"/sdcard/Download/{name}"
    script = taps("Files", "Download", f"More options for {name}", "Delete", "Delete")
    goal = f"Delete the file {name} from the folder Download."
    return PhoneScene(goal, (FilesChanged(gone={path: text}),), script, lambda device: device.write(path, text))


@task("files-new-folder", "Files", complexity=1.4)
def new_folder(random: Random) -> PhoneScene:
    """A folder comes."""
    name = f"{random.choice(NOUNS).capitalize()} {random.randint(2020, 2030)}"

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from taps("Files", "Documents", "New folder")(ui)
        yield from ui.write("Name", name)
        yield from ui.tap("Create")

    check = FilesChanged(new={f"/sdcard/Documents/{name}/": ""})
    return PhoneScene(f"Make a folder called “{name}” inside the folder Documents.", (check,), script)


@task("files-move", "Files", complexity=2.2)
def move(random: Random) -> PhoneScene:
    """A file goes to another folder."""
    name, text = _named(random)
    script = taps(
        "Files", "Download", f"More options for {name}", "Move to…", "Navigate up", "Documents", "Work", "Move here"
    )
    source, target = f"/sdcard/Download/{name}", f"/sdcard/Documents/Work/{name}"
    check = FilesChanged(gone={source: text}, new={target: text})
    goal = f"Move the file {name} from the folder Download to the folder Work, which is in Documents."
    return PhoneScene(goal, (check,), script, lambda device: device.write(source, text))


@task("files-read", "Files", complexity=1.2)
def read(random: Random) -> PhoneScene:
    """A question."""
    name, _ = _named(random)
    amount = random.randint(100, 999)

    def script(ui: PhoneScript) -> Iterator[AnyAction]:
        yield from taps("Files", "Documents", name)(ui)
        yield ui.tell(ui.reading("Sum due: ").split()[2])

    text = f"Sum due: {amount} euros\n"
    goal = f"Which sum is due according to {name} in the folder Documents? Answer with the number only."
    path = f"/sdcard/Documents/{name}"
    return PhoneScene(goal, (FilesChanged(), AnswerSays(str(amount))), script, lambda device: device.write(path, text))
