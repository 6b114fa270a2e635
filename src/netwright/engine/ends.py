"""The ends that two networks have in common, as `differences` compares them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from netwright.base.ipset import Family, IpSet
from netwright.engine.bits import unpack
from netwright.engine.difference import ABSENT, PERHAPS, View, outside_addresses, outside_cells
from netwright.engine.inquire import Inquirer
from netwright.engine.outside import outside_parts
from netwright.engine.relations import relations

if TYPE_CHECKING:
    import numpy.typing as npt


GENERATED = frozenset(
    f"k8s:{key}"
    for key in (
        "pod-template-hash",
        "controller-revision-hash",
        "pod-template-generation",
        "statefulset.kubernetes.io/pod-name",
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/controller-uid",
        "controller-uid",
    )
)
"""Labels that controllers give to each pod or rollout anew."""

Pair = tuple[int, int]
End = tuple[Sequence[int], Sequence[int]]
"""The endpoint rows of an end, before and after."""
Missing = Callable[[int, int], object]
"""Asked of the side that lacks an end (0: before) and of its endpoint row on the other: true where it may be there."""


class SharedEnds(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Ends of one family in two networks, pods first. `owners[i]` is the workload of end i, or the name of an outside
    cell; several ends can have one owner. `rows[i]` are its endpoint rows before and after. `changed` is what
    `differences` wants."""

    before: View
    after: View
    owners: list[str]
    rows: list[End]
    addresses: list[IpSet | None]
    changed: npt.NDArray[np.bool_]
    outside: int


def shared_ends(
    before: Inquirer, after: Inquirer, family: Family, *, nodes: bool = False, missing: Missing | None = None
) -> SharedEnds:
    """Match the endpoints of two clusters: a workload with the workload of the same kind, namespace and name, its pods
    by name, else by labels, else with all that found no match. `nodes`: with the nodes themselves. `missing`: which
    ends that one of them lacks may be there; None: none."""
    before, after = before.of_family(family), after.of_family(family)
    sides = (before, after)
    # an edit of policies leaves the endpoints alone
    same = before.network.columns.is_like(after.network.columns)
    owners, held = _unmoved(before, after, family, nodes) if same else _paired(before, after, family, nodes)
    at = [s.network.identities.of_row.tolist() for s in sides]
    positions = [[of_row[end[i][0]] if end[i] else ABSENT for end in held] for i, of_row in enumerate(at)]
    has_perhaps = [missing is not None and _mark(positions[i], held, i, missing) for i in (0, 1)]
    changed = [False if same else _differ(before, after, end) for end in held]
    cells = _outside(before, after, family)
    for a, b, name, _ in cells:
        owners.append(name)
        positions[0].append(a)
        positions[1].append(b)
    related = [
        relations(s.network.columns, {e: end[i] for e, end in enumerate(held) if end[i]})
        for i, s in enumerate(sides[:1] if same else sides)
    ]
    hosts = [s.network.columns.host.tolist() for s in sides]
    views = [
        View(
            network=s.network,
            family=family,
            positions=np.array(positions[i], dtype=np.intp),
            relations=related[0 if same else i],
            nodes=frozenset(e for e, end in enumerate(held) if end[i] and hosts[i][end[i][0]]),
            has_perhaps=has_perhaps[i],
        )
        for i, s in enumerate(sides)
    ]
    return SharedEnds(
        before=views[0],
        after=views[1],
        owners=owners,
        rows=[*held, *(([], []) for _ in cells)],
        addresses=[None] * len(held) + [cell[3] for cell in cells],
        changed=np.array(changed + [False] * len(cells), dtype=np.bool_),
        outside=len(cells),
    )


def _mark(positions: list[int], held: Sequence[End], side: int, missing: Missing) -> bool:
    """Set the positions of the ends that one side perhaps has; whether there are any."""
    found = [e for e, end in enumerate(held) if not end[side] and missing(side, end[1 - side][0])]
    for e in found:
        positions[e] = PERHAPS
    return bool(found)


def _unmoved(before: Inquirer, after: Inquirer, family: Family, nodes: bool) -> tuple[list[str], list[End]]:
    """The owners and rows of ends over the same endpoints."""
    present = _present(before, family)
    by_node = _has_hosts(before, nodes)
    old, new = before.network.identities.of_row.tolist(), after.network.identities.of_row.tolist()
    columns = before.network.columns
    owners: list[str] = []
    held: list[End] = []
    for w, ref in zip(before.cluster.workloads, columns.workloads, strict=True):
        if w.kind == "node" and not nodes:
            continue
        if len(w.rows) == 1:  # by far the most
            r = w.rows[0]
            if present[r]:
                owners.append(ref)
                held.append((w.rows, w.rows))
            continue
        ends: dict[tuple[int, int, int], list[int]] = {}
        for r in w.rows:
            if present[r]:
                key = old[r], new[r], int(columns.node[r]) if by_node else ABSENT
                ends.setdefault(key, []).append(r)
        for rows in ends.values():
            owners.append(ref)
            held.append((rows, rows))
    return owners, held


def _paired(before: Inquirer, after: Inquirer, family: Family, nodes: bool) -> tuple[list[str], list[End]]:
    """The owners of ends and their rows before and after, workload by workload."""
    sides = (before, after)
    present = [_present(s, family) for s in sides]
    of_workload = [
        {w.ref: [r for r in w.rows if present[i][r]] for w in s.cluster.workloads if nodes or w.kind != "node"}
        for i, s in enumerate(sides)
    ]
    by_node = _has_hosts(before, nodes) or _has_hosts(after, nodes)
    owners: list[str] = []
    held: list[End] = []
    for ref in dict.fromkeys((*of_workload[0], *of_workload[1])):
        ends: dict[tuple[int, int, int, int], tuple[list[int], list[int]]] = {}
        for a, b in _matched(before, after, of_workload[0].get(ref, []), of_workload[1].get(ref, [])):
            end = ends.setdefault((*_spot(before, a, by_node), *_spot(after, b, by_node)), ([], []))
            for rows, row in zip(end, (a, b), strict=True):
                if row >= 0 and row not in rows:
                    rows.append(row)
        for end in ends.values():
            owners.append(ref)
            held.append(end)
    return owners, held


def _present(inquirer: Inquirer, family: Family) -> list[bool]:
    """Of each endpoint row whether it has, perhaps, an address of this family."""
    universe = inquirer.network.tables[family].universe
    flags: list[bool] = unpack(universe.present, universe.n)[inquirer.network.identities.of_row].tolist()
    return flags


def _has_hosts(inquirer: Inquirer, nodes: bool) -> bool:
    """Whether any end is a node or on a node's network: then it matters which pods are on which node."""
    host = inquirer.network.columns.host.tolist()
    return any(host[r] for w in inquirer.cluster.workloads if nodes or w.kind != "node" for r in w.rows)


def _spot(inquirer: Inquirer, row: int, by_node: bool) -> Pair:
    """Position and node: what tells rows of one workload apart."""
    if row < 0:
        return ABSENT, ABSENT
    return inquirer.network.position(row), int(inquirer.network.columns.node[row]) if by_node else ABSENT


# --- the same pods --------------------


def _matched(before: Inquirer, after: Inquirer, old: Sequence[int], new: Sequence[int]) -> list[Pair]:
    """Rows of one workload in both networks; ABSENT beside a row that has no counterpart."""
    if len(old) == len(new) == 1:
        return [(old[0], new[0])]
    if not old or not new:
        return [*((r, ABSENT) for r in old), *((ABSENT, r) for r in new)]
    pairs: set[Pair] = set()
    left = [list(old), list(new)]
    for of in (_by_name, _by_labels):
        known = [_grouped(side, inquirer, of) for side, inquirer in zip(left, (before, after), strict=True)]
        common = known[0].keys() & known[1].keys()
        pairs.update((a, b) for key in common for a in known[0][key] for b in known[1][key])
        left = [[r for key, rows in side.items() if key not in common for r in rows] for side in known]
    if left[0] and left[1]:
        pairs.update((a, b) for a in left[0] for b in left[1])
    else:
        pairs.update((a, ABSENT) for a in left[0])
        pairs.update((ABSENT, b) for b in left[1])
    return sorted(pairs)


def _grouped(rows: Iterable[int], inquirer: Inquirer, of: Callable[[Inquirer, int], object]) -> dict[object, list[int]]:
    out: dict[object, list[int]] = {}
    for row in rows:
        out.setdefault(of(inquirer, row), []).append(row)
    return out


def _by_name(inquirer: Inquirer, row: int) -> object:
    return inquirer.network.columns.names[row]


def _by_labels(inquirer: Inquirer, row: int) -> object:
    labels = inquirer.network.columns.labels_of(row)
    return frozenset((k, v) for k, v in labels.items() if k not in GENERATED)


def _differ(before: Inquirer, after: Inquirer, end: End) -> bool:
    """Whether a rule may see an end otherwise than before."""
    if not end[0] or not end[1]:
        return True
    return _seen(before, end[0][0]) != _seen(after, end[1][0])


def _seen(inquirer: Inquirer, row: int) -> tuple[object, ...]:
    columns = inquirer.network.columns
    namespace = int(columns.namespace[row])
    possible = int(columns.address_set[row])
    return (
        columns.labels_of(row),
        columns.namespaces[namespace],
        columns.namespace_labels[namespace],
        columns.namespaces[namespace] in columns.unlabelled,
        columns.port_maps[int(columns.port_map[row])],
        bool(columns.host[row]),
        (bool(columns.has_v4[row]), int(columns.v4[row]), bool(columns.has_v6[row]), bytes(columns.v6[row])),
        columns.address_sets[possible] if possible >= 0 else None,
    )


# --- outside --------------------


def _outside(before: Inquirer, after: Inquirer, family: Family) -> list[tuple[int, int, str, IpSet]]:
    """Cells of outside addresses that pods may talk to: position before and after, name, addresses."""
    tables = before.network.tables[family], after.network.tables[family]
    positions = (c.tolist() for c in outside_cells(*tables))
    cells = [(a, b, outside_addresses(*tables, a, b)) for a, b in zip(*positions, strict=True)]
    return [(*cells[i][:2], name, held) for name, i, held in outside_parts([held for _, _, held in cells], family)]
