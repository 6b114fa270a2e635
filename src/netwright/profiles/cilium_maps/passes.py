"""The policy map where rules pass on to the next tier: what is passed on takes the place of the rule that passes it.

After `insertWithPasses` of `pkg/policy/mapstate.go`, Cilium 1.20.2. That a key is passed on is kept beside what the map
says of it, and counts as an entry of its own where it says nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netwright.profiles.cilium_maps.mapstate import Entry, MapState, Pass, Ports

Key = tuple[Ports, int]
_NONE: Final = 0


class PassingMapState(MapState):
    """A direction in which some rule passes on."""

    def _insert(self, ports: Ports, whom: int, entry: Entry, highest: int) -> None:
        if entry.passes:
            self._insert_pass(ports, whom, entry, entry.passes[0], highest)
        else:
            self._insert_verdict(ports, whom, entry, highest)

    def _insert_pass(self, ports: Ports, whom: int, entry: Entry, new: Pass, highest: int) -> None:
        for _, _, other in self.covering(ports, whom):
            if other.valid and highest >= other.precedence > new.precedence:
                return
            if any(one.lowest == new.lowest and one.precedence >= new.precedence for one in other.passes or ()):
                return
        self._prune_covered(ports, whom, entry, new.precedence)
        self.add(ports, whom, entry)

    def _insert_verdict(self, ports: Ports, whom: int, entry: Entry, highest: int) -> None:
        seen = self._look(ports, whom, entry, highest)
        if seen is None:
            return
        passes, bail, further, done = seen
        queue: list[Key] = []
        _enqueue(queue, further, done)
        self._under(ports, whom, entry, highest, queue, done, prune=bail == _NONE)
        skipped = bail > _NONE
        if passes:
            rank = _inherited(entry, passes)
            if rank > bail:
                self._prune_covered(ports, whom, entry, rank)
                self.add(ports, whom, entry._replace(precedence=rank))
                skipped = True
        if not skipped:
            self.add(ports, whom, entry)
        while queue:
            self._insert_passed(queue.pop(0), entry, highest, queue, done)

    def _insert_passed(self, key: Key, entry: Entry, highest: int, queue: list[Key], done: set[Key]) -> None:
        """The entry for a part of its key that a higher tier passes on."""
        ports, whom = key
        found = self._look(ports, whom, entry, highest, within=done)
        assert found is not None
        passes, bail, further, _ = found
        _enqueue(queue, further, done)
        rank = _inherited(entry, passes)
        if rank > bail:
            self._prune_covered(ports, whom, entry, rank)
            self.add(ports, whom, entry._replace(precedence=rank))

    def _look(
        self, ports: Ports, whom: int, entry: Entry, highest: int, within: set[Key] | None = None
    ) -> tuple[dict[int, Pass], int, list[Key], set[Key]] | None:
        """What the entries around a key do to it: the passes that lift it, by tier; the highest precedence that hides
        it; the narrower keys that are passed on; those that are not to be looked at. None: nothing is to be done.

        `within`: the key is part of another that has been looked at, so that its own tier no longer hides it.
        """
        passes: dict[int, Pass] = {}
        bail = _NONE
        further: list[Key] = []
        done = set() if within is None else within
        for key, one, other in self._around(ports, whom):
            covers = self.group(whom) != whom or one == whom
            for held in other.passes or ():
                if held.lowest > entry.precedence:
                    if not covers:
                        further.append((ports, one))
                        break
                    _collect(passes, held)
                elif within is None and covers and held.precedence > entry.precedence:
                    return None
            hides = other.precedence > entry.precedence or (
                entry.is_deny and other.precedence == entry.precedence and (key, one) != (ports, whom)
            )
            if not other.valid or not hides:
                continue
            if covers:
                if other.precedence > highest:
                    bail = max(bail, other.precedence)
                elif within is None:
                    return None
            elif other.precedence <= highest:
                done.add((ports, one))
        return passes, bail, list(dict.fromkeys(further)), done

    def _around(self, ports: Ports, whom: int) -> Iterator[tuple[Ports, int, Entry]]:
        """Entries for the same or more ports: of the aggregate, and of whom it is about; for an aggregate, of all."""
        group = self.group(whom)
        for key, held in list(self.broader(ports)):
            if group in held:
                yield key, group, held[group]
            if whom != group:
                if whom in held:
                    yield key, whom, held[whom]
            else:
                yield from [(key, one, held[one]) for one in list(held) if one != group and self.group(one) == group]

    def _under(
        self, ports: Ports, whom: int, entry: Entry, highest: int, queue: list[Key], done: set[Key], *, prune: bool
    ) -> None:
        """Prunes what is for the same or fewer ports, and collects the keys there that a higher tier passes on."""
        group = self.group(whom)
        for key, held in list(self.narrower(ports)):
            members = [one for one in held if one in (whom, group) or (whom == group and self.group(one) == group)]
            for one in members:
                other = held[one]
                if prune and whom in (group, one):
                    self._prune_one(key, one, other, ports, whom, entry, entry.precedence)
                narrow = (key, whom if one == group else one)
                if narrow != (ports, whom) and any(held_.precedence > highest for held_ in other.passes or ()):
                    _enqueue(queue, [narrow], done)

    def _prune_covered(self, ports: Ports, whom: int, entry: Entry, rank: int) -> None:
        for key, one, other in self.covered(ports, whom):
            self._prune_one(key, one, other, ports, whom, entry, rank)

    def _prune_one(self, key: Ports, one: int, other: Entry, ports: Ports, whom: int, entry: Entry, rank: int) -> None:
        """Deletes what an entry is hidden by: its verdict, its passes, or both."""
        kept = tuple(held for held in other.passes or () if _stays(held, rank))
        hidden = not other.valid or (
            other.precedence < rank or (other.is_deny and other.precedence == rank and (key, one) != (ports, whom))
        )
        said = key == ports and one != whom and self.group(one) == whom and other == entry
        if not kept and (hidden or said):
            self.delete(key, one)
            return
        passes = kept or None
        if passes != other.passes or hidden or said:
            valid = other.valid and not (hidden or said)
            self.entries[key][one] = other._replace(passes=passes, valid=valid)


def _stays(held: Pass, rank: int) -> bool:
    return not held.lowest <= rank <= held.highest or held.precedence > rank


def _collect(passes: dict[int, Pass], held: Pass) -> None:
    if not held.precedence or not held.lowest <= held.precedence <= held.highest:
        return
    if held.lowest not in passes or passes[held.lowest].precedence < held.precedence:
        passes[held.lowest] = held


def _inherited(entry: Entry, passes: dict[int, Pass]) -> int:
    return entry.precedence + sum(one.precedence - one.lowest for one in passes.values())


def _enqueue(queue: list[Key], keys: list[Key], done: set[Key]) -> None:
    for key in keys:
        if key not in done:
            queue.append(key)
            done.add(key)
