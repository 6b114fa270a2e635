"""One server over HTTP: GET only, a connection a thread, bounded answers, every failure in words.

The standard library's client (docs/decisions/0022): no redirects are followed, no request is anything but a GET, and
no message holds a header, a body or the credentials that a URL may carry.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
import traceback
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from netwright.base.errors import SourceError
from netwright.base.patterns import pattern
from netwright.sources.kube.credentials import Credentials, authority, credentials, show_certificate
from netwright.sources.kube.kubeconfig import Chosen
from netwright.version import VERSION

CONNECT_SECONDS = 10.0
SILENT_SECONDS = 30.0
"""How long a server may send nothing."""
WATCH_SILENT_SECONDS = 300.0
"""The same of a watch, which the server ends before."""
ANSWER_SECONDS = 120.0
"""How long one answer may take: a server that sends a byte now and then is not waited for."""
RETRIES = 4
MAX_WAIT_SECONDS = 10.0
MAX_ANSWER = 512 << 20
"""Bytes of one answer, unpacked."""
_CHUNK = 1 << 18
_TUNNEL = pattern(r"Tunnel connection failed: (\d{3})\b")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Status(msgspec.Struct, rename="camel"):
    """What an API server answers where it does not answer the question (meta/v1 Status)."""

    reason: str = ""
    message: str = ""
    code: int = 0


# Made here, once: msgspec must not meet a type for the first time in several threads.
_STATUS = msgspec.json.Decoder(Status)


class Refused(Exception):
    """The server answered, with another code than 200."""

    def __init__(self, code: int, status: Status) -> None:
        super().__init__(str(code))
        self.code = code
        self.status = status


class _Tls(http.client.HTTPSConnection):
    """As the base class, with a name of its own for the server's certificate (`tls-server-name`)."""

    def __init__(self, host: str, port: int, *, context: ssl.SSLContext, name: str) -> None:
        super().__init__(host, port, timeout=CONNECT_SECONDS, context=context)
        self._tls = context
        self._name = name

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)  # through the proxy, where there is one
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._name)


class Server:
    """The API server of a context. `get` may be called from several threads."""

    def __init__(self, chosen: Chosen, *, allow_exec: bool) -> None:
        """Raises SourceError for an address or a credential that cannot be used."""
        cluster = chosen.cluster
        parts = urlsplit(cluster.server if "://" in cluster.server else f"https://{cluster.server}")
        try:
            host, port = parts.hostname or "", parts.port
        except ValueError:
            host, port = "", None
        if parts.scheme not in ("http", "https") or not host:
            raise SourceError(f"the server of context `{chosen.name}` has no address that is understood")
        self.name = chosen.name
        self.shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._host, self._port = host, port or (443 if parts.scheme == "https" else 80)
        self._base = parts.path.rstrip("/")
        found = credentials(chosen.user, cluster, allow_exec=allow_exec)
        self._context = _context(chosen, found) if parts.scheme == "https" else None
        if self._context is None and found.is_any and host not in _LOOPBACK:
            raise SourceError(
                f"{self.shown} has no TLS, and credentials are not sent in the clear",
                help="`https://` in the kubeconfig, or leave out the user where none is needed",
            )
        self._tls_name = cluster.tls_server_name or host
        self._headers = dict(found.headers)
        self._groups = [pair for pair in found.headers if pair[0].startswith("Impersonate-")]
        self._proxy = _proxy(cluster.proxy_url, parts.scheme, host)
        self._local = threading.local()
        self._open: set[http.client.HTTPConnection] = set()
        self._lock = threading.Lock()
        self.is_closed = False

    def close(self) -> None:
        """Ends what is still being read in other threads, too; whoever asks after it is refused."""
        with self._lock:
            self.is_closed = True
            for connection in self._open:
                sock = getattr(connection, "sock", None)
                if sock is not None:
                    with contextlib.suppress(OSError):
                        sock.shutdown(socket.SHUT_RDWR)
                connection.close()
            self._open.clear()

    def get(self, path: str, *, accept: str = "application/json") -> bytes:
        """The body of an answer with code 200.

        Raises Refused for another code (429 and 503 after some tries), SourceError where the server cannot be reached,
        does not finish, or does not know us (401).
        """
        for attempt in range(RETRIES + 1):
            try:
                response = self._ask(path, accept)
                body = self._body(response)
            except (OSError, http.client.HTTPException) as fault:
                self._drop()
                # A connection that was kept may have been closed meanwhile: that is no fault of the server.
                if (
                    attempt == 0
                    and not self.is_closed
                    and not isinstance(fault, (TimeoutError, ssl.SSLCertVerificationError))
                ):
                    continue
                raise self._failure(fault) from None
            code = response.status
            if code == 200:
                return body
            if code in (429, 503) and attempt < RETRIES and not self.is_closed:
                time.sleep(_wait(response.headers.get("Retry-After", ""), attempt))
                continue
            raise self._refusal(code, body)
        raise SourceError(f"{self.shown} stays busy", help="ask again later")

    def lines(self, path: str) -> Iterator[bytes]:
        """The lines of an answer that goes on (a watch), as they come, on a connection of its own.

        Raises as `get` does; ends where the server ends it, or where it is silent for longer than a watch may be.
        """
        self._drop()
        try:
            response = self._ask(path, "application/json", packed=False, silent_s=WATCH_SILENT_SECONDS)
            if response.status != 200:
                raise self._refusal(response.status, self._body(response))
            while not self.is_closed:
                line = response.readline(MAX_ANSWER)
                if not line.endswith(b"\n"):
                    return
                yield line
        except TimeoutError:
            return
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as fault:
            if self.is_closed:
                return
            raise self._failure(fault) from None
        finally:
            self._drop()

    # --- one request --------------------

    def _ask(self, path: str, accept: str, *, packed: bool = True, silent_s: float = 0) -> http.client.HTTPResponse:
        connection = self._connected()
        connection.putrequest("GET", self._base + path, skip_accept_encoding=True)
        connection.putheader("Accept", accept)
        connection.putheader("Accept-Encoding", "gzip" if packed else "identity")
        connection.putheader("User-Agent", f"netwright/{VERSION}")
        for name, value in self._headers.items():
            if not name.startswith("Impersonate-"):
                connection.putheader(name, value)
        for name, value in self._groups:  # several of one name
            connection.putheader(name, value)
        connection.endheaders()
        if connection.sock is not None:
            connection.sock.settimeout(silent_s or SILENT_SECONDS)
        response: http.client.HTTPResponse = connection.getresponse()
        return response

    def _connected(self) -> http.client.HTTPConnection:
        """The thread's connection, which stands. Raises OSError where the server was closed, meanwhile too."""
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connection()
        if connection.sock is None and not self.is_closed:
            try:
                connection.connect()
            except OSError as error:
                # Before Python 3.11.4 what a proxy answers that refuses stays open in the frames of the error, and with
                # it the socket.
                traceback.clear_frames(error.__traceback__)
                raise
        with self._lock:  # `close` ends what is in the set: what comes after it must not come to stand
            if self.is_closed:
                raise ConnectionAbortedError
            self._open.add(connection)
        return connection

    def _connection(self) -> http.client.HTTPConnection:
        host, port, headers = self._proxy or (self._host, self._port, {})
        connection: http.client.HTTPConnection
        if self._context is None:
            connection = http.client.HTTPConnection(host, port, timeout=CONNECT_SECONDS)
        else:
            connection = _Tls(host, port, context=self._context, name=self._tls_name)
        connection.auto_open = 0  # what was closed does not connect anew in the midst of a request
        if self._proxy is not None:
            connection.set_tunnel(self._host, self._port, headers)
        return connection

    def _drop(self) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            self._local.connection = None
            with self._lock:
                self._open.discard(connection)
            connection.close()

    @staticmethod
    def _body(response: http.client.HTTPResponse) -> bytes:
        """All of it, or an error: half an answer is none."""
        unpack = zlib.decompressobj(31) if response.headers.get("Content-Encoding") == "gzip" else None
        started = time.monotonic()
        parts: list[bytes] = []
        size = 0
        while chunk := response.read1(_CHUNK) if response.length is None else response.read(_CHUNK):
            if unpack is not None:
                chunk = unpack.decompress(chunk, MAX_ANSWER - size + 1)
            parts.append(chunk)
            size += len(chunk)
            if size > MAX_ANSWER:
                raise OSError(f"an answer of over {MAX_ANSWER >> 20} MiB")
            if time.monotonic() - started > ANSWER_SECONDS:
                raise TimeoutError
        if response.length or (unpack is not None and not unpack.eof):
            raise http.client.IncompleteRead(b"")
        return b"".join(parts)

    # --- failures in words --------------------

    def _refusal(self, code: int, body: bytes) -> Refused | SourceError:
        if code == 401:
            return SourceError(
                f"{self.shown} does not know the user of context `{self.name}` (401): the credential is missing, "
                "wrong or expired",
                help=f"log in again; `kubectl --context {self.name} get ns` shows the same",
            )
        if code in (301, 302, 303, 307, 308):
            return SourceError(f"{self.shown} sends us elsewhere ({code}), and a redirect is not followed")
        try:
            status = _STATUS.decode(body)
        except (msgspec.DecodeError, RecursionError):
            status = Status()
        return Refused(code, status)

    def _failure(self, fault: BaseException) -> SourceError:
        """What happened to the connection; nothing of an answer that did not end is used."""
        if isinstance(fault, ssl.SSLCertVerificationError):
            return SourceError(
                f"the certificate of {self.shown} is not trusted: {fault.verify_message}",
                help="`certificate-authority` of the kubeconfig's cluster names who signed it",
            )
        shown = self.shown
        if self._proxy is not None and isinstance(fault, (socket.gaierror, ConnectionRefusedError)):
            shown = f"the proxy {self._proxy[0]}:{self._proxy[1]}"
        refused = _TUNNEL.match(str(fault))
        if refused is not None and self._proxy is not None:  # in words of ours: those of the proxy could be anything
            shown, why = f"the proxy {self._proxy[0]}:{self._proxy[1]}", f"does not let us through ({refused[1]})"
        elif isinstance(fault, TimeoutError):
            why = f"sent nothing for {SILENT_SECONDS:.0f} s, or did not finish within {ANSWER_SECONDS:.0f} s"
        elif isinstance(fault, ssl.SSLError):
            why = f"does not speak TLS as we do ({fault.reason or 'handshake failed'})"
        elif isinstance(fault, socket.gaierror):
            why = "has a name that cannot be resolved"
        elif isinstance(fault, ConnectionRefusedError):
            why = "is not there: the connection was refused"
        elif isinstance(fault, (ConnectionError, http.client.HTTPException)):
            why = "ended the connection before its answer was whole"
        else:
            why = f"cannot be reached: {(getattr(fault, 'strerror', '') or str(fault)).lower()}"
        return SourceError(f"{shown} {why}", help="nothing is answered from a part of the cluster: ask again")


def _context(chosen: Chosen, found: Credentials) -> ssl.SSLContext:
    cluster = chosen.cluster
    trusted = authority(cluster)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if cluster.insecure_skip_tls_verify:
        if trusted:
            raise SourceError(
                f"context `{chosen.name}` has a certificate authority and `insecure-skip-tls-verify`, which excludes it"
            )
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif trusted:
        try:
            context.load_verify_locations(cadata=trusted.decode("ascii"))
        except (ssl.SSLError, UnicodeDecodeError):
            raise SourceError(f"the certificate authority of context `{chosen.name}` is not in PEM") from None
    else:
        context.load_default_certs()
    if found.certificate:
        show_certificate(context, found)
    return context


def _proxy(written: str, scheme: str, host: str) -> tuple[str, int, dict[str, str]] | None:
    """Where a proxy stands and what it is shown; None where there is none.

    `proxy-url` of the kubeconfig, else HTTPS_PROXY or HTTP_PROXY; never for this machine itself, as in Go's net/http.
    """
    if not written:
        if host in _LOOPBACK:
            return None
        from urllib.request import getproxies_environment, proxy_bypass

        found: dict[str, Any] = getproxies_environment()
        written = found.get(scheme, "")
        if not written or proxy_bypass(host):
            return None
    parts = urlsplit(written if "://" in written else f"http://{written}")
    if parts.scheme != "http" or not parts.hostname:
        raise SourceError(
            f"a proxy of the kind `{parts.scheme}` is not supported", help="`proxy-url: http://HOST:PORT`, or none"
        )
    headers = {}
    if parts.username:
        import base64

        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    return parts.hostname, parts.port or 80, headers


def _wait(told: str, attempt: int) -> float:
    return min(float(told) if told.isdigit() else 0.5 * 2**attempt, MAX_WAIT_SECONDS)


__all__ = ["Refused", "Server"]
