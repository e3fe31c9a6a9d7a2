"""The pages of MiniWoB++ in real Chromium on a private display."""

import json
import shutil

import numpy as np
import pytest

from actions.action import Click, Key, Open, Scroll
from actions.frame import Point
from envs import miniwob_pages as pages
from envs.devtools import ScriptError
from envs.env import EnvError
from envs.miniwob import MiniwobEnv

pytestmark = [
    pytest.mark.desktop,
    pytest.mark.skipif(not (shutil.which("Xvfb") and shutil.which("chromium")), reason="no Xvfb or no Chromium"),
]


@pytest.fixture(scope="module")
def env():
    with_env = MiniwobEnv()
    yield with_env
    with_env.close()


def press(env, selector, count=1):
    """Click an element with the display's mouse."""
    x, y = env.page.evaluate(
        f"(r => [r.x + r.width / 2, r.y + r.height / 2])(document.querySelector({selector!r}).getBoundingClientRect())"
    )
    point = Point(x * env.zoom, y * env.zoom)
    return env.perform(Click(point=point, count=count), env.observe().frame)


def test_a_click_of_the_mouse_ends_the_episode_with_the_pages_reward(env):
    assert env.begin("click-test", 0) == "Click the button."
    assert env.state() == pages.PageState(False, 0.0, 0.0)
    press(env, "#subbtn")
    state = env.state()
    assert state.done
    assert state.raw == 1
    assert state.solved


def test_a_wrong_click_is_no_success(env):
    env.begin("click-test-2", 0)
    press(env, "#subbtn2")
    assert (env.state().done, env.state().raw, env.state().solved) == (True, -1, False)


def test_a_second_click_cannot_begin_another_episode_and_wipe_out_the_reward(env):
    """The page's START cover comes up under the pointer when an episode ends."""
    env.begin("click-test", 3)
    press(env, "#subbtn", count=2)
    assert env.state().solved


def test_a_seed_is_the_same_episode_whatever_came_before(env):
    def picture(task, seed):
        said = env.begin(task, seed)
        return said, env.observe().image

    said, first = picture("click-checkboxes", 7)
    other, _ = picture("click-checkboxes", 8)
    again, second = picture("click-checkboxes", 7)
    assert said == again != other
    assert np.array_equal(first, second)


def test_the_page_fills_the_display_at_its_zoom_and_nothing_else_is_shown(env):
    env.begin("click-test", 0)
    image = env.observe().image
    assert image.shape == (720, 570, 3)
    assert tuple(image[5, 470]) == (255, 255, 0)  # the yellow of the instruction, to the canvas's right edge
    assert tuple(image[400, 560]) == (0x55, 0x55, 0x55)  # and beside it neither reward nor clock


def test_the_timer_is_off_but_for_the_official_one(env):
    env.begin("click-test", 0)
    assert env.page.evaluate("core.EPISODE_MAX_TIME") == pages.NO_TIMER < 2**31
    env.begin("use-colorwheel", 0, official_timer=True)
    assert env.page.evaluate("core.EPISODE_MAX_TIME") == 7000
    env.page.evaluate("core.EPISODE_MAX_TIME = 50; core.startEpisodeReal()")
    env.page.wait_for("WOB_DONE_GLOBAL")
    assert env.state() == pages.PageState(True, -1.0, -1.0, "timed out")


def test_an_icon_in_the_instruction_has_a_name(env):
    said = [env.begin("click-menu-2", seed) for seed in range(4)]
    assert any('with the "' in one for one in said)
    assert all(one.count('"') == 4 for one in said)


def test_a_page_that_was_left_or_broken_has_ended_without_a_reward(env):
    env.begin("click-test", 0)
    env.page.evaluate("location.hash = 'elsewhere'")
    assert not env.state().done
    env.page.open("about:blank")
    assert env.state() == pages.PageState(True, 0.0, 0.0, "the page was left")


def test_a_closed_page_is_the_agents_doing_and_a_killed_browser_is_not(env):
    env.begin("click-test", 0)
    env.perform(Key(chords=("ctrl+w",)), env.observe().frame)
    assert env.state() == pages.PageState(True, 0.0, 0.0, "the page was closed")
    assert not env.crashed()
    env.restart()
    env.begin("click-test", 0)
    with pytest.raises(EnvError):
        env.page.call("Browser.crash")
    with pytest.raises(EnvError):
        env.state()
    env.restart()


def test_zooming_the_browser_does_not_pass_to_the_next_episode(env):
    env.begin("click-test", 0)
    frame = env.observe().frame
    env.perform(Scroll(point=Point(100, 300), dy=-1, keys=("ctrl",)), frame)
    with pytest.raises(EnvError, match="zoomed"):
        env.begin("click-test", 1)
    env.restart()
    env.begin("click-test", 1)


def test_programs_cannot_be_opened(env):
    env.begin("click-test", 0)
    outcome = env.perform(Open(target="https://example.org"), env.observe().frame)
    assert not outcome.performed
    assert "open" not in env.supported


def test_errors_are_told(env):
    with pytest.raises(EnvError, match="no page 'fly-to-the-moon'"):
        env.begin("fly-to-the-moon", 0)
    with pytest.raises(ScriptError, match="nothere is not defined"):
        env.page.evaluate("nothere")
    with pytest.raises(EnvError, match="not ready"):
        env.page.wait_for("false", seconds=0.05)
    with pytest.raises(EnvError, match="refused"):
        env.page.call("Page.fly")


def test_arguments_reach_the_page_as_json(env):
    odd = ["\"'\\</script>", {"ü": [1, None, True]}]
    assert env.page.apply("(...all) => all", *odd) == odd
    assert json.loads(env.page.evaluate("JSON.stringify([1])")) == [1]
