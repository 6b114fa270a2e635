"""`convert` as a whole process: a mix whose NetworkPolicies are Cilium's, said as policies of Kubernetes and proven."""

from __future__ import annotations

import copy
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from bench.generate import mix, write_json
from bench.measure import REPEATS, Report, Row, run
from bench.registry import bench

COMMAND = Path(sys.executable).parent / "netwright"
TO = "networkpolicy+clusternetworkpolicy"
Object = dict[str, Any]


@bench("convert")
def convert(quick: bool) -> Report:
    """Cilium's policies, every fifth of which denies too, as both kinds of Kubernetes' policies, with the proof."""
    report = Report()
    sizes = [(500, 250, 3.0)] if quick else [(500, 250, 3.0), (2_000, 1_000, 15.0)]
    with tempfile.TemporaryDirectory(prefix="netwright-bench-") as folder:
        for workloads, policies, cpu_s in sizes:
            path, out = Path(folder, "cilium.json"), Path(folder, "converted.json")
            write_json(_of_cilium(mix(workloads, policies, 1)), path)
            command = [COMMAND, "convert", path, "--to", TO, "-q", "-o", "json", "--out", out, "--force"]
            cost = run(command, repeats=1 if quick else REPEATS, outputs=[out], exit_codes=(0, 1, 4))
            what = f"{workloads:,} workloads / {policies:,} policies"
            report.cost(what, cost, cpu_s=cpu_s)
            found = msgspec.json.decode(out.read_bytes())
            rules = len(found["rules"])
            report.notes.append(f"{what}: {rules:,} rules, equal in {found['proof']}, {found['refused']} refused")
            refused = 100 * found["refused"] / max(1, rules)
            report.rows.append(Row(what=f"{what}: rules refused", measured=refused, unit="%", ceiling=10))
    return report


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
