"""The rules of settling, on made-up pictures and times."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.frame import Box
from envs.settle import Ambient, Pixels, Rules, Settler, changed_regions, wait_until_settled
from tests.properties import examples

RULES = Rules()
SIZE = (200, 320)
CARET, CLOCK, DIALOG, BUTTON = Box(50, 40, 51, 60), Box(270, 2, 318, 16), Box(80, 60, 240, 160), Box(20, 100, 60, 120)


def blank() -> Pixels:
    return np.full((*SIZE, 4), 200, np.uint8)


def painted(picture: Pixels, *boxes: Box, shade: int = 0) -> Pixels:
    new = picture.copy()
    for box in boxes:
        x1, y1, x2, y2 = map(int, box)
        new[y1:y2, x1:x2] = shade
    return new


class Film:
    """Feeds a settler a picture every 16 ms; `events` are (time, box): the box gets another shade."""

    def __init__(self, events: list[tuple[float, Box]], ambient: Ambient | None = None, rules: Rules = RULES) -> None:
        self.picture = blank()
        self.settler = Settler(self.picture, 0.0, rules, ambient)
        self.events = sorted(events)

    def run(self) -> tuple[bool, float, float | None]:
        now = 0.0
        while True:
            while self.events and self.events[0][0] <= now:
                self.picture = painted(self.picture, self.events.pop(0)[1], shade=50 * len(self.events) % 199)
            self.settler.feed(now, self.picture)
            if self.settler.done() or self.settler.expired(now):
                result = self.settler.result(now)
                return result.settled, result.seconds, result.last_change
            now += 0.016


boxes = st.builds(
    lambda x, y, w, h: Box(x, y, min(x + w, SIZE[1]), min(y + h, SIZE[0])),
    st.integers(0, SIZE[1] - 1), st.integers(0, SIZE[0] - 1), st.integers(1, 150), st.integers(1, 150),
)  # fmt: skip


@given(boxes)
def test_a_changed_rectangle_is_found_to_the_pixel(box: Box) -> None:
    assert changed_regions(blank(), painted(blank(), box)) == [box]


@given(st.lists(boxes, max_size=6))
def test_every_changed_pixel_is_in_a_region_and_every_region_touches_a_change(changed: list[Box]) -> None:
    after = painted(blank(), *changed)
    found = changed_regions(blank(), after)
    mask = (after != blank()).any(axis=2)
    covered = np.zeros(SIZE, bool)
    for box in found:
        x1, y1, x2, y2 = map(int, box)
        assert mask[y1:y2, x1:x2].any()
        covered[y1:y2, x1:x2] = True
    assert not (mask & ~covered).any()


def test_things_apart_are_two_regions_and_another_size_is_one_whole_change() -> None:
    assert sorted(changed_regions(blank(), painted(blank(), CARET, CLOCK))) == sorted([CARET, CLOCK])
    other = np.zeros((100, 100, 4), np.uint8)
    assert changed_regions(blank(), other) == [Box(0, 0, 100, 100)]


def test_an_unchanged_screen_is_known_to_be_so_after_the_reaction_time() -> None:
    settled, seconds, last = Film([]).run()
    assert settled
    assert last is None
    assert RULES.reaction <= seconds <= RULES.reaction + 0.02


@examples(200)
@given(st.lists(st.floats(0.0, 0.09), min_size=1, max_size=20))
def test_settled_comes_within_150_ms_of_the_last_change_and_never_before_it(gaps: list[float]) -> None:
    times = list(np.cumsum(gaps))
    settled, seconds, last = Film([(t, DIALOG) for t in times]).run()
    assert settled
    assert last is not None
    assert seconds >= last + RULES.quiet
    assert seconds <= times[-1] + 0.15


def test_after_typing_a_late_answer_is_waited_for() -> None:
    events = [(0.02, CARET.grown(10)), (0.155, BUTTON)]
    assert Film(events).run()[1] < 0.155
    assert 0.17 <= Film(events, rules=RULES.for_typing()).run()[1] < 0.2


def test_a_second_change_that_comes_in_the_quiet_window_is_waited_for() -> None:
    settled, seconds, _ = Film([(0.02, BUTTON), (0.10, DIALOG)]).run()
    assert settled
    assert seconds >= 0.2


@pytest.mark.parametrize("period", [0.3, 0.5, 0.6])
@pytest.mark.parametrize("phase", [0.0, 0.1, 0.2])
def test_a_blinking_caret_delays_nothing(period: float, phase: float) -> None:
    blinks = [(phase + n * period, CARET) for n in range(20)]
    assert Film(blinks).run()[1] <= RULES.reaction + 0.02
    settled, seconds, last = Film([*blinks, (0.05, DIALOG)]).run()
    assert settled
    assert last == pytest.approx(0.064, abs=0.017)
    assert seconds <= 0.05 + 0.15


def test_a_clock_that_ticked_before_is_ignored_and_one_unseen_costs_nothing_after_the_change() -> None:
    ambient = ticking()
    assert Film([(0.1, CLOCK)], ambient).run()[2] is None
    for when in (0.08, 0.10, 0.13):
        assert Film([(0.05, DIALOG), (when, CLOCK)]).run()[1] <= 0.05 + 0.15


def ticking() -> Ambient:
    """What is known after the clock has changed twice."""
    ambient = Ambient(RULES)
    ambient.note(blank(), painted(blank(), CLOCK))
    ambient.note(painted(blank(), CLOCK), blank())
    return ambient


def test_one_late_change_makes_no_place_deaf() -> None:
    ambient = Ambient(RULES)
    ambient.note(blank(), painted(blank(), CLOCK))
    ambient.note(painted(blank(), CLOCK), painted(blank(), CLOCK))
    assert Film([(0.1, CLOCK)], ambient).run()[2] is not None


def test_a_place_that_rests_is_forgotten() -> None:
    ambient = ticking()
    for _ in range(40):
        ambient.note(blank(), blank())
    assert not ambient.covers(CLOCK)


def test_a_large_change_while_nobody_acted_is_news_and_not_ambient() -> None:
    ambient = Ambient(RULES)
    ambient.note(blank(), painted(blank(), Box(0, 0, 320, 100)))
    assert not ambient.covers(Box(10, 10, 20, 20))


def test_the_late_answer_to_an_action_is_no_place_that_changes_by_itself() -> None:
    ambient = Ambient(RULES)
    for _ in range(4):
        ambient.note(blank(), painted(blank(), CLOCK), lambda _: False)
        ambient.note(painted(blank(), CLOCK), blank(), lambda box: box != CLOCK)
    assert not ambient.covers(CLOCK)


def faded(shades: list[int]) -> float:
    """Seconds until a place settles that goes through `shades`, 16 ms each, and then rests."""
    settler, now = Settler(blank(), 0.0), 0.0
    while not settler.done():
        settler.feed(now, painted(blank(), BUTTON, shade=shades[min(int(now / 0.016 + 0.5), len(shades) - 1)]))
        now += 0.016
    return now - 0.016


def test_the_end_of_a_fade_is_not_waited_for_and_its_middle_is() -> None:
    assert faded([190, 90, 40, *range(38, 32, -1)]) == pytest.approx(2 * 0.016 + RULES.quiet, abs=0.017)
    assert faded([*range(190, 30, -3)]) >= 50 * 0.016


def test_a_faint_change_where_nothing_changed_yet_is_a_change() -> None:
    assert faded([196]) == pytest.approx(RULES.reaction, abs=0.017), "it may be a pressed button's"
    assert faded([200, 150, 200]) == pytest.approx(RULES.reaction, abs=0.017), "and this was one"


def test_an_ambient_place_that_starts_to_move_is_a_change() -> None:
    ambient = ticking()
    assert Film([(n * 0.04, CLOCK) for n in range(200)], ambient).run()[0] is False


def test_what_moves_partly_through_an_ambient_place_is_followed_all_the_way() -> None:
    ambient = ticking()
    steps = [Box(100 + 9 * n, 2, 109 + 9 * n, 16) for n in range(22)]
    settled, seconds, _ = Film([(0.06 * n, box) for n, box in enumerate(steps)], ambient).run()
    assert settled
    assert seconds >= 0.06 * 21 + RULES.quiet


def test_a_thin_thing_that_grows_is_a_movement_and_not_a_caret() -> None:
    slices = [(n * 0.032, Box(20 + 3 * n, 100, 23 + 3 * n, 120)) for n in range(20)]
    settled, seconds, _ = Film(slices).run()
    assert settled
    assert seconds >= slices[-1][0] + RULES.quiet


def test_a_picture_that_never_rests_ends_at_the_deadline_unsettled() -> None:
    settled, seconds, last = Film([(n * 0.03, DIALOG) for n in range(400)]).run()
    assert not settled
    assert RULES.timeout <= seconds <= RULES.timeout + 0.05
    assert last is not None
    assert last > RULES.timeout - 0.1


def test_at_scale_two_a_caret_has_twice_the_size() -> None:
    caret = Box(50, 40, 56, 120)
    plain, doubled = Settler(blank(), 0.0), Settler(blank(), 0.0, scale=2.0)
    for settler in (plain, doubled):
        settler.feed(0.1, painted(blank(), caret))
    assert plain.result(1).last_change == pytest.approx(0.1)
    assert doubled.result(1).last_change is None


def test_the_wait_looks_until_the_pictures_rest() -> None:
    pictures = [painted(blank(), DIALOG, shade=n) for n in range(5)]
    left = iter(pictures)
    result, last = wait_until_settled(lambda: next(left, pictures[-1]), blank())
    assert result.settled
    assert np.array_equal(last, pictures[-1])
    assert result.last_change is not None
    assert result.seconds - result.last_change < 0.15


@pytest.mark.parametrize("back", [True, False])
def test_a_button_that_is_drawn_pressed_and_then_as_before_has_changed_nothing(back: bool) -> None:
    before, pressed = blank(), painted(blank(), Box(40, 40, 120, 80), shade=90)
    pictures = iter([pressed])
    after = before if back else pressed
    settled, last = wait_until_settled(lambda: next(pictures, after), before, Rules(reaction=0.05, quiet=0.02))
    assert (settled.changed, np.array_equal(last, before)) == (not back, back)
    assert settled.last_change is not None
