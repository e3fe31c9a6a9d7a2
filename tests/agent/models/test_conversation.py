"""What is told of earlier steps: the structure of every family's question, and histories that do not fit a context."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actions.action import Click, TypeText, Wait
from actions.frame import Frame, Point
from agent.core.loop import Agent, NoMemory, Result
from agent.core.model import ModelError
from agent.core.policy import Allow
from agent.core.step import OutcomeRecord, Step
from agent.core.task import Ending, Limits, Task
from agent.models.dialects.conversation import IMAGE, ChatPart, Conversation, EarlierImage, Extent, extents
from agent.models.dialects.dialect import Chat, Dialect, Platform
from agent.models.dialects.registry import DIALECTS, get_dialect
from agent.models.endpoints.patience import Patience
from agent.models.opening import open_model
from agent.models.spec import ModelSpec
from envs.env import Observation
from tests.agent.fakes import FakeEnv
from tests.agent.scripted_server import ScriptedServer, Seen, computer

GOLDEN = Path(__file__).parent / "golden" / "conversations.txt"
SCREEN = Frame(id="0000", width=1920, height=1080)
SPOKEN = [(dialect, platform) for dialect in DIALECTS.values() for platform in dialect.decide]


def step(index: int, **values: Any) -> Step:
    return Step(
        index=index,
        time=index,
        frame=SCREEN.model_copy(update={"id": f"{index:04}"}),
        image="x",
        **{"action": TypeText(text=f"word{index + 1}"), "thought": f"word{index + 1}", **values},
    )


def answered(count: int, **values: Any) -> list[Step]:
    return [step(n, raw=f"raw{n + 1}", **values) for n in range(count)]


def _spans(numbers: list[int]) -> str:
    """``1-3, 7`` of the steps 1, 2, 3 and 7."""
    spans: list[list[int]] = []
    for number in sorted(set(numbers)):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


def _part(part: ChatPart) -> str:
    if isinstance(part, EarlierImage):
        return f"picture {part.step + 1}" + (f" x{part.scale:g}" if part.scale != 1 else "")
    if part == IMAGE:
        return "picture now"
    said = ["the task"] if "TASK" in part else []
    for name, mark in (("steps", "word"), ("answers", "raw")):
        numbers = [int(n) for n in re.findall(rf"{mark}(\d+)", part)]
        said += [f"{name} {_spans(numbers)}"] if numbers else []
    return f"text[{'; '.join(said)}]" if said else f"text {' '.join(part.split())!r}"[:100]


def structure(chat: Chat) -> list[str]:
    """The roles, pictures and texts of a question, a line a message."""
    system = ["system: " + ("the task" if "TASK" in chat.system else "text")] if chat.system else []
    turns = [(turn.role, turn.parts) for turn in chat.turns]
    return system + [f"{role}: {' + '.join(map(_part, parts))}" for role, parts in [*turns, ("user", chat.user)]]


def written() -> str:
    """The golden file, as it should be."""
    made = []
    for dialect, platform in SPOKEN:
        for number in (1, 2, 12):
            chat = dialect.ask_action("TASK", SCREEN, answered(number - 1), platform)
            made.append("\n".join([f"== {dialect.name} {platform}, step {number}", *structure(chat)]))
    return "\n\n".join(made) + "\n"


def test_every_familys_conversation_is_the_reviewed_one() -> None:
    """To renew it after a change that is meant: python -m tests.agent.models.test_conversation."""
    assert written() == GOLDEN.read_text()


@pytest.mark.parametrize(("dialect", "platform"), SPOKEN, ids=lambda value: getattr(value, "name", value))
def test_every_step_is_told_once_and_its_outcome_and_an_unusable_answer_too(
    dialect: Dialect, platform: Platform
) -> None:
    failed = OutcomeRecord(performed=False, detail="the screen is locked")
    history = [*answered(7, outcome=failed), step(7, action=None, thought="", error="unusable: no action")]
    chat = dialect.ask_action("TASK", SCREEN, history, platform)
    texts = [part for part in (chat.system, *chat.parts) if isinstance(part, str)]
    assert sum(text.count("TASK") for text in texts) == 1
    for number in range(1, 8):
        assert sum(bool(re.search(rf"(?:raw|word){number}\b", text)) for text in texts) == 1, number
    assert sum(text.count("the screen is locked") for text in texts) == 7
    assert sum(text.count("unusable: no action") for text in texts) == 1


def test_an_answer_that_the_policy_changed_is_told_as_what_was_done() -> None:
    done = step(0, raw="raw1", action=Click(point=Point(5, 5)), decided=Click(point=Point(900, 9)))
    chat = DIALECTS["ui-tars-1.5"].ask_action("TASK", SCREEN, [done], "desktop")
    assert "raw1" not in str(chat.turns)
    assert "click(point='<point>5 5</point>')" in str(chat.turns)


@pytest.mark.parametrize("raw", ["raw1 raw2", ""])
def test_several_actions_of_one_answer_are_one_turn_with_what_came_of_each(raw: str) -> None:
    failed = OutcomeRecord(performed=False, detail="no such field")
    first, second = step(0, raw=raw), step(1, part=1, outcome=failed)
    chat = DIALECTS["ui-tars-1.5"].ask_action("TASK", SCREEN, [first, second, step(2, raw="raw3")], "desktop")
    _, seen, answer, result, _ = chat.turns
    assert [turn.role for turn in chat.turns] == ["user", "user", "assistant", "user", "assistant"]
    assert seen.parts == (EarlierImage(0),)
    assert answer.parts == (raw,) if raw else "word1" in str(answer) and "word2" in str(answer)
    assert "no such field" in str(result.parts[0])
    assert result.parts[1:] == (EarlierImage(1),)
    assert chat.user == (IMAGE,)


def asked_with(pictures: int) -> list[Chat]:
    """The questions of Qwen3.5's first ten steps, which folds its pictures, with other than its own number of them."""
    dialect = DIALECTS["qwen3.5"].with_images(pictures)
    return [dialect.ask_action("TASK", SCREEN, answered(n), "desktop") for n in range(10)]


def test_pictures_leave_in_blocks() -> None:
    folded = Conversation(pictures=20, fold=10)
    firsts = [folded.with_image(steps, Extent(), lambda _: True) for steps in range(60)]
    assert firsts == [0] * 20 + [10] * 10 + [20] * 10 + [30] * 10 + [40] * 10
    few = [
        len(chat.parts) - len([p for p in chat.parts if isinstance(p, str) and p != IMAGE]) for chat in asked_with(5)
    ]
    assert few == [1, 2, 3, 4, 5, 4, 5, 4, 5, 4], "never more than half of them"
    two = [Conversation(pictures=2, fold=10).with_image(steps, Extent(), lambda _: True) for steps in range(5)]
    assert two == [0, 0, 1, 2, 3], "the newest is always sent"
    assert Conversation(pictures=5).with_image(12, Extent(), lambda n: n != 9) == 10, "one that is gone ends the window"


def test_a_history_shrinks_from_its_oldest_step_on_and_ends_with_nothing() -> None:
    sizes = [(extent.left_out, extent.brief, extent.pictures) for extent in extents(20, 2)]
    assert sizes[0] == (0, 0, 2)
    assert sizes[-1] == (20, 20, 0)
    assert all(a <= b for a, b in pairwise(sizes) if a[2] == b[2])


@pytest.mark.parametrize(("dialect", "platform"), SPOKEN, ids=lambda value: getattr(value, "name", value))
def test_a_long_history_fits_its_room_and_the_next_question_begins_the_same(
    dialect: Dialect, platform: Platform
) -> None:
    """Steps 93 to 96 of a run with long thoughts: between two blocks only the end of the question changes."""
    long = answered(100)
    history = [s.model_copy(update={"thought": f"{s.thought} " * 300, "raw": f"{s.raw} " * 300}) for s in long]
    image, room = dialect.resize.tokens(1920, 1080), 20_000
    told = []
    for count in range(89, 97):
        chat = dialect.ask_action("TASK", SCREEN, history[:count], platform, room=room)
        assert chat.tokens(image) <= room
        told.append("".join(part for part in chat.parts if isinstance(part, str) and part != IMAGE))
        assert re.search(rf"(?:word|raw){count}\b", told[-1]), "the newest step is told"
    same = [a[: len(a) // 4] == b[: len(a) // 4] for a, b in pairwise(told)]
    assert sum(same) >= 4


# Over a server ------------------------------------------------------------------------------------------------------


def look(index: int, width: int = 640, height: int = 480) -> Observation:
    image = np.full((height, width, 3), index * 7 % 256, np.uint8)
    return Observation(image, Frame(id=f"{index:04}", width=width, height=height), time=float(index))


def pictures(seen: Seen) -> list[str]:
    """The pictures of a request, in order, as the data URLs that they were sent as."""
    parts = [
        part for message in seen.body["messages"] if isinstance(message["content"], list) for part in message["content"]
    ]
    return [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]


TARS = "Thought: thinking\nAction: wait()"


class Screens(FakeEnv):
    """A new screen at every look."""

    def observe(self) -> Observation:
        self._count += 1
        return look(self._count - 1)


def walked(server: ScriptedServer, steps: int, **how: Any) -> Result:
    """A run of `steps` steps on as many screens."""
    model = open_model(ModelSpec(server.url, patience=Patience(total=20, attempts=1), **how))
    return Agent(Screens(), model, Allow(), NoMemory()).run(Task("Save", Limits(steps=steps)))


def test_earlier_pictures_are_sent_again_as_they_were_and_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from agent.models.endpoints import endpoint, wires

    made, told = list[int](), list[int]()
    encode, url = endpoint.encode_png, wires.data_url
    monkeypatch.setattr(endpoint, "encode_png", lambda image: made.append(1) or encode(image))
    monkeypatch.setattr(wires, "data_url", lambda png: told.append(1) or url(png))
    with ScriptedServer([TARS], names=("UI-TARS-1.5-7B",)) as server:
        walked(server, 7)
        sent = [pictures(seen) for seen in server.seen]
        roles = [message["role"] for message in server.seen[-1].body["messages"]]
    assert [len(urls) for urls in sent] == [1, 2, 3, 4, 5, 5, 5]
    assert sent[6] == [sent[n][-1] for n in range(2, 7)]
    assert len(set(sent[6])) == 5
    assert len(made) == 7
    assert len(told) <= 7
    assert roles == ["user", *["assistant"] * 2, *["user", "assistant"] * 4, "user"]


@pytest.mark.parametrize(("wanted", "counts"), [(1, [1, 1, 1, 1]), (3, [1, 2, 3, 3])])
def test_the_number_of_pictures_can_be_said(wanted: int, counts: list[int]) -> None:
    for name, answer in (("UI-TARS-1.5-7B", TARS), ("Qwen2.5-VL-3B-Instruct", computer("wait", time=1))):
        with ScriptedServer([answer], names=(name,)) as server:
            walked(server, 4, history_images=wanted)
            assert [len(pictures(seen)) for seen in server.seen] == counts


@pytest.mark.parametrize("name", ["qwen2.5-vl", "qwen3.5", "ui-tars-1.0"])
def test_another_number_of_pictures_moves_by_half_of_it(name: str) -> None:
    """Most questions begin as the one before, and none has fewer than about half of the pictures."""
    speaks = get_dialect(name).with_images(6)
    frame = Frame(id="0", width=280, height=140)
    history, counts = list[Step](), list[int]()
    for n in range(12):
        parts = speaks.ask_action("Save", frame, history, "desktop").parts
        counts.append(1 + sum(isinstance(part, EarlierImage) for part in parts))
        history.append(Step(index=n, time=n, frame=frame, image="f.png", action=Wait(seconds=1), raw="Action: wait()"))
    assert counts == [1, 2, 3, 4, 5, 6, 4, 5, 6, 4, 5, 6]


@pytest.mark.parametrize("option", ["history_images", "context"])
def test_an_option_about_the_history_is_refused_where_none_is_told(option: str) -> None:
    spec = ModelSpec("http://h:9#UI-TARS-1.5-7B", **{option: 2000})  # type: ignore[arg-type]
    for ability in ("locate", "extract"):
        with pytest.raises(ModelError.__mro__[1], match=f"--{option.replace('_', '-')} has no effect where no history"):
            open_model(spec, ability=ability)  # type: ignore[arg-type]


def words(body: dict[str, Any]) -> int:
    """Tokens of a request, counted as a tokenizer would, with those of its pictures (28 pixels a side)."""
    total = 0
    for message in body["messages"]:
        content = message["content"]
        for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            total += len(part["text"]) // 4 if part["type"] == "text" else 644 * 476 // 784
    return total + body["max_tokens"]


def refusal(body: dict[str, Any]) -> tuple[int, Any] | None:
    """vLLM's, for a context of 24,576 tokens."""
    asked = words(body)
    if asked <= 24_576:
        return None
    text = f"This model's maximum context length is 24576 tokens. However, you requested {asked} tokens."
    return 400, {"error": {"message": text, "type": "BadRequestError", "code": 400}}


@pytest.mark.parametrize("reported", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "name",
    [
        "Qwen2.5-VL-3B-Instruct",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("UI-TARS-1.5-7B", "Qwen3-VL-8B-Instruct")),
    ],
)
def test_three_hundred_steps_with_long_thoughts_end_by_the_step_limit(name: str, reported: bool) -> None:
    thought = "I look at the list and see that the entry is not there yet. " * 15
    answer = f"Thought: {thought}\nAction: wait()" if "TARS" in name else f"{thought}\n{computer('wait', time=0)}"
    pages = {"/v1/models": {"data": [{"id": name, "owned_by": "vllm", "max_model_len": 24_576}]}} if reported else {}
    with ScriptedServer([answer], names=(name,), check=refusal, pages=pages, piece=5000) as server:
        result = walked(server, 300)
        refused = server.paths.count("/v1/chat/completions") - 300
        last = server.seen[-1].body
    notes = [note for done in result.steps for note in done.notes]
    assert (result.ending, len(result.steps)) == (Ending.STEP_LIMIT, 300)
    assert refused == 0 if reported or "Qwen2.5" in name else 1 <= refused <= 2
    assert sum(note.startswith("the question did not fit") for note in notes) == refused
    assert words(last) > 8_000, "no shorter than it must be"


@pytest.mark.parametrize(("dialect", "platform"), SPOKEN, ids=lambda value: getattr(value, "name", value))
def test_a_step_is_put_into_words_twice_however_long_the_history_gets(
    dialect: Dialect, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once as the last of its history and once as one that another came after."""
    formatted, format_answer = list[int](), type(dialect.grammar[platform]).format

    def counted(self: Any, *values: Any) -> str:
        formatted.append(1)
        return format_answer(self, *values)

    history, quiet = list[Step](), OutcomeRecord(performed=True, changed=False)
    dialect = replace(dialect)
    with monkeypatch.context() as patched:
        patched.setattr(type(dialect.grammar[platform]), "format", counted)
        for number in range(30):
            history.append(step(number, outcome=quiet))
            grown = dialect.ask_action("TASK", SCREEN, history, platform)
    assert len(formatted) <= 2 * len(history)
    assert grown == replace(dialect).ask_action("TASK", SCREEN, history, platform), "as told all at once"


if __name__ == "__main__":
    GOLDEN.write_text(written())
