"""Edits of decoded objects: a copy with one thing changed, and the change in words. Nothing is written anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from msgspec.structs import replace

from netwright.base.selectors import Selector, matches
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME
from netwright.dialects.k8s.lower import label_selector
from netwright.dialects.k8s.objects import (
    IPBlock,
    LabelSelector,
    Meta,
    NetworkPolicy,
    NetworkPolicyEgressRule,
    NetworkPolicyIngressRule,
    NetworkPolicyPeer,
    NetworkPolicyPort,
    NetworkPolicySpec,
    Pod,
    PodTemplate,
    Service,
    TemplateMeta,
    Workload,
)
from netwright.model.document import Decoded

Side = Literal["ingress", "egress"]
IDENTIFYING = ("app", "app.kubernetes.io/name", "k8s-app", "name", "app.kubernetes.io/instance", "component")


class Edit(msgspec.Struct, frozen=True):
    """`before` (None: a new object) becomes `after` (None: deleted)."""

    before: Decoded | None
    after: Decoded | None
    text: str

    @property
    def touched(self) -> list[Decoded]:
        """What it takes away and what it brings."""
        return [d for d in (self.before, self.after) if d is not None]


def apply(objects: Sequence[Decoded], edits: Sequence[Edit]) -> tuple[Decoded, ...]:
    """The objects with all edits made, new ones last; several edits of one object must be chained by the caller. Raises
    ValueError where an object to edit is not among them."""
    out = list(objects)
    for edit in edits:
        after = [edit.after] if edit.after is not None else []
        at = out.index(edit.before) if edit.before is not None else len(out)
        out[at : at + 1] = after
    return tuple(out)


def identifying_labels(labels: Mapping[str, str], preferred: Sequence[str] = ()) -> dict[str, str]:
    """The labels to name a workload by: those asked for where it has them, else a usual one, else all."""
    for keys in (preferred, *((key,) for key in IDENTIFYING)):
        found = {key: labels[key] for key in keys if key in labels}
        if found and len(found) == len(keys):
            return found
    return dict(labels)


def pod_peer(labels: Mapping[str, str], namespace: str, policy_namespace: str) -> NetworkPolicyPeer:
    """A peer that selects pods with these labels; with its namespace where that is another one."""
    where = None
    if namespace != policy_namespace:
        where = LabelSelector(match_labels={NAMESPACE_NAME: namespace})
    return NetworkPolicyPeer(pod_selector=LabelSelector(match_labels=dict(labels)), namespace_selector=where)


def address_peer(cidr: str, excepted: Sequence[str] = ()) -> NetworkPolicyPeer:
    return NetworkPolicyPeer(ip_block=IPBlock(cidr=cidr, except_=tuple(excepted) or None))


def peer_text(peer: NetworkPolicyPeer) -> str:
    if peer.ip_block:
        cut = f" except {', '.join(peer.ip_block.except_)}" if peer.ip_block.except_ else ""
        return f"{peer.ip_block.cidr}{cut}"
    pods = ",".join(f"{k}={v}" for k, v in ((peer.pod_selector and peer.pod_selector.match_labels) or {}).items())
    if peer.namespace_selector and peer.namespace_selector.match_labels:
        return f"{pods or 'every pod'} of namespace {next(iter(peer.namespace_selector.match_labels.values()))}"
    return pods or "every pod"


def widen(
    policy: Decoded, side: Side, index: int, peer: NetworkPolicyPeer | None, port: NetworkPolicyPort | None
) -> Edit | None:
    """Add a peer, a port or both to one rule. None where the rule is not there."""
    value: NetworkPolicy = policy.value
    spec = value.spec or NetworkPolicySpec()
    rules = list((spec.ingress if side == "ingress" else spec.egress) or ())
    if index >= len(rules):
        return None
    words = "from" if side == "ingress" else "to"
    texts = []
    rule = rules[index]
    if isinstance(rule, NetworkPolicyEgressRule):
        if peer is not None and rule.to:
            rule = replace(rule, to=(*rule.to, peer))
            texts.append(f"add {peer_text(peer)} to its `{words}`")
        if port is not None and rule.ports:
            rule = replace(rule, ports=(*rule.ports, port))
            texts.append(f"add {port.protocol} {port.port} to its `ports`")
    elif isinstance(rule, NetworkPolicyIngressRule):
        if peer is not None and rule.from_:
            rule = replace(rule, from_=(*rule.from_, peer))
            texts.append(f"add {peer_text(peer)} to its `{words}`")
        if port is not None and rule.ports:
            rule = replace(rule, ports=(*rule.ports, port))
            texts.append(f"add {port.protocol} {port.port} to its `ports`")
    rules[index] = rule
    if not texts:
        return None
    return Edit(policy, _with_rules(policy, side, rules), f"{_name(policy)} {side} rule {index}: {' and '.join(texts)}")


def drop_rules(policy: Decoded, side: Side, indexes: Sequence[int]) -> Edit:
    """Take rules out of a policy. Its isolation stays: the types are written where they followed from the rules."""
    value: NetworkPolicy = policy.value
    spec = value.spec or NetworkPolicySpec()
    rules = [
        r for i, r in enumerate((spec.ingress if side == "ingress" else spec.egress) or ()) if i not in set(indexes)
    ]
    numbers = ", ".join(str(i) for i in indexes)
    text = f"{_name(policy)}: delete {side} rule{'s' if len(indexes) > 1 else ''} {numbers}"
    after = _with_rules(policy, side, rules)
    types = after.value.spec.policy_types
    if types != spec.policy_types:
        text += f" and write `policyTypes: [{', '.join(types)}]`, without which it would isolate for {side} no more"
    return Edit(policy, after, text)


def new_policy(
    namespace: str,
    name: str,
    subject: Mapping[str, str],
    side: Side,
    peer: NetworkPolicyPeer | None,
    port: NetworkPolicyPort | None,
) -> Edit:
    """A NetworkPolicy of its own for one direction; without a peer it isolates and admits nothing."""
    ports = (port,) if port else None
    if peer is None:
        spec = NetworkPolicySpec(pod_selector=_labels(subject), policy_types=(side.capitalize(),))
        text = f"new NetworkPolicy {namespace}/{name}: isolates {_subject(subject)} for {side}"
    elif side == "ingress":
        spec = NetworkPolicySpec(
            pod_selector=_labels(subject),
            policy_types=("Ingress",),
            ingress=(NetworkPolicyIngressRule(from_=(peer,), ports=ports),),
        )
        text = (
            f"new NetworkPolicy {namespace}/{name}: {_subject(subject)} accepts {_service(port)} from {peer_text(peer)}"
        )
    else:
        spec = NetworkPolicySpec(
            pod_selector=_labels(subject),
            policy_types=("Egress",),
            egress=(NetworkPolicyEgressRule(to=(peer,), ports=ports),),
        )
        text = (
            f"new NetworkPolicy {namespace}/{name}: {_subject(subject)} may send {_service(port)} to {peer_text(peer)}"
        )
    value = NetworkPolicy(metadata=Meta(name=name, namespace=namespace), spec=spec)
    return Edit(None, Decoded(kind="NetworkPolicy", namespace=namespace, name=name, value=value), text)


def relabel(thing: Decoded, labels: Mapping[str, str], maker: str = "") -> Edit | None:
    """Set labels on a pod, or on a workload's pod template. None for kinds that have none. `maker`: the workload
    by whose template a pod is made anew, without these labels."""
    told = ", ".join(f"{k}={v}" for k, v in labels.items())
    value = thing.value
    if isinstance(value, Pod):
        meta = replace(value.metadata, labels={**(value.metadata.labels or {}), **labels})
        lasting = f", and in the pod template of {maker}, which makes the next one" if maker else ""
        return Edit(
            thing, replace(thing, value=replace(value, metadata=meta)), f"{_name(thing)}: set label {told}{lasting}"
        )
    if isinstance(value, Workload) and value.spec:
        template = value.spec.template or PodTemplate()
        meta = template.metadata or TemplateMeta()
        meta = replace(meta, labels={**(meta.labels or {}), **labels})
        spec = replace(value.spec, template=replace(template, metadata=meta))
        return Edit(
            thing, replace(thing, value=replace(value, spec=spec)), f"{_name(thing)}: set label {told} on its pods"
        )
    return None


def moves_selection(objects: Sequence[Decoded], thing: Decoded, labels: Mapping[str, str]) -> bool:
    """Whether a pod, or a workload's pods, with these labels more would be lost to the workload's own selector (or to
    that of what controls it), or a Service would select them that did not, or no more."""
    old = _held(thing)
    new = old | {f"k8s:{key}": value for key, value in labels.items()}
    above = {(o.kind, o.name) for o in thing.value.metadata.owner_references or () if o.controller}
    for d in objects:
        if d.namespace != thing.namespace:
            continue
        if isinstance(d.value, Workload) and (d is thing or (d.kind, d.name) in above):
            own = _own_selector(d)
            if matches(own, old) and not matches(own, new):
                return True
        elif isinstance(d.value, Service) and d.value.spec and d.value.spec.selector:
            selector = label_selector(LabelSelector(match_labels=d.value.spec.selector), "k8s:")
            if matches(selector, old) != matches(selector, new):
                return True
    return False


def _held(thing: Decoded) -> dict[str, str]:
    """The labels of a pod, or of a workload's template, as attributes."""
    meta: Meta | None = thing.value.metadata
    if not isinstance(thing.value, Pod):
        template = thing.value.spec.template if isinstance(thing.value, Workload) and thing.value.spec else None
        meta = template.metadata if template else None
    return {f"k8s:{key}": value or "" for key, value in ((meta.labels if meta else None) or {}).items()}


def _own_selector(d: Decoded) -> Selector:
    written = (d.value.spec.selector if d.value.spec else None) or {}
    if d.kind == "ReplicationController":
        return label_selector(LabelSelector(match_labels=written), "k8s:")
    return label_selector(msgspec.convert(written, LabelSelector), "k8s:")


def _with_rules(policy: Decoded, side: Side, rules: Sequence[object]) -> Decoded:
    value: NetworkPolicy = policy.value
    spec = value.spec or NetworkPolicySpec()
    types = spec.policy_types
    if not types and side == "egress" and not rules:
        types = ("Ingress", "Egress")  # without egress rules the default would stop isolating egress
    changed = replace(spec, policy_types=types, **{side: tuple(rules)})
    return replace(policy, value=replace(value, spec=changed))


def _labels(labels: Mapping[str, str]) -> LabelSelector:
    return LabelSelector(match_labels=dict(labels) or None)


def _subject(labels: Mapping[str, str]) -> str:
    return ",".join(f"{k}={v}" for k, v in labels.items()) or "every pod"


def _service(port: NetworkPolicyPort | None) -> str:
    return f"{port.protocol} {port.port}" if port else "everything"


def _name(d: Decoded) -> str:
    return f"{d.kind} {d.namespace}/{d.name}"
