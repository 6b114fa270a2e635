"""A live cluster as a source: `kube:` and `kube:CONTEXT`. Nothing is written to it, and of Secrets nothing is read."""

from __future__ import annotations

import msgspec

PREFIX = "kube:"


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """How clusters are reached: the kubeconfig file ("": `KUBECONFIG`, else `~/.kube/config`), the context ("": the
    current one), and whether programs that a kubeconfig names may run."""

    kubeconfig: str = ""
    context: str = ""
    allow_exec: bool = False


__all__ = ["PREFIX", "Access"]
