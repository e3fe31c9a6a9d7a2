"""Secrets: the model reads and writes placeholders, the env types values, and the episode holds no value.

``{{secret:NAME}}`` in a text to type stands for a value from the environment or a file. `SecretEnv` replaces it by the
value when it types and masks the value in every picture; `SecretModel`, `SecretMemory` and `SecretWatcher` redact it in
texts. ``docs/episode-format.md`` describes the masks.
"""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

from pydantic import BaseModel, ValidationError

from actions.action import AnyAction, TypeText, describe
from actions.backend import BackendError
from actions.frame import Frame, GeometryError
from agent.core.errors import UserError
from agent.core.loop import Memory, Result, Watcher
from agent.core.model import Decision, Grounding, Model, ModelError, ParseError, WrappedModel
from agent.core.policy import Verdict
from agent.core.step import Step
from agent.core.task import Ending, Task
from agent.guard.masks import Masks, Reading, read_text
from envs.env import Details, Env, EnvError, Image, Observation, Outcome, UiElement, WrappedEnv

SHORTEST = 4
"""The least characters of a secret: a shorter one occurs in every episode by chance."""
_PLACEHOLDER = re.compile(r"\{\{secret:([A-Za-z_][A-Za-z0-9_-]*)\}\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_HOW = "NAME=env:VARIABLE or NAME=file:PATH"
_PLAIN_KEYS = frozenset({"id", "type", "kind", "image", "base"})  # never free text
R = TypeVar("R", bound=BaseModel)


@dataclass(frozen=True)
class Secrets:
    """Secret values by name. Its repr holds no value."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def parse(cls, options: Sequence[str]) -> Secrets:
        """Parse ``--secret NAME=env:VARIABLE`` and ``--secret NAME=file:PATH``.

        Raises `UserError` for another form, a value that is missing, shorter than `SHORTEST` or of several lines. No
        message repeats the text after the ``=``: it may be the value itself.
        """
        return cls(dict(_read_option(option) for option in options))

    def __bool__(self) -> bool:
        return bool(self.values)

    def tell(self, instruction: str) -> str:
        """The task for the model: values are replaced by placeholders, and those that it does not mention are added.

        Raises `UserError` for a placeholder without a value.
        """
        told = self.redact(instruction)
        self.check(told, UserError)
        missing = [name for name in self.values if placeholder(name) not in told]
        if missing:
            told += f" (To type a secret, type its placeholder to the letter: {', '.join(map(placeholder, missing))})"
        return told

    def check(self, text: str, error: Callable[[str], Exception]) -> None:
        """Raises `error` with a one-line message if `text` has a placeholder without a value."""
        for name in _PLACEHOLDER.findall(text):
            if name not in self.values:
                known = ", ".join(map(placeholder, self.values)) or "none"
                raise error(f"there is no secret {placeholder(name)}; known: {known}. Add --secret {name}=env:VARIABLE")

    def pieces(self, text: str) -> list[tuple[str, bool]]:
        """`text` cut into plain pieces (False) and secret values (True), in order."""
        parts = _PLACEHOLDER.split(text)
        cut = [(self.values[part], True) if at % 2 else (part, False) for at, part in enumerate(parts)]
        return [(part, secret) for part, secret in cut if part]

    def redact(self, text: str) -> str:
        """`text` with placeholders for the values, also where they are escaped for JSON, HTML, URLs or Python."""
        for written, name in sorted(self._written(), key=lambda pair: -len(pair[0])):
            text = text.replace(written, placeholder(name))
        return text

    def record(self, record: R) -> R:
        """`record` with every text redacted. Raises ValueError where the result is not valid."""
        return type(record).model_validate(self._walk(record.model_dump()))

    def redacted(self, result: Result) -> Result:
        """`result` with its texts redacted."""
        answer = None if result.answer is None else self.redact(result.answer)
        return replace(result, message=self.redact(result.message), answer=answer)

    def traces(self, folder: Path) -> list[str]:
        """Files below `folder` that contain the bytes of a value; pictures are not decoded."""
        wanted = {written.encode("utf-8", "surrogatepass") for written, _ in self._written()}
        files = (path for path in sorted(folder.rglob("*")) if path.is_file())
        return [str(path.relative_to(folder)) for path in files if any(w in path.read_bytes() for w in wanted)]

    def _written(self) -> set[tuple[str, str]]:
        ways = (str, _json, _ascii_json, html.escape, quote, quote_plus, lambda text: repr(text)[1:-1])
        return {(way(value), name) for name, value in self.values.items() for way in ways}

    def _walk(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, dict):
            return {key: part if key in _PLAIN_KEYS else self._walk(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [self._walk(part) for part in value]
        return value


def placeholder(name: str) -> str:
    """``{{secret:NAME}}``."""
    return f"{{{{secret:{name}}}}}"


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _ascii_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _read_option(option: str) -> tuple[str, str]:
    name, _, source = option.partition("=")
    kind, _, where = source.partition(":")
    if not _NAME.fullmatch(name) or kind not in ("env", "file") or not where:
        raise UserError(f"--secret: say where the value is, never the value itself: {_HOW}")
    value = _from_environment(name, where) if kind == "env" else _from_file(name, where)
    if len(value) < SHORTEST or not value.isprintable() or _PLACEHOLDER.search(value):
        raise UserError(f"--secret {name}: its value must be one line of at least {SHORTEST} printable characters")
    return name, value


def _from_environment(name: str, variable: str) -> str:
    if variable not in os.environ:
        raise UserError(f"--secret {name}: the environment variable it names is not set")
    return os.environ[variable]


def _from_file(name: str, path: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:
        raise UserError(f"--secret {name}: the file it names cannot be read as text") from error


class SecretModel(WrappedModel):
    """An `agent.core.model.Model` whose texts are redacted. An unknown placeholder is a `ParseError`."""

    def __init__(self, model: Model, secrets: Secrets) -> None:
        super().__init__(model)
        self._secrets = secrets

    @property
    def name(self) -> str:
        """The model's, redacted."""
        return self._secrets.redact(super().name)

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """The next action, redacted. Raises like the model."""
        redact = self._secrets.redact
        try:
            decision = self._secrets.record(super().decide(task, observation, history))
        except ParseError as error:
            raise ParseError(redact(str(error)), redact(error.raw), error.usage, error.timings) from None
        except ModelError as error:
            raise ModelError(redact(str(error))) from None
        except ValidationError:
            raise ParseError("the answer has a secret's value where no text can be", "") from None
        for action in (decision.action, *decision.rest):
            if isinstance(action, TypeText):
                self._secrets.check(action.text, lambda message: ParseError(message, decision.raw, decision.usage))
        return decision

    def locate(self, observation: Observation, instruction: str) -> Grounding:
        """The model's answer, redacted."""
        return self._secrets.record(super().locate(observation, instruction))


@dataclass
class SecretMemory:
    """A memory that stores redacted steps."""

    memory: Memory
    secrets: Secrets

    def add_frame(self, image: Image) -> str:
        """Store a picture, which `SecretEnv` has masked."""
        return self.memory.add_frame(image)

    def append(self, step: Step) -> None:
        """Store `step`, redacted."""
        self.memory.append(self.secrets.record(step))

    def finish(self, ending: Ending, message: str = "", answer: str | None = None) -> None:
        """Store the ending, redacted."""
        redact = self.secrets.redact
        self.memory.finish(ending, redact(message), None if answer is None else redact(answer))


@dataclass
class SecretWatcher(Watcher):
    """A watcher that gets redacted steps and results."""

    watch: Watcher
    secrets: Secrets

    def looked(self, index: int, observation: Observation) -> None:
        """The screen, which `SecretEnv` has masked."""
        self.watch.looked(index, observation)

    def decided(self, index: int, decision: Decision, verdict: Verdict) -> None:
        """The decision, which `SecretModel` has redacted."""
        self.watch.decided(index, decision, verdict)

    def stepped(self, step: Step) -> None:
        """The step, redacted."""
        self.watch.stepped(self.secrets.record(step))

    def ended(self, result: Result) -> None:
        """The ending, redacted."""
        self.watch.ended(self.secrets.redacted(result))


class SecretEnv(WrappedEnv):
    """An `envs.env.Env` that types values for placeholders and masks them in its pictures.

    `read` finds text on a picture; with None only typed text is masked. Error messages are redacted.
    """

    def __init__(
        self, env: Env, secrets: Secrets, read: Callable[[Image], Iterable[Reading]] | None = read_text
    ) -> None:
        super().__init__(env)
        self._secrets = secrets
        self._masks = Masks(tuple(secrets.values.values()), read)

    def reset(self) -> None:
        """Reset the env and remove the masks."""
        self._masks.clear()
        self._env.reset()

    def observe(self) -> Observation:
        """The screen, masked, with its texts redacted."""
        seen = self._look()
        redact = self._secrets.redact
        elements = tuple(replace(element, text=redact(element.text)) for element in seen.elements)
        app = None if seen.app is None else redact(seen.app)
        details = seen.details and _RedactedDetails(seen.details, redact)
        return replace(seen, image=self._masks.hide(seen.image), app=app, elements=elements, details=details)

    def peek(self) -> Image:
        """A picture of the screen, masked."""
        return self._masks.hide(self._env.peek())

    def perform(self, action: AnyAction, frame: Frame) -> Outcome:
        """Perform `action`; each placeholder in a text is typed as its value, separately."""
        if not isinstance(action, TypeText) or not any(secret for _, secret in self._secrets.pieces(action.text)):
            return self._do(action, frame)
        timings: dict[str, float] = {}
        performed, dry_run, settled, empties = True, False, True, action.clear
        changed: list[bool | None] = []
        for piece, secret in self._secrets.pieces(action.text):
            before = self._look().image if secret else None
            outcome = self._do(TypeText(text=piece, clear=empties), frame)
            empties = False
            if before is not None and outcome.performed:
                self._masks.typed(before, self._look().image)
            performed, dry_run, settled = performed and outcome.performed, outcome.dry_run, outcome.settled
            changed.append(outcome.changed)
            for phase, seconds in outcome.timings.items():
                timings[phase] = timings.get(phase, 0.0) + seconds
        told = f"would {describe(action)}" if dry_run else describe(action) if performed else outcome.detail
        return Outcome(performed, told, settled, timings, _any(changed), dry_run)

    def _look(self) -> Observation:
        try:
            return self._env.observe()
        except EnvError as error:
            raise type(error)(self._secrets.redact(str(error))) from None

    def _do(self, action: AnyAction, frame: Frame) -> Outcome:
        try:
            outcome = self._env.perform(action, frame)
        except (EnvError, BackendError, GeometryError) as error:
            raise type(error)(self._secrets.redact(str(error))) from None
        return replace(outcome, detail=self._secrets.redact(outcome.detail))


@dataclass(frozen=True)
class _RedactedDetails:
    """`Details` whose texts `redact` has gone over."""

    details: Details
    redact: Callable[[str], str]

    def tree(self, frame: Frame) -> tuple[UiElement, ...]:
        """See `envs.env.Details`."""
        return tuple(
            replace(e, text=self.redact(e.text), description=self.redact(e.description))
            for e in self.details.tree(frame)
        )

    def app_names(self) -> tuple[str, ...]:
        """See `envs.env.Details`."""
        return tuple(map(self.redact, self.details.app_names()))


def _any(changed: Sequence[bool | None]) -> bool | None:
    """Whether any part changed the screen; None where no part is known to and some are unknown."""
    return True if True in changed else None if None in changed else False
