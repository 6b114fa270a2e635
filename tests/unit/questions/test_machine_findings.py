"""Findings about machines and networks, beyond the examples of their codes."""

from __future__ import annotations

from io import BytesIO

import pytest

import netwright as nw
from netwright.model.finding import Finding
from netwright.model.finding_codes.machine_manifests import BRIDGE, TWO, TWO_NETWORKS, attachment, kubevirt, machine
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


# --- networks --------------------

INSTANCE = """\
apiVersion: kubevirt.io/v1
kind: VirtualMachineInstance
metadata: {name: web, namespace: shop, labels: {app: web}, uid: 8a6d1c1e-0000-4000-8000-000000000001}
spec:
  domain: {devices: {interfaces: [{name: default, masquerade: {}}]}}
  networks: [{name: default, pod: {}}]
status: {phase: Succeeded, interfaces: [{name: default, ipAddress: 10.244.1.7}]}
"""
NETWORK = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {k8s.ovn.org/primary-user-defined-network: ""}}
---
apiVersion: k8s.ovn.org/v1
kind: UserDefinedNetwork
metadata: {name: tenant, namespace: shop}
spec: {topology: Layer2, layer2: {role: Primary, subnets: ["10.20.0.0/16", "2001:db8::/64"]%s}}
"""
PERSISTENT = ", ipam: {lifecycle: Persistent}"


def codes(*parts: str) -> set[str]:
    twin = nw.load("-", stdin=BytesIO(manifest(*parts).encode()))
    assert {d.code for d in twin.diagnostics} <= {"NW1008"}
    return {f.code for f in twin.check().findings if f.code.startswith("NW6")}


def asking(text: str) -> str:
    return machine(
        "{name: default, binding: {name: l2bridge}}", annotations=f"{{network.kubevirt.io/addresses: '{text}'}}"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"default": ["10.20.0.7", "2001:db8::7"]}', set()),
        ('{"default": "10.20.0.7"}', set()),
        ('{"other": ["10.20.0.7"]}', {"NW6106"}),
        ('{"default": ["web"]}', {"NW6106"}),
        ('["10.20.0.7"]', {"NW6106"}),
        ("10.20.0.7", {"NW6106"}),
        ('{"default": ["10.21.0.7"]}', {"NW6106"}),
        ('{"default": ["10.20.0.1"]}', {"NW6107"}),
        ('{"default": ["10.20.0.2"]}', {"NW6107"}),
        ('{"default": ["10.20.0.3"]}', set()),
        ('{"default": ["2001:db8::1"]}', {"NW6107"}),
    ],
)
def test_what_of_the_addresses_that_are_asked_for_cannot_be_had(text: str, told: set[str]) -> None:
    assert codes(NETWORK % PERSISTENT, asking(text)) == told


def test_addresses_are_asked_for_on_primary_networks_alone() -> None:
    assert codes(asking('{"default": ["10.20.0.7"]}').replace("binding: {name: l2bridge}", "masquerade: {}")) == {
        "NW6106"
    }


@pytest.mark.parametrize(
    ("part", "address", "told"),
    [
        (', infrastructureSubnets: ["10.20.0.8/29"]', "10.20.0.9", {"NW6107"}),
        (', infrastructureSubnets: ["10.20.0.8/29"]', "10.20.0.1", set()),
        (', defaultGatewayIPs: ["10.20.0.99", "2001:db8::99"]', "10.20.0.99", {"NW6107"}),
    ],
)
def test_what_the_network_has_itself_is_where_it_says(part: str, address: str, told: set[str]) -> None:
    assert codes(NETWORK % (part + PERSISTENT), asking(f'{{"default": ["{address}"]}}')) == told


def test_pods_that_name_a_network_that_is_not_there_are_told_too() -> None:
    pod = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, annotations: {k8s.v1.cni.cncf.io/networks: %s}}
spec: {containers: [{name: web, image: web}]}
"""
    lan = attachment(BRIDGE)
    assert "NW6114" not in codes(pod % "'lan@net1'", lan)
    assert "NW6114" not in codes(pod % "elsewhere/lan", lan), "of that namespace nothing is known"
    assert "NW6114" in codes(pod % "'lan, lna'", lan)
    assert "NW6114" in codes(pod % """'[{"name": "lna", "namespace": "shop"}]'""", lan)


# --- policies --------------------

POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress: [{from: [{ipBlock: {cidr: %s}}]}]
"""
BESIDE = machine(TWO, TWO_NETWORKS, strategy="Always")


def test_an_interface_is_open_only_where_a_policy_isolates_the_machine() -> None:
    assert "NW6201" not in codes(BESIDE, attachment(BRIDGE))
    assert "NW6201" in codes(BESIDE, attachment(BRIDGE), POLICY % "203.0.113.0/24")
    other = (POLICY % "203.0.113.0/24").replace("app: web", "app: api")
    assert "NW6201" not in codes(BESIDE, attachment(BRIDGE), other)


def test_a_multinetworkpolicy_for_the_network_covers_it() -> None:
    covering = """\
apiVersion: k8s.cni.cncf.io/v1beta1
kind: MultiNetworkPolicy
metadata: {name: lan, namespace: shop, annotations: {k8s.v1.cni.cncf.io/policy-for: %s}}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""
    policy = POLICY % "203.0.113.0/24"
    assert "NW6201" not in codes(BESIDE, attachment(BRIDGE), policy, covering % "lan")
    assert "NW6201" in codes(BESIDE, attachment(BRIDGE), policy, covering % "wan")


@pytest.mark.parametrize(
    ("cidr", "told"),
    [
        ("10.0.2.0/24", {"NW6207"}),
        ("10.0.0.0/8", set()),
        ("10.244.1.7/32", {"NW6208"}),
        ("10.244.1.0/24", set()),
        ("10.244.1.8/32", set()),
    ],
)
def test_which_ranges_of_machines_are_told(cidr: str, told: set[str]) -> None:
    assert codes(machine(strategy="Always"), INSTANCE, POLICY % cidr) == told


def test_labels_of_the_machine_are_told_of_services_too() -> None:
    service = """\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""
    assert codes(machine(labels="{}", own="labels: {app: web}", strategy="Always"), service) == {"NW6206"}
    assert codes(machine(own="labels: {app: web}", strategy="Always"), service) == set()


def test_a_multinetworkpolicy_that_selects_others_covers_nothing() -> None:
    other = """\
apiVersion: k8s.cni.cncf.io/v1beta1
kind: MultiNetworkPolicy
metadata: {name: lan, namespace: shop, annotations: {k8s.v1.cni.cncf.io/policy-for: lan}}
spec: {podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress]}
"""
    assert "NW6201" in codes(BESIDE, attachment(BRIDGE), POLICY % "203.0.113.0/24", other)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ('{"name": "lan", "type": "macvlan", "master": "eth1"}', set()),
        (BRIDGE, {"NW6203"}),
        ('{"name": "lan", "type": "sriov"}', {"NW6203"}),
    ],
)
def test_which_networks_of_machines_nothing_enforces(config: str, told: set[str]) -> None:
    policy = """\
apiVersion: k8s.cni.cncf.io/v1beta1
kind: MultiNetworkPolicy
metadata: {name: lan, namespace: shop, annotations: {k8s.v1.cni.cncf.io/policy-for: lan}}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""
    assert codes(BESIDE, attachment(config), policy) & {"NW6203"} == told


JOINED = """\
apiVersion: k8s.ovn.org/v1
kind: ClusterNetworkConnect
metadata: {name: all}
spec:
  networkSelectors:
    - networkSelectionType: PrimaryUserDefinedNetworks
      primaryUserDefinedNetworkSelector: {namespaceSelector: {}}
  connectSubnets: [{cidr: 192.168.0.0/16, networkPrefix: 24}]
  connectivity: [PodNetwork]
"""


def test_a_peer_on_a_network_that_is_joined_is_met() -> None:
    tenant = (NETWORK % PERSISTENT).replace(', "2001:db8::/64"', "")
    front = tenant.replace("shop", "front").replace("10.20.", "10.21.")
    web = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: front}
spec: {containers: [{name: web, image: web}]}
"""
    policy = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: front}}}]}]}
"""
    assert codes(tenant, front, web, policy) == {"NW6205"}
    assert codes(tenant, front, web, policy, JOINED) == set()
