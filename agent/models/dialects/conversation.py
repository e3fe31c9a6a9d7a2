"""What a question tells of the steps before: which as lines, which as turns, with how many of their pictures.

Each family is told its history as its owner's harness tells it; the value of `Conversation` in its dialect says how.
A history that is too long for the model's context is told shorter, from its oldest step on and in blocks, so that
most questions begin as the one before and a server's prefix cache holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from string import Template
from typing import Literal

from agent.models.endpoints.endpoint import ChatMessage, ToolResult

IMAGE = "\0image"
"""Stands for the current screenshot among the parts of a user message."""
ALL = 1_000_000
"""For `Conversation.turns`: every earlier step."""
TOLD = "\0told"
"""Stands among the parts of a prompt for the steps before, where `Conversation.label` is."""
BLOCK = 8
"""By how many steps at once a history is shortened."""


@dataclass(frozen=True)
class EarlierImage:
    """Stands for the screenshot of the step at `step` in the history, its sides multiplied by `scale`."""

    step: int
    scale: float = 1.0


ChatPart = str | EarlierImage


@dataclass(frozen=True)
class Turn:
    """One message of a question before its last; `IMAGE` is not among its parts."""

    role: Literal["user", "assistant"]
    parts: tuple[ChatPart, ...]

    @cached_property
    def message(self) -> ChatMessage | None:
        """The same for a request; None where pictures have to be filled in."""
        texts = tuple(part for part in self.parts if isinstance(part, str))
        return ChatMessage(self.role, texts) if len(texts) == len(self.parts) else None

    @cached_property
    def size(self) -> int:
        """Bytes of its texts."""
        return sum(len(part.encode()) for part in self.parts if isinstance(part, str))


@lru_cache(maxsize=4096)
def _told_after(outcome: str, parts: tuple[str, ...]) -> Turn:
    """The user's message after an answer, without a picture."""
    return Turn("user", (*filter(None, (ToolResult(outcome),)), *parts))


@dataclass(frozen=True)
class ToldStep:
    """One answer and what was done of it, in a family's words.

    `line` is how the history text tells it and `brief` the same without the model's own words, `answer` what the model
    said and `call` only the action of it, `outcome` what came of it ("" where there is nothing to say). `sums_up` is
    whether `line` tells the steps before it too.
    """

    line: str
    brief: str
    answer: str
    call: str
    outcome: str
    sums_up: bool = False

    @cached_property
    def answered(self) -> Turn:
        """`answer` as a turn."""
        return Turn("assistant", (self.answer,))

    @cached_property
    def called(self) -> Turn:
        """`call` as a turn."""
        return Turn("assistant", (self.call,))

    def and_then(self, further: ToldStep, said: bool) -> ToldStep:
        """This answer with a further action of it; `said` is whether `answer` holds that action already."""
        return ToldStep(
            self.line + further.line,
            self.brief + further.brief,
            self.answer if said else f"{self.answer}\n{further.answer}",
            f"{self.call}\n{further.call}",
            self.outcome + further.outcome,
            self.sums_up,
        )


@dataclass(frozen=True)
class Extent:
    """How much of a history is told: nothing of its first `left_out` steps, the first `brief` in brief, and the
    pictures of at most `pictures` steps.
    """

    left_out: int = 0
    brief: int = 0
    pictures: int = ALL


def extents(steps: int, pictures: int) -> list[Extent]:
    """The whole of a history of `steps` with `pictures` of them, then less and less of it, in blocks."""
    blocks = [min(steps, block) for block in range(0, steps + BLOCK, BLOCK)]
    return [
        *(Extent(0, brief, pictures) for brief in blocks),
        *(Extent(0, steps, fewer) for fewer in range(pictures - 1, -1, -1)),
        *(Extent(left_out, steps, 0) for left_out in blocks[1:]),
    ]


@dataclass(frozen=True)
class Conversation:
    """How a family is told what was done before.

    `pictures` is how many screenshots a question holds, the current one included; the oldest leave `fold` at a time,
    never more than half of them.
    The last `turns` steps, and all with a picture, are turns: a user message and the model's answer. Older ones are
    lines in the ``$history`` of the prompt. `asks` is where the prompt's own user message stands: before all turns
    (``apart``), as the first of them, or as the last. Every other user message is `later`; where its picture is not
    sent it has `placeholder` in its place, or is `unseen` instead, or is left away (both None). `answer` is an earlier
    answer as it is told, over ``$number``, ``$answer`` (to the letter, without a tagged thought where `thoughts` is
    false), ``$thought`` and ``$action``; `line` is a step among the lines and `nothing` no line, where those are not
    the dialect's own. `scale` multiplies the sides of earlier pictures. `said` is a regular expression for what of an
    answer is told as its ``$thought``; where that `sums_up`, a line that has it stands for the lines before it too.
    With a `label`, over ``$number``, all is told in the prompt's own message: for each step its label, its picture or
    the placeholder, and its answer. `memory` is a regular expression for what the newest answer that has it has to
    keep, which is ``$memory`` of the prompt; `empty` is that for none.
    """

    pictures: int = 1
    fold: int = 1
    turns: int = 0
    asks: Literal["apart", "first", "last"] = "first"
    later: tuple[str, ...] = (IMAGE,)
    current: tuple[str, ...] = ()
    placeholder: str | None = None
    unseen: tuple[str, ...] | None = None
    answer: str = "${answer}"
    thoughts: bool = True
    line: str = ""
    nothing: str = ""
    scale: float = 1.0
    said: str = ""
    sums_up: bool = False
    label: str = ""
    memory: str = ""
    empty: str = ""

    def with_pictures(self, pictures: int) -> Conversation:
        """This with `pictures` screenshots in a question, of which half leave at a time where it has another number."""
        return self if pictures == self.pictures else replace(self, pictures=pictures, fold=max(1, pictures // 2))

    def _inside(
        self, told: Sequence[ToldStep], ask: tuple[str, ...], extent: Extent, images: int, retry: str
    ) -> tuple[ChatPart, ...]:
        """`ask` with the steps in it."""
        parts: list[ChatPart] = []
        for number, step in enumerate(told[extent.left_out :], extent.left_out):
            seen = EarlierImage(number, self.scale) if number >= images else self.placeholder or ""
            said = step.brief if number < extent.brief else step.answer
            parts += [Template(self.label).substitute(number=number + 1), seen, f"{said}{step.outcome}"]
        at = ask.index(TOLD)
        return (*ask[:at], *(part for part in (*parts, retry) if part), *ask[at + 1 :])

    def with_image(self, steps: int, extent: Extent, shown: Callable[[int], bool]) -> int:
        """The first of the last `steps` whose pictures are all sent: no more than fit, and all of them `shown`.

        No more than half of those that fit leave at a time.
        """
        most = min(self.pictures - 1, extent.pictures)
        over, fold = max(0, steps - most), min(self.fold, max(1, (most + 1) // 2))
        first = min(steps, -(-over // fold) * fold)
        return max((step + 1 for step in range(first, steps) if not shown(step)), default=first)

    def arranged(
        self,
        told: Sequence[ToldStep],
        prompt: Callable[[str], tuple[str, ...]],
        extent: Extent,
        shown: Callable[[int], bool],
        retry: str,
        no_history: str,
    ) -> tuple[tuple[Turn, ...], tuple[ChatPart, ...]]:
        """The turns of a question and the parts of its last message.

        `prompt` gives the prompt's own user message with the lines of the history in it (`no_history` for none);
        `retry` says why the last answer was unusable, and stands where the outcome of the last step is told.
        """
        images = self.with_image(len(told), extent, shown)
        if self.label:
            return (), self._inside(told, prompt(""), extent, images, retry)
        begin = max(min(images, len(told) - self.turns), extent.left_out)
        gone = f"({extent.left_out} earlier steps are not told.) " if extent.left_out else ""
        first = extent.left_out
        if self.sums_up:
            first = max((n for n in range(first, begin) if told[n].sums_up), default=first)
        full = min(max(first, extent.brief), max(first, begin))
        lines = gone + "".join([step.line if step.sums_up else step.brief for step in told[first:full]])
        lines += "".join([step.line for step in told[full:begin]])
        lines = lines or self.nothing or no_history
        alone = begin == len(told) and prompt("") != prompt(".")
        ask = prompt(lines + retry if alone else lines)
        turns = [Turn("user", ask)] if self.asks == "apart" else []
        later = begin + (self.asks == "first" and begin < len(told))
        if later > begin:
            parts = self._filled(ask, begin if begin >= images else None)
            turns += [] if parts is None else [Turn("user", parts)]
            turns.append(told[begin].called if begin < extent.brief else told[begin].answered)
        turns += self._without_pictures(told, later, images, begin, extent.brief)
        for number in range(max(later, images), len(told)):
            before = told[number - 1].outcome if number > begin else ""
            parts = (*filter(None, (ToolResult(before),)), *(self._filled(self.later, number) or ()))
            answer = told[number].called if number < extent.brief else told[number].answered
            turns += [Turn("user", parts), answer]
        asked = self.asks == "last" or (self.asks == "first" and begin == len(told))
        last = ask if asked else self.current or self.later
        outcome = told[-1].outcome if begin < len(told) else ""
        return tuple(turns), (*filter(None, (ToolResult(outcome), "" if alone else retry)), *last)

    def _without_pictures(self, told: Sequence[ToldStep], first: int, end: int, begin: int, brief: int) -> list[Turn]:
        """The turns of the steps from `first` to `end`, whose pictures are not sent, of those from `begin`; the first
        `brief` steps are told without the model's own words.
        """
        unseen, turns = self._filled(self.later, None), list[Turn]()
        before = told[first - 1].outcome if begin < first < end else ""
        for number, step in enumerate(told[first:end], first):
            if unseen is not None or before:
                turns.append(_told_after(before, unseen or ()))
            turns.append(step.answered if number >= brief else step.called)
            before = step.outcome
        return turns

    def _filled(self, parts: tuple[str, ...], step: int | None) -> tuple[ChatPart, ...] | None:
        """`parts` with the picture of `step`, or without one; None for a message that is left away."""
        if step is not None:
            return tuple(EarlierImage(step, self.scale) if part == IMAGE else part for part in parts)
        if self.placeholder is None and parts == self.later:
            return self.unseen
        return tuple(filter(None, (self.placeholder or "" if part == IMAGE else part for part in parts)))


WINDOW = Conversation(
    pictures=5,
    line="Step ${number}: ${thought}${outcome}\n",
    nothing="None",
    said=r"\A(?:.*</think>)?.*?Action:\s*(\S.*?)\s*<tool_call>",
)
"""The last four steps with their pictures, of older ones what stands between ``Action:`` and the call: Qwen3-VL on a
desktop, GUI-Owl-1.5, EvoCUA.
"""
APART = Conversation(turns=ALL, asks="apart")
"""The task in a message of its own, then every answer; a picture before those that still have one."""
