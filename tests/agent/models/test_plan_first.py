"""A planner that writes a plan first and is asked again only where an item is on no row; scripted servers stand in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.action import Click, Key, Open, TypeText
from actions.frame import Box, Point
from agent.cli.options import read_model
from agent.core.errors import UserError
from agent.core.loop import Agent
from agent.core.policy import Allow
from agent.core.task import Ending, Limits, Task
from agent.episodes import EpisodeHeader, EpisodeWriter, read_episode
from agent.episodes.replay.simulate import simulate
from agent.models.dialects.dialect import Platform
from agent.models.opening import open_model
from agent.models.plan_items import asks, best_rows, completed, only_asks, read_item, read_plan, score, without_task
from agent.models.spec import PLANS_FIRST, TEXT_PLANNER_NAME, ModelSpec
from agent.perception.listing.rows import Row
from agent.views.formatting import answer_words
from agent.views.site.question import question_of
from envs.env import Env, Observation, UiElement
from tests.agent.models.test_text_planner import Server, Settings
from tests.agent.scripted_server import Seen


def row(name: str, role: str = "row", *state: str, value: str = "", number: int = 1) -> Row:
    return Row(Box(0, 0, 100, 50), role, name, value, state, number=number)


def run(
    script: Sequence[Any], folder: Path, task: str, env: Env | None = None, platform: Platform = "mobile"
) -> tuple[Any, Any, Any]:
    """The result of a run, its env, and the requests that the server has seen."""
    env, goal = env or Settings(), Task(task, Limits(steps=12))
    with Server(script) as server:
        model = open_model(ModelSpec(server.url, dialect=PLANS_FIRST), platform=platform, ability="decide")
        with EpisodeWriter.create(folder, EpisodeHeader.of(goal, model, env)) as writer:
            result = Agent(env, model, Allow(), writer).run(goal)
    return result, env, server.seen


def test_a_plan_whose_elements_are_there_takes_one_answer(tmp_path: Path) -> None:
    plan = 'open Settings\ntype "Ann" into "Name"\nturn on "Bluetooth"\nturn on "Airplane mode"'
    result, env, seen = run([plan], tmp_path / "e", "Turn on airplane mode and Bluetooth, and put in the name Ann")
    assert result.ending is Ending.DONE
    assert env.on == [False, True, True]
    assert env.text == "Ann"
    assert isinstance(env.done[0], Open)
    assert sum(isinstance(action, Click) for action in env.done) == 2, "what is on already is not tapped"
    assert len(seen) == 1
    steps = read_episode(tmp_path / "e").steps
    assert [step.delegated.instruction for step in steps if step.delegated and not step.part] == [
        "open Settings", 'type "Ann" into "Name"', 'turn on "Airplane mode"', "the plan is done",
    ]  # fmt: skip
    assert steps[0].delegated is not None
    assert steps[0].delegated.plan == tuple(plan.split("\n"))
    assert simulate(tmp_path / "e").ok
    record = tmp_path / "e" / "steps.jsonl"
    record.write_text(record.read_text().replace('"raw":"open Settings', '"raw":"open Clock'))
    assert not simulate(tmp_path / "e").ok


def test_what_no_row_has_is_chosen_and_a_switch_that_is_as_wanted_never_is(tmp_path: Path) -> None:
    script = ['open Settings\nturn on "Flight"', '{"on": "Airplane mode"}']
    result, env, seen = run(script, tmp_path / "e", "Turn on flight")
    assert result.ending is Ending.DONE
    assert env.on == [False, True, True]
    offered = seen[1].texts[-1]
    assert "Airplane mode" in offered
    assert "Bluetooth" not in offered, "it is on: turning it would turn it off"


def test_a_plan_that_leads_nowhere_is_made_anew_from_the_screen_and_then_given_up(tmp_path: Path) -> None:
    class Bare(Settings):
        def tree(self, frame: Any) -> tuple[UiElement, ...]:
            return super().tree(frame)[:3]

    script = ['tap "Moon"\ntap "Crater"', 'tap "Sun"', 'tap "Star"']
    result, env, seen = run(script, tmp_path / "e", "Go to the moon", Bare())
    assert result.ending is Ending.GAVE_UP
    assert 'tap "Star"' in result.message
    assert env.on == [False, False, True], "a switch is no way to something else"
    again = next(one.texts[-1] for one in seen if "cannot be done" in one.texts[-1])
    assert "Wi-Fi" in again


def test_a_question_is_answered_and_changes_nothing(tmp_path: Path) -> None:
    script = ['open Settings\ntap "Network"', '{"answer": "off"}']
    result, env, _ = run(script, tmp_path / "e", "Is Wi-Fi on? Answer with on or off.")
    assert result.ending is Ending.DONE
    assert result.answer == "off"
    assert env.on == [False, False, True]


def test_the_words_of_a_plan() -> None:
    plan = (
        '1. open Clock\n- tap "New alarm"\n\n* type "9:30" into "Time"\nturn off "Snooze"\nset it loud\ntell the time'
    )
    items = read_plan(plan)
    assert [(item.kind, item.target, item.text) for item in items] == [
        ("open", "Clock", ""), ("tap", "New alarm", ""), ("type", "Time", "9:30"), ("off", "Snooze", ""),
        ("other", "set it loud", ""), ("tell", "the time", ""),
    ]  # fmt: skip
    assert read_plan(" \n--\n") == ()
    assert only_asks("How long is it? Answer in minutes.")
    assert not only_asks("Write to Ann: how are you?" if asks("Write to Ann") else "Write to Ann.")


def test_what_the_task_says_to_turn_on_or_off_is_in_the_plan() -> None:
    plan = read_plan('open Settings\ntap "Bluetooth"\nturn on "Wi-Fi"')
    task = "Turn on Wi-Fi and Bluetooth, then switch the “9:30” alarm off."
    assert [(item.kind, item.target) for item in completed(plan, task)[3:]] == [("off", "9:30” alarm")]
    assert completed(plan, "Turn on Bluetooth.")[-1].target == "Bluetooth"
    assert completed(plan, "Turn on Wi-Fi. Write to Ann") == plan


@given(st.text(max_size=60))
def test_every_line_is_an_item_that_says_it_again(line: str) -> None:
    item = read_item(line)
    assert item.said == line
    assert read_item(item.said) == item


def test_which_row_is_meant() -> None:
    rows = [row("Display - Brightness, font"), row("Font size - Default"), row("Navigate up", "button")]
    assert best_rows("Font size", rows) == [rows[1]]
    assert best_rows("display", rows) == [rows[0]]
    assert best_rows("Ringtone", rows) == []
    assert score("ladder61.txt", row("ladder62.txt - 3 B")) < 0.75, "another number is another thing"
    assert best_rows("Delete", [row("Delete"), row("Delete", number=2)]) == [row("Delete"), row("Delete", number=2)]


def test_a_planner_alone_plans_first_and_each_step_is_an_option() -> None:
    assert read_model(planner="http://127.0.0.1:1").dialect == PLANS_FIRST
    assert read_model(planner="http://127.0.0.1:1", each_step=True).dialect == TEXT_PLANNER_NAME
    with pytest.raises(UserError, match="--each-step"):
        read_model(model="http://127.0.0.1:1", each_step=True)


def test_text_goes_into_the_field_that_is_left_and_not_into_a_search(tmp_path: Path) -> None:
    class Form(Settings):
        def tree(self, frame: Any) -> tuple[UiElement, ...]:
            names = ("Search notes", "Title", "Note")
            return tuple(
                UiElement(Box(40, 300 + 200 * at, 1000, 400 + 200 * at), "EditText", name, name, clickable=True)
                for at, name in enumerate(names)
            )

    script = ['type "Trip" into "Title"\ntype "By train" into "Text"', '{"on": "none"}']
    result, env, seen = run(script, tmp_path / "e", "Make a note", Form())
    assert result.ending is Ending.DONE
    typed = [(before.point.y, action.text) for before, action in zip(env.done, env.done[1:], strict=False)
             if isinstance(before, Click) and isinstance(action, TypeText)]  # fmt: skip
    assert typed == [(550, "Trip"), (750, "By train")]
    assert len(seen) == 2


def test_where_no_programs_are_known_the_plan_is_made_with_the_screen(tmp_path: Path) -> None:
    class Desktop(Settings):
        def app_names(self) -> tuple[str, ...]:
            return ()

    result, env, seen = run(['turn on "Wi-Fi"'], tmp_path / "e", "Turn on Wi-Fi", Desktop())
    assert result.ending is Ending.DONE
    assert env.on == [True, False, True]
    assert 'switch "Airplane mode" (off)' in seen[0].texts[-1]


@pytest.mark.parametrize("answer", ["--", '{"on": "Moon"}', "Wi-Fi", '{"on": "Airplane mo'])
def test_an_answer_that_cannot_be_used_is_no_refusal_and_no_end(tmp_path: Path, answer: str) -> None:
    script = [answer] if answer == "--" else ['open Settings\nturn on "Flight"', answer]
    result, env, _ = run(script, tmp_path / "e", "Turn on flight")
    assert result.ending is Ending.PARSE_ERROR
    assert env.on == [False, False, True]
    assert result.steps[-1].raw == answer


def test_a_fact_that_the_task_does_not_give_is_looked_up_before_the_task_is_planned(tmp_path: Path) -> None:
    script = [
        "find out the name of the network in the Settings", "open Settings\ntell the name", '{"answer": "Oak"}',
        'open Settings\ntype "Oak" into "Name"',
    ]  # fmt: skip
    result, env, seen = run(script, tmp_path / "e", "Put in the name of the network as your name")
    assert result.ending is Ending.DONE
    assert result.answer is None, "what was looked up is no answer to the user"
    assert env.text == "Oak"
    assert "Task: The name of the network in the Settings? Answer with it only." in seen[1].texts[-1]
    assert "(the name of the network in the Settings: Oak)" in seen[3].texts[-1]
    handed = [step.delegated for step in read_episode(tmp_path / "e").steps if step.delegated and step.delegated.plan]
    assert [(one.lookup, one.known) for one in handed] == [
        ("the name of the network in the Settings", ""), ("", "the name of the network in the Settings: Oak"),
    ]  # fmt: skip
    words = [answer_words(step) for step in read_episode(tmp_path / "e").steps]
    assert words[0] == "for the plan's “open Settings”, to find out the name of the network in the Settings"
    assert words[1].endswith(", knowing the name of the network in the Settings: Oak")
    asked = [question_of(read_episode(tmp_path / "e"), at).notes[0] for at in (0, 1)]
    assert "cannot be made again" in asked[0]
    assert simulate(tmp_path / "e").ok


def test_a_fact_that_is_nowhere_does_not_end_the_task(tmp_path: Path) -> None:
    def answer(seen: Seen) -> str:
        asked = seen.texts[-1]
        if "Task: Put in" in asked:
            return 'open Settings\nturn on "Wi-Fi"' if looked else "find out the code of the shop from the mail"
        looked.append(asked)
        return '{"answer": "not shown"}' if "Asked for" in asked else '{"on": "none"}' if "Step" in asked else "tell it"

    looked = list[str]()
    result, env, seen = run([answer], tmp_path / "e", "Put in the code")
    assert result.ending is Ending.DONE, result.message
    assert env.on[0]
    assert sum("Step:" not in text and "Asked for" not in text for text in looked) == 2, "plans of the lookup"
    assert "the code of the shop" not in seen[-1].texts[-1], "nothing is known of it"


def test_text_is_typed_although_the_click_on_its_field_changed_the_screen(tmp_path: Path) -> None:
    class Dimmed(Settings):
        def observe(self) -> Observation:
            seen = super().observe()
            if self.done and isinstance(self.done[-1], Click):
                seen.image[: seen.image.shape[0] // 2] = 90
            return seen

    script = ['open Settings\ntype "Ann" into "Name"\nturn on "Wi-Fi"']
    result, env, _ = run(script, tmp_path / "e", "Put in the name Ann and turn on Wi-Fi", Dimmed())
    assert result.ending is Ending.DONE
    assert env.text == "Ann"
    assert [type(action) for action in env.done] == [Open, Click, TypeText, Click]
    assert result.steps[1].dropped
    assert simulate(tmp_path / "e").ok


def test_a_list_that_drops_down_is_told_enter_also_where_its_click_changed_the_screen(tmp_path: Path) -> None:
    class Dropped(Settings):
        supported = Settings.supported | {"key"}

        def tree(self, frame: Any) -> tuple[UiElement, ...]:
            return (UiElement(Box(40, 1000, 1000, 1100), "Spinner", "Rome", "City", clickable=True),)

        def observe(self) -> Observation:
            seen = super().observe()
            if any(isinstance(action, Click) for action in self.done):
                seen.image[: seen.image.shape[0] // 2] = 90
            return seen

    script = ['open Settings\ntype "Oslo" into "City"']
    result, env, _ = run(script, tmp_path / "e", "Set the city", Dropped())
    assert result.ending is Ending.DONE, result.message
    assert env.done[1:] == [Click(point=Point(520, 1050)), TypeText(text="Oslo"), Key(chords=("enter",))]


def test_on_a_computer_text_is_typed_where_the_cursor_is_and_keys_are_pressed(tmp_path: Path) -> None:
    class Terminal(Settings):
        platform = "desktop"
        supported = frozenset({"click", "type", "key", "wait"})

        def app_names(self) -> tuple[str, ...]:
            return ()

    script = ['type "mkdir Trips"\npress Enter\npress Ctrl+Shift+End']
    result, env, seen = run(script, tmp_path / "e", "Make the folder Trips", Terminal(), "desktop")
    assert result.ending is Ending.DONE
    assert env.done == [TypeText(text="mkdir Trips"), Key(chords=("enter",)), Key(chords=("ctrl+shift+end",))]
    assert "press KEYS" in "".join(seen[0].texts)


@pytest.mark.parametrize(
    ("line", "kind", "target"),
    [
        ("press Ctrl+S", "keys", "Ctrl+S"), ("press ctrl + shift + t", "keys", "ctrl + shift + t"),
        ('press "Enter"', "keys", "Enter"), ("press Page Down", "keys", "Page Down"), ("press Send", "tap", "Send"),
        ("press A", "tap", "A"), ('type "ls -l"', "write", ""), ("find out the code", "find", "the code"),
    ],
)  # fmt: skip
def test_keys_and_texts_without_a_field(line: str, kind: str, target: str) -> None:
    item = read_item(line)
    assert (item.kind, item.target) == (kind, target)


def test_a_screen_that_shows_the_task_offers_no_words_of_it() -> None:
    task = "Choose “Tea time” from the list and click on Submit."
    shown = [row("Choose 'Tea time' from the list", "text"), row("and click on Submit.", "text")]
    own = [row("Tea", "text"), row("Tea time", "button"), row("Submit", "button")]
    assert without_task([*shown, *own], task) == own
    alone = [row("Tea time", "text"), *own]
    assert without_task(alone, task) == alone, "a name is not the task"


def test_a_word_for_a_role_names_the_only_element_that_has_it() -> None:
    field, other = row("", "field"), row("", "field", number=2)
    assert best_rows("Textbox", [row("Submit", "button"), field]) == [field]
    assert best_rows("Textbox", [field, other]) == []


def test_a_program_that_two_plans_opened_in_vain_is_not_opened_again(tmp_path: Path) -> None:
    class Bare(Settings):
        def tree(self, frame: Any) -> tuple[UiElement, ...]:
            return super().tree(frame)[:1]

    script = ['open Clock\ntap "Moon"', 'open Clock\ntap "Sun"', 'open Settings\ntap "Star"']
    _, env, seen = run(script, tmp_path / "e", "Go to the moon", Bare())
    plans = [one.texts[-1] for one in seen if "Programs:" in one.texts[-1]]
    assert ["Programs: Clock, Settings" in text for text in plans] == [True, True, False]
    assert "Programs: Settings" in plans[-1]
    assert [action.target for action in env.done if isinstance(action, Open)] == ["Clock", "Clock", "Settings"]
    assert simulate(tmp_path / "e").ok


def test_only_the_rows_that_a_question_has_room_for_are_offered(tmp_path: Path) -> None:
    class Sheet(Settings):
        def tree(self, frame: Any) -> tuple[UiElement, ...]:
            boxes = (Box(10 + 50 * (at % 20), 200 + 40 * (at // 20), 55 + 50 * (at % 20), 235 + 40 * (at // 20))
                     for at in range(800))  # fmt: skip
            return tuple(UiElement(box, "Button", f"Cell {at}", clickable=True) for at, box in enumerate(boxes))

    _, _, seen = run(['open Settings\ntap "Moon"', '{"on": "none"}'], tmp_path / "e", "Go to the moon", Sheet())
    offered, choices = (set(re.findall(r"Cell \d+", text)) for text in (seen[1].texts[-1], seen[1].body["grammar"]))
    assert 100 < len(choices) < 300
    assert choices == offered
