"""Kubeconfigs, credentials and the HTTP of `kube:`, against files and a small server of the tests."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import netwright as nw
from netwright.base.errors import SourceError, UsageError
from netwright.sources.kube import Access, connection
from netwright.sources.kube.credentials import credentials
from netwright.sources.kube.kubeconfig import choose

Write = Callable[..., Path]


def _config(server: str = "https://one:6443", context: str = "one", **user: Any) -> dict[str, Any]:
    return {
        "current-context": context,
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
    }


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    def put(content: Any, name: str = "config") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return put


def _access(path: Path, **more: Any) -> Access:
    return Access(kubeconfig=str(path), **more)


def test_of_several_files_the_first_that_says_something_counts(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = write(_config("https://first"), "1"), write(_config("https://second"), "2")
    other = write(_config("https://third", "other"), "3")
    monkeypatch.setenv("KUBECONFIG", f"{first.parent}/none{os.pathsep}{first}{os.pathsep}{second}{os.pathsep}{other}")
    assert choose("kube:", Access()).cluster.server == "https://first"
    assert choose("kube:other", Access()).name == "other"
    assert choose("kube:", Access(context="other")).name == "other"
    with pytest.raises(UsageError, match="two contexts"):
        choose("kube:one", Access(context="other"))
    with pytest.raises(SourceError, match="has no context `prod`") as raised:
        choose("kube:prod", Access())
    assert raised.value.help == "it has `kube:one`, `kube:other`"


def test_paths_are_seen_from_the_file(write: Write) -> None:
    path = write(_config(tokenFile="token"), "deep/config")
    write("from-a-file\n", "deep/token")
    chosen = choose("kube:", _access(path))
    assert credentials(chosen.user, chosen.cluster, allow_exec=False).headers == (
        ("Authorization", "Bearer from-a-file"),
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("users:\n- name: u\n  user: {token: canary-1\n", r"is not valid YAML \(line \d+\)$"),
        (
            {"users": [{"name": "u", "user": {"token": ["canary-2"]}}]},
            "is not understood: expected `str`, got `array`",
        ),
        ({}, "has no current context"),
        (_config() | {"contexts": [{"name": "one", "context": {"cluster": "gone"}}]}, "for which no server is known"),
        (_config() | {"users": []}, "names the user `u`, whom the kubeconfig has not"),
    ],
)
def test_a_kubeconfig_that_says_too_little(write: Write, content: Any, message: str) -> None:
    with pytest.raises(SourceError, match=message) as raised:
        choose("kube:", _access(write(content)))
    assert "canary" not in f"{raised.value} {raised.value.help}"


def test_in_a_pod_without_a_kubeconfig_its_account_is_used(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netwright.sources.kube.kubeconfig.SERVICE_ACCOUNT", tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "2001:db8::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    with pytest.raises(SourceError, match="no kubeconfig in"):
        choose("kube:", Access())
    write("of-the-pod", "token")
    chosen = choose("kube:", Access())
    assert (chosen.name, chosen.cluster.server) == ("in-cluster", "https://[2001:db8::1]:443")
    with pytest.raises(SourceError, match="no kubeconfig in"):  # a context by name is one of a file
        choose("kube:prod", Access())


# --- programs that give credentials --------------------


def _plugin(folder: Path, body: str) -> dict[str, Any]:
    script = folder / "plugin"
    script.write_text(f"#!/bin/sh\ntouch {folder}/ran\n{body}\n", encoding="utf-8")
    script.chmod(0o755)
    return {"apiVersion": "client.authentication.k8s.io/v1", "command": str(script), "args": ["a b"]}


def test_a_program_runs_only_where_it_is_allowed(write: Write, tmp_path: Path) -> None:
    said = json.dumps({"kind": "ExecCredential", "status": {"token": "from-a-program"}})
    path = write(_config(exec=_plugin(tmp_path, f"test \"$1\" = 'a b' && echo '{said}'")))
    chosen = choose("kube:", _access(path))
    with pytest.raises(SourceError, match="wants to run `plugin`") as raised:
        credentials(chosen.user, chosen.cluster, allow_exec=False)
    assert "--allow-exec" in raised.value.help
    assert not (tmp_path / "ran").exists()
    found = credentials(chosen.user, chosen.cluster, allow_exec=True)
    assert found.headers == (("Authorization", "Bearer from-a-program"),)


@pytest.mark.parametrize(
    ("body", "message"),
    [("echo canary; exit 3", "it ended with 3"), ("echo '{\"canary\": 1'", "it wrote no ExecCredential")],
)
def test_a_program_that_gives_none(write: Write, tmp_path: Path, body: str, message: str) -> None:
    chosen = choose("kube:", _access(write(_config(exec=_plugin(tmp_path, body)))))
    with pytest.raises(SourceError, match=message) as raised:
        credentials(chosen.user, chosen.cluster, allow_exec=True)
    assert "canary" not in f"{raised.value} {raised.value.help}"


def test_who_one_acts_as_is_said(write: Write) -> None:
    acting = {"as": "jane", "as-groups": ["a", "b"], "as-user-extra": {"why/how": ["x"]}}
    chosen = choose("kube:", _access(write(_config(username="n", password="p", **acting))))
    headers = credentials(chosen.user, chosen.cluster, allow_exec=False).headers
    assert headers == (
        ("Authorization", f"Basic {base64.b64encode(b'n:p').decode()}"),
        ("Impersonate-User", "jane"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b"),
        ("Impersonate-Extra-why%2Fhow", "x"),
    )


# --- a server that answers as it is told --------------------


class Answers:
    """Paths (with their query) to lists of answers, the last of which stays; whatever else is asked for is none."""

    def __init__(self) -> None:
        self.of: dict[str, list[tuple[int, Any]]] = {
            "/api": [(200, {"kind": "APIVersions", "versions": ["v1"]})],
            "/apis": [(200, {"kind": "APIGroupList", "groups": []})],
            "/api/v1": [(200, {"resources": [_resource("pods", "Pod"), _resource("secrets", "Secret")]})],
        }
        self.asked: list[str] = []
        self.retry_after = "0"
        self.port = 0


def _resource(name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "kind": kind, "namespaced": True, "verbs": ["get", "list"]}


@pytest.fixture
def answers() -> Iterator[Answers]:
    told = Answers()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            told.asked.append(self.path)
            waiting = told.of.get(self.path) or [(404, {})]
            code, body = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Retry-After", told.retry_after)
            if code == 302:
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield told
    server.shutdown()
    server.server_close()


def _pod(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "n"}, "spec": {"containers": [{"name": "c"}]}}


def _page(*names: str, more: str = "") -> tuple[int, Any]:
    return 200, {"metadata": {"continue": more, "resourceVersion": "7"}, "items": [_pod(name) for name in names]}


def _names(answers: Answers, write: Write) -> set[str]:
    twin = nw.load("kube:", kubeconfig=str(write(_config(f"http://127.0.0.1:{answers.port}"))))
    return {d.name for d in twin.snapshot.objects}


def test_pages_follow_each_other_and_secrets_are_not_asked_for(answers: Answers, write: Write) -> None:
    answers.of["/api/v1/pods?limit=500"] = [_page("a", "b", more="x/y=")]
    answers.of["/api/v1/pods?limit=500&continue=x%2Fy%3D"] = [_page("c")]
    assert _names(answers, write) == {"a", "b", "c"}
    assert not [path for path in answers.asked if "secrets" in path]


def test_a_list_whose_page_expired_begins_again(answers: Answers, write: Write) -> None:
    answers.of["/api/v1/pods?limit=500"] = [_page("old", more="t"), _page("new", more="t")]
    answers.of["/api/v1/pods?limit=500&continue=t"] = [(410, {"reason": "Expired"})]
    answers.of["/api/v1/pods"] = [_page("new", "newer")]
    assert _names(answers, write) == {"new", "newer"}


def test_a_busy_server_is_asked_again(answers: Answers, write: Write) -> None:
    answers.of["/api/v1/pods?limit=500"] = [(429, {}), (503, {}), _page("a")]
    assert _names(answers, write) == {"a"}


@pytest.mark.parametrize(
    ("told", "waited"), [("3", [3.0, 3.0]), ("86400", [10.0, 10.0]), ("Wed, 21 Oct 2026 07:28:00 GMT", [0.5, 1.0])]
)
def test_it_is_waited_for_as_long_as_the_server_says(
    answers: Answers, write: Write, monkeypatch: pytest.MonkeyPatch, told: str, waited: list[float]
) -> None:
    """Within bounds; where it says nothing that is understood, for longer each time."""
    slept: list[float] = []
    monkeypatch.setattr(connection.time, "sleep", slept.append)
    answers.retry_after = told
    answers.of["/api/v1/pods?limit=500"] = [(429, {}), (429, {}), _page("a")]
    assert _names(answers, write) == {"a"}
    assert slept == waited


def test_a_server_that_stays_busy_leaves_the_kind_unread(answers: Answers, write: Write) -> None:
    answers.of["/api/v1/pods?limit=500"] = [(429, {})]
    twin = nw.load("kube:", kubeconfig=str(write(_config(f"http://127.0.0.1:{answers.port}"))))
    assert [d.title for d in twin.diagnostics] == ["pods could not be listed (429)"]
    assert answers.asked.count("/api/v1/pods?limit=500") == connection.RETRIES + 1


def test_pages_that_expire_again_and_again_are_asked_for_at_once(answers: Answers, write: Write) -> None:
    """In the middle of the list, and what was read of it before is not kept."""
    answers.of["/api/v1/pods?limit=500"] = [_page("gone", more="t")]
    answers.of["/api/v1/pods?limit=500&continue=t"] = [_page("gone-too", more="u")]
    answers.of["/api/v1/pods?limit=500&continue=u"] = [(410, {"reason": "Expired"})]
    answers.of["/api/v1/pods"] = [_page("a", "b")]
    assert _names(answers, write) == {"a", "b"}
    assert answers.asked.count("/api/v1/pods?limit=500") == 2


def test_a_redirect_is_not_followed(answers: Answers, write: Write) -> None:
    answers.of["/api/v1/pods?limit=500"] = [(302, {})]
    with pytest.raises(SourceError, match="a redirect is not followed"):
        _names(answers, write)


@pytest.mark.parametrize("body", [b"<html>", b'{"items": [', b"[]"])
def test_what_is_no_list_is_no_answer(answers: Answers, write: Write, body: bytes) -> None:
    answers.of["/api/v1/pods?limit=500"] = [(200, body)]
    with pytest.raises(SourceError, match="a list of pods that is none"):
        _names(answers, write)


def test_an_answer_without_bounds_is_not_read(answers: Answers, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_ANSWER", 10_000)
    answers.of["/api/v1/pods?limit=500"] = [_page(*(f"pod-{i}" for i in range(1000)))]
    with pytest.raises(SourceError, match="an answer of over"):
        _names(answers, write)


def test_a_kind_whose_server_fails_is_told(answers: Answers, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    answers.of["/api/v1/pods?limit=500"] = [(500, {"message": "etcd"})]
    twin = nw.load("kube:", kubeconfig=str(write(_config(f"http://127.0.0.1:{answers.port}"))))
    assert [(d.code, d.title) for d in twin.diagnostics] == [("NW1016", "pods could not be listed (500)")]
    assert twin.provenance.is_partial


@pytest.mark.parametrize("beside", ["k8s.ovn.org", "networks.example"])
def test_networks_that_may_not_be_listed_hide_ovn_where_it_is_served(
    answers: Answers, write: Write, beside: str
) -> None:
    """A network of OVN-Kubernetes' own tells which CNI there is; where none of its kinds is served, none can be one."""
    nads, others = "k8s.cni.cncf.io", _resource("userdefinednetworks", "UserDefinedNetwork")
    groups = [{"name": g, "versions": [{"groupVersion": f"{g}/v1", "version": "v1"}]} for g in (nads, beside)]
    kinds = [_resource("network-attachment-definitions", "NetworkAttachmentDefinition")]
    answers.of |= {
        "/apis": [(200, {"kind": "APIGroupList", "groups": groups})],
        f"/apis/{nads}/v1": [(200, {"resources": kinds})],
        f"/apis/{beside}/v1": [(200, {"resources": [others]})],
        f"/apis/{nads}/v1/network-attachment-definitions?limit=500": [(403, {"message": "no"})],
        f"/apis/{beside}/v1/userdefinednetworks?limit=500": [(200, {"metadata": {}, "items": []})],
        "/api/v1/pods?limit=500": [_page("a", "b")],
    }
    twin = nw.load("kube:", kubeconfig=str(write(_config(f"http://127.0.0.1:{answers.port}"))))
    assert any("network-attachment-definitions" in d.title and "403" in d.title for d in twin.diagnostics)
    told = twin.why("n/a", "n/b:80")
    is_open = any("it would tell which CNI there is" in reason.reason for reason in told.reasons)
    assert is_open == (beside == "k8s.ovn.org")
    assert (told.verdict == "undecided") == is_open


def test_credentials_are_not_sent_in_the_clear(write: Write) -> None:
    with pytest.raises(SourceError, match="credentials are not sent in the clear") as raised:
        nw.load("kube:", kubeconfig=str(write(_config("http://n:canary@api.example", token="canary"))))
    assert "canary" not in f"{raised.value} {raised.value.help}"


def test_a_server_that_is_not_there(write: Write) -> None:
    with pytest.raises(SourceError, match="the connection was refused"):
        nw.load("kube:", kubeconfig=str(write(_config("https://127.0.0.1:1"))))
