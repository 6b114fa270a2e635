"""What refuses an object of Calico: the rules of its CRDs, and what its API server says on writing.

As in Calico 3.32: the validation rules in `api/pkg/apis/projectcalico/v3`, and `libcalico-go/lib/validator/v3`. Unknown
fields and wrong types are found before, by decoding.
"""

from __future__ import annotations

import re
from typing import Any, Final

from netwright.base.spans import Pointer
from netwright.dialects.calico.objects import (
    FelixConfiguration,
    GlobalNetworkPolicySpec,
    HostEndpoint,
    NetworkPolicySpec,
    NetworkSet,
    Profile,
    StagedGlobalNetworkPolicySpec,
    StagedKubernetesNetworkPolicy,
    StagedNetworkPolicySpec,
    Tier,
)
from netwright.dialects.calico.validate_rules import check_net, check_protocol, check_rule, check_selector
from netwright.dialects.k8s.objects import NetworkPolicySpec as KubernetesSpec
from netwright.dialects.k8s.validate import check_meta
from netwright.dialects.k8s.validate_policy import check_policy_spec
from netwright.dialects.k8s.validate_syntax import Fault, check_port_number, is_address, quoted

_SPEC: Final[Pointer] = ("spec",)
_LABEL: Final = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_LABEL}(?:\.{_LABEL})*"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})?|(?:knp|ossg)\.default\.{_SUBDOMAIN}").fullmatch
_GLOBAL_NAME: Final = re.compile(rf"(?:{_LABEL}\.)?{_LABEL}").fullmatch
_TIER_NAME: Final = re.compile(_LABEL).fullmatch
_INTERFACE: Final = re.compile(r"\*|[a-zA-Z0-9_.-]{1,15}").fullmatch
_MOST_CHARACTERS: Final = 1024
_BUILT_IN: Final = {
    "default": (1_000_000, "Deny"),
    "kube-admin": (1_000, "Pass"),
    "kube-baseline": (10_000_000, "Pass"),
}
_STAGED_ACTIONS: Final = ("Set", "Delete", "Learn", "Ignore")
_HOST_ACTIONS: Final = ("drop", "accept", "return")
_NOT_A_LABEL: Final = "projectcalico.org/namespace"


def check(kind: str, value: Any) -> None:
    """Raises `Fault` for the first field of an object that Calico refuses."""
    check_meta(kind, value.metadata)
    if kind == "FelixConfiguration":
        _check_felix(value)
        return
    if value.spec is None:
        raise Fault(_SPEC, "is missing", "write `spec`; `spec: {}` says nothing")
    match kind:
        case "Tier":
            _check_tier(value)
        case "NetworkSet" | "GlobalNetworkSet":
            _check_set(value)
        case "HostEndpoint":
            _check_host_endpoint(value)
        case "Profile":
            _check_profile(value)
        case "StagedKubernetesNetworkPolicy":
            _check_staged_kubernetes(value)
        case _:
            _check_name(kind, value.metadata.name or "")
            _check_policy(value.spec)


# --- policies --------------------


def _check_name(kind: str, name: str) -> None:
    is_global = "Global" in kind
    if name and not (_GLOBAL_NAME(name) if is_global else _NAME(name)):
        raise Fault(
            ("metadata", "name"),
            f"is {quoted(name)}; the name of a policy of Calico has one dot at most, behind the name of its tier",
            "write a name without dots, or TIER.NAME",
        )


def _check_policy(spec: NetworkPolicySpec) -> None:
    if spec.tier and not _TIER_NAME(spec.tier):
        raise Fault((*_SPEC, "tier"), f"is {quoted(spec.tier)}; the name of a tier has no dots")
    if isinstance(spec, (StagedNetworkPolicySpec, StagedGlobalNetworkPolicySpec)):
        _check_staged(spec)
    for index, one in enumerate(spec.types or ()):
        if one not in ("Ingress", "Egress"):
            raise Fault((*_SPEC, "types", index), f"is {quoted(one)}; it is `Ingress` or `Egress`")
        if one in (spec.types or ())[:index]:
            raise Fault((*_SPEC, "types", index), f"is {quoted(one)} for the second time", "leave one of them out")
    if spec.types is not None and not spec.types:
        raise Fault((*_SPEC, "types"), "is empty", "name a direction, or leave `types` out")
    for index, hint in enumerate(spec.performance_hints or ()):
        if hint != "AssumeNeededOnEveryNode":
            raise Fault((*_SPEC, "performanceHints", index), f"is {quoted(hint)}; it is `AssumeNeededOnEveryNode`")
    limit = _MOST_CHARACTERS if isinstance(spec, GlobalNetworkPolicySpec) else 0
    check_selector(spec.selector, (*_SPEC, "selector"), limit=limit)
    check_selector(spec.service_account_selector, (*_SPEC, "serviceAccountSelector"), limit=limit)
    for side in ("ingress", "egress"):
        for number, rule in enumerate(getattr(spec, side) or ()):
            namespaced = not isinstance(spec, GlobalNetworkPolicySpec)
            check_rule(rule, (*_SPEC, side, number), side, namespaced=namespaced)
    if isinstance(spec, GlobalNetworkPolicySpec):
        check_selector(spec.namespace_selector, (*_SPEC, "namespaceSelector"), limit=limit)
        _check_hosts(spec)


def _check_hosts(spec: GlobalNetworkPolicySpec) -> None:
    """What is asked of policies for the interfaces of hosts."""
    if spec.do_not_track and spec.pre_dnat:
        raise Fault((*_SPEC, "preDNAT"), "is true beside `doNotTrack`; a policy can be only one of them")
    if spec.pre_dnat and spec.egress:
        raise Fault((*_SPEC, "egress"), "has rules beside `preDNAT`, which looks at incoming packets only")
    if spec.pre_dnat and "Egress" in (spec.types or ()):
        raise Fault((*_SPEC, "types"), "has `Egress` beside `preDNAT`, which looks at incoming packets only")
    if (spec.do_not_track or spec.pre_dnat) and not spec.apply_on_forward:
        field = "doNotTrack" if spec.do_not_track else "preDNAT"
        raise Fault((*_SPEC, field), "is true without `applyOnForward`", "write `applyOnForward: true`")


def _check_staged(spec: StagedNetworkPolicySpec | StagedGlobalNetworkPolicySpec) -> None:
    action = spec.staged_action
    _check_staged_action(action)
    said = [name for name in ("order", "ingress", "egress", "selector", "types") if getattr(spec, name)]
    if action == "Delete" and said:
        raise Fault((*_SPEC, said[0]), "stands beside `stagedAction: Delete`, which names a policy and says no more")


def _check_staged_action(action: str | None) -> None:
    if action is not None and action not in _STAGED_ACTIONS:
        raise Fault((*_SPEC, "stagedAction"), f"is {quoted(action)}; it is `Set`, `Delete`, `Learn` or `Ignore`")


def _check_staged_kubernetes(policy: StagedKubernetesNetworkPolicy) -> None:
    spec = policy.spec
    assert spec is not None
    _check_staged_action(spec.staged_action)
    if spec.staged_action == "Delete":
        return
    check_policy_spec(
        KubernetesSpec(
            pod_selector=spec.pod_selector, ingress=spec.ingress, egress=spec.egress, policy_types=spec.policy_types
        )
    )


def _check_profile(profile: Profile) -> None:
    spec = profile.spec
    assert spec is not None
    for side in ("ingress", "egress"):
        for number, rule in enumerate(getattr(spec, side) or ()):
            check_rule(rule, (*_SPEC, side, number), side, namespaced=False)


# --- what policies stand in, and what they mean --------------------


def _check_tier(tier: Tier) -> None:
    name, spec = tier.metadata.name or "", tier.spec
    assert spec is not None
    if name and not _TIER_NAME(name):
        raise Fault(("metadata", "name"), f"is {quoted(name)}; the name of a tier has no dots")
    if spec.default_action not in (None, "Pass", "Deny"):
        raise Fault((*_SPEC, "defaultAction"), f"is {quoted(spec.default_action)}; it is `Pass` or `Deny`")
    if name in _BUILT_IN:
        order, action = _BUILT_IN[name]
        if spec.order != order:
            raise Fault((*_SPEC, "order"), f"is not {order}, which the tier `{name}` has", f"write `order: {order}`")
        if (spec.default_action or "Deny") != action:
            raise Fault((*_SPEC, "defaultAction"), f"is not `{action}`, which the tier `{name}` has")


def _check_set(value: NetworkSet) -> None:
    if _NOT_A_LABEL in (value.metadata.labels or {}):
        raise Fault(("metadata", "labels", _NOT_A_LABEL), "is a label that Calico itself gives", "leave it out")
    assert value.spec is not None
    for index, text in enumerate(value.spec.nets or ()):
        check_net(text, (*_SPEC, "nets", index), bare=True)


def _check_host_endpoint(value: HostEndpoint) -> None:
    spec = value.spec
    assert spec is not None
    if not spec.node:
        raise Fault((*_SPEC, "node"), "is missing; a HostEndpoint is of a node")
    if not spec.interface_name and not spec.expected_ips:
        raise Fault((*_SPEC, "interfaceName"), "is missing, and so is `expectedIPs`; one of them says which interface")
    if spec.interface_name and not _INTERFACE(spec.interface_name):
        raise Fault((*_SPEC, "interfaceName"), f"is {quoted(spec.interface_name)}, which no interface can be called")
    for index, text in enumerate(spec.expected_ips or ()):
        if not is_address(text):
            raise Fault((*_SPEC, "expectedIPs", index), f"is {quoted(text)}, which is no IP address")
    for index, port in enumerate(spec.ports or ()):
        at: Pointer = (*_SPEC, "ports", index)
        if not port.name:
            raise Fault((*at, "name"), "is missing")
        check_protocol(port.protocol, (*at, "protocol"), with_ports=True)
        check_port_number(port.port or 0, (*at, "port"))


def _check_felix(value: FelixConfiguration) -> None:
    action = value.spec.default_endpoint_to_host_action if value.spec is not None else None
    if action and action.lower() not in _HOST_ACTIONS:
        at: Pointer = (*_SPEC, "defaultEndpointToHostAction")
        raise Fault(at, f"is {quoted(action)}; it is `Drop`, `Accept` or `Return`")
