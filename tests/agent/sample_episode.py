"""A realistic episode with drawn windows, for tests of the report and of whatever else reads episodes."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from actions.action import AnyAction, Click, Drag, Finish, Key, Scroll, TypeText, Wait
from actions.frame import Frame, Point
from agent.core.step import OutcomeRecord, Step, Tokens, VerdictRecord
from agent.core.task import Ending, Limits
from agent.episodes import EpisodeHeader, EpisodeWriter

TASK = "Open the File menu, click Save As…, type “notes.txt” and press Enter"


@dataclass
class Desktop:
    """Draws a desktop with an editor on it."""

    width: int = 1280
    height: int = 800
    dark: bool = False

    def __post_init__(self):
        back, self.panel, self.ink, self.line = (
            ("#1d2330", "#2b303b", "#e8e8e8", "#4a5160") if self.dark else ("#3d6f8f", "#f6f5f4", "#222222", "#cdc7c2")
        )
        self.picture = Image.new("RGB", (self.width, self.height), back)
        self.pen = ImageDraw.Draw(self.picture)
        self.font = ImageFont.load_default(16)

    def box(self, x, y, width, height, fill=None, radius=6):
        self.pen.rounded_rectangle((x, y, x + width, y + height), radius, fill or self.panel, self.line)

    def words(self, x, y, text, fill=None):
        self.pen.text((x, y), text, fill or self.ink, self.font)

    def window(self, x, y, width, height, title):
        self.box(x, y, width, height)
        self.pen.rectangle((x, y, x + width, y + 34), "#3b4252")
        self.words(x + 14, y + 8, title, "#ffffff")

    def editor(self, lines):
        self.window(200, 90, 860, 600, "Untitled 1 - Mousepad")
        for n, name in enumerate(("File", "Edit", "Search", "View", "Document", "Help")):
            self.words(216 + 86 * n, 134, name)
        self.box(210, 164, 840, 516, "#16181d" if self.dark else "#ffffff", 2)
        for n, line in enumerate(lines):
            self.words(222, 176 + 24 * n, line)
        return self

    def menu(self):
        self.box(208, 156, 210, 180)
        for n, name in enumerate(("New", "Open…", "Save", "Save As…", "Print…", "Quit")):
            self.words(226, 168 + 27 * n, name)
        return self

    def dialog(self, name):
        self.window(390, 240, 520, 260, "Save As")
        self.words(410, 300, "Name:")
        self.box(470, 292, 420, 34, "#16181d" if self.dark else "#ffffff")
        self.words(482, 300, name)
        for x, label in ((690, "Cancel"), (795, "Save")):
            self.box(x, 446, 95, 36)
            self.words(x + 24, 455, label)
        return self

    def pixels(self):
        return np.asarray(self.picture)


def write_sample(folder: Path, *, ending: Ending | None = Ending.DONE, dark: bool = False, size=(1280, 800), **texts):
    """Write an episode of eight steps; `texts` replaces `task`, `thought`, `raw`, `typed`, `app`, `message`…"""
    header = EpisodeHeader(
        task=texts.get("task", TASK),
        limits=Limits(steps=30, seconds=120),
        model=texts.get("model", "Qwen/Qwen2.5-VL-3B-Instruct at http://127.0.0.1:8000/v1"),
        dialect=texts.get("dialect", "qwen2.5-vl"),
        prompt_hash="5f1c0a9be2d47713",
        env=texts.get("env", "sandbox :99 1280x800"),
        platform="desktop",
        seeds={"sampling": 7},
        versions={"python": "3.11.9", "handeye": "0.1.0"},
        started=time.time() - 15,
    )
    writer = EpisodeWriter.create(folder, header)
    clock = header.started + 0.4
    for index, (pixels, fields) in enumerate(_scenes(Desktop(*size, dark), texts)):
        timings = _timings(index, fields.get("action"))
        frame = Frame(id=f"{index:04d}", width=size[0], height=size[1])
        shared = {"app": texts.get("app", "mousepad"), "timings": timings, "tokens": Tokens(prompt=1874, completion=61)}
        writer.append(Step(index=index, time=clock, frame=frame, image=writer.add_frame(pixels), **shared | fields))
        clock += sum(timings.values())
    if ending is None:
        writer.close()
    else:
        writer.finish(ending, texts.get("message", "notes.txt was saved"), texts.get("answer"))
    return folder


def _scenes(blank: Desktop, texts: dict[str, str]):
    """Pixels and step fields, one after another."""
    size, dark = (blank.width, blank.height), blank.dark
    lines = ["Shopping list", "", "Apples, tea, a new pair of hands"]

    def editor():
        return Desktop(*size, dark).editor(lines)

    thought = texts.get("thought", "The editor is open. The File menu is at the left end of the menu bar.")
    typed = texts.get("typed", "notes.txt\n“Grüße” & emoji 🎉, عربى")
    raw = texts.get("raw")
    yield editor().pixels(), _done(Click(point=Point(230, 142)), thought, raw)
    yield editor().menu().pixels(), _failed("the answer holds two actions, and one was asked for", raw)
    yield editor().menu().pixels(), _done(Click(point=Point(258, 258)), "“Save As…” is the fourth entry.", raw)
    yield editor().dialog("").pixels(), _done(Click(point=Point(680, 309), count=2, keys=("ctrl",)), "", raw)
    changed = {"verdict": VerdictRecord(kind="modify", policy="limits", reason="shortened the drag")}
    drag = Drag(path=(Point(700, 258), Point(620, 300), Point(560, 420)))
    yield editor().dialog("").pixels(), _done(drag, "Move the dialog.", raw) | changed | {"decided": Wait(seconds=2)}
    yield editor().dialog("").pixels(), _done(TypeText(text=typed), "Type the name.", raw)
    yield editor().dialog("notes.txt").pixels(), _done(Key(chords=("ctrl+shift+s", "enter")), "Press Enter.", raw)
    blocked = {"verdict": VerdictRecord(kind="block", policy="confirm", reason="the user said no"), "outcome": None}
    scroll = Scroll(point=Point(620, 400), dy=5)
    yield editor().pixels(), _done(scroll, "Is the file there?", raw) | blocked
    yield editor().pixels(), _done(Finish(status="success", message="notes.txt was saved"), "It is saved.", raw)


def _done(action: AnyAction, thought: str, raw: str | None) -> dict:
    answer = f'<tool_call>\n{{"name": "computer_use", "arguments": {action.model_dump_json()}}}\n</tool_call>'
    return {
        "action": action,
        "thought": thought,
        "raw": raw or f"{thought}\n{answer}",
        "notes": ("the code fence around the answer was removed",) if action.type == "drag" else (),
        "verdict": VerdictRecord(kind="allow", policy="confirm", reason=""),
        "outcome": OutcomeRecord(performed=action.type != "finish", settled=action.type != "drag", detail="sent"),
    }


def _failed(error: str, raw: str | None) -> dict:
    return {"error": error, "raw": raw or "click(10, 20) and then\ntype('x')", "thought": ""}


def _timings(index: int, action: AnyAction | None) -> dict[str, float]:
    timings = {"capture": 0.006, "encode": 0.012, "prompt": 0.001, "model": 0.9 + 0.21 * (index % 4), "parse": 0.0004}
    if action is not None:
        timings |= {"review": 0.0001, "act": 0.031, "settle": 0.14 + 0.05 * (index % 3), "last_change": 0.08}
    return timings | ({"record": 0.004} if index else {})
