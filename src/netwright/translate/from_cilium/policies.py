"""Cilium's policies as NetworkPolicies, and ClusterNetworkPolicies beside them, as far as these say what the others do.

What allows and isolates is a NetworkPolicy, one in each namespace where the policy is for the cluster; what denies is a
ClusterNetworkPolicy of the Admin tier, which comes before all that allows as a denial does in Cilium; what allows
without isolating is one of the Baseline tier, which Cilium 1.20 reads before isolation. An entry that cannot be said as
a whole is cut. What is left is dropped where it decides nothing in the input, said by more where that changes nothing,
and else stays in Cilium's words, or goes the way that is chosen. All is tried on the network of the input: nothing is
written that changes a verdict otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from netwright.base.services import NONE
from netwright.dialects.cilium import KINDS as CILIUM_KINDS
from netwright.model.document import Decoded
from netwright.translate.conversion import Chosen, Raised, RuleKey, Stays
from netwright.translate.from_cilium.draft import Draft
from netwright.translate.from_cilium.residues import residues
from netwright.translate.from_cilium.search import Search
from netwright.translate.from_cilium.ways import choose, staying
from netwright.translate.same_network import PORT_ZERO
from netwright.translate.trials import Trial

SOURCES: Final = CILIUM_KINDS


def raised(objects: Sequence[Decoded], trial: Trial, *, admin: bool, residue: Chosen = "") -> Raised:
    """The policies of Cilium among the objects, as NetworkPolicies, with `admin` as ClusterNetworkPolicies too."""
    draft = Draft(objects, trial, admin)
    search = Search(draft, trial)
    search.settle()
    search.convert()
    left = staying(draft, search)
    if residue in ("narrow", "widen"):
        choose(left, residue, search)
    made = list(draft.made())
    return Raised(
        objects=tuple(tree for tree, _ in made),
        made_of=tuple((policy,) for _, policy in made),
        sources=tuple(draft.sources),
        replaced=tuple(d for d in draft.sources if draft.left(d) != d.value),
        rules=tuple(section.key for _, section in draft.sections()),
        open=tuple(residues(draft, trial, left)),
        of_this_cluster=_is_of_this_cluster(draft),
        beside=PORT_ZERO if _lacks_port_zero(draft) else NONE,
        stay=_stay(draft),
    )


def _lacks_port_zero(draft: Draft) -> bool:
    return any(section.lacks_port_zero for spec, section in draft.sections() if not spec.is_whole)


def _is_of_this_cluster(draft: Draft) -> bool:
    """Whether something was looked up that holds for this input alone; what was dropped, the rules themselves tell."""
    return any(
        not spec.is_whole and section.written_out and any(piece.is_converted for piece in section.pieces)
        for spec, section in draft.sections()
    )


def _stay(draft: Draft) -> dict[RuleKey, Stays]:
    found: dict[RuleKey, Stays] = {}
    for spec, section in draft.sections():
        if spec.is_whole:
            found |= {} if spec.left_out else {section.key: "whole"}
        elif section.kept():
            found[section.key] = "in part" if any(piece.is_converted for piece in section.pieces) else "whole"
    return found
