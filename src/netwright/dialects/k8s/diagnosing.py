"""What is said of the objects of a reading: those that are refused, stand twice, or are of kinds that are not read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netwright.base.diagnostics import Diagnostic
from netwright.base.spans import named
from netwright.dialects.k8s.decode import Invalid
from netwright.dialects.k8s.misnamed import meant_perhaps
from netwright.dialects.k8s.objects import NetworkPolicySpec
from netwright.dialects.k8s.validate_policy import loose_ranges
from netwright.model.document import Decoded, Document, Reading, Unread
from netwright.model.kind_lists import find


def _at(
    document: Document | Decoded | Invalid, reading: Reading, pointer: tuple[str | int, ...] = ()
) -> dict[str, Any]:
    position = reading.texts.position(document.place, pointer) if document.place else None
    return {"file": position.file, "line": position.line, "column": position.column} if position else {}


def invalid(found: Invalid, reading: Reading) -> Diagnostic:
    """NW1007: an object that the API server would refuse."""
    if found.once_taken:
        effect = "servers before Kubernetes 1.36 store it, and readers differ on what it means: answers are undecided"
    else:
        effect = "the API server would refuse the object, so it is not evaluated"
    return Diagnostic(
        code="NW1007",
        severity="error",
        title=f"{found.kind} {_called(found.namespace, found.name)}: {found.message}",
        effect=effect,
        help=found.help,
        **_about(found),
        **_at(found, reading, found.pointer),
    )


def as_unread(found: Invalid, group: str, told: Diagnostic) -> Unread:
    """What an object can act on that means different things to different readers: as much as one that nobody can read.
    `told` is what is said against it."""
    namespaces = (found.namespace,) if found.namespace else ()
    return Unread(
        diagnostic=told,
        fate="unreadable",
        kinds=(found.kind,),
        namespaces=namespaces,
        group=group,
        called=(found.name,) if found.name else (),
    )


def with_loose_ranges(found: Decoded, reading: Reading) -> list[Diagnostic]:
    """NW1015: the ranges of a NetworkPolicy with bits set beyond their prefix length."""
    return [
        Diagnostic(
            code="NW1015",
            severity="warning",
            title=f"{found.kind} `{found.namespace}/{found.name}`: `{text}` has bits set beyond its prefix length",
            effect=f"evaluated as `{network}`, as Kubernetes before 1.36 takes it; later it refuses new objects",
            help=f"write `{network}`, or `{text.partition('/')[0]}/{network.max_prefixlen}` for the one address",
            **_about(found),
            key=text,
            **_at(found, reading, pointer),
        )
        for pointer, text, network in loose_ranges(found.value.spec or NetworkPolicySpec())
    ]


def repeated(found: Decoded, other: Decoded, reading: Reading) -> Diagnostic:
    """NW1010: an object that stands twice, the `other` first, and differs."""
    first = reading.texts.position(other.place) if other.place else None
    name = named(found.namespace, found.name)
    places = [place.file for place in (other.place, found.place) if place]
    folder = reading.parting(*places) if len(places) == 2 else None
    if folder is None:
        help_text = "delete one; or name one of the two as the source"
    else:
        each = f"`diff --split {folder}` takes each folder of {'the source' if folder == '.' else folder} on its own"
        help_text = f"delete one; if these are two clusters or environments, name one as the source, or {each}"
    if any(unread.diagnostic.code == "NW1004" for unread in reading.unread):
        help_text += "; `--kustomize` renders what kustomizations bring together"
    return Diagnostic(
        code="NW1010",
        severity="warning",
        title=f"{found.kind} `{name}` stands twice and differs" + (f" (first at {first})" if first else ""),
        effect="the one read last is evaluated, as applying the files in this order would leave it",
        help=help_text,
        **_about(found),
        **_at(found, reading),
    )


def _about(found: Decoded | Invalid) -> dict[str, Any]:
    """The object that a diagnostic is about; of one that has no name the text."""
    return {"kind": found.kind, "namespace": found.namespace, "name": found.name} if found.name else {}


def _of_kind(kind: str, found: Sequence[Document]) -> dict[str, Any]:
    """The kind that a diagnostic is about, with its group as in another version too; and where all of it stands in one
    namespace, that one."""
    homes = {d.namespace for d in found}
    return {"kind": kind, "key": found[0].group, "namespace": homes.pop() if len(homes) == 1 else ""}


def _called(namespace: str, name: str) -> str:
    return f"`{named(namespace, name)}`" if name else "without a name"


def _names(found: Sequence[Document | Decoded]) -> str:
    listed = ", ".join(_called(d.namespace, d.name) for d in found[:3])
    return listed + (f" and {len(found) - 3} more" if len(found) > 3 else "")


def not_evaluated(version: str, kind: str, found: list[Document], reading: Reading) -> Diagnostic:
    """NW1008: all objects of a network kind that is not evaluated."""
    listed = find(found[0].group, kind)
    acts = listed is not None and listed.effect != "none"
    meant = meant_perhaps(found[0]) if listed is not None and listed.name != kind else ""
    leave_out = "leave it out of the sources to see the answer without it" if acts else ""
    return Diagnostic(
        code="NW1008",
        severity="warning" if acts else "info",
        title=f"{kind} ({version}) is not evaluated yet: {_names(found)}",
        effect="verdicts of everything it could select are undecided"
        if acts
        else "what it adds is missing from the answer; policy verdicts stand",
        help=meant or leave_out,
        **_of_kind(kind, found),
        **_at(found[0], reading),
    )


def unlisted_kind(version: str, kind: str, found: list[Document], reading: Reading) -> Diagnostic:
    """NW1009: all objects of a kind that is in none of the lists."""
    return Diagnostic(
        code="NW1009",
        severity="warning",
        title=f"{kind} ({version}) is in none of the lists of kinds: {_names(found)}",
        effect="taken as not touching the network",
        help=meant_perhaps(found[0]),
        **_of_kind(kind, found),
        **_at(found[0], reading),
    )
