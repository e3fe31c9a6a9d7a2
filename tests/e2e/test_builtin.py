"""The built-in model on real programs: what counts is the file, the display, the server; never the agent's word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.core.task import Ending
from envs.sandbox import SandboxEnv
from tests.e2e.conftest import clipboard, story, work
from tests.e2e.form_server import FormServer

TEXT = ('Grüße, "quotes" & emoji 🎉, عربى', "second line: tab\there, $HOME `x` \\n 'single'")


def cli(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, object]]:
    with pytest.raises(SystemExit) as left:
        main([*arguments, "--json"])
    assert isinstance(left.value.code, int)
    return left.value.code, json.loads(capsys.readouterr().out)


def test_an_editor_writes_exactly_the_text(in_tmp: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = in_tmp / "greeting.txt"
    task = (
        f"Type “{TEXT[0]}”, press Enter, type “{TEXT[1]}”. "
        f"Then open the File menu, click Save As…, type {target} and press Enter"
    )
    status, done = cli(capsys, "run", "--app", "mousepad", "--share", ".", "--out", "ep", task)
    assert (status, done["ending"]) == (0, "done"), done
    assert target.read_text(encoding="utf-8").rstrip("\n") == "\n".join(TEXT)
    assert Path(str(done["report"])).stat().st_size > 10_000


def test_a_calculator_is_clicked() -> None:
    with SandboxEnv(["galculator"]) as env:
        result = work(env, "Click 7, then *, then 8, then =")
        assert result.ending is Ending.DONE, story(result)
        assert {s.action.type for s in result.steps if s.action} == {"click", "finish"}
        assert work(env, "Press Ctrl+C").ending is Ending.DONE
        assert clipboard(env) == "56"


def test_a_terminal_runs_a_command(in_tmp: Path) -> None:
    with SandboxEnv(["xterm"], cwd=".") as env:
        result = work(env, 'Type "printf %s Grüße > made.txt" and press Enter')
    assert result.ending is Ending.DONE, story(result)
    assert (in_tmp / "made.txt").read_text(encoding="utf-8") == "Grüße"


def test_a_web_form_is_filled_and_sent(form: FormServer) -> None:
    task = (
        'Type "Ada Lovelace" into the Name field, check "Subscribe to the newsletter", '
        "select Blue in the Colour list, set the Date field to 2026-03-15, "
        'click "Send the form" and wait for "Thank you"'
    )
    with SandboxEnv([f"chromium {form.url}"], network="loopback") as env:
        result = work(env, task)
    assert result.ending is Ending.DONE, story(result)
    wanted = {"name": "Ada Lovelace", "news": "yes", "colour": "Blue", "date": "2026-03-15", "volume": "20"}
    assert form.sent(story(result)) == wanted, story(result)


def test_a_slider_is_dragged(form: FormServer) -> None:
    with SandboxEnv([f"chromium {form.url}"], network="loopback") as env:
        result = work(env, 'Drag the Volume slider to 80, then click "Send the form"')
    assert result.ending is Ending.DONE, story(result)
    assert abs(int(form.sent()["volume"]) - 80) <= 3


def test_a_dialog_that_appears_on_its_own_is_dismissed(form: FormServer) -> None:
    form.dialog_after = 6
    task = (
        'If a dialog appears, click "Stay signed in". Type "Grace" into the Name field, wait 6 seconds, '
        'check "Subscribe to the newsletter" and click "Send the form"'
    )
    with SandboxEnv([f"chromium {form.url}"], network="loopback") as env:
        result = work(env, task)
    assert result.ending is Ending.DONE, story(result)
    sent = form.sent()
    assert (sent["name"], sent.get("news")) == ("Grace", "yes")
    assert form.dismissed


PREFERENCES = """
import tkinter as tk
from tkinter import messagebox
root = tk.Tk(); root.title("Preferences")
name, sounds = tk.Entry(root, width=30), tk.IntVar()
tk.Label(root, text="User name:").grid(row=0, column=0, padx=8, pady=6); name.grid(row=0, column=1, padx=8)
tk.Label(root, text="City:").grid(row=1, column=0); tk.Entry(root, width=30).grid(row=1, column=1)
tk.Checkbutton(root, text="Enable sounds", variable=sounds).grid(row=2, column=0, columnspan=2, sticky="w")
def apply():
    open("applied.txt", "w").write(f"{name.get()} {sounds.get()}")
    tk.Label(root, text="Saved.").grid(row=4, column=0)
tk.Button(root, text="Apply", command=apply).grid(row=3, column=0, pady=40)
root.after(4000, lambda: messagebox.showinfo("Update", "A new version is available."))
root.mainloop()
"""


def test_a_message_box_that_nobody_spoke_of_is_closed(in_tmp: Path) -> None:
    (in_tmp / "preferences.py").write_text(PREFERENCES)
    with SandboxEnv(["/usr/bin/python3 preferences.py"], cwd=".") as env:
        result = work(env, 'Type "x1" into User name, wait 4 seconds, check "Enable sounds", then click Apply')
    assert result.ending is Ending.DONE, story(result)
    assert "closed unasked" in result.message
    assert (in_tmp / "applied.txt").read_text() == "x1 1"


def test_what_is_not_there_is_said(form: FormServer) -> None:
    with SandboxEnv([f"chromium {form.url}"], network="loopback") as env:
        result = work(env, "Click the Frobnicate button")
    assert result.ending is Ending.GAVE_UP
    assert "Frobnicate" in result.message
    assert form.clicks == []


def test_a_task_that_needs_planning_points_to_a_model() -> None:
    with SandboxEnv(["mousepad"], cwd=".") as env:
        result = work(env, "Organise my notes by topic and find the cheapest flight")
    assert result.ending is Ending.GAVE_UP
    assert "--model" in result.message
