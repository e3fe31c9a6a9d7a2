"""`record`: one recording, from opening the screen to the report. What was written stays readable whatever happens."""

from __future__ import annotations

import queue
import shlex
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import JsonValue
from rich.markup import escape
from rich.text import Text

from actions.action import Finish, Open
from actions.errors import one_line
from agent.core.errors import UserError
from agent.core.step import Step
from agent.core.task import Ending
from agent.episodes import EpisodeHeader, EpisodeWriter, software_versions
from agent.episodes.recording.privacy import Privacy
from agent.episodes.recording.recorder import Recorder
from agent.episodes.recording.source import InputListener, RecordingSource
from agent.episodes.recording.step_writer import StepWriter
from agent.episodes.writer import check_folder
from agent.guard.secrets import Secrets
from agent.run.env_spec import KINDS, EnvSpec, check_env
from agent.run.session import report_of
from agent.views.terminal import action_text, console
from agent.views.viewer import Viewer
from envs.hotkey import STOP_CHORD, watch_for_stop
from envs.input_capture.events import Event, Moved, Pressed
from envs.input_capture.gestures import Gestures
from envs.input_capture.screen_history import ScreenHistory

PERSON = "person"
"""The header's `model` in an episode that a person recorded."""
UNNAMED = "A demonstration"
"""The task of a recording without one."""
_DRAWN = 10.0
"""Seconds that a started program may take to show its window."""
_REST = 0.4
"""Seconds without a change after which the window counts as drawn."""


@dataclass(frozen=True)
class RecordOptions:
    """What to record. `kind`, `size`, `monitor`, `serial` and `display` are as in `agent.run.env_spec.EnvSpec`.

    `ending` is recorded when the person stops the recording.
    """

    out: Path
    task: str = ""
    kind: str = "desktop"
    apps: tuple[str, ...] = ()
    size: tuple[int, int] | None = None
    monitor: int | None = None
    serial: str | None = None
    display: int | None = None
    seconds: float | None = None
    secrets: Secrets = field(default_factory=Secrets)
    keep_unseen: bool = False
    live: bool = False
    ending: Literal["done", "gave_up"] = "done"


@dataclass(frozen=True)
class RecordingResult:
    """The outcome of `record`. `hidden` are the placeholders of text that was typed unseen; `left_out` counts the
    input that no step could hold, by reason.
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


class _EndRequest:
    """The first request to end the recording, with its reason and time. Thread-safe."""

    def __init__(self) -> None:
        self.reason, self.time = "", 0.0
        self._event = threading.Event()

    def __bool__(self) -> bool:
        return self._event.is_set()

    def set(self, reason: str) -> None:
        if not self._event.is_set():
            self.reason, self.time = reason, time.monotonic()
            self._event.set()

    def after(self, start: float, seconds: float | None) -> Callable[[float], bool]:
        """Whether the recording is over at a time, which it is `seconds` after `start` if not before."""

        def over(now: float) -> bool:
            if seconds is not None and now - start >= seconds:
                self.set(f"the {seconds:g} seconds were over")
            return bool(self)

        return over

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM end the recording; a second SIGINT raises KeyboardInterrupt."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def once(number: int, frame: Any) -> None:
            if self:
                signal.default_int_handler(number, frame)
            self.set("Ctrl-C" if number == signal.SIGINT else "it was told to end")

        before = {number: signal.signal(number, once) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def record(options: RecordOptions) -> RecordingResult:
    """Record what a person does until they stop it.

    Raises `actions.errors.HandeyeError` when it cannot start; after that every failure is an ending.
    """
    task = options.secrets.redact(options.task).strip() or UNNAMED
    check_folder(options.out.absolute())
    end, start = _EndRequest(), time.monotonic()
    privacy = Privacy(options.secrets, options.keep_unseen)
    with ExitStack() as stack:
        stack.enter_context(end.on_signals())
        source = open_source(options, stack)
        writer = EpisodeWriter.create(options.out.absolute(), _header(task, source, options), read_text=True)
        stack.callback(writer.close)
        screens = ScreenHistory(source.screen)
        stack.callback(screens.close)
        steps = StepWriter(writer, privacy, _print_step)
        recorder = Recorder(steps, screens, Gestures(source.touch), source.has_pointer, source.hides_text)
        listener = source.listen()  # before the first program: what a person does while it starts is on record
        stack.callback(listener.close)
        stack.enter_context(_stop_key(source, end))
        for index, app in enumerate(options.apps):
            drawn = _open(source, app, recorder, listener, end)
            if index < len(options.apps) - 1:  # the next window would take the keys of somebody who types here
                _listen(listener, recorder, end, drawn)
        _announce(source, options, stack)
        problem = _listen(listener, recorder, end, end.after(start, options.seconds))
        if not problem:
            _take_rest(listener, recorder, end)
        ending, message = _close(recorder, end, problem, options)
        writer.finish(ending, message)
    left_out = {**recorder.left_out, **recorder.gestures.unknown}
    seconds, report = time.monotonic() - start, report_of(writer.folder)
    return RecordingResult(
        writer.folder, ending, message, steps.count, seconds, tuple(privacy.hidden), left_out, report
    )


def open_source(options: RecordOptions, stack: ExitStack) -> RecordingSource:
    """Open the screen, which is closed with `stack`. Raises `EnvError`, and `UserError` for options that do not fit."""
    if options.kind == "browser":
        raise UserError("a demonstration in a browser is recorded on a sandbox: --env sandbox --app chromium")
    if options.kind not in KINDS:
        raise UserError(f"--env {options.kind}: a demonstration is recorded on desktop, sandbox, android or phone")
    if options.kind == "sandbox" and options.monitor not in (None, 1):
        raise UserError("--monitor: the sandbox of a recording has one monitor")
    where = (options.monitor, False, options.serial, options.display)
    check_env(EnvSpec(options.kind, (), options.size, None, *where))
    if options.kind in ("android", "phone"):
        from agent.episodes.recording.phone import phone_source
        from envs.android import AndroidEnv, SimulatedPhoneEnv

        simulated, display = options.kind == "phone", options.display or 0
        env = SimulatedPhoneEnv() if simulated else AndroidEnv(options.serial, display=display)
        return phone_source(env, simulated, stack, display)
    from agent.episodes.recording.desktop import desktop_source, sandbox_source

    if options.kind == "desktop":
        return desktop_source(None if options.monitor is None else options.monitor - 1, stack)
    return sandbox_source(options.size or (1280, 800), stack)


def _header(task: str, source: RecordingSource, options: RecordOptions) -> EpisodeHeader:
    extra: dict[str, JsonValue] = (
        {"apps": [options.secrets.redact(app) for app in options.apps]} if options.apps else {}
    )
    return EpisodeHeader(
        task=task, model=PERSON, env=source.name, platform=source.platform, versions=software_versions(), extra=extra
    )


def _open(
    source: RecordingSource, app: str, recorder: Recorder, listener: InputListener, end: _EndRequest
) -> Callable[[float], bool]:
    """Start a program, wait until its window is drawn or the person does something, and record that as an action.

    Returns whether the window is drawn at a time.
    """
    before, started = recorder.screens.before(time.monotonic()), time.monotonic()
    source.open(app)

    def drawn(now: float) -> bool:
        changed = recorder.screens.last_change
        return now >= started + _DRAWN or (changed > started and now - changed > _REST)

    early = None
    while early is None and not end and not drawn(time.monotonic()):
        with suppress(queue.Empty):
            early = listener.events.get(timeout=0.02)
            if early is None:
                listener.events.put(None)  # the screen is gone, which `_listen` says
                break
            if isinstance(early, Moved) or early.time < started:  # what began before is recorded before
                _take(early, recorder, end)
                early = None
    recorder.opened(shlex.join(shlex.split(app)) if source.has_pointer else app, before, started)
    if early is not None:
        _take(early, recorder, end)
    return drawn


def _take(event: Event, recorder: Recorder, end: _EndRequest) -> None:
    """Record `event`, or end where it is the stop key."""
    if isinstance(event, Pressed) and event.chord == STOP_CHORD:
        end.set(f"the stop key {STOP_CHORD} was pressed")
    elif not end or event.time <= end.time:
        recorder.feed(event)


def _listen(listener: InputListener, recorder: Recorder, end: _EndRequest, over: Callable[[float], bool]) -> str:
    """Record until it is `over` or ended, then the events from before. Returns the device's failure; empty for none."""
    while True:
        now = time.monotonic()
        finished = over(now) or bool(end)
        if recorder.screens.error is not None:
            return str(recorder.screens.error)
        try:
            event = listener.events.get(block=not finished, timeout=0.05)
        except queue.Empty:
            if finished:
                return ""
            recorder.tick(now)
            continue
        if event is None:
            listener.events.put(None)
            return "the screen is gone"
        _take(event, recorder, end)


def _take_rest(listener: InputListener, recorder: Recorder, end: _EndRequest) -> None:
    """Record what was done before the end and is reported only now."""
    listener.close()
    with suppress(queue.Empty):
        while (event := listener.events.get_nowait()) is not None:
            _take(event, recorder, end)


def _close(recorder: Recorder, end: _EndRequest, problem: str, options: RecordOptions) -> tuple[Ending, str]:
    """Write the pending steps; the ending and its message."""
    if problem:
        recorder.finish(None)
        return Ending.DEVICE_ERROR, problem
    status: Literal["success", "failure"] = "success" if options.ending == "done" else "failure"
    recorder.finish(Finish(status=status), frozenset({"ctrl+c"}) if end.reason == "Ctrl-C" else frozenset())
    return Ending(options.ending), f"ended by the person: {end.reason}"


@contextmanager
def _stop_key(source: RecordingSource, end: _EndRequest) -> Iterator[None]:
    displays = [source.display] if source.display else []
    with watch_for_stop(displays, end.set) as problems:
        for problem in problems:
            console().print(f"[yellow]{escape(problem)}[/]", soft_wrap=True)
        yield


def _announce(source: RecordingSource, options: RecordOptions, stack: ExitStack) -> None:
    """Print that the recording has begun and how it ends."""
    if options.live and source.peek is not None:
        viewer = stack.enter_context(closing(Viewer(source.peek)))
        console().print(f"watch it at {viewer.url}", soft_wrap=True, markup=False)
    if source.hint:
        console().print(source.hint, soft_wrap=True, markup=False)
    until = f" or {options.seconds:g} s pass" if options.seconds else ""
    console().print(f"recording on {source.name} until Ctrl-C, {STOP_CHORD}{until}", soft_wrap=True, markup=False)


def _print_step(step: Step) -> None:
    """Print one line."""
    if step.action is None or isinstance(step.action, Finish):
        return
    line = Text.assemble((f"{step.index + 1:>4} ", "bold cyan"), *action_text(step))
    if step.app and not isinstance(step.action, Open):
        line.append(f"  {one_line(step.app, 60)}", "dim")
    for note in step.notes:
        line.append(f"  {one_line(note)}", "yellow")
    console().print(line, soft_wrap=True)
