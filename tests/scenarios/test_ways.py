"""Every scenario of ways in: the rows of `show exposed` are those that a person derived, each with its words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

import netwright as nw
from netwright.engine.exposure import ROUTED

FOLDER = Path(__file__).with_name("ways")
_MANIFEST = re.compile(r"^```yaml file=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_WAYS = re.compile(r"^```ways\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Way(NamedTuple):
    verdict: str
    service: str
    kind: str
    entry: str
    words: str


def written(path: Path) -> tuple[dict[str, str], list[Way]]:
    text = path.read_text(encoding="utf-8")
    rows = []
    for line in "\n".join(_WAYS.findall(text)).splitlines():
        columns = re.split(r"\s{2,}", line.strip())
        if line.strip() and not line.startswith("#"):
            assert len(columns) in (4, 5), line
            rows.append(Way(*columns[:4], columns[4] if len(columns) == 5 else ""))
    return dict(_MANIFEST.findall(text)), rows


ALL = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")


@pytest.mark.parametrize("path", ALL, ids=[path.stem for path in ALL])
def test_the_ways_in_are_those_derived_by_hand(path: Path, tmp_path: Path) -> None:
    manifests, expected = written(path)
    assert manifests
    assert expected
    for name, text in manifests.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    twin = nw.load(str(tmp_path))
    assert not [one for one in twin.diagnostics if one.severity == "error"]
    found = [row for row in twin.exposed() if row.via in ROUTED]
    told = sorted((row.verdict, f"{row.service}:{row.port}", row.via, row.entry) for row in found)
    assert told == sorted(tuple(one[:4]) for one in expected)
    for one in expected:
        same = [r for r in found if (r.verdict, f"{r.service}:{r.port}", r.via, r.entry) == one[:4]]
        links = [link for row in same for link in row.chain if one.words in link]
        assert links, (one, [row.chain for row in same])
        assert one.verdict == "allow" or not one.words or any(link.startswith(one.verdict) for link in links)


def test_a_file_is_one_rule_with_its_source() -> None:
    assert len(ALL) >= 14
    for path in ALL:
        text = path.read_text(encoding="utf-8")
        assert text.startswith("# ")
        assert "\nSource: " in text
