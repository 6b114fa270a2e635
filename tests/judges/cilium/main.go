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
