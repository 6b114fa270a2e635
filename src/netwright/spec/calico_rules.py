"""A rule of Calico: whether it matches the packet.

After Calico 3.32: `updateprocessors/rules.go` (what selectors of a rule mean together), `felix/calc/rule_scanner.go`
(named ports, services), `felix/rules/policy.go` (families), and the documents of its fields in `policy_common.go`.
Everything that a rule says must hold, of the source and of the destination, in either direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netwright.dialects.calico.objects import EntityRule, ICMPFields, Rule, ServiceAccountMatch
from netwright.spec.adminpeers import NO, YES, Matched, all_of, any_of, matched
from netwright.spec.calico_members import Place, Scene, behind, family_of, protocol_number
from netwright.spec.calico_selectors import (
    ACCOUNT,
    NAMESPACE,
    OF_ACCOUNT,
    OF_NAMESPACE,
    Node,
    negated,
    parsed,
    prefixed,
    selects,
    where_all,
)
from netwright.spec.reasons import HTTP_MATCH, SOURCE_PORT

ICMP = {4: 1, 6: 58}
EVERY_PORT = (0, 65535)


class Ports(NamedTuple):
    """The ports of a list: ranges of numbers, and names."""

    ranges: tuple[tuple[int, int], ...]
    names: tuple[str, ...]

    def has(self, number: int) -> bool:
        return any(first <= number <= last for first, last in self.ranges)

    @property
    def is_every(self) -> bool:
        """Whether there is no port that a packet can come from and that is not listed."""
        reached = 0
        for first, last in sorted(self.ranges):
            if first > reached + 1:
                break
            reached = max(reached, last)
        return reached >= EVERY_PORT[1]


def ports_of(listed: Sequence[int | str] | None) -> Ports:
    ranges: list[tuple[int, int]] = []
    names: list[str] = []
    for one in listed or ():
        first, colon, last = str(one).partition(":")
        if not first.isdigit():
            names.append(first)
        else:
            ranges.append((int(first), int(last if colon else first)))
    return Ports(tuple(ranges), tuple(names))


def rule_matches(scene: Scene, rule: Rule, namespace: str) -> Matched:
    """Whether the rule matches; `namespace` is the policy's, "" where it has none."""
    if not _is_of_protocol(scene, rule) or not _is_of_family(scene, rule):
        return NO
    protocol = None if rule.protocol is None else protocol_number(rule.protocol)
    source = rule.source or EntityRule()
    destination = rule.destination or EntityRule()
    return all_of(
        _entity(scene.source, source, namespace),
        _entity(scene.destination, destination, namespace),
        _ports(scene.source, source, namespace, protocol),
        _ports(scene.destination, destination, namespace, protocol),
        matched("perhaps", HTTP_MATCH) if _asks_of_requests(rule) else YES,
    )


def _asks_of_requests(rule: Rule) -> bool:
    return rule.http is not None and bool(rule.http.methods or rule.http.paths)


# --- protocols and families -------------------------------------------------------------------------------------------


def _is_of_protocol(scene: Scene, rule: Rule) -> bool:
    packet = scene.packet
    if rule.protocol is not None and protocol_number(rule.protocol) != packet.protocol:
        return False
    if rule.not_protocol is not None and protocol_number(rule.not_protocol) == packet.protocol:
        return False
    if rule.icmp is not None and rule.icmp.type is not None and not _is_icmp(scene, rule.icmp):
        return False
    return rule.not_icmp is None or rule.not_icmp.type is None or not _is_icmp(scene, rule.not_icmp)


def _is_icmp(scene: Scene, fields: ICMPFields) -> bool:
    packet = scene.packet
    if packet.protocol != ICMP[packet.family] or packet.port >> 8 != fields.type:
        return False
    return fields.code is None or packet.port & 0xFF == fields.code


def _is_of_family(scene: Scene, rule: Rule) -> bool:
    """A list of ranges of which none is of the packet's family keeps the rule from packets of it, `notNets` too."""
    family = scene.packet.family
    if rule.ip_version is not None and rule.ip_version != family:
        return False
    entities = [one for one in (rule.source, rule.destination) if one is not None]
    lists = [nets for one in entities for nets in (one.nets, one.not_nets) if nets]
    return all(any(family_of(text) == family for text in nets) for nets in lists)


# --- the source, the destination --------------------------------------------------------------------------------------


def meant(entity: EntityRule, namespace: str) -> Node | None:
    """The one selector that the entity's selectors are together; None where any address will do.

    In a namespaced policy they mean its own namespace unless they select namespaces; `notSelector` alone does so too.
    """
    parts: list[Node] = []
    own = _account(entity.service_accounts)
    own += [parsed(entity.selector)] if entity.selector else []
    if entity.namespace_selector:
        parts = [where_all(prefixed(parsed(entity.namespace_selector), OF_NAMESPACE), NAMESPACE), *own]
    elif namespace and (own or entity.not_selector):
        parts = [("==", NAMESPACE, namespace), *own]
    else:
        parts = own
    if not parts:
        return None
    if entity.not_selector:
        parts = [*parts, ("not", parsed(entity.not_selector))]
    return ("and", *parts)


def _account(match: ServiceAccountMatch | None) -> list[Node]:
    if match is None:
        return []
    found: list[Node] = [prefixed(parsed(match.selector), OF_ACCOUNT)] if match.selector else []
    return [*found, ("in", ACCOUNT, match.names)] if match.names else found


def _entity(place: Place, entity: EntityRule, namespace: str) -> Matched:
    """All but the ports."""
    parts: list[Matched] = []
    selector = meant(entity, namespace)
    if selector is not None:
        listed = ports_of(entity.ports)
        if listed.ranges or not listed.names:
            parts.append(place.selected(selector))
    elif entity.not_selector:
        # There is no other selector, so that whoever is not in the set matches, from outside too.
        parts.append(negated(place.selected(parsed(entity.not_selector))))
    if entity.nets:
        parts.append(place.within(entity.nets))
    if entity.not_nets:
        parts.append(negated(place.within(entity.not_nets)))
    if entity.services is not None and entity.services.name:
        of = entity.services.namespace or namespace
        parts.append(behind(place, entity.services.name, of, with_ports=not place.is_source))
    return all_of(*parts)


def _ports(place: Place, entity: EntityRule, namespace: str, protocol: int | None) -> Matched:
    parts: list[Matched] = []
    selector = meant(entity, namespace)
    if entity.ports:
        parts.append(_is_listed(place, ports_of(entity.ports), selector, protocol))
    if entity.not_ports:
        parts.append(negated(_is_listed(place, ports_of(entity.not_ports), selector, protocol)))
    return all_of(*parts)


def _is_listed(place: Place, listed: Ports, selector: Node | None, protocol: int | None) -> Matched:
    """Whether the end's port is one of these: by number, or by the name that whoever is selected gives it, for the
    rule's protocol or, where it has none, for any. The port that a packet comes from is not known."""
    packet = place.packet
    numbered = YES if listed.has(packet.port) and not place.is_source else NO
    if place.is_source and listed.ranges:
        numbered = YES if listed.is_every else matched("perhaps", SOURCE_PORT)
    named: list[Matched] = []
    for member in place.members:
        held = [one for one in member.ports if one[0] in listed.names and protocol in (None, one[1])]
        if place.is_source:
            is_port = matched("perhaps", SOURCE_PORT) if held else NO
        else:
            is_port = YES if (packet.protocol, packet.port) in {(one[1], one[2]) for one in held} else NO
        chosen = YES if selector is None else selects(selector, member.labels)
        named.append(all_of(member.there, chosen, is_port))
    return any_of(numbered, *named)
