"""The differences of `diff` in groups, in the order in which they are told, and lists of ends in few words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from netwright.questions.diff import Diffed, Moved, Unsettled
from netwright.questions.diff.objects import ObjectChange
from netwright.questions.diff.services import DENIED, ServiceChange
from netwright.questions.diff.ways import ExposureChange
from netwright.render.diff_counts import word_of
from netwright.render.words import count

NAMES = 6
MOST_ENDS = 3
LEAST_WHOLE = 3
"""So many workloads are fewer words under the name of their namespace."""
SIGNS = {"EXPOSED": "!", "opened": "+", "closed": "-", "changed": "~", "undecided": "?"}
NO_CAUSE = "no single object that is read says why: `netwright why` on either side names the rules"


class Group(NamedTuple):
    """Differences of one word, with the same ports and causes. `apart`: no end with itself."""

    ports: str
    causes: tuple[int, ...]
    sources: list[str]
    destinations: list[str]
    apart: bool = False

    @property
    def size(self) -> int:
        return len(self.sources) * len(self.destinations)


Way = ExposureChange | ServiceChange


class Told(NamedTuple):
    """The differences of one word: ways in, pairs, and ports of Services that lead elsewhere."""

    word: str
    ways: Sequence[ExposureChange]
    pairs: Sequence[Moved] | Sequence[Unsettled]
    services: Sequence[ServiceChange]


def by_word(found: Diffed) -> tuple[Told, ...]:
    """The differences by their word, danger first."""

    def ways(word: str) -> list[ExposureChange]:
        return [e for e in found.exposed if word_of(e) == word]

    def services(word: str) -> list[ServiceChange]:
        return [s for s in found.services if word_of(s) == word]

    return (
        Told("EXPOSED", ways("EXPOSED"), (), ()),
        Told("undecided", ways("undecided"), (), ()),
        Told("opened", (), found.opened, services("opened")),
        Told("closed", ways("closed"), found.closed, services("closed")),
        Told("changed", ways("changed"), found.changed, services("changed")),
        Told("undecided", (), found.undecided, services("undecided")),
    )


class Difference(NamedTuple):
    """One difference as it is told: its word, what goes where, the numbers of its causes."""

    word: str
    text: str
    because: tuple[int, ...]


def differences(found: Diffed, names: Names, arrow: str = "→") -> Iterator[Difference]:
    """The differences in order, pairs in groups."""
    for word, ways, listed, services in by_word(found):
        for way in ways:
            yield Difference(word, way_text(way, arrow), way.because)
        for group in groups(listed):
            yield Difference(word, group_text(group, names, arrow), group.causes)
        for service in services:
            yield Difference(word, way_text(service, arrow), service.because)


def caused(change: ObjectChange) -> str:
    """`Service shop/web was changed  web.yaml:9:3`; `Service shop/web is refused in web.yaml:9:3`."""
    joint = " in " if change.change == "refused" else "  "
    return f"{change.ref} {change.became}" + (f"{joint}{change.place}" if change.place else "")


# --- ways in --------------------


def way_text(e: Way, arrow: str) -> str:
    """`internet → svc/shop/web:80 TCP via NodePort every node:30080 (no way in, now open)`;
    `svc/shop/web:80 TCP → deploy/shop/db:5432, no longer deploy/shop/web:8080`."""
    if isinstance(e, ServiceChange):
        return f"{entry_of(e)} {arrow} {led(e)}"
    entry = f" {e.entry}" if e.entry else ""
    return f"internet {arrow} {entry_of(e)} via {e.via}{entry} ({moved(e)})"


def moved(e: ExposureChange) -> str:
    """`no way in, now open`; `open, now to pod/shop/db:80, no longer to pod/shop/web:80`."""
    if e.was == e.now and set(e.ended) != set(e.ends):
        new, old = ([end for end in one if end not in other] for one, other in ((e.ends, e.ended), (e.ended, e.ends)))
        told = [f"now to {_listed(new)}"] if new else []
        told += [f"no longer to {_listed(old)}"] if old else []
        return f"{VERDICTS[e.now]}, {', '.join(told)}"
    if e.wider and e.was == e.now:
        return "for some addresses, now for others too" if e.port else "for some ports, now for others too"
    if e.was == e.now and e.port:
        return f"{VERDICTS[e.was]}, now for other addresses"
    return f"{VERDICTS[e.was]}, now {VERDICTS[e.now]}"


def entry_of(e: Way) -> str:
    """What clients dial: a port of a Service, or whatever listens there."""
    return f"{e.service}:{e.port} {e.protocol}" if e.port else e.service


def led(s: ServiceChange) -> str:
    """`deploy/shop/db:5432, no longer deploy/shop/web:8080`; `nowhere, no longer deploy/shop/web:8080`."""
    new, old = ([end for end in one if end not in other] for one, other in ((s.ends, s.ended), (s.ended, s.ends)))
    stays = len(new) < len(s.ends)
    told = ", ".join([f"{'also ' if stays else ''}{_listed(new)}"] if new else [])
    if not new:
        told = _listed(s.ends) if s.ends else NOWHERE[s.now]
    if old:
        told += f", {'no longer' if s.surely else 'perhaps no longer'} {_listed(old)}"
    if "undecided" in (s.was, s.now):
        both = f"{PASSED[s.was]}, now {PASSED[s.now]}" if s.was != s.now else "whether clients pass is undecided"
        return f"{told} ({both})"
    if s.was in DENIED and s.now in DENIED:
        return f"{told} (no client in the cluster passes, before or now)"
    return told


NOWHERE = {"": "no such port", "deny": "nowhere", "undecided": "not known where"}
PASSED = {"": "no such port", "deny": "open to no client", "some": "open to clients", "undecided": "undecided"}


def _listed(ends: Sequence[str]) -> str:
    """The first ends, and how many more."""
    return ", ".join(ends[:MOST_ENDS]) + (f" and {len(ends) - MOST_ENDS} more" if len(ends) > MOST_ENDS else "")


VERDICTS = {"": "no way in", "deny": "denied", "allow": "open", "some": "open to some", "undecided": "undecided"}

# --- pairs --------------------


def groups(listed: Sequence[Moved] | Sequence[Unsettled]) -> list[Group]:
    """Pairs with the same causes and ports; sources and destinations joined where every pair of them is there. What
    comes from the internet stands first, then what passes more than before, then the greatest."""
    by_cause: dict[tuple[tuple[int, ...], str], dict[str, list[str]]] = {}
    widened: dict[tuple[tuple[int, ...], str], bool] = {}
    for m in listed:
        key = m.because, _ports(m)
        by_cause.setdefault(key, {}).setdefault(m.destination, []).append(m.source)
        widened[key] = isinstance(m, Moved) and bool(m.opened)
    told = []
    for key, to in by_cause.items():
        for sources, destinations, apart in _rectangles(to):
            told.append((not widened[key], Group(key[1], key[0], sources, destinations, apart)))
    return [g for _, g in sorted(told, key=lambda t: (not any(map(_is_internet, t[1].sources)), t[0], -t[1].size))]


def _is_internet(name: str) -> bool:
    return name.startswith("internet")


def _rectangles(to: Mapping[str, Sequence[str]]) -> Iterator[tuple[list[str], list[str], bool]]:
    """Sources, destinations, and whether no end goes with itself: what is given as the sources of each destination."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for destination, sources in to.items():
        alike.setdefault(tuple(sources), []).append(destination)
    # a single pod is no connection with itself, so that each of several lacks another source
    but_itself: dict[frozenset[str], list[str]] = {}
    for sources_, destinations in alike.items():
        if len(destinations) == 1 and destinations[0] not in sources_:
            but_itself.setdefault(frozenset((*sources_, *destinations)), []).append(destinations[0])
    for sources_, destinations in alike.items():
        ends = frozenset((*sources_, *destinations))
        mates = but_itself.get(ends, ())
        if len(destinations) > 1 or destinations[0] in sources_ or len(mates) < 2:
            yield list(sources_), destinations, False
        elif destinations[0] == mates[0]:
            yield sorted(ends), sorted(mates), True


def _ports(m: Moved | Unsettled) -> str:
    family = f" IPv{m.family}" if m.family else ""
    if isinstance(m, Unsettled):
        return f"{m.ports}{family} (was {VERBS[m.was]}, now {VERBS[m.now]})"
    if m.was == "none" or m.now == "none":
        return f"{m.opened or m.closed}{family}"
    return f"was {m.was}, now {m.now}{family}"


VERBS = {"allow": "allowed", "deny": "denied", "undecided": "undecided"}


def group_text(group: Group, names: Names, arrow: str) -> str:
    """`sources → destinations  ports`."""
    itself = ", not with itself" if group.apart else ""
    return f"{names.told(group.sources)} {arrow} {names.told(group.destinations)}{itself}  {group.ports}"


class Names:
    """Lists of ends in few words."""

    def __init__(self, outside: Sequence[str], workloads: Collection[str], everything: bool) -> None:
        self._outside = frozenset(outside)
        self._everything = everything
        self.counted = False
        self._members: dict[str, set[str]] = {}
        for ref in workloads:
            self._members.setdefault(namespace_of(ref), set()).add(ref)

    def told(self, ends: Sequence[str]) -> str:
        """The internet first, then whole namespaces, then the others by name."""
        if self._everything:
            return ", ".join(ends)
        held = set(ends)
        whole: list[str] = []
        if len(self._outside) > 1 and self._outside <= held:
            whole.append("internet and all other addresses outside")
            held -= self._outside
        for namespace in dict.fromkeys(namespace_of(e) for e in ends):
            members = self._members.get(namespace, set())
            if len(members) >= LEAST_WHOLE and members <= held:
                whole.append(f"all {count(len(members), 'workload')} of {namespace}")
                held -= members
        rest = sorted((e for e in ends if e in held), key=lambda e: not _is_internet(e))
        self.counted |= bool(whole) or len(rest) > NAMES + 1
        if len(rest) > NAMES + 1:
            rest, parts = self._counted(rest)
            whole += parts
        return ", ".join([*whole, some_of(rest, False)] if rest else whole)

    def _counted(self, ends: Sequence[str]) -> tuple[list[str], list[str]]:
        """Those that stay names, and, of namespaces with several, how many of each."""
        by_namespace: dict[str, list[str]] = {}
        for e in ends:
            by_namespace.setdefault(namespace_of(e), []).append(e)
        names: list[str] = []
        parts: list[str] = []
        more = 0
        for namespace, held in by_namespace.items():
            if not namespace or len(held) < LEAST_WHOLE:
                names += held
            elif len(parts) < NAMES:
                of = self._members.get(namespace, ())
                parts.append(f"{len(held)} of {count(max(len(of), len(held)), 'workload')} of {namespace}")
            else:
                more += len(held)
        if more:
            parts.append(f"{count(more, 'workload')} of other namespaces")
        return names, parts


def namespace_of(ref: str) -> str:
    return "" if ref.startswith(("cidr/", "internet")) else ref.split("/")[-2] if ref.count("/") > 1 else ""


def some_of(names: Sequence[str], everything: bool) -> str:
    most = len(names) if everything or len(names) == NAMES + 1 else NAMES
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
