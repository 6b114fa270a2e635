"""What a policy says and what acts: `policyTypes` against the sections that are written.

After the field documentation of NetworkPolicySpec (networking.k8s.io/v1): a direction acts if `policyTypes` has it;
where none is given, ingress always does and egress if there are egress rules.
"""

from __future__ import annotations

from collections.abc import Iterator

from netwright.dialects.k8s.lower import policy_types
from netwright.questions.check.found import Found, Seen, at
from netwright.questions.check.scene import Scene, spec_of


def checks(scene: Scene) -> Iterator[Found]:
    yield from ignored_rules(scene)


def ignored_rules(scene: Scene) -> Iterator[Found]:
    """NW2201, NW2202: rules of a direction that policyTypes leaves out."""
    for policy in scene.policies:
        spec = spec_of(policy)
        acting = policy_types(spec)
        for side, code in (("ingress", "NW2201"), ("egress", "NW2202")):
            rules = getattr(spec, side)
            if not rules or side in acting:
                continue
            word = side.capitalize()
            yield Found(
                code,
                at(policy, "spec", side),
                f"{side} rules of `{policy.namespace}/{policy.name}` do nothing: its policyTypes do not list {word}",
                label=f"{len(rules)} {side} rule{'s' * (len(rules) > 1)}, ignored",
                effect=f"the policy neither isolates nor admits {'into' if side == 'ingress' else 'out of'} its pods",
                help=f"add `{word}` to policyTypes, or delete the rules",
                also=(Seen(at(policy, "spec", "policyTypes"), f"lists only {', '.join(spec.policy_types or ())}"),),
            )
