"""Text into a real field of the simulated phone, through the stock adb: it arrives as it is written, or is refused."""

import random
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from actions.action import Key, TypeText
from actions.adb import AdbBackend, AdbLink, AdbServer
from actions.adb.ime import ACKNOWLEDGING, NOTE, SILENT
from actions.adb.lines import chain, command
from actions.adb.link import UncertainError
from actions.backend import RefusedError
from actions.frame import Frame
from envs.android import AndroidEnv
from envs.phone.phone import Phone

FRAME = Frame(id="0000", width=1080, height=2400)
USUAL = "com.handeye.keyboard/.Keyboard"
META = " '\"\\$`(){};&|<>*?[]#~!%s=-_0,.^:@+/\n"
AWKWARD = [
    "", " ", "  two  ", "%s", "100%s off", "%%s%%", "%", "s%", "-d", "--help", "-", "text", "'", '"', "\\", "\\n",
    "a\\", "a b\\ c", "$(reboot)", "`reboot`", "$HOME ${PATH} $((1+1))", "a;reboot", "a && reboot || x & y",
    "a | tee /sdcard/x", "> /sdcard/pwned", "< /sdcard", "*", "?.txt", "[a-z]*", "~", "~root", "#no", "!!", "{a,b}",
    "{1..9}", "a_b_c", "'; reboot; '", '"; reboot; "', "line one\nline two", "\n", "\n\n", "crlf\r\nend", "cr\rend",
    "x" * 1234, "'" * 400, "%s" * 300, "日本語", "ü", "éè", "e\u0301", "😀", "👩‍👩‍👧‍👦", "🇩🇪", "שלום", "مرحبا بالعالم",
    "\u202eabc", "a\u00a0b", "\u2028", "\ufeffx", "\uffff", "\U0010ffff", "日本 %s $(reboot)\n'quoted'", "ñ" * 700,
    "mixed ASCII and 漢字\nand more",
]  # fmt: skip


@pytest.fixture
def backend(phone: Phone, server: AdbServer) -> Iterator[AdbBackend]:
    link = AdbLink(phone.serial, server)
    link.run(chain(command("am", "start", "-a", "android.settings.DEVICE_INFO_SETTINGS")))
    phone.wait_ready()
    phone.screen.ask(_AREA)
    hands = AdbBackend(link)
    yield hands
    hands.close()


_AREA = """(() => { const page = system.front().frame.contentDocument; const area = page.createElement("textarea");
    page.body.replaceChildren(area); area.focus(); system.front().frame.focus(); return true; })()"""


def field(phone: Phone) -> str:
    return str(phone.screen.ask("system.text()"))


def state(phone: Phone) -> dict[str, Any]:
    """Everything that a command could change: files, settings, properties, apps."""
    files = {
        str(path.relative_to(phone.storage.root)): path.read_bytes()
        for path in sorted(phone.storage.root.rglob("*"))
        if path.is_file() and not path.name.startswith("settings.db")
    }
    told = {name: phone.state.settings(name) for name in ("system", "secure", "global")}
    return {
        "files": files,
        "settings": told,
        "properties": dict(phone.state.properties),
        "tasks": phone.look()["tasks"],
    }


def forbidden(text: str) -> bool:
    return any(c not in "\n\t\r" and unicodedata.category(c) in ("Cc", "Cs") for c in text)


def check(backend: AdbBackend, phone: Phone, text: str) -> None:
    """`text` is in the field, or it was refused and nothing is."""
    phone.screen.ask("(system.field().value = '', true)")
    if forbidden(text):
        with pytest.raises(RefusedError, match=r"U\+"):
            backend.perform(TypeText(text=text), FRAME)
        assert field(phone) == ""
        return
    backend.perform(TypeText(text=text), FRAME)
    assert field(phone) == text.replace("\r\n", "\n").replace("\r", "\n"), ascii(text)


def some_text(dice: random.Random) -> str:
    """Shell signs, ASCII, all planes of Unicode, controls; mostly short. (An action cannot hold half a pair.)"""
    kinds = {
        "meta": lambda: dice.choice(META),
        "ascii": lambda: chr(dice.randint(0x20, 0x7E)),
        "any": lambda: chr(dice.choice([dice.randint(0, 0xD7FF), dice.randint(0xE000, 0x10FFFF)])),
        "latin": lambda: chr(dice.randint(0xA0, 0x24F)),
        "marks": lambda: dice.choice("\u0301\u200d\u200f\u202e\ufe0f\U0001f3fd😀日م"),
        "control": lambda: chr(dice.randint(0, 0x9F)),
    }
    picked = dice.choice([("meta",), ("meta", "ascii"), ("ascii",), ("any", "meta"), ("any",), ("meta", "marks"),
                          ("latin", "marks", "ascii"), ("control", "meta")])  # fmt: skip
    size = dice.choice([1, 2, 5, 12, 30, 60]) if dice.random() < 0.99 else 700
    return "".join(kinds[dice.choice(picked)]() for _ in range(size)).replace("\t", " ")


@cache
def programs_started() -> list[str]:
    """Grows whenever anything in this process, the phone included, starts a program on this machine."""
    started: list[str] = []

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty"):
            started.append(f"{event}{arguments!r:.200}")

    sys.addaudithook(hear)
    return started


def many(backend: AdbBackend, phone: Phone, count: int, seed: int) -> None:
    before, dice, started = state(phone), random.Random(seed), len(programs_started())
    for _ in range(count):
        check(backend, phone, some_text(dice))
    assert state(phone) == before
    assert programs_started()[started:] == []


def test_awkward_texts_arrive(backend: AdbBackend, phone: Phone) -> None:
    before = state(phone)
    for text in AWKWARD:
        check(backend, phone, text)
    assert state(phone) == before


def test_random_texts_arrive_or_are_refused(backend: AdbBackend, phone: Phone) -> None:
    many(backend, phone, 200, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_thousand_random_texts(backend: AdbBackend, phone: Phone) -> None:
    many(backend, phone, 10_000, seed=2)


def test_a_field_is_emptied_first(backend: AdbBackend, phone: Phone) -> None:
    phone.screen.ask("(system.field().value = 'old\\nlines', system.field().setSelectionRange(2, 2), true)")
    backend.perform(TypeText(text="new", clear=True), FRAME)
    assert field(phone) == "new"


def test_a_tab_goes_to_the_next_field(backend: AdbBackend, phone: Phone) -> None:
    phone.screen.ask("""(() => { const page = system.front().frame.contentDocument;
        page.body.innerHTML = '<input id="a"><input id="b">'; page.getElementById("a").focus(); return true; })()""")
    backend.perform(TypeText(text="one\ttwo"), FRAME)
    said = "[...system.front().frame.contentDocument.querySelectorAll('input')].map((one) => one.value)"
    assert phone.screen.ask(said) == ["one", "two"]


def uninstall(phone: Phone, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    from envs.phone.commands import inputs

    monkeypatch.setattr(inputs, "IMES", {name: words for name, words in inputs.IMES.items() if name not in names})


def test_without_an_input_method_what_needs_one_is_refused(
    backend: AdbBackend, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    uninstall(phone, monkeypatch, ACKNOWLEDGING, SILENT)
    with pytest.raises(RefusedError, match=r"cannot be made to type 日 \(U\+65E5\).*install ADBKeyBoard"):
        backend.perform(TypeText(text="a日b"), FRAME)
    assert field(phone) == ""
    check(backend, phone, "plain text goes on")


def test_the_input_method_that_never_answers_is_checked_on_the_screen(
    backend: AdbBackend, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    uninstall(phone, monkeypatch, ACKNOWLEDGING)
    assert backend.perform(TypeText(text="日本 $(reboot)"), FRAME).endswith("the field shows it")
    assert field(phone) == "日本 $(reboot)"
    assert phone.state.get("secure", "default_input_method") == USUAL


def test_without_a_field_a_text_is_refused(backend: AdbBackend, phone: Phone) -> None:
    phone.screen.ask("(system.front().frame.contentDocument.activeElement.blur(), true)")
    with pytest.raises(RefusedError, match="tap a text field first"):
        backend.perform(TypeText(text="日本"), FRAME)
    assert phone.state.get("secure", "default_input_method") == USUAL


def test_the_users_input_method_is_put_back_after_a_failure(backend: AdbBackend, phone: Phone) -> None:
    before = state(phone)

    def cut(argv: tuple[str, ...]) -> None:
        if argv[:2] == ("am", "broadcast"):
            phone.faults.clear()
            phone.daemon.cut()

    phone.faults.before = cut
    with pytest.raises(UncertainError):
        backend.perform(TypeText(text="日本"), FRAME)
    assert state(phone)["settings"] == before["settings"]


def test_the_users_input_method_is_put_back_by_the_next_run_after_a_kill(
    backend: AdbBackend, phone: Phone, server: AdbServer
) -> None:
    before = state(phone)["settings"]
    borrowed = backend._input_method.borrowed("ü")
    borrowed.__enter__()  # and the process is killed here
    assert phone.state.get("secure", "default_input_method") == ACKNOWLEDGING
    assert phone.state.get("global", NOTE)
    AndroidEnv(phone.serial, server, capture="png").close()
    assert state(phone)["settings"] == before


def test_keys(backend: AdbBackend, phone: Phone) -> None:
    backend.perform(TypeText(text="abc"), FRAME)
    backend.perform(Key(chords=("backspace", "X", "y", "7")), FRAME)
    assert field(phone) == "abXy7"
    backend.perform(Key(chords=("ctrl+a", "Z")), FRAME)
    assert field(phone) == "Z"
    with pytest.raises(RefusedError, match="type it as text"):
        backend.perform(Key(chords=("ß",)), FRAME)
