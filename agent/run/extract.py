"""``handeye extract``: data from one screen or image, in the shape of a JSON schema or a pydantic model."""

from __future__ import annotations

import io
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from PIL import Image as PilImage
from pydantic import BaseModel, ValidationError

from actions.errors import one_line
from actions.frame import Frame
from agent.core.errors import UserError
from agent.core.model import Model, ModelError
from agent.models.json_schema import bad_schema, mismatch
from agent.run.locate import image_of, read_image
from envs.env import Image, Observation

DEFAULT_QUESTION = "What is on the screen?"


def extract_from_image(image: Image, schema: dict[str, Any] | type[BaseModel], model: Model, question: str = "") -> Any:
    """Data from `image` (RGB uint8 HxWx3) in the shape of `schema`; an instance of it where it is a pydantic model.

    What the model answers is checked here against the whole schema, whatever the model promised. Raises `UserError`
    for a bad schema and `ModelError` for an answer that does not fit it.
    """
    typed = schema if isinstance(schema, type) else None
    rules: dict[str, Any] = typed.model_json_schema() if typed else check_schema(schema)
    frame = Frame(id="image", width=image.shape[1], height=image.shape[0])
    data = model.extract(Observation(image, frame), rules, question.strip() or DEFAULT_QUESTION).data
    if wrong := mismatch(data, rules):
        raise ModelError(f"the answer does not fit the schema: {wrong}")
    if typed is None:
        return data
    try:
        return typed.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ModelError(f"the answer does not fit {typed.__name__}: {first['msg']} at {where or 'the top'}") from error


def check_schema(schema: Any) -> dict[str, Any]:
    """`schema` where it is a JSON schema (draft 2020-12) of an object or array. Raises `UserError`."""
    if not isinstance(schema, dict):
        raise UserError("the schema is not a JSON object: give a JSON schema with type and properties")
    if wrong := bad_schema(schema):
        raise UserError(f"not a JSON schema: {wrong}")
    return schema


def read_schema(name: str) -> dict[str, Any] | type[BaseModel]:
    """The schema in a JSON file, or the pydantic model ``package.module:Class``. Raises `UserError`."""
    module, colon, member = name.partition(":")
    if colon and not Path(name).exists() and all(part.isidentifier() for part in module.split(".")):
        return _pydantic(module, member)
    try:
        return check_schema(json.loads(Path(name).read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise UserError(f"no such schema: {name}; give a JSON file, or package.module:Class") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError(f"cannot read {name} as JSON: {one_line(str(error), 200)}") from error


def _pydantic(module: str, member: str) -> type[BaseModel]:
    sys.path.insert(0, "")  # the user's own modules, as `python -m` finds them
    try:
        found = getattr(import_module(module), member, None)
    except ImportError as error:
        raise UserError(f"cannot import {module}: {error}") from error
    finally:
        sys.path.remove("")
    if not (isinstance(found, type) and issubclass(found, BaseModel)):
        raise UserError(f"{module} has no pydantic model called {member!r}")
    return found


def read_input(source: str) -> Image:
    """The image file at `source`, or the image on stdin where it is ``-``. Raises `UserError`."""
    if source != "-":
        return read_image(Path(source))
    data = sys.stdin.buffer.read()
    if not data:
        raise UserError("no image on stdin: pipe one in, e.g. adb exec-out screencap -p | handeye extract - …")
    return image_of(lambda: PilImage.open(io.BytesIO(data)), "stdin")
