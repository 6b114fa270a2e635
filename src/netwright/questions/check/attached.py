"""Which networks beside the primary one the workloads of a scene are attached to, machines and pods alike.

Pods name them in the annotation `k8s.v1.cni.cncf.io/networks` (Multus' network selection), machines in
`spec.networks[].multus`.
"""

from __future__ import annotations

import msgspec

from netwright.base.spans import Pointer
from netwright.dialects.k8s.endpoints import template_of
from netwright.dialects.k8s.objects import CronJob, Meta, Pod, PodMaker
from netwright.dialects.multus.attached import NETWORKS, attachments
from netwright.model.document import Decoded
from netwright.model.networks import NetworkNoun, by_attachment
from netwright.questions.check.machines import Machines, Networks
from netwright.questions.check.stage import Stage


class Attached(msgspec.Struct, frozen=True):
    """One attachment beside the primary network: `name` is NAMESPACE/NAME, `network` None where it is not known."""

    ref: str
    decoded: Decoded
    pointer: Pointer
    interface: str
    name: str
    network: NetworkNoun | None


def attached(scene: Stage) -> list[Attached]:
    """All attachments, of machines first."""
    networks = scene.stage.once(Networks)
    held = by_attachment(networks.all)
    found = []
    for machine, card in scene.stage.once(Machines).cards():
        multus = card.source.multus
        if multus is None or multus.default or not multus.network_name:
            continue
        text = multus.network_name
        name = text if "/" in text else f"{machine.noun.namespace}/{text}"
        found.append(Attached(machine.noun.ref, machine.decoded, card.pointer, card.name, name, held.get(name)))
    for workload in scene.workloads:
        d = scene.object_of(workload)
        if isinstance(d.value, PodMaker):
            continue
        meta, above = _metadata(d)
        for one in attachments((meta.annotations if meta else None) or {}, d.namespace):
            pointer = (*above, "metadata", "annotations", NETWORKS)
            found.append(Attached(workload.ref, d, pointer, one.interface, one.to, held.get(one.to)))
    return found


def _metadata(d: Decoded) -> tuple[Meta | None, Pointer]:
    """The metadata of a workload's pods, and where it stands."""
    if isinstance(d.value, Pod):
        return d.value.metadata, ()
    template = template_of(d)
    above: Pointer = (
        ("spec", "jobTemplate", "spec", "template") if isinstance(d.value, CronJob) else ("spec", "template")
    )
    return (template.metadata if template else None), above
