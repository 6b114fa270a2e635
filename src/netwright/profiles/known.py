"""The profiles there are, by name, and the one that an input asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from msgspec.structs import replace

from netwright.dialects.calico import BESIDE as CALICO_BESIDE
from netwright.dialects.calico import KINDS as CALICO_KINDS
from netwright.dialects.calico import STAGED as CALICO_STAGED
from netwright.dialects.cilium import KINDS as CILIUM_KINDS
from netwright.dialects.istio.options import MeshOptions
from netwright.dialects.multus import KINDS as ATTACHMENTS
from netwright.dialects.ovn import CONNECTS as OVN_CONNECTS
from netwright.dialects.ovn import KINDS as OVN_KINDS
from netwright.dialects.ovn import NETWORKS as OVN_NETWORKS
from netwright.model.document import OVN_OVERLAY, Decoded, UnknownPolicy, Unread, of_kinds
from netwright.profiles.profile import MESH_OPTIONS, Profile
from netwright.profiles.upstream import UPSTREAM

NAMES: Final = ("upstream", "cilium", "calico", "ovn-kubernetes")
_TELLING: Final = (
    dict.fromkeys(CILIUM_KINDS, "cilium")
    | dict.fromkeys((*CALICO_KINDS, *CALICO_STAGED, *CALICO_BESIDE), "calico")
    | dict.fromkeys(OVN_KINDS, "ovn-kubernetes")
)
"""The profile that a kind of policy tells."""
_NETWORKS: Final = (*OVN_NETWORKS, *OVN_CONNECTS, *ATTACHMENTS)
"""The kinds that tell OVN-Kubernetes where no policy tells another, attachments to its own networks among them."""

_UNREAD_TELLING: Final = frozenset((*_TELLING, *OVN_NETWORKS, *OVN_CONNECTS))
CILIUM_CONFIG: Final = "cilium-config"
"""The ConfigMap that says how Cilium's agents are set up."""
_GROUPS: Final = (None, "cilium.io", "projectcalico.org", "crd.projectcalico.org", "k8s.ovn.org")


@lru_cache(maxsize=64)
def profile_of(name: str) -> Profile:
    """A profile by name, with options behind a colon: `cilium:enable-policy=always,policy-cidr-match-mode=pods`.

    Raises ValueError for a name or an option that is not known.
    """
    base, colon, rest = name.partition(":")
    if base not in NAMES:
        raise ValueError(f"`{base}` is not a known CNI profile; known are {', '.join(NAMES)}")
    options: dict[str, str] = {}
    for part in rest.split(",") if colon else ():
        key, equals, value = part.partition("=")
        if not equals:
            raise ValueError(f"`{part}` is no option; write `{base}:OPTION=VALUE`")
        options[key.strip()] = value.strip()
    of_mesh = {option.name: options.pop(option.name) for option in MESH_OPTIONS if option.name in options}
    if base == UPSTREAM.name:
        if options:
            known = ", ".join(option.name for option in MESH_OPTIONS)
            raise ValueError(f"`{next(iter(options))}` is no option of the profile `{base}`; those are {known}")
        found = UPSTREAM
    else:
        found = _with_options(base, options)
    return _in_mesh(found, of_mesh) if of_mesh else found


def _in_mesh(profile: Profile, options: dict[str, str]) -> Profile:
    """The profile with what is said of a mesh. Raises ValueError for a value that an option cannot have."""
    mode = options.get("mesh", "")
    if mode not in ("", "sidecar", "ambient", "none"):
        raise ValueError(f"`mesh` is `sidecar`, `ambient` or `none`, not `{mode}`")
    root = options.get("root-namespace") or profile.mesh.root
    domain = options.get("trust-domain") or profile.mesh.trust_domain
    mesh = MeshOptions(mesh=mode, root=root, trust_domain=domain)  # type: ignore[arg-type]
    told = ",".join(f"{key}={value}" for key, value in options.items())
    name = f"{profile.name}{',' if ':' in profile.name else ':'}{told}"
    return replace(profile, name=name, mesh=mesh)


def _with_options(name: str, options: dict[str, str]) -> Profile:
    if name == "calico":
        from netwright.profiles.calico import with_options as calico

        return calico(options)
    if name == "ovn-kubernetes":
        from netwright.profiles.ovn_kubernetes import with_options as ovn_kubernetes

        return ovn_kubernetes(options)
    from netwright.profiles.cilium import with_options as cilium

    return cilium(options)


def found_profile(objects: Iterable[Decoded]) -> tuple[Profile, Decoded | None]:
    """The profile that the objects tell, with the first that does: how Cilium's agents are set up, else the first
    policy of a CNI's own, else the first network of one; else `upstream`. Raises ValueError for an option with a value
    that it cannot have."""
    for d in of_kinds(objects, "ConfigMap"):
        if d.name == CILIUM_CONFIG:
            from netwright.profiles.cilium_config import profile_name

            return profile_of(profile_name(d.value)), d
    policy = next(iter(of_kinds(objects, *_TELLING)), None)
    network = next((d for d in of_kinds(objects, *_NETWORKS) if _is_of_ovn(d)), None)
    if policy is None and network is not None:
        return profile_of("ovn-kubernetes"), network
    return (profile_of(_TELLING[policy.kind]), policy) if policy is not None else (UPSTREAM, None)


def perhaps_telling(unread: Iterable[Unread], telling: Decoded | None) -> Iterator[UnknownPolicy]:
    """What was not read and would tell a profile, or how Cilium is set up, other than what `telling`, which was read,
    does. CNIs differ in whom policies spare, so that no verdict is sure."""
    for one in unread:
        kinds = ["ConfigMap"] if CILIUM_CONFIG in one.names else []
        if telling is None and OVN_OVERLAY in one.names:
            kinds += ATTACHMENTS
        if telling is None and one.group in _GROUPS:
            of_calico = one.group is not None and one.group.endswith("projectcalico.org")
            kinds += [k for k in one.kinds if k in _UNREAD_TELLING or (of_calico and k == "NetworkPolicy")]
        if kinds:
            yield UnknownPolicy(
                kind=kinds[0],
                namespaces=(),
                hosts=True,
                effect="both",
                reason=f"{one.reason}: it would tell which CNI there is, as `--cni` does",
                overrides=True,
            )


def _is_of_ovn(d: Decoded) -> bool:
    """Whether a network is OVN-Kubernetes' own."""
    if d.kind not in ATTACHMENTS:
        return True
    spec = d.value.spec
    return spec is not None and OVN_OVERLAY in (spec.config or "")
