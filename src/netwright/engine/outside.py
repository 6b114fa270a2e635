"""Outside addresses by region, cut where rules cut them, how the parts are called, and whose they may be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from netwright.base.ipset import INTERNET, LINK_LOCAL, PRIVATE, Family, IpSet
from netwright.engine.compile import Network
from netwright.model.networks import POD
from netwright.model.references import Directory, Target

if TYPE_CHECKING:
    from netwright.engine.inquire import Inquirer, Settled

MOST_NAMED = 3


def outside_parts(cells: Sequence[IpSet], family: Family) -> Iterator[tuple[str, int, IpSet]]:
    """Of disjoint sets of addresses those that pods may talk to: reference, number of the set, addresses.

    `internet` or the largest part of it, private and link-local ranges; loopback and multicast are nobody's.
    """
    for region in (INTERNET, PRIVATE, LINK_LOCAL):
        here = IpSet(region.v4) if family == 4 else IpSet((), region.v6)
        name = "internet" if region is INTERNET else f"cidr/{','.join(here.cidrs())}"
        parts = [(i, held & here) for i, held in enumerate(cells)]
        parts = [(i, part) for i, part in parts if part]
        largest = max(parts, key=lambda part: part[1].count(), default=None)
        for i, part in parts:
            cidrs = part.cidrs()
            if largest is not None and i == largest[0] and (len(cidrs) > 4 or region is INTERNET):
                missing = [c for j, other in parts if j != i for c in other.cidrs()]
                ref = name if not missing else f"{name} except {_short(missing)}"
            else:
                ref = f"cidr/{_short(cidrs)}"
            yield ref, i, part


def _short(cidrs: Sequence[str]) -> str:
    return ",".join(cidrs[:4]) + (f"+{len(cidrs) - 4}" if len(cidrs) > 4 else "")


def not_meant(network: Network, directory: Directory, *ends: Target) -> str:
    """Which endpoints of the input have an address of a range that an end names, in words; "" where none has. A range
    stands for addresses outside the cluster."""
    told = []
    named = {row for end in ends for row in end.rows}
    for end in ends:
        if end.addresses is None or not end.ref.startswith("cidr/"):
            continue
        rows = [row for f in network.families for row in network.columns.rows_in(end.addresses, f)[0]]
        names = list(dict.fromkeys(directory.row_ref(row) for row in rows if row not in named))
        if names:
            more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            have = "has an address" if len(names) == 1 else "have addresses"
            told.append(
                f"`{end.ref}` stands for addresses outside the cluster; {', '.join(names[:MOST_NAMED])}{more} {have} "
                "in it and must be asked about by name"
            )
    return "; ".join(dict.fromkeys(told))


def perhaps_own_node(inquirer: Inquirer, source: Target, destination: Target, settled: Settled) -> str:
    """What is said beside a verdict that denies where one end is a private address that the node of a pod at the other
    may have: the two always reach each other. "" where no node has it, or policy acts between a pod and its node."""
    cluster, network = inquirer.cluster, inquirer.network
    address, pods = (source, destination) if source.addresses is not None else (destination, source)
    held = address.addresses
    if held is None or held.count() != 1 or not held <= PRIVATE - cluster.pod_ranges:
        return ""
    is_denied = settled.verdict == "deny" or settled.groups == "some"
    if not is_denied or settled.verdict == "undecided":
        return ""
    if cluster.network != POD or not network.exempts_own_node:
        return ""
    columns = network.columns
    nodes = cluster.node_rows
    fitting = {int(columns.node[row]) for row in nodes if held <= columns.addresses_of(row)}
    known = {int(columns.node[row]) for row in nodes} - fitting
    own = {int(columns.node[row]) for row in pods.rows if not columns.host[row]}
    if not any(fitting or not nodes if node < 0 else node not in known for node in own):
        return ""
    which = pods.ref if len(pods.rows) == 1 else f"a pod of {pods.ref}"
    if address is source:
        return f"if {address.ref} is the node that {which} runs on, it always reaches it"
    return f"if {address.ref} is the node that {which} runs on, it is always reached"
