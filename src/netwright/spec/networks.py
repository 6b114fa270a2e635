"""Which networks there are, who is on them, and under which addresses: the reference for several networks in a cluster.

After OVN-Kubernetes: the pages "User Defined Networks" and "Connecting User Defined Networks" of its documentation, the
CRDs of `k8s.ovn.org/v1` and OKEP-5193; after the "Kubernetes Network Custom Resource Definition De-facto Standard" 1.3
for attachments, whose annotation and status multus-cni writes; after KubeVirt's page "Interfaces and networks".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from netwright.dialects.k8s.objects import LabelSelector, Namespace
from netwright.dialects.kubevirt.objects import (
    MultusNetwork,
    VirtualMachineInstance,
    VirtualMachineInstanceReplicaSet,
    VirtualMachinePool,
)
from netwright.dialects.multus.objects import IPAMClaim, NetworkAttachmentDefinition
from netwright.dialects.ovn.objects import ClusterUserDefinedNetwork, Layer2, UserDefinedNetwork
from netwright.dialects.sriov.objects import NetworkSpec, SriovNetwork
from netwright.model.document import Decoded
from netwright.spec.addresses import Address, Match, address
from netwright.spec.ends import is_read, namespace_labels, namespace_matches, template
from netwright.spec.machines import MACHINES, own

REPLICATED = (VirtualMachineInstanceReplicaSet, VirtualMachinePool)
PRIMARY_LABEL = "k8s.ovn.org/primary-user-defined-network"
"""A namespace has it from its start, or gets no primary network."""
OVN = "ovn-k8s-cni-overlay"
ATTACHED = "k8s.v1.cni.cncf.io/networks"
STATUS = "k8s.v1.cni.cncf.io/network-status"
RESOURCE = "k8s.v1.cni.cncf.io/resourceName"
POD_NETWORKS = "k8s.ovn.org/pod-networks"
KUBEVIRT_ADDRESSES = "network.kubevirt.io/addresses"


class Net(msgspec.Struct, frozen=True, kw_only=True):
    """A network. `ref` is as users write it, `called` the name in its CNI configuration, `plugin` the type there ("" if
    the configuration stands on the nodes), `ranges` those of its addresses; without `has_ipam` nobody gives any.
    `attachments` are the NetworkAttachmentDefinitions, NAMESPACE/NAME, that lead to it, `resource` is that of its
    devices ("" if not said)."""

    ref: str
    object: Decoded
    called: str
    plugin: str
    topology: str = ""
    primary: bool = False
    ranges: tuple[str, ...] = ()
    has_ipam: bool = True
    attachments: tuple[str, ...] = ()
    resource: str = ""
    bridge: str = ""
    vlan: int = 0


class Interface(msgspec.Struct, frozen=True, kw_only=True):
    """One interface of a pod on a network: by which attachment, its name there ("" if not said), known addresses;
    `reported` of them are those that the cluster tells, and not the guest alone."""

    attachment: str
    name: str = ""
    known: tuple[Address, ...] = ()
    reported: tuple[Address, ...] = ()


# --- the networks -----------------------------------------------------------------------------------------------------


def networks(objects: Sequence[Decoded]) -> list[Net]:
    """All networks but the default one. Attachments of OVN-Kubernetes that say one name are one network, and those that
    say the name of a user-defined network are that network; each attachment of another plugin is one of its own."""
    return _networks(tuple(objects))


@lru_cache(maxsize=64)
def _networks(objects: tuple[Decoded, ...]) -> list[Net]:
    found: dict[str, Net] = {}
    for one in objects:
        if isinstance(one.value, UserDefinedNetwork):
            net = _user_defined(one, f"udn/{one.namespace}/{one.name}", f"{one.namespace}_{one.name}")
            found[net.called] = msgspec.structs.replace(net, attachments=(f"{one.namespace}/{one.name}",))
        elif isinstance(one.value, ClusterUserDefinedNetwork):
            net = _user_defined(one, f"cudn/{one.name}", f"cluster_udn_{one.name}")
            spaces = sorted({other.namespace for other in objects if other.namespace} | set(_namespaces(objects)))
            there = tuple(f"{space}/{one.name}" for space in spaces if cudn_selects(objects, one, space) != "no")
            found[net.called] = msgspec.structs.replace(net, attachments=there)
    others: list[Net] = []
    for one in sorted(objects, key=lambda thing: (thing.namespace, thing.name)):
        if not isinstance(one.value, NetworkAttachmentDefinition):
            continue
        at = f"{one.namespace}/{one.name}"
        config = _config(one)
        if config is None or config.get("type") != OVN:
            others.append(_of_plugin(one, at, config))
            continue
        called = config["name"] or one.name
        if not config.get("topology"):
            continue  # the default network, in another way
        same = found.get(called)
        if same is None:
            found[called] = _of_ovn(one, at, called, config)
        elif at not in same.attachments:
            found[called] = msgspec.structs.replace(same, attachments=(*same.attachments, at))
    taken = {at for net in (*found.values(), *others) for at in net.attachments}
    made = [_of_operator(one) for one in objects if isinstance(one.value, SriovNetwork)]
    return [*found.values(), *others, *(net for net in made if taken.isdisjoint(net.attachments))]


def network_of(objects: Sequence[Decoded], ref: str) -> Net | None:
    return next((net for net in networks(objects) if net.ref == ref), None)


def _namespaces(objects: Sequence[Decoded]) -> list[str]:
    return [one.name for one in objects if isinstance(one.value, Namespace)]


def cudn_selects(objects: Sequence[Decoded], thing: Decoded, namespace: str) -> Match:
    spec = thing.value.spec
    return namespace_matches(objects, (spec.namespace_selector if spec else None) or LabelSelector(), namespace)


def _user_defined(thing: Decoded, ref: str, called: str) -> Net:
    spec = thing.value.network
    part = spec.layer3 or spec.layer2 or spec.localnet or Layer2()
    ipam = getattr(part, "ipam", None)
    ranges = tuple(one if isinstance(one, str) else one.cidr or "" for one in part.subnets or ())
    return Net(
        ref=ref,
        object=thing,
        called=called,
        plugin=OVN,
        topology=(spec.topology or "").lower(),
        primary=part.role == "Primary",
        ranges=ranges,
        has_ipam=bool(ranges) and not (ipam is not None and ipam.mode == "Disabled"),
    )


def _config(thing: Decoded) -> dict[str, Any] | None:
    """The CNI configuration's first plugin, with the whole one's name; None where it stands on the nodes. The names of
    fields are read in any case, as Go does."""
    whole = _lower(_json(thing.value.spec.config if thing.value.spec is not None else None))
    plugins = whole.get("plugins")
    main = _lower(plugins[0]) if isinstance(plugins, list) and plugins else whole
    return {**main, "name": whole.get("name") or main.get("name")} if whole else None


def _lower(tree: Any) -> dict[str, Any]:
    return {key.lower(): value for key, value in tree.items()} if isinstance(tree, dict) else {}


def _of_ovn(thing: Decoded, at: str, called: str, config: dict[str, Any]) -> Net:
    # `subnets` is a text with commas; a range of layer3 has the length of each node's part behind its own
    texts = [text.strip() for text in (config.get("subnets") or "").split(",") if text.strip()]
    ranges = tuple("/".join(text.split("/")[:2]) for text in texts)
    return Net(
        ref=f"nad/{at}",
        object=thing,
        called=called,
        plugin=OVN,
        topology=config.get("topology") or "",
        primary=config.get("role") == "primary",
        ranges=ranges,
        has_ipam=bool(ranges),
        attachments=(at,),
    )


def _of_operator(thing: Decoded) -> Net:
    """The network whose attachment the SR-IOV operator makes: of the object's name, in `networkNamespace`."""
    spec = thing.value.spec or NetworkSpec()
    at = f"{spec.network_namespace or thing.namespace}/{thing.name}"
    types = {"OVSNetwork": "ovs", "SriovIBNetwork": "ib-sriov"}
    config = {"name": thing.name, "type": types.get(thing.kind, "sriov"), "ipam": _json(spec.ipam)}
    return msgspec.structs.replace(_of_plugin(thing, at, config), resource=spec.resource_name or "")


def _of_plugin(thing: Decoded, at: str, config: dict[str, Any] | None) -> Net:
    ref = f"nad/{at}"
    if config is None:
        return Net(ref=ref, object=thing, called=thing.name, plugin="", attachments=(at,))
    ipam = _lower(config.get("ipam"))
    ranges: list[str | None] = []
    if ipam.get("type") == "host-local":
        listed = [_lower(one) for inner in ipam.get("ranges") or () for one in inner]
        ranges = [ipam.get("subnet"), *(one.get("subnet") for one in listed)]
    elif ipam.get("type") == "whereabouts":
        # FIRST-LAST/LENGTH is a part of LAST/LENGTH
        texts = [ipam.get("range"), *(_lower(one).get("range") for one in ipam.get("ipranges") or ())]
        ranges = [text.rpartition("-")[2] if text else None for text in texts]
    return Net(
        ref=ref,
        object=thing,
        called=config["name"] or thing.name,
        plugin=config.get("type") or "",
        topology=config.get("type") or "",
        ranges=tuple(text for text in ranges if text),
        has_ipam=bool(ipam.get("type")),
        attachments=(at,),
        resource=(thing.value.metadata.annotations or {}).get(RESOURCE) or "",
        bridge=_bridge(config),
        vlan=config.get("vlan") or 0,
    )


def _bridge(config: dict[str, Any]) -> str:
    """The bridge on which interfaces are in one VLAN, "" for other plugins, and where guests tag frames themselves."""
    if config.get("type") != "bridge" or config.get("vlantrunk"):
        return ""
    return config.get("bridge") or "cni0"


def segment(objects: Sequence[Decoded], net: Net) -> Net:
    """All that is one layer-2 segment with the network on a node: what the plugin `bridge` puts on one bridge and one
    VLAN. Its ranges are known where they are of each; addresses are given where each gives some."""
    if not net.bridge:
        return net
    same = [one for one in networks(objects) if (one.bridge, one.vlan) == (net.bridge, net.vlan)]
    return msgspec.structs.replace(
        net,
        attachments=tuple(at for one in same for at in one.attachments),
        ranges=tuple(text for one in same for text in one.ranges) if all(one.ranges for one in same) else (),
        has_ipam=all(one.has_ipam for one in same),
    )


# --- primary networks -------------------------------------------------------------------------------------------------


def primaries(objects: Sequence[Decoded], namespace: str) -> list[Net | None]:
    """The networks that may be the primary one of the namespace's pods; None is the default network.

    One where it is known. Without the label on the namespace it is the default network; with it a namespace has one
    primary network, and of several in the input OVN-Kubernetes takes one. Where it has the label and the input no
    network for it, there is one that is not known, for which the namespace stands, or none.
    """
    return _primaries(tuple(objects), namespace)


@lru_cache(maxsize=4096)
def _primaries(objects: tuple[Decoded, ...], namespace: str) -> list[Net | None]:
    known = is_read(objects, namespace)
    if known and PRIMARY_LABEL not in namespace_labels(objects, namespace):
        return [None]
    sure: list[Net | None] = []
    perhaps: list[Net | None] = []
    for net in networks(objects):
        if not net.primary:
            continue
        value = net.object.value
        found: Match = "yes" if any(at.partition("/")[0] == namespace for at in net.attachments) else "no"
        if isinstance(value, UserDefinedNetwork):
            found = "yes" if net.object.namespace == namespace else "no"
        elif isinstance(value, ClusterUserDefinedNetwork):
            found = cudn_selects(objects, net.object, namespace)
        if found != "no":
            (sure if found == "yes" else perhaps).append(net)
    if known and sure:
        return sure
    if known:
        space = next(one for one in objects if isinstance(one.value, Namespace) and one.name == namespace)
        unknown = Net(ref=f"?/{namespace}", object=space, called="", plugin=OVN, primary=True)
        return [unknown, None]
    return [*sure, *perhaps, None]


def has_primaries(objects: Sequence[Decoded]) -> bool:
    """Whether any pod may have another primary network than the default one."""
    spaces = (one.value for one in objects if isinstance(one.value, Namespace))
    return any(net.primary for net in networks(objects)) or any(
        PRIMARY_LABEL in (one.metadata.labels or {}) for one in spaces
    )


def primary_addresses(thing: Decoded, net: Net) -> tuple[Address, ...]:
    """The pod's addresses on its primary network: what OVN-Kubernetes writes, what Multus reports as the default
    interface, what KubeVirt's machine asks for. `status.podIP` is never one: it is the default network's."""
    notes = template(thing)[0].annotations or {}
    for name, entry in _mapping(notes.get(POD_NETWORKS)).items():
        if name in net.attachments and isinstance(entry, dict):
            return _parsed([*(entry.get("ip_addresses") or ()), entry.get("ip_address")])
    for entry in _sequence(notes.get(STATUS)):
        # the default network's entry is the default interface only of pods that have no other primary one
        if entry.get("default") is True and entry.get("interface") != "eth0":
            return _parsed(entry.get("ips") or ())
    if isinstance(thing.value, MACHINES):
        asked = _mapping(notes.get(KUBEVIRT_ADDRESSES))
        for one in own(thing)[1].networks or ():
            if one.pod is not None and isinstance(asked.get(one.name or ""), list):
                return _parsed(asked[one.name or ""])
    return ()


def open_default_ports(thing: Decoded) -> list[tuple[str, int | None]]:
    """What `k8s.ovn.org/open-default-ports` lists: protocols in lower case, each with its port (None for icmp)."""
    text = (template(thing)[0].annotations or {}).get("k8s.ovn.org/open-default-ports") or ""
    if text.lstrip().startswith("["):
        listed = [{key: str(value) for key, value in one.items()} for one in _sequence(text)]
        listed = listed or _block_sequence(
            text.strip().strip("[]").replace("{", "\n- ").replace(",", "\n").replace("}", "")
        )
    else:
        listed = _block_sequence(text)
    found = [(one.get("protocol", "").lower(), one.get("port", "")) for one in listed]
    return [(protocol, int(port) if port.isdecimal() else None) for protocol, port in found]


def _block_sequence(text: str) -> list[dict[str, str]]:
    """The text as YAML, of which a list of plain mappings in block style is read, a field a line."""
    found: list[dict[str, str]] = []
    for line in text.splitlines():
        line = line.partition(" #")[0].strip()
        if line.startswith("- "):
            found.append({})
            line = line[2:]
        key, colon, value = line.partition(":")
        if colon and found:
            found[-1][key.strip()] = value.strip().strip("'\"")
    return found


# --- interfaces on secondary networks ---------------------------------------------------------------------------------


def interfaces(objects: Sequence[Decoded], thing: Decoded, net: Net) -> list[Interface]:
    """The interfaces that the pod, or a pod of the workload, has on the network."""
    notes = template(thing)[0].annotations or {}
    found = [one for one in _attached(thing, notes.get(ATTACHED)) if one[0] in net.attachments]
    there: list[Interface] = []
    for at, name, ips, claim in found:
        told = _known(objects, thing, notes, net, at, name, ips, claim)
        there.append(Interface(attachment=at, name=name, known=told or _of_guest(objects, thing, at), reported=told))
    return there


def _of_guest(objects: Sequence[Decoded], thing: Decoded, at: str) -> tuple[Address, ...]:
    """What the machine's instance reports of its interfaces on the attachment, else what its template asks for; of
    addresses those of the link alone are no use."""
    names = {(one.kind, one.name) for one in thing.value.metadata.owner_references or () if one.controller}
    names.add((thing.kind, thing.name))
    called = {name for kind, name in names if kind in ("VirtualMachine", "VirtualMachineInstance")}
    machines = [one for one in objects if isinstance(one.value, MACHINES) and one.namespace == thing.namespace]
    mine = [one for one in machines if one.name in called and not isinstance(one.value, REPLICATED)]
    if not mine and isinstance(thing.value, MACHINES):
        mine = [thing]
    mine.sort(key=lambda one: not isinstance(one.value, VirtualMachineInstance))
    for machine in mine:
        of_machine = own(machine)
        links = [one.name for one in of_machine[1].networks or () if one.multus and _at(one.multus, machine) == at]
        status = machine.value.status if isinstance(machine.value, VirtualMachineInstance) else None
        for one in (status.interfaces if status else None) or ():
            found = _parsed([*(one.ip_addresses or ()), one.ip_address])
            found = tuple(address for address in found if not address.is_link_local)
            if one.name in links and found:
                return found
        asked = _mapping((of_machine[0].annotations or {}).get(KUBEVIRT_ADDRESSES))
        for name in links:
            if isinstance(asked.get(name or ""), list):
                return _parsed(asked[name or ""])
    return ()


def _at(source: MultusNetwork, machine: Decoded) -> str:
    """The attachment that a machine's network names."""
    name = source.network_name or ""
    return name if "/" in name else f"{machine.namespace}/{name}"


Request = tuple[str, str, tuple[Any, ...], str]
"""An attachment, the interface's name, the addresses asked for, the claim."""


def _attached(thing: Decoded, text: str | None) -> Iterator[Request]:
    """What the annotation asks for, in either of its forms: NAMESPACE/NAME@INTERFACE with commas, or JSON; and what a
    machine's networks of Multus are."""
    if text and text.lstrip().startswith("["):
        for one in _sequence(text):
            at = f"{one.get('namespace') or thing.namespace}/{one.get('name')}"
            claim = str(one.get("ipam-claim-reference") or "")
            yield at, str(one.get("interface") or ""), tuple(one.get("ips") or ()), claim
    else:
        for part in (text or "").split(","):
            name, _, interface = part.strip().partition("@")
            if name:
                yield (name if "/" in name else f"{thing.namespace}/{name}"), interface, (), ""
    if isinstance(thing.value, MACHINES):
        for source in own(thing)[1].networks or ():
            if source.multus is not None and source.multus.network_name:
                name = source.multus.network_name
                # the claim that KubeVirt's IPAM extension makes for the machine's network
                yield (name if "/" in name else f"{thing.namespace}/{name}"), "", (), f"{thing.name}.{source.name}"


def _known(
    objects: Sequence[Decoded],
    thing: Decoded,
    notes: dict[str, str | None],
    net: Net,
    at: str,
    name: str,
    ips: Sequence[Any],
    claim: str,
) -> tuple[Address, ...]:
    entry = _mapping(notes.get(POD_NETWORKS)).get(at)
    if isinstance(entry, dict):
        return _parsed([*(entry.get("ip_addresses") or ()), entry.get("ip_address")])
    reported = [one for one in _sequence(notes.get(STATUS)) if one.get("name") == at]
    for one in reported:
        if not name or one.get("interface") == name or len(reported) == 1:
            return _parsed(one.get("ips") or ())
    for thing_ in objects:
        value = thing_.value
        if isinstance(value, IPAMClaim) and (thing_.namespace, thing_.name) == (thing.namespace, claim):
            if value.spec is not None and value.spec.network == net.called and value.status and value.status.ips:
                return _parsed(value.status.ips)
    return _parsed(ips)


def _mapping(text: str | None) -> dict[str, Any]:
    found = _json(text)
    return found if isinstance(found, dict) else {}


def _sequence(text: str | None) -> list[dict[str, Any]]:
    found = _json(text)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _json(text: str | None) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def _parsed(texts: Sequence[Any]) -> tuple[Address, ...]:
    found = [address(text.partition("/")[0]) for text in texts if isinstance(text, str)]
    return tuple(dict.fromkeys(one for one in found if one is not None))
