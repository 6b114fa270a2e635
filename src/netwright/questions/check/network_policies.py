"""Policies of secondary networks that do not do what they say, and connections and devices that are not what is meant.

After the page "multi-networkpolicy" of OVN-Kubernetes (8871cd9cec9c: on networks without addresses only peers by range
work), OpenShift's table of what each kind of attachment supports (Linux bridge: no policies), and the SR-IOV network
operator.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netwright.dialects.multus import POLICY
from netwright.dialects.multus.objects import POLICY_FOR, MultiNetworkPolicy, policy_for
from netwright.dialects.sriov.objects import SriovNetworkNodePolicy
from netwright.model.document import Decoded
from netwright.model.networks import by_attachment
from netwright.profiles.multi_policies import FOR_GUESTS, HANDED_OVER, OVN_TOPOLOGIES
from netwright.profiles.networks import described
from netwright.profiles.primary_networks import primary_networks
from netwright.questions.check.attached import attached
from netwright.questions.check.found import Found, Seen, at, field, listed
from netwright.questions.check.machines import Machines, Networks
from netwright.questions.check.scene import Scene

BRIDGED: Final = ("bridge", "cnv-bridge", "tap", "macvtap")


def checks(scene: Scene) -> Iterator[Found]:
    """NW6015, NW6117, NW6202 to NW6204."""
    networks = scene.stage.once(Networks)
    for d in scene.of_kind(POLICY):
        if isinstance(d.value, MultiNetworkPolicy):
            yield from acts_on(d, networks)
            yield from by_selector(d, networks)
            yield from not_enforced(d, scene)
    yield from refused_connects(scene)
    yield from wrong_driver(scene)


# --- MultiNetworkPolicy --------------------


def acts_on(d: Decoded, networks: Networks) -> Iterator[Found]:
    """NW6204: networks that are not named, or not there."""
    held = by_attachment(networks.all)
    names = policy_for(d.value, d.namespace)
    if not names:
        yield Found(
            "NW6204",
            at(d, "metadata", "name"),
            f"MultiNetworkPolicy `{d.namespace}/{d.name}` names no network",
            label=f"no annotation `{POLICY_FOR}`",
            effect="it acts on nothing",
            help=f"name the NetworkAttachmentDefinitions in the annotation `{POLICY_FOR}`",
        )
    inhabited = {name.partition("/")[0] for name in held}
    for name in names:
        if name not in held and name.partition("/")[0] in inhabited:
            yield Found(
                "NW6204",
                at(d, "metadata", "annotations", POLICY_FOR),
                f"MultiNetworkPolicy `{d.namespace}/{d.name}` is for `{name}`, which is not there",
                label="no NetworkAttachmentDefinition of this name",
                effect="it acts on nothing there",
                help=f"there are {listed(sorted(held))}",
                key=name,
            )


def by_selector(d: Decoded, networks: Networks) -> Iterator[Found]:
    """NW6202: peers by labels where nobody knows addresses."""
    held = by_attachment(networks.all)
    named = [held[name] for name in policy_for(d.value, d.namespace) if name in held]
    bare = [one for one in named if one.ipam == "none" and one.topology in OVN_TOPOLOGIES]
    spec = d.value.spec
    if not bare or spec is None:
        return
    for side, rules in (("ingress", spec.ingress), ("egress", spec.egress)):
        for number, rule in enumerate(rules or ()):
            word = "from" if side == "ingress" else "to"
            peers = (getattr(rule, "from_", None) if side == "ingress" else getattr(rule, "to", None)) or ()
            for index, peer in enumerate(peers):
                if peer is None or peer.ip_block is not None:
                    continue
                yield Found(
                    "NW6202",
                    at(d, "spec", side, number, word, index),
                    f"MultiNetworkPolicy `{d.namespace}/{d.name}` selects peers by labels on {described(bare[0])}, "
                    "which gives no addresses",
                    label="cannot be turned into addresses",
                    effect="OVN-Kubernetes refuses the whole policy: nothing of it acts, and its pods stay open there",
                    help="name the peers by `ipBlock`",
                    key=f"{side} {number} {index}",
                )


def not_enforced(d: Decoded, scene: Scene) -> Iterator[Found]:
    """NW6203: machines on networks where nothing sees their packets."""
    names = set(policy_for(d.value, d.namespace))
    spec = d.value.spec
    if spec is None:
        return
    refs = set(scene.refs(scene.pods(spec.pod_selector, d.namespace).may))
    machines = {machine.noun.ref for machine in scene.stage.once(Machines).all}
    told: set[str] = set()
    for one in scene.stage.once(attached):
        network = one.network
        if one.name not in names or one.ref not in refs & machines or network is None or network.ref in told:
            continue
        if network.topology not in (*BRIDGED, *HANDED_OVER):
            continue
        told.add(network.ref)
        why = (
            "frames pass the launcher pod unseen" if network.topology in BRIDGED else "the guest has the device itself"
        )
        yield Found(
            "NW6203",
            at(d, "metadata", "annotations", POLICY_FOR),
            f"MultiNetworkPolicy `{d.namespace}/{d.name}` is not enforced at `{one.ref}` on `{network.ref}`: it is of "
            f"type {network.topology}",
            label=why,
            effect="the machine accepts everything from that network, whatever the policy says",
            help="use an OVN network, or limit it on the wire",
            key=network.ref,
            workloads=(one.ref,),
            also=(Seen(at(one.decoded, *one.pointer), "is attached here"),),
        )


# --- networks and nodes --------------------


def refused_connects(scene: Scene) -> Iterator[Found]:
    """NW6117: ClusterNetworkConnects that join nothing."""
    primary = primary_networks(scene.cluster.objects)
    told: set[str] = set()
    for join in primary.joins if primary is not None else ():
        if not join.unsupported or join.origin.name in told:
            continue
        told.add(join.origin.name)
        yield Found(
            "NW6117",
            field(join.origin, "metadata", "name"),
            f"ClusterNetworkConnect `{join.origin.name}` is not supported as it is: {join.unsupported}",
            label="is not accepted",
            effect="the networks that it selects may stay apart: what meets there is undecided",
            help="give the networks subnets of the same families that overlap neither each other nor `connectSubnets`",
        )


def wrong_driver(scene: Scene) -> Iterator[Found]:
    """NW6015: SR-IOV interfaces of machines whose pool is not for guests."""
    pools: dict[str, list[Decoded]] = {}
    for d in scene.objects:
        if isinstance(d.value, SriovNetworkNodePolicy) and d.value.spec and d.value.spec.resource_name:
            pools.setdefault(d.value.spec.resource_name, []).append(d)
    for machine, card in scene.stage.once(Machines).cards():
        if card.binding != "sriov" or card.network is None:
            continue
        held = pools.get(card.network.physical.rpartition("/")[2], [])
        wrong = [d for d in held if (d.value.spec.device_type or "netdevice") != FOR_GUESTS]
        if wrong:
            kind = wrong[0].value.spec.device_type or "netdevice"
            yield Found(
                "NW6015",
                at(machine.decoded, *card.pointer),
                f"interface `{card.name}` of `{machine.noun.ref}` is SR-IOV, and the devices of "
                f"`{card.network.physical}` are bound to `{kind}`",
                label="no device for a guest",
                effect="a device that the node's own driver has cannot be given to the guest: the machine does not "
                "start",
                help=f"set `deviceType: {FOR_GUESTS}` in the SriovNetworkNodePolicy, or use another pool",
                key=card.name,
                workloads=(machine.noun.ref,),
                also=(Seen(at(wrong[0], "spec", "deviceType"), f"is `{kind}`"),),
            )
