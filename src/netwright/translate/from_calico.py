"""Calico's policies as Cilium's: each becomes one of its name, for the same pods.

Calico reads rules in the order of tiers and policies, Cilium reads all that deny before all that allow: `ordered` takes
the order out. Cilium knows pods by labels, nodes by entities and addresses outside only: what a rule says beyond that
is left out by name. Policies of Kubernetes stay as they are, and their place among Calico's tiers is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final, NamedTuple, Protocol

from netwright.base.ipset import EMPTY, IpSet
from netwright.base.selectors import Selector, conjunction
from netwright.base.services import ServiceSet
from netwright.base.spans import named
from netwright.dialects.calico import KINDS as SOURCES
from netwright.dialects.calico import NETWORK_POLICY
from netwright.dialects.calico.grammar import Compared, parse, terms
from netwright.dialects.calico.lower import acts_on_pods, lower_calico
from netwright.dialects.calico.objects import NetworkPolicySpec, Rule
from netwright.dialects.cilium.selectors import SA, SERVICE_ACCOUNT
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME
from netwright.dialects.k8s.objects import Node
from netwright.model.document import Decoded
from netwright.model.rule import (
    ANYBODY,
    EVERY_SERVICE,
    UNGUARDED,
    AndPeer,
    Direction,
    End,
    Members,
    OrPeer,
    Peer,
)
from netwright.model.rule import Rule as Lowered
from netwright.profiles.calico_cluster_policies import converted
from netwright.profiles.calico_tiers import host_actions
from netwright.profiles.profile import Profile
from netwright.translate.boxes import Box, Ground, Kind, Manner, Unsayable
from netwright.translate.cilium_words import Tree, entries, is_told, label_selectors
from netwright.translate.clusternetworkpolicy import marks
from netwright.translate.conversion import Open, Raised, ResidueKind, RuleKey, Side, Turned
from netwright.translate.from_cilium.selectors import Asked
from netwright.translate.made_up import Selected
from netwright.translate.names import Names
from netwright.translate.ordered import Made, Step, Unordered, unordered
from netwright.translate.same_network import PORT_ZERO
from netwright.translate.terms import TooManyTerms
from netwright.translate.terms import terms as alternatives
from netwright.translate.trees import read_again

SIDES: Final[tuple[Side, ...]] = ("ingress", "egress")
KINDS: Final = {NETWORK_POLICY: "CiliumNetworkPolicy", SOURCES[1]: "CiliumClusterwideNetworkPolicy"}
_PARTS: Final = ("contains", "starts with", "ends with")
_HOST_POLICY: Final = "calico-endpoint-to-host"
_HTTP: Final = "HTTP "


class Trial(Protocol):
    """The network of the input, under the profile that enforces what is converted."""

    @property
    def source(self) -> Profile: ...

    @property
    def ground(self) -> Ground: ...

    @property
    def network_objects(self) -> Sequence[Decoded]:
        """Those of the input and what was made up beside them."""

    def arrived(self, objects: Sequence[Decoded], beside: ServiceSet) -> tuple[Turned, ...]:
        """What differs from the input once these are its objects under the new profile, but for services `beside`."""


class Fault(NamedTuple):
    """What of a rule is not said, or said otherwise than it is written."""

    kind: ResidueKind
    told: str


def raised(objects: Sequence[Decoded], trial: Trial) -> Raised:
    """Calico's policies among the objects as Cilium's."""
    return _Raising(objects, trial).raised()


class _Raising:
    def __init__(self, objects: Sequence[Decoded], trial: Trial) -> None:
        self._objects = objects
        self._trial = trial
        self._ground = trial.ground
        self._sources = sorted(
            (d for d in objects if d.kind in SOURCES), key=lambda d: (SOURCES.index(d.kind), d.namespace, d.name)
        )
        self._by_name = {(d.kind, d.namespace, d.name): d for d in objects}
        self._faults: dict[RuleKey, list[Fault]] = {}
        self._said: set[RuleKey] = set()

    def raised(self) -> Raised:
        converting = [d for d in self._sources if acts_on_pods(d)]
        kept = [d for d in self._objects if d.kind not in SOURCES]
        specs: dict[int, _Specs] = {id(d): _Specs(d) for d in converting}
        tiers = lower_calico(self._trial.network_objects, self._trial.source.reading, converted).tiers
        for side in SIDES:
            found = unordered([self._steps(tier.rules, tier.ends, side) for tier in tiers], self._ground.everybody)
            self._say(found, side, specs)
        for policy in converting:
            self._look_at(policy)
        names = Names(kept)
        made: list[tuple[Tree, tuple[Decoded, ...]]] = []
        for policy in converting:
            tree = specs[id(policy)].policy(names)
            made += [(tree, (policy,))] if tree is not None else []
        made += self._to_own_node(names)
        differing = self._trial.arrived([*kept, *(read_again(tree) for tree, _ in made)], PORT_ZERO)
        if any(one.surely for one in differing):
            self._doubt(converting)
        return Raised(
            objects=tuple(tree for tree, _ in made),
            made_of=tuple(policies for _, policies in made),
            sources=tuple(self._sources),
            replaced=tuple(self._sources),
            rules=tuple(key for d in self._sources for key in _keys(d)),
            open=tuple(self._open({id(d) for d in converting}, not differing)),
            of_this_cluster=True,
            beside=PORT_ZERO,
        )

    # --- reading --------------------

    def _steps(self, rules: Sequence[Lowered], ends: Sequence[End], side: Side) -> list[Step]:
        found: list[Step] = []
        for rule in sorted((r for r in rules if r.direction == side), key=lambda r: r.rank):
            policy = self._by_name.get((rule.origin.kind, rule.origin.namespace, rule.origin.name))
            if policy is None:
                continue  # what a policy perhaps does, by labels that are not in the input
            stays = policy.kind not in SOURCES
            key = None if stays else _key(policy, side, rule.index)
            box = self._box(rule, side, key)
            if box is not None:
                found.append(Step(policy, key, rule.action, box, stays=stays))
        for end in ends:
            if end.direction == side:
                policy = self._by_name[end.origin.kind, end.origin.namespace, end.origin.name]
                box = Box(end.at, self._ground.everybody, EVERY_SERVICE)
                found.append(Step(policy, None, end.action, box, stays=policy.kind not in SOURCES, is_end=True))
        return found

    def _box(self, rule: Lowered, side: Side, key: RuleKey | None) -> Box | None:
        """What a rule matches; None where it is left out, which is told."""
        if rule.when is not UNGUARDED and not (rule.when.text.startswith(_HTTP) and rule.action == "allow"):
            self._fault(key, "beyond the language", f"asks that {rule.when.text}, which Cilium cannot ask")
            return None
        own, other = (rule.dst, rule.src) if side == "ingress" else (rule.src, rule.dst)
        at = rule.at
        try:
            if own is not ANYBODY:
                here, manner = self._ground.region(own)
                at = conjunction(at, here.pods)
                self._by_address(key, manner, "the pod's own address")
            whom, manner = self._ground.region(other)
        except Unsayable as what:
            self._fault(key, "unknown peer", str(what))
            return None
        self._by_address(key, manner, "pods by their addresses")
        return Box(at, whom, rule.service)

    def _by_address(self, key: RuleKey | None, manner: Manner, what: str) -> None:
        if manner == "written out":
            self._fault(key, "written out", f"means {what}: written out by the labels of those of the input")
        elif manner:
            told = (
                "Cilium means by addresses only who is outside the cluster, and no labels tell those pods "
                "(`--pod-cidr` says where pods without an address are)"
            )
            self._fault(key, "beyond the language", f"means {what}: {told}")

    def _fault(self, key: RuleKey | None, kind: ResidueKind, told: str) -> None:
        if key is not None:
            held = self._faults.setdefault(key, [])
            if Fault(kind, told) not in held:
                held.append(Fault(kind, told))

    # --- saying --------------------

    def _say(self, found: Unordered, side: Side, specs: dict[int, _Specs]) -> None:
        for policy, at in found.isolating:
            for pods in self._subjects(at, policy, None):
                specs[id(policy)].isolate(pods, side)
        for step, why in found.stuck:
            self._fault(step.key, "conflict", f"cannot be told apart from rules before it: {why}")
        said = {one.key for one in found.made}
        for one in found.made:
            self._entry(one, side, specs[id(one.policy)])
        for step in found.idle:
            if step.key is not None and step.key not in said:
                self._said.add(step.key)
                self._fault(step.key, "decides nothing", "decides nothing: rules before it decide all that it matches")

    def _entry(self, one: Made, side: Side, specs: _Specs) -> None:
        http = _rule(one.policy, one.key).http if one.key is not None else None
        denies = one.action == "deny"
        home = one.policy.namespace
        words = entries(self._ground, one.box.whom, one.box.service, side, home, denies=denies, http=http)
        for told in words.unsaid:
            self._fault(one.key, "beyond the language", f"matches {told}")
        for pods in self._subjects(one.box.at, one.policy, one.key) if words.entries else ():
            specs.add(pods, side, one.action, words.entries)
            if one.key is not None:
                self._said.add(one.key)

    def _subjects(self, at: Selector, policy: Decoded, key: RuleKey | None) -> list[Tree]:
        trees, unsaid = label_selectors(at, policy.namespace, subject=True)
        for told in unsaid:
            self._fault(key, "beyond the language", f"is for pods by {told}")
        return trees

    def _to_own_node(self, names: Names) -> list[tuple[Tree, tuple[Decoded, ...]]]:
        """Calico drops what a pod sends to its own node behind all policies, unless it is set up otherwise."""
        if self._host_actions() != {"Drop"} or not self._sources:
            return []
        actions = host_actions(self._objects, self._trial.source)
        name = names.free("CiliumClusterwideNetworkPolicy", "", _HOST_POLICY, "-calico")
        spec: Tree = {
            "endpointSelector": {},
            "egressDeny": [{"toEntities": ["host"]}],
            "enableDefaultDeny": {"ingress": False, "egress": False},
        }
        kind = "CiliumClusterwideNetworkPolicy"
        tree: Tree = {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": {"name": name}, "spec": spec}
        settings = tuple(d for _, d in actions.values() if d is not None)
        return [(tree, settings)]

    def _host_actions(self) -> set[str]:
        return {action for action, _ in host_actions(self._objects, self._trial.source).values()}

    # --- what is left --------------------

    def _look_at(self, policy: Decoded) -> None:
        """What of a policy was looked up in the input, and what it only logs."""
        for key in _keys(policy):
            rule = _rule(policy, key)
            if rule.action == "Log":
                self._said.add(key)
                self._fault(key, "decides nothing", "logs, which no rule of Cilium does")
            for told in dict.fromkeys(_looked_up(rule)):
                self._fault(key, "written out", f"{told}: written out as the input has them")

    def _doubt(self, policies: Sequence[Decoded]) -> None:
        """Why connections may differ, though all is said: ports by names."""
        for key in (key for policy in policies for key in _keys(policy) if key in self._said):
            rule = _rule(self._by_name[key.kind, key.namespace, key.name], key)
            listed = [one for entity in (rule.source, rule.destination) if entity for one in entity.ports or ()]
            if any(isinstance(one, str) and not one[:1].isdigit() for one in listed):
                told = "asks for a port by its name: of the ports that a pod gives one name, Cilium takes one"
                self._fault(key, "beyond the language", told)

    def _open(self, converting: set[int], is_same: bool) -> Iterator[Open]:
        actions = self._host_actions()
        if actions - {"Accept"} and actions != {"Drop"}:
            told = (
                "what pods send to their own node is decided by `defaultEndpointToHostAction` of the nodes "
                f"({' and '.join(sorted(actions))}): Cilium has one rule for all nodes, so that none is written"
            )
            yield Open(kind="beyond the language", rules=(), refused=False, told=told)
        for policy in self._sources:
            whose = f"{policy.kind} `{named(policy.namespace, policy.name)}` "
            keys = list(_keys(policy))
            if id(policy) not in converting:
                told = "is for the interfaces of hosts, which policies for pods are not: it is left out"
                if keys:
                    yield Open(kind="beyond the language", rules=tuple(keys), refused=True, told=whose + told)
                continue
            by_fault: dict[Fault, list[RuleKey]] = {}
            for key in keys:
                for fault in self._faults.get(key, ()):
                    by_fault.setdefault(fault, []).append(key)
            for fault, found in by_fault.items():
                plain = fault.kind in ("decides nothing", "written out") or is_same
                lost = [key for key in found if not plain and key not in self._said]
                for some, refused in (([key for key in found if key not in lost], False), (lost, True)):
                    if some:
                        yield Open(kind=fault.kind, rules=tuple(some), refused=refused, told=whose + fault.told)


class _Specs:
    """One policy of Cilium as it is made: rules by the pods that they are for."""

    def __init__(self, policy: Decoded) -> None:
        self._policy = policy
        self._by_pods: list[tuple[Tree, Tree, set[Side]]] = []

    def _of(self, pods: Tree) -> tuple[Tree, set[Side]]:
        for held, rule, isolated in self._by_pods:
            if held == pods:
                return rule, isolated
        self._by_pods.append((pods, {}, set()))
        return self._by_pods[-1][1:]

    def isolate(self, pods: Tree, side: Side) -> None:
        self._of(pods)[1].add(side)

    def add(self, pods: Tree, side: Side, action: str, entries: Sequence[Tree]) -> None:
        held = self._of(pods)[0].setdefault(side if action == "allow" else f"{side}Deny", [])
        held += [one for one in entries if one not in held]

    def policy(self, names: Names) -> Tree | None:
        """The policy; None where it says nothing."""
        specs = [self._spec(*one) for one in self._by_pods]
        if not specs:
            return None
        policy = self._policy
        kind = KINDS[policy.kind]
        meta: Tree = {"name": names.free(kind, policy.namespace, policy.name, "-calico")}
        meta |= ({"namespace": policy.namespace} if policy.namespace else {}) | marks(policy)
        body: Tree = {"spec": specs[0]} if len(specs) == 1 else {"specs": specs}
        return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": meta, **body}

    @staticmethod
    def _spec(pods: Tree, rule: Tree, isolated: set[Side]) -> Tree:
        out: Tree = {"endpointSelector": pods}
        for side in SIDES:
            if side in isolated and not rule.get(side) and not rule.get(f"{side}Deny"):
                out[side] = [{}]  # isolates and allows nothing
            for section in (side, f"{side}Deny"):
                if rule.get(section):
                    out[section] = rule[section]
        open_sides = [side for side in SIDES if side not in isolated]
        switched = {side: False for side in open_sides if rule.get(side) or rule.get(f"{side}Deny")}
        return out | ({"enableDefaultDeny": switched} if switched else {})


# --- what policies say --------------------


def _keys(policy: Decoded) -> Iterator[RuleKey]:
    spec: NetworkPolicySpec | None = policy.value.spec
    if spec is not None:
        for side in SIDES:
            for index in range(len((spec.ingress if side == "ingress" else spec.egress) or ())):
                yield _key(policy, side, index)


def _key(policy: Decoded, side: Direction, index: int) -> RuleKey:
    return RuleKey(kind=policy.kind, namespace=policy.namespace, name=policy.name, pointer=("spec", side, index))


def _rule(policy: Decoded, key: RuleKey) -> Rule:
    spec: NetworkPolicySpec = policy.value.spec
    _, side, index = key.pointer
    rules = (spec.ingress if side == "ingress" else spec.egress) or ()
    return rules[int(index)]


def _looked_up(rule: Rule) -> Iterator[str]:
    """What of a rule has no words in Cilium but those that the input gives."""
    for entity in (rule.source, rule.destination):
        if entity is None:
            continue
        for text in (entity.selector, entity.not_selector, entity.namespace_selector):
            if text and any(isinstance(one, Compared) and one.operator in _PARTS for one in terms(parse(text))):
                yield f"`{text}`"
        if entity.service_accounts is not None and entity.service_accounts.selector:
            yield f"service accounts by `{entity.service_accounts.selector}`"
        if entity.services is not None:
            yield f"the Service `{entity.services.name}`"


def selected_by_calico(objects: Sequence[Decoded], profile: Profile) -> Iterator[Selected]:
    """Each selector of Calico's policies, by its first alternative."""
    for tier in lower_calico(objects, profile.reading, converted).tiers:
        for rule in tier.rules:
            for selector in (rule.at, *_members(rule.src), *_members(rule.dst)):
                with suppress(TooManyTerms):
                    yield from _asked(selector)


def _members(peer: Peer) -> Iterator[Selector]:
    if isinstance(peer, Members):
        yield peer.selector
    elif isinstance(peer, (AndPeer, OrPeer)):
        for part in peer.parts:
            yield from _members(part)


def _asked(selector: Selector) -> Iterator[Selected]:
    for term in alternatives(selector)[:1]:
        where: Tree = {}
        labels: Tree = {}
        for key, held in term:
            of_namespace = key == "ns" or key.startswith("ns:")
            name = NAMESPACE_NAME if key == "ns" else SERVICE_ACCOUNT if key == SA else key.partition(":")[2]
            needs = (where if of_namespace else labels).setdefault("matchExpressions", [])
            if held.allowed is not None:
                needs.append({"key": name, "operator": "In", "values": sorted(held.allowed)})
                continue
            needs += [{"key": name, "operator": "NotIn", "values": sorted(held.excluded)}] if held.excluded else []
            if held.there is not None:
                needs.append({"key": name, "operator": "Exists" if held.there else "DoesNotExist"})
        home = next((min(held.allowed) for key, held in term if key == "ns" and held.allowed), "")
        yield home, Asked(where, labels, bool(where)), selector


def ground(objects: Sequence[Decoded], pods: Sequence[Kind], families: Sequence[int]) -> Ground:
    """What the input says of the addresses of nodes and pods."""
    nodes: dict[str, IpSet] = {}
    for d in objects:
        if isinstance(d.value, Node):
            listed = (d.value.status.addresses if d.value.status else None) or ()
            texts = [one.address for one in listed if one.address and one.type in ("InternalIP", "ExternalIP")]
            nodes[d.name] = IpSet.of(*texts)
    every = IpSet.of(*(["0.0.0.0/0"] if 4 in families else []), *(["::/0"] if 6 in families else []))
    by_attributes: dict[tuple[tuple[str, str], ...], IpSet] = {}
    for kind in pods:
        held = tuple(sorted(pair for pair in kind.attributes.items() if is_told(pair[0])))
        by_attributes[held] = by_attributes.get(held, EMPTY) | kind.addresses
    return Ground(nodes, tuple(Kind(dict(key), held) for key, held in by_attributes.items()), every)
