"""The differences between profiles and the scenarios that hold them name each other, and each is a difference."""

from __future__ import annotations

import pytest

from netwright.profiles.differences import DIFFERENCES, VERSIONS, Difference
from netwright.profiles.known import NAMES
from tests.scenarios.reading import FOLDER, Row, Scenario, read

CASES = [pytest.param(one, id=one.id) for one in DIFFERENCES]


def of_profile(scenario: Scenario, profile: str) -> list[Row]:
    """The rows under a profile, with whatever options."""
    return [row for row in scenario.rows if row.cni.partition(":")[0] == profile]


def asked(row: Row) -> tuple[object, ...]:
    return row.source, row.target, row.port, row.protocol, row.packet_family, row.pod_ranges


@pytest.mark.parametrize("difference", CASES)
def test_the_verdicts_under_the_profiles_differ(difference: Difference) -> None:
    scenario = read(FOLDER / difference.scenario)
    verdicts = {
        profile: {(asked(row), row.verdict) for row in of_profile(scenario, profile)} for profile in difference.says
    }
    assert set(difference.says) <= set(NAMES)
    assert len(difference.says) > 1
    assert all(verdicts.values()), "a block of verdicts for each profile"
    first, *others = verdicts.values()
    for other in others:
        by_question = dict(first)
        assert any(by_question.get(question, verdict) != verdict for question, verdict in other)


@pytest.mark.parametrize("difference", CASES)
def test_the_scenario_names_the_sources(difference: Difference) -> None:
    text = (FOLDER / difference.scenario).read_text(encoding="utf-8")
    assert difference.sources
    told = text.partition("\nSource: ")[2].partition("\n")[0]
    for source in difference.sources:
        version = next(one for one in VERSIONS if source.startswith(f"{one} "))
        of_version = told.partition(version)[2]
        assert f"`{source.removeprefix(f'{version} ')}`" in of_version


def test_every_scenario_of_a_difference_is_named_once() -> None:
    named = [one.scenario for one in DIFFERENCES]
    assert sorted(named) == sorted(path.name for path in FOLDER.glob("cni-*.md"))
    assert len({one.title for one in DIFFERENCES}) == len(DIFFERENCES) >= 20
