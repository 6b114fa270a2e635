"""The law of edits: `network.apply(delta)` answers as compiling the edited rules anew does."""

from __future__ import annotations

import random
from functools import reduce
from typing import Any

import msgspec
import pytest

from netwright.base.services import ServiceSet
from netwright.dialects.k8s.edit import Edit
from netwright.dialects.k8s.lower import lower_policies, origins_of
from netwright.engine.compile import Network
from netwright.engine.units import Delta
from netwright.model.cluster import Cluster
from netwright.model.document import Decoded
from netwright.profiles.compose import compose, recompose
from netwright.profiles.deltas import deltas
from netwright.profiles.known import profile_of
from netwright.profiles.profile import NETWORK_POLICY
from tests.agreement import decode_all
from tests.random_clusters import cluster

EDITS = 6


def answers(network: Network, rows: int) -> dict[tuple[int, int, int], tuple[ServiceSet, ServiceSet]]:
    """What surely and what perhaps passes, for every family and pair of endpoint rows."""
    found = {}
    for family, tables in network.tables.items():
        for s in range(rows):
            for d in range(rows):
                found[family, s, d] = tables.pair(network.position(s), network.position(d))
    return found


def compiled(objects: list[Decoded], like: Any) -> Network:
    """The edited policies over the same endpoints: which of a workload's pods are told apart is not edited."""
    gone = [Edit(d, None, "") for d in like.objects if d not in objects]
    fresh = recompose(like, [*gone, *(Edit(None, d, "") for d in objects if d not in like.objects)])
    return Network(fresh.columns, fresh.enforcers, like.families)


def tier_of(like: Cluster) -> int:
    """The number of the tier that NetworkPolicies stand in."""
    return [tier.name for tier in like.enforcers[0].tiers].index(NETWORK_POLICY)


@pytest.mark.parametrize("seed", range(40))
def test_an_edit_equals_compiling_anew(seed: int) -> None:
    case, donor = cluster(seed, 1), cluster(seed + 10_000, 1)
    objects = decode_all(case.manifests)
    spare = [d for d in decode_all(donor.manifests) if d.kind == "NetworkPolicy"]
    like = compose(objects, pod_cidrs=case.pod_cidrs)
    network = Network(like.columns, like.enforcers, like.families)
    tier = tier_of(like)
    dice = random.Random(seed)
    for number in range(EDITS):
        policies = [d for d in objects if d.kind == "NetworkPolicy"]
        kind = dice.choice(["remove", "add", "replace", "copy"])
        gone = dice.choice(policies) if policies and kind in ("remove", "replace") else None
        come = None
        if kind in ("add", "replace") and spare:
            come = dice.choice(spare)
        elif kind == "copy" and policies:
            come = dice.choice(policies)
        if come is not None:
            home = gone or dice.choice(policies or [come])
            come = Decoded(
                kind="NetworkPolicy",
                namespace=home.namespace,
                name=gone.name if gone else f"new-{number}",
                value=come.value,
            )
        rules, ends = lower_policies([come] if come else [])
        removed = origins_of(gone) if gone else frozenset()
        before = answers(network, like.columns.n)
        edited = network.apply(Delta(tier=tier, removed=removed, rules=rules, ends=ends))
        objects = [d for d in objects if d is not gone] + ([come] if come else [])
        assert answers(edited, like.columns.n) == answers(compiled(objects, like), like.columns.n), (number, kind)
        assert answers(network, like.columns.n) == before, "an edit changed the network it was made from"
        network = edited


def test_an_edit_that_names_nothing_new_shares_identities_and_rows() -> None:
    case = cluster(3, 1)
    objects = decode_all(case.manifests)
    like = compose(objects, pod_cidrs=case.pod_cidrs)
    network = Network(like.columns, like.enforcers, like.families)
    network.prove()
    policy = next(d for d in objects if d.kind == "NetworkPolicy")
    edited = network.apply(Delta(tier=tier_of(like), removed=frozenset([(policy.kind, policy.namespace, policy.name)])))
    assert edited.identities is network.identities
    for family, tables in network.tables.items():
        assert edited.tables[family].ingress.kept is tables.ingress.kept


@pytest.mark.parametrize("cni", ["upstream", "cilium", "cilium:policy-cidr-match-mode=pods", "ovn-kubernetes"])
@pytest.mark.parametrize("seed", range(20))
def test_the_edits_of_a_profile_equal_compiling_anew(seed: int, cni: str) -> None:
    """Where a profile gives an edit of a policy as edits of tiers, these answer as the edited input does."""
    case, donor = cluster(seed, 1), cluster(seed + 10_000, 1)
    objects = decode_all(case.manifests)
    spare = [d for d in decode_all(donor.manifests) if d.kind == "NetworkPolicy"]
    like = compose(objects, profile=profile_of(cni), pod_cidrs=case.pod_cidrs)
    network = Network(like.columns, like.enforcers, like.families)
    dice = random.Random(seed)
    given = 0
    for number in range(EDITS):
        gone = dice.choice([d for d in objects if d.kind == "NetworkPolicy"] or [None])
        come = None
        if spare and dice.random() < 0.7:
            come = msgspec.structs.replace(dice.choice(spare), name=f"new-{number}")
        edits = [Edit(gone, come, "")] if gone or come else []
        chain = deltas(like, edits)
        if chain is None:
            continue
        given += 1
        edited = recompose(like, edits)
        found = answers(reduce(Network.apply, chain, network), like.columns.n)
        assert found == answers(Network(edited.columns, edited.enforcers, like.families), like.columns.n)
    # an edit of any policy may be none of tiers
    policies = [d for d in objects if d.kind == "NetworkPolicy"]
    assert given or any(deltas(like, [Edit(d, None, "")]) is None for d in policies)


def test_no_edit_of_tiers_where_others_hang_on_who_is_isolated() -> None:
    """A rule for requests owes nothing at a pod that nothing isolates, so that to isolate it changes that rule."""
    case = cluster(3, 1)
    requests = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "requests", "namespace": "default"},
        "spec": {
            "endpointSelector": {},
            "enableDefaultDeny": {"ingress": False},
            "ingress": [{"toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}], "rules": {"http": [{}]}}]}],
        },
    }
    objects = decode_all(case.manifests)
    policy = next(d for d in objects if d.kind == "NetworkPolicy")
    edits = [Edit(policy, None, "")]
    assert deltas(compose(objects, profile=profile_of("cilium")), edits) is not None
    assert deltas(compose(decode_all([*case.manifests, requests]), profile=profile_of("cilium")), edits) is None
