"""The ADB backend's pure parts: quoting, splitting texts, gestures, names of apps, dumps, what a server says."""

import io
import shlex
import zipfile
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from actions.action import Click, Drag, LongPress, Scroll
from actions.adb.apps import find_app, is_address
from actions.adb.backend import _batches
from actions.adb.gestures import drag_line, press_line, scroll_line, tap_line
from actions.adb.keys import BUTTONS, key_line
from actions.adb.launcher import LauncherApp, parse_activities
from actions.adb.lines import LONGEST, chain, command, on_display, pipe, sequence
from actions.adb.resources import read_locales, resource_text
from actions.adb.screen import parse_dump
from actions.adb.server import AdbServer
from actions.adb.text import PIECE, Committed, KeyPiece, TextPiece, split_text
from actions.backend import BackendError, RefusedError
from actions.frame import Frame, GeometryError, Point
from envs.phone.apk import LABEL, apk

FRAME = Frame(id="0", width=1000, height=2000)
WORDS = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1, max_size=5)
SIGNS = st.text(st.sampled_from("ab '\"\\$`(){};&|<>*?[]#~!\n%s-=日ü😀"), max_size=40)
TYPEABLE = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("\n\t%s"), max_size=500)


@given(WORDS | st.lists(SIGNS, min_size=1, max_size=4))
@example(["input", "text", "'; reboot; '"])
def test_a_command_is_its_words(words: list[str]) -> None:
    assert shlex.split(command(*words)) == words


@pytest.mark.parametrize("word", ["a\0b", "\ud800"])
def test_what_no_shell_can_carry_is_refused(word: str) -> None:
    with pytest.raises(RefusedError, match="null character"):
        command("input", "text", word)


@given(
    st.lists(SIGNS | st.sampled_from(["input", " && input tap", "; input x", "'| input y'"]), min_size=1, max_size=4)
)
@example(["x' && input tap 1 2"])
def test_only_input_itself_is_sent_to_another_display(words: list[str]) -> None:
    line = sequence(
        chain(command("input", *words), command("echo", *words)), pipe(command("cat"), command("input", "x"))
    )
    aimed = on_display(line, 2)
    other = [command("input", "-d", "2", *words), command("input", "-d", "2", "x")]
    assert aimed == sequence(chain(other[0], command("echo", *words)), pipe(command("cat"), other[1]))
    assert on_display(aimed, 2) == aimed
    assert on_display(line, 0) == line


@given(TYPEABLE)
@example("100%s")
@example("%" * 300 + "s" * 300)
def test_the_pieces_make_the_text(text: str) -> None:
    pieces = split_text(text)
    keys = {"ENTER": "\n", "TAB": "\t"}
    assert "".join(keys[p.key] if isinstance(p, KeyPiece) else p.text for p in pieces) == text
    for piece in pieces:
        if isinstance(piece, TextPiece):
            assert "%s" not in piece.text
            assert piece.text.isascii()
        if not isinstance(piece, KeyPiece):
            assert 0 < len(piece.text) <= PIECE
    assert not ({TextPiece, Committed} <= {type(piece) for piece in pieces})


@given(st.lists(st.text("a'", min_size=1, max_size=PIECE), max_size=40))
def test_no_line_is_too_long(texts: list[str]) -> None:
    lines = [command("input", "text", text) for text in texts]
    batches = _batches(lines)
    assert all(len(batch) <= LONGEST for batch in batches)
    assert " && ".join(batches) == " && ".join(lines)


@pytest.mark.parametrize("text", ["\x00", "a\x07", "\x7f", "\x85", "\udfff"])
def test_controls_are_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="control characters"):
        split_text(text)


def test_taps_and_presses() -> None:
    at = Point(10, 20)
    assert tap_line(Click(point=at), FRAME) == "input tap 10 20"
    assert tap_line(Click(point=at, count=2), FRAME) == "input tap 10 20 && input tap 10 20"
    assert press_line(LongPress(point=at, seconds=1.5), FRAME) == "input swipe 10 20 10 20 1500"
    for bad in (Click(point=at, button="right"), Click(point=at, keys=("ctrl",))):
        with pytest.raises(RefusedError):
            tap_line(bad, FRAME)
    with pytest.raises(GeometryError):
        tap_line(Click(point=Point(1000, 20)), FRAME)


def test_a_frame_with_more_pixels_than_units() -> None:
    frame = Frame(id="0", width=1440, height=2880, scale=2.0)
    assert tap_line(Click(point=Point(100, 200)), frame) == "input tap 50 100"


def test_drags() -> None:
    straight = Drag(path=(Point(1, 1), Point(50, 50), Point(99, 99)))
    assert drag_line(straight, FRAME, motion=False) == "input swipe 1 1 99 99 300"
    corner = Drag(path=(Point(1, 1), Point(1, 99), Point(99, 99)))
    with pytest.raises(RefusedError, match="corners"):
        drag_line(corner, FRAME, motion=False)
    events = drag_line(corner, FRAME, motion=True)
    assert events.startswith("input motionevent DOWN 1 1 && ")
    assert "input motionevent MOVE 1 99" in events
    assert events.endswith("; input motionevent UP 99 99")
    there_and_back = Drag(path=(Point(1, 1), Point(99, 1), Point(1, 1)))
    assert "motionevent" in drag_line(there_and_back, FRAME, motion=True)


@given(st.integers(-100, 100).filter(bool), st.floats(0, 999), st.floats(0, 1999), st.booleans())
def test_scrolls_move_the_finger_the_other_way_by_their_notches(n: int, x: float, y: float, across: bool) -> None:
    scroll = Scroll(point=Point(x, y), dx=n) if across else Scroll(point=Point(x, y), dy=n)
    swipes = [[int(v) for v in line.split()[2:]] for line in scroll_line(scroll, FRAME).split(" && ")]
    moved = sum(s[2] - s[0] if across else s[3] - s[1] for s in swipes)
    side = 1000 if across else 2000
    assert moved == pytest.approx(-n * 0.1 * side, abs=2 * len(swipes))
    for swipe in swipes:
        along = (swipe[0], swipe[2]) if across else (swipe[1], swipe[3])
        assert all(0.1 * side <= place <= 0.9 * side for place in along)
    with pytest.raises(RefusedError):
        scroll_line(Scroll(), FRAME)


def test_keys() -> None:
    assert key_line(("enter", "a", "7"), combinations=False) == (
        "input keyevent ENTER && input keyevent KEYCODE_A && input keyevent KEYCODE_7"
    )
    assert key_line(("X",), combinations=False) == "input text X"
    assert key_line(("ctrl+a",), combinations=True) == "input keycombination CTRL_LEFT KEYCODE_A"
    with pytest.raises(RefusedError, match="cannot hold ctrl"):
        key_line(("ctrl+a",), combinations=False)
    assert BUTTONS["recents"] == "APP_SWITCH"


PACKAGES = ["com.android.settings", "com.android.deskclock", "com.android.chrome", "com.acme.mail", "org.acme.mail",
            "com.google.android.apps.messaging", "de.dennisguse.opentracks"]  # fmt: skip


def unlabelled(packages: list[str]) -> list[LauncherApp]:
    return [LauncherApp(package, f"{package}/{package}.Main") for package in packages]


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("Settings", "com.android.settings"),
        ("the settings app".removeprefix("the "), "com.android.settings"),
        ("Clock", "com.android.deskclock"),
        ("Google Chrome", "com.android.chrome"),
        ("browser", "com.android.chrome"),
        ("SMS", "com.google.android.apps.messaging"),
        ("OpenTracks", "de.dennisguse.opentracks"),
        ("com.acme.mail", "com.acme.mail"),
    ],
)
def test_apps_by_name(name: str, package: str) -> None:
    assert find_app(name, unlabelled(PACKAGES)).package == package


def test_a_name_opens_no_other_app() -> None:
    with pytest.raises(RefusedError, match="no app called 'Internet'"):
        find_app("Internet", unlabelled(["com.android.chrome", "com.android.settings"]))
    with pytest.raises(RefusedError, match=r"no app called 'Setings'.*the nearest: com\.android\.settings"):
        find_app("Setings", unlabelled(PACKAGES))


LABELLED = [
    LauncherApp("com.sec.android.app.sbrowser", "com.sec.android.app.sbrowser/.Main", "Internet"),
    LauncherApp("com.android.chrome", "com.android.chrome/.Main", "Chrome"),
    LauncherApp("com.acme.notes", "com.acme.notes/.Main", "Café Notizen"),
    LauncherApp("com.acme.maps", "com.acme.maps/.Main", "Acme Maps"),
    LauncherApp("com.mipay.wallet", "com.mipay.wallet/.Main", "微信读书"),
    LauncherApp("com.other.calculator", "com.other.calculator/.Main", "Vault"),
    LauncherApp("a.files", "a.files/.Main", "Files"),
    LauncherApp("b.files", "b.files/.Main", "Files"),
    LauncherApp("org.lens", "org.lens/.Main", "Camera"),
    LauncherApp("com.android.camera2", "com.android.camera2/.Main", "Kamera"),
    LauncherApp("org.lens.pro", "org.lens.pro/.Main", "Camera Pro"),
    LauncherApp("com.android.gallery3d", "com.android.gallery3d/.Main", "Galerie"),
    LauncherApp("a.two", "a.two/.One", "Twin"),
    LauncherApp("a.two", "a.two/.Two", "Twin"),
]


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("internet", "com.sec.android.app.sbrowser"),
        ("CAFE  notizen", "com.acme.notes"),
        ("Notizen", "com.acme.notes"),
        ("Maps app", "com.acme.maps"),
        ("camera", "org.lens"),
        ("Gallery", "com.android.gallery3d"),
        ("a.two/.Two", "a.two"),
        ("微信读书", "com.mipay.wallet"),
    ],
)
def test_apps_by_label(name: str, package: str) -> None:
    assert find_app(name, LABELLED).package == package


@pytest.mark.parametrize("name", ["Map", "Chromium", "Google", "微信", "calculator", "Intranet", "!", "Note"])
def test_what_is_only_like_a_label_is_refused(name: str) -> None:
    with pytest.raises(RefusedError, match=r"no app called .*the nearest: "):
        find_app(name, LABELLED)


def test_several_of_one_label_are_named() -> None:
    with pytest.raises(RefusedError, match=r"'files' may be Files \(a\.files\) or Files \(b\.files\): open it by"):
        find_app("files", LABELLED)
    with pytest.raises(RefusedError, match=r"may be a\.two/\.One or a\.two/\.Two"):
        find_app("Twin", LABELLED)


def test_unknown_and_doubtful_apps_are_refused() -> None:
    with pytest.raises(RefusedError, match=r"no app called 'Photoshop'.*the nearest: "):
        find_app("Photoshop", unlabelled(PACKAGES))
    with pytest.raises(RefusedError, match=r"com\.acme\.mail or org\.acme\.mail"):
        find_app("mail", unlabelled(PACKAGES))


@pytest.mark.parametrize(
    ("text", "yes"), [("https://a.b/c?d=1&e", True), ("tel:123", True), ("Clock", False), ("a: b", False)]
)
def test_addresses(text: str, yes: bool) -> None:
    assert is_address(text) is yes


def test_dumps() -> None:
    node = '<node text="a &lt; b" class="android.widget.EditText" focused="true" bounds="[0,1][2,3]"/>'
    found = parse_dump(f"<hierarchy>{node}</hierarchy>")
    assert [(n.text, n.kind, n.bounds, n.focused) for n in found] == [("a < b", "EditText", (0, 1, 2, 3), True)]
    for bad in (
        '<!DOCTYPE x [<!ENTITY e "x">]><hierarchy>&e;</hierarchy>',
        "<hierarchy>",
        "<hierarchy" + " " * 9_000_000,
    ):
        with pytest.raises(BackendError):
            parse_dump(bad)


class Listed(AdbServer):
    """A server that lists what it is told."""

    def __init__(self, states: dict[str, str]) -> None:
        self.states = states

    def devices(self) -> dict[str, str]:
        return self.states

    def connect(self, address: str, timeout: float = 10.0) -> str:
        return f"failed to connect to {address}: Connection refused"


@pytest.mark.parametrize(
    ("states", "serial", "words"),
    [
        ({}, None, "no Android device: connect one by USB"),
        ({"a": "device", "b": "device"}, None, "2 devices: choose one with --serial: a, b"),
        ({"a": "unauthorized"}, None, "a has not allowed this computer"),
        ({"a": "offline"}, "a", "a is offline: plug it in again"),
        ({"a": "device"}, "b", "no device b: there is a"),
        ({}, "127.0.0.1:1", "failed to connect to 127.0.0.1:1"),
        ({"a": "unauthorized", "b": "offline"}, None, "no device is ready"),
        ({"a": "weird"}, "a", "adb says 'weird'"),
    ],
)
def test_a_device_that_cannot_be_used_is_explained(
    states: dict[str, str], serial: str | None, words: str, monkeypatch: Any
) -> None:
    monkeypatch.delenv("ANDROID_SERIAL", raising=False)
    with pytest.raises(BackendError) as caught:
        Listed(states).choose(serial, patience=0)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_only_ready_device_is_chosen(monkeypatch: Any) -> None:
    monkeypatch.delenv("ANDROID_SERIAL", raising=False)
    assert Listed({"a": "offline", "b": "device"}).choose() == "b"
    monkeypatch.setenv("ANDROID_SERIAL", "c")
    assert Listed({"b": "device", "c": "device"}).choose() == "c"


ACTIVITIES = """3 activities found:
  Activity #0:
    priority=0 preferredOrder=0 match=0x108000 specificIndex=-1 isDefault=false
    labelRes=0x7f110001 nonLocalizedLabel=null icon=0x0
    ActivityInfo:
      name=com.acme.mail.Main
      packageName=com.acme.mail
      labelRes=0x7f110029 nonLocalizedLabel=null icon=0x0 banner=0x0
      ApplicationInfo:
        name=com.acme.App
        packageName=com.acme.mail
        labelRes=0x7f110030 nonLocalizedLabel=null icon=0x7f0e0000 banner=0x0
        sourceDir=/data/app/~~WLi9==/com.acme.mail-ufb==/base.apk
        splitSourceDirs=[/data/app/~~WLi9==/m-ufb==/split_config.de.apk, /data/split_config.xhdpi.apk]
  Activity #1:
    ActivityInfo:
      name=org.web.Shell$Main
      packageName=org.web
      enabled=true exported=true directBootAware=false
      ApplicationInfo:
        packageName=org.web
        labelRes=0x0 nonLocalizedLabel=My web  page icon=0x7f0e0000 banner=0x0
        sourceDir=/data/app/org.web/base.apk
  Activity #2:
    ActivityInfo:
      name=org.bare.Main
      packageName=org.bare
      ApplicationInfo:
        packageName=org.bare
        sourceDir=/data/app/org.bare/base.apk
"""


def test_the_launchers_entries_are_read() -> None:
    mail, web, bare = parse_activities(ACTIVITIES)
    assert (mail.component, mail.number, mail.label) == ("com.acme.mail/com.acme.mail.Main", 0x7F110029, None)
    assert [file.rpartition("/")[2] for file in mail.files] == [
        "base.apk", "split_config.de.apk", "split_config.xhdpi.apk"
    ]  # fmt: skip
    assert (web.component, web.label) == ("org.web/org.web.Shell$Main", "My web  page")
    assert (bare.label, bare.number) == (None, 0)
    assert parse_activities("No activities found\n") == []


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("de-AT,en-US", "Uhr"),
        ("fr-FR,ja-JP", "時計"),
        ("pt-BR", "Clock"),
        ("iw-IL", "שעון"),
        ("", "Clock"),
    ],
)
def test_a_label_is_in_the_devices_language(said: str, text: str) -> None:
    with zipfile.ZipFile(io.BytesIO(apk({"": "Clock", "de": "Uhr", "ja": "時計", "iw": "שעון"}))) as archive:
        table = archive.read("resources.arsc")
    assert resource_text([table], LABEL, read_locales(said)) == text
    assert resource_text([b"", table], LABEL, read_locales(said)) == text
    assert resource_text([table], LABEL + 1, read_locales(said)) is None


def test_a_damaged_table_has_no_label() -> None:
    with zipfile.ZipFile(io.BytesIO(apk({"": "Clock"}))) as archive:
        table = archive.read("resources.arsc")
    for size in range(0, len(table), 7):
        assert resource_text([table[:size]], LABEL, ()) in (None, "Clock")
    for place in range(0, len(table), 3):
        for byte in (0x00, 0x7F, 0xFF):
            resource_text([table[:place] + bytes([byte]) + table[place + 1 :]], LABEL, ())
