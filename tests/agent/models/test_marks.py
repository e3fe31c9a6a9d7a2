"""A planner that sees the picture with numbered marks, and says numbers or descriptions; scripted servers stand in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actions.frame import Box, Point
from agent.cli.options import read_model
from agent.core.errors import UserError
from agent.core.loop import Agent
from agent.core.policy import Allow
from agent.core.task import Ending, Limits, Task
from agent.episodes import EpisodeHeader, EpisodeWriter, read_episode
from agent.episodes.replay.simulate import simulate
from agent.models.opening import open_model
from agent.models.spec import MARKS_PLANNER_NAME, ModelSpec
from agent.perception.listing.marks import marked
from agent.perception.listing.rows import ElementList, Row
from tests.agent.models.test_planner import Planner, place, planned
from tests.agent.models.test_text_planner import FRAME, Settings
from tests.agent.scripted_server import ScriptedServer


def test_numbers_of_marks_and_descriptions_are_both_understood(tmp_path: Path) -> None:
    script = [
        planned("click", on="2"),
        planned("click", on=99),
        planned("click", on="the switch beside Bluetooth"),
        planned("finish", status="success"),
    ]
    env, task = Settings(), Task("Airplane mode on, Bluetooth off", Limits(steps=5))
    bluetooth = place("qwen2.5-vl", Point(900, 790), FRAME)
    with Planner(script) as planner, ScriptedServer([bluetooth]) as grounder:
        spec = ModelSpec(planner.url, dialect=MARKS_PLANNER_NAME, grounder=grounder.url)
        model = open_model(spec, platform="mobile", ability="decide")
        with EpisodeWriter.create(tmp_path / "e", EpisodeHeader.of(task, model, env)) as writer:
            result = Agent(env, model, Allow(), writer).run(task)
    assert result.ending is Ending.DONE, result.message
    assert env.on == [False, True, False]
    assert "no element with this number" in "".join(planner.seen[2].texts)
    assert len(grounder.seen) == 1
    assert grounder.seen[0].image is not None
    assert np.ptp(grounder.seen[0].image) == 0, "the grounder sees no marks"
    sent = planner.seen[0].image
    assert sent is not None
    side = sent.shape[0] / FRAME.height
    edges = [sent[round((y - 4) * side) : round((y + 5) * side), 400] for y in (200, 300, 500, 700)]
    assert [bool(np.ptp(edge) > 60) for edge in edges] == [False, True, True, True], "a box around each switch"
    episode = read_episode(tmp_path / "e")
    assert np.ptp(episode.image(episode.steps[0])) == 0, "the record has the screen as it was"
    assert [[(one.description, one.raw, one.grounder) for one in step.pointed] for step in episode.steps[:1]] == [
        [("2", 'switch "Airplane mode" (off)', "element list")]
    ]
    assert "marked" in "".join(planner.seen[0].texts)
    assert simulate(tmp_path / "e").ok


def test_marks_are_drawn_inside_the_picture_and_only_for_numbered_rows() -> None:
    image = np.full((200, 300, 3), 240, np.uint8)
    boxes = (Box(10, 10, 60, 40), Box(280, 190, 300, 200), Box(100, 100, 150, 140))
    rows = [Row(box, "button", "x", number=number) for box, number in zip(boxes, (1, 23, 0), strict=True)]
    drawn = marked(image, ElementList(tuple(rows)))
    assert (image == 240).all(), "a copy"
    assert (drawn[10, 10] != 240).any()
    assert (drawn[187, 276:298] != 240).any(), "the number of an element in the corner is still whole"
    assert (drawn[95:145, 95:155] == 240).all()


@pytest.mark.parametrize("more", [{}, {"grounder": "builtin", "dialect": "text-planner"}])
def test_how_it_is_asked_for(more: dict[str, Any]) -> None:
    url = "http://127.0.0.1:1"
    assert read_model(planner=url, grounder="builtin", marks=True).dialect == MARKS_PLANNER_NAME
    assert read_model(model=f"{url}+builtin", marks=True).dialect == MARKS_PLANNER_NAME
    with pytest.raises(UserError, match="--marks is for a planner that sees pictures"):
        read_model(planner=url, marks=True, **more)
    with pytest.raises(UserError, match="--marks has no effect where nothing is done"):
        open_model(ModelSpec(url, dialect=MARKS_PLANNER_NAME, grounder="builtin"), ability="locate")
