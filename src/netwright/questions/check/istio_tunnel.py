"""The port of ztunnel's tunnel, and NetworkPolicies that close it.

After the page "Ambient and Kubernetes NetworkPolicy" of Istio 1.28: between pods in ambient mode the network sees TCP
15008, whatever port was asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from netwright.base.services import TCP, ServiceSet
from netwright.model.mesh import HBONE, SERVER
from netwright.questions.check.found import Found, at, listed
from netwright.questions.check.scene import RuleOf, Scene


def checks(scene: Scene) -> Iterator[Found]:
    """NW2701."""
    if scene.cluster.mesh is None:
        return
    clients = scene.tunnelled
    if not clients:
        return
    columns = scene.cluster.columns
    labels = [columns.labels_of(row) for row in range(columns.n)]
    tunnel = ServiceSet.ports(TCP, HBONE)
    told: set[tuple[str, str]] = set()
    for rule in scene.rules(direction="ingress"):
        if (rule.policy.namespace, rule.policy.name) in told:
            continue
        rows = [r for r in scene.subjects(rule.policy).must if labels[r].get(SERVER, "").startswith("ambient")]
        services = scene.services(rule.ports, rows) if rows and rule.ports else ServiceSet()
        asked = services & ServiceSet.ports(TCP)
        if not asked or tunnel <= services:
            continue
        peers = _peers(scene, rule) & clients
        closed = tuple(row for row in rows if peers and not _may(scene, row, asked, peers))
        if closed:
            told.add((rule.policy.namespace, rule.policy.name))
            refs = scene.refs(closed)
            yield Found(
                "NW2701",
                at(rule.policy, *rule.pointer, "ports"),
                f"NetworkPolicy `{rule.policy.namespace}/{rule.policy.name}` admits {asked} to {listed(refs)} and not "
                f"the tunnel of the mesh",
                label=f"TCP {HBONE} is missing",
                effect="pods in ambient mode reach one another by this port alone, whatever they ask for: what the "
                "rule is to allow is denied",
                help=f"add `{{port: {HBONE}, protocol: TCP}}` to `ports`, and say in AuthorizationPolicies which ports "
                "may be asked",
                workloads=refs,
            )


def _peers(scene: Scene, rule: RuleOf) -> int:
    """The positions that the rule's pod selectors choose."""
    if rule.peers is None:
        return -1
    bits = 0
    for peer in rule.peers:
        if peer.ip_block is None:
            bits |= scene.bits(scene.peers(peer, rule.policy.namespace).must)
    return bits


def _may(scene: Scene, row: int, asked: ServiceSet, peers: int) -> bool:
    """Whether the network plugin lets any of the peers perhaps reach any of the services."""
    position = scene.network.position(row)
    for tables in scene.network.tables.values():
        table = tables.ingress
        touched = table.fold.atoms.touching(asked)
        rows = scene.network.rows_of_cni(table, int(table.of_position[position]))
        if any(r.mask & touched and r.may & peers for r in rows):
            return True
    return False
