"""Networks on the CPU, by onnxruntime, on as many cores as the process may use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import onnxruntime

from agent.cores import cores

T = TypeVar("T")
R = TypeVar("R")


def in_parallel(work: Callable[[T], R], parts: Sequence[T]) -> list[R]:
    """`work` of each part, in order, a thread a core; for work that runs networks, which do not hold the interpreter.

    Begin with the longest parts: all cores are then busy until shortly before the end.
    """
    threads = min(cores(), len(parts))
    if threads < 2:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, parts))


def load_network(model: Path | bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    """A session of `model`, each run of which takes `threads` threads.

    Several runs at a time with a thread each (`in_parallel`) take two thirds of the time of one after the other with
    two threads each. Threads sleep while they wait for each other: waiting in a loop, onnxruntime's default, took twice
    the CPU and three times as long beside other programs, such as a model server on the same CPU.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
