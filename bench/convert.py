"""`convert` as a whole process, with its proof: a mix whose policies are Cilium's as Kubernetes' own, and one whose are
Calico's as Cilium's."""

from __future__ import annotations

import copy
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import msgspec

from bench.generate import mix, write_json
from bench.measure import REPEATS, Report, Row, run
from bench.registry import bench

COMMAND = Path(sys.executable).parent / "netwright"
TO_KUBERNETES = "networkpolicy+clusternetworkpolicy"
Object = dict[str, Any]


@bench("convert")
def convert(quick: bool) -> Report:
    """Cilium's policies, every fifth of which denies too, as both kinds of Kubernetes'; Calico's as Cilium's."""
    report = Report()
    sizes: list[tuple[int, int, float | None]] = [(500, 250, 3.0), (2_000, 1_000, 15.0)]
    for workloads, policies, ceiling in sizes[:1] if quick else sizes:
        _time(report, workloads, policies, _of_cilium, TO_KUBERNETES, ceiling)
    _time(report, 50 if quick else 250, 25 if quick else 125, _of_calico, "cilium", None)
    return report


def _time(
    report: Report,
    workloads: int,
    policies: int,
    written: Callable[[list[Object]], list[Object]],
    to: str,
    cpu_s: float | None,
) -> None:
    with tempfile.TemporaryDirectory(prefix="netwright-bench-") as folder:
        path, out = Path(folder, "policies.json"), Path(folder, "converted.json")
        write_json(written(mix(workloads, policies, 1)), path)
        command = [COMMAND, "convert", path, "--to", to, "-q", "-o", "json", "--out", out, "--force"]
        cost = run(command, repeats=REPEATS if cpu_s else 1, outputs=[out], exit_codes=(0, 1, 4))
        found = msgspec.json.decode(out.read_bytes())
    what = f"{workloads:,} workloads / {policies:,} policies to {to}"
    report.cost(what, cost, cpu_s=cpu_s)
    rules = len(found["rules"])
    report.notes.append(f"{what}: {rules:,} rules, equal in {found['proof']}, {found['refused']} refused")
    refused = 100 * found["refused"] / max(1, rules)
    report.rows.append(Row(what=f"{what}: rules refused", measured=refused, unit="%", ceiling=10))


def _of_cilium(manifests: list[Object]) -> list[Object]:
    """The mix with each NetworkPolicy as Cilium's."""
    out: list[Object] = []
    number = 0
    for manifest in copy.deepcopy(manifests):
        if manifest["kind"] != "NetworkPolicy":
            out.append(manifest)
            continue
        number += 1
        spec = manifest["spec"]
        rule: Object = {"endpointSelector": spec.get("podSelector") or {}}
        for side, word in (("ingress", "from"), ("egress", "to")):
            isolates = side.capitalize() in (spec.get("policyTypes") or ["Ingress"])
            if isolates:
                rule[side] = [e for r in spec.get(side) or () for e in _entries(r, word)] or [{}]
        if number % 5 == 0:
            rule["ingressDeny"] = [{"fromEndpoints": [{"matchLabels": {"app": "denied"}}]}]
        if "ingress" in rule or "egress" in rule or "ingressDeny" in rule:
            meta = manifest["metadata"]
            out.append({"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": meta, "spec": rule})
    return out


def _entries(rule: Object, word: str) -> list[Object]:
    """A rule of a NetworkPolicy as entries of Cilium's, one a peer."""
    ports = [
        {"port": str(port.get("port", 0)), "protocol": port.get("protocol", "TCP")}
        | ({"endPort": port["endPort"]} if "endPort" in port else {})
        for port in rule.get("ports") or ()
    ]
    about = {"toPorts": [{"ports": ports}]} if ports else {}
    peers = [_peer(peer, word) for peer in rule.get(word) or ()] or [{f"{word}Entities": ["all"]}]
    return [peer | about for peer in peers]


def _peer(peer: Object, word: str) -> Object:
    if "ipBlock" in peer:
        return {f"{word}CIDRSet": [peer["ipBlock"]]}
    labels = {f"k8s:{key}": value for key, value in ((peer.get("podSelector") or {}).get("matchLabels") or {}).items()}
    where = peer.get("namespaceSelector")
    if where is not None:
        for key, value in (where.get("matchLabels") or {}).items():
            name = (
                "io.kubernetes.pod.namespace"
                if key.endswith("metadata.name")
                else f"io.cilium.k8s.namespace.labels.{key}"
            )
            labels[f"k8s:{name}"] = value
    return {f"{word}Endpoints": [{"matchLabels": labels} if labels else {}]}


def _of_calico(manifests: list[Object]) -> list[Object]:
    """The mix with each NetworkPolicy as Calico's."""
    out: list[Object] = []
    for manifest in copy.deepcopy(manifests):
        if manifest["kind"] != "NetworkPolicy":
            out.append(manifest)
            continue
        spec = manifest["spec"]
        types = spec.get("policyTypes") or ["Ingress"]
        policy: Object = {"selector": _calico_selector(spec.get("podSelector") or {}), "types": types}
        for side, word in (("ingress", "from"), ("egress", "to")):
            if side.capitalize() in types:
                policy[side] = [r for rule in spec.get(side) or () for r in _calico_rules(rule, word)]
        meta = manifest["metadata"]
        out.append({"apiVersion": "projectcalico.org/v3", "kind": "NetworkPolicy", "metadata": meta, "spec": policy})
    return out


def _calico_rules(rule: Object, word: str) -> Iterator[Object]:
    """A rule of a NetworkPolicy as Calico's, one a protocol and peer."""
    numbers: dict[str, list[int | str]] = {}
    for port in rule.get("ports") or ({},):
        here = numbers.setdefault(port.get("protocol", "TCP") if port else "", [])
        if "port" in port:
            here.append(f"{port['port']}:{port['endPort']}" if "endPort" in port else port["port"])
    for (protocol, ports), peer in product(numbers.items(), rule.get(word) or ({},)):
        entity: Object = {}
        if "ipBlock" in peer:
            entity = {"nets": [peer["ipBlock"]["cidr"]], "notNets": peer["ipBlock"].get("except") or []}
        for key, name in (("podSelector", "selector"), ("namespaceSelector", "namespaceSelector")):
            if peer.get(key) is not None:
                entity[name] = _calico_selector(peer[key])
        to = (entity if word == "to" else {}) | ({"ports": ports} if ports else {})
        found = {"action": "Allow", "protocol": protocol, "destination": to, "source": entity if word == "from" else {}}
        yield {key: value for key, value in found.items() if value}


def _calico_selector(selector: Object) -> str:
    words = {"In": "{key} in {{{values}}}", "NotIn": "{key} not in {{{values}}}"}
    words |= {"Exists": "has({key})", "DoesNotExist": "!has({key})"}
    parts = [f"{key} == '{value}'" for key, value in (selector.get("matchLabels") or {}).items()]
    for one in selector.get("matchExpressions") or ():
        values = ", ".join(f"'{value}'" for value in one.get("values") or ())
        parts.append(words[one["operator"]].format(key=one["key"], values=values))
    return " && ".join(parts) or "all()"
