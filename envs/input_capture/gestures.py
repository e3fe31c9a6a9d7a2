"""From small input events to actions: presses that belong together become one click, drag, text or chord.

The rules:

* a press and a release on one place (`STILL` units) is a click; held for `LONG` seconds, a long press; further, a drag
  along a simplified path;
* presses within `DOUBLE` seconds and `NEAR` units of each other are a double or triple click;
* notches of the wheel one way, on one place, without a pause are one scroll;
* characters one after another are one text; a pause of `TEXT_PAUSE` ends it. Enter, Tab and Backspace are keys: each
  is a step of its own;
* the same chord again and again is one key action.

Time that passes is no action. Pure: it is fed with events and the time, and knows no device.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from actions.action import AnyAction, Button, Click, Drag, Key, LongPress, Scroll, TypeText
from actions.events import Side
from actions.frame import Point
from envs.input_capture.events import Clicked, Down, Event, Moved, Pressed, Turned, Typed, Unknown, Up

DOUBLE, NEAR = 0.4, 5.0
"""GTK's and Qt's times and distances of a double click."""
STILL, FAR = 4.0, 8.0
"""Units a pointer may slip in a click, and in a quick one."""
QUICK, LONG = 0.25, 1.0
SCROLL_PAUSE, SCROLL_REACH = 1.0, 40.0
KEY_PAUSE, TEXT_PAUSE = 1.0, 2.0
EPSILON = 3.0
"""Units a simplified path may be off."""
_MOST_POINTS, _MOST_NOTCHES, _MOST_CHORDS, _MOST_TEXT = 256, 100, 64, 100_000


@dataclass(frozen=True)
class Touch:
    """How near and how long, for a pointer, or for a finger on a screen of another density."""

    still: float = STILL
    far: float = FAR
    long: float = LONG
    near: float = NEAR
    double: float = DOUBLE
    epsilon: float = EPSILON

    @classmethod
    def finger(cls, density: float) -> Touch:
        """Android's own rules (``ViewConfiguration``) on a screen of `density` dots an inch: a slop of 8 dp, a long
        press of 0.4 s, a double tap within 0.3 s; its two taps are nearer than two keys of a keyboard.
        """
        dp = density / 160
        return cls(still=8 * dp, far=8 * dp, long=0.4, near=16 * dp, double=0.3, epsilon=6 * dp)


@dataclass(frozen=True)
class Gesture:
    """One action, its points in input units, and when (`time.monotonic`) it began and ended.

    `press` is where and when the last press of a click was.
    """

    action: AnyAction
    start: float
    end: float
    press: tuple[float, float, float] | None = None


@dataclass
class _Held:
    down: Down
    path: list[Point]
    far: float = 0.0


@dataclass
class Gestures:
    """Joins events, fed in order, into gestures. `unknown` counts input that no action expresses."""

    touch: Touch = field(default_factory=Touch)
    unknown: dict[str, int] = field(default_factory=dict)
    _held: dict[Side, _Held] = field(default_factory=dict)
    _pending: Gesture | None = None

    @property
    def busy(self) -> bool:
        """Whether a button or finger is down, or a click may become a double one."""
        return bool(self._held) or isinstance(self._pending and self._pending.action, Click)

    @property
    def starts(self) -> set[float]:
        """When what is not complete yet began."""
        begun = {held.down.time for held in self._held.values()}
        return begun | ({self._pending.start} if self._pending else set())

    @property
    def text(self) -> Gesture | None:
        """The text under way."""
        return self._pending if self._pending and isinstance(self._pending.action, TypeText) else None

    def feed(self, event: Event) -> list[Gesture]:
        """What is complete now that `event` came."""
        match event:
            case Down():
                return self._down(event)
            case Moved():
                for held in self._held.values():
                    _go(held, event)
                return []
            case Up():
                return self._up(event)
            case Turned():
                return self._join(Gesture(_scroll(event), event.time, event.time))
            case Typed():
                return self._join(Gesture(TypeText(text=event.text), event.time, event.time))
            case Pressed():
                return self._join(Gesture(Key(chords=(event.chord,)), event.time, event.time))
            case Clicked():
                return [*self.flush(), Gesture(Button(name=event.name), event.time, event.time)]
            case Unknown():
                self.unknown[event.what] = self.unknown.get(event.what, 0) + 1
                return []

    def tick(self, now: float, keep_text: bool = False) -> list[Gesture]:
        """What is complete because time has passed; `keep_text` goes on waiting for more of a text."""
        done = self._pending
        if done is None or (keep_text and isinstance(done.action, TypeText)) or self._held:
            return []
        pause = {"click": self.touch.double, "scroll": SCROLL_PAUSE, "key": KEY_PAUSE, "type": TEXT_PAUSE}
        since = done.press[0] if done.press else done.end
        return self.flush() if now - since > pause.get(done.action.type, 0.0) else []

    def flush(self) -> list[Gesture]:
        """What is pending: nothing will be added to it."""
        done, self._pending = self._pending, None
        return [done] if done else []

    def _down(self, event: Down) -> list[Gesture]:
        again = self._again(event)
        done = [] if again else self.flush()
        self._held[event.button] = _Held(event, [Point(event.x, event.y)])
        return done

    def _again(self, event: Down) -> bool:
        """Whether this press goes on with the click before."""
        last = self._pending
        if last is None or not isinstance(last.action, Click) or last.press is None or last.action.count == 3:
            return False
        when, x, y = last.press
        same = (last.action.button, last.action.keys) == (event.button, event.keys)
        near = math.dist((x, y), (event.x, event.y)) <= self.touch.near
        return same and near and event.time - when <= self.touch.double

    def _up(self, event: Up) -> list[Gesture]:
        held = self._held.pop(event.button, None)
        if held is None:
            return []
        _go(held, event)
        gesture = self._ended(held, event.time)
        if isinstance(gesture.action, Click):
            return self._click(gesture)
        return [*self.flush(), gesture]

    def _click(self, gesture: Gesture) -> list[Gesture]:
        """A click, or one more of the click before: `_down` has kept that only where this belongs to it."""
        before, click = self._pending, gesture.action
        if before is None or not isinstance(before.action, Click) or not isinstance(click, Click):
            self._pending = gesture
        else:
            action = before.action.model_copy(update={"count": before.action.count + 1})
            self._pending = replace(gesture, action=action, start=before.start)
        return self.flush() if isinstance(self._pending.action, Click) and self._pending.action.count == 3 else []

    def _ended(self, held: _Held, time: float) -> Gesture:
        down, seconds = held.down, time - held.down.time
        moved = held.far > self.touch.far or (held.far > self.touch.still and seconds > QUICK)
        place = held.path[0]
        action: AnyAction
        if moved:
            path = tuple(simplified(held.path, self.touch.epsilon))
            action = Drag(path=path, button=down.button, seconds=min(round(seconds, 3), 600.0), keys=down.keys)
        elif seconds >= self.touch.long and down.button == "left" and not down.keys:
            action = LongPress(point=place, seconds=min(round(seconds, 3), 600.0))
        else:
            action = Click(point=place, button=down.button, keys=down.keys)
        return Gesture(action, down.time, time, (down.time, place.x, place.y))

    def _join(self, new: Gesture) -> list[Gesture]:
        """Add to what is pending, or begin anew."""
        joined = _joined(self._pending, new) if self._pending else None
        done = [] if joined else self.flush()
        self._pending = joined or new
        return done


def _go(held: _Held, event: Moved | Up) -> None:
    place = Point(event.x, event.y)
    held.far = max(held.far, math.dist(held.path[0], place))
    if place != held.path[-1]:
        held.path.append(place)


def _scroll(event: Turned) -> Scroll:
    return Scroll(point=Point(event.x, event.y), dx=event.dx, dy=event.dy, keys=event.keys)


def _joined(old: Gesture, new: Gesture) -> Gesture | None:
    """Both as one gesture; None where they are two."""
    pause = new.start - old.end
    match old.action, new.action:
        case TypeText() as a, TypeText() as b if len(a.text) + len(b.text) <= _MOST_TEXT:
            return replace(old, action=TypeText(text=a.text + b.text), end=new.end)
        case Key() as a, Key() as b:
            same = set(a.chords) == set(b.chords) and pause <= KEY_PAUSE and len(a.chords) < _MOST_CHORDS
            return replace(old, action=Key(chords=a.chords + b.chords), end=new.end) if same else None
        case Scroll() as a, Scroll() as b:
            return _more(old, a, b, new) if pause <= SCROLL_PAUSE else None
    return None


def _more(old: Gesture, a: Scroll, b: Scroll, new: Gesture) -> Gesture | None:
    dx, dy = a.dx + b.dx, a.dy + b.dy
    one_way = a.dx * b.dx >= 0 and a.dy * b.dy >= 0 and bool(a.dx) == bool(b.dx)
    near = a.point is not None and b.point is not None and math.dist(a.point, b.point) <= SCROLL_REACH
    if a.keys != b.keys or not one_way or not near or max(abs(dx), abs(dy)) > _MOST_NOTCHES:
        return None
    return replace(old, action=a.model_copy(update={"dx": dx, "dy": dy}), end=new.end)


def simplified(path: Sequence[Point], epsilon: float) -> list[Point]:
    """The corners of `path`: its ends, and what is more than `epsilon` off the lines between (Douglas and Peucker)."""
    kept = _corners(list(path), epsilon)
    while len(kept) > _MOST_POINTS:
        epsilon *= 1.5
        kept = _corners(list(path), epsilon)
    return kept if len(kept) > 1 else [kept[0], kept[0]]


def _corners(path: list[Point], epsilon: float) -> list[Point]:
    keep = {0, len(path) - 1}
    parts = [(0, len(path) - 1)]
    while parts:
        first, last = parts.pop()
        off, at = max(((_off(path[n], path[first], path[last]), n) for n in range(first + 1, last)), default=(0.0, 0))
        if off > epsilon:
            keep.add(at)
            parts += [(first, at), (at, last)]
    return [path[n] for n in sorted(keep)]


def _off(point: Point, a: Point, b: Point) -> float:
    """Distance of `point` from the line between `a` and `b`."""
    length = math.dist(a, b)
    if not length:
        return math.dist(point, a)
    along = ((point.x - a.x) * (b.x - a.x) + (point.y - a.y) * (b.y - a.y)) / length**2
    along = min(max(along, 0.0), 1.0)
    return math.dist(point, (a.x + along * (b.x - a.x), a.y + along * (b.y - a.y)))
