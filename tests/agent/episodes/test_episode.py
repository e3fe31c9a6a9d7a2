"""Episodes: what is written reads back, whatever happens to the writer."""

import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
import zlib
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

import agent.episodes.frame_writer as frames_module
from actions.action import Click, Drag, Finish, TypeText
from actions.frame import Frame, Point
from agent.core.step import OutcomeRecord, Step, Tokens, VerdictRecord
from agent.core.task import Ending, Limits
from agent.episodes import EpisodeError, EpisodeHeader, EpisodeWriter, json_schema, read_episode
from agent.episodes.format import EpisodeDocument
from agent.views.report import write_report
from tests.properties import examples

HEADER = EpisodeHeader(
    task="Öffne “File” & عربى 🎉", limits=Limits(steps=7), model="builtin", env="test", platform="desktop"
)


def picture(seed: int, height: int = 24, width: int = 32) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def step(index: int, image: str, **fields) -> Step:
    frame = Frame(id=f"{index:04d}", width=32, height=24)
    return Step(**{"index": index, "time": 1e9 + index, "frame": frame, "image": image} | fields)


def write(folder: Path, steps: int = 3, **fields) -> list[Step]:
    """An interrupted episode of `steps` steps with a frame each."""
    with EpisodeWriter.create(folder, HEADER) as writer:
        done = [step(n, writer.add_frame(picture(n)), **fields) for n in range(steps)]
        for one in done:
            writer.append(one)
    return done


def png(width: int, height: int) -> bytes:
    """A PNG file whose header claims this size."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))


def test_everything_reads_back(tmp_path):
    folder = tmp_path / "a" / "b"
    writer = EpisodeWriter.create(folder, HEADER)
    steps = [
        step(
            0,
            writer.add_frame(picture(0)),
            action=Click(point=Point(3.25, 4), keys=("ctrl",)),
            decided=Drag(path=(Point(0, 0), Point(31, 23))),
            thought="line\nbreak\u2028and \x00",
            raw="half a pair \ud83c",
            notes=("fence removed",),
            verdict=VerdictRecord(kind="modify", policy="p", reason="r"),
            outcome=OutcomeRecord(performed=True, detail="sent"),
            tokens=Tokens(prompt=10, completion=2),
            timings={"capture": 0.1 + 0.2},
            app="mousepad",
        ),
        step(1, writer.add_frame(picture(1)), error="no action", raw="x" * 1_000_000, tokens=Tokens(prompt=5)),
        step(5, writer.add_frame(picture(1)), action=TypeText(text='"\t\n🎉 عربى')),
    ]
    for one in steps:
        writer.append(one)
    writer.finish(Ending.DONE, "ok", "42")
    episode = read_episode(folder)
    assert list(episode.steps) == steps
    assert episode.header == HEADER
    assert (episode.ending, episode.message, episode.answer) == (Ending.DONE, "ok", "42")
    assert episode.problems == ()
    assert episode.totals.steps == 3
    assert episode.totals.tokens == Tokens(prompt=15, completion=2)
    for one, seed in zip(steps, (0, 1, 1), strict=True):
        assert np.array_equal(episode.image(one), picture(seed))
    assert sorted(p.name for p in (folder / "frames").iterdir()) == ["0000.png", "0001.png"]


def test_identical_frames_are_written_once_even_from_a_reused_buffer(tmp_path):
    with EpisodeWriter.create(tmp_path / "e", HEADER) as writer:
        buffer = picture(0)
        names = [writer.add_frame(buffer), writer.add_frame(buffer)]
        buffer[:] = picture(1)
        names.append(writer.add_frame(buffer))
        buffer[:] = picture(0)
        names.append(writer.add_frame(buffer))
    assert names == ["frames/0000.png", "frames/0000.png", "frames/0001.png", "frames/0002.png"]
    for name, seed in zip(names, (0, 0, 1, 0), strict=True):
        assert np.array_equal(cv2.imread(str(tmp_path / "e" / name))[:, :, ::-1], picture(seed))


def test_frames_keep_their_pixels_however_fast_they_come(tmp_path, monkeypatch):
    encode, pauses = frames_module.encode_png, random.Random(3)

    def slow(image):
        time.sleep(pauses.random() * 0.004)
        return encode(image)

    monkeypatch.setattr(frames_module, "encode_png", slow)
    shapes = [(24, 32), (30, 20)]
    with EpisodeWriter.create(tmp_path / "e", HEADER) as writer:
        names = []
        for n in range(120):
            names.append(writer.add_frame(picture(n, *shapes[n % 50 == 7])))
            time.sleep(pauses.random() * 0.004)
    for n, name in enumerate(names):
        assert np.array_equal(cv2.imread(str(tmp_path / "e" / name))[:, :, ::-1], picture(n, *shapes[n % 50 == 7]))


def test_a_screen_that_drifts_away_costs_no_more_than_twice_the_best(tmp_path):
    """Text that is typed for ever would make every patch a little larger than the one before."""
    image = np.random.default_rng(0).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    ink = np.random.default_rng(1).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    with EpisodeWriter.create(tmp_path / "e", HEADER) as writer:
        for index in range(400):
            row, column = divmod(index, 50)
            place = np.s_[row * 20 : row * 20 + 20, column * 8 : column * 8 + 8]
            image[place] = ink[place]
            name = writer.add_frame(image)
            frame = Frame(id=str(index), width=400, height=300)
            writer.append(step(index, name).model_copy(update={"frame": frame}))
    episode = read_episode(tmp_path / "e")
    np.testing.assert_array_equal(episode.image(episode.steps[-1]), image)
    whole = [index for index, one in enumerate(episode.steps) if one.patch is None]
    assert 3 < len(whole) < 40
    written = [(tmp_path / "e" / one.image).stat().st_size for one in episode.steps]
    smallest = min(written)
    for first, end in pairwise([*whole, len(written)]):
        excess = sum(size - smallest for size in written[first + 1 : end])
        assert excess < 1.5 * written[first]


def test_a_frame_is_on_disk_when_its_step_is(tmp_path, monkeypatch):
    encode = frames_module.encode_png

    going = threading.Event()

    def slow(image):
        assert going.wait(60)
        return encode(image)

    monkeypatch.setattr(frames_module, "encode_png", slow)
    writer = EpisodeWriter.create(tmp_path / "e", HEADER)
    name = writer.add_frame(picture(0))
    assert not (tmp_path / "e" / name).exists()
    going.set()
    writer.append(step(0, name))
    assert (tmp_path / "e" / name).exists()
    writer.close()


def test_any_truncation_reads_back_a_prefix(tmp_path):
    steps = write(tmp_path / "e", 3, thought="ünï 🎉")
    path = tmp_path / "e" / "steps.jsonl"
    whole = path.read_bytes()
    ends = [n + 1 for n, byte in enumerate(whole) if byte == 10]
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        episode = read_episode(tmp_path / "e")
        finished = sum(end <= cut + 1 for end in ends)
        assert list(episode.steps) == steps[:finished], cut
        torn = cut not in (0, *ends) and cut + 1 not in ends
        assert bool(episode.problems) == torn, cut
        assert episode.ending is None


@examples(150)
@given(data=st.data())
def test_any_damage_is_reported_and_never_crashes(tmp_path, data):
    folder = tmp_path / "e"
    shutil.rmtree(folder, ignore_errors=True)
    steps = write(folder, 3)
    name = data.draw(st.sampled_from(["steps.jsonl", "episode.json", "frames/0001.png"]))
    content = bytearray((folder / name).read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    (folder / name).write_bytes(content)
    try:
        episode = read_episode(folder)
        for one in episode.steps:
            assert episode.image(one).shape == (one.frame.height, one.frame.width, 3)
    except EpisodeError as error:
        assert "\n" not in str(error)  # noqa: PT017 - one line is what is promised
    else:
        if name == "steps.jsonl" and not episode.problems:
            assert len(episode.steps) == len(steps)


TEXT = st.text(st.characters(exclude_categories=[]) | st.sampled_from('\ud83c\x00\u2028\r\n"\\{'), max_size=30)


@examples(100)
@given(texts=st.tuples(TEXT, TEXT, st.text(), TEXT), seconds=st.floats(0, 1e9))
def test_any_text_reads_back_to_the_letter(tmp_path, texts, seconds):
    folder = tmp_path / "e"
    shutil.rmtree(folder, ignore_errors=True)
    thought, raw, typed, message = texts
    header = HEADER.model_copy(update={"task": thought})
    writer = EpisodeWriter.create(folder, header)
    name = writer.add_frame(picture(0))
    one = step(0, name, thought=thought, raw=raw, action=TypeText(text=typed), timings={"act": seconds})
    writer.append(one)
    writer.finish(Ending.GAVE_UP, message, raw)
    episode = read_episode(folder)
    assert episode.steps == (one,)
    assert (episode.header.task, episode.message, episode.answer) == (thought, message, raw)


WRITER = """
import sys
from pathlib import Path
import numpy as np
from actions.frame import Frame
from agent.episodes import EpisodeHeader, EpisodeWriter
from agent.core.step import Step

header = EpisodeHeader(task="t", model="m", env="e", platform="desktop")
writer = EpisodeWriter.create(Path(sys.argv[1]), header)
for n in range(100_000):
    image = np.random.default_rng(n).integers(0, 255, (200, 300, 3), dtype=np.uint8)
    name = writer.add_frame(image)
    frame = Frame(id=str(n), width=300, height=200)
    writer.append(Step(index=n, time=n, frame=frame, image=name, raw="r" * (n * 977 % 60_000)))
    print(n, flush=True)
"""


def test_killed_at_random_moments_it_is_whole_up_to_the_last_finished_step(tmp_path):
    moments = random.Random(7)
    for turn in range(10):
        folder = tmp_path / str(turn)
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
        )
        said = [process.stdout.readline() for _ in range(moments.randrange(1, 8))]
        time.sleep(moments.random() * 0.02)
        process.send_signal(signal.SIGKILL)
        said += process.communicate()[0].splitlines()
        episode = read_episode(folder)
        last = int(said[-1])
        assert len(episode.steps) in (last + 1, last + 2)
        assert [one.index for one in episode.steps] == list(range(len(episode.steps)))
        assert all("cut off" in problem for problem in episode.problems)
        for one in episode.steps:
            pixels = np.random.default_rng(one.index).integers(0, 255, (200, 300, 3), dtype=np.uint8)
            assert np.array_equal(episode.image(one), pixels)


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from actions.frame import Frame
from agent.episodes import EpisodeError, EpisodeHeader, EpisodeWriter
from agent.core.step import Step

header = EpisodeHeader(task="t", model="m", env="e", platform="desktop")
writer = EpisodeWriter.create(Path(sys.argv[1]), header)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
image = np.zeros((24, 32, 3), np.uint8)
name = writer.add_frame(image)
frame = Frame(id="0", width=32, height=24)
for n in range(4):
    try:
        writer.append(Step(index=n, time=n, frame=frame, image=name, raw="r" * (15_000 if n in (1, 2) else 10)))
    except EpisodeError as error:
        print(error)
noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3), dtype=np.uint8)
try:
    writer.append(Step(index=4, time=4, frame=frame, image=writer.add_frame(noise)))
except EpisodeError as error:
    print(error)
"""


def test_a_full_disk_is_one_clear_line_and_never_leaves_half_a_line(tmp_path):
    folder = tmp_path / "e"
    command = [sys.executable, "-c", FULL_DISK, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    assert done.stdout.splitlines() == [
        f"could not write step 3 to {folder}/steps.jsonl: File too large",
        f"frames/0001.png could not be written to {folder}: File too large",
    ]
    episode = read_episode(folder)
    assert [one.index for one in episode.steps] == [0, 1, 3]
    assert episode.problems == ()
    assert os.listdir(folder / "frames") == ["0000.png"]


def test_a_folder_that_cannot_take_an_episode_is_refused_before_anything_runs(tmp_path, monkeypatch):
    write(tmp_path / "taken")
    (tmp_path / "file").write_text("")
    taken, below_a_file = tmp_path / "taken", tmp_path / "file" / "e"
    for folder, what in ((taken, "already holds an episode"), (below_a_file, "cannot write to")):
        with pytest.raises(EpisodeError, match=what) as caught:
            EpisodeWriter.create(folder, HEADER)
        assert "choose another --out" in str(caught.value)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 5 << 20))
    with pytest.raises(EpisodeError, match="only 5 MB free"):
        EpisodeWriter.create(tmp_path / "full", HEADER)
    assert not list((tmp_path / "full").iterdir())


def test_a_background_error_surfaces_at_the_step(tmp_path):
    with EpisodeWriter.create(tmp_path / "e", HEADER) as writer:
        (tmp_path / "e" / "frames").rmdir()
        name = writer.add_frame(picture(0))
        with pytest.raises(EpisodeError, match=r"frames/0000.png could not be written"):
            writer.append(step(0, name))
        with pytest.raises(EpisodeError, match="could not be written"):
            writer.finish(Ending.DONE)
    episode = read_episode(tmp_path / "e")
    assert (episode.steps, episode.ending) == ((), Ending.DONE)


def test_what_would_not_read_back_is_not_written(tmp_path):
    with EpisodeWriter.create(tmp_path / "e", HEADER) as writer:
        name = writer.add_frame(picture(0))
        for bad, what in (
            (step(3, name, timings={"act": float("nan")}), "step 4 cannot be recorded: timings.act"),
            (step(3, name, time=float("inf")), "step 4 cannot be recorded: time"),
            (step(3, "frames/0001.png"), "step 4 names a frame that was never added"),
            (step(3, "../x.png"), "step 4 names a frame that was never added"),
        ):
            with pytest.raises(EpisodeError, match=what):
                writer.append(bad)
        for image in (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3)), picture(0, 0)):
            with pytest.raises(EpisodeError, match="must be RGB uint8"):
                writer.add_frame(image)
        writer.append(step(3, name, action=Finish(status="success")))
        writer.finish(Ending.DONE)
        with pytest.raises(EpisodeError, match="is closed"):
            writer.append(step(4, name))
    assert [one.index for one in read_episode(tmp_path / "e").steps] == [3]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"version": 3}, "format version 3, and this Handeye reads 1 to 2: update Handeye"),
        ({"version": "1"}, "format version '1'"),
        ({"version": True}, "format version True"),
        ({"format": "zip"}, "is not an episode"),
        ({"ending": "won"}, "not a valid episode: ending"),
        ({"task": None}, "not a valid episode: task"),
        ({"started": None}, "not a valid episode: started"),
        ({"surprise": 1}, "not a valid episode: surprise"),
        ({"limits": {"steps": 0}}, "limit on steps"),
    ],
)
def test_a_header_of_another_kind_is_one_clear_error(tmp_path, change, what):
    write(tmp_path / "e")
    path = tmp_path / "e" / "episode.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(EpisodeError, match=what) as caught:
        read_episode(tmp_path / "e")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'{"format": "handeye-ep'])
def test_a_damaged_header_is_one_clear_error(tmp_path, content):
    write(tmp_path / "e")
    (tmp_path / "e" / "episode.json").write_bytes(content)
    with pytest.raises(EpisodeError, match=r"episode\.json is (damaged|not an episode)"):
        read_episode(tmp_path / "e")


def test_no_episode_is_one_clear_error(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(EpisodeError, match="holds no episode"):
            read_episode(folder)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"\n", "line 2 is damaged and left out"),
        (b"\0" * 40 + b"\n", "line 2 is damaged"),
        (b"{}\n", "line 2 is damaged and left out: index: Field required"),
        (b"[" * 100_000 + b"\n", "line 2 is damaged"),
        (b'{"index": 1e999}\n', "not a finite number"),
        (b'{"index": NaN}\n', "not a finite number"),
    ],
)
def test_a_damaged_line_in_the_middle_is_named_and_the_rest_is_read(tmp_path, line, what):
    steps = write(tmp_path / "e")
    path = tmp_path / "e" / "steps.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], line, lines[2], lines[0]]))
    episode = read_episode(tmp_path / "e")
    assert list(episode.steps) == [steps[0], steps[2]]
    assert what in episode.problems[0]
    assert episode.problems[1] == "steps.jsonl line 4: step 1 after step 3; left out"


@pytest.mark.parametrize(
    ("image", "what"),
    [
        ("/etc/hostname.png", "not a PNG file inside"),
        ("../outside.png", "not a PNG file inside"),
        ("frames/../../outside.png", "not a PNG file inside"),
        ("..\\outside.png", "not a PNG file inside"),
        ("C:/outside.png", "not a PNG file inside"),
        ("frames/a\x00.png", "not a PNG file inside"),
        ("episode.json", "not a PNG file inside"),
        ("", "not a PNG file inside"),
        ("frames/link.png", "leads out of the episode"),
        ("frames/none.png", "is missing"),
        ("frames/text.png", "is not a PNG file"),
        ("frames/fifo.png", "is not a file"),
        ("frames/bomb.png", "claims 50000x50000 pixels"),
        ("frames/other.png", "is 10x10, not 32x24"),
        ("frames/" + "a" * 5000 + ".png", "cannot be read"),
    ],
)
def test_a_frame_that_cannot_be_trusted_is_named_and_never_opened(tmp_path, image, what):
    write(tmp_path / "e")
    frames = tmp_path / "e" / "frames"
    cv2.imwrite(str(tmp_path / "outside.png"), picture(9))
    (frames / "link.png").symlink_to(tmp_path / "outside.png")
    (frames / "text.png").write_text("not a picture, however long this text may be")
    (frames / "bomb.png").write_bytes(png(50_000, 50_000))
    (frames / "other.png").write_bytes(png(10, 10))
    os.mkfifo(frames / "fifo.png")
    bad = step(3, image)
    with (tmp_path / "e" / "steps.jsonl").open("a") as file:
        file.write(bad.model_dump_json() + "\n")
    episode = read_episode(tmp_path / "e")
    assert len(episode.problems) == 1
    assert episode.problems[0].startswith("step 4: its frame")
    assert what in episode.problems[0]
    with pytest.raises(EpisodeError, match="step 4"):
        episode.image(bad)


def test_memory_stays_flat_while_frames_pile_up(tmp_path):
    with EpisodeWriter.create(tmp_path / "e", HEADER) as writer:
        for n in range(40):
            writer.add_frame(picture(n, 300, 400))
        assert writer._frames.waiting <= 2
    assert len(list((tmp_path / "e" / "frames").iterdir())) == 40


def test_the_documented_example_reads(tmp_path):
    text = (Path(__file__).parents[3] / "docs" / "episode-format.md").read_text()
    header, lines = [block.partition("```")[0] for block in text.split("```json\n")[1:]]
    (tmp_path / "frames").mkdir()
    (tmp_path / "episode.json").write_text(header)
    (tmp_path / "steps.jsonl").write_text(lines)
    for n in range(2):
        cv2.imwrite(str(tmp_path / "frames" / f"000{n}.png"), picture(n, 800, 1280))
    episode = read_episode(tmp_path)
    assert (episode.problems, len(episode.steps), episode.ending) == ((), 2, Ending.DONE)
    for name in (*EpisodeDocument.model_fields, *Step.model_fields):
        assert f"| `{name}` |" in text


SIZE = (200, 320)


def screens(count: int) -> list[np.ndarray]:
    """A textured screen on which small things come and go."""
    base = np.random.default_rng(0).integers(0, 255, (*SIZE, 3), dtype=np.uint8)
    made = []
    for n in range(count):
        image = base.copy()
        image[10:20, 10 + n : 30 + n] = n
        image[150:160, 300:310, n % 3] ^= 255
        made.append(image)
    return [*made, 255 - base, made[0]]


def write_screens(folder: Path, count: int = 6) -> list[np.ndarray]:
    made = screens(count)
    with EpisodeWriter.create(folder, HEADER) as writer:
        for n, image in enumerate(made):
            frame = Frame(id=str(n), width=SIZE[1], height=SIZE[0])
            writer.append(Step(index=n, time=n, frame=frame, image=writer.add_frame(image)))
    return made


def test_a_mostly_still_screen_is_kept_as_what_changed(tmp_path):
    made = write_screens(tmp_path / "e")
    episode = read_episode(tmp_path / "e")
    assert episode.problems == ()
    assert sum(one.patch is not None for one in episode.steps) >= 5
    sizes = [(tmp_path / "e" / one.image).stat().st_size for one in episode.steps]
    assert max(sizes[1:6]) < sizes[0] / 20
    for one, image in zip(episode.steps, made, strict=True):
        assert np.array_equal(episode.image(one), image)
        if one.patch:  # as the documentation says
            frame = Pillow.open(tmp_path / "e" / one.patch.base).convert("RGB")
            overlay = Pillow.open(tmp_path / "e" / one.image)
            frame.paste(overlay, one.patch.at, overlay)
            assert np.array_equal(np.asarray(frame), image)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"patch": {"base": "frames/0000.png", "at": [310, 0]}}, "sticks out"),
        ({"patch": {"base": "../outside.png", "at": [0, 0]}}, "not a PNG file inside"),
        ({"patch": {"base": "frames/0001.png", "at": [0, 0]}}, "not 320x200"),
        ({"patch": {"base": "frames/0000.png", "at": [-1, 0]}}, "line 2 is damaged"),
        ({"frame": {"id": "0", "width": 100_000, "height": 100_000}}, "line 2 is damaged"),
        ({"index": 10**4000}, "line 2 is damaged"),
        ({"time": 1e300}, "line 2 is damaged"),
        ({"tokens": {"prompt": 10**30}}, "line 2 is damaged"),
    ],
)
def test_a_hostile_step_is_named_and_the_rest_is_read(tmp_path, change, what):
    write_screens(tmp_path / "e")
    path = tmp_path / "e" / "steps.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[1] |= change
    for line in lines:
        del line["crc32"]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    episode = read_episode(tmp_path / "e")
    assert len(episode.problems) == 1
    assert what in episode.problems[0]
    assert len(episode.steps) >= len(lines) - 1


def test_a_bomb_is_not_unpacked(tmp_path):
    write(tmp_path / "e", 1)
    picture_file = tmp_path / "e" / "frames" / "0000.png"
    whole = picture_file.read_bytes()
    with picture_file.open("ab") as file:
        file.truncate(len(whole) + (1 << 33))
    assert "too many for 32x24 pixels" in read_episode(tmp_path / "e").problems[0]
    data = zlib.compress(bytes(1 << 24), 9)
    chunk = struct.pack(">I", len(data) + 2) + b"zTXt" + b"a\0" + data
    chunk += struct.pack(">I", zlib.crc32(chunk[4:]))
    picture_file.write_bytes(whole[:33] + chunk + whole[33:])
    episode = read_episode(tmp_path / "e")
    assert np.array_equal(episode.image(episode.steps[0]), picture(0))


def test_links_and_pipes_in_place_of_the_files_are_refused(tmp_path):
    write(tmp_path / "e")
    (tmp_path / "secret").write_text((tmp_path / "e" / "steps.jsonl").read_text())
    (tmp_path / "e" / "steps.jsonl").unlink()
    (tmp_path / "e" / "steps.jsonl").symlink_to(tmp_path / "secret")
    assert "leads out" in read_episode(tmp_path / "e").problems[0]
    (tmp_path / "e" / "steps.jsonl").unlink()
    os.mkfifo(tmp_path / "e" / "steps.jsonl")
    assert "is not a file" in read_episode(tmp_path / "e").problems[0]


@examples(60)
@given(data=st.data())
def test_no_flipped_bit_goes_unseen(tmp_path, data):
    folder = tmp_path / "e"
    shutil.rmtree(folder, ignore_errors=True)
    steps = write(folder, 2)
    name = data.draw(st.sampled_from(["steps.jsonl", "episode.json", "frames/0001.png"]))
    content = bytearray((folder / name).read_bytes())
    content[data.draw(st.integers(0, len(content) - 2))] ^= 1 << data.draw(st.integers(0, 7))
    (folder / name).write_bytes(content)
    try:
        episode = read_episode(folder)
        for one in episode.steps:
            episode.image(one)
    except EpisodeError:
        return
    same = list(episode.steps) == steps and episode.header == HEADER
    assert episode.problems or same


def test_the_schema_in_the_documentation_is_up_to_date():
    kept = (Path(__file__).parents[3] / "docs" / "episode.schema.json").read_text()
    assert json.loads(kept) == json_schema(), "write it anew from agent.episodes.json_schema()"


def test_version_1_is_still_read():
    episode = read_episode(Path(__file__).parents[1] / "data" / "episode_v1")
    assert (episode.problems, episode.ending, len(episode.steps)) == ((), Ending.DONE, 2)
    assert episode.steps[0].action == Click(point=Point(10, 5))
    assert episode.image(episode.steps[1]).shape == (24, 32, 3)


def test_an_episode_is_its_users_alone(tmp_path):
    mask = os.umask(0)
    try:
        with EpisodeWriter.create(tmp_path / "run", HEADER) as writer:
            writer.append(step(0, writer.add_frame(picture(1))))
            writer.finish(Ending.DONE)
        write_report(tmp_path / "run")
    finally:
        os.umask(mask)
    for path in (tmp_path / "run", *(tmp_path / "run").rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_a_folder_with_anything_in_it_is_refused_and_left_alone(tmp_path):
    (tmp_path / "report.html").write_text("mine")
    with pytest.raises(EpisodeError, match=r"is not empty \(it holds report.html\)"):
        EpisodeWriter.create(tmp_path, HEADER)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("report.html", "mine")]
