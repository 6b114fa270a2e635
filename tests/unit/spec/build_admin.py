"""Admin policies for the tests of the reference evaluators, built from the structs directly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netwright.dialects.adminpolicy import objects as admin
from netwright.dialects.k8s import objects as k8s
from netwright.model.document import Decoded
from tests.unit.spec.build import ALL

# --- peers and subjects -----------------------------------------------------------------------------------------------


def namespaces(selector: k8s.LabelSelector = ALL) -> admin.Peer:
    return admin.Peer(namespaces=selector)


def pods(pods: k8s.LabelSelector = ALL, where: k8s.LabelSelector = ALL) -> admin.Peer:
    return admin.Peer(pods=admin.NamespacedPods(namespace_selector=where, pod_selector=pods))


def nodes(selector: k8s.LabelSelector = ALL) -> admin.Peer:
    return admin.Peer(nodes=selector)


def networks(*cidrs: str) -> admin.Peer:
    return admin.Peer(networks=cidrs)


def names(*patterns: str) -> admin.Peer:
    return admin.Peer(domain_names=patterns)


def newer(field: str = "services") -> admin.Peer:
    """A peer of which this version does not know the field."""
    return admin.Peer(unknown=(field,))


ANY = namespaces()


def subject(pods: k8s.LabelSelector, where: k8s.LabelSelector = ALL) -> admin.Subject:
    return admin.Subject(pods=admin.NamespacedPods(namespace_selector=where, pod_selector=pods))


def of_namespaces(selector: k8s.LabelSelector) -> admin.Subject:
    return admin.Subject(namespaces=selector)


EVERY_POD = of_namespaces(ALL)

# --- protocols --------------------------------------------------------------------------------------------------------


def at(*entries: int | str | tuple[int, int], protocol: str = "tcp") -> tuple[admin.Protocol, ...]:
    """Entries of a rule's `protocols`: a number, a name, or a range."""
    found = []
    for one in entries:
        if isinstance(one, str):
            found.append(admin.Protocol(destination_named_port=one))
            continue
        port = admin.Port(range=admin.PortRange(start=one[0], end=one[1])) if isinstance(one, tuple) else None
        transport = admin.Transport(destination_port=port or admin.Port(number=one))  # type: ignore[arg-type]
        found.append(admin.Protocol(**{protocol: transport}))
    return tuple(found)


# --- rules ------------------------------------------------------------------------------------------------------------


def come(action: str, *peers: Any, at: Sequence[admin.Protocol] | None = None) -> admin.IngressRule:
    return admin.IngressRule(action=action, from_=peers or (ANY,), protocols=tuple(at) if at else None)


def go(action: str, *peers: Any, at: Sequence[admin.Protocol] | None = None) -> admin.EgressRule:
    return admin.EgressRule(action=action, to=peers or (ANY,), protocols=tuple(at) if at else None)


def old_come(action: str, *peers: Any, at: Sequence[admin.AdminPort] | None = None) -> admin.AdminIngressRule:
    """An ingress rule of v1alpha1."""
    own = peers or (admin.AdminPeer(namespaces=admin.AdminNamespaces()),)
    return admin.AdminIngressRule(action=action, from_=own, ports=tuple(at) if at else None)


def old_go(action: str, *peers: Any, at: Sequence[admin.AdminPort] | None = None) -> admin.AdminEgressRule:
    own = peers or (admin.AdminPeer(namespaces=admin.AdminNamespaces()),)
    return admin.AdminEgressRule(action=action, to=own, ports=tuple(at) if at else None)


def old_namespaces(**fields: Any) -> admin.AdminPeer:
    """Namespaces as v1alpha1 selects them: `match_labels`, `namespace_selector`, `same_labels`, `not_same_labels`."""
    return admin.AdminPeer(namespaces=admin.AdminNamespaces(**fields))


# --- policies ---------------------------------------------------------------------------------------------------------


def cnp(
    name: str,
    *,
    priority: int = 10,
    tier: str = "Admin",
    who: admin.Subject = EVERY_POD,
    ingress: Sequence[Any] = (),
    egress: Sequence[Any] = (),
) -> Decoded:
    spec = admin.ClusterNetworkPolicySpec(
        tier=tier, priority=priority, subject=who, ingress=tuple(ingress), egress=tuple(egress)
    )
    value = admin.ClusterNetworkPolicy(kind="ClusterNetworkPolicy", metadata=k8s.Meta(name=name), spec=spec)
    return Decoded(kind="ClusterNetworkPolicy", namespace="", name=name, value=value)


def anp(
    name: str,
    *,
    priority: int | None = 10,
    who: admin.Subject = EVERY_POD,
    ingress: Sequence[Any] = (),
    egress: Sequence[Any] = (),
    kind: str = "AdminNetworkPolicy",
) -> Decoded:
    spec = admin.AdminNetworkPolicySpec(priority=priority, subject=who, ingress=tuple(ingress), egress=tuple(egress))
    value = admin.AdminNetworkPolicy(kind=kind, metadata=k8s.Meta(name=name), spec=spec)
    return Decoded(kind=kind, namespace="", name=name, value=value)


def banp(*, who: admin.Subject = EVERY_POD, ingress: Sequence[Any] = (), egress: Sequence[Any] = ()) -> Decoded:
    kind = "BaselineAdminNetworkPolicy"
    return anp("default", priority=None, who=who, ingress=ingress, egress=egress, kind=kind)
