"""Programs that may be started: never through a shell, never with arguments from a model's text."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "firefox", "firefox-esr", "epiphany")
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = {"chromium-browser": "chromium", "firefox": "firefox-esr", "google-chrome": "chromium"}
"""The Debian package of a program, where it is not the program's own name."""


class ProgramError(ValueError):
    """The target of an `open` is not allowed or not installed. One line with what is."""


@dataclass(frozen=True)
class Application:
    """An installed application: its desktop file's id and name, and the command line without field codes."""

    id: str
    name: str
    argv: tuple[str, ...]

    def is_named(self, target: str) -> bool:
        """Whether `target` is its name or its id, in any case."""
        known = {self.name, self.id, f"{self.id}.desktop", self.id.rsplit(".", 1)[-1]}
        return target.strip().casefold() in {name.casefold() for name in known}

    def is_called(self, target: str) -> bool:
        """Whether `target` is its name, its id, or its program, in any case."""
        return self.is_named(target) or target.strip().casefold() == Path(self.argv[0]).name.casefold()


def installed_apps(environ: Mapping[str, str]) -> Iterator[Application]:
    """The applications of the desktop files in ``XDG_DATA_DIRS`` and ``XDG_DATA_HOME``, the system's first."""
    home = environ.get("XDG_DATA_HOME") or str(Path(environ.get("HOME", "/")) / ".local/share")
    shared = environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    for directory in [*shared.split(":"), home]:
        for path in sorted(Path(directory, "applications").glob("**/*.desktop")):
            app = read_desktop_file(path)
            if app is not None:
                yield app


def read_desktop_file(path: Path) -> Application | None:
    """One application (Desktop Entry Specification 1.5); None for what is hidden, broken or needs a terminal."""
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
        entry = parser["Desktop Entry"]
        argv = tuple(_without_field_codes(shlex.split(entry["Exec"])))
    except (OSError, ValueError, KeyError, configparser.Error):
        return None
    off = any(entry.get(key, "false") == "true" for key in ("NoDisplay", "Hidden", "Terminal"))
    if off or not argv or entry.get("Type") != "Application" or not entry.get("Name"):
        return None
    return Application(path.stem, entry["Name"], argv)


def _without_field_codes(argv: list[str]) -> list[str]:
    kept = [part for part in argv if not re.fullmatch(r"%[a-zA-Z]", part)]
    return [re.sub(r"%[a-zA-Z]", "", part).replace("%%", "%") for part in kept]


class Programs:
    """The allow-list of one environment: installed applications, and the command lines that the user named.

    Everything is read once, here: a desktop file that is saved later is not known, one of the user's does not replace
    one of the system's with the same id, and a program file that has changed since is refused.
    """

    def __init__(self, named: Sequence[str] = (), environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self._path = environ.get("PATH")
        self._stamps: dict[str, _Stamp | None] = {}
        self._named = {shlex.join(argv): self._found(argv) for argv in map(shlex.split, named) if argv}
        apps: dict[str, Application] = {}
        for app in installed_apps(environ):
            if shutil.which(app.argv[0], path=self._path):
                apps.setdefault(app.id, replace(app, argv=self._found(app.argv)))
        self._apps = list(apps.values())
        browser = next((name for name in BROWSERS if shutil.which(name, path=self._path)), None)
        self._browser = None if browser is None else self._found([browser])[0]

    def resolve(self, target: str) -> list[str]:
        """The command line for an `open` action's target: a URL, or a program's name. Raises `ProgramError`."""
        argv = self._chosen(target)
        if self._stamps[argv[0]] != _stamp(argv[0]):
            raise ProgramError(f"{argv[0]} has changed since the start: it is not run")
        return argv

    def _chosen(self, target: str) -> list[str]:
        if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", target.strip()):
            return [self.browser(), check_url(target.strip())]
        wanted = target.strip().casefold()
        for line, argv in self._named.items():
            if wanted in (Path(argv[0]).name.casefold(), line.casefold()):
                return list(argv)
        called = [app for app in self._apps if app.is_called(target)]
        if called:  # "mousepad" is the editor, and not "Mousepad Settings", which runs the same program
            return list(min(called, key=lambda app: (not app.is_named(target), len(app.argv))).argv)
        raise ProgramError(f"no program is called {target!r}: use the name of an installed application, "
                           "or a full URL (https://…)")  # fmt: skip

    def browser(self) -> str:
        """The path of the first browser that was installed at the start. Raises `ProgramError`."""
        if self._browser is None:
            raise ProgramError("no browser is installed: install one with: sudo apt install chromium")
        return self._browser

    def _found(self, argv: Sequence[str]) -> tuple[str, ...]:
        """`argv` with the program's path, whose file is remembered; unchanged where it is not installed."""
        path = shutil.which(argv[0], path=self._path) or argv[0]
        self._stamps[path] = _stamp(path)
        return path, *argv[1:]


_Stamp = tuple[int, int, int]


def _stamp(path: str) -> _Stamp | None:
    """What changes when a file is written or replaced: inode, size and time of change; None where there is no file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_ctime_ns


def check_url(url: str) -> str:
    """`url` if it is a plain http, https or (existing) file URL. Raises `ProgramError`."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ProgramError(f"not a URL: {url!r} ({error})") from error
    if not url.isprintable() or " " in url or '"' in url:
        raise ProgramError(f"not a URL: {url!r}: it has spaces, quotes or control characters")
    if parts.scheme in ("http", "https") and parts.hostname:
        return url
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and Path(unquote(parts.path)).is_file():
        return url
    raise ProgramError(f"cannot open {url!r}: only http and https addresses and files that exist")


def check_page(address: str) -> str:
    """`address` if it is a full one of a page on the web. Raises `ProgramError`."""
    if not re.match(r"https?://", address.strip(), re.IGNORECASE):
        raise ProgramError(f"not the address of a page: {address!r:.80}; give a full one (https://…)")
    return check_url(address.strip())


def is_browser(program: str) -> bool:
    """Whether a window's program, by its name, is a web browser."""
    return any(program.casefold().startswith(name) for name in ("chrom", "google-chrome", "firefox", "epiphany"))


def find_program(argv: Sequence[str], environ: Mapping[str, str]) -> str:
    """The path of the program of a command line. Raises `ProgramError` that says how to install it."""
    if not argv:
        raise ProgramError("no program was named: give one, e.g. --app mousepad")
    found = shutil.which(argv[0], path=environ.get("PATH"))
    if found is None:
        package = PACKAGES.get(argv[0], argv[0])
        how = f"install it with: sudo apt install {package}" if "/" not in argv[0] else "check the path"
        raise ProgramError(f"the program {argv[0]!r} is missing: {how}")
    return found


def private_arguments(argv: Sequence[str], home: Path, root: bool, accessible: bool = False) -> list[str]:
    """`argv` with what a known program needs to run by itself in a new home: no first-run pages, no user's profile;
    `accessible` is whether it shall tell the elements of its pages.
    """
    if Path(argv[0]).name in CHROMIUMS:
        options = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                   "--no-first-run", "--no-default-browser-check", "--disable-dev-shm-usage", "--password-store=basic",
                   "--disable-features=Translate", f"--user-data-dir={home / 'chromium'}"]  # fmt: skip
        options += ["--force-renderer-accessibility"] if accessible else []
        return [argv[0], *(["--no-sandbox", "--test-type"] if root else []), *options, *argv[1:]]
    if Path(argv[0]).name == "xterm":
        return [argv[0], "-fa", "Monospace", "-fs", "12", *argv[1:]]  # its own bitmap font is tiny
    if Path(argv[0]).name.startswith("firefox"):
        return [argv[0], "--no-remote", "--profile", str(home / "firefox"), *argv[1:]]
    return list(argv)
