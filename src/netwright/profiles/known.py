"""The profiles there are, by name, and the one that an input asks for."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from netwright.dialects.calico import BESIDE as CALICO_BESIDE
from netwright.dialects.calico import KINDS as CALICO_KINDS
from netwright.dialects.calico import STAGED as CALICO_STAGED
from netwright.dialects.cilium import KINDS as CILIUM_KINDS
from netwright.model.document import Decoded
from netwright.profiles.profile import Profile
from netwright.profiles.upstream import UPSTREAM

NAMES: Final = ("upstream", "cilium", "calico")
_TELLING: Final = dict.fromkeys(CILIUM_KINDS, "cilium") | dict.fromkeys(
    (*CALICO_KINDS, *CALICO_STAGED, *CALICO_BESIDE), "calico"
)
"""The profile that a kind of policy tells."""


@lru_cache(maxsize=64)
def profile_of(name: str) -> Profile:
    """A profile by name, with options behind a colon: `cilium:enable-policy=always,policy-cidr-match-mode=pods`.

    Raises ValueError for a name or an option that is not known.
    """
    base, colon, rest = name.partition(":")
    if base not in NAMES:
        raise ValueError(f"`{base}` is not a known CNI profile; known are {', '.join(NAMES)}")
    if base == UPSTREAM.name:
        if colon:
            raise ValueError(f"the profile `{base}` has no options")
        return UPSTREAM
    if not colon:
        return _with_options(base, {})
    options: dict[str, str] = {}
    for part in rest.split(","):
        key, equals, value = part.partition("=")
        if not equals:
            raise ValueError(f"`{part}` is no option; write `{base}:OPTION=VALUE`")
        options[key.strip()] = value.strip()
    return _with_options(base, options)


def _with_options(name: str, options: dict[str, str]) -> Profile:
    if name == "calico":
        from netwright.profiles.calico import with_options as calico

        return calico(options)
    from netwright.profiles.cilium import with_options as cilium

    return cilium(options)


def found_profile(objects: Iterable[Decoded]) -> tuple[Profile, Decoded | None]:
    """The profile that the objects tell, with the first that does: how Cilium's agents are set up, else the first
    policy of a CNI's own; else `upstream`. Raises ValueError for an option with a value that it cannot have."""
    held = tuple(objects)
    for d in held:
        if d.kind == "ConfigMap":
            from netwright.profiles.cilium_config import profile_name

            return profile_of(profile_name(d.value)), d
    for d in held:
        if d.kind in _TELLING:
            return profile_of(_TELLING[d.kind]), d
    return UPSTREAM, None
