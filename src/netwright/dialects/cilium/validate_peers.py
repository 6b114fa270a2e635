"""Whom a rule of Cilium is about: selectors, ranges, entities, services, names. Every check raises `Fault`."""

from __future__ import annotations

import re

from netwright.base.spans import Pointer
from netwright.dialects.cilium.objects import (
    CIDRRule,
    EgressDenyRule,
    EgressRule,
    FQDNSelector,
    IngressDenyRule,
    IngressRule,
    Service,
)
from netwright.dialects.k8s.objects import LabelSelector
from netwright.dialects.k8s.validate_syntax import (
    Fault,
    Network,
    check_cidr,
    check_labels,
    check_subdomain,
    is_address,
    key_fault,
    quoted,
)

ENTITIES = (
    "all",
    "world",
    "cluster",
    "cluster-mesh",
    "host",
    "init",
    "ingress",
    "unmanaged",
    "remote-node",
    "health",
    "none",
    "kube-apiserver",
)
"""What the CRD knows. Cilium knows `world-ipv4` and `world-ipv6` too, but the API server stores no object with them."""

_INGRESS = {
    "from_endpoints": "fromEndpoints",
    "from_cidr": "fromCIDR",
    "from_cidr_set": "fromCIDRSet",
    "from_entities": "fromEntities",
    "from_nodes": "fromNodes",
    "from_groups": "fromGroups",
}
_EGRESS = {
    "to_endpoints": "toEndpoints",
    "to_cidr": "toCIDR",
    "to_cidr_set": "toCIDRSet",
    "to_entities": "toEntities",
    "to_services": "toServices",
    "to_groups": "toGroups",
    "to_nodes": "toNodes",
    "to_fqdns": "toFQDNs",
}
_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
_SOURCE = re.compile(r"[A-Za-z0-9]+").fullmatch
_MATCH_NAME = re.compile(r"[-a-zA-Z0-9_]+(\.[-a-zA-Z0-9_]+)*\.?").fullmatch
_MATCH_PATTERN = re.compile(r"[-a-zA-Z0-9_*]+(\.[-a-zA-Z0-9_*]+)*\.?").fullmatch


def check_peers(entry: IngressRule | IngressDenyRule | EgressRule | EgressDenyRule, at: Pointer) -> None:
    """The peers of one entry of a rule: at most one form of them, each one right."""
    inward = isinstance(entry, (IngressRule, IngressDenyRule))
    removed = entry.from_requires if isinstance(entry, (IngressRule, IngressDenyRule)) else entry.to_requires
    if removed:
        raise Fault(
            (*at, "fromRequires" if inward else "toRequires"),
            "was removed in Cilium 1.19 (deprecated in 1.17), and the API server takes no entries in it",
            "write what is required into the selectors of the entries that allow",
        )
    forms = _INGRESS if inward else _EGRESS
    found = [name for name in forms if getattr(entry, name, None)]
    if len(found) > 1:
        listed = " and ".join(f"`{forms[name]}`" for name in found)
        raise Fault(at, f"has {listed}; an entry has peers of one form", "make an entry of the list for each form")
    if not found:
        return
    (name,) = found
    place = (*at, forms[name])
    for index, peer in enumerate(getattr(entry, name)):
        _check_peer(name.partition("_")[2], peer, (*place, index))


def _check_peer(form: str, peer: object, at: Pointer) -> None:
    if isinstance(peer, LabelSelector):
        check_selector(peer, at)
    elif isinstance(peer, CIDRRule):
        _check_cidr_rule(peer, at)
    elif isinstance(peer, FQDNSelector):
        check_fqdn(peer, at)
    elif isinstance(peer, Service):
        _check_service(peer, at)
    elif form == "cidr":
        check_range(str(peer), at)
    elif form == "entities" and peer not in ENTITIES:
        listed = ", ".join(f"`{entity}`" for entity in ENTITIES)
        raise Fault(at, f"is {quoted(peer)}; the entities are {listed}")


# --- selectors --------------------


def check_selector(selector: LabelSelector, at: Pointer, *, whole: bool = True) -> None:
    """A label selector whose keys may begin with a source and a colon: `k8s:app`.

    Not `whole`: only as far as the CRD goes; the keys are not looked at, and any operator may have any values.
    """
    for key, value in (selector.match_labels or {}).items():
        place = (*at, "matchLabels")
        if value is None:
            raise Fault((*place, key), "has no value, and the API server would drop it", 'write `""` for no value')
        if whole and (wrong := _key_fault(key)):
            raise Fault(place, wrong)
        _check_value(value, (*place, key))
    for index, requirement in enumerate(selector.match_expressions or ()):
        place = (*at, "matchExpressions", index)
        if requirement is None:
            raise Fault(place, "is empty; a requirement has a `key` and an `operator`")
        if requirement.operator not in _OPERATORS:
            right = next((o for o in _OPERATORS if o.lower() == requirement.operator.lower()), "")
            listed = ", ".join(f"`{operator}`" for operator in _OPERATORS)
            raise Fault(
                (*place, "operator"),
                f"is {quoted(requirement.operator)}; the operators are {listed}",
                f"write `{right}`" if right else "",
            )
        values = requirement.values or ()
        for number, value in enumerate(values):
            if value is None:
                raise Fault((*place, "values", number), "is empty; a value is text")
            if whole:
                _check_value(value, (*place, "values", number))
        if not requirement.key:
            raise Fault((*place, "key"), "is missing")
        if not whole:
            continue
        if wrong := _key_fault(requirement.key):
            raise Fault((*place, "key"), wrong)
        takes = requirement.operator in ("In", "NotIn")
        if takes and not values:
            raise Fault((*place, "values"), f"is empty; the operator `{requirement.operator}` needs at least one value")
        if values and not takes:
            raise Fault((*place, "values"), f"has values; the operator `{requirement.operator}` takes none")


def _key_fault(key: str) -> str:
    """Why `key` cannot be the key of a label of Cilium, or "": `name`, `prefix/name`, either after `source:`."""
    source, colon, name = key.rpartition(":")
    if colon and _SOURCE(source) is None:
        return f"has the key {quoted(key)}; before the one `:` stands a source of letters and digits, such as `k8s`"
    return key_fault(name)


def _check_value(value: str, at: Pointer) -> None:
    try:
        check_labels({"value": value}, ())
    except Fault as fault:
        raise Fault(at, fault.message.partition("` ")[2]) from None


# --- addresses --------------------


def check_range(text: str, at: Pointer) -> Network:
    """A range in prefix notation, returned without host bits: Cilium cuts them off."""
    if is_address(text):
        raise Fault(
            at,
            f"is the address {quoted(text)}; the API server takes only ranges",
            f"write `{text}/{128 if ':' in text else 32}`",
        )
    return check_cidr(text, at, stored=True)


def _check_cidr_rule(rule: CIDRRule, at: Pointer) -> None:
    forms = {
        "cidr": rule.cidr,
        "cidrGroupRef": rule.cidr_group_ref,
        "cidrGroupSelector": rule.cidr_group_selector,
    }
    found = [f"`{text}`" for text, value in forms.items() if value is not None]
    if len(found) != 1:
        listed = ", ".join(f"`{text}`" for text in forms)
        raise Fault(
            at,
            f"has {' and '.join(found)}; an entry has one of them"
            if found
            else f"is empty; an entry has one of {listed}",
        )
    if rule.cidr_group_ref is not None:
        check_subdomain(rule.cidr_group_ref, (*at, "cidrGroupRef"))
    if rule.cidr_group_selector is not None:
        check_selector(rule.cidr_group_selector, (*at, "cidrGroupSelector"))
    whole = check_range(rule.cidr, (*at, "cidr")) if rule.cidr is not None else None
    for index, text in enumerate(rule.except_ or ()):
        place = (*at, "except", index)
        part = check_range(text, place)
        if whole is None:
            continue
        if part.version != whole.version or part.prefixlen < whole.prefixlen or part.network_address not in whole:
            raise Fault(place, f"is {quoted(text)}, which is not inside `cidr`, {quoted(rule.cidr)}")


# --- services and names --------------------


def _check_service(service: Service, at: Pointer) -> None:
    if service.k8s_service_selector is None:
        return
    selector = service.k8s_service_selector.selector
    if selector is None:
        raise Fault((*at, "k8sServiceSelector", "selector"), "is missing", "`selector: {}` is every Service")
    check_selector(selector, (*at, "k8sServiceSelector", "selector"), whole=False)


def check_fqdn(name: FQDNSelector, at: Pointer) -> None:
    """A name or a pattern of names, exactly one of them."""
    if (name.match_name is None) == (name.match_pattern is None):
        raise Fault(
            at,
            "is empty; an entry has `matchName` or `matchPattern`"
            if name.match_name is None
            else "has `matchName` and `matchPattern`; an entry has one of them",
        )
    text = name.match_name if name.match_name is not None else name.match_pattern or ""
    field, right = ("matchName", _MATCH_NAME) if name.match_name is not None else ("matchPattern", _MATCH_PATTERN)
    if len(text) > 255 or right(text) is None:
        star = "" if field == "matchName" else ", `*`"
        raise Fault(
            (*at, field),
            f"is {quoted(text)}; it is made of letters, digits, `-`, `_`{star} and single `.`, at most 255 characters",
            "write the pattern under `matchPattern`" if field == "matchName" and "*" in text else "",
        )


def check_server_name(text: str, at: Pointer) -> None:
    """A name of TLS, as a pattern of `toFQDNs` is written."""
    if len(text) > 255 or _MATCH_PATTERN(text) is None:
        raise Fault(at, f"is {quoted(text)}, not a name such as `example.com` or `*.example.com`")
