"""`--watch` against a small server of the tests: what it asks for, what begins again, and what ends it."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from netwright.base.errors import SourceError
from netwright.profiles.alike import read_alike
from netwright.sources.kube import Access, watch
from netwright.sources.kube.live import digest_of
from netwright.sources.kube.watch import Followed

GONE = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired"}}


def _pod(name: str, version: int) -> dict[str, Any]:
    meta = {"name": name, "namespace": "n", "resourceVersion": str(version)}
    status = {"conditions": [{"type": "Ready", "status": "True"}]}
    spec = {"containers": [{"name": "c"}]}
    return {"kind": "Pod", "apiVersion": "v1", "metadata": meta, "spec": spec, "status": status}


def _resource(name: str, kind: str, *, namespaced: bool) -> dict[str, Any]:
    return {"name": name, "kind": kind, "namespaced": namespaced, "verbs": ["list", "watch"]}


class Pods:
    """A server of pods: what it lists, and what each watch of it tells before it ends (bytes, or a code that is
    answered instead). The last watch stays open. Namespaces are served by `labels`: one, that may not be listed."""

    def __init__(self) -> None:
        self.labels: dict[str, str] | None = None
        self.resources: list[Any] = [_resource("pods", "Pod", namespaced=True)]
        self.listed: list[list[dict[str, Any]]] = [[_pod("a", 5)]]
        self.watches: list[list[dict[str, Any] | bytes] | int] = []
        self.asked: list[dict[str, list[str]]] = []
        self.over = threading.Event()
        self.port = 0

    def list(self) -> bytes:
        items = self.listed.pop(0) if len(self.listed) > 1 else self.listed[0]
        version = max((int(one["metadata"]["resourceVersion"]) for one in items), default=0)
        return json.dumps({"metadata": {"resourceVersion": str(version)}, "items": items}).encode()

    def namespace(self) -> bytes:
        meta = {"name": "n", "labels": self.labels}
        return json.dumps({"kind": "Namespace", "apiVersion": "v1", "metadata": meta}).encode()


@pytest.fixture
def pods() -> Iterator[Pods]:
    told = Pods()
    fixed: dict[str, Any] = {
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "groups": []},
        "/api/v1": {"resources": told.resources},
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = parse_qs(parts.query)
            if parts.path == "/api/v1/pods" and "watch" in asked:
                self._watch(asked)
            elif parts.path == "/api/v1/pods":
                self._send(200, told.list())
            elif parts.path.startswith("/api/v1/namespaces"):
                is_known = parts.path.endswith("/n") and told.labels is not None
                self._send(200 if is_known else 403, told.namespace())
            else:
                body = fixed.get(parts.path)
                self._send(404 if body is None else 200, json.dumps(body or {}).encode())

        def _send(self, code: int, data: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _watch(self, asked: dict[str, list[str]]) -> None:
            told.asked.append(asked)
            events = told.watches.pop(0) if told.watches else []
            if isinstance(events, int):
                self._send(events, b"{}")
                return
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for event in events:
                line = event if isinstance(event, bytes) else json.dumps(event).encode() + b"\n"
                self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
                self.wfile.flush()
            if not told.watches:
                told.over.wait()
                self.close_connection = True
                return
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield told
    told.over.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def config(pods: Pods, tmp_path: Path) -> Path:
    content = {
        "current-context": "one",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{pods.port}"}}],
        "contexts": [{"name": "one", "context": {"cluster": "c"}}],
    }
    (tmp_path / "config").write_text(json.dumps(content), encoding="utf-8")
    return tmp_path / "config"


@pytest.fixture
def followed(config: Path) -> Iterator[Followed]:
    one = Followed("kube:", Access(kubeconfig=str(config)), read_alike)
    yield one
    one.close()


def names(followed: Followed) -> list[str]:
    return [d.name for d in followed.reading().documents]


def test_a_watch_goes_on_from_the_version_that_was_told_last(pods: Pods, followed: Followed) -> None:
    """Of an event or of a bookmark; what is told again is no change."""
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "9"}}}
    pods.watches = [
        [{"type": "ADDED", "object": _pod("b", 6)}, bookmark],
        [{"type": "MODIFIED", "object": _pod("b", 6)}, {"type": "DELETED", "object": _pod("a", 10)}],
    ]
    changes = followed.changes()
    assert followed.reading().inputs[0].versions == {"pods": "5"}
    assert next(changes) == ["Pod n/b"]
    assert names(followed) == ["a", "b"]
    assert next(changes) == ["Pod n/a"]
    assert names(followed) == ["b"]
    assert [asked["resourceVersion"] for asked in pods.asked[:2]] == [["5"], ["9"]]
    assert pods.asked[0]["allowWatchBookmarks"] == ["true"]


@pytest.mark.parametrize("how", [[GONE], 410], ids=["in an event", "as the answer"])
def test_changes_that_the_server_knows_no_more_are_listed(pods: Pods, followed: Followed, how: Any) -> None:
    """410 Gone: the kind is listed anew, and followed from there."""
    pods.listed = [[_pod("b", 20), _pod("c", 21)]]
    pods.watches = [how, [{"type": "ADDED", "object": _pod("d", 22)}]]
    changes = followed.changes()
    told = next(changes)
    assert told[:3] == ["Pod n/a", "Pod n/b", "Pod n/c"]
    while "Pod n/d" not in told:
        told = next(changes)
    assert names(followed) == ["b", "c", "d"]
    assert pods.asked[1]["resourceVersion"] == ["21"]
    assert followed.reading().inputs[0].versions == {"pods": "22"}


@pytest.mark.parametrize(
    ("watches", "message"),
    [
        ([403], r"pods can be listed and not watched \(403\)"),
        ([[{"type": "ERROR", "object": {"code": 500}}]], r"the watch of pods ended with an error \(500\)"),
        ([[b"<html>\n"]], "the watch of pods sent what is no event"),
        ([[b'{"type": "ADDED", "object": []}\n']], "the watch of pods sent what is no event"),
        ([401], r"does not know the user of context `one` \(401\)"),
    ],
)
def test_a_kind_that_is_followed_no_more_ends_it(
    pods: Pods, followed: Followed, watches: list[Any], message: str
) -> None:
    pods.watches = [*watches, []]
    with pytest.raises(SourceError, match=message):
        next(followed.changes())


def test_what_is_not_read_of_an_object_is_no_change(pods: Pods, followed: Followed) -> None:
    """A heartbeat in a status, and who wrote it: nothing is worked out again. The digest tells it."""
    before = followed.reading()
    beat, ready = _pod("a", 6), _pod("a", 7)
    beat["metadata"]["managedFields"] = [{"manager": "kubelet", "time": "2026-01-01T00:00:00Z"}]
    beat["status"]["conditions"][0]["lastProbeTime"] = "2026-01-01T00:00:00Z"
    ready["status"]["conditions"][0]["status"] = "False"
    pods.watches = [[{"type": "MODIFIED", "object": beat}, {"type": "ADDED", "object": _pod("b", 7)}]]
    pods.watches += [[{"type": "MODIFIED", "object": ready}], []]
    changes = followed.changes()
    assert next(changes) == ["Pod n/b"]
    after = followed.reading()
    assert after.documents[0] is before.documents[0]
    assert after.inputs[0].digest == digest_of(json.dumps(one).encode() for one in (beat, _pod("b", 7)))
    assert next(changes) == ["Pod n/a"]


def test_a_namespace_that_may_only_be_got_is_got_again(
    pods: Pods, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "NAMED_SECONDS", 0.01)
    pods.resources.append(_resource("namespaces", "Namespace", namespaced=False))
    pods.labels = {}
    with closing(Followed("kube:", Access(kubeconfig=str(config)))) as followed:
        changes = followed.changes()
        for team in ("shop", "bank"):
            pods.labels = {"team": team}
            assert next(changes) == ["Namespace n"]
            (raw,) = [d.raw for d in followed.reading().documents if d.kind == "Namespace"]
            assert json.loads(raw)["metadata"]["labels"] == pods.labels
        pods.labels = None
        with pytest.raises(SourceError, match="the namespace n cannot be read any more"):
            next(changes)


def test_a_fault_of_ours_in_a_thread_is_told(pods: Pods, followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "selection", lambda resource: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        next(followed.changes())


# --- on a terminal --------------------


class Terminal:
    """The command on a terminal of 100 columns, in a process of its own."""

    def __init__(self, *words: str) -> None:
        mine, theirs = pty.openpty()
        # begun in the background, as a shell does it, a process does not hear of interrupts
        code = (
            "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
            "from netwright.cli.main import main; main()"
        )
        environment = {**os.environ, "COLUMNS": "100", "TERM": "xterm", "NO_COLOR": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *words],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
        )
        os.close(theirs)
        self.text = ""
        self._mine = mine
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with suppress(OSError):
            while found := os.read(self._mine, 4096):
                self.text += found.decode()

    def shows(self, pattern: str) -> None:
        last = time.monotonic() + 60
        while not re.search(pattern, self.text):
            assert time.monotonic() < last, self.text
            assert self.process.poll() is None or re.search(pattern, self.text), self.text
            time.sleep(0.05)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._mine)


@pytest.fixture
def terminal(config: Path) -> Iterator[Terminal]:
    one = Terminal("check", "kube:", "--watch", "--kubeconfig", str(config))
    yield one
    one.close()


def test_it_says_what_changed_and_ends_by_an_interrupt(pods: Pods, terminal: Terminal) -> None:
    noted = _pod("a", 6)
    noted["metadata"]["annotations"] = {"note": "new"}
    pods.watches = [[{"type": "MODIFIED", "object": noted}], [{"type": "ADDED", "object": _pod("b", 7)}]]
    terminal.shows(r"exit 0\r\n\r\nchanged: Pod n/a\r\nthe answer is the same\r\n\r\nchanged: Pod n/b\r\n")
    terminal.shows(r"(?s)not at all of 1\b.*\r\n\r\nchanged: Pod n/b\r\n.*not at all of 2\b.*exit 0\r\n")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.process.wait(30) == 130
    assert "Traceback" not in terminal.text
    assert "Error" not in terminal.text


def test_a_server_that_goes_away_ends_it_with_one_error(pods: Pods, terminal: Terminal) -> None:
    pods.watches = [[], 401]
    assert terminal.process.wait(60) == 3
    terminal.shows(r"does not know the user of context `one` \(401\)")
    assert len(re.findall(r"(?m)^(?:error|Error)\b", terminal.text)) == 1
