"""A kind that may not be listed in a live cluster, or is broken in a file: what is decided without it is what the whole
says, and both judges say the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from netwright import sources
from netwright.base.errors import UnknownReference
from netwright.model.document import Reading
from netwright.model.kind_lists import find
from netwright.model.live_kinds import plural
from netwright.sources.account import Account
from netwright.sources.kube.discovery import Resource
from netwright.sources.kube.lists import Listed
from netwright.sources.kube.live import note_refused
from netwright.twin import Twin, digest
from tests.scenarios.reading import FOLDER, Row, read

CALICO, CALICO_CRD, CILIUM = "projectcalico.org", "crd.projectcalico.org", "cilium.io"
ISTIO, OVN, KUBEVIRT = "security.istio.io", "k8s.ovn.org", "kubevirt.io"
CASES: list[tuple[str, str, str]] = [
    ("calico-11-network-sets", CALICO, "NetworkSet"),
    ("calico-11-network-sets", CALICO, "GlobalNetworkSet"),
    ("calico-13-services", "", "Service"),
    ("calico-27-own-node", CALICO, "GlobalNetworkPolicy"),
    ("calico-28-felix-configuration", CALICO, "FelixConfiguration"),
    ("calico-28-felix-configuration", CALICO, "GlobalNetworkPolicy"),
    ("calico-28-felix-configuration", CALICO_CRD, "FelixConfiguration"),
    ("calico-29-host-endpoints", CALICO, "HostEndpoint"),
    ("cilium-43-services-as-peers", "discovery.k8s.io", "EndpointSlice"),
    ("cilium-groups-of-everything", CILIUM, "CiliumCIDRGroup"),
    ("cni-namespaces-and-sets", CALICO, "NetworkSet"),
    ("cni-pod-to-own-node", "networking.k8s.io", "NetworkPolicy"),
    ("istio-01-the-order-of-actions", "", "Service"),
    ("istio-03-where-policies-act", ISTIO, "AuthorizationPolicy"),
    ("istio-18-who-is-in-the-mesh", "", "Namespace"),
    ("istio-18-who-is-in-the-mesh", ISTIO, "AuthorizationPolicy"),
    ("istio-21-ambient-at-layer-four", "", "Namespace"),
    ("istio-23-ambient-and-network-policies", "", "Namespace"),
    ("istio-24-nodes-and-outside", ISTIO, "PeerAuthentication"),
    ("istio-29-destination-rules", "networking.istio.io", "DestinationRule"),
    ("jobs-without-pods", "batch", "Job"),
    ("labels-that-controllers-give", "apps", "StatefulSet"),
    ("net-01-overlapping-subnets-of-tenants", OVN, "UserDefinedNetwork"),
    ("net-08-open-default-ports", OVN, "UserDefinedNetwork"),
    ("net-09-connected-networks", OVN, "ClusterNetworkConnect"),
    ("np-02-policies-add-up", "networking.k8s.io", "NetworkPolicy"),
    ("svc-internal-traffic-policy", "", "Pod"),
    ("svc-selected-by-labels-not-known", "apps", "Deployment"),
    ("vm-54-ports-of-an-interface", KUBEVIRT, "VirtualMachine"),
    ("vm-54-ports-of-an-interface", KUBEVIRT, "VirtualMachineInstance"),
]


def refused(folder: Path, group: str, kind: str) -> Reading:
    """The reading of one who may not list that kind."""
    reading = sources.read([str(folder)])
    gone = next(d for d in reading.documents if (d.group, d.kind) == (group, kind))
    account = Account()
    account.unread = list(reading.unread)
    known = find(group, kind)
    assert known is not None
    resource = Resource(
        group=group,
        version=gone.api_version.rpartition("/")[2],
        kind=kind,
        plural=plural(kind),
        namespaced=known.namespaced,
    )
    note_refused(account, "kube:x", Listed(resource=resource, refused=403))
    left = [d for d in reading.documents if (d.group, d.kind) != (group, kind)]
    return msgspec.structs.replace(
        reading, documents=left, unread=account.unread, ends=[(len(left), len(account.unread))]
    )


def broken(folder: Path, group: str, kind: str, said: str = "") -> Reading:
    """The reading of files in which of that kind's objects no more can be read than the kind and the namespace."""
    for file in folder.iterdir():
        texts = re.split(r"(?m)^---[ \t]*\n", file.read_text())
        file.write_text("---\n".join(_broken(text, group, kind, said or kind) for text in texts))
    return sources.read([str(folder)])


def templated(folder: Path, group: str, kind: str) -> Reading:
    """The same where the kind cannot be read either."""
    return broken(folder, group, kind, "{{ .kind }}")


def _broken(text: str, group: str, kind: str, said: str) -> str:
    tree: dict[str, Any] | None = yaml.safe_load(text)
    if tree is None or tree["kind"] != kind or tree["apiVersion"].rpartition("/")[0] != group:
        return text
    namespace = tree["metadata"].get("namespace")
    there = f"  namespace: {namespace}\n" if namespace else ""
    return f"apiVersion: {tree['apiVersion']}\nkind: {said}\nmetadata:\n{there}  name: x\nspec: {{a: [\n"


def verdict(twin: Twin, row: Row) -> str:
    """What `eval` says, and `why` with the reference evaluator beside it; "" where an end is not in the input."""
    asked: dict[str, Any] = {"from": row.source, "to": row.target, "protocol": row.protocol, "family": row.family}
    if row.port is not None:
        asked["port"] = row.port
    try:
        found = twin.eval([asked])[0].verdict
        target = f"[{row.target}]" if row.target.count(":") > 1 else row.target
        there = target if row.port is None else f"{target}:{row.port}"
        why = twin.why(row.source, there, protocol=row.protocol, family=row.family, changes=False)
    except UnknownReference:
        return ""
    assert why.verdict == found
    return found


@pytest.mark.parametrize("how", [refused, broken, templated])
@pytest.mark.parametrize(("name", "group", "kind"), CASES, ids=[f"{name}-{kind}" for name, _, kind in CASES])
def test_what_is_decided_without_a_kind_is_what_the_whole_says(
    tmp_path: Path, name: str, group: str, kind: str, how: Any
) -> None:
    scenario = read(FOLDER / f"{name}.md")
    scenario.write(tmp_path)
    whole = digest(sources.read([str(tmp_path)]))
    part = digest(how(tmp_path, group, kind))
    assert part.reading.unread
    found = set()
    for row in scenario.rows:
        if row.network != "pod":
            continue
        full, seen = (
            verdict(Twin(snapshot, pod_cidrs=tuple(map(str, row.pod_ranges)), cni=row.cni), row)
            for snapshot in (whole, part)
        )
        assert seen in ("", "undecided", full), row.text
        found.add(full)
    assert found & {"allow", "deny"}
