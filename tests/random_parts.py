"""The vocabulary of the random clusters, small on purpose, and what their makers share."""

from __future__ import annotations

import ipaddress
import random
import uuid
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

Object = dict[str, Any]
Labels = dict[str, str]

NAMESPACES = ("default", "shop", "data", "ops", "edge")
NAMES = ("web", "api", "db", "cache", "log", "auth", "feed", "job", "mail", "ui", "etl", "bus", "kv", "gw", "bot")
VALUES: dict[str, tuple[str, ...]] = {
    "app": ("web", "api", "db", "cache"),
    "tier": ("front", "back"),
    "env": ("prod", "test"),
    "version": ("v1", "v2"),
    "example.com/role": ("reader", ""),
}
KEYS = tuple(VALUES)
TEAMS = ("red", "blue")
NAME_LABEL = "kubernetes.io/metadata.name"
PROTOCOLS = ("TCP", "TCP", "TCP", "TCP", "TCP", "UDP", "UDP", "SCTP")
PORTS = (80, 81, 443, 53, 8080, 8081, 8999, 9000, 9001, 9090, 5432, 1, 65535)
RANGES = (
    (80, 443),
    (8000, 9000),
    (8990, 9500),
    (8080, 8080),
    (1, 65535),
    (1, 1023),
    (9000, 65535),
    (53, 8080),
    (8081, 9090),
)
PORT_NAMES = ("http", "metrics", "dns", "db")
POD_RANGE = {4: "10.244.0.0/16", 6: "fd00:10:244::/48"}
BLOCKS = {
    4: (
        "0.0.0.0/0", "0.0.0.0/0", "10.0.0.0/8", "10.244.0.0/16", "10.244.0.0/17", "10.244.0.0/24", "10.244.1.0/24",
        "10.244.1.128/25", "192.168.0.0/16", "192.168.0.8/29", "203.0.113.0/24", "203.0.113.64/26", "198.51.100.0/24",
        "10.96.0.0/12",
    ),
    6: (
        "::/0", "::/0", "fd00::/8", "fd00:10:244::/48", "fd00:10:244::/64", "fd00:10:244:1::/64",
        "fd00:10:244:1::80/121", "fd00:192::/64", "2001:db8::/32", "2001:db8:1::/48", "fd00:10:96::/112",
    ),
}  # fmt: skip
OUTSIDE = {
    4: (
        "203.0.113.63",
        "203.0.113.64",
        "203.0.113.127",
        "203.0.113.128",
        "198.51.100.7",
        "8.8.8.8",
        "10.0.0.5",
        "172.16.3.4",
    ),
    6: ("2001:db8:1::5", "2001:db8:1:ffff::1", "2001:db8:2::9", "2a00:1450::8", "fd00:ffff::1"),
}
SOURCE_RANGES = {
    4: ("203.0.113.0/24", "203.0.113.64/26", "0.0.0.0/0", "10.244.0.0/16", "10.244.0.0/17"),
    6: ("2001:db8::/32", "2001:db8:1::/48", "::/0", "fd00:10:244::/48"),
}
POD_HOSTS = (1, 5, 77, 127, 128, 129, 200, 254)
SHORT = {
    "Pod": "pod", "Deployment": "deploy", "StatefulSet": "sts", "DaemonSet": "ds", "ReplicaSet": "rs",
    "ReplicationController": "rc", "Job": "job", "CronJob": "cronjob",
}  # fmt: skip
KINDS = (
    ("Deployment",) * 7
    + ("Pod",) * 5
    + ("StatefulSet",) * 3
    + ("DaemonSet",) * 2
    + ("ReplicaSet", "ReplicationController", "Job", "CronJob")
)
API = {
    "Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "ReplicaSet": "apps/v1",
    "ReplicationController": "v1", "Job": "batch/v1", "CronJob": "batch/v1",
}  # fmt: skip

CONTROLLER_LABELS = {
    "Deployment": ("pod-template-hash",),
    "DaemonSet": ("controller-revision-hash", "pod-template-generation"),
    "StatefulSet": ("statefulset.kubernetes.io/pod-name",) * 3
    + ("apps.kubernetes.io/pod-index",) * 2
    + ("controller-revision-hash",),
    "Job": ("job-name", "batch.kubernetes.io/job-name", "batch.kubernetes.io/controller-uid"),
    "CronJob": ("job-name", "controller-uid"),
}


@dataclass
class Pod:
    """One pod, or the pods a template stands for, as a question names it."""

    namespace: str
    name: str
    kind: str
    labels: Labels
    spec: Object
    node: str = ""
    addresses: dict[int, str] = field(default_factory=dict)
    asked: bool = True
    host: bool = False

    @property
    def families(self) -> list[int]:
        return list(self.addresses)

    def ports(self) -> list[Object]:
        """Every declared container port, init containers first."""
        containers = self.spec.get("initContainers", []) + self.spec["containers"]
        return [port for container in containers for port in container.get("ports", [])]


@dataclass
class Service:
    namespace: str
    name: str
    spec: Object
    slices: bool = False
    outer: list[str] = field(default_factory=list)


class Dice:
    """The dice and what they have made so far."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.dump = self.chance(0.3)
        self.families = self.pick([(4,)] * 12 + [(4, 6)] * 6 + [(6,)] * 2)
        self.namespaces = list(NAMESPACES[: rng.randrange(2, 6)])
        rng.shuffle(self.namespaces)
        self.node_names = [f"node-{i}" for i in range(rng.randrange(1, 4))]
        self.node_objects = self.chance(0.6 if self.dump else 0.35)
        self.node_ranges = self.node_objects and self.chance(0.6)
        told = self.chance(0.4 if self.dump else 0.55)
        self.pod_cidrs = [POD_RANGE[family] for family in self.families] if told else []
        # Nearly half the clusters have no address ranges in rules: nothing in them hangs on unknown addresses.
        self.block_share = self.pick([0.0, 0.0, 0.1, 0.25, 0.4])
        self.openness = rng.random()
        self.pods: list[Pod] = []
        self.services: list[Service] = []
        self.policies: list[Object] = []
        self.admins: list[Object] = []
        self.taken: list[str] = []

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def pick(self, choices: Any) -> Any:
        return choices[self.rng.randrange(len(choices))]

    def some(self, choices: Any, low: int, high: int) -> list[Any]:
        """Between `low` and `high` distinct choices, in random order."""
        pool = list(choices)
        self.rng.shuffle(pool)
        return pool[: self.rng.randrange(low, min(high, len(pool)) + 1)]

    def controller_label(self, owner: Pod | None) -> tuple[str, str]:
        """A label that a controller gives, of this owner's pods where there is one, and a value that it may have."""
        key = self.pick(CONTROLLER_LABELS[owner.kind if owner else "Deployment"])
        value = self.pick(("6d5f8c", "0"))
        if owner and key.endswith("job-name"):
            value = owner.name
        elif owner and owner.kind == "StatefulSet" and key != "controller-revision-hash":
            number = self.pick((0, 0, 1, 1, 2, 3))
            value = f"{owner.name}-{number}" if key.endswith("pod-name") else str(number)
        return key, value

    def meta(self, namespace: str, name: str, **more: Any) -> Object:
        meta: Object = {"name": name}
        if namespace != "default" or self.dump or self.chance(0.5):
            meta["namespace"] = namespace
        meta.update({key: value for key, value in more.items() if value})
        if self.dump:
            meta["creationTimestamp"] = "2026-01-02T03:04:05Z"
        return meta


def uid(kind: str, namespace: str, name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{namespace}/{name}"))


def owner_reference(kind: str, namespace: str, name: str) -> Object:
    return {
        "apiVersion": API[kind],
        "kind": kind,
        "name": name,
        "uid": uid(kind, namespace, name),
        "controller": True,
    }


def node_address(index: int, family: int) -> str:
    return f"192.168.0.{10 + index}" if family == 4 else f"fd00:192::{10 + index}"


def node_range(index: int, family: int) -> str:
    return f"10.244.{index}.0/24" if family == 4 else str(ipaddress.ip_network(f"fd00:10:244:{index:x}::/64"))


@lru_cache(maxsize=4096)
def _span(cidr: str) -> tuple[int, int, int]:
    network = ipaddress.ip_network(cidr, strict=False)
    return network.version, int(network.network_address), int(network.broadcast_address)


def strictly_inside(inner: str, outer: str) -> bool:
    (v, low, high), (w, start, end) = _span(inner), _span(outer)
    return v == w and start <= low and high <= end and (low, high) != (start, end)


def acts(spec: Object) -> tuple[str, ...]:
    """The directions in which a policy isolates, by the API's defaulting."""
    types = spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
    return tuple(direction for direction in ("ingress", "egress") if direction.capitalize() in types)


def rules_of(policies: list[Object]) -> list[tuple[Object, str, Object]]:
    """(policy, direction, rule) of every rule that counts."""
    return [(p, d, rule) for p in policies for d in acts(p["spec"]) for rule in p["spec"].get(d) or []]


def selects(selector: Object, labels: Labels) -> bool:
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    for expression in selector.get("matchExpressions") or []:
        has, operator = expression["key"] in labels, expression["operator"]
        listed = has and labels[expression["key"]] in expression.get("values", ())
        if not {"In": listed, "NotIn": not listed, "Exists": has, "DoesNotExist": not has}[operator]:
            return False
    return True


def namespace_of(o: Object) -> str:
    return str(o["metadata"].get("namespace", "default"))
