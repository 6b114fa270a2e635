"""Entries that match more than one that cannot be said, and can be: its peers on every service, whatever is asked of
its ports, whoever is outside the cluster in the place of names of domains, everybody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec.structs import replace

from netwright.base.services import ALL
from netwright.dialects.cilium.objects import IngressDenyRule, IngressRule
from netwright.dialects.cilium.services import Entry, name_of, services_of
from netwright.translate.from_cilium.entries import Cut, Cutting, Manner
from netwright.translate.from_cilium.ports import without_requests
from netwright.translate.from_cilium.words import LISTS


class Wider(NamedTuple):
    """An entry, and how it is said, which it is as a whole."""

    entry: Entry
    cut: Cut


def wider(cutting: Cutting, entry: Entry, namespace: str, manner: Manner) -> Iterator[Wider]:
    """The entries, nearest first. A denial names the peers that it
    named: who denies everybody, denies nodes too, for whom there is no word."""
    plain = without_requests(entry)
    plain = replace(plain, icmps=None)
    if not isinstance(plain, IngressDenyRule) and getattr(plain, "authentication", None) is not None:
        plain = replace(plain, authentication=None)
    names = _names(entry)
    is_of_all = not any(getattr(entry, name) for name in names.values())
    peers: list[dict[str, Any]] = [] if is_of_all and not plain.to_ports else [{}]
    if manner == "allow":
        if names.get("fqdns") and getattr(entry, names["fqdns"]) and cutting.says_world:
            peers.append({names["entities"]: ("world",)})
        peers.append({names["entities"]: ("all",)})
    for whom in peers:
        of_peers = replace(plain, **(dict.fromkeys(names.values()) | whom)) if whom else plain
        for one in (of_peers, replace(of_peers, to_ports=None)):
            cut = cutting.cut(one, namespace, manner) if one != entry else None
            if cut is not None and cut.said is not None and not cut.rests:
                yield Wider(one, cut)
                break


def told(entry: Entry, more: Entry) -> str:
    """What an entry says more than another."""
    names = _names(entry)
    of_nobody = not any(getattr(more, name) for name in names.values())
    on = [text for service, _ in services_of(more, of_nobody) if (text := _service(service))]
    where = f" on {' and '.join(on)}" if on else ""
    parts: list[str] = []
    whom = _peers(entry)
    if any(held and held != getattr(more, name) for name in names.values() if (held := getattr(entry, name))):
        who = "everybody" if "all" in (getattr(more, names["entities"]) or ()) else "whoever is outside the cluster"
        parts.append(f"{who}{where}" + (f", not only {whom}" if whom else ""))
        where = ""
    if entry.icmps:
        kinds = " and ".join(_service(service) for service, _ in services_of(entry, False)) or "some ICMP"
        parts.append(f"every service, not only {kinds}")
    owed = [needs.text for _, needs in services_of(entry, False) if needs.text]
    if getattr(entry, "authentication", None) != getattr(more, "authentication", None):
        parts.append("without authentication")
    if without_requests(entry) != entry:
        parts.append(f"whatever is asked{where}" + (f", not only {' and '.join(owed)}" if owed else ""))
    elif entry.to_ports != more.to_ports:
        parts.append("every service, not only the ports that are named")
    return " and ".join(parts)


def _names(entry: Entry) -> dict[str, str]:
    word = "from_" if isinstance(entry, (IngressRule, IngressDenyRule)) else "to_"
    return {name: word + name for name in LISTS if hasattr(entry, word + name)}


def _service(service: Any) -> str:
    if service.fixed == ALL:
        return ""
    return ", ".join([str(service.fixed)] * bool(service.fixed) + [f"`{one.name}`" for one in service.named])


def _peers(entry: Entry) -> str:
    """The peers of an entry that names one kind of them, as far as they have short names."""
    held = {name: getattr(entry, field) or () for name, field in _names(entry).items()}
    named = [f"`{name_of(one)}`" for one in held.get("fqdns", ())] + [f"`{one}`" for one in held["entities"]]
    words = {"nodes": "nodes by their labels", "groups": "groups of a cloud", "cidr_set": "ranges of addresses"}
    named += [text for name, text in words.items() if held.get(name)]
    return " and ".join(named)
