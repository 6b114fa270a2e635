"""What `explain` says of single API kinds beyond the lists: what netwright makes of them, and rules of thumb.

Facts follow the API reference and the concept pages of Kubernetes 1.34; of kinds of Cilium its source at v1.20.2
(`pkg/policy/api`, `pkg/policy/utils/parserules.go`); of kinds of Calico and Istio see `calico_notes` and `istio_notes`,
of the Gateway API, OpenShift and OVN-Kubernetes `gateway_notes`.
"""

from __future__ import annotations

from typing import Final

from netwright.questions.explain.calico_notes import CALICO_NOTES, CALICO_RULES_OF_THUMB
from netwright.questions.explain.gateway_notes import GATEWAY_NOTES, GATEWAY_RULES_OF_THUMB
from netwright.questions.explain.istio_notes import ISTIO_NOTES, ISTIO_RULES_OF_THUMB
from netwright.questions.explain.kubevirt_notes import KUBEVIRT_NOTES, KUBEVIRT_RULES_OF_THUMB

_ON_PRIMARY: Final = (
    "Where its role is Primary it takes the pod network's place: its pods meet each other and no pod of another "
    "network unless a ClusterNetworkConnect joins the two, and policies act there, on the addresses that pods have "
    "there. Where it is Secondary it changes no verdict. `show networks` has its VLAN, MTU and addresses."
)
NOTES: Final[dict[tuple[str, str], str]] = {
    (
        "networking.k8s.io",
        "NetworkPolicy",
    ): "The rules of the pod network that every CNI is meant to enforce: which connections the selected pods "
    "may accept (ingress) and begin (egress). That the CNI does enforce them is taken for granted.",
    (
        "networking.k8s.io",
        "Ingress",
    ): "Hosts and paths, and the Services behind them. The connection from outside ends at the ingress "
    "controller's pod, which begins another one to the backend: policies of the backend see the controller, "
    "not the client.",
    (
        "networking.k8s.io",
        "IngressClass",
    ): "Which controller serves the Ingresses that name it (`spec.controller`): a way in leads through a controller of "
    "the input only where it serves the class. One may be the default, which Ingresses without a class get.",
    (
        "",
        "Pod",
    ): "An endpoint. Pods of one owner fold under it; finished ones are not there. A pod on hostNetwork is its "
    "node as far as policies "
    "are concerned.",
    (
        "",
        "Service",
    ): "A stable address in front of pods, or only a name for them (headless). It is translated before "
    "policies look: they see the "
    "pod's address and target port. Always written `svc/NAMESPACE/NAME`.",
    ("", "Namespace"): "Where a NetworkPolicy acts, and, by its labels, whom it admits. Every namespace has the label "
    "`kubernetes.io/metadata.name`, whether its object is in the input or not.",
    (
        "",
        "Node",
    ): "Its addresses and pod ranges settle what ipBlocks match. A node reaches its own pods always "
    "(upstream), others as policy says.",
    ("", "ServiceAccount"): "Read for its name; NetworkPolicy does not select by it, meshes and some CNIs do.",
    ("apps", "Deployment"): "A workload. Its template stands for its pods unless the input holds the pods themselves.",
    ("apps", "DaemonSet"): "A workload with one pod a node; how many there are is not known from it.",
    ("batch", "CronJob"): "A workload; it counts although none of its pods may run at the moment.",
    **KUBEVIRT_NOTES,
    (
        "discovery.k8s.io",
        "EndpointSlice",
    ): "The addresses behind a Service. Read for Services without a selector; with one, the selector decides.",
    (
        "policy.networking.k8s.io",
        "ClusterNetworkPolicy",
    ): "Rules of the cluster's administrators, in the tiers Admin (before NetworkPolicy) and "
    "Baseline (after it), in order of priority, with deny and pass.",
    (
        "policy.networking.k8s.io",
        "AdminNetworkPolicy",
    ): "ClusterNetworkPolicy's predecessor (v1alpha1), read in its last form and in that of v0.1.1: rules of the "
    "cluster's administrators before every NetworkPolicy.",
    (
        "policy.networking.k8s.io",
        "BaselineAdminNetworkPolicy",
    ): "ClusterNetworkPolicy's predecessor (v1alpha1) for what holds where no NetworkPolicy isolates. There is one, "
    "called `default`; beside Baseline ClusterNetworkPolicies it is read last.",
    (
        "cilium.io",
        "CiliumNetworkPolicy",
    ): "Cilium's own rules for the pods of one namespace: they allow and deny by labels, entities, address "
    "ranges, Services, names, ports and requests. One in the input tells the profile `cilium`; under another profile "
    "what it may act on is undecided.",
    (
        "cilium.io",
        "CiliumClusterwideNetworkPolicy",
    ): "As CiliumNetworkPolicy, for pods of every namespace, or with `nodeSelector` for nodes, which only Cilium's "
    "host firewall enforces: such rules leave open what becomes of packets to and from nodes.",
    (
        "cilium.io",
        "CiliumCIDRGroup",
    ): "Address ranges under a name and labels. Policies of Cilium name them in `fromCIDRSet` and `toCIDRSet`, by "
    "`cidrGroupRef` or `cidrGroupSelector`; alone it does nothing.",
    **{
        (group, kind): text
        for group in ("projectcalico.org", "crd.projectcalico.org")
        for kind, text in CALICO_NOTES.items()
    },
    **ISTIO_NOTES,
    **GATEWAY_NOTES,
    (
        "k8s.cni.cncf.io",
        "NetworkAttachmentDefinition",
    ): "A secondary network that pods and VMs attach to. NetworkPolicy does not act on it; that "
    "needs a MultiNetworkPolicy and a plugin that enforces it. `show networks` has its VLAN, MTU and addresses.",
    (
        "k8s.cni.cncf.io",
        "IPAMClaim",
    ): "Addresses on a network that are kept for a VM, longer than its pod lives. It changes no verdict.",
    (
        "k8s.cni.cncf.io",
        "MultiNetworkPolicy",
    ): "What a NetworkPolicy is on the pod network, on the secondary networks that its annotation "
    "`k8s.v1.cni.cncf.io/policy-for` names. `reach --network` and `why --network` have what it does there.",
    (
        "nmstate.io",
        "NodeNetworkConfigurationPolicy",
    ): "How interfaces, bonds and bridges of nodes are to be. It tells by which wire a network leaves the nodes, which "
    "VLANs pass and how large a packet may be: `show networks -o wide`. It changes no verdict.",
    (
        "sriovnetwork.openshift.io",
        "SriovNetwork",
    ): "A secondary network on virtual functions of cards; the operator makes a NetworkAttachmentDefinition of it. "
    "Policies of the cluster do not act there.",
    (
        "networkaddonsoperator.network.kubevirt.io",
        "NetworkAddonsConfig",
    ): "Which network plugins the operator installs; read for the range that kubemacpool gives MAC addresses from.",
    (
        "k8s.ovn.org",
        "ClusterNetworkConnect",
    ): "Joins the primary networks that it selects with each other, and with no third by way of one of them: their "
    "pods (`PodNetwork`), the ClusterIPs of their Services (`ServiceNetwork`), or both. Policies go on to decide.",
    (
        "k8s.ovn.org",
        "UserDefinedNetwork",
    ): f"A network of one namespace. {_ON_PRIMARY}",
    (
        "k8s.ovn.org",
        "ClusterUserDefinedNetwork",
    ): f"A network of all namespaces that its `namespaceSelector` selects. {_ON_PRIMARY}",
}

RULES_OF_THUMB: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("networking.k8s.io", "NetworkPolicy"): (
        "It acts on pods of its own namespace only. An empty podSelector selects all of them; one that matches "
        "no pod makes a policy that "
        "does nothing.",
        "It only allows. What isolates is that a policy selects a pod: from then on the pod accepts (or "
        "begins) only what some rule admits. "
        "Policies add up, their order means nothing.",
        "Without policyTypes it isolates ingress, and egress only if it has egress rules.",
        "No rules (`ingress: []` or absent) admit nothing; a rule without `from` or `to` admits everybody, one "
        "without `ports` every port.",
        "A connection needs both ends: the egress of its source and the ingress of its destination.",
        "In one item of `from`, podSelector and namespaceSelector must both match; as two items, either will "
        "do. A dash makes the difference.",
        "A podSelector alone means pods of the policy's own namespace, not of all.",
        "Ports are the pod's, after a Service's translation, never the Service's. A named port is looked up on "
        "the destination pod.",
        "`protocol` is TCP unless written: for DNS open port 53 for UDP and for TCP.",
        "An ipBlock matches the address that the packet has. Behind a NodePort or load balancer that may be a "
        "node's, not the client's.",
        "Replies need no rule. Pods on hostNetwork are not subject to it, and a node always reaches its own pods.",
    ),
    ("policy.networking.k8s.io", "ClusterNetworkPolicy"): (
        "Admin tier, then NetworkPolicy, then Baseline tier; what no rule matches is allowed. Lower priorities are "
        "read first, in one policy the first rule that matches decides.",
        "Pass leaves the tier: from Admin to NetworkPolicy, and to Baseline where no NetworkPolicy isolates the pod.",
        "It isolates nothing: what its rules do not name goes on to the next tier.",
        "An Accept for egress does not open the destination: its ingress rules are read too.",
        "Two policies of one tier with the same priority: which is read first is the implementation's choice.",
        "`networks` matches pods too: `0.0.0.0/0` is all of IPv4, pod to pod included, unless a Pass comes before.",
        "Rules with `protocols` leave ICMP alone; rules without match it.",
        "Pods on hostNetwork are neither its subjects nor its `pods` and `namespaces`; `nodes` names them.",
        "`domainNames` only accepts, and means something only before a Deny; what Deny or Pass do with it is not said.",
    ),
    ("cilium.io", "CiliumNetworkPolicy"): (
        "Any rule for a direction isolates the pods it selects there, one that only denies too, unless "
        "`enableDefaultDeny` says `false`.",
        "What denies comes before what allows, NetworkPolicies and clusterwide policies included; order means nothing.",
        "`ingress: [{}]` isolates and allows nothing. `fromEndpoints: [{}]` is every pod of the namespace, and a rule "
        "with nothing but `toPorts` is about everybody.",
        "Selectors mean the policy's own namespace, unless they compare `k8s:io.kubernetes.pod.namespace` or "
        "`io.cilium.k8s.namespace.labels.…`.",
        "One entry has peers of one form: `fromEndpoints` and `fromCIDR` are two entries of the list.",
        "`toCIDR` matches outside addresses; pods and nodes are in none, unless `policy-cidr-match-mode` says so. "
        "`0.0.0.0/0` is not the pods.",
        "`world` is what lies outside, `cluster` all pods and nodes, `host` the pod's own node, `remote-node` "
        "the others.",
        "Ports are text and stand in quotes; without `protocol` they are TCP, UDP and SCTP. ICMP needs `icmps`.",
        "Where a rule describes requests (`rules`), allowed are these alone: the verdict depends on the request.",
        "`toFQDNs` needs a rule that lets the queries through Cilium's DNS proxy.",
        "Not all labels can be selected by: `explain cni:cilium` lists those that Cilium drops.",
    ),
    ("cilium.io", "CiliumClusterwideNetworkPolicy"): (
        "What holds for CiliumNetworkPolicy holds here: `explain CiliumNetworkPolicy`.",
        "`endpointSelector: {}` is every pod of the cluster, those of kube-system too; a peer `{}` is a pod of any "
        "namespace.",
        "`nodeSelector` in place of `endpointSelector` is for nodes and hostNetwork pods, and does nothing while the "
        "host firewall is off.",
    ),
    ("cilium.io", "CiliumCIDRGroup"): (
        "A policy that names a group which is not there matches no address by it.",
        "An address in several groups has the labels of all of them.",
        "Groups match outside addresses, as every range of Cilium does.",
    ),
    **{
        (group, kind): texts
        for group in ("projectcalico.org", "crd.projectcalico.org")
        for kind, texts in CALICO_RULES_OF_THUMB.items()
    },
    **ISTIO_RULES_OF_THUMB,
    **KUBEVIRT_RULES_OF_THUMB,
    **GATEWAY_RULES_OF_THUMB,
    ("", "Service"): (
        "No endpoints: its selector matches no pod, or no pod names the targetPort. `show services` says which.",
        "A policy's port is the targetPort, not the port.",
        "externalTrafficPolicy Cluster hides the client's address behind the node's, Local keeps it.",
    ),
}

SHORT: Final[dict[str, str]] = {
    "po": "Pod",
    "svc": "Service",
    "deploy": "Deployment",
    "sts": "StatefulSet",
    "ds": "DaemonSet",
    "rs": "ReplicaSet",
    "rc": "ReplicationController",
    "cj": "CronJob",
    "ns": "Namespace",
    "no": "Node",
    "ing": "Ingress",
    "sa": "ServiceAccount",
    "ep": "Endpoints",
    "cm": "ConfigMap",
    "pvc": "PersistentVolumeClaim",
    "pv": "PersistentVolume",
    "pdb": "PodDisruptionBudget",
    "netpol": "NetworkPolicy",
    "cnp": "CiliumNetworkPolicy",
    "ccnp": "CiliumClusterwideNetworkPolicy",
    "ccg": "CiliumCIDRGroup",
    "gnp": "GlobalNetworkPolicy",
    "gns": "GlobalNetworkSet",
    "hep": "HostEndpoint",
    "gtw": "Gateway",
    "gc": "GatewayClass",
    "refgrant": "ReferenceGrant",
    "eip": "EgressIP",
    "sgnp": "StagedGlobalNetworkPolicy",
    "sknp": "StagedKubernetesNetworkPolicy",
    "anp": "AdminNetworkPolicy",
    "banp": "BaselineAdminNetworkPolicy",
    "net-attach-def": "NetworkAttachmentDefinition",
    "nad": "NetworkAttachmentDefinition",
    "udn": "UserDefinedNetwork",
    "cudn": "ClusterUserDefinedNetwork",
    "vmi": "VirtualMachineInstance",
    "vmim": "VirtualMachineInstanceMigration",
    "vmirs": "VirtualMachineInstanceReplicaSet",
    "vmpool": "VirtualMachinePool",
    "nncp": "NodeNetworkConfigurationPolicy",
    "mnp": "MultiNetworkPolicy",
}
"""kubectl's short names."""
