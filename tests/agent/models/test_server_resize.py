"""A server that scales pictures again is found out by the tokens it counts, and clicks land all the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from actions.action import Click
from actions.frame import Frame
from agent.cli.main import main
from agent.core.model import ModelError
from agent.core.task import Task
from agent.models.chat import ChatModel
from agent.models.dialects.registry import DIALECTS
from agent.models.dialects.resize import Resize, smart_resize
from agent.models.endpoints.endpoint import Capabilities
from agent.models.endpoints.openai import OpenAIEndpoint
from agent.models.endpoints.patience import Patience
from agent.models.server_resize import ServerResize, counts_pixels
from envs.env import Observation
from tests.agent.simulated_grounder import Quirks, SimulatedGrounder, llama_size

QUICK = Patience(total=20, connect=5, attempts=2, first_pause=0.01)
SIZES = [
    (320, 240),
    (390, 844),
    (800, 600),
    (1024, 768),
    (1080, 2400),
    (1280, 800),
    (1920, 1080),
    (2560, 1440),
    (3840, 2160),
]
QWEN = DIALECTS["qwen2.5-vl"]


def disc(size: tuple[int, int], at: tuple[int, int]) -> Observation:
    image = np.full((size[1], size[0], 3), 128, np.uint8)
    cv2.circle(image, at, max(8, min(size) // 40), (255, 0, 0), -1)
    return Observation(image, Frame(id="1", width=size[0], height=size[1]))


def grounder(owner: str = "llamacpp", **quirks: Any) -> SimulatedGrounder:
    server = SimulatedGrounder(Quirks(resize="llama", space="own", noise=0, **quirks))
    server.owner, server.counts = owner, server.count
    return server


def model(server: SimulatedGrounder) -> ChatModel:
    return ChatModel(OpenAIEndpoint(server.url, patience=QUICK), QWEN)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("limits", [(8, 4096), (1024, 4096), (4, 1280), (4, 16384)], ids=str)
def test_every_place_is_within_one_pixel(size: tuple[int, int], limits: tuple[int, int]) -> None:
    at = (size[0] * 3 // 4, size[1] // 3)
    with grounder(limits=limits) as server:
        one = model(server)
        for _ in range(2):
            point = one.locate(disc(size, at), "the disc").point
            assert point is not None
            scale = max(1.0, size[0] / llama_size(*size, *limits)[0])
            assert np.hypot(point.x - at[0] - 0.5, point.y - at[1] - 0.5) <= scale
        assert server.sent[0] == QWEN.resize.size(*size)
        assert server.sent[1] == llama_size(*server.sent[0], *limits)


@pytest.mark.parametrize(("size", "at"), [((800, 600), (601, 203)), ((390, 844), (301, 611))])
def test_a_decision_says_what_was_corrected_and_what_to_change(size: tuple[int, int], at: tuple[int, int]) -> None:
    with grounder(limits=(1024, 4096)) as server:
        one = model(server)
        decided = one.decide(Task(instruction="click it"), disc(size, at), [])
        assert isinstance(decided.action, Click)
        assert decided.action.point is not None
        assert np.hypot(decided.action.point.x - at[0] - 0.5, decided.action.point.y - at[1] - 0.5) <= 1
        assert "enlarges it to" in decided.notes[0]
        assert "--image-min-tokens 4" in decided.notes[0]
        assert one.decide(Task(instruction="click it"), disc(size, at), []).notes == ()


def test_locate_says_what_was_corrected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    PillowImage.fromarray(disc((800, 600), (601, 203)).image).save(tmp_path / "screen.png")
    with grounder(limits=(1024, 4096)) as server, pytest.raises(SystemExit) as left:
        main(["locate", str(tmp_path / "screen.png"), "the disc", "--model", server.url, "--no-profile"])
    said = capsys.readouterr()
    assert left.value.code == 0
    assert [abs(float(word) - at) <= 1 for word, at in zip(said.out.split(), (601.5, 203.5), strict=True)] == [
        True,
        True,
    ]
    assert "enlarges it to 1064x784" in said.err


def test_the_text_is_counted_once_for_questions_about_as_long() -> None:
    with grounder(limits=(8, 4096)) as server:
        one, asked = model(server), []
        count = server.count
        server.counts = lambda text, image: (asked.append(image is None), count(text, image))[1]
        for words in ("the disc", "the red disc", "the disc that is red and rather small"):
            one.locate(disc((800, 600), (100, 100)), words)
    assert asked.count(True) == 1


def test_threads_whose_first_answers_come_together_count_the_text_once() -> None:
    together = Barrier(4, timeout=60)
    with grounder(limits=(8, 4096)) as server, ThreadPoolExecutor(4) as pool:
        one, asked = model(server), []
        count = server.count

        def counts(text: Any, image: Any) -> int:
            asked.append(image is None)
            if image is not None:
                together.wait()  # no answer before all are asked for
            return count(text, image)

        server.counts = counts
        places = pool.map(lambda _: one.locate(disc((800, 600), (100, 100)), "the disc").point, range(4))
        assert all(place is not None for place in places)
    assert asked.count(True) == 1


def test_a_server_of_no_name_is_found_out_too_where_the_count_is_odd() -> None:
    with grounder("someone", limits=(1024, 4096)) as server:
        found = model(server).locate(disc((800, 600), (601, 203)), "the disc")
    assert found.point is not None
    assert np.hypot(found.point.x - 601.5, found.point.y - 203.5) <= 1


@pytest.mark.parametrize("counted", [lambda text, image: 0, lambda text, image: 1000])
def test_a_server_that_does_not_count_pictures_is_believed(counted: Any) -> None:
    with grounder(limits=(8, 4096)) as server:
        server.counts = counted
        assert model(server).locate(disc((800, 600), (100, 100)), "the disc").reason == ""


def test_what_cannot_be_told_is_refused_with_the_flag() -> None:
    with grounder(limits=(8, 4096)) as server:
        server.counts = lambda text, image: len(text) // 4 + (0 if image is None else 7777)
        with pytest.raises(ModelError, match=r"7,777 tokens .* instead of 609.*--image-min-tokens"):
            model(server).locate(disc((800, 600), (100, 100)), "the disc")


@pytest.mark.parametrize("name", ["qwen3-vl", "ui-tars-1.0"])
def test_families_that_count_parts_of_a_side_are_not_asked_twice(name: str) -> None:
    assert not counts_pixels(DIALECTS[name], "locate")
    assert counts_pixels(QWEN, "locate")


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_size_that_was_seen_is_told_from_the_tokens_alone(size: tuple[int, int]) -> None:
    sent = Resize().size(*size)
    for least, most in ((1024, 4096), (4, 1280), (256, 1500), (2048, 8192), (4, 700)):
        rows, columns = smart_resize(sent[1], sent[0], 28, least * 784, most * 784)
        learned = ServerResize()
        learned.learn(QWEN, sent, rows * columns // 784 + 2, Capabilities())
        assert learned.found.get(sent, sent) == (columns, rows)
