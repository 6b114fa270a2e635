"""Files that change, vanish or become something else while they are read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from netwright.sources import files, read

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: NAME}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(POD.replace("NAME", name))
    return tmp_path


def outcome(folder: Path) -> tuple[list[str], list[tuple[str, str]]]:
    found = read([str(folder)])
    return [d.name for d in found.documents], [(u.diagnostic.code, u.diagnostic.title) for u in found.unread]


def append_on_fstat(monkeypatch: pytest.MonkeyPatch, file: Path, calls: set[int]) -> None:
    """Another program appends to the file at these looks at an open file (all if empty)."""
    real = os.fstat
    count = 0

    def fstat(descriptor: int) -> os.stat_result:
        nonlocal count
        if os.path.samestat(real(descriptor), file.stat()):
            count += 1
            if not calls or count in calls:
                with file.open("a") as stream:
                    stream.write("# more\n")
        return real(descriptor)

    monkeypatch.setattr(files.os, "fstat", fstat)


def test_a_file_that_is_written_to_is_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append_on_fstat(monkeypatch, folder / "a.yaml", {2})
    found = read([str(folder)])
    assert not found.unread
    assert "# more" in found.texts.lines(str(folder / "a.yaml"))


def test_a_file_that_does_not_hold_still(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append_on_fstat(monkeypatch, folder / "a.yaml", set())
    assert outcome(folder) == (["b"], [("NW1005", "cannot be read: it changes while it is read")])


@pytest.mark.parametrize("becomes", ["nothing", "pipe"])
def test_a_file_that_is_gone_or_a_pipe_when_it_is_opened(
    folder: Path, monkeypatch: pytest.MonkeyPatch, becomes: str
) -> None:
    real = os.open

    def open_(path: Any, *more: Any, **named: Any) -> int:
        if str(path).endswith("a.yaml"):
            Path(path).unlink()
            if becomes == "pipe":
                os.mkfifo(path)
        return real(path, *more, **named)

    monkeypatch.setattr(files.os, "open", open_)
    said = "neither a file nor a folder" if becomes == "pipe" else "deleted while the folder was read"
    assert outcome(folder) == (["b"], [("NW1005", f"cannot be read: {said}")])
