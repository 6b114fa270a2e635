"""A secondary network, one packet at a time: who is on it, and what MultiNetworkPolicies let pass there.

After the "Multi-Network Policy API" of the Network Plumbing Working Group (k8s.cni.cncf.io/v1beta1: identical to
NetworkPolicy, for the attachments that `k8s.v1.cni.cncf.io/policy-for` lists); `pkg/server` of
multi-networkpolicy-iptables; the page "Multi-homing" of OVN-Kubernetes' documentation and
`go-controller/pkg/ovn/base_network_controller_multipolicy.go`.

NetworkPolicies and Services are not there, and nodes have no interface on it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from netwright.dialects.k8s.objects import NetworkPolicySpec
from netwright.dialects.sriov.objects import SriovNetworkNodePolicy
from netwright.model.document import Decoded
from netwright.spec import networkpolicy, ovn
from netwright.spec.addresses import Family, address, network
from netwright.spec.cables import leaves
from netwright.spec.ends import End, end_of
from netwright.spec.guests import machine_of
from netwright.spec.judgement import Cited, Direction, Judgement, Side
from netwright.spec.machines import own
from netwright.spec.networkpolicy import Reading
from netwright.spec.networks import OVN, Net, interfaces, segment
from netwright.spec.packet import NoSuchPacket, Packet
from netwright.spec.reasons import CABLES, UNENFORCED

WAYS: tuple[Direction, Direction] = ("egress", "ingress")
POLICY_FOR = "k8s.v1.cni.cncf.io/policy-for"
FILTERED = ("macvlan",)
"""The plugins that multi-networkpolicy-iptables filters unless its `--network-plugins` says otherwise."""
HANDED_OVER = ("sriov", "host-device")
"""Plugins that hand a device to the pod: whether the node's kernel still sees what passes, its driver says."""


def judged(
    objects: Sequence[Decoded],
    net: Net,
    src: Decoded | str,
    dst: Decoded | str,
    *,
    protocol: int,
    port: int,
    family: Family,
    same_pod: bool = False,
) -> Judgement:
    """Whether a new connection on the network may be allowed, may be denied, and by which rules.

    Raises NoSuchPacket where an end has no interface on the network, or no address of the family there.
    """
    net = segment(objects, net)
    ends = _end_on(objects, src, net), _end_on(objects, dst, net)
    packet = Packet(objects, src, dst, protocol=protocol, port=port, family=family, pod_ranges=(), ends=ends)
    if same_pod or (src is dst and isinstance(src, Decoded) and src.kind == "Pod"):
        nothing = Side(direction="egress"), Side(direction="ingress")
        return Judgement(
            may_allow=True, may_deny=False, egress=nothing[0], ingress=nothing[1], reasons=(), relation="self"
        )
    egress, ingress = _side(packet, net, "egress"), _side(packet, net, "ingress")
    beside = [*_outside(packet, net), *_links(packet, net), *_cables(packet, net)]
    told = Judgement(may_allow=True, may_deny=False, egress=egress, ingress=ingress, beside=tuple(beside))
    may_allow = all(side.may_allow for side in told.sides)
    may_deny = any(side.may_deny for side in told.sides)
    told = msgspec.structs.replace(told, may_allow=may_allow, may_deny=may_deny)
    open_ = told.sides if may_allow and may_deny else ()
    return msgspec.structs.replace(
        told,
        reasons=tuple(dict.fromkeys(reason for side in open_ for reason in side.reasons)),
        by=tuple(cited for side in told.deciding for cited in side.by),
    )


def _end_on(objects: Sequence[Decoded], thing: Decoded | str, net: Net) -> End:
    end = end_of(objects, thing)
    if isinstance(thing, str):
        return end
    found = interfaces(objects, thing, net) if end.kind == "pod" else []
    if not found:
        raise NoSuchPacket(f"this {end.kind} has no interface on `{net.ref}`")
    # an interface whose address is not known has any of the network's
    known = tuple(one for interface in found for one in interface.known) if all(one.known for one in found) else ()
    return msgspec.structs.replace(end, known=known, ranges=net.ranges, node="")


def _outside(packet: Packet, net: Net) -> list[Side]:
    """OVN-Kubernetes routes nothing between a secondary network of its overlay and the outside."""
    if net.plugin != OVN or net.topology == "localnet" or not net.ranges:
        return []
    ranges = [network(text) for text in net.ranges]
    found: list[Side] = []
    ways: list[tuple[Direction, End]] = [("ingress", packet.source), ("egress", packet.destination)]
    for direction, end in ways:
        if end.kind == "address" and not any(end.known[0] in one for one in ranges if one.version == packet.family):
            cited = Cited(object=net.object, rule=None, path=("spec",), action="deny")
            found.append(Side(direction=direction, reached=(cited,), may_allow=False, may_deny=True))
    return found


def _cables(packet: Packet, net: Net) -> list[Side]:
    """What two attachments put on one bridge meets on one node, and from node to node by the bridge's cables."""
    ends = packet.source_object, packet.destination_object
    if not net.bridge or isinstance(ends[0], str) or isinstance(ends[1], str):
        return []
    if _names(packet, ends[0], net) & _names(packet, ends[1], net):
        return []
    nodes = [end_of(packet.objects, one).node for one in ends if not isinstance(one, str)]
    if nodes[0] and nodes[0] == nodes[1]:
        return []
    found = [leaves(packet.objects, net.bridge, net.vlan, node) for node in nodes]
    if found == ["yes", "yes"]:
        return []
    reasons = () if all(nodes) and "no" in found else (CABLES,)
    cited = Cited(object=net.object, rule=None, path=("spec",), action="deny", surely=not reasons)
    return [
        Side(direction=direction, reached=(cited,), may_allow=bool(reasons), may_deny=True, reasons=reasons)
        for direction in WAYS
    ]


def _names(packet: Packet, thing: Decoded, net: Net) -> set[str]:
    """The attachments by which the end is on the network."""
    return {one.attachment for one in interfaces(packet.objects, thing, net)}


def _links(packet: Packet, net: Net) -> list[Side]:
    """A machine's interface whose link is down carries nothing."""
    found: list[Side] = []
    ways: list[tuple[Direction, Decoded | str]] = [
        ("egress", packet.source_object),
        ("ingress", packet.destination_object),
    ]
    for direction, end in ways:
        machine = machine_of(packet, end)
        if machine is None:
            continue
        spec = own(machine)[1]
        devices = spec.domain.devices if spec.domain else None
        names = []
        for one in spec.networks or ():
            called = one.multus.network_name if one.multus else None
            if called and (called if "/" in called else f"{machine.namespace}/{called}") in net.attachments:
                names.append(one.name)
        mine = [(i, one) for i, one in enumerate((devices.interfaces if devices else None) or ()) if one.name in names]
        if mine and all(one.state == "down" for _, one in mine):
            cited = Cited(object=machine, rule=None, path=("spec",), action="deny")
            found.append(Side(direction=direction, reached=(cited,), may_allow=False, may_deny=True))
    return found


# --- MultiNetworkPolicy -----------------------------------------------------------------------------------------------


def _side(packet: Packet, net: Net, direction: Direction) -> Side:
    subject = packet.source if direction == "egress" else packet.destination
    thing = packet.source_object if direction == "egress" else packet.destination_object
    if subject.kind != "pod" or (net.plugin in HANDED_OVER and _is_guests(packet, net, thing)):
        return Side(direction=direction)
    policies = tuple(one for one in packet.objects if one.kind == "MultiNetworkPolicy" and _is_for(one, net))
    if net.plugin == OVN and not net.has_ipam:
        # refused: such a policy is not set up at all
        policies = tuple(one for one in policies if not _has_selectors(one))
    # Selectors stand for addresses that the cluster knows: without an IPAM there are none but those reported.
    other = packet.destination_object if direction == "egress" else packet.source_object
    selects = (
        net.has_ipam or isinstance(other, str) or all(one.reported for one in interfaces(packet.objects, other, net))
    )
    base = ovn.READING if net.plugin == OVN else networkpolicy.DOCUMENTED
    blind: tuple[Decoded, ...] = ()
    if net.bridge and isinstance(thing, Decoded):
        # on a segment of several attachments a policy is about those that it names, and so are its selectors
        mine, theirs = (_names(packet, one, net) if isinstance(one, Decoded) else set() for one in (thing, other))
        policies = tuple(one for one in policies if mine & _named(one))
        blind = tuple(one for one in policies if not theirs & _named(one))
    reading = Reading(ports=base.ports, every_protocol=True, policies=policies, selects=selects, blind=blind)
    found = networkpolicy.tier(packet, direction, subject, reading)
    may_allow = found.may_allow or found.may_pass
    reasons = found.reasons if may_allow and found.may_deny else ()
    if found.may_deny and net.plugin not in (OVN, *FILTERED):
        may_allow, reasons = True, (*reasons, UNENFORCED)
    return Side(
        direction=direction,
        isolated=bool(found.isolating),
        isolating=found.isolating,
        allowing=found.allowing,
        perhaps=found.perhaps,
        may_allow=may_allow,
        may_deny=found.may_deny,
        reasons=reasons,
    )


def _is_guests(packet: Packet, net: Net, thing: Decoded | str) -> bool:
    """Whether the device is a guest's, past all filters of the node: a machine's, or one of a resource whose devices
    the SriovNetworkNodePolicies bind to the driver for guests."""
    if machine_of(packet, thing) is not None:
        return True
    drivers = [
        one.value.spec.device_type
        for one in packet.objects
        if isinstance(one.value, SriovNetworkNodePolicy) and one.value.spec and one.value.spec.resource_name
        if net.resource.rpartition("/")[2] == one.value.spec.resource_name
    ]
    return bool(drivers) and all(driver == "vfio-pci" for driver in drivers)


def _is_for(policy: Decoded, net: Net) -> bool:
    """Whether the annotation lists an attachment of the network. A policy without it is for no network."""
    return not _named(policy).isdisjoint(net.attachments)


def _named(policy: Decoded) -> set[str]:
    """The attachments that the annotation lists, by NAMESPACE/NAME or by a name in the policy's own namespace."""
    text = (policy.value.metadata.annotations or {}).get(POLICY_FOR) or ""
    names = [name.strip() for name in text.split(",") if name.strip()]
    return {name if "/" in name else f"{policy.namespace}/{name}" for name in names}


def _has_selectors(policy: Decoded) -> bool:
    spec: NetworkPolicySpec = policy.value.spec or NetworkPolicySpec()
    peers = [peer for rule in spec.ingress or () if rule for peer in rule.from_ or ()]
    peers += [peer for rule in spec.egress or () if rule for peer in rule.to or ()]
    return any(peer is not None and (peer.pod_selector or peer.namespace_selector) is not None for peer in peers)


def is_on(objects: Sequence[Decoded], thing: Decoded | str, net: Net) -> bool:
    """Whether the end can be on the network: addresses can, nodes cannot."""
    if isinstance(thing, str):
        return address(thing) is not None
    return end_of(objects, thing).kind == "pod" and bool(interfaces(objects, thing, net))
