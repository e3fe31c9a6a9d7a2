"""The oracle of the desktop tasks, and the moves that their scripts are made of."""

from __future__ import annotations

from collections.abc import Iterator

from actions.action import AnyAction, Click, Finish, Key, TypeText
from actions.frame import Point
from agent.core.model import ModelError
from benchmarks.suites.desktop.world import DesktopWorld
from benchmarks.suites.tasks.oracle import Move, ScriptOracle, Until
from envs.x11 import XWindow


def desktop_oracle() -> ScriptOracle[DesktopWorld]:
    """A model that runs the script of the scene that it is bound to, then waits for the state to be right."""
    return ScriptOracle(_moves)


def _moves(world: DesktopWorld) -> Iterator[Move]:
    yield from world.scene.script(world)
    if not world.scene.infeasible:
        yield Until(lambda: not world.scene.check(world), "the state to be right", 20.0)


def keys(*chords: str) -> AnyAction:
    """Press chords."""
    return Key(chords=chords)


def press_until(chord: str, until: Until) -> Iterator[Move]:
    """Press `chord`, again where it was lost (a dialog whose button is not yet enabled drops it), until `until`."""
    for _ in range(4):
        yield keys(chord)
        if until.holds(1.5):
            return
    yield until


def write(text: str) -> AnyAction:
    """Type text."""
    return TypeText(text=text)


def give_up(why: str) -> AnyAction:
    """End an infeasible task."""
    return Finish(status="failure", message=why)


def titled(world: DesktopWorld, title: str) -> XWindow | None:
    """The newest window that has `title` in its title."""
    return next((w for w in reversed(world.windows()) if title in w.title), None)


def opened(world: DesktopWorld, title: str) -> Until:
    """Until a window with `title` in its title is there."""
    return Until(lambda: titled(world, title) is not None, f"a window called {title!r}")


def closed(world: DesktopWorld, title: str) -> Until:
    """Until no window has `title` in its title."""
    return Until(lambda: titled(world, title) is None, f"the window {title!r} to close")


def windows(world: DesktopWorld, count: int) -> Until:
    """Until there are `count` windows."""
    return Until(lambda: len(world.windows()) == count, f"{count} windows")


def saved(world: DesktopWorld, name: str) -> Until:
    """Until the file exists."""
    return Until(lambda: world.path(name).is_file(), f"the file {name}")


def has(world: DesktopWorld, name: str, text: str) -> Until:
    """Until the file has `text` in it."""
    return Until(lambda: text in (world.text(name) or ""), f"{text!r} in {name}")


def lacks(world: DesktopWorld, name: str, text: str) -> Until:
    """Until the file has no `text` in it."""
    return Until(lambda: text not in (world.text(name) or text), f"{name} without {text!r}")


def at(x: float, y: float, count: int = 1) -> AnyAction:
    """Click at a point of the screen."""
    return Click(point=Point(x, y), count=count)


def to_front(world: DesktopWorld, program: str) -> Iterator[Move]:
    """Click a part of the program's title bar that no other window covers."""
    window = next(w for w in reversed(world.windows()) if w.program.lower() == program.lower())
    others = [w for w in world.windows() if w.id != window.id]
    own = window.program.lower() == "chromium"  # it draws its own title bar, with tabs at the left
    y = window.top + 18 if own else window.top - 10
    for x in range(window.left + (400 if own else 60), window.left + window.width - (160 if own else 80), 10):
        if not any(_covers(other, x, y) for other in others):
            yield at(x, y)
            return
    raise ModelError(f"no part of the title bar of {program} can be seen")


def _covers(window: XWindow, x: float, y: float) -> bool:
    across = window.left - 4 <= x <= window.left + window.width + 4
    return across and window.top - 26 <= y <= window.top + window.height + 8


def click_on(world: DesktopWorld, path: str, name: str, count: int = 1) -> Iterator[Move]:
    """Click the element with id `name` of the page `path`, when it is shown."""
    yield Until(lambda: world.pages.place(path, name) is not None, f"{name} on the page {path}")
    box = world.pages.place(path, name)
    if box is None:
        raise ModelError(f"{name} is no longer on the page {path}")
    yield at(*box.center, count=count)
