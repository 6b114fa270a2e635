"""Why verdicts are open, in the engine's words: what of the rules that are read is not sure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from netwright.base.spans import Origin, named
from netwright.engine.units import is_unread
from netwright.engine.verdict import Citation

ReasonKind = Literal["unknown", "ambiguous", "depends"]


class Reason(msgspec.Struct, frozen=True):
    """Why a verdict is open: input is missing, the documents leave it open, or it depends on something else."""

    kind: ReasonKind
    text: str


ADDRESS_UNKNOWN = Reason(
    "unknown", "an ipBlock covers only some of the addresses that the pod may have; `--pod-cidr` narrows them"
)
ADDRESS_THERE_UNKNOWN = Reason(
    "unknown",
    "an ipBlock covers only some of the addresses that the pod may have on this network; the annotations of a running "
    "pod and its IPAMClaim name them",
)
HOST_ADDRESS_UNKNOWN = Reason(
    "unknown", "an ipBlock covers only some of the addresses that the node may have; Node objects name them"
)
FAMILY_UNKNOWN = Reason(
    "unknown", "whether the pods have addresses of this family is not in the input; `--pod-cidr` says it"
)
LABELS_UNKNOWN = Reason(
    "unknown", "a rule selects namespaces by label, and the peer's Namespace object is not in the input; add it"
)
PROTOCOL_OPEN = Reason(
    "ambiguous", "NetworkPolicy leaves open what becomes of protocols other than TCP, UDP and SCTP at an isolated pod"
)
HAIRPIN = Reason(
    "ambiguous",
    "the Service leads the pod to itself; whether its packets come back (hairpin), and under which address policy sees "
    "them, is the network plugin's choice",
)
TIED = Reason(
    "ambiguous",
    "policies of one priority do different things with it; which of them is read first is the network plugin's choice",
)
OWN_NODE = Reason(
    "unknown", "a node always reaches its own pods and they it; whether this is the pod's node is not known"
)


def of_citations(
    matching: Sequence[Citation], isolating: Sequence[Citation], *, whose: Reason, is_settled: bool
) -> Iterator[Reason]:
    """Why one direction is open, in the order of the rules; some of it more than once. `whose`: why the address of the
    other end is not known. `is_settled`: what is read decides, and only what is not read leaves it open."""
    if any(c.tied for c in matching) and not is_settled:
        yield TIED
    for c in matching:
        if c.owed and not is_settled:
            yield Reason("depends", f"{_of(c.origin)} allows it as far as this holds: {c.owed}")
    # what becomes of the protocol at an isolated pod is open whatever else a policy of that kind leaves open
    by_protocol = {c.origin.kind for c in isolating if c.by_protocol}
    for c in (*matching, *isolating):
        if c.moot or (is_settled and not is_unread(c.origin)):
            continue
        for why in c.open:
            if c.origin.kind in by_protocol and why.cause in ("labels", "addresses"):
                continue
            if c.rule is not None and why.cause == "protocol":
                continue
            match why.cause:
                case "labels":
                    yield LABELS_UNKNOWN
                case "addresses":
                    yield whose
                case "protocol":
                    yield PROTOCOL_OPEN
                case "names":
                    yield Reason("depends", f"{_of(c.origin)} allows it if the address is one of {why.text}")
                case "condition":
                    yield Reason("depends", f"{_of(c.origin)}: {why.text}")
                case "ambiguous":
                    yield Reason("ambiguous", why.text)
                case "other":
                    yield Reason("unknown", why.text)


def _of(origin: Origin) -> str:
    """A policy by kind and name."""
    return f"{origin.kind} `{named(origin.namespace, origin.name)}`"
