"""NetworkPolicies said by as few as can be found.

Policies of one namespace that select alike are one, which holds in every cluster: isolation and allowances add up. So
are those that allow alike and select by values of one label. Then those go that select the same pods of the input as
another, and those that decide nothing in it, as far as its network proves it; not those for all pods of a namespace,
which are for the pods to come too, nor those that select none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from netwright.base.selectors import conjunction, equals
from netwright.base.services import ServiceSet
from netwright.base.spans import named
from netwright.dialects.k8s.lower import POD_NETWORK, isolated_by, label_selector
from netwright.dialects.k8s.objects import LabelSelector, NetworkPolicySpec
from netwright.dialects.k8s.reading import Reading
from netwright.model.document import Decoded
from netwright.translate.clusternetworkpolicy import marks
from netwright.translate.conversion import Open, Raised, RuleKey
from netwright.translate.names import Names
from netwright.translate.thinning import Thinning
from netwright.translate.trees import plain_value, read_again
from netwright.translate.trials import MOST_TRIES, Trial

Tree = dict[str, Any]
SIDES: Final = ("ingress", "egress")
MOST_SPACES: Final = 100
"""Namespaces of which each is tried without policies."""


class Merged(NamedTuple):
    """A NetworkPolicy that stands for others: where, whom it selects, of each direction that it isolates the rules, and
    what it was made of."""

    namespace: str
    pods: Tree
    rules: dict[str, list[Tree]]
    of: tuple[Decoded, ...]


def merged(policies: Iterable[Merged]) -> list[Merged]:
    """The policies with those as one that select alike, then those that allow alike and select by one label."""
    by_pods: dict[tuple[str, str], Merged] = {}
    for policy in policies:
        key = policy.namespace, _text(policy.pods)
        known = by_pods.get(key)
        by_pods[key] = policy if known is None else together(known, policy)
    by_rules: dict[tuple[str, str, str], Merged] = {}
    for number, policy in enumerate(by_pods.values()):
        label = _label(policy.pods)
        allowed = _text(tidied(policy).rules)
        alike = (policy.namespace, label[0], allowed) if label else (policy.namespace, "", str(number))
        known = by_rules.get(alike)
        if known is None or label is None:
            by_rules[alike] = policy
            continue
        values = sorted({*(_label(known.pods) or label)[1], *label[1]})
        pods = {"matchExpressions": [{"key": label[0], "operator": "In", "values": values}]}
        by_rules[alike] = Merged(known.namespace, pods, known.rules, (*known.of, *policy.of))
    return list(by_rules.values())


def together(one: Merged, other: Merged) -> Merged:
    """Both for the pods of the first."""
    rules = {side: [*one.rules.get(side, ()), *other.rules.get(side, ())] for side in SIDES}
    isolated = [side for side in SIDES if side in one.rules or side in other.rules]
    return Merged(one.namespace, one.pods, {s: rules[s] for s in isolated}, (*one.of, *other.of))


def tidied(policy: Merged) -> Merged:
    """The policy without rules that others of it imply."""
    return policy._replace(rules={side: plain(rules) for side, rules in policy.rules.items()})


def plain(rules: Sequence[Tree]) -> list[Tree]:
    """The rules without those that another of them implies as it is written."""
    found: dict[str, Tree] = {}
    for rule in rules:
        if not any(rule.values()):
            return [{}]
        peers = rule.get("from") or rule.get("to") or ()
        key = _text(sorted(map(_text, peers)))
        known = found.get(key)
        if known is None:
            found[key] = rule
        elif not known.get("ports") or not rule.get("ports"):
            found[key] = {name: held for name, held in known.items() if name != "ports"}
        else:
            ports = {_text(port): port for port in (*known["ports"], *rule["ports"])}
            found[key] = {**known, "ports": list(ports.values())}
    return list(found.values())


class Found(NamedTuple):
    """How many NetworkPolicies there were, are, and have to be."""

    before: int
    after: int
    at_least: int


def fewer(made: Raised, objects: Sequence[Decoded], trial: Trial) -> tuple[Raised, Found]:
    """What was made, and the NetworkPolicies of the input, by fewer of these."""
    return _Fewer(made, objects, trial).found()


class _Tries:
    """NetworkPolicies tried in the place of those there are, with the `others` that stay and but for services `beside`;
    `count` times so far."""

    def __init__(self, trial: Trial, others: Sequence[Decoded], beside: ServiceSet) -> None:
        self._trial = trial
        self._others = others
        self._beside = beside
        self.count = 0

    def fail(self, policies: Sequence[Merged]) -> bool:
        """Whether with these any verdict is another."""
        self.count += 1
        return bool(self._trial.moved([*self._others, *_objects(policies)], self._beside))

    def thinning(self, policies: Sequence[Decoded]) -> Thinning | None:
        """Of these some can be taken away by edits of their network; None where that cannot be."""
        return self._trial.thinning([*self._others, *policies], self._beside)


class _Fewer:
    def __init__(self, made: Raised, objects: Sequence[Decoded], trial: Trial) -> None:
        self._made = made
        self._trial = trial
        gone = {id(d) for d in made.replaced}
        self._given = sorted((d for d in objects if d.kind == "NetworkPolicy"), key=lambda d: (d.namespace, d.name))
        others = [d for d in objects if d.kind != "NetworkPolicy" and id(d) not in gone]
        pairs = list(zip(made.objects, made.made_of, strict=True))
        self._beside = [pair for pair in pairs if pair[0]["kind"] != "NetworkPolicy"]
        others += [read_again(tree) for tree, _ in self._beside]
        self._reading = trial.source.reading
        self._start = [of_tree(plain_value(d.value), d.namespace, (d,), self._reading) for d in self._given]
        self._start += [
            of_tree(tree, tree["metadata"]["namespace"], of, self._reading)
            for tree, of in pairs
            if tree["kind"] == "NetworkPolicy"
        ]
        self._tries = _Tries(trial, others, made.beside)

    def found(self) -> tuple[Raised, Found]:
        policies = self._selecting_the_same(merged(self._start))
        tidy = list(map(tidied, policies))
        # a rule that another implies may name a label by which pods are told apart
        policies = policies if self._tries.fail(tidy) else tidy
        acting = [p for p in policies if p.pods and self._pods(p)]
        needless = self._needless(acting, [p for p in policies if not any(p is one for one in acting)])
        policies = [p for p in policies if not any(p is one for one in needless)]
        given = {id(d) for d in self._given}
        as_they_were = {id(p.of[0]) for p in policies if len(p.of) == 1 and id(p.of[0]) in given}
        written_anew = [p for p in policies if not (len(p.of) == 1 and id(p.of[0]) in as_they_were)]
        names = Names([d for d in self._given if id(d) in as_they_were])
        whole = [*((_written(p, names), p.of) for p in written_anew), *self._beside]
        rules = (*self._made.rules, *(key for d in self._given for key in _keys(d)))
        raised = Raised(
            objects=tuple(tree for tree, _ in whole),
            made_of=tuple(of for _, of in whole),
            sources=(*self._made.sources, *self._given),
            replaced=(*self._made.replaced, *(d for d in self._given if id(d) not in as_they_were)),
            rules=rules,
            open=(*self._made.open, *_left_out(needless, rules)),
            of_this_cluster=self._made.of_this_cluster or bool(needless),
            beside=self._made.beside,
        )
        return raised, Found(len(self._start), len(policies), self._at_least(policies))

    def _pods(self, policy: Merged) -> frozenset[int]:
        selector = label_selector(msgspec.convert(policy.pods, LabelSelector), "k8s:", self._reading)
        return self._trial.selected(conjunction(equals("ns", policy.namespace), selector, POD_NETWORK))

    def _selecting_the_same(self, policies: list[Merged]) -> list[Merged]:
        """With those as one that select the same pods of the input, of which there are some."""
        found: dict[object, Merged] = {}
        for number, policy in enumerate(policies):
            pods = self._pods(policy)
            key: object = (policy.namespace, pods) if pods else number
            found[key] = together(found[key], policy) if key in found else policy
        joined = list(found.values())
        return policies if len(joined) < len(policies) and self._tries.fail(joined) else joined

    def _needless(self, tried: list[Merged], kept: list[Merged]) -> list[Merged]:
        """Policies without which no verdict is another: all are tried, then halves, then their halves."""
        taking = _Taking(self._tries, [*kept, *tried])

        def without(group: list[Merged]) -> list[Merged]:
            if not group or self._tries.count >= MOST_TRIES:
                return []
            if not taking.fails_without(group):
                taking.take(group)
                return group
            half = len(group) // 2
            return [*without(group[:half]), *without(group[half:])] if half else []

        return without(tried)

    def _at_least(self, policies: list[Merged]) -> int:
        """One in each namespace where verdicts are others without any."""
        spaces = dict.fromkeys(p.namespace for p in policies)
        if len(spaces) > MOST_SPACES:
            return 1
        taking = _Taking(self._tries, policies)
        return sum(taking.fails_without([p for p in policies if p.namespace == space]) for space in spaces)


class _Taking:
    """Policies of which some are taken away: by an edit of their network where that can be, else each time anew."""

    def __init__(self, tries: _Tries, policies: Sequence[Merged]) -> None:
        self._tries = tries
        self._left = list(policies)
        objects = _objects(policies)
        self._objects = dict(zip(map(id, policies), objects, strict=True))
        self._thinning = tries.thinning(objects)

    def fails_without(self, group: Sequence[Merged]) -> bool:
        if self._thinning is not None:
            found = self._thinning.differs_without([self._objects[id(policy)] for policy in group])
            if found is not None:
                self._tries.count += 1
                return found
            self._thinning = None
        return self._tries.fail(self._without(group))

    def take(self, group: Sequence[Merged]) -> None:
        """Takes away those that were last asked about."""
        self._left = self._without(group)
        if self._thinning is not None:
            self._thinning.take()

    def _without(self, group: Sequence[Merged]) -> list[Merged]:
        gone = set(map(id, group))
        return [policy for policy in self._left if id(policy) not in gone]


def _objects(policies: Sequence[Merged]) -> list[Decoded]:
    names = Names([])
    return [read_again(_written(policy, names)) for policy in policies]


def _keys(policy: Decoded) -> list[RuleKey]:
    spec = policy.value.spec
    return [
        RuleKey(kind=policy.kind, namespace=policy.namespace, name=policy.name, pointer=("spec", side, n))
        for side in SIDES
        for n in range(len((getattr(spec, side) if spec is not None else None) or ()))
    ]


def _left_out(needless: Sequence[Merged], rules: Sequence[RuleKey]) -> Iterator[Open]:
    for policy in needless:
        sources = list(dict.fromkeys(f"{d.kind} `{named(d.namespace, d.name)}`" for d in policy.of))
        names = {(d.kind, d.namespace, d.name) for d in policy.of}
        yield Open(
            kind="decides nothing",
            rules=tuple(key for key in rules if (key.kind, key.namespace, key.name) in names),
            refused=False,
            told=f"{' and '.join(sources)} decides nothing in the network of the input, and is left out",
        )


def of_tree(tree: Tree, namespace: str, of: tuple[Decoded, ...], reading: Reading) -> Merged:
    """A NetworkPolicy by its directions as a plugin reads them."""
    spec = tree.get("spec") or {}
    read = msgspec.convert(spec, NetworkPolicySpec)
    rules: dict[str, list[Tree]] = {side: spec.get(side) or [] for side in isolated_by(read, reading)}
    return Merged(namespace, spec.get("podSelector") or {}, rules, of)


def _written(policy: Merged, names: Names) -> Tree:
    """The NetworkPolicy, under the name of the first that it was made of where that is free."""
    first = min(policy.of, key=lambda d: (d.kind != "NetworkPolicy", d.name))
    name = names.free("NetworkPolicy", policy.namespace, first.name, "-merged")
    meta: Tree = {"name": name, "namespace": policy.namespace} | (marks(first) if len(policy.of) == 1 else {})
    spec: Tree = {"podSelector": policy.pods, "policyTypes": [side.capitalize() for side in policy.rules]}
    spec |= {side: rules for side, rules in policy.rules.items() if rules}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}


def _label(pods: Tree) -> tuple[str, list[str]] | None:
    """The one label that a selector asks for, with its values; None where it asks for more, or for less."""
    labels: dict[str, str] = pods.get("matchLabels") or {}
    more: Sequence[Tree] = pods.get("matchExpressions") or ()
    if len(labels) == 1 and not more:
        ((key, value),) = labels.items()
        return key, [value]
    if len(more) == 1 and not labels and more[0]["operator"] == "In":
        return more[0]["key"], list(more[0]["values"])
    return None


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
