"""What refuses an object of Istio: the bounds of its CRD, and what istiod's webhook says.

As in Istio 1.28 (`pkg/config/validation/validation.go`, `pkg/config/security/security.go`, `security/v1beta1` of
istio/api). Unknown fields and wrong types are found before, by decoding. Keys of JWT rules are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import AddressValueError, NetmaskValueError, ip_address, ip_network
from typing import Final

from netwright.base.spans import Pointer
from netwright.dialects.istio.objects import (
    AuthorizationPolicy,
    AuthorizationPolicySpec,
    Condition,
    DestinationRule,
    MutualTLS,
    Operation,
    PeerAuthentication,
    RequestAuthentication,
    RequestAuthenticationSpec,
    Rule,
    Source,
    TargetRef,
    Texts,
    WorkloadSelector,
)
from netwright.dialects.k8s.validate import check_meta
from netwright.dialects.k8s.validate_syntax import Fault, check_labels, quoted

ACTIONS: Final = ("ALLOW", "DENY", "AUDIT", "CUSTOM")
MODES: Final = ("UNSET", "DISABLE", "PERMISSIVE", "STRICT")
TLS_MODES: Final = ("DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL")
_TARGETS: Final = frozenset(
    {
        ("gateway.networking.k8s.io", "Gateway"),
        ("gateway.networking.k8s.io", "GatewayClass"),
        ("", "Service"),
        ("core", "Service"),
        ("networking.istio.io", "ServiceEntry"),
    }
)
_MOST_TARGETS = 16
_MOST_RULES = 512
_MOST_ACCOUNTS = 16
_WITHIN: Final = ("request.headers", "request.auth.claims", "experimental.envoy.filters.")
"""Attributes with a name in brackets."""
_PLAIN: Final = frozenset(
    {
        "source.ip",
        "remote.ip",
        "source.namespace",
        "source.principal",
        "request.auth.principal",
        "request.auth.audiences",
        "request.auth.presenter",
        "destination.ip",
        "destination.port",
        "connection.sni",
    }
)
_NEEDS_IDENTITY: Final = (
    "principals",
    "not_principals",
    "request_principals",
    "not_request_principals",
    "namespaces",
    "not_namespaces",
)
"""What a CUSTOM policy may not name."""
_ADDRESSES: Final = ("ip_blocks", "not_ip_blocks", "remote_ip_blocks", "not_remote_ip_blocks")
_TEMPLATE = re.compile(r"/\{\w+=\*\*?\}|\{\w*\}|/\*\*?|\*\*?/")
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII).fullmatch


def check_authorization(kind: str, policy: AuthorizationPolicy) -> None:
    """Raises `Fault` for the first field that is refused."""
    check_meta(kind, policy.metadata)
    spec = policy.spec or AuthorizationPolicySpec()
    at: Pointer = ("spec",)
    _check_place(spec.selector, spec.target_ref, spec.target_refs, at)
    action = policy.action
    if action not in ACTIONS:
        raise Fault((*at, "action"), f"is {quoted(action)}; the actions are `ALLOW`, `DENY`, `AUDIT` and `CUSTOM`")
    if action in ("CUSTOM", "DENY") and spec.rules is None:
        raise Fault(
            (*at, "rules"),
            f"is missing: without rules a {action} policy never matches",
            "write `rules: [{}]` for every request",
        )
    has_provider = spec.provider is not None and bool(spec.provider.name)
    if action == "CUSTOM" and not has_provider:
        raise Fault((*at, "provider", "name"), "is missing; a CUSTOM policy names the extension that it asks")
    if action != "CUSTOM" and spec.provider is not None:
        raise Fault((*at, "provider"), f"stands in a policy that does `{action}`; only CUSTOM policies have one")
    if len(spec.rules or ()) > _MOST_RULES:
        raise Fault((*at, "rules"), f"has {len(spec.rules or ())} entries; {_MOST_RULES} are the most")
    for index, rule in enumerate(spec.rules or ()):
        _check_rule(rule, action, (*at, "rules", index))


def check_peer_authentication(kind: str, policy: PeerAuthentication) -> None:
    """Raises `Fault` for the first field that is refused."""
    check_meta(kind, policy.metadata)
    if (spec := policy.spec) is None:
        return
    _check_selector(spec.selector, ("spec", "selector"))
    _check_mode(spec.mtls, ("spec", "mtls"))
    if (ports := spec.port_level_mtls) is None:
        return
    at: Pointer = ("spec", "portLevelMtls")
    if not ports:
        raise Fault(at, "is empty; leave it out")
    if spec.selector is None or not spec.selector.match_labels:
        raise Fault(at, "stands beside no selector; ports have modes of their own only at selected workloads")
    for port, mode in ports.items():
        _check_port(port, (*at, port), least=1)
        _check_mode(mode, (*at, port))


def check_request_authentication(kind: str, policy: RequestAuthentication) -> None:
    """Raises `Fault` for the first field that is refused."""
    check_meta(kind, policy.metadata)
    spec = policy.spec or RequestAuthenticationSpec()
    _check_place(spec.selector, spec.target_ref, spec.target_refs, ("spec",))
    for index, rule in enumerate(spec.jwt_rules or ()):
        if not rule.issuer:
            raise Fault(("spec", "jwtRules", index, "issuer"), "is missing")


def check_destination_rule(kind: str, rule: DestinationRule) -> None:
    """Raises `Fault` for the first field that is refused, of those that are read."""
    check_meta(kind, rule.metadata)
    if rule.spec is None or not rule.spec.host:
        raise Fault(("spec", "host"), "is missing")
    for mode in sorted(rule.spec.tls_modes):
        if mode not in TLS_MODES:
            raise Fault(("spec",), f"sets the TLS mode {quoted(mode)}; the modes are {_listed(TLS_MODES)}")


# --- parts --------------------


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _check_place(
    selector: WorkloadSelector | None, ref: TargetRef | None, refs: tuple[TargetRef, ...] | None, at: Pointer
) -> None:
    _check_selector(selector, (*at, "selector"))
    if sum((selector is not None, ref is not None, bool(refs))) > 1:
        raise Fault(at, "has more than one of `selector`, `targetRef` and `targetRefs`")
    if len(refs or ()) > _MOST_TARGETS:
        raise Fault((*at, "targetRefs"), f"has {len(refs or ())} entries; {_MOST_TARGETS} are the most")
    placed = [(ref, (*at, "targetRef"))] if ref is not None else []
    placed += [(one, (*at, "targetRefs", index)) for index, one in enumerate(refs or ())]
    for one, where in placed:
        if not one.name:
            raise Fault((*where, "name"), "is missing")
        if one.namespace:
            raise Fault((*where, "namespace"), "is set; a policy is attached to what stands in its own namespace")
        if (one.group or "", one.kind or "") not in _TARGETS:
            raise Fault(
                where,
                f"is a {quoted(one.kind or '')} of the group {quoted(one.group or '')}; policies are attached to a "
                "Gateway, a GatewayClass, a Service or a ServiceEntry",
            )


def _check_selector(selector: WorkloadSelector | None, at: Pointer) -> None:
    labels = selector.match_labels if selector is not None else None
    for key, value in (labels or {}).items():
        if not key:
            raise Fault((*at, "matchLabels"), "has an empty key")
        if "*" in key or "*" in (value or ""):
            raise Fault((*at, "matchLabels", key), "has a `*`; labels are matched whole")
    if labels:
        check_labels(labels, (*at, "matchLabels"))


def _check_mode(mutual: MutualTLS | None, at: Pointer) -> None:
    if mutual is not None and mutual.mode is not None and mutual.mode not in MODES:
        raise Fault((*at, "mode"), f"is {quoted(mutual.mode)}; the modes are {_listed(MODES)}")


def _check_rule(rule: Rule, action: str, at: Pointer) -> None:
    for name, listed in (("from", rule.from_), ("to", rule.to)):
        if listed is not None and not listed:
            raise Fault((*at, name), "is empty; leave it out to match everything")
    for index, one in enumerate(rule.from_ or ()):
        _check_source(one.source, action, (*at, "from", index, "source"))
    for index, other in enumerate(rule.to or ()):
        _check_operation(other.operation, (*at, "to", index, "operation"))
    for index, condition in enumerate(rule.when or ()):
        _check_condition(condition, action, (*at, "when", index))


def _fields(part: Source | Operation) -> list[tuple[str, Sequence[str]]]:
    found: list[tuple[str, Texts]] = [(name, getattr(part, name)) for name in part.__struct_fields__]
    return [(name, values) for name, values in found if values]


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _check_source(source: Source | None, action: str, at: Pointer) -> None:
    found = _fields(source) if source is not None else []
    if not found:
        raise Fault(at, "is empty; a source says at least one thing")
    for name, values in found:
        where = (*at, _camel(name))
        if action == "CUSTOM" and name in _NEEDS_IDENTITY:
            raise Fault(where, "cannot stand in a CUSTOM policy")
        _check_texts(values, where)
        if name in _ADDRESSES:
            _check_addresses(values, where)
        if name in ("service_accounts", "not_service_accounts"):
            _check_accounts(values, where)
    names = {name for name, _ in found}
    if names & {"service_accounts", "not_service_accounts"} and names & {
        "principals",
        "not_principals",
        "namespaces",
        "not_namespaces",
    }:
        raise Fault(at, "has service accounts beside `principals` or `namespaces`; write one of the two")


def _check_accounts(values: Sequence[str], at: Pointer) -> None:
    if len(values) > _MOST_ACCOUNTS:
        raise Fault(at, f"has {len(values)} entries; {_MOST_ACCOUNTS} are the most")
    for index, value in enumerate(values):
        namespace, slash, account = value.partition("/")
        if "*" in value or "/" in account or (slash and not (namespace and account)):
            raise Fault((*at, index), f"is {quoted(value)}; write `NAMESPACE/ACCOUNT` or `ACCOUNT`, without `*`")


def _check_operation(operation: Operation | None, at: Pointer) -> None:
    found = _fields(operation) if operation is not None else []
    if not found:
        raise Fault(at, "is empty; an operation says at least one thing")
    for name, values in found:
        where = (*at, _camel(name))
        _check_texts(values, where)
        for index, value in enumerate(values):
            if name in ("ports", "not_ports"):
                _check_port(value, (*where, index))
            elif name in ("paths", "not_paths") and is_template(value) and _is_odd(value):
                raise Fault((*where, index), f"is {quoted(value)}; a template has `{{*}}` and `{{**}}` as whole parts")


def is_template(path: str) -> bool:
    """Whether a path is a template: `{*}` is one segment, `{**}` any number of them."""
    return "{*}" in path or "{**}" in path


def _is_odd(path: str) -> bool:
    return _TEMPLATE.search(path.replace("{**}", "").replace("{*}", "")) is not None


def _check_condition(condition: Condition, action: str, at: Pointer) -> None:
    key = condition.key
    if not key:
        raise Fault((*at, "key"), "is missing")
    if not condition.values and not condition.not_values:
        raise Fault(at, f"says nothing about {quoted(key)}; it has `values` or `notValues`")
    if action == "CUSTOM" and (key in ("source.namespace", "source.principal") or key.startswith("request.auth.")):
        raise Fault((*at, "key"), f"is {quoted(key)}, which cannot stand in a CUSTOM policy")
    if key not in _PLAIN:
        if not key.startswith(_WITHIN):
            raise Fault((*at, "key"), f"is {quoted(key)}, no attribute that Istio knows")
        opening = key.find("[")
        if not (key.endswith("]") and 0 < opening < len(key) - 2):
            raise Fault((*at, "key"), f"is {quoted(key)}; it has a name in brackets")
    for name, values in (("values", condition.values or ()), ("notValues", condition.not_values or ())):
        _check_texts(values, (*at, name))
        if key in ("source.ip", "remote.ip", "destination.ip"):
            _check_addresses(values, (*at, name))
        elif key == "destination.port":
            for index, value in enumerate(values):
                _check_port(value, (*at, name, index))


def _check_texts(values: Sequence[str], at: Pointer) -> None:
    for index, value in enumerate(values):
        if not value:
            raise Fault((*at, index), "is empty")


def _check_addresses(values: Sequence[str], at: Pointer) -> None:
    for index, value in enumerate(values):
        try:
            if "/" in value:
                length = value.partition("/")[2]
                if not (length.isascii() and length.isdigit()):
                    raise NetmaskValueError
                ip_network(value, strict=False)
            else:
                ip_address(value)
        except (AddressValueError, NetmaskValueError, ValueError):
            raise Fault((*at, index), f"is {quoted(value)}, no address and no range") from None


def _check_port(text: str, at: Pointer, least: int = 0) -> None:
    if _NUMBER(text) is None or not least <= int(text) <= 65535:
        raise Fault(at, f"is {quoted(text)}; a port is a number from {least} to 65535")
