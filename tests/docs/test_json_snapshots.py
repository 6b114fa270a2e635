"""What `snapshot list` and `snapshot show` write is what docs/schemas say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netwright.cli.main import run
from tests.docs.json_schema import faults


@pytest.mark.parametrize("asked", [["list"], ["show", "latest"]], ids=" ".join)
def test_snapshots(asked: list[str], root: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    store = ["--store", str(tmp_path / "store")]
    assert run(["snapshot", "take", str(root / "examples/shop"), "--name", "before", *store]) == 0
    capsysbinary.readouterr()
    assert run(["snapshot", *asked, *store, "-o", "json"]) == 0
    answer = json.loads(capsysbinary.readouterr().out)
    schema = json.loads((root / "docs/schemas/snapshot.v1.json").read_text(encoding="utf-8"))
    assert list(faults(answer, schema)) == []
    told = answer["snapshots"][0] if asked == ["list"] else answer["snapshot"]
    assert (told["name"], told["profile"]) == ("before", "upstream")
