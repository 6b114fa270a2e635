"""Policies and machines: what a policy does not cover, and whom its selectors and ranges do not meet.

After the NetworkPolicy concept page, OKEP-5193 of OVN-Kubernetes (policies act on the primary network), and KubeVirt's
user guide (labels of instances, addresses behind `masquerade`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netwright.base.ipset import IpSet
from netwright.dialects.k8s.objects import LabelSelector
from netwright.dialects.kubevirt.objects import VirtualMachineInstance
from netwright.dialects.multus import POLICY
from netwright.dialects.multus.objects import MultiNetworkPolicy, policy_for
from netwright.model.document import Decoded
from netwright.model.networks import POD
from netwright.profiles.networks import described
from netwright.profiles.odd_networks import addresses
from netwright.profiles.primary_networks import primary_networks
from netwright.questions.check.attached import Attached, attached
from netwright.questions.check.found import Found, Seen, at, listed
from netwright.questions.check.machine_bindings import GUESTS
from netwright.questions.check.machines import Machines, Networks
from netwright.questions.check.scene import RuleOf, Scene, spec_of
from netwright.spec.labels import matches


def checks(scene: Scene) -> Iterator[Found]:
    """NW6201, NW6205 to NW6208."""
    yield from open_beside(scene)
    yield from other_networks(scene)
    yield from labels_of_machines(scene)
    yield from addresses_of_machines(scene)


# --- other networks --------------------


def open_beside(scene: Scene) -> Iterator[Found]:
    """NW6201: interfaces beside the primary network of what policies isolate."""
    beside = scene.stage.once(attached)
    if not beside:
        return
    covered = _covered(scene)
    policies: dict[str, Decoded] = {}
    for policy in scene.policies:
        for ref in scene.refs(scene.subjects(policy).must):
            policies.setdefault(ref, policy)
    for one in beside:
        acts = policies.get(one.ref)
        if acts is None or (one.ref, one.name) in covered:
            continue
        yield Found(
            "NW6201",
            at(one.decoded, *one.pointer),
            f"`{one.ref}` is isolated by NetworkPolicies, and {_interface(one)} on `{one.name}` stays open",
            label="no NetworkPolicy acts here",
            effect="whoever is on that network reaches it there on every port, and it reaches them",
            help="write a MultiNetworkPolicy for that network where something enforces it, or limit it on the wire",
            key=f"{one.interface} {one.name}",
            workloads=(one.ref,),
            also=(Seen(at(acts, "spec", "podSelector"), "acts on the primary network alone"),),
        )


def _interface(one: Attached) -> str:
    return f"its interface `{one.interface}`" if one.interface else "its interface"


def _covered(scene: Scene) -> frozenset[tuple[str, str]]:
    """The workloads that MultiNetworkPolicies select, or may, each with an attachment that they are for."""
    found: set[tuple[str, str]] = set()
    for d in scene.of_kind(POLICY):
        if isinstance(d.value, MultiNetworkPolicy) and d.value.spec is not None:
            refs = scene.refs(scene.pods(d.value.spec.pod_selector, d.namespace).may)
            found.update((ref, name) for ref in refs for name in policy_for(d.value, d.namespace))
    return frozenset(found)


def other_networks(scene: Scene) -> Iterator[Found]:
    """NW6205: peers that are all on another primary network than the policy's pods."""
    networks = scene.stage.once(Networks)
    if not any(one.role == "primary" for one in networks.all[1:]):
        return
    perhaps = {namespace for one in networks.all for namespace in one.perhaps}
    primary = primary_networks(scene.cluster.objects)
    joined = {(one.first, one.second) for one in (primary.joins if primary else ()) if one.pods}
    for rule in scene.rules():
        mine = rule.policy.namespace
        if mine in perhaps:
            continue
        own = networks.primary(mine)
        for number, peer in enumerate(rule.peers or ()):
            where = {scene.workload_of(row).namespace for row in scene.peers(peer, mine).may}
            if not where or where & perhaps:
                continue
            theirs = [networks.primary(namespace) for namespace in sorted(where)]
            refs = [one.ref if one is not None else POD for one in theirs]
            mine_ref = own.ref if own is not None else POD
            if any(ref == mine_ref or (ref, mine_ref) in joined for ref in refs):
                continue
            network = next((one for one in (own, *theirs) if one is not None), None)
            yield Found(
                "NW6205",
                at(rule.policy, *rule.pointer, rule.side, number),
                f"a peer of `{mine}/{rule.policy.name}` is on another primary network than its pods: namespace "
                f"{listed(sorted(where))}",
                label="never met",
                effect="pods of different primary networks do not reach each other, whatever policies allow",
                help="put both namespaces on one ClusterUserDefinedNetwork, or join their networks by a "
                "ClusterNetworkConnect",
                key=" ".join((rule.direction, *sorted(where))),
                workloads=scene.refs(scene.peers(peer, mine).may),
                also=(Seen(network.origin, described(network)),) if network and network.origin else (),
            )


# --- labels --------------------


def labels_of_machines(scene: Scene) -> Iterator[Found]:
    """NW6206: selectors of policies and Services that mean the labels of a machine itself."""
    machines = scene.stage.once(Machines)
    own: list[tuple[str, str, Mapping[str, str], Mapping[str, str], Decoded]] = []
    for machine in machines.all:
        if isinstance(machine.decoded.value, VirtualMachineInstance):
            continue
        labels = {key: text or "" for key, text in (machine.decoded.value.metadata.labels or {}).items()}
        if any(machine.labels.get(key) != text for key, text in labels.items()):
            own.append((machine.noun.namespace, machine.noun.ref, labels, machine.labels, machine.decoded))
    if not own:
        return
    for d, selector, pointer in _selectors(scene):
        meant = [
            (ref, machine)
            for namespace, ref, labels, pod, machine in own
            if namespace == d.namespace and matches(selector, labels) and not matches(selector, pod)
        ]
        if not meant:
            continue
        refs = tuple(ref for ref, _ in meant)
        yield Found(
            "NW6206",
            at(d, *pointer),
            f"{d.kind} `{d.namespace}/{d.name}` selects by labels that {listed(refs)} "
            f"{'has' if len(refs) == 1 else 'have'} on the machine alone",
            label=f"does not select {listed(refs)}",
            effect="KubeVirt gives the pod the labels of the template: the machine is not selected",
            help="write the labels into `spec.template.metadata.labels`, and restart the machine",
            workloads=refs,
            also=(Seen(at(meant[0][1], "metadata", "labels"), "has the label here"),),
        )


def _selectors(scene: Scene) -> Iterator[tuple[Decoded, LabelSelector, tuple[str, ...]]]:
    """The selectors that ask for a label: of NetworkPolicies and of Services."""
    for policy in scene.policies:
        selector = spec_of(policy).pod_selector
        if selector is not None and (selector.match_labels or selector.match_expressions):
            wanted = [e for e in selector.match_expressions or () if e and e.operator in ("In", "Exists")]
            if selector.match_labels or wanted:
                yield policy, selector, ("spec", "podSelector")
    for d in scene.of_kind("Service"):
        spec = d.value.spec
        if spec is not None and spec.selector:
            yield d, LabelSelector(match_labels=spec.selector), ("spec", "selector")


# --- addresses --------------------


def addresses_of_machines(scene: Scene) -> Iterator[Found]:
    """NW6207: ranges of guests behind `masquerade`; NW6208: addresses of machines that they do not keep."""
    machines = scene.stage.once(Machines)
    guests: list[tuple[str, IpSet]] = []
    fleeting: dict[str, tuple[str, str]] = {}
    for machine, card in machines.cards():
        if card.binding == "masquerade" and card.source.pod is not None:
            own = (card.source.pod.vm_network_cidr or GUESTS[0], card.source.pod.vm_ipv6_network_cidr or GUESTS[1])
            guests.append((machine.noun.ref, addresses(own)))
        status = machine.instance.status if machine.instance else None
        kept = next((nic.ip_kept for nic in machine.noun.nics if nic.name == card.name), None)
        if kept is None or kept.restart != "no":
            continue
        for one in (status.interfaces if status else None) or ():
            if one.name == card.name:
                for text in one.ip_addresses or ((one.ip_address,) if one.ip_address else ()):
                    fleeting[text] = (machine.noun.ref, kept.why)
    if not guests and not fleeting:
        return
    pods = addresses(scene.cluster.pod_ranges.cidrs())
    for rule, number, text in _blocks(scene):
        block = addresses([text])
        place = at(rule.policy, *rule.pointer, rule.side, number, "ipBlock", "cidr")
        inside = [ref for ref, own in guests if block and block <= own]
        if inside and not block & pods:
            yield Found(
                "NW6207",
                place,
                f"`{rule.policy.namespace}/{rule.policy.name}` names {text}, which only guests behind `masquerade` see",
                label="in no packet between pods",
                effect="outside the launcher pod the machine has the pod's address: the rule matches nothing of it",
                help="select the machine by its labels",
                key=f"{rule.direction} {text}",
                workloads=tuple(inside),
            )
        name = next((text_ for text_ in fleeting if block and block == addresses([text_])), None)
        if name is not None:
            ref, why = fleeting[name]
            yield Found(
                "NW6208",
                place,
                f"`{rule.policy.namespace}/{rule.policy.name}` names {name}, the address that `{ref}` has at present",
                label="another one after the next start",
                effect=f"the machine does not keep it ({why}): then the rule is about somebody else",
                help="select the machine by its labels, or attach it to a network that keeps addresses",
                key=f"{rule.direction} {name}",
                workloads=(ref,),
            )


def _blocks(scene: Scene) -> Iterator[tuple[RuleOf, int, str]]:
    for rule in scene.rules():
        for number, peer in enumerate(rule.peers or ()):
            if peer.ip_block is not None and peer.ip_block.cidr:
                yield rule, number, peer.ip_block.cidr
