"""Checks of values against a JSON schema (draft 2020-12)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import jsonschema

from actions.errors import one_line

_Base = jsonschema.Draft202012Validator


def _finite(_: Any, value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_Validator = jsonschema.validators.extend(_Base, type_checker=_Base.TYPE_CHECKER.redefine("number", _finite))  # type: ignore[no-untyped-call]


def mismatch(value: Any, schema: Mapping[str, Any]) -> str:
    """Why `value` does not fit `schema`, in one line; empty when it does. NaN and infinity are no numbers."""
    problem = next(iter(_Validator(schema).iter_errors(value)), None)
    return f"{one_line(problem.message)} (at {problem.json_path})" if problem else ""


def bad_schema(schema: Any) -> str:
    """Why `schema` is not a JSON schema, in one line; empty when it is one."""
    try:
        _Base.check_schema(schema)
    except jsonschema.SchemaError as error:
        return f"{one_line(error.message)} (at {error.json_path})"
    return ""
