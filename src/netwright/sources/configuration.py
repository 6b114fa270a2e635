"""`netwright.yaml`, files of intents and baselines: what is wrong in them is one error with its file and line."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec

from netwright.base.diagnostics import Severity
from netwright.base.errors import UsageError
from netwright.base.ipset import pod_ranges
from netwright.base.services import check_ports
from netwright.base.spans import Pointer
from netwright.model.configuration import Accepted, Configuration, Intent, Verb
from netwright.model.finding import Known, State
from netwright.model.finding_codes import no_code
from netwright.sources.own_text import OwnText, read_bytes

NAME = "netwright.yaml"
SEVERITIES = ("error", "warning", "info", "ignore")
CODES = "`netwright explain` lists them"
VERBS: tuple[Verb, ...] = ("allow", "deny", "only", "apart")
_ANSWER = b'{"schema":"netwright.'
_TELLING = {"intents", "severities", "accepted"}
"""Keys that tell our files from others that are mappings too."""
OneOrMore = str | tuple[str, ...]
Ports = int | str | tuple[int | str, ...]


class _Ends(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    from_: OneOrMore
    to: OneOrMore
    ports: Ports = ()


class _Apart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    tenants: str


class _Intent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    allow: _Ends | None = None
    deny: _Ends | None = None
    only: _Ends | None = None
    apart: _Apart | None = None
    reason: str = ""
    severity: Severity = "error"


class _Accepted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    code: str
    kind: str = ""
    namespace: str = ""
    name: str = ""
    fingerprint: str = ""
    reason: str
    expires: str


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    sources: OneOrMore = ()
    cni: str | None = None
    pod_cidr: OneOrMore = ()
    kustomize: bool = False
    intents: str | tuple[str | _Intent, ...] = ()
    severities: dict[str, Any] = {}
    accepted: tuple[_Accepted, ...] = ()


def read_configuration(path: str, profile: Callable[[str], object] | None = None) -> Configuration:
    """The configuration in a file; an empty one where that holds nothing. Raises UsageError with file and line for what
    is not understood. `profile` raises ValueError for a `cni` that is not known."""
    text = OwnText(path, empty={})
    file = text.convert(_File)
    folder = os.path.dirname(path)  # noqa: PTH120 - paths stay as they are written
    if file.cni is not None and profile is not None:
        try:
            profile(file.cni)
        except ValueError as error:
            text.fail(("cni",), f"`cni`: {error}", help="`netwright explain` lists the profiles")
    intents: list[Intent] = []
    listed = (file.intents,) if isinstance(file.intents, str) else file.intents
    for number, one in enumerate(listed):
        pointer: Pointer = ("intents",) if isinstance(file.intents, str) else ("intents", number)
        if isinstance(one, str):
            named = os.path.join(folder, one)  # noqa: PTH118
            intents += read_intents(named, named_at=text.position(pointer))
        else:
            intents.append(_as_intent(text, one, pointer))
    _tell_apart(intents)
    return Configuration(
        file=path,
        sources=tuple(_beside(folder, s) for s in _tuple(file.sources)),
        cni=file.cni,
        pod_cidr=_ranges(text, file.pod_cidr),
        kustomize=file.kustomize,
        intents=tuple(intents),
        severities=_severities(text, file.severities),
        accepted=tuple(_as_accepted(text, a, ("accepted", i)) for i, a in enumerate(file.accepted)),
    )


def read_intents(path: str, *, named_at: str = "") -> tuple[Intent, ...]:
    """The intents of a file: a list, or a mapping with `intents`. `named_at` is the place that names the file. Raises
    UsageError with file and line."""
    text = OwnText(path, named_at=named_at)
    is_list = isinstance(text.value, list)
    found: Sequence[_Intent] = text.convert(tuple[_Intent, ...]) if is_list else text.convert(_Intents).intents
    base: Pointer = () if is_list else ("intents",)
    intents = [_as_intent(text, one, (*base, number)) for number, one in enumerate(found)]
    _tell_apart(intents)
    return tuple(intents)


class _Intents(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    intents: tuple[_Intent, ...]


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    fingerprint: str
    workloads: tuple[str, ...] | None = None
    objects: tuple[str, ...] | None = None
    state: State = "new"


class _KnownTwin(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    findings: tuple[_Known, ...]


class _Baseline(msgspec.Struct, frozen=True, kw_only=True):
    schema: Literal["netwright.check/v1"]
    findings: tuple[_Known, ...] | None = None
    twins: tuple[_KnownTwin, ...] | None = None


def read_baseline(path: str) -> dict[str, tuple[Known, ...]]:
    """The findings in what `check -o json` wrote, of each network by its name, "" where it was asked of one. Those that
    were accepted are left out: they are settled by the acceptance, as long as it holds. Raises UsageError."""
    made = f"`netwright check -o json --out {path}` writes one"
    try:
        known = msgspec.json.decode(read_bytes(path, help=made), type=_Baseline)
        if known.findings is None and known.twins is None:
            raise msgspec.DecodeError("it has no findings")
        networks = {"": known.findings} if known.findings is not None else {}
        networks |= {twin.name: twin.findings for twin in known.twins or ()}
        return {name: _known(findings) for name, findings in networks.items()}
    except msgspec.DecodeError as error:
        raise UsageError(f"`{path}` is no baseline: {error}", help=made) from None


def _known(findings: Sequence[_Known]) -> tuple[Known, ...]:
    return tuple(
        Known(fingerprint=f.fingerprint, workloads=f.workloads, objects=f.objects)
        for f in findings
        if f.state != "accepted"
    )


# --- one file --------------------


def _as_intent(text: OwnText, written: _Intent, pointer: Pointer) -> Intent:
    verbs = [verb for verb in VERBS if getattr(written, verb) is not None]
    if len(verbs) != 1:
        told = " and ".join(f"`{v}`" for v in verbs) or "none"
        text.fail(pointer, f"an intent has one of `allow`, `deny`, `only`, `apart`; this one has {told}")
    verb = verbs[0]
    of = getattr(written, verb)
    if isinstance(of, _Apart):
        ends: dict[str, Any] = {"tenants": of.tenants}
    else:
        ends = {
            "sources": _tuple(of.from_),
            "destinations": _tuple(of.to),
            "ports": _ports(text, of.ports, (*pointer, verb, "ports")),
        }
        for side in ("sources", "destinations"):
            if not ends[side] and (verb, side) != ("only", "sources"):  # only nobody: that is nobody at all
                text.fail((*pointer, verb), f"`{'from' if side == 'sources' else 'to'}` names nobody")
    return Intent(
        name=written.name,
        verb=verb,
        **ends,
        reason=written.reason,
        severity=written.severity,
        file=text.path,
        line=text.line(pointer),
    )


def _ports(text: OwnText, written: Ports, pointer: Pointer) -> tuple[str, ...]:
    found: list[str] = []
    for number, one in enumerate(written if isinstance(written, tuple) else (written,)):
        ports = [port.strip() for port in str(one).split(",") if port.strip()]
        try:
            for port in ports:
                check_ports(port)
        except UsageError as error:
            where = (*pointer, number) if isinstance(written, tuple) else pointer
            text.fail(where, f"`ports`: {error.message}", help=error.help)
        found += ports
    return tuple(found)


def _severities(text: OwnText, written: dict[str, Any]) -> dict[str, Literal["error", "warning", "info", "ignore"]]:
    for code, severity in written.items():
        if told := no_code(code):
            text.fail(("severities", code), told, at_key=True, help=CODES)
        if severity not in SEVERITIES:
            told = f"`{code}`: one of {', '.join(SEVERITIES)} is expected, found `{severity}`"
            text.fail(("severities", code), told)
    return written


def _as_accepted(text: OwnText, written: _Accepted, pointer: Pointer) -> Accepted:
    if told := no_code(written.code):
        text.fail((*pointer, "code"), told, help=CODES)
    try:
        datetime.date.fromisoformat(written.expires)
    except ValueError:
        text.fail((*pointer, "expires"), f"`{written.expires}` is no day; write YYYY-MM-DD")
    if not written.reason.strip():
        text.fail((*pointer, "reason"), "an accepted finding needs a reason")
    fields = {name: getattr(written, name) for name in written.__struct_fields__}
    return Accepted(**fields, file=text.path, line=text.line(pointer))


def _ranges(text: OwnText, written: OneOrMore) -> tuple[str, ...]:
    found: list[str] = []
    for number, one in enumerate(_tuple(written)):
        try:
            found += pod_ranges(one)
        except ValueError as error:
            pointer: Pointer = ("pod-cidr",) if isinstance(written, str) else ("pod-cidr", number)
            text.fail(pointer, f"`pod-cidr`: {error}", help="write the pods' range as `10.244.0.0/16`")
    return tuple(found)


def _tuple(value: OneOrMore) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _beside(folder: str, source: str) -> str:
    """A source that is a path is meant from the folder of the file that names it."""
    if not folder or source == "-" or ":" in source.partition("/")[0] or source.startswith("/"):
        return source
    return os.path.join(folder, source)  # noqa: PTH118


def _tell_apart(intents: Sequence[Intent]) -> None:
    seen: dict[str, Intent] = {}
    for one in intents:
        other = seen.setdefault(one.name, one)
        if other is not one:
            raise UsageError(
                f"{one.file}:{one.line}: an intent `{one.name}` is already in {other.file}:{other.line}",
                help="intents are told apart by their names",
            )


def is_ours(file: str, value: Any) -> bool:
    """Whether a document that is no Kubernetes object is a configuration, a file of intents or an answer of ours."""
    if isinstance(value, (bytes, msgspec.Raw)):
        if not is_named_ours(file):
            return bytes(value)[: len(_ANSWER)] == _ANSWER
        value = msgspec.json.decode(value)
    if isinstance(value, list):
        return bool(value) and all(isinstance(v, dict) and "name" in v and _has_verb(v) for v in value)
    if not isinstance(value, dict):
        return False
    known = {field.encode_name for field in msgspec.structs.fields(_File)}
    return set(value) <= known and (is_named_ours(file) or not _TELLING.isdisjoint(value))


def is_named_ours(file: str) -> bool:
    """Whether a file has the name of a configuration."""
    return file.rpartition("/")[2] == NAME


def _has_verb(value: dict[str, Any]) -> bool:
    return any(verb in value for verb in VERBS)


__all__ = ["NAME", "is_named_ours", "is_ours", "read_baseline", "read_configuration", "read_intents"]
