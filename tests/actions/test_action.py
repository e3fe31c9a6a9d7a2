from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.action import ACTION_TYPES, AnyAction, action_schema, describe, parse_action, points_of
from actions.errors import plural
from actions.keys import NAMED

coordinates = st.floats(-1e6, 1e6)
points = st.tuples(coordinates, coordinates)
keys = st.lists(st.sampled_from(NAMED), max_size=4)
held = st.lists(st.sampled_from(NAMED), min_size=1, max_size=4)
buttons = st.sampled_from(["left", "middle", "right"])


def action(kind: str, /, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[AnyAction]:
    return st.fixed_dictionaries({"type": st.just(kind), **fields}).map(parse_action)


actions = st.one_of(
    action("click", point=points, button=buttons, count=st.integers(1, 3), keys=keys),
    action("long_press", point=points, seconds=st.floats(0, 600)),
    action("drag", path=st.lists(points, min_size=2, max_size=9), button=buttons, seconds=st.floats(0, 600), keys=keys),
    action("move", point=points),
    action("scroll", point=st.none() | points, dx=st.integers(-100, 100), dy=st.integers(-100, 100), keys=keys),
    action("type", text=st.text()),
    action("key", chords=st.lists(st.sampled_from(["ctrl+s", "enter", "ctrl++", "A", "ü"]), min_size=1)),
    action("key_down", keys=held, seconds=st.none() | st.floats(0, 600)),
    action("key_up", keys=held),
    action("mouse_down", point=st.none() | points, button=buttons),
    action("mouse_up", point=st.none() | points, button=buttons),
    action("button", name=st.sampled_from(["back", "volume_up", "power"])),
    action("open", target=st.text(min_size=1)),
    action("wait", seconds=st.floats(0, 60)),
    action("answer", text=st.text()),
    action("finish", status=st.sampled_from(["success", "failure"]), message=st.text()),
    action("ask_user", question=st.text(min_size=1)),
)


@given(actions)
def test_an_action_reads_back_from_its_json(done: AnyAction) -> None:
    assert parse_action(done.model_dump()) == done
    assert parse_action(json.loads(done.model_dump_json())) == done


@given(actions)
def test_an_action_is_described_in_one_line(done: AnyAction) -> None:
    assert describe(done)
    assert len(describe(done)) < 200
    assert "\n" not in describe(done)


@given(actions)
def test_only_actions_with_a_place_have_points(done: AnyAction) -> None:
    assert bool(points_of(done)) == bool(getattr(done, "point", None) or getattr(done, "path", None))


CLICK = {"type": "click", "point": [1, 2]}


@pytest.mark.parametrize(
    "hostile",
    [
        {},
        [],
        None,
        "click",
        [CLICK, CLICK],
        {"type": "exec", "code": "1"},
        {"type": ["click"]},
        {**CLICK, "point": [float("nan"), 1]},
        {**CLICK, "point": [1, float("inf")]},
        {**CLICK, "point": [1]},
        {**CLICK, "point": [1, 2, 3]},
        {**CLICK, "point": "1, 2"},
        {**CLICK, "command": "rm"},
        {**CLICK, "count": 10**9},
        {**CLICK, "count": 0},
        {**CLICK, "button": "side"},
        {**CLICK, "keys": ["hyper"]},
        {**CLICK, "keys": ["ctrl"] * 5},
        {"type": "scroll", "dy": 10**6},
        {"type": "drag", "path": [[1, 2]]},
        {"type": "drag", "path": [[1, 2]] * 257},
        {"type": "drag", "path": [[1, 2], [3, 4]], "seconds": float("inf")},
        {"type": "type", "text": "x" * 100_001},
        {"type": "type", "text": "\ud800"},
        {"type": "key", "chords": []},
        {"type": "key", "chords": ["ctrl+"]},
        {"type": "wait", "seconds": -1},
        {"type": "wait", "seconds": 61},
        {"type": "finish"},
    ],
)
def test_hostile_input_is_a_value_error(hostile: Any) -> None:
    with pytest.raises(ValueError):
        parse_action(hostile)


def test_the_schema_names_every_action_and_allows_nothing_else() -> None:
    schema = action_schema()
    assert set(schema["discriminator"]["mapping"]) == set(ACTION_TYPES)
    parts = [part for part in schema["$defs"].values() if "type" in part.get("properties", {})]
    assert len(parts) == len(ACTION_TYPES)
    assert all(part["additionalProperties"] is False for part in parts)


@pytest.mark.parametrize(("number", "words"), [(0, "0 steps"), (1, "1 step"), (2, "2 steps"), (1210, "1,210 steps")])
def test_a_number_and_its_noun_agree(number: int, words: str) -> None:
    assert plural(number, "step") == words


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("click", {"point": (1, 1), "count": 4}),
        ("click", {"point": (1, 1), "count": 0}),
        ("scroll", {"dy": 101}),
        ("scroll", {"dy": -101}),
        ("scroll", {"dx": 101}),
        ("scroll", {"dx": -101}),
        ("open", {"target": ""}),
    ],
)
def test_a_value_outside_its_limits_is_refused(kind: str, fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(reversed(fields))):
        parse_action({"type": kind, **fields})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"dy": -3}, "scroll 3 up"),
        ({"dy": 100}, "scroll 100 down"),
        ({"dx": -100, "dy": -100}, "scroll 100 left and 100 up"),
        ({"dx": 1}, "scroll 1 right"),
    ],
)
def test_a_scroll_says_its_ways(fields: dict[str, int], words: str) -> None:
    assert describe(parse_action({"type": "scroll", **fields})) == words
