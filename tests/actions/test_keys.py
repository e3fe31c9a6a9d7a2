from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.keys import ALIASES, NAMED, check_chord, check_key, split_chord

names = st.sampled_from([*NAMED, *ALIASES]) | st.characters(categories=["L", "N", "P", "S"])


@given(names)
def test_normalising_twice_changes_nothing_more(name: str) -> None:
    assert check_key(check_key(name)) == check_key(name)


@given(st.lists(names, min_size=1, max_size=4))
def test_a_chord_normalised_twice_stays_as_it_is(keys: list[str]) -> None:
    chord = check_chord("+".join("plus" if key == "+" else key for key in keys))
    assert check_chord(chord) == chord


@given(names, st.sampled_from([str.upper, str.title]))
def test_names_are_read_in_any_case(name: str, case: object) -> None:
    if len(name) > 1:
        assert check_key(case(name)) == check_key(name)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Ctrl+Shift+s", ("ctrl", "shift", "s")),
        ("ctrl+S", ("ctrl", "s")),
        ("ctrl++", ("ctrl", "plus")),
        ("+", ("plus",)),
        (" ", ("space",)),
        ("Page Down", ("pagedown",)),
        ("cmd + c", ("super", "c")),
        ("Control_L+Return", ("ctrl", "enter")),
        ("é", ("é",)),
        ("A", ("shift", "a")),
    ],
)
def test_chords_as_people_and_models_write_them(written: str, meant: tuple[str, ...]) -> None:
    assert split_chord(written) == meant


@pytest.mark.parametrize("wrong", ["", "ctrl+", "+ctrl", "hyper", "ctrl+hyper", "f25", "ab", "\x07", "ctrl+++", "a b"])
def test_unknown_is_an_error_and_never_a_default(wrong: str) -> None:
    with pytest.raises(ValueError, match="key"):
        split_chord(wrong)


def test_every_alias_leads_to_a_name() -> None:
    assert set(ALIASES.values()) <= set(NAMED)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(("minus", "-"), ("KP_1", "1"), ("kp_page_up", "pageup"), ("Super_R", "super"), ("ISO_Level3_Shift", "altgr")),
        *(
            ("num7", "7"),
            ("subtract", "-"),
            ("optionleft", "alt"),
            ("volumemute", "volumemute"),
            ("prtscr", "printscreen"),
        ),
        *(("KeyA", "a"), ("Digit1", "1"), ("NumpadAdd", "plus"), ("MetaLeft", "super"), ("BracketLeft", "[")),
        *(("volume up", "volumeup"), ("down arrow", "down"), ("Media_Next", "nexttrack"), ("AltGr", "altgr")),
    ],
)
def test_other_systems_spellings(written: str, meant: str) -> None:
    assert check_key(written) == meant


def test_an_unknown_key_is_told_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"unknown key 'Page_Dwn' \(nearest: 'page_down'\)"):
        check_key("Page_Dwn")


@pytest.mark.parametrize("digit", range(10))
@pytest.mark.parametrize("spelling", ["kp_{}", "numpad{}", "numpad_{}", "num{}", "digit{}", "Digit{}"])
def test_every_digit_has_each_spelling(digit: int, spelling: str) -> None:
    assert check_key(spelling.format(digit)) == str(digit)
