"""The one key vocabulary. A chord is names joined by ``+``: ``ctrl+shift+s``, ``enter``, ``a``, ``plus``.

Names are lower case. One printable character names its own key; the rest are in `NAMED`. Other systems' spellings
(X11 keysyms, pyautogui, Qwen's computer_use, Playwright) are accepted through `ALIASES` and normalised. A capital
letter alone means the capital (``A`` is ``shift+a``, as in Playwright and xdotool); in a chord, as in ``Ctrl+S``, it
is the way people write the key.
"""

from __future__ import annotations

MODIFIERS = ("ctrl", "shift", "alt", "super")
NAMED = (
    *MODIFIERS,
    *("enter", "tab", "space", "backspace", "delete", "insert", "escape", "home", "end", "pageup", "pagedown"),
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


def check_key(name: str) -> str:
    """Normalise one key name. Raises ValueError for an unknown one (never a default)."""
    key = name if len(name) == 1 else name.strip().lower()
    key = ALIASES.get(key.replace(" ", "_"), key)
    if len(key) == 1 and key.isprintable():
        return {" ": "space", "+": "plus"}.get(key, key.lower() if key.isascii() else key)
    if key in NAMED:
        return key
    raise ValueError(f"unknown key {name!r}; use one character or one of: {', '.join(NAMED)}")


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
