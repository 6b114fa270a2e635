"""Ports, protocols and requests as Cilium reads them: whether they match the packet, and what an allow is owed.

After Cilium 1.20.2: `mergeL4Filter` and `createL4Filter` in `pkg/policy`, `pkg/policy/api/icmp.go`.
"""

from __future__ import annotations

from collections.abc import Sequence

from netwright.dialects.adminpolicy.objects import Protocol
from netwright.dialects.cilium.objects import ICMPField, ICMPRule, PortDenyRule, PortProtocol, PortRule
from netwright.dialects.k8s.objects import NetworkPolicyPort
from netwright.spec.cilium_identities import Scene
from netwright.spec.judgement import Reason
from netwright.spec.packet import PROTOCOLS
from netwright.spec.reasons import DNS, HTTP, LISTENER, TLS

NUMBERS = {**PROTOCOLS, "VRRP": 112, "IGMP": 2, "GRE": 47, "IPIP": 4, "IPV6": 41, "ESP": 50, "AH": 51}
ICMP = {"IPv4": 1, "IPv6": 58}


def matching_rules(
    scene: Scene, rules: Sequence[PortRule | PortDenyRule] | None, icmps: Sequence[ICMPRule] | None
) -> list[PortRule | PortDenyRule | ICMPRule] | None:
    """Which entries of `toPorts` and `icmps` match the packet; None where there are none, so that everything does.

    One that lists no ports (types) matches nothing.
    """
    if not rules and not icmps:
        return None
    found: list[PortRule | PortDenyRule | ICMPRule] = []
    found += [one for one in rules or () if any(_port_matches(scene, port) for port in one.ports or ())]
    found += [one for one in icmps or () if any(_type_matches(scene, field) for field in one.fields or ())]
    return found


def owed(matching: Sequence[PortRule | PortDenyRule | ICMPRule] | None, *, isolated: bool) -> tuple[Reason, ...]:
    """What has to be fulfilled for the packet to be allowed by these; nothing if one of them is plain.

    At an endpoint that nothing puts into default deny, requests that no rule describes are let through too.
    """
    found: list[Reason] = []
    for one in matching or ():
        asked = _asked(one, isolated=isolated) if isinstance(one, PortRule) else []
        if not asked:
            return ()
        found += asked
    return tuple(dict.fromkeys(found))


def _asked(rule: PortRule, *, isolated: bool) -> list[Reason]:
    found: list[Reason] = []
    if rule.rules is not None and isolated:
        found += [HTTP] if rule.rules.http else []
        found += [DNS] if rule.rules.dns else []
    if rule.server_names or rule.terminating_tls is not None or rule.originating_tls is not None:
        found.append(TLS)
    return [*found, LISTENER] if rule.listener is not None else found


def _port_matches(scene: Scene, port: PortProtocol) -> bool:
    """No protocol and ANY are TCP, UDP and SCTP; port 0 is all of them."""
    any_of = port.protocol in (None, "", "ANY")
    protocols = tuple(PROTOCOLS) if any_of else (str(port.protocol),)
    if port.name is not None:
        return named(scene, port.name, protocols, port.end_port or 0)
    return numbered(scene, port.number or 0, port.end_port or 0, protocols)


def numbered(scene: Scene, first: int, last: int, protocols: Sequence[str]) -> bool:
    packet = scene.packet
    if packet.protocol not in {NUMBERS[name] for name in protocols}:
        return False
    return first == 0 or first <= packet.port <= max(first, last)


def named(scene: Scene, name: str, protocols: Sequence[str], last: int = 0) -> bool:
    """A port of the destination pod, by its name, and on ingress on to `endPort`, though that is documented to be
    ignored. Addresses and nodes have no names.

    Where rules of one tier name a port with different ends, Cilium takes the end of the first of them, by the names of
    the policies, for them all. That is not followed: each rule has its own.
    """
    protocol, number = scene.named_ports().get(name, ("", 0))
    last = last if scene.direction == "ingress" else 0
    return protocol in protocols and number != 0 and numbered(scene, number, last, (protocol,))


def _type_matches(scene: Scene, field: ICMPField) -> bool:
    """The type, whatever the code; type 0 is every type, because it stands where port 0 does."""
    packet = scene.packet
    return packet.protocol == ICMP[field.family or "IPv4"] and field.number in (0, packet.port >> 8)


def kubernetes_ports_match(scene: Scene, ports: Sequence[NetworkPolicyPort | None] | None) -> bool:
    """`ports` of a NetworkPolicy: empty or absent they leave every protocol free, ICMP too."""
    return not ports or any(_kubernetes_port_matches(scene, port or NetworkPolicyPort()) for port in ports)


def _kubernetes_port_matches(scene: Scene, port: NetworkPolicyPort) -> bool:
    protocol = (port.protocol or "TCP",)
    if isinstance(port.port, str):
        return named(scene, port.port.lower(), protocol, port.end_port or 0)
    return numbered(scene, port.port or 0, port.end_port or 0, protocol)


def admin_protocols(scene: Scene, entries: Sequence[Protocol | None] | None) -> list[Protocol] | None:
    """Which `protocols` of a ClusterNetworkPolicy match the packet; None where there are none, so that every protocol
    is free, ICMP too."""
    return [one for one in entries if one and _admin_protocol_matches(scene, one)] if entries else None


def _admin_protocol_matches(scene: Scene, entry: Protocol) -> bool:
    for name, transport in (("TCP", entry.tcp), ("UDP", entry.udp), ("SCTP", entry.sctp)):
        if transport is None:
            continue
        port = transport.destination_port
        if port is None:
            return numbered(scene, 0, 0, (name,))
        if port.range is not None:
            return numbered(scene, port.range.start, port.range.end, (name,))
        return numbered(scene, port.number, 0, (name,))
    return named(scene, entry.destination_named_port.lower(), tuple(PROTOCOLS))
