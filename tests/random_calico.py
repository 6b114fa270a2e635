"""Random clusters for Calico: its policies and those of Kubernetes, in tiers, and questions about them.

`cluster(seed)` is a pure function of its seed. Few labels, ports, orders and ranges, so that rules meet, tie and hide
each other. Nearly all that a verdict needs is known: addresses, nodes, namespaces and service accounts with all their
labels, but for one of these in some clusters. What Calico's API server refuses is not drawn.
"""

from __future__ import annotations

import random
from typing import Any

from tests.random_cilium import (
    ACCOUNTS,
    APPS,
    ICMP4,
    ICMP6,
    NODE_NET,
    PORT_RANGES,
    PORTS,
    SPACES,
    TEAMS,
    TIERS,
    Case,
    Maker,
    Object,
    node,
)

API = "projectcalico.org/v3"
NAMES = ("http", "sql", "dns")
RANGES4 = ("203.0.113.0/24", "203.0.113.128/25", "198.51.100.7/32", "0.0.0.0/0", "0.0.0.0/1", "192.168.0.0/16")
RANGES4 += ("10.0.0.0/8", "10.0.1.0/24", "10.0.2.0/24", "10.0.1.1/32", "192.168.0.1/32")
RANGES6 = ("::/0", "2001:db8::/32", "2001:db8:1::/48", "fd00::/8", "fd00::1:1/128")
TRUST = ("high", "low")
STAGED = {
    "NetworkPolicy": "StagedNetworkPolicy",
    "GlobalNetworkPolicy": "StagedGlobalNetworkPolicy",
}
CONFIGS: tuple[Object, ...] = ({}, {"defaultEndpointToHostAction": "Accept"}, {"defaultEndpointToHostAction": "Return"})


def cluster(seed: int, tuples: int = 100, config: Object | None = None) -> Case:
    """The cluster of the seed; more questions do not change it, and neither does the way Calico is set up."""
    maker = _Calico(random.Random(f"calico {seed}"))
    manifests = maker.objects()
    dice = random.Random(f"questions {seed}")
    asked = [maker.question(dice) for _ in range(tuples)]
    return Case(seed, CONFIGS[0] if config is None else config, manifests, asked)


class _Calico(Maker):
    def __init__(self, dice: random.Random) -> None:
        super().__init__(dice)
        self.tiers: list[str] = []
        self.services: list[tuple[str, str]] = []

    # --- what there is ---

    def objects(self) -> list[Object]:
        spaces = [self.namespace(name) for name in SPACES]
        accounts = [self.account(space, name) for space in SPACES for name in ACCOUNTS]
        if self.chance(0.25):
            dropped = spaces if self.chance(0.5) else accounts
            dropped.remove(self.pick(dropped))
        nodes = [node("here", NODE_NET.format(1)), node("there", NODE_NET.format(2))]
        self.pods = [self.pod(i) for i in range(self.pick((5, 6, 7, 8)))]
        tiers = [self.tier(name) for name in self.dice.sample(("early", "middle", "late"), k=self.pick((0, 1, 1, 2)))]
        sets = [self.set(i) for i in range(self.pick((0, 1, 2, 3)))]
        services = [one for i in range(self.pick((0, 1, 1, 2))) for one in self.service(i)]
        hosts = [self.host_endpoint()] if self.chance(0.1) else []
        settings = [self.felix(name) for name in ("default", "node.here") if self.chance(0.25)]
        kinds = self.dice.choices(
            ("gnp", "cnp_of_calico", "np", "admin"), (5, 4, 3, 2), k=self.pick((2, 3, 4, 5, 6, 7))
        )
        policies = [getattr(self, kind)(i) for i, kind in enumerate(kinds)]
        self.dice.shuffle(policies)
        return [*spaces, *accounts, *nodes, *self.pods, *tiers, *sets, *services, *hosts, *settings, *policies]

    def account(self, space: str, name: str) -> Object:
        meta = {"name": name, "namespace": space, "labels": {"trust": self.pick(TRUST)} if self.chance(0.7) else {}}
        return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}

    def tier(self, name: str) -> Object:
        self.tiers.append(name)
        orders: dict[str, tuple[float | None, ...]] = {
            "early": (10, 100, None),
            "middle": (100, 5000, 5000.5),
            "late": (2000000, 2e7, None),
        }
        order = self.pick(orders[name])
        spec: Object = {} if order is None else {"order": order}
        action = self.pick((None, "Deny", "Pass"))
        return calico("Tier", {"name": name}, spec | ({"defaultAction": action} if action else {}))

    def set(self, i: int) -> Object:
        labels = {"app": self.pick(APPS)} if self.chance(0.7) else {}
        if self.chance(0.5):
            labels["tier"] = self.pick(TIERS)
        nets = self.dice.sample(RANGES4[:3] + RANGES4[5:] + RANGES6[1:], k=self.pick((0, 1, 2, 3)))
        meta: Object = {"name": f"s{i}", "labels": labels}
        if self.chance(0.5):
            return calico("NetworkSet", meta | {"namespace": self.pick(SPACES)}, {"nets": nets})
        return calico("GlobalNetworkSet", meta, {"nets": nets})

    def service(self, i: int) -> list[Object]:
        """A Service over pods, or one whose EndpointSlice somebody else writes."""
        space, name = self.pick(SPACES), f"svc{i}"
        self.services.append((space, name))
        meta: Object = {"name": name, "namespace": space}
        target: Any = self.pick((*PORTS, "http", "sql"))
        port = {"name": "p", "port": 80, "targetPort": target, "protocol": self.pick(("TCP", "TCP", "UDP"))}
        spec: Object = {"ports": [port], "clusterIP": f"10.96.0.{i + 1}"}
        found = {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}
        if self.chance(0.7):
            spec["selector"] = {"app": self.pick(APPS)}
            return [found]
        port["targetPort"] = 443
        listed = {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": f"{name}-x", "namespace": space, "labels": {"kubernetes.io/service-name": name}},
            "addressType": "IPv4",
            "ports": [{"name": "p", "port": 443, "protocol": port["protocol"]}],
            "endpoints": [
                {"addresses": [text], "conditions": {"ready": self.chance(0.7)}}
                for text in ("203.0.113.5", "198.51.100.7")
            ],
        }
        return [found, listed]

    def host_endpoint(self) -> Object:
        spec: Object = {"node": "there", "interfaceName": self.pick(("eth0", "*"))}
        if self.chance(0.6):
            spec["expectedIPs"] = [NODE_NET.format(2)]
        return calico("HostEndpoint", {"name": "there", "labels": {"app": self.pick(APPS)}}, spec)

    def felix(self, name: str) -> Object:
        return calico(
            "FelixConfiguration", {"name": name}, {"defaultEndpointToHostAction": self.pick(("Accept", "Drop"))}
        )

    # --- selectors ---

    def expression(self, keys: list[tuple[str, tuple[str, ...]]]) -> str:
        """A selector of one to three questions about these keys."""
        dice = self.dice.random()
        if dice < 0.6:
            return self.question_of(*self.pick(keys))
        if dice < 0.7:
            return f"!({self.expression(keys)})"
        joined = self.pick((" && ", " || "))
        return f"({self.question_of(*self.pick(keys))}{joined}{self.expression(keys)})"

    def question_of(self, key: str, values: tuple[str, ...]) -> str:
        value = self.pick(values)
        dice = self.dice.random()
        if dice < 0.45:
            return f"{key} == '{value}'"
        if dice < 0.55:
            return f'{key} != "{value}"'
        if dice < 0.65:
            return f"{key} {self.pick(('in', 'not in'))} {{'{value}', 'x'}}"
        if dice < 0.8:
            return f"{self.pick(('', '!'))}has({key})"
        word = {"starts with": value[:2], "ends with": value[-2:], "contains": value[1:-1]}
        operator = self.pick(word)
        return f"{key} {operator} '{word[operator]}'"

    def of_pods(self) -> str:
        if self.chance(0.12):
            return "all()"
        keys: list[tuple[str, tuple[str, ...]]] = [("app", APPS), ("app", APPS), ("tier", TIERS)]
        if self.chance(0.1):
            keys = [("projectcalico.org/namespace", SPACES), ("projectcalico.org/serviceaccount", ACCOUNTS)]
        if self.chance(0.05):
            keys.append(("projectcalico.org/orchestrator", ("k8s",)))
        return self.expression(keys)

    def of_namespaces(self, rule: bool = True) -> str:
        if self.chance(0.25):
            return self.pick(("all()", "global()")) if rule else "all()"
        return self.expression([("team", TEAMS), ("team", TEAMS), ("projectcalico.org/name", SPACES)])

    def of_accounts(self) -> str:
        return self.expression([("trust", TRUST), ("projectcalico.org/name", ACCOUNTS)])

    # --- rules ---

    def calico_ports(self, names: bool) -> list[Any]:
        listed: list[Any] = []
        for _ in range(self.pick((1, 1, 2))):
            dice = self.dice.random()
            if dice < 0.5:
                listed.append(self.pick(PORTS))
            elif dice < 0.75 or not names:
                listed.append("{}:{}".format(*self.pick(PORT_RANGES)))
            else:
                listed.append(self.pick(NAMES))
        return listed

    def entity(self, ranges: tuple[str, ...], namespace: str, own: bool) -> Object:
        """What is asked of an end, but for its ports. `own`: the endpoint that the policy is for."""
        found: Object = {}
        dice = self.dice.random()
        if dice < 0.08 and self.services and not own:
            space, name = self.pick((*self.services, ("shop", "missing")))
            return {"services": {"name": name} | ({} if space == namespace else {"namespace": space})}
        if dice < 0.45:
            found["selector"] = self.of_pods()
        elif dice < 0.57:
            found["notSelector"] = self.of_pods()
        if self.chance(0.25):
            found["namespaceSelector"] = self.of_namespaces()
        if self.chance(0.1):
            names = self.dice.sample(ACCOUNTS, k=1)
            found["serviceAccounts"] = self.pick(
                ({"names": names}, {"selector": self.of_accounts()}, {"names": names, "selector": self.of_accounts()})
            )
        if self.chance(0.15):
            found["nets"] = self.dice.sample(ranges, k=self.pick((1, 1, 2)))
        if self.chance(0.1):
            found["notNets"] = self.dice.sample([one for one in ranges if not one.endswith("/0")], k=self.pick((1, 2)))
        return found

    def calico_rule(self, direction: str, namespace: str) -> Object:
        found: Object = {"action": self.pick(("Allow", "Allow", "Allow", "Deny", "Deny", "Pass", "Log"))}
        six = self.chance(0.2)
        ranges = RANGES6 if six else RANGES4
        peer, own = ("source", "destination") if direction == "ingress" else ("destination", "source")
        found[peer] = self.entity(ranges, namespace, own=False) if self.chance(0.8) else {}
        found[own] = self.entity(ranges, namespace, own=True) if self.chance(0.15) else {}
        dice = self.dice.random()
        if dice < 0.4:
            found["protocol"] = self.pick(("TCP", "TCP", "UDP", "SCTP", 6, 17))
            self.with_ports(found)
        elif dice < 0.46:
            found["protocol"] = "ICMPv6" if six else "ICMP"
            kind: Object = {"type": self.pick(ICMP6 if six else ICMP4)}
            if self.chance(0.3):
                kind["code"] = self.pick((0, 1))
            if self.chance(0.7):
                found[self.pick(("icmp", "icmp", "notICMP"))] = kind
        elif dice < 0.5:
            found["notProtocol"] = self.pick(("TCP", "UDP", 132))
        elif dice < 0.53 and "services" not in found["destination"]:
            found["destination"]["ports"] = [self.pick(NAMES)]
        if self.chance(0.05):
            found["ipVersion"] = 6 if six else 4
        asks = direction == "ingress" and found["action"] == "Allow" and found.get("protocol", "TCP") in ("TCP", 6)
        if asks and self.chance(0.12):
            found["http"] = {"methods": ["GET"]}
        return {key: value for key, value in found.items() if value != {}}

    def with_ports(self, rule: Object) -> None:
        """Ports of the destination, and seldom of the source.

        Names in `notPorts` and names of source ports are not drawn: at the numbers that some pod gives such a name, the
        engine leaves open for others what the evaluator knows.
        """
        if "services" not in rule["destination"] and self.chance(0.8):
            field = self.pick(("ports", "ports", "ports", "notPorts"))
            rule["destination"][field] = self.calico_ports(names=field == "ports")
        if self.chance(0.12):
            listed: Any = self.pick(([53], ["1024:65535"], ["1:65535"]))
            rule["source"][self.pick(("ports", "notPorts"))] = listed

    # --- policies ---

    def calico_spec(self, namespace: str) -> Object:
        spec: Object = {}
        order = self.pick((None, 10, 10, 20, 500.5, 1000, 1000, 2000))
        if order is not None:
            spec["order"] = order
        tier = self.pick((None, None, "default", *self.tiers, *self.tiers, "kube-admin", "missing"))
        if tier == "missing" and self.chance(0.8):
            tier = None
        if tier is not None:
            spec["tier"] = tier
        if self.chance(0.85):
            spec["selector"] = self.of_pods()
        if self.chance(0.1):
            spec["serviceAccountSelector"] = self.of_accounts()
        types = self.pick((["Ingress"], ["Egress"], ["Ingress", "Egress"], None))
        if types:
            spec["types"] = types
        for direction in ("ingress", "egress"):
            if self.chance(0.65):
                rules = [self.calico_rule(direction, namespace) for _ in range(self.pick((0, 1, 1, 2, 3)))]
                spec[direction] = rules
        return spec

    def named(self, i: int) -> str:
        """Names whose order is not that of the numbers."""
        return f"{self.pick('abz')}{i}"

    def gnp(self, i: int) -> Object:
        spec = self.calico_spec("")
        if self.chance(0.35):
            spec["namespaceSelector"] = self.of_namespaces(rule=False)
        if self.chance(0.06):
            spec |= {"applyOnForward": True} | self.pick(({}, {"doNotTrack": True}))
        return self.perhaps_staged("GlobalNetworkPolicy", {"name": self.named(i)}, spec)

    def cnp_of_calico(self, i: int) -> Object:
        space = self.pick(SPACES)
        return self.perhaps_staged(
            "NetworkPolicy", {"name": self.named(i), "namespace": space}, self.calico_spec(space)
        )

    def perhaps_staged(self, kind: str, meta: Object, spec: Object) -> Object:
        return calico(STAGED[kind] if self.chance(0.08) else kind, meta, spec)

    def np(self, i: int) -> Object:
        found = super().np(i)
        found["metadata"]["name"] = self.named(i)
        return found

    def admin(self, i: int) -> Object:
        found = super().admin(i)
        found["metadata"]["name"] = self.named(i)
        for direction, word in (("ingress", "from"), ("egress", "to")):
            for rule in found["spec"].get(direction, ()):
                named = any("destinationNamedPort" in one for one in rule.get("protocols", ()))
                if direction == "egress" and not named and self.chance(0.06):
                    rule[word].append({"nodes": {}})
        return found


def calico(kind: str, meta: Object, spec: Object) -> Object:
    return {"apiVersion": API, "kind": kind, "metadata": meta, "spec": spec}
