"""What a run may act on: lists of programs and hosts, and what is denied. An action outside is not done.

The front program and the one under the pointer come from the window system; a browser's host is read off its address
bar, and where it cannot be read the page counts as outside. The model is told why nothing was done.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from actions.action import (
    ACTION_TYPES,
    Answer,
    AnyAction,
    AskUser,
    Button,
    Finish,
    Key,
    Open,
    TypeText,
    Wait,
    describe,
    points_of,
)
from actions.frame import Box
from actions.keys import check_chord
from agent.core.errors import UserError
from agent.core.model import Decision
from agent.core.policy import Verdict
from agent.guard.held import with_held
from agent.guard.risk_words import listed
from agent.guard.risky_text import address_risk
from agent.perception.elements import Element, PerceivedScreen
from agent.perception.perceive import lazy_perceive
from envs.env import EnvError, Image, Observation, UiElement

NAME = "limits"
"""The policy name in verdicts."""
_NAVIGATES = frozenset({"ctrl+l", "ctrl+t", "ctrl+w", "alt+left", "f6", "alt+d", "escape"})
"""Chords that leave a page and do nothing on it."""
_HOST = re.compile(
    r"(?:https?://)?((?:[\w-]+\.)+[a-z]{2,}|localhost|\d+(?:\.\d+){3}|\[[\da-f:]+\])(?::\d+)?(?=[/?#]|$)"
)
_SCHEME = re.compile(r"\s*([a-z][a-z0-9+.-]{1,20}):", re.IGNORECASE)
_BAR = 0.2  # the part of a window, from its top, that has the address bar
_BUTTONS = 3


class _LimitsFile(BaseModel):
    """The keys of a policy file."""

    model_config = ConfigDict(extra="forbid")
    allow_apps: tuple[str, ...] = Field(default=(), alias="allow-apps")
    allow_hosts: tuple[str, ...] = Field(default=(), alias="allow-hosts")
    deny: tuple[str, ...] = ()


@dataclass(frozen=True)
class AllowLists:
    """Names of programs and hosts, ``*`` for any part of one; none: any.

    `deny` has ``app:NAME``, ``host:NAME``, ``key:CHORD`` and ``action:TYPE``. Raises `UserError` for anything else.
    """

    allow_apps: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    file: str = ""

    def __post_init__(self) -> None:
        for entry in self.deny:
            kind, _, name = entry.partition(":")
            if (
                kind not in ("app", "host", "key", "action")
                or not name
                or (kind == "action" and name not in ACTION_TYPES)
            ):
                raise UserError(
                    f"--deny {entry!r}: give app:NAME, host:NAME, key:CHORD or action:TYPE, e.g. action:drag"
                )
            if kind == "key":
                try:
                    check_chord(name)
                except ValueError as error:
                    raise UserError(f"--deny {entry!r}: {error}") from error
        for host in self.allow_hosts:
            if not re.fullmatch(r"[\w.*\[\]:-]+", host) or "//" in host:
                raise UserError(f"--allow-hosts {host!r}: give a host, e.g. example.org or *.example.org")

    @classmethod
    def of(cls, apps: Sequence[str], hosts: Sequence[str], deny: Sequence[str], file: Path | None) -> AllowLists:
        """The options together with what a TOML file says. Raises `UserError`."""
        found = _read(file) if file else _LimitsFile()
        return cls(
            (*found.allow_apps, *_parts(apps)),
            (*found.allow_hosts, *_parts(hosts)),
            (*found.deny, *_parts(deny)),
            str(file or ""),
        )

    def __bool__(self) -> bool:
        return bool(self.allow_apps or self.allow_hosts or self.deny)

    def denied(self, kind: str) -> tuple[str, ...]:
        """The names of one kind that are denied."""
        return tuple(entry.partition(":")[2] for entry in self.deny if entry.startswith(f"{kind}:"))

    def to_json(self) -> dict[str, JsonValue]:
        """For the record."""
        lists: dict[str, JsonValue] = {
            "allow_apps": [*self.allow_apps], "allow_hosts": [*self.allow_hosts], "deny": [*self.deny]
        }  # fmt: skip
        return lists | ({"file": self.file} if self.file else {})


def _parts(options: Sequence[str]) -> list[str]:
    return [part.strip() for option in options for part in option.split(",") if part.strip()]


def _read(file: Path) -> _LimitsFile:
    try:
        return _LimitsFile.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(
            f"{file}: {where}: {first['msg']}; it takes allow-apps, allow-hosts and deny, lists of texts"
        ) from error
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read {file} as TOML: {error}") from error


@dataclass
class LimitsPolicy:
    """Skips every action outside `limits`. `explain` says what an `open` would start, as `envs.env.Env.explain`."""

    limits: AllowLists
    explain: Callable[[AnyAction], str] = describe
    perceive: Callable[[Image], PerceivedScreen] = field(default_factory=lazy_perceive)

    def review(self, decision: Decision, observation: Observation) -> Verdict:
        """Allow what is inside."""
        action, does = decision.action, with_held(decision.action, observation.held)
        if isinstance(action, Finish | Answer | AskUser | Wait):
            return Verdict("allow", action)
        why = self._denied(action, does) or self._wrong_app(does, observation) or self._wrong_host(does, observation)
        return Verdict("skip", action, NAME, f"not allowed in this run: {why}") if why else Verdict("allow", action)

    def _denied(self, action: AnyAction, does: AnyAction) -> str:
        if denied := {action.type, does.type} & {*self.limits.denied("action")}:
            return f"{min(denied)} is denied"
        keys = {check_chord(name) for name in self.limits.denied("key")}
        found = sorted(keys & set(map(check_chord, does.chords))) if isinstance(does, Key) else []
        return f"the key {found[0]} is denied" if found else ""

    def _wrong_app(self, action: AnyAction, seen: Observation) -> str:
        limits = self.limits
        if not (limits.allow_apps or limits.denied("app")):
            return ""
        if isinstance(action, Open):
            return self._wrong_program(action)
        if limits.allow_apps and isinstance(action, Key) and (bad := [c for c in action.chords if _leaves(c)]):
            return f"{bad[0]} may start or reach other programs"
        if isinstance(action, Button):
            return "" if action.name in ("back", "home") else self._outside(seen.app)
        apps = [seen.app] if not points_of(action) or not seen.windows else []
        apps += [_app_at(seen, point.x, point.y) for point in points_of(action) if seen.windows]
        return next(filter(None, map(self._outside, apps)), "")

    def _wrong_program(self, action: Open) -> str:
        """The target's name and the program it stands for are judged: each may be listed, and neither may be denied."""
        told = self.explain(action).removeprefix(describe(action)).removeprefix(": ")
        try:
            command = shlex.split(told)[:1]
        except ValueError:
            command = []
        names = [Path(part).name for part in command]
        if not _SCHEME.match(action.target):
            names.append(action.target)
        elif not names:  # an address, and the browser it goes to is not known
            names = sorted(listed("programs", "browsers"))
        if any(_matches(name, self.limits.denied("app")) for name in names):
            return f"the program {action.target!r} is denied"
        allowed = not self.limits.allow_apps or any(_matches(name, self.limits.allow_apps) for name in names)
        return "" if allowed else f"the program {action.target!r} is not among {', '.join(self.limits.allow_apps)}"

    def _outside(self, app: str | None) -> str:
        name = (app or "").partition(": ")[0]
        if _matches(name, self.limits.denied("app")):
            return f"the program {name!r} is denied"
        if not self.limits.allow_apps or _matches(name, self.limits.allow_apps):
            return ""
        return f"the program there is {name or 'not known'!r}, and only {', '.join(self.limits.allow_apps)} may be used"

    def _wrong_host(self, action: AnyAction, seen: Observation) -> str:
        limits = self.limits
        if not (limits.allow_hosts or limits.denied("host")):
            return ""
        given = action.target if isinstance(action, Open) else ""
        if isinstance(action, TypeText):
            given = action.text.strip()
        if _SCHEME.match(given) or (_is_browser(seen.app) and _is_host(given)):
            return self._other_host(given)
        if isinstance(action, Open) or not _is_browser(seen.app):
            return ""
        if isinstance(action, Button) or (isinstance(action, Key) and set(action.chords) <= _NAVIGATES):
            return ""
        host = self._shown_host(seen)
        if host is None:
            return "the address of this page cannot be read" if limits.allow_hosts else ""
        return self._other_host(host)

    def _other_host(self, address: str) -> str:
        scheme = _SCHEME.match(address)
        if scheme and scheme.group(1).casefold() not in ("http", "https") and "." not in scheme.group(1):
            return f"{scheme.group(1)}: is no address on a host" if not address.startswith("localhost:") else ""
        if address_risk(address) and "@" in address:
            return "this address hides its host"
        full = address if "://" in address else f"//{address}"
        try:
            host = (urlsplit(full.strip().replace("\\", "/")).hostname or "").rstrip(".")
        except ValueError:
            host = ""
        if _matches(host, self.limits.denied("host")):
            return f"the host {host} is denied"
        if not self.limits.allow_hosts or _matches(host, self.limits.allow_hosts):
            return ""
        return f"the host {host or address[:60]!r} is not among {', '.join(self.limits.allow_hosts)}"

    def _shown_host(self, seen: Observation) -> str | None:
        """The host in the address bar; None where none is read there."""
        try:
            # On a desktop any program can tell anything: there the picture is read.
            told = seen.elements or (seen.details.tree(seen.frame) if seen.details and not seen.windows else ())
        except EnvError:
            return None
        if told:
            texts = _texts_around_page(told, _BAR * seen.frame.height)
        else:
            browser = _browser_window(seen)
            texts = _texts_in_toolbar(self.perceive(seen.image).elements, browser) if browser else []
        found = (m.group(1) for text in texts if (m := _HOST.match(text.strip().casefold().replace(" ", ""))))
        return next(found, None)


def _texts_around_page(told: Sequence[UiElement], bottom: float) -> list[str]:
    """What a browser itself shows above `bottom`: all that is in no web view or, where there is none, its fields."""
    pages = [e.box for e in told if "webview" in e.role.casefold()]
    above = [e for e in told if e.box.center.y < bottom and not any(page.holds(e.box.center) for page in pages)]
    return [e.text for e in above if pages or "edit" in e.role.casefold()]


def _browser_window(seen: Observation) -> Box | None:
    """The box of the browser in front; the screen where windows are not told; None for one that has no bars."""
    if not seen.windows:
        return Box(0, 0, seen.frame.width, seen.frame.height)
    front = next((w for w in seen.windows if w.app == (seen.app or "").partition(": ")[0]), None)
    return None if front is None or front.bare else front.box


def _texts_in_toolbar(elements: Sequence[Element], window: Box) -> list[str]:
    """The texts of the first row under the title or the tabs that begins with three buttons: back, forward, reload.

    The words of a title or a tab, which a page chooses, are above that row, and those of the page below it.
    """
    inside = [e for e in elements if window.holds(e.box.center) and e.box.y1 < window.y1 + _BAR * window.height]
    under = min((e.box.y2 for e in inside), default=0.0)
    lower = sorted((e for e in inside if e.box.y1 > under), key=lambda e: e.box.x1)
    drawings = [e for e in lower if len(e.text) <= 1 and e.box.height <= 2 * e.box.width]
    for button in sorted(drawings, key=lambda e: e.box.center.y):
        row = [e for e in lower if abs(e.box.center.y - button.box.center.y) < button.box.height]
        first = next((at for at, e in enumerate(row) if len(e.text) > 1), len(row))
        if sum(len(e.text) <= 1 for e in row) >= _BUTTONS:
            return [e.text for e in row[first:]] if first >= _BUTTONS else []
    return []


def _matches(name: str, patterns: Sequence[str]) -> bool:
    plain = name.casefold().removesuffix(".exe").removesuffix(".desktop")
    return any(fnmatchcase(plain, pattern.casefold()) for pattern in patterns)


def _is_host(text: str) -> bool:
    """Whether a typed text is a host, with or without a path."""
    return "\n" not in text and _HOST.match(text.casefold()) is not None


def _leaves(chord: str) -> bool:
    """Whether the window system takes a chord to start or switch programs."""
    keys = set(chord.split("+"))
    return "super" in keys or chord in listed("chords", "opens") or {"alt", "tab"} <= keys or {"ctrl", "alt"} <= keys


def _is_browser(app: str | None) -> bool:
    return not listed("programs", "browsers").isdisjoint(
        re.findall(r"[a-z0-9]+", (app or "").partition(": ")[0].casefold())
    )


def _app_at(seen: Observation, x: float, y: float) -> str | None:
    """The program of the front window at a place; None for none."""
    under = (w.app for w in seen.windows if w.box.x1 <= x < w.box.x2 and w.box.y1 <= y < w.box.y2)
    return next(under, None)
