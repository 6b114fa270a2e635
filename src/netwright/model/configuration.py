"""What a team writes down about its network: where it is read from, what must hold, which findings are accepted."""

from __future__ import annotations

from typing import Literal

import msgspec

from netwright.base.diagnostics import Severity

Verb = Literal["allow", "deny", "only", "apart"]


class Intent(msgspec.Struct, frozen=True, kw_only=True, rename={"sources": "from", "destinations": "to"}):
    """What must hold.

    allow: every one of `sources` may connect to every one of `destinations` on all of `ports`. deny: none of them on
    any. only: nobody but `sources`. apart: namespaces whose label `tenants` has different values do not connect.
    Without `ports` allow means those that the destinations serve, the others every port of TCP, UDP and SCTP. `file`
    and `line` are where it is written.
    """

    name: str
    verb: Verb
    sources: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    tenants: str = ""
    reason: str = ""
    severity: Severity = "error"
    file: str = ""
    line: int = 0


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """Findings that a team lives with until a day (`expires`, YYYY-MM-DD, that day included): those of the code that
    agree with all else that is given."""

    code: str
    kind: str = ""
    namespace: str = ""
    name: str = ""
    fingerprint: str = ""
    reason: str
    expires: str
    file: str = ""
    line: int = 0


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """`netwright.yaml`. Paths are as seen from the current folder. `severities` are those of codes, or `ignore`."""

    file: str = ""
    sources: tuple[str, ...] = ()
    cni: str | None = None
    pod_cidr: tuple[str, ...] = ()
    kustomize: bool = False
    intents: tuple[Intent, ...] = ()
    severities: dict[str, Literal["error", "warning", "info", "ignore"]] = {}
    accepted: tuple[Accepted, ...] = ()
