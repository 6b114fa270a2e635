"""Which namespaces of the input a selector selects: surely, or perhaps, where their labels are not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from netwright.dialects.k8s.objects import LabelSelector, Namespace, Requirement
from netwright.model.document import Decoded

_NAME: Final = "kubernetes.io/metadata.name"


def selected_namespaces(selector: LabelSelector, objects: Sequence[Decoded]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The namespaces that are surely selected, and those that are perhaps; sorted.

    Of a namespace whose Namespace is not in the input only the label with its name is known.
    """
    labels = {d.name: d.value.metadata.labels or {} for d in objects if isinstance(d.value, Namespace)}
    surely, perhaps = [], []
    for name in sorted({d.namespace for d in objects if d.namespace} | labels.keys()):
        held = {**labels.get(name, {}), _NAME: name}
        found = _selects(selector, held, name in labels)
        if found is None:
            perhaps.append(name)
        elif found:
            surely.append(name)
    return tuple(surely), tuple(perhaps)


def selects(selector: LabelSelector, held: Mapping[str, str | None]) -> bool:
    """Whether labels that are known are selected."""
    return bool(_selects(selector, dict(held), True))


def _selects(selector: LabelSelector, held: dict[str, str | None], known: bool) -> bool | None:
    wanted = [
        Requirement(key=key, operator="In", values=(value,)) for key, value in (selector.match_labels or {}).items()
    ]
    wanted += [one for one in selector.match_expressions or () if one is not None]
    answers = [_meets(one, held) if known or one.key == _NAME else None for one in wanted]
    if False in answers:
        return False
    return None if None in answers else True


def _meets(one: Requirement, held: dict[str, str | None]) -> bool:
    has = one.key in held
    if one.operator in ("Exists", "DoesNotExist"):
        return has == (one.operator == "Exists")
    among = has and (held[one.key] or "") in {value or "" for value in one.values or ()}
    return among == (one.operator == "In")
