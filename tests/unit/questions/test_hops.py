"""Blast radius: over served ports, hop by hop, against a walk of the reference's own single verdicts."""

from __future__ import annotations

import random

import pytest

import netwright as nw
from netwright.engine.bits import indexes
from netwright.engine.blast import closure, spread


def test_the_shop(root: object) -> None:
    found = nw.load(str(root) + "/examples/shop").blast("legacy/orders")
    hops = {h.ref: h.hop for h in found.reached}
    assert hops["deploy/legacy/mailer"] == 1
    assert hops["deploy/shop/web"] == 2
    assert hops["deploy/shop/api"] == 2
    assert hops["sts/shop/db"] == 3
    assert hops["deploy/payments/ledger"] == 4
    assert "cronjob/shop/db-backup" not in hops, "it serves no port"


def test_one_hop_is_what_policy_allows_directly(root: object) -> None:
    twin = nw.load(str(root) + "/examples/shop")
    found = twin.blast("shop/web", hops=1)
    assert {h.ref for h in found.reached if h.surely} == {"deploy/shop/api", "deploy/kube-system/coredns"}
    assert any(c.policy == "shop/default-deny" and c.place.endswith("policies.yaml:8:16") for c in found.cuts)


def test_any_port_counts_workloads_that_declare_none(root: object) -> None:
    twin = nw.load(str(root) + "/examples/shop")
    served = {h.ref for h in twin.blast("legacy/orders").reached}
    every = {h.ref for h in twin.blast("legacy/orders", any_port=True).reached}
    assert served < every


def test_a_start_must_be_a_workload(root: object) -> None:
    with pytest.raises(nw.UsageError, match="not a workload"):
        nw.load(str(root) + "/examples/shop").blast("internet")


@pytest.mark.parametrize("seed", range(30))
def test_closure_equals_walking_from_every_end(seed: int) -> None:
    dice = random.Random(seed)
    n = dice.randrange(1, 40)
    density = dice.choice([0.02, 0.08, 0.3])
    adjacent = [sum(1 << j for j in range(n) if j != i and dice.random() < density) for i in range(n)]
    for i, reached in enumerate(closure(adjacent)):
        walked = 0
        for step in spread(adjacent, i):
            walked |= step
        assert indexes(reached) == indexes(walked & ~(1 << i))
