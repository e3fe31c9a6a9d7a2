"""What the pointer highlights or opens on its way to a press, on drawn screens."""

from __future__ import annotations

import numpy as np

from actions.frame import Frame
from envs.capture import to_rgb
from envs.input_capture.hovering import approached
from envs.input_capture.screen_history import TimedPicture

BLANK = np.full((400, 600, 4), 200, np.uint8)


def picture(seen: float, *boxes: tuple[int, int, int, int]) -> TimedPicture:
    pixels = BLANK.copy()
    for x1, y1, x2, y2 in boxes:
        pixels[y1:y2, x1:x2] = 60
    return TimedPicture(seen, pixels, Frame(id="0", width=600, height=400), None, to_rgb)


def way(start: float, a: tuple[int, int], b: tuple[int, int]) -> list[tuple[float, float, float]]:
    return [(start + n / 50, a[0] + (b[0] - a[0]) * n / 10, a[1] + (b[1] - a[1]) * n / 10) for n in range(11)]


def test_a_light_under_the_pointer_is_not_on_the_step_s_screen() -> None:
    plain, lit = picture(1.0), picture(5.15, (280, 180, 360, 210))
    trail = way(5.0, (50, 50), (300, 195))
    seen = approached([plain, lit], trail, 2.0, (5.6, 300, 195), lit)
    assert seen.picture is plain
    assert seen.hover is None


def test_what_changed_elsewhere_or_is_large_is() -> None:
    trail = way(5.0, (50, 50), (300, 195))
    for box in ((20, 350, 60, 380), (250, 150, 400, 300)):
        plain, changed = picture(1.0), picture(5.4, box)
        press = (5.6, 300, 195)
        assert approached([plain, changed], trail, 2.0, press, changed).picture is changed


def test_a_menu_that_opened_under_the_resting_pointer_is_a_move() -> None:
    plain, opened = picture(1.0), picture(5.5, (200, 40, 300, 240))
    trail = [*way(5.0, (400, 300), (120, 60)), *way(6.2, (120, 60), (250, 200))]
    seen = approached([plain, opened], trail, 2.0, (6.8, 250, 200), opened)
    assert seen.hover is not None
    assert seen.hover[0][1:] == (120, 60)
    assert seen.hover[1] is plain


def test_the_menu_and_what_was_chosen_in_it_are_without_lights_too() -> None:
    plain, lit = picture(1.0), picture(5.1, (100, 40, 190, 70))
    opened = picture(5.5, (100, 40, 190, 70), (200, 40, 300, 240))
    chosen = picture(7.0, (100, 40, 190, 70), (200, 40, 300, 240))
    chosen.pixels[190:215, 200:300] = 120
    trail = [*way(5.0, (400, 300), (120, 60)), *way(6.0, (120, 60), (250, 60)), *way(6.8, (250, 60), (250, 200))]
    seen = approached([plain, lit, opened, chosen], trail, 2.0, (7.4, 250, 200), chosen)
    assert seen.hover is not None
    assert seen.hover[1] is plain
    assert seen.picture is opened


def test_the_effect_of_the_action_before_is_no_hovering() -> None:
    plain, opened = picture(1.0), picture(2.1, (200, 40, 300, 240))
    trail = way(2.02, (210, 30), (250, 200))
    seen = approached([plain, opened], trail, 2.0, (2.6, 250, 200), opened)
    assert seen.hover is None
    assert seen.picture is opened


def test_without_a_trail_the_screen_is_the_one_at_the_press() -> None:
    now = picture(3.0)
    assert approached([picture(1.0), now], [], 2.0, (4.0, 5, 5), now).picture is now
