"""Triggers ("if a dialog appears, …") and unexpected dialogs: when they fire, and how a dialog is closed."""

from __future__ import annotations

from actions.action import (
    Click,
    Key,
    Wait,
)
from agent.builtin import instructions as s
from agent.builtin import screen_diff
from agent.builtin.dialogs import (
    CONFIRM,
    NEUTRAL,
    Dialog,
    dialog_words,
    find_dialog,
    is_generic_dialog,
    risky_words,
    same_place,
)
from agent.builtin.executors.context import ACT, LONG_PATIENCE, PATIENCE, Check, ExecutorContext, GiveUp, Script
from agent.builtin.screen_diff import PerceivedObservation, fresh, shows
from agent.perception.elements import PerceivedScreen
from agent.perception.normalisation import normalised


class DialogExecutor(ExecutorContext):
    """Fires triggers and closes unexpected dialogs."""

    def _due_trigger(self) -> s.Trigger | None:
        """The first armed trigger whose condition has become true since the last observation."""
        for i, guard in enumerate(self._triggers):
            here = self._is_due(guard)
            if here and i not in self._showing:
                self._showing.add(i)
                self._fired.add(i)
                return guard
            if not here:
                self._showing.discard(i)
        return None

    def _is_due(self, guard: s.Trigger) -> bool:
        if not is_generic_dialog(guard.condition):
            words = dialog_words(guard.condition)
            return shows(self.screen, words) or any(c.score >= 0.8 for c in self.candidates(guard.condition))
        answer = guard.then[0]
        if isinstance(answer, s.ClickOn):
            return self._appeared(answer.target)
        dialog = self._new_dialog()
        return dialog is not None and not dialog.has_fields and not self._expects_dialog(dialog)

    def _appeared(self, target: str) -> bool:
        """Whether `target` is on the screen now and was not on the last screen without a new dialog."""
        then = self._undisturbed.screen if self._undisturbed else PerceivedScreen(0, 0)
        there = [c for c in self.candidates(target) if c.score >= 0.7 and not screen_diff.known(c.element, then)]
        return bool(there) and not any(c.score >= 0.7 for c in self._rank(then, target, ()))

    def _new_dialog(self) -> Dialog | None:
        return find_dialog(self.screen, self._undisturbed.screen) if self._undisturbed else None

    def _fire(self, guard: s.Trigger) -> Script:
        outer = self._step, self._number
        self._step = guard
        for step in guard.then:
            before = self.observation
            if isinstance(step, s.Dismiss):
                dialog = self._new_dialog() or find_dialog(self.screen, None)
                yield from self._close(dialog, step.how)
            else:
                yield from self._do_part(step)
            yield from self._has_effect(before)
        self._step, self._number = outer

    def _dismiss(self, step: s.Dismiss) -> Script:
        """Close the dialog that the task names; it may have appeared, and been closed, before this instruction."""
        index = next(i for i, g in enumerate(self._triggers) if step in g.then)
        for seconds in LONG_PATIENCE[:8] if not step.optional else PATIENCE[:2]:
            if index in self._fired:
                return
            if self._sure(f"close {step.target}"[:0] or step.target) and not is_generic_dialog(step.target):
                yield from self._close(find_dialog(self.screen, None), step.how)
                return
            came = find_dialog(self.screen, self._first.screen if self._first else None)
            if came and (step.how == CONFIRM or (came.button(step.how) and self._window_appeared())):
                yield from self._close(came, step.how)
                return
            yield Wait(seconds=seconds), self._thought("I wait for the dialog")
        if index in self._fired or step.optional:
            return
        if (dialog := find_dialog(self.screen, None)) and dialog.button(step.how):
            yield from self._close(dialog, step.how)
            return
        raise GiveUp(self._failed("no dialog appeared"))

    def _close(self, dialog: Dialog | None, how: str = "") -> Script:
        before = self.observation
        button = dialog.button(how) if dialog else None
        if dialog and dialog.risky and button is None:
            raise GiveUp(self._failed(f"a dialog asks “{screen_diff.short(dialog.words)}” and has no safe button"))
        if button is None and how == CONFIRM:
            yield Key(chords=("enter",)), self._thought("no button of it says yes, so I press Enter")
        elif button is None:
            yield Key(chords=("escape",)), self._thought("it has no button that closes it, so I press Escape")
        else:
            yield (
                Click(point=button.box.center),
                self._thought(f"a dialog is there; I press {screen_diff.name(button)}"),
            )
        if not (yield from self._has_effect(before)):
            raise GiveUp(self._failed("the dialog did not close"))

    def _close_unexpected_dialog(self, target: str) -> Check:
        """Close, once, an unexpected dialog that hides `target`; True if that was done."""
        for i, guard in enumerate(self._triggers):
            if i not in self._fired and self._dialog_from_start(guard):
                self._fired.add(i)
                yield from self._fire(guard)
                return True
        dialog = self._new_dialog()
        if dialog is None or dialog.has_fields or self._expects_dialog(dialog):
            return False
        label = screen_diff.short(dialog.words or "dialog")
        if label in self._answered or not self._was_seen(target):
            return False
        button = dialog.button()
        if button is None or (dialog.risky and normalised(button.text) not in NEUTRAL):
            raise GiveUp(self._failed(f"a dialog asks “{label}”; the task does not say what to answer"))
        self._answered.add(label)
        yield from self._close(dialog)
        return True

    def _dialog_from_start(self, guard: s.Trigger) -> bool:
        """Whether the dialog of a trigger was on the first screen."""
        dialog = find_dialog(self.screen, None)
        return is_generic_dialog(guard.condition) and dialog is not None and not dialog.has_fields

    def _was_seen(self, target: str) -> bool:
        """Whether `target` was on an earlier screen; a dialog over a target that never was may be intended."""
        if not target or any(c.score >= ACT for c in self.candidates(target)):
            return True
        dialog = self._new_dialog()
        earlier = any(c.score >= ACT for screen in self._seen for c in self._rank(screen, target, ()))
        first = self._undisturbed is not None and any(
            c.score >= ACT for c in self._rank(self._undisturbed.screen, target, ())
        )
        return earlier or first or (dialog is not None and len(dialog.buttons) == 1)

    def _expects_dialog(self, dialog: Dialog) -> bool:
        """Whether an instruction around this one opens or answers the dialog, which then is expected."""
        around = self._steps[max(0, self._number - 2) : self._number + 1]
        targets = [s.target_of(step) for step in (*around, self._step)]
        names = {normalised(b.text) for b in dialog.buttons}
        opens = any(t.rstrip().endswith(("…", "...")) for t in targets) and len(dialog.buttons) > 1
        return opens or any(normalised(t) in names for t in targets if t)

    def _dialog_appeared(self) -> bool:
        """Whether a dialog is open that was not on the last screen without a new dialog."""
        return self._new_dialog() is not None

    def _file_dialog(self) -> bool:
        """Whether a dialog to save or open a file is open that was not on the first screen."""
        new = fresh(self._first.screen, self.screen) if self._first else []
        words = {normalised(e.text) for e in new}
        return "cancel" in words and bool(words & {"save", "open", "name", "create folder", "save in folder"})

    def _await_file_dialog_closed(self, before: PerceivedObservation) -> Script:
        """Wait until the file dialog has closed, or a question appears."""
        gone = lambda: not self._file_dialog() or bool(risky_words(before.screen, self.screen))  # noqa: E731
        if (yield from self._has_effect(before, gone, (0.3, 0.7, 1.5, 2.0))):
            self._refuse_risky(before)
        else:  # never a second Enter: it might answer a question that appears late
            self._no_effect("the file dialog is still open")

    def _window_appeared(self) -> bool:
        """Whether a window or dialog has appeared since the previous instruction began."""
        return screen_diff.window_appeared(self._starts[-3:-1] or self._starts, self.observation)

    def _in_first_window(self) -> bool:
        """Whether the front window is one of the first screen, at the same place, whatever its title says now."""
        return bool(
            self._first
            and self.screen.windows
            and any(same_place(w.box, self.screen.windows[0].box) for w in self._first.screen.windows)
        )

    def _refuse_risky(self, before: PerceivedObservation) -> None:
        """Give up at a question about an irreversible action which the task does not go on to answer."""
        dialog = None if self._in_first_window() else self._new_dialog()
        if dialog and len(dialog.buttons) < 2 and find_dialog(self.screen, before.screen) is None:
            dialog = None
        asks = risky_words(before.screen, self.screen) or (dialog.words if dialog and dialog.risky else "")
        if asks and self._last and dialog is not None:
            asks = screen_diff.short(asks)
            raise GiveUp(self._failed(f"a dialog asks “{asks}”; the task does not say what to answer"))
