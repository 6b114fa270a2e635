"""Random clusters with a mesh: Istio's policies beside NetworkPolicies, workloads in the mesh and out of it.

`cluster(seed)` is a pure function of its seed. Few labels, ports, accounts and ranges, so that rules meet and hide each
other; sidecars, ambient and plain namespaces in one cluster, and now and then what leaves it open who is in the mesh.
"""

from __future__ import annotations

import random
from typing import Any

from tests.random_cilium import ACCOUNTS, APPS, POD_NET, SPACES, TIERS, Case, Object, node
from tests.random_cilium import Maker as Cilium

ROOT = "istio-system"
WHERE = (*SPACES, *SPACES, ROOT)
OUTSIDE = ("203.0.113.5", "198.51.100.7")
PORTS = (80, 81, 443, 5432)
BLOCKS = ("10.0.0.0/16", "10.0.1.0/24", "10.0.2.0/24", "203.0.113.0/24", "198.51.100.7", "192.168.0.1", "0.0.0.0/0")
PORT_NAMES = ("http", "http-web", "grpc", "grpc-web-x", "http2", "tcp", "tcp-a", "https", "mongo", "data", "web", None)
APP_PROTOCOLS = ("http", "tcp", "https", "kubernetes.io/h2c", "kubernetes.io/ws", "example.com/own", "grpc")
NAMES = (*SPACES, "sh*", "*op", "*", "elsewhere", "b*k")
PRINCIPALS = (
    "*",
    "cluster.local/ns/shop/sa/teller",
    "cluster.local/ns/bank/sa/default",
    "cluster.local/ns/ops/*",
    "*/sa/teller",
    "*/ns/shop/sa/default",
    "*local/ns/bank/sa/teller",
    "corp.example/ns/shop/sa/teller",
    "cluster.local/ns/nowhere/sa/none",
)
SERVICE_ACCOUNTS = ("teller", "default", "shop/teller", "bank/default", "ops/teller")
MODES = ("STRICT", "STRICT", "STRICT", "PERMISSIVE", "DISABLE", "UNSET")
CONFIGS: tuple[Object, ...] = (
    {},
    {},
    {},
    {"mesh": "sidecar"},
    {"mesh": "ambient"},
    {"root-namespace": "ops"},
    {"trust-domain": "corp.example"},
    {"mesh": "none"},
    {"cni": "cilium"},
    {"cni": "ovn-kubernetes"},
    {"cni": "calico"},
)


def cluster(seed: int, tuples: int = 100, config: Object | None = None) -> Case:
    """The cluster of the seed; more questions do not change it, and neither do the options."""
    maker = _Maker(random.Random(f"istio {seed}"))
    manifests = maker.objects()
    dice = random.Random(f"questions {seed}")
    asked = [maker.question(dice) for _ in range(tuples)]
    return Case(seed, CONFIGS[0] if config is None else config, manifests, asked)


class _Maker(Cilium):
    def __init__(self, dice: random.Random) -> None:
        super().__init__(dice)
        self.ends: list[str] = []

    # --- what there is ---

    def objects(self) -> list[Object]:
        told = self.chance(0.85)
        spaces = [self.namespace(name) for name in (*SPACES, *((ROOT,) if self.chance(0.3) else ()))]
        if not told:
            spaces = self.dice.sample(spaces, k=self.pick((0, 1, 2)))
        nodes = [node("here", "192.168.0.1"), node("there", "192.168.0.2")]
        self.pods = [self.pod(i) for i in range(self.pick((5, 6, 7, 8)))]
        services = [self.service(i) for i in range(self.pick((2, 3, 4, 5)))]
        kinds = self.dice.choices(("np", "admin"), (5, 1), k=self.pick((0, 0, 1, 1, 2, 3)))
        policies = [getattr(self, kind)(i) for i, kind in enumerate(kinds)]
        policies += [self.authorization(i) for i in range(self.pick((1, 2, 2, 3, 3, 4)))]
        policies += [self.peers_of(i) for i in range(self.pick((0, 0, 1, 1, 2, 3)))]
        if self.chance(0.15):
            policies.append(self.destination_rule())
        if self.chance(0.1):
            policies.append(self.tokens())
        self.dice.shuffle(policies)
        return [*spaces, *nodes, *self.pods, *services, *policies]

    def namespace(self, name: str) -> Object:
        made = super().namespace(name)
        labels = made["metadata"]["labels"]
        dice = self.dice.random()
        if dice < 0.45:
            labels["istio-injection"] = "enabled"
        elif dice < 0.55:
            labels["istio-injection"] = "disabled"
        elif dice < 0.65:
            labels["istio.io/rev"] = "canary"
        if (dice >= 0.65 and self.chance(0.7)) or self.chance(0.08):
            labels["istio.io/dataplane-mode"] = "ambient"
        if self.chance(0.02):
            labels["istio.io/use-waypoint"] = self.pick(("waypoint", "none"))
        return made

    def pod(self, i: int) -> Object:
        space = self.pick(SPACES)
        labels: Object = {"app": self.pick(APPS)}
        if self.chance(0.6):
            labels["tier"] = self.pick(TIERS)
        notes: Object = {}
        if self.chance(0.12):
            labels["sidecar.istio.io/inject"] = self.pick(("true", "false", "false", "yes"))
        if self.chance(0.06):
            notes["sidecar.istio.io/inject"] = self.pick(("false", "no"))
        if self.chance(0.12):
            labels["istio.io/dataplane-mode"] = self.pick(("ambient", "none"))
        if self.chance(0.03):
            labels["istio.io/rev"] = "canary"
        if self.chance(0.02):
            labels["istio.io/use-waypoint"] = "waypoint"
        if self.chance(0.08):
            word = self.pick(("excludeInboundPorts", "includeInboundPorts", "excludeOutboundPorts"))
            notes[f"traffic.sidecar.istio.io/{word}"] = self.pick(("80", "80, 443", "5432", "*"))
        if self.chance(0.02):
            notes["traffic.sidecar.istio.io/excludeOutboundIPRanges"] = "192.0.2.0/24"
        if self.chance(0.02):
            notes["sidecar.istio.io/interceptionMode"] = "NONE"
        if self.chance(0.03):
            notes["inject.istio.io/templates"] = self.pick(("gateway", "sidecar", "custom,gateway"))
        containers: list[Object] = [{"name": "c", "image": "i"}]
        ports = [
            {"name": name, "containerPort": self.pick(PORTS), "protocol": self.pick(("TCP", "TCP", "UDP"))}
            for name in ("http", "sql")
            if self.chance(0.5)
        ]
        if ports:
            containers[0]["ports"] = ports
        spec: Object = {"containers": containers}
        if self.chance(0.85):
            spec["nodeName"] = self.pick(("here", "there"))
        if self.chance(0.6):
            spec["serviceAccountName"] = self.pick(ACCOUNTS)
        if self.chance(0.06):
            spec["hostNetwork"] = True
        meta: Object = {"name": f"p{i}", "namespace": space, "labels": labels}
        if self.chance(0.08):
            where = self.pick(("containers", "initContainers"))
            spec.setdefault(where, []).append({"name": "istio-proxy", "image": "p"})
        elif self.chance(0.05):
            notes["sidecar.istio.io/status"] = "{}"
        if notes:
            meta["annotations"] = notes
        self.ends.append(f"{space}/p{i}")
        if self.chance(0.12):
            return self.deployment(meta, spec)
        made: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
        if self.chance(0.85):
            address = POD_NET.format(SPACES.index(space), i + 1)
            if spec.get("hostNetwork"):
                address = "192.168.0.1" if spec.get("nodeName") == "here" else "192.168.0.2"
            made["status"] = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}
        if self.chance(0.1):
            meta["uid"] = f"00000000-0000-0000-0000-00000000000{i}"
            if self.chance(0.5):
                notes["ambient.istio.io/redirection"] = "enabled"
                meta["annotations"] = notes
        return made

    def deployment(self, meta: Object, spec: Object) -> Object:
        template = {"metadata": {key: meta[key] for key in ("labels", "annotations") if key in meta}, "spec": spec}
        selector = {"matchLabels": {"app": meta["labels"]["app"]}}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": meta["name"], "namespace": meta["namespace"]},
            "spec": {"selector": selector, "template": template},
        }

    def service(self, i: int) -> Object:
        selector = {"app": self.pick(APPS)}
        if self.chance(0.3):
            selector["tier"] = self.pick(TIERS)
        if self.chance(0.04):
            selector["pod-template-hash"] = "1"
        ports: list[Object] = []
        names = self.dice.sample(PORT_NAMES[:-1], k=self.pick((1, 2, 2)))
        if len(names) == 1 and self.chance(0.3):
            names = [None]  # type: ignore[list-item]
        for number, name in zip(self.dice.sample((*PORTS, 3306), k=len(names)), names, strict=True):
            port: Object = {"port": number}
            if name:
                port["name"] = name
            if self.chance(0.4):
                port["targetPort"] = self.pick((*PORTS, "http", "sql"))
            if self.chance(0.15):
                port["appProtocol"] = self.pick(APP_PROTOCOLS)
            if self.chance(0.05):
                port["protocol"] = "UDP"
            ports.append(port)
        meta: Object = {"name": f"s{i}", "namespace": self.pick(SPACES)}
        if self.chance(0.02):
            meta["labels"] = {"istio.io/use-waypoint": "waypoint"}
        spec: Object = {"selector": selector, "ports": ports}
        if self.chance(0.1):
            spec["clusterIP"] = "None"
        return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}

    # --- Istio's policies ---

    def workloads(self, empty: float) -> Object | None:
        if self.chance(empty):
            return None
        labels = {"app": self.pick(APPS)}
        if self.chance(0.25):
            labels["tier"] = self.pick(TIERS)
        if self.chance(0.04):
            labels["pod-template-hash"] = "1"
        return {"matchLabels": labels}

    def authorization(self, i: int) -> Object:
        spec: Object = {}
        action = self.pick(("ALLOW", "ALLOW", "ALLOW", None, "DENY", "DENY", "DENY", "CUSTOM", "AUDIT"))
        if action:
            spec["action"] = action
        if selector := self.workloads(0.45):
            spec["selector"] = selector
        elif self.chance(0.05):
            spec["targetRefs"] = [{"group": "", "kind": "Service", "name": "s0"}]
        if action == "CUSTOM":
            spec["provider"] = {"name": self.pick(("sso", "sso", "quota"))}
        count = self.pick((1, 1, 2, 2, 3)) if action in ("DENY", "CUSTOM") else self.pick((0, 1, 1, 2, 2, 3))
        if count or self.chance(0.5):
            spec["rules"] = [self.rule(action == "CUSTOM") for _ in range(count)]
        if action in ("DENY", "CUSTOM"):
            spec.setdefault("rules", [{}])
        meta: Object = {"name": f"z{i}", "namespace": self.pick(WHERE)}
        if self.chance(0.06):
            meta["annotations"] = {"istio.io/dry-run": self.pick(("true", "false", "1"))}
        return {"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "metadata": meta, "spec": spec}

    def rule(self, custom: bool) -> Object:
        found: Object = {}
        if self.chance(0.65):
            found["from"] = [{"source": self.source(custom)} for _ in range(self.pick((1, 1, 1, 2)))]
        if self.chance(0.5):
            found["to"] = [{"operation": self.operation()} for _ in range(self.pick((1, 1, 2)))]
        if self.chance(0.2):
            found["when"] = [self.condition(custom) for _ in range(self.pick((1, 1, 2)))]
        return found

    def some(self, listed: Any) -> list[str]:
        return self.dice.sample(list(listed), k=self.pick((1, 1, 2)))

    def source(self, custom: bool) -> Object:
        ways: list[tuple[str, Any]] = [
            ("ipBlocks", BLOCKS),
            ("notIpBlocks", BLOCKS[1:-1]),
            ("remoteIpBlocks", BLOCKS),
        ]
        if not custom:
            ways += [
                ("principals", PRINCIPALS),
                ("principals", PRINCIPALS),
                ("notPrincipals", PRINCIPALS),
                ("namespaces", NAMES),
                ("namespaces", NAMES),
                ("notNamespaces", NAMES),
                ("requestPrincipals", ("*", "issuer.example/*")),
            ]
            if self.chance(0.2):
                return {self.pick(("serviceAccounts", "notServiceAccounts")): self.some(SERVICE_ACCOUNTS)}
            if self.chance(0.05):
                return {self.pick(("trustDomains", "notTrustDomains")): self.some(("cluster.local", "corp*", "*"))}
        return {name: self.some(values) for name, values in self.dice.sample(ways, k=self.pick((1, 1, 1, 2)))}

    def operation(self) -> Object:
        texts = tuple(map(str, PORTS))
        ways: list[tuple[str, Any]] = [
            ("ports", texts),
            ("ports", texts),
            ("notPorts", texts),
            ("methods", ("GET", "POST")),
            ("paths", ("/a", "/b/*")),
            ("notPaths", ("/healthz", "*")),
            ("hosts", ("a.example", "*.example")),
        ]
        return {name: self.some(values) for name, values in self.dice.sample(ways, k=self.pick((1, 1, 1, 2)))}

    def condition(self, custom: bool) -> Object:
        ways: list[tuple[str, Any]] = [
            ("source.ip", BLOCKS),
            ("destination.ip", BLOCKS),
            ("destination.port", tuple(map(str, PORTS))),
            ("remote.ip", BLOCKS),
            ("connection.sni", ("a.example", "*.b.example")),
            ("request.headers[x-a]", ("1", "2")),
        ]
        if not custom:
            ways += [
                ("source.namespace", NAMES),
                ("source.principal", PRINCIPALS),
                ("request.auth.claims[iss]", ("issuer.example",)),
            ]
        key, values = self.pick(ways)
        dice = self.dice.random()
        found: Object = {"key": key}
        if dice < 0.7:
            found["values"] = self.some(values) if len(values) > 1 else list(values)
        if dice >= 0.6:
            found["notValues"] = self.some(values) if len(values) > 1 else list(values)
        return found

    def peers_of(self, i: int) -> Object:
        spec: Object = {}
        selector = self.workloads(0.5)
        if selector:
            spec["selector"] = selector
            if self.chance(0.5):
                ports = self.dice.sample(PORTS, k=self.pick((1, 2)))
                spec["portLevelMtls"] = {str(port): {"mode": self.pick(MODES)} for port in ports}
        if self.chance(0.85):
            spec["mtls"] = {"mode": self.pick(MODES)}
        meta = {"name": f"m{i}", "namespace": self.pick(WHERE)}
        return {"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": meta, "spec": spec}

    def destination_rule(self) -> Object:
        space = self.pick(SPACES)
        host = self.pick(("s0", "s1", f"s0.{space}", f"s1.{space}.svc.cluster.local", f"*.{space}.svc.cluster.local"))
        policy: Object = {"tls": {"mode": self.pick(("DISABLE", "SIMPLE", "ISTIO_MUTUAL"))}}
        if self.chance(0.3):
            policy = {"portLevelSettings": [{"port": {"number": 80}, **policy}]}
        meta = {"name": "d0", "namespace": self.pick((space, ROOT))}
        spec = {"host": host, "trafficPolicy": policy}
        return {"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": meta, "spec": spec}

    def tokens(self) -> Object:
        spec = {"jwtRules": [{"issuer": "issuer.example"}]}
        meta = {"name": "t0", "namespace": self.pick(WHERE)}
        return {"apiVersion": "security.istio.io/v1", "kind": "RequestAuthentication", "metadata": meta, "spec": spec}

    def np_port(self) -> Object:
        if self.chance(0.2):
            return {"protocol": "TCP", "port": 15008}
        return super().np_port()

    # --- questions ---

    def question(self, dice: random.Random) -> tuple[str, str, str, int]:
        one = dice.choice(self.ends)
        if dice.random() < 0.65:
            other = dice.choice([end for end in self.ends if end != one])
            ends = (one, other)
        else:
            outside = dice.choice((*OUTSIDE, "node/here", "node/there"))
            ends = (outside, one) if dice.random() < 0.8 else (one, outside)
        if dice.random() < 0.04:
            return (*ends, "ICMP", 8)
        port = dice.choice((*PORTS, *PORTS, 3306, 79, 15008, 15020))
        return (*ends, dice.choice(("TCP",) * 8 + ("UDP", "SCTP")), port)
