"""``make demo``: a task in a real editor on a private display, checked from outside.

The built-in model gets an instruction; the result is judged by the file on the disk.
"""

from __future__ import annotations

import sys
from pathlib import Path

from actions.errors import HandeyeError
from agent.run.env_spec import EnvSpec
from agent.run.session import RunOptions, run_task
from agent.views.terminal import console

LINES = 'Grüße, "quotes" & emoji 🎉, عربى', "written by Handeye"
FILE = "notes.txt"


def main() -> int:
    """Run the demo; 0 only when the file holds exactly the text."""
    out = console()
    wanted = Path.cwd() / FILE
    if wanted.exists():
        out.print(f"{wanted} is in the way: move it and try again", markup=False, soft_wrap=True)
        return 2
    task = (
        f"Type “{LINES[0]}”, press Enter, type “{LINES[1]}”, "
        f"open the File menu, click “Save As…”, type “{wanted}” and press Enter"
    )
    try:
        run = run_task(task, EnvSpec("sandbox", apps=("mousepad",), share=(str(Path.cwd()),)), RunOptions())
    except HandeyeError as error:
        out.print(f"handeye: {error}", markup=False, soft_wrap=True)
        return 2
    try:
        return 0 if _check(wanted) and run.result.ending.ok else 1
    finally:
        wanted.unlink(missing_ok=True)


def _check(path: Path) -> bool:
    out = console()
    if not path.exists():
        out.print(f"✘ checked from outside: {path.name} was not written", style="bold red", markup=False)
        return False
    found = path.read_text(encoding="utf-8").rstrip("\n")
    right = found == "\n".join(LINES)
    style = "bold green" if right else "bold red"
    out.print(
        f"{'✔' if right else '✘'} checked from outside: {path.name} holds {found!r}",
        style=style,
        markup=False,
        soft_wrap=True,
    )
    return right


if __name__ == "__main__":
    sys.exit(main())
