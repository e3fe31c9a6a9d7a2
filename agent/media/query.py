"""`search_media`: an answer from the text on a file's pictures, without a model. It reads, and sees nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from actions.errors import one_line
from agent.episodes.query.matching import best_match
from agent.episodes.query.question import Question, read_question
from agent.episodes.query.screen_text import joined
from agent.episodes.query.search import STOP_WORDS
from agent.episodes.text_file import TextRun
from agent.media.pictures import Media, MediaAnswer, MediaHit, MediaPicture

_ALL = re.compile(
    r"(?:what(?:'s| is| does| do)?(?: it| the (?:image|picture|page|pdf|document|video|text|screen|file))?"
    r"(?: say| says| written| read)(?: .*)?|(?:read|transcribe|ocr)\b.*|what text .*)",
    re.IGNORECASE,
)
"""Questions for all of the text."""
_ASKED = re.compile(
    r"(?:what|which|who|when|where|how (?:much|many|long|old))(?:'s| is| are| was| were)? ", re.IGNORECASE
)
_MOST = 12
_LINES = 200


def search_media(media: Media, question: str, told: Callable[[int, int], None] = lambda done, of: None) -> MediaAnswer:
    """The answer to `question`. Nothing is guessed: `MediaAnswer.found`. `told` is called as pictures are read."""
    texts = list(_texts(media, told))
    if _ALL.fullmatch(question.strip().rstrip("?!. ")):
        return _everything(media, question, texts)
    terms: tuple[str, ...] = (question,)
    for terms in _terms(read_question(question), question):
        hits = _hits(texts, terms)
        if hits:
            return MediaAnswer(question, _said(media, hits), hits[:_MOST])
    why = (
        f"no text on it matches “{one_line(terms[0], 80)}”; only text is read here: a model (--model) sees the pictures"
    )
    return MediaAnswer(question, why, found=False)


def _texts(media: Media, told: Callable[[int, int], None]) -> Iterator[tuple[TextRun, ...]]:
    """The text of each picture: a PDF page's own, else what is read off it."""
    from agent.perception.ocr import TextReader

    reader = TextReader()
    for number, picture in enumerate(media.pictures, 1):
        yield picture.text or tuple(TextRun(line.text, line.box) for line in reader.read(picture.image))
        told(number, len(media.pictures))


def _terms(asked: Question, question: str) -> Iterator[tuple[str, ...]]:
    """The words to search for, the most exact first."""
    bare = _ASKED.sub("", question.strip().rstrip("?!. "))
    for words in dict.fromkeys(filter(None, (asked.about, asked.plain, "" if asked.quoted else bare))):
        yield (words,)
    if asked.quoted:
        return
    content = " ".join(word for word in re.findall(r"[\w'+-]+", bare) if word.lower() not in STOP_WORDS)
    if content:
        yield (content,)


def _hits(texts: Sequence[Sequence[TextRun]], terms: tuple[str, ...]) -> tuple[MediaHit, ...]:
    """The place on each picture that matches best, its line with what stands beside it."""
    found = []
    for number, words in enumerate(texts):
        match = best_match(terms, (*words, *joined(words)))
        if match is not None:
            row = _line_of(match.words, words)
            found.append(MediaHit(number, one_line(row.text, 300), row.box))
    return tuple(found)


def _line_of(found: TextRun, words: Sequence[TextRun]) -> TextRun:
    """`found` and all that is on its line, as the value of a label is."""
    middle, tall = found.box.center.y, found.box.height
    beside = [one for one in words if abs(one.box.center.y - middle) < 0.5 * max(tall, one.box.height)]
    if len(beside) < 2:
        return found
    box = found.box
    for one in beside:
        box = box.union(one.box)
    return TextRun(" ".join(one.text for one in sorted(beside, key=lambda one: one.box.x1)), box)


def _said(media: Media, hits: Sequence[MediaHit]) -> str:
    if media.kind == "video":
        return _spans(media, hits)
    parts = [f"{_where(media.pictures[hit.number])}“{hit.snippet}”" for hit in hits[:_MOST]]
    return "; ".join(parts) + (f" … ({len(hits)} pages)" if len(hits) > _MOST else "")


def _spans(media: Media, hits: Sequence[MediaHit]) -> str:
    """When it is there, as far as the frames tell: runs of neighbouring frames that show it."""
    runs: list[list[MediaHit]] = []
    for hit in hits:
        if runs and runs[-1][-1].number == hit.number - 1:
            runs[-1].append(hit)
        else:
            runs.append([hit])
    said = []
    for run in runs:
        first, last = (media.pictures[run[at].number].label for at in (0, -1))
        said.append(f"“{run[0].snippet}” is there at {first}" + (f" to {last}" if last != first else ""))
    return "; ".join(said) + f" (of {media.whole})"


def _where(picture: MediaPicture) -> str:
    return f"{picture.label}: " if picture.label else ""


def _everything(media: Media, question: str, texts: Sequence[Sequence[TextRun]]) -> MediaAnswer:
    """All of the text, in reading order, each picture's only where it differs from the one before."""
    hits, before = list[MediaHit](), ""
    for number, words in enumerate(texts):
        text = " / ".join(run.text for run in words[:_LINES])
        if text and text != before:
            hits.append(MediaHit(number, text))
        before = text
    if not hits:
        return MediaAnswer(question, "there is no text on it that can be read", found=False)
    said = "; ".join(f"{_where(media.pictures[hit.number])}{hit.snippet}" for hit in hits)
    kept = tuple(replace(hit, snippet=one_line(hit.snippet, 300)) for hit in hits)
    return MediaAnswer(question, said, kept)
