"""The user's copies of owners' prompts: taken, checked and kept, and put into a dialect in the place of ours."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from string import Template

import httpx

from agent.core.model import ModelError
from agent.models.dialects.dialect import IMAGE, Dialect, PromptTemplate
from agent.models.owner_prompts.extracting import extract
from agent.models.owner_prompts.sources import OWNERS, TODAY, PromptOwner, PromptSource

RAW = "https://raw.githubusercontent.com"
_TEMPLATES = ("chat_template.jinja", "chat_template.json", "tokenizer_config.json")


@dataclass(frozen=True)
class OwnerPrompts:
    """The texts of one family as the user has them, by `PromptSource.name`, and where they are from."""

    family: str
    source: str
    texts: dict[str, str]

    @property
    def sha256(self) -> str:
        """Over all texts, the first 16 hex digits."""
        return _hash(json.dumps(self.texts, sort_keys=True, ensure_ascii=False))

    def put_into(self, dialect: Dialect) -> Dialect:
        """`dialect` with these texts for ours. Raises `ModelError`, one line."""
        for source in _owner(dialect.name).sources:
            if source.name not in self.texts:
                raise ModelError(f"{self.family}: {source.name} is not among the owner's prompts here: {_again(self)}")
            text = self.texts[source.name]
            if source.use == "locate":
                dialect = replace(dialect, locate=_with(dialect.locate, source, text))
            elif source.use in dialect.decide:
                prompt = _with(dialect.decide[source.use], source, text)
                dialect = replace(dialect, decide={**dialect.decide, source.use: prompt})
        return dialect


def take_prompts(
    dialect: Dialect, place: Path | None, any_version: bool = False, raw: str = RAW
) -> tuple[OwnerPrompts, list[str]]:
    """The owner's prompts of a family from its repository (None), a checkout, a checkpoint's folder or one file.

    They are checked by their hashes (not with `any_version`) and placeholders. Also gives a line for each. Raises
    `ModelError`, one line.
    """
    owner = _owner(dialect.name)
    read = _reader(owner, place, raw)
    texts, lines = dict[str, str](), list[str]()
    for source in owner.sources:
        held = "\n".join(read(file) for file in filter(None, (source.file, source.also)))
        text = extract(source.kind, held, source.symbol, _tool_of(dialect, source))
        if source.sha256 not in ("", _hash(text)) and not any_version:
            raise ModelError(
                f"{source.name} is not the text that is known ({_hash(text)}, not {source.sha256}): take "
                f"{owner.repository} at {owner.commit[:12]}, or accept it with --any-version"
            )
        texts[source.name] = text
        lines.append(f"{source.use:<8} {source.role:<7} {source.name}  {len(text):,} characters, sha256 {_hash(text)}")
    found = OwnerPrompts(dialect.name, str(place) if place else f"{owner.repository}@{owner.commit[:12]}", texts)
    found.put_into(dialect)
    return found, lines


def save_prompts(prompts: OwnerPrompts) -> Path:
    """Keep `prompts` in the user's cache; the file. Raises `ModelError`."""
    path = _path(prompts.family)
    data = {"family": prompts.family, "source": prompts.source, "sha256": prompts.sha256, "texts": prompts.texts}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise ModelError(f"cannot keep the prompts in {path}: {error.strerror}; set XDG_CACHE_HOME") from error
    return path


def load_prompts(family: str) -> OwnerPrompts:
    """The user's copy. Raises `ModelError`, one line, for a family without one, a missing or a changed one."""
    _owner(family)
    path = _path(family)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        found = OwnerPrompts(data["family"], data["source"], data["texts"])
        same = found.sha256 == data["sha256"]
    except FileNotFoundError as error:
        raise ModelError(f"the owner's prompts of {family} are not here: handeye prompts get {family}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} cannot be read: handeye prompts get {family}") from error
    if not same:
        raise ModelError(f"{path} was changed since it was made: {_again(found)}")
    return found


def _again(prompts: OwnerPrompts) -> str:
    return f"handeye prompts get {prompts.family}"


def _owner(family: str) -> PromptOwner:
    if family not in OWNERS:
        raise ModelError(
            f"where the owner's prompts of {family} stand is not known; known: {', '.join(sorted(OWNERS))}"
        )
    return OWNERS[family]


def _path(family: str) -> Path:
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "handeye" / "prompts" / f"{family}.json"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# Files ---------------------------------------------------------------------------------------------------------------


def _reader(owner: PromptOwner, place: Path | None, raw: str) -> Callable[[str], str]:
    """Gives the text of an owner's file by its path in the repository."""
    if place is None and not owner.repository:
        raise ModelError("the owner's prompts are in the checkpoint's chat template: give its folder with --from")
    if place is None:
        return lambda file: _download(f"{raw}/{owner.repository}/{owner.commit}/{file}")

    def read(file: str) -> str:
        names = _TEMPLATES if file in _TEMPLATES else (file,)
        tried = [place] if place.is_file() else [place / name for name in names]
        path = next((path for path in tried if path.is_file()), None)
        if path is None or (place.is_file() and path.name != Path(file).name and file not in _TEMPLATES):
            raise ModelError(f"{place} has no {file}: give a checkout of {owner.repository or 'the checkpoint'}")
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError(f"cannot read {path}: {error}") from error

    return read


def _download(url: str) -> str:
    try:
        answer = httpx.get(url, timeout=30, follow_redirects=True)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise ModelError(f"cannot get {url}: {error}; give a checkout of it with --from FOLDER") from error
    return answer.text


# Texts ---------------------------------------------------------------------------------------------------------------


def _tool_of(dialect: Dialect, source: PromptSource) -> dict[str, object] | None:
    """The function in our own prompt, for a chat template to write around."""
    if source.kind != "chat_template" or source.use == "locate":
        return None
    found = re.search(r"<tools>\n(.*?)\n</tools>", dialect.decide[source.use].system, re.DOTALL)
    return dict(json.loads(found[1])) if found else None


def _with(prompt: PromptTemplate, source: PromptSource, text: str) -> PromptTemplate:
    """`prompt` with an owner's text for ours."""
    if source.kind != "chat_template":  # what a template writes holds our own tool with its placeholders
        text = text.replace("$", "$$")
    for theirs, ours in source.fill.items():
        if theirs not in text:
            raise ModelError(f"{source.name}: the placeholder {theirs} is missing")
        date = datetime.date.today().strftime(ours.removeprefix(TODAY)) if ours.startswith(TODAY) else ours
        text = text.replace(theirs, date)
    if source.keep:
        ours, mark, rest = prompt.system.partition(source.keep)
        text += mark + rest
    if not Template(text).is_valid():
        raise ModelError(f"{source.name}: a $ in it is no placeholder of ours")
    if source.role == "system":
        return replace(prompt, system=text)
    longest = max((part for part in prompt.user if part != IMAGE), key=len)
    if not set(Template(longest).get_identifiers()) - {"width", "height"} <= set(Template(text).get_identifiers()):
        raise ModelError(f"{source.name}: it has no place for what ours is filled with")
    return replace(prompt, user=tuple(text if part is longest else part for part in prompt.user))
