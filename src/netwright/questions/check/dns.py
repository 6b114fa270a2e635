"""Whether pods that may go somewhere may ask for its name.

DNS servers listen on port 53 over UDP and TCP (RFC 1035, RFC 7766); policy sees the port of the server's pod, which
some distributions put elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import msgspec

from netwright.base.services import TCP, UDP, ServiceSet
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME
from netwright.dialects.k8s.lower import lower_ports
from netwright.dialects.k8s.objects import NetworkPolicyPort
from netwright.model.document import Decoded
from netwright.questions.check.found import Found, at, listed, namespace_of
from netwright.questions.check.mistakes import Mistakes
from netwright.questions.check.scene import RuleOf, Scene, spec_of
from netwright.questions.check.surroundings import Surroundings
from netwright.questions.check.tiers import Tiers
from netwright.spec.labels import matches, may_match

SERVERS = ("kube-system", "openshift-dns")
"""Namespaces where clusters keep their DNS servers."""
PORTS = (53, 5353, 1053, 8053, 10053)
"""What the pods of DNS servers listen on: CoreDNS, OpenShift's, and as users that may not bind ports below 1024."""


def checks(scene: Scene) -> Iterator[Found]:
    names = scene.once(Names)
    yield from names.none()
    yield from names.only_udp()


class Allowed(msgspec.Struct, frozen=True):
    """What the egress rules of a policy may allow of DNS; `selects`: whether they let pods go to pods at all."""

    udp: bool
    tcp: bool
    selects: bool


class Names:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.around = scene.once(Surroundings)

    @cached_property
    def allowed_by(self) -> dict[Decoded, Allowed]:
        """By policy that isolates for egress."""
        found = {}
        for policy in self.scene.policies:
            if "egress" in self.scene.types(spec_of(policy)):
                rules = [r for r in self.scene.rules_of(policy) if r.direction == "egress"]
                found[policy] = Allowed(
                    any(self._may(rule, UDP) for rule in rules),
                    any(self._may(rule, TCP) for rule in rules),
                    any(p.ip_block is None for rule in rules for p in rule.peers or ()),
                )
        return found

    @property
    def _meant(self) -> int:
        """The pods that a rule which was told to be mistaken would let ask for names."""
        serving = self.scene.bits(
            tuple(
                row
                for row, ports in enumerate(self.scene.cluster.row_ports)
                if any(port.number in PORTS and port.protocol == UDP for port in ports)
            )
        )
        bits = 0
        for mistake in self.scene.once(Mistakes).of("egress"):
            if mistake.rule is None:
                continue
            at_servers = mistake.ports is None and bool((mistake.whom or 0) & serving)
            if at_servers or self._may(mistake.rule, UDP):
                bits |= mistake.at
        return bits

    @cached_property
    def isolating(self) -> dict[int, list[Decoded]]:
        """By endpoint row the policies that isolate it for egress, surely or perhaps."""
        found: dict[int, list[Decoded]] = {}
        for policy in self.allowed_by:
            for row in self.scene.subjects(policy).may:
                found.setdefault(row, []).append(policy)
        return found

    def _may(self, rule: RuleOf, protocol: int) -> bool:
        """Whether a rule allows DNS over a protocol, or may: a port of a server to anybody, or all ports to those among
        whom a server may be."""
        if rule.ports is None:
            return self._may_be_servers(rule)
        return any(_may_be_dns(port, protocol) for port in rule.ports)

    def _may_be_servers(self, rule: RuleOf) -> bool:
        if rule.peers is None:
            return True
        for peer in rule.peers:
            if peer.ip_block is not None:
                return True
            if peer.namespace_selector is None:
                if rule.policy.namespace in SERVERS or rule.policy.namespace in self.serving:
                    return True
                continue
            for name in SERVERS:
                if self.scene.namespaces.get(name) is None:
                    if may_match(peer.namespace_selector, {NAMESPACE_NAME: name})[1]:
                        return True
                elif matches(peer.namespace_selector, self.around.labels_of(name)):
                    return True
            if not self.serving.isdisjoint(self.around.namespaces(peer.namespace_selector)[1]):
                return True
        return False

    @cached_property
    def serving(self) -> set[str]:
        """Namespaces with a pod that declares port 53."""
        return {
            self.scene.cluster.row_objects[row].namespace
            for row, ports in enumerate(self.scene.cluster.row_ports)
            if any(port.number in PORTS and port.protocol == UDP for port in ports)
        }

    def is_accepted(self, row: int, protocol: int) -> bool:
        """Whether the Admin tier may accept DNS for a pod, before NetworkPolicies are read, or a policy of Cilium."""
        position = self.scene.network.position(row)
        if self.scene.has_cilium:
            from netwright.questions.check.cilium_dns import asking

            if self.scene.once(asking)[protocol] >> position & 1:
                return True
        return any(
            self.scene.once(Tiers).may_accept("egress", position, ServiceSet.ports(protocol, number))
            for number in PORTS
        )

    def is_known(self, namespace: str) -> bool:
        """Whether policies of kinds that are not read cannot allow anything here."""
        return not any(
            u.effect == "both" and (not u.namespaces or namespace in u.namespaces) for u in self.scene.cluster.unknown
        )

    # --- findings --------------------

    def none(self) -> Iterator[Found]:
        """NW2130: by namespace."""
        lacking: dict[str, dict[str, Decoded]] = {}
        meant = self._meant
        for workload in self.scene.workloads:
            if not self.is_known(workload.namespace) or self.scene.isolation(workload, "egress") != "yes":
                continue
            if meant & self.scene.bits(workload.rows):
                continue
            for row in workload.rows:
                policies = self.isolating.get(row, [])
                allowed = [self.allowed_by[policy] for policy in policies]
                if any(a.selects for a in allowed) and not any(a.udp for a in allowed):
                    if self.is_accepted(row, UDP):
                        continue
                    to_change = next(p for p in policies if self.allowed_by[p].selects)
                    lacking.setdefault(workload.namespace, {})[workload.ref] = to_change
                    break
        for namespace, by_ref in lacking.items():
            refs = tuple(by_ref)
            yield Found(
                "NW2130",
                at(next(iter(by_ref.values())), "spec", "egress"),
                f"{len(refs)} workload{'s' * (len(refs) > 1)} in `{namespace}` may connect to others and ask no DNS "
                f"server for their names: {listed(refs)}",
                label="no rule allows UDP 53",
                effect="names of Services do not resolve, so connections that the rules allow are not made",
                help="allow UDP and TCP 53 to the DNS servers: "
                "`namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}`",
                key=namespace,
                workloads=refs,
                subject=namespace_of(namespace),
            )

    def only_udp(self) -> Iterator[Found]:
        """NW2131: by policy with the rule."""
        for policy in self.allowed_by:
            if not self.allowed_by[policy].udp or not self.is_known(policy.namespace):
                continue
            place = _over_udp(self.scene, policy)
            rows = self.scene.subjects(policy).must
            if place is None or not rows:
                continue
            lacking = [row for row in rows if not any(self.allowed_by[p].tcp for p in self.isolating[row])]
            lacking = [row for row in lacking if not self.is_accepted(row, TCP)]
            if lacking:
                yield Found(
                    "NW2131",
                    at(policy, *place),
                    f"`{policy.namespace}/{policy.name}` allows DNS over UDP only",
                    label="no entry for TCP beside it",
                    effect="answers that are too long for UDP are asked for again over TCP, which is refused",
                    help="add `{port: 53, protocol: TCP}`",
                    workloads=self.scene.refs(lacking),
                )


def _may_be_dns(port: NetworkPolicyPort, protocol: int) -> bool:
    lowered = lower_ports((port,))
    if any(name.protocol == protocol for name in lowered.named):
        return True
    return any(ServiceSet.ports(protocol, number) <= lowered.fixed for number in PORTS)


def _over_udp(scene: Scene, policy: Decoded) -> tuple[str | int, ...] | None:
    """The entry that allows port 53 over UDP."""
    for rule in scene.rules_of(policy):
        for number, port in enumerate(rule.ports or ()):
            if rule.direction == "egress" and port.port in PORTS and port.protocol == "UDP":
                return (*rule.pointer, "ports", number)
    return None
