"""The phone's shell: what mksh does with quotes, expansions, lists, pipes and redirections."""

import io
import shlex
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from envs.phone.sh import CommandCall, Shell
from envs.phone.sh.archives import ARCHIVE_COMMANDS
from envs.phone.sh.awk import AWK
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


@pytest.mark.parametrize(
    ("line", "out"),
    [
        ("case abc in b*|a?c) echo yes;; *) echo no;; esac; case '*' in '?*') echo 1;; (\\*) echo 2; esac", "yes\n2\n"),
        ("f() { local x=2; echo $# \"$1\" $x; return 3; }; x=1; f 'a b' c; echo $? $x", "2 a b 2\n3 1\n"),
        ("function f { [ $1 -gt 0 ] && { echo $1; f $(($1 - 1)); }; }; f 3", "3\n2\n1\n"),
        ("X=6; cat <<EOF; echo after\n$X $((X+1)) \\$X \"q\"\nEOF", '6 7 $X "q"\nafter\n'),
        ("cat <<'EOF' | tr a-z A-Z; cat <<-A\n$x\nEOF\n\ttab\n\tA\n", "$X\ntab\n"),
        ("while read -r a b; do echo \"$b-$a\"; done <<EOF\n1 2 3\n4\nEOF\n", "2 3-1\n-4\n"),
        ("X=/a/b.c.d; echo ${X##*/} ${X#*/} ${X%.*} ${X%%.*} ${#X}", "b.c.d a/b.c.d /a/b.c /a/b 8\n"),
        ("echo ${Y:-d} ${Y-e} ${Y:=z} $Y ${Y:+set} ${Z+no}x", "d e z z set x\n"),
        ('X=hello; echo ${X:1:3} ${X: -2} ${X/l/L} ${X//l/L}; X="a*b"; echo "${X%\'*\'*}"', "ell lo heLlo heLLo\na\n"),
        ("for i in 1 2 3; do for j in a b; do [ $j = b ] && continue 2; echo $i$j; done; done", "1a\n2a\n3a\n"),
        ("i=0; while :; do i=$((i+1)); [ $i -eq 2 ] && continue; [ $i -gt 4 ] && break; echo $i; done", "1\n3\n4\n"),
        ("set -- a 'b c'; for x; do echo \"[$x]\"; done; shift; echo $# $1", "[a]\n[b c]\n1 b c\n"),
        ("set -e; false || true; if false; then :; fi; echo here; false; echo not", "here\n"),
        ("[[ ab == a* && ! x == y ]] && echo 1; [[ a == 'a*' || -z '' ]] && echo 2", "1\n2\n"),
        ("i=5; ((i++)); ((i+=2)); echo $((i--)) $i; let i=3*4; echo $i; ((0)) || echo zero", "8 7\n12\nzero\n"),
        ("echo a:b:c | while IFS=: read x y; do echo $x $y; done; IFS=,; X=a,,b; for w in $X; do echo \"<$w>\"; done",
         "a b:c\n<a>\n<>\n<b>\n"),
        ("x=1; echo hi | read x; eval 'y=$((x+1))'; echo $x $y; X=a; X+=b; echo $X; command echo c", "1 2\nab\nc\n"),
        ("{ echo out; echo err >&2; } 2>&1 | sort; echo x &>/dev/null; if :; then echo f; fi >/sdcard/o; cat /sdcard/o",
         "err\nout\nf\n"),
        ("[ a = a -a b = b ] && [ a = b -o c = c ] && echo both; echo 'a\\tb'; echo -E 'a\\tb'", "both\na\tb\na\\tb\n"),
    ],
)  # fmt: skip
def test_the_language_of_scripts(shell: Shell, line: str, out: str) -> None:
    assert run(shell, line)[1:] == (out, "")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("f() { f; }; f", "too deeply nested"),
        ("X=a; while :; do X=$X$X; done", "Argument list too long"),
        ("echo {a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", "too long"),
        ("while :; do (exit 1); done | cat", "did not end"),
        ("printf '%999999999d' 1", ""),
        ("echo x 3>&9", "bad file descriptor"),
        ("cat <<EOF", "here document 'EOF' unclosed"),
        ("awk 'BEGIN { while (1) x++ }'", "a loop did not end"),
        ("awk 'BEGIN { x = \"a\"; while (1) x = x x }'", "too long"),
        ("awk '{ print > \"/sdcard/x\" }'", "syntax error"),
        ("awk 'BEGIN { getline }'", "syntax error"),
        (f"awk 'BEGIN {{ {'x[' * 40}1{']' * 40} = {'$(' * 40}1 }}'", "syntax error"),
        ("X=$(yes | head -c 100000); echo ${X%%z*}", "Argument list too long"),
        ("dd if=/dev/zero of=/sdcard/x", "count="),
        ("dd if=/dev/zero of=/sdcard/x bs=1M count=99", "No space left on device"),
        ("ln -s /../../../etc/passwd /sdcard/out", "Permission denied"),
        ("ln -s ../../../../../../../../etc /sdcard/out", "Permission denied"),
    ],
)
def test_what_would_not_end_or_leave_the_phone_is_refused(own: Shell, line: str, said: str) -> None:
    _, out, err = run(replace(own, most_steps=5000), line)
    assert said in err
    assert len(out) < 100
    assert not own.files.locate("/sdcard/out").is_symlink()


@pytest.mark.parametrize(
    ("program", "out"),
    [
        ("'{print $2, $NF}'", "2 3\nb c\n x=y,z\n20 bar\n"),
        ("-F= '/=/ {print $2}'", "y,z\n"),
        ("'NR==2 || /foo/ {print NR\": \"$1; next} END {print NR, \"lines\"}'", "2: a\n4: foo\n4 lines\n"),
        ("'{s += $2} END {printf \"%05.1f|%-4s|\\n\", s / 2, \"x\"}'", "011.0|x   |\n"),
        ("'{n[$1]++} END {for (k in n) c++; print c, length(n), (\"foo\" in n)}'", "4 4 1\n"),
        ("'{gsub(/[a-c]/, \"<&>\"); sub(/ /, \"_\")} NR<3'", "1_2 3\n<a>_<b> <c>\n"),
        ("-v x=3 'BEGIN {while (x > 0) {if (x == 2) {x--; continue}; print x--}}'", "3\n1\n"),
        ("'BEGIN {n = split(\"a:b\", p, \":\"); print n p[2], substr(\"hello\", 2, 3), index(\"ab\", \"b\")}'",
         "2b ell 2\n"),
        ("'{$2 = \"Z\"; print} NR==1 {exit 3}'", "1 Z 3\n"),
    ],
)  # fmt: skip
def test_awk(own: Shell, program: str, out: str) -> None:
    assert run(own, f"awk {program}", b"1 2 3\na b c\nx=y,z\nfoo 20 bar\n")[1:] == (out, "")


def test_archives_stay_on_the_phone(own: Shell, tmp_path: Path) -> None:
    line = "cd /sdcard; tar -czf f folder/a.txt folder/inner; mkdir n; tar -C n -xzf f; cat n/*/a.txt; tar tf f"
    assert run(own, line)[1] == "A\nfolder/a.txt\nfolder/inner/\nfolder/inner/up\n"
    evil = io.BytesIO()
    with tarfile.open(fileobj=evil, mode="w") as archive:
        for name in ("../../../../../../outside.txt", "/absolute.txt"):
            member = tarfile.TarInfo(name)
            member.size = 4
            archive.addfile(member, io.BytesIO(b"evil"))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        archive.addfile(link)
    own.files.locate("/sdcard/evil.tar").write_bytes(evil.getvalue())
    assert "link: skipped" in run(own, "cd /sdcard; tar -xf evil.tar; ls -l link")[2]
    assert run(own, "cat /outside.txt /absolute.txt")[1] == "evilevil"
    assert not list(tmp_path.glob("*.txt"))


@pytest.mark.parametrize(
    ("line", "out"),
    [
        ("cd /sdcard/folder; gzip -k a.txt; gunzip -c a.txt.gz; zcat < a.txt.gz", "A\nA\n"),
        ("echo hello | xxd; echo hi | xxd -p; echo 6869 | xxd -r -p",
         "00000000: 6865 6c6c 6f0a                           hello.\n68690a\nhi"),
        ("printf 'ab' | od -An -tx1; printf 'ab' | hexdump -C | head -n 1",
         " 61 62\n00000000  61 62                                             |ab|\n"),
        ("dd if=/dev/zero bs=4 count=2 2>/dev/null | wc -c; yes | head -n 2; expr 3 + 4", "8\ny\ny\n7\n"),
        ("cd /sdcard; seq 5 | split -l 2; head -n 1 xaa xab xac; printf abc | split -b 2 - y; cat yab", "1\n3\n5\nc"),
        ("cd /sdcard/folder; ln -s a.txt l; readlink l; ln -s /sdcard/folder/a.txt m; readlink m; cat l m",
         "a.txt\n/sdcard/folder/a.txt\nA\nA\n"),
        ("touch -d 2026-01-02T03:04:05 /sdcard/t; stat -c '%Y %F %a' /sdcard/t; ls -l /sdcard/t",
         "1767323045 regular empty file 644\n-rw-r--r-- 1 shell shell 0 2026-01-02 03:04 /sdcard/t\n"),
        ("seq 6 | sed -n '/2/,4p;$='; seq 3 | sed '2!d'; echo abc | sed 'y/ab/AB/;s/c/[&]/'", "2\n3\n4\n6\n2\nAB[c]\n"),
        ("cd /sdcard/folder; find . -type f -o -name inner; find . \\( -name a.txt -a ! -empty \\) -exec echo {} +",
         "./a.txt\n./inner\n./a.txt\n"),
        ("seq 5 | grep -A1 -n 2; printf 'b 2\\na 10\\n' | sort -k2 -n; echo aab | tr -s a",
         "2:2\n3-3\nb 2\na 10\nab\n"),
        ("cd /sdcard/folder; echo B > b.txt; diff a.txt b.txt | tail -n 2; paste -d, a.txt b.txt", "-A\n+B\nA,B\n"),
    ],
)  # fmt: skip
def test_more_of_toybox(own: Shell, line: str, out: str) -> None:
    assert run(own, line)[1:] == (out, "")


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
    assert run(shell, "grep -c 2 /sdcard/x/h; wc -l /sdcard/x/h; stat -c %s /sdcard/x/h")[1] == "1\n2 /sdcard/x/h\n4\n"
    assert run(shell, "rm /sdcard/x")[0] == 1
    assert run(shell, "rm -r /sdcard/x; ls /sdcard/x")[0] == 1


def test_input_goes_through(shell: Shell) -> None:
    assert run(shell, "cat | grep -v b", b"a\nb\nc\n")[1] == "a\nc\n"
    assert run(shell, "base64 | base64 -d", bytes(range(256)))[1].encode("utf-8", "surrogateescape") == bytes(
        range(256)
    )


def test_a_loop_that_does_not_end_is_ended(shell: Shell) -> None:
    status, _, error = run(replace(shell, most_steps=2000), "while true; do true; done")
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
    return Shell({**FILE_COMMANDS, **TEXT_COMMANDS, **ARCHIVE_COMMANDS, **AWK}, storage, {})


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
        (
            "cd /sdcard; touch x1 x2; find . -name 'x?' -size -1c -mmin -5 -print -delete; find . -name 'x?'",
            "./x1\n./x2\n",
        ),
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
        ("sed w/a/b/ /sdcard/folder/a.txt", "sed: bad pattern 'w/a/b/'\n"),
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
