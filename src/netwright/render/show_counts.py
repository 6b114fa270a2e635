"""What `show` counts, in the words of its last line."""

from __future__ import annotations

from typing import Final

from netwright.questions.show.policymaps import NEARLY_FULL_PERCENT
from netwright.questions.show.rows import Shown
from netwright.render.words import count


def _same(text: str) -> tuple[str, str]:
    """Of what qualifies a noun there is no plural."""
    return text, text


COUNTED: Final[dict[str, tuple[str, str]]] = {
    "workloads": ("workload", "workloads"),
    "pods": ("pod", "pods"),
    "isolated_both": _same("isolated both ways"),
    "isolated_one": _same("in one"),
    "isolated_none": _same("in none"),
    "host": _same("on the host network"),
    "endpoints": ("endpoint", "endpoints"),
    "identities": ("identity", "identities"),
    "addresses_known": _same("with a known address"),
    "services": ("Service", "Services"),
    "no_endpoints": _same("without endpoints"),
    "for_outside": _same("for the outside (NodePort, LoadBalancer)"),
    "policies": ("policy", "policies"),
    "selecting_nothing": _same("selecting nothing"),
    "not_evaluated": _same("not evaluated"),
    "networks": ("network", "networks"),
    "primary": _same("primary beside the pods'"),
    "secondary": _same("secondary"),
    "nodes": ("node", "nodes"),
    "service_addresses": ("Service address", "Service addresses"),
    "ranges": ("range", "ranges"),
    "overlaps": ("overlap", "overlaps"),
    "hurting": _same("that hurts"),
    "perhaps_hurting": _same("that may"),
    "ways": ("way in", "ways in"),
    "open": _same("open"),
    "open_to_some": _same("open to some"),
    "undecided": _same("undecided"),
    "closed": _same("closed"),
    "both": _same("isolated both ways"),
    "only_in": _same("in only"),
    "only_out": _same("out only"),
    "neither": _same("in none"),
    "namespaces": ("namespace", "namespaces"),
    "no_network_policy": _same("without a NetworkPolicy"),
    "not_declared": _same("not in the input"),
    "policy_maps": ("policy map", "policy maps"),
    "over_limit": _same("over its limit"),
    "nearly_full": _same(f"over {NEARLY_FULL_PERCENT} %"),
    "not_exact": _same("not exact"),
    "identities_of_pods": ("identity of pods", "identities of pods"),
    "identities_of_ranges": _same("of address ranges"),
    "identities_of_nodes": _same("of nodes"),
    "vms": ("virtual machine", "virtual machines"),
    "nics": ("interface", "interfaces"),
    "not_live_migratable": _same("not live-migratable"),
    "ip_not_kept": _same("whose address is not kept"),
    "network_unknown": _same("of a network that is not in the input"),
    "documents": ("document", "documents"),
    "evaluated": _same("evaluated"),
    "irrelevant": _same("irrelevant"),
    "not_understood": _same("not understood"),
    "invalid": _same("invalid"),
    "unreadable": _same("unreadable"),
}
"""One and several, by the keys of `COUNTS`."""


def counts_text(shown: Shown) -> str:
    """`14 workloads, 30 pods, 9 isolated both ways`: the first count always, others unless they are 0."""
    parts = []
    for i, (key, n) in enumerate(shown.counts.items()):
        if n or i == 0:
            parts.append(count(n, *COUNTED[key]))
    return ", ".join(parts)
