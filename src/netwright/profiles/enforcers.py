"""Policies and a profile to the enforcers: which tiers there are, in which order, and where isolation stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from netwright.base.ipset import EVERYWHERE, IpSet
from netwright.base.selectors import ALWAYS, Not, Selector, conjunction, disjunction, equals, one_of
from netwright.base.spans import Origin, named
from netwright.dialects.adminpolicy import KINDS as ADMIN_KINDS
from netwright.dialects.calico import KINDS as CALICO_KINDS
from netwright.dialects.cilium import KINDS as CILIUM_KINDS
from netwright.dialects.k8s.lower import POD_NETWORK, lower_policies
from netwright.dialects.k8s.reading import Reading
from netwright.dialects.kubevirt import MACHINES
from netwright.dialects.multus import KINDS as ATTACHMENTS
from netwright.dialects.ovn import KINDS as OVN_KINDS
from netwright.dialects.ovn import NETWORKS as OVN_NETWORKS
from netwright.dialects.ovn import PRIMARY as OVN_PRIMARY
from netwright.model.document import Decoded, UnknownPolicy, kinds_of, of_kinds
from netwright.model.rule import (
    ANYBODY,
    EVERY_SERVICE,
    UNBOUND,
    Action,
    AndPeer,
    Direction,
    End,
    Enforcer,
    Kinds,
    Members,
    Obligation,
    Peer,
    Rule,
    Tier,
    UnknownPeer,
)
from netwright.profiles.profile import ISOLATION, NETWORK_POLICY, Profile

if TYPE_CHECKING:
    from netwright.dialects.istio.mesh import Mesh
    from netwright.dialects.kubevirt.lower import Machines
    from netwright.profiles.primary_networks import PrimaryNetworks

_DIRECTIONS: Final[tuple[Direction, Direction]] = ("ingress", "egress")
_POLICIES: Final = ("NetworkPolicy", *ADMIN_KINDS, *CILIUM_KINDS, *CALICO_KINDS, "HostEndpoint", *OVN_KINDS)
DEFINING: Final = (*OVN_NETWORKS, *ATTACHMENTS)
"""The kinds that define networks beside the pod network."""
NOT_READ: Final = "not read"
_OF_HOSTS: Final = ("CiliumClusterwideNetworkPolicy", "GlobalNetworkPolicy", "HostEndpoint")
_BESIDE: Final = {
    "EgressIP": "what its pods send outside the cluster has another source address",
    "EgressQoS": "it marks what its pods send outside the cluster",
}
"""Kinds that are read and decide nothing, and what they do."""


def enforcers(
    objects: Sequence[Decoded],
    profile: Profile,
    unknown: Sequence[UnknownPolicy],
    mesh: Mesh | None = None,
    any_pod: IpSet = EVERYWHERE,
) -> tuple[Enforcer, ...]:
    """The CNI, what keeps primary networks apart, the interfaces of machines that lose something, and a mesh where
    there is one, which the endpoints have been told; each must permit. `any_pod` are the addresses that a pod may
    have."""
    found = _of_cni(objects, profile, unknown)
    primary = primary_networks_of(objects, profile)
    if primary is not None:
        from netwright.profiles.open_ports import opened_ports

        opened = opened_ports(objects, {*primary.of_namespace, *primary.undecided}, any_pod)
        tiers = primary.seen(found[0].tiers, opened.addresses)
        if opened.ports:
            before = tuple(primary.before_policies(opened.ports))
            tiers = (Tier(name="open default ports", ties="any-order", rules=before), *tiers)
        found = (replace(found[0], tiers=tiers), *found[1:], primary.enforcer(opened.ports))
    machines = machines_of(objects)
    found = (*found, *(machines.enforcers() if machines is not None else ()))
    if mesh is not None:
        from netwright.dialects.istio.lower import lower_istio, through_the_tunnel

        found = tuple(replace(one, tiers=through_the_tunnel(one.tiers, mesh)) for one in found)
        found = (*found, lower_istio(mesh)) if mesh.policies else found
    overriding = tuple(_overriding_rules(unknown))
    if not overriding:
        return found
    tier = Tier(name=NOT_READ, ties="any-order", rules=overriding)
    led = tuple(replace(one, tiers=(tier, *one.tiers)) for one in found)
    return (*led, Enforcer(name=NOT_READ, tiers=(tier,), default="allow", exempt=("self",)))


def primary_networks_of(objects: Sequence[Decoded], profile: Profile) -> PrimaryNetworks | None:
    """The networks that pods have in the default one's place, where the input has any and the profile knows them."""
    if not profile.has_primary_networks or not of_kinds(objects, *DEFINING):
        return None
    from netwright.profiles.primary_networks import primary_networks

    return primary_networks(objects)


def machines_of(objects: Sequence[Decoded]) -> Machines | None:
    """KubeVirt's machines, where the input has any."""
    if not of_kinds(objects, *MACHINES):
        return None
    from netwright.dialects.kubevirt.lower import Machines

    return Machines(objects)


def _of_cni(objects: Sequence[Decoded], profile: Profile, unknown: Sequence[UnknownPolicy]) -> tuple[Enforcer, ...]:
    """The CNI with its tiers. What the profile does not enforce, and does not know to be without effect, leaves open
    what it could decide."""
    unread = unknown_rules((*unknown, *not_enforced(objects, profile)))
    if profile.enforcement == "never":
        tiers = [Tier(name=NOT_READ, ties="any-order", rules=unread)] if unread else []
        return (Enforcer(name="cni", tiers=tuple(tiers), default="allow", exempt=profile.exempt),)
    if profile.tiers == "calico":
        from netwright.profiles.calico_tiers import calico_enforcers

        return calico_enforcers(objects, profile, unread)
    reading = profile.reading
    rules, ends = as_read(of_kinds(objects, "NetworkPolicy"), objects, reading)
    ruled = {end.at for end in ends if end.direction == "ingress"}
    cilium = of_kinds(objects, *CILIUM_KINDS)
    if cilium and CILIUM_KINDS[0] in profile.kinds:
        from netwright.dialects.cilium.lower import lower_cilium

        found = lower_cilium(cilium, objects, reading)
        rules, ends, unread = (*rules, *found.rules), (*ends, *found.ends), (*unread, *found.of_nodes)
        ruled |= {at for side, at in found.subjects if side == "ingress"}
    rules = tuple(_softened(rules, ends, profile))
    if profile.own_node == "lets in":
        rules = (*rules, _own_node(POD_NETWORK, Origin(kind="OVNConfig", namespace="", name="management-port")))
    behind = profile.isolation == "behind all tiers"
    tiers = [Tier(name=NETWORK_POLICY, ties=profile.policy_ties, rules=rules, ends=() if behind else ends)]
    admin = [d for d in of_kinds(objects, *ADMIN_KINDS) if d.kind in profile.kinds and not _is_beyond(d, profile)]
    if admin:
        from netwright.dialects.adminpolicy.lower import lower_admin_policies

        lowered = lower_admin_policies(admin, objects, reading)
        first, last = (tuple(_softened(lowered[name], ends, profile)) for name in ("Admin", "Baseline"))
        tiers.insert(0, Tier(name="Admin", ties=profile.admin_ties, rules=first))
        tiers.append(Tier(name="Baseline", ties=profile.admin_ties, rules=last))
    if unread:
        tiers.insert(0, Tier(name=NOT_READ, ties="any-order", rules=unread))
        if profile.own_node == "lets in":  # whatever policies there are
            tiers.insert(0, Tier(name="own node", ties="ordered", rules=rules[-1:]))
    if behind:
        ruled |= {r.at for tier in tiers if tier.name != NOT_READ for r in tier.rules if r.direction == "ingress"}
        tiers.append(_isolation(profile, ends, ruled))
    cni = Enforcer(name="cni", tiers=tuple(tiers), default="allow", exempt=profile.exempt)
    return (cni, *_egress_firewalls(objects, profile))


def _egress_firewalls(objects: Sequence[Decoded], profile: Profile) -> tuple[Enforcer, ...]:
    """OVN-Kubernetes' egress firewall, where the input has one: it stands behind the CNI's policies, and nothing passes
    it by but what never leaves the pod."""
    firewalls = [d for d in of_kinds(objects, *OVN_KINDS) if d.kind in profile.kinds]
    if not firewalls:
        return ()
    from netwright.dialects.ovn.lower import lower_egress_firewalls

    rules = lower_egress_firewalls(firewalls, objects)
    tier = Tier(name="EgressFirewall", ties="ordered", rules=rules)
    return (Enforcer(name="egress firewall", tiers=(tier,), default="allow", exempt=("self",)),)


def _is_beyond(policy: Decoded, profile: Profile) -> bool:
    """Whether the plugin does not set up an AdminNetworkPolicy for its priority."""
    most = profile.most_priority
    if most is None or policy.kind != "AdminNetworkPolicy" or policy.value.spec is None:
        return False
    return (policy.value.spec.priority or 0) > most


def as_read(
    policies: Iterable[Decoded], objects: Sequence[Decoded], reading: Reading
) -> tuple[tuple[Rule, ...], tuple[End, ...]]:
    """The rules and ends of NetworkPolicies, as a network plugin reads them among `objects`."""
    return lower_policies(policies, reading, _host_pods(objects) if reading.hosts_by_address else ())


def _host_pods(objects: Sequence[Decoded]) -> list[dict[str, str]]:
    """The labels and the namespace of every pod that is on its node's network, as selectors compare them."""
    from netwright.dialects.k8s.endpoints import template_of
    from netwright.dialects.k8s.objects import Meta, Pod

    found = []
    for d in objects:
        pod = d.value if isinstance(d.value, Pod) else template_of(d)
        if pod is not None and pod.spec is not None and pod.spec.host_network:
            meta = pod.metadata or Meta()
            labels = {f"k8s:{key}": value or "" for key, value in (meta.labels or {}).items()}
            found.append({**labels, "ns": d.namespace})
    return found


def _softened(rules: Sequence[Rule], ends: Sequence[End], profile: Profile) -> Iterator[Rule]:
    """The rules, with what is owed set apart by whether anything isolates the endpoint."""
    for rule in rules:
        then = rule.then
        if then.text == then.unisolated:
            yield rule
            continue
        isolated: Selector = ALWAYS
        if profile.enforcement != "always":
            at = {end.at for end in ends if end.direction == rule.direction}
            isolated = disjunction(*sorted(at, key=repr))
            left = Obligation(then.unisolated, then.unisolated) if then.unisolated else UNBOUND
            yield replace(rule, at=conjunction(rule.at, Not(isolated)), then=left)
        yield replace(rule, at=conjunction(rule.at, isolated))


def not_enforced(objects: Sequence[Decoded], profile: Profile) -> Iterator[UnknownPolicy]:
    """The policies of the input that are another CNI's, and the networks on which nothing is evaluated yet."""
    for d, reason in policies_of_others(objects, profile):
        yield UnknownPolicy(
            kind=d.kind,
            namespaces=(d.namespace,) if d.namespace else (),
            hosts=d.kind in _OF_HOSTS,
            effect="deny" if d.kind in ("HostEndpoint", *OVN_KINDS) else "both",
            reason=reason,
        )
    if of_kinds(objects, *DEFINING) or any(map(_waits, of_kinds(objects, "Namespace"))):
        from netwright.profiles.primary_networks import unmet

        yield from unmet(objects, profile)


def policies_of_others(objects: Sequence[Decoded], profile: Profile) -> Iterator[tuple[Decoded, str]]:
    """The policies of the input that are another CNI's, and what is said of each."""
    for d in of_kinds(objects, *(k for k in _POLICIES if k not in (*profile.kinds, *profile.ignored))):
        yield d, f"{d.kind} `{named(d.namespace, d.name)}` is no policy of the profile `{profile.name}`"


def _waits(namespace: Decoded) -> bool:
    """Whether its pods have another primary network than the default one."""
    return OVN_PRIMARY in (namespace.value.metadata.labels or {})


def without_effect(objects: Sequence[Decoded], profile: Profile) -> tuple[str, ...]:
    """What is to be said of kinds that the profile's CNI does not read."""
    kinds = dict.fromkeys(d.kind for d in of_kinds(objects, *profile.ignored))
    told = [f"{kind} has no effect: the profile `{profile.name}` does not read it" for kind in kinds]
    held = kinds_of(objects)
    told += [f"{kind} changes no verdict: {what}" for kind, what in _BESIDE.items() if kind in held]
    if of_kinds(objects, *DEFINING):
        from netwright.profiles.primary_networks import told as of_networks

        told += of_networks(objects, profile)
    beyond = [d.name for d in of_kinds(objects, *ADMIN_KINDS) if _is_beyond(d, profile)]
    if beyond:
        listed = ", ".join(f"`{name}`" for name in beyond[:3]) + (" and more" if len(beyond) > 3 else "")
        told.append(
            f"AdminNetworkPolicy {listed} has no effect: the profile `{profile.name}` has priorities up to "
            f"{profile.most_priority}"
        )
    return tuple(told)


def _isolation(profile: Profile, ends: tuple[End, ...], ruled: set[Selector]) -> Tier:
    """The last tier: what isolates, and before it the own node, as far as it is let in: where all are isolated, only
    at the pods that have a rule."""
    rules: list[Rule] = []
    if profile.enforcement == "always":
        origin = Origin(kind="CiliumConfig", namespace="", name="enable-policy=always")
        more = [End(at=POD_NETWORK, direction=side, action="deny", origin=origin) for side in _DIRECTIONS]
        ends = (*ends, *more)
    if profile.own_node == "admitted":
        at = disjunction(*sorted(ruled, key=repr)) if profile.enforcement == "always" else POD_NETWORK
        rules.append(_own_node(at, Origin(kind="CiliumConfig", namespace="", name="allow-localhost")))
    return Tier(name=ISOLATION, ties="deny-first", rules=tuple(rules), ends=ends)


def _own_node(at: Selector, origin: Origin) -> Rule:
    """What lets a node in to its own pods."""
    return Rule(
        rank=0,
        policy=0,
        index=0,
        at=at,
        direction="ingress",
        src=Kinds(("own-node",)),
        dst=ANYBODY,
        service=EVERY_SERVICE,
        action="allow",
        origin=origin,
    )


def unknown_rules(unknown: Sequence[UnknownPolicy]) -> tuple[Rule, ...]:
    """What was not read and could act, as rules that match perhaps."""
    rules: list[Rule] = []
    for number, u in enumerate(unknown):
        if u.effect != "none":
            rules += _perhaps(number, u, _touched(u), UnknownPeer(u.reason))
    return tuple(rules)


def _overriding_rules(unknown: Sequence[UnknownPolicy]) -> Iterator[Rule]:
    """The same of what could change the verdict of any enforcer, whichever end of a packet it acts on."""
    for number, u in enumerate(unknown):
        if u.overrides:
            at, peer = _touched(u), UnknownPeer(u.reason)
            yield from _perhaps(number, u, at, peer)
            if u.namespaces or not u.hosts:
                yield from _perhaps(number, u, ALWAYS, AndPeer((Members(at), peer)))


def _touched(u: UnknownPolicy) -> Selector:
    where: Selector = one_of("ns", u.namespaces) if u.namespaces else ALWAYS
    at = conjunction(where, equals("network", "pod"))
    return disjunction(at, equals("network", "host")) if u.hosts else at


def _perhaps(number: int, u: UnknownPolicy, at: Selector, peer: Peer) -> Iterator[Rule]:
    actions: tuple[Action, ...] = ("deny",) if u.effect == "deny" else ("allow", "deny")
    for direction in _DIRECTIONS:
        for index, action in enumerate(actions):
            yield Rule(
                rank=0,
                policy=number,
                index=index,
                at=at,
                direction=direction,
                src=peer if direction == "ingress" else ANYBODY,
                dst=ANYBODY if direction == "ingress" else peer,
                service=EVERY_SERVICE,
                action=action,
                origin=Origin(kind=u.kind, namespace="", name=""),
            )
