"""Services: what a virtual address or a name of the cluster leads to.

Policy sees a packet after this translation (NetworkPolicy concept page): the backend's address and target port.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from netwright.base.ipset import Family, IpSet, is_address
from netwright.base.spans import Origin
from netwright.dialects.k8s.endpoints import is_terminated
from netwright.dialects.k8s.objects import EndpointSlice, Pod, Service, ServiceSpec
from netwright.dialects.k8s.service_ports import DIALLED, Behind, Leads, Rows
from netwright.model.cluster import ContainerPortNoun, ServiceNoun
from netwright.model.columns import Columns
from netwright.model.document import Decoded, of_kinds

SLICE_OF = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
OF_SELECTORS = ("endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io")
"""Who writes the slices of what a Service selects."""


def service_addresses(objects: Sequence[Decoded]) -> IpSet:
    """Addresses that belong to Services: cluster IPs, external IPs, load balancer addresses."""
    texts: set[str] = set()
    for d in of_kinds(objects, "Service"):
        if d.value.spec:
            spec: ServiceSpec = d.value.spec
            if spec.cluster_ip or spec.cluster_ips:
                texts.update(_cluster_ips(spec))
            if spec.external_ips:
                texts.update(_external_ips(spec))
            if d.value.status:
                texts.update(_balancer_ips(d.value))
    return IpSet.of(*sorted(texts))


def _cluster_ips(spec: ServiceSpec) -> tuple[str, ...]:
    texts = spec.cluster_ips or ()
    if spec.cluster_ip and spec.cluster_ip not in texts:
        texts = (spec.cluster_ip, *texts)
    return tuple(filter(is_address, texts))


def _external_ips(spec: ServiceSpec) -> tuple[str, ...]:
    return tuple(filter(is_address, spec.external_ips or ()))


def _balancer_ips(service: Service) -> tuple[str, ...]:
    status = service.status.load_balancer if service.status else None
    return tuple(i.ip for i in (status.ingress or ()) if i.ip and is_address(i.ip)) if status else ()


def _proxied(service: Service) -> tuple[str, ...]:
    status = service.status.load_balancer if service.status else None
    entries = (status.ingress or ()) if status else ()
    return tuple(one.ip for one in entries if one.ip and is_address(one.ip) and one.ip_mode == "Proxy")


def _has_balancer_name(service: Service) -> bool:
    status = service.status.load_balancer if service.status else None
    return any(i.hostname for i in (status.ingress or () if status else ()))


def lower_services(
    objects: Sequence[Decoded],
    columns: Columns,
    row_ports: Sequence[tuple[ContainerPortNoun, ...]],
    live: Sequence[Decoded],
) -> tuple[ServiceNoun, ...]:
    """All Services with their backends, in input order. `live` are the objects behind the rows."""
    rows = Rows(columns, live)
    slices: dict[tuple[str, str], list[Decoded]] = {}
    for d in objects:
        if isinstance(d.value, EndpointSlice):
            name = (d.value.metadata.labels or {}).get(SLICE_OF)
            if name:
                slices.setdefault((d.namespace, name), []).append(d)
    ended: set[tuple[str, str]] = set()
    if slices:
        ended = {(d.namespace, d.name) for d in objects if isinstance(d.value, Pod) and is_terminated(d.value)}
    leads = Leads(columns, row_ports, rows, ended)
    out = []
    for d in objects:
        if not isinstance(d.value, Service):
            continue
        spec = d.value.spec or ServiceSpec()
        kind = spec.type or "ClusterIP"
        families = _families(spec)
        selected: list[int] | None = None
        maybe: list[int] = []
        compared: list[str] = []
        if spec.selector and kind != "ExternalName":
            selected = rows.select(d.namespace, spec.selector)
            maybe, compared = rows.perhaps(d.namespace, spec.selector)
        written = slices.get((d.namespace, d.name), [])
        if selected is not None:
            written = [one for one in written if _is_of_others(one, rows, {*selected, *maybe})]
        ready = selected or []
        if not spec.publish_not_ready_addresses:
            ready = [row for row in ready if is_ready(live[row])]
        headless = spec.cluster_ip == "None"
        behind = Behind(
            selected=None if selected is None else len(selected),
            ready=ready,
            maybe=maybe,
            compared=compared,
            slices=None if kind == "ExternalName" else written,
            headless=headless,
            families=families,
            publishes=bool(spec.publish_not_ready_addresses),
        )
        out.append(
            ServiceNoun(
                namespace=d.namespace,
                name=d.name,
                type=kind,
                headless=headless,
                one_family=_has_one_family(spec, families),
                external_name=spec.external_name or "",
                cluster_ips=_cluster_ips(spec),
                external_ips=_external_ips(spec),
                load_balancer=_balancer_ips(d.value),
                has_balancer_name=_has_balancer_name(d.value),
                proxied=_proxied(d.value),
                source_ranges=tuple(text.strip() for text in spec.load_balancer_source_ranges or ()),
                external_policy=spec.external_traffic_policy or "Cluster",
                internal_policy=spec.internal_traffic_policy or "Cluster",
                ports=tuple([leads.noun(port, behind) for port in spec.ports or ()]),
                dialled=leads.noun(DIALLED, behind) if headless and kind != "ExternalName" else None,
                sliced=tuple([leads.noun(port, behind._replace(headless=False)) for port in spec.ports or ()])
                if headless and kind != "ExternalName"
                else (),
                has_node_ports=kind == "NodePort"
                or (kind == "LoadBalancer" and spec.allocate_load_balancer_node_ports is not False),
                origin=Origin(kind=d.kind, namespace=d.namespace, name=d.name, place=d.place),
                selected=None if selected is None else tuple(selected),
                perhaps_selected=tuple(maybe),
            )
        )
    return tuple(out)


def _is_of_others(d: Decoded, rows: Rows, selected: Collection[int]) -> bool:
    """Whether somebody else than the controller of selectors wrote a slice beside a selector: kube-proxy joins all
    slices of a Service. Of one that does not say, those endpoints tell that are pods: selected, or not in the input."""
    value: EndpointSlice = d.value
    by = (value.metadata.labels or {}).get(MANAGED_BY)
    if by:
        return by not in OF_SELECTORS
    refs = [e.target_ref for e in value.endpoints or () if e.target_ref and e.target_ref.kind == "Pod"]
    found = [rows.by_pod.get((ref.namespace or d.namespace, ref.name or "")) for ref in refs]
    return all(row is not None and row not in selected for row in found)


def _families(spec: ServiceSpec) -> tuple[Family, ...]:
    """The address families of a Service, empty where nothing says: a cluster adds its second one to a single family
    where the policy prefers or requires both."""
    listed = list(spec.ip_families or ())
    if len(listed) < 2 and spec.ip_family_policy not in (None, "SingleStack"):
        return ()
    if not listed:
        texts = [*(spec.cluster_ips or ()), spec.cluster_ip or ""]
        listed = ["IPv6" if ":" in text else "IPv4" for text in texts if is_address(text)]
    families: tuple[Family, ...] = (4, 6)
    return tuple(f for f in families if f"IPv{f}" in listed)


def _has_one_family(spec: ServiceSpec, families: tuple[Family, ...]) -> bool:
    """Whether the API server chooses one family: by the policy that is the default, but for headless Services without a
    selector, which have both (core/v1 ServiceSpec, ipFamilies and ipFamilyPolicy)."""
    chooses = spec.ip_family_policy == "SingleStack" or (
        spec.ip_family_policy is None and not (spec.cluster_ip == "None" and not spec.selector)
    )
    return chooses and not families


def is_ready(d: Decoded) -> bool:
    """Whether a Service leads to this endpoint: not to a pod that says it is not ready. What says nothing is taken as
    ready."""
    status = d.value.status if isinstance(d.value, Pod) else None
    return all(c.type != "Ready" or c.status == "True" for c in (status.conditions or () if status else ()))
