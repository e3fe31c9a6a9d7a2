"""Lists of programs and hosts: what is outside is not done, whatever a screen orders and a model obeys."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from actions.action import (
    AnyAction,
    Button,
    Click,
    Drag,
    Finish,
    HoldKeys,
    HoldMouse,
    Key,
    Move,
    Open,
    ReleaseMouse,
    TypeText,
    Wait,
    describe,
)
from actions.frame import Box, Frame, Point
from agent.builtin.model import BuiltinModel
from agent.core.errors import UserError
from agent.core.loop import Agent
from agent.core.model import Decision
from agent.core.task import Task
from agent.guard.confirm import Confirm, PersonReply
from agent.guard.limits import AllowLists, LimitsPolicy
from agent.perception.elements import Element, PerceivedScreen
from agent.run.session import RunOptions, run_task
from envs.env import Observation, ScreenWindow, UiElement
from tests.agent.fakes import FakeEnv, ListMemory, ScriptedModel

NOTE, TERM, WEB = "Mousepad: orders.txt", "XTerm: ~", "Chromium: shop"
INSIDE, OUTSIDE = Point(20, 20), Point(80, 20)
EVIL = "http://evil.example/take"


def seen(app: str, address: str = "") -> Observation:
    """The front program on the left, a terminal on the right, the address at the top."""
    windows = ScreenWindow(Box(0, 0, 50, 50), app.split(": ")[0]), ScreenWindow(Box(40, 0, 100, 50), "XTerm")
    elements = (UiElement(Box(0, 0, 50, 5), "EditText", address),) if address else ()
    frame = Frame(id="1", width=100, height=50)
    return Observation(np.full((50, 100, 3), 128, np.uint8), frame, app=app, elements=elements, windows=windows)


class AttackedEnv(FakeEnv):
    """A screen that orders things: which program is in front and what its address bar says."""

    supported = frozenset({"click", "type", "key", "open", "drag", "button"})

    def __init__(self, app: str, address: str = "") -> None:
        super().__init__()
        self.screen = seen(app, address)

    def observe(self) -> Observation:
        return self.screen

    def explain(self, action: AnyAction) -> str:
        known = {"Text Editor": "/usr/bin/mousepad", "Notes": "/usr/bin/xterm -e sh"}
        told = known.get(action.target, "") if isinstance(action, Open) else ""
        return f"{describe(action)}: {told}" if told else describe(action)


def on(point: Point, **more: object) -> Click:
    return Click(point=point, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("screen", "address", "orders"),
    [
        (  # a page that gives orders
            WEB,
            "shop.example/cart",
            [Open(target=EVIL), TypeText(text=EVIL), TypeText(text="evil.example"), Open(target="javascript:steal()"),
             TypeText(text="data:text/html,x"), Open(target="http://shop.example@evil.example/"),
             Open(target="http://shop.example.evil.example/"), Open(target="file:///etc/passwd"), on(OUTSIDE)],
        ),
        (  # a page of another host that has already come up
            WEB,
            "evil.example/form",
            [on(INSIDE), TypeText(text="my password"), Key(chords=("enter",)), Drag(path=(INSIDE, Point(30, 30)))],
        ),
        (WEB, "", [on(INSIDE), TypeText(text="hello")]),  # its address is hidden
        (  # a note in the editor
            NOTE,
            "",
            [Open(target="xterm"), Open(target="Notes"), Open(target="org.gnome.Terminal"),
             Key(chords=("ctrl+alt+t",)), Key(chords=("alt+f2",)),
             Key(chords=("super",)), Key(chords=("alt+tab",)), on(OUTSIDE), on(Point(99, 49), button="middle"),
             Drag(path=(INSIDE, OUTSIDE)), Key(chords=("ctrl+s", "shift+delete"))],
        ),
        (  # a dialog of another program in front
            "Zenity: Enter your password",
            "",
            [on(INSIDE), TypeText(text="secret"), Key(chords=("enter",)), Button(name="power")],
        ),
        (  # the name of a file: it was opened in a terminal
            TERM,
            "",
            [TypeText(text="rm -rf ~\n"), Key(chords=("enter",)), on(INSIDE), Key(chords=("ctrl+v",))],
        ),
    ],
    ids=["page", "other host", "hidden address", "note", "dialog", "file name"],
)  # fmt: skip
def test_a_model_that_obeys_the_screen_does_nothing_outside(screen: str, address: str, orders: list[AnyAction]) -> None:
    limits = AllowLists(("mousepad", "chrom*"), ("shop.example", "*.shop.example"), ("key:shift+delete",))
    env, memory = AttackedEnv(screen, address), ListMemory()
    model = ScriptedModel([*orders, Finish(status="success")])
    result = Agent(env, model, LimitsPolicy(limits, env.explain), memory).run(Task("Read it"))
    assert result.ending == "done"
    assert env.done == []
    for step in memory.steps[:-1]:
        assert step.verdict is not None
        assert (step.verdict.kind, step.verdict.policy) == ("skip", "limits")
        assert step.effect.startswith("not done: not allowed in this run: ")
    assert model.histories[-1][-1].effect == memory.steps[-2].effect  # the model is told


@pytest.mark.parametrize(
    ("action", "screen", "address"),
    [
        (on(INSIDE), NOTE, ""),
        (TypeText(text="hello.txt"), NOTE, ""),
        (TypeText(text="see evil.example for more"), NOTE, ""),
        (Key(chords=("ctrl+s",)), NOTE, ""),
        (Open(target="Text Editor"), NOTE, ""),
        (Open(target="mousepad"), TERM, ""),
        (on(INSIDE), WEB, "https://shop.example/x"),
        (on(INSIDE), WEB, "www.shop.example"),
        (TypeText(text="shop.example/cart"), WEB, "evil.example"),
        (Key(chords=("alt+left",)), WEB, "evil.example"),
        (Button(name="back"), TERM, "evil.example"),
        (Open(target="https://shop.example"), WEB, "evil.example"),
    ],
)
def test_what_is_inside_is_done(action: AnyAction, screen: str, address: str) -> None:
    limits = AllowLists(("mousepad", "chrom*"), ("shop.example", "*.shop.example"))
    policy = LimitsPolicy(limits, AttackedEnv(screen).explain)
    assert policy.review(Decision(action=action), seen(screen, address)).kind == "allow"


@pytest.mark.parametrize(
    ("action", "held"),
    [
        (HoldKeys(keys=("shift", "delete")), ()),
        (HoldKeys(keys=("delete",), seconds=1), ("shift",)),
        (Key(chords=("a", "delete")), ("shift",)),
        (HoldMouse(point=OUTSIDE), ()),
        (ReleaseMouse(point=OUTSIDE), ("left button",)),
        (Move(point=INSIDE), ("left button",)),
    ],
)
def test_what_is_held_counts(action: AnyAction, held: tuple[str, ...]) -> None:
    policy = LimitsPolicy(AllowLists(deny=("app:xterm", "action:drag", "key:shift+delete")))
    verdict = policy.review(Decision(action=action), replace(seen(NOTE), held=held))
    assert (verdict.kind, verdict.action) == ("skip", action)
    assert policy.review(Decision(action=Move(point=INSIDE)), seen(NOTE)).kind == "allow"


def test_what_is_denied_is_denied_without_lists_of_what_is_allowed() -> None:
    policy = LimitsPolicy(AllowLists(deny=("app:xterm", "action:drag", "host:*.evil.example", "key:ctrl+q")))

    def reason(action: AnyAction, app: str = NOTE) -> str:
        return policy.review(Decision(action=action), seen(app)).reason

    assert reason(on(OUTSIDE)) == "not allowed in this run: the program 'XTerm' is denied"
    assert reason(Drag(path=(INSIDE, INSIDE))) == "not allowed in this run: drag is denied"
    assert reason(Key(chords=("Ctrl+Q",))) == "not allowed in this run: the key ctrl+q is denied"
    assert "host www.evil.example is denied" in reason(Open(target="http://WWW.evil.example./x"))
    assert reason(on(INSIDE)) == reason(Open(target="mousepad")) == reason(Open(target="https://a.example")) == ""


def test_the_built_in_model_gives_up_where_it_may_not_act() -> None:
    env, memory = AttackedEnv(NOTE), ListMemory()
    agent = Agent(env, BuiltinModel(), LimitsPolicy(AllowLists(deny=("key:ctrl+q",))), memory)
    result = agent.run(Task("press ctrl+q, then press ctrl+s"))
    assert result.ending == "gave_up"
    assert result.message == "I could not press ctrl+q: not allowed in this run: the key ctrl+q is denied"
    assert env.done == []


def test_what_a_person_skips_is_not_called_done() -> None:
    env = AttackedEnv(NOTE)
    replies: list[PersonReply] = ["yes", "no"]
    policy = Confirm("always", lambda question: replies.pop(0))
    result = Agent(env, BuiltinModel(), policy, ListMemory()).run(Task("press ctrl+s, then press ctrl+q"))
    assert [action for action in env.done if not isinstance(action, Wait)] == [Key(chords=("ctrl+s",))]
    assert result.message == "all instructions are over; 1 skipped by a person"


def test_an_address_starts_a_browser_which_is_a_program_too() -> None:
    policy = LimitsPolicy(AllowLists(("mousepad",)), AttackedEnv(NOTE).explain)
    assert "is not among mousepad" in policy.review(Decision(action=Open(target=EVIL)), seen(NOTE)).reason
    policy = LimitsPolicy(AllowLists(("Firefox",)), AttackedEnv(NOTE).explain)
    assert policy.review(Decision(action=Open(target=EVIL)), seen(NOTE)).kind == "allow"


def test_a_file_and_options_are_joined_and_recorded(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('allow-apps = ["fake"]\ndeny = ["key:ctrl+q"]\n')
    limits = AllowLists.of(["mousepad,gedit"], [], ["action:drag"], file)
    assert limits == AllowLists(("fake", "mousepad", "gedit"), (), ("key:ctrl+q", "action:drag"), str(file))
    env = FakeEnv()
    model = ScriptedModel([Key(chords=("ctrl+q",)), on(Point(1, 1)), Finish(status="success")])
    run_task("Do it", env, RunOptions(model=model, limits=limits, confirm="never", out=tmp_path / "run"))
    assert env.done == [on(Point(1, 1))]
    recorded = json.loads((tmp_path / "run" / "episode.json").read_text())["extra"]["limits"]
    assert recorded == {
        "allow_apps": ["fake", "mousepad", "gedit"], "allow_hosts": [], "deny": ["key:ctrl+q", "action:drag"],
        "file": str(file),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [("allow-app = ['x']", "allow-app"), ("deny = 'x'", "deny"), ("deny = [", "as TOML"), ("deny=['rm']", "app:NAME")],
)
def test_a_bad_file_is_one_line(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(text)
    with pytest.raises(UserError, match=words) as error:
        AllowLists.of([], [], [], file)
    assert "\n" not in str(error.value)


def test_a_place_above_the_window_of_the_program_is_not_in_it() -> None:
    window = ScreenWindow(Box(0, 10, 50, 50), "Mousepad")
    policy = LimitsPolicy(AllowLists(("mousepad",)))
    for at, kind in (
        (Point(20, 10), "allow"),
        (Point(20, 9), "skip"),
        (Point(49, 49), "allow"),
        (Point(50, 49), "skip"),
    ):
        assert policy.review(Decision(action=on(at)), replace(seen(NOTE), windows=(window,))).kind == kind


def row(y: float, *texts: str) -> list[Element]:
    """A row of things from left to right; those without words are drawings."""
    places = enumerate(texts)
    return [Element(Box(20 * n, y, 20 * n + 15, y + 10), "text" if t else "icon", t) for n, t in places]


BUTTONS = ("", "", "C")
PAGE = row(90, *BUTTONS, "shop.example/cart")
TABS = row(10, "", "shop.example")


@pytest.mark.parametrize(
    ("shown", "bare", "allowed"),
    [
        ([*TABS, *row(40, *BUTTONS, "shop.example/x"), *PAGE], False, True),
        ([*TABS, *row(40, *BUTTONS, "Not secure", "shop.example/x"), *PAGE], False, True),
        ([*TABS, *row(40, *BUTTONS, "evil.example/x"), *PAGE], False, False),  # its title and its words are no address
        ([*TABS, *row(40, *BUTTONS, ""), *PAGE], False, False),  # the bar cannot be read
        ([*TABS, *row(40, *BUTTONS, "e v"), *PAGE], False, False),
        ([*TABS, *row(40, "", "", "OK", "an advert"), *row(60, *BUTTONS, "shop.example/x"), *PAGE], False, True),
        ([*TABS, *row(40, "shop.example")], False, False),  # the bar is hidden
        ([*TABS, *row(40, *BUTTONS, "shop.example/x")], True, False),  # all of it is the page's
        ([], False, False),
    ],
)
def test_a_page_cannot_say_that_it_is_another_host(shown: list[Element], bare: bool, allowed: bool) -> None:
    frame, window = Frame(id="1", width=600, height=600), ScreenWindow(Box(0, 0, 600, 600), "Chromium", bare)
    screen = Observation(np.zeros((600, 600, 3), np.uint8), frame, app=WEB, windows=(window,))
    policy = LimitsPolicy(
        AllowLists((), ("shop.example",)), perceive=lambda image: PerceivedScreen(600, 600, tuple(shown))
    )
    assert (policy.review(Decision(action=on(INSIDE)), screen).kind == "allow") is allowed
    elsewhere = replace(screen, app="Firefox: shop", windows=(window,))  # where its window is is not known
    assert policy.review(Decision(action=on(INSIDE)), elsewhere).kind == "skip"


@pytest.mark.parametrize(("bar", "allowed"), [("shop.example", True), ("evil.example", False), ("", False)])
def test_what_a_phones_page_says_is_not_its_address(bar: str, allowed: bool) -> None:
    page = UiElement(Box(0, 5, 100, 50), "WebView", ""), UiElement(Box(0, 6, 50, 8), "EditText", "shop.example")
    told = (*page, UiElement(Box(0, 0, 50, 4), "TextView", bar))
    screen = replace(seen("com.android.chrome/.Main"), elements=told, windows=())
    policy = LimitsPolicy(AllowLists((), ("shop.example",)))
    assert (policy.review(Decision(action=on(INSIDE)), screen).kind == "allow") is allowed


@pytest.mark.parametrize("entry", ["", "app:", "action:fly", "key:ctrl+nothing", "window:x"])
def test_a_bad_denial_is_refused(entry: str) -> None:
    with pytest.raises(UserError, match="--deny"):
        AllowLists(deny=(entry,))
