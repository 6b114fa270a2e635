"""Archives: the trees that the collecting tools write, and archives made to harm."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

import netwright as nw
from netwright.sources import archives, layouts, read
from tests.dumps import cluster_info, must_gather, packed, sysdump, unpacked

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


OBJECTS = [
    *yaml.safe_load_all(f"{NAMESPACE}---\n{POLICY}"),
    {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}},
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "db", "namespace": "shop"},
        "spec": {"selector": {"app": "db"}, "ports": [{"port": 80}]},
    },
    pod("web"),
    pod("db"),
]
TREES = {
    layouts.MUST_GATHER: must_gather(OBJECTS),
    layouts.SYSDUMP: sysdump(OBJECTS),
    layouts.DUMP: cluster_info(OBJECTS),
    "yaml dump": cluster_info(OBJECTS, "yaml"),
    "": {f"manifests/{o['kind']}-{o['metadata']['name']}.yaml": json.dumps(o) for o in OBJECTS},
}


@pytest.mark.parametrize("layout", list(TREES))
def test_what_a_tool_writes_is_read(tmp_path: Path, layout: str) -> None:
    files = TREES[layout]
    assert layouts.layout_of(list(files)) == (layouts.DUMP if layout == "yaml dump" else layout)
    held = [o["kind"] for o in OBJECTS if "dump" not in layout or o["kind"] not in ("Namespace", "NetworkPolicy")]
    if layout == layouts.SYSDUMP:
        held = [o["kind"] for o in OBJECTS]
    folder = unpacked(tmp_path / "x", files)
    answers = []
    sources = [packed(tmp_path / "a.tar.gz", files), packed(tmp_path / "a.zip", files), folder]
    if layout:
        sources.append(next(one for one in folder.iterdir() if one.is_dir()))
    for source in sources:
        twin = nw.load(str(source))
        assert not twin.diagnostics, [d.title for d in twin.diagnostics]
        assert sorted(d.kind for d in twin.snapshot.objects) == sorted(held), source
        assert twin.provenance.inputs[0].source == str(source)
        whole = [twin.check(), *twin.eval([{"from": "shop/web", "to": "shop/db", "port": 80}])]
        answers.append(placed(msgspec.json.encode(whole).decode(), source, folder))
    assert answers[1:] == answers[:-1]
    assert '"verdict":"allow"' in answers[0]


def placed(answer: str, source: Path, folder: Path) -> str:
    """An answer without its source, its digests and its time."""
    inner = str(source.relative_to(folder)) + "/" if source != folder and source.is_dir() else ""
    answer = answer.replace(f'"{source}"', '"SOURCE"').replace(f"{source}!", "").replace(f"{source}/", inner)
    return re.sub(r'"(sha256:[0-9a-f]+|seconds":[0-9.e-]+)', "", answer)


def test_names_are_those_of_the_sources() -> None:
    names = TREES[layouts.SYSDUMP]
    read = {name.rpartition("/")[2] for name in names if layouts.is_read(name, layouts.SYSDUMP, names)}
    wanted = ("namespaces", "nodes", "pods", "services", "networkpolicies")
    assert read == {f"k8s-{one}-20261127-050607.yaml" for one in wanted}


def test_a_folder_of_manifests_is_no_dump(tmp_path: Path) -> None:
    """One that is called `namespaces` is read like any other."""
    folder = unpacked(
        tmp_path, {"namespaces/all.yaml": NAMESPACE, "namespaces/shop/x/pods/p.yaml": json.dumps(pod("web"))}
    )
    assert nw.load(str(folder)).accounting.evaluated == 2


def test_a_member_is_named_with_its_archive_and_line(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.tar.gz", {"x/p.yaml": POLICY, "x/bad.yaml": "apiVersion: [\n"})
    twin = nw.load(str(path))
    assert [d.where for d in twin.diagnostics] == [f"{path}!x/bad.yaml:2:1"]


@pytest.mark.parametrize("later", ["first", "second"])
def test_what_two_images_gathered_is_met_once(tmp_path: Path, later: str) -> None:
    """An object as it was is one, refused ones and kinds that are not read too; of two states the latest counts."""
    refused = yaml.safe_load(
        POLICY.replace("name: db", "name: bad").replace("ingress:", "policyTypes: [Sideways]\n  x:")
    )
    unknown = {"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "t", "namespace": "shop"}}
    states = []
    for version in ("9", "10"):
        state = pod("web")
        state["metadata"] |= {"uid": "1", "resourceVersion": version, "labels": {"app": f"web-{version}"}}
        states.append(state)
    same = [*OBJECTS[:4], pod("db"), refused, unknown]
    images = [must_gather([*same, state]) for state in (states if later == "second" else states[::-1])]
    files = {name.replace("/quay", f"/{i}-quay"): text for i, one in enumerate(images) for name, text in one.items()}
    twin = nw.load(str(packed(tmp_path / "x.tar.gz", files)))
    once = nw.load(str(packed(tmp_path / "y.tar.gz", images[1 if later == "second" else 0])))
    assert twin.accounting.evaluated == once.accounting.evaluated + 1
    assert twin.accounting.total == once.accounting.total + 1
    assert sorted(d.code for d in twin.diagnostics) == sorted(["NW1010", *(d.code for d in once.diagnostics)])
    assert [(d.kind, d.name, d.value) for d in twin.snapshot.objects] == [
        (d.kind, d.name, d.value) for d in once.snapshot.objects
    ]
    folder = nw.load(str(unpacked(tmp_path / "z", files)))
    assert folder.accounting == twin.accounting


def test_an_archive_without_objects_is_said_to_have_none(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"readme.txt": "nothing"})
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


@pytest.mark.parametrize("ending", ["tar.gz", "zip"])
@pytest.mark.parametrize("second", ["np.yaml", "./np.yaml"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_told(tmp_path: Path, ending: str, second: str) -> None:
    path = tmp_path / f"a.{ending}"
    members = (("np.yaml", NAMESPACE), (second, POLICY), (second, POLICY))
    if ending == "zip":
        with zipfile.ZipFile(path, "w") as zipped:
            for name, text in members:
                zipped.writestr(name, text)
    else:
        with tarfile.open(path, "w:gz") as tarred:
            for name, text in members:
                info = tarfile.TarInfo(name)
                info.size = len(text)
                tarred.addfile(info, io.BytesIO(text.encode()))
    found = read([str(path), str(path)])
    assert [d.kind for d in found.documents] == ["Namespace"]
    told = ("NW1005", "cannot be read: the archive holds it twice", f"{path}!np.yaml")
    assert [(u.diagnostic.code, u.diagnostic.title, u.diagnostic.file) for u in found.unread] == [told]
    assert nw.load(str(path)).accounting.unreadable == 1


def test_a_truncated_archive_is_read_as_far_as_it_goes_and_told(tmp_path: Path) -> None:
    members = {f"x/p{i}.yaml": POLICY.replace("name: db", f"name: db-{i}") + "#" + "k" * i for i in range(400)}
    whole = packed(tmp_path / "a.tar.gz", members).read_bytes()
    cut = tmp_path / "cut.tar.gz"
    for part in (0.2, 0.5, 0.9, 0.999):
        cut.write_bytes(whole[: int(len(whole) * part)])
        twin = nw.load(str(cut))
        assert any("cut off" in d.title for d in twin.diagnostics), part
        assert twin.provenance.is_partial
        assert [d.help for d in twin.diagnostics if "cut off" in d.title] == [archives._AGAIN]
    assert nw.load(str(tmp_path / "a.tar.gz")).accounting.evaluated == 400
    whole = packed(tmp_path / "a.zip", members).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(nw.SourceError, match="is cut off or damaged"):
        nw.load(str(tmp_path / "cut.zip"))


def test_a_damaged_sum_is_told(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.tar.gz", {"x/p.yaml": POLICY})
    data = bytearray(path.read_bytes())
    data[-8] ^= 1
    path.write_bytes(data)
    assert any("damaged" in d.title for d in nw.load(str(path)).diagnostics)


@pytest.mark.parametrize("ending", [".tar.gz", ".zip"])
@pytest.mark.parametrize(
    ("bound", "most", "told"),
    [
        ("MAX_MEMBERS", 3, "over 3 members"),
        ("MAX_HELD", 100, "texts of over"),
        ("MAX_UNPACKED", 2000, "unpacked"),
        ("MAX_FILE", 40, "a text of over"),
        ("MAX_RATIO", 1, "times its size"),
    ],
)
def test_what_is_beyond_a_bound_is_told_and_undecided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, bound: str, most: int, told: str
) -> None:
    files = {f"x/{i}.yaml": POLICY + "#" * 2000 for i in range(6)}
    path = packed(tmp_path / f"a{ending}", files)
    assert nw.load(str(path)).accounting.unreadable == 0
    monkeypatch.setattr(archives, bound, most)
    monkeypatch.setattr(archives, "_FREE", 0)
    if (bound, ending) == ("MAX_UNPACKED", ".zip"):
        pytest.skip("of a zip only what is read is unpacked, which MAX_HELD bounds")
    twin = nw.load(str(path))
    assert any(told in d.title for d in twin.diagnostics), [d.title for d in twin.diagnostics]
    assert twin.provenance.is_partial


BOUNDED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
import netwright as nw
try:
    print(*(d.title for d in nw.load(sys.argv[1]).diagnostics))
except nw.SourceError as fault:
    print(fault)
"""


GZIP = b"\x1f\x8b\x08" + bytes(7)
"""How such a file begins."""


def deflated(byte: bytes, mebibytes: int, before: bytes = b"") -> bytes:
    """So much of one byte, of which only the first MiB is really deflated: the others come to the same."""
    making = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    begun = making.compress(before) + making.flush(zlib.Z_FULL_FLUSH)
    one = making.compress(byte * (1 << 20)) + making.flush(zlib.Z_FULL_FLUSH)
    return begun + one * mebibytes + making.flush()


@pytest.mark.parametrize("name", ["zeros.tar.gz", "header.tar.gz", "zeros.zip", "many.zip"])
def test_bombs_are_refused_in_a_gigabyte(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "zeros.tar.gz":
        info = tarfile.TarInfo("log.txt")
        info.size = 4 << 30
        path.write_bytes(GZIP + deflated(b"\0", 1024, info.tobuf()))
    elif name == "header.tar.gz":
        info = tarfile.TarInfo("x.yaml")
        info.type, info.size = tarfile.XHDTYPE, 3 << 30
        path.write_bytes(GZIP + deflated(b"\0", 64, info.tobuf(tarfile.GNU_FORMAT)))
    else:
        data, checksum = deflated(b" ", 200), zlib.crc32(b" " * (200 << 20))
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(1 if name == "zeros.zip" else 12):
                archive.writestr(f"{number}.yaml", data)
                # stored as it is, but said in the directory to be what it came from
                member = archive.infolist()[-1]
                member.compress_type, member.file_size, member.CRC = zipfile.ZIP_DEFLATED, 200 << 20, checksum
    done = subprocess.run(
        [sys.executable, "-c", BOUNDED, str(path)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "not read to its end" in done.stdout or "no archive" in done.stdout, done.stdout[:500]


def test_an_encrypted_member_of_a_zip_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"a.yaml": POLICY, "b.yaml": NAMESPACE, "notes.txt": "x"})
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        (first,) = [info.header_offset for info in archive.infolist() if info.filename == "a.yaml"]
    assert (data[first : first + 4], data.count(b"PK\x01\x02")) == (b"PK\x03\x04", 3)
    data[first + 6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    twin = nw.load(str(path))
    assert [(d.kind, d.name) for d in twin.snapshot.objects] == [("Namespace", "shop")]
    (told,) = twin.diagnostics
    assert (told.code, told.title, told.file) == ("NW1005", "cannot be read: it is encrypted", f"{path}!a.yaml")
    assert "password" in told.help
    assert twin.provenance.is_partial


PACKED = {
    "tar": (["tar", "cf", "X", "a.yaml"], "`gzip FILE.tar` makes a FILE.tar.gz"),
    "gzip": (["tar", "czf", "X", "a.yaml"], "its name ends in .tar.gz"),
    "bzip2": (["tar", "cjf", "X", "a.yaml"], "unpack it"),
    "xz": (["tar", "cJf", "X", "a.yaml"], "unpack it"),
    "zip": ([sys.executable, "-m", "zipfile", "-c", "X", "a.yaml"], "its name ends in .zip"),
}


@pytest.mark.parametrize("how", PACKED)
def test_what_is_packed_and_is_called_otherwise_is_one_error(tmp_path: Path, how: str) -> None:
    command, help_text = PACKED[how]
    (tmp_path / "a.yaml").write_text(POLICY)
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True)
    if done.returncode:
        pytest.skip(f"no {how} here")
    path = tmp_path / "X"
    with pytest.raises(nw.SourceError, match=re.escape(f"`{path}` is no text but packed ({how})")) as raised:
        nw.load(str(path))
    assert help_text in raised.value.help
    with pytest.raises(nw.SourceError, match=re.escape(f"standard input is no text but packed ({how})")):
        nw.load("-", stdin=io.BytesIO(path.read_bytes()))


def test_text_that_holds_the_letters_of_an_archive_is_text(tmp_path: Path) -> None:
    path = tmp_path / "X"
    path.write_text("#" * 257 + "ustar\n" + NAMESPACE)
    assert nw.load(str(path)).accounting.evaluated == 1
    path.write_text("BZh: 1\n")
    assert [d.code for d in nw.load(str(path)).diagnostics] == ["NW1011"]
