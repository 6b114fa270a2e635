"""Rules C: policies, and what becomes of those of another world."""

from __future__ import annotations

from typing import Final

from netwright.model.machine_rules.rule import MachineRule, rule

_FIREWALL: Final = "belongs to the translation of a distributed firewall, whose rules are not read yet"
_NSX: Final = "NSX policy API, SecurityPolicy and Group"

RULES: Final[tuple[MachineRule, ...]] = (
    rule("C1", "a NetworkPolicy covers the primary network of a pod alone", "Kubernetes; OKEP-5193", "NW6201"),
    rule(
        "C2",
        "secondary networks have MultiNetworkPolicies, of which a Linux bridge under a machine enforces none, and one "
        "without addresses takes peers by `ipBlock` alone",
        "OVN-Kubernetes, `multi-networkpolicy`; OpenShift, multiple networks",
        "NW6202 NW6203 NW6204",
        otherwise="`why --network` and `reach --network` ask there",
    ),
    rule("C3", "labels of a machine are on its pod only if its template has them", "KubeVirt user guide", "NW6206"),
    rule(
        "C4",
        "rules of a distributed firewall have an order, which NetworkPolicies have not",
        f"{_NSX}; network-policy-api v1alpha2",
        otherwise=_FIREWALL,
    ),
    rule(
        "C5",
        "what a distributed firewall does by default, and where it is applied, decides what is to be written",
        _NSX,
        otherwise=_FIREWALL,
    ),
    rule(
        "C6",
        "ICMP types, applications, names, users, MAC sets and rejections have no counterpart in a NetworkPolicy",
        _NSX,
        otherwise=_FIREWALL,
    ),
    rule(
        "C7",
        "a range that stands for a machine elsewhere is a selector once it has moved",
        "Kubernetes, NetworkPolicy: behaviour of `ipBlock`",
        "NW6207 NW6208",
        otherwise="that the address was a machine's elsewhere is not in the cluster",
    ),
    rule(
        "C8",
        "behind `masquerade` or an egress address the outside sees another address than the guest's",
        "KubeVirt user guide; OVN-Kubernetes, EgressIP",
        "NW6208",
        otherwise="`show nics` has it under `IP KEPT`; rules of a firewall outside are not in the cluster",
    ),
    rule(
        "C9",
        "groups by name or system of a machine become labels, and need a rule for new machines",
        _NSX,
        otherwise=_FIREWALL,
    ),
    rule(
        "C10",
        "gateway firewalls, intrusion detection and redirection have no counterpart",
        _NSX,
        otherwise=_FIREWALL,
    ),
)
