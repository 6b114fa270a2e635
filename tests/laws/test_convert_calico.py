"""`convert --to cilium` against both reference evaluators: what is proven equal has the verdicts that it had."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest

from netwright.model.document import Reading
from netwright.questions.convert import Converted
from netwright.twin import Twin, digest
from tests import agreement_calico, agreement_cilium, random_calico
from tests.agreement import NoTexts, document
from tests.random_cilium import Case, Object

pytestmark = pytest.mark.laws
Query = tuple[str, str, str, int]
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


def converted(case: Case, residue: Any = None) -> Converted:
    documents = [document(m) for m in case.manifests]
    reading = Reading(documents=documents, unread=[], warnings=[], inputs=[], texts=NoTexts())
    return Twin(digest(reading), cni=agreement_calico.profile_name(case.config)).convert("cilium", residue=residue)


def drawn(number: int, tuples: int = TUPLES) -> Case:
    return Case(number, SETTINGS[number % 2], cluster(number), random_calico.cluster(number, tuples).queries)


def of_calico(case: Case) -> list[tuple[Query, set[str]]]:
    """What the reference evaluator of Calico says of each query."""
    objects = agreement_calico.decode_all(case.manifests)
    asked = agreement_calico.asked_under(case, objects)
    return [
        (
            query,
            {
                agreement_calico.judged(case, asked, objects, part).verdict
                for part in agreement_cilium.parts(asked, objects, query)
            },
        )
        for query in case.queries
    ]


def of_cilium(case: Case, found: Converted) -> list[tuple[Query, set[str]]]:
    """What the reference evaluator of Cilium says of each query once the policies are written anew."""
    kept = [m for m in case.manifests if named(m) not in found.replaced]
    new = [m for m in kept if not m["apiVersion"].startswith("projectcalico.org")]
    after = Case(case.seed, {}, [*new, *(one.object for one in found.objects)], case.queries)
    objects = [agreement_cilium.decoded(m) for m in after.manifests]
    asked = agreement_cilium.asked_under(after, objects)
    return [
        (
            query,
            {
                agreement_cilium.judged(after, asked, objects, part).verdict
                for part in agreement_cilium.parts(asked, objects, query)
            },
        )
        for query in case.queries
    ]


def has_host_endpoint(case: Case) -> bool:
    """What one does is left open by the engine in both languages."""
    return any(m["kind"] == "HostEndpoint" for m in case.manifests)


def without(case: Case, rule: str) -> Case:
    """The cluster with one rule of a policy that decides nothing."""
    whose, path = rule.rsplit(" ", 1)
    side, index = path.removeprefix("spec.").removesuffix("]").split("[")
    manifests = copy.deepcopy(case.manifests)
    (policy,) = (m for m in manifests if named(m) == whose)
    policy["spec"][side][int(index)] = {"action": "Log"}
    return Case(case.seed, case.config, manifests, case.queries)


def test_what_keeps_the_rest_from_being_said_is_no_rule_that_decides_nothing() -> None:
    """Calico's network of cluster 1003 is the same without a part of a rule; Cilium's words for the rest are not."""
    found = converted(drawn(1003))
    (told,) = (one for one in found.residues if "other protocols" in one.told)
    assert (found.proof, told.kind) == ("undecided", "beyond the language")


def test_that_labels_of_namespaces_are_not_known_is_told_of_a_policy_without_rules() -> None:
    """In cluster 166741006 a policy perhaps isolates the pods of a namespace that is not in the input."""
    found = converted(drawn(166741006), "narrow")
    told = [one.told for one in found.residues if not one.rules]
    assert any("`b3` asks labels of namespaces" in text and "those of `bank` are not known" in text for text in told)


def test_a_policy_without_rules_in_a_tier_that_is_not_there_is_told_of() -> None:
    """In cluster 55292007 such a policy perhaps isolates; what is written isolates nobody in its place."""
    found = converted(drawn(55292007), "narrow")
    told = [one.told for one in found.residues if not one.rules]
    assert found.proof == "differs"
    assert any("`b5` stands in the tier `missing`" in text and "it is left out" in text for text in told)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_cilium_does_what_calico_did(chunk: int, seed: int) -> None:
    first = seed % 10**6 * 1_000 + chunk * CLUSTERS
    for number in range(first, first + CLUSTERS):
        case = drawn(number)
        found = converted(case)
        left = [one.told for one in found.residues if one.kind not in ("decides nothing", "written out")]
        assert found.proof != "differs" or left, f"cluster {number} differs, and nothing is said to be left out"
        if found.proof != "this cluster":
            continue
        for (query, was), (_, now) in zip(of_calico(case), of_cilium(case, found), strict=True):
            assert was == now, f"cluster {number}, {query}: {was} before, {now} after"


@pytest.mark.parametrize("residue", ["narrow", "widen"])
def test_what_is_chosen_goes_one_way(residue: str, seed: int) -> None:
    """Narrowed, nothing is allowed that was not; widened, nothing is denied that was not."""
    for number in range(seed % 10**6 * 1_000, seed % 10**6 * 1_000 + 3 * CLUSTERS):
        case = drawn(number)
        found = converted(case, residue)
        left = [one for one in found.residues if one.refused or (one.choices and not one.chosen)]
        left += [one for one in found.residues if one.kind == "conflict" or not one.rules]
        assert found.proof != "differs" or left, f"cluster {number} goes another way, and nothing says why"
        if found.proof not in ("narrower", "wider") or has_host_endpoint(case):
            continue
        for (query, was), (_, now) in zip(of_calico(case), of_cilium(case, found), strict=True):
            if residue == "narrow":
                assert now != {"allow"} or was == {"allow"}, f"cluster {number}, {query}: {was} before, {now} after"
            else:
                assert now != {"deny"} or was == {"deny"}, f"cluster {number}, {query}: {was} before, {now} after"


def test_what_a_choice_opens_and_closes_the_reference_evaluator_sees_too(seed: int) -> None:
    """A rule that is left out as a whole: as if it only logged."""
    first = seed % 10**6 * 1_000
    seen = 0
    for number in range(first, first + 120):
        if seen > 12:
            break
        case = drawn(number, 0)
        found = converted(case)
        choices = [
            (one.rules[0], choice)
            for one in found.residues
            for choice in one.choices
            if choice.told == "left out" and len(one.rules) == 1 and not has_host_endpoint(case)
        ]
        if not choices:
            continue
        case = drawn(number)
        before = of_calico(case)
        for rule, choice in choices:
            seen += 1
            for (query, was), (_, now) in zip(before, of_calico(without(case, rule)), strict=True):
                told = f"cluster {number}, without {rule}, {query}: {was} before, {now} after"
                assert was == now or choice.turned, told
                assert now != {"allow"} or was == {"allow"} or any(one.opens for one in choice.turned), told
                assert now != {"deny"} or was == {"deny"} or any(one.closes for one in choice.turned), told
    assert seen


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
