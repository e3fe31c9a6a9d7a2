"""An episode as one HTML page that needs no network: every screen with the action drawn on it, thought and timing.

Whatever a screen or a model said is text here: `agent.markup` escapes it, and the page's content security policy
allows nothing to run or load but the template's own style and script, by their hash.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

from PIL import Image as Pillow

from actions.action import Answer, AnyAction, AskUser, Finish, Key, Open, TypeText, describe
from agent.drawing import Badge, Banner, Disc, Line, Mark, badge_left, marks, unit
from agent.episode import Episode, EpisodeError, read_episode
from agent.markup import Child, Markup, element, join
from agent.png import encode_png
from agent.step import OutcomeRecord, Step
from agent.task import Ending

PHASES = {
    "capture": "capture",
    "encode": "encode",
    "prompt": "prompt",
    "model": "model",
    "parse": "parse",
    "review": "policy",
    "act": "act",
    "settle": "settle",
    "record": "record",
}
"""The phases of a step, as in `agent.step.Step.timings`, in the order they happen; how they are called here."""

_LONGEST = 20_000  # characters of one text that are shown
_WEBP_LIMIT = 16383  # pixels on a side
_ENDINGS: dict[Ending | None, tuple[str, str]] = {
    Ending.DONE: ("good", "Done: the agent says that the task is finished"),
    Ending.VERIFIED: ("good", "Done and verified: the result was checked from outside"),
    Ending.GAVE_UP: ("bad", "Gave up: the agent found no way to finish the task"),
    Ending.STEP_LIMIT: ("warn", "Stopped at the limit of steps"),
    Ending.TIME_LIMIT: ("warn", "Stopped at the time limit"),
    Ending.COST_LIMIT: ("warn", "Stopped at the limit of tokens"),
    Ending.PARSE_ERROR: ("bad", "Failed: the model's answers could not be used"),
    Ending.MODEL_ERROR: ("bad", "Failed: the model could not answer"),
    Ending.DEVICE_ERROR: ("bad", "Failed: the screen or its input could not be used"),
    Ending.BLOCKED: ("bad", "Blocked: a policy did not allow an action"),
    Ending.STOPPED_BY_USER: ("warn", "Stopped by the user"),
    Ending.NEEDS_HUMAN: ("warn", "Waiting for a person"),
    None: ("warn", "Interrupted: the record has no ending. The run was killed, or it is still going on"),
}
_VERDICTS = {
    "allow": "allowed",
    "modify": "changed by policy",
    "ask": "the user was asked",
    "block": "blocked",
    "stop": "stopped by policy",
}
_ICONS = {
    "good": "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20Zm-1.4 14.2-4-4 1.6-1.6 2.4 2.4 5.2-5.2 1.6 1.6-6.8 6.8Z",
    "bad": "M7.9 2h8.2L22 7.9v8.2L16.1 22H7.9L2 16.1V7.9L7.9 2Zm1.3 5.6L7.6 9.2l2.8 2.8-2.8 2.8 1.6 1.6 2.8-2.8 2.8"
    " 2.8 1.6-1.6-2.8-2.8 2.8-2.8-1.6-1.6-2.8 2.8-2.8-2.8Z",
    "warn": "M12 2.5 23 21.5H1L12 2.5Zm-1.1 7v6h2.2v-6h-2.2Zm0 7.3V19h2.2v-2.2h-2.2Z",
}


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Write the report of the episode in `folder` to `out` (``report.html`` in the folder if absent); its path.

    Damage in the episode is named on the page. Raises `EpisodeError` when there is no episode or nothing can be
    written.
    """
    page = render(read_episode(folder))
    path = out or folder / "report.html"
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)  # it may be a link that leads out of a hostile episode
        part.write_text(page, encoding="utf-8", newline="\n")
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise EpisodeError(f"cannot write the report to {path}: {error.strerror}; choose another --out") from error
    return path


def render(episode: Episode) -> str:
    """The report's HTML."""
    screens = _Screens(episode)
    longest = max((_sum(step.timings) for step in episode.steps), default=0.0)
    articles = [_step(step, episode, screens) for step in episode.steps]
    body = join(
        element("a", "Skip to the steps", class_="skip", href="#steps"),
        screens.definitions(),
        _header(episode, [*episode.problems, *screens.problems]),
        element(
            "div",
            _timeline(episode.steps, longest),
            element("main", *articles, _nothing(episode), id="steps", aria_label="Steps"),
            class_="columns",
        ),
        _footer(episode),
    )
    return _page(f"{_clip(_line(episode.header.task), 80)} · Handeye report", body)


def _page(title: str, body: Markup) -> str:
    files = resources.files("agent")
    template, style = (files.joinpath(f"report_template.{kind}").read_text("utf-8") for kind in ("html", "css"))
    script = re.findall(r"<script>(.*?)</script>", template, re.DOTALL)
    allowed = {"style-src": [style], "script-src": script}
    rules = [f"{kind} {' '.join(map(_hash, texts))}" for kind, texts in allowed.items()]
    policy = "; ".join(["default-src 'none'", "img-src data:", *rules, "base-uri 'none'", "form-action 'none'"])
    values = {"policy": Markup(policy), "title": join(title), "style": Markup(style), "body": body}
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], template)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


# --- the head of the page --------------------------------------------------------------------------------------


def _header(episode: Episode, problems: list[str]) -> Markup:
    task = _text(episode.header.task)
    return element(
        "header",
        element("p", "Handeye report", class_="brand"),
        element("h1", task, class_="long" if len(task) > 160 else None, dir="auto"),
        _ending(episode),
        _answer(episode.answer),
        _problems(problems),
        _facts(episode),
        _software(episode),
    )


def _ending(episode: Episode) -> Markup:
    tone, words = _ENDINGS[episode.ending]
    limits = episode.header.limits
    reached = {
        Ending.STEP_LIMIT: f" ({limits.steps})",
        Ending.TIME_LIMIT: f" ({_duration(limits.seconds)})" if limits.seconds else "",
        Ending.COST_LIMIT: f" ({limits.tokens})",
    }
    message = element("span", _text(episode.message), class_="message", dir="auto") if episode.message else None
    words += reached.get(episode.ending, "") if episode.ending else ""
    return element(
        "div", _icon(tone), element("div", element("strong", words), message), class_=f"ending {tone}", role="status"
    )


def _answer(answer: str | None) -> Markup | None:
    if answer is None:
        return None
    return element("div", element("h3", "Answer"), element("div", _text(answer), dir="auto"), class_="answer")


def _problems(problems: list[str]) -> Markup | None:
    if not problems:
        return None
    items = [element("li", _text(problem)) for problem in problems]
    title = element("strong", "Problems in the record")
    return element("div", title, element("ul", *items), class_="problems bad", role="status")


def _facts(episode: Episode) -> Markup:
    header, totals = episode.header, episode.totals
    tokens = totals.tokens
    facts: dict[str, Child] = {
        "Model": _foreign(header.model),
        "Dialect": _foreign(header.dialect or "none"),
        "Screen": _foreign(header.env),
        "Started": _moment(header.started),
        "Took": element("span", _duration(totals.seconds), class_="num"),
        "Steps": element("span", str(totals.steps), class_="num"),
        "Tokens": element("span", f"{tokens.prompt:,} in, {tokens.completion:,} out", class_="num"),
    }
    rows = (element("div", element("dt", name), element("dd", value)) for name, value in facts.items())
    return element("dl", *rows, class_="facts")


def _software(episode: Episode) -> Markup:
    header = episode.header
    limits = {"steps": header.limits.steps, "seconds": header.limits.seconds, "tokens": header.limits.tokens}
    rows = {
        "platform": header.platform,
        "limits": ", ".join(f"{value:g} {name}" for name, value in limits.items() if value is not None),
        "prompt hash": header.prompt_hash or "none",
        **{f"seed, {name}": str(seed) for name, seed in header.seeds.items()},
        **header.versions,
    }
    return element("details", element("summary", "Settings and software"), _pairs(rows))


def _nothing(episode: Episode) -> Markup | None:
    return None if episode.steps else element("p", "No step was recorded.", class_="step")


def _footer(episode: Episode) -> Markup:
    words = f"{len(episode.steps)} steps on this page. The record itself, with the screens as they were, is in "
    return element("footer", element("p", words, element("bdi", element("code", _clip(episode.folder.name, 200))), "."))


# --- the timeline ----------------------------------------------------------------------------------------------


def _timeline(steps: Iterable[Step], longest: float) -> Markup:
    steps = list(steps)
    sums = {phase: sum(_phases(step.timings).get(phase, 0) for step in steps) for phase in PHASES}
    total = sum(sums.values())
    entries = [
        element("li", _square(phase), f"{words} ", element("span", _duration(sums[phase]), class_="num"))
        for phase, words in PHASES.items()
        if sums[phase]
    ]
    keys = element("p", element("kbd", "j"), " next step, ", element("kbd", "k"), " the one before", class_="keys soft")
    return element(
        "nav",
        element("h2", "Timeline"),
        element("p", _bar(sums, total, "bar total"), role="img", aria_label=_spoken(sums)) if total else None,
        element("ul", *entries, class_="legend"),
        element("ol", *(_entry(step, longest) for step in steps)),
        keys if steps else None,
        class_="timeline",
        aria_label="Timeline",
    )


def _entry(step: Step, longest: float) -> Markup:
    tags = _tags(step)
    icon = _icon(tags[0][0], tags[0][1]) if tags else None
    return element(
        "li",
        element(
            "a",
            element("span", str(step.index + 1), class_="num soft"),
            element("span", icon, _foreign(_words(step)), class_="words"),
            element("span", _duration(_sum(step.timings)), class_="num soft"),
            _bar(_phases(step.timings), longest, "bar"),
            href=f"#{_id(step)}",
        ),
    )


def _bar(seconds: Mapping[str, float], whole: float, class_: str) -> Markup:
    """A stacked bar; `whole` seconds fill its width."""
    parts, x = [], 0.0
    for phase, value in seconds.items():
        width = 1000 * value / whole if whole else 0
        title = element("title", f"{PHASES[phase]}: {_duration(value)}")
        parts.append(element("rect", title, class_=f"p-{phase}", x=x, y=0, width=width, height=10))
        x += width
    return element("svg", *parts, class_=class_, viewBox="0 0 1000 10", preserveAspectRatio="none", aria_hidden="true")


def _spoken(seconds: Mapping[str, float]) -> str:
    parts = (f"{PHASES[phase]} {_duration(value)}" for phase, value in seconds.items() if value)
    return f"Time by phase: {', '.join(parts)}"


def _phases(timings: Mapping[str, float]) -> dict[str, float]:
    """The known phases in order, none negative."""
    return {phase: max(0.0, timings[phase]) for phase in PHASES if phase in timings}


def _sum(timings: Mapping[str, float]) -> float:
    return sum(_phases(timings).values())


# --- a step ----------------------------------------------------------------------------------------------------


def _step(step: Step, episode: Episode, screens: _Screens) -> Markup:
    title = f"{_id(step)}-title"
    since = step.time - episode.header.started
    heading = element(
        "h2", element("span", f"Step {step.index + 1} · ", class_="number num"), _foreign(_words(step)), id=title
    )
    when = element("span", f"at {_duration(since)}", class_="when num") if since >= 0 else None
    tags = [element("span", _icon(tone), words, class_=f"tag {tone}") for tone, words in _tags(step)]
    return element(
        "section",
        element("div", heading, *tags, when, class_="head"),
        element("div", element("figure", screens.show(step), _caption(step.action)), _notes(step), class_="body"),
        class_="step",
        id=_id(step),
        tabindex=-1,
        aria_labelledby=title,
    )


def _id(step: Step) -> str:
    return f"step-{step.index + 1}"


def _words(step: Step) -> str:
    return describe(step.action) if step.action else "no usable answer"


def _tags(step: Step) -> list[tuple[str, str]]:
    """What stands out about a step: tone and words, the worst first."""
    tags = [("bad", "error")] if step.error else []
    if step.verdict and step.verdict.kind != "allow":
        tags.append(("bad" if step.verdict.kind in ("block", "stop") else "warn", _VERDICTS[step.verdict.kind]))
    if step.outcome and not isinstance(step.action, Finish | Answer | AskUser):
        tags += [("warn", "not carried out")] if not step.outcome.performed else []
        tags += [("warn", "screen still changing")] if not step.outcome.settled else []
    return tags


def _caption(action: AnyAction | None) -> Markup | None:
    """What was typed or said, in full."""
    match action:
        case TypeText(text=text):
            text = _clip(text).replace("\n", "⏎\n").replace("\t", "⇥\t")
            body = element("span", text, class_="typed", dir="auto")
        case Key(chords=chords):
            body = join(*map(_chord, chords))
        case Answer(text=text) | AskUser(question=text) | Finish(message=text) | Open(target=text) if text:
            body = element("span", _text(text), class_="typed", dir="auto")
        case _:
            return None
    return element("figcaption", body)


def _chord(chord: str) -> Markup:
    keys = ["+" if key == "plus" else key for key in chord.split("+")]
    shown = [part for key in keys for part in (Markup(" + "), element("kbd", key))][1:]
    return element("span", *shown, class_="chord")


def _notes(step: Step) -> Markup:
    review = _review(step)
    strict = step.verdict is not None and step.verdict.kind in ("block", "stop")
    return element(
        "div",
        _note("Error", step.error or "", "bad"),
        _note("Thought", step.thought),
        _note("Policy", review, "bad") if strict else None,
        _pairs({"Policy": "" if strict else review, "Outcome": _outcome(step.outcome), "In front": step.app}),
        _list("Repaired in the answer", step.notes),
        _timings(step),
        _raw(step.raw),
        class_="notes",
    )


def _review(step: Step) -> str:
    """What the policy said, and what the model wanted where that is something else."""
    said = ""
    if verdict := step.verdict:
        said = _VERDICTS[verdict.kind] + (f" ({verdict.policy})" if verdict.policy else "")
        said += f": {verdict.reason}" if verdict.reason else ""
    changed = f"The model wanted: {describe(step.decided)}" if step.decided and step.decided != step.action else ""
    return "\n".join(filter(None, (said, changed)))


def _outcome(outcome: OutcomeRecord | None) -> str:
    if outcome is None:
        return ""
    parts = ["carried out" if outcome.performed else "not carried out", outcome.detail]
    parts += [] if outcome.settled else ["the screen was still changing at the deadline"]
    return "; ".join(filter(None, parts))


def _note(title: str, text: str, class_: str | None = None) -> Markup | None:
    return element("div", element("h3", title), element("p", _text(text), dir="auto"), class_=class_) if text else None


def _pairs(texts: Mapping[str, str | None]) -> Markup | None:
    """Short facts, each beside its name; None when there are none."""
    pairs = [(element("dt", name), element("dd", _text(text), dir="auto")) for name, text in texts.items() if text]
    return element("dl", *(part for pair in pairs for part in pair), class_="pairs") if pairs else None


def _list(title: str, texts: Iterable[str]) -> Markup | None:
    items = [element("li", _text(text), dir="auto") for text in texts]
    return element("div", element("h3", title), element("ul", *items)) if items else None


def _timings(step: Step) -> Markup | None:
    if not step.timings:
        return None
    known, tokens = _phases(step.timings), step.tokens
    inside = {name: value for name, value in step.timings.items() if name not in PHASES}
    rows = [_row(join(_square(phase), PHASES[phase]), _duration(value)) for phase, value in known.items()]
    rows += [
        _row(_foreign(f"incl. {name.replace('_', ' ')}"), _duration(value), "inside") for name, value in inside.items()
    ]
    foot = [_row("all", _duration(_sum(step.timings)))]
    if tokens.prompt or tokens.completion:
        foot.append(_row("tokens", f"{tokens.prompt:,} in, {tokens.completion:,} out"))
    parts = (element("tbody", *rows), element("tfoot", *foot))
    return element("div", element("h3", "Time"), element("table", *parts, aria_label=f"Time of step {step.index + 1}"))


def _row(name: Child, value: str, class_: str | None = None) -> Markup:
    return element("tr", element("th", name, scope="row", class_=class_), element("td", value, class_="num"))


def _raw(raw: str) -> Markup | None:
    if not raw:
        return None
    words = f"Raw answer, {len(raw):,} characters"
    return element("details", element("summary", words), element("pre", _clip(raw), dir="auto", tabindex=0))


# --- screens ---------------------------------------------------------------------------------------------------


class _Screens:
    """The pictures of an episode, each embedded once whatever number of steps shows it."""

    def __init__(self, episode: Episode) -> None:
        self._ids: dict[str, str] = {}
        self._images: list[Markup] = []
        self.problems: list[str] = []
        first = {step.image: step for step in reversed(episode.steps)}
        with ThreadPoolExecutor(max_workers=4) as pool:
            found = pool.map(lambda step: _compact(episode, step), first.values())
            pictures = dict(zip(first, found, strict=True))
        known: dict[str, str] = {}
        for step in episode.steps:
            picture = pictures[step.image]
            if isinstance(picture, EpisodeError):
                self.problems += [str(picture)] if str(picture) not in (*episode.problems, *self.problems) else []
            elif step.image not in self._ids:
                self._ids[step.image] = known.get(picture) or self._embed(step, picture)
                known[picture] = self._ids[step.image]

    def definitions(self) -> Markup:
        """All pictures as SVG definitions."""
        return element("svg", element("defs", *self._images), class_="frames", aria_hidden="true")

    def show(self, step: Step) -> Markup:
        """The screen of `step` with its action drawn on it."""
        name, frame = self._ids.get(step.image), step.frame
        if name is None:
            return element("p", "The screen of this step is missing or damaged.", class_="missing")
        spoken = f"Screen of step {step.index + 1}, {frame.width} by {frame.height} pixels."
        spoken += f" Drawn on it: {describe(step.action)}." if step.action else ""
        shapes = marks(step.action, frame.width, frame.height) if step.action else ()
        return element(
            "svg",
            element("use", href=f"#{name}"),
            *_svg(shapes, frame.width, frame.height),
            class_="screen tall" if frame.height > frame.width else "screen",
            viewBox=f"0 0 {frame.width} {frame.height}",
            width=str(frame.width),
            height=str(frame.height),
            role="img",
            aria_label=spoken,
        )

    def _embed(self, step: Step, picture: str) -> str:
        name = f"frame-{len(self._images)}"
        size = {"width": str(step.frame.width), "height": str(step.frame.height)}
        self._images.append(element("image", id=name, href=picture, **size))
        return name


def _compact(episode: Episode, step: Step) -> str | EpisodeError:
    """The step's picture as a data URI in few bytes: a good WebP, or the lossless file where that is smaller."""
    try:
        image = episode.image(step)
    except EpisodeError as error:
        return error
    kind, data = "png", encode_png(image) if step.patch else (episode.folder / step.image).read_bytes()
    if max(image.shape[:2]) <= _WEBP_LIMIT:
        webp = io.BytesIO()
        Pillow.fromarray(image).save(webp, "webp", quality=82, method=0)  # the fastest; a third larger than method 4
        kind, data = ("webp", webp.getvalue()) if webp.tell() < len(data) else (kind, data)
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _svg(shapes: Iterable[Mark], width: int, height: int) -> list[Markup]:
    """The marks of `agent.drawing` as SVG: white edges first, colour, words."""
    u, shapes = unit(width, height), [shape for shape in shapes if not isinstance(shape, Banner)]
    lines = [shape for shape in shapes if isinstance(shape, Disc | Line)]
    halos = [_outline(shape, "halo dot" if shape.filled else "halo") for shape in lines]
    inner = [_outline(shape, "solid" if shape.filled else "mark") for shape in lines]
    return [*halos, *inner, *(_svg_badge(shape, u, width) for shape in shapes if isinstance(shape, Badge))]


def _outline(shape: Disc | Line, class_: str) -> Markup:
    if isinstance(shape, Disc):
        return element("circle", class_=class_, cx=shape.center.x, cy=shape.center.y, r=shape.radius)
    points = " ".join(f"{x:g},{y:g}" for x, y in shape.points)
    return element("polygon" if shape.filled else "polyline", class_=class_, points=points)


def _svg_badge(badge: Badge, u: float, frame_width: int) -> Markup:
    size, pad = 16 * u, 7 * u
    width = 0.6 * size * len(badge.text) + 2 * pad
    x, y = badge_left(badge, width, frame_width), badge.at.y
    area = element("rect", class_="badge", x=x, y=y - 13 * u, width=width, height=26 * u, rx=6 * u, stroke_width=2 * u)
    words = element("text", badge.text, class_="badge-words", font_size=size, x=x + width / 2, y=y + 0.36 * size)
    return element("g", area, words)


# --- words -----------------------------------------------------------------------------------------------------


def _icon(tone: str, label: str | None = None) -> Markup:
    """A shape of its own for each tone; spoken as `label`, or not at all."""
    path = element("path", d=_ICONS[tone], fill="currentColor", fill_rule="evenodd")
    role, hidden = ("img", None) if label else (None, "true")
    return element(
        "svg", path, class_=f"icon {tone}-icon", viewBox="0 0 24 24", role=role, aria_label=label, aria_hidden=hidden
    )


def _square(phase: str) -> Markup:
    rect = element("rect", class_=f"p-{phase}", width=10, height=10, rx=2)
    return element("svg", rect, class_="swatch", viewBox="0 0 10 10", aria_hidden="true")


def _foreign(text: str) -> Markup:
    """Words of unknown direction inside a line of ours."""
    return element("bdi", _clip(_line(text), 400))


def _line(text: str) -> str:
    return " ".join(text.split())


def _text(text: str) -> str:
    return _clip(text.strip())


def _clip(text: str, longest: int = _LONGEST) -> str:
    """`text`, or its beginning and how much is left out."""
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text) - longest:,} more characters)"


def _duration(seconds: float) -> str:
    """Seconds for people: 340 ms, 3.2 s, 2 min 05 s, 1 h 03 min."""
    if 0 < seconds < 0.00005:
        return "<0.1 ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 or not seconds else f"{seconds * 1000:.1f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60:,} h {minutes % 60:02} min"


def _moment(seconds: float) -> Child:
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return "unknown"
    return element("time", f"{moment:%Y-%m-%d %H:%M:%S} UTC", datetime=moment.isoformat(timespec="seconds"))
