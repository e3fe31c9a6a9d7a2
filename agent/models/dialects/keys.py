"""The one reader of keys for every family: a list of names, or a text with ``+ , - _`` or blanks between them.

Names are those of `actions.keys`, in every spelling that it knows, and Android's with ``KEYCODE_``. Keys that are each
named once are one chord; where one is named again they are pressed one after another, under the modifiers before them
(``["up", "up"]``, ``["ctrl", "c", "ctrl", "v"]``). A capital letter alone, as a text, is the capital; in a list or in a
chord it is the key.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from actions.action import Key
from actions.keys import MODIFIERS, check_key, find_key, split_chord
from agent.models.dialects.brackets import Unreadable

_HELD = frozenset((*MODIFIERS, "altgr"))
_ANDROID = {
    "del": "backspace",
    "move_home": "home",
    "move_end": "end",
    **{f"dpad_{way}": way for way in ("up", "down", "left", "right")},
}
_SEPARATORS = ("+", ",", "-")
_MAX = 200


def read_keys(value: Any, presses: int = 1) -> Key:
    """The keys that `value` names, pressed `presses` times. Raises `Unreadable`, with the nearest to an unknown key."""
    try:
        chords = _chords(value) * presses
        return Key(chords=chords)
    except ValueError as error:
        raise Unreadable(str(error).splitlines()[0]) from error


def key_names(action: Key) -> list[str] | None:
    """The list that is read as `action`; None where there is none."""
    names = [name for chord in action.chords for name in split_chord(chord)]
    return names if _same(names, action) else None


def key_text(action: Key, separator: str = " ") -> str | None:
    """The text that is read as `action`; None where there is none."""
    text = separator.join(key_names(action) or [])
    return text if text and _same(text, action) else None


def _same(written: Any, action: Key) -> bool:
    try:
        return read_keys(written) == action
    except Unreadable:
        return False


def _chords(value: Any) -> tuple[str, ...]:
    if isinstance(value, str) and len(value) == 1:
        return ("+".join(split_chord(value)),)
    if isinstance(value, str) and re.match(r"\s*\[", value):
        value = value.strip().strip("[]").split(",")
    parts = value if isinstance(value, list) else [value]
    if not parts or not all(isinstance(part, str) or _is_digit(part) for part in parts):
        raise ValueError("the keys must be a list of key names")
    groups = [_names(_bare(str(part))) for part in parts]
    chords = [names for names in groups if len(names) > 1 and names[-1] not in _HELD]
    if chords and sum(any(name not in _HELD for name in names) for names in groups) > 1:
        return tuple("+".join(names) for names in groups)
    return _pressed([name for names in groups for name in names])


def _pressed(names: list[str]) -> tuple[str, ...]:
    """One chord for keys that are named once each; else chords one after another."""
    if len(set(names)) == len(names):
        return ("+".join(names),)
    found: list[str] = []
    held: list[str] = []
    fresh = True
    for name in names:
        if name not in _HELD:
            found.append("+".join([*held, name]))
            fresh = False
            continue
        again = name in held and fresh
        found += ["+".join(held)] if again else []
        held = [name] if again or not fresh else [*held, name]
        fresh = True
    return (*found, "+".join(held)) if held and fresh else tuple(found)


def _is_digit(part: Any) -> bool:
    return isinstance(part, int) and not isinstance(part, bool) and 0 <= part <= 9


def _bare(text: str) -> str:
    """A list item without the brackets and the pair of quotes of a list that was taken apart."""
    bare = re.sub(r"^\s*(?:keys=)?\[\s*[\"']?(?=.)|(?<=[^+,\-\s\[])[\"']?\s*\]\s*$", "", text).strip()
    return bare[1:-1] if len(bare) > 2 and bare[0] == bare[-1] and bare[0] in "\"'" else bare or text


def _names(text: str) -> list[str]:
    """The keys in a text, in order. Raises ValueError for an empty or unknown one."""
    if len(text) > _MAX:
        raise ValueError(f"{len(text)} letters are no name of a key")
    name = _plain(text)
    if (key := find_key(name)) is not None:
        return [key]
    for parts in _splits(text):
        if all(part.strip() for part in parts):
            return [key for part in parts for key in _names(part.strip())]
    words = re.split(r"[\s_]+", text.strip())
    if len(words) > 1 and all(words):
        return _words(words)
    if not text.strip():
        raise ValueError(f"empty key in {text[:40]!r}")
    return [check_key(name)]


def _splits(text: str) -> list[list[str]]:
    """`text` at each separator that it has; a sign twice at its end is the sign's own key."""
    found = []
    for sign in _SEPARATORS:
        if sign in text.strip():
            doubled = text.rstrip().endswith(sign * 2)
            found.append([*text.rstrip()[:-2].split(sign), sign] if doubled else text.split(sign))
    return found


def _words(words: Sequence[str]) -> list[str]:
    """Keys of one to three words each, the longest name first."""
    found: list[str] = []
    while words:
        for size in (3, 2, 1):
            name = "_".join(words[:size])
            if size <= len(words) and (size == 1 or find_key(_plain(name))):
                found += _names(name)
                words = words[size:]
                break
    return found


def _plain(text: str) -> str:
    """The name by which `actions.keys` may know a key: Android's names in its words."""
    name = text if len(text) == 1 else text.strip().replace("-", "_")
    name = re.sub(r"\A([fF])[\s_](\d{1,2})\Z", r"\1\2", name)
    if name.lower().startswith("keycode_"):
        name = name.lower().removeprefix("keycode_")
        return _ANDROID.get(name, name)
    return name if name.lower() == "del" else _ANDROID.get(name.lower(), name)
