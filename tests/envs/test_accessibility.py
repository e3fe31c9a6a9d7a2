"""The accessibility tree of a desktop: real programs on a bus of the sandbox's, and a bus with scripted answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from actions.action import Click, TypeText
from actions.frame import Box, Frame
from envs.accessibility import accessibility_tree, can_serve
from envs.dbus import Bus, Call
from envs.env import EnvError, Observation, ScreenWindow, UiElement
from envs.sandbox import SandboxEnv
from tests.waiting import until

FRAME = Frame(id="0", width=1000, height=800)
ROOT = "/org/a11y/atspi/accessible/root"
SHOWN, CHECKED, EDITABLE, ENABLED = 1 << 25, 1 << 4, 1 << 7, 1 << 24


class ScriptedBus(Bus):
    """Stands in for a bus with one program: `objects` are role, name, states, box, children, text by path."""

    def __init__(self, objects: Mapping[str, tuple[str, str, int, tuple[int, ...], Sequence[str], str]]) -> None:
        self.objects, self.asked = objects, 0

    def ask(self, calls: Sequence[Call], deadline: float) -> list[Any]:
        self.asked += len(calls)
        return [self._answer(path, method) for _, path, _, method, _, _ in calls]

    def _answer(self, path: str, method: str) -> Any:
        if path not in self.objects:
            return None
        role, name, states, box, children, text = self.objects[path]
        return {"GetChildren": [(":1.1", child) for child in children], "GetRoleName": role, "Get": ("s", name),
                "GetState": [states, 0], "GetExtents": box, "GetText": text}[method]  # fmt: skip


def button(
    name: str, x: int = 10, states: int = SHOWN | ENABLED
) -> tuple[str, str, int, tuple[int, ...], tuple[()], str]:
    return "push button", name, states, (x, 10, 40, 20), (), ""


def one_window(**inside: Any) -> ScriptedBus:
    return ScriptedBus({
        ROOT: ("desktop frame", "", 0, (0, 0, 1000, 800), ("/app",), ""),
        "/app": ("application", "editor", SHOWN, (0, 0, 0, 0), ("/window",), ""),
        "/window": ("frame", "Letter", SHOWN, (0, 0, 500, 400), tuple(f"/{name}" for name in inside), ""),
        **{f"/{name}": told for name, told in inside.items()},
    })  # fmt: skip


def names(tree: Sequence[UiElement]) -> list[str]:
    return [element.text for element in tree]


@pytest.mark.skipif(not can_serve(), reason="needs Debian's at-spi2-core")
def test_a_real_program_tells_what_shows_and_what_a_field_holds(tmp_path: Path) -> None:
    with SandboxEnv(["mousepad"], accessibility=True) as env:

        def tree() -> dict[str, UiElement]:
            seen = env.observe()
            assert seen.details
            return {element.text: element for element in seen.details.tree(seen.frame)}

        before = env.observe()
        until(lambda: "File" in tree())
        assert tree()["File"].role == "menuitem"
        assert "Save As..." not in tree()
        env.perform(TypeText(text="Bonjour ✓"), before.frame)
        until(lambda: "Bonjour ✓" in tree())
        assert tree()["Bonjour ✓"].role == "edit"
        env.perform(Click(point=tree()["File"].box.center), env.observe().frame)
        until(lambda: "Save As..." in tree())
        assert tree()["Save As..."].clickable


def test_states_and_roles_are_told_in_one_vocabulary() -> None:
    bus = one_window(
        save=button("Save", states=SHOWN),
        gift=("check box", "Gift", SHOWN | ENABLED | CHECKED, (60, 10, 40, 20), (), ""),
        name=("entry", "Name", SHOWN | ENABLED | EDITABLE, (10, 40, 90, 20), (), "Ada"),
        note=("label", "", SHOWN, (10, 70, 90, 20), (), "Two days"),
        box=("filler", "", SHOWN, (10, 70, 90, 20), (), ""),
    )
    save, gift, name, note = accessibility_tree(bus, FRAME, [])
    assert (save.role, save.enabled, save.clickable) == ("button", False, True)
    assert (gift.role, gift.checked) == ("check", True)
    assert (name.role, name.text, name.description) == ("edit", "Ada", "Name")
    assert (note.role, note.text, note.clickable) == ("text", "Two days", False)


def test_what_lies_behind_another_window_or_outside_the_screen_or_does_not_show_is_left_out() -> None:
    bus = one_window(
        here=button("here"), hidden=button("hidden", 300), off=button("off", 2000), closed=button("closed", 60, ENABLED)
    )
    windows = [ScreenWindow(Box(280, 0, 900, 400), "Other"), ScreenWindow(Box(0, 5, 500, 400), "Editor")]
    assert names(accessibility_tree(bus, FRAME, windows)) == ["here"]
    assert names(accessibility_tree(bus, FRAME, windows[1:])) == ["here", "hidden"]


def test_the_items_of_an_open_menu_lie_in_front_of_their_own_window() -> None:
    bus = one_window(
        menu=("menu", "File", SHOWN | ENABLED, (10, 10, 40, 20), ("/item",), ""),
        under=("push button", "under", SHOWN | ENABLED, (10, 60, 40, 20), (), ""),
    )
    bus.objects = {**bus.objects, "/item": ("menu item", "Save", SHOWN | ENABLED, (10, 60, 90, 20), (), "")}
    windows = [ScreenWindow(Box(5, 40, 120, 300), "Editor", bare=True), ScreenWindow(Box(0, 0, 500, 400), "Editor")]
    assert names(accessibility_tree(bus, FRAME, windows)) == ["File", "Save"]


def test_a_program_that_lies_or_is_silent_stalls_nothing() -> None:
    ring = one_window(a=("push button", "a", SHOWN, (10, 10, 9, 9), ("/window", "/a", "/gone"), ""))
    assert names(accessibility_tree(ring, FRAME, [])) == ["a"]
    wide = one_window(**{f"b{n}": button(f"b{n}") for n in range(20_000)})
    assert len(accessibility_tree(wide, FRAME, [])) <= 10_000
    deep = {f"/d{n}": ("panel", "", SHOWN, (0, 0, 9, 9), (f"/d{n + 1}",), "") for n in range(500)}
    bus = one_window(d0=deep["/d0"])
    bus.objects = {**bus.objects, **deep}
    assert accessibility_tree(bus, FRAME, []) == ()
    assert bus.asked < 1000
    broken = ScriptedBus({ROOT: ("", "", 0, (), ("/app",), ""), "/app": ("", "", SHOWN, (), ("/x",), ""),
                          "/x": ("frame", "", SHOWN, (1, 2), (), "")})  # fmt: skip
    assert accessibility_tree(broken, FRAME, []) == ()


def test_a_bus_that_refuses_or_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(EnvError, match=r"^no D-Bus at unix:path=.*: No such file"):
        Bus(f"unix:path={tmp_path / 'none'}")
    path = tmp_path / "bus"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def refuse() -> None:
            with server.accept()[0] as client:
                client.recv(1000)
                client.sendall(b"REJECTED EXTERNAL\r\n")

        thread = threading.Thread(target=refuse)
        thread.start()
        with pytest.raises(EnvError, match="refused this user"):
            Bus(f"unix:path={path}")
        thread.join()


def test_without_the_option_a_sandbox_has_no_bus() -> None:
    with SandboxEnv(["mousepad"]) as env:
        seen: Observation = env.observe()
        assert seen.details is None
        assert not list((env.home / "home/.runtime").glob("at-spi*"))
