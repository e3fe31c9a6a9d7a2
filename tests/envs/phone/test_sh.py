"""The phone's shell: what mksh does with quotes, expansions, lists, pipes and redirections."""

import io
import shlex
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from envs.phone.sh import CommandCall, Shell
from envs.phone.sh.files import FILE_COMMANDS
from envs.phone.sh.text import TEXT_COMMANDS
from envs.phone.storage import Storage


class Outside(io.BytesIO):
    """What a command line reads and writes."""

    def __init__(self, stdin: bytes = b"") -> None:
        super().__init__(stdin)
        self.out, self.err = b"", b""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.out += data
        return len(data)

    def error(self, data: bytes) -> None:
        self.err += data


def words(call: CommandCall) -> int:
    call.out("|".join(call.argv[1:]))
    return 0


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    storage = Storage(tmp_path_factory.mktemp("phone"))
    for name in ("a.txt", "b.txt", ".hidden"):
        (storage.root / "sdcard" / name).write_text(name[0].upper() + "\n")
    return Shell({**FILE_COMMANDS, **TEXT_COMMANDS, "words": words}, storage, {"HOME": "/sdcard"})


def run(shell: Shell, line: str, stdin: bytes = b"") -> tuple[int, str, str]:
    outside = Outside(stdin)
    status = shell.run(line, outside)
    return status, outside.out.decode("utf-8", "surrogateescape"), outside.err.decode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    ("line", "out"),
    [
        ("words a  b\tc", "a|b|c"),
        ("words 'a  b' \"c $HOME\" d\\ e '' \"\"", "a  b|c /sdcard|d e||"),
        ('words "a\\"b\\$c\\d`echo e`"', 'a"b$c\\de'),
        ("words $'t\\tu\\u00e9\\x41\\''", "t\tuéA'"),
        ("cd /sdcard; words *.txt '*.txt' ?.none", "a.txt|b.txt|*.txt|?.none"),
        ("words /sdcard/a*", "/sdcard/a.txt"),
        ("words a{b,c}d '{x,y}' {z}", "abd|acd|{x,y}|{z}"),
        ('words $(echo a b) "$(echo a b)"', "a|b|a b"),
        ("X=5; words $X ${Y:-d e} ${X}7 $?", "5|d|e|57|0"),
        ('words "$NONE" $NONE end', "|end"),
        ("echo a; echo b && false || echo c", "a\nb\nc\n"),
        ("echo one\\\ntwo # three", "onetwo\n"),
        ("if test -d /nope; then echo no; elif [ -f /sdcard/a.txt ]; then echo yes; else echo 0; fi", "yes\n"),
        ("for i in 1 2 3; do echo -n $i; done", "123"),
        ("until true; do echo x; done; echo $?", "0\n"),
        ("! true; echo $?", "1\n"),
        ("(cd /sdcard; pwd); pwd", "/sdcard\n/\n"),
        ("{ echo b; echo a; } | head -n 1", "b\n"),
        ("cat < /sdcard/a.txt", "A\n"),
        ("nope 2>/dev/null; echo $?", "127\n"),
        ("nope 2>&1", "/system/bin/sh: nope: inaccessible or not found\n"),
        ("exit 3; echo no", ""),
        ("echo x & true", "x\n"),
        ("echo a b | (read X Y; words $Y $X)", "b|a"),
        ("X=7; words $((X * 2 + 1)) $(( ($X - 1) / 4 )) $((-7 / 2)) $((-7 % 2)) a$((0x10))", "15|1|-3|-1|a16"),
        ('words $((1 << 4 | 1)) $((3 > 2 && !0)) $((0 ? 5 : 6)) "$((1+(2*3)))" $((NONE))', "17|1|6|7|0"),
        ("words $((2147483647 + 1)) $(($(echo 4) * 2))", "-2147483648|8"),
        ("i=0; while [ $i -lt 3 ]; do echo -n $i; i=$((i+1)); done", "012"),
        ("ls /sdcard", "DCIM\nDocuments\nDownload\na.txt\nb.txt\n"),
    ],
)
def test_lines(shell: Shell, line: str, out: str) -> None:
    assert run(shell, line)[1] == out


def test_status_and_errors(shell: Shell) -> None:
    assert run(shell, "cat /nope") == (1, "", "cat: /nope: No such file or directory\n")
    assert run(shell, "exit 300")[0] == 44
    assert run(shell, "nope")[0] == 127


@pytest.mark.parametrize(
    "line",
    [
        "echo 'a",
        'echo "a',
        "echo $(a",
        "echo $((1",
        "echo $((1)",
        "(echo",
        "a ;; b",
        "| a",
        "a &&",
        "if true; fi",
        "x )",
    ],
)
def test_what_cannot_be_read_runs_nothing(shell: Shell, line: str) -> None:
    status, out, error = run(shell, f"echo ran; {line}")
    assert (status, out) == (1, "")
    assert error.startswith("/system/bin/sh: syntax error: ")


@pytest.mark.parametrize("expression", ["1/0", "1 +", "a b", "(1", "1 ? 2", "X", "@", "(" * 300])
def test_a_wrong_sum_ends_the_line(shell: Shell, expression: str) -> None:
    line = f"X=word; echo $(({expression}{')' * expression.count('(') if len(expression) > 9 else ''})); echo ran"
    status, out, error = run(shell, line)
    assert (status, out) == (1, "")
    assert error


def test_files(shell: Shell) -> None:
    line = "mkdir -p /sdcard/x/y && cd /sdcard/x && echo 1 > y/f && echo 2 >> y/f && cp y/f g && mv g h && cat h y/f"
    assert run(shell, line)[1] == "1\n2\n1\n2\n"
    assert run(shell, "grep -c 2 /sdcard/x/h; wc -l /sdcard/x/h; stat -c %s /sdcard/x/h")[1] == "1\n2\n4\n"
    assert run(shell, "rm /sdcard/x")[0] == 1
    assert run(shell, "rm -r /sdcard/x; ls /sdcard/x")[0] == 1


def test_input_goes_through(shell: Shell) -> None:
    assert run(shell, "cat | grep -v b", b"a\nb\nc\n")[1] == "a\nc\n"
    assert run(shell, "base64 | base64 -d", bytes(range(256)))[1].encode("utf-8", "surrogateescape") == bytes(
        range(256)
    )


def test_a_loop_that_does_not_end_is_ended(shell: Shell) -> None:
    status, _, error = run(shell, "while true; do true; done")
    assert status == 1
    assert "did not end" in error


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=4))
@example(
    ["$(touch /sdcard/pwned)", "`touch /sdcard/pwned`", "a;touch /sdcard/pwned", "{a,b}", "*", "~", "#", "\\", "'"]
)
def test_what_is_quoted_arrives_as_it_is(shell: Shell, arguments: list[str]) -> None:
    assert run(shell, "words " + shlex.join(arguments)) == (0, "|".join(arguments), "")
    assert not (shell.files.locate("/sdcard/pwned")).exists()


@given(st.text(st.sampled_from("ab '\"\\$`(){};&|<>*?[]#~!\n\t=-0,."), max_size=30))
def test_no_line_breaks_the_shell(shell: Shell, line: str) -> None:
    status, _, _ = run(shell, f"words {line}")
    assert 0 <= status <= 255


def test_injection_works_as_on_a_phone(shell: Shell) -> None:
    """A caller who does not quote is found out."""
    run(shell, "words hello; touch /sdcard/pwned")
    assert Path(shell.files.locate("/sdcard/pwned")).exists()
    run(shell, "rm /sdcard/pwned")


@pytest.fixture
def own(tmp_path: Path) -> Shell:
    """A shell over files of its own: a folder with a file, a link to it and one that leads outside."""
    storage = Storage(tmp_path / "phone", capacity=100_000)
    (tmp_path / "private").write_text("secret")
    folder = storage.root / "sdcard/folder"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.txt").write_text("A\n")
    (folder / "inner/up").symlink_to("..")
    (folder / "outside").symlink_to(tmp_path / "private")
    return Shell({**FILE_COMMANDS, **TEXT_COMMANDS}, storage, {})


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cp -r /sdcard /sdcard/x", "cp: '/sdcard' into itself\n"),
        ("cp -r /sdcard/folder /sdcard/folder/inner", "cp: '/sdcard/folder' into itself\n"),
        ("cp -r / /sdcard/x", "cp: '/' into itself\n"),
        ("cp -r /sdcard/folder/. /sdcard/folder", "cp: '/sdcard/folder/.' into itself\n"),
        ("cp /sdcard/folder/a.txt /sdcard/folder", "cp: '/sdcard/folder/a.txt' is '/sdcard/folder'\n"),
        ("mv /sdcard/folder /sdcard/folder/inner", "mv: bad '/sdcard/folder': Invalid argument\n"),
        ("mv /sdcard/folder /sdcard/folder/inner/new", "mv: bad '/sdcard/folder': Invalid argument\n"),
        ("rm -rf /", "rm: /. if you mean it\n"),
        ("rm -rf /sdcard/..", "rm: /. if you mean it\n"),
        ("rmdir /sdcard", "rmdir: /sdcard: Directory not empty\n"),
    ],
)
def test_a_folder_does_not_go_into_itself(own: Shell, line: str, said: str) -> None:
    root = own.files.locate("/")
    before = sorted(root.rglob("*"))
    assert run(own, line) == (1, "", said)
    assert sorted(root.rglob("*")) == before


def test_links_are_neither_followed_outside_nor_for_ever(own: Shell) -> None:
    assert run(own, "cp -r /sdcard/folder /data/copy") == (0, "", "")
    copy = own.files.locate("/data/copy")
    assert (copy / "inner/up").is_symlink()
    assert (copy / "outside").is_symlink()
    for line in ("cat /data/copy/outside", "cp /data/copy/outside /data/x", "wc -c /data/copy/outside"):
        status, out, err = run(own, line)
        assert status
        assert not out
        assert "Permission denied" in err
    assert run(own, "rm -r /data/copy") == (0, "", "")
    assert own.files.locate("/sdcard/folder/a.txt").exists()


@pytest.mark.parametrize(
    "line",
    [
        "cat /sdcard/big /sdcard/big > /sdcard/out",
        "cp /sdcard/big /sdcard/out",
        "cat /sdcard/big | cat - /sdcard/big >> /sdcard/out",
    ],
)
def test_a_full_phone_is_written_no_further(own: Shell, line: str) -> None:
    own.files.locate("/sdcard/big").write_bytes(bytes(60_000))
    status, _, err = run(own, line)
    assert status == 1
    assert "No space left on device" in err
    assert sum(f.stat().st_size for f in own.files.locate("/").rglob("*") if f.is_file()) <= 200_000


def test_a_file_added_to_itself_ends(own: Shell) -> None:
    assert run(own, "cat /sdcard/folder/a.txt >> /sdcard/folder/a.txt; cat /sdcard/folder/a.txt") == (0, "A\nA\n", "")


def test_scripts_that_call_themselves_end(own: Shell) -> None:
    own.files.locate("/sdcard/loop.sh").write_text("{ { sh /sdcard/loop.sh; }; }\n")
    status, _, err = run(own, "sh /sdcard/loop.sh")
    assert (status, "too deeply nested" in err) == (1, True)


def test_nothing_is_kept_of_what_goes_to_dev_null(own: Shell) -> None:
    assert run(own, "cat > /dev/null; echo $?", stdin=bytes(1000)) == (0, "0\n", "")


@pytest.mark.parametrize(
    ("line", "out"),
    [
        ("printf '%s=%d\\n' a 1 b 2", "a=1\nb=2\n"),
        ("printf '%05.1s|%x|100%%' abc 255", "    a|ff|100%"),
        ("printf hello", "hello"),
        ("seq 3", "1\n2\n3\n"),
        ("seq 5 -2 1", "5\n3\n1\n"),
        ("echo Hello | tr a-z A-Z", "HELLO\n"),
        ("printf 'a\\r\\nb' | tr -d '\\r'", "a\nb"),
        ("echo a:b:c | cut -d: -f2", "b\n"),
        ("echo a:b:c | cut -d : -f 1,3", "a:c\n"),
        ("echo abcdef | cut -c2-4", "bcd\n"),
        ("echo plain | cut -d: -f2", "plain\n"),
        ("printf '10\\n9\\n10\\n' | sort -nu", "9\n10\n"),
        ("printf 'b\\na\\n' | sort -r", "b\na\n"),
        ("echo aXbX | sed s/X/-/", "a-bX\n"),
        ("echo aXbX | sed 's/x/-/gi'", "a-b-\n"),
        ("echo /a/b | sed 's#/a#[&]#'", "[/a]/b\n"),
        ("echo package:com.x | sed 's/^package://'", "com.x\n"),
        ("echo k=v | sed 's/\\(.*\\)=\\(.*\\)/\\2=\\1/'", "v=k\n"),
        ("echo k=v | sed -E 's/(.*)=(.*)/\\2 \\1/'", "v k\n"),
        ("seq 4 | sed -n 2,3p", "2\n3\n"),
        ("seq 4 | sed '$d'", "1\n2\n3\n"),
        ("seq 12 | sed -n /1/p", "1\n10\n11\n12\n"),
        ("uname", "Linux\n"),
        ("uname -m", "x86_64\n"),
        ("basename /sdcard/a.txt .txt", "a\n"),
        ("dirname /sdcard/a.txt /x y", "/sdcard\n/\n.\n"),
        ("find /sdcard/folder -name '*.txt'", "/sdcard/folder/a.txt\n"),
        ("find /sdcard/folder -type d", "/sdcard/folder\n/sdcard/folder/inner\n"),
        ("cd /sdcard; find folder -maxdepth 1", "folder\nfolder/a.txt\nfolder/inner\nfolder/outside\n"),
        ("find /sdcard/folder -name '*.txt' -exec cat {} \\;", "A\n"),
        ("cd /sdcard; touch x1 x2; find . -name 'x?' -size -1c -mmin -5 -print -delete; find . -name 'x?'", ""),
        ("printf 'ab\\nxb\\n' | grep -no b", "1:b\n2:b\n"),
        ("printf 'a.b\\naxb\\n' | grep -F a.b", "a.b\n"),
        ("printf 'one\\ntwo\\n' | grep 'o\\(n\\|w\\)'", "one\n"),
        ("printf 'one\\ntwo\\n' | grep -cE 'on|tw'", "2\n"),
        (
            "grep -r A /sdcard/folder/a.txt; grep -l A /sdcard/folder/a.txt",
            "/sdcard/folder/a.txt:A\n/sdcard/folder/a.txt\n",
        ),
        ("printf 'cat dog\\ncats\\n' | grep -w cat", "cat dog\n"),
        ("echo abc | sed -e s/b/X/ -e s/c/Y/", "aXY\n"),
        ("echo a > /sdcard/s; sed -i s/a/b/ /sdcard/s; cat /sdcard/s", "b\n"),
        ("seq 5 | head -c 3; seq 5 | tail -n +4; seq 5 | tail -c 4", "1\n24\n5\n4\n5\n"),
        ("echo b a | xargs -n1 echo x", "x b\nx a\n"),
        ("printf 'a b\\nc\\n' | xargs -I% echo [%]", "[a b]\n[c]\n"),
        ("printf 'a\\na\\nb\\n' | uniq -c | sed 's/^ *//'", "2 a\n1 b\n"),
        ("echo abc | rev; seq 2 | tac", "cba\n2\n1\n"),
        ("echo hi | tee /sdcard/t | cat - /sdcard/t", "hi\nhi\n"),
        ("env X=1 sh -c 'echo $X'; X=2 sh -c 'echo $X $0 $1 $#' name word", "1\n2 name word 1\n"),
        (
            "printf 'for w in \"$@\"; do echo \"[$w]\"; done\\nexit 0\\n' > /sdcard/s.sh; sh /sdcard/s.sh 'a b' c",
            "[a b]\n[c]\n",
        ),
        ("printf 'echo ran $1\\n' > /data/local/tmp/s; chmod 755 /data/local/tmp/s; /data/local/tmp/s me", "ran me\n"),
        ("timeout 0.01 sleep 100 || echo $?", "124\n"),
        ("sleep 0 & wait; echo done", "done\n"),
        ("command -v ls cd; type ls; which sh", "/system/bin/ls\ncd\nls is /system/bin/ls\n/system/bin/sh\n"),
        ("cd /sdcard/folder; realpath ./inner/..; du -s a.txt; cmp a.txt a.txt", "/sdcard/folder\n1\ta.txt\n"),
        ("[ -s /sdcard/folder/a.txt ] && [ 2 -ge 2 ] && stat -c %s /sdcard/folder/a.txt", "2\n"),
    ],
)
def test_text_commands(own: Shell, line: str, out: str) -> None:
    assert run(own, line) == (0, out, "")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("printf %d x", "printf: bad number\n"),
        ("seq a", "seq: needs 1 to 3 whole numbers\n"),
        ("seq 1 0 5", "seq: needs 1 to 3 whole numbers\n"),
        ("seq 1 99999999", "seq: too many numbers\n"),
        ("cut -f 0 /sdcard/folder/a.txt", "cut: bad list: give -f or -c with numbers from 1\n"),
        ("sed y/a/b/ /sdcard/folder/a.txt", "sed: bad pattern 'y/a/b/'\n"),
        ("find /sdcard -perm 1", "find: bad argument '-perm'\n"),
        ("find /sdcard -size x", "find: bad number: could not convert string to float: 'x'\n"),
        ("xargs -n x", "xargs: bad number 'x'\n"),
        ("head -n x /sdcard/folder/a.txt", "head: bad number 'x'\n"),
        ("realpath /nope", "realpath: /nope: No such file or directory\n"),
        ("find /nope", "find: '/nope': No such file or directory\n"),
        ("sort /nope", "sort: /nope: No such file or directory\n"),
        ("tr a", "tr: needs a set to delete, or two sets\n"),
    ],
)
def test_text_commands_say_what_they_cannot(own: Shell, line: str, said: str) -> None:
    assert run(own, line) == (1, "", said)
