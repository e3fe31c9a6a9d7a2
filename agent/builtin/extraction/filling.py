"""A JSON schema filled from a perceived screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent.builtin.extraction.cells import TextCell, cells_of, label_similarity
from agent.builtin.extraction.labels import labelled
from agent.builtin.extraction.schema import WantedValue, read_schema
from agent.builtin.extraction.tables import column, table
from agent.core.model import ModelError
from agent.perception.elements import PerceivedScreen


def extract_values(screen: PerceivedScreen, schema: Mapping[str, Any]) -> Any:
    """The values of the schema, found by the names and descriptions of its properties.

    Plain values are looked for beside, under or after their label, arrays of objects as tables whose headers name the
    properties, other arrays as the lines under a heading. A property that is not required is left out where it is not
    found, one that may be null is null. Raises `ModelError` for a schema that a screen cannot fill, and for a required
    value that is not on the screen.
    """
    wanted = read_schema(schema)
    value = _fill(cells_of(screen), wanted, ())
    if value is None:
        raise _missing(wanted)
    return value


def _fill(cells: Sequence[TextCell], wanted: WantedValue, others: Sequence[WantedValue]) -> Any:
    if wanted.type == "object":
        return _object(_section(cells, wanted), wanted)
    if wanted.type == "array":
        assert wanted.items is not None
        rows = table(_section(cells, wanted), wanted.items) if wanted.items.type == "object" else column(cells, wanted)
        return rows or None
    return labelled(cells, wanted, others)


def _object(cells: Sequence[TextCell], wanted: WantedValue) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for part in wanted.parts:
        value = _fill(cells, part, [other for other in wanted.parts if other is not part])
        if value is not None:
            made[part.key] = value
        elif part.nullable:
            made[part.key] = None
        elif not part.optional:
            raise _missing(part)
    return made


def _section(cells: Sequence[TextCell], wanted: WantedValue) -> Sequence[TextCell]:
    """The cells under the heading named like `wanted`; all where there is no such heading."""
    heads = [c for c in cells if any(label_similarity(name, c.text) >= 90 for name in wanted.names[:2])]
    return [c for c in cells if c.box.y1 >= heads[0].box.y2 - 2] if heads else cells


def _missing(wanted: WantedValue) -> ModelError:
    if not wanted.key:
        return ModelError("nothing that the schema asks for is readable on the screen: use --model")
    kind = "table or list" if wanted.type == "array" else "value"
    return ModelError(
        f"no {kind} for {wanted.key!r} is readable on the screen: rename it as the screen does, or use --model"
    )
