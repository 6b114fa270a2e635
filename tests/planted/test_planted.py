"""A repository without faults gives no finding; with mistakes planted into it, those and no others.

`clean` is written as a company would write it. The mistakes are those of `thirty`, `others` and `causes`; what must be
found was decided from documents before anything ran.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

import netwright as nw
from netwright.cli.main import run
from netwright.model.configuration import Accepted
from netwright.model.finding import Finding
from tests.planted.causes import CAUSES
from tests.planted.others import OTHERS
from tests.planted.planting import Mistake
from tests.planted.thirty import THIRTY

CLEAN = Path(__file__).parent / "clean"
DAY, DAY_AFTER = "2027-03-31", "2027-04-01"


def plant(mistakes: Iterable[Mistake], folder: Path) -> Path:
    """A copy of the clean repository with the mistakes."""
    shutil.copytree(CLEAN, folder)
    for mistake in mistakes:
        file = folder / mistake.file
        text = file.read_text()
        for edit in mistake.edits:
            text = edit.on(text)
        file.write_text(text)
    return folder


def move(folder: Path, other: Path) -> Path:
    """The same objects, each in a file of its own and in a folder of its own, read in the opposite order, with lines
    inserted."""
    texts = [text for file in sorted(folder.rglob("*.yaml")) for text in file.read_text().split("---\n")]
    for i, text in enumerate(reversed(texts)):
        file = other / f"{i:03}" / "object.yml"
        file.parent.mkdir(parents=True)
        file.write_text(
            "# Moved.\n\n" + re.sub(r"^(spec|metadata):$", r"\n\1:\n  # See the handbook.", text, flags=re.M)
        )
    return other


def findings(folder: Path) -> tuple[Finding, ...]:
    """What is found; nothing may be unread or withheld on the way."""
    twin = nw.load(str(folder))
    checked = twin.check()
    assert (twin.diagnostics, checked.withheld) == ((), ())
    return tuple(checked.findings)


def found(folder: Path) -> list[tuple[str, str, str]]:
    """Code, file and object of what is found."""
    return places(findings(folder), folder)


def places(listed: Iterable[Finding], folder: Path) -> list[tuple[str, str, str]]:
    return sorted((f.code, str(Path(f.file).relative_to(folder)), name_of(f)) for f in listed)


def expected(mistakes: Iterable[Mistake]) -> list[tuple[str, str, str]]:
    return sorted((m.code, m.found_in or m.file, m.object) for m in mistakes)


def name_of(finding: Finding) -> str:
    return (
        f"{finding.kind} {finding.namespace}/{finding.name}" if finding.namespace else f"{finding.kind} {finding.name}"
    )


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with all thirty mistakes at once."""
    return plant(THIRTY, tmp_path_factory.mktemp("planted") / "repository")


@pytest.fixture(scope="module")
def twin(planted: Path) -> nw.Twin:
    return nw.load(str(planted))


def test_the_clean_repository_has_no_finding() -> None:
    assert found(CLEAN) == []
    texts = [file.read_text() for file in CLEAN.rglob("*.yaml")]
    workloads = [kind for text in texts for kind in re.findall(r"^kind: (.*Deployment|.*Set|CronJob)$", text, re.M)]
    assert len(workloads) == 31  # so much was there to find something in


def test_thirty_codes_of_every_family_are_planted() -> None:
    codes = [m.code for m in THIRTY]
    assert len(codes) == len(set(codes)) == 30
    assert {code[:4] for code in codes} == {
        "NW20",
        "NW21",
        "NW22",
        "NW30",
        "NW31",
        "NW32",
        "NW33",
        "NW40",
        "NW41",
        "NW50",
    }


def test_thirty_mistakes_give_their_thirty_findings_and_no_other(planted: Path) -> None:
    assert found(planted) == expected(THIRTY)


@pytest.mark.parametrize("mistake", [*THIRTY, *OTHERS, *CAUSES], ids=lambda m: f"{m.code}: {m.story}")
def test_a_mistake_alone_gives_its_one_finding_in_whatever_order_files_are_read(
    mistake: Mistake, tmp_path: Path
) -> None:
    folder = plant([mistake], tmp_path / "repository")
    first = findings(folder)
    assert places(first, folder) == expected([mistake])
    again = nw.load(str(move(folder, tmp_path / "moved"))).check().findings
    before, after = ({f.fingerprint: name_of(f) for f in listed} for listed in (first, again))
    assert after == before


def test_fingerprints_stay_when_files_move_and_lines_are_inserted(planted: Path, twin: nw.Twin, tmp_path: Path) -> None:
    before = {f.fingerprint: (f.code, name_of(f)) for f in twin.check().findings}
    moved = nw.load(str(move(planted, tmp_path / "moved"))).check().findings
    assert len(before) == 30
    assert {f.fingerprint: (f.code, name_of(f)) for f in moved} == before
    assert not {f.file for f in moved} & {f.file for f in twin.check().findings}


def accepted(finding: Finding, expires: str, *, by_fingerprint: bool) -> Accepted:
    if by_fingerprint:
        return Accepted(code=finding.code, fingerprint=finding.fingerprint, reason="until spring", expires=expires)
    place = {"kind": finding.kind, "namespace": finding.namespace, "name": finding.name}
    return Accepted(code=finding.code, **place, reason="until spring", expires=expires)


@pytest.mark.parametrize("by_fingerprint", [True, False], ids=["by fingerprint", "by name"])
def test_an_accepted_finding_counts_again_after_its_day(twin: nw.Twin, by_fingerprint: bool) -> None:
    findings = twin.check().findings
    soon, later = findings[::2], findings[1::2]
    both = [accepted(f, DAY, by_fingerprint=by_fingerprint) for f in soon]
    both += [accepted(f, "2027-12-31", by_fingerprint=by_fingerprint) for f in later]
    on_its_day = twin.check(accepted=both, today=DAY)
    assert on_its_day.states == {"new": 0, "known": 0, "accepted": 30}
    assert on_its_day.notes == ()
    after = twin.check(accepted=both, today=DAY_AFTER)
    assert {f.code for f in after.findings if f.state == "new"} == {f.code for f in soon}
    assert {f.code for f in after.findings if f.state == "accepted"} == {f.code for f in later}
    assert len(after.notes) == 15
    assert all(any(f.code in note for note in after.notes) for f in soon)


def test_an_acceptance_is_of_one_finding(twin: nw.Twin) -> None:
    (one,) = [f for f in twin.check().findings if f.code == "NW3106"]
    for by_fingerprint in (True, False):
        answer = twin.check(accepted=[accepted(one, DAY, by_fingerprint=by_fingerprint)], today=DAY)
        assert [f.code for f in answer.findings if f.state == "accepted"] == ["NW3106"]
        assert answer.states == {"new": 29, "known": 0, "accepted": 1}


def test_a_baseline_lets_the_thirty_pass_and_a_new_one_not(
    planted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    baseline = tmp_path / "known.json"
    assert run(["check", str(planted), "-o", "json", "--out", str(baseline)]) == 1
    assert len(json.loads(baseline.read_text())["findings"]) == 30
    capsys.readouterr()
    later = ["--baseline", str(baseline), "--fail-on", "info", "-o", "json"]
    assert run(["check", str(move(planted, tmp_path / "moved")), *later]) == 0
    assert {f["state"] for f in json.loads(capsys.readouterr().out)["findings"]} == {"known"}
    (another,) = [m for m in OTHERS if m.code == "NW4014"]
    assert run(["check", str(plant([*THIRTY, another], tmp_path / "later")), *later]) == 1
    new = [f for f in json.loads(capsys.readouterr().out)["findings"] if f["state"] == "new"]
    assert [f["code"] for f in new] == ["NW4014"]
