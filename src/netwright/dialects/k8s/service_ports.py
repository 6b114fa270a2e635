"""Where the ports of Services lead: to endpoints that a selector selects, and to those of EndpointSlices."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Literal, NamedTuple

from netwright.base.ipset import Family, is_address
from netwright.base.services import PROTOCOLS, protocol_name
from netwright.dialects.k8s.generated import GENERATED, UNKNOWN
from netwright.dialects.k8s.objects import EndpointEntry, EndpointPort, EndpointSlice, ServicePort
from netwright.model.cluster import Backend, ContainerPortNoun, ServicePortNoun
from netwright.model.columns import Columns
from netwright.model.document import Decoded

Open = Literal["", "unknown", "ambiguous"]
"""Of what kind the reason is that it is open where a port leads; "" where it is not."""
DIALLED = ServicePort(port=0)
"""Stands for the port that clients of a headless Service choose."""


class Rows:
    """Rows of a namespace by label, so that a selector costs what its rarest label does."""

    def __init__(self, columns: Columns, live: Sequence[Decoded]) -> None:
        self._by_label: dict[tuple[str, str, str], list[int]] = {}
        self.by_pod: dict[tuple[str, str], int] = {}
        for row, namespace in enumerate(columns.namespace.tolist()):
            ns = columns.namespaces[namespace]
            if not ns:
                continue
            for key, value in columns.labels_of(row).items():
                self._by_label.setdefault((ns, key, value), []).append(row)
            if live[row].kind == "Pod":  # a workload may have the name of a pod of another
                self.by_pod[ns, columns.names[row]] = row

    def select(self, namespace: str, selector: dict[str, str | None]) -> list[int]:
        return self._all([self._by_label.get((namespace, "k8s:" + k, v or ""), []) for k, v in selector.items()])

    def perhaps(self, namespace: str, selector: dict[str, str | None]) -> tuple[list[int], list[str]]:
        """Which rows the selector selects or not by values that are not known, and the labels that have these."""
        compared = {k: self._by_label.get((namespace, "k8s:" + k, UNKNOWN), []) for k in selector if k in GENERATED}
        open_ = [k for k, rows in compared.items() if rows]
        if not open_:
            return [], []
        lists = [
            self._by_label.get((namespace, "k8s:" + k, v or ""), []) + compared.get(k, []) for k, v in selector.items()
        ]
        unknown = {row for k in open_ for row in compared[k]}
        return sorted(row for row in self._all(lists) if row in unknown), open_

    @staticmethod
    def _all(lists: list[list[int]]) -> list[int]:
        lists.sort(key=len)
        rows = lists[0]
        for other in lists[1:]:
            held = set(other)
            rows = [row for row in rows if row in held]
        return rows


class Behind(NamedTuple):
    """What may stand behind a Service: of `selected` endpoints (None: it has no selector) the rows of those that are
    ready, those that it selects or not by labels `compared` of unknown values, and its EndpointSlices (None: it is but
    a name for something elsewhere); beside a selector those that others wrote. `publishes`: the Service has it that
    what is not ready counts as ready."""

    selected: int | None
    ready: list[int]
    maybe: list[int]
    compared: list[str]
    slices: list[Decoded] | None
    headless: bool
    families: tuple[Family, ...]
    publishes: bool


class Leads:
    """Where the ports of Services lead. `ended` are pods whose addresses are others' now."""

    def __init__(
        self,
        columns: Columns,
        row_ports: Sequence[tuple[ContainerPortNoun, ...]],
        rows: Rows,
        ended: Collection[tuple[str, str]],
    ) -> None:
        self._columns = columns
        self._row_ports = row_ports
        self._rows = rows
        self._ended = ended

    def noun(self, port: ServicePort, behind: Behind) -> ServicePortNoun:
        backends: list[Backend] = []
        nowhere = ""
        more = ""
        is_open: Open = ""
        if behind.selected is not None:
            backends, nowhere, is_open = self._selected(port, behind)
            if behind.slices and not is_open:
                told, is_open = _why_no_slice(behind.slices, None if behind.headless else port)
                if is_open:
                    nowhere, more = told, f"its Service {told}"
                backends += [b for d in behind.slices for b in self._sliced(d, port, behind) if b not in backends]
        elif behind.slices is not None:
            nowhere, is_open = _why_no_slice(behind.slices, None if behind.headless else port)
            if not is_open:
                backends = [b for d in behind.slices for b in self._sliced(d, port, behind)]
        if behind.slices and not is_open:
            told = self._left_open(port, behind, has_backends=bool(backends))
            if told:
                nowhere, is_open, more = told, "ambiguous", f"its Service {told}"
        return ServicePortNoun(
            name=port.name or "",
            protocol=_protocol(port),
            port=port.port,
            target=str(port.target_port or port.port),
            node_port=port.node_port or 0,
            backends=tuple(backends),
            nowhere="" if backends else nowhere,
            open="" if backends else is_open,
            more=more if backends else "",
        )

    def _selected(self, port: ServicePort, behind: Behind) -> tuple[list[Backend], str, Open]:
        if any(self._number(row, port, behind) is not None for row in behind.maybe):
            told = f"selects by {_listed(behind.compared)}, which a controller gives to pods: the value is not in the "
            return [], told + "input, so which endpoints it has is not known", "unknown"
        protocol, families = _protocol(port), behind.families
        backends = [
            Backend(row=row, protocol=protocol, port=number, node=_node(self._columns, row), families=families)
            for row in behind.ready
            if (number := self._number(row, port, behind)) is not None
        ]
        nowhere = "has no endpoints"
        if behind.ready and not backends:
            nowhere += f" at its {protocol_name(protocol)} port {port.port}: "
            nowhere += f"none of its pods has a {protocol_name(protocol)} port named `{port.target_port}`"
        if behind.selected and not behind.ready:
            nowhere += f": of the {behind.selected} that it selects none is ready"
        return backends, nowhere, ""

    def _number(self, row: int, port: ServicePort, behind: Behind) -> int | None:
        """The number of a target port at an endpoint; None where nothing there has its name, and the Service is not a
        name for all of them."""
        target = port.target_port if port.target_port is not None and port.target_port != "" else port.port
        if isinstance(target, int):
            return target or port.port
        protocol = _protocol(port)
        for p in self._row_ports[row]:  # of several of that name the first counts, as in the EndpointSlice controller
            if p.name == target and p.protocol == protocol and not p.of_init:
                return p.number
        return port.port if behind.headless else None

    def _left_open(self, port: ServicePort, behind: Behind, *, has_backends: bool) -> str:
        """What the API leaves to who reads the slices, "" for nothing: whether `publishNotReadyAddresses` counts beside
        what a slice says (ServiceSpec: whoever deals with endpoints disregards readiness, and may rely on Kubernetes
        for slices of its own only), and whether endpoints that terminate and serve do where there are no others."""

        def has(counts: Callable[[EndpointEntry], bool]) -> bool:
            return any(self._sliced(d, port, behind, counts) for d in behind.slices or ())

        if behind.publishes and has(lambda one: not _is_ready(one)):
            return "publishes what is not ready, and a slice has such endpoints: the API leaves open who heeds it"
        if not has_backends and not behind.headless and has(_is_going):
            return "has terminating endpoints only: kube-proxy leads to those that still serve, others need not"
        return ""

    def _sliced(
        self, d: Decoded, port: ServicePort, behind: Behind, counts: Callable[[EndpointEntry], bool] | None = None
    ) -> list[Backend]:
        """The endpoints of a slice of addresses that count (those that are ready), each reached over the slice's own
        family. Names are no endpoints."""
        counts = counts or _is_ready
        value: EndpointSlice = d.value
        known: tuple[Family, ...] = (4, 6)
        own = tuple(f for f in known if value.address_type == f"IPv{f}") or behind.families
        if value.address_type == "FQDN" or (behind.families and own[0] not in behind.families):
            return []
        numbers = [p.port for p in value.ports or () if _is_port_of(p, port) and p.port]
        protocol = _protocol(port)
        out = []
        for number in [port.port] if behind.headless else numbers:
            for endpoint in value.endpoints or ():
                if not counts(endpoint):
                    continue
                ref = endpoint.target_ref
                pod = (ref.namespace or d.namespace, ref.name or "") if ref and ref.kind == "Pod" else None
                if pod in self._ended:
                    continue  # whoever has its address now
                row = self._rows.by_pod.get(pod) if pod is not None else None
                if row is not None:
                    node = endpoint.node_name or _node(self._columns, row)
                    out.append(Backend(row=row, protocol=protocol, port=number, node=node, families=own))
                else:
                    node = endpoint.node_name or ""
                    out += [
                        Backend(address=a, protocol=protocol, port=number, node=node, families=own)
                        for a in endpoint.addresses or ()
                        if is_address(a)
                    ]
        return out


def _is_ready(endpoint: EndpointEntry) -> bool:
    return endpoint.conditions is None or endpoint.conditions.ready is not False


def _is_going(endpoint: EndpointEntry) -> bool:
    """Whether an endpoint that is not ready terminates and serves; what says nothing serves."""
    told = endpoint.conditions
    return told is not None and told.ready is False and told.terminating is True and told.serving is not False


def _protocol(port: ServicePort) -> int:
    return PROTOCOLS.get(port.protocol or "TCP", 6)


def _listed(labels: Sequence[str]) -> str:
    return " and ".join(f"`{label}`" for label in labels)


def _why_no_slice(slices: Sequence[Decoded], port: ServicePort | None) -> tuple[str, Open]:
    """Why a Service without a selector leads nowhere from this port (None: from any), and of what kind the reason is
    where that is open."""
    if not slices:
        return "has no selector and its endpoints are not in the input", "unknown"
    if all(s.value.address_type == "FQDN" for s in slices):
        told = "has an EndpointSlice of names (addressType FQDN), and the API defines no meaning for these"
        return told, "ambiguous"
    if port is None:
        return "has no endpoints: none in its EndpointSlices is ready", ""
    protocol = port.protocol or "TCP"
    listed = {(p.name or "", p.protocol or "TCP") for s in slices for p in s.value.ports or ()}
    if any(_is_port_of(p, port) and not p.port for s in slices for p in s.value.ports or ()):
        told = "has an EndpointSlice whose port has no number, and the API leaves what that means to who reads it"
        return told, "ambiguous"
    if (port.name or "", protocol) not in listed:
        has = ", ".join(f"{of} `{name}`" if name else f"{of} without a name" for name, of in sorted(listed)) or "none"
        asked = f"`{port.name}`" if port.name else "without a name"
        return f"has no endpoints at its {protocol} port {asked}: the ports of its EndpointSlices are {has}", ""
    return "has no endpoints: none in its EndpointSlices is ready", ""


def _is_port_of(listed: EndpointPort, port: ServicePort) -> bool:
    """Whether a slice's port is that of the Service: of the same name and protocol."""
    return (listed.name or "", listed.protocol or "TCP") == (port.name or "", port.protocol or "TCP")


def _node(columns: Columns, row: int) -> str:
    """The name of the node that an endpoint runs on, "" where it is not known."""
    index = int(columns.node[row])
    return columns.nodes[index] if index >= 0 else ""
