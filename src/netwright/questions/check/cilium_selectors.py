"""What Cilium's policies select in vain: pods that they are for, peers, and labels that its filter drops."""

from __future__ import annotations

from collections.abc import Iterator

from netwright.base.spans import Pointer
from netwright.dialects.cilium.selectors import DROPPED, NAMESPACE, NAMESPACE_LABELS, requirements
from netwright.dialects.k8s.objects import LabelSelector
from netwright.model.document import Decoded
from netwright.questions.check.cilium_written import (
    Entry,
    Ruled,
    Written,
    asks_for,
    bare,
    is_of_pods,
    name_of,
    names_namespaces,
    namespaces_of,
)
from netwright.questions.check.found import Found, at, listed
from netwright.questions.check.label_words import contradiction, nearest, written
from netwright.questions.check.scene import Scene, spec_of
from netwright.questions.check.surroundings import Surroundings


def checks(scene: Scene) -> Iterator[Found]:
    """NW2501 to NW2505."""
    told = Selectors(scene)
    if scene.profile.reading.labels is not None:
        yield from told.kubernetes()
    for ruled in told.written.rules:
        yield from told.subject(ruled)
    seen: set[tuple[Decoded, str, str]] = set()
    for entry in told.written.entries:
        for found in told.peers(entry):
            if (entry.policy, found.code, found.key) not in seen:
                seen.add((entry.policy, found.code, found.key))
                yield found


class Selectors:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.written = scene.once(Written)
        self.around = scene.once(Surroundings)

    # --- labels that are not seen --------------------

    def kubernetes(self) -> Iterator[Found]:
        """NW2504 of NetworkPolicies."""
        for policy in self.scene.policies:
            yield from self._dropped(policy, ("spec", "podSelector"), spec_of(policy).pod_selector, "podSelector")
            for rule in self.scene.rules_of(policy):
                for number, peer in enumerate(rule.peers or ()):
                    place = (*rule.pointer, rule.side, number, "podSelector")
                    yield from self._dropped(policy, place, peer.pod_selector, f"{rule.direction} peer")

    @staticmethod
    def _dropped(policy: Decoded, place: Pointer, selector: LabelSelector | None, who: str) -> Iterator[Found]:
        for r in requirements(selector) if selector is not None else ():
            if not r.wanted or r.source not in ("any", "k8s") or r.key == NAMESPACE or not DROPPED.match(r.key):
                continue
            if r.key.startswith(NAMESPACE_LABELS):
                continue
            yield Found(
                "NW2504",
                at(policy, *place),
                f"{who} of {name_of(policy)} asks for the label `{r.key}`, which Cilium does not see",
                label="selects nobody",
                effect="Cilium's default filter keeps this label out of the identities of pods: "
                + (
                    "no pod has it, and the policy is for none"
                    if who in ("podSelector", "endpointSelector")
                    else "no pod has it, and the entry matches nobody"
                ),
                help="ask for a label of your own; or let the label in with Cilium's option `labels`",
                key=f"{who} {r.key}",
            )
            return

    # --- whom a rule is for --------------------

    def subject(self, ruled: Ruled) -> Iterator[Found]:
        """NW2501, NW2504, NW2505 of an endpointSelector."""
        selector = ruled.rule.endpoint_selector
        assert selector is not None
        policy, place = ruled.policy, (*ruled.at, "endpointSelector")
        other = next(
            (
                v
                for r in requirements(selector)
                for v in r.values or ()
                if ruled.namespace and r.key == NAMESPACE and r.wanted and r.source in ("any", "k8s")
                if ruled.namespace not in (r.values or ())
            ),
            "",
        )
        dropped = list(self._dropped(policy, place, selector, "endpointSelector"))
        if dropped:
            yield from dropped
        elif other:
            nobody = not self.written.subjects(ruled).may
            yield Found(
                "NW2505",
                at(policy, *place),
                f"endpointSelector of {name_of(policy)} names the namespace `{other}`: a CiliumNetworkPolicy is for "
                "pods of its own",
                label=f"for pods of `{ruled.namespace}` only",
                effect="the rule is for nobody"
                if nobody
                else f"the name is not looked at: the rule is for pods of `{ruled.namespace}`",
                help=f"put the policy into `{other}`, or write a CiliumClusterwideNetworkPolicy",
                key=f"{written(selector)} {ruled.rule!r}",
            )
        elif is_of_pods(selector) and not self.written.subjects(ruled).may and self._settles(selector, ruled):
            yield Found(
                "NW2501",
                at(policy, *place),
                f"{name_of(policy)} is for no pod: none has `{written(selector)}`",
                label="no pod is selected",
                effect="the rule acts nowhere",
                help=self._near(selector, namespaces_of(selector, ruled.namespace)),
                key=f"{written(selector)} {ruled.rule!r}",
            )

    # --- peers --------------------

    def peers(self, entry: Entry) -> Iterator[Found]:
        """NW2502, NW2503, NW2504 of fromEndpoints and toEndpoints."""
        field = entry.side + "Endpoints"
        for number, selector in enumerate(entry.listed("endpoints") or ()):
            assert isinstance(selector, LabelSelector)
            place = (*entry.pointer, field, number)
            dropped = list(self._dropped(entry.policy, place, selector, f"{entry.field} peer"))
            if dropped:
                yield from dropped
            elif is_of_pods(selector) and not self.written.peers(selector, entry.policy.namespace).may:
                if self._settles(selector, entry.ruled):
                    yield self._nobody(entry, selector, place)

    def _nobody(self, entry: Entry, selector: LabelSelector, place: Pointer) -> Found:
        policy = entry.policy
        effect = "nobody is matched by this entry: " + (
            "it denies nothing" if entry.action == "deny" else "it allows nothing"
        )
        if policy.namespace and not names_namespaces(selector) and asks_for(selector):
            elsewhere = self.written.anywhere(selector).must
            homes = tuple(sorted({self.scene.cluster.row_objects[row].namespace for row in elsewhere}))
            if homes:
                return Found(
                    "NW2503",
                    at(policy, *place),
                    f"peer of {name_of(policy)} means pods of `{policy.namespace}`, and those with "
                    f"`{written(selector)}` are in {listed(homes)}",
                    label="confined to the policy's own namespace",
                    effect=effect,
                    help=f"add `k8s:io.kubernetes.pod.namespace: {homes[0]}` to its labels",
                    key=f"{entry.field} {written(selector)}",
                )
        return Found(
            "NW2502",
            at(policy, *place),
            f"peer of {name_of(policy)} selects no pod: none has `{written(selector)}`",
            label="nobody is selected",
            effect=effect,
            help=self._near(selector, namespaces_of(selector, policy.namespace)),
            key=f"{entry.field} {written(selector)}",
        )

    # --- what is known --------------------

    def _settles(self, selector: LabelSelector, ruled: Ruled) -> bool:
        """Whether a selector that selects no pod of the input is known to select none."""
        if contradiction(selector):
            return True
        names = namespaces_of(selector, ruled.namespace)
        if names is None:
            return self.around.is_whole and self.around.settles(bare(selector), self.scene.namespaces)
        return asks_for(selector) and self.around.settles(bare(selector), names)

    def _near(self, selector: LabelSelector, names: tuple[str, ...] | None) -> str:
        there = names if names is not None else tuple(self.scene.namespaces)
        near = nearest(bare(selector), (labels for name in sorted(there) for labels in self.around.labels_in(name)))
        return near or "correct the labels, or delete it"
