"""The keyboard of an X display: which key, at which shift level, gives a keysym, and lending spare keys to others.

A key that has no keysym in the layout is *spare*: it can be lent to any character for a while. A program reads the
new mapping only when it comes to the key press, so a lent key must keep its character until the program has taken
the press off its queue; when that is, only the user of this module can find out.

All lent keys are set by one XkbSetMap, for programs then get one notice. With one ChangeKeyboardMapping for each key
they get many, and Xlib (seen in 1.8.4 under Tk and xterm) forgets those that come while it is reading the mapping
after an earlier one: it then types the wrong characters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import xcffib.keysymdef as xk
import xcffib.xf86keysym as xf86
import xcffib.xkb

xkb: Any = xcffib.xkb  # xcffib is not annotated
_CORE_KEYBOARD = 0x100  # XkbUseCoreKbd
_LOCK_MASK = 0x02
_KEYPAD = range(xk.XK_KP_Space, xk.XK_KP_9 + 1)

KEYSYMS: dict[str, int] = {
    "ctrl": xk.XK_Control_L,
    "shift": xk.XK_Shift_L,
    "alt": xk.XK_Alt_L,
    "super": xk.XK_Super_L,
    "altgr": xk.XK_ISO_Level3_Shift,
    "enter": xk.XK_Return,
    "tab": xk.XK_Tab,
    "space": xk.XK_space,
    "plus": xk.XK_plus,
    "backspace": xk.XK_BackSpace,
    "delete": xk.XK_Delete,
    "insert": xk.XK_Insert,
    "escape": xk.XK_Escape,
    "home": xk.XK_Home,
    "end": xk.XK_End,
    "pageup": xk.XK_Page_Up,
    "pagedown": xk.XK_Page_Down,
    "up": xk.XK_Up,
    "down": xk.XK_Down,
    "left": xk.XK_Left,
    "right": xk.XK_Right,
    "capslock": xk.XK_Caps_Lock,
    "numlock": xk.XK_Num_Lock,
    "scrolllock": xk.XK_Scroll_Lock,
    "printscreen": xk.XK_Print,
    "pause": xk.XK_Pause,
    "menu": xk.XK_Menu,
    **{f"f{n}": xk.XK_F1 + n - 1 for n in range(1, 25)},
    "volumeup": xf86.XF86XK_AudioRaiseVolume,
    "volumedown": xf86.XF86XK_AudioLowerVolume,
    "volumemute": xf86.XF86XK_AudioMute,
    "playpause": xf86.XF86XK_AudioPlay,
    "nexttrack": xf86.XF86XK_AudioNext,
    "prevtrack": xf86.XF86XK_AudioPrev,
}
"""The keysym of every named key of `actions.keys`."""

_CHARSETS = {
    0x01: "iso8859-2",
    0x02: "iso8859-3",
    0x03: "iso8859-4",
    0x05: "iso8859-6",
    0x06: "koi8-r",
    0x0C: "iso8859-8",
    0x0D: "tis-620",
}
"""Keysyms older than Unicode: the high byte names the set the low byte is read in (X11 protocol, appendix A)."""


def keysym_of(key: str) -> int:
    """The keysym of a key name or of one character."""
    if key in KEYSYMS:
        return KEYSYMS[key]
    code = ord(key)
    return code if 0x20 <= code <= 0x7E or 0xA0 <= code <= 0xFF else 0x01000000 | code


def unicode_keysym(keysym: int) -> int:
    """`keysym` in the spelling of `keysym_of`: old names of a character become its Unicode keysym."""
    if keysym == xk.XK_EuroSign:
        return keysym_of("€")
    charset = _CHARSETS.get(keysym >> 8)
    low = keysym & 0xFF
    if charset is None or low < (0xC0 if charset == "koi8-r" else 0xA1):
        return keysym
    try:
        return keysym_of(bytes([low]).decode(charset))
    except UnicodeDecodeError:
        return keysym


@dataclass(frozen=True)
class Stroke:
    """A key and the modifier keys (keycodes) that bring it to the level wanted."""

    keycode: int
    modifiers: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Row:
    """What a key gives: a key type for each group, and `width` keysyms for each group (XkbKeySymMap)."""

    types: tuple[int, ...]
    groups: int
    width: int
    keysyms: tuple[int, ...]

    @property
    def first_group(self) -> tuple[int, ...]:
        """The keysyms of the first group, by level."""
        return self.keysyms[: self.width]


_EMPTY_ROW = _Row((0, 0, 0, 0), 0, 0, ())


class Keyboard:
    """The core keyboard of the display that `connection` is open on.

    Whatever is lent is taken back by `restore`; keys whose mapping someone else changed meanwhile are left alone.
    """

    def __init__(self, connection: Any) -> None:
        self._core = connection.core
        self._xkb = connection(xcffib.xkb.key)
        self._xkb.UseExtension(1, 0).reply()
        setup = connection.get_setup()
        self._codes = range(setup.min_keycode, setup.max_keycode + 1)
        self._rows: dict[int, _Row] = {}
        self._strokes: dict[int, Stroke] = {}
        self._lent: dict[int, int] = {}  # keycode -> keysym
        self._found: dict[int, _Row] = {}  # keycode -> its row before it was lent
        self.refresh()
        self._adopt()

    def refresh(self) -> None:
        """Read the layout again if it has changed: one round trip."""
        reply = self._xkb.GetMap(_CORE_KEYBOARD, xkb.MapPart.KeySyms, *[0] * 16).reply()
        rows = {
            code: _Row(tuple(row.kt_index), row.groupInfo, row.width, tuple(row.syms))
            for code, row in enumerate(reply.syms_rtrn, reply.firstKeySym)
        }
        if rows != self._rows:
            self._rows = rows
            self._index()

    def _adopt(self) -> None:
        """Take over what one that was killed left lent: keys such as `lend` makes and no layout has.

        Latin-1 signs are left out: the evdev layouts have a key with nothing but plusminus.
        """
        for code, row in self._rows.items():
            keysym = row.keysyms[0] if row.keysyms else 0
            foreign = keysym >> 24 == 1 or (0xA0 <= keysym <= 0xFF and chr(keysym).isalpha())
            if foreign and row == _lent_row(keysym):
                self._lent[code] = keysym
                self._found[code] = _EMPTY_ROW

    def stroke(self, keysym: int) -> Stroke | None:
        """How the layout, or a lent key, gives `keysym`; None when neither does."""
        return self._strokes.get(keysym)

    def knows(self, keysyms: Sequence[int]) -> bool:
        """Whether each has a stroke."""
        return all(keysym in self._strokes for keysym in keysyms)

    def lend(self, keysyms: Sequence[int]) -> int:
        """Give spare keys to as many of the first `keysyms` as there are keys for; how many those are.

        Keys lent before may be lent to others now, so call it when every press so far was read.
        """
        length, wanted = self._fitting(keysyms)
        kept = {code: sym for code, sym in self._lent.items() if sym in wanted}
        missing = [sym for sym in wanted if sym not in kept.values()]
        spare = [code for code in self._spare() if code not in kept]
        spare.sort(key=lambda code: code in self._lent)  # those never lent first
        self._write({code: _lent_row(keysym) for keysym, code in zip(missing, spare, strict=False)})
        self._lent |= {code: keysym for keysym, code in zip(missing, spare, strict=False)}
        self.refresh()
        return length

    def _fitting(self, keysyms: Sequence[int]) -> tuple[int, list[int]]:
        """How long a run of `keysyms` can be typed with one lending, and what needs a spare key in it."""
        room = len(self._spare())
        wanted: dict[int, None] = {}
        for index, keysym in enumerate(keysyms):
            stroke = self._strokes.get(keysym)
            if stroke is None or stroke.keycode in self._lent:
                if keysym not in wanted and len(wanted) == room:
                    return index, list(wanted)
                wanted[keysym] = None
        return len(keysyms), list(wanted)

    @property
    def lending(self) -> bool:
        """Whether any key is lent."""
        return bool(self._lent)

    def restore(self) -> None:
        """Take back every lent key that still has the mapping it was lent with."""
        self.refresh()
        self._write({code: self._found[code] for code in self._lent})
        self._lent.clear()
        self.refresh()

    @contextmanager
    def neutral(self) -> Iterator[None]:
        """Caps Lock off and the first layout group chosen; put back at the end."""
        state = self._xkb.GetState(_CORE_KEYBOARD).reply()
        locked = state.lockedMods & _LOCK_MASK
        group = state.lockedGroup
        if not locked and not group:
            yield
            return
        self._lock(0, 0)
        try:
            yield
        finally:
            self._lock(locked, group)

    def _lock(self, mods: int, group: int) -> None:
        self._xkb.LatchLockState(_CORE_KEYBOARD, _LOCK_MASK, mods, True, group, 0, False, 0)

    def _spare(self) -> list[int]:
        """Keys without a keysym or lent; never keycode 8, which Xlib and evdev take for "no key"."""
        return [code for code, row in self._rows.items() if code > 8 and (code in self._lent or not any(row.keysyms))]

    def _write(self, rows: dict[int, _Row]) -> None:
        """Set the keys of `rows` with one request, which has to name all keys between the first and the last."""
        if not rows:
            return
        span = range(min(rows), max(rows) + 1)
        self._found |= {code: self._rows[code] for code in rows if code not in self._lent}
        written = [rows.get(code, self._rows[code]) for code in span]
        packed = [xkb.KeySymMap.synthetic(r.types, r.groups, r.width, len(r.keysyms), r.keysyms) for r in written]
        total = sum(len(row.keysyms) for row in written)
        limits = (self._codes.start, self._codes.stop - 1)
        syms = (0, 0, span.start, len(span), total)
        self._xkb.SetMap(_CORE_KEYBOARD, xkb.MapPart.KeySyms, 0, *limits, *syms, *[0] * 16, [packed])

    def _index(self) -> None:
        """Which stroke gives which keysym: the lowest level wins, then the lowest keycode; the keypad is left out."""
        self._lent = {code: sym for code, sym in self._lent.items() if self._rows[code] == _lent_row(sym)}
        self._strokes = {}
        shift, level3 = self._find(xk.XK_Shift_L), self._find(xk.XK_ISO_Level3_Shift)
        levels = [(), shift, level3, shift + level3 if shift and level3 else ()]
        for level, modifiers in enumerate(levels):
            if level and not modifiers:
                continue
            for code, row in self._rows.items():
                keysym = unicode_keysym(row.first_group[level]) if level < len(row.first_group) else 0
                if keysym and row.first_group[0] not in _KEYPAD:
                    self._strokes.setdefault(keysym, Stroke(code, modifiers))

    def _find(self, keysym: int) -> tuple[int, ...]:
        """The first key whose plain level is `keysym`, as a tuple of one, or none."""
        return tuple(code for code, row in self._rows.items() if row.first_group[:1] == (keysym,))[:1]


def _lent_row(keysym: int) -> _Row:
    """What a key lent to `keysym` gives: nothing but that, or with Shift the capital of a small letter.

    Types 0 and 1 are ONE_LEVEL and TWO_LEVEL in every keymap (XKB protocol, 7.2.1).
    """
    small = chr(keysym & 0xFFFFFF) if keysym < 0x100 or keysym >> 24 == 1 else ""
    if len(small.upper()) == 1 and small.upper() != small:
        return _Row((1, 0, 0, 0), 1, 2, (keysym, keysym_of(small.upper())))
    return _Row((0, 0, 0, 0), 1, 1, (keysym,))
