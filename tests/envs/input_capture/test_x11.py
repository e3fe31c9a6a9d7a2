"""Captured mouse and keyboard input of a real display; xdotool sends it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from actions.action import TypeText
from actions.frame import Frame
from actions.input_backend import InputBackend
from actions.x11 import X11Device
from envs.env import EnvError
from envs.input_capture.events import Down, Event, Moved, Pressed, Turned, Typed, Up
from envs.input_capture.keymap import Compose, compose_table
from envs.input_capture.screen_history import Damage
from envs.input_capture.x11 import X11Listener
from envs.sandbox import SandboxEnv
from tests.waiting import until

pytestmark = pytest.mark.desktop


@pytest.fixture
def listener(screen: SandboxEnv) -> Iterator[X11Listener]:
    listener = X11Listener(screen.display)
    yield listener
    listener.close()


def xdotool(screen: SandboxEnv, command: str) -> None:
    """Run a shell line on the display."""
    env = {**os.environ, "DISPLAY": screen.display}
    subprocess.run(["sh", "-ec", command], env=env, check=True, timeout=30)


def received(listener: X11Listener, count: int) -> list[Event]:
    events: list[Event] = []

    def enough() -> bool:
        while not listener.events.empty():
            event = listener.events.get()
            assert event is not None
            events.append(event)
        return len(events) >= count

    until(enough, say=lambda: events)
    return events


def words(listener: X11Listener, count: int) -> str:
    return "".join(event.text for event in received(listener, count) if isinstance(event, Typed))


def test_the_mouse(screen: SandboxEnv, listener: X11Listener) -> None:
    xdotool(screen, "xdotool mousemove 100 200 click 1 mousemove 300 220 click 5 keydown ctrl click 3 keyup ctrl")
    events = received(listener, 7)
    kinds = [type(event) for event in events]
    assert kinds == [Moved, Down, Up, Moved, Turned, Down, Up]
    assert [event.time for event in events] == sorted(event.time for event in events)
    down, wheel, right = events[1], events[4], events[5]
    assert isinstance(down, Down)
    assert (down.x, down.y, down.button, down.keys) == (100, 200, "left", ())
    assert isinstance(wheel, Turned)
    assert (wheel.x, wheel.y, wheel.dx, wheel.dy) == (300, 220, 0, 1)
    assert isinstance(right, Down)
    assert (right.button, right.keys) == ("right", ("ctrl",))


def test_text_is_what_programs_get_whatever_keys_it_took(screen: SandboxEnv, listener: X11Listener) -> None:
    text = "Héllo, WÖRLD! €5 +1 → 日本 привет"
    xdotool(screen, f"xdotool type --delay 3 '{text}'")
    assert words(listener, len(text)) == text


def test_text_that_our_own_hands_type_is_heard_too(screen: SandboxEnv, listener: X11Listener) -> None:
    text = "naïve façade, Ωμέγα 🎉 and plain"
    backend = InputBackend(X11Device(screen.display))
    backend.perform(TypeText(text=text), Frame(id="0", width=100, height=100))
    backend.close()
    assert words(listener, len(text)) == text


def test_chords_and_keys_have_our_names(screen: SandboxEnv, listener: X11Listener) -> None:
    keys = ("ctrl+s", "ctrl+shift+z", "shift+Tab", "alt+F4", "KP_Enter", "BackSpace", "Page_Down", "Super_L", "Escape")
    xdotool(screen, f"xdotool key {' '.join(keys)}")
    chords = [event.chord for event in received(listener, len(keys)) if isinstance(event, Pressed)]
    named = ["ctrl+s", "ctrl+shift+z", "shift+tab", "alt+f4", "enter", "backspace", "pagedown", "super", "escape"]
    assert chords == named


def test_a_lock_is_no_key_and_does_what_it_does(screen: SandboxEnv, listener: X11Listener) -> None:
    xdotool(screen, "xdotool key Caps_Lock key a key shift+b key 1 key Caps_Lock key a")
    assert words(listener, 4) == "Ab1a"


@pytest.mark.parametrize(
    ("layout", "keys", "text"),
    [
        ("us -variant intl", "dead_acute e dead_diaeresis U dead_tilde space", "éÜ~"),
        ("de", "z y udiaeresis", "zyü"),
        ("gr", "Greek_alpha Greek_OMEGA", "αΩ"),
        ("ru", "Cyrillic_ef", "ф"),
        ("us -option compose:ralt", "Multi_key apostrophe e Multi_key minus greater", "é→"),
    ],
)
def test_other_layouts_and_composed_letters(
    screen: SandboxEnv, listener: X11Listener, layout: str, keys: str, text: str
) -> None:
    try:
        xdotool(screen, f"setxkbmap -option '' {layout}; xdotool key --delay 20 {keys}")
        assert words(listener, len(text)) == text
    finally:
        xdotool(screen, "setxkbmap -option '' us")


def test_a_chord_on_a_layout_without_latin_letters_is_named_by_the_one_that_has_them(
    screen: SandboxEnv, listener: X11Listener
) -> None:
    try:
        xdotool(screen, "setxkbmap us,ru; xdotool key ISO_Next_Group; xdotool key ctrl+s")
        chords = [event.chord for event in received(listener, 1) if isinstance(event, Pressed)]
        assert chords[-1] == "ctrl+s"
    finally:
        xdotool(screen, "setxkbmap -option '' us")


def test_sequences_without_the_table_follow_unicode() -> None:
    bare = Compose({})
    assert bare.take(0xFE51) == ""
    assert bare.take(ord("e")) == "é"
    assert bare.take(ord("e")) is None
    assert bare.take(0xFE51) == ""
    assert bare.take(ord("1")) == ""
    assert compose_table(__import__("pathlib").Path("/nowhere")) == {}


def test_damage_tells_of_changes_only(screen: SandboxEnv) -> None:
    damage = Damage(screen.display)
    while damage.wait(0.2):
        pass
    assert not damage.wait(0.05)
    xdotool(screen, "xdotool mousemove 10 10")
    screen.launch(["xterm"])
    assert damage.wait(3)
    damage.close()
    with pytest.raises(EnvError):
        damage.wait(0.1)


def test_a_display_that_goes_away_ends_the_events() -> None:
    env = SandboxEnv(size=(640, 480))
    listener = X11Listener(env.display)
    env.close()
    assert listener.events.get(timeout=5) is None
    listener.close()
    with pytest.raises(EnvError, match="does not report its input"):
        X11Listener(":98765")
