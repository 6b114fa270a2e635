"""What of the pod network comes to the guest of a machine: rules of an enforcer between launcher pod and guest.

After `pkg/network/setup/netpod/masquerade` of KubeVirt 1.9, its passt binding, and the page "Interfaces and networks"
of its user guide. With `ports` (or `portRanges`) a `masquerade` or `passtBinding` interface forwards these and nothing
else, without them everything; with `bridge` they say nothing. What is not forwarded stays with the launcher pod, which
answers a ping by itself: ICMP is not refused there. It is about what comes in: what the guest sends passes. An
interface whose link is `down` carries nothing. Behind a binding of a plugin it is not known what `ports` do; of a
machine without an interface on the pod network, what its other networks carry is not evaluated, so that all of its
connections are left open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from netwright.base.selectors import equals
from netwright.base.services import ALL, ICMP, ICMPV6, NONE, PROTOCOLS, ServiceSet
from netwright.base.spans import Origin, Pointer
from netwright.dialects.k8s.objects import Pod
from netwright.dialects.kubevirt import MACHINES
from netwright.dialects.kubevirt.launcher import instance_of, spec_pointer
from netwright.dialects.kubevirt.objects import Interface, MachineSpec
from netwright.model.document import Decoded
from netwright.model.machines import ENFORCER, MACHINE
from netwright.model.rule import ANYBODY, Direction, Enforcer, Peer, Rule, Service, Tier, UnknownPeer

_PING: Final = ServiceSet.ports(ICMP) | ServiceSet.ports(ICMPV6)
_INTERFACES: Final[Pointer] = ("domain", "devices", "interfaces")
_INSTANCE: Final = "VirtualMachineInstance"
_MACHINE: Final = "VirtualMachine"


class Lost(NamedTuple):
    """What of one direction does not come through, and where that is written. With a `reason` it perhaps does."""

    direction: Direction
    services: ServiceSet
    pointer: Pointer
    reason: str = ""


def lost(machine: Decoded) -> tuple[Lost, ...]:
    """What of the pod network does not come to the guest, or from it."""
    spec = instance_of(machine.value).spec or MachineSpec()
    where = spec_pointer(machine.value)
    if spec.attaches_pod_network:
        return ()
    primary = next((n for n in spec.networks or () if n.pod is not None), None)
    if primary is None:
        reason = (
            f"{machine.kind} `{machine.namespace}/{machine.name}` has no interface on the pod network, and what its "
            "other networks carry is not evaluated yet"
        )
        at = (*where, "networks") if spec.networks else where
        return (Lost("ingress", ALL, at, reason), Lost("egress", ALL, at, reason))
    for number, interface in enumerate(spec.interfaces):
        if interface.name == primary.name:
            return _of_interface(interface, (*where, *_INTERFACES, number))
    return ()


def _of_interface(interface: Interface, at: Pointer) -> tuple[Lost, ...]:
    answers = NONE if interface.bridge is not None else _PING  # of the launcher pod
    if interface.state == "down":
        return (Lost("ingress", ALL - answers, (*at, "state")), Lost("egress", ALL, (*at, "state")))
    forwarded = NONE
    for port in interface.ports or ():
        forwarded |= ServiceSet.ports(PROTOCOLS[port.protocol or "TCP"], port.port or 0)
    for span in interface.port_ranges or ():
        forwarded |= ServiceSet.ports(PROTOCOLS[span.protocol or "TCP"], span.start or 0, span.end or 0)
    if not forwarded or not {"masquerade", "passtBinding", "binding"} & set(interface.bindings):
        return ()
    plugin = interface.binding.name if interface.binding is not None else ""
    reason = f"what the binding `{plugin}` does with ports that are not listed is not known" if plugin else ""
    field = "ports" if interface.ports else "portRanges"
    return (Lost("ingress", ALL - forwarded - answers, (*at, field), reason),)


class Machines:
    """The machines of an input of which something is lost, and whose endpoints are theirs."""

    def __init__(self, objects: Iterable[Decoded]) -> None:
        self._by_name: dict[tuple[str, str, str], Decoded] = {
            (d.kind, d.namespace, d.name): d for d in objects if d.kind in MACHINES
        }
        self._lost = {id(d): found for d in self._by_name.values() if (found := lost(d))}

    def attributes(self, d: Decoded) -> tuple[tuple[str, str], ...]:
        """What an endpoint is told apart by: the machine that its pod runs for, where something of it is lost."""
        machine = self._of_pod(d) if isinstance(d.value, Pod) else d
        if machine is None or id(machine) not in self._lost:
            return ()
        return ((":" + MACHINE, _named(machine)),)

    def _of_pod(self, pod: Decoded) -> Decoded | None:
        for owner in pod.value.metadata.owner_references or ():
            if owner.controller and owner.kind == _INSTANCE:
                named = pod.namespace, owner.name
                return self._by_name.get((_INSTANCE, *named)) or self._by_name.get((_MACHINE, *named))
        return None

    def enforcers(self) -> tuple[Enforcer, ...]:
        """The enforcer of what is lost; none where nothing is."""
        rules: list[Rule] = []
        for machine in self._by_name.values():
            rules += _rules(machine, self._lost.get(id(machine), ()), len(rules))
        if not rules:
            return ()
        tier = Tier(name=ENFORCER, ties="ordered", rules=tuple(rules))
        return (Enforcer(name=ENFORCER, tiers=(tier,), default="allow", exempt=("self",)),)


def _rules(machine: Decoded, found: Sequence[Lost], number: int) -> list[Rule]:
    out = []
    for one in found:
        peer: Peer = UnknownPeer(one.reason) if one.reason else ANYBODY
        out.append(
            Rule(
                rank=0,
                policy=number,
                index=-1,
                at=equals(MACHINE, _named(machine)),
                direction=one.direction,
                src=peer if one.direction == "ingress" else ANYBODY,
                dst=ANYBODY if one.direction == "ingress" else peer,
                service=Service(one.services),
                action="deny",
                origin=Origin(
                    kind=machine.kind,
                    namespace=machine.namespace,
                    name=machine.name,
                    pointer=one.pointer,
                    place=machine.place,
                ),
            )
        )
    return out


def _named(machine: Decoded) -> str:
    return f"{machine.kind} {machine.namespace}/{machine.name}"
