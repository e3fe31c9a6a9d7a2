"""Damage to the structure of answers, over every grammar: never another action, no exception but the parse error."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.action import AnyAction, Click, Drag, Finish, Key, Scroll, TypeText, Wait
from actions.frame import Frame
from agent.core.model import ParseError
from agent.models.dialects.dialect import Dialect, Platform, UnsupportedAction
from agent.models.dialects.registry import DIALECTS
from agent.models.dialects.tool_call import HARMLESS
from tests.agent.models.test_dialects import SPOKEN, grid_point
from tests.properties import examples

FRAME = Frame(id="0", width=1932, height=1092)
WRONG: tuple[Any, ...] = (5, -3.5, True, None, "", "x", [], {}, [1], [[]], {"x": 1}, ["a", "b"], [None, None], 10**40)
PARTS = ("x", "y", "to_x", "to_y")
"""Arguments that are a number of a place, and another place as another number."""
UNKNOWN = ("force", "angle", "button2", "mode", "=coordinate", "Text", "relative", "to")
FIELD = re.compile(
    r"""(?P<name>[A-Za-z_]\w*)(?P<sign>=|['"]\s*:\s*)(?P<value>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\[[^\[\]]*\]|\([^()]*\)|[-\d.]+)"""
)


def samples(dialect: Dialect, platform: Platform) -> Iterator[tuple[AnyAction, str]]:
    """Actions of every kind with the answer that says them, where the family can."""
    a, b = grid_point(dialect, FRAME, platform, 0.31, 0.62), grid_point(dialect, FRAME, platform, 0.47, 0.25)
    kinds: tuple[AnyAction, ...] = (
        *(Click(point=b), Click(point=b, count=2), Click(point=b, button="right"), Drag(path=(a, b)), Scroll(dy=5)),
        *(TypeText(text="abc"), TypeText(text="abc\n"), TypeText(text="abc", clear=True), Key(chords=("ctrl+c",))),
        *(Wait(seconds=5.0), Finish(status="success"), Finish(status="failure"), Finish(status="success", message="m")),
    )
    for action in kinds:
        try:
            yield action, dialect.format(action, FRAME, platform, pointer=a)
        except UnsupportedAction:
            continue


def parsed(dialect: Dialect, platform: Platform, text: str) -> AnyAction | None:
    """The action, None for a parse error; any other exception is the test's failure."""
    try:
        return dialect.parse(text, FRAME, platform, pointer=grid_point(dialect, FRAME, platform, 0.31, 0.62)).action
    except ParseError:
        return None


def with_argument(text: str, name: str, value: Any) -> Iterator[str]:
    """`text` with one more argument in each of its calls or objects that has arguments."""
    if "</function>" in text:
        said = value if isinstance(value, str) else json.dumps(value)
        yield text.replace("</function>", f"<parameter={name}>\n{said}\n</parameter>\n</function>")
        return
    if "'action'" in text:
        yield text.replace("'action'", f"'{name}': {value!r}, 'action'", 1)
        return
    if "\tsummary:" in text:
        yield text.replace("\tsummary:", f"\t{name}:{value}\tsummary:")
        return
    if '"arguments": {' in text or '"action_type"' in text or text.lstrip().startswith("{"):
        named = max(text.rfind(f'"{key}"') for key in ("action", "tool_name", "action_type"))
        at = named if named >= 0 else text.index(",") + 1
        yield f"{text[:at]}{json.dumps(name)}: {json.dumps(value)}, {text[at:]}"
        return
    for match in list(re.finditer(r"\)", text))[-1:]:
        inner = "" if text[match.start() - 1] == "(" else ", "
        yield f"{text[: match.start()]}{inner}{name}={value!r}{text[match.start() :]}"


@pytest.mark.parametrize(("name", "platform"), SPOKEN)
def test_an_argument_that_nobody_knows_is_never_lost(name: str, platform: Platform) -> None:
    dialect, seen = DIALECTS[name], 0
    for _, text in samples(dialect, platform):
        for unknown in UNKNOWN:
            for value in ("x", 3, ["a"]):
                for damaged in with_argument(text, unknown, value):
                    seen += 1
                    assert parsed(dialect, platform, damaged) is None, damaged
    assert seen > 50 or name.startswith("os-atlas")


@pytest.mark.parametrize(("name", "platform"), SPOKEN)
def test_what_only_tells_why_changes_nothing(name: str, platform: Platform) -> None:
    dialect = DIALECTS[name]
    for action, text in samples(dialect, platform):
        for told in sorted(HARMLESS):
            if f'"{told}"' in text or f"'{told}'" in text:
                continue
            for damaged in with_argument(text, told, "the save button"):
                assert parsed(dialect, platform, damaged) in (action, None)


def retyped(text: str, value: Any) -> Iterator[tuple[str, str]]:
    """`text` with one value after another replaced by `value`; and the name it stands under."""
    written: Callable[[Any], str] = (
        json.dumps if re.search('"(?:arguments|action_type)"', text) or text.lstrip().startswith("{") else repr
    )
    for match in FIELD.finditer(text):
        yield match.group("name"), text[: match.start("value")] + written(value) + text[match.end("value") :]


@pytest.mark.parametrize(("name", "platform"), SPOKEN)
def test_a_value_of_another_type_is_no_exception_and_no_other_place(name: str, platform: Platform) -> None:
    dialect = DIALECTS[name]
    for action, text in samples(dialect, platform):
        for value in WRONG:
            for field, damaged in retyped(text, value):
                found = parsed(dialect, platform, damaged)
                if isinstance(action, (Click, Drag)) and isinstance(found, (Click, Drag)) and field not in PARTS:
                    assert found == action, damaged
                if not isinstance(action, Finish):
                    assert not isinstance(found, Finish), damaged


@pytest.mark.parametrize(("name", "platform"), SPOKEN)
def test_a_call_that_is_only_begun_is_none(name: str, platform: Platform) -> None:
    """Although the model stopped by itself: what it would have clicked, or said of the end, is not known."""
    dialect = DIALECTS[name]
    for _, text in samples(dialect, platform):
        for begun in re.finditer(r"\w\(", text):
            assert parsed(dialect, platform, text[: begun.end()]) is None, text[: begun.end()]


PIECES = st.sampled_from(
    [
        *("{", "}", "[", "]", "(", ")", '"', "'", ",", ":", "=", "\n", "\\", " ", "```", "<tool_call>", "</tool_call>"),
        *(
            "null",
            "True",
            "NaN",
            "-1",
            "0.5",
            '"action"',
            '"keys"',
            "key=",
            "finish(",
            "terminate",
            "<answer>",
            "Action:",
        ),
    ]
)


@pytest.mark.parametrize(("name", "platform"), SPOKEN)
@examples(30)
@given(data=st.data())
def test_swapped_structure_raises_nothing_but_the_parse_error(
    name: str, platform: Platform, data: st.DataObject
) -> None:
    dialect = DIALECTS[name]
    _, text = data.draw(st.sampled_from(list(samples(dialect, platform))))
    for _ in range(data.draw(st.integers(1, 4))):
        start, end = sorted(data.draw(st.integers(0, len(text))) for _ in range(2))
        kind = data.draw(st.sampled_from(["put in", "cut out", "doubled", "moved"]))
        part = data.draw(PIECES) if kind == "put in" else text[start:end]
        rest = text[:start] + text[end:] if kind in ("cut out", "moved") else text
        at = data.draw(st.integers(0, len(rest)))
        text = rest if kind == "cut out" else rest[:at] + part + rest[at:]
    parsed(dialect, platform, text)
