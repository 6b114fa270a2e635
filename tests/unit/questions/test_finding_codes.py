"""Every code of a finding by its own two examples: the first has it, the second is the same cured."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

import netwright as nw
from netwright.model.finding import Finding, FindingCode
from netwright.model.finding_codes import ABSENCE, finding_codes

NOT_EVALUATED = "NW1008"
"""Said of some kinds that examples need, while what they do to verdicts is not evaluated."""


def findings(manifest: str) -> list[Finding]:
    twin = nw.load("-", stdin=BytesIO(manifest.encode()))
    assert {d.code for d in twin.diagnostics} <= {NOT_EVALUATED}, "an example is a manifest that the API server takes"
    return [f for f in twin.check().findings if f.code != NOT_EVALUATED]


@pytest.mark.parametrize("code", finding_codes(), ids=lambda code: code.code)
def test_the_first_example_has_the_finding_and_no_other(code: FindingCode) -> None:
    assert {f.code for f in findings(code.fails)} == {code.code}


@pytest.mark.parametrize("code", finding_codes(), ids=lambda code: code.code)
def test_the_second_example_has_none(code: FindingCode) -> None:
    assert not findings(code.passes)


@pytest.mark.parametrize("code", finding_codes(), ids=lambda code: code.code)
def test_a_finding_says_all_that_is_needed(code: FindingCode) -> None:
    for finding in findings(code.fails):
        assert finding.severity == code.severity
        assert not finding.title.endswith(".")
        assert finding.effect
        assert finding.help
        assert finding.kind
        assert finding.name
        assert finding.line


def test_codes_are_told_apart() -> None:
    assert len({c.code for c in finding_codes()}) == len(finding_codes())
    assert {c.code for c in finding_codes()} >= ABSENCE.keys()


def test_a_fingerprint_outlives_moving_the_file(tmp_path: Path) -> None:
    for code in finding_codes():
        one, other = tmp_path / code.code / "a", tmp_path / code.code / "b"
        for folder, name in ((one, "all.yaml"), (other, "elsewhere/moved.yaml")):
            (folder / name).parent.mkdir(parents=True)
            (folder / name).write_text("\n# moved\n" * (folder is other) + code.fails)
        before, after = (nw.load(str(folder)).check().findings for folder in (one, other))
        assert sorted(f.fingerprint for f in before) == sorted(f.fingerprint for f in after)
        assert len({f.fingerprint for f in before}) == len(before)
