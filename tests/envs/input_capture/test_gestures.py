"""Events into actions, without a device."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.action import Button, Click, Drag, Key, LongPress, Scroll, TypeText, move_points
from actions.frame import Point
from envs.input_capture.events import Clicked, Down, Event, Moved, Pressed, Turned, Typed, Unknown, Up
from envs.input_capture.gestures import DOUBLE, TEXT_PAUSE, Gesture, Gestures, Touch, simplified


def done(*events: Event, touch: Touch | None = None) -> list[Gesture]:
    gestures = Gestures(touch or Touch())
    found = [gesture for event in events for gesture in gestures.feed(event)]
    return found + gestures.flush()


def actions(*events: Event) -> list[object]:
    return [gesture.action for gesture in done(*events)]


def click(at: float, x: float = 10, y: float = 10, button: str = "left", keys: tuple[str, ...] = ()) -> list[Event]:
    return [Down(at, x, y, button, keys), Up(at + 0.05, x, y, button)]  # type: ignore[arg-type]


def test_presses_that_belong_together_are_one_click() -> None:
    one = Click(point=Point(10, 10))
    assert actions(*click(1)) == [one]
    assert actions(*click(1), *click(1.2)) == [one.model_copy(update={"count": 2})]
    assert actions(*click(1), *click(1.2), *click(1.4)) == [one.model_copy(update={"count": 3})]
    assert [a.count for a in actions(*click(1), *click(1.2), *click(1.4), *click(1.6))] == [3, 1]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "second",
    [
        click(1 + DOUBLE + 0.01),
        click(1.2, x=16),
        click(1.2, button="right"),
        click(1.2, keys=("ctrl",)),
    ],
)
def test_presses_that_do_not_are_two(second: list[Event]) -> None:
    found = done(*click(1), *second)
    assert [gesture.action.count for gesture in found] == [1, 1]  # type: ignore[union-attr]


def test_a_click_waits_for_a_second_one_only_so_long() -> None:
    gestures = Gestures()
    for event in click(1):
        assert gestures.feed(event) == []
    assert gestures.busy
    assert gestures.tick(1 + DOUBLE) == []
    assert [g.action for g in gestures.tick(1 + DOUBLE + 0.01)] == [Click(point=Point(10, 10))]
    assert not gestures.busy


def test_holding_is_a_long_press_and_moving_is_a_drag() -> None:
    assert actions(Down(1, 5, 5), Up(2.5, 6, 5)) == [LongPress(point=Point(5, 5), seconds=1.5)]
    assert actions(Down(1, 5, 5, "right"), Up(2.5, 5, 5, "right")) == [Click(point=Point(5, 5), button="right")]
    drag = actions(Down(1, 0, 0, "left", ("shift",)), Moved(1.2, 50, 1), Moved(1.3, 100, 0), Up(1.4, 100, 80))
    assert drag == [Drag(path=(Point(0, 0), Point(100, 0), Point(100, 80)), seconds=0.4, keys=("shift",))]
    there_and_back = actions(Down(1, 0, 0), Moved(1.1, 60, 0), Up(1.3, 0, 0))
    assert there_and_back == [Drag(path=(Point(0, 0), Point(60, 0), Point(0, 0)), seconds=0.3)]
    assert actions(Down(1, 5, 5), Moved(1.05, 11, 5), Up(1.1, 11, 5)) == [Click(point=Point(5, 5))]


def test_notches_one_way_are_one_scroll() -> None:
    turned = [Turned(1 + n / 10, 50, 60 + n, 0, 1) for n in range(5)]
    assert actions(*turned) == [Scroll(point=Point(50, 60), dy=5)]
    assert [a.dy for a in actions(*turned, Turned(1.5, 50, 60, 0, -1))] == [5, -1]  # type: ignore[attr-defined]
    assert [a.dy for a in actions(*turned, Turned(9, 50, 60, 0, 1))] == [5, 1]  # type: ignore[attr-defined]
    assert [a.dy for a in actions(*(Turned(1, 5, 5, 0, 1) for _ in range(150)))] == [100, 50]  # type: ignore[attr-defined]
    assert len(actions(Turned(1, 5, 5, 0, 1), Turned(1, 5, 5, 0, 1, ("ctrl",)))) == 2


def test_characters_are_one_text_until_something_else_or_a_pause() -> None:
    typed = [Typed(1 + n / 10, char) for n, char in enumerate("hé llo")]
    found = actions(*typed, Pressed(2, "enter"), Typed(2.1, "x"))
    assert found == [TypeText(text="hé llo"), Key(chords=("enter",)), TypeText(text="x")]
    gestures = Gestures()
    for event in typed:
        gestures.feed(event)
    assert gestures.starts == {1.0}
    assert gestures.tick(1.5 + TEXT_PAUSE + 0.1, keep_text=True) == []
    assert gestures.text is not None
    assert len(gestures.tick(1.5 + TEXT_PAUSE + 0.1)) == 1


def test_the_same_chord_again_is_one_action() -> None:
    presses = [Pressed(1 + n / 5, "down") for n in range(3)]
    assert actions(*presses, Pressed(1.8, "enter")) == [Key(chords=("down",) * 3), Key(chords=("enter",))]
    assert len(actions(Pressed(1, "down"), Pressed(3, "down"))) == 2


def test_what_no_action_can_say_is_counted() -> None:
    gestures = Gestures()
    assert gestures.feed(Unknown(1, "mouse button 9")) == []
    assert gestures.feed(Unknown(2, "mouse button 9")) == []
    assert gestures.unknown == {"mouse button 9": 2}
    assert gestures.feed(Up(3, 1, 1)) == []
    assert [g.action for g in gestures.feed(Clicked(4, "back"))] == [Button(name="back")]


def test_a_finger_has_androids_rules() -> None:
    finger = Touch.finger(480)
    assert [type(g.action) for g in done(Down(1, 50, 50), Up(1.6, 55, 50), touch=finger)] == [LongPress]
    assert [type(g.action) for g in done(Down(1, 50, 50), Moved(1.1, 70, 50), Up(1.2, 70, 50), touch=finger)] == [Click]
    keys = done(*click(1, 100, 900), *click(1.2, 190, 900), touch=finger)
    assert [g.action.count for g in keys] == [1, 1]  # type: ignore[union-attr]


points = st.builds(Point, st.integers(0, 2000), st.integers(0, 2000))


@given(st.lists(points, min_size=2, max_size=120), st.floats(0.5, 20))
def test_a_simplified_path_keeps_its_ends_and_stays_near(path: list[Point], epsilon: float) -> None:
    kept = simplified(path, epsilon)
    assert kept[0] == path[0]
    assert kept[-1] == path[-1]
    assert 2 <= len(kept) <= min(len(path), 256)
    assert set(kept) <= set(path)
    for point in path:
        near = min(_apart(point, a, b) for a, b in pairwise(kept))
        assert near <= epsilon + 1e-6


def _apart(p: Point, a: Point, b: Point) -> float:
    length = math.dist(a, b) ** 2
    along = 0.0 if not length else min(max(((p.x - a.x) * (b.x - a.x) + (p.y - a.y) * (b.y - a.y)) / length, 0), 1)
    return math.dist(p, (a.x + along * (b.x - a.x), a.y + along * (b.y - a.y)))


events = st.lists(
    st.one_of(
        st.builds(Down, st.just(0.0), st.integers(0, 99), st.integers(0, 99)),
        st.builds(Moved, st.just(0.0), st.integers(0, 99), st.integers(0, 99)),
        st.builds(Up, st.just(0.0), st.integers(0, 99), st.integers(0, 99)),
        st.builds(Turned, st.just(0.0), st.integers(0, 99), st.integers(0, 99), st.just(0), st.sampled_from([-1, 1])),
        st.builds(Typed, st.just(0.0), st.characters(categories=["L"])),
        st.builds(Pressed, st.just(0.0), st.sampled_from(["enter", "ctrl+s"])),
    ),
    max_size=60,
)


@given(events, st.lists(st.floats(0, 3), min_size=60, max_size=60))
def test_nothing_typed_is_lost_and_nothing_is_out_of_order(script: list[Event], gaps: list[float]) -> None:
    now, timed = 0.0, []
    for event, gap in zip(script, gaps, strict=False):
        now += gap
        timed.append(type(event)(now, *list(vars(event).values())[1:]))
    found = done(*timed)
    text = "".join(g.action.text for g in found if isinstance(g.action, TypeText))
    assert text == "".join(event.text for event in timed if isinstance(event, Typed))
    notches = sum(abs(g.action.dy) for g in found if isinstance(g.action, Scroll))
    assert notches == sum(isinstance(event, Turned) for event in timed)
    assert all(g.start <= g.end for g in found)
    assert [g.end for g in found] == sorted(g.end for g in found)


def test_points_are_moved_in_order() -> None:
    drag = Drag(path=(Point(0, 0), Point(1, 1)))
    assert move_points(drag, [Point(5, 5), Point(6, 6)]) == Drag(path=(Point(5, 5), Point(6, 6)))
    assert move_points(Key(chords=("enter",)), []) == Key(chords=("enter",))
    with pytest.raises(ValueError, match="as many"):
        move_points(drag, [Point(1, 1)])
