"""KubeVirt's machines as policies meet them: each is a launcher pod, told from the machine's own fields.

After the pages "Run Strategies", "Service objects" and "Network policy" of KubeVirt's user guide and `podLabels` of
`pkg/virt-controller/services/template.go` (1.9): the pod has the labels and annotations of the template's metadata, the
label `kubevirt.io: virt-launcher`, its instance's uid, node and name, and the ports of the interfaces. The reference
evaluators read this here and nowhere else.
"""

from __future__ import annotations

from netwright.dialects.k8s.objects import Container, ContainerPort, Meta, PodSpec
from netwright.dialects.kubevirt.objects import (
    InstanceTemplate,
    MachineSpec,
    VirtualMachine,
    VirtualMachineInstance,
    VirtualMachineInstanceReplicaSet,
    VirtualMachinePool,
    VirtualMachineSpec,
)
from netwright.model.document import Decoded

MACHINES = (VirtualMachine, VirtualMachineInstance, VirtualMachineInstanceReplicaSet, VirtualMachinePool)


def own(thing: Decoded) -> tuple[Meta, MachineSpec]:
    """What is written of an instance: its own metadata and spec, or those of the template that makes it."""
    value = thing.value
    if isinstance(value, VirtualMachineInstance):
        return value.metadata, value.spec or MachineSpec()
    template: InstanceTemplate | None = None
    if isinstance(value, (VirtualMachine, VirtualMachineInstanceReplicaSet)):
        template = value.spec.template if value.spec else None
    elif isinstance(value, VirtualMachinePool):
        machine = value.spec.virtual_machine_template if value.spec else None
        template = machine.spec.template if machine and machine.spec else None
    if template is None:
        return Meta(), MachineSpec()
    return template.metadata or Meta(), template.spec or MachineSpec()


def launcher(thing: Decoded) -> tuple[Meta, PodSpec]:
    """The metadata, with the labels of known values, and the spec of the machine's launcher pod."""
    meta, spec = own(thing)
    known = {key: value for key, value in added(thing).items() if value is not None}
    ports = []
    devices = spec.domain.devices if spec.domain else None
    for interface in (devices.interfaces if devices else None) or ():
        for port in interface.ports or ():
            number = port.port or 0
            ports.append(ContainerPort(container_port=number, name=port.name, protocol=port.protocol))
    account = next((one.service_account for one in spec.volumes or () if one.service_account), None)
    pod = PodSpec(
        containers=(Container(name="compute", ports=tuple(ports)),),
        node_name=known.get("kubevirt.io/nodeName"),
        service_account_name=account.service_account_name if account else None,
    )
    return Meta(labels={**(meta.labels or {}), **known}, annotations=meta.annotations), pod


def added(thing: Decoded) -> dict[str, str | None]:
    """The labels that KubeVirt gives the pod; None is a value that is not known."""
    value = thing.value
    found: dict[str, str | None] = {
        "kubevirt.io": "virt-launcher",
        "kubevirt.io/created-by": None,
        "kubevirt.io/nodeName": None,
        "vm.kubevirt.io/name": own(thing)[1].hostname or None,
        "vmi.kubevirt.io/id": None,
    }
    if isinstance(value, (VirtualMachine, VirtualMachineInstance)):
        found["vm.kubevirt.io/name"] = found["vm.kubevirt.io/name"] or thing.name.split(".")[0][:63]
        found["vmi.kubevirt.io/id"] = thing.name if len(thing.name) < 64 else None
    if isinstance(value, VirtualMachineInstance):
        found["kubevirt.io/created-by"] = value.metadata.uid or None
        found["kubevirt.io/nodeName"] = (value.status.node_name if value.status else None) or None
    return found


def runs(thing: Decoded) -> bool:
    """Whether there is an instance of it now, as far as the object says."""
    value = thing.value
    if isinstance(value, VirtualMachineInstance):
        phase = value.status.phase if value.status else None
        return phase not in ("Succeeded", "Failed") and not value.metadata.deletion_timestamp
    if isinstance(value, VirtualMachine):
        is_stopped = value.status is not None and value.status.printable_status == "Stopped"
        return value.spec is not None and _is_kept(value.spec, is_stopped)
    assert isinstance(value, (VirtualMachineInstanceReplicaSet, VirtualMachinePool))
    if value.spec is not None and value.spec.replicas == 0:
        return False
    if isinstance(value, VirtualMachinePool):
        machine = value.spec.virtual_machine_template if value.spec else None
        return machine is not None and machine.spec is not None and _is_kept(machine.spec, False)
    return True


def _is_kept(spec: VirtualMachineSpec, is_stopped: bool) -> bool:
    """Always: an instance is there. Halted: there is none. Under the other strategies it may have ended, or not been
    started, and the machine's status says so."""
    strategy = spec.run_strategy or ("Always" if spec.running else "Halted")
    if strategy in ("Always", "Halted"):
        return strategy == "Always"
    return not is_stopped


def is_one_machine(thing: Decoded) -> bool:
    """Whether it is one machine, and so one pod while it does not migrate."""
    if isinstance(thing.value, (VirtualMachine, VirtualMachineInstance)):
        return True
    return thing.value.spec is None or thing.value.spec.replicas in (None, 1)
