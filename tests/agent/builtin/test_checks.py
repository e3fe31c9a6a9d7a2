"""What each executor checks after an action, and what it refuses, on a toy interface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from actions.action import AnyAction, Drag, Finish, Key
from actions.frame import Box
from agent.builtin.follower import Follower
from agent.builtin.grammar.parse import parse_instructions
from agent.builtin.screen_diff import PerceivedObservation
from agent.perception.elements import Element, PerceivedWindow
from agent.perception.meaning.ranking import rank
from tests.agent.builtin.toy import Toy, acts, at, follow, hides, shows


def changes(key: str, **to: object) -> Callable[[Toy], None]:
    return lambda toy: toy.show(**{key: replace(toy.elements[key], **to)})  # type: ignore[arg-type]


def in_turn(*reactions: Callable[[Toy], None]) -> Callable[[Toy], None]:
    """A reaction that is another one each time; the last one stays."""
    left = list(reactions)
    return lambda toy: (left.pop(0) if len(left) > 1 else left[0])(toy)


# ------------------------------------------------------------------------------------------- effects


@pytest.mark.parametrize("task", ["Scroll down", "Drag Alpha onto Beta", "Hold Alpha for 1 second", "Go back"])
def test_a_last_action_without_effect_is_a_failure_and_an_earlier_one_is_not(task: str) -> None:
    def toy() -> Toy:
        elements = {name: at("button", name.title(), 10, y) for name, y in (("alpha", 10), ("beta", 100), ("go", 200))}
        return Toy(elements, react={"go": shows(done=at("text", "Welcome", 10, 300))})

    end, _ = follow(toy(), task)
    assert end.status == "failure"
    assert "instruction 1 of 1" in end.message
    assert follow(toy(), f"{task}, then click Go")[0].status == "success"


def test_a_box_that_does_not_take_the_first_click_is_clicked_again() -> None:
    toy = Toy({"news": at("checkbox", "", 10, 10, 16, 16, label="Newsletter", checked=False)})
    toy.react = {
        "news": in_turn(
            lambda t: (changes("news", checked=False)(t), t.show(note=at("text", "Saving", 10, 300)))[0], lambda t: None
        )
    }
    assert follow(toy, "Check Newsletter")[0].status == "success"
    assert acts(toy.log) == ["click news", "click news"]
    assert toy.elements["news"].checked


def test_a_box_that_never_changes_its_state_is_a_failure() -> None:
    toy = Toy({"news": at("checkbox", "", 10, 10, 16, 16, label="Newsletter", checked=False)})
    notes = iter(range(100))
    toy.react = {
        "news": lambda t: (changes("news", checked=False)(t), t.show(n=at("text", f"Try {next(notes)}", 10, 300)))[0]
    }
    end, _ = follow(toy, "Check Newsletter")
    assert end.status == "failure"
    assert "did not become checked" in end.message


@pytest.mark.parametrize(("typed", "shown"), [("Ada Lovelace", "qqqq zzzz"), ("12", "112"), ("3.5", "35.5")])
def test_a_field_that_shows_something_else_is_a_failure(typed: str, shown: str) -> None:
    toy = Toy({"name": at("field", "", 100, 10, 200, label="Name")}, typed=lambda _: shown)
    end, _ = follow(toy, f'Set Name to "{typed}"')
    assert end.status == "failure"
    assert "cannot read the text" in end.message


def test_a_field_that_keeps_its_old_text_is_a_failure() -> None:
    toy = Toy({"city": at("field", "Rome", 100, 10, 200, label="City")}, selects=False)
    assert follow(toy, 'Type "Paris" into the City field, then press Tab')[0].status == "success"
    assert toy.elements["city"].text.startswith("RomeParis")
    toy = Toy({"city": at("field", "Roma", 100, 10, 200, label="City")}, selects=False)
    end, _ = follow(toy, 'Replace the text in the City field with "Paris"')
    assert end.status == "failure"


def test_what_three_slow_clicks_do_not_select_is_selected_by_keys() -> None:
    toy = Toy({"city": at("field", "Rome", 100, 10, 200, label="City")}, slow=True)
    assert follow(toy, "Set City to Paris")[0].status == "success"
    assert toy.elements["city"].text == "Paris"
    assert toy.log.count("type Paris") == 1


@pytest.mark.parametrize("task", ["Set City to Paris", "Clear the City field"])
def test_a_field_that_its_caret_splits_is_read_whole(task: str) -> None:
    toy = Toy({"city": at("field", "Rome", 100, 10, 400, label="City")}, selects=False, splits=True)
    end, thoughts = follow(toy, task)
    assert end.status == "failure", thoughts


@pytest.mark.parametrize(
    "task", ['Type "{{secret:pin}}" into the Token field', 'Type "hunter22" into the Password field']
)
def test_text_that_is_hidden_need_not_be_read(task: str) -> None:
    toy = Toy({"f": at("field", "", 100, 10, 200, label=task.split()[-2])}, typed=lambda text: "*" * 7)
    assert follow(toy, task)[0].status == "success"
    assert sum(line.startswith("type") for line in toy.log) == 1


def date_field(typed: Callable[[str], str] = str) -> Toy:
    return Toy({"due": at("field", "mm/dd/yyyy", 100, 10, 200, label="Due date")}, typed=typed)


def test_a_date_is_typed_in_the_order_of_its_field_and_read_back() -> None:
    toy = date_field()
    assert follow(toy, "Set Due date to 2026-03-15")[0].status == "success"
    assert "type 03152026" in toy.log
    end, _ = follow(date_field(lambda _: "77"), "Set Due date to 2026-03-15")
    assert end.status == "failure"
    assert "does not show the date" in end.message


# ------------------------------------------------------------------------------------------- lists and menus


def colours(chosen: str) -> Toy:
    """A list that shows `chosen` whichever option is clicked."""
    toy = Toy({"colour": at("select", "Red", 100, 60, label="Colour")})
    close = lambda t: (t.hide("red", "blue"), changes("colour", text=chosen)(t))[0]  # noqa: E731
    toy.react = {
        "colour": shows(red=at("menuitem", "Red ", 100, 90), blue=at("menuitem", "Blue", 100, 114)),
        "red": close,
        "blue": close,
    }
    return toy


def test_a_list_that_does_not_show_the_option_is_a_failure() -> None:
    end, _ = follow(colours("Red"), "Choose Blue as the Colour")
    assert end.status == "failure"
    assert "Blue" in end.message


def test_an_option_that_cannot_be_read_is_typed_and_no_other_is_clicked() -> None:
    toy = colours("Red")
    follow(toy, "Choose Green as the Colour")
    assert "type Green" in toy.log
    assert not {"click red", "click blue"} & set(toy.log)


def test_a_click_that_opens_no_menu_is_undone_and_the_next_candidate_tried() -> None:
    toy = Toy({"dead": at("menu", "Tools", 10, 10), "live": at("menu", "Tools", 300, 10)})
    toy.react = {
        "dead": shows(tip=at("text", "All tools", 10, 300)),
        "live": shows(a=at("menuitem", "Options", 300, 40), b=at("menuitem", "Words", 300, 70)),
        "a": shows(done=at("text", "Chosen", 600, 300)),
    }
    assert follow(toy, "Open the Tools menu and click Options")[0].status == "success"
    assert acts(toy.log) == ["click dead", "key escape", "click live", "click a"]


# ------------------------------------------------------------------------------------------- dialogs


def asking(text: str, *buttons: Element) -> Toy:
    toy = Toy({"clean": at("button", "Clean up", 10, 10)})
    toy.react = {"clean": shows(words=at("text", text, 300, 300, 300), **{f"b{i}": b for i, b in enumerate(buttons)})}
    return toy


@pytest.mark.parametrize("question", ["Delete all files?", "Discard unsaved changes?", "Replace the file?"])
def test_a_question_that_the_task_does_not_answer_ends_it(question: str) -> None:
    toy = asking(question, at("button", "Cancel", 300, 400), at("button", "OK", 450, 400))
    end, _ = follow(toy, "Click Clean up")
    assert end.status == "failure"
    assert question.lower()[:6] in end.message.lower()
    assert "does not say what to answer" in end.message
    assert acts(toy.log) == ["click clean"]


def test_a_risky_dialog_without_a_safe_button_is_not_closed_by_a_condition() -> None:
    toy = Toy({"name": at("field", "", 100, 10, 200, label="Name"), "send": at("button", "Send", 100, 300)})
    toy.late = {2: shows(words=at("text", "Delete all files?", 300, 300), ok=at("button", "OK", 300, 400))}
    end, _ = follow(toy, "If a dialog appears, dismiss it. Click Name, click Send")
    assert end.status == "failure"
    assert "no safe button" in end.message
    assert not {"click ok", "key escape"} & set(toy.log)


def test_a_risky_dialog_with_only_a_drawn_cross_is_left_alone() -> None:
    toy = Toy({"name": at("field", "", 100, 10, 200, label="Name"), "send": at("button", "Send", 100, 300)})

    def come(t: Toy) -> None:
        t.hide("send")
        t.show(words=at("text", "Delete all files?", 300, 300), x=at("icon", "", 600, 280, 20, 20, icons=("close",)))

    toy.late = {2: come}
    assert follow(toy, "Click Name, click Send")[0].status == "failure"
    assert acts(toy.log) == ["click name"]


CONTROLS = ("minimize", "maximize", "close")


def test_the_cross_of_a_window_behind_the_front_one_is_no_dialogs() -> None:
    toy = Toy({"name": at("field", "", 100, 30, 200, label="Name"), "send": at("button", "Send", 100, 300)})
    toy.windows = (PerceivedWindow(Box(0, 0, 600, 500), "Notes"), PerceivedWindow(Box(300, 50, 1200, 700), "Shop"))

    def come(t: Toy) -> None:
        t.hide("send")
        t.show(x=at("icon", "", 1100, 60, 20, 20, icons=("close",)))

    toy.late = {2: come}
    assert follow(toy, "Click Name, click Send")[0].status == "failure"
    assert acts(toy.log) == ["click name"]


def test_the_control_that_closes_a_window_which_was_there_is_no_dialogs() -> None:
    send = at("button", "Send", 100, 300)
    toy = Toy({"name": at("field", "", 100, 30, 200, label="Name"), "send": send})
    controls = {name: at("icon", "", 1140 + 30 * i, 60, 12, 12, icons=(name,)) for i, name in enumerate(CONTROLS)}
    toy.late = {2: lambda t: (t.hide("send"), t.show(**controls))[0]}
    assert follow(toy, "Click Name, click Send")[0].status == "failure"
    assert acts(toy.log) == ["click name"]


@pytest.mark.parametrize("seen", [(PerceivedWindow(Box(0, 0, 600, 200), "Notes"),), ()])
def test_a_window_of_which_more_is_seen_is_not_a_new_one(seen: tuple[PerceivedWindow, ...]) -> None:
    toy = Toy({"name": at("field", "", 100, 30, 200, label="Name"), "send": at("button", "Send", 100, 300)})
    toy.elements["title"] = at("button", "Notes", 0, 0, 590)
    toy.windows = seen

    def raised(t: Toy) -> None:
        t.hide("send")
        t.windows = (PerceivedWindow(Box(0, 0, 600, 500), "Notes"),)
        t.show(**{name: at("icon", "", 500 + 30 * i, 4, 12, 12, icons=(name,)) for i, name in enumerate(CONTROLS)})

    toy.late = {2: raised}
    assert follow(toy, "Click Name, click Send")[0].status == "failure"
    assert acts(toy.log) == ["click name"]


def test_a_condition_that_stays_true_fires_once() -> None:
    toy = Toy(
        {
            "words": at("text", "We use cookies", 300, 300),
            "later": at("button", "Later", 300, 400),
            "send": at("button", "Send", 100, 600),
        }
    )
    toy.react = {
        "later": shows(note=at("text", "Noted", 600, 300)),
        "send": shows(done=at("text", "Thank you", 600, 500)),
    }
    end, thoughts = follow(toy, 'If "cookies" shows up, click Later. Click Send')
    assert end.status == "success", thoughts
    assert acts(toy.log) == ["click later", "click send"]


# ------------------------------------------------------------------------------------------- keypads and file dialogs


def keypad(**more: Element) -> Toy:
    keys = {f"k{d}": at("button", str(d), 50 * ((d - 1) % 3), 400 - 50 * ((d - 1) // 3), 40, 40) for d in range(1, 10)}
    return Toy(keys | {"out": at("field", "0", 0, 100, 200)} | more)


def test_a_digit_that_the_display_does_not_show_is_clicked_again() -> None:
    toy = keypad()
    toy.react = {
        "k7": in_turn(shows(tip=at("text", "seven", 400, 300)), changes("out", text="7")),
        "k8": changes("out", text="78"),
    }
    assert follow(toy, "Click 7, click 8", paint=True)[0].status == "success"
    assert acts(toy.log) == ["click k7", "click k7", "click k8"]


def test_the_first_digit_of_a_number_may_be_the_one_that_the_display_shows() -> None:
    toy = keypad(times=at("button", "*", 200, 300, 40, 40))
    toy.react = {
        "k7": in_turn(changes("out", text="7"), shows(tip=at("text", "seven", 400, 300)), changes("out", text="77")),
        "times": shows(lit=at("text", "times", 400, 200)),
    }
    end, thoughts = follow(toy, "Click 7, then *, then 7, then 7", paint=True)
    assert end.status == "success", thoughts
    assert acts(toy.log) == ["click k7", "click times", "click k7", "click k7"]


def file_dialog() -> Toy:
    toy = Toy({"save": at("button", "Save file", 10, 10)})
    dialog = {
        "name": at("field", "", 300, 300, 300, label="Name"),
        "ok": at("button", "Save", 500, 400),
        "no": at("button", "Cancel", 300, 400),
    }
    toy.react = {"save": shows(**dialog)}
    return toy


@pytest.mark.parametrize("task", ["press Enter", 'click "Save"'])
def test_a_file_dialog_must_close(task: str) -> None:
    task = f'Click Save file, type "a.txt" into Name, {task}'
    toy = file_dialog()
    toy.keys["enter"] = toy.react["ok"] = hides("name", "ok", "no")
    assert follow(toy, task)[0].status == "success"
    toy = file_dialog()
    toy.keys["enter"] = toy.react["ok"] = shows(tip=at("text", "a.txt", 900, 20))
    end, _ = follow(toy, task)
    assert end.status == "failure"
    assert "the file dialog is still open" in end.message


def test_a_file_dialog_may_close_late() -> None:
    def enter(toy: Toy) -> None:
        toy.show(busy=at("text", "Saving a.txt", 900, 20))
        toy.late[toy.looks + 3] = hides("name", "ok", "no")

    toy = file_dialog()
    toy.keys["enter"] = enter
    end, thoughts = follow(toy, 'Click Save file, type "a.txt" into Name, press Enter')
    assert end.status == "success", thoughts


def test_a_file_dialog_that_opens_late_is_no_success() -> None:
    toy = file_dialog()
    toy.keys = {"ctrl+s": shows(busy=at("text", "Working", 900, 20))}
    toy.late = {3: toy.react["save"]}
    end, _ = follow(toy, "Press Ctrl+S")
    assert end.status == "failure"
    assert "file dialog" in end.message


# ------------------------------------------------------------------------------------------- scrolling, phones, dry run


def test_a_scroll_that_leaves_nothing_of_what_was_seen_goes_back() -> None:
    toy = Toy({"row": at("text", "Row zero", 10, 10)})
    toy.keys["scroll"] = in_turn(
        shows(row=at("text", "Entry ten", 10, 10)),
        shows(row=at("text", "Row zero", 10, 10)),
        shows(row=at("text", "Row zero", 10, 10), terms=at("link", "Terms of use", 10, 90)),
    )
    end, thoughts = follow(toy, "Scroll down until Terms of use appears", paint=True)
    assert end.status == "success", thoughts
    assert any("too far" in thought for thought in thoughts)
    assert toy.log == ["scroll"] * 3


@pytest.mark.parametrize(("phone", "log"), [(True, ["button"]), (False, ["key alt+left"])])
def test_back_is_a_system_button_on_a_phone_and_a_key_elsewhere(phone: bool, log: list[str]) -> None:
    toy = Toy({"a": at("text", "Settings", 10, 100)})
    follow(toy, "Go back", phone=phone)
    assert acts(toy.log) == log


def test_a_program_whose_window_is_open_is_not_started_again() -> None:
    toy = Toy({"bar": at("bar", "Calculator", 100, 100, 400), "icon": at("icon", "Calculator", 900, 700, 40, 40)})
    assert follow(toy, "Open the Calculator app")[0].status == "success"
    assert acts(toy.log) == []


def test_a_dry_run_names_the_instructions_whose_target_is_on_a_later_screen() -> None:
    toy = Toy({"a": at("button", "Alpha", 10, 10)})
    end, thoughts = follow(toy, "Click Alpha, click Quux", performed=False)
    assert "1 of 2 instructions can be begun" in end.message
    assert "Quux" in end.message
    assert len(thoughts) == 2


# ------------------------------------------------------------------------------------------- sliders


class SliderToy(Toy):
    """A horizontal slider of 0 to 100 at x 100 to 500, drawn with its thumb; `stuck` keeps the thumb in place."""

    def __init__(self, *, stuck: bool = False, number: bool = False) -> None:
        super().__init__({"volume": at("slider", "", 100, 100, 400, 20, label="Volume")})
        self.part, self.stuck, self.number = 0.2, stuck, number

    def do(self, action: AnyAction) -> None:
        if isinstance(action, Drag) and not self.stuck:
            self.part = min(max((action.path[-1].x - 100) / 400, 0.0), 1.0)
        if isinstance(action, Key) and self.number:
            self.part += 0.01 * sum({"right": 1, "left": -1}.get(chord, 0) for chord in action.chords)
        super().do(action)

    def observation(self) -> PerceivedObservation:
        if self.number:
            self.show(value=at("text", str(round(100 * self.part)), 290, 80, 24, 14))
        screen = self.screen()
        image = np.full((screen.height, screen.width, 3), 240, np.uint8)
        image[108:112, 100:500] = 120
        x = int(100 + 400 * self.part)
        image[100:120, max(100, x - 6) : min(500, x + 6)] = 40
        return PerceivedObservation(screen, image)


def slide(toy: SliderToy, task: str) -> Finish:
    follower = Follower(parse_instructions(task), rank)
    for _ in range(40):
        action, _ = follower.next(toy.observation())
        if isinstance(action, Finish):
            return action
        toy.do(action)
    raise AssertionError("never finished")


@pytest.mark.parametrize(("task", "part"), [("Drag the Volume slider to 70%", 0.7), ("Set Volume to 80", 0.8)])
@pytest.mark.parametrize("number", [False, True])
def test_a_slider_is_dragged_to_its_place(task: str, part: float, number: bool) -> None:
    toy = SliderToy(number=number)
    assert slide(toy, task).status == "success"
    assert toy.part == pytest.approx(part, abs=0.006 if number else 0.04)


def test_a_slider_that_does_not_move_is_a_failure() -> None:
    toy = SliderToy(stuck=True)
    end = slide(toy, "Drag the Volume slider to 70%")
    assert end.status == "failure"
    assert "did not go to 70" in end.message
