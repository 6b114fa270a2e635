"""NW24…: what `check` says of Cilium's policy maps and identities, and when it says nothing."""

from __future__ import annotations

from io import BytesIO

import netwright as nw
from netwright.model.finding import Finding
from netwright.model.finding_codes.policy_maps import POLICY_MAPS

FULL, NEARLY, LABEL = (one.fails for one in POLICY_MAPS)


def findings(manifest: str, cni: str | None = None) -> list[Finding]:
    twin = nw.load("-", stdin=BytesIO(manifest.encode()), cni=cni)
    return [one for one in twin.check().findings if one.code.startswith("NW24")]


def test_a_full_map_is_told_at_the_policy_that_fills_it() -> None:
    (found,) = findings(FULL)
    assert (found.code, found.severity) == ("NW2401", "error")
    assert (found.kind, found.name, found.workloads) == ("CiliumNetworkPolicy", "web", ("pod/shop/web",))
    assert [mark.kind for mark in found.also] == ["Pod"]


def test_the_limit_that_is_set_counts() -> None:
    assert findings(FULL, "cilium:bpf-policy-map-max=65536") == []
    assert [one.code for one in findings(NEARLY, "cilium:bpf-policy-map-max=8192")] == ["NW2401"]


def test_other_profiles_have_no_policy_maps() -> None:
    assert findings(FULL, "upstream") == []


def test_the_label_is_named_and_few_pods_are_not_told() -> None:
    (found,) = findings(LABEL)
    assert "`session`" in found.title
    assert "1,000" in found.title
    assert findings(LABEL.replace("replicas: 1000", "replicas: 655")) == []
