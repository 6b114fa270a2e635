"""The languages that policies are converted to: of which kinds, by what, and when rules of theirs are the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from netwright.dialects.adminpolicy import KINDS as ADMIN_KINDS
from netwright.dialects.adminpolicy.lower import lower_admin_policies
from netwright.dialects.calico import KINDS as CALICO_KINDS
from netwright.model.document import Decoded
from netwright.profiles.enforcers import enforcers
from netwright.profiles.profile import Profile
from netwright.translate import clusternetworkpolicy
from netwright.translate.conversion import Chosen, Raised
from netwright.translate.from_calico import policies as from_calico
from netwright.translate.from_cilium import policies as from_cilium
from netwright.translate.same_rules import same_rules
from netwright.translate.same_tiers import same_tiers

if TYPE_CHECKING:
    from netwright.translate.proving import Proving


class Language(NamedTuple):
    """What is taken for a language: kinds of a group, by what they are raised, a profile that enforces them."""

    sources: tuple[str, ...]
    group: str
    raised: Callable[[Sequence[Decoded], Proving, Chosen], Raised]
    profile: str
    same: Callable[[Sequence[Decoded], Sequence[Decoded], Profile], bool]
    default_namespace: str = ""
    is_of_a_cni: bool = False
    """Whether only a CNI of its own enforces the kinds: another profile is one to move to."""
    target: str = ""
    """The profile that enforces what is written; "" is the one of the input."""


def _from_admin(objects: Sequence[Decoded], proving: Proving, residue: Chosen) -> Raised:
    return clusternetworkpolicy.raised(objects)


def _from_cilium(objects: Sequence[Decoded], proving: Proving, residue: Chosen) -> Raised:
    return from_cilium.raised(objects, proving, admin=False, residue=residue)


def _from_cilium_to_both(objects: Sequence[Decoded], proving: Proving, residue: Chosen) -> Raised:
    return from_cilium.raised(objects, proving, admin=True, residue=residue)


def _from_calico(objects: Sequence[Decoded], proving: Proving, residue: Chosen) -> Raised:
    return from_calico.raised(objects, proving, residue)


def _never_the_same(before: Sequence[Decoded], after: Sequence[Decoded], profile: Profile) -> bool:
    """Rules of two profiles are not compared: a rule means other things under each."""
    return False


def _same_admin(before: Sequence[Decoded], after: Sequence[Decoded], profile: Profile) -> bool:
    lowered = [lower_admin_policies([d for d in side if d.kind in ADMIN_KINDS], side) for side in (before, after)]
    return same_rules(*({str(tier): rules for tier, rules in one.items()} for one in lowered))


def _same_cilium(before: Sequence[Decoded], after: Sequence[Decoded], profile: Profile) -> bool:
    if profile.enforcement == "never" or profile.isolation != "behind all tiers":
        return False
    one, other = (enforcers(side, profile, ()) for side in (before, after))
    return len(one) == len(other) == 1 and same_tiers(one[0], other[0])


def same_policies(before: Sequence[Decoded], after: Sequence[Decoded], profile: Profile) -> bool:
    """Admin policies are the same on both sides."""
    sides = [[d for d in side if d.kind == "NetworkPolicy"] for side in (before, after)]
    one, other = (enforcers(side, profile, ()) for side in sides)
    return len(one) == len(other) == 1 and profile.tiers != "calico" and same_tiers(one[0], other[0])


LANGUAGES = {
    "clusternetworkpolicy": Language(
        clusternetworkpolicy.SOURCES, "policy.networking.k8s.io", _from_admin, "upstream", _same_admin
    ),
    "cilium": Language(
        CALICO_KINDS, "projectcalico.org", _from_calico, "calico", _never_the_same, "default", True, "cilium"
    ),
    "networkpolicy": Language(
        from_cilium.SOURCES, "cilium.io", _from_cilium, "cilium", _same_cilium, "default", is_of_a_cni=True
    ),
    "networkpolicy+clusternetworkpolicy": Language(
        from_cilium.SOURCES, "cilium.io", _from_cilium_to_both, "cilium", _same_cilium, "default", is_of_a_cni=True
    ),
}
