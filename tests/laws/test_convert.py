"""`convert` against the reference evaluator: where nothing is said to differ, no verdict of a random question does."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from netwright.model.document import Reading
from netwright.questions.convert import Converted
from netwright.twin import Twin, digest
from tests import random_cilium
from tests.agreement import Asked, Names, NoTexts, decode_all, document, expected, inquirer
from tests.agreement_cilium import asked_under, decoded, judged, parts, profile_name
from tests.laws.test_reach import twin
from tests.random_clusters import Case, cluster

pytestmark = pytest.mark.laws
CHUNKS, CLUSTERS, TUPLES = 10, 20, 60
OF_CILIUM = 8
OLD = ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy")
Object = dict[str, Any]


def verdicts(case: Case, manifests: list[Object]) -> list[str]:
    """What the reference evaluator says to every question of a case, over other manifests."""
    objects = decode_all(manifests)
    network = inquirer(objects, case.pod_cidrs)
    names, asked = Names(objects), Asked(manifests, case.pod_cidrs, case.queries)
    families, assumed = network.network.families, network.cluster.has_assumed_families
    return [expected(names, asked, query, families, assumed).verdict for query in case.queries]


def as_old(manifest: Object) -> Object:
    """A ClusterNetworkPolicy of the Admin tier as an AdminNetworkPolicy; other objects as they are."""
    if manifest["kind"] != "ClusterNetworkPolicy" or manifest["spec"]["tier"] != "Admin":
        return manifest
    spec = {key: held for key, held in manifest["spec"].items() if key != "tier"}
    for side in ("ingress", "egress"):
        if side in spec:
            spec[side] = [old_rule(rule) for rule in spec[side]]
    meta = manifest["metadata"] | {"name": f"old-{manifest['metadata']['name']}"}
    return {
        "apiVersion": "policy.networking.k8s.io/v1alpha1",
        "kind": "AdminNetworkPolicy",
        "metadata": meta,
        "spec": spec,
    }


def old_rule(rule: Object) -> Object:
    out = {key: held for key, held in rule.items() if key != "protocols"}
    out["action"] = "Allow" if rule["action"] == "Accept" else rule["action"]
    if "protocols" in rule:
        out["ports"] = [old_port(entry) for entry in rule["protocols"]]
    return out


def old_port(entry: Object) -> Object:
    if "destinationNamedPort" in entry:
        return {"namedPort": entry["destinationNamedPort"]}
    ((protocol, held),) = entry.items()
    port = held["destinationPort"]
    if "number" in port:
        return {"portNumber": {"protocol": protocol.upper(), "port": port["number"]}}
    return {"portRange": {"protocol": protocol.upper(), **port["range"]}}


def after(case: Case, found: Converted) -> list[Object]:
    return [m for m in case.manifests if m["kind"] not in OLD] + [one.object for one in found.objects]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_what_is_proven_equal_has_the_same_verdicts(chunk: int, seed: int) -> None:
    proofs: Counter[str] = Counter()
    fates: Counter[str] = Counter()
    number = seed % 10**6 * 1_000 + chunk * 100
    while sum(proofs.values()) < CLUSTERS:
        case = cluster(number, TUPLES, admin_share=1)
        if number % 2:
            case = replace(case, manifests=[as_old(m) for m in case.manifests])
        number += 1
        if not any(m["kind"] in OLD for m in case.manifests):
            continue
        found = twin(case.manifests, case.pod_cidrs).convert("clusternetworkpolicy")
        proofs[found.proof] += 1
        fates.update(rule.fate for rule in found.rules)
        was, now = verdicts(case, case.manifests), verdicts(case, after(case, found))
        moved = [(q, a, b) for q, a, b in zip(case.queries, was, now, strict=True) if a != b]
        if found.proof in ("every cluster", "this cluster"):
            assert not moved, f"cluster {case.seed} is {found.proof}: {moved[:3]}"
        else:
            assert {r.kind for r in found.residues} - {"tie"}, f"cluster {case.seed}: {found.proof} without a residue"
            assert found.turned, f"cluster {case.seed}: {found.proof} without a connection"
        if {r.kind for r in found.residues} <= {"tie"}:
            assert found.proof == "every cluster", f"cluster {case.seed} is only {found.proof}"
    assert proofs["every cluster"] + proofs["this cluster"] >= CLUSTERS // 2, proofs
    assert fates["refused"] <= 0.1 * sum(fates.values()), fates


# --- CiliumNetworkPolicy to NetworkPolicy ----------------------------------------------------------------------------


LANGUAGES = ("networkpolicy", "networkpolicy+clusternetworkpolicy")


def named(manifest: Object) -> str:
    meta = manifest["metadata"]
    home = "default" if manifest["kind"] == "NetworkPolicy" else ""
    space = meta.get("namespace", home)
    return f"{manifest['kind']} {space}/{meta['name']}" if space else f"{manifest['kind']} {meta['name']}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_policies_of_kubernetes_do_what_cilium_s_did(language: str, chunk: int, seed: int) -> None:
    """Whatever is converted, dropped, said by more or left: no verdict of Cilium's reference evaluator moves. How much
    is converted is no law: `docs/conversion.py` counts it."""
    first = seed % 10**6 * 1_000 + chunk * OF_CILIUM
    for number in range(first, first + OF_CILIUM):
        case = random_cilium.cluster(number, TUPLES, random_cilium.CONFIGS[number % len(random_cilium.CONFIGS)])
        documents = [document(m) for m in case.manifests]
        reading = Reading(documents=documents, unread=[], warnings=[], inputs=[], texts=NoTexts())
        found = Twin(digest(reading), cni=profile_name(case.config)).convert(language)  # type: ignore[arg-type]
        assert found.proof in ("every cluster", "this cluster", "nothing"), f"cluster {number}: {found.proof}"
        kept = [m for m in case.manifests if named(m) not in found.replaced]
        sides = [[decoded(m) for m in side] for side in (case.manifests, [*kept, *(o.object for o in found.objects)])]
        engines = [asked_under(case, objects) for objects in sides]
        for query in case.queries:
            was, now = (
                [judged(case, engine, objects, part).verdict for part in parts(engine, objects, query)]
                for engine, objects in zip(engines, sides, strict=True)
            )
            assert was == now, f"cluster {number}, {query}: {was} before, {now} after"


RANKS = {"deny": 0, "undecided": 1, "allow": 2}


@pytest.mark.parametrize("way", ["narrow", "widen"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_choice_moves_verdicts_one_way(language: str, way: str, seed: int) -> None:
    """Narrowed, no question of the reference evaluator is answered by more than before; widened, none by less."""
    first = seed % 10**6 * 1_000 + 500
    for number in range(first, first + 2 * OF_CILIUM):
        case = random_cilium.cluster(number, TUPLES, random_cilium.CONFIGS[number % len(random_cilium.CONFIGS)])
        documents = [document(m) for m in case.manifests]
        reading = Reading(documents=documents, unread=[], warnings=[], inputs=[], texts=NoTexts())
        asked = Twin(digest(reading), cni=profile_name(case.config))
        found = asked.convert(language, residue=way)  # type: ignore[arg-type]
        one_way = "narrower" if way == "narrow" else "wider"
        assert found.proof in (one_way, "every cluster", "this cluster", "nothing"), f"cluster {number}: {found.proof}"
        kept = [m for m in case.manifests if named(m) not in found.replaced]
        sides = [[decoded(m) for m in side] for side in (case.manifests, [*kept, *(o.object for o in found.objects)])]
        engines = [asked_under(case, objects) for objects in sides]
        for query in case.queries:
            was, now = (
                [RANKS[judged(case, engine, objects, part).verdict] for part in parts(engine, objects, query)]
                for engine, objects in zip(engines, sides, strict=True)
            )
            moved = [(a, b) for a, b in zip(was, now, strict=True) if (b > a if way == "narrow" else b < a)]
            assert not moved, f"cluster {number}, {query}: {was} before, {now} after"


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_fewer_network_policies_do_what_more_did(chunk: int, seed: int) -> None:
    first = seed % 10**6 * 1_000 + chunk * OF_CILIUM
    for number in range(first, first + OF_CILIUM):
        case = cluster(number, TUPLES)
        found = twin(case.manifests, case.pod_cidrs).convert("networkpolicy", fewest=True)
        assert found.proof in ("every cluster", "this cluster", "nothing"), f"cluster {number}: {found.proof}"
        assert found.fewest is not None
        assert found.fewest.at_least <= found.fewest.after <= found.fewest.before
        kept = [m for m in case.manifests if named(m) not in found.replaced]
        after_all = [*kept, *(one.object for one in found.objects)]
        assert sum(m["kind"] == "NetworkPolicy" for m in after_all) == found.fewest.after
        was, now = verdicts(case, case.manifests), verdicts(case, after_all)
        moved = [(q, a, b) for q, a, b in zip(case.queries, was, now, strict=True) if a != b]
        assert not moved, f"cluster {number}: {moved[:3]}"
