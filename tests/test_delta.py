"""The law of edits: `network.apply(delta)` answers as compiling the edited rules anew does."""

from __future__ import annotations

import random
from typing import Any

import pytest

from netwright.base.services import ServiceSet
from netwright.dialects.k8s.edit import Edit
from netwright.dialects.k8s.lower import lower_policies, origins_of
from netwright.engine.compile import Network
from netwright.engine.units import Delta
from netwright.model.cluster import Cluster
from netwright.model.document import Decoded
from netwright.profiles.compose import compose, recompose
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
