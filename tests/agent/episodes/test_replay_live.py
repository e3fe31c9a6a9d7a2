"""Finding targets again, on drawn screens: what must be found, and above all what must not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from actions.action import AnyAction, Click, Finish, Open, TypeText, Wait
from actions.frame import Box, Frame, Point
from agent.cli.main import main
from agent.core.step import OutcomeRecord, Step
from agent.core.task import Ending, Limits
from agent.episodes import EpisodeError, EpisodeWriter, read_episode
from agent.episodes.format import EpisodeHeader
from agent.episodes.replay.effects import absent, new_texts, not_ticked, same_app, unlike
from agent.episodes.replay.paths import along_track, between
from agent.episodes.replay.pixel_match import alike, changes, find, same_at, track
from agent.episodes.replay.replayer import Halt
from agent.episodes.replay.script import Script
from agent.episodes.replay.text_match import MatchedTarget, Missing, PerceivedFrame, find_again, same_text
from agent.models.dialects.dialect import Platform
from agent.perception.elements import Element, PerceivedScreen, Role
from agent.run.replay import ReplayOptions, env_spec_for, replay_on
from agent.views.replay_mismatch import write_halt
from envs.env import Image, Observation
from tests.agent.fakes import FakeEnv

SIZE = (900, 500)


def blank(size: tuple[int, int] = SIZE, colour: int = 235) -> Image:
    return np.full((size[1], size[0], 3), colour, np.uint8)


def write(image: Image, text: str, x: int, y: int) -> None:
    cv2.putText(image, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (20, 20, 20), 1, cv2.LINE_AA)


def people(names: list[str], left: int = 60, top: int = 60) -> Image:
    """A list with a Delete button in every row."""
    image = blank()
    for row, name in enumerate(names):
        y = top + 34 * row
        write(image, name, left, y)
        cv2.rectangle(image, (left + 200, y - 18), (left + 270, y + 8), (120, 120, 120), 1)
        write(image, "Delete", left + 208, y)
    return image


NAMES = ["Alice Adams", "Bob Brown", "Carol Clark", "Dora Dean", "Emil Ernst"]


def delete_of(row: int, left: int = 60, top: int = 60) -> Box:
    y = top + 34 * row - 5
    return Box(left + 235, y, left + 235, y)


@given(st.integers(-50, 200), st.integers(-30, 150))
def test_what_moved_as_a_whole_is_found_to_the_pixel(dx: int, dy: int) -> None:
    then, now = people(NAMES), people(NAMES, 60 + dx, 60 + dy)
    assert find(then, delete_of(1), now, [(0, 0)]) == (dx, dy)


def test_a_caret_is_no_difference_and_a_letter_is() -> None:
    then = people(NAMES)
    caret, letter = then.copy(), then.copy()
    caret[50:70, 180:182] = 0
    write(letter, "x", 150, 94)
    assert alike(then, caret)
    assert find(then, delete_of(1), caret, [(0, 0)]) == (0, 0)
    assert find(then, delete_of(1), letter, [(0, 0)]) is None


def test_the_button_of_another_row_is_not_the_button() -> None:
    gone = people([name for name in NAMES if not name.startswith("Bob")])
    assert find(people(NAMES), delete_of(1), gone, [(0, 0)]) is None


def test_bare_ground_is_nowhere() -> None:
    assert find(blank(), Box(400, 300, 400, 300), blank(), [(0, 0)]) is None


def test_changes_are_small_boxes_and_checked_where_they_were() -> None:
    before, after = people(NAMES), people(NAMES)
    write(after, "gone!", 500, 200)
    (box,) = changes(before, after)
    assert box.holds(Point(520, 195))
    assert box.area < 2500
    assert same_at(after, [box], after, (0, 0))
    assert not same_at(after, [box], before, (0, 0))


def test_a_path_along_a_track_ends_at_the_same_part_of_a_longer_one() -> None:
    then, now = blank(), blank()
    cv2.rectangle(then, (100, 198), (400, 202), (60, 60, 200), -1)
    cv2.rectangle(now, (50, 298), (650, 302), (60, 60, 200), -1)
    assert track(then, Point(160, 200), True) == (100, 401)
    ends = along_track(Point(160, 200), Point(340, 200), then, Point(170, 300), now)
    assert ends is not None
    assert [round(end.x) for end in ends] == [170, 529]
    assert along_track(Point(160, 100), Point(340, 100), then, Point(170, 100), now) is None


@given(st.floats(-3, 3), st.floats(0.2, 3))
def test_the_ends_of_a_path_go_where_they_are_found(turn: float, size: float) -> None:
    a, b = Point(10, 20), Point(110, 50)
    way = complex(100, 30) * complex(np.cos(turn), np.sin(turn)) * size
    new_a, new_b = Point(300, 300), Point(300 + way.real, 300 + way.imag)
    for old, new in ((a, new_a), (b, new_b)):
        assert between(old, a, b, new_a, new_b) == pytest.approx(new)


def at(text: str, x: float, y: float, role: Role = "text", label: str = "", width: float = 80) -> Element:
    return Element(Box(x, y, x + width, y + 14), role, text, label)


def form(*extra: Element, scale: float = 1.0, shift: float = 0.0) -> PerceivedFrame:
    """A form with two fields and two buttons, drawn larger and elsewhere."""
    elements = [
        at("Settings", 20, 10),
        at("First name", 20, 50),
        at("", 140, 48, "field", "First name", 200),
        at("Last name", 20, 90),
        at("", 140, 88, "field", "Last name", 200),
        at("Cancel", 20, 140, "button"),
        at("Save", 140, 140, "button"),
        *extra,
    ]
    moved = [replace(e, box=Box(*(scale * v + shift for v in e.box))) for e in elements]
    return PerceivedFrame(blank((1600, 900)), PerceivedScreen(1600, 900, tuple(moved)))


def without(look: PerceivedFrame, text: str) -> PerceivedFrame:
    rest = tuple(e for e in look.screen.elements if e.text != text)
    return PerceivedFrame(look.image, replace(look.screen, elements=rest))


@given(st.floats(0.8, 2.0), st.floats(0, 300))
def test_a_button_and_a_field_are_found_at_any_size(scale: float, shift: float) -> None:
    for point in (Point(180, 147), Point(240, 95)):
        place = find_again(form(), point, form(scale=scale, shift=shift))
        assert isinstance(place, MatchedTarget)
        assert place.point == pytest.approx((point.x * scale + shift, point.y * scale + shift), abs=1)


def test_what_is_gone_is_missing_and_nothing_takes_its_place() -> None:
    gone = find_again(form(), Point(180, 147), without(form(), "Save"))
    assert isinstance(gone, Missing)
    assert "Save" in gone.why
    other = without(form(at("Save All", 140, 140, "button")), "Save")
    assert isinstance(find_again(form(), Point(180, 147), other), Missing)


def test_the_same_button_in_another_dialog_is_not_the_button() -> None:
    words = ("Delete everything?", "This cannot be undone.", "All files will be lost.", "Keep a copy", "Cancel")
    dialog = PerceivedScreen(900, 500, (*(at(w, 20, 20 + 30 * i, width=150) for i, w in enumerate(words)),
                               at("Save", 140, 140, "button")))  # fmt: skip
    assert isinstance(find_again(form(), Point(180, 147), PerceivedFrame(blank(), dialog)), Missing)


def test_a_box_that_is_not_recognised_is_sought_beside_its_words() -> None:
    words = at("Send me mail", 60, 180)
    ticked = Element(Box(38, 180, 52, 194), "checkbox", "", "Send me mail")
    place = find_again(form(words, ticked), Point(45, 187), form(words, scale=1.5, shift=20))
    assert isinstance(place, MatchedTarget)
    assert place.point == pytest.approx((45 * 1.5 + 20, 187 * 1.5 + 20), abs=1)
    assert isinstance(find_again(form(words, ticked), Point(45, 187), form()), Missing)


def rows(names: list[str]) -> PerceivedFrame:
    cells = [e for i, n in enumerate(names) for e in (at(n, 20, 40 * i), at("Delete", 300, 40 * i, "button"))]
    return PerceivedFrame(blank(), PerceivedScreen(900, 500, tuple(cells)))


def test_of_equal_buttons_the_one_on_its_row_is_found_wherever_the_row_is() -> None:
    place = find_again(rows(NAMES), Point(340, 47), rows(["Zoe Zander", *NAMES]))
    assert isinstance(place, MatchedTarget)
    assert place.point.y == pytest.approx(87)


def test_of_equal_buttons_none_is_taken_where_the_row_is_gone() -> None:
    assert isinstance(find_again(rows(NAMES), Point(340, 47), rows([NAMES[0], *NAMES[2:]])), Missing)


@pytest.mark.parametrize(("a", "b", "same"), [
    ("Save As…", "Save As...", True), ("Subscribe to the news", "Subscribe tothe news", True),
    ("Save", "Save All", False),
    ("Room 12", "Room 13", False), ("7", "1", False), ("7", "7", True), ("", "", False),
    ("Blue", "e Blue", True), ("Option", "Option B", False),
])  # fmt: skip
def test_texts_are_the_same_but_for_slips(a: str, b: str, same: bool) -> None:
    assert same_text(a, b) is same


def test_signs_say_what_did_not_come() -> None:
    before, after = form().screen, form(at("All saved.", 20, 180)).screen
    whole = [Box(0, 170, 900, 200)]
    assert new_texts(before, after, whole) == ["All saved."]
    assert unlike(before, after, after, whole) is None
    assert "All saved." in str(unlike(before, after, before, whole))


def test_a_caret_after_a_text_is_no_letter() -> None:
    assert absent(["Ada"], form(at("Adal", 20, 180)).screen) == []
    assert absent(["Ada"], form(at("Adam", 20, 180)).screen) == ["Ada"]


def test_a_box_that_stayed_off_is_told() -> None:
    on, off = (
        PerceivedScreen(900, 500, (Element(Box(10, 10, 24, 24), "checkbox", "", "Sounds", checked=c),))
        for c in (True, False)
    )
    assert not_ticked(Point(15, 15), on, Point(15, 15), on) is None
    assert "Sounds" in str(not_ticked(Point(15, 15), on, Point(15, 15), off))


@pytest.mark.parametrize(("then", "now", "same"), [
    ("Mousepad: Untitled 1 - Mousepad", "Mousepad: *notes.txt - Mousepad", True),
    ("Mousepad: Save As", "Mousepad: Untitled 1 - Mousepad", False), ("Mousepad: x", "XTerm: x", False),
    ("a.b/.Main", "a.b/.Other", True), ("a.b/.Main", "c.d/.Main", False), (None, "XTerm: x", True),
])  # fmt: skip
def test_the_window_in_front(then: str | None, now: str | None, same: bool) -> None:
    assert same_app(then, now) is same


FRAME = Frame(id="0", width=SIZE[0], height=SIZE[1])


def episode(
    folder: Path,
    *steps: tuple[AnyAction, Image],
    env: str = "sandbox :9 900x500",
    platform: Platform = "desktop",
    **extra: JsonValue,
) -> Path:
    """An episode of these actions on these screens, done."""
    header = EpisodeHeader(
        task="t", limits=Limits(), model="m", env=env, platform=platform, extra={"apps": ["mousepad a"], **extra}
    )
    with EpisodeWriter.create(folder, header) as writer:
        for index, (action, image) in enumerate(steps):
            outcome = None if isinstance(action, Finish) else OutcomeRecord(performed=True)
            name = writer.add_frame(image)
            writer.append(Step(index=index, time=float(index), frame=FRAME, image=name, action=action, outcome=outcome))
        writer.finish(Ending.DONE)
    return folder


CLICK, DONE = Click(point=Point(295, 89)), Finish(status="success")


def test_a_wait_that_something_came_of_belongs_to_the_action_before(tmp_path: Path) -> None:
    a, b = people(NAMES), people(NAMES[:2])
    found = read_episode(episode(tmp_path / "e", (CLICK, a), (Wait(seconds=4), a), (Wait(seconds=1), b), (DONE, b)))
    script = Script(found)
    assert [(recorded.number, recorded.action.type, recorded.waited) for recorded in script.actions] == [
        (1, "click", 4.0),
        (3, "wait", 0.0),
    ]
    assert script.actions[0].next is found.steps[2]
    assert (script.succeeded, script.last) == (True, found.steps[3])
    script.close()


class ListShown(FakeEnv):
    """A screen that shows a list from the first look, and the same two names after a click."""

    name = "sandbox :9 900x500"

    def observe(self) -> Observation:
        shown = people(NAMES[:2]) if any(isinstance(action, Click) for action in self.done) else people(NAMES)
        return replace(super().observe(), image=shown, frame=FRAME, app=None)


def test_what_was_waited_for_may_be_there_at_once(tmp_path: Path) -> None:
    """The page came during the second recorded wait; on the screen of the replay it came before."""
    wait, rest = (Wait(seconds=0.3), blank()), ((CLICK, people(NAMES)), (DONE, people(NAMES[:2])))
    script = Script(read_episode(episode(tmp_path / "e", wait, wait, *rest)))
    done = replay_on(ListShown(), script, ReplayOptions(timeout=5, out=tmp_path / "replay"))
    script.close()
    assert (done.ok, done.redone) == (True, 1), done.result.message


def test_what_a_recording_opens_first_may_be_opened_or_is_there_already(tmp_path: Path) -> None:
    steps = ((Open(target="xterm -fs 12"), people(NAMES)), (CLICK, people(NAMES)), (DONE, people(NAMES)))
    found = read_episode(episode(tmp_path / "e", *steps, apps=[]))
    assert (env_spec_for(found).apps, env_spec_for(found).programs) == ((), ("xterm -fs 12",))
    with_it, without_it = Script(found), Script(found, opened=True)
    assert [recorded.action.type for recorded in with_it.actions] == ["open", "click"]
    assert [recorded.action.type for recorded in without_it.actions] == ["click"]
    with_it.close()
    without_it.close()


def test_an_episode_without_actions_cannot_be_done_again(tmp_path: Path) -> None:
    with pytest.raises(EpisodeError, match="nothing to repeat"):
        Script(read_episode(episode(tmp_path / "e", (DONE, people(NAMES)))))


def test_the_screen_is_as_recorded_unless_said_otherwise(tmp_path: Path) -> None:
    found = read_episode(episode(tmp_path / "e", (CLICK, people(NAMES)), (DONE, people(NAMES))))
    assert (env_spec_for(found).kind, env_spec_for(found).apps, env_spec_for(found).size) == (
        "sandbox",
        ("mousepad a",),
        SIZE,
    )
    other = env_spec_for(found, apps=["xterm"], size=(1000, 600))
    assert (other.apps, other.size) == (("xterm",), (1000, 600))


def test_an_android_replay_takes_the_recorded_display(tmp_path: Path) -> None:
    name = "android R58M123 (Display 9) 1200x900"
    second = read_episode(episode(tmp_path / "2", (CLICK, people(NAMES)), env=f"{name} display 2", platform="mobile"))
    first = read_episode(episode(tmp_path / "0", (CLICK, people(NAMES)), env=name, platform="mobile"))
    assert env_spec_for(second).display == env_spec_for(second, serial="x").display == 2
    assert env_spec_for(second, display=0).display == 0
    assert env_spec_for(second, kind="phone").display is None
    assert env_spec_for(first).display is None


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str]:
    with pytest.raises(SystemExit) as left:
        main(["replay", *arguments, "--mode", "live"])
    return left.value.code, capsys.readouterr().err


def test_what_cannot_be_replayed_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    typed = TypeText(text="{{secret:pin}}")
    folder = str(episode(tmp_path / "e", (typed, people(NAMES)), (DONE, people(NAMES)), apps=[]))
    for arguments, words in (
        ((), "--secret pin=env:VARIABLE"),
        (("--env", "phone"), "change --env"),
        (("--env", "desktop", "--app", "xterm"), "--env sandbox"),
        (("--size", "9"), "1280x800"),
        (("--env", "desktop", "--serial", "x"), "--env android"),
        (("--env", "phone", "--display", "1"), "--display chooses a display of an Android device: add --env android"),
    ):
        status, said = run(capsys, folder, *arguments)
        assert status == 2
        assert words in said
        assert said.count("\n") == 1
    elsewhere = str(episode(tmp_path / "x", (CLICK, people(NAMES)), env="other thing"))
    assert "--env" in run(capsys, elsewhere)[1]


def test_the_picture_of_expected_and_found_shows_words_as_words(tmp_path: Path) -> None:
    halt = Halt(
        3, "<script>alert(1)</script> is not there", people(NAMES), blank(), Point(295, 89), (Box(1, 1, 40, 40),)
    )
    expected, found, page = write_halt(tmp_path, halt, "type “<img src=x>”")
    said = page.read_text(encoding="utf-8")
    assert "<script>alert" not in said
    assert "<img src=x>" not in said
    assert "&lt;script&gt;" in said
    for path, was in ((expected, halt.expected), (found, halt.found)):
        drawn = cv2.imread(str(path))
        assert drawn is not None
        assert drawn.shape == was.shape
        assert (drawn[:, :, ::-1] != was).any()
