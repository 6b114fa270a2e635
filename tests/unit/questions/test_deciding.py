"""The rules behind every pair, said once for its ends: the same that the engine cites packet by packet."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

import netwright as nw
from netwright.base.services import service_key
from netwright.engine.verdict import Spot
from netwright.model.rule import Direction
from netwright.questions.deciding import Acting, Deciding, deciding, ranges
from netwright.twin import Twin
from tests.random_clusters import cluster

KEYS = [service_key(protocol, port) for protocol in (6, 17, 132) for port in (1, 53, 80, 443, 5432, 8080, 9090)]
NAMES = {6: "TCP", 17: "UDP", 132: "SCTP"}


def members(text: str) -> set[int]:
    spans = [part.partition("-") for part in text.split(",") if part]
    return {i for low, dash, high in spans for i in range(int(low), int(high if dash else low) + 1)}


def speaks_of(ports: str, key: int) -> bool:
    """Whether the text of a set of services has a TCP, UDP or SCTP port."""
    if ports == "all":
        return True
    for part in ports.split("; "):
        protocol, _, numbers = part.partition(" ")
        if protocol == NAMES[key >> 16]:
            spans = [n.partition("-") for n in numbers.split(",") if n] or [("0", "-", "65535")]
            if any(int(low) <= key & 0xFFFF <= int(high if dash else low) for low, dash, high in spans):
                return True
    return False


def assert_as_the_engine_says(twin: Twin, most: int = 40) -> int:
    """Compares every pair of ends and every key, both directions; how many citations were compared."""
    reached, compared = twin.reach(), 0
    for family in reached.families:
        ends = reached.ends[family]
        tables = twin.network.tables[family]
        told = deciding(twin.inquirer, family, ends.positions, twin.locate, twin.owner_of)
        assert len(told.egress_of) == len(told.ingress_of) == len(ends)
        sets = [members(text) for text in told.sets]
        sides: list[tuple[Direction, tuple[Acting, ...], tuple[int, ...]]] = [
            ("egress", told.egress, told.egress_of),
            ("ingress", told.ingress, told.ingress_of),
        ]
        for at in range(min(len(ends), most)):
            for peer in range(min(len(ends), most)):
                spots = Spot(ends.positions[at], ends.rows[at]), Spot(ends.positions[peer], ends.rows[peer])
                for direction, classes, of_end in sides:
                    acting = classes[of_end[at]]
                    read = {
                        (c.kind, c.namespace, c.name, c.rule)
                        for r in acting.rules
                        if peer in sets[r.peers]
                        for c in [told.cited[r.cited]]
                    }
                    isolates = {(c.kind, c.namespace, c.name) for i in acting.isolating for c in [told.cited[i]]}
                    for key in KEYS:
                        matching, isolating = twin.inquirer.citer.cite(tables, direction, *spots, key)
                        cited = {(c.origin.kind, c.origin.namespace, c.origin.name, c.rule) for c in matching}
                        assert cited <= read, (direction, ends.refs[at], ends.refs[peer], key)
                        assert {(c.origin.kind, c.origin.namespace, c.origin.name) for c in isolating} == isolates
                        compared += len(cited) + len(isolates)
                        pair = (spots[0], spots[1]) if direction == "egress" else (spots[1], spots[0])
                        outcomes = tables.outcome(pair[0].position, pair[1].position, key)
                        must, may = outcomes[0 if direction == "egress" else 1]
                        assert _passes(told, acting, sets, peer, key) == (must, may)
    return compared


def _passes(told: Deciding, acting: Acting, sets: list[set[int]], peer: int, key: int) -> tuple[bool, bool]:
    speaking = [p for p in acting.passing if speaks_of(p.ports, key)]
    return any(peer in sets[p.surely] for p in speaking), any(peer in sets[p.perhaps] for p in speaking)


def test_every_pair_of_the_example_has_the_rules_that_the_engine_cites() -> None:
    assert assert_as_the_engine_says(nw.load("examples/shop")) > 1000


@pytest.mark.parametrize("case", range(6))
def test_random_clusters(tmp_path: Path, seed: int, case: int) -> None:
    made = cluster(seed + case, tuples=1)
    (tmp_path / "cluster.json").write_bytes(msgspec.json.encode({"kind": "List", "items": made.manifests}))
    twin = nw.load(str(tmp_path), pod_cidr=list(made.pod_cidrs))
    assert_as_the_engine_says(twin, most=14)


def test_a_rule_has_its_place_its_ports_and_its_owner() -> None:
    twin = nw.load("examples/shop")
    reached = twin.reach()
    ends = reached.ends[4]
    told = deciding(twin.inquirer, 4, ends.positions, twin.locate, twin.owner_of)
    acting = told.ingress[told.ingress_of[ends.refs.index("sts/shop/db")]]
    first = acting.rules[0]
    cited = told.cited[first.cited]
    assert (cited.kind, cited.namespace, cited.name, cited.rule) == ("NetworkPolicy", "shop", "db", 0)
    assert cited.file.endswith("shop/db.yaml")
    text = Path(cited.file).read_text(encoding="utf-8").splitlines()
    assert "from:" in text[cited.line - 1]
    assert (first.action, first.ports, cited.owner) == ("allow", "TCP named postgres", "@data-team")
    assert {told.cited[i].name for i in acting.isolating} == {"db", "default-deny"}
    assert ends.refs.index("deploy/shop/api") in members(told.sets[first.peers])
    free = told.ingress[told.ingress_of[ends.refs.index("deploy/legacy/orders")]]
    assert (free.rules, free.isolating) == ((), ())


def test_a_policy_that_is_not_read_is_told_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(
        "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: apps}, spec: {containers: [{name: c, image: x}]}}\n"
        "---\n{apiVersion: networking.gke.io/v1, kind: FQDNNetworkPolicy, metadata: {name: p, namespace: apps}}\n"
    )
    twin = nw.load(str(tmp_path))
    reached = twin.reach()
    told = deciding(twin.inquirer, 4, reached.ends[4].positions, twin.locate, twin.owner_of)
    unread = [c for c in told.cited if not c.name]
    assert unread
    assert all("FQDNNetworkPolicy" in c.unread for c in unread)


def test_ranges() -> None:
    assert [ranges(m) for m in ([], [3], [0, 1, 2, 7, 9, 10])] == ["", "3", "0-2,7,9-10"]
