"""Every finding of `check` on every folder of the corpora, each looked at by a person: `findings.tsv` says which are
right, and what they are.

A line is: folder, code, what it is about (kind and name, or the file of the input), the field, `right` or `wrong`, why.
A wrong one is a defect of the check: the file may hold none.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import netwright
from netwright.model.finding import Finding

REVIEWED = Path(__file__).with_name("findings.tsv")
Line = tuple[str, str, str]


def line(finding: Finding, folder: Path) -> Line:
    """Code, object and field; of what is said of the input, the file and line."""
    if finding.code.startswith("NW1"):
        where = Path(finding.file).relative_to(folder).as_posix()
        return finding.code, where, str(finding.line)
    thing = (
        f"{finding.kind} {finding.namespace}/{finding.name}" if finding.namespace else f"{finding.kind} {finding.name}"
    )
    return finding.code, thing, finding.path


def reviewed() -> dict[str, list[tuple[Line, str, str]]]:
    found: dict[str, list[tuple[Line, str, str]]] = {}
    with REVIEWED.open(encoding="utf-8", newline="") as file:
        for folder, code, thing, field, word, why in csv.reader(file, delimiter="\t"):
            found.setdefault(folder, []).append(((code, thing, field), word, why))
    return found


def folders() -> list[str]:
    return sorted(reviewed())


@pytest.mark.corpora
def test_every_finding_is_reviewed(corpora: Path) -> None:
    by_folder = reviewed()
    missing, gone = [], []
    for folder in sorted(p for p in corpora.iterdir() if p.is_dir()):
        findings = [line(f, folder) for f in netwright.load(str(folder)).check().findings]
        known = [one for one, _, _ in by_folder.get(folder.name, [])]
        missing += ["\t".join((folder.name, *f)) for f in findings if f not in known]
        gone += ["\t".join((folder.name, *f)) for f in known if f not in findings]
        assert len(findings) == len(known) or missing or gone
    assert (missing, gone) == ([], []), "look at each, and write it down"


def test_none_of_them_is_wrong() -> None:
    lines = [one for found in reviewed().values() for one in found]
    assert lines
    assert {word for _, word, _ in lines} == {"right"}
    assert all(why for _, _, why in lines)
