"""Executors that type text and press keys."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

from rapidfuzz import fuzz

from actions.action import (
    Click,
    Key,
    TypeText,
)
from actions.frame import Box, Point
from agent.builtin import instructions as s
from agent.builtin import screen_diff
from agent.builtin.dates import date_digits, read_date, segment_order
from agent.builtin.executors.context import PRONOUN, TYPED_ROLES, Check, GiveUp, Script
from agent.builtin.executors.dialogs import DialogExecutor
from agent.builtin.executors.predicates import (
    attempts,
    digits_at,
    found_by,
    hides_text,
    near,
    one_line,
    same_number,
    text_at,
)
from agent.builtin.screen_diff import changed, changed_within, exact
from agent.perception.elements import Candidate, Element
from agent.perception.meaning import labels
from agent.perception.meaning.areas import by_kind
from agent.perception.normalisation import normalised

CARET = 3
"""Pixels of the widest text cursor."""
SHORT = 3
"""Texts up to this length beside a caret are often missed by OCR: a change inside the field is then enough."""

MASKED = "{{secret:"
"""The start of a secret's placeholder (`agent.guard.secrets`): what it becomes on the screen is
blacked out.
"""


class TextExecutor(DialogExecutor):
    """Types text, presses keys and clears fields."""

    def _type(self, step: s.TypeInto) -> Script:
        text = step.text.rstrip("\n")  # a dialog may lose an Enter that comes with the text
        if step.target and not (PRONOUN.fullmatch(step.target) and not self._last_target):
            yield from self._type_into(replace(step, text=text, replace=step.replace or self._file_dialog()))
        else:
            yield from self._type_here(text)
        lines = len(step.text) - len(step.text.rstrip("\n"))
        if lines or step.submit:
            yield from self._do_part(s.Press(("enter",) * min(lines + step.submit, 64)))

    def _name_it(self, step: s.NameIt) -> Script:
        before = self.observation
        yield Key(chords=("ctrl+a",)), self._thought("I select the name that is there")
        yield TypeText(text=step.text), self._thought("I type the name over it")
        if step.submit:
            yield Key(chords=("enter",)), self._thought("I press enter")
        if not (yield from self._has_effect(before, lambda: self._reads(step.text), (0.3, 0.7, 1.5))):
            raise GiveUp(self._failed(f"“{step.text}” is not on the screen afterwards"))

    def _type_here(self, text: str) -> Script:
        """Type into the focus; where the text does not appear, click the largest field and type again."""
        if not text:
            return
        before = self.observation
        yield TypeText(text=text), self._thought("I type into what has the focus")
        if (
            yield from self._has_effect(
                before, lambda: changed(before, self.observation) and (MASKED in text or self._reads(text))
            )
        ):
            self._refuse_longer_number(text)
            return
        if changed(before, self.observation) and not (yield from self._close_unexpected_dialog("")):
            return
        fields = [e for e in self.screen.elements if e.role == "field"]
        area = by_kind(self.screen, "document") or [Candidate(e, e.box.center, 0.6) for e in fields if len(fields) == 1]
        if area:
            yield Click(point=area[0].point), self._thought("the text is not there, so I click the field first")
            before = self.observation
        elif fields:
            raise GiveUp(self._failed("nothing says which field the text is for"))
        yield TypeText(text=text), self._thought("I type it again")
        if not (yield from self._has_effect(before)):
            raise GiveUp(self._failed("I typed the text and nothing on the screen changed"))

    def _refuse_longer_number(self, text: str) -> None:
        """Give up where a number was typed over what two clicks should have selected, and digits are left of it."""
        earlier = self._steps[self._number - 2] if self._number > 1 else None
        if not text.isdigit() or not isinstance(earlier, s.ClickOn) or earlier.count < 2:
            return
        shown = [e.text for e in self.screen.elements if e.role == "field" and e.text.isdigit() and text in e.text]
        if shown and text not in shown:
            raise GiveUp(self._failed(f"the field shows “{shown[0]}” afterwards"))

    def _type_into(self, step: s.TypeInto) -> Script:
        found = yield from self.find(step.target, TYPED_ROLES)
        if read_date(step.text) and (
            dates := labels.on_row_of(self.screen, step.target, lambda t: bool(segment_order(t)))
        ):
            order = segment_order(dates.text) or ("m", "d", "y")
            day = read_date(step.text, order)
            if day:
                yield from self._type_date(Candidate(dates, dates.box.center, 0.9, "a date"), date_digits(day, order))
                return
        tries = attempts(found)
        for i, candidate in enumerate(tries):
            again = i > 0 and candidate == tries[i - 1] and candidate.element.box.height < 60
            if (yield from self._fill(step, candidate, select=step.replace or again, again=again)):
                return
            if (yield from self._close_unexpected_dialog(step.target)) and (
                yield from self._fill(step, candidate, select=True)
            ):
                return
        raise GiveUp(self._failed(f"I typed into {screen_diff.name(found[0].element)} and cannot read the text there"))

    def _fill(self, step: s.TypeInto, candidate: Candidate, *, select: bool, again: bool = False) -> Check:
        """Whether the text is in the field after a click and typing; `again` selects what may be there unread."""
        element = candidate.element
        full = again or bool(element.text) or self._holds_text(element)
        yield from self._enter_field(candidate, select=select, again=again)
        if not step.text:
            yield Key(chords=("delete",)), self._thought("I clear it")
            return True
        before = self.observation
        yield TypeText(text=step.text), self._thought(f"I type into {screen_diff.name(element)}")
        hidden = hides_text(step.target) or MASKED in step.text
        whole = select and one_line(element)

        def done() -> bool:
            if not changed(before, self.observation):
                return False
            unread = len(step.text) <= SHORT and not self._holds_text(element)
            lit = unread and (again or not full) and changed_within(before, self.observation, element.box)
            return hidden or lit or self._reads(step.text, element.box, whole)

        return (yield from self._has_effect(before, done))

    def _enter_field(self, candidate: Candidate, *, select: bool, again: bool = False) -> Script:
        """Click into a field; with `select`, select its content.

        One line is selected by three clicks. Where they change nothing, because a busy machine takes them for single
        ones, and `again`, it is selected by End and Shift+Home: Ctrl+A is not "select all" in every toolkit.
        """
        line, before = one_line(candidate.element), self.observation
        count: Literal[1, 3] = 3 if select and line and not again else 1
        thought = "I select what is in" if count == 3 else "I click"
        yield Click(point=candidate.point, count=count), self._thought(found_by(thought, candidate))
        full = self._holds_text(candidate.element)
        if select and (count == 1 or (full and not changed(before, self.observation))):
            chords = ("end", "shift+home") if line else ("ctrl+a",)
            yield Key(chords=chords), self._thought("I select everything in it")

    def _holds_text(self, element: Element) -> bool:
        here = near(self.screen, element.box)
        return bool(text_at(self.screen, element.box) if here else element.text)

    def _type_date(self, candidate: Candidate, digits: str) -> Script:
        box = candidate.element.box
        first = Point(min(box.x1 + max(10.0, box.height * 0.5), box.center.x), box.center.y)
        before = self.observation
        yield Click(point=first), self._thought(found_by("I click the first part of", candidate))
        yield TypeText(text=digits), self._thought(f"I type the date in the field's own order as {digits}")
        shown = lambda: digits_at(self.screen, box, digits) >= 75  # noqa: E731
        if (yield from self._has_effect(before, shown)):
            return
        yield (
            Key(chords=("tab",)),
            self._thought("a part of the date is highlighted and hard to read, so I leave it with Tab"),
        )
        if not (yield from self._has_effect(before, shown)):
            raise GiveUp(self._failed("the date field does not show the date"))

    def _reads(self, text: str, box: Box | None = None, whole: bool = False) -> bool:
        """Whether the text on the screen (near `box`, or anywhere) is similar enough to what was typed."""
        wanted = normalised(re.sub(r"[^\x20-\u024f]+", " ", text.splitlines()[-1] if text.strip() else text))
        if len(wanted) < 2:
            return not (whole and box is not None and self._shows_other_digits(wanted, box))
        around = [e for e in self.screen.elements if box is None or e.box.overlap(box.grown(12)) > 0]
        seen = screen_diff.all_text(around)
        if box is not None and not seen and box.width < 8 * len(wanted):
            return True
        if whole and box is not None and (here := text_at(self.screen, box)):
            if (number := same_number(wanted, here)) is not None:
                return number
            shown = normalised(here)
            if len(shown) > len(wanted) * 1.1 + 2:  # the old text is still there
                return False
            return fuzz.ratio(wanted, shown) >= 60 or wanted.endswith(shown[-8:]) or wanted.startswith(shown[:8])
        return fuzz.partial_ratio(wanted[-60:], seen) >= 60 or (
            len(wanted) > 30 and fuzz.partial_ratio(wanted[-20:], seen) >= 60
        )

    def _shows_other_digits(self, digit: str, box: Box) -> bool:
        """Whether digits can be read at `box`, and not just this one: the old number may still be there."""
        seen = re.sub(r"\D", "", text_at(self.screen, box))
        return digit.isdigit() and seen not in ("", digit)

    def _clear(self, target: str) -> Script:
        if target:
            found = yield from self.find(target, TYPED_ROLES)
            yield from self._empty(found[0])
        else:
            yield Key(chords=("ctrl+a", "delete")), self._thought("I select everything and delete it")

    def _empty(self, field: Candidate) -> Script:
        if not self._holds_text(field.element):
            return
        old = normalised(field.element.text)
        earlier = {e.box for e in self.screen.elements}

        def gone() -> bool:  # a placeholder may come instead
            left = normalised(text_at(self.screen, field.element.box))
            within = [e for e in self.screen.elements if e.role == "icon" and field.element.box.holds(e.box.center)]
            unread = any(e.box not in earlier and e.box.width > CARET for e in within)
            return (left not in old or not left) and not unread

        for again in (False, True):
            before = self.observation
            yield from self._enter_field(field, select=True, again=again)
            yield Key(chords=("delete",)), self._thought("I delete it")
            if (yield from self._has_effect(before, gone)):
                return
        raise GiveUp(self._failed(f"{screen_diff.name(field.element)} still has text"))

    def _press(self, step: s.Press) -> Script:
        if step.perhaps:
            buttons = [e for e in exact(self.screen, step.perhaps) if e.role not in ("text", "bar", "field")]
            if buttons:
                yield from self._do_part(s.ClickOn(step.perhaps))
                return
        if step.opens:
            yield from self._press_to_open(step)
            return
        before = self.observation
        files = self._file_dialog() if step.chords == ("enter",) else False
        yield Key(chords=step.chords), self._thought(f"I press {', '.join(step.chords)}")
        if files:
            yield from self._await_file_dialog_closed(before)
        elif (yield from self._has_effect(before)):
            self._refuse_risky(before)
        elif (yield from self._close_unexpected_dialog("")):
            yield Key(chords=step.chords), self._thought(f"I press {', '.join(step.chords)} again")

    def _press_to_open(self, step: s.Press) -> Script:
        before, self._last_target = self.observation, ""

        def files() -> bool:
            return self._file_dialog() or screen_diff.window_appeared([before], self.observation)

        editor = "ctrl+n" in step.chords and by_kind(self.screen, "document")  # where Ctrl+T may change the text
        chords = ("ctrl+n",) if editor else step.chords
        for keys in chords:
            yield Key(chords=(keys,)), self._thought(f"I press {keys}")
            patience = (0.3, 0.7, 1.5, 2.0) if keys == chords[-1] else (0.3, 0.7)
            if (yield from self._has_effect(before, files if step.opens == "files" else None, patience)):
                return
        raise GiveUp(self._failed("no dialog of files has opened" if step.opens == "files" else "nothing has opened"))
