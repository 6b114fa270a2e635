"""What Calico's policies say to no effect, or to more than is seen: types, ports, hosts, requests, staged ones."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from netwright.base.spans import named
from netwright.dialects.calico import KINDS, STAGED
from netwright.dialects.calico.grammar import Everything
from netwright.dialects.calico.lower import tier_of, types_of
from netwright.dialects.calico.objects import GlobalNetworkPolicySpec
from netwright.dialects.calico.ports import named_protocols, read_ports
from netwright.model.document import Decoded
from netwright.questions.check.calico_written import (
    DIRECTIONS,
    Written,
    is_for_hosts_only,
    name_of,
    rules_of,
    sides_of,
    subject_of,
)
from netwright.questions.check.found import Found, Seen, at, listed
from netwright.questions.check.scene import Scene
from netwright.questions.check.surroundings import OF_EVERY_CLUSTER, Surroundings


def checks(scene: Scene) -> Iterator[Found]:
    """NW2620 to NW2627."""
    told = Effects(scene)
    if not told.written.is_enforced:
        return
    for policy in told.written.policies:
        yield from told.unread_sections(policy)
        yield from told.everywhere(policy)
        yield from told.ports(policy)
        yield from told.hosts(policy)
        yield from told.requests(policy)
    for staged in scene.of_kind(*STAGED):
        yield from told.staged(staged)
    yield from told.profiles()


class Effects:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.written = scene.once(Written)

    def unread_sections(self, policy: Decoded) -> Iterator[Found]:
        """NW2620: rules of a direction that `types` leaves out."""
        spec = policy.value.spec
        for side in DIRECTIONS:
            if getattr(spec, side) and side not in types_of(spec):
                shown = side.capitalize()
                yield Found(
                    "NW2620",
                    at(policy, "spec", side),
                    f"{name_of(policy)} has {side} rules, and its `types` leave {shown} out",
                    label="not read",
                    effect=f"the {side} of the pods that it selects is as if these rules were not there",
                    help=f"add `{shown}` to `types`, or delete the rules",
                    key=side,
                )

    def everywhere(self, policy: Decoded) -> Iterator[Found]:
        """NW2621: a policy for all pods of the cluster, those of kube-system too, that denies what it does not name."""
        tree = subject_of(policy)
        if policy.namespace or not isinstance(tree, Everything) or is_for_hosts_only(policy):
            return
        denying = {tier.name for tier in self.written.tiers if tier.default_action == "Deny"}
        if tier_of(policy) not in denying:
            return
        open_ = [
            side
            for side in sides_of(policy)
            if not any(one.is_for_all and one.rule.action in ("Allow", "Pass") for one in rules_of(policy, side))
        ]
        if open_:
            yield Found(
                "NW2621",
                at(policy, "spec", *(("selector",) if policy.value.spec.selector else ())),
                f"{name_of(policy)} is for every pod of the cluster, those of `{OF_EVERY_CLUSTER}` too, and denies the "
                f"{' and '.join(open_)} that no rule allows",
                label="every pod and every host endpoint",
                effect="the cluster's own pods are cut off with the others: DNS answers nobody that is not allowed to",
                help=f"leave them out: `namespaceSelector: projectcalico.org/name != '{OF_EVERY_CLUSTER}'`",
            )

    def ports(self, policy: Decoded) -> Iterator[Found]:
        """NW2622: ports by a name that none of the pods that a policy is for has."""
        tree = subject_of(policy)
        if tree is None or "ingress" not in sides_of(policy):
            return
        rows = self.written.chosen(tree).may
        homes = {self.scene.cluster.row_objects[row].namespace for row in rows}
        if not rows or not self.scene.once(Surroundings).holds_all_of(homes):
            return
        there = {(port.name, port.protocol) for row in rows for port in self.scene.cluster.row_ports[row]}
        for placed in rules_of(policy, "ingress"):
            end = placed.rule.destination
            ports = read_ports(end.ports) if end is not None else None
            for name in ports.names if ports is not None else ():
                if not any((name, protocol) in there for protocol in named_protocols(placed.rule)):
                    index = list(end.ports or ()).index(name) if end is not None else 0
                    yield Found(
                        "NW2622",
                        at(policy, *placed.pointer, "destination", "ports", index),
                        f"{name_of(policy)} names the port `{name}`, which none of its pods has",
                        label="no container gives a port this name",
                        effect="the rule matches no port by this name",
                        help="correct the name, give it to a port of the container, or write the number",
                        key=name,
                        workloads=self.scene.refs(rows),
                    )

    def hosts(self, policy: Decoded) -> Iterator[Found]:
        """NW2623: policies for the interfaces of hosts, and no HostEndpoint."""
        spec = policy.value.spec
        if not isinstance(spec, GlobalNetworkPolicySpec) or self.scene.of_kind("HostEndpoint"):
            return
        field = "doNotTrack" if spec.do_not_track else "preDNAT" if spec.pre_dnat else ""
        if field:
            yield Found(
                "NW2623",
                at(policy, "spec", field),
                f"{name_of(policy)} is for host endpoints only, and there is none in the input",
                label="acts on interfaces of hosts, never on pods",
                effect="the policy acts nowhere",
                help=f"add HostEndpoints to the sources, or leave `{field}` out to mean pods",
            )

    def requests(self, policy: Decoded) -> Iterator[Found]:
        """NW2624: conditions of HTTP requests where nothing looks at requests."""
        felix = next((d for d in self.scene.of_kind("FelixConfiguration") if d.name == "default"), None)
        if felix is None or (felix.value.spec is not None and felix.value.spec.policy_sync_path_prefix):
            return
        for placed in (one for side in sides_of(policy) for one in rules_of(policy, side)):
            if placed.rule.http is not None:
                yield Found(
                    "NW2624",
                    at(policy, *placed.pointer, "http"),
                    f"{name_of(policy)} asks for HTTP requests, and application layer policy is not switched on",
                    label="nothing looks at requests",
                    effect="every request passes that the rest of the rule allows",
                    help="set `policySyncPathPrefix` (the operator's ApplicationLayer does), or leave `http` out",
                    also=(Seen(at(felix, "spec"), "no `policySyncPathPrefix`"),),
                )
                return

    # --- staged --------------------

    def staged(self, policy: Decoded) -> Iterator[Found]:
        """NW2625, NW2626: staged policies that would change nothing, or delete what is not there."""
        kind = {
            "StagedNetworkPolicy": KINDS[0],
            "StagedGlobalNetworkPolicy": KINDS[1],
            "StagedKubernetesNetworkPolicy": "NetworkPolicy",
        }[policy.kind]
        enforced = next(
            (d for d in self.scene.of_kind(kind) if (d.namespace, d.name) == (policy.namespace, policy.name)), None
        )
        spec, shown = policy.value.spec, f"{policy.kind} `{named(policy.namespace, policy.name)}`"
        if spec.staged_action == "Delete":
            if enforced is None:
                yield Found(
                    "NW2626",
                    at(policy, "spec", "stagedAction"),
                    f"{shown} stages the deletion of a {kind} that is not in the input",
                    label="nothing to delete",
                    effect="it changes nothing, and will not",
                    help="correct the name, or delete it",
                )
        elif spec.staged_action in (None, "Set") and enforced is not None and _same(spec, enforced.value.spec):
            yield Found(
                "NW2625",
                at(policy, "spec"),
                f"{shown} says what the enforced {kind} of its name says already",
                label="would change nothing",
                effect="staging it shows nothing new",
                help="delete it, or stage what is to change",
                also=(Seen(at(enforced, "spec"), "the same"),),
            )

    # --- profiles --------------------

    def profiles(self) -> Iterator[Found]:
        """NW2627: Profiles that no host endpoint names; those of pods are made from their namespaces."""
        used = {
            name
            for d in self.scene.of_kind("HostEndpoint")
            for name in (d.value.spec.profiles if d.value.spec is not None else None) or ()
        }
        for d in self.scene.of_kind("Profile"):
            spec = d.value.spec
            if d.name in used or d.name.startswith(("kns.", "ksa.", "projectcalico-default-allow")):
                continue
            sections = [str(side) for side in DIRECTIONS if getattr(spec, side)]
            yield Found(
                "NW2627",
                at(d, "spec", *(sections[:1])),
                f"no host endpoint of the input names the Profile `{d.name}`"
                + (f", and its rules for {listed(sections)} act nowhere" if sections else ""),
                label="acts on no pod",
                effect="pods have the profiles of their namespace and service account only",
                help="write a policy; or name it in `profiles` of a HostEndpoint",
            )


def _same(staged: msgspec.Struct, enforced: msgspec.Struct | None) -> bool:
    """Whether a staged policy's fields are those of the enforced one."""
    if enforced is None:
        return False
    return all(
        getattr(staged, field) == getattr(enforced, field, None)
        for field in staged.__struct_fields__
        if field != "staged_action"
    )
