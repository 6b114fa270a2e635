"""Where profiles differ: each difference by a name, with what each profile does, whence that is known, and the scenario
that holds it (`tests/scenarios`), whose verdicts a person derived under each profile.

What `upstream` does follows the API documents of Kubernetes; what Cilium does its source and documentation at v1.20.2,
named as files of <https://github.com/cilium/cilium/tree/v1.20.2>, what Calico does its source at 3.32, files of
<https://github.com/projectcalico/calico>, and what OVN-Kubernetes does its source, files of
<https://github.com/ovn-kubernetes/ovn-kubernetes>.
"""

from __future__ import annotations

from typing import Final

import msgspec

VERSION: Final = "Cilium 1.20.2"
CALICO: Final = "Calico 3.32"
OVN: Final = "OVN-Kubernetes master"
VERSIONS: Final = (VERSION, CALICO, OVN)


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One difference. `says` is what each profile does, by its name; `sources` are files of the versions that the
    plugins are of; `scenario` is a file of `tests/scenarios`."""

    id: str
    title: str
    says: dict[str, str]
    sources: tuple[str, ...]
    scenario: str


def _d(
    name: str,
    title: str,
    upstream: str,
    cilium: str = "",
    *sources: str,
    calico: str = "",
    of_calico: tuple[str, ...] = (),
    ovn: str = "",
    of_ovn: tuple[str, ...] = (),
) -> Difference:
    said = {"upstream": upstream, "cilium": cilium, "calico": calico, "ovn-kubernetes": ovn}
    listed = {VERSION: sources, CALICO: of_calico, OVN: of_ovn}
    named = tuple(f"{version} {source}" for version, files in listed.items() for source in files)
    says = {profile: text for profile, text in said.items() if text}
    return Difference(id=name, title=title, says=says, sources=named, scenario=f"cni-{name}.md")


_LAYER3: Final = "Documentation/security/policy/layer3.rst"
_NETWORK_POLICY: Final = "pkg/k8s/network_policy.go"
_ADMIN_POLICY: Final = "pkg/k8s/cluster_network_policy.go"
_RULES: Final = "pkg/policy/utils/parserules.go"
_REPOSITORY: Final = "pkg/policy/repository.go"
_SELECTOR: Final = "pkg/policy/types/selector.go"
_TIERS: Final = "pkg/policy/types/policyentry.go"
_MAP: Final = "pkg/policy/mapstate.go"
_L4: Final = "pkg/policy/l4.go"
_CONVERSION: Final = "libcalico-go/lib/backend/k8s/conversion/"
_CLUSTER: Final = _CONVERSION + "clusternetworkpolicy.go"
_SORTER: Final = "felix/calc/policy_sorter.go"
_BASE: Final = "go-controller/pkg/ovn/base_network_policy.go"
_GRESS: Final = "go-controller/pkg/ovn/gress_policy.go"

DIFFERENCES: Final[tuple[Difference, ...]] = (
    # --- who an address range is about --------------------
    _d(
        "address-ranges-and-pods",
        "whether a range of addresses matches pods",
        "it matches whoever has the packet's address, pods too",
        "it matches outside addresses only; with `policy-cidr-match-mode=pods` pods as well",
        _SELECTOR,
        _LAYER3,
    ),
    _d(
        "address-ranges-and-nodes",
        "whether a range of addresses matches nodes",
        "it matches whoever has the packet's address, nodes too",
        "it matches no node; with `policy-cidr-match-mode=nodes` those in it, yet `0.0.0.0/0` and `::/0` none",
        _SELECTOR,
        _LAYER3,
    ),
    _d(
        "networks-of-everything",
        "whether `networks: [0.0.0.0/0]` of a ClusterNetworkPolicy means pods and nodes",
        "it is all of IPv4, pods and nodes included",
        "it is what lies outside; with `policy-cidr-match-mode=pods` pods as well",
        _ADMIN_POLICY,
        _SELECTOR,
    ),
    _d(
        "pods-of-two-families",
        "whether a range of one family matches a pod over the other",
        "no: the address of the packet is compared",
        "with `policy-cidr-match-mode=pods` yes: a pod matches by any of its addresses, whatever the packet uses",
        _SELECTOR,
        "pkg/endpoint/endpoint.go",
    ),
    # --- a pod and its own node --------------------
    _d(
        "own-node-to-pod",
        "what may keep a node from its own pods",
        "nothing: it always reaches them",
        "a rule that denies it; with `allow-localhost=policy` also isolation, unless a rule admits `host`",
        _REPOSITORY,
        _LAYER3,
    ),
    _d(
        "pod-to-own-node",
        "whether a pod always reaches its own node",
        "yes, whatever policies say",
        "as its egress policies say; `host` names the node",
        _REPOSITORY,
        _LAYER3,
        calico="as its egress policies say, and behind them `defaultEndpointToHostAction`: Drop unless configured",
        of_calico=("felix/rules/static.go",),
        ovn="as its egress policies say; the node reaches the pod by its management port",
        of_ovn=(_BASE,),
    ),
    # --- tiers and order --------------------
    _d(
        "where-isolation-stands",
        "whether a Baseline `Accept` opens what a NetworkPolicy isolates",
        "no: the NetworkPolicy decides, and Baseline is read for other pods only",
        "yes: what isolates denies behind all tiers, so the `Accept` comes before it",
        _TIERS,
        _REPOSITORY,
    ),
    _d(
        "deny-before-allow",
        "whether something denies what a NetworkPolicy allows",
        "nothing in its tier: NetworkPolicies only allow, and add up",
        "`ingressDeny` and `egressDeny` of Cilium's policies, in the same tier: what denies comes first",
        _MAP,
        "Documentation/security/policy/deny.rst",
    ),
    _d(
        "admin-accept-and-deny-rules",
        "whether an Admin `Accept` overrules what Cilium's policies deny",
        "undecided: what Cilium's policies do is not known",
        "yes: they stand in the tier of NetworkPolicy, which is read later",
        _TIERS,
        _MAP,
    ),
    _d(
        "equal-priorities",
        "which of two admin policies of one priority is read first",
        "undecided where they disagree: the implementation may take any",
        "their rules are merged by number, and among those of one number `Deny` comes first",
        _ADMIN_POLICY,
        _MAP,
        calico="the one whose name comes first",
        of_calico=(_CLUSTER, _SORTER),
    ),
    _d(
        "rules-beyond-policy-types",
        "whether rules count in a direction that `policyTypes` leave out",
        "no: there they are not read and do not isolate",
        "yes: every rule counts and isolates in its direction",
        _NETWORK_POLICY,
    ),
    _d(
        "enforcement",
        "whether policy is enforced at all, and for whom",
        "for the pods that some policy selects, in the directions it isolates",
        "so too by default; with `enable-policy=always` every pod is isolated, with `never` no policy counts",
        _REPOSITORY,
        "Documentation/security/policy/intro.rst",
    ),
    # --- what is selected --------------------
    _d(
        "labels-that-cilium-drops",
        "which labels of pods policies can select by",
        "every label",
        "not those its filter drops: `pod-template-hash`, `controller-uid`, a StatefulSet's pod name and index, "
        "`topology.kubernetes.io/…`, keys that start with `kubernetes.io`, `k8s.io`, `io.kubernetes` and a few more",
        "pkg/labelsfilter/filter.go",
    ),
    _d(
        "namespaces-by-absence",
        "whom `namespaces` of a ClusterNetworkPolicy mean that ask only for what is not there",
        "the pods of the namespaces that lack the label",
        "everybody: pods of all namespaces, nodes and what is outside",
        _ADMIN_POLICY,
        "pkg/policy/aggregate.go",
    ),
    _d(
        "named-ports",
        "which containers give a pod its named ports",
        "all, sidecars too; where several have the name, each of their ports counts",
        "its containers without init containers and sidecars; of ports with one name the last",
        "pkg/k8s/labels.go",
    ),
    _d(
        "named-ports-with-end-port",
        "whether `endPort` goes with a named port",
        "no NetworkPolicy has both: the API server refuses it",
        "on ingress the range begins at the named port, although `endPort` is documented to be ignored there",
        _L4,
        "Documentation/security/policy/layer4.rst",
    ),
    # --- protocols --------------------
    _d(
        "other-protocols",
        "what becomes of ICMP, and of others than TCP, UDP and SCTP, at an isolated pod",
        "undecided: it is not defined",
        "isolation denies them, and a rule without `ports` allows them",
        _NETWORK_POLICY,
        _L4,
        calico="isolation denies them, and a rule without `ports` allows them",
        of_calico=(_CONVERSION + "conversion.go",),
        ovn="isolation denies them, and a rule without `ports` allows them",
        of_ovn=(_BASE, _GRESS),
    ),
    _d(
        "icmp-type-0",
        "which types a rule for ICMP type 0 (EchoReply) allows",
        "undecided: no policy of this profile has rules for ICMP",
        "every type of its family, because 0 stands for any port",
        "pkg/policy/api/icmp.go",
        _L4,
    ),
    # --- admin policies --------------------
    _d(
        "peers-of-a-newer-api",
        "what becomes of an `Accept` with a peer of a newer API",
        "the whole rule matches nothing",
        "that peer matches nothing, the others of the rule are accepted",
        _ADMIN_POLICY,
    ),
    _d(
        "nodes-as-peers",
        "what becomes of a ClusterNetworkPolicy with `nodes` as a peer",
        "it matches the addresses of the nodes",
        "the policy is refused as a whole, unless `enable-node-selector-labels` is on",
        _ADMIN_POLICY,
        "pkg/policy/k8s/cluster_network_policy.go",
        calico="the rule fails closed: `Accept` matches nothing, `Deny` and `Pass` deny everything",
        of_calico=(_CLUSTER,),
    ),
    _d(
        "names-and-dns",
        "whether accepting a domain name accepts asking for it",
        "no: the queries need a rule of their own",
        "yes: queries for it to `k8s-app: kube-dns` on the ports `dns` and `dns-tcp`",
        _ADMIN_POLICY,
    ),
    _d(
        "admin-network-policy-v1alpha1",
        "whether AdminNetworkPolicy and BaselineAdminNetworkPolicy (v1alpha1) count",
        "yes",
        "no: only ClusterNetworkPolicy v1alpha2 is read",
        "pkg/policy/k8s/cell.go",
        calico="no: only ClusterNetworkPolicy v1alpha2 is read",
        of_calico=(_CLUSTER,),
    ),
    # --- policies of Cilium --------------------
    _d(
        "policies-of-cilium",
        "whether CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy are enforced",
        "not known: what they may act on is undecided",
        "yes",
        _RULES,
        "Documentation/security/policy/kubernetes.rst",
    ),
    _d(
        "an-empty-rule",
        "what an empty rule, `ingress: [{}]`, allows",
        "in a NetworkPolicy everything",
        "in a NetworkPolicy everything; in a policy of Cilium nothing, and it isolates",
        _RULES,
        _LAYER3,
    ),
    _d(
        "rules-that-do-not-isolate",
        "whether every policy isolates the pods that it selects",
        "every NetworkPolicy does",
        "so does every rule of Cilium, one that only denies too, unless `enableDefaultDeny` says `false`",
        _RULES,
        "Documentation/security/policy/intro.rst",
    ),
    # --- policies of Calico, and how it reads those of Kubernetes --------------------
    _d(
        "policies-of-calico",
        "whether NetworkPolicy and GlobalNetworkPolicy of Calico are enforced",
        "not known: what they may act on is undecided",
        calico="yes",
        of_calico=(
            "api/pkg/apis/projectcalico/v3/networkpolicy.go",
            "libcalico-go/lib/backend/syncersv1/updateprocessors/rules.go",
        ),
    ),
    _d(
        "order-around-network-policies",
        "whether something is read before and behind NetworkPolicies in their tier",
        "nothing: they only allow, and add up",
        calico="Calico's own policies, by their order: NetworkPolicies stand at 1000, and the first rule that matches "
        "decides",
        of_calico=(_CONVERSION + "conversion.go", _SORTER),
    ),
    _d(
        "labels-that-calico-adds",
        "which labels a NetworkPolicy can select pods by besides their own",
        "none",
        calico="`projectcalico.org/namespace`, `projectcalico.org/serviceaccount`, and those of the namespace and the "
        "service account behind `pcns.` and `pcsa.`",
        of_calico=(_CONVERSION + "workload_endpoint_default.go",),
    ),
    _d(
        "domain-names-as-peers",
        "what becomes of a rule with `domainNames` as a peer",
        "of one that accepts it depends on what the names stand for; what others do is left open",
        "as the documents have it where the rule accepts; a policy with another such rule is refused whole",
        _ADMIN_POLICY,
        calico="the rule fails closed: `Accept` matches nothing, `Deny` and `Pass` deny everything",
        of_calico=(_CLUSTER,),
    ),
    _d(
        "namespaces-and-sets",
        "whom `namespaces` of a ClusterNetworkPolicy mean besides pods",
        "nobody",
        calico="the addresses in the NetworkSets of these namespaces",
        of_calico=(_CLUSTER, "libcalico-go/lib/backend/syncersv1/updateprocessors/networksetprocessor.go"),
    ),
    # --- OVN-Kubernetes --------------------
    _d(
        "port-names-and-numbers",
        "which ports a NetworkPolicy's entry means that has no number",
        "a name is looked up on the pod; without a port it is every port",
        ovn="only numbers count: those of a protocol are all that is allowed of it, and without one all of its ports",
        of_ovn=(_GRESS, "go-controller/pkg/libovsdb/util/acl.go"),
    ),
    _d(
        "versions-of-admin-policies",
        "whether ClusterNetworkPolicy counts, and an AdminNetworkPolicy of any priority",
        "yes, both",
        ovn="no ClusterNetworkPolicy, and of AdminNetworkPolicies those with priorities up to 99",
        of_ovn=(
            "go-controller/pkg/ovn/controller/admin_network_policy/admin_network_policy.go",
            "docs/features/network-security-controls/admin-network-policy.md",
        ),
    ),
    _d(
        "host-pods-as-peers",
        "whether a `podSelector` for egress means pods on their node's network",
        "no",
        ovn="yes, by the address of their node, which whoever else is there has too",
        of_ovn=(_BASE, "go-controller/pkg/ovn/pod_selector_address_set.go"),
    ),
    _d(
        "what-nodes-send",
        "by which address a node is known to the pods of another",
        "by its own",
        ovn="by one of OVN-Kubernetes' own, which belongs to the namespace `ovn-host-network`: what matches it but a "
        "range of everything is undecided",
        of_ovn=(_BASE, "docs/design/traffic-flows.md"),
    ),
    _d(
        "egress-firewalls",
        "whether an EgressFirewall is enforced",
        "not known: what it may take away is undecided",
        ovn="yes, beside the NetworkPolicies: each must permit",
        of_ovn=(
            "go-controller/pkg/ovn/egressfirewall.go",
            "docs/features/network-security-controls/egress-firewall.md",
        ),
    ),
)


def differences(profile: str) -> tuple[Difference, ...]:
    """Those that say what this profile does, by its name without options."""
    return tuple(d for d in DIFFERENCES if profile in d.says)
