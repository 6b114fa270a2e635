"""The trees that collecting tools write of objects: the names of files, and the form of what is in them, are theirs.

After openshift/oc at 2c5771467d0e (`pkg/cli/admin/inspect/{util,namespace,resource}.go`) and bb74850f57df (`pod.go`),
openshift/must-gather at ce82fecce833 (`collection-scripts/gather`), cilium/cilium at 026740195c43
(`cilium-cli/sysdump/constants.go`) and kubernetes/kubernetes at ab6399db424c (kubectl's `clusterinfo_dump.go`).
"""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Object = dict[str, Any]
IMAGE = "must-gather.local.7/quay-io-openshift-release-dev-ocp-v4-0-art-dev-sha256-0a1b"
TIME = "20261127-050607"
CLUSTER_KINDS = {
    *("Namespace", "Node", "GatewayClass", "CiliumClusterwideNetworkPolicy", "CiliumCIDRGroup", "NodeNetworkState"),
    *("ClusterUserDefinedNetwork", "EgressIP", "ClusterNetworkConnect", "NodeNetworkConfigurationPolicy"),
    *("AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy", "CustomResourceDefinition"),
    *("ClusterRole", "ClusterRoleBinding", "PriorityClass"),
}
SYSDUMP = {
    ("", "Namespace"): "k8s-namespaces",
    ("", "Node"): "k8s-nodes",
    ("", "Pod"): "k8s-pods",
    ("", "Service"): "k8s-services",
    ("discovery.k8s.io", "EndpointSlice"): "k8s-endpointslices",
    ("networking.k8s.io", "NetworkPolicy"): "k8s-networkpolicies",
    ("cilium.io", "CiliumNetworkPolicy"): "ciliumnetworkpolicies",
    ("cilium.io", "CiliumClusterwideNetworkPolicy"): "ciliumclusterwidenetworkpolicies",
    ("cilium.io", "CiliumCIDRGroup"): "ciliumcidrgroups",
    ("gateway.networking.k8s.io", "GatewayClass"): "gatewayapi-gatewayclasses",
    ("gateway.networking.k8s.io", "Gateway"): "gatewayapi-gateways",
    ("gateway.networking.k8s.io", "HTTPRoute"): "gatewayapi-httproutes",
    ("gateway.networking.k8s.io", "GRPCRoute"): "gatewayapi-grpcroutes",
    ("gateway.networking.k8s.io", "TLSRoute"): "gatewayapi-tlsroutes",
    ("gateway.networking.k8s.io", "TCPRoute"): "gatewayapi-tcroutes",
    ("gateway.networking.k8s.io", "UDPRoute"): "gatewayapi-udproutes",
    ("gateway.networking.k8s.io", "ReferenceGrant"): "gatewayapi-referencegrants",
}
CLUSTER_INFO = {
    "Pod": "pods",
    "Service": "services",
    "DaemonSet": "daemonsets",
    "Deployment": "deployments",
    "ReplicaSet": "replicasets",
    "ReplicationController": "replication-controllers",
    "Event": "events",
}


def group_of(one: Object) -> str:
    return str(one.get("apiVersion", "")).rpartition("/")[0]


def space_of(one: Object) -> str:
    return "" if one["kind"] in CLUSTER_KINDS else (one.get("metadata") or {}).get("namespace") or "default"


def name_of(one: Object) -> str:
    return str((one.get("metadata") or {}).get("name", ""))


def plural(kind: str) -> str:
    low = kind.lower()
    if low.endswith("y") and not low.endswith("ay"):
        return f"{low[:-1]}ies"
    return f"{low}es" if low.endswith("s") else f"{low}s"


def listed(kind: str, version: str, items: Iterable[Object], *, typed: bool) -> Object:
    """A list as the API server gives it: of typed clients the items say neither version nor kind."""
    bare = [{k: v for k, v in one.items() if not typed or k not in ("apiVersion", "kind")} for one in items]
    return {"apiVersion": version, "items": bare, "kind": f"{kind}List", "metadata": {}}


def _by(objects: Iterable[Object], key: Callable[[Object], Any]) -> dict[Any, list[Object]]:
    found: dict[Any, list[Object]] = {}
    for one in objects:
        found.setdefault(key(one), []).append(one)
    return found


def must_gather(objects: list[Object]) -> dict[str, str]:
    """Lists by namespace, group and resource; each pod again in a folder of its own, and the first object of a list
    again beside it, as another one refers to it."""
    files = {
        "must-gather.local.7/timestamp": "2026-11-27 05:06:07",
        "must-gather.local.7/event-filter.html": "<html>",
        f"{IMAGE}/version": "openshift/must-gather\n4.20.0",
        f"{IMAGE}/etcd_info/endpoint_health.json": '[{"health": true}]',
    }
    for (space, group, kind), items in _by(objects, lambda o: (space_of(o), group_of(o), o["kind"])).items():
        if kind == "Namespace":
            for one in items:
                files[f"{IMAGE}/namespaces/{name_of(one)}/{name_of(one)}.yaml"] = _yaml(one)
            continue
        above = f"{IMAGE}/namespaces/{space}" if space else f"{IMAGE}/cluster-scoped-resources"
        resource = f"{above}/{group or 'core'}/{plural(kind)}"
        files[f"{resource}.yaml"] = _yaml(listed(kind, items[0]["apiVersion"], items, typed=False))
        if name_of(items[0]):
            files[f"{resource}/{name_of(items[0])}.yaml"] = _yaml(items[0])
        for one in items if kind == "Pod" else ():
            pod = f"{IMAGE}/namespaces/{space}/pods/{name_of(one)}"
            files[f"{pod}/{name_of(one)}.yaml"] = _yaml(one)
            files[f"{pod}/app/app/logs/current.log"] = "2026-11-27T05:06:07Z line\n"
    return files


def sysdump(objects: list[Object]) -> dict[str, str]:
    """One file a kind; kinds that have none are not collected."""
    root = f"cilium-sysdump-{TIME}"
    files = {
        f"{root}/k8s-pods-{TIME}.txt": "NAMESPACE NAME",
        f"{root}/k8s-version-{TIME}.txt": "v1.34.0",
        f"{root}/k8s-events-{TIME}.yaml": _yaml(listed("Event", "v1", [], typed=True)),
        f"{root}/k8s-leases-{TIME}.yaml": _yaml(listed("Lease", "coordination.k8s.io/v1", [], typed=True)),
        f"{root}/cilium-helm-values-{TIME}.yaml": "cluster: {name: a}",
        f"{root}/hubble-flows-cilium-x-{TIME}.json": '{"flow": {"verdict": "DROPPED"}}',
        f"{root}/cilium-bugtool-cilium-x-{TIME}/cmd/ip-a.md": "1: lo",
    }
    for (group, version, kind), items in _by(
        objects, lambda o: (group_of(o), o.get("apiVersion", ""), o["kind"])
    ).items():
        if (group, kind) in SYSDUMP:
            typed = "." not in group or (group.endswith(".k8s.io") and not group.startswith("gateway"))
            files[f"{root}/{SYSDUMP[group, kind]}-{TIME}.yaml"] = _yaml(listed(kind, version, items, typed=typed))
        elif kind == "ConfigMap" and name_of(items[0]) == "cilium-config":
            files[f"{root}/cilium-configmap-{TIME}.yaml"] = _yaml(items[0])
    return files


def cluster_info(objects: list[Object], ending: str = "json") -> dict[str, str]:
    """Nodes, and by namespace pods, Services and what makes pods; lists that are empty too."""
    write = _json if ending == "json" else _yaml
    nodes = [one for one in objects if one["kind"] == "Node"]
    files = {f"dump/nodes.{ending}": write(listed("Node", "v1", nodes, typed=True))}
    for space in {space_of(one) for one in objects} - {""}:
        for kind, name in CLUSTER_INFO.items():
            items = [one for one in objects if one["kind"] == kind and space_of(one) == space]
            version = "apps/v1" if kind in ("DaemonSet", "Deployment", "ReplicaSet") else "v1"
            files[f"dump/{space}/{name}.{ending}"] = write(listed(kind, version, items, typed=True))
            for one in items if kind == "Pod" else ():
                files[f"dump/{space}/{name_of(one)}/logs.txt"] = "==== START logs\n"
    return files


def _yaml(value: Any) -> str:
    import yaml

    return "---\n" + yaml.safe_dump(value, width=1 << 20)


def _json(value: Any) -> str:
    return json.dumps(value, indent=4) + "\n"


# --- archives and folders --------------------


def packed(path: Path, files: dict[str, str]) -> Path:
    """An archive, of the kind that the path's ending says."""
    if path.name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        return path
    with tarfile.open(path, "w:gz") as out:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            out.addfile(info, io.BytesIO(text.encode()))
    return path


def unpacked(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
