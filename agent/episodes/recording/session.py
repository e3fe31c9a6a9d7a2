"""One recording, from opening the screen to the last step; whatever happens, what was written stays readable."""

from __future__ import annotations

import queue
import shlex
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import JsonValue
from rich.markup import escape
from rich.text import Text

from actions.action import Finish, Open, describe, one_line
from agent.core.errors import UserError
from agent.core.step import Step
from agent.core.task import Ending
from agent.episodes import EpisodeError, EpisodeHeader, EpisodeWriter, software_versions
from agent.episodes.recording.privacy import Privacy
from agent.episodes.recording.recorder import Recorder
from agent.episodes.recording.step_writer import StepWriter
from agent.guard.secrets import Secrets
from agent.run.session import EnvKind
from agent.views.report import write_report
from agent.views.terminal import console
from envs.env import EnvError
from envs.hotkey import STOP_CHORD, watch_for_stop
from envs.input_capture.events import Event
from envs.input_capture.gestures import Gestures, Touch
from envs.input_capture.screen_history import ScreenHistory, ScreenSource

PERSON = "person"
"""The model's name in an episode that a person made."""
UNNAMED = "A demonstration"
_DRAWN = 10.0
_REST = 0.4


class InputListener(Protocol):
    """Hears what is done. `events` ends with None when there is nothing more to hear."""

    events: queue.SimpleQueue[Event | None]

    def close(self) -> None:
        """Stop hearing. Safe to call twice."""


@dataclass(frozen=True)
class RecordOptions:
    """What to record, and how. `ending` is how the demonstration ends in its record when the person stops it."""

    out: Path
    task: str = ""
    kind: EnvKind = "desktop"
    apps: tuple[str, ...] = ()
    size: tuple[int, int] = (1280, 800)
    monitor: int | None = None
    serial: str | None = None
    seconds: float | None = None
    secrets: Secrets = field(default_factory=Secrets)
    keep_unseen: bool = False
    live: bool = False
    ending: Literal["done", "gave_up"] = "done"


@dataclass(frozen=True)
class RecordingResult:
    """What `record` hands back. `hidden` are the names that stand for what was typed unseen; `left_out` counts what no
    step could keep.
    """

    episode: Path
    ending: Ending
    message: str
    steps: int
    seconds: float
    hidden: tuple[str, ...]
    left_out: dict[str, int]
    report: Path | None

    def to_json(self) -> dict[str, Any]:
        """The object that ``handeye record --json`` prints."""
        return {
            "ending": str(self.ending),
            "steps": self.steps,
            "episode": str(self.episode),
            "message": self.message,
            "seconds": round(self.seconds, 3),
            "hidden": list(self.hidden),
            "left_out": self.left_out,
            "report": str(self.report) if self.report else None,
        }


@dataclass(frozen=True)
class RecordingSource:
    """An open screen: its names for the record, how to look at it, to hear it, and to start a program on it."""

    name: str
    platform: str
    source: ScreenSource
    listen: Any
    open: Any
    touch: Touch = field(default_factory=Touch)
    display: str | None = None
    how: str = ""
    peek: Any = None
    secret: Callable[[], bool] = lambda: False

    @property
    def hovers(self) -> bool:
        """Whether there is a pointer."""
        return self.platform == "desktop"


class _Ended:
    """Set once with why; Ctrl-C, SIGTERM, the stop key and the time limit all end up here."""

    def __init__(self) -> None:
        self.reason, self.moment = "", 0.0
        self._event = threading.Event()

    def __bool__(self) -> bool:
        return self._event.is_set()

    def because(self, reason: str) -> None:
        if not self._event.is_set():
            self.reason, self.moment = reason, time.monotonic()
            self._event.set()

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Signals end the recording instead of interrupting it; a second Ctrl-C is an ordinary one."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def once(number: int, frame: Any) -> None:
            if self:
                signal.default_int_handler(number, frame)
            self.because("Ctrl-C" if number == signal.SIGINT else "it was told to end")

        before = {number: signal.signal(number, once) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def record(options: RecordOptions) -> RecordingResult:
    """Record what a person does until they stop it; see `RecordOptions`.

    Raises `actions.errors.HandeyeError` when it cannot start; then every failure is an ending.
    """
    task = options.secrets.redact(options.task).strip() or UNNAMED
    _check_free(options.out)
    ended, start = _Ended(), time.monotonic()
    privacy = Privacy(options.secrets, options.keep_unseen)
    with ExitStack() as stack:
        stack.enter_context(ended.on_signals())
        place = open_place(options, stack)
        writer = EpisodeWriter.create(options.out.absolute(), _header(task, place, options))
        stack.callback(writer.close)
        screens = ScreenHistory(place.source)
        stack.callback(screens.close)
        recorder = Recorder(
            StepWriter(writer, privacy, _tell), screens, Gestures(place.touch), place.hovers, place.secret
        )
        for app in options.apps:
            _open(place, app, recorder)
        listener: InputListener = place.listen()
        stack.callback(listener.close)
        stack.enter_context(_stop_key(place, ended))
        _announce(place, options, stack)
        problem = _listen(listener, recorder, ended, start, options.seconds)
        ending, message = _close(recorder, ended, problem, options)
        writer.finish(ending, message)
    left_out = {**recorder.left_out, **recorder.gestures.unknown}
    seconds = time.monotonic() - start
    return RecordingResult(
        writer.folder,
        ending,
        message,
        recorder.writer.count,
        seconds,
        tuple(privacy.hidden),
        left_out,
        _report(writer.folder),
    )


def open_place(options: RecordOptions, stack: ExitStack) -> RecordingSource:
    """Open the screen; it is closed with `stack`. Raises `EnvError` with what to do next."""
    if options.kind in ("android", "phone"):
        from agent.episodes.recording.phone import phone_place as opened
    else:
        from agent.episodes.recording.desktop import desktop_place as opened
    return opened(options, stack)


def _header(task: str, place: RecordingSource, options: RecordOptions) -> EpisodeHeader:
    extra: dict[str, JsonValue] = (
        {"apps": [options.secrets.redact(app) for app in options.apps]} if options.apps else {}
    )
    return EpisodeHeader(
        task=task, model=PERSON, env=place.name, platform=place.platform, versions=software_versions(), extra=extra
    )


def _open(place: RecordingSource, app: str, recorder: Recorder) -> None:
    """Start a program, wait until it is drawn, and put that on record as the person's first act."""
    look, started = recorder.screens.before(time.monotonic()), time.monotonic()
    place.open(app)
    deadline = started + _DRAWN
    while time.monotonic() < deadline:
        changed = recorder.screens.last_change
        if changed > started and time.monotonic() - changed > _REST:
            break
        time.sleep(0.02)
    recorder.opened(shlex.join(shlex.split(app)) if place.hovers else app, look, started)


def _listen(listener: InputListener, recorder: Recorder, ended: _Ended, start: float, seconds: float | None) -> str:
    """Record until something ends it, and then what was done until then; what went wrong, or nothing."""
    while True:
        now = time.monotonic()
        if seconds is not None and now - start >= seconds:
            ended.because(f"the {seconds:g} seconds were over")
        if recorder.screens.error is not None:
            return str(recorder.screens.error)
        try:
            event = listener.events.get(block=not ended, timeout=0.05)
        except queue.Empty:
            if ended:
                return ""
            recorder.tick(now)
            continue
        if event is None:
            return "the screen is gone"
        if getattr(event, "chord", "") == STOP_CHORD:
            ended.because(f"the stop key {STOP_CHORD} was pressed")
        elif not ended or event.time <= ended.moment:
            recorder.feed(event)


def _close(recorder: Recorder, ended: _Ended, problem: str, options: RecordOptions) -> tuple[Ending, str]:
    """Write what is pending and how it ended."""
    if problem:
        recorder.finish(None)
        return Ending.DEVICE_ERROR, problem
    status: Literal["success", "failure"] = "success" if options.ending == "done" else "failure"
    recorder.finish(Finish(status=status), frozenset({"ctrl+c"}) if ended.reason == "Ctrl-C" else frozenset())
    return Ending(options.ending), f"ended by the person: {ended.reason}"


@contextmanager
def _stop_key(place: RecordingSource, ended: _Ended) -> Iterator[None]:
    displays = [place.display] if place.display else []
    with watch_for_stop(displays, ended.because) as problems:
        for problem in problems:
            console().print(f"[yellow]{escape(problem)}[/]", soft_wrap=True)
        yield


def _announce(place: RecordingSource, options: RecordOptions, stack: ExitStack) -> None:
    """Say that it has begun and how it ends."""
    if options.live and place.peek is not None:
        from agent.views.viewer import Viewer

        viewer = stack.enter_context(Viewer(place.peek))
        console().print(f"watch it at {viewer.url}", soft_wrap=True, markup=False)
    if place.how:
        console().print(place.how, soft_wrap=True, markup=False)
    until = f" or {options.seconds:g} s pass" if options.seconds else ""
    console().print(f"recording on {place.name} until Ctrl-C, {STOP_CHORD}{until}", soft_wrap=True, markup=False)


def _tell(step: Step) -> None:
    """One line for each step."""
    if step.action is None or isinstance(step.action, Finish):
        return
    line = Text.assemble((f"{step.index + 1:>4} ", "bold cyan"), describe(step.action))
    if step.app and not isinstance(step.action, Open):
        line.append(f"  {one_line(step.app, 60)}", "dim")
    for note in step.notes:
        line.append(f"  {one_line(note)}", "yellow")
    console().print(line, soft_wrap=True)


def _check_free(out: Path) -> None:
    """Fail before anything is started. Raises `EpisodeError`."""
    if (out / "episode.json").exists():
        raise EpisodeError(f"{out} already holds an episode: choose another --out")
    there = next(path for path in (out.absolute(), *out.absolute().parents) if path.exists())
    if not there.is_dir():
        raise EpisodeError(f"cannot write to {out}: {there} is a file; choose another folder with --out")


def _report(folder: Path) -> Path | None:
    try:
        path = write_report(folder)
    except (EpisodeError, EnvError, UserError, OSError) as error:
        console().print(f"[yellow]no report: {escape(str(error))}[/]", soft_wrap=True)
        return None
    console().print(f"episode {folder}\nreport  {path}", soft_wrap=True, markup=False)
    return path
