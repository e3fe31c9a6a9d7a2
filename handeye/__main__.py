"""``python -m handeye`` and the script ``handeye``: the command line."""

from __future__ import annotations


def main() -> None:
    """Run the command line on the arguments of the process."""
    from agent.cli.main import main as command_line

    command_line()


if __name__ == "__main__":
    main()
