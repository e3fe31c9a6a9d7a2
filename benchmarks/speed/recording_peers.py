"""How two other projects record a step: the same files by the same calls, written anew from their sources.

Both get the screenshot as a PNG that Pillow made with its defaults on the machine that is operated, and keep it whole.
What they record of an answer beyond this step (the messages so far) is left out, in their favour.
"""

from __future__ import annotations

import base64
import io
import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image as Pillow
from PIL import ImageDraw

from actions.action import Click
from agent.core.step import Step
from envs.env import Image


@dataclass(frozen=True)
class RecordingPeer:
    """A project: where its recording is published, and `save`, which records a step with the PNG of its screen."""

    source: str
    commit: str
    path: str
    save: Callable[[Path, Step, bytes], None]


def png_by_pillow(screen: Image) -> bytes:
    """The screenshot as both get it."""
    file = io.BytesIO()
    Pillow.fromarray(screen).save(file, "PNG")
    return file.getvalue()


def _agent_s(folder: Path, step: Step, png: bytes) -> None:
    stamp = time.strftime("%Y%m%d@%H%M%S")
    name = f"step_{step.index + 1}_{stamp}.png"
    (folder / name).write_bytes(png)
    line = {"plan": step.raw, "thought": step.thought, "step_num": step.index + 1, "action_timestamp": stamp,
            "action": str(step.action), "reward": 0, "done": False, "info": {}, "screenshot_file": name}  # fmt: skip
    with (folder / "traj.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _cua(folder: Path, step: Step, png: bytes) -> None:
    turn, first = folder / f"turn_{step.index:03d}", 4 * step.index
    turn.mkdir()
    shot = base64.b64encode(png).decode()  # as it comes from the server
    at = step.action.point if isinstance(step.action, Click) else None
    click = {"type": "click", "x": at.x, "y": at.y} if at else {}
    item = {"type": "computer_call", "call_id": str(uuid.uuid4()), "action": click}
    output = {"type": "computer_call_output", "output": {"type": "input_image", "image_url": "[omitted]"}}
    _write_json(turn / f"{first:04d}_agent_response.json", {"response": {"output": [step.thought, step.raw, item]}})
    (turn / f"{first + 1:04d}_screenshot_after.png").write_bytes(base64.b64decode(shot))
    _write_json(turn / f"{first + 2:04d}_computer_call_result.json", {"item": item, "result": [output]})
    if at:
        marked = Pillow.open(io.BytesIO(base64.b64decode(shot)))
        _draw_cross(marked, int(at.x), int(at.y))
        file = io.BytesIO()
        marked.save(file, format="PNG")
        (turn / f"{first + 3:04d}_screenshot_action.png").write_bytes(file.getvalue())


def _write_json(path: Path, data: Mapping[str, object]) -> None:
    with path.open("w") as file:
        json.dump({**data, "created_at": str(uuid.uuid1().time)}, file, indent=2)


def _draw_cross(image: Pillow.Image, x: int, y: int) -> None:
    pen = ImageDraw.Draw(image)
    for line in ((x - 20, y, x + 20, y), (x, y - 20, x, y + 20)):
        pen.line(line, "red", 2)


PEERS = {
    "cua": RecordingPeer(
        "trycua/cua", "28baf48dec2db97da28a82da96d86ec9974de213",
        "libs/python/agent/agent/callbacks/trajectory_saver.py", _cua,
    ),
    "agent-s": RecordingPeer(
        "simular-ai/Agent-S", "6e01592804498590518822492a96bde1da6a5e4c",
        "osworld_setup/s3/lib_run_single.py", _agent_s,
    ),
}  # fmt: skip
"""By name."""
