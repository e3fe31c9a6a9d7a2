"""``handeye doctor``: one line for each check of this machine, with how to repair what fails."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace

import httpx
import numpy as np

from actions.action import Move
from actions.frame import Point
from agent.calibration.targets import INSTRUCTION, target_at
from agent.core.model import ModelError, ParseError
from agent.doctor.check import CheckResult, Examination, Finding, MachineCheck, found, missing, not_needed
from agent.doctor.installed import extra_checks, installed_checks, memory_check
from agent.doctor.phones import GROUP as PHONES
from agent.doctor.phones import phone_checks
from agent.models.chat import ChatModel
from agent.models.opening import open_model
from agent.models.server_resize import ServerResize, counts_pixels
from agent.models.spec import ModelSpec
from agent.perception.perceive import Perceiver
from agent.run.env_spec import EnvSpec, open_env
from envs.android import AndroidEnv
from envs.android.capture import ScreencapCapture
from envs.capture import is_wayland, is_xwayland
from envs.desktop import DesktopEnv
from envs.env import Env
from envs.hotkey import STOP_CHORD, grab_stop_key
from envs.sandbox import SandboxEnv

SECONDS = 60.0
"""All checks of the machine together; that of a model has its own patience."""


def examine(model: ModelSpec | None = None, phone: tuple[str | None, int] | None = None) -> list[CheckResult]:
    """All checks, in the order a newcomer needs them; `model` is a model to reach, `phone` a serial (None: the only
    one) and a display.
    """
    examination = Examination(SECONDS)
    results = examination.all(_screen_checks())
    results += phone_checks(examination)
    if phone is not None:
        results.append(examination.look(MachineCheck(PHONES, "android", lambda: _android(*phone), True)))
    results += examination.all([*installed_checks(), memory_check(model), *extra_checks()])
    return results + ([check_model(model)] if model is not None else [])


def _screen_checks() -> list[MachineCheck]:
    linux = sys.platform.startswith("linux")
    return [
        MachineCheck("screens", "python", _python, True),
        MachineCheck("screens", "your desktop", _desktop),
        MachineCheck("screens", "wayland", _wayland),
        MachineCheck("screens", "stop key", _stop_key),
        MachineCheck("screens", "sandbox", _sandbox, linux),
        MachineCheck("screens", "text recognition", _reading, True),
    ]


def check_model(model: ModelSpec) -> CheckResult:
    """Whether the model can be reached, and what it is."""
    seconds = model.patience.total
    return Examination(seconds).look(
        MachineCheck("models", f"model {model.name}", lambda: _model(model), True, seconds)
    )


def check_screen(spec: EnvSpec) -> CheckResult:
    """Whether the screen can be opened and captured."""

    def look() -> str:
        with closing(open_env(spec)) as env:
            return f"{env.name}, {_captured(env)}"

    return Examination(SECONDS).look(MachineCheck("screens", f"screen {spec.kind}", look, True, SECONDS))


def local_servers() -> dict[str, list[str]]:
    """The model servers at their usual ports of this machine: address to the names that each serves."""

    def ask(port: int) -> list[str]:
        with suppress(httpx.HTTPError, ValueError, KeyError, TypeError):
            answer = httpx.get(f"http://127.0.0.1:{port}/v1/models", timeout=_LOOK, trust_env=False)
            return [str(model["id"]) for model in answer.json()["data"]] if answer.status_code == 200 else []
        return []

    with ThreadPoolExecutor(len(_PORTS)) as pool:
        found = zip(_PORTS, pool.map(ask, _PORTS), strict=True)
        return {f"http://127.0.0.1:{port}": names for port, names in found if names}


_PORTS, _LOOK = (8000, 8080, 11434, 1234, 30000, 23333), 1.0
"""vLLM and transformers, llama.cpp, Ollama, LM Studio, SGLang, LMDeploy; seconds for an answer."""
_LOOKED_AT = ((800, 600), (2560, 1440))


def _python() -> str:
    return f"{sys.version.split()[0]} on {sys.platform}"


def _desktop() -> str:
    env = DesktopEnv()
    try:
        return f"{env.name}, {_captured(env)}"
    finally:
        env.close()


def _captured(env: Env) -> str:
    start = time.perf_counter()
    seen = env.observe()
    return f"scale {seen.frame.scale:g}, captured in {(time.perf_counter() - start) * 1000:.0f} ms"


def _android(serial: str | None, display: int) -> str:
    with AndroidEnv(serial, display=display) as env:
        measured = ScreencapCapture(env.link, display=env.state().display).timings
        pictures = ", ".join(f"{way} {seconds * 1000:.0f} ms" for way, seconds in measured.items())
        told = f"scrcpy {env.stream.version}" if env.stream else f"pictures ({env.no_stream})"
        first = f", first frame in {env.stream.first * 1000:.0f} ms" if env.stream else ""
        return f"{env.name}, {_captured(env)}; screencap: {pictures}; changes are told by {told}{first}"


def _wayland() -> str | Finding:
    """What works in this session, where it is one of Wayland."""
    if not is_wayland(os.environ):
        return not_needed("this is no Wayland session")
    display = os.environ.get("DISPLAY")
    if not display:
        return missing("no desktop of yours can be used, the sandbox and phones work", "docs/wayland.md")
    from envs.x11 import XScreen  # Linux only

    with closing(XScreen(display)) as screen:
        xwayland = is_xwayland(screen.monitors())
    if xwayland:
        told = f"{display} is Xwayland, whose captures are black, the sandbox and phones work"
        return missing(told, "log in to an X11 (Xorg) session, or see docs/wayland.md")
    return found(f"{display} is an X server of its own in this session, and is what desktop means")


def _stop_key() -> str | Finding:
    display = os.environ.get("DISPLAY") if sys.platform.startswith("linux") else None
    if is_wayland(os.environ):
        return not_needed(f"{STOP_CHORD} works on the sandbox, and from no window of a Wayland session", "press Ctrl-C")
    if sys.platform.startswith("linux") and not display:
        return f"{STOP_CHORD} on the sandbox; there is no desktop of yours here"
    grab_stop_key(display, lambda: None).close()
    return f"{STOP_CHORD} works from any window"


def _sandbox() -> str:
    start = time.perf_counter()
    with SandboxEnv() as env:
        ready = time.perf_counter() - start
        seen = env.observe()
        env.perform(Move(point=Point(321, 123)), seen.frame)
        return f"{env.name}, ready in {ready:.1f} s, captured and moved the pointer"


def _reading() -> str:
    start = time.perf_counter()
    Perceiver().perceive(np.full((100, 200, 3), 255, np.uint8))
    return f"loaded and run in {time.perf_counter() - start:.1f} s"


def _model(spec: ModelSpec) -> str:
    model = open_model(spec)
    if not model.name:
        raise ModelError(f"{spec.name} has no name")
    told = f"reached {model.name}" + (f", dialect {model.dialect}" if model.dialect else "")
    return told + (_resize(model) if isinstance(model, ChatModel) and counts_pixels(model.speaks, "locate") else "")


def _resize(model: ChatModel) -> str:
    """What the server makes of a small and a large picture, where it says how many tokens they have."""
    learned = ServerResize()
    for size in _LOOKED_AT:
        with suppress(ParseError):
            replace(model, resized=learned).locate(target_at(size, (0.5, 0.5)).observation(), INSTRUCTION)
    scaled = ", ".join(f"{a}x{b} to {c}x{d}" for (a, b), (c, d) in learned.found.items())
    if scaled:
        return f"; it scales pictures ({scaled}), and places are corrected by that"
    return "; pictures are seen as they are sent" if len(learned.alone) == len(_LOOKED_AT) else ""
