"""From which version on something holds, and behind which feature gate: data, each with its source.

A version is (major, minor). `gate` "" is a change that needs no gate. A gate in alpha must be turned on; one in beta
must be turned on too before `BETA_IS_ON`, and from there on it is on unless it is turned off; from `since` on there is
none to be turned.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

Version = tuple[int, int]
Component = Literal["KubeVirt", "kubemacpool"]
BETA_IS_ON: Final[Version] = (1, 9)
"""The first version of KubeVirt whose gates in beta are on by default (`pkg/virt-config/featuregate`)."""


class VersionGate(msgspec.Struct, frozen=True, kw_only=True):
    """What holds (`predicate`, a name that checks ask by), in words, and in which versions."""

    component: Component
    predicate: str
    says: str
    gate: str = ""
    alpha: Version | None = None
    beta: Version | None = None
    since: Version | None = None
    """The version from which on it holds without a gate."""
    until: Version | None = None
    """The version from which on it holds no more."""
    source: str

    @property
    def first(self) -> Version | None:
        """The first version that knows it at all."""
        return self.alpha or self.beta or self.since

    def answer(self, version: Version, on: frozenset[str], off: frozenset[str] = frozenset()) -> bool:
        """Whether it holds in a version, with these gates turned on and off.

        >>> gate_of("passtBinding").answer((1, 8), frozenset())
        False
        >>> gate_of("passtBinding").answer((1, 9), frozenset())
        True
        """
        if self.until is not None and version >= self.until:
            return False
        if self.first is None or (self.since is not None and version >= self.since):
            return True
        if version < self.first:
            return False
        in_beta = self.beta is not None and version >= self.beta
        return self.gate in on or (in_beta and version >= BETA_IS_ON and self.gate not in off)

    @property
    def versions(self) -> str:
        """In which versions it holds, as a sentence says it.

        >>> gate_of("portRanges").versions
        'KubeVirt 1.9 and newer, with the feature gate `PortRangesSpec` (alpha) turned on'
        """
        name = self.component
        if self.until is not None:
            return f"{name} before {_text(self.until)}"
        if not self.gate:
            return f"{name} {_text(self.since)} and newer" if self.since else f"every {name}"
        if self.beta is None and self.since is None:
            return f"{name} {_text(self.first)} and newer, with the feature gate `{self.gate}` (alpha) turned on"
        last = self.since or BETA_IS_ON
        return (
            f"{name} {_text(last)} and newer, and from {_text(self.first)} on with the feature gate `{self.gate}` "
            "turned on"
        )


def _text(version: Version | None) -> str:
    return ".".join(map(str, version or ()))


_GATES: Final = "kubevirt `pkg/virt-config/featuregate/network` at 1.9"
VERSION_GATES: Final = (
    VersionGate(
        component="KubeVirt",
        predicate="passtBinding",
        says="the binding `passtBinding` of an interface",
        gate="PasstBinding",
        beta=(1, 8),
        source=f"{_GATES}: passt_binding.go",
    ),
    VersionGate(
        component="KubeVirt",
        predicate="portRanges",
        says="`portRanges` of an interface",
        gate="PortRangesSpec",
        alpha=(1, 9),
        source=f"{_GATES}: port_ranges_spec.go",
    ),
    VersionGate(
        component="KubeVirt",
        predicate="resourceClaim",
        says="a network that is a `resourceClaim`",
        gate="NetworkDevicesWithDRA",
        alpha=(1, 9),
        source=f"{_GATES}: network_devices_with_dra.go",
    ),
    VersionGate(
        component="KubeVirt",
        predicate="binding",
        says="the binding of a plugin",
        gate="NetworkBindingPlugins",
        alpha=(1, 1),
        beta=(1, 4),
        since=(1, 5),
        source=f"{_GATES}: network_binding_plugins.go",
    ),
    VersionGate(
        component="KubeVirt",
        predicate="live networkName",
        says="another `multus.networkName` for an interface of a running machine",
        gate="LiveUpdateNADRef",
        beta=(1, 8),
        since=(1, 9),
        source=f"{_GATES}: live_update_nad_ref.go",
    ),
    VersionGate(
        component="KubeVirt",
        predicate="removed bindings",
        says="the bindings `slirp`, `passt` and `macvtap` as fields of an interface",
        until=(1, 3),
        source="KubeVirt 1.3 release notes; user guide: network binding plugins",
    ),
    VersionGate(
        component="kubemacpool",
        predicate="refuses collisions",
        says="kubemacpool before 0.51 refuses a machine with a MAC address that another one has",
        until=(0, 51),
        source="kubemacpool pull requests 582 and 612",
    ),
    VersionGate(
        component="kubemacpool",
        predicate="tells collisions",
        says="from 0.51 on it only tells: the alert `KubemacpoolMACCollisionDetected`, the metric `kmp_mac_collisions`",
        since=(0, 51),
        source="kubemacpool pull requests 582 and 612",
    ),
)


def gate_of(predicate: str) -> VersionGate:
    """The gate of what a check asks about. Raises StopIteration for a predicate that is in no row."""
    return next(one for one in VERSION_GATES if one.predicate == predicate)
