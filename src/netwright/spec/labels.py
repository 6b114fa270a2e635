"""Label selectors, as in `LabelSelector` of apimachinery's meta/v1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from netwright.dialects.k8s.objects import LabelSelector, Requirement


def plain(labels: Mapping[str, str | None] | None) -> dict[str, str]:
    """The labels with `null` read as Go reads it: the empty string."""
    return {key: value or "" for key, value in (labels or {}).items()}


def has_all(labels: Mapping[str, str | None], wanted: Mapping[str, str | None] | None) -> bool:
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


def matches_pod(selector: LabelSelector | None, labels: Mapping[str, str | None]) -> Literal["no", "perhaps", "yes"]:
    """Whether the selector matches labels of which some are there with an unknown value (None). Each requirement that
    asks for such a value is open, for itself."""
    open_ = {key for key, value in labels.items() if value is None}
    known = {key: value for key, value in labels.items() if value is not None}
    if selector is None or not open_:
        return "yes" if matches(selector, known) else "no"
    pairs = plain(selector.match_labels)
    expressions = [one for one in selector.match_expressions or () if one is not None]
    values = [one for one in expressions if one.key in open_ and one.operator in ("In", "NotIn")]
    if not has_all(known, {key: value for key, value in pairs.items() if key not in open_}):
        return "no"
    present = {**known, **dict.fromkeys(open_, "")}
    if not all(_holds(one, present) for one in expressions if one not in values):
        return "no"
    return "perhaps" if values or open_ & pairs.keys() else "yes"


def may_match(selector: LabelSelector | None, known: Mapping[str, str]) -> tuple[bool, bool]:
    """Whether the selector surely, and perhaps, matches labels of which only some are known. What it asks of the others
    is open, each question for itself."""
    if selector is None:
        return True, True
    pairs = plain(selector.match_labels).items()
    expressions = [one for one in selector.match_expressions or () if one is None or one.key in known]
    if not all(known[key] == value for key, value in pairs if key in known):
        return False, False
    if not all(_holds(one, known) for one in expressions):
        return False, False
    asked = len(pairs) + len(selector.match_expressions or ())
    return asked == len(expressions) + sum(key in known for key, _ in pairs), True


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
