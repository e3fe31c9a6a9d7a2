"""The shape of answers: what a dialect writes has it, and what has it can be read."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from actions.action import (
    Answer,
    AnyAction,
    AskUser,
    Button,
    Click,
    Drag,
    Finish,
    Key,
    LongPress,
    Move,
    Open,
    Scroll,
    TypeText,
    Wait,
)
from actions.frame import Frame, Point
from agent.models.dialects import regex
from agent.models.dialects.dialect import Dialect, Platform, UnsupportedAction, Use
from agent.models.dialects.registry import DIALECTS
from agent.models.dialects.shape import shape_of
from agent.models.endpoints.continuation import shortest_text
from agent.models.endpoints.endpoint import Shape
from tests.properties import examples

FRAMES = [Frame(id="1", width=w, height=h) for w, h in ((1920, 1080), (1080, 2400), (641, 480))]
SAME = {"internvl2.5", "os-atlas-pro-4b"}  # speak as qwen2-vl and os-atlas-pro do
SPOKEN = [(name, platform) for name, dialect in DIALECTS.items() if name not in SAME for platform in dialect.decide]
NO_PLACE_SHAPE = {
    *("qwen2-vl", "ui-tars-1.0", "os-atlas-base", "os-atlas-base-4b", "os-atlas-pro", "os-atlas-pro-4b", "aguvis"),
    *("holo2", "infigui-g1", "autoglm-phone", "mai-ui", "cogagent", "qwen3-vl", "qwen3.5"),
    *("qwen3.5-tools", "openai-computer", "anthropic-computer"),
    *("opencua", "kimi-vl", "ui-ins", "phi-ground", "locateanything", "gemma", "gelab", "glm-v", "agentcpm-gui"),
}
QUICK = examples(4)

# Numbers -------------------------------------------------------------------------------------------------------------


@given(st.integers(-3000, 3000), st.integers(0, 4000), st.integers(-9000, 9000))
def test_whole_numbers_in_a_range(low: int, more: int, number: int) -> None:
    pattern = regex.whole(low, low + more)
    assert bool(re.fullmatch(pattern, str(number))) == (low <= number <= low + more)
    for edge in (low - 1, low, low + more, low + more + 1):
        assert bool(re.fullmatch(pattern, str(edge))) == (low <= edge <= low + more)
    assert not re.fullmatch(pattern, f"0{number}")


@given(st.integers(0, 9), st.integers(0, 700), st.integers(-9999, 800000).map(lambda n: n / 1000))
def test_decimals_in_a_range(low: int, more: int, number: float) -> None:
    assert bool(re.fullmatch(regex.decimal(low, low + more, 3), f"{number:.3f}")) == (low <= number <= low + more)


@given(st.text("Action: \nxA", max_size=40))
def test_text_without_a_word(text: str) -> None:
    fits = re.fullmatch(regex.without("Action:") + "\n", text + "\n")
    assert bool(fits) == ("Action:" not in text)


# What is written fits, what fits is read -----------------------------------------------------------------------------

LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")) | st.just(" ")
WORDS = st.text(LETTERS, max_size=30)
TEXT = WORDS | st.sampled_from(["it's", 'say "hi"', "a\nb\tc\\d", "C:\\new", "１２、「", "don't"])
HELD = st.sampled_from([(), ("ctrl",), ("alt",), ("ctrl", "shift"), ("super",)])
KEYS = st.tuples(HELD, st.sampled_from(["a", "7", "f5", "enter", "pagedown", "space", "left", "-"]))
SECONDS = st.integers(0, 60).map(float) | st.integers(0, 600).map(lambda n: n / 10)


def actions(a: Point, b: Point) -> st.SearchStrategy[AnyAction]:
    buttons = st.sampled_from(["back", "home", "recents", "menu", "enter", "power", "volume_up", "camera"])
    buttons_of_a_mouse = st.sampled_from(["left", "middle", "right"])
    way = st.sampled_from([0, 5, -5, 1, 100])
    return st.one_of(
        st.builds(Click, point=st.just(b), button=buttons_of_a_mouse, count=st.integers(1, 3)),
        st.builds(LongPress, point=st.just(b), seconds=st.just(1.0) | SECONDS),
        st.just(Drag(path=(a, b))),
        st.just(Move(point=b)),
        st.builds(Scroll, point=st.sampled_from([None, b]), dx=way, dy=way),
        st.builds(TypeText, text=TEXT | TEXT.map(lambda text: text + "\n"), clear=st.booleans()),
        st.builds(Key, chords=KEYS.map(lambda keys: ("+".join((*keys[0], keys[1])),))),
        st.builds(Button, name=buttons),
        st.builds(Open, target=TEXT.filter(bool) | st.just("https://example.org/?a=1")),
        st.builds(Wait, seconds=SECONDS.filter(lambda seconds: seconds <= 60)),
        st.builds(Answer, text=TEXT),
        st.builds(Finish, status=st.sampled_from(["success", "failure"]), message=st.just("") | TEXT),
        st.builds(AskUser, question=TEXT.filter(bool) | st.just("The model asks for your help to go on.")),
    )


def points(frame: Frame) -> st.SearchStrategy[Point]:
    return st.builds(Point, st.floats(0, frame.width - 1e-3), st.floats(0, frame.height - 1e-3))


def shape(dialect: Dialect, use: Use, frame: Frame, pointer: bool = True) -> Shape:
    found = shape_of(dialect, use, frame, pointer=pointer)
    assert found is not None
    return found


def held(shape: Shape, text: str) -> Any:
    assert text.startswith(shape.before)
    assert text.endswith(shape.after)
    return json.loads(text[len(shape.before) : len(text) - len(shape.after)])


@pytest.mark.parametrize(("name", "platform"), SPOKEN)
@QUICK
@given(data=st.data())
def test_every_answer_that_is_written_fits(name: str, platform: Platform, data: st.DataObject) -> None:
    dialect, frame = DIALECTS[name], data.draw(st.sampled_from(FRAMES))
    a, b = data.draw(points(frame)), data.draw(points(frame))
    action = data.draw(actions(a, b))
    try:
        text = dialect.format(action, frame, platform, pointer=a)
    except UnsupportedAction:
        assume(False)
    wanted = shape(dialect, platform, frame)
    assert re.fullmatch(wanted.pattern or "", text), text
    if wanted.schema is not None:
        jsonschema.validate(held(wanted, text), wanted.schema)


@pytest.mark.parametrize(
    ("name", "use", "text"),
    [
        *(("os-atlas-pro", "desktop", text) for text in ("`0", "a`b", "0")),
        *(("gelab", "mobile", text) for text in ("`", "`0", "0`", "[0]", "a:b", "a", "a b")),
    ],
)
def test_a_text_of_a_line_that_is_written_fits(name: str, use: Platform, text: str) -> None:
    dialect, frame, at = DIALECTS[name], FRAMES[0], Point(0, 0)
    written = dialect.format(TypeText(text=text), frame, use, pointer=at)
    assert re.fullmatch(shape(dialect, use, frame).pattern or "", written)
    assert dialect.parse(written, frame, use, pointer=at).action == TypeText(text=text)


@pytest.mark.parametrize(("name", "platform"), SPOKEN)
@QUICK
@given(data=st.data())
def test_every_answer_that_fits_is_one_action(name: str, platform: Platform, data: st.DataObject) -> None:
    dialect, frame, pointer = DIALECTS[name], data.draw(st.sampled_from(FRAMES)), data.draw(st.booleans())
    wanted = shape(dialect, platform, frame, pointer)
    text = data.draw(st.from_regex(wanted.pattern or "", fullmatch=True))
    at = Point(frame.width / 2, 5) if pointer else None
    reading = dialect.parse(text, frame, platform, pointer=at)
    assert reading.action
    if wanted.schema is not None:
        jsonschema.validate(held(wanted, text), wanted.schema)


@pytest.mark.parametrize("name", sorted(set(DIALECTS) - NO_PLACE_SHAPE))
@QUICK
@given(data=st.data())
def test_every_place_that_fits_is_read(name: str, data: st.DataObject) -> None:
    dialect, frame = DIALECTS[name], data.draw(st.sampled_from(FRAMES))
    wanted = shape(dialect, "locate", frame)
    text = data.draw(st.from_regex(wanted.pattern or "", fullmatch=True))
    spot = dialect.parse_place(text, frame)
    assert (spot.point is not None) != bool(spot.reason)


@pytest.mark.parametrize("name", ["cogagent", "holo1"])
def test_the_shortest_answer_fits(name: str) -> None:
    pattern = shape(DIALECTS[name], "desktop", FRAMES[0]).pattern or ""
    assert re.fullmatch(pattern, shortest_text(pattern))


@pytest.mark.parametrize("name", sorted(NO_PLACE_SHAPE))
def test_families_without_a_form_of_their_own_are_left_free(name: str) -> None:
    assert shape_of(DIALECTS[name], "locate", FRAMES[0]) is None
