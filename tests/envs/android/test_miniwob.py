"""Episodes of MiniWoB++ on the simulated phone, begun and read through the stock adb."""

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from actions.action import Button, Click, Drag, Open
from actions.adb import AdbServer
from actions.adb.lines import command
from actions.adb.screen import dump
from actions.frame import Frame, Point
from envs.android import AndroidEnv
from envs.android.miniwob import PAGES, AppStage, BrowserStage
from envs.android.simulated import PrivateAdbServer
from envs.env import EnvError
from envs.miniwob_pages import PageState, html_folder
from envs.miniwob_server import MiniwobServer
from envs.phone.phone import Phone
from tests.waiting import until

NOT_ENDED = PageState(False, 0.0, 0.0)
EPISODES = command(
    "sqlite3", "/data/data/com.handeye.miniwob/databases/miniwob.db", "select task, seed, done, raw from episodes"
)


@pytest.fixture(scope="module")
def running(server: PrivateAdbServer) -> Iterator[Phone]:
    with Phone(keys=[server.key], mounts={"/miniwob/": html_folder()}) as phone:
        yield phone


@pytest.fixture
def stage(env: AndroidEnv) -> AppStage:
    return AppStage(env.link)


def place(env: AndroidEnv, words: str) -> Point:
    """The middle of what the accessibility tree calls so."""
    found = [node for node in dump(env.link) if words in (node.text, node.description)]
    x1, y1, x2, y2 = found[-1].bounds
    return Point((x1 + x2) / 2, (y1 + y2) / 2)


def look(env: AndroidEnv) -> Frame:
    return env.observe().frame


def test_every_task_has_a_page() -> None:
    assert len(PAGES) == 92
    assert all((html_folder() / "miniwob" / f"{page}.html").is_file() for page in PAGES.values())
    assert {task: page for task, page in PAGES.items() if task != page} == {"drag-item": "drag-circle"}


def test_a_seed_is_a_problem(stage: AppStage) -> None:
    said = [stage.begin("enter-text", seed) for seed in (1, 2, 1, 2**32 - 1)]
    assert said[0] == said[2]
    assert len(set(said)) == 3
    assert said[0].startswith('Enter "')
    assert said[0].endswith("into the text field and press Submit.")


def test_a_tap_ends_an_episode_with_the_raw_reward(env: AndroidEnv, stage: AppStage) -> None:
    assert stage.begin("click-test", 7) == "Click the button."
    assert stage.state() == NOT_ENDED
    env.perform(Click(point=place(env, "Click Me!")), look(env))
    state = stage.state()
    assert state.solved
    assert 0.9 < state.reward < 1  # with the page's factor for time
    env.perform(Click(point=place(env, "Click Me!"), count=2), look(env))
    assert stage.state() == state  # what comes after an end changes nothing


def test_the_page_is_five_times_enlarged_and_fits_above_the_keyboard(env: AndroidEnv, stage: AppStage) -> None:
    stage.begin("enter-text", 3)
    wrap = [node.bounds for node in dump(env.link) if node.kind.endswith("EditText")]
    x1, _, x2, _ = wrap[0]
    assert x2 - x1 == pytest.approx(5 * 126, abs=15)  # 120 CSS pixels wide, and its border and padding
    env.perform(Click(point=Point((x1 + x2) / 2, (wrap[0][1] + wrap[0][3]) / 2)), look(env))
    seen = env.observe()
    assert seen.keyboard_shown
    query = seen.image[72 + 10 * 5, 150 * 5]
    below = seen.image[72 + 209 * 5, 20]
    assert tuple(query) == (255, 255, 0)  # the instruction is still at the top
    assert tuple(below) == (255, 255, 255)  # and the page's last line above the keys


def test_a_drag_by_finger_moves_what_is_dragged_and_not_the_page(env: AndroidEnv, stage: AppStage) -> None:
    seeds = (seed for seed in range(40) if "down" in stage.begin("drag-item", seed))
    next(seeds)
    circle = _circle(env)
    env.perform(Drag(path=(circle, Point(circle.x, circle.y + 150)), seconds=0.4), look(env))
    env.perform(Click(point=place(env, "Submit")), look(env))
    assert stage.state().solved


def _circle(env: AndroidEnv) -> Point:
    """The middle of the circle's black line, which is the only black thing between the instruction and the button."""
    image = env.observe().image[72 + 52 * 5 : 72 + 180 * 5, : 160 * 5]
    ys, xs = (image.sum(axis=2) < 60).nonzero()
    button = place(env, "Submit").y - 72 - 52 * 5 - 60
    inside = ys < button
    return Point(
        float(xs[inside].min() + xs[inside].max()) / 2, float(ys[inside].min() + ys[inside].max()) / 2 + 72 + 52 * 5
    )


def test_a_swipe_to_the_side_does_not_leave_the_page(env: AndroidEnv, phone: Phone, stage: AppStage) -> None:
    stage.begin("scroll-text-2", 1)
    for way in ((60, 1000), (1000, 60)):
        env.perform(Drag(path=(Point(way[0], 1500), Point(way[1], 1500)), seconds=0.3), look(env))
    assert phone.look()["package"] == "com.handeye.miniwob"
    assert stage.state() == NOT_ENDED


def test_back_stays_and_home_comes_back(env: AndroidEnv, stage: AppStage) -> None:
    stage.begin("click-test", 7)
    env.perform(Button(name="back"), look(env))
    env.perform(Button(name="home"), look(env))
    env.perform(Open(target="MiniWoB"), look(env))
    assert stage.state() == NOT_ENDED
    env.perform(Click(point=place(env, "Click Me!")), look(env))
    assert stage.state().solved


def test_a_page_that_is_left_has_ended_without_reward(env: AndroidEnv, phone: Phone, stage: AppStage) -> None:
    stage.begin("click-test", 7)
    frame = "system.front().frame.contentDocument.querySelector('iframe')"
    phone.screen.ask(f"{frame}.contentWindow.location.assign('/miniwob/miniwob/click-test-2.html')")
    until(lambda: stage.state().done)
    assert stage.state() == PageState(True, 0.0, 0.0, "the page was left")


def test_an_unknown_task_and_another_episode_are_errors(phone: Phone, stage: AppStage) -> None:
    with pytest.raises(EnvError, match="has not begun"):
        stage.begin("no-such-task", 1)
    stage.begin("click-test", 1)
    phone.reset()
    with pytest.raises(EnvError, match="has not begun"):
        stage.state()


def test_by_hand_the_app_lists_its_tasks(env: AndroidEnv) -> None:
    env.perform(Open(target="MiniWoB"), look(env))
    env.perform(Click(point=place(env, "Search tasks")), look(env))
    env.link.run(command("input", "text", "click-test"))
    until(lambda: not any(node.text == "bisect-angle" for node in dump(env.link)))
    env.perform(Click(point=place(env, "click-test")), look(env))
    env.perform(Click(point=place(env, "Click Me!")), look(env))
    until(lambda: "|1|" in env.link.run(EPISODES).out)
    assert env.link.run(EPISODES).out == "click-test||1|1.0\n"
    env.perform(Button(name="back"), look(env))
    assert place(env, "bisect-angle")


# -- a browser, by adb reverse


def test_a_browser_shows_the_pages_of_this_machine(env: AndroidEnv, server: AdbServer) -> None:
    stage = BrowserStage(env.link)
    try:
        port = stage._server.port
        said = stage.begin("click-test", 7)
        assert said == "Click the button."
        assert stage.state() == NOT_ENDED
        env.perform(Click(point=place(env, "Click Me!")), look(env))
        until(lambda: stage.state().done)
        assert stage.state().solved
        assert stage.begin("choose-list", 3).startswith("Select ")
        assert stage.state() == NOT_ENDED
        env.link.unreverse(port)
        env.link.reverse(port)
    finally:
        stage.close()
    with pytest.raises(Exception, match="not found"):
        env.link.unreverse(port)


def test_the_same_seed_is_the_same_problem_in_the_app_and_in_the_browser(env: AndroidEnv, stage: AppStage) -> None:
    browser = BrowserStage(env.link)
    try:
        for task in ("enter-text", "drag-item", "click-menu-2"):
            assert browser.begin(task, 11) == stage.begin(task, 11)
    finally:
        browser.close()


def fetched(address: str, body: bytes | None = None) -> int:
    try:
        with urllib.request.urlopen(address, body, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_the_page_server_serves_and_hears_only_those_who_know() -> None:
    server = MiniwobServer()
    try:
        address, episode = server.open("click-test", 1)
        root = f"http://127.0.0.1:{server.port}"
        own = address.rsplit("/miniwob/", 1)[0]
        assert fetched(address) == 200
        assert fetched(f"{own}/core/core.js") == 200
        assert fetched(f"{own}/episode.js") == 200
        assert fetched(f"{own}/../../../etc/passwd") == 404
        assert fetched(f"{own}/%2e%2e/%2e%2e/__init__.py") == 404
        assert fetched(f"{root}/miniwob/click-test.html") == 404
        told = b'{"episode": "other", "done": true, "raw": 1, "reward": 1}'
        assert fetched(f"{own}/told", told) == 400
        assert fetched(f"{own}/told", b"[1]") == fetched(f"{own}/told", b"no json") == 400
        assert fetched(f"{root}/told", told) == 400
        assert not episode.state.done
        own_name = address.rsplit("episode=", 1)[1].encode()
        for raw in (1, -1):
            assert fetched(f"{own}/told", told.replace(b"other", own_name).replace(b": 1", b": %d" % raw)) == 200
        assert episode.state == PageState(True, 1.0, 1.0)  # the first end counts
        with pytest.raises(EnvError, match="no page 'nope'"):
            server.open("nope", 1)
    finally:
        server.close()
