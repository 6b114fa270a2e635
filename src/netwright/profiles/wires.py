"""Networks to the wires they leave the nodes by: a physical network, its bridge, the bond or the card behind it.

After nmstate 2.2 (what a policy does not name stays as it is), `docs/features/multiple-networks/multi-homing.md` of
OVN-Kubernetes at 8871cd9cec9c (`ovn-bridge-mappings`) and the CRDs of sriov-network-operator at 249e20012faf.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from netwright.base.spans import Origin, Pointer
from netwright.dialects.k8s.objects import Node
from netwright.dialects.nmstate import KINDS as STATES
from netwright.dialects.nmstate.objects import NodeNetworkConfigurationPolicy, NodeNetworkState
from netwright.dialects.nmstate.state import BRIDGES, Port, State, Wiring, read_state
from netwright.dialects.sriov import POLICY
from netwright.dialects.sriov.objects import SriovNetworkNodePolicy
from netwright.model.document import Decoded
from netwright.model.networks import NetworkNoun
from netwright.model.wires import Wire

EVERY_NODE: Final = "every node"
_OWN: Final = "physnet"
"""The physical network that OVN-Kubernetes maps to its gateway bridge by itself (`PhysicalNetworkName` in
`go-controller/pkg/types/const.go`)."""
_ON_BRIDGE: Final = ("bridge", "cnv-bridge", "ovs")
_ON_INTERFACE: Final = ("macvlan", "ipvlan", "vlan", "macvtap", "host-device")
_HOSTNAME: Final = "kubernetes.io/hostname"
KINDS: Final = (*STATES, POLICY)
"""The kinds that say how nodes are wired."""


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """How nodes that are set up alike are: each interface with the object that said the last word about it."""

    at: tuple[str, ...]
    known: bool
    policies: tuple[str, ...]
    wiring: Mapping[str, tuple[Wiring, Decoded]]
    mappings: Mapping[str, tuple[str, Decoded, Pointer]]
    open: str
    seen: bool
    """Whether the whole state of the nodes is in the input, not only what policies change of it."""


def wires_of(objects: Sequence[Decoded], networks: Sequence[NetworkNoun]) -> dict[str, tuple[Wire, ...]]:
    """The wires of each network by its reference; of networks that stay inside the cluster, and where the input does
    not say how nodes are set up, none."""
    if not any(d.kind in KINDS for d in objects):
        return {}
    setups = setups_of(objects)
    cards = [d for d in objects if isinstance(d.value, SriovNetworkNodePolicy)]
    out: dict[str, tuple[Wire, ...]] = {}
    for network in networks:
        if network.topology in ("sriov", "ib-sriov"):
            found = tuple(_cards(network, cards))
        elif network.topology == "localnet":
            found = tuple(_localnet(network, setup) for setup in setups if network.physical != _OWN)
        elif network.topology in (*_ON_BRIDGE, *_ON_INTERFACE) and network.physical:
            found = tuple(_way(setup, network.physical, network.topology in _ON_BRIDGE) for setup in setups)
        else:
            continue
        if found:
            out[network.ref] = found
    return out


# --- nodes --------------------------------------------------------------------------------------------------------


def setups_of(objects: Sequence[Decoded]) -> tuple[Setup, ...]:
    """The nodes by how policies set them up, one entry for all that are set up alike."""
    policies = sorted((d for d in objects if isinstance(d.value, NodeNetworkConfigurationPolicy)), key=lambda d: d.name)
    states = {d.name: d for d in objects if isinstance(d.value, NodeNetworkState)}
    nodes = {d.name: d.value.metadata.labels or {} for d in objects if isinstance(d.value, Node)}
    if not policies and not states:
        return ()
    if nodes or states:
        alike: dict[tuple[str, ...], list[str]] = {}
        for name in sorted({*nodes, *states}):
            labels = {_HOSTNAME: name, **nodes.get(name, {})}
            chosen = [d.name for d in policies if _selects(d, labels)]
            alike.setdefault((*([f"\0{name}"] if name in states else []), *chosen), []).append(name)
        return tuple(
            _setup(
                tuple(names), True, [d for d in policies if d.name in chosen], [states[n] for n in names if n in states]
            )
            for chosen, names in alike.items()
        )
    general = [d for d in policies if not _selector(d)]
    selectors = sorted({tuple(sorted(_selector(d).items())) for d in policies if _selector(d)})
    out = []
    for wanted in selectors:
        at = ", ".join(f"{key}={value}" if value else key for key, value in wanted)
        mine = [d for d in policies if d in general or tuple(sorted(_selector(d).items())) == wanted]
        out.append(_setup((at,), False, mine, []))
    if general and not selectors:
        out.append(_setup((EVERY_NODE,), False, general, []))
    return tuple(out)


def _selector(d: Decoded) -> dict[str, str]:
    return (d.value.spec.node_selector if d.value.spec else None) or {}


def _selects(d: Decoded, labels: Mapping[str, str | None]) -> bool:
    return all(key in labels and (labels[key] or "") == value for key, value in _selector(d).items())


def _setup(at: tuple[str, ...], known: bool, policies: Sequence[Decoded], states: Sequence[Decoded]) -> Setup:
    wiring: dict[str, tuple[Wiring, Decoded]] = {}
    mappings: dict[str, tuple[str, Decoded, Pointer]] = {}
    open_ = ""
    for d in (*states, *policies):
        found = state_of(d)
        if found.open:
            open_ = f"{d.kind} `{d.name}` leaves it to each node (`{{{{ capture… }}}}`)"
        for one in found.wiring:
            if one.gone:
                wiring.pop(one.name, None)
            else:
                wiring[one.name] = (_over(wiring[one.name][0], one) if one.name in wiring else one, d)
        for mapping in found.mappings:
            if mapping.gone:
                mappings.pop(mapping.localnet, None)
            else:
                mappings[mapping.localnet] = (mapping.bridge, d, mapping.pointer)
    return Setup(
        at=at,
        known=known,
        policies=tuple(d.name for d in policies),
        wiring=wiring,
        mappings=mappings,
        open=open_,
        seen=bool(states),
    )


def state_of(d: Decoded) -> State:
    """What a policy wants of a node, or what a node has. Raises NotAState for what decoding refuses."""
    value = d.value
    if isinstance(value, NodeNetworkConfigurationPolicy):
        return read_state(value.spec.desired_state if value.spec else None, ("spec", "desiredState"))
    return read_state(value.status.current_state if value.status else None, ("status", "currentState"))


def _over(before: Wiring, after: Wiring) -> Wiring:
    """An interface after a further policy: what that does not name stays."""
    kept = {
        name: getattr(before, name)
        for name in Wiring.__struct_fields__
        # a list of ports is named whole, an empty one too
        if getattr(after, name) in ((None,) if name == "ports" else (None, "", ())) and name != "pointer"
    }
    return msgspec.structs.replace(after, **kept)


# --- ways ---------------------------------------------------------------------------------------------------------


def _localnet(network: NetworkNoun, setup: Setup) -> Wire:
    mapped = setup.mappings.get(network.physical)
    if mapped is not None:
        bridge, d, pointer = mapped
        way = _way(setup, bridge, True)
        told = tuple(dict.fromkeys((*way.policies, d.name)))
        return msgspec.structs.replace(way, origin=_origin(d, pointer), policies=told)
    lacks = "" if setup.open else f"no bridge mapping names the physical network `{network.physical}`"
    return Wire(at=setup.at, known=setup.known, lacks=lacks, open=setup.open)


def _way(setup: Setup, name: str, is_bridge: bool) -> Wire:
    """The way from an interface of the node to those that hang on nothing else."""
    start = setup.wiring.get(name)
    if start is None:
        lacks = f"no interface `{name}` is there" if setup.seen and not setup.open else ""
        open_ = setup.open or ("" if lacks else f"how `{name}` is set up there is not in the input")
        uplinks = () if is_bridge else (name,)
        return Wire(at=setup.at, known=setup.known, bridge=name, uplinks=uplinks, lacks=lacks, open=open_)
    uplinks_: dict[str, None] = {}
    sizes: list[tuple[int, str, Origin]] = []
    policies: dict[str, None] = {}
    bonds: list[tuple[str, str, Origin]] = []
    passing: list[tuple[tuple[int, int], ...] | None] = []
    for wiring, d, ports in _below(setup, name, uplinks_):
        policies[d.name] = None
        if wiring.mtu_bytes is not None:
            sizes.append((wiring.mtu_bytes, wiring.name, _origin(d, (*wiring.pointer, "mtu"))))
        if wiring.mode:
            bonds.append((wiring.name, wiring.mode, _origin(d, (*wiring.pointer, "link-aggregation", "mode"))))
        if wiring.type == "linux-bridge":
            passing += [None if p.vlans is None else (*p.vlans, (0, 0), (p.native, p.native)) for p in ports]
    vlans: tuple[tuple[int, int], ...] | None = None
    if passing and None not in passing:
        vlans = tuple(sorted({span for spans in passing for span in spans or ()}))
    least = min(sizes, key=lambda one: one[:2], default=None)
    wiring, d = start
    lacks = "" if uplinks_ or not is_bridge or wiring.ports is None else f"`{name}` has no port to a cable"
    return Wire(
        at=setup.at,
        known=setup.known,
        bridge=name,
        uplinks=tuple(sorted(uplinks_)),
        vlans=vlans,
        mtu_bytes=least[0] if least else None,
        mtu_of=least[1] if least else "",
        mtu_origin=least[2] if least else None,
        bonds=tuple(bonds),
        policies=tuple(policies),
        lacks="" if setup.open else lacks,
        open=setup.open,
        origin=_origin(d, wiring.pointer),
    )


def _below(setup: Setup, name: str, uplinks: dict[str, None]) -> Iterator[tuple[Wiring, Decoded, tuple[Port, ...]]]:
    """The interfaces on the way, each once, and of a bridge the ports to other interfaces; fills in those that hang on
    nothing else."""
    left, seen = [name], {name}
    while left:
        here = left.pop(0)
        wiring, d = setup.wiring[here]
        ports = tuple(
            p for p in wiring.ports or () if p.name not in setup.wiring or _is_link(setup.wiring[p.name][0], p)
        )
        further = [*wiring.below, *(one for p in ports for one in (p.bond or (p.name,)))]
        if not further and wiring.type not in BRIDGES:
            uplinks[here] = None
        for one in further:
            if one in seen:
                continue
            seen.add(one)
            if one in setup.wiring:
                left.append(one)
            else:
                uplinks[one] = None
        yield wiring, d, ports


def _is_link(wiring: Wiring, port: Port) -> bool:
    """Whether a port of a bridge leads to another interface: one of its own bears the node's address."""
    return wiring.type not in ("ovs-interface", "veth", "dummy") or bool(port.bond)


def _cards(network: NetworkNoun, policies: Sequence[Decoded]) -> Iterator[Wire]:
    """The cards whose functions are of a network's resource."""
    for d in sorted(policies, key=lambda d: (d.namespace, d.name)):
        spec = d.value.spec
        if spec is None or not spec.resource_name or spec.resource_name != network.physical.rpartition("/")[2]:
            continue
        wanted = ", ".join(f"{k}={v}" if v else k for k, v in sorted((spec.node_selector or {}).items()))
        yield Wire(
            at=(wanted or EVERY_NODE,),
            known=False,
            uplinks=tuple(spec.nic_selector.pf_names or ()) if spec.nic_selector else (),
            mtu_bytes=spec.mtu or None,
            mtu_of=f"the functions of `{spec.resource_name}`" if spec.mtu else "",
            mtu_origin=_origin(d, ("spec", "mtu")),
            policies=(d.name,),
            open="" if spec.mtu else "the MTU of the card is not in the input",
            origin=_origin(d, ("spec",)),
        )


def _origin(d: Decoded, pointer: Pointer) -> Origin:
    return Origin(kind=d.kind, namespace=d.namespace, name=d.name, pointer=pointer, place=d.place)
