"""Rules A: bindings of interfaces, and live migration."""

from __future__ import annotations

from typing import Final

from netwright.model.finding_codes.machine_manifests import TWO, TWO_NETWORKS, machine
from netwright.model.machine_rules.rule import MachineRule, rule

_KUBEVIRT: Final = "KubeVirt 1.9, user guide: interfaces and networks"
_ADMITTER: Final = "KubeVirt 1.9, `pkg/network/admitter`"
_MIGRATION: Final = "KubeVirt 1.9, user guide: live migration"
_SRIOV: Final = "{name: lan, sriov: {}, state: down}"
_LAN: Final = "{name: lan, multus: {networkName: lan}}"
_CLAIM: Final = "{name: nic, resourceClaim: {claimName: vf, requestName: vf}}"

RULES: Final[tuple[MachineRule, ...]] = (
    rule(
        "A1",
        "a `bridge` on the pod network does not migrate live without the annotation that allows it",
        "KubeVirt 1.9, `pkg/network/vmispec/interface.go`",
        "NW6001 NW6002 NW6005 NW6024",
    ),
    rule(
        "A2",
        "that annotation keeps the address only under a CNI that carries addresses along",
        "OVN-Kubernetes, `docs/features/live-migration.md`",
        "NW6004",
        otherwise="`show vms` and `show nics` say of each machine what is kept under the profile of the input",
    ),
    rule(
        "A3",
        "a machine without an interface on the pod network is not asked what its network hinders",
        "KubeVirt 1.9, `pkg/network/vmispec/interface.go`",
        otherwise="nothing is wrong with it: `show vms` has `MIGRATES` yes, and NW6001 is not told",
    ),
    rule(
        "A4",
        "the binding of a plugin migrates on the pod network only if it is registered with `migration`",
        _KUBEVIRT,
        "NW6001 NW6002 NW6006",
        gates=("binding",),
    ),
    rule(
        "A5",
        "`masquerade` is for the pod network alone; the guest sees itself at 10.0.2.2 unless it is written otherwise",
        _KUBEVIRT,
        "NW6022 NW6120",
        (
            machine(TWO.replace("bridge", "masquerade"), TWO_NETWORKS),
            "is a binding to the pod network alone",
        ),
    ),
    rule(
        "A6",
        "behind `masquerade` others see an address that changes with each start and each migration",
        _KUBEVIRT,
        "NW6208",
        otherwise="`show nics` has it under `IP KEPT`; a Service in front is under `NAME KEPT`",
    ),
    rule(
        "A7",
        "02:00:00:00:00:00 is the bridge inside the launcher pod, and the first address of the MAC pool's own range",
        "KubeVirt 1.9, `pkg/network/admitter`; kubemacpool, its manifests",
        "NW6409",
        (
            machine('{name: default, masquerade: {}, macAddress: "02:00:00:00:00:00"}'),
            "belongs to the bridge inside the launcher pod",
        ),
    ),
    rule(
        "A8",
        "one pod network, one interface a network, one binding an interface, one default network",
        _ADMITTER,
        "",
        (
            machine("{name: a, masquerade: {}}, {name: b, masquerade: {}}", "{name: a, pod: {}}, {name: b, pod: {}}"),
            "is the second pod network",
        ),
        (machine("{name: default, masquerade: {}, bridge: {}}"), "an interface has one binding"),
        (
            machine(TWO, "{name: default, pod: {}}, {name: lan, multus: {networkName: lan, default: true}}"),
            "takes the pod network's place",
        ),
        (machine("{name: default, masquerade: {}}, {name: default, bridge: {}}"), "a network has one interface"),
    ),
    rule(
        "A9",
        "`slirp`, `passt` and `macvtap` are gone since 1.3; `passtBinding` came with 1.8, for the pod network",
        "KubeVirt 1.3 release notes; 1.9, `pkg/virt-config/featuregate`",
        "NW6007",
        (machine("{name: default, slirp: {}}"), "is a binding that KubeVirt 1.3 took out"),
        (machine("{name: lan, passtBinding: {}}", _LAN), "is a binding to the pod network alone"),
        gates=("removed bindings", "passtBinding"),
    ),
    rule(
        "A10",
        "listed `ports` of `masquerade` close all others; with 49152 or 49153 among them no migration succeeds",
        _KUBEVIRT,
        "NW6003",
        otherwise="the interface is an enforcer: `why` and `reach` refuse the ports that are not listed",
    ),
    rule(
        "A11",
        "`ports` limit nothing on a bridge, and are TCP or UDP; `portRanges` are for `masquerade`, from 1.9 on",
        _KUBEVIRT,
        "NW6007 NW6008",
        (machine("{name: default, masquerade: {}, ports: [{port: 80, protocol: ICMP}]}"), "it is `TCP` or `UDP`"),
        (
            machine(
                "{name: default, masquerade: {}}, {name: lan, bridge: {}, portRanges: [{start: 80, end: 90}]}",
                TWO_NETWORKS,
            ),
            "are for the `masquerade` binding alone",
        ),
        gates=("portRanges",),
    ),
    rule(
        "A12",
        "behind `masquerade` a guest sets up its IPv6 address and route itself",
        _KUBEVIRT,
        "NW6010",
    ),
    rule("A13", "a bridge does not work over macvlan or ipvlan", _KUBEVIRT, "NW6011"),
    rule(
        "A14",
        "with a bridge the pod has no address left, and the guest asks for it by DHCP",
        _KUBEVIRT,
        "NW6016 NW6120",
        otherwise="probes of the kubelet come to the guest, which has the address; what other tools on the node do "
        "with the pod's address is not in the objects",
    ),
    rule(
        "A15",
        "an SR-IOV pool is bound to `vfio-pci`, the attachment names it, and a migration unplugs the device",
        "KubeVirt 1.9, user guide: SR-IOV",
        "NW6013 NW6014 NW6015 NW6025",
        otherwise="whether the network resources injector runs is not in the objects of a machine",
    ),
    rule(
        "A16",
        "a migration tool writes `bridge` for an attachment of type sriov",
        "Forklift, `pkg/controller/plan/adapter`",
        "NW6012",
    ),
    rule(
        "A17",
        "interfaces are plugged in live with `bridge` or `sriov` alone, while spare PCI slots last",
        "KubeVirt 1.4, user guide: hotplug interfaces",
        "NW6021",
        otherwise="how many slots of a running guest are left is not in the objects",
    ),
    rule(
        "A18",
        "another `networkName` is taken over live from 1.9 on, for the same binding and the same type of attachment, "
        "and not with the dynamic networks controller",
        "KubeVirt 1.9, user guide: live update of the network reference",
        "NW6021",
        gates=("live networkName",),
    ),
    rule(
        "A19",
        "`state` is not for SR-IOV; `absent` is for a bridge beside the pod network; `down` and a probe restart",
        _KUBEVIRT,
        "NW6017",
        (machine(_SRIOV, _LAN), "which is not for SR-IOV interfaces"),
        (
            machine("{name: default, masquerade: {}, state: absent}"),
            "is for the `bridge` binding alone",
        ),
    ),
    rule(
        "A20",
        "several CPUs and one queue an interface, unless `networkInterfaceMultiqueue` is set",
        _KUBEVIRT,
        "NW6018",
        otherwise="what the guest makes of its queues (`ethtool -L`), and its limit of interrupts, is inside of it",
    ),
    rule(
        "A21",
        "a migration is cancelled after so many seconds for each GiB, at a bandwidth that may be limited",
        _MIGRATION,
        "NW6026",
        otherwise="how long a drain takes hangs on how much memory the guests write, which is not in the objects",
    ),
    rule(
        "A22",
        "the network of migrations is in KubeVirt's namespace, has a range of its own, and a wire on every node",
        _MIGRATION,
        "NW6019 NW6020 NW6027",
    ),
    rule(
        "A23",
        "networks that are claims of devices do not stand beside those of Multus in one machine",
        _ADMITTER,
        "NW6007",
        (
            machine("{name: nic, sriov: {}}, {name: lan, bridge: {}}", f"{_CLAIM}, {_LAN}"),
            "one machine has one sort of them",
        ),
        gates=("resourceClaim",),
    ),
)
