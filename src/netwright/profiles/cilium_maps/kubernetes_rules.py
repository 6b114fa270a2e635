"""NetworkPolicy and ClusterNetworkPolicy as rules of Cilium's policy engine.

After Cilium 1.20.2: `pkg/k8s/network_policy.go`, `pkg/k8s/cluster_network_policy.go`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from netwright.base.services import SCTP, TCP, UDP
from netwright.dialects.adminpolicy import objects as admin
from netwright.dialects.cilium import objects as cilium
from netwright.dialects.k8s.objects import NetworkPolicyPort, NetworkPolicySpec
from netwright.model.document import Decoded
from netwright.profiles.cilium_maps.rules import (
    ADMIN,
    BASELINE,
    FQDNS,
    PARSERS,
    PROTOCOLS,
    TRANSPORTS,
    Entry,
    Port,
    PortRule,
    Proxy,
    Side,
    Verdict,
    is_port_name,
)
from netwright.profiles.cilium_maps.selectors import (
    EVERYBODY,
    Need,
    Selector,
    cidr,
    in_namespaces,
    labelled,
    pods_in,
    pods_of,
)

# --- NetworkPolicy --------------------


def kubernetes_rules(policy: Decoded) -> Iterator[Entry]:
    """Rules count whatever policyTypes say; where a direction has none, policyTypes isolate."""
    spec: NetworkPolicySpec = policy.value.spec or NetworkPolicySpec()
    namespace = policy.namespace or "default"
    subject = pods_in(spec.pod_selector, namespace, False)
    types = spec.policy_types or ()
    sides: tuple[tuple[Side, Sequence[Any], bool], ...] = (
        ("ingress", spec.ingress or (), "Ingress" in types or "Egress" not in types),
        ("egress", spec.egress or (), "Egress" in types),
    )
    for side, rules, isolates in sides:
        some = False
        for rule in rules:
            listed = () if rule is None else (rule.from_ if side == "ingress" else rule.to) or ()
            ports = () if rule is None else tuple(PortRule((_kubernetes_port(one),)) for one in rule.ports or ())
            for peer in listed or (None,):
                some = True
                peers = (EVERYBODY,) if not listed else _kubernetes_peer(peer, namespace)
                yield Entry("", 0, side, subject, peers, ports)
        if not some and isolates:
            yield Entry("", 0, side, subject, None, ())


def _kubernetes_peer(peer: Any, namespace: str) -> tuple[Selector, ...] | None:
    if peer is None:
        return None
    if peer.ip_block is not None:
        return (cidr(peer.ip_block.cidr, peer.ip_block.except_ or ()),)
    if peer.namespace_selector is not None:
        return (pods_of(peer.namespace_selector, peer.pod_selector, True),)
    return (pods_in(peer.pod_selector, namespace, True),)


def _kubernetes_port(port: NetworkPolicyPort | None) -> Port:
    if port is None:
        return Port("", 0, 0, (TCP,))
    protocols = PROTOCOLS[(port.protocol or "TCP").upper()]
    if isinstance(port.port, str) and is_port_name(port.port):
        return Port(port.port, 0, port.end_port or 0, protocols)
    number = port.port if isinstance(port.port, int) else 0
    if isinstance(port.port, str) and port.port.isascii() and port.port.isdigit() and len(port.port) < 6:
        number = int(port.port)
    return Port("", number if number <= 65535 else 0, port.end_port or 0, protocols)


# --- ClusterNetworkPolicy --------------------

_ACTIONS: Final[dict[str, Verdict]] = {"Accept": "allow", "Deny": "deny", "Pass": "pass"}
_DNS_PORTS: Final = tuple(Port(name, 0, 0, TRANSPORTS) for name in ("dns", "dns-tcp"))


def admin_rules(policy: admin.ClusterNetworkPolicy) -> Iterator[Entry]:
    spec = policy.spec
    if spec is None or spec.subject is None:
        return
    if spec.subject.namespaces is not None:
        subject = in_namespaces(spec.subject.namespaces)
    elif spec.subject.pods is not None:
        subject = pods_of(spec.subject.pods.namespace_selector, spec.subject.pods.pod_selector, False)
    else:
        return
    if any(_is_refused(rule, peer) for rule in spec.egress or () if rule for peer in rule.to or () if peer):
        return
    tier = BASELINE if spec.tier == "Baseline" else ADMIN
    sides: tuple[tuple[Side, Sequence[Any]], ...] = (("ingress", spec.ingress or ()), ("egress", spec.egress or ()))
    for side, rules in sides:
        for number, rule in enumerate(rules):
            if rule is None:
                continue
            verdict = _ACTIONS.get(rule.action, "allow")
            listed = (rule.from_ if side == "ingress" else rule.to) or ()
            plain = Entry(
                "",
                0,
                side,
                subject,
                (EVERYBODY,),
                tuple(PortRule((_admin_port(one),)) for one in rule.protocols or ()),
                verdict,
                tier,
                float(spec.priority or 0) + float(number) / 100,
                False,
            )
            if not listed:
                yield plain
            for peer in listed:
                yield from _admin_peer(plain, peer)


def _is_refused(rule: admin.EgressRule, peer: admin.Peer) -> bool:
    """Nodes without enable-node-selector-labels, and names in a rule that does not accept."""
    return peer.nodes is not None or (peer.domain_names is not None and rule.action != "Accept")


def _admin_peer(plain: Entry, peer: admin.Peer | None) -> Iterator[Entry]:
    if peer is None:
        peer = admin.Peer()
    if peer.pods is not None:
        yield plain._replace(peers=(pods_of(peer.pods.namespace_selector, peer.pods.pod_selector, True),))
    elif peer.namespaces is not None:
        yield plain._replace(peers=(in_namespaces(peer.namespaces),))
    elif plain.side == "egress" and peer.networks is not None:
        yield plain._replace(peers=tuple(cidr(text) for text in peer.networks))
    elif plain.side == "egress" and peer.domain_names is not None:
        rules = cilium.L7Rules(dns=tuple(cilium.FQDNSelector(match_name=name) for name in peer.domain_names))
        dns = PortRule(_DNS_PORTS, Proxy("dns", PARSERS["dns"], rules=rules))
        yield plain._replace(peers=(labelled([Need("any", "k8s-app", ("kube-dns",), True)]),), ports=(dns,))
        found = [Selector("open", (Need("fqdn", name, None, True),), reason=FQDNS) for name in peer.domain_names]
        yield plain._replace(peers=tuple(found))
    elif plain.verdict != "allow":
        yield plain._replace(verdict="deny")


def _admin_port(protocol: admin.Protocol | None) -> Port:
    if protocol is None:
        return Port("", 0, 0, TRANSPORTS)
    for transport, number in ((protocol.tcp, TCP), (protocol.udp, UDP), (protocol.sctp, SCTP)):
        if transport is not None:
            port = transport.destination_port
            if port is None:
                return Port("", 0, 0, (number,))
            if port.range is not None:
                return Port("", port.range.start, port.range.end, (number,))
            return Port("", port.number, 0, (number,))
    name = protocol.destination_named_port
    return Port(name if is_port_name(name) else "", 0, 0, TRANSPORTS)
