"""Inputs of the benches: a realistic mix of workloads and policies as manifests, and a million pods as columns.

Everything is a function of its arguments and seed. `describe` counts what a mix really holds, so that a figure can be
read beside the input that made it.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from bench.columns import Columns, admin_policies, columns

__all__ = [
    "Columns",
    "admin_policies",
    "cache_folder",
    "columns",
    "describe",
    "edit",
    "mix",
    "mix_file",
    "write_json",
    "write_yaml",
]

Object = dict[str, Any]

COMPONENTS = ("frontend", "backend", "cache", "database", "queue", "worker")
VERSIONS = ("v1", "v2")
TEAMS = ("payments", "search", "catalog", "identity", "platform", "mobile")
BLOCKS = (
    ("0.0.0.0/0", ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")),
    ("0.0.0.0/0", ("169.254.169.254/32",)),
    ("10.0.0.0/8", ("10.96.0.0/12",)),
    ("172.16.0.0/12", ("172.20.0.0/16", "172.21.4.0/24")),
    ("192.168.0.0/16", ("192.168.100.0/24",)),
    ("203.0.113.0/24", ("203.0.113.64/26",)),
    ("198.51.100.0/24", ("198.51.100.128/25",)),
    ("100.64.0.0/10", ("100.64.7.0/24",)),
)
PORTS = {
    "http": ("TCP", (8080, 8080, 8000)),
    "metrics": ("TCP", (9090,)),
    "db": ("TCP", (5432, 5432, 3306)),
    "dns": ("UDP", (53,)),
}
SERVED = {
    "frontend": ("http", "metrics"), "backend": ("http", "metrics"), "cache": ("metrics",),
    "database": ("db", "metrics"), "queue": ("http",), "worker": ("metrics", "dns"),
}  # fmt: skip
RANGES = ((8000, 8100), (9000, 9200), (30000, 32767), (5000, 5500), (1024, 65535), (3000, 3100))


# --- the mix --------------------------------------------------------------------------------------------------------


def mix(workloads: int, policies: int, seed: int) -> list[Object]:
    """Deployments with a Service each and NetworkPolicies over them: namespaces, workloads, services, policies.

    `workloads` / 20 namespaces. Every Deployment has 1-5 replicas, a unique `app` label and component, part-of, version
    and pci labels. Half the namespaces are denied by default; the other policies select by pod, namespace, both or
    address block (half of these with exceptions), by equality or In / NotIn / DoesNotExist, on numbers, names, ranges,
    UDP, SCTP or whole protocols; two fifths have egress rules.
    """
    return _Mix(random.Random(seed), workloads).objects(policies)


class _Mix:
    def __init__(self, rng: random.Random, workloads: int) -> None:
        self.rng = rng
        self.namespaces = [f"team-{i:03}" for i in range(max(1, workloads // 20))]
        self.apps: dict[str, list[Object]] = {name: [] for name in self.namespaces}
        self.deployments = [self.deployment(i) for i in range(workloads)]

    def objects(self, policies: int) -> list[Object]:
        denied = self.namespaces[::2][: policies // 2]
        made = [self.namespace(i, name) for i, name in enumerate(self.namespaces)]
        made += self.deployments
        made += [self.service(deployment) for deployment in self.deployments]
        made += [_policy(name, "default-deny", self.closed()) for name in denied]
        made += [self.policy(i) for i in range(policies - len(denied))]
        return made

    def namespace(self, index: int, name: str) -> Object:
        labels = {
            "team": TEAMS[index % len(TEAMS)],
            "env": self.pick(("prod", "prod", "staging", "dev")),
            "area": f"area-{index // 8}",
        }
        if self.rng.random() < 0.2:
            labels["pci"] = "true"
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}

    def deployment(self, index: int) -> Object:
        namespace = self.namespaces[index % len(self.namespaces)]
        component = self.pick(COMPONENTS)
        labels = {
            "app": f"app-{index:05}",
            "component": component,
            "part-of": f"suite-{index % len(self.namespaces) % 40}",
            "version": self.pick(VERSIONS),
        }
        if self.rng.random() < 0.3:
            labels["pci"] = self.pick(("true", "false"))
        ports = []
        for name in SERVED[component]:
            protocol, numbers = PORTS[name]
            ports.append({"name": name, "containerPort": self.pick(numbers), "protocol": protocol})
        container = {
            "name": "main",
            "image": f"registry.example.com/{component}:{index % 50}",
            "ports": ports,
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
        }
        name = f"app-{index:05}"
        made = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": namespace, "labels": labels},
            "spec": {
                "replicas": self.rng.randrange(1, 6),
                "selector": {"matchLabels": {"app": name}},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        }
        self.apps[namespace].append(made)
        return made

    def service(self, deployment: Object) -> Object:
        meta = deployment["metadata"]
        served = deployment["spec"]["template"]["spec"]["containers"][0]["ports"]
        ports = [
            {"name": p["name"], "port": 80 + i, "protocol": p["protocol"], "targetPort": p["name"]}
            for i, p in enumerate(served)
        ]
        spec = {"selector": {"app": meta["name"]}, "ports": ports}
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": meta["name"], "namespace": meta["namespace"]},
            "spec": spec,
        }

    def closed(self) -> Object:
        return {"podSelector": {}, "policyTypes": ["Ingress"]}

    def policy(self, index: int) -> Object:
        namespace = self.pick(self.namespaces)
        dice = self.rng.random()
        types = ["Ingress"] if dice < 0.6 else ["Ingress", "Egress"] if dice < 0.8 else ["Egress"]
        spec: Object = {"podSelector": self.subject(namespace), "policyTypes": types}
        if "Ingress" in types:
            spec["ingress"] = [self.rule("from", namespace) for _ in range(self.pick((1, 1, 2, 3)))]
        if "Egress" in types:
            spec["egress"] = [self.rule("to", namespace) for _ in range(self.pick((1, 1, 2, 3)))]
        return _policy(namespace, f"policy-{index:05}", spec)

    def subject(self, namespace: str) -> Object:
        dice = self.rng.random()
        if dice < 0.18:
            return {"matchLabels": {"app": self.pick(self.apps[namespace])["metadata"]["name"]}}
        if dice < 0.60:
            return {"matchLabels": {"component": self.pick(COMPONENTS)}}
        if dice < 0.78:
            return {"matchLabels": {"version": self.pick(VERSIONS)}}
        return {"matchExpressions": [self.requirement()]}

    def rule(self, key: str, namespace: str) -> Object:
        rule: Object = {}
        if self.rng.random() < 0.93:
            rule[key] = [self.peer(namespace) for _ in range(self.pick((1, 1, 1, 2, 2, 3)))]
        if self.rng.random() < 0.85:
            rule["ports"] = [self.port() for _ in range(self.pick((1, 1, 2, 3)))]
        return rule

    def peer(self, namespace: str) -> Object:
        dice = self.rng.random()
        if dice < 0.40:
            return {"podSelector": self.pods(namespace)}
        if dice < 0.62:
            return {"namespaceSelector": self.spaces()}
        if dice < 0.85:
            return {"namespaceSelector": self.spaces(), "podSelector": self.pods(None)}
        cidr, exceptions = self.pick(BLOCKS)
        block: Object = {"cidr": cidr}
        if self.rng.random() < 0.5:
            block["except"] = list(exceptions)
        return {"ipBlock": block}

    def pods(self, namespace: str | None) -> Object:
        dice = self.rng.random()
        if dice < 0.07:
            return {}
        if namespace is not None and dice < 0.15:
            return {"matchLabels": {"app": self.pick(self.apps[namespace])["metadata"]["name"]}}
        if dice < 0.75:
            labels = {"component": self.pick(COMPONENTS)}
            if self.rng.random() < 0.3:
                labels["version"] = self.pick(VERSIONS)
            return {"matchLabels": labels}
        return {"matchExpressions": [self.requirement()]}

    def spaces(self) -> Object:
        dice = self.rng.random()
        if dice < 0.06:
            return {}
        if dice < 0.5:
            return {"matchLabels": {"kubernetes.io/metadata.name": self.pick(self.namespaces)}}
        if dice < 0.75:
            return {"matchLabels": {"team": self.pick(TEAMS), "env": self.pick(("prod", "staging", "dev"))}}
        if dice < 0.9:
            return {"matchLabels": {"area": f"area-{self.rng.randrange(len(self.namespaces)) // 8}"}}
        return {
            "matchExpressions": [
                self.pick(
                    ({"key": "pci", "operator": "DoesNotExist"}, {"key": "env", "operator": "NotIn", "values": ["dev"]})
                )
            ]
        }

    def requirement(self) -> Object:
        dice = self.rng.random()
        if dice < 0.45:
            return {"key": "component", "operator": "In", "values": sorted(self.rng.sample(COMPONENTS, 2))}
        if dice < 0.75:
            return {
                "key": self.pick(("version", "component")),
                "operator": "NotIn",
                "values": [self.pick(("v1", "v2", "worker", "cache"))],
            }
        return {"key": "pci", "operator": self.pick(("DoesNotExist", "Exists"))}

    def port(self) -> Object:
        dice = self.rng.random()
        if dice < 0.40:
            return {"protocol": "TCP", "port": self.pick((80, 443, 8080, 8000, 3000, 9090, 9187, 5432, 3306))}
        if dice < 0.62:
            return {"protocol": "TCP", "port": self.pick(("http", "metrics", "db"))}
        if dice < 0.77:
            low, high = self.pick(RANGES)
            return {"protocol": "TCP", "port": low, "endPort": high}
        if dice < 0.87:
            return {"protocol": "UDP", "port": self.pick((53, "dns", 5353))}
        if dice < 0.92:
            return {"protocol": "SCTP", "port": self.pick((2905, 3868))}
        return {"protocol": self.pick(("TCP", "UDP", "SCTP"))}

    def pick(self, choices: Any) -> Any:
        return choices[self.rng.randrange(len(choices))]


def _policy(namespace: str, name: str, spec: Object) -> Object:
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}


# --- one edit -------------------------------------------------------------------------------------------------------


def edit(manifests: list[Object], seed: int, naming: Literal["old", "new"] = "old") -> list[Object]:
    """The manifests after one random edit of one policy; all other objects are the same objects.

    "old": the edit names only labels, blocks and ports that other policies name already: a rule taken out, a rule or
    the subject of another policy put in, a policy removed or copied. "new": it adds a rule with a port, and a block or
    an `app`, that no policy names.
    """
    rng = random.Random(seed)
    places = [i for i, o in enumerate(manifests) if o["kind"] == "NetworkPolicy"]
    at, giver = rng.choice(places), manifests[rng.choice(places)]
    after = list(manifests)
    policy = after[at] = copy.deepcopy(manifests[at])
    spec = policy["spec"]
    direction = (
        "egress"
        if "egress" in spec and rng.random() < 0.5
        else "ingress"
        if "Ingress" in spec["policyTypes"]
        else "egress"
    )
    peers = "from" if direction == "ingress" else "to"
    rules = spec.setdefault(direction, [])
    if naming == "new":
        rules.append(_fresh_rule(rng, peers, json.dumps(manifests)))
        return after
    given = giver["spec"].get(direction) or []
    choice = rng.choice(("drop-rule", "take-rule", "take-subject", "remove", "copy"))
    if choice == "drop-rule" and rules:
        del rules[rng.randrange(len(rules))]
    elif choice == "take-rule" and given:
        rules.append(copy.deepcopy(rng.choice(given)))
    elif choice == "remove":
        del after[at]
    elif choice == "copy":
        policy["metadata"]["name"] += "-copy"
        policy["metadata"]["namespace"] = giver["metadata"]["namespace"]
        after.append(copy.deepcopy(manifests[at]))
    elif spec["podSelector"] != giver["spec"]["podSelector"]:
        spec["podSelector"] = copy.deepcopy(giver["spec"]["podSelector"])
    elif rules:
        del rules[rng.randrange(len(rules))]
    else:
        rules.append({})  # nothing to take and nothing to drop: open it
    return after


def _fresh_rule(rng: random.Random, peers: str, text: str) -> Object:
    port = next(p for p in iter(lambda: rng.randrange(10000, 29000), 0) if f'"port": {p}' not in text)
    block = f"10.{rng.randrange(200, 250)}.{rng.randrange(256)}.0/24"
    peer: Object = rng.choice(({"ipBlock": {"cidr": block}}, {"podSelector": {"matchLabels": {"app": f"new-{port}"}}}))
    return {peers: [peer], "ports": [{"protocol": "TCP", "port": port}]}


# --- what a mix holds -----------------------------------------------------------------------------------------------


def describe(manifests: Iterable[Object]) -> dict[str, int]:
    """How often each feature occurs, counted from the objects: kinds, pods, forms of subjects, peers and ports."""
    found: Counter[str] = Counter()
    labels: Counter[tuple[str, str]] = Counter()
    for o in manifests:
        kind = o["kind"]
        found[f"{kind}s" if not kind.endswith("y") else "NetworkPolicies"] += 1
        if kind == "Deployment":
            found["pods"] += o["spec"].get("replicas", 1)
            labels.update(o["spec"]["template"]["metadata"]["labels"].items())
        elif kind == "NetworkPolicy":
            _describe_policy(found, o["spec"])
    found["labels of one workload only"] = sum(1 for count in labels.values() if count == 1)
    return dict(found)


def _describe_policy(found: Counter[str], spec: Object) -> None:
    subject = spec["podSelector"]
    found[
        "subject " + ("all pods" if not subject else "by expression" if "matchExpressions" in subject else "by label")
    ] += 1
    found["default deny"] += not subject and not spec.get("ingress") and "Egress" not in spec["policyTypes"]
    found["with egress"] += "Egress" in spec["policyTypes"]
    selectors = [subject]
    for key, direction in (("from", "ingress"), ("to", "egress")):
        for rule in spec.get(direction, []):
            found[f"{direction} rules"] += 1
            found["rules without peers"] += key not in rule
            found["rules without ports"] += "ports" not in rule
            for peer in rule.get(key, []):
                found[_peer_form(peer)] += 1
                selectors += [peer[k] for k in ("podSelector", "namespaceSelector") if k in peer]
            for entry in rule.get("ports", []):
                found[_port_form(entry)] += 1
                found[f"ports {entry.get('protocol', 'TCP')}"] += 1
    for selector in selectors:
        for expression in selector.get("matchExpressions", []):
            found[f"expressions {expression['operator']}"] += 1


def _peer_form(peer: Object) -> str:
    if "ipBlock" in peer:
        return "peers ipBlock with except" if "except" in peer["ipBlock"] else "peers ipBlock"
    if "podSelector" in peer and "namespaceSelector" in peer:
        return "peers pods of namespaces"
    return "peers pods" if "podSelector" in peer else "peers namespaces"


def _port_form(entry: Object) -> str:
    if "endPort" in entry:
        return "ports range"
    if "port" not in entry:
        return "ports protocol only"
    return "ports named" if isinstance(entry["port"], str) else "ports numeric"


# --- files ----------------------------------------------------------------------------------------------------------


def cache_folder() -> Path:
    """Where generated inputs are kept: one folder a version of the generators' source, so none is stale."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "netwright" / "bench"
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        if source.stem in ("generate", "columns"):
            digest.update(source.read_bytes())
    folder = base / digest.hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def mix_file(
    workloads: int, policies: int, seed: int = 1, form: Literal["json", "yaml"] = "json", folder: Path | None = None
) -> Path:
    """The file of a mix, written at its first use."""
    path = (folder or cache_folder()) / f"mix-{workloads}-{policies}-{seed}.{form}"
    if not path.exists():
        (write_json if form == "json" else write_yaml)(mix(workloads, policies, seed), path)
    return path


def write_json(manifests: list[Object], path: Path) -> None:
    """One `List`, as `kubectl get -o json` prints it but without indentation."""
    whole = {"apiVersion": "v1", "kind": "List", "items": manifests}
    _write(path, lambda: [json.dumps(whole, separators=(",", ":"))])


def write_yaml(manifests: list[Object], path: Path) -> None:
    """One document an object, as people write them: block style, text quoted only where YAML would misread it."""
    _write(path, lambda: (line for o in manifests for line in ("---\n", *_block(o, 0))))


def _write(path: Path, text: Callable[[], Iterable[str]]) -> None:
    # Renamed when whole: a bench that was stopped leaves no half file for the next to read.
    partial = path.with_suffix(f".{os.getpid()}.partial")
    with partial.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(text())
    partial.replace(path)


_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*(:[A-Za-z0-9_./-]+)*")
_WORDS = re.compile(r"(?i)(y|n|yes|no|on|off|true|false|null|none|nan|inf)")


def _scalar(value: str | float | bool | None) -> str:
    """A YAML scalar that every reader reads back as the same value; JSON's quoted text is YAML too."""
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) and not _WORDS.fullmatch(value) else json.dumps(value)
    return json.dumps(value)


def _block(value: Object | list[Any], depth: int) -> Iterator[str]:
    pad = "  " * depth
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, (dict, list)) and inner:
                yield f"{pad}{_scalar(key)}:\n"
                yield from _block(inner, depth + 1)
            else:
                yield f"{pad}{_scalar(key)}: {_leaf(inner)}\n"
        return
    for inner in value:
        if isinstance(inner, (dict, list)) and inner:
            lines = _block(inner, depth + 1)
            yield f"{pad}- {next(lines).removeprefix(pad + '  ')}"
            yield from lines
        else:
            yield f"{pad}- {_leaf(inner)}\n"


def _leaf(value: Any) -> str:
    return ("{}" if isinstance(value, dict) else "[]") if isinstance(value, (dict, list)) else _scalar(value)
