"""How much of Cilium's policies `convert` converts: of fixed clusters, and of the examples of Cilium's repository."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import netwright as nw
from netwright.questions.convert import Converted
from tests import random_cilium
from tests.agreement_cilium import profile_name
from tests.laws.test_convert import LANGUAGES
from tests.laws.test_reach import twin

pytestmark = pytest.mark.laws
CLUSTERS = 60
MOST_REFUSED = 0.1
MOST_WHOLE = {"networkpolicy": 0.25, "networkpolicy+clusternetworkpolicy": 0.15}
"""Of rules that stay whole in Cilium's words; the rest is written, in part at least, or decides nothing."""
EXAMPLES = Path(os.environ.get("NETWRIGHT_CORPORA", ""), "cilium/examples/policies")


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_random_clusters_little_stays_and_next_to_nothing_is_refused(language: str) -> None:
    found = list(of_clusters(language))
    fates, stays = counts(found)
    rules = sum(fates.values())
    assert rules > 400
    assert fates["refused"] <= MOST_REFUSED * rules, fates
    assert stays["whole"] <= MOST_WHOLE[language] * rules, stays
    for one in found:
        assert one.proof in ("every cluster", "this cluster", "nothing")


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="NETWRIGHT_CORPORA has no cilium/examples/policies")
@pytest.mark.parametrize("language", LANGUAGES)
def test_of_the_examples_of_cilium_next_to_nothing_is_refused(language: str) -> None:
    paths = sorted(EXAMPLES.rglob("*.yaml"))
    found = [nw.load(str(path), cni="cilium").convert(language) for path in paths]  # type: ignore[arg-type]
    fates, _ = counts(found)
    rules = sum(fates.values())
    assert rules > 40
    assert fates["refused"] <= MOST_REFUSED * rules, fates


def of_clusters(language: str) -> Iterator[Converted]:
    for seed in range(CLUSTERS):
        case = random_cilium.cluster(seed, 0, random_cilium.CONFIGS[seed % len(random_cilium.CONFIGS)])
        yield twin(case.manifests, (), profile_name(case.config)).convert(language)  # type: ignore[arg-type]


def counts(found: list[Converted]) -> tuple[Counter[str], Counter[str]]:
    """How many rules have which fate, and how many stay; whatever stays for a choice has one that was carried out."""
    fates: Counter[str] = Counter()
    stays: Counter[str] = Counter()
    for one in found:
        fates.update(rule.fate for rule in one.rules)
        stays.update(rule.stays for rule in one.rules)
        assert all(residue.choices for residue in one.residues if residue.chosen == "keep")
        told = {rule for residue in one.residues for rule in residue.rules}
        assert {f"{rule.policy} {rule.path}" for rule in one.rules if rule.stays} <= told
    return fates, stays
