"""``kill -9`` at any moment, Ctrl-C, a damaged file: what was answered is kept, nothing is asked twice or lost."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.errors import UserError
from benchmarks.runner.store import Store
from benchmarks.runner.work import Attempt, AttemptResult
from benchmarks.suite import Prediction, Sample
from tests.agent.scripted_server import ScriptedServer
from tests.benchmarks.running import answered, bench, inline, result, same, start
from tests.benchmarks.toy_server import steady
from tests.benchmarks.toy_suite import make_data


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with steady(0.02) as found:
        yield found


def until_answered(folder: Path, count: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while len(answered(folder)) < count and process.poll() is None:
        assert time.monotonic() < deadline, "the run does not get on"
        time.sleep(0.002)


def kill_and_resume(server: ScriptedServer, folder: Path, kills: int, samples: int) -> None:
    data, rng = make_data(folder / "data", samples), random.Random(4)
    common = ["toy", "--data", data, "--model", server.url, "--workers", 2]
    assert bench(*common, "--out", folder / "calm").returncode == 0
    before, done = len(server.seen), 0
    for _ in range(kills):
        process = start(*common, "--out", folder / "shot", "--resume")
        until_answered(folder / "shot", done + rng.randrange(1, max(2, (samples - done) // 4)), process)
        time.sleep(rng.random() * 0.02)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL, "the run was over before it was killed"
        done = len(answered(folder / "shot"))
    assert 0 < done < samples
    last = bench(*common, "--out", folder / "shot", "--resume")
    assert last.returncode == 0, last.stderr
    assert same(folder / "shot") == same(folder / "calm")
    assert result(folder / "shot")["digest"] == result(folder / "calm")["digest"]
    ids = answered(folder / "shot")
    assert len(ids) == len(set(ids)) == samples
    # A kill can cost at most the questions that were under way: two workers, each with one more in the making.
    assert len(server.seen) - before <= samples + 4 * kills


def test_killed_twice(server: ScriptedServer, tmp_path: Path) -> None:
    kill_and_resume(server, tmp_path, 2, 80)


@pytest.mark.slow
def test_killed_twenty_times(tmp_path: Path) -> None:
    with steady(0.02) as server:
        kill_and_resume(server, tmp_path, 20, 400)


def test_cut_off_at_every_byte(server: ScriptedServer, tmp_path: Path) -> None:
    """The file as a kill may leave it, for a cut after each byte of its last lines."""
    data = make_data(tmp_path / "data", 12)
    inline("toy", "--data", data, "--model", server.url, "--out", tmp_path / "calm")
    whole = (tmp_path / "calm" / "answers.jsonl").read_bytes()
    lines = whole.split(b"\n")[:-1]
    path = tmp_path / "cut" / "answers.jsonl"
    path.parent.mkdir()
    for cut in range(len(whole) - len(lines[-1]) - len(lines[-2]) - 2, len(whole) + 1):
        path.write_bytes(whole[:cut])
        with Store(path.parent) as store:
            kept = list(store.kept())
        assert kept == [json.loads(line)["id"] for line in lines[: whole[:cut].count(b"\n")]]
        assert path.read_bytes() == b"".join(line + b"\n" for line in lines[: len(kept)])


def test_damage_in_the_middle_is_named(server: ScriptedServer, tmp_path: Path) -> None:
    data, out = make_data(tmp_path / "data", 6), tmp_path / "out"
    command = ["toy", "--data", data, "--model", server.url, "--out", out]
    inline(*command)
    calm, path = same(out), out / "answers.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], lines[2][: len(lines[2]) // 2] + b"\n", *lines[3:]]))
    refused = inline(*command, "--resume")
    assert refused.returncode == 2
    assert "line 3 of" in refused.stderr
    assert "delete that line and resume" in refused.stderr
    path.write_bytes(b"".join([*lines[:2], *lines[3:]]))
    assert inline(*command, "--resume").returncode == 0
    assert same(out) == calm


def test_stopped_by_ctrl_c(server: ScriptedServer, tmp_path: Path) -> None:
    data, out = make_data(tmp_path / "data", 200), tmp_path / "out"
    process = start("toy", "--data", data, "--model", server.url, "--out", out, "--json")
    until_answered(out, 10, process)
    process.send_signal(signal.SIGINT)
    said, told = process.communicate(timeout=120)
    kept = len(answered(out))
    assert process.returncode == 130
    assert said == ""
    assert f"stopped with {kept} of 200 samples answered" in told
    assert f"--out {out} --resume" in told
    assert "Traceback" not in told
    assert not (out / "result.json").exists()


def test_ctrl_c_just_after_an_answer_was_written(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = Store.keep

    def interrupted(store: Store, result: AttemptResult) -> None:
        keep(store, result)
        raise KeyboardInterrupt

    monkeypatch.setattr(Store, "keep", interrupted)
    stopped = inline("toy", "--data", make_data(tmp_path / "data", 5), "--model", server.url, "--out", tmp_path / "out")
    assert stopped.returncode == 130
    assert "stopped with 1 of 5 samples answered" in stopped.stderr


def test_another_run_cannot_go_on_with_it(server: ScriptedServer, tmp_path: Path) -> None:
    data, out = make_data(tmp_path / "data", 5), tmp_path / "out"
    common = ["--data", data, "--model", server.url, "--out", out]
    assert inline("toy", *common).returncode == 0
    assert "add --resume" in inline("toy", *common).stderr
    for changed, words in ((["--mode", "other"], "protocol.mode was None, now other"), (["--limit", 3], "limit was")):
        refused = inline("toy", *common, "--resume", *changed)
        assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)
        assert words in refused.stderr
    make_data(data, 6)
    assert "protocol.data was" in inline("toy", *common, "--resume").stderr
    make_data(data, 5)
    again = inline("toy", *common, "--resume", "--json")
    assert again.returncode == 0
    assert json.loads(again.stdout)["run"]["last_sitting"]["answered"] == 0


def test_another_model_cannot_go_on_with_it(tmp_path: Path) -> None:
    data, out = make_data(tmp_path / "data", 4), tmp_path / "out"
    with steady() as server:
        inline("toy", "--data", data, "--model", server.url, "--out", out)
        server.names = ("qwen3-vl-4b",)
        refused = inline("toy", "--data", data, "--model", server.url, "--out", out, "--resume")
    assert refused.returncode == 2
    assert "model.name was scripted-stand-in-for-qwen2.5-vl, now qwen3-vl-4b" in refused.stderr


def test_resume_finds_the_newest_run_of_its_kind(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data", 30)
    with steady() as server:
        first = bench("toy", "--data", data, "--model", server.url, "--json", cwd=tmp_path)
        other = bench("toy", "--data", data, "--model", server.url, "--limit", 7, "--json", cwd=tmp_path)
        again = bench("toy", "--data", data, "--model", server.url, "--resume", "--json", cwd=tmp_path)
    paths = [json.loads(done.stdout)["result"] for done in (first, other, again)]
    assert paths[0] == paths[2] != paths[1]
    assert len(list((tmp_path / "runs").iterdir())) == 2


def test_one_runner_at_a_time(tmp_path: Path) -> None:
    with Store(tmp_path), pytest.raises(UserError, match="another run is writing"):
        Store(tmp_path)
    Store(tmp_path).close()


def test_answers_come_back_as_they_went(tmp_path: Path) -> None:
    strange = Prediction(
        status="answered", value={"point": [float("inf"), -0.1]}, raw="a\r\nb\u2028c\x85 𝒳", notes=("n",)
    )
    with Store(tmp_path) as store:
        kept = store.keep(AttemptResult(Attempt(0, Sample("é\n1", "x")), strange))
        assert store.kept() == {"é\n1": kept}
    assert kept.answer.raw == strange.raw


def test_answers_are_appended_to_one_open_file_and_a_folder_that_is_gone_is_an_error(tmp_path: Path) -> None:
    answer = Prediction(status="refused")
    with Store(tmp_path / "run") as store:
        for n in range(3):
            store.keep(AttemptResult(Attempt(n, Sample(str(n), "x")), answer))
            assert len((tmp_path / "run" / "answers.jsonl").read_bytes().splitlines()) == n + 1
        shutil.rmtree(tmp_path / "run")
        with pytest.raises(UserError, match=r"cannot write to .*: No such file or directory"):
            store.keep(AttemptResult(Attempt(3, Sample("3", "x")), answer))
