"""Keeping what must not be kept out of a demonstration: secrets by name, and whatever is typed unseen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher

from agent.core.step import Step
from agent.episodes.recording.typed_text import SHORT, Echo
from agent.guard.masks import Masks, read_text
from agent.guard.secrets import SHORTEST, Secrets, placeholder
from envs.env import Image

HIDDEN = "password"
"""The name of what was typed into a field that shows dots; the second one is ``password_2``."""


@dataclass
class Privacy:
    """What of one recording may be stored. `secrets` grows by what is typed unseen; their values stay in memory.

    With `keep_unseen`, text that left no trace on the screen is stored; text that appeared as dots never is.
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

    def storable(self, text: str, echo: Echo) -> tuple[str, str]:
        """`text` as it may be stored, and a remark on what was left out (empty where nothing was)."""
        if text == placeholder(HIDDEN):  # entered on a device's keyboard: nobody knows the letters
            self.hidden += [HIDDEN] if HIDDEN not in self.hidden else []
            return text, "what was entered into a field that hides it is not stored"
        redacted = self.secrets.redact(text)
        if redacted != text:
            return redacted, ""
        part = next((name for name, value in self._given.items() if _part_of(text, value)), None)
        if part is not None:
            return placeholder(part), f"a part of the secret {part} was typed by itself: it stands for all of it"
        if echo == "hidden" or (echo == "unseen" and len(text) >= SHORT and not self.keep_unseen):
            name = self._name(text)
            how = "appeared as dots" if echo == "hidden" else "was not seen on the screen"
            return placeholder(name), f"what was typed {how}: it is not stored"
        return text, ""

    def holds_back(self, text: str) -> bool:
        """Whether `text` may be the beginning of a secret that was given."""
        return any(text[-n:] == value[:n] for value in self._given.values() for n in range(2, len(value)))

    def typed(self, stored: str, before: Image, after: Image) -> None:
        """A text that is stored as `stored` was typed between two pictures: mask what shows a given secret."""
        if self._masks and any(placeholder(name) in stored for name in self._given):
            self._masks[0].typed(before, after)

    def hide(self, image: Image) -> Image:
        """`image` with every known place of a value black."""
        for masks in self._masks:
            image = masks.hide(image)
        return image

    def record(self, step: Step) -> Step:
        """`step` without values."""
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
    """Whether a telling part of `value` stands in `text`."""
    if not text:
        return False
    size = SequenceMatcher(None, text, value, autojunk=False).find_longest_match().size
    return size >= min(SHORTEST, -(-len(value) // 2))
