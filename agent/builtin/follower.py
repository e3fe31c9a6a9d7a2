"""Carries out parsed instructions: one action per observation, whose effect is checked on the next one.

Each kind of instruction is a generator (`agent.builtin.executors`): it yields an action with a thought and resumes with
the next observation. A failed check tries the next candidate or the same once more; what cannot be done ends the task
with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence

from actions.action import (
    Finish,
    Wait,
)
from actions.errors import plural
from agent.builtin import instructions as s
from agent.builtin import screen_diff
from agent.builtin.dialogs import complaint
from agent.builtin.executors.choosing import ValueExecutor
from agent.builtin.executors.context import PATIENCE, DryRunSkip, GiveUp, Rank, Script, Turn
from agent.builtin.executors.moving import MotionExecutor
from agent.builtin.executors.pointing import ClickExecutor
from agent.builtin.executors.sliding import SliderExecutor
from agent.builtin.grammar.parser import planning
from agent.builtin.screen_diff import PerceivedObservation

__all__ = ["Follower", "GiveUp", "Rank"]


def _fills_in(step: s.Instruction) -> bool:
    """Whether the controls of a screen are the same after an instruction."""
    if isinstance(step, s.Alternatives):
        return _fills_in(step.first)
    if isinstance(step, s.ClickOn):
        return step.option
    return isinstance(step, s.TypeInto | s.SetValue | s.SetChecked | s.Choose | s.Clear | s.Slide)


def _may_respond_late(step: s.Instruction) -> bool:
    """Whether a program may respond to an instruction with a delay; the keys of a calculator respond at once."""
    if isinstance(step, s.Press):
        return bool({"enter", "ctrl+s"} & set(step.chords))
    if isinstance(step, s.ClickOn):
        return len(step.target) > 2
    return isinstance(step, s.UseControl | s.Choose | s.Alternatives | s.Dismiss | s.OpenTarget)


class Follower(ClickExecutor, ValueExecutor, SliderExecutor, MotionExecutor):
    """Carries out `instructions`; `next` gives one action per observation.

    `rank` finds targets; a `phone` has system buttons instead of keys for back and home; the first `done` instructions
    were carried out before.
    """

    def __init__(
        self, instructions: Sequence[s.Instruction], rank: Rank, *, phone: bool = False, done: int = 0
    ) -> None:
        super().__init__(instructions, rank, phone=phone)
        self._done = done
        self._stack: list[Script] = []
        self._push(self._main())

    def next(self, observation: PerceivedObservation, *, performed: bool = True) -> Turn:
        """The next action and the thought behind it. `performed` is whether the last action reached the device."""
        if self._end:
            return self._end, "The task has ended."
        self._observation, self._performed = observation, performed
        if self._first is None:
            self._first = self._undisturbed = observation
        try:
            return self._turn()
        except GiveUp as reason:
            self._end = Finish(status="failure", message=str(reason))
            return self._end, f"I give up: {reason}"

    def _turn(self) -> Turn:
        if len(self._stack) == 1 and (guard := self._due_trigger()) is not None:
            self._push(self._fire(guard))
        while self._stack:
            try:
                return next(self._stack[-1])
            except StopIteration:
                self._stack.pop()
        count, self._end = len(self._steps), Finish(status="success", message=self._summary())
        return self._end, f"All {count} instructions are done." if count > 1 else "The instruction is done."

    def _push(self, script: Script) -> None:
        self._stack.append(script)

    def _summary(self) -> str:
        count = len(self._steps)
        if not self._performed:
            later = (
                f"; the targets of the others are not on this screen: {'; '.join(self._skipped)}"
                if self._skipped
                else ""
            )
            begun = f"{count - len(self._skipped)} of {plural(count, 'instruction')}"
            return f"dry run: nothing was done; {begun} can be begun{later}"
        done = f"did all {count} instructions" if count > 1 else "did the one instruction"
        closed = [f"closed unasked: {', '.join(sorted(self._answered))}"] if self._answered else []
        return "; ".join([done, *closed, *self._remarks])

    def _main(self) -> Script:
        self._refuse_unknown_act()
        for number, step in enumerate(self._steps, 1):
            if number <= self._done:
                continue
            self._number, self._step = number, step
            self._starts = [*self._starts[-3:], self.observation]
            try:
                yield from self.do(step)
            except DryRunSkip as reason:
                self._skipped.append(f"{number} ({reason})")
            self._record_screen()
        if any(i not in self._fired for i in range(len(self._triggers))) and self._performed:
            for seconds in PATIENCE[:3]:
                yield (
                    Wait(seconds=seconds),
                    "All instructions are done; I wait in case the condition of the task still becomes true.",
                )
        yield from self._check_late_response()

    def _refuse_unknown_act(self) -> None:
        """Give up before anything is done, where an act is asked for that nothing on the filled in form surely does."""
        act = next((step for step in self._steps if not _fills_in(step)), None)
        if self._done == 0 and isinstance(act, s.UseControl) and not self.controls(act.target):
            raise GiveUp(planning(act.source, alone=len(self._steps) == 1).message)

    def _check_late_response(self) -> Script:
        """Check the screen once more after half a second: the response to the last click or Enter may be delayed."""
        if not self._performed or not self._starts or not _may_respond_late(self._steps[-1]):
            return
        before = self._starts[-1]
        yield Wait(seconds=0.5), self._thought("it is done; I check the screen once more")
        self._refuse_risky(before)
        says = complaint(before.screen, self.screen)
        if says and isinstance(self._steps[-1], s.ClickOn):
            raise GiveUp(self._failed(f"the screen answers “{screen_diff.short(says, 100)}”"))
        if self._file_dialog() and isinstance(self._steps[-1], s.Press):
            raise GiveUp(self._failed("the file dialog is still open"))

    def _record_screen(self) -> None:
        self._seen = [*self._seen[-3:], self.screen]
        dialog = self._new_dialog()
        if dialog is None or dialog.has_fields or self._expects_dialog(dialog):
            self._undisturbed = self.observation

    def do(self, step: s.Instruction) -> Script:
        """The actions of one instruction."""
        match step:
            case s.ClickOn(option=True):
                yield from self._choose_anywhere(s.Choose(step.target))
            case s.ClickOn():
                yield from self._click(step)
            case s.UseControl():
                yield from self._use_control(step)
            case s.OpenMenu():
                yield from self._open_menu(step.menu)
            case s.OpenTarget():
                yield from self._open(step)
            case s.Hover() | s.LongPressOn():
                yield from self._point(step)
            case s.TypeInto():
                yield from self._type(step)
            case s.NameIt():
                yield from self._name_it(step)
            case s.SetValue():
                yield from self._set(step)
            case s.Press():
                yield from self._press(step)
            case s.ScrollTo():
                yield from self._scroll(step)
            case s.DragTo():
                yield from self._drag(step)
            case s.Slide():
                yield from self._slide(step)
            case s.WaitFor():
                yield from self._wait_for(step)
            case s.WaitSeconds():
                yield from self._pause(step.seconds)
            case s.SetChecked():
                yield from self._set_checked(step)
            case s.Choose():
                yield from self._choose(step)
            case s.Clear():
                yield from self._clear(step.target)
            case s.Dismiss():
                yield from self._dismiss(step)
            case s.ReadText():
                yield from self._read_text(step)
            case s.SystemButton():
                yield from self._system(step.name)
            case s.Alternatives():
                yield from self._either(step)
            case s.Trigger():
                return
            case s.NeedsPlanning():
                raise GiveUp(step.message)
            case _:
                raise GiveUp(f"cannot do {step!r}")
