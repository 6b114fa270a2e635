"""Entries of Cilium's policies that decide nothing, in every cluster: denied by another, repeated, or opened by it.

By what is written, not by who is there: an entry contains another if its pods, its peers and its ports each do. After
Cilium 1.20.2 `pkg/policy/mapstate.go`: in the tier of all these policies what denies comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import msgspec

from netwright.base.ipset import IpSet
from netwright.dialects.cilium.objects import CIDRRule
from netwright.dialects.cilium.selectors import NAMESPACE, requirements
from netwright.dialects.cilium.services import peers_as_written, services_of
from netwright.dialects.k8s.objects import LabelSelector
from netwright.model.document import Decoded
from netwright.model.rule import UNBOUND, Obligation, Service
from netwright.questions.check import containment
from netwright.questions.check.cilium_written import Entry, Ruled, Written, is_of_pods, name_of, names_namespaces
from netwright.questions.check.containment import Asked, Requirements, contains, mark, marks, ports_contain
from netwright.questions.check.found import Found, Seen, at
from netwright.questions.check.label_words import contradiction
from netwright.questions.check.scene import Scene

Opaque = bytes
Peers = tuple[Requirements | IpSet | str | Opaque, ...] | None
"""Whom an entry is about: pods by what is asked of them, ranges, an entity by its name, else what is written. None:
everybody."""
Label = tuple[str, str]
HOME = "n:" + NAMESPACE
_OF_CLUSTER = frozenset({"cluster", "cluster-mesh"})


class Held(msgspec.Struct, frozen=True):
    """An entry with what it matches. `order` numbers the entries by name of their policies."""

    entry: Entry
    order: int
    at: Requirements
    peers: Peers
    service: Service
    owed: Obligation

    def takes(self, other: Held) -> bool:
        """Whether it is for all pods, peers and ports of another one."""
        return (
            contains(self.at, other.at)
            and ports_contain(self.service, other.service)
            and (
                self.peers is None
                or (other.peers is not None and all(any(_holds(w, n) for w in self.peers) for n in other.peers))
            )
        )


def checks(scene: Scene) -> Iterator[Found]:
    """NW2550, NW2551."""
    covers = scene.once(Covers)
    seen: set[tuple[Decoded, str, str]] = set()
    for parts in covers.by_entry:
        found = covers.denied(parts) or covers.repeated(parts)
        if found is not None and (parts[0].entry.policy, found.code, found.key) not in seen:
            seen.add((parts[0].entry.policy, found.code, found.key))
            yield found


class Covers:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.written = scene.once(Written)

    @cached_property
    def held(self) -> tuple[Held, ...]:
        found: list[Held] = []
        subjects: dict[int, Requirements | None] = {}
        for entry in self.written.entries:
            key = id(entry.ruled.rule)
            if key not in subjects:
                subjects[key] = subject_of(entry.ruled)
            mine, peers = subjects[key], peers_of(entry)
            proof = getattr(entry.value, "authentication", None)
            if proof is not None and proof.mode == "test-always-fail":
                continue  # it denies
            services = list(services_of(entry.value, not entry.form[0]))
            if mine is None or peers == () or not services:
                continue
            for service, owed in services:
                found.append(Held(entry, len(found), mine, peers, service, owed))
        return tuple(found)

    @cached_property
    def by_entry(self) -> tuple[tuple[Held, ...], ...]:
        """What each entry matches: its plain ports, and those of each rule for requests."""
        found: dict[int, list[Held]] = {}
        for held in self.held:
            found.setdefault(id(held.entry), []).append(held)
        return tuple(map(tuple, found.values()))

    @cached_property
    def _index(self) -> dict[tuple[str, str, Label, Label], list[Held]]:
        """By direction, action, a label that is asked of their pods, and one of a peer's."""
        found: dict[tuple[str, str, Label, Label], list[Held]] = {}
        for held in self.held:
            keys = {(one, other) for one in mark(held.at) for other in _mark(held.peers)}
            for one, other in keys:
                found.setdefault((held.entry.direction, held.entry.action, one, other), []).append(held)
        return found

    def _wider(self, held: Held, action: str) -> Iterator[Held]:
        peers = _marks(held.peers)
        for one in marks(held.at):
            for peer in peers:
                for other in self._index.get((held.entry.direction, action, one, peer), ()):
                    if other.entry is not held.entry and other.takes(held):
                        yield other

    # --- asked for by others --------------------

    def plain_services(self, entry: Entry) -> list[Service]:
        """What an entry allows without looking at names or requests."""
        return [service for service, owed in services_of(entry.value, not entry.form[0]) if owed == UNBOUND]

    @cached_property
    def _by_peers(self) -> dict[tuple[str, str, bytes], list[Held]]:
        found: dict[tuple[str, str, bytes], list[Held]] = {}
        for held in self.held:
            if held.entry.action == "allow":
                found.setdefault(_written(held.entry), []).append(held)
        return found

    def opening(self, entry: Entry) -> Entry | None:
        """An entry that opens all rules for requests of another one, for the same peers as they are written."""
        mine = [h for h in self._by_peers.get(_written(entry), ()) if h.entry is entry and h.owed != UNBOUND]
        if not mine or any(h.owed.unisolated or not h.owed.text for h in mine):
            return None
        plain = [h for h in self._by_peers[_written(entry)] if h.owed == UNBOUND]
        for one in plain:
            if all(contains(one.at, h.at) and _has_ports(one.service, h.service) for h in mine):
                return one.entry
        return None

    def is_denied(self, entry: Entry) -> bool:
        """Whether an entry without rules for requests is denied as a whole."""
        mine = [h for h in self._by_peers.get(_written(entry), ()) if h.entry.pointer == entry.pointer]
        return any(next(self._wider(h, "deny"), None) for h in mine if h.entry.policy is entry.policy)

    # --- findings --------------------

    def denied(self, parts: tuple[Held, ...]) -> Found | None:
        """NW2550."""
        entry = parts[0].entry
        if entry.action != "allow":
            return None
        denying = [next(self._wider(held, "deny"), None) for held in parts]
        by = denying[0]
        if by is None or not all(denying):
            return None
        return Found(
            "NW2550",
            at(entry.policy, *entry.pointer),
            f"{entry.field} entry of {name_of(entry.policy)} allows nothing: {by.entry.field} of "
            f"{name_of(by.entry.policy)} denies all of it",
            label="denied before it is allowed",
            effect="what denies comes before what allows, in whichever policy they stand",
            help="delete it, or narrow what denies",
            key=entry.words,
            also=(Seen(at(by.entry.policy, *by.entry.pointer), "denies all of it"),),
        )

    def repeated(self, parts: tuple[Held, ...]) -> Found | None:
        """NW2551."""
        held, entry = parts[0], parts[0].entry
        if held.owed != UNBOUND or len(parts) > 1:
            return None
        for by in self._wider(held, entry.action):
            if by.owed != UNBOUND or (held.takes(by) and held.order < by.order):
                continue
            others = [e for e in entry.ruled.entries(entry.direction) if e.pointer != entry.pointer]
            stays = bool(others) or not entry.ruled.isolates(entry.direction)
            if not stays and not by.entry.ruled.isolates(entry.direction):
                continue
            verb = "allows" if entry.action == "allow" else "denies"
            return Found(
                "NW2551",
                at(entry.policy, *entry.pointer),
                f"{entry.field} entry of {name_of(entry.policy)} {verb} nothing that "
                + (
                    "another entry of it does not"
                    if by.entry.policy is entry.policy
                    else f"{name_of(by.entry.policy)} does not"
                ),
                label="changes nothing",
                effect="every connection is treated as it would be without this entry",
                help="delete it; or narrow the wider one, if this was to be the limit",
                key=entry.words,
                also=(Seen(at(by.entry.policy, *by.entry.pointer), f"{verb} all of it"),),
            )
        return None


# --- what an entry matches --------------------


def _stripped(selector: LabelSelector) -> LabelSelector:
    """The selector with keys without sources."""
    labels = {_key(key): value for key, value in (selector.match_labels or {}).items()}
    expressions = tuple(
        msgspec.structs.replace(one, key=_key(one.key)) for one in selector.match_expressions or () if one is not None
    )
    return LabelSelector(match_labels=labels, match_expressions=expressions)


def _key(key: str) -> str:
    name = key.rpartition(":")[2]
    return HOME if name == NAMESPACE else name


def _required(selector: LabelSelector, home: str) -> Requirements | None:
    """What is asked of pods; None where it cannot be compared, as with labels that no pod has."""
    keys = [r.key for r in requirements(selector)]
    if not is_of_pods(selector) or len(keys) != len(set(keys)) or contradiction(_stripped(selector)):
        return None
    found = containment.requirements(_stripped(selector))
    if home:
        found[HOME] = Asked(True, frozenset((home,)))
    return found


def subject_of(ruled: Ruled) -> Requirements | None:
    selector = ruled.rule.endpoint_selector
    assert selector is not None
    if ruled.namespace and any(r.key == NAMESPACE for r in requirements(selector)):
        return None
    return _required(selector, ruled.namespace)


def peers_of(entry: Entry) -> Peers:
    """Empty where it matches nobody, or whom cannot be compared."""
    form = entry.form[0]
    if entry.empty_form:
        return ()
    if not form:
        return None if not entry.is_for_all_services else ()
    listed: Sequence[object] = entry.listed(form) or ()
    if form == "entities":
        return None if "all" in listed else tuple(map(str, listed))
    if form == "cidr":
        return tuple(IpSet.of(str(text)) for text in listed)
    found: list[Requirements | IpSet | str | Opaque] = []
    for one in listed:
        if form == "endpoints":
            assert isinstance(one, LabelSelector)
            asked = _required(one, "" if names_namespaces(one) else entry.policy.namespace)
            if asked is None:
                return ()
            found.append(asked)
        elif isinstance(one, CIDRRule) and one.cidr is not None:
            ranges = IpSet.of(one.cidr) - IpSet.of(*(one.except_ or ()))
            if not ranges:
                return ()
            found.append(ranges)
        elif form in ("fqdns", "cidr_set"):
            found.append(msgspec.json.encode((form, one), order="deterministic"))
        else:
            return ()  # Services and others: whom they mean depends on what is there
    return tuple(found)


def _holds(wide: Requirements | IpSet | str | Opaque, narrow: Requirements | IpSet | str | Opaque) -> bool:
    if isinstance(wide, dict):
        return isinstance(narrow, dict) and contains(wide, narrow)
    if isinstance(wide, IpSet):
        return isinstance(narrow, IpSet) and narrow <= wide
    if isinstance(wide, str) and wide in _OF_CLUSTER:
        return isinstance(narrow, dict) or narrow in ("host", "remote-node", *_OF_CLUSTER)
    return type(wide) is type(narrow) and wide == narrow


def _mark(wide: Peers) -> list[Label]:
    """Where peers are to be looked up: all that one of them contains has this among its `_marks`."""
    found: list[Label] = []
    for peer in (None,) if wide is None else wide:
        if isinstance(peer, dict):
            found += mark(peer)
        elif peer is None or (isinstance(peer, str) and peer in _OF_CLUSTER):
            found.append(("", ""))
        else:
            found.append(_of_others(peer))
    return found


def _marks(narrow: Peers) -> list[Label]:
    """Under which `_mark` of wider peers the first of these can stand."""
    if narrow is None:
        return [("", "")]
    return list(marks(narrow[0])) if isinstance(narrow[0], dict) else [("", ""), _of_others(narrow[0])]


def _of_others(peer: IpSet | str | Opaque) -> Label:
    return ("ip", "") if isinstance(peer, IpSet) else ("entity", peer) if isinstance(peer, str) else ("written", "")


def _has_ports(wide: Service, narrow: Service) -> bool:
    """Whether a plain entry opens all ports of another: names only where they are the same, as Cilium has it."""
    return wide.named == narrow.named and narrow.fixed <= wide.fixed


def _written(entry: Entry) -> tuple[str, str, bytes]:
    return entry.direction, entry.policy.namespace, peers_as_written(entry.value)
