"""Films and contact sheets: opened by other programs, Chromium among them, and compared with the record."""

import base64
import json
import sys

import numpy as np
import pytest
from PIL import Image, ImageSequence

from actions.extras import install_command
from agent.cli.main import main
from agent.core.errors import UserError
from agent.episodes import read_episode
from agent.views.report.film import (
    ENCODERS,
    END_SECONDS,
    FILM_SECONDS,
    step_seconds,
    write_contact_sheet,
    write_gif,
    write_mp4,
)
from tests.agent.browser import INSTALLED, chromium
from tests.agent.sample_episode import write_sample

av = pytest.importorskip("av")


@pytest.fixture(scope="module")
def episode(tmp_path_factory):
    return write_sample(tmp_path_factory.mktemp("film") / "e")


def run(capsys, *arguments):
    """Exit status, stdout and stderr of the command line."""
    with pytest.raises(SystemExit) as end:
        main([*map(str, arguments)])
    said = capsys.readouterr()
    return end.value.code, said.out, said.err


def near(frame, screen):
    """Whether the upper part of a frame is the screen made smaller, but for marks and coding."""
    size = (320, 200)
    ours, theirs = (
        np.asarray(Image.fromarray(one).resize(size).convert("L"), np.int16)
        for one in (frame[: frame.shape[1] * 800 // 1280], screen)
    )
    return np.mean(np.abs(ours - theirs) < 24) > 0.97


def test_a_gif_shows_every_step_and_ends_later(episode, tmp_path):
    path = write_gif(episode, tmp_path / "r.gif")
    record = read_episode(episode)
    with Image.open(path) as gif:
        assert gif.n_frames == 9
        assert gif.info["loop"] == 0
        assert gif.width == 960
        frames = [(np.asarray(frame.convert("RGB")), frame.info["duration"]) for frame in ImageSequence.Iterator(gif)]
    assert [duration for _, duration in frames] == [1500] * 8 + [1000 * END_SECONDS]
    for (frame, _), step in zip(frames, record.steps, strict=True):
        assert near(frame, record.image(step)), step.index


def test_an_mp4_is_h264_that_starts_fast_and_shows_every_step(episode, tmp_path):
    path = write_mp4(episode, tmp_path / "r.mp4")
    record = read_episode(episode)
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert (stream.width, stream.height % 2) == (1280, 0)
        assert float(film.duration / av.time_base) == pytest.approx(8 * 1.5 + END_SECONDS, abs=0.2)
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(stream)]
    for step in record.steps:
        assert near(frames[step.index * 15 + 7], record.image(step)), step.index
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize(("codec", "decoder"), [("vp9", "vp9"), ("mpeg4", "mpeg4")])
def test_an_mp4_is_coded_without_x264_where_that_is_wanted_or_not_there(episode, tmp_path, codec, decoder, monkeypatch):
    wanted = write_mp4(episode, tmp_path / "wanted.mp4", codec=codec)
    monkeypatch.setattr(av, "codecs_available", {ENCODERS[codec][0]})
    left = write_mp4(episode, tmp_path / "left.mp4")
    for path in (wanted, left):
        with av.open(str(path)) as film:
            assert decoder in film.streams.video[0].codec_context.name
            assert float(film.duration / av.time_base) == pytest.approx(8 * 1.5 + END_SECONDS, abs=0.2)
    with pytest.raises(UserError, match=f"no encoder for h264; it has: {codec}"):
        write_mp4(episode, tmp_path / "no.mp4", codec="h264")


@pytest.mark.skipif(not INSTALLED, reason="needs Chromium and chromedriver")
def test_chromium_plays_both(episode, tmp_path):
    films = {"gif": write_gif(episode, tmp_path / "r.gif"), "mp4": write_mp4(episode, tmp_path / "r.mp4")}
    urls = {kind: base64.b64encode(path.read_bytes()).decode() for kind, path in films.items()}
    page = tmp_path / "page.html"
    page.write_text(
        f'<img src="data:image/gif;base64,{urls["gif"]}">'
        f'<video muted src="data:video/mp4;base64,{urls["mp4"]}"></video>'
    )
    with chromium() as browser:
        browser.open(page)
        assert browser.js("return document.images[0].decode().then(() => document.images[0].naturalWidth)") == 960
        browser.wait_for("document.querySelector('video').readyState >= 2")
        played = "const v = document.querySelector('video'); return v.play().then(() => [v.videoWidth, v.error])"
        assert browser.js(played) == [1280, None]
        browser.wait_for("document.querySelector('video').currentTime > 0.1")


@pytest.mark.parametrize("ending", [".png", ".jpg", ".webp"])
def test_a_contact_sheet_has_every_screen(episode, tmp_path, ending):
    path = write_contact_sheet(episode, tmp_path / f"s{ending}")
    with Image.open(path) as sheet:
        assert sheet.format == {".png": "PNG", ".jpg": "JPEG", ".webp": "WEBP"}[ending]
        pixels = np.asarray(sheet.convert("RGB"))
    cells = [pixels[14 + row * 300 :, 14 + column * 434 :][:262, :420] for row in range(3) for column in range(3)]
    record = read_episode(episode)
    for cell, step in zip(cells, record.steps, strict=True):
        assert near(cell, record.image(step)), step.index


def test_damaged_steps_are_shown_as_such(episode, tmp_path):
    folder = write_sample(tmp_path / "e")
    (folder / "frames" / "0000.png").unlink()
    with Image.open(write_gif(folder, tmp_path / "r.gif")) as gif:
        assert gif.n_frames == 9
        assert np.asarray(gif.convert("RGB"))[:250].mean() < 40  # no screen, but words
    write_contact_sheet(folder, tmp_path / "s.png")


def test_long_films_show_each_step_for_a_shorter_time():
    assert step_seconds(1) == step_seconds(80) == 1.5
    assert step_seconds(1000) * 1000 == FILM_SECONDS
    assert step_seconds(100_000) == 0.1


def test_the_command_writes_all_and_names_them(episode, tmp_path, capsys):
    names = {"report": "r.html", "gif": "r.GIF", "mp4": "r.mp4", "contact_sheet": "new/s.jpeg"}
    paths = {kind: tmp_path / name for kind, name in names.items()}
    options = (part for kind, path in list(paths.items())[1:] for part in (f"--{kind.replace('_', '-')}", path))
    status, out, err = run(capsys, "report", episode, "--out", paths["report"], *options, "--json")
    assert (status, err) == (0, "")
    assert json.loads(out) == {kind: str(path) for kind, path in paths.items()}
    assert all(path.stat().st_size > 1000 for path in paths.values())
    assert list(tmp_path.rglob("*.part")) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--gif", "x.webm"), "--gif x.webm: the name must end in .gif"),
        (("--mp4", "x.avi"), "--mp4 x.avi: the name must end in .mp4"),
        (("--contact-sheet", "x.bmp"), "--contact-sheet x.bmp: the name must end in .png or .jpg or .jpeg or .webp"),
    ],
)
def test_unknown_formats_are_refused_before_anything_is_written(episode, tmp_path, capsys, arguments, words):
    status, out, err = run(capsys, "report", episode, "--out", tmp_path / "r.html", *arguments)
    assert (status, out) == (2, "")
    assert err.strip() == f"handeye: {words}"
    assert not (tmp_path / "r.html").exists()


def test_what_cannot_be_filmed_is_one_clear_line(episode, tmp_path, capsys, monkeypatch):
    folder = write_sample(tmp_path / "e")
    (folder / "steps.jsonl").write_bytes(b"")
    status, _, err = run(capsys, "report", folder, "--gif", tmp_path / "r.gif")
    assert (status, err.count("\n")) == (2, 1)
    assert "there is nothing to show" in err
    status, _, err = run(capsys, "report", episode, "--gif", episode / "episode.json" / "r.gif")
    assert (status, err.count("\n")) == (2, 1)
    assert "cannot write the film to" in err
    monkeypatch.setitem(sys.modules, "av", None)
    from agent.views.report.film import _coder

    _coder.cache_clear()
    status, _, err = run(capsys, "report", episode, "--mp4", tmp_path / "r.mp4")
    assert (status, err.count("\n")) == (2, 1)
    assert install_command("film") in err
