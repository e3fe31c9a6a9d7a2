"""The command line. Data goes to stdout; people's output, progress and logs go to stderr."""

from __future__ import annotations

import os
import signal
import sys

from agent.cli.commands import overview

COMPLETION = "_HANDEYE_COMPLETE"
"""Set by the shell when it asks what the line could go on with."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; every error a user can cause is one line on stderr and a non-zero status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments in ([], ["-h"], ["--help"]) and COMPLETION not in os.environ:
        sys.stdout.write(overview())
        sys.exit(0 if arguments else _fail("wrong usage (see handeye --help)", 2, arguments))
    debug = "--debug" in arguments
    # --debug may stand anywhere; the commands themselves do not know it.
    arguments = [*(["--debug"] if debug else []), *(a for a in arguments if a != "--debug")]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C: the record is closed
    try:
        from agent.cli.group import app

        status = app(arguments, prog_name="handeye", standalone_mode=False)
    except KeyboardInterrupt:
        status = _fail("stopped", 130, arguments)
    except Exception as error:
        if debug and not hasattr(error, "format_message"):
            raise
        status = _fail(*_explain(error), arguments)
    sys.exit(status if isinstance(status, int) else 0)


def _explain(error: Exception) -> tuple[str, int]:
    from actions.errors import HandeyeError
    from agent.cli.group import InterruptedCommandError

    if isinstance(error, InterruptedCommandError):
        return "stopped", 130
    if hasattr(error, "format_message"):  # a wrong option or argument
        return f"{error.format_message() or 'wrong usage'} (see handeye --help)", 2
    if isinstance(error, HandeyeError):
        return str(error), 2
    return f"internal error: {type(error).__name__}: {error} (run again with --debug for the details)", 70


def _fail(message: str, status: int, arguments: list[str]) -> int:
    import json

    from actions.errors import one_line

    line = one_line(message, 500)
    sys.stderr.write(f"handeye: {line}\n")
    if "--json" in arguments:
        sys.stdout.write(json.dumps({"error": line}, ensure_ascii=False) + "\n")
    return status


if __name__ == "__main__":
    main()
