"""Objects to the networks they define: the default pod network, user-defined ones, and attachments to others.

After `go-controller/pkg` of OVN-Kubernetes at 8871cd9cec9c (`clustermanager/userdefinednetwork`,
`util/multi_network.go`, `config/cni.go`) and the sources of the plugins that `dialects.multus.cni` names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from netwright.base.spans import Origin, named
from netwright.dialects.k8s.objects import LabelSelector, Namespace
from netwright.dialects.multus import KINDS as ATTACHMENTS
from netwright.dialects.multus.cni import OVN, Config, Ipam, Plugin, config_of
from netwright.dialects.ovn import NETWORKS, PRIMARY
from netwright.dialects.ovn.objects import Layer2, Layer3, Localnet, NetworkSpec
from netwright.dialects.sriov import NETWORKS as OF_OPERATOR
from netwright.model.document import Decoded
from netwright.model.networks import POD, NetworkNoun
from netwright.profiles.ipam import ranges
from netwright.profiles.odd_networks import noted
from netwright.profiles.selected_namespaces import selected_namespaces

LABEL: Final = PRIMARY
OVN_MTU: Final = 1400
"""What OVN-Kubernetes leaves of 1500 bytes for the overlay (`Default.MTU` in `pkg/config/config.go`)."""
LOCALNET_MTU: Final = 1500
"""What it gives networks without an overlay (`localnetMTU` in `userdefinednetwork/template`)."""
ETHERNET_MTU: Final = 1500
_RESOURCE: Final = "k8s.v1.cni.cncf.io/resourceName"
_UDN, _CUDN = NETWORKS


def networks_of(objects: Sequence[Decoded], pod_ranges: Sequence[str] = ()) -> tuple[NetworkNoun, ...]:
    """All networks, the pod network first, the others by their reference. `pod_ranges` are those of the pod network.

    A NetworkAttachmentDefinition that a user-defined network's controller made is that network; those of
    OVN-Kubernetes' plugin that say one name are one network.
    """
    found = {n.ref: n for n in _user_defined(objects)}
    by_name = {n.called: n.ref for n in found.values()}
    attached: list[str] = []
    for d in sorted((d for d in objects if d.kind in ATTACHMENTS), key=lambda d: (d.namespace, d.name)):
        config = config_of(d.value)
        at = f"{d.namespace}/{d.name}"
        if config is None or config.main.type != OVN:
            network = _of_plugin(d, config)
            found[network.ref] = network
        elif not config.main.topology:
            attached.append(at)  # to the pod network, in another way
        else:
            network = _of_ovn(d, config)
            same = by_name.get(network.called)
            if same is None:
                by_name[network.called] = network.ref
                found[network.ref] = network
            else:
                found[same] = _joined(found[same], network, at)
    if any(d.kind in OF_OPERATOR for d in objects):
        from netwright.profiles.sriov_networks import made_by_operator

        taken = {at for n in found.values() for at in n.attachments}
        found |= {n.ref: n for n in made_by_operator(objects) if taken.isdisjoint(n.attachments)}
    others = noted([found[ref] for ref in sorted(found)], objects, pod_ranges)
    if sum(n.topology == "bridge" for n in others) > 1:
        from netwright.profiles.segments import noted_segments

        others = tuple(noted_segments(others))
    return (_pod_network(others, pod_ranges, attached), *others)


def _pod_network(others: Sequence[NetworkNoun], ranges: Sequence[str], attached: Sequence[str]) -> NetworkNoun:
    apart = sorted({ns for n in others if n.role == "primary" for ns in (*(n.namespaces or ()), *n.perhaps)})
    notes = (f"pods of {', '.join(f'`{ns}`' for ns in apart)} have another primary network, or may",) if apart else ()
    return NetworkNoun(
        ref=POD,
        kind="",
        namespace="",
        name="",
        called="default",
        topology="",
        role="primary",
        subnets=tuple(ranges),
        vlan=0,
        mtu_why="a setting of the network plugin",
        ipam="cni",
        attachments=tuple(attached),
        notes=notes,
    )


# --- user-defined networks ----------------------------------------------------------------------------------------


def _user_defined(objects: Sequence[Decoded]) -> list[NetworkNoun]:
    found = []
    labels = {d.name: d.value.metadata.labels or {} for d in objects if isinstance(d.value, Namespace)}
    for d in objects:
        if d.kind == _UDN:
            spec: NetworkSpec = d.value.network
            ref, called, namespaces, perhaps = (
                f"udn/{d.namespace}/{d.name}",
                f"{d.namespace}_{d.name}",
                (d.namespace,),
                (),
            )
            found.append(_network(d, spec, ref, called, namespaces, perhaps, labels))
        elif d.kind == _CUDN:
            selector = d.value.spec.namespace_selector or LabelSelector()
            surely, maybe = selected_namespaces(selector, objects)
            found.append(_network(d, d.value.network, f"cudn/{d.name}", f"cluster_udn_{d.name}", surely, maybe, labels))
    return found


def _network(
    d: Decoded,
    spec: NetworkSpec,
    ref: str,
    called: str,
    namespaces: tuple[str, ...],
    perhaps: tuple[str, ...],
    labels: Mapping[str, Mapping[str, str | None]],
) -> NetworkNoun:
    part: Layer3 | Layer2 | Localnet = spec.layer3 or spec.layer2 or spec.localnet or Layer2()
    ipam = getattr(part, "ipam", None)
    subnets = part.subnets or ()
    own = LOCALNET_MTU if spec.localnet is not None else OVN_MTU
    vlan, physical = 0, ""
    gateways: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    infrastructure: tuple[str, ...] = ()
    if isinstance(part, Localnet):
        vlan = (part.vlan.access.id or 0) if part.vlan is not None and part.vlan.access is not None else 0
        physical, excluded = part.physical_network_name or "", part.exclude_subnets or ()
    elif isinstance(part, Layer2):
        gateways = part.default_gateway_ips or ()
        infrastructure = part.infrastructure_subnets or ()
        excluded = (*(part.reserved_subnets or ()), *infrastructure)
    notes = []
    primary = part.role == "Primary"
    without = [ns for ns in (*namespaces, *perhaps) if ns in labels and LABEL not in labels[ns]]
    if primary and without:
        listed = ", ".join(f"`{ns}`" for ns in without)
        notes.append(f"the Namespace {listed} has no label `{LABEL}`: OVN-Kubernetes makes no primary network there")
    if d.kind == _CUDN and not namespaces and not perhaps:
        notes.append("its `namespaceSelector` selects no namespace of the input")
    return NetworkNoun(
        ref=ref,
        kind=d.kind,
        namespace=d.namespace,
        name=d.name,
        called=called,
        topology=(spec.topology or "").lower(),
        role="primary" if primary else "secondary",
        subnets=tuple(one if isinstance(one, str) else _of_nodes(one.cidr or "", one.host_subnet) for one in subnets),
        excluded=tuple(excluded),
        infrastructure=tuple(infrastructure),
        join=tuple(getattr(part, "join_subnets", None) or ()),
        gateways=tuple(gateways),
        vlan=vlan,
        mtu_bytes=part.mtu or own,
        mtu_why="" if part.mtu else _own_mtu(spec.localnet is not None),
        ipam="none" if ipam is not None and ipam.mode == "Disabled" else "ovn",
        lifecycle="persistent" if ipam is not None and ipam.lifecycle else "",
        physical=physical,
        filters_mac=True,
        namespaces=namespaces,
        perhaps=perhaps,
        attachments=tuple(f"{ns}/{d.name}" for ns in sorted((*namespaces, *perhaps))),
        notes=tuple(notes),
        origin=_origin(d, ("spec",)),
    )


def _of_nodes(cidr: str, length: int | None) -> str:
    """A range with the prefix length of each node's part behind it, as OVN-Kubernetes writes it."""
    return f"{cidr}/{length}" if length else cidr


def _own_mtu(localnet: bool) -> str:
    if localnet:
        return "not written: OVN-Kubernetes' own for localnet, 100 over that of its overlay"
    return "not written: OVN-Kubernetes' own for its overlay, 1400 unless it is set otherwise"


def _origin(d: Decoded, pointer: tuple[str | int, ...]) -> Origin:
    return Origin(kind=d.kind, namespace=d.namespace, name=d.name, pointer=pointer, place=d.place)


# --- attachments --------------------------------------------------------------------------------------------------


def _of_ovn(d: Decoded, config: Config) -> NetworkNoun:
    """The network of OVN-Kubernetes' plugin that one attachment describes."""
    ovn = config.main
    called = config.name or ovn.name or d.name
    localnet = ovn.topology == "localnet"
    subnets = _listed(ovn.subnets)
    primary = ovn.role == "primary"
    return NetworkNoun(
        ref=_ref(d),
        kind=d.kind,
        namespace=d.namespace,
        name=d.name,
        called=called,
        topology=ovn.topology or "",
        role="primary" if primary else "secondary",
        subnets=subnets,
        excluded=tuple(
            one
            for text in (ovn.exclude_subnets, ovn.reserved_subnets, ovn.infrastructure_subnets)
            for one in _listed(text)
        ),
        infrastructure=_listed(ovn.infrastructure_subnets),
        join=_listed(ovn.join_subnet),
        gateways=_listed(ovn.default_gateway_ips),
        vlan=ovn.vlan_id or 0 if localnet else 0,
        mtu_bytes=ovn.mtu or OVN_MTU,
        mtu_why="" if ovn.mtu else _own_mtu(False),
        ipam="ovn" if subnets else "none",
        lifecycle="persistent" if ovn.allow_persistent_ips else "",
        physical=(ovn.physical_network_name or called) if localnet else "",
        filters_mac=True,
        namespaces=(d.namespace,),
        attachments=(f"{d.namespace}/{d.name}",),
        origin=_origin(d, ("spec", "config")),
    )


def _ref(d: Decoded) -> str:
    """The reference: that of the user-defined network whose controller made the attachment, where it says one."""
    for owner in d.value.metadata.owner_references or ():
        if owner.kind == _UDN:
            return f"udn/{d.namespace}/{owner.name}"
        if owner.kind == _CUDN:
            return f"cudn/{owner.name}"
    return f"nad/{d.namespace}/{d.name}"


_ONE_NETWORK: Final = ("topology", "role", "subnets", "excluded", "vlan", "mtu_bytes", "lifecycle", "physical")


def _joined(network: NetworkNoun, more: NetworkNoun, at: str) -> NetworkNoun:
    """A network with one attachment more, which describes it too."""
    from msgspec.structs import replace

    notes = network.notes
    words = differing_words(network, more)
    if words and at not in network.attachments:
        notes = (*notes, f"NetworkAttachmentDefinition `{at}` says the same name and another {words}")
    attachments = tuple(sorted({*network.attachments, at}))
    namespaces = network.namespaces
    if network.kind in ATTACHMENTS:
        namespaces = tuple(sorted({*(network.namespaces or ()), *(more.namespaces or ())}))
    return replace(network, attachments=attachments, namespaces=namespaces, notes=notes)


def differing_words(one: NetworkNoun, other: NetworkNoun) -> str:
    """In what two descriptions of one network differ; "" where they say the same."""
    differing = [name for name in _ONE_NETWORK if getattr(one, name) != getattr(other, name)]
    return ", ".join(name.replace("_", " ") for name in differing)


def differing_attachments(objects: Sequence[Decoded]) -> Iterator[tuple[Decoded, Decoded, str]]:
    """Attachments to networks of OVN-Kubernetes that say one name and not the same: the first, the other, and in
    what they differ."""
    first: dict[str, tuple[Decoded, NetworkNoun]] = {}
    for d in sorted((d for d in objects if d.kind in ATTACHMENTS), key=lambda d: (d.namespace, d.name)):
        config = config_of(d.value)
        if config is None or config.main.type != OVN or not config.main.topology:
            continue
        network = _of_ovn(d, config)
        before, known = first.setdefault(network.called, (d, network))
        if before is not d and (words := differing_words(known, network)):
            yield before, d, words


def _of_plugin(d: Decoded, config: Config | None) -> NetworkNoun:
    """The network of another plugin, each attachment's own: which of them are one wire is told by the nodes."""
    ref = f"nad/{d.namespace}/{d.name}"
    notes: tuple[str, ...] = ()
    if config is None:
        notes = ("its configuration stands in files on the nodes",)
    main = config.main if config is not None else Plugin()
    mtu, why = _mtu(main, config.plugins if config is not None else ())
    ipam = main.ipam or Ipam()
    return NetworkNoun(
        ref=ref,
        kind=d.kind,
        namespace=d.namespace,
        name=d.name,
        called=(config.name if config is not None else "") or main.name or d.name,
        topology=main.type or "",
        role="secondary",
        subnets=ranges(ipam),
        excluded=tuple(ipam.exclude or ()),
        vlan=_vlan(main) if config is not None else None,
        trunk=_trunk(main),
        mtu_bytes=mtu,
        mtu_why=why,
        ipam=(ipam.type or "none") if config is not None else "",
        physical=_physical(d, main),
        filters_mac=_filters_mac(main),
        namespaces=(d.namespace,),
        attachments=(f"{d.namespace}/{d.name}",),
        notes=notes,
        origin=_origin(d, ("spec", "config")),
    )


def _vlan(main: Plugin) -> int | None:
    if main.type == "vlan":
        return main.vlan_id_of_link
    if main.type in ("bridge", "cnv-bridge", "ovs", "sriov"):
        return main.vlan or 0
    return None if main.type in ("macvlan", "ipvlan", "macvtap", "host-device") else 0


def _trunk(main: Plugin) -> tuple[tuple[int, int], ...]:
    found = set()
    for one in (*(main.vlan_trunk or ()), *(main.trunk or ())):
        if one.id is not None:
            found.add((one.id, one.id))
        if one.min_id is not None and one.max_id is not None:
            found.add((one.min_id, one.max_id))
    return tuple(sorted(found))


def _mtu(main: Plugin, chain: Sequence[Plugin]) -> tuple[int | None, str]:
    """The MTU and where it is from; the tuning plugin sets that of the interface anew."""
    written = [one.mtu for one in chain if one.mtu and (one is main or one.type == "tuning")]
    if written:
        return written[-1], ""
    if main.type in ("bridge", "cnv-bridge", "ptp", "ovs"):
        return ETHERNET_MTU, "not written: the kernel's for a new pair of interfaces, whatever the bridge has"
    if main.type in ("macvlan", "ipvlan", "vlan", "macvtap"):
        below = f"`{main.master}`" if main.master else "the interface below"
        return None, f"not written: that of {below} on each node"
    if main.type in ("sriov", "host-device"):
        return None, "not written: that of the device"
    return None, "it depends on the plugin"


def _physical(d: Decoded, main: Plugin) -> str:
    """What the network hangs on at each node."""
    if main.type in ("bridge", "cnv-bridge"):
        return main.bridge or "cni0"
    resource = (d.value.metadata.annotations or {}).get(_RESOURCE) or ""
    return main.bridge or main.master or main.device or resource


def _filters_mac(main: Plugin) -> bool | None:
    if main.type in ("bridge", "cnv-bridge"):
        return bool(main.macspoofchk)
    if main.type == "sriov":
        return main.spoofchk == "on" if main.spoofchk else None
    return None


def _listed(text: str | None) -> tuple[str, ...]:
    """The parts of a text with commas."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def described(network: NetworkNoun) -> str:
    """A network in words: `UserDefinedNetwork `blue/blue``."""
    return f"{network.kind} `{named(network.namespace, network.name)}`"
