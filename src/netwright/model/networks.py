"""Networks that endpoints have interfaces on: the default pod network, user-defined ones, secondary ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from netwright.base.spans import Origin

POD: Final = "pod"
"""The reference of the default pod network."""


class NetworkNoun(msgspec.Struct, frozen=True, kw_only=True):
    """A network as its objects describe it.

    `ref` is "pod", "udn/NAMESPACE/NAME", "cudn/NAME" or "nad/NAMESPACE/NAME"; `kind`, `namespace` and `name` are those
    of the object that defines it, "" for the pod network. `called` is what attachments and claims call it: the name in
    its CNI configuration.
    """

    ref: str
    kind: str
    namespace: str
    name: str
    called: str
    topology: str
    """OVN-Kubernetes' "layer3", "layer2" or "localnet"; of other plugins their type, as "bridge" or "macvlan"; ""
    where that is not known."""
    role: Literal["primary", "secondary"]
    """Whether it takes the default network's place for the pods of its namespaces, or is one more."""
    subnets: tuple[str, ...] = ()
    """The ranges that its addresses are of, as they are written; none where it gives none, or they are not known."""
    excluded: tuple[str, ...] = ()
    """Those parts of `subnets` that no pod is given by itself: left out, or kept for addresses asked for by name."""
    infrastructure: tuple[str, ...] = ()
    """Those parts of `subnets` that are the network's own: of its router, and of the nodes."""
    join: tuple[str, ...] = ()
    """The ranges that it gives its own routers, where they are written."""
    gateways: tuple[str, ...] = ()
    """The addresses that its router answers to, where they are written."""
    vlan: int | None = None
    """The VLAN that its frames leave the node with: 0 for none, None where that is not known."""
    trunk: tuple[tuple[int, int], ...] = ()
    """The VLANs, first and last, that its interfaces may tag with themselves."""
    mtu_bytes: int | None = None
    """The largest packet; None where the input does not say it."""
    mtu_why: str = ""
    """Where the MTU is from, or what it depends on; "" where it is written."""
    ipam: str = ""
    """Who gives addresses: "ovn", or the type of the IPAM plugin; "none" where nobody does; "" where that is not
    known."""
    lifecycle: Literal["", "persistent"] = ""
    """Whether addresses that a claim holds outlive the pod."""
    physical: str = ""
    """What it hangs on at the nodes: the name of a physical network, of a bridge, of an interface, of a resource."""
    filters_mac: bool | None = None
    """Whether it drops what an interface sends from another MAC than its own; None where that is not known."""
    namespaces: tuple[str, ...] | None = None
    """The namespaces that it is there for, sorted; None for all."""
    perhaps: tuple[str, ...] = ()
    """Namespaces that it is there for, or not: their labels are not known."""
    attachments: tuple[str, ...] = ()
    """The NetworkAttachmentDefinitions, as NAMESPACE/NAME, by which pods name it; made by the network's controller
    where it is user-defined."""
    notes: tuple[str, ...] = ()
    """What is odd about it, in words."""
    origin: Origin | None = None


def by_attachment(networks: Iterable[NetworkNoun]) -> dict[str, NetworkNoun]:
    """The networks by what pods name them with: NAMESPACE/NAME of a NetworkAttachmentDefinition."""
    return {name: network for network in networks for name in network.attachments}
