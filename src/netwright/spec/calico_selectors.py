"""Calico's selectors: read from their text, and asked of labels.

After Calico 3.32: `libcalico-go/lib/selector` (tokenizer, parser), and the syntax in the document of
GlobalNetworkPolicy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from netwright.dialects.k8s.objects import LabelSelector
from netwright.spec.adminpeers import NO, YES, Matched, all_of, any_of, matched
from netwright.spec.judgement import Reason
from netwright.spec.reasons import LABEL

NAMESPACE = "projectcalico.org/namespace"
ORCHESTRATOR = "projectcalico.org/orchestrator"
ACCOUNT = "projectcalico.org/serviceaccount"
OF_NAMESPACE, OF_ACCOUNT = "pcns.", "pcsa."
"""What stands before the labels that a pod inherits from its namespace, and from its service account."""

Node = tuple[Any, ...]
"""A selector: an operator, then what it is applied to."""

ALL: Node = ("all",)
_LABEL = re.compile(r"[a-zA-Z0-9_./-]{1,512}")
_VALUE = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_COMPARING = ("==", "!=", "contains", "starts with", "ends with")


class Labels(NamedTuple):
    """The labels of a pod or of a set of addresses. None is a value that is there and not known. Which labels there are
    that begin with one of `open_` is not known beyond these, and why."""

    known: Mapping[str, str | None]
    open_: Mapping[str, Reason] = {}


# --- the text ---------------------------------------------------------------------------------------------------------


class _Text:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def rest(self) -> str:
        """What is left, without leading blanks."""
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1
        return self.text[self.at :]

    def takes(self, word: str) -> bool:
        """Whether the word comes next; then it is read. Its parts may stand apart."""
        before = self.at
        for part in word.split(" "):
            if not self.rest().startswith(part):
                self.at = before
                return False
            self.at += len(part)
        return True

    def needs(self, word: str) -> None:
        if not self.takes(word):
            raise ValueError(f"`{self.text}` is no selector: `{word}` is missing before `{self.rest()}`")

    def label(self) -> str:
        found = _LABEL.match(self.rest())
        if found is None:
            raise ValueError(f"`{self.text}` is no selector: no label before `{self.rest()}`")
        self.at += found.end()
        return found[0]

    def value(self) -> str:
        found = _VALUE.match(self.rest())
        if found is None:
            raise ValueError(f"`{self.text}` is no selector: no quoted text before `{self.rest()}`")
        self.at += found.end()
        return found[1] if found[1] is not None else found[2]


@lru_cache(maxsize=4096)
def parsed(text: str) -> Node:
    """The selector that the text is; one without anything is `all()`. Raises ValueError for a text that is none."""
    given = _Text(text)
    if not given.rest():
        return ALL
    found = _either(given)
    if given.rest():
        raise ValueError(f"`{text}` is no selector: `{given.rest()}` is left over")
    return found


def _either(text: _Text) -> Node:
    parts = [_both(text)]
    while text.takes("||"):
        parts.append(_both(text))
    return parts[0] if len(parts) == 1 else ("or", *parts)


def _both(text: _Text) -> Node:
    parts = [_one(text)]
    while text.takes("&&"):
        parts.append(_one(text))
    return parts[0] if len(parts) == 1 else ("and", *parts)


def _one(text: _Text) -> Node:
    if text.takes("!"):
        return ("not", _one(text))
    if text.takes("("):
        inner = _either(text)
        text.needs(")")
        return inner
    if text.takes("has("):
        label = text.label()
        text.needs(")")
        return ("has", label)
    for name in ("all", "global"):
        if text.takes(f"{name}("):
            text.needs(")")
            return (name,)
    label = text.label()
    for operator in _COMPARING:
        if text.takes(operator):
            return (operator, label, text.value())
    negated = text.takes("not in")
    if not negated:
        text.needs("in")
    return ("not in" if negated else "in", label, _values(text))


def _values(text: _Text) -> tuple[str, ...]:
    text.needs("{")
    found: list[str] = []
    while not text.takes("}"):
        found.append(text.value())
        if not text.takes(","):
            text.needs("}")
            break
    return tuple(found)


# --- made of others ---------------------------------------------------------------------------------------------------


def changed(node: Node, change: Callable[[Node], Node]) -> Node:
    """The selector with each of its simple parts changed."""
    if node[0] in ("and", "or", "not"):
        return (node[0], *(changed(part, change) for part in node[1:]))
    return change(node)


def prefixed(node: Node, prefix: str) -> Node:
    return changed(node, lambda one: (one[0], prefix + one[1], *one[2:]) if len(one) > 1 else one)


def where_all(node: Node, key: str) -> Node:
    """`all()` as everything that has the label, and `global()` as everything that has it not."""
    meant: dict[Node, Node] = {ALL: ("has", key), ("global",): ("not", ("has", key))}
    return changed(node, lambda one: meant.get(one, one))


def of_kubernetes(selector: LabelSelector | None, prefix: str = "") -> list[Node]:
    """What a selector of Kubernetes asks for, each thing by itself."""
    if selector is None:
        return []
    found: list[Node] = [("==", prefix + key, value or "") for key, value in (selector.match_labels or {}).items()]
    for one in selector.match_expressions or ():
        operator = one.operator if one else ""
        if one is None or operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
            raise ValueError(f"`{operator}` is not an operator of a label selector")
        values = tuple(value or "" for value in one.values or ())
        key = prefix + one.key
        asked: dict[str, Node] = {
            "In": ("in", key, values),
            "NotIn": ("not in", key, values),
            "Exists": ("has", key),
            "DoesNotExist": ("not", ("has", key)),
        }
        found.append(asked[operator])
    return found


# --- asked ------------------------------------------------------------------------------------------------------------


def selects(node: Node, labels: Labels) -> Matched:
    """Whether the labels are what the selector asks for. Of an unknown label each question is open, for itself."""
    if node[0] == "and":
        return all_of(*(selects(part, labels) for part in node[1:]))
    if node[0] == "or":
        return any_of(*(selects(part, labels) for part in node[1:]))
    if node[0] == "not":
        return negated(selects(node[1], labels))
    if node[0] in ("all", "global"):
        return YES
    return _asked(node, labels)


def negated(found: Matched) -> Matched:
    turned: dict[str, Literal["yes", "no", "perhaps"]] = {"yes": "no", "no": "yes", "perhaps": "perhaps"}
    return Matched(turned[found.match], found.reasons)


def _asked(node: Node, labels: Labels) -> Matched:
    operator, key = node[:2]
    if key not in labels.known:
        for prefix, reason in labels.open_.items():
            if key.startswith(prefix):
                return matched("perhaps", reason)
        return YES if operator in ("!=", "not in") else NO
    if operator == "has":
        return YES
    value = labels.known[key]
    if value is None:
        return matched("perhaps", LABEL)
    return YES if _holds(operator, value, node[2]) else NO


def _holds(operator: str, value: str, asked: str | Sequence[str]) -> bool:
    if operator in ("in", "not in"):
        return (value in asked) == (operator == "in")
    assert isinstance(asked, str)
    return {
        "==": value == asked,
        "!=": value != asked,
        "contains": asked in value,
        "starts with": value.startswith(asked),
        "ends with": value.endswith(asked),
    }[operator]
