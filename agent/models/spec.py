"""The value that names a model: every command, benchmark, manifest and Python caller passes a `ModelSpec`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from agent.core.errors import UserError
from agent.models.endpoints.patience import Patience

Structured = Literal["auto", "always", "off"]
"""When an answer is held to its shape: where the whole answer is the action (auto), always, or never."""

Prompts = Literal["owner", "ours"]
"""Whose words a family is asked in: those of its owner, which the user has taken from there, or Handeye's."""

BUILTIN, PLANNER_NAME, TEXT_PLANNER_NAME = "builtin", "planner", "text-planner"
"""The name of the built-in model, and of the dialects of planners that see pictures, and that see none."""
MARKS_PLANNER_NAME = f"{PLANNER_NAME}-marks"
"""The dialect of planners that see numbered marks on the picture."""
BUILTIN_STEPS = f"{TEXT_PLANNER_NAME}-steps"
"""The dialect of such planners that may hand instructions to the built-in model."""
PLANS_FIRST = f"{TEXT_PLANNER_NAME}-plan"
"""The dialect of such planners that write a plan first."""


@dataclass(frozen=True)
class ModelSpec:
    """A model and how it is asked. `agent.models.opening.open_model` opens it.

    `name` is ``builtin``, an address with an optional ``#NAME``, ``hf:`` with the folder or hub id of a checkpoint,
    ``module:object``, the name of an installed plug-in, or a name served at HANDEYE_BASE_URL.
    `served_model` is the name on the server; without it a server that serves one model is asked for it.
    `dialect` overrides what the name says: the name of one, a file, or ``module:object``. `space` says what the model's
    coordinates count, against what its dialect says; `prompts` whose words it is asked in. `max_pixels` is the server's
    limit on the area of an image, where it is below the dialect's own: such a server would resize the image again and
    every coordinate would be wrong.
    `profile` is a calibration (``handeye doctor --calibrate``): the saved one of this model if there is one (True),
    the one in a file, or none (False).
    `structured` None means what HANDEYE_STRUCTURED says; without it ``always`` for a checkpoint in this process and
    ``auto`` for a server. `patience` bounds the wait for an answer. `stream` False asks for whole answers; `prefill`
    says that a server of an unknown kind continues a begun answer. `history_images` is how many screenshots a question
    holds, the current one included, where that is not the family's own number; `context` the tokens that a prompt and
    its answer may have together, where the server does not say. `thinking` is whether the model
    thinks before an answer, or with how many tokens at most, where that is not as its owners do. With a `grounder`,
    named as a model is, `name` is that of a planner: it says what to act on in words, and the grounder where that is.
    """

    name: str = BUILTIN
    served_model: str | None = None
    dialect: str | None = None
    max_pixels: int | None = None
    profile: Path | bool = True
    structured: Structured | None = None
    patience: Patience = field(default_factory=Patience)
    stream: bool = True
    prefill: bool = False
    history_images: int | None = None
    context: int | None = None
    thinking: bool | int | None = None
    space: str | None = None
    prompts: Prompts = "ours"
    grounder: str | None = None

    @property
    def plans_blind(self) -> bool:
        """Whether it is asked in words alone, without a picture."""
        return self.dialect in (TEXT_PLANNER_NAME, BUILTIN_STEPS, PLANS_FIRST)

    @property
    def lists_elements(self) -> bool:
        """Whether its questions hold the list of the elements, which is better where the env can tell them."""
        return self.plans_blind or self.dialect == MARKS_PLANNER_NAME

    @property
    def given(self) -> tuple[str, ...]:
        """The options that differ from their defaults, by field name, in the order of the fields."""
        default = ModelSpec()
        return tuple(f.name for f in fields(self)[1:] if getattr(self, f.name) != getattr(default, f.name))

    def refuse(self, where: str, *names: str) -> None:
        """Raise `UserError` if an option among `names` (any, where none are named) was given.

        `where` completes "has no effect …", e.g. ``on the built-in model``.
        """
        for name in self.given:
            if not names or name in names:
                raise UserError(f"{self._flag(name)} has no effect {where}: leave it out")

    def _flag(self, name: str) -> str:
        """The option that sets `name`, as it is written on the command line."""
        if name == "profile":
            return "--profile" if isinstance(self.profile, Path) else "--no-profile"
        return f"--{name.replace('_', '-')}"

    def to_json(self) -> dict[str, Any]:
        """For a manifest; the inverse of `from_json`."""
        return asdict(self) | {"profile": str(self.profile) if isinstance(self.profile, Path) else self.profile}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ModelSpec:
        """Raises `UserError` for an object that is no `ModelSpec`."""
        try:
            profile, structured = data["profile"], data["structured"]
            if structured is not None and structured not in get_args(Structured):
                raise ValueError(f"structured {structured!r}")
            read = {
                "profile": profile if isinstance(profile, bool) else Path(profile),
                "patience": Patience(**data["patience"]),
            }
            return cls(**{**data, **read})
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"not a description of a model: {error}") from error
