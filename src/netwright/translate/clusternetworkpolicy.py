"""AdminNetworkPolicy and BaselineAdminNetworkPolicy (v1alpha1) as ClusterNetworkPolicy v1alpha2.

Source: sigs.k8s.io/network-policy-api, the types of both versions and NPEP-285. `Allow` is `Accept`, `ports` are
`protocols`, the baseline is a policy of the Baseline tier behind all others, and lists hold 25 entries, no longer 100:
longer ones are cut into more rules, and those into more policies. Labels that a peer and the subject have to share
(v0.1.1) are written out for the values that the namespaces of the input have. The policies hold what their CRD accepts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, count, product
from typing import Any, Final

from msgspec.structs import replace

from netwright.dialects.adminpolicy.lower import priority_of, tier_of
from netwright.dialects.adminpolicy.objects import (
    AdminEgressRule,
    AdminIngressRule,
    AdminNamespaces,
    AdminPeer,
    AdminPods,
    AdminPort,
    NamespacedPods,
    Subject,
)
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME
from netwright.dialects.k8s.objects import LabelSelector
from netwright.model.document import Decoded
from netwright.translate.conversion import Open, Raised, RuleKey, Side, Variant
from netwright.translate.made_up import unlabelled
from netwright.translate.priorities import LAST, placed

SOURCES: Final = ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy")
KIND: Final = "ClusterNetworkPolicy"
VERSION: Final = "policy.networking.k8s.io/v1alpha2"
MOST: Final = 25
"""Entries of a list: of rules, of peers, of protocols."""
MOST_COPIES: Final = 100
"""Of one policy, one for each set of values of the labels that it compares."""
LONGEST_NAME: Final = 253
NOT_KEPT: Final = ("kubectl.kubernetes.io/last-applied-configuration",)
_SIDES: Final[tuple[Side, Side]] = ("ingress", "egress")
_AdminRule = AdminIngressRule | AdminEgressRule
Cell = dict[str, tuple[str, ...] | str]
"""Namespaces by the labels that a policy compares: of each its value, or all values that it does not have."""
Tree = dict[str, Any]


def raised(objects: Sequence[Decoded]) -> Raised:
    """The policies of v1alpha1 among the objects as ClusterNetworkPolicies; the others of these keep their places."""
    sources = sorted(
        (d for d in objects if d.kind in SOURCES), key=lambda d: (tier_of(d), priority_of(d), d.kind, d.name)
    )
    held = [d for d in objects if d.kind == KIND]
    raising = [_Raising(d, objects) for d in sources]
    made: list[tuple[Tree, Decoded]] = []
    open_ = [found for one in raising for found in one.open]
    taken = {d.name for d in held}
    names = _names(raising, taken)
    for tier in ("Admin", "Baseline"):
        here = [one for one in raising if tier_of(one.policy) == tier]
        fixed = Counter(priority_of(d) for d in held if tier_of(d) == tier)
        wanted: dict[int, int] = {}
        for one in here:
            wanted[one.priority] = max(wanted.get(one.priority, 1), one.parts)
        places = placed(wanted, fixed)
        if places is None:
            open_ += [_no_room(one) for one in here if one.parts > 1 or one.priority > LAST]
        for one in here:
            first = min(one.priority, LAST) if places is None else places[one.priority]
            made += [(tree, one.policy) for tree in one.objects(tier, first, names)]
        if tier == "Admin":
            open_ += _ties(here, [d for d in held if tier_of(d) == tier], objects)
    return Raised(
        objects=tuple(tree for tree, _ in made),
        made_of=tuple((policy,) for _, policy in made),
        sources=tuple(sources),
        replaced=tuple(sources),
        rules=tuple(key for one in raising for key in one.keys),
        open=tuple(open_),
        of_this_cluster=any(one.compared for one in raising),
    )


class _Raising:
    """One policy as it becomes others."""

    def __init__(self, policy: Decoded, objects: Sequence[Decoded]) -> None:
        self.policy = policy
        self.priority = priority_of(policy)
        self._all = objects
        spec = policy.value.spec
        self.rules: dict[Side, list[tuple[int, _AdminRule]]] = {
            "ingress": [(i, r) for i, r in enumerate((spec.ingress if spec else None) or ()) if r is not None],
            "egress": [(i, r) for i, r in enumerate((spec.egress if spec else None) or ()) if r is not None],
        }
        self.keys = [self.key(side, index) for side in _SIDES for index, _ in self.rules[side]]
        self.open: list[Open] = []
        self._pass_over()
        self.compared = tuple(
            dict.fromkeys(key for side in _SIDES for _, r in self.rules[side] for p in _peers(r) for key in _shared(p))
        )
        self._copies = list(self._written())
        self.parts = max((len(parts) for parts in self._copies), default=1)

    def key(self, side: Side, index: int) -> RuleKey:
        return RuleKey(kind=self.policy.kind, name=self.policy.name, pointer=("spec", side, index))

    def objects(self, tier: str, first: int, names: dict[int, Iterator[str]]) -> Iterator[Tree]:
        """The policies, of which those that follow each other have a priority more each."""
        for parts in self._copies:
            for number, (subject, sides) in enumerate(parts):
                meta: Tree = {"name": next(names[id(self)])}
                meta |= marks(self.policy)
                spec = {"tier": tier, "priority": min(first + number, LAST), "subject": subject, **sides}
                yield {"apiVersion": VERSION, "kind": KIND, "metadata": meta, "spec": spec}

    @property
    def count(self) -> int:
        return sum(map(len, self._copies))

    # --- what cannot be said --------------------

    def _pass_over(self) -> None:
        """Leaves out the rules with peers of a newer API, and those that compare more labels than can be written."""
        for side in _SIDES:
            for index, rule in list(self.rules[side]):
                unknown = sorted({name for peer in _peers(rule) for name in peer.unknown})
                if unknown:
                    self._leave_out(side, index, rule, unknown)
        keys = dict.fromkeys(
            key for side in _SIDES for _, r in self.rules[side] for p in _peers(r) for key in _shared(p)
        )
        if not keys:
            return
        comparing = [(side, i) for side in _SIDES for i, r in self.rules[side] if any(map(_compares, _peers(r)))]
        copies = 1
        for key in keys:
            copies *= len(_values(self._all, key)) + 1
        refused = copies > MOST_COPIES
        named = " and ".join(f"`{key}`" for key in keys)
        told = f"a peer has to share {named} with the namespace of the subject, or not to, which {KIND} cannot say; "
        if refused:
            told += f"to write it out for all values of the input takes {copies} policies: the rules are left out"
            self.rules = {s: [(i, r) for i, r in self.rules[s] if (s, i) not in comparing] for s in _SIDES}
        else:
            told += (
                "it is written out for the values that the namespaces of the input have: where a namespace gets "
                "another value, convert again"
            )
            unnamed = unlabelled(self._all) if set(keys) != {NAMESPACE_NAME} else ()
            if unnamed:
                told += f" (the labels of {', '.join(unnamed)} are not in the input: add the Namespace objects)"
        rules = tuple(self.key(*one) for one in comparing)
        self.open.append(
            Open(
                kind="compared labels",
                rules=rules,
                refused=refused,
                told=told,
                variants=(Variant("left out", self._without(comparing)),),
            )
        )

    def _leave_out(self, side: Side, index: int, rule: _AdminRule, unknown: Sequence[str]) -> None:
        self.rules[side] = [(i, r) for i, r in self.rules[side] if i != index]
        named = " and ".join(f"`{name}`" for name in unknown)
        allows = rule.action == "Allow"
        does = "matches nothing, and is left out" if allows else "denies everybody, which no peer says: it is left out"
        self.open.append(
            Open(
                kind="unknown peer",
                rules=(self.key(side, index),),
                refused=not allows,
                told=f"a peer has {named}, which no version that is read has; until that is known the rule {does}",
                variants=() if allows else (Variant("left out", self._without([(side, index)])),),
            )
        )

    def _without(self, rules: Sequence[tuple[Side, int]]) -> tuple[Decoded, ...]:
        """The objects of the input without some rules of the policy; the others keep their numbers."""
        spec = self.policy.value.spec
        changed = {
            side: tuple(None if (side, i) in rules else r for i, r in enumerate(getattr(spec, side) or ()))
            for side in _SIDES
        }
        value = replace(self.policy.value, spec=replace(spec, **changed))
        return tuple(replace(d, value=value) if d is self.policy else d for d in self._all)

    # --- what can --------------------

    def _written(self) -> Iterator[list[tuple[Tree, Tree]]]:
        """Of each copy of the policy its parts, one after the other: subject, and the rules of both directions."""
        spec = self.policy.value.spec
        subject = (spec.subject if spec else None) or Subject()
        for cell in self._cells():
            sides = {s: [w for _, r in self.rules[s] for w in _rule(r, s, cell)] for s in _SIDES}
            most = max(1, *(-(-len(rules) // MOST) for rules in sides.values()))
            if self.compared and not any(sides.values()):
                continue
            parts: list[tuple[Tree, Tree]] = []
            for n in range(most):
                cut = {side: rules[n * MOST : (n + 1) * MOST] for side, rules in sides.items()}
                parts.append((_subject(subject, cell), {side: rules for side, rules in cut.items() if rules}))
            yield parts

    def _cells(self) -> Iterator[Cell]:
        known = [_values(self._all, key) for key in self.compared]
        options: list[list[tuple[str, ...] | str]] = [[*values, values] for values in known]
        for chosen in product(*options):
            yield dict(zip(self.compared, chosen, strict=True))


def _values(objects: Sequence[Decoded], key: str) -> tuple[str, ...]:
    """The values of a label that the namespaces of the input have."""
    if key == NAMESPACE_NAME:
        return tuple(sorted({d.namespace or d.name for d in objects if d.namespace or d.kind == "Namespace"}))
    labels = [d.value.metadata.labels or {} for d in objects if d.kind == "Namespace"]
    return tuple(sorted({held[key] or "" for held in labels if key in held}))


# --- rules --------------------


def _peers(rule: _AdminRule) -> list[AdminPeer]:
    written = rule.from_ if isinstance(rule, AdminIngressRule) else rule.to
    return [peer for peer in written or () if peer is not None]


def _rule(rule: _AdminRule, side: Side, cell: Cell) -> Iterator[Tree]:
    """The rule, once for each of the pieces that its lists are cut into; none where it matches nothing."""
    peers = [written for peer in _peers(rule) for written in _peer(peer, cell)]
    ports = [_port(port) for port in rule.ports or () if port is not None]
    head: Tree = {"name": rule.name} if rule.name else {}
    head["action"] = "Accept" if rule.action == "Allow" else rule.action
    for some in _pieces(peers):
        for entries in _pieces(ports) if ports else [[]]:
            yield {**head, "from" if side == "ingress" else "to": some, **({"protocols": entries} if entries else {})}


def _pieces(entries: list[Tree]) -> list[list[Tree]]:
    return [entries[start : start + MOST] for start in range(0, len(entries), MOST)]


def _port(port: AdminPort) -> Tree:
    if port.port_number is not None:
        number = port.port_number
        return {(number.protocol or "TCP").lower(): {"destinationPort": {"number": number.port}}}
    if port.port_range is not None:
        span = port.port_range
        held = {"range": {"start": span.start, "end": span.end}}
        return {(span.protocol or "TCP").lower(): {"destinationPort": held}}
    return {"destinationNamedPort": port.named_port}


def _peer(peer: AdminPeer, cell: Cell) -> Iterator[Tree]:
    if peer.networks is not None:
        yield {"networks": list(peer.networks)}
    elif peer.domain_names is not None:
        yield {"domainNames": list(peer.domain_names)}
    elif peer.nodes is not None:
        yield {"nodes": _selector(peer.nodes)}
    elif peer.pods is not None:
        pods = peer.pods
        for where in _namespaces(pods.namespaces or pods.namespace_selector, cell):
            yield {"pods": {"namespaceSelector": where, "podSelector": _selector(pods.pod_selector)}}
    else:
        for where in _namespaces(peer.namespaces, cell):
            yield {"namespaces": where}


def _namespaces(written: AdminNamespaces | LabelSelector | None, cell: Cell) -> Iterator[Tree]:
    if not isinstance(written, AdminNamespaces):
        yield _selector(written)
    elif written.same_labels is not None or written.not_same_labels is not None:
        yield from _related(written, cell)
    elif written.namespace_selector is not None:
        yield _selector(written.namespace_selector)
    else:
        yield _selector(LabelSelector(match_labels=written.match_labels, match_expressions=written.match_expressions))


def _related(written: AdminNamespaces, cell: Cell) -> Iterator[Tree]:
    """The namespaces that share labels with a subject of these values, or not; a subject without one of the labels
    shares none with anybody."""
    keys = list(dict.fromkeys(written.same_labels or written.not_same_labels or ()))
    if not keys:
        return
    values = {key: cell[key] for key in keys}
    has_all = all(isinstance(value, str) for value in values.values())
    if written.same_labels is not None:
        if has_all:
            yield {"matchExpressions": [_in(key, [str(value)]) for key, value in values.items()]}
        return
    there = [{"key": key, "operator": "Exists"} for key in keys]
    if not has_all:
        yield {"matchExpressions": there}
        return
    for key, value in values.items():
        yield {"matchExpressions": [*there, {"key": key, "operator": "NotIn", "values": [str(value)]}]}


def _in(key: str, values: Sequence[str]) -> Tree:
    return {"key": key, "operator": "In", "values": list(values)}


def _compares(peer: AdminPeer) -> bool:
    return bool(_shared(peer))


def _shared(peer: AdminPeer) -> tuple[str, ...]:
    """The labels that a peer compares with those of the subject's namespace."""
    found = peer.pods.namespaces if isinstance(peer.pods, AdminPods) else peer.namespaces
    return (*(found.same_labels or ()), *(found.not_same_labels or ())) if found is not None else ()


# --- the rest of a policy --------------------


def _subject(subject: Subject, cell: Cell) -> Tree:
    """The subject, as far as its namespaces have the values of the cell."""
    pods = subject.pods or NamespacedPods(namespace_selector=subject.namespaces)
    where = _selector(pods.namespace_selector)
    more = [
        _in(key, [value]) if isinstance(value, str) else {"key": key, "operator": "NotIn", "values": list(value)}
        for key, value in cell.items()
        if value != ()
    ]
    if more:
        where["matchExpressions"] = [*where.get("matchExpressions", ()), *more]
    if subject.pods is None:
        return {"namespaces": where}
    return {"pods": {"namespaceSelector": where, "podSelector": _selector(pods.pod_selector)}}


def _selector(selector: LabelSelector | None) -> Tree:
    out: Tree = {}
    if selector is not None and selector.match_labels:
        out["matchLabels"] = {key: value or "" for key, value in selector.match_labels.items()}
    asked = [one for one in (selector.match_expressions or () if selector is not None else ()) if one is not None]
    if asked:
        out["matchExpressions"] = [
            {"key": one.key, "operator": one.operator}
            | ({"values": [value or "" for value in one.values]} if one.values else {})
            for one in asked
        ]
    return out


def marks(policy: Decoded) -> Tree:
    """The labels and annotations that stay."""
    meta = policy.value.metadata
    found = {
        "labels": {key: value or "" for key, value in (meta.labels or {}).items()},
        "annotations": {key: value or "" for key, value in (meta.annotations or {}).items() if key not in NOT_KEPT},
    }
    return {name: held for name, held in found.items() if held}


def _names(raising: Sequence[_Raising], taken: set[str]) -> dict[int, Iterator[str]]:
    """For each policy the names of those it becomes: its own where that is one and the name is free."""
    out: dict[int, Iterator[str]] = {}
    for one in sorted(raising, key=lambda r: (r.count != 1, r.policy.kind, r.policy.name)):
        ends = [""] if one.count == 1 else [f"-{n}" for n in range(1, one.count + 1)]
        chosen = [_free(one.policy, end, taken) for end in ends]
        out[id(one)] = iter(chosen)
    return out


def _free(policy: Decoded, end: str, taken: set[str]) -> str:
    """A name that is not taken, and is from now on."""
    mark = "-baseline" if policy.kind == "BaselineAdminNetworkPolicy" else "-admin"
    for more in chain(("", mark), (f"{mark}-{n}" for n in count(2))):
        found = _cut(policy.name, more + end)
        if found not in taken:
            taken.add(found)
            return found
    raise AssertionError("numbers end")


def _cut(name: str, end: str) -> str:
    """A name with an end, no longer than names are."""
    return (name[: LONGEST_NAME - len(end)].rstrip("-.") if len(name) + len(end) > LONGEST_NAME else name) + end


# --- order --------------------


def _no_room(one: _Raising) -> Open:
    """A policy whose order among the others no priority keeps."""
    needs = (
        "it has to be read behind all others" if one.priority > LAST else f"it takes {one.parts} priorities in a row"
    )
    return Open(
        kind="no priority",
        rules=tuple(one.keys),
        refused=False,
        told=f"{needs}, and the priorities of the {KIND} objects that are there leave none up to {LAST}: give these "
        "lower ones",
    )


def _ties(here: Sequence[_Raising], held: Sequence[Decoded], objects: Sequence[Decoded]) -> Iterator[Open]:
    """Policies of one priority with rules in one direction, not all of one action: which of them is read first is left
    open, before and after. Only the Admin tier has several of v1alpha1."""
    for priority in sorted({one.priority for one in here}):
        tied = [one for one in here if one.priority == priority]
        members = [*(one.policy for one in tied), *(d for d in held if priority_of(d) == priority)]
        meeting = {id(d) for side in _SIDES for d in _meeting(members, side)}
        members = [d for d in members if id(d) in meeting]
        rules = tuple(key for one in tied if id(one.policy) in meeting for key in one.keys)
        if not rules:
            continue
        named = " and ".join(f"{d.kind} `{d.name}`" for d in members)
        yield Open(
            kind="tie",
            rules=rules,
            refused=False,
            told=f"{named} have priority {priority}: which of them is read first is left open, before as after; give "
            "them different ones",
            variants=tuple(Variant(f"`{d.name}` first", _first(d, priority, objects)) for d in members),
        )


def _meeting(members: Sequence[Decoded], side: Side) -> list[Decoded]:
    """The policies with rules of a direction, where there are several that do not all do the same."""
    actions = {
        id(d): {r.action.replace("Allow", "Accept") for r in getattr(d.value.spec, side) or () if r is not None}
        for d in members
    }
    having = [d for d in members if actions[id(d)]]
    return having if len(having) > 1 and len(set().union(*(actions[id(d)] for d in having))) > 1 else []


def _first(policy: Decoded, priority: int, objects: Sequence[Decoded]) -> tuple[Decoded, ...]:
    """The objects with a policy read before those that it ties with: all priorities of the tier are doubled, which no
    API server would take, and which keeps their order."""
    out: list[Decoded] = []
    for d in objects:
        if d.kind in (KIND, *SOURCES) and tier_of(d) == "Admin" and d.value.spec.priority is not None:
            own = priority_of(d)
            number = 2 * own + (own == priority and d is not policy)
            out.append(replace(d, value=replace(d.value, spec=replace(d.value.spec, priority=number))))
        else:
            out.append(d)
    return tuple(out)
