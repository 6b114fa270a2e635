"""What Calico's selectors mean in vain, and the sets of addresses that none of them means."""

from __future__ import annotations

from collections.abc import Iterator

from netwright.dialects.calico.entities import positive
from netwright.dialects.calico.grammar import Everything
from netwright.dialects.calico.mentions import entities_of
from netwright.dialects.calico.objects import EntityRule
from netwright.model.document import Decoded
from netwright.questions.check.calico_written import (
    Placed,
    Written,
    is_for_hosts_only,
    name_of,
    subject_of,
    trees_of,
)
from netwright.questions.check.found import Found, Seen, at, listed
from netwright.questions.check.scene import Scene


def checks(scene: Scene) -> Iterator[Found]:
    """NW2601 to NW2606."""
    told = Selectors(scene)
    for policy in told.written.policies:
        yield from told.subject(policy)
    seen: set[tuple[Decoded, str, str]] = set()
    for placed in told.written.rules:
        for found in told.ends(placed):
            if (placed.policy, found.code, found.key) not in seen:
                seen.add((placed.policy, found.code, found.key))
                yield found
    yield from told.sets()


class Selectors:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.written = scene.once(Written)

    def subject(self, policy: Decoded) -> Iterator[Found]:
        """NW2601: a policy for nobody."""
        tree = subject_of(policy)
        if (
            tree is None
            or isinstance(tree, Everything)
            or policy in self.written.unplaced
            or not self._is_compiled(policy)
        ):
            return
        if self.written.means_nobody(tree):
            spec = policy.value.spec
            field = "selector" if spec.selector else "serviceAccountSelector" if spec.service_account_selector else ""
            said = spec.selector or spec.service_account_selector or getattr(spec, "namespace_selector", None)
            yield Found(
                "NW2601",
                at(policy, "spec", *((field,) if field else ())),
                f"{name_of(policy)} is for no pod" + (f": none has `{said}`" if said else ""),
                label="no pod is selected",
                effect="the policy acts nowhere",
                help="correct the selector, or delete the policy",
            )

    def _is_compiled(self, policy: Decoded) -> bool:
        """Whether the network tells apart what the policy's selectors do: whom others select is not known of it."""
        return (policy.kind, policy.namespace, policy.name) in self.scene.acting.at

    # --- ends of rules --------------------

    def ends(self, placed: Placed) -> Iterator[Found]:
        """NW2602 to NW2604 of both ends of a rule."""
        if placed.rule.action == "Log" or placed.policy in self.written.unplaced or is_for_hosts_only(placed.policy):
            return
        for name, entity in placed.ends:
            for field, tree in trees_of(placed.policy, entity):
                if self.written.means_nobody(tree):
                    yield self._nobody(placed, name, field, entity)
            if self._is_loose(placed, entity):
                yield Found(
                    "NW2604",
                    at(placed.policy, *placed.pointer, name, "notSelector"),
                    f"{placed.side} rule of {name_of(placed.policy)} allows everybody whom `{entity.not_selector}` "
                    "does not select, outside addresses too",
                    label="addresses that are no pod's match as well",
                    effect=f"whoever {'comes from' if name == 'source' else 'is reached'} outside the cluster is "
                    "allowed",
                    help="put `selector: all()` beside it to mean pods and sets only, or write the negation into "
                    "`selector` as `!(…)`",
                    key=f"{placed.side} {name} {entity.not_selector}",
                )

    def _is_loose(self, placed: Placed, entity: EntityRule) -> bool:
        """Whether an end of an Allow rule is everybody but those whom notSelector selects."""
        if placed.rule.action != "Allow" or not entity.not_selector:
            return False
        narrowed = entity.nets or entity.not_nets or entity.services or entity.ports
        return not narrowed and positive(entity, placed.policy.namespace) is None

    def _nobody(self, placed: Placed, name: str, field: str, entity: EntityRule) -> Found:
        policy = placed.policy
        said = {
            "selector": entity.selector,
            "notSelector": entity.not_selector,
            "namespaceSelector": entity.namespace_selector,
        }.get(field) or "its service accounts"
        key = f"{placed.side} {name} {field} {said}"
        place = at(policy, *placed.pointer, name, field)
        if field == "notSelector":
            return Found(
                "NW2602",
                place,
                f"notSelector of {name_of(policy)} selects no pod and no set: none has `{said}`",
                label="nobody is left out",
                effect="the rule matches whom it was to leave out",
                help="correct the selector, or delete it",
                key=key,
            )
        elsewhere = self._elsewhere(policy, entity)
        if elsewhere:
            return Found(
                "NW2603",
                place,
                f"{name} of a rule of {name_of(policy)} means pods of `{policy.namespace}`, and those with `{said}` "
                f"are in {listed(elsewhere)}",
                label="confined to the policy's own namespace",
                effect="nobody is matched by this rule: " + _without(placed),
                help=f"add `namespaceSelector: projectcalico.org/name == '{elsewhere[0]}'`",
                key=key,
            )
        return Found(
            "NW2602",
            place,
            f"{name} of a rule of {name_of(policy)} selects no pod and no set: none has `{said}`",
            label="nobody is selected",
            effect="nobody is matched by this rule: " + _without(placed),
            help="correct the selector, or delete the rule",
            key=key,
        )

    def _elsewhere(self, policy: Decoded, entity: EntityRule) -> tuple[str, ...]:
        """The other namespaces with pods that a selector confined to a policy's own would select."""
        if not policy.namespace or entity.namespace_selector or not entity.selector:
            return ()
        anywhere = positive(entity, "")
        rows = self.written.chosen(anywhere).must if anywhere is not None else ()
        return tuple(sorted({self.scene.cluster.row_objects[row].namespace for row in rows} - {policy.namespace}))

    # --- sets --------------------

    def sets(self) -> Iterator[Found]:
        """NW2605, NW2606: sets that nothing selects, and that hold nothing."""
        if not self.written.is_enforced:
            return
        trees = [
            (policy, tree)
            for policy in self.written.policies
            for entity in entities_of(policy)
            for _, tree in trees_of(policy, entity)
        ]
        for one in self.written.known.sets:
            if one.object.kind == "HostEndpoint":
                continue
            using = [policy for policy, tree in trees if one.matches(tree) is not False]
            shown = f"{one.object.kind} `{one.object.name}`"
            if not using:
                yield Found(
                    "NW2605",
                    at(one.object, "metadata"),
                    f"no rule of the input selects the {shown}",
                    label="nothing selects it by these labels",
                    effect="its ranges mean nothing",
                    help="give it a label that a rule's selector asks for, or delete it",
                )
            elif not one.addresses:
                yield Found(
                    "NW2606",
                    at(one.object, "spec"),
                    f"the {shown} holds no range, and {name_of(using[0])} selects it",
                    label="no addresses",
                    effect="rules that mean it match nobody by it",
                    help="fill in `nets`",
                    also=(Seen(at(using[0], "spec"), "selects it"),),
                )


def _without(placed: Placed) -> str:
    does = {"Allow": "allows", "Deny": "denies", "Pass": "passes", "Log": "logs"}[placed.rule.action or "Allow"]
    return f"it {does} nothing"
