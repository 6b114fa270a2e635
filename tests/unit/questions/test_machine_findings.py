"""Findings about machines and networks, beyond the examples of their codes."""

from __future__ import annotations

from io import BytesIO

import pytest

import netwright as nw
from netwright.model.finding import Finding
from netwright.model.finding_codes.machine_manifests import kubevirt, machine
from netwright.model.finding_codes.manifests import manifest
from netwright.model.version_gates import VERSION_GATES, gate_of


def findings(*parts: str, code: str = "") -> list[Finding]:
    twin = nw.load("-", stdin=BytesIO(manifest(*parts).encode()))
    assert not twin.diagnostics
    return [f for f in twin.check().findings if not code or f.code == code]


RANGES = machine("{name: default, masquerade: {}, portRanges: [{start: 8000, end: 8100}]}")
PASST = machine("{name: default, passtBinding: {}}")
OPERATOR = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: virt-operator, namespace: kubevirt}
spec:
  selector: {matchLabels: {app: virt-operator}}
  template:
    metadata: {labels: {app: virt-operator}}
    spec: {containers: [{name: virt-operator, image: "registry.example:5000/kubevirt/virt-operator:v1.8.3"}]}
"""


@pytest.mark.parametrize(
    ("machine_", "setup", "is_told"),
    [
        (PASST, kubevirt(status="{observedKubeVirtVersion: v1.9.0}"), False),
        (PASST, kubevirt(status="{observedKubeVirtVersion: v1.8.1}"), True),
        (PASST, kubevirt(status="{observedKubeVirtVersion: v1.7.0}"), True),
        (PASST, OPERATOR, True),
        (
            PASST,
            kubevirt("{developerConfiguration: {featureGates: [PasstBinding]}}", "{observedKubeVirtVersion: v1.8.1}"),
            False,
        ),
        (
            PASST,
            kubevirt("{developerConfiguration: {featureGates: [PasstBinding]}}", "{observedKubeVirtVersion: v1.7.9}"),
            True,
        ),
        (
            PASST,
            kubevirt(
                "{developerConfiguration: {disabledFeatureGates: [PasstBinding]}}",
                "{observedKubeVirtVersion: v1.9.0}",
            ),
            True,
        ),
        (RANGES, kubevirt(status="{observedKubeVirtVersion: v1.9.0}"), True),
        (RANGES, kubevirt("{developerConfiguration: {featureGates: [PortRangesSpec]}}"), False),
        (RANGES, "", True),
    ],
)
def test_a_field_behind_a_gate_is_told_unless_it_surely_holds(machine_: str, setup: str, is_told: bool) -> None:
    parts = (machine_, setup) if setup else (machine_,)
    assert bool(findings(*parts, code="NW6007")) is is_told


def test_where_the_version_is_not_known_the_finding_says_which_it_holds_for() -> None:
    (found,) = findings(RANGES, code="NW6007")
    assert "KubeVirt 1.9 and newer, with the feature gate `PortRangesSpec` (alpha) turned on" in found.effect
    assert found.label == "the version of KubeVirt is not in the input"


def test_the_version_is_read_from_images() -> None:
    (found,) = findings(PASST, OPERATOR, code="NW6007")
    assert found.label == "this is KubeVirt 1.8"


@pytest.mark.parametrize("gate", VERSION_GATES, ids=lambda gate: gate.predicate)
def test_every_gate_has_versions_and_a_source(gate: object) -> None:
    one = gate_of(gate.predicate)  # type: ignore[attr-defined]
    assert one.source
    assert one.first or one.until
    assert any(c.isdigit() for c in one.versions)


def test_bindings_that_were_taken_out_hold_before() -> None:
    gone = gate_of("removed bindings")
    assert gone.answer((1, 2), frozenset())
    assert not gone.answer((1, 3), frozenset())


def test_the_eviction_strategy_of_the_cluster_counts_where_a_machine_has_none() -> None:
    bridged = machine("{name: default, bridge: {}}")
    assert [f.code for f in findings(bridged, kubevirt("{evictionStrategy: LiveMigrate}"))] == ["NW6002"]
    own = machine("{name: default, bridge: {}}", more="evictionStrategy: None")
    assert [f.code for f in findings(own, kubevirt("{evictionStrategy: LiveMigrate}"))] == ["NW6001"]


def test_a_wished_migration_makes_it_an_error_too() -> None:
    wish = """\
apiVersion: kubevirt.io/v1
kind: VirtualMachineInstanceMigration
metadata: {name: away, namespace: shop}
spec: {vmiName: web}
"""
    (found,) = findings(machine("{name: default, bridge: {}}"), wish)
    assert (found.code, found.label) == ("NW6002", "`away` asks for it")
    assert [mark.kind for mark in found.also] == ["VirtualMachineInstanceMigration"]


def test_a_binding_that_nobody_wrote_is_told_as_a_default() -> None:
    nothing = machine().replace("devices: {interfaces: [{name: default, masquerade: {}}]}", "devices: {}")
    nothing = nothing.replace("      networks: [{name: default, pod: {}}]\n", "")
    (found,) = findings(nothing)
    assert (found.code, found.label) == ("NW6001", "a bridge, unless the KubeVirt object has another default")
    setup = kubevirt("{network: {defaultNetworkInterface: masquerade}}")
    assert findings(nothing, setup) == []
