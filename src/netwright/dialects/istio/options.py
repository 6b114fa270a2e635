"""What of a mesh's setup the input does not hold, and a user says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from netwright.dialects.istio import POLICIES
from netwright.model.document import Decoded, kinds_of, of_kinds

DATAPLANE: Final = "istio.io/dataplane-mode"
Mode = Literal["", "sidecar", "ambient", "none"]


class MeshOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`mesh`: how pods are in the mesh that no label or annotation tells of, "none" that there is no mesh, "" that it
    is not known. `root` and `trust_domain` are as in the mesh's configuration (`rootNamespace`, `trustDomain`)."""

    mesh: Mode = ""
    root: str = "istio-system"
    trust_domain: str = "cluster.local"


DEFAULTS = MeshOptions()


def is_meshed(objects: Sequence[Decoded], options: MeshOptions) -> bool:
    """Whether there is a mesh to ask: policies of one, a namespace that is said to be in ambient mode, the option."""
    if options.mesh:
        return options.mesh != "none"
    if not kinds_of(objects).isdisjoint(POLICIES):
        return True
    labels = [d.value.metadata.labels for d in of_kinds(objects, "Namespace")]
    return any(held is not None and held.get(DATAPLANE) == "ambient" for held in labels)
