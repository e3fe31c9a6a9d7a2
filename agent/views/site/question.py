"""`question_of`: what a model was asked at a step, as far as the record has it.

An episode holds the task, the screens, the raw answers and the name of the dialect, from which the same code makes the
same question again. What it does not hold is named in `SentQuestion.notes`. A dialect from outside Handeye is not
loaded because an episode names it: that would run code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np

from agent.core.model import ModelError
from agent.episodes import Episode, EpisodeHeader
from agent.models.dialects.conversation import IMAGE, EarlierImage
from agent.models.dialects.dialect import Chat, Dialect, Platform
from agent.models.dialects.registry import MARKS_PLANNER, OWN, TEXT_PLANNERS
from envs.env import Image


@dataclass(frozen=True)
class SentPicture:
    """A picture of a question: the screen of the step at `step` in the episode, in `width` and `height` as sent."""

    step: int
    width: int
    height: int
    scale: float = 1.0


@dataclass(frozen=True)
class SentMessage:
    """One message: its role, and its texts and pictures in order."""

    role: Literal["system", "user", "assistant", "begun answer"]
    parts: tuple[str | SentPicture, ...]


@dataclass(frozen=True)
class SentQuestion:
    """The messages of one question; `notes` say what of it is not certain, or why there are none."""

    messages: tuple[SentMessage, ...] = ()
    notes: tuple[str, ...] = ()


def question_of(episode: Episode, at: int) -> SentQuestion:
    """What was asked for the step at `at` in the episode's list."""
    header, step = episode.header, episode.steps[at]
    if step.delegated and step.delegated.planned and not step.raw:
        return SentQuestion(notes=("Nothing was asked for this step: the plan says what it does.",))
    if step.part or (step.delegated and not step.delegated.planned):
        return SentQuestion(notes=("This action was not asked for: it is a further one of an earlier answer.",))
    if header.dialect is None:
        return SentQuestion(
            notes=(f"{header.model} is asked in no words: it gets the task, the screen and the history.",)
        )
    speaks = OWN.get(header.dialect.lower())
    if speaks is None or header.dialect.lower() in {*TEXT_PLANNERS, MARKS_PLANNER.name}:
        why = "its lists of elements are not recorded" if speaks else "it is none of Handeye's own, and is not loaded"
        return SentQuestion(notes=(f"The question in the dialect {header.dialect} cannot be made again: {why}.",))
    platform: Platform = "mobile" if header.platform == "mobile" else "desktop"
    speaks = asked_as(speaks, header)
    history = episode.steps[:at]
    try:
        chat = speaks.ask_action(header.task, step.frame, history, platform)
    except (ModelError, ValueError) as error:
        return SentQuestion(notes=(f"The question cannot be made again: {error}",))
    asked = speaks.told(history, platform).asked
    places = {id(one): number for number, one in enumerate(history)}
    earlier = [places[id(one)] for one in asked]

    def shown(part: object) -> str | SentPicture:
        if part == IMAGE:
            return _picture(speaks, episode, at)
        if isinstance(part, EarlierImage):
            return _picture(speaks, episode, earlier[part.step], part.scale)
        return str(part)

    messages = [SentMessage("system", (chat.system,))] if chat.system else []
    messages += [SentMessage(turn.role, tuple(map(shown, turn.parts))) for turn in chat.turns]
    messages.append(SentMessage("user", tuple(map(shown, chat.user))))
    messages += [SentMessage("begun answer", (chat.prefill,))] if chat.prefill else []
    return SentQuestion(tuple(messages), tuple(_notes(speaks, header, chat)))


def asked_as(speaks: Dialect, header: EpisodeHeader) -> Dialect:
    """`speaks` with the limits that the run had set."""
    pixels, pictures = header.extra.get("max_pixels"), header.extra.get("history_images")
    if isinstance(pixels, int) and pixels >= max(speaks.resize.min_pixels, speaks.resize.factor**2):
        rule = replace(speaks.resize, max_pixels=min(pixels, speaks.resize.max_pixels))
        speaks = replace(speaks, resize=rule)
    if isinstance(pictures, int) and 1 <= pictures <= 100:
        speaks = speaks.with_images(pictures)
    return speaks


def sent_picture(episode: Episode, at: int, scale: float = 1.0) -> Image:
    """The screen of the step at `at` as it was sent: RGB. Raises `agent.episodes.EpisodeError`."""
    image, header = episode.image(episode.steps[at]), episode.header
    speaks = OWN.get((header.dialect or "").lower())
    sent = image if speaks is None else asked_as(speaks, header).resize.apply(image)
    if scale == 1:
        return sent
    return np.asarray(cv2.resize(sent, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _picture(speaks: Dialect, episode: Episode, at: int, scale: float = 1.0) -> SentPicture:
    frame = episode.steps[at].frame
    width, height = speaks.resize.size(frame.width, frame.height)
    return SentPicture(at, round(width * scale), round(height * scale), scale)


def _notes(speaks: Dialect, header: EpisodeHeader, chat: Chat) -> Iterator[str]:
    prompts = header.extra.get("prompts")
    if isinstance(prompts, str) and prompts.startswith("owner"):
        yield "The run was asked in the words of the model's owner, which the record does not hold: these are ours."
    elif header.prompt_hash and header.prompt_hash != speaks.prompt_hash:
        yield "This version's prompts are others than those of the run: the words may differ."
    if chat.tools:
        yield f"With it went the definitions of {len(chat.tools)} {'tool' if len(chat.tools) == 1 else 'tools'}."
    if len(chat.turns) > 4:
        yield "A server whose context was too small for this got less of the history."
