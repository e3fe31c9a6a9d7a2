"""``input`` and ``ime``."""

from __future__ import annotations

import time

from actions.frame import Point
from envs.phone.device import PhoneDevice
from envs.phone.phone_facts import SECOND_ID
from envs.phone.sh import CommandCall

KEYCODES = {
    3: "HOME", 4: "BACK", 19: "DPAD_UP", 20: "DPAD_DOWN", 21: "DPAD_LEFT", 22: "DPAD_RIGHT", 23: "DPAD_CENTER",
    24: "VOLUME_UP", 25: "VOLUME_DOWN", 26: "POWER",
    27: "CAMERA", 28: "CLEAR", 61: "TAB", 62: "SPACE", 66: "ENTER", 67: "DEL", 82: "MENU",
    84: "SEARCH", 92: "PAGE_UP", 93: "PAGE_DOWN", 111: "ESCAPE", 112: "FORWARD_DEL", 122: "MOVE_HOME", 123: "MOVE_END",
    164: "VOLUME_MUTE", 187: "APP_SWITCH", 223: "SLEEP", 224: "WAKEUP", 277: "CUT", 278: "COPY", 279: "PASTE",
}  # fmt: skip
"""Android's key codes (``KeyEvent.java``) that this phone has; digits and letters are added below."""
KEYCODES |= {57: "ALT_LEFT", 58: "ALT_RIGHT", 59: "SHIFT_LEFT", 60: "SHIFT_RIGHT", 113: "CTRL_LEFT", 114: "CTRL_RIGHT"}
KEYCODES |= {7 + n: str(n) for n in range(10)} | {29 + n: chr(ord("A") + n) for n in range(26)}
_TYPED = dict(zip((55, 56, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 81, 17, 18), ",.`-=[]\\;'/@+*#", strict=True))
_NAMES = (
    "COMMA PERIOD GRAVE MINUS EQUALS LEFT_BRACKET RIGHT_BRACKET BACKSLASH SEMICOLON APOSTROPHE SLASH AT PLUS STAR POUND"
)
_SIGNS = dict(zip(_NAMES.split(), _TYPED.values(), strict=True))
KEYCODES |= dict(zip(_TYPED, _SIGNS, strict=True))
_IGNORED = {
    5: "CALL", 6: "ENDCALL", 79: "HEADSETHOOK", 85: "MEDIA_PLAY_PAUSE", 86: "MEDIA_STOP", 87: "MEDIA_NEXT",
    88: "MEDIA_PREVIOUS", 89: "MEDIA_REWIND", 90: "MEDIA_FAST_FORWARD", 91: "MUTE", 115: "CAPS_LOCK", 124: "INSERT",
    126: "MEDIA_PLAY", 127: "MEDIA_PAUSE", 219: "ASSIST", 220: "BRIGHTNESS_DOWN", 221: "BRIGHTNESS_UP",
} | {130 + n: f"F{n}" for n in range(1, 13)}  # fmt: skip
"""Keys that nothing here answers to."""
KEYCODES |= _IGNORED | {83: "NOTIFICATION"}
_CONTROL = {"A": "selectAll", "C": "copy", "V": "paste", "X": "cut"}
_NUMBERS = {name: number for number, name in KEYCODES.items()}

_DOM_KEYS = {
    "DPAD_UP": ("ArrowUp", 38),
    "DPAD_DOWN": ("ArrowDown", 40),
    "DPAD_LEFT": ("ArrowLeft", 37),
    "DPAD_RIGHT": ("ArrowRight", 39),
    "TAB": ("Tab", 9),
    "PAGE_UP": ("PageUp", 33),
    "PAGE_DOWN": ("PageDown", 34),
    "ESCAPE": ("Escape", 27),
    "FORWARD_DEL": ("Delete", 46),
    "MOVE_HOME": ("Home", 36),
    "MOVE_END": ("End", 35),
}
_USAGE = """Usage: input [<source>] [-d DISPLAY_ID] <command> [<arg>...]

The commands and default sources are:
      text <string> (Default: keyboard)
      keyevent [--longpress|--duration <duration to hold key down in ms>] [--doubletap] [--delay <duration between
              keycodes in ms>] <key code number or name> ... (Default: keyboard)
      keycombination [-t duration(ms)] <key code 1> <key code 2> ... (Default: keyboard)
      tap <x> <y> (Default: touchscreen)
      swipe <x1> <y1> <x2> <y2> [duration(ms)] (Default: touchscreen)
      draganddrop <x1> <y1> <x2> <y2> [duration(ms)] (Default: touchscreen)
      press (Default: trackball)
      roll <dx> <dy> (Default: trackball)
      motionevent <DOWN|UP|MOVE|CANCEL> <x> <y> (Default: touchscreen)"""
_SOURCES = frozenset({"touchscreen", "keyboard", "touchpad", "mouse", "stylus", "dpad", "trackball"})
IMES = {
    "com.handeye.keyboard/.Keyboard": "Handeye keyboard",
    "com.android.adbkeyboard/.AdbIME": "ADB keyboard (simulated)",
    "com.github.uiautomator/.AdbKeyboard": "uiautomator2 keyboard (simulated)",
}


def input_(phone: PhoneDevice, call: CommandCall) -> int:
    """``input tap|swipe|draganddrop|motionevent|text|keyevent|keycombination|roll``, until what it did is drawn."""
    words = list(call.argv[1:])
    if words and words[0] in _SOURCES:
        words.pop(0)
    if words[:1] == ["-d"]:
        phone = phone.second if phone.second and words[1:2] == [str(SECOND_ID)] else phone
        del words[:2]
    if not words:
        return call.fail(_USAGE, 255)
    status = _done(phone, call, words[0], words[1:])
    phone.screen.drawn()
    return status


def _done(phone: PhoneDevice, call: CommandCall, name: str, rest: list[str]) -> int:
    """The exit status of one command."""
    try:
        if name == "tap" and len(rest) == 2:
            phone.touch([_point(rest)], 0.04)
        elif name in ("swipe", "draganddrop") and len(rest) in (4, 5):
            seconds = int(rest[4]) / 1000 if len(rest) == 5 else 0.3
            hold = 0.6 if name == "draganddrop" else 0.0
            _swipe(phone, _point(rest[:2]), _point(rest[2:4]), seconds, hold)
        elif name == "motionevent" and len(rest) in (1, 3):
            return _motion(phone, call, rest)
        elif name == "text" and len(rest) == 1:
            return _text(phone, call, rest[0])
        elif (name == "press" and not rest) or (name == "roll" and len(rest) == 2 and _point(rest)):
            pass  # of a trackball, which this phone has not
        elif name == "keyevent" and rest:
            return _keys(phone, call, rest)
        elif name == "keycombination" and len(rest) > 1:
            return _combination(phone, call, rest)
        else:
            return call.fail(_USAGE, 255)
    except ValueError:
        return call.fail(f"Error: Invalid arguments for command: {name}", 255)
    return 0


def _point(words: list[str]) -> Point:
    return Point(float(words[0]), float(words[1]))


def _swipe(phone: PhoneDevice, start: Point, end: Point, seconds: float, hold: float) -> None:
    if start == end or not hold:
        phone.touch([start, end], min(seconds, 60.0))
        return
    phone.touch([start, start, end], hold + seconds)


def _motion(phone: PhoneDevice, call: CommandCall, rest: list[str]) -> int:
    events = {"DOWN": "touchStart", "MOVE": "touchMove", "UP": "touchEnd", "CANCEL": "touchCancel"}
    event = events.get(rest[0].upper())
    if event is None or (len(rest) == 1 and event != "touchCancel"):
        return call.fail(f"Error: unknown motion event {rest[0]}", 255)
    at = _point(rest[1:]) if len(rest) == 3 and event in ("touchStart", "touchMove") else None
    if phone.look()["awake"]:
        if event == "touchEnd" and len(rest) == 3:
            phone.screen.touch_event("touchMove", _point(rest[1:]))
        phone.screen.touch_event(event, at)
    return 0


def _text(phone: PhoneDevice, call: CommandCall, text: str) -> int:
    """Characters of a US keyboard only, as on a phone; ``%s`` is a blank."""
    if any(not " " <= c <= "~" for c in text):
        call.write_error(
            b"java.lang.NullPointerException: Attempt to get length of null array\n"
            b"\tat com.android.server.input.InputShellCommand.sendText(InputShellCommand.java:305)\n"
        )
        return 255
    if phone.look()["awake"] and phone.look()["focused"]:
        phone.screen.type(text.replace("%s", " "))
    return 0


def _keys(phone: PhoneDevice, call: CommandCall, rest: list[str]) -> int:
    """``[--longpress|--duration MS] [--doubletap] [--delay MS] KEYS``; a long press of the power key opens a
    menu on a phone, so that nothing sleeps; of other keys it is a press here."""
    options = {word for word in rest if word in ("--longpress", "--doubletap", "--press")}
    words, pause = [word for word in rest if word not in options], 0.0
    while words and words[0] in ("--delay", "--duration"):
        pause = int(words[1]) / 1000 if len(words) > 1 and words[0] == "--delay" else pause
        del words[:2]
    names = _named(call, words)
    for n, name in enumerate(names):
        time.sleep(min(pause, 60.0) if n else 0.0)
        for _ in range(2 if "--doubletap" in options else 0 if "--longpress" in options and name == "POWER" else 1):
            press(phone, name)
    return 0 if names else 255


def _combination(phone: PhoneDevice, call: CommandCall, rest: list[str]) -> int:
    """``[-t MS] KEYS`` held together: Ctrl with A, C, V or X in a field; no other combination does anything here."""
    names = _named(call, rest[2:] if rest[0] == "-t" else rest)
    command = _CONTROL.get(names[-1]) if len(names) == 2 and names[0] in ("CTRL_LEFT", "CTRL_RIGHT") else None
    if command and phone.look()["awake"]:
        phone.screen.apply("(command) => system.edit(command)", command)
    return 0 if names else 255


def _named(call: CommandCall, words: list[str]) -> list[str]:
    """The names of keys; none, and an error written, where one is unknown."""
    found = [(word, _key(word)) for word in words or [""]]
    unknown = next((word for word, name in found if name is None), None)
    if unknown is not None:
        call.fail(f"Error: unknown key {unknown}")
        return []
    return [name for _, name in found if name is not None]


def _key(word: str) -> str | None:
    name = word.upper().removeprefix("KEYCODE_")
    if word.isdecimal():
        return KEYCODES.get(int(name))
    return name if name in _NUMBERS else None


def press(phone: PhoneDevice, name: str) -> None:
    """One key of the phone or of a keyboard, by Android's name without ``KEYCODE_``."""
    now = phone.look()
    phone.inputs.key(name)
    if name in ("POWER", "SLEEP", "WAKEUP"):
        _power(phone, name, awake=now["awake"])
    elif name in ("HOME", "BACK", "APP_SWITCH", "MENU"):
        phone.screen.apply("(name) => system.key(name)", name)
        phone.wait_ready()
    elif name.startswith("VOLUME"):
        _volume(phone, name)
    elif name == "NOTIFICATION":
        phone.screen.ask("system.expand()")
    elif now["awake"] and not now["locked"]:
        _field_key(phone, name)


def _power(phone: PhoneDevice, name: str, *, awake: bool) -> None:
    if name == "WAKEUP" or (name == "POWER" and not awake):
        phone.screen.ask("system.wake()")
    elif name in ("SLEEP", "POWER"):
        locks = phone.state.get("secure", "lockscreen.disabled") != "1"
        phone.screen.apply("(lock) => system.sleep(lock)", locks)


def _volume(phone: PhoneDevice, name: str) -> None:
    level = int(phone.state.get("system", "volume_music") or 0)
    level = 0 if name == "VOLUME_MUTE" else level + (1 if name == "VOLUME_UP" else -1)
    phone.state.put("system", "volume_music", str(min(15, max(0, level))))
    phone.screen.apply("(text) => system.toast(text)", f"Volume {min(15, max(0, level))}")


def _field_key(phone: PhoneDevice, name: str) -> None:
    if name in ("ENTER", "DPAD_CENTER", "SEARCH"):
        phone.screen.ask("system.enter()")
    elif name == "DEL":
        phone.screen.ask("system.edit('delete')")
    elif name in ("CUT", "COPY", "PASTE"):
        phone.screen.apply("(command) => system.edit(command)", name.lower())
    elif name in _DOM_KEYS:
        key, number = _DOM_KEYS[name]
        phone.screen.press(key, key, number)
    elif name == "SPACE" or len(name) == 1:
        phone.screen.type(" " if name == "SPACE" else name.lower())
    elif name in _SIGNS:
        phone.screen.type(_SIGNS[name])


def _ime(name: str) -> str:
    """As Android's ``InputMethodInfo.dump`` writes it."""
    package, _, kind = name.partition("/")
    return (
        f"{name}:\n  mId={name} mSettingsActivityName=null mIsVrOnly=false mSupportsSwitchingToNextInputMethod=false\n"
        f"  mIsDefaultResId=0x0\n  Service:\n    priority=0 preferredOrder=0 match=0x108000 specificIndex=-1 "
        f"isDefault=false\n    ServiceInfo:\n      name={package}{kind}\n      packageName={package}\n"
        "      enabled=true exported=true\n"
    )


def ime(phone: PhoneDevice, call: CommandCall) -> int:
    """``ime list [-s] [-a] | set ID | enable ID | disable ID | reset``."""
    words = call.argv[1:]
    enabled = (phone.state.get("secure", "enabled_input_methods") or "").split(":")
    if words[:1] == ("list",):
        known = IMES if "-a" in words else enabled
        call.out("".join(f"{name}\n" if "-s" in words else _ime(name) for name in known))
        return 0
    if words[:1] == ("reset",):
        phone.state.put("secure", "default_input_method", next(iter(IMES)))
        phone.screen.ask("system.useKeyboard(true)")
        call.out("Reset current and enabled IMEs for user #0\n")
        return 0
    if len(words) != 2 or words[0] not in ("set", "enable", "disable"):
        return call.fail("Unknown command")
    if words[0] == "disable" and words[1] not in enabled:
        call.out(f"Input method {words[1]}: already disabled for user #0\n")
        return 0
    if words[1] not in IMES:
        return call.fail(f"Unknown input method {words[1]} cannot be {words[0]}d for user #0")
    if words[0] == "set":
        if words[1] not in enabled:
            return call.fail(f"Input method {words[1]} cannot be selected for user #0: not enabled")
        phone.state.put("secure", "default_input_method", words[1])
        phone.screen.apply("(drawn) => system.useKeyboard(drawn)", words[1] == next(iter(IMES)))
        call.out(f"Input method {words[1]} selected for user #0\n")
        return 0
    left = [name for name in enabled if name != words[1]] + ([words[1]] if words[0] == "enable" else [])
    phone.state.put("secure", "enabled_input_methods", ":".join(left))
    call.out(f"Input method {words[1]}: now {words[0]}d for user #0\n")
    return 0
