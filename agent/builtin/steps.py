"""The steps that the built-in model can follow: what `agent.builtin.instructions` makes of a task."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Instruction:
    """One thing to do. `source` is the user's own words for it; it does not take part in comparison."""

    source: str = field(default="", compare=False, kw_only=True)


@dataclass(frozen=True)
class ClickOn(Instruction):
    """Click a target described in words, or the pixel `at` (frame pixels) where one is given."""

    target: str
    button: Literal["left", "middle", "right"] = "left"
    count: int = 1
    keys: tuple[str, ...] = ()
    at: tuple[float, float] | None = None


@dataclass(frozen=True)
class OpenMenu(Instruction):
    """Open a menu of the menu bar, or any control that shows a menu."""

    menu: str


@dataclass(frozen=True)
class OpenThing(Instruction):
    """Open an app, a web address, a file, or whatever on the screen has this name."""

    target: str
    kind: Literal["any", "app", "url", "file"] = "any"


@dataclass(frozen=True)
class Hover(Instruction):
    """Move the pointer over a target."""

    target: str


@dataclass(frozen=True)
class Hold(Instruction):
    """Press a target for `seconds`."""

    target: str
    seconds: float = 1.0


@dataclass(frozen=True)
class TypeInto(Instruction):
    """Type `text` to the letter into `target`, or into what has the focus; `replace` what is there, then Enter."""

    text: str
    target: str = ""
    replace: bool = False
    submit: bool = False


@dataclass(frozen=True)
class SetTo(Instruction):
    """Give a field, list, slider or check box a value: which of them it is shows on the screen."""

    target: str
    value: str


@dataclass(frozen=True)
class Press(Instruction):
    """Press chords in turn. A button that reads `perhaps` is clicked instead, where there is one."""

    chords: tuple[str, ...]
    perhaps: str = ""


@dataclass(frozen=True)
class ScrollTo(Instruction):
    """Scroll `times` notches-of-five, or `until` something shows, or to the `edge`, over `where`."""

    direction: Literal["up", "down", "left", "right"]
    times: int = 1
    until: str = ""
    edge: bool = False
    where: str = ""


@dataclass(frozen=True)
class DragTo(Instruction):
    """Drag one thing onto another, or by (dx, dy) pixels where `by` is given."""

    what: str
    to: str = ""
    by: tuple[int, int] | None = None


@dataclass(frozen=True)
class Slide(Instruction):
    """Move a slider to `value`; with `percent`, to that part of its way."""

    target: str
    value: float
    percent: bool = False


@dataclass(frozen=True)
class WaitFor(Instruction):
    """Wait until a target shows, or is `gone`."""

    target: str
    gone: bool = False


@dataclass(frozen=True)
class WaitSeconds(Instruction):
    """Let `seconds` pass."""

    seconds: float


@dataclass(frozen=True)
class SetChecked(Instruction):
    """Check (True), uncheck (False) or toggle (None) a box or switch."""

    target: str
    on: bool | None = True


@dataclass(frozen=True)
class Choose(Instruction):
    """Choose `option` in a drop-down or list called `target` (any, where it is empty)."""

    option: str
    target: str = ""


@dataclass(frozen=True)
class Clear(Instruction):
    """Empty a field."""

    target: str = ""


@dataclass(frozen=True)
class Dismiss(Instruction):
    """Close a dialog, by `how` ("cancel", "ok" or "") where the user said so. `optional`: if there is one."""

    target: str = "dialog"
    how: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Guard(Instruction):
    """Whenever `condition` shows, do `then`; armed until the task ends."""

    condition: str
    then: tuple[Instruction, ...]


@dataclass(frozen=True)
class Tell(Instruction):
    """Answer with what the screen shows about `question`."""

    question: str


@dataclass(frozen=True)
class SystemButton(Instruction):
    """Go back, go home, show the recent apps."""

    name: Literal["back", "home", "recents", "forward", "reload"]


@dataclass(frozen=True)
class Either(Instruction):
    """`first` where its very words are on the screen, or else `otherwise`: "Find and Replace" is one entry or two."""

    words: str
    first: Instruction
    otherwise: tuple[Instruction, ...]


@dataclass(frozen=True)
class NeedsPlanning(Instruction):
    """The task cannot be read as explicit instructions; `message` is a sentence for the user."""

    message: str
