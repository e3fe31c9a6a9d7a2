"""Networks on the CPU, by onnxruntime."""

from __future__ import annotations

from pathlib import Path

import onnxruntime


def load_network(model: Path | bytes, threads: int = 2) -> onnxruntime.InferenceSession:
    """A session of `model`, run by `threads` threads.

    They sleep while they wait for each other: waiting in a loop, onnxruntime's default, took twice the CPU and three
    times as long beside other programs, such as a model server on the same CPU.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
