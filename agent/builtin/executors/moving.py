"""Executors that drag, scroll, wait, read a value and press system buttons."""

from __future__ import annotations

import math
import re

from actions.action import (
    Answer,
    Button,
    Drag,
    Key,
    Scroll,
    Wait,
)
from actions.frame import Point
from agent.builtin import instructions as s
from agent.builtin import screen_diff
from agent.builtin.dialogs import dialog_words, is_generic_dialog
from agent.builtin.executors.context import DISPLAY, LONG_PATIENCE, GiveUp, Script
from agent.builtin.executors.dialogs import DialogExecutor
from agent.builtin.executors.predicates import answer_at, found_by, path, scrolled_past
from agent.builtin.screen_diff import changed, shows
from agent.perception.elements import Element

_SOMEWHERE = re.compile(
    r"(?:the )?(?:\w+ )?(?:list|list ?box|table|tree|view|text|text area|area|content|document|box)", re.IGNORECASE
)
"""Scroll areas named by their kind only: the middle of the screen is scrolled."""


class MotionExecutor(DialogExecutor):
    """Drags, scrolls, waits, reads values and presses system buttons."""

    def _drag(self, step: s.DragTo) -> Script:
        start = (yield from self.find(step.what))[0]
        if step.by is not None:
            end = Point(start.point.x + step.by[0], start.point.y + step.by[1])
        else:
            end = (yield from self.find(step.to))[0].point
        end = Point(min(max(end.x, 0), self.screen.width - 1), min(max(end.y, 0), self.screen.height - 1))
        before = self.observation
        yield Drag(path=path(start.point, end), seconds=0.5), self._thought(found_by("I drag", start))
        if not (yield from self._has_effect(before)):
            yield (
                Drag(path=path(start.point, end), seconds=1.0),
                self._thought("nothing changed, so I drag again, slower"),
            )
            if not (yield from self._has_effect(before)):
                self._no_effect("dragging it changed nothing")

    def _scroll(self, step: s.ScrollTo) -> Script:
        named = step.where and (self._sure(step.where) or not _SOMEWHERE.fullmatch(step.where))
        where = (yield from self.find(step.where))[0].element.box.center if named else self._middle()
        dx, dy = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}[step.direction]
        if not (step.until or step.edge):
            before = self.observation
            for _ in range(step.times):
                yield Scroll(point=where, dx=5 * dx, dy=5 * dy), self._thought(f"I scroll {step.direction}")
            if not changed(before, self.observation):
                self._no_effect("scrolling changed nothing; it may be at its end already")
            return
        notches = 30 if step.edge else 5
        for _ in range(40):
            if step.until and self._is_there(step.until):
                return
            before = self.observation
            yield Scroll(point=where, dx=notches * dx, dy=notches * dy), self._thought(f"I scroll {step.direction}")
            if not changed(before, self.observation):
                break
            if (
                step.until
                and notches > 1
                and not self._is_there(step.until)
                and scrolled_past(before, self.observation)
            ):
                yield (
                    Scroll(point=where, dx=-notches * dx, dy=-notches * dy),
                    self._thought("that was too far, so I scroll back"),
                )
                notches = max(1, notches // 4)
        if step.until and not self._is_there(step.until):
            raise GiveUp(self._failed(f"I scrolled {step.direction} to the end and “{step.until}” did not appear"))

    def _middle(self) -> Point:
        areas = [
            e
            for e in self.screen.elements
            if e.role in ("field", "image") and e.box.area > 0.2 * self.screen.width * self.screen.height
        ]
        return areas[0].box.center if areas else Point(self.screen.width / 2, self.screen.height * 0.55)

    def _is_there(self, words: str) -> bool:
        words = self._without_pronoun(words)
        bare = dialog_words(words)
        if is_generic_dialog(words) or re.fullmatch(r"(?:new |other |second )?window", words):
            return self._dialog_appeared() or self._window_appeared()
        if shows(self.screen, bare) or shows(self.screen, words):
            self._last_target = words
            return True
        good = any(c.score >= 0.7 for c in self.candidates(words))
        self._last_target = words if good else self._last_target
        return good

    def _wait_for(self, step: s.WaitFor) -> Script:
        for seconds in LONG_PATIENCE:
            if self._is_there(step.target) is not step.gone:
                return
            self.searching = True
            yield (
                Wait(seconds=seconds),
                self._thought(f"I wait {'until it is gone' if step.gone else 'for it to appear'}"),
            )
        if self._is_there(step.target) is step.gone:
            raise GiveUp(self._not_found(step.target) if not step.gone else self._failed("it is still there"))

    def _pause(self, seconds: float) -> Script:
        for _ in range(max(1, math.ceil(seconds / 60))):
            yield Wait(seconds=min(seconds, 60.0)), self._thought(f"I wait {min(seconds, 60.0):g} s")
            seconds -= 60

    def _read_text(self, step: s.ReadText) -> Script:
        if DISPLAY.search(step.question) and (shown := self._display()) is not None:
            yield Answer(text=shown.text), self._thought(f"I read {screen_diff.name(shown)}, which changed last")
            return
        found = yield from self.find(step.question)
        text = answer_at(self.screen, found[0].element)
        if not text:
            raise GiveUp(self._failed(f"{screen_diff.name(found[0].element)} has no words to read"))
        yield Answer(text=text), self._thought(found_by("I read", found[0]))

    def _display(self) -> Element | None:
        """A calculator's display: a number that was not on the first screen, else the topmost one."""
        numbers = [
            e for e in self.screen.elements if re.fullmatch(r"[-−]?[\d., ]*\d[\d., ]*(?:e[+-]?\d+)?", e.text.strip())
        ]
        new = [e for e in numbers if self._first is not None and not screen_diff.known(e, self._first.screen)]
        return min(new or numbers, key=lambda e: e.box.y1, default=None)

    def _system(self, name: str) -> Script:
        before = self.observation
        if self._phone and name in ("back", "home", "recents"):
            yield Button(name=name), self._thought(f"I press the {name} button")  # type: ignore[arg-type]
        else:
            chord = {"back": "alt+left", "home": "alt+home", "forward": "alt+right", "reload": "f5"}.get(
                name, "alt+tab"
            )
            yield Key(chords=(chord,)), self._thought(f"I press {chord}, which means {name}")
        if not (yield from self._has_effect(before)):
            self._no_effect("it changed nothing")
