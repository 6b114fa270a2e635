"""What arrives at a workload of the mesh: in mutual TLS or in plaintext, read as HTTP or as TCP.

After Istio 1.28: `security/v1beta1/peer_authentication.proto`, the concept page "Security" and the page "Protocol
Selection" of istio.io, `pilot/pkg/security/authn/policy_applier.go`, `pkg/config/kube/conversion.go`,
`pilot/pkg/serviceregistry/ambient/authorization.go`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from netwright.base.spans import Pointer
from netwright.dialects.istio.objects import DestinationRule, MutualTLS, PeerAuthentication, PeerAuthenticationSpec
from netwright.dialects.k8s.objects import ContainerPort, LabelSelector, Service, ServicePort
from netwright.model.document import Decoded
from netwright.spec.addresses import Match
from netwright.spec.ends import End, template
from netwright.spec.istio_mesh import MeshOptions, Plane, planes
from netwright.spec.istio_rules import Identity
from netwright.spec.labels import matches_pod, plain
from netwright.spec.packet import Packet

HBONE = 15008
"""The port of the tunnel that ztunnel, and sidecars on the way to it, put connections into."""

HTTP = ("http", "http2", "grpc", "grpc-web", "http_proxy")
TCP = ("tcp", "https", "tls", "mongo", "redis", "mysql")
WELL_KNOWN = (25, 53, 3306, 27017)
OF_KUBERNETES = {"kubernetes.io/h2c": "http2", "kubernetes.io/ws": "http", "kubernetes.io/wss": "https"}

EXCLUDED = "traffic.sidecar.istio.io/excludeInboundPorts"
INCLUDED = "traffic.sidecar.istio.io/includeInboundPorts"
OUTBOUND = tuple(
    f"traffic.sidecar.istio.io/{word}Outbound{what}"
    for word in ("exclude", "include")
    for what in ("Ports", "IPRanges")
)
"""What the client's sidecar is told of what is dialled, before a Service is translated."""
OF_THE_PROXY = (15020, 15021, 15090)

Mode = Literal["STRICT", "PERMISSIVE", "DISABLE"]


class Set(NamedTuple):
    """A mode, and the policy and the place of it that give it; None where nothing does. `is_lost`: what the policy says
    perhaps does not come to the proxy."""

    mode: Mode
    policy: Decoded | None = None
    path: Pointer = ()
    is_lost: bool = False


# --- PeerAuthentication -----------------------------------------------------------------------------------------------


def modes(packet: Packet, plane: Plane, options: MeshOptions) -> list[Set]:
    """What may hold at the destination's port: the narrowest policy that says. More than one where it is left open."""
    end, root = packet.destination, options.root_namespace
    found = of_mesh = [Set("PERMISSIVE")]
    scopes = (root,) if end.namespace == root else (root, end.namespace)
    wide: list[Decoded] = []
    for scope in scopes:
        wide = [one for one in _policies(packet, scope) if not _selector(one)]
        found = [mode for one in wide for mode in _said(one, found)] or found
        if scope == root:
            of_mesh = found
    if end.namespace == root:
        return _of_plane(found, plane)
    told: list[Set] = []
    surely = False
    for one in _policies(packet, end.namespace):
        chosen = matches_pod(LabelSelector(match_labels=_selector(one)), end.labels) if _selector(one) else "no"
        if chosen != "no":
            here = _at_port(one, _said(one, found), packet.port, plane)
            told += here
            if plane == "ambient" and any(mode.mode == "STRICT" for mode in of_mesh):
                told += _lost(one, here, wide)
            surely |= chosen == "yes"
    return _of_plane(list(dict.fromkeys([*told, *(() if surely else found)])), plane)


def _lost(policy: Decoded, here: Sequence[Set], wide: Sequence[Decoded]) -> list[Set]:
    """Where the mesh is STRICT, what ztunnel perhaps does instead. The control plane takes a port of a policy for
    STRICT already, or for none that is taken out of it, by what holds above and not by what the policy itself or its
    namespace says, and hands ztunnel nothing; the documents say otherwise."""
    if all(one.mode != "STRICT" for one in here):
        return []
    spec = _spec(policy)
    ports = {_mode(mutual) for mutual in (spec.port_level_mtls or {}).values()}
    of_namespace = {_mode(_spec(one).mtls) for one in wide}
    mode = _mode(spec.mtls)
    is_lost = (
        "PERMISSIVE" in ports and None in of_namespace
        if mode is None
        else mode != "STRICT" and "STRICT" in ports and (not wide or None in of_namespace)
    )
    return [Set("PERMISSIVE", policy, is_lost=True)] if is_lost else []


def _policies(packet: Packet, namespace: str) -> list[Decoded]:
    return [one for one in packet.objects if isinstance(one.value, PeerAuthentication) and one.namespace == namespace]


def _spec(policy: Decoded) -> PeerAuthenticationSpec:
    assert isinstance(policy.value, PeerAuthentication)
    return policy.value.spec or PeerAuthenticationSpec()


def _selector(policy: Decoded) -> dict[str, str | None]:
    selector = _spec(policy).selector
    return (selector.match_labels if selector else None) or {}


def _said(policy: Decoded, inherited: Sequence[Set]) -> list[Set]:
    """UNSET is what is inherited."""
    mode = _mode(_spec(policy).mtls)
    return [Set(mode, policy, ("spec", "mtls"))] if mode else list(inherited)


def _mode(mutual: MutualTLS | None) -> Mode | None:
    said = (mutual.mode if mutual else None) or "UNSET"
    named: dict[str, Mode] = {"STRICT": "STRICT", "PERMISSIVE": "PERMISSIVE", "DISABLE": "DISABLE"}
    return named.get(said)


def _at_port(policy: Decoded, found: list[Set], port: int, plane: Plane) -> list[Set]:
    """Of the pod's own port; where the policy has no mode for it, what it has for all."""
    spec = _spec(policy)
    mode = _mode((spec.port_level_mtls or {}).get(str(port)))
    if mode is None:
        return found
    at = Set(mode, policy, ("spec", "portLevelMtls", str(port)))
    told = {_mode(mutual) for mutual in (spec.port_level_mtls or {}).values()}
    if plane == "ambient" and mode == "DISABLE" and _mode(spec.mtls) is None and "PERMISSIVE" not in told:
        # Ztunnel gets the policy, and with it every port of it, only where one is taken out of STRICT by PERMISSIVE.
        return [one if one.mode == "STRICT" else at for one in found]
    return [at]


def _of_plane(found: list[Set], plane: Plane) -> list[Set]:
    """Ztunnel cannot do without mutual TLS: DISABLE is PERMISSIVE there."""
    if plane != "ambient":
        return found
    return [one._replace(mode="PERMISSIVE") if one.mode == "DISABLE" else one for one in found]


# --- who the client proves to be --------------------------------------------------------------------------------------


class Sent(NamedTuple):
    """How a connection may be sent: who its sender proves to be, None in plaintext; and to which port it goes."""

    peer: Identity | None
    port: int


def sendings(packet: Packet, to: Plane, mode: Mode, options: MeshOptions) -> set[Sent]:
    """How a connection may go from the source, whatever carries it, to a workload of the mesh that `to` carries."""
    plain_sent = Sent(None, packet.port)
    thing = packet.source_object
    if packet.source.kind != "pod" or isinstance(thing, str):
        return {plain_sent}
    account = template(thing)[1].service_account_name or "default"
    identity = Identity(options.trust_domain, packet.source.namespace, account)
    found: set[Sent] = set()
    for plane in planes(packet.objects, thing, options):
        if plane == "none":
            found.add(plain_sent)
        elif plane == "ambient" and to == "ambient":
            found.add(Sent(identity, HBONE))
        elif plane == "ambient":
            # Only sidecars that say so are reached by the tunnel.
            found |= {plain_sent, Sent(identity, HBONE)}
        else:
            sent = Sent(identity, HBONE if to == "ambient" else packet.port)
            found |= {sent if secured else plain_sent for secured in _is_secured(packet, mode)}
    return found


def _is_secured(packet: Packet, mode: Mode) -> set[bool]:
    """Whether a sidecar sends mutual TLS: to Services' endpoints that take it, unless it is told otherwise."""
    if mode == "DISABLE" or not services_of(packet):
        return {False}
    thing = packet.source_object
    assert isinstance(thing, Decoded)
    notes = plain(template(thing)[0].annotations)
    modes = {mode for rule in _destination_rules(packet) for mode in rule}
    if any(one in notes for one in OUTBOUND) or modes - {"ISTIO_MUTUAL"}:
        return {True, False}
    return {True}


def _destination_rules(packet: Packet) -> Iterator[frozenset[str]]:
    """The TLS modes that rules for a Service of the destination set."""
    names = [(service.namespace, service.name) for service, _ in services_of(packet)]
    for one in packet.objects:
        if isinstance(one.value, DestinationRule) and one.value.spec and one.value.spec.tls_modes:
            host = one.value.spec.host or ""
            if any(_names(host, one.namespace, namespace, name) for namespace, name in names):
                yield one.value.spec.tls_modes


def _names(host: str, own: str, namespace: str, name: str) -> bool:
    whole = f"{name}.{namespace}.svc.cluster.local"
    if host.startswith("*"):
        return whole.endswith(host[1:])
    said = host if "." in host else f"{host}.{own}"
    return whole in (said, f"{said}.cluster.local", f"{said}.svc.cluster.local")


def _numbers(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


# --- what the destination's proxy makes of the port -------------------------------------------------------------------


def is_caught(packet: Packet) -> bool:
    """Whether a sidecar takes connections to the port, as the destination's annotations say."""
    thing = packet.destination_object
    assert isinstance(thing, Decoded)
    notes = plain(template(thing)[0].annotations)
    if packet.port in OF_THE_PROXY or str(packet.port) in _numbers(notes.get(EXCLUDED, "")):
        return False
    included = notes.get(INCLUDED)
    return included is None or included.strip() == "*" or str(packet.port) in _numbers(included)


def services_of(packet: Packet) -> list[tuple[Decoded, Match]]:
    """The Services whose selectors match the destination, and whether they surely do."""
    end = packet.destination
    found: list[tuple[Decoded, Match]] = []
    for one in packet.objects:
        if not isinstance(one.value, Service) or one.namespace != end.namespace or one.value.spec is None:
            continue
        selector = one.value.spec.selector
        if not selector or one.value.spec.type == "ExternalName":
            continue
        chosen = matches_pod(LabelSelector(match_labels=selector), end.labels)
        if chosen != "no":
            found.append((one, chosen))
    return found


def protocols(packet: Packet) -> frozenset[str]:
    """As what the destination's sidecar may read the port: HTTP, TCP, or either."""
    found: set[str] = set()
    surely = False
    for service, chosen in services_of(packet):
        for port in service.value.spec.ports or ():
            if (port.protocol or "TCP") == "TCP" and _leads(port, packet.destination, packet.port):
                found |= _declared(port)
                surely |= chosen == "yes"
    return frozenset(found if surely else ("HTTP", "TCP"))


def _leads(port: ServicePort, end: End, number: int) -> bool:
    if isinstance(port.target_port, str):
        return any(_is(one, port.target_port, number) for one in end.ports)
    return (port.target_port or port.port) == number


def _is(port: ContainerPort, name: str, number: int) -> bool:
    return (port.name, port.protocol or "TCP", port.container_port) == (name, "TCP", number)


def _declared(port: ServicePort) -> set[str]:
    """By `appProtocol`, else by the port's name up to the first dash; what says nothing is found out from what is
    sent."""
    text = port.name or ""
    if port.app_protocol is not None:
        text = OF_KUBERNETES.get(port.app_protocol, port.app_protocol)
    text = text.lower()
    name = "grpc-web" if text.startswith("grpc-web") else text.partition("-")[0]
    if name in HTTP:
        return {"HTTP"}
    return {"TCP"} if name in TCP or port.port in WELL_KNOWN else {"HTTP", "TCP"}
