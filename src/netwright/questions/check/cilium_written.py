"""Cilium's policies as they are written: every entry of every section in one form, and whom selectors mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final, Literal

import msgspec

from netwright.base.selectors import ALWAYS, Selector, conjunction, equals
from netwright.base.spans import Pointer
from netwright.dialects.cilium import KINDS
from netwright.dialects.cilium.objects import (
    EgressDenyRule,
    EgressRule,
    IngressDenyRule,
    IngressRule,
    PortDenyRule,
    PortRule,
    Rule,
)
from netwright.dialects.cilium.selectors import NAMESPACE, NAMESPACE_LABELS, pods, requirements, subject
from netwright.dialects.cilium.validate import needed_options, rules_of
from netwright.dialects.k8s.lower import POD_NETWORK
from netwright.dialects.k8s.objects import LabelSelector, Requirement
from netwright.model.document import Decoded
from netwright.model.rule import Direction
from netwright.questions.check.label_words import written
from netwright.questions.check.scene import Chosen, Scene

AnyEntry = IngressRule | IngressDenyRule | EgressRule | EgressDenyRule
SECTIONS: Final[tuple[tuple[Direction, str, str, Literal["allow", "deny"]], ...]] = (
    ("ingress", "ingress", "ingress", "allow"),
    ("ingress", "ingress_deny", "ingressDeny", "deny"),
    ("egress", "egress", "egress", "allow"),
    ("egress", "egress_deny", "egressDeny", "deny"),
)
FORMS: Final = (
    ("endpoints", "Endpoints"),
    ("entities", "Entities"),
    ("cidr", "CIDR"),
    ("cidr_set", "CIDRSet"),
    ("groups", "Groups"),
    ("nodes", "Nodes"),
    ("services", "Services"),
    ("fqdns", "FQDNs"),
)
_OF_NO_POD: Final = frozenset({NAMESPACE, "io.cilium.k8s.policy.cluster", "io.cilium.k8s.policy.serviceaccount"})


class Ruled(msgspec.Struct, frozen=True):
    """One rule of a policy (`spec`, or one of `specs`) with its place."""

    policy: Decoded
    at: Pointer
    rule: Rule

    @property
    def namespace(self) -> str:
        return self.policy.namespace

    def entries(self, side: Direction | None = None) -> Iterator[Entry]:
        for direction, attribute, field, action in SECTIONS:
            if side in (None, direction):
                for number, entry in enumerate(getattr(self.rule, attribute) or ()):
                    yield Entry(self, direction, field, action, number, entry)

    def isolates(self, side: Direction) -> bool:
        """Whether it puts its pods into default deny in a direction."""
        default = self.rule.enable_default_deny
        return any(self.entries(side)) and (default is None or getattr(default, side) is not False)


class Entry(msgspec.Struct, frozen=True):
    """One entry of a section."""

    ruled: Ruled
    direction: Direction
    field: str
    action: Literal["allow", "deny"]
    number: int
    value: AnyEntry

    @property
    def policy(self) -> Decoded:
        return self.ruled.policy

    @property
    def pointer(self) -> Pointer:
        return (*self.ruled.at, self.field, self.number)

    @property
    def side(self) -> str:
        return "from" if self.direction == "ingress" else "to"

    def listed(self, form: str) -> Sequence[object] | None:
        """The peers of one form: `endpoints`, `cidr` …"""
        found: Sequence[object] | None = getattr(self.value, f"{self.side}_{form}", None)
        return found

    @property
    def form(self) -> tuple[str, str]:
        """The form of the peers, and its field's name; "" where it has no peers."""
        for form, word in FORMS:
            if self.listed(form):
                return form, self.side + word
        return "", ""

    @property
    def empty_form(self) -> str:
        """The field that is there and lists nobody, which makes the entry match nobody; "" if there is none."""
        for form, word in FORMS[:4] + FORMS[5:6]:
            if self.listed(form) == ():
                return self.side + word
        return ""

    @property
    def ports(self) -> Sequence[PortRule | PortDenyRule]:
        return self.value.to_ports or ()

    @property
    def is_for_all_services(self) -> bool:
        return not self.value.to_ports and not self.value.icmps

    @property
    def is_empty(self) -> bool:
        """Whether it says neither whom nor what it is about: it matches nothing."""
        return not self.form[0] and not self.empty_form and self.is_for_all_services

    @property
    def words(self) -> str:
        """The entry without its number, which moves."""
        return f"{self.field} {self.value!r}"


class Written:
    """The policies of Cilium that are enforced in one scene."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    @cached_property
    def policies(self) -> tuple[Decoded, ...]:
        """Those that the profile enforces, by namespace and name; refused ones among them."""
        if KINDS[0] not in self.scene.profile.kinds or self.scene.profile.enforcement == "never":
            return ()
        return tuple(self.scene.of_kind(*KINDS))

    @cached_property
    def refused(self) -> dict[Decoded, tuple[Pointer, str]]:
        """Those that Cilium refuses as a whole: the first place, and the option that it lacks."""
        found = ((policy, next(needed_options(policy.value), None)) for policy in self.policies)
        return {policy: needs for policy, needs in found if needs is not None}

    @cached_property
    def rules(self) -> tuple[Ruled, ...]:
        """The rules for pods of the policies that are not refused."""
        return tuple(
            Ruled(policy, at, rule)
            for policy in self.policies
            if policy not in self.refused
            for rule, at in rules_of(policy.value)
            if rule.endpoint_selector is not None
        )

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for ruled in self.rules for entry in ruled.entries())

    # --- whom they are for --------------------

    def subjects(self, ruled: Ruled) -> Chosen:
        """The pods that a rule is surely for, and those that it is surely or perhaps for."""
        selector = ruled.rule.endpoint_selector
        assert selector is not None
        return self.chosen(subject(selector, ruled.namespace), subject(selector, ruled.namespace, False))

    def peers(self, selector: LabelSelector, namespace: str) -> Chosen:
        """The pods that a selector of peers means; not asked of selectors with labels of `reserved`."""
        home = home_of(selector, namespace)
        return self.chosen(*(conjunction(home, pods(selector, surely), POD_NETWORK) for surely in (True, False)))

    def anywhere(self, selector: LabelSelector) -> Chosen:
        """The pods of any namespace that it would select."""
        return self.chosen(*(conjunction(pods(selector, surely), POD_NETWORK) for surely in (True, False)))

    def chosen(self, surely: Selector, perhaps: Selector) -> Chosen:
        must = self.scene.selected(surely)
        if perhaps == surely:
            return must
        may = self.scene.selected(perhaps).may
        return Chosen(must.must, tuple(dict.fromkeys((*must.may, *may))))


def home_of(selector: LabelSelector, namespace: str) -> Selector:
    return ALWAYS if not namespace or names_namespaces(selector) else equals("ns", namespace)


def names_namespaces(selector: LabelSelector) -> bool:
    """Whether a peer says which namespaces it means, by name or labels."""
    return any(
        r.source in ("any", "k8s") and (r.key == NAMESPACE or r.key.startswith(NAMESPACE_LABELS))
        for r in requirements(selector)
    )


def is_of_pods(selector: LabelSelector) -> bool:
    """Whether all that it asks for are labels that pods can have."""
    return all(r.source in ("any", "k8s") for r in requirements(selector))


def asks_for(selector: LabelSelector) -> bool:
    """Whether it wants a label of the pods themselves."""
    return any(r.wanted and r.key not in _OF_NO_POD and NAMESPACE_LABELS not in r.key for r in requirements(selector))


def bare(selector: LabelSelector) -> LabelSelector:
    """What it asks of the pods' own labels, without sources."""
    labels: dict[str, str | None] = {}
    expressions: list[Requirement] = []
    for key, value in (selector.match_labels or {}).items():
        name = key.rpartition(":")[2]
        if name not in _OF_NO_POD and not name.startswith(NAMESPACE_LABELS):
            labels[name] = value
    for one in selector.match_expressions or ():
        name = one.key.rpartition(":")[2] if one is not None else ""
        if one is not None and name not in _OF_NO_POD and not name.startswith(NAMESPACE_LABELS):
            expressions.append(Requirement(key=name, operator=one.operator, values=one.values))
    return LabelSelector(match_labels=labels, match_expressions=tuple(expressions))


def namespaces_of(selector: LabelSelector, namespace: str) -> tuple[str, ...] | None:
    """The namespaces that a peer is about by name; None where it does not name them."""
    named = [r.values for r in requirements(selector) if r.key == NAMESPACE and r.wanted and r.values]
    if named:
        return named[0]
    return (namespace,) if namespace and not names_namespaces(selector) else None


def name_of(policy: Decoded) -> str:
    where = f"{policy.namespace}/{policy.name}" if policy.namespace else policy.name
    return f"{policy.kind} `{where}`"


def asked(selector: LabelSelector) -> str:
    return written(selector)
