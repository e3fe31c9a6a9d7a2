"""``handeye models``."""

from __future__ import annotations

import typer

from agent.cli.options import AsJson, print_json


def models(as_json: AsJson = False) -> None:
    """List the models and dialects that --model understands."""
    from agent.models.opening import known_dialects, known_models

    known, dialects = known_models(), known_dialects()
    if as_json:
        named = [{"name": name, "description": words} for name, words in known.items()]
        print_json({"models": named, "dialects": dialects})
        return
    width = max(map(len, known))
    for name, words in known.items():
        typer.echo(f"{name:<{width}}  {words}")
    typer.echo("\nfamilies on a server (handeye models --json says more):")
    for dialect in dialects:
        does = " and ".join(dialect["platforms"]) or "locates only"
        typer.echo(f"{dialect['name']:<20}  {does:<18}  {dialect['sizes']:<36}  {dialect['licence']}")
