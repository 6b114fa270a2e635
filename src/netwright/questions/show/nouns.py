"""Workloads, endpoints, Services, namespaces and the kinds of the input, as rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netwright.base.ipset import Family, address_text
from netwright.base.services import protocol_name
from netwright.base.spans import Place, named
from netwright.dialects import decode
from netwright.dialects.k8s.decode import Invalid
from netwright.dialects.k8s.misnamed import misnamed
from netwright.dialects.k8s.objects import Service
from netwright.engine.acting import Acting, PolicyKey, deployed, is_host, isolation, pods
from netwright.engine.compile import Network
from netwright.model.cluster import OBJECT_KIND, Cluster, ContainerPortNoun, ServiceNoun
from netwright.model.document import Decoded, Document, Fate, Reading
from netwright.model.kind_lists import find
from netwright.model.references import Directory
from netwright.questions.show.narrow import Narrow, namespaces_of
from netwright.questions.show.rows import EndpointRow, KindRow, NamespaceRow, ServiceRow, Shown, WorkloadRow
from netwright.questions.show.written import Locate, written


def port_text(protocol: int, number: int, name: str = "") -> str:
    """`TCP 8080`, or with its name `TCP 8080 http`."""
    return f"{protocol_name(protocol)} {number}" + (f" {name}" if name else "")


def _served(ports: Iterable[ContainerPortNoun]) -> tuple[str, ...]:
    found = {(p.protocol, p.number, p.name) for p in ports}
    return tuple(port_text(*p) for p in sorted(found))


def workload_rows(cluster: Cluster, network: Network, found: Acting, locate: Locate, only: Narrow) -> Shown:
    behind: dict[int, dict[str, None]] = {}
    for service in cluster.services:
        for port in service.ports:
            for backend in port.backends:
                behind.setdefault(backend.row, {})[service.name] = None
    objects = {(d.kind, d.namespace, d.name): d for d in cluster.objects}

    def breadth(key: PolicyKey) -> tuple[int, str]:
        """How many identities a policy selects, its name."""
        return max((len(at) for at in found.at[key].values()), default=0), key[2]

    out = []
    for w in deployed(cluster):
        if not (only.holds_namespace(w.namespace) and only.holds_rows(w.rows)):
            continue
        keys = {key: None for row in w.rows for key in found.policies.get(network.position(row), ())}
        own = objects.get((OBJECT_KIND.get(w.kind, ""), w.namespace, w.name))
        file, line = written(
            locate, own.kind if own else w.object_kind, w.namespace, w.name, own.place if own else w.place
        )
        out.append(
            WorkloadRow(
                namespace=w.namespace,
                ref=w.ref,
                pods=pods(cluster, w.rows),
                network="host" if is_host(cluster, w) else "pod",
                isolated_in=isolation(found, w.rows, "ingress"),
                isolated_out=isolation(found, w.rows, "egress"),
                policies=tuple(k[2] for k in sorted(keys, key=breadth) if k[2]),
                unread=tuple(sorted({kind or "unreadable document" for kind, _, name in keys if not name})),
                serves=_served(p for row in w.rows for p in cluster.row_ports[row]),
                services=tuple(sorted({name for row in w.rows for name in behind.get(row, ())})),
                file=file,
                line=line,
            )
        )
    counts = {"workloads": len(out), "pods": sum(r.pods or 0 for r in out)}
    on_pods = [r for r in out if r.network == "pod"]
    counts["isolated_both"] = sum(r.isolated_in == r.isolated_out == "yes" for r in on_pods)
    counts["isolated_one"] = sum((r.isolated_in == "yes") != (r.isolated_out == "yes") for r in on_pods)
    counts["isolated_none"] = len(on_pods) - counts["isolated_both"] - counts["isolated_one"]
    counts["host"] = len(out) - len(on_pods)
    return Shown(noun="workloads", rows=tuple(out), counts=counts, notes=(*only.notes, *only.resting(cluster)))


def endpoint_rows(cluster: Cluster, network: Network, directory: Directory, only: Narrow) -> Shown:
    columns = cluster.columns
    out = []
    for row in range(columns.n):
        w = cluster.workloads[int(columns.workload[row])]
        if not (only.holds_namespace(w.namespace) and only.holds_rows((row,))):
            continue
        addresses = []
        if columns.has_v4[row]:
            addresses.append(address_text(4, int(columns.v4[row])))
        if columns.has_v6[row]:
            addresses.append(address_text(6, int.from_bytes(columns.v6[row].ljust(16, b"\0"), "big")))
        may_have: tuple[str, ...] = ()
        index = int(columns.address_set[row])
        if index >= 0:
            held = columns.address_sets[index]
            if w.kind == "node" and held.count() <= 16:  # a node's addresses are all its own
                families: tuple[Family, ...] = (4, 6)
                addresses += [address_text(f, one) for f in families for span in held.family(f) for one in range(*span)]
            elif held <= cluster.pod_ranges or held.count() <= 16:
                may_have = tuple(held.cidrs())
        host = bool(columns.host[row])
        node = columns.nodes[int(columns.node[row])] if columns.node[row] >= 0 else ""
        out.append(
            EndpointRow(
                namespace=w.namespace,
                ref=directory.row_ref(row),
                addresses=tuple(addresses),
                may_have=may_have,
                node=node,
                identity=network.position(row),
                named_ports=() if host else _served(p for p in cluster.row_ports[row] if p.name),
                network="host" if host else "pod",
                pods=None if w.kind == "node" else pods(cluster, (row,)),
            )
        )
    out.sort(key=lambda r: (r.namespace == "", r.namespace, r.ref))
    counts = {
        "endpoints": len(out),
        "identities": len({r.identity for r in out}),
        "addresses_known": sum(bool(r.addresses) for r in out),
    }
    return Shown(noun="endpoints", rows=tuple(out), counts=counts, notes=(*only.notes, *only.resting(cluster)))


def service_rows(cluster: Cluster, directory: Directory, locate: Locate, only: Narrow) -> Shown:
    selectorless = {
        (d.namespace, d.name)
        for d in cluster.objects
        if isinstance(d.value, Service) and not (d.value.spec and d.value.spec.selector)
    }
    out = []
    for service in sorted(cluster.services, key=lambda s: (s.namespace, s.name)):
        rows: dict[int, None] = {}
        outside: dict[str, None] = {}
        for port in service.ports:
            for b in port.backends:
                found = (b.row,) if b.row >= 0 else directory.address(b.address, service.namespace).rows
                rows.update(dict.fromkeys(found))
                if not found:
                    outside[b.address] = None
        if not only.holds_namespace(service.namespace):
            continue
        if only.named is not None and service.ref not in only.services and only.named.isdisjoint(rows):
            continue
        refs = {cluster.workloads[int(cluster.columns.workload[row])].ref for row in rows}
        counted = pods(cluster, rows)
        file, line = written(locate, "Service", service.namespace, service.name, service.origin.place)
        out.append(
            ServiceRow(
                namespace=service.namespace,
                ref=service.ref,
                type="headless" if service.headless else service.type,
                addresses=(*service.cluster_ips, *service.external_ips, *service.load_balancer),
                ports=tuple(_service_port(p.protocol, p.port, p.target, p.node_port) for p in service.ports),
                backends=(*sorted(refs), *outside),
                pods=counted if counted is None else counted + len(outside),
                lacks="" if rows or outside else _lacks(service, (service.namespace, service.name) in selectorless),
                file=file,
                line=line,
            )
        )
    counts = {
        "services": len(out),
        "no_endpoints": sum(r.lacks == "no endpoints" for r in out),
        "for_outside": sum(r.type in ("NodePort", "LoadBalancer") for r in out),
    }
    return Shown(noun="services", rows=tuple(out), counts=counts, notes=tuple(only.notes))


def _service_port(protocol: int, port: int, target: str, node_port: int) -> str:
    text = port_text(protocol, port) + ("" if target == str(port) else f" to {target}")
    return f"{text} node {node_port}" if node_port else text


def _lacks(service: ServiceNoun, selectorless: bool) -> str:
    if service.type == "ExternalName":
        return f"a name for {service.external_name}"
    return "no selector" if selectorless else "no endpoints"


def namespace_rows(cluster: Cluster, locate: Locate, only: Narrow) -> Shown:
    objects: dict[str, Decoded] = {d.name: d for d in cluster.objects if d.kind == "Namespace"}
    labels = dict(zip(cluster.columns.namespaces, cluster.columns.namespace_labels, strict=True))
    by_kind: dict[tuple[str, str], int] = {}
    for d in cluster.objects:
        by_kind[d.namespace, d.kind] = by_kind.get((d.namespace, d.kind), 0) + 1
    members: dict[str, list[tuple[int, ...]]] = {}
    for w in deployed(cluster):
        members.setdefault(w.namespace, []).append(w.rows)
    out = []
    for name in namespaces_of(cluster):
        held = members.get(name, [])
        if not only.holds_namespace(name) or (
            only.rows is not None and not any(only.holds_rows(rows) for rows in held)
        ):
            continue
        place: Place | None = objects[name].place if name in objects else None
        file, line = written(locate, "Namespace", "", name, place)
        out.append(
            NamespaceRow(
                namespace=name,
                labels=tuple(
                    f"{k}={v}" if v else k
                    for k, v in sorted(labels.get(name, {"kubernetes.io/metadata.name": name}).items())
                ),
                workloads=len(held),
                pods=sum(pods(cluster, rows) or 0 for rows in held),
                per_node=sum(pods(cluster, rows) is None for rows in held),
                services=by_kind.get((name, "Service"), 0),
                policies=by_kind.get((name, "NetworkPolicy"), 0),
                declared=name in objects,
                file=file,
                line=line,
            )
        )
    counts = {
        "namespaces": len(out),
        "no_network_policy": sum(r.policies == 0 for r in out),
        "not_declared": sum(not r.declared for r in out),
    }
    return Shown(noun="namespaces", rows=tuple(out), counts=counts, notes=tuple(only.notes))


# --- kinds --------------------

FATES = ("unreadable", "invalid", "not_understood", "evaluated", "irrelevant")
_EFFECT = {
    "both": "could allow or deny: what it could select is undecided",
    "deny": "could deny: what it could select is undecided",
    "none": "policy verdicts stand; what it adds is missing",
}


def kind_rows(objects: Sequence[Decoded], reading: Reading, locate: Locate, namespaces: Sequence[str]) -> Shown:
    """What became of every document, by kind; the five fates add up to all documents."""
    decoded = {d.place for d in objects if d.place is not None}
    groups: dict[tuple[Fate, str, str, str], list[Document]] = {}
    for document in reading.documents:
        kind = find(document.group, document.kind)
        fate: Fate
        if kind is None and misnamed(document) is not None:
            fate, does = "invalid", "the API server would refuse it: not evaluated"
        elif kind is None:
            fate, does = "not_understood", "in none of the lists: taken as not touching the network"
        elif kind.reads == "irrelevant":
            fate, does = "irrelevant", "does not touch the network"
        elif kind.reads == "unread":
            fate, does = "not_understood", _EFFECT[kind.effect]
        elif document.place not in decoded and isinstance(decode(document), Invalid):
            fate, does = "invalid", "the API server would refuse it: not evaluated"
        else:
            fate, does = "evaluated", ""
        if not namespaces or document.namespace in namespaces:
            groups.setdefault((fate, document.api_version, document.kind, does), []).append(document)
    out = []
    for (fate, version, kind_name, does), found in groups.items():
        file, line = written(locate, kind_name, found[0].namespace, found[0].name, found[0].place)
        names = tuple(named(d.namespace, d.name) for d in found)
        out.append(
            KindRow(
                fate=fate,
                api_version=version,
                kind=kind_name,
                documents=len(found),
                does=does,
                names=names,
                file=file,
                line=line,
            )
        )
    for unread in reading.unread if not namespaces else ():
        d = unread.diagnostic
        out.append(
            KindRow(
                fate=unread.fate,
                api_version="",
                kind=", ".join(unread.kinds) or "?",
                documents=1,
                does=d.title,
                names=(),
                file=d.file,
                line=d.line,
            )
        )
    out.sort(key=lambda r: (FATES.index(r.fate), r.api_version, r.kind))
    counts = {"documents": sum(r.documents for r in out)}
    for fate in ("evaluated", "irrelevant", "not_understood", "invalid", "unreadable"):
        counts[fate] = sum(r.documents for r in out if r.fate == fate)
    return Shown(noun="kinds", rows=tuple(out), counts=counts)


def unread_policies(reading: Reading) -> list[tuple[Document, str]]:
    """Documents of policy kinds that are not read yet, with what they can do."""
    out = []
    for document in reading.documents:
        kind = find(document.group, document.kind)
        if kind is not None and kind.reads == "unread" and kind.effect != "none":
            out.append((document, _EFFECT[kind.effect]))
    return out
