"""Objects and a profile to a cluster: endpoints, and the enforcers with their tiers."""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_
from typing import TYPE_CHECKING

from msgspec.structs import replace

from netwright.base.ipset import Family, IpSet
from netwright.dialects.adminpolicy import KINDS as ADMIN_KINDS
from netwright.dialects.calico import KINDS as CALICO_KINDS
from netwright.dialects.cilium import KINDS as CILIUM_KINDS
from netwright.dialects.gateway import ROUTES as GATEWAY_ROUTES
from netwright.dialects.istio import POLICIES as ISTIO_POLICIES
from netwright.dialects.istio.options import is_meshed
from netwright.dialects.k8s.edit import Edit, apply
from netwright.dialects.k8s.endpoints import EndpointBuilder
from netwright.dialects.k8s.generated import MOST_ORDINALS, mentioned
from netwright.dialects.k8s.ingresses import lower_ingresses
from netwright.dialects.k8s.services import lower_services, service_addresses
from netwright.dialects.openshift import KINDS as OPENSHIFT_ROUTES
from netwright.dialects.ovn import KINDS as OVN_KINDS
from netwright.model.cluster import Cluster, IngressRoute, ServiceNoun, ServicePortNoun, UnreadRoute
from netwright.model.columns import Columns
from netwright.model.document import Decoded, Objects, UnknownPolicy, of_kinds
from netwright.model.networks import POD
from netwright.profiles.enforcers import enforcers, machines_of, primary_networks_of, without_effect
from netwright.profiles.known import profile_of
from netwright.profiles.named_families import NAMING, named_families
from netwright.profiles.profile import Profile
from netwright.profiles.upstream import UPSTREAM

if TYPE_CHECKING:
    from netwright.dialects.istio.mesh import Mesh

_BY_NODE = ("HostEndpoint", "FelixConfiguration")
"""Kinds that act on nodes by name, and so on the pods there."""
ANY_ADDRESS = (
    "a pod without a known address may have any unicast address but loopback, link-local and those of known nodes and "
    "Services (`--pod-cidr` narrows it)"
)


def compose(
    objects: Sequence[Decoded],
    *,
    profile: Profile = UPSTREAM,
    unknown: Sequence[UnknownPolicy] = (),
    pod_cidrs: Sequence[str] = (),
    unread_routes: Sequence[UnreadRoute] = (),
    like: Cluster | None = None,
) -> Cluster:
    """The cluster these objects make under a profile. Raises ValueError for a malformed pod CIDR.

    `like`: a cluster of which everything else was the same; where only NetworkPolicies differ, what hangs on none of
    them is taken from there.
    """
    held = Objects.of(objects)
    others = Objects([d for d in held if d.kind != "NetworkPolicy"])
    named = mentioned(of_kinds(held, "NetworkPolicy"))
    beside = like.beside if like is not None else None
    if beside is None or beside.told_apart != named or not _are_same(beside.objects, others):
        beside = _beside(others, profile, unknown, pod_cidrs, unread_routes, named)
    families, why = (
        families_of(False, False, beside.pod_ranges, held) if beside.has_assumed_families else (beside.families, ())
    )
    return beside.with_policies(
        held,
        lambda: enforcers(held, profile, unknown, beside.mesh, beside.any_pod),
        families=families,
        assumptions=(*profile.assumptions, *without_effect(held, profile), *why, *beside.assumptions),
    )


def _are_same(some: Sequence[Decoded], others: Sequence[Decoded]) -> bool:
    return len(some) == len(others) and all(map(is_, some, others))


def _beside(
    objects: tuple[Decoded, ...],
    profile: Profile,
    unknown: Sequence[UnknownPolicy],
    pod_cidrs: Sequence[str],
    unread_routes: Sequence[UnreadRoute],
    named: frozenset[str],
) -> Cluster:
    """What objects make of a cluster, of which none is a NetworkPolicy; `named` are the generated labels that these
    name. Its assumptions are those of its endpoints."""
    given = IpSet.of(*pod_cidrs)
    mesh = _mesh(objects, profile)
    of_mesh = mesh.attributes if mesh is not None else None
    machines = machines_of(objects)
    of_machines = machines.attributes if machines is not None else None
    pod_keys, node_keys = _told_apart(objects)
    primary = primary_networks_of(objects, profile)
    builder = EndpointBuilder(
        objects,
        given,
        service_addresses(objects),
        pod_keys | named,
        node_keys,
        profile.reading,
        of_mesh,
        of_machines,
        primary.of_endpoint if primary is not None else None,
    )
    columns = builder.columns()
    has_v4, has_v6 = bool(columns.has_v4.any()), bool(columns.has_v6.any())
    for possible in columns.address_sets if primary is not None else ():
        if possible is not builder.any_pod:
            has_v4, has_v6 = has_v4 or bool(possible.v4), has_v6 or bool(possible.v6)
    families, why = families_of(has_v4, has_v6, builder.pod_ranges, objects)
    assumptions = []
    if not builder.has_all_ranges and (columns.address_set >= 0).any():
        assumptions.append(ANY_ADDRESS)
    for name in builder.not_counted:
        told = f"sts/{name} has more than {MOST_ORDINALS} replicas: which of its pods a label selects is left undecided"
        assumptions.append(told)
    row_objects = tuple(builder.row_objects)
    row_ports = tuple(builder.row_ports)
    return Cluster(
        profile=profile.name,
        columns=columns,
        enforcers=lambda: enforcers(objects, profile, unknown, mesh, builder.any_pod),
        mesh=mesh,
        isolation=primary.isolation if primary is not None else None,
        families=families,
        workloads=builder.workloads,
        row_objects=row_objects,
        row_ports=row_ports,
        objects=objects,
        unknown=tuple(unknown),
        pod_ranges=builder.pod_ranges,
        any_pod=builder.any_pod,
        pod_cidrs=tuple(pod_cidrs),
        assumptions=tuple(assumptions),
        has_assumed_families=bool(why),
        services=lambda: _with_unread(lower_services(objects, columns, row_ports, row_objects), unknown),
        ingresses=lambda: _routes(objects, columns, row_objects),
        unread_routes=tuple(unread_routes),
        told_apart=named,
    )


def _mesh(objects: Sequence[Decoded], profile: Profile) -> Mesh | None:
    """The mesh, where there is one."""
    if not is_meshed(objects, profile.mesh):
        return None
    from netwright.dialects.istio.mesh import Mesh

    return Mesh(objects, profile.mesh)


def _with_unread(services: tuple[ServiceNoun, ...], unknown: Sequence[UnknownPolicy]) -> tuple[ServiceNoun, ...]:
    """The Services, of which those that could lead to what was not read say so."""
    bringing: dict[str, list[UnknownPolicy]] = {}
    for u in unknown:
        for namespace in (u.namespaces or ("",)) if u.effect == "none" else ():
            bringing.setdefault(namespace, []).append(u)
    if not bringing:
        return services
    wide = bringing.get("", [])
    return tuple(_perhaps_led(s, [*bringing.get(s.namespace, ()), *wide]) for s in services)


def _perhaps_led(service: ServiceNoun, bringing: Sequence[UnknownPolicy]) -> ServiceNoun:
    leading = [u for u in bringing if not u.kind or (service.selected is None) == (u.kind == "EndpointSlice")]
    if not leading or service.type == "ExternalName":
        return service
    beside = next((u.reason for u in leading if not u.instead), "")
    told = f"what it leads to may not be all in the input: {beside or leading[0].reason}"

    def perhaps(p: ServicePortNoun) -> ServicePortNoun:
        if not p.backends and not p.open:
            return replace(p, nowhere=f"{p.nowhere}, and {told}", open="unknown")
        return replace(p, more=f"{service.ref}: {told}") if p.backends and beside else p

    dialled = service.dialled and perhaps(service.dialled)
    sliced = tuple(map(perhaps, service.sliced))
    return replace(service, ports=tuple(map(perhaps, service.ports)), dialled=dialled, sliced=sliced)


def _routes(objects: Sequence[Decoded], columns: Columns, row_objects: Sequence[Decoded]) -> tuple[IngressRoute, ...]:
    """All ways in through proxies: those of Ingresses, of the Gateway API, of OpenShift."""
    found = lower_ingresses(objects, columns, row_objects)
    if of_kinds(objects, *GATEWAY_ROUTES):
        from netwright.dialects.gateway.lower import lower_routes as of_gateways

        found += of_gateways(objects)
    if of_kinds(objects, *OPENSHIFT_ROUTES):
        from netwright.dialects.openshift.lower import lower_routes as of_openshift

        found += of_openshift(objects)
    return found


def _told_apart(objects: Sequence[Decoded]) -> tuple[frozenset[str], frozenset[str] | None]:
    """By which labels of pods and of nodes policies beside NetworkPolicy select.

    What reads a language is imported where the input has it: a start costs nothing for the others.
    """
    pods: frozenset[str] = frozenset()
    nodes: frozenset[str] | None = None
    admin = of_kinds(objects, *ADMIN_KINDS)
    if admin:
        from netwright.dialects.adminpolicy.lower import mentioned_keys as of_admin_policies

        pods, nodes = of_admin_policies(admin)
    cilium = of_kinds(objects, *CILIUM_KINDS)
    if cilium:
        from netwright.dialects.cilium.lower import mentioned_keys as of_cilium

        pods |= of_cilium(cilium)
    calico = of_kinds(objects, *CALICO_KINDS)
    if calico:
        from netwright.dialects.calico.mentions import mentioned_keys as of_calico

        pods |= of_calico(calico)
    istio = of_kinds(objects, *ISTIO_POLICIES)
    if istio:
        from netwright.dialects.istio.selectors import mentioned_keys as of_istio

        pods |= of_istio(istio)
    if of_kinds(objects, *_BY_NODE):
        nodes = nodes or frozenset()
    firewalls = of_kinds(objects, *OVN_KINDS)
    if firewalls:
        from netwright.dialects.ovn.lower import mentioned_keys as of_ovn

        selected = of_ovn(firewalls)
        nodes = selected if nodes is None else nodes | (selected or frozenset())
    return pods, nodes


def recompose(cluster: Cluster, edits: Sequence[Edit]) -> Cluster:
    """The cluster with its objects edited. Columns are kept where only policies differ."""
    if cluster.network != POD:
        from netwright.profiles.secondary import found_network, on

        whole = apply(cluster.whole, edits)
        return on(whole, found_network(whole, cluster.network), cluster.unknown)
    objects = apply(cluster.objects, edits)
    profile = profile_of(cluster.profile)
    # an edited admin policy may select by labels that no column tells apart
    if not all(d.kind == "NetworkPolicy" for edit in edits for d in edit.touched):
        return compose(
            objects,
            profile=profile,
            unknown=cluster.unknown,
            pod_cidrs=cluster.pod_cidrs,
            unread_routes=cluster.unread_routes,
        )
    return cluster.with_policies(
        objects,
        lambda: enforcers(objects, profile, cluster.unknown, cluster.mesh, cluster.any_pod),
        families=cluster.families,
        assumptions=cluster.assumptions,
    )


def families_of(
    has_v4: bool, has_v6: bool, ranges: IpSet, objects: Sequence[Decoded]
) -> tuple[tuple[Family, ...], tuple[str, ...]]:
    """The address families of the cluster: what its pod ranges say, else pod addresses, Services and policies."""
    if ranges:
        found = {4} if ranges.v4 else set()
        found |= {6} if ranges.v6 else set()
        found |= ({4} if has_v4 else set()) | ({6} if has_v6 else set())
    else:
        found = ({4} if has_v4 else set()) | ({6} if has_v6 else set())
        for d in of_kinds(objects, "Service"):
            if d.value.spec and d.value.spec.ip_families:
                found.update(6 if family == "IPv6" else 4 for family in d.value.spec.ip_families)
    families: tuple[Family, ...] = tuple(f for f in (4, 6) if f in found)
    if families:
        return families, ()
    if any(6 in named_families(d) for d in of_kinds(objects, *NAMING)):
        return (4, 6), ("the cluster's pods have IPv4 and IPv6 addresses (only policies name a family)",)
    return (4,), ("the cluster's pods have IPv4 addresses (nothing in the input names a family)",)
