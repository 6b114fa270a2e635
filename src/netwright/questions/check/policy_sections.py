"""What a policy says and what acts: `policyTypes` against the sections that are written.

After the field documentation of NetworkPolicySpec (networking.k8s.io/v1): a direction acts if `policyTypes` has it;
where none is given, ingress always does and egress if there are egress rules. A rule whose `from` or `to` is absent or
empty matches everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from netwright.dialects.adminpolicy import KINDS as ADMIN_KINDS
from netwright.dialects.k8s.objects import NetworkPolicyEgressRule, NetworkPolicyIngressRule
from netwright.engine.acting import PolicyKey
from netwright.model.document import Decoded
from netwright.model.rule import Direction
from netwright.questions.check.found import Found, Seen, at, listed
from netwright.questions.check.label_words import written
from netwright.questions.check.mistakes import Mistakes
from netwright.questions.check.scene import OWN_NODE, Scene, spec_of
from netwright.questions.check.tiers import Tiers


def checks(scene: Scene) -> Iterator[Found]:
    yield from ignored_rules(scene)
    yield from silent_isolation(scene)
    yield from open_rules(scene)


def ignored_rules(scene: Scene) -> Iterator[Found]:
    """NW2201, NW2202: rules of a direction that policyTypes leaves out, where the network plugin goes by it."""
    for policy in scene.policies:
        spec = spec_of(policy)
        acting = scene.types(spec)
        sides: tuple[tuple[Direction, str], ...] = (("ingress", "NW2201"), ("egress", "NW2202"))
        for side, code in sides:
            rules = getattr(spec, side)
            if not rules or side in acting:
                continue
            word = side.capitalize()
            found = Found(
                code,
                at(policy, "spec", side),
                f"{side} rules of `{policy.namespace}/{policy.name}` do nothing: its policyTypes do not list {word}",
                label=f"{len(rules)} {side} rule{'s' * (len(rules) > 1)}, ignored",
                effect=f"the policy neither isolates nor admits {'into' if side == 'ingress' else 'out of'} its pods",
                help=f"add `{word}` to policyTypes, or delete the rules",
                also=(Seen(at(policy, "spec", "policyTypes"), f"lists only {', '.join(spec.policy_types or ())}"),),
            )
            scene.once(Mistakes).lost(found, policy, (side,), scene.subjects(policy).may)
            yield found


# --- directions that nobody wrote --------------------


class _Others:
    """Which policies act where, to tell whether a policy is alone there."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    @cached_property
    def _at(self) -> dict[tuple[Direction, int], set[PolicyKey]]:
        found: dict[tuple[Direction, int], set[PolicyKey]] = {}
        for key, sides in self.scene.acting.at.items():
            if key[0] in ADMIN_KINDS or key in OWN_NODE:
                continue  # they isolate nothing
            for direction, positions in sides.items():
                for position in positions:
                    found.setdefault((direction, position), set()).add(key)
        return found

    def alone(self, policy: Decoded, direction: Direction) -> tuple[str, ...]:
        """The workloads that this policy surely isolates in a direction and no other policy does, not even perhaps, and
        at which no admin policy accepts anything before."""
        key = (policy.kind, policy.namespace, policy.name)
        position = self.scene.network.position
        tiers = self.scene.once(Tiers)
        rows = [
            row
            for row in self.scene.subjects(policy).must
            if self._at.get((direction, position(row))) == {key} and not tiers.may_accept(direction, position(row))
        ]
        return self.scene.refs(rows)


def silent_isolation(scene: Scene) -> Iterator[Found]:
    """NW2203, NW2204, NW2205: a direction that is closed, or left open, without a word of it."""
    others = _Others(scene)
    for policy in scene.policies:
        spec = spec_of(policy)
        name = f"{policy.namespace}/{policy.name}"
        listed_types = {t.lower() for t in spec.policy_types or ()}
        if not listed_types and spec.egress == ():
            yield Found(
                "NW2204",
                at(policy, "spec", "egress"),
                f"`egress: []` of `{name}` does nothing: without policyTypes a policy without egress rules leaves "
                "egress alone",
                label="no rule, and `Egress` is not in policyTypes",
                effect="the pods may go wherever other policies let them",
                help="add `policyTypes: [Ingress, Egress]` to deny egress, or delete the line",
            )
        if not listed_types and spec.egress and spec.ingress is None:
            refs = others.alone(policy, "ingress")
            if refs:
                yield Found(
                    "NW2205",
                    at(policy, "spec", "egress"),
                    f"`{name}` has egress rules only and denies all ingress too: without policyTypes every policy "
                    "isolates for ingress",
                    label="only egress is written",
                    effect=f"nobody may connect to {listed(refs)}; no other policy isolates them for ingress",
                    help="add `policyTypes: [Egress]`; or `[Ingress, Egress]` if that is meant",
                    workloads=refs,
                )
        elif "egress" in listed_types and spec.ingress and spec.egress is None and "ingress" in listed_types:
            refs = others.alone(policy, "egress")
            if refs:
                yield Found(
                    "NW2203",
                    at(policy, "spec", "policyTypes"),
                    f"`{name}` lists Egress, has no egress rules, and so denies all egress of {listed(refs)}",
                    label="Egress, and there is no egress section",
                    effect="they may connect to nobody, DNS included; no other policy says anything of their egress",
                    help="write `egress: []` if that is meant, else delete `Egress` or add the rules",
                    workloads=refs,
                )


# --- rules for everybody --------------------


def open_rules(scene: Scene) -> Iterator[Found]:
    """NW2206, NW2207, NW2208, NW2210: rules that match everybody, or every namespace; each once a policy."""
    told: set[tuple[Decoded, str, str]] = set()
    for rule in scene.rules():
        found = _open(rule.policy, rule.direction, rule.number)
        if found is not None and (rule.policy, found.code, found.key) not in told:
            told.add((rule.policy, found.code, found.key))
            yield found


def _open(policy: Decoded, direction: Direction, number: int) -> Found | None:
    rules: tuple[NetworkPolicyIngressRule | NetworkPolicyEgressRule | None, ...] = getattr(spec_of(policy), direction)
    rule = rules[number]
    into = direction == "ingress"
    peers = None if rule is None else rule.from_ if isinstance(rule, NetworkPolicyIngressRule) else rule.to
    ports = rule.ports if rule is not None else None
    name = f"{policy.namespace}/{policy.name}"
    side = "from" if into else "to"
    pointer = ("spec", direction, number)
    does = "admits everybody" if into else "lets out to everybody"
    if peers == ():
        return Found(
            "NW2206",
            at(policy, *pointer, side),
            f"`{side}: []` of `{name}` {does}: an empty list restricts nothing",
            label="empty: everybody" if not ports else "empty: everybody, on these ports",
            effect=f"every pod, node and outside address is allowed {'in' if into else 'as destination'}"
            + (" on the ports of the rule" if ports else " on all ports"),
            help=f"delete the whole rule to allow nobody, or the line `{side}: []` if everybody is meant",
            key=direction,
        )
    if peers is None and not ports:
        return Found(
            "NW2207" if into else "NW2210",
            at(policy, *pointer),
            f"rule of `{name}` {does} on all ports",
            label="neither " + ("`from`" if into else "`to`") + " nor `ports`",
            effect=f"the pods are isolated for {direction} in name only: no other NetworkPolicy takes back what it "
            "allows; only what denies does (an Admin tier, a rule of Cilium or Calico, a mesh)",
            help=f"say {'from whom' if into else 'to whom'} and on which ports",
            key=direction,
        )
    if into:
        for index, peer in enumerate(peers or ()):
            if peer and peer.namespace_selector is not None and not written(peer.namespace_selector):
                if not written(peer.pod_selector):
                    return Found(
                        "NW2208",
                        at(policy, *pointer, side, index, "namespaceSelector"),
                        f"`{name}` admits every pod of every namespace",
                        label="empty: every namespace",
                        effect="namespaces that are created later are admitted too",
                        help="name the namespaces that are meant by a label of theirs",
                        key=direction,
                    )
    return None
