"""Findings about Calico's policies: what they say is so, and what they must not say."""

from __future__ import annotations

import copy
import json
from io import BytesIO
from typing import Any

import pytest

import netwright as nw
from netwright.model.finding import Finding
from tests.random_calico import CONFIGS, cluster

NEVER_DECIDES = ("NW2610", "NW2611", "NW2612")
PODS = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: c}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c, image: c}]}
---
"""


def asked(manifests: list[dict[str, Any]]) -> nw.Twin:
    listed = {"apiVersion": "v1", "kind": "List", "items": manifests}
    return nw.load("-", stdin=BytesIO(json.dumps(listed).encode()), cni="calico")


def codes(policies: str, pods: str = PODS) -> set[str]:
    found = nw.load("-", stdin=BytesIO((pods + policies).encode()), cni="calico").check().findings
    return {f.code for f in found if f.code.startswith("NW26")}


def policy(spec: str, kind: str = "NetworkPolicy", name: str = "p") -> str:
    where = "" if kind.startswith("Global") else ", namespace: shop"
    return (
        f"apiVersion: projectcalico.org/v3\nkind: {kind}\nmetadata: {{name: {name}{where}}}\nspec:\n"
        + "".join(f"  {line}\n" for line in spec.splitlines())
        + "---\n"
    )


def without(manifests: list[dict[str, Any]], found: Finding) -> list[dict[str, Any]]:
    """The manifests without the rules of which a finding says that they never decide; `types` stay as they were."""
    left = copy.deepcopy(manifests)
    side = "egress" if found.path.startswith("spec.egress") else "ingress"
    for one in left:
        is_calico = "projectcalico" in one["apiVersion"]
        kind = one["kind"] + (".projectcalico.org" if is_calico and one["kind"] == "NetworkPolicy" else "")
        meta = one["metadata"]
        if (kind, meta.get("namespace", ""), meta["name"]) != (found.kind, found.namespace, found.name):
            continue
        spec = one["spec"]
        both = (["Ingress"] if spec.get("ingress") or not spec.get("egress") else []) + (
            ["Egress"] if spec.get("egress") else []
        )
        if is_calico:
            spec["types"] = spec.get("types") or both
        else:
            spec.setdefault("policyTypes", ["Ingress", *(["Egress"] if spec.get("egress") else [])])
        kept = int(found.path.partition("[")[2].partition("]")[0]) if found.code == "NW2610" else 0
        spec[side] = spec[side][:kept]
    return left


def test_what_is_said_never_to_decide_can_go_and_nothing_changes(seed: int) -> None:
    told = 0
    for number in range(seed % 10**6, seed % 10**6 + 40):
        manifests = cluster(number, 1, CONFIGS[0]).manifests
        before = asked(manifests)
        for found in before.check().findings:
            if found.code in NEVER_DECIDES:
                told += 1
                moved = before.diff(asked(without(manifests, found)))
                assert not (*moved.opened, *moved.closed, *moved.changed), (number, found.title)
    assert told


@pytest.mark.parametrize(
    "policies",
    [
        # whom these mean is not asked of the network: they are not among its rules
        policy("selector: app == 'db'\ntier: missing\ningress:\n- {action: Allow, source: {selector: app == 'web'}}"),
        policy(
            "selector: app == 'db'\ningress:\n- {action: Log, source: {selector: app == 'web'}}\n- {action: Allow}",
        ),
        policy(
            "selector: role == 'host'\napplyOnForward: true\npreDNAT: true\ningress:\n- {action: Deny}",
            "GlobalNetworkPolicy",
        ),
        # a cluster has other namespaces than those of an input
        policy("selector: app == 'else'\nnamespaceSelector: all()\ntypes: [Ingress]", "GlobalNetworkPolicy"),
        policy(
            "selector: app == 'db'\ningress:\n"
            "- {action: Allow, source: {selector: app == 'x', namespaceSelector: team == 'y'}}"
        ),
        # sets are meant by selectors as pods are
        policy("selector: app == 'db'\ningress:\n- {action: Allow, source: {selector: who == 'x'}}")
        + policy("nets: [203.0.113.0/24]", "NetworkSet").replace("{name: p,", "{name: p, labels: {who: x},"),
    ],
)
def test_what_is_not_known_to_be_nobody_is_not_told(policies: str) -> None:
    assert codes(policies).isdisjoint({"NW2601", "NW2602", "NW2603"})


def test_a_tier_that_passes_at_its_end_leaves_the_next_one_its_part() -> None:
    tier = "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: early}\nspec: {order: 1%s}\n---\n"
    first = policy(
        "tier: early\nselector: all()\ningress:\n- {action: Deny, source: {selector: app == 'web'}}", name="early.p"
    )
    second = policy("selector: app == 'db'\ningress:\n- {action: Allow, source: {selector: app == 'web'}}", name="q")
    assert "NW2612" in codes(tier % "" + first + second)
    assert "NW2612" not in codes(tier % ", defaultAction: Pass" + first + second)


def test_an_earlier_policy_for_fewer_pods_leaves_the_others() -> None:
    first = policy("order: 1\nselector: app == 'db'\ningress:\n- {action: Deny}", name="a")
    second = policy("order: 2\nselector: all()\ningress:\n- {action: Allow}", name="b")
    assert "NW2611" not in codes(first + second)
    narrow = policy("order: 2\nselector: app == 'db' && has(app)\ningress:\n- {action: Allow}", name="b")
    assert "NW2611" in codes(first + narrow)


def test_what_calico_allows_a_network_policy_need_not() -> None:
    """DNS that a GlobalNetworkPolicy allows is not missed in a NetworkPolicy that stands beside it."""
    isolating = (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web, namespace: shop}\n"
        "spec:\n  podSelector: {matchLabels: {app: web}}\n  policyTypes: [Egress]\n"
        "  egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 5432}]}]\n---\n"
    )
    dns = "- {action: Allow, protocol: %s, destination: {ports: [53]}}"
    allowing = policy("types: [Egress]\negress:\n" + dns % "UDP" + "\n" + dns % "TCP", "GlobalNetworkPolicy")
    other = policy(
        "types: [Egress]\negress:\n- {action: Allow, protocol: TCP, destination: {ports: [443]}}", "GlobalNetworkPolicy"
    )

    def told(policies: str) -> set[str]:
        return {f.code for f in nw.load("-", stdin=BytesIO((PODS + isolating + policies).encode())).check().findings}

    assert "NW2130" in told(other)
    assert "NW2130" not in told(allowing)
