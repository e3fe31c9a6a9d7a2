"""Follows parsed instructions on a screen: one action a look, each checked on the next look before going on.

Each kind of instruction is a generator: it yields an action with a thought and goes on when the next look is there.
A check that fails tries the next candidate or the same once more; what cannot be done ends the task with a reason.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace

from rapidfuzz import fuzz

from actions.action import (
    Answer,
    AnyAction,
    Button,
    Click,
    Drag,
    Finish,
    Key,
    LongPress,
    Move,
    Open,
    Scroll,
    TypeText,
    Wait,
)
from actions.frame import Box, Point
from agent.builtin import finding, watch
from agent.builtin import steps as s
from agent.builtin.screen import Candidate, Element, Role, Screen
from agent.builtin.values import (
    date_digits,
    numbers_near,
    read_date,
    segment_order,
    slider_range,
    thumb_x,
    track_box,
)
from agent.builtin.watch import Dialog, Look, changed, exact, find_dialog, fresh, norm, shows

Rank = Callable[[Screen, str, Sequence[Role]], Sequence[Candidate]]
"""Candidates for a target, best first; 0.5 and above means act. See `agent.builtin.locate.rank`."""

Turn = tuple[AnyAction, str]
Script = Generator[Turn, None, None]
Search = Generator[Turn, None, list[Candidate]]
Check = Generator[Turn, None, bool]

ACT = 0.5
"""The score from which a candidate is acted on."""
PATIENCE = (0.3, 0.6, 1.0, 1.5, 2.0)
"""Seconds between the looks for a target that is not there yet."""
LONG_PATIENCE = (0.5, 0.5, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 5.0, 5.0, 5.0)
"""The same for something that the task says to wait for."""
_SYNONYMS: dict[str, tuple[str, ...]] = {
    "*": ("×", "x", "冰", "米"),
    "×": ("*", "x"),
    "x": ("×", "*"),
    "/": ("÷",),
    "÷": ("/",),
    "-": ("−", "–", "一"),
    "−": ("-",),
    "=": ("二", "＝"),
    "+": ("十",),
}
"""Other ways in which a calculator's keys are drawn, or read."""
_DISPLAY = re.compile(r"\b(?:display|result|calculator|output)\b", re.IGNORECASE)
_TYPED_ROLES: tuple[Role, ...] = ("field",)
_TICKED: tuple[Role, ...] = ("checkbox", "switch", "radio")


class GiveUp(Exception):  # noqa: N818 - it is an outcome, not a fault
    """The task cannot go on; the message says which instruction, what was looked for, what was seen."""


class Follower:
    """Carries out `instructions`; ask `next` for one turn a look.

    `rank` finds targets, `phone` says that the device has system buttons instead of keys for back and home.
    """

    def __init__(self, instructions: Sequence[s.Instruction], rank: Rank, *, phone: bool = False) -> None:
        self._rank, self._phone = rank, phone
        self._steps = tuple(instructions)
        self._look: Look | None = None
        self._first: Look | None = None
        self._calm: Look | None = None
        self._seen: list[Screen] = []
        self._performed = True
        self._step: s.Instruction = s.Instruction()
        self._number = 0
        self._last_target = ""
        self._answered: set[str] = set()
        self._guards = [x for x in self._steps if isinstance(x, s.Guard)] + [
            s.Guard(x.target, (x,), source=x.source) for x in self._steps if isinstance(x, s.Dismiss)
        ]
        self._fired: set[int] = set()
        self._showing: set[int] = set()
        self._stack: list[Script] = []
        self._fresh_stack: set[int] = set()
        self._end: Finish | None = None
        self._push(self._main())

    # ------------------------------------------------------------------ one turn

    def next(self, look: Look, *, performed: bool = True) -> Turn:
        """The next action and the thought behind it. `performed` is whether the last action reached the device."""
        if self._end:
            return self._end, "The task has ended."
        self._look, self._performed = look, performed
        if self._first is None:
            self._first = self._calm = look
        try:
            return self._turn()
        except GiveUp as reason:
            self._end = Finish(status="failure", message=str(reason))
            return self._end, f"I give up: {reason}"

    def _turn(self) -> Turn:
        if len(self._stack) == 1 and (guard := self._due_guard()) is not None:
            self._push(self._guarded(guard))
        while self._stack:
            try:
                return next(self._stack[-1])
            except StopIteration:
                self._stack.pop()
        self._end = Finish(status="success", message=self._summary())
        return self._end, f"All {len(self._steps)} instructions are done."

    def _push(self, script: Script) -> None:
        self._stack.append(script)

    def _summary(self) -> str:
        done = f"did all {len(self._steps)} instructions"
        return done + (f"; closed on its own account: {', '.join(sorted(self._answered))}" if self._answered else "")

    @property
    def look(self) -> Look:
        """The current look."""
        assert self._look is not None
        return self._look

    @property
    def screen(self) -> Screen:
        """The current screen."""
        return self.look.screen

    @property
    def _last(self) -> bool:
        """Whether this is the last thing to do, so that its effect must be seen."""
        return self._number >= len(self._steps) and len(self._stack) == 1

    def _main(self) -> Script:
        for number, step in enumerate(self._steps, 1):
            self._number, self._step = number, step
            yield from self.do(step)
            self._remember()
        if any(i not in self._fired for i in range(len(self._guards))):
            for seconds in PATIENCE[:3]:
                yield Wait(seconds=seconds), "All is done; I look whether the condition of the task still comes up."

    def _remember(self) -> None:
        self._seen = [*self._seen[-3:], self.screen]
        dialog = self._new_dialog()
        if dialog is None or dialog.has_fields or self._expects_dialog(dialog):
            self._calm = self.look

    def _say(self, what: str) -> str:
        of = f"Step {self._number} of {len(self._steps)}"
        return f"{of}, “{watch.short(self._step.source or type(self._step).__name__)}”: {what}."

    # ------------------------------------------------------------------ instructions

    def do(self, step: s.Instruction) -> Script:
        """The script of one instruction."""
        match step:
            case s.ClickOn():
                yield from self._click(step)
            case s.OpenMenu():
                yield from self._open_menu(step.menu)
            case s.OpenThing():
                yield from self._open(step)
            case s.Hover() | s.Hold():
                yield from self._point(step)
            case s.TypeInto():
                yield from self._type(step)
            case s.SetTo():
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
            case s.Pause():
                yield from self._pause(step.seconds)
            case s.SetChecked():
                yield from self._tick(step)
            case s.Choose():
                yield from self._choose(step)
            case s.Clear():
                yield from self._clear(step.target)
            case s.Dismiss():
                yield from self._dismiss(step)
            case s.Tell():
                yield from self._tell(step)
            case s.SystemButton():
                yield from self._system(step.name)
            case s.Either():
                yield from self._either(step)
            case s.Guard():
                return
            case s.NeedsPlanning():
                raise GiveUp(step.message)
            case _:
                raise GiveUp(f"cannot do {step!r}")

    def _sub(self, step: s.Instruction) -> Script:
        """A part of the current instruction, named in its own words."""
        outer, self._step = self._step, step if step.source else replace(step, source=self._step.source)
        yield from self.do(step)
        self._step = outer

    # ------------------------------------------------------------------ finding

    def candidates(self, target: str, roles: Sequence[Role] = ()) -> list[Candidate]:
        """What `target` may be on the current screen, best first, other spellings of a short name included."""
        ranked = list(self._rank(self.screen, target, roles))
        if not any(c.score >= ACT for c in ranked):
            ranked += [
                Candidate(e, e.box.center, 0.9) for word in _SYNONYMS.get(target, ()) for e in exact(self.screen, word)
            ]
        if not roles and not any(c.score >= 0.8 for c in ranked):
            ranked = [c for c in finding.by_label(self.screen, target, ()) if c.score == 1.0] + ranked
        found = [c for c in ranked if c.element.role in roles] if roles else ranked
        if not any(c.score >= ACT for c in found):
            found = found + finding.by_label(self.screen, target, roles)
        if roles and not any(c.score >= ACT for c in found):
            spots = finding.right_of_words(self.screen, target) if "field" in roles else []
            label = [replace(c, score=min(c.score, 0.55)) for c in ranked] if spots else ranked
            found = found + finding.beside(self.screen, target) or spots + label
        return sorted(found, key=lambda c: -c.score)

    def _good(self, target: str, roles: Sequence[Role] = ()) -> list[Candidate]:
        return [c for c in self.candidates(target, roles) if c.score >= ACT]

    def find(self, target: str, roles: Sequence[Role] = ()) -> Search:
        """Candidates for `target`, waiting for it where it is not there yet. Raises `GiveUp`."""
        target = self._named(target)
        for seconds in PATIENCE:
            if good := self._good(target, roles):
                self._last_target = target
                return good
            if (yield from self._clear_the_way(target)):
                continue
            yield Wait(seconds=seconds), self._say(f"“{target}” is not there yet, so I wait")
        if good := self._good(target, roles):
            return good
        raise GiveUp(self._not_found(target))

    def _named(self, target: str) -> str:
        """ "it" is what the instruction before was about."""
        pronoun = re.fullmatch(r"it|that|this|there|them|the same|same", target.strip(), re.IGNORECASE)
        return self._last_target if pronoun and self._last_target else target

    def _not_found(self, target: str) -> str:
        nearest = max(self.candidates(target), key=lambda c: c.score, default=None)
        if nearest is None:
            texts = [e.text for e in self.screen.elements if e.text]
            seen = max(texts, key=lambda t: fuzz.ratio(norm(t), norm(target)), default="")
            near = f"the nearest words are “{watch.short(seen)}”" if seen else "there are no words on the screen"
        else:
            near = f"the nearest thing is {watch.name(nearest.element)} ({nearest.score:.2f})"
        return self._failed(f"“{target}” is not on the screen; {near}")

    def _failed(self, why: str) -> str:
        return f"instruction {self._number} of {len(self._steps)}, “{watch.short(self._step.source)}”: {why}"

    # ------------------------------------------------------------------ checking

    def _effect(
        self, before: Look, test: Callable[[], bool] | None = None, patience: Sequence[float] = (0.3, 0.7)
    ) -> Check:
        """Whether the screen is `changed` from `before` (or `test` holds), looking again a little later."""
        if not self._performed:
            return True
        good = test or (lambda: changed(before, self.look))
        for seconds in patience:
            if good():
                return True
            yield Wait(seconds=seconds), self._say("I wait for the screen to show the effect")
        return good()

    def _unseen(self, what: str) -> None:
        """The effect of an action was not seen: fatal for the last instruction only."""
        if self._last:
            raise GiveUp(self._failed(what))

    # ------------------------------------------------------------------ pointing

    def _click(self, step: s.ClickOn) -> Script:
        if step.at is not None:
            before = self.look
            yield self._press_at(step, Point(*step.at)), self._say("I click where I was told")
            if not (yield from self._effect(before)):
                self._unseen("the click changed nothing")
            return
        found = yield from self.find(step.target)
        for candidate in _attempts(found):
            before = self.look
            yield self._press_at(step, candidate.point), self._say(_found("I click", candidate))
            if (yield from self._effect(before)) or _may_stay_the_same(candidate.element, self.screen):
                return
            if (yield from self._clear_the_way(step.target)):
                yield from self._click(step)
                return
        self._unseen(f"I clicked {watch.name(found[0].element)} and nothing on the screen changed")

    def _press_at(self, step: s.ClickOn, point: Point) -> Click:
        return Click(point=point, button=step.button, count=step.count, keys=step.keys)

    def _point(self, step: s.Hover | s.Hold) -> Script:
        best = (yield from self.find(step.target))[0]
        if isinstance(step, s.Hold):
            before = self.look
            yield LongPress(point=best.point, seconds=step.seconds), self._say(_found("I press and hold", best))
            if not (yield from self._effect(before)):
                self._unseen("holding it changed nothing")
        else:
            yield Move(point=best.point), self._say(_found("I point at", best))

    def _open_menu(self, menu: str) -> Script:
        plain = re.sub(r"\s+menu$", "", menu, flags=re.IGNORECASE)
        found = self._good(plain, ("menu",)) or (yield from self.find(plain))
        tops = [c for c in found if c.element.box.center.y < self.screen.height * 0.2] or found
        if _menu_is_open(self.screen, tops[0].element):
            return
        for candidate in _attempts(tops):
            before = self.look
            yield Click(point=candidate.point), self._say(_found("I open", candidate))
            if (yield from self._effect(before, lambda before=before: _opened(before, self.look))):  # type: ignore[misc]
                return
            if changed(before, self.look) and self._phone is False and _went(before, self.look):
                yield Key(chords=("escape",)), self._say("that was not the menu, so I close it again")
        self._unseen(f"no menu opened under {watch.name(tops[0].element)}")

    def _open(self, step: s.OpenThing) -> Script:
        plain = re.sub(r"\s+(?:app|application|program)$", "", step.target, flags=re.IGNORECASE)
        if step.kind == "url":
            yield from self._visit(step.target)
            return
        found = self._good(plain)
        clickable = [c for c in found if c.element.role not in ("bar",)]
        if step.kind == "app" and _titled(self.screen, plain):
            return
        if clickable:
            count = 2 if step.kind == "file" else 1
            yield from self._click(s.ClickOn(plain, count=count, source=step.source))
            return
        if _titled(self.screen, plain):
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

    # ------------------------------------------------------------------ typing and keys

    def _type(self, step: s.TypeInto) -> Script:
        if step.target:
            yield from self._type_into(step)
        else:
            yield from self._type_here(step.text)
        if step.submit:
            yield from self._sub(s.Press(("enter",)))

    def _type_here(self, text: str) -> Script:
        """Type into what has the focus; where nothing takes it, click the largest field and try again."""
        if not text:
            return
        before = self.look
        yield TypeText(text=text), self._say("I type into what has the focus")
        if (yield from self._effect(before, lambda: changed(before, self.look) and self._reads(text))):
            return
        if changed(before, self.look) and not (yield from self._clear_the_way("")):
            return
        fields = sorted((e for e in self.screen.elements if e.role == "field"), key=lambda e: -e.box.area)
        if fields:
            middle = fields[0].box.center
            yield Click(point=middle), self._say("the text is not there, so I click the largest field first")
            before = self.look
        yield TypeText(text=text), self._say("I type it again")
        if not (yield from self._effect(before)):
            raise GiveUp(self._failed("I typed the text and nothing on the screen changed"))

    def _type_into(self, step: s.TypeInto) -> Script:
        found = yield from self.find(step.target, _TYPED_ROLES)
        if read_date(step.text) and (
            dates := finding.level_with(self.screen, step.target, lambda t: bool(segment_order(t)))
        ):
            order = segment_order(dates.text) or ("m", "d", "y")
            day = read_date(step.text, order)
            if day:
                yield from self._type_date(Candidate(dates, dates.box.center, 0.9, "a date"), date_digits(day, order))
                return
        attempts = _attempts(found)
        for i, candidate in enumerate(attempts):
            again = i > 0 and candidate == attempts[i - 1] and candidate.element.box.height < 60
            if (yield from self._fill(step, candidate, replace=step.replace or again)):
                return
            if (yield from self._clear_the_way(step.target)) and (yield from self._fill(step, candidate, replace=True)):
                return
        raise GiveUp(self._failed(f"I typed into {watch.name(found[0].element)} and cannot read the text there"))

    def _fill(self, step: s.TypeInto, candidate: Candidate, *, replace: bool) -> Check:
        """Whether the text is in the field after clicking it and typing."""
        element = candidate.element
        yield from self._enter_field(candidate, select=replace and self._holds_text(element))
        if not step.text:
            yield Key(chords=("delete",)), self._say("I clear it")
            return True
        before = self.look
        yield TypeText(text=step.text), self._say(f"I type into {watch.name(element)}")
        secret = _secret(step.target)
        whole = replace and _one_line(element)
        done = lambda: changed(before, self.look) and (secret or self._reads(step.text, element.box, whole))  # noqa: E731
        return (yield from self._effect(before, done))

    def _enter_field(self, candidate: Candidate, *, select: bool) -> Script:
        """Put the caret into a field; with `select`, mark what is in it (Ctrl+A does not everywhere)."""
        if select and _one_line(candidate.element):
            yield Click(point=candidate.point, count=3), self._say(_found("I select what is in", candidate))
            return
        yield Click(point=candidate.point), self._say(_found("I click", candidate))
        if select:
            yield Key(chords=("ctrl+a",)), self._say("I select everything in it")

    def _holds_text(self, element: Element) -> bool:
        here = _near(self.screen, element.box)
        return bool(here.text if here else element.text)

    def _type_date(self, candidate: Candidate, digits: str) -> Script:
        box = candidate.element.box
        first = Point(min(box.x1 + max(10.0, box.height * 0.5), box.center.x), box.center.y)
        before = self.look
        yield Click(point=first), self._say(_found("I click the first part of", candidate))
        yield TypeText(text=digits), self._say(f"I type the date in the field's own order as {digits}")
        if not (yield from self._effect(before, lambda: _digits_at(self.screen, box, digits) >= 75)):
            raise GiveUp(self._failed("the date field does not show the date"))

    def _reads(self, text: str, box: Box | None = None, whole: bool = False) -> bool:
        """Whether what can be read (near `box`, or anywhere) is close enough to what was typed."""
        wanted = norm(re.sub(r"[^\x20-\u024f]+", " ", text.splitlines()[-1] if text.strip() else text))
        if len(wanted) < 2:
            return True
        near = [e for e in self.screen.elements if box is None or e.box.overlap(box.grown(12)) > 0]
        seen = watch.all_text(near)
        if box is not None and not seen and box.width < 8 * len(wanted):
            return True
        if whole and (here := _near(self.screen, box or Box(0, 0, 0, 0))) is not None and here.text:
            return (
                fuzz.ratio(wanted, norm(here.text)) >= 60
                or norm(here.text).endswith(wanted[-8:])
                or wanted.startswith(norm(here.text)[:8])
            )
        return fuzz.partial_ratio(wanted[-60:], seen) >= 60 or (
            len(wanted) > 30 and fuzz.partial_ratio(wanted[-20:], seen) >= 60
        )

    def _clear(self, target: str) -> Script:
        if target:
            found = yield from self.find(target, _TYPED_ROLES)
            if not self._holds_text(found[0].element):
                return
            yield from self._enter_field(found[0], select=True)
            yield Key(chords=("delete",)), self._say("I delete it")
        else:
            yield Key(chords=("ctrl+a", "delete")), self._say("I select everything and delete it")

    def _press(self, step: s.Press) -> Script:
        if step.perhaps:
            buttons = [e for e in exact(self.screen, step.perhaps) if e.role not in ("text", "bar", "field")]
            if buttons:
                yield from self._sub(s.ClickOn(step.perhaps))
                return
        before = self.look
        files = self._file_dialog() if step.chords == ("enter",) else False
        yield Key(chords=step.chords), self._say(f"I press {', '.join(step.chords)}")
        test = (
            (lambda: not self._file_dialog() or bool(watch.risky_words(before.screen, self.screen))) if files else None
        )
        if (yield from self._effect(before, test, (0.3, 0.7, 1.5, 2.0) if files else (0.3, 0.7))):
            self._refuse_risky(before)
        elif files:  # never a second Enter: it might answer a question that comes up late
            self._unseen("the file dialog is still open")
        elif (yield from self._clear_the_way("")):
            yield Key(chords=step.chords), self._say(f"I press {', '.join(step.chords)} again")

    def _own_dialog(self) -> bool:
        """Whether a dialog is up that was not there on the last calm look."""
        return self._new_dialog() is not None

    def _file_dialog(self) -> bool:
        """Whether a dialog with Save or Open, and Cancel, is up that was not there at first."""
        new = fresh(self._first.screen, self.screen) if self._first else []
        words = {norm(e.text) for e in new}
        return "cancel" in words and bool(words & {"save", "open"})

    def _refuse_risky(self, before: Look) -> None:
        """A question about something that cannot be undone, which the task does not go on to answer, ends it."""
        asks = watch.risky_words(before.screen, self.screen)
        if asks and self._last and find_dialog(self.screen, before.screen) is not None:
            asks = watch.short(asks)
            raise GiveUp(self._failed(f"a dialog asks “{asks}”; the task does not say what to answer"))

    # ------------------------------------------------------------------ values

    def _set(self, step: s.SetTo) -> Script:
        roles: tuple[Role, ...] = ("field", "select", "slider", *_TICKED)
        best = (yield from self.find(step.target, roles))[0]
        on = {"on": True, "checked": True, "yes": True, "off": False, "unchecked": False, "no": False}.get(
            norm(step.value)
        )
        number = re.fullmatch(r"(-?\d+(?:\.\d+)?)\s*(%|percent)?", step.value.strip())
        if best.element.role in _TICKED and on is not None:
            yield from self._sub(s.SetChecked(step.target, on))
        elif best.element.role == "slider" and number:
            yield from self._sub(s.Slide(step.target, float(number[1]), percent=bool(number[2])))
        elif best.element.role in ("select", "radio"):
            yield from self._sub(s.Choose(step.value, step.target))
        else:
            yield from self._sub(s.TypeInto(step.value, step.target, replace=True))

    def _tick(self, step: s.SetChecked) -> Script:
        found = yield from self.find(step.target, _TICKED)
        for candidate in _attempts(found):
            if step.on is not None and candidate.element.checked is step.on:
                return
            was = candidate.element.checked
            before, box = self.look, candidate.element.box
            yield Click(point=candidate.point), self._say(_found(f"it reads {_state(was)}; I click", candidate))
            if not (yield from self._effect(before)):
                continue
            now = _ticked_at(self.screen, box)
            if step.on is None or now is None or now is step.on:
                return
            yield Click(point=candidate.point), self._say(f"it now reads {_state(now)}, so I click it again")
            yield from self._effect(before)
            if _ticked_at(self.screen, box) in (None, step.on):
                return
        raise GiveUp(self._failed(f"{watch.name(found[0].element)} did not become {_state(step.on)}"))

    def _choose(self, step: s.Choose) -> Script:
        if not step.target:
            yield from self._choose_anywhere(step)
            return
        found = yield from self.find(step.target, ("select", "radio", "field"))
        best = found[0]
        if best.element.role == "radio" or not self._good(step.target, ("select", "field")):
            shown = [e for e in exact(self.screen, step.option) if e.box.center.y >= best.element.box.y1]
            if shown:
                yield from self._click(s.ClickOn(step.option))
                return
        if best.element.role == "field":
            yield from self._sub(s.TypeInto(step.option, step.target, replace=True))
        else:
            yield from self._choose_in(step, found)

    def _choose_anywhere(self, step: s.Choose) -> Script:
        if exact(self.screen, step.option) or self._good(step.option):
            yield from self._click(s.ClickOn(step.option))
            return
        selects = [e for e in self.screen.elements if e.role == "select"]
        if not selects:
            yield from self._click(s.ClickOn(step.option))
            return
        yield from self._choose_in(step, [Candidate(e, e.box.center, 0.6, "a drop-down") for e in selects])

    def _choose_in(self, step: s.Choose, lists: Sequence[Candidate]) -> Script:
        for candidate in lists[:4]:
            box = candidate.element.box
            if _says(candidate.element.text, step.option):
                return
            before = self.look
            yield Click(point=candidate.point), self._say(_found("I open", candidate))
            if not (yield from self._effect(before)):
                continue
            option = self._option(before, step.option, box)
            if option is not None:
                opened = self.look
                yield Click(point=option.box.center), self._say(f"I choose {watch.name(option)}")
                yield from self._effect(opened)
            elif candidate is lists[-1] or len(lists) == 1:
                yield TypeText(text=step.option), self._say("I cannot read the option, so I type its name")
                yield Key(chords=("enter",)), self._say("I confirm it")
            else:
                yield Key(chords=("escape",)), self._say("the option is not in this list, so I close it")
                continue
            if (yield from self._effect(before, lambda box=box: _value_at(self.screen, box, step.option))):  # type: ignore[misc]
                return
        raise GiveUp(self._failed(f"“{step.option}” was not taken; the screen does not show it as chosen"))

    def _option(self, before: Look, option: str, box: Box) -> Element | None:
        new = [e for e in fresh(before.screen, self.screen) if e.text and e.box.overlap(box) < 0.5 * e.box.area]
        named = [e for e in new if norm(e.text) == norm(option)]
        near = [e for e in new if fuzz.ratio(norm(e.text), norm(option)) >= 80]
        return next(iter(named or near), None)

    def _slide(self, step: s.Slide) -> Script:
        candidate = (yield from self.find(step.target, ("slider",)))[0]
        box = track_box(self.look.image, candidate.element.box)
        if box.width < 3 * box.height:
            raise GiveUp(self._failed(f"{watch.name(candidate.element)} does not look like a slider"))
        low, high = (0.0, 100.0) if step.percent else slider_range(self.screen, box)
        part = min(max((step.value - low) / (high - low), 0.0), 1.0)
        margin = min(box.height / 2, box.width / 10)
        goal = Point(box.x1 + margin + part * (box.width - 2 * margin), box.center.y)
        if part in (0.0, 1.0):
            goal = goal._replace(x=max(0.0, box.x1 - 8) if part == 0 else min(self.screen.width - 1.0, box.x2 + 8))
        for attempt in range(3):
            thumb = thumb_x(self.look.image, box)
            start = Point(thumb if thumb is not None else box.center.x, box.center.y)
            before = self.look
            how = "I drag its thumb" if attempt == 0 else "it is not there yet, so I drag again"
            yield Drag(path=_path(start, goal)), self._say(_found(how + " on", candidate))
            if not (yield from self._effect(before)) and thumb is not None and abs(thumb - goal.x) < 3:
                return
            if (yield from self._nudge(step, before, box, low, high, part)):
                return
        raise GiveUp(self._failed(f"the slider did not go to {step.value:g}"))

    def _nudge(self, step: s.Slide, before: Look, box: Box, low: float, high: float, part: float) -> Check:
        """Whether the slider now shows the value, after arrow keys for the rest of the way where a number shows it."""
        wanted = low + part * (high - low)
        for _ in range(3):
            value = self._slider_value(before, box)
            if value is None:
                thumb = thumb_x(self.look.image, box)
                return thumb is not None and abs((thumb - box.x1) / box.width - part) < 0.06
            missing = wanted - value
            if abs(missing) < 0.5:
                return True
            if abs(missing) > min(60.0, (high - low) * 0.4):
                return False
            key = "right" if missing > 0 else "left"
            count = max(1, round(abs(missing)))
            yield Key(chords=(key,) * min(count, 60)), self._say(f"it reads {value:g}, so I press {key} {count} times")
            if self._slider_value(before, box) == value:
                return abs(missing) <= 0.02 * (high - low)
        return False

    def _slider_value(self, before: Look, box: Box) -> float | None:
        """The number beside the slider that is not its range: one that changed since `before`, or the only one."""
        numbers = numbers_near(self.screen, box)
        moved = [v for v, e in numbers if not watch.known(e, before.screen)]
        return moved[0] if moved else (numbers[0][0] if len(numbers) == 1 else None)

    # ------------------------------------------------------------------ moving things and time

    def _drag(self, step: s.DragTo) -> Script:
        start = (yield from self.find(step.what))[0]
        if step.by is not None:
            end = Point(start.point.x + step.by[0], start.point.y + step.by[1])
        else:
            end = (yield from self.find(step.to))[0].point
        end = Point(min(max(end.x, 0), self.screen.width - 1), min(max(end.y, 0), self.screen.height - 1))
        before = self.look
        yield Drag(path=_path(start.point, end), seconds=0.5), self._say(_found("I drag", start))
        if not (yield from self._effect(before)):
            yield Drag(path=_path(start.point, end), seconds=1.0), self._say("nothing changed, so I drag again, slower")
            if not (yield from self._effect(before)):
                self._unseen("dragging it changed nothing")

    def _scroll(self, step: s.ScrollTo) -> Script:
        where = (yield from self.find(step.where))[0].element.box.center if step.where else self._middle()
        dx, dy = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}[step.direction]
        if not (step.until or step.edge):
            before = self.look
            for _ in range(step.times):
                yield Scroll(point=where, dx=5 * dx, dy=5 * dy), self._say(f"I scroll {step.direction}")
            if not changed(before, self.look):
                self._unseen("scrolling changed nothing; it may be at its end already")
            return
        notches = 30 if step.edge else 5
        for _ in range(30):
            if step.until and self._is_there(step.until):
                return
            before = self.look
            yield Scroll(point=where, dx=notches * dx, dy=notches * dy), self._say(f"I scroll {step.direction}")
            if not changed(before, self.look):
                break
        if step.until and not self._is_there(step.until):
            raise GiveUp(self._failed(f"I scrolled {step.direction} as far as it goes and “{step.until}” did not show"))

    def _middle(self) -> Point:
        areas = [
            e
            for e in self.screen.elements
            if e.role in ("field", "image") and e.box.area > 0.2 * self.screen.width * self.screen.height
        ]
        return areas[0].box.center if areas else Point(self.screen.width / 2, self.screen.height * 0.55)

    def _is_there(self, words: str) -> bool:
        words = self._named(words)
        bare = watch.dialog_words(words)
        if watch.is_generic_dialog(words):
            return self._own_dialog()
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
            yield Wait(seconds=seconds), self._say(f"I wait {'until it is gone' if step.gone else 'for it to show'}")
        if self._is_there(step.target) is step.gone:
            raise GiveUp(self._not_found(step.target) if not step.gone else self._failed("it is still there"))

    def _pause(self, seconds: float) -> Script:
        for _ in range(max(1, math.ceil(seconds / 60))):
            yield Wait(seconds=min(seconds, 60.0)), self._say(f"I wait {min(seconds, 60.0):g} s")
            seconds -= 60

    def _tell(self, step: s.Tell) -> Script:
        if _DISPLAY.search(step.question) and (shown := self._display()) is not None:
            yield Answer(text=shown.text), self._say(f"I read {watch.name(shown)}, which changed last")
            return
        found = yield from self.find(step.question)
        text = answer_at(self.screen, found[0].element)
        if not text:
            raise GiveUp(self._failed(f"{watch.name(found[0].element)} has no words to read"))
        yield Answer(text=text), self._say(_found("I read", found[0]))

    def _display(self) -> Element | None:
        """A calculator's display: a number that was not there at first, else the topmost one."""
        numbers = [
            e for e in self.screen.elements if re.fullmatch(r"[-−]?[\d., ]*\d[\d., ]*(?:e[+-]?\d+)?", e.text.strip())
        ]
        new = [e for e in numbers if self._first is not None and not watch.known(e, self._first.screen)]
        return min(new or numbers, key=lambda e: e.box.y1, default=None)

    def _system(self, name: str) -> Script:
        before = self.look
        if self._phone and name in ("back", "home", "recents"):
            yield Button(name=name), self._say(f"I press the {name} button")  # type: ignore[arg-type]
        else:
            chord = {"back": "alt+left", "home": "alt+home", "forward": "alt+right", "reload": "f5"}.get(
                name, "alt+tab"
            )
            yield Key(chords=(chord,)), self._say(f"I press {chord}, which means {name}")
        if not (yield from self._effect(before)):
            self._unseen("it changed nothing")

    # ------------------------------------------------------------------ dialogs and conditions

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
        if not watch.is_generic_dialog(guard.condition):
            words = watch.dialog_words(guard.condition)
            return shows(self.screen, words) or any(c.score >= 0.8 for c in self.candidates(guard.condition))
        answer = guard.then[0]
        if isinstance(answer, s.ClickOn):
            return self._came_up(answer.target)
        dialog = self._new_dialog()
        return dialog is not None and not dialog.has_fields and not self._expects_dialog(dialog)

    def _came_up(self, target: str) -> bool:
        """Whether `target` is there now and was not on the last calm screen."""
        then = self._calm.screen if self._calm else Screen(0, 0)
        there = [c for c in self.candidates(target) if c.score >= 0.7 and not watch.known(c.element, then)]
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
            if self._good(f"close {step.target}"[:0] or step.target) and not watch.is_generic_dialog(step.target):
                yield from self._close(find_dialog(self.screen, None), step.how)
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
            raise GiveUp(self._failed(f"a dialog asks “{watch.short(dialog.words)}” and has no safe button"))
        if button is None:
            yield Key(chords=("escape",)), self._say("I see no button to close it with, so I press Escape")
        else:
            yield Click(point=button.box.center), self._say(f"a dialog is there; I press {watch.name(button)}")
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
        label = watch.short(dialog.words or "dialog")
        if label in self._answered or not self._was_seen(target):
            return False
        if dialog.button() is None or (
            dialog.risky and norm(getattr(dialog.button(), "text", "")) not in watch.NEUTRAL
        ):
            raise GiveUp(self._failed(f"a dialog asks “{label}”; the task does not say what to answer"))
        self._answered.add(label)
        yield from self._close(dialog)
        return True

    def _dialog_from_start(self, guard: s.Guard) -> bool:
        """Whether the dialog of a condition was there before anything was done."""
        dialog = find_dialog(self.screen, None)
        return watch.is_generic_dialog(guard.condition) and dialog is not None and not dialog.has_fields

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


# ---------------------------------------------------------------------------------------------- small judgements


def _found(verb: str, candidate: Candidate) -> str:
    return f"{verb} {watch.name(candidate.element)} ({candidate.score:.2f})"


def _attempts(found: Sequence[Candidate]) -> list[Candidate]:
    """The best, the others that are nearly as good, and the best once more. At most three."""
    others = [
        c for c in found[1:] if c.score >= found[0].score - 0.25 and c.element.box.overlap(found[0].element.box) == 0
    ]
    return [found[0], *others[:2]] if others else [found[0], found[0]]


def _may_stay_the_same(element: Element, screen: Screen) -> bool:
    """Things whose click need not show: a field that has the focus, a tab or radio button already chosen."""
    return element.role in ("field", "tab") or (element.role == "radio" and element.checked is True)


def _opened(before: Look, after: Look) -> bool:
    new = [e for e in fresh(before.screen, after.screen) if e.text or e.icons]
    return len(new) >= 2 or any(e.role == "menuitem" for e in new)


def _went(before: Look, after: Look) -> bool:
    """Whether more went than came: a click that closed something."""
    return len(fresh(after.screen, before.screen)) < len(fresh(before.screen, after.screen))


def _menu_is_open(screen: Screen, entry: Element) -> bool:
    under = [e for e in screen.elements if e.role == "menuitem" and e.box.y1 >= entry.box.y1 + entry.box.height / 2]
    return any(abs(e.box.x1 - entry.box.x1) < 60 and e.box.y1 - entry.box.y2 < 30 for e in under)


def _titled(screen: Screen, name: str) -> bool:
    """Whether a window of this name is open: its words stand in a title at the top of something."""
    return any(norm(name) in norm(e.text) and (e.role == "bar" or e.box.y1 < 40) for e in screen.elements if e.text)


def _one_line(element: Element) -> bool:
    return element.box.height < 60


def _secret(target: str) -> bool:
    return re.search(r"pass(?:word|code|phrase)|\bpin\b|secret", target, re.IGNORECASE) is not None


def _near(screen: Screen, box: Box) -> Element | None:
    same = [e for e in screen.elements if e.box.overlap(box) > 0.5 * max(box.area, 1.0)]
    return same[0] if same else None


def _value_at(screen: Screen, box: Box, value: str) -> bool:
    here = [e for e in screen.elements if e.box.overlap(box.grown(4)) > 0]
    whole = re.compile(rf"(?<!\w){re.escape(norm(value))}(?!\w)")
    return any(_says(e.text, value) or _says(e.label, value) or whole.search(norm(e.text)) for e in here)


def _says(text: str, value: str) -> bool:
    return bool(text) and (norm(text) == norm(value) or fuzz.ratio(norm(text), norm(value)) >= 85)


def _ticked_at(screen: Screen, box: Box) -> bool | None:
    here = [e for e in screen.elements if e.role in _TICKED and e.box.grown(4).holds(box.center)]
    return here[0].checked if here else None


def _digits_at(screen: Screen, box: Box, digits: str) -> float:
    """How well the digits that stand at `box` agree with `digits`, 0 to 100."""
    seen = "".join(c for e in screen.elements if e.box.overlap(box.grown(4)) > 0 for c in e.text if c.isdigit())
    return fuzz.ratio(seen, digits)


def _state(on: bool | None) -> str:
    return {True: "checked", False: "unchecked", None: "neither checked nor unchecked"}[on]


def _path(start: Point, end: Point) -> tuple[Point, ...]:
    """A straight way in a few points."""
    return tuple(Point(start.x + (end.x - start.x) * i / 4, start.y + (end.y - start.y) * i / 4) for i in range(5))


def answer_at(screen: Screen, element: Element) -> str:
    """What stands in a thing: its own words, or for a label the words right of it."""
    if element.role != "text":
        return element.text or element.label
    value = element.text.partition(":")[2]
    if value.strip():
        return value.strip()
    right = [
        e
        for e in screen.elements
        if e.text
        and e is not element
        and e.box.x1 >= element.box.x2 - 2
        and abs(e.box.center.y - element.box.center.y) < max(8.0, element.box.height * 0.7)
    ]
    return min(right, key=lambda e: e.box.x1).text if right and element.text.rstrip().endswith(":") else element.text
