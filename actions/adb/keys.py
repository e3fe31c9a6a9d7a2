"""Android's names for keys and buttons (``KeyEvent.java``), without ``KEYCODE_``."""

from __future__ import annotations

from actions.action import ButtonName
from actions.adb.lines import Line, chain, command
from actions.backend import RefusedError
from actions.keys import MODIFIERS, split_chord

BUTTONS: dict[ButtonName, str] = {
    "back": "BACK",
    "home": "HOME",
    "recents": "APP_SWITCH",
    "menu": "MENU",
    "enter": "ENTER",
    "power": "POWER",
    "volume_up": "VOLUME_UP",
    "volume_down": "VOLUME_DOWN",
    "camera": "CAMERA",
    "clear": "CLEAR",
}
_NAMED = {
    "ctrl": "CTRL_LEFT",
    "shift": "SHIFT_LEFT",
    "alt": "ALT_LEFT",
    "super": "META_LEFT",
    "altgr": "ALT_RIGHT",
    "backspace": "DEL",
    "delete": "FORWARD_DEL",
    "home": "MOVE_HOME",
    "end": "MOVE_END",
    "pageup": "PAGE_UP",
    "pagedown": "PAGE_DOWN",
    "up": "DPAD_UP",
    "down": "DPAD_DOWN",
    "left": "DPAD_LEFT",
    "right": "DPAD_RIGHT",
    "capslock": "CAPS_LOCK",
    "numlock": "NUM_LOCK",
    "scrolllock": "SCROLL_LOCK",
    "printscreen": "SYSRQ",
    "pause": "BREAK",
    "volumeup": "VOLUME_UP",
    "volumedown": "VOLUME_DOWN",
    "volumemute": "VOLUME_MUTE",
    "playpause": "MEDIA_PLAY_PAUSE",
    "nexttrack": "MEDIA_NEXT",
    "prevtrack": "MEDIA_PREVIOUS",
    "-": "MINUS",
    "=": "EQUALS",
    ",": "COMMA",
    ".": "PERIOD",
    "/": "SLASH",
    "\\": "BACKSLASH",
    ";": "SEMICOLON",
    "'": "APOSTROPHE",
    "`": "GRAVE",
    "[": "LEFT_BRACKET",
    "]": "RIGHT_BRACKET",
    "plus": "PLUS",
}
_MOST_DELETED, _UNSEEN = 5000, 100
"""How many characters are deleted at most on each side of the cursor, and how many where the text cannot be seen."""
_SAME = ("enter", "tab", "space", "insert", "escape", "menu")


def key_line(chords: tuple[str, ...], *, combinations: bool) -> Line:
    """The command line that presses `chords` one after another.

    `combinations` says whether the device's ``input`` knows ``keycombination`` (Android 12 and later). Raises
    `RefusedError` for a key that Android has not, and for held keys where it does not know them.
    """
    return chain(*(_press(chord, combinations) for chord in chords))


def _press(chord: str, combinations: bool) -> Line:
    keys = split_chord(chord)
    if len(keys) == 1:
        return command("input", "keyevent", android_key(keys[0]))
    if keys[0] == "shift" and len(keys) == 2 and len(keys[1]) == 1 and keys[1].isascii() and keys[1].isalpha():
        return command("input", "text", keys[1].upper())
    if not combinations:
        raise RefusedError(f"this phone cannot hold {keys[0]} and press {keys[-1]}: Android 12 or later can")
    return command("input", "keycombination", *(android_key(key) for key in keys))


def clear_lines(shown: str | None) -> list[Line]:
    """The command lines that empty the field that has the focus and shows `shown` (None: unknown).

    Every Android has these keys; the cursor may stand on any line, so both sides of it are deleted.
    """
    count = min(len(shown), _MOST_DELETED) if shown is not None else _UNSEEN
    lines = [command("input", "keyevent", "MOVE_END")]
    for start in range(0, count, 100):
        keys = min(100, count - start)
        lines += [command("input", "keyevent", *(name,) * keys) for name in ("DEL", "FORWARD_DEL")]
    return lines


def android_key(key: str) -> str:
    """Android's name for a key of `actions.keys`. Raises `RefusedError`."""
    if key in _NAMED:
        return _NAMED[key]
    if key in _SAME or (key.startswith("f") and key[1:].isdecimal() and int(key[1:]) <= 12):
        return key.upper()
    if len(key) == 1 and key.isascii() and key.isalnum():
        return f"KEYCODE_{key.upper()}"  # a digit alone would be a key's number
    raise RefusedError(f"Android has no key {key!r}" + ("; type it as text" if len(key) == 1 else ""))


assert set(MODIFIERS) <= set(_NAMED)
