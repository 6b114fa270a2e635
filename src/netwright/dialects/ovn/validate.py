"""What refuses an object of k8s.ovn.org: the OpenAPI bounds of its CRD, and what OVN-Kubernetes says on reading it.

After the CRDs at 8871cd9cec9c and `go-controller/pkg/ovn/egressfirewall.go` (a firewall with one rule that cannot be
read is not applied at all). Unknown fields and wrong types are found before, by decoding. Stricter than both: a `type`
and a `protocol` are one of the words (the patterns `^Allow|Deny$` and `^TCP|UDP|SCTP$` let more through, which then
means a denial, or a match that OVN refuses), a destination has a value, addresses have no leading zeros. What needs an
option, a `dnsName` with `*.`, is not refused.
"""

from __future__ import annotations

import re

from netwright.base.spans import Pointer
from netwright.dialects.k8s.objects import LabelSelector, Meta
from netwright.dialects.k8s.validate import check_meta
from netwright.dialects.k8s.validate_syntax import (
    Fault,
    check_address,
    check_cidr,
    check_port_number,
    check_protocol,
    check_selector,
    quoted,
)
from netwright.dialects.ovn.objects import EgressFirewall, EgressFirewallDestination, EgressIP, EgressQoS

MOST_RULES = 8001
"""OVN-Kubernetes has priorities 10000 down to 2000 for the rules of one firewall (`pkg/types/const.go`)."""

_DNS_NAME = re.compile(r"(\*\.)?([A-Za-z0-9-]+\.)*[A-Za-z0-9-]+\.?").fullmatch


def check_egress_firewall(kind: str, firewall: EgressFirewall) -> None:
    """Raises `Fault` for the first field that is refused."""
    check_meta(kind, firewall.metadata)
    _check_name(firewall.metadata, kind)
    if firewall.spec is None or firewall.spec.egress is None:
        raise Fault(("spec", "egress"), "is missing; it is the list of rules", "write `egress: []` for no rules")
    if len(firewall.spec.egress) > MOST_RULES:
        count = len(firewall.spec.egress)
        raise Fault(("spec", "egress"), f"has {count} rules; OVN-Kubernetes takes {MOST_RULES} of one firewall")
    for index, rule in enumerate(firewall.spec.egress):
        at: Pointer = ("spec", "egress", index)
        if rule.type not in ("Allow", "Deny"):
            what = "is missing" if rule.type is None else f"is {quoted(rule.type)}"
            raise Fault((*at, "type"), f"{what}; a rule is `Allow` or `Deny`")
        _check_destination(rule.to or EgressFirewallDestination(), (*at, "to"))
        for number, port in enumerate(rule.ports or ()):
            place: Pointer = (*at, "ports", number)
            if port.protocol is None:
                raise Fault((*place, "protocol"), "is missing; it is `TCP`, `UDP` or `SCTP`")
            check_protocol(port.protocol, (*place, "protocol"))
            if port.port is None:
                raise Fault((*place, "port"), "is missing; it is a number from 1 to 65535")
            check_port_number(port.port, (*place, "port"))


def _check_name(meta: Meta, kind: str) -> None:
    if meta.name != "default":
        name = quoted(meta.name or meta.generate_name)
        raise Fault(("metadata", "name"), f"is {name}; the one {kind} of a namespace is called `default`")


def _check_destination(to: EgressFirewallDestination, at: Pointer) -> None:
    fields = {"cidr_selector": "cidrSelector", "dns_name": "dnsName", "node_selector": "nodeSelector"}
    found = [text for name, text in fields.items() if getattr(to, name) is not None]
    if not found:
        raise Fault(at, "is empty; a destination has one of `cidrSelector`, `dnsName`, `nodeSelector`")
    if len(found) > 1:
        listed = " and ".join(f"`{text}`" for text in found)
        raise Fault(at, f"has {listed}; a destination has one of them", "write a rule for each")
    if to.cidr_selector is not None:
        check_cidr(to.cidr_selector, (*at, "cidrSelector"), stored=True)
    elif to.dns_name is not None and _DNS_NAME(to.dns_name) is None:
        raise Fault(
            (*at, "dnsName"),
            f"is {quoted(to.dns_name)}; it is a DNS name of letters, digits and `-`, which may begin with `*.`",
        )
    elif to.node_selector is not None:
        check_selector(to.node_selector, (*at, "nodeSelector"))


def check_egress_ip(kind: str, egress_ip: EgressIP) -> None:
    """Raises `Fault` for the first field that is refused."""
    check_meta(kind, egress_ip.metadata)
    spec = egress_ip.spec
    if spec is None or spec.egress_ips is None:
        raise Fault(("spec", "egressIPs"), "is missing; it is a list of addresses")
    for index, text in enumerate(spec.egress_ips):
        check_address(text, ("spec", "egressIPs", index))
    if spec.namespace_selector is None:
        raise Fault(("spec", "namespaceSelector"), "is missing", "`namespaceSelector: {}` is every namespace")
    for selector, name in ((spec.namespace_selector, "namespaceSelector"), (spec.pod_selector, "podSelector")):
        check_selector(selector or LabelSelector(), ("spec", name))


def check_egress_qos(kind: str, qos: EgressQoS) -> None:
    """Raises `Fault` for the first field that is refused."""
    check_meta(kind, qos.metadata)
    _check_name(qos.metadata, kind)
    if qos.spec is None or qos.spec.egress is None:
        raise Fault(("spec", "egress"), "is missing; it is the list of rules")
    for index, rule in enumerate(qos.spec.egress):
        at: Pointer = ("spec", "egress", index)
        if rule.dscp is None or not 0 <= rule.dscp <= 63:
            what = "is missing" if rule.dscp is None else f"is {rule.dscp}"
            raise Fault((*at, "dscp"), f"{what}; it is a number from 0 to 63")
        if rule.dst_cidr is not None:
            check_cidr(rule.dst_cidr, (*at, "dstCIDR"), stored=True)
        check_selector(rule.pod_selector or LabelSelector(), (*at, "podSelector"))
