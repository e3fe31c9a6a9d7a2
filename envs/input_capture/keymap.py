"""From the keys of an X keyboard to what they mean: a character, a chord, or half of an accented letter.

Levels and groups are those of the display's own XKB map, so Shift, Caps Lock, AltGr, Num Lock and a second layout give
what they give in every program. Dead keys and the Compose key are looked up in the table that X programs use
(``Compose``, of the package libx11-data); without it an accent and a letter are put together by Unicode's rules.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xcffib
import xcffib.keysymdef as xk
import xcffib.xkb

from actions.x11_keyboard import KEYSYMS, unicode_keysym

COMPOSE = Path("/usr/share/X11/locale/en_US.UTF-8/Compose")
_CORE_KEYBOARD = 0x100  # XkbUseCoreKbd
_SHIFT, _LOCK = 1, 2
_HELD = ((4, "ctrl"), (8, "alt"), (64, "super"))
_MODIFIERS = range(xk.XK_Shift_L, xk.XK_Hyper_R + 1)
_LEVEL_KEYS = range(xk.XK_ISO_Lock, xk.XK_ISO_Level5_Lock + 1)
_DEAD = range(xk.XK_dead_grave, 0xFE90)
_ALONE = {xk.XK_Super_L: "super", xk.XK_Super_R: "super", xk.XK_Alt_L: "alt", xk.XK_Alt_R: "alt"}
_NAMES = {keysym: name for name, keysym in reversed(KEYSYMS.items()) if name not in ("plus", "space")} | {
    xk.XK_ISO_Left_Tab: "tab", xk.XK_KP_Enter: "enter", xk.XK_KP_Home: "home", xk.XK_KP_End: "end",
    xk.XK_KP_Prior: "pageup", xk.XK_KP_Next: "pagedown", xk.XK_KP_Up: "up", xk.XK_KP_Down: "down",
    xk.XK_KP_Left: "left", xk.XK_KP_Right: "right", xk.XK_KP_Insert: "insert", xk.XK_KP_Delete: "delete",
    xk.XK_Sys_Req: "printscreen", xk.XK_Break: "pause", xk.XK_KP_Tab: "tab",
}  # fmt: skip
_KEYPAD = {xk.XK_KP_Space: " ", xk.XK_KP_Equal: "="} | {
    xk.XK_KP_Multiply + n: c for n, c in enumerate("*+,-./0123456789")
}
_ACCENTS = {
    xk.XK_dead_grave: "\u0300", xk.XK_dead_acute: "\u0301", xk.XK_dead_circumflex: "\u0302",
    xk.XK_dead_tilde: "\u0303", xk.XK_dead_macron: "\u0304", xk.XK_dead_breve: "\u0306",
    xk.XK_dead_abovedot: "\u0307", xk.XK_dead_diaeresis: "\u0308", xk.XK_dead_abovering: "\u030a",
    xk.XK_dead_doubleacute: "\u030b", xk.XK_dead_caron: "\u030c", xk.XK_dead_cedilla: "\u0327",
    xk.XK_dead_ogonek: "\u0328",
}  # fmt: skip


@dataclass(frozen=True)
class KeyMeaning:
    """What a press gives: `text` for a character, else a `chord`; `unknown` names a key that has no name here.

    All three are empty for a modifier, a lock, and the first half of a composed character.
    """

    text: str = ""
    chord: str = ""
    unknown: str = ""


@dataclass(frozen=True)
class KeyType:
    """Which modifiers choose which level (XKB protocol, 7.2): `levels` by the modifiers in `mask` that are held."""

    mask: int
    levels: Mapping[int, int]

    def level(self, state: int) -> int:
        """The level (from 0) that the modifiers `state` choose."""
        return self.levels.get(state & self.mask, 0)


_ONE = KeyType(0, {})
_TWO = KeyType(_SHIFT, {_SHIFT: 1})


@dataclass(frozen=True)
class KeyGroups:
    """One key: the type and the keysyms of each of its groups."""

    groups: tuple[tuple[KeyType, tuple[int, ...]], ...]

    def keysym(self, group: int, state: int) -> int:
        """The keysym, 0 where there is none. A group too high wraps around."""
        if not self.groups:
            return 0
        kind, syms = self.groups[group % len(self.groups)]
        level = kind.level(state)
        return syms[level] if level < len(syms) else 0

    def mask(self, group: int) -> int:
        """The modifiers that affect the key."""
        return self.groups[group % len(self.groups)][0].mask if self.groups else 0

    def chosen_by(self, group: int, state: int) -> int:
        """The modifiers of `state` that make the key give something else than its plain level."""
        if not self.groups:
            return 0
        kind = self.groups[group % len(self.groups)][0]
        return state & kind.mask if kind.level(state) else 0


class Keymap:
    """Keys to meanings. `rows` are by keycode; `press` is to be given every press, in order."""

    def __init__(self, rows: Mapping[int, KeyGroups], compose: Compose | None = None) -> None:
        self._rows = dict(rows)
        self._compose = compose or Compose()

    def change(self, rows: Mapping[int, KeyGroups]) -> None:
        """Some keys mean something else from now on."""
        self._rows |= rows

    def press(self, code: int, state: int) -> KeyMeaning:
        """What the key `code` gives under the core state `state` (modifiers, and the group in bits 13 and 14)."""
        group = state >> 13 & 3
        row = self._rows.get(code, KeyGroups(()))
        keysym, used = row.keysym(group, state), row.chosen_by(group, state)
        if not keysym or keysym in _MODIFIERS or keysym in _LEVEL_KEYS or keysym == xk.XK_Num_Lock:
            return KeyMeaning()
        held = [name for bit, name in _HELD if state & bit and not used & bit]
        if held:
            self._compose.forget()
            return self._chord(row, group, keysym, [*held, *(["shift"] if state & _SHIFT else [])])
        composed = self._compose.take(keysym)
        if composed is not None:
            return KeyMeaning(text=composed)
        text = character(keysym)
        if text:
            capital = state & _LOCK & ~row.mask(group) and len(text.upper()) == 1
            return KeyMeaning(text=text.upper() if capital else text)
        return self._chord(row, group, keysym, ["shift"] if state & _SHIFT else [])

    def alone(self, code: int) -> str:
        """The name of a modifier that does something when it is pressed by itself; else empty."""
        return _ALONE.get(self._rows.get(code, KeyGroups(())).keysym(0, 0), "")

    def _chord(self, row: KeyGroups, group: int, keysym: int, held: Sequence[str]) -> KeyMeaning:
        """By the name of the key's plain level: in a layout without Latin letters, by its first one that has them."""
        plain = row.keysym(group, 0)
        first = row.keysym(0, 0)
        name = _name(plain if plain < 0x100 or plain in _NAMES else first) or _name(plain) or _name(keysym)
        if not name:
            return KeyMeaning(unknown=f"key 0x{keysym:x}")
        return KeyMeaning(chord="+".join([*_in_order(held), name]))


def _in_order(held: Sequence[str]) -> list[str]:
    return [name for name in ("ctrl", "shift", "alt", "super") if name in held]


def _name(keysym: int) -> str:
    """A key's name in `actions.keys`; empty where it has none."""
    text = character(keysym)
    named = {" ": "space", "+": "plus"}
    return _NAMES.get(keysym) or named.get(text) or (text.lower() if text.isascii() else text)


def character(keysym: int) -> str:
    """The character of a keysym; empty for one that is none."""
    if keysym in _KEYPAD:
        return _KEYPAD[keysym]
    if keysym >> 8 == 0x07 and keysym & 0xFF >= 0xC1:
        return bytes([keysym & 0xFF]).decode("iso8859-7", "ignore")
    keysym = unicode_keysym(keysym)
    if 0x20 <= keysym <= 0x7E or 0xA0 <= keysym <= 0xFF:
        return chr(keysym)
    code = keysym & 0xFFFFFF
    return chr(code) if keysym >> 24 == 1 and 0x100 <= code < 0x110000 and chr(code).isprintable() else ""


class Compose:
    """Puts sequences of keys together: a dead key and a letter, or the Compose key and two signs."""

    def __init__(self, table: Mapping[tuple[int, ...], str] | None = None) -> None:
        self._table = table
        self._begun: tuple[int, ...] = ()

    def forget(self) -> None:
        """Drop the sequence under way."""
        self._begun = ()

    def take(self, keysym: int) -> str | None:
        """What the sequence with `keysym` gives: None where it has no part in one, empty while it goes on.

        A sequence that means nothing gives nothing, as in X programs.
        """
        if not self._begun and keysym not in _DEAD and keysym != xk.XK_Multi_key:
            return None
        self._begun = (*self._begun, keysym)
        table = compose_table() if self._table is None else self._table
        found = table.get(self._begun)
        if found is None and table and self._begun in _beginnings(frozenset(table)):
            return ""
        if found is None and len(self._begun) == 1:
            return ""
        begun, self._begun = self._begun, ()
        return found if found is not None else _accented(begun)


def _accented(begun: tuple[int, ...]) -> str:
    """A letter with an accent by Unicode's rules, or nothing."""
    accent, letter = _ACCENTS.get(begun[0], ""), character(begun[-1])
    if len(begun) != 2 or not accent or not letter:
        return ""
    both = unicodedata.normalize("NFC", letter + accent)
    return both if len(both) == 1 else ""


@functools.cache
def compose_table(path: Path = COMPOSE) -> Mapping[tuple[int, ...], str]:
    """The sequences of a Compose file by their keysyms; empty where the file is missing."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return {}
    table: dict[tuple[int, ...], str] = {}
    for line in lines:
        match = re.match(r'((?:<\w+>\s*)+):\s*"((?:[^"\\]|\\.)+)"', line)
        keys = [_keysym(name) for name in re.findall(r"<(\w+)>", match[1])] if match else []
        if match and all(keys):
            table[tuple(key for key in keys if key)] = match[2].replace('\\"', '"').replace("\\\\", "\\")
    return table


def _keysym(name: str) -> int | None:
    found = getattr(xk, f"XK_{name}", None)
    if found is None and re.fullmatch(r"U[0-9A-Fa-f]{4,6}", name):
        code = int(name[1:], 16)
        return code if code < 0x100 else 0x01000000 | code
    return found


@functools.cache
def _beginnings(keys: frozenset[tuple[int, ...]]) -> frozenset[tuple[int, ...]]:
    return frozenset(key[:n] for key in keys for n in range(1, len(key)))


# --- the display's map -------------------------------------------------------------------------------------------


def read_rows(connection: Any) -> dict[int, KeyGroups]:
    """The keys of the display that `connection` is open on, by keycode. Raises xcffib's errors."""
    xkb = connection(xcffib.xkb.key)
    xkb.UseExtension(1, 0).reply()
    part: Any = xcffib.xkb.MapPart
    reply = xkb.GetMap(_CORE_KEYBOARD, part.KeyTypes | part.KeySyms, *[0] * 16).reply()
    types = [_type(found) for found in reply.types_rtrn]
    return {code: _row(found, types) for code, found in enumerate(reply.syms_rtrn, reply.firstKeySym)}


def _type(found: Any) -> KeyType:
    return KeyType(found.mods_mask, {entry.mods_mask: entry.level for entry in found.map if entry.active})


def _row(found: Any, types: Sequence[KeyType]) -> KeyGroups:
    count, width, syms = found.groupInfo & 0x0F, found.width, tuple(found.syms)
    return KeyGroups(tuple((types[found.kt_index[n]], syms[n * width : (n + 1) * width]) for n in range(count)))


def core_rows(first: int, width: int, keysyms: Iterable[int]) -> dict[int, KeyGroups]:
    """What a core ChangeKeyboardMapping request makes of the keys from `first` on, `width` keysyms to a key."""
    syms = list(keysyms)
    return {first + n: _core_row(syms[n * width : (n + 1) * width]) for n in range(len(syms) // max(width, 1))}


def _core_row(syms: Sequence[int]) -> KeyGroups:
    pairs = [tuple(syms[n : n + 2]) for n in (0, 2) if any(syms[n : n + 2])]
    return KeyGroups(tuple((_TWO if len(pair) > 1 and pair[1] else _ONE, pair) for pair in pairs))
