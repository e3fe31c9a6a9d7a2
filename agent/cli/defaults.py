"""Settings as defaults of a command's options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.cli.commands import COMMANDS
from agent.core.errors import UserError
from agent.settings import ChosenDefault, Settings

_SUBCOMMAND = {"bench": "run"}
"""Of a group, the command that takes its settings."""


def put_settings(context: Any, name: str, command: Any, arguments: Sequence[str]) -> None:
    """Make the settings that hold for the command called `name` the defaults of its options.

    `context` and `command` are typer's, `arguments` what follows it on the command line. Raises `UserError` for a value
    that the option does not take, and for a setting in the command's own table that is none of its options.
    """
    settings = Settings(COMMANDS)
    leaf = command.commands[_SUBCOMMAND[name]] if name in _SUBCOMMAND else command
    options = {option[2:]: param for param in leaf.params for option in param.opts if option.startswith("--")}
    given = [name for name, param in options.items() if _is_given(param.opts, arguments)]
    for setting, to in settings.in_table(name).items():
        if setting not in options:
            raise UserError(f"{to.source}: handeye {name} has no option --{setting}")
    found = {setting: to for setting, to in settings.of(name, given).items() if setting in options}
    defaults = {options[setting].name: _text(context, options[setting], setting, to) for setting, to in found.items()}
    command.context_settings["default_map"] = {_SUBCOMMAND[name]: defaults} if name in _SUBCOMMAND else defaults


def _is_given(names: Sequence[str], arguments: Sequence[str]) -> bool:
    """Whether one of an option's names stands on the command line, alone or as ``--name=value`` or ``-mvalue``."""
    before = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return any(
        word == name or word.startswith(f"{name}=" if name.startswith("--") else name)
        for word in before
        for name in names
    )


def _text(context: Any, param: Any, setting: str, to: ChosenDefault) -> str | list[str]:
    """A value as it would stand on the command line. Raises `UserError` where the option does not take it."""
    texts = [str(value) for value in (to.value if isinstance(to.value, list) else [to.value])]
    given = texts if param.multiple else ",".join(texts)
    try:
        param.process_value(context, given)
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        raise UserError(f"{to.source}: {setting} = {given!r}: {error.format_message()}") from error
    return given
