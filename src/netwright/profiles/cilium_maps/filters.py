"""The rules of one direction as filters: what a tier says of one port and protocol, by the selector of the peers.

After `pkg/policy/rules.go` (tiers and their priorities) and `pkg/policy/rule.go` (how rules become one), Cilium 1.20.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

from netwright.base.services import TCP
from netwright.profiles.cilium_maps.mapstate import EXPLICIT, base_precedence, precedence
from netwright.profiles.cilium_maps.rules import Entry, Port, Proxy, Verdict
from netwright.profiles.cilium_maps.selectors import EVERYBODY, Selector, reserved

NOBODY: Final = reserved("none")
_STRENGTH: Final = {"disabled": 0, "required": 1, "test-always-fail": 2}
_PLAIN: Final = Proxy()


class Refused(Exception):
    """Cilium computes no policy for the endpoint: two rules for the same peers and port contradict each other."""


class Policy(NamedTuple):
    """What a filter says of a selector's identities."""

    priority: int
    verdict: Verdict
    proxy: Proxy
    authentication: str | None
    log: frozenset[str]

    @property
    def rank(self) -> int:
        if self.verdict == "pass":
            return base_precedence(self.priority)
        return precedence(self.priority, self.verdict == "deny", bool(self.proxy.parser), self.proxy.order)

    @property
    def required(self) -> int:
        strength = _STRENGTH.get(self.authentication or "")
        return 0 if strength is None else EXPLICIT | strength

    @property
    def effect(self) -> tuple[int, str, str, int]:
        return self.rank, self.proxy.parser, self.proxy.listener, self.required


class Filter(NamedTuple):
    """All rules of a tier for one port and protocol."""

    name: str
    number: int
    end: int
    protocol: int
    policies: dict[Selector, Policy]


_Key = tuple[str, int, int, int]


def _rounded(number: int) -> int:
    return (number + 9) // 10 * 10


@lru_cache(maxsize=1 << 12)
def _levels(tiers: tuple[tuple[int, int, int], ...]) -> tuple[list[int], list[int]]:
    """The first priority of every tier, and how many are kept free behind a rule that passes on. `tiers`: each with how
    many priorities its rules have, and how many those of them that pass on."""
    count = tiers[-1][0] + 1
    levels, passing = [0] * count, [0] * count
    for tier, priorities, passed in tiers:
        levels[tier], passing[tier] = _rounded(priorities), passed
    for tier in range(count - 2, -1, -1):
        levels[tier] = _rounded(levels[tier] + (passing[tier] + 1) * levels[tier + 1])
    bases = [0] * count
    for tier in range(1, count):
        bases[tier] = bases[tier - 1] + levels[tier - 1] - levels[tier]
    return bases, [*levels[1:], 0]


def _tiers(rules: Sequence[Entry]) -> Iterator[tuple[int, int, int]]:
    for tier, listed in groupby(rules, lambda one: one.tier):
        held = list(listed)
        yield tier, len({one.priority for one in held}), len({one.priority for one in held if one.verdict == "pass"})


def filters_of(rules: Sequence[Entry]) -> tuple[dict[int, list[Filter]], list[int]]:
    """The filters of each tier, and the first priority of every one."""
    bases, free = _levels(tuple(_tiers(rules)))
    tiers: dict[int, dict[_Key, Filter]] = {}
    tier, priority, step, last = 0, 0, 1, rules[0].priority
    for rule in rules:
        if rule.tier != tier:
            tier, priority, step, last = rule.tier, bases[rule.tier], 1, rule.priority
        elif rule.priority != last:
            priority, step, last = priority + step, 1, rule.priority
        _add(tiers.setdefault(tier, {}), rule, priority)
        if rule.verdict == "pass" and tier < len(bases) - 1:
            step = free[tier] + 1
    return {tier: list(held.values()) for tier, held in tiers.items()}, bases


def _add(filters: dict[_Key, Filter], rule: Entry, priority: int) -> None:
    if rule.peers is None:
        return
    if not rule.ports:
        if rule.peers:
            _merge(filters, rule, Port("", 0, 0, (0,)), _PLAIN, priority)
        return
    for ports in rule.ports:
        for port in ports.ports:
            _merge(filters, rule, port, ports.proxy, priority)


def _merge(filters: dict[_Key, Filter], rule: Entry, port: Port, proxy: Proxy, priority: int) -> None:
    log = frozenset((rule.log,) if rule.log else ())
    peers = rule.peers or (EVERYBODY,)
    for protocol in port.protocols:
        key = (port.name, 0 if port.name else port.number, 0 if port.name else port.end, protocol)
        one = filters.get(key)
        if one is None:
            one = filters[key] = Filter(port.name, port.number, port.end, protocol, {})
        used = proxy if protocol == TCP or proxy.parser != "http" else _PLAIN
        new = Policy(priority, rule.verdict, used, rule.authentication, log)
        for selector in dict.fromkeys(peers):
            old = one.policies.get(selector)
            one.policies[selector] = new if old is None else _both(selector, old, new)


_FIRST: Final = {"deny": 0, "allow": 1, "pass": 2}


def _both(selector: Selector, old: Policy, new: Policy) -> Policy:
    """Of two rules for the same peers and port: the one of the higher priority, the one that denies, or both."""
    if selector == NOBODY:
        return old
    if old._replace(log=new.log) == new:
        return old._replace(log=old.log | new.log)
    ranks = (old.priority, _FIRST[old.verdict]), (new.priority, _FIRST[new.verdict])
    if ranks[0] != ranks[1] or old.verdict != "allow":
        return old if ranks[0] <= ranks[1] else new
    if old.authentication is not None and new.authentication is not None and old.authentication != new.authentication:
        raise Refused("rules for the same peers and port ask for different authentication")
    return old._replace(
        proxy=_one_proxy(old.proxy, new.proxy),
        authentication=old.authentication if new.authentication is None else new.authentication,
        log=old.log | new.log,
    )


def _one_proxy(old: Proxy, new: Proxy) -> Proxy:
    parser, order, listener = old.parser, old.order, old.listener
    if parser != new.parser:
        if not parser or (parser == "tls" and new.parser == "http"):
            parser, order = new.parser, new.order
        elif new.parser and not (new.parser == "tls" and parser == "http"):
            raise Refused(f"rules for the same peers and port need different proxies ({parser}, {new.parser})")
    if new.listener and (new.listener, new.order) != (listener, order):
        if not listener or (new.order or 256) < (order or 256):
            listener, order = new.listener, new.order
        elif (new.order or 256) == (order or 256):
            raise Refused("rules for the same peers and port name different listeners of one priority")
    tls = tuple(
        a if a is not None else b for a, b in zip(old.tls or (None, None), new.tls or (None, None), strict=True)
    )
    names = old.names | new.names
    rules = old.rules if old.rules is not None else new.rules
    if names and rules is not None and tls[0] is None:
        raise Refused("rules for the same peers and port filter TLS names and requests without ending TLS")
    return Proxy(parser, order, listener, tls if any(tls) else (), names, rules)
