"""Several answers from one ``generate`` call, and a single answer that reuses what the last one computed.

A single request keeps its keys and values: the next one computes only what follows the prefix that both have. Layers
with a recurrent state cannot be cut back: they are kept as they are before the answer, and, once a request had less in
common with the one before it, as they are at the end of that, where the next but one will part from its own too.
Tokens that the shape forces are read in one pass instead of being generated.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import DynamicCache, LogitsProcessorList, StoppingCriteriaList

from agent.models.in_process.answering import GeneratedAnswer, RowStopping, TokenConstraint
from agent.models.in_process.inputs import Picture, TokenizedPrompt
from agent.models.in_process.loading import BY_HAND, RECURRENT, Checkpoint

States = dict[int, dict[int, Any]]
"""Layers of a cache by their numbers, as they were after so many tokens."""


@dataclass
class PrefixCache:
    """Keys and values of the last single request: its ids, its pictures and the cache; `states` are the layers that
    cannot be cut back.
    """

    ids: list[int] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    cache: Any = None
    states: States = field(default_factory=dict)


@dataclass
class Generator:
    """Runs one checkpoint; used by one thread at a time."""

    checkpoint: Checkpoint
    remember: bool = True
    seed: int = 0
    _memory: PrefixCache = field(default_factory=PrefixCache)

    def __post_init__(self) -> None:
        self._random = torch.Generator().manual_seed(self.seed)
        self.remember = self.remember and self.checkpoint.kind in BY_HAND

    def answer(self, answers: Sequence[GeneratedAnswer]) -> int:
        """Write all of `answers` to their ends; how many could be written at once with the memory there is.

        Raises `torch.OutOfMemoryError` where it does not suffice for one.
        """
        now = time.monotonic()
        for answer in answers:
            if answer.cancelled() or now >= answer.deadline:
                answer.why = "late"
            answer.skip()
        with torch.inference_mode():
            return self._together([answer for answer in answers if answer.why is None])

    def _together(self, answers: Sequence[GeneratedAnswer]) -> int:
        """As `answer`, in halves where the memory does not suffice for all."""
        try:
            if len(answers) == 1:
                self._alone(answers[0])
            elif answers:
                self._generate(answers, None)
            return len(answers)
        except torch.OutOfMemoryError:
            self.forget()
            if len(answers) == 1:
                raise
        torch.cuda.empty_cache()
        half = len(answers) // 2
        parts = (answers[:half], answers[half:])
        return min(self._together([a for a in part if a.why is None]) or half for part in parts)

    def forget(self) -> None:
        """Give the kept keys and values back."""
        self._memory = PrefixCache()

    def _alone(self, answer: GeneratedAnswer) -> None:
        recurrent = self.checkpoint.kind in RECURRENT
        cache, common, states = self._recall(answer)
        answer.cached = cache.get_seq_length() if cache is not None else 0
        kept = self._read_question(answer.prompt, cache, common, states) if recurrent else None
        while answer.why is None:
            self._generate([answer], cache)
            answer.skip()
        if self.remember:
            whole = PrefixCache(answer.ids[: cache.get_seq_length()], answer.prompt.pictures, cache)
            self._memory = kept or whole

    def _read_question(self, prompt: TokenizedPrompt, cache: Any, common: int, states: States) -> PrefixCache:
        """Read `prompt` up to the answer, which a later request may tell otherwise; what is to be kept of it.

        `common` is how much of it the request before had, `states` what is kept of that one.
        """
        begins = self.checkpoint.tokenizer.convert_tokens_to_ids("<|im_start|>")
        end = max((n for n, token in enumerate(prompt.ids) if token == begins), default=0)
        if end < cache.get_seq_length():
            return PrefixCache()
        for length in (common, end):
            if cache.get_seq_length() < length <= end:
                ids = prompt.ids[:length]
                shown = prompt.pictures[: _pictures_in(ids, self._image_token)]
                self._run([TokenizedPrompt(ids, shown)], [ids], cache, max_new_tokens=1)
                uncut = {n: copy.deepcopy(layer) for n, layer in enumerate(cache.layers) if not layer.is_croppable}
                first = {} if length == common else {n: states[n] for n in sorted(states)[:1]}
                states = first | {length: uncut}
        return PrefixCache(prompt.ids[:end], prompt.pictures, cache, states)

    def _recall(self, answer: GeneratedAnswer) -> tuple[Any, int, States]:
        """The kept cache, cut to what the new request has in common with the last or to the last kept state in that;
        how much they have in common; and the states that are kept of that.
        """
        if self.checkpoint.kind not in BY_HAND:
            return None, 0, {}
        memory, self._memory = self._memory, PrefixCache()
        common = common_prefix(memory, answer.prompt, self._image_token)
        states = {length: layers for length, layers in memory.states.items() if length <= common}
        read = max(states, default=0) if memory.states else common
        if memory.cache is None or read == 0:
            return DynamicCache(config=self.checkpoint.model.config), common, {}
        surplus = memory.cache.get_seq_length() - read
        restored = copy.deepcopy(states.get(read, {}))
        for number, layer in enumerate(memory.cache.layers):
            if number in restored:
                memory.cache.layers[number] = restored[number]
            elif surplus:
                layer.crop(-surplus)
        return memory.cache, common, states

    @property
    def _image_token(self) -> int:
        return int(getattr(self.checkpoint.model.config, "image_token_id", -1))

    def _generate(self, answers: Sequence[GeneratedAnswer], cache: Any) -> None:
        self._run(
            [answer.prompt for answer in answers],
            [answer.ids for answer in answers],
            cache,
            max_new_tokens=max(answer.left for answer in answers),
            logits_processor=LogitsProcessorList([TokenConstraint(answers, self._random)]),
            stopping_criteria=StoppingCriteriaList([RowStopping(answers, cache is not None)]),
        )

    def _run(self, prompts: Sequence[TokenizedPrompt], rows: Sequence[list[int]], cache: Any, **how: Any) -> None:
        """``generate`` over `rows`, which begin with the ids of `prompts`; it reads what `cache` has not."""
        checkpoint = self.checkpoint
        read = cache.get_seq_length() if cache is not None else 0
        known = _pictures_in(rows[0][:read], self._image_token) if read else 0
        tensors = checkpoint.preparer.batch(prompts, rows, checkpoint.pad, known)
        tensors = {name: value.to(checkpoint.device) for name, value in tensors.items()}
        new = sum(len(prompt.pictures) for prompt in prompts) - known
        if hasattr(checkpoint.model.model, "rope_deltas"):
            checkpoint.model.model.rope_deltas = None  # those of another request, or of a part of this one
        with self._last_pictures(new) if read else nullcontext():
            checkpoint.model.generate(**tensors, **({} if cache is None else {"cache": cache}), **how)

    @contextmanager
    def _last_pictures(self, count: int) -> Iterator[None]:
        """The model looks at the last `count` pictures only, while positions are counted from all: transformers looks
        at every picture whose size it is given, those before the cache's end too.
        """
        inner = self.checkpoint.model.model
        features = inner.get_image_features

        def last(pixel_values: Any, image_grid_thw: Any, **how: Any) -> Any:  # names that transformers looks for
            return features(pixel_values, image_grid_thw[-count:], **how)

        inner.get_image_features = last
        try:
            yield
        finally:
            del inner.get_image_features


def _pictures_in(ids: Sequence[int], image_token: int) -> int:
    """How many pictures, each a run of `image_token`, there are among `ids`."""
    return sum(token == image_token != before for before, token in zip([-2, *ids], ids, strict=False))


def common_prefix(memory: PrefixCache, prompt: TokenizedPrompt, image_token: int) -> int:
    """How many leading tokens of `prompt` the memory has, at least one fewer than there are.

    A picture counts as the same when its pixels are; a prefix never ends inside one.
    """
    most = min(len(memory.ids), len(prompt.ids) - 1)
    same = next((n for n in range(most) if memory.ids[n] != prompt.ids[n]), most)
    at = 0
    for number, picture in enumerate(prompt.pictures):
        start = prompt.ids.index(image_token, at)
        if start >= same:
            return same
        at = next((n for n in range(start, len(prompt.ids)) if prompt.ids[n] != image_token), len(prompt.ids))
        other = memory.pictures[number] if number < len(memory.pictures) else None
        if at > same or other is None or other.pixels.digest != picture.pixels.digest:
            return start
    return same
