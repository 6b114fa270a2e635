"""The launcher pods of machines: what they are made of, and how many there are now.

After `pkg/virt-controller/services/{template,rendercontainer}.go` of KubeVirt 1.9 and the page "Run Strategies" of its
user guide. A launcher pod has the labels and annotations of the instance, which are those of the template
(`spec.template.metadata`, never the machine's own), and some of KubeVirt's; its container has the ports of the
interfaces. The label `kubevirt.io/domain` is none of KubeVirt's: it is there where a template has it.

A machine has an endpoint where it has an instance, or KubeVirt keeps one for it: run strategy Always, RerunOnFailure,
Once and WaitAsReceiver. With Manual people start and stop it, and it counts although it may not run at the moment. Of
these all but Always have none where the status says `Stopped`. Halted, which is `running: false`, has none, unless its
instance or its launcher pod is in the input: it is being stopped.
"""

from __future__ import annotations

from typing import Any, Final

from netwright.base.spans import Pointer
from netwright.dialects.k8s.objects import Container, ContainerPort, Meta, PodSpec, PodTemplate, TemplateMeta
from netwright.dialects.kubevirt.objects import (
    InstanceTemplate,
    MachineSpec,
    VirtualMachine,
    VirtualMachineInstance,
    VirtualMachineInstanceReplicaSet,
    VirtualMachinePool,
    VirtualMachineSpec,
)

LAUNCHER: Final = ("kubevirt.io", "virt-launcher")
CREATED_BY: Final = "kubevirt.io/created-by"
ON_NODE: Final = "kubevirt.io/nodeName"
HOST_NAME: Final = "vm.kubevirt.io/name"
INSTANCE_NAME: Final = "vmi.kubevirt.io/id"
MOST_CHARACTERS: Final = 63
"""Of a longer name the label has a part and a hash."""


def instance_of(machine: Any) -> InstanceTemplate:
    """The metadata and the spec that the machine's instances have; an instance's are its own."""
    found: InstanceTemplate | None = None
    if isinstance(machine, VirtualMachineInstance):
        found = InstanceTemplate(metadata=machine.metadata, spec=machine.spec)
    elif isinstance(machine, VirtualMachinePool):
        pool = machine.spec.virtual_machine_template if machine.spec else None
        found = pool.spec.template if pool and pool.spec else None
    elif machine.spec is not None:
        found = machine.spec.template
    return found or InstanceTemplate()


def spec_pointer(machine: Any) -> Pointer:
    """Where the spec of the machine's instances stands in its object."""
    if isinstance(machine, VirtualMachineInstance):
        return ("spec",)
    if isinstance(machine, VirtualMachinePool):
        return ("spec", "virtualMachineTemplate", "spec", "template", "spec")
    return ("spec", "template", "spec")


def launcher_of(machine: Any, name: str) -> PodTemplate:
    """The launcher pod of a machine of this name; of many machines, what is alike of all."""
    instance = instance_of(machine)
    meta, spec = instance.metadata or Meta(), instance.spec or MachineSpec()
    labels = {**(meta.labels or {}), LAUNCHER[0]: LAUNCHER[1], **_named(machine, name, spec)}
    ports = tuple(
        ContainerPort(container_port=port.port or 0, name=port.name, protocol=port.protocol)
        for interface in spec.interfaces
        for port in interface.ports or ()
    )
    accounts = [volume.service_account for volume in spec.volumes or () if volume.service_account is not None]
    return PodTemplate(
        metadata=TemplateMeta(labels=labels, annotations=meta.annotations),
        spec=PodSpec(
            containers=(Container(name="compute", ports=ports or None),),
            node_name=_node(machine) or None,
            service_account_name=accounts[0].service_account_name if accounts else None,
            hostname=_host_name(name, spec) if _is_one(machine) else spec.hostname,
            subdomain=spec.subdomain,
        ),
    )


def unknown_labels(machine: Any) -> tuple[str, ...]:
    """The labels of a machine's launcher pods whose values are not known."""
    instance = instance_of(machine).spec or MachineSpec()
    name = machine.metadata.name or ""
    known = _named(machine, name, instance)
    return tuple(key for key in (CREATED_BY, ON_NODE, HOST_NAME, INSTANCE_NAME) if key not in known)


def _named(machine: Any, name: str, spec: MachineSpec) -> dict[str, str]:
    """The labels by which one machine's pod is told from another's, as far as they are known."""
    found: dict[str, str] = {}
    if _is_one(machine):
        found[HOST_NAME] = _host_name(name, spec)
        if len(name) <= MOST_CHARACTERS:
            found[INSTANCE_NAME] = name
    elif spec.hostname:
        found[HOST_NAME] = spec.hostname
    if isinstance(machine, VirtualMachineInstance) and machine.metadata.uid:
        found[CREATED_BY] = machine.metadata.uid
    if node := _node(machine):
        found[ON_NODE] = node
    return found


def _is_one(machine: Any) -> bool:
    return isinstance(machine, (VirtualMachine, VirtualMachineInstance))


def _host_name(name: str, spec: MachineSpec) -> str:
    return spec.hostname or name.partition(".")[0][:MOST_CHARACTERS]


def _node(machine: Any) -> str:
    status = machine.status if isinstance(machine, VirtualMachineInstance) else None
    return (status.node_name if status else None) or ""


def instances_of(machine: Any) -> int:
    """How many instances of the machine there are now, as far as the object tells."""
    if isinstance(machine, VirtualMachineInstance):
        ended = machine.status is not None and machine.status.phase in ("Succeeded", "Failed")
        return 0 if ended or machine.metadata.deletion_timestamp is not None else 1
    if isinstance(machine, VirtualMachine):
        stopped = machine.status is not None and machine.status.printable_status == "Stopped"
        return 1 if machine.spec and _runs(machine.spec, stopped) else 0
    spec = machine.spec
    wanted = 1 if spec is None or spec.replicas is None else spec.replicas
    if isinstance(machine, VirtualMachineInstanceReplicaSet):
        return wanted
    pool = spec.virtual_machine_template if spec else None
    return wanted if pool and pool.spec and _runs(pool.spec, stopped=False) else 0


def _runs(spec: VirtualMachineSpec, stopped: bool) -> bool:
    if spec.run_strategy is None:
        return spec.running is True
    return spec.run_strategy == "Always" or (spec.run_strategy != "Halted" and not stopped)
