"""Between a launcher pod and its guest, one packet at a time: what of the pod network comes through.

After the page "Interfaces and networks" of KubeVirt's user guide and `pkg/network/setup/netpod/masquerade` (1.9). An
interface that masquerades, and one of `passtBinding`, forwards the ports that it lists, and every port where it lists
none; pings are the launcher pod's to answer. `bridge` forwards all. What a plugin does with its ports is open, and so
is everything of a machine that is not on the pod network. A link that is down carries nothing.
"""

from __future__ import annotations

from netwright.base.spans import Pointer
from netwright.dialects.k8s.objects import Pod
from netwright.dialects.kubevirt.objects import (
    Interface,
    VirtualMachineInstance,
    VirtualMachinePool,
)
from netwright.model.document import Decoded
from netwright.spec.judgement import Cited, Direction, Side
from netwright.spec.machines import MACHINES, own
from netwright.spec.packet import PROTOCOLS, Packet
from netwright.spec.reasons import OFF_POD_NETWORK, PLUGIN_PORTS

PINGS = (1, 58)
"""ICMP and ICMPv6."""


def sides(packet: Packet) -> tuple[Side, ...]:
    """Egress at a source and ingress at a destination that are machines, as far as something is lost there."""
    found = (
        _side(packet, "egress", packet.source_object),
        _side(packet, "ingress", packet.destination_object),
    )
    return tuple(side for side in found if side is not None)


def machine_of(packet: Packet, end: Decoded | str) -> Decoded | None:
    """The object that says what machine it is: of a launcher pod its instance, else the machine of that name."""
    if isinstance(end, str):
        return None
    if isinstance(end.value, MACHINES):
        return end
    if not isinstance(end.value, Pod):
        return None
    names = [
        one.name
        for one in end.value.metadata.owner_references or ()
        if one.controller and one.kind == "VirtualMachineInstance"
    ]
    for kind in ("VirtualMachineInstance", "VirtualMachine"):
        for thing in packet.objects:
            if thing.kind == kind and thing.namespace == end.namespace and thing.name in names:
                return thing
    return None


def _side(packet: Packet, direction: Direction, end: Decoded | str) -> Side | None:
    machine = machine_of(packet, end)
    if machine is None:
        return None
    spec = own(machine)[1]
    devices = spec.domain.devices if spec.domain else None
    interfaces = (devices.interfaces if devices else None) or ()
    networks = spec.networks or ()
    if not interfaces and not networks and not (devices and devices.autoattach_pod_interface is False):
        return None  # KubeVirt attaches the pod network, and without a list of ports
    names = [one.name for one in networks if one.pod is not None]
    if not names:
        path = (*_spec_path(machine), *(("networks",) if networks else ()))
        cited = _cited(machine, path, surely=False)
        return Side(direction=direction, reached=(cited,), may_deny=True, reasons=(OFF_POD_NETWORK,))
    for index, interface in enumerate(interfaces):
        if interface.name == names[0]:
            path = (*_spec_path(machine), "domain", "devices", "interfaces", index)
            return _through(packet, direction, machine, interface, path)
    return None


def _through(
    packet: Packet, direction: Direction, machine: Decoded, interface: Interface, path: Pointer
) -> Side | None:
    is_answered = packet.protocol in PINGS and interface.bridge is None and direction == "ingress"
    if interface.state == "down" and not is_answered:
        cited = _cited(machine, (*path, "state"), surely=True)
        return Side(direction=direction, reached=(cited,), may_allow=False, may_deny=True)
    listed = [(one.protocol, one.port or 0, one.port or 0) for one in interface.ports or ()]
    listed += [(one.protocol, one.start or 0, one.end or 0) for one in interface.port_ranges or ()]
    if direction == "egress" or interface.state == "down" or not listed or is_answered:
        return None
    if any(
        PROTOCOLS[protocol or "TCP"] == packet.protocol and first <= packet.port <= last
        for protocol, first, last in listed
    ):
        return None
    where = (*path, "ports" if interface.ports else "portRanges")
    if interface.binding is not None:
        cited = _cited(machine, where, surely=False)
        return Side(direction=direction, reached=(cited,), may_deny=True, reasons=(PLUGIN_PORTS,))
    if interface.masquerade is None and interface.passt_binding is None:
        return None
    cited = _cited(machine, where, surely=True)
    return Side(direction=direction, reached=(cited,), may_allow=False, may_deny=True)


def _cited(machine: Decoded, path: Pointer, *, surely: bool) -> Cited:
    return Cited(object=machine, rule=None, path=path, action="deny", surely=surely)


def _spec_path(machine: Decoded) -> Pointer:
    if isinstance(machine.value, VirtualMachineInstance):
        return ("spec",)
    if isinstance(machine.value, VirtualMachinePool):
        return ("spec", "virtualMachineTemplate", "spec", "template", "spec")
    return ("spec", "template", "spec")
