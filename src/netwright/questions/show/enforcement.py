"""Policies and isolation, as rows."""

from __future__ import annotations

from netwright.base.spans import named
from netwright.dialects.adminpolicy import KINDS as ADMIN_KINDS
from netwright.dialects.calico import KINDS as CALICO_KINDS
from netwright.dialects.cilium import KINDS as CILIUM_KINDS
from netwright.dialects.k8s.lower import policy_types
from netwright.dialects.k8s.objects import NetworkPolicySpec
from netwright.dialects.multus import POLICY as MULTI_POLICY
from netwright.dialects.ovn import KINDS as OVN_KINDS
from netwright.engine.acting import Acting, Coverage, coverage, deployed, pods
from netwright.engine.compile import Network
from netwright.model.cluster import Cluster
from netwright.model.document import Decoded, Reading
from netwright.model.networks import POD
from netwright.questions.show.narrow import Narrow
from netwright.questions.show.nouns import unread_policies
from netwright.questions.show.rows import IsolationRow, PolicyRow, Shown
from netwright.questions.show.written import Locate, written

OF_MESH = "AuthorizationPolicy"
_SHOWN = (*ADMIN_KINDS, *CILIUM_KINDS, *CALICO_KINDS, *OVN_KINDS, "NetworkPolicy", OF_MESH)


def policy_rows(
    cluster: Cluster, network: Network, found: Acting, reading: Reading, locate: Locate, only: Narrow
) -> Shown:
    rows_at: dict[int, list[int]] = {}
    for row in range(cluster.columns.n):
        rows_at.setdefault(network.position(row), []).append(row)
    out = []
    shown = _SHOWN if cluster.network == POD else (MULTI_POLICY,)
    for d in cluster.objects:
        if d.kind not in shown or not only.holds_namespace(d.namespace):
            continue
        positions = set().union(*found.at.get((d.kind, d.namespace, d.name), {}).values())
        rows = sorted(row for position in positions for row in rows_at.get(position, ()))
        if only.rows is not None and not only.holds_rows(rows) and (d.namespace, d.name) not in only.policies:
            continue
        out.append(_policy(cluster, d, rows, locate))
    for document, _ in unread_policies(reading):
        if only.rows is not None or not only.holds_namespace(document.namespace):
            continue
        file, line = written(locate, document.kind, document.namespace, document.name, document.place)
        name = named(document.namespace, document.name)
        out.append(
            PolicyRow(
                namespace=document.namespace,
                ref=name,
                kind=document.kind,
                directions=(),
                selects=None,
                workloads=(),
                pods=None,
                rules_in=None,
                rules_out=None,
                evaluated=False,
                file=file,
                line=line,
            )
        )
    out.sort(key=lambda r: (r.namespace, r.ref, r.kind))
    counts = {
        "policies": len(out),
        "selecting_nothing": sum(r.selects == 0 for r in out),
        "not_evaluated": sum(not r.evaluated for r in out),
    }
    notes = list(only.notes)
    if only.rows and not out:
        notes.append("no policy selects what was named: nothing isolates it")
    return Shown(noun="policies", rows=tuple(out), counts=counts, notes=tuple(notes))


def _policy(cluster: Cluster, d: Decoded, rows: list[int], locate: Locate) -> PolicyRow:
    spec = d.value.spec or NetworkPolicySpec()
    sides: tuple[str, ...] = ("ingress",)
    if d.kind == OF_MESH:
        counts = {"ingress": len(getattr(spec, "rules", None) or ())}
    else:
        sides = tuple(side for side in ("ingress", "egress") if getattr(spec, side, None))
        if isinstance(spec, NetworkPolicySpec):
            sides = policy_types(spec)
        elif d.kind in CALICO_KINDS and d.value.spec is not None:
            from netwright.dialects.calico.lower import types_of

            sides = types_of(spec)
        counts = {side: len(getattr(spec, side, None) or ()) for side in ("ingress", "egress")}
    refs = sorted({cluster.workloads[int(cluster.columns.workload[row])].ref for row in rows})
    file, line = written(locate, d.kind, d.namespace, d.name, d.place)
    return PolicyRow(
        namespace=d.namespace,
        ref=named(d.namespace, d.name),
        kind=d.kind,
        directions=tuple("in" if side == "ingress" else "out" for side in sides),
        selects=len(refs),
        workloads=tuple(refs),
        pods=pods(cluster, rows),
        rules_in=counts["ingress"] if "ingress" in sides else None,
        rules_out=counts["egress"] if "egress" in sides else None,
        evaluated=True,
        file=file,
        line=line,
    )


def isolation_rows(cluster: Cluster, found: Acting, only: Narrow) -> Shown:
    by_namespace: dict[str, list[Coverage]] = {}
    for w in deployed(cluster):
        if not (only.holds_namespace(w.namespace) and only.holds_rows(w.rows)):
            continue
        by_namespace.setdefault(w.namespace, []).append(coverage(cluster, found, w))
    rows = tuple(_isolation(name, states) for name, states in sorted(by_namespace.items()))
    total = _isolation("", [s for states in by_namespace.values() for s in states])
    counts = {
        "workloads": total.workloads,
        "both": total.both,
        "only_in": total.only_in,
        "only_out": total.only_out,
        "neither": total.neither,
        "open": total.open,
        "host": total.host,
    }
    listed = (*rows, total) if len(rows) > 1 else rows
    return Shown(noun="isolation", rows=listed, counts=counts, notes=(*only.notes, *only.resting(cluster)))


def _isolation(namespace: str, states: list[Coverage]) -> IsolationRow:
    governed = len(states) - states.count("host")
    ends = 2 * states.count("both") + states.count("only_in") + states.count("only_out")
    return IsolationRow(
        namespace=namespace,
        workloads=len(states),
        both=states.count("both"),
        only_in=states.count("only_in"),
        only_out=states.count("only_out"),
        neither=states.count("neither"),
        open=states.count("open"),
        host=states.count("host"),
        percent=100 * ends // (2 * governed) if governed else None,
    )
