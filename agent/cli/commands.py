"""The commands of ``handeye`` as data, and the help that lists them: nothing is imported to show it."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable

ABOUT = "Let a language model operate a screen: run tasks, replay and audit their records, benchmark models."
OPTIONS = {
    "--debug": "Show tracebacks and log everything to stderr.",
    "--version": "Show the version.",
    "--install-completion": "Have this shell complete commands and options with the tab key.",
    "--show-completion": "Print what --install-completion would add.",
    "-h, --help": "Show this message and exit.",
}
COMMANDS = {
    "run": ("agent.cli.run:run", "Do a task on a screen and keep a record of it."),
    "locate": ("agent.cli.locate:locate", "Find a target on a screenshot: where it is, and how sure that is."),
    "elements": (
        "agent.cli.elements:elements",
        "List the elements of a screen: role, words, state and number of each, in reading order.",
    ),
    "doctor": (
        "agent.cli.doctor:doctor",
        "Check this machine: screens, phones, programs, memory, extras; a model and an Android device if named.",
    ),
    "init": (
        "agent.cli.init:init",
        "Choose a model, a screen and limits, try them, and write them as the defaults of all commands.",
    ),
    "config": ("agent.cli.config:config", "Show which defaults hold, and from where."),
    "extract": ("agent.cli.extract:extract", "Read data off a screen into the shape of a schema; JSON on stdout."),
    "serve": ("agent.cli.serve:serve", "Serve a model with the best engine here, until Ctrl-C."),
    "replay": (
        "agent.cli.replay:replay",
        "Use an episode again: as a report, as a check, as questions to another model, or live on a screen.",
    ),
    "record": (
        "agent.cli.record:record",
        "Record what you do on a screen as an episode: to replay it, to test with it, to train on it.",
    ),
    "ask": (
        "agent.cli.ask:ask",
        "Ask what happened in an episode, or what an image, PDF or video shows; answers name steps, pages or times.",
    ),
    "report": (
        "agent.cli.report:report",
        "Write an episode as one HTML page that needs no network: every screen with the action drawn on it.",
    ),
    "view": (
        "benchmarks.commands.view:view",
        "Look at all episodes and benchmark results of a folder on one local page, until Ctrl-C.",
    ),
    "export": ("agent.cli.export:export", "Turn episodes into training data or a script."),
    "models": ("agent.cli.models:models", "List the models and dialects that --model understands."),
    "prompts": (
        "agent.cli.prompts:prompts",
        "Take the prompts of a model's owner from where they stand, and list them.",
    ),
    "bench": (
        "benchmarks.cli:app",
        "Benchmark models: a figure with its interval, and everything that is needed to get it again.",
    ),
    "mcp": (
        "agent.cli.mcp:mcp",
        "Give an MCP client (Claude, VS Code, Cursor, an agent of yours) a screen to see and act on.",
    ),
    "phone": ("envs.phone.cli:app", "Run a simulated Android phone that adb can connect to, until Ctrl-C."),
}
"""Each with its ``module:object`` (a function, or a `typer.Typer`), imported when it is called, and its help's first
paragraph. ``bench`` and ``view`` are in a room above: they are named, and nothing of the agent imports them.
"""


def overview() -> str:
    """The text of ``handeye --help``, as wide as the terminal."""
    width = max(40, shutil.get_terminal_size().columns)
    commands = ((name, about) for name, (_, about) in COMMANDS.items())
    sections = (
        ["Usage: handeye [OPTIONS] COMMAND [ARGS]..."],
        textwrap.wrap(ABOUT, width),
        ["Options:", *_rows(OPTIONS.items(), width)],
        ["Commands (handeye COMMAND --help explains one):", *_rows(commands, width)],
    )
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def _rows(rows: Iterable[tuple[str, str]], width: int) -> list[str]:
    listed = [*rows]
    wide = 2 + max(len(name) for name, _ in listed)
    return [
        line
        for name, about in listed
        for line in textwrap.wrap(about, width, initial_indent=f"  {name:<{wide}}", subsequent_indent=" " * (wide + 2))
    ]
