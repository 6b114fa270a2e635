"""The policy maps of Cilium's endpoints, as rows."""

from __future__ import annotations

from netwright.model.cluster import Cluster
from netwright.questions.show.narrow import Narrow
from netwright.questions.show.rows import COUNTS, PolicyMapRow, Shown

NEARLY_FULL_PERCENT = 80


def policy_map_rows(cluster: Cluster, only: Narrow) -> Shown:
    """One row for each identity of a workload, the largest map first. Other profiles than Cilium's have none."""
    if cluster.profile.partition(":")[0] != "cilium":
        told = f"policy maps are Cilium's, and the profile is `{cluster.profile}` (`--cni cilium` reads as Cilium does)"
        return Shown(
            noun="policymaps", rows=(), counts=dict.fromkeys(COUNTS["policymaps"], 0), notes=(*only.notes, told)
        )
    from netwright.profiles.cilium_maps import MOST_IDENTITIES, policy_maps

    found = policy_maps(cluster)
    rows = [
        PolicyMapRow(
            namespace=one.namespace,
            ref=one.name,
            entries=one.total,
            entries_in=one.ingress,
            entries_out=one.egress,
            percent=100 * one.total // found.limit,
            peers=one.peers,
            identity=one.identity,
            exact=one.exact,
            largest=one.largest,
            why_not=one.why_not,
        )
        for one in found.endpoints
        if only.holds_namespace(one.namespace) and only.holds_rows(one.rows)
    ]
    rows.sort(key=lambda r: (-r.entries, r.namespace, r.ref))
    counts = {
        "policy_maps": len(rows),
        "over_limit": sum(r.entries > found.limit for r in rows),
        "nearly_full": sum(
            r.entries <= found.limit and 100 * r.entries > NEARLY_FULL_PERCENT * found.limit for r in rows
        ),
        "not_exact": sum(not r.exact for r in rows),
        "identities_of_pods": found.identities.pods,
        "identities_of_ranges": found.identities.ranges,
        "identities_of_nodes": found.identities.nodes,
    }
    reasons = dict.fromkeys(reason for r in rows for reason in r.why_not)
    notes = [*only.notes, f"a policy map holds {found.limit:,} entries (bpf-policy-map-max)"]
    notes.append(f"a cluster has at most {MOST_IDENTITIES:,} identities, of pods and reserved ones")
    notes += [f"not exact: {reason}" for reason in reasons]
    return Shown(noun="policymaps", rows=tuple(rows), counts=counts, notes=tuple(notes))
