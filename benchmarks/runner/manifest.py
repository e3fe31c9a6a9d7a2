"""Everything that is needed to explain a figure or to get it again."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from agent.models.endpoints.openai import api_key
from benchmarks.runner.model_pool import ModelPool
from benchmarks.runner.plan import RunPlan
from benchmarks.suite import Sample, Suite

LIBRARIES = ("numpy", "opencv-python-headless", "Pillow", "isal", "httpx", "pydantic", "onnxruntime", "rapidocr", "ray")
IDENTITY = ("suite", "protocol", "options", "limit", "samples", "model", "plugins")
"""What two runs must share for their answers to belong to one result."""
_SECONDS = 3.0


def manifest_of(plan: RunPlan, suite: Suite, models: ModelPool, samples: Sequence[Sample]) -> dict[str, Any]:
    """The manifest of a run that is about to begin. `IDENTITY` names its parts that a resumed run must share."""
    written = plan.to_json()
    return {
        "suite": suite.name,
        "kind": suite.kind,
        "protocol": dict(suite.protocol),
        "options": written["options"],
        "limit": plan.limit,
        "samples": len(samples),
        "model": models.identity,
        "plugins": plan.plugins(),
        "server": None if models.server is None else models.server | {"version": server_version(models.server)},
        "handeye": handeye_version(),
        "environment": environment(),
        "command": ["handeye", *sys.argv[1:]],
        "plan": written,
    }


def differences(before: Mapping[str, Any], now: Mapping[str, Any], names: Sequence[str] = IDENTITY) -> list[str]:
    """Where two manifests are not the same, each in a few words; only `names` are looked at."""
    found = list[str]()
    for name in names:
        found += _unlike(name, before.get(name), now.get(name))
    return found


def _unlike(name: str, before: Any, now: Any) -> list[str]:
    if _plain(before) == _plain(now):
        return []
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        keys = [*before, *(key for key in now if key not in before)]
        return [line for key in keys for line in _unlike(f"{name}.{key}", before.get(key), now.get(key))]
    return [f"{name} was {_short(before)}, now {_short(now)}"]


def _plain(value: Any) -> Any:
    """As it would be read back from JSON."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


@cache
def handeye_version() -> dict[str, Any]:
    """The version and, in a checkout, the commit and whether files differ from it."""
    root = Path(__file__).resolve().parents[2]
    commit = _output("git", "-C", str(root), "rev-parse", "HEAD") if (root / ".git").exists() else None
    status = _output("git", "-C", str(root), "status", "--porcelain", "--untracked-files=no") if commit else None
    version = importlib.metadata.version("handeye")
    return {"version": version, "commit": commit, "dirty": None if status is None else bool(status)}


@cache
def environment() -> dict[str, Any]:
    """This machine and what runs on it; None where it cannot be told."""
    return {
        "python": platform.python_version(),
        "os": _os(),
        "machine": platform.machine(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gb": _memory(),
        "gpu": _gpu(),
        "libraries": {name: _version(name) for name in LIBRARIES},
    }


def server_version(server: Mapping[str, Any]) -> str | None:
    """The version of the server at ``address`` (an OpenAI-compatible base) of that ``kind``, if it says."""
    path, name = _VERSIONS.get(server["kind"], ("", ""))
    if not path:
        return None
    address = server["address"].removesuffix("/v1") + path
    key = api_key(httpx.URL(address).host)
    try:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        response = httpx.get(address, timeout=_SECONDS, headers=headers)
        found = response.json().get(name) if response.status_code == 200 else None
    except (httpx.HTTPError, ValueError, AttributeError):
        return None
    return found if isinstance(found, str) else None


_VERSIONS = {
    "vllm": ("/version", "version"),
    "llama.cpp": ("/props", "build_info"),
    "ollama": ("/api/version", "version"),
    "sglang": ("/get_server_info", "version"),
}
"""Where each kind says its version: vLLM's and SGLang's servers, llama.cpp's server README, Ollama's API page."""


def _output(*command: str) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _os() -> str:
    try:
        return f"{platform.freedesktop_os_release().get('PRETTY_NAME', '')}, {platform.system()} {platform.release()}"
    except OSError:
        return platform.platform()


def _cpu() -> str | None:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        return platform.processor() or None
    return found[1] if found else platform.processor() or None


def _memory() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError):
        return None


def _gpu() -> str | None:
    if shutil.which("nvidia-smi") is None:
        return None
    return _output("nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader")


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
