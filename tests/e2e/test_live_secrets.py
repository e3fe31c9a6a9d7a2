"""What the live page is served while a secret is typed on a real screen: not its letters, and not its pixels."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from agent.guard.masks import read_text
from tests.agent.scripted_server import ScriptedServer, computer
from tests.agent.views.live.person import Person
from tests.e2e.test_stop import Running

VALUE = "Zebra47Quartz"
FORM = Path(__file__).parents[1] / "agent" / "secret_form.py"
TELLING = ("Zebra", "ebra4", "47Q", "Quartz")
SCRIPT = [
    computer("type", text="ada"),
    computer("key", keys=["tab"]),
    computer("type", text="{{secret:PW}}"),
    computer("key", keys=["enter"]),
    computer("key", keys=["enter"]),
    computer("wait", time=0),
    computer("terminate", status="success"),
]


def test_no_byte_and_no_pixel_of_a_secret_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_CODE", VALUE)
    typed = tmp_path / "typed.json"
    more = ("--live", "--confirm", "always", "--secret", "PW=env:THE_CODE", "--share", f"{FORM.parent}:ro")
    more += ("--share", str(tmp_path))
    with ScriptedServer(SCRIPT) as server:
        app = f"/usr/bin/python3 {FORM} {typed}"
        running = Running(tmp_path, server.url, *more, task=f"Sign in with {VALUE}", app=app)
        try:
            person = Person(running.wait_for(r"watch it at (\S+)"))
            pictures = look_on(person)
            status, _ = running.end()
        finally:
            running.process.kill()
            running.process.wait()
    assert status == 0
    assert json.loads(typed.read_text())["Code"] == VALUE, "the keyboard got it"
    assert VALUE.encode() not in person.bytes
    assert person.bytes.count(b"{{secret:PW}}") > 1
    assert len(pictures) >= 4
    for picture in pictures:
        image = np.asarray(Pillow.open(io.BytesIO(picture)).convert("RGB"))
        read = "".join(text for _, text, _ in read_text(image)).replace(" ", "")
        assert not any(part in read for part in TELLING), read


def look_on(person: Person) -> set[bytes]:
    """Approve everything, take over once while the value shows, and keep every picture that is served."""
    pictures, taken = set(), False
    state = person.see(lambda s: s["card"] and s["card"]["waits"])
    while state["phase"] != "ended":
        card = state["card"]
        if state["screen"]:
            pictures.add(person.ask("GET", "/screen").body)  # type: ignore[attr-defined]
        if state["phase"] == "taken_over" and state["taken_over"]:
            pictures.add(person.ask("GET", "/screen").body)  # type: ignore[attr-defined]
            person.must("hand_back", note=f"I saw {VALUE}")
        elif card and card["waits"] and not card["answered"] and not state["taken_over"]:
            over = not taken and "enter" in card["words"]
            taken = taken or over
            person.do("take_over") if over else person.do("approve", card=card["id"])
        state = person.state(state["version"])
    pictures |= {person.ask("GET", f"/steps/{n}").body for n in range(state["count"])}  # type: ignore[attr-defined]
    person.state(10**9)
    return pictures
