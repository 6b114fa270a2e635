"""NW31…: what is reachable from outside the cluster. NW32…: what goes past policy."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import ADMIT, DB, DENY, OUT, WEB, manifest, service

OUT_ONLY: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-egress, namespace: shop}
spec: {podSelector: {}, policyTypes: [Egress]}
"""
ADMIT_ALL: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: admit-all, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {}}, {ipBlock: {cidr: 0.0.0.0/0}}]
"""
LOGIN: Final = """\
apiVersion: v1
kind: Pod
metadata: {name: jump, namespace: shop, labels: {app: jump}}
spec: {containers: [{name: sshd, image: sshd, ports: [{name: ssh, containerPort: 22}]}]}
"""
HOST: Final = """\
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: shop, labels: {app: agent}}
spec: {hostNetwork: true, containers: [{name: agent, image: agent, ports: [{containerPort: 9100}]}]}
"""
AGENT: Final = """\
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: shop, labels: {app: agent}}
spec: {containers: [{name: agent, image: agent, ports: [{containerPort: 9100}]}]}
"""
AGENT_POLICY: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: agent, namespace: shop}
spec:
  podSelector: {matchLabels: {app: agent}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: web}}}]
      ports: [{port: 9100}]
"""
HOST_PORT: Final = """\
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: shop, labels: {app: agent}}
spec: {containers: [{name: agent, image: agent, ports: [{containerPort: 9100, hostPort: 9100}]}]}
"""

EXPOSURE: Final = (
    FindingCode(
        code="NW3101",
        severity="warning",
        title="a workload that outside reaches and no policy isolates",
        explanation=(
            "A Service of type LoadBalancer or NodePort, an external IP or an Ingress leads from outside the cluster "
            "to this workload, and no policy isolates it for ingress. What comes in is limited to the Service's ports "
            "and nothing else; inside the cluster everybody reaches all of its ports. Whether routers and firewalls "
            "before the cluster let the traffic pass is not in the input."
        ),
        help="add an ingress policy that admits the served port only, from where clients are",
        fails=manifest(WEB, OUT_ONLY, service("{type: LoadBalancer, selector: {app: web}, ports: [{port: 8080}]}")),
        passes=manifest(WEB, DENY, ADMIT, service("{type: LoadBalancer, selector: {app: web}, ports: [{port: 8080}]}")),
    ),
    FindingCode(
        code="NW3102",
        severity="warning",
        title="a Service with external IPs",
        explanation=(
            "Nodes lead packets for the addresses in `externalIPs` to the Service, whosever these are. Nothing "
            "verifies them, so whoever may create or change Services can take traffic that pods and nodes send to any "
            "address (CVE-2020-8554)."
        ),
        help="use a LoadBalancer or an Ingress, and forbid the field (admission plugin DenyServiceExternalIPs)",
        fails=manifest(
            WEB,
            DENY,
            ADMIT,
            service("{externalIPs: [198.51.100.7], selector: {app: web}, ports: [{port: 8080}]}"),
        ),
        passes=manifest(WEB, DENY, ADMIT, service("{selector: {app: web}, ports: [{port: 8080}]}")),
    ),
    FindingCode(
        code="NW3103",
        severity="error",
        title="a database or control port that the internet reaches",
        explanation=(
            "The Service leads from every address outside to a port on which a database, a cache or a part of the "
            "control plane listens by default. Nothing is said of load balancers that an annotation or their addresses "
            "make internal, of node ports where all nodes have private addresses only, and where source ranges or a "
            "policy admit some addresses only."
        ),
        help="make it a ClusterIP Service, or name who may come in `loadBalancerSourceRanges`",
        fails=manifest(
            DB,
            DENY,
            ADMIT_ALL,
            service("{type: LoadBalancer, selector: {app: db}, ports: [{port: 5432}]}", "db"),
        ),
        passes=manifest(DB, DENY, ADMIT_ALL, service("{selector: {app: db}, ports: [{port: 5432}]}", "db")),
    ),
    FindingCode(
        code="NW3105",
        severity="info",
        title="source ranges that node ports go round",
        explanation=(
            "`loadBalancerSourceRanges` hold for what comes in at the load balancer's address. The node ports that are "
            "allocated for it admit every source."
        ),
        help="set `allocateLoadBalancerNodePorts: false` where the load balancer does not need them",
        fails=manifest(
            WEB,
            DENY,
            ADMIT,
            service(
                "{type: LoadBalancer, loadBalancerSourceRanges: [198.51.100.0/24], selector: {app: web}, "
                "ports: [{port: 8080}]}"
            ),
        ),
        passes=manifest(
            WEB,
            DENY,
            ADMIT,
            service(
                "{type: LoadBalancer, allocateLoadBalancerNodePorts: false, "
                "loadBalancerSourceRanges: [198.51.100.0/24], selector: {app: web}, ports: [{port: 8080}]}"
            ),
        ),
    ),
    FindingCode(
        code="NW3106",
        severity="warning",
        title="a remote login port that the internet reaches",
        explanation=(
            "The Service leads from every address outside to a port of SSH, RDP, VNC or the like. That can be meant, "
            "as for a server of git repositories; every such port is tried by strangers within minutes. It is reported "
            "where NW3103 is."
        ),
        help="name who may come in `loadBalancerSourceRanges`, or use `kubectl port-forward`",
        fails=manifest(
            LOGIN,
            DENY,
            ADMIT_ALL,
            service("{type: LoadBalancer, selector: {app: jump}, ports: [{port: 22}]}", "jump"),
        ),
        passes=manifest(
            LOGIN,
            DENY,
            ADMIT_ALL,
            service(
                "{type: LoadBalancer, allocateLoadBalancerNodePorts: false, "
                "loadBalancerSourceRanges: [198.51.100.0/24], selector: {app: jump}, ports: [{port: 22}]}",
                "jump",
            ),
        ),
    ),
    FindingCode(
        code="NW3201",
        severity="warning",
        title="a policy that selects pods on their node's network",
        explanation=(
            "The policy's selector asks for labels that pods with `hostNetwork: true` have. How policies act on such "
            "pods is left undefined, and network plugins pass them over: their packets are the node's."
        ),
        help="leave `hostNetwork` out, or limit the node itself",
        fails=manifest(WEB, HOST, DENY, AGENT_POLICY),
        passes=manifest(WEB, AGENT, DENY, OUT, AGENT_POLICY),
    ),
    FindingCode(
        code="NW3202",
        severity="info",
        title="a port that a pod opens on its node",
        explanation=(
            "With `hostPort` the node hands on what arrives at this port of it. That goes past every Service, and "
            "whether the pod's policies see the client's address or the node's is the network plugin's choice."
        ),
        help="use a Service, or close the port at the nodes' firewall",
        fails=manifest(WEB, HOST_PORT, DENY, OUT, AGENT_POLICY),
        passes=manifest(WEB, AGENT, DENY, OUT, AGENT_POLICY),
    ),
    FindingCode(
        code="NW3203",
        severity="info",
        title="workloads on their node's network",
        explanation=(
            "With `hostNetwork: true` a pod has its node's addresses, and NetworkPolicies do not act on it. It accepts "
            "what the node accepts, and reaches whatever the node reaches. Workloads that a policy or a peer means by "
            "their labels are left out: NW3201 or NW2010 tells of them."
        ),
        help="leave `hostNetwork` out where the workload does not need it",
        fails=manifest(WEB, HOST, DENY),
        passes=manifest(WEB, AGENT, DENY),
    ),
)
