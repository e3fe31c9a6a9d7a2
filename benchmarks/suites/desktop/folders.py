"""Tasks in the file manager PCManFM."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from benchmarks.suites.desktop.checks import every, files, folders
from benchmarks.suites.desktop.oracle import closed, keys, opened, press_until, titled, write
from benchmarks.suites.desktop.sample_text import NOUNS, TOPICS, sentence, some
from benchmarks.suites.desktop.task import task
from benchmarks.suites.desktop.world import DesktopScene, DesktopWorld
from benchmarks.suites.tasks.oracle import Move, Until

Files = dict[str, str | bytes]


def papers(random: Random, count: int, ending: str = "txt", folder: str = "Documents") -> Files:
    """That many files whose names start with different letters."""
    return {f"{folder}/{name}.{ending}": f"{sentence(random)}\n" for name in some(random, NOUNS, count)}


def base(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


def select(name: str) -> Iterator[Move]:
    """Select the file in the folder that is shown, by typing its name."""
    yield write(name)
    yield keys("escape")


def rename_to(world: DesktopWorld, old: str, new: str) -> Iterator[Move]:
    """Give the file `old` in the folder that is shown the name `new`."""
    yield from select(old)
    yield keys("f2")
    yield opened(world, "Rename")
    yield keys("ctrl+a")
    yield write(new)
    yield from press_until("enter", closed(world, "Rename"))


def show(world: DesktopWorld, folder: str) -> Iterator[Move]:
    """Go to a folder by its path."""
    yield keys("ctrl+l")
    yield keys("ctrl+a")
    yield write(str(world.path(folder)))
    yield from press_until("enter", _shown(world, folder))


def _shown(world: DesktopWorld, folder: str) -> Until:
    return Until(lambda: titled(world, base(folder)) is not None, f"the folder {folder} to be shown")


@task("files-new-folder", "pcmanfm", complexity=1.2)
def new_folder(random: Random) -> DesktopScene:
    """A folder of files that needs another folder."""
    name = random.choice(TOPICS).capitalize()

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield keys("ctrl+shift+n")
        yield opened(world, "New Folder")
        yield keys("ctrl+a")
        yield write(name)
        yield from press_until("enter", closed(world, "New Folder"))

    return DesktopScene(
        plain=f"Make a new folder called {name} in Documents.",
        explicit=f"Press Ctrl+Shift+N, press Ctrl+A, type “{name}” and press Enter",
        apps=("pcmanfm Documents",),
        files=papers(random, 4),
        check=every(folders(f"Documents/{name}"), files()),
        script=script,
    )


@task("files-rename", "pcmanfm", complexity=1.2)
def rename(random: Random) -> DesktopScene:
    """One of several files has the wrong name."""
    known = papers(random, 6)
    old, new = random.choice(list(known)), f"Documents/{random.choice(TOPICS)}.txt"

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from rename_to(world, base(old), base(new))

    return DesktopScene(
        plain=f"Rename the file {base(old)} to {base(new)}.",
        explicit=f"Click “{base(old)}”, press F2, press Ctrl+A, type “{base(new)}” and press Enter",
        apps=("pcmanfm Documents",),
        files=known,
        check=files({old: None, new: known[old]}),
        script=script,
    )


@task("files-delete", "pcmanfm", complexity=1.2)
def delete(random: Random) -> DesktopScene:
    """One of several files is to go."""
    known = papers(random, 7)
    gone = random.choice(list(known))

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from select(base(gone))
        yield keys("delete")
        yield opened(world, "Confirm")
        yield from press_until("enter", closed(world, "Confirm"))

    return DesktopScene(
        plain=f"Throw the file {base(gone)} away.",
        explicit=f"Click “{base(gone)}”, press the Delete key and click Yes",
        apps=("pcmanfm Documents",),
        files=known,
        check=files({gone: None}),
        script=script,
    )


@task("files-move", "pcmanfm", complexity=2.0)
def move(random: Random) -> DesktopScene:
    """A file that is in the wrong folder."""
    known = papers(random, 5)
    name, folder = random.choice(list(known)), random.choice(TOPICS).capitalize()
    new = f"Documents/{folder}/{base(name)}"

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from select(base(name))
        yield keys("ctrl+x")
        yield from show(world, f"Documents/{folder}")
        yield keys("ctrl+v")

    return DesktopScene(
        plain=f"Move {base(name)} into the folder {folder}.",
        explicit=f"Click “{base(name)}”, press Ctrl+X, double-click “{folder}” and press Ctrl+V",
        apps=("pcmanfm Documents",),
        files={**known, f"Documents/{folder}/": ""},
        check=files({name: None, new: known[name]}),
        script=script,
    )


@task("files-copy", "pcmanfm", complexity=2.2)
def copy(random: Random) -> DesktopScene:
    """A file that is wanted in another folder as well."""
    known = papers(random, 5, folder="Downloads")
    name = random.choice(list(known))
    new = f"Documents/{base(name)}"

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from show(world, "Downloads")
        yield from select(base(name))
        yield keys("ctrl+c")
        yield from show(world, "Documents")
        yield keys("ctrl+v")

    return DesktopScene(
        plain=f"Copy {base(name)} from Downloads to Documents; the one in Downloads stays.",
        explicit=f"Double-click Downloads, click “{base(name)}”, press Ctrl+C, click “Home Folder”, double-click "
        "Documents and press Ctrl+V",
        apps=("pcmanfm .",),
        files=known,
        check=files({new: known[name]}),
        script=script,
    )


@task("files-tidy", "pcmanfm", complexity=7.0)
def tidy(random: Random) -> DesktopScene:
    """Two kinds of files that are to be told apart."""
    names = some(random, NOUNS, 5)
    kinds = ["txt", "csv", "txt", "csv", "txt"]
    known: Files = {f"Downloads/{n}.{kind}": f"{sentence(random)}\n" for n, kind in zip(names, kinds, strict=True)}
    changes: dict[str, str | bytes | None] = {}
    for path, text in known.items():
        changes |= {path: None, f"Downloads/{'Tables' if path.endswith('csv') else 'Texts'}/{base(path)}": text}

    def script(world: DesktopWorld) -> Iterator[Move]:
        for path in known:
            yield from select(base(path))
            yield keys("ctrl+x")
            yield from show(world, f"Downloads/{'Tables' if path.endswith('csv') else 'Texts'}")
            yield keys("ctrl+v")
            yield Until(lambda path=path: not world.path(path).exists(), f"{path} to be moved")  # type: ignore[misc]
            yield from show(world, "Downloads")

    steps = [
        f"click “{base(path)}”, press Ctrl+X, double-click {'Tables' if path.endswith('csv') else 'Texts'}, "
        "press Ctrl+V, press Alt+Up"
        for path in known
    ]
    explicit = ", ".join(steps)
    return DesktopScene(
        plain="Tidy up Downloads: move the .txt files into the folder Texts and the .csv files into the folder Tables.",
        explicit=explicit[0].upper() + explicit[1:],
        apps=("pcmanfm Downloads",),
        files={**known, "Downloads/Texts/": "", "Downloads/Tables/": ""},
        check=files(changes),
        script=script,
    )
