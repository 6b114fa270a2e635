package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"

	policyv1alpha2 "sigs.k8s.io/network-policy-api/apis/v1alpha2"

	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/crypto/certificatemanager"
	envoypolicy "github.com/cilium/cilium/pkg/envoy/policy"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	"github.com/cilium/cilium/pkg/ipcache"
	ipcacheTypes "github.com/cilium/cilium/pkg/ipcache/types"
	"github.com/cilium/cilium/pkg/k8s"
	k8sConst "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	cilium_v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	slim_corev1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	slim_networkingv1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	slim_metav1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	k8sUtils "github.com/cilium/cilium/pkg/k8s/utils"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	policyutils "github.com/cilium/cilium/pkg/policy/utils"
	"github.com/cilium/cilium/pkg/source"
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

// parse reads one raw object with Cilium's own parser of its kind and keeps its rules.
func (c *cluster) parse(raw json.RawMessage, withCNP *bool) (name string, err error) {
	var meta struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(raw, &meta); err != nil {
		return "", err
	}
	name = meta.Kind + "/" + meta.Metadata.Name
	if meta.Metadata.Namespace != "" {
		name = meta.Kind + "/" + meta.Metadata.Namespace + "/" + meta.Metadata.Name
	}
	// Some of Cilium's selectors panic over what the API server or the CRD would have refused.
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v", reason)
		}
	}()

	var kind ipcacheTypes.ResourceKind
	var rules api.Rules
	var entries policytypes.PolicyEntries
	switch group, _, _ := strings.Cut(meta.APIVersion, "/"); group + " " + meta.Kind {
	case "networking.k8s.io NetworkPolicy":
		object := &slim_networkingv1.NetworkPolicy{}
		if err = json.Unmarshal(raw, object); err == nil {
			kind = ipcacheTypes.ResourceKindNetpol
			entries, err = k8s.ParseNetworkPolicy(c.logger, clusterName, object)
		}
	case "policy.networking.k8s.io ClusterNetworkPolicy":
		if withCNP != nil && !*withCNP {
			return name, nil
		}
		object := &policyv1alpha2.ClusterNetworkPolicy{}
		if err = json.Unmarshal(raw, object); err == nil {
			kind = ipcacheTypes.ResourceKindKCNP
			entries, err = k8s.ParseClusterNetworkPolicy(c.logger, clusterName, object)
		}
	case "cilium.io CiliumNetworkPolicy":
		object := &cilium_v2.CiliumNetworkPolicy{}
		if err = json.Unmarshal(raw, object); err == nil {
			kind = ipcacheTypes.ResourceKindCNP
			rules, err = object.Parse(c.logger, clusterName)
			entries = policyutils.RulesToPolicyEntries(rules)
		}
	case "cilium.io CiliumClusterwideNetworkPolicy":
		object := &cilium_v2.CiliumClusterwideNetworkPolicy{}
		if err = json.Unmarshal(raw, object); err == nil {
			kind = ipcacheTypes.ResourceKindCCNP
			rules, err = object.Parse(c.logger, clusterName)
			entries = policyutils.RulesToPolicyEntries(rules)
		}
	case "cilium.io CiliumCIDRGroup":
		object := &cilium_v2.CiliumCIDRGroup{}
		if err = json.Unmarshal(raw, object); err == nil {
			c.groups = append(c.groups, object)
		}
		return name, err
	default:
		return name, fmt.Errorf("not a kind of policy that the judge reads: %s %s", meta.APIVersion, meta.Kind)
	}
	if err != nil {
		return name, err
	}
	resource := ipcacheTypes.NewResourceID(kind, meta.Metadata.Namespace, meta.Metadata.Name)
	if _, ok := c.rules[resource]; !ok {
		c.order = append(c.order, resource)
	}
	c.rules[resource] = entries
	if features := features(rules, entries); len(features) > 0 {
		c.unjudged = append(c.unjudged, unjudged{Policy: name, Features: features})
	}
	return name, nil
}

// features are what the rules use and the judge does not carry out, in the order of the alphabet.
func features(rules api.Rules, entries policytypes.PolicyEntries) []string {
	found := map[string]bool{}
	for _, rule := range rules {
		for _, r := range rule.Ingress {
			found["groups"] = found["groups"] || len(r.FromGroups) > 0
		}
		for _, r := range rule.IngressDeny {
			found["groups"] = found["groups"] || len(r.FromGroups) > 0
		}
		for _, r := range rule.Egress {
			found["groups"] = found["groups"] || len(r.ToGroups) > 0
			found["services"] = found["services"] || len(r.ToServices) > 0
		}
		for _, r := range rule.EgressDeny {
			found["groups"] = found["groups"] || len(r.ToGroups) > 0
			found["services"] = found["services"] || len(r.ToServices) > 0
		}
	}
	for _, entry := range entries {
		found["authentication"] = found["authentication"] || entry.Authentication != nil
		for _, peer := range entry.L3 {
			if _, ok := peer.GetFQDNSelector(); ok {
				found["fqdns"] = true
			}
		}
		for _, ports := range entry.L4 {
			if !ports.Rules.IsEmpty() || ports.TerminatingTLS != nil || ports.OriginatingTLS != nil ||
				len(ports.ServerNames) > 0 || ports.Listener != nil {
				found["l7"] = true
			}
		}
	}
	maps.DeleteFunc(found, func(_ string, used bool) bool { return !used })
	return slices.Sorted(maps.Keys(found))
}

// addAddresses tells the address cache of the nodes and of every prefix that a policy or a CIDR group names, as
// policyWatcher.applyCIDRGroup, policycell.Importer.updatePrefixes and the node manager do, and waits for the identities.
func (c *cluster) addAddresses(nodes []node) error {
	var updates []ipcache.MU
	for _, group := range c.groups {
		filtered := k8sUtils.RemoveCiliumLabels(group.Labels)
		common := labels.Labels{}
		for key, value := range filtered {
			label := labels.NewLabel(key, value, labels.LabelSourceCIDRGroup)
			common[label.Key] = label
			encoded := labels.EncodedCIDRGroupLabel(label.Key, label.Value, label.Source)
			common[encoded.Key] = encoded
		}
		reference := api.LabelForCIDRGroupRef(group.Name)
		common[reference.Key] = reference
		for _, block := range group.Spec.ExternalCIDRs {
			prefix, err := netip.ParsePrefix(string(block))
			if err != nil {
				c.failures = append(c.failures, failure{Policy: "CiliumCIDRGroup/" + group.Name, Error: err.Error()})
				continue
			}
			all := maps.Clone(common)
			all.AddWorldLabel(prefix.Addr())
			updates = append(updates, ipcache.MU{
				Prefix: cmtypes.NewLocalPrefixCluster(prefix), Source: source.Generated,
				Resource: ipcacheTypes.NewResourceID(ipcacheTypes.ResourceKindCIDRGroup, "", group.Name),
				Metadata: []ipcache.IPMetadata{all},
			})
		}
	}
	for _, resource := range c.order {
		for _, prefix := range policy.GetCIDRPrefixes(c.rules[resource]) {
			updates = append(updates, ipcache.MU{
				Prefix: cmtypes.NewLocalPrefixCluster(prefix), Source: source.CustomResource, Resource: resource,
				Metadata: []ipcache.IPMetadata{labels.GetCIDRLabels(prefix)}, IsCIDR: true,
			})
		}
	}
	found, err := c.nodeAddresses(nodes)
	if err != nil {
		return err
	}
	updates = append(updates, found...)
	if len(updates) > 0 {
		if err := c.ipc.WaitForRevision(context.Background(), c.ipc.UpsertMetadataBatch(updates...)); err != nil {
			return err
		}
	}
	for _, n := range nodes {
		c.nodes[n.Name] = identity.LookupReservedIdentity(identity.ReservedIdentityHost)
		if !n.Local {
			address, _ := netip.ParseAddr(n.Addresses[0]) // parsed above
			c.nodes[n.Name] = c.ofAddress(address)
		}
	}
	return nil
}

// nodeAddresses is the node manager's part (nodeIdentityLabels and NodeUpdated, which are not exported).
func (c *cluster) nodeAddresses(nodes []node) (updates []ipcache.MU, err error) {
	for _, n := range nodes {
		var prefixes []netip.Prefix
		for _, text := range n.Addresses {
			address, err := netip.ParseAddr(text)
			if err != nil {
				return nil, fmt.Errorf("node %s: %w", n.Name, err)
			}
			prefixes = append(prefixes, netip.PrefixFrom(address, address.BitLen()))
		}
		if len(prefixes) == 0 {
			return nil, fmt.Errorf("node %s has no address", n.Name)
		}
		own := labels.NewFrom(labels.LabelRemoteNode)
		if n.Local {
			own = labels.NewFrom(labels.LabelHost)
			if option.Config.PolicyCIDRMatchesNodes() {
				for _, prefix := range prefixes {
					own.MergeLabels(labels.GetCIDRLabels(prefix))
				}
			}
		}
		if option.Config.PerNodeLabelsEnabled() {
			filtered, _ := labelsfilter.FilterNodeLabels(labels.Map2Labels(n.Labels, labels.LabelSourceNode))
			own.MergeLabels(filtered)
			own.MergeLabels(labels.Map2Labels(
				map[string]string{k8sConst.PolicyLabelCluster: clusterName}, labels.LabelSourceK8s))
		}
		for _, prefix := range prefixes {
			all := labels.NewFrom(own)
			if option.Config.PolicyCIDRMatchesNodes() {
				all.MergeLabels(labels.GetCIDRLabels(prefix))
			}
			updates = append(updates, ipcache.MU{
				Prefix: cmtypes.NewLocalPrefixCluster(prefix), Source: source.CustomResource,
				Resource: ipcacheTypes.NewResourceID(ipcacheTypes.ResourceKindNode, "", n.Name),
				Metadata: []ipcache.IPMetadata{all},
			})
		}
	}
	return updates, nil
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

// cidrLabels is Endpoint.computeCIDRLabelsRLocked, which is not exported: where CIDR policies may match pods, a pod has the
// labels of the longest prefix around its address that a policy names, or of everything.
func (c *cluster) cidrLabels(addresses []netip.Addr) labels.Labels {
	found := labels.Labels{}
	if !option.Config.PolicyCIDRMatchesPods() {
		return found
	}
	for _, address := range addresses {
		hasCIDR := false
		for _, label := range c.ipc.GetMetadataLabels(address) {
			if label.Source == labels.LabelSourceCIDR || label.Source == labels.LabelSourceCIDRGroup {
				found[label.GetExtendedKey()] = label
				hasCIDR = hasCIDR || label.Source == labels.LabelSourceCIDR
			}
		}
		if !hasCIDR {
			everything := "cidr:0.0.0.0/0"
			if address.Is6() {
				everything = "cidr:::/0"
			}
			label := labels.ParseLabel(everything)
			found[label.GetExtendedKey()] = label
		}
	}
	return found
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

// ofAddress is the identity under which the datapath knows an address that is no pod's: the longest prefix of the address
// cache, else the world.
func (c *cluster) ofAddress(address netip.Addr) *identity.Identity {
	number := identity.GetWorldIdentityFromIP(address)
	if entry, ok := c.ipc.LookupSecIDByIP(address); ok {
		number = entry.ID
	}
	return c.allocator.LookupIdentityByID(context.Background(), number)
}
