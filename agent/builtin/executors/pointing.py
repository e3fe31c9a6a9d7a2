"""Executors that click, open menus and open programs, files and addresses."""

from __future__ import annotations

import re
from dataclasses import replace

from actions.action import (
    Click,
    Key,
    LongPress,
    Move,
    Open,
    Wait,
)
from actions.frame import Point
from agent.builtin import instructions as s
from agent.builtin import screen_diff
from agent.builtin.executors.context import (
    ACT,
    LONG_PATIENCE,
    PATIENCE,
    TYPED_ROLES,
    Check,
    DryRunSkip,
    GiveUp,
    Script,
)
from agent.builtin.executors.dialogs import DialogExecutor
from agent.builtin.executors.predicates import (
    attempts,
    changes_when_pressed,
    found_by,
    may_not_change,
    menu_is_open,
    more_gone_than_new,
    one_line,
    opened,
    titled,
)
from agent.builtin.screen_diff import PerceivedObservation, changed, changed_elsewhere, changed_within, exact
from agent.perception.elements import Candidate, Element
from agent.perception.meaning.areas import is_terminal
from agent.perception.normalisation import normalised


def _on_words(candidate: Candidate) -> Point:
    """The beginning of what a field of one line holds: two clicks behind it select nothing."""
    element = candidate.element
    if element.role != "field" or not element.text or not one_line(element):
        return candidate.point
    return Point(min(element.box.x1 + 0.4 * element.box.height, candidate.point.x), candidate.point.y)


class ClickExecutor(DialogExecutor):
    """Clicks, hovers, long-presses and opens."""

    def _click(self, step: s.ClickOn) -> Script:
        if step.at is not None:
            before = self.observation
            yield self._press_at(step, Point(*step.at)), self._thought("I click the given point")
            if not (yield from self._has_effect(before)):
                self._no_effect("the click changed nothing")
            return
        polite = re.search(rf"{re.escape(step.target)}\s+now[.!]*$", self._step.source, re.IGNORECASE)
        if polite and exact(self.screen, f"{step.target} now"):
            step = replace(step, target=f"{step.target} now")  # it was no politeness
        roles = TYPED_ROLES if step.inside and self._sure(step.target, TYPED_ROLES) else ()
        yield from self._click_first(step, (yield from self.find(step.target, roles)))

    def _use_control(self, step: s.UseControl) -> Script:
        for seconds in PATIENCE:
            if not self._performed and not self.controls(step.target):
                raise DryRunSkip(f"nothing on this screen surely does “{step.target}”")
            if found := self.controls(step.target):
                yield from self._click_first(s.ClickOn(step.target), found)
                return
            yield Wait(seconds=seconds), self._thought("nothing here surely does that yet, so I wait")
        raise GiveUp(self._failed("nothing on the screen surely does that"))

    def _click_first(self, step: s.ClickOn, found: list[Candidate]) -> Script:
        """Click the candidates in order until one has an effect."""
        for candidate in attempts(found):
            before, files = self.observation, self._file_dialog()
            point = _on_words(candidate) if step.count > 1 else candidate.point
            yield self._press_at(step, point), self._thought(found_by("I click", candidate))
            if files and normalised(candidate.element.text) in ("save", "open", "ok"):
                yield from self._await_file_dialog_closed(before)
                return
            if self._performed and self._digit_lost(before, candidate.element):
                before = self.observation
                yield (
                    self._press_at(step, candidate.point),
                    self._thought("the display has not changed, so I click again"),
                )
            if (yield from self._clicked(before, candidate.element)):
                return
            if (yield from self._close_unexpected_dialog(step.target)):
                yield from self._click(step)
                return
        raise GiveUp(self._failed(f"I clicked {screen_diff.name(found[0].element)} and nothing on the screen changed"))

    def _digit_lost(self, before: PerceivedObservation, element: Element) -> bool:
        """Whether a keypad's digit was clicked and the display did not change (a tool tip may receive the click).

        Only a digit after a digit is sure to change it: the first of a number may be the one that it shows.
        """
        earlier = self._steps[self._number - 2] if self._number > 1 else None
        goes_on = earlier is None or (isinstance(earlier, s.ClickOn) and re.search(r"\d", earlier.target))
        if not re.fullmatch(r"[1-9]", element.text) or not goes_on:
            return False
        wide = [e for e in before.screen.elements if e.role == "field" and e.box.y2 <= element.box.y1]
        display = [e for e in wide if re.search(r"\d", e.text) and e.box.width > 3 * element.box.width]
        return bool(display) and not any(changed_within(before, self.observation, e.box) for e in display)

    def _clicked(self, before: PerceivedObservation, element: Element) -> Check:
        """Whether a click had an effect.

        A button whose own pixels changed was pressed (a disabled one does not change). That is enough, but the summary
        says that nothing else changed.
        """
        if not changes_when_pressed(element):
            return (yield from self._has_effect(before)) or may_not_change(element, self.screen)
        key = len(element.text) <= 2
        patience: tuple[float, ...] = (0.3, 0.7, 1.0, 1.5) if self._last and not key else () if key else (0.3, 0.7)
        if (
            yield from self._has_effect(
                before, lambda: changed_elsewhere(before, self.observation, element.box), patience
            )
        ):
            return True
        lit = changed_within(before, self.observation, element.box)
        if lit and self._last and not key:
            self._remarks.append(f"{screen_diff.name(element)} was pressed, but nothing else on the screen changed")
        return lit or may_not_change(element, self.screen)

    def _press_at(self, step: s.ClickOn, point: Point) -> Click:
        return Click(point=point, button=step.button, count=step.count, keys=step.keys)

    def _point(self, step: s.Hover | s.LongPressOn) -> Script:
        best = (yield from self.find(step.target))[0]
        if isinstance(step, s.LongPressOn):
            before = self.observation
            yield LongPress(point=best.point, seconds=step.seconds), self._thought(found_by("I press and hold", best))
            if not (yield from self._has_effect(before)):
                self._no_effect("holding it changed nothing")
        else:
            yield Move(point=best.point), self._thought(found_by("I point at", best))

    def _open_menu(self, menu: str) -> Script:
        plain = re.sub(r"\s+menu$", "", menu, flags=re.IGNORECASE)
        found = self._sure(plain, ("menu",)) or (yield from self.find(plain))
        top = self.screen.height * 0.2
        tops = [c for c in found if c.element.role == "menu" or c.element.box.center.y < top] or found
        if menu_is_open(self.screen, tops[0].element):
            return
        for candidate in attempts(tops):
            before = self.observation
            yield Click(point=candidate.point), self._thought(found_by("I open", candidate))
            if (yield from self._has_effect(before, lambda before=before: opened(before, self.observation))):  # type: ignore[misc]
                return
            if (
                changed(before, self.observation)
                and self._phone is False
                and more_gone_than_new(before, self.observation)
            ):
                yield Key(chords=("escape",)), self._thought("that was not the menu, so I close it again")
        self._no_effect(f"no menu opened under {screen_diff.name(tops[0].element)}")

    def _open(self, step: s.OpenTarget) -> Script:
        plain = re.sub(r"\s+(?:app|application|program)$", "", step.target, flags=re.IGNORECASE)
        if step.kind == "url":
            yield from self._visit(step.target)
            return
        found = self._sure(plain)
        clickable = [c for c in found if c.element.role not in ("bar",)]
        if step.kind == "app" and titled(self.screen, plain):
            return
        if clickable:
            count = 2 if step.kind == "file" else 1
            yield from self._click(s.ClickOn(plain, count=count, source=step.source))
            return
        if titled(self.screen, plain):
            return
        if step.kind == "file" or (step.kind == "any" and len(plain.split()) > 3):
            yield from self._click(s.ClickOn(plain, count=2 if step.kind == "file" else 1, source=step.source))
            return
        if step.kind == "app" and len(plain.split()) > 1 and self._was_terminal():
            yield from self._do_part(s.TypeInto(plain, submit=True))
            return
        before = self.observation
        yield Open(target=plain), self._thought(f"nothing here reads “{plain}”, so I start it as a program")
        if not (yield from self._has_effect(before, patience=LONG_PATIENCE[:6])):
            raise GiveUp(self._failed(f"starting “{plain}” changed nothing on the screen"))

    def _was_terminal(self) -> bool:
        """Whether a terminal is on the screen, or was at the start or lately: its prompt may be unreadable now."""
        first = [self._first.screen] if self._first else []
        return any(is_terminal(screen) for screen in (self.screen, *self._seen, *first))

    def _visit(self, url: str) -> Script:
        before = self.observation
        bars = [c for c in self.candidates("address bar", ("field",)) if c.score >= ACT]
        yield Open(target=url), self._thought(f"I open the address {url}")
        if not (yield from self._has_effect(before, patience=LONG_PATIENCE[:4])) and bars:
            yield from self._do_part(s.TypeInto(url, "address bar", replace=True, submit=True))

    def _either(self, step: s.Alternatives) -> Script:
        for seconds in (*PATIENCE[:2], 0.0):
            if exact(self.screen, step.words):
                yield from self._do_part(step.first)
                return
            first = step.otherwise[0]
            target = s.target_of(first)
            if not seconds or (target and self._sure(target)):
                break
            yield Wait(seconds=seconds), self._thought(f"“{step.words}” is not there yet, so I wait")
        last_number, parts = self._number, step.otherwise
        for i, part in enumerate(parts):
            self._number = last_number if i == len(parts) - 1 else min(last_number, len(self._steps) - 1)
            yield from self._do_part(part)
        self._number = last_number
