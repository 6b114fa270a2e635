"""Whether the address, the MAC and the name of a machine's interface are kept, and whether its network lets it migrate.

After KubeVirt 1.9 (`pkg/network/vmispec`, `pkg/network/setup`, user guide: interfaces and networks, live migration) and
OVN-Kubernetes 1.3 (`docs/features/live-migration.md`, `docs/api-reference/userdefinednetwork-api-spec.md`). Each answer
is for a cluster that does what these say; what the input does not tell is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from netwright.dialects.kubevirt.objects import Interface, KubeVirt, MachineSpec, Network
from netwright.model.networks import POD, NetworkNoun
from netwright.model.nics import Answer, Kept

BRIDGE_MAY_MIGRATE: Final = "kubevirt.io/allow-pod-bridge-network-live-migration"
"""The annotation counts by being there, whatever its value (`pkg/network/vmispec/interface.go`)."""
OF_MIGRATION: Final = (49152, 49153)
"""Ports of a launcher that a live migration needs."""
_NO_POD: Final = "each start is a new pod, and the CNI gives it another address"


def kept(restart: Answer, live: Answer, why: str) -> Kept:
    return Kept(restart=restart, live_migration=live, why=why)


def ip_kept(binding: str, network: NetworkNoun | None, *, sticky: bool, annotated: bool) -> Kept:
    """Whether the address by which others reach the interface stays. `network` None: it is not in the input; `sticky`:
    the CNI carries addresses of the pod network along; `annotated`: the machine asks for that."""
    if network is None:
        return kept("unknown", "unknown", "the network that it is attached to is not in the input")
    if network.ref == POD:
        return _on_pod_network(binding, sticky=sticky, annotated=annotated)
    if network.ipam == "none":
        return kept("yes", "yes", "nothing in the cluster gives out its addresses: the guest has its own")
    if network.lifecycle == "persistent":
        return kept("yes", "yes", "its addresses are persistent: an IPAMClaim of the machine holds the one that it has")
    if network.ipam == "static":
        return kept("yes", "yes", "the attachment itself has the address")
    if network.ipam == "dhcp":
        return kept("unknown", "unknown", "a DHCP server outside gives the address, by what it knows of the client")
    if network.topology == "layer3":
        return kept("no", "no", "a layer 3 network has a range for each node, and keeps no address")
    if network.ipam:
        return kept("no", "no", f"its IPAM (`{network.ipam}`) gives each new pod an address, and none is persistent")
    return kept("unknown", "unknown", "who gives out its addresses is not in the input")


def _on_pod_network(binding: str, *, sticky: bool, annotated: bool) -> Kept:
    if binding == "masquerade":
        return kept("no", "no", "others see the launcher pod's address, and each start and each migration is a new pod")
    if binding == "bridge":
        if annotated and sticky:
            return kept("no", "yes", f"the CNI carries the address along with a migration; {_NO_POD}")
        return kept("no", "no", _NO_POD)
    return kept("no", "unknown", f"{_NO_POD}; what the binding `{binding}` does in a migration is its own")


def mac_kept(interface: Interface) -> Kept:
    """Whether the guest's MAC stays: a migration takes the guest with it as it is. (kubemacpool writes `macAddress`
    into the machine when it is created.)"""
    if interface.mac_address:
        return kept("yes", "yes", "`macAddress` is written")
    return kept("no", "yes", "no `macAddress` is written: each start may have another")


def name_kept(network: NetworkNoun | None, services: tuple[str, ...], spec: MachineSpec, *, headless: bool) -> Kept:
    """Whether a DNS name leads to the interface, before and after. `services`: those that select the machine;
    `headless`: whether one is headless and named as `subdomain`."""
    if network is None:
        return kept("unknown", "unknown", "the network that it is attached to is not in the input")
    if network.role != "primary":
        return kept("no", "no", "the cluster's DNS has names for the primary network only")
    if network.ref != POD and not services:
        return kept("no", "no", "names of pods lead to the default network's address, and no Service selects it")
    if services:
        listed = " and ".join(f"`{name}`" for name in services[:3])
        return kept("yes", "yes", f"the Service {listed} leads to whichever pod runs it")
    if spec.subdomain and headless:
        return kept("yes", "yes", "`hostname` and `subdomain` under a headless Service")
    return kept("no", "no", "no Service selects it: nothing but the address leads to it")


class Hindrance(NamedTuple):
    """What keeps a machine from migrating live, or perhaps does (`answer` "unknown"): the interface, by its place in
    the spec, and the index of its port where a forwarded one is the reason."""

    answer: Answer
    interface: int
    told: str
    port: int | None = None


def migratable(
    interfaces: Sequence[Interface],
    networks: Mapping[str, Network],
    annotations: Mapping[str, str | None],
    setup: KubeVirt | None,
    bindings: Mapping[str, str],
) -> tuple[Answer, str]:
    """Whether the network lets a machine migrate live, and why. `bindings` are those of its interfaces by name."""
    hindrances = hindered_by(interfaces, networks, annotations, setup, bindings)
    for wanted in ("no", "unknown"):
        found = [one.told for one in hindrances if one.answer == wanted]
        if found:
            return wanted, "; ".join(found)
    return "yes", "nothing of its network hinders it"


def hindered_by(
    interfaces: Sequence[Interface],
    networks: Mapping[str, Network],
    annotations: Mapping[str, str | None],
    setup: KubeVirt | None,
    bindings: Mapping[str, str],
) -> tuple[Hindrance, ...]:
    """All that of the network keeps a machine from migrating live, or may."""
    found: list[Hindrance] = []
    for number, interface in enumerate(interfaces):
        name = interface.name or ""
        of = networks.get(name)
        if of is None or of.pod is None:
            continue  # only what is on the pod network is looked at
        binding = bindings[name]
        if binding == "bridge" and BRIDGE_MAY_MIGRATE not in annotations:
            told = f"`{name}` is a bridge on the pod network, without the annotation `{BRIDGE_MAY_MIGRATE}`"
            found.append(Hindrance("no", number, told))
        if interface.binding is not None:
            answer, told = _by_plugin(name, binding, setup)
            if answer != "yes":
                found.append(Hindrance(answer, number, told))
        for index, port in enumerate(interface.ports or ()):
            if binding == "masquerade" and port.port in OF_MIGRATION:
                told = f"`{name}` forwards port {port.port}, which the migration itself needs"
                found.append(Hindrance("no", number, told, index))
    return tuple(found)


def _by_plugin(name: str, binding: str, setup: KubeVirt | None) -> tuple[Answer, str]:
    if setup is None:
        return "unknown", f"`{name}` has the binding `{binding}`, and the KubeVirt object that registers it is not here"
    configuration = setup.spec.configuration if setup.spec else None
    network = configuration.network if configuration else None
    plugin = ((network.binding if network else None) or {}).get(binding)
    if plugin is None:
        return "no", f"`{name}` has the binding `{binding}`, which the KubeVirt object does not register"
    if plugin.migration is None:
        return "no", f"the binding `{binding}` of `{name}` is registered without `migration`"
    return "yes", ""
