"""Who is in the mesh, and what the mesh makes of each pod.

After Istio 1.28: the selectors of its injection webhooks (`istio-discovery/templates/mutatingwebhook.yaml`),
`pkg/kube/inject` (`injectRequired`), `cni/pkg/util/podutil.go`, `pilot/pkg/security/authn/policy_applier.go`
(`ComposePeerAuthentication`), `pkg/config/kube/conversion.go` and `pkg/config/protocol` (protocols of ports).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final, Literal

import msgspec

from netwright.dialects.istio import POLICIES
from netwright.dialects.istio.mutual_tls import AT_GATEWAYS, Modes, modes_at
from netwright.dialects.istio.objects import (
    AuthorizationPolicy,
    DestinationRule,
)
from netwright.dialects.istio.options import DATAPLANE, DEFAULTS, MeshOptions
from netwright.dialects.istio.selectors import lives_in
from netwright.dialects.k8s.endpoints import container_ports, template_of
from netwright.dialects.k8s.generated import UNKNOWN
from netwright.dialects.k8s.objects import Meta, Pod, PodSpec, Service, ServicePort
from netwright.model.document import Decoded
from netwright.model.mesh import ACCOUNT, CLASS, CLIENT, SERVER

State = Literal["", "sidecar", "ambient", "perhaps"]
"""How a pod is in the mesh: not at all, by a proxy beside it, by the node's ztunnel, perhaps by a proxy."""
Client = Literal["sidecar", "ambient", "perhaps"]

PROXY: Final = "istio-proxy"
NEVER_INJECTED: Final = frozenset({"kube-system", "kube-public", "kube-node-lease", "local-path-storage"})
OWN_PORTS: Final = (15020, 15021, 15090)
"""What the proxy itself answers, without policy."""
_INJECT, _REVISION, _INJECTION = "sidecar.istio.io/inject", "istio.io/rev", "istio-injection"
_STATUS, _REDIRECTION = "sidecar.istio.io/status", "ambient.istio.io/redirection"
_WAYPOINT = "istio.io/use-waypoint"
_TRAFFIC = "traffic.sidecar.istio.io/"
_OUTBOUND = ("excludeOutboundPorts", "excludeOutboundIPRanges", "includeOutboundIPRanges", "includeOutboundPorts")
_TRUE = frozenset({"y", "yes", "true", "on"})
_HTTP = frozenset({"http", "http2", "grpc", "grpc-web", "http_proxy", "kubernetes.io/h2c", "kubernetes.io/ws"})
_TCP = frozenset({"tcp", "https", "tls", "mongo", "redis", "mysql", "kubernetes.io/wss"})
_WELL_KNOWN = frozenset({25, 53, 3306, 27017})
"""Ports whose servers speak first: TCP where nothing is said."""

GATEWAY: Final = "a policy acts at a gateway, whose listeners are not read"
WAYPOINT: Final = "its traffic passes a waypoint, which is not evaluated"
SERVER_UNKNOWN: Final = "whether the server is in the mesh is not in the input; `mesh` behind `--cni` says it"
UNCAUGHT: Final = "how the proxy takes the connections of this pod is not known (`sidecar.istio.io/interceptionMode`)"


class PodClass(msgspec.Struct, frozen=True, kw_only=True, gc=False, cache_hash=True):
    """What the mesh makes of connections to a pod: pods of one class are treated alike by all policies.

    Numbers are the pod's own ports. `http` and `tcp` are those that Services declare so; of the others the proxy finds
    out by itself. `caught` are the only ports that the proxy takes (None: all), without those in `passed`. `tls` says
    how proxies beside clients dial the pod: "mtls", "plain", or "open". `modes` gives for ports, and by 0 for all
    others, what PeerAuthentications set: several where which of them is older decides. `rivals`: CUSTOM policies ask
    more than one extension, and Istio denies what they match. `open` is why nothing that a policy says here can be
    told, `unsure` why perhaps none of it holds.
    """

    state: State
    http: tuple[int, ...] = ()
    tcp: tuple[int, ...] = ()
    caught: tuple[int, ...] | None = None
    passed: tuple[int, ...] = ()
    tls: Literal["mtls", "plain", "open"] = "mtls"
    modes: Modes = ()
    rivals: bool = False
    open: str = ""
    unsure: str = ""

    @property
    def key(self) -> str:
        """The class as the value of an attribute."""
        return repr(self)

    @property
    def reached(self) -> str:
        """How connections reach the pod, as the value of an attribute."""
        return self.state if self.tls == "mtls" else f"{self.state}-{self.tls}"


class MeshPod(msgspec.Struct, frozen=True, kw_only=True):
    """A pod, or all of a template: `client` is how it dials, `account` who it proves to be (`NS/ACCOUNT`)."""

    of: Decoded
    namespace: str
    labels: dict[str, str]
    account: str
    client: Client
    server: PodClass


class Mesh:
    """The mesh of an input, as far as its objects and the options tell."""

    def __init__(self, objects: Sequence[Decoded], options: MeshOptions = DEFAULTS) -> None:
        self.options = options
        self._objects = objects
        self._namespaces = {d.name: d.value.metadata.labels or {} for d in objects if d.kind == "Namespace"}
        self.policies = [d for d in objects if d.kind in POLICIES]
        self._services: dict[str, dict[tuple[str, str], list[Decoded]]] = {}
        """By namespace and the first of the labels that they select."""
        for d in objects:
            if d.kind == "Service" and d.value.spec and (wanted := d.value.spec.selector):
                key, text = min(wanted.items(), key=lambda label: label[0])
                self._services.setdefault(d.namespace, {}).setdefault((key, text or ""), []).append(d)
        self._rules = [d for d in objects if d.kind == "DestinationRule"]
        self._peers = _by_namespace(d for d in objects if d.kind == "PeerAuthentication")
        self._acting = _by_namespace(self.policies)
        self._custom = _by_namespace(d for d in self.policies if _is_custom(d.value))
        self._memo: dict[object, PodClass] = {}
        self._pods: dict[object, MeshPod] = {}

    @property
    def pods(self) -> list[MeshPod]:
        """The pods and templates that are in the mesh, or perhaps are, of those whose attributes were asked for."""
        return list(self._pods.values())

    def attributes(self, d: Decoded, meta: Meta, spec: PodSpec) -> tuple[tuple[str, str], ...]:
        """What tells a pod apart in the mesh, as attributes of its endpoints."""
        found = self.pod(d, meta, spec)
        if found is None:
            return ()
        known = (found.namespace, tuple(sorted(found.labels.items())), found.account, found.server, found.client)
        self._pods.setdefault(known, found)
        told = {CLASS: found.server.key, SERVER: found.server.reached, ACCOUNT: found.account, CLIENT: found.client}
        return tuple((f":{key}", value) for key, value in told.items())

    def pod(self, d: Decoded, meta: Meta, spec: PodSpec) -> MeshPod | None:
        """A pod, or the pods of a template, in the mesh; None where it is not in it."""
        state = self.state(d, meta, spec)
        if not state:
            return None
        labels = {key: value or "" for key, value in (meta.labels or {}).items()}
        annotations = meta.annotations or {}
        is_open = any(f"{_TRAFFIC}{name}" in annotations for name in _OUTBOUND)
        return MeshPod(
            of=d,
            namespace=d.namespace,
            labels=labels,
            account=f"{d.namespace}/{spec.service_account_name or 'default'}",
            client="perhaps" if state == "perhaps" or (is_open and state == "sidecar") else state,
            server=self._class(d.namespace, labels, meta, spec, state),
        )

    # --- who is in it --------------------

    def state(self, d: Decoded, meta: Meta, spec: PodSpec) -> State:
        """How a pod is in the mesh."""
        if spec.host_network or self.options.mesh == "none":
            return ""
        said = self._said(d, meta, spec)
        if said is not None:
            return said
        if d.namespace in NEVER_INJECTED:
            return ""
        if self.options.mesh == "ambient":
            return "ambient"
        if _is_live(d):
            return ""  # it shows that it has no proxy
        if self.options.mesh:
            return "sidecar"
        return "" if self._has_signs and d.namespace in self._namespaces else "perhaps"

    @cached_property
    def _has_signs(self) -> bool:
        """Whether anything in the input tells who is in the mesh."""
        return any(
            _INJECTION in labels or labels.get(_REVISION) or labels.get(DATAPLANE) == "ambient"
            for labels in self._namespaces.values()
        ) or any(
            self._said(d, meta, spec) is not None for d, meta, spec in _pods(self._objects) if not spec.host_network
        )

    def _said(self, d: Decoded, meta: Meta, spec: PodSpec) -> State | None:
        """What labels, annotations and containers say of a pod; None where they say nothing."""
        labels, annotations = meta.labels or {}, meta.annotations or {}
        home = self._namespaces.get(d.namespace, {})
        if _STATUS in annotations or PROXY in _containers(spec):
            return "sidecar"
        if annotations.get(_REDIRECTION) == "enabled":
            return "ambient"
        ambient = labels.get(DATAPLANE) == "ambient" or (
            home.get(DATAPLANE) == "ambient" and labels.get(DATAPLANE) != "none"
        )
        injected = None if _is_live(d) or d.namespace in NEVER_INJECTED else _injected(labels, annotations, home)
        if injected:
            return "sidecar"
        if ambient:
            return "ambient"
        return "" if injected is False or labels.get(DATAPLANE) == "none" else None

    # --- what it makes of connections to a pod --------------------

    def _class(
        self,
        namespace: str,
        labels: dict[str, str],
        meta: Meta,
        spec: PodSpec,
        state: Literal["sidecar", "ambient", "perhaps"],
    ) -> PodClass:
        annotations = meta.annotations or {}
        ports = container_ports(spec)
        told = tuple(sorted((k, v or "") for k, v in annotations.items() if "istio.io/" in k))
        memo = (namespace, tuple(sorted(labels.items())), told, ports, _containers(spec), state)
        found = self._memo.get(memo)
        if found is None:
            found = self._memo[memo] = self._made(namespace, labels, annotations, spec, state)
        return found

    def _made(
        self,
        namespace: str,
        labels: dict[str, str],
        annotations: Mapping[str, str | None],
        spec: PodSpec,
        state: Literal["sidecar", "ambient", "perhaps"],
    ) -> PodClass:
        selecting = list(self._selecting(namespace, labels))
        open_ = self._open(namespace, labels, annotations, spec, state, selecting)
        is_gateway = state != "ambient" and _is_gateway(labels, annotations, spec)
        modes = (
            AT_GATEWAYS
            if is_gateway
            else modes_at(
                self._at(self._peers, namespace), labels, namespace, self.options.root, by_ztunnel=state == "ambient"
            )
        )
        tls = self._dialled(namespace, [d for d, _ in selecting])
        if state == "ambient":
            return PodClass(state=state, tls=tls, modes=modes, open=open_)
        http, tcp = _protocols(selecting, spec)
        listed = annotations.get(f"{_TRAFFIC}includeInboundPorts")
        caught = None if listed is None or listed.strip() == "*" else _numbers(listed)
        passed = {*OWN_PORTS, *_numbers(annotations.get(f"{_TRAFFIC}excludeInboundPorts") or "")}
        return PodClass(
            state=state,
            http=http,
            tcp=tcp,
            caught=caught,
            passed=tuple(sorted(passed)),
            tls=tls,
            modes=modes,
            rivals=len(self._asked(namespace, labels)) > 1,
            open=open_,
            unsure=SERVER_UNKNOWN
            if state == "perhaps"
            else UNCAUGHT
            if annotations.get("sidecar.istio.io/interceptionMode") == "NONE"
            else "",
        )

    def _open(
        self,
        namespace: str,
        labels: dict[str, str],
        annotations: Mapping[str, str | None],
        spec: PodSpec,
        state: State,
        selecting: Sequence[tuple[Decoded, bool]],
    ) -> str:
        acting = self._at(self._acting, namespace)
        if not acting:
            return ""
        if state == "ambient":
            home = self._namespaces.get(namespace, {})
            waypoint = labels.get(_WAYPOINT, home.get(_WAYPOINT) or "none")
            of_services = [(d.value.metadata.labels or {}).get(_WAYPOINT) or "none" for d, _ in selecting]
            return WAYPOINT if any(name != "none" for name in (waypoint, *of_services)) else ""
        if _is_gateway(labels, annotations, spec):
            return GATEWAY if any(self._acts_at(d, namespace, labels) for d in acting) else ""
        return ""

    def _acts_at(self, d: Decoded, namespace: str, labels: dict[str, str]) -> bool:
        value = d.value
        if not isinstance(value, AuthorizationPolicy) or value.action == "AUDIT" or value.is_dry_run:
            return False
        return bool(value.targets) or lives_in(labels, value.spec.selector if value.spec else None)

    def _asked(self, namespace: str, labels: dict[str, str]) -> set[str]:
        """The extensions that CUSTOM policies at a pod ask; those that are only watched count, too."""
        found = set()
        for d in self._at(self._custom, namespace):
            spec = d.value.spec
            if spec and lives_in(labels, spec.selector):
                found.add((spec.provider.name if spec.provider else None) or "")
        return found

    def _at(self, of: Mapping[str, list[Decoded]], namespace: str) -> list[Decoded]:
        """Those of a namespace and of the root namespace."""
        return [d for home in {namespace, self.options.root} for d in of.get(home, ())]

    def _selecting(self, namespace: str, labels: Mapping[str, str]) -> Iterator[tuple[Decoded, bool]]:
        """The Services that select a pod, and whether they surely do."""
        home = self._services.get(namespace, {})
        found = [
            services
            for label, text in labels.items()
            for services in (
                [home.get((label, text), [])]
                if text != UNKNOWN
                else [of for (key, _), of in home.items() if key == label]
            )
        ]
        for d in (d for services in found for d in services):
            wanted = d.value.spec.selector
            open_ = [key for key in wanted if labels.get(key) == UNKNOWN]
            if all(key in open_ or (key in labels and labels[key] == (text or "")) for key, text in wanted.items()):
                yield d, not open_

    def _dialled(self, namespace: str, services: Sequence[Decoded]) -> Literal["mtls", "plain", "open"]:
        if not services:
            return "plain"
        for d in self._rules:
            rule: DestinationRule = d.value
            if rule.spec is None or rule.spec.tls_modes <= {"ISTIO_MUTUAL"}:
                continue
            if any(_names(rule.spec.host or "", d.namespace, service.name, namespace) for service in services):
                return "open"
        return "mtls"


def _by_namespace(objects: Iterable[Decoded]) -> dict[str, list[Decoded]]:
    found: dict[str, list[Decoded]] = {}
    for d in objects:
        found.setdefault(d.namespace, []).append(d)
    return found


def _is_custom(value: object) -> bool:
    return isinstance(value, AuthorizationPolicy) and value.action == "CUSTOM" and not value.targets


def _is_live(d: Decoded) -> bool:
    """Whether it is a pod as the cluster has it."""
    return isinstance(d.value, Pod) and d.value.metadata.uid is not None


def _pods(objects: Iterable[Decoded]) -> Iterator[tuple[Decoded, Meta, PodSpec]]:
    for d in objects:
        if isinstance(d.value, Pod):
            yield d, d.value.metadata, d.value.spec or PodSpec()
        elif (template := template_of(d)) is not None:
            yield d, template.metadata or Meta(), template.spec or PodSpec()


def _containers(spec: PodSpec) -> tuple[str, ...]:
    return tuple(c.name or "" for c in (*(spec.containers or ()), *(spec.init_containers or ())))


def _is_gateway(labels: Mapping[str, str], annotations: Mapping[str, str | None], spec: PodSpec) -> bool:
    """Whether a pod is a proxy by itself, whose listeners a Gateway sets."""
    templates = annotations.get("inject.istio.io/templates") or ""
    return "gateway" in templates or "gateway.istio.io/managed" in labels or set(_containers(spec)) == {PROXY}


def _on(home: Mapping[str, str | None]) -> bool:
    """Whether a namespace has sidecars injected."""
    if _INJECTION in home:
        return home[_INJECTION] == "enabled"
    return bool(home.get(_REVISION))


def _injected(
    labels: Mapping[str, str | None], annotations: Mapping[str, str | None], home: Mapping[str, str | None]
) -> bool | None:
    """Whether a proxy is injected; None where nothing is said of it."""
    asked = labels[_INJECT] if _INJECT in labels else annotations.get(_INJECT)
    if asked and asked.lower() not in _TRUE:
        return False
    if _on(home):
        return True
    if _INJECTION in home:
        return False
    if labels.get(_REVISION):
        return True
    return True if labels.get(_INJECT) == "true" else None


def _numbers(listed: str) -> tuple[int, ...]:
    parts = [part.strip() for part in listed.split(",")]
    return tuple(sorted({int(p) for p in parts if p.isascii() and p.isdigit() and int(p) <= 0xFFFF}))


def _protocols(selecting: Sequence[tuple[Decoded, bool]], spec: PodSpec) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The pod's ports that Services declare HTTP, and those that they declare something else on TCP."""
    said: dict[int, set[str]] = {}
    for d, is_sure in selecting:
        service: Service = d.value
        for port in (service.spec.ports or ()) if service.spec else ():
            if (port.protocol or "TCP") == "TCP":
                for number in _targets(port, spec):
                    said.setdefault(number, set()).add(_protocol(port) if is_sure else "")
    http = sorted(number for number, found in said.items() if found == {"http"})
    return tuple(http), tuple(sorted(number for number, found in said.items() if found == {"tcp"}))


def _protocol(port: ServicePort) -> Literal["http", "tcp", ""]:
    name = (port.app_protocol or port.name or "").lower()
    word = name if "/" in name else "grpc-web" if name.startswith("grpc-web") else name.partition("-")[0]
    if word in _HTTP:
        return "http"
    return "tcp" if word in _TCP or port.port in _WELL_KNOWN else ""


def _targets(port: ServicePort, spec: PodSpec) -> list[int]:
    if isinstance(port.target_port, str) and not port.target_port.isdigit():
        named = [p for p in container_ports(spec) if p.name == port.target_port and p.protocol == 6]
        return [p.number for p in named if not p.of_init]
    return [int(port.target_port or port.port)]


def _names(host: str, home: str, name: str, namespace: str) -> bool:
    """Whether a host of a DestinationRule in `home` may be the Service."""
    whole = f"{name}.{namespace}.svc.cluster.local"
    if host.startswith("*"):
        return whole.endswith(host[1:])
    if "." not in host:
        return host == name and home == namespace
    return host in (f"{name}.{namespace}", f"{name}.{namespace}.svc", whole)


__all__ = ["Mesh", "MeshPod", "PodClass"]
