"""The words of netwright as data for `explain`. A term's text is two to four sentences.

Fields of the API follow the reference of Kubernetes 1.34, and their text names the type that has them.
The words of vSphere and NSX beside them are in `model.counterparts`.
"""

from __future__ import annotations

import msgspec

from netwright.model.machine_terms import MACHINE_WORDS


class Term(msgspec.Struct, frozen=True, kw_only=True):
    word: str
    text: str
    aliases: tuple[str, ...] = ()
    see: tuple[str, ...] = ()


def _t(word: str, text: str, *aliases: str, see: str = "") -> Term:
    return Term(word=word, text=text, aliases=aliases, see=tuple(s for s in see.split(", ") if s))


TERMS: tuple[Term, ...] = (
    _t(
        "endpoint",
        "Whatever has an address and can be an end of a connection: a pod, the launcher pod of a VM, a node, an "
        "address outside. It "
        "has one interface or several. `show endpoints` lists those of the input with what is known of their "
        "addresses.",
        see="interface, workload, identity",
    ),
    _t(
        "interface",
        "Where an endpoint is attached to a network, with its addresses. NetworkPolicy acts at a pod's interface "
        "on the primary "
        "network; a second interface (Multus, SR-IOV) is another one, and policies of the first do not reach it.",
        "nic",
        see="network, endpoint",
    ),
    _t(
        "network",
        "What interfaces share when a packet needs no router between them: the pod network, the nodes' own "
        "network, a secondary or "
        "user-defined network, a VLAN. Pods on different primary networks do not meet unless something joins the "
        "networks.",
        "pod network",
        "localnet",
        see="interface, NetworkAttachmentDefinition",
    ),
    _t(
        "identity",
        "All interfaces that no selector, address block or named port of the input tells apart. Rules treat them "
        "alike, so one answer holds "
        "for all of them: that is why a million pods can be asked about. It follows from the policies and changes "
        "with them.",
        see="endpoint, rule",
    ),
    _t(
        "workload",
        "What a person deploys and thinks of as one thing: a Deployment, StatefulSet, DaemonSet, Job, CronJob, a "
        "bare pod, a VM. Where "
        "the input holds its pods they fold under it; otherwise its template stands for them.",
        see="endpoint, reference",
    ),
    _t(
        "enforcer",
        "One engine that enforces policy somewhere on the path: the CNI, a mesh's proxy, a distributed firewall, a "
        "gateway firewall, a "
        "Service's source ranges. Enforcers do not overrule one another: each one on the path must permit the "
        "connection.",
        see="tier, profile",
    ),
    _t(
        "profile",
        "What is known about a CNI and its version as data: in which order its kinds of policy are read, where "
        "isolation stands, what is "
        "exempt, what its documentation leaves open. `--cni` chooses one; answers print the assumptions it makes.",
        "cni",
        see="cni:upstream, cni:cilium, enforcer",
    ),
    _t(
        "tier",
        "A list of rules inside an enforcer, read in the order of their ranks, with what happens on equal ranks "
        "and after the last rule. Tiers "
        "stack: a tier that does not decide passes to the next. NetworkPolicy is one tier.",
        see="rule, end, enforcer",
    ),
    _t(
        "rule",
        "One statement of a policy: where it acts, which peers and which ports it matches, and whether it allows, "
        "denies or passes on. A "
        "NetworkPolicy has only allow rules, numbered from 0 in each direction as they are written.",
        see="tier, end, guard",
    ),
    _t(
        "end",
        "What a tier does after its last rule for what no rule matched. The isolation of a NetworkPolicy is one: "
        "where a policy selects a pod in a "
        "direction, whatever no rule admits is denied. Which tier an end follows depends on the profile.",
        see="isolated, tier",
    ),
    _t(
        "guard",
        "A condition that is part of a rule's match (a DNS name, an HTTP request): where it fails, the next rule "
        "is read. As it cannot be "
        "settled from addresses and ports, the verdict is undecided and says on what it depends.",
        see="obligation, undecided",
    ),
    _t(
        "mesh",
        "Proxies that stand at both ends of connections between pods, prove to each other who they are, and enforce "
        "policies of their own. Istio's is an enforcer beside the CNI: each must permit.",
        "service mesh",
        see="sidecar, ambient mode, enforcer",
    ),
    _t(
        "sidecar",
        "The proxy of a mesh in a pod of its own workload. It takes the pod's TCP connections, in and out, and "
        "enforces policies about requests too.",
        see="mesh, ambient mode",
    ),
    _t(
        "ambient mode",
        "The way to be in Istio's mesh without a sidecar: a proxy on each node (ztunnel) takes the connections of its "
        "pods and leads them through a tunnel, of which the CNI sees TCP 15008 only. It knows addresses, ports and "
        "identities; requests are the affair of a waypoint.",
        "ztunnel",
        see="mesh, sidecar, NW2701",
    ),
    _t(
        "obligation",
        "What is owed after a rule has allowed (an HTTP rule of Cilium, authentication of a mesh): where it fails, "
        "the connection is "
        "denied and no other rule is read.",
        see="guard, verdict",
    ),
    _t(
        "verdict",
        "The answer for one connection: allow, deny or undecided. It holds for new connections; established ones "
        "live on connection "
        "tracking. Along a path allow needs every part to allow, and one deny is enough to deny.",
        "allow",
        "deny",
        "allowed",
        "denied",
        see="undecided, connection",
    ),
    _t(
        "undecided",
        "The input does not settle the verdict, and a guess would be worse. Why is said: unknown (something is "
        "missing, such as an "
        "address), ambiguous (the documents of the API leave it open), depends (on a name, a request, a proof).",
        "unknown",
        "ambiguous",
        "depends",
        see="verdict",
    ),
    _t(
        "isolated",
        "A pod is isolated in a direction as soon as one policy that acts in this direction selects it. From then "
        "on only what some rule "
        "admits may pass. A pod that no policy selects is open both ways: `show isolation` counts them.",
        "isolation",
        "default deny",
        see="end, NetworkPolicy",
    ),
    _t(
        "connection",
        "An ordered statement: from, to, protocol, ports. May A talk to B is another question than may B talk to "
        "A; replies need no "
        "rule of their own. Sets of ports print as `TCP 80,443,8000-8100; UDP 53`, everything as `all`.",
        "connections",
        see="verdict, reference",
    ),
    _t(
        "exposed",
        "Reachable from outside the cluster. It is a chain, and every link must hold: the Service's source ranges, "
        "the node and whether "
        "it hides the client's address, the ingress controller's pod, the policy of the pod behind. `show exposed` "
        "lists the ways in.",
        "exposure",
        "ingress path",
        see="connection, blast radius",
    ),
    _t(
        "blast radius",
        "What an intruder on one workload can reach, step by step: from there, from what it reached, and so on, "
        "over ports that are "
        "served. `reach --from REF --hops all` counts it and names the rules that cut it.",
        "hops",
        "hop",
        see="exposed, served port",
    ),
    _t(
        "served port",
        "A port that a container of the workload declares. Containers may listen on others, so `--any-port` counts "
        "all; but the declared "
        "ones are where something is known to answer.",
        see="blast radius",
    ),
    _t(
        "tenant",
        "A set of namespaces that belong together, by name or by label, and are asked about as one: may this "
        "tenant reach that one?",
        see="intent",
    ),
    _t(
        "finding",
        "Something about the network that its owner should know: a code that stays, a severity, the place, the "
        "effect, the help and "
        "the owner. Codes of findings about the input begin with NW10; `netwright check` lists all.",
        see="NW1007, intent, baseline",
    ),
    _t(
        "intent",
        "A statement that must hold: a `name`, one of `allow`, `deny`, `only` (each with `from`, `to`, `ports`) or "
        "`apart` (with `tenants`, a label of namespaces), a `reason` and a `severity`. `netwright check "
        "--intents FILE` proves it, shows it broken with the connection and the rule that break it, or says why it is "
        "undecided. `--write-intents FILE` starts a file from what holds today.",
        "intents",
        see="finding, verdict, netwright.yaml",
    ),
    _t(
        "netwright.yaml",
        "The configuration, read from the current folder or from `--config FILE`: `sources`, `cni`, `pod-cidr`, "
        "`kustomize`, `intents` (or files of them), `severities` (of codes: error, warning, info, ignore) and "
        "`accepted` (findings with `code`, `reason`, `expires`, and what else tells which). The command line "
        "overrules it.",
        "configuration",
        see="intent, finding, baseline",
    ),
    _t(
        "baseline",
        "What `netwright check -o json` wrote earlier. With `--baseline FILE` findings whose fingerprint is in it are "
        "known and do not count: an old repository can be gated on what is new. A fingerprint holds no line, and a "
        "file only where the finding is about the text itself. Findings are known in their own network, and one that "
        "is about more workloads than the known one is new.",
        "fingerprint",
        see="finding, netwright.yaml",
    ),
    _t(
        "snapshot",
        "The objects of one moment, kept by content. Rules and identities are worked out of it and never stored, "
        "so the same snapshot can be "
        "asked under another profile. A migration or a pull request is two snapshots.",
        see="flow, profile",
    ),
    _t(
        "flow",
        "A connection that was observed (by Hubble, a firewall, a router), with how often and when. It says what "
        "happens; a verdict says "
        "what may happen.",
        see="connection, snapshot",
    ),
    _t(
        "wave",
        "The VMs that move together in a migration, chosen so that what talks much stays together. After a wave "
        "the network is in a new "
        "state, and what holds in it is proved like anything else.",
        see="state, kept",
    ),
    _t(
        "state",
        "The network at one step of a migration: before, between two waves, after. Every state is a whole twin "
        "that can be asked every "
        "question.",
        see="wave, snapshot",
    ),
    _t(
        "kept",
        "Of an interface that moves: its IP address, its MAC address and its name each are kept, change, or cannot "
        "be kept, with the reason. "
        "Whatever is not known to be kept is not taken as kept.",
        see="interface, wave",
    ),
    _t(
        "advertisement",
        "An address range that a node or a load balancer tells its routers by BGP or ARP/NDP, so that packets for "
        "it arrive. A Service "
        "address that nobody advertises is reachable by nobody outside.",
        see="next hop, Service",
    ),
    _t(
        "next hop",
        "The neighbour a router hands a packet to. Several equal ones share the traffic; the share of each is counted.",
        see="share, advertisement",
    ),
    _t(
        "share",
        "How much of the traffic one of several equal-cost next hops gets (ECMP), by its hash over the "
        "connections. Few and large "
        "connections share badly.",
        "ecmp",
        see="next hop, tail",
    ),
    _t(
        "bus bandwidth",
        "What a collective operation of a training job gets of the links, scaled by its algorithm so that it can "
        "be compared with the "
        "link's own speed whatever the number of participants.",
        see="iteration, tail",
    ),
    _t(
        "iteration",
        "One step of a training job: computing, then exchanging. The slowest participant ends it, so one congested "
        "link is everybody's time.",
        see="tail, bus bandwidth",
    ),
    _t(
        "tail",
        "The slow end of a distribution: p99 is the time that 99 of 100 stay under. Fabrics are judged by it, not "
        "by the mean.",
        "p99",
        see="iteration, share",
    ),
    _t(
        "reference",
        "How an end is named: `shop/web` (a workload or pod), `deploy/shop/web`, `svc/shop/web` (always with "
        "svc/), `node/node-1`, "
        "`10.0.0.5`, `cidr/10.0.0.0/8`, `internet`. With a port: `shop/db:5432`, `svc/shop/web:http`, "
        "`[2001:db8::1]:443`.",
        "references",
        see="workload, Service, internet",
    ),
    _t(
        "internet",
        "All addresses outside the cluster that are not private, link-local, loopback or multicast; of IPv6 the "
        "global unicast block. "
        "Private addresses that are no pod, node or Service are asked as `cidr/…`.",
        see="reference, exposed",
    ),
    _t(
        "source",
        "Where the network is read from: files and folders of YAML or JSON, `-` for standard input, "
        "`git:REV:PATH`, archives, `snapshot:ID`. Every document of a source is "
        "accounted for: evaluated, irrelevant, not understood, invalid or unreadable (`show kinds`).",
        "sources",
        see="snapshot, undecided",
    ),
    _t(
        "direction",
        "A pod's connections come in two: ingress are those that it accepts, egress those that it begins. A "
        "policy isolates the pods it selects in one or both, and its `ingress` and `egress` rules admit in "
        "that one alone (`networking.k8s.io/v1` NetworkPolicySpec). A connection needs its sender's egress "
        "and its receiver's ingress. The kind Ingress is something else: hosts and paths of HTTP.",
        "egress",
        "ingress",
        "outgoing",
        "incoming",
        see="isolated, policyTypes",
    ),
    _t(
        "policyTypes",
        "The directions in which a policy isolates the pods it selects: Ingress, Egress or both. Where the "
        "field is absent it is Ingress, and Egress too if there are egress rules (`networking.k8s.io/v1` "
        "NetworkPolicySpec).",
        see="direction, isolated",
    ),
    _t(
        "podSelector",
        "Labels that pods must have. At the top of a policy's spec it chooses whom the policy isolates, in "
        "its own namespace; in a `from` or `to` it chooses whom the rule admits, of that namespace or of "
        "those that a namespaceSelector beside it names. An empty one matches every pod "
        "(`networking.k8s.io/v1` NetworkPolicySpec, NetworkPolicyPeer).",
        "selector",
        see="namespaceSelector, rule",
    ),
    _t(
        "namespaceSelector",
        "Labels that a namespace must have, in a `from` or `to`. Alone it admits all pods of those "
        "namespaces; in one item with a podSelector both must match, as two items either will do "
        "(`networking.k8s.io/v1` NetworkPolicyPeer). An empty one matches every namespace.",
        see="podSelector, Namespace",
    ),
    _t(
        "ipBlock",
        "A range of addresses in a `from` or `to`, less the ranges under its `except` (`networking.k8s.io/v1` "
        "IPBlock). It is matched with the address that the packet has when policy sees it: behind a load "
        "balancer that may be a node's. Pods have addresses too, and where theirs are not known, `--pod-cidr` "
        "narrows them.",
        "except",
        "cidr",
        see="undecided, internet",
    ),
    _t(
        "named port",
        "A port that a rule or Service gives by the name a container has for it. It is looked up on each "
        "destination pod, so one name can be different numbers on different pods, and on a pod without that "
        "name it matches nothing (`networking.k8s.io/v1` NetworkPolicyPort).",
        "named ports",
        "port name",
        see="served port, targetPort",
    ),
    _t(
        "endPort",
        "The last port of a range that begins with `port`, both included (`networking.k8s.io/v1` "
        "NetworkPolicyPort). The first must be a number then, not a name. Without it a rule means one port.",
        see="rule, named port",
    ),
    _t(
        "targetPort",
        "The port of the pod that a Service's `port` leads to, a number or the name of a container's port "
        "(`v1` ServicePort). Policies see this one and never the Service's own: a rule for the Service's port "
        "admits nothing where the two differ.",
        "target port",
        see="backend, named port, Service",
    ),
    _t(
        "nodePort",
        "The port on every node that leads into a Service of type NodePort or LoadBalancer (`v1` "
        "ServicePort). It is taken as reachable from outside, because routing is not in the input, and an "
        "answer that rests on it says so.",
        "node port",
        see="way, exposed, Service",
    ),
    _t(
        "source ranges",
        "The client addresses that a load balancer lets through: `loadBalancerSourceRanges` (`v1` "
        "ServiceSpec). Each way in through a load balancer begins with them, before any policy is asked. None "
        "listed admits every client.",
        "loadBalancerSourceRanges",
        see="way, exposed, enforcer",
    ),
    _t(
        "externalTrafficPolicy",
        "Whether a node hands a connection from outside on to pods of other nodes (Cluster) or to its own only (Local) "
        "(`v1` ServiceSpec). With Cluster the pod may see the node's address in place of the client's, so an ipBlock "
        "for the client need not match; with Local it sees the client's. With Cluster kube-proxy hides clients in the "
        "cluster too, at external addresses, and others do not.",
        see="way, ipBlock, Service",
    ),
    _t(
        "hostNetwork",
        "A pod with `hostNetwork: true` uses its node's network and addresses (`v1` PodSpec). It is taken as "
        "its node: no NetworkPolicy acts on it and no podSelector matches it. Kubernetes leaves this "
        "undefined; the profile lists what it assumes.",
        "host network",
        "host",
        see="own node, assumption, Node",
    ),
    _t(
        "hostPort",
        "A port of a container that its node takes too, at the node's addresses (`v1` ContainerPort): who reaches the "
        "node at this port reaches the pod, past every Service and its source ranges. `show exposed` has each as a way "
        "in. What the pod's policies refuse to clients outside is undecided there: whether they see the client's "
        "address or the node's is the network plugin's choice. NW3202 tells each.",
        "host port",
        see="hostNetwork, way, externalTrafficPolicy",
    ),
    _t(
        "own node",
        "The node a pod runs on. The two always reach each other, whatever policies say. Manifests do not say "
        "where a pod will run, so between a pod and any one node the verdict can be undecided; a dump with "
        "pods settles it.",
        "perhaps own node",
        see="hostNetwork, undecided, Node",
    ),
    _t(
        "self",
        "A pod and its own address. A pod always reaches itself, so this is no question of policy and no "
        "connection in `reach`. Two pods of one workload are not the same pod, and policies count between "
        "them.",
        see="own node, workload",
    ),
    _t(
        "some",
        "Of the packets that a question stands for, certain ones may pass and others may not, each surely. It "
        "comes from several pods, backends, ports or addresses at one end. JSON then has `allow` with "
        "`groups` `some`, and `when` where it says for whom; the exit code is 1, as something is denied.",
        "groups",
        "partly",
        see="verdict, when, exit codes",
    ),
    _t(
        "open",
        "Not closed for certain, in the sense of its place. In `why`, OPEN marks a side that may admit or "
        "not, and the line `open` says what is not known. In `show exposed`, `! OPEN` is a way in that all of "
        "the internet may take, `? OPEN` one that perhaps may be. In `show isolation` it counts workloads of "
        "which only some pods are isolated, or perhaps.",
        see="undecided, isolated, exposed",
    ),
    _t(
        "nearest",
        "Of the rules that do not admit a packet, the one that lacks least to do so, with what differs: a "
        "label, a port, an address, a protocol. It is often the rule that was meant to. `why` shows one a "
        "direction where the verdict is deny.",
        "nearest rule",
        "differs",
        see="rule, change",
    ),
    _t(
        "change",
        "An edit that would turn a verdict round, listed by `why` under what it does besides. Each one is "
        "made on a copy of the model and asked again there; what it opens and closes is the difference over "
        "all pairs. Files are never written.",
        "changes",
        "opens",
        "closes",
        "edits",
        see="nearest, verdict",
    ),
    _t(
        "way",
        "One path from outside to a pod: a load balancer, a node port or an external IP of a Service, an Ingress, a "
        "route of the Gateway API or of OpenShift, a hostPort, the network of its node. It is a chain of steps, each "
        "with its own verdict, and as open as its tightest step. What routers and clouds lead to the addresses of pods "
        "themselves is not in manifests.",
        "ways",
        "way in",
        "chain",
        "via",
        see="exposed, backend, source ranges",
    ),
    _t(
        "when",
        "The conditions under which an allow holds, and for whom. A program that does not look at `when` must "
        "take an allow with conditions for undecided. `[]` says that there are none.",
        "condition",
        "conditions",
        see="some, verdict, guard",
    ),
    _t(
        "backend",
        "Where a Service or an Ingress leads: a pod and its target port, or an address of an EndpointSlice. "
        "Policies act at the backend, after the Service is translated. A Service without any leads nowhere, "
        "and `show services` says what it lacks.",
        "backends",
        "leads to",
        "translation",
        see="targetPort, way, Service",
    ),
    _t(
        "covered",
        "The share of directions that are isolated, of two for each workload; workloads on hostNetwork are "
        "not counted. 100 % says that everything that passes is admitted by a rule, not that the rules are "
        "narrow.",
        "coverage",
        see="isolated, hostNetwork",
    ),
    _t(
        "owner",
        "Who answers for a line of policy: by the repository's CODEOWNERS file, else by an annotation of the "
        "object such as `app.kubernetes.io/owner`. Shown in brackets behind a place. Of a pod it is another "
        "thing: the workload whose ownerReferences lead to it (`meta/v1` ObjectMeta).",
        "owners",
        "CODEOWNERS",
        see="workload, finding",
    ),
    _t(
        "assumption",
        "What was taken for so because neither the input nor the API's documents say it: that an ipBlock "
        "matches pod addresses too, that the cluster is IPv4. It comes from the profile or from the input, "
        "and JSON lists all under `assumptions`.",
        "assumptions",
        see="profile, undecided",
    ),
    _t(
        "account",
        "What became of each document of the input: evaluated, irrelevant (known not to touch the network), "
        "not understood (unread, in no list, or no object), invalid (the API server would reject it) or "
        "unreadable (no YAML, or a template). The five numbers add up, and `show kinds` lists them.",
        "evaluated",
        "irrelevant",
        "invalid",
        "unreadable",
        "not understood",
        "documents",
        see="unread, source, exit codes",
    ),
    _t(
        "unread",
        "A kind that acts on the network and is not evaluated yet, such as Linkerd's Server. Verdicts that "
        "an object of it could change are undecided, in its direction of effect and its namespace; all others "
        "stand. `explain` on the kind says what it could change.",
        "not read",
        see="account, NW1008, undecided",
    ),
    _t(
        "judged",
        "How many packets of a `why` were also put to the reference evaluator, a second program that shares "
        "no code with the engine for it. Where the two differ there is no verdict, and the exit code is 70.",
        "judges",
        "two judges",
        "reference evaluator",
        see="verdict, exit codes",
    ),
    _t(
        "exit codes",
        "0 yes, or answered · 1 the answer is no · 2 wrong use · 3 input unreadable or partly read · 4 undecided · "
        "70 our bug. The first "
        "that applies of 70, 2, 3, 1, 4, 0 counts; JSON carries all reasons in `exit_reasons`.",
        "exit code",
        "exit",
        see="verdict",
    ),
    _t(
        "entity",
        "A word of Cilium's policies for peers that have no labels: `world` (outside the cluster), `host` (the pod's "
        "own node), `remote-node`, `cluster`, `kube-apiserver`, `all` (`cilium.io/v2` EgressRule). Which address the "
        "API server has is not in the input, so `kube-apiserver` leaves nodes and outside addresses open.",
        "entities",
        "fromEntities",
        "toEntities",
        see="CiliumNetworkPolicy, hostNetwork",
    ),
    _t(
        "deny rule",
        "A rule that forbids whatever others allow: `ingressDeny` and `egressDeny` of Cilium's policies "
        "(`cilium.io/v2` Rule), `Deny` of a ClusterNetworkPolicy. A NetworkPolicy has none: what it does not admit is "
        "denied because it isolates.",
        "ingressDeny",
        "egressDeny",
        see="rule, tier, isolated",
    ),
    _t(
        "enableDefaultDeny",
        "Whether a rule of Cilium isolates the pods it selects, for each direction (`cilium.io/v2` Rule). It does "
        "unless this says `false`; then it allows or denies what it names and leaves the rest as it is.",
        see="isolated, CiliumNetworkPolicy",
    ),
    _t(
        "residue",
        "What `convert` cannot say of a rule in the new language, or says for the input alone: told by rule, with what "
        "each choice would open or close. `narrow` leaves it out, `widen` lets it match more. A rule of which nothing "
        "is said is refused: it stays as it is, or is left out where its CNI is left.",
        "narrow",
        "widen",
        see="made up, rule",
    ),
    _t(
        "made up",
        "Of a pod in the answer of `convert`: it is not in the input and stands for those that a selector would "
        "select, so that a rule for pods that are not there is compared on one. Its name begins with `made-up-`.",
        see="residue, selector",
    ),
    _t(
        "match mode",
        "What address ranges match under Cilium besides addresses outside: `policy-cidr-match-mode` in "
        "`cilium-config`, absent, `pods`, `nodes` or both. A range then means the pods or nodes that have an address "
        "in it, whichever address a packet uses. `--cni cilium:policy-cidr-match-mode=pods` says it.",
        "policy-cidr-match-mode",
        see="ipBlock, cni:cilium",
    ),
    _t(
        "enforcement mode",
        "For whom Cilium enforces policy: `enable-policy` in `cilium-config`. `default`: for pods that a "
        "policy selects; `always`: for all, so that a pod without policy is isolated; `never`: for none. "
        "`--cni cilium:enable-policy=always` says it.",
        "enable-policy",
        see="isolated, cni:cilium",
    ),
    *(Term(word=word, text=text, aliases=aliases, see=see) for word, text, aliases, see in MACHINE_WORDS),
)
