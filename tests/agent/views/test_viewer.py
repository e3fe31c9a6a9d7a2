"""The view-only page of a recorded screen."""

from __future__ import annotations

import http.client
import io
import re
import socket
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image as Pillow

from agent.views.kit.pages import csp_hash
from agent.views.viewer import Viewer
from tests.waiting import until


class Screen:
    def __init__(self) -> None:
        self.shade = 10
        self.looks = 0

    def __call__(self) -> np.ndarray:  # type: ignore[type-arg]
        self.looks += 1
        return np.full((40, 60, 3), self.shade, np.uint8)


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture
def viewer(screen: Screen) -> Iterator[Viewer]:
    with closing(Viewer(screen, rate=50)) as viewer:
        yield viewer


def get(viewer: Viewer, path: str, host: str | None = None, method: str = "GET") -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", viewer.port, timeout=5)
    connection.request(method, path, headers={"Host": host} if host else {})
    return connection.getresponse()


def token(viewer: Viewer) -> str:
    return urlsplit(viewer.url).query


def read_picture(stream: http.client.HTTPResponse) -> Pillow.Image:
    assert stream.readline().strip() == b"--picture"
    assert stream.readline().strip() == b"Content-Type: image/jpeg"
    length = int(stream.readline().split()[1])
    stream.readline()
    picture = Pillow.open(io.BytesIO(stream.read(length)))
    stream.readline()
    return picture


def test_the_page_needs_the_secret_and_the_right_host(viewer: Viewer) -> None:
    assert get(viewer, f"/?{token(viewer)}").status == 200
    for path in ("/", "/stream", "/?token=", "/?token=wrong", "/stream?token=%C3%A9"):
        assert get(viewer, path).status == 403
    for host in ("evil.example", f"evil.example:{viewer.port}", "127.0.0.1"):
        assert get(viewer, f"/?{token(viewer)}", host).status == 403
    assert get(viewer, f"/?{token(viewer)}", f"localhost:{viewer.port}").status == 200
    assert get(viewer, f"/other?{token(viewer)}").status == 404
    for method in ("POST", "PUT", "DELETE"):
        assert get(viewer, f"/?{token(viewer)}", method=method).status == 403


def test_the_stream_shows_each_change_and_only_changes(viewer: Viewer, screen: Screen) -> None:
    stream = get(viewer, f"/stream?{token(viewer)}")
    assert stream.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=picture"
    first, again = read_picture(stream), read_picture(stream)
    assert first.size == (60, 40)
    assert np.array_equal(first, again), "a browser shows it when the next one begins"
    looks = screen.looks
    until(lambda: screen.looks > looks + 5)
    screen.shade = 200
    assert abs(np.asarray(read_picture(stream)).mean() - 200) < 3, "the next picture is the changed one"


def test_nobody_looking_costs_nothing(viewer: Viewer, screen: Screen) -> None:
    get(viewer, f"/?{token(viewer)}").read()
    assert screen.looks == 0


def test_the_page_runs_the_kits_script_alone(viewer: Viewer) -> None:
    answer = get(viewer, f"/?{token(viewer)}")
    (script,) = re.findall("<script>(.*?)</script>", answer.read().decode(), re.DOTALL)
    assert csp_hash(script) in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_it_listens_on_this_machine_only_and_not_after_it_is_closed(screen: Screen) -> None:
    viewer = Viewer(screen)
    assert viewer.url.startswith("http://127.0.0.1:")
    viewer.close()
    viewer.close()
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", viewer.port), timeout=1):
        pass
