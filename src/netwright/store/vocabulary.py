"""What a redacted object keeps as it is written: names of fields, words of the APIs, keys of labels and of annotations
that something is read from. All else is a name."""

# ruff: noqa: SIM905 - lists of words as texts

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

import msgspec

from netwright.model.ingress_controllers import PROJECTS

GROUPS: Final = frozenset(
    (
        *("", "apps", "batch", "discovery.k8s.io", "networking.k8s.io", "policy.networking.k8s.io", "extensions"),
        *("cilium.io", "crd.projectcalico.org", "projectcalico.org", "security.istio.io", "networking.istio.io"),
        *("gateway.networking.k8s.io", "route.openshift.io", "k8s.ovn.org", "k8s.cni.cncf.io", "nmstate.io"),
        *("sriovnetwork.openshift.io", "kubevirt.io", "pool.kubevirt.io"),
        "networkaddonsoperator.network.kubevirt.io",
    )
)
"""API groups whose objects are redacted, of those that are read."""

ENUMERATED: Final = frozenset(
    """
    advertisements targetVRF
    apiVersion kind group protocol notProtocol policyTypes types operator type phase status completionMode ipFamilies
    ipFamilyPolicy externalTrafficPolicy internalTrafficPolicy appProtocol pathType action addressType tier family mode
    method methods notMethods mismatch fromEntities toEntities source stagedAction defaultAction
    defaultEndpointToHostAction performanceHints from to topology role lifecycle transport routing outboundSNAT
    networkSelectionType connectivity state model runStrategy evictionStrategy dnsPolicy printableStatus infoSource
    linkState migrationMethod featureGates disabledFeatureGates defaultNetworkInterface domainAttachmentType
    downwardAPI bandwidthPerMigration observedKubeVirtVersion targetKubeVirtVersion deletionTimestamp startTimestamp
    endTimestamp termination insecureEdgeTerminationPolicy wildcardPolicy trust spoofChk spoofchk vlanProto link_state
    deviceType eSwitchMode linkType vdpaType vendor deviceID cniVersion interfaceType useDefaultGateways defaultScope
    enabled enable-native mtu id tag min max prefix-length dhcp autoconf maxUnavailable restartPolicy
    """.split()
)
"""Fields whose values are of the API's own vocabulary: one of `WORDS`, a number, a version or a time."""

WORDS: Final = frozenset(
    """
    TCP UDP SCTP ICMP ICMPv6 ICMPV6 UDPLite tcp udp sctp icmp icmpv6 ANY VRRP IGMP HTTP HTTPS TLS Ingress Egress
    ingress egress In NotIn Exists DoesNotExist Gt Lt ClusterIP NodePort LoadBalancer ExternalName Pending Running
    Succeeded Failed Unknown True False Indexed NonIndexed IPv4 IPv6 FQDN SingleStack PreferDualStack
    RequireDualStack Cluster Local Prefix Exact ImplementationSpecific PathPrefix RegularExpression Ready Complete
    Accepted InternalIP ExternalIP Hostname InternalDNS ExternalDNS IPAddress Allow Deny Pass Accept Log Set Delete
    Learn Ignore Admin Baseline Drop Return drop return accept ALLOW DENY AUDIT CUSTOM UNSET DISABLE PERMISSIVE
    STRICT SIMPLE MUTUAL ISTIO_MUTUAL required disabled always-fail always-pass none test k8s any reserved unspec
    all world world-ipv4 world-ipv6 cluster host remote-node kube-apiserver cluster-mesh init health unmanaged GET
    HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH * LOG ADD REPLACE Same All Selector None Terminate Passthrough
    edge passthrough reencrypt Redirect Subdomain RequestHeaderModifier ResponseHeaderModifier RequestMirror
    RequestRedirect URLRewrite ExtensionRef CORS ExternalAuth Layer2 Layer3 Localnet layer2 layer3 localnet Primary
    Secondary primary secondary Persistent Enabled Disabled Access NoOverlay EVPN Managed Unmanaged
    ClusterUserDefinedNetworks PrimaryUserDefinedNetworks PodNetwork EgressIP ServiceNetwork
    up down absent present ignore
    virtio e1000 e1000e igb ne2k_pci pcnet rtl8139 Always RerunOnFailure Once WaitAsReceiver Manual Halted
    LiveMigrate LiveMigrateIfPossible External BlockMigration LiveMigration Stopped Starting Provisioning Stopping
    Terminating Migrating Paused Scheduling Scheduled bridge masquerade slirp tap managedTap link-refresh
    device-info domain guest-agent multus-status PreCopy PostCopy LiveMigratable AgentConnected ClusterFirst
    ClusterFirstWithHostNet Default on off auto enable disable 802.1q 802.1Q 802.1ad 802.1AD netdevice vfio-pci
    legacy switchdev eth ETH ib IB vhost private vepa passthru l2 l3 l3s access trunk native-tagged native-untagged
    dot1q-tunnel true false ovn-k8s-cni-overlay cnv-bridge cnv-tuning ovs macvlan ipvlan vlan ptp host-device
    macvtap sriov tuning ib-sriov host-local static whereabouts calico-ipam portmap bandwidth firewall sbr vrf
    passt-binding linux-bridge ovs-bridge ovs-interface ovs-port bond ethernet vxlan veth dummy infiniband mac-vlan
    ip-vlan AssumeNeededOnEveryNode http https grpc h2c ws wss kubernetes.io/h2c kubernetes.io/ws kubernetes.io/wss
    active-backup balance-rr 802.3ad ENABLED core balance-alb balance-tlb balance-xor broadcast test-always-fail
    NetworkCreated NetworkReady NetworkAllocationSucceeded Available Degraded Progressing Ignored Failing
    IPsAllocated EgressFirewallRulesApplied OnFailure Never
    """.split()
)
SHAPES: Final = re.compile(
    r"\d+|\d+(?:\.\d+)?%|[0-9a-f]{4}|\d+[KMGT]i?|v?\d+(?:\.\d+){1,3}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z|[A-Z][A-Za-z]+Gate"
)
"""Numbers, amounts, versions and times."""
GATE: Final = re.compile(r"[A-Z][A-Za-z0-9]+")

LABELS: Final = frozenset(("labels", "matchLabels", "selector", "nodeSelector", "addedNodeSelector", "labelsToApply"))
"""Fields that are mappings of labels."""
KEYED: Final = ("key", "sameLabels", "notSameLabels")
"""Fields that name the key of a label."""
SELECTORS: Final = frozenset(("selector", "notSelector", "namespaceSelector", "serviceAccountSelector"))
"""Fields that hold an expression of Calico where they hold a text."""
PORTS: Final = frozenset(("port", "ports", "notPorts", "targetPort", "namedPort", "destinationNamedPort"))
"""Fields that hold a port, by its number or its name."""
DROPPED: Final = frozenset(
    """
    description certificate caCertificate destinationCACertificate capture logFile
    logLevel message reason helmVersion
    """.split()
)
"""Fields whose contents nothing is decided by."""
PROTOCOLS: Final = frozenset("http http2 https grpc tcp udp sctp tls mongo redis mysql http_proxy".split())
"""What a port's name may begin with, and Istio reads."""

KEYS: Final = frozenset(
    """
    pod-template-hash controller-revision-hash pod-template-generation controller-uid job-name k8s-app app kubevirt.io
    istio-injection app.kubernetes.io/name statefulset.kubernetes.io/pod-name apps.kubernetes.io/pod-index
    batch.kubernetes.io/job-name batch.kubernetes.io/controller-uid batch.kubernetes.io/job-completion-index
    kubernetes.io/metadata.name kubernetes.io/service-name kubernetes.io/hostname kubernetes.io/os kubernetes.io/arch
    topology.kubernetes.io/zone topology.kubernetes.io/region endpointslice.kubernetes.io/managed-by
    node-role.kubernetes.io/control-plane node-role.kubernetes.io/master node-role.kubernetes.io/worker
    node-role.kubernetes.io/etcd node-role.kubernetes.io/infra mutatevirtualmachines.kubemacpool.io
    mutatepods.kubemacpool.io
    gateway.networking.k8s.io/gateway-name gateway.envoyproxy.io/owning-gateway-name gateway.istio.io/managed
    sidecar.istio.io/inject istio.io/rev istio.io/dataplane-mode istio.io/use-waypoint istio.io/waypoint-for
    istio.io/use-waypoint-namespace istio.io/gateway-name networking.istio.io/tunnel security.istio.io/tlsMode
    ingresscontroller.operator.openshift.io/deployment-ingresscontroller k8s.ovn.org/primary-user-defined-network
    projectcalico.org/namespace projectcalico.org/name projectcalico.org/orchestrator projectcalico.org/serviceaccount
    vm.kubevirt.io/name vmi.kubevirt.io/id kubevirt.io/nodeName kubevirt.io/created-by kubevirt.io/domain
    kubevirt.io/migrationJobUID kubevirt.io/vm io.kubernetes.pod.namespace io.cilium.k8s.policy.cluster
    io.cilium.k8s.policy.serviceaccount topology.istio.io/network network.kubevirt.io/addresses
    """.split()
)
"""Keys of labels that something is read from, and that every cluster has."""
DOMAINS: Final = ("kubernetes.io", "k8s.io", "istio.io", "kubevirt.io", "projectcalico.org", "cilium.io", "k8s.ovn.org")
"""Domains that stay in keys of labels, and of those below them `LEADS`."""
LEADS: Final = frozenset(
    """
    app apps batch beta topology topology.beta failure-domain.beta failure-domain node-role node statefulset
    endpointslice service service.beta networking security sidecar traffic gateway.networking vm vmi network policy
    """.split()
)
PREFIXES: Final = ("pcns.", "pcsa.", "io.cilium.k8s.namespace.labels.", "io.cilium.policy.cidrgroupname/")
"""What Calico and Cilium put before the keys of others' labels, and before the name of a group."""
METHODS: Final = frozenset("GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH".split())
BEGINNINGS: Final = ("io.kubernetes.", "io.cilium.k8s.", "annotation", "etcd_node")
"""Beginnings of keys by which Cilium leaves labels out."""
SOURCES: Final = frozenset(("k8s", "any", "reserved", "cidr", "cidrgroup", "fqdn", "container", "unspec"))

TEXT_NOTES: Final = frozenset(
    """
    k8s.ovn.org/primary-udn-ipamclaim ovn.kubernetes.io/ip_address ovn.kubernetes.io/ip_pool
    k8s.v1.cni.cncf.io/policy-for k8s.v1.cni.cncf.io/resourceName v1.multus-cni.io/default-network
    traffic.sidecar.istio.io/includeOutboundIPRanges traffic.sidecar.istio.io/excludeOutboundIPRanges
    traffic.sidecar.istio.io/includeInboundPorts traffic.sidecar.istio.io/excludeInboundPorts
    traffic.sidecar.istio.io/includeOutboundPorts traffic.sidecar.istio.io/excludeOutboundPorts
    service.beta.kubernetes.io/load-balancer-source-ranges kubernetes.io/ingress.class
    """.split()
)
"""Annotations that hold names, addresses or numbers between commas."""
TEMPLATES: Final = "inject.istio.io/templates"
"""Names of templates of proxies; whether one is of a gateway counts."""
WORD_NOTES: Final[dict[str, frozenset[str]]] = {
    "ambient.istio.io/redirection": frozenset(("enabled", "disabled")),
    "sidecar.istio.io/inject": frozenset(("true", "false", "yes", "no", "y", "n", "on", "off", "True", "False")),
    "sidecar.istio.io/interceptionMode": frozenset(("NONE", "REDIRECT", "TPROXY")),
    TEMPLATES: frozenset(("sidecar", "grpc-agent")),
    "istio.io/dry-run": frozenset(("1", "t", "T", "true", "TRUE", "True", "false", "False")),
    "route.openshift.io/allow-non-dns-compliant-host": frozenset(("true", "false")),
    "nginx.ingress.kubernetes.io/canary": frozenset(("true", "false")),
    "kubernetes.io/ingress.class": frozenset(name for one in PROJECTS.values() for name in one.classes),
    "ingressclass.kubernetes.io/is-default-class": frozenset(("true", "false")),
}
"""Annotations that are one of a few words."""
BALANCER_WORDS: Final = frozenset(
    "true false internal external intranet internet-facing private public nlb nlb-ip".split()
)
"""What annotations of load balancers say; of other values only that there is one."""
PRESENT_NOTES: Final = frozenset(
    ("sidecar.istio.io/status", "kubevirt.io/allow-pod-bridge-network-live-migration", "cloud.google.com/neg")
)
"""Annotations of which it counts that they are there."""
JSON_NOTES: Final = frozenset(
    """
    k8s.v1.cni.cncf.io/networks k8s.v1.cni.cncf.io/network-status k8s.v1.cni.cncf.io/networks-status
    k8s.ovn.org/pod-networks network.kubevirt.io/addresses cni.projectcalico.org/ipAddrs
    """.split()
)
"""Annotations that are JSON with names and addresses; the first may be a list of names too."""
OPEN_PORTS: Final = "k8s.ovn.org/open-default-ports"
CONTROLLERS: Final = frozenset(
    """
    traefik.io/gateway-controller konghq.com/kic-gateway-controller konghq.com/gateway-operator
    io.cilium/gateway-controller gateway.envoyproxy.io/gatewayclass-controller istio.io/gateway-controller
    istio.io/mesh-controller
    """.split()
)
INGRESS_CONTROLLERS: Final = sorted(
    (name for one in PROJECTS.values() for name in one.controllers), key=len, reverse=True
)
_MODULES: Final = (
    *("k8s.objects", "adminpolicy.objects", "cilium.objects", "calico.objects", "istio.objects", "gateway.objects"),
    *("kubevirt.objects", "multus.objects", "multus.cni", "ovn.objects", "nmstate.objects", "sriov.objects"),
    *("kubemacpool.objects", "openshift.objects"),
)
_MORE: Final = """
    advertisements targetVRF frrConfigurationSelector
    hostnames gateways services requestHeaderModifier responseHeaderModifier requestRedirect urlRewrite requestMirror
    backendRef extensionRef cors externalAuth plugins cniVersion httpGet tcpSocket interfaces ovn bridge-mappings
    localnet link-aggregation slaves base-iface mac-address trunk-tags id-range enable-native prefix-length address ip
    ips
    mac interface default ipam-claim-reference ip_addresses ip_address mac_address gateway_ips gateway_ip ipv4 ipv6
    enabled RANGE_START RANGE_END port ports min max tag vlan bridge dnsName
""".split()


@cache
def fields() -> frozenset[str]:
    """The names of fields that anything is read from: those of all decoded objects, and those inside open parts."""
    from importlib import import_module

    found = set(_MORE)
    for name in _MODULES:
        for one in vars(import_module(f"netwright.dialects.{name}")).values():
            if isinstance(one, type) and issubclass(one, msgspec.Struct):
                found.update(field.encode_name for field in msgspec.structs.fields(one))
    return frozenset(found - DROPPED)


@cache
def kinds() -> frozenset[str]:
    """The names of kinds that are listed."""
    from netwright.model.kind_lists import KINDS

    return frozenset(kind.name for kind in KINDS) | {"List", "ServiceEntry"}


@cache
def groups() -> frozenset[str]:
    """The API groups that are listed."""
    from netwright.model.kind_lists import KINDS

    return frozenset(kind.group for kind in KINDS) | {"core"}


def is_word(field: str, value: Any) -> bool:
    """Whether a text of a field is of the API's vocabulary.

    >>> is_word("protocol", "TCP"), is_word("protocol", "payments")
    (True, False)
    """
    if field == "kind":
        return value in kinds()
    if field == "group":
        return value in groups()
    if field == "apiVersion":
        return value.rpartition("/")[0] in groups()
    if field in ("featureGates", "disabledFeatureGates"):
        return GATE.fullmatch(value) is not None
    if field == "type" and value in _icmp_types():
        return True
    return value in WORDS or SHAPES.fullmatch(value) is not None


@cache
def _icmp_types() -> frozenset[str]:
    from netwright.dialects.cilium.objects import ICMP_TYPES

    return frozenset(name for names in ICMP_TYPES.values() for name in names)
