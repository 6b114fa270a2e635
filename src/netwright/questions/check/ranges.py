"""Address ranges of policy rules against the addresses of pods, Services and nodes.

An `ipBlock` is meant for addresses outside the cluster, "since Pod IPs are ephemeral and unpredictable"; in which order
policy and the translation of Services act on a packet is left to the network plugin (NetworkPolicy concept page): on
most of them egress policy sees the pod behind a Service, and ingress policy sees a node's address where a Service
translates the source ("Preserving the client source IP").
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from netwright.base.ipset import INTERNET, PRIVATE, Family, IpSet, parse_cidr
from netwright.base.services import NONE
from netwright.dialects.k8s.lower import lower_ports
from netwright.dialects.k8s.objects import IPBlock, Service
from netwright.model.cluster import ServiceNoun
from netwright.model.document import Decoded
from netwright.model.rule import EndpointKind
from netwright.questions.check.found import Found, Seen, at, field, listed
from netwright.questions.check.scene import RuleOf, Scene

BROADEST_PREFIX: dict[Family, int] = {4: 8, 6: 32}
"""Ranges as long as this or shorter are meant for whole networks, whatever is inside."""
PRIVATE_RANGES = frozenset(PRIVATE.cidrs())


def checks(scene: Scene) -> Iterator[Found]:
    held = scene.once(Held)
    told: set[tuple[Decoded, str, str]] = set()
    for rule in scene.rules():
        blocks = [(i, p.ip_block) for i, p in enumerate(rule.peers or ()) if p.ip_block is not None]
        if not blocks:
            continue
        for found in (*_of_blocks(held, rule, blocks), *_one_family(scene, rule), *_translated(held, rule, blocks)):
            if (rule.policy, found.code, found.key) not in told:
                told.add((rule.policy, found.code, found.key))
                yield found


class Held:
    """Who has which addresses, as far as the input says it."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    @cached_property
    def pods(self) -> IpSet:
        """The pods' ranges, and the addresses of pods that are known."""
        return self.scene.cluster.pod_ranges | self._known(host=False)

    @cached_property
    def nodes(self) -> IpSet:
        return self._known(host=True)

    @cached_property
    def unmatched(self) -> IpSet:
        """The addresses of pods and nodes that the network plugin matches by no range."""
        found = IpSet()
        kinds: tuple[tuple[EndpointKind, IpSet], ...] = (("pod", self.pods), ("node", self.nodes))
        for kind, addresses in kinds:
            if not self.scene.matches_by_address(kind):
                found |= addresses
        return found

    @cached_property
    def services(self) -> tuple[tuple[ServiceNoun, IpSet], ...]:
        """Services with their cluster addresses."""
        return tuple((s, IpSet.of(*s.cluster_ips)) for s in self.scene.cluster.services if s.cluster_ips)

    @cached_property
    def service_addresses(self) -> IpSet:
        return IpSet.of(*(address for s, _ in self.services for address in s.cluster_ips))

    def _known(self, *, host: bool) -> IpSet:
        columns = self.scene.cluster.columns
        rows = columns.host == host
        v4 = [(int(a), int(a) + 1) for a in columns.v4[rows & columns.has_v4]]
        v6 = [(a, a + 1) for a in (_number(x) for x in columns.v6[rows & columns.has_v6])]
        return IpSet(v4, v6)

    @cached_property
    def translating(self) -> dict[int, list[ServiceNoun]]:
        """By endpoint row the Services that lead to it from outside and put a node's address for the client's."""
        found: dict[int, list[ServiceNoun]] = {}
        objects = {(d.namespace, d.name): d for d in self.scene.cluster.objects if isinstance(d.value, Service)}
        for service in self.scene.cluster.services:
            if not service.has_node_ports or service.external_policy != "Cluster":
                continue
            if _leads_to_pods(objects[service.namespace, service.name].value):
                continue
            for row in service.selected or ():
                found.setdefault(row, []).append(service)
        return found


def _number(address: bytes) -> int:
    return int.from_bytes(bytes(address).ljust(16, b"\0"), "big")


def _leads_to_pods(service: Service) -> bool:
    """Whether annotations ask the cloud's load balancer to lead to pods, past the nodes."""
    annotations = service.metadata.annotations or {}
    return any(
        (key.endswith("target-type") and value == "ip") or key == "cloud.google.com/neg"
        for key, value in annotations.items()
    )


def addresses_of(block: IPBlock) -> IpSet:
    return IpSet.of(block.cidr) - IpSet.of(*(block.except_ or ()))


def is_broad(block: IPBlock) -> bool:
    """Whether a range is meant for everybody, or for whole private networks."""
    family, (low, high) = parse_cidr(block.cidr)
    length = (32 if family == 4 else 128) - (high - low).bit_length() + 1
    return length <= BROADEST_PREFIX[family] or block.cidr in PRIVATE_RANGES


def _of_blocks(held: Held, rule: RuleOf, blocks: list[tuple[int, IPBlock]]) -> Iterator[Found]:
    """NW2106, NW2107, NW2108."""
    verb = "admits" if rule.direction == "ingress" else "lets out to"
    for number, block in blocks:
        place = at(rule.policy, *rule.pointer, rule.side, number, "ipBlock")
        key = f"{rule.direction} {block.cidr}"
        addresses = addresses_of(block)
        if not addresses:
            yield Found(
                "NW2108",
                at(rule.policy, *rule.pointer, rule.side, number, "ipBlock", "except"),
                f"`except` takes all of `{block.cidr}` away: the entry {verb} nobody",
                label=f"together all of `{block.cidr}`",
                effect=f"no address is left in the entry, which {verb} nobody",
                help="delete the entry, or an exception; an exception denies nothing that other entries allow",
                key=key,
            )
            continue
        if is_broad(block):
            continue
        if rule.direction == "egress" and addresses & held.service_addresses:
            met = [s.ref for s, theirs in held.services if theirs & addresses]
            yield Found(
                "NW2107",
                place,
                f"`{block.cidr}` is of Services, and egress policy sees the pods behind them: {listed(met)}",
                label=f"cluster addresses of {len(met)} Service{'s' * (len(met) > 1)}",
                effect="on most network plugins the entry never matches: the Service's address is replaced before "
                "policy acts",
                help="select the pods behind the Service, on their own ports; of the API server allow its own address",
                key=key,
            )
        elif addresses <= held.unmatched:
            yield Found(
                "NW2510",
                at(rule.policy, *rule.pointer, rule.side, number, "ipBlock", "cidr"),
                f"`{block.cidr}` of `{rule.policy.namespace}/{rule.policy.name}` holds addresses of pods or nodes "
                "only, which Cilium does not match by address",
                label="matches nobody",
                effect=f"the range {verb} nobody: ranges are for what is outside the cluster, unless "
                "`policy-cidr-match-mode` says otherwise",
                help="select the pods by their labels",
                key=key,
            )
        elif (common := addresses & held.pods) and held.scene.matches_by_address("pod"):
            yield Found(
                "NW2106",
                place,
                f"`{block.cidr}` holds addresses of pods: {common.described()}",
                label="pods come and go with their addresses",
                effect="whom the entry matches changes when pods are replaced; some network plugins (Cilium) do not "
                "match pods by address at all",
                help="select the pods by their labels, and keep `ipBlock` for addresses outside the cluster",
                key=key,
            )


def _one_family(scene: Scene, rule: RuleOf) -> Iterator[Found]:
    """NW2109: everybody of one address family, in a cluster that has both."""
    if len(scene.cluster.families) < 2 or scene.cluster.has_assumed_families:
        return
    whole: dict[str, int] = {}
    for number, peer in enumerate(rule.peers or ()):
        if peer.ip_block is not None and peer.ip_block.cidr in ("0.0.0.0/0", "::/0"):
            whole.setdefault(peer.ip_block.cidr, number)
    if len(whole) != 1:
        return
    ((written, number),) = whole.items()
    other = "::/0" if written == "0.0.0.0/0" else "0.0.0.0/0"
    for sibling in scene.rules_of(rule.policy):
        if sibling.direction == rule.direction:
            if any(p.ip_block is not None and p.ip_block.cidr == other for p in sibling.peers or ()):
                return
    yield Found(
        "NW2109",
        at(rule.policy, *rule.pointer, rule.side, number, "ipBlock", "cidr"),
        f"`{written}` is everybody of IPv{4 if other == '::/0' else 6} only, and the cluster has both families",
        label=f"no `{other}` beside it",
        effect=f"connections over IPv{6 if other == '::/0' else 4} are not allowed by it",
        help=f"add `{other}` if everybody is meant",
        key=rule.direction,
    )


def _translated(held: Held, rule: RuleOf, blocks: list[tuple[int, IPBlock]]) -> Iterator[Found]:
    """NW2110: client addresses where a Service puts a node's in their place."""
    if rule.direction != "ingress":
        return
    clients = [(i, b) for i, b in blocks if _is_of_clients(held, b)]
    if not clients:
        return
    allowed = NONE if rule.ports is None else lower_ports(rule.ports).fixed
    services: dict[ServiceNoun, None] = {}
    rows = set(held.scene.subjects(rule.policy).must)
    for row in rows:
        for service in held.translating.get(row, ()):
            reached = [b for p in service.ports for b in p.backends if b.row in rows]
            named = rule.ports is not None and any(isinstance(p.port, str) for p in rule.ports)
            if rule.ports is None or named or any((b.protocol << 16 | b.port) in allowed for b in reached):
                services[service] = None
    if not services:
        return
    number = clients[0][0]
    refs = [s.ref for s in services]
    ranges = listed([b.cidr for _, b in clients])
    first = next(iter(services))
    yield Found(
        "NW2110",
        at(rule.policy, *rule.pointer, rule.side, number, "ipBlock"),
        f"{ranges} {'is' if len(clients) == 1 else 'are'} of clients, and behind {listed(refs)} the pods see a node's "
        "address",
        label="the pods see the node, not the client",
        effect="of clients that come by the Service the range lets in none: with `externalTrafficPolicy: Cluster` the "
        "node replaces their address by its own before policy acts; only those that arrive at the pod's own node get "
        "in, whoever they are",
        help="set `externalTrafficPolicy: Local`, or restrict clients by `loadBalancerSourceRanges`",
        key=" ".join(b.cidr for _, b in clients),
        also=(Seen(field(first.origin, "spec"), f"{first.type}, externalTrafficPolicy {first.external_policy}"),),
    )


def _is_of_clients(held: Held, block: IPBlock) -> bool:
    """Whether a range is of clients outside: it holds no node's address, and cannot where nodes are not known."""
    addresses = addresses_of(block)
    if not addresses or is_broad(block) or addresses & held.pods:
        return False
    return not addresses & held.nodes if held.nodes else addresses <= INTERNET
