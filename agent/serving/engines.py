"""Which engine serves a model here, and with which flags for its dialect. No engine is ours: this only writes commands.

Flags are those of ``vllm serve`` (0.11 and later), llama.cpp's ``llama-server`` and ``transformers serve`` (5.23).
"""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any, Literal

from agent.core.errors import UserError
from agent.models.dialects.dialect import Dialect
from agent.models.dialects.registry import DIALECTS, families_of, get_dialect, is_other_family
from agent.models.dialects.resize import Resize, Tiles
from agent.models.in_process.checkpoint import OF_TYPE
from agent.models.spec import PLANNER_NAME, TEXT_PLANNER_NAME
from agent.serving.memory import check_room, free_bytes, needed_bytes

Engine = Literal["vllm", "llama.cpp", "transformers"]
PROGRAMS: dict[Engine, str] = {"vllm": "vllm", "llama.cpp": "llama-server", "transformers": "transformers"}
INSTALL: dict[Engine, str] = {
    "vllm": "pip install vllm (it needs a GPU)",
    "llama.cpp": "get llama-server from https://github.com/ggml-org/llama.cpp/releases and put it on PATH",
    "transformers": "pip install 'transformers[serving]'",
}
_PROMPT, _ANSWER, _ROUND = 4096, 4096, 1024
_GPU_SHARE = 0.9
"""Of a GPU's memory, for both models of a pair; vLLM's own default for one."""
_MIN_TOKENS = 1024
"""Image tokens that Qwen's authors advise for pointing with llama.cpp (ggml-org/llama.cpp issue 16842). Enlarging moves
the places of families that count pixels.
"""

_MOST_TOKENS = 11585
"""Image tokens at most for Qwen2.5-VL on llama.cpp: the mask of its windows would have 2**31 places with more, and
overflow (``row_offset`` in ``tools/mtmd/clip.cpp`` of b11434).
"""


@dataclass(frozen=True)
class Machine:
    """What there is to serve with: whether there is a GPU, the programs found, what a program's ``--help`` says, and
    why the Python of a program cannot import a module (empty where it can, or is not known).
    """

    gpu: bool
    which: Callable[[str], str | None] = lambda program: _program_path(program)
    help_of: Callable[[str], str] = lambda program: _help(program)
    import_error: Callable[[str, str], str] = lambda program, module: _import_error(program, module)

    @classmethod
    def here(cls) -> Machine:
        """This machine. A GPU counts where its driver is loaded (NVIDIA or AMD)."""
        return cls(gpu=Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists())


@dataclass(frozen=True)
class ServeRequest:
    """What is to be served: a folder, a hub id or a GGUF file; everything else may be left to be chosen.

    `gpu_memory` is the share of the GPU's memory that vLLM takes (0 to 1), `max_pixels` a lower limit on an image's
    area than the family's own, `mmproj` the file with the eyes of a GGUF, `extra` further flags for the engine.
    """

    model: str
    engine: Engine | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    dialect: str | None = None
    gpu_memory: float | None = None
    max_pixels: int | None = None
    mmproj: Path | None = None
    extra: tuple[str, ...] = ()


@dataclass(frozen=True)
class ServePlan:
    """A command that serves a model: at `url` under the name `served`; `told` are the options to use it with."""

    engine: Engine
    command: tuple[str, ...]
    url: str
    served: str
    dialect: str
    told: tuple[str, ...] = ()
    port: int = 8000

    @property
    def health(self) -> str:
        """What answers 200 once it is ready."""
        return self.url.removesuffix("/v1") + "/health"

    @property
    def address(self) -> str:
        """What ``--model`` takes. `transformers serve` does not list a folder that it serves, so it is named."""
        return f"{self.url}#{self.served}" if self.engine == "transformers" else self.url

    @property
    def use(self) -> tuple[str, ...]:
        """The options that use it: a text planner is ``--planner``, everything else ``--model``."""
        if self.dialect in (TEXT_PLANNER_NAME, PLANNER_NAME):
            return "--planner", self.address
        return "--model", self.address, *self.told


@dataclass(frozen=True)
class Pair:
    """A planner and a grounder, to be served together."""

    planner: ServePlan
    grounder: ServePlan

    @property
    def use(self) -> tuple[str, ...]:
        """The options that use both."""
        text = self.planner.dialect == TEXT_PLANNER_NAME
        more = ("--dialect", TEXT_PLANNER_NAME) if text else ()
        return *self.planner.use, "--grounder", self.grounder.address, *more


def plan(wish: ServeRequest, machine: Machine, installed: bool = True) -> ServePlan:
    """The command for `wish` on `machine`; the engine has to be `installed`, or may be missing.

    Raises `UserError` with what to install or to add.
    """
    _check_path(wish.model)
    engine = wish.engine or _best(wish.model, machine)
    program = machine.which(PROGRAMS[engine])
    if program is None and installed:
        better = f"{INSTALL['vllm']}, or " if wish.engine is None and machine.gpu and engine != "llama.cpp" else ""
        raise UserError(f"{PROGRAMS[engine]} is not on PATH: {better}{INSTALL[engine]}")
    if is_gguf(wish.model) and engine != "llama.cpp":
        raise UserError(f"{wish.model} is a GGUF file: serve it with --engine llama.cpp")
    if engine == "llama.cpp" and Path(wish.model).is_dir():
        wish = replace(wish, model=str(_weights_file(Path(wish.model))))
    speaks, named = _dialect_of(wish)
    if program is not None and installed:
        _check_engine(engine, program, wish, speaks, machine)
    write = {"vllm": _vllm, "llama.cpp": _llama_cpp, "transformers": _transformers}[engine]
    served = wish.model if engine == "transformers" else _name(wish.model)
    command = (program or PROGRAMS[engine], *write(wish, speaks, served, machine), *wish.extra)
    url = f"http://{_reachable(wish.host)}:{wish.port}/v1"
    told: tuple[str, ...] = () if named else ("--dialect", speaks.name)
    told += ("--max-pixels", str(wish.max_pixels)) if wish.max_pixels else ()
    return ServePlan(engine, command, url, served, speaks.name, told, wish.port)


def plan_pair(planner: ServeRequest, grounder: str, port: int, machine: Machine, installed: bool = True) -> Pair:
    """The commands for a planner, and for a grounder at `port`; a planner that cannot see is a text planner.

    Where vLLM serves both, they share the GPU's memory by the size of their weights. Raises like `plan`, for a
    grounder whose name does not say its family, and, where they are `installed`, for two that do not fit into the
    memory together.
    """
    sizes = [needed_bytes(planner.model), needed_bytes(grounder)]
    if installed:
        check_room([*zip(("planner", "grounder"), sizes, strict=True)], free_bytes(machine.gpu))
    dialect = planner.dialect or (PLANNER_NAME if _may_see(planner) else TEXT_PLANNER_NAME)
    engine = planner.engine if is_gguf(grounder) == is_gguf(planner.model) else None
    wishes = [replace(planner, dialect=dialect), ServeRequest(grounder, engine, planner.host, port)]
    if planner.gpu_memory is None and all((wish.engine or _best(wish.model, machine)) == "vllm" for wish in wishes):
        first, second = (size or 1 for size in sizes)
        shares = (_GPU_SHARE * size / (first + second) for size in (first, second))
        wishes = [replace(wish, gpu_memory=round(share, 2)) for wish, share in zip(wishes, shares, strict=True)]
    made = Pair(*(plan(wish, machine, installed) for wish in wishes))
    if made.grounder.told:
        raise UserError(
            f"the name {_name(grounder)!r} does not say the grounder's family: serve it under one that does"
        )
    return made


def _may_see(wish: ServeRequest) -> bool:
    """Whether the model is of a family that sees, or has a vision part beside it."""
    folder = Path(wish.model) if Path(wish.model).is_dir() else Path(wish.model).parent
    beside = is_gguf(wish.model) and Path(wish.model).exists() and any(folder.glob("*mmproj*.gguf"))
    return bool(wish.mmproj or beside or "vision_config" in _config(wish.model) or families_of(_name(wish.model)))


def _check_engine(engine: Engine, program: str, wish: ServeRequest, speaks: Dialect, machine: Machine) -> None:
    """Raises `UserError` for what the engine would find out after it has loaded the weights."""
    config = _config(wish.model)
    kind = str(config.get("model_type", "")) if config else "qwen" if type(speaks.resize) is Resize else ""
    if engine == "transformers" and kind.startswith("qwen"):
        why = machine.import_error(program, "torchvision")
        if why:
            raise UserError(f"transformers serve needs torchvision for this model ({why}): pip install torchvision")
    if engine == "vllm" and config:
        text = config["text_config"] if isinstance(config.get("text_config"), dict) else config
        heads, hidden = text.get("num_attention_heads"), text.get("hidden_size")
        counted = isinstance(heads, int) and isinstance(hidden, int) and heads > 0
        size = text.get("head_dim") or (hidden // heads if counted else None)  # type: ignore[operator]
        if isinstance(size, int) and not (32 <= size <= 256 and size % 8 == 0):
            raise UserError(f"vLLM has no attention for heads of {size}, only of 32 to 256: use --engine transformers")


def is_gguf(model: str) -> bool:
    """Whether `model` is a GGUF file, a folder of them, or a hub repository named for one."""
    path = Path(model)
    if path.is_dir():
        return any(path.glob("*.gguf")) and not any(path.glob("*.safetensors"))
    return model.lower().endswith(".gguf") or (not path.exists() and "gguf" in model.lower().partition(":")[0])


def _check_path(model: str) -> None:
    """Raises `UserError` for what looks like a path and is none."""
    local = model.startswith(("/", "./", "../", "~")) or model.lower().endswith(".gguf")
    if local and not Path(model).exists():
        raise UserError(f"there is no {model}: give a checkpoint's folder, a GGUF file, or a hub id such as ORG/NAME")


def _best(model: str, machine: Machine) -> Engine:
    if is_gguf(model):
        return "llama.cpp"
    return "vllm" if machine.gpu and machine.which(PROGRAMS["vllm"]) else "transformers"


def _dialect_of(wish: ServeRequest) -> tuple[Dialect, bool]:
    """The dialect, and whether the name under which the model is served says so by itself."""
    found = families_of(_name(wish.model))
    if wish.dialect:
        speaks = get_dialect(wish.dialect)
        return speaks, [dialect.name for dialect in found] == [speaks.name]
    if len(found) == 1:
        return found[0], True
    kind = str(_config(wish.model).get("model_type", ""))
    if kind in OF_TYPE and not found and not is_other_family(_name(wish.model)):
        return DIALECTS[OF_TYPE[kind]], False
    raise UserError(
        f"the name {_name(wish.model)!r} does not say how the model talks: "
        "add --dialect NAME (handeye models lists them)"
    )


def _config(model: str) -> dict[str, Any]:
    """The configuration of the checkpoint in the folder `model`; empty where there is none."""
    try:
        config = json.loads((Path(model) / "config.json").read_text())
    except (OSError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}


def _name(model: str) -> str:
    """The last part of a path or a hub id, without the ending of a GGUF file."""
    name = PurePath(model.rstrip("/")).name
    return name[: -len(".gguf")] if name.lower().endswith(".gguf") else name


def _reachable(host: str) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound
    return f"[{host}]" if ":" in host else host


def image_tokens(rule: Resize, max_pixels: int | None = None) -> int:
    """Tokens of the largest image that `rule` makes: one for each ``factor x factor`` pixels, 256 for each tile."""
    area = min(rule.max_pixels, max_pixels or rule.max_pixels)
    if isinstance(rule, Tiles):
        return (area // rule.factor**2 + 1) * 256
    return math.ceil(area / min(rule.factor, 32) ** 2)


def context(speaks: Dialect, max_pixels: int | None) -> int:
    """Tokens of context that one step takes at most: the picture, prompt and history, and the answer."""
    pictures = image_tokens(speaks.resize, max_pixels) if _sees(speaks) else 0
    wanted = pictures + _PROMPT + _ANSWER
    return math.ceil(wanted / _ROUND) * _ROUND


def _sees(speaks: Dialect) -> bool:
    return speaks.name != TEXT_PLANNER_NAME


def _listen(wish: ServeRequest) -> tuple[str, ...]:
    return "--host", wish.host, "--port", str(wish.port)


def _vllm(wish: ServeRequest, speaks: Dialect, served: str, machine: Machine) -> list[str]:
    flags = ["serve", wish.model, *_listen(wish), "--served-model-name", served]
    if _sees(speaks):
        flags += ["--limit-mm-per-prompt", json.dumps({"image": speaks.pictures, "video": 0})]
    flags += ["--max-model-len", str(context(speaks, wish.max_pixels))]
    if type(speaks.resize) is Resize and _sees(speaks):
        limits = {"min_pixels": speaks.resize.min_pixels, "max_pixels": _area(speaks, wish)}
        flags += ["--mm-processor-kwargs", json.dumps(limits)]
    if wish.gpu_memory is not None:
        flags += ["--gpu-memory-utilization", f"{wish.gpu_memory:g}"]
    return flags


def _area(speaks: Dialect, wish: ServeRequest) -> int:
    return min(speaks.resize.max_pixels, wish.max_pixels or speaks.resize.max_pixels)


def _llama_cpp(wish: ServeRequest, speaks: Dialect, served: str, machine: Machine) -> list[str]:
    source = ["-m", wish.model] if Path(wish.model).exists() else ["-hf", wish.model]
    flags = [*source, *_listen(wish), "--alias", served, "-c", str(context(speaks, wish.max_pixels)), "-np", "1"]
    if not _sees(speaks):
        return flags
    if source[0] == "-m":
        flags += ["--mmproj", str(wish.mmproj or _vision_file(Path(source[1])))]
    known = machine.help_of(machine.which(PROGRAMS["llama.cpp"]) or "")
    if type(speaks.resize) is Resize and "--image-max-tokens" in known:
        pixels = any(space.startswith("abs") for space in (speaks.space, *speaks.space_for.values()))
        least = math.ceil(speaks.resize.min_pixels / speaks.resize.factor**2) if pixels else _MIN_TOKENS
        flags += ["--image-min-tokens", str(least), "--image-max-tokens"]
        most = image_tokens(speaks.resize, wish.max_pixels)
        flags += [str(min(most, _MOST_TOKENS) if speaks.resize.factor == 28 else most)]
    return flags


def _weights_file(folder: Path) -> Path:
    """The one GGUF of the folder that is not the vision part. Raises `UserError` for none, and for several."""
    found = sorted(path for path in folder.glob("*.gguf") if "mmproj" not in path.name.lower())
    first = [path for path in found if "-00001-of-" in path.name] or found
    if len(first) != 1:
        names = ", ".join(path.name for path in found[:5]) or "none"
        raise UserError(f"{folder} has {names}: name one GGUF file")
    return first[0]


def _vision_file(weights: Path) -> Path:
    """The file with the vision part beside `weights`. Raises `UserError`."""
    found = sorted(path for path in weights.parent.glob("*.gguf") if "mmproj" in path.name.lower())
    if not found:
        raise UserError(
            f"there is no mmproj GGUF beside {weights}, and without it the model is blind: add --mmproj FILE"
        )
    if len(found) > 1:
        raise UserError(f"which eyes? {', '.join(path.name for path in found[:5])}: add --mmproj FILE")
    return found[0]


def _transformers(wish: ServeRequest, speaks: Dialect, served: str, machine: Machine) -> list[str]:
    return ["serve", wish.model, *_listen(wish)]


def _program_path(program: str) -> str | None:
    """Where `program` is: on PATH, or beside the Python that runs this."""
    return shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))


def _help(program: str) -> str:
    if not program:
        return ""
    try:
        found = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout + found.stderr


def _import_error(program: str, module: str) -> str:
    """The last line of what the Python of the script `program` says when it imports `module`."""
    try:
        with open(program, "rb") as file:
            python = file.readline(1000).removeprefix(b"#!").decode().split()
        if not python or "python" not in python[0]:
            return ""
        command = [*python, "-c", f"import {module}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    except (OSError, UnicodeDecodeError, subprocess.TimeoutExpired):
        return ""
    return (done.stderr.strip().splitlines() or ["it cannot be imported"])[-1][:200] if done.returncode else ""
