"""Marks on screens: at the right pixels, visible on any background, never a crash."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.action import AnyAction, Click, Drag, Key, LongPress, Move, Scroll, TypeText
from actions.frame import Box, Point
from agent.core.model import Grounding
from agent.views.drawing import COLOUR, Badge, Banner, Disc, Polyline, draw_action, draw_grounding, marks, unit
from tests.properties import examples


def plain(shade, width=640, height=400):
    return np.full((height, width, 3), shade, np.uint8)


def coloured(image):
    """Rows and columns of pixels in the marks' colour."""
    return np.nonzero((np.abs(image.astype(int) - COLOUR) < 30).all(axis=2))


def changed(before, after):
    return np.nonzero((before != after).any(axis=2))


@pytest.mark.parametrize("shade", [0, 255, 128, COLOUR[0]])
@pytest.mark.parametrize("scale", [1, 2, 4])
def test_a_click_is_centred_on_its_pixel_and_visible(shade, scale):
    image = plain(shade, 320 * scale, 200 * scale)
    point = Point(100 * scale + 0.7, 60 * scale)
    drawn = draw_action(image, Click(point=point))
    assert (image == shade).all()
    assert drawn.dtype == np.uint8
    assert drawn.shape == image.shape
    assert (drawn[60 * scale, 100 * scale] == shade).all(), "nothing is hidden"
    ys, xs = changed(image, drawn)
    assert (xs.min() + xs.max()) / 2 == pytest.approx(100 * scale, abs=0.5)
    assert (ys.min() + ys.max()) / 2 == pytest.approx(60 * scale, abs=0.5)
    reach = 18 * unit(image.shape[1], image.shape[0])
    assert reach <= (xs.max() - xs.min()) / 2 <= reach + 8 * scale
    contrast = np.abs(drawn[ys, xs].astype(int) - shade).max(axis=1)
    assert (contrast > 100).sum() > 20


def test_white_edges_stand_out_on_dark_and_colour_on_light():
    for action in (Click(point=(50, 50)), Drag(path=((30, 30), (200, 300))), Scroll(point=(90, 90), dy=4)):
        assert (draw_action(plain(0), action) > 180).all(axis=2).sum() > 30
        assert len(coloured(draw_action(plain(255), action))[0]) > 30


def test_count_button_and_keys_are_written():
    def words(action):
        return [shape.text for shape in marks(action, 640, 400) if isinstance(shape, Badge)]

    assert words(Click(point=(5, 5))) == []
    assert words(Click(point=(5, 5), count=2)) == ["2×"]
    assert words(Click(point=(5, 5), count=3, button="right", keys=("ctrl",))) == ["3× right ctrl+"]
    assert words(Click(point=(640, 5))) == ["outside the screen"]
    assert words(Move(point=(-1, 5))) == ["outside the screen"]
    assert words(LongPress(point=(5, 5), seconds=1.5)) == ["1.5 s"]
    assert words(Scroll(point=(5, 5), dx=-2, dy=7)) == ["2 ← 7 ↓"]
    assert words(Drag(path=((1, 1), (9, 9)), keys=("shift",))) == ["shift+"]
    plain_click, double = (draw_action(plain(255), Click(point=(50, 50), count=n)) for n in (1, 2))
    xs = changed(plain_click, double)[1]
    assert (xs > 50).all()
    assert len(xs) > 100


def test_a_badge_stays_on_the_screen_and_off_its_point():
    image = plain(255)
    for x, y in ((3, 3), (636, 3), (636, 396), (3, 396)):
        drawn = draw_action(image, Click(point=(x, y), count=2, button="middle", keys=("ctrl", "shift")))
        single = draw_action(image, Click(point=(x, y)))
        ys, xs = changed(single, drawn)
        assert len(xs) > 500
        assert np.hypot(xs - x, ys - y).min() > 5


def test_a_drag_runs_along_its_path_to_an_arrow_head():
    path = ((50, 50), (300, 60), (300, 300))
    drawn = draw_action(plain(255), Drag(path=path))
    for x, y in ((50, 50), (175, 55), (300, 180), (300, 290)):
        assert np.abs(drawn[y, x].astype(int) - COLOUR).max() < 60
    ys, xs = coloured(drawn)
    width = [np.ptp(xs[ys == y]) for y in (200, 294)]
    assert width[1] > width[0] + 2
    assert ys.max() == pytest.approx(300, abs=3)


@pytest.mark.parametrize(("dx", "dy"), [(0, 5), (0, -5), (5, 0), (-5, 0), (3, 3)])
def test_a_scroll_points_the_way_the_view_moves(dx, dy):
    shapes = marks(Scroll(point=(320, 200), dx=dx, dy=dy), 640, 400)
    line = next(s for s in shapes if isinstance(s, Polyline) and not s.filled)
    (x1, y1), (x2, y2) = line.points
    assert np.sign([x2 - x1, y2 - y1]).tolist() == np.sign([dx, dy]).tolist()
    assert isinstance(next(s for s in shapes if isinstance(s, Polyline) and s.filled), Polyline)


def test_words_go_into_a_banner_at_the_bottom():
    for action in (TypeText(text="Grüße عربى 🎉 " * 300), Key(chords=("ctrl+s",)), TypeText(text="\x00")):
        image = plain(90)
        ys, xs = changed(image, draw_action(image, action))
        assert len(xs) > 300
        assert ys.min() > 360
        assert xs.min() >= 0
        assert xs.max() - xs.min() < 640


def test_a_target_is_framed_and_pointed_at():
    image = plain(255)
    drawn = draw_grounding(image, Grounding(point=(300, 200), box=(200, 150, 400, 250), score=0.925))
    for x, y in ((200, 200), (400, 200), (300, 150), (300, 250), (300, 200)):
        near = drawn[y - 1 : y + 2, x - 1 : x + 2].astype(int)
        assert np.abs(near - COLOUR).max(axis=2).min() < 40, (x, y)
    assert (drawn[:140] == 255).all()
    refusal = changed(image, draw_grounding(image, Grounding(refused=True, reason="nothing fits")))
    assert refusal[0].min() > 360
    assert (draw_grounding(image, Grounding()) == image).all()
    draw_grounding(image, Grounding(box=Box(-1e12, 0, 1e300, 5), point=Point(1e300, -5)))


COORDINATES = st.floats(-1e300, 1e300) | st.floats(-50, 1500) | st.integers(-50, 1500)
POINTS = st.tuples(COORDINATES, COORDINATES)
ACTIONS = st.sampled_from(get_args(AnyAction))


@examples(150)
@given(ACTIONS, POINTS, st.lists(POINTS, min_size=2, max_size=6), st.text(min_size=1), st.data())
def test_any_action_can_be_drawn_on_any_frame(kind, point, path, text, data):
    width, height = data.draw(st.tuples(st.integers(1, 300), st.integers(1, 300)))
    fields = {"point": point, "path": path, "text": text, "target": text, "question": text, "message": text}
    fields |= {
        "chords": ["ctrl+s"],
        "keys": ["ctrl"],
        "name": "back",
        "dx": 3,
        "dy": -100,
        "status": "success",
        "count": 2,
    }
    action = kind.model_validate({name: fields[name] for name in fields if name in kind.model_fields})
    image = np.zeros((height, width, 3), np.uint8)
    drawn = draw_action(image, action)
    assert drawn.shape == image.shape
    assert not image.any()
    for shape in marks(action, width, height):
        if isinstance(shape, Disc):
            assert 0 <= shape.center.x <= width
            assert 0 <= shape.center.y <= height
        assert not isinstance(shape, Banner) or shape.text
