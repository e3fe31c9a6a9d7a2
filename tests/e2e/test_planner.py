"""A planner in words and a grounder, both scripted, fill in a real form in Chromium."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from actions.action import Key
from actions.frame import Point
from agent.core.model import Model
from agent.core.task import Ending
from agent.models.chat import ChatModel
from agent.models.dialects.registry import BASES, DIALECTS, GENERAL, TUNED
from agent.models.opening import open_model
from agent.models.spec import ModelSpec
from benchmarks.damage import PLACE_ANSWERS
from envs.sandbox import SandboxEnv
from envs.settle import Rules
from tests.agent.scripted_server import ScriptedServer, Seen
from tests.e2e.conftest import story, work
from tests.e2e.form_server import WANTED, FormServer
from tests.waiting import until

PARTS = {
    "the field labelled Name": ("name", 0.5), "the box before “Subscribe to the newsletter”": ("news", 0.5),
    "the Colour list": ("colour", 0.5), "the month in the Date field": ("date", 0.12),
    "four fifths along the Volume slider": ("volume", 0.79), "the button that sends the form": ("send", 0.5),
}  # fmt: skip
ABSENT = "the Frobnicate button"
SIZES = [(1280, 800), (1920, 1080), (2560, 1440)]
SIDES = {"rel1": (1, 4), "rel100": (100, 1), "rel999": (999, None), "rel1000": (1000, None)}
"""The largest number of a side and the decimals that are written of it, by what the numbers count."""


def said(action: str, **arguments: Any) -> str:
    return json.dumps({"thought": "", "action": action, **arguments}, ensure_ascii=False)


def plan() -> list[str]:
    clicks = [said("click", on=words) for words in PARTS]
    steps = [clicks[0], said("type", text=WANTED["name"]), clicks[1], said("click", on=ABSENT)]
    steps += [clicks[2], said("type", text="Blue"), said("key", keys=["enter"]), clicks[3]]
    return [*steps, said("type", text="03152026"), *clicks[4:], said("finish", status="success")]


def numbers(dialect: str, point: Point, size: tuple[int, int], seen: Seen) -> tuple[list[float], Point]:
    """What a model of the family says for a point of the screen, by the picture that it was sent and the published
    meaning of its numbers, and the point that this says. None of it is the code under test.
    """
    speaks = DIALECTS[dialect]
    space = speaks.space_for.get("locate", "rel1000" if speaks is GENERAL else speaks.space)
    assert seen.image is not None
    high, wide = seen.image.shape[:2]
    side, decimals = SIDES.get(space, (0, None))
    across, down = (side, side) if side else (wide, high) if space == "abs_resized" else size
    if dialect == "phi-ground":  # the picture fills the upper part of a canvas of 3 to 2
        down = down * 1.5 * size[1] / size[0]
    x, y = round(point.x / size[0] * across, decimals), round(point.y / size[1] * down, decimals)
    return [x, y], Point(x * size[0] / across, y * size[1] / down)


def grounder(form: FormServer, dialect: str, size: tuple[int, int], meant: list[Point]) -> Callable[[Seen], str]:
    def answer(seen: Seen) -> str:
        asked = "".join(seen.texts)
        part = next((part for words, part in PARTS.items() if words in asked), None)
        if part is None:
            return "[-1, -1]"
        x1, y1, x2, y2 = form.places_now()[part[0]]
        (x, y), point = numbers(dialect, Point(x1 + part[1] * (x2 - x1), (y1 + y2) / 2), size, seen)
        meant.append(point)
        x, y = (x, y) if DIALECTS[dialect].order == "xy" else (y, x)
        return PLACE_ANSWERS[dialect].format(x=x, y=y)

    return answer


def fill(env: SandboxEnv, form: FormServer, model: Model, meant: list[Point]) -> float:
    """Run the form task; how far a click landed from what was said, at most, in pixels of a side."""
    result = work(env, "Fill in the form and send it", model)
    assert result.ending is Ending.DONE, story(result)
    form.check_wanted(story(result))
    until(lambda: len(form.clicks) >= len(PARTS))
    assert len(form.clicks) == len(meant) == len(PARTS)
    pairs = zip(form.clicks, meant, strict=True)
    return max(max(abs(landed[0] - wanted.x), abs(landed[1] - wanted.y)) for landed, wanted in pairs)


def check_told(planner: ScriptedServer) -> None:
    """That the planner was told, in its next question and no earlier one, that what it described is not there."""
    told = [f"nothing on the screen was found for {ABSENT!r}" in "".join(seen.texts) for seen in planner.seen]
    assert told[:5] == [False] * 4 + [True]


def test_the_form_is_filled_in_by_a_planner_and_a_grounder(form: FormServer) -> None:
    meant: list[Point] = []
    with (
        ScriptedServer(plan(), names=("plans-in-words",)) as planner,
        ScriptedServer([grounder(form, "gta1", SIZES[0], meant)], names=("GTA1-7B",)) as points,
        SandboxEnv([f"chromium {form.url}"], SIZES[0], network="loopback") as env,
    ):
        model = open_model(ModelSpec(planner.url, grounder=points.url), ability="decide")
        assert fill(env, form, model, meant) <= 1
        check_told(planner)


@pytest.fixture(scope="module", params=SIZES, ids=str)
def sandbox(request: pytest.FixtureRequest) -> Iterator[tuple[tuple[int, int], FormServer, SandboxEnv]]:
    size, patient = request.param, Rules(reaction=2, timeout=10)  # each of these steps changes something
    with (
        FormServer(again=True) as form,
        SandboxEnv([f"chromium {form.url}"], size, network="loopback", rules=patient) as env,
    ):
        form.values = {}
        yield size, form, env


@pytest.mark.slow
@pytest.mark.parametrize("dialect", [dialect.name for dialect in (*BASES, *TUNED, GENERAL)])
def test_every_family_points_for_a_planner_at_every_size(
    sandbox: tuple[tuple[int, int], FormServer, SandboxEnv], dialect: str
) -> None:
    size, form, env = sandbox
    if form.values is None:  # the last run failed
        env.perform(Key(chords=("f5",)), env.observe().frame)
    form.values = None
    form.clicks.clear()
    meant: list[Point] = []
    with (
        ScriptedServer(plan(), names=("plans-in-words",)) as planner,
        ScriptedServer([grounder(form, dialect, size, meant)], names=("points",)) as points,
    ):
        space = "rel1000" if DIALECTS[dialect] is GENERAL else None
        where = open_model(ModelSpec(points.url, dialect=dialect, space=space), ability="locate")
        plans = open_model(ModelSpec(planner.url, grounder="builtin"), ability="decide")
        assert isinstance(plans, ChatModel)
        assert fill(env, form, replace(plans, grounder=where), meant) <= 1
        check_told(planner)
