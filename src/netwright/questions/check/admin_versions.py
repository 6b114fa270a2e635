"""What an admin policy means by its version, and what it does not say: kinds, fields, priorities, no rules.

Source: sigs.k8s.io/network-policy-api, the types of v1alpha2 (v0.2.0) and of v1alpha1 before and after v0.1.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from netwright.dialects.adminpolicy.objects import AdminPeer, Peer
from netwright.model.document import Decoded
from netwright.questions.check.admin_written import AdminRule, name_of, old_fields, rules_of
from netwright.questions.check.found import CLUSTER, Found, Seen, at, listed, things
from netwright.questions.check.scene import Scene

OVN_PRIORITIES = 99
"""The highest priority that OVN-Kubernetes takes of AdminNetworkPolicies."""
_V1ALPHA1 = ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy")


def checks(scene: Scene) -> Iterator[Found]:
    """NW2305 to NW2310."""
    if not scene.admin_policies:
        return
    told = Versions(scene)
    for policy in scene.admin_policies:
        yield from told.policy(policy)
    if "ClusterNetworkPolicy" not in scene.profile.ignored:
        yield from told.versions()


class Versions:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.old: set[Decoded] = set()
        """Policies of v1alpha1 of which something is told that a ClusterNetworkPolicy would not have."""

    def policy(self, policy: Decoded) -> Iterator[Found]:
        rules = tuple(rules_of(policy))
        if not rules:
            yield self._no_rules(policy)
        if policy.kind in _V1ALPHA1 and (policy.value.spec.priority or 0) > OVN_PRIORITIES:
            self.old.add(policy)
            yield self._priority(policy)
        seen: set[tuple[str, str]] = set()
        for rule in rules:
            for number, peer in enumerate(rule.peers):
                place = (*rule.pointer, rule.side, number)
                field, name = old_fields(peer)
                if name:
                    self.old.add(policy)
                found = self._closed(rule, peer, place) if peer.unknown else None
                found = self._old(policy, (*place, *field), name) if name else found
                if found is not None and (found.code, found.key) not in seen:
                    seen.add((found.code, found.key))
                    yield found

    @staticmethod
    def _no_rules(policy: Decoded) -> Found:
        return Found(
            "NW2310",
            at(policy, "spec"),
            f"{name_of(policy)} has no rule: it does nothing",
            label="no rule, and no isolation either",
            effect="an admin policy isolates nothing by itself: what no rule of it matches goes on to the next tier",
            help="write a rule with `action: Deny` for what is to be denied, or delete the policy",
        )

    @staticmethod
    def _priority(policy: Decoded) -> Found:
        return Found(
            "NW2309",
            at(policy, "spec", "priority"),
            f"{name_of(policy)} has priority {policy.value.spec.priority}, which OVN-Kubernetes does not take",
            label=f"above {OVN_PRIORITIES}",
            effect="OVN-Kubernetes knows priorities 0 to 99 and reports an error for others, and the policy is not "
            "enforced there",
            help="use a priority from 0 to 99 where OVN-Kubernetes enforces it",
        )

    @staticmethod
    def _closed(rule: AdminRule, peer: Peer | AdminPeer, place: tuple[str | int, ...]) -> Found:
        allows = rule.action == "allow"
        return Found(
            "NW2305",
            at(rule.policy, *place),
            f"{name_of(rule.policy)} has a peer with {listed(list(peer.unknown))}, which this version of the API "
            f"does not know: the rule {'matches nothing' if allows else 'denies everything'}",
            label="a field of another version, or a misspelt one",
            effect="implementations fail closed: "
            + (
                "an Accept rule with such a peer accepts nobody, though other peers of it are known"
                if allows
                else f"a {rule.written_action} rule with such a peer denies all traffic of its pods in this direction"
            ),
            help="correct the field; the peers are `namespaces` and `pods`, for egress `nodes`, `networks` and "
            "`domainNames` too",
            key=rule.words,
        )

    @staticmethod
    def _old(policy: Decoded, place: tuple[str | int, ...], name: str) -> Found:
        return Found(
            "NW2306",
            at(policy, *place),
            f"`{name}` of {name_of(policy)} is a field of v0.1.1 and before",
            label="later versions of v1alpha1 do not have it",
            effect="a server with a later version of the API refuses the field or drops it; an empty selector is left "
            "then, which means every namespace",
            help="write labels of the namespaces in the selector itself"
            if name not in ("sameLabels", "notSameLabels")
            else "no later version can compare labels: write a policy a tenant, with its labels",
            key=name,
        )

    def versions(self) -> Iterator[Found]:
        """NW2307, NW2308: once for all policies of v1alpha1."""
        policies = [d for d in self.scene.admin_policies if d.kind in _V1ALPHA1]
        others = [d for d in self.scene.admin_policies if d.kind not in _V1ALPHA1]
        if not policies:
            return
        names = listed([d.name for d in policies])
        if others:
            yield Found(
                "NW2307",
                at(policies[0], "kind"),
                f"policies of v1alpha1 ({names}) stand beside ClusterNetworkPolicies "
                f"({listed([d.name for d in others])})",
                label="another version of one API",
                effect="few implementations enforce both; how their priorities compare is nowhere written",
                help="write all of them as ClusterNetworkPolicies",
                objects=things((*policies, *others)),
                subject=CLUSTER,
                also=(Seen(at(others[0], "kind"), "policy.networking.k8s.io/v1alpha2"),),
            )
        elif not self.old:
            yield Found(
                "NW2308",
                at(policies[0], "kind"),
                f"{names}: kinds of v1alpha1, which ClusterNetworkPolicy replaces",
                label="policy.networking.k8s.io/v1alpha1",
                effect="they are enforced as long as the network plugin knows this version; releases of the API from "
                "v0.2.0 have ClusterNetworkPolicy alone",
                help="where the plugin knows it, write a ClusterNetworkPolicy of tier `Admin` (of `Baseline` for the "
                "baseline), with `Accept` for `Allow` and `protocols` for `ports`",
                objects=things(policies),
                subject=CLUSTER,
            )
