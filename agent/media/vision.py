"""`ask_model_about`: a vision-language model answers from a file's pictures, which it names in its answer."""

from __future__ import annotations

from typing import Any

from actions.errors import one_line
from agent.core.model import ModelError, ParseError
from agent.episodes.query.vision import bounded, read_answer, shape_for
from agent.media.pictures import Media, MediaAnswer, MediaHit
from agent.models.chat import ChatModel
from agent.models.endpoints.endpoint import Part, Request, Video

SYSTEM = (
    "You are shown {what}. Answer the question from what you see. Name every picture that bears your answer out, by "
    "the numbers given. If nothing that you see answers the question, say so with found false and no pictures; never "
    "guess."
)
WHAT = {"image": "a picture", "pdf": "pages of a document, as pictures", "video": "frames of a video, with their times"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "answer": {"type": "string", "minLength": 1, "maxLength": 4000},
        "found": {"type": "boolean"},
        "pictures": {
            "type": "array",
            "maxItems": 50,
            "items": {
                "type": "object",
                "properties": {
                    "picture": {"type": "integer", "minimum": 1},
                    "why": {"type": "string", "maxLength": 300},
                },
                "required": ["picture", "why"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["answer", "found", "pictures"],
    "additionalProperties": False,
}


def ask_model_about(media: Media, question: str, model: ChatModel, video: bool = False) -> MediaAnswer:
    """The answer of `model`; with `video` the pictures go as one video.

    Raises `ModelError`, and `ParseError` for an answer that is not of `SCHEMA` or names a picture that was not sent.
    """
    if video and not model.endpoint.capabilities.video:
        raise ModelError(
            f"{model.endpoint.name} takes no video, as vLLM does: without --video the frames go as pictures"
        )
    request = Request(
        system=SYSTEM.format(what=WHAT[media.kind]),
        user=tuple(_told(media, question, model, video)),
        max_tokens=2000,
        shape=shape_for(model, SCHEMA),
    )
    reply = model.endpoint.complete(request)
    said = read_answer(reply.text, reply.ended, SCHEMA)
    hits: dict[int, MediaHit] = {}
    for named in said["pictures"]:
        number = int(named["picture"])
        if number > len(media.pictures):
            raise ParseError(f"the answer names picture {number}, which was not sent", reply.text)
        hits.setdefault(number, MediaHit(number - 1, one_line(named["why"], 300)))
    kept = tuple(hits[number] for number in sorted(hits))
    return MediaAnswer(question, one_line(said["answer"], 4000), kept, bool(said["found"]), model.name)


def _told(media: Media, question: str, model: ChatModel, video: bool) -> list[Part]:
    """The prompt: what it is, each picture after its number and its page or time, then the question."""
    rule = bounded(model.speaks.resize, len(media.pictures))
    images = [rule.apply(picture.image) for picture in media.pictures]
    parts: list[Part] = [f"{media.path.name}: {media.whole}"] if media.whole else []
    if video:
        parts += ["The frames:", Video.of(images)]
    for number, (picture, image) in enumerate(zip(media.pictures, images, strict=True), 1):
        label = f"Picture {number}" + (f", {picture.label}" if picture.label else "")
        parts += (
            [f"{label}: frame {number} of the video"]
            if video
            else [f"{label}:", model.endpoint.capabilities.picture(image)]
        )
    form = '{"answer": "...", "found": true, "pictures": [{"picture": 1, "why": "..."}]}'
    parts.append(f"Question: {one_line(question, 1000)}\nAnswer with JSON only: {form}")
    return parts
