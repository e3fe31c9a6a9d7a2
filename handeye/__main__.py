"""``python -m handeye`` and the script ``handeye``: the command line."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line on the arguments of the process."""
    try:
        from agent.cli.main import main as command_line
    except KeyboardInterrupt:
        if "--json" in sys.argv:
            sys.stdout.write('{"error": "stopped"}\n')
        sys.stderr.write("handeye: stopped\n")
        sys.exit(130)

    command_line()


if __name__ == "__main__":
    main()
