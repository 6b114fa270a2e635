"""`netwright.yaml`, files of intents and baselines: what is wrong in them is one error with its file and line."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from typing import Any, Literal, NoReturn, TypeVar

import msgspec

from netwright.base.diagnostics import Severity
from netwright.base.errors import UsageError
from netwright.base.patterns import pattern
from netwright.base.spans import Place, Pointer
from netwright.model.configuration import Accepted, Configuration, Intent, Verb
from netwright.model.finding import Known, State
from netwright.sources import yamltext
from netwright.sources.files import read_regular
from netwright.sources.positions import KeptTexts, Span
from netwright.sources.yamltext import Built, Repeated, TextFault

NAME = "netwright.yaml"
MAX_BYTES = 256 << 20
"""Of a file; a baseline of many findings is large, one that never ends is none."""
SEVERITIES = ("error", "warning", "info", "ignore")
VERBS: tuple[Verb, ...] = ("allow", "deny", "only", "apart")
HELP = "`netwright explain intent` shows how intents are written, `explain netwright.yaml` the configuration"
_STEP = pattern(r"\.([^.\[\]]+)|\[(\d+)\]")
_ANSWER = b'{"schema":"netwright.'
_TELLING = {"intents", "severities", "accepted"}
"""Keys that tell our files from others that are mappings too."""
T = TypeVar("T")
OneOrMore = str | tuple[str, ...]


class _Ends(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    from_: OneOrMore
    to: OneOrMore
    ports: int | str | tuple[int | str, ...] = ()


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
    severities: dict[str, Literal["error", "warning", "info", "ignore"]] = {}
    accepted: tuple[_Accepted, ...] = ()


def read_configuration(path: str) -> Configuration:
    """The configuration in a file. Raises UsageError with file and line for what is not understood."""
    text = _Text(path)
    file = text.convert(_File)
    folder = os.path.dirname(path)  # noqa: PTH120 - paths stay as they are written
    intents: list[Intent] = []
    listed = (file.intents,) if isinstance(file.intents, str) else file.intents
    for number, one in enumerate(listed):
        if isinstance(one, str):
            intents += read_intents(os.path.join(folder, one))  # noqa: PTH118
        else:
            intents.append(text.intent(one, ("intents", number)))
    _tell_apart(intents)
    return Configuration(
        file=path,
        sources=tuple(_beside(folder, s) for s in _tuple(file.sources)),
        cni=file.cni,
        pod_cidr=_tuple(file.pod_cidr),
        kustomize=file.kustomize,
        intents=tuple(intents),
        severities=file.severities,
        accepted=tuple(text.accepted(a, ("accepted", i)) for i, a in enumerate(file.accepted)),
    )


def read_intents(path: str) -> tuple[Intent, ...]:
    """The intents of a file: a list, or a mapping with `intents`. Raises UsageError with file and line."""
    text = _Text(path)
    is_list = isinstance(text.value, list)
    found: Sequence[_Intent] = text.convert(tuple[_Intent, ...]) if is_list else text.convert(_Intents).intents
    base: Pointer = () if is_list else ("intents",)
    intents = [text.intent(one, (*base, number)) for number, one in enumerate(found)]
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
    try:
        known = msgspec.json.decode(_bytes(path), type=_Baseline)
        if known.findings is None and known.twins is None:
            raise msgspec.DecodeError("it has no findings")
        networks = {"": known.findings} if known.findings is not None else {}
        networks |= {twin.name: twin.findings for twin in known.twins or ()}
        return {name: _known(findings) for name, findings in networks.items()}
    except msgspec.DecodeError as error:
        raise UsageError(
            f"`{path}` is no baseline: {error}", help=f"`netwright check -o json --out {path}` writes one"
        ) from None


def _known(findings: Sequence[_Known]) -> tuple[Known, ...]:
    return tuple(
        Known(fingerprint=f.fingerprint, workloads=f.workloads, objects=f.objects)
        for f in findings
        if f.state != "accepted"
    )


# --- one file --------------------


def _bytes(path: str) -> bytes:
    try:
        data = read_regular(path, MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else ""
        raise UsageError(f"`{path}` cannot be read: {(reason or str(error)).lower()}") from None
    if len(data) > MAX_BYTES:
        raise UsageError(f"`{path}` is over {MAX_BYTES >> 20} MiB", help="is it the file that was meant?")
    return data


class _Text:
    """A YAML file of one document, and where everything stands in it."""

    def __init__(self, path: str) -> None:
        self.path = path
        data = _bytes(path)
        documents: list[Built] = []
        repeated: list[Repeated] = []
        try:
            yamltext.build(data, documents, repeated)
        except TextFault as fault:
            raise UsageError(f"{path}:{fault.line + 1}:{fault.column + 1}: {fault.message}", help=HELP) from None
        if len(documents) != 1:
            raise UsageError(f"{path}: one YAML document is expected, found {len(documents)}", help=HELP)
        for again in repeated:
            told = f"{path}:{again.line + 1}:{again.column + 1}: key `{again.key}` is written twice"
            raise UsageError(told, help="delete one of the two")
        document = documents[0]
        self.value: Any = document.value
        self.texts = KeptTexts()
        self.texts.keep(path, data)
        span = Span(json=False, start=0, end=len(data), line=document.line, first=document.start, last=document.end)
        self.texts.add(path, span)

    def convert(self, type_: type[T]) -> T:
        try:
            return msgspec.convert(self.value, type_)
        except msgspec.ValidationError as error:
            message, _, where = str(error).partition(" - at `$")
            pointer = tuple(int(i) if i else key for key, i in _STEP.findall(where.rstrip("`")))
            if message.startswith("Invalid enum value"):
                held = SEVERITIES if pointer[:1] == ("severities",) else SEVERITIES[:-1]
                message += f"; one of {', '.join(held)} is expected"
            self.fail(pointer, f"{message[:1].lower()}{message[1:]}")

    def line(self, pointer: Pointer) -> int:
        position = self.texts.position(Place(file=self.path), pointer)
        return position.line if position else 0

    def fail(self, pointer: Pointer, message: str) -> NoReturn:
        position = self.texts.position(Place(file=self.path), pointer)
        raise UsageError(f"{position or self.path}: {message}", help=HELP)

    def intent(self, written: _Intent, pointer: Pointer) -> Intent:
        verbs = [verb for verb in VERBS if getattr(written, verb) is not None]
        if len(verbs) != 1:
            told = " and ".join(f"`{v}`" for v in verbs) or "none"
            self.fail(pointer, f"an intent has one of `allow`, `deny`, `only`, `apart`; this one has {told}")
        verb = verbs[0]
        of = getattr(written, verb)
        if isinstance(of, _Apart):
            ends: dict[str, Any] = {"tenants": of.tenants}
        else:
            ports = of.ports if isinstance(of.ports, tuple) else (of.ports,)
            ends = {
                "sources": _tuple(of.from_),
                "destinations": _tuple(of.to),
                "ports": tuple(p.strip() for one in ports for p in str(one).split(",") if p.strip()),
            }
            for side in ("sources", "destinations"):
                if not ends[side] and (verb, side) != ("only", "sources"):  # only nobody: that is nobody at all
                    self.fail((*pointer, verb), f"`{'from' if side == 'sources' else 'to'}` names nobody")
        return Intent(
            name=written.name,
            verb=verb,
            **ends,
            reason=written.reason,
            severity=written.severity,
            file=self.path,
            line=self.line(pointer),
        )

    def accepted(self, written: _Accepted, pointer: Pointer) -> Accepted:
        try:
            datetime.date.fromisoformat(written.expires)
        except ValueError:
            self.fail((*pointer, "expires"), f"`{written.expires}` is no day; write YYYY-MM-DD")
        if not written.reason.strip():
            self.fail((*pointer, "reason"), "an accepted finding needs a reason")
        fields = {name: getattr(written, name) for name in written.__struct_fields__}
        return Accepted(**fields, file=self.path, line=self.line(pointer))


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
        return bytes(value)[: len(_ANSWER)] == _ANSWER
    if isinstance(value, list):
        return bool(value) and all(isinstance(v, dict) and "name" in v and _has_verb(v) for v in value)
    if not isinstance(value, dict) or not value:
        return False
    known = {field.encode_name for field in msgspec.structs.fields(_File)}
    return set(value) <= known and (file.rpartition("/")[2] == NAME or not _TELLING.isdisjoint(value))


def _has_verb(value: dict[str, Any]) -> bool:
    return any(verb in value for verb in VERBS)


__all__ = ["NAME", "is_ours", "read_baseline", "read_configuration", "read_intents"]
