"""Reading ``getevent``: what other phones print, and every way a phone can be turned."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.frame import Point
from envs.input_capture.android import Panel, TouchReader, panels_on, read_panels
from envs.input_capture.events import Clicked, Down, Event, Moved, Unknown, Up
from envs.phone.inputdevice import InputDevices, written

LISTED = """add device 1: /dev/input/event5
  name:     "gpio-keys"
  events:
    KEY (0001): KEY_VOLUMEDOWN        KEY_VOLUMEUP
  input props:
    <none>
add device 2: /dev/input/event2
  name:     "fts_ts"
  events:
    KEY (0001): KEY_WAKEUP            BTN_TOOL_FINGER       BTN_TOUCH
    ABS (0003): ABS_MT_SLOT           : value 0, min 0, max 9, fuzz 0, flat 0, resolution 0
                ABS_MT_TOUCH_MAJOR    : value 0, min 0, max 2400, fuzz 0, flat 0, resolution 0
                ABS_MT_POSITION_X     : value 0, min 0, max 10799, fuzz 0, flat 0, resolution 0
                ABS_MT_POSITION_Y     : value 0, min 0, max 23999, fuzz 0, flat 0, resolution 0
                ABS_MT_TRACKING_ID    : value 0, min 0, max 65535, fuzz 0, flat 0, resolution 0
  input props:
    INPUT_PROP_DIRECT
could not get driver version for /dev/input/mice, Not a typewriter
"""
TAP = """[   88.100000] /dev/input/event2: EV_ABS       ABS_MT_TRACKING_ID   0000002a
[   88.100000] /dev/input/event2: EV_KEY       BTN_TOUCH            DOWN
[   88.100000] /dev/input/event2: EV_KEY       BTN_TOOL_FINGER      DOWN
[   88.100000] /dev/input/event2: EV_ABS       ABS_MT_POSITION_X    00000fa0
[   88.100000] /dev/input/event2: EV_ABS       ABS_MT_POSITION_Y    00001f40
[   88.100000] /dev/input/event2: EV_SYN       SYN_REPORT           00000000
[   88.180000] /dev/input/event2: EV_ABS       ABS_MT_TRACKING_ID   ffffffff
[   88.180000] /dev/input/event2: EV_KEY       BTN_TOUCH            UP
[   88.180000] /dev/input/event2: EV_SYN       SYN_REPORT           00000000
"""
PINCH = """[   89.0] /dev/input/event2: EV_ABS ABS_MT_TRACKING_ID 00000001
[   89.0] /dev/input/event2: EV_ABS ABS_MT_POSITION_X 00000010
[   89.0] /dev/input/event2: EV_SYN SYN_REPORT 00000000
[   89.1] /dev/input/event2: EV_ABS ABS_MT_SLOT 00000001
[   89.1] /dev/input/event2: EV_ABS ABS_MT_TRACKING_ID 00000002
[   89.1] /dev/input/event2: EV_SYN SYN_REPORT 00000000
[   89.2] /dev/input/event2: EV_ABS ABS_MT_TRACKING_ID ffffffff
[   89.2] /dev/input/event2: EV_SYN SYN_REPORT 00000000
[   89.3] /dev/input/event2: EV_ABS ABS_MT_SLOT 00000000
[   89.3] /dev/input/event2: EV_ABS ABS_MT_TRACKING_ID ffffffff
[   89.3] /dev/input/event2: EV_SYN SYN_REPORT 00000000
"""


def read(text: str, rotation: int = 0, size: tuple[int, int] = (1080, 2400)) -> list[Event]:
    reader = TouchReader(read_panels(LISTED), lambda: (size, rotation))
    found: list[Event] = []
    for line in text.splitlines():
        stamp = re.match(r"\[ *([\d.]+)\]", line)
        found += reader.feed(line + "\r", 400.0 + (float(stamp[1]) if stamp else 0.0))
    return found


def test_the_touchscreen_is_found_by_its_axes() -> None:
    assert read_panels(LISTED) == {"/dev/input/event2": Panel(0, 10799, 0, 23999)}
    assert read_panels("") == {}


def test_a_tap_has_its_place_and_times() -> None:
    down, up = read(TAP)
    assert isinstance(down, Down)
    assert (down.x, down.y) == (400, 800)
    assert isinstance(up, Up)
    assert up.time - down.time == pytest.approx(0.08)


def test_two_fingers_are_no_action_and_the_next_finger_is_one_again() -> None:
    events = read(PINCH + TAP)
    assert [type(event) for event in events] == [Unknown, Down, Up]


def test_buttons() -> None:
    lines = [
        f"[  1.0] /dev/input/event5: EV_KEY {key} {way}" for key in ("KEY_VOLUMEUP", "KEY_F1") for way in ("DOWN", "UP")
    ]
    volume, other = read("\n".join(lines))
    assert isinstance(volume, Clicked)
    assert volume.name == "volume_up"
    assert isinstance(other, Unknown)


@given(st.text(max_size=200))
def test_anything_else_says_nothing(text: str) -> None:
    read(text)


@given(
    st.integers(0, 3),
    st.lists(st.tuples(st.integers(0, 1079), st.integers(0, 2399)), min_size=1, max_size=12),
)
def test_what_the_simulated_phone_prints_is_read_back_however_it_is_turned(
    quarter: int, path: list[tuple[int, int]]
) -> None:
    """Positions are of the display as it is turned: the two conversions are each other's inverse."""
    size = (1080, 2400) if quarter % 2 == 0 else (2400, 1080)
    places = [(x, y) if quarter % 2 == 0 else (y, x) for x, y in path]
    devices = InputDevices((1080, 2400), lambda: quarter)
    listener = devices.listen()
    devices.touch("touchStart", Point(*places[0]))
    for place in places[1:]:
        devices.touch("touchMove", Point(*place))
    devices.touch("touchEnd", None)
    reader = TouchReader({"/dev/input/event1": Panel(0, 1079, 0, 2399)}, lambda: (size, quarter * 90))
    found: list[Event] = []
    while not listener.empty():
        found += reader.feed(written(listener.get(), labels=True, times=True), 1000.0)
    read_back = [(event.x, event.y) for event in found if isinstance(event, Down | Moved)]
    assert [(round(x), round(y)) for x, y in read_back] == places


TOUCHSCREENS = """Event Hub State:
  Devices:
    2: fts_ts
      Classes: KEYBOARD | TOUCH | TOUCH_MT
      Path: /dev/input/event2
      Enabled: true
    7: second touch
      Classes: TOUCH | TOUCH_MT
      Path: /dev/input/event7
      Enabled: true
    9: outer
      Path: /dev/input/event9
Input Reader State (Nums of device: 3):
  Device 3: fts_ts
    EventHub Devices: [ 2 ]
    Touch Input Mapper (mode - DIRECT):
      Viewport INTERNAL: displayId=0, uniqueId=local:11, port=0, orientation=0, isActive=[1]
  Device 8: second touch
    EventHub Devices: [ 6 7 ]
      Viewport EXTERNAL: displayId=2, uniqueId=local:33, port=2, orientation=0, isActive=[1]
  Device 10: outer
    EventHub Devices: [ 9 ]
      Viewport INTERNAL: displayId=-1, uniqueId=, port=<none>, orientation=0, isActive=[0]
  Configuration:
    Viewports:
      Viewport VIRTUAL: displayId=5, uniqueId=virtual:x, orientation=0
"""


@pytest.mark.parametrize(("display", "found"), [(0, "29"), (2, "7"), (5, "")])
def test_each_touchscreen_is_of_the_display_that_android_has_it_on(display: int, found: str) -> None:
    one = Panel(0, 9, 0, 9)
    panels = {f"/dev/input/event{n}": one for n in (2, 7, 9)}
    assert panels_on(panels, TOUCHSCREENS, display) == {f"/dev/input/event{n}": one for n in found}
    assert panels_on(panels, "", display) == (panels if display == 0 else {})
