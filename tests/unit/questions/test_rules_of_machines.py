"""What checks of machines and their networks tell apart, beyond the two examples of each code."""

from __future__ import annotations

from io import BytesIO

import pytest

import netwright as nw
from netwright.model.finding import Finding
from netwright.model.finding_codes.machine_manifests import (
    BRIDGE,
    ON_TENANT,
    TWO_NETWORKS,
    attachment,
    kubevirt,
    machine,
    namespace,
    user_network,
)
from netwright.model.finding_codes.manifests import manifest


def found(code: str, *parts: str) -> list[Finding]:
    twin = nw.load("-", stdin=BytesIO(manifest(*parts).encode()))
    assert {d.code for d in twin.diagnostics} <= {"NW1008"}
    return [f for f in twin.check().findings if f.code == code]


# --- what a guest sets up --------------------

ON_NET = (namespace(), user_network())
TWO_CARDS = '{name: default, binding: {name: l2bridge}}, {name: lan, bridge: {}, macAddress: "02:20:00:00:00:07"}'
CLAIM = """\
apiVersion: k8s.cni.cncf.io/v1alpha1
kind: IPAMClaim
metadata: {name: web.default, namespace: shop}
spec: {network: shop_tenant, interface: default}
status: {ips: [10.20.0.7/16]}
"""


def told(data: str, *, loader: str = "cloudInitNoCloud") -> str:
    """A volume with this `networkData`."""
    lines = "".join(f"        {line}\n" for line in data.splitlines())
    return f"volumes:\n  - name: init\n    {loader}:\n      networkData: |\n{lines}"


def second(link: str) -> str:
    return told(f"version: 2\nethernets: {{enp1s0: {link}}}")


@pytest.mark.parametrize(
    ("data", "is_told"),
    [
        (second("{addresses: [10.20.0.7/16]}"), True),
        (second("{addresses: [{10.20.0.7/16: {label: one}}]}"), True),
        (second("{dhcp4: true}"), False),
        (told("network: {version: 2, ethernets: {a: {addresses: [10.20.0.7/16]}}}"), True),
        (told("version: 2\nethernets: {a: {addresses: [10.20.0.7/16]}}", loader="cloudInitConfigDrive"), True),
        (
            told("version: 1\nconfig: [{type: physical, name: a, subnets: [{type: static, address: 10.20.0.7/16}]}]"),
            True,
        ),
        (told("version: 1\nconfig: [{type: nameserver, address: 10.20.0.7}]"), False),
        (told("{ not: yaml"), False),
        (told("[]"), False),
    ],
)
def test_which_network_data_is_read(data: str, is_told: bool) -> None:
    assert bool(found("NW6120", *ON_NET, machine(ON_TENANT, more=data))) is is_told


def test_an_address_that_is_asked_for_or_claimed_may_be_set_up() -> None:
    data = second("{addresses: [10.20.0.7/16]}")
    asks = '{network.kubevirt.io/addresses: \'{"default": ["10.20.0.7"]}\'}'
    assert not found("NW6120", *ON_NET, machine(ON_TENANT, more=data, annotations=asks))
    assert found("NW6120", *ON_NET, machine(ON_TENANT, more=data, annotations=asks.replace("0.7", "0.8")))
    assert not found("NW6120", *ON_NET, CLAIM, machine(ON_TENANT, more=data))


@pytest.mark.parametrize(
    ("interface", "network", "address", "is_told"),
    [
        ("{name: default, masquerade: {}}", "{name: default, pod: {}}", "10.0.2.2/24", False),
        ("{name: default, masquerade: {}}", "{name: default, pod: {}}", "10.0.2.3/24", True),
        ("{name: default, masquerade: {}}", "{name: default, pod: {}}", "fd10:0:2::2/120", False),
        ("{name: a, masquerade: {}}", "{name: a, pod: {vmNetworkCIDR: 192.168.9.0/24}}", "192.168.9.2/24", False),
        ("{name: default, bridge: {}}", "{name: default, pod: {}}", "10.244.1.7/24", True),
        ("{name: lan, bridge: {}}", "{name: lan, multus: {networkName: lan}}", "10.244.1.7/24", False),
    ],
)
def test_which_addresses_work_behind_a_binding(interface: str, network: str, address: str, is_told: bool) -> None:
    one = machine(interface, network, more=second(f'{{addresses: ["{address}"]}}'))
    assert bool(found("NW6120", one, attachment(BRIDGE))) is is_told


def test_a_link_is_found_by_its_mac() -> None:
    def data(mac: str) -> str:
        return second(f'{{match: {{macaddress: "{mac}"}}, addresses: [10.20.0.7/16]}}')

    def one(mac: str) -> list[Finding]:
        return found("NW6120", *ON_NET, attachment(BRIDGE), machine(TWO_CARDS, TWO_NETWORKS, more=data(mac)))

    assert not one("02:20:00:00:00:07"), "nobody gives addresses on `lan`"
    assert len(one("02:20:00:00:00:99")) == 1, "it can only be the other"
    either = machine(TWO_CARDS, TWO_NETWORKS, more=second("{addresses: [10.20.0.7/16]}"))
    assert not found("NW6120", *ON_NET, attachment(BRIDGE), either), "it may be either of them"


def test_an_mtu_that_depends_on_the_cluster_is_told_as_such() -> None:
    data = second("{mtu: 1500}")
    (own,) = found("NW6309", *ON_NET, machine(ON_TENANT, more=data))
    assert "1400 unless it is set otherwise" in own.effect
    written = user_network('role: Primary, mtu: 1400, subnets: ["10.20.0.0/16"], ipam: {lifecycle: Persistent}')
    (sure,) = found("NW6309", namespace(), written, machine(ON_TENANT, more=data))
    assert "unless" not in sure.effect


# --- what a claim holds, and what is taken over live --------------------

INSTANCE = """\
apiVersion: kubevirt.io/v1
kind: VirtualMachineInstance
metadata: {name: web, namespace: shop, uid: 8a6d1c1e-0000-4000-8000-000000000001}
spec:
  domain: {devices: {interfaces: [{name: default, binding: {name: l2bridge}}]}}
  networks: [{name: default, pod: {}}]
status: {phase: Succeeded, interfaces: [{name: default, ipAddresses: [10.20.0.7, 10.20.0.100]}]}
"""


def test_a_floating_address_is_one_that_the_claim_does_not_hold() -> None:
    parts = (*ON_NET, machine(ON_TENANT), INSTANCE)
    assert not found("NW6110", *parts), "any address of the subnets may have been given"
    (floating,) = found("NW6110", *parts, CLAIM)
    assert floating.title.startswith("the guest of `vm/shop/web` has 10.20.0.100 on ")
    assert floating.title.endswith("which its claim does not hold")


RUNS = """\
apiVersion: kubevirt.io/v1
kind: VirtualMachineInstance
metadata: {name: web, namespace: shop, uid: 8a6d1c1e-0000-4000-8000-000000000001}
spec:
  domain: {devices: {interfaces: [{name: lan, bridge: {}}]}}
  networks: [{name: lan, multus: {networkName: old}}]
status: {phase: Running}
"""
ON_LAN = machine("{name: lan, bridge: {}}", "{name: lan, multus: {networkName: lan}}", strategy="Always")
NEW = kubevirt(status="{observedKubeVirtVersion: v1.9.0}")
MACVLAN = '{"name": "old", "type": "macvlan", "master": "eth1"}'
DYNAMIC = """\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: dynamic-networks-controller-ds, namespace: kube-system}
spec:
  selector: {matchLabels: {app: dynamic}}
  template: {metadata: {labels: {app: dynamic}}, spec: {containers: [{name: a, image: a}]}}
"""


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ((attachment(BRIDGE, "old"),), ""),
        ((attachment(MACVLAN, "old"),), "macvlan and bridge are different types"),
        ((attachment(BRIDGE, "old"), DYNAMIC), "the dynamic networks controller runs"),
    ],
)
def test_which_network_is_taken_over_live(parts: tuple[str, ...], why: str) -> None:
    effects = [f.effect for f in found("NW6021", ON_LAN, RUNS, NEW, attachment(BRIDGE), *parts)]
    assert len(effects) == bool(why)
    assert all(why in effect for effect in effects)
    assert found("NW6021", ON_LAN, RUNS, attachment(BRIDGE), *parts), "of an older KubeVirt, or an unknown one"


# --- versions --------------------

POOL = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: kubemacpool-mac-controller-manager, namespace: kubemacpool-system}
spec:
  selector: {matchLabels: {app: pool}}
  template:
    metadata: {labels: {app: pool}}
    spec: {containers: [{name: manager, image: "quay.io/kubevirt/kubemacpool:%s"}]}
"""


@pytest.mark.parametrize(
    ("tag", "says", "says_not"),
    [("v0.50.1", "before 0.51 refuses", "only tells"), ("v0.51.0", "only tells", "refuses a machine")],
)
def test_what_the_pool_does_hangs_on_its_version(tag: str, says: str, says_not: str) -> None:
    one = '{name: default, masquerade: {}, macAddress: "02:20:00:00:00:01"}'
    twins = (machine(one), machine(one, name="app"))
    (finding,) = found("NW6404", *twins, POOL % tag)
    assert says in finding.effect
    assert says_not not in finding.effect
    (open_,) = found("NW6404", *twins)
    assert says in open_.effect


# --- nodes --------------------

NODES = """\
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {rack: a}}
---
apiVersion: v1
kind: Node
metadata: {name: n2, labels: {rack: b}}
"""
WIRED = """\
apiVersion: nmstate.io/v1
kind: NodeNetworkConfigurationPolicy
metadata: {name: %s}
spec:
  nodeSelector: {rack: %s}
  desiredState: {interfaces: [{name: br1, type: linux-bridge, state: up, bridge: {port: [%s]}}]}
"""


def test_a_bridge_without_a_cable_is_told_where_others_have_one() -> None:
    lan, here, bare = attachment(BRIDGE), WIRED % ("here", "a", "{name: eno2}"), WIRED % ("bare", "b", "")
    (without,) = found("NW6308", NODES, lan, here, bare)
    assert without.title.endswith("leads nowhere on `n2`: `br1` has no port to a cable")
    assert not found("NW6308", NODES, lan, here, WIRED % ("there", "b", "{name: eno3}"))
    assert not found("NW6308", NODES, lan, bare, WIRED % ("more", "a", "")), "a bridge inside of each node is meant so"
