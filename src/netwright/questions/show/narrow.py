"""Narrowing a list to namespaces and references."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from netwright.base.errors import UnknownReference
from netwright.base.ipset import IpSet
from netwright.dialects.k8s.resting import resting
from netwright.model.cluster import Cluster, ServiceNoun
from netwright.model.references import KINDS, Directory, Target

POLICY_WORDS = ("netpol", "networkpolicy", "networkpolicies")


@dataclass(slots=True)
class Narrow:
    """What to list. None lists everything; `named` are the rows that references name, `rows` those and the backends
    of Services.
    """

    namespaces: frozenset[str] | None = None
    named: set[int] | None = None
    rows: set[int] | None = None
    services: set[str] = field(default_factory=set)
    policies: set[tuple[str, str]] = field(default_factory=set)
    addresses: IpSet = field(default_factory=IpSet)
    notes: list[str] = field(default_factory=list)

    def holds_namespace(self, name: str) -> bool:
        return self.namespaces is None or name in self.namespaces

    def holds_rows(self, rows: Iterable[int]) -> bool:
        return self.rows is None or not self.rows.isdisjoint(rows)

    def resting(self, cluster: Cluster) -> Iterable[str]:
        """Notes about workloads without pods, where whole namespaces are listed."""
        return resting(cluster, self.holds_namespace) if self.rows is None else ()


def narrow(
    cluster: Cluster, directory: Directory | None, namespaces: Sequence[str], references: Sequence[str], noun: str
) -> Narrow:
    """Resolve what the user named. Raises UnknownReference for a name that fits nothing."""
    wanted = list(namespaces)
    rest = []
    for reference in references:
        head, slash, name = reference.partition("/")
        if slash and KINDS.get(head.lower()) == "ns" and "/" not in name:
            wanted.append(name)
        else:
            rest.append(reference)
    known = namespaces_of(cluster)
    for name in wanted:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=2)
            meant = "; did you mean " + " or ".join(f"`{c}`" for c in close) + "?" if close else ""
            raise UnknownReference(
                f"no namespace `{name}` in the input", help="`show namespaces` lists what is" + meant
            )
    out = Narrow(namespaces=frozenset(wanted) if wanted else None)
    if rest:
        assert directory is not None
        _refer(out, cluster, directory, rest, noun)
    return out


def namespaces_of(cluster: Cluster) -> list[str]:
    """All namespaces that objects are in or that are objects themselves."""
    found = {d.namespace for d in cluster.objects if d.namespace}
    found |= {d.name for d in cluster.objects if d.kind == "Namespace"}
    return sorted(found)


def _refer(out: Narrow, cluster: Cluster, directory: Directory, references: Sequence[str], noun: str) -> None:
    named: set[int] = set()
    backends: set[int] = set()
    for reference in references:
        policy = _policy(cluster, reference) if noun == "policies" else None
        if policy is not None:
            out.policies.add(policy)
            continue
        target = _resolve(directory, reference)
        if target.fqdn:
            raise UnknownReference(
                f"`{reference}`: which addresses it has is not in the input", help="`show` takes an address"
            )
        named |= set(target.rows)
        service = target.service
        if service is None and target.addresses is not None and target.addresses.count() == 1:
            service = directory.service_of_address(reference)
            if service is not None:
                out.notes.append(f"`{reference}` is an address of {service.ref}")
        if service is not None:
            out.services.add(service.ref)
            backends |= _backends(directory, service)
        elif target.addresses is not None:
            out.addresses |= target.addresses
            inside, perhaps = _holders(cluster, target.addresses)
            named |= inside
            if not inside:
                more = f"; {perhaps} whose addresses are not known may have it" if perhaps else ""
                out.notes.append(f"no endpoint in the input has `{reference}`{more}")
    out.named, out.rows = named, named | backends


def _resolve(directory: Directory, reference: str) -> Target:
    try:
        return directory.named(reference)
    except UnknownReference as error:
        raise UnknownReference(error.message, help=f"{error.help}; it is no file or folder here either") from None


def _policy(cluster: Cluster, reference: str) -> tuple[str, str] | None:
    """A policy named by `netpol/NAMESPACE/NAME`, or by `NAMESPACE/NAME` where no workload has that name."""
    parts = reference.split("/")
    if len(parts) == 3 and parts[0].lower() in POLICY_WORDS:
        wanted = (parts[1], parts[2])
        if not any(d.kind == "NetworkPolicy" and (d.namespace, d.name) == wanted for d in cluster.objects):
            raise UnknownReference(
                f"no NetworkPolicy `{parts[1]}/{parts[2]}` in the input", help="`show policies` lists what is"
            )
        return wanted
    if len(parts) == 2 and not any((w.namespace, w.name) == tuple(parts) for w in cluster.workloads):
        for d in cluster.objects:
            if d.kind == "NetworkPolicy" and (d.namespace, d.name) == tuple(parts):
                return d.namespace, d.name
    return None


def _backends(directory: Directory, service: ServiceNoun) -> set[int]:
    found: set[int] = set()
    for port in service.ports:
        for backend in port.backends:
            if backend.row >= 0:
                found.add(backend.row)
            else:
                found |= set(directory.address(backend.address, service.namespace).rows)
    return found


def _holders(cluster: Cluster, addresses: IpSet) -> tuple[set[int], int]:
    """The endpoints with a known address among these, and how many others may have one."""
    columns = cluster.columns
    inside: set[int] = set()
    perhaps = 0
    may = [bool(s & addresses) for s in columns.address_sets]
    for row in range(columns.n):
        v6 = int.from_bytes(columns.v6[row].ljust(16, b"\0"), "big")  # numpy drops trailing zero bytes
        if (columns.has_v4[row] and addresses.contains(4, int(columns.v4[row]))) or (
            columns.has_v6[row] and addresses.contains(6, v6)
        ):
            inside.add(row)
        elif columns.address_set[row] >= 0 and may[int(columns.address_set[row])]:
            perhaps += 1
    return inside, perhaps
