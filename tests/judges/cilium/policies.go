package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	policyv1alpha2 "sigs.k8s.io/network-policy-api/apis/v1alpha2"

	ipcacheTypes "github.com/cilium/cilium/pkg/ipcache/types"
	"github.com/cilium/cilium/pkg/k8s"
	cilium_v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	slim_networkingv1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	"github.com/cilium/cilium/pkg/policy/api"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	policyutils "github.com/cilium/cilium/pkg/policy/utils"
)

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
