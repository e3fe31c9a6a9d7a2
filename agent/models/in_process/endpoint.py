"""The endpoint over a checkpoint in this process: takes requests from any thread and answers them in batches."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as LateError
from dataclasses import dataclass, field, replace

import torch

from agent.core.model import ContextError, ModelError, Usage
from agent.models.endpoints.endpoint import Capabilities, Enough, Reply, Request
from agent.models.in_process.answering import GeneratedAnswer
from agent.models.in_process.generating import Generator
from agent.models.in_process.loading import Checkpoint, load, read_config

_GATHER = 0.05
"""Seconds to wait for the others when the last batch had more than one request."""
_GRACE = 2.0
"""Seconds beyond the deadline for an answer that notices it by itself."""


@dataclass
class _Job:
    answer: GeneratedAnswer
    done: Future[None] = field(default_factory=Future)


@dataclass
class HFEndpoint:
    """`agent.models.endpoints.endpoint.Endpoint` over a loaded checkpoint. Requests that wait while others are
    answered are
    answered together, at most `batch` at once. `total` bounds one answer, in seconds; `remember` keeps the keys and
    values of an unchanged prompt prefix from one single request to the next.
    """

    checkpoint: Checkpoint
    total: float = 300.0
    batch: int = 8
    remember: bool = True
    seed: int = 0
    batches: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._generator = Generator(self.checkpoint, self.remember, self.seed)
        self._preparing = threading.Lock()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._worker: threading.Thread | None = None
        self._closed = False

    @property
    def name(self) -> str:
        """The checkpoint and the device it runs on."""
        return f"hf:{self.checkpoint.name} on {self.checkpoint.device.type}"

    @property
    def model(self) -> str:
        """The folder or hub id."""
        return self.checkpoint.name

    @property
    def capabilities(self) -> Capabilities:
        """Any schema, any prefill, and the image limit of the checkpoint's own configuration."""
        return Capabilities(
            structured="grammar",
            prefill="continue_final_message",
            prefix_cache=self._generator.remember,
            max_image_pixels=self.checkpoint.max_pixels,
            context=self.checkpoint.context,
            pixels=True,
        )

    def close(self) -> None:
        """End the worker and give the memory back. Requests under way fail."""
        self._closed = True
        if self._worker is not None:
            self._jobs.put(None)
            self._worker.join(timeout=30)
            self._worker = None
        self._generator.forget()

    def complete(self, request: Request, enough: Enough | None = None) -> Reply:
        """The answer. Raises `ModelError` with one line on what to do next."""
        start = time.monotonic()
        given_up = threading.Event()
        answer = self._prepare(request, start + self.total, given_up.is_set)
        answer.enough = enough() if enough else None
        job = _Job(answer)
        self._submit(job)
        try:
            job.done.result(timeout=max(start + self.total - time.monotonic(), 0) + _GRACE)
        except LateError:
            given_up.set()
            raise self._late() from None
        if answer.why == "late":
            raise self._late()
        return _reply(answer, start)

    def _prepare(self, request: Request, deadline: float, given_up: Callable[[], bool]) -> GeneratedAnswer:
        with self._preparing:
            constraint = self.checkpoint.grammars.matcher(request.shape) if request.shape else None
            if constraint and request.prefill:
                begun = self.checkpoint.tokenizer.encode(request.prefill, add_special_tokens=False)
                if not constraint.takes(begun):  # the shape is the stronger wish
                    request = replace(request, prefill="")
            prompt = self.checkpoint.preparer.prompt(request)
        self._check_length(prompt.ids, request.max_tokens)
        return GeneratedAnswer(request, prompt, self.checkpoint, deadline, constraint, cancelled=given_up)

    def _check_length(self, ids: list[int], more: int) -> None:
        context = self.checkpoint.context
        if context is not None and len(ids) >= context:
            raise ContextError(
                f"picture and history take {len(ids)} tokens, and {self.model} has room for {context}: "
                "lower --max-pixels"
            )

    def _submit(self, job: _Job) -> None:
        with self._preparing:
            if self._closed:
                raise ModelError(f"{self.name} is closed")
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="handeye-hf", daemon=True)
                self._worker.start()
            self._jobs.put(job)

    def _late(self) -> ModelError:
        return ModelError(
            f"{self.name} gave no whole answer within {self.total:g} s. Use a GPU or a smaller checkpoint, "
            "lower --max-pixels, or give it more time"
        )

    # The worker's own thread -------------------------------------------------------------------------------------

    def _work(self) -> None:
        last = 1
        while (first := self._jobs.get()) is not None:
            jobs = self._gather(first, 0.0 if last == 1 else _GATHER)
            last = len(jobs)
            self._answer([job for job in jobs if not job.answer.cancelled()])
            if self._closed:
                return

    def _gather(self, first: _Job, wait: float) -> list[_Job]:
        jobs, until = [first], time.monotonic() + wait
        while len(jobs) < self.batch:
            try:
                job = self._jobs.get(timeout=max(until - time.monotonic(), 0.0001))
            except queue.Empty:
                break
            if job is None:
                self._jobs.put(None)
                break
            jobs.append(job)
        return jobs

    def _answer(self, jobs: list[_Job]) -> None:
        self.batches.append(len(jobs))
        with _JobsFinished(self.name, jobs):
            written = self._generator.answer([job.answer for job in jobs])
            self.batch = min(self.batch, written or self.batch) if written < len(jobs) else self.batch


class _JobsFinished:
    """Finishes every job with its result or the failure, so that no caller waits for ever."""

    def __init__(self, name: str, jobs: list[_Job]) -> None:
        self._name, self._jobs = name, jobs

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> bool:
        for job in self._jobs:
            if error is None:
                job.done.set_result(None)
            else:
                job.done.set_exception(_failure(self._name, error))
        return isinstance(error, Exception)


def _failure(name: str, error: BaseException) -> ModelError:
    if isinstance(error, torch.OutOfMemoryError):
        return ModelError(f"{name}: the GPU's memory does not suffice for one answer: lower --max-pixels")
    return ModelError(f"{name} failed: {type(error).__name__}: {' '.join(str(error).split())[:200]}")


def _reply(answer: GeneratedAnswer, start: float) -> Reply:
    return Reply(
        text=answer.request.prefill + answer.text,
        ended=answer.why == "stop",
        usage=Usage(
            prompt_tokens=len(answer.prompt.ids),
            completion_tokens=len(answer.tokens),
            cached_tokens=answer.cached,
            first_token_seconds=None if answer.first_token is None else answer.first_token - start,
            seconds=time.monotonic() - start,
        ),
    )


def open_checkpoint(name: str, *, device: str | None = None, total: float = 300.0, batch: int = 8) -> HFEndpoint:
    """The checkpoint in the folder `name`, or with that hub id, ready to answer. Raises `ModelError`."""
    config = read_config(name)
    return HFEndpoint(load(name, config, device), total, batch)
