"""`ask_model`: answers from a vision-language model, which is given the screens that changed and answers in JSON.

Screens are sent as images between lines such as ``Step 3, 00:12.4``; where asked, as a video before lines that say
which step each frame is of: half the tokens for a Qwen model, which puts two frames together.

The limits on size and number use the figures of qwen-vl-utils for video frames: at most 768 tokens of 28 x 28 pixels an
image, and `TOTAL` pixels together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from actions.errors import one_line
from agent.core.model import ModelError, ParseError
from agent.core.step import Step
from agent.core.targets import in_words
from agent.episodes import Episode, EpisodeError
from agent.episodes.endings import ENDING_TEXT
from agent.episodes.query.answer import Hit, QueryAnswer, clock, hit, seconds_of
from agent.models.chat import ChatModel
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.lenient_json import read_lenient
from agent.models.dialects.resize import Resize
from agent.models.endpoints.endpoint import Part, Request, Shape, Video
from agent.models.json_schema import mismatch
from envs.differences import changed_places
from envs.env import Image

FRAMES = 24
"""The default for the most images of one question."""
LARGEST = 768 * 28 * 28
"""The most pixels of one image (``VIDEO_MAX_TOKEN_NUM`` of qwen-vl-utils)."""
TOTAL = 12_288 * 28 * 28
"""The most pixels of all images together: with the text, they fit a context of 16,384 tokens."""
CARET = 4, 64
"""Width and height of the largest text caret, in pixels. A screen that differs by carets only is not sent."""

SYSTEM = (
    "You are shown the record of a run on a screen: for each step its number, the time since the start, what was done "
    "and, where it changed, the screen before it. Answer the question from what you see. Name every step that bears "
    "your answer out, by the numbers given. If nothing in the record answers the question, say so with found false and "
    "no steps; never guess."
)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "answer": {"type": "string", "minLength": 1, "maxLength": 2000},
        "found": {"type": "boolean"},
        "steps": {
            "type": "array",
            "maxItems": 50,
            "items": {
                "type": "object",
                "properties": {"step": {"type": "integer", "minimum": 1}, "why": {"type": "string", "maxLength": 300}},
                "required": ["step", "why"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["answer", "found", "steps"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class SentScreen:
    """A step's screen as it is sent: RGB uint8 HxWx3, resized."""

    step: Step
    image: Image


def ask_model(
    episode: Episode, question: str, model: ChatModel, frames: int = FRAMES, video: bool = False
) -> QueryAnswer:
    """The answer of `model`, with at most `frames` images, or a `video` of that many frames.

    Raises `ModelError`, and `ParseError` for an answer that is not of `SCHEMA` or names a step that does not exist.
    """
    sent = choose(episode, model.speaks.resize, frames)
    if not sent:
        raise ModelError("no screen of the episode can be read: see handeye replay --mode simulate")
    if video and not model.endpoint.capabilities.video:
        raise ModelError(
            f"{model.endpoint.name} takes no video, as vLLM does: without --video the screens go as pictures"
        )
    request = Request(
        system=SYSTEM,
        user=tuple(_told(episode, sent, question, model, video)),
        max_tokens=1500,
        shape=shape_for(model, SCHEMA),
    )
    reply = model.endpoint.complete(request)
    said = read_answer(reply.text, reply.ended, SCHEMA)
    hits = _hits(episode, said["steps"], reply.text)
    return QueryAnswer(question, one_line(said["answer"], 2000), hits, bool(said["found"]), model.name)


def choose(episode: Episode, rule: Resize, most: int = FRAMES) -> list[SentScreen]:
    """The screens to send: those that changed; of more than `most`, an even choice with the first and the last.

    They are resized by `rule` within the pixel limits, so that the server does not resize them.
    """
    changed = _changed(episode)
    if len(changed) > most:
        places = np.linspace(0, len(changed) - 1, most).round().astype(int) if most > 1 else [len(changed) - 1]
        changed = [changed[at] for at in dict.fromkeys(int(place) for place in places)]
    fitting = bounded(rule, len(changed))
    return [SentScreen(step, fitting.apply(episode.image(step))) for step in changed]


def bounded(rule: Resize, count: int) -> Resize:
    """`rule` with the limits on each of `count` images and on all together."""
    area = min(LARGEST, TOTAL // max(count, 1), rule.max_pixels)
    return replace(rule, max_pixels=max(area, rule.min_pixels, rule.factor**2))


def shape_for(model: ChatModel, schema: dict[str, Any]) -> Shape | None:
    """What holds an answer to `schema`, None where the server cannot."""
    return Shape(schema=schema) if model.endpoint.capabilities.structured != "none" else None


def _changed(episode: Episode) -> list[Step]:
    """Steps whose screen differs from the last chosen one by more than carets."""
    kept: list[Step] = []
    last: Image | None = None
    for step in episode.steps:
        try:
            image = episode.image(step)
        except EpisodeError:
            continue
        if last is None or image.shape != last.shape or _differ(last, image):
            kept.append(step)
            last = image
    return kept


def _differ(a: Image, b: Image) -> bool:
    """Whether anything larger than a caret differs."""
    return any(width > CARET[0] or height > CARET[1] for _, _, width, height in changed_places(a, b))


def _told(episode: Episode, sent: Sequence[SentScreen], question: str, model: ChatModel, video: bool) -> list[Part]:
    """The prompt: the steps in order, with their images, then the question; a video stands first."""
    parts: list[Part] = [f"The task was: {one_line(episode.header.task, 1000)}"]
    pictures: dict[int, Part] = {}
    if video:
        parts += ["The screens:", Video.of([one.image for one in sent])]
        pictures = {one.step.index: f"frame {n} of the video" for n, one in enumerate(sent, 1)}
    else:
        pictures = {one.step.index: model.endpoint.capabilities.picture(one.image) for one in sent}
    for step in episode.steps:
        did = in_words(step) if step.action else f"no action ({one_line(step.error or 'no reason')})"
        line = f"Step {step.index + 1}, {clock(seconds_of(episode, step))}"
        if step.index in pictures:
            parts += [f"{line}, the screen:", pictures[step.index]]
            line = f"Step {step.index + 1}"
        parts.append(f"{line}, what was done: {did}")
    ending = ENDING_TEXT[episode.ending] if episode.ending else "no ending is on record"
    parts.append(f"The end: {ending}. {one_line(episode.message, 300)}".rstrip())
    asked = f"Question: {one_line(question, 1000)}"
    form = '{"answer": "...", "found": true, "steps": [{"step": 1, "why": "..."}]}'
    parts.append(f"{asked}\nAnswer with JSON only: {form}")
    return parts


def read_answer(text: str, ended: bool, schema: dict[str, Any]) -> dict[str, Any]:
    """The JSON in an answer, which is of `schema`. Raises `ParseError`."""
    start = text.find("{")
    if start < 0:
        raise ParseError(f"the answer is no JSON: {one_line(text, 80)!r}", text)
    try:
        found = read_lenient(text, start, ended=ended)
    except Unreadable as error:
        raise ParseError(f"the answer's JSON cannot be read: {error}", text) from error
    wrong = "" if found.closed else "it is cut off"
    if wrong := wrong or mismatch(found.value, schema):
        raise ParseError(f"the answer is not of the form asked for: {wrong}", text)
    value: dict[str, Any] = found.value
    return value


def _hits(episode: Episode, steps: Sequence[dict[str, Any]], raw: str) -> tuple[Hit, ...]:
    """The steps that the answer names. Raises `ParseError` for one that does not exist."""
    known = {step.index + 1: step for step in episode.steps}
    hits: dict[int, Hit] = {}
    for named in steps:
        number = int(named["step"])
        if number not in known:
            raise ParseError(f"the answer names step {number}, which the episode does not have", raw)
        hits.setdefault(number, hit(episode, known[number], one_line(named["why"], 300)))
    return tuple(hits[number] for number in sorted(hits))
