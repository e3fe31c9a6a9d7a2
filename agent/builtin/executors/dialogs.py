"""Dialogs and conditions: what came up, whether it was asked for, and how it is closed."""

from __future__ import annotations

from actions.action import (
    Click,
    Key,
    Wait,
)
from agent.builtin import screen_diff
from agent.builtin import steps as s
from agent.builtin.executors.context import ACT, LONG_PATIENCE, PATIENCE, Check, ExecutorContext, GiveUp, Script
from agent.builtin.screen_diff import Dialog, PerceivedObservation, find_dialog, fresh, norm, shows
from agent.perception.elements import PerceivedScreen


class Dialogs(ExecutorContext):
    """Armed conditions and dialogs nobody spoke of."""

    def _due_guard(self) -> s.Guard | None:
        """The first armed condition that has come up since the last look."""
        for i, guard in enumerate(self._guards):
            here = self._condition(guard)
            if here and i not in self._showing:
                self._showing.add(i)
                self._fired.add(i)
                return guard
            if not here:
                self._showing.discard(i)
        return None

    def _condition(self, guard: s.Guard) -> bool:
        if not screen_diff.is_generic_dialog(guard.condition):
            words = screen_diff.dialog_words(guard.condition)
            return shows(self.screen, words) or any(c.score >= 0.8 for c in self.candidates(guard.condition))
        answer = guard.then[0]
        if isinstance(answer, s.ClickOn):
            return self._came_up(answer.target)
        dialog = self._new_dialog()
        return dialog is not None and not dialog.has_fields and not self._expects_dialog(dialog)

    def _came_up(self, target: str) -> bool:
        """Whether `target` is there now and was not on the last calm screen."""
        then = self._calm.screen if self._calm else PerceivedScreen(0, 0)
        there = [c for c in self.candidates(target) if c.score >= 0.7 and not screen_diff.known(c.element, then)]
        return bool(there) and not any(c.score >= 0.7 for c in self._rank(then, target, ()))

    def _new_dialog(self) -> Dialog | None:
        return find_dialog(self.screen, self._calm.screen) if self._calm else None

    def _guarded(self, guard: s.Guard) -> Script:
        outer = self._step, self._number
        self._step = guard
        for step in guard.then:
            before = self.look
            if isinstance(step, s.Dismiss):
                dialog = self._new_dialog() or find_dialog(self.screen, None)
                yield from self._close(dialog, step.how)
            else:
                yield from self._sub(step)
            yield from self._effect(before)
        self._step, self._number = outer

    def _dismiss(self, step: s.Dismiss) -> Script:
        """Close the dialog that the task speaks of; it may have come, and gone, before its turn."""
        index = next(i for i, g in enumerate(self._guards) if step in g.then)
        for seconds in LONG_PATIENCE[:8] if not step.optional else PATIENCE[:2]:
            if index in self._fired:
                return
            if self._good(f"close {step.target}"[:0] or step.target) and not screen_diff.is_generic_dialog(step.target):
                yield from self._close(find_dialog(self.screen, None), step.how)
                return
            came = find_dialog(self.screen, self._first.screen if self._first else None)
            if came and came.button(step.how) and self._window_came():
                yield from self._close(came, step.how)
                return
            yield Wait(seconds=seconds), self._say("I wait for the dialog")
        if index in self._fired or step.optional:
            return
        if (dialog := find_dialog(self.screen, None)) and dialog.button(step.how):
            yield from self._close(dialog, step.how)
            return
        raise GiveUp(self._failed("no dialog came up"))

    def _close(self, dialog: Dialog | None, how: str = "") -> Script:
        before = self.look
        button = dialog.button(how) if dialog else None
        if dialog and dialog.risky and button is None:
            raise GiveUp(self._failed(f"a dialog asks “{screen_diff.short(dialog.words)}” and has no safe button"))
        if button is None:
            yield Key(chords=("escape",)), self._say("I see no button to close it with, so I press Escape")
        else:
            yield Click(point=button.box.center), self._say(f"a dialog is there; I press {screen_diff.name(button)}")
        if not (yield from self._effect(before)):
            raise GiveUp(self._failed("the dialog did not close"))

    def _clear_the_way(self, target: str) -> Check:
        """Close, once, a dialog that came up on its own and hides `target`; True if that was done."""
        for i, guard in enumerate(self._guards):
            if i not in self._fired and self._dialog_from_start(guard):
                self._fired.add(i)
                yield from self._guarded(guard)
                return True
        dialog = self._new_dialog()
        if dialog is None or dialog.has_fields or self._expects_dialog(dialog):
            return False
        label = screen_diff.short(dialog.words or "dialog")
        if label in self._answered or not self._was_seen(target):
            return False
        if dialog.button() is None or (
            dialog.risky and norm(getattr(dialog.button(), "text", "")) not in screen_diff.NEUTRAL
        ):
            raise GiveUp(self._failed(f"a dialog asks “{label}”; the task does not say what to answer"))
        self._answered.add(label)
        yield from self._close(dialog)
        return True

    def _dialog_from_start(self, guard: s.Guard) -> bool:
        """Whether the dialog of a condition was there before anything was done."""
        dialog = find_dialog(self.screen, None)
        return screen_diff.is_generic_dialog(guard.condition) and dialog is not None and not dialog.has_fields

    def _was_seen(self, target: str) -> bool:
        """Whether `target` was on an earlier screen; a dialog over something never seen may well be meant."""
        if not target or any(c.score >= ACT for c in self.candidates(target)):
            return True
        dialog = self._new_dialog()
        earlier = any(c.score >= ACT for screen in self._seen for c in self._rank(screen, target, ()))
        first = self._calm is not None and any(c.score >= ACT for c in self._rank(self._calm.screen, target, ()))
        return earlier or first or (dialog is not None and len(dialog.buttons) == 1)

    def _expects_dialog(self, dialog: Dialog) -> bool:
        """Whether the instruction before was one that opens a dialog, which then is no interruption."""
        around = self._steps[max(0, self._number - 2) : self._number + 1]
        targets = [str(getattr(step, "target", "")) for step in (*around, self._step)]
        names = {norm(b.text) for b in dialog.buttons}
        opens = any(t.rstrip().endswith(("…", "...")) for t in targets) and len(dialog.buttons) > 1
        return opens or any(norm(t) in names for t in targets if t)

    def _own_dialog(self) -> bool:
        """Whether a dialog is up that was not there on the last calm look."""
        return self._new_dialog() is not None

    def _file_dialog(self) -> bool:
        """Whether a dialog to save or open a file is up that was not there at first."""
        new = fresh(self._first.screen, self.screen) if self._first else []
        words = {norm(e.text) for e in new}
        return "cancel" in words and bool(words & {"save", "open", "name", "create folder", "save in folder"})

    def _file_dialog_goes(self, before: PerceivedObservation) -> Script:
        """Wait until the file dialog has closed, or asks something."""
        gone = lambda: not self._file_dialog() or bool(screen_diff.risky_words(before.screen, self.screen))  # noqa: E731
        if (yield from self._effect(before, gone, (0.3, 0.7, 1.5, 2.0))):
            self._refuse_risky(before)
        else:  # never a second Enter: it might answer a question that comes up late
            self._unseen("the file dialog is still open")

    def _window_came(self) -> bool:
        """Whether a window or dialog has come up since the instruction before this one began."""
        return screen_diff.window_came(self._starts[-3:-1] or self._starts, self.look)

    def _refuse_risky(self, before: PerceivedObservation) -> None:
        """A question about something that cannot be undone, which the task does not go on to answer, ends it."""
        asks = screen_diff.risky_words(before.screen, self.screen)
        if asks and self._last and find_dialog(self.screen, before.screen) is not None:
            asks = screen_diff.short(asks)
            raise GiveUp(self._failed(f"a dialog asks “{asks}”; the task does not say what to answer"))
