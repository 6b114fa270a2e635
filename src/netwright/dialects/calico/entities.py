"""What selectors, namespaceSelectors and serviceAccounts of Calico say together: one tree over the labels of endpoints.

After `libcalico-go/lib/backend/syncersv1/updateprocessors` (rules, networkpolicyprocessor and its global sibling) and
`lib/backend/k8s/conversion` of Calico 3.32. An endpoint has the labels of its own, `projectcalico.org/namespace` and
`/serviceaccount`, and those of its namespace and service account behind `pcns.` and `pcsa.`.
"""

from __future__ import annotations

from typing import Final

from netwright.dialects.calico.grammar import (
    EVERYTHING,
    Compared,
    Everything,
    Expression,
    Negated,
    Present,
    both,
    parse,
    rewritten,
)
from netwright.dialects.calico.objects import EntityRule, GlobalNetworkPolicySpec, NetworkPolicySpec
from netwright.dialects.k8s.objects import LabelSelector

NAMESPACE: Final = "projectcalico.org/namespace"
ORCHESTRATOR: Final = "projectcalico.org/orchestrator"
SERVICE_ACCOUNT: Final = "projectcalico.org/serviceaccount"
NAME: Final = "projectcalico.org/name"
"""The label that namespaces and service accounts have for their name."""
OF_NAMESPACE: Final = "pcns."
OF_ACCOUNT: Final = "pcsa."
IN_NAMESPACE: Final = Present(NAMESPACE)
IN_NONE: Final = Negated(IN_NAMESPACE)
IS_POD: Final = Compared(ORCHESTRATOR, "==", ("k8s",))


def home(namespace: str) -> Expression | None:
    """What is in the namespace of a policy; None for a policy of no namespace."""
    return Compared(NAMESPACE, "==", (namespace,)) if namespace else None


def of_namespaces(text: str) -> Expression:
    """What is in the namespaces that a namespaceSelector selects; `all()` are all that are in one."""
    return rewritten(parse(text), lambda key: OF_NAMESPACE + key, IN_NAMESPACE, IN_NONE)


def of_accounts(text: str, everything: Expression = EVERYTHING) -> Expression:
    """What runs as a service account that a selector selects."""
    return rewritten(parse(text), lambda key: OF_ACCOUNT + key, everything, IN_NONE)


def subject(spec: NetworkPolicySpec, namespace: str) -> Expression:
    """The endpoints that a policy is for. An empty selector is for all of them."""
    globally = isinstance(spec, GlobalNetworkPolicySpec)
    tree = parse(spec.selector or "")
    where = of_namespaces(spec.namespace_selector) if globally and spec.namespace_selector else None  # type: ignore[attr-defined]
    if where is not None:
        tree = rewritten(tree, str, IN_NAMESPACE, IN_NONE)
    account = None
    if spec.service_account_selector:
        everything: Expression = Present(SERVICE_ACCOUNT) if globally else EVERYTHING
        account = of_accounts(spec.service_account_selector, everything)
        if globally:
            tree = rewritten(tree, str, everything, IN_NONE)
    said = None if isinstance(tree, Everything) else tree
    return both(home(namespace), where, account, said) or EVERYTHING


def positive(entity: EntityRule, namespace: str) -> Expression | None:
    """Whom an entity of a rule has to be among; None where it need not be known at all.

    In a policy of a namespace that is who is in it, unless a namespaceSelector says otherwise, as soon as anything is
    asked of labels, be it by notSelector alone.
    """
    account = None
    if entity.service_accounts is not None:
        written = entity.service_accounts
        if written.selector:
            account = of_accounts(written.selector)
        if written.names:
            account = both(account, Compared(SERVICE_ACCOUNT, "in", tuple(sorted(set(written.names)))))
    selector = parse(entity.selector) if entity.selector else None
    where = of_namespaces(entity.namespace_selector) if entity.namespace_selector else home(namespace)
    asked = account is not None or selector is not None or entity.not_selector or entity.namespace_selector
    return both(where if asked else None, account, selector)


def negative(entity: EntityRule) -> Expression | None:
    """Whom an entity of a rule must not be among."""
    return parse(entity.not_selector) if entity.not_selector else None


def of_label_selector(selector: LabelSelector | None, prefix: str = "") -> Expression | None:
    """A selector of Kubernetes; None where it asks nothing."""
    asked: list[Expression] = []
    if selector is None:
        return None
    for key, value in sorted((selector.match_labels or {}).items()):
        asked.append(Compared(prefix + key, "==", (value or "",)))
    for one in selector.match_expressions or ():
        if one is None:
            continue
        values = tuple(sorted({value or "" for value in one.values or ()}))
        match one.operator:
            case "In":
                asked.append(Compared(prefix + one.key, "in", values))
            case "NotIn":
                asked.append(Compared(prefix + one.key, "not in", values))
            case "Exists":
                asked.append(Present(prefix + one.key))
            case _:
                asked.append(Negated(Present(prefix + one.key)))
    return both(*asked)
