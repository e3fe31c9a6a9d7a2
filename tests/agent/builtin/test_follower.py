"""The follower on a toy interface: what it does, what it checks, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest

from actions.frame import Box
from agent.builtin.screen_diff import PerceivedObservation, changed_elsewhere, changed_within, window_appeared
from agent.perception.elements import Element, PerceivedScreen, PerceivedWindow, Role
from tests.agent.builtin.toy import Toy, acts, at, follow, hides, shows


def save_dialog() -> Toy:
    toy = Toy(
        {
            "file": at("menu", "File", 10, 30, 40),
            "edit": at("menu", "Edit", 60, 30, 40),
            "area": at("field", "", 0, 60, 1280, 700),
        }
    )
    toy.react = {
        "file": shows(save=at("menuitem", "Save", 10, 60), save_as=at("menuitem", "Save As...", 10, 90)),
        "save_as": lambda t: (
            t.hide("save", "save_as"),
            t.show(name=at("field", "", 400, 300, 300, label="Name"), ok=at("button", "Save", 600, 400)),
            setattr(t, "focus", "name"),
        )[0],
    }
    toy.keys = {"enter": hides("name", "ok")}
    return toy


def test_the_issues_own_example() -> None:
    toy = save_dialog()
    end, thoughts = follow(toy, "Open the File menu, click Save As…, type notes.txt and press Enter")
    assert end.status == "success", thoughts
    assert acts(toy.log) == ["click file", "click save_as", "type notes.txt", "key enter"]
    assert all("Step" in t for t in thoughts[:-1])
    assert "File" in thoughts[0]


def test_a_menu_that_is_open_is_not_clicked_again() -> None:
    toy = save_dialog()
    toy.click("file")
    assert follow(toy, "Open the File menu and click Save As...")[0].status == "success"
    assert acts(toy.log) == ["click save_as"]


def test_the_next_candidate_is_tried_when_nothing_changed() -> None:
    toy = Toy({"dead": at("text", "Continue", 10, 100), "live": at("text", "Continue", 10, 300)})
    toy.react = {"live": shows(done=at("text", "Welcome", 10, 400))}
    end, thoughts = follow(toy, "Click Continue")
    assert end.status == "success", thoughts
    assert acts(toy.log) == ["click dead", "click live"]


def test_a_target_that_appears_late_is_waited_for() -> None:
    toy = Toy({"title": at("text", "Loading", 10, 10)})
    toy.late = {4: shows(go=at("button", "Go on", 10, 100))}
    toy.react = {"go": shows(done=at("text", "Thanks", 10, 200))}
    end, _ = follow(toy, "Click Go on")
    assert end.status == "success"
    assert acts(toy.log) == ["click go"]


def test_a_target_that_never_appears_is_a_failure_with_a_reason() -> None:
    toy = Toy({"send": at("button", "Frobnicator settings", 10, 10)})
    end, _ = follow(toy, 'Click "Quux"')
    assert end.status == "failure"
    assert "Quux" in end.message
    assert "instruction 1 of 1" in end.message
    assert "Frobnicator" in end.message
    assert acts(toy.log) == []


def test_a_last_click_without_any_effect_is_no_success() -> None:
    toy = Toy({"dead": at("button", "Continue", 10, 100)})
    end, _ = follow(toy, "Click Continue")
    assert end.status == "failure"
    assert "nothing" in end.message


@pytest.mark.parametrize(
    ("word", "checked", "clicks"),
    [("Check", True, 0), ("Check", False, 1), ("Uncheck", True, 1), ("Uncheck", False, 0), ("Toggle", True, 1)],
)
def test_a_box_is_only_clicked_when_it_must_be(word: str, checked: bool, clicks: int) -> None:
    toy = Toy({"news": at("checkbox", "", 10, 10, 16, 16, label="Newsletter", checked=checked)})
    end, _ = follow(toy, f"{word} Newsletter")
    assert end.status == "success"
    assert acts(toy.log) == ["click news"] * clicks
    assert toy.elements["news"].checked is {"Check": True, "Uncheck": False, "Toggle": not checked}[word]


def test_a_field_is_clicked_typed_into_and_read_back() -> None:
    toy = Toy(
        {"name": at("field", "", 100, 10, 200, label="Name"), "city": at("field", "Rome", 100, 60, 200, label="City")}
    )
    end, thoughts = follow(toy, 'Type "Ada Lovelace" into the Name field and set City to "Paris"')
    assert end.status == "success", thoughts
    assert (toy.elements["name"].text, toy.elements["city"].text) == ("Ada Lovelace", "Paris")


def test_text_that_does_not_arrive_is_a_failure() -> None:
    toy = Toy({"name": at("field", "", 100, 10, 200, label="Name")}, modal={"nothing"})
    end, _ = follow(toy, 'Type "Ada Lovelace" into the Name field, then press Enter')
    assert end.status == "failure"
    assert "Name" in end.message


def test_without_a_target_the_focus_gets_the_text() -> None:
    toy = Toy({"area": at("field", "", 0, 60, 1280, 700)}, focus="area")
    assert follow(toy, "Type “hello, and then goodbye”")[0].status == "success"
    assert toy.log == ["type hello, and then goodbye"]


def test_without_focus_the_largest_field_is_clicked_and_the_text_typed_again() -> None:
    toy = Toy({"small": at("field", "", 0, 10, 100), "area": at("field", "", 0, 60, 1280, 700)})
    assert follow(toy, "Type “hello”")[0].status == "success"
    assert toy.elements["area"].text == "hello"


def drop_down() -> Toy:
    toy = Toy(
        {"size": at("select", "Small", 100, 10, label="Size"), "colour": at("select", "Red", 100, 60, label="Colour")}
    )

    def choose(key: str, value: str, *options: str) -> None:
        toy.show(**{key: at("select", value, 100, 60 if key == "colour" else 10, label=key.title())})
        toy.hide(*options)

    toy.react = {
        "colour": shows(red=at("menuitem", "Red ", 100, 90), blue=at("menuitem", "Blue", 100, 114)),
        "size": shows(large=at("menuitem", "Large", 100, 40)),
        "blue": lambda t: choose("colour", "Blue", "red", "blue"),
        "large": lambda t: choose("size", "Large", "large"),
    }
    toy.keys = {"escape": hides("red", "blue", "large")}
    return toy


@pytest.mark.parametrize(
    "task",
    [
        "Select Blue in the Colour list",
        "Set Colour to Blue",
        "Choose Blue as the Colour",
        "Pick Blue from the Colour drop-down",
    ],
)
def test_an_option_is_chosen_and_seen(task: str) -> None:
    toy = drop_down()
    end, thoughts = follow(toy, task)
    assert end.status == "success", thoughts
    assert acts(toy.log) == ["click colour", "click blue"]
    assert toy.elements["colour"].text == "Blue"


def test_an_option_without_a_list_is_looked_for_in_each() -> None:
    toy = drop_down()
    assert follow(toy, "Choose Blue from the drop-down")[0].status == "success"
    assert toy.elements["colour"].text == "Blue"


def test_an_option_already_chosen_is_left_alone() -> None:
    toy = drop_down()
    assert follow(toy, "Set Size to Small")[0].status == "success"
    assert acts(toy.log) == []


# ------------------------------------------------------------------------------------------- dialogs


def with_dialog(text: str, *buttons: str, after: int = 2) -> Toy:
    """A form whose Send button a modal dialog covers from look number `after`."""
    toy = Toy({"name": at("field", "", 100, 10, 200, label="Name"), "send": at("button", "Send", 100, 300)})
    keys = {f"b{i}": at("button", words, 100 + 110 * i, 300) for i, words in enumerate(buttons)}

    def come(t: Toy) -> None:
        t.hide("send")
        t.show(words=at("text", text, 100, 250, 400), **keys)
        t.modal = {"words", *keys}

    def go(t: Toy) -> None:
        t.hide("words", *keys)
        t.modal = set()
        t.show(send=at("button", "Send", 100, 300))

    toy.late = {after: come}
    toy.react = dict.fromkeys(keys, go) | {"send": shows(thanks=at("text", "Thank you", 100, 500))}
    return toy


def test_a_harmless_dialog_nobody_spoke_of_is_closed_once_and_said() -> None:
    toy = with_dialog("Backup finished", "OK")
    end, thoughts = follow(toy, 'Click "Name", click "Send"')
    assert end.status == "success", thoughts
    assert acts(toy.log)[-2:] == ["click b0", "click send"]
    assert "backup" in end.message.lower()


def test_of_two_answers_the_harmless_one_is_given() -> None:
    toy = with_dialog("Install updates", "OK", "Not now")
    assert follow(toy, 'Click "Name", click "Send"')[0].status == "success"
    assert "click b1" in toy.log


@pytest.mark.parametrize("buttons", [("Delete",), ("Replace", "OK"), ("OK",)])
def test_a_risky_dialog_is_never_answered_unasked(buttons: tuple[str, ...]) -> None:
    toy = with_dialog("Delete all files?", *buttons)
    end, _ = follow(toy, 'Click "Name", click "Send"')
    assert end.status == "failure"
    assert not any(line.startswith("click b") for line in toy.log)


@pytest.mark.parametrize(
    ("task", "button"),
    [
        ('If a dialog appears, click "Stay signed in". Type Bob into the Name field and click Send', "b0"),
        ("Type Bob into the Name field, click Send. If a pop-up appears, press Log out", "b1"),
        ('Type Bob into the Name field and click Send; if "session" shows up, click Log out', "b1"),
    ],
)
def test_a_condition_stays_armed(task: str, button: str) -> None:
    toy = with_dialog("Your session ends soon", "Stay signed in", "Log out", after=3)
    end, thoughts = follow(toy, task)
    assert end.status == "success", thoughts
    assert acts(toy.log).count(f"click {button}") == 1
    assert toy.elements["name"].text == "Bob"
    assert acts(toy.log)[-1] == "click send"


@pytest.mark.parametrize(
    "task",
    [
        "Click Name, dismiss the dialog that appears, then click Send",
        "Click Name, close the dialog if it appears, and click Send",
    ],
)
def test_a_dialog_is_dismissed_when_told(task: str) -> None:
    toy = with_dialog("Tip of the day", "Close", after=3)
    end, thoughts = follow(toy, task)
    assert end.status == "success", thoughts
    assert acts(toy.log)[-2:] == ["click b0", "click send"]


def test_an_optional_dialog_may_stay_away_and_a_promised_one_may_not() -> None:
    toy = with_dialog("never", "OK", after=999)
    assert follow(toy, "Close the dialog if it appears, and click Send")[0].status == "success"
    toy = with_dialog("never", "OK", after=999)
    assert follow(toy, "Dismiss the dialog that appears, then click Send")[0].status == "failure"


def test_a_condition_that_never_comes_does_not_matter() -> None:
    toy = with_dialog("never", "OK", after=999)
    assert follow(toy, "If a dialog appears, press OK. Click Send")[0].status == "success"


# ------------------------------------------------------------------------------------------- time, place, reading


def test_waiting_for_something_to_come_and_to_go() -> None:
    toy = Toy({"busy": at("text", "Loading data", 10, 10)})
    toy.late = {5: lambda t: (t.hide("busy"), t.show(done=at("text", "Done", 10, 40)))[0]}
    assert follow(toy, "Wait until Loading data disappears, then wait for Done to appear")[0].status == "success"
    assert toy.log == ["wait"] * 4
    assert follow(Toy({}), "Wait for Done")[0].status == "failure"


def test_scrolling_until_it_shows_or_ends() -> None:
    toy = Toy({"row": at("text", "Row 0", 10, 10)})
    toy.keys = {
        "scroll": lambda t: (
            t.show(row=at("text", f"Row {t.log.count('scroll')}", 10, 10))
            if t.log.count("scroll") < 4
            else t.show(terms=at("link", "Terms of use", 10, 90))
        )
    }
    assert follow(toy, "Scroll down until Terms of use appears")[0].status == "success"
    assert toy.log == ["scroll"] * 4
    end, _ = follow(Toy({"row": at("text", "Row", 10, 10)}), "Scroll down until Terms appears")
    assert end.status == "failure"
    assert "Terms" in end.message


def test_an_entry_with_and_in_it_is_one_entry_where_it_is_written() -> None:
    both = Toy(
        {"fr": at("menuitem", "Find and Replace", 10, 10)}, react={"fr": shows(x=at("text", "Search", 300, 300))}
    )
    assert follow(both, "Click Find and Replace")[0].status == "success"
    assert acts(both.log) == ["click fr"]
    two = Toy({"f": at("button", "Find", 10, 10), "r": at("button", "Replace", 10, 60)})
    two.react = {"f": shows(a=at("text", "A", 300, 300)), "r": shows(b=at("text", "B", 300, 400))}
    assert follow(two, "Click Find and Replace")[0].status == "success"
    assert acts(two.log) == ["click f", "click r"]


def test_in_a_dry_run_nothing_is_waited_for() -> None:
    from actions.action import Click
    from agent.builtin.follower import Follower
    from agent.builtin.grammar.parse import parse_instructions
    from agent.builtin.screen_diff import PerceivedObservation
    from agent.perception.meaning.ranking import rank
    from tests.agent.builtin.toy import BLANK

    toy = Toy({"a": at("button", "Alpha", 10, 10), "b": at("button", "Beta", 10, 60)})
    follower = Follower(parse_instructions("Click Alpha, click Beta"), rank)
    turns = [follower.next(PerceivedObservation(toy.screen(), BLANK), performed=False)[0] for _ in range(3)]
    assert [type(t) for t in turns[:2]] == [Click, Click]
    assert turns[2].type == "finish"


# ------------------------------------------------------------------------------------------- which one is meant


def test_of_two_keys_that_read_the_same_the_one_in_its_place_is_pressed() -> None:
    keys = {f"k{d}": at("button", str(d), 50 * ((d - 1) % 3), 400 - 50 * ((d - 1) // 3), 40, 40) for d in range(1, 10)}
    toy = Toy(keys | {"slash": at("button", "1", 150, 300, 40, 40)})
    toy.react = {"k1": shows(out=at("text", "one", 0, 10)), "slash": shows(out=at("text", "divided", 0, 10))}
    end, thoughts = follow(toy, "Click 1")
    assert end.status == "success", thoughts
    assert acts(toy.log) == ["click k1"]


def test_two_keys_that_read_the_same_and_stand_anywhere_are_not_pressed() -> None:
    toy = Toy({"a": at("button", "1", 10, 10, 40, 40), "b": at("button", "1", 10, 300, 40, 40)})
    assert follow(toy, "Click 1")[0].status == "failure"
    assert acts(toy.log) == []


@pytest.mark.parametrize(
    ("said", "drawn"), [("×", "*"), ("÷", "/"), ("−", "-"), ("multiply", "×"), ("the minus sign", "-")]
)
def test_a_sign_has_many_names(said: str, drawn: str) -> None:
    toy = Toy({"key": at("button", drawn, 10, 100, 40, 40)}, react={"key": shows(out=at("text", "done", 0, 10))})
    assert follow(toy, f"Click {said}")[0].status == "success"
    assert acts(toy.log) == ["click key"]


def test_an_exact_word_beats_what_only_means_it() -> None:
    toy = Toy(
        {"more": at("icon", "", 1000, 10, 20, 20, icons=("more", "options")), "x": at("text", "Express", 10, 300)}
    )
    toy.react = {"x": shows(out=at("text", "Chosen", 300, 300))}
    assert follow(toy, "Choose the Express option")[0].status == "success"
    assert acts(toy.log) == ["click x"]


def test_a_field_of_another_name_is_not_filled() -> None:
    toy = Toy({"last": at("field", "", 300, 40, 200, label="Last name"), "words": at("text", "First name", 10, 10)})
    follow(toy, "Type Ada into First name")
    assert toy.elements["last"].text == ""
    alone = Toy({"last": at("field", "", 300, 40, 200, label="Last name")})
    assert follow(alone, "Type Ada into First name")[0].status == "failure"
    assert alone.elements["last"].text == ""


def test_item_1_is_not_item_12() -> None:
    toy = Toy({"one": at("text", "item 1", 10, 10)}, react={"one": shows(out=at("text", "opened", 300, 10))})
    assert follow(toy, 'Click "item 12"')[0].status == "failure"
    assert acts(toy.log) == []
    assert follow(toy, "Wait for item 12")[0].status == "failure"


# ------------------------------------------------------------------------------------------- what counts as an effect


def painted(*boxes: tuple[int, int, int, int], elements: tuple[Element, ...] = ()) -> PerceivedObservation:
    image = np.full((300, 400, 3), 240, np.uint8)
    for x1, y1, x2, y2 in boxes:
        image[y1:y2, x1:x2] = 90
    return PerceivedObservation(PerceivedScreen(400, 300, elements), image)


def test_a_button_that_lights_up_has_not_done_anything() -> None:
    plain, button = painted(), Box(100, 100, 180, 130)
    lit = painted((100, 100, 180, 130))
    assert changed_within(plain, lit, button)
    assert not changed_elsewhere(plain, lit, button)
    assert changed_elsewhere(plain, painted((100, 100, 180, 130), (10, 200, 90, 220)), button)


def test_a_field_that_loses_the_focus_is_no_effect_but_one_with_new_words_is() -> None:
    button, field = Box(100, 100, 180, 130), at("field", "Ada", 10, 10, 120, 24)
    rim = (10, 10, 130, 12)
    assert not changed_elsewhere(painted(elements=(field,)), painted(rim, elements=(field,)), button)
    other = at("field", "Bob", 10, 10, 120, 24)
    assert changed_elsewhere(painted(elements=(field,)), painted(rim, elements=(other,)), button)


def test_a_window_differs_from_every_earlier_look() -> None:
    menu, window = (0, 20, 160, 120), (40, 60, 300, 200)
    assert window_appeared([painted(), painted(menu)], painted(window))
    assert not window_appeared([painted(), painted(menu)], painted())
    assert not window_appeared([painted()], painted((10, 10, 40, 20)))


def test_text_that_ends_in_a_new_line_ends_in_enter() -> None:
    toy = Toy({"area": at("field", "", 0, 60, 1280, 700)}, focus="area")
    assert follow(toy, 'Type "notes.txt\n"')[0].status == "success"
    assert acts(toy.log) == ["type notes.txt", "key enter"]


def test_a_program_that_complains_is_no_success() -> None:
    toy = Toy({"send": at("button", "Send", 10, 100)})
    toy.react = {"send": shows(out=at("text", "Please fill out this field", 200, 200, 200))}
    end, _ = follow(toy, "Click Send")
    assert end.status == "failure"
    assert "Please fill out" in end.message


@pytest.mark.parametrize("role", ["field", "button"])
def test_what_opens_a_list_is_a_list_whatever_it_was_taken_for(role: Role) -> None:
    toy = Toy({"size": at(role, "Small V", 100, 10, label="Size")})
    toy.react = {
        "size": shows(m=at("menuitem", "Medium", 100, 40), large=at("menuitem", "Large", 100, 64)),
        "m": lambda t: (t.hide("m", "large"), t.show(size=at(role, "Medium V", 100, 10, label="Size")))[0],
    }
    end, thoughts = follow(toy, "Set Size to Medium")
    assert end.status == "success", thoughts
    assert acts(toy.log) == ["click size", "click m"]


ORDER = {
    "name": at("field", "", 100, 10, 200, label="Name"),
    "size": at("select", "Small", 100, 60, label="Size"),
    "order": at("button", "Place order", 100, 300),
}


def order_form(**more: Element) -> Toy:
    toy = Toy(ORDER | more)
    options = {"large": at("menuitem", "Large", 100, 90)}
    toy.react = {
        "size": shows(**options),
        "large": lambda t: (t.hide("large"), t.show(size=at("select", "Large", 100, 60, label="Size")))[0],
        "order": shows(thanks=at("text", "Thank you", 10, 400)),
    }
    return toy


def test_an_act_is_the_control_that_says_so() -> None:
    toy = order_form(cancel=at("button", "Cancel", 300, 300))
    end, thoughts = follow(toy, "Choose Large and place the order")
    assert end.status == "success", thoughts
    assert acts(toy.log) == ["click size", "click large", "click order"]


@pytest.mark.parametrize("act", ["cancel the order", "finish the purchase", "sort the orders by size"])
def test_an_act_that_no_control_says_is_refused_before_anything_is_done(act: str) -> None:
    toy = order_form()
    end, _ = follow(toy, f"Set Name to Bob, choose Large and {act}")
    assert end.status == "failure"
    assert "needs planning" in end.message
    assert act in end.message
    assert acts(toy.log) == []


def test_two_controls_that_say_the_same_are_none() -> None:
    toy = order_form(again=at("button", "Place order", 500, 300))
    assert follow(toy, "Place the order")[0].status == "failure"
    assert acts(toy.log) == []


@pytest.mark.parametrize("words", ["Buy", "Send off", "Weiter"])
def test_a_form_is_submitted_by_the_only_button_below_it(words: str) -> None:
    toy = order_form(order=at("button", words, 100, 300), cancel=at("button", "Cancel", 300, 300))
    assert follow(toy, "Submit the form")[0].status == "success"
    assert acts(toy.log) == ["click order"]


def test_a_form_with_two_such_buttons_is_not_submitted() -> None:
    toy = order_form(order=at("button", "Buy", 100, 300), rent=at("button", "Rent", 300, 300))
    assert follow(toy, "Submit the form")[0].status == "failure"
    assert acts(toy.log) == []


@pytest.mark.parametrize("name", ["document", "editor", "main text area", "text editor", "page"])
def test_the_text_area_is_named_by_what_it_is(name: str) -> None:
    toy = Toy({"menu": at("menu", "Document", 10, 10), "area": at("field", "", 0, 60, 1280, 700)})
    assert follow(toy, f'Click into the {name} and type "Hello"')[0].status == "success"
    assert toy.elements["area"].text == "Hello"


def test_the_big_field_is_the_largest() -> None:
    toy = order_form(message=at("field", "", 100, 120, 400, 90))
    assert follow(toy, 'Type "Ring twice" into the big text box')[0].status == "success"
    assert toy.elements["message"].text == "Ring twice"


def test_an_empty_place_touches_nothing() -> None:
    toy = Toy({"a": at("icon", "", 10, 100, 60, 60), "b": at("text", "b.txt", 600, 700)})
    toy.react = {"-": shows(paste=at("menuitem", "Paste", 700, 300))}
    end, thoughts = follow(toy, "Right-click an empty place")
    assert "click -" in toy.log, (end, thoughts)


def test_a_name_is_not_typed_into_a_document_where_no_dialog_asks_for_it() -> None:
    toy = Toy({"area": at("field", "text", 0, 60, 1280, 700)}, focus="area")
    end, _ = follow(toy, "Save it as a.txt")
    assert end.status == "failure"
    assert "no dialog of files" in end.message
    assert toy.elements["area"].text == "text"


@pytest.mark.parametrize("works", ["ctrl+t", "ctrl+n"])
def test_a_tab_is_opened_by_the_keys_that_open_one(works: str) -> None:
    size = (1280, 700) if works == "ctrl+n" else (300, 24)  # an editor; another program
    toy = Toy({"area": at("field", "one", 0, 60, *size)}, focus="area")
    toy.keys = {works: shows(tab=at("tab", "Untitled", 200, 30))}
    end, thoughts = follow(toy, 'Open a new tab and type "two" in it')
    assert end.status == "success", thoughts
    assert acts(toy.log)[-1] == "type two"


def test_a_field_that_keeps_its_text_is_not_empty() -> None:
    toy = Toy({"city": at("field", "Rome", 100, 10, 200, label="City")}, selects=False)
    end, _ = follow(toy, "Clear the City field")
    assert end.status == "failure"
    assert "still has text" in end.message


def test_now_is_politeness_where_no_name_has_it() -> None:
    toy = order_form(title=at("text", "Order", 10, 400), order=at("button", "Order now", 100, 300))
    assert follow(toy, "Click on Order now.")[0].status == "success"
    assert acts(toy.log) == ["click order"]
    toy = order_form(order=at("button", "Order", 100, 300))
    assert follow(toy, "Click on Order now.")[0].status == "success"


def test_a_name_is_typed_over_the_one_that_is_there() -> None:
    toy = Toy({"name": at("field", "a.txt", 100, 10, 300)}, focus="name")
    toy.keys = {"enter": lambda t: t.show(file=at("text", t.elements["name"].text, 10, 300))}
    end, thoughts = follow(toy, "Name it letter.txt")
    assert end.status == "success", thoughts
    assert toy.elements["file"].text == "letter.txt"


def test_a_name_that_goes_nowhere_is_a_failure() -> None:
    toy = Toy({"icon": at("icon", "", 100, 10, 60, 60)})
    toy.keys = {"enter": shows(window=at("text", "Inner", 10, 300))}
    end, _ = follow(toy, "Call it Holiday")
    assert end.status == "failure"
    assert "“Holiday”" in end.message


@pytest.mark.parametrize("words", ["Choose Express delivery", "Choose delivery Express"])
def test_an_option_is_chosen_in_the_group_that_it_is_named_with(words: str) -> None:
    toy = Toy(
        {
            "heading": at("text", "Delivery", 10, 10),
            "standard": at("radio", "Standard", 10, 40, checked=True),
            "express": at("radio", "Express", 150, 40, checked=False),
        }
    )
    toy.react = {"express": lambda t: t.show(express=at("radio", "Express", 150, 40, checked=True))}
    end, thoughts = follow(toy, words)
    assert end.status == "success", thoughts
    assert acts(toy.log) == ["click express"]


def test_an_option_is_not_the_text_that_leaves_its_name_out() -> None:
    toy = Toy({"heading": at("text", "Size E", 10, 10)})
    end, _ = follow(toy, "Choose the size Large")
    assert end.status == "failure"
    assert acts(toy.log) == []


def test_a_number_is_not_typed_behind_the_one_that_two_clicks_should_select() -> None:
    toy = Toy({"n": at("field", "1", 100, 10, 200, label="Quantity")}, selects=False)
    toy.react = {"n": lambda t: setattr(t, "focus", "n")}
    end, _ = follow(toy, 'Double-click the Quantity field, type "25"')
    assert end.status == "failure"
    assert "“125”" in end.message


@pytest.mark.parametrize("sign", ["~$", "user@box:~/work$ ls"])
def test_a_command_is_run_where_a_terminal_is_open(sign: str) -> None:
    toy = Toy({"shell": at("field", sign, 0, 20, 800, 400)}, focus="shell")
    toy.keys = {"enter": shows(prompt=at("text", "done", 10, 500))}
    end, thoughts = follow(toy, "Run mkdir photos")
    assert end.status == "success", thoughts
    assert acts(toy.log) == ["type mkdir photos", "key enter"]


def test_a_program_is_opened_where_none_is() -> None:
    toy = Toy({"a": at("text", "Home", 0, 20)})
    follow(toy, "Run gnome calculator")
    assert "open" in toy.log


def test_a_dialog_is_confirmed_by_enter_where_its_button_cannot_be_read() -> None:
    toy = Toy({"menu": at("menuitem", "New folder", 10, 10)})
    fields = {"name": at("field", "New", 300, 300, 300), "cancel": at("button", "Cancel", 300, 350)}
    toy.react = {"menu": lambda t: (t.show(**fields), setattr(t, "focus", "name"))[0]}
    toy.keys = {
        "enter": lambda t: (
            t.hide("name", "cancel"),
            t.show(made=at("text", t.elements.get("name", fields["name"]).text, 10, 500)),
        )[0]
    }
    end, thoughts = follow(toy, "Click New folder, call it Bills and press OK")
    assert end.status == "success", thoughts
    assert acts(toy.log)[-1] == "key enter"


def test_what_is_left_in_an_emptied_field_is_seen_though_it_cannot_be_read() -> None:
    toy = Toy({"n": at("field", "1", 100, 10, 200, label="Quantity")}, selects=False)
    mark = at("icon", "", 104, 12, 8, 14)
    toy.react = {"n": lambda t: (t.hide("n"), t.show(mark=mark))[0]}
    end, _ = follow(toy, "Clear the Quantity field")
    assert end.status == "failure"
    assert "still has text" in end.message


@pytest.mark.parametrize("task", ["Set the Quantity to 5", "Change the Quantity to 5", "Replace the Quantity with “5”"])
def test_a_number_that_is_drawn_and_not_read_is_replaced_too(task: str) -> None:
    toy = Toy({"n": at("field", "1", 100, 10, 200, label="Quantity")}, unread=2)
    end, thoughts = follow(toy, task, paint=True)
    assert end.status == "success", thoughts
    assert toy.elements["n"].text == "5"


@pytest.mark.parametrize(
    ("said", "clicked"),
    [
        ("the title bar “Notes - Editor”", "click editor"),
        ("the Editor window", "click editor"),
        ("the title bar of the terminal window", "click terminal"),
        ("the Files window", ""),
        ("the window of the host", ""),
    ],
)
def test_a_window_is_clicked_by_its_title_bar_though_the_title_says_more(said: str, clicked: str) -> None:
    bars = {
        "editor": at("bar", "Notes - Editor (host)", 0, 0, 600),
        "terminal": at("bar", "Terminal (host)", 0, 400, 600),
    }
    toy = Toy(bars, react={key: shows(caret=at("icon", "", 300, 300, 2, 14)) for key in bars})
    end, thoughts = follow(toy, f"Click {said}")
    assert (end.status == "success") is bool(clicked), thoughts
    assert acts(toy.log) == [clicked] * bool(clicked)


def sheet() -> dict[str, Element]:
    columns = {f"c{n}": at("button", name, 60 + 80 * n, 60, 80, 20) for n, name in enumerate("ABC")}
    rows = {f"r{n}": at("button", str(n), 0, 60 + 20 * n, 60, 20) for n in (1, 2, 3)}
    return {"name": at("field", "B2", 0, 20, 120), "price": at("text", "2", 300, 400), **columns, **rows}


@pytest.mark.parametrize(("cell", "place"), [("B2", "b2"), ("c3", "c3"), ("B7", "")])
def test_a_cell_is_where_its_column_and_its_row_meet(cell: str, place: str) -> None:
    """The box that names the cell in use is none."""
    cells = {"b2": at("bar", "", 140, 100, 80, 20), "c3": at("bar", "", 220, 120, 80, 20)}
    toy = Toy({**cells, **sheet()}, react={key: shows(caret=at("icon", "", 500, 300, 2, 14)) for key in cells})
    end, thoughts = follow(toy, f"Click cell {cell}")
    assert (end.status == "success") is bool(place), thoughts
    assert acts(toy.log) == ([f"click {place}"] if place else [])


def test_of_two_menus_that_read_the_same_the_front_windows_is_meant() -> None:
    bars = {"back": at("bar", "Book - Sheet", 0, 0, 600, 20), "front": at("bar", "Notes - Editor", 300, 300, 600, 20)}
    toy = Toy({**bars, "file": at("menu", "File", 0, 24, 40), "file2": at("menu", "File", 300, 324, 40)})
    toy.windows = (
        PerceivedWindow(Box(300, 300, 900, 700), "Notes - Editor"),
        PerceivedWindow(Box(0, 0, 600, 500), "Book"),
    )
    toy.react = {"file2": shows(save=at("menuitem", "Save", 300, 350))}
    end, thoughts = follow(toy, "Open the File menu")
    assert end.status == "success", thoughts
    assert acts(toy.log) == ["click file2"]
