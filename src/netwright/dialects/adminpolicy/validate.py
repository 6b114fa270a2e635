"""What the CRDs of policy.networking.k8s.io refuse: their OpenAPI bounds and CEL rules (v0.2.0; v1alpha1 as in v0.1.7).

Unknown fields and wrong types are found before, by decoding.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from netwright.base.spans import Pointer
from netwright.dialects.adminpolicy.objects import (
    AdminEgressRule,
    AdminIngressRule,
    AdminNamespaces,
    AdminNetworkPolicy,
    AdminNetworkPolicySpec,
    AdminPeer,
    AdminPods,
    AdminPort,
    ClusterNetworkPolicy,
    ClusterNetworkPolicySpec,
    EgressRule,
    IngressRule,
    NamespacedPods,
    Peer,
    Port,
    Protocol,
    Subject,
    Transport,
)
from netwright.dialects.k8s.objects import LabelSelector
from netwright.dialects.k8s.validate import check_meta
from netwright.dialects.k8s.validate_syntax import (
    Fault,
    check_cidr,
    check_port_number,
    check_protocol,
    check_selector,
    quoted,
)

PEER_FIELDS = frozenset({"namespaces", "pods", "nodes", "networks", "domainNames"})
_DOMAIN = re.compile(
    r"(\*\.)?([a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.)+[a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.?"
).fullmatch
_MOST = {"ClusterNetworkPolicy": 25, "AdminNetworkPolicy": 100, "BaselineAdminNetworkPolicy": 100}


def check_cluster_policy(kind: str, policy: ClusterNetworkPolicy) -> None:
    """Raises `Fault` for the first field that the CRD refuses."""
    check_meta(kind, policy.metadata)
    spec = policy.spec or ClusterNetworkPolicySpec()
    if spec.tier not in ("Admin", "Baseline"):
        raise Fault(("spec", "tier"), f"is {quoted(spec.tier)}; the tiers are `Admin` and `Baseline`")
    _check_priority(spec.priority)
    _check_subject(spec.subject)
    actions = ("Accept", "Deny", "Pass")
    for side, rules in (("ingress", spec.ingress), ("egress", spec.egress)):
        _check_count(rules, _MOST[kind], ("spec", side))
        for index, rule in enumerate(rules or ()):
            _check_rule(kind, rule, side, actions, ("spec", side, index))


def check_admin_policy(kind: str, policy: AdminNetworkPolicy) -> None:
    """Raises `Fault` for the first field that the CRD refuses."""
    check_meta(kind, policy.metadata)
    spec = policy.spec or AdminNetworkPolicySpec()
    actions: tuple[str, ...] = ("Allow", "Deny", "Pass")
    if kind == "AdminNetworkPolicy":
        _check_priority(spec.priority)
    else:
        actions = ("Allow", "Deny")
        if policy.metadata.name != "default":
            raise Fault(
                ("metadata", "name"), f"is {quoted(policy.metadata.name)}; the one baseline is called `default`"
            )
        if spec.priority is not None:
            raise Fault(
                ("spec", "priority"), "is not a field of the API", "there is one baseline, and it has no priority"
            )
    _check_subject(spec.subject)
    for side, rules in (("ingress", spec.ingress), ("egress", spec.egress)):
        _check_count(rules, _MOST[kind], ("spec", side))
        for index, rule in enumerate(rules or ()):
            _check_rule(kind, rule, side, actions, ("spec", side, index))


def _check_priority(priority: int | None) -> None:
    if priority is None:
        raise Fault(("spec", "priority"), "is missing; it is a number from 0 to 1000, lower ones are read first")
    if not 0 <= priority <= 1000:
        raise Fault(("spec", "priority"), f"is {quoted(priority)}; priorities are 0 to 1000")


def _check_count(things: Sequence[object] | None, most: int, pointer: Pointer) -> None:
    if things is not None and len(things) > most:
        raise Fault(pointer, f"has {len(things)} entries; {most} are the most")


def _one_of(part: Any, names: dict[str, str], pointer: Pointer, what: str) -> str:
    """The name of the one field that is set."""
    found = [name for name in names if getattr(part, name) not in (None, "", 0)]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"`{text}`" for text in names.values())
    raise Fault(
        pointer,
        f"has {' and '.join(f'`{names[n]}`' for n in found)}; {what} has one of them"
        if found
        else f"is empty; {what} has one of {listed}",
    )


def _check_subject(subject: Subject | None) -> None:
    at: Pointer = ("spec", "subject")
    if subject is None:
        raise Fault(at, "is missing", "`subject: {namespaces: {}}` is every pod of every namespace")
    _one_of(subject, {"namespaces": "namespaces", "pods": "pods"}, at, "a subject")
    if subject.namespaces is not None:
        check_selector(subject.namespaces, (*at, "namespaces"))
    if subject.pods is not None:
        _check_pods(subject.pods, (*at, "pods"))


def _check_pods(pods: NamespacedPods, at: Pointer) -> None:
    _check_selectors(((pods.namespace_selector, "namespaceSelector"), (pods.pod_selector, "podSelector")), at)
    if pods.pod_selector is None:
        raise Fault((*at, "podSelector"), "is missing", "`podSelector: {}` is every pod of these namespaces")


def _check_selectors(found: Sequence[tuple[LabelSelector | None, str]], at: Pointer) -> None:
    for selector, name in found:
        if selector is not None:
            check_selector(selector, (*at, name))


def _check_rule(kind: str, rule: Any, side: str, actions: tuple[str, ...], at: Pointer) -> None:
    most = _MOST[kind]
    if not isinstance(rule, (IngressRule, EgressRule, AdminIngressRule, AdminEgressRule)):
        raise Fault(at, "is empty; a rule has an `action` and its peers")
    if rule.action not in actions:
        listed = ", ".join(f"`{a}`" for a in actions)
        raise Fault((*at, "action"), f"is {quoted(rule.action)}; the actions are {listed}")
    if rule.name is not None and len(rule.name) > 100:
        raise Fault((*at, "name"), f"has {len(rule.name)} characters; names have 100 at most")
    peers = rule.from_ if isinstance(rule, (IngressRule, AdminIngressRule)) else rule.to
    where = "from" if side == "ingress" else "to"
    if not peers:
        raise Fault((*at, where), "is empty; a rule has at least one peer", "`namespaces: {}` is every pod")
    _check_count(peers, most, (*at, where))
    for index, peer in enumerate(peers):
        _check_peer(kind, peer or Peer(), side, (*at, where, index))
    if isinstance(rule, (IngressRule, EgressRule)):
        _check_protocols(rule.protocols, most, (*at, "protocols"))
        named = any(p is not None and p.destination_named_port for p in rule.protocols or ())
    else:
        _check_ports(rule.ports, most, (*at, "ports"))
        named = any(p is not None and p.named_port for p in rule.ports or ())
    if named and any(p is not None and (p.networks or p.nodes or p.domain_names) for p in peers):
        raise Fault(at, "names a port beside `networks`, `nodes` or `domainNames`, which have no named ports")


def _check_peer(kind: str, peer: Peer | AdminPeer, side: str, at: Pointer) -> None:
    if peer.unknown:
        return
    fields = {"namespaces": "namespaces", "pods": "pods"}
    outside = {"nodes": "nodes", "networks": "networks", "domain_names": "domainNames"}
    if side == "ingress":
        for name, text in outside.items():
            if getattr(peer, name) is not None:
                raise Fault((*at, text), "is not a field of an ingress peer; those are `namespaces` and `pods`")
    _one_of(peer, fields if side == "ingress" else fields | outside, at, "a peer")
    if isinstance(peer.namespaces, LabelSelector):
        check_selector(peer.namespaces, (*at, "namespaces"))
    elif peer.namespaces is not None:
        _check_namespaces(peer.namespaces, (*at, "namespaces"))
    if isinstance(peer.pods, AdminPods):
        pods = peer.pods
        _check_selectors(
            ((pods.namespace_selector, "namespaceSelector"), (pods.pod_selector, "podSelector")), (*at, "pods")
        )
        if pods.namespaces is not None:
            if pods.namespace_selector is not None:
                raise Fault((*at, "pods"), "has `namespaces` and `namespaceSelector`, two forms of one field")
            _check_namespaces(pods.namespaces, (*at, "pods", "namespaces"))
        if pods.pod_selector is None:
            raise Fault(
                (*at, "pods", "podSelector"), "is missing", "`podSelector: {}` is every pod of these namespaces"
            )
    elif peer.pods is not None:
        _check_pods(peer.pods, (*at, "pods"))
    if peer.nodes is not None:
        check_selector(peer.nodes, (*at, "nodes"))
    for index, text in enumerate(peer.networks or ()):
        check_cidr(text, (*at, "networks", index), stored=True)
    if peer.domain_names is not None and kind == "BaselineAdminNetworkPolicy":
        raise Fault((*at, "domainNames"), "is not a field of the baseline's peers")
    for index, name in enumerate(peer.domain_names or ()):
        if _DOMAIN(name) is None:
            raise Fault(
                (*at, "domainNames", index), f"is {quoted(name)}, not a name such as `example.com` or `*.example.com`"
            )
    for text, listed in (("networks", peer.networks), ("domainNames", peer.domain_names)):
        _check_count(listed, 25, (*at, text))
        if listed is not None and len(set(listed)) < len(listed):
            raise Fault((*at, text), "lists one entry twice")


def _check_namespaces(namespaces: AdminNamespaces, at: Pointer) -> None:
    is_selector = namespaces.match_labels is not None or namespaces.match_expressions is not None
    old = {"namespace_selector": "namespaceSelector", "same_labels": "sameLabels", "not_same_labels": "notSameLabels"}
    found = [text for name, text in old.items() if getattr(namespaces, name) is not None]
    if len(found) > 1 or (found and is_selector):
        raise Fault(at, "has several fields of which one may be set: " + ", ".join(f"`{text}`" for text in found))
    if is_selector:
        selector = LabelSelector(match_labels=namespaces.match_labels, match_expressions=namespaces.match_expressions)
        check_selector(selector, at)
    if namespaces.namespace_selector is not None:
        check_selector(namespaces.namespace_selector, (*at, "namespaceSelector"))
    for text, labels in (("sameLabels", namespaces.same_labels), ("notSameLabels", namespaces.not_same_labels)):
        _check_count(labels, 100, (*at, text))


def _check_protocols(protocols: tuple[Protocol | None, ...] | None, most: int, at: Pointer) -> None:
    if protocols is not None and not protocols:
        raise Fault(at, "is empty; leave it out to match every protocol")
    _check_count(protocols, most, at)
    fields = {"tcp": "tcp", "udp": "udp", "sctp": "sctp", "destination_named_port": "destinationNamedPort"}
    for index, protocol in enumerate(protocols or ()):
        name = _one_of(protocol or Protocol(), fields, (*at, index), "an entry")
        if protocol is None or name == "destination_named_port":
            continue
        transport: Transport = getattr(protocol, name)
        if transport.destination_port is None:
            raise Fault((*at, index, name), "is empty; it has a `destinationPort`")
        _check_port(transport.destination_port, (*at, index, name, "destinationPort"))


def _check_port(port: Port, at: Pointer) -> None:
    _one_of(port, {"number": "number", "range": "range"}, at, "a port")
    if port.range is None:
        check_port_number(port.number, (*at, "number"))
    else:
        _check_range(port.range.start, port.range.end, (*at, "range"))


def _check_range(start: int, end: int, at: Pointer) -> None:
    check_port_number(start, (*at, "start"))
    check_port_number(end, (*at, "end"))
    if start >= end:
        raise Fault((*at, "end"), f"is {quoted(end)}, not above `start`, which is `{start}`")


def _check_ports(ports: tuple[AdminPort | None, ...] | None, most: int, at: Pointer) -> None:
    _check_count(ports, most, at)
    fields = {"port_number": "portNumber", "named_port": "namedPort", "port_range": "portRange"}
    for index, port in enumerate(ports or ()):
        name = _one_of(port or AdminPort(), fields, (*at, index), "an entry")
        if port is None:
            continue
        if port.port_number is not None:
            check_port_number(port.port_number.port, (*at, index, "portNumber", "port"))
            protocol = port.port_number.protocol
        elif port.port_range is not None:
            _check_range(port.port_range.start, port.port_range.end, (*at, index, "portRange"))
            protocol = port.port_range.protocol
        else:
            continue
        if protocol is not None:
            check_protocol(protocol, (*at, index, fields[name], "protocol"))
