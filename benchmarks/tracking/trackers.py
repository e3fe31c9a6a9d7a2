"""`log_result`: one finished result to the named trackers; `check_trackers`: are their libraries there?"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from agent.core.errors import UserError
from benchmarks.runner.result import SuiteResult
from benchmarks.tracking.figures import facts, numbers, title
from benchmarks.tracking.names import TrackerName

_ROWS = 10_000
"""The most verdicts in a table of W&B."""

_NEEDS: dict[TrackerName, tuple[tuple[str, ...], str]] = {
    TrackerName.wandb: (("wandb",), "wandb"),
    TrackerName.mlflow: (("mlflow",), "mlflow"),
    TrackerName.tensorboard: (("tensorboardX", "tensorboard"), "tensorboardX"),
    TrackerName.inspect: (("inspect_ai",), "inspect-ai"),
}
"""The modules of which one must be there, and what to install."""


def check_trackers(names: Sequence[TrackerName]) -> None:
    """Raise `UserError` for a tracker whose library is not installed."""
    lacking = [name for name in names if not any(find_spec(module) for module in _NEEDS[name][0])]
    if lacking:
        install = " ".join(_NEEDS[name][1] for name in lacking)
        raise UserError(f"--log-to {lacking[0].value} needs a package that is not installed: pip install {install}")


def log_result(names: Sequence[TrackerName], result: SuiteResult, folder: Path) -> tuple[list[str], list[str]]:
    """Log the result in `folder`. A line on each place where it is now, and one on each tracker that failed."""
    done, failed = list[str](), list[str]()
    for name in dict.fromkeys(names):
        try:
            done.append(f"{name.value} {_LOGGERS[name](result, folder)}")
        except Exception as error:  # noqa: BLE001 - theirs; the result is kept, whatever a tracker raises
            said = " ".join(str(error).split())[:300]
            failed.append(f"not logged to {name.value}: {type(error).__name__}: {said}")
    return done, failed


def _wandb(result: SuiteResult, folder: Path) -> str:
    import wandb

    project = os.environ.get("WANDB_PROJECT") or "handeye"
    with wandb.init(project=project, name=title(result), config=facts(result), dir=str(folder)) as run:
        table = wandb.Table(columns=["id", "correct", "kind", "instruction", "answer"])
        for one in result.verdicts[:_ROWS]:
            table.add_data(one["id"], one["correct"], one["kind"], one["instruction"][:2000], one["raw"][:4000])
        run.log({**numbers(result), "verdicts": table})
        return str(run.url or run.dir)


def _mlflow(result: SuiteResult, folder: Path) -> str:
    import mlflow

    mlflow.set_experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME") or "handeye")
    with mlflow.start_run(run_name=title(result)) as run:
        mlflow.log_params({_plain(name): str(value)[:500] for name, value in facts(result).items()})
        mlflow.log_metrics({_plain(name): value for name, value in numbers(result).items()})
        for file in ("result.json", "report.html"):
            if (folder / file).is_file():
                mlflow.log_artifact(str(folder / file))
        return f"{mlflow.get_tracking_uri()} run {run.info.run_id}"


def _plain(name: str) -> str:
    """`name` with the letters that MLflow takes."""
    return "".join(letter if letter.isalnum() or letter in "_-. /" else "_" for letter in name)


def _tensorboard(result: SuiteResult, folder: Path) -> str:
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        from torch.utils.tensorboard import SummaryWriter
    place = folder / "tensorboard"
    with SummaryWriter(str(place)) as writer:
        for name, value in numbers(result).items():
            writer.add_scalar(name, value, 0)
        writer.add_text("run", "\n".join(f"* {name}: {value}" for name, value in facts(result).items()), 0)
    return str(place)


def _inspect(result: SuiteResult, folder: Path) -> str:
    from benchmarks.tracking.inspect_log import eval_log, write_log

    return str(write_log(eval_log(result), folder))


_LOGGERS: dict[TrackerName, Callable[[SuiteResult, Path], str]] = {
    TrackerName.wandb: _wandb,
    TrackerName.mlflow: _mlflow,
    TrackerName.tensorboard: _tensorboard,
    TrackerName.inspect: _inspect,
}
