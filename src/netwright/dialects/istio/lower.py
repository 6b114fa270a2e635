"""Istio's policies to the tiers of a mesh: TLS, then CUSTOM, DENY and ALLOW, all at the server.

After Istio 1.28: the reference pages of AuthorizationPolicy and PeerAuthentication, `pilot/pkg/security/authz` (what
becomes of HTTP attributes on TCP), `pilot/pkg/serviceregistry/kube/controller/ambient/authorization.go` (what ztunnel
enforces). Only TCP passes proxies; all else passes the mesh by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, NamedTuple

from msgspec.structs import replace

from netwright.base.selectors import ALWAYS, Not, Selector, conjunction, equals, one_of
from netwright.base.services import NONE, TCP, ServiceSet
from netwright.base.spans import Origin, Pointer, named
from netwright.dialects.istio.conditions import (
    PRESENT,
    Accounts,
    Identities,
    Layer,
    variants,
)
from netwright.dialects.istio.mesh import Mesh, MeshPod, PodClass
from netwright.dialects.istio.mutual_tls import LOST, Said
from netwright.dialects.istio.objects import AuthorizationPolicy
from netwright.dialects.istio.objects import Rule as PolicyRule
from netwright.dialects.istio.selectors import lives_in
from netwright.dialects.k8s.generated import GENERATED, UNKNOWN
from netwright.model.document import Decoded
from netwright.model.mesh import ACCOUNT, CLASS, CLIENT, ENFORCER, HBONE, SERVER
from netwright.model.rule import (
    ANYBODY,
    NOBODY,
    UNGUARDED,
    Action,
    AndPeer,
    Enforcer,
    Guard,
    Kinds,
    Members,
    NotPeer,
    Peer,
    Rule,
    Service,
    Tier,
    UnknownPeer,
    either,
)

TIERS: Final = ("membership", "mutual TLS", "CUSTOM", "DENY", "ALLOW")
EVERY_TCP: Final = ServiceSet.ports(TCP)
NO_RULE: Final = -1
"""The number of a rule that is none of its object's rules: what holds where none of them matches, a mode of TLS."""

CLIENT_UNKNOWN: Final = UnknownPeer(
    "whether the client is in the mesh, and its traffic passes its proxy, is not in the input; `mesh` behind `--cni` "
    "says it"
)
ZTUNNEL_TO_PROXY: Final = UnknownPeer("how ztunnel reaches a pod that has a proxy of its own is not in the input")
CLIENT_TLS: Final = UnknownPeer("a DestinationRule may set the TLS that clients speak to the server")


def lower_istio(mesh: Mesh) -> Enforcer:
    """The mesh as an enforcer of its own. It does not exempt a pod's own node."""
    lowering = _Lowering(mesh)
    lowering.tls()
    lowering.perhaps_outside()
    for number, policy in enumerate(p for p in mesh.policies if isinstance(p.value, AuthorizationPolicy)):
        lowering.policy(number, policy)
    tiers = tuple(Tier(name=name, ties="deny-first", rules=tuple(lowering.rules[name])) for name in TIERS)
    return Enforcer(name=ENFORCER, tiers=tuple(t for t in tiers if t.rules), default="allow", exempt=("self",))


_HOW: Final = ("ambient", "sidecar", "perhaps")
_REACHED: Final = tuple(f"{how}{tls}" for how in _HOW for tls in ("", "-plain", "-open"))


# --- who is who --------------------


def _clients(*how: str) -> Peer:
    return Members(one_of(CLIENT, how))


def _perhaps(peer: Peer, why: UnknownPeer) -> Peer:
    return AndPeer((peer, why))


def proven(server: PodClass) -> Peer:
    """The clients whose identity the server is shown, where it does not refuse mutual TLS."""
    of_ztunnel = _clients("ambient")
    if server.state != "ambient":
        of_ztunnel = _perhaps(of_ztunnel, ZTUNNEL_TO_PROXY)
    return either([of_ztunnel, *_by_proxies(server.tls)])


def _by_proxies(tls: str) -> list[Peer]:
    """The clients whose proxies speak mutual TLS, by how these dial the server."""
    if tls == "plain":
        return []
    if tls == "open":
        return [_perhaps(_clients("sidecar", "perhaps"), CLIENT_TLS)]
    return [_clients("sidecar"), _perhaps(_clients("perhaps"), CLIENT_UNKNOWN)]


def tunnelled_to(reached: str) -> Peer:
    """The clients whose connections reach a server through the tunnel, by how it is reached."""
    state, _, tls = reached.partition("-")
    if state == "ambient":
        return either([_clients("ambient"), *_by_proxies(tls)])
    return _perhaps(_clients("ambient"), ZTUNNEL_TO_PROXY)


def tunnelled_from(client: str) -> Peer:
    """The servers that a client's connections reach through the tunnel."""
    if client == "ambient":
        beside = Members(one_of(SERVER, tuple(one for one in _REACHED if not one.startswith("ambient"))))
        ambient = Members(one_of(SERVER, tuple(one for one in _REACHED if one.startswith("ambient"))))
        return either([ambient, _perhaps(beside, ZTUNNEL_TO_PROXY)])
    served = Members(equals(SERVER, "ambient"))
    unsure = _perhaps(Members(equals(SERVER, "ambient-open")), CLIENT_TLS)
    return either([served if client == "sidecar" else _perhaps(served, CLIENT_UNKNOWN), unsure])


# --- what the CNI sees --------------------


def through_the_tunnel(tiers: Iterable[Tier], mesh: Mesh) -> tuple[Tier, ...]:
    """The CNI's tiers as they act in a mesh with ztunnel: of connections that pass the tunnel they see its port.

    After the page "Ambient and Kubernetes NetworkPolicy".
    """
    if not any(pod.server.state == "ambient" for pod in mesh.pods):
        return tuple(tiers)
    return tuple(
        Tier(name=t.name, ties=t.ties, rules=tuple(r for rule in t.rules for r in _tunnelled(rule)), ends=t.ends)
        for t in tiers
    )


_SEEN: Final = {
    "ingress": [(equals(SERVER, reached), tunnelled_to(reached)) for reached in _REACHED],
    "egress": [(equals(CLIENT, client), tunnelled_from(client)) for client in _HOW],
}
_WITHIN: Final = {"ingress": one_of(SERVER, _REACHED), "egress": one_of(CLIENT, _HOW)}


def _tunnelled(rule: Rule) -> Iterator[Rule]:
    """A rule of the CNI where the mesh has no part, and, where it has one, of what it tunnels and of the rest."""
    if rule.direction == "transit":
        yield rule
        return
    side = "src" if rule.direction == "ingress" else "dst"
    peer: Peer = getattr(rule, side)
    yield replace(rule, at=conjunction(rule.at, Not(_WITHIN[rule.direction])))
    service = rule.service
    has_tunnel = (TCP << 16 | HBONE) in service.fixed
    names = {is_tcp: tuple(p for p in service.named if (p.protocol == TCP) == is_tcp) for is_tcp in (True, False)}
    # what is matched by whatever port the connection is seen
    always = service if has_tunnel else Service(service.fixed - EVERY_TCP, names[False], service.sources)
    # by the port of the tunnel alone, or by its own alone
    other = Service(EVERY_TCP - service.fixed if has_tunnel else service.fixed & EVERY_TCP,
                    () if has_tunnel else names[True], service.sources)  # fmt: skip
    for at, through in _SEEN[rule.direction]:
        here = conjunction(rule.at, at)
        if always.fixed or always.named or rule.unsure:
            yield replace(rule, at=here, service=always)
        if other.fixed or other.named:
            seen = AndPeer((peer, through if has_tunnel else NotPeer(through)))
            yield replace(rule, at=here, service=other, unsure=NONE, **{side: seen})


# --- the policies --------------------


class _Taken(NamedTuple):
    """Ports of a server that its proxy reads in one way, with the clients that prove who they are there."""

    layer: Layer
    ports: ServiceSet
    proven: Peer


class _Lowering:
    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        self.rules: dict[str, list[Rule]] = {name: [] for name in TIERS}
        # one of those that policies cannot tell apart, by namespace
        pods: dict[str, dict[tuple[tuple[tuple[str, str], ...], PodClass], MeshPod]] = {}
        for pod in mesh.pods:
            known = pods.setdefault(pod.namespace, {})
            known.setdefault((tuple(sorted(pod.labels.items())), pod.server), pod)
        self._pods = {namespace: list(found.values()) for namespace, found in pods.items()}
        self._classes = list(dict.fromkeys(pod.server for pod in mesh.pods))
        self._accounts = Accounts({pod.account for pod in mesh.pods}, mesh.options.trust_domain)
        self._taken: dict[PodClass, list[_Taken]] = {}
        self._places = {(d.kind, d.namespace, d.name): d.place for d in mesh.policies}

    def _at(self, server: PodClass, more: Selector = ALWAYS) -> Selector:
        return conjunction(equals(CLASS, server.key), more)

    def perhaps_outside(self) -> None:
        """Servers for which perhaps nothing of what follows holds."""
        for server in self._classes:
            if server.unsure and not server.open:
                nowhere = Origin(kind="AuthorizationPolicy", namespace="", name="")
                why = UnknownPeer(server.unsure)
                self._add("membership", 0, NO_RULE, self._at(server), ANYBODY, EVERY_TCP, "allow", nowhere, own=why)

    def tls(self) -> None:
        """What refuses connections without mutual TLS, and the servers of which nothing can be told."""
        for number, server in enumerate(self._classes):
            at = self._at(server)
            if server.open:
                self._add("mutual TLS", number, NO_RULE, at, UnknownPeer(server.open), EVERY_TCP, "deny",
                          Origin(kind="AuthorizationPolicy", namespace="", name=""))  # fmt: skip
                continue
            left = _caught(server)
            for port, said in reversed(server.modes):  # ports of their own first, 0 stands for the others
                here = left & ServiceSet.ports(TCP, port) if port else left
                left -= here
                strict = [one for one in said if one.mode == "STRICT"]
                if not strict or not here:
                    continue
                whom: Peer = NotPeer(proven(server))
                if len(strict) < len(said):
                    whom = AndPeer((whom, UnknownPeer(_older(said))))
                for one in strict:
                    self._add("mutual TLS", number, NO_RULE, at, _seen(server, whom), here, "deny",
                              self._origin("PeerAuthentication", one.namespace, one.name, one.pointer))  # fmt: skip

    def policy(self, number: int, policy: Decoded) -> None:
        value: AuthorizationPolicy = policy.value
        if value.action == "AUDIT" or value.is_dry_run or value.targets:
            return
        selector = value.spec.selector if value.spec else None
        wide = policy.namespace == self.mesh.options.root
        where = ALWAYS if wide else equals("ns", policy.namespace)
        labels = (selector.match_labels if selector else None) or {}
        sure = conjunction(where, *(equals(f"k8s:{key}", text or "") for key, text in labels.items()))
        may = conjunction(where, *(one_of(f"k8s:{key}", (text or "", UNKNOWN)) for key, text in labels.items()))
        generated = sorted(GENERATED.intersection(labels))
        found: dict[tuple[PodClass, bool], None] = {}
        places = self._pods.values() if wide else [self._pods.get(policy.namespace, [])]
        for pod in chain.from_iterable(places):
            if lives_in(pod.labels, selector, perhaps=True):
                found[pod.server, lives_in(pod.labels, selector)] = None
        for server, is_sure in found:
            if server.open or (value.action == "CUSTOM" and server.state == "ambient"):
                continue  # ztunnel asks no extension
            if is_sure:
                self._policy(number, policy, self._at(server, sure), server, ANYBODY)
            else:
                at = self._at(server, conjunction(may, Not(sure)))
                self._policy(number, policy, at, server, _compares(policy, generated))

    def _policy(self, number: int, policy: Decoded, at: Selector, server: PodClass, own: Peer) -> None:
        value: AuthorizationPolicy = policy.value
        rules = value.spec.rules if value.spec is not None else None
        for index, rule in enumerate(rules or ()):
            self._rule(number, policy, index, rule, at, server, own)
        origin = self._origin_of(policy, ("spec",), own)
        if value.action == "ALLOW":
            self._add("ALLOW", number, NO_RULE, at, _seen(server, ANYBODY), _caught(server), "deny",
                      origin, rank=1, own=own)  # fmt: skip

    def _rule(
        self, number: int, policy: Decoded, index: int, rule: PolicyRule, at: Selector, server: PodClass, own: Peer
    ) -> None:
        value: AuthorizationPolicy = policy.value
        action: Action = "allow" if value.action == "ALLOW" else "deny"
        origin = self._origin_of(policy, ("spec", "rules", index), own)
        provider = value.spec.provider.name if value.spec and value.spec.provider else ""
        for taken in self._taken_at(server):
            for one in variants(rule, taken.layer, action, self._identities(policy.namespace, taken)):
                ports = taken.ports & one.ports
                if not ports:
                    continue
                texts = list(one.guards)
                if value.action == "CUSTOM" and not server.rivals:
                    texts.append(f"the extension `{provider}` refuses it")
                if ANYBODY in (own, one.own):
                    within = one.own if own == ANYBODY else own
                else:
                    within = AndPeer((own, one.own))
                whom = _seen(server, one.peer)
                when = Guard(tuple(texts)) if texts else UNGUARDED
                self._add(value.action, number, index, at, whom, ports, action, origin, when=when, own=within)

    def _identities(self, namespace: str, taken: _Taken) -> Identities:
        def of(field: str, values: Sequence[str]) -> Peer:
            if field != "service_accounts" and PRESENT in values:
                return taken.proven
            by_ztunnel = taken.layer == "ztunnel"
            found = self._accounts.named(field, values, namespace, by_ztunnel=by_ztunnel)
            return AndPeer((taken.proven, Members(one_of(ACCOUNT, found)))) if found else NOBODY

        return of

    def _taken_at(self, server: PodClass) -> list[_Taken]:
        found = self._taken.get(server)
        if found is None:
            found = self._taken[server] = list(_take(server))
        return found

    def _origin_of(self, policy: Decoded, pointer: Pointer, own: Peer) -> Origin:
        """Of a policy that perhaps selects nothing is cited: its name stands behind its namespace."""
        if own != ANYBODY:
            return Origin(kind=policy.kind, namespace=f"{policy.namespace}/{policy.name}", name="")
        return self._origin(policy.kind, policy.namespace, policy.name, pointer)

    def _origin(self, kind: str, namespace: str, name: str, pointer: Pointer) -> Origin:
        place = self._places.get((kind, namespace, name))
        return Origin(kind=kind, namespace=namespace, name=name, pointer=pointer, place=place)

    def _add(
        self,
        tier: str,
        number: int,
        index: int,
        at: Selector,
        src: Peer,
        ports: ServiceSet,
        action: Action,
        origin: Origin,
        *,
        rank: int = 0,
        when: Guard = UNGUARDED,
        own: Peer = ANYBODY,
    ) -> None:
        self.rules[tier].append(
            Rule(
                rank=rank,
                policy=number,
                index=index,
                at=at,
                direction="ingress",
                src=src,
                dst=own,
                service=Service(ports),
                when=when,
                action=action,
                origin=origin,
            )
        )


def _compares(policy: Decoded, keys: Sequence[str]) -> UnknownPeer:
    labels = " and ".join(f"`{key}`" for key in keys)
    return UnknownPeer(
        f"{policy.kind} `{policy.namespace}/{policy.name}` compares {labels}, which a controller gives to the pods and "
        "whose value is not in the input (the pods themselves have it)"
    )


def _seen(server: PodClass, src: Peer) -> Peer:
    """Whose connections the server's proxy takes: what a node starts to its own pods passes ztunnel by."""
    return AndPeer((src, NotPeer(Kinds(("own-node",))))) if server.state == "ambient" else src


def _caught(server: PodClass) -> ServiceSet:
    if server.caught is None:
        found = EVERY_TCP
    else:
        found = _ports(server.caught)
    return found - _ports(server.passed)


def _ports(numbers: Iterable[int]) -> ServiceSet:
    found = NONE
    for number in numbers:
        found |= ServiceSet.ports(TCP, number)
    return found


def _take(server: PodClass) -> Iterator[_Taken]:
    """The ports of a server by how its proxy reads them and who proves who they are."""
    caught = _caught(server)
    http, tcp = _ports(server.http), _ports(server.tcp)
    layers: list[tuple[Layer, ServiceSet]] = [("http", caught & http), ("tcp", caught & tcp)]
    layers.append(("either", caught - http - tcp))
    if server.state == "ambient":
        layers = [("ztunnel", caught)]
    shown = proven(server)
    through = _perhaps(_clients("ambient"), ZTUNNEL_TO_PROXY)  # its tunnel does not ask for the mode
    refused = unsure = NONE
    why = ""
    left = caught
    for port, said in reversed(server.modes):
        here = left & ServiceSet.ports(TCP, port) if port else left
        left -= here
        plain = [one for one in said if one.mode == "DISABLE"]
        if server.state == "ambient" or not plain:
            continue
        if len(plain) == len(said):
            refused |= here
        else:
            unsure, why = unsure | here, _older(said)
    for layer, ports in layers:
        for part, whom in (
            (ports - refused - unsure, shown),
            (ports & refused, through),
            (ports & unsure, AndPeer((shown, UnknownPeer(why)))),
        ):
            if part:
                yield _Taken(layer, part, whom)


def _older(said: Sequence[Said]) -> str:
    """Why it is open which of several modes holds."""
    if lost := sorted({f"`{named(one.namespace, one.name)}`" for one in said if one.mode == LOST}):
        return f"Istio's documents and its control plane differ on what {' and '.join(lost)} is for ztunnel"
    names = sorted({f"`{named(one.namespace, one.name)}`" for one in said if one.name})
    return f"PeerAuthentications {' and '.join(names)} set different modes, and the oldest one holds"


__all__ = ["NO_RULE", "lower_istio", "through_the_tunnel"]
