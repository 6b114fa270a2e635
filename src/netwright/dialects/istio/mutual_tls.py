"""The modes of mutual TLS that PeerAuthentications set for a pod, a port at a time.

After Istio 1.28: `peer_authentication.proto`; of sidecars `pilot/pkg/security/authn/policy_applier.go`
(`ComposePeerAuthentication`), of ztunnel `pilot/pkg/serviceregistry/ambient/authorization.go`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from netwright.base.spans import Pointer
from netwright.dialects.istio.objects import MutualTLS, PeerAuthentication
from netwright.dialects.istio.selectors import lives_in
from netwright.model.document import Decoded

LOST: Final = "perhaps not told"
"""The mode of a policy whose STRICT the control plane perhaps does not hand to ztunnel."""


class Said(msgspec.Struct, frozen=True, gc=False, order=True):
    """A mode of TLS and the policy that sets it; without a name it is what holds where none does."""

    mode: str
    namespace: str = ""
    name: str = ""
    pointer: Pointer = ()


Modes = tuple[tuple[int, tuple[Said, ...]], ...]
"""For ports, and by 0 for all others, what is set: several where which of them holds is open."""

AT_GATEWAYS: Final[Modes] = ((0, (Said("PERMISSIVE"),)),)


def modes_at(
    policies: Iterable[Decoded], labels: dict[str, str], namespace: str, root: str, *, by_ztunnel: bool
) -> Modes:
    """What holds at a pod of `namespace` with these labels by the policies of that namespace and of `root`: the
    narrowest one that sets a mode; UNSET inherits."""
    wide: dict[bool, list[Decoded]] = {True: [], False: []}
    narrow: list[Decoded] = []
    unsure: list[Decoded] = []
    for d in policies:
        value: PeerAuthentication = d.value
        selector = value.spec.selector if value.spec else None
        if selector is None or not selector.match_labels:
            wide[d.namespace == root].append(d)
        elif d.namespace == namespace != root and lives_in(labels, selector, perhaps=True):
            narrow.append(d)
            if not lives_in(labels, selector):
                unsure.append(d)
    of_mesh = _inherited(wide[True], {Said("PERMISSIVE")})
    held = _inherited(wide[False], of_mesh)
    ports = {p for d in narrow for p in (d.value.spec.port_level_mtls or {})}
    rest = held if len(unsure) == len(narrow) else set()
    out: dict[int, set[Said]] = {}
    for port in ("", *ports):
        here = out[int(port or 0)] = set(rest)
        for d in narrow:
            said = _at_port(d, held, port, by_ztunnel=by_ztunnel)
            here |= said
            if by_ztunnel and _is_lost(d, said, of_mesh, wide[False]):
                here.add(Said(LOST, d.namespace, d.name))
    return tuple((port, tuple(sorted(said, key=repr))) for port, said in sorted(out.items()))


def _set_by(d: Decoded, above: set[Said], port: str = "") -> set[Said]:
    spec = d.value.spec
    of_port: MutualTLS | None = (spec.port_level_mtls or {}).get(port) if port and spec else None
    of_all: MutualTLS | None = spec.mtls if spec else None
    said: tuple[tuple[MutualTLS | None, Pointer], ...] = (
        (of_port, ("spec", "portLevelMtls", port)),
        (of_all, ("spec", "mtls")),
    )
    for mutual, pointer in said:
        if mode := _mode(mutual):
            return {Said(mode, d.namespace, d.name, pointer)}
    return above


def _inherited(level: Sequence[Decoded], above: set[Said]) -> set[Said]:
    """What holds under policies for a whole namespace."""
    return set().union(*(_set_by(d, above) for d in level)) if level else above


def _at_port(d: Decoded, above: set[Said], port: str, *, by_ztunnel: bool) -> set[Said]:
    """What a policy sets for a port of its own, or for all others (""). Ztunnel is given a policy that says nothing for
    all ports, and with it what it says of each, only where it takes one out of STRICT by PERMISSIVE; DISABLE alone
    leaves STRICT as it is."""
    said = _set_by(d, above, port)
    spec = d.value.spec
    is_given = not port or not by_ztunnel or _mode(spec.mtls) or "PERMISSIVE" in _of_ports(d)
    if is_given or {one.mode for one in said} != {"DISABLE"}:
        return said
    return {kept for one in above for kept in ({one} if one.mode == "STRICT" else said)}


def _is_lost(d: Decoded, said: set[Said], of_mesh: set[Said], of_namespace: Sequence[Decoded]) -> bool:
    """Whether ztunnel perhaps is not told of a STRICT: `convertPeerAuthentication` compares ports with the mode of the
    mesh, whatever the policy says itself, and with that of a policy for the namespace that sets none. The documents
    know neither."""
    strict = "STRICT"
    if all(one.mode != strict for one in said) or all(one.mode != strict for one in of_mesh):
        return False
    leaves_it = any(not _mode(one.value.spec and one.value.spec.mtls) for one in of_namespace)
    own = _mode(d.value.spec.mtls)
    if not own:
        return leaves_it and "PERMISSIVE" in _of_ports(d)
    return own != strict and strict in _of_ports(d) and (leaves_it or not of_namespace)


def _of_ports(d: Decoded) -> set[str]:
    return {_mode(mutual) for mutual in (d.value.spec.port_level_mtls or {}).values()}


def _mode(mutual: MutualTLS | None) -> str:
    """The mode that is set; "" where it is left to what is above."""
    return "" if mutual is None or mutual.mode in (None, "UNSET") else mutual.mode
