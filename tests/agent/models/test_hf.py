"""A checkpoint in this process: tiny random ones, which must answer as large ones would have to."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actions.frame import Frame
from agent.core.model import ModelError
from agent.core.step import Step
from agent.core.task import Task
from agent.models.chat import ChatModel
from agent.models.dialects.registry import DIALECTS, get_dialect
from agent.models.dialects.shape import shape_of
from agent.models.endpoints.endpoint import Pixels, Reply, Request, Sampling, Shape
from agent.models.endpoints.patience import Patience
from agent.models.in_process.checkpoint import dialect_of, within_limits
from agent.models.opening import open_model
from agent.models.spec import ModelSpec
from envs.env import Observation
from envs.png import encode_png
from tests.agent import tiny_llava, tiny_qwen

torch = pytest.importorskip("torch", reason="needs pip install 'handeye[qwen]'")

from agent.models.in_process.answering import GeneratedAnswer, TokenConstraint  # noqa: E402
from agent.models.in_process.endpoint import HFEndpoint, open_checkpoint  # noqa: E402
from agent.models.in_process.generating import PrefixCache, common_prefix  # noqa: E402
from agent.models.in_process.inputs import Picture, TokenizedPrompt  # noqa: E402

QUICK_KINDS = ["qwen2_5_vl", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("qwen2_vl", "qwen3_vl"))]
"""For tests of what is the same code for all; the others are among the slow tests."""
SCREEN = Frame(id="0", width=640, height=480)
CLICK = {
    "type": "object",
    "properties": {
        "name": {"const": "computer_use"},
        "arguments": {
            "anyOf": [
                {
                    "type": "object",
                    "properties": {
                        "action": {"enum": ["left_click", "right_click"]},
                        "coordinate": {
                            "type": "array",
                            "items": {"type": "integer", "minimum": 0, "maximum": 1287},
                            "minItems": 2,
                            "maxItems": 2,
                        },
                    },
                    "required": ["action", "coordinate"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {"action": {"const": "type"}, "text": {"type": "string"}},
                    "required": ["action", "text"],
                    "additionalProperties": False,
                },
            ]
        },
    },
    "required": ["name", "arguments"],
    "additionalProperties": False,
}
CALL = Shape(schema=CLICK, before="<tool_call>\n", after="\n</tool_call>")
WORDS = Shape(schema={"type": "string"})


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny tensors are slower on many threads, and the machine has other work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}

    def folder(kind: str) -> Path:
        if kind not in made:
            made[kind] = tiny_qwen.save(tmp_path_factory.mktemp(kind), kind)
        return made[kind]

    return folder


@pytest.fixture(scope="module")
def endpoint(folders: Callable[[str], Path]) -> Iterator[HFEndpoint]:
    made = open_checkpoint(str(folders("qwen2_5_vl")))
    yield made
    made.close()


@pytest.fixture
def alone(endpoint: HFEndpoint) -> Iterator[HFEndpoint]:
    """The same weights behind an endpoint of its own."""
    made = HFEndpoint(endpoint.checkpoint)
    yield made
    made.close()


def picture(seed: int, width: int = 280, height: int = 140) -> bytes:
    return encode_png(np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8))


def question(text: str = "What next?", seed: int = 0, **how: Any) -> Request:
    how = {"shape": CALL, "max_tokens": 120, **how}
    return Request("You are a helpful assistant.", (text, picture(seed)), **how)


def argument(reply: Reply) -> Any:
    assert reply.ended
    body = reply.text.removeprefix("<tool_call>\n").removesuffix("\n</tool_call>")
    return json.loads(body)["arguments"]


# Answers --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", QUICK_KINDS)
def test_every_family_decides_and_locates(kind: str, folders: Callable[[str], Path]) -> None:
    model = open_model(f"hf:{folders(kind)}", ability="decide")
    assert isinstance(model, ChatModel)
    assert model.dialect == {"qwen2_5_vl": "qwen2.5-vl", "qwen2_vl": "qwen2-vl", "qwen3_vl": "qwen3-vl"}[kind]
    assert str(folders(kind)) in model.name
    speaks = model.speaks
    short = {p: replace(prompt, max_tokens=200) for p, prompt in speaks.decide.items()}
    model = replace(model, speaks=replace(speaks, decide=short))
    try:
        for seed in range(3):
            image = np.random.default_rng(seed).integers(0, 255, (480, 640, 3), np.uint8)
            decision = model.decide(Task(f"Do {seed}"), Observation(image, SCREEN), [])
            assert decision.usage.prompt_tokens > 700
            assert 10 < decision.usage.completion_tokens <= 200
            assert 0 < decision.usage.first_token_seconds <= decision.usage.seconds  # type: ignore[operator]
        if kind == "qwen2_5_vl":
            found = model.locate(Observation(image, SCREEN), "the OK button")
            assert found.refused or found.point is not None
    finally:
        model.close()


@pytest.mark.slow
@pytest.mark.parametrize(("save", "token"), [(tiny_llava.save, "<image>"), (tiny_llava.save_gemma, "<start_of_image>")])
def test_a_checkpoint_with_a_processor_of_its_own_decides(
    save: Callable[[Path], Path], token: str, tmp_path: Path
) -> None:
    """Two pictures, and a task with the token that stands for one, which is text."""
    spec = ModelSpec(f"hf:{save(tmp_path)}", dialect="internvl2.5", history_images=2)
    model = open_model(spec, ability="decide")
    assert isinstance(model, ChatModel)
    history: list[Step] = []
    for n in range(2):
        image = np.random.default_rng(n).integers(0, 255, (480, 640, 3), np.uint8)
        task = Task(f"Type {token} and <image_soft_token>")
        decision = model.decide(task, Observation(image, SCREEN, time=n), history)
        history.append(Step(index=n, time=n, frame=SCREEN, image="x", action=decision.action, raw=decision.raw))
    model.close()


def test_data_has_the_shape_asked_for(endpoint: HFEndpoint) -> None:
    model = ChatModel(endpoint, get_dialect("qwen2.5-vl"), structured="always")
    schema = {
        "type": "object",
        "properties": {
            "total": {"type": "number"},
            "paid": {"type": "boolean"},
            "items": {"type": "array", "items": {"type": "string", "maxLength": 8}, "maxItems": 3},
        },
        "required": ["total", "paid", "items"],
        "additionalProperties": False,
    }
    image = np.random.default_rng(0).integers(0, 255, (280, 280, 3), np.uint8)
    data = model.extract(Observation(image, Frame(id="0", width=280, height=280)), schema, "What is owed?").data
    assert set(data) == {"total", "paid", "items"}
    assert isinstance(data["paid"], bool)


@pytest.mark.parametrize("most", [24, 40, 64, 100])
@pytest.mark.parametrize("temperature", [0.0, 5.0])
def test_the_token_limit_never_cuts_a_shaped_answer(endpoint: HFEndpoint, most: int, temperature: float) -> None:
    for seed in range(4):
        reply = endpoint.complete(question(seed=seed, max_tokens=most + 16, sampling=Sampling(temperature=temperature)))
        assert argument(reply)["action"] in ("left_click", "right_click", "type")
        assert reply.usage.completion_tokens <= most + 16


def test_an_endless_text_is_led_to_its_end(endpoint: HFEndpoint) -> None:
    """A text of any length, which random weights never close by themselves."""
    cut = endpoint.complete(question(shape=None, max_tokens=60))
    assert not cut.ended
    assert cut.usage.completion_tokens == 60
    held = endpoint.complete(question(shape=WORDS, max_tokens=60))
    assert held.ended
    assert len(json.loads(held.text)) > 10


PATTERNS = [
    r"Thought: [^\n]{1,400}\nAction: (?:click\(start_box='\([0-9]{1,4},[0-9]{1,4}\)'\)|wait\(\))",
    r"<think>[^<]{0,2000}</think>\n<answer>[0-9]{3}</answer>",
    r"<\|box_start\|>\([0-9]{1,3},[0-9]{1,3}\)<\|box_end\|>",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_hold_too(endpoint: HFEndpoint, pattern: str) -> None:
    for seed in range(3):
        reply = endpoint.complete(
            question(
                seed=seed,
                shape=Shape(pattern=pattern),
                max_tokens=90,
                special_tokens=True,
                sampling=Sampling(temperature=1.0),
            )
        )
        assert reply.ended
        assert re.fullmatch(pattern, reply.text)


def test_marks_of_places_are_single_tokens(endpoint: HFEndpoint) -> None:
    shape = Shape(pattern=PATTERNS[2])
    assert endpoint.checkpoint.grammars.matcher(shape).forced()[0] == 151648
    reply = endpoint.complete(question(shape=shape, special_tokens=True))
    assert reply.text.startswith("<|box_start|>(")
    assert endpoint.complete(question(shape=shape)).text.startswith("(")


def test_a_schema_that_cannot_be_followed_is_one_line(endpoint: HFEndpoint) -> None:
    with pytest.raises(ModelError, match="cannot be held to this schema") as caught:
        endpoint.complete(question(shape=Shape(schema={"$ref": "#/nowhere"})))
    assert "\n" not in str(caught.value)


def test_a_prefill_begins_the_answer(endpoint: HFEndpoint) -> None:
    begun = '<tool_call>\n{"name": "computer_use", "arguments": {"action": "left_click", "coordinate": ['
    reply = endpoint.complete(question(prefill=begun))
    assert reply.text.startswith(begun)
    assert argument(reply)["action"] == "left_click"
    assert reply.usage.completion_tokens < 15
    assert argument(endpoint.complete(question(prefill="I think")))  # the shape does not allow it: left out


def test_stop_words_and_enough(endpoint: HFEndpoint) -> None:
    whole = endpoint.complete(question(shape=None, max_tokens=40)).text
    stop = whole[15:18]
    cut = endpoint.complete(question(shape=None, max_tokens=40, stop=(stop,)))
    assert cut.text == whole[: whole.index(stop)]
    assert cut.ended
    pieces: list[str] = []

    def enough() -> Callable[[str], bool]:
        return lambda piece: pieces.append(piece) or len(pieces) == 3  # type: ignore[func-returns-value]

    reply = endpoint.complete(question(shape=None, max_tokens=40), enough)
    assert len(pieces) == 3
    assert reply.text == "".join(pieces) == whole[: len(reply.text)]
    assert not reply.ended


def test_the_checkpoints_sampling_is_not_used(endpoint: HFEndpoint) -> None:
    """Its generation_config asks for sampling; temperature 0 is the likeliest token, every time."""
    assert len({endpoint.complete(question(shape=None, max_tokens=20)).text for _ in range(3)}) == 1
    drawn = {
        endpoint.complete(question(shape=None, max_tokens=20, sampling=Sampling(temperature=2.0))).text
        for _ in range(3)
    }
    assert len(drawn) > 1


def test_all_of_the_sampling_is_used(endpoint: HFEndpoint) -> None:
    def text(**how: float) -> str:
        return endpoint.complete(question(shape=None, max_tokens=20, sampling=Sampling(**how))).text  # type: ignore[arg-type]

    assert text() == text(temperature=5.0, top_k=1) == text(temperature=5.0, top_p=1e-9)
    assert text() == text(temperature=5.0, min_p=1.0)

    def penalised(**how: float) -> list[float]:
        request = Request("", ("?",), sampling=Sampling(**how))  # type: ignore[arg-type]
        answer = GeneratedAnswer(request, TokenizedPrompt([1]), endpoint.checkpoint, 0.0, tokens=[2, 2, 3])
        made = TokenConstraint([answer], torch.Generator())(torch.tensor([[1, 2, 2, 3]]), torch.ones(1, 5))
        return made[0].tolist()  # type: ignore[no-any-return]

    assert penalised(frequency_penalty=1.0) == [1, 1, -1, 0, 1]
    assert penalised(presence_penalty=1.0) == [1, 1, 0, 0, 1]
    assert penalised(repetition_penalty=2.0) == [1, 0.5, 0.5, 0.5, 1]


# Batches --------------------------------------------------------------------------------------------------------------


def together(endpoint: HFEndpoint, requests: list[Request]) -> list[Reply]:
    """All requests from threads of their own, at once."""
    replies: dict[int, Reply] = {}

    def ask(number: int) -> None:
        replies[number] = endpoint.complete(requests[number])

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=300)
    return [replies[number] for number in range(len(requests))]


@pytest.mark.parametrize("kind", QUICK_KINDS)
def test_answers_are_the_same_in_a_batch(kind: str, folders: Callable[[str], Path]) -> None:
    requests = [
        Request(
            "s" * n, ("word " * n, picture(n, 112 + 56 * n, 140)), shape=CALL if n % 2 else None, max_tokens=24 + 16 * n
        )
        for n in range(6)
    ]
    one = open_checkpoint(str(folders(kind)))
    alone = [one.complete(request) for request in requests]
    assert one.batches == [1] * 6
    assert len({reply.text for reply in alone}) > 3
    batched = together(one, requests)
    one.close()
    assert max(one.batches) > 1
    assert [reply.text for reply in batched] == [reply.text for reply in alone]
    assert [reply.ended for reply in batched] == [reply.ended for reply in alone]
    counted = [reply.usage.prompt_tokens for reply in batched]
    assert counted == [reply.usage.prompt_tokens for reply in alone]


def test_too_little_memory_for_a_batch_halves_it(alone: HFEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    model, real = alone.checkpoint.model, alone.checkpoint.model.generate
    sizes: list[int] = []

    def scarce(**given: Any) -> Any:
        sizes.append(len(given["input_ids"]))
        if len(given["input_ids"]) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return real(**given)

    monkeypatch.setattr(model, "generate", scarce)
    replies = together(alone, [question(seed=n) for n in range(8)])
    assert all(argument(reply) for reply in replies)
    assert max(sizes) > 2
    assert alone.batch <= 3


def test_no_memory_at_all_is_one_line(alone: HFEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(**_: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB\nGPU 0 has …")

    monkeypatch.setattr(alone.checkpoint.model, "generate", none_left)
    with pytest.raises(ModelError, match="memory does not suffice for one answer: lower --max-pixels") as caught:
        alone.complete(question())
    assert "\n" not in str(caught.value)


# The unchanged prefix -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", QUICK_KINDS)
def test_reuse_changes_nothing_but_the_work(kind: str, folders: Callable[[str], Path]) -> None:
    """Ten steps with a history that grows before the picture, another picture each, and one asked about twice."""
    made = open_checkpoint(str(folders(kind)))
    fresh = HFEndpoint(made.checkpoint, remember=False)
    history, reused = "", list[int]()
    for n in range(10):
        history += f"Step {n + 1}: click {n * 37}; "
        user = ("The task is long. " * 20 + history, picture(n // 2), " and now?")
        request = Request("You operate a computer. " * 10, user, shape=CALL if n % 3 else None, max_tokens=40)
        reply, wanted = made.complete(request), fresh.complete(request)
        assert reply.text == wanted.text
        assert wanted.usage.cached_tokens == 0
        reused.append(reply.usage.cached_tokens)
    assert reused[0] == 0
    assert all(count > 130 for count in reused[1:])
    made.close()
    fresh.close()


def test_the_same_picture_is_not_looked_at_twice(alone: HFEndpoint) -> None:
    """Questions about one screenshot, picture first, as grounding benchmarks ask them."""
    seen: list[bool] = []
    model, real = alone.checkpoint.model, alone.checkpoint.model.generate

    def watched(**given: Any) -> Any:
        seen.append("pixel_values" in given)
        return real(**given)

    fresh = HFEndpoint(alone.checkpoint, remember=False)
    requests = [Request("", (picture(1), f"where is {n}?"), max_tokens=12) for n in range(3)]
    requests.append(Request("", (picture(2), "where is 2?"), max_tokens=12))
    wanted = [fresh.complete(request).text for request in requests]
    model.generate = watched
    try:
        assert [alone.complete(request).text for request in requests] == wanted
    finally:
        model.generate = real
    assert seen == [True, False, False, True]
    fresh.close()


def test_a_prefix_never_ends_inside_a_picture() -> None:
    def shown(value: int) -> Picture:
        return Picture(Pixels(np.full((28, 28, 3), value, np.uint8)), torch.zeros(1))

    pad = 9
    memory = PrefixCache([1, 2, pad, pad, pad, 3, 4, 5], [shown(1)], object())
    for ids, value, common in [
        ([1, 2, pad, pad, pad, 3, 4, 6, 7], 1, 7),
        ([1, 2, pad, pad, pad, 3, 4, 6, 7], 2, 2),
        ([1, 2, pad, pad, pad], 1, 2),
        ([1, 2, pad, pad, pad, 3, 4, 5], 1, 7),
        ([7, 2, pad, pad, pad, 3], 1, 0),
    ]:
        assert common_prefix(memory, TokenizedPrompt(ids, [shown(value)]), pad) == common


# Deadlines and errors -------------------------------------------------------------------------------------------------


def test_a_deadline_ends_the_answer(endpoint: HFEndpoint) -> None:
    quick = HFEndpoint(endpoint.checkpoint, total=0.3)
    with pytest.raises(ModelError, match=r"no whole answer within 0\.3 s"):
        quick.complete(question(shape=None, max_tokens=4000))
    assert argument(HFEndpoint(endpoint.checkpoint).complete(question()))
    quick.close()


def test_a_step_that_hangs_does_not_hang_the_caller(alone: HFEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    going = threading.Event()
    monkeypatch.setattr(alone.checkpoint.model, "generate", lambda **_: going.wait(120))
    alone.total = 0.2
    with pytest.raises(ModelError, match="no whole answer"):
        alone.complete(question())
    assert not going.is_set()
    going.set()


def test_a_failure_reaches_everybody_and_the_next_is_answered(
    alone: HFEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: Any) -> Any:
        raise RuntimeError("mat1 and mat2\nshapes cannot be multiplied")

    with monkeypatch.context() as patch:
        patch.setattr(alone.checkpoint.model, "generate", broken)
        with pytest.raises(ModelError, match="failed: RuntimeError: mat1 and mat2 shapes"):
            alone.complete(question())
    assert argument(alone.complete(question()))


def test_a_closed_endpoint_says_so(endpoint: HFEndpoint) -> None:
    made = HFEndpoint(endpoint.checkpoint)
    made.complete(question())
    made.close()
    made.close()
    with pytest.raises(ModelError, match="is closed"):
        made.complete(question())


def test_what_is_wrong_with_a_checkpoint_is_one_line(tmp_path: Path, folders: Callable[[str], Path]) -> None:
    good = folders("qwen2_5_vl")
    (tmp_path / "empty").mkdir()
    text = tmp_path / "text"
    text.mkdir()
    (text / "config.json").write_text('{"model_type": "qwen2"}')
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text('{"model_type": ')
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "config.json").write_text((good / "config.json").read_text())
    wordless = tmp_path / "wordless"
    wordless.mkdir()
    for file in ("config.json", "tokenizer.json", "tokenizer_config.json", "preprocessor_config.json"):
        (wordless / file).write_bytes((good / file).read_bytes())
    for name, said in {
        "": "Give the folder",
        str(tmp_path / "none"): "no such folder",
        str(tmp_path / "empty"): "no config.json",
        str(text): "does not say how it was taught",
        str(broken): "not a checkpoint that transformers",
        str(bare): "has no",
        str(wordless): "cannot be loaded",
    }.items():
        with pytest.raises(ModelError, match=said) as caught:
            open_model(f"hf:{name}")
        assert "\n" not in str(caught.value)


def test_without_torch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for module in [name for name in sys.modules if name.startswith("agent.models.in_process")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModelError, match=r"needs torch: pip install 'handeye\[qwen\]'"):
        open_model("hf:/anywhere")


def test_a_prompt_beyond_the_context_is_refused(alone: HFEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alone.checkpoint, "context", 50)
    with pytest.raises(ModelError, match=r"room for 50: lower --max-pixels"):
        alone.complete(question())


# Which dialect, which size --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "dialect"),
    [
        ("/models/checkpoint-500", "qwen2_5_vl", "qwen2.5-vl"),
        ("/models/checkpoint-500", "qwen2_vl", "qwen2-vl"),
        ("Qwen/Qwen3-VL-4B-Instruct", "qwen3_vl", "qwen3-vl"),
        ("/models/qwen2.5-vl-test", "qwen2_vl", "qwen2-vl"),
        ("ByteDance-Seed/UI-TARS-1.5-7B", "qwen2_5_vl", "ui-tars-1.5"),
        ("/data/GUI-Owl-7B/snapshots/abc", "qwen2_5_vl", "gui-owl"),
        ("OS-Copilot/OS-Atlas-Base-7B", "qwen2_vl", "os-atlas-base"),
    ],
)
def test_the_dialect_of_a_checkpoint(name: str, kind: str, dialect: str) -> None:
    assert dialect_of(name, kind).name == dialect


def test_a_checkpoint_of_no_known_family_needs_a_dialect() -> None:
    with pytest.raises(ModelError, match="add --dialect NAME"):
        dialect_of("/models/mine", "llava")


def test_the_picture_is_sent_in_a_size_that_the_checkpoint_leaves_alone(tmp_path: Path) -> None:
    folder = tiny_qwen.save(tmp_path, max_pixels=200_000)
    model = open_model(f"hf:{folder}")
    assert isinstance(model, ChatModel)
    assert isinstance(model.endpoint, HFEndpoint)
    assert model.endpoint.capabilities.max_image_pixels == 200_000
    image = np.random.default_rng(0).integers(0, 255, (1080, 1920, 3), np.uint8)
    sent = model.speaks.resize.apply(image)
    assert sent.shape[0] * sent.shape[1] <= 200_000
    made = model.endpoint.checkpoint.preparer.prompt(Request("", (encode_png(sent),)))
    assert made.pictures[0].grid.tolist() == [[1, sent.shape[0] // 14, sent.shape[1] // 14]]
    decision = model.decide(Task("x"), Observation(image, Frame(id="0", width=1920, height=1080)), [])
    assert decision.usage.prompt_tokens < 1500
    model.close()


def test_limits_that_do_not_meet_are_refused() -> None:
    dialect = get_dialect("qwen2.5-vl")
    assert within_limits(dialect, None, None, None) is dialect
    assert within_limits(dialect, 28, 50_000, 10**9).resize.min_pixels == 50_000
    with pytest.raises(ModelError, match="steps of 32: choose another one with --dialect"):
        within_limits(dialect, 32, 1, 10**9)
    with pytest.raises(ModelError, match=r"correct its preprocessor_config\.json"):
        within_limits(get_dialect("ui-venus-1.0-ground"), 28, 3136, 1_000_000)


def test_a_template_of_a_text_model_is_replaced(tmp_path: Path) -> None:
    folder = tiny_qwen.save(tmp_path, template=False)
    made = open_checkpoint(str(folder))
    ids = made.checkpoint.preparer.prompt(Request("", ("a", picture(0)))).ids
    assert ids.count(151655) == 10 * 5
    made.close()


def test_a_template_of_another_family_is_not_taken(tmp_path: Path) -> None:
    folder = tiny_qwen.save(tmp_path, "qwen3_vl", template=False)
    with pytest.raises(ModelError, match=r"no chat template with a place for pictures: put its chat_template\.jinja"):
        open_checkpoint(str(folder))


def test_patience_bounds_an_answer(folders: Callable[[str], Path]) -> None:
    model = open_model(ModelSpec(f"hf:{folders('qwen2_5_vl')}", patience=Patience(total=7)))
    assert isinstance(model, ChatModel)
    assert isinstance(model.endpoint, HFEndpoint)
    assert model.endpoint.total == 7


# The way out ----------------------------------------------------------------------------------------------------------


def test_the_nearest_end_is_one(endpoint: HFEndpoint) -> None:
    shapes = [CALL, WORDS, *(Shape(pattern=pattern) for pattern in PATTERNS)]
    shapes.append(Shape(schema={"type": "string", "minLength": 30}))
    shapes.append(Shape(schema={"type": "array", "items": {"type": "integer", "minimum": 12345}, "minItems": 4}))
    for shape in shapes:
        constraint = endpoint.checkpoint.grammars.matcher(shape)
        way = constraint.out.find(constraint.matcher)
        assert way
        assert constraint.takes(way)
        assert constraint.may_end


QUICK_WAYS = (
    "opencua",
    "holo3",
    "qwen2.5-vl",
    "qwen2-vl",
    "internvl2.5",
    "qwen3-vl",
    "qwen3.5",
    "ui-tars-1.5",
    "general",
)


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK_WAYS else pytest.param(name, marks=pytest.mark.slow) for name in sorted(DIALECTS)],
)
def test_every_dialect_has_a_way_out(endpoint: HFEndpoint, name: str) -> None:
    """Any family's shape can be followed, and an answer at its start be brought to its end in 100 tokens."""
    for use in (*DIALECTS[name].decide, "locate"):
        shape = shape_of(DIALECTS[name], use, SCREEN)
        if shape is not None:
            constraint = endpoint.checkpoint.grammars.matcher(shape)
            assert constraint.reserve > 32, (name, use)
            assert constraint.reserve < 140, (name, use)


# Several pictures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["qwen2_5_vl", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("qwen3_vl", "qwen3_5"))]
)
def test_ten_steps_with_five_pictures_reuse_what_was_told(kind: str, folders: Callable[[str], Path]) -> None:
    """Each of ten answers is an action, the same as without memory, and the prompt's beginning is not read again;
    where layers have a state that cannot be cut back, from the second time on that a picture leaves the question.
    """
    frame = Frame(id="0", width=112, height=112)
    spec = ModelSpec(f"hf:{folders(kind)}", history_images=5)
    model = open_model(spec, ability="decide")
    assert isinstance(model, ChatModel)
    assert isinstance(model.endpoint, HFEndpoint)
    speaks = model.speaks
    prompts = {p: replace(prompt, max_tokens=80) for p, prompt in speaks.decide.items()}
    fresh = HFEndpoint(model.endpoint.checkpoint, remember=False)
    model = replace(model, speaks=replace(speaks, decide=prompts))
    alone = replace(model, endpoint=fresh, sent=type(model.sent)())
    history, reused = list[Step](), list[float]()
    for n in range(10):
        shot = frame.model_copy(update={"id": f"{n:04}"})
        image = np.random.default_rng(n).integers(0, 255, (112, 112, 3), np.uint8)
        seen = Observation(image, shot, time=float(n))
        decision = model.decide(Task("Write a letter"), seen, history)
        if n in (1, 5, 6, 9):
            alone = replace(alone, sent=model.sent)
            assert alone.decide(Task("Write a letter"), seen, history).raw == decision.raw
        reused.append(decision.usage.cached_tokens / decision.usage.prompt_tokens)
        history.append(Step(index=n, time=float(n), frame=shot, image="x", action=decision.action, raw=decision.raw))
    assert reused[0] == 0
    assert min(reused[1:5]) > 0.8, reused
    assert min(reused[6 if kind == "qwen3_5" else 5 :]) > 0.5, reused
    model.close()
    fresh.close()
