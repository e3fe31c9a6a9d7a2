"""What a client reads of the recorded episodes: the list, an ending, the steps in words, the screen of a step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue

from actions.errors import one_line, plural
from agent.core.errors import UserError
from agent.core.step import Step, Target
from agent.core.targets import in_words
from agent.episodes import Episode, EpisodeError, read_episode
from agent.episodes.replay.simulate import simulate
from agent.episodes.targets import EpisodeTargets
from agent.mcp.arguments import ReadEpisodeArguments
from agent.mcp.calls import ToolReply
from agent.mcp.client_model import ShownFrame

_NEWEST = 20
_STEPS = 200


def episode_folder(runs: Path, name: str) -> Path:
    """The folder of the episode called `name` in `runs`, and nowhere else. Raises `UserError`."""
    folder = runs / Path(name).name
    inside = name in (folder.name, str(folder), str(folder.absolute())) and folder.resolve().parent == runs.resolve()
    if not inside or not (folder / "episode.json").is_file():
        raise UserError(f"no episode {one_line(name, 100)!r}: call read_episode without a name for their list")
    return folder


def read_recorded(runs: Path, arguments: ReadEpisodeArguments, longest: int) -> ToolReply:
    """What `read_episode` returns. Raises `actions.errors.HandeyeError`."""
    if not arguments.episode:
        return ToolReply({"episodes": _newest(runs)})
    episode = read_episode(episode_folder(runs, arguments.episode))
    named = EpisodeTargets(episode.folder)
    steps = "\n".join(_line(step, named.of(step)) for step in episode.steps[:_STEPS])
    more = len(episode.steps) - _STEPS
    text = steps + (f"\n… and {plural(more, 'more step')}" if more > 0 else "")
    if arguments.step is None:
        return ToolReply(_facts(episode), text)
    step = next((step for step in episode.steps if step.index + 1 == arguments.step), None)
    if step is None:
        raise UserError(f"{arguments.episode} has no step {arguments.step}: it has {len(episode.steps)}")
    picture = ShownFrame.of(step.frame, longest).png(episode.image(step))
    return ToolReply(_facts(episode), text, (picture,))


def simulated(runs: Path, name: str) -> ToolReply:
    """What `replay` returns without a screen. Raises `actions.errors.HandeyeError`."""
    return ToolReply(simulate(episode_folder(runs, name)).to_json())


def _newest(runs: Path) -> list[JsonValue]:
    found = sorted(runs.glob("*/episode.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    listed = list[JsonValue]()
    for path in found[:_NEWEST]:
        try:
            listed.append(_facts(read_episode(path.parent)))
        except EpisodeError as error:
            listed.append({"episode": path.parent.name, "problem": one_line(str(error), 200)})
    return listed


def _facts(episode: Episode) -> dict[str, JsonValue]:
    return {
        "episode": episode.folder.name,
        "task": episode.header.task,
        "model": episode.header.model,
        "env": episode.header.env,
        "ending": str(episode.ending) if episode.ending else None,
        "message": episode.message,
        "answer": episode.answer,
        "steps": len(episode.steps),
        "problems": list(episode.problems),
    }


def _line(step: Step, targets: Sequence[Target]) -> str:
    said = [one_line(step.thought, 200)] if step.thought else []
    said += [one_line(step.effect, 200)] if step.effect else []
    return "  ".join([f"{step.index + 1}. {in_words(step, targets)}", *said])
