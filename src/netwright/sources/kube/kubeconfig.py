"""Kubeconfig files: which server a context names, and what to show it.

Merging, the meaning of each field and what wins over what follow client-go (`tools/clientcmd`, v0.36) and "Organizing
Cluster Access Using kubeconfig Files" (kubernetes.io). No message of this module holds a value of a credential.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from netwright.base.errors import SourceError, UsageError
from netwright.sources import yamltext
from netwright.sources.kube import PREFIX, Access
from netwright.sources.yamltext import Built, Repeated, TextFault

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_MAX_FILE = 4 << 20


class Cluster(msgspec.Struct, kw_only=True, rename="kebab"):
    """`clusters[].cluster`."""

    server: str = ""
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    insecure_skip_tls_verify: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""


class Variable(msgspec.Struct):
    name: str
    value: str = ""


class Exec(msgspec.Struct, kw_only=True, rename="camel"):
    """`users[].user.exec`: a program that writes an ExecCredential."""

    api_version: str = ""
    command: str = ""
    args: list[str] | None = None
    env: list[Variable] | None = None
    provide_cluster_info: bool = False
    interactive_mode: str = ""


class User(msgspec.Struct, kw_only=True, rename="kebab"):
    """`users[].user`."""

    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    token: str = ""
    token_file: str = msgspec.field(default="", name="tokenFile")
    username: str = ""
    password: str = ""
    as_user: str = msgspec.field(default="", name="as")
    as_uid: str = ""
    as_groups: list[str] | None = None
    as_user_extra: dict[str, list[str]] | None = None
    exec: Exec | None = None
    auth_provider: dict[str, Any] | None = None


class Context(msgspec.Struct, kw_only=True):
    """`contexts[].context`."""

    cluster: str = ""
    user: str = ""
    namespace: str = ""


class _NamedCluster(msgspec.Struct):
    name: str
    cluster: Cluster | None = None


class _NamedUser(msgspec.Struct):
    name: str
    user: User | None = None


class _NamedContext(msgspec.Struct):
    name: str
    context: Context | None = None


class _File(msgspec.Struct, kw_only=True):
    current_context: str | None = msgspec.field(default=None, name="current-context")
    clusters: list[_NamedCluster] | None = None
    users: list[_NamedUser] | None = None
    contexts: list[_NamedContext] | None = None


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """A context with what it names. `name` is "in-cluster" for the service account of the pod that we run in.
    `namespace`: "" where none is named."""

    name: str
    cluster: Cluster
    user: User
    namespace: str = ""


def choose(source: str, access: Access) -> Chosen:
    """The context that a source `kube:` or `kube:CONTEXT` names.

    Raises SourceError where no kubeconfig can be read, or it lacks what is named; UsageError for two contexts in one
    question.
    """
    wanted = source.removeprefix(PREFIX)
    if wanted and access.context and wanted != access.context:
        raise UsageError(f"`{source}` and `--context {access.context}` name two contexts", help="leave one of them out")
    wanted = wanted or access.context
    files = _files(access)
    merged = [(path, found) for path in files if (found := _read(path, named=bool(access.kubeconfig))) is not None]
    if not merged and not wanted:
        inside = _inside()
        if inside is not None:
            return inside
    if not merged:
        looked = ", ".join(f"`{path}`" for path in files)
        raise SourceError(f"no kubeconfig in {looked}", help="`--kubeconfig FILE` or the variable KUBECONFIG names one")
    wanted = wanted or next((f.current_context for _, f in merged if f.current_context), "")
    contexts = {n.name: n.context for _, f in reversed(merged) for n in f.contexts or ()}
    if not wanted:
        raise SourceError("the kubeconfig has no current context", help=_some(contexts))
    context = contexts.get(wanted)
    if context is None:
        raise SourceError(f"the kubeconfig has no context `{wanted}`", help=_some(contexts))
    clusters = {n.name: _placed(n.cluster, path) for path, f in reversed(merged) for n in f.clusters or () if n.cluster}
    users = {n.name: _placed(n.user, path) for path, f in reversed(merged) for n in f.users or () if n.user}
    cluster = clusters.get(context.cluster)
    if cluster is None or not cluster.server:
        raise SourceError(f"context `{wanted}` names the cluster `{context.cluster}`, for which no server is known")
    if context.user and context.user not in users:
        raise SourceError(f"context `{wanted}` names the user `{context.user}`, whom the kubeconfig has not")
    user = users.get(context.user) or User()
    return Chosen(name=wanted, cluster=cluster, user=user, namespace=context.namespace)


def _some(contexts: dict[str, Context | None]) -> str:
    names = sorted(contexts)
    listed = ", ".join(f"`kube:{name}`" for name in names[:8]) + (" …" if len(names) > 8 else "")
    return f"it has {listed}" if names else "it has none"


def _files(access: Access) -> list[Path]:
    if access.kubeconfig:
        return [Path(access.kubeconfig).expanduser()]
    listed = [Path(part) for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return listed or [Path.home() / ".kube" / "config"]


def _read(path: Path, *, named: bool) -> _File | None:
    """None where there is no such file, unless it is named itself."""
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_FILE + 1)
    except FileNotFoundError:
        if not named:
            return None
        raise SourceError(f"no kubeconfig `{path}`", help="`--kubeconfig` names a file") from None
    except OSError as fault:
        raise SourceError(f"the kubeconfig `{path}` cannot be read: {(fault.strerror or '').lower()}") from None
    documents: list[Built] = []
    repeated: list[Repeated] = []
    try:
        if len(data) > _MAX_FILE:
            raise TextFault("NW1002", "", 0, 0)
        yamltext.build(data, documents, repeated)
        tree = documents[0].value if documents else None
        return msgspec.convert(tree if tree is not None else {}, _File)
    except TextFault as fault:
        # The parser's own words may quote what stands there.
        raise SourceError(f"the kubeconfig `{path}` is not valid YAML (line {fault.line + 1})") from None
    except msgspec.ValidationError as fault:
        raise SourceError(f"the kubeconfig `{path}` is not understood: {_shape(fault)}") from None


def _shape(fault: msgspec.ValidationError) -> str:
    """Where a field has another type than it must have; its value is not told."""
    text = str(fault)
    return text[:1].lower() + text[1:] if text.startswith(("Expected", "Object")) else "a field has another form"


def _placed(value: Any, path: Path) -> Any:
    """Paths in a kubeconfig are seen from its folder."""
    for name in ("certificate_authority", "client_certificate", "client_key", "token_file"):
        written = getattr(value, name, "")
        if written:
            setattr(value, name, str(path.absolute().parent / written))
    command = getattr(getattr(value, "exec", None), "command", "")
    if "/" in command:  # as client-go: a bare name is looked for in PATH
        value.exec.command = str(path.absolute().parent / command)
    return value


def _inside() -> Chosen | None:
    """The service account of the pod that this runs in; None outside of one."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host or not (SERVICE_ACCOUNT / "token").is_file():
        return None
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    cluster = Cluster(server=server, certificate_authority=str(SERVICE_ACCOUNT / "ca.crt"))
    user = User(token_file=str(SERVICE_ACCOUNT / "token"))
    try:
        namespace = (SERVICE_ACCOUNT / "namespace").read_text(encoding="utf-8").strip()
    except OSError:
        namespace = ""
    return Chosen(name="in-cluster", cluster=cluster, user=user, namespace=namespace)
