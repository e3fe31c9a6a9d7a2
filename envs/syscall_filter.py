"""A seccomp filter for the programs of a sandbox: system calls that no desktop program needs fail.

They are those by which kernels have been attacked and that namespaces do not bound: keys, BPF, tracing of the machine,
`userfaultfd`, io_uring, modules and other kernels, mounting in a further user namespace, files by their handles, and
writing into a terminal's input. What is allowed is all the rest: browsers make namespaces and filters of their own.
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Sequence
from typing import NamedTuple

_LOAD, _JUMP_EQUAL, _JUMP_FROM, _RETURN = 0x20, 0x15, 0x35, 0x06
"""Of classic BPF: load a word, jump where it is equal, jump where it is as large, return a constant."""
_NUMBER, _ARCHITECTURE, _SECOND_ARGUMENT = 0, 4, 24
"""Places in ``struct seccomp_data``; of the argument the lower half, which is all that the kernel looks at."""
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000
_INPUT_CONTROLS = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX."""


class _Machine(NamedTuple):
    """An architecture's number (``linux/audit.h``), its system calls that fail, and its ``ioctl``."""

    architecture: int
    denied: tuple[int, ...]
    ioctl: int


_NEW = (425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 442)
"""io_uring_setup, _enter and _register, open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, pidfd_getfd,
mount_setattr: the same on all architectures."""
_MACHINES = {  # add_key, request_key, keyctl; bpf, perf_event_open, userfaultfd; kexec_load, kexec_file_load,
    # init_module, finit_module, delete_module; mount, umount2, pivot_root, open_by_handle_at
    "x86_64": _Machine(
        0xC000003E, (248, 249, 250, 321, 298, 323, 246, 320, 175, 313, 176, 165, 166, 155, 304, *_NEW), 16
    ),
    "aarch64": _Machine(
        0xC00000B7, (217, 218, 219, 280, 241, 282, 104, 294, 105, 273, 106, 40, 39, 41, 265, *_NEW), 29
    ),
}
_OTHER_TABLE = 0x40000000
"""From here on numbers are those of x86's x32 calls."""


def syscall_filter(machine: str = platform.machine()) -> bytes:
    """The program for ``bwrap --seccomp``; empty for an architecture whose system calls are not known here.

    Calls by another table than the machine's own (32 bits, x32) fail as unknown ones do.
    """
    if machine not in _MACHINES:
        return b""
    known = _MACHINES[machine]
    unknown, refused = _FAIL | errno.ENOSYS, _FAIL | errno.EPERM
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE), (_JUMP_EQUAL, 1, 0, known.architecture), (_RETURN, 0, 0, unknown),
        (_LOAD, 0, 0, _NUMBER), (_JUMP_FROM, 0, 1, _OTHER_TABLE), (_RETURN, 0, 0, unknown),
        *_fail_where_equal(known.denied, refused),
        (_JUMP_EQUAL, 0, 1 + 2 * len(_INPUT_CONTROLS), known.ioctl), (_LOAD, 0, 0, _SECOND_ARGUMENT),
        *_fail_where_equal(_INPUT_CONTROLS, refused),
        (_RETURN, 0, 0, _ALLOW),
    ]  # fmt: skip
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def _fail_where_equal(values: Sequence[int], how: int) -> list[tuple[int, int, int, int]]:
    pairs = [((_JUMP_EQUAL, 0, 1, value), (_RETURN, 0, 0, how)) for value in values]
    return [instruction for pair in pairs for instruction in pair]
