"""Tasks in a terminal (xterm with bash)."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from benchmarks.suites.desktop.checks import every, executable, files, folders, no_process
from benchmarks.suites.desktop.oracle import write
from benchmarks.suites.desktop.sample_text import CITIES, NOUNS, TOPICS, amounts, people, sentence, some
from benchmarks.suites.desktop.task import task
from benchmarks.suites.desktop.world import Check, DesktopScene, DesktopWorld
from benchmarks.suites.tasks.oracle import Move


def _commands(*lines: str) -> tuple[str, list[str]]:
    explicit = ", then ".join(f"type exactly “{line}” and press Enter" for line in lines)
    return explicit[0].upper() + explicit[1:], [f"{line}\n" for line in lines]


def _scene(
    plain: str, check: Check, *lines: str, files: dict[str, str | bytes], apps: tuple[str, ...] = ()
) -> DesktopScene:
    explicit, typed = _commands(*lines)

    def script(world: DesktopWorld) -> Iterator[Move]:
        for line in typed:
            yield write(line)

    return DesktopScene(plain, explicit, (*apps, "xterm"), check, script, files)


@task("terminal-folders", "xterm", complexity=1.0)
def make_folders(random: Random) -> DesktopScene:
    """Folders in a folder."""
    project, *parts = some(random, NOUNS, 3)
    wanted = [f"{project}/{part}" for part in parts]
    return _scene(
        f"Use the terminal to make a folder “{project}” in the home folder with the folders “{parts[0]}” and "
        f"“{parts[1]}” in it.",
        folders(*wanted),
        f"mkdir -p {wanted[0]} {wanted[1]}",
        files={},
    )


@task("terminal-count", "xterm", complexity=1.2)
def count_lines(random: Random) -> DesktopScene:
    """A log in which some lines have a word."""
    word, other = some(random, ("ERROR", "WARNING", "NOTICE"), 2)
    kinds = [word] * random.randrange(7, 19) + [other] * random.randrange(9, 25)
    random.shuffle(kinds)
    log = "".join(f"10:{i // 60:02}:{i % 60:02} {kind} {sentence(random)}\n" for i, kind in enumerate(kinds))
    return _scene(
        f"How many lines of Documents/server.log have the word {word}? Write just that number into a file count.txt in "
        "the home folder, with the terminal.",
        files({"count.txt": str(kinds.count(word))}),
        f"grep -c {word} Documents/server.log > count.txt",
        files={"Documents/server.log": log},
    )


@task("terminal-rename-all", "xterm", complexity=1.6)
def rename_all(random: Random) -> DesktopScene:
    """Files that are to have another ending."""
    names = some(random, TOPICS, 4)
    old, new, other = some(random, ("txt", "md", "log", "text", "note", "csv", "dat"), 3)
    texts: dict[str, str | bytes] = {f"Documents/{name}.{old}": f"{sentence(random)}\n" for name in names}
    keep = f"Documents/{random.choice(NOUNS)}.{other}"
    changes: dict[str, str | bytes | None] = dict.fromkeys(texts)
    changes |= {f"{name.removesuffix(old)}{new}": text for name, text in texts.items()}
    return _scene(
        f"All files in Documents whose names end in .{old} should end in .{new} instead. Rename them in the terminal.",
        files(changes),
        "cd Documents",
        f'for f in *.{old}; do mv "$f" "${{f%.{old}}}.{new}"; done',
        files={**texts, keep: "a,b\n1,2\n"},
    )


@task("terminal-run-script", "xterm", complexity=1.4)
def run_script(random: Random) -> DesktopScene:
    """A script that may not be run yet."""
    secret = f"{random.choice(NOUNS)}-{random.randrange(1000, 9999)}"
    name = f"make-{random.choice(TOPICS)}.sh"
    text = f"#!/bin/sh\n# writes what is asked for\nprintf '%s\\n' {secret} > \"$HOME/Documents/result.txt\"\n"
    return _scene(
        f"Make the script {name} in the home folder executable and run it in the terminal.",
        every(files({"Documents/result.txt": secret}), executable(name)),
        f"chmod +x {name}",
        f"./{name}",
        files={name: text},
    )


@task("terminal-largest", "xterm", complexity=1.6)
def largest(random: Random) -> DesktopScene:
    """Downloads of several sizes."""
    folder, *nouns = some(random, NOUNS, 6)
    names = [f"{name}.bin" for name in nouns]
    sizes = amounts(random, 5, 200, 4000)
    data: dict[str, str | bytes] = {
        f"{folder}/{name}": bytes([65 + i]) * size for i, (name, size) in enumerate(zip(names, sizes, strict=True))
    }
    big = names[sizes.index(max(sizes))]
    return _scene(
        f"Find the largest file in the folder {folder} with the terminal and copy it into Documents.",
        every(files({f"Documents/{big}": data[f"{folder}/{big}"]}), _only_copy([n for n in names if n != big])),
        f"cp {folder}/$(ls -S {folder} | head -n 1) Documents",
        files=data,
    )


def _only_copy(others: list[str]) -> Check:
    return files({f"Documents/{name}": None for name in others})


@task("terminal-end-process", "xterm", complexity=1.6)
def end_process(random: Random) -> DesktopScene:
    """Two programs that run without an end, of which one is to go."""
    bad, good = amounts(random, 2, 70001, 99999)
    return _scene(
        f"A program “sleep {bad}” runs in the background and was forgotten. End it from the terminal. The other one, "
        f"“sleep {good}”, is still needed.",
        no_process(f"sleep {bad}", but=f"sleep {good}"),
        f'pkill -f "^[^ ]*sleep {bad}"',
        files={},
        apps=(f"&sleep {bad}", f"&sleep {good}"),
    )


@task("terminal-sorted-list", "xterm", complexity=1.6)
def sorted_list(random: Random) -> DesktopScene:
    """Two lists with some people in both."""
    everyone = people(random, 9)
    one, two = everyone[:6], everyone[4:]
    random.shuffle(one)
    random.shuffle(two)
    first, second, whole = some(random, NOUNS, 3)
    return _scene(
        f"Documents has the lists {first}.txt and {second}.txt with a name on each line. Write all names, "
        "each only once "
        f"and in alphabetical order, into Documents/{whole}.txt. Use the terminal.",
        files({f"Documents/{whole}.txt": "\n".join(sorted(everyone))}),
        f"cd Documents; sort -u {first}.txt {second}.txt > {whole}.txt",
        files={f"Documents/{first}.txt": "\n".join(one) + "\n", f"Documents/{second}.txt": "\n".join(two) + "\n"},
    )


@task("terminal-append", "xterm", complexity=1.0)
def append_line(random: Random) -> DesktopScene:
    """A file that is to grow by a line."""
    city, line = random.choice(CITIES), sentence(random)
    name = f"Documents/{random.choice(TOPICS)}.txt"
    return _scene(
        f"Add a line with the word {city} to the end of {name} by a command in the terminal. What the file has already "
        "must stay.",
        files({name: f"{line}\n{city}"}),
        f"echo {city} >> {name}",
        files={name: f"{line}\n"},
    )
