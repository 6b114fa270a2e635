"""Peers of the rules of Cilium's own policies: whom they match.

After Cilium 1.20.2: `mergeEndpointSelectors` in `pkg/policy/utils/parserules.go`, `pkg/policy/api/entity.go`,
`pkg/policy/k8s/service.go`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from netwright.dialects.cilium.objects import (
    EgressDenyRule,
    EgressRule,
    IngressDenyRule,
    IngressRule,
    K8sServiceSelector,
)
from netwright.dialects.cilium.objects import Service as ServicePeer
from netwright.dialects.k8s.objects import EndpointSlice, LabelSelector, Requirement, Service
from netwright.model.document import Decoded
from netwright.spec.addresses import address
from netwright.spec.adminpeers import NO, YES, Matched, any_of, matched
from netwright.spec.cilium_cidrs import ranges, within, written
from netwright.spec.cilium_identities import Identity, Scene
from netwright.spec.cilium_selectors import cilium_peer, selects_peer
from netwright.spec.labels import matches, plain
from netwright.spec.packet import Packet
from netwright.spec.reasons import API_SERVER, CLOUD, domain
from netwright.spec.services import SERVICE_NAME

AnyRule = IngressRule | IngressDenyRule | EgressRule | EgressDenyRule


def as_written(rule: AnyRule) -> tuple[Any, ...]:
    """The peers of a rule, to be compared with those of another."""
    if isinstance(rule, (IngressRule, IngressDenyRule)):
        listed: tuple[Any, ...] = (rule.from_endpoints, rule.from_cidr, rule.from_cidr_set, rule.from_entities)
        return (*listed, rule.from_groups, rule.from_nodes)
    names = rule.to_fqdns if isinstance(rule, EgressRule) else None
    listed = (rule.to_endpoints, rule.to_cidr, rule.to_cidr_set, rule.to_entities, rule.to_groups, rule.to_nodes)
    return (*listed, rule.to_services, names)


def peers_match(scene: Scene, rule: AnyRule, namespace: str, *, has_ports: bool) -> Matched:
    """Whether the other end is one of the rule's peers.

    A list that is there and empty means nobody. Without peers a rule means everybody if it has ports, else nobody. So
    does one whose `toServices` are not there, or that denies them: only rules that allow look them up.
    """
    identity, end = scene.peer, scene.peer_end
    endpoints: Sequence[LabelSelector] | None
    if isinstance(rule, (IngressRule, IngressDenyRule)):
        endpoints, cidrs, sets = rule.from_endpoints, rule.from_cidr, rule.from_cidr_set
        entities, groups, nodes = rule.from_entities, rule.from_groups, rule.from_nodes
    else:
        endpoints, cidrs, sets = rule.to_endpoints, rule.to_cidr, rule.to_cidr_set
        entities, groups, nodes = rule.to_entities, rule.to_groups, rule.to_nodes
    if any(listed is not None and not listed for listed in (endpoints, cidrs, sets, entities, nodes)):
        return NO
    cluster = scene.options.cluster_name
    found = [selects_peer(cilium_peer(one, namespace, cluster), identity) for one in endpoints or ()]
    found += [entity_matches(identity, one) for one in entities or ()]
    found += [within(scene, written(one)) for one in cidrs or ()]
    found += [within(scene, ranges(scene.packet, one)) for one in sets or ()]
    found += [matched("perhaps", CLOUD) if end.kind == "address" else NO for _ in groups or ()]
    if isinstance(rule, EgressRule):
        names = [one.match_name or one.match_pattern or "" for one in rule.to_fqdns or ()]
        if names:
            found.append(matched("perhaps", domain(names)) if end.kind == "address" else NO)
        for service in _services(scene.packet, rule.to_services):
            found += _behind(scene, identity, service, cluster)
    if not found:
        return YES if has_ports else NO
    return any_of(*found)


# --- entities ---------------------------------------------------------------------------------------------------------


def entity_matches(identity: Identity, entity: str) -> Matched:
    """Whether the end is of the entity. init, health, ingress, unmanaged and none mean nobody who is in the input.

    Which end the API server is the input does not say. That it is of `cluster` makes no address one of it: that would
    leave every address open.
    """
    if entity == "all":
        return YES
    if entity == "kube-apiserver":
        return NO if identity.kind == "pod" else matched("perhaps", API_SERVER)
    of = {
        "cluster": ("pod", "host", "remote-node"),
        "cluster-mesh": ("pod", "host", "remote-node"),
        "host": ("host",),
        "remote-node": ("remote-node",),
        "world": ("world",),
    }.get(entity, ())
    if identity.kind in of:
        return YES
    return YES if entity.startswith("world-") and ("reserved", entity) in identity.labels else NO


# --- services ---------------------------------------------------------------------------------------------------------


def _services(packet: Packet, peers: Sequence[ServicePeer] | None) -> Iterator[Decoded]:
    for peer in peers or ():
        for one in packet.objects:
            if isinstance(one.value, Service) and _is_meant(peer, one):
                yield one


def _is_meant(peer: ServicePeer, service: Decoded) -> bool:
    """By name or by labels; without a namespace a Service of every one. Where both are written, by labels."""
    if peer.k8s_service_selector is not None:
        asked: K8sServiceSelector = peer.k8s_service_selector
        labels = plain(service.value.metadata.labels)
        return asked.namespace in (None, "", service.namespace) and matches(_bare(asked.selector), labels)
    named = peer.k8s_service
    if named is None:
        return False
    return named.namespace in (None, "", service.namespace) and named.service_name == service.name


def _bare(selector: LabelSelector | None) -> LabelSelector | None:
    """The selector without the sources of its keys: a Service's labels have none."""
    if selector is None:
        return None
    labels = {key.rpartition(":")[2]: value for key, value in (selector.match_labels or {}).items()}
    expressions = tuple(
        Requirement(key=one.key.rpartition(":")[2], operator=one.operator, values=one.values)
        for one in selector.match_expressions or ()
        if one is not None
    )
    return LabelSelector(match_labels=labels, match_expressions=expressions)


def _behind(scene: Scene, identity: Identity, service: Decoded, cluster: str) -> list[Matched]:
    """A Service with a selector means the pods that it selects, ready or not, whatever its ports; one without means the
    addresses of its EndpointSlices, which are ranges like any other and match no pods."""
    selector = service.value.spec.selector if service.value.spec else None
    if selector:
        asked = cilium_peer(LabelSelector(match_labels=selector), service.namespace, cluster, "k8s")
        return [selects_peer(asked, identity)]
    return [within(scene, written(text)) for text in _slice_addresses(scene.packet, service)]


def _slice_addresses(packet: Packet, service: Decoded) -> Iterator[str]:
    for one in packet.objects:
        slice_ = one.value
        if not isinstance(slice_, EndpointSlice) or one.namespace != service.namespace:
            continue
        if plain(slice_.metadata.labels).get(SERVICE_NAME) != service.name or slice_.address_type == "FQDN":
            continue
        for entry in slice_.endpoints or ():
            if entry.conditions is None or entry.conditions.ready is not False:
                yield from (text for text in entry.addresses or () if address(text) is not None)
