"""`handeye mcp` over stdin and stdout, with the SDK's own client: the form task on a real browser."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.core.task import Ending
from agent.episodes import read_episode
from tests.e2e.form_server import WANTED, FormServer

mcp = pytest.importorskip("mcp", reason="needs pip install 'handeye[mcp]'")
types = pytest.importorskip("mcp_types")

ROOT = Path(__file__).parents[2]


def test_the_official_client_fills_in_the_form(form: FormServer, tmp_path: Path) -> None:
    """It points by what it is shown; sending the form is a risky action, which its user confirms."""
    asked = list[str]()
    where = ["--app", f"chromium {form.url}", "--network", "loopback", "--runs", str(tmp_path / "runs")]
    server = mcp.StdioServerParameters(
        command=sys.executable, args=["-m", "agent.cli.main", "mcp", *where], cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip

    async def confirm(context: Any, params: Any) -> Any:
        asked.append(params.message)
        return types.ElicitResult(action="accept", content={"answer": "do it"})

    async def work() -> None:
        async with mcp.Client(server, elicitation_callback=confirm) as client:

            async def call(tool: str, **arguments: Any) -> Any:
                result = await client.call_tool(tool, arguments)
                assert not result.is_error, result.content[0].text
                return json.loads(result.content[0].text)

            async def click(name: str, across: float = 0.5) -> None:
                x1, y1, x2, y2 = await asyncio.to_thread(lambda: form.places_now(60)[name])
                await call("act", action={"type": "click", "point": [x1 + across * (x2 - x1), (y1 + y2) / 2]})

            async def type_text(text: str) -> None:
                await call("act", action={"type": "type", "text": text})

            await call("observe")
            await asyncio.to_thread(form.places_now)
            found = await call("locate", target="the field right of Name")
            assert found["point"], found
            await call("act", action={"type": "click", "point": found["point"]})
            await type_text(WANTED["name"])
            await click("news")
            await click("colour")
            await type_text("Blue")
            await call("act", action={"type": "key", "chords": ["enter"]})
            await click("date", 0.12)
            await type_text("03152026")
            await click("volume", 0.79)
            await click("send")
            await asyncio.to_thread(form.check_wanted, "sent")
            await call("act", action={"type": "finish", "status": "success"})

    asyncio.run(asyncio.wait_for(work(), 300))
    (path,) = (tmp_path / "runs").glob("*/episode.json")
    episode = read_episode(path.parent)
    assert (episode.ending, episode.problems) == (Ending.DONE, ())
    assert episode.header.model.startswith("MCP client ")
    assert any("Send" in question for question in asked), asked
