"""A child process that is traced: its system calls are counted, and it is killed in the one that is wanted.

After ptrace(2) of the Linux man-pages 6: PTRACE_SYSCALL stops a child at the entry and at the exit of each call,
PTRACE_O_TRACESYSGOOD marks these stops by bit 7 of the signal, and PTRACE_GETREGSET gives its registers.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
from collections.abc import Callable
from typing import Final

_TRACEME, _CONT_SYSCALL, _SETOPTIONS, _GETREGSET = 0, 24, 0x4200, 0x4204
_SYSGOOD, _EXITKILL = 1, 0x100000
_NT_PRSTATUS: Final = 1
_STOPPED: Final = signal.SIGTRAP | 0x80
O_CREAT: Final = os.O_CREAT
# Numbers of calls that change files, and where their number and their flags stand in the registers.
_X86_64 = {
    1: "write",
    18: "pwrite64",
    20: "writev",
    74: "fsync",
    75: "fdatasync",
    82: "rename",
    83: "mkdir",
    87: "unlink",
    2: "open",
    257: "openat",
    258: "mkdirat",
    263: "unlinkat",
    264: "renameat",
    316: "renameat2",
    86: "link",
    265: "linkat",
    77: "ftruncate",
    76: "truncate",
    84: "rmdir",
    88: "symlink",
    266: "symlinkat",
    90: "chmod",
}
_AARCH64 = {
    64: "write",
    68: "pwrite64",
    66: "writev",
    82: "fsync",
    83: "fdatasync",
    34: "mkdirat",
    35: "unlinkat",
    56: "openat",
    38: "renameat",
    276: "renameat2",
    37: "linkat",
    46: "ftruncate",
    36: "symlinkat",
}
# (calls, word of the number, of the second and of the third argument)
_MACHINES = {"x86_64": (_X86_64, 15, 13, 12), "aarch64": (_AARCH64, 8, 1, 2)}


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def refused() -> str:
    """Why no process can be traced here; "" where it can."""
    if platform.system() != "Linux" or platform.machine() not in _MACHINES:
        return f"no system calls are known of {platform.system()} on {platform.machine()}"
    try:
        traced(lambda: None, 0, "entry")
    except OSError as fault:
        return f"ptrace is refused: {fault.strerror}"
    return ""


def traced(work: Callable[[], object], kill_at: int, when: str) -> tuple[int, str]:
    """Runs the work in a child, and kills it at the entry or at the exit of the call that changes files and has the
    number `kill_at` (from 1; 0: never). How many such calls there were, and the name of the last.

    Raises OSError where the kernel refuses it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.restype, libc.ptrace.argtypes = ctypes.c_long, [ctypes.c_long, ctypes.c_long, *[ctypes.c_void_p] * 2]
    child = os.fork()
    if child == 0:
        if libc.ptrace(_TRACEME, 0, None, None) != 0:
            os._exit(77)
        os.kill(os.getpid(), signal.SIGSTOP)
        try:
            work()
        finally:
            os._exit(0)

    def ask(request: int, what: int, data: int) -> None:
        if libc.ptrace(request, child, what, data) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    status = os.waitpid(child, 0)[1]
    if os.WIFEXITED(status):
        raise OSError(1, "the child may not be traced")
    ask(_SETOPTIONS, 0, _SYSGOOD | _EXITKILL)
    count, name, inside, passed = 0, "", False, 0
    while True:
        ask(_CONT_SYSCALL, 0, passed)
        status = os.waitpid(child, 0)[1]
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            return count, name
        passed = 0
        if os.WSTOPSIG(status) != _STOPPED:
            passed = os.WSTOPSIG(status)
            continue
        inside = not inside
        changing = _changing(ask)
        if changing and inside:
            count, name = count + 1, changing
        if changing and count == kill_at and (when == "entry") == inside:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return count, name


def _changing(ask: Callable[[int, int, int], None]) -> str:
    """The call that the child stands in, where it changes files."""
    calls, number, second, third = _MACHINES[platform.machine()]
    words = (ctypes.c_uint64 * 64)()
    vector = _Vector(ctypes.addressof(words), ctypes.sizeof(words))
    ask(_GETREGSET, _NT_PRSTATUS, ctypes.addressof(vector))
    name = calls.get(words[number], "")
    if name in ("open", "openat"):
        return name if words[third if name == "openat" else second] & O_CREAT else ""
    return name
