"""Clicks, menus, things to open."""

from __future__ import annotations

import re

from actions.action import (
    Click,
    Key,
    LongPress,
    Move,
    Open,
    Wait,
)
from actions.frame import Point
from agent.builtin import screen_diff
from agent.builtin import steps as s
from agent.builtin.executors.context import ACT, LONG_PATIENCE, PATIENCE, Check, GiveUp, Script
from agent.builtin.executors.dialogs import Dialogs
from agent.builtin.executors.predicates import (
    attempts,
    found_by,
    is_pushed,
    may_stay_the_same,
    menu_is_open,
    opened,
    titled,
    went,
)
from agent.builtin.screen_diff import PerceivedObservation, changed, changed_elsewhere, changed_within, exact, norm
from agent.perception.elements import Element


class Pointing(Dialogs):
    """Clicking and its kin."""

    def _click(self, step: s.ClickOn) -> Script:
        if step.at is not None:
            before = self.look
            yield self._press_at(step, Point(*step.at)), self._say("I click where I was told")
            if not (yield from self._effect(before)):
                self._unseen("the click changed nothing")
            return
        found = yield from self.find(step.target)
        for candidate in attempts(found):
            before, files = self.look, self._file_dialog()
            yield self._press_at(step, candidate.point), self._say(found_by("I click", candidate))
            if files and norm(candidate.element.text) in ("save", "open", "ok"):
                yield from self._file_dialog_goes(before)
                return
            if self._performed and self._digit_lost(before, candidate.element):
                before = self.look
                yield self._press_at(step, candidate.point), self._say("the display has not changed, so I click again")
            if (yield from self._clicked(before, candidate.element)):
                return
            if (yield from self._clear_the_way(step.target)):
                yield from self._click(step)
                return
        raise GiveUp(self._failed(f"I clicked {screen_diff.name(found[0].element)} and nothing on the screen changed"))

    def _digit_lost(self, before: PerceivedObservation, element: Element) -> bool:
        """Whether a keypad's digit was clicked and its display is the same: a tool tip may have taken the click."""
        earlier = self._steps[self._number - 2] if self._number > 1 else None
        if not re.fullmatch(r"[1-9]", element.text) or (isinstance(earlier, s.ClickOn) and "=" in earlier.target):
            return False
        wide = [e for e in before.screen.elements if e.role == "field" and e.box.y2 <= element.box.y1]
        display = [e for e in wide if re.search(r"\d", e.text) and e.box.width > 3 * element.box.width]
        return bool(display) and not any(changed_within(before, self.look, e.box) for e in display)

    def _clicked(self, before: PerceivedObservation, element: Element) -> Check:
        """Whether a click did something.

        A button that lights up was pressed: a greyed one does not. That is enough, but the result says that no more
        was seen, for what it did may not show.
        """
        if not is_pushed(element):
            return (yield from self._effect(before)) or may_stay_the_same(element, self.screen)
        key = len(element.text) <= 2
        patience: tuple[float, ...] = (0.3, 0.7, 1.0, 1.5) if self._last and not key else () if key else (0.3, 0.7)
        if (yield from self._effect(before, lambda: changed_elsewhere(before, self.look, element.box), patience)):
            return True
        lit = changed_within(before, self.look, element.box)
        if lit and self._last and not key:
            self._remarks.append(f"{screen_diff.name(element)} was pressed, but nothing else on the screen changed")
        return lit or may_stay_the_same(element, self.screen)

    def _press_at(self, step: s.ClickOn, point: Point) -> Click:
        return Click(point=point, button=step.button, count=step.count, keys=step.keys)

    def _point(self, step: s.Hover | s.Hold) -> Script:
        best = (yield from self.find(step.target))[0]
        if isinstance(step, s.Hold):
            before = self.look
            yield LongPress(point=best.point, seconds=step.seconds), self._say(found_by("I press and hold", best))
            if not (yield from self._effect(before)):
                self._unseen("holding it changed nothing")
        else:
            yield Move(point=best.point), self._say(found_by("I point at", best))

    def _open_menu(self, menu: str) -> Script:
        plain = re.sub(r"\s+menu$", "", menu, flags=re.IGNORECASE)
        found = self._good(plain, ("menu",)) or (yield from self.find(plain))
        tops = [c for c in found if c.element.box.center.y < self.screen.height * 0.2] or found
        if menu_is_open(self.screen, tops[0].element):
            return
        for candidate in attempts(tops):
            before = self.look
            yield Click(point=candidate.point), self._say(found_by("I open", candidate))
            if (yield from self._effect(before, lambda before=before: opened(before, self.look))):  # type: ignore[misc]
                return
            if changed(before, self.look) and self._phone is False and went(before, self.look):
                yield Key(chords=("escape",)), self._say("that was not the menu, so I close it again")
        self._unseen(f"no menu opened under {screen_diff.name(tops[0].element)}")

    def _open(self, step: s.OpenThing) -> Script:
        plain = re.sub(r"\s+(?:app|application|program)$", "", step.target, flags=re.IGNORECASE)
        if step.kind == "url":
            yield from self._visit(step.target)
            return
        found = self._good(plain)
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
        before = self.look
        yield Open(target=plain), self._say(f"nothing here reads “{plain}”, so I start it as a program")
        if not (yield from self._effect(before, patience=LONG_PATIENCE[:6])):
            raise GiveUp(self._failed(f"starting “{plain}” changed nothing on the screen"))

    def _visit(self, url: str) -> Script:
        before = self.look
        bars = [c for c in self.candidates("address bar", ("field",)) if c.score >= ACT]
        yield Open(target=url), self._say(f"I open the address {url}")
        if not (yield from self._effect(before, patience=LONG_PATIENCE[:4])) and bars:
            yield from self._sub(s.TypeInto(url, "address bar", replace=True, submit=True))

    def _either(self, step: s.Either) -> Script:
        for seconds in (*PATIENCE[:2], 0.0):
            if exact(self.screen, step.words):
                yield from self._sub(step.first)
                return
            first = step.otherwise[0]
            target = getattr(first, "target", "")
            if not seconds or (target and self._good(target)):
                break
            yield Wait(seconds=seconds), self._say(f"“{step.words}” is not there yet, so I wait")
        last_number, parts = self._number, step.otherwise
        for i, part in enumerate(parts):
            self._number = last_number if i == len(parts) - 1 else min(last_number, len(self._steps) - 1)
            yield from self._sub(part)
        self._number = last_number
