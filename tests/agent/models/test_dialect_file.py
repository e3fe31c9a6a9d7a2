"""A dialect as a file: every form round trips and fits its shape, faults name their field, records keep the text."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from actions.action import (
    Answer,
    AnyAction,
    AskUser,
    Button,
    Click,
    Drag,
    Finish,
    HoldKeys,
    HoldMouse,
    Key,
    LongPress,
    Move,
    Open,
    ReleaseKeys,
    ReleaseMouse,
    Scroll,
    TypeText,
    Wait,
)
from actions.frame import Frame, Point
from agent.core.model import ModelError, ParseError
from agent.episodes.format import EpisodeHeader
from agent.episodes.replay.simulate import recorded_dialect
from agent.models.chat import ChatModel
from agent.models.dialects.dialect import Dialect, Platform, UnsupportedAction
from agent.models.dialects.dialect_file import DialectFile
from agent.models.dialects.registry import get_dialect
from agent.models.dialects.shape import shape_of
from agent.models.opening import model_plugins, open_model
from agent.models.spec import ModelSpec
from agent.plugins import PlugInError
from tests.agent.scripted_server import ScriptedServer

SCREEN = Frame(id="0", width=2000, height=1000)
POINTER, AT = Point(500, 500), Point(1000, 250)
FILE = """
name = "mine"
space = "rel1000"
[form]
kind = "{kind}"
{form}
[arguments]
coordinate = "position"
"type.text" = "content"
[desktop]
system = "Actions:\\n${{actions}}\\n${{tools}} in ${{places}}"
user = "${{instruction}}${{history}}${{image}}"
[mobile]
user = "${{instruction}}${{history}}${{image}}"
[locate]
user = "${{image}}${{instruction}}"
form = "(${{x}}, ${{y}})"
"""
FORMS = {"json": "", "tool_call": "", "xml": "", "calls": 'marker = "Action:"\nanswer = "Action: ${call}"'}
BOTH: list[AnyAction] = [
    *(Click(point=AT), Click(point=AT, count=2), Drag(path=(POINTER, AT)), Scroll(point=AT, dy=3), Scroll(dx=-2)),
    *(TypeText(text="it's “Łøve”\n"), TypeText(text="x", clear=True), Key(chords=("ctrl+s",)), Open(target="Clock")),
    *(Wait(seconds=2), Answer(text="42"), AskUser(question="Which?"), Finish(status="failure", message="no such file")),
]
ONLY: dict[Platform, list[AnyAction]] = {
    "desktop": [Click(point=AT, button="right"), Click(point=AT, count=3), Move(point=AT)],
    "mobile": [LongPress(point=AT, seconds=2.5), Button(name="back")],
}


def made(kind: str = "json", text: str = FILE) -> Dialect:
    return DialectFile("mine.toml", text.format(kind=kind, form=FORMS[kind])).dialect


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("platform", ["desktop", "mobile"])
def test_every_form_says_every_action_and_what_it_says_fits_its_shape(kind: str, platform: Platform) -> None:
    dialect = made(kind)
    shape = shape_of(dialect, platform, SCREEN)
    assert shape is not None
    for action in [*BOTH, *ONLY[platform]]:
        text = dialect.format(action, SCREEN, platform, pointer=POINTER)
        reading = dialect.parse(text, SCREEN, platform, pointer=POINTER)
        assert (reading.action, reading.notes) == (action, ()), text
        if isinstance(action, TypeText) and action.clear:
            continue  # said only where a model says it by itself
        assert re.fullmatch(shape.pattern or "", text), text


def test_names_are_the_files_own_in_answers_prompts_and_faults() -> None:
    dialect = made()
    said = json.loads(dialect.format(TypeText(text="hi"), SCREEN))
    assert said == {"thought": "", "action": "type", "content": "hi"}
    assert '{"action": "click", "position": [x, y]}' in dialect.ask_action("t", SCREEN, [], "desktop").system
    with pytest.raises(ParseError, match="missing: 'position'"):
        dialect.parse('{"action": "drag", "end_coordinate": [1, 2]}', SCREEN)
    assert dialect.parse('{"action": "click", "x": 500, "y": 250}', SCREEN).action == Click(point=AT)


def test_fields_between_tabs_on_a_padded_canvas() -> None:
    form = 'answer = "why:${said}\\t${call}\\tnote:${said}"\nignored = ["why", "note"]\n'
    text = FILE.replace("rel1000", "rel100").format(kind="fields", form=form)
    canvas = '[resize]\nrule = "padded"\nfactor = 256\ncolumns = 4\nrows = 4\n'
    dialect = made(text=(text + canvas).replace("{", "{{").replace("}", "}}"))
    assert "action:key\tkeys:ctrl+s  Press" in dialect.ask_action("t", SCREEN, [], "desktop").system
    shape = shape_of(dialect, "desktop", SCREEN)
    assert shape is not None
    for action in [a for a in [*BOTH, *ONLY["desktop"]] if "\n" not in str(getattr(a, "text", ""))]:
        said = dialect.format(action, SCREEN)
        assert dialect.parse(said, SCREEN).action == action, said
        assert "clear" in said or re.fullmatch(shape.pattern or "", said), said
    found = dialect.parse("why:It is there.\taction:CLICK\tposition:50,50\tnote:a", SCREEN)
    assert (found.action, found.thought) == (Click(point=Point(1000, 999)), "It is there.")
    for wrong in ("action:click\tposition:50,51", "action:click\tposition:5,5\tforce:2", "why:It is there.\tnote:a"):
        with pytest.raises(ParseError):
            dialect.parse(wrong, SCREEN)


def test_keys_and_the_mouse_button_are_held_where_a_file_names_that() -> None:
    names = "".join(f'{name} = "{name}"\n' for name in ("key_down", "key_up", "mouse_down", "mouse_up"))
    dialect = made(text=FILE.replace("[locate]", f"[desktop.actions]\n{names}[locate]"))
    held: tuple[AnyAction, ...] = (
        *(HoldKeys(keys=("ctrl", "shift")), ReleaseKeys(keys=("ctrl",))),
        *(HoldMouse(point=AT), ReleaseMouse(point=AT)),
    )
    for action in held:
        assert dialect.parse(dialect.format(action, SCREEN), SCREEN).action == action
        with pytest.raises(UnsupportedAction):
            made().format(action, SCREEN)


def test_a_browsers_actions_have_their_own_names() -> None:
    names = '[desktop.actions]\nnavigate = "goto"\nsearch = "find"\nback = "previous"\nkey = "key"\n[locate]'
    dialect = made(text=FILE.replace("[locate]", names))
    page, back = Open(target="https://example.org/?a=1"), Key(chords=("alt+left",))
    said = {action: json.loads(dialect.format(action, SCREEN)) for action in (page, back)}
    assert said[page] == {"thought": "", "action": "goto", "target": page.target}
    assert said[back] == {"thought": "", "action": "previous"}
    assert all(dialect.parse(json.dumps(text), SCREEN).action == action for action, text in said.items())
    found = dialect.parse('{"action": "find", "text": "red lamps"}', SCREEN)
    assert found.action == Open(target="https://www.bing.com/search?q=red+lamps&FORM=QBLH")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('space = "rel1000"', 'spaec = "rel1000"', "spaec: spaec is unknown; did you mean space?"),
        ('space = "rel1000"', 'space = "rel10"', "space: input should be 'abs_resized'"),
        ('name = "mine"', "", "name: field required"),
        ("[mobile]\n", '[mobile]\nsytem = "x"\n', "mobile.sytem: sytem is unknown; did you mean system?"),
        ("[mobile]\n", "[mobile]\nmax_tokens = 0\n", "mobile.max_tokens: "),
        ("${history}", "${histroy}", "desktop.user: ${histroy} is unknown; did you mean ${history}?"),
        ("${history}", "$history", "desktop.user: write ${word} with its braces"),
        ("${history}", "$ ", "desktop.user: a $ that begins no ${word}"),
        ("${history}${image}", "${history}", "desktop.user: ${image} is missing"),
        ("${instruction}${history}", "${history}", "desktop.user: ${instruction} is nowhere"),
        (
            'coordinate = "position"',
            'coordinat = "at"',
            "arguments.coordinat: coordinat is unknown; did you mean coord",
        ),
        ('coordinate = "position"', 'coordinate = "end_coordinate"', "arguments: two of drag have one name"),
        ('"type.text"', '"tipe.text"', "arguments.tipe.text: tipe is unknown; did you mean type?"),
        (
            "[locate]",
            '[desktop.actions]\nclik = "tap"\n[locate]',
            "desktop.actions.clik: clik is unknown; did you mean",
        ),
        ("[locate]", '[desktop.actions]\nclick = "a"\ntype = "a"\n[locate]', "desktop.actions.type: 'a' is 'click'"),
        ("[locate]", "[mobile.history]\npictures = 0\n[locate]", "mobile.history.pictures: "),
        ("[locate]", '[mobile.history]\nsaid = "a(b"\n[locate]', "mobile.history.said: "),
        ("[locate]", '[mobile.history]\nsaid = "ab"\n[locate]', "mobile.history.said: "),
        ("[locate]", '[resize]\nrule = "round"\n[locate]', "resize.rule: "),
        (
            'kind = "json"',
            'kind = "fields"\nanswer = "why:${said} ${call}"',
            "form.answer: ${call} must stand between tabs",
        ),
        ("[locate]", '[desktop.history]\nsaid = "("\n[locate]', "desktop.history.said: not a regular expression: "),
        ('form = "(${x}, ${y})"', 'form = "(${z})"', "locate.form: ${z} is unknown"),
        ('form = "(${x}, ${y})"', "form = 3", "locate.form: input should be a valid string"),
        ("[locate]", "[locate", "is not TOML"),
    ],
)
def test_a_fault_is_one_line_that_names_the_field(old: str, new: str, why: str) -> None:
    text = FILE.format(kind="json", form="")
    assert old in text
    with pytest.raises(ModelError) as error:
        _ = DialectFile("mine.toml", text.replace(old, new, 1)).dialect
    assert str(error.value).startswith("mine.toml")
    assert why in str(error.value)
    assert "\n" not in str(error.value).removeprefix("mine.toml is not TOML")


def test_a_file_opens_a_model_and_its_text_is_on_record(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(FILE.format(kind="json", form=""))
    with ScriptedServer(["x"], names=("anything",)) as server:
        spec = ModelSpec(server.url, dialect=str(path))
        model = open_model(spec)
    assert isinstance(model, ChatModel)
    outside: Any = model_plugins(spec)
    assert outside["dialect"]["text"] == path.read_text()
    path.write_text("")  # what is on record is enough
    known = {"task": "t", "model": "m", "env": "sandbox", "platform": "desktop", "dialect": "mine"}
    header = EpisodeHeader.model_validate({**known, "extra": {"plugins": outside, "space": "rel999"}})
    speaks = recorded_dialect(header)
    assert speaks is not None
    assert speaks.prompt_hash == model.speaks.in_space("rel999").prompt_hash
    outside["dialect"]["text"] += "#"
    with pytest.raises(ModelError, match="is not the one that its hash is of"):
        recorded_dialect(EpisodeHeader.model_validate({**known, "extra": {"plugins": outside}}))


def test_a_file_has_no_name_of_ours_and_must_be_there(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(FILE.format(kind="json", form="").replace('"mine"', '"qwen3-vl"'))
    with pytest.raises(PlugInError, match="rename yours"):
        get_dialect(str(path))
    with pytest.raises(ModelError, match="no dialect file"):
        get_dialect(str(tmp_path / "other.toml"))


def test_a_plug_in_may_be_the_path_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "their.toml").write_text(FILE.format(kind="json", form="").replace('"mine"', '"their"'))
    (tmp_path / "their_package.py").write_text(
        "from pathlib import Path\nFILE = Path(__file__).with_name('their.toml')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert get_dialect("their_package:FILE").name == "their"


def test_the_general_dialect_wants_to_know_what_coordinates_count() -> None:
    with ScriptedServer(['{"coordinate": [500, 250]}'], names=("gemma-3-12b-it",)) as server:
        with pytest.raises(ModelError, match=r"--calibrate \S+ --dialect general, or say it with --space"):
            open_model(ModelSpec(server.url, dialect="general"), ability="locate")
        with pytest.raises(ModelError, match="--dialect general after"):
            open_model(ModelSpec(server.url))
        model = open_model(ModelSpec(server.url, dialect="general", space="rel1000"), ability="locate")
    assert isinstance(model, ChatModel)
    assert model.speaks.parse_place('{"coordinate": [500, 250]}', SCREEN).point == AT
    assert "from 0 to 1000" in model.speaks.ask_place("it", SCREEN).system
