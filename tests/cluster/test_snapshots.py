"""A snapshot of a live cluster answers as the cluster did, and nothing of its Secrets is in it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import netwright as nw
from netwright.cli.main import run
from netwright.store.files import Folder
from netwright.store.reading import find
from netwright.store.redacting import redact
from netwright.store.taking import digests_of, take
from tests.cluster import objects
from tests.cluster.server import ApiServer

Capture = pytest.CaptureFixture[str]
VERBS = [
    ("check", "SOURCE"),
    ("reach", "SOURCE"),
    ("why", "ENDS", "-f", "SOURCE"),
    *(("show", noun, "SOURCE") for noun in ("kinds", "endpoints", "policies", "vms", "nics")),
]


def ask(capture: Capture, *words: str) -> tuple[int, str]:
    code = run(words)
    return code, re.sub(r"[\d.]+ s ·( exit|$)", "exit", capture.readouterr().out, flags=re.MULTILINE)


def test_a_snapshot_of_a_cluster_answers_as_the_cluster(
    api: ApiServer, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.write(objects.namespaces(4))
    api.write(list(objects.cluster(4, pods=40, machines=8, policies=10)))
    secret = {"apiVersion": "v1", "kind": "Secret", "stringData": {"password": "canary-in-a-secret"}}
    api.write([secret | {"metadata": {"name": "s", "namespace": "team-00"}}])
    monkeypatch.setenv("NETWRIGHT_STORE", str(tmp_path / "store"))
    twin = nw.load("kube:admin", kubeconfig=str(api.config))
    store = Folder(str(tmp_path / "store"))
    taken = take(store, twin.snapshot.reading, twin.snapshot.objects, twin.provenance)
    first, second = [row.ref for row in twin.show("endpoints").rows if row.ref.startswith("pod/")][:2]
    for verb in VERBS:
        for form in ([], ["-o", "json"]):
            words = [word for part in verb for word in ([first, f"{second}:80"] if part == "ENDS" else [part])]
            live = ask(
                capsys, *(w.replace("SOURCE", "kube:admin") for w in words), *form, "--kubeconfig", str(api.config)
            )
            kept = ask(capsys, *(w.replace("SOURCE", f"snapshot:{taken}") for w in words), *form)
            if form:
                live, kept = ((code, _without_inputs(text)) for code, text in (live, kept))
            assert live == kept, verb
    found = find(redact(store, find(taken, store.path)), store.path)
    texts = [
        blobs.get(d)
        for f in (find(taken, store.path), found)
        for blobs in [f.blobs]
        for d in digests_of(blobs, f.manifest)
    ]
    assert not any(b"canary" in text for text in texts)
    assert not any(b"team-0" in found.blobs.get(d) for d in digests_of(found.blobs, found.manifest))


def _without_inputs(text: str) -> str:
    return json.dumps({key: value for key, value in json.loads(text).items() if key != "inputs"})
