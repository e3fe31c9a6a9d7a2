"""Secrets: typed for real, found nowhere in the record."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from actions.action import Answer, TypeText
from actions.frame import Box, Frame
from agent.cli.main import main
from agent.core.errors import UserError
from agent.core.loop import Agent
from agent.core.model import Decision, ParseError
from agent.core.policy import Allow
from agent.core.step import Step
from agent.core.task import Ending, Task
from agent.episodes import read_episode
from agent.guard.masks import Masks, read_text
from agent.guard.secrets import SecretEnv, SecretMemory, SecretModel, Secrets, placeholder
from envs.env import EnvError, Observation, Outcome, UiElement
from tests.agent.fakes import FakeEnv, ListMemory, ScriptedModel

VALUE = "Zebra47Quartz"
SECRETS = Secrets({"PW": VALUE})
FORM = Path(__file__).parents[1].joinpath("secret_form.py")


def test_values_come_from_the_environment_or_a_file_and_are_never_repeated(tmp_path, monkeypatch):
    monkeypatch.setenv("V", VALUE)
    (tmp_path / "s").write_text("from a file\n")
    secrets = Secrets.parse(["PW=env:V", f"F=file:{tmp_path / 's'}"])
    assert dict(secrets.values) == {"PW": VALUE, "F": "from a file"}
    assert VALUE not in repr(secrets)
    monkeypatch.setenv("SHORT", "abc")
    monkeypatch.setenv("LINES", "abcd\nefgh")
    for bad in ("hunter2", "PW=hunter2", "PW=env:", "1=env:V", "PW=env:hunter2", "PW=file:/hunter2", "PW=env:SHORT"):
        with pytest.raises(UserError, match="--secret") as caught:
            Secrets.parse([bad])
        assert "hunter2" not in str(caught.value)
    with pytest.raises(UserError, match="one line"):
        Secrets.parse(["PW=env:LINES"])


def test_the_task_names_placeholders_only():
    assert SECRETS.tell(f"type {VALUE}") == "type {{secret:PW}}"
    assert SECRETS.tell("type {{secret:PW}}") == "type {{secret:PW}}"
    assert "{{secret:PW}}" in SECRETS.tell("sign in")
    with pytest.raises(UserError, match=r"no secret \{\{secret:OTHER\}\}"):
        SECRETS.tell("type {{secret:OTHER}}")


@given(value=st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=4).filter(str.isprintable))
def test_no_way_of_writing_a_value_survives(value):
    secrets = Secrets({"PW": value})
    step = Step(
        index=0,
        time=0,
        frame=Frame(id="0", width=1, height=1),
        image="frames/0000.png",
        thought=f"I see {value}",
        raw=json.dumps({"text": value}) + json.dumps({"text": value}, ensure_ascii=False),
        action=Answer(text=value),
        app=f"Browser: {value}",
    )
    line = secrets.record(step)
    if value not in placeholder("PW"):
        assert value not in "".join((line.thought, line.raw, line.action.text, line.app))
    assert json.dumps(value)[1:-1] not in line.raw or json.dumps(value)[1:-1] in placeholder("PW") * 2


def test_a_model_that_reads_it_off_the_screen_is_redacted_and_an_unknown_placeholder_is_unusable():
    class Reader(ScriptedModel):
        def decide(self, task, observation, history):
            action = super().decide(task, observation, history).action
            return Decision(action=action, thought=f"it says {VALUE}", raw=f"type({VALUE!r})", notes=(VALUE,))

    model = SecretModel(
        Reader([TypeText(text=VALUE), TypeText(text="{{secret:NO}}"), ParseError("what", VALUE)]), SECRETS
    )
    seen = FakeEnv().observe()
    decision = model.decide(Task("t"), seen, ())
    assert VALUE not in decision.model_dump_json()
    assert decision.action == TypeText(text="{{secret:PW}}")
    with pytest.raises(ParseError, match="no secret"):
        model.decide(Task("t"), seen, ())
    with pytest.raises(ParseError) as caught:
        model.decide(Task("t"), seen, ())
    assert caught.value.raw == "{{secret:PW}}"


class Told:
    """Tells a field with the value in it, and an app called so."""

    def tree(self, frame):
        return (UiElement(Box(0, 0, 9, 9), "EditText", f"x {VALUE}", VALUE),)

    def app_names(self):
        return (VALUE,)


def test_what_the_accessibility_tree_tells_is_redacted():
    class Telling(FakeEnv):
        def observe(self):
            return replace(super().observe(), details=Told())

    seen = SecretEnv(Telling(), SECRETS).observe()
    (field,) = seen.details.tree(seen.frame)
    assert (field.text, field.description) == ("x {{secret:PW}}", "{{secret:PW}}")
    assert seen.details.app_names() == ("{{secret:PW}}",)


class Typing(FakeEnv):
    """Shows on a white page what is typed, and says too much about it."""

    def __init__(self):
        super().__init__()
        self.text, self.at = "", (40, 60)

    def observe(self):
        page = Image.new("RGB", (640, 320), "white")
        pen = ImageDraw.Draw(page)
        pen.rectangle((30, 50, 330, 100), outline="black")
        pen.text(self.at, self.text, "black", ImageFont.load_default(26))
        frame = Frame(id="f", width=640, height=320)
        return Observation(np.asarray(page).copy(), frame, app=f"App: {self.text}")

    def perform(self, action, frame):
        super().perform(action, frame)
        if isinstance(action, TypeText):
            if action.text == "fail":
                raise EnvError(f"cannot type after {self.text}")
            self.text += action.text
        return Outcome(performed=True, detail=f"typed {self.text}")


def run(env, answers, memory):
    agent = Agent(
        SecretEnv(env, SECRETS), SecretModel(ScriptedModel(answers), SECRETS), Allow(), SecretMemory(memory, SECRETS)
    )
    return agent.run(Task("t"))


def test_only_the_hands_see_the_value_and_the_loop_keeps_nothing_of_it(tmp_path):
    env, memory = Typing(), ListMemory()
    done = run(env, [TypeText(text="x{{secret:PW}}\n"), TypeText(text="fail")], memory)
    assert env.done[:3] == [TypeText(text="x"), TypeText(text=VALUE), TypeText(text="\n")]
    assert (done.ending, done.message) == (Ending.DEVICE_ERROR, "cannot type after x{{secret:PW}}\n")
    for step in (*done.steps, *memory.steps):
        assert VALUE not in step.model_dump_json()


def test_the_mask_stays_on_the_field_and_follows_the_text():
    env = Typing()
    hidden = SecretEnv(env, SECRETS, read=None)
    frame = hidden.observe().frame
    hidden.perform(TypeText(text="{{secret:PW}}"), frame)
    first = hidden.observe().image
    assert hides_the_text(env, first)
    assert (first[120:] == 255).all()
    env.at = (300, 200)  # scrolled away
    assert hides_the_text(env, hidden.observe().image)
    env.at = (40, 60)
    assert hides_the_text(env, hidden.observe().image)


def hides_the_text(env, shown):
    """Whether every pixel that the typed text makes is black."""
    with_text, env.text, text = env.observe().image, "", env.text
    without, env.text = env.observe().image, text
    ink = (with_text != without).any(axis=2)
    return ink.any() and (shown[ink] == 0).all()


def test_a_reading_of_the_value_is_masked_and_the_words_beside_it_are_not():
    page = Image.new("RGB", (900, 120), "white")
    ImageDraw.Draw(page).text((20, 40), f"Your code is {VALUE} today", "black", ImageFont.load_default(28))
    masks = Masks((VALUE,), read_text)
    read = " ".join(text for _, text, _ in read_text(masks.hide(np.asarray(page).copy())))
    assert "Zebra" not in read
    assert "47" not in read
    assert "Your code" in read


@pytest.mark.desktop
def test_a_real_run_leaves_no_trace_of_the_password_anywhere(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("THE_CODE", VALUE)
    typed, folder = tmp_path / "typed.json", tmp_path / "episode"
    task = (
        'Type "ada" into the User field, type "{{secret:PW}}" into the Code field, '
        'type "{{secret:PW}}" into the Password field, press Enter and wait for "Welcome"'
    )
    command = [
        "run",
        "--share",
        str(tmp_path),
        "--share",
        f"{Path(FORM).parent}:ro",
        "--app",
        f"/usr/bin/python3 {FORM} {typed}",
        "--secret",
        "PW=env:THE_CODE",
        "--out",
        str(folder),
    ]
    with pytest.raises(SystemExit) as left:
        main([*command, "--max-seconds", "90", task, "--json"])
    said = capsys.readouterr()
    assert left.value.code == 0, said.err
    assert json.loads(typed.read_text()) == {"User": "ada", "Code": VALUE, "Password": VALUE}
    assert VALUE not in said.out + said.err
    assert SECRETS.traces(folder) == []
    episode = read_episode(folder)
    assert TypeText(text="{{secret:PW}}") in [step.action for step in episode.steps]
    assert any("{{secret:PW}}" in (step.app or "") for step in episode.steps)  # the window's title has it, too
    for step in {step.image: step for step in episode.steps}.values():
        read = "".join(text for _, text, _ in read_text(episode.image(step)))
        assert not any(part in read.replace(" ", "") for part in ("Zebra", "ebra4", "47Q", "Quartz")), (
            step.index,
            read,
        )


def test_traces_are_found(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "log").write_bytes(b"\0" + VALUE.encode())
    assert SECRETS.traces(tmp_path) == [str(Path("a") / "log")]


@pytest.mark.parametrize(
    "written",
    [
        'p"<ä +%&',
        r"p\"<ä +%&",
        r"p\"<\u00e4 +%&",
        "p&quot;&lt;ä +%&amp;",
        "p%22%3C%C3%A4%20%2B%25%26",
        "p%22%3C%C3%A4+%2B%25%26",
    ],
)
def test_each_written_form_is_redacted(written):
    assert Secrets({"PW": 'p"<ä +%&'}).redact(f"see {written} here") == "see {{secret:PW}} here"


def test_the_value_as_it_is_and_as_python_writes_it_is_redacted():
    secrets = Secrets({"PW": "a\\b'c"})
    assert secrets.redact("x a\\b'c") == "x {{secret:PW}}"
    assert secrets.redact(repr("x a\\b'c")) == '"x {{secret:PW}}"'


def test_a_value_with_both_quotes_is_redacted_as_python_writes_it():
    value = "a'b\"c"
    assert Secrets({"PW": value}).redact(repr(f"x {value} y")) == "'x {{secret:PW}} y'"
