"""Input on real X servers: what programs receive, and that keyboard and clipboard are left as they were."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import xcffib
import xcffib.xkb
import xcffib.xproto
from hypothesis import given
from hypothesis import strategies as st
from xcffib.xproto import EventMask

from actions.action import parse_action
from actions.backend import BackendError
from actions.frame import Frame
from actions.input_backend import InputBackend
from actions.x11 import X11Device
from actions.x11_ping import Pings
from tests.actions.conftest import Recorder, running, wait_for, xvfb
from tests.properties import examples

pytestmark = pytest.mark.desktop

FRAME = Frame(id="1", width=1280, height=800)
LINE = 'Grüße, "quotes" & emoji 🎉, عربى'
HARD = f"{LINE}\n\t'tab' `back` ^ ~ ´\n👨‍👩‍👧 🇩🇪 é 日本語 שלום ✔️ 𠀀 ½€§ a b ​ z"
Start = Callable[..., "subprocess.Popen[bytes]"]


@contextmanager
def backend_on(display: str) -> Iterator[InputBackend]:
    backend = InputBackend(X11Device(display))
    try:
        yield backend
    finally:
        backend.close()


def do(display: str, *actions: dict[str, Any]) -> None:
    with backend_on(display) as backend:
        for action in actions:
            backend.perform(parse_action(action), FRAME)


def write(text: str) -> dict[str, Any]:
    return {"type": "type", "text": text}


def press(*chords: str) -> dict[str, Any]:
    return {"type": "key", "chords": chords}


def keymap(display: str) -> bytes:
    """The server's whole keyboard description."""
    return subprocess.run(["xkbcomp", display, "-"], capture_output=True, check=True).stdout


def caps_lock_is_on(display: str) -> bool:
    connection = xcffib.connect(display=display)
    keyboard = connection(xcffib.xkb.key)
    keyboard.UseExtension(1, 0).reply()
    locked = keyboard.GetState(0x100).reply().lockedMods
    connection.disconnect()
    return bool(locked & 2)


@pytest.fixture
def unchanged_keymap(display: str) -> Iterator[None]:
    before = keymap(display)
    yield
    assert keymap(display) == before


@pytest.fixture
def layout(display: str) -> Iterator[Callable[[str], None]]:
    def choose(name: str) -> None:
        subprocess.run(["setxkbmap", "-display", display, name], check=True)

    yield choose
    choose("us")


SHIFT, CTRL = 1, 4


def test_clicks_arrive_with_button_count_place_and_keys(display: str, recorder: Recorder) -> None:
    do(
        display,
        {"type": "click", "point": (300, 200)},
        {"type": "click", "point": (400, 200), "button": "right", "count": 2},
        {"type": "click", "point": (0, 0), "button": "middle", "keys": ["ctrl", "shift"]},
        {"type": "click", "point": (1279, 799), "count": 3},
    )
    assert wait_for(lambda: len(recorder.events("ButtonPress")) == 7)
    presses = [tuple(map(int, event[1:])) for event in recorder.events("ButtonPress")]
    assert [press[:3] for press in presses] == [
        *[(1, 300, 200)],
        *[(3, 400, 200)] * 2,
        *[(2, 0, 0)],
        *[(1, 1279, 799)] * 3,
    ]
    assert [press[3] & (SHIFT | CTRL) for press in presses] == [0, 0, 0, SHIFT | CTRL, 0, 0, 0]
    assert wait_for(lambda: len(recorder.events("ButtonRelease")) == 7)


def test_the_wheel_turns_the_way_the_content_should_go(display: str) -> None:
    connection = xcffib.connect(display=display)
    root = connection.get_setup().roots[0].root
    connection.core.GrabPointer(False, root, EventMask.ButtonPress, 1, 1, 0, 0, 0).reply()
    do(
        display,
        {"type": "scroll", "point": (50, 60), "dy": 3},
        {"type": "scroll", "dy": -1},
        {"type": "scroll", "dx": 2, "keys": ["ctrl"]},
        {"type": "scroll", "dx": -1},
    )
    seen = [connection.wait_for_event() for _ in range(7)]
    connection.disconnect()
    assert [event.detail for event in seen] == [5, 5, 5, 4, 7, 7, 6]
    assert [event.state & CTRL for event in seen] == [0, 0, 0, 0, CTRL, CTRL, 0]
    assert {(event.root_x, event.root_y) for event in seen} == {(50, 60)}
    with backend_on(display) as backend:
        assert backend.position() == (50, 60)


def test_a_drag_is_seen_as_one_smooth_movement(display: str, recorder: Recorder) -> None:
    path = [(100, 100), (400, 100), (400, 350)]
    do(display, {"type": "drag", "path": path, "seconds": 0.5, "keys": ["shift"]})
    assert wait_for(lambda: recorder.events("ButtonRelease"))
    (down,), (up,) = recorder.events("ButtonPress"), recorder.events("ButtonRelease")
    assert down[1:4] == ["1", "100", "100"]
    assert up[1:4] == ["1", "400", "350"]
    held = [event for event in recorder.events("Motion") if int(event[3]) & 0x100]
    seen = [(int(x), int(y)) for _, x, y, _ in held]
    assert len(seen) >= 25
    assert path[1] in seen
    assert seen[-1] == path[-1]
    assert all(int(event[3]) & SHIFT for event in held)


def test_held_keys_and_buttons_stay_down_until_they_are_let_go(display: str, recorder: Recorder) -> None:
    with backend_on(display) as backend:
        for action in (
            {"type": "key_down", "keys": ["ctrl"]},
            {"type": "mouse_down", "point": (100, 100)},
            {"type": "move", "point": (200, 100)},
            {"type": "mouse_up"},
            {"type": "key_up", "keys": ["ctrl"]},
        ):
            backend.perform(parse_action(action), FRAME)
        assert wait_for(lambda: recorder.events("KeyRelease"))
    kinds = [event[0] for event in recorder.events("KeyPress", "ButtonPress", "Motion", "ButtonRelease", "KeyRelease")]
    assert [kind for at, kind in enumerate(kinds) if at == 0 or kinds[at - 1] != kind][-6:] == [
        *("KeyPress", "Motion", "ButtonPress", "Motion", "ButtonRelease", "KeyRelease"),
    ]


def test_chords_give_the_keys_of_the_layout(display: str, recorder: Recorder, unchanged_keymap: None) -> None:
    chords = ["ctrl+shift+k", "plus", "!", "A", "f5", "shift+f6", "pageup", "escape", "ctrl++", "shift+plus"]
    chords += ["f21", "ü", "€"]
    do(display, press(*chords))
    names = ["plus", "exclam", "A", "F5", "F6", "Prior", "Escape", "plus", "plus", "F21", "udiaeresis", "U20AC"]
    assert wait_for(lambda: [event for event in recorder.events("KeyRelease") if event[1] == "U20AC"])
    keys = [event[1:] for event in recorder.events("KeyPress") if event[1] not in ("Shift_L", "Control_L")]
    assert [name for name, _ in keys] == ["K", *names]
    states = [int(state) & (SHIFT | CTRL) for _, state in keys]
    assert states == [SHIFT | CTRL, SHIFT, SHIFT, SHIFT, 0, SHIFT, 0, 0, SHIFT | CTRL, SHIFT, 0, 0, 0]
    pressed, released = ([event[1] for event in recorder.events(kind)] for kind in ("KeyPress", "KeyRelease"))
    assert sorted(pressed) == sorted(released)


def test_text_arrives_to_the_letter_without_a_window_manager(
    display: str, recorder: Recorder, unchanged_keymap: None
) -> None:
    do(display, write(HARD))
    assert recorder.shows(HARD), recorder.text()


@pytest.mark.parametrize("name", ["de", "fr", "us(dvorak)", "ru", "us,ru"])
def test_text_and_chords_do_not_depend_on_the_layout(
    display: str, recorder: Recorder, layout: Callable[[str], None], name: str
) -> None:
    layout(name)
    before = keymap(display)
    do(display, write(HARD + " @#{}[]|\\^~qwzyö"))
    assert recorder.shows(HARD + " @#{}[]|\\^~qwzyö"), recorder.text()
    do(display, press("ctrl+/", "backspace", "!", "plus", "A", "q"))
    assert recorder.shows("!+Aq"), recorder.text()
    assert keymap(display) == before


def test_caps_lock_changes_nothing_and_stays_on(display: str, recorder: Recorder) -> None:
    do(display, press("capslock"))
    assert caps_lock_is_on(display)
    do(display, write("Aä🎉 bC"), press("d", "E"))
    assert recorder.shows("Aä🎉 bCdE"), recorder.text()
    assert caps_lock_is_on(display)
    do(display, press("capslock"))
    assert not caps_lock_is_on(display)


def test_the_second_layout_group_changes_nothing_and_stays_chosen(
    display: str, recorder: Recorder, layout: Callable[[str], None]
) -> None:
    subprocess.run(["setxkbmap", "-display", display, "us,ru", "-option", "grp:caps_toggle"], check=True)
    with running("xdotool", "key", "ISO_Next_Group", display=display) as toggle:
        toggle.wait(5)
    do(display, write("abc да"), press("d"))
    assert recorder.shows("abc даd"), recorder.text()
    subprocess.run(["setxkbmap", "-display", display, "-option", ""], check=True)


def test_more_characters_than_spare_keys(display: str, recorder: Recorder, unchanged_keymap: None) -> None:
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 64))) * 2
    do(display, write(text))
    assert recorder.shows(text), recorder.text()


def test_a_layout_changed_meanwhile_is_noticed_and_kept(
    display: str, recorder: Recorder, layout: Callable[[str], None]
) -> None:
    with backend_on(display) as backend:
        backend.perform(parse_action(write("zü🎉")), FRAME)
        assert recorder.shows("zü🎉")
        layout("de")
        chosen = keymap(display)
        backend.perform(parse_action(write("zü🎉")), FRAME)
        assert recorder.shows("zü🎉" * 2), recorder.text()
    assert keymap(display) == chosen


BUSY = """
import sys, time, xcffib, xcffib.xproto as xp
c = xcffib.connect(); screen = c.get_setup().roots[0]; window = c.generate_id()
mask = xp.EventMask.KeyPress | xp.EventMask.Exposure
c.core.CreateWindow(0, window, screen.root, 0, 0, 1280, 800, 0, 1, 0, xp.CW.EventMask, [mask])
c.core.MapWindow(window); c.flush()
while not isinstance(c.wait_for_event(), xp.ExposeEvent): pass
open(sys.argv[1], "w").close()
out = open(sys.argv[2], "w", encoding="utf-8")
event = c.wait_for_event()
end = time.monotonic() + 1
while time.monotonic() < end: pass
while True:
    if isinstance(event, xp.KeyPressEvent):
        out.write(chr(c.core.GetKeyboardMapping(event.detail, 1).reply().keysyms[0] & 0xFFFFFF)); out.flush()
    event = c.wait_for_event()
"""


def test_a_busy_program_gets_its_characters_before_their_keys_are_taken_back(
    display: str, start: Start, tmp_path: Path, unchanged_keymap: None
) -> None:
    ready, out = tmp_path / "ready", tmp_path / "out"
    start(sys.executable, "-c", BUSY, str(ready), str(out))
    assert wait_for(ready.exists)
    do(display, {"type": "move", "point": (9, 9)}, write("äöü€日本🎉שלום"))
    assert wait_for(lambda: len(out.read_text(encoding="utf-8")) == 11)
    assert out.read_text(encoding="utf-8") == "äöü€日本🎉שלום"


def test_keys_left_lent_by_one_that_was_killed_are_given_back(display: str, recorder: Recorder) -> None:
    before = keymap(display)
    code = "import os; from actions.x11 import X11Device as D; d = D(); d.text('äéß日本🎉'); d.sync(); os.abort()"
    env = {**os.environ, "DISPLAY": display}
    assert subprocess.run([sys.executable, "-c", code], env=env, check=False).returncode == -6
    assert recorder.shows("äéß日本🎉")
    assert keymap(display) != before
    do(display, write("ñ日"))
    assert recorder.shows("äéß日本🎉ñ日")
    assert keymap(display) == before


PAGE = """<meta charset="utf-8"><textarea id="t" rows="20" cols="80"></textarea><script>
t.focus(); document.title = 'ready'; t.oninput = () => { document.title = 'T:' + encodeURIComponent(t.value) }
</script>"""


def test_text_reaches_chromium(
    display: str, managed: None, start: Start, tmp_path: Path, unchanged_keymap: None
) -> None:
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    options = ["--no-sandbox", "--no-first-run", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    start("chromium", *options, f"--app={(tmp_path / 'page.html').as_uri()}", HOME=str(tmp_path))
    assert wait_for(lambda: title(display) == "ready", 40)
    text = HARD.replace("\t", "")  # Tab leaves the field
    do(display, {"type": "click", "point": (200, 200)}, write(text))
    assert wait_for(lambda: unquote(title(display)[2:]) == text), unquote(title(display))


characters = st.characters(exclude_categories=["Cc", "Cs", "Cn", "Co"]) | st.sampled_from("\n\t🎉\u200d\u0301")


@examples(25)
@given(text=st.text(characters, min_size=1, max_size=12))
def test_any_text(display: str, recorder: Recorder, text: str) -> None:
    do(display, press("ctrl+/", "backspace"), write(text))
    assert recorder.shows(text), (text, recorder.text())


def test_text_reaches_a_terminal(display: str, start: Start, tmp_path: Path, unchanged_keymap: None) -> None:
    out, ready = tmp_path / "out", tmp_path / "ready"
    start("xterm", "-geometry", "150x40+0+0", "-e", f"stty -echo; touch {ready}; exec cat > {out}")
    assert wait_for(ready.exists)
    do(display, {"type": "click", "point": (200, 200)}, write(HARD + "\n"), press("ctrl+d"))
    assert wait_for(lambda: out.read_text(encoding="utf-8") == HARD + "\n"), out.read_text(encoding="utf-8")


def test_a_window_that_closes_while_keys_are_lent_leaves_the_keymap_as_it_was(
    display: str, unchanged_keymap: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = X11Device(display)
    device.text("абвгдежзийклмнопрс")
    gone = 0x7FFFFFF  # the window under the pointer a moment ago
    monkeypatch.setattr(Pings, "focused", lambda _: device._core.QueryPointer(gone).reply().child)
    device.close()


@pytest.fixture
def managed(start: Start) -> None:
    start("openbox")


def test_text_reaches_a_gtk_program_and_is_saved(
    display: str, managed: None, start: Start, tmp_path: Path, unchanged_keymap: None
) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("")
    start("mousepad", "--disable-server", str(file), HOME=str(tmp_path))
    assert wait_for(lambda: "Mousepad" in title(display, "WM_CLASS"))
    do(display, write(HARD), press("ctrl+s"))
    assert wait_for(lambda: file.read_text(encoding="utf-8").rstrip("\n") == HARD), file.read_text(encoding="utf-8")


def title(display: str, name: str = "_NET_WM_NAME") -> str:
    """A property of the window that a window manager calls active, without marks of direction around it."""
    connection = xcffib.connect(display=display)
    core, root = connection.core, connection.get_setup().roots[0].root
    active, wanted = (core.InternAtom(False, len(n), n).reply().atom for n in ("_NET_ACTIVE_WINDOW", name))
    found = core.GetProperty(False, root, active, 0, 0, 1).reply().value.to_atoms()
    try:
        value = core.GetProperty(False, found[0], wanted, 0, 0, 9999).reply().value.to_utf8() if any(found) else ""
        return str(value).strip("\u200e\u202a\u202b\u202c")
    except xcffib.xproto.WindowError:
        return ""
    finally:
        connection.disconnect()


OWNER = """
import sys, tkinter as tk
root = tk.Tk(); root.geometry("10x10+1200+700"); root.withdraw()
for name in ("CLIPBOARD", "PRIMARY"):
    root.selection_own(selection=name)
    root.selection_handle(lambda o, n, name=name: f"{name} of the user"[int(o):int(o) + int(n)], selection=name,
                          type="UTF8_STRING")
open(sys.argv[1], "w").close()
root.mainloop()
"""


def test_the_clipboard_is_left_alone(display: str, recorder: Recorder, start: Start, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    start(sys.executable, "-c", OWNER, str(ready))
    assert wait_for(ready.exists)
    do(display, write(HARD))
    assert recorder.shows(HARD)
    assert [selection(display, name) for name in ("CLIPBOARD", "PRIMARY")] == [
        "CLIPBOARD of the user",
        "PRIMARY of the user",
    ]


def selection(display: str, name: str) -> str:
    code = f"import tkinter as tk; r = tk.Tk(); print(r.selection_get(selection={name!r}, type='UTF8_STRING'), end='')"
    env = {**os.environ, "DISPLAY": display}
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout


def test_two_displays_at_once(display: str, tmp_path: Path) -> None:
    with xvfb("800x600") as other, backend_on(display) as here, backend_on(other) as there:
        here.perform(parse_action({"type": "move", "point": (11, 12)}), FRAME)
        there.perform(parse_action({"type": "move", "point": (21, 22)}), FRAME)
        assert (here.position(), there.position()) == ((11, 12), (21, 22))


def test_what_is_held_is_released_by_close(display: str, recorder: Recorder) -> None:
    device = X11Device(display)
    device.key("shift", True)
    device.key("ü", True)
    device.close()
    device.close()
    assert wait_for(lambda: len(recorder.events("KeyRelease")) == 2)
    do(display, write("a"))
    assert wait_for(lambda: recorder.text().endswith("a"))


def test_errors_are_one_line() -> None:
    with pytest.raises(BackendError, match="cannot open the X display :9999"):
        X11Device(":9999")
    with xvfb() as gone:
        device = X11Device(gone)
    for call in (lambda: device.move(1, 1) or device.sync(), lambda: device.text("ü"), device.position):
        with pytest.raises(BackendError, match="the X display is gone"):
            call()
    device.close()
    with pytest.raises(BackendError, match="closed"):
        device.sync()


def test_a_long_text_arrives_whole(display: str, recorder: Recorder) -> None:
    text = "The quick brown fox jumps over the lazy dog. " * 20
    with backend_on(display) as backend:
        backend.perform(parse_action(write(text)), FRAME)
    assert recorder.shows(text)
