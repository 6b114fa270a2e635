"""`show`: what was read, one noun at a time, as rows. It lists; verdicts are asked elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netwright.base.errors import UsageError
from netwright.base.ipset import INTERNET, IpSet
from netwright.engine.acting import acting
from netwright.model.cluster import ServiceNoun
from netwright.model.document import Decoded, of_kinds
from netwright.model.networks import POD
from netwright.model.outside_ports import is_internal
from netwright.questions.registry import Asked, Exposed, Show
from netwright.questions.show.enforcement import isolation_rows, policy_rows
from netwright.questions.show.narrow import Narrow, narrow
from netwright.questions.show.nouns import endpoint_rows, kind_rows, namespace_rows, service_rows, workload_rows
from netwright.questions.show.policymaps import policy_map_rows
from netwright.questions.show.rows import ROWS, ExposedRow, Shown

NOUNS: dict[str, str] = {
    "workloads": "what people deploy: pods, isolation, policies, ports, Services",
    "endpoints": "what has an address: addresses, node, identity, named ports",
    "services": "Services: addresses, ports and where they lead",
    "policies": "policies: directions, how many workloads each selects, rules",
    "networks": "the pod network, the nodes' own, Service addresses, user-defined and secondary networks",
    "subnets": "ranges of pods, Services, nodes and networks: used, free, overlapping",
    "exposed": "the ways in from outside the cluster",
    "isolation": "workloads isolated in, out, both, neither, by namespace",
    "namespaces": "namespaces: labels, workloads, policies",
    "policymaps": "Cilium's policy maps: entries in and out, share of the limit, identities",
    "vms": "virtual machines: state, networks, live-migratable, what is kept",
    "nics": "their interfaces: network, VLAN, MTU, MAC, addresses, binding, what is kept",
    "kinds": "what became of every document of the input",
}


ON_ANY_NETWORK = ("workloads", "endpoints", "policies", "isolation", "namespaces")
"""The nouns that can be asked of a secondary network."""


def answer(twin: Asked, params: Show) -> Shown:
    twin = twin.on(params.network) if params.network is not None else twin
    if params.noun == "exposed":
        ways = twin.ask(Exposed())
        return exposed_rows(twin, ways, namespaces=params.namespaces, references=params.references)
    return show(twin, params.noun, namespaces=params.namespaces, references=params.references)


def show(twin: Asked, noun: str, *, namespaces: Sequence[str] = (), references: Sequence[str] = ()) -> Shown:
    """The rows of a noun, narrowed to namespaces and references. Raises UsageError for an unknown noun or name.

    `exposed` is a question of its own; `exposed_rows` shapes its answer.
    """
    if noun not in NOUNS or noun == "exposed":
        raise UsageError(f"`{noun}` is not a noun of show", help="one of " + ", ".join(NOUNS))
    if twin.cluster.network != POD and noun not in ON_ANY_NETWORK:
        raise UsageError(f"`{noun}` are not of one network", help=f"`--network` narrows {', '.join(ON_ANY_NETWORK)}")
    if noun == "kinds":
        if references:
            raise UsageError(
                "`show kinds` lists documents and takes no reference",
                help=f"leave out `{references[0]}`, or use -n NAMESPACE",
            )
        return kind_rows(twin.snapshot.objects, twin.snapshot.reading, twin.locate, namespaces)
    cluster = twin.cluster
    if noun in ("vms", "nics"):
        from netwright.questions.show.machines import machine_rows, nic_rows

        shape = machine_rows if noun == "vms" else nic_rows
        return shape(cluster, twin.locate, namespaces, references)
    only = narrow(cluster, twin.inquirer.directory if references else None, namespaces, references, noun)
    if noun == "policymaps":
        return policy_map_rows(cluster, only)
    if noun == "networks":
        from netwright.questions.show.networks import network_rows

        return network_rows(cluster, twin.locate, only)
    if noun == "subnets":
        from netwright.questions.show.subnets import subnet_rows

        return subnet_rows(cluster, twin.locate, only)
    if noun == "namespaces":
        return namespace_rows(cluster, twin.locate, only)
    if noun == "services":
        return service_rows(cluster, twin.inquirer.directory, twin.locate, only)
    if noun == "endpoints":
        return endpoint_rows(cluster, twin.network, twin.inquirer.directory, only)
    found = acting(twin.network)
    if noun == "workloads":
        return workload_rows(cluster, twin.network, found, twin.locate, only)
    if noun == "policies":
        return policy_rows(cluster, twin.network, found, twin.snapshot.reading, twin.locate, only)
    return isolation_rows(cluster, found, only)


def exposed_rows(
    twin: Asked, ways: Sequence[Any], *, namespaces: Sequence[str] = (), references: Sequence[str] = ()
) -> Shown:
    """The ways in that `exposed` found, narrowed; their order is kept (danger first)."""
    only = narrow(twin.cluster, twin.inquirer.directory if references else None, namespaces, references, "exposed")
    refs = _refs(twin, only)
    services = {(s.namespace, s.name): s for s in twin.cluster.services}
    objects = {(d.namespace, d.name): d for d in of_kinds(twin.cluster.objects, "Service")}
    out = []
    for way in ways:
        namespace = way.service.split("/")[1] if way.service.count("/") == 2 else ""
        workloads = way.workload.split(", ")
        if not only.holds_namespace(namespace) or (refs is not None and refs.isdisjoint((way.service, *workloads))):
            continue
        protocol = getattr(way, "protocol", "")
        service = services.get(tuple(way.service.split("/")[1:]))
        out.append(
            ExposedRow(
                verdict=way.verdict,
                service=way.service,
                port=f"{protocol} {way.port}".strip(),
                via=" ".join(dict.fromkeys(t for t in (way.via, getattr(way, "entry", "")) if t)),
                workload=way.workload,
                chain=tuple(way.chain) if not isinstance(way.chain, str) else (way.chain,),
                where=getattr(way, "place", ""),
                private=_private_address(service, way.via, objects),
            )
        )
    counts = {"ways": len(out)}
    for key, verdict in (("open", "allow"), ("open_to_some", "some"), ("undecided", "undecided"), ("closed", "deny")):
        counts[key] = sum(r.verdict == verdict for r in out)
    return Shown(noun="exposed", rows=tuple(out), counts=counts, notes=(*only.notes, *_private(out)))


MOST_NAMED = 4
"""Services that a note names; the others are counted."""


def _private(rows: Sequence[ExposedRow]) -> list[str]:
    """A note about ways in at private addresses: `internet` has none of these, and who routes to them is not known."""
    found = list(dict.fromkeys(f"{row.service} ({row.private})" for row in rows if row.private))
    if not found:
        return []
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    return [f"private address: reached from networks that route to it: {', '.join(found[:MOST_NAMED])}{more}"]


def _private_address(service: ServiceNoun | None, via: str, objects: Mapping[tuple[str, str], Decoded]) -> str:
    """The private addresses of a way in where it has no others, or that annotations ask for one; "" else."""
    if service is None or via not in ("LoadBalancer", "externalIP"):
        return ""
    addresses = service.load_balancer if via == "LoadBalancer" else service.external_ips
    if addresses:
        return "" if IpSet.of(*addresses) & INTERNET else ", ".join(addresses)
    written = objects.get((service.namespace, service.name))
    if written is None or not is_internal(written.value.metadata.annotations or {}):
        return ""
    return "by annotation"


def _refs(twin: Asked, only: Narrow) -> set[str] | None:
    if only.rows is None:
        return None
    cluster = twin.cluster
    return only.services | {cluster.workloads[int(cluster.columns.workload[row])].ref for row in only.rows}


__all__ = ["NOUNS", "ROWS", "Shown", "answer", "exposed_rows", "show"]
