"""``handeye bench`` as a person meets it: the suite first, one line for a mistake, one object where it is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.suite import SuiteError, SuiteOptions
from benchmarks.suites import SUITES, open_suite
from tests.benchmarks.running import answered, bench, inline, result
from tests.benchmarks.toy_server import steady
from tests.benchmarks.toy_suite import make_data


def test_help_teaches() -> None:
    done = inline("--help")
    assert done.returncode == 0
    for words in ("handeye bench jsonl --data", "--resume", "compare", "reproduce", "suites"):
        assert words in done.stdout
    options = inline("run", "--help").stdout
    for words in ("--workers", "--engine", "--retries", "--limit", "--zoom", "changes no figure"):
        assert words in options


def test_the_suites_are_listed() -> None:
    listed = json.loads(inline("suites", "--json").stdout)["suites"]
    jsonl = next(one for one in listed if one["name"] == "jsonl")
    assert (jsonl["kind"], jsonl["needs_data"]) == ("grounding", True)
    assert "screenspot-pro" in inline("suites").stdout


MISTAKES = {
    "an unknown suite": (["screenspotty"], "unknown suite 'screenspotty'"),
    "no data, of a suite that is on the hub": (["screenspotv2"], "handeye bench download screenspot-v2 fetches it"),
    "an unknown command": (["rune"], "unknown suite 'rune'"),
    "no data": (["jsonl"], "give the folder it was downloaded to with --data"),
    "a folder that is not there": (["toy", "--data", "nowhere"], "no toy.json"),
    "an option foreign to the suite": (["toy", "--data", "DATA", "--rule", "kind"], "the toy has no rules"),
    "an unknown model": (["toy", "--data", "DATA", "--model", "gpt-17"], "unknown model 'gpt-17'"),
    "an unknown baseline": (["toy", "--data", "DATA", "--model", "baseline:psychic"], "psychic"),
    "no server": (["toy", "--data", "DATA", "--model", "http://127.0.0.1:9"], "127.0.0.1:9"),
    "a file as the folder": (["toy", "--data", "DATA", "--model", "baseline:centre", "--out", "FILE"], "--out"),
    "no workers": (["toy", "--data", "DATA", "--workers", "0"], "--workers"),
    "steps of nothing": (["desktop", "--max-steps", "0"], "--max-steps"),
    "a limit of nothing": (["toy", "--data", "DATA", "--limit", "0"], "--limit"),
    "a result that is none": (["reproduce", "FILE"], "not JSON"),
    "a result that is not there": (["compare", "nowhere.json", "FILE"], "cannot read nowhere.json"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_clear_line(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments, words = MISTAKES[name]
    data = make_data(tmp_path / "data", 3)
    (tmp_path / "file").write_text("no JSON")
    known = {"DATA": str(data), "FILE": str(tmp_path / "file")}
    monkeypatch.chdir(tmp_path)
    done = inline(*(known.get(one, one) for one in arguments))
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("handeye: ")
    assert words in lines[0]
    assert not (tmp_path / "runs").exists()


def test_one_json_object_and_nothing_else(tmp_path: Path) -> None:
    """Worker processes print on stdout; none of that is on ours."""
    data = make_data(tmp_path / "desk", 4)
    done = bench("toy-process", "--data", data, "--out", tmp_path / "out", "--json", "--mode", "m", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["suite"], found["mode"], found["correct"], found["total"]) == ("toy-process", "m", 4, 4)
    assert {"accuracy", "macro", "micro", "ci95", "refusals"} <= found.keys()
    assert Path(found["result"]) == tmp_path / "out" / "result.json"


def test_the_first_so_many(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data", 9)
    done = inline("toy", "--data", data, "--limit", 4, "--out", tmp_path / "out", "-m", "baseline:centre")
    assert done.returncode == 0, done.stderr
    assert [one["id"] for one in result(tmp_path / "out")["verdicts"]] == [f"toy-{n:04}" for n in range(4)]
    assert result(tmp_path / "out")["manifest"]["model"]["name"] == "baseline:centre"


def test_options_may_come_first(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data", 3)
    done = inline("--data", data, "-m", "baseline:random", "--out", tmp_path / "out", "toy", "--workers", 2)
    assert done.returncode == 0, done.stderr
    assert len(answered(tmp_path / "out")) == 3


def test_the_jsonl_suite_from_end_to_end(tmp_path: Path) -> None:
    """A suite of the user's own, by the oracle: all right, the same with the built-in engine's every way of working."""
    folder = tmp_path / "mine"
    (folder / "images").mkdir(parents=True)
    Image.new("RGB", (300, 200), "white").save(folder / "images" / "a.png")
    lines = [{"image": "images/a.png", "instruction": f"thing {n}", "bbox": [n, n, n + 20, n + 9]} for n in range(12)]
    (folder / "samples.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = inline("jsonl", "--data", folder, "-m", "baseline:oracle", "--out", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["correct"], found["total"], found["accuracy"]) == (12, 12, 1.0)
    with steady() as server:
        server.script = [
            '<tool_call>{"name": "computer_use", "arguments": {"action": "left_click", "coordinate": [12, 8]}}'
        ]
        served = inline("jsonl", "--data", folder, "-m", server.url, "--out", tmp_path / "b", "--workers", 3, "--json")
    assert served.returncode == 0, served.stderr
    assert 0 < json.loads(served.stdout)["correct"] < 12


def test_max_steps_ends_every_task_and_is_part_of_what_a_result_is(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    lamps = ("tests.benchmarks.lamp_suite:open_lamps", "-m", "baseline:centre", "--out", folder)
    done = inline(*lamps, "--max-steps", 2)
    assert done.returncode == 0, done.stderr
    ends = [(one["value"]["steps"], one["kind"]) for one in result(folder)["verdicts"]]
    assert ends == [(2, "step_limit")] * 2
    assert result(folder)["manifest"]["options"]["max_steps"] == 2
    other = inline(*lamps, "--max-steps", 3, "--resume")
    assert other.returncode == 2
    assert "options.max_steps was 2, now 3" in other.stderr
    again = inline("reproduce", folder, "--out", tmp_path / "again")
    assert again.returncode == 0, again.stderr
    assert "all 2 verdicts are the same" in again.stdout


LIVE = [name for name, suite in SUITES.items() if suite.kind == "interactive" and name != "toy-process"]


@pytest.mark.parametrize("name", LIVE)
def test_max_steps_is_the_budget_of_a_live_suite(name: str) -> None:
    """It is told in the protocol; the data stays the same."""
    usual = open_suite(name, None, SuiteOptions(seeds=1)).protocol
    bounded = open_suite(name, None, SuiteOptions(seeds=1, max_steps=77)).protocol
    [differs] = [key for key in usual if usual[key] != bounded[key]]
    assert differs in ("step_budget", "steps")
    assert bounded[differs] in (77, dict.fromkeys(bounded["tasks"], 77))
    assert bounded["data_hash"] == usual["data_hash"]


def test_max_steps_is_refused_by_suites_without_steps(tmp_path: Path) -> None:
    for name in ("screenspot", "aitz", "decisions", "safety"):
        with pytest.raises(SuiteError, match="has no --max-steps: leave it out"):
            open_suite(name, None if name == "safety" else tmp_path, SuiteOptions(max_steps=3))
    with pytest.raises(SuiteError, match="--max-steps must be at least 1, not 0"):
        SuiteOptions(max_steps=0)
