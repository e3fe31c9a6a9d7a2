"""Keys as models write them: one reader for every family."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.action import Key
from actions.keys import ALIASES, NAMED
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.keys import key_names, key_text, read_keys


@pytest.mark.parametrize(
    ("written", "chords"),
    [
        *(
            ("ctrl + shift + t", ["ctrl+shift+t"]),
            ("ctrl, c", ["ctrl+c"]),
            ("ctrl-c", ["ctrl+c"]),
            ("ctrl c", ["ctrl+c"]),
        ),
        *(("page down", ["pagedown"]), ("ctrl page down", ["ctrl+pagedown"]), ("page-down", ["pagedown"])),
        *((["ctrl", "A"], ["ctrl+a"]), ("ctrl A", ["ctrl+a"]), (["A"], ["a"]), ("A", ["shift+a"])),
        *(
            (["up", "up", "up"], ["up"] * 3),
            ("up up", ["up"] * 2),
            (["down", "down", "enter"], ["down", "down", "enter"]),
        ),
        *((["ctrl", "c", "ctrl", "v"], ["ctrl+c", "ctrl+v"]), (["ctrl+c", "ctrl+v"], ["ctrl+c", "ctrl+v"])),
        *(
            (["alt+f", "s"], ["alt+f", "s"]),
            (["ctrl", "shift+t"], ["ctrl+shift+t"]),
            (["shift", "shift"], ["shift"] * 2),
        ),
        *(("ctrl++", ["ctrl+plus"]), ("ctrl +", ["ctrl+plus"]), ("ctrl--", ["ctrl+-"]), ("ctrl ,", ["ctrl+,"])),
        *(
            ("+", ["plus"]),
            ("-", ["-"]),
            (" ", ["space"]),
            ("CTRL_A", ["ctrl+a"]),
            ("ctrl_page_down", ["ctrl+pagedown"]),
        ),
        *((["['ctrl", "a']"], ["ctrl+a"]), ("['ctrl', 'c']", ["ctrl+c"]), (["ctrl", 5], ["ctrl+5"])),
        *((["ctrl+'"], ["ctrl+'"]), (["ctrl+]"], ["ctrl+]"]), (["'a'"], ["a"]), (["'"], ["'"])),
        *(("KEYCODE_DEL", ["backspace"]), ("del", ["delete"]), ("Control_L Return", ["ctrl+enter"])),
        *(("f 5", ["f5"]), ("ctrl f 5", ["ctrl+f5"]), (["f", "5"], ["f+5"]), ("⌘+c", ["super+c"])),
        *(("minus", ["-"]), ("super_r", ["super"]), ("KP_1", ["1"]), ("altgr", ["altgr"]), ("volume up", ["volumeup"])),
    ],
)
def test_keys_as_models_write_them(written: object, chords: list[str]) -> None:
    assert read_keys(written) == Key(chords=tuple(chords))


def test_presses_repeat_the_keys() -> None:
    assert read_keys("tab", 3) == Key(chords=("tab",) * 3)
    with pytest.raises(Unreadable):
        read_keys("tab", 65)


@pytest.mark.parametrize(
    "wrong", [[], None, True, 12, {"a": 1}, [["a"]], "", "ctrl+", "a" * 500, ["ctrl", "frob"], 1.5]
)
def test_what_is_no_key_is_refused(wrong: object) -> None:
    with pytest.raises(Unreadable, match=r"\A[^\n]*key[^\n]*\Z"):
        read_keys(wrong)


def test_the_nearest_key_is_named() -> None:
    with pytest.raises(Unreadable, match="unknown key 'entr' \\(nearest: 'enter'\\)"):
        read_keys(["ctrl", "entr"])


KEYS = st.sampled_from([*NAMED, *"abz019-,./"])


@given(st.lists(st.lists(KEYS, min_size=1, max_size=3, unique=True).map("+".join), min_size=1, max_size=3))
def test_what_can_be_written_is_read_as_it_was_meant(chords: list[str]) -> None:
    action = Key(chords=tuple(chords))
    for written in (key_names(action), key_text(action), key_text(action, "+")):
        assert written is None or read_keys(written) == action
    if len(chords) == 1 and len(set(chords[0].split("+"))) == len(chords[0].split("+")):
        assert key_names(action) == chords[0].split("+")


@given(
    st.lists(st.sampled_from([*NAMED, *ALIASES, "A", "z", "+", "-", ""]), max_size=4),
    st.sampled_from([" ", "+", "-", ", ", "_"]),
)
def test_any_names_with_any_separator_are_keys_or_refused(names: list[str], separator: str) -> None:
    for written in (names, separator.join(names)):
        with suppress(Unreadable):
            assert read_keys(written).chords
