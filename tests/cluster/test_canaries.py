"""A thousand canaries in a real cluster and in its kubeconfig: none is in what is said, written or kept of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netwright.cli.main import run
from netwright.sources.kube.connection import Server
from netwright.store.reading import find
from netwright.store.taking import digests_of
from tests.cluster.server import ADMIN, AUDITOR, READER, TENANT, ApiServer

COUNT = 1000
NAMESPACE = "hidden"
TOKENS = (ADMIN, READER, AUDITOR, TENANT, "token-that-has-expired")


def planted(number: int) -> tuple[str, dict[str, Any]]:
    """A canary and an object that hides it, each time in another field that may hold a secret."""
    canary = f"canary{number:04}x"
    encoded = base64.b64encode(canary.encode()).decode()
    meta: dict[str, Any] = {"name": f"o{number}", "namespace": NAMESPACE}
    container: dict[str, Any] = {"name": "c", "image": "i"}
    pod: dict[str, Any] = {"containers": [container]}
    made = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": pod}
    machine = {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": meta}
    match number % 10:
        case 0:
            return canary, {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {canary: encoded}}
        case 1:
            return canary, {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"password": canary}}
        case 2:
            return canary, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"token": canary}}
        case 3:
            container["env"] = [{"name": "TOKEN", "value": canary}]
        case 4:
            container["args"] = [f"--password={canary}"]
        case 5:
            meta["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps({"token": canary})}
        case 6:
            meta["annotations"] = {f"example.org/{canary}": canary}
        case 7:
            pod["volumes"] = [{"name": "v", "csi": {"driver": "d.example", "volumeAttributes": {"token": canary}}}]
            pod["initContainers"] = [{"name": "i", "image": "i", "command": ["sh", "-c", f"login {canary}"]}]
        case 8:
            return canary, machine | {"spec": _guest({"userData": f"#cloud-config\npassword: {canary}"})}
        case _:
            return canary, machine | {"spec": _guest({"userDataBase64": encoded})}
    return canary, made


def _guest(cloud_init: dict[str, str]) -> dict[str, Any]:
    spec = {
        "domain": {"devices": {"interfaces": [{"name": "default", "masquerade": {}}]}},
        "networks": [{"name": "default", "pod": {}}],
        "volumes": [{"name": "init", "cloudInitNoCloud": cloud_init}],
    }
    return {"runStrategy": "Always", "template": {"metadata": {"labels": {"app": "guest"}}, "spec": spec}}


@pytest.fixture
def canaries(api: ApiServer) -> Iterator[list[str]]:
    made = [planted(number) for number in range(COUNT)]
    api.write([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}])
    api.write([one for _, one in made])
    yield [canary for canary, _ in made]
    for path in ("/api/v1", "/apis/kubevirt.io/v1"):
        for plural in ("pods", "secrets", "configmaps") if path == "/api/v1" else ("virtualmachines",):
            assert api.ask("DELETE", f"{path}/namespaces/{NAMESPACE}/{plural}")[0] == 200


def broken(api: ApiServer, folder: Path) -> list[Path]:
    """Kubeconfigs that lead to errors, each with canaries where credentials stand."""
    plugin = folder / "plugin"
    plugin.write_text('#!/bin/sh\necho \'{"status": {"token": "canary-of-a-program"}}\'\n', encoding="utf-8")
    plugin.chmod(0o755)
    exec_ = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin)}
    encoded = base64.b64encode(b"canary-key").decode()
    users: list[dict[str, Any]] = [
        {"token": "canary-token"},
        {"username": "canary-user", "password": "canary-password"},
        {"client-certificate-data": encoded, "client-key-data": encoded},
        {"exec": exec_},
        {"token": ["canary-list"]},
        {"token": "canary\nheader"},
    ]
    clusters: list[dict[str, Any]] = [
        {},
        {"server": f"https://canary-user:canary-password@127.0.0.1:{api.port}", "certificate-authority-data": encoded},
        {"proxy-url": "http://canary-user:canary-password@127.0.0.1:1"},
        {"proxy-url": "socks5://canary-user:canary-password@127.0.0.1:1"},
        {"server": "http://canary-user:canary-password@api.example"},
    ]
    found = []
    whole = json.loads(api.config.read_text(encoding="utf-8"))
    for user in users:
        for cluster in clusters:
            config = whole | {"users": [{"name": "admin", "user": user}]}
            config["clusters"] = [{"name": "test", "cluster": whole["clusters"][0]["cluster"] | cluster}]
            found.append(folder / f"broken-{len(found)}")
            found[-1].write_text(json.dumps(config), encoding="utf-8")
    return found


def test_no_canary_is_in_what_is_said_written_or_kept(
    api: ApiServer,
    canaries: list[str],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And no request is for Secrets, not even for their names."""
    asked: list[str] = []
    get = Server.get

    def recorded(server: Server, path: str, **more: Any) -> bytes:
        asked.append(path)
        return get(server, path, **more)

    monkeypatch.setattr(Server, "get", recorded)
    store, page, exported = (str(tmp_path / name) for name in ("store", "page.html", "exported"))
    live = ("-f", "kube:", "--kubeconfig", str(api.config))
    for words in (
        ("check", *live, "-v"),
        ("check", *live, "-o", "json"),
        ("check", *live, "-o", "html", "--out", page),
        ("reach", *live, "-o", "json", "--by", "pod", "--form", "classes"),
        ("show", "vms", *live, "-o", "wide"),
        ("show", "workloads", *live, "-o", "json"),
        ("show", "kinds", *live),
        ("snapshot", "take", "kube:", "--kubeconfig", str(api.config), "--name", "c", "--store", store, "-v"),
        ("snapshot", "export", "c", "--out", exported, "--store", store),
        ("snapshot", "show", "c", "--store", store),
    ):
        assert run(words) in (0, 1, 4), words
    for config in broken(api, tmp_path):
        for more in ((), ("--allow-exec", "-v")):
            code = run(("check", "kube:", "--kubeconfig", str(config), *more))
            assert code == 3, config.read_text(encoding="utf-8")
    for user in ("stranger", "reader"):
        run(("check", f"kube:{user}", "--kubeconfig", str(api.config), "-v"))
    taken = find("c", store)
    texts = [*capfd.readouterr(), Path(page).read_text(encoding="utf-8"), Path(exported).read_bytes().decode("latin-1")]
    texts += [taken.blobs.get(digest).decode() for digest in digests_of(taken.blobs, taken.manifest)]
    whole = "\n".join(texts)
    assert "o17" in whole
    assert any("pods" in path for path in asked)
    assert not any("secrets" in path for path in asked)
    encoded = [base64.b64encode(canary.encode()).decode() for canary in canaries]
    hidden = (*canaries, *encoded, *TOKENS, "canary-", "Y2FuYXJ5")
    assert [canary for canary in hidden if canary in whole] == []
