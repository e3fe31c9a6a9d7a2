"""Asking an image, a PDF and a video: what is written there without a model, anything of a scripted server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from actions.extras import install_command
from agent.cli.main import main
from agent.media.opening import open_media
from tests.agent.scripted_server import ScriptedServer

FONT = ImageFont.truetype("DejaVuSans.ttf", 28)


def drawn(*lines: str, size: tuple[int, int] = (800, 480)) -> Image.Image:
    picture = Image.new("RGB", size, (250, 250, 250))
    pen = ImageDraw.Draw(picture)
    for row, text in enumerate(lines):
        pen.text((60, 60 + 80 * row), text, (10, 10, 10), FONT)
    return picture


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    there = tmp_path_factory.mktemp("media")
    write_media(there)
    return there


def write_media(there: Path) -> None:
    """An image; a PDF of two pages with text and one that is scanned; a video of four seconds whose text changes."""
    import av

    drawn("Invoice 4711", "Total  42.50 EUR").save(there / "invoice.png")
    (there / "report.pdf").write_bytes(pdf("Quarterly report", "Revenue: 9,120 EUR"))
    drawn("Scanned letter", "Dear Anna Meyer").save(there / "scan.pdf", resolution=100)
    with av.open(str(there / "menu.mp4"), "w") as film:
        stream = film.add_stream("mpeg4", rate=5)
        stream.width, stream.height = 800, 480
        for number in range(20):
            shown = drawn("Settings", "Dark mode" if 7 <= number < 14 else "")
            for packet in stream.encode(av.VideoFrame.from_ndarray(np.asarray(shown), format="rgb24")):
                film.mux(packet)
        film.mux(stream.encode())


def pdf(*pages: str) -> bytes:
    """A PDF with a line of text on each page."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects = ["<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>",
               "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]  # fmt: skip
    for n, text in enumerate(pages):
        drawing = f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET"
        objects.append(f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>"
                       f"/Contents {5 + 2 * n} 0 R>>")  # fmt: skip
        objects.append(f"<</Length {len(drawing)}>>stream\n{drawing}\nendstream")
    out, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj{one}endobj\n".encode()
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    return out + f"{end}trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF".encode()


def ask(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["ask", *map(str, arguments)])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_what_is_written_on_an_image_is_found_with_its_place(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = ask(capsys, folder / "invoice.png", "what is the total?", "--json", "--out", tmp_path / "o",
                         "--html", tmp_path / "a.html")  # fmt: skip
    told = json.loads(out)
    assert status == 0
    assert "42.50" in told["answer"]
    x1, y1, x2, y2 = told["places"][0]["box"]
    assert 40 < x1 < 80 < 200 < x2 < 420
    assert 130 < y1 < y2 < 200
    assert Image.open(told["pictures"][0]).size[0] < 800
    assert "42.50" in (tmp_path / "a.html").read_text()
    assert "Invoice 4711" in ask(capsys, folder / "invoice.png", "what does it say?")[1]


def test_what_must_be_seen_is_not_guessed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = ask(capsys, folder / "invoice.png", "is there a dog?")
    assert status == 1
    assert "--model" in out


def test_pages_of_a_pdf_are_asked_together_or_one_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = ask(capsys, folder / "report.pdf", "what is the revenue?")
    assert status == 0
    assert out.startswith("page 2: “Revenue: 9,120 EUR”")
    assert ask(capsys, f"{folder}/report.pdf#page=1", "what is the revenue?")[0] == 1
    assert ask(capsys, folder / "report.pdf", "what is the revenue?", "--page", 2)[0] == 0
    text = open_media(str(folder / "report.pdf"), 2, 24).pictures[0].text
    assert text is not None
    assert 140 < text[0].box.x1 < 160, "in pixels of the picture at 150 dots an inch"
    assert "Anna Meyer" in ask(capsys, folder / "scan.pdf", "who is Anna Meyer?")[1]


def test_a_video_is_answered_with_times(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    media = open_media(str(folder / "menu.mp4"), None, 24)
    assert [one.seconds for one in media.pictures] == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, pytest.approx(3.8)]
    status, out, _ = ask(capsys, folder / "menu.mp4", "when is dark mode shown?")
    assert status == 0
    assert "“Dark mode” is there at 00:01.5 to 00:02.5" in out
    assert len(open_media(str(folder / "menu.mp4"), None, 3).pictures) == 3


def said(**fields: object) -> str:
    return json.dumps({"answer": "It is blue.", "found": True, "pictures": [{"picture": 2, "why": "there"}]} | fields)


def test_a_model_is_shown_the_pictures_with_pages_and_times(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ScriptedServer([said(), said(), said(pictures=[])]) as server:
        model = ("--model", server.url)
        paged = ask(capsys, folder / "report.pdf", "which colour?", "--json", *model)
        timed = ask(capsys, folder / "menu.mp4", "which colour?", "--frames", 4, *model)
        alone = ask(capsys, folder / "invoice.png", "which colour?", *model)
        asked = [one.texts for one in server.seen if "messages" in (one.body or {})]
        parts = [part["type"] for part in server.seen[-1].body["messages"][-1]["content"]]
    assert json.loads(paged[1])["places"][0]["page"] == 2
    assert "Picture 2, page 2:" in asked[0]
    assert [line for line in asked[1] if line.startswith("Picture 2")] != []
    assert timed[0] == alone[0] == 0
    assert alone[1] == "It is blue.\n"
    assert parts.count("image_url") == 1
    with ScriptedServer([said(pictures=[{"picture": 9, "why": "?"}])]) as server:
        assert "names picture 9" in ask(capsys, folder / "report.pdf", "what?", "--model", server.url)[2]
    with ScriptedServer([said(found=False, pictures=[])]) as server:
        assert ask(capsys, folder / "report.pdf", "what?", "--model", server.url)[0] == 1


MISTAKES = {
    "nothing there": (["nowhere.png"], "no such file or episode"),
    "no such page": (["DIR/report.pdf", "--page", "3"], "has 2 pages: there is no page 3"),
    "two pages": (["DIR/report.pdf#page=1", "--page", "2"], "leave one out"),
    "a page of an image": (["DIR/invoice.png", "--page", "2"], "--page is for a PDF"),
    "a broken PDF": (["DIR/broken.pdf"], "as a PDF"),
    "a broken video": (["DIR/broken.mp4"], "as a video"),
    "no image": (["DIR/broken.txt"], "as an image"),
    "--video without a model": (["DIR/menu.mp4", "--video"], "no effect"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for broken in ("broken.pdf", "broken.mp4", "broken.txt"):
        (folder / broken).write_text("nothing of the kind")
    (what, *more), words = MISTAKES[name]
    status, out, err = ask(capsys, what.replace("DIR", str(folder)), "what is it?", *more)
    assert (status, out) == (2, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_what_a_file_needs_is_said_where_it_is_missing(folder: Path) -> None:
    code = (
        "import sys; sys.modules['pypdfium2'] = None; sys.modules['av'] = None\n"
        "from agent.media.opening import open_media\n"
        "for name in sys.argv[1:]:\n"
        "    try: open_media(name, None, 2)\n"
        "    except Exception as error: print(error)"
    )
    files = [str(folder / "report.pdf"), str(folder / "menu.mp4")]
    done = subprocess.run([sys.executable, "-c", code, *files], capture_output=True, text=True, check=True)
    lines = [f"a PDF needs pypdfium2: {install_command('pdf')}", f"a video needs PyAV: {install_command('film')}"]
    assert done.stdout.splitlines() == lines
