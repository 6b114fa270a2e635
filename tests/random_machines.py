"""Random clusters in which some workloads are KubeVirt's machines, with all that their interfaces can say.

`with_machines(case)` is a function of the case alone: its dice are thrown from its seed.
"""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

from tests.random_clusters import Case

Object = dict[str, Any]
MADE = {"Deployment": "deploy", "StatefulSet": "sts", "ReplicaSet": "rs", "ReplicationController": "rc"}
"""Kinds that machines take the place of."""
SHORT = {"VirtualMachine": "vm", "VirtualMachineInstance": "vm", "VirtualMachineInstanceReplicaSet": "vmirs"}
SHORT |= {"VirtualMachinePool": "vmpool"}
LABELS = {
    "pod-template-hash": "kubevirt.io/nodeName",
    "controller-revision-hash": "vmi.kubevirt.io/id",
    "statefulset.kubernetes.io/pod-name": "vm.kubevirt.io/name",
    "apps.kubernetes.io/pod-index": "kubevirt.io",
}
"""What policies ask for in place of the labels of other controllers."""


def with_machines(case: Case) -> Case:
    """The same cluster with machines in place of most of its Deployments, StatefulSets and ReplicaSets."""
    dice = random.Random(f"machines {case.seed}")
    refs: dict[str, str] = {}
    made: list[Object] = []
    changed: dict[tuple[str, str, str], str] = {}
    for o in case.manifests:
        kind, namespace, name = o["kind"], _namespace(o), o["metadata"]["name"]
        controlled = any(one.get("controller") for one in o["metadata"].get("ownerReferences", ()))
        owning = [p for p in case.manifests if _is_owned(p, kind, namespace, name)]
        of_sets = any(p["kind"] != "Pod" for p in owning)
        template = o.get("spec", {}).get("template", {})
        is_host = template.get("spec", {}).get("hostNetwork", False)
        if kind not in MADE or controlled or of_sets or is_host or dice.random() < 0.2:
            made.append(o)
            continue
        machine = _machine(dice, o, namespace, name, bool(owning))
        made.append(machine)
        changed[kind, namespace, name] = name
        refs[f"{MADE[kind]}/{namespace}/{name}"] = f"{SHORT[machine['kind']]}/{namespace}/{name}"
    for o in made:
        if o["kind"] == "Pod":
            for owner in o["metadata"].get("ownerReferences", ()):
                if (owner["kind"], _namespace(o), owner["name"]) in changed:
                    owner |= {"kind": "VirtualMachineInstance", "apiVersion": "kubevirt.io/v1"}
    manifests = [_renamed(dice, o) for o in made]
    queries = [{**q, "from": refs.get(q["from"], q["from"]), "to": refs.get(q["to"], q["to"])} for q in case.queries]
    return replace(case, manifests=manifests, queries=queries)


def _namespace(o: Object) -> str:
    return str(o["metadata"].get("namespace") or "default")


def _is_owned(o: Object, kind: str, namespace: str, name: str) -> bool:
    references = o["metadata"].get("ownerReferences", ())
    return _namespace(o) == namespace and any((one["kind"], one["name"]) == (kind, name) for one in references)


def _renamed(dice: random.Random, o: Object) -> Object:
    if o["kind"] not in ("NetworkPolicy", "Service", "ClusterNetworkPolicy") or dice.random() < 0.5:
        return o
    text = json.dumps(o)
    for old, new in LABELS.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    renamed: Object = json.loads(text)
    return renamed


def _machine(dice: random.Random, o: Object, namespace: str, name: str, has_pods: bool) -> Object:
    template = o["spec"]["template"]
    labels = dict(template["metadata"].get("labels", {}))
    replicas = o["spec"].get("replicas", 1)
    meta: Object = {"name": name, "namespace": namespace}
    if "uid" in o["metadata"]:
        meta["uid"] = o["metadata"]["uid"]
    spec = _instance(dice, template["spec"])
    own = {"metadata": {"labels": labels}, "spec": spec}
    if has_pods or replicas == 0 or dice.random() < 0.5:
        strategy = "Halted" if replicas == 0 and not has_pods else dice.choice(("Always", "Manual", "RerunOnFailure"))
        body: Object = {"runStrategy": strategy, "template": own}
        return {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": meta, "spec": body}
    if dice.random() < 0.4:
        status = {"phase": "Running", **({"nodeName": "node-1"} if dice.random() < 0.5 else {})}
        meta["labels"] = labels
        return {
            "apiVersion": "kubevirt.io/v1",
            "kind": "VirtualMachineInstance",
            "metadata": meta,
            "spec": spec,
            "status": status,
        }
    selector = {"matchLabels": dict(list(labels.items())[:1])}
    if dice.random() < 0.5:
        body = {"replicas": replicas, "selector": selector, "template": own}
        kind = "VirtualMachineInstanceReplicaSet"
        return {"apiVersion": "kubevirt.io/v1", "kind": kind, "metadata": meta, "spec": body}
    machine = {"metadata": {"labels": labels}, "spec": {"runStrategy": "Always", "template": own}}
    body = {"replicas": replicas, "selector": selector, "virtualMachineTemplate": machine}
    return {"apiVersion": "pool.kubevirt.io/v1beta1", "kind": "VirtualMachinePool", "metadata": meta, "spec": body}


def _instance(dice: random.Random, pod: Object) -> Object:
    if dice.random() < 0.2:
        return {"domain": {}}
    if dice.random() < 0.1:
        return {"domain": {"devices": {"autoattachPodInterface": False}}}
    if dice.random() < 0.1:
        devices = {"interfaces": [{"name": "lan", "bridge": {}}]}
        return {"domain": {"devices": devices}, "networks": [{"name": "lan", "multus": {"networkName": "lan"}}]}
    binding = dice.choice(("masquerade", "masquerade", "masquerade", "bridge", "passtBinding", "binding"))
    interface: Object = {"name": "default", binding: {"name": "own"} if binding == "binding" else {}}
    declared = [p for c in pod["containers"] for p in c.get("ports", ()) if p.get("protocol") != "SCTP"]
    ports: dict[str, Object] = {}
    for number, port in enumerate(declared):
        protocol = {"protocol": port["protocol"]} if "protocol" in port else {}
        ports[port.get("name", str(number))] = {
            "port": port["containerPort"],
            **protocol,
            **({"name": port["name"]} if "name" in port else {}),
        }
    if ports and dice.random() < 0.7:
        interface["ports"] = list(ports.values())
    elif binding == "masquerade" and dice.random() < 0.3:
        interface["portRanges"] = [{"protocol": "TCP", "start": 80, "end": 8080}, {"start": 9000, "end": 9000}]
    if dice.random() < 0.05:
        interface["state"] = "down"
    spec: Object = {"domain": {"devices": {"interfaces": [interface]}}, "networks": [{"name": "default", "pod": {}}]}
    if dice.random() < 0.1:
        spec["hostname"] = "own"
    return spec
