"""What a random cluster covers of admin policies, read off its objects and questions."""

from __future__ import annotations

from tests.random_admin import admin_rules, entries_of, name_of, peers_of, priority_of, tier_of
from tests.random_parts import Dice, Object, acts

ADMIN_ITEMS = tuple(f"item-{n}" for n in range(27, 36))
"""The pitfalls of admin policies:

27 all three tiers, and two priorities in one · 28 egress that is accepted, and ingress policies · 29 Pass in Admin,
and a Baseline tier in that direction · 30 policies of one tier and priority with different actions · 31 networks, and
pods · 32 rules with protocols and packets without ports · 33 peers of a newer API · 34 domain names, and addresses
outside · 35 nodes as peers, and nodes and hostNetwork pods as ends.
"""


def observe_admins(
    seen: dict[str, bool], maker: Dice, admins: list[Object], queries: list[Object], kinds: list[str]
) -> None:
    """Adds what the admin policies of a cluster cover."""
    rules = admin_rules(admins)
    peers = [peer for _, _, rule in rules for peer in peers_of(rule)]
    seen["admin"] = bool(admins)
    for tier in ("Admin", "Baseline"):
        seen[f"tier-{tier}"] = any(tier_of(p) == tier for p in admins)
    for kind in ("namespaces", "pods", "nodes", "networks", "domainNames"):
        seen[f"admin-peer-{kind}"] = any(kind in peer for peer in peers)
    for kind in ("namespaces", "pods"):
        seen[f"admin-subject-{kind}"] = any(kind in p["spec"]["subject"] for p in admins)
    for form in ("sameLabels", "notSameLabels", "namespaceSelector"):
        seen[f"admin-old-{form}"] = any(form in (peer.get("namespaces") or {}) for peer in peers)
        seen[f"admin-old-pods-{form}"] = any(form in (peer.get("pods", {}).get("namespaces") or {}) for peer in peers)
    for action in ("Accept", "Allow", "Deny", "Pass"):
        seen[f"admin-{action}"] = any(rule["action"] == action for _, _, rule in rules)
    entries = [entry for _, _, rule in rules for entry in entries_of(rule)]
    declared = {
        (port["name"], port.get("protocol", "TCP")) for pod in maker.pods for port in pod.ports() if "name" in port
    }
    named = {name_of(entry) for entry in entries} - {""}
    seen["admin-named-port"] = bool(named)
    seen["admin-named-port-of-two-protocols"] = any(len({p for n, p in declared if n == name}) > 1 for name in named)
    _observe_order(seen, maker, admins)
    asks_icmp = any(q["protocol"] == "ICMP" for q in queries)
    asks_hosts = "node" in kinds or any(pod.host and pod.asked for pod in maker.pods)
    seen["item-31"] = seen["admin-peer-networks"] and "pod" in kinds
    seen["item-32"] = bool(entries) and asks_icmp
    seen["item-33"] = any("services" in peer for peer in peers)
    seen["item-34"] = seen["admin-peer-domainNames"] and "address" in kinds
    seen["item-35"] = seen["admin-peer-nodes"] and asks_hosts


def _observe_order(seen: dict[str, bool], maker: Dice, admins: list[Object]) -> None:
    seen.update({"item-27": False, "item-28": False, "item-29": False, "item-30": False, "tie-of-kinds": False})
    for d in ("ingress", "egress"):
        acting = [p for p in admins if p["spec"].get(d)]
        tiers = {tier: [p for p in acting if tier_of(p) == tier] for tier in ("Admin", "Baseline")}
        isolates = any(d in acts(p["spec"]) for p in maker.policies)
        several = any(len({priority_of(p) for p in policies}) > 1 for policies in tiers.values())
        seen["item-27"] |= bool(tiers["Admin"] and tiers["Baseline"] and isolates and several)
        if d == "egress":
            accepts = any(r["action"] in ("Accept", "Allow") for p in acting for r in p["spec"][d])
            seen["item-28"] = accepts and any("ingress" in acts(p["spec"]) for p in maker.policies)
        passes = any(rule["action"] == "Pass" for p in tiers["Admin"] for rule in p["spec"][d])
        seen["item-29"] |= passes and bool(tiers["Baseline"])
        for policies in tiers.values():
            for i, one in enumerate(policies):
                for other in policies[i + 1 :]:
                    if priority_of(one) == priority_of(other):
                        actions = [{r["action"] for r in p["spec"][d]} for p in (one, other)]
                        seen["item-30"] |= len(actions[0] | actions[1]) > 1
                        seen["tie-of-kinds"] |= one["kind"] != other["kind"]
