"""Services and what stands behind them, and which objects of an input are endpoints at all.

After core/v1 `Service`, discovery.k8s.io/v1 `EndpointSlice` and the concept pages "Service" and "EndpointSlices".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from netwright.dialects.k8s.objects import (
    CronJob,
    EndpointEntry,
    EndpointPort,
    EndpointSlice,
    LabelSelector,
    Node,
    Pod,
    Service,
    ServicePort,
    Workload,
)
from netwright.dialects.kubevirt.objects import VirtualMachine, VirtualMachineInstance
from netwright.model.document import Decoded
from netwright.spec.addresses import Family, Match, address, cover
from netwright.spec.controllers import has_pods, makes, told_apart
from netwright.spec.ends import end_of, pod_labels, serving_ports
from netwright.spec.labels import matches_pod, plain
from netwright.spec.machines import MACHINES, is_one_machine
from netwright.spec.packet import Packet

PROTOCOLS = {"TCP": 6, "UDP": 17, "SCTP": 132}
SERVICE_NAME = "kubernetes.io/service-name"
WRITTEN_BY = "endpointslice.kubernetes.io/managed-by"


class Backend(msgspec.Struct, frozen=True, kw_only=True):
    """Where one port of a Service leads: a pod (or its workload) or an address, and the port there.

    `protocol` is the IANA number; `service_port` and `port_name` are the Service's own ("" where it has no name);
    `node` is the name of the node that it runs on, "" where the input does not say; `families` are the address families
    over which the Service leads there, both where nothing says.
    """

    target: Decoded | str
    protocol: int
    port: int
    service_port: int
    port_name: str
    node: str = ""
    families: tuple[Family, ...] = (4, 6)


# --- endpoints --------------------------------------------------------------------------------------------------------


def is_endpoint(thing: Decoded) -> bool:
    """Whether the object by itself stands for something with an address, that packets come from and go to.

    Nodes do; pods that have not ended and are not being deleted; workloads, CronJobs and machines that have pods now.
    """
    value = thing.value
    if isinstance(value, Pod):
        ended = value.status is not None and value.status.phase in ("Succeeded", "Failed")
        return not ended and not value.metadata.deletion_timestamp
    if isinstance(value, (Workload, CronJob, *MACHINES)):
        return has_pods(thing)
    return isinstance(value, Node)


def endpoints(objects: Sequence[Decoded]) -> tuple[Decoded, ...]:
    """The endpoints of the input, in its order: real pods stand for the workload that owns them, else its template.

    A workload with pods in the input, and one that another object in the input has made, is not an endpoint of its own.
    Pods that have ended stand for their workload too (a finished Job makes no more), but not for a CronJob: it runs
    again. A CronJob that is suspended starts no jobs and stands for none; those it has started go on. The pods of a
    StatefulSet are endpoints one by one where selectors ask which is which. A launcher pod, else a running instance,
    stands for its machine, and the machines of a pool for the pool; pods that have ended do not, for a machine says
    itself whether it runs.
    """
    making = (Workload, CronJob, *MACHINES)
    named = {(one.kind, one.namespace, one.name): one for one in objects if isinstance(one.value, making)}
    standing: set[int] = set()
    for one in objects:
        if isinstance(one.value, Pod):
            owners = _owners(named, one)
            again = (CronJob, *MACHINES)
            standing |= {id(owner) for owner in owners if is_endpoint(one) or not isinstance(owner.value, again)}
        elif isinstance(one.value, VirtualMachine) or (
            isinstance(one.value, VirtualMachineInstance) and is_endpoint(one)
        ):
            standing |= {id(owner) for owner in _owners(named, one)}
    out: list[Decoded] = []
    for one in objects:
        if not is_endpoint(one) or id(one) in standing:
            continue
        owners = [] if isinstance(one.value, (Pod, *MACHINES)) else _owners(named, one)
        if not owners or (isinstance(owners[0].value, CronJob) and not has_pods(owners[0])):
            out += told_apart(objects, one) or [one]
    return tuple(out)


def _owners(named: Mapping[tuple[str, str, str], Decoded], thing: Decoded) -> list[Decoded]:
    """The object's controller, the controller's controller and so on, as far as they are in the input and make what
    they own. An instance that nothing else controls is that of the machine of its name, whether or not it is in the
    input itself."""
    found: list[Decoded] = []
    last = thing
    while isinstance(last.value, (Pod, Workload, *MACHINES)):
        references = [one for one in last.value.metadata.owner_references or () if one.controller]
        kind, name = ("", "")
        if references and makes(references[0], last.kind):
            kind, name = references[0].kind, references[0].name
        if not references and isinstance(last.value, VirtualMachineInstance):
            kind, name = "VirtualMachine", last.name
        owner = named.get((kind, thing.namespace, name))
        if owner is None and kind == "VirtualMachineInstance":
            owner = named.get(("VirtualMachine", thing.namespace, name))
        if owner is None or owner is thing or owner in found:
            break
        found.append(owner)
        last = owner
    return found


# --- backends ---------------------------------------------------------------------------------------------------------


def backends(
    objects: Sequence[Decoded], service: Decoded, *, port: int | str | None, protocol: str | None
) -> tuple[Backend, ...]:
    """Where the Service surely leads for this port (number or name) and protocol; None = every one of its own.

    Nothing for a port that the Service does not have, and for an ExternalName, which is a name in the DNS and no more.
    A headless Service is a name too, for the pods' own addresses: nothing translates the port that a client dials,
    listed or not (page "Service", headless Services).
    """
    assert isinstance(service.value, Service)
    spec = service.value.spec
    if spec is None or spec.type == "ExternalName":
        return ()
    found: list[Backend] = []
    for one in _dialled(service, port, protocol):
        # Without a selector somebody else writes the Service's EndpointSlices, and others may add some beside one.
        leads = [*_selected(objects, service, one, "yes")] if spec.selector else []
        leads += _sliced(objects, service, one)
        found.extend(_backend(lead, one) for lead in leads)
    own = families(service)
    return tuple(
        msgspec.structs.replace(one, families=common)
        for one in found
        if (common := tuple(family for family in one.families if family in own))
    )


def renamed(objects: Sequence[Decoded], service: Decoded) -> Decoded | None:
    """The Service that an ExternalName stands for: its name is an alias (CNAME) in the DNS, and the cluster's DNS has
    `NAME.NAMESPACE.svc.cluster.local` for each Service, be that an alias again (page "DNS for Services and Pods").
    None for names of anything else, and for aliases of one another, which no resolver comes to an end with."""
    passed = [service]
    while passed[-1].value.spec and passed[-1].value.spec.type == "ExternalName":
        labels = (passed[-1].value.spec.external_name or "").lower().removesuffix(".").split(".")
        if labels[2:] != ["svc", "cluster", "local"]:
            return None
        there = [one for one in objects if isinstance(one.value, Service) and [one.name, one.namespace] == labels[:2]]
        if not there or there[0] in passed:
            return None
        passed.append(there[0])
    return passed[-1] if len(passed) > 1 else None


def _ports(service: Decoded, port: int | str | None, protocol: str | None) -> list[ServicePort]:
    """The Service's ports of this number or name and this protocol."""
    return [
        one
        for one in (service.value.spec.ports if service.value.spec else None) or ()
        if (port is None or (one.port == port if isinstance(port, int) else (one.name or "") == port))
        and protocol in (None, one.protocol or "TCP")
    ]


def is_headless(service: Decoded) -> bool:
    """Whether the Service has no address of its own."""
    assert isinstance(service.value, Service)
    return service.value.spec is not None and service.value.spec.cluster_ip == "None"


def _dialled(service: Decoded, port: int | str | None, protocol: str | None) -> list[ServicePort]:
    """The ports that a client dials: those listed, and the number itself where the Service is headless."""
    listed = _ports(service, port, protocol)
    if not listed and is_headless(service) and isinstance(port, int):
        return [ServicePort(port=port, protocol=protocol)]
    return listed


def families(service: Decoded) -> tuple[Family, ...]:
    """The address families that the Service may have: as its `ipFamilies` list them, or as its cluster IPs show.

    One family is all only where the policy is SingleStack, which is the default: under another one the API server adds
    the cluster's second family.
    """
    assert isinstance(service.value, Service)
    spec = service.value.spec
    listed = set(spec.ip_families or ()) if spec else set()
    policy = (spec.ip_family_policy if spec else None) or "SingleStack"
    if spec and not listed:
        texts = (*(spec.cluster_ips or ()), spec.cluster_ip)
        listed = {f"IPv{found.version}" for text in texts if (found := address(text)) is not None}
    if not listed or (len(listed) == 1 and policy != "SingleStack"):
        return (4, 6)
    both: tuple[Family, ...] = (4, 6)
    return tuple(family for family in both if f"IPv{family}" in listed)


def has_one_family(service: Decoded) -> bool:
    """Whether the API server chooses the Service's one family, as nothing is written: the policy is SingleStack where
    none is given, but for headless Services without a selector, which have both."""
    assert isinstance(service.value, Service)
    spec = service.value.spec
    if spec is None or families(service) != (4, 6) or spec.ip_families or spec.cluster_ips or address(spec.cluster_ip):
        return False
    if spec.ip_family_policy is None:
        return not is_headless(service) or bool(spec.selector)
    return spec.ip_family_policy == "SingleStack"


def is_known(objects: Sequence[Decoded], service: Decoded, *, port: int | str | None, protocol: str | None) -> bool:
    """Whether the input tells what stands behind the Service's port (None: behind each): pods by its selector, or
    EndpointSlices of addresses.

    Not where the selector compares a label with an unknown value, and more pods perhaps have it. For slices of names
    (addressType FQDN) the API defines no meaning, and what a slice's port without a number means it leaves to who reads
    it. An ExternalName is a name elsewhere. Of endpoints that are not ready see `_left_open`.
    """
    assert isinstance(service.value, Service)
    spec = service.value.spec
    if spec is None or spec.type == "ExternalName":
        return False
    if spec.selector:
        asked = _dialled(service, port, protocol)
        if any(True for one in asked for _ in _selected(objects, service, one, "perhaps")):
            return False
    slices = [
        one
        for one in objects
        if isinstance(one.value, EndpointSlice) and _is_slice_of(one, service) and _counts(objects, service, one)
    ]
    if spec.selector and not slices:
        return True
    if any(_left_open(objects, service, one) for one in _dialled(service, port, protocol)):
        return False
    listed = [port for one in slices for port in one.value.ports or () if not is_headless(service)]
    if any(_is_same(one, asked) and not one.port for one in listed for asked in _ports(service, port, protocol)):
        return False
    return any(one.value.address_type != "FQDN" for one in slices)


def _left_open(objects: Sequence[Decoded], service: Decoded, port: ServicePort) -> bool:
    """Whether the API leaves open if endpoints of slices count that are not ready.

    "Any agent which deals with endpoints for this Service should disregard any indications of ready/not-ready", and
    "agents which consume only Kubernetes generated endpoints … can safely assume this behavior" (ServiceSpec,
    publishNotReadyAddresses): of endpoints that others wrote nothing can be assumed. Where all endpoints terminate,
    kube-proxy leads to those that serve (EndpointSlice conditions; page "Virtual IPs and Service Proxies"), and nothing
    has others do so; the name of a headless Service does not lead there.
    """
    spec = service.value.spec
    own = families(service)

    def led(which: str) -> bool:
        return any(set(over) & set(own) for _, _, _, over in _sliced(objects, service, port, which))

    if spec.publish_not_ready_addresses and led("not ready"):
        return True
    if is_headless(service) or led("ready") or (spec.selector and any(_selected(objects, service, port, "yes"))):
        return False
    return led("going")


def is_one_pod(thing: Decoded | str) -> bool:
    """Whether the object stands for one pod only: a Pod, or a workload of which one replica is wanted."""
    if isinstance(thing, str):
        return False
    if isinstance(thing.value, MACHINES):
        return is_one_machine(thing)
    if not isinstance(thing.value, Workload):
        return isinstance(thing.value, Pod)
    wanted = thing.value.spec.replicas if thing.value.spec else None
    return thing.kind not in ("DaemonSet", "Job") and wanted in (None, 1)


def answering(
    objects: Sequence[Decoded], service: Decoded, client: Decoded | str, found: Sequence[Backend]
) -> tuple[tuple[Backend, ...], tuple[Backend, ...]]:
    """Which of the Service's backends a client in the cluster is led to: those it surely is, and those it perhaps is.

    `internalTrafficPolicy: Local` routes to the endpoints on the client's own node and, where it has none there, drops
    the traffic. (Page "Service Internal Traffic Policy".) A client outside, and a client of a headless Service, which
    dials the endpoints themselves, are led to all of them.
    """
    assert isinstance(service.value, Service)
    spec = service.value.spec
    if spec is None or spec.internal_traffic_policy != "Local" or is_headless(service) or isinstance(client, str):
        return tuple(found), ()
    node = end_of(objects, client).node
    beside = tuple(one for one in found if node and one.node == node)
    return beside, tuple(one for one in found if not node or not one.node)


def is_past_endpoints(service: Decoded, dialled: str) -> bool:
    """Whether clients in the cluster connect to the address of the Service's load balancer itself: it is a proxy's
    (core/v1 LoadBalancerIngress, ipMode), and not an external address of the Service too."""
    assert isinstance(service.value, Service)
    return "Proxy" in _modes(service, dialled)


def admitted(
    objects: Sequence[Decoded], service: Decoded, client: Decoded | str, dialled: str, pod_ranges: Sequence[str]
) -> Match:
    """Whether the source ranges of the Service's load balancer admit a client that dials its address.

    Whether they are a matter of clients in the cluster the API does not say; kube-proxy holds them to the ranges.
    """
    assert isinstance(service.value, Service)
    found = address(dialled)
    ranges = service.value.spec.load_balancer_source_ranges if service.value.spec else None
    if found is None or not ranges or not _modes(service, dialled):
        return "yes"
    family: Family = 4 if found.version == 4 else 6
    packet = Packet(objects, client, dialled, protocol=6, port=0, family=family, pod_ranges=pod_ranges)
    return cover([text.strip() for text in ranges], packet.source_addresses, family)


def _modes(service: Decoded, dialled: str) -> set[str]:
    """The modes in which the Service's load balancer has the address; none for an external address of the Service,
    which counts as that."""
    spec, status = service.value.spec, service.value.status
    at = address(dialled)
    if spec is None or status is None or at in [address(one) for one in spec.external_ips or ()]:
        return set()
    entries = (status.load_balancer.ingress or ()) if status.load_balancer else ()
    return {one.ip_mode or "VIP" for one in entries if address(one.ip) == at}


Lead = tuple[Decoded | str, int, str, tuple[Family, ...]]
"""What stands behind a Service's port, its number there, its node, the families it is reached over."""


def _backend(lead: Lead, port: ServicePort) -> Backend:
    target, number, node, over = lead
    return Backend(
        target=target,
        protocol=PROTOCOLS[port.protocol or "TCP"],
        port=number,
        service_port=port.port,
        port_name=port.name or "",
        node=node,
        families=over,
    )


def is_ready(pod: Decoded) -> bool:
    """Whether a Service leads to the pod: where its status has the condition Ready, that has to be True."""
    status = pod.value.status if isinstance(pod.value, Pod) else None
    told = [one.status for one in (status.conditions or () if status else ()) if one.type == "Ready"]
    return not told or told[-1] == "True"


def _selected(objects: Sequence[Decoded], service: Decoded, port: ServicePort, match: Match) -> Iterator[Lead]:
    """The pods of the Service's namespace that surely, or perhaps, have the selector's labels, each with its number for
    the target port.

    Those not ready only where the Service publishes them.
    """
    assert isinstance(service.value, Service)
    spec = service.value.spec
    selector = LabelSelector(match_labels=spec.selector if spec else None)
    publishes_all = bool(spec and spec.publish_not_ready_addresses)
    for one in endpoints(objects):
        if isinstance(one.value, Node) or one.namespace != service.namespace:
            continue
        if matches_pod(selector, pod_labels(one)) == match and (publishes_all or is_ready(one)):
            number = port.port if is_headless(service) else target_number(one, port)
            if number is not None:
                yield one, number, end_of(objects, one).node, (4, 6)


def target_number(pod: Decoded, port: ServicePort) -> int | None:
    """The pod's number for the Service's port: as written, or that of the pod's first port of that name and protocol,
    or, where nothing is written, the Service's own. None where the pod has no port of that name. Init containers count
    where they are sidecars (`FindPort` of the EndpointSlice controller).
    """
    if not isinstance(port.target_port, str) or not port.target_port:
        return port.target_port or port.port
    for one in serving_ports(pod):
        if one.name == port.target_port and (one.protocol or "TCP") == (port.protocol or "TCP"):
            return one.container_port
    return None


def _state(entry: EndpointEntry) -> str:
    """Ready, unless it says that it is not; of what is not, going where it terminates and serves."""
    told = entry.conditions
    if told is None or told.ready is not False:
        return "ready"
    return "going" if told.terminating and told.serving is not False else "not ready"


def _sliced(objects: Sequence[Decoded], service: Decoded, port: ServicePort, which: str = "ready") -> Iterator[Lead]:
    """The endpoints of the EndpointSlices that name the Service, whose port has the same name and protocol: those that
    are ready, those that are "going", or all that are "not ready"."""
    for one in objects:
        value = one.value
        if not isinstance(value, EndpointSlice) or not _is_slice_of(one, service) or value.address_type == "FQDN":
            continue
        if not _counts(objects, service, one):
            continue
        over: tuple[Family, ...] = (6,) if value.address_type == "IPv6" else (4,)
        if value.address_type is None:
            over = (4, 6)
        for number in [port.port] if is_headless(service) else _slice_numbers(value, port):
            for entry in value.endpoints or ():
                state = _state(entry)
                if state != which and (which != "not ready" or state == "ready"):
                    continue
                reference = entry.target_ref
                pod = None
                if reference and reference.kind == "Pod":
                    pod = _pod(objects, reference.namespace or one.namespace, reference.name or "")
                if pod is None:
                    listed = [text for text in entry.addresses or () if address(text) is not None]
                    yield from ((text, number, entry.node_name or "", over) for text in listed)
                elif is_endpoint(pod):
                    yield pod, number, entry.node_name or end_of(objects, pod).node, over


def _is_slice_of(slice_: Decoded, service: Decoded) -> bool:
    named = plain(slice_.value.metadata.labels).get(SERVICE_NAME)
    return (slice_.namespace, named) == (service.namespace, service.name)


def _counts(objects: Sequence[Decoded], service: Decoded, slice_: Decoded) -> bool:
    """Whether the slice tells of endpoints that the Service's selector does not: any where there is no selector, else
    what the controllers of Kubernetes did not write. Where it does not say who wrote it, it is taken as theirs if it
    has a pod that is selected or is not in the input."""
    spec = service.value.spec
    if not spec.selector:
        return True
    author = plain(slice_.value.metadata.labels).get(WRITTEN_BY)
    if author:
        return author not in ("endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io")
    selector = LabelSelector(match_labels=spec.selector)
    for entry in slice_.value.endpoints or ():
        reference = entry.target_ref
        if not reference or reference.kind != "Pod":
            continue
        pod = _pod(objects, reference.namespace or slice_.namespace, reference.name or "")
        if pod is None or not is_endpoint(pod):
            return False
        if pod.namespace == service.namespace and matches_pod(selector, pod_labels(pod)) != "no":
            return False
    return True


def _slice_numbers(slice_: EndpointSlice, port: ServicePort) -> list[int]:
    return [one.port for one in slice_.ports or () if _is_same(one, port) and one.port]


def _is_same(listed: EndpointPort, port: ServicePort) -> bool:
    return (listed.name or "", listed.protocol or "TCP") == (port.name or "", port.protocol or "TCP")


def _pod(objects: Sequence[Decoded], namespace: str, name: str) -> Decoded | None:
    for one in objects:
        if isinstance(one.value, Pod) and (one.namespace, one.name) == (namespace, name):
            return one
    return None
