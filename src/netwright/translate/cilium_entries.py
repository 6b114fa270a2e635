"""What the entries of Cilium's rules say that policies of Kubernetes say too, and what is left of them.

Source: Cilium 1.20.2, `pkg/policy/api` and `pkg/k8s/network_policy.go`. An entry is cut into a fragment that is said,
and what stays in Cilium's own words: other peers, with all services, and other services, with all peers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Literal, NamedTuple

from msgspec.structs import replace

from netwright.base.ipset import EMPTY, EVERYWHERE, IpSet
from netwright.base.services import ALL
from netwright.dialects.cilium.named_objects import GROUP_NAME, NamedObjects
from netwright.dialects.cilium.objects import (
    CIDRRule,
    EgressRule,
    IngressDenyRule,
    IngressRule,
    PortDenyRule,
    PortProtocol,
    PortRule,
)
from netwright.dialects.cilium.selectors import (
    CLUSTER,
    DROPPED,
    DROPPED_OF_NAMESPACES,
    NAMESPACE,
    NAMESPACE_LABELS,
    SERVICE_ACCOUNT,
    THIS_CLUSTER,
    Requirement,
    requirements,
)
from netwright.dialects.cilium.services import Entry, services_of
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME
from netwright.dialects.k8s.objects import LabelSelector
from netwright.dialects.k8s.objects import Requirement as LabelRequirement
from netwright.model.rule import Service
from netwright.profiles.profile import Profile

Tree = dict[str, Any]
Manner = Literal["allow", "deny", "accept"]
"""An entry that allows and isolates is NetworkPolicy's; what denies, and what allows and does not isolate, is not."""
_WORLD: Final = ("0.0.0.0/0", "::/0")
_WORLDS: Final = {"world": _WORLD, "world-ipv4": _WORLD[:1], "world-ipv6": _WORLD[1:]}
_CLUSTERS: Final = ("cluster", "cluster-mesh")
_NO_END: Final = ("init", "health", "ingress", "unmanaged")
_LISTS: Final = ("endpoints", "nodes", "entities", "cidr", "cidr_set", "groups", "services", "fqdns")


class Block(NamedTuple):
    """A range of addresses without some within it."""

    cidr: str
    excepted: tuple[str, ...] = ()

    @property
    def addresses(self) -> IpSet:
        return IpSet.of(self.cidr) - IpSet.of(*self.excepted)


class Pods(NamedTuple):
    """Pods by a selector of namespaces, None for the policy's own, and one of their labels."""

    where: Tree | None
    labels: Tree


class Said(NamedTuple):
    """What a fragment says: whom (`anyone` is everybody, nodes too), and the services."""

    anyone: bool
    pods: tuple[Pods, ...]
    blocks: tuple[Block, ...]
    service: Service


class Rest(NamedTuple):
    """An entry that stays, what of it is not said, and entries that say more, nearest first, and can be said.

    `why` is "" where it lets in a pod's own node, which whatever isolates lets in anyway."""

    entry: Entry
    why: str
    wider: tuple[Entry, ...] = ()


class Cut(NamedTuple):
    """An entry taken apart: the `fragment` that is `said`, in Cilium's words, which are empty and None where nothing of
    it is said or it does nothing; and the `rests`. `written_out` names
    what was looked up in the input, `no_end` entities that a network of pods, nodes and addresses does not have."""

    fragment: tuple[Entry, ...]
    said: Said | None
    rests: tuple[Rest, ...]
    written_out: tuple[str, ...] = ()
    no_end: tuple[str, ...] = ()


# --- selectors --------------------


class Asked(NamedTuple):
    """What a selector asks of namespaces and of pods."""

    where: Tree
    labels: Tree
    names_namespaces: bool


def asked(needs: Iterable[Requirement]) -> Asked | None:
    """The requirements as selectors of namespaces and of pods; None where nobody meets them."""
    where: Tree = {}
    labels: Tree = {}
    names = False
    for need in needs:
        known = _settled(need)
        names = names or need.key == NAMESPACE or need.key.startswith(NAMESPACE_LABELS)
        if known is not None:
            if known != need.wanted:
                return None
            continue
        if need.key == NAMESPACE:
            _add(where, NAMESPACE_NAME, need)
        elif need.key.startswith(NAMESPACE_LABELS):
            _add(where, need.key.removeprefix(NAMESPACE_LABELS), need)
        else:
            _add(labels, need.key, need)
    return Asked(where, labels, names)


def _settled(need: Requirement) -> bool | None:
    """Whether all pods have what is asked for, or none; None where that depends on the pod."""
    if need.source not in ("any", "k8s"):
        return False
    if need.key == CLUSTER:
        return need.values is None or THIS_CLUSTER in need.values
    if need.key in (NAMESPACE, SERVICE_ACCOUNT):
        return True if need.values is None else None
    if need.key.startswith(NAMESPACE_LABELS):
        return False if DROPPED_OF_NAMESPACES.match(need.key.removeprefix(NAMESPACE_LABELS)) else None
    return False if DROPPED.match(need.key) else None


def _add(tree: Tree, key: str, need: Requirement) -> None:
    if need.by_label and need.values is not None and key not in tree.get("matchLabels", ()):
        tree.setdefault("matchLabels", {})[key] = need.values[0]
        return
    one: Tree = {"key": key}
    if need.values is None:
        one["operator"] = "Exists" if need.wanted else "DoesNotExist"
    else:
        one |= {"operator": "In" if need.wanted else "NotIn", "values": list(need.values)}
    tree.setdefault("matchExpressions", []).append(one)


def subject(selector: LabelSelector, namespace: str) -> Asked | None:
    """The pods that a rule is for, of its own namespace where it has one; None for nobody."""
    needs = requirements(selector)
    if namespace:
        needs = (n for n in needs if (n.source, n.key, n.by_label) != ("k8s", NAMESPACE, True))
    return asked(needs)


def selects(tree: Tree, labels: dict[str, str]) -> bool:
    """Whether a selector selects what has these labels."""
    for key, value in tree.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for one in tree.get("matchExpressions", ()):
        held, wanted = labels.get(one["key"]), one["operator"] in ("In", "Exists")
        found = held is not None if "values" not in one else held in one["values"]
        if found != wanted:
            return False
    return True


# --- entries --------------------


class Cutting:
    """Cuts entries, over the groups and Services of the input, as a profile of Cilium reads them."""

    def __init__(self, named: NamedObjects, profile: Profile, *, admin: bool) -> None:
        self._named = named
        self._ranges = profile.reading.ranges or ("external",)
        self._admits_own_node = profile.own_node == "admitted"
        self._admin = admin

    def cut(self, entry: Entry, namespace: str, manner: Manner) -> Cut:
        if manner != "allow" and not self._admin:
            why = "denies" if manner == "deny" else "allows without isolating"
            return Cut((), None, (Rest(entry, why),))
        return _Entry(self, entry, namespace, manner).cut()

    @property
    def named(self) -> NamedObjects:
        return self._named

    @property
    def means_outside(self) -> bool:
        """Whether ranges match outside addresses alone."""
        return self._ranges == ("external",)

    @property
    def says_world(self) -> bool:
        """Whether ranges of all addresses mean outside, which they do but where ranges match pods."""
        return "pod" not in self._ranges

    @property
    def admits_own_node(self) -> bool:
        return self._admits_own_node


class _Entry:
    def __init__(self, cutting: Cutting, entry: Entry, namespace: str, manner: Manner) -> None:
        self._by = cutting
        self._entry = entry
        self._namespace = namespace
        self._manner = manner
        self._inward = isinstance(entry, (IngressRule, IngressDenyRule))
        self._word = "from_" if self._inward else "to_"
        self._anyone = False
        self._own_node = False
        self._pods: list[Pods] = []
        self._blocks: list[Block] = []
        self._left: dict[str, list[Any]] = {}
        self._why: list[str] = []
        self._written_out: list[str] = []
        self._no_end: list[str] = []

    def cut(self) -> Cut:
        entry = self._entry
        if self._does_nothing():
            return Cut((), None, ())
        proof = getattr(entry, "authentication", None)
        if proof is not None and (proof.mode or "disabled") != "disabled":
            return self._whole("asks for authentication", replace(entry, authentication=None))
        if entry.icmps:
            return self._whole("is about ICMP", replace(entry, icmps=None))
        self._peers()
        ports, others, why = self._ports()
        peers = bool(self._anyone or self._pods or self._blocks)
        rests = list(self._other_peers())
        if others and peers:
            told = " and ".join(dict.fromkeys(why))
            for left in self._in_cilium() if self._left or self._own_node else (self._entry,):
                left = replace(left, to_ports=others)
                rests.append(Rest(left, told, _without_requests(left)))
        said = None
        if peers and (ports or not self._entry.to_ports):
            plain = replace(self._entry, to_ports=ports)
            for service, _ in services_of(plain, self._names_nobody(plain)):
                if service.fixed or service.named:
                    said = Said(self._anyone, tuple(self._pods), tuple(self._blocks), service)
        fragment: tuple[Entry, ...] = ()
        if said is not None:
            alike = self._in_cilium() if self._left or self._own_node else (self._entry,)
            fragment = tuple(replace(one, to_ports=ports) for one in alike)
        return Cut(fragment, said, tuple(rests), tuple(self._written_out), tuple(self._no_end))

    def _other_peers(self) -> Iterator[Rest]:
        empty = dict.fromkeys(self._names())
        if self._own_node:
            left = replace(self._entry, **(empty | {self._word + "entities": ("host",)}))
            yield Rest(left, "", self._wider(left, "entities"))
        for name, held in self._left.items():
            left = replace(self._entry, **(empty | {self._word + name: tuple(held)}))
            yield Rest(left, " and ".join(dict.fromkeys(self._why)), self._wider(left, name))

    def _whole(self, why: str, wider: Entry) -> Cut:
        again = _Entry(self._by, wider, self._namespace, self._manner).cut()
        return Cut((), None, (Rest(self._entry, why, (wider,) if again.said and not again.rests else ()),))

    def _names(self) -> list[str]:
        return [self._word + name for name in _LISTS if hasattr(self._entry, self._word + name)]

    def _names_nobody(self, entry: Entry) -> bool:
        return not any(getattr(entry, name) for name in self._names())

    def _does_nothing(self) -> bool:
        if any(getattr(self._entry, name) == () for name in self._names()[:5]):
            return True
        return all(
            not service.fixed and not service.named
            for service, _ in services_of(self._entry, self._names_nobody(self._entry))
        )

    # --- peers --------------------

    def _keep(self, name: str, value: Any, why: str) -> None:
        self._left.setdefault(name, []).append(value)
        self._why.append(why)

    def _peers(self) -> None:
        lists = {name.removeprefix(self._word): getattr(self._entry, name) or () for name in self._names()}
        if not any(lists.values()):
            self._everybody()
            return
        for selector in lists["endpoints"]:
            self._endpoints(selector)
        for entity in lists["entities"]:
            self._entity(entity)
        for text in lists["cidr"]:
            self._block(Block(text), "cidr", text)
        for one in lists["cidr_set"]:
            self._set(one)
        for name, why in (("nodes", "names nodes"), ("groups", "names groups of a cloud"), ("fqdns", "names domains")):
            for one in lists.get(name, ()):
                self._keep(name, one, why)
        self._services(lists.get("services", ()))

    def _everybody(self) -> None:
        if self._manner == "allow":
            self._anyone = True
            return
        self._entity("all")

    def _entity(self, entity: str) -> None:
        if entity in _NO_END:
            self._no_end.append(entity)
        elif entity == "all" and self._manner == "allow":
            self._anyone = True
        elif entity == "all":
            for one in ("world", "cluster"):
                self._entity(one)
        elif entity in _CLUSTERS:
            self._pods.append(Pods({}, {}))
            self._entity("host")
            self._entity("remote-node")
        elif entity == "host" and self._inward and self._manner != "deny" and self._by.admits_own_node:
            self._own_node = True
        elif entity in _WORLDS and self._by.says_world:
            for text in _WORLDS[entity]:
                self._block(Block(text), "entities", entity)
        elif entity != "none":
            self._keep("entities", entity, f"names `{entity}`")

    def _block(self, block: Block, name: str, value: Any) -> None:
        if self._manner == "allow" or not self._inward:
            self._blocks.append(block)
        elif value not in self._left.get(name, ()):
            self._keep(name, value, "is about addresses at an ingress")

    def _set(self, rule: CIDRRule) -> None:
        excepted = rule.except_ or ()
        if rule.cidr is not None:
            if not IpSet.of(rule.cidr) <= IpSet.of(*excepted):
                self._block(Block(rule.cidr, _within(rule.cidr, excepted)), "cidr_set", rule)
            return
        if rule.cidr_group_ref is not None:
            found = IpSet.of(*self._by.named.ranges(GROUP_NAME + rule.cidr_group_ref, None))
            told = f"the group of ranges `{rule.cidr_group_ref}`"
        else:
            needs = list(requirements(rule.cidr_group_selector)) if rule.cidr_group_selector is not None else []
            if not self._by.means_outside and not all(need.wanted for need in needs):
                self._keep("cidr_set", rule, "selects groups of ranges by what they lack")
                return
            found, told = self._grouped(needs), "groups of ranges by their labels"
        for block in blocks(found - IpSet.of(*excepted)):
            self._block(block, "cidr_set", rule)
        self._written_out.append(told)

    def _grouped(self, needs: Sequence[Requirement]) -> IpSet:
        found = EVERYWHERE
        for need in needs:
            known = need.source in ("any", "cidrgroup")
            ranges = IpSet.of(*self._by.named.ranges(need.key, need.values)) if known else EMPTY
            found = found & ranges if need.wanted else found - ranges
        return found

    def _endpoints(self, selector: LabelSelector) -> None:
        needs = list(requirements(selector))
        if any(need.source == "reserved" for need in needs):
            self._reserved(selector, needs)
            return
        found = asked(needs)
        if found is not None:
            anywhere = not self._namespace or found.names_namespaces
            self._pods.append(Pods(found.where if anywhere else None, found.labels))

    def _reserved(self, selector: LabelSelector, needs: Sequence[Requirement]) -> None:
        """A selector that speaks of what is no pod; what asks only for absence is met by the stand-ins of all."""
        meets = {
            name: all(_is_entity(name, need) == need.wanted for need in needs)
            for name in ("host", "remote-node", "world")
        }
        if not any(need.wanted for need in needs):
            self._pods.append(Pods({}, {}))
            meets["world"] = True
        elif not any(need.source == "reserved" and need.wanted for need in needs):
            found = asked(need for need in needs if need.source != "reserved")
            if found is not None:
                self._pods.append(Pods(found.where, found.labels))
        if meets["world"] and not self._by.says_world:
            self._keep("endpoints", selector, "selects by labels of `reserved`")
            return
        for name, held in meets.items():
            if held:
                self._entity(name)

    def _services(self, listed: Sequence[Any]) -> None:
        if not listed:
            return
        if self._manner == "deny" or not isinstance(self._entry, EgressRule):
            for one in listed:
                self._keep("services", one, "denies Services")
            return
        self._written_out.append("Services by what they select")
        found = list(self._by.named.services(listed))
        if not found and self._entry.to_ports and not (self._pods or self._blocks or self._anyone or self._left):
            self._everybody()
        for d in found:
            selector = d.value.spec.selector if d.value.spec else None
            if selector:
                pods = asked(requirements(LabelSelector(match_labels=selector)))
                if pods is not None:
                    self._pods.append(Pods({"matchLabels": {NAMESPACE_NAME: d.namespace}}, pods.labels))
            else:
                for block in blocks(IpSet.of(*self._by.named.addresses(d))):
                    self._block(block, "services", None)

    def _in_cilium(self) -> tuple[Entry, ...]:
        return in_cilium(
            self._entry, self._anyone, tuple(self._pods), tuple(self._blocks), in_namespace=bool(self._namespace)
        )

    def _wider(self, left: Entry, name: str) -> tuple[Entry, ...]:
        """What names more peers and can be said: everybody, or for names of domains whoever is outside."""
        if self._manner != "allow":
            return ()
        empty = dict.fromkeys(self._names())
        found: list[Entry] = []
        if name == "fqdns" and self._by.says_world:
            found.append(replace(left, **(empty | {self._word + "entities": ("world",)})))
        found.append(replace(left, **(empty | {self._word + "entities": ("all",)})))
        plain = [one for entry in found for one in _without_requests(entry) or (entry,)]
        return tuple(one for one in plain if not _Entry(self._by, one, self._namespace, self._manner).cut().rests)

    # --- services --------------------

    def _ports(self) -> tuple[Any, Any, list[str]]:
        """The rules of ports that can be said, the others, and why."""
        said: list[Any] = []
        others: list[Any] = []
        why: list[str] = []
        for rule in self._entry.to_ports or ():
            beyond = _requests(rule)
            if beyond:
                others.append(rule)
                why.append(f"has `toPorts.{beyond}`")
                continue
            plain = [port for port in rule.ports or () if not self._is_beyond(port)]
            if plain:
                said.append(replace(rule, ports=tuple(plain)))
            if len(plain) < len(rule.ports or ()):
                others.append(replace(rule, ports=tuple(p for p in rule.ports or () if self._is_beyond(p))))
                why.append("names a port with an `endPort`, or a protocol beside TCP, UDP and SCTP")
        return tuple(said) or None, tuple(others), why

    def _is_beyond(self, port: PortProtocol) -> bool:
        if (port.protocol or "ANY").upper() not in ("ANY", "TCP", "UDP", "SCTP"):
            return True
        if port.name is not None:
            return self._inward and bool(port.end_port)
        return False


def in_cilium(
    entry: Entry, anyone: bool, whom: Sequence[Pods], ranges: Sequence[Block], *, in_namespace: bool
) -> tuple[Entry, ...]:
    """Peers in Cilium's words, in the place of those of an entry: one entry a kind of peer."""
    word = "from_" if hasattr(entry, "from_endpoints") else "to_"
    found: list[dict[str, Any]] = []
    if anyone:
        found.append({"entities": ("all",)})
    if whom:
        found.append({"endpoints": tuple(_as_cilium(one, in_namespace) for one in whom)})
    if ranges:
        found.append({"cidr_set": tuple(CIDRRule(cidr=b.cidr, except_=b.excepted or None) for b in ranges)})
    empty = {word + name: None for name in _LISTS if hasattr(entry, word + name)}
    return tuple(replace(entry, **(empty | {word + name: held for name, held in one.items()})) for one in found)


def as_entries(entry: Entry, said: Said, *, in_namespace: bool) -> tuple[Entry, ...]:
    """What is said in Cilium's words, as far as these are ports by number."""
    found = in_cilium(entry, said.anyone, said.pods, said.blocks, in_namespace=in_namespace)
    if said.service.fixed == ALL:
        return tuple(replace(one, to_ports=None) for one in found)
    ports = tuple(
        PortProtocol(port=str(low), end_port=high if high > low > 0 else None, protocol=name)
        for name, low, high in said.service.fixed.ranges()
    )
    return tuple(replace(one, to_ports=(PortRule(ports=ports),)) for one in found)


def outside_of(entry: Entry) -> IpSet:
    """The addresses outside that an entry names by ranges or entities."""
    if not isinstance(entry, IngressDenyRule):
        return EMPTY
    named = {text for one in entry.from_entities or () for text in _WORLDS.get(one, _WORLD if one == "all" else ())}
    found = IpSet.of(*named, *(entry.from_cidr or ()))
    for rule in entry.from_cidr_set or ():
        if rule.cidr is not None:
            found |= IpSet.of(rule.cidr) - IpSet.of(*(rule.except_ or ()))
    return found


def _as_cilium(pods: Pods, in_namespace: bool) -> LabelSelector:
    """The pods as Cilium selects them."""
    labels = dict(pods.labels.get("matchLabels", {}))
    more = list(pods.labels.get("matchExpressions", ()))
    for key, value in (pods.where or {}).get("matchLabels", {}).items():
        labels[_namespace_key(key)] = value
    more += [{**one, "key": _namespace_key(one["key"])} for one in (pods.where or {}).get("matchExpressions", ())]
    if pods.where == {} and in_namespace:
        more.append({"key": _namespace_key(NAMESPACE_NAME), "operator": "Exists"})
    return LabelSelector(match_labels=labels or None, match_expressions=tuple(map(_requirement, more)) or None)


def _namespace_key(key: str) -> str:
    return f"k8s:{NAMESPACE}" if key == NAMESPACE_NAME else f"k8s:{NAMESPACE_LABELS}{key}"


def _requirement(one: Tree) -> LabelRequirement:
    return LabelRequirement(
        key=one["key"], operator=one["operator"], values=tuple(one["values"]) if "values" in one else None
    )


def _requests(rule: PortRule | PortDenyRule) -> str:
    """The field that asks something of what passes; "" for none."""
    if not isinstance(rule, PortRule):
        return ""
    if rule.rules is not None and (rule.rules.http or rule.rules.dns):
        return "rules"
    names = {
        "terminating_tls": "terminatingTLS",
        "originating_tls": "originatingTLS",
        "server_names": "serverNames",
        "listener": "listener",
    }
    return next((text for name, text in names.items() if getattr(rule, name)), "")


def _without_requests(entry: Entry) -> tuple[Entry, ...]:
    """The entry without what it asks of requests, on the ports that it names."""
    plain = tuple(PortRule(ports=rule.ports) for rule in entry.to_ports or () if isinstance(rule, PortRule))
    return (replace(entry, to_ports=plain),) if plain and plain != entry.to_ports else ()


def _is_entity(name: str, need: Requirement) -> bool:
    """Whether what is no pod has the label that a requirement names."""
    return need.source == "reserved" and need.key == name and (need.values is None or "" in need.values)


def _within(cidr: str, excepted: Sequence[str]) -> tuple[str, ...]:
    """The exceptions that cut something off."""
    whole = IpSet.of(cidr)
    return tuple(text for text in excepted if IpSet.of(text) & whole)


def blocks(found: IpSet) -> Iterator[Block]:
    """Addresses as blocks, as few as prefixes with exceptions or without give."""
    for family, text in ((4, _WORLD[0]), (6, _WORLD[1])):
        held = IpSet(found.v4) if family == 4 else IpSet((), found.v6)
        if not held:
            continue
        plain = held.cidrs()
        missing = (IpSet.of(text) - held).cidrs()
        if len(missing) + 1 < len(plain):
            yield Block(text, tuple(missing))
        else:
            yield from (Block(one) for one in plain)
