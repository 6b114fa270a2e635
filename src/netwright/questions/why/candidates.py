"""Edits that may flip a verdict: rules made wider, labels set, policies of their own, rules taken away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from netwright.base.ipset import PRIVATE
from netwright.base.selectors import And, OneOf, matches
from netwright.base.services import TRANSPORT, protocol_name
from netwright.base.spans import Origin
from netwright.dialects.k8s.edit import (
    Edit,
    Side,
    address_peer,
    drop_rules,
    identifying_labels,
    moves_selection,
    new_policy,
    pod_peer,
    relabel,
    widen,
)
from netwright.dialects.k8s.generated import GENERATED, UNKNOWN
from netwright.dialects.k8s.objects import NetworkPolicyPeer, NetworkPolicyPort
from netwright.dialects.multus import POLICY as MULTI_POLICY
from netwright.dialects.multus.edit import for_network
from netwright.engine.inquire import Inquirer, Part, of_family
from netwright.engine.nearest import Near, attributes, nearest_rule
from netwright.engine.verdict import Side as OneSide
from netwright.model.document import Decoded
from netwright.model.networks import POD
from netwright.model.rule import Members


def opening(inquirer: Inquirer, parts: Sequence[Part]) -> list[list[Edit]]:
    """What may allow these packets, each a change by itself."""
    near: list[dict[Side, Near | None]] = []
    for part in parts:
        sides = [side for side, one in _sides(part) if not one.may]
        near.append({side: nearest_rule(inquirer, part.packet, side) for side in sides})
    out: list[list[Edit]] = []
    widened = _all_widened(inquirer, parts, near)
    if widened:
        out.append(widened)
    relabelled = _relabelled(inquirer, parts[0], list(near[0]), near[0])
    if relabelled is not None:
        out.append([relabelled])
    own = _own_policies(inquirer, [(part, side) for part, sides in zip(parts, near, strict=True) for side in sides])
    if own:
        out.append(own)
    if any(one.may and not one.must for part in parts for _, one in _sides(part)):  # which the denying ends do not show
        both = _own_policies(inquirer, [(part, side) for part in parts for side, one in _sides(part) if not one.must])
        if both:
            out.append(both)
    return out


def _sides(part: Part) -> tuple[tuple[Side, OneSide], ...]:
    return ("egress", part.outcome.egress), ("ingress", part.outcome.ingress)


def _kind(inquirer: Inquirer) -> str:
    """The kind of the policies that act on the network that is asked about."""
    return "NetworkPolicy" if inquirer.cluster.network == POD else MULTI_POLICY


def _new_policy(
    inquirer: Inquirer,
    namespace: str,
    name: str,
    subject: Mapping[str, str],
    side: Side,
    peer: NetworkPolicyPeer | None,
    port: NetworkPolicyPort | None,
) -> Edit:
    """A policy of its own for one direction, of the kind that acts on the network."""
    made = new_policy(namespace, name, subject, side, peer, port)
    if inquirer.cluster.network == POD:
        return made
    from netwright.profiles.secondary import found_network

    attachments = found_network(inquirer.cluster.whole, inquirer.cluster.network).attachments
    here = next((at for at in attachments if at.startswith(f"{namespace}/")), attachments[0])
    return for_network(made, here.removeprefix(f"{namespace}/"))


def _all_widened(inquirer: Inquirer, parts: Sequence[Part], near: Sequence[Mapping[Side, Near | None]]) -> list[Edit]:
    """The nearest rule of every side of every part made wider; none where one cannot be. Rules of one policy are one
    edit."""
    made: dict[int, Edit] = {}
    added: list[tuple[object, ...]] = []
    for part, side, found in ((part, *item) for part, sides in zip(parts, near, strict=True) for item in sides.items()):
        policy = _policy(inquirer, found.rule.origin) if found is not None else None
        if found is None or policy is None:
            return []
        who, port = _missing(inquirer, part, side, found, policy)
        if who is None and port is None:
            return []
        mark = id(policy), side, found.rule.index
        if who is not None and (*mark, who) in added:
            who = None
        if port is not None and (*mark, port) in added:
            port = None
        if who is None and port is None:
            continue
        added += [(*mark, one) for one in (who, port) if one is not None]
        earlier = made.get(id(policy))
        held = earlier.after if earlier is not None and earlier.after is not None else policy
        edit = widen(held, side, found.rule.index, who, port)
        if edit is None:
            return []
        if earlier is not None:
            edit = Edit(policy, edit.after, f"{earlier.text}; {edit.text}")
        made[id(policy)] = edit
    return list(made.values())


def _missing(
    inquirer: Inquirer, part: Part, side: Side, near: Near, policy: Decoded
) -> tuple[NetworkPolicyPeer | None, NetworkPolicyPort | None]:
    """What a rule lacks to match a packet: its peer, its port; neither where it cannot be written."""
    who = None
    if near.distance > int(near.port_differs):
        who = _peer(inquirer, part, side, policy.namespace, near)
        if who is None:
            return None, None
    return who, _port(inquirer, part) if near.port_differs else None


def _relabelled(inquirer: Inquirer, part: Part, sides: Sequence[Side], near: dict[Side, Near | None]) -> Edit | None:
    """Where one direction denies, and only labels of the peer's own pods differ: the peer with the wanted labels."""
    if len(sides) != 1 or inquirer.cluster.network != POD:
        return None  # labels have a meaning on every network, and what changes on one says nothing of the others
    found = near[sides[0]]
    if found is None or found.port_differs or not isinstance(found.peer, Members):
        return None
    peer = part.packet.source if sides[0] == "ingress" else part.packet.destination
    if peer.row < 0 or found.distance > 2:
        return None
    wanted = _wanted_labels(found.peer, dict(attributes(inquirer, peer)))
    thing = inquirer.cluster.row_objects[peer.row]
    if not wanted or not GENERATED.isdisjoint(wanted) or moves_selection(inquirer.cluster.objects, thing, wanted):
        return None
    workload = inquirer.cluster.workloads[int(inquirer.network.columns.workload[peer.row])]
    return relabel(thing, wanted, maker="" if workload.kind == "pod" else workload.ref)


def _wanted_labels(peer: Members, held: dict[str, str]) -> dict[str, str]:
    parts = peer.selector.parts if isinstance(peer.selector, And) else (peer.selector,)
    out: dict[str, str] = {}
    for p in parts:
        if matches(p, held):
            continue
        if not isinstance(p, OneOf) or not p.key.startswith("k8s:"):
            return {}
        out[p.key.removeprefix("k8s:")] = p.values[0]
    return out


def _own_policies(inquirer: Inquirer, asked: Sequence[tuple[Part, Side]]) -> list[Edit]:
    """Policies of their own for these sides, one for each subject and side; none where one cannot be."""
    columns = inquirer.network.columns
    made: dict[tuple[object, ...], Edit] = {}
    said: dict[tuple[object, ...], list[object]] = {}
    for part, side in asked:
        at = part.packet.source if side == "egress" else part.packet.destination
        if at.row < 0:
            return []
        namespace = columns.namespaces[int(columns.namespace[at.row])]
        peer = _peer(inquirer, part, side, namespace, None)
        if peer is None:
            return []
        labels, port = _labels(inquirer, at.row, None), _port(inquirer, part)
        mark = side, namespace, tuple(sorted(labels.items()))
        edit = made.get(mark)
        if edit is None:
            name = _fresh_name(inquirer, namespace, "allow-" + _word(inquirer, part, side), made.values())
            made[mark] = _new_policy(inquirer, namespace, name, labels, side, peer, port)
            said[mark] = [peer, port]
            continue
        for one in ((peer, None), (None, port)):
            if all(x is None or x in said[mark] for x in one):
                continue
            assert edit.after is not None, "a new policy"
            wider = widen(edit.after, side, 0, *one)
            if wider is None:
                return []
            edit = Edit(None, wider.after, f"{edit.text}; {wider.text.partition(': ')[2]}")
        made[mark] = edit
        said[mark] += [peer, port]
    return list(made.values())


def closing(inquirer: Inquirer, parts: Sequence[Part]) -> list[list[Edit]]:
    """What may deny these packets, each a change by itself."""
    out: list[list[Edit]] = []
    for side in ("ingress", "egress"):
        edits = _closed_on(inquirer, parts, side)
        if edits:
            out.append(edits)
    return out


def _closed_on(inquirer: Inquirer, parts: Sequence[Part], side: Side) -> list[Edit]:
    """What takes away all that allows these packets on one side; none where one of them cannot be denied there."""
    columns = inquirer.network.columns
    dropped: dict[tuple[str, str], set[int]] = {}
    isolating_anew: dict[tuple[object, ...], Edit] = {}
    for part in parts:
        at = part.packet.source if side == "egress" else part.packet.destination
        if at.row < 0 or columns.host[at.row]:
            return []
        matching, isolating = inquirer.cited(part.packet, side)
        if isolating:
            for c in matching:
                dropped.setdefault((c.origin.namespace, c.origin.name), set()).add(c.rule or 0)
            continue
        namespace = columns.namespaces[int(columns.namespace[at.row])]
        labels = _labels(inquirer, at.row, None)
        mark = namespace, tuple(sorted(labels.items()))
        if mark not in isolating_anew:
            name = f"isolate-{inquirer.cluster.workloads[int(columns.workload[at.row])].name}"
            name = _fresh_name(inquirer, namespace, name, isolating_anew.values())
            isolating_anew[mark] = _new_policy(inquirer, namespace, name, labels, side, None, None)
    policies = {key: _find(inquirer, *key) for key in dropped}
    edits = [drop_rules(policy, side, sorted(dropped[key])) for key, policy in policies.items() if policy is not None]
    return [*edits, *isolating_anew.values()]


# --- pieces --------------------


def _policy(inquirer: Inquirer, origin: Origin) -> Decoded | None:
    return _find(inquirer, origin.namespace, origin.name)


def _find(inquirer: Inquirer, namespace: str, name: str) -> Decoded | None:
    for d in inquirer.cluster.objects:
        if d.kind == _kind(inquirer) and d.namespace == namespace and d.name == name:
            return d
    return None


def _labels(inquirer: Inquirer, row: int, near: Near | None) -> dict[str, str]:
    preferred: list[str] = []
    if near is not None and isinstance(near.peer, Members):
        parts = near.peer.selector.parts if isinstance(near.peer.selector, And) else (near.peer.selector,)
        preferred = [p.key.removeprefix("k8s:") for p in parts if isinstance(p, OneOf) and p.key.startswith("k8s:")]
    held = {
        k.removeprefix("k8s:"): v for k, v in inquirer.network.columns.labels_of(row).items() if k.startswith("k8s:")
    }
    # a label that a controller gives names one pod or one rollout, and its value may not be known
    held = {k: v for k, v in held.items() if v != UNKNOWN and (k in preferred or k not in GENERATED)}
    return identifying_labels(held, preferred)


def _peer(inquirer: Inquirer, part: Part, side: Side, namespace: str, near: Near | None) -> NetworkPolicyPeer | None:
    spot = part.packet.destination if side == "egress" else part.packet.source
    label = part.destination if side == "egress" else part.source
    columns = inquirer.network.columns
    if spot.row < 0:
        held = part.destination_addresses if side == "egress" else part.source_addresses
        if label == "internet" and part.packet.family == 4:
            return address_peer("0.0.0.0/0", [c for c in PRIVATE.cidrs() if ":" not in c])
        cidrs = held.cidrs() if held is not None else []
        return address_peer(cidrs[0]) if len(cidrs) == 1 else None
    if columns.host[spot.row] or (inquirer.cluster.network != POD and not inquirer.cluster.pod_cidrs):
        # selectors mean no node, and nobody where nobody gives addresses
        addresses = of_family(columns.addresses_of(spot.row), part.packet.family)
        return address_peer(addresses.cidrs()[0]) if addresses.count() == 1 else None
    return pod_peer(_labels(inquirer, spot.row, near), columns.namespaces[int(columns.namespace[spot.row])], namespace)


def _port(inquirer: Inquirer, part: Part) -> NetworkPolicyPort | None:
    key = inquirer.seen_key(part.packet)
    if key not in TRANSPORT:
        return None
    return NetworkPolicyPort(protocol=protocol_name(key >> 16), port=key & 0xFFFF)


def _word(inquirer: Inquirer, part: Part, side: Side) -> str:
    columns, cluster = inquirer.network.columns, inquirer.cluster
    words = []
    for spot, label in ((part.packet.source, part.source), (part.packet.destination, part.destination)):
        name = (
            cluster.workloads[int(columns.workload[spot.row])].name
            if spot.row >= 0
            else ("internet" if label == "internet" else "address")
        )
        words.append(name)
    return f"{words[0]}-to-{words[1]}" + ("-egress" if side == "egress" else "")


def _fresh_name(inquirer: Inquirer, namespace: str, name: str, made: Iterable[Edit] = ()) -> str:
    held = inquirer.cluster.whole or inquirer.cluster.objects
    taken = {d.name for d in held if d.kind == _kind(inquirer) and d.namespace == namespace}
    taken |= {e.after.name for e in made if e.after is not None and e.after.namespace == namespace}
    name = name[:240]
    return name if name not in taken else next(f"{name}-{i}" for i in range(2, 10_000) if f"{name}-{i}" not in taken)
