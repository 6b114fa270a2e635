"""The rules of AuthorizationPolicies as peers, services and conditions of requests.

After Istio 1.28: `pilot/pkg/security/authz/model` (`model.go`, `generator.go`, `matcher`), and for ztunnel
`ambient/authorization.go`. What can only be read of HTTP makes an ALLOW rule match nothing on plain TCP, and is left
out of a DENY or CUSTOM rule there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from functools import lru_cache
from ipaddress import ip_network
from typing import Final, Literal, NamedTuple

from netwright.base.ipset import IpSet
from netwright.base.services import NONE, TCP, ServiceSet
from netwright.dialects.istio.objects import Condition, Operation, Rule, Source, Texts
from netwright.model.rule import ANYBODY, Action, Addresses, AndPeer, NotPeer, Peer, either

Layer = Literal["http", "tcp", "either", "ztunnel"]
"""How the server's proxy reads a port: as HTTP, as plain TCP, as what it finds; ztunnel reads all as TCP."""
Identities = Callable[[str, Sequence[str]], Peer]
"""Who proves to be one of these, by the field that names them."""

PRESENT: Final = "*"
IS_HTTP: Final = "it is HTTP"
IS_NOT_HTTP: Final = "it is not HTTP"
_EVERY_PORT: Final = ServiceSet.ports(TCP)
_IDENTITIES: Final = ("principals", "namespaces", "service_accounts", "trust_domains")
_OF_REQUESTS: Final = ("request_principals", "not_request_principals")
_NOT_IN_ZTUNNEL: Final = ("remote_ip_blocks", "not_remote_ip_blocks", "trust_domains", "not_trust_domains")
_OF_OPERATIONS: Final = ("hosts", "not_hosts", "methods", "not_methods", "paths", "not_paths")
_OF_PORTS: Final = ("ports", "not_ports")
_OF_L4: Final = tuple(
    f"{no}{name}" for name in ("principals", "namespaces", "service_accounts", "ip_blocks") for no in ("", "not_")
)
_ALWAYS_THERE: Final = frozenset({"hosts", "paths", "methods"})
_BY_KEY: Final = {"source.principal": "principals", "source.namespace": "namespaces"}
_L4_KEYS: Final = frozenset({"source.ip", "source.namespace", "source.principal", "destination.ip", "destination.port"})


class Variant(NamedTuple):
    """One way in which a rule matches: who, at which ports and addresses of the server, under which conditions."""

    peer: Peer = ANYBODY
    ports: ServiceSet = _EVERY_PORT
    own: Peer = ANYBODY
    guards: tuple[str, ...] = ()


def variants(rule: Rule, layer: Layer, action: Action, identities: Identities) -> list[Variant]:
    """The ways in which a rule matches. Where the proxy finds out what a port carries, what does not hold of both is
    under the condition that it is HTTP, or that it is not."""
    if layer != "either":
        return _crossed(_joined(_sources(rule, layer, action, identities)), _joined(_operations(rule, layer, action)))
    both: list[list[Variant]] = []
    as_read: Layer
    for as_read in ("http", "tcp"):
        sources = [_variant(part) for part in _sources(rule, as_read, action, identities)]
        both.append(_crossed(sources, [_variant(part) for part in _operations(rule, as_read, action)]))
    http, tcp = both
    whole = [one for one in http if one in tcp]
    return _merged(
        [
            *whole,
            *(one._replace(guards=(IS_HTTP, *one.guards)) for one in http if one not in whole),
            *(one._replace(guards=(IS_NOT_HTTP, *one.guards)) for one in tcp if one not in whole),
        ]
    )


def _crossed(sources: Iterable[Variant], operations: Iterable[Variant]) -> list[Variant]:
    """Every source with every operation."""
    listed = list(operations)
    out: dict[Variant, None] = {}
    for source in sources:
        for operation in listed:
            guards = tuple(dict.fromkeys((*source.guards, *operation.guards)))
            out[Variant(source.peer, operation.ports, operation.own, guards)] = None
    return list(out)


def _sources(rule: Rule, layer: Layer, action: Action, identities: Identities) -> Iterator[_Part]:
    """Who a rule means: its sources with the conditions about who they are; none where it cannot match."""
    if is_left_out(rule, layer, action):
        return
    base = _Part(layer)
    for condition in rule.when or ():
        base.condition_of_source(condition, identities)
    for one in rule.from_ or (None,):
        part = base.copy()
        if one is not None:
            source = one.source or Source()
            if layer == "ztunnel" and not _says(source, _OF_L4):
                continue
            part.source(source, identities)
        if not part.never:
            yield part


def _operations(rule: Rule, layer: Layer, action: Action) -> Iterator[_Part]:
    """What a rule is about: its operations with the conditions about the server and the request."""
    base = _Part(layer)
    for condition in rule.when or ():
        base.condition_of_server(condition)
    for one in rule.to or (None,):
        part = base.copy()
        if one is not None:
            operation = one.operation or Operation()
            if layer == "ztunnel" and not _says(operation, _OF_PORTS):
                continue
            part.operation(operation)
        if not part.never:
            yield part


def _says(part: Source | Operation, fields: Iterable[str]) -> bool:
    return any(getattr(part, name) for name in fields)


def is_left_out(rule: Rule, layer: Layer, action: Action) -> bool:
    """Whether a rule matches nothing because it asks for what cannot be read there. Of what ztunnel denies that is a
    condition of which nothing is left; so are sources and operations, each by itself."""
    if action == "allow":
        return layer in ("tcp", "ztunnel") and _has_http(rule, layer)
    return layer == "ztunnel" and any(condition.key not in _L4_KEYS for condition in rule.when or ())


def http_fields(rule: Rule, ztunnel: bool = False) -> list[str]:
    """The fields of a rule that can be read of HTTP only, or that ztunnel does not read, as they are written."""
    found: dict[str, None] = {}
    for one in rule.from_ or ():
        source = one.source or Source()
        names = (*_OF_REQUESTS, *(_NOT_IN_ZTUNNEL if ztunnel else ()))
        found |= {_camel(name): None for name in names if getattr(source, name)}
    for other in rule.to or ():
        operation = other.operation or Operation()
        found |= {_camel(name): None for name in _OF_OPERATIONS if getattr(operation, name)}
    for condition in rule.when or ():
        key = condition.key or ""
        if key.startswith("request.") or (ztunnel and key not in _L4_KEYS):
            found[key] = None
    return list(found)


def _has_http(rule: Rule, layer: Layer) -> bool:
    return bool(http_fields(rule, layer == "ztunnel"))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


class _Part:
    """What is gathered of one source or one operation."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.peers: list[Peer] = []
        self.own: list[Peer] = []
        self.ports = _EVERY_PORT
        self.guards: list[str] = []
        self.never = False

    def copy(self) -> _Part:
        new = _Part(self.layer)
        new.peers, new.own, new.guards = list(self.peers), list(self.own), list(self.guards)
        new.ports, new.never = self.ports, self.never
        return new

    def source(self, source: Source, identities: Identities) -> None:
        for name in _IDENTITIES[: -1 if self.layer == "ztunnel" else None]:
            self._identity(name, getattr(source, name), getattr(source, f"not_{name}"), identities)
        self._request("requestPrincipals", source.request_principals, source.not_request_principals)
        self._addresses(source.ip_blocks, source.not_ip_blocks, self.peers)
        self._remote(source.remote_ip_blocks, source.not_remote_ip_blocks)

    def operation(self, operation: Operation) -> None:
        self._numbers(operation.ports, operation.not_ports)
        for name in ("hosts", "methods", "paths"):
            self._request(name, getattr(operation, name), getattr(operation, f"not_{name}"))

    def condition_of_source(self, condition: Condition, identities: Identities) -> None:
        key, values, nots = condition.key or "", condition.values, condition.not_values
        if key in _BY_KEY:
            self._identity(_BY_KEY[key], values, nots, identities)
        elif key == "source.ip":
            self._addresses(values, nots, self.peers)
        elif key == "remote.ip":
            self._remote(values, nots)

    def condition_of_server(self, condition: Condition) -> None:
        key, values, nots = condition.key or "", condition.values, condition.not_values
        if key == "destination.port":
            self._numbers(values, nots)
        elif key == "destination.ip":
            self._addresses(values, nots, self.own)
        elif key.startswith("request."):
            self._request(key, values, nots)
        elif key == "connection.sni" or key.startswith("experimental."):
            if self.layer != "ztunnel":
                self._guard(key, values, nots)

    def _identity(self, field: str, values: Texts, nots: Texts, identities: Identities) -> None:
        if values:
            self.peers.append(identities(field, values))
        if nots:
            self.peers.append(NotPeer(identities(field, nots)))

    @staticmethod
    def _addresses(values: Texts, nots: Texts, into: list[Peer]) -> None:
        if values:
            into.append(Addresses(ranges(values) - ranges(nots or ())))
        elif nots:
            into.append(NotPeer(Addresses(ranges(nots))))

    def _remote(self, values: Texts, nots: Texts) -> None:
        """Where a proxy in front may say whom it speaks for, in a header, that is a condition of the request."""
        if self.layer == "tcp":
            self._addresses(values, nots, self.peers)
        elif self.layer != "ztunnel":
            self._guard("remoteIpBlocks", values, nots)

    def _numbers(self, values: Texts, nots: Texts) -> None:
        for listed, within in ((values, True), (nots, False)):
            if listed:
                found = NONE
                for text in listed:
                    found |= ServiceSet.ports(TCP, int(text))
                self.ports = self.ports & found if within else self.ports - found

    def _request(self, field: str, values: Texts, nots: Texts) -> None:
        if self.layer in ("tcp", "ztunnel") or not (values or nots):
            return
        if field in _ALWAYS_THERE:  # every request has them
            self.never = self.never or (nots is not None and PRESENT in nots)
            values = None if values and PRESENT in values else values
        self._guard(field, values, nots)

    def _guard(self, field: str, values: Texts, nots: Texts) -> None:
        if values and nots and PRESENT in nots:
            self.never = True  # what is there is excepted
        if values:
            self.guards.append(f"{field} {' or '.join(values)}")
        if nots:
            self.guards.append(f"{field} not {' or '.join(nots)}")


def _variant(part: _Part) -> Variant:
    return Variant(_all_of(part.peers), part.ports, _all_of(part.own), tuple(part.guards))


def _joined(parts: Iterable[_Part]) -> list[Variant]:
    return _merged(map(_variant, parts))


def _merged(found: Iterable[Variant]) -> list[Variant]:
    """Variants under the same conditions as one, where only the peers or only the ports differ."""
    whom: dict[tuple[ServiceSet, Peer, tuple[str, ...]], list[Peer]] = {}
    for part in found:
        whom.setdefault((part.ports, part.own, part.guards), []).append(part.peer)
    where: dict[tuple[Peer, Peer, tuple[str, ...]], ServiceSet] = {}
    for (ports, own, guards), peers in whom.items():
        peer = ANYBODY if ANYBODY in peers else either(list(dict.fromkeys(peers)))
        where[peer, own, guards] = where.get((peer, own, guards), NONE) | ports
    return [Variant(peer, ports, own, guards) for (peer, own, guards), ports in where.items()]


def _all_of(peers: Sequence[Peer]) -> Peer:
    return ANYBODY if not peers else peers[0] if len(peers) == 1 else AndPeer(tuple(peers))


@lru_cache(maxsize=1 << 12)
def ranges(values: tuple[str, ...]) -> IpSet:
    """Addresses and ranges; of a range the bits beyond its length do not count."""
    return IpSet.of(*(str(ip_network(text, strict=False)) for text in values))


# --- identities --------------------


class Accounts:
    """The service accounts (`NS/ACCOUNT`) that clients prove to be, found by what policies write."""

    def __init__(self, accounts: Iterable[str], domain: str) -> None:
        self._all = frozenset(accounts)
        self._domain = domain
        self._by_namespace: dict[str, set[str]] = {}
        for account in self._all:
            self._by_namespace.setdefault(account.partition("/")[0], set()).add(account)
        self._found: dict[tuple[str, str, bool], Set[str]] = {}

    def named(self, field: str, values: Iterable[str], namespace: str, *, by_ztunnel: bool = False) -> tuple[str, ...]:
        """Those that entries of a field name in a policy of a namespace, sorted. ztunnel knows no aliases of trust
        domains, and no `*` inside of a name.

        >>> known = Accounts(["shop/web", "shop/db"], "cluster.local")
        >>> known.named("principals", ["*/ns/shop/sa/web"], "bank")
        ('shop/web',)
        >>> known.named("service_accounts", ["web"], "bank"), known.named("service_accounts", ["web"], "shop")
        ((), ('shop/web',))
        """
        out: set[str] = set()
        for value in values:
            whole = f"{namespace}/{value}" if field == "service_accounts" and "/" not in value else value
            key = (field, whole, by_ztunnel)
            found = self._found.get(key)
            if found is None:
                found = self._found[key] = self._meant(field, whole, by_ztunnel)
            out |= found
        return tuple(sorted(out))

    def _meant(self, field: str, value: str, by_ztunnel: bool) -> Set[str]:
        match field:
            case "service_accounts":
                return {value} & self._all
            case "trust_domains":
                return self._all if text_matches(value, self._domain) else frozenset()
            case "namespaces":
                homes = [home for home in self._by_namespace if _is_namespace(value, home, by_ztunnel)]
                return frozenset().union(*(self._by_namespace[home] for home in homes))
            case _:
                return self._principals(value, by_ztunnel)

    def _principals(self, value: str, by_ztunnel: bool) -> Set[str]:
        domain, _, rest = value.partition("/")
        if domain == "cluster.local" and rest.count("/") == 3 and not by_ztunnel:
            value = f"{self._domain}/{rest}"  # it stands for the mesh's own trust domain, in a principal that is whole
        parts = value.split("/")
        if "*" not in value and len(parts) == 5:
            is_ours = (parts[0], parts[1], parts[3]) == (self._domain, "ns", "sa")
            return {f"{parts[2]}/{parts[4]}"} & self._all if is_ours else frozenset()
        return {account for account in self._all if text_matches(value, self._principal(account))}

    def _principal(self, account: str) -> str:
        home, _, name = account.partition("/")
        return f"{self._domain}/ns/{home}/sa/{name}"


def _is_namespace(value: str, home: str, by_ztunnel: bool) -> bool:
    if "*" not in value:
        return value == home
    if by_ztunnel:
        return text_matches(value, home)
    return re.fullmatch(re.escape(value).replace(r"\*", ".*"), home) is not None


def text_matches(pattern: str, text: str) -> bool:
    """Exact, `prefix*`, `*suffix` or `*`, which is anything but nothing.

    >>> [text_matches(p, "abc") for p in ("abc", "ab*", "*bc", "*", "b*", "*b*")]
    [True, True, True, True, False, False]
    """
    if pattern == PRESENT:
        return bool(text)
    if pattern.startswith("*"):
        return text.endswith(pattern[1:])
    if pattern.endswith("*"):
        return text.startswith(pattern[:-1])
    return text == pattern


__all__ = ["Accounts", "Variant", "http_fields", "is_left_out", "ranges", "variants"]
