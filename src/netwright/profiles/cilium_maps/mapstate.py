"""One direction of an endpoint's policy map, built entry by entry as Cilium builds it.

After `pkg/policy/mapstate.go` and `pkg/policy/aggregate.go` of Cilium 1.20.2: which entries cover which, which are
dropped for that, and which are kept beside others. A key is protocol, port and prefix length of the port (`Ports`), and
whom it is about: an aggregate, or a class of identities that no rule of the direction tells apart and that therefore
all have the same entries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

Ports = tuple[int, int, int]
"""IP protocol (0: every one), port or ICMP type, and how many of its 16 bits are compared."""

EVERYTHING: Final[Ports] = (0, 0, 0)
UNKNOWN, REMOTE_NODES, WORLD, CLUSTER, CLUSTER_MESH = range(5)
AGGREGATES: Final = (UNKNOWN, REMOTE_NODES, WORLD, CLUSTER, CLUSTER_MESH)
"""Stand-ins of groups of identities, which have numbers of their own in the map; classes are counted behind them."""

LOWEST_PRIORITY: Final = (1 << 24) - 1
DENY, ALLOW = 255, 1
_MASK: Final = 255
_PROXIED: Final = 2


class Pass(NamedTuple):
    """That a tier passes the key on: the precedence of the rule, and the bounds of its tier."""

    precedence: int
    highest: int
    lowest: int


class Entry(NamedTuple):
    """What the map says of a key. Not `valid`: nothing but that it is passed on. `log` are the rules' log strings."""

    precedence: int
    proxy: str = ""
    valid: bool = True
    authentication: int = 0
    passes: tuple[Pass, ...] | None = None
    log: frozenset[str] = frozenset()

    @property
    def is_deny(self) -> bool:
        return self.precedence & _MASK == DENY


NOTHING: Final = Entry((1 << 32) - 1, valid=False)
EXPLICIT: Final = 128
"""The bit of `authentication` that says that a rule names it."""


def base_precedence(priority: int) -> int:
    return (LOWEST_PRIORITY - min(priority, LOWEST_PRIORITY)) << 8


def precedence(priority: int, deny: bool, redirects: bool, listener_priority: int) -> int:
    """The order of entries: by priority, denials first, then what is sent to a proxy, by the order of its listener."""
    base = base_precedence(priority)
    if deny:
        return base | DENY
    if not redirects:
        return base | ALLOW
    return base + (DENY - 1 - min(listener_priority, 126) + ALLOW if listener_priority else _PROXIED)


def prefixes_of(first: int, last: int) -> Iterator[tuple[int, int]]:
    """The fewest prefixes of ports that are exactly a range, each as its first port and its length.

    >>> list(prefixes_of(80, 83)), list(prefixes_of(1, 6))
    ([(80, 14)], [(1, 16), (2, 15), (4, 15), (6, 16)])
    """
    while first <= last:
        width = (first & -first).bit_length() - 1 if first else 16
        while first + (1 << width) - 1 > last:
            width -= 1
        yield first, 16 - width
        first += 1 << width


class MapState:
    """The entries of one direction. `groups` has the aggregate of every class; `has_*` are what the rules use."""

    def __init__(
        self, groups: Sequence[int], *, has_precedence: bool = False, has_authentication: bool = False
    ) -> None:
        self._group = [*AGGREGATES, *groups]
        self._has_precedence = has_precedence
        self._has_authentication = has_authentication
        self.entries: dict[Ports, dict[int, Entry]] = {}
        self._lengths: list[int] = []
        self._least, self._most = 1 << 32, -1
        """The lowest and the highest precedence that was ever written."""

    def __len__(self) -> int:
        return sum(map(len, self.entries.values()))

    def group(self, whom: int) -> int:
        return self._group[whom]

    # --- who covers whom --------------------

    def broader(self, ports: Ports) -> Iterator[tuple[Ports, dict[int, Entry]]]:
        """What is there for the same ports or more, the broadest first."""
        held = self.entries.get(EVERYTHING)
        if held:
            yield EVERYTHING, held
        protocol, port, length = ports
        if protocol:
            for one in self._lengths:
                if one > length:
                    break
                key = (protocol, port >> (16 - one) << (16 - one), one)
                held = self.entries.get(key)
                if held:
                    yield key, held

    def narrower(self, ports: Ports) -> Iterator[tuple[Ports, dict[int, Entry]]]:
        """What is there for the same ports or fewer; entries may be deleted meanwhile."""
        protocol, port, length = ports
        shift = 16 - length
        for key in list(self.entries):
            if not protocol or (key[0] == protocol and key[2] >= length and key[1] >> shift == port >> shift):
                held = self.entries[key]
                if held:
                    yield key, held

    def covering(self, ports: Ports, whom: int) -> Iterator[tuple[Ports, int, Entry]]:
        """Entries for the same or more ports, of whom it is about or of the aggregate."""
        group = self._group[whom]
        for key, held in self.broader(ports):
            if group in held:
                yield key, group, held[group]
            if whom != group and whom in held:
                yield key, whom, held[whom]

    def covered(self, ports: Ports, whom: int) -> list[tuple[Ports, int, Entry]]:
        """Entries for the same or fewer ports, of whom it is about; for an aggregate, of all that it stands for."""
        group = self._group[whom]
        found = []
        for key, held in self.narrower(ports):
            if whom == group:
                found += [(key, one, held[one]) for one in held if one == group or self._group[one] == group]
            elif whom in held:
                found.append((key, whom, held[whom]))
        return found

    # --- writing --------------------

    def insert(self, ports: Ports, whom: int, entry: Entry, highest: int) -> None:
        """A rule's entry for a key; `highest` is the highest precedence of the rule's tier."""
        group = self._group[whom]
        held = self.entries.get(ports)
        if whom != group and held is not None and held.get(group) == entry:
            return
        self._insert(ports, whom, entry, highest)

    def _insert(self, ports: Ports, whom: int, entry: Entry, highest: int) -> None:
        rank = entry.precedence
        if entry.is_deny:
            for key, one, other in self.covering(ports, whom):
                if other.precedence > rank or (other.precedence == rank and (key, one) != (ports, whom)):
                    return
            for key, one, other in self.covered(ports, whom):
                if other.precedence < rank or (other.precedence == rank and (key, one) != (ports, whom)):
                    self.delete(key, one)
        elif self._has_authentication:
            self._insert_authenticated(ports, whom, entry)
            self._prune(ports, whom, entry)
            return
        elif self._has_precedence:
            if self._most > rank and any(other.precedence > rank for _, _, other in self.covering(ports, whom)):
                return
            if self._least < rank:
                for key, one, other in self.covered(ports, whom):
                    if other.precedence < rank:
                        self.delete(key, one)
        self._prune(ports, whom, entry)
        self.add(ports, whom, entry)

    def _prune(self, ports: Ports, whom: int, entry: Entry) -> None:
        """Drops what an aggregate says just so of all that it stands for."""
        if whom not in AGGREGATES:
            return
        held = self.entries.get(ports, {})
        for one in [one for one, other in held.items() if one != whom and self._group[one] == whom and other == entry]:
            self.delete(ports, one)

    def _insert_authenticated(self, ports: Ports, whom: int, entry: Entry) -> None:
        explicit = bool(entry.authentication & EXPLICIT)
        derived = False
        same = [(key, held[whom]) for key, held in self.broader(ports) if whom in held]
        for key, other in reversed(same):
            if other.precedence > entry.precedence:
                if other.is_deny or not explicit:
                    return
                entry = entry._replace(proxy=other.proxy, precedence=other.precedence)
                break
            if (
                not derived
                and not explicit
                and key != ports
                and other.authentication & EXPLICIT
                and _plain(other.precedence) >= _plain(entry.precedence)
            ):
                entry = entry._replace(authentication=other.authentication & ~EXPLICIT)
                derived = True
        propagated = False
        for key, held in sorted(self.narrower(ports), key=lambda one: one[0][2]):
            if whom not in held:
                continue
            other = held[whom]
            if other.precedence < entry.precedence:
                if not other.authentication & EXPLICIT:
                    self.delete(key, whom)
                    continue
                other = held[whom] = other._replace(proxy=entry.proxy, precedence=entry.precedence)
            if not propagated and explicit and key != ports:
                if other.is_deny or other.authentication & EXPLICIT:
                    propagated = True
                    continue
                held[whom] = other._replace(authentication=entry.authentication & ~EXPLICIT)
        self.add(ports, whom, entry)

    def add(self, ports: Ports, whom: int, entry: Entry) -> None:
        """Writes an entry, or makes one of it and the one that is there."""
        held = self.entries.setdefault(ports, {})
        if ports[2] not in self._lengths:
            self._lengths = sorted([*self._lengths, ports[2]])
        self._least = min(self._least, entry.precedence)
        self._most = max(self._most, entry.precedence)
        old = held.get(whom)
        if old is None:
            held[whom] = entry
            return
        passes = _joined(old.passes, entry.passes)
        if not old.valid:
            new = entry._replace(passes=passes)
        elif not entry.valid:
            new = old._replace(passes=passes)
        elif (old.precedence ^ entry.precedence) <= _MASK and old.is_deny == entry.is_deny:
            new = _merged(old, entry)._replace(passes=passes, log=old.log | entry.log)
        elif old.precedence < entry.precedence:
            new = entry._replace(passes=passes)
        else:
            new = old._replace(passes=passes)
        held[whom] = new

    def delete(self, ports: Ports, whom: int) -> None:
        self.entries.get(ports, {}).pop(whom, None)


def _plain(rank: int) -> int:
    return (rank & ~_MASK) | ALLOW


def _merged(old: Entry, new: Entry) -> Entry:
    """Two of one priority: a proxy comes before none, the authentication that is asked for before that which is not."""
    if old.is_deny or new.is_deny:
        return old
    if new.proxy and (new.precedence > old.precedence or (new.precedence == old.precedence and new.proxy < old.proxy)):
        old = old._replace(proxy=new.proxy, precedence=new.precedence)
    if (new.authentication & EXPLICIT) == (old.authentication & EXPLICIT):
        return old._replace(authentication=max(old.authentication, new.authentication))
    return old._replace(authentication=new.authentication) if new.authentication & EXPLICIT else old


def _joined(old: tuple[Pass, ...] | None, new: tuple[Pass, ...] | None) -> tuple[Pass, ...] | None:
    """One for each tier, the one of the highest precedence; the lowest tier first."""
    if not old or not new or old == new:
        return old or new
    best: dict[int, Pass] = {}
    for one in (*old, *new):
        if one.lowest not in best or best[one.lowest].precedence < one.precedence:
            best[one.lowest] = one
    return tuple(best[lowest] for lowest in sorted(best))
