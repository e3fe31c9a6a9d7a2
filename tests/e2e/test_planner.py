"""A planner in words and a grounder, both scripted, fill in a real form in Chromium."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from actions.frame import Frame, Point
from agent.core.task import Ending
from agent.models.dialects.registry import DIALECTS
from agent.models.opening import open_model
from agent.models.spec import ModelSpec
from benchmarks.damage import PLACE_ANSWERS
from envs.sandbox import SandboxEnv
from tests.agent.scripted_server import ScriptedServer, Seen
from tests.e2e.conftest import story, work
from tests.e2e.form_server import WANTED, FormServer
from tests.waiting import until

PARTS = {
    "the field labelled Name": ("name", 0.5), "the box before “Subscribe to the newsletter”": ("news", 0.5),
    "the Colour list": ("colour", 0.5), "the month in the Date field": ("date", 0.12),
    "four fifths along the Volume slider": ("volume", 0.79), "the button that sends the form": ("send", 0.5),
}  # fmt: skip


def said(action: str, **arguments: Any) -> str:
    return json.dumps({"thought": "", "action": action, **arguments}, ensure_ascii=False)


def plan() -> list[str]:
    clicks = [said("click", on=words) for words in PARTS]
    steps = [clicks[0], said("type", text=WANTED["name"]), clicks[1], said("click", on="the Frobnicate button")]
    steps += [clicks[2], said("type", text="Blue"), said("key", keys=["enter"]), clicks[3]]
    return [*steps, said("type", text="03152026"), *clicks[4:], said("finish", status="success")]


def grounder(form: FormServer, dialect: str, size: tuple[int, int], meant: list[Point]) -> Callable[[Seen], str]:
    def answer(seen: Seen) -> str:
        asked = "".join(seen.texts)
        part = next((part for words, part in PARTS.items() if words in asked), None)
        if part is None:
            return "[-1, -1]"
        x1, y1, x2, y2 = form.places_now()[part[0]]
        view = DIALECTS[dialect].view(Frame(id="0", width=size[0], height=size[1]), use="locate")
        x, y = view.numbers(Point(x1 + part[1] * (x2 - x1), (y1 + y2) / 2))
        meant.append(view.point(x, y, []) if DIALECTS[dialect].order == "xy" else view.point(y, x, []))
        return PLACE_ANSWERS[dialect].format(x=x, y=y)

    return answer


@pytest.mark.parametrize(
    ("size", "dialect", "served"),
    [
        ((1280, 800), "gta1", "GTA1-7B"),
        pytest.param((1920, 1080), "uground", "UGround-V1-7B", marks=pytest.mark.slow),
        pytest.param((2560, 1440), "qwen2.5-vl", "Qwen2.5-VL-7B-Instruct", marks=pytest.mark.slow),
    ],
)
def test_the_form_is_filled_in(form: FormServer, size: tuple[int, int], dialect: str, served: str) -> None:
    meant: list[Point] = []
    with (
        ScriptedServer(plan(), names=("plans-in-words",)) as planner,
        ScriptedServer([grounder(form, dialect, size, meant)], names=(served,)) as points,
        SandboxEnv([f"chromium {form.url}"], size, network="loopback") as env,
    ):
        model = open_model(ModelSpec(planner.url, grounder=points.url), ability="decide")
        result = work(env, "Fill in the form and send it", model)
    assert result.ending is Ending.DONE, story(result)
    form.check_wanted(story(result))
    until(lambda: len(form.clicks) >= len(PARTS))
    assert len(form.clicks) == len(meant) == len(PARTS)
    for landed, wanted in zip(form.clicks, meant, strict=True):
        assert abs(landed[0] - wanted.x) <= 1, (landed, wanted)
        assert abs(landed[1] - wanted.y) <= 1, (landed, wanted)
