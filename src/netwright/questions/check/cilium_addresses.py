"""Ranges of Cilium's policies: what they cannot match, and groups of them that are missing, empty or not used."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from netwright.base.ipset import IpSet
from netwright.base.spans import Pointer
from netwright.dialects.cilium.objects import CIDRRule
from netwright.dialects.cilium.selectors import requirements
from netwright.model.document import Decoded
from netwright.questions.check.cilium_written import Entry, Written, name_of
from netwright.questions.check.found import Found, at
from netwright.questions.check.ranges import Held
from netwright.questions.check.scene import Scene


def checks(scene: Scene) -> Iterator[Found]:
    """NW2510 to NW2514."""
    addresses = Addresses(scene)
    seen: set[tuple[Decoded, str, str]] = set()
    for entry in addresses.written.entries:
        for found in addresses.entry(entry):
            if (entry.policy, found.code, found.key) not in seen:
                seen.add((entry.policy, found.code, found.key))
                yield found
    if addresses.written.policies:
        yield from addresses.unused()


class Addresses:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.written = scene.once(Written)
        self.held = scene.once(Held)

    @cached_property
    def groups(self) -> dict[str, Decoded]:
        return {d.name: d for d in self.scene.of_kind("CiliumCIDRGroup")}

    def entry(self, entry: Entry) -> Iterator[Found]:
        for number, text in enumerate(entry.listed("cidr") or ()):
            yield from self._range(entry, str(text), IpSet.of(str(text)), (*entry.pointer, entry.side + "CIDR", number))
        for number, one in enumerate(entry.listed("cidr_set") or ()):
            assert isinstance(one, CIDRRule)
            place = (*entry.pointer, entry.side + "CIDRSet", number)
            if one.cidr is not None:
                left = IpSet.of(one.cidr) - IpSet.of(*(one.except_ or ()))
                if left:
                    yield from self._range(entry, one.cidr, left, (*place, "cidr"))
                else:
                    yield self._nothing_left(entry, one.cidr, (*place, "except"))
            elif one.cidr_group_ref is not None:
                yield from self._group(entry, one.cidr_group_ref, (*place, "cidrGroupRef"))

    def _range(self, entry: Entry, text: str, addresses: IpSet, place: Pointer) -> Iterator[Found]:
        """NW2510."""
        if not addresses or not addresses <= self.held.unmatched:
            return
        whose = "pods" if addresses <= self.held.pods else "nodes"
        if whose == "nodes" and addresses & self.held.pods:
            whose = "pods and nodes"
        yield Found(
            "NW2510",
            at(entry.policy, *place),
            f"`{text}` of {name_of(entry.policy)} holds addresses of {whose} only, which Cilium does not match by "
            "address",
            label="matches nobody",
            effect=f"the range {'allows' if entry.action == 'allow' else 'denies'} nothing: ranges are for what is "
            f"outside the cluster, unless `policy-cidr-match-mode` says otherwise",
            help=f"name the pods with `{entry.side}Endpoints`"
            if whose == "pods"
            else f"name nodes with `{entry.side}Entities: [host, remote-node]`, pods with `{entry.side}Endpoints`",
            key=f"{entry.field} {text}",
        )

    def _nothing_left(self, entry: Entry, text: str, place: Pointer) -> Found:
        return Found(
            "NW2514",
            at(entry.policy, *place),
            f"`except` of {name_of(entry.policy)} takes all of `{text}` away",
            label="no address is left",
            effect="the entry matches nobody",
            help="delete the entry, or an exception",
            key=f"{entry.field} {text}",
        )

    def _group(self, entry: Entry, name: str, place: Pointer) -> Iterator[Found]:
        """NW2511, NW2512."""
        effect = "it has no addresses, so the entry matches nobody" + (
            ": nothing is denied" if entry.action == "deny" else ": nothing is allowed"
        )
        group = self.groups.get(name)
        if group is None:
            yield Found(
                "NW2511",
                at(entry.policy, *place),
                f"{name_of(entry.policy)} names the CiliumCIDRGroup `{name}`, which is not in the input",
                label="no such group",
                effect=effect,
                help="correct the name, or give the group as a source too",
                key=f"{entry.field} {name}",
            )
        elif not (group.value.spec.external_cidrs if group.value.spec is not None else ()):
            yield Found(
                "NW2512",
                at(entry.policy, *place),
                f"{name_of(entry.policy)} names the CiliumCIDRGroup `{name}`, which lists no range",
                label="an empty group",
                effect=effect,
                help="list the ranges in `spec.externalCIDRs` of the group, or delete the entry",
                key=f"{entry.field} {name}",
            )

    def unused(self) -> Iterator[Found]:
        """NW2513. A selector of groups may mean any of them."""
        named: set[str] = set()
        for ruled in self.written.rules:
            for entry in ruled.entries():
                for one in entry.listed("cidr_set") or ():
                    assert isinstance(one, CIDRRule)
                    if one.cidr_group_selector is not None:
                        return
                    named.add(one.cidr_group_ref or "")
                for selector in entry.listed("endpoints") or ():
                    if any(r.source == "cidrgroup" for r in requirements(selector)):  # type: ignore[arg-type]
                        return
        if self.written.refused:
            return
        for name, group in self.groups.items():
            if name not in named:
                yield Found(
                    "NW2513",
                    at(group, "metadata", "name"),
                    f"no policy of the input names the CiliumCIDRGroup `{name}`",
                    label="not used",
                    effect="its ranges change nothing",
                    help="name it in `fromCIDRSet` or `toCIDRSet` with `cidrGroupRef`, or delete it",
                )
