"""What the entries of Cilium's rules say that policies of Kubernetes say too, and what is left of them.

Source: Cilium 1.20.2, `pkg/policy/api` and `pkg/k8s/network_policy.go`. An entry is cut into a fragment that is said,
and what stays in Cilium's own words: other peers, with all services, and other services, with all peers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, NamedTuple

from msgspec.structs import replace

from netwright.base.ipset import EMPTY, EVERYWHERE, IpSet
from netwright.dialects.cilium.named_objects import GROUP_NAME, NamedObjects
from netwright.dialects.cilium.objects import CIDRRule, EgressRule, IngressDenyRule, IngressRule
from netwright.dialects.cilium.selectors import Requirement, requirements
from netwright.dialects.cilium.services import Entry, services_of
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME
from netwright.dialects.k8s.objects import LabelSelector
from netwright.profiles.profile import Profile
from netwright.translate.from_cilium.ports import sayable_ports
from netwright.translate.from_cilium.selectors import Pods, asked
from netwright.translate.from_cilium.words import LISTS, WORLDS, Block, Said, blocks, in_cilium

Manner = Literal["allow", "deny", "accept"]
"""An entry that allows and isolates is NetworkPolicy's; what denies, and what allows and does not isolate, is not."""
_CLUSTERS: Final = ("cluster", "cluster-mesh")
_NO_END: Final = ("init", "health", "ingress", "unmanaged")


class Rest(NamedTuple):
    """An entry that stays, and what of it is not said. `why` is "" where it lets in a pod's own node, which whatever
    isolates lets in anyway."""

    entry: Entry
    why: str


class Cut(NamedTuple):
    """An entry taken apart: the `fragment` that is `said`, in Cilium's words, which are empty and None where nothing of
    it is said or it does nothing; and the `rests`. `written_out` names
    what was looked up in the input, `no_end` entities that a network of pods, nodes and addresses does not have."""

    fragment: tuple[Entry, ...]
    said: Said | None
    rests: tuple[Rest, ...]
    written_out: tuple[str, ...] = ()
    no_end: tuple[str, ...] = ()


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
            return Cut((), None, (Rest(entry, "asks for authentication"),))
        if entry.icmps:
            return Cut((), None, (Rest(entry, "is about ICMP"),))
        self._peers()
        ports, others, why = sayable_ports(self._entry)
        peers = bool(self._anyone or self._pods or self._blocks)
        rests = list(self._other_peers())
        if others and peers:
            told = " and ".join(dict.fromkeys(why))
            for left in self._in_cilium() if self._left or self._own_node else (self._entry,):
                left = replace(left, to_ports=others)
                rests.append(Rest(left, told))
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
            yield Rest(left, "")
        for name, held in self._left.items():
            left = replace(self._entry, **(empty | {self._word + name: tuple(held)}))
            yield Rest(left, " and ".join(dict.fromkeys(self._why)))

    def _names(self) -> list[str]:
        return [self._word + name for name in LISTS if hasattr(self._entry, self._word + name)]

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
        elif entity in WORLDS and self._by.says_world:
            for text in WORLDS[entity]:
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


def _is_entity(name: str, need: Requirement) -> bool:
    """Whether what is no pod has the label that a requirement names."""
    return need.source == "reserved" and need.key == name and (need.values is None or "" in need.values)


def _within(cidr: str, excepted: Sequence[str]) -> tuple[str, ...]:
    """The exceptions that cut something off."""
    whole = IpSet.of(cidr)
    return tuple(text for text in excepted if IpSet.of(text) & whole)
