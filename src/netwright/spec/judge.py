"""The judge: a packet, all policies, what may become of it.

Each end is judged by its own policies, tier after tier, in the order of the API document of ClusterNetworkPolicy:
Admin, NetworkPolicy, Baseline; what no tier decides is allowed. Then what was not read is laid over it. Where the
documents leave something open, the verdict is undecided and says why. Choices of the `upstream` profile are marked so;
under `cilium` and `calico` each end is judged by the module of that name, which has an order of its own;
`ovn-kubernetes` reads NetworkPolicies in its own way (`spec.ovn`). Beside the CNI may stand a mesh, an egress firewall
and the interfaces of machines: each enforcer must permit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

import msgspec

from netwright.dialects.k8s.objects import Pod
from netwright.model.document import Decoded, UnknownPolicy
from netwright.spec import adminpolicy, guests, networkpolicy
from netwright.spec.ends import End, end_of
from netwright.spec.istio_mesh import MESH_DEFAULTS, MeshOptions, is_meshed
from netwright.spec.judgement import Cited, Direction, Judgement, Outcome, Reason, Side, any_side
from netwright.spec.packet import NoSuchPacket, Packet
from netwright.spec.reasons import HAIRPIN, MASQUERADED, OWN_NODE, PRIMARY, TUNNEL
from netwright.spec.unread import opened, touches

if TYPE_CHECKING:
    from netwright.spec.calico_members import CalicoOptions
    from netwright.spec.cilium_identities import CiliumOptions
    from netwright.spec.networks import Net
    from netwright.spec.ovn import OvnOptions

__all__ = [
    "Cited",
    "Direction",
    "Judgement",
    "MeshOptions",
    "NoSuchPacket",
    "Profile",
    "Reason",
    "Side",
    "judge",
]

Profile = Literal["upstream", "cilium", "calico", "ovn-kubernetes"]
Options: TypeAlias = "CiliumOptions | CalicoOptions | OvnOptions"
ByCni = Callable[[Packet, Direction], Side]
Nets: TypeAlias = "tuple[Net | None, Net | None]"
Told = Callable[..., Judgement]

POD = "pod"
"""The network that every end is on."""

Tier = Callable[[Packet, Direction, End], Outcome]
TIERS: tuple[Tier, ...] = (adminpolicy.admin, networkpolicy.tier, adminpolicy.baseline)


def judge(
    objects: Sequence[Decoded],
    src: Decoded | str,
    dst: Decoded | str,
    *,
    protocol: int,
    port: int,
    family: Literal[4, 6],
    pod_ranges: Sequence[str] = (),
    unknown: Sequence[UnknownPolicy] = (),
    same_pod: bool = False,
    translated: bool = False,
    profile: Profile = "upstream",
    options: Options | None = None,
    mesh: MeshOptions = MESH_DEFAULTS,
    network: str = POD,
    service: Decoded | None = None,
    by_outer_address: bool = False,
    primary_networks: bool = False,
) -> Judgement:
    """Whether a new connection from `src` to `dst` may be allowed, may be denied, and by which rules.

    `src` and `dst` are pods, workloads or CronJobs (a pod of their template), Nodes, or addresses that are neither a
    pod's nor a node's. `protocol` is the IANA number, `port` the destination port (ICMP: type << 8 | code). One
    workload twice means two pods of it, unless `same_pod`; `translated`: a Service led the packet there. `profile` is
    who enforces the policies, `options` how it is set up (None: as it comes), and `mesh` how a mesh is. `network` is
    the one that carries the packet: POD is each end's primary one, which under `ovn-kubernetes` may be user-defined;
    `service` is the Service that led it there, dialled perhaps by an address that is not the cluster's own
    (`by_outer_address`). Without `primary_networks` all are on
    the default one. Raises NoSuchPacket (a ValueError) where an end has no address of the
    family, or none on the network, and ValueError where a CIDR or a selector is one that the API server would reject.
    """
    if network != POD:
        from netwright.spec.networks import network_of

        net = network_of(objects, network)
        if net is None:
            raise ValueError(f"there is no network `{network}`")
        if not net.primary:
            from netwright.spec import secondary

            ends = {"protocol": protocol, "port": port, "family": family, "same_pod": same_pod}
            return secondary.judged(objects, net, src, dst, **ends)  # type: ignore[arg-type]
    told = partial(
        _judged,
        protocol=protocol,
        port=port,
        family=family,
        pod_ranges=pod_ranges,
        unknown=unknown,
        same_pod=same_pod,
        translated=translated,
        profile=profile,
        options=options,
        mesh=mesh,
        service=service,
        by_outer_address=by_outer_address,
    )
    if not primary_networks:
        return told(objects, src, dst)
    from netwright.spec import primary
    from netwright.spec.networks import has_primaries, primaries

    if not has_primaries(objects):
        return told(objects, src, dst)
    # a Service is there on the network of its namespace, whoever stands behind it
    there = primary.candidates(objects, dst)
    if service is not None and translated and isinstance(src, Decoded):
        there = primaries(objects, service.namespace)
    found = [(a, b) for a in primary.candidates(objects, src) for b in there]
    if src is dst or _in_one_namespace(objects, src, dst):
        found = [(a, b) for a, b in found if (a and a.ref) == (b and b.ref)]
    if network != POD:
        found = [(a, b) for a, b in found if a and b and a.ref == b.ref == network]
    return _any_of([(objects, src, dst, pair) for pair in found], told)


def _in_one_namespace(objects: Sequence[Decoded], src: Decoded | str, dst: Decoded | str) -> bool:
    """Whether both are pods of one namespace, and so on one primary network."""
    if isinstance(src, str) or isinstance(dst, str) or src.namespace != dst.namespace:
        return False
    return end_of(objects, src).kind == end_of(objects, dst).kind == "pod"


def _any_of(asked: Sequence[tuple[Sequence[Decoded], Decoded | str, Decoded | str, Nets]], told: Told) -> Judgement:
    """What becomes of the packet where it is not known which primary networks the ends are on."""
    found: list[Judgement] = []
    missing = NoSuchPacket("the ends are not both on the network")
    for one in asked:
        try:
            found.append(told(*one))
        except NoSuchPacket as error:
            missing = error
    if not found:
        raise missing
    if len(found) == 1:
        return found[0]
    may_allow, may_deny = any(one.may_allow for one in found), any(one.may_deny for one in found)
    differ = len({(one.may_allow, one.may_deny) for one in found}) > 1
    reasons = dict.fromkeys((*(r for one in found for r in one.reasons), *((PRIMARY,) if differ else ())))
    return Judgement(
        may_allow=may_allow,
        may_deny=may_deny,
        egress=any_side([one.egress for one in found], PRIMARY),
        ingress=any_side([one.ingress for one in found], PRIMARY),
        reasons=tuple(reasons) if may_allow and may_deny else (),
        by=tuple(dict.fromkeys(cited for one in found for cited in one.by)),
        relation=found[0].relation if len({one.relation for one in found}) == 1 else "",
        beside=tuple(dict.fromkeys(side for one in found for side in one.beside)),
    )


def _judged(
    objects: Sequence[Decoded],
    src: Decoded | str,
    dst: Decoded | str,
    nets: Nets = (None, None),
    *,
    protocol: int,
    port: int,
    family: Literal[4, 6],
    pod_ranges: Sequence[str],
    unknown: Sequence[UnknownPolicy],
    same_pod: bool,
    translated: bool,
    profile: Profile,
    options: Options | None,
    mesh: MeshOptions,
    service: Decoded | None,
    by_outer_address: bool,
) -> Judgement:
    """The same for a packet between the primary networks `nets`."""
    asked = _by_cni(profile, options, unknown)
    in_tiers = unknown if profile != "calico" else ()  # of Calico's sides they are a part
    if profile == "ovn-kubernetes":
        from netwright.spec import egressfirewall, ovn

        objects = ovn.enforced(objects)
    ends, opened = None, False
    if nets != (None, None):
        from netwright.spec import ovn, primary

        opened = not translated and primary.enters_by_open_port(src, nets[0], dst, nets[1], protocol, port)
        ends = primary.end_on(objects, src, nets[0]), primary.end_on(objects, dst, None if opened else nets[1])
        if not primary.selects_pods(objects, *nets):
            asked = partial(_by_tiers, tiers=(adminpolicy.admin, ovn.tier_without_pods, adminpolicy.baseline))
    packet = Packet(objects, src, dst, protocol=protocol, port=port, family=family, pod_ranges=pod_ranges, ends=ends)
    seen, beside = _meshed(packet, mesh)
    if profile == "ovn-kubernetes" and (firewall := egressfirewall.side(packet)) is not None:
        beside = (firewall, *beside)
    beside = (*guests.sides(packet), *beside)
    egress = _seen(seen, "egress", in_tiers, asked)
    ingress = Side(direction="ingress") if opened else _seen(seen, "ingress", in_tiers, asked)
    if nets != (None, None):
        led = service if translated else None
        if led is None or not primary.leaves_its_network(packet, *nets, service=led, by_outer_address=by_outer_address):
            beside = (*primary.sides(packet, *nets, service=led, opened=opened), *beside)
        elif any(side.isolated or side.reached or side.allowing for side in (egress, ingress)):
            if not primary.lets_nothing_out(egress) and not any(side.may_allow is False for side in beside):
                egress, ingress = _perhaps_let_in(egress), _perhaps_let_in(ingress)

    # No policy cuts a pod from itself, nor from the node it runs on, in either direction. Under Cilium and Calico there
    # are some about the own node, and the sides have seen to it; a mesh knows nodes as any clients.
    relation: Literal["", "self", "own node"] = ""
    if same_pod or (src is dst and isinstance(src, Decoded) and isinstance(src.value, Pod)):
        relation = "self"
    elif _spares_own_node(packet, profile):
        if not packet.source.node or not packet.destination.node:
            egress, ingress = _perhaps_own_node(egress), _perhaps_own_node(ingress)
        elif packet.source.node == packet.destination.node:
            relation = "own node"
    if relation:
        egress, ingress = _exempt(egress), _exempt(ingress)
        if relation == "self" and translated and packet.source.kind == "pod":
            return Judgement(
                may_allow=True, may_deny=True, egress=egress, ingress=ingress, reasons=(HAIRPIN,), relation=relation
            )

    # Both ends must permit, by every enforcer: the source's egress policies and the destination's ingress policies.
    told = Judgement(may_allow=True, may_deny=False, egress=egress, ingress=ingress, relation=relation, beside=beside)
    may_allow = all(side.may_allow for side in told.sides)
    may_deny = any(side.may_deny for side in told.sides)
    if not may_allow and not may_deny:
        raise AssertionError("a packet is either allowed or denied")
    open_sides = told.sides if may_allow and may_deny else ()
    told = msgspec.structs.replace(told, may_allow=may_allow, may_deny=may_deny)
    reasons = dict.fromkeys(reason for side in open_sides for reason in side.reasons)
    overriding = [u for u in unknown if u.overrides and any(touches(u, e) for e in (packet.source, packet.destination))]
    if overriding and relation != "self":
        reasons |= {Reason(kind="unknown", text=u.reason): None for u in overriding}
        told = msgspec.structs.replace(told, may_allow=True, may_deny=True, relation="")
    return msgspec.structs.replace(
        told,
        reasons=tuple(reasons),
        by=tuple(cited for side in told.deciding for cited in side.by),
    )


def _meshed(packet: Packet, options: MeshOptions) -> tuple[list[Packet], tuple[Side, ...]]:
    """The packet as the CNI may see it, and the mesh's side: where it is no mesh's, itself and nothing."""
    if not is_meshed(packet.objects, options):
        return [packet], ()
    from netwright.spec import istio

    side = istio.side(packet, options)
    ports = sorted(istio.seen_ports(packet, options))
    return [packet if port == packet.port else packet.to(port) for port in ports], () if side is None else (side,)


def _spares_own_node(packet: Packet, profile: Profile) -> bool:
    """Whether the packet passes if it is between a pod and its own node: OVN-Kubernetes lets the node in, no more."""
    ends = (packet.source.kind, packet.destination.kind)
    ways = {"upstream": {("host", "pod"), ("pod", "host")}, "ovn-kubernetes": {("host", "pod")}}
    return ends in ways.get(profile, set())


def _perhaps_own_node(side: Side) -> Side:
    if not side.may_deny:
        return side
    reasons = (*side.reasons, OWN_NODE)
    return msgspec.structs.replace(side, may_allow=True, reasons=reasons, spared=not side.may_allow)


def _perhaps_let_in(side: Side) -> Side:
    """What policies say of a packet of which they see other addresses."""
    return msgspec.structs.replace(side, may_allow=True, may_deny=True, reasons=(*side.reasons, MASQUERADED))


def _exempt(side: Side) -> Side:
    return msgspec.structs.replace(side, may_allow=True, may_deny=False, reasons=())


def _by_cni(profile: Profile, options: Options | None, unknown: Sequence[UnknownPolicy]) -> ByCni:
    """How the policies of a side are judged under the profile."""
    if profile == "calico":
        from netwright.spec import calico
        from netwright.spec.calico_members import CalicoOptions

        return partial(calico.side, options=cast("CalicoOptions", options or CalicoOptions()), unread=unknown)
    if profile == "cilium":
        from netwright.spec import cilium
        from netwright.spec.cilium_identities import DEFAULTS

        return partial(cilium.side, options=cast("CiliumOptions", options or DEFAULTS))
    if profile == "ovn-kubernetes":
        from netwright.spec import ovn

        return partial(_by_tiers, tiers=(adminpolicy.admin, ovn.tier, adminpolicy.baseline))
    return partial(_by_tiers, tiers=TIERS)


def _seen(packets: Sequence[Packet], direction: Direction, unknown: Sequence[UnknownPolicy], by_cni: ByCni) -> Side:
    """One direction of what may be either of the packets."""
    sides = [_side(packet, direction, unknown, by_cni) for packet in packets]
    return sides[0] if len(sides) == 1 else any_side(sides, TUNNEL)


# --- one direction ----------------------------------------------------------------------------------------------------


def _side(packet: Packet, direction: Direction, unknown: Sequence[UnknownPolicy], by_cni: ByCni) -> Side:
    """Egress at the source or ingress at the destination: the policies there, then what was not read."""
    subject = packet.source if direction == "egress" else packet.destination
    return opened(by_cni(packet, direction), unknown, subject)


def _by_tiers(packet: Packet, direction: Direction, tiers: Sequence[Tier]) -> Side:
    """Profile: no policy acts on nodes and hostNetwork pods."""
    subject = packet.source if direction == "egress" else packet.destination
    return _through_the_tiers(packet, direction, subject, tiers) if subject.kind == "pod" else Side(direction=direction)


def _through_the_tiers(packet: Packet, direction: Direction, subject: End, tiers: Sequence[Tier]) -> Side:
    """What the tiers do, one after the other; a later one is asked only while the packet may get there."""
    met: list[Outcome] = []
    behind: list[Cited] = []
    may_pass = True
    for tier in tiers:
        found = tier(packet, direction, subject)
        if may_pass:
            met.append(found)
            behind += found.behind
            may_pass = found.may_pass
        else:
            behind += found.matching
    may_allow = may_pass or any(one.may_allow for one in met)  # what is left behind the last tier is allowed
    may_deny = any(one.may_deny for one in met)
    isolating = tuple(cited for one in met for cited in one.isolating)
    return Side(
        direction=direction,
        reached=tuple(cited for one in met for cited in one.reached),
        isolated=bool(isolating),
        isolating=isolating,
        allowing=tuple(cited for one in met for cited in one.allowing),
        perhaps=tuple(cited for one in met for cited in one.perhaps),
        behind=tuple(behind),
        may_allow=may_allow,
        may_deny=may_deny,
        reasons=tuple(reason for one in met for reason in one.reasons) if may_allow and may_deny else (),
    )
