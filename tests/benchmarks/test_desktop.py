"""The desktop suite: its tasks can be done, count only when they are done, and checks tell right from wrong."""

from __future__ import annotations

import io
import re
import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image

from actions.action import Answer as Says
from actions.action import AnyAction, Finish
from agent.builtin.grammar.parse import parse_instructions
from agent.core.model import Model
from agent.core.task import Limits
from benchmarks.interactive import play
from benchmarks.suite import Prediction, SuiteError, SuiteOptions
from benchmarks.suites.desktop import DesktopSuite, checks, open_suite
from benchmarks.suites.desktop.catalogue import FLAGGED, INFEASIBLE
from benchmarks.suites.desktop.oracle import desktop_oracle
from benchmarks.suites.desktop.pages import Pages, WebPage
from benchmarks.suites.desktop.sheets import workbook
from benchmarks.suites.desktop.task import TASKS
from benchmarks.suites.desktop.world import Check, DesktopScene, DesktopWorld, programs_missing
from benchmarks.suites.tasks.catalogue import instance_seed
from benchmarks.suites.tasks.world import AgentStatements
from tests.agent.fakes import ScriptedModel

missing = programs_missing((*{p for task in TASKS.values() for p in task.programs}, "Xvfb", "openbox"))
desktop = [pytest.mark.desktop, pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")]
on_desktop = cast(Callable[[Any], Any], lambda test: desktop[0](desktop[1](test)))


def suite(*tasks: str, seeds: int = 1, mode: str = "plain", seed: int = 0) -> DesktopSuite:
    return open_suite("desktop", None, SuiteOptions(mode=mode, seeds=seeds, seed=seed, tasks=tasks))


def run(task: str, model: Model | None = None, seed: int = 0) -> tuple[Prediction, bool]:
    opened = suite(task, seed=seed)
    (sample,) = opened.samples()
    answer = opened.answer(sample, model or cast(Model, opened.oracle(sample)))
    return answer, opened.judge(sample, answer).correct


# --- the catalogue -------------------------------------------------------------------------------------------------


def test_there_are_tasks_for_every_program_and_of_every_difficulty() -> None:
    assert len(TASKS) >= 30
    programs = {program for task in TASKS.values() for program in task.programs}
    assert programs == {"mousepad", "galculator", "xterm", "pcmanfm", "chromium", "gpicview", "gnumeric"}
    assert {task.difficulty for task in TASKS.values()} == {"easy", "medium", "hard"}
    assert sum(len(task.programs) > 1 for task in TASKS.values()) >= 5
    assert len(INFEASIBLE) == 3


def test_make_installs_every_program() -> None:
    makefile = (Path(__file__).parents[2] / "Makefile").read_text()
    lists = re.findall(r"^APT(?:_DEV)? := ((?:.*\\\n)*.*)", makefile, re.MULTILINE)
    assert len(lists) == 2
    assert {p for task in TASKS.values() for p in task.programs} <= set(" ".join(lists).replace("\\", "").split())


@pytest.mark.parametrize("name", sorted(TASKS))
def test_an_instance_follows_from_its_seed(name: str) -> None:
    one, same, other = (TASKS[name].scene(seed) for seed in (7, 7, 8))
    assert (one.plain, one.explicit, one.files) == (same.plain, same.explicit, same.files)
    assert one.plain != one.explicit
    assert (one.plain, one.explicit, one.files) != (other.plain, other.explicit, other.files)
    assert "handeye" not in one.plain + one.explicit


def test_seeds_and_budgets_are_androidworlds() -> None:
    # sha256("30_editor-write_0"), worked out with sha256sum
    assert (
        instance_seed(30, "editor-write", 0)
        == int("712edf3353bb05fd281c0f8f6aaa290841763a4762251d10561f749cf113f0e4", 16) % 2**32
    )
    assert TASKS["editor-write"].steps == int(10 * TASKS["editor-write"].complexity)


@pytest.mark.parametrize("name", sorted(TASKS))
def test_a_budget_leaves_room_for_more_than_the_explicit_wording_says(name: str) -> None:
    said = parse_instructions(TASKS[name].scene(0).explicit)
    assert 1.5 * len(said) <= TASKS[name].steps


def test_samples_are_the_same_in_every_run_and_all_tasks_come_first() -> None:
    ids = [sample.id for sample in suite(seeds=3).samples()]
    assert ids == [sample.id for sample in suite(seeds=3).samples()]
    assert len(set(ids)) == len(ids) == 3 * len(TASKS)
    assert {one.rpartition("/")[0] for one in ids[: len(TASKS)]} == set(TASKS)


def test_the_protocol_tells_suites_apart() -> None:
    hashes = {str(s.protocol["data_hash"]) for s in (suite(), suite(mode="explicit"), suite(seed=1), suite(seeds=2))}
    assert len(hashes) == 4
    assert "said that it was done" in suite().protocol["success"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (SuiteOptions(mode="fast"), "plain, explicit"),
        (SuiteOptions(tasks=("editor-fly",)), "editor-fly"),
        (SuiteOptions(zoom=True), "--zoom"),
        (SuiteOptions(official_timer=True), "--official-timer"),
        (SuiteOptions(rule="a"), "--rule"),
        (SuiteOptions(seeds=0), "--seeds 0"),
    ],
)
def test_a_foreign_option_is_refused(options: SuiteOptions, says: str) -> None:
    with pytest.raises(SuiteError, match=re.escape(says)):
        open_suite("desktop", None, options)


def test_a_program_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SuiteError, match="sudo apt-get install mousepad"):
        suite("editor-write")


def test_flags_name_tasks_that_exist() -> None:
    assert {name.partition(":")[2] for name in FLAGGED} <= set(TASKS)


# --- checks: right and wrong states ----------------------------------------------------------------------------------


@dataclass
class Place:
    """A world without a display: a home folder and what the agent said."""

    home: Path
    scene: Any = None
    statements: AgentStatements = field(default_factory=AgentStatements)
    pages: Any = None
    copied: str | None = None

    def path(self, name: str) -> Path:
        return self.home / name

    def text(self, name: str) -> str | None:
        return DesktopWorld.text(cast(DesktopWorld, self), name)

    def clipboard(self) -> str | None:
        return self.copied

    def put(self, name: str, content: str | bytes) -> None:
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_bytes(content.encode() if isinstance(content, str) else content)


@dataclass
class WithFiles:
    files: Mapping[str, str | bytes]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, WithFiles({"a.txt": "one\n", "b.bin": b"\0\1"}))


def fault(check: Check, place: Place) -> str:
    return check(cast(DesktopWorld, place))


def test_files_must_be_as_they_were_but_for_the_changes(place: Place) -> None:
    check = checks.files({"c.txt": "new", "a.txt": None})
    place.put("b.bin", b"\0\1")
    place.put("c.txt", "new\n\n")
    assert fault(check, place) == ""
    place.put("extra.txt", "x")
    assert fault(check, place) == ""
    place.put("a.txt", "one\n")
    assert "a.txt is still there" in fault(check, place)
    place.path("a.txt").unlink()
    place.put("b.bin", b"\0")
    assert "b.bin" in fault(check, place)
    place.put("b.bin", b"\0\1")
    for wrong in ("New", "new x", "  new", ""):
        place.put("c.txt", wrong)
        assert "c.txt holds" in fault(check, place)
    place.path("c.txt").unlink()
    assert "no file c.txt" in fault(check, place)


@pytest.mark.parametrize(
    ("answer", "right"),
    [("089-123", True), ("It is 089-123.", True), ("1089-123", False), ("089-1234", False), ("", False), (None, False)],
)
def test_an_answer_is_a_whole_word(place: Place, answer: str | None, right: bool) -> None:
    if answer is not None:
        place.statements.hear(Says(text=answer))
    assert (fault(checks.answered("089-123"), place) == "") is right


def test_only_the_last_answer_counts(place: Place) -> None:
    for text in ("12", "13"):
        place.statements.hear(Says(text=text))
    assert fault(checks.answered("13"), place) == ""
    assert fault(checks.answered("12"), place)
    place.statements.hear(Finish(status="success", message="did all 12 instructions"))
    assert fault(checks.answered("13"), place) == "", "what ends the task is no answer where there is one"


def test_a_task_may_be_answered_by_what_ends_it(place: Place) -> None:
    place.statements.hear(Finish(status="failure", message="12"))
    assert fault(checks.answered("12"), place)
    place.statements.hear(Finish(status="success", message="It is 12."))
    assert fault(checks.answered("12"), place) == ""


@pytest.mark.parametrize(
    ("text", "right"), [("56", True), (" 56\n", True), ("56.0", False), ("", False), (None, False)]
)
def test_the_clipboard_is_compared_exactly(place: Place, text: str | None, right: bool) -> None:
    place.copied = text
    assert (fault(checks.clipboard("56"), place) == "") is right


def test_a_picture_is_compared_pixel_by_pixel(place: Place) -> None:
    image = Image.new("RGB", (6, 4), "red")
    image.putpixel((0, 0), (0, 0, 255))
    check = checks.picture("p.png", image)
    assert "no picture" in fault(check, place)
    for found, says in (
        (image, ""),
        (image.convert("RGBA"), ""),
        (image.transpose(Image.Transpose.ROTATE_180), "something else"),
        (image.transpose(Image.Transpose.ROTATE_90), "4x6"),
    ):
        out = io.BytesIO()
        found.save(out, "PNG")
        place.put("p.png", out.getvalue())
        assert says in fault(check, place)
        assert bool(says) is bool(fault(check, place))
    place.put("p.png", out.getvalue()[:40])
    assert "no picture" in fault(check, place)


@pytest.mark.skipif(bool(programs_missing(("ssconvert",))), reason="gnumeric is not installed")
def test_cells_are_compared_by_value(place: Place) -> None:
    place.put("t.gnumeric", workbook([["Item", "Price"], ["nut", 3], ["bolt", "=B2*4"]]).replace(
        'ValueType="60">=B2', ">=B2"))  # fmt: skip
    assert fault(checks.cells("t.gnumeric", {"A2": "nut", "B2": "3", "B3": "12", "C1": ""}), place) == ""
    assert "B3 of t.gnumeric is '12', not '13'" in fault(checks.cells("t.gnumeric", {"B3": "13"}), place)
    assert fault(checks.cells("t.gnumeric", {"A2": "Nut"}), place)
    assert fault(checks.cells("t.gnumeric", {"C9": "1"}), place)
    place.put("t.gnumeric", "no spreadsheet")
    assert "no spreadsheet" in fault(checks.cells("t.gnumeric", {"A1": ""}), place)


def test_every_form_sent_must_be_right(place: Place) -> None:
    with Pages({"/": WebPage("t", "b")}) as pages:
        place.pages = pages
        check = checks.sent("/buy", thing="nut")
        assert "nothing was sent" in fault(check, place)
        assert fault(checks.not_sent("/buy"), place) == ""
        pages.take("/buy", "thing=nut&more=1")
        assert fault(check, place) == ""
        assert fault(checks.not_sent("/buy"), place)
        pages.take("/other", "thing=bolt")
        assert fault(check, place) == ""
        pages.take("/buy", "thing=bolt")
        assert "thing was sent as 'nut, bolt'" in fault(check, place)


def test_history_and_bookmarks_are_read_from_the_profile(place: Place) -> None:
    with Pages({}) as pages:
        place.pages = pages
        seen, kept = checks.read_in_browser(["/1"], ["/2"]), checks.bookmarked("/1")
        assert "/1" in fault(seen, place)
        assert "/1" in fault(kept, place)
        place.put("chromium/Default/Bookmarks", '{"roots": {"bar": {"children": [{"type": "url", "url": "URL/1"}]}}}'
                  .replace("URL", pages.url))  # fmt: skip
        assert fault(kept, place) == ""
        assert fault(checks.bookmarked("/2"), place)
        with sqlite3.connect(place.path("chromium/Default/History")) as history:
            history.execute("create table urls (url text)")
            history.execute("insert into urls values (?)", [f"{pages.url}/1"])
        assert fault(seen, place) == ""
        with sqlite3.connect(place.path("chromium/Default/History")) as history:
            history.execute("insert into urls values (?)", [f"{pages.url}/2"])
        assert "/2 was opened too" in fault(seen, place)


# --- whole runs ------------------------------------------------------------------------------------------------------

ONE_OF_EACH = (
    "editor-replace", "calculator-product", "terminal-end-process", "files-rename", "browser-form", "picture-delete",
    "sheet-sum", "several-code-to-form", "impossible-sold-out",
)  # fmt: skip


@on_desktop
@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_the_oracle_does_a_task_of_each_program(name: str) -> None:
    answer, right = run(name)
    assert right, answer.value
    assert answer.value["steps"] <= TASKS[name].steps
    assert {action["type"] for action in answer.value["actions"]} <= {"key", "type", "click", "scroll", "finish"}


@on_desktop
@pytest.mark.parametrize("name", ["editor-append", "impossible-sold-out"])
def test_who_only_says_done_fails(name: str) -> None:
    opened = suite(name)
    (sample,) = opened.samples()
    answer = opened.answer(sample, ScriptedModel([Finish(status="success")]))
    verdict = opened.judge(sample, answer)
    assert (verdict.correct, verdict.kind) == (False, "false_done")
    assert answer.value["claimed"]


class NeverDone:
    """The oracle, but at the end it ends as `end` instead of saying that it is done."""

    def __init__(self, oracle: Any, end: AnyAction) -> None:
        self._oracle, self._end = oracle, end
        self.bind, self.name, self.dialect, self.prompt_hash = oracle.bind, "never", None, None
        self.locate, self.extract = oracle.locate, oracle.extract

    def decide(self, *seen: Any) -> Any:
        decision = self._oracle.decide(*seen)
        return decision.model_copy(update={"action": self._end}) if decision.action.type == "finish" else decision


@on_desktop
@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("editor-append", Finish(status="failure", message="no")),
        ("impossible-missing-file", Finish(status="success")),
    ],
)
def test_the_right_state_alone_is_no_success(name: str, end: AnyAction) -> None:
    opened = suite(name)
    (sample,) = opened.samples()
    answer = opened.answer(sample, cast(Model, NeverDone(opened.oracle(sample), end)))
    assert not opened.judge(sample, answer).correct
    assert answer.value["state"]
    assert "never" in answer.value["why"]


@on_desktop
def test_a_file_that_is_thrown_away_goes_to_the_trash() -> None:
    with DesktopWorld(TASKS["files-delete"].scene(0)) as world:
        play(world, desktop_oracle(), Limits(steps=12, seconds=60.0))
        assert not world.problem()
        assert len(list(world.path(".data/Trash/files").iterdir())) == 1


@on_desktop
def test_another_instances_way_is_no_success() -> None:
    opened = suite("terminal-folders", seeds=2)
    one, other = opened.samples()
    typed = TASKS["terminal-folders"].scene(other.data[1]).explicit.split("“")[1].split("”")[0]
    from actions.action import TypeText

    answer = opened.answer(one, ScriptedModel([TypeText(text=f"{typed}\n"), Finish(status="success")]))
    assert opened.judge(one, answer).kind == "false_done"


@on_desktop
def test_worlds_stand_side_by_side() -> None:
    names = ("calculator-product", "editor-write")
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(run, names))
    assert [right for _, right in results] == [True, True]


@on_desktop
def test_a_world_leaves_nothing_behind() -> None:
    scene: DesktopScene = TASKS["terminal-end-process"].scene(5)
    mark = scene.apps[0].removeprefix("&")
    with DesktopWorld(scene) as world:
        home = world.home
        assert world.running(mark)
        assert (home / ".bashrc").is_file()
        assert not DesktopWorld.running(cast(DesktopWorld, world), "sleep 1000000")
    assert not home.exists()
    assert not any(mark.replace(" ", "\0") in path.read_text(errors="replace")
                   for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists())  # fmt: skip


@on_desktop
@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", sorted(TASKS))
def test_the_oracle_does_every_task(name: str, seed: int) -> None:
    answer, right = run(name, seed=seed)
    assert right, answer.value
