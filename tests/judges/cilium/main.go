// A judge for Cilium policies: what Cilium's own policy engine, module github.com/cilium/cilium at v1.20.2, says of flows
// between given endpoints under given raw policy objects. It shares no code with netwright. One process judges any number of
// clusters: a JSON object a line on standard input, an answer a line on standard output, in order.
//
// # A question
//
//	{"id": any,
//	 "config": {"policyCIDRMatchMode": ["pods", "nodes"],     default []
//	            "enableClusterNetworkPolicy": true,           default true: false leaves those objects unread
//	            "enforcement": "default|always|never",        enable-policy
//	            "allowLocalhost": "auto|always|policy",       auto means always, as under Kubernetes
//	            "ipFamilies": ["IPv4", "IPv6"],               default both; decides between world and world-ipv4, world-ipv6
//	            "hostFirewall": false,                        enable-host-firewall: makes the host an endpoint with a policy
//	            "nodeSelectorLabels": false},                 enable-node-selector-labels: fromNodes, toNodes, egress.to.nodes
//	 "namespaces": [{"name", "labels"}],
//	 "endpoints": [{"name", "namespace", "labels", "serviceAccount", "addresses": [one a family],
//	                "ports": [{"name", "protocol", "number"}]}],
//	 "nodes": [{"name", "labels", "addresses": [...], "local": bool}],   optional
//	 "policies": [objects as the API server gives them: NetworkPolicy, CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy,
//	              ClusterNetworkPolicy (v1alpha2), CiliumCIDRGroup],
//	 "queries": [{"from": PLACE, "to": PLACE, "protocol": "TCP|UDP|SCTP", "port": n},
//	             {"from": PLACE, "to": PLACE, "protocol": "ICMP|ICMPv6", "icmp": {"type": n, "code": n}}],
//	 "mapStates": false}
//
// A PLACE is {"endpoint": "namespace/name"}, {"address": "192.0.2.1"} (a pod's address is the pod), {"node": name}, or
// {"entity": E}: host (the node of the endpoint at the other end), remote-node, kube-apiserver (one that runs on a node),
// world (with both families: world-ipv4), world-ipv4, world-ipv6, health, ingress, init, unmanaged. Endpoints want all labels
// that the API server has, a serviceAccount included, and namespaces theirs. Named ports are those of containers.
//
// # An answer
//
//	{"id": the question's,
//	 "verdicts": [{"egress": "allow|deny|n/a|error", "ingress": the same, "verdict": the same}],   in the order of the queries
//	 "errors": [{"policy" | "endpoint" | "query": index | none of them, "error": text}],
//	 "unjudged": [{"policy": text, "features": [...]}],
//	 "mapStates": [{"endpoint", "ingress", "egress", "total"}]}                                    if they were asked for
//
// A side is n/a where Cilium has no endpoint whose policy it computes: addresses, entities, nodes, and the host without the
// host firewall. A flow is denied if a side denies it, n/a if both are. Errors name a policy that Cilium's parser does not take
// (it does not count then, as in the agent), an endpoint whose policy Cilium cannot compute (its sides are "error"; an agent
// would keep the policy it had), or a query or cluster that the judge does not understand. mapStates are the numbers of entries
// in the policy map of the endpoint, EndpointPolicy.Len(); what an L7 proxy port is worth there does not change them.
//
// # What is Cilium's and what is not
//
// Objects are decoded into Cilium's own types and go through k8s.ParseNetworkPolicy (pkg/k8s/network_policy.go),
// k8s.ParseClusterNetworkPolicy (pkg/k8s/cluster_network_policy.go), CiliumNetworkPolicy.Parse and
// CiliumClusterwideNetworkPolicy.Parse (pkg/k8s/apis/cilium.io/v2/cnp_types.go, ccnp_types.go) and
// utils.RulesToPolicyEntries (pkg/policy/utils/parserules.go) into a policy.Repository (pkg/policy/repository.go, rules.go,
// rule.go, l4.go, selectorcache.go, types/selector.go). Nothing validates before: CRD schemas, their defaults and the API
// server's are not applied. Verdicts are what policy.LookupFlow (pkg/policy/lookup.go) computes: ComputeSelectorPolicy,
// DistillPolicy and EndpointPolicy.Lookup (pkg/policy/resolve.go, mapstate.go, aggregate.go). The judge takes these three steps
// itself, because LookupFlow knows no ICMP type 0, resolves named ports of TCP and UDP only, and computes both policies anew for
// every flow.
//
// Labels of pods come from k8s.GetPodMetadata, k8s.NamedPortsIdentityLabels (pkg/k8s/labels.go) and the default
// labelsfilter.Filter (pkg/labelsfilter/filter.go). Identities of addresses come from Cilium's ipcache (pkg/ipcache/metadata.go:
// labels of covering prefixes, world, nodes), told of the prefixes that policy.GetCIDRPrefixes finds. Numbers of identities come
// from the allocator of Cilium's tests (pkg/testutils/identity/allocator.go), which keeps the agent's scopes.
//
// Done by hand, since Cilium does not export it: the labels of CIDR groups (policyWatcher.cidrsAndLabelsForCIDRGroup,
// pkg/policy/k8s/cilium_cidr_group.go), of nodes (manager.nodeIdentityLabels, pkg/node/manager/manager.go) and of pods by their
// addresses in match mode pods (Endpoint.computeCIDRLabelsRLocked, pkg/endpoint/endpoint.go); the ports of an endpoint
// (Endpoint.GetIngressNamedPort, pkg/endpoint/policy.go); which label the rules of a policy are added under
// (pkg/policy/k8s/watcher.go).
//
// # Options
//
// Set once, process-wide: cluster-name default (with policy-default-local-cluster, Cilium's default, so selectors of peers mean
// this cluster), enable-icmp-rules, enable-non-default-deny-policies, enable-l7-proxy, enable-sctp; default label filters; no
// node labels filtered; no well-known identities. Set for each question: those of "config". All others are Cilium's defaults.
//
// # Not judged
//
// The engine only: no service translation, no routing, no tunnels, no connection tracking (each flow is the first packet of a
// connection). toServices, toFQDNs, domainNames and groups of a cloud select nothing, because nothing resolves them here. L7
// rules and required authentication are not carried out: what they let pass to the proxy or after a handshake is "allow". Policies
// with any of these are listed under "unjudged". TLS secrets are empty. An ICMP code has no part in Cilium's policies. A pod's
// flow to itself is judged as any other, although it never leaves the pod. Endpoints without an address have none: in match mode
// pods, no CIDR selects them.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy/api"
)

// clusterName is Cilium's default for the option cluster-name; the value of io.cilium.k8s.policy.cluster.
const clusterName = "default"

// A question is one line of the input: a cluster and what is asked of it.
type question struct {
	ID         json.RawMessage   `json:"id"`
	Config     config            `json:"config"`
	Namespaces []namespace       `json:"namespaces"`
	Endpoints  []endpoint        `json:"endpoints"`
	Nodes      []node            `json:"nodes"`
	Policies   []json.RawMessage `json:"policies"`
	Queries    []query           `json:"queries"`
	MapStates  bool              `json:"mapStates"`
}

type config struct {
	PolicyCIDRMatchMode        []string `json:"policyCIDRMatchMode"`
	EnableClusterNetworkPolicy *bool    `json:"enableClusterNetworkPolicy"`
	Enforcement                string   `json:"enforcement"`
	AllowLocalhost             string   `json:"allowLocalhost"`
	IPFamilies                 []string `json:"ipFamilies"`
	HostFirewall               bool     `json:"hostFirewall"`
	NodeSelectorLabels         bool     `json:"nodeSelectorLabels"`
}

type namespace struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels"`
}

// GetName and GetLabels are what k8s.GetPodMetadata asks of a namespace.
func (n namespace) GetName() string              { return n.Name }
func (n namespace) GetLabels() map[string]string { return n.Labels }

type endpoint struct {
	Name           string            `json:"name"`
	Namespace      string            `json:"namespace"`
	Labels         map[string]string `json:"labels"`
	Ports          []port            `json:"ports"`
	Addresses      []string          `json:"addresses"`
	ServiceAccount string            `json:"serviceAccount"`
}

type port struct {
	Name     string `json:"name"`
	Protocol string `json:"protocol"`
	Number   int32  `json:"number"`
}

type node struct {
	Name      string            `json:"name"`
	Labels    map[string]string `json:"labels"`
	Addresses []string          `json:"addresses"`
	Local     bool              `json:"local"`
}

type query struct {
	From     place  `json:"from"`
	To       place  `json:"to"`
	Protocol string `json:"protocol"`
	Port     uint16 `json:"port"`
	ICMP     *struct {
		Type uint8 `json:"type"`
		Code uint8 `json:"code"`
	} `json:"icmp"`
}

type place struct {
	Endpoint string `json:"endpoint"`
	Entity   string `json:"entity"`
	Address  string `json:"address"`
	Node     string `json:"node"`
}

// An answer is one line of the output.
type answer struct {
	ID        json.RawMessage `json:"id"`
	Verdicts  []verdict       `json:"verdicts"`
	Errors    []failure       `json:"errors"`
	Unjudged  []unjudged      `json:"unjudged"`
	MapStates []mapState      `json:"mapStates,omitempty"`
}

type verdict struct {
	Egress  string `json:"egress"`
	Ingress string `json:"ingress"`
	Verdict string `json:"verdict"`
}

// A failure names the policy that Cilium does not take, the endpoint whose policy it cannot compute, or the query or part
// of the cluster that the judge does not understand.
type failure struct {
	Policy   string `json:"policy,omitempty"`
	Endpoint string `json:"endpoint,omitempty"`
	Query    *int   `json:"query,omitempty"`
	Error    string `json:"error"`
}

// unjudged names what a policy uses and the judge does not carry out.
type unjudged struct {
	Policy   string   `json:"policy"`
	Features []string `json:"features"`
}

type mapState struct {
	Endpoint string `json:"endpoint"`
	Ingress  int    `json:"ingress"`
	Egress   int    `json:"egress"`
	Total    int    `json:"total"`
}

// prepare sets what daemon/cmd sets once at the start of an agent.
func prepare(logger *slog.Logger) error {
	option.Config.ClusterName = clusterName
	option.Config.EnableICMPRules = true
	option.Config.EnableNonDefaultDenyPolicies = true
	option.Config.EnableL7Proxy = true
	option.Config.EnableSCTP = true
	api.InitEntities(clusterName)
	return labelsfilter.ParseLabelPrefixCfg(logger, nil, nil, "")
}

func run(in io.Reader, out io.Writer) error {
	logger := slog.New(slog.DiscardHandler)
	if err := prepare(logger); err != nil {
		return err
	}
	lines := bufio.NewReaderSize(in, 1<<20)
	writer := bufio.NewWriter(out)
	encoder := json.NewEncoder(writer)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 1 {
			var asked question
			if err := json.Unmarshal(line, &asked); err != nil {
				return fmt.Errorf("not a question: %w", err)
			}
			if err := encoder.Encode(judge(logger, &asked)); err != nil {
				return err
			}
			if err := writer.Flush(); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
