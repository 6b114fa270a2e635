"""Applies the small patches of this folder to a copy of the source; needs neither git nor patch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PATCHES = Path(__file__).parent / "patches"
MOST_FUZZ = 2
"""Context lines at each end of a hunk that may have changed."""


class Hunk(NamedTuple):
    """Lines that stand in the file, and those that take their place, as (mark, line); mark is " ", "-" or "+"."""

    file: str
    lines: tuple[tuple[str, str], ...]


class DoesNotApply(Exception):
    """The source has moved away from under a patch: write it again against the lines of today."""


def patches() -> list[Path]:
    return sorted(PATCHES.glob("*.patch"))


def hunks(patch: Path) -> Iterator[Hunk]:
    """The hunks of a unified diff. Raises ValueError for what is not one."""
    file, lines = "", []
    for number, line in enumerate(patch.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("--- "):
            if lines:
                yield Hunk(file, tuple(lines))
                lines = []
        elif line.startswith("+++ "):
            file = line[4:].split("\t")[0].partition("/")[2]
        elif line.startswith("@@ "):
            if lines:
                yield Hunk(file, tuple(lines))
            lines = []
        elif line[:1] in ("+", "-", " ") and file:
            lines.append((line[0], line[1:]))
        elif line:
            raise ValueError(f"{patch.name}:{number}: not a line of a unified diff: `{line}`")
        elif file:
            lines.append((" ", ""))
    if not lines:
        raise ValueError(f"{patch.name}: no hunk in it")
    yield Hunk(file, tuple(lines))


def apply(patch: Path, folder: Path) -> list[Path]:
    """Changes the files under `folder`; gives those changed. Raises DoesNotApply and then changes nothing."""
    texts: dict[Path, list[str]] = {}
    for hunk in hunks(patch):
        path = folder / hunk.file
        if not path.is_file():
            raise DoesNotApply(
                f"{patch.name}: `{hunk.file}` is not there any more; write the fault again where its code is now"
            )
        lines = texts.setdefault(path, path.read_text(encoding="utf-8").splitlines())
        texts[path] = _replaced(patch, hunk, lines)
    for path, lines in texts.items():
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return list(texts)


def _replaced(patch: Path, hunk: Hunk, lines: list[str]) -> list[str]:
    changed = [i for i, (mark, _) in enumerate(hunk.lines) if mark != " "]
    for fuzz in range(MOST_FUZZ + 1):
        start = min(fuzz, changed[0])
        end = max(len(hunk.lines) - fuzz, changed[-1] + 1)
        part = hunk.lines[start:end]
        old = [line for mark, line in part if mark != "+"]
        found = [i for i in range(len(lines) - len(old) + 1) if lines[i : i + len(old)] == old]
        if len(found) == 1:
            new = [line for mark, line in part if mark != "-"]
            return [*lines[: found[0]], *new, *lines[found[0] + len(old) :]]
        if len(found) > 1:
            raise DoesNotApply(
                f"{patch.name}: the lines stand {len(found)} times in `{hunk.file}`; give the hunk more context"
            )
    wanted = next(line for mark, line in hunk.lines if mark == "-")
    raise DoesNotApply(
        f"{patch.name}: `{hunk.file}` has changed and holds no longer `{wanted.strip()}`; "
        "write the fault again where its code is now"
    )
