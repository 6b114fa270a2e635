"""Rules E: how large packets may be."""

from __future__ import annotations

from typing import Final

from netwright.model.finding_codes.machine_manifests import user_network
from netwright.model.machine_rules.rule import MachineRule, rule

RULES: Final[tuple[MachineRule, ...]] = (
    rule(
        "E1",
        "a guest with 1500 bytes on an overlay with 1400 has to be told, or the fabric carries more",
        "OVN-Kubernetes at 8871cd9cec9c, `pkg/config`",
        "NW6303 NW6306 NW6309",
        otherwise="what a guest has set up by itself, without `networkData`, is inside of it",
    ),
    rule(
        "E2",
        "9000 bytes need 9000 on the wire, and 9100 below an overlay",
        "OVN-Kubernetes at 8871cd9cec9c, `pkg/types/const.go`",
        "NW6301 NW6306",
    ),
    rule(
        "E3",
        "IPv6 needs 1280 bytes",
        "RFC 8200, section 5",
        "NW6304",
        (
            user_network('role: Primary, subnets: ["10.20.0.0/24", "2001:db8::/64"], mtu: 1200'),
            "IPv6 needs 1280 bytes at least",
        ),
    ),
    rule(
        "E4",
        "a card that is not virtio learns the MTU by DHCP, or not at all",
        "KubeVirt user guide: MTU",
        "NW6303",
    ),
    rule(
        "E5",
        "a Linux bridge without a written `mtu` gives 1500, whatever the wire carries",
        "CNI plugins, bridge",
        "NW6302",
    ),
    rule(
        "E6",
        "the MTU of a cluster network of Harvester does not reach attachments that were made before",
        "Harvester issues 4752 and 8784",
        "NW6301 NW6302",
        otherwise="Harvester's own kinds are not read; attachments and wires that differ are told",
    ),
    rule("E7", "over several nodes the least MTU counts", "nmstate 2.2", "NW6305"),
)
