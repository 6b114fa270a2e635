"""Ports of policy rules against the ports that containers declare."""

from __future__ import annotations

from collections.abc import Iterator

from netwright.base.services import PROTOCOLS, protocol_name
from netwright.questions.check.found import Found, Seen, at, listed
from netwright.questions.check.scene import Chosen, RuleOf, Scene


def checks(scene: Scene) -> Iterator[Found]:
    yield from names_nobody_has(scene)


def holders(scene: Scene, rule: RuleOf) -> Chosen:
    """The pods whose ports a rule's ports are: of ingress the policy's own, of egress the peers'."""
    if rule.direction == "ingress":
        return scene.subjects(rule.policy)
    must: dict[int, None] = {}
    may: dict[int, None] = {}
    for peer in rule.peers or ():
        found = scene.peers(peer, rule.policy.namespace)
        must |= dict.fromkeys(found.must)
        may |= dict.fromkeys(found.may)
    return Chosen(tuple(must), tuple(may))


def names_nobody_has(scene: Scene) -> Iterator[Found]:
    """NW2104: a named port that none of the pods it is resolved on has (named ports resolve on the destination)."""
    for rule in scene.rules():
        for index, port in enumerate(rule.ports or ()):
            if not isinstance(port.port, str):
                continue
            rows = holders(scene, rule).may
            protocol = PROTOCOLS[port.protocol or "TCP"]
            declared = {p for row in rows for p in scene.cluster.row_ports[row] if p.name}
            if not rows or any(p.name == port.port and p.protocol == protocol for p in declared):
                continue
            if any(p.name == port.port for p in declared):
                continue  # of another protocol
            names = sorted({f"{p.name} {protocol_name(p.protocol)} {p.number}" for p in declared})
            whom = listed(scene.refs(rows))
            yield Found(
                "NW2104",
                at(rule.policy, *rule.pointer, "ports", index, "port"),
                f"rule allows nothing on `{port.port}`: no selected pod has a port of this name",
                label="no pod has it",
                effect=f"{whom} cannot be reached through it",
                help=f"use one of {listed(names)}" if names else "name the port in the container, or use its number",
                key=f"{rule.direction} {port.port}",
                workloads=scene.refs(rows),
                also=(Seen(at(rule.policy, "spec", "podSelector"), f"selects {whom}"),)
                if rule.direction == "ingress"
                else (),
            )
