"""How `kube:` shows who it is, over TLS and through a proxy, against a small server of the tests."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import netwright as nw
from netwright.base.errors import SourceError
from netwright.cli.main import run
from netwright.sources.kube import Access
from netwright.sources.kube.connection import Server
from netwright.sources.kube.kubeconfig import choose

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="certificates of the tests are made by openssl")
NAME = "api.cluster.example"
LISTS: dict[str, Any] = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "groups": []},
    "/api/v1": {"resources": [{"name": "pods", "kind": "Pod", "namespaced": True, "verbs": ["list"]}]},
    "/api/v1/pods?limit=500": {
        "metadata": {},
        "items": [{"metadata": {"name": "a", "namespace": "n"}, "spec": {"containers": [{"name": "c"}]}}],
    },
}


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority (ca.crt), a server called NAME, a client jane, and mallory, whom another authority signed."""
    folder = tmp_path_factory.mktemp("pki")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for authority in ("ca", "other"):
        subject = ("-subj", f"/CN={authority}", "-keyout", f"{authority}.key", "-out", f"{authority}.crt")
        openssl(folder, "req", "-x509", *key, *subject, "-days", "2")
    for who, authority in ((NAME, "ca"), ("jane", "ca"), ("mallory", "other")):
        more = ("-addext", f"subjectAltName=DNS:{who}", "-CA", f"{authority}.crt", "-CAkey", f"{authority}.key")
        subject = ("-subj", f"/CN={who}", "-keyout", f"{who}.key", "-out", f"{who}.crt")
        openssl(folder, "req", "-x509", *key, *subject, "-days", "2", *more)
    openssl(folder, "ec", "-in", "jane.key", "-aes128", "-passout", "pass:canary-pass", "-out", "locked.key")
    return folder


class Served:
    """The server: whom it saw, as the names of certificates and the values of `Authorization`."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.seen: list[tuple[str, str]] = []
        self.tokens: set[str] = set()


@pytest.fixture
def served(pki: Path) -> Iterator[Served]:
    """Lets in who has a certificate of the authority, or one of the tokens."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            shown: Any = self.connection.getpeercert()  # type: ignore[attr-defined]
            who = dict(pair for (pair,) in shown["subject"])["commonName"] if shown else ""
            header = self.headers.get("Authorization", "")
            told.seen.append((who, header))
            known = who or header.removeprefix("Bearer ") in told.tokens
            data = json.dumps(LISTS.get(self.path, {}) if known else {"message": f"not {header}"}).encode()
            self.send_response(200 if known and self.path in LISTS else 404 if known else 401)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / f"{NAME}.crt", pki / f"{NAME}.key")
    context.load_verify_locations(pki / "ca.crt")
    context.verify_mode = ssl.CERT_OPTIONAL

    class Quiet(ThreadingHTTPServer):
        def get_request(self) -> tuple[Any, Any]:
            sock, address = super().get_request()
            return context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False), address

        def handle_error(self, *_: Any) -> None:
            pass

    server = Quiet(("127.0.0.1", 0), Handler)
    told = Served(server.server_address[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield told
    server.shutdown()
    server.server_close()


class Kubeconfig:
    """Writes kubeconfigs for the server into a folder."""

    def __init__(self, folder: Path, pki: Path, port: int) -> None:
        self.path = folder / "config"
        self._authority, self._port = str(pki / "ca.crt"), port

    def write(self, user: dict[str, Any], **cluster: Any) -> str:
        of = {"server": f"https://127.0.0.1:{self._port}", "certificate-authority": self._authority}
        content = {
            "current-context": "one",
            "clusters": [{"name": "c", "cluster": of | {"tls-server-name": NAME} | cluster}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "one", "context": {"cluster": "c", "user": "u"}}],
        }
        self.path.write_text(json.dumps(content), encoding="utf-8")
        return str(self.path)


@pytest.fixture
def kubeconfig(tmp_path: Path, pki: Path, served: Served) -> Kubeconfig:
    return Kubeconfig(tmp_path, pki, served.port)


def names(config: str, **more: Any) -> set[str]:
    return {d.name for d in nw.load("kube:", kubeconfig=config, **more).snapshot.objects}


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


@pytest.mark.parametrize("form", ["files", "data"])
def test_a_client_certificate_is_shown(kubeconfig: Kubeconfig, served: Served, pki: Path, form: str) -> None:
    crt, key = pki / "jane.crt", pki / "jane.key"
    user = {"client-certificate": str(crt), "client-key": str(key)}
    if form == "data":  # which wins over what is named
        user |= {"client-certificate-data": _encoded(crt), "client-key-data": _encoded(key)}
        user |= {"client-certificate": "/none", "client-key": "/none"}
    assert names(kubeconfig.write(user)) == {"a"}
    assert set(served.seen) == {("jane", "")}


@pytest.mark.parametrize(
    ("crt", "key", "message"),
    [
        ("mallory.crt", "mallory.key", "TLS|ended the connection|does not know the user"),
        ("jane.crt", "mallory.key", "and its key are not understood"),
        ("jane.crt", "locked.key", "and its key are not understood"),
    ],
)
def test_a_client_certificate_that_is_not_taken(
    kubeconfig: Kubeconfig, pki: Path, crt: str, key: str, message: str
) -> None:
    with pytest.raises(SourceError, match=message):
        names(kubeconfig.write({"client-certificate": str(pki / crt), "client-key": str(pki / key)}))


def test_a_token_file_is_read_each_time(kubeconfig: Kubeconfig, served: Served, tmp_path: Path) -> None:
    """Tokens of service accounts are written anew within the hour."""
    config = kubeconfig.write({"tokenFile": "token", "token": "canary-of-old"})
    for token in ("first", "second"):
        served.tokens = {token}
        (tmp_path / "token").write_text(f"{token}\n", encoding="utf-8")
        assert names(config) == {"a"}
    assert {header for _, header in served.seen} == {"Bearer first", "Bearer second"}
    (tmp_path / "token").unlink()
    with pytest.raises(SourceError, match="which the kubeconfig names, cannot be read"):
        names(config)


def test_the_name_that_a_certificate_is_held_against(kubeconfig: Kubeconfig, served: Served) -> None:
    served.tokens = {"t"}
    assert names(kubeconfig.write({"token": "t"})) == {"a"}
    for name in ("", "another.example"):
        with pytest.raises(SourceError, match="is not trusted"):
            names(kubeconfig.write({"token": "t"}, **{"tls-server-name": name}))
    unchecked = {"tls-server-name": "", "certificate-authority": "", "insecure-skip-tls-verify": True}
    assert names(kubeconfig.write({"token": "t"}, **unchecked)) == {"a"}


class Proxy:
    """An HTTP proxy that keeps what it is asked for; `answer` is what it says to it."""

    def __init__(self, answer: bytes = b"HTTP/1.1 200 OK\r\n\r\n") -> None:
        self.answer, self.asked = answer, list[bytes]()
        self.open: list[socket.socket] = []
        self.threads: list[threading.Thread] = []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listening.getsockname()[1]
        self._start(self._accept)

    def close(self) -> None:
        for one in (self.listening, *self.open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self.threads:
            thread.join()

    def _start(self, target: Callable[..., None], *args: socket.socket) -> None:
        self.threads.append(threading.Thread(target=target, args=args, daemon=True))
        self.threads[-1].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listening.accept()
                self.open.append(near)
                self._start(self._connect, near)

    def _connect(self, near: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += near.recv(4096)
        self.asked.append(head)
        near.sendall(self.answer)
        if b" 200 " in self.answer:
            host, _, port = head.split()[1].decode().rpartition(":")
            far = socket.create_connection((host, int(port)))
            self.open.append(far)
            self._start(self._pass, near, far)
            self._pass(far, near)

    @staticmethod
    def _pass(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


def test_a_proxy_is_asked_to_connect(kubeconfig: Kubeconfig, served: Served) -> None:
    """And the server's credential is shown to the server alone."""
    served.tokens = {"t"}
    proxy = Proxy()
    config = kubeconfig.write({"token": "t"}, **{"proxy-url": f"http://n%40me:p%3Ass@127.0.0.1:{proxy.port}"})
    assert names(config) == {"a"}
    (first, *_) = proxy.asked
    assert first.startswith(f"CONNECT 127.0.0.1:{served.port} HTTP/1.".encode())
    assert f"Proxy-Authorization: Basic {base64.b64encode(b'n@me:p:ss').decode()}".encode() in first
    assert not any(b"Bearer" in head for head in proxy.asked)
    assert not any("Proxy-Authorization" in header for _, header in served.seen)
    proxy.close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://n:canary@127.0.0.1:{port}", r"^the proxy 127.0.0.1:\d+ does not let us through \(407\)$"),
        ("http://n:canary@127.0.0.1:1", r"^the proxy 127.0.0.1:1 is not there"),
        ("socks5://n:canary@h", "a proxy of the kind `socks5` is not supported"),
    ],
)
def test_a_proxy_that_refuses_is_told_without_its_password(
    kubeconfig: Kubeconfig, served: Served, url: str, message: str
) -> None:
    proxy = Proxy(b"HTTP/1.1 407 canary\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(SourceError, match=message) as raised:
        names(kubeconfig.write({"token": "t"}, **{"proxy-url": url.format(port=proxy.port)}))
    assert "canary" not in f"{raised.value} {raised.value.help}"
    assert not served.seen
    proxy.close()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="this machine does not list open files")
def test_a_proxy_that_refuses_leaves_no_socket_open(kubeconfig: Kubeconfig) -> None:
    proxy = Proxy(b"HTTP/1.1 407 no\r\nContent-Length: 0\r\n\r\n")
    config = kubeconfig.write({"token": "t"}, **{"proxy-url": f"http://127.0.0.1:{proxy.port}"})
    before = sockets()
    with pytest.raises(SourceError) as raised:
        names(config)
    proxy.close()
    assert sockets() - before == set(), raised  # which holds the frames of the error


def sockets() -> set[str]:
    """The sockets that this process has open."""
    found = set()
    for one in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found.add(str(one.readlink()))
    return {one for one in found if one.startswith("socket:")}


@pytest.mark.parametrize("form", ["token", "certificate"])
def test_what_a_program_gives_is_shown_and_never_said(
    kubeconfig: Kubeconfig, served: Served, pki: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], form: str
) -> None:
    """It runs with `--allow-exec` alone; whether the server takes what it gives or not, no output has it."""
    crt, key = (pki / name for name in ("jane.crt", "jane.key"))
    given = {"clientCertificateData": crt.read_text(), "clientKeyData": key.read_text()}
    status = {"token": "canary-token"} if form == "token" else given
    (tmp_path / "said").write_text(json.dumps({"kind": "ExecCredential", "status": status}), encoding="utf-8")
    script = tmp_path / "login"
    script.write_text(f"#!/bin/sh\necho ran >> '{tmp_path}/ran'\ncat '{tmp_path}/said'\n", encoding="utf-8")
    script.chmod(0o755)
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "./login", "interactiveMode": "Never"}
    asked = ("show", "workloads", "-f", "kube:", "--kubeconfig", kubeconfig.write({"exec": plugin}), "-v")
    assert run(asked) == 3
    assert not (tmp_path / "ran").exists()
    refused = run((*asked, "--allow-exec")) if form == "token" else None  # the token is not one of the server's
    served.tokens = {"canary-token"}
    assert run((*asked, "--allow-exec")) == 0
    assert refused in (3, None)
    assert (tmp_path / "ran").read_text(encoding="utf-8").count("ran") == (2 if form == "token" else 1)
    assert served.seen[-1] == (("", "Bearer canary-token") if form == "token" else ("jane", ""))
    out, err = capfd.readouterr()
    assert "--allow-exec" in err
    hidden = ["canary-token", *key.read_text(encoding="utf-8").splitlines()[1:-1]]
    assert not [one for one in hidden if one in out + err]


def test_a_server_that_is_closed_is_not_connected_to(kubeconfig: Kubeconfig, pki: Path) -> None:
    """Neither by who asks after it nor by who was at it: no connection is left that nobody ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / f"{NAME}.crt", pki / f"{NAME}.key")
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        config = kubeconfig.write({}, server=f"https://127.0.0.1:{listening.getsockname()[1]}")
        server = Server(choose("kube:", Access(kubeconfig=config)), allow_exec=False)
        asked = pool.submit(server.get, "/api")
        near, _ = listening.accept()
        assert near.recv(1, socket.MSG_PEEK)  # the greeting: it is connecting
        server.close()
        with context.wrap_socket(near, server_side=True) as tls:
            assert tls.recv(1) == b""
        for refused in (asked.result, lambda: server.get("/api")):
            with pytest.raises(SourceError, match="ended the connection"):
                refused()
        listening.settimeout(0)
        with pytest.raises(BlockingIOError):
            listening.accept()
