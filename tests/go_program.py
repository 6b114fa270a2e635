"""Programs in Go that tests put questions to: each built once and kept, or the reason why it cannot be.

A program needs Go, at least of the version that its `go.mod` names, and the modules that its `go.sum` pins. It is kept
under a name that changes with its source; modules and compiled packages go where Go keeps them.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

# Go says these where the fault is in go.mod or go.sum and not in the network: that is no reason to skip.
_OURS = ("go.sum", "go.mod", "SECURITY ERROR", "checksum mismatch")


def sources(source: Path) -> list[Path]:
    """What the program in a folder is made of."""
    return [*sorted(source.glob("*.go")), source / "go.mod", source / "go.sum"]


def digest(source: Path) -> str:
    """Of the source, in 16 hexadecimal digits."""
    found = hashlib.sha256()
    for file in sources(source):
        content = file.read_bytes()
        found.update(f"{file.name} {len(content)}\n".encode() + content)
    return found.hexdigest()[:16]


def kept() -> Path:
    """Where netwright keeps what it builds: `${XDG_CACHE_HOME:-~/.cache}/netwright`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "netwright"


def version(text: str) -> tuple[int, ...]:
    """The numbers of a version of Go.

    >>> version("go1.26.8"), version("1.27rc1")
    ((1, 26, 8), (1, 27))
    """
    found = re.match(r"(?:go)?(\d+(?:\.\d+)*)", text)
    return tuple(int(number) for number in found[1].split(".")) if found else ()


def build(target: Path, source: Path, who: str, fault: type[Exception]) -> str | None:
    """Builds the program unless it is there. `who` needs it, in words; the reason if Go or its modules cannot be had.

    Raises `fault` where the source is wrong.
    """
    if target.is_file():
        return None
    if not shutil.which("go"):
        return f"{who} needs Go, and there is none"
    asked = re.search(r"^go (\S+)$", (source / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    if not asked:
        raise fault("go.mod names no version of Go")
    present = _go(source, "env", "GOVERSION").stdout.strip()
    if version(present) < version(asked[1]):
        return f"{who} needs Go {asked[1]}, and there is {present or 'one of unknown version'}"
    folder = target.parent.parent
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if target.is_file():  # the other builder has made it
            return None
        listed = _go(source, "list", "-deps", ".")  # downloads what the build will read
        if listed.returncode:
            if any(word in listed.stderr for word in _OURS):
                raise fault(listed.stderr)
            return f"{who} needs modules that cannot be had: {(listed.stderr.strip().splitlines() or ['?'])[-1]}"
        unfinished = folder / f"{target.parent.name}.unfinished"
        try:
            built = _go(source, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", str(unfinished), ".")
            if built.returncode:
                raise fault(built.stderr)
            target.parent.mkdir(exist_ok=True)
            unfinished.rename(target)
        finally:
            unfinished.unlink(missing_ok=True)
    return None


def _go(source: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Neither the user's flags nor another version of Go than the one that is installed.
    environment = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    return subprocess.run(
        ["go", *arguments], cwd=source, env=os.environ | environment, capture_output=True, text=True, check=False
    )
