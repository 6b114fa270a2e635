"""The rules of Cilium's policies as they are taken apart: what of each is said, dropped, or stays."""

from __future__ import annotations

from typing import Any, Final, Literal

from msgspec.structs import replace

from netwright.base.services import ALL
from netwright.base.spans import Pointer
from netwright.dialects.cilium.objects import EgressRule, IngressRule, Rule
from netwright.dialects.cilium.services import Entry
from netwright.model.document import Decoded
from netwright.translate.conversion import RuleKey, Side
from netwright.translate.from_cilium.entries import Cut, Manner
from netwright.translate.from_cilium.words import Said
from netwright.translate.same_network import PORT_ZERO

Tree = dict[str, Any]
SIDES: Final[tuple[Side, Side]] = ("ingress", "egress")
_SECTIONS: Final[tuple[tuple[Side, str, str], ...]] = (
    ("ingress", "ingress", "ingress"),
    ("ingress", "ingress_deny", "ingressDeny"),
    ("egress", "egress", "egress"),
    ("egress", "egress_deny", "egressDeny"),
)


class Piece:
    """What is said of an entry, in Cilium's words too: one of both stands in the output. `is_first`: before the admin
    policies of the input, not behind them."""

    def __init__(self, entries: tuple[Entry, ...], said: Said, manner: Manner, *, is_converted: bool = False) -> None:
        self.entries = entries
        self.said = said
        self.manner = manner
        self.is_converted = is_converted
        self.is_first = False

    @property
    def lacks_port_zero(self) -> bool:
        """Whether a ClusterNetworkPolicy says it, but for port 0."""
        numbers = self.said.service.fixed
        return self.is_converted and self.manner != "allow" and numbers != ALL and bool(numbers & PORT_ZERO)


class Loose:
    """What is not said of an entry: it stays, `kept`, or by one of two ways does not. What changes nothing is done
    unasked: it is dropped, said by more (`widened`) or taken out of what is allowed. What was chosen is left out, or
    something else is put in its place."""

    def __init__(self, entry: Entry, why: str) -> None:
        self.entry = entry
        self.why = why
        self.fate: Literal["kept", "dropped", "widened", "taken out", "chosen"] = "kept"


class Section:
    """An entry of a section, taken apart."""

    def __init__(self, key: RuleKey, side: Side, name: str, entry: Entry) -> None:
        self.key = key
        self.side: Side = side
        self.name = name
        self.entry = entry
        self.pieces: list[Piece] = []
        self.loose: list[Loose] = []
        self.written_out: tuple[str, ...] = ()
        self.no_end: tuple[str, ...] = ()

    def take(self, cut: Cut, manner: Manner) -> None:
        """Starts anew from how it was cut."""
        self.pieces = [Piece(cut.fragment, cut.said, manner)] if cut.said is not None else []
        self.loose = [Loose(*rest) for rest in cut.rests]
        self.written_out, self.no_end = cut.written_out, cut.no_end

    @property
    def lacks_port_zero(self) -> bool:
        """Whether a piece of it is converted without its port 0."""
        return any(piece.lacks_port_zero for piece in self.pieces)

    @property
    def denies(self) -> bool:
        return self.name.endswith("_deny")

    def kept(self) -> list[Entry]:
        """What stays of it in Cilium's words."""
        found = [e for piece in self.pieces if not piece.is_converted for e in piece.entries]
        return [*found, *(rest.entry for rest in self.loose if rest.fate == "kept")]

    @property
    def is_whole(self) -> bool:
        """Whether all of it stays."""
        return bool(self.kept()) and not any(p.is_converted for p in self.pieces) and not self.is_settled

    @property
    def is_settled(self) -> bool:
        """Whether something of it was dropped or said by more."""
        return any(rest.fate != "kept" for rest in self.loose) or bool(self.no_end)


class Spec:
    """One rule of a policy; `always`: all pods are isolated, whatever it says.

    `stays` is why it cannot be converted at all, "" where it can; where it `can_go` it may be `left_out`. `given_up`:
    what is written of it is not the same, so that it stays, whatever its sections have. `where` and `labels` select its
    pods, `namespaces` are those in which NetworkPolicies can stand for it, `has_pods` says whether there are any.
    `isolated_too`: directions that it did not isolate, and does now.
    """

    def __init__(self, policy: Decoded, pointer: Pointer, rule: Rule, *, always: bool) -> None:
        self.policy = policy
        self.pointer = pointer
        self.rule = rule
        self.stays = ""
        self.can_go = False
        self.left_out = False
        self.given_up = False
        self.where: Tree = {}
        self.labels: Tree = {}
        self.namespaces: tuple[str, ...] = ()
        self.isolated_too: list[Side] = []
        self.has_pods = False
        self.sections = [
            Section(_key(policy, (*pointer, text, index)), side, name, entry)
            for side, name, text in _SECTIONS
            for index, entry in enumerate(getattr(rule, name) or ())
        ]
        default = rule.enable_default_deny if not always else None
        self._default: dict[Side, bool] = {s: default is None or getattr(default, s) is not False for s in SIDES}

    @property
    def is_whole(self) -> bool:
        """Whether all of it stays or goes, and nothing is written of it."""
        return bool(self.stays) or self.given_up

    def isolates(self, side: Side) -> bool:
        return self._default[side] or side in self.isolated_too

    def of(self, side: Side) -> list[Section]:
        return [section for section in self.sections if section.side == side]

    def manner(self, section: Section) -> Manner:
        if section.denies:
            return "deny"
        return "allow" if self.isolates(section.side) else "accept"

    def isolated(self, *, settling: bool) -> list[Side]:
        """The directions in which a NetworkPolicy isolates; not where all that the rule says stays as it is."""
        if settling or self.is_whole:
            return []
        return [
            side
            for side in SIDES
            if self.isolates(side)
            and (here := self.of(side))
            and (any(p.is_converted for e in here for p in e.pieces) or not any(e.kept() for e in here))
        ]

    def left(self, *, settling: bool) -> Rule | None:
        """The rule with what stays of it; None for nothing."""
        if self.left_out:
            return None
        if self.is_whole or (all(section.is_whole for section in self.sections) and not self.isolated_too):
            return self.rule
        held: dict[str, Any] = {
            name: tuple(k for e in self.sections if e.name == name for k in e.kept()) or None
            for _, name, _ in _SECTIONS
        }
        done = self.isolated(settling=settling)
        for side, blank in (("ingress", IngressRule()), ("egress", EgressRule())):
            here = self.of(side)  # type: ignore[arg-type]
            if here and side not in done and self.isolates(side) and not any(held[e.name] for e in here):  # type: ignore[arg-type]
                held[side] = (blank,)
        if not any(held.values()):
            return None
        default = self.rule.enable_default_deny
        if default is not None and self.isolated_too:
            default = replace(default, **dict.fromkeys(self.isolated_too, True))
        return replace(self.rule, **held, enable_default_deny=default)


def _key(policy: Decoded, pointer: Pointer) -> RuleKey:
    return RuleKey(kind=policy.kind, namespace=policy.namespace, name=policy.name, pointer=pointer)
