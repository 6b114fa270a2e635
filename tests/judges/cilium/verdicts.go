package main

import (
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"strings"

	"github.com/cilium/cilium/pkg/endpoint/regeneration"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	ciliumTypes "github.com/cilium/cilium/pkg/types"
	"github.com/cilium/cilium/pkg/u8proto"
)

// An owner is the endpoint whose policy is distilled, as pkg/endpoint.Endpoint is in the agent.
type owner struct {
	ports ciliumTypes.NamedPortMap
	host  bool
}

func (o *owner) GetID() uint64 { return 1 }

func (o *owner) GetIngressNamedPort(name string, proto u8proto.U8proto) uint16 {
	number, _ := o.ports.GetNamedPort(name, proto)
	return number
}

func (o *owner) PolicyDebug(string, ...any) {}
func (o *owner) IsHost() bool               { return o.host }

func (o *owner) PreviousMapStateSizes() policy.MapStateSizes { return policy.MapStateSizes{} }

func (o *owner) RegenerateIfAlive(*regeneration.ExternalRegenerationMetadata) <-chan bool {
	done := make(chan bool)
	close(done)
	return done
}

// A side is one end of a flow; pod is set where Cilium has an endpoint whose policy it computes.
type side struct {
	name     string
	identity *identity.Identity
	pod      *pod
}

// policies keeps what was distilled, by identity: endpoints of one identity have one policy (their named ports are part of
// the identity).
type policies struct {
	cluster   *cluster
	distilled map[identity.NumericIdentity]*policy.EndpointPolicy
	failed    map[identity.NumericIdentity]error
}

func (p *policies) of(s side) (*policy.EndpointPolicy, error) {
	if known, ok := p.distilled[s.identity.ID]; ok {
		return known, p.failed[s.identity.ID]
	}
	found, err := distill(p.cluster, s)
	p.distilled[s.identity.ID], p.failed[s.identity.ID] = found, err
	if err != nil {
		p.cluster.failures = append(p.cluster.failures, failure{Endpoint: s.name, Error: err.Error()})
	}
	return found, err
}

// distill does what policy.LookupFlow does for each end of a flow.
func distill(c *cluster, s side) (found *policy.EndpointPolicy, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v", reason)
		}
	}()
	selected, _, err := c.repo.ComputeSelectorPolicy(s.identity)
	if err != nil {
		return nil, err
	}
	redirects := map[string]uint16{policy.FallbackRedirectID: math.MaxUint16}
	isHost := s.identity.ID == identity.ReservedIdentityHost
	found = selected.DistillPolicy(c.logger, &owner{ports: s.pod.ports, host: isHost}, redirects)
	found.Ready()
	found.Detach(c.logger)
	selected.Supersede()
	return found, nil
}

func (c *cluster) side(at place) (side, error) {
	switch {
	case at.Endpoint != "":
		found, ok := c.pods[at.Endpoint]
		if !ok {
			return side{}, fmt.Errorf("no endpoint %q", at.Endpoint)
		}
		return side{name: at.Endpoint, identity: found.identity, pod: found}, nil
	case at.Node != "":
		found, ok := c.nodes[at.Node]
		if !ok {
			return side{}, fmt.Errorf("no node %q", at.Node)
		}
		return c.noPod(at.Node, found), nil
	case at.Address != "":
		address, err := netip.ParseAddr(at.Address)
		if err != nil {
			return side{}, err
		}
		if name, ok := c.owners[address]; ok {
			return side{name: name, identity: c.pods[name].identity, pod: c.pods[name]}, nil
		}
		return c.noPod(at.Address, c.ofAddress(address)), nil
	case at.Entity != "":
		number := identity.GetReservedID(at.Entity)
		if at.Entity == "world" && option.Config.IsDualStack() {
			number = identity.ReservedIdentityWorldIPv4
		}
		found := identity.LookupReservedIdentity(number)
		if number == identity.IdentityUnknown || found == nil {
			return side{}, fmt.Errorf("no entity %q", at.Entity)
		}
		return c.noPod(at.Entity, found), nil
	}
	return side{}, fmt.Errorf("neither endpoint, node, address nor entity")
}

// noPod is a side without an endpoint, but for the host where the host firewall makes it one.
func (c *cluster) noPod(name string, id *identity.Identity) side {
	s := side{name: name, identity: id}
	if id.ID == identity.ReservedIdentityHost && option.Config.EnableHostFirewall {
		s.pod = &pod{identity: id}
	}
	return s
}

// key is the policy map's key of a flow. An ICMP type stands where the port stands, as bpf/lib/policy.h has it; type 0 is an
// exact 0 there, not a wildcard.
func (q *query) key(k policy.Key) (policy.Key, error) {
	switch protocol := strings.ToUpper(q.Protocol); protocol {
	case "TCP", "UDP", "SCTP":
		if q.Port == 0 {
			return k, fmt.Errorf("%s needs a port", protocol)
		}
		parsed, err := u8proto.ParseProtocol(protocol)
		return k.WithPortProto(parsed, q.Port), err
	case "ICMP", "ICMPV6":
		if q.ICMP == nil {
			return k, fmt.Errorf("%s needs a type", q.Protocol)
		}
		parsed := u8proto.ICMP
		if protocol == "ICMPV6" {
			parsed = u8proto.ICMPv6
		}
		return k.WithPortProtoPrefix(parsed, uint16(q.ICMP.Type), 16), nil
	}
	return k, fmt.Errorf("no protocol %q", q.Protocol)
}

func (p *policies) look(at, peer side, direction policy.Key, q *query) (string, error) {
	if at.pod == nil {
		return "n/a", nil
	}
	found, err := p.of(at)
	if err != nil {
		return "error", nil // told once, of the endpoint
	}
	key, err := q.key(direction.WithIdentity(peer.identity.ID))
	if err != nil {
		return "", err
	}
	entry, _, _ := found.Lookup(key)
	if entry.IsDeny() {
		return "deny", nil
	}
	return "allow", nil
}

func (p *policies) verdict(q *query) (v verdict, err error) {
	from, err := p.cluster.side(q.From)
	if err != nil {
		return v, fmt.Errorf("from: %w", err)
	}
	to, err := p.cluster.side(q.To)
	if err != nil {
		return v, fmt.Errorf("to: %w", err)
	}
	if _, err := q.key(policy.EgressKey()); err != nil {
		return v, err
	}
	if v.Egress, err = p.look(from, to, policy.EgressKey(), q); err != nil {
		return v, err
	}
	if v.Ingress, err = p.look(to, from, policy.IngressKey(), q); err != nil {
		return v, err
	}
	switch {
	case v.Egress == "error" || v.Ingress == "error":
		v.Verdict = "error"
	case v.Egress == "deny" || v.Ingress == "deny":
		v.Verdict = "deny"
	case v.Egress == "n/a" && v.Ingress == "n/a":
		v.Verdict = "n/a"
	default:
		v.Verdict = "allow"
	}
	return v, nil
}

func judge(logger *slog.Logger, asked *question) *answer {
	said := &answer{ID: asked.ID, Verdicts: []verdict{}, Errors: []failure{}, Unjudged: []unjudged{}}
	c, err := build(logger, asked)
	if c != nil {
		defer c.end()
	}
	if err != nil {
		said.Errors = append(said.Errors, failure{Error: err.Error()})
		return said
	}
	p := &policies{
		cluster:   c,
		distilled: map[identity.NumericIdentity]*policy.EndpointPolicy{},
		failed:    map[identity.NumericIdentity]error{},
	}
	for i := range asked.Queries {
		v, err := p.verdict(&asked.Queries[i])
		if err != nil {
			v = verdict{Egress: "error", Ingress: "error", Verdict: "error"}
			c.failures = append(c.failures, failure{Query: &i, Error: err.Error()})
		}
		said.Verdicts = append(said.Verdicts, v)
	}
	if asked.MapStates {
		for _, e := range asked.Endpoints {
			name := e.Namespace + "/" + e.Name
			found, err := p.of(side{name: name, identity: c.pods[name].identity, pod: c.pods[name]})
			if err != nil {
				continue // told as an error of the endpoint
			}
			size := mapState{Endpoint: name, Total: found.Len()}
			found.GetMapState().ForEach(func(key policytypes.Key, _ policytypes.MapStateEntry) bool {
				if key.IsIngress() {
					size.Ingress++
				} else {
					size.Egress++
				}
				return true
			})
			said.MapStates = append(said.MapStates, size)
		}
	}
	said.Errors = append(said.Errors, c.failures...)
	said.Unjudged = append(said.Unjudged, c.unjudged...)
	return said
}
