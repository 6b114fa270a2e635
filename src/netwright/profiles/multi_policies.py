"""Who enforces MultiNetworkPolicy on a network, and how the policies there read.

OVN-Kubernetes does on its own secondary networks (`docs/features/multiple-networks/multi-network-policies.md`). On
those of other plugins it is a program on each node: multi-networkpolicy-iptables has `macvlan` alone by default
(`--network-plugins` in `pkg/server/options.go`), multi-networkpolicy-nftables has `macvlan`, `ipvlan`, `sriov`,
`host-device` and `bridge` (README at ef21d254b977). A device that the node's kernel does not drive nobody filters:
those of guests, and those that a SriovNetworkNodePolicy binds to `vfio-pci`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from netwright.base.spans import named
from netwright.dialects.k8s.objects import NetworkPolicyIngressRule
from netwright.dialects.multus import POLICY
from netwright.dialects.multus.objects import MultiNetworkPolicy, policy_for
from netwright.model.document import Decoded
from netwright.model.networks import NetworkNoun

OVN_TOPOLOGIES: Final = ("layer2", "layer3", "localnet")
_SURELY: Final = ("macvlan",)
HANDED_OVER: Final = ("sriov", "host-device")
"""Plugins that hand a device of the node to the pod."""
FOR_GUESTS: Final = "vfio-pci"


class EnforcedBy(msgspec.Struct, frozen=True, kw_only=True):
    """Who enforces MultiNetworkPolicy on a network, with a sentence: OVN-Kubernetes, a program on the nodes, that
    perhaps, or nobody that is known."""

    who: Literal["ovn", "daemon", "perhaps", "nobody"]
    says: str


def enforced_by(network: NetworkNoun, objects: Sequence[Decoded]) -> EnforcedBy:
    """Who enforces the policies on a network, by the plugin that makes its interfaces; of a device that is handed over,
    by the driver that the SriovNetworkNodePolicies among the objects name."""
    plugin = network.topology
    if plugin in OVN_TOPOLOGIES:
        return EnforcedBy(
            who="ovn",
            says="MultiNetworkPolicy is taken as enforced by OVN-Kubernetes, which does so where "
            "`enable-multi-networkpolicy` is set",
        )
    if plugin in _SURELY:
        return EnforcedBy(
            who="daemon",
            says=f"MultiNetworkPolicy is taken as enforced by multi-networkpolicy-iptables or -nftables, which have "
            f"`{plugin}` by default",
        )
    if plugin in HANDED_OVER:
        if is_for_guests(network, objects):
            return EnforcedBy(
                who="nobody",
                says=f"MultiNetworkPolicy is without effect on {network.ref}: its devices are bound to `{FOR_GUESTS}`, "
                "and nothing of the node filters what passes them",
            )
        return EnforcedBy(
            who="perhaps",
            says=f"whether anybody enforces MultiNetworkPolicy at devices of `{plugin}` is not in the input: "
            "multi-networkpolicy-iptables does not by default, multi-networkpolicy-nftables does where the node's "
            "kernel drives the device; at the device of a guest nobody does",
        )
    told = f"interfaces of `{plugin}`" if plugin else "interfaces of a plugin that is not in the input"
    return EnforcedBy(
        who="perhaps",
        says=f"whether anybody enforces MultiNetworkPolicy at {told} is not in the input: it depends on how "
        "multi-networkpolicy-iptables or -nftables is set up on the nodes",
    )


def is_for_guests(network: NetworkNoun, objects: Sequence[Decoded]) -> bool:
    """Whether the devices of a network are surely bound to the driver for guests."""
    resource = network.physical.rpartition("/")[2]
    types = {
        d.value.spec.device_type
        for d in objects
        if d.kind == "SriovNetworkNodePolicy" and d.value.spec and resource and d.value.spec.resource_name == resource
    }
    return types == {FOR_GUESTS}


def on_network(objects: Sequence[Decoded], network: NetworkNoun) -> tuple[list[Decoded], list[str]]:
    """The policies that act on a network, as they read there, and what is to be said of those that do not.

    Where nobody gives addresses, selectors have no addresses to stand for: OVN-Kubernetes makes nothing of a policy
    that has one as a peer (`convertMultiNetPolicyToNetPolicy`).
    """
    found: list[Decoded] = []
    notes: list[str] = []
    for d in objects:
        if not isinstance(d.value, MultiNetworkPolicy) or d.kind != POLICY:
            continue
        if not set(policy_for(d.value, d.namespace)).intersection(network.attachments):
            continue
        if network.ipam == "none" and _has_selectors(d.value):
            name = named(d.namespace, d.name)
            if network.topology in OVN_TOPOLOGIES:
                notes.append(
                    f"{POLICY} `{name}` has no effect on {network.ref}: nobody gives addresses there, and "
                    "OVN-Kubernetes refuses one with peers by selector"
                )
                continue
            notes.append(
                f"peers by selector of {POLICY} `{name}` are those whose address on {network.ref} is reported: nobody "
                "gives addresses there"
            )
        found.append(d)
    return found, notes


def _has_selectors(policy: MultiNetworkPolicy) -> bool:
    rules = [*((policy.spec and policy.spec.ingress) or ()), *((policy.spec and policy.spec.egress) or ())]
    return any(
        peer is not None and peer.ip_block is None
        for rule in rules
        if rule is not None
        for peer in ((rule.from_ if isinstance(rule, NetworkPolicyIngressRule) else rule.to) or ())
    )
