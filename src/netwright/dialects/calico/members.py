"""Who the selectors of Calico's rules mean: pods by label, and the addresses of sets and host endpoints.

After `felix/labelindex` and `libcalico-go/lib/backend/k8s/conversion` of Calico 3.32: a selector becomes the addresses
of all endpoints and sets whose labels match it, and a packet matches by its address. Where labels are not in the input,
a match is open: two selectors are made of one tree, for who surely and who at least perhaps matches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Final, NamedTuple

from netwright.base.ipset import IpSet
from netwright.base.selectors import (
    ALWAYS,
    NEVER,
    Has,
    Not,
    OneOf,
    Selector,
    conjunction,
    disjunction,
    equals,
    one_of,
)
from netwright.base.spans import named
from netwright.dialects.calico.entities import (
    NAME,
    NAMESPACE,
    OF_ACCOUNT,
    OF_NAMESPACE,
    ORCHESTRATOR,
    SERVICE_ACCOUNT,
)
from netwright.dialects.calico.grammar import (
    All,
    Any,
    Compared,
    Everything,
    Expression,
    Global,
    Negated,
    Present,
    terms,
)
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME, template_of
from netwright.dialects.k8s.generated import GENERATED, UNKNOWN, generated_labels, ordinals
from netwright.dialects.k8s.lower import POD_NETWORK
from netwright.dialects.k8s.objects import Pod
from netwright.model.document import Decoded
from netwright.model.rule import NOBODY, Addresses, AndPeer, Members, NotPeer, Peer, UnknownPeer, either

SA: Final = "sa"
"""The attribute of a pod that holds its service account."""
_NO_VALUE: Final = "?"
"""A value that no label has."""

Truth = bool | None
"""None: the labels that would tell are not in the input."""


class AddressSet(NamedTuple):
    """A NetworkSet, GlobalNetworkSet or HostEndpoint as selectors see it. `is_known`: whether all of its labels are."""

    object: Decoded
    labels: dict[str, str]
    addresses: IpSet
    is_known: bool

    def matches(self, tree: Expression) -> Truth:
        """Whether its labels match a tree."""
        return _truth(tree, self._term)

    def _term(self, term: Present | Compared) -> Truth:
        value = self.labels.get(term.label)
        if value is None and not self.is_known and term.label.startswith(OF_NAMESPACE):
            return None
        return value is not None if isinstance(term, Present) else term.holds(value)


def _truth(tree: Expression, asked: Callable[[Present | Compared], Truth]) -> Truth:
    match tree:
        case Everything():
            return True
        case Global():
            return asked(Present(NAMESPACE)) is False
        case Present() | Compared():
            return asked(tree)
        case Negated(part):
            found = _truth(part, asked)
            return None if found is None else not found
        case All(parts):
            each = [_truth(part, asked) for part in parts]
            return False if False in each else None if None in each else True
        case Any(parts):
            each = [_truth(part, asked) for part in parts]
            return True if True in each else None if None in each else False


class Known:
    """What the objects of the input say of labels: the values there are, service accounts, sets of addresses."""

    def __init__(self, objects: Sequence[Decoded]) -> None:
        self._objects = objects
        self._pods: dict[tuple[Expression, bool], Selector] = {}
        self._peers: dict[tuple[Expression, bool], Peer] = {}

    # --- pods --------------------

    def pods(self, tree: Expression, surely: bool = True) -> Selector:
        """The pods that a tree selects, surely or at least perhaps; who is no pod may be among them."""
        key = (tree, surely)
        found = self._pods.get(key)
        if found is None:
            found = self._pods[key] = self._selector(tree, surely)
        return found

    def open_pods(self, tree: Expression) -> Selector | None:
        """The pods that a tree selects or not, by a label whose value is not known; None if there are none."""
        if not self.compares_unknown(tree):
            return None
        return conjunction(self.pods(tree, False), Not(self.pods(tree)), POD_NETWORK)

    def compares_unknown(self, tree: Expression) -> list[str]:
        """The labels that a tree asks for and whose values are not known, as they are told."""
        found: list[str] = []
        for term in terms(tree):
            of_account = term.label.startswith(OF_ACCOUNT) and term.label != OF_ACCOUNT + NAME
            if (of_account and self._strangers) or (term.label in GENERATED and isinstance(term, Compared)):
                found.append(term.label)
        return found

    def _selector(self, tree: Expression, surely: bool) -> Selector:
        match tree:
            case Everything():
                return ALWAYS
            case Global():
                return NEVER
            case Negated(part):
                return Not(self._selector(part, not surely))
            case All(parts):
                return conjunction(*(self._selector(part, surely) for part in parts))
            case Any(parts):
                return disjunction(*(self._selector(part, surely) for part in parts))
            case Present(label):
                return self._present(label, surely)
            case Compared(label, operator, values):
                if operator in ("!=", "not in"):
                    opposite = Compared(label, "in", values)
                    return Not(self._compared(opposite, not surely))
                return self._compared(tree, surely)

    def _present(self, label: str, surely: bool) -> Selector:
        if label in (NAMESPACE, ORCHESTRATOR, SERVICE_ACCOUNT, OF_NAMESPACE + NAME, OF_ACCOUNT + NAME):
            return ALWAYS
        if label.startswith(OF_NAMESPACE):
            return Has("ns:" + label.removeprefix(OF_NAMESPACE))
        if label.startswith(OF_ACCOUNT):
            return self._accounts(label.removeprefix(OF_ACCOUNT), lambda value: value is not None, surely)
        return Has("k8s:" + label)

    def _compared(self, term: Compared, surely: bool) -> Selector:
        """Of a comparison that an absent label fails."""
        label = term.label
        if label == ORCHESTRATOR:
            return ALWAYS if term.holds("k8s") else NEVER
        if label in (NAMESPACE, OF_NAMESPACE + NAME):
            return one_of("ns", self._values(term, self._namespaces))
        if label in (SERVICE_ACCOUNT, OF_ACCOUNT + NAME):
            return one_of(SA, self._values(term, self._account_names))
        if label.startswith(OF_NAMESPACE):
            key = label.removeprefix(OF_NAMESPACE)
            if key == NAMESPACE_NAME:
                return one_of("ns", self._values(term, self._namespaces))
            written = frozenset(labels[key] or "" for labels in self._namespace_labels.values() if key in labels)
            return OneOf("ns:" + key, self._values(term, written) or (_NO_VALUE,))
        if label.startswith(OF_ACCOUNT):
            return self._accounts(label.removeprefix(OF_ACCOUNT), term.holds, surely)
        values = self._values(term, self._pod_values.get(label, frozenset()))
        if label in GENERATED and not surely:
            values = (*values, UNKNOWN)
        return one_of("k8s:" + label, values)

    @staticmethod
    def _values(term: Compared, there: frozenset[str]) -> tuple[str, ...]:
        """The values with which a comparison holds: as written, else of those that there are."""
        if term.operator in ("==", "in"):
            return tuple(sorted(set(term.values)))
        return tuple(sorted(value for value in there if value != UNKNOWN and term.holds(value)))

    def _accounts(self, key: str, holds: Callable[[str | None], bool], surely: bool) -> Selector:
        """The pods whose service account has a label that holds; of accounts that are not in the input at least
        perhaps."""
        found: dict[str, list[str]] = {}
        for (namespace, name), labels in self._account_labels.items():
            if holds(labels.get(key)):
                found.setdefault(namespace, []).append(name)
        known = disjunction(*(_in(namespace, names) for namespace, names in sorted(found.items())))
        if surely or not self._strangers:
            return known
        there: dict[str, list[str]] = {}
        for namespace, name in self._account_labels:
            there.setdefault(namespace, []).append(name)
        return disjunction(known, Not(disjunction(*(_in(one, names) for one, names in sorted(there.items())))))

    # --- what there is --------------------

    @cached_property
    def _namespace_labels(self) -> dict[str, dict[str, str | None]]:
        return {d.name: d.value.metadata.labels or {} for d in self._objects if d.kind == "Namespace"}

    @cached_property
    def _namespaces(self) -> frozenset[str]:
        return frozenset((*self._namespace_labels, *(d.namespace for d in self._objects if d.namespace)))

    @cached_property
    def _account_labels(self) -> dict[tuple[str, str], dict[str, str | None]]:
        return {
            (d.namespace, d.name): d.value.metadata.labels or {} for d in self._objects if d.kind == "ServiceAccount"
        }

    @cached_property
    def _used_accounts(self) -> frozenset[tuple[str, str]]:
        """The service accounts that pods run as."""
        found = set()
        for d in self._objects:
            template = template_of(d)
            spec = d.value.spec if isinstance(d.value, Pod) else template.spec if template is not None else None
            if spec is not None or template is not None:
                found.add((d.namespace, (spec.service_account_name if spec else None) or "default"))
        return frozenset(found)

    @cached_property
    def _account_names(self) -> frozenset[str]:
        return frozenset(name for _, name in self._used_accounts)

    @cached_property
    def _strangers(self) -> bool:
        """Whether any pod runs as a service account that is not in the input."""
        return not self._used_accounts <= self._account_labels.keys()

    @cached_property
    def _pod_values(self) -> dict[str, frozenset[str]]:
        """The values that pods have of each label."""
        found: dict[str, set[str]] = {}
        for d in self._objects:
            template = template_of(d)
            meta = d.value.metadata if isinstance(d.value, Pod) else template.metadata if template is not None else None
            if meta is not None:
                for key, value in (meta.labels or {}).items():
                    found.setdefault(key, set()).add(value or "")
            if template is not None:
                for key, text in generated_labels(d).items():
                    found.setdefault(key, set()).add(text)
                for number in ordinals(d):
                    found.setdefault("apps.kubernetes.io/pod-index", set()).add(str(number))
                    found.setdefault("statefulset.kubernetes.io/pod-name", set()).add(f"{d.name}-{number}")
        return {key: frozenset(values) for key, values in found.items()}

    @cached_property
    def sets(self) -> tuple[AddressSet, ...]:
        """The sets of addresses, host endpoints among them."""
        found = []
        for d in self._objects:
            if d.kind in ("NetworkSet", "GlobalNetworkSet"):
                texts = (d.value.spec.nets if d.value.spec else None) or ()
            elif d.kind == "HostEndpoint":
                texts = (d.value.spec.expected_ips if d.value.spec else None) or ()
            else:
                continue
            labels = {key: value or "" for key, value in (d.value.metadata.labels or {}).items()}
            known = True
            if d.kind == "NetworkSet":
                labels[NAMESPACE] = d.namespace
                labels[OF_NAMESPACE + NAME] = d.namespace
                labels[OF_NAMESPACE + NAMESPACE_NAME] = d.namespace
                known = d.namespace in self._namespace_labels
                for key, value in self._namespace_labels.get(d.namespace, {}).items():
                    labels.setdefault(OF_NAMESPACE + key, value or "")
            found.append(AddressSet(d, labels, IpSet.of(*texts), known))
        return tuple(found)

    # --- peers --------------------

    def among(self, tree: Expression, policy: Decoded, *, endpoints: bool = False) -> Peer:
        """Whoever has an address of a pod or set that a tree selects; `endpoints`: only who is selected himself."""
        key = (tree, endpoints)
        found = self._peers.get(key)
        if found is None:
            found = self._peers[key] = self._among(tree, policy, endpoints)
        return found

    def _among(self, tree: Expression, policy: Decoded, endpoints: bool) -> Peer:
        surely = conjunction(self.pods(tree), POD_NETWORK)
        found: list[Peer] = [Members(surely)] if surely is not NEVER else []
        perhaps = self.open_pods(tree)
        if perhaps is not None:
            found.append(AndPeer((Members(perhaps), unknown_labels(policy, self.compares_unknown(tree)))))
        held, open_ = IpSet(), IpSet()
        for one in () if endpoints else self.sets:
            truth = one.matches(tree)
            if truth:
                held |= one.addresses
            elif truth is None:
                open_ |= one.addresses
        if held:
            found.append(Addresses(held))
        if open_:
            told = "a policy compares labels of a namespace that is not in the input"
            found.append(AndPeer((Addresses(open_), UnknownPeer(told))))
        return either(found) if found else NOBODY

    def entity(
        self, positive: Expression | None, negative: Expression | None, policy: Decoded, *, endpoints: bool = False
    ) -> Peer | None:
        """Whom a rule's selectors mean; None: anybody. With something to be among, the one that is among it must not be
        among what is excluded; without, nobody of that address may be."""
        if positive is None:
            return NotPeer(self.among(negative, policy)) if negative is not None else None
        tree = positive if negative is None else All((positive, Negated(negative)))
        return self.among(tree, policy, endpoints=endpoints)


def unknown_labels(policy: Decoded, keys: Sequence[str]) -> UnknownPeer:
    """That a policy asks for labels whose values are not in the input."""
    accounts = [key for key in keys if key.startswith(OF_ACCOUNT)]
    if accounts:
        return UnknownPeer(
            f"{policy.kind} `{named(policy.namespace, policy.name)}` selects by labels of service accounts, and some "
            "that pods run as are not in the input"
        )
    labels = " and ".join(f"`{key}`" for key in sorted(set(keys)))
    return UnknownPeer(
        f"{policy.kind} `{named(policy.namespace, policy.name)}` compares {labels}, which a controller gives to the "
        "pods and whose value is not in the input (the pods themselves have it)"
    )


def _in(namespace: str, accounts: Sequence[str]) -> Selector:
    return conjunction(equals("ns", namespace), one_of(SA, tuple(accounts)))
