"""What a server is shown: headers and a client certificate, from files, from the kubeconfig or from a program.

The contract with programs is that of client-go (client.authentication.k8s.io v1 and v1beta1, "client-go credential
plugins", kubernetes.io). No message of this module holds a credential or what a program wrote.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from ssl import SSLContext, SSLError

import msgspec

from netwright.base.errors import SourceError
from netwright.sources.kube.kubeconfig import Cluster, Exec, User

_EXEC_SECONDS = 60
_EXEC_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")


class _Status(msgspec.Struct, rename="camel"):
    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""


class _ExecCredential(msgspec.Struct):
    status: _Status | None = None


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Headers to send, and the client certificate with its key (PEM)."""

    headers: tuple[tuple[str, str], ...] = ()
    certificate: bytes = b""
    key: bytes = b""

    @property
    def is_any(self) -> bool:
        return bool(self.headers or self.certificate)


def credentials(user: User, cluster: Cluster, *, allow_exec: bool) -> Credentials:
    """Raises SourceError where what the kubeconfig names cannot be had, or is not allowed."""
    if user.auth_provider is not None:
        raise SourceError(
            "the kubeconfig's user has an `auth-provider`, which Kubernetes 1.26 took out",
            help="the provider's own documentation says how to write it as `exec`",
        )
    certificate = _data(user.client_certificate_data, user.client_certificate, "client certificate")
    key = _data(user.client_key_data, user.client_key, "client key")
    token = _file(user.token_file, "token").decode("utf-8", "replace").strip() if user.token_file else user.token
    basic = f"{user.username}:{user.password}" if user.username else ""
    if user.exec is not None and not token and not basic and not certificate:
        status = _run(user.exec, cluster, allow_exec=allow_exec)
        token = status.token
        certificate, key = status.client_certificate_data.encode(), status.client_key_data.encode()
    headers = []
    if token:
        headers.append(("Authorization", f"Bearer {token}"))
    elif basic:
        headers.append(("Authorization", f"Basic {base64.b64encode(basic.encode()).decode()}"))
    headers += _acting_as(user)
    if any("\n" in value or "\r" in value or not value.isascii() for _, value in headers):
        raise SourceError("a credential of the kubeconfig holds characters that no header may")
    return Credentials(headers=tuple(headers), certificate=certificate, key=key)


def _acting_as(user: User) -> Iterator[tuple[str, str]]:
    from urllib.parse import quote

    if user.as_user:
        yield "Impersonate-User", user.as_user
    if user.as_uid:
        yield "Impersonate-Uid", user.as_uid
    for group in user.as_groups or ():
        yield "Impersonate-Group", group
    for name, values in (user.as_user_extra or {}).items():
        for value in values:
            yield f"Impersonate-Extra-{quote(name, safe='')}", value


def authority(cluster: Cluster) -> bytes:
    """The certificates that the server's is held against; b"": those of the machine."""
    return _data(cluster.certificate_authority_data, cluster.certificate_authority, "certificate authority")


def _data(encoded: str, path: str, what: str) -> bytes:
    """What stands in the kubeconfig wins over what it names."""
    if not encoded:
        return _file(path, what) if path else b""
    try:
        return base64.b64decode(encoded, validate=False)
    except (binascii.Error, ValueError):
        raise SourceError(f"the {what} in the kubeconfig is not base64") from None


def _file(path: str, what: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as fault:
        reason = (fault.strerror or "").lower()
        raise SourceError(f"the {what} `{path}`, which the kubeconfig names, cannot be read: {reason}") from None


def show_certificate(context: SSLContext, shown: Credentials) -> None:
    """Hand the client certificate to TLS, whose library reads files only: one in memory where there are such, else one
    that only this user may read and that is gone afterwards. Raises SourceError."""
    content = shown.certificate + b"\n" + shown.key
    try:
        if hasattr(os, "memfd_create"):
            with os.fdopen(os.memfd_create("netwright"), "wb") as stream:
                stream.write(content)
                stream.flush()
                context.load_cert_chain(f"/proc/self/fd/{stream.fileno()}", password=_no_password)
        else:
            with tempfile.TemporaryDirectory() as folder:  # mkdtemp makes it 0700
                path = Path(folder) / "certificate"
                path.write_bytes(content)
                context.load_cert_chain(path, password=_no_password)
    except (SSLError, OSError, ValueError):
        raise SourceError("the client certificate of the kubeconfig and its key are not understood") from None


def _no_password() -> str:
    raise ValueError  # else a prompt would wait for one


def _run(plugin: Exec, cluster: Cluster, *, allow_exec: bool) -> _Status:
    name = Path(plugin.command).name
    if not allow_exec:
        raise SourceError(
            f"the kubeconfig wants to run `{name}` for a credential, and programs run only if allowed",
            help="`--allow-exec` allows it, where the kubeconfig is one that you trust",
        )
    if plugin.api_version not in _EXEC_VERSIONS:
        raise SourceError(f"`{name}` is asked in `{plugin.api_version}`, which is not known", help=_EXEC_VERSIONS[0])
    if plugin.interactive_mode == "Always":
        raise SourceError(f"`{name}` wants a terminal", help="log in with it first, or use a token")
    info: dict[str, object] = {"interactive": False}
    if plugin.provide_cluster_info:
        info["cluster"] = {
            "server": cluster.server,
            "tls-server-name": cluster.tls_server_name,
            "insecure-skip-tls-verify": cluster.insecure_skip_tls_verify,
            "certificate-authority-data": base64.b64encode(authority(cluster)).decode(),
            "proxy-url": cluster.proxy_url,
        }
    asked = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": info}
    environment = {**os.environ, **{variable.name: variable.value for variable in plugin.env or ()}}
    environment["KUBERNETES_EXEC_INFO"] = msgspec.json.encode(asked).decode()
    try:
        # What it says on standard error is said to the user, as kubectl does.
        done = subprocess.run(
            [plugin.command, *(plugin.args or ())],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=_EXEC_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise SourceError(f"`{name}`, which the kubeconfig names for a credential, is not installed") from None
    except subprocess.TimeoutExpired:
        raise SourceError(f"`{name}` gave no credential within {_EXEC_SECONDS} s") from None
    except OSError as fault:
        raise SourceError(f"`{name}` cannot be run: {(fault.strerror or '').lower()}") from None
    found: _ExecCredential | None = None
    with contextlib.suppress(msgspec.DecodeError, RecursionError):
        found = msgspec.json.decode(done.stdout, type=_ExecCredential) if done.returncode == 0 else None
    if found is None or found.status is None:
        why = f"ended with {done.returncode}" if done.returncode else "wrote no ExecCredential with a status"
        raise SourceError(f"`{name}` gave no credential: it {why}", help="log in with it, then ask again")
    return found.status
