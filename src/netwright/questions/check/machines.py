"""Machines and networks as the checks see them, made once a scene."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netwright.dialects.k8s.service_ranges import service_ranges
from netwright.dialects.kubevirt.machines import Card, Written
from netwright.dialects.kubevirt.objects import Configuration, KubeVirt
from netwright.model.document import Decoded
from netwright.model.networks import NetworkNoun
from netwright.model.version_gates import Version
from netwright.profiles.machines import written
from netwright.profiles.networks import networks_of
from netwright.profiles.versions import version_of_kubevirt
from netwright.questions.check.found import Found, at
from netwright.questions.check.stage import Stage


def service_addresses(scene: Stage) -> tuple[str, ...]:
    """What Services have, or may be given: their ranges, as far as the input has them, and each one's own addresses."""
    ranges = [one.range for one in service_ranges(scene.cluster.objects)]
    return (*ranges, *(ip for s in scene.cluster.services for ip in s.cluster_ips))


class Networks:
    """The networks of a scene, the pod network first."""

    def __init__(self, scene: Stage) -> None:
        self.all: tuple[NetworkNoun, ...] = networks_of(scene.cluster.objects, scene.cluster.pod_ranges.cidrs())
        self.by_ref: Mapping[str, NetworkNoun] = {one.ref: one for one in self.all}
        self.defined_by: Mapping[tuple[str, str, str], Decoded] = {
            (d.kind, d.namespace, d.name): d for d in scene.cluster.objects
        }

    def object_of(self, network: NetworkNoun) -> Decoded | None:
        """The object that defines a network; None for the pod network."""
        return self.defined_by.get((network.kind, network.namespace, network.name))

    def primary(self, namespace: str) -> NetworkNoun | None:
        """The primary network that the pods of a namespace surely have in the pod network's place."""
        found = [one for one in self.all[1:] if one.role == "primary" and namespace in (one.namespaces or ())]
        return found[0] if len(found) == 1 else None


class Machines:
    """The machines of a scene as they are written, and how KubeVirt is set up."""

    def __init__(self, scene: Stage) -> None:
        self.scene = scene
        self.networks = scene.stage.once(Networks)
        self.all: tuple[Written, ...] = written(scene.objects, self.networks.all, scene.profile.name)
        self.setup: Decoded | None = next((d for d in scene.objects if isinstance(d.value, KubeVirt)), None)
        spec = self.setup.value.spec if self.setup is not None else None
        self.configuration: Configuration = (spec.configuration if spec else None) or Configuration()
        developer = self.configuration.developer_configuration
        self.gates_on = frozenset((developer.feature_gates if developer else None) or ())
        self.gates_off = frozenset((developer.disabled_feature_gates if developer else None) or ())
        self.version: Version | None = version_of_kubevirt(scene.cluster.objects, scene.documents)

    @property
    def plugins(self) -> frozenset[str]:
        """The bindings of plugins that KubeVirt knows."""
        network = self.configuration.network
        return frozenset((network.binding if network else None) or ())

    def is_known(self, card: Card) -> bool:
        """Whether KubeVirt knows the binding of an interface, or it is not known which it knows."""
        return card.interface.binding is None or self.setup is None or card.binding in self.plugins

    def cards(self) -> Iterator[tuple[Written, Card]]:
        """Every interface, with its machine."""
        for machine in self.all:
            for card in machine.cards:
                yield machine, card


def found(
    code: str,
    machine: Written,
    pointer: tuple[str | int, ...],
    title: str,
    *,
    label: str,
    effect: str,
    help: str,
    key: str = "",
) -> Found:
    """A finding about one machine."""
    return Found(
        code,
        at(machine.decoded, *pointer),
        title,
        label=label,
        effect=effect,
        help=help,
        key=key,
        workloads=(machine.noun.ref,),
    )
