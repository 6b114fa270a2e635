"""A secondary network as a cluster of its own: who has an interface there, and what MultiNetworkPolicy does to it.

Pods, templates and machines stand in it with their addresses on that network; Services, nodes and the pod network are
not there. After `docs/features/multiple-networks/{multi-homing,multi-network-policies}.md` and
`go-controller/pkg/ovn/multipolicy_helpers.go` of OVN-Kubernetes, and the README of multi-networkpolicy-nftables at
ef21d254b977.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from netwright.base.errors import UnknownReference, UsageError
from netwright.base.ipset import LINK_LOCAL, IpSet
from netwright.base.selectors import NEVER, Has, Not, Selector, conjunction, equals, one_of
from netwright.base.services import NONE
from netwright.base.spans import Origin
from netwright.dialects.k8s.endpoints import INSTANCE, EndpointBuilder, is_terminated, maker_of, template_of
from netwright.dialects.k8s.objects import Meta, Pod
from netwright.dialects.k8s.reading import Reading
from netwright.dialects.k8s.validate_syntax import read_cidr
from netwright.dialects.kubevirt import MACHINES
from netwright.dialects.multus import POLICY
from netwright.dialects.multus.attached import Attachment, addresses_asked, attachments, bare, told_addresses
from netwright.dialects.multus.objects import IPAMClaim, policy_for
from netwright.model.cluster import Cluster
from netwright.model.document import Decoded, UnknownPolicy
from netwright.model.networks import NetworkNoun, by_attachment
from netwright.model.rule import (
    ANYBODY,
    EVERY_SERVICE,
    Addresses,
    AndPeer,
    Direction,
    End,
    Enforcer,
    Kinds,
    Members,
    NotPeer,
    OrPeer,
    Peer,
    Rule,
    Tier,
    UnknownPeer,
    changed,
    either,
)
from netwright.profiles.multi_policies import HANDED_OVER, enforced_by, on_network
from netwright.profiles.networks import networks_of
from netwright.profiles.ovn_kubernetes import OVN_KUBERNETES
from netwright.profiles.primary_networks import Standing
from netwright.profiles.upstream import UPSTREAM

if TYPE_CHECKING:
    from netwright.dialects.kubevirt.objects import Interface

_OVERLAYS: Final = ("layer2", "layer3")
LINK: Final = "link-down"
"""The machine whose link is down, as an attribute of its endpoints."""
REPORTED: Final = "reported"
"""Of an endpoint whose address is reported by what attached it, or will be: a claim or the pod names it."""
GUEST: Final = "device-of-guest"
"""Of a machine on a network whose plugin hands devices over: its guest has one, and no policy acts at it."""
_REPORTED: Final = equals(REPORTED, "yes")
_DIRECTIONS: Final[tuple[Direction, Direction]] = ("ingress", "egress")
Key = tuple[str, str, str]


def found_network(objects: Sequence[Decoded], text: str) -> NetworkNoun:
    """The network that a reference names, or NAMESPACE/NAME of an attachment. Raises UnknownReference."""
    networks = networks_of(objects)
    by_ref = {n.ref: n for n in networks} | {"default": networks[0]}
    found = by_ref.get(text) or by_attachment(networks).get(text.removeprefix("nad/"))
    if found is not None:
        return found
    import difflib

    known = [*by_ref, *by_attachment(networks)]
    close = difflib.get_close_matches(text, known, n=2)
    meant = "did you mean " + " or ".join(f"`{one}`" for one in close) + "? " if close else ""
    raise UnknownReference(
        f"`{text}` is not a network of the input", help=f"{meant}`show networks` lists them, with their references"
    )


def on(objects: Sequence[Decoded], network: NetworkNoun, unknown: Sequence[UnknownPolicy]) -> Cluster:
    """The cluster of those that have an interface on a secondary network. Raises UsageError for a primary one."""
    if network.role == "primary":
        raise UsageError(
            f"`{network.ref}` is a primary network, and answers without `--network` are about these",
            help="leave `--network` out",
        )
    from netwright.profiles.segments import joined, segment_of

    segment = segment_of(network, networks_of(objects))
    if len(segment) > 1:
        network = joined(network, segment)
    there = _There(objects, network, is_segment=len(segment) > 1)
    how = enforced_by(network, objects)
    kept = there.objects()
    policies, notes = on_network(objects, network)
    profile = OVN_KUBERNETES if how.who == "ovn" else UPSTREAM
    held = (*kept, *(policies if how.who != "nobody" else ()))
    ranges = _ranges(network)
    reading = _reading(how.who)
    builder = EndpointBuilder(kept, IpSet.of(*ranges), IpSet(), reading=reading, of_networks=there.standing)
    columns = builder.columns()
    from netwright.profiles.compose import families_of

    sets = [columns.addresses_of(row) for row in range(columns.n)]
    known = [one for one, number in zip(sets, columns.address_set.tolist(), strict=True) if number < 0]
    v4, v6 = any(one.v4 for one in known), any(one.v6 for one in known)
    families, why = families_of(v4, v6, builder.pod_ranges, held)
    told = [f"verdicts are about the interfaces on {network.ref}: Services, nodes and the pod network are not there"]
    told += [how.says] if policies else []
    told += notes
    if not ranges and (columns.address_set >= 0).any():
        told.append("an interface without a known address may have any unicast address: nothing gives addresses there")
    opaque = tuple(u for u in unknown if u.kind in ("", POLICY))
    handed_over = network.topology in HANDED_OVER
    by_report = network.ipam == "none" and how.who != "ovn"
    return Cluster(
        profile=profile.name,
        columns=columns,
        enforcers=lambda: (
            *_walls(network, ranges, there, objects),
            *_policies(policies, how.who, how.says, opaque, by_report=by_report, handed_over=handed_over, there=there),
        ),
        families=families,
        workloads=builder.workloads,
        row_objects=tuple(builder.row_objects),
        row_ports=tuple(builder.row_ports),
        objects=held,
        unknown=opaque,
        pod_ranges=builder.pod_ranges,
        pod_cidrs=ranges,
        assumptions=(*told, *why),
        has_assumed_families=bool(why),
        network=network.ref,
        whole=tuple(objects),
    )


def _reading(who: str) -> Reading:
    """How policies are read. Who enforces them drops every protocol that no rule admits (`accept-icmp` of the programs
    on the nodes is not set by itself)."""
    return OVN_KUBERNETES.reading if who == "ovn" else Reading(beyond=NONE)


def _policies(
    policies: Sequence[Decoded],
    who: str,
    why: str,
    unknown: Sequence[UnknownPolicy],
    *,
    by_report: bool,
    handed_over: bool,
    there: _There,
) -> tuple[Enforcer, ...]:
    """What MultiNetworkPolicy does. `by_report`: selectors mean those whose address is reported; `handed_over`: guests
    have devices of their own. On a segment of several attachments a policy acts at those that it names."""
    from netwright.profiles.enforcers import NOT_READ, as_read, unknown_rules

    unread = unknown_rules(unknown)
    tiers = [Tier(name=NOT_READ, ties="any-order", rules=unread)] if unread else []
    if policies and who != "nobody":
        rules, ends = as_read(policies, (), _reading(who))
        if there.is_segment:
            by = {(d.namespace, d.name): there.attached_by(policy_for(d.value, d.namespace)) for d in policies}

            def on_it(origin: Origin) -> Selector:
                return by.get((origin.namespace, origin.name), NEVER)

            rules = tuple(_narrowed(rule, on_it(rule.origin)) for rule in rules)
            ends = tuple(replace(end, at=conjunction(end.at, on_it(end.origin))) for end in ends)
        if handed_over:
            rules = tuple(replace(rule, at=conjunction(rule.at, Not(Has(GUEST)))) for rule in rules)
            ends = tuple(replace(end, at=conjunction(end.at, Not(Has(GUEST)))) for end in ends)
        if by_report:
            rules = tuple(replace(rule, src=_reported(rule.src), dst=_reported(rule.dst)) for rule in rules)
        if who == "perhaps":
            rules = (*rules, *(_perhaps(number, end, why) for number, end in enumerate(ends)))
            ends = ()
        tiers.append(Tier(name=POLICY, ties="any-order", rules=rules, ends=ends))
    return (Enforcer(name="multi-network policy", tiers=tuple(tiers), default="allow", exempt=("self",)),)


def _reported(peer: Peer) -> Peer:
    """The peer, of whose selectors those count that have a reported address."""
    if isinstance(peer, Members):
        return Members(conjunction(peer.selector, _REPORTED))
    return either([_reported(part) for part in peer.parts]) if isinstance(peer, OrPeer) else peer


def _narrowed(rule: Rule, on: Selector) -> Rule:
    """A rule of a policy on a segment, of the endpoints there that its attachments connect."""

    def among(peer: Peer) -> Peer:
        return Members(conjunction(peer.selector, on)) if isinstance(peer, Members) else peer

    return replace(rule, at=conjunction(rule.at, on), src=changed(rule.src, among), dst=changed(rule.dst, among))


def _perhaps(number: int, end: End, why: str) -> Rule:
    """The isolation by a policy of which it is not known whether anybody enforces it."""
    nobody = UnknownPeer(why)
    return Rule(
        rank=1,
        policy=number,
        index=0,
        at=end.at,
        direction=end.direction,
        src=ANYBODY if end.direction == "ingress" else nobody,
        dst=nobody if end.direction == "ingress" else ANYBODY,
        service=EVERY_SERVICE,
        action="deny",
        origin=replace(end.origin, namespace=f"{end.origin.namespace}/{end.origin.name}", name=""),
    )


def _walls(
    network: NetworkNoun, ranges: Sequence[str], there: _There, objects: Sequence[Decoded]
) -> tuple[Enforcer, ...]:
    """What carries nothing: links of machines that are down; an overlay of OVN-Kubernetes, which connects its
    interfaces alone, to whatever is not of its ranges; and a bridge without a cable, from node to node."""
    walls: list[tuple[Selector, Peer, Origin]] = [
        (equals(LINK, machine), ANYBODY, origin) for machine, origin in there.down.items()
    ]
    if network.topology in _OVERLAYS and network.origin is not None and ranges:
        outside = AndPeer((Kinds(("external",)), NotPeer(Addresses(IpSet.of(*ranges)))))
        walls.append((equals("network", "pod"), outside, network.origin))
    if there.is_segment:
        from netwright.profiles.segments import apart

        walls += apart(network, there.places, objects)
    rules = [
        Rule(
            rank=0,
            policy=number,
            index=-1,
            at=at,
            direction=side,
            src=peer if side == "ingress" else ANYBODY,
            dst=ANYBODY if side == "ingress" else peer,
            service=EVERY_SERVICE,
            action="deny",
            origin=origin,
        )
        for number, (at, peer, origin) in enumerate(walls)
        for side in _DIRECTIONS
    ]
    if not rules:
        return ()
    tier = Tier(name="network", ties="ordered", rules=tuple(rules))
    return (Enforcer(name="network", tiers=(tier,), default="allow", exempt=("self",)),)


def _ranges(network: NetworkNoun) -> tuple[str, ...]:
    """The ranges that addresses there are of, as prefixes."""
    found = []
    for text in network.subnets:
        parts = text.rpartition("-")[2].split("/")
        try:
            found.append(str(read_cidr("/".join(parts[:2]))[0]))
        except ValueError:
            continue
    return tuple(found)


class _There:
    """Who is on a network."""

    def __init__(self, objects: Sequence[Decoded], network: NetworkNoun, *, is_segment: bool = False) -> None:
        self.is_segment = is_segment
        self.places: list[tuple[str, str]] = []
        """By which attachments, and on which nodes, endpoints are on a segment of several attachments."""
        self._all = objects
        self._network = network
        self._names = frozenset(network.attachments)
        self._by_key: dict[Key, Decoded] = {(d.kind, d.namespace, d.name): d for d in objects}
        self.down: dict[str, Origin] = {}
        """The machines whose link on the network is down, and where that is written."""

    def objects(self) -> list[Decoded]:
        """Namespaces; pods that are attached, and the workloads above them; workloads that are attached and of which
        the input has no pods."""
        pods: list[Decoded] = []
        has_pods: set[Key] = set()
        above: set[Key] = set()
        for d in self._all:
            if isinstance(d.value, Pod) and not is_terminated(d.value):
                on_node = d.value.spec is not None and d.value.spec.host_network
                is_there = not on_node and bool(self._asked(d.value.metadata, d.namespace))
                keys = set(self._above(d))
                has_pods |= keys
                if is_there:
                    pods.append(d)
                    above |= keys
        kept = [d for d in self._all if d.kind == "Namespace"]
        for d in self._all:
            key = (d.kind, d.namespace, d.name)
            if isinstance(d.value, Pod) or template_of(d) is None:
                continue
            if key in above or (key not in has_pods and self._is_attached(d)):
                kept.append(d)
        return [*kept, *pods]

    def _asked(self, meta: Meta | None, namespace: str) -> list[Attachment]:
        """The interfaces on the network that metadata of a pod ask for."""
        annotations = (meta.annotations if meta is not None else None) or {}
        return [one for one in attachments(annotations, namespace) if one.to in self._names]

    def _above(self, d: Decoded) -> Iterable[Key]:
        """Who makes an object, and who makes that."""
        at: Decoded | None = d
        while at is not None and (maker := maker_of(at)) is not None:
            key = (maker[0], d.namespace, maker[1])
            yield key
            at = self._by_key.get(key)

    def _is_attached(self, d: Decoded) -> bool:
        if d.kind in MACHINES:
            return bool(self._links(d))
        template = template_of(d)
        return bool(self._asked(template.metadata if template is not None else None, d.namespace))

    def _links(self, machine: Decoded) -> list[tuple[int, Interface]]:
        """The interfaces of a machine that are on the network, with their numbers."""
        return [(number, one) for _, number, one in self._named(machine)]

    def _named(self, machine: Decoded) -> list[tuple[str, int, Interface]]:
        """The same with the attachment of each."""
        from netwright.dialects.kubevirt.launcher import instance_of

        spec = instance_of(machine.value).spec
        named = {n.name: n.multus.network_name or "" for n in (spec.networks if spec else None) or () if n.multus}
        there = {name: text if "/" in text else f"{machine.namespace}/{text}" for name, text in named.items()}
        return [
            (there[one.name], number, one)
            for number, one in enumerate(spec.interfaces if spec else ())
            if there.get(one.name) in self._names
        ]

    def standing(self, d: Decoded, meta: Meta, namespace: str) -> Standing:
        """The addresses that an endpoint has on the network, and what it is told apart by there."""
        machine = self._machine(d)
        labels = self._link(machine) if machine is not None else ()
        if machine is not None and self._network.topology in HANDED_OVER:
            labels = (*labels, (":" + GUEST, "yes"))
        annotations = meta.annotations or {}
        if self.is_segment:
            labels = (*labels, *self._place(d, meta, namespace, machine))
        asked = self._asked(meta, namespace)
        ends: list[tuple[str, Sequence[str]]] = []
        for one in asked:
            names, called = (self._names, self._network.called) if len(asked) == 1 else (frozenset((one.to,)), "")
            told = told_addresses(annotations, names, called) if isinstance(d.value, Pod) else ()
            told = told if len(told) >= sum(other.to == one.to for other in asked) else ()
            ends.append((one.to, told or self._claimed(namespace, one.claim) or one.addresses))
        if machine is d:
            single = d.kind in ("VirtualMachine", INSTANCE)
            for at, _, link in self._named(d):
                ends.append((at, self._claimed(namespace, f"{d.name}.{link.name}") if single else ()))
        if ends and all(held for _, held in ends):
            labels = (*labels, (":" + REPORTED, "yes"))
        if machine is not None:
            ends = [(at, held or self._of_guest(machine, at)) for at, held in ends]
        # of several interfaces it is not known by which of them it is met
        known = [text for _, held in ends for text in held] if all(held for _, held in ends) else []
        return Standing(labels, IpSet.of(*known) if known else None)

    def _place(self, d: Decoded, meta: Meta, namespace: str, machine: Decoded | None) -> tuple[tuple[str, str], ...]:
        """By which attachments an endpoint is on the segment, and on which node."""
        from netwright.profiles.segments import ATTACHED, NODE

        names = {one.to for one in self._asked(meta, namespace)}
        if machine is d:
            names |= {at for at, _, _ in self._named(machine)}
        template = None if isinstance(d.value, Pod) else template_of(d)
        spec = d.value.spec if isinstance(d.value, Pod) else template.spec if template is not None else None
        value, node = ",".join(sorted(names)), (spec.node_name if spec is not None else "") or ""
        self.places.append((value, node))
        return ((":" + ATTACHED, value), *(((":" + NODE, node),) if node else ()))

    def attached_by(self, attachments: Collection[str]) -> Selector:
        """Those that are on a segment by one of these attachments."""
        from netwright.profiles.segments import ATTACHED

        values = tuple(dict.fromkeys(v for v, _ in self.places if not set(v.split(",")).isdisjoint(attachments)))
        return one_of(ATTACHED, values) if values else NEVER

    def _machine(self, d: Decoded) -> Decoded | None:
        """The machine that an object is, or that a launcher pod runs."""
        if not isinstance(d.value, Pod):
            return d if d.kind in MACHINES else None
        for kind, namespace, name in self._above(d):
            for key in ((kind, namespace, name), ("VirtualMachine", namespace, name)):
                if kind in MACHINES and key in self._by_key:
                    return self._by_key[key]
        return None

    def _of_guest(self, machine: Decoded, at: str) -> list[str]:
        """The addresses that a machine's instance reports of its interface on an attachment, else those that its
        template asks for; no network plugin is told of them."""
        from netwright.dialects.kubevirt.launcher import instance_of

        names = {one.name or "" for name, _, one in self._named(machine) if name == at}
        instance = self._by_key.get((INSTANCE, machine.namespace, machine.name), machine)
        status = instance.value.status if instance.kind == INSTANCE else None
        for one in (status.interfaces if status else None) or ():
            found = [bare(text) for text in (*(one.ip_addresses or ()), one.ip_address or "") if text]
            unicast = [text for text in dict.fromkeys(found) if text and not IpSet.of(text) <= LINK_LOCAL]
            if one.name in names and unicast:
                return unicast
        meta = instance_of(machine.value).metadata
        asked = addresses_asked((meta.annotations if meta else None) or {})
        return [text for name in names for one in asked.get(name, ()) if (text := bare(one))]

    def _link(self, machine: Decoded) -> tuple[tuple[str, str], ...]:
        from netwright.dialects.kubevirt.launcher import spec_pointer

        links = self._links(machine)
        if not links or any(one.state != "down" for _, one in links):
            return ()
        pointer = (*spec_pointer(machine.value), "domain", "devices", "interfaces", links[0][0], "state")
        name = f"{machine.namespace}/{machine.name}"
        self.down[name] = Origin(
            kind=machine.kind, namespace=machine.namespace, name=machine.name, pointer=pointer, place=machine.place
        )
        return ((":" + LINK, name),)

    def _claimed(self, namespace: str, name: str) -> list[str]:
        found = self._by_key.get(("IPAMClaim", namespace, name))
        status = found.value.status if found is not None and isinstance(found.value, IPAMClaim) else None
        return [text for one in (status.ips if status else None) or () if (text := bare(one))]
