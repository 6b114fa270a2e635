"""Which verdicts of a cluster differ when its policies are written otherwise: every protocol, pods, nodes, outside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from netwright.base.ipset import Family
from netwright.base.services import NONE, SCTP, TCP, UDP, ServiceSet
from netwright.engine.compile import Network
from netwright.engine.difference import differences
from netwright.engine.ends import shared_ends
from netwright.engine.inquire import Inquirer
from netwright.model.cluster import Cluster
from netwright.model.references import Directory
from netwright.translate.changes import Change, changed_rules
from netwright.translate.conversion import Turned

PORT_ZERO: Final = ServiceSet.ports(TCP, 0) | ServiceSet.ports(UDP, 0) | ServiceSet.ports(SCTP, 0)
"""No connection has it (RFC 6335, section 6: reserved), and ClusterNetworkPolicy has no word for it."""
_Cut = tuple[ServiceSet, ServiceSet, ServiceSet, bool, bool, bool]


def inquirer(cluster: Cluster, like: Network | None = None) -> Inquirer:
    """A cluster compiled; `like` is a network to compare it with."""
    return Inquirer(
        cluster, Network(cluster.columns, cluster.enforcers, cluster.families, like=like), Directory(cluster)
    )


def turned(before: Inquirer, after: Cluster, beside: ServiceSet = NONE) -> tuple[Turned, ...]:
    """The pairs whose verdicts differ, by their names; none where every connection has the verdict that it had.
    Services `beside` are not looked at."""
    return differing(before, inquirer(after, before.network), beside)


def changed(before: Inquirer, change: Change, beside: ServiceSet = NONE) -> tuple[Turned, ...]:
    """The pairs whose verdicts differ once each rule is what `change` makes of it."""
    cluster = before.cluster
    enforcers = tuple(
        replace(enforcer, tiers=tuple(replace(t, rules=changed_rules(t.rules, change)) for t in enforcer.tiers))
        for enforcer in cluster.enforcers
    )
    network = Network(cluster.columns, enforcers, cluster.families, like=before.network)
    return differing(before, Inquirer(cluster, network, Directory(cluster)), beside)


def differing(before: Inquirer, new: Inquirer, beside: ServiceSet) -> tuple[Turned, ...]:
    families = _families(before, new)
    return tuple(
        one
        for family in families
        for one in _of_family(before, new, family, family if len(families) > 1 else None, beside)
    )


def differs(before: Inquirer, new: Inquirer, beside: ServiceSet) -> bool:
    """Whether a verdict differs."""
    return any(any(cut[:3]) for family in _families(before, new) for *_, cut in _differing(before, new, family, beside))


def _families(before: Inquirer, new: Inquirer) -> list[Family]:
    return sorted({*before.network.families, *new.network.families})


def _differing(
    before: Inquirer, after: Inquirer, family: Family, beside: ServiceSet
) -> Iterator[tuple[str, str, _Cut]]:
    """The ends between which other services pass, and what becomes of these."""
    ends = shared_ends(before, after, family, nodes=True)
    found = differences(ends.before, ends.after, ends.changed, outside=ends.outside)
    cuts: dict[tuple[int, ...], _Cut] = {}
    rows = zip(found.source.tolist(), found.destination.tolist(), found.was.tolist(), found.now.tolist(), strict=True)
    for source, destination, was, now in rows:
        key = (*was, *now)
        cut = cuts.get(key)
        if cut is None:
            cut = cuts[key] = _cut(*(found.services[number] - beside for number in key))
        yield ends.owners[source], ends.owners[destination], cut


def _of_family(
    before: Inquirer, after: Inquirer, family: Family, told: Family | None, beside: ServiceSet
) -> list[Turned]:
    pairs: dict[tuple[str, str], _Cut] = {}
    for source, destination, cut in _differing(before, after, family, beside):
        pair = source, destination
        known = pairs.get(pair)
        if known is None or known is cut:
            pairs[pair] = cut
        else:
            services = known[0] | cut[0], known[1] | cut[1], known[2] | cut[2]
            pairs[pair] = (*services, known[3] or cut[3], known[4] or cut[4], known[5] or cut[5])
    texts = _Texts()
    return [
        Turned(
            source=source,
            destination=destination,
            allowed=texts[allowed],
            denied=texts[denied],
            undecided=texts[undecided],
            surely=surely,
            opens=opens,
            closes=closes,
            family=told,
        )
        for (source, destination), (allowed, denied, undecided, surely, opens, closes) in sorted(
            pairs.items(), key=lambda p: p[0]
        )
        if allowed or denied or undecided
    ]


def _cut(was_must: ServiceSet, was_may: ServiceSet, now_must: ServiceSet, now_may: ServiceSet) -> _Cut:
    undecided = (now_may - now_must) - (was_may - was_must)
    surely = bool(now_must - was_may) or bool(was_must - now_may)
    allowed, denied = now_must - was_must, was_may - now_may
    opens, closes = bool(allowed) or bool(now_may - was_may), bool(denied) or bool(was_must - now_must)
    return allowed, denied, undecided, surely, opens, closes


class _Texts(dict[ServiceSet, str]):
    """Sets of services in words, "" for none: few of them for many pairs."""

    def __missing__(self, services: ServiceSet) -> str:
        found = self[services] = str(services) if services else ""
        return found
