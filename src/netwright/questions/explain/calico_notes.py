"""What `explain` says of Calico's kinds: facts of its source at 3.32 (`api/pkg/apis/projectcalico/v3`, `felix`)."""

from __future__ import annotations

from typing import Final

CALICO_NOTES: Final[dict[str, str]] = {
    "NetworkPolicy": "Calico's own rules for the pods of one namespace, read in an order, with Allow, Deny, Pass and "
    "Log. In netwright it is called `NetworkPolicy.projectcalico.org`. One in the input tells the profile `calico`; "
    "under another profile what it may act on is undecided.",
    "GlobalNetworkPolicy": "As Calico's NetworkPolicy, for pods of every namespace and for host endpoints. With "
    "`doNotTrack` or `preDNAT` it is for host endpoints only.",
    "Tier": "Policies stand in tiers that are read one after the other. `default` (1000000), `kube-admin` (1000) and "
    "`kube-baseline` (10000000) are always there.",
    "NetworkSet": "Address ranges under labels, in a namespace. Selectors in rules select it as they select pods.",
    "GlobalNetworkSet": "Address ranges under labels, in no namespace: selectors of GlobalNetworkPolicies, and "
    "`namespaceSelector: global()`, mean it.",
    "StagedNetworkPolicy": "A policy that is watched and not enforced: it decides nothing.",
    "StagedGlobalNetworkPolicy": "A policy that is watched and not enforced: it decides nothing.",
    "StagedKubernetesNetworkPolicy": "A policy that is watched and not enforced: it decides nothing.",
    "HostEndpoint": "An interface of a host, or with `interfaceName: '*'` the whole host, as something that policies "
    "act on. What these decide there is left undecided.",
    "Profile": "Rules behind all tiers. Pods have those of their namespace, which allow everything, and of their "
    "service account; a Profile that is written acts on the host endpoints that name it.",
    "FelixConfiguration": "Read for `defaultEndpointToHostAction`, of `default` and of `node.NAME`.",
}

CALICO_RULES_OF_THUMB: Final[dict[str, tuple[str, ...]]] = {
    "NetworkPolicy": (
        "Tiers go by order and name, policies of a tier by order, without one last, then by name. The first rule that "
        "matches decides; Log goes on to the next rule, Pass to the next tier.",
        "A policy that selects a pod brings the end of its tier to it, in the directions of its `types`: what no rule "
        "decided is denied there, unless the tier says `defaultAction: Pass`.",
        "NetworkPolicies of Kubernetes stand in the tier `default` at order 1000, among the others.",
        "Without `types` a policy is for ingress, unless it has egress rules only.",
        "A selector in a rule means the policy's own namespace. `namespaceSelector` names others: `all()` is every "
        "pod, `global()` what is in no namespace, `projectcalico.org/name == 'x'` a namespace by name.",
        "`selector: !(…)` means the other pods and sets; `notSelector` leaves out, alone within the namespace.",
        "Both `source` and `destination` can be asked of in rules of either direction.",
        "Numbers of ports need a protocol; a range is `80:90`. Names are looked up at the destination.",
        "`nets` match the address of the packet, pods too. One rule is for one address family.",
        "Pass behind the last tier with policies is Allow: behind it stands the profile of the namespace.",
    ),
    "GlobalNetworkPolicy": (
        "What holds for Calico's NetworkPolicy holds here: `explain NetworkPolicy.projectcalico.org`.",
        "Without selectors it is for every pod of the cluster, those of kube-system too, and for every host endpoint.",
        "`notSelector` alone matches outside addresses as well.",
        "A node always reaches its own pods. From a pod to its own node `defaultEndpointToHostAction` holds behind "
        "egress policy: Drop unless it is configured.",
    ),
}
