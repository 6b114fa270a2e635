package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"

	"github.com/cilium/cilium/pkg/crypto/certificatemanager"
	envoypolicy "github.com/cilium/cilium/pkg/envoy/policy"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	"github.com/cilium/cilium/pkg/ipcache"
	ipcacheTypes "github.com/cilium/cilium/pkg/ipcache/types"
	"github.com/cilium/cilium/pkg/k8s"
	cilium_v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	slim_corev1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	slim_metav1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	testidentity "github.com/cilium/cilium/pkg/testutils/identity"
	ciliumTypes "github.com/cilium/cilium/pkg/types"
)

// A pod is an endpoint with what the agent derives of it.
type pod struct {
	identity *identity.Identity
	ports    ciliumTypes.NamedPortMap
}

// A cluster is one question's world: identities, addresses, rules.
type cluster struct {
	logger    *slog.Logger
	failures  []failure
	allocator *testidentity.MockIdentityAllocator
	ipc       *ipcache.IPCache
	close     context.CancelFunc
	repo      *policy.Repository
	pods      map[string]*pod
	owners    map[netip.Addr]string // addresses of pods
	nodes     map[string]*identity.Identity
	named     namedPorts
	rules     map[ipcacheTypes.ResourceID]policytypes.PolicyEntries
	order     []ipcacheTypes.ResourceID
	unjudged  []unjudged
	groups    []*cilium_v2.CiliumCIDRGroup
}

// namedPorts gives the repository the named ports of all pods, as the agent's ipcache does.
type namedPorts struct{ ports ciliumTypes.NamedPortMultiMap }

func (n namedPorts) GetNamedPorts() ciliumTypes.NamedPortMultiMap { return n.ports }

// noSecrets stands for the agent's certificates.
type noSecrets struct{}

func (noSecrets) GetTLSContext(context.Context, *api.TLSContext, string) (ca, public, private string, inline bool, err error) {
	return "", "", "", false, nil
}

// deaf stands for the agent's identity updater: the repository is made after the identities, so nobody has to be told.
type deaf struct{}

func (deaf) UpdateIdentities(_, _ identity.IdentityMap) <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

func (c *config) apply() error {
	for _, mode := range c.PolicyCIDRMatchMode {
		if mode != "pods" && mode != "nodes" {
			return fmt.Errorf("policyCIDRMatchMode: %q is neither pods nor nodes", mode)
		}
	}
	option.Config.PolicyCIDRMatchMode = c.PolicyCIDRMatchMode
	if len(c.IPFamilies) == 0 {
		c.IPFamilies = []string{"IPv4", "IPv6"}
	}
	option.Config.EnableIPv4 = slices.Contains(c.IPFamilies, "IPv4")
	option.Config.EnableIPv6 = slices.Contains(c.IPFamilies, "IPv6")
	option.Config.EnableHostFirewall = c.HostFirewall
	option.Config.EnableNodeSelectorLabels = c.NodeSelectorLabels
	switch c.AllowLocalhost {
	case "", option.AllowLocalhostAuto, option.AllowLocalhostAlways:
		// daemon/cmd/daemon.go: under Kubernetes, auto means always.
		option.Config.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostAlways
	case option.AllowLocalhostPolicy:
		option.Config.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostPolicy
	default:
		return fmt.Errorf("allowLocalhost: %q is none of auto, always, policy", c.AllowLocalhost)
	}
	switch c.Enforcement {
	case "":
		policy.SetPolicyEnabled(option.DefaultEnforcement)
	case option.DefaultEnforcement, option.AlwaysEnforce, option.NeverEnforce:
		policy.SetPolicyEnabled(c.Enforcement)
	default:
		return fmt.Errorf("enforcement: %q is none of default, always, never", c.Enforcement)
	}
	return nil
}

// build makes the cluster of a question: policies are parsed first, since the prefixes they name decide which identities
// addresses have; then nodes, pods and the repository.
func build(logger *slog.Logger, asked *question) (*cluster, error) {
	if err := asked.Config.apply(); err != nil {
		return nil, err
	}
	// The labels of the local node are kept process-wide: those of the last question must not stay.
	identity.AddReservedIdentityWithLabels(identity.ReservedIdentityHost, labels.NewFrom(labels.LabelHost))

	ctx, cancel := context.WithCancel(context.Background())
	synced := make(chan struct{})
	close(synced)
	c := &cluster{
		logger:    logger,
		allocator: testidentity.NewMockIdentityAllocator(nil),
		close:     cancel,
		pods:      map[string]*pod{},
		owners:    map[netip.Addr]string{},
		nodes:     map[string]*identity.Identity{},
		rules:     map[ipcacheTypes.ResourceID]policytypes.PolicyEntries{},
	}
	c.ipc = ipcache.NewIPCache(&ipcache.Configuration{
		Context: ctx, Logger: logger, IdentityAllocator: c.allocator, IdentityUpdater: deaf{}, CacheStatus: synced,
	})
	for i, raw := range asked.Policies {
		if name, err := c.parse(raw, asked.Config.EnableClusterNetworkPolicy); err != nil {
			if name == "" {
				name = fmt.Sprintf("policies[%d]", i)
			}
			c.failures = append(c.failures, failure{Policy: name, Error: err.Error()})
		}
	}
	if err := c.addAddresses(asked.Nodes); err != nil {
		return c, err
	}
	if err := c.addPods(asked); err != nil {
		return c, err
	}
	c.addRules()
	return c, nil
}

// end lets the address cache's goroutine end.
func (c *cluster) end() {
	c.close()
	c.ipc.Shutdown() // the error says that there was none
}

// addPods gives every endpoint the identity of its labels, as endpoint/metadata and Endpoint.identityLabelsChanged do.
func (c *cluster) addPods(asked *question) error {
	namespaces := map[string]namespace{}
	for _, ns := range asked.Namespaces {
		namespaces[ns.Name] = ns
	}
	ports := ciliumTypes.NewNamedPortMultiMap()
	c.named = namedPorts{ports}
	for _, e := range asked.Endpoints {
		name := e.Namespace + "/" + e.Name
		ns, ok := namespaces[e.Namespace]
		if !ok {
			return fmt.Errorf("endpoint %s: its namespace is not given", name)
		}
		object := &slim_corev1.Pod{
			ObjectMeta: slim_metav1.ObjectMeta{Name: e.Name, Namespace: e.Namespace, Labels: e.Labels},
			Spec:       slim_corev1.PodSpec{ServiceAccountName: e.ServiceAccount},
		}
		container := slim_corev1.Container{}
		for _, p := range e.Ports {
			container.Ports = append(container.Ports, slim_corev1.ContainerPort{
				Name: p.Name, ContainerPort: p.Number, Protocol: slim_corev1.Protocol(p.Protocol)})
		}
		object.Spec.Containers = []slim_corev1.Container{container}

		named, podLabels := k8s.GetPodMetadata(c.logger, ns, object)
		own, _ := labelsfilter.Filter(labels.Map2Labels(podLabels, labels.LabelSourceK8s))
		for _, label := range k8s.NamedPortsIdentityLabels(named) {
			own[label.Key] = label
		}
		var addresses []netip.Addr
		for _, text := range e.Addresses {
			address, err := netip.ParseAddr(text)
			if err != nil {
				return fmt.Errorf("endpoint %s: %w", name, err)
			}
			addresses = append(addresses, address)
			c.owners[address] = name
		}
		maps.Copy(own, c.cidrLabels(addresses))
		id, _, err := c.allocator.AllocateIdentity(context.Background(), own, false, identity.InvalidIdentity)
		if err != nil {
			return fmt.Errorf("endpoint %s: %w", name, err)
		}
		ports.Update(id.ID, nil, named)
		c.pods[name] = &pod{identity: id, ports: named}
	}
	return nil
}

// addRules makes the repository, with all identities known before the first rule.
func (c *cluster) addRules() {
	manager := identitymanager.NewIDManager(c.logger)
	known := identity.ListReservedIdentities()
	maps.Copy(known, c.allocator.GetIdentityCache())
	translator := envoypolicy.NewEnvoyL7RulesTranslator(c.logger, certificatemanager.NewMockSecretManagerInline())
	c.repo = policy.NewPolicyRepository(c.logger, known, noSecrets{}, translator, manager, nil)
	c.repo.SetNamedPortsGetter(c.named)
	c.repo.UpdateIdentities(known, nil)
	for _, resource := range c.order {
		c.repo.ReplaceByResource(c.rules[resource], resource)
	}
}
