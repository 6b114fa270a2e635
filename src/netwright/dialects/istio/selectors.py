"""Which pods the policies of a mesh select."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netwright.dialects.istio.objects import WorkloadSelector
from netwright.dialects.k8s.generated import UNKNOWN
from netwright.model.document import Decoded


def lives_in(labels: Mapping[str, str | None], selector: WorkloadSelector | None, *, perhaps: bool = False) -> bool:
    """Whether a pod with these labels is selected, surely or at least perhaps: a label that a controller gives it may
    have any value."""
    wanted = (selector.match_labels if selector is not None else None) or {}
    return all(
        key in labels and ((perhaps and labels[key] == UNKNOWN) or (labels[key] or "") == (value or ""))
        for key, value in wanted.items()
    )


def mentioned_keys(policies: Iterable[Decoded]) -> frozenset[str]:
    """The labels that the policies select pods by."""
    selectors = [d.value.spec.selector for d in policies if d.value.spec is not None]
    return frozenset(key for one in selectors if one is not None for key in one.match_labels or ())
