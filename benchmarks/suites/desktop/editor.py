"""Tasks in the text editor Mousepad."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from benchmarks.suites.desktop.checks import every, files, setting
from benchmarks.suites.desktop.oracle import closed, has, keys, lacks, opened, press_until, saved, write
from benchmarks.suites.desktop.sample_text import NOUNS, TOPICS, people, sentence, some
from benchmarks.suites.desktop.task import task
from benchmarks.suites.desktop.world import DesktopScene, DesktopWorld
from benchmarks.suites.tasks.oracle import Move


def save_as(world: DesktopWorld, name: str) -> Iterator[Move]:
    """Save under `name` in the home folder by Mousepad's dialog."""
    yield keys("ctrl+shift+s")
    yield opened(world, "Save As")
    yield keys("ctrl+a")
    yield write(str(world.path(name)))
    yield from press_until("enter", closed(world, "Save As"))
    yield saved(world, name)


def lines(random: Random, count: int) -> list[str]:
    """That many different errands."""
    found: list[str] = []
    while len(found) < count:
        one = sentence(random)
        if one.split()[2] not in " ".join(found):
            found.append(one)
    return found


@task("editor-write", "mousepad", complexity=1.2)
def write_note(random: Random) -> DesktopScene:
    """An empty editor."""
    text, name = sentence(random), f"{random.choice(TOPICS)}.txt"

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield write(text)
        yield from save_as(world, name)

    return DesktopScene(
        plain=f"Write the note “{text}” in the text editor and save it as {name} in the home folder.",
        explicit=f"Type “{text}”, open the File menu, click “Save As…”, type “{name}” and press Enter",
        apps=("mousepad",),
        check=files({name: text}),
        script=script,
    )


@task("editor-replace", "mousepad", complexity=2.0)
def replace_word(random: Random) -> DesktopScene:
    """A text in which one word stands several times."""
    old, new, other = some(random, NOUNS, 3)
    name = f"Documents/{random.choice(TOPICS)}.txt"
    text = f"The {old} is here.\nNobody saw the {old} or the {other}.\nWhose {old} is it, and where is the {other}?\n"

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield keys("ctrl+r")
        yield opened(world, "Find and Replace")
        yield keys("ctrl+a")
        yield write(f"{old}\t")
        yield write(new)
        for _ in range(6):  # the first finds, the others replace
            yield keys("alt+r")
        yield keys("escape")
        yield closed(world, "Find and Replace")
        yield keys("ctrl+s")
        yield has(world, name, new)

    return DesktopScene(
        plain=f"In the text that is open, the word “{old}” should be “{new}” everywhere. Change it and save the file.",
        explicit=(
            f"Press Ctrl+R, type “{old}” into the “Search for” field, type “{new}” into the “Replace with” field, "
            "check “Replace all in”, click Replace, click Close and press Ctrl+S"
        ),
        apps=(f"mousepad {name}",),
        files={name: text},
        check=files({name: text.replace(old, new)}),
        script=script,
    )


@task("editor-append", "mousepad", complexity=1.0)
def append_line(random: Random) -> DesktopScene:
    """A list to which one line is added."""
    *known, new = lines(random, 4)
    text, name = "\n".join(known) + "\n", "Documents/todo.txt"

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield keys("ctrl+end")
        yield write(new)
        yield keys("ctrl+s")
        yield has(world, name, new)

    return DesktopScene(
        plain=f"Add “{new}” as a new last line to the list that is open, and save it.",
        explicit=f"Press Ctrl+End, type “{new}” and press Ctrl+S",
        apps=(f"mousepad {name}",),
        files={name: text},
        check=files({name: f"{text}{new}"}),
        script=script,
    )


@task("editor-delete-line", "mousepad", complexity=1.5)
def delete_line(random: Random) -> DesktopScene:
    """A list from which one line goes."""
    known = lines(random, 6)
    index = random.randrange(1, 5)
    gone, name = known[index], "Documents/todo.txt"
    left = [line for line in known if line != gone]

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield keys("ctrl+home", *["down"] * index)
        yield keys("shift+ctrl+delete")
        yield keys("ctrl+s")
        yield lacks(world, name, gone)

    return DesktopScene(
        plain=f"“{gone}” is done: remove that line from the list that is open, leave no empty line, and save the file.",
        explicit=(
            f"Press Ctrl+Home, press the down arrow key {index} times, open the Edit menu, click “Delete Line” "
            "and press Ctrl+S"
        ),
        apps=(f"mousepad {name}",),
        files={name: "\n".join(known) + "\n"},
        check=files({name: "\n".join(left)}),
        script=script,
    )


@task("editor-change-case", "mousepad", complexity=1.4)
def change_case(random: Random) -> DesktopScene:
    """A text that is to be in capitals, or in small letters."""
    up = random.random() < 0.5
    text, name = "\n".join(lines(random, 3)) + "\n", f"Documents/{random.choice(TOPICS)}.txt"
    last = text.split()[-1]

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield keys("ctrl+a")
        yield keys("alt+e")
        yield keys(*["up"] * 6, "right")
        yield keys(*(["down"] if up else []), "enter")
        yield keys("ctrl+s")
        yield has(world, name, last.upper() if up else last.lower())

    return DesktopScene(
        plain=f"Turn the whole text that is open into {'capital' if up else 'small'} letters and save it.",
        explicit=f"Press Ctrl+A, open the Edit menu, click Convert, click “To "
        f"{'Upper' if up else 'Lower'}case” and press "
        "Ctrl+S",
        apps=(f"mousepad {name}",),
        files={name: text},
        check=files({name: text.upper() if up else text.lower()}),
        script=script,
    )


@task("editor-save-copy", "mousepad", complexity=1.8)
def save_copy(random: Random) -> DesktopScene:
    """A letter of which a copy for someone else is wanted."""
    one, other = (name.split()[0] for name in people(random, 2))
    name, copy = f"Documents/letter-{one.lower()}.txt", f"Documents/letter-{other.lower()}.txt"
    body = f"\n\n{sentence(random)}, please.\n\nBest wishes\n"
    greeting = f"Dear {one},"

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield keys("ctrl+home", "shift+end")
        yield write(f"Dear {other},")
        yield from save_as(world, copy)

    return DesktopScene(
        plain=f"Make a copy of this letter that greets {other} instead of {one}. Save the copy as "
        f"{copy.rpartition('/')[2]} beside the first letter, which must stay as it is.",
        explicit=f"Press Ctrl+Home, press Shift+End, type “Dear {other},”, open the File menu, click “Save As…”, "
        f"press Ctrl+A, type “{copy.rpartition('/')[2]}” and press Enter",
        apps=(f"mousepad {name}",),
        files={name: greeting + body},
        check=files({copy: f"Dear {other},{body}"}),
        script=script,
    )


@task("editor-insert-at-line", "mousepad", complexity=1.6)
def insert_at_line(random: Random) -> DesktopScene:
    """A numbered programme in which one line is missing."""
    known = lines(random, 9)
    index = random.randrange(3, 8)
    new, name = known[index], "Documents/programme.txt"
    before = [line for line in known if line != new]

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield keys("ctrl+home", *["down"] * index)
        yield write(f"{new}\n")
        yield keys("ctrl+s")
        yield has(world, name, new)

    return DesktopScene(
        plain=f"Insert the line “{new}” in the open text so that it becomes line number {index + 1}, and "
        "save the text.",
        explicit=f"Press Ctrl+Home, press the down arrow key {index} times, type “{new}”, press Enter and press Ctrl+S",
        apps=(f"mousepad {name}",),
        files={name: "\n".join(before) + "\n"},
        check=files({name: "\n".join(known)}),
        script=script,
    )


@task("editor-line-numbers", "mousepad", complexity=1.0)
def line_numbers(random: Random) -> DesktopScene:
    """A setting of the editor's."""
    name = f"Documents/{random.choice(TOPICS)}.txt"

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield keys("alt+v")
        yield keys("down", "down", "enter")

    return DesktopScene(
        plain="Make the text editor show line numbers.",
        explicit="Open the View menu and click “Line Numbers”",
        apps=(f"mousepad {name}",),
        files={name: "\n".join(lines(random, 5)) + "\n"},
        check=every(files(), setting("org/xfce/mousepad/preferences/view", "show-line-numbers", "true")),
        script=script,
    )


@task("editor-merge", "mousepad", complexity=3.0)
def merge(random: Random) -> DesktopScene:
    """Two lists that are to be one."""
    all_lines = lines(random, 6)
    first, second = "\n".join(all_lines[:3]) + "\n", "\n".join(all_lines[3:]) + "\n"
    one, two = some(random, TOPICS, 2)

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield keys("ctrl+o")
        yield opened(world, "Open File")
        yield write(str(world.path(f"Documents/{two}.txt")))
        yield from press_until("enter", closed(world, "Open File"))
        yield opened(world, f"{two}.txt")
        yield keys("ctrl+a", "ctrl+c")
        yield keys("ctrl+pageup")
        yield opened(world, f"{one}.txt")
        yield keys("ctrl+end")
        yield keys("ctrl+v")
        yield from save_as(world, "Documents/all.txt")

    return DesktopScene(
        plain=f"Documents has the lists {one}.txt, which is open, and {two}.txt. Put both into one new file "
        f"Documents/all.txt, first the lines of {one}.txt and then those of {two}.txt, and leave the two as they are.",
        explicit=f"Press Ctrl+O, type “{two}.txt”, press Enter, press Ctrl+A, press Ctrl+C, press Ctrl+Page Up, press "
        "Ctrl+End, press Ctrl+V, open the File menu, click “Save As…”, press Ctrl+A, type “all.txt” and press Enter",
        apps=(f"mousepad Documents/{one}.txt",),
        files={f"Documents/{one}.txt": first, f"Documents/{two}.txt": second},
        check=files({"Documents/all.txt": first + second}),
        script=script,
    )
