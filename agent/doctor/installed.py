"""Checks of what else is installed: browsers, programs, fonts, extras, and memory for a model."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec

from actions.extras import install_command
from agent.doctor.check import Finding, MachineCheck, found, missing, not_needed
from agent.models.spec import ModelSpec
from agent.serving.engines import Machine
from agent.serving.memory import BYTES_OF_GGUF, BYTES_OF_WEIGHT, GB, free_bytes, largest, needed_bytes
from envs.programs import BROWSERS, CHROMIUMS

PROGRAMS = ("mousepad", "galculator", "xterm")
"""Those of the examples."""


@dataclass(frozen=True)
class Extra:
    """What an extra of the package gives, and the modules that it brings."""

    gives: str
    modules: tuple[str, ...]


EXTRAS = {
    "qwen": Extra(
        "checkpoints in this process (--model hf:…)",
        ("torch", "torchvision", "transformers", "accelerate", "qwen_vl_utils", "llguidance"),
    ),
    "bench": Extra("bench on several machines, MiniWoB++, data sets in parquet", ("ray", "miniwob", "pyarrow")),
    "hub": Extra("bench download, data sets in parquet", ("huggingface_hub", "pyarrow")),
    "gymnasium": Extra("the suites as Gymnasium envs", ("gymnasium",)),
    "film": Extra("report --mp4, and being told by scrcpy when a phone's screen changes", ("av",)),
    "pdf": Extra("ask of a PDF file", ("pypdfium2",)),
    "mcp": Extra("handeye mcp", ("mcp", "uvicorn")),
    "pyautogui": Extra("input through pyautogui in place of X11", ("pyautogui",)),
}
"""The extras for users, as in pyproject.toml."""

SCRIPTS = {
    "Latin": "e",
    "Cyrillic": "ж",
    "Greek": "λ",
    "Chinese and Japanese": "日",
    "Korean": "한",
    "Arabic": "ع",
    "Hindi": "अ",
    "Thai": "ก",
    "emoji": "😀",
}
"""A character of each script that a screen may show."""
_FONT_PACKAGES = {
    "Chinese and Japanese": "fonts-noto-cjk",
    "Korean": "fonts-noto-cjk",
    "emoji": "fonts-noto-color-emoji",
    "Latin": "fonts-dejavu-core",
    "Cyrillic": "fonts-dejavu-core",
    "Greek": "fonts-dejavu-core",
}
"""Debian's; all others are in fonts-noto-core."""


def installed_checks() -> list[MachineCheck]:
    """What programs on a sandbox and a phone need."""
    return [
        MachineCheck("programs", "browsers", _browsers),
        MachineCheck("programs", "programs of the examples", _programs),
        MachineCheck("programs", "fonts", _fonts),
        MachineCheck("programs", "text that is read", _alphabet),
    ]


def extra_checks() -> list[MachineCheck]:
    """One for each extra."""
    return [MachineCheck("extras", name, lambda name=name: _extra(name)) for name in EXTRAS]  # type: ignore[misc]


def memory_check(model: ModelSpec | None) -> MachineCheck:
    """Whether a model in this process fits into memory, or how large one may be."""
    name = model.name.removeprefix("hf:") if model and model.name.startswith("hf:") else None
    return MachineCheck("models", "memory for a model", lambda: _memory(name), needed=name is not None)


def _browsers() -> str | Finding:
    there = [name for name in dict.fromkeys((*CHROMIUMS, *BROWSERS)) if shutil.which(name)]
    if not any(name in CHROMIUMS for name in there):
        what = f"{', '.join(there)}, but no Chromium" if there else "none"
        return missing(what, "sudo apt install chromium, which --env browser, --env phone and MiniWoB++ need")
    return ", ".join(there)


def _programs() -> str | Finding:
    absent = [program for program in PROGRAMS if not shutil.which(program)]
    if absent:
        return missing(f"not installed, {', '.join(absent)}", f"sudo apt install {' '.join(absent)}")
    return ", ".join(PROGRAMS)


def _fonts() -> str | Finding:
    if shutil.which("fc-list") is None:
        return not_needed("fontconfig is not there to ask", "sudo apt install fontconfig")
    drawn = {script: _has_font(character) for script, character in SCRIPTS.items()}
    absent = [script for script, there in drawn.items() if not there]
    if not absent:
        return f"for {', '.join(SCRIPTS)}"
    packages = dict.fromkeys(_FONT_PACKAGES.get(script, "fonts-noto-core") for script in absent)
    return missing(
        f"none for {', '.join(absent)}, which a sandbox shows as boxes", f"sudo apt install {' '.join(packages)}"
    )


def _has_font(character: str) -> bool:
    asked = ["fc-list", f":charset={ord(character):x}", "family"]
    return bool(subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, timeout=10).stdout.strip())


def _alphabet() -> str:
    """Which scripts the recogniser of text knows."""
    from agent.perception.ocr_models import alphabet

    known = {*alphabet()}
    read = [script for script, character in SCRIPTS.items() if character in known]
    unread = [script for script in SCRIPTS if script not in read]
    return f"{', '.join(read)}" + (f"; not {', '.join(unread)}" if unread else "")


def _extra(name: str) -> str | Finding:
    absent = [module for module in EXTRAS[name].modules if find_spec(module) is None]
    if not absent:
        return f"installed: {EXTRAS[name].gives}"
    lacks = "not installed" if len(absent) == len(EXTRAS[name].modules) else f"lacks {', '.join(absent)}"
    return not_needed(f"{lacks}, gives {EXTRAS[name].gives}", install_command(name))


def _memory(model: str | None) -> str | Finding:
    """Of the GPUs where there are some, else of the machine; `model` is a folder or a hub id that is to be run here."""
    gpu = Machine.here().gpu
    free, where = free_bytes(gpu), "GPU memory" if gpu else "memory"
    if free is None:
        return not_needed(f"how much {where} is free is not known" + (", nvidia-smi does not say" if gpu else ""))
    there = f"{free / GB:.1f} GB of {where} free" + ("" if gpu else ", no GPU")
    needed = needed_bytes(model) if model else None
    if model is None or needed is None:
        sizes = (
            f"{largest(free, each):.0f}B in {bits} bits" for each, bits in ((BYTES_OF_WEIGHT, 16), (BYTES_OF_GGUF, 4))
        )
        return found(f"{there}: models up to about {' or '.join(sizes)}")
    takes = f"{model} takes about {needed / GB:.1f} GB with its context, {there}"
    return found(takes) if needed <= free else missing(takes, "take a smaller one, or serve it elsewhere")
