"""A kind that may not be listed in a live cluster: what is decided without it is what the whole cluster says."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from netwright import sources
from netwright.model.document import Reading
from netwright.model.kind_lists import find
from netwright.model.live_kinds import plural
from netwright.sources.account import Account
from netwright.sources.kube.discovery import Resource
from netwright.sources.kube.lists import Listed
from netwright.sources.kube.live import note_refused
from netwright.twin import Twin, digest
from tests.scenarios.reading import FOLDER, read

CALICO, CILIUM = "projectcalico.org", "cilium.io"
CASES: list[tuple[str, str, str]] = [
    ("calico-11-network-sets", CALICO, "NetworkSet"),
    ("calico-11-network-sets", CALICO, "GlobalNetworkSet"),
    ("calico-13-services", "", "Service"),
    ("cilium-groups-of-everything", CILIUM, "CiliumCIDRGroup"),
    ("cilium-43-services-as-peers", "discovery.k8s.io", "EndpointSlice"),
    ("istio-23-ambient-and-network-policies", "", "Namespace"),
    ("np-02-policies-add-up", "networking.k8s.io", "NetworkPolicy"),
]


def without(reading: Reading, group: str, kind: str) -> Reading:
    """The reading of one who may not list that kind."""
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


@pytest.mark.parametrize(("name", "group", "kind"), CASES, ids=[f"{name}-{kind}" for name, _, kind in CASES])
def test_what_is_decided_without_a_kind_is_what_the_whole_says(
    tmp_path: Path, name: str, group: str, kind: str
) -> None:
    scenario = read(FOLDER / f"{name}.md")
    scenario.write(tmp_path)
    reading = sources.read([str(tmp_path)])
    whole, part = digest(reading), digest(without(reading, group, kind))
    found = set()
    for row in scenario.rows:
        asked = {"from": row.source, "to": row.target, "protocol": row.protocol, "port": row.port}
        if row.protocol == "ICMP" or row.target.startswith("svc/"):
            continue
        full, seen = (
            Twin(snapshot, pod_cidrs=tuple(map(str, row.pod_ranges)), cni=row.cni).eval([asked])[0].verdict
            for snapshot in (whole, part)
        )
        assert seen in ("undecided", full), asked
        found.add(full)
    assert found & {"allow", "deny"}
