"""Label selectors, as in `LabelSelector` of apimachinery's meta/v1."""

from __future__ import annotations

from collections.abc import Mapping

from netwright.dialects.k8s.objects import LabelSelector, Requirement


def plain(labels: Mapping[str, str | None] | None) -> dict[str, str]:
    """The labels with `null` read as Go reads it: the empty string."""
    return {key: value or "" for key, value in (labels or {}).items()}


def has_all(labels: Mapping[str, str], wanted: Mapping[str, str | None] | None) -> bool:
    """Whether every wanted pair is among the labels (`matchLabels`, and a Service's `selector`)."""
    return all(labels.get(key) == value for key, value in plain(wanted).items())


def matches(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """Whether the selector matches: `matchLabels` and every expression are ANDed, an empty selector matches all.

    None is the zero selector, which is empty. What an *absent* selector means is for the caller to know.
    """
    if selector is None:
        return True
    expressions = selector.match_expressions or ()
    return has_all(labels, selector.match_labels) and all(_holds(one, labels) for one in expressions)


def _holds(requirement: Requirement | None, labels: Mapping[str, str]) -> bool:
    operator = requirement.operator if requirement else ""
    if requirement is None or operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
        raise ValueError(f"`{operator}` is not an operator of a label selector")
    present = requirement.key in labels
    values = [value or "" for value in requirement.values or ()]
    if operator == "Exists":
        return present
    if operator == "DoesNotExist":
        return not present
    listed = present and labels[requirement.key] in values
    return listed if operator == "In" else not listed
