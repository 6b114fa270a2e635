"""Selectors of policies that select nothing: of the pods a policy is for, and of its peers.

After the NetworkPolicy concept page ("Behavior of `to` and `from` selectors"): a peer with `podSelector` alone means
pods of the policy's own namespace; `namespaceSelector` and `podSelector` in one entry of the list are both asked for,
in two entries either is enough. Pods on their node's network are not met by selectors.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from netwright.dialects.k8s.endpoints import NAMESPACE_NAME
from netwright.dialects.k8s.objects import LabelSelector, NetworkPolicyPeer
from netwright.model.document import Decoded
from netwright.questions.check.found import Found, Seen, at, listed, namespace_of, things
from netwright.questions.check.label_words import close, contradiction, nearest, wanted, written
from netwright.questions.check.mistakes import Mistakes
from netwright.questions.check.scene import RuleOf, Scene, spec_of
from netwright.questions.check.surroundings import Surroundings


def checks(scene: Scene) -> Iterator[Found]:
    around = scene.once(Surroundings)
    yield from subjects(around)
    yield from peers(around)


# --- the pods a policy is for --------------------


def subjects(around: Surroundings) -> Iterator[Found]:
    """NW2001, NW2002, NW2009: by policy, and where a namespace has no workload by namespace."""
    deserted: dict[str, list[Decoded]] = {}
    for policy in around.scene.policies:
        selector = spec_of(policy).pod_selector
        key = contradiction(selector)
        if selector is not None and key:
            found = _impossible(policy, ("spec", "podSelector"), selector, key, "policy", "podSelector")
            _lost(around, found, policy, around.meant(selector, (policy.namespace,), policy.name))
            yield found
        elif policy.namespace not in around.peopled:
            deserted.setdefault(policy.namespace, []).append(policy)
        elif selector is not None and written(selector) and not around.scene.subjects(policy).may:
            yield from _selects_nothing(around, policy, selector)
    for namespace, policies in deserted.items():
        names = listed([p.name for p in policies])
        one = len(policies) == 1
        found = Found(
            "NW2002",
            at(policies[0], "metadata", "namespace"),
            f"{len(policies)} polic{'y' if one else 'ies'} for namespace `{namespace}`, which has no workload in the "
            f"input: {names}",
            label="no workload of this namespace was read",
            effect="nothing can be said of what they do: there is no pod that they select",
            help="name the manifests of its workloads as a source too, or correct the namespace",
            key=namespace,
            objects=things(policies),
            subject=namespace_of(namespace),
        )
        for policy in policies:
            selector = spec_of(policy).pod_selector
            if selector is not None and written(selector):
                _lost(around, found, policy, _of_one_namespace(around, around.scene.anywhere(selector).must))
        yield found


def _of_one_namespace(around: Surroundings, rows: tuple[int, ...]) -> tuple[int, ...]:
    """These pods if one namespace has them: which of several is meant nobody knows."""
    homes = {around.scene.cluster.row_objects[row].namespace for row in rows}
    return rows if len(homes) == 1 else ()


def _lost(around: Surroundings, found: Found, policy: Decoded, meant: tuple[int, ...]) -> None:
    around.scene.once(Mistakes).lost(found, policy, around.scene.types(spec_of(policy)), meant)


def _selects_nothing(around: Surroundings, policy: Decoded, selector: LabelSelector) -> Iterator[Found]:
    asked, namespace = written(selector), policy.namespace
    if around.hosts(NetworkPolicyPeer(pod_selector=selector), namespace):
        return  # NW3201
    if not all(around.scene.profile.reading.sees(key) for key, _ in wanted(selector)):
        return  # NW2504
    title = f"policy `{namespace}/{policy.name}` selects no pod: none in `{namespace}` has `{asked}`"
    label, effect = "no pod has these labels", "it isolates nothing, and its rules admit nobody anywhere"
    advice = "correct the labels, or delete the policy"
    meant: tuple[int, ...]
    if not around.settles(selector, (namespace,)):
        return
    elif elsewhere := around.scene.anywhere(selector).must:
        homes = listed(list(dict.fromkeys(around.scene.cluster.row_objects[row].namespace for row in elsewhere)))
        label = f"pods with these labels are in {homes}"
        effect = f"a policy acts in its own namespace only: {listed(around.scene.refs(elsewhere))} stay as they are"
        advice = f"move the policy to {homes}, or correct the labels"
        meant = _of_one_namespace(around, elsewhere)
    else:
        near = nearest(selector, around.labels_in(namespace))
        advice = f"{near}; else delete the policy" if near else advice
        meant = around.meant(selector, (namespace,), policy.name)
    found = Found(
        "NW2001",
        at(policy, "spec", "podSelector"),
        title,
        label=label,
        effect=effect,
        help=advice,
    )
    _lost(around, found, policy, meant)
    yield found


def _impossible(
    policy: Decoded, pointer: tuple[str | int, ...], selector: LabelSelector, key: str, who: str, field: str
) -> Found:
    reason = f"`{key}`" if key != NAMESPACE_NAME else f"`{key}`, which every namespace has"
    return Found(
        "NW2009",
        at(policy, *pointer),
        f"{field} of {who if who != 'policy' else f'policy `{policy.namespace}/{policy.name}`'} can never select "
        f"anything: what it asks of {reason} excludes each other",
        label=f"`{written(selector)}`",
        effect="no object has labels that meet all of it, whatever is deployed",
        help="all requirements of a selector must hold together; for one or the other use `In` with both values",
        key=f"{who} {field} {written(selector)}",
    )


# --- peers --------------------


class PeerOf(msgspec.Struct, frozen=True):
    """One entry of a rule's `from` or `to` that selects pods."""

    rule: RuleOf
    number: int
    peer: NetworkPolicyPeer

    @property
    def pointer(self) -> tuple[str | int, ...]:
        return (*self.rule.pointer, self.rule.side, self.number)

    def found(
        self, code: str, field: str, title: str, label: str, effect: str, help: str, *also: Seen, key: str = ""
    ) -> Found:
        said = " ".join(written(s) for s in (self.peer.namespace_selector, self.peer.pod_selector) if s is not None)
        return Found(
            code,
            at(self.rule.policy, *self.pointer, field),
            title,
            label=label,
            effect=effect,
            help=help,
            key=key or f"{self.rule.direction} {said}",
            also=also,
        )


def peers(around: Surroundings) -> Iterator[Found]:
    """NW2003 to NW2010: each peer that selects nobody, once a policy."""
    told: set[tuple[Decoded, str, str]] = set()
    mistakes = around.scene.once(Mistakes)
    for rule in around.scene.rules():
        for number, peer in enumerate(rule.peers or ()):
            if peer.ip_block is not None:
                continue
            found = next(_of_peer(around, PeerOf(rule, number, peer)), None)
            if found is None:
                continue
            mistakes.peer(found, rule, _meant(around, found.code, rule.policy.namespace, peer))
            if (rule.policy, found.code, found.key) not in told:
                told.add((rule.policy, found.code, found.key))
                yield found


def _meant(around: Surroundings, code: str, namespace: str, peer: NetworkPolicyPeer) -> tuple[int, ...] | None:
    """The pods that a peer which selects nobody most likely means; None: nobody knows."""
    scene, pods = around.scene, peer.pod_selector
    if code == "NW2010":
        return around.hosts(peer, namespace)
    if peer.namespace_selector is None:
        elsewhere = scene.anywhere(pods).must if pods is not None and code in ("NW2006", "NW2007") else ()
        return _of_one_namespace(around, elsewhere) or around.meant(pods, (namespace,)) or None
    where = around.namespaces(peer.namespace_selector)[1] or around.nearly_namespaces(peer.namespace_selector)
    return around.meant(pods, where) or None


def _of_peer(around: Surroundings, one: PeerOf) -> Iterator[Found]:
    """What is wrong with a peer, the most telling first."""
    rule, peer, scene = one.rule, one.peer, around.scene
    if not all(scene.profile.reading.sees(key) for key, _ in wanted(peer.pod_selector)):
        return  # NW2504
    for field, selector in (("namespaceSelector", peer.namespace_selector), ("podSelector", peer.pod_selector)):
        key = contradiction(selector, of_namespaces=field == "namespaceSelector")
        if selector is not None and key:
            who = f"an {rule.direction} peer"
            yield _impossible(rule.policy, (*one.pointer, field), selector, key, who, field)
    if scene.peers(peer, rule.policy.namespace).may:
        return
    hosts = around.hosts(peer, rule.policy.namespace)
    if hosts and (written(peer.pod_selector) or any(wanted(peer.namespace_selector))):
        scene.hosts_meant.update(scene.refs(hosts))
        yield _only_hosts(one, scene.refs(hosts))
    elif peer.namespace_selector is None:
        yield from _own_namespace(around, one)
    else:
        yield from _other_namespaces(around, one, peer.namespace_selector)


def _nobody(rule: RuleOf) -> str:
    return "this entry admits nobody" if rule.direction == "ingress" else "this entry lets nothing out"


def _only_hosts(one: PeerOf, refs: tuple[str, ...]) -> Found:
    into = one.rule.direction == "ingress"
    return one.found(
        "NW2010",
        "namespaceSelector" if one.peer.pod_selector is None else "podSelector",
        f"peer selects only pods on their node's network: {listed(refs)}",
        "these pods have hostNetwork",
        f"{_nobody(one.rule)}: connections {'from' if into else 'to'} hostNetwork pods bear their node's address, "
        "which selectors do not match",
        "allow the nodes' addresses with an `ipBlock`, or take `hostNetwork` from the pods",
    )


def _own_namespace(around: Surroundings, one: PeerOf) -> Iterator[Found]:
    selector, rule = one.peer.pod_selector, one.rule
    namespace = rule.policy.namespace
    if selector is None or not around.settles(selector, (namespace,)):
        return
    asked = written(selector)
    elsewhere = around.scene.anywhere(selector).must
    for number, other in enumerate(rule.peers or ()):
        if other.namespace_selector is None or other.pod_selector is not None:
            continue
        both = NetworkPolicyPeer(namespace_selector=other.namespace_selector, pod_selector=selector)
        meant = around.scene.peers(both, namespace).must
        if meant:
            verb = "admits" if rule.direction == "ingress" else "lets out to"
            yield one.found(
                "NW2007",
                "podSelector",
                f"`namespaceSelector` and `podSelector` are two entries, not one: the rule {verb} every pod of the "
                f"selected namespaces, and pods with `{asked}` of `{namespace}`, where there are none",
                f"no pod in `{namespace}` has these labels",
                f"more is allowed than was most likely meant, which is {listed(around.scene.refs(meant))}",
                "take the `-` from `podSelector`, so that one entry asks for both",
                Seen(
                    at(rule.policy, *rule.pointer, rule.side, number, "namespaceSelector"),
                    "an entry of its own: every pod of these namespaces",
                ),
            )
            return
    if elsewhere:
        refs = around.scene.refs(elsewhere)
        homes = list(dict.fromkeys(around.scene.cluster.row_objects[row].namespace for row in elsewhere))
        yield one.found(
            "NW2006",
            "podSelector",
            f"peer selects no pod: `podSelector` alone means pods of `{namespace}`, and those with `{asked}` are in "
            f"{listed(homes)}",
            f"no pod in `{namespace}` has these labels",
            f"{_nobody(rule)}: {listed(refs)} {'is' if len(refs) == 1 else 'are'} not meant by it",
            f"add `namespaceSelector: {{matchLabels: {{{NAMESPACE_NAME}: {homes[0]}}}}}` to the same entry",
        )
        return
    near = nearest(selector, around.labels_in(namespace))
    yield one.found(
        "NW2003",
        "podSelector",
        f"peer selects no pod: none in `{namespace}` has `{asked}`",
        "no pod has these labels",
        _nobody(rule),
        near or "correct the labels, or delete the entry",
    )


def _other_namespaces(around: Surroundings, one: PeerOf, selector: LabelSelector) -> Iterator[Found]:
    rule = one.rule
    sure, perhaps = around.namespaces(selector)
    asked = written(selector)
    if not perhaps:
        for key, name in _names_without_label(around, selector):
            yield one.found(
                "NW2008",
                "namespaceSelector",
                f"peer selects no namespace: none has the label `{key}: {name}`, not even namespace `{name}`",
                f"`{name}` has no label `{key}`",
                _nobody(rule),
                f"write `{NAMESPACE_NAME}: {name}`, the label that every namespace has, or label the namespace",
            )
            return
        near = close(selector, around.namespace_labels)
        if near or around.is_whole or _speaks_of_known_labels(around, selector):
            yield one.found(
                "NW2004",
                "namespaceSelector",
                f"peer selects no namespace: none has `{asked}`",
                "no namespace has these labels",
                _nobody(rule),
                f"did you mean `{near}`?" if near else "correct the labels, or label the namespaces that are meant",
            )
        return
    pods = one.peer.pod_selector
    if pods is None or not written(pods) or not around.settles(pods, perhaps):
        return
    if around.is_whole or (sure and any(wanted(selector))):
        near = nearest(pods, (labels for name in sorted(perhaps) for labels in around.labels_in(name)))
        yield one.found(
            "NW2005",
            "podSelector",
            f"peer selects no pod: none in {listed(sorted(perhaps))} has `{written(pods)}`",
            "no pod of the selected namespaces has these labels",
            _nobody(rule),
            near or "correct the labels, or delete the entry",
        )


def _names_without_label(around: Surroundings, selector: LabelSelector) -> Iterator[tuple[str, str]]:
    """Labels that a selector asks for with the name of a namespace as the value, which lacks only this label."""
    from netwright.spec.labels import matches

    for key, values in wanted(selector):
        for name in values:
            if around.scene.namespaces.get(name) is None:
                continue
            labels = around.labels_of(name)
            if key not in labels and matches(selector, {**labels, key: name}):
                yield key, name


def _speaks_of_known_labels(around: Surroundings, selector: LabelSelector) -> bool:
    """Whether all labels that a selector asks for are in use on namespaces of the input. A namespace asked for by its
    name may well be elsewhere."""
    asked = [key for key, _ in wanted(selector)]
    known = {key for labels in around.namespace_labels for key in labels}
    return bool(asked) and NAMESPACE_NAME not in asked and known.issuperset(asked)
