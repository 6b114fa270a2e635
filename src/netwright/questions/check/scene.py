"""What the checks look at: one network, its policies rule by rule, and whom selectors select.

Selectors are answered by the compiled network's own selection, so that a check never disagrees with a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from itertools import groupby
from typing import Any, Final, TypeVar

import msgspec

from netwright.base.selectors import NEVER, Selector, conjunction, equals
from netwright.base.services import TRANSPORT, ServiceSet
from netwright.dialects.adminpolicy import KINDS as ADMIN_KINDS
from netwright.dialects.k8s.lower import (
    POD_NETWORK,
    Side,
    isolated_by,
    label_selector,
    lower_ports,
    perhaps_selector,
)
from netwright.dialects.k8s.objects import (
    LabelSelector,
    NetworkPolicy,
    NetworkPolicyEgressRule,
    NetworkPolicyIngressRule,
    NetworkPolicyPeer,
    NetworkPolicyPort,
    NetworkPolicySpec,
)
from netwright.engine.acting import Acting, Isolation, acting, isolation
from netwright.engine.bits import indexes
from netwright.engine.tables import Table
from netwright.model.cluster import Workload
from netwright.model.document import Decoded
from netwright.model.mesh import CLIENT
from netwright.model.rule import Direction, EndpointKind
from netwright.questions.check.found import Found
from netwright.questions.check.stage import Stage, stage_of
from netwright.questions.registry import Asked

T = TypeVar("T")
OWN_NODE: Final = (
    ("CiliumConfig", "", "allow-localhost"),
    ("CalicoConfig", "", "host-to-own-pods"),
    ("CalicoConfig", "", "default-endpoint-to-host-action"),
    ("OVNConfig", "", "management-port"),
)
"""What lets a node in to its own pods, and out of them: it acts at all of them, and isolates nobody."""


class Chosen(msgspec.Struct, frozen=True):
    """The endpoint rows that a selector surely, and that it surely or perhaps, selects. Empty `may`: surely nobody."""

    must: tuple[int, ...]
    may: tuple[int, ...]


RuleKey = tuple[Decoded, Direction, int]


class RuleOf(msgspec.Struct, frozen=True):
    """A rule of a NetworkPolicy that acts: `policy`'s `direction` is among its policyTypes. `peers` None: anybody."""

    policy: Decoded
    direction: Direction
    number: int
    peers: tuple[NetworkPolicyPeer, ...] | None
    ports: tuple[NetworkPolicyPort, ...] | None

    @property
    def side(self) -> str:
        return "from" if self.direction == "ingress" else "to"

    @property
    def key(self) -> RuleKey:
        return (self.policy, self.direction, self.number)

    @property
    def pointer(self) -> tuple[str | int, ...]:
        return ("spec", self.direction, self.number)


class Scene(Stage):
    """One network as the checks see it."""

    def __init__(self, twin: Asked, is_told: Callable[[Found], bool] = lambda _: True) -> None:
        super().__init__(twin.cluster, twin.snapshot.reading.documents, twin.snapshot.refused)
        self._stage = stage_of(twin)
        self.twin = twin
        self.is_told = is_told
        """Whether a finding is told: not where it is switched off, of another namespace, or withheld."""
        self.inquirer = twin.inquirer
        self.network = twin.network
        self._recalled: tuple[dict[tuple[object, ...], Any], ...] = (self._stage.of_policies, {})
        self._stage.of_policies = self._recalled[1]
        self._chosen: dict[tuple[Selector, Selector], Chosen] = {}
        self._unlimited: dict[Direction, dict[int, bool]] = {"ingress": {}, "egress": {}}
        self._bits: dict[tuple[int, ...], int] = {}
        self.hosts_meant: set[str] = set()
        """Workloads on their node's network of which a check has said that a peer means them in vain."""

    @property
    def stage(self) -> Stage:
        return self._stage

    def once(self, worked_out: Callable[[Scene], T]) -> T:
        """What a function makes of this scene, made once. What needs no policy is asked of its `stage`."""
        return super().once(worked_out)  # type: ignore[arg-type]

    def recalled(self, of: tuple[object, ...], worked_out: Callable[[], T]) -> T:
        """What hangs on policies and the stage alone: as in the scene before, where these are the same. `of`: what it
        is, and of which policies, or by identity of which part of one, which is then held too."""
        before, now = self._recalled
        if of not in now:
            now[of] = before[of] if of in before else worked_out()
        found: T = now[of]
        return found

    @cached_property
    def workloads(self) -> tuple[Workload, ...]:
        return self.stage.workloads

    @cached_property
    def namespaces(self) -> dict[str, Decoded | None]:
        return self.stage.namespaces

    def object_of(self, workload: Workload) -> Decoded:
        return self.stage.object_of(workload)

    def refs(self, rows: Iterable[int]) -> tuple[str, ...]:
        return self.stage.refs(rows)

    # --- the network plugin --------------------

    def types(self, spec: NetworkPolicySpec) -> tuple[Side, ...]:
        """The directions that a NetworkPolicy isolates, as the plugin reads it."""
        return isolated_by(spec, self.profile.reading)

    def matches_by_address(self, kind: EndpointKind) -> bool:
        """Whether the plugin matches ends of a kind by ranges that have their addresses."""
        ranges = self.profile.reading.ranges
        return ranges is None or kind in ranges

    @cached_property
    def may_be_denied(self) -> bool:
        """Whether there are policies that deny what NetworkPolicies allow."""
        return bool(self.admin_policies) or self.has_cilium or self.has_calico

    @cached_property
    def tunnelled(self) -> int:
        """The positions of pods between which a mesh tunnels all connections: what is to be said of these is said of
        the tunnel."""
        if self.cluster.mesh is None:
            return 0
        columns = self.cluster.columns
        rows = [row for row in range(columns.n) if columns.labels_of(row).get(CLIENT) == "ambient"]
        return self.bits(tuple(rows))

    # --- objects --------------------

    @cached_property
    def policies(self) -> tuple[Decoded, ...]:
        """The NetworkPolicies, by namespace and name."""
        return tuple(d for d in self.objects if isinstance(d.value, NetworkPolicy))

    @cached_property
    def by_namespace(self) -> list[tuple[Decoded, ...]]:
        """The NetworkPolicies of each namespace that has some."""
        return [tuple(there) for _, there in groupby(self.policies, key=lambda d: d.namespace)]

    @cached_property
    def admin_policies(self) -> tuple[Decoded, ...]:
        """The policies of the Admin and the Baseline tier that the plugin reads, by name."""
        return tuple(d for d in self.of_kind(*ADMIN_KINDS) if d.kind not in self.profile.ignored)

    def rules(self, *, direction: Direction | None = None) -> Iterator[RuleOf]:
        """The rules of all policies that act, by namespace and name of the policy."""
        for rules in self._rules_of.values():
            for rule in rules:
                if direction in (None, rule.direction):
                    yield rule

    def rules_of(self, policy: Decoded) -> tuple[RuleOf, ...]:
        """The rules of one policy that act."""
        return self._rules_of[policy]

    @cached_property
    def _rules_of(self) -> dict[Decoded, tuple[RuleOf, ...]]:
        return {policy: self.recalled(("rules", policy), partial(self._made, policy)) for policy in self.policies}

    def _made(self, policy: Decoded) -> tuple[RuleOf, ...]:
        spec = spec_of(policy)
        return tuple(rule for side in self.types(spec) for rule in _rules(policy, spec, side))

    def written_rules(self, policy: Decoded, direction: Direction) -> tuple[RuleOf, ...]:
        """The rules of one policy for a direction, whether they act or not."""
        return tuple(_rules(policy, spec_of(policy), direction))

    def services(self, ports: tuple[NetworkPolicyPort, ...] | None, rows: Iterable[int]) -> ServiceSet:
        """All that entries of `ports` allow, their names as any of these destinations gives them."""
        if ports is None:
            return TRANSPORT
        lowered = lower_ports(ports)
        services = lowered.fixed
        names = {(port.name, port.protocol) for port in lowered.named}
        if names:
            for port in {port for row in rows for port in self.cluster.row_ports[row]}:
                if (port.name, port.protocol) in names:
                    services |= ServiceSet.ports(port.protocol, port.number)
        return services

    # --- endpoints --------------------

    @cached_property
    def acting(self) -> Acting:
        return acting(self.network)

    def isolation(self, workload: Workload, direction: Direction) -> Isolation:
        return isolation(self.acting, workload.rows, direction)

    def is_unlimited(self, rows: Iterable[int], direction: Direction) -> bool:
        """Whether one of these endpoints surely has everybody as its peer on every service: no policy isolates it
        there, and none denies anything. Of a machine whose interface forwards some services only, on these."""
        identities, unlimited = self.acting.identities, self._unlimited[direction]
        for position in {identities[row] for row in rows}:
            if position not in unlimited:
                unlimited[position] = all(
                    self._is_unlimited(t.ingress if direction == "ingress" else t.egress, position, t.universe.every)
                    for t in self.network.tables.values()
                    if t.universe.present >> position & 1
                )
            if unlimited[position]:
                return True
        return False

    def _is_unlimited(self, table: Table, position: int, every: int) -> bool:
        class_ = int(table.of_position[position])
        whole = sum(row.mask for row in table.rows(class_) if row.must == every)
        atoms = table.fold.atoms
        if whole == atoms.all or not whole & atoms.touching(TRANSPORT):
            return whole == atoms.all
        rows, lost = self.network.rows_of_policies(table, class_)
        return whole | sum(row.mask for row in rows if row.must == every) & lost == atoms.all

    # --- selectors --------------------

    def subjects(self, policy: Decoded) -> Chosen:
        """The pods that a policy selects."""
        return self.recalled(("subjects", policy), lambda: self.pods(spec_of(policy).pod_selector, policy.namespace))

    def pods(self, selector: LabelSelector | None, namespace: str) -> Chosen:
        """The pods of a namespace that a pod selector of a policy selects."""
        return self._choose(equals("ns", namespace), selector)

    def peers(self, peer: NetworkPolicyPeer, namespace: str) -> Chosen:
        """The pods that a peer of a policy in `namespace` selects; none for an ipBlock."""
        _, chosen = self.recalled(("peer", id(peer), namespace), lambda: (peer, self._meant(peer, namespace)))
        return chosen

    def _meant(self, peer: NetworkPolicyPeer, namespace: str) -> Chosen:
        if peer.namespace_selector is not None:
            return self._choose(label_selector(peer.namespace_selector, "ns:"), peer.pod_selector)
        if peer.pod_selector is not None:
            return self.pods(peer.pod_selector, namespace)
        return Chosen((), ())

    def in_namespaces(self, selector: LabelSelector) -> Chosen:
        """The pods of the namespaces that a namespace selector of a policy selects."""
        return self._choose(label_selector(selector, "ns:"), None)

    def chosen(self, namespaces: LabelSelector, pods: LabelSelector | None) -> Chosen:
        """The pods that selectors of an admin policy select: of any namespace that matches, those that match."""
        return self._choose(label_selector(namespaces, "ns:"), pods)

    def anywhere(self, selector: LabelSelector) -> Chosen:
        """The pods of any namespace that a pod selector of a policy would select."""
        return self._choose(None, selector)

    def selected(self, selector: Selector) -> Chosen:
        """The endpoints that a selector of the rule form selects."""
        must, may = self.network.select.surely(selector)
        return Chosen(self.rows_at(must), self.rows_at(may))

    def _choose(self, where: Selector | None, selector: LabelSelector | None) -> Chosen:
        parts = [POD_NETWORK] if where is None else [where, POD_NETWORK]
        seen = self.profile.reading.labels
        if seen is not None and selector is not None:
            sure = conjunction(*parts, seen.pods(selector))
            perhaps = conjunction(*parts, seen.pods(selector, False))
        else:
            sure = conjunction(*parts, label_selector(selector, "k8s:"))
            perhaps = perhaps_selector(selector, conjunction(*parts)) or NEVER
        found = self._chosen.get((sure, perhaps))
        if found is None:
            must, may = self.network.select.surely(sure)
            may |= self.network.select.surely(perhaps)[1]
            found = self._chosen[sure, perhaps] = Chosen(self.rows_at(must), self.rows_at(may))
        return found

    def bits(self, rows: tuple[int, ...]) -> int:
        """The identities of these endpoint rows."""
        bits = self._bits.get(rows)
        if bits is None:
            bits = 0
            for position in {self.acting.identities[row] for row in rows}:
                bits |= 1 << position
            self._bits[rows] = bits
        return bits

    def rows_at(self, bits: int) -> tuple[int, ...]:
        """The endpoint rows of these identities."""
        return tuple(sorted(row for identity in indexes(bits) for row in self._rows_of.get(identity, ())))

    @cached_property
    def _rows_of(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for row, position in enumerate(self.acting.identities):
            found.setdefault(position, []).append(row)
        return found


def spec_of(policy: Decoded) -> NetworkPolicySpec:
    return policy.value.spec or NetworkPolicySpec()


def _rules(policy: Decoded, spec: NetworkPolicySpec, side: Direction) -> Iterator[RuleOf]:
    written: Sequence[NetworkPolicyIngressRule | NetworkPolicyEgressRule | None] = getattr(spec, side) or ()
    for index, rule in enumerate(written):
        peers = rule.from_ if isinstance(rule, NetworkPolicyIngressRule) else rule.to if rule else None
        yield RuleOf(
            policy,
            side,
            index,
            tuple(p or NetworkPolicyPeer() for p in peers) if peers else None,
            tuple(p or NetworkPolicyPort() for p in rule.ports) if rule and rule.ports else None,
        )
