"""Random NetworkPolicies over a small vocabulary, and some that the API server refuses."""

from __future__ import annotations

from tests.random_parts import (
    BLOCKS,
    CONTROLLER_LABELS,
    NAME_LABEL,
    PORT_NAMES,
    PORTS,
    PROTOCOLS,
    RANGES,
    TEAMS,
    VALUES,
    Dice,
    Object,
    Pod,
    strictly_inside,
)


class Policies(Dice):
    """NetworkPolicies over the pods made so far."""

    def policy(self, index: int) -> Object:
        namespace = self.pick([pod.namespace for pod in self.pods]) if self.chance(0.95) else self.pick(self.namespaces)
        spec: Object = {"podSelector": self.subject_selector(namespace)}
        if self.chance(0.02):
            del spec["podSelector"]
        direction = self.pick(
            ("ingress", "ingress", "ingress", "ingress", "egress", "egress", "egress", "both", "both")
        )
        if direction != "egress":
            self.put_rules(spec, "ingress", "from", namespace)
        if direction != "ingress":
            self.put_rules(spec, "egress", "to", namespace)
        types = {"ingress": ["Ingress"], "egress": ["Egress"], "both": ["Ingress", "Egress"]}[direction]
        dice = self.rng.random()
        if dice < 0.70:
            spec["policyTypes"] = types
        elif dice < 0.74:
            spec["policyTypes"] = ["Ingress"]  # egress rules, if any, mean nothing
        elif dice < 0.78:
            spec["policyTypes"] = ["Ingress", "Egress"]
        elif dice < 0.80:
            spec["policyTypes"] = []
        if direction == "ingress" and "policyTypes" not in spec and self.chance(0.15):
            spec["egress"] = []
        meta = self.meta(namespace, f"policy-{index}")
        return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}

    def put_rules(self, spec: Object, key: str, peers: str, namespace: str) -> None:
        dice = self.rng.random()
        if dice < 0.10:
            spec[key] = []
        elif dice < 0.12:
            spec[key] = None
        elif dice < 0.17:
            return
        elif dice < 0.19 + 0.05 * self.openness:
            spec[key] = [{}]
        else:
            spec[key] = [self.rule(peers, namespace) for _ in range(self.pick((1, 1, 1, 2, 2, 3)))]

    def rule(self, peers: str, namespace: str) -> Object:
        rule: Object = {}
        dice = self.rng.random()
        if dice < 0.04:
            rule[peers] = []
        elif dice > 0.13:
            rule[peers] = self.peers(namespace)
        if self.chance(0.72 - 0.2 * self.openness):
            rule["ports"] = [self.port_entry() for _ in range(self.pick((1, 1, 2, 2, 3)))]
        elif self.chance(0.1):
            rule["ports"] = []
        return rule

    def peers(self, namespace: str) -> list[Object]:
        peers = [self.peer(namespace) for _ in range(self.pick((1, 1, 1, 2, 2, 3)))]
        blocks = [peer["ipBlock"] for peer in peers if "ipBlock" in peer]
        for block in blocks:
            if "except" in block and self.chance(0.3):
                peers.append({"ipBlock": {"cidr": self.pick(block["except"])}})  # given back beside the cut
        return peers

    def peer(self, namespace: str) -> Object:
        if self.chance(self.block_share):
            return {"ipBlock": self.block()}
        dice = self.rng.random()
        if dice < 0.36:
            return {"podSelector": self.pod_selector()}
        if dice < 0.62:
            return {"namespaceSelector": self.namespace_selector()}
        if dice < 0.64:
            return {"podSelector": None, "namespaceSelector": self.namespace_selector()}
        return {"namespaceSelector": self.namespace_selector(), "podSelector": self.pod_selector()}

    def block(self) -> Object:
        family = self.pick(self.families) if self.chance(0.97) else self.pick((4, 6))
        known = [pod.addresses[family] for pod in self.pods if pod.addresses.get(family)]
        single = [f"{address}/{32 if family == 4 else 128}" for address in known]
        cidr = self.pick(single) if single and self.chance(0.15) else self.pick(BLOCKS[family])
        if family == 4 and self.chance(0.05):
            cidr = "10.244.1.77/24"  # bits beyond the prefix: taken by older API servers, refused by newer ones
        inside = [other for other in (*BLOCKS[family], *single) if strictly_inside(other, cidr)]
        if not inside or self.chance(0.5):
            return {"cidr": cidr}
        return {"cidr": cidr, "except": self.some(inside, 1, 3)}

    def port_entry(self) -> Object:
        entry: Object = {}
        protocol = self.pick(PROTOCOLS)
        if protocol != "TCP" or self.chance(0.7):
            entry["protocol"] = protocol
        dice = self.rng.random()
        if dice < 0.18:
            return entry
        if dice < 0.42:
            entry["port"], entry["endPort"] = self.pick(RANGES)
        elif dice < 0.72:
            entry["port"] = self.pick(PORTS)
        else:
            entry["port"] = self.pick(PORT_NAMES)
        return entry

    def subject_selector(self, namespace: str) -> Object:
        if self.chance(0.22):
            return {}
        if self.chance(0.04):
            return self.controller_selector([pod for pod in self.pods if pod.namespace == namespace])
        local = [pod for pod in self.pods if pod.namespace == namespace and pod.labels]
        generated = [pod for pod in local if any("/" in key and not key.startswith("example") for key in pod.labels)]
        if generated and self.chance(0.15):
            key, value = [item for item in self.pick(generated).labels.items() if "kubernetes.io" in item[0]][-1]
            return {"matchLabels": {key: value}}
        if local and self.chance(0.6):
            return {"matchLabels": dict(self.some(list(self.pick(local).labels.items()), 1, 2))}
        return self.pod_selector()

    def pod_selector(self) -> Object:
        if self.chance(0.03):
            return self.controller_selector(self.pods)
        return self.selector(VALUES, 0.22)

    def controller_selector(self, pods: list[Pod]) -> Object:
        """By a label that a controller gives: of one of these pods' owners where there is one."""
        owners = [pod for pod in pods if pod.kind in CONTROLLER_LABELS]
        owner = self.pick(owners) if owners else None
        key, value = self.controller_label(owner)
        made: Object = {}
        if self.chance(0.6):
            made["matchLabels"] = {key: value}
        else:
            operator = self.pick(("In", "NotIn", "Exists", "DoesNotExist"))
            values = {"values": [value]} if operator in ("In", "NotIn") else {}
            made["matchExpressions"] = [{"key": key, "operator": operator, **values}]
        if self.chance(0.2):
            made.setdefault("matchLabels", {})["app"] = self.pick(VALUES["app"])
        return made

    def namespace_selector(self) -> Object:
        names = (*self.namespaces, "nowhere")
        return self.selector({"team": TEAMS, "env": VALUES["env"], NAME_LABEL: names}, 0.3)

    def selector(self, values: dict[str, tuple[str, ...]], empty: float) -> Object:
        if self.chance(empty):
            return {}
        made: Object = {}
        keys = self.some(list(values)[:4], 1, 2)
        labels, expressions = {}, []
        for key in keys:
            if self.chance(0.55):
                labels[key] = self.pick(values[key])
                continue
            operator = self.pick(("In", "NotIn", "Exists", "DoesNotExist"))
            expression: Object = {"key": key, "operator": operator}
            if operator in ("In", "NotIn"):
                expression["values"] = self.some((*values[key], "ghost"), 1, 2)
            expressions.append(expression)
        if labels:
            made["matchLabels"] = labels
        if expressions:
            made["matchExpressions"] = expressions
        return made

    def plant_overlap(self) -> None:
        """Ranges of one pair that overlap only in part: the answer is what both directions share."""
        source, target = self.pick(self.pods), self.pick(self.pods)
        low = self.pick((8000, 8990, 443))
        ranges = [(low, low + 1000), (low + 500, low + 1500)]
        if self.chance(0.5):
            ranges.reverse()
        out, into = ({"protocol": "TCP", "port": a, "endPort": b} for a, b in ranges)
        for pod, direction, entry in ((source, "egress", out), (target, "ingress", into)):
            spec: Object = {"podSelector": {"matchLabels": dict(pod.labels)} if pod.labels else {}}
            spec[direction] = [{"ports": [entry]}]
            spec["policyTypes"] = [direction.capitalize()]
            meta = self.meta(pod.namespace, f"overlap-{direction}")
            self.policies.append(
                {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}
            )

    def rejected_policy(self) -> Object:
        """A policy that the API server refuses. Read as if it were valid it would close or open a whole namespace."""
        faults: tuple[Object, ...] = (
            {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["192.168.0.0/24"]}}]}]},
            {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]}}]}]},
            {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/33"}}]}]},
            {"ingress": [{"from": [{"podSelector": {}, "ipBlock": {"cidr": "0.0.0.0/0"}}]}]},
            {"ingress": [{"from": [{}]}]},
            {"ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "not a value"}}}]}]},
            {"ingress": [{"from": [{"podSelector": {"matchExpressions": [{"key": "app", "operator": "In"}]}}]}]},
            {
                "ingress": [
                    {
                        "from": [
                            {"podSelector": {"matchExpressions": [{"key": "app", "operator": "Is", "values": ["a"]}]}}
                        ]
                    }
                ]
            },
            {"ingress": [{"ports": [{"port": 8080, "endPort": 8079}]}]},
            {"ingress": [{"ports": [{"port": "http", "endPort": 9000}]}]},
            {"ingress": [{"ports": [{"port": 65536}]}]},
            {"ingress": [{"ports": [{"protocol": "ICMP", "port": 80}]}]},
            {"ingress": [{}], "policyTypes": ["Sideways"]},
        )
        spec = {"podSelector": {}, "policyTypes": ["Ingress"], **self.pick(faults)}
        meta = {"name": "refused", "namespace": self.pick(self.namespaces)}
        return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}
