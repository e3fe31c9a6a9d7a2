"""The accessibility tree of a Linux desktop: AT-SPI 2, read over its own D-Bus.

Programs put their elements on that bus by themselves (GTK 3 and 4, Qt, Chromium where told to); others, such as Tk's
and xterm, are not on it. What comes from it is what programs say: nothing of it is trusted.
Interfaces: ``/usr/share/dbus-1/interfaces`` and ``xml/*.xml`` of at-spi2-core 2.46.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actions.frame import Box, Frame
from envs.env import Details, EnvError, ScreenWindow, UiElement

if TYPE_CHECKING:
    from envs.dbus import Bus, Call

CONFIG = "/usr/share/defaults/at-spi2/accessibility.conf"
"""What ``dbus-daemon`` needs for a bus of its own; of Debian's at-spi2-core."""

_ACCESSIBLE, _COMPONENT, _TEXT = (f"org.a11y.atspi.{name}" for name in ("Accessible", "Component", "Text"))
_PROPERTIES = "org.freedesktop.DBus.Properties"
_ROOT = ("org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root")
_CHECKED, _EDITABLE, _FOCUSED, _PRESSED, _SELECTABLE, _SELECTED, _SENSITIVE, _SHOWING = (
    1 << bit for bit in (4, 7, 12, 20, 22, 23, 24, 25)
)
"""Bits of ``AtspiStateType``."""
_ROLES = {
    "push button": "button", "push button menu": "button", "toggle button": "button", "check box": "check",
    "check menu item": "check", "switch": "switch", "radio button": "radio", "radio menu item": "radio",
    "slider": "seek", "spin button": "edit", "entry": "edit", "password text": "edit", "combo box": "spinner",
    "page tab": "tab", "menu": "menuitem", "menu item": "menuitem", "link": "link", "document web": "webview",
    "list item": "item", "tree item": "item", "table cell": "cell", "icon": "item",
}  # fmt: skip
"""The roles whose elements can be acted on, in the words that Android's classes have."""
_READ = frozenset(
    ("label", "static", "heading", "paragraph", "text", "status bar", "info bar", "notification", "alert")
)
"""Roles of text that is only read."""
_POPS_UP = frozenset(("menu", "combo box"))
_TICKED = frozenset(("check", "switch", "radio"))
_MOST, _DEEPEST, _LONGEST = 10_000, 100, 2000
"""Elements, levels, and characters of a text."""

_Place = tuple[str, str]
"""A bus name and an object's path."""


@dataclass
class _Node:
    """An object while the tree is read. `box` is in screen units."""

    place: _Place
    role: str
    name: str
    states: int
    box: Box | None
    program: str
    pops_up: bool = False
    children: list[_Node] = field(default_factory=list)
    text: str = ""


class Accessibility:
    """The accessibility tree of the desktop whose bus is at `address()`, as the user `uid` of the bus's namespace.

    It connects when it is first asked, and anew after a failure.
    """

    def __init__(self, address: Callable[[], str], uid: int | None = None) -> None:
        self._address, self._uid = address, uid
        self._bus: Bus | None = None

    def tree(self, frame: Frame, windows: Sequence[ScreenWindow]) -> tuple[UiElement, ...]:
        """See `accessibility_tree`. Raises `EnvError`."""
        from envs.dbus import Bus

        self._bus = self._bus or Bus(self._address(), self._uid)
        try:
            return accessibility_tree(self._bus, frame, windows)
        except EnvError:
            self.close()
            raise

    def close(self) -> None:
        """Disconnect. Safe to call twice."""
        if self._bus is not None:
            self._bus.close()
        self._bus = None


@dataclass(frozen=True)
class DesktopDetails(Details):
    """What a desktop tells when it is asked; `windows` are those on the screen at that time."""

    accessibility: Accessibility
    windows: tuple[ScreenWindow, ...]

    def tree(self, frame: Frame) -> tuple[UiElement, ...]:
        """See `envs.env.Details`."""
        return self.accessibility.tree(frame, self.windows)

    def app_names(self) -> tuple[str, ...]:
        """None: `open` takes every installed program."""
        return ()


def can_serve() -> bool:
    """Whether a bus of one's own can be started here."""
    return shutil.which("dbus-daemon") is not None and Path(CONFIG).is_file()


def bus_command(path: Path) -> list[str]:
    """The command line of a bus whose socket is `path`. Raises `EnvError`."""
    if not can_serve():
        raise EnvError("the accessibility bus is missing: install it with: sudo apt install at-spi2-core")
    program = [str(shutil.which("dbus-daemon")), f"--config-file={CONFIG}", "--nofork", "--nopidfile"]
    quiet = ["/bin/sh", "-c", 'exec "$@" >/dev/null 2>&1', "sh"]  # its registry misses a session, and says so
    return [*quiet, *program, f"--address=unix:path={path}"]


def with_bus(environ: Mapping[str, str], path: Path) -> dict[str, str]:
    """`environ` for programs that shall put their elements on the bus at `path`."""
    rest = {name: value for name, value in environ.items() if name != "NO_AT_BRIDGE"}
    return {**rest, "AT_SPI_BUS_ADDRESS": f"unix:path={path}", "GNOME_ACCESSIBILITY": "1",
            "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1"}  # fmt: skip


def desktop_address() -> str:
    """The address of the user's accessibility bus, which the session bus tells. Raises `EnvError`."""
    from envs.dbus import Bus

    if found := os.environ.get("AT_SPI_BUS_ADDRESS"):
        return found
    session = os.environ.get("DBUS_SESSION_BUS_ADDRESS", f"unix:path=/run/user/{os.getuid()}/bus")
    bus = Bus(session)
    try:
        call = ("org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress", "", ())
        found = bus.ask([call], time.monotonic() + 2.0)[0]
    finally:
        bus.close()
    if not isinstance(found, str) or not found:
        raise EnvError("this desktop has no accessibility bus: install at-spi2-core, and log in again")
    return found


def accessibility_tree(
    bus: Bus, frame: Frame, windows: Sequence[ScreenWindow], seconds: float = 3.0
) -> tuple[UiElement, ...]:
    """The elements that show in `frame`, each before what is inside it, within `seconds`.

    What lies behind another one of the `windows` (the front one first, frame pixels) is left out. Raises `EnvError`.
    """
    roots = _read(bus, time.monotonic() + seconds)
    found = list[UiElement]()
    tops = [node for root in roots for node in root.children]
    behind = [_window_of(_on(node.box, frame), windows) for node in tops]
    for node, own in zip(tops, behind, strict=True):
        found += _elements(node, frame, 0, partial(_visible, windows=windows, own=own, owned=behind))
    return tuple(found)


def _read(bus: Bus, deadline: float) -> list[_Node]:
    """The programs, each with its windows and all that shows in them; a level of the tree at a time."""
    children = bus.ask([(*_ROOT, _ACCESSIBLE, "GetChildren", "", ())], deadline)[0]
    roots = [_Node(place, "application", "", 0, None, "") for place in _places(children)]
    level, seen, depth = roots, {node.place for node in roots}, 0
    while level and len(seen) < _MOST and depth < _DEEPEST:
        depth += 1
        inside = bus.ask([(*node.place, _ACCESSIBLE, "GetChildren", "", ()) for node in level], deadline)
        below = list[tuple[_Node, _Place]]()
        for node, found in zip(level, inside, strict=True):
            for place in _places(found)[: _MOST - len(seen)]:
                if place not in seen:
                    seen.add(place)
                    below.append((node, place))
        level = _level(bus, below, deadline)
    _add_texts(bus, roots, deadline)
    return roots


def _level(bus: Bus, below: Sequence[tuple[_Node, _Place]], deadline: float) -> list[_Node]:
    """The nodes at these places that show, put into their parents."""
    told = bus.ask([call for _, place in below for call in _about(place)], deadline)
    nodes = list[_Node]()
    for at, (parent, place) in enumerate(below):
        role, name, states, extents = told[4 * at : 4 * at + 4]
        bits = states[0] | states[1] << 32 if isinstance(states, list) and len(states) == 2 else 0
        if not bits & _SHOWING:
            continue
        name = str(name[1])[:_LONGEST].strip() if isinstance(name, tuple) and len(name) == 2 else ""
        node = _Node(place, str(role or ""), name, bits, _box(extents), parent.program or parent.place[0])
        node.pops_up = parent.pops_up or parent.role in _POPS_UP
        parent.children.append(node)
        nodes.append(node)
    return nodes


def _about(place: _Place) -> Iterator[Call]:
    yield (*place, _ACCESSIBLE, "GetRoleName", "", ())
    yield (*place, _PROPERTIES, "Get", "ss", (_ACCESSIBLE, "Name"))
    yield (*place, _ACCESSIBLE, "GetState", "", ())
    yield (*place, _COMPONENT, "GetExtents", "u", (0,))


def _add_texts(bus: Bus, roots: Sequence[_Node], deadline: float) -> None:
    """What the fields hold, and what texts without a name say."""
    nodes = [node for root in roots for node in _all(root) if node.states & _EDITABLE or _silent(node)]
    told = bus.ask([(*node.place, _TEXT, "GetText", "ii", (0, _LONGEST)) for node in nodes], deadline)
    for node, text in zip(nodes, told, strict=True):
        node.text = text if isinstance(text, str) else ""


def _silent(node: _Node) -> bool:
    return node.role in _READ and not node.name


def _all(node: _Node) -> Iterator[_Node]:
    yield node
    for child in node.children:
        yield from _all(child)


def _elements(node: _Node, frame: Frame, depth: int, visible: Callable[[_Node, Box], bool]) -> Iterator[UiElement]:
    """The elements of `node` and what is in it; what is left out adds no level."""
    box = _on(node.box, frame)
    element = _element(node, box, depth) if box and visible(node, box) else None
    if element and element.role:
        yield element
        depth += 1
    for child in node.children:
        yield from _elements(child, frame, depth, visible)


def _element(node: _Node, box: Box, depth: int) -> UiElement:
    edits = bool(node.states & _EDITABLE)
    role = "edit" if edits else _ROLES.get(node.role, "text" if node.role in _READ else "")
    role = "" if role in ("cell", "item") and not node.name and not node.states & _SELECTABLE else role
    ticks = role in _TICKED
    return UiElement(
        box,
        role,
        node.text if edits else node.name or node.text,
        node.name if edits else "",
        bool(node.states & (_CHECKED | _PRESSED)) if ticks else None,
        role not in ("", "text", "webview"),
        enabled=bool(node.states & _SENSITIVE),
        focused=bool(node.states & _FOCUSED),
        selected=bool(node.states & _SELECTED),
        depth=depth,
        program=node.program,
    )


def _window_of(box: Box | None, windows: Sequence[ScreenWindow]) -> int | None:
    """Which of the `windows` a program means by the window `box`; its frame and shadow may count or not."""
    shared = [box.overlap(window.box) / box.union(window.box).area if box else 0.0 for window in windows]
    best = max(range(len(windows)), key=shared.__getitem__, default=None)
    return best if best is not None and shared[best] > 0.5 else None


def _visible(
    node: _Node, box: Box, *, windows: Sequence[ScreenWindow], own: int | None, owned: Sequence[int | None]
) -> bool:
    """Whether the topmost window at the middle of `box` is `own`, or one that no program owns up to: an open menu."""
    top = next((at for at, window in enumerate(windows) if window.box.holds(box.center)), None)
    return top == own if top is None or top in owned else node.pops_up or own is None


def _on(box: Box | None, frame: Frame) -> Box | None:
    """`box` (input units) in pixels of `frame`, as far as it shows; None for what is outside or has no size."""
    if box is None:
        return None
    a, b = frame.from_input(box.x1, box.y1), frame.from_input(box.x2, box.y2)
    x1, y1, x2, y2 = max(0, a.x), max(0, a.y), min(frame.width, b.x), min(frame.height, b.y)
    return Box(x1, y1, x2, y2) if x2 > x1 and y2 > y1 else None


def _box(extents: Any) -> Box | None:
    if not isinstance(extents, tuple) or len(extents) != 4:
        return None
    x, y, width, height = extents
    return Box(x, y, x + width, y + height) if width > 0 and height > 0 and x > -(1 << 30) else None


def _places(found: Any) -> list[_Place]:
    pairs = found if isinstance(found, list) else []
    return [(str(name), str(path)) for name, path in pairs if re.fullmatch(r":[\w.-]+|[\w.-]+", str(name))]
