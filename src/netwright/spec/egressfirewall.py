"""EgressFirewall of OVN-Kubernetes, one packet at a time: where the pods of a namespace may go outside the cluster.

It stands beside the CNI's egress policies, and each must permit. The rules of the one firewall of a namespace are read
in order; the first that matches decides, and what none matches is allowed. Rules are about addresses outside the
cluster and about nodes, never about pods. After OVN-Kubernetes: the CRD of `k8s.ovn.org/v1`, the page "EgressFirewall"
of its documentation, `go-controller/pkg/ovn/controller/egressfirewall/egressfirewall.go`.
"""

from __future__ import annotations

from netwright.dialects.ovn.objects import EgressFirewall, EgressFirewallDestination, EgressFirewallRule
from netwright.model.document import Decoded
from netwright.spec.addresses import address, cover, network, span
from netwright.spec.adminpeers import NO, YES, Matched, all_of, matched, nodes_match
from netwright.spec.judgement import Cited, Reason, Side
from netwright.spec.packet import PROTOCOLS, Packet
from netwright.spec.reasons import HOST_ADDRESS, NAME_RESOLVER, UNMASKED, domain


def side(packet: Packet) -> Side | None:
    """Egress at the source; None where no firewall acts on the packet."""
    if packet.source.kind != "pod" or packet.destination.kind == "pod":
        return None
    found = [one for one in packet.objects if _is_of(one, packet.source.namespace)]
    return _side(packet, found[0]) if found else None


def _is_of(thing: Decoded, namespace: str) -> bool:
    return isinstance(thing.value, EgressFirewall) and thing.namespace == namespace


def _side(packet: Packet, firewall: Decoded) -> Side:
    rules = (firewall.value.spec.egress if firewall.value.spec else None) or ()
    applied = matched("perhaps", NAME_RESOLVER) if any(map(_has_pattern, rules)) else YES
    reached: list[Cited] = []
    reasons: list[Reason] = []
    goes_on = True
    for index, rule in enumerate(rules):
        found = all_of(applied, _matches(packet, rule))
        if found.match == "no":
            continue
        surely = found.match == "yes"
        reached.append(
            Cited(
                object=firewall,
                rule=index,
                path=("spec", "egress", index),
                action="allow" if rule.type == "Allow" else "deny",
                surely=surely,
            )
        )
        reasons += found.reasons
        if surely:
            goes_on = False
            break
    actions = {one.action for one in reached}
    may_allow, may_deny = goes_on or "allow" in actions, "deny" in actions
    return Side(
        direction="egress",
        reached=tuple(reached),
        may_allow=may_allow,
        may_deny=may_deny,
        reasons=tuple(dict.fromkeys(reasons)) if may_allow and may_deny else (),
    )


def _has_pattern(rule: EgressFirewallRule) -> bool:
    """A name with a wildcard needs DNSNameResolver: without it nothing of the firewall is applied."""
    return bool(rule.to and rule.to.dns_name and rule.to.dns_name.startswith("*."))


def _matches(packet: Packet, rule: EgressFirewallRule) -> Matched:
    ports = rule.ports or ()
    if ports and not any(
        PROTOCOLS.get(one.protocol or "") == packet.protocol and one.port == packet.port for one in ports
    ):
        return NO
    return _leads(packet, rule.to or EgressFirewallDestination())


def _leads(packet: Packet, to: EgressFirewallDestination) -> Matched:
    other = packet.destination
    if to.cidr_selector is not None:
        return _covers(packet, to.cidr_selector)
    if to.node_selector is not None:
        return nodes_match(packet, to.node_selector, other)
    if to.dns_name is not None and other.kind == "address":
        # Which addresses a name has is not for policies to say: any outside the cluster, perhaps.
        return matched("perhaps", domain([to.dns_name.lower().removesuffix(".")]))
    return NO


def _covers(packet: Packet, cidr: str) -> Matched:
    """The address literally. OVN refuses a range with bits behind its prefix."""
    found = matched(cover([cidr], packet.destination_addresses, packet.family), HOST_ADDRESS)
    if found.match != "no" and _is_unmasked(cidr):
        return Matched("perhaps", (*found.reasons, UNMASKED))
    return found


def _is_unmasked(cidr: str) -> bool:
    found = address(cidr.partition("/")[0])
    return found is not None and int(found) != span(network(cidr))[0]
