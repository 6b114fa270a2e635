"""Workloads that go past policy: on their node's network, or by a port of the node.

After the NetworkPolicy concept page ("NetworkPolicy and hostNetwork pods"): how policies act on hostNetwork pods is
undefined, and most plugins pass them over.
"""

from __future__ import annotations

from collections.abc import Iterator

from netwright.base.services import protocol_name
from netwright.dialects.k8s.objects import LabelSelector
from netwright.model.cluster import Workload
from netwright.model.document import Decoded
from netwright.questions.check.found import Found, Seen, at, listed, namespace_of
from netwright.questions.check.pods import port_place, spec_pointer
from netwright.questions.check.scene import Scene, spec_of
from netwright.spec.labels import matches


def checks(scene: Scene) -> Iterator[Found]:
    yield from selected_in_vain(scene)
    yield from past_policy(scene)
    yield from host_ports(scene)


def _selected(scene: Scene) -> dict[Decoded, list[Workload]]:
    """By policy, the workloads on their node's network that its selector means: it asks for labels, and they have
    them."""
    hosts: dict[str, list[Workload]] = {}
    for w in scene.workloads:
        if scene.is_host(w):
            hosts.setdefault(w.namespace, []).append(w)
    found: dict[Decoded, list[Workload]] = {}
    columns = scene.cluster.columns
    for policy in scene.policies if hosts else ():
        selector = spec_of(policy).pod_selector
        if selector is None or not _asks(selector):
            continue
        for workload in hosts.get(policy.namespace, ()):
            labels = {k.removeprefix("k8s:"): v for k, v in columns.labels_of(workload.rows[0]).items()}
            if matches(selector, labels):
                found.setdefault(policy, []).append(workload)
    return found


def _asks(selector: LabelSelector) -> bool:
    """Whether a selector asks for a label: one that only excludes means nobody in particular."""
    wanted = [e for e in selector.match_expressions or () if e and e.operator in ("In", "Exists")]
    return bool(selector.match_labels or wanted)


def selected_in_vain(scene: Scene) -> Iterator[Found]:
    """NW3201: a policy that means pods which are on their node's network."""
    for policy, workloads in scene.once(_selected).items():
        refs = tuple(w.ref for w in workloads)
        thing = scene.object_of(workloads[0])
        yield Found(
            "NW3201",
            at(policy, "spec", "podSelector"),
            f"`{policy.namespace}/{policy.name}` does not act on {listed(refs)}, which "
            f"{'is' if len(refs) == 1 else 'are'} on the node's network",
            label=f"selects {listed(refs)} by labels",
            effect="their packets are the node's: neither what they accept nor where they go is limited by the policy",
            help="leave `hostNetwork` out, or limit the node itself (its firewall, or the plugin's host policies)",
            workloads=refs,
            also=(Seen(at(thing, *spec_pointer(thing), "hostNetwork"), "no policy acts here"),),
        )


def past_policy(scene: Scene) -> Iterator[Found]:
    """NW3203: by namespace, workloads on their node's network that no policy and no peer means either."""
    told = scene.hosts_meant | {w.ref for workloads in scene.once(_selected).values() for w in workloads}
    members: dict[str, list[Workload]] = {}
    for w in scene.workloads:
        if scene.is_host(w) and w.ref not in told:
            members.setdefault(w.namespace, []).append(w)
    for namespace, workloads in members.items():
        refs = tuple(w.ref for w in workloads)
        one = len(refs) == 1
        thing = scene.object_of(workloads[0])
        yield Found(
            "NW3203",
            at(thing, *spec_pointer(thing), "hostNetwork"),
            f"{len(refs)} workload{'s' * (not one)} in `{namespace}` {'is' if one else 'are'} on the node's network, "
            f"outside all policy: {listed(refs)}",
            label="no policy acts here",
            effect="they accept what the node accepts and go wherever it can, to the metadata address and the "
            "kubelets too",
            help="leave `hostNetwork` out where the workload does not need it",
            key=namespace,
            workloads=refs,
            subject=namespace_of(namespace),
        )


def host_ports(scene: Scene) -> Iterator[Found]:
    """NW3202: hostPorts of workloads that have a network of their own."""
    for w in scene.workloads:
        row = w.rows[0]
        ports = [p for p in scene.cluster.row_ports[row] if p.host_port]
        if not ports or scene.is_host(w):
            continue
        thing = scene.object_of(w)
        place = port_place(thing, ports[0], "hostPort")
        written = listed([f"{protocol_name(p.protocol)} {p.host_port}" for p in ports])
        yield Found(
            "NW3202",
            place or at(thing, "metadata", "name"),
            f"`{w.ref}` opens {written} on every node that runs it",
            label="past every Service",
            effect="whoever reaches the node reaches the pod there; whether its policies see the client's address or "
            "the node's is the network plugin's choice",
            help="use a Service, or close the port at the nodes' firewall",
            workloads=(w.ref,),
        )
