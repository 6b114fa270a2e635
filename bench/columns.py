"""A large cluster made straight in columns: a million pods in seconds, skewed as real ones are.

Most pods come from few large workloads; every workload has its own `app` and `pod-template-hash` labels and every tenth
pod a label with its own name, so that distinct labels are many and labels that policies mention are few.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Object = dict[str, Any]
Ints = npt.NDArray[np.int32]

COMPONENTS = tuple(f"component-{i}" for i in range(8))
TIERS = ("edge", "front", "middle", "back", "data")
VERSIONS = ("v1", "v2", "v3")
HASH = "pod-template-hash"
POD_NAME = "statefulset.kubernetes.io/pod-name"
PODS_A_NODE = 110
POD_BASE = 10 << 24
"""Pod addresses start at 10.0.0.0; every node has a /24."""
PROTOCOLS = {"TCP": 6, "UDP": 17, "SCTP": 132}


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """`n` pods on the pod network, and the policies over them.

    Index columns are int32 and point into the table of the same name; the labels of pod i are
    `label_ids[label_offsets[i]:label_offsets[i + 1]]`, sorted, and `labels` is
    sorted by key.
    `address` is IPv4, host order. `policies` are NetworkPolicy objects as plain values.
    """

    namespace: Ints
    label_offsets: npt.NDArray[np.int64]
    label_ids: Ints
    port_map: Ints
    address: npt.NDArray[np.uint32]
    node: Ints
    workload: Ints
    labels: list[tuple[str, str]]
    port_maps: list[tuple[tuple[str, int, int], ...]]
    """Named ports, sorted: (name, protocol number, port)."""
    namespaces: list[str]
    namespace_labels: list[dict[str, str]]
    nodes: list[str]
    workloads: list[str]
    policies: list[Object]

    @property
    def n(self) -> int:
        """Pods."""
        return len(self.namespace)

    def labels_of(self, pod: int) -> dict[str, str]:
        """The pod's own labels."""
        ids = self.label_ids[self.label_offsets[pod] : self.label_offsets[pod + 1]]
        return dict(self.labels[i] for i in ids)


def columns(pods: int, namespaces: int, policies: int, seed: int) -> Columns:
    """A cluster of `pods` pods in `namespaces` namespaces under `policies` NetworkPolicies.

    Workloads grow slower than pods (15,000 at a million), and their sizes follow a heavy tail. With 1,000,000 pods, 500
    namespaces and 10,000 policies some 27,000 identities arise where address blocks match pod addresses, 15,000 where
    they do not.
    """
    rng = np.random.default_rng(seed)
    count = max(namespaces, min(pods, round(60 * pods**0.4)))
    home = np.concatenate([np.arange(namespaces), rng.integers(0, namespaces, count - namespaces)]).astype(np.int32)
    weight = rng.pareto(1.6, count) + 0.15
    workload = np.concatenate(
        [np.arange(min(count, pods)), rng.choice(count, max(0, pods - count), p=weight / weight.sum())]
    )
    workload = np.sort(workload).astype(np.int32)
    labels, base = _labels(rng, count, home)
    table, offsets, ids = _pod_labels(rng, labels, base, workload)
    place = rng.permutation(pods)
    node = (place // PODS_A_NODE).astype(np.int32)
    address = (POD_BASE + node.astype(np.int64) * 256 + 2 + place % PODS_A_NODE).astype(np.uint32)
    maps = _port_maps()
    names = [f"space-{i:03}" for i in range(namespaces)]
    dice = random.Random(seed)
    return Columns(
        namespace=home[workload],
        label_offsets=offsets,
        label_ids=ids,
        port_map=(rng.zipf(1.5, count) % len(maps)).astype(np.int32)[workload],
        address=address,
        node=node,
        workload=workload,
        labels=table,
        port_maps=maps,
        namespaces=names,
        namespace_labels=[_namespace_labels(dice, i, name) for i, name in enumerate(names)],
        nodes=[f"node-{i:05}" for i in range(int(node.max(initial=-1)) + 1)],
        workloads=[f"{names[space]}/app-{i:05}" for i, space in enumerate(home)],
        policies=_Policies(dice, names, home, int(node.max(initial=0)) + 1).network(policies),
    )


def _labels(rng: np.random.Generator, count: int, home: Ints) -> tuple[list[tuple[str, str]], Ints]:
    """The labels of the workloads: a table sorted by key, and for each workload one id a key, -1 where it has none."""
    table: list[tuple[str, str]] = []
    chosen: list[Ints] = []

    def column(key: str, values: list[str], which: npt.NDArray[np.integer[Any]], share: float = 1.0) -> None:
        ids = (which + len(table)).astype(np.int32)
        ids[rng.random(count) >= share] = -1
        table.extend((key, value) for value in values)
        chosen.append(ids)

    column("app", [f"app-{i:05}" for i in range(count)], np.arange(count))
    column("component", list(COMPONENTS), rng.integers(0, len(COMPONENTS), count), 0.95)
    column("part-of", [f"suite-{i}" for i in range(60)], home % 60, 0.8)
    column("pci", ["false", "true"], rng.integers(0, 2, count), 0.3)
    column(HASH, [f"{i * 2654435761 % 2**32:08x}" for i in range(count)], np.arange(count), 0.8)
    column("tier", list(TIERS), rng.integers(0, len(TIERS), count), 0.7)
    column("version", list(VERSIONS), rng.integers(0, len(VERSIONS), count), 0.9)
    return table, np.stack(chosen, axis=1)


def _pod_labels(
    rng: np.random.Generator, table: list[tuple[str, str]], base: Ints, workload: Ints
) -> tuple[list[tuple[str, str]], npt.NDArray[np.int64], Ints]:
    """Labels of every pod: those of its workload, for every tenth its own name, for some another version."""
    pods = len(workload)
    first_tier = table.index(("tier", TIERS[0]))
    named = np.flatnonzero(rng.random(pods) < 0.1)
    # Pod names stand between the hashes and the tiers: the table stays sorted by key.
    shifted = np.where(base >= first_tier, base + len(named), base).astype(np.int32)
    rows = np.full((pods, base.shape[1] + 1), -1, dtype=np.int32)
    keep = [0, 1, 2, 3, 4, 6, 7]
    rows[:, keep] = shifted[workload]
    rows[named, 5] = first_tier + np.arange(len(named), dtype=np.int32)
    versions = first_tier + len(named) + len(TIERS)
    rollout = (rng.random(pods) < 0.5) & (workload % 40 == 7) & (rows[:, 7] >= 0)
    rows[rollout, 7] = versions + (rows[rollout, 7] - versions + 1) % len(VERSIONS)
    present = rows >= 0
    offsets = np.zeros(pods + 1, dtype=np.int64)
    np.cumsum(present.sum(axis=1), out=offsets[1:])
    names = [(POD_NAME, f"pod-{i:07}") for i in named.tolist()]
    return [*table[:first_tier], *names, *table[first_tier:]], offsets, rows[present]


def _port_maps() -> list[tuple[tuple[str, int, int], ...]]:
    """Maps of named ports, the commonest first."""
    tcp, udp = PROTOCOLS["TCP"], PROTOCOLS["UDP"]
    maps: list[tuple[tuple[str, int, int], ...]] = [()]
    for http in (8080, 8000, 3000, 9000):
        maps += [(("http", tcp, http),), (("http", tcp, http), ("metrics", tcp, http + 1090))]
        maps.append((("grpc", tcp, 50051), ("http", tcp, http), ("metrics", tcp, 9090)))
    return [*maps, (("db", tcp, 5432),), (("db", tcp, 3306),), (("dns", udp, 53), ("dns-tcp", tcp, 53))]


def _namespace_labels(dice: random.Random, index: int, name: str) -> dict[str, str]:
    labels = {"kubernetes.io/metadata.name": name, "team": f"team-{index % 25}"}
    labels["env"] = dice.choice(("prod", "prod", "staging", "dev"))
    if dice.random() < 0.2:
        labels["pci"] = "true"
    return labels


class _Policies:
    """NetworkPolicies and admin policies over the workloads of a cluster."""

    def __init__(self, dice: random.Random, names: list[str], home: Ints, nodes: int) -> None:
        self.dice = dice
        self.names = names
        self.nodes = nodes
        self.of: list[list[int]] = [[] for _ in names]
        for workload, space in enumerate(home.tolist()):
            self.of[space].append(workload)
        self.ranges = [(p, p + dice.choice((9, 99, 999))) for p in range(1000, 32000, 1100)]
        self.numbers = [80, 443, 8080, 8000, 3000, 9000, 9090, 5432, 3306, 6379, 27017, 50051, 9187, 8443, 53, 9093]

    def network(self, count: int) -> list[Object]:
        made = []
        for i in range(count):
            space = self.dice.randrange(len(self.names))
            closed = i < len(self.names) // 2
            if closed:
                space = 2 * i
            spec = {"podSelector": {}, "policyTypes": ["Ingress"]} if closed else self.spec(space)
            meta = {"name": f"policy-{i:05}", "namespace": self.names[space]}
            made.append({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec})
        return made

    def spec(self, space: int) -> Object:
        dice = self.dice.random()
        types = ["Ingress"] if dice < 0.6 else ["Ingress", "Egress"] if dice < 0.8 else ["Egress"]
        spec: Object = {"podSelector": self.subject(space), "policyTypes": types}
        if "Ingress" in types:
            spec["ingress"] = [self.rule("from", space) for _ in range(self.dice.choice((1, 1, 2)))]
        if "Egress" in types:
            spec["egress"] = [self.rule("to", space) for _ in range(self.dice.choice((1, 1, 2)))]
        return spec

    def app(self, space: int) -> Object:
        return {"matchLabels": {"app": f"app-{self.dice.choice(self.of[space]):05}"}}

    def subject(self, space: int) -> Object:
        dice = self.dice.random()
        if dice < 0.45:
            return self.app(space)
        if dice < 0.8:
            return {"matchLabels": {"component": self.dice.choice(COMPONENTS)}}
        return {"matchLabels": {"tier": self.dice.choice(TIERS)}}

    def rule(self, key: str, space: int) -> Object:
        rule: Object = {key: [self.peer(space) for _ in range(self.dice.choice((1, 1, 2, 2, 3)))]}
        if self.dice.random() < 0.85:
            rule["ports"] = [self.port() for _ in range(self.dice.choice((1, 1, 2)))]
        return rule

    def peer(self, space: int) -> Object:
        dice = self.dice.random()
        if dice < 0.35:
            return {"podSelector": self.app(space) if self.dice.random() < 0.5 else self.pods()}
        if dice < 0.55:
            return {"namespaceSelector": self.spaces()}
        if dice < 0.85:
            return {"namespaceSelector": self.spaces(), "podSelector": self.pods()}
        return {"ipBlock": self.block()}

    def pods(self) -> Object:
        dice = self.dice.random()
        if dice < 0.6:
            return {"matchLabels": {"component": self.dice.choice(COMPONENTS)}}
        if dice < 0.8:
            return {"matchLabels": {"tier": self.dice.choice(TIERS), "version": self.dice.choice(VERSIONS)}}
        if dice < 0.9:
            return {
                "matchExpressions": [
                    {"key": "component", "operator": "NotIn", "values": [self.dice.choice(COMPONENTS)]}
                ]
            }
        return {"matchExpressions": [{"key": "pci", "operator": self.dice.choice(("DoesNotExist", "Exists"))}]}

    def spaces(self) -> Object:
        dice = self.dice.random()
        if dice < 0.6:
            return {"matchLabels": {"kubernetes.io/metadata.name": self.dice.choice(self.names)}}
        if dice < 0.95:
            return {
                "matchLabels": {"team": f"team-{self.dice.randrange(25)}", "env": self.dice.choice(("prod", "staging"))}
            }
        return {"matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["dev"]}]}

    def block(self) -> Object:
        """Mostly ranges outside of the cluster; few cut the pods' range: every workload splits at each of them."""
        dice = self.dice.random()
        if dice < 0.1:
            # All private ranges, or everything but them: the pods' whole range is in or out.
            return self.dice.choice(
                ({"cidr": "10.0.0.0/8"}, {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "192.168.0.0/16"]})
            )
        if dice < 0.12:
            half = (POD_BASE + ((self.nodes // 2) << 8)) & ~0x1FFFF
            return {"cidr": f"{half >> 24}.{half >> 16 & 255}.{half >> 8 & 255}.0/15"}
        a, b = self.dice.choice((52, 34, 104, 151, 185)), self.dice.randrange(256)
        block: Object = {"cidr": f"{a}.{b}.{self.dice.randrange(2) * 32}.0/19"}
        if self.dice.random() < 0.5:
            third = int(block["cidr"].split(".")[2])
            block["except"] = [f"{a}.{b}.{third + self.dice.randrange(4)}.0/24"]
        return block

    def port(self) -> Object:
        dice = self.dice.random()
        if dice < 0.5:
            return {"protocol": "TCP", "port": self.dice.choice(self.numbers)}
        if dice < 0.65:
            return {"protocol": "TCP", "port": self.dice.choice(("http", "metrics", "grpc", "db"))}
        if dice < 0.8:
            low, high = self.dice.choice(self.ranges)
            return {"protocol": "TCP", "port": low, "endPort": high}
        if dice < 0.9:
            return {"protocol": "UDP", "port": self.dice.choice((53, "dns", 123))}
        return {"protocol": "SCTP", "port": 3868} if dice < 0.94 else {"protocol": self.dice.choice(("TCP", "UDP"))}

    def admin(self, index: int, rules: int) -> Object:
        pods = {"namespaceSelector": self.spaces(), "podSelector": self.pods()}
        subject: Object = {"namespaces": self.spaces()} if self.dice.random() < 0.6 else {"pods": pods}
        made: Object = {"name": f"admin-{index:03}", "tier": "Admin" if index % 3 else "Baseline", "priority": index}
        made["subject"] = subject
        for key, peers in (("ingress", "from"), ("egress", "to")):
            made[key] = [self.admin_rule(peers) for _ in range(rules)]
        return made

    def admin_rule(self, peers: str) -> Object:
        rule: Object = {"action": self.dice.choice(("Accept", "Deny", "Deny", "Pass"))}
        if peers == "to" and self.dice.random() < 0.15:
            peer: Object = {"networks": [self.block()["cidr"]]}
        elif self.dice.random() < 0.5:
            peer = {"namespaces": self.spaces()}
        else:
            peer = {"pods": {"namespaceSelector": self.spaces(), "podSelector": self.pods()}}
        rule[peers] = [peer]
        entries: list[Object] = []
        for _ in range(self.dice.choice((1, 2))):
            if self.dice.random() < 0.7:
                entries.append({"protocol": "TCP", "port": self.dice.choice(self.numbers)})
            else:
                low, high = self.dice.choice(self.ranges)
                entries.append({"protocol": "TCP", "port": low, "endPort": high})
        return {**rule, "ports": entries}


def admin_policies(of: Columns, seed: int, count: int = 30, rules: int = 10) -> list[Object]:
    """`count` ordered policies above and below NetworkPolicy, with `rules` rules each way.

    Each: name, tier ("Admin" | "Baseline"), priority (unique, lower wins), subject ({"namespaces": selector} or
    {"pods": {namespaceSelector, podSelector}}), ingress and egress: rules of action ("Accept" | "Deny" | "Pass"), from
    or to (one peer: namespaces, pods, networks) and ports ({protocol, port, endPort?}).
    """
    home = np.zeros(len(of.workloads), dtype=np.int32)
    home[of.workload] = of.namespace
    maker = _Policies(random.Random(seed), of.namespaces, home, len(of.nodes))
    return [maker.admin(i, rules) for i in range(count)]
