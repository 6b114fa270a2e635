"""ClusterNetworkPolicies of Kubernetes as rules of Calico.

After `libcalico-go/lib/backend/k8s/conversion/clusternetworkpolicy.go` of Calico 3.32. A rule with a peer that it
does not know fails closed: Accept matches nothing, Deny and Pass deny everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netwright.dialects.adminpolicy.objects import (
    ClusterNetworkPolicy,
    EgressRule,
    IngressRule,
    NamespacedPods,
    Peer,
    Protocol,
    Subject,
    Transport,
)
from netwright.dialects.calico.entities import IN_NAMESPACE, IS_POD, OF_NAMESPACE, of_label_selector
from netwright.dialects.calico.grammar import Expression, both
from netwright.dialects.calico.objects import EntityRule, Rule
from netwright.dialects.calico.rules import Converted, Sections
from netwright.dialects.k8s.objects import LabelSelector
from netwright.model.document import Decoded

_ACTIONS: Final = {"Accept": "Allow", "Deny": "Deny", "Pass": "Pass"}
EVERYTHING_DENIED: Final = Rule(action="Deny")


def converted(policy: Decoded) -> tuple[Expression, Sections]:
    """Whom a ClusterNetworkPolicy is for, and its rules by direction."""
    value: ClusterNetworkPolicy = policy.value
    spec = value.spec
    assert spec is not None
    subject = spec.subject or Subject()
    pods = subject.pods or NamespacedPods(namespace_selector=subject.namespaces)
    where = both(_namespaces(pods.namespace_selector), _pods(pods.pod_selector))
    assert where is not None
    sections: Sections = {}
    for side, written in (("ingress", spec.ingress), ("egress", spec.egress)):
        rules = [(index, one) for index, rule in enumerate(written or ()) if rule for one in _rules(rule)]
        if rules:
            sections[side] = rules
    return where, sections


def _rules(rule: IngressRule | EgressRule) -> Iterator[Rule]:
    action = _ACTIONS[rule.action]
    peers = [peer for peer in (rule.from_ if isinstance(rule, IngressRule) else rule.to) or () if peer is not None]
    protocols = [one for one in rule.protocols or () if one is not None]
    if any(p.unknown or p.nodes is not None or p.domain_names is not None for p in peers):
        if action != "Allow":
            yield EVERYTHING_DENIED
        return
    ports = _ports(protocols)
    for peer in peers:
        for protocol, listed in ports:
            yield _rule(action, peer, protocol, listed, inward=isinstance(rule, IngressRule))


def _rule(action: str, peer: Peer, protocol: str | None, ports: tuple[str, ...] | None, *, inward: bool) -> Rule:
    networks = EntityRule(nets=peer.networks) if peer.networks else None
    tree: Expression | None = None
    if peer.pods is not None:
        tree = both(_namespaces(peer.pods.namespace_selector), _pods(peer.pods.pod_selector))
    elif peer.namespaces is not None:
        tree = _namespaces(peer.namespaces)
    at_port = EntityRule(ports=ports)
    if inward:
        return Converted(action=action, protocol=protocol, source=networks, destination=at_port, peer=tree)
    both_said = EntityRule(nets=peer.networks, ports=ports) if peer.networks else at_port
    return Converted(action=action, protocol=protocol, destination=both_said, peer=tree)


def _ports(protocols: list[Protocol]) -> list[tuple[str | None, tuple[str, ...] | None]]:
    """By protocol the ports (None: all of them); where nothing is said, any protocol. Names are of any."""
    found: dict[str, list[str] | None] = {}
    for one in protocols:
        for name, said in (("TCP", one.tcp), ("UDP", one.udp), ("SCTP", one.sctp)):
            if said is None:
                continue
            port = _port(said)
            if port is None:
                found[name] = None
            else:
                listed = found.setdefault(name, [])
                if listed is not None:
                    listed.append(port)
            break
    names = tuple(one.destination_named_port for one in protocols if one.destination_named_port)
    if not found and not names:
        return [(None, None)]
    of_any: list[tuple[str | None, tuple[str, ...] | None]] = [(None, names)] if names else []
    return of_any + [(name, None if listed is None else tuple(listed)) for name, listed in sorted(found.items())]


def _port(said: Transport) -> str | None:
    port = said.destination_port
    if port is None:
        return None
    if port.number:
        return str(port.number)
    return f"{port.range.start}:{port.range.end}" if port.range is not None else None


def _namespaces(selector: LabelSelector | None) -> Expression:
    return of_label_selector(selector, OF_NAMESPACE) or IN_NAMESPACE


def _pods(selector: LabelSelector | None) -> Expression:
    found = both(IS_POD, of_label_selector(selector))
    assert found is not None
    return found
