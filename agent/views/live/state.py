"""`LiveState`: the state of the live page, shared by the run's thread and the server's threads under one lock.

The run's thread shows cards and waits for their answers; the server's threads read the state and pass in commands.
Nothing here acts on the device.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field, replace
from threading import Condition
from typing import Any, Literal

import cv2

from actions.action import AnyAction, TypeText, points_of
from actions.errors import one_line
from actions.frame import Frame, GeometryError
from agent.core.step import Target
from agent.core.stop import Stop
from agent.core.targets import action_place, action_words
from agent.guard.secrets import Secrets
from agent.views.formatting import clip
from agent.views.live.commands import (
    Act,
    AnyCommand,
    Approve,
    Edit,
    HandBack,
    PauseCommand,
    ReplyCommand,
    Resume,
    SkipCommand,
    StopCommand,
    TakeOver,
)
from agent.views.loopback import Refused
from agent.views.report import PageData, enlarged_data, marks_data
from envs.env import Image
from envs.png import encode_png

Phase = Literal["starting", "looking", "thinking", "approval", "acting", "asking", "paused", "taken_over", "ended"]
"""What the run is doing. In ``approval``, ``asking``, ``paused`` and ``taken_over`` it waits for the person."""

KEPT = 500
"""The number of pictures of finished steps that are kept."""
AWAY = 15.0
"""Seconds after its last request at which a page counts as closed; pages poll every few seconds."""


@dataclass(frozen=True)
class Card:
    """An action or a question that is shown to the person. `id` is never used twice.

    `waits` is whether it waits for an answer, `why` the reason. `original` is the model's action where the person has
    edited it; `targets` is what it was meant for.
    """

    id: int
    kind: Literal["action", "question"]
    step: int
    frame: Frame
    action: AnyAction | None = None
    original: AnyAction | None = None
    thought: str = ""
    question: str = ""
    why: str = ""
    waits: bool = False
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True)
class Shot:
    """A masked picture of the screen, RGB uint8 HxWx3. `id` rises with every picture."""

    id: int
    image: Image
    frame: Frame


Answer = Approve | SkipCommand | ReplyCommand | TakeOver
"""The commands that answer a card."""


@dataclass
class LiveState:
    """The state of one run. All public methods are thread-safe.

    `header` and the steps are data of `agent.views.report`; `secrets` are redacted in everything else. `stop` ends the
    run, `supported` are the action types of the env. `step` is the index of the current step. `stale` is whether a
    person has acted since the agent last observed: its pending decision is then not performed.
    """

    header: PageData
    stop: Stop
    secrets: Secrets = field(default_factory=Secrets)
    supported: frozenset[str] = frozenset()
    changed: Condition = field(default_factory=Condition, init=False, repr=False)
    version: int = field(default=0, init=False)
    paused: bool = field(default=False, init=False)
    taken_over: bool = field(default=False, init=False)
    card: Card | None = field(default=None, init=False)
    stale: bool = field(default=False, init=False)
    answer: Answer | None = field(default=None, init=False)
    step: int = field(default=0, init=False)
    note: str = field(default="", init=False)
    acts: deque[Act] = field(default_factory=deque, init=False)
    shot: Shot | None = field(default=None, init=False)
    phase: Phase = field(default="starting", init=False)
    _notice: str = field(default="", init=False)
    _steps: list[PageData] = field(default_factory=list, init=False)
    _pictures: dict[int, bytes] = field(default_factory=dict, init=False, repr=False)
    _over: bool = field(default=False, init=False)
    _ended: bool = field(default=False, init=False)
    _cards: int = field(default=0, init=False)
    _png: tuple[int, bytes] | None = field(default=None, init=False, repr=False)
    _pages: dict[str, float] = field(default_factory=dict, init=False)
    _told: dict[str, int] = field(default_factory=dict, init=False)

    # --- the run's side ---------------------------------------------------------------------------------------

    def say(self, phase: Phase, notice: str | None = None) -> None:
        """Set the phase; `notice` is a line for the person, None keeps the last one."""
        with self.changed:
            self.phase = phase
            self._notice = self._notice if notice is None else clip(self.secrets.redact(notice))
            self._touch()

    def look(self) -> None:
        """The screen is being observed: later decisions are about the current screen."""
        with self.changed:
            self.stale = self.taken_over
            self.say("looking")

    def begin(self, step: int) -> None:
        """Step `step` has its screen; the model is asked."""
        with self.changed:
            self.step = step
            self.say("thinking", "")

    def show(self, image: Image, frame: Frame) -> None:
        """Show a new screenshot."""
        with self.changed:
            self.shot = Shot(self.shot.id + 1 if self.shot else 1, image, frame)
            self._touch()

    def put(self, kind: Literal["action", "question"], frame: Frame, **more: Any) -> Card:
        """Show a new card instead of any other; `more` are its further fields."""
        with self.changed:
            self._cards += 1
            self.card = Card(self._cards, kind, self.step, frame, **more)
            self.answer = TakeOver(do="take_over") if self.stale else None
            self._touch()
            return self.card

    def name(self, targets: tuple[Target, ...]) -> None:
        """The card's action was meant for `targets`."""
        with self.changed:
            if self.card is not None:
                self.card = replace(self.card, targets=targets)
                self._touch()

    def proceed(self) -> None:
        """The action is being performed, or the question is answered: the card no longer waits."""
        with self.changed:
            if self.card is not None:
                self.card = replace(self.card, waits=False)
            self.phase, self._notice = "acting", ""
            self._touch()

    def claim(self, card: Card) -> bool:
        """Mark `card` as answered elsewhere; False where it is not shown any more or answered already."""
        with self.changed:
            if self.card is not card or self.answer is not None:
                return False
            self.answer = Approve(do="approve", card=card.id)
            self._touch()
            return True

    def drop(self) -> None:
        """Remove the card."""
        with self.changed:
            self.card, self.answer = None, None
            self._touch()

    def add_step(self, step: PageData, picture: Image | None = None) -> None:
        """Add a finished step: its JSON without secrets, and the (masked) screen that it began with."""
        jpeg = None if picture is None else _jpeg(picture)
        with self.changed:
            if jpeg is not None:
                self._pictures[len(self._steps)] = jpeg
                self._pictures.pop(len(self._steps) - KEPT, None)
            self._steps.append(step)
            self._touch()

    def refuse(self) -> None:
        """Refuse every command from now on."""
        with self.changed:
            self._over = True

    def end(self, header: PageData) -> None:
        """The run has ended as `header` says; refuse every command from now on."""
        with self.changed:
            self._over, self._ended, self.phase, self.header = True, True, "ended", header
            self.card, self.paused, self.taken_over, self._notice = None, False, False, ""
            self._touch()

    def watched(self) -> bool:
        """Whether a page is open."""
        with self.changed:
            return self._watching()

    def wait_until_seen(self, seconds: float) -> None:
        """Wait until every open page has the newest state, at most this long."""
        with self.changed:
            self.changed.wait_for(lambda: not self._unaware(), seconds)

    # --- the page's side --------------------------------------------------------------------------------------

    def snapshot(self, page: str, after: int, steps: int, seconds: float) -> dict[str, Any]:
        """The state as JSON, once it is newer than version `after` or `seconds` have passed.

        `page` identifies the page, which has shown everything up to `after`. Steps are given from number `steps` on.
        """
        with self.changed:
            self._forget_old_pages()
            self._pages[page] = time.monotonic()
            self._told[page] = after
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.version > after or self._ended, seconds)
            self._pages[page] = time.monotonic()
            return self._snapshot(max(0, steps))

    def picture(self) -> tuple[int, bytes] | None:
        """The number of the newest picture and its PNG."""
        with self.changed:
            shot, made = self.shot, self._png
        if shot is None or (made is not None and made[0] == shot.id):
            return made
        made = shot.id, encode_png(shot.image)
        with self.changed:
            self._png = made
        return made

    def step_picture(self, number: int) -> bytes | None:
        """The JPEG of the screen that a finished step began with; None where it is not kept."""
        with self.changed:
            return self._pictures.get(number)

    def do(self, command: AnyCommand) -> int | None:
        """Carry out a command; the number of the card shown then. Raises `Refused`, with nothing changed."""
        with self.changed:
            if self._over:
                raise Refused(409, "the run has ended")
            match command:
                case Approve() | SkipCommand():
                    self._answer(command, "action")
                case ReplyCommand():
                    text = self.secrets.redact(command.text)
                    self._answer(command.model_copy(update={"text": text}), "question")
                case Edit():
                    self._edit(command)
                case PauseCommand():
                    self.paused = True
                case Resume():
                    self._resume(command)
                case TakeOver():
                    self._take_over(command)
                case HandBack():
                    self._hand_back(command)
                case Act():
                    self._act(command)
                case StopCommand():
                    self.stop.request("stopped on the live page")
            self._touch()
            return self.card.id if self.card else None

    def _answer(self, command: Approve | SkipCommand | ReplyCommand, kind: str) -> None:
        card = self._current(command.card)
        if card.kind != kind or not card.waits or self.answer is not None or self.taken_over:
            raise Refused(409, "that is not waiting for an answer")
        self.answer = command

    def _current(self, number: int) -> Card:
        if self.card is None or self.card.id != number:
            raise Refused(409, "another action is next now: look at what is shown")
        return self.card

    def _edit(self, command: Edit) -> None:
        card = self._current(command.card)
        if card.action is None or not card.waits or self.answer is not None:
            raise Refused(409, "that action is not waiting: pause the run first")
        if command.action.type != card.action.type:
            raise Refused(422, f"an edit keeps the kind of action: this is a {card.action.type}")
        action = self.fit(command.action, card.frame)
        original = card.original or card.action
        self._cards += 1
        self.card = replace(card, id=self._cards, action=action, original=None if action == original else original)

    def fit(self, action: AnyAction, frame: Frame) -> AnyAction:
        """`action` with placeholders for secrets. Raises `Refused` for a point outside the frame or an unknown name."""
        try:
            for point in points_of(action):
                frame.to_input(point)
        except GeometryError as error:
            raise Refused(422, str(error)) from error
        if isinstance(action, TypeText):
            action = action.model_copy(update={"text": self.secrets.redact(action.text)})
            self.secrets.check(action.text, lambda message: Refused(422, message))
        return action

    def _resume(self, command: Resume) -> None:
        shown = self.card.id if self.card is not None and self.card.kind == "action" else None
        if command.card != shown:
            raise Refused(409, "another action is next now: look at what is shown")
        self.paused = False

    def _take_over(self, command: TakeOver) -> None:
        self.taken_over, self.stale, self.note, self._notice = True, True, "", ""
        if self.card is not None and self.card.waits and self.answer is None:
            self.answer = command

    def _hand_back(self, command: HandBack) -> None:
        if not self.taken_over:
            raise Refused(409, "nobody has taken over")
        self.taken_over, self.paused, self.note = False, False, self.secrets.redact(command.note)
        self.acts.clear()

    def _act(self, command: Act) -> None:
        if self.phase != "taken_over" or self.shot is None:
            raise Refused(409, "take over first")
        if command.screen > self.shot.id or command.action.type not in self.supported:
            raise Refused(422, f"this screen cannot {command.action.type}")
        if len(self.acts) >= 20:
            raise Refused(429, "that is too fast: wait until the screen follows")
        self.acts.append(command.model_copy(update={"action": self.fit(command.action, self.shot.frame)}))

    # --- inside the lock ---------------------------------------------------------------------------------------

    def _touch(self) -> None:
        self.version += 1
        self.changed.notify_all()

    def _watching(self) -> bool:
        return any(time.monotonic() - seen < AWAY for seen in self._pages.values())

    def _forget_old_pages(self) -> None:
        now = time.monotonic()
        self._pages = {page: seen for page, seen in self._pages.items() if now - seen < AWAY}
        self._told = {page: told for page, told in self._told.items() if page in self._pages}

    def _unaware(self) -> list[str]:
        now = time.monotonic()
        return [
            page for page, seen in self._pages.items() if now - seen < AWAY and self._told.get(page, 0) < self.version
        ]

    def _snapshot(self, steps: int) -> dict[str, Any]:
        return {
            "version": self.version,
            "phase": self.phase,
            "paused": self.paused,
            "taken_over": self.taken_over,
            "notice": self._notice,
            "screen": self._screen(),
            "card": self._shown() if self.card else None,
            "header": self.header,
            "supported": sorted(self.supported),
            "steps": self._steps[steps:],
            "first": steps,
            "count": len(self._steps),
            "ended": self._ended,
        }

    def _screen(self) -> dict[str, int] | None:
        shot = self.shot
        return {"id": shot.id, "width": shot.image.shape[1], "height": shot.image.shape[0]} if shot else None

    def _shown(self) -> dict[str, Any]:
        card = self.card
        assert card is not None
        frame = card.frame

        def redact(text: str) -> str:
            return clip(self.secrets.redact(text))

        shown: dict[str, Any] = {
            "id": card.id, "kind": card.kind, "step": card.step, "waits": card.waits,
            "answered": self.answer is not None, "model": None,
            "thought": redact(card.thought), "question": redact(card.question), "why": redact(card.why),
            "width": frame.width, "height": frame.height, "action": None, "words": "", "place": "",
            "was": None, "marks": [], "enlarged": None,
        }  # fmt: skip
        if card.action is not None:
            shown |= {
                "action": card.action.model_dump(mode="json"),
                "words": redact(action_words(card.action, card.targets)),
                "place": action_place(card.action, card.targets),
                "model": (card.original or card.action).model_dump(mode="json"),
                "was": one_line(action_words(card.original, card.targets)) if card.original is not None else None,
                "marks": marks_data(card.action, frame.width, frame.height, card.targets),
                "enlarged": enlarged_data(card.action, frame.width, frame.height, card.targets),
            }
        return shown


def _jpeg(image: Image) -> bytes:
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 80])
    return bytes(data)
