"""How OVN-Kubernetes reads NetworkPolicies and admin policies where it differs from what Kubernetes documents.

After `go-controller/pkg/ovn` of OVN-Kubernetes: `base_network_controller_policy.go` and `gress_policy.go` for
NetworkPolicy, `libovsdb/util/acl.go` for its ports, `controller/admin_network_policy` for the admin policies.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from netwright.dialects.adminpolicy.objects import AdminNetworkPolicy, ClusterNetworkPolicy
from netwright.dialects.k8s.objects import CronJob, LabelSelector, NetworkPolicyPeer, NetworkPolicyPort, Pod, Workload
from netwright.model.document import Decoded
from netwright.spec.addresses import Match, covers, network
from netwright.spec.ends import End, namespace_matches, pod_labels, template
from netwright.spec.judgement import Direction, Outcome
from netwright.spec.labels import matches_pod, may_match
from netwright.spec.machines import MACHINES
from netwright.spec.networkpolicy import Reading
from netwright.spec.networkpolicy import tier as networkpolicy_tier
from netwright.spec.packet import PROTOCOLS, Packet
from netwright.spec.reasons import HOST_OF_OVN

PODS = (Pod, Workload, CronJob, *MACHINES)
MOST = 99
"""The last priority of an AdminNetworkPolicy that is set up."""
HOST_NAMESPACES = ("ovn-host-network", "openshift-host-network")
NAME = "kubernetes.io/metadata.name"


class OvnOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How OVN-Kubernetes is set up: there is nothing to say yet."""


def enforced(objects: Sequence[Decoded]) -> list[Decoded]:
    """The objects without the admin policies that are not set up."""
    return [one for one in objects if not _is_left_out(one)]


def _is_left_out(thing: Decoded) -> bool:
    if isinstance(thing.value, ClusterNetworkPolicy):
        return True
    if thing.kind != "AdminNetworkPolicy" or not isinstance(thing.value, AdminNetworkPolicy):
        return False
    spec = thing.value.spec
    return spec is not None and spec.priority is not None and spec.priority > MOST


def tier(packet: Packet, direction: Direction, subject: End) -> Outcome:
    """NetworkPolicy: an isolated pod is isolated from every protocol, and a rule without ports allows every one."""
    return networkpolicy_tier(packet, direction, subject, READING)


def tier_without_pods(packet: Packet, direction: Direction, subject: End) -> Outcome:
    """The same where selectors of peers find no pod of the other network."""
    return networkpolicy_tier(packet, direction, subject, READING._replace(selects=False))


def _ports_match(packet: Packet, ports: Sequence[NetworkPolicyPort | None] | None) -> bool:
    """Of a protocol that any entry names, the entries with a number; where there are none, all of it. Names of ports
    are not looked up: they say no more than their protocol."""
    if not ports:
        return True
    entries = [port or NetworkPolicyPort() for port in ports]
    mine = [port for port in entries if PROTOCOLS.get(port.protocol or "TCP") == packet.protocol]
    numbered = [(port.port, port.end_port) for port in mine if isinstance(port.port, int)]
    if not numbered:
        return bool(mine)
    return any(first <= packet.port <= (last or first) for first, last in numbered)


def _host_matches(packet: Packet, direction: Direction, namespace: str, peer: NetworkPolicyPeer) -> Match:
    """A node, or a hostNetwork pod, as a peer."""
    if peer.ip_block is not None:
        if direction == "egress":
            return covers(peer.ip_block, packet.destination_addresses, packet.family)
        # What comes from a host shows an address of the network's own.
        block = network(peer.ip_block.cidr)
        if block.version != packet.family:
            return "no"
        return "yes" if block.prefixlen == 0 and not peer.ip_block.except_ else "perhaps"
    if peer.pod_selector is not None:
        return _pods_of_hosts(packet, namespace, peer, peer.pod_selector) if direction == "egress" else "no"
    if peer.namespace_selector is None or direction == "egress":
        return "no"
    # Hosts stand for a namespace of their own, of which only the name is known.
    may = [may_match(peer.namespace_selector, {NAME: name})[1] for name in HOST_NAMESPACES]
    return "perhaps" if any(may) else "no"


def _pods_of_hosts(packet: Packet, namespace: str, peer: NetworkPolicyPeer, selector: LabelSelector) -> Match:
    """The addresses of selected hostNetwork pods are those of their nodes, which may be this one."""
    own = packet.destination_object
    if isinstance(own, Decoded) and isinstance(own.value, PODS):
        chosen = matches_pod(selector, pod_labels(own))
        if peer.namespace_selector is None:
            there: Match = "yes" if own.namespace == namespace else "no"
        else:
            there = namespace_matches(packet.objects, peer.namespace_selector, own.namespace)
        if "no" not in (chosen, there):
            return "yes" if chosen == there == "yes" else "perhaps"
    for one in packet.objects:
        if not isinstance(one.value, PODS) or not template(one)[1].host_network:
            continue
        if peer.namespace_selector is None and one.namespace != namespace:
            continue
        if matches_pod(selector, pod_labels(one)) != "no":
            return "perhaps"
    return "no"


READING = Reading(ports=_ports_match, hosts=_host_matches, host_reason=HOST_OF_OVN, every_protocol=True)
