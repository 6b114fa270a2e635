"""What the API server refuses in services, endpoint slices, ingresses and nodes.

Sources: kubernetes `pkg/apis/core/validation`, `pkg/apis/discovery/validation`, `pkg/apis/networking/validation`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from netwright.base.spans import Pointer
from netwright.dialects.k8s.objects import (
    EndpointSlice,
    HTTPIngressPath,
    Ingress,
    IngressBackend,
    IngressClass,
    IngressClassParameters,
    Meta,
    Node,
    ServiceCIDR,
    ServicePort,
    ServiceSpec,
)
from netwright.dialects.k8s.validate_syntax import (
    MOST_KEPT,
    Address,
    Fault,
    check_address,
    check_cidr,
    check_dns_label,
    check_host,
    check_labels,
    check_port,
    check_port_name,
    check_port_number,
    check_protocol,
    check_subdomain,
    key_fault,
    quoted,
)

_TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
_SPEC: Pointer = ("spec",)
_PORTS: Pointer = ("spec", "ports")
_RANGES: Pointer = ("spec", "loadBalancerSourceRanges")
_SOURCE_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
_IN_PATH = ("//", "/./", "/../", "%2f", "%2F")
_CONTROLLER_PATH = re.compile(r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+").fullmatch
_MAX_ADDRESSES, _MAX_ENDPOINTS, _MAX_SLICE_PORTS = 100, 1000, 20000


# --- services ---------------------------------------------------------------------------------------------------------


def check_service(meta: Meta, spec: ServiceSpec, *, stored: bool = False) -> None:
    """A Service of any type, before the API server gives it addresses and node ports."""
    type_ = spec.type or "ClusterIP"
    if type_ not in _TYPES:
        raise Fault(
            (*_SPEC, "type"),
            f"is {quoted(type_)}; the types are `ClusterIP`, `NodePort`, `LoadBalancer`, `ExternalName`",
        )
    headless = spec.cluster_ip == "None"
    if not spec.ports and not headless and type_ != "ExternalName":
        raise Fault(_PORTS, "is missing; only headless and ExternalName services have none")
    if headless and type_ in ("NodePort", "LoadBalancer"):
        raise Fault((*_SPEC, "clusterIP"), f"is `None`, which a {type_} service cannot have")
    if type_ == "ExternalName":
        _check_external_name(spec)
    else:
        _check_cluster_ips(spec)
    if spec.ports:
        _check_service_ports(spec.ports, type_)
    if spec.selector:
        check_labels(spec.selector, (*_SPEC, "selector"))
    for index, text in enumerate(spec.external_ips or ()):
        at = (*_SPEC, "externalIPs", index)
        _check_usable(check_address(text, at, legacy=True), text, at)
    _check_source_ranges(meta, spec, type_, stored)
    _check_traffic_policies(spec, type_)


def _check_external_name(spec: ServiceSpec) -> None:
    if not (name := (spec.external_name or "").removesuffix(".")):
        raise Fault((*_SPEC, "externalName"), "is missing; a service of this type is another name for it")
    check_subdomain(name, (*_SPEC, "externalName"))
    if spec.cluster_ip or spec.cluster_ips:
        raise Fault((*_SPEC, "clusterIP"), "is set, which an ExternalName service cannot have")
    if spec.ip_families:
        raise Fault((*_SPEC, "ipFamilies"), "is set, which an ExternalName service cannot have")


def _check_cluster_ips(spec: ServiceSpec) -> None:
    at = (*_SPEC, "clusterIPs")
    families = spec.ip_families or ()
    for index, family in enumerate(families):
        if family not in ("IPv4", "IPv6") or family in families[:index]:
            raise Fault(
                (*_SPEC, "ipFamilies", index), f"is {quoted(family)}; the families are `IPv4` and `IPv6`, each once"
            )
    written = spec.cluster_ips or ()
    if written and written[0] != (spec.cluster_ip or ""):
        raise Fault(at, f"begins with {quoted(written[0])}; its first entry is the same as `clusterIP`")
    addresses = written or ((spec.cluster_ip,) if spec.cluster_ip else ())
    if not addresses or addresses == ("None",):
        return
    versions: list[int] = []
    for index, text in enumerate(addresses):
        where = (*at, index) if written else (*_SPEC, "clusterIP")
        address = check_address(text, where, legacy=True)
        if address.version in versions:
            raise Fault(where, f"is {quoted(text)}; a service has one address of each family")
        if index < len(families) and families[index] != f"IPv{address.version}":
            raise Fault(where, f"is {quoted(text)}, but `ipFamilies[{index}]` is `{families[index]}`")
        versions.append(address.version)


@lru_cache(maxsize=MOST_KEPT)
def _check_service_ports(ports: tuple[ServicePort, ...], type_: str) -> None:
    names: set[str] = set()
    served: set[tuple[str, int]] = set()
    on_nodes: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        at = (*_PORTS, index)
        if port.name:
            check_dns_label(port.name, (*at, "name"))
            if port.name in names:
                raise Fault((*at, "name"), f"is {quoted(port.name)}, as another port of the service is called")
            names.add(port.name)
        elif len(ports) > 1:
            raise Fault((*at, "name"), "is missing; where a service has several ports, each has a name")
        check_port_number(port.port, (*at, "port"))
        protocol = port.protocol or "TCP"
        check_protocol(protocol, (*at, "protocol"))
        if port.target_port:  # 0 and "" are the port itself
            check_port(port.target_port, (*at, "targetPort"))
        if port.app_protocol is not None and (wrong := key_fault(port.app_protocol)):
            raise Fault((*at, "appProtocol"), wrong.replace("has the key", "is", 1))
        if (protocol, port.port) in served:
            raise Fault((*at, "port"), f"is {protocol} {port.port}, which another port of the service is")
        served.add((protocol, port.port))
        if port.node_port:
            if type_ == "ClusterIP":
                raise Fault(
                    (*at, "nodePort"), "is set, which a ClusterIP service cannot have", "make its `type` NodePort"
                )
            check_port_number(port.node_port, (*at, "nodePort"))
            if (protocol, port.node_port) in on_nodes:
                raise Fault((*at, "nodePort"), f"is {protocol} {port.node_port}, which another port of the service has")
            on_nodes.add((protocol, port.node_port))


def _check_source_ranges(meta: Meta, spec: ServiceSpec, type_: str, stored: bool) -> None:
    at = _RANGES
    ranges: list[tuple[str, Pointer]] = []
    if spec.load_balancer_source_ranges:
        ranges = [(text, (*at, i)) for i, text in enumerate(spec.load_balancer_source_ranges)]
    else:
        old = meta.annotations.get(_SOURCE_RANGES) if meta.annotations else None
        if old is None:
            return
        at = ("metadata", "annotations", _SOURCE_RANGES)
        ranges = [(text, at) for text in old.split(",")] if old.strip() else []
    if type_ != "LoadBalancer":
        raise Fault(at, f"is set; only a LoadBalancer service has source ranges, and this is a {type_}")
    for text, where in ranges:
        # Kubernetes trims them too, for the sake of the annotation that they once were.
        check_cidr(text.strip(), where, stored=stored, legacy=True)


def _check_traffic_policies(spec: ServiceSpec, type_: str) -> None:
    if (policy := spec.external_traffic_policy) and not (
        type_ in ("NodePort", "LoadBalancer") or (type_ == "ClusterIP" and spec.external_ips)
    ):
        raise Fault((*_SPEC, "externalTrafficPolicy"), "is set, but nothing outside the cluster reaches the service")
    for name, value in (("externalTrafficPolicy", policy), ("internalTrafficPolicy", spec.internal_traffic_policy)):
        if value is not None and value not in ("Cluster", "Local") and not (name.startswith("ext") and not value):
            raise Fault((*_SPEC, name), f"is {quoted(value)}; it is `Cluster` or `Local`")


def _check_usable(address: Address, text: str, pointer: Pointer) -> None:
    """Not an address that means another thing on every machine."""
    special = address.is_unspecified or address.is_loopback or address.is_link_local
    if special or (address.is_multicast and text.lower().startswith(("224.0.0.", "ff02:"))):
        raise Fault(pointer, f"is {quoted(text)}; it cannot be unspecified, loopback or link-local")


# --- endpoint slices --------------------------------------------------------------------------------------------------


def check_endpoint_slice(slice_: EndpointSlice) -> None:
    """An EndpointSlice: addresses of the family it says, ports called apart."""
    family = slice_.address_type
    if family not in ("IPv4", "IPv6", "FQDN"):
        raise Fault(("addressType",), f"is {quoted(family or '')}; it is `IPv4`, `IPv6` or `FQDN`")
    ports = slice_.ports or ()
    endpoints = slice_.endpoints or ()
    if len(ports) > _MAX_SLICE_PORTS:
        raise Fault(("ports",), f"has {len(ports)} entries; there are at most {_MAX_SLICE_PORTS}")
    if len(endpoints) > _MAX_ENDPOINTS:
        raise Fault(("endpoints",), f"has {len(endpoints)} entries; there are at most {_MAX_ENDPOINTS}")
    names: set[str] = set()
    for index, port in enumerate(ports):
        if port.name:
            check_dns_label(port.name, ("ports", index, "name"))
        if (name := port.name or "") in names:
            raise Fault(("ports", index, "name"), f"is {quoted(name)}, as another port of the slice is called")
        names.add(name)
        if port.protocol is not None:
            check_protocol(port.protocol, ("ports", index, "protocol"))
        if port.port is not None:
            # The API server lets any number pass; there is no such port, so nothing can be said of it.
            check_port_number(port.port, ("ports", index, "port"))
    for index, endpoint in enumerate(endpoints):
        at: Pointer = ("endpoints", index, "addresses")
        addresses = endpoint.addresses or ()
        if not 1 <= len(addresses) <= _MAX_ADDRESSES:
            raise Fault(at, f"has {len(addresses)} entries; there are 1 to {_MAX_ADDRESSES}")
        for number, text in enumerate(addresses):
            _check_endpoint_address(text, family, (*at, number))
        if endpoint.node_name is not None:
            check_subdomain(endpoint.node_name, ("endpoints", index, "nodeName"))


def _check_endpoint_address(text: str, family: str, pointer: Pointer) -> None:
    if family == "FQDN":
        check_subdomain(text.removesuffix("."), pointer)
        if "." not in text.removesuffix("."):
            raise Fault(pointer, f"is {quoted(text)}; a full domain name has at least two parts")
        return
    address = check_address(text, pointer, legacy=True)
    if f"IPv{address.version}" != family:
        raise Fault(pointer, f"is {quoted(text)}, but `addressType` is `{family}`")
    if address.version == 6 and text != str(address):
        raise Fault(pointer, f"is {quoted(text)}, which is not in canonical form", f"write `{address}`")
    _check_usable(address, text, pointer)


# --- ingress ----------------------------------------------------------------------------------------------------------


def check_ingress(ingress: Ingress) -> None:
    """An Ingress: hosts, paths and backends."""
    spec = ingress.spec
    if spec is None or (not spec.rules and spec.default_backend is None):
        raise Fault(_SPEC, "has neither `rules` nor `defaultBackend`")
    if spec.default_backend is not None:
        _check_backend(spec.default_backend, (*_SPEC, "defaultBackend"))
    for index, rule in enumerate(spec.rules or ()):
        at = (*_SPEC, "rules", index)
        if rule.host:
            check_host(rule.host, (*at, "host"))
        if rule.http is not None:
            if not rule.http.paths:
                raise Fault((*at, "http", "paths"), "is missing")
            for number, path in enumerate(rule.http.paths):
                _check_path(path, (*at, "http", "paths", number))
    for index, tls in enumerate(spec.tls or ()):
        for number, host in enumerate(tls.hosts or ()):
            check_subdomain(host.removeprefix("*."), (*_SPEC, "tls", index, "hosts", number))
    if spec.ingress_class_name is not None:
        check_subdomain(spec.ingress_class_name, (*_SPEC, "ingressClassName"))
        noted = (ingress.metadata.annotations or {}).get("kubernetes.io/ingress.class", spec.ingress_class_name)
        if noted != spec.ingress_class_name and ingress.metadata.uid is None:
            at = ("metadata", "annotations", "kubernetes.io/ingress.class")
            what = f"is {quoted(noted or '')}, and `ingressClassName` is {quoted(spec.ingress_class_name)}"
            raise Fault(at, what, "leave the annotation out")


def check_ingress_class(one: IngressClass) -> None:
    """An IngressClass: the controller, as a path behind a domain, and its parameters."""
    at: Pointer = (*_SPEC, "controller")
    controller = (one.spec.controller if one.spec else None) or ""
    if not controller:
        raise Fault(at, "is missing", "write `controller: DOMAIN/PATH`, as the controller's documents have it")
    if len(controller) > 250:
        raise Fault(at, f"has {len(controller)} characters; 250 are the most")
    domain, _, path = controller.partition("/")
    if not domain or _CONTROLLER_PATH(path) is None:
        raise Fault(at, f"is {quoted(controller)}; it is a path behind a domain, such as `k8s.io/ingress-nginx`")
    check_subdomain(domain, at)
    parameters = one.spec.parameters if one.spec else None
    if parameters is not None:
        _check_parameters(parameters, (*_SPEC, "parameters"))


def _check_parameters(one: IngressClassParameters, at: Pointer) -> None:
    if one.api_group is not None:
        check_subdomain(one.api_group, (*at, "apiGroup"))
    for field, text in (("kind", one.kind), ("name", one.name)):
        if not text:
            raise Fault((*at, field), "is missing")
        if text in (".", "..") or "/" in text or "%" in text:
            raise Fault((*at, field), f"is {quoted(text)}; it is one part of a path")
    if one.scope not in (None, "Cluster", "Namespace"):
        raise Fault((*at, "scope"), f"is {quoted(one.scope)}; it is `Cluster` or `Namespace`")
    if one.scope == "Namespace":
        if one.namespace is None:
            raise Fault((*at, "namespace"), "is missing beside `scope: Namespace`")
        check_dns_label(one.namespace, (*at, "namespace"))
    elif one.namespace is not None:
        raise Fault(
            (*at, "namespace"), "stands beside `scope: Cluster`, which is the default", "write `scope: Namespace`"
        )


def _check_path(path: HTTPIngressPath, pointer: Pointer) -> None:
    kind, text = path.path_type, path.path or ""
    if kind is None:
        raise Fault((*pointer, "pathType"), "is missing", "write `pathType: Prefix`")
    if kind not in ("Exact", "Prefix", "ImplementationSpecific"):
        raise Fault((*pointer, "pathType"), f"is {quoted(kind)}; it is `Exact`, `Prefix` or `ImplementationSpecific`")
    if not text.startswith("/") and (text or kind != "ImplementationSpecific"):
        raise Fault((*pointer, "path"), f"is {quoted(text)}; a path begins with `/`")
    if kind != "ImplementationSpecific" and (any(part in text for part in _IN_PATH) or text.endswith(("/..", "/."))):
        raise Fault((*pointer, "path"), f"is {quoted(text)}; it holds no `//`, `/./`, `/../` or `%2f`")
    _check_backend(path.backend or IngressBackend(), (*pointer, "backend"))


def _check_backend(backend: IngressBackend, pointer: Pointer) -> None:
    service = backend.service
    if (service is None) == (backend.resource is None):
        raise Fault(
            pointer,
            "has both `service` and `resource`" if service is not None else "has neither `service` nor `resource`",
            "write `service: {name: NAME, port: {number: 80}}`",
        )
    if service is None:
        return
    if not service.name:
        raise Fault((*pointer, "service", "name"), "is missing")
    check_dns_label(service.name, (*pointer, "service", "name"))
    at = (*pointer, "service", "port")
    name, number = (service.port.name, service.port.number) if service.port is not None else (None, None)
    if bool(name) == bool(number):
        raise Fault(at, "has `name` and `number`; it is one of them" if name else "has neither `name` nor `number`")
    if name:
        check_port_name(name, (*at, "name"))
    if number:
        check_port_number(number, (*at, "number"))


# --- nodes ------------------------------------------------------------------------------------------------------------


def check_service_cidr(ranges: ServiceCIDR) -> None:
    """Raises `Fault` for the first field that is refused."""
    cidrs = (ranges.spec.cidrs if ranges.spec else None) or ()
    if not 1 <= len(cidrs) <= 2:
        raise Fault(("spec", "cidrs"), "has one range, or one of each family")
    found = [check_cidr(text, ("spec", "cidrs", index)) for index, text in enumerate(cidrs)]
    if len({one.version for one in found}) != len(found):
        raise Fault(("spec", "cidrs"), "has two ranges of one family")


def check_node(node: Node) -> None:
    """A Node: its pod ranges, at most one of each family."""
    if node.spec is None:
        return
    stored = node.metadata.uid is not None
    at: Pointer = ("spec", "podCIDRs")
    versions: set[int] = set()
    for index, text in enumerate(node.spec.pod_cidrs or ()):
        network = check_cidr(text, (*at, index), stored=stored)
        if network.version in versions:
            raise Fault(at, "has two ranges of one family; a node has one of each at most")
        versions.add(network.version)
    if node.spec.pod_cidr:
        check_cidr(node.spec.pod_cidr, ("spec", "podCIDR"), stored=stored)
