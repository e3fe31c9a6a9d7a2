"""Models of no family: one that points well in a space that nobody knows, and one that a dialect file describes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.cli.main import main
from agent.core.model import ModelError
from agent.models.opening import open_model
from agent.models.spec import ModelSpec
from agent.settings import CONFIG
from tests.agent.scripted_server import Fault, ScriptedServer, Seen
from tests.agent.simulated_grounder import middle_of_red
from tests.e2e.form_server import WANTED, FormServer

SIZE = (1280, 800)
PAGE = Path(__file__).parents[2] / "docs" / "dialects.md"


class AnyModel(ScriptedServer):
    """Points at red discs, and else fills in the form; `say` writes an answer, `side` is the number of an edge."""

    def __init__(self, form: FormServer, say: Callable[..., str], side: float, order: str = "xy") -> None:
        super().__init__([], names=("nobody-knows-it",))
        self.form, self.say, self.side, self.order = form, say, side, order
        self.script = [
            *(self.at("name"), say("type", text=WANTED["name"]), self.at("news"), self.at("colour")),
            *(say("type", text="Blue"), say("key", keys=["enter"]), self.at("date", 0.12)),
            *(say("type", text="03152026"), self.at("volume", 0.79), self.at("send"), say("finish", status="success")),
        ]

    def take(self, seen: Seen) -> str | Fault:
        if not any("circle" in text for text in seen.texts):
            return super().take(seen)
        assert seen.image is not None
        height, width = seen.image.shape[:2]
        x, y = middle_of_red(seen.image)
        return self.say("place", coordinate=self.numbers(x / width, y / height))

    def numbers(self, x: float, y: float) -> list[float]:
        found = [round(x * self.side, 1), round(y * self.side, 1)]
        return found[::-1] if self.order == "yx" else found

    def at(self, name: str, across: float = 0.5) -> Callable[[Seen], str]:
        def point(seen: Seen) -> str:
            x1, y1, x2, y2 = self.form.places_now()[name]
            return self.say(
                "click", coordinate=self.numbers((x1 + across * (x2 - x1)) / SIZE[0], (y1 + y2) / 2 / SIZE[1])
            )

        return point


def as_json(action: str, **arguments: Any) -> str:
    said = arguments if action == "place" else {"thought": "The form.", "action": action, **arguments}
    return json.dumps(said, ensure_ascii=False)


def as_lumen(action: str, **arguments: Any) -> str:
    """The answers of the model that docs/dialects.md tells of."""
    name = {"click": "tap", "type": "write", "key": "press", "finish": "stop"}[action]
    names = {"coordinate": "at", "text": "words", "status": "result"}
    said = ", ".join(f"{names.get(key, key)}={value!r}" for key, value in arguments.items())
    return f"Thought: The form.\nAction: {name}({said})"


def fill(form: FormServer, server: ScriptedServer, out: Path, *options: str) -> None:
    where = ["--env", "sandbox", "--app", f"chromium {form.url}", "--size", "1280x800", "--network", "loopback"]
    asked = ["--model", server.url, *options, "--confirm", "never", "--out", str(out), "Fill in the form and send it"]
    with pytest.raises(SystemExit) as done:
        main(["run", *where, *asked])
    assert done.value.code in (None, 0)
    form.check_wanted(str(out))


def test_a_model_of_an_unknown_space_is_calibrated_and_fills_in_a_form(
    form: FormServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(CONFIG, str(tmp_path))
    with AnyModel(form, as_json, 100, "yx") as server:
        model = ModelSpec(server.url, dialect="general")
        with pytest.raises(ModelError, match="handeye doctor --calibrate"):
            open_model(model, ability="decide")
        with pytest.raises(SystemExit) as done:
            main(["doctor", "--calibrate", server.url, "--dialect", "general", "--json"])
        assert done.value.code in (None, 0)
        found = json.loads(capsys.readouterr().out)
        assert (found["space"], found["order"], found["kind"]) == ("rel100", "yx", "point")
        fill(form, server, tmp_path / "run", "--dialect", "general")
        assert "in the numbers in which you always give places" in server.seen[0].texts[0]


def test_a_file_written_from_the_documentation_fills_in_a_form(form: FormServer, tmp_path: Path) -> None:
    said = re.search(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert said is not None
    file = tmp_path / "lumen.toml"
    file.write_text(said[1])
    with AnyModel(form, as_lumen, 1000) as server:
        fill(form, server, tmp_path / "run", "--dialect", str(file))
