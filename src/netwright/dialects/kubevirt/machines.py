"""Machines of KubeVirt and their interfaces, as nouns: what each is attached to, and what of it is kept.

A running VirtualMachine has an instance of its own name; what that tells is told of the machine. An instance without a
machine is one of its own, a replica set or a pool one for all of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from netwright.base.spans import Origin, Pointer
from netwright.dialects.k8s.objects import Service
from netwright.dialects.kubevirt.kept import (
    BRIDGE_MAY_MIGRATE,
    Hindrance,
    hindered_by,
    ip_kept,
    mac_kept,
    migratable,
    name_kept,
)
from netwright.dialects.kubevirt.launcher import instance_of, launcher_of, spec_pointer
from netwright.dialects.kubevirt.objects import (
    InstanceInterface,
    Interface,
    KubeVirt,
    MachineSpec,
    Network,
    PodNetwork,
    VirtualMachine,
    VirtualMachineInstance,
    VirtualMachineInstanceReplicaSet,
    VirtualMachinePool,
)
from netwright.model.document import Decoded
from netwright.model.networks import POD, NetworkNoun, by_attachment
from netwright.model.nics import MachineNoun, NicNoun

ADDRESSES: Final = "network.kubevirt.io/addresses"
"""The annotation that asks for addresses on a primary user-defined network, by the name of the interface."""
_PREFIXES: Final[dict[type, str]] = {
    VirtualMachine: "vm",
    VirtualMachineInstance: "vm",
    VirtualMachineInstanceReplicaSet: "vmirs",
    VirtualMachinePool: "vmpool",
}
"""How a reference to each begins."""
_ASSUMED: Final = "default"
"""The name of the interface that KubeVirt adds where none is written."""


def asked_for(annotations: Mapping[str, str | None], interface: str) -> tuple[str, ...]:
    """The addresses that a machine asks for on an interface."""
    try:
        held = json.loads(annotations.get(ADDRESSES) or "{}")
    except (ValueError, RecursionError):
        return ()
    texts = held.get(interface) if isinstance(held, dict) else None
    return tuple(text for text in texts if isinstance(text, str)) if isinstance(texts, list) else ()


class Surroundings:
    """What of the input machines are seen with. `sticky`: the CNI carries the address of a bridged machine along with a
    live migration."""

    def __init__(self, objects: Sequence[Decoded], networks: Sequence[NetworkNoun], *, sticky: bool) -> None:
        self.sticky = sticky
        self.setup = next((d.value for d in objects if isinstance(d.value, KubeVirt)), None)
        self.instances = {
            (d.namespace, d.name): d.value for d in objects if isinstance(d.value, VirtualMachineInstance)
        }
        self._services = [d for d in objects if isinstance(d.value, Service)]
        self._networks = networks
        self._attachments = by_attachment(networks)

    @property
    def default_binding(self) -> str:
        """The binding of an interface that names none."""
        spec = self.setup.spec if self.setup else None
        network = spec.configuration.network if spec and spec.configuration else None
        return (network.default_network_interface if network else None) or "bridge"

    def primary(self, namespace: str) -> NetworkNoun | None:
        """The network that pods of a namespace have first; None where that is not known."""
        if any(one.role == "primary" and namespace in one.perhaps for one in self._networks):
            return None
        own = (one for one in self._networks if one.role == "primary" and one.namespaces is not None)
        found = next((one for one in own if namespace in (one.namespaces or ())), None)
        return found or next((one for one in self._networks if one.ref == POD), None)

    def attachment(self, text: str, namespace: str) -> NetworkNoun | None:
        """The network of `NAME` or `NAMESPACE/NAME` as a machine of a namespace writes it."""
        return self._attachments.get(text if "/" in text else f"{namespace}/{text}")

    def services(self, namespace: str, labels: Mapping[str, str]) -> tuple[str, ...]:
        """The Services that select pods with these labels."""
        return tuple(
            d.name
            for d in self._services
            if d.namespace == namespace
            and d.value.spec is not None
            and d.value.spec.selector
            and all(labels.get(key) == (text or "") for key, text in d.value.spec.selector.items())
        )

    def is_headless(self, namespace: str, name: str) -> bool:
        """Whether a headless Service has this name."""
        return any(
            (d.namespace, d.name) == (namespace, name) and d.value.spec and d.value.spec.cluster_ip == "None"
            for d in self._services
        )


def machines_of(
    objects: Sequence[Decoded], networks: Sequence[NetworkNoun], *, sticky: bool
) -> tuple[MachineNoun, ...]:
    """All machines of the input, by namespace and name."""
    around = Surroundings(objects, networks, sticky=sticky)
    found = [_Machine(d, around).noun() for d in _machines(objects)]
    return tuple(sorted(found, key=lambda one: (one.namespace, one.name, one.kind)))


def written_machines(
    objects: Sequence[Decoded], networks: Sequence[NetworkNoun], *, sticky: bool
) -> tuple[Written, ...]:
    """All machines of the input as they are written, by namespace and name."""
    around = Surroundings(objects, networks, sticky=sticky)
    found = [_Machine(d, around).written() for d in _machines(objects)]
    return tuple(sorted(found, key=lambda one: (one.noun.namespace, one.noun.name, one.noun.kind)))


def _machines(objects: Sequence[Decoded]) -> list[Decoded]:
    owners = {(d.namespace, d.name) for d in objects if isinstance(d.value, VirtualMachine)}
    return [
        d
        for d in objects
        if type(d.value) in _PREFIXES
        and not (isinstance(d.value, VirtualMachineInstance) and (d.namespace, d.name) in owners)
    ]


class Card(NamedTuple):
    """An interface of a machine as it is written, with what it is joined to. `network` None: it is not in the
    input, or not known. `pointer` is where it stands."""

    interface: Interface
    source: Network
    network: NetworkNoun | None
    binding: str
    pointer: Pointer

    @property
    def name(self) -> str:
        return self.interface.name or ""

    @property
    def on_pod_network(self) -> bool:
        return self.source.pod is not None


class Written(NamedTuple):
    """A machine as it is written, beside its noun."""

    decoded: Decoded
    noun: MachineNoun
    spec: MachineSpec
    labels: Mapping[str, str]
    annotations: Mapping[str, str | None]
    cards: tuple[Card, ...]
    hindrances: tuple[Hindrance, ...]
    instance: VirtualMachineInstance | None

    @property
    def template(self) -> Pointer:
        """Where the template of its instances stands; of an instance its own top."""
        return spec_pointer(self.decoded.value)[:-1]


class _Machine:
    def __init__(self, d: Decoded, around: Surroundings) -> None:
        self._of = d
        self._around = around
        self._ref = f"{_PREFIXES[type(d.value)]}/{d.namespace}/{d.name}"
        template = instance_of(d.value)
        self._spec = template.spec or MachineSpec()
        self._annotations = (template.metadata.annotations if template.metadata else None) or {}
        launcher = launcher_of(d.value, d.name).metadata
        self._labels = {key: text or "" for key, text in ((launcher.labels if launcher else None) or {}).items()}
        self._instance = around.instances.get((d.namespace, d.name))
        self._networks = {one.name or "": one for one in self._spec.networks or ()}
        self._interfaces = self._spec.interfaces
        if self._spec.attaches_pod_network:
            self._interfaces = (Interface(name=_ASSUMED),)
            self._networks = {_ASSUMED: Network(name=_ASSUMED, pod=PodNetwork())}
        self._bindings = {one.name or "": self._binding(one) for one in self._interfaces}

    def noun(self) -> MachineNoun:
        d = self._of
        answer, why = migratable(
            self._interfaces, self._networks, self._annotations, self._around.setup, self._bindings
        )
        status = self._instance.status if self._instance else None
        return MachineNoun(
            ref=self._ref,
            namespace=d.namespace,
            name=d.name,
            kind=d.kind,
            state=self._state(),
            node=(status.node_name if status else None) or "",
            nics=tuple(self._nic(number, one) for number, one in enumerate(self._interfaces)),
            live_migratable=answer,
            why=why,
            origin=self._origin(()),
        )

    def written(self) -> Written:
        d = self._of
        where: Pointer = (*spec_pointer(d.value), "domain", "devices", "interfaces")
        cards = []
        for number, one in enumerate(self._interfaces):
            source = self._networks.get(one.name or "") or Network()
            pointer = spec_pointer(d.value) if self._spec.attaches_pod_network else (*where, number)
            cards.append(Card(one, source, self._network(source)[0], self._bindings[one.name or ""], pointer))
        return Written(
            decoded=d,
            noun=self.noun(),
            spec=self._spec,
            labels=self._labels,
            annotations=self._annotations,
            cards=tuple(cards),
            hindrances=hindered_by(
                self._interfaces, self._networks, self._annotations, self._around.setup, self._bindings
            ),
            instance=self._instance,
        )

    def _state(self) -> str:
        value = self._of.value
        if isinstance(value, VirtualMachine):
            if value.status and value.status.printable_status:
                return value.status.printable_status
            spec = value.spec
            running = {True: "Always", False: "Halted", None: ""}[spec.running if spec else None]
            return (spec.run_strategy if spec else None) or running
        return (self._instance.status.phase if self._instance and self._instance.status else None) or ""

    def _binding(self, one: Interface) -> str:
        if one.binding is not None:
            return one.binding.name or ""
        return next(iter(one.bindings), self._around.default_binding)

    def _nic(self, number: int, one: Interface) -> NicNoun:
        name = one.name or ""
        of = self._networks.get(name)
        network, written = self._network(of)
        told = self._told(name)
        services = self._around.services(self._of.namespace, self._labels)
        headless = bool(self._spec.subdomain) and self._around.is_headless(
            self._of.namespace, self._spec.subdomain or ""
        )
        pointer: Pointer = (*spec_pointer(self._of.value), "domain", "devices", "interfaces", number)
        return NicNoun(
            machine=self._ref,
            name=name,
            network=network.ref if network else "",
            attached_to=written,
            binding=self._bindings[name],
            model=one.model or "virtio",
            mac=one.mac_address or (told.mac if told else None) or "",
            addresses=self._addresses(name, told),
            vlan=network.vlan if network else None,
            mtu_bytes=network.mtu_bytes if network else None,
            ports=tuple(f"{port.protocol or 'TCP'}/{port.port}" for port in one.ports or ()),
            ip_kept=ip_kept(
                self._bindings[name],
                network,
                sticky=self._around.sticky,
                annotated=BRIDGE_MAY_MIGRATE in self._annotations,
            ),
            mac_kept=mac_kept(one),
            name_kept=name_kept(network, services, self._spec, headless=headless),
            origin=self._origin(() if self._spec.attaches_pod_network else pointer),
        )

    def _network(self, of: Network | None) -> tuple[NetworkNoun | None, str]:
        """What an interface is attached to, and how that is written."""
        if of is None:
            return None, ""
        if of.pod is not None:
            return self._around.primary(self._of.namespace), "pod"
        if of.multus is not None:
            text = of.multus.network_name or ""
            return self._around.attachment(text, self._of.namespace), text
        claim = of.resource_claim.claim_name if of.resource_claim else None
        return None, f"claim {claim}" if claim else ""

    def _told(self, name: str) -> InstanceInterface | None:
        """What the running instance says of an interface."""
        status = self._instance.status if self._instance else None
        return next((one for one in (status.interfaces if status else None) or () if one.name == name), None)

    def _addresses(self, name: str, told: InstanceInterface | None) -> tuple[str, ...]:
        if told is not None and (told.ip_addresses or told.ip_address):
            return told.ip_addresses or (told.ip_address or "",)
        return asked_for(self._annotations, name)

    def _origin(self, pointer: Pointer) -> Origin:
        d = self._of
        return Origin(kind=d.kind, namespace=d.namespace, name=d.name, pointer=pointer, place=d.place)
