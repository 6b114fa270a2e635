"""What refuses an object of cilium.io: the OpenAPI bounds of its CRD, and what Cilium itself says on reading it.

As in Cilium 1.20.2 (`pkg/policy/api/rule_validation.go`, `Parse` of the two policies). Unknown fields and wrong types
are found before, by decoding. What depends on how the agent is set up is not refused; `needed_options` names it.
Stricter than both: a label without a value (the API server would drop it, and the selector would match more), ranges
that are IPv4 written as IPv6 or, in a group, have leading zeros, numbers of ICMP types that no packet has.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from netwright.base.spans import Pointer
from netwright.dialects.cilium.objects import (
    CiliumCIDRGroup,
    CiliumNetworkPolicy,
    EgressDenyRule,
    EgressRule,
    IngressDenyRule,
    IngressRule,
    PortDenyRule,
    PortRule,
    Rule,
)
from netwright.dialects.cilium.validate_peers import check_peers, check_range, check_selector
from netwright.dialects.cilium.validate_ports import check_deny_ports, check_icmps, check_ports
from netwright.dialects.k8s.validate import check_meta
from netwright.dialects.k8s.validate_syntax import Fault, quoted

_SIDES = (
    ("ingress", "ingress"),
    ("ingress_deny", "ingressDeny"),
    ("egress", "egress"),
    ("egress_deny", "egressDeny"),
)
_MODES = ("disabled", "required", "test-always-fail")

AnyRule = IngressRule | IngressDenyRule | EgressRule | EgressDenyRule


def check_cidr_group(kind: str, group: CiliumCIDRGroup) -> None:
    """Raises `Fault` for the first field that the CRD refuses."""
    check_meta(kind, group.metadata)
    if group.spec is None:
        raise Fault(("spec",), "is missing; it has `externalCIDRs`")
    at: Pointer = ("spec", "externalCIDRs")
    if group.spec.external_cidrs is None:
        raise Fault(at, "is missing; it is a list of ranges", "write `externalCIDRs: []` for a group of none")
    for index, text in enumerate(group.spec.external_cidrs):
        check_range(text, (*at, index))


def check_policy(kind: str, policy: CiliumNetworkPolicy) -> None:
    """Raises `Fault` for the first field that the CRD or Cilium refuses."""
    check_meta(kind, policy.metadata)
    if policy.spec is None and policy.specs is None:
        raise Fault(("spec",), "is missing; a policy has `spec` or `specs`")
    for rule, at in rules_of(policy):
        _check_rule(rule, at, cluster=kind == "CiliumClusterwideNetworkPolicy")


def rules_of(policy: CiliumNetworkPolicy) -> Iterator[tuple[Rule, Pointer]]:
    """The rules of a policy in the order in which Cilium reads them, each with its place."""
    if policy.spec is not None:
        yield policy.spec, ("spec",)
    for index, rule in enumerate(policy.specs or ()):
        yield rule, ("specs", index)


def needed_options(policy: CiliumNetworkPolicy) -> Iterator[tuple[Pointer, str]]:
    """The options that are off by default and without which Cilium refuses the whole policy: where, which.

    It also refuses `rules` without `enable-l7-proxy` and `icmps` without `enable-icmp-rules`; both are on by default.
    """
    for rule, at in rules_of(policy):
        for entry, place in _entries(rule, at):
            inward = isinstance(entry, (IngressRule, IngressDenyRule))
            if entry.from_nodes if isinstance(entry, (IngressRule, IngressDenyRule)) else entry.to_nodes:
                yield (*place, "fromNodes" if inward else "toNodes"), "enable-node-selector-labels"
            port_rules: tuple[PortRule | PortDenyRule, ...] = entry.to_ports or ()
            for number, port_rule in enumerate(port_rules):
                for index, port in enumerate(port_rule.ports or ()):
                    if port.port is None:
                        yield (*place, "toPorts", number, "ports", index), "enable-extended-ip-protocols"


def _entries(rule: Rule, at: Pointer) -> Iterator[tuple[AnyRule, Pointer]]:
    for name, text in _SIDES:
        for index, entry in enumerate(getattr(rule, name) or ()):
            yield entry, (*at, text, index)


def _check_rule(rule: Rule, at: Pointer, *, cluster: bool) -> None:
    if rule.endpoint_selector is not None and rule.node_selector is not None:
        raise Fault(at, "has `endpointSelector` and `nodeSelector`; a rule has one of them")
    if rule.endpoint_selector is not None:
        check_selector(rule.endpoint_selector, (*at, "endpointSelector"))
    elif rule.node_selector is None:
        either = " or `nodeSelector`" if cluster else ""
        raise Fault((*at, "endpointSelector"), f"is missing; a rule has `endpointSelector`{either}")
    elif not cluster:
        raise Fault(
            (*at, "nodeSelector"),
            "stands in a CiliumNetworkPolicy; only a CiliumClusterwideNetworkPolicy selects nodes",
            "write a CiliumClusterwideNetworkPolicy",
        )
    else:
        check_selector(rule.node_selector, (*at, "nodeSelector"))
    entries = list(_entries(rule, at))
    if not entries:
        raise Fault(
            at,
            "has no entry in `ingress`, `ingressDeny`, `egress` or `egressDeny`; Cilium refuses a rule that has none",
            "`ingress: [{}]` isolates and allows nothing",
        )
    for entry, place in entries:
        _check_entry(entry, place, host=rule.node_selector is not None)
    for index, label in enumerate(rule.labels or ()):
        if not label.key:
            raise Fault((*at, "labels", index, "key"), "is missing; a label has a key")
    _check_log(rule, at)


def _check_entry(entry: AnyRule, at: Pointer, *, host: bool) -> None:
    check_peers(entry, at)
    if entry.icmps and entry.to_ports:
        raise Fault((*at, "icmps"), "stands beside `toPorts`", "make two entries of the list of it")
    check_icmps(entry.icmps, (*at, "icmps"))
    if isinstance(entry, (IngressDenyRule, EgressDenyRule)):
        check_deny_ports(entry.to_ports, (*at, "toPorts"))
        return
    check_ports(entry.to_ports, (*at, "toPorts"), ingress=isinstance(entry, IngressRule), host=host)
    if entry.authentication is not None and entry.authentication.mode not in _MODES:
        mode = entry.authentication.mode
        what = "is missing" if mode is None else f"is {quoted(mode)}"
        raise Fault((*at, "authentication", "mode"), f"{what}; the modes are {', '.join(f'`{m}`' for m in _MODES)}")


def _check_log(rule: Rule, at: Pointer) -> None:
    text = (rule.log.value if rule.log is not None else None) or ""
    if len(text) > 32 or any(unicodedata.category(char)[0] == "C" for char in text):
        raise Fault((*at, "log", "value"), f"is {quoted(text)}; it has at most 32 characters, all of them printable")
