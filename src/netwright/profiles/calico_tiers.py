"""Calico's enforcers: the tiers of its policies with what nodes are exempt from, and what holds behind a pod's egress.

After `felix/rules` (static, endpoints) of Calico 3.32. What HostEndpoints do to packets of nodes, and policies with
applyOnForward to packets that pass through them, is left open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from netwright.base.selectors import ALWAYS, Has, Not, Selector, conjunction, disjunction, equals, one_of
from netwright.base.spans import Origin
from netwright.dialects.calico.lower import lower_calico
from netwright.dialects.calico.objects import GlobalNetworkPolicySpec
from netwright.dialects.k8s.endpoints import ON_NODE
from netwright.dialects.k8s.lower import POD_NETWORK
from netwright.model.document import Decoded
from netwright.model.rule import (
    ANYBODY,
    EVERY_SERVICE,
    UNGUARDED,
    Direction,
    Enforcer,
    Guard,
    Kinds,
    Members,
    NotPeer,
    OrPeer,
    Peer,
    Rule,
    Tier,
)
from netwright.profiles.calico_cluster_policies import converted
from netwright.profiles.profile import Profile

OWN_NODE: Final = Origin(kind="CalicoConfig", namespace="", name="host-to-own-pods")
HOST_ACTION: Final = Origin(kind="CalicoConfig", namespace="", name="default-endpoint-to-host-action")
HOST_FIREWALL: Final = "the node's own firewall lets it pass (`defaultEndpointToHostAction: Return`)"
HOST_ENDPOINT: Final = "the policies of the node's HostEndpoint let it pass"
FORWARDED: Final = "policies with applyOnForward let it pass at the node's HostEndpoint"
_OWN: Final = Kinds(("own-node",))
_HOSTS: Final = equals("network", "host")


def calico_enforcers(objects: Sequence[Decoded], profile: Profile, unread: tuple[Rule, ...]) -> tuple[Enforcer, ...]:
    """Calico, and behind it what a pod's own node does with the pod's packets."""
    found = lower_calico(objects, profile.reading, converted)
    tiers = list(found.tiers)
    unread = (*unread, *found.unplaced)
    if unread:
        tiers.insert(0, Tier(name="not read", ties="any-order", rules=unread))
    at_hosts = tuple(_host_endpoints(objects))
    if at_hosts:
        tiers.insert(0, Tier(name="host endpoints", ties="any-order", rules=at_hosts))
    tiers.insert(0, Tier(name="own node", ties="ordered", rules=(_rule("ingress", POD_NETWORK, _OWN, OWN_NODE),)))
    cni = Enforcer(name="cni", tiers=tuple(tiers), default="allow", exempt=profile.exempt)
    behind = tuple(_to_own_node(objects, profile))
    if not behind:
        return (cni,)
    tier = Tier(name="endpoint to host", ties="ordered", rules=behind)
    return cni, Enforcer(name="host", tiers=(tier,), default="allow", exempt=profile.exempt)


def _rule(
    direction: Direction, at: Selector, peer: Peer, origin: Origin, *, denies: bool = False, when: Guard = UNGUARDED
) -> Rule:
    inward = direction == "ingress"
    return Rule(
        rank=0,
        policy=0,
        index=0,
        at=at,
        direction=direction,
        src=peer if inward else ANYBODY,
        dst=ANYBODY if inward else peer,
        service=EVERY_SERVICE,
        when=when,
        action="deny" if denies else "allow",
        origin=origin,
    )


# --- from a pod to its node --------------------


def host_actions(objects: Sequence[Decoded], profile: Profile) -> dict[str, tuple[str, Decoded | None]]:
    """What becomes of packets from pods to their own node, by node; "" is every other one. An option of the profile
    holds before the FelixConfigurations `node.NAME` and `default` of the input."""
    if profile.host_action:
        return {"": (profile.host_action, None)}
    found: dict[str, tuple[str, Decoded | None]] = {"": ("Drop", None)}
    for d in objects:
        if d.kind != "FelixConfiguration" or d.value.spec is None:
            continue
        written = d.value.spec.default_endpoint_to_host_action
        if written and d.name == "default":
            found[""] = (written.capitalize(), d)
        elif written and d.name.startswith("node."):
            found[d.name.removeprefix("node.")] = (written.capitalize(), d)
    return found


def _to_own_node(objects: Sequence[Decoded], profile: Profile) -> Iterator[Rule]:
    actions = host_actions(objects, profile)
    named = tuple(node for node in actions if node)
    for node, (action, d) in actions.items():
        if action == "Accept":
            continue
        at: Selector = equals(ON_NODE, node) if node else Not(one_of(ON_NODE, named)) if named else ALWAYS
        when = Guard((HOST_FIREWALL,)) if action == "Return" else UNGUARDED
        yield _rule("egress", conjunction(at, POD_NETWORK), _OWN, _origin(d), denies=True, when=when)
    if any(action != actions[""][0] for action, _ in actions.values()):
        at = conjunction(Not(Has(ON_NODE)), POD_NETWORK)
        when = Guard(("the node of the pod has no `defaultEndpointToHostAction` of its own",))
        yield _rule("egress", at, _OWN, HOST_ACTION, denies=True, when=when)


def _origin(d: Decoded | None) -> Origin:
    if d is None:
        return HOST_ACTION
    pointer = ("spec", "defaultEndpointToHostAction")
    return Origin(kind=d.kind, namespace="", name=d.name, pointer=pointer, place=d.place)


# --- host endpoints --------------------


def _host_endpoints(objects: Sequence[Decoded]) -> Iterator[Rule]:
    """Rules that leave open what HostEndpoints decide: at their nodes, and, where policies look at forwarded packets
    too, at the pods there."""
    by_node: dict[str, Decoded] = {}
    for d in objects:
        if d.kind == "HostEndpoint" and d.value.spec is not None and d.value.spec.node:
            by_node.setdefault(d.value.spec.node, d)
    if not by_node:
        return
    first = next(iter(by_node.values()))
    sides: tuple[Direction, ...] = ("ingress", "egress")
    on_nodes = disjunction(one_of(ON_NODE, tuple(by_node)), Not(Has(ON_NODE)))
    for side in sides:
        for denies in (False, True):
            when = Guard((HOST_ENDPOINT,))
            yield _rule(side, conjunction(_HOSTS, on_nodes), ANYBODY, _of(first), denies=denies, when=when)
    if not any(_looks_at_forwarded(d) for d in objects):
        return
    for node, d in by_node.items():
        same = OrPeer((Members(conjunction(equals(ON_NODE, node), POD_NETWORK)), _OWN))
        at = conjunction(equals(ON_NODE, node), POD_NETWORK)
        for side in sides:
            yield _rule(side, at, NotPeer(same), _of(d), denies=True, when=Guard((FORWARDED,)))
    at = conjunction(Not(Has(ON_NODE)), POD_NETWORK)
    for side in sides:
        yield _rule(side, at, NotPeer(_OWN), _of(first), denies=True, when=Guard((FORWARDED,)))


def _of(d: Decoded) -> Origin:
    return Origin(kind=d.kind, namespace="", name=d.name, pointer=("spec", "node"), place=d.place)


def _looks_at_forwarded(d: Decoded) -> bool:
    spec = d.value.spec if d.kind == "GlobalNetworkPolicy" else None
    return isinstance(spec, GlobalNetworkPolicySpec) and bool(
        spec.apply_on_forward or spec.do_not_track or spec.pre_dnat
    )
