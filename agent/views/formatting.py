"""Texts for people: endings, verdicts, phases, durations and times; long texts are cut."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from actions.action import Answer, AnyAction, AskUser, Finish, describe
from agent.core.step import ELEMENT_LIST, OutcomeRecord, PointedAt, Step, Target
from agent.core.targets import action_words
from agent.core.task import Ending, Limits

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
"""The phases in `agent.core.step.Step.timings`, in order, and their names for people. ``record`` is the step before."""
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
LONGEST = 20_000
"""The most characters of one text."""
ENDINGS: dict[Ending | None, tuple[str, str]] = {
    Ending.DONE: ("good", "Done: the agent says that the task is finished"),
    Ending.VERIFIED: ("good", "Done and verified: the result was checked from outside"),
    Ending.GAVE_UP: ("bad", "Gave up: the agent found no way to finish the task"),
    Ending.WORLD_OVER: ("warn", "Over: the world ended the episode"),
    Ending.STUCK: ("bad", "Stuck: the same action was repeated without any effect"),
    Ending.STEP_LIMIT: ("warn", "Stopped at the limit of steps"),
    Ending.TIME_LIMIT: ("warn", "Stopped at the time limit"),
    Ending.COST_LIMIT: ("warn", "Stopped at the limit of tokens"),
    Ending.PARSE_ERROR: ("bad", "Failed: the model's answers could not be used"),
    Ending.MODEL_ERROR: ("bad", "Failed: the model could not answer"),
    Ending.DEVICE_ERROR: ("bad", "Failed: the screen or its input could not be used"),
    Ending.RECORD_ERROR: ("bad", "Failed: the record could not be kept"),
    Ending.BLOCKED: ("bad", "Blocked: a policy did not allow an action"),
    Ending.STOPPED_BY_USER: ("warn", "Stopped by the user"),
    Ending.NEEDS_HUMAN: ("warn", "Waiting for a person"),
    None: ("warn", "Interrupted: the record has no ending. The run was killed, or it is still going on"),
}
"""Tone and text of each ending; None is an episode without one."""
_VERDICTS = {
    "allow": "allowed",
    "modify": "changed by policy",
    "ask": "the user was asked",
    "skip": "skipped",
    "block": "blocked",
    "stop": "stopped by policy",
}


def ending_words(ending: Ending | None, limits: Limits) -> tuple[str, str]:
    """Tone and text of an ending, with the limit that was reached."""
    tone, words = ENDINGS[ending]
    if ending == Ending.STEP_LIMIT:
        words += f" ({limits.steps})"
    elif ending == Ending.TIME_LIMIT and limits.seconds:
        words += f" ({duration(limits.seconds)})"
    elif ending == Ending.COST_LIMIT and limits.tokens:
        words += f" ({limits.tokens:,.0f})"
    return tone, words


def title_words(action: AnyAction | None, targets: Sequence[Target]) -> str:
    """The action of a step in one line, with the words of `targets`: ``Click “Save As…”``."""
    words = action_words(action, targets) if action else "no usable answer"
    return line(words[:1].upper() + words[1:])


def tags(step: Step) -> list[tuple[str, str]]:
    """Tone and text of what is unusual about a step, the worst first."""
    found = [("bad", "error")] if step.error else []
    if step.verdict and step.verdict.kind != "allow":
        found.append(("bad" if step.verdict.kind in ("block", "stop") else "warn", _VERDICTS[step.verdict.kind]))
    if step.outcome and not isinstance(step.action, Finish | Answer | AskUser):
        found += [("warn", "not carried out")] if not step.outcome.performed else []
        found += [("warn", "screen still changing")] if not step.outcome.settled else []
    found += [("warn", "rest of the answer not done")] if step.dropped else []
    return found


def pointed_words(step: Step) -> str:
    """What a planner described and where the grounder found it; "" for a model that points itself."""
    places = ((_described(one), one.point, one.grounder) for one in step.pointed)
    return "; ".join(
        f"“{words}” " + (f"at ({point.x:.0f}, {point.y:.0f})" if point else "not found") + f", says {who}"
        for words, point, who in places
    )


def _described(one: PointedAt) -> str:
    """The description; a number of the element list with the words of the element."""
    return f"[{one.description}] {one.raw}" if one.grounder == ELEMENT_LIST and one.point else one.description


def review_words(step: Step) -> str:
    """The policy's verdict, and the model's own action where the policy changed it."""
    said = ""
    if verdict := step.verdict:
        said = _VERDICTS[verdict.kind] + (f" ({verdict.policy})" if verdict.policy else "")
        said += f": {verdict.reason}" if verdict.reason else ""
    changed = f"The model wanted: {describe(step.decided)}" if step.decided and step.decided != step.action else ""
    return "\n".join(filter(None, (said, changed)))


def outcome_words(outcome: OutcomeRecord | None) -> str:
    """The outcome of an action; empty for None."""
    if outcome is None:
        return ""
    parts = ["carried out" if outcome.performed else "not carried out", outcome.detail]
    parts += [] if outcome.settled else ["the screen was still changing at the deadline"]
    parts += ["nothing on the screen changed"] if outcome.performed and outcome.changed is False else []
    return "; ".join(filter(None, parts))


def answer_words(step: Step) -> str:
    """Which answer or delegated instruction an action is of; empty for the only action of its step's answer."""
    if step.delegated and step.delegated.planned and isinstance(step.action, Finish):
        return ""
    if step.delegated and step.delegated.planned:
        said = f"{'towards' if step.delegated.leads else 'for'} the plan's “{step.delegated.instruction}”"
        said += f", to find out {step.delegated.lookup}" if step.delegated.lookup else ""
        return said + (f", knowing {step.delegated.known}" if step.delegated.known else "")
    if step.delegated:
        return f"action {step.part + 1} of the built-in model for “{step.delegated.instruction}”"
    return f"action {step.part + 1} of the answer of step {step.index + 1 - step.part}" if step.part else ""


def phases(timings: Mapping[str, float]) -> dict[str, float]:
    """The known phases of `timings` in order; seconds, at least 0."""
    return {phase: max(0.0, timings[phase]) for phase in PHASES if phase in timings}


def line(text: str, longest: int = 400) -> str:
    """`text` on one line."""
    return clip(" ".join(text.split()), longest)


def visible(text: str) -> str:
    """`text` with visible characters in place of control characters and lone surrogates."""
    return _CONTROLS.sub(_visible, text)


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return "\n" if code == 13 else chr(0x2400 + code) if code < 32 else "␡" if code == 127 else "\ufffd"


def clip(text: str, longest: int = LONGEST) -> str:
    """`text` with visible control characters, cut to `longest` with the number of characters left out."""
    whole = len(text) <= longest
    return visible(text if whole else f"{text[:longest]}… ({len(text) - longest:,} more characters)")


def duration(seconds: float) -> str:
    """Seconds as ``340 ms``, ``3.2 s``, ``2 min 05 s`` or ``1 h 03 min``."""
    if 0 < seconds < 0.00005:
        return "<0.1 ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 or not seconds else f"{seconds * 1000:.1f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60:,} h {minutes % 60:02} min"


def moment(seconds: float) -> str:
    """Seconds since the epoch as a date and a time of day."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, OSError, ValueError):
        return "unknown"
