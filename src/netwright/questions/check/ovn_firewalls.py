"""EgressFirewalls of OVN-Kubernetes, and what else its reading of policies makes of them.

After `docs/features/network-security-controls/egress-firewall.md`, `go-controller/pkg/ovn/egressfirewall.go` and
`gress_policy.go` of OVN-Kubernetes. Asked under its profile, and of every input that has a firewall.
"""

from __future__ import annotations

from collections.abc import Iterator

from netwright.base.ipset import IpSet
from netwright.base.selectors import matches
from netwright.dialects.k8s.endpoints import NODE, node_addresses
from netwright.dialects.k8s.lower import label_selector
from netwright.dialects.k8s.objects import Node
from netwright.dialects.k8s.validate_syntax import read_cidr
from netwright.dialects.ovn.lower import rules_of
from netwright.dialects.ovn.objects import EgressFirewall, EgressFirewallRule
from netwright.model.document import Decoded
from netwright.questions.check.found import Found, Seen, at, listed
from netwright.questions.check.scene import Scene

EVERYTHING = ("0.0.0.0/0", "::/0")


def checks(scene: Scene) -> Iterator[Found]:
    """NW2901 to NW2910."""
    for d in scene.of_kind("EgressFirewall"):
        if isinstance(d.value, EgressFirewall):
            yield from never_reached(d)
            yield from nothing_denied(d)
            yield from closed_nodes(d, scene)
            yield from names(d)
            yield from ranges(d, scene)
            yield from nodes(d, scene)
    if scene.profile.reading.numbers_only:
        yield from port_names(scene)


def named_firewall(d: Decoded) -> str:
    return f"the EgressFirewall of `{d.namespace}`"


def _range(rule: EgressFirewallRule) -> str:
    """The range of a rule as it is meant, "" where it has none."""
    text = rule.to.cidr_selector if rule.to is not None else None
    return str(read_cidr(text)[0]) if text else ""


def _ports(rule: EgressFirewallRule) -> frozenset[tuple[str | None, int | None]] | None:
    """The ports of a rule; None: everything."""
    return frozenset((port.protocol, port.port) for port in rule.ports) if rule.ports else None


def _words(rule: EgressFirewallRule) -> str:
    to = rule.to
    what = (to.cidr_selector or to.dns_name or "nodes") if to is not None else ""
    ports = ", ".join(f"{p.protocol} {p.port}" for p in rule.ports or ())
    return f"{rule.type} {what}{f' {ports}' if ports else ''}"


# --- rules among each other --------------------


def never_reached(d: Decoded) -> Iterator[Found]:
    """NW2901: rules behind one that decides all that they are about."""
    rules = rules_of(d)
    seen: set[str] = set()
    for number, rule in enumerate(rules):
        mine, ports = _range(rule), _ports(rule)
        if not mine:
            continue
        for before, other in enumerate(rules[:number]):
            wider, others = _range(other), _ports(other)
            if not wider or not IpSet.of(mine) <= IpSet.of(wider):
                continue
            if others is not None and (ports is None or not ports <= others):
                continue
            if not (read_cidr(other.to.cidr_selector or "")[1] if other.to else False) or _words(rule) in seen:
                break
            seen.add(_words(rule))
            same = rule.type == other.type
            yield Found(
                "NW2901",
                at(d, "spec", "egress", number),
                f"a rule of {named_firewall(d)} is never reached: `{_words(other)}` before it decides all of "
                f"`{_words(rule)}`",
                label="decided before",
                effect="the rule changes nothing"
                + ("" if same else f": what it is to {(rule.type or '').lower()} is decided the other way"),
                help="delete it" if same else "move it before the other: the first rule that matches decides",
                key=_words(rule),
                also=(Seen(at(d, "spec", "egress", before), "matches all of it"),),
            )
            break


def nothing_denied(d: Decoded) -> Iterator[Found]:
    """NW2902: a firewall without a rule that denies."""
    rules = rules_of(d)
    if rules and all(rule.type == "Allow" for rule in rules):
        yield Found(
            "NW2902",
            at(d, "spec", "egress"),
            f"{named_firewall(d)} denies nothing",
            label=f"{len(rules)} rules, all of them allow",
            effect="what no rule matches is allowed, so that the pods go everywhere as without the firewall",
            help="end it with `type: Deny` for `cidrSelector: 0.0.0.0/0` (and `::/0`)",
        )


def closed_nodes(d: Decoded, scene: Scene) -> Iterator[Found]:
    """NW2903, NW2904: what a rule that denies everything closes besides, and what it leaves open."""
    allows_nodes = False
    denied: dict[str, int] = {}
    for number, rule in enumerate(rules_of(d)):
        if rule.to is not None and rule.to.node_selector is not None and rule.type == "Allow":
            allows_nodes = True
        text = _range(rule)
        if rule.type == "Deny" and text in EVERYTHING and not rule.ports:
            denied.setdefault(text, number)
            if not allows_nodes and not _may_allow_nodes(d, number, scene):
                yield Found(
                    "NW2903",
                    at(d, "spec", "egress", number),
                    f"{named_firewall(d)} keeps the pods from the nodes, the API server among them",
                    label=f"`{text}` is the nodes too",
                    effect="pods that ask the API server, as operators and controllers do, run into a timeout: its "
                    "Service leads to an address of a node",
                    help="allow it before this rule: `nodeSelector` for the control plane, port 6443",
                    key=text,
                )
    families = scene.cluster.families
    if scene.cluster.has_assumed_families or len(families) < 2 or len(denied) != 1:
        return
    (closed,) = denied
    missing = next(one for one in EVERYTHING if one != closed)
    if any(_range(rule) and (":" in _range(rule)) == (":" in missing) for rule in rules_of(d)):
        return
    yield Found(
        "NW2904",
        at(d, "spec", "egress", denied[closed]),
        f"{named_firewall(d)} denies `{closed}`, and of the other address family nothing",
        label="one family only",
        effect="the cluster's pods have addresses of both families: over the other one they go everywhere",
        help=f"add a rule that denies `{missing}`",
        key=closed,
    )


def _may_allow_nodes(d: Decoded, number: int, scene: Scene) -> bool:
    """Whether a rule before this one allows addresses that a node of the input has, or could have where it has none."""
    known = IpSet()
    for one in scene.cluster.objects:
        if isinstance(one.value, Node):
            known |= node_addresses(one.value)
    for rule in rules_of(d)[:number]:
        text = _range(rule)
        if rule.type == "Allow" and text and (not known or known & IpSet.of(text)):
            return True
    return False


# --- destinations --------------------


def names(d: Decoded) -> Iterator[Found]:
    """NW2905, NW2906: names that need more than OVN-Kubernetes has by default, and names that are denied."""
    for number, rule in enumerate(rules_of(d)):
        name = rule.to.dns_name if rule.to is not None else None
        if not name:
            continue
        place = at(d, "spec", "egress", number, "to", "dnsName")
        if name.startswith("*."):
            yield Found(
                "NW2905",
                place,
                f"{named_firewall(d)} names `{name}`, for which OVN-Kubernetes needs its DNSNameResolver",
                label="a name with `*.`",
                effect="without that option no rule of the firewall is applied: everything is allowed",
                help="name the hosts one by one, or see that `enable-dns-name-resolver` is on",
                key=name,
            )
        elif rule.type == "Deny":
            yield Found(
                "NW2906",
                place,
                f"{named_firewall(d)} denies the name `{name}`, not the host",
                label="denied by name",
                effect="what is denied are the addresses that OVN-Kubernetes gets for the name: where a pod gets "
                "others, or dials an address, it reaches the host",
                help="deny its ranges by `cidrSelector`, or allow what is needed and deny the rest",
                key=name,
            )


def ranges(d: Decoded, scene: Scene) -> Iterator[Found]:
    """NW2907, NW2908: ranges that OVN refuses, and ranges of pods, which no rule matches."""
    pods = scene.cluster.pod_ranges
    for number, rule in enumerate(rules_of(d)):
        text = rule.to.cidr_selector if rule.to is not None else None
        if not text:
            continue
        network, exact = read_cidr(text)
        place = at(d, "spec", "egress", number, "to", "cidrSelector")
        if not exact:
            yield Found(
                "NW2907",
                place,
                f"`{text}` of {named_firewall(d)} has bits set beyond its prefix length",
                label=f"the range is `{network}`",
                effect="OVN refuses such a match, so that the rule does nothing",
                help=f"write `{network}`, or `{text.partition('/')[0]}/{network.max_prefixlen}` for the one address",
                key=text,
            )
        elif pods and IpSet.of(text) <= pods:
            yield Found(
                "NW2908",
                place,
                f"`{text}` of {named_firewall(d)} is a range of the cluster's pods",
                label="matches nobody",
                effect="the cluster's pod networks are cut out of every rule: between pods a firewall decides nothing",
                help="write a NetworkPolicy for connections between pods",
                key=text,
            )


def nodes(d: Decoded, scene: Scene) -> Iterator[Found]:
    """NW2909: a nodeSelector that selects none of the nodes."""
    held = [one.value for one in scene.cluster.objects if isinstance(one.value, Node)]
    for number, rule in enumerate(rules_of(d)):
        selector = rule.to.node_selector if rule.to is not None else None
        if selector is None or not held:
            continue
        wanted = label_selector(selector, NODE)
        labels = [{NODE + key: text or "" for key, text in (n.metadata.labels or {}).items()} for n in held]
        if any(matches(wanted, one) for one in labels):
            continue
        yield Found(
            "NW2909",
            at(d, "spec", "egress", number, "to", "nodeSelector"),
            f"a nodeSelector of {named_firewall(d)} selects no node",
            label=f"none of the {len(held)} nodes has these labels",
            effect="the rule matches nobody",
            help="correct the labels: `kubectl get nodes --show-labels`",
            key=_words(rule) + repr(sorted((selector.match_labels or {}).items())),
        )


# --- how policies of Kubernetes are read --------------------


def port_names(scene: Scene) -> Iterator[Found]:
    """NW2910: names of ports, which OVN-Kubernetes does not look up."""
    for rule in scene.rules():
        entries = rule.ports or ()
        for number, port in enumerate(entries):
            if not isinstance(port.port, str):
                continue
            protocol = port.protocol or "TCP"
            numbers = [
                str(one.port) for one in entries if isinstance(one.port, int) and (one.protocol or "TCP") == protocol
            ]
            if numbers:
                effect = f"the name counts for nothing: allowed are {protocol} {', '.join(numbers)} alone"
            else:
                effect = f"every {protocol} port is open to these peers"
            yield Found(
                "NW2910",
                at(rule.policy, *rule.pointer, "ports", number, "port"),
                f"NetworkPolicy `{rule.policy.namespace}/{rule.policy.name}` names the port `{port.port}`, and "
                "OVN-Kubernetes looks up no names",
                label="only numbers count",
                effect=effect,
                help="write the number of the pods' port",
                key=f"{rule.direction} {port.port} {listed(numbers)}",
            )
