"""Why verdicts are open: the reasons that several policy languages share, and those of one."""

from __future__ import annotations

from collections.abc import Sequence

from netwright.spec.judgement import Reason

POD_ADDRESS = Reason(
    kind="unknown",
    text="the pod's address is not known and a block of addresses covers only some it may have (`--pod-cidr` narrows"
    " them)",
)
HOST_ADDRESS = Reason(
    kind="unknown",
    text="which address the node uses is not known and a block of addresses covers only some of those it may have",
)
LABEL = Reason(
    kind="unknown",
    text="a policy compares a label that a controller gives to pods and whose value is not in the input",
)
NAMESPACE = Reason(
    kind="unknown",
    text="a policy compares labels of a namespace that is not in the input",
)
NODE = Reason(
    kind="unknown",
    text="a policy selects nodes by their labels, and which node this is, or what labels it has, is not in the input",
)
PROTOCOL = Reason(
    kind="ambiguous",
    text="NetworkPolicy leaves open what becomes of protocols other than TCP, UDP and SCTP at an isolated pod",
)
TIE = Reason(
    kind="ambiguous",
    text="policies of one tier and one priority disagree: which of them is applied is the implementation's choice",
)
NAMES_NOT_ACCEPTED = Reason(
    kind="ambiguous",
    text="a rule that does not accept has domain names, which are supported in rules that accept alone: what it does is"
    " the implementation's choice",
)
HAIRPIN = Reason(
    kind="ambiguous",
    text="a Service leads the pod to itself: what comes of that, and under which address, is the plugin's choice",
)
OWN_NODE = Reason(
    kind="unknown",
    text="a pod and its own node always reach each other, and whether this is its own node is not known",
)
EITHER_NODE = Reason(
    kind="unknown",
    text="policies tell a pod's own node from others, and whether this is its own node is not known",
)
API_SERVER = Reason(
    kind="unknown",
    text="a policy is about the API server of Kubernetes, and which addresses that has is not in the input",
)
CLOUD = Reason(
    kind="unknown",
    text="a policy is about security groups of a cloud, and which addresses these have is not in the input",
)
HTTP = Reason(kind="depends", text="of the HTTP requests, a policy allows only those that its rules describe")
DNS = Reason(kind="depends", text="of the DNS queries, a policy allows only those for names that its rules list")
TLS = Reason(
    kind="depends", text="a policy allows only what its rules for TLS let pass, by server names or certificates"
)
LISTENER = Reason(kind="depends", text="a policy sends what it allows to a listener of Envoy, which decides")
AUTHENTICATION = Reason(kind="depends", text="a policy allows only ends that have authenticated each other")
SERVICE_ACCOUNT = Reason(
    kind="unknown",
    text="a policy compares labels of a service account that is not in the input",
)
SOURCE_PORT = Reason(kind="depends", text="a rule is for some source ports, and which one the client uses is open")
HTTP_MATCH = Reason(kind="depends", text="a rule allows only the HTTP requests that it describes; others go on")
TIER = Reason(
    kind="unknown",
    text="a policy stands in a tier that is not in the input, so that its place and its default action are not known",
)
HOST_ENDPOINT = Reason(
    kind="depends",
    text="a HostEndpoint is on the node, and what Calico's policies do to traffic of hosts is not judged",
)
HOST_RULES = Reason(
    kind="depends",
    text="`defaultEndpointToHostAction` is Return: the rules of the host itself decide about its own pods",
)
HOST_FIREWALL = Reason(
    kind="depends",
    text="a policy selects nodes, and whether it is applied is for Cilium's host firewall, which is off by default",
)
OFF_POD_NETWORK = Reason(
    kind="unknown",
    text="a machine has no interface on the pod network, and what its other networks carry is not evaluated",
)
PLUGIN_PORTS = Reason(
    kind="unknown", text="what a binding of a plugin does with ports that its interface does not list is not known"
)
PRIMARY = Reason(
    kind="unknown",
    text="which network is the primary one of a pod's namespace is not in the input, or there are several that may be",
)
KUBELET = Reason(
    kind="depends",
    text="of the node's processes the kubelet alone reaches a pod whose primary network is user-defined",
)
NODE_LED = Reason(
    kind="ambiguous",
    text="how processes of a node are led to Services of a user-defined network is not said",
)
SELECTED = Reason(
    kind="unknown",
    text="whether a ClusterNetworkConnect selects both networks hangs on labels of namespaces that are not in the"
    " input",
)
NOT_SUPPORTED = Reason(
    kind="ambiguous",
    text="a ClusterNetworkConnect selects networks whose ranges overlap, or that have no family or transport in common"
    " with it: that is not supported, and what becomes of it is not said",
)
MASQUERADED = Reason(
    kind="unknown",
    text="what a pod of a user-defined network sends to a Service of the default network shows an address that is not"
    " in the input",
)
CABLES = Reason(
    kind="unknown",
    text="whether the bridge has a cable on each node is not in the input, and attachments that share it meet on one"
    " node alone without",
)
UNENFORCED = Reason(
    kind="unknown",
    text="whether anything enforces a MultiNetworkPolicy on interfaces of this plugin is a setting that is not in the"
    " input",
)


PROOF = Reason(
    kind="unknown",
    text="a policy of the mesh asks who the client is, and whether the client proves that here is not in the input",
)
REMOTE_ADDRESS = Reason(
    kind="depends",
    text="a policy of the mesh asks for the client's address behind proxies, which a request says in a header",
)
SERVER_NAME = Reason(
    kind="depends", text="a policy of the mesh asks for the server name that the client says in its TLS handshake"
)
NAME_RESOLVER = Reason(
    kind="unknown",
    text="the firewall has a name with a wildcard, and is applied only where DNSNameResolver is on",
)
UNMASKED = Reason(
    kind="unknown", text="a range of the firewall has bits behind its prefix length, and OVN refuses such a match"
)
HOST_OF_OVN = Reason(
    kind="unknown",
    text="which addresses of OVN-Kubernetes' own, or of hostNetwork pods, the node shows is not in the input",
)
SNIFFED = Reason(
    kind="depends",
    text="no Service declares what the port carries, and the proxy reads it as HTTP or as TCP by what is sent",
)
PEER_TIE = Reason(
    kind="ambiguous",
    text="several PeerAuthentications are for the workload, the oldest of them holds, and their age is not read",
)
HANDED_ON = Reason(
    kind="ambiguous",
    text="Istio's documents and its control plane differ on what a PeerAuthentication of these modes is for ztunnel",
)
GATEWAY = Reason(kind="unknown", text="the destination is a gateway of the mesh, whose listeners are not evaluated")
NOT_INTERCEPTED = Reason(
    kind="unknown", text="the destination's proxy catches no connections, and which it listens for is not evaluated"
)
WAYPOINT = Reason(kind="unknown", text="what goes to the destination passes a waypoint, which is not evaluated")
NODE_OF_AMBIENT = Reason(
    kind="unknown",
    text="ztunnel lets connections of a pod's own node by, and whether this is its own node is not known",
)
MEMBERSHIP = Reason(
    kind="unknown",
    text="whether the destination is in the mesh is not in the input (`--cni PROFILE:mesh=` says it)",
)
TUNNEL = Reason(
    kind="unknown", text="whether the connection goes through the mesh's tunnel, to another port, is not in the input"
)


def extension(name: str) -> Reason:
    """That the extension of this name is asked."""
    return Reason(kind="depends", text=f"the extension `{name}` of the mesh decides")


def request(attributes: Sequence[str]) -> Reason:
    """That it hangs on what is asked for, and how."""
    listed = ", ".join(f"`{name}`" for name in attributes)
    return Reason(kind="depends", text=f"a policy of the mesh is about requests: their {listed}")


def domain(names: Sequence[str]) -> Reason:
    """That it hangs on what the names stand for when the packet is sent."""
    listed = ", ".join(f"`{name}`" for name in names)
    return Reason(kind="depends", text=f"a policy accepts the addresses of {listed}, and DNS says which these are")
