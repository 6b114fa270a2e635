"""The pod specs of pods and workloads, and where their parts stand."""

from __future__ import annotations

from netwright.base.services import PROTOCOLS
from netwright.base.spans import Origin, Pointer
from netwright.dialects.k8s.endpoints import template_of
from netwright.dialects.k8s.objects import CronJob, Pod, PodMaker, PodSpec
from netwright.model.cluster import ContainerPortNoun
from netwright.model.document import Decoded
from netwright.questions.check.found import at


def pod_spec(decoded: Decoded) -> PodSpec | None:
    """The spec of a pod, or that of a workload's template."""
    if isinstance(decoded.value, Pod):
        return decoded.value.spec
    template = template_of(decoded)
    return template.spec if template else None


def spec_pointer(decoded: Decoded) -> Pointer:
    """Where the pod spec stands in its object."""
    if isinstance(decoded.value, Pod):
        return ("spec",)
    if isinstance(decoded.value, CronJob):
        return ("spec", "jobTemplate", "spec", "template", "spec")
    if isinstance(decoded.value, PodMaker):
        from netwright.dialects.kubevirt.launcher import spec_pointer as of_machine

        return of_machine(decoded.value)
    return ("spec", "template", "spec")


def port_place(decoded: Decoded, wanted: ContainerPortNoun, field: str = "containerPort") -> Origin | None:
    """Where a container's port is declared; of a machine, which has no containers, the port of its interface."""
    spec = pod_spec(decoded)
    if spec is None:
        return None
    if isinstance(decoded.value, PodMaker):
        return _machine_port_place(decoded, wanted, "port" if field == "containerPort" else field)
    for name, containers in (("containers", spec.containers), ("initContainers", spec.init_containers)):
        for number, container in enumerate(containers or ()):
            for index, port in enumerate(container.ports or ()):
                same = (port.container_port, port.name or "", port.host_port or 0)
                if same == (wanted.number, wanted.name, wanted.host_port) and (
                    PROTOCOLS.get(port.protocol or "TCP") == wanted.protocol
                ):
                    return at(decoded, *spec_pointer(decoded), name, number, "ports", index, field)
    return None


def _machine_port_place(decoded: Decoded, wanted: ContainerPortNoun, field: str) -> Origin | None:
    from netwright.dialects.kubevirt.launcher import instance_of

    spec = instance_of(decoded.value).spec
    for number, interface in enumerate(spec.interfaces if spec else ()):
        for index, port in enumerate(interface.ports or ()):
            same = (port.port, port.name or "") == (wanted.number, wanted.name)
            if same and PROTOCOLS.get(port.protocol or "TCP") == wanted.protocol:
                above: Pointer = ("domain", "devices", "interfaces", number, "ports", index)
                return at(decoded, *spec_pointer(decoded), *above, field)
    return None
