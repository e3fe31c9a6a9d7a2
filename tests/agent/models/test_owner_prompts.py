"""Owners' prompts: taken from each kind of file, checked, kept, put in the place of ours. The texts are stand-ins."""

from __future__ import annotations

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from actions.frame import Frame
from agent.cli.main import main
from agent.core.model import ModelError
from agent.models.chat import ChatModel
from agent.models.dialects.registry import get_dialect
from agent.models.opening import open_model
from agent.models.owner_prompts.extracting import Kind, extract
from agent.models.owner_prompts.sources import OWNERS
from agent.models.owner_prompts.store import load_prompts, save_prompts, take_prompts
from agent.models.spec import ModelSpec
from benchmarks.commands.compare import _lines
from tests.agent.scripted_server import ScriptedServer

SCREEN = Frame(id="0", width=1280, height=800)
PYTHON = '''
from datetime import datetime
DATE = datetime.today().strftime("%Y")
HEAD = "You " + "operate.\\n"
PROMPT = (HEAD + "It is " + DATE + """ {now}
line""")
PROMPT_LONG = "another"

LIST = ["zero", "one {a} {b}"]

class Tool:
    name = "tool"
    parameters = {"enum": [1, True, None]}

    @property
    def about(self):
        return f" It is {self.width} wide. ".strip()

def built(what):
    """Says what."""
    return "Built of " + what + " {{x}} {y}"

BUILT = built(LIST[0])

class Agent:
    def ask(self, task, steps):
        text = f"Task: {task}\\n" "Done: " f"{steps}"
        if steps:
            text = "second {}".strip()
        return text
'''
BUILT = 'Built of zero {x} {"tool": {"enum": [1, true, null]}}'
TEMPLATE = (
    "{%- if tools %}<|im_start|>system\n# Stand-in tools\n<tools>{% for tool in tools %}{{ '\\n' }}{{ tool | tojson }}"
    "{% endfor %}{{ '\\n' }}</tools>\nCall one.<|im_end|>\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
)
NOTEBOOK = json.dumps(
    {
        "cells": [
            {"cell_type": "markdown", "source": ["text = 'no code'"]},
            {"cell_type": "code", "source": ["!pip install x\n", "from y import z"]},
            {"cell_type": "code", "source": ["%magic\n", "who = 'me'\n", "text = f'Task {who}'\n"]},
            {"cell_type": "code", "source": ["this is no Python"]},
        ]
    }
)
README = "# All\n\n## The prompt\n\nSo:\n\n```text\nDo {it}.\n\nNow.\n```\n\n## Other\n\n~~~\nno\n~~~\n"


@pytest.mark.parametrize(
    ("kind", "text", "symbol", "wanted"),
    [
        ("python", PYTHON, "PROMPT", "You operate.\nIt is {DATE} {now}\nline"),
        ("python", PYTHON, "Agent.ask.text#1", "Task: {task}\nDone: {steps}"),
        ("python", PYTHON, "ask.text#2", "second {}"),
        ("python", PYTHON, "LIST[1].format(b=Tool.about)", "one {a} It is {self.width} wide."),
        ("python", PYTHON, "BUILT.format(y=json.dumps({Tool.name: Tool.parameters}))", BUILT),
        ("notebook", NOTEBOOK, "text", "Task {who}"),
        ("json", json.dumps({"prompts": [{"system": "S"}]}), "prompts.0.system", "S"),
        ("markdown", README, "The prompt", "Do {it}.\n\nNow."),
        ("chat_template", TEMPLATE, "", '# Stand-in tools\n<tools>\n{"name": "t"}\n</tools>\nCall one.'),
        (
            "chat_template",
            json.dumps({"chat_template": TEMPLATE}),
            "",
            '# Stand-in tools\n<tools>\n{"name": "t"}\n</tools>\n',
        ),
    ],
)
def test_a_text_is_taken_from_each_kind_of_file(kind: Kind, text: str, symbol: str, wanted: str) -> None:
    found = extract(kind, text, symbol, {"name": "t"})
    assert found.startswith(wanted) if wanted.endswith("\n") else found == wanted


@pytest.mark.parametrize(
    ("kind", "text", "symbol"),
    [
        ("python", PYTHON, "PROMT"),
        ("python", PYTHON, "ask.text"),  # two of them
        ("python", PYTHON, "Tool.parameters"),  # no text
        ("python", PYTHON, "Tool.nothing + '!'"),
        ("python", PYTHON, "LIST[2].strip()"),
        ("python", PYTHON, "open('x').format(a=1)"),
        ("python", "PROMPT = print('run')", "PROMPT"),
        ("python", "PROMPT = (", "PROMPT"),
        ("notebook", "{}", "text"),
        ("json", '{"a": {"b": 1}}', "a.b"),
        ("markdown", README, "A prompt"),
        ("chat_template", "{{ messages[9].x.y }}", ""),
        ("chat_template", "{% for %}", ""),
        ("chat_template", "plain", ""),
    ],
)
def test_what_is_not_there_is_one_line(kind: Kind, text: str, symbol: str) -> None:
    with pytest.raises(ModelError, match=r"\A[^\n]*cannot be read: [^\n]+\Z"):
        extract(kind, text, symbol, {})


UI_TARS = {
    "COMPUTER_USE_DOUBAO": "Stand-in, in {language}, costs $5.\nTask: {instruction}\n",
    "MOBILE_USE_DOUBAO": "On a phone, in {language}: {instruction}",
    "GROUNDING_DOUBAO": "Find it: {instruction}",
}


def checkout(folder: Path, texts: dict[str, str] = UI_TARS) -> Path:
    file = folder / "codes" / "ui_tars" / "prompt.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{name} = {text!r}\n" for name, text in texts.items()))
    return folder


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as done:
        main(list(arguments))
    return int(done.value.code or 0)


def test_prompts_are_taken_checked_kept_and_asked_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(checkout(tmp_path / "co"))
    assert run("prompts", "get", "ui-tars-1.5", "--from", folder) == 2
    assert "COMPUTER_USE_DOUBAO is not the text that is known" in capsys.readouterr().err
    with ScriptedServer(["x"], names=("UI-TARS-1.5-7B",)) as server:
        with pytest.raises(ModelError, match=r"not here: handeye prompts get ui-tars-1\.5"):
            open_model(ModelSpec(server.url, prompts="owner"))
        assert run("prompts", "get", "ui-tars-1.5", "--from", folder, "--any-version", "--json") == 0
        said = json.loads(capsys.readouterr().out)
        ours, owners = (open_model(ModelSpec(server.url, prompts=whose)) for whose in ("ours", "owner"))
    assert isinstance(owners, ChatModel)
    assert isinstance(ours, ChatModel)
    assert (ours.prompts, owners.prompts) == ("ours", f"owner {said['sha256']}")
    assert ours.prompt_hash != owners.prompt_hash
    chat = owners.speaks.ask_action("Save ${it}", SCREEN, [], "desktop")
    assert "Stand-in, in English, costs $5.\nTask: Save ${it}\n" in chat.parts
    assert "Find it: the button" in owners.speaks.ask_place("the button", SCREEN).parts
    assert run("prompts", "list") == 0
    assert f"here, sha256 {said['sha256']}" in capsys.readouterr().out
    kept = Path(said["file"])
    kept.write_text(kept.read_text().replace("Stand-in", "Changed"))
    with pytest.raises(ModelError, match=r"changed since it was made: handeye prompts get ui-tars-1\.5"):
        load_prompts("ui-tars-1.5")


def test_a_tool_of_another_file_is_put_into_its_template(tmp_path: Path) -> None:
    (tmp_path / "src/fara/qwen_helpers").mkdir(parents=True)
    (tmp_path / "src/fara/qwen_helpers/fncall_prompt.py").write_text('FN_CALL_TEMPLATE = "Stand-in: {tool_descs}"\n')
    (tmp_path / "src/fara/_prompts.py").write_text(
        'class FaraComputerUse:\n name = "computer_use"\n parameters = {"type": "object"}\n'
        ' def description(self):\n  return f"{self.display_width_px}x{self.display_height_px}"\n'
    )
    prompts, _ = take_prompts(get_dialect("fara-7b"), tmp_path, any_version=True)
    chat = prompts.put_into(get_dialect("fara-7b")).ask_action("Buy", SCREEN, [], "desktop")
    tool = '{"name": "computer_use", "description": "1288x812", "parameters": {"type": "object"}}'
    said = f'{{"type": "function", "function": {tool}}}'
    assert chat.system == f"You are a helpful assistant.\n\nStand-in: {said}"


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("COMPUTER_USE_DOUBAO", "in {language}, no task", "the placeholder {instruction} is missing"),
        ("GROUNDING_DOUBAO", None, "GROUNDING_DOUBAO cannot be read"),
    ],
)
def test_a_text_without_its_placeholders_is_refused(tmp_path: Path, name: str, text: str | None, why: str) -> None:
    texts: dict[str, Any] = {**UI_TARS, name: text}
    with pytest.raises(ModelError, match=why):
        take_prompts(get_dialect("ui-tars-1.5"), checkout(tmp_path, texts), any_version=True)


def test_a_file_that_is_not_there_and_a_family_that_is_not_known_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has no codes/ui_tars/prompt\.py: give a checkout of bytedance/UI-TARS"):
        take_prompts(get_dialect("ui-tars-1.5"), tmp_path)
    with pytest.raises(ModelError, match="where the owner's prompts of seeclick stand is not known; known: "):
        take_prompts(get_dialect("seeclick"), tmp_path)
    with pytest.raises(ModelError, match="give its folder with --from"):
        take_prompts(get_dialect("qwen3.5"), None)


def test_without_a_folder_they_come_from_the_repository(tmp_path: Path) -> None:
    checkout(tmp_path)
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write((tmp_path / "codes/ui_tars/prompt.py").read_bytes())

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        raw = f"http://127.0.0.1:{server.server_port}"
        found, lines = take_prompts(get_dialect("ui-tars-1.5"), None, True, raw)
        server.shutdown()
        thread.join()
    owner = OWNERS["ui-tars-1.5"]
    assert paths[0] == f"/bytedance/UI-TARS/{owner.commit}/codes/ui_tars/prompt.py"
    assert found.texts["codes/ui_tars/prompt.py: GROUNDING_DOUBAO"] == UI_TARS["GROUNDING_DOUBAO"]
    assert len(lines) == 3
    with pytest.raises(ModelError, match="give a checkout of it with --from FOLDER"):
        take_prompts(get_dialect("ui-tars-1.5"), None, True, "http://127.0.0.1:9")


def test_a_checkpoints_template_writes_around_our_tool(tmp_path: Path) -> None:
    (tmp_path / "chat_template.jinja").write_text(TEMPLATE)
    ours = get_dialect("qwen3.5")
    save_prompts(take_prompts(ours, tmp_path)[0])
    speaks = load_prompts("qwen3.5").put_into(ours)
    system = speaks.ask_action("t", SCREEN, [], "desktop").system
    assert system.startswith('# Stand-in tools\n<tools>\n{"type": "function"')
    assert system.endswith(ours.decide["desktop"].system.partition("# Response format")[2])


def test_a_comparison_names_the_prompts() -> None:
    one = {"model": "m", "headline": "50 %", "prompts": "ours"}
    other = {"model": "m", "headline": "60 %", "prompts": "owner 12ab"}
    found: dict[str, Any] = {"a": one, "b": other, "warnings": [], "sentence": "B is better by 10 points."}
    assert _lines(found)[:2] == ["A: m (prompts: ours), 50 %", "B: m (prompts: owner 12ab), 60 %"]


@pytest.mark.parametrize("family", [family for family, owner in OWNERS.items() if owner.repository])
def test_the_owners_own_files(family: str) -> None:
    """Against checkouts ``OWNER+NAME`` in the folder that HANDEYE_OWNERS names."""
    root = os.environ.get("HANDEYE_OWNERS")
    owner = OWNERS[family]
    folder = Path(root or "") / owner.repository.replace("/", "+")
    if not root or not folder.is_dir():
        pytest.skip(f"no checkout of {owner.repository}: set HANDEYE_OWNERS to the folder that has it")
    found, lines = take_prompts(get_dialect(family), folder)
    assert len(found.texts) == len(lines) == len(owner.sources)
