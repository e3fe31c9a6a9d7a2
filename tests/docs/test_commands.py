"""Every command and program of the documentation is run, in its page's order, and prints what the page shows."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from envs.sandbox import SandboxEnv
from tests.docs.output import same_output
from tests.docs.pages import DATA, MARKS, PAGES, ROOT, RUN, Command, Fence, commands, fences
from tests.docs.session import Session
from tests.docs.stand_ins import STAND_INS
from tests.waiting import until

ALL = [fence for page in PAGES for fence in fences(page)]


def names(pages: list[Path]) -> list[str]:
    return [str(page.relative_to(ROOT)) for page in pages]


QUICK = names([page for page in PAGES if any(f.runs and not f.slow for f in fences(page))])
SLOW = names([page for page in PAGES if any(f.runs and f.slow for f in fences(page))])


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    made = Session(tmp_path / "stranger")
    with ExitStack() as stack:
        stack.callback(made.close)
        yield made


def test_every_fence_is_run_or_says_why_not() -> None:
    wrong = []
    for fence in ALL:
        if fence.language not in RUN | DATA:
            wrong.append(f"{fence.place}: the language {fence.language!r} is none of {sorted(RUN | DATA)}")
        wrong += [f"{fence.place}: unknown mark {mark!r}" for mark in fence.marks.keys() - MARKS]
        if fence.marks.get("not run") == "":
            wrong.append(f"{fence.place}: why is it not run?")
        if fence.language == "console" and not fence.text.startswith("$ "):
            wrong.append(f"{fence.place}: a console begins with a command")
        if (file := fence.marks.get("part of")) and fence.text not in (ROOT / file).read_text(encoding="utf-8"):
            wrong.append(f"{fence.place}: {file} has no such lines")
        wrong += [f"{fence.place}: no stand-in {name!r}" for name in stand_ins(fence) - STAND_INS.keys()]
    sys.stdout.write("".join(f"{line}\n" for line in counts()))
    assert not wrong, "\n".join(wrong)


def counts() -> Iterator[str]:
    """How many commands and programs there are, and how many are run."""
    of: Counter[str] = Counter()
    why: Counter[str] = Counter()
    for fence in ALL:
        if fence.language in RUN and "file" not in fence.marks:
            number = 1 if fence.language == "python" else len([*commands(fence)])
            of[kind(fence)] += number
            if "not run" in fence.marks:
                why[fence.marks["not run"]] += number
    yield f"{sum(of.values())} commands and programs on {len(PAGES)} pages: {dict(of)}"
    yield from (f"not run, {number}: {reason}" for reason, number in why.most_common())


def kind(fence: Fence) -> str:
    if "part of" in fence.marks:
        return "part of a file that is run"
    if not fence.runs:
        return "not run"
    return "run, slow tests" if fence.slow else "run, quick tests"


def stand_ins(fence: Fence) -> set[str]:
    return set(fence.marks.get("with", "").split())


@pytest.mark.parametrize("page", QUICK)
def test_the_quick_fences_of_a_page(page: str, session: Session) -> None:
    run_page(ROOT / page, session, quick=True)


@pytest.mark.slow
@pytest.mark.desktop
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("page", SLOW)
def test_all_fences_of_a_page(page: str, session: Session) -> None:
    run_page(ROOT / page, session, quick=False)


def run_page(page: Path, session: Session, quick: bool) -> None:
    """Run the fences of `page` in order, all or those that are not slow."""
    wrong, printed = list[str](), ""
    for fence in fences(page):
        if fence.slow and quick:
            continue
        with ExitStack() as stack:
            for name in sorted(stand_ins(fence)):
                stack.enter_context(STAND_INS[name](session))
            if "file" in fence.marks:
                file = session.folder / fence.marks["file"]
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(fence.text, encoding="utf-8")
            elif "output" in fence.marks:
                wrong += problem(fence, "the fence before", fence.text.splitlines(), printed, session)
            elif fence.marks.get("in") == "sandbox":
                wrong += run_in_sandbox(fence, session)
            elif fence.runs and fence.language == "python":
                (session.folder / "page.py").write_text(session.real(fence.text), encoding="utf-8")
                printed, status = session.run("python page.py")
                wrong += [f"{fence.place}: status {status}\n{printed}"] if status else []
            elif fence.runs:
                for command in commands(fence):
                    wrong += run_command(fence, command, session, quick)
    assert not wrong, "\n\n".join(wrong)


def run_command(fence: Fence, command: Command, session: Session, quick: bool = True) -> list[str]:
    text = command.text.strip()
    if text.split(" #")[0].rstrip().endswith("&"):
        session.forget()
        session.run(text)
        until(lambda: same_output([*command.shown], session.rest(), str(session.folder)) is None, 90, session.rest)
        session.forget()
        return []
    session.forget()
    printed, status = session.run_here(text) if quick and session.done_here(text) else session.run(text)
    if any(command.shown):
        return problem(fence, text, [*command.shown], printed, session)
    return [f"{fence.place}: {text}: status {status}\n{printed}"] if status else []


def run_in_sandbox(fence: Fence, session: Session) -> list[str]:
    """Run the commands of `fence` one after another in a sandbox."""
    work, wrong = session.folder / "work", list[str]()
    work.mkdir()
    with SandboxEnv(cwd=work) as env:
        for number, command in enumerate(commands(fence)):
            (work / "command").write_text(command.text)
            env.launch(["sh", "-c", f"sh command > said 2>&1; mv said {number}"], wait=False)
            until((work / str(number)).exists, 300)
            printed = (work / str(number)).read_text().replace(str(work), "/tmp/work")
            wrong += problem(fence, command.text, [*command.shown], printed, session)
    return wrong


def problem(fence: Fence, what: str, shown: list[str], printed: str, session: Session) -> list[str]:
    difference = same_output(shown, printed, str(session.folder))
    return [f"{fence.place}: {what}\n{difference}"] if difference else []


def test_a_command_that_prints_something_else_is_seen(session: Session) -> None:
    fence = Fence(ROOT / "README.md", 1, "console", "", {})
    assert run_command(fence, Command("handeye --version", ("handeye 0.…",)), session) == []
    assert run_command(fence, Command("echo a; sleep 0; echo b", ("…", "b")), session) == []
    assert run_command(fence, Command("echo 12 ms, 2.5 s", ("99 ms, 1.0 s",)), session) == []
    assert run_command(fence, Command("echo a; echo '     capture 1.2 ms'; echo b", ("a", "b")), session) == []
    assert run_command(fence, Command("echo a; echo b", ("a", "     capture 1.2 ms", "b")), session) != []
    assert run_command(fence, Command("handeye --version", ("handeye 7",)), session) != []
    assert run_command(fence, Command("false"), session) != []
    assert run_command(fence, Command("handeye report nowhere"), session) != []
