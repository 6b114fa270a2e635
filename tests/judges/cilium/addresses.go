package main

import (
	"context"
	"fmt"
	"maps"
	"net/netip"

	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/ipcache"
	ipcacheTypes "github.com/cilium/cilium/pkg/ipcache/types"
	k8sConst "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	k8sUtils "github.com/cilium/cilium/pkg/k8s/utils"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/source"
)

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

// ofAddress is the identity under which the datapath knows an address that is no pod's: the longest prefix of the address
// cache, else the world.
func (c *cluster) ofAddress(address netip.Addr) *identity.Identity {
	number := identity.GetWorldIdentityFromIP(address)
	if entry, ok := c.ipc.LookupSecIDByIP(address); ok {
		number = entry.ID
	}
	return c.allocator.LookupIdentityByID(context.Background(), number)
}
