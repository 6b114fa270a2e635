"""Random clusters for Cilium: its policies and those of Kubernetes, and questions that Cilium's own engine can answer.

`cluster(seed)` is a pure function of its seed. Few labels, ports, priorities and ranges, so that rules meet, tie and
hide each other. All that a verdict needs is known: addresses, nodes, and namespaces with all their labels.
What the judge does not carry out (requests, authentication, names, clouds) is left out, and so are packets of ICMP type
0, for which rules of every type stand.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]

SPACES = ("shop", "bank", "ops")
APPS = ("web", "db", "queue")
TIERS = ("front", "back")
TEAMS = ("red", "blue")
ACCOUNTS = ("teller", "default")
NS_NAME = "io.kubernetes.pod.namespace"
NS_LABEL = "io.cilium.k8s.namespace.labels."
DROPPED = ("pod-template-hash", "statefulset.kubernetes.io/pod-name", "topology.kubernetes.io/zone")
OUTSIDE = ("203.0.113.5", "203.0.113.130", "198.51.100.7", "2001:db8::5", "2001:db8:1::7")
POD_NET, NODE_NET = "10.0.{}.{}", "192.168.0.{}"
RANGES4 = ("0.0.0.0/0", "203.0.113.0/24", "203.0.113.128/25", "203.0.112.0/23", "198.51.100.7/32")
RANGES4 += ("10.0.0.0/8", "10.0.1.0/24", "10.0.2.0/24", "10.0.1.1/32", "192.168.0.0/16", "192.168.0.1/32", "0.0.0.0/1")
RANGES6 = ("::/0", "2001:db8::/32", "2001:db8:1::/48", "fd00::/8", "fd00::1:1/128", "fd01::/16")
PORTS = (80, 81, 443, 5432)
PORT_RANGES = ((80, 81), (81, 443), (1, 80), (443, 65535))
NAMES = ("http", "sql", "dns", "Http")
PROTOCOLS = ("TCP", "UDP", "SCTP")
ICMP4, ICMP6 = (8, 3, 11), (128, 1, 3)
ENTITIES = ("all", "world", "world", "cluster", "host", "remote-node", "none", "init", "health")
ENTITIES += ("unmanaged", "ingress", "cluster-mesh")
CONFIGS: tuple[Object, ...] = (
    {},
    {"policyCIDRMatchMode": ["pods"]},
    {"policyCIDRMatchMode": ["pods", "nodes"]},
    {"enforcement": "always"},
    {"policyCIDRMatchMode": ["nodes"], "allowLocalhost": "policy"},
)


@dataclass(frozen=True)
class Case:
    """One cluster: the objects of the API server (`manifests`), how Cilium is set up (`config`, as the judge takes it)
    and questions: (source, destination, protocol, port or ICMP type), where an end is `ns/pod`, `node/NAME`, an address
    or `host`, the node of the pod at the other end."""

    seed: int
    config: Object
    manifests: list[Object]
    queries: list[tuple[str, str, str, int]]


def cluster(seed: int, tuples: int = 100, config: Object | None = None) -> Case:
    """The cluster of the seed; more questions do not change it, and neither does the way Cilium is set up."""
    maker = Maker(random.Random(seed))
    manifests = maker.objects()
    dice = random.Random(f"questions {seed}")
    asked = [maker.question(dice) for _ in range(tuples)]
    chosen = CONFIGS[0] if config is None else config
    return Case(seed, chosen, manifests, asked)


class Maker:
    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.pods: list[Object] = []
        self.groups: list[str] = []

    def chance(self, share: float) -> bool:
        return self.dice.random() < share

    def pick(self, listed: Any) -> Any:
        return self.dice.choice(list(listed))

    # --- what there is ---

    def objects(self) -> list[Object]:
        spaces = [self.namespace(name) for name in SPACES]
        nodes = [node("here", NODE_NET.format(1)), node("there", NODE_NET.format(2))]
        number = self.pick((5, 6, 7, 8))
        self.pods = [self.pod(i) for i in range(number)]
        groups = [self.group(i) for i in range(self.pick((0, 1, 2)))]
        kinds = self.dice.choices(("cnp", "ccnp", "np", "admin"), (4, 3, 3, 3), k=self.pick((2, 3, 4, 5, 6, 7)))
        policies = [getattr(self, kind)(i) for i, kind in enumerate(kinds)]
        return [*spaces, *nodes, *self.pods, *groups, *policies]

    def namespace(self, name: str) -> Object:
        labels = {"kubernetes.io/metadata.name": name}
        if self.chance(0.8):
            labels["team"] = self.pick(TEAMS)
        if self.chance(0.3):
            labels["beta.kubernetes.io/x"] = "1"
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}

    def pod(self, i: int) -> Object:
        space = self.pick(SPACES)
        labels = {"app": self.pick(APPS)}
        if self.chance(0.6):
            labels["tier"] = self.pick(TIERS)
        if self.chance(0.25):
            labels[self.pick(DROPPED)] = self.pick(("0", "1"))
        if self.chance(0.2):
            labels["app.kubernetes.io/name"] = self.pick(APPS)
        spec: Object = {"nodeName": self.pick(("here", "there")), "containers": [{"name": "c", "image": "i"}]}
        if self.chance(0.6):
            spec["serviceAccountName"] = self.pick(ACCOUNTS)
        ports = []
        for name in ("http", "sql", "dns"):
            if self.chance(0.5):
                ports.append(
                    {
                        "name": name,
                        "containerPort": self.pick(PORTS),
                        "protocol": self.pick(("TCP", "TCP", "UDP", "SCTP")),
                    }
                )
        if ports:
            spec["containers"][0]["ports"] = ports
        if ports and self.chance(0.15):
            again = ports[0] | {"containerPort": self.pick(PORTS)}
            spec["containers"].append({"name": "d", "image": "i", "ports": [again]})
        addresses = [POD_NET.format(SPACES.index(space), i + 1)]
        if self.chance(0.5):
            addresses.append(f"fd00::{SPACES.index(space)}:{i + 1}")
        status = {"phase": "Running", "podIP": addresses[0], "podIPs": [{"ip": one} for one in addresses]}
        meta = {"name": f"p{i}", "namespace": space, "labels": labels}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": status}

    def group(self, i: int) -> Object:
        meta = {"name": f"g{i}", "labels": {"trust": self.pick(("some", "full")), "kind": self.pick(("a", "b"))}}
        self.groups.append(f"g{i}")
        blocks = self.dice.sample(RANGES4 + RANGES6, k=self.pick((0, 1, 2, 3)))
        return {
            "apiVersion": "cilium.io/v2",
            "kind": "CiliumCIDRGroup",
            "metadata": meta,
            "spec": {"externalCIDRs": blocks},
        }

    # --- selectors ---

    def requirement(self, key: str, values: Any) -> Object:
        operator = self.pick(("In", "NotIn", "Exists", "DoesNotExist"))
        found: Object = {"key": key, "operator": operator}
        if operator in ("In", "NotIn"):
            found["values"] = self.dice.sample(list(values), k=self.pick((1, min(2, len(values)))))
        return found

    def selector(self, keys: list[tuple[str, Any]], empty: float) -> Object:
        if self.chance(empty):
            return {}
        found: Object = {}
        chosen = self.dice.sample(keys, k=min(len(keys), self.pick((1, 1, 1, 2))))
        # Of `tier` and `any:tier`, which are one key, Cilium takes the one that it happens to meet last.
        for key, values in {key.removeprefix("any:"): (key, values) for key, values in chosen}.values():
            if self.chance(0.65):
                found.setdefault("matchLabels", {})[key] = self.pick(values)
            else:
                found.setdefault("matchExpressions", []).append(self.requirement(key, values))
        return found

    def pod_selector(self, empty: float = 0.25) -> Object:
        keys: list[tuple[str, Any]] = [("app", APPS), ("app", APPS), ("tier", TIERS)]
        if self.chance(0.1):
            keys = [(self.pick(DROPPED), ("0", "1")), ("io.cilium.k8s.policy.serviceaccount", ACCOUNTS)]
        if self.chance(0.05):
            keys.append((NS_NAME, SPACES))
        return self.selector(keys, empty)

    def namespace_selector(self) -> Object:
        keys: list[tuple[str, Any]] = [("team", TEAMS), ("team", TEAMS), ("kubernetes.io/metadata.name", SPACES)]
        if self.chance(0.15):
            keys = [("beta.kubernetes.io/x", ("1",))]
        return self.selector(keys, 0.25)

    def cilium_selector(self, peer: bool) -> Object:
        keys: list[tuple[str, Any]] = [("app", APPS), ("k8s:app", APPS), ("any:tier", TIERS), ("tier", TIERS)]
        if peer and self.chance(0.5):
            space = self.pick(("k8s:", "any:", ""))
            keys += [(space + NS_NAME, SPACES), (space + NS_LABEL + "team", TEAMS)] * 2
        if self.chance(0.1):
            keys += [
                ("io.cilium.k8s.policy.serviceaccount", ACCOUNTS),
                ("k8s:io.cilium.k8s.policy.cluster", ("default", "x")),
            ]
        if self.chance(0.06):
            keys += [("reserved:host", ("",)), ("reserved:remote-node", ("",)), ("container:app", APPS)]
        if self.chance(0.06):
            keys += [(self.pick(DROPPED), ("0", "1")), (NS_LABEL + "kubernetes.io/metadata.name", SPACES)]
        if not peer and self.chance(0.06):
            keys += [("k8s:" + NS_NAME, SPACES), (NS_NAME, SPACES)]
        return self.selector(keys, 0.2)

    # --- ports ---

    def port(self) -> Object:
        found: Object = {}
        dice = self.dice.random()
        if dice < 0.5:
            found["port"] = str(self.pick(PORTS))
        elif dice < 0.7:
            first, last = self.pick(PORT_RANGES)
            found |= {"port": str(first), "endPort": last}
        elif dice < 0.9:
            found["port"] = self.pick(NAMES)
            # Of rules that name one port with different ends, Cilium takes the end of the first it meets for all.
            if found["port"] == "dns":
                found["endPort"] = 443
        else:
            found["port"] = "0"
            if self.chance(0.3):
                found["endPort"] = 443
        if self.chance(0.05):
            found |= {"port": "443", "endPort": 80}
        if self.chance(0.75):
            found["protocol"] = self.pick((*PROTOCOLS, "TCP", "TCP", "ANY"))
        return found

    def ports(self) -> Object:
        dice = self.dice.random()
        if dice < 0.4:
            return {}
        if dice < 0.52:
            fields = []
            for _ in range(self.pick((1, 1, 2))):
                family = self.pick(("IPv4", "IPv6", None))
                kind: Any = self.pick(ICMP6 if family == "IPv6" else ICMP4)
                if kind in (8, 128) and self.chance(0.5):
                    kind = "EchoRequest"
                if self.chance(0.08):
                    kind = 0
                fields.append({"type": kind} | ({"family": family} if family else {}))
            return {"icmps": [{"fields": fields}] if self.chance(0.95) else [{}]}
        if dice < 0.55:
            return {"toPorts": self.pick(([], [{}], [{"ports": []}]))}
        rules = [{"ports": [self.port() for _ in range(self.pick((1, 1, 2)))]} for _ in range(self.pick((1, 1, 1, 2)))]
        return {"toPorts": rules}

    # --- Cilium's policies ---

    def cidr_rule(self) -> Object:
        dice = self.dice.random()
        if dice < 0.25 and self.groups:
            found: Object = {"cidrGroupRef": self.pick((*self.groups, "missing"))}
            if self.chance(0.3):
                found["except"] = [self.pick(("203.0.113.128/25", "10.0.1.0/24", "2001:db8:1::/48"))]
            return found
        if dice < 0.45 and self.groups:
            keys: list[tuple[str, Any]] = [("trust", ("some", "full")), ("kind", ("a", "b"))]
            found = {"cidrGroupSelector": self.selector(keys, 0.0)}
            if self.chance(0.2):
                found["except"] = ["203.0.113.128/25"]
            return found
        cidr = self.pick(RANGES4 + RANGES6)
        found = {"cidr": cidr}
        inside = {
            "0.0.0.0/0": ("10.0.0.0/8", "203.0.113.0/24", "192.168.0.1/32"),
            "203.0.113.0/24": ("203.0.113.128/25",),
            "10.0.0.0/8": ("10.0.1.0/24", "10.0.1.1/32"),
            "::/0": ("2001:db8:1::/48", "fd00::/8"),
            "2001:db8::/32": ("2001:db8:1::/48",),
        }
        if cidr in inside and self.chance(0.7):
            # An `except` of everything: how an address meets that hangs on what other policies name.
            itself = () if cidr.endswith("/0") else (cidr,)
            found["except"] = [self.pick((*inside[cidr] * 3, *itself))]
        return found

    def peers(self, word: str) -> Object:
        dice = self.dice.random()
        many = self.pick((1, 1, 1, 2))
        if dice < 0.42:
            return {f"{word}Endpoints": [self.cilium_selector(peer=True) for _ in range(many)]}
        if dice < 0.62:
            return {f"{word}Entities": [self.pick(ENTITIES) for _ in range(many)]}
        if dice < 0.72:
            return {f"{word}CIDR": [self.pick((*RANGES4, *RANGES6)) for _ in range(many)]}
        if dice < 0.84:
            return {f"{word}CIDRSet": [self.cidr_rule() for _ in range(many)]}
        if dice < 0.87:
            return {f"{word}{self.pick(('Endpoints', 'Entities', 'CIDR', 'CIDRSet'))}": []}
        return {}

    def entries(self, word: str) -> list[Object]:
        return [self.peers(word) | self.ports() for _ in range(self.pick((1, 1, 2, 2, 3)))]

    def rule(self) -> Object:
        found: Object = {"endpointSelector": self.cilium_selector(peer=False)}
        fields = [("ingress", "from"), ("ingressDeny", "from"), ("egress", "to"), ("egressDeny", "to")]
        chosen = self.dice.sample(fields, k=self.pick((1, 1, 2, 2, 3)))
        for field, word in chosen:
            found[field] = self.entries(word)
        if self.chance(0.15):
            extra = self.pick([field for field, _ in fields if field not in found])
            found[extra] = []
        if self.chance(0.35):
            sides = self.dice.sample(("ingress", "egress"), k=self.pick((1, 2)))
            found["enableDefaultDeny"] = {one: self.chance(0.25) for one in sides}
        return found

    def cilium_policy(self, kind: str, meta: Object) -> Object:
        found: Object = {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": meta}
        dice = self.dice.random()
        if dice < 0.85:
            found["spec"] = self.rule()
        if dice > 0.75:
            found["specs"] = [self.rule() for _ in range(self.pick((1, 2)))]
        return found

    def cnp(self, i: int) -> Object:
        return self.cilium_policy("CiliumNetworkPolicy", {"name": f"c{i}", "namespace": self.pick(SPACES)})

    def ccnp(self, i: int) -> Object:
        return self.cilium_policy("CiliumClusterwideNetworkPolicy", {"name": f"w{i}"})

    # --- NetworkPolicy ---

    def np(self, i: int) -> Object:
        spec: Object = {"podSelector": self.pod_selector(0.35)}
        types = self.pick((["Ingress"], ["Egress"], ["Ingress", "Egress"], None))
        if types:
            spec["policyTypes"] = types
        if self.chance(0.75):
            spec["ingress"] = [self.np_rule("from") for _ in range(self.pick((0, 1, 1, 2)))]
        if self.chance(0.55):
            spec["egress"] = [self.np_rule("to") for _ in range(self.pick((0, 1, 1, 2)))]
        meta = {"name": f"n{i}", "namespace": self.pick(SPACES)}
        return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}

    def np_rule(self, word: str) -> Object:
        found: Object = {}
        if self.chance(0.8):
            found[word] = [self.np_peer() for _ in range(self.pick((0, 1, 1, 1, 2)))]
        if self.chance(0.55):
            found["ports"] = [self.np_port() for _ in range(self.pick((0, 1, 1, 2)))]
        return found

    def np_peer(self) -> Object:
        dice = self.dice.random()
        if dice < 0.3:
            rule: Object = {"cidr": self.pick(("10.0.0.0/8", "0.0.0.0/0", "203.0.113.0/24", "192.168.0.0/16", "::/0"))}
            inside = {"10.0.0.0/8": "10.0.1.0/24", "0.0.0.0/0": "203.0.113.0/24", "::/0": "2001:db8:1::/48"}
            if rule["cidr"] in inside and self.chance(0.5):
                rule["except"] = [inside[rule["cidr"]]]
            return {"ipBlock": rule}
        if dice < 0.55:
            return {"podSelector": self.pod_selector()}
        if dice < 0.8:
            return {"namespaceSelector": self.namespace_selector()}
        return {"podSelector": self.pod_selector(), "namespaceSelector": self.namespace_selector()}

    def np_port(self) -> Object:
        found: Object = {"protocol": self.pick(PROTOCOLS)} if self.chance(0.7) else {}
        dice = self.dice.random()
        if dice < 0.5:
            found["port"] = self.pick(PORTS)
        elif dice < 0.65:
            found["port"], found["endPort"] = self.pick(PORT_RANGES)
        elif dice < 0.85:
            found["port"] = self.pick(("http", "sql"))
        return found

    # --- ClusterNetworkPolicy ---

    def admin(self, i: int) -> Object:
        subject: Object = {"namespaces": self.namespace_selector()}
        if self.chance(0.6):
            subject = {"pods": {"namespaceSelector": self.namespace_selector(), "podSelector": self.pod_selector()}}
        spec: Object = {
            "tier": self.pick(("Admin", "Baseline")),
            "priority": self.pick((0, 1, 1, 2)),
            "subject": subject,
        }
        for direction in self.pick((("ingress",), ("egress",), ("ingress", "egress"))):
            spec[direction] = [self.admin_rule(direction) for _ in range(self.pick((1, 2, 3)))]
        return {
            "apiVersion": "policy.networking.k8s.io/v1alpha2",
            "kind": "ClusterNetworkPolicy",
            "metadata": {"name": f"a{i}"},
            "spec": spec,
        }

    def admin_rule(self, direction: str) -> Object:
        word = "from" if direction == "ingress" else "to"
        found: Object = {"action": self.pick(("Accept", "Deny", "Pass"))}
        found[word] = [self.admin_peer(direction) for _ in range(self.pick((1, 1, 2)))]
        if self.chance(0.5):
            names = not any("networks" in peer for peer in found[word])
            found["protocols"] = [self.admin_protocol(names) for _ in range(self.pick((1, 1, 2)))]
        return found

    def admin_peer(self, direction: str) -> Object:
        dice = self.dice.random()
        if dice < 0.3 and direction == "egress":
            blocks = ("10.0.0.0/8", "0.0.0.0/0", "203.0.113.0/24", "192.168.0.0/16", "::/0", "2001:db8::/32")
            return {"networks": self.dice.sample(blocks, k=self.pick((1, 1, 2)))}
        if dice < 0.4:
            return {"namespaces": {"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]}}
        if dice < 0.65:
            return {"namespaces": self.namespace_selector()}
        return {"pods": {"namespaceSelector": self.namespace_selector(), "podSelector": self.pod_selector()}}

    def admin_protocol(self, names: bool) -> Object:
        dice = self.dice.random()
        if dice < 0.2 and names:
            return {"destinationNamedPort": self.pick(("http", "sql", "dns"))}
        protocol = self.pick(("tcp", "tcp", "udp", "sctp"))
        if dice < 0.5:
            first, last = self.pick(PORT_RANGES)
            return {protocol: {"destinationPort": {"range": {"start": first, "end": last}}}}
        return {protocol: {"destinationPort": {"number": self.pick(PORTS)}}}

    # --- questions ---

    def question(self, dice: random.Random) -> tuple[str, str, str, int]:
        pods = [f"{one['metadata']['namespace']}/{one['metadata']['name']}" for one in self.pods]
        one = dice.choice(pods)
        if dice.random() < 0.55:
            other = dice.choice([pod for pod in pods if pod != one])
        else:
            outside = [text for text in OUTSIDE if ":" not in text or self.has_six(one)]
            other = dice.choice((*outside, "host", "host", "node/here", "node/there"))
        ends = (one, other) if dice.random() < 0.5 else (other, one)
        six = ":" in other or (other in pods and self.has_six(one) and self.has_six(other) and dice.random() < 0.4)
        if dice.random() < 0.2:
            return (*ends, "ICMPv6" if six else "ICMP", dice.choice((*ICMP6, 2) if six else (*ICMP4, 5)))
        port = dice.choice((*PORTS, *PORTS, 79, 82, 444, 8000))
        return (*ends, dice.choice(("TCP", "TCP", "UDP", "SCTP")), port)

    def has_six(self, name: str) -> bool:
        space, _, pod = name.partition("/")
        found = next(p for p in self.pods if p["metadata"]["namespace"] == space and p["metadata"]["name"] == pod)
        return len(found["status"]["podIPs"]) > 1


def node(name: str, address: str) -> Object:
    status = {"addresses": [{"type": "InternalIP", "address": address}]}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": status}
