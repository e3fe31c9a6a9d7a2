"""`TerminalView`: a run in the terminal: its steps, phase times and remaining budget. Everything goes to stderr."""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.spinner import Spinner
from rich.text import Text

from actions.errors import one_line, plural
from agent.core.loop import Result, Watcher
from agent.core.model import Decision
from agent.core.policy import Verdict
from agent.core.step import Step
from agent.core.targets import action_place, action_words, known_targets
from agent.core.task import Task
from agent.episodes.endings import ENDING_TEXT
from agent.guard.confirm import PROMPT, PersonReply, Unasked, read_reply
from agent.views.formatting import PHASES, answer_words, duration
from envs.env import Observation

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn


def console() -> Console:
    """A console on stderr; stdout is for data."""
    return Console(stderr=True, highlight=False)


def transient_bar(*columns: ProgressColumn) -> Progress:
    """A progress bar on stderr that leaves nothing behind; without a terminal nothing is printed."""
    from rich.progress import Progress

    out = console()
    return Progress(*columns, console=out, transient=True, disable=not out.is_terminal)


def phase_times(timings: Mapping[str, float]) -> str:
    """``capture 4 ms · model 1.2 s``: known phases in order, those under 1 ms left out."""
    shown = [(name, timings[name]) for name in PHASES if timings.get(name, 0) >= 0.001]
    return " · ".join(f"{name} {duration(seconds)}" for name, seconds in shown)


def action_text(step: Step) -> tuple[tuple[str, str], tuple[str, str]]:
    """The action of `step` in words, and its coordinates where those leave them out, in their styles."""
    targets = known_targets(step)
    if step.action is None:
        return ("no action", ""), ("", "")
    place = action_place(step.action, targets)
    return (action_words(step.action, targets), ""), (place and f" {place}", "dim")


def _forget_typed() -> None:
    """Discard what was typed before the question."""
    if sys.platform != "win32":
        import termios

        with suppress(termios.error):
            termios.tcflush(sys.stdin, termios.TCIFLUSH)


@dataclass
class LineInput:
    """Reads lines from the terminal without waiting: a call gives the next line, or None.

    `there` is whether there is a terminal. On Windows, where reading cannot be polled, no line is ever read.
    """

    there: bool
    asked: bool

    def __call__(self) -> str | None:
        """The next line."""
        if not self.asked or sys.platform == "win32" or not select.select([sys.stdin], [], [], 0)[0]:
            return None
        line = sys.stdin.readline()
        self.asked = self.there = bool(line)  # an end of file: no terminal any more
        return line.rstrip("\n") if line else None


class TerminalView(Watcher):
    """Prints each finished step as one line and, on a terminal, shows the status of the current one below."""

    def __init__(self, task: Task, place: str, out: Console | None = None) -> None:
        self._task, self._place = task, place
        self._out = out or console()
        self._start = time.monotonic()
        self._tokens = 0
        self._now = (0, "starting", "")
        self._live = Live(console=self._out, transient=True, refresh_per_second=8, get_renderable=self._panel)

    def __enter__(self) -> TerminalView:
        self._out.print(Text(one_line(self._task.instruction, 2000), "bold"), soft_wrap=True)
        self._out.print(Text(f"on {self._place}", "dim"), soft_wrap=True)
        if self._out.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def looked(self, index: int, observation: Observation) -> None:
        """Show that the model is asked."""
        self._now = (index, "looking and deciding", "")

    def decided(self, index: int, decision: Decision, verdict: Verdict) -> None:
        """Show the action before it is performed."""
        self._now = (index, action_words(verdict.action, known_targets(decision)), decision.thought)

    def stepped(self, step: Step) -> None:
        """Print the finished step."""
        self._tokens += step.tokens.prompt + step.tokens.completion
        line = Text.assemble((f"{step.index + 1:>4} ", "bold cyan"), *action_text(step))
        if answer_words(step):
            line.append(f"  {answer_words(step)}", "dim")
        if step.thought:
            line.append(f"  {one_line(step.thought)}", "dim")
        if step.effect:
            line.append(f"  {one_line(step.effect)}", "yellow")
        self._out.print(line, soft_wrap=True)
        if times := phase_times(step.timings):
            self._out.print(Text("     " + times, "dim"), soft_wrap=True)

    def ended(self, result: Result) -> None:
        """Print how it ended."""
        self._live.stop()
        mark, style = ("✔", "bold green") if result.ending.ok else ("✘", "bold red")
        words = ENDING_TEXT[result.ending] + (f": {result.message}" if result.message else "")
        self._out.print(Text(f"{mark} {one_line(words, 1000)}", style), soft_wrap=True)
        if result.answer is not None:
            self._out.print(Text.assemble(("answer: ", "bold"), one_line(result.answer, 1000)), soft_wrap=True)

    def ask_to_confirm(self, question: str) -> PersonReply | Unasked | None:
        """Ask on the terminal, again until the answer is one; None without a terminal."""
        while (line := self._ask(f"{question}\n{PROMPT}")) is not None:
            if (reply := read_reply(line)) is not None:
                return reply
        return None

    def ask_person(self, question: str) -> str | None:
        """Ask the agent's question; None without a terminal."""
        return self._ask(f"The agent asks: {question}\nYour answer: ")

    @contextmanager
    def asking(self, prompt: str) -> Iterator[LineInput]:
        """Show `prompt` on the terminal, if there is one, for the length of the context; yields the typed lines."""
        if not (prompt and sys.stdin.isatty()):
            yield LineInput(sys.stdin.isatty(), False)
            return
        self._live.stop()
        _forget_typed()
        try:
            self._out.print(Text(one_line(prompt, 1000) + " ", "bold yellow"), end="")
            yield LineInput(True, True)
        finally:
            if self._out.is_terminal:
                self._out.print()
                self._live.start()

    def _ask(self, prompt: str) -> str | None:
        if not sys.stdin.isatty():
            return None
        self._live.stop()
        try:
            self._out.print(Text(one_line(prompt, 1000) + " ", "bold yellow"), end="")
            return input()
        except EOFError:
            return None
        finally:
            if self._out.is_terminal:
                self._live.start()

    def _panel(self) -> Panel:
        index, words, thought = self._now
        lines = [Text(line, "dim") for line in (one_line(thought), self._budget(index)) if line]
        return Panel(Group(Spinner("dots", Text(words)), *lines), title=f"step {index + 1}", expand=False)

    def _budget(self, index: int) -> str:
        limits = self._task.limits
        spent = time.monotonic() - self._start
        parts = [f"{plural(limits.steps - index, 'step')} left"]
        parts.append(f"{limits.seconds - spent:.0f} s left" if limits.seconds else f"{spent:.0f} s")
        if limits.tokens:
            parts.append(f"{plural(limits.tokens - self._tokens, 'token')} left")
        elif self._tokens:
            parts.append(plural(self._tokens, "token"))
        return " · ".join(parts)
