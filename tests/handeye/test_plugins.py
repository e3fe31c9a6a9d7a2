"""A suite, a dialect, a policy, an env and a model from outside, by module:object and by entry point."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.plugins import PlugInError, find, is_reference
from tests.agent.scripted_server import ScriptedServer, computer
from tests.handeye.test_api import example, python

FIVE = """\
from dataclasses import replace
from handeye import Dialect, Verdict, open_suite
from agent.models.dialects.qwen import QWEN25_VL
dialect = replace(QWEN25_VL, name="mine")
def suite(name, data, options): return open_suite("toy", data, options)
class NoClicks:
    def review(self, decision, observation):
        kind = "block" if decision.action.type == "click" else "allow"
        return Verdict(kind, decision.action, "no-clicks", "clicks are forbidden")
"""
CLICKER = """\
from handeye import Decision, Model
class Clicker(Model):
    name = "clicker"
    def decide(self, task, observation, history):
        return Decision(action=click_once(task, observation, history))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An otherwise empty folder with the modules of a user, one of them called as a package of Handeye is."""
    toy = FIVE.replace("def suite(", "import tests.benchmarks.toy_suite\ndef suite(")
    (tmp_path / "mine.py").write_text(toy)
    (tmp_path / "lamp.py").write_text(example().rpartition("print(")[0] + CLICKER)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "toy.json").write_text(json.dumps({"samples": 3}))
    return tmp_path


def test_bench_uses_a_suite_and_a_dialect_from_outside_and_reproduces_them(folder: Path) -> None:
    with ScriptedServer([computer("left_click", coordinate=[20, 20])], names=("m",)) as server:
        model = ("--model", server.url, "--dialect", "mine:dialect")
        run = python(
            "-m", "handeye", "bench", "mine:suite", "--data", "data", *model, "--out", "out", "--json", cwd=folder
        )
        assert run.returncode == 0, run.stderr
        assert json.loads(run.stdout)["total"] == 3
        manifest = json.loads((folder / "out" / "result.json").read_text())["manifest"]
        assert manifest["model"]["dialect"] == "mine"
        assert manifest["plan"]["model"]["dialect"] == "mine:dialect"
        hashes = {role: plugin["object"] for role, plugin in manifest["plugins"].items()}
        assert hashes == {"dialect": "mine:dialect", "suite": "mine:suite"}
        assert all(len(plugin["sha256"]) == 16 for plugin in manifest["plugins"].values())

        again = python("-m", "handeye", "bench", "reproduce", "out", "--out", "again", "--json", cwd=folder)
        assert again.returncode == 0, again.stderr
        assert json.loads(again.stdout)["same_bytes"]

        (folder / "mine.py").write_text((folder / "mine.py").read_text() + "# changed\n")
        other = python("-m", "handeye", "bench", "reproduce", "out", "--out", "other", cwd=folder)
    assert other.returncode == 2
    assert "plugins.dialect.sha256 was" in other.stderr
    assert "not the same run" in other.stderr
    assert not (folder / "other").exists()


def test_run_uses_an_env_a_model_and_a_policy_from_outside(folder: Path) -> None:
    parts = ("--env", "lamp:Lamp", "--model", "lamp:Clicker", "--json", "--confirm", "never")
    free = python("-m", "handeye", "run", "Switch the lamp on", *parts, cwd=folder)
    assert json.loads(free.stdout)["ending"] == "done", free.stderr
    held = python("-m", "handeye", "run", "Switch the lamp on", *parts, "--policy", "mine:NoClicks", cwd=folder)
    told = json.loads(held.stdout)
    assert (told["ending"], told["steps"], held.returncode) == ("blocked", 1, 1)
    assert "clicks are forbidden" in told["message"]
    extra = json.loads((Path(told["episode"]) / "episode.json").read_text())["extra"]["plugins"]
    assert extra["env"]["object"] == "lamp:Lamp"
    assert extra["model"]["object"] == "lamp:Clicker"
    assert [policy["object"] for policy in extra["policies"]] == ["mine:NoClicks"]


MISTAKES = {
    "no module": (["run", "x", "--env", "nowhere:Env"], "no module 'nowhere', neither installed nor in"),
    "no attribute": (["run", "x", "--env", "lamp:Nothing"], "lamp.py) has no 'Nothing'"),
    "another kind of env": (["run", "x", "--env", "mine:dialect"], "is no Env: it has no"),
    "another kind of model": (["run", "x", "--env", "lamp:Lamp", "--model", "lamp:Lamp"], "is no Model: it has no"),
    "another kind of policy": (["run", "x", "--env", "lamp:Lamp", "--policy", "lamp:Lamp"], "is no Policy: it has no"),
    "another kind of dialect": (
        ["locate", "a.png", "x", "--model", "http://127.0.0.1:9#m", "--dialect", "mine:NoClicks"], "is not a dialect",
    ),
    "another kind of suite": (["bench", "lamp:Lamp"], "lamp.py) failed: TypeError"),
    "a suite that is none": (["bench", "mine:dialect"], "is no Suite: it has no"),
    "an option for a model of one's own": (
        ["run", "x", "--env", "lamp:Lamp", "--model", "lamp:Clicker", "--dialect", "mine:dialect"],
        "--dialect has no effect on the model lamp:Clicker",
    ),
    "an option for an env of one's own": (["run", "x", "--env", "lamp:Lamp", "--dry-run"], "--dry-run has no effect"),
    "an unknown env": (["run", "x", "--env", "mars"], "unknown env 'mars'"),
    "an unknown policy": (["run", "x", "--env", "lamp:Lamp", "--policy", "mars"], "unknown policy 'mars'"),
    "a module that fails": (["run", "x", "--env", "broken:Env"], "cannot import broken: NameError"),
    "a module that needs another": (["run", "x", "--env", "needy:Env"], "needs the module 'no_such_library'"),
    "an unfinished env": (["run", "x", "--env", "lamp:Half"], "lamp:Half"),
}  # fmt: skip


def test_what_cannot_be_used_is_one_line(folder: Path) -> None:
    (folder / "broken.py").write_text("nothing")
    (folder / "needy.py").write_text("import no_such_library")
    with (folder / "lamp.py").open("a") as file:
        file.write("\nclass Half(Env):\n    name = 'half'\n")
    Image = pytest.importorskip("PIL.Image")  # noqa: N806
    Image.new("RGB", (60, 40)).save(folder / "a.png")
    code = "\n".join(
        [
            "import sys; from agent.cli.main import main",
            f"for arguments in {[arguments for arguments, _ in MISTAKES.values()]!r}:",
            "    try: main(arguments)",
            "    except SystemExit as ended: print(ended.code)",
        ]
    )
    run = python("-c", code, cwd=folder)
    lines = run.stderr.splitlines()
    assert run.stdout.split() == ["2"] * len(MISTAKES), run.stderr
    assert len(lines) == len(MISTAKES), run.stderr
    for (name, (_, words)), line in zip(MISTAKES.items(), lines, strict=True):
        assert line.startswith("handeye: "), name
        assert words in line, name


def test_an_installed_plug_in_is_known_by_its_name(folder: Path) -> None:
    info = folder / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[handeye.envs]\nlamp = lamp:Lamp\n[handeye.models]\nclicker = lamp:Clicker\n[handeye.policies]\n"
        "no-clicks = mine:NoClicks\n[handeye.dialects]\nmine = mine:dialect\n[handeye.suites]\nmy-toy = mine:suite\n"
    )
    parts = ("--env", "lamp", "--model", "clicker", "--policy", "no-clicks", "--json")
    run = python("-m", "handeye", "run", "Switch the lamp on", *parts, cwd=folder)
    assert json.loads(run.stdout)["ending"] == "blocked", run.stderr
    listed = json.loads(python("-m", "handeye", "models", "--json", cwd=folder).stdout)
    assert "clicker" in [model["name"] for model in listed["models"]]
    assert "mine" in [dialect["name"] for dialect in listed["dialects"]]
    suites = json.loads(python("-m", "handeye", "bench", "suites", "--json", cwd=folder).stdout)["suites"]
    assert "my-toy" in [suite["name"] for suite in suites]
    bench = python(
        "-m", "handeye", "bench", "my-toy", "--data", "data", "--model", "baseline:centre", "--json", cwd=folder
    )
    assert json.loads(bench.stdout)["total"] == 3, bench.stderr


def test_a_file_in_the_folder_hides_nothing_that_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working directory comes last, so that ``agent:x`` is Handeye's package, and the message names the file."""
    (tmp_path / "agent.py").write_text("x = 1")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PlugInError, match=r"agent/__init__\.py\) has no 'x'; .*agent\.py is hidden by it: rename"):
        find("models", "agent:x")


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("mine:suite", True), ("my.package:Class.member", True), ("builtin", False), ("http://h:9", False),
        ("qwen2.5vl:7b", False), ("jsonl", False), ("a:b:c", False), ("a b:c", False), ("", False), (":x", False),
    ],
)  # fmt: skip
def test_what_is_a_reference(name: str, reference: bool) -> None:
    assert is_reference(name) is reference
