"""Random admin policies: ClusterNetworkPolicies, AdminNetworkPolicies in both forms, and their baseline.

Few priorities, few labels and every action, so that rules meet, tie and hide each other. They have dice of their own:
the rest of a cluster is the same with and without them.
"""

from __future__ import annotations

from typing import Any

from tests.random_parts import BLOCKS, NAME_LABEL, PORT_NAMES, PORTS, PROTOCOLS, RANGES, TEAMS, VALUES, Object, uid
from tests.random_policies import Policies

PRIORITIES = (0, 1, 1, 2, 2, 2, 1000)
NODE_LABELS = {"role": ("front", "back"), "zone": ("a", "b")}
NAMES_OUTSIDE = ("example.com", "*.example.com", "api.example.org", "*.io.example.net.")
ACTIONS = ("Accept", "Accept", "Accept", "Deny", "Deny", "Deny", "Pass", "Pass")
LABEL_LISTS = (["team"], ["team"], ["env"], ["team", "env"], [NAME_LABEL], ["zone"], [])
API = {"ClusterNetworkPolicy": "v1alpha2", "AdminNetworkPolicy": "v1alpha1", "BaselineAdminNetworkPolicy": "v1alpha1"}


class AdminPolicies(Policies):
    """Admin policies over the pods and nodes made so far."""

    def admin_policies(self) -> list[Object]:
        kinds = ["ClusterNetworkPolicy"] * self.pick((1, 2, 2, 3, 3, 4)) + ["AdminNetworkPolicy"] * self.pick(
            (0, 1, 1, 2)
        )
        kinds += ["BaselineAdminNetworkPolicy"] if self.chance(0.5) else []
        return [self.admin_policy(kind, i) for i, kind in enumerate(kinds)]

    def label_nodes(self, manifests: list[Object]) -> None:
        for node in manifests:
            if node["kind"] == "Node" and self.chance(0.85):
                node["metadata"]["labels"] = {key: self.pick(values) for key, values in NODE_LABELS.items()}

    def admin_policy(self, kind: str, index: int) -> Object:
        spec: Object = {"subject": self.subject()}
        if kind == "ClusterNetworkPolicy":
            spec["tier"] = self.pick(("Admin", "Admin", "Baseline"))
        if kind != "BaselineAdminNetworkPolicy":
            spec["priority"] = self.pick(PRIORITIES)
        directions = self.pick((("ingress",), ("ingress",), ("egress",), ("egress",), ("ingress", "egress")))
        for direction in directions:
            spec[direction] = [self.admin_rule(kind, direction) for _ in range(self.pick((1, 1, 2, 2, 3, 4)))]
            if "domainNames" in str(spec[direction]) and self.chance(0.6):
                spec[direction].append({"action": "Deny", "to": [{"networks": ["0.0.0.0/0", "::/0"]}]})
        if len(directions) == 1 and self.chance(0.1):
            spec["egress" if directions == ("ingress",) else "ingress"] = []
        meta: Object = {"name": "default" if kind == "BaselineAdminNetworkPolicy" else f"admin-{index}"}
        if self.dump:
            meta |= {"creationTimestamp": "2026-01-02T03:04:05Z", "uid": uid(kind, "", meta["name"])}
        return {"apiVersion": f"policy.networking.k8s.io/{API[kind]}", "kind": kind, "metadata": meta, "spec": spec}

    def subject(self) -> Object:
        if self.chance(0.5):
            return {"namespaces": self.namespace_selector()}
        pods: Object = {"podSelector": self.pod_selector() if self.chance(0.5) else self.labels_of_a_pod()}
        pods["namespaceSelector"] = {} if self.chance(0.5) else self.namespace_selector()
        return {"pods": pods}

    def labels_of_a_pod(self) -> Object:
        pod = self.pick(self.pods)
        return {"matchLabels": dict(self.some(list(pod.labels.items()), 1, 2))} if pod.labels else {}

    # --- rules --------------------------------------------------------------------------------------------------------

    def admin_rule(self, kind: str, direction: str) -> Object:
        action = self.pick(ACTIONS[:6] if kind == "BaselineAdminNetworkPolicy" else ACTIONS)
        peers = [self.admin_peer(kind, direction, action) for _ in range(self.pick((1, 1, 1, 2, 3)))]
        if self.chance(0.02):
            peers[self.rng.randrange(len(peers))] = {"services": {"matchLabels": {"app": "web"}}}  # of a newer API
        word = "Allow" if action == "Accept" and kind != "ClusterNetworkPolicy" else action
        rule: Object = {"action": word, "from" if direction == "ingress" else "to": peers}
        if self.chance(0.2):
            rule["name"] = f"to-{action.lower()}"
        if self.chance(0.5):
            nameless = any({"nodes", "networks", "domainNames"} & peer.keys() for peer in peers)
            entry = self.protocol_entry if kind == "ClusterNetworkPolicy" else self.admin_port
            made = [entry(not nameless) for _ in range(self.pick((1, 1, 2, 3)))]
            rule["protocols" if kind == "ClusterNetworkPolicy" else "ports"] = made
        return rule

    def admin_peer(self, kind: str, direction: str, action: str) -> Object:
        dice = self.rng.random()
        if direction == "egress" and dice < 0.5:
            if dice < 0.15:
                return {"nodes": self.selector(NODE_LABELS, 0.3)}
            if dice < 0.3 or kind == "BaselineAdminNetworkPolicy" or (action != "Accept" and dice < 0.45):
                return {"networks": self.networks()}
            return {"domainNames": self.some(NAMES_OUTSIDE, 1, 2)}
        old = kind != "ClusterNetworkPolicy" and self.chance(0.5)
        where = self.old_namespaces() if old else self.namespace_selector()
        if self.chance(0.5):
            return {"namespaces": where}
        pods: Object = {"podSelector": self.pod_selector() if self.chance(0.6) else self.labels_of_a_pod()}
        if old:
            pods["namespaces"] = where
        elif self.chance(0.8):
            pods["namespaceSelector"] = where
        return {"pods": pods}

    def old_namespaces(self) -> Object:
        """Namespaces as v0.1.1 and before selected them."""
        dice = self.rng.random()
        if dice < 0.2:
            return {"namespaceSelector": self.selector({"team": TEAMS, "env": VALUES["env"]}, 0.3)}
        return {"sameLabels" if dice < 0.6 else "notSameLabels": self.pick(LABEL_LISTS)}

    def networks(self) -> list[str]:
        """CIDRs; where nothing shall hang on addresses that are not known, only such as hold all of a family."""
        everything = ["0.0.0.0/0", "::/0"]
        if not self.block_share:
            return self.some(everything, 1, 2)
        family = self.pick(self.families)
        known = [pod.addresses[family] for pod in self.pods if pod.addresses.get(family)]
        single = [f"{address}/{32 if family == 4 else 128}" for address in known]
        return self.some(list(dict.fromkeys([*BLOCKS[family], *single[:4], *everything])), 1, 3)

    # --- protocols ----------------------------------------------------------------------------------------------------

    def protocol_entry(self, may_name: bool) -> Object:
        dice = self.rng.random()
        if may_name and dice < 0.3:
            return {"destinationNamedPort": self.pick(PORT_NAMES)}
        port: dict[str, Any] = {"number": self.pick(PORTS)} if dice < 0.65 else {"range": self.port_range()}
        return {self.pick(PROTOCOLS).lower(): {"destinationPort": port}}

    def admin_port(self, may_name: bool) -> Object:
        dice = self.rng.random()
        if may_name and dice < 0.3:
            return {"namedPort": self.pick(PORT_NAMES)}
        protocol = self.pick(PROTOCOLS)
        said = {} if protocol == "TCP" and self.chance(0.4) else {"protocol": protocol}
        if dice < 0.65:
            return {"portNumber": {**said, "port": self.pick(PORTS)}}
        return {"portRange": {**said, **self.port_range()}}

    def port_range(self) -> dict[str, int]:
        start, end = self.pick([one for one in RANGES if one[0] < one[1]])
        return {"start": start, "end": end}


def numbers_of(entry: Object) -> tuple[str, int, int] | None:
    """Protocol, first and last port of an entry of `protocols` or `ports`; None for a name."""
    for name in ("tcp", "udp", "sctp"):
        if name in entry:
            port = entry[name]["destinationPort"]
            span = port.get("range") or {"start": port.get("number"), "end": port.get("number")}
            return name.upper(), span["start"], span["end"]
    for field, first, last in (("portNumber", "port", "port"), ("portRange", "start", "end")):
        if field in entry:
            return entry[field].get("protocol", "TCP"), entry[field][first], entry[field][last]
    return None


def name_of(entry: Object) -> str:
    return str(entry.get("destinationNamedPort") or entry.get("namedPort") or "")


def admin_rules(policies: list[Object]) -> list[tuple[Object, str, Object]]:
    """(policy, direction, rule) of every rule."""
    return [(p, d, rule) for p in policies for d in ("ingress", "egress") for rule in p["spec"].get(d) or []]


def peers_of(rule: Object) -> list[Object]:
    return list(rule.get("from") or rule.get("to") or [])


def entries_of(rule: Object) -> list[Object]:
    return list(rule.get("protocols") or rule.get("ports") or [])


def tier_of(policy: Object) -> str:
    own = "Baseline" if policy["kind"] == "BaselineAdminNetworkPolicy" else "Admin"
    return str(policy["spec"].get("tier", own))


def priority_of(policy: Object) -> int:
    return int(policy["spec"].get("priority", 1001))
