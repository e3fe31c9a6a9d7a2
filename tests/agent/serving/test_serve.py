"""``handeye serve``: the command for each engine, and what becomes of the child, with stand-in engines on PATH."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.core.errors import UserError
from agent.models.dialects.registry import DIALECTS
from agent.models.dialects.resize import Resize
from agent.serving import memory
from agent.serving.engines import Machine, ServeRequest, context, image_tokens, is_gguf, plan, plan_pair
from agent.serving.memory import GB, check_room, needed_bytes
from agent.serving.process import ServerProcess, free_port
from tests.agent.fake_engines import install

ALL = Machine(gpu=True, which=lambda name: f"/bin/{name}", help_of=lambda name: "--image-max-tokens")
NO_GPU = Machine(gpu=False, which=lambda name: f"/bin/{name}", help_of=lambda name: "")
NOTHING = Machine(gpu=False, which=lambda name: None)
DEADLINE = 120
"""Seconds that a child may take on a busy machine."""


def flag(command: tuple[str, ...], name: str) -> str:
    return command[command.index(name) + 1]


# The command ---------------------------------------------------------------------------------------------------------


def test_vllm_on_a_gpu() -> None:
    made = plan(ServeRequest("Qwen/Qwen2.5-VL-7B-Instruct", gpu_memory=0.8), ALL)
    assert made.command[:3] == ("/bin/vllm", "serve", "Qwen/Qwen2.5-VL-7B-Instruct")
    assert json.loads(flag(made.command, "--limit-mm-per-prompt")) == {"image": 1, "video": 0}
    assert json.loads(flag(made.command, "--mm-processor-kwargs")) == {"min_pixels": 3136, "max_pixels": 12845056}
    assert int(flag(made.command, "--max-model-len")) >= 12845056 // 784 + 4096
    assert flag(made.command, "--gpu-memory-utilization") == "0.8"
    assert flag(made.command, "--served-model-name") == "Qwen2.5-VL-7B-Instruct"
    assert (made.url, made.health) == ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/health")
    assert made.address == made.url
    assert made.told == ()


def test_a_lower_limit_on_images_is_the_servers_and_ours() -> None:
    made = plan(ServeRequest("Qwen/Qwen2.5-VL-7B-Instruct", max_pixels=1_003_520), ALL)
    assert json.loads(flag(made.command, "--mm-processor-kwargs"))["max_pixels"] == 1_003_520
    assert int(flag(made.command, "--max-model-len")) < 12_000
    assert made.told == ("--max-pixels", "1003520")


def test_tiles_have_no_pixel_limits() -> None:
    made = plan(ServeRequest("OpenGVLab/InternVL2_5-8B"), ALL)
    assert "--mm-processor-kwargs" not in made.command
    assert image_tokens(DIALECTS["internvl2.5"].resize) == 13 * 256


@pytest.mark.parametrize("name", ["Qwen2.5-1.5B-Instruct", "qwen2.5-1.5b.gguf"])
def test_a_text_planner_needs_no_vision_part_and_is_used_as_planner(tmp_path: Path, name: str) -> None:
    weights = tmp_path / name
    weights.touch()
    made = plan(ServeRequest(str(weights) if "gguf" in name else name, dialect="text-planner"), ALL)
    assert not re.search("mmproj|image|mm-", " ".join(made.command))
    assert made.use == ("--planner", made.address)
    sees = plan(ServeRequest("Qwen/Qwen2.5-VL-7B-Instruct", max_pixels=1_003_520), ALL)
    assert sees.use == ("--model", sees.address, "--max-pixels", "1003520")


def test_a_planner_and_a_grounder_share_the_gpu_by_their_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_gpu_bytes", lambda: 80 * GB)
    made = plan_pair(ServeRequest("Qwen/Qwen3-VL-8B-Instruct"), "osunlp/UGround-V1-2B", 8001, ALL)
    assert (made.planner.dialect, made.grounder.dialect) == ("planner", "uground")
    shares = [float(flag(one.command, "--gpu-memory-utilization")) for one in (made.planner, made.grounder)]
    assert shares == [0.71, 0.19]
    assert made.use == ("--planner", "http://127.0.0.1:8000/v1", "--grounder", "http://127.0.0.1:8001/v1")


def test_a_planner_without_a_vision_part_is_a_text_planner(tmp_path: Path, gguf: Path) -> None:
    text = tmp_path / "text"
    text.mkdir()
    weights = text / "qwen2.5-coder-1.5b.gguf"
    weights.touch()
    made = plan_pair(ServeRequest(str(weights)), str(gguf), 8001, NO_GPU)
    assert made.use[-2:] == ("--dialect", "text-planner")
    sees = plan_pair(ServeRequest(str(gguf)), str(gguf), 8001, NO_GPU)
    assert sees.planner.dialect == "planner"
    assert "--mmproj" in sees.planner.command
    with pytest.raises(UserError, match="does not say"):
        plan_pair(ServeRequest(str(gguf)), str(weights), 8001, NO_GPU)


def test_two_that_do_not_fit_are_refused_with_their_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_gpu_bytes", lambda: 16 * GB)
    pair = (ServeRequest("Qwen/Qwen2.5-VL-7B-Instruct"), "osunlp/UGround-V1-2B", 8001, ALL)
    with pytest.raises(
        UserError, match=r"planner about 16\.6 GB and the grounder about 5\.1 GB, and 16\.0 GB are free"
    ):
        plan_pair(*pair)
    assert "osunlp/UGround-V1-2B" in plan_pair(*pair, installed=False).grounder.command, "for another machine"
    check_room([("planner", None)], 1)
    check_room([("planner", 2)], None)


@pytest.mark.parametrize(
    ("name", "gigabytes"),
    [
        ("Qwen/Qwen3-VL-30B-A3B", 60),
        ("a/Qwen2.5-1.5B-GGUF:Q4_K_M", 0.93),
        ("a/B-7b-Instruct-AWQ", 4.34),
        ("a/Other", None),
    ],
)
def test_the_size_of_a_model_by_its_name(name: str, gigabytes: float | None) -> None:
    needed = needed_bytes(name)
    assert needed == (None if gigabytes is None else pytest.approx(gigabytes * GB * 1.15 + GB / 2))


@pytest.mark.parametrize("name", DIALECTS)
def test_every_family_has_room_for_its_largest_picture(name: str) -> None:
    speaks = DIALECTS[name]
    prompts = [*speaks.decide.values(), speaks.locate]
    assert context(speaks, None) >= image_tokens(speaks.resize) + max(prompt.max_tokens for prompt in prompts)
    assert context(speaks, None) % 1024 == 0


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    (tmp_path / "mmproj-Qwen2.5-VL-3B-f16.gguf").touch()
    weights = tmp_path / "Qwen2.5-VL-3B-Instruct-Q4_K_M.gguf"
    weights.touch()
    return weights


def test_llama_cpp_for_gguf_with_its_eyes_beside_it(gguf: Path) -> None:
    for model in (gguf, gguf.parent):
        made = plan(ServeRequest(str(model), port=8080), ALL)
        assert made.engine == "llama.cpp"
        assert made.command[0] == "/bin/llama-server"
        assert flag(made.command, "-m") == str(gguf)
        assert flag(made.command, "--mmproj").endswith("mmproj-Qwen2.5-VL-3B-f16.gguf")
        assert flag(made.command, "--image-min-tokens") == "4", "more would enlarge small screens and move every click"
        assert int(flag(made.command, "-c")) >= 16384
    assert "--image-min-tokens" not in plan(ServeRequest(str(gguf)), NO_GPU).command, "this build does not know it"


@pytest.mark.parametrize("name", [name for name, speaks in DIALECTS.items() if type(speaks.resize) is Resize])
def test_llama_cpp_leaves_what_is_sent_alone(name: str, gguf: Path) -> None:
    """But for families that count parts of a side, whose places an enlarged picture does not move."""
    speaks = DIALECTS[name]
    command = plan(ServeRequest(str(gguf), dialect=name), ALL).command
    least, most = (int(flag(command, f"--image-{end}-tokens")) for end in ("min", "max"))
    for size in ((320, 240), (390, 844), (800, 600), (1280, 800), (1920, 1080), (2560, 1440), (3840, 2160)):
        width, height = speaks.resize.size(*size)
        patches = width * height // speaks.resize.factor**2
        assert patches <= most
        assert (4 * most) ** 2 < 2**31 or speaks.resize.factor != 28, "llama.cpp's mask of windows cannot be larger"
        assert patches >= least or not speaks.space.startswith("abs")


def test_gguf_from_the_hub() -> None:
    made = plan(ServeRequest("ggml-org/Qwen2.5-VL-3B-Instruct-GGUF:Q4_K_M"), NO_GPU)
    assert flag(made.command, "-hf") == "ggml-org/Qwen2.5-VL-3B-Instruct-GGUF:Q4_K_M"
    assert "--mmproj" not in made.command


def test_transformers_otherwise(tmp_path: Path) -> None:
    made = plan(ServeRequest("Qwen/Qwen2.5-VL-3B-Instruct"), NO_GPU)
    assert made.engine == "transformers"
    assert made.address.endswith("/v1#Qwen/Qwen2.5-VL-3B-Instruct")
    (tmp_path / "config.json").write_text('{"model_type": "qwen2_5_vl"}')
    (tmp_path / "model.safetensors").touch()
    made = plan(ServeRequest(str(tmp_path)), NO_GPU)
    assert (made.dialect, made.told) == ("qwen2.5-vl", ("--dialect", "qwen2.5-vl"))


@pytest.mark.parametrize(
    ("model", "gguf"), [("a/B-GGUF", True), ("a/B-gguf:Q4", True), ("a/B", False), ("x.gguf", True), (".", False)]
)
def test_what_is_gguf(model: str, gguf: bool) -> None:
    assert is_gguf(model) == gguf


@pytest.mark.parametrize(
    ("wish", "machine", "words"),
    [
        (ServeRequest("Qwen/Qwen2.5-VL-3B-Instruct"), NOTHING, r"pip install 'transformers\[serving\]'"),
        (ServeRequest("a/Qwen2.5-VL-3B-GGUF"), NOTHING, "llama-server is not on PATH: get llama-server from"),
        (ServeRequest("Qwen/Qwen2.5-VL-3B-Instruct", "vllm"), NOTHING, "vllm is not on PATH: pip install vllm"),
        (ServeRequest("my/agent"), ALL, "add --dialect NAME"),
        (ServeRequest("a/Qwen2.5-VL-3B-GGUF", "vllm"), ALL, "--engine llama.cpp"),
        (ServeRequest("./nowhere"), ALL, "there is no ./nowhere"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_line(wish: ServeRequest, machine: Machine, words: str) -> None:
    with pytest.raises(UserError, match=words) as error:
        plan(wish, machine)
    assert "\n" not in str(error.value)


def test_gguf_without_eyes(gguf: Path) -> None:
    other = gguf.parent / "mmproj-other.gguf"
    other.touch()
    with pytest.raises(UserError, match=r"which eyes\?"):
        plan(ServeRequest(str(gguf)), ALL)
    assert flag(plan(ServeRequest(str(gguf), mmproj=other), ALL).command, "--mmproj") == str(other)
    for path in gguf.parent.glob("mmproj*"):
        path.unlink()
    with pytest.raises(UserError, match="without it the model is blind: add --mmproj FILE"):
        plan(ServeRequest(str(gguf)), ALL)


def test_what_would_fail_after_minutes_is_said_before(tmp_path: Path) -> None:
    """torchvision for Qwen's processors on ``transformers serve``, and head sizes that vLLM has no attention for."""
    missing = replace(NO_GPU, import_error=lambda program, module: f"No module named '{module}'")
    with pytest.raises(UserError, match=r"needs torchvision .*No module named 'torchvision'.*pip install torchvision"):
        plan(ServeRequest("Qwen/Qwen2.5-VL-3B-Instruct"), missing)
    config = {"model_type": "qwen2_5_vl", "text_config": {"hidden_size": 64, "num_attention_heads": 4}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match="no attention for heads of 16"):
        plan(ServeRequest(str(tmp_path), "vllm"), ALL)
    assert plan(ServeRequest(str(tmp_path), "vllm"), ALL, installed=False).engine == "vllm", (
        "a dry run looks at nothing"
    )
    (tmp_path / "config.json").write_text(json.dumps(config | {"text_config": {"head_dim": 128}}))
    assert plan(ServeRequest(str(tmp_path), "vllm"), ALL).engine == "vllm"
    (tmp_path / "config.json").write_text('{"model_type": "llava"}')
    assert plan(ServeRequest(str(tmp_path), "transformers", dialect="gta1"), missing).engine == "transformers"


def test_the_python_of_a_program_is_asked_what_it_can_import(tmp_path: Path) -> None:
    program = tmp_path / "transformers"
    program.write_text(f"#!{sys.executable}\n")
    asked = Machine(gpu=False).import_error
    assert asked(str(program), "json") == ""
    assert "No module named 'no_such_module'" in asked(str(program), "no_such_module")
    program.write_bytes(b"\x7fELF")
    assert asked(str(program), "no_such_module") == ""


VLLM_LOG = """
INFO 11-28 14:16:30 [config.py:12] loading
(EngineCore_0 pid=412) ERROR 11-28 14:16:41 [core.py:708] Traceback (most recent call last):
(EngineCore_0 pid=412) ERROR 11-28 14:16:41 [core.py:708]   File "core.py", line 700, in run_engine_core
(EngineCore_0 pid=412) ERROR 11-28 14:16:41 [core.py:708] ValueError: Head size 16 is not supported, WORDS.
(EngineCore_0 pid=412) ERROR 11-28 14:16:41 [core.py:708] Supported head sizes: 32, 64.
Traceback (most recent call last):
  File "vllm", line 8, in <module>
RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {'EngineCore_0': 1}
"""


def test_the_engines_own_error_is_said_and_printed_whole(tmp_path: Path) -> None:
    words = "whatever " * 60
    program = tmp_path / "vllm"
    program.write_text(f"#!{sys.executable}\nimport sys\nprint({VLLM_LOG.replace('WORDS', words)!r})\nsys.exit(1)\n")
    program.chmod(0o755)
    made = replace(plan(ServeRequest("Qwen/Qwen2.5-VL-3B", "vllm"), ALL), command=(str(program),))
    with ServerProcess(made, "127.0.0.1", free_port("127.0.0.1", 0), tmp_path / "log") as server:
        with pytest.raises(UserError) as error:
            server.wait_healthy(30)
        lines = server.error_lines()
    assert f"ValueError: Head size 16 is not supported, {words.strip()}" in str(error.value)
    assert "root cause" not in str(error.value)
    assert lines[0] == "Traceback (most recent call last):"
    assert "Supported head sizes: 32, 64." in lines


# The child -----------------------------------------------------------------------------------------------------------


@contextmanager
def serving(tmp_path: Path, *arguments: str, how: str = "slow") -> Iterator[subprocess.Popen[str]]:
    """``handeye serve`` with the stand-ins first on PATH."""
    folder = install(tmp_path / "bin", "vllm", "llama-server")
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "FAKE_ENGINE": how}
    environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    command = [
        sys.executable,
        "-m",
        "agent.cli.main",
        "serve",
        *(arguments or ("Qwen/Qwen2.5-VL-3B", "--engine", "vllm")),
    ]
    child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def ready(child: subprocess.Popen[str]) -> dict[str, Any]:
    assert child.stdout is not None
    found: dict[str, Any] = json.loads(child.stdout.readline())
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(*pids: int, seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(map(alive, pids))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_started_waited_for_and_stopped(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path, "Qwen/Qwen2.5-VL-3B-Instruct", "--engine", "vllm", "--json") as child:
        told = ready(child)
        assert told["engine"] == "vllm"
        assert told["command"][0] == str(tmp_path / "bin" / "vllm")
        assert told["use"] == ["handeye", "run", "--model", told["url"]]
        assert alive(told["pid"])
        child.send_signal(number)
        out, _ = child.communicate(timeout=DEADLINE)
        assert out == ""
        assert child.returncode == 0
        assert gone(told["pid"])
        assert "loading the weights" in Path(told["log"]).read_text()


def test_how_to_use_it_is_said(tmp_path: Path) -> None:
    with serving(tmp_path) as child:
        assert child.stdout is not None
        first, second = child.stdout.readline(), child.stdout.readline()
        child.terminate()
        _, err = child.communicate(timeout=DEADLINE)
    assert re.match(r"Qwen2\.5-VL-3B \(qwen2\.5-vl\) is ready at http://127\.0\.0\.1:\d+/v1", first)
    assert re.search(r'handeye run --model http://127\.0\.0\.1:\d+/v1 "', second)
    assert "starting vllm, log in" in err


def test_a_pair_is_started_together_and_stopped_together(tmp_path: Path) -> None:
    models = ("Qwen/Qwen3-VL-0.2B-Instruct", "--grounder", "osunlp/UGround-V1-0.2B", "--engine", "vllm", "--json")
    with serving(tmp_path, *models) as child:
        told = ready(child)
        urls = [told[role]["url"] for role in ("planner", "grounder")]
        assert told["use"] == ["handeye", "run", "--planner", urls[0], "--grounder", told["grounder"]["model"]]
        assert urls[0] != urls[1]
        pids = [told[role]["pid"] for role in ("planner", "grounder")]
        assert all(map(alive, pids))
        child.terminate()
        child.communicate(timeout=DEADLINE)
    assert gone(*pids)


def test_the_end_of_one_ends_both_and_is_said(tmp_path: Path) -> None:
    models = ("Qwen/Qwen3-VL-0.2B-Instruct", "--grounder", "osunlp/UGround-V1-0.2B", "--engine", "vllm", "--json")
    with serving(tmp_path, *models, how="dies") as child:
        told = ready(child)
        _, err = child.communicate(timeout=DEADLINE)
    assert child.returncode == 2
    assert "CUDA error: device lost" in err
    assert gone(told["planner"]["pid"], told["grounder"]["pid"])


def test_small_planners_are_listed_with_what_fits(tmp_path: Path) -> None:
    with serving(tmp_path, "--planners", "--json") as child:
        told = ready(child)
        child.communicate(timeout=DEADLINE)
    small = next(one for one in told["planners"] if "1.5B" in one["name"])
    assert (small["licence"], small["speed"], small["fits"]) == ("Apache-2.0", [80, 23], True)


def test_one_that_will_not_stop_is_made_to_with_its_children(tmp_path: Path) -> None:
    folder = install(tmp_path / "bin", "vllm")
    port = free_port("127.0.0.1", 0)
    wish = ServeRequest("Qwen/Qwen2.5-VL-3B", "vllm", port=port)
    made = plan(wish, Machine(gpu=True, which=lambda name: str(folder / name)))
    os.environ["FAKE_ENGINE"] = "stubborn"
    try:
        with ServerProcess(made, "127.0.0.1", port, tmp_path / "log", grace=0.3) as server:
            server.wait_healthy(10)
            child = int(re.findall(r"child (\d+)", (tmp_path / "log").read_text())[0])
            assert alive(child)
            start = time.monotonic()
    finally:
        del os.environ["FAKE_ENGINE"]
    assert time.monotonic() - start < DEADLINE
    assert gone(server.pid, child)


def test_why_it_died_is_said(tmp_path: Path) -> None:
    with serving(tmp_path, how="crash") as child:
        out, err = child.communicate(timeout=DEADLINE)
    assert child.returncode == 2
    assert out == ""
    last = err.strip().splitlines()[-1]
    assert last.startswith("handeye: vllm stopped with status 3: ValueError: No available memory for the cache blocks.")
    assert "(log: " in last
    assert "Traceback (most recent call last):\nFile" in err
    assert "bye" in err


def test_one_that_dies_later_is_an_error(tmp_path: Path) -> None:
    with serving(tmp_path, how="dies") as child:
        _, err = child.communicate(timeout=DEADLINE)
    assert child.returncode == 2
    assert "stopped with status 9: CUDA error: device lost" in err


def test_one_that_never_gets_ready(tmp_path: Path) -> None:
    with serving(tmp_path, "Qwen/Qwen2.5-VL-3B", "--engine", "vllm", "--timeout", "1", how="hang") as child:
        _, err = child.communicate(timeout=DEADLINE)
    assert child.returncode == 2
    assert "did not get ready within 1 s; its last word: loading the weights" in err


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        with serving(tmp_path, "Qwen/Qwen2.5-VL-3B", "--engine", "vllm", "--port", port) as child:
            _, err = child.communicate(timeout=DEADLINE)
    assert f"port {port} is taken on 127.0.0.1: choose another one with --port" in err


def test_dry_run_starts_nothing(tmp_path: Path, gguf: Path) -> None:
    with serving(tmp_path, str(gguf), "--dry-run", "--port", "8123", "--extra", "-t 4") as child:
        out, err = child.communicate(timeout=DEADLINE)
    assert (child.returncode, err) == (0, "")
    assert out.startswith(f"{tmp_path / 'bin' / 'llama-server'} -m {gguf} --host 127.0.0.1 --port 8123")
    assert out.rstrip().endswith("-t 4")
    assert not (tmp_path / "cache").exists()


# transformers serve itself -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_transformers_serve_itself(tmp_path: Path) -> None:
    """A random vision model: it is started, recognised, shown a picture, answers with noise, and is stopped."""
    for package in ("torch", "transformers", "fastapi", "uvicorn", "openai"):
        pytest.importorskip(package)
    import numpy as np

    from actions.frame import Frame
    from agent.core.model import ParseError
    from agent.models.chat import ChatModel
    from agent.models.endpoints.openai import OpenAIEndpoint
    from agent.models.endpoints.patience import Patience
    from envs.env import Observation
    from tests.agent import tiny_llava

    folder = tiny_llava.save(tmp_path / "tiny-llava")
    log = tmp_path / "log"
    arguments = (str(folder), "--engine", "transformers", "--dialect", "gta1", "--json", "--timeout", "120")
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf"), "OMP_NUM_THREADS": "1"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in offline.items():
            patch.setenv(name, value)
        with serving(tmp_path, *arguments, "--log", str(log)) as child:
            told = ready(child)
            url, _, served = told["model"].partition("#")
            endpoint = OpenAIEndpoint(url, served, patience=Patience(total=60))
            assert endpoint.server.kind == "transformers"
            screen = Observation(np.full((90, 160, 3), 200, np.uint8), Frame(id="1", width=160, height=90))
            with pytest.raises(ParseError, match=r"\A[^\n]*\Z") as error:
                ChatModel(endpoint, DIALECTS["gta1"]).locate(screen, "the button")
            assert error.value.usage.completion_tokens > 0
            child.terminate()
            child.communicate(timeout=DEADLINE)
            assert child.returncode == 0
            assert gone(told["pid"])
    assert "Ignoring unsupported fields" not in log.read_text()
