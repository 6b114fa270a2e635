"""How a process ends when its answer cannot be delivered, or when netwright itself fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from netwright.cli.main import run

COMMAND = [sys.executable, "-c", "from netwright.cli.main import main; main()"]


@pytest.mark.parametrize("options", [[], ["-o", "json"]])
def test_a_reader_that_goes_away_is_no_answer_no(root: Path, options: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run(
            [*COMMAND, "reach", "examples/shop", *options],
            cwd=root,
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_said(root: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [*COMMAND, "reach", "examples/shop"], cwd=root, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: the answer cannot be written")


def test_a_failure_of_ours_is_told_from_an_answer(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("netwright.twin.Twin.why", fails)
    assert run(["why", "shop/web", "shop/db:5432", "-f", str(root / "examples/shop")]) == 70
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: netwright failed: ZeroDivisionError: by nothing")
    assert "report it" in said.err
