"""`Privacy`: which typed text a recording may store, and what is blacked out in its pictures."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher

from agent.core.step import Step
from agent.episodes.recording.typed_text import SHORT, TextVisibility
from agent.guard.masks import Masks, read_text
from agent.guard.secrets import SHORTEST, Secrets, placeholder
from envs.env import Image

HIDDEN = "password"
"""The placeholder name of text typed into a field that shows dots; the second one is ``password_2``."""


@dataclass
class Privacy:
    """What one recording may store. `secrets` grows by the texts that are typed unseen; values stay in memory.

    With `keep_unseen`, text that did not appear on the screen is stored. Text that appeared as dots never is.
    """

    secrets: Secrets = field(default_factory=Secrets)
    keep_unseen: bool = False
    hidden: list[str] = field(default_factory=list)
    _by_value: dict[str, str] = field(default_factory=dict, repr=False)
    _masks: list[Masks] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self._given = dict(self.secrets.values)
        if self._given:
            self._masks.append(Masks(tuple(self._given.values()), read_text))

    def storable(self, text: str, visibility: TextVisibility) -> tuple[str, str]:
        """`text` as it may be stored, and a note on what was left out (empty for nothing)."""
        if text == placeholder(HIDDEN):  # from an on-screen keyboard: the letters are unknown
            self.hidden += [HIDDEN] if HIDDEN not in self.hidden else []
            return text, "text typed into a field that hides it is not stored"
        redacted = self.secrets.redact(text)
        if redacted != text:
            return redacted, ""
        part = next((name for name, value in self._given.items() if _part_of(text, value)), None)
        if part is not None:
            return placeholder(part), f"only a part of the secret {part} was typed: the placeholder stands for it"
        if visibility == "hidden" or (visibility == "unseen" and len(text) >= SHORT and not self.keep_unseen):
            name = self._name(text)
            how = "appeared as dots" if visibility == "hidden" else "did not appear on the screen"
            return placeholder(name), f"the typed text {how}: it is not stored"
        return text, ""

    def holds_back(self, text: str) -> bool:
        """Whether `text` ends with the beginning of a given secret."""
        return any(text[-n:] == value[:n] for value in self._given.values() for n in range(2, len(value)))

    def typed(self, stored: str, before: Image, after: Image) -> None:
        """The text stored as `stored` was typed between two pictures: mask what changed if it holds a given secret."""
        if self._masks and any(placeholder(name) in stored for name in self._given):
            self._masks[0].typed(before, after)

    def hide(self, image: Image) -> Image:
        """`image` with every known place of a value blacked out."""
        for masks in self._masks:
            image = masks.hide(image)
        return image

    def record(self, step: Step) -> Step:
        """`step` with placeholders for values."""
        return self.secrets.record(step) if self.secrets else step

    def _name(self, value: str) -> str:
        if value not in self._by_value:
            count = len(self._by_value) + 1
            name = HIDDEN if count == 1 else f"{HIDDEN}_{count}"
            while name in self._given:
                count += 1
                name = f"{HIDDEN}_{count}"
            self._by_value[value] = name
            self.hidden.append(name)
            if len(value) >= SHORTEST:
                self.secrets = replace(self.secrets, values={**self.secrets.values, name: value})
                self._masks.append(Masks((value,), read_text))
        return self._by_value[value]


def _part_of(text: str, value: str) -> bool:
    """Whether `text` holds at least `SHORTEST` characters, or half, of `value`."""
    if not text:
        return False
    size = SequenceMatcher(None, text, value, autojunk=False).find_longest_match().size
    return size >= min(SHORTEST, -(-len(value) // 2))
