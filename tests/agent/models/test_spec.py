"""Names of models: what they stand for, and what is said of the rest."""

import socket

import pytest

from agent.core.model import ModelError
from agent.models.chat import ChatModel
from agent.models.dialects.dialect import Platform
from agent.models.endpoints.patience import Patience
from agent.models.opening import BASE_URL, known_models, open_model
from agent.models.spec import ModelSpec
from tests.agent.scripted_server import ScriptedServer


def chat(name: str, platform: Platform = "desktop", **options: object) -> ChatModel:
    model = open_model(ModelSpec(name, **options), platform=platform)  # type: ignore[arg-type]
    assert isinstance(model, ChatModel)
    return model


def test_the_built_in_model_needs_no_server() -> None:
    model = open_model("builtin")
    assert (model.name, model.dialect) == ("builtin", None)


def test_an_address_asks_the_server_for_the_name() -> None:
    with ScriptedServer(["x"], names=("Qwen/Qwen2.5-VL-3B-Instruct",)) as server:
        model = chat(server.url)
    assert model.name == f"Qwen/Qwen2.5-VL-3B-Instruct at {server.url}"
    assert model.dialect == "qwen2.5-vl"
    assert model.platform == "desktop"


@pytest.mark.parametrize(
    "how", [{"name": "http://h:9#qwen2.5-vl-7b"}, {"name": "http://h:9/v1", "served_model": "qwen2.5-vl-7b"}]
)
def test_a_given_name_is_not_asked_for(how: dict[str, str]) -> None:
    model = chat(**how, platform="mobile")
    assert model.name == "qwen2.5-vl-7b at http://h:9/v1"
    assert model.platform == "mobile"


def test_a_name_with_an_address_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BASE_URL, "http://h:9")
    assert chat("qwen2.5-vl-7b").name == "qwen2.5-vl-7b at http://h:9/v1"


@pytest.mark.parametrize("name", ["", "gpt-17", "buildin", "htp://x", "ftp://x"])
def test_an_unknown_name_lists_what_is_known(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(BASE_URL, raising=False)
    with pytest.raises(ModelError, match=r"\Aunknown model [^\n]*\Z") as error:
        open_model(name)
    for known in known_models():
        assert known in str(error.value)


@pytest.mark.parametrize(
    "name", ["Holo5-4B", "UI-TARS-2", "gpt-6", "claude", "Qwen-VL-Chat", "Fara-3-9B", "InfiGUI-R1-3B"]
)
def test_a_family_that_talks_differently_is_not_guessed_at(name: str) -> None:
    with pytest.raises(ModelError, match="no dialect for"):
        open_model(f"http://h:9#{name}")
    assert chat(f"http://h:9#{name}", dialect="qwen2.5-vl").dialect == "qwen2.5-vl"


@pytest.mark.parametrize(
    "name", ["qwen2.5-vl", "Qwen2_5-VL-3B", "qwen2.5vl:7b", "qwen25-vl", "ggml-org/Qwen2.5-VL-3B-Instruct-GGUF"]
)
def test_spellings_of_the_family(name: str, caplog: pytest.LogCaptureFixture) -> None:
    assert chat(f"http://h:9#{name}").dialect == "qwen2.5-vl"
    assert not caplog.records


def test_a_name_of_no_known_family_needs_a_dialect() -> None:
    with pytest.raises(ModelError, match=r"\Ano dialect for 'agent': say with --dialect[^\n]*\Z"):
        open_model(ModelSpec("http://h:9#agent"))
    assert open_model(ModelSpec("http://h:9#agent", dialect="qwen2.5-vl")).dialect == "qwen2.5-vl"


def test_bad_input_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ModelError, match=r"\Ano model server at [^\n]*\Z"):
            open_model(ModelSpec(nobody, patience=Patience(connect=1)))
    with pytest.raises(ModelError, match=r"unknown dialect 'x'. Known: [^\n]*qwen2\.5-vl"):
        open_model(ModelSpec("http://h:9#m", dialect="x"))
    with pytest.raises(ModelError, match="max_pixels must be at least 3136"):
        open_model(ModelSpec("http://h:9#qwen2.5-vl", max_pixels=10))
