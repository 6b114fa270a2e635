"""Default deny of Cilium's policies: what switches it on or leaves it off without a word, and what opens it again.

After `pkg/policy/utils/parserules.go` and `Documentation/security/policy/intro.rst` of Cilium 1.20.2: a rule with an
entry in a direction isolates its pods there, whether the entry allows, denies or matches nothing, unless
`enableDefaultDeny` says `false`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from netwright.base.spans import Origin
from netwright.engine.bits import indexes
from netwright.model.document import Decoded
from netwright.model.rule import Direction
from netwright.questions.check.cilium_covered import Covers
from netwright.questions.check.cilium_written import Entry, Ruled, Written, name_of
from netwright.questions.check.found import Found, at, listed
from netwright.questions.check.scene import Scene
from netwright.questions.check.tiers import DIRECTIONS

Source = tuple[str, str, str]


def checks(scene: Scene) -> Iterator[Found]:
    """NW2520 to NW2525, NW2540 to NW2543."""
    isolation = DefaultDeny(scene)
    seen: set[tuple[Decoded, str, str]] = set()
    for ruled in isolation.written.rules:
        for side in DIRECTIONS:
            for found in (*isolation.rule(ruled, side), *isolation.entries(ruled, side)):
                if (ruled.policy, found.code, found.key) not in seen:
                    seen.add((ruled.policy, found.code, found.key))
                    yield found


class DefaultDeny:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.written = scene.once(Written)

    # --- what acts where --------------------

    @cached_property
    def _tiers(self) -> dict[tuple[int, int], str]:
        return {
            (e, t): tier.name
            for e, enforcer in enumerate(self.scene.network.enforcers)
            for t, tier in enumerate(enforcer.tiers)
        }

    @cached_property
    def _allowing(self) -> dict[Direction, int]:
        """The positions at which something may be allowed, but for the own node."""
        found: dict[Direction, int] = dict.fromkeys(DIRECTIONS, 0)
        for unit in self.scene.network.units:
            if self._tiers.get((unit.enforcer, unit.tier)) == "isolation":
                continue
            if any(rule.action != "deny" for rule in unit.rules):
                for family in self.scene.network.families:
                    sure, perhaps = self.scene.network.acting(unit, family)
                    found[unit.direction] |= sure | perhaps
        return found

    @cached_property
    def _isolating(self) -> dict[tuple[Direction, int], set[Source]]:
        """By direction and position the objects that isolate there, surely or perhaps."""
        found: dict[tuple[Direction, int], set[Source]] = {}
        for unit in self.scene.network.units:
            is_open = any(rule.action == "deny" and not rule.origin.name for rule in unit.rules)
            if not is_open and not any(end.action == "deny" for end in unit.ends):
                continue
            for family in self.scene.network.families:
                sure, perhaps = self.scene.network.acting(unit, family)
                for position in indexes(sure | perhaps):
                    origins: list[Origin] = [end.origin for end in unit.ends]
                    sources = found.setdefault((unit.direction, position), set())
                    sources.update((o.kind, o.namespace, o.name) for o in origins)
                    if is_open:
                        sources.add(("", "", ""))
        return found

    # --- a rule --------------------

    def rule(self, ruled: Ruled, side: Direction) -> Iterator[Found]:
        entries = list(ruled.entries(side))
        written = getattr(ruled.rule, side)
        if written == () and not entries:
            yield self._silent(ruled, side)
        if not entries:
            return
        if ruled.isolates(side):
            if all(e.action == "deny" for e in entries):
                yield from self._closed(ruled, side, entries)
        elif all(e.action == "allow" for e in entries):
            yield from self._idle(ruled, side, entries)

    @staticmethod
    def _silent(ruled: Ruled, side: Direction) -> Found:
        return Found(
            "NW2525",
            at(ruled.policy, *ruled.at, side),
            f"`{side}: []` of {name_of(ruled.policy)} does nothing: a list without entries isolates nobody",
            label="no entry",
            effect=f"{side} of the pods is as other policies leave it",
            help=f"write `{side}: [{{}}]` to deny all {side}, or delete the line",
            key=f"{side} {ruled.at[1:]}",
        )

    def _closed(self, ruled: Ruled, side: Direction, entries: list[Entry]) -> Iterator[Found]:
        """NW2520."""
        if any(_is_everybody(e) or e.is_empty for e in entries):
            return  # closed on purpose, or told as an entry that denies nothing
        mine = (ruled.policy.kind, ruled.policy.namespace, ruled.policy.name)
        rows = [
            row
            for row in self.written.subjects(ruled).must
            if not self._allowing[side] >> (position := self.scene.network.position(row)) & 1
            and self._isolating.get((side, position)) == {mine}
        ]
        if not rows:
            return
        refs = self.scene.refs(rows)
        into = side == "ingress"
        yield Found(
            "NW2520",
            at(ruled.policy, *ruled.at, f"{side}Deny"),
            f"{name_of(ruled.policy)} only denies, and so closes all {side} of {listed(refs)}",
            label="isolates too, and nothing allows",
            effect=("nobody may connect to them" if into else "they may connect to nobody")
            + f": a rule with `{side}Deny` switches default deny on, and no rule allows them anything",
            help=f"add `enableDefaultDeny: {{{side}: false}}`, or allow the others: "
            f"`{side}: [{{{'from' if into else 'to'}Entities: [all]}}]`",
            key=f"{side} {ruled.rule.endpoint_selector!r}",
            workloads=refs,
        )

    def _idle(self, ruled: Ruled, side: Direction, entries: list[Entry]) -> Iterator[Found]:
        """NW2521."""
        rows = self.written.subjects(ruled).may
        if not rows or self.scene.admin_policies or any(_owes(e) for e in entries):
            return
        if any((side, self.scene.network.position(row)) in self._isolating for row in rows):
            return
        if self.scene.profile.enforcement == "always":
            return
        refs = self.scene.refs(rows)
        yield Found(
            "NW2521",
            at(ruled.policy, *ruled.at, "enableDefaultDeny", side),
            f"{side} rules of {name_of(ruled.policy)} allow what nothing denies to {listed(refs)}"
            if side == "ingress"
            else f"{side} rules of {name_of(ruled.policy)} allow {listed(refs)} what nothing denies",
            label="does not isolate, and no other policy does",
            effect=f"all {side} of these pods is allowed, with and without these rules",
            help="delete the line if they are to limit, or add a policy that isolates",
            key=f"{side} {ruled.rule.endpoint_selector!r}",
            workloads=refs,
        )

    # --- entries --------------------

    def entries(self, ruled: Ruled, side: Direction) -> Iterator[Found]:
        entries = list(ruled.entries(side))
        has_deny = any(e.action == "deny" for e in entries)
        for entry in entries:
            siblings = [e for e in entries if e.field == entry.field and not e.is_empty]
            if entry.is_empty:
                if entry.action == "deny":
                    yield self._denies_nothing(entry)
                elif siblings:
                    yield self._allows_nothing(entry)
            elif entry.empty_form:
                yield self._nobody(entry)
            elif entry.action == "allow" and not has_deny and entry.is_for_all_services and not _owes(entry):
                if not self.scene.once(Covers).is_denied(entry):
                    yield from self._wide(entry)

    @staticmethod
    def _allows_nothing(entry: Entry) -> Found:
        return Found(
            "NW2522",
            at(entry.policy, *entry.pointer),
            f"an empty {entry.field} entry of {name_of(entry.policy)} allows nobody, and stands beside others",
            label="`{}` matches nothing",
            effect="in a NetworkPolicy an empty rule allows everybody, in a policy of Cilium nobody; it isolates, "
            "which the other entries do already",
            help=f"delete it; to allow everybody write `{entry.side}Entities: [all]`",
            key=entry.field,
        )

    @staticmethod
    def _denies_nothing(entry: Entry) -> Found:
        return Found(
            "NW2523",
            at(entry.policy, *entry.pointer),
            f"an empty {entry.field} entry of {name_of(entry.policy)} denies nothing",
            label="`{}` matches nothing",
            effect="it isolates the pods at most: whatever any rule allows them stays allowed",
            help=f"write `{entry.side}Entities: [all]` to deny everything, or `{entry.direction}: [{{}}]` to isolate "
            "only",
            key=entry.field,
        )

    @staticmethod
    def _nobody(entry: Entry) -> Found:
        verb = "allows" if entry.action == "allow" else "denies"
        return Found(
            "NW2524",
            at(entry.policy, *entry.pointer, entry.empty_form),
            f"`{entry.empty_form}: []` of {name_of(entry.policy)} {verb} nobody",
            label="an empty list of peers means nobody",
            effect=f"the entry {verb} nothing; in a NetworkPolicy an empty list would mean everybody",
            help=f"delete the line to mean everybody on the ports, or write `{entry.side}Entities: [all]`",
            key=entry.words,
        )

    def _wide(self, entry: Entry) -> Iterator[Found]:
        """NW2540 to NW2543."""
        entities = set(entry.listed("entities") or ())
        number = list(entry.listed("entities") or ())
        into = entry.direction == "ingress"
        name = name_of(entry.policy)
        if "all" in entities:
            code, what = ("NW2540", "admits everybody") if into else ("NW2541", "lets out to everybody")
            yield Found(
                code,
                at(entry.policy, *entry.pointer, f"{entry.side}Entities", number.index("all")),
                f"{name} {what} on all ports: `{entry.side}Entities: [all]`",
                label="everybody, inside and outside",
                effect=f"the pods are isolated for {entry.direction} in name only: what other rules allow changes "
                "nothing, only what denies does",
                help=f"say {'from whom' if into else 'to whom'} and on which ports",
                key=entry.direction,
            )
        elif into and "world" in entities:
            yield Found(
                "NW2542",
                at(entry.policy, *entry.pointer, "fromEntities", number.index("world")),
                f"{name} admits everything outside the cluster on all ports",
                label="`world` without `toPorts`",
                effect="whoever can route to the pods may connect to every port that they listen on, those that no "
                "Service names too",
                help="add the ports under `toPorts`",
                key=entry.direction,
            )
        elif into and "cluster" in entities:
            yield Found(
                "NW2543",
                at(entry.policy, *entry.pointer, "fromEntities", number.index("cluster")),
                f"{name} admits every pod and node of the cluster on all ports",
                label="every namespace",
                effect="namespaces and pods that are created later are admitted too",
                help="name who is meant with `fromEndpoints`, and the ports under `toPorts`",
                key=entry.direction,
            )


def _is_everybody(entry: Entry) -> bool:
    return entry.is_for_all_services and "all" in (entry.listed("entities") or ())


def _owes(entry: Entry) -> bool:
    """Whether more is asked of what it allows than peers and ports."""
    proof = getattr(entry.value, "authentication", None)
    if proof is not None and proof.mode not in (None, "disabled"):
        return True
    return any(
        getattr(port, name, None)
        for port in entry.ports
        for name in ("rules", "listener", "server_names", "terminating_tls", "originating_tls")
    )
