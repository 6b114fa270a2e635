"""Manifests of clusters with several networks, for the tests of the reference evaluator."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from netwright.model.document import Decoded
from netwright.spec.judge import Judgement, judge
from tests.agreement import decode_all

Object = dict[str, Any]
LABEL = {"k8s.ovn.org/primary-user-defined-network": ""}
OVN = "ovn-k8s-cni-overlay"


def space(name: str, primary: bool = True, **labels: str) -> Object:
    meta = {"name": name, "labels": {**(LABEL if primary else {}), **labels}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}


def udn(namespace: str, name: str = "net", cidr: str = "10.20.0.0/16", role: str = "Primary") -> Object:
    spec = {"topology": "Layer2", "layer2": {"role": role, "subnets": [cidr]}}
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "k8s.ovn.org/v1", "kind": "UserDefinedNetwork", "metadata": meta, "spec": spec}


def cudn(name: str, selector: Object, cidr: str = "10.30.0.0/16", **labels: str) -> Object:
    network = {"topology": "Layer3", "layer3": {"role": "Primary", "subnets": [{"cidr": cidr}]}}
    spec = {"namespaceSelector": selector, "network": network}
    meta = {"name": name, "labels": labels}
    return {"apiVersion": "k8s.ovn.org/v1", "kind": "ClusterUserDefinedNetwork", "metadata": meta, "spec": spec}


def connect(*selectors: Object, connectivity: Sequence[str] = ("PodNetwork",), name: str = "all") -> Object:
    spec = {
        "networkSelectors": list(selectors),
        "connectSubnets": [{"cidr": "192.168.0.0/16", "networkPrefix": 24}],
        "connectivity": list(connectivity),
    }
    return {"apiVersion": "k8s.ovn.org/v1", "kind": "ClusterNetworkConnect", "metadata": {"name": name}, "spec": spec}


def of_spaces(*names: str) -> Object:
    """The primary UserDefinedNetworks of these namespaces."""
    one = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(names)}
    selector = {"namespaceSelector": {"matchExpressions": [one]}}
    return {"networkSelectionType": "PrimaryUserDefinedNetworks", "primaryUserDefinedNetworkSelector": selector}


def of_labels(**labels: str) -> Object:
    """The ClusterUserDefinedNetworks with these labels."""
    selector = {"networkSelector": {"matchLabels": labels}}
    return {"networkSelectionType": "ClusterUserDefinedNetworks", "clusterUserDefinedNetworkSelector": selector}


def pod(
    name: str,
    namespace: str,
    ip: str = "",
    *,
    at: str = "",
    on: str = "",
    annotations: Object | None = None,
    node: str = "",
    labels: Object | None = None,
    host: bool = False,
) -> Object:
    """A pod with the default network's address `ip`, on its primary network of the attachment `on` with `at`."""
    notes = dict(annotations or {})
    if at:
        notes["k8s.ovn.org/pod-networks"] = json.dumps(
            {
                "default": {"ip_addresses": [f"{ip}/24"], "role": "infrastructure-locked"},
                on: {"ip_addresses": [f"{at}/16"], "role": "primary"},
            }
        )
    spec: Object = {"containers": [{"name": "c", "image": "i"}]}
    spec |= {"nodeName": node} if node else {}
    spec |= {"hostNetwork": True} if host else {}
    meta = {"name": name, "namespace": namespace, "labels": labels or {"app": name}, "annotations": notes}
    status = {"phase": "Running", **({"podIP": ip, "podIPs": [{"ip": ip}]} if ip else {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": status}


def attached(name: str, namespace: str, networks: str, ips: Object | None = None, **labels: str) -> Object:
    """A pod with interfaces on secondary networks; `ips` are what Multus reports of each attachment."""
    notes = {"k8s.v1.cni.cncf.io/networks": networks}
    if ips is not None:
        status = [{"name": at, "interface": f"net{i + 1}", "ips": found} for i, (at, found) in enumerate(ips.items())]
        notes["k8s.v1.cni.cncf.io/network-status"] = json.dumps(status)
    return pod(name, namespace, annotations=notes, labels={"app": name, **labels})


def nad(namespace: str, name: str, /, **config: Any) -> Object:
    own = {"netAttachDefName": f"{namespace}/{name}"} if config["type"] == OVN else {}
    text = json.dumps({"cniVersion": "1.0.0", "name": name, **own, **config})
    meta = {"name": name, "namespace": namespace}
    return {
        "apiVersion": "k8s.cni.cncf.io/v1",
        "kind": "NetworkAttachmentDefinition",
        "metadata": meta,
        "spec": {"config": text},
    }


def policy(namespace: str, name: str = "p", **spec: Any) -> Object:
    meta = {"name": name, "namespace": namespace}
    body = {"podSelector": {}, **spec}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": body}


def multi(namespace: str, policy_for: str | None, name: str = "p", **spec: Any) -> Object:
    found = policy(namespace, name, **spec)
    notes = {} if policy_for is None else {"k8s.v1.cni.cncf.io/policy-for": policy_for}
    meta = {**found["metadata"], "annotations": notes}
    return {**found, "apiVersion": "k8s.cni.cncf.io/v1beta1", "kind": "MultiNetworkPolicy", "metadata": meta}


def node(name: str, address: str) -> Object:
    status = {"addresses": [{"type": "InternalIP", "address": address}]}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": status}


def ask(manifests: Sequence[Object], src: str, dst: str, port: int = 80, protocol: int = 6, **more: Any) -> Judgement:
    """`src` and `dst` are NAMESPACE/NAME of a pod or a machine, `node/NAME`, or an address."""
    objects = decode_all(list(manifests))
    more = {"profile": "ovn-kubernetes", "primary_networks": True, "family": 4, **more}
    return judge(objects, _end(objects, src), _end(objects, dst), protocol=protocol, port=port, **more)


def _end(objects: Sequence[Decoded], text: str) -> Decoded | str:
    kinds = ("Pod", "VirtualMachine", "VirtualMachineInstance", "Deployment")
    for one in objects:
        if (one.kind in kinds and f"{one.namespace}/{one.name}" == text) or f"node/{one.name}" == text:
            return one
    assert "/" not in text, text
    return text
