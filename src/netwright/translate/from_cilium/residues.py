"""What is told of a draft: what stays with its choices, and what was written for the input as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netwright.base.spans import named
from netwright.dialects.adminpolicy import KINDS as ADMIN_KINDS
from netwright.dialects.calico import KINDS as CALICO_KINDS
from netwright.dialects.cilium import KINDS as CILIUM_KINDS
from netwright.dialects.ovn import KINDS as OVN_KINDS
from netwright.model.document import Decoded
from netwright.translate.conversion import Chosen, Open, ResidueKind, RuleKey, Variant
from netwright.translate.from_cilium.draft import Draft
from netwright.translate.from_cilium.specs import Section
from netwright.translate.from_cilium.ways import Staying
from netwright.translate.trees import read_again
from netwright.translate.trials import Trial

POLICIES = ("NetworkPolicy", *ADMIN_KINDS, *CILIUM_KINDS, *CALICO_KINDS, *OVN_KINDS)


def residues(draft: Draft, trial: Trial, staying: Sequence[Staying]) -> Iterator[Open]:
    """Policy by policy; `refused` is what stays without a way out."""
    for policy in draft.sources:
        for one in staying:
            if one.policy is policy:
                yield _open(
                    policy,
                    one.kind,
                    one.keys,
                    one.told,
                    refused=not one.ways,
                    chosen=one.gone or ("keep" if one.ways else ""),
                    variants=one.variants,
                )
        yield from _settled(draft, trial, policy)


def _settled(draft: Draft, trial: Trial, policy: Decoded) -> Iterator[Open]:
    """What is converted, and holds for this input alone, or lacks what the input cannot have."""
    specs = [spec for spec in draft.specs(policy) if not spec.is_whole]
    sections: list[Section] = [section for spec in specs for section in spec.sections]
    gone = [(s.key, one.why) for s in sections for one in s.loose if one.fate == "dropped" and one.why]
    if gone:
        dropped = list(dict.fromkeys(key for key, _ in gone))
        why = " and ".join(dict.fromkeys(why for _, why in gone))
        told = f"what {why} decides nothing in the network of the input, and is left out"
        yield _open(policy, "decides nothing", dropped, told)
    taken = [s.key for s in sections if any(one.fate == "taken out" for one in s.loose)]
    if taken:
        told = "what it denies outside is taken out of what is allowed to the same pods"
        yield _open(policy, "written out", taken, told)
    widened = [s.key for s in sections if any(one.fate == "widened" for one in s.loose)]
    if widened:
        told = "written to match more, which changes nothing in the network of the input"
        yield _open(policy, "decides nothing", widened, told)
    zero = [s.key for s in sections if s.lacks_port_zero]
    if zero:
        told = "is about port 0 too, for which ClusterNetworkPolicy has no word; no connection has it"
        yield _open(policy, "port 0", zero, told)
    no_end = [s.key for s in sections if s.no_end]
    if no_end:
        names = " and ".join(f"`{n}`" for n in dict.fromkeys(n for s in sections for n in s.no_end))
        told = f"{names} is no pod, node or address that a twin has, and no word of {draft.words}: it is left out"
        yield _open(policy, "no such end", no_end, told)
    isolating = [s.key for spec in specs for side in spec.isolated_too for s in spec.of(side)]
    if isolating:
        told = "isolates too now (`enableDefaultDeny` was false): all the pods are isolated by other policies"
        yield _open(policy, "written out", isolating, told)
    if nothing := _compared_with_nothing(draft, trial, policy):
        told = "selects no pod of the input: what is written of it was compared with nothing"
        yield _open(policy, "compared with nothing", nothing, told)
    looked_up = [s.key for s in sections if s.written_out and s.pieces]
    if looked_up:
        names = " and ".join(dict.fromkeys(name for s in sections for name in s.written_out))
        yield _open(policy, "written out", looked_up, f"{names}: written out as the input has them")
    if not policy.namespace:
        copied = [
            section.key
            for spec in specs
            for section in spec.sections
            if spec.isolates(section.side) and any(p.is_converted for p in section.pieces) and not section.denies
        ]
        if copied:
            known = " and ".join(f"`{name}`" for name in draft.assumed)
            known = f" and for {known}, which it does not tell of" if known else ""
            told = f"one NetworkPolicy for each namespace of the input{known}: where one comes to be, convert again"
            yield _open(policy, "written out", copied, told)


def _compared_with_nothing(draft: Draft, trial: Trial, policy: Decoded) -> list[RuleKey]:
    """The rules of a policy that select no pod of the input, where what they are written as is not the same."""
    found = [
        section.key
        for spec in draft.specs(policy)
        for section in spec.sections
        if not spec.has_pods and not spec.is_whole and any(p.is_converted for p in section.pieces)
    ]
    if not found:
        return []
    plain = [d for d in draft.others if d.kind not in POLICIES]
    made = [read_again(tree) for tree, source in draft.made() if source is policy]
    left = [policy] if draft.left(policy) == policy.value else []
    return [] if trial.is_same([*plain, policy], [*plain, *left, *made]) else found


def _open(
    policy: Decoded,
    kind: ResidueKind,
    rules: Sequence[RuleKey],
    told: str,
    *,
    refused: bool = False,
    chosen: Chosen = "",
    variants: tuple[Variant, ...] = (),
) -> Open:
    whose = f"{policy.kind} `{named(policy.namespace, policy.name)}` "
    return Open(kind=kind, rules=tuple(rules), refused=refused, told=whose + told, chosen=chosen, variants=variants)
