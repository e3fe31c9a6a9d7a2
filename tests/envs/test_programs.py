"""What may be opened, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.programs import ProgramError, Programs, check_url, find_program, private_arguments, read_desktop_file

ENTRY = "[Desktop Entry]\nType=Application\nName=Text Pad\nExec=textpad --new %F --title %c 100%%\n"


@pytest.fixture
def apps(tmp_path: Path) -> Programs:
    folder = tmp_path / "applications"
    folder.mkdir()
    (folder / "org.example.Pad.desktop").write_text(ENTRY)
    (folder / "hidden.desktop").write_text(ENTRY.replace("Text Pad", "Hidden") + "NoDisplay=true\n")
    (folder / "terminal.desktop").write_text(ENTRY.replace("Text Pad", "Shell") + "Terminal=true\n")
    (folder / "broken.desktop").write_text("[Desktop Entry\nName")
    return Programs(["xterm -fs 12"], {"XDG_DATA_HOME": str(tmp_path), "XDG_DATA_DIRS": "/none", "PATH": "/usr/bin"})


@pytest.mark.parametrize("name", ["Text Pad", "text pad", "org.example.Pad", "org.example.pad.DESKTOP", "Pad"])
def test_an_installed_application_is_known_by_its_names(apps: Programs, name: str) -> None:
    assert apps.resolve(name) == ["textpad", "--new", "--title", "100%"]


def test_a_named_program_keeps_the_users_arguments_and_takes_no_others(apps: Programs) -> None:
    assert apps.resolve("xterm") == ["xterm", "-fs", "12"]
    assert apps.resolve("xterm -fs 12") == ["xterm", "-fs", "12"]
    with pytest.raises(ProgramError):
        apps.resolve("xterm -e reboot")


@pytest.mark.parametrize("name", ["Hidden", "Shell", "broken", "sh", "/bin/sh", "bash -c id", "textpad /a", " "])
def test_everything_else_is_refused(apps: Programs, name: str) -> None:
    with pytest.raises(ProgramError, match="no program is called"):
        apps.resolve(name)


@given(st.text(min_size=1, max_size=60))
def test_no_text_becomes_an_argument(text: str) -> None:
    programs = Programs(["xterm -fs 12"], {"XDG_DATA_HOME": "/none", "XDG_DATA_DIRS": "/none", "PATH": "/usr/bin"})
    try:
        argv = programs.resolve(text)
    except ProgramError:
        return
    assert argv == ["xterm", "-fs", "12"] or (len(argv) == 2 and argv[1].startswith(("http", "file")))


def test_addresses_are_checked(tmp_path: Path) -> None:
    page = tmp_path / "a page.html"
    page.touch()
    for good in ("http://127.0.0.1:8000/a?b=c#d", "https://example.org", page.as_uri()):
        assert check_url(good) == good
    for bad in ("http://", "https:///x", "http://a b", "http://a:99999/", "ftp://example.org", "file:///no/such",
                "data:x", "javascript:alert(1)", "chrome://settings", 'http://a"b', "http://a\nb", "file://host/etc/passwd",
                tmp_path.as_uri()):  # fmt: skip
        with pytest.raises(ProgramError):
            check_url(bad)


def test_desktop_files_that_are_no_programs_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "x.desktop"
    for text in ("", "[Desktop Entry]\nType=Link\nName=a\nExec=a", ENTRY.replace("Exec=", "Exec='"), "\0\xff"):
        path.write_text(text)
        assert read_desktop_file(path) is None
    assert read_desktop_file(tmp_path / "missing.desktop") is None


def test_a_missing_program_says_what_to_install() -> None:
    with pytest.raises(ProgramError, match="sudo apt install firefox-esr"):
        find_program(["firefox"], {"PATH": "/nowhere"})


def test_chromium_gets_a_profile_of_its_own_and_keeps_the_users_arguments() -> None:
    argv = private_arguments(["chromium", "http://a/"], Path("/h"), root=True)
    assert argv[0] == "chromium"
    assert argv[-1] == "http://a/"
    assert {"--no-sandbox", "--user-data-dir=/h/chromium", "--no-first-run"} <= set(argv)
    assert "--no-sandbox" not in private_arguments(["chromium"], Path("/h"), root=False)
    assert private_arguments(["mousepad", "a"], Path("/h"), root=True) == ["mousepad", "a"]
