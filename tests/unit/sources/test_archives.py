"""Archives: the trees that the collecting tools write, and archives made to harm."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

import netwright as nw
from netwright.sources import archives

NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n"
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: db
  namespace: shop
spec:
  podSelector:
    matchLabels:
      app: db
  ingress:
  - from:
    - podSelector:
        matchLabels:
          app: web
"""


def pod(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": name}},
        "status": {"phase": "Running", "podIP": {"web": "10.0.0.1", "db": "10.0.0.2"}[name]},
    }


def listed(kind: str, *items: dict[str, Any]) -> str:
    """As the API server lists them: the items say neither version nor kind."""
    bare = [{k: v for k, v in one.items() if k not in ("apiVersion", "kind")} for one in items]
    return json.dumps({"kind": f"{kind}List", "apiVersion": "v1", "metadata": {}, "items": bare}, indent=4)


PODS = json.dumps({"apiVersion": "v1", "kind": "List", "items": [pod("web"), pod("db")]})
POLICIES = json.dumps({"apiVersion": "v1", "kind": "List", "items": []})
# What each tool writes: the members that hold objects, and others of its own that do not.
GATHER = "must-gather.local.7/quay-io-openshift-release-dev/"
TREES = {
    archives.MUST_GATHER: {
        f"{GATHER}version": "openshift/must-gather\n4.20.0",
        f"{GATHER}namespaces/shop/shop.yaml": NAMESPACE,
        f"{GATHER}namespaces/shop/core/pods.yaml": PODS,
        f"{GATHER}namespaces/shop/core/secrets.yaml": '{"apiVersion": "v1", "kind": "SecretList", "items": []}',
        f"{GATHER}namespaces/shop/pods/web/web.yaml": json.dumps(pod("web") | {"status": {"phase": "Failed"}}),
        f"{GATHER}namespaces/shop/pods/web/app/app/logs/current.log": "line\n",
        f"{GATHER}namespaces/shop/networking.k8s.io/networkpolicies/db.yaml": POLICY,
        f"{GATHER}cluster-scoped-resources/core/nodes/n1.yaml": "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n",
        f"{GATHER}etcd_info/endpoint_health.json": '[{"health": true}]',
        f"{GATHER}event-filter.html": "<html>",
    },
    archives.SYSDUMP: {
        "cilium-sysdump-20261127-050607/k8s-namespaces-20261127-050607.yaml": NAMESPACE,
        "cilium-sysdump-20261127-050607/k8s-pods-20261127-050607.yaml": PODS,
        "cilium-sysdump-20261127-050607/k8s-networkpolicies-20261127-050607.yaml": POLICY,
        "cilium-sysdump-20261127-050607/k8s-pods-20261127-050607.txt": "NAMESPACE NAME",
        "cilium-sysdump-20261127-050607/hubble-flows-cilium-x-20261127-050607.json": '{"flow": {"verdict": "DROPPED"}}',
        "cilium-sysdump-20261127-050607/cilium-helm-values-20261127-050607.yaml": "cluster: {name: a}",
    },
    archives.DUMP: {
        "dump/nodes.json": '{"kind": "NodeList", "apiVersion": "v1", "items": [{"metadata": {"name": "n1"}}]}',
        "dump/shop/pods.json": listed("Pod", pod("web"), pod("db")),
        "dump/shop/services.json": listed("Service"),
        "dump/shop/events.json": listed("Event"),
        "dump/shop/web/logs.txt": "==== START logs",
    },
    "": {"manifests/ns.yaml": NAMESPACE, "manifests/pods.json": PODS, "manifests/policy.yaml": POLICY},
}


def tar(path: Path, members: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


def packed(tmp_path: Path, ending: str, members: dict[str, str]) -> Path:
    path = tmp_path / f"a{ending}"
    if ending != ".zip":
        return tar(path, members)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


@pytest.mark.parametrize("ending", [".tar.gz", ".zip"])
@pytest.mark.parametrize("layout", list(TREES))
def test_what_a_tool_writes_is_read(tmp_path: Path, layout: str, ending: str) -> None:
    assert archives.layout_of(list(TREES[layout])) == layout
    path = packed(tmp_path, ending, TREES[layout])
    twin = nw.load(str(path))
    assert not twin.diagnostics, [d.title for d in twin.diagnostics]
    assert {row.ref for row in twin.show("endpoints").rows} >= {"pod/shop/web", "pod/shop/db"}
    if layout != archives.DUMP:
        answer = twin.eval([{"from": "shop/web", "to": "shop/db", "port": 80}])[0]
        assert answer.verdict == "allow"
        assert answer.by[-1].file.startswith(f"{path}!")
        assert answer.by[-1].line == 11
    assert twin.provenance.inputs[0].source == str(path)


def test_a_member_is_named_with_its_archive_and_line(tmp_path: Path) -> None:
    path = packed(tmp_path, ".tar.gz", {"x/p.yaml": POLICY, "x/bad.yaml": "apiVersion: [\n"})
    twin = nw.load(str(path))
    assert [d.where for d in twin.diagnostics] == [f"{path}!x/bad.yaml:2:1"]


def test_an_archive_without_objects_is_said_to_have_none(tmp_path: Path) -> None:
    path = packed(tmp_path, ".zip", {"readme.txt": "nothing"})
    with pytest.raises(nw.SourceError, match="holds no objects"):
        nw.load(str(path))


@pytest.mark.parametrize("ending", [".tar.gz", ".zip"])
def test_what_is_no_archive_is_said_to_be_none(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    path.write_bytes(b"apiVersion: v1")
    with pytest.raises(nw.SourceError, match="no archive"):
        nw.load(str(path))


# --- made to harm ---


def test_members_that_lead_outside_and_links_are_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in ("../outside.yaml", str(outside), "x/../../outside.yaml"):
            info = tarfile.TarInfo(name)
            info.size = len(NAMESPACE)
            archive.addfile(info, io.BytesIO(NAMESPACE.encode()))
        for name, type_ in (("l.yaml", tarfile.SYMTYPE), ("h.yaml", tarfile.LNKTYPE), ("d.yaml", tarfile.CHRTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = type_, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("good.yaml")
        info.size = len(POLICY)
        archive.addfile(info, io.BytesIO(POLICY.encode()))
    twin = nw.load(str(path))
    assert twin.accounting.evaluated == 1
    assert twin.accounting.unreadable == 6
    assert {d.code for d in twin.diagnostics} == {"NW1005"}
    assert not outside.exists()


def test_a_truncated_archive_is_read_as_far_as_it_goes_and_told(tmp_path: Path) -> None:
    members = {f"x/p{i}.yaml": POLICY.replace("name: db", f"name: db-{i}") + "#" + "k" * i for i in range(400)}
    whole = packed(tmp_path, ".tar.gz", members).read_bytes()
    cut = tmp_path / "cut.tar.gz"
    for part in (0.2, 0.5, 0.9, 0.999):
        cut.write_bytes(whole[: int(len(whole) * part)])
        twin = nw.load(str(cut))
        assert any("cut off" in d.title for d in twin.diagnostics), part
        assert twin.provenance.is_partial
    assert nw.load(str(tmp_path / "a.tar.gz")).accounting.evaluated == 400


def test_a_damaged_sum_is_told(tmp_path: Path) -> None:
    path = packed(tmp_path, ".tar.gz", {"x/p.yaml": POLICY})
    data = bytearray(path.read_bytes())
    data[-8] ^= 1
    path.write_bytes(data)
    assert any("damaged" in d.title for d in nw.load(str(path)).diagnostics)


BOUNDED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
import netwright as nw
try:
    print(*(d.title for d in nw.load(sys.argv[1]).diagnostics))
except nw.SourceError as fault:
    print(fault)
"""


@pytest.mark.parametrize("name", ["zeros.tar.gz", "header.tar.gz", "zeros.zip", "many.zip"])
def test_bombs_are_refused_in_a_gigabyte(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "zeros.tar.gz":
        info = tarfile.TarInfo("log.txt")
        info.size = 4 << 30
        with gzip.open(path, "wb", compresslevel=9) as out:
            out.write(info.tobuf())
            for _ in range(1024):
                out.write(bytes(1 << 20))
    elif name == "header.tar.gz":
        info = tarfile.TarInfo("x.yaml")
        info.type, info.size = tarfile.XHDTYPE, 3 << 30
        with gzip.open(path, "wb", compresslevel=9) as out:
            out.write(info.tobuf(tarfile.GNU_FORMAT))
            for _ in range(64):
                out.write(bytes(1 << 20))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(1 if name == "zeros.zip" else 12):
                archive.writestr(f"{number}.yaml", b" " * (200 << 20))
    done = subprocess.run(
        [sys.executable, "-c", BOUNDED, str(path)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "not read to its end" in done.stdout or "no archive" in done.stdout, done.stdout[:500]
