"""`convert --to cilium` against both reference evaluators: what is proven equal has the verdicts that it had."""

from __future__ import annotations

from collections import Counter

import pytest

from netwright.model.document import Reading
from netwright.questions.convert import Converted
from netwright.twin import Twin, digest
from tests import agreement_calico, agreement_cilium, random_calico
from tests.agreement import NoTexts, document
from tests.random_cilium import Case, Object

pytestmark = pytest.mark.laws
CHUNKS, CLUSTERS, TUPLES = 8, 6, 60
SETTINGS: tuple[Object, ...] = ({}, {"defaultEndpointToHostAction": "Accept"})
CALICO = {"NetworkPolicy": "NetworkPolicy.projectcalico.org"}


def of_kubernetes(manifest: Object) -> bool:
    """Policies that stay; what they mean differs between the two, which is no matter of conversion."""
    return bool(manifest["kind"] == "ClusterNetworkPolicy") or manifest["apiVersion"] == "networking.k8s.io/v1"


def named(manifest: Object) -> str:
    meta = manifest["metadata"]
    kind = manifest["kind"]
    kind = CALICO.get(kind, kind) if manifest["apiVersion"].startswith("projectcalico.org") else kind
    space = meta.get("namespace", "default" if kind in CALICO.values() else "")
    return f"{kind} {space}/{meta['name']}" if space else f"{kind} {meta['name']}"


def cluster(number: int) -> list[Object]:
    return [m for m in random_calico.cluster(number, 0).manifests if not of_kubernetes(m)]


def converted(case: Case) -> Converted:
    documents = [document(m) for m in case.manifests]
    reading = Reading(documents=documents, unread=[], warnings=[], inputs=[], texts=NoTexts())
    return Twin(digest(reading), cni=agreement_calico.profile_name(case.config)).convert("cilium")


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_cilium_does_what_calico_did(chunk: int, seed: int) -> None:
    first = seed % 10**6 * 1_000 + chunk * CLUSTERS
    for number in range(first, first + CLUSTERS):
        manifests = cluster(number)
        case = Case(number, SETTINGS[number % 2], manifests, random_calico.cluster(number, TUPLES).queries)
        found = converted(case)
        left = [one.told for one in found.residues if one.kind not in ("decides nothing", "written out")]
        assert found.proof != "differs" or left, f"cluster {number} differs, and nothing is said to be left out"
        if found.proof != "this cluster":
            continue
        kept = [m for m in manifests if named(m) not in found.replaced]
        before = agreement_calico.decode_all(manifests)
        new = [m for m in kept if not m["apiVersion"].startswith("projectcalico.org")]
        after_case = Case(number, {}, [*new, *(one.object for one in found.objects)], case.queries)
        after = [agreement_cilium.decoded(m) for m in after_case.manifests]
        was_asked = agreement_calico.asked_under(case, before)
        now_asked = agreement_cilium.asked_under(after_case, after)
        for query in case.queries:
            was = [
                agreement_calico.judged(case, was_asked, before, part).verdict
                for part in agreement_cilium.parts(was_asked, before, query)
            ]
            now = [
                agreement_cilium.judged(after_case, now_asked, after, part).verdict
                for part in agreement_cilium.parts(now_asked, after, query)
            ]
            assert set(was) == set(now), f"cluster {number}, {query}: {was} before, {now} after"


def test_few_rules_are_refused_and_many_clusters_proven() -> None:
    """Of clusters that are always the same: one rule in ten is refused at most; `docs/conversion.py` counts more of
    them."""
    fates: Counter[str] = Counter()
    proofs: Counter[str] = Counter()
    for number in range(60):
        found = converted(Case(number, SETTINGS[number % 2], cluster(number), []))
        fates.update(rule.fate for rule in found.rules)
        proofs[found.proof] += 1
    assert fates["refused"] <= 0.1 * sum(fates.values()), fates
    assert proofs["this cluster"] >= 25, proofs
