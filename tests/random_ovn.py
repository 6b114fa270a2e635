"""Random clusters for OVN-Kubernetes: NetworkPolicies, admin policies of v1alpha1 and EgressFirewalls.

`cluster(seed)` is a pure function of its seed. Nodes with labels, pods of the host's network, pods whose node or
address is not known; few ranges, ports and names, so that rules of a firewall meet and hide each other.
"""

from __future__ import annotations

import random

from tests.random_cilium import APPS, POD_NET, PORTS, PROTOCOLS, SPACES, TIERS, Case, Maker, Object, node

CONFIG: Object = {"cni": "ovn-kubernetes"}
OUTSIDE = ("203.0.113.5", "203.0.113.130", "198.51.100.7", "2001:db8::5")
RANGES = ("0.0.0.0/0", "203.0.113.0/24", "203.0.113.128/25", "203.0.113.7/24", "198.51.100.7/32", "10.0.0.0/8")
RANGES += ("192.168.0.0/16", "192.168.0.1/32", "0.0.0.0/1", "::/0", "2001:db8::/32")
DNS_NAMES = ("www.example.com", "API.example.org.", "*.example.com")
ROLES = ("front", "back")


def cluster(seed: int, tuples: int = 100) -> Case:
    """The cluster of the seed; more questions do not change it."""
    maker = _Maker(random.Random(f"ovn {seed}"))
    manifests = maker.objects()
    dice = random.Random(f"questions {seed}")
    return Case(seed, CONFIG, manifests, [maker.question(dice) for _ in range(tuples)])


class _Maker(Maker):
    def objects(self) -> list[Object]:
        spaces = [self.namespace(name) for name in SPACES]
        if self.chance(0.15):
            spaces.pop()
        nodes = [self.labelled(node(name, f"192.168.0.{i}")) for i, name in ((1, "here"), (2, "there"))]
        self.pods = [self.pod(i) for i in range(self.pick((5, 6, 7, 8)))]
        kinds = self.dice.choices(("np", "admin"), (5, 2), k=self.pick((1, 2, 3, 4, 5, 6)))
        policies = [getattr(self, kind)(i) for i, kind in enumerate(kinds)]
        policies += [self.firewall(space) for space in self.dice.sample(SPACES, k=self.pick((1, 1, 2, 3)))]
        return [*spaces, *nodes, *self.pods, *policies]

    def labelled(self, made: Object) -> Object:
        if self.chance(0.8):
            made["metadata"]["labels"] = {"role": self.pick(ROLES)}
        if self.chance(0.15):
            made["status"] = {}
        return made

    def pod(self, i: int) -> Object:
        space = self.pick(SPACES)
        labels = {"app": self.pick(APPS)}
        if self.chance(0.5):
            labels["tier"] = self.pick(TIERS)
        ports = [
            {"name": name, "containerPort": self.pick(PORTS), "protocol": self.pick(("TCP", "TCP", "UDP"))}
            for name in ("http", "sql")
            if self.chance(0.5)
        ]
        spec: Object = {"containers": [{"name": "c", "image": "i", **({"ports": ports} if ports else {})}]}
        if self.chance(0.8):
            spec["nodeName"] = self.pick(("here", "there"))
        made: Object = {"apiVersion": "v1", "kind": "Pod", "spec": spec}
        made["metadata"] = {"name": f"p{i}", "namespace": space, "labels": labels}
        if self.chance(0.15):
            spec["hostNetwork"] = True
        elif self.chance(0.85):
            addresses = [POD_NET.format(SPACES.index(space), i + 1)]
            addresses += [f"fd00::{SPACES.index(space)}:{i + 1}"] if self.chance(0.3) else []
            made["status"] = {"phase": "Running", "podIP": addresses[0], "podIPs": [{"ip": one} for one in addresses]}
        return made

    def firewall(self, space: str) -> Object:
        rules = [self.egress_rule() for _ in range(self.pick((0, 1, 2, 3, 4)))]
        meta = {"name": "default", "namespace": space}
        return {"apiVersion": "k8s.ovn.org/v1", "kind": "EgressFirewall", "metadata": meta, "spec": {"egress": rules}}

    def egress_rule(self) -> Object:
        found: Object = {"type": self.pick(("Allow", "Deny", "Deny"))}
        dice = self.dice.random()
        if dice < 0.65:
            found["to"] = {"cidrSelector": self.pick(RANGES)}
        elif dice < 0.85:
            selector = self.pick(({}, {"matchLabels": {"role": self.pick(ROLES)}}))
            if self.chance(0.3):
                selector = {"matchExpressions": [{"key": "role", "operator": self.pick(("Exists", "DoesNotExist"))}]}
            found["to"] = {"nodeSelector": selector}
        else:
            found["to"] = {"dnsName": self.pick(DNS_NAMES[: self.pick((2, 2, 3))])}
        if self.chance(0.35):
            count = self.pick((1, 1, 2))
            found["ports"] = [{"protocol": self.pick(PROTOCOLS), "port": self.pick(PORTS)} for _ in range(count)]
        elif self.chance(0.1):
            found["ports"] = []
        return found

    def admin(self, i: int) -> Object:
        """An AdminNetworkPolicy, also with a priority that is not set up, or the baseline."""
        made = super().admin(i)
        spec = made["spec"]
        baseline = spec.pop("tier") == "Baseline"
        for direction in ("ingress", "egress"):
            for rule in spec.get(direction, ()):
                rule["action"] = {"Accept": "Allow"}.get(rule["action"], rule["action"])
                if baseline and rule["action"] == "Pass":
                    rule["action"] = "Deny"
                if "protocols" in rule:
                    rule["ports"] = [_as_port(one) for one in rule.pop("protocols")]
        if baseline:
            del spec["priority"]
        elif self.chance(0.2):
            spec["priority"] = self.pick((99, 100, 1000))
        kind = "BaselineAdminNetworkPolicy" if baseline else "AdminNetworkPolicy"
        name = "default" if baseline else f"a{i}"
        return {**made, "apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": kind, "metadata": {"name": name}}

    # --- questions ---

    def question(self, dice: random.Random) -> tuple[str, str, str, int]:
        pods = [f"{one['metadata']['namespace']}/{one['metadata']['name']}" for one in self.pods]
        one = dice.choice(pods)
        if dice.random() < 0.45:
            ends = (one, dice.choice([pod for pod in pods if pod != one]))
        else:
            other = dice.choice((*OUTSIDE, "node/here", "node/there"))
            ends = (one, other) if dice.random() < 0.75 else (other, one)
        if dice.random() < 0.15:
            return (*ends, "ICMP", 8) if ":" not in "".join(ends) else (*ends, "ICMPv6", 128)
        port = dice.choice((*PORTS, *PORTS, 79, 8000))
        return (*ends, dice.choice(("TCP", "TCP", "UDP", "SCTP")), port)


def _as_port(entry: Object) -> Object:
    """An entry of `protocols` as one of `ports`."""
    if "destinationNamedPort" in entry:
        return {"namedPort": entry["destinationNamedPort"]}
    ((protocol, held),) = entry.items()
    port = held["destinationPort"]
    if "range" in port:
        return {"portRange": {"protocol": protocol.upper(), **port["range"]}}
    return {"portNumber": {"protocol": protocol.upper(), "port": port["number"]}}
