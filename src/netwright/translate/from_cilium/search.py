"""What of a draft may be written: everything is tried on the network of the input, and kept if no verdict moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from netwright.base.ipset import EVERYWHERE, IpSet
from netwright.base.services import TRANSPORT
from netwright.dialects.cilium.services import services_of
from netwright.model.document import Decoded
from netwright.model.rule import Service
from netwright.translate.conversion import Side, Turned
from netwright.translate.from_cilium.draft import Draft
from netwright.translate.from_cilium.selectors import Pods
from netwright.translate.from_cilium.specs import SIDES, Loose, Piece, Section, Spec
from netwright.translate.from_cilium.words import as_entries, blocks, outside_of
from netwright.translate.same_network import PORT_ZERO
from netwright.translate.trials import MOST_TRIES, Trial, unfit

T = TypeVar("T")


class Search:
    """`conflicts` are the pieces that are not converted, since a verdict would move or no try was left to know."""

    def __init__(self, draft: Draft, trial: Trial) -> None:
        self._draft = draft
        self._trial = trial
        self._tries = 0
        self.conflicts: set[int] = set()

    @property
    def is_tired(self) -> bool:
        """Whether no try is left."""
        return self._tries >= MOST_TRIES

    def moved(self, *, settling: bool = False) -> tuple[Turned, ...]:
        """What differs from the input as things stand."""
        self._tries += 1
        return self._trial.moved(self._draft.after(settling=settling), PORT_ZERO)

    def unfit(self, group: Sequence[T], change: Callable[[T, bool], None], *, settling: bool = False) -> list[T]:
        """Makes changes that together change no verdict; those that cannot be among them."""
        return unfit(group, change, lambda: self.is_tired or bool(self.moved(settling=settling)))

    # --- before anything is written --------------------

    def settle(self) -> None:
        """Drops what decides nothing, and says by more what changes nothing by that."""
        draft = self._draft
        sides = [
            (spec, side)
            for policy in draft.sources
            for spec in draft.specs(policy)
            for side in SIDES
            if spec.has_pods and not spec.isolates(side) and any(e.loose for e in spec.of(side) if not e.denies)
        ]
        self.unfit(sides, self._isolate, settling=True)
        loose = [one for spec, section in draft.sections() for one in section.loose if spec.has_pods or not one.why]
        self.unfit(loose, _drop, settling=True)
        for spec, section in draft.sections():
            for one in [rest for rest in section.loose if rest.fate == "kept" and spec.has_pods]:
                self._widen(spec, section, one)
                if one.fate == "kept" and section.denies:
                    self._take_out(spec, section, one)

    def _isolate(self, one: tuple[Spec, Side], on: bool) -> None:
        """Whether a rule isolates what it did not isolate, so that what it allows can be a NetworkPolicy's."""
        spec, side = one
        spec.isolated_too = [s for s in SIDES if (s == side and on) or (s != side and s in spec.isolated_too)]
        self._draft.cut(spec, (side,))

    def _widen(self, spec: Spec, section: Section, one: Loose) -> None:
        for more in self._draft.wider(spec, section, one):
            if more.cut.said is None or self.is_tired:
                continue
            piece = Piece(more.cut.fragment, more.cut.said, spec.manner(section))
            section.pieces.append(piece)
            one.fate = "widened"
            if not self.moved(settling=True):
                return
            section.pieces.remove(piece)
            one.fate = "kept"

    def _take_out(self, spec: Spec, section: Section, one: Loose) -> None:
        """Addresses that are denied at an ingress are taken out of what is allowed to the same pods."""
        gone = outside_of(one.entry)
        service = next((service for service, _ in services_of(one.entry, not gone)), None)
        if not gone or service is None or self.is_tired:
            return
        alike = [
            other
            for other, _ in self._draft.sections()
            if other.policy.namespace == spec.policy.namespace
            and (other.where, other.labels) == (spec.where, spec.labels)
        ]
        found = [s for s in dict.fromkeys(s for o in alike for s in o.of(section.side)) if not s.denies and s.pieces]
        before = [s.pieces for s in found]
        for other in found:
            other.pieces = [less for piece in other.pieces for less in _without(piece, gone, service, spec)]
        one.fate = "taken out"
        if self.moved(settling=True):
            one.fate = "kept"
            for other, held in zip(found, before, strict=True):
                other.pieces = held

    # --- what is written --------------------

    def convert(self) -> None:
        """Writes what can be; a policy of which only a part could be, though nothing is the same then, is given up."""
        draft = self._draft
        broken: list[Decoded] = []
        if self.moved():
            for policy in draft.sources:
                self._write(policy, False)
            broken = self.unfit([policy for policy in draft.sources if self._is_written(policy)], self._write)
        found = [piece for spec, section in draft.sections() if not spec.is_whole for piece in section.pieces]
        left = self.unfit(found, _convert)
        denying = [piece for piece in left if piece.manner == "deny"] if draft.first is not None else []
        self.unfit(denying, _convert_first)
        self.conflicts = {id(piece) for piece in left if not piece.is_converted}
        self.unfit(broken, self._write_all)

    def _write_all(self, policy: Decoded, on: bool) -> None:
        self._write(policy, on)
        for spec in self._draft.specs(policy):
            for section in spec.sections:
                for piece in section.pieces:
                    piece.is_converted = on

    def _is_written(self, policy: Decoded) -> bool:
        return any(not spec.stays for spec in self._draft.specs(policy))

    def _write(self, policy: Decoded, on: bool) -> None:
        for spec in self._draft.specs(policy):
            spec.given_up = not on


def _without(piece: Piece, gone: IpSet, service: Service, spec: Spec) -> list[Piece]:
    """What a piece allows, less some addresses outside on some services; as it is where that cannot be said."""
    said = piece.said
    both = said.service.fixed & service.fixed
    others = said.service.fixed - both
    if piece.manner != "allow" or said.service.named or not both or (others and not said.service.fixed <= TRANSPORT):
        return [piece]
    whom: tuple[Pods, ...] = (Pods({}, {}),) if said.anyone else said.pods
    held = [EVERYWHERE - gone] if said.anyone else [block.addresses - gone for block in said.blocks]
    less = said._replace(
        anyone=False,
        pods=whom,
        blocks=tuple(block for left in held for block in blocks(left)),
        service=said.service if not others else Service(both),
    )
    same = said._replace(service=Service(others))
    in_namespace = bool(spec.policy.namespace)
    return [
        Piece(as_entries(piece.entries[0], one, in_namespace=in_namespace), one, piece.manner)
        for one in ([less, same] if others else [less])
        if one.anyone or one.pods or one.blocks
    ]


def _drop(one: Loose, on: bool) -> None:
    one.fate = "dropped" if on else "kept"


def _convert(one: Piece, on: bool) -> None:
    one.is_converted = on


def _convert_first(one: Piece, on: bool) -> None:
    one.is_converted = one.is_first = on
