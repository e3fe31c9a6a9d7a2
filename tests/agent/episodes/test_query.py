"""Asking an episode: on drawn screens, and of a scripted model server."""

from __future__ import annotations

import base64
import contextlib
import functools
import io
import json
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from actions.action import Answer, AnyAction, Click, Finish, Key, Open, TypeText
from actions.frame import Frame, Point
from agent.cli.main import main
from agent.core.step import OutcomeRecord, Step
from agent.core.task import Ending
from agent.episodes import Episode, EpisodeHeader, EpisodeWriter, read_episode
from agent.episodes.query import screen_text
from agent.episodes.query.answer import clock
from agent.episodes.query.matching import likeness
from agent.episodes.query.question import read_question
from agent.episodes.query.reading import recorded_steps
from agent.episodes.query.screen_text import ScreenReader, StepText, read_screens
from agent.episodes.query.search import search
from agent.episodes.query.vision import LARGEST, TOTAL, choose
from agent.episodes.text_file import TextFile, TextRun
from agent.episodes.text_process import TextProcess
from agent.models.dialects.registry import get_dialect
from agent.models.dialects.resize import Resize
from agent.views.answer_page import write_page
from tests.agent.scripted_server import Fault, ScriptedServer

FONT = ImageFont.truetype("DejaVuSans.ttf", 18)
SIZE = 800, 480
START = 1_700_000_000.0
EVIL = "<script>alert(1)</script>"

Scene = tuple[dict[tuple[int, int], str], AnyAction, dict[str, Any]]


def drawn(words: dict[tuple[int, int], str], size: tuple[int, int] = SIZE) -> np.ndarray:
    picture = Image.new("RGB", size, (244, 244, 244))
    pen = ImageDraw.Draw(picture)
    for at, text in words.items():
        pen.text(at, text, (20, 20, 20), FONT)
    return np.asarray(picture)


FORM = {(40, 40): "Name", (40, 100): "City", (120, 200): "Save", (260, 200): "Cancel"}
FILLED = FORM | {(160, 40): "Anna Meyer"}
SCENES: list[Scene] = [
    ({}, Open(target="address-book"), {}),
    (FORM, Click(point=Point(200, 50)), {"thought": "The Name field comes first."}),
    (FORM, TypeText(text="Anna Meyer"), {}),
    (FILLED, Click(point=Point(140, 210)), {}),
    (FILLED | {(120, 300): "Could not save: disk is full"}, Key(chords=("escape",)), {"error": None}),
    (FILLED, Key(chords=("ctrl+s", "enter")), {"thought": EVIL}),
    (FILLED | {(120, 300): "Saved as addresses.csv"}, Answer(text="addresses.csv"), {}),
    (FILLED | {(120, 300): "Saved as addresses.csv"}, Finish(status="success"), {}),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("asked") / "episode", SCENES)


def written(folder: Path, scenes: list[Scene], size: tuple[int, int] = SIZE) -> Path:
    header = EpisodeHeader(task="Add Anna", model="scripted", env="drawn", platform="desktop", started=START)
    writer = EpisodeWriter.create(folder, header)
    for index, (words, action, fields) in enumerate(scenes):
        image = writer.add_frame(drawn(words, size))
        frame = Frame(id=str(index), width=size[0], height=size[1])
        common = {"outcome": OutcomeRecord(performed=True), "frame": frame, "image": image, "action": action}
        writer.append(Step(index=index, time=START + 2.5 * index, **common | fields))
    writer.finish(Ending.DONE, "the address is stored", "addresses.csv")
    return folder


@pytest.fixture(scope="module")
def episode(folder: Path) -> Episode:
    return read_episode(folder)


@pytest.fixture(scope="module")
def screens(episode: Episode) -> list[StepText]:
    return read_screens(episode)[0]


@pytest.mark.parametrize(
    ("question", "steps", "words"),
    [
        ("when did the error appear?", [5], "00:10.0"),
        ("When did “disk is full” appear?", [5], "after step 4"),
        ("when did 'Could not save' show up", [5], "gone at step 6"),
        ("at which step does Saved as appear", [7], "appears at step 7"),
        ("when did the error disappear?", [6], "gone at step 6"),
        ("when did the Save button appear?", [2], "appears at step 2"),
        ("when did Name disappear?", [8], "does not disappear"),
        ("which step clicked Save?", [4], "click “Save” (140, 210)"),
        ("when was the Name field clicked?", [2], "“Name”"),
        ("which step typed Anna?", [3], "Anna Meyer"),
        ('when was "Anna Meyer" typed', [3], "Anna Meyer"),
        ("what was typed in the Name field?", [3], "Anna Meyer"),
        ("what was typed?", [3], "Anna Meyer"),
        ("which step pressed ctrl+s?", [6], "ctrl+s"),
        ("when was Escape pressed", [5], "escape"),
        ("when was the address-book opened?", [1], "open"),
        ("how did it end?", [8], "the address is stored"),
        ("what was the answer?", [7], "addresses.csv"),
        ("what happened at step 4?", [4], "click"),
        ("how many steps did it take?", [], "8 steps"),
        ("find addresses.csv", [7], "addresses.csv"),
    ],
)
def test_what_is_on_record_is_found(
    episode: Episode, screens: list[StepText], question: str, steps: list[int], words: str
) -> None:
    answer = search(episode, screens, question)
    assert answer.found
    assert [hit.step for hit in answer.hits] == steps, answer
    assert words in answer.text + " ".join(hit.snippet for hit in answer.hits)


@pytest.mark.parametrize(
    "question",
    [
        "when did the unicorn appear?",
        "when did the dialog about printing appear",
        "which step clicked Delete?",
        "what was typed in the Phone field?",
        "when was ctrl+q pressed?",
        "what happened at step 99?",
        "which step typed Bob?",
        "when did the cat arrive",
    ],
)
def test_what_is_not_there_is_not_guessed(episode: Episode, screens: list[StepText], question: str) -> None:
    answer = search(episode, screens, question)
    assert not answer.found
    assert answer.hits == ()


def test_readings_forgive_but_not_short_words() -> None:
    assert likeness("Could not save", "Couid not save: disk is full") > 80
    assert likeness("Save", "Save As…") == 100
    assert likeness("Save As", "Save As...") == 100
    assert likeness("OK", "Look") == 0
    assert likeness("Anna", "Hanna") > 80
    assert likeness("print", "point") == 0
    assert likeness("", "x") == 0


@given(st.text(max_size=120))
def test_any_question_can_be_read(text: str) -> None:
    read_question(text)


@given(st.text(max_size=40), st.text(max_size=60))
def test_any_words_can_be_compared(term: str, text: str) -> None:
    assert 0 <= likeness(term, text) <= 100


@given(st.floats(0, 1e6))
def test_times_are_minutes_and_seconds(seconds: float) -> None:
    minutes, rest = clock(seconds).split(":")
    assert abs(int(minutes) * 60 + float(rest) - seconds) <= 0.0501
    assert float(rest) < 60


def test_each_picture_is_read_once_and_its_text_kept_in_the_episode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    episode = read_episode(written(tmp_path / "episode", SCENES[:5]))
    told: list[tuple[int, int]] = []
    first, problem = read_screens(episode, lambda done, of: told.append((done, of)))
    assert (told, problem) == ([(n, 4) for n in range(1, 5)], "")
    kept = episode.folder / "text.jsonl"
    lines = kept.read_bytes().splitlines(keepends=True)
    assert len(lines) == 4, "equal screens are read once"
    assert kept.stat().st_mode & 0o077 == 0
    assert read_episode(episode.folder).problems == ()
    kept.write_bytes(b"".join([lines[0], b"garbage\n", lines[2].replace(b"Name", b"Else"), lines[3][:40]]))
    read = list[int]()
    monkeypatch.setattr(screen_text, "read_frame", lambda _, step: read.append(step.index) or episode.image(step))
    again, _ = read_screens(episode)
    assert read == [1, 3, 4], "damaged, changed and truncated lines are read again"
    texts = [[{run.text for run in screen.words or ()} for screen in some] for some in (first, again)]
    assert texts[0] == texts[1]
    read.clear()
    read_screens(episode)
    assert read == []


def test_text_that_cannot_be_kept_is_read_all_the_same_and_a_link_is_not_followed(tmp_path: Path) -> None:
    episode = read_episode(written(tmp_path / "episode", SCENES[1:2]))
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (episode.folder / "text.jsonl").symlink_to(victim)
    screens, problem = read_screens(episode)
    assert "text.jsonl could not be written" in problem
    assert "Save" in {word.text for word in screens[0].words or ()}
    assert victim.read_text() == "mine"


def test_only_what_changed_is_read_again_and_gives_the_same_text(
    episode: Episode, screens: list[StepText], monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = next(at for at, step in enumerate(episode.steps) if step.index == 4)
    alone = ScreenReader(episode.folder).read(episode.steps[changed])
    assert {word.text for word in screens[changed].words or ()} == {word.text for word in alone}
    reader = ScreenReader(episode.folder)
    reader.read(episode.steps[3])
    read = list[float]()
    real = ScreenReader._read
    monkeypatch.setattr(
        ScreenReader, "_read", lambda self, image, area, kept: read.append(area.area) or real(self, image, area, kept)
    )
    reader.read(episode.steps[4])
    assert 0 < sum(read) < SIZE[0] * SIZE[1] / 4


def test_steps_are_followed_while_they_are_written(folder: Path, tmp_path: Path) -> None:
    lines = (folder / "steps.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "steps.jsonl").write_bytes(lines[0] + b"garbage\n" + lines[1][:50])
    steps = recorded_steps(tmp_path)
    assert next(steps).index == 0
    with (tmp_path / "steps.jsonl").open("ab") as file:
        file.write(lines[1][50:])
    assert next(steps).index == 1


def test_the_process_that_reads_ends_with_the_recording_and_with_its_recorder(tmp_path: Path) -> None:
    (tmp_path / "steps.jsonl").touch()
    recorded = TextProcess(tmp_path, after=0)
    recorded._timer.join()
    process = recorded._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()  # as the system does when the recorder is killed
    assert process.wait(60) == 0
    ended = TextProcess(tmp_path, after=0)
    ended._timer.join()
    ended.close()
    ended.close()
    assert ended._process is not None
    assert ended._process.returncode is not None


@pytest.mark.slow
def test_text_is_read_while_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.episodes.text_process.TextProcess.__init__.__defaults__", (0.0,))
    header = EpisodeHeader(task="Add Anna", model="scripted", env="drawn", platform="desktop")
    with EpisodeWriter.create(tmp_path / "e", header, read_text=True) as writer:
        name = writer.add_frame(drawn(FORM))
        step = Step(index=0, time=START, frame=Frame(id="0", width=SIZE[0], height=SIZE[1]), image=name)
        writer.append(step)
        deadline = time.monotonic() + 100
        while (words := TextFile(tmp_path / "e").of(step)) is None:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert {"Name", "City", "Save", "Cancel"} <= {word.text for word in words}


def test_a_picture_that_was_exchanged_is_read_again(tmp_path: Path) -> None:
    folder = written(tmp_path / "episode", SCENES[:2])
    episode = read_episode(folder)
    before, _ = read_screens(episode)
    one = folder / episode.steps[0].image
    assert episode.steps[0].patch is None
    cv2.imwrite(str(one), drawn({(40, 60): "Another text"})[:, :, ::-1])
    after, _ = read_screens(read_episode(folder))
    assert before[0].words != after[0].words
    assert after[0].words is not None
    assert "Another text" in [word.text for word in after[0].words]


def test_a_question_about_the_run_reads_no_screen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ScreenReader, "read_image", lambda *_: pytest.fail("a screen is read"))
    for question in ("how did it end?", "how many steps?", "how long did it take?", "what happened at step 3?"):
        with contextlib.suppress(SystemExit):
            main(["ask", str(folder), question])


def test_words_beside_each_other_are_one_row() -> None:
    def words(text: str, x: int) -> TextRun:
        from actions.frame import Box

        return TextRun(text, Box(x, 100, x + 8 * len(text), 116))

    step = read_step()
    screen = StepText(step, (words("Save", 100), words("As…", 146), words("far away", 600)))
    assert "Save As…" in [row.text for row in screen.rows]


def read_step() -> Step:
    return Step(index=0, time=0, frame=Frame(id="0", width=9, height=9), image="frames/0000.png")


# --- the command -------------------------------------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["ask", *arguments])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_the_command_answers_with_pictures(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, crops = tmp_path / "a.html", tmp_path / "crops"
    question = "when did the error appear?"
    status, out, _ = run(capsys, str(folder), question, "--json", "--html", str(page), "--out", str(crops))
    said = json.loads(out)
    assert (status, said["found"], said["model"]) == (0, True, "builtin")
    step = said["steps"][0]
    assert (step["step"], step["time"], step["seconds"]) == (5, "00:10.0", 10.0)
    assert step["box"][0] < 125 < step["box"][2]
    crop = np.asarray(Image.open(step["picture"]))
    assert crop.shape[0] < SIZE[1]
    assert page.stat().st_size < 200_000
    assert "data:image" in page.read_text()
    status, out, _ = run(capsys, str(folder), "when did the unicorn appear?")
    assert status == 1
    assert "nothing on any screen or in any step matches “unicorn”" in out


def test_a_page_shows_everything_as_text(folder: Path, tmp_path: Path) -> None:
    episode = read_episode(folder)
    answer = search(episode, [StepText(step, ()) for step in episode.steps], f'when did "{EVIL}" appear')
    assert [hit.step for hit in answer.hits] == [6]
    text = write_page(answer, episode, tmp_path / "a.html").read_text()
    assert EVIL not in text
    assert "&lt;script&gt;" in text
    names = ("http-equiv", "http://www.w3.org/2000/svg")
    assert "http" not in functools.reduce(lambda left, name: left.replace(name, ""), names, text), "nothing is fetched"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["", "nothing"], "holds no episode"), (["{}", " "], "the question is empty")],
)
def test_what_cannot_be_asked_is_said(
    folder: Path, tmp_path: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    where = arguments[0].format(folder) or str(tmp_path)
    status, _, err = run(capsys, where, arguments[1])
    assert status == 2
    assert words in err


# --- a model -----------------------------------------------------------------------------------------------------


def said(**fields: Any) -> str:
    whole = {"answer": "At step 5.", "found": True, "steps": [{"step": 5, "why": "it says: disk is full"}]}
    return json.dumps(whole | fields)


def test_a_model_gets_the_changed_screens_with_their_times(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ScriptedServer([f"Here it is:\n```json\n{said()}\n```"]) as server:
        status, out, _ = run(capsys, str(folder), "when did it fail?", "--model", server.url, "--json")
        body = server.seen[-1].body
    answer = json.loads(out)
    assert (status, answer["answer"]) == (0, "At step 5.")
    assert answer["steps"][0] | {"box": None} == {
        "step": 5, "seconds": 10.0, "time": "00:10.0", "snippet": "it says: disk is full", "box": None, "picture": None,
    }  # fmt: skip
    parts = body["messages"][-1]["content"]
    kinds = [part["type"] for part in parts]
    assert kinds.count("image_url") == 6, "equal screens go once"
    lines = [part["text"] for part in parts if part["type"] == "text"]
    assert "Step 5, 00:10.0, the screen:" in lines
    assert "Step 5, what was done: press escape" in lines
    assert lines[-1].startswith("Question: when did it fail?")
    assert kinds[lines.index("Step 1, 00:00.0, the screen:") + 1] == "image_url"


def test_a_server_that_takes_video_gets_the_screens_as_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ScriptedServer([said()], owner="vllm") as server:
        status, _, err = run(capsys, str(folder), "when?", "--model", server.url, "--video")
        body = server.seen[-1].body
    assert status == 0, err
    parts = body["messages"][-1]["content"]
    [url] = [part["video_url"]["url"] for part in parts if part["type"] == "video_url"]
    kind, _, coded = url.partition(",")
    frames = [Image.open(io.BytesIO(base64.b64decode(frame))) for frame in coded.split(",")]
    assert (kind, len(frames), {frame.size for frame in frames}) == ("data:video/jpeg;base64", 6, {frames[0].size})
    lines = [part["text"] for part in parts if part["type"] == "text"]
    at = lines.index("Step 5, 00:10.0, the screen:")
    sent = choose(read_episode(folder), get_dialect("qwen2.5-vl").resize)
    number = next(n for n, one in enumerate(sent) if one.step.index == 4)
    assert lines[at + 1] == f"frame {number + 1} of the video"
    seen = np.asarray(frames[number].convert("RGB"), int)
    assert np.abs(seen - sent[number].image).mean() < 3
    with ScriptedServer([said()]) as server:
        status, _, err = run(capsys, str(folder), "when?", "--model", server.url, "--video")
        assert (status, "takes no video" in err) == (2, True)
        assert not [one for one in server.seen if "messages" in (one.body or {})]
    assert run(capsys, str(folder), "when?", "--video")[0] == 2


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("At step five.", "is no JSON"),
        ('{"answer": "x", "found": true, "steps": [', "cannot be read|cut off|not of the form"),
        (said(steps=[{"step": 77, "why": "?"}]), "names step 77"),
        (said(steps=[{"step": "5", "why": "?"}]), "not of the form"),
        (json.dumps({"answer": "x"}), "not of the form"),
    ],
)
def test_an_answer_that_is_not_of_the_form_is_an_error(
    folder: Path, answer: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    import re

    with ScriptedServer([answer]) as server:
        status, out, err = run(capsys, str(folder), "when?", "--model", server.url)
    assert (status, out) == (2, "")
    assert re.search(words, err), err


def test_a_model_may_say_that_it_is_not_there_and_a_server_may_fail(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedServer([said(answer="No unicorn is seen.", found=False, steps=[])]) as server:
        status, out, _ = run(capsys, str(folder), "where is the unicorn?", "--model", server.url)
    assert status == 1
    assert "No unicorn" in out
    with ScriptedServer([Fault(status=400, body="At most 1 image(s) may be provided")]) as server:
        status, _, err = run(capsys, str(folder), "where?", "--model", server.url)
    assert status == 2
    assert "--limit-mm-per-prompt" in err


def test_pictures_stay_within_their_budget(tmp_path: Path) -> None:
    size = 1000, 700
    scenes: list[Scene] = [({(40, 40): f"Screen number {n}" * 4}, Key(chords=("enter",)), {}) for n in range(40)]
    episode = read_episode(written(tmp_path / "long", scenes, size))
    for most in (1, 8, 24):
        stills = choose(episode, Resize(), most)
        assert len(stills) == most
        areas = [still.image.shape[0] * still.image.shape[1] for still in stills]
        assert max(areas) <= LARGEST
        assert sum(areas) <= TOTAL
        assert all(side % 28 == 0 for still in stills for side in still.image.shape[:2])
        assert stills[-1].step.index == 39


def test_a_word_that_is_typed_costs_no_reading_of_its_line_and_a_menu_that_closes_gives_whole_words_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = {(40, 40 + 26 * row): "several words that fill a line of an editor" for row in range(8)}
    typed = [lines | {(40, 300): "one two three four"[:end]} for end in (7, 13, 18)]
    menu = drawn(typed[-1]).copy()
    menu[30:200, 60:180] = 90  # its frame
    menu[31:199, 61:179] = drawn({(70, 40): "Cut", (70, 80): "Copy"})[31:199, 61:179]
    reader, areas = ScreenReader(tmp_path), list[float]()
    real = ScreenReader._read
    monkeypatch.setattr(
        ScreenReader, "_read", lambda self, image, area, kept: areas.append(area.area) or real(self, image, area, kept)
    )
    texts = [{run.text for run in reader.read_image(image)} for image in (*map(drawn, typed), menu, drawn(typed[-1]))]
    assert max(areas[:2]) < 120 * 40
    assert [text & {"one two", "one two three", "one two three four"} for text in texts] == [
        {"one two"}, {"one two three"}, *[{"one two three four"}] * 3
    ]  # fmt: skip
    assert {"Cut", "Copy"} <= texts[3]
    assert {word for text in texts[4] for word in text.split()} == {word for text in texts[2] for word in text.split()}
