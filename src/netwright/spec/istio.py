"""Istio at a connection's destination, one packet at a time: the reference for its policies.

The workload's proxy, a sidecar or ztunnel, takes TCP only. PeerAuthentication refuses plaintext under STRICT; then the
AuthorizationPolicies for the workload are read in layers: CUSTOM, DENY, ALLOW. The source's side of the mesh permits
everything; it says who the source proves to be. After Istio 1.28: `security/v1beta1/authorization_policy.proto` and
`peer_authentication.proto` of istio/api, the pages of istio.io on security and ambient. What the input or the documents
leave open stays so, each requirement by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from netwright.dialects.istio.objects import AuthorizationPolicy, AuthorizationPolicySpec
from netwright.dialects.k8s.objects import LabelSelector, Namespace
from netwright.model.document import Decoded
from netwright.spec.addresses import Match
from netwright.spec.adminpeers import NO, Matched, all_of, any_of, matched
from netwright.spec.ends import template
from netwright.spec.istio_mesh import POLICIES, MeshOptions, Plane, is_meshed, planes
from netwright.spec.istio_peers import Set, is_caught, modes, protocols, sendings, services_of
from netwright.spec.istio_rules import Arrival, Reads, rule_matches
from netwright.spec.judgement import Cited, Reason, Side, any_side
from netwright.spec.labels import matches_pod, plain
from netwright.spec.packet import PROTOCOLS, Packet
from netwright.spec.reasons import (
    GATEWAY,
    HANDED_ON,
    LABEL,
    MEMBERSHIP,
    NODE_OF_AMBIENT,
    NOT_INTERCEPTED,
    PEER_TIE,
    PROOF,
    SNIFFED,
    WAYPOINT,
    extension,
)

WAYPOINT_LABEL = "istio.io/use-waypoint"
INTERCEPTION = "sidecar.istio.io/interceptionMode"


def seen_ports(packet: Packet, options: MeshOptions) -> set[int]:
    """The destination ports that the CNI may see: that of the tunnel, where the connection goes through it."""
    if (
        packet.protocol != PROTOCOLS["TCP"]
        or packet.destination.kind != "pod"
        or not is_meshed(packet.objects, options)
    ):
        return {packet.port}
    found: set[int] = set()
    for plane in _planes(packet, options):
        if plane == "none":
            found.add(packet.port)
            continue
        for one in modes(packet, plane, options):
            found |= {sent.port for sent in sendings(packet, plane, one.mode, options)}
    return found


def side(packet: Packet, options: MeshOptions) -> Side | None:
    """Ingress at the destination; None where there is no mesh or the connection does not come to a proxy of it."""
    if (
        packet.protocol != PROTOCOLS["TCP"]
        or packet.destination.kind != "pod"
        or not is_meshed(packet.objects, options)
    ):
        return None
    found = [_carried(packet, plane, options) for plane in sorted(_planes(packet, options))]
    told = [one or Side(direction="ingress") for one in found]
    if all(one is None for one in found):
        return None
    return told[0] if len(told) == 1 else any_side(told, MEMBERSHIP)


def _concerns(packet: Packet, options: MeshOptions) -> bool:
    """Only TCP to a pod comes to a proxy, where there is a mesh."""
    of_a_pod = packet.protocol == PROTOCOLS["TCP"] and packet.destination.kind == "pod"
    return of_a_pod and is_meshed(packet.objects, options)


def _planes(packet: Packet, options: MeshOptions) -> frozenset[Plane]:
    assert isinstance(packet.destination_object, Decoded)
    return planes(packet.objects, packet.destination_object, options)


# --- one proxy --------------------------------------------------------------------------------------------------------


def _carried(packet: Packet, plane: Plane, options: MeshOptions) -> Side | None:
    if plane == "none":
        return None
    if plane == "gateway":
        return _of_a_gateway(packet, options)
    if plane == "ambient" and _has_waypoint(packet):
        namespaces = (packet.destination.namespace, options.root_namespace)
        acts = any(one.kind in POLICIES and one.namespace in namespaces for one in packet.objects)
        return Side(direction="ingress", may_deny=True, reasons=(WAYPOINT,)) if acts else None
    if plane == "sidecar" and not is_caught(packet):
        return None
    told = _at_the_proxy(packet, plane, options)
    if plane == "sidecar" and _is_not_intercepted(packet):
        return any_side([told, Side(direction="ingress")], NOT_INTERCEPTED)
    if plane == "ambient" and packet.source.kind == "host":
        # Ztunnel lets a pod's own node by, from which its probes come.
        source, destination = packet.source.node, packet.destination.node
        if source and source == destination:
            return None
        if told.may_deny and not (source and destination):
            return any_side([told, Side(direction="ingress")], NODE_OF_AMBIENT)
    return told


def _is_not_intercepted(packet: Packet) -> bool:
    """Whether the sidecar listens for itself, which the application has to go by, and nothing is led there."""
    assert isinstance(packet.destination_object, Decoded)
    return plain(template(packet.destination_object)[0].annotations).get(INTERCEPTION) == "NONE"


def _of_a_gateway(packet: Packet, options: MeshOptions) -> Side | None:
    """Policies act at its listeners, which are not evaluated: those that select it, and those with a target."""
    for one in packet.objects:
        if isinstance(one.value, AuthorizationPolicy) and not one.value.is_dry_run and one.value.action != "AUDIT":
            told = is_for(one, packet, options).match != "no" or bool(one.value.targets)
            if told and one.namespace in (packet.destination.namespace, options.root_namespace):
                return Side(direction="ingress", may_deny=True, reasons=(GATEWAY,))
    return None


def _has_waypoint(packet: Packet) -> bool:
    """Whether the pod, else its namespace, or a Service of the pod is put behind one."""
    assert isinstance(packet.destination_object, Decoded)
    labels = plain(template(packet.destination_object)[0].labels)
    for one in packet.objects:
        if isinstance(one.value, Namespace) and one.name == packet.destination.namespace:
            labels = {**plain(one.value.metadata.labels), **labels}
    named = (labels, *(plain(service.value.metadata.labels) for service, _ in services_of(packet)))
    return any(one.get(WAYPOINT_LABEL, "none") != "none" for one in named)


def is_for(policy: Decoded, packet: Packet, options: MeshOptions) -> Matched:
    """Whether the policy is enforced at the destination's workload."""
    if not isinstance(policy.value, AuthorizationPolicy) or policy.value.is_dry_run:
        return NO
    return selects(policy, packet, options)


def selects(policy: Decoded, packet: Packet, options: MeshOptions) -> Matched:
    """Whether the policy, enforced or only watched, is for the destination's workload."""
    if policy.value.targets:
        return NO
    if policy.namespace not in (options.root_namespace, packet.destination.namespace):
        return NO
    selector = _spec(policy).selector
    labels = (selector.match_labels if selector else None) or {}
    return matched(matches_pod(LabelSelector(match_labels=labels), packet.destination.labels), LABEL)


def _at_the_proxy(packet: Packet, plane: Plane, options: MeshOptions) -> Side:
    """PeerAuthentication, then the layers one after the other; a later one is read only while the connection may get
    there."""
    reading = _Layers(packet, plane, options)
    goes_on = reading.refuse_plaintext()
    if goes_on:
        goes_on = reading.ask_extensions()
    if goes_on:
        goes_on = reading.deny()
    if goes_on:
        reading.allow()
    return reading.side()


class _Layers:
    """What has been read so far of what is for the workload. Of an AuthorizationPolicy that only perhaps is, nothing is
    cited, as of NetworkPolicies."""

    def __init__(self, packet: Packet, plane: Plane, options: MeshOptions) -> None:
        self.packet, self.plane, self.options = packet, plane, options
        self.modes = modes(packet, plane, options)
        self.peers = frozenset(sent.peer for one in self.modes for sent in sendings(packet, plane, one.mode, options))
        self.policies = [
            (one, chosen) for one in packet.objects if (chosen := is_for(one, packet, options)).match != "no"
        ]
        self.may_allow = self.may_deny = False
        self.reached: list[Cited] = []
        self.allowing: list[Cited] = []
        self.perhaps: list[Cited] = []
        self.isolating: list[Cited] = []
        self.reasons: list[Reason] = []

    def side(self) -> Side:
        return Side(
            direction="ingress",
            reached=tuple(self.reached),
            isolated=bool(self.isolating),
            isolating=tuple(self.isolating) if self.may_deny else (),
            allowing=tuple(self.allowing),
            perhaps=tuple(self.perhaps),
            may_allow=self.may_allow,
            may_deny=self.may_deny,
            reasons=tuple(dict.fromkeys(self.reasons)) if self.may_allow and self.may_deny else (),
        )

    # --- the layers: each says whether the connection may go on ---

    def refuse_plaintext(self) -> bool:
        """STRICT does; a client of the mesh that follows it sends none."""
        strict = [(one, self._is_plaintext(one)) for one in self.modes if one.mode == "STRICT"]
        told = {match for _, match in strict} | ({"no"} if len(strict) < len(self.modes) else set())
        if told == {"no"}:
            return True
        self.may_deny = True
        self.reasons += [PROOF] if "perhaps" in told else []
        self.reasons += [self._tie()] if len(told) > 1 else []
        for one, _ in dict.fromkeys(pair for pair in strict if pair[1] != "no"):
            if one.policy is not None:
                self._reach(one.policy, None, one.path, surely=told == {"yes"} and len(set(self.modes)) == 1)
        return told != {"yes"}

    def _is_plaintext(self, one: Set) -> Match:
        return _whether({sent.peer is None for sent in sendings(self.packet, self.plane, one.mode, self.options)})

    def _tie(self) -> Reason:
        if any(one.is_lost for one in self.modes):
            return HANDED_ON
        policies = {id(one.policy) for one in self.modes}
        return PEER_TIE if len(policies) > 1 else LABEL

    def ask_extensions(self) -> bool:
        """Where a rule matches, the extension decides; what it permits is read on. Of two extensions at one workload,
        dry runs counted, none is asked, and what matches is refused."""
        policies = self._of("CUSTOM")
        refused: list[Matched] = []
        for policy, chosen in policies:
            for index, found in self._matching(policy, chosen):
                self.may_deny = True
                if chosen.match == "yes":
                    self._reach(policy, index, ("spec", "rules", index), surely=False)
                provider = _spec(policy).provider
                self.reasons += (extension((provider.name if provider else None) or ""), *found.reasons)
                refused.append(found)
        return not self._has_rivals() or any_of(*refused).match != "yes"

    def _has_rivals(self) -> bool:
        named = set()
        for one in self.packet.objects:
            if isinstance(one.value, AuthorizationPolicy) and one.value.action == "CUSTOM":
                provider = _spec(one).provider
                if provider and selects(one, self.packet, self.options).match == "yes":
                    named.add(provider.name)
        return len(named) > 1

    def deny(self) -> bool:
        surely = False
        for policy, chosen in self._of("DENY"):
            for index, found in self._matching(policy, chosen):
                self.may_deny = True
                if chosen.match == "yes":
                    self._reach(policy, index, ("spec", "rules", index), surely=found.match == "yes")
                surely |= found.match == "yes"
                self.reasons += found.reasons
        return not surely

    def allow(self) -> None:
        policies = self._of("ALLOW")
        isolated = any_of(*(chosen for _, chosen in policies))
        rules: list[Matched] = []
        for policy, chosen in policies:
            if chosen.match == "yes":
                self.isolating.append(Cited(object=policy, rule=None, path=("spec",), action="deny"))
            for index, found in self._matching(policy, chosen):
                rules.append(found)
                if chosen.match == "yes":
                    surely = found.match == "yes"
                    path = ("spec", "rules", index)
                    cited = Cited(object=policy, rule=index, path=path, action="allow", surely=surely)
                    (self.allowing if surely else self.perhaps).append(cited)
        passed = any_of(*rules)
        self.may_allow = passed.match != "no" or isolated.match != "yes"
        if passed.match != "yes" and isolated.match != "no":
            self.may_deny = True
            self.reasons += (*passed.reasons, *isolated.reasons)

    # --- policies ---

    def _reach(self, policy: Decoded, rule: int | None, path: tuple[str | int, ...], *, surely: bool) -> None:
        self.reached.append(Cited(object=policy, rule=rule, path=path, action="deny", surely=surely))

    def _of(self, action: str) -> list[tuple[Decoded, Matched]]:
        if action == "CUSTOM" and self.plane == "ambient":
            return []  # ztunnel does not support it
        return [(one, chosen) for one, chosen in self.policies if one.value.action == action]

    def _matching(self, policy: Decoded, chosen: Matched) -> list[tuple[int, Matched]]:
        """The rules that match, surely or perhaps."""
        rules = _spec(policy).rules or ()
        arrival = Arrival(self.packet, self.peers, self.options.trust_domain)
        found: list[tuple[int, Matched]] = []
        for index, rule in enumerate(rules):
            readings = [
                rule_matches(rule, policy.value.action, policy.namespace, arrival, one) for one in self._readings()
            ]
            both = readings[0] if len(readings) == 1 else _either(readings)
            if (one := all_of(chosen, both)).match != "no":
                found.append((index, one))
        return found

    def _readings(self) -> list[Reads]:
        if self.plane == "ambient":
            return ["ztunnel"]
        read: set[str] = set(protocols(self.packet))
        ways: list[Reads] = ["HTTP", "TCP"]
        return [one for one in ways if one in read]


def _either(readings: Sequence[Matched]) -> Matched:
    """As HTTP or as TCP."""
    if len({one.match for one in readings}) == 1 and readings[0].match != "perhaps":
        return readings[0]
    reasons = dict.fromkeys((*(reason for one in readings for reason in one.reasons), SNIFFED))
    return Matched("perhaps", tuple(reasons))


def _spec(policy: Decoded) -> AuthorizationPolicySpec:
    return policy.value.spec or AuthorizationPolicySpec()


def _whether(told: set[bool]) -> Match:
    return "perhaps" if len(told) > 1 else "yes" if True in told else "no"
