"""`NamingWatcher`: names what the steps of a run were meant for, for the views that show them."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from agent.core.loop import Result, Watcher
from agent.core.model import Decision
from agent.core.policy import Verdict
from agent.core.step import Step, Target
from agent.core.targets import ends_of, known_targets
from agent.perception.naming import read_targets
from envs.env import Image, Observation


@dataclass
class NamingWatcher(Watcher):
    """Passes everything to `watch`; a step whose targets nobody told gets those read on its screen.

    The screen is read in a thread while the action is done. What is stored of the run has nothing of it.
    """

    watch: Watcher
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "target names"), repr=False)
    _seen: Image | None = field(default=None, repr=False)
    _reading: Future[tuple[Target, ...]] | None = field(default=None, repr=False)

    def looked(self, index: int, observation: Observation) -> None:
        """The screen."""
        self._seen = observation.image
        self.watch.looked(index, observation)

    def decided(self, index: int, decision: Decision, verdict: Verdict) -> None:
        """Begin to read around the places of the action."""
        self._reading = None
        if self._seen is not None and ends_of(verdict.action) and not known_targets(decision):
            self._reading = self._pool.submit(read_targets, verdict.action, self._seen)
        self.watch.decided(index, decision, verdict)

    def stepped(self, step: Step) -> None:
        """The step, with its targets."""
        reading, self._reading = self._reading, None
        if reading is not None and reading.exception() is None:
            step = step.model_copy(update={"targets": reading.result()})
        self.watch.stepped(step)

    def ended(self, result: Result) -> None:
        """The ending."""
        self._pool.shutdown()
        self.watch.ended(result)
