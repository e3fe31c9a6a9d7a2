"""The one key vocabulary. A chord is names joined by ``+``: ``ctrl+shift+s``, ``enter``, ``a``, ``plus``.

Names are lower case. One printable character names its own key; the rest are in `NAMED`. Other systems' spellings
(X11 keysyms, pyautogui, Qwen's computer_use, Playwright) are accepted through `ALIASES` and normalised. A capital
letter alone means the capital (``A`` is ``shift+a``, as in Playwright and xdotool); in a chord, as in ``Ctrl+S``, it
is the way people write the key.
"""

from __future__ import annotations

from difflib import get_close_matches

MODIFIERS = ("ctrl", "shift", "alt", "super")
NAMED = (
    *MODIFIERS,
    *("enter", "tab", "space", "backspace", "delete", "insert", "escape", "home", "end", "pageup", "pagedown"),
    "altgr",
    *("up", "down", "left", "right", "capslock", "numlock", "scrolllock", "printscreen", "pause", "menu", "plus"),
    *(f"f{n}" for n in range(1, 25)),
    *("volumeup", "volumedown", "volumemute", "playpause", "nexttrack", "prevtrack"),
)
ALIASES = {
    "control": "ctrl",
    "control_l": "ctrl",
    "control_r": "ctrl",
    "ctrlleft": "ctrl",
    "ctrlright": "ctrl",
    "shift_l": "shift",
    "shift_r": "shift",
    "shiftleft": "shift",
    "shiftright": "shift",
    "alt_l": "alt",
    "alt_r": "alt",
    "altleft": "alt",
    "altright": "alt",
    "option": "alt",
    "meta": "super",
    "win": "super",
    "windows": "super",
    "cmd": "super",
    "command": "super",
    "super_l": "super",
    "winleft": "super",
    "return": "enter",
    "kp_enter": "enter",
    "esc": "escape",
    "del": "delete",
    "ins": "insert",
    "bksp": "backspace",
    "back_space": "backspace",
    "spacebar": "space",
    "page_up": "pageup",
    "prior": "pageup",
    "page_down": "pagedown",
    "next": "pagedown",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "pgdown": "pagedown",
    "arrowup": "up",
    "arrowdown": "down",
    "arrowleft": "left",
    "arrowright": "right",
    "caps_lock": "capslock",
    "print": "printscreen",
    "prtsc": "printscreen",
    "print_screen": "printscreen",
    "apps": "menu",
    "contextmenu": "menu",
    "context_menu": "menu",
    "num_lock": "numlock",
    "scroll_lock": "scrolllock",
}


_X11_SIGNS = {
    "exclam": "!", "quotedbl": '"', "numbersign": "#", "dollar": "$", "percent": "%", "ampersand": "&",
    "apostrophe": "'", "quoteright": "'", "parenleft": "(", "parenright": ")", "asterisk": "*", "comma": ",",
    "minus": "-", "hyphen": "-", "dash": "-", "period": ".", "dot": ".", "slash": "/", "colon": ":", "semicolon": ";",
    "less": "<", "equal": "=", "equals": "=", "greater": ">", "question": "?", "at": "@", "bracketleft": "[",
    "left_bracket": "[", "backslash": "\\", "bracketright": "]", "right_bracket": "]", "asciicircum": "^",
    "underscore": "_", "grave": "`", "quoteleft": "`", "backquote": "`", "backtick": "`", "quote": "'",
    "braceleft": "{", "bar": "|", "pipe": "|", "braceright": "}", "asciitilde": "~", "tilde": "~",
}  # fmt: skip
_KEYPAD = {
    "add": "plus", "plus": "plus", "subtract": "-", "minus": "-", "multiply": "*", "divide": "/", "decimal": ".",
    "separator": ",", "comma": ",", "dot": ".", "equal": "=", "equals": "=", "space": "space", "tab": "tab",
    "enter": "enter", "home": "home", "end": "end", "left": "left", "right": "right", "up": "up", "down": "down",
    "prior": "pageup", "page_up": "pageup", "next": "pagedown", "page_down": "pagedown", "insert": "insert",
    "delete": "delete", **{str(n): str(n) for n in range(10)},
}  # fmt: skip
_SPELLINGS = {
    **_X11_SIGNS,
    **{f"{before}{name}": key for before in ("kp_", "numpad", "numpad_") for name, key in _KEYPAD.items()},
    **{f"num{n}": str(n) for n in range(10)},
    **{f"digit{n}": str(n) for n in range(10)},
    **{f"key{letter}": letter for letter in "abcdefghijklmnopqrstuvwxyz"},
    **{f"arrow_{way}": way for way in ("up", "down", "left", "right")},
    **{f"{way}_arrow": way for way in ("up", "down", "left", "right")},
    **{f"{way}arrow": way for way in ("up", "down", "left", "right")},
    "add": "plus", "subtract": "-", "multiply": "*", "divide": "/", "decimal": ".", "separator": ",",
    "controlormeta": "ctrl", "controlleft": "ctrl", "controlright": "ctrl", "ctrl_left": "ctrl",
    "ctrl_right": "ctrl", "lctrl": "ctrl", "rctrl": "ctrl", "lcontrol": "ctrl", "rcontrol": "ctrl",
    "shift_left": "shift", "shift_right": "shift", "lshift": "shift", "rshift": "shift", "right_shift": "shift",
    "left_shift": "shift", "alt_left": "alt", "alt_right": "alt", "lalt": "alt", "ralt": "alt", "left_alt": "alt",
    "lmenu": "alt", "rmenu": "alt", "optionleft": "alt", "optionright": "alt", "right_control": "ctrl",
    "left_control": "ctrl", "alt_gr": "altgr", "altgraph": "altgr", "iso_level3_shift": "altgr", "super_r": "super",
    "meta_l": "super", "meta_r": "super", "metaleft": "super", "metaright": "super", "meta_left": "super",
    "meta_right": "super", "osleft": "super", "osright": "super", "os": "super", "lwin": "super", "rwin": "super",
    "winright": "super", "win_l": "super", "win_r": "super", "windows_key": "super", "right_command": "super",
    "pgdw": "pagedown", "page_dn": "pagedown", "pg_up": "pageup", "pg_dn": "pagedown", "pg_down": "pagedown",
    "escape_key": "escape", "enter_key": "enter", "linefeed": "enter", "num_enter": "enter", "tabulator": "tab",
    "space_bar": "space", "caps": "capslock", "sys_req": "printscreen", "sysrq": "printscreen",
    "prntscrn": "printscreen", "prtscr": "printscreen", "prtscn": "printscreen", "prntscr": "printscreen",
    "snapshot": "printscreen", "break": "pause", "forward_del": "delete", "forward_delete": "delete",
    "volume_up": "volumeup", "volume_down": "volumedown", "volume_mute": "volumemute", "mute": "volumemute",
    "audiovolumeup": "volumeup", "audiovolumedown": "volumedown", "audiovolumemute": "volumemute",
    "xf86audioraisevolume": "volumeup", "xf86audiolowervolume": "volumedown", "xf86audiomute": "volumemute",
    "xf86audioplay": "playpause", "xf86audionext": "nexttrack", "xf86audioprev": "prevtrack",
    "media_play_pause": "playpause", "mediaplaypause": "playpause", "media_next": "nexttrack",
    **dict(zip("⌘⊞⌥⌃⇧⏎↵⌫⌦⇥⎋↑↓←→", (
        *("super", "super", "alt", "ctrl", "shift", "enter", "enter", "backspace", "delete", "tab", "escape"),
        *("up", "down", "left", "right"),
    ), strict=True)),
    "mediatracknext": "nexttrack", "media_previous": "prevtrack", "mediatrackprevious": "prevtrack",
}  # fmt: skip
"""Rarer spellings: X11 keysyms, pyautogui, Playwright (``KeyA``, ``Digit1``, ``NumpadAdd``), Windows, Android."""


def find_key(name: str) -> str | None:
    """The key of this name in this vocabulary's spelling; None for an unknown one."""
    key = name if len(name) == 1 else name.strip().lower()
    plain = key.replace(" ", "_")
    key = ALIASES.get(plain) or _SPELLINGS.get(plain, key)
    if len(key) == 1 and key.isprintable():
        return {" ": "space", "+": "plus"}.get(key, key.lower() if key.isascii() else key)
    return key if key in NAMED else None


def check_key(name: str) -> str:
    """Normalise one key name. Raises ValueError for an unknown one (never a default), with the nearest there is."""
    key = find_key(name)
    if key is not None:
        return key
    plain = name.strip().lower().replace(" ", "_")
    near = get_close_matches(plain, (*NAMED, *ALIASES, *_SPELLINGS), 1, 0.5)
    nearest = f" (nearest: {near[0]!r})" if near else ""
    raise ValueError(f"unknown key {name[:40]!r}{nearest}; use one character or one of: {', '.join(NAMED)}")


def split_chord(chord: str) -> tuple[str, ...]:
    """``"Ctrl+Shift+s"`` → ``("ctrl", "shift", "s")``. Raises ValueError for an empty or unknown part."""
    text = chord.strip() or chord
    if text in ("+", " "):
        return (check_key(text),)
    if len(text) == 1 and text.isascii() and text.isupper():
        return "shift", check_key(text)
    parts = [*text[:-2].split("+"), "plus"] if text.endswith("++") else text.split("+")
    if not all(part.strip() for part in parts):
        raise ValueError(f"empty key in {chord!r}")
    return tuple(check_key(part.strip()) for part in parts)


def check_chord(chord: str) -> str:
    """Normalise a chord to this vocabulary's spelling."""
    return "+".join(split_chord(chord))
