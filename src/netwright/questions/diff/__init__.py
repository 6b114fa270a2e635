"""`diff`: which connections two networks do not share, and which object changes caused each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import repeat
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec
import numpy as np

from netwright.base.ipset import Family
from netwright.base.services import TRANSPORT, ServiceSet
from netwright.engine.compile import Network
from netwright.engine.difference import View, differences
from netwright.engine.ends import shared_ends
from netwright.engine.inquire import Inquirer
from netwright.model.references import Directory
from netwright.questions.diff.causes import Kinds, causes
from netwright.questions.diff.changes import Changes
from netwright.questions.diff.listening import Listening
from netwright.questions.diff.objects import ObjectChange
from netwright.questions.diff.on_nodes import on_nodes
from netwright.questions.diff.services import ServiceChange, led_elsewhere
from netwright.questions.diff.ways import ExposureChange, danger_first, exposed
from netwright.questions.registry import FROM_TO, Asked, Diff

if TYPE_CHECKING:
    import numpy.typing as npt

    from netwright.model.cluster import Cluster

Passing = tuple[int, int, int, int]
"""What surely and perhaps passed before, and what does now: masks over the atoms of `Kinds`."""


class Told(NamedTuple):
    """Of a pair: services opened, closed, all before and all now, and what is or was undecided."""

    opened: str
    closed: str
    was: str
    now: str
    turned: Turned


NOTHING = "none"
FailOn = Literal["any", "opened", "exposed", "never"]


class Moved(msgspec.Struct, frozen=True, rename=FROM_TO, omit_defaults=True, gc=False):
    """A pair of ends between which other services pass than before. `was` and `now` surely passed and pass; `opened`
    was surely denied, `closed` surely is now. `because` numbers the changes that caused it; empty where no single
    object says it. `family` stands only where the families differ."""

    source: str
    destination: str
    was: str
    now: str
    opened: str
    closed: str
    because: tuple[int, ...]
    family: Family | None = None


class Unsettled(msgspec.Struct, frozen=True, rename=FROM_TO, omit_defaults=True, gc=False):
    """Services of a pair whose verdict changed from or to undecided."""

    source: str
    destination: str
    ports: str
    was: Literal["allow", "deny", "undecided"]
    now: Literal["allow", "deny", "undecided"]
    because: tuple[int, ...]
    family: Family | None = None


class Diffed(msgspec.Struct, frozen=True, kw_only=True):
    """The difference of two networks. `opened`: nothing surely passed before; `closed`: nothing surely passes now;
    `changed`: other services pass; `undecided`: what was or is undecided; each in the order of its ends. TCP, UDP and
    SCTP. `unread`: what of either input was not read and may hide a difference, unless all of both is the same text.
    `outside`: the parts that addresses outside were told apart in. `services`: ports of Services that lead
    elsewhere. `listening`: objects whose pods listen at other ports of theirs or of their nodes while no difference
    came of it; `without_effect`: other objects of which none came. `left_out`: what is not compared; `nodes`: Nodes
    that changed where their connections are not."""

    exposed: tuple[ExposureChange, ...]
    opened: tuple[Moved, ...]
    closed: tuple[Moved, ...]
    changed: tuple[Moved, ...]
    undecided: tuple[Unsettled, ...]
    services: tuple[ServiceChange, ...]
    because: tuple[ObjectChange, ...]
    listening: tuple[ObjectChange, ...]
    without_effect: tuple[ObjectChange, ...]
    quiet_files: tuple[str, ...]
    outside: tuple[str, ...]
    pairs: int
    unread: tuple[ObjectChange, ...] = ()
    nodes: tuple[ObjectChange, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether nothing that was not read may hide a difference."""
        return not self.unread

    @property
    def is_empty(self) -> bool:
        pairs = self.opened or self.closed or self.changed or self.undecided
        return not (self.exposed or pairs or self.services)

    def fails(self, fail_on: FailOn) -> bool:
        """Whether a difference of this sort is surely there."""
        exposed = any(e.wider for e in self.exposed)
        opened = any(m.opened for m in (*self.opened, *self.changed)) or exposed or any(s.opened for s in self.services)
        if fail_on == "any":
            surely = any(e.is_sure for e in self.exposed) or any(s.surely for s in self.services)
            return opened or bool(self.closed or self.changed) or surely
        return {"opened": opened, "exposed": exposed, "never": False}[fail_on]

    def may_fail(self, fail_on: FailOn) -> bool:
        """Whether what is undecided could hide a difference of this sort."""
        exposed = any(not e.is_sure and e.now not in ("deny", "") and e.was != "allow" for e in self.exposed)
        opened = any(u.was != "allow" and u.now != "deny" for u in self.undecided) or exposed
        opened = opened or any(s.may_open for s in self.services)
        whatever = bool(self.undecided or self.services) or any(not e.is_sure for e in self.exposed)
        return {"any": whatever, "opened": opened, "exposed": exposed, "never": False}[fail_on]


def answer(twin: Asked, params: Diff) -> Diffed:
    """The difference from `params.before`, another twin, to this one."""
    before: Any = params.before
    return diff(before, twin)


def diff(before: Asked, after: Asked) -> Diffed:
    """What `after` has otherwise than `before`."""
    old = before.inquirer
    made = after.cluster
    same_profile = old.cluster.profile == made.profile
    like = old.network if same_profile else None
    new = Inquirer(made, Network(made.columns, made.enforcers, made.families, like=like), Directory(made))
    changes = Changes(before, after)
    families = sorted({*old.network.families, *new.network.families})
    compared = [_Compared(old, new, family, changes) for family in families]
    listening = Listening((old.cluster, made), changes.numbers)
    by_ways, at_nodes = exposed(old, new, changes, [c.ends for c in compared], listening)
    ways = danger_first((*by_ways, *on_nodes(compared, at_nodes, listening)))
    services = led_elsewhere(old, new, changes)
    causing = (*(e.because for e in ways), *(s.because for s in services))
    used = sorted({i for c in compared for i in c.used()}.union(*causing))
    renumbered = {i: n for n, i in enumerate(used)}
    told = _Pairs([], [], [], [])
    for one in compared:
        one.tell(renumbered, one.family if len(families) > 1 else None, told)
    if len(families) > 1:
        told = _Pairs(*(_both_families(listed) for listed in told))
    files = _Files(before, after)
    unread = changes.hiding(used) if changes.unread and not files.are_same() else []
    quiet = {*changes.unread, *used}

    left = [c for i, c in enumerate(changes.listed) if i not in quiet]
    left_out = _left_out(old.cluster, made) if same_profile else ()
    of_nodes = [c for c in left if left_out and c.kind == "Node"]
    elsewhere = [c for c in left if listening((c.kind, c.namespace, c.name))]

    def because(one: ExposureChange | ServiceChange) -> tuple[int, ...]:
        return tuple(sorted(renumbered[i] for i in one.because))

    return Diffed(
        exposed=tuple(msgspec.structs.replace(e, because=because(e)) for e in ways),
        opened=tuple(told.opened),
        closed=tuple(told.closed),
        changed=tuple(told.changed),
        undecided=tuple(told.undecided),
        services=tuple(msgspec.structs.replace(one, because=because(one)) for one in services),
        because=tuple(changes.listed[i] for i in used),
        listening=tuple(elsewhere),
        without_effect=tuple(c for c in left if c not in elsewhere and c not in of_nodes),
        quiet_files=files.quiet([*(changes.listed[i] for i in used), *elsewhere, *of_nodes, *unread]),
        outside=tuple(dict.fromkeys(o for c in compared for o in c.ends.owners[len(c.ends.owners) - c.ends.outside :])),
        pairs=max(len(c.ends.owners) ** 2 - c.ends.outside**2 for c in compared),
        unread=tuple(unread),
        nodes=tuple(of_nodes),
        left_out=left_out,
    )


def _left_out(*clusters: Cluster) -> tuple[str, ...]:
    """What is said of nodes, whose connections are not compared."""
    nodes = len({w.ref for cluster in clusters for w in cluster.workloads if w.kind == "node"})
    told = f"{nodes} node{'s' * (nodes > 1)}: `why node/NAME DST` on either side asks about one"
    return (told,) if nodes else ()


# --- connections --------------------


Verdict = Literal["allow", "deny", "undecided"]
Turned = tuple[tuple[Verdict, Verdict, str], ...]
"""Services that were or are undecided, with both verdicts."""


class _Pairs(NamedTuple):
    """Pairs by what became of them."""

    opened: list[Moved]
    closed: list[Moved]
    changed: list[Moved]
    undecided: list[Unsettled]


class _Compared:
    """Both networks in one family, pair by pair, and what caused each difference."""

    def __init__(self, old: Inquirer, new: Inquirer, family: Family, changes: Changes) -> None:
        self.family = family
        missing = changes.missing if changes.unread else None
        nodes = old.cluster.profile != new.cluster.profile
        self.ends = shared_ends(old, new, family, nodes=nodes, missing=missing)
        self.found = differences(
            self.ends.before, self.ends.after, self.ends.changed, outside=self.ends.outside, wanted=TRANSPORT
        )
        self.kinds = Kinds(self.found)
        sides = old.of_family(family), new.of_family(family)
        self.causes, self.sets = causes(*sides, self.ends, self.found, self.kinds, changes)

    def used(self) -> set[int]:
        return {i for n in set(self.causes.tolist()) for i in self.sets[n]}

    def tell(self, renumbered: Mapping[int, int], family: Family | None, told: _Pairs) -> None:
        """Append the pairs in the order of their names, ends of one owner joined."""
        if not len(self.found):
            return
        owners = self.ends.owners
        names = sorted(set(owners))
        rank = {name: i for i, name in enumerate(names)}
        of_end = np.array([rank[o] for o in owners], dtype=np.int64)
        code = of_end[self.found.source] * len(names) + of_end[self.found.destination]
        order = np.argsort(code, kind="stable")
        code, kinds, numbers = code[order], self.kinds.of[order], self.causes[order]
        starts = np.flatnonzero(np.concatenate([[True], code[1:] != code[:-1]]))
        sources, destinations = np.divmod(code[starts], len(names))
        because = [tuple(sorted(renumbered[i] for i in held)) for held in self.sets]
        forms = list(map(self._told, self.kinds.passing))
        kind, why = kinds[starts], numbers[starts]
        several = np.bincount(of_end, minlength=len(names)) > 1
        joined = np.flatnonzero(several[sources] | several[destinations])
        stops = np.append(starts[1:], len(code))
        for pair, start, stop in zip(joined.tolist(), starts[joined].tolist(), stops[joined].tolist(), strict=True):
            held = [self.kinds.passing[k] for k in dict.fromkeys(kinds[start:stop].tolist())]
            kind[pair] = len(forms)
            forms.append(self._joined(names[sources[pair]], names[destinations[pair]], held))
            why[pair] = len(because)
            because.append(tuple(sorted({i for n in set(numbers[start:stop].tolist()) for i in because[n]})))
        called, because_of = _objects(names), _objects(because)
        was, now, opened, closed = (
            _objects([getattr(one, name) for one in forms]) for name in ("was", "now", "opened", "closed")
        )
        moves = np.array([bool(one.opened or one.closed) for one in forms], dtype=np.bool_)
        from_nothing, to_nothing = was == NOTHING, now == NOTHING
        for listed, wanted in (
            (told.opened, moves & from_nothing),
            (told.closed, moves & to_nothing),
            (told.changed, moves & ~from_nothing & ~to_nothing),
        ):
            chosen = np.flatnonzero(wanted[kind])
            its = kind[chosen]
            ends = called[sources[chosen]], called[destinations[chosen]]
            columns = [*ends, was[its], now[its], opened[its], closed[its], because_of[why[chosen]]]
            listed.extend(map(Moved, *(column.tolist() for column in columns), repeat(family)))
        counts = np.array([len(one.turned) for one in forms], dtype=np.intp)[kind]
        some = np.flatnonzero(counts)
        chosen = np.repeat(some, counts[some])
        turned = [one for k in kind[some].tolist() for one in forms[k].turned]
        told.undecided.extend(
            map(
                Unsettled,
                called[sources[chosen]].tolist(),
                called[destinations[chosen]].tolist(),
                [ports for _, _, ports in turned],
                [was for was, _, _ in turned],
                [now for _, now, _ in turned],
                because_of[why[chosen]].tolist(),
                repeat(family),
            )
        )

    def _told(self, passing: Passing) -> Told:
        a, b, x, y = passing
        text = self.kinds.text
        turned = tuple((w, n, text(both)) for w, n, both in self._turned(passing))
        return Told(text(x & ~b), text(a & ~y), text(a) or NOTHING, text(x) or NOTHING, turned)

    def _joined(self, source: str, destination: str, held: Sequence[Passing]) -> Told:
        """Of owners with several ends: what any of them gained or lost, and what passes between any of them."""
        opened = closed = 0
        turned: dict[tuple[Verdict, Verdict], int] = {}
        for passing in held:
            a, b, x, y = passing
            opened |= x & ~b
            closed |= a & ~y
            for before, after, both in self._turned(passing):
                turned[before, after] = turned.get((before, after), 0) | both
        text = self.kinds.text
        was, now = (self._whole(view, source, destination) for view in (self.ends.before, self.ends.after))
        of_each = tuple((b, a, text(both)) for (b, a), both in turned.items())
        return Told(text(opened), text(closed), str(was), str(now), of_each)

    def _turned(self, passing: Passing) -> list[tuple[Verdict, Verdict, int]]:
        """What was or is undecided and was or is not any more."""
        a, b, x, y = passing
        every = self.kinds.transport
        was: tuple[tuple[Verdict, int], ...] = (("allow", a), ("undecided", b & ~a), ("deny", every & ~b))
        now: tuple[tuple[Verdict, int], ...] = (("allow", x), ("undecided", y & ~x), ("deny", every & ~y))
        return [
            (w, n, both)
            for w, first in was
            for n, second in now
            if w != n and "undecided" in (w, n) and (both := first & second)
        ]

    def _whole(self, view: View, source: str, destination: str) -> ServiceSet:
        """What surely passes between any ends of two owners."""
        out = ServiceSet()
        for s in self._of_owner.get(source, ()):
            for d in self._of_owner.get(destination, ()):
                a, b = int(view.positions[s]), int(view.positions[d])
                relation = view.relations.get((s, d))
                if a >= 0 and b >= 0 and relation != "self":
                    found = view.related(s, d, relation) if relation else view.tables.pair(a, b)
                    out |= found[0] & TRANSPORT
        return out

    @cached_property
    def _of_owner(self) -> dict[str, list[int]]:
        out: dict[str, list[int]] = {}
        for i, owner in enumerate(self.ends.owners):
            out.setdefault(owner, []).append(i)
        return out


def _objects(values: Sequence[Any]) -> npt.NDArray[np.object_]:
    """An array of them: of a million pairs each is then chosen by numpy."""
    out = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        out[i] = value
    return out


def _both_families(listed: list[Any]) -> list[Any]:
    """What is the same in both families stands once and names none."""
    if not any(x.family for x in listed):
        return listed
    seen: dict[Any, int] = {}
    for x in listed:
        key = msgspec.structs.replace(x, family=None)
        seen[key] = seen.get(key, 0) + 1
    out = dict.fromkeys(key if seen[key := msgspec.structs.replace(x, family=None)] > 1 else x for x in listed)
    return sorted(out, key=lambda x: (x.source, x.destination, x.family or 0))


# --- files --------------------


class _Files:
    """The texts of two inputs by their path below the source."""

    def __init__(self, before: Asked, after: Asked) -> None:
        self._asked = [(twin.cluster.profile, twin.cluster.pod_cidrs) for twin in (before, after)]
        self._readings = [twin.snapshot.reading for twin in (before, after)]
        self._unread = [twin.snapshot.unread for twin in (before, after)]
        self._digests = [{r.below(f): digest for f, digest in r.texts.digests().items()} for r in self._readings]

    def are_same(self) -> bool:
        """Whether all of both is the same text, asked in the same way; of a file without a text it is not known."""
        return (
            self._digests[0] == self._digests[1]
            and self._asked[0] == self._asked[1]
            and all(
                r.below(u.diagnostic.file) in held
                for r, held, unread in zip(self._readings, self._digests, self._unread, strict=True)
                for u in unread
            )
        )

    def quiet(self, causes: Sequence[ObjectChange]) -> tuple[str, ...]:
        """Files whose text differs, that were read, and that hold no object which changed a connection; none where the
        two inputs have no file's name in common."""
        old, new = self._digests
        if not old.keys() & new.keys():
            return ()
        loud = {
            reading.below(place.rsplit(":", 2)[0])
            for change in causes
            for reading, place in zip(self._readings, (change.before, change.after), strict=True)
            if place
        }
        loud |= {
            reading.below(u.diagnostic.file)
            for reading, unread in zip(self._readings, self._unread, strict=True)
            for u in unread
            if u.fate == "unreadable"
        }
        return tuple(sorted(n for n in {*old, *new} - loud if old.get(n) != new.get(n)))
