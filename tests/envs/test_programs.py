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
    executable(tmp_path / "textpad")
    return Programs(["xterm -fs 12"], environ(tmp_path))


def environ(home: Path, system: str = "/none") -> dict[str, str]:
    return {"XDG_DATA_HOME": str(home), "XDG_DATA_DIRS": system, "PATH": f"/usr/bin:{home}"}


def executable(path: Path, text: str = "#!/bin/sh") -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.mark.parametrize("name", ["Text Pad", "text pad", "org.example.Pad", "org.example.pad.DESKTOP", "Pad"])
def test_an_installed_application_is_known_by_its_names(apps: Programs, tmp_path: Path, name: str) -> None:
    assert apps.resolve(name) == [str(tmp_path / "textpad"), "--new", "--title", "100%"]


def test_a_desktop_file_saved_later_is_not_known(apps: Programs, tmp_path: Path) -> None:
    (tmp_path / "applications/notes.desktop").write_text(
        ENTRY.replace("Text Pad", "Notes").replace("textpad", "sh -c id")
    )
    (tmp_path / "applications/org.example.Pad.desktop").write_text(ENTRY.replace("textpad", "sh -c id"))
    with pytest.raises(ProgramError, match="no program is called 'Notes'"):
        apps.resolve("Notes")
    assert apps.resolve("Text Pad")[1:] == ["--new", "--title", "100%"]


def test_a_users_desktop_file_does_not_replace_one_of_the_system(tmp_path: Path) -> None:
    for folder, program in (("system", "true"), ("home", "false")):
        (tmp_path / folder / "applications").mkdir(parents=True)
        entry = f"[Desktop Entry]\nType=Application\nName=Pad\nExec={program}\n"
        (tmp_path / folder / "applications/pad.desktop").write_text(entry)
    assert Programs((), environ(tmp_path / "home", str(tmp_path / "system"))).resolve("Pad") == ["/usr/bin/true"]


def test_a_program_that_was_written_over_since_the_start_is_refused(apps: Programs, tmp_path: Path) -> None:
    executable(tmp_path / "textpad", "#!/bin/sh\nid")
    with pytest.raises(ProgramError, match="has changed since the start"):
        apps.resolve("Text Pad")


def test_a_named_program_keeps_the_users_arguments_and_takes_no_others(apps: Programs) -> None:
    assert apps.resolve("xterm") == ["/usr/bin/xterm", "-fs", "12"]
    assert apps.resolve("xterm -fs 12") == ["/usr/bin/xterm", "-fs", "12"]
    with pytest.raises(ProgramError):
        apps.resolve("xterm -e reboot")


@pytest.mark.parametrize("name", ["Hidden", "Shell", "broken", "sh", "/bin/sh", "bash -c id", "textpad /a", " "])
def test_everything_else_is_refused(apps: Programs, name: str) -> None:
    with pytest.raises(ProgramError, match="no program is called"):
        apps.resolve(name)


@given(st.text(min_size=1, max_size=60))
def test_no_text_becomes_an_argument(text: str) -> None:
    programs = Programs(["xterm -fs 12"], environ(Path("/none")))
    try:
        argv = programs.resolve(text)
    except ProgramError:
        return
    assert argv == ["/usr/bin/xterm", "-fs", "12"] or (len(argv) == 2 and argv[1].startswith(("http", "file")))


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
