"""A real kube-apiserver on loopback, over an etcd of its own: builds the Go program in `tests/cluster/apiserver`.

It needs Go, at least of the version that `apiserver/go.mod` names, the modules that `apiserver/go.sum` pins, and `etcd`
(Debian: etcd-server); where one of them cannot be had, `unavailable()` says why and tests skip with that. The program
is built once (some seven CPU minutes on a fresh machine) and kept in `${XDG_CACHE_HOME:-~/.cache}/netwright/apiserver`,
under a name that changes with its source.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from netwright.model.live_kinds import plural
from tests import go_program

SOURCE = Path(__file__).with_name("apiserver")
ADMIN, READER, AUDITOR = "token-of-the-admin", "token-of-the-reader", "token-of-the-auditor"
TENANT = "token-of-the-tenant"


class ServerError(Exception):
    """The program cannot be built, or does not start."""


def program() -> Path:
    """Where the program of this source is, or will be once it is built."""
    return go_program.kept() / "apiserver" / go_program.digest(SOURCE) / "kube-apiserver"


@functools.cache
def unavailable() -> str | None:
    """Why there is no server on this machine, or None once it is built."""
    if not shutil.which("etcd"):
        return "a kube-apiserver needs etcd, and there is none (Debian: apt-get install etcd-server)"
    return go_program.build(program(), SOURCE, "a kube-apiserver", ServerError)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class ApiServer:
    """The running server, with its files in `folder`. `config` is a kubeconfig with the contexts admin, reader, auditor
    and tenant (who may do nothing until a role says so) and stranger (whom the server does not know)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, client, peer = free_port(), free_port(), free_port()
        self._processes: list[subprocess.Popen[bytes]] = []
        folder.mkdir(parents=True, exist_ok=True)
        key = folder / "service-account.key"
        subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
        (folder / "tokens.csv").write_text(
            f'{ADMIN},admin,1,"system:masters"\n{READER},reader,2,"readers"\n'
            f'{AUDITOR},auditor,3,"auditors"\n{TENANT},tenant,4,"tenants"\n',
            encoding="utf-8",
        )
        self._start(
            "etcd", "etcd", f"--data-dir={folder / 'etcd'}", "--unsafe-no-fsync",
            f"--listen-client-urls=http://127.0.0.1:{client}", f"--advertise-client-urls=http://127.0.0.1:{client}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
        )  # fmt: skip
        self._start(
            "apiserver", str(program()), f"--etcd-servers=http://127.0.0.1:{client}", f"--cert-dir={folder / 'certs'}",
            f"--secure-port={self.port}", "--bind-address=127.0.0.1", f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}", "--service-account-issuer=https://kubernetes.default.svc",
            f"--token-auth-file={folder / 'tokens.csv'}", "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.96.0.0/12", "--endpoint-reconciler-type=none",
            "--disable-admission-plugins=ServiceAccount", "--max-requests-inflight=2000",
            "--max-mutating-requests-inflight=1000",
        )  # fmt: skip
        try:
            self._await_ready()
        except BaseException:
            self.close()
            raise
        self.config = self.kubeconfig(f"https://127.0.0.1:{self.port}", "config")

    def _start(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            # Memory is not scarce here: garbage collected less often is a third of the server's CPU.
            environment = {"GOGC": "400", **os.environ}
            self._processes.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment))

    def _await_ready(self) -> None:
        last = time.monotonic() + 120
        while time.monotonic() < last:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.ask("GET", "/readyz")[0] == 200:
                    return
            if any(process.poll() is not None for process in self._processes):
                break
            time.sleep(0.2)
        raise ServerError((self.folder / "apiserver.log").read_text(encoding="utf-8", errors="replace")[-2000:])

    def kubeconfig(self, server: str, name: str, authority: Path | None = None) -> Path:
        """A kubeconfig of these contexts for this server, or for one that stands before it."""
        path = self.folder / name
        cluster = {
            "server": server,
            "certificate-authority": str(authority or self.folder / "certs" / "apiserver.crt"),
        }
        users = {"admin": ADMIN, "reader": READER, "auditor": AUDITOR, "tenant": TENANT}
        users["stranger"] = "token-that-has-expired"
        content = {
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": user, "user": {"token": token}} for user, token in users.items()],
            "contexts": [
                {"name": user, "context": {"cluster": "test", "user": user, "namespace": "bank"}} for user in users
            ],
            "current-context": "admin",
        }
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    def close(self) -> None:
        for process in reversed(self._processes):
            process.send_signal(signal.SIGKILL)  # it keeps nothing
            process.wait()

    # --- writing --------------------

    def _connection(self) -> http.client.HTTPSConnection:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=60)

    def ask(
        self, method: str, path: str, body: Any = None, connection: http.client.HTTPSConnection | None = None
    ) -> tuple[int, Any]:
        one = connection or self._connection()
        try:
            return self._ask(method, path, body, one)
        finally:
            if connection is None:
                one.close()

    @staticmethod
    def _ask(method: str, path: str, body: Any, one: http.client.HTTPSConnection) -> tuple[int, Any]:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        headers = {"Authorization": f"Bearer {ADMIN}", "Content-Type": kind}
        one.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
        response = one.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text[:1] == b"{" else text

    def write(self, objects: Sequence[dict[str, Any]], at_once: int = 8) -> None:
        """Create objects, and then set the status that they have."""

        def some(mine: Iterable[dict[str, Any]]) -> None:
            connection = self._connection()
            for one in mine:
                path = path_of(one)
                code, said = self.ask("POST", path, one, connection)
                if code not in (201, 409):
                    raise ServerError(f"{one['kind']} {one['metadata']}: {code} {said}")
                if "status" in one:
                    own = f"{path}/{one['metadata']['name']}/status"
                    code, said = self.ask("PATCH", own, {"status": one["status"]}, connection)
                    if code != 200:
                        raise ServerError(f"status of {one['kind']} {one['metadata']}: {code} {said}")
            connection.close()

        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(some, [objects[i::at_once] for i in range(at_once)]))

    def dry_run(self, one: dict[str, Any]) -> tuple[int, str]:
        """What the server would say to a new object, unknown fields counting as faults; nothing is written."""
        code, said = self.ask("POST", f"{path_of(one)}?dryRun=All&fieldValidation=Strict", one)
        return code, said.get("message", "") if isinstance(said, dict) else str(said)

    def define(self, definitions: Sequence[dict[str, Any]]) -> None:
        """Create CustomResourceDefinitions, and wait until their kinds can be written."""
        self.write(definitions)
        waiting = {one["metadata"]["name"]: one for one in definitions}
        last = time.monotonic() + 120
        while waiting and time.monotonic() < last:
            _, listed = self.ask("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
            for one in listed["items"]:
                told = {c["type"]: c["status"] for c in one["status"].get("conditions") or ()}
                if told.get("Established") == "True":
                    waiting.pop(one["metadata"]["name"], None)
            time.sleep(0.2)
        for name, one in waiting.items():
            raise ServerError(f"{name} ({len(waiting)} in all) is not established: {one}")
        while any(self.ask("GET", _list_of(one))[0] != 200 for one in definitions[-1:]):
            time.sleep(0.2)

    def export(self) -> list[dict[str, Any]]:
        """All that is stored but Secrets and Events, as `kubectl get -A -o yaml` writes it: each object with its kind,
        and without its managed fields."""
        paths = [f"/api/{version}" for version in self.ask("GET", "/api")[1]["versions"]]
        groups = self.ask("GET", "/apis")[1]["groups"]
        paths += [f"/apis/{version['groupVersion']}" for group in groups for version in group["versions"]]
        found = []
        seen = set()
        for path in paths:
            for one in self.ask("GET", path)[1]["resources"]:
                key = path.split("/")[2:-1], one["name"]
                if "list" not in one["verbs"] or one["name"] in ("secrets", "events") or str(key) in seen:
                    continue
                seen.add(str(key))
                listed = self.ask("GET", f"{path}/{one['name']}")[1]
                for item in listed["items"]:
                    item["metadata"].pop("managedFields", None)
                    found.append({"apiVersion": listed["apiVersion"], "kind": one["kind"], **item})
        return found


def path_of(one: dict[str, Any]) -> str:
    """Where objects of this kind and namespace are written."""
    version, namespace = one["apiVersion"], one["metadata"].get("namespace")
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    return f"{root}/namespaces/{namespace}/{plural(one['kind'])}" if namespace else f"{root}/{plural(one['kind'])}"


def _list_of(definition: dict[str, Any]) -> str:
    spec = definition["spec"]
    version = next(v["name"] for v in spec["versions"] if v["served"])
    return f"/apis/{spec['group']}/{version}/{spec['names']['plural']}"
