"""The instructions that the built-in model can carry out; `agent.builtin.grammar.parse` makes them of a task."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Instruction:
    """Base of all instructions. `source` is the user's words for it; it is not compared."""

    source: str = field(default="", compare=False, kw_only=True)


@dataclass(frozen=True)
class ClickOn(Instruction):
    """Click a target described in words, or the pixel `at` (frame pixels) where one is given.

    An `option` may also be an entry of a list that is closed. A click `inside` means a field rather than its name.
    """

    target: str
    button: Literal["left", "middle", "right"] = "left"
    count: int = 1
    keys: tuple[str, ...] = ()
    at: tuple[float, float] | None = None
    option: bool = False
    inside: bool = False


@dataclass(frozen=True)
class UseControl(Instruction):
    """Click the control that does what the words of `target` ask for, "place the order", where one surely does."""

    target: str


@dataclass(frozen=True)
class OpenMenu(Instruction):
    """Open a menu of the menu bar, or of any control that has one."""

    menu: str


@dataclass(frozen=True)
class OpenTarget(Instruction):
    """Open an app, a web address, a file, or an element of this name."""

    target: str
    kind: Literal["any", "app", "url", "file"] = "any"


@dataclass(frozen=True)
class Hover(Instruction):
    """Move the pointer over a target."""

    target: str


@dataclass(frozen=True)
class LongPressOn(Instruction):
    """Press a target for `seconds`."""

    target: str
    seconds: float = 1.0


@dataclass(frozen=True)
class TypeInto(Instruction):
    """Type `text` into `target`, or into the focus; `replace` the content, and press Enter to `submit`."""

    text: str
    target: str = ""
    replace: bool = False
    submit: bool = False


@dataclass(frozen=True)
class NameIt(Instruction):
    """Give the name that is asked for: type `text` over what the focused field holds, and press Enter to `submit`."""

    text: str
    submit: bool = True


@dataclass(frozen=True)
class SetValue(Instruction):
    """Set a field, list, slider or check box to a value; the screen decides which of them it is."""

    target: str
    value: str


@dataclass(frozen=True)
class Press(Instruction):
    """Press chords in order. A button with the text `perhaps` is clicked instead, where there is one.

    Where one of them `opens` a dialog of files, or anything, they are tried in turn until that is seen.
    """

    chords: tuple[str, ...]
    perhaps: str = ""
    opens: Literal["", "anything", "files"] = ""


@dataclass(frozen=True)
class ScrollTo(Instruction):
    """Scroll `times` x 5 notches, or `until` a text or element is visible, or to the `edge`, over `where`."""

    direction: Literal["up", "down", "left", "right"]
    times: int = 1
    until: str = ""
    edge: bool = False
    where: str = ""


@dataclass(frozen=True)
class DragTo(Instruction):
    """Drag one element onto another, or by (dx, dy) pixels where `by` is given."""

    what: str
    to: str = ""
    by: tuple[int, int] | None = None


@dataclass(frozen=True)
class Slide(Instruction):
    """Move a slider to `value`; with `percent`, to that part of its track."""

    target: str
    value: float
    percent: bool = False


@dataclass(frozen=True)
class WaitFor(Instruction):
    """Wait until a target is visible, or `gone`."""

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
class Trigger(Instruction):
    """Carry out `then` whenever `condition` becomes visible; armed until the task ends."""

    condition: str
    then: tuple[Instruction, ...]


@dataclass(frozen=True)
class ReadText(Instruction):
    """Answer with the text of the element that `question` describes."""

    question: str


@dataclass(frozen=True)
class SystemButton(Instruction):
    """Press a system button or its key."""

    name: Literal["back", "home", "recents", "forward", "reload"]


@dataclass(frozen=True)
class Alternatives(Instruction):
    """`first` where the screen shows exactly `words`, else `otherwise`: "Find and Replace" is one entry or two."""

    words: str
    first: Instruction
    otherwise: tuple[Instruction, ...]


@dataclass(frozen=True)
class NeedsPlanning(Instruction):
    """The task cannot be read as explicit instructions; `message` is for the user."""

    message: str


def target_of(step: Instruction) -> str:
    """The target of an instruction that has one, else empty."""
    match step:
        case (
            ClickOn(target=target)
            | UseControl(target=target)
            | OpenTarget(target=target)
            | Hover(target=target)
            | LongPressOn(target=target)
            | TypeInto(target=target)
            | SetValue(target=target)
            | Slide(target=target)
            | WaitFor(target=target)
            | SetChecked(target=target)
            | Choose(target=target)
            | Clear(target=target)
            | Dismiss(target=target)
        ):
            return target
    return ""
