"""Programs by what they take: terminals, run boxes, text editors, installers. By window class, package or name."""

from __future__ import annotations

import re

from agent.guard.risk_words import listed, says

_PROMPT = re.compile(
    r"^(?:\(\S+\)\s*)?\[?[\w.-]+@[\w.-]+[\s:].*[$#%>❯]|^PS [A-Z]:\\|^[A-Z]:\\[^>]*>|^(?:>>>|In \[\d+\]:|mysql>|sqlite>"
    r"|bash-\d\S*[$#]|sh-\d\S*[$#]|\w+[=-][#>] )|^[~/]?\S*\s?\$ [a-z./~]|^➜|^❯"
)


def _named(app: str | None, *kinds: str) -> bool:
    """Whether the program of ``Program: title`` is of one of `kinds`, by any word of its class or package."""
    program = (app or "").partition(": ")[0].casefold().removesuffix(".exe")
    names = {*re.findall(r"[^\W_]+", program), re.sub(r"[\W_]", "", program)}
    return any(names & listed("programs", kind) for kind in kinds)


def is_terminal(app: str | None) -> bool:
    """Whether `app` takes command lines."""
    title = (app or "").partition(": ")[2]
    return _named(app, "terminals") or bool(re.match(r"[\w.-]+@[\w.-]+:\s?[~/]", title))


def is_launcher(app: str | None) -> bool:
    """Whether `app` is a box that starts the program whose name is typed."""
    title = (app or "").partition(": ")[2]
    return _named(app, "launchers") or (len(title) < 30 and says("installs", title, exactly=True) is not None)


def is_editor(app: str | None) -> bool:
    """Whether Enter is a new line in `app`."""
    return _named(app, "editors") and not is_terminal(app)


def is_powerful(app: str | None) -> bool:
    """Whether `app` runs commands, installs programs or changes the system."""
    return _named(app, "terminals", "launchers", "installers")


def is_prompt(line: str) -> bool:
    """Whether a line of a screen is a shell's or an interpreter's prompt."""
    return _PROMPT.match(line.strip()) is not None
