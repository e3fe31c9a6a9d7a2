"""Executors that set values: of fields, check boxes, lists and radio buttons."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from rapidfuzz import fuzz

from actions.action import (
    Click,
    Key,
    TypeText,
    Wait,
)
from actions.frame import Box
from agent.builtin import instructions as s
from agent.builtin import screen_diff
from agent.builtin.dates import read_date
from agent.builtin.executors.context import TICKED, GiveUp, Script
from agent.builtin.executors.entering import TextExecutor
from agent.builtin.executors.predicates import (
    attempts,
    found_by,
    leaves_name_out,
    may_open,
    pieces_at,
    says,
    state,
    ticked_at,
    value_at,
)
from agent.builtin.screen_diff import PerceivedObservation, changed_within, exact, fresh
from agent.perception.elements import Candidate, Element, Role
from agent.perception.normalisation import normalised


class ValueExecutor(TextExecutor):
    """Sets values, ticks boxes and chooses options."""

    def _set(self, step: s.SetValue) -> Script:
        roles: tuple[Role, ...] = ("field", "select", "slider", *TICKED)
        best = (yield from self.find(step.target, roles))[0]
        on = {"on": True, "checked": True, "yes": True, "off": False, "unchecked": False, "no": False}.get(
            normalised(step.value)
        )
        number = re.fullmatch(r"(-?\d+(?:\.\d+)?)\s*(%|percent)?", step.value.strip())
        if best.element.role in TICKED and on is not None:
            yield from self._do_part(s.SetChecked(step.target, on))
        elif best.element.role == "slider" and number:
            yield from self._do_part(s.Slide(step.target, float(number[1]), percent=bool(number[2])))
        elif best.element.role in ("select", "radio") or (
            (best.element.role in ("text", "bar", "image") or best.score < 0.7)
            and self._near(step.value, best.element.box) is not None
        ):
            yield from self._do_part(s.Choose(step.value, step.target))
        elif may_open(best.element) and not read_date(step.value):
            yield from self._set_list_or_field(step, best)
        else:
            yield from self._do_part(s.TypeInto(step.value, step.target, replace=True))

    def _set_list_or_field(self, step: s.SetValue, best: Candidate) -> Script:
        """Set an element that may be a list or a field: a click opens a list with the value, or it is a field."""
        if says(best.element.text, step.value):
            return
        before = self.observation
        yield Click(point=best.point), self._thought(found_by("it may be a list, so I click", best))
        if not self._performed:
            return
        option = self._option(before, step.value, best.element.box)
        if option is None and best.element.role == "field":
            typed = s.TypeInto(step.value, step.target, replace=True)
            for _ in range(2):
                if (yield from self._fill(typed, best, select=True)):
                    return
            raise GiveUp(self._failed(f"{screen_diff.name(best.element)} does not show “{step.value}” afterwards"))
        yield from self._choose_open_option(before, step.value, best.element.box, option)
        if not (yield from self._has_effect(before, lambda: self._shows_value(before, best.element.box, step.value))):
            raise GiveUp(self._failed(f"{screen_diff.name(best.element)} does not show “{step.value}” afterwards"))

    def _shows_value(self, before: PerceivedObservation, box: Box, value: str) -> bool:
        """Whether a list shows the value, or at least pieces of it at a place that changed."""
        if value_at(self.screen, box, value):
            return True
        return pieces_at(self.screen, box, value) and changed_within(before, self.observation, box)

    def _choose_open_option(self, before: PerceivedObservation, value: str, box: Box, option: Element | None) -> Script:
        """Choose in an open list: click the option, or type its name where it cannot be read."""
        if option is None:
            yield from self._has_effect(before)
            option = self._option(before, value, box)
        if option is None:
            yield TypeText(text=value), self._thought("I cannot read the option, so I type its name")
            yield Key(chords=("enter",)), self._thought("I confirm it")
            return
        opened = self.observation
        yield Click(point=option.box.center), self._thought(f"I choose {screen_diff.name(option)}")
        yield from self._has_effect(opened)

    def _set_checked(self, step: s.SetChecked) -> Script:
        yield from self._open_page_of(step.target)
        found = yield from self.find(step.target, TICKED)
        for candidate in attempts(found):
            if step.on is not None and candidate.element.checked is step.on:
                return
            was = candidate.element.checked
            before, box = self.observation, candidate.element.box
            yield Click(point=candidate.point), self._thought(found_by(f"it reads {state(was)}; I click", candidate))
            if not (yield from self._has_effect(before)):
                continue
            now = ticked_at(self.screen, box)
            if self._phone and now is not None and now is (not step.on):
                yield Wait(seconds=0.4), self._thought("a phone's switch takes time to move, so I check again")
                now = ticked_at(self.screen, box)
            if step.on is None or now is None or now is step.on:
                return
            yield Click(point=candidate.point), self._thought(f"it now reads {state(now)}, so I click it again")
            yield from self._has_effect(before)
            if ticked_at(self.screen, box) in (None, step.on):
                return
        raise GiveUp(self._failed(f"{screen_diff.name(found[0].element)} did not become {state(step.on)}"))

    def _open_page_of(self, target: str) -> Script:
        """On a phone, open the entry whose subtitle names the switch, where the switch is one page further."""
        if not self._phone or self._sure(target, TICKED) or exact(self.screen, target):
            return
        wanted = re.compile(rf"(?<!\w){re.escape(normalised(target))}(?!\w)")
        entries = [e for e in self.screen.elements if e.role not in TICKED and wanted.search(normalised(e.text))]
        if entries:
            before = self.observation
            yield (
                Click(point=entries[0].box.center),
                self._thought(f"{screen_diff.name(entries[0])} names it, so I open it"),
            )
            yield from self._has_effect(before)

    def _choose(self, step: s.Choose) -> Script:
        if not step.target:
            yield from self._choose_anywhere(step)
            return
        found = yield from self.find(step.target, ("select", "radio", "field"))
        best = found[0]
        if best.score < 0.7 or best.element.role not in ("select", "field", "button"):
            shown = self._near(step.option, best.element.box)
            if shown is not None:
                yield from self._click_option(step.option, shown)
                return
        if best.element.role == "field" and may_open(best.element) and not read_date(step.option):
            yield from self._set_list_or_field(s.SetValue(step.target, step.option), best)
        elif best.element.role == "field":
            yield from self._do_part(s.TypeInto(step.option, step.target, replace=True))
        else:
            yield from self._choose_in(step, found)

    def _near(self, option: str, box: Box) -> Element | None:
        """The radio button or text that reads `option`, nearest below or beside the name of its group."""
        under = [e for e in exact(self.screen, option) if e.box.center.y >= box.y1]
        ticked = [e for e in under if e.role in TICKED]
        return min(ticked or under, key=lambda e: abs(e.box.y1 - box.y2) + abs(e.box.x1 - box.x1) / 2, default=None)

    def _click_option(self, option: str, shown: Element) -> Script:
        """Click an option that is visible without opening a list."""
        if shown.role == "radio" and shown.checked:
            return
        before = self.observation
        found = Candidate(shown, shown.box.center, 0.9, "in its group")
        yield Click(point=found.point), self._thought(found_by("I choose", found))
        if not (yield from self._has_effect(before)):
            raise GiveUp(self._failed(f"I clicked “{option}” and nothing on the screen changed"))

    def _of_group(self, words: str) -> s.Choose | None:
        """An option with the name of its group on the screen: "Express delivery", "size Large"."""
        parts = words.split()
        for n in range(1, len(parts)):
            first, last = " ".join(parts[:n]), " ".join(parts[n:])
            ends = exact(self.screen, last)
            if exact(self.screen, first) and (last[:1].isupper() if not ends else any(e.role in TICKED for e in ends)):
                return s.Choose(last, first)
            if ends:
                return s.Choose(first, last)
        return None

    def _choose_anywhere(self, step: s.Choose) -> Script:
        if exact(self.screen, step.option):
            yield from self._do_part(s.ClickOn(step.option))
        elif of_group := self._of_group(step.option):
            yield from self._do_part(of_group)
        elif sure := self._sure(step.option):
            if leaves_name_out(sure[0].element, step.option):
                raise GiveUp(self._failed(f"nothing on the screen says “{step.option}”"))
            yield from self._do_part(s.ClickOn(step.option))
        elif selects := [e for e in self.screen.elements if e.role == "select"]:
            yield from self._choose_in(step, [Candidate(e, e.box.center, 0.6, "a drop-down") for e in selects])
        else:
            yield from self._do_part(s.ClickOn(step.option))

    def _choose_in(self, step: s.Choose, lists: Sequence[Candidate]) -> Script:
        for candidate in lists[:4]:
            box = candidate.element.box
            if says(candidate.element.text, step.option):
                return
            before = self.observation
            yield Click(point=candidate.point), self._thought(found_by("I open", candidate))
            if not (yield from self._has_effect(before)):
                continue
            option = self._option(before, step.option, box)
            if option is None and len(lists) > 1 and candidate is not lists[-1]:
                yield Key(chords=("escape",)), self._thought("the option is not in this list, so I close it")
                continue
            yield from self._choose_open_option(before, step.option, box, option)
            if (yield from self._has_effect(before, partial(self._shows_value, before, box, step.option))):
                return
        raise GiveUp(self._failed(f"“{step.option}” was not taken; the screen does not show it as chosen"))

    def _option(self, before: PerceivedObservation, option: str, box: Box) -> Element | None:
        new = [e for e in fresh(before.screen, self.screen) if e.text and e.box.overlap(box) < 0.5 * e.box.area]
        named = [e for e in new if normalised(e.text) == normalised(option)]
        near = [e for e in new if fuzz.ratio(normalised(e.text), normalised(option)) >= 80]
        return next(iter(named or near), None)
