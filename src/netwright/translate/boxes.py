"""What rules match, as boxes that can be taken out of one another: at whom, whom, which services.

A peer is three things that no language says by one word: pods by their labels, nodes, and addresses outside. What a
rule says of addresses is about pods and nodes too where the language reads it so; it is said of pods only where it
holds for all of them or for none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache, reduce
from operator import and_
from typing import Final, Literal, NamedTuple

from netwright.base.ipset import EMPTY, EVERYWHERE, IpSet
from netwright.base.selectors import ALWAYS, NEVER, Not, Selector, conjunction, disjunction, equals
from netwright.base.services import ALL, NONE, ServiceSet
from netwright.model.rule import (
    EVERY_SERVICE,
    Addresses,
    AndPeer,
    AnyPeer,
    Kinds,
    Members,
    NoPeer,
    NotPeer,
    OrPeer,
    Peer,
    Service,
)
from netwright.translate.terms import is_empty

_MOST_KNOWN: Final = 1 << 16
"""Pairs of which is kept whether they overlap: each draft of a conversion asks of all of them again."""
OTHERS: Final = ""
"""Stands for nodes that are not in the input, or whose addresses are not."""


class Unsayable(Exception):
    """Something that a box does not say; the message says what."""


class Region(NamedTuple):
    """Who is matched: pods, nodes by their names, and addresses outside."""

    pods: Selector
    nodes: frozenset[str]
    outside: IpSet

    @property
    def is_empty(self) -> bool:
        return not self.nodes and not self.outside and is_empty(self.pods)


class Box(NamedTuple):
    """At which pods, whom, and which services."""

    at: Selector
    whom: Region
    service: Service

    @property
    def is_empty(self) -> bool:
        return not (self.service.fixed or self.service.named) or is_empty(self.at) or self.whom.is_empty


Manner = Literal["", "written out", "by address"]
"""How addresses of pods are said: not at all (none or all of them are meant), by the labels of the pods of the input
that have them, or not where these tell too many or too few."""
_WORST: Final[tuple[Manner, ...]] = ("", "written out", "by address")


class Kind(NamedTuple):
    """Pods that no selector tells apart: their attributes, and the addresses that they have or may have."""

    attributes: dict[str, str]
    addresses: IpSet


class Ground:
    """What the input says of addresses: each node's (none where they are not there), those of the pods; `families` are
    all addresses of the families that the network has."""

    def __init__(self, nodes: dict[str, IpSet], pods: Sequence[Kind], families: IpSet) -> None:
        self.nodes = nodes
        self.pods = tuple(pods)
        self.families = families
        self._carriers: dict[tuple[str, str], int] = {}
        for i, one in enumerate(self.pods):
            for pair in one.attributes.items():
                self._carriers[pair] = self._carriers.get(pair, 0) | 1 << i
        self._known: dict[tuple[IpSet, bool], tuple[Region, Manner]] = {}

    @property
    def everybody(self) -> Region:
        return Region(ALWAYS, frozenset((*self.nodes, OTHERS)), EVERYWHERE)

    def share_of_nodes(self, region: Region) -> Literal["all", "some", "none"]:
        """How many of the nodes are among a region; of those of the input where it has any."""
        known = frozenset(self.nodes) or frozenset((OTHERS,))
        found = region.nodes & known
        return "all" if found == known else "some" if found else "none"

    def region(self, peer: Peer, *, more: bool = False) -> tuple[Region, Manner]:
        """Whom a peer means. Pods that may be meant by their addresses beside are among it only with `more`. Raises
        Unsayable."""
        match peer:
            case AnyPeer():
                return self.everybody, ""
            case NoPeer():
                return NO_REGION, ""
            case Members(selector):
                return Region(selector, frozenset(), EMPTY), ""
            case Addresses(addresses):
                return self._by_address(addresses, more)
            case Kinds(kinds) if ("node" in kinds) == ("own-node" in kinds):
                nodes = self.everybody.nodes if "node" in kinds else frozenset[str]()
                outside = EVERYWHERE if "external" in kinds else EMPTY
                return Region(ALWAYS if "pod" in kinds else NEVER, nodes, outside), ""
            case AndPeer(parts) | OrPeer(parts):
                each = [self.region(part, more=more) for part in parts]
                manner = max((one for _, one in each), key=_WORST.index)
                regions = [one for one, _ in each]
                if isinstance(peer, OrPeer):
                    return _either(regions), manner
                return reduce(common, regions, self.everybody), manner
            case NotPeer(part):
                held, manner = self.region(part, more=not more)
                return without(self.everybody, held), manner
            case _:
                raise Unsayable(str(getattr(peer, "reason", "") or "whom it means is not in the input"))

    def _by_address(self, addresses: IpSet, more: bool) -> tuple[Region, Manner]:
        found = self._known.get((addresses, more))
        if found is None:
            pods, manner = self._pods_by_address(addresses, more)
            nodes = frozenset(name for name, held in self.nodes.items() if held and held <= addresses)
            if self.families <= addresses:
                nodes = self.everybody.nodes
            found = self._known[addresses, more] = Region(pods, nodes, addresses), manner
        return found

    def _pods_by_address(self, addresses: IpSet, more: bool) -> tuple[Selector, Manner]:
        if self.families <= addresses:
            return ALWAYS, ""
        inside = [i for i, one in enumerate(self.pods) if one.addresses <= addresses]
        held = set(inside)
        beside = [i for i, one in enumerate(self.pods) if i not in held and one.addresses & addresses]
        meant = [*inside, *beside] if more else inside
        if not meant or len(meant) == len(self.pods):
            return ALWAYS if meant else NEVER, "by address" if beside else ""
        others = (1 << len(self.pods)) - 1
        for i in meant:
            others &= ~(1 << i)
        told = [self._told_apart(self.pods[i], others) for i in meant]
        only = not any(self._carrying(pairs) & others for pairs in told)
        if not only and not more:
            return NEVER, "by address"
        return disjunction(*map(_labelled, told)), "by address" if beside or not only else "written out"

    def _told_apart(self, kind: Kind, others: int) -> list[tuple[str, str]]:
        """As few of the attributes of pods as tell them from others; all of them where these do not."""
        held = sorted(kind.attributes.items(), key=lambda pair: (pair[0] != "ns", pair))
        for pair in reversed(held):
            fewer = [one for one in held if one != pair]
            if fewer and not self._carrying(fewer) & others:
                held = fewer
        return held

    def _carrying(self, pairs: Sequence[tuple[str, str]]) -> int:
        """The pods that carry all of these, as a bitset."""
        return reduce(and_, [self._carriers[pair] for pair in pairs], (1 << len(self.pods)) - 1)


def _labelled(pairs: Sequence[tuple[str, str]]) -> Selector:
    return conjunction(*(equals(key, value) for key, value in pairs))


NO_REGION: Final = Region(NEVER, frozenset(), EMPTY)


def _either(regions: Sequence[Region]) -> Region:
    outside = EMPTY
    for one in regions:
        outside |= one.outside
    nodes = frozenset(name for one in regions for name in one.nodes)
    return Region(disjunction(*(one.pods for one in regions)), nodes, outside)


def common(a: Region, b: Region) -> Region:
    return Region(conjunction(a.pods, b.pods), a.nodes & b.nodes, a.outside & b.outside)


def without(a: Region, b: Region) -> Region:
    pods = a.pods if b.pods is NEVER else conjunction(a.pods, Not(b.pods))
    return Region(NEVER if b.pods is ALWAYS else pods, a.nodes - b.nodes, a.outside - b.outside)


# --- services --------------------


@lru_cache(maxsize=_MOST_KNOWN)
def meet(a: Service, b: Service) -> bool:
    """Whether two services have anything in common; a port by its name may have every number."""
    return bool(a.fixed & b.fixed) or bool({*a.named} & {*b.named}) or _crosses(a, b) or _crosses(b, a)


def _crosses(named: Service, fixed: Service) -> bool:
    return any(fixed.fixed & ServiceSet.ports(one.protocol) for one in named.named)


def common_service(a: Service, b: Service) -> Service | None:
    """What two services share; None where that cannot be said."""
    if a in (EVERY_SERVICE, b):
        return b
    if b == EVERY_SERVICE:
        return a
    if not _crosses(a, b) and not _crosses(b, a):
        return Service(a.fixed & b.fixed, tuple(one for one in a.named if one in b.named))
    if _is_within(a, b):
        return a
    return b if _is_within(b, a) else None


def less(a: Service, b: Service) -> Service | None:
    """A service without another; None where that cannot be said."""
    if b.fixed == ALL or a == b or _is_within(a, b):
        return Service(NONE)
    if _crosses(b, a) or (_crosses(a, b) and not all(_covers(b, one.protocol) for one in a.named)):
        return None
    named = tuple(one for one in a.named if one not in b.named and not _covers(b, one.protocol))
    return Service(a.fixed - b.fixed, named)


def _is_within(a: Service, b: Service) -> bool:
    return a.fixed <= b.fixed and all(one in b.named or _covers(b, one.protocol) for one in a.named)


def _covers(service: Service, protocol: int) -> bool:
    return ServiceSet.ports(protocol) <= service.fixed


# --- boxes --------------------


def overlap(a: Box, b: Box) -> bool:
    """Whether any packet is in both, as far as that is seen."""
    return not _are_apart(a.at, b.at) and meet(a.service, b.service) and not common(a.whom, b.whom).is_empty


@lru_cache(maxsize=_MOST_KNOWN)
def _are_apart(a: Selector, b: Selector) -> bool:
    return is_empty(conjunction(a, b))


def subtract(a: Box, b: Box) -> list[Box]:
    """A box without another, as boxes apart from each other. Raises Unsayable."""
    if not overlap(a, b):
        return [a]
    shared, rest = common_service(a.service, b.service), less(a.service, b.service)
    if shared is None or rest is None:
        raise Unsayable("ports by name and by number that may be the same ones")
    here = conjunction(a.at, b.at)
    found = (
        Box(conjunction(a.at, Not(b.at)) if b.at is not ALWAYS else NEVER, a.whom, a.service),
        Box(here, without(a.whom, b.whom), shared),
        Box(here, a.whom, rest),
    )
    return [one for one in found if not one.is_empty]


def subtract_all(boxes: Iterable[Box], others: Sequence[Box], most: int = 24) -> list[Box]:
    """Boxes without others. Raises Unsayable, also where too many come of it."""
    found = list(boxes)
    for other in others:
        found = [piece for one in found for piece in subtract(one, other)]
        if len(found) > most:
            raise Unsayable("more exceptions than anybody would read")
    return found
