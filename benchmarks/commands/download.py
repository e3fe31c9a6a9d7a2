"""``handeye bench download``: the data set of a suite, from the Hugging Face hub."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actions.errors import did_you_mean, plural
from agent.cli.options import AsJson, print_json
from agent.core.errors import UserError

if TYPE_CHECKING:
    from benchmarks.hub.download import Download, Listing
    from benchmarks.hub.sources import HubData


def download(
    suite: Annotated[
        str | None, typer.Argument(help="A suite; without one, all data sets are listed.", metavar="[SUITE]")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="The folder. Default: data/SUITE.", metavar="DIR")] = None,
    repo: Annotated[
        str | None, typer.Option(help="Another copy on the hub, in a layout that is read.", metavar="OWNER/NAME")
    ] = None,
    revision: Annotated[
        str | None, typer.Option(help="A commit, tag or branch of the repository. Default: the newest.", metavar="REV")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; the licence is accepted.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch the data set of a suite from the Hugging Face hub; its licence and size are shown first.

    What was interrupted goes on where it stopped; each file is checked against the hub's checksum, and the folder
    appears when all of it is there. HF_TOKEN is your token where terms must be accepted, HF_ENDPOINT another address.

    [bold]Examples[/]

      handeye bench download

      handeye bench download screenspot-v2 --to ScreenSpot-v2

      handeye bench download screenspot-pro --repo lmms-lab/ScreenSpot-Pro --yes
    """
    from benchmarks.hub.download import Download, list_files, recorded

    if suite is None:
        _list(as_json)
        return
    name, data = _data_of(suite, repo)
    folder = (to or Path("data") / name).absolute()
    before = recorded(folder)
    listing = list_files(data, revision)
    if before is not None and (before.repo, before.revision) == (listing.repo, listing.revision):
        typer.echo(f"{folder} has it already ({listing.repo}, {listing.revision[:12]})", err=True)
        _say_done(name, folder, listing, as_json)
        return
    with _DownloadBar(listing) as bar:
        fetching = Download(listing, folder, data.archives, bar.advance)
        fetching.check()
        _agree(listing, fetching, folder, data, yes)
        bar.start(fetching.there())
        try:
            fetching.run()
        except KeyboardInterrupt:
            typer.echo("handeye: stopped; the same command goes on where it stopped", err=True)
            raise typer.Exit(130) from None
    _say_done(name, folder, listing, as_json)


def _data_of(suite: str, repo: str | None) -> tuple[str, HubData]:
    """The suite's name and where its data is. Raises `UserError`."""
    from dataclasses import replace

    from benchmarks.hub.sources import DATA_SETS, EVERYTHING, OtherData
    from benchmarks.suites import SUITES, suite_name

    name = suite_name(suite)
    if name not in SUITES:
        meant = did_you_mean(suite, SUITES)
        raise UserError(f"unknown suite {suite!r}.{meant} handeye bench download lists those that have a data set")
    if repo is not None:
        return name, replace(EVERYTHING, repo=repo)
    data = DATA_SETS.get(name)
    if data is None:
        why = "it reads your own screens" if SUITES[name].needs_data else "it makes its own tasks"
        raise UserError(f"{name} has no data set: {why}. handeye bench download lists those that have one")
    if isinstance(data, OtherData):
        raise UserError(f"{name} is not on the hub ({data.address}): {data.how}")
    return name, data


def _list(as_json: bool) -> None:
    from benchmarks.hub.sources import DATA_SETS, HubData

    if as_json:
        listed = [
            {"suite": name, "address": one.address, "repo": one.repo if isinstance(one, HubData) else None}
            for name, one in DATA_SETS.items()
        ]
        print_json({"data_sets": listed})
        return
    for name, one in DATA_SETS.items():
        how = f"handeye bench download {name}" if isinstance(one, HubData) else one.how
        typer.echo(f"{name:<16}  {one.address}\n{'':<16}  {how}")


def _agree(listing: Listing, fetching: Download, folder: Path, data: HubData, yes: bool) -> None:
    """Show licence and size; ask. Ends the command where the answer is no."""
    for line in _terms(listing, fetching, folder, data):
        typer.echo(line, err=True)
    if yes:
        return
    if not sys.stdin.isatty():
        raise UserError("not downloaded: say --yes to accept this without being asked")
    if not typer.confirm("Download it?", default=True, err=True):
        raise typer.Exit(1)


def _terms(listing: Listing, fetching: Download, folder: Path, data: HubData) -> Iterator[str]:
    yield f"{data.address}" + (f": {data.about}" if data.about else "")
    yield f"  licence   {listing.licence or 'none stated on its card: see its page'}"
    yield f"  revision  {listing.revision}"
    yield f"  size      {_size(listing.size)} in {plural(len(listing.files), 'file')}"
    if there := fetching.there():
        yield f"  there     {_size(there)} of an earlier try"
    yield f"  to        {folder}"


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _say_done(name: str, folder: Path, listing: Listing, as_json: bool) -> None:
    command = ["handeye", "bench", name, "--data", str(folder), "--model", "builtin"]
    if as_json:
        told: dict[str, Any] = {"suite": name, "repo": listing.repo, "revision": listing.revision}
        told |= {"licence": listing.licence, "files": len(listing.files), "bytes": listing.size}
        print_json(told | {"folder": str(folder), "run": command})
        return
    typer.echo(f"{name} is in {folder}")
    typer.echo(f"run it:  {shlex.join(command)}")


class _DownloadBar:
    """The progress on stderr: a bar with rate and time left on a terminal, else a line every tenth."""

    def __init__(self, listing: Listing) -> None:
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
        from rich.progress import TransferSpeedColumn as Speed

        from agent.views.terminal import console

        self._console, self._size, self._done, self._told = console(), listing.size, 0, 0
        columns = TextColumn("downloading"), BarColumn(), DownloadColumn(), Speed(), TimeRemainingColumn()
        self._bar = Progress(*columns, console=self._console)
        self._task = self._bar.add_task("", total=listing.size, start=False)

    def __enter__(self) -> _DownloadBar:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def start(self, done: int) -> None:
        """Show it; `done` bytes were there before."""
        self._done = done
        if self._console.is_terminal:
            self._bar.start()
            self._bar.start_task(self._task)
            self._bar.update(self._task, completed=done)

    def advance(self, count: int) -> None:
        """`count` more bytes; called from several threads."""
        self._done += count
        if self._console.is_terminal:
            self._bar.advance(self._task, count)
        elif self._size and (tenth := 10 * self._done // self._size) > self._told:
            self._told = tenth
            self._console.print(f"downloading: {10 * tenth} % of {_size(self._size)}", markup=False)
