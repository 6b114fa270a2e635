"""What single rules of Calico match: both ends, services, and conditions of requests.

After `felix/calc/rule_scanner.go` and `felix/rules/policy.go` of Calico 3.32. Both ends may be asked of in rules of
either direction. Rules that ask for a Service, or for ports by name among selected endpoints, are several matches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from netwright.base.ipset import IpSet
from netwright.base.selectors import Selector, conjunction, equals
from netwright.base.services import NONE, PROTOCOLS, TCP, ServiceSet
from netwright.dialects.calico.entities import negative, positive
from netwright.dialects.calico.grammar import Expression
from netwright.dialects.calico.members import Known
from netwright.dialects.calico.objects import EntityRule, HTTPMatch, Rule, ServiceMatch
from netwright.dialects.calico.ports import (
    covers_all,
    named_ports,
    named_protocols,
    protocol_number,
    protocols,
    read_ports,
)
from netwright.dialects.k8s.endpoints import container_ports, template_of
from netwright.dialects.k8s.lower import POD_NETWORK
from netwright.dialects.k8s.objects import Pod
from netwright.model.document import Decoded
from netwright.model.rule import (
    ANYBODY,
    EVERY_SERVICE,
    NOBODY,
    UNGUARDED,
    Addresses,
    AndPeer,
    AnyPeer,
    Guard,
    Members,
    NamedPort,
    NotPeer,
    Peer,
    Service,
    either,
)

_OF_FAMILY: Final = {4: Addresses(IpSet.of("0.0.0.0/0")), 6: Addresses(IpSet.of("::/0"))}
_NOTHING: Final = EntityRule()


Sections = dict[str, list[tuple[int, Rule]]]
"""Rules by direction, each with the number of the rule of the policy that it is, or comes from."""


class Converted(Rule, frozen=True):
    """A rule whose peer is a tree already, as one that comes from another language."""

    peer: Expression | None = None


class Match(NamedTuple):
    """One combination that a rule matches."""

    source: Peer
    destination: Peer
    service: Service
    when: Guard = UNGUARDED


class Matching:
    """Makes matches of rules. Services and named ports are looked up in `objects`."""

    def __init__(self, objects: Sequence[Decoded], known: Known) -> None:
        self._objects = objects
        self._known = known
        self._shared: dict[object, object] = {}
        self._numbers: dict[tuple[str, int], ServiceSet] | None = None

    def matches(self, policy: Decoded, rule: Rule, side: str) -> Iterator[Match]:
        """The combinations that a rule of a policy matches, in either direction."""
        source, destination = rule.source or _NOTHING, rule.destination or _NOTHING
        from_ = self._end(policy, source, rule if side == "ingress" else None)
        to = self._end(policy, destination, rule if side == "egress" else None)
        family = _family(rule, source, destination)
        if family is not None:  # both ends are of it; one of them says so
            from_ = _and(from_, _OF_FAMILY[family])
        when = self._when(rule, source)
        if when is None:
            return
        if source.services is not None:
            from_ = _and(from_, either([peer for peer, _ in self._service(policy, source.services)]))
        if destination.services is not None:
            base = protocols(rule)
            for peer, service in self._service(policy, destination.services):
                named = tuple(port for port in service.named if ServiceSet.ports(port.protocol) & base)
                yield self._match(from_, _and(to, peer), Service(service.fixed & base, named), when)
            return
        yield from self._by_ports(policy, rule, destination, side, from_, to, when)

    def _by_ports(
        self, policy: Decoded, rule: Rule, destination: EntityRule, side: str, from_: Peer, to: Peer, when: Guard
    ) -> Iterator[Match]:
        fixed = protocols(rule)
        number = protocol_number(rule.protocol)
        ports, excluded = read_ports(destination.ports), read_ports(destination.not_ports)
        named: tuple[NamedPort, ...] = ()
        if ports is not None:
            fixed = fixed & ports.of(number) if number is not None else NONE
            named = named_ports(rule, ports.names)
        if excluded is not None:
            if number is not None:
                fixed -= excluded.of(number)
            open_ = NONE
            for name in excluded.names:
                for protocol in named_protocols(rule):
                    open_ |= self._numbered(name, protocol)
            open_ &= fixed
            if open_:
                # who gives the name to which number is known of each pod, and no rule can say "but not these"
                listed = " or ".join(f"`{name}`" for name in excluded.names)
                told = (*when.conditions, f"the destination port is not the one named {listed}")
                yield self._match(from_, to, Service(open_), Guard(told))
                fixed -= open_
        if fixed:
            yield self._match(from_, to, Service(fixed), when)
        if named:
            # names are looked up at the endpoints that are selected, not at all that have an address of a set
            to = self._end(policy, destination, rule if side == "egress" else None, endpoints=True)
            yield self._match(from_, to, Service(named=named), when)

    def _match(self, from_: Peer, to: Peer, service: Service, when: Guard) -> Match:
        return Match(self._share(from_), self._share(to), self._share(service), when)  # type: ignore[arg-type]

    def _share(self, value: object) -> object:
        """One object for equal ones: whoever walks the rules meets each once."""
        if isinstance(value, AnyPeer):
            return ANYBODY
        return EVERY_SERVICE if value == EVERY_SERVICE else self._shared.setdefault(value, value)

    # --- ends --------------------

    def _end(self, policy: Decoded, entity: EntityRule, rule: Rule | None, *, endpoints: bool = False) -> Peer:
        """Whom one end of a rule has to be. `rule` is given for the end that a converted rule's peer stands for."""
        tree = positive(entity, policy.namespace)
        if isinstance(rule, Converted) and rule.peer is not None:
            tree = rule.peer
        found = self._known.entity(tree, negative(entity), policy, endpoints=endpoints)
        peer: Peer = ANYBODY if found is None else found
        if entity.nets:
            peer = _and(peer, Addresses(IpSet.of(*entity.nets)))
        if entity.not_nets:
            peer = _and(peer, NotPeer(Addresses(IpSet.of(*entity.not_nets))))
        return peer

    # --- services --------------------

    def _service(self, policy: Decoded, named: ServiceMatch) -> Iterator[tuple[Peer, Service]]:
        """Who is behind a Service, with the ports there: its pods, and the addresses of its EndpointSlices where it
        selects none."""
        namespace = named.namespace or policy.namespace
        for d in self._objects:
            if d.kind != "Service" or (d.namespace, d.name) != (namespace, named.name):
                continue
            spec = d.value.spec
            if spec is None or spec.type == "ExternalName":
                continue
            if not spec.selector:
                yield from self._slices(namespace, d.name)
                continue
            parts: list[Selector] = [equals("ns", namespace)]
            parts += [equals("k8s:" + key, value or "") for key, value in sorted(spec.selector.items())]
            pods = Members(conjunction(*parts, POD_NETWORK))
            for port in spec.ports or ():
                protocol = PROTOCOLS.get(port.protocol or "TCP", TCP)
                target = port.target_port if port.target_port not in (None, 0, "") else port.port
                if isinstance(target, str) and not target.isdigit():
                    yield pods, Service(named=(NamedPort(protocol, target),))
                else:
                    yield pods, Service(ServiceSet.ports(protocol, int(target or 0)))

    def _slices(self, namespace: str, name: str) -> Iterator[tuple[Peer, Service]]:
        for d in self._objects:
            if d.kind != "EndpointSlice" or d.namespace != namespace:
                continue
            labels = d.value.metadata.labels or {}
            if labels.get("kubernetes.io/service-name") != name or d.value.address_type == "FQDN":
                continue
            addresses = [text for one in d.value.endpoints or () for text in one.addresses or ()]
            fixed = NONE
            for port in d.value.ports or ():
                if port.port is not None:
                    fixed |= ServiceSet.ports(PROTOCOLS.get(port.protocol or "TCP", TCP), port.port)
            yield Addresses(IpSet.of(*addresses)), Service(fixed)

    def _is_given(self, rule: Rule, name: str) -> bool:
        """Whether any pod gives the name to a port that a rule could mean."""
        return any(self._numbered(name, protocol) for protocol in named_protocols(rule))

    def _numbered(self, name: str, protocol: int) -> ServiceSet:
        """The numbers that any pod gives to a port's name."""
        if self._numbers is None:
            self._numbers = {}
            for d in self._objects:
                template = template_of(d)
                spec = d.value.spec if isinstance(d.value, Pod) else template.spec if template is not None else None
                for port in container_ports(spec):
                    key = port.name, port.protocol
                    held = self._numbers.get(key, NONE)
                    self._numbers[key] = held | ServiceSet.ports(port.protocol, port.number)
        return self._numbers.get((name, protocol), NONE)

    # --- conditions --------------------

    def _when(self, rule: Rule, source: EntityRule) -> Guard | None:
        """What a rule asks of source ports and requests; None where no packet can have it."""
        said: list[str] = []
        ports, excluded = read_ports(source.ports), read_ports(source.not_ports)
        if ports is not None and not covers_all(ports):
            names = [name for name in ports.names if self._is_given(rule, name)]
            if not names and not ports.ranges:
                return None
            said.append("the source port is " + ", ".join(map(str, source.ports or ())))
        if excluded is not None:
            if covers_all(excluded):
                return None
            if excluded.ranges or any(self._is_given(rule, name) for name in excluded.names):
                said.append("the source port is not " + ", ".join(map(str, source.not_ports or ())))
        if rule.http is not None:
            said.append(_requests(rule.http))
        conditions = tuple(filter(None, said))
        return Guard(conditions) if conditions else UNGUARDED


def _requests(http: HTTPMatch) -> str:
    """HTTP requests in words.

    >>> _requests(HTTPMatch(methods=("GET", "PUT")))
    'HTTP GET or PUT'
    """
    methods = " or ".join(http.methods or ())
    paths = " or ".join(one.exact if one.exact else f"{one.prefix}*" for one in http.paths or ())
    return " ".join(filter(None, ("HTTP", methods or "requests", paths)))


def _family(rule: Rule, source: EntityRule, destination: EntityRule) -> int | None:
    """The only address family that a rule can match, where it is not seen from its nets by itself."""
    if rule.ip_version in (4, 6):
        return rule.ip_version
    for entity in (source, destination):
        versions = {6 if ":" in text else 4 for text in entity.not_nets or ()}
        if len(versions) == 1:
            return versions.pop()
    return None


def _and(one: Peer, other: Peer) -> Peer:
    if one is ANYBODY:
        return other
    if other is ANYBODY:
        return one
    if one is NOBODY or other is NOBODY:
        return NOBODY
    parts = one.parts if isinstance(one, AndPeer) else (one,)
    more = other.parts if isinstance(other, AndPeer) else (other,)
    return AndPeer((*parts, *more))
