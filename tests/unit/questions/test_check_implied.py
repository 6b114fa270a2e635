"""Entries of one rule that another entry contains: which are told, and how many are compared for it."""

from __future__ import annotations

import random

import pytest

from netwright.base.ipset import IpSet
from netwright.dialects.k8s.objects import IPBlock, NetworkPolicyPeer
from netwright.questions.check import implied
from netwright.questions.check.containment import Asked, PeerSet, peer_contains, peer_set


def block(cidr: str, *cut: str) -> PeerSet:
    return peer_set(NetworkPolicyPeer(ip_block=IPBlock(cidr=cidr, except_=cut)), "shop")


def drawn(dice: random.Random) -> PeerSet:
    if dice.random() < 0.4:
        asked = (
            Asked(True),
            Asked(True, frozenset("a")),
            Asked(True, frozenset("ab")),
            Asked(None, None, frozenset("c")),
        )
        return {key: dice.choice(asked) for key in dice.sample(["n:x", "p:y", "p:z"], dice.randint(0, 2))}
    if dice.random() < 0.2:
        return block(f"fd00::{dice.randint(0, 3)}/{dice.choice((64, 127, 128))}")
    cut = f"10.0.{dice.randint(0, 3)}.64/{dice.choice((25, 26))}"
    return block(f"10.0.{dice.randint(0, 3)}.{dice.choice((0, 64, 128))}/{dice.choice((16, 22, 24, 26))}", cut)


def test_no_entry_that_contains_another_is_left_out(seed: int) -> None:
    dice = random.Random(f"peers {seed}")
    found = 0
    for _ in range(400):
        peers = [peer for _ in range(dice.randint(1, 9)) if (peer := drawn(dice)) or not isinstance(peer, IpSet)]
        offered = dict(implied._perhaps_wider(peers))
        assert sorted(offered) == list(range(len(peers)))
        for number, narrow in enumerate(peers):
            wider = [n for n, wide in enumerate(peers) if peer_contains(wide, narrow)]
            assert [n for n in offered[number] if peer_contains(peers[n], narrow)] == wider
            found += len(wider) - 1
    assert found > 100


@pytest.mark.parametrize("cidr", ["10.{0}.0.0/16", "10.0.0.0/8"])
def test_few_of_many_ranges_are_compared(cidr: str) -> None:
    peers = [block(cidr.format(i), f"10.{i}.128.0/17") for i in range(200)]
    assert sum(len(others) for _, others in implied._perhaps_wider(peers)) == len(peers)
