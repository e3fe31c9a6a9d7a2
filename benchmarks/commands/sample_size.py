"""``handeye bench size``: how many samples it takes to tell two models apart."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from actions.errors import plural
from agent.cli.options import AsJson, print_json


def sample_size(
    points: Annotated[
        float | None, typer.Argument(help="The difference to be told, in points (5 is 70 % against 75 %).", min=0)
    ] = None,
    samples: Annotated[
        int | None, typer.Option(help="Ask the other way round: what do so many samples tell?", min=1, metavar="N")
    ] = None,
    accuracy: Annotated[
        float, typer.Option(help="Accuracy of the weaker run, in percent; counts without --disagree.", min=0, max=100)
    ] = 50.0,
    disagree: Annotated[
        float | None,
        typer.Option(
            help="Both runs on the same samples: on how many percent of them exactly one is right.", min=0, max=100
        ),
    ] = None,
    power: Annotated[float, typer.Option(help="Chance to tell it, in percent.", min=50, max=99.9)] = 80.0,
    as_json: AsJson = False,
) -> None:
    """How many samples tell two runs apart (at 95 % confidence), or what a number of samples can tell.

    Two runs on the same samples need fewer: say with --disagree on how many of them they differ (10 to 20 % is
    usual for two good models).

    [bold]Examples[/]

      handeye bench size 5 --accuracy 70

      handeye bench size 2 --disagree 10

      handeye bench size --samples 1272 --disagree 10
    """
    if (points is None) == (samples is None):
        raise typer.BadParameter("give either the difference in points or --samples N")
    answer = size_answer(points, samples, accuracy, disagree, power)
    if as_json:
        print_json(answer)
    else:
        typer.echo(answer["sentence"])
    if answer["undefined"]:
        raise typer.Exit(1)


def size_answer(
    points: float | None, samples: int | None, accuracy: float, disagree: float | None, power: float
) -> dict[str, Any]:
    """The answer as JSON; exactly one of `points` and `samples` is given. Percent and points throughout."""
    from benchmarks.figures.sample_size import samples_to_tell, tellable_difference
    from benchmarks.figures.statistics import Undefined

    share = None if disagree is None else disagree / 100
    known: dict[str, Any] = {"accuracy": accuracy, "disagree": disagree, "power": power, "undefined": None}
    if points is not None:
        number = samples_to_tell(points / 100, accuracy=accuracy / 100, discordant=share, power=power / 100)
        if isinstance(number, Undefined):
            return known | _undefined(number.reason) | {"points": points, "samples": None}
        return known | {"points": points, "samples": number, "sentence": _sentence(points, number, known)}
    assert samples is not None
    gap = tellable_difference(samples, accuracy=accuracy / 100, discordant=share, power=power / 100)
    if isinstance(gap, Undefined):
        return known | _undefined(gap.reason) | {"points": None, "samples": samples}
    return known | {"points": 100 * gap, "samples": samples, "sentence": _sentence(100 * gap, samples, known)}


def _undefined(reason: str) -> dict[str, Any]:
    return {"undefined": reason, "sentence": f"no answer: {reason}"}


def _sentence(points: float, samples: int, known: dict[str, Any]) -> str:
    if known["disagree"] is None:
        setting = f"in each run (different samples; the weaker run at {known['accuracy']:g} %)"
    else:
        setting = f"paired (the same for both runs, which differ on {known['disagree']:g} % of them)"
    return f"{plural(samples, 'sample')} {setting} tell {points:.3g} points apart with power {known['power']:g} %"
