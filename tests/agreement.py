"""Spec and engine on the same random cluster: they share the decoded objects and nothing else.

`check(seed)` puts every question of one random cluster to both and compares verdicts, the rules cited for them and why
they are open; then again beside policies that the API server refuses (nothing may change) and beside policies that
could not be read.
"""

from __future__ import annotations

import ipaddress
import random
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec

from netwright.base.errors import UsageError
from netwright.dialects import decode
from netwright.dialects.k8s.decode import Invalid
from netwright.dialects.k8s.objects import Node, NodeAddress, NodeStatus
from netwright.engine.compile import Network
from netwright.engine.inquire import Inquirer
from netwright.model.document import Decoded, Document, UnknownPolicy
from netwright.model.references import Directory
from netwright.profiles.compose import compose
from netwright.questions.eval import Evaluated, Query, evaluate, protocol_number
from netwright.spec.ends import end_of
from netwright.spec.judge import NoSuchPacket, judge
from netwright.spec.judgement import Judgement
from netwright.spec.services import (
    Backend,
    admitted,
    answering,
    backends,
    endpoints,
    has_one_family,
    is_headless,
    is_known,
    is_one_pod,
    is_past_endpoints,
    renamed,
)
from tests.random_clusters import Case, cluster
from tests.random_parts import NAMESPACES

KINDS = {"Pod": "pod", "Deployment": "deploy", "StatefulSet": "sts", "DaemonSet": "ds", "ReplicaSet": "rs"}
KINDS |= {"ReplicationController": "rc", "Job": "job", "CronJob": "cronjob", "Node": "node"}
KINDS |= {"VirtualMachine": "vm", "VirtualMachineInstance": "vm", "VirtualMachineInstanceReplicaSet": "vmirs"}
KINDS |= {"VirtualMachinePool": "vmpool"}
Object = dict[str, Any]
Cited = set[tuple[str, str, str, str, int | None]]


@dataclass
class Result:
    """What one cluster gave: questions asked, verdicts, what it covers, and where the judges differ."""

    tuples: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    features: frozenset[str] = frozenset()
    disagreements: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)


@dataclass(frozen=True)
class Asked:
    """What is put to both judges. One question of it is the unit that can disagree and be shrunk."""

    manifests: list[Object]
    pod_cidrs: tuple[str, ...]
    queries: list[Object]
    unknown: tuple[UnknownPolicy, ...] = ()


def document(manifest: Object) -> Document:
    meta = manifest.get("metadata") or {}
    return Document(
        place=None,
        api_version=manifest["apiVersion"],
        kind=manifest["kind"],
        namespace=meta.get("namespace", ""),
        name=meta.get("name", ""),
        raw=msgspec.json.encode(manifest),
    )


def decode_all(manifests: list[Object]) -> list[Decoded]:
    out = []
    for manifest in manifests:
        found = decode(document(manifest))
        assert not isinstance(found, Invalid), found
        out.append(found)
    return out


def inquirer(objects: list[Decoded], pod_cidrs: tuple[str, ...], unknown: Sequence[UnknownPolicy] = ()) -> Inquirer:
    made = compose(objects, pod_cidrs=pod_cidrs, unknown=unknown)
    return Inquirer(made, Network(made.columns, made.enforcers, made.families), Directory(made))


# --- the test's own reading of references, over decoded objects -------------------------------------------------------


BOTH = (4, 6)
End = tuple[Decoded | str, Any, tuple[int, ...]]
"""What a reference names, the port there, the address families that lead to it."""


class Names:
    def __init__(self, objects: list[Decoded]) -> None:
        self.objects = objects
        self.live = endpoints(objects)

    def ends(self, ref: str, port: Any, protocol: str) -> list[End]:
        try:
            address = ipaddress.ip_address(ref)
        except ValueError:
            pass
        else:
            owner = self._owner(str(address))
            return [(owner or str(address), port, BOTH)]
        kind, _, rest = ref.partition("/")
        if kind == "svc":
            namespace, name = rest.split("/")
            service = next(d for d in self.objects if (d.kind, d.namespace, d.name) == ("Service", namespace, name))
            return self.behind(backends(self.objects, service, port=port, protocol=protocol))
        if kind == "node":
            return [(d, port, BOTH) for d in self.objects if d.kind == "Node" and d.name == rest]
        if "/" in rest:
            namespace, name = rest.split("/")
            found = [d for d in self.live if KINDS.get(d.kind) == kind and (d.namespace, d.name) == (namespace, name)]
            found = found or [d for d in self.live if self._chain(d, kind, namespace, name)]
        else:
            found = [d for d in self.live if (d.namespace, d.name) == (kind, rest) and d.kind != "Node"]
            found = found or [d for d in self.live if self._chain(d, "", kind, rest)]
        return [(d, port, BOTH) for d in found]

    def sources(self, ref: str) -> list[Decoded | str]:
        found = [end for end, *_ in self.ends(ref, None, "")]
        if not found:
            raise UsageError(f"`{ref}` names nothing any more")  # the generator asks about what is there
        return found

    def service_at(self, text: str) -> str:
        """The Service that has this address, inside or outside; "" for none."""
        for d in self.objects:
            if d.kind == "Service" and text in (*inner_addresses(d), *outer_addresses(d)):
                return f"svc/{d.namespace}/{d.name}"
        return ""

    def behind(self, found: Iterable[Backend]) -> list[End]:
        """Where packets to these backends arrive."""
        return [
            (self._owner(b.target) or b.target if isinstance(b.target, str) else b.target, b.port, b.families)
            for b in found
        ]

    def _owner(self, address: str) -> Decoded | None:
        for d in self.objects:
            if d.kind == "Pod" and d in self.live and d.value.status:
                ips = [p.ip for p in d.value.status.pod_ips or ()] + [d.value.status.pod_ip]
                if any(ip and ipaddress.ip_address(ip) == ipaddress.ip_address(address) for ip in ips):
                    return d
        for d in self.objects:
            if d.kind == "Node" and d.value.status:
                for a in d.value.status.addresses or ():
                    if a.type in ("InternalIP", "ExternalIP") and a.address == address:
                        return d
        return None

    def _chain(self, d: Decoded, kind: str, namespace: str, name: str) -> bool:
        at: Decoded | None = d
        while at is not None and at.value.metadata.owner_references:
            owner = at.value.metadata.owner_references[0]
            if d.namespace == namespace and owner.name == name and kind in ("", KINDS.get(owner.kind)):
                return True
            wanted = (owner.kind, d.namespace, owner.name)
            at = next((o for o in self.objects if (o.kind, o.namespace, o.name) == wanted), None)
        return False


def inner_addresses(service: Decoded) -> list[str | None]:
    return [service.value.spec.cluster_ip, *(service.value.spec.cluster_ips or ())]


def outer_addresses(service: Decoded) -> list[str | None]:
    if service.value.spec.type == "ExternalName" or is_headless(service):  # a name in the DNS, which nothing leads to
        return []
    balancer = service.value.status.load_balancer if service.value.status else None
    return [*(service.value.spec.external_ips or ()), *(one.ip for one in (balancer.ingress or () if balancer else ()))]


# --- the specification's answer ---------------------------------------------------------------------------------------


Told = Literal["allow", "deny", "undecided", "some"]


@dataclass(frozen=True)
class Expected:
    """The specification's verdict on a question, who decides it, why it is open; who decides any of its packets."""

    verdict: Told
    by: Cited
    kinds: frozenset[str]
    any_by: Cited = field(default_factory=set)


def expected(names: Names, asked: Asked, query: Object, families: tuple[int, ...], assumed: bool = False) -> Expected:
    """`assumed`: nothing in the input names the families of the pods, so that one more may be there."""
    for one in names.objects:
        if one.kind == "Service" and query["to"] == f"svc/{one.namespace}/{one.name}":
            other = renamed(names.objects, one)
            query = {**query, "to": f"svc/{other.namespace}/{other.name}"} if other is not None else query
            break
    found = of_families(names, asked, query, families, assumed)
    if assumed and query.get("family") not in (None, *families) and found.verdict in ("allow", "some"):
        return replace(found, verdict="undecided", by=found.any_by, kinds=frozenset({"unknown"}))
    kind, _, rest = query["to"].partition("/")  # an address that is dialled has a family
    if kind != "svc" or found.verdict == "deny" or "/" not in query["from"] or len(families) < 2:
        return found
    service = next(d for d in names.objects if d.kind == "Service" and f"{d.namespace}/{d.name}" == rest)
    if not has_one_family(service):
        return found
    ends = names.ends(query["to"], query.get("port"), query.get("protocol", "TCP"))
    there = [f for f in families if any(is_there(names, asked, query, end, f) for end in ends)]
    over = {f: of_families(names, asked, {**query, "family": f}, families, assumed).verdict for f in there}
    told = set(over.values())
    if len(told) < 2 and (not query.get("family") or len(over) < 2):
        return found
    if "undecided" in told or found.verdict not in ("allow", "some", "undecided"):
        return found
    return replace(found, verdict="undecided", by=found.any_by, kinds=frozenset({"unknown"}))


def is_there(names: Names, asked: Asked, query: Object, end: End, family: int) -> bool:
    """Whether an end that is reached over both families has an address in this one."""
    itself, port, over = end
    return family in over and bool(
        judgements(names, asked, query, [itself], [(itself, port, over)], (family,), itself=True)
    )


def of_families(
    names: Names, asked: Asked, query: Object, families: tuple[int, ...], assumed: bool = False
) -> Expected:
    """What is expected where a Service has all the families that it may have."""
    in_cluster = families
    families = all_families = (query["family"],) if query.get("family") else families
    named, dialled_text = names.service_at(query["to"]), query["to"]
    if named:  # packets to an address are of its family
        dialled = ipaddress.ip_address(query["to"]).version
        query = {**query, "to": named, "family": dialled}
        families = tuple(f for f in families if f == dialled)
    kind, _, rest = query["to"].partition("/")
    if kind == "svc":
        service = next(d for d in names.objects if d.kind == "Service" and f"{d.namespace}/{d.name}" == rest)
        source = names.sources(query["from"])[0]
        is_outside = isinstance(source, str) and service.value.spec.type != "ExternalName"
        if leads_nowhere_known(names, service, query) and not is_outside:
            return Expected("undecided", set(), frozenset())
        if isinstance(source, str):
            return from_outside(names, asked, query, source, service, all_families, dialled_text, in_cluster)
        # at an outer address clients inside are led as to any Service
        is_outer = dialled_text in outer_addresses(service)
        is_local = service.value.spec.internal_traffic_policy == "Local" and not is_outer
        if is_local and not is_headless(service):
            return from_own_nodes(names, asked, query, service, families, assumed)
    sources = names.sources(query["from"])
    destinations = names.ends(query["to"], query.get("port"), query.get("protocol", "TCP"))
    if kind != "svc":
        from tests.agreement_nodes import at_node

        taken = at_node(names, asked, query, sources, destinations, families, assumed)
        if taken is not None:
            return taken
    if kind == "svc" and destinations and is_past_endpoints(service, dialled_text):
        there = {**query, "to": dialled_text}
        outcomes = judgements(names, asked, there, sources, [(dialled_text, query["port"], BOTH)], families)
        if not outcomes and assumed:
            return Expected("undecided", set(), frozenset({"unknown"}))
        through = together(outcomes)
        return through if through.verdict == "deny" else replace(through, verdict="undecided", kinds=frozenset())
    outcomes = judgements(names, asked, query, sources, destinations, families)
    if kind == "svc" and dialled_text in outer_addresses(service):
        from tests.agreement_outer import is_masked_otherwise

        if any(is_masked_otherwise(names, asked, query, service, sources, destinations, f) for f in families):
            return replace(decided("undecided", [j for _, j in outcomes]), kinds=frozenset())
    if kind == "svc" and outcomes and is_outside_ranges(names, asked, service, sources, dialled_text):
        found = together(outcomes)
        if found.verdict != "deny":
            return replace(found, verdict="undecided", by=found.any_by, kinds=frozenset())
    if not outcomes and assumed and is_open(query, destinations):
        return Expected("undecided", set(), frozenset({"unknown"}))
    return together(outcomes)


def is_outside_ranges(
    names: Names, asked: Asked, service: Decoded, clients: Sequence[Decoded | str], dialled: str
) -> bool:
    """Whether the load balancer's source ranges perhaps keep out a client of this address."""
    for client in clients:
        try:
            if admitted(names.objects, service, client, dialled, asked.pod_cidrs) != "yes":
                return True
        except NoSuchPacket:
            continue
    return False


def is_open(query: Object, destinations: Sequence[End]) -> bool:
    """Whether there are packets if the pods have the families: not where none of the ends is reached over the family
    that is asked about."""
    family = query.get("family")
    return any(family is None or family in over for _, _, over in destinations)


def judgements(
    names: Names,
    asked: Asked,
    query: Object,
    sources: Sequence[Decoded | str],
    destinations: Sequence[End],
    families: tuple[int, ...],
    itself: bool = False,
) -> list[tuple[int, Judgement]]:
    """A judgement for each packet. `itself`: those of a pod to itself too, which else count only where there are no
    others: of a group, pods that differ are meant. Through a Service they count where all others are denied too: it
    may lead a client to any of its endpoints."""
    protocol = protocol_number(query.get("protocol", "TCP"))
    icmp = query.get("icmp") or {"type": 8}
    translated, to_service = is_translated(names, query), query["to"].startswith("svc/")
    found: list[tuple[int, Judgement]] = []
    for family in families:
        for source in sources:
            for destination, port, over in destinations:
                if family not in over:
                    continue
                sames = [source is destination and isinstance(source, Decoded) and source.kind == "Pod"]
                if to_service and source is destination and end_of(names.objects, source).kind == "pod":
                    sames = [True] if is_one_pod(source) else [False, True]
                proto = 58 if protocol == 1 and family == 6 else protocol
                key = (icmp["type"] << 8 | icmp.get("code", 0)) if protocol == 1 else port
                for same in sames:
                    try:
                        one = judge(
                            names.objects,
                            source,
                            destination,
                            protocol=proto,
                            port=key,
                            family=family,  # type: ignore[arg-type]
                            pod_ranges=asked.pod_cidrs,
                            unknown=asked.unknown,
                            same_pod=same,
                            translated=translated,
                        )
                    except NoSuchPacket:
                        continue
                    found.append((family, one))
    if itself:
        return found
    return through_service(found) if to_service else without_itself(found) or found


def without_itself(found: list[tuple[int, Judgement]]) -> list[tuple[int, Judgement]]:
    return [(family, one) for family, one in found if one.relation != "self"]


def through_service(found: list[tuple[int, Judgement]]) -> list[tuple[int, Judgement]]:
    """The packets that count: in each family those of a client to itself where all others are denied."""
    out = []
    for family in (4, 6):
        here = [(f, one) for f, one in found if f == family]
        others = without_itself(here)
        out += here if all(one.verdict == "deny" for _, one in others) else others
    return out


def is_translated(names: Names, query: Object) -> bool:
    """Whether a Service leads the packets of the question: nothing leads those to a headless one."""
    kind, _, rest = query["to"].partition("/")
    return kind == "svc" and any(
        f"{d.namespace}/{d.name}" == rest and not is_headless(d) for d in names.objects if d.kind == "Service"
    )


def together(outcomes: list[tuple[int, Judgement]], dropped: Collection[int] = ()) -> Expected:
    """One verdict for the packets of a question; in the families `dropped` there are others that nothing answers."""
    if not outcomes:
        return Expected("deny", set(), frozenset())
    lost = {f: {"deny"} if f in dropped else set() for f in (4, 6)}
    verdicts = {j.verdict for _, j in outcomes} | lost[4] | lost[6]
    by_family = {f: {j.verdict for g, j in outcomes if g == f} | lost[f] for f in {*dropped, *(g for g, _ in outcomes)}}
    verdict: Told
    if len(verdicts) == 1:
        verdict = next(iter(verdicts))
    elif "undecided" in verdicts or (len(by_family) == 2 and all(len(v) == 1 for v in by_family.values())):
        verdict = "undecided"
    else:
        verdict = "some"
    return decided(verdict, [j for _, j in outcomes])


def decided(verdict: Told, outcomes: list[Judgement]) -> Expected:
    counted = "allow" if verdict == "some" else verdict
    deciding = [j for j in outcomes if verdict == "undecided" or j.verdict == counted]
    kinds = {r.kind for j in outcomes if j.verdict == "undecided" for r in j.reasons}
    return Expected(
        verdict, {c for j in deciding for c in cited(j)}, frozenset(kinds), set().union(*map(cited, outcomes))
    )


def from_own_nodes(
    names: Names, asked: Asked, query: Object, service: Decoded, families: tuple[int, ...], assumed: bool
) -> Expected:
    """From the cluster to a Service with internalTrafficPolicy Local: a client is led to backends on its own node, and
    nowhere where it has none there. Where nodes are not known, all that may be has to come to the same."""
    found = backends(names.objects, service, port=query["port"], protocol=query["protocol"])
    clients = names.sources(query["from"])
    surely: list[tuple[int, Judgement]] = []
    perhaps: list[tuple[int, Judgement]] = []
    dropped: set[int] = set()
    may_drop = False
    for client in clients:
        near, unknown = (names.behind(b) for b in answering(names.objects, service, client, found))
        for family in families:
            beside = judgements(names, asked, query, [client], near, (family,), itself=True)
            somewhere = judgements(names, asked, query, [client], unknown, (family,), itself=True)
            surely += beside
            perhaps += somewhere
            if not beside and somewhere:
                may_drop = True
            elif not beside and judgements(names, asked, query, [client], names.behind(found), (family,)):
                dropped.add(family)
    outcomes = through_service(surely + perhaps)
    for family in {f for f, _ in perhaps}:  # which may all be elsewhere
        outcomes += [one for one in through_service([o for o in surely if o[0] == family]) if one not in outcomes]
    if not outcomes and not dropped and assumed and is_open(query, names.behind(found)):
        return Expected("undecided", set(), frozenset({"unknown"}))
    verdicts = {j.verdict for _, j in outcomes} | ({"deny"} if dropped or may_drop else set())
    if perhaps and len(verdicts) > 1:
        told = decided("undecided", [j for _, j in outcomes])
        return replace(told, kinds=told.kinds | {"unknown"})
    return together(outcomes, dropped)


def leads_nowhere_known(names: Names, service: Decoded, query: Object) -> bool:
    """A name for something elsewhere, or a Service of which the input does not tell which endpoints it has."""
    spec = service.value.spec
    if spec.type == "ExternalName":
        return True
    ports = [p for p in spec.ports or () if p.port == query.get("port") and (p.protocol or "TCP") == query["protocol"]]
    dials = bool(ports) or is_headless(service)
    return dials and not is_known(names.objects, service, port=query.get("port"), protocol=query["protocol"])


def balancer_addresses(service: Decoded) -> list[str | None]:
    """The addresses of the Service's load balancer, where it has no name beside them."""
    balancer = service.value.status.load_balancer if service.value.status else None
    entries = balancer.ingress or () if balancer else ()
    return [] if any(one.hostname for one in entries) else [one.ip for one in entries]


def from_outside(
    names: Names,
    asked: Asked,
    query: Object,
    source: str,
    service: Decoded,
    families: tuple[int, ...],
    dialled: str,
    in_cluster: tuple[int, ...],
) -> Expected:
    """From an address outside to a Service, by its load balancer, its external addresses or its node ports; named by
    an address, by this one.

    With externalTrafficPolicy Local the pods see the client's address, otherwise a node's: which one is not known
    beforehand, so that all have to agree. One way in is enough. Clients come over their own family: only of a load
    balancer it is not known whether it translates. Of a Service that has one family of two, and it is not known which,
    either has to come to the same.
    """
    if dialled in inner_addresses(service) and dialled not in outer_addresses(service):
        return Expected("deny", set(), frozenset())  # a cluster IP is reached from within
    spec = service.value.spec
    protocol = query.get("protocol", "TCP")
    port = next((p for p in spec.ports or () if p.port == query["port"] and (p.protocol or "TCP") == protocol), None)
    if is_headless(service):
        return Expected("deny", set(), frozenset())
    external = list(spec.external_ips or ())
    balancer = balancer_addresses(service)
    ways: list[tuple[bool, list[str | None]]] = []  # whether it is the load balancer's; its addresses, where all known
    if spec.type == "LoadBalancer":
        ways.append((True, balancer))
    if external:
        ways.append((False, external))
    allocated = spec.type == "LoadBalancer" and spec.allocate_load_balancer_node_ports is not False
    if dialled in outer_addresses(service):
        ways = [(dialled not in external, [dialled])]
    elif port and (spec.type == "NodePort" or allocated or (spec.type == "LoadBalancer" and port.node_port)):
        ways.append((False, []))
    destinations = names.ends(query["to"], query["port"], protocol)
    version = ipaddress.ip_address(source).version
    own = tuple(f for f in families if f == version)
    nodes = [d for d in names.objects if d.kind == "Node"] or some_nodes(names.objects, asked.pod_cidrs)

    is_unknown = leads_nowhere_known(names, service, query)

    def way(ranged: bool, within: Collection[int]) -> Expected:
        if is_unknown:
            return Expected("undecided", set(), frozenset())
        over = tuple(f for f in own if f in within)
        other = tuple(f for f in in_cluster if f not in own)
        if spec.external_traffic_policy == "Local":
            kept = judgements(names, asked, query, [source], destinations, over)
            # behind a load balancer that translates pods see an address that is its own
            behind = [str(end_of(names.objects, one).known[0]) for one in some_nodes(names.objects, ())]
            if kept:
                return together(kept)
        else:
            behind = nodes
            outcomes = [j for _, j in judgements(names, asked, query, nodes, destinations, over)]
            verdicts: set[Told] = {j.verdict for j in outcomes}
            if outcomes:
                return decided(next(iter(verdicts)) if len(verdicts) == 1 else "undecided", outcomes)
        led = judgements(names, asked, query, behind, destinations, other) if ranged else []
        is_open = any(j.verdict != "deny" for _, j in led)
        return Expected("undecided" if is_open else "deny", set(), frozenset())

    found: list[Expected] = []
    for ranged, entries in ways:
        if entries and version not in {ipaddress.ip_address(one).version for one in entries if one}:
            continue
        admitted = (
            not ranged
            or not spec.load_balancer_source_ranges
            or any(
                ipaddress.ip_address(source) in ipaddress.ip_network(r, strict=False)
                for r in spec.load_balancer_source_ranges
            )
        )
        if not admitted:
            continue
        one = way(ranged, in_cluster)
        shown = ranged and bool(balancer)
        if one.verdict != "deny" and len(in_cluster) > 1 and has_one_family(service) and not shown:
            there = [f for f in in_cluster if any(is_there(names, asked, query, end, f) for end in destinations)]
            if version in there and len(there) > 1:  # the Service has either, and the client one
                one = replace(one, verdict="undecided", by=one.any_by)
        found.append(one)
    best: tuple[Told, ...] = ("allow", "some", "undecided", "deny")
    for verdict in best:
        by = [one.by for one in found if one.verdict == verdict]
        if by:
            return Expected(verdict, set().union(*by), frozenset())
    return Expected("deny", set(), frozenset())


def some_nodes(objects: Sequence[Decoded], pod_cidrs: Sequence[str]) -> list[Decoded]:
    """Nodes without a name, at addresses on both sides of every border that the policies' blocks draw."""
    found: dict[str, None] = dict.fromkeys(("192.0.2.1", "2001:db8:ffff::1"))
    for d in objects:
        if d.kind == "NetworkPolicy":
            spec = d.value.spec
            peers = [p for r in spec.ingress or () if r for p in r.from_ or ()] + [
                p for r in spec.egress or () if r for p in r.to or ()
            ]
            for block in (p.ip_block for p in peers if p and p.ip_block):
                for text in (block.cidr, *(block.except_ or ())):
                    network = ipaddress.ip_network(text, strict=False)
                    found[str(network.network_address)] = None
                    if int(network.broadcast_address) + 1 < 1 << network.max_prefixlen:
                        found[str(network.broadcast_address + 1)] = None
    pods = [ipaddress.ip_network(c) for c in pod_cidrs]
    usual = [
        a
        for a in map(ipaddress.ip_address, found)
        if not (a.is_multicast or a.is_loopback or a.is_link_local or int(a) < 1 << 24)
    ]
    return [
        Decoded(
            kind="Node",
            namespace="",
            name="",
            value=Node(status=NodeStatus(addresses=(NodeAddress(type="InternalIP", address=str(a)),))),
        )
        for a in usual
        if not any(a in p for p in pods if p.version == a.version)
    ]


def cited(judgement: Judgement) -> Cited:
    """What the specification cites, each with its direction: of several enforcers, those that leave an open one so."""
    deciding = judgement.deciding
    if judgement.verdict == "undecided":
        open_ = {side.direction for side in deciding if side.may_deny}
        deciding = tuple(side for side in deciding if side.may_deny or side.direction not in open_)
    return {
        (side.direction, c.object.kind, f"{c.object.namespace}/{c.object.name}", c.action, c.rule)
        for side in deciding
        for c in side.by
    }


# --- both, compared ---------------------------------------------------------------------------------------------------


def answers(engine: Inquirer, queries: list[Object]) -> list[Evaluated]:
    return list(evaluate(engine, msgspec.convert(queries, list[Query]), lambda _: None))


def compare(asked: Asked) -> tuple[Counter[str], list[tuple[Object, str]]]:
    """Every question to both judges: the verdicts, and for each question they differ on, what differs."""
    objects = decode_all(asked.manifests)
    engine = inquirer(objects, asked.pod_cidrs, asked.unknown)
    names = Names(objects)
    verdicts: Counter[str] = Counter()
    differing: list[tuple[Object, str]] = []
    for raw, answer in zip(asked.queries, answers(engine, asked.queries), strict=True):
        want = expected(names, asked, raw, engine.network.families, engine.cluster.has_assumed_families)
        got = "some" if answer.groups == "some" and answer.verdict == "allow" else answer.verdict
        verdicts[got] += 1
        told = _difference(want, got, answer, bool(asked.unknown))
        if told:
            differing.append((raw, told))
    return verdicts, differing


def _difference(want: Expected, got: str, answer: Evaluated, unread: bool) -> str:
    if got != want.verdict:
        return f"spec says {want.verdict}, engine says {got} ({answer.note})"
    by: Cited = {(b.direction, b.kind, f"{b.namespace}/{b.name}", b.action, b.rule) for b in answer.by}
    if unread:
        # Where something unread may decide too, which of the rules that it may overrule are named is not compared.
        by, named = {c for c in by if c[3] == "deny"}, {c for c in want.by if c[3] == "deny"}
    else:
        named = want.by
    if by != named:
        return f"{got}, but spec cites {sorted(map(str, named))}, engine {sorted(map(str, by))}"
    kinds = frozenset(u.kind for u in answer.undecided)
    if want.kinds and kinds != want.kinds:
        return f"{got}, open for spec because {sorted(want.kinds)}, for engine because {sorted(kinds)}"
    return ""


def unread_policies(seed: int) -> tuple[UnknownPolicy, ...]:
    """Random policies that could not be read."""
    rng = random.Random(f"unread {seed}")
    return tuple(
        UnknownPolicy(
            kind=rng.choice(("FQDNNetworkPolicy", "AuthorizationPolicy", "")),
            namespaces=tuple(sorted(rng.sample(NAMESPACES, rng.choice((0, 1, 1, 2))))),
            hosts=rng.random() < 0.4,
            effect=rng.choice(("both", "deny")),
            reason=f"unread policy {i}",
        )
        for i in range(rng.choice((1, 1, 2, 3)))
    )


def check(seed: int, tuples: int = 100) -> Result:
    """Every question of one random cluster, by both; a failure to answer is a disagreement too."""
    case = cluster(seed, tuples)
    result = Result(features=case.features)
    asked = Asked(case.manifests, case.pod_cidrs, case.queries)
    for name, one in (("", asked), (" beside unread policies", replace(asked, unknown=unread_policies(seed)))):
        if name:
            if seed % 5:
                continue
            queries = [q for q, kind in zip(case.queries, case.query_kinds, strict=True) if "outside-svc" not in kind]
            one = replace(one, queries=queries[: max(10, tuples // 2)])
        try:
            verdicts, differing = compare(one)
        except Exception:
            result.disagreements.append(f"seed {seed}{name}: {traceback.format_exc(limit=-6)}")
            result.asked.append(one)
            continue
        if not name:
            result.verdicts += verdicts
            result.tuples += len(one.queries)
        for raw, told in differing:
            result.disagreements.append(f"seed {seed}{name}: {raw}: {told}")
            result.asked.append(replace(one, queries=[raw]))
    if case.rejected:
        told = rejected_changes(case)
        if told:
            result.disagreements.append(f"seed {seed}: {told}")
            result.asked.append(asked)
    return result


def rejected_changes(case: Case) -> str:
    """What changes when the policies that the API server refuses are read too ("" where nothing does)."""
    from netwright.model.document import Reading
    from netwright.twin import Twin, digest

    def twin(manifests: list[Object]) -> Twin:
        reading = Reading(
            documents=[document(m) for m in manifests], unread=[], warnings=[], inputs=[], texts=NoTexts()
        )
        return Twin(digest(reading), pod_cidrs=case.pod_cidrs)

    without, beside = twin(case.manifests), twin([*case.rejected, *case.manifests])
    invalid = beside.snapshot.accounting.invalid - without.snapshot.accounting.invalid
    if invalid != len(case.rejected):
        return f"{len(case.rejected)} policies are refused by the API server, {invalid} were reported"
    for query, a, b in zip(
        case.queries, answers(without.inquirer, case.queries), answers(beside.inquirer, case.queries), strict=True
    ):
        if a != b:
            return f"{query}: {a.verdict} without the refused policies, {b.verdict} beside them"
    return ""


class NoTexts:
    """No text stands behind the objects."""

    def position(self, place: Any, pointer: Any = ()) -> None:
        return None

    def digests(self) -> dict[str, str]:
        return {}

    def lines(self, file: str) -> list[str]:
        return []


# --- shrinking --------------------------------------------------------------------------------------------------------


def still_differs(asked: Asked) -> bool:
    """Whether the one question still disagrees. A question that has lost its meaning does not."""
    try:
        return bool(compare(asked)[1])
    except (UsageError, StopIteration, AssertionError):
        return False
    except Exception:
        return True


def shrunk(asked: Asked, differs: Callable[[Asked], bool] = still_differs) -> Asked:
    """The case with every manifest, rule and unread policy dropped that is not needed for its disagreement."""
    if not differs(asked):
        return asked
    changed = True
    while changed:
        changed = False
        for smaller in _smaller(asked):
            if differs(smaller):
                asked, changed = smaller, True
                break
    return asked


def _smaller(asked: Asked) -> Iterable[Asked]:
    manifests = asked.manifests
    for width in (len(manifests) // 2, len(manifests) // 4, 1):
        if width:
            for start in range(0, len(manifests), width):
                yield replace(asked, manifests=manifests[:start] + manifests[start + width :])
    for i in range(len(asked.unknown)):
        yield replace(asked, unknown=asked.unknown[:i] + asked.unknown[i + 1 :])
    for i, manifest in enumerate(manifests):
        if not manifest["kind"].endswith("NetworkPolicy"):
            continue
        for direction in ("ingress", "egress"):
            rules = manifest["spec"].get(direction) or []
            for j, rule in enumerate(rules):
                yield _with(asked, i, direction, rules[:j] + rules[j + 1 :])
                for part, listed in (rule or {}).items():
                    for k in range(len(listed) if isinstance(listed, list) and len(listed) > 1 else 0):
                        less = {**rule, part: listed[:k] + listed[k + 1 :]}
                        yield _with(asked, i, direction, [*rules[:j], less, *rules[j + 1 :]])


def _with(asked: Asked, index: int, direction: str, rules: list[Any]) -> Asked:
    policy = asked.manifests[index]
    edited = {**policy, "spec": {**policy["spec"], direction: rules}}
    return replace(asked, manifests=[*asked.manifests[:index], edited, *asked.manifests[index + 1 :]])
