"""What the built-in model reads out of a person's words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.builtin import instructions as s
from agent.builtin.grammar.parse import parse_instructions
from tests.properties import examples

PHRASINGS = Path(__file__).with_name("phrasings.txt")
QUOTES = ['""', "''", "“”", "„“", "„”", "«»", "»«", "‘’", "「」", "『』", "``", "‹›"]


def brief(x: s.Instruction) -> str:
    """One step in a few words, with everything that matters in it."""
    match x:
        case s.ClickOn():
            count = {1: "", 2: "double", 3: "triple"}[x.count]
            side = x.button if x.button != "left" else ""
            return " ".join(p for p in ("+".join(x.keys), side, count, "click", x.target) if p)
        case s.NameIt():
            return f"name {x.text!r}" + " enter" * x.submit
        case s.UseControl():
            return f"use {x.target}"
        case s.OpenMenu():
            return f"menu {x.menu}"
        case s.OpenTarget():
            return f"open {x.kind} {x.target}"
        case s.Hover():
            return f"hover {x.target}"
        case s.LongPressOn():
            return f"hold {x.target} {x.seconds:g}s"
        case s.TypeInto():
            into = f" into {x.target}" if x.target else ""
            return f"type {x.text!r}{into}" + " replacing" * x.replace + " enter" * x.submit
        case s.SetValue():
            return f"set {x.target} = {x.value}"
        case s.Press():
            return f"press {' '.join(x.chords)}" + (f" or click {x.perhaps}" if x.perhaps else "")
        case s.ScrollTo():
            until = f" until {x.until}" if x.until else ""
            over = f" over {x.where}" if x.where else ""
            return f"scroll {x.direction} x{x.times}{until}{' edge' * x.edge}{over}"
        case s.DragTo():
            return f"drag {x.what} " + (f"by {x.by}" if x.by else f"to {x.to}")
        case s.Slide():
            return f"slide {x.target} to {x.value:g}" + "%" * x.percent
        case s.WaitFor():
            return f"await {x.target}" + " gone" * x.gone
        case s.WaitSeconds():
            return f"pause {x.seconds:g}"
        case s.SetChecked():
            return {True: "check", False: "uncheck", None: "toggle"}[x.on] + f" {x.target}"
        case s.Choose():
            return f"choose {x.option}" + (f" in {x.target}" if x.target else "")
        case s.Clear():
            return f"clear {x.target}".strip()
        case s.Dismiss():
            return " ".join(p for p in ("dismiss", x.target, x.how, "optional" * x.optional) if p)
        case s.Trigger():
            return f"if {x.condition}: " + " & ".join(map(brief, x.then))
        case s.ReadText():
            return f"tell {x.question}"
        case s.SystemButton():
            return f"go {x.name}"
        case s.Alternatives():
            return f"either {brief(x.first)} or " + " & ".join(map(brief, x.otherwise))
        case s.NeedsPlanning():
            return "PLAN"
    raise AssertionError(x)


def phrasings() -> list[tuple[str, str]]:
    lines = PHRASINGS.read_text(encoding="utf-8").splitlines()[1:]
    return [(task, wanted.strip()) for task, wanted in zip(lines[::2], lines[1::2], strict=True)]


@pytest.mark.parametrize(("task", "wanted"), phrasings())
def test_a_phrasing_means_its_steps(task: str, wanted: str) -> None:
    assert " | ".join(brief(step) for step in parse_instructions(task.replace("\\n", "\n"))) == wanted


@pytest.mark.parametrize(
    "wrap", ["please {}", "Now, {}.", "I want you to {}", "Could you {}?", "1. {}", "- {}", "{} now", "First, {}"]
)
@pytest.mark.parametrize("task", ["click Save", "type “a, b”", "press Ctrl+S", "check Subscribe", "open the File menu"])
def test_politeness_changes_nothing(task: str, wrap: str) -> None:
    assert parse_instructions(wrap.format(task)) == parse_instructions(task)


@pytest.mark.parametrize(
    "joint",
    [", ", " and ", ", and ", " then ", ", then ", " and then ", "; ", ". ", "\n", ", after that ", ". Then ", ".\n"],
)
def test_clauses_are_cut_at_every_joint(joint: str) -> None:
    steps = parse_instructions(joint.join(["click Save", "press Enter", "type “x and then y”"]))
    assert steps == (s.ClickOn("Save"), s.Press(("enter",)), s.TypeInto("x and then y"))


@pytest.mark.parametrize("name", ["notes.txt", "v2.1", "Save As…", "Save As...", "Dr. Who", "3.14"])
def test_dots_inside_names_do_not_cut(name: str) -> None:
    assert parse_instructions(f"click {name} and press Enter") == (s.ClickOn(name), s.Press(("enter",)))


@given(
    st.text(max_size=60),
    st.sampled_from(QUOTES),
    st.sampled_from(["type {}", "Type {}, then press Enter", "enter {} and press Enter"]),
)
@example('a, and then b; press Enter. "Click" Save\n\ttab\n', "“”", "type {}")
@example("\\n stays", '""', "type {}")
def test_text_between_quotes_is_taken_to_the_letter(text: str, pair: str, task: str) -> None:
    ends = pair + "“”" * (pair[0] == "„")  # both close it, whichever comes first
    text = "".join(c for c in text if c not in ends and c != "\r" and not 0xF0000 <= ord(c) <= 0xFFFFD)
    first = parse_instructions(task.format(pair[0] + text + pair[1]))[0]
    assert isinstance(first, s.TypeInto)
    assert first.text == text


@given(st.text(min_size=1, max_size=80))
@example('he said "hi", and then left; press Enter')
@example(" indented\n")
def test_text_after_exactly_is_taken_to_the_letter(text: str) -> None:
    if text.strip() and text.lstrip()[:1] not in "\"'`“”„«»‘‚「『‹《＂‟〝" and "\r" not in text:
        assert parse_instructions(f"type exactly: {text}") == (s.TypeInto(text),)


def test_a_quoted_field_and_a_quoted_text() -> None:
    steps = parse_instructions('Type "a, b" into the "Full, name" field, click “Save and close”')
    assert steps == (s.TypeInto("a, b", '"Full, name" field'), s.ClickOn("“Save and close”"))


@given(st.text(max_size=120))
@examples(400)
def test_it_never_raises_and_says_something(task: str) -> None:
    assert parse_instructions(task)


@given(
    st.lists(
        st.sampled_from(
            [
                "click",
                "type",
                "press",
                "“",
                "”",
                '"',
                "'",
                ",",
                ".",
                ";",
                "and",
                "then",
                "if",
                "a",
                "dialog",
                "appears",
                "OK",
                "Save",
                "in",
                "the",
                "field",
                "to",
                "80",
                "drag",
                ">",
                ":",
                "\n",
                "exactly:",
                "7",
                "*",
                "=",
            ]
        ),
        max_size=25,
    )
)
@examples(400)
def test_any_pile_of_its_own_words_is_read_or_refused(words: list[str]) -> None:
    assert parse_instructions(" ".join(words))


@pytest.mark.parametrize(
    "task",
    [
        "Find the cheapest flight to Paris",
        "organise my files",
        "Make me rich",
        "",
        "Play some jazz for me",
        "Click Save, my files",
        "Search for an apartment near my office",
        "Search for a cheap flight",
        "Click Alpha, everything and Beta",
    ],
)
def test_a_goal_is_refused_with_a_pointer(task: str) -> None:
    (refusal,) = parse_instructions(task)
    assert isinstance(refusal, s.NeedsPlanning)
    assert "--model" in refusal.message


def test_the_clause_at_fault_is_named() -> None:
    (refusal,) = parse_instructions("Click Save. Organise my holiday. Press Enter")
    assert isinstance(refusal, s.NeedsPlanning)
    assert "“Organise my holiday”" in refusal.message
    assert "Save" not in refusal.message


def test_every_step_keeps_its_source() -> None:
    assert [x.source for x in parse_instructions("Open the File menu, click Save As…, then type “a”")] == [
        "Open the File menu",
        "click Save As…",
        "type “a”",
    ]
