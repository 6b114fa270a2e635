"""Kinds that an API does not have and another is near, by the lists of kinds."""

from __future__ import annotations

from functools import cache

from netwright.dialects.k8s.decode import Invalid
from netwright.model.document import Document
from netwright.model.kind_lists import KINDS, find

_NEAR = 0.85
_REFUSED = "the API server refuses what is of no kind that it knows"
_OWN = """
    admissionregistration apiextensions apiregistration authentication authorization certificates coordination
    discovery events flowcontrol.apiserver internal.apiserver networking node rbac.authorization resource scheduling
    storage storagemigration
"""
_SERVED = frozenset(("", "apps", "autoscaling", "batch", "policy", *(f"{name}.k8s.io" for name in _OWN.split())))
"""The groups that the API server itself serves: nobody can add kinds to them (Kubernetes 1.34, API Groups)."""


def misnamed(document: Document) -> Invalid | None:
    """An object of a group of the API server itself that has no such kind, where it has one that is near: it refuses
    the object. Others perhaps are of a kind that a later release has."""
    if document.group not in _SERVED or find(document.group, document.kind) is not None:
        return None
    meant = _meant(document.group, document.kind)
    if not meant:
        return None
    return Invalid(
        kind=document.kind,
        namespace=document.namespace,
        name=document.name,
        place=document.place,
        pointer=("kind",),
        message=f"`{document.api_version}` has no kind `{document.kind}`",
        help=f"did you mean {meant}?",
    )


def meant_perhaps(document: Document) -> str:
    """The help to an object of a kind that no list has; "" where none is near."""
    meant = _meant(document.group, document.kind)
    return f"did you mean {meant}? {_REFUSED}" if meant else ""


@cache
def _meant(group: str, kind: str) -> str:
    """The kind that was meant perhaps.

    Of another group it is meant only where the group is Kubernetes' own, all kinds of which are listed, or nearly the
    same: other APIs have kinds of any name.
    """
    from difflib import get_close_matches

    written = kind.casefold()
    beside = {one.name.casefold(): one.name for one in KINDS if one.group == group and one.name != "*"}
    if near := get_close_matches(written, beside, 1, _NEAR):
        return f"`{beside[near[0]]}`"
    groups = [one.group for one in KINDS if one.name.casefold() == written and one.group != "extensions"]
    found = (
        [one for one in groups if _is_own(one)][:1] if _is_own(group) else get_close_matches(group, groups, 1, _NEAR)
    )
    if not found:
        return ""
    name = next(one.name for one in KINDS if one.group == found[0] and one.name.casefold() == written)
    return f"`{name}` of " + (f"the group `{found[0]}`" if found[0] else "`v1`, the core group")


def _is_own(group: str) -> bool:
    """Whether the group is one of Kubernetes itself, or of its projects."""
    return "." not in group or group.endswith(".k8s.io")
