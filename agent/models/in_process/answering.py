"""Answers while they are generated: one row of a batch each, constrained token by token inside ``generate``."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from tokenizers.decoders import DecodeStream
from transformers import LogitsProcessor, StoppingCriteria
from transformers.generation.logits_process import (
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from agent.models.endpoints.endpoint import Request, Sampling
from agent.models.in_process.constraint import Constraint, Mask
from agent.models.in_process.inputs import TokenizedPrompt
from agent.models.in_process.loading import Checkpoint

FORWARD = 3
"""So many tokens that must come anyway are worth one pass of their own, instead of a step each."""


@dataclass
class GeneratedAnswer:
    """One answer while it is generated. `why` is how it ended: ``stop`` by the model, ``enough``, ``length``, ``late``.

    `cached` counts the tokens of the prompt that were not computed again. Times are those of `time.monotonic`.
    """

    request: Request
    prompt: TokenizedPrompt
    checkpoint: Checkpoint
    deadline: float
    constraint: Constraint | None = None
    enough: Callable[[str], bool] | None = None
    cancelled: Callable[[], bool] = lambda: False
    tokens: list[int] = field(default_factory=list)
    text: str = ""
    why: str | None = None
    first_token: float | None = None
    cached: int = 0
    _stream: Any = None

    def __post_init__(self) -> None:
        self._stream = DecodeStream(skip_special_tokens=not self.request.special_tokens)

    @property
    def ids(self) -> list[int]:
        """Prompt and what was written since."""
        return self.prompt.ids + self.tokens

    @property
    def left(self) -> int:
        """How many tokens may still be written."""
        return self.request.max_tokens - len(self.tokens)

    @property
    def pending(self) -> list[int]:
        """Tokens that must come next, if they are worth a pass of their own; they are not taken yet."""
        forced = self.constraint.forced() if self.constraint and self.why is None else []
        return forced if FORWARD <= len(forced) < self.left else []

    def mask(self) -> Mask | None:
        """What may come next; None for anything."""
        if self.constraint is None or self.why is not None:
            return None
        return self.constraint.mask(self.left)

    def skip(self) -> None:
        """Take what is pending."""
        for token in self.pending:
            self.take(token)

    def take(self, token: int) -> None:
        """Follow one more token, and see whether the answer is at its end."""
        if self.why is not None:
            return
        if token in self.checkpoint.ends:
            self.tokens.append(token)
            self.why = "stop"
            return
        if self.constraint and not self.constraint.take(token):
            self.why = "length"  # not to be seen: the mask let only allowed tokens through
            return
        self.tokens.append(token)
        self._read(token)
        self.why = self.why or self._end()

    def _read(self, token: int) -> None:
        piece = self._stream.step(self.checkpoint.tokenizer.backend_tokenizer, token)
        if not piece:
            return
        before = len(self.text)
        self.text += piece
        for stop in self.request.stop:
            at = self.text.find(stop, max(0, before - len(stop)))
            if stop and at >= 0:
                self.text, self.why = self.text[:at], "stop"
        if self.why is None and self.enough is not None and self.enough(piece):
            self.why = "enough"

    def _end(self) -> str | None:
        if self.constraint and self.constraint.whole:
            return "stop"
        if self.left <= 0:
            return "stop" if self.constraint and self.constraint.may_end else "length"
        return "late" if self.cancelled() or time.monotonic() >= self.deadline else None


class TokenConstraint(LogitsProcessor):  # type: ignore[misc]
    """Lets only allowed tokens through, and draws where a request has a temperature (``generate`` itself is greedy)."""

    def __init__(self, answers: Sequence[GeneratedAnswer], random: torch.Generator) -> None:
        self._answers, self._random = answers, random

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores (rows x vocabulary) as they are to be compared."""
        for row, answer in enumerate(self._answers):
            mask = answer.mask()
            if mask is not None:
                scores[row] = _masked(scores[row], mask)
            if answer.request.sampling != Sampling():
                scores[row] = _weighed(scores[row : row + 1], answer)[0]
            if answer.request.sampling.temperature > 0:
                noise = torch.rand(scores.shape[1], generator=self._random).clamp_(min=1e-20).to(scores.device)
                scores[row] -= (-noise.log()).log()
        return scores


def _weighed(scores: torch.Tensor, answer: GeneratedAnswer) -> torch.Tensor:
    """`scores` (1 x vocabulary) with the penalties of the request, its temperature and its limits."""
    how, ids = answer.request.sampling, torch.tensor([answer.ids], device=scores.device)
    if how.repetition_penalty != 1:
        scores = RepetitionPenaltyLogitsProcessor(how.repetition_penalty)(ids, scores)
    if how.presence_penalty or how.frequency_penalty:
        counts = torch.bincount(torch.tensor(answer.tokens, dtype=torch.long), minlength=scores.shape[1])
        penalty = how.frequency_penalty * counts + how.presence_penalty * (counts > 0)
        scores = scores - penalty.to(scores.device)
    if how.temperature > 0:
        scores = TemperatureLogitsWarper(float(how.temperature))(ids, scores)
        scores = TopKLogitsWarper(how.top_k)(ids, scores) if how.top_k else scores
        scores = TopPLogitsWarper(float(how.top_p))(ids, scores) if how.top_p < 1 else scores
        scores = MinPLogitsWarper(how.min_p)(ids, scores) if how.min_p else scores
    return scores


def _masked(scores: torch.Tensor, mask: Mask) -> torch.Tensor:
    ids = np.flatnonzero(mask)
    if len(ids) <= 256:  # few enough to be sent by themselves
        keep = torch.from_numpy(ids).to(scores.device)
        return torch.full_like(scores, float("-inf")).index_copy_(0, keep, scores[keep])
    return scores.masked_fill(~torch.from_numpy(mask[: len(scores)]).to(scores.device), float("-inf"))


class RowStopping(StoppingCriteria):  # type: ignore[misc]
    """Shows each answer its new token. A row is over when its answer is; with `skipping` also when tokens come that
    need not be generated.
    """

    def __init__(self, answers: Sequence[GeneratedAnswer], skipping: bool) -> None:
        self._answers, self._skipping = answers, skipping

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        """One bool for each row."""
        now = time.monotonic()
        for answer, token in zip(self._answers, input_ids[:, -1].tolist(), strict=True):
            answer.first_token = answer.first_token or now
            answer.take(token)
        over = [answer.why is not None or (self._skipping and bool(answer.pending)) for answer in self._answers]
        return torch.tensor(over, device=input_ids.device)
