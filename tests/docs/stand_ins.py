"""What stands in, in tests of the documentation, for what a machine of tests lacks: named by ``with:`` on a page."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from PIL import Image, ImageDraw

from benchmarks.suites.navigation.aitw import SUBSETS
from tests.agent.episodes.test_query import SCENES, written
from tests.agent.scripted_server import Fault, ScriptedServer, Seen, computer
from tests.agent.simulated_grounder import Quirks, SimulatedGrounder, middle_of_red
from tests.agent.test_media import write_media
from tests.benchmarks import test_aitw, test_aitz
from tests.benchmarks.hub_stand_in import Hub, screenspot_v2_of
from tests.benchmarks.official import mmbench_gui, osworld_g, screenspot_pro, screenspot_v2
from tests.docs.pages import ROOT
from tests.docs.session import Session

PORTS = ("8000", "8001", "8080")
PHONES = ("R58M123ABC", "192.168.1.20:5555")


@contextmanager
def at_the_ports(session: Session, server: ScriptedServer) -> Iterator[None]:
    """`server` answers at the addresses that pages use."""
    before = {**session.replaced}
    with server:
        session.replaced |= {f"127.0.0.1:{port}": server.url.split("/")[2] for port in PORTS}
        yield
    session.replaced = before


def server(session: Session) -> AbstractContextManager[None]:
    """A model server that answers every question with: it is done."""
    return at_the_ports(session, ScriptedServer([_done]))


def _done(seen: Seen) -> str:
    if any("terminate" in text for text in seen.texts):
        return computer("terminate", status="success")
    return json.dumps({"thought": "It is.", "action": "finish", "status": "success"})


def pointing(session: Session) -> AbstractContextManager[None]:
    """A model server that answers every question with one place."""
    return at_the_ports(session, ScriptedServer([computer("left_click", coordinate=[40, 25])]))


def faulty(session: Session) -> AbstractContextManager[None]:
    """A server with the three faults of calibration.md."""
    return at_the_ports(session, SimulatedGrounder(Quirks(resize="tokens", order="yx", noise=2.0, wild=0.03)))


class UnknownModel(ScriptedServer):
    """A model of no known family: JSON, y before x, parts of 1000; it finds the red circle, and else is done."""

    def take(self, seen: Seen) -> str | Fault:
        """The answer to one question."""
        if not any("circle" in text for text in seen.texts) or seen.image is None:
            return json.dumps({"thought": "It is.", "action": "finish", "status": "success"})
        x, y = middle_of_red(seen.image)
        height, width = seen.image.shape[:2]
        return json.dumps({"coordinate": [round(y / height * 1000, 1), round(x / width * 1000, 1)]})


def unknown(session: Session) -> AbstractContextManager[None]:
    """`UnknownModel`, and ``screen.png`` with a red circle."""
    picture = Image.new("RGB", (1240, 700), (120, 120, 120))
    ImageDraw.Draw(picture).ellipse((600, 295, 640, 335), fill=(255, 0, 0))
    picture.save(session.folder / "screen.png")
    return at_the_ports(session, UnknownModel([], names=("nobody-knows-it",)))


def lumen(session: Session) -> AbstractContextManager[None]:
    """The model that dialects.md describes by a file."""
    return at_the_ports(session, ScriptedServer(["(500, 450)"], names=("lumen-2",)))


@contextmanager
def phone(session: Session) -> Iterator[None]:
    """A simulated phone, connected, under the serial numbers that pages use for real ones."""
    command = ["handeye", "phone", "--json"]
    running = subprocess.Popen(command, env=session.environ, cwd=session.folder, stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        serial = json.loads(running.stdout.readline())["serial"]
        adb = ["adb", "connect", serial]
        connected = subprocess.run(adb, env=session.environ, capture_output=True, text=True, check=True, timeout=60)
        assert f"connected to {serial}" in connected.stdout, connected.stdout
        before = {**session.replaced}
        session.replaced |= dict.fromkeys(PHONES, serial)
        yield
        session.replaced = before
    finally:
        running.terminate()
        running.wait(60)


@contextmanager
def display(session: Session) -> Iterator[None]:
    """A desktop: DISPLAY is an X server with a terminal on it."""
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert running.stdout is not None
        session.environ["DISPLAY"] = f":{running.stdout.readline().strip()}"
        session.run(f"export DISPLAY={session.environ['DISPLAY']}")
        session.run("xterm & shown=$!")
        yield
        session.run("kill $shown; wait $shown")
        session.run("unset DISPLAY")
        del session.environ["DISPLAY"]
    finally:
        running.terminate()
        running.wait(60)


@contextmanager
def addresses(session: Session) -> Iterator[None]:
    """``demo``: an episode in an address book, with an error that comes and goes."""
    if not (session.folder / "demo").exists():
        written(session.folder / "demo", SCENES)
    yield


@contextmanager
def suites(session: Session) -> Iterator[None]:
    """Two or a few samples of each grounding suite, in its official layout."""
    for name, write in (
        ("ScreenSpot-v2", screenspot_v2), ("ScreenSpot-Pro", screenspot_pro), ("OSWorld-G", osworld_g),
        ("MMBench-GUI", mmbench_gui),
    ):  # fmt: skip
        if not (session.folder / name).exists():
            write(session.folder / name)
    yield


@contextmanager
def runs(session: Session) -> Iterator[None]:
    """The folder ``runs`` with an episode."""
    shutil.copytree(ROOT / "examples" / "sum", session.folder / "runs" / "sum")
    yield


@contextmanager
def navigation(session: Session) -> Iterator[None]:
    """AITZ with one step, and AITW with an episode for each part, in their official layouts."""
    aitz, aitw = session.folder / "android_in_the_zoo", session.folder / "seeclick_aitw"
    aitz.mkdir()
    aitw.mkdir()
    test_aitz.write(aitz, test_aitz.row(0))
    test_aitw.write(aitw, {part: [test_aitw.all_kinds(part)] for part in SUBSETS})
    yield


@contextmanager
def media(session: Session) -> Iterator[None]:
    """A PDF and a video."""
    write_media(session.folder)
    yield


@contextmanager
def hub(session: Session) -> Iterator[None]:
    """The Hugging Face hub, whose ScreenSpot-v2 is a small one."""
    with Hub({"OS-Copilot/ScreenSpot-v2": screenspot_v2_of(ROOT / "examples" / "screens")}) as running:
        session.run(f"export HF_ENDPOINT={running.address}")
        yield
        session.run("unset HF_ENDPOINT")


STAND_INS: dict[str, Callable[[Session], AbstractContextManager[None]]] = {
    "server": server, "pointing": pointing, "faulty": faulty, "unknown": unknown, "lumen": lumen, "phone": phone,
    "display": display, "addresses": addresses, "suites": suites,
    "media": media, "hub": hub, "navigation": navigation, "runs": runs,
}  # fmt: skip
