"""CustomResourceDefinitions of the kinds that are read: the projects' own from the corpora, else minimal ones."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import yaml

from netwright.model.kind_lists import KINDS
from netwright.model.kinds import Kind
from netwright.model.live_kinds import asked_for, plural

Object = dict[str, Any]

FOLDERS = (
    "network-policy-api/config/crd/experimental",  # before the copies of it that others ship
    "calico/api/config/crd",
    "calico/libcalico-go/config/crd",
    "cilium/crds",
    "gateway-api/config/crd/experimental",  # holds the kinds of the standard channel, too
    "ipamclaims/artifacts",
    "multi-networkpolicy",
    "multus/deployments",
    "nmstate/deploy/crds",
    "ovn-kubernetes/helm/ovn-kubernetes/crds",
    "sriov/config/crd/bases",
)
"""Where the projects keep theirs."""

_GROUP = re.compile(r"^  group: (\S+)$", re.MULTILINE)
_KIND = re.compile(r"^    kind: (\S+)$", re.MULTILINE)
_BUILT_IN = ("", "apps", "batch", "discovery.k8s.io", "networking.k8s.io", "extensions")
_VERSIONS = {
    "cilium.io": "v2",
    "crd.projectcalico.org": "v1",
    "gateway.networking.k8s.io": "v1",
    "k8s.cni.cncf.io": "v1",
    "k8s.ovn.org": "v1",
    "kubevirt.io": "v1",
    "networkaddonsoperator.network.kubevirt.io": "v1",
    "networking.istio.io": "v1",
    "nmstate.io": "v1",
    "policy.networking.k8s.io": "v1alpha1",
    "pool.kubevirt.io": "v1beta1",
    "projectcalico.org": "v3",
    "route.openshift.io": "v1",
    "security.istio.io": "v1",
    "sriovnetwork.openshift.io": "v1",
}
_VERSIONS_OF_KINDS = {
    "ClusterNetworkPolicy": "v1alpha2",
    "IPAMClaim": "v1alpha1",
    "MultiNetworkPolicy": "v1beta1",
    "TCPRoute": "v1alpha2",
    "UDPRoute": "v1alpha2",
}


def wanted() -> list[Kind]:
    """The kinds that are read and that a server has to be told of first."""
    return [k for k in KINDS if k.reads == "read" and k.group not in _BUILT_IN and asked_for(k.group, k.name) == "all"]


def shipped(corpora: Path) -> dict[tuple[str, str], str]:
    """The definitions of these kinds that the projects themselves ship, by group and kind, as YAML."""
    kinds = {(kind.group, kind.name) for kind in wanted()}
    found: dict[tuple[str, str], str] = {}
    for path in (p for folder in FOLDERS for p in sorted((corpora / folder).glob("*.y*ml"))):
        for text in re.split(r"^---$", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
            group, kind = _GROUP.search(text), _KIND.search(text)
            if "\nkind: CustomResourceDefinition" in text and group and kind and (group[1], kind[1]) in kinds:
                found.setdefault((group[1], kind[1]), text)
    return found


def corpora() -> Path | None:
    """The folder of the manifests of public projects; None where it is absent."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "corpora"
    folder = Path(os.environ.get("NETWRIGHT_CORPORA") or beside)
    return folder if folder.is_dir() else None


def own() -> list[Object]:
    """The projects' own definitions; none where the corpora are absent."""
    folder = corpora()
    return [yaml.load(text, yaml.CSafeLoader) for text in shipped(folder).values()] if folder else []


def lacking(found: list[Object]) -> list[Kind]:
    """The kinds that these definitions leave out."""
    held = {(one["spec"]["group"], one["spec"]["names"]["kind"]) for one in found}
    return [kind for kind in wanted() if (kind.group, kind.name) not in held]


def minimal(kind: Kind) -> Object:
    """A definition that takes every field."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = _VERSIONS_OF_KINDS.get(kind.name) or _VERSIONS[kind.group]
    resource = plural(kind.name)
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{resource}.{kind.group}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, for tests"},
        },
        "spec": {
            "group": kind.group,
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "names": {
                "kind": kind.name,
                "plural": resource,
                "singular": kind.name.lower(),
                "listKind": kind.name + "List",
            },
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                    "subresources": {"status": {}},
                }
            ],
        },
    }


def machines() -> list[Object]:
    """KubeVirt's kinds, whose own definitions the corpora do not hold."""
    return [minimal(kind) for kind in wanted() if kind.group == "kubevirt.io"]
