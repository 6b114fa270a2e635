"""Random networks of rules, and an oracle that tries every resolution of what is uncertain.

The oracle shares the model's structs with the engine and nothing else: selectors, peers, services and address sets are
read naively, each uncertain match of a rule is tried both ways, and policies that tie in any order are put in every
order.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from netwright.base.ipset import IpSet, parse_address
from netwright.base.selectors import ALWAYS, NEVER, And, Has, Never, Not, OneOf, Or, Selector
from netwright.base.selectors import Always as Everything
from netwright.base.services import (
    ALL,
    BEYOND_TRANSPORT,
    ICMP,
    NONE,
    SCTP,
    TCP,
    TRANSPORT,
    UDP,
    ServiceSet,
    service_key,
)
from netwright.base.spans import Origin
from netwright.model.columns import Columns, PortMap
from netwright.model.rule import (
    ANYBODY,
    NOBODY,
    Action,
    Addresses,
    AndPeer,
    AnyPeer,
    Direction,
    End,
    Enforcer,
    Guard,
    Kinds,
    Members,
    NamedPort,
    Names,
    NoPeer,
    NotPeer,
    Obligation,
    OrPeer,
    Peer,
    Rule,
    Service,
    Tier,
    UnknownPeer,
)

NO, PERHAPS, YES = 0.0, 0.5, 1.0

# --- the world --------------------------------------------------------------------------------------------------------


@dataclass
class Endpoint:
    """One endpoint, or (namespace None) an address outside. `possible`: addresses it may have if none is known."""

    namespace: str | None
    labels: dict[str, str] = field(default_factory=dict)
    host: bool = False
    ports: PortMap = ()
    v4: str = ""
    v6: str = ""
    possible: tuple[str, ...] = ()

    def known(self, family: int) -> str:
        return self.v4 if family == 4 else self.v6

    def is_in(self, family: int) -> bool:
        if self.v4 or self.v6:
            return bool(self.known(family))
        return any((":" in text) == (family == 6) for text in self.possible)


NAMESPACES: dict[str, dict[str, str]] = {"": {}, "a": {"team": "red"}, "b": {"team": "blue", "env": "prod"}, "c": {}}
OUTSIDE = ("8.8.8.8", "10.0.0.200", "192.168.7.7", "2001:db8::9", "fd00::99")
BLOCKS = (
    ("0.0.0.0/0",), ("10.0.0.0/8",), ("10.0.0.0/30",), ("10.0.0.0/31",), ("10.0.0.128/25",), ("8.8.0.0/16",),
    ("192.168.0.0/16",), ("10.0.0.1/32", "fd00::1/128"), ("::/0",), ("fd00::/64",),
    ("0.0.0.0/0", "::/0"), ("2001:db8::/32",),
)  # fmt: skip
SERVICES = (
    ServiceSet.ports(TCP, 80),
    ServiceSet.ports(TCP, 80, 443),
    ServiceSet.ports(TCP, 8000, 9000),
    ServiceSet.ports(TCP),
    ServiceSet.ports(UDP, 53),
    ServiceSet.ports(UDP, 53) | ServiceSet.ports(TCP, 53),
    ServiceSet.ports(SCTP),
    TRANSPORT,
    BEYOND_TRANSPORT,
    ALL,
)
KEYS = tuple(
    service_key(p, n)
    for p, n in (
        (TCP, 80),
        (TCP, 79),
        (TCP, 443),
        (TCP, 444),
        (TCP, 8080),
        (UDP, 53),
        (UDP, 80),
        (SCTP, 1),
        (ICMP, 0x800),
        (47, 0),
    )
)


def endpoints(rng: random.Random) -> list[Endpoint]:
    """Pods with and without known addresses, of one or both families, and nodes; some alike: identities merge."""
    out = []
    for i in range(rng.randrange(2, 7)):
        host = rng.random() < 0.2
        labels = {
            k: rng.choice(v) for k, v in (("app", ("web", "db", "x")), ("tier", ("front", ""))) if rng.random() < 0.7
        }
        ports = sorted(
            {
                rng.choice((("http", TCP, 80), ("http", TCP, 8080), ("http", UDP, 80), ("dns", UDP, 53)))
                for _ in range(2)
            }
        )
        one = Endpoint(rng.choice(("a", "b", "c")), labels, host, tuple(ports) if rng.random() < 0.7 else ())
        dice = rng.random()
        if dice < 0.5:
            families = rng.choice(("4", "4", "46", "6"))
            one.v4 = f"10.0.0.{i}" if "4" in families else ""
            one.v6 = f"fd00::{i}" if "6" in families else ""
        else:
            one.possible = rng.choice(
                (("10.0.0.0/30",), ("10.0.0.0/8",), ("10.0.0.0/8", "fd00::/64"), ("0.0.0.0/0", "::/0"))
            )
        out.append(one)
    return out


def columns(found: Sequence[Endpoint]) -> Columns:
    """The endpoints as the engine's columns."""
    labels = sorted({("k8s:" + k, v) for e in found for k, v in e.labels.items()})
    port_maps = [(), *sorted({e.ports for e in found if e.ports})]
    sets = list(dict.fromkeys(IpSet.of(*e.possible) for e in found if e.possible))
    names = list(NAMESPACES)
    ids = [[labels.index(("k8s:" + k, v)) for k, v in sorted(e.labels.items())] for e in found]
    n = len(found)
    return Columns(
        namespace=np.array([names.index(e.namespace or "") for e in found], dtype=np.int32),
        label_offsets=np.cumsum([0, *map(len, ids)], dtype=np.int64),
        label_ids=np.array([i for row in ids for i in row], dtype=np.int32),
        port_map=np.array([port_maps.index(e.ports) for e in found], dtype=np.int32),
        has_v4=np.array([bool(e.v4) for e in found], dtype=np.bool_),
        v4=np.array([parse_address(e.v4)[1] if e.v4 else 0 for e in found], dtype=np.uint32),
        has_v6=np.array([bool(e.v6) for e in found], dtype=np.bool_),
        v6=np.array([(parse_address(e.v6)[1] if e.v6 else 0).to_bytes(16, "big") for e in found], dtype="S16"),
        address_set=np.array([sets.index(IpSet.of(*e.possible)) if e.possible else -1 for e in found], dtype=np.int32),
        host=np.array([e.host for e in found], dtype=np.bool_),
        node=np.full(n, -1, dtype=np.int32),
        workload=np.arange(n, dtype=np.int32),
        replicas=np.ones(n, dtype=np.int32),
        single=np.ones(n, dtype=np.bool_),
        labels=tuple(labels),
        port_maps=tuple(port_maps),
        address_sets=tuple(sets),
        namespaces=tuple(names),
        namespace_labels=tuple(NAMESPACES.values()),
        nodes=(),
        workloads=tuple(f"pod/x/{i}" for i in range(n)),
        names=tuple(str(i) for i in range(n)),
    )


# --- random rules -----------------------------------------------------------------------------------------------------

ATTRIBUTES = (
    ("k8s:app", ("web", "db", "x", "none")),
    ("k8s:tier", ("front", "", "back")),
    ("ns", ("a", "b", "c", "d")),
    ("ns:team", ("red", "blue", "green")),
    ("ns:env", ("prod",)),
    ("network", ("pod", "host")),
)


def selector(rng: random.Random, depth: int = 2) -> Selector:
    dice = rng.random()
    if depth == 0 or dice < 0.6:
        key, values = rng.choice(ATTRIBUTES)
        found: Selector = OneOf(key, tuple(sorted(rng.sample(values, rng.randrange(1, min(2, len(values)) + 1)))))
        return rng.choice(
            (found, found, found, Not(found), Has(key), Not(Has(key)), ALWAYS, NEVER if rng.random() < 0.2 else ALWAYS)
        )
    parts = tuple(selector(rng, depth - 1) for _ in range(2))
    return rng.choice((And(parts), Or(parts), Not(Or(parts))))


def peer(rng: random.Random, depth: int = 2) -> Peer:
    if depth == 0 or rng.random() < 0.75:
        return rng.choice(
            (
                ANYBODY,
                Members(selector(rng, 1)),
                Members(selector(rng, 1)),
                Addresses(IpSet.of(*rng.choice(BLOCKS))),
                Addresses(IpSet.of(*rng.choice(BLOCKS)) - IpSet.of(*rng.choice(BLOCKS))),
                Kinds(tuple(rng.sample(("pod", "node", "external"), rng.randrange(1, 3)))),
                rng.choice((UnknownPeer("not read"), Names(("*.example.com",)), NOBODY)),
            )
        )
    parts = tuple(peer(rng, depth - 1) for _ in range(2))
    return rng.choice((AndPeer(parts), OrPeer(parts), NotPeer(parts[0])))


def service(rng: random.Random) -> tuple[Service, ServiceSet]:
    named = ()
    if rng.random() < 0.25:
        named = (NamedPort(*rng.choice(((TCP, "http"), (UDP, "http"), (UDP, "dns"), (TCP, "none")))),)
    fixed = NONE if named and rng.random() < 0.7 else rng.choice(SERVICES)
    sources = ServiceSet.ports(TCP, 1000, 2000) if rng.random() < 0.1 else ALL
    return Service(fixed, named, sources), rng.choice(SERVICES) if rng.random() < 0.25 else NONE


@dataclass
class Rules:
    """Endpoints and enforcers, and how they were made."""

    seed: int
    endpoints: list[Endpoint]
    enforcers: tuple[Enforcer, ...]


def random_tier(rng: random.Random, name: str) -> Tier:
    ties = rng.choice(("ordered", "deny-first", "any-order"))
    actions: tuple[Action, ...] = rng.choice(
        (("allow",), ("allow", "deny"), ("allow", "deny", "pass"), ("allow", "deny", "pass"))
    )
    rules: list[Rule] = []
    ends: list[End] = []
    for policy in range(rng.randrange(0, 4)):
        at = selector(rng)
        rank = rng.randrange(2)
        for index in range(rng.randrange(0, 3)):
            side: Direction = rng.choice(("ingress", "egress"))
            far, near = peer(rng), peer(rng, 1) if rng.random() < 0.2 else ANYBODY
            said, unsure = service(rng)
            rules.append(
                Rule(
                    rank=len(rules) if ties == "ordered" else rank,
                    policy=policy,
                    index=index,
                    at=at,
                    direction=side,
                    src=far if side == "ingress" else near,
                    dst=near if side == "ingress" else far,
                    service=said,
                    unsure=unsure,
                    when=Guard(("on weekdays",)) if rng.random() < 0.1 else Guard(),
                    then=Obligation("mutual TLS") if rng.random() < 0.1 else Obligation(),
                    action=rng.choice(actions),
                    origin=Origin(kind="P", namespace=name, name=f"{policy}", pointer=("rules", index)),
                )
            )
        for side in ("ingress", "egress"):
            if rng.random() < 0.4:
                ends.append(
                    End(
                        at=at,
                        direction=side,
                        action=rng.choice(("deny", "deny", "allow", "pass")),
                        unsure=rng.choice(SERVICES) if rng.random() < 0.3 else NONE,
                        origin=Origin(kind="P", namespace=name, name=f"{policy}"),
                    )
                )
    rules.sort(key=lambda r: r.rank)
    return Tier(name=name, ties=ties, rules=tuple(rules), ends=tuple(ends))


def random_rules(seed: int) -> Rules:
    rng = random.Random(seed)
    enforcers = tuple(
        Enforcer(
            name=f"e{i}",
            at=ALWAYS if rng.random() < 0.6 else selector(rng, 1),
            tiers=tuple(random_tier(rng, f"e{i}t{t}") for t in range(rng.randrange(1, 4))),
            default=rng.choice(("allow", "allow", "deny", None)),
        )
        for i in range(rng.choice((1, 1, 2)))
    )
    return Rules(seed, endpoints(rng), enforcers)


# --- the oracle -------------------------------------------------------------------------------------------------------


def selects(one: Selector, attributes: Mapping[str, str]) -> bool:
    """What the selector says, read word by word."""
    if isinstance(one, Everything):
        return True
    if isinstance(one, Never):
        return False
    if isinstance(one, Has):
        return one.key in set(attributes)
    if isinstance(one, OneOf):
        return any(key == one.key and value in list(one.values) for key, value in attributes.items())
    if isinstance(one, Not):
        return not selects(one.part, attributes)
    answers = [selects(part, attributes) for part in one.parts]
    return False not in answers if isinstance(one, And) else True in answers


def attributes(end: Endpoint) -> dict[str, str]:
    assert end.namespace is not None
    out = {"k8s:" + k: v for k, v in end.labels.items()}
    out |= {"ns:" + k: v for k, v in NAMESPACES[end.namespace].items()}
    return out | {"ns": end.namespace, "network": "host" if end.host else "pod"}


@dataclass
class Oracle:
    """All outcomes of packets in a world of one family. `fixed` gives endpoints with unknown addresses one address."""

    rules: Rules
    family: int
    fixed: dict[int, str] = field(default_factory=dict)

    def matches(self, one: Peer, end: Endpoint) -> float:
        if isinstance(one, AnyPeer):
            return YES
        if isinstance(one, NoPeer):
            return NO
        if isinstance(one, Members):
            return float(end.namespace is not None and selects(one.selector, attributes(end)))
        if isinstance(one, Addresses):
            return self._address_in(one.addresses, end)
        if isinstance(one, Kinds):
            kind = "external" if end.namespace is None else "node" if end.host else "pod"
            return float(kind in one.kinds)
        if isinstance(one, (Names, UnknownPeer)):
            return PERHAPS
        if isinstance(one, NotPeer):
            return 1 - self.matches(one.part, end)
        answers = [self.matches(part, end) for part in one.parts]
        return min(answers) if isinstance(one, AndPeer) else max(answers)

    def _address_in(self, held: IpSet, end: Endpoint) -> float:
        text = end.known(self.family) or self.fixed.get(id(end), "")
        spans = held.v4 if self.family == 4 else held.v6
        if text:
            value = parse_address(text)[1]
            return float(any(low <= value < high for low, high in spans))
        possible = IpSet.of(*(p for p in end.possible if (":" in p) == (self.family == 6)))
        inside = possible & IpSet(held.v4 if self.family == 4 else (), held.v6 if self.family == 6 else ())
        return NO if not inside else YES if inside.count() == possible.count() else PERHAPS

    def rule_matches(self, rule: Rule, source: Endpoint, destination: Endpoint, key: int) -> float:
        names = {(p.name, p.protocol) for p in rule.service.named}
        by_name = any(
            (name, protocol) in names and protocol << 16 | number == key for name, protocol, number in destination.ports
        )
        says = YES if key in rule.service.fixed or by_name else PERHAPS if key in rule.unsure else NO
        # no question names a source port
        guard = PERHAPS if rule.when.text or rule.service.sources != ALL else YES
        return min(self.matches(rule.src, source), self.matches(rule.dst, destination), says, guard)

    def side(self, direction: Direction, source: Endpoint, destination: Endpoint, key: int) -> set[str]:
        """Every outcome ("allow", "deny") of one direction, all enforcers on the path together."""
        at = source if direction == "egress" else destination
        found = {"allow"}
        for enforcer in self.rules.enforcers:
            if at.namespace is None or not selects(enforcer.at, attributes(at)):
                continue
            one = self._enforcer(enforcer, direction, at, source, destination, key)
            # each of them has to permit
            found = {"allow" if (a, b) == ("allow", "allow") else "deny" for a in found for b in one}
        return found

    def _enforcer(
        self, enforcer: Enforcer, direction: Direction, at: Endpoint, source: Endpoint, destination: Endpoint, key: int
    ) -> set[str]:
        out: set[str] = set()
        for one in enforcer.tiers:
            here = attributes(at)
            rules = [
                (r, self.rule_matches(r, source, destination, key))
                for r in one.rules
                if r.direction == direction and selects(r.at, here)
            ]
            ends = [
                (e, PERHAPS if key in e.unsure else YES)
                for e in one.ends
                if e.direction == direction and selects(e.at, here)
            ]
            found = set(_tier(one.ties, [x for x in rules if x[1] != NO], ends))
            out |= found - {"next"}
            if "next" not in found:
                return out
        return out | ({"allow", "deny"} if enforcer.default is None else {enforcer.default})


def _tier(ties: str, rules: Sequence[tuple[Rule, float]], ends: Sequence[tuple[End, float]]) -> Iterator[str]:
    for order in _orders(ties, rules):
        for matched in _resolutions(order):
            for acting in _resolutions(ends):
                # which of several ends acts is not said: any may
                for end in acting or [None]:
                    first = matched[0] if matched else None
                    decided = first.action if first else end.action if end else "pass"
                    yield "next" if decided == "pass" else decided
                    if first and decided == "allow" and first.then.text:
                        yield "deny"


def _resolutions(found: Sequence[tuple[Any, float]]) -> Iterator[list[Any]]:
    for choice in itertools.product(*((True,) if match == YES else (True, False) for _, match in found)):
        yield [one for (one, _), taken in zip(found, choice, strict=True) if taken]


def _orders(ties: str, rules: Sequence[tuple[Rule, float]]) -> Iterator[list[tuple[Rule, float]]]:
    groups: list[list[list[tuple[Rule, float]]]] = []
    for rank in sorted({r.rank for r, _ in rules}):
        group = [x for x in rules if x[0].rank == rank]
        if ties == "any-order":
            by_policy: dict[int, list[tuple[Rule, float]]] = {}
            for x in sorted(group, key=lambda x: x[0].index):
                by_policy.setdefault(x[0].policy, []).append(x)
            groups.append([list(itertools.chain(*p)) for p in itertools.permutations(by_policy.values())])
        elif ties == "deny-first":
            groups.append(
                [sorted(group, key=lambda x: (("deny", "allow", "pass").index(x[0].action), not x[0].then.text))]
            )
        else:
            groups.append([group])
    for chosen in itertools.product(*groups):
        yield list(itertools.chain(*chosen))


def addresses_to_try(end: Endpoint, family: int, sets: Iterable[IpSet]) -> list[str]:
    """One address of every part that the mentioned sets cut an endpoint's possible addresses into."""
    from netwright.base.ipset import address_text

    bits: set[int] = set()
    possible = IpSet.of(*(p for p in end.possible if (":" in p) == (family == 6))).family(4 if family == 4 else 6)
    for spans in (possible, *(s.v4 if family == 4 else s.v6 for s in sets)):
        bits |= {edge for span in spans for edge in span}
    held = sorted(b for b in bits if any(low <= b < high for low, high in possible))
    return [address_text(4 if family == 4 else 6, b) for b in held]
