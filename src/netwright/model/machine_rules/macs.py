"""Rules F: MAC addresses, their pool, and claims of addresses."""

from __future__ import annotations

from typing import Final

from netwright.model.finding_codes.machine_manifests import machine
from netwright.model.machine_rules.rule import MachineRule, rule

_POOL: Final = "kubemacpool 0.51"

RULES: Final[tuple[MachineRule, ...]] = (
    rule(
        "F1",
        "a MAC address is six bytes, and not that of a group",
        "KubeVirt 1.9, `pkg/network/admitter`",
        "NW6401",
        (machine('{name: default, masquerade: {}, macAddress: "02:00:00:00:01"}'), "six bytes in hexadecimal"),
    ),
    rule("F2", "an address in the range of the pool may be given to another machine", _POOL, "NW6402"),
    rule(
        "F3",
        "the pool refuses an address twice before 0.51, and only tells it from 0.51 on",
        "kubemacpool pull requests 582 and 612",
        "NW6403 NW6404",
        gates=("refuses collisions", "tells collisions"),
    ),
    rule(
        "F4",
        "clusters on one VLAN need ranges that do not overlap",
        _POOL,
        "NW6409",
        otherwise="one input is one cluster: of the ranges of another one nothing is in it",
    ),
    rule("F5", "a namespace with the label `ignore` has no pool", _POOL, "NW6406"),
    rule("F6", "interfaces of one machine have different addresses", _POOL, "NW6405"),
    rule("F7", "a claim that another machine left behind blocks", "KubeVirt IPAM extensions, controller", "NW6407"),
    rule(
        "F8",
        "a localnet that gives addresses leaves out those of others on the VLAN",
        "OVN-Kubernetes, multi-homing",
        "NW6408 NW6410",
    ),
    rule(
        "F9",
        "while a move can be taken back, the interface at the source is disconnected",
        "Forklift, plans",
        otherwise="the source of a move is not in the cluster; two machines of one cluster with one address are NW6403",
    ),
)
