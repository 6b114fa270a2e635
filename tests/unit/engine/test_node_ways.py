"""Ways in at the nodes themselves: pods on their node's network, and hostPorts."""

from __future__ import annotations

from io import BytesIO

import pytest

import netwright as nw
from netwright.model.configuration import Intent

PODS = """\
{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 10.1.0.5}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {nodeName: n1, containers: [{name: c, image: i, ports: [PORT]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: exporter, namespace: ops, labels: {app: exporter}}
spec: {hostNetwork: true, containers: [{name: c, image: i, ports: [{containerPort: 9100}]}]}
"""
POLICY = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress], ingress: [FROM]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: ops, namespace: ops}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""


def twin(port: str = "{containerPort: 5432, hostPort: 15432}", admits: str | None = None) -> nw.Twin:
    text = PODS.replace("PORT", port)
    if admits is not None:
        text += POLICY.replace("FROM", admits)
    return nw.load("-", stdin=BytesIO(text.encode()))


def ways(network: nw.Twin) -> dict[str, tuple[int, str, str, str]]:
    return {way.service: (way.port, way.via, way.entry, way.verdict) for way in network.exposed()}


EXPORTER = (9100, "hostNetwork", "its node:9100", "allow")


@pytest.mark.parametrize(
    ("admits", "verdict"),
    [
        (None, "allow"),
        ("{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}", "allow"),
        ("{from: [{ipBlock: {cidr: 198.51.100.0/24}}]}", "some"),
        # of the node, which the plugin may put in the client's place
        ("{from: [{ipBlock: {cidr: 10.1.0.0/16}}]}", "undecided"),
        ("{from: [{podSelector: {}}]}", "undecided"),
    ],
)
def test_a_host_port_leads_in_past_every_service(admits: str | None, verdict: str) -> None:
    found = ways(twin(admits=admits))
    assert found == {"pod/shop/db": (15432, "hostPort", "node/n1:15432", verdict), "pod/ops/exporter": EXPORTER}


@pytest.mark.parametrize(
    ("port", "entry"),
    [
        ("{containerPort: 5432}", None),
        ("{containerPort: 5432, hostPort: 5432, hostIP: 127.0.0.1}", None),
        ("{containerPort: 5432, hostPort: 5432, hostIP: 0.0.0.0}", "node/n1:5432"),
        ("{containerPort: 5432, hostPort: 5432, hostIP: 10.1.0.5}", "10.1.0.5:5432"),
    ],
)
def test_the_address_of_a_host_port_counts(port: str, entry: str | None) -> None:
    found = ways(twin(port)).get("pod/shop/db")
    assert (found and found[2]) == entry


def test_intents_findings_and_diff_count_them() -> None:
    shut = twin("{containerPort: 5432}", admits="")
    opened = twin(admits="{from: [{ipBlock: {cidr: 10.1.0.0/16}}]}")
    intent = Intent(name="it", verb="deny", sources=("internet",), destinations=("shop/db",))
    verdicts = [network.check(intents=[intent]).intents[0].verdict for network in (shut, opened)]
    assert verdicts == ["holds", "undecided"]
    bare = twin()
    assert "NW3101" in {finding.code for finding in bare.check().findings}
    without = twin("{containerPort: 5432}")
    [way] = bare.diff(without).exposed
    assert (way.service, way.via, way.now, way.because) == ("pod/shop/db", "hostPort", "allow", (0,))
    assert (bare.diff(without).fails("exposed"), without.diff(bare).fails("exposed")) == (True, False)
