"""The rules of all policies that Cilium reads, as one packet meets them.

After Cilium 1.20.2: `pkg/policy/utils/parserules.go`, `pkg/k8s/network_policy.go`, `pkg/k8s/cluster_network_policy.go`.
A policy that Cilium refuses as a whole, because an option is off that it needs, has no rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import msgspec

from netwright.base.spans import Pointer
from netwright.dialects.adminpolicy.objects import ClusterNetworkPolicy, EgressRule, IngressRule, Peer
from netwright.dialects.cilium import objects as cilium
from netwright.dialects.k8s.objects import (
    NetworkPolicy,
    NetworkPolicyEgressRule,
    NetworkPolicyPeer,
    NetworkPolicySpec,
)
from netwright.model.document import Decoded
from netwright.spec.adminpeers import NO, YES, Matched, all_of, any_of, is_unknown, matched
from netwright.spec.cilium_cidrs import within, without, written
from netwright.spec.cilium_identities import Identity, Scene
from netwright.spec.cilium_peers import AnyRule, as_written, peers_match
from netwright.spec.cilium_ports import admin_protocols, kubernetes_ports_match, matching_rules, named, owed
from netwright.spec.cilium_selectors import (
    Need,
    Needs,
    cilium_subject,
    of_cluster,
    pods_in,
    pods_of,
    selects,
    selects_peer,
)
from netwright.spec.judgement import Reason
from netwright.spec.packet import PROTOCOLS
from netwright.spec.reasons import AUTHENTICATION, DNS, domain

Action = Literal["allow", "deny", "pass"]
ACTIONS: dict[str, Action] = {"Accept": "allow", "Deny": "deny", "Pass": "pass"}
MATCHED_BY_DNS = Need("any", "k8s-app", "In", ("kube-dns",))


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One rule as the packet meets it. `subject`: whether it is one for the endpoint at all; `match`: and matches.

    `isolates`: it puts its endpoints into default deny. `owed`: what an allow depends on, of requests; `proof`: and of
    authentication, which is not fulfilled where `never`. `peers`: as they are written, for comparing.
    """

    object: Decoded
    rule: int | None
    path: Pointer
    action: Action
    subject: Matched
    match: Matched
    tier: Literal["admin", "normal", "baseline"] = "normal"
    rank: int = 0
    isolates: Pointer | None = None
    owed: tuple[Reason, ...] = ()
    softened: tuple[Reason, ...] = ()
    proof: tuple[Reason, ...] = ()
    never: bool = False
    peers: tuple[Any, ...] = ()


def entries(scene: Scene) -> list[Entry]:
    """All rules of the direction that are, perhaps, for the endpoint there; in the order of the input."""
    found: list[Entry] = []
    for one in scene.packet.objects:
        if isinstance(one.value, cilium.CiliumNetworkPolicy):
            found += _cilium(scene, one)
        elif isinstance(one.value, NetworkPolicy):
            found += _kubernetes(scene, one)
        elif isinstance(one.value, ClusterNetworkPolicy) and scene.options.cluster_network_policies:
            found += _admin(scene, one)
    return [one for one in found if one.subject.match != "no"]


# --- CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy -----------------------------------------------------------


def rules_of(policy: cilium.CiliumNetworkPolicy) -> Iterator[tuple[cilium.Rule, Pointer]]:
    if policy.spec is not None:
        yield policy.spec, ("spec",)
    for index, rule in enumerate(policy.specs or ()):
        yield rule, ("specs", index)


def is_refused(policy: cilium.CiliumNetworkPolicy) -> bool:
    """Whether Cilium refuses the whole policy without enable-node-selector-labels or enable-extended-ip-protocols."""
    for rule, _ in rules_of(policy):
        lists: tuple[Sequence[AnyRule] | None, ...] = (rule.ingress, rule.ingress_deny, rule.egress, rule.egress_deny)
        for entry in (one for listed in lists for one in listed or ()):
            inward = isinstance(entry, (cilium.IngressRule, cilium.IngressDenyRule))
            if entry.from_nodes if inward else entry.to_nodes:  # type: ignore[union-attr]
                return True
            if any(port.port is None for ports in entry.to_ports or () for port in ports.ports or ()):
                return True
    return False


def _cilium(scene: Scene, policy: Decoded) -> Iterator[Entry]:
    assert isinstance(policy.value, cilium.CiliumNetworkPolicy)
    if is_refused(policy.value):
        return
    namespace = policy.namespace if policy.kind == "CiliumNetworkPolicy" else ""
    for rule, at in rules_of(policy.value):
        if rule.endpoint_selector is None:
            continue  # it is for nodes
        subject = selects(cilium_subject(rule.endpoint_selector, namespace), scene.subject)
        inward = scene.direction == "ingress"
        denies = rule.enable_default_deny or cilium.DefaultDeny()
        isolates = (denies.ingress if inward else denies.egress) is not False
        allowing: Sequence[AnyRule] = (rule.ingress if inward else rule.egress) or ()
        denying: Sequence[AnyRule] = (rule.ingress_deny if inward else rule.egress_deny) or ()
        for listed, field, action in (
            (allowing, scene.direction, "allow"),
            (denying, f"{scene.direction}Deny", "deny"),
        ):
            for index, one in enumerate(listed):
                found = Entry(
                    object=policy,
                    rule=index,
                    path=(*at, field, index),
                    action=ACTIONS["Accept"] if action == "allow" else ACTIONS["Deny"],
                    subject=subject,
                    match=NO,
                    isolates=at if isolates else None,
                    peers=(namespace, as_written(one)),
                )
                yield _matched(scene, found, one, namespace) if subject.match != "no" else found


def _matched(scene: Scene, entry: Entry, rule: AnyRule, namespace: str) -> Entry:
    """The entry with what of the packet it matches."""
    ports = matching_rules(scene, rule.to_ports, rule.icmps)
    if ports is not None and not ports:
        return entry
    peers = peers_match(scene, rule, namespace, has_ports=ports is not None)
    mode = None
    if isinstance(rule, (cilium.IngressRule, cilium.EgressRule)) and rule.authentication is not None:
        mode = rule.authentication.mode
    allows = entry.action == "allow"
    return msgspec.structs.replace(
        entry,
        match=all_of(entry.subject, peers),
        owed=owed(ports, isolated=True) if allows else (),
        softened=owed(ports, isolated=False) if allows else (),
        proof=(AUTHENTICATION,) if mode in ("required", "test-always-fail") else (),
        never=mode == "test-always-fail",
    )


# --- NetworkPolicy ----------------------------------------------------------------------------------------------------


def _kubernetes(scene: Scene, policy: Decoded) -> Iterator[Entry]:
    """Its rules count in both directions, whatever `policyTypes` say; where there are none, `policyTypes` isolate."""
    assert isinstance(policy.value, NetworkPolicy)
    spec = policy.value.spec or NetworkPolicySpec()
    subject = selects(pods_in(spec.pod_selector, policy.namespace), scene.subject)
    rules: Sequence[Any] = (spec.ingress if scene.direction == "ingress" else spec.egress) or ()
    for index, rule in enumerate(rules):
        peers = None if rule is None else rule.to if isinstance(rule, NetworkPolicyEgressRule) else rule.from_
        there = any_of(*(_kubernetes_peer(scene, policy.namespace, one) for one in peers)) if peers else YES
        ports = kubernetes_ports_match(scene, None if rule is None else rule.ports)
        yield Entry(
            object=policy,
            rule=index,
            path=("spec", scene.direction, index),
            action="allow",
            subject=subject,
            match=all_of(subject, there, YES if ports else NO),
            isolates=("spec",),
        )
    types = spec.policy_types or ()
    named_type = scene.direction.capitalize() in types
    if not rules and (named_type or (scene.direction == "ingress" and "Egress" not in types)):
        yield Entry(
            object=policy, rule=None, path=("spec",), action="allow", subject=subject, match=NO, isolates=("spec",)
        )


def _kubernetes_peer(scene: Scene, namespace: str, peer: NetworkPolicyPeer | None) -> Matched:
    if peer is None:
        return NO
    if peer.ip_block is not None:
        return within(scene, without(peer.ip_block.cidr, peer.ip_block.except_ or ()))
    identity = scene.peer
    cluster = scene.options.cluster_name
    if peer.namespace_selector is not None:
        return selects_peer(of_cluster(pods_of(peer.namespace_selector, peer.pod_selector), cluster), identity)
    return selects_peer(of_cluster(pods_in(peer.pod_selector, namespace), cluster), identity)


# --- ClusterNetworkPolicy ---------------------------------------------------------------------------------------------


def _admin(scene: Scene, policy: Decoded) -> Iterator[Entry]:
    """Each peer of a rule is one of its own; of one that has a field of a newer API an Accept has no peer, and anything
    else denies everybody (over the rule's protocols)."""
    assert isinstance(policy.value, ClusterNetworkPolicy)
    spec = policy.value.spec
    if spec is None or spec.subject is None or _admin_is_refused(policy.value):
        return
    pods = spec.subject.pods
    if pods is not None:
        asked = pods_of(pods.namespace_selector, pods.pod_selector)
    else:
        asked = pods_of(spec.subject.namespaces)
    subject = selects(asked, scene.subject)
    rules: Sequence[IngressRule | EgressRule | None] = (
        spec.ingress if scene.direction == "ingress" else spec.egress
    ) or ()
    for index, rule in enumerate(rules):
        if rule is None or rule.action not in ACTIONS:
            raise ValueError(f"`{rule.action if rule else ''}` is not an action of a rule")
        entry = Entry(
            object=policy,
            rule=index,
            path=("spec", scene.direction, index),
            action=ACTIONS[rule.action],
            subject=subject,
            match=subject,
            tier="baseline" if spec.tier == "Baseline" else "admin",
            rank=(spec.priority or 0) * 100 + index,
        )
        yield from _admin_peers(scene, rule, entry)


def _admin_peers(scene: Scene, rule: IngressRule | EgressRule, entry: Entry) -> Iterator[Entry]:
    peers = (rule.from_ if isinstance(rule, IngressRule) else rule.to) or ()
    matching = admin_protocols(scene, rule.protocols)
    over = NO if matching is not None and not matching else YES
    # Cilium resolves names on egress for each pod that is selected, and stand-ins have no ports.
    named_only = (
        scene.direction == "egress" and bool(matching) and all(one.destination_named_port for one in matching or ())
    )
    if not peers:
        yield msgspec.structs.replace(entry, match=all_of(entry.subject, over))
    for peer in peers:
        if is_unknown(peer):
            if entry.action != "allow":
                yield msgspec.structs.replace(entry, action="deny", match=all_of(entry.subject, over))
            continue
        assert peer is not None
        there = _admin_peer(scene, peer, selects if named_only else selects_peer)
        yield msgspec.structs.replace(entry, match=all_of(entry.subject, over, there))
        if peer.domain_names is not None:
            # So that Cilium learns the addresses of the names, queries for them to the cluster's DNS are allowed too.
            asked = any(named(scene, name, tuple(PROTOCOLS)) for name in ("dns", "dns-tcp"))
            dns = all_of(entry.subject, selects_peer((MATCHED_BY_DNS,), scene.peer), YES if asked else NO)
            yield msgspec.structs.replace(entry, match=dns, owed=(DNS,))


def _admin_peer(scene: Scene, peer: Peer, selects_it: Callable[[Needs, Identity], Matched]) -> Matched:
    identity, end = scene.peer, scene.peer_end
    if peer.pods is not None:
        asked = pods_of(peer.pods.namespace_selector, peer.pods.pod_selector)
        return selects_it(of_cluster(asked, scene.options.cluster_name), identity)
    if peer.namespaces is not None:
        # Nothing here says that it is about pods: one that asks only for what namespaces do not have is the world too.
        return selects_it(pods_of(peer.namespaces), identity)
    if peer.networks is not None:
        return any_of(*(within(scene, written(one)) for one in peer.networks))
    return matched("perhaps", domain(peer.domain_names or ())) if end.kind == "address" else NO


def _admin_is_refused(policy: ClusterNetworkPolicy) -> bool:
    """Whether Cilium refuses the whole policy: one with `nodes` as a peer without enable-node-selector-labels, or with
    domain names in a rule that does not accept."""
    rules = (policy.spec.egress if policy.spec else None) or ()
    return any(
        peer.nodes is not None or (peer.domain_names is not None and rule.action != "Accept")
        for rule in rules
        if rule is not None
        for peer in rule.to or ()
        if peer is not None and peer.pods is None and peer.namespaces is None
    )
