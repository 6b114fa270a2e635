"""Snapshots answer as their sources do; what is not read of a source is not in them."""

from __future__ import annotations

import io
import json
import os
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

import netwright as nw
from netwright.cli.main import run
from netwright.model.finding import FindingCode
from netwright.model.finding_codes import finding_codes
from netwright.model.kind_lists import KINDS
from netwright.store import redacting, vocabulary
from netwright.store.files import Exported, Folder
from netwright.store.reading import find, listed, stored
from netwright.store.reading import read as read_back
from netwright.store.redacting import redact
from netwright.store.taking import digests_of, take
from tests.random_clusters import cluster
from tests.random_machines import with_machines

ASKED: tuple[tuple[str, ...], ...] = (
    ("check", "-o", "json"),
    ("check",),
    ("reach", "-o", "json"),
    *(
        ("show", noun, "-o", "json")
        for noun in ("kinds", "policies", "exposed", "vms", "nics", "networks", "isolation")
    ),
)


def kept(store: Folder, *sources: str, name: str = "", **options: Any) -> str:
    twin = nw.load(*sources, **options)
    snapshot = twin.snapshot
    return take(
        store, snapshot.reading, snapshot.objects, twin.provenance, name=name, cni=twin.cni, pod_cidrs=twin.pod_cidrs
    )


class Said(NamedTuple):
    """What a command wrote, and its exit code."""

    stdout: str
    stderr: str
    returncode: int


def netwright(store: Path, *arguments: str) -> Said:
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setenv("NETWRIGHT_STORE", str(store))
        code = run(arguments)
    told, more = (one.detach().getvalue().decode() for one in (out, err))
    return Said(told, more, code)


def answer(store: Path, verb: tuple[str, ...], source: str) -> tuple[Any, int]:
    """What is answered but for the provenance and the time."""
    done = netwright(store, *verb[: 2 if verb[0] == "show" else 1], source, *verb[2 if verb[0] == "show" else 1 :])
    if "json" not in verb:
        return [line for line in done.stdout.splitlines() if "· exit" not in line], done.returncode  # its time
    return {k: v for k, v in json.loads(done.stdout).items() if k != "inputs"}, done.returncode


ODD = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: bad, namespace: shop}
spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: nonsense}}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: zeros, namespace: bank}
spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 010.0.0.0/8}}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: in, namespace: shop}
spec: {hosts: [shop.example], gateways: [edge], http: [{route: [{destination: {host: web}}]}]}
---
apiVersion: kuma.io/v1alpha1
kind: TrafficPermission
metadata: {name: t, namespace: shop}
---
apiVersion: example.org/v1
kind: Widget
metadata: {name: w, namespace: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
---
apiVersion: v1
kind: Pod
metadata: {name: teller, namespace: bank, labels: {app: teller}}
---
kind: [
"""


@pytest.mark.parametrize("which", ["shop", "odd", "machines", "json"])
def test_a_snapshot_answers_as_its_source(tmp_path: Path, root: Path, which: str) -> None:
    source = root / "examples" / "shop"
    if which == "odd":
        source = tmp_path / "odd.yaml"
        source.write_text(ODD)
    elif which in ("machines", "json"):
        case = with_machines(cluster(7, tuples=1)) if which == "machines" else cluster(3, tuples=1)
        source = tmp_path / "all.json"
        source.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": case.manifests}, indent=4))
    folder = tmp_path / "store"
    taken = kept(Folder(str(folder)), str(source))
    for verb in ASKED:
        if which == "odd" and verb == ("check",):
            continue  # it shows lines of what was not read, which are not kept
        assert answer(folder, verb, f"snapshot:{taken[:12]}") == answer(folder, verb, str(source)), verb
    exported = tmp_path / "x.snapshot"
    assert netwright(folder, "snapshot", "export", taken[:8], "--out", str(exported)).returncode == 0
    elsewhere = tmp_path / "none"
    assert answer(elsewhere, ASKED[0], f"snapshot:{exported}") == answer(folder, ASKED[0], str(source))


def test_every_object_is_decoded_to_the_same_value(tmp_path: Path, corpora: Path) -> None:
    store = Folder(str(tmp_path / "store"))
    for name in ("kubevirt", "ovn-kubernetes", "calico", "cilium", "gateway-api", "istio-authz", "network-policy-api"):
        before = nw.load(str(corpora / name))
        after = nw.load(f"snapshot:{kept(store, str(corpora / name))}", store=store.path)
        assert before.accounting == after.accounting, name
        pairs = list(zip(before.snapshot.objects, after.snapshot.objects, strict=True))
        for one, other in pairs:
            here, there = (msgspec.to_builtins(d.value) for d in (one, other))
            assert _plain(here) == _plain(there), (name, one.kind, one.name)
        told = [[d for d in twin.diagnostics if d.code != "NW1010"] for twin in (before, after)]
        assert told[0] == told[1], name


LEFT_OUT = ("annotations", "data", "networkData", "networkDataBase64")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if k not in LEFT_OUT}
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def test_names_prefixes_and_latest(tmp_path: Path, root: Path) -> None:
    store = Folder(str(tmp_path / "store"))
    with pytest.raises(nw.UsageError, match="holds none"):
        find("nope", store.path)
    first = kept(store, str(root / "examples/shop"), name="before")
    second = kept(store, str(root / "examples/shop"), name="before")
    assert find("snapshot:before", store.path).id == second
    assert find("latest", store.path).id == second
    assert find(first[:10], store.path).id == first
    assert [f.id for f in listed(store)] == [second, first]
    assert find(first, store.path).manifest.objects == find(second, store.path).manifest.objects
    with pytest.raises(nw.UsageError, match="no snapshot `after`"):
        find("after", store.path)
    for bad in ("latest", "abcd", "../x", "a b"):
        with pytest.raises(nw.UsageError, match="cannot be the name"):
            kept(store, str(root / "examples/shop"), name=bad)


@pytest.mark.parametrize("is_file", [False, True], ids=["nothing-there", "a-file"])
def test_help_names_another_store_as_the_command_at_hand_can(tmp_path: Path, root: Path, is_file: bool) -> None:
    there, elsewhere = tmp_path / "there", tmp_path / "elsewhere"
    if is_file:
        there.write_text("")
    option, variable = "`--store PATH`", "`NETWRIGHT_STORE=PATH` in the environment"
    asked = ("reach", "snapshot:before"), ("snapshot", "show", "before"), ("snapshot", "list")
    for arguments in asked if is_file else asked[:2]:
        told = netwright(there, *arguments)
        assert variable in told.stderr
        assert option not in told.stderr
    for arguments in asked[1:] if is_file else asked[1:2]:
        told = netwright(elsewhere, *arguments, "--store", str(there))
        assert option in told.stderr
        assert variable not in told.stderr
    if is_file:
        shop = str(root / "examples/shop")
        assert variable in netwright(there, "snapshot", "take", shop).stderr
        assert option in netwright(elsewhere, "snapshot", "take", shop, "--store", str(there)).stderr


def test_a_file_in_the_current_folder_does_not_stand_for_a_name(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = Folder(str(tmp_path / "store"))
    mine, other = (kept(store, str(root / "examples/shop"), name=name) for name in ("before", "other"))
    (tmp_path / "before").write_text("a note")
    assert find("snapshot:before", store.path).id == mine
    for name in ("before", "there"):
        assert netwright(tmp_path / "store", "snapshot", "export", other, "--out", name, "--force").returncode == 0
    assert find("snapshot:there", store.path).id == other
    assert find("snapshot:./before", store.path).id == other
    with pytest.raises(nw.UsageError, match=r"`before` is a snapshot of the store .* and an exported") as told:
        find("snapshot:before", store.path)
    assert told.value.help == f"`snapshot:./before` is the file, `snapshot:{mine[:12]}` the one of the store"
    (tmp_path / "before").unlink()
    assert netwright(tmp_path / "store", "snapshot", "export", mine, "--out", "before").returncode == 0
    assert find("snapshot:before", store.path).id == mine


def test_an_edit_changes_the_leaf_of_its_kind_and_namespace_alone(tmp_path: Path, root: Path) -> None:
    store = Folder(str(tmp_path / "store"))
    text = (root / "examples/shop/shop/policies.yaml").read_text()
    source = tmp_path / "a.yaml"
    source.write_text((root / "examples/shop/shop/web.yaml").read_text() + "---\n" + text)
    old = find(kept(store, str(source)), store.path)
    source.write_text("# a line more\n" + source.read_text().replace("name: default-deny", "name: deny-by-default"))
    new = find(kept(store, str(source)), store.path)
    differing = set(digests_of(new.blobs, new.manifest)) - set(digests_of(old.blobs, old.manifest))
    assert len(differing) == 1 + 1 + 1 + 1  # the leaf, its kind, the tree; where all stands
    done = netwright(tmp_path / "store", "diff", f"snapshot:{old.id}", f"snapshot:{new.id}", "-o", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["opened"] == []


def test_what_was_given_beside_the_sources_holds_again(tmp_path: Path, root: Path) -> None:
    store = Folder(str(tmp_path / "store"))
    taken = kept(store, str(root / "examples/shop"), cni="cilium", pod_cidr=("10.0.0.0/8",))
    twin = nw.load(f"snapshot:{taken}", store=store.path)
    assert (twin.cni, twin.pod_cidrs) == ("cilium", ("10.0.0.0/8",))
    assert nw.load(f"snapshot:{taken}", store=store.path, cni="upstream").cni == "upstream"


def test_a_snapshot_beside_the_files_it_is_of(tmp_path: Path, root: Path) -> None:
    store = Folder(str(tmp_path / "store"))
    shop = str(root / "examples/shop")
    taken = kept(store, shop, name="s")
    twin = nw.load(shop, f"snapshot:{taken}", store=store.path)
    one = next(d for d in twin.snapshot.objects if d.kind == "NetworkPolicy")
    assert one.place is not None
    assert one.place.file.startswith("snapshot:s!")
    assert twin.snapshot.reading.texts.position(one.place) is not None


def test_damage_is_told(tmp_path: Path, root: Path) -> None:
    store = Folder(str(tmp_path / "store"))
    taken = kept(store, str(root / "examples/shop"))
    digest = find(taken, store.path).manifest.objects
    blob = tmp_path / "store" / "blobs" / digest[:2] / digest[2:]
    whole = blob.read_bytes()
    for content in (whole[:-3], b"", whole[:5] + b"x" + whole[6:]):
        blob.write_bytes(content)
        with pytest.raises(nw.SourceError, match="is damaged"):
            nw.load(f"snapshot:{taken}", store=store.path)
    blob.unlink()
    with pytest.raises(nw.SourceError, match="missing"):
        nw.load(f"snapshot:{taken}", store=store.path)
    (tmp_path / "no").write_bytes(b"PK")
    with pytest.raises(nw.SourceError, match="no exported snapshot"):
        Exported(str(tmp_path / "no"))


def test_a_damaged_content_is_written_anew(tmp_path: Path, root: Path) -> None:
    store = Folder(str(tmp_path / "store"))
    taken = kept(store, str(root / "examples/shop"))
    digest = find(taken, store.path).manifest.objects
    (tmp_path / "store" / "blobs" / digest[:2] / digest[2:]).write_bytes(b"x")
    kept(store, str(root / "examples/shop"))
    assert nw.load(f"snapshot:{taken}", store=store.path).accounting.evaluated


def test_what_others_left_behind_goes_and_no_file_of_the_user(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store may be in any folder; and what is listed may be gone when it is looked at, as others take too."""
    store = Folder(str(tmp_path))
    taken = kept(store, str(root / "examples/shop"))
    left = tmp_path / "snapshots" / f"{taken}.json.17.partial"
    mine = [tmp_path / "film.partial", tmp_path / "blobs" / "film.partial"]
    for path in (left, *mine):
        path.write_bytes(b"x")
        os.utime(path, (0, 0))
    walk = os.walk

    def with_gone(path: str) -> Any:
        for folder, below, names in walk(path):
            yield folder, below, [*names, left.name.replace("17", "18")]

    monkeypatch.setattr(os, "walk", with_gone)
    kept(store, str(root / "examples/shop"))
    assert not left.exists()
    assert all(path.exists() for path in mine)


def test_a_damaged_snapshot_is_told_and_the_others_are_there(tmp_path: Path, root: Path) -> None:
    """Which is the newest of a name is not known then; by their IDs the others are found."""
    store = Folder(str(tmp_path / "store"))
    whole, lost = (kept(store, str(root / "examples/shop"), name=name) for name in ("whole", "lost"))
    manifest = tmp_path / "store" / "snapshots" / f"{lost}.json"
    manifest.write_bytes(manifest.read_bytes()[:-9])
    assert find(whole[:8], store.path).id == whole
    for name in ("whole", "latest", lost[:8]):
        with pytest.raises(nw.SourceError, match="is damaged") as told:
            find(name, store.path)
        assert str(manifest) in told.value.help
    listing = netwright(tmp_path / "store", "snapshot", "list", "-o", "json")
    assert [one["id"] for one in json.loads(listing.stdout)["snapshots"]] == [whole]
    assert (listing.returncode, listing.stderr.count("error:")) == (3, 1)
    manifest.unlink()
    assert find("latest", store.path).id == whole


# --- secrets ---

CANARIES = 1000


def planted(number: int) -> tuple[str, dict[str, Any]]:
    """A canary and an object that hides it: in the keys and values of Secrets, environments, annotations, tokens."""
    canary = f"canary{number:04}x"
    where = number % 11
    meta: dict[str, Any] = {"name": f"o{number}", "namespace": "shop", "annotations": {"example.org/note": "x"}}
    pod: dict[str, Any] = {"containers": [{"name": "c", "image": "i"}]}
    if where == 8:
        tls = {"termination": "edge", "key": f"BEGIN\n{canary}\nEND", "certificate": canary}
        spec: dict[str, Any] = {"host": "a.example", "to": {"kind": "Service", "name": "web"}, "tls": tls}
        return canary, {"apiVersion": "route.openshift.io/v1", "kind": "Route", "metadata": meta, "spec": spec}
    if where == 9:
        login = {"type": "whereabouts", "range": "10.1.0.0/24", "etcd_password": canary}
        config = {"cniVersion": "1.0.0", "name": "n", "type": "macvlan", "master": "eth1", "ipam": login}
        of_net = {"apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition", "metadata": meta}
        return canary, of_net | {"spec": {"config": json.dumps(config, indent=number % 3 or None)}}
    if where == 10:
        volume = {"name": "v", "cloudInitNoCloud": {"userData": canary, "networkData": f"wifis:\n  w: {canary}\n"}}
        instance = {"domain": {"devices": {}}, "volumes": [volume]}
        spec = {"runStrategy": "Always", "template": {"spec": instance}}
        return canary, {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": meta, "spec": spec}
    if where == 0:
        return canary, {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {canary: "eA=="}}
    if where == 1:
        return canary, {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"password": canary}}
    if where == 2:
        return canary, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"token": canary}}
    if where in (3, 4):
        pod["containers"][0]["env" if where == 3 else "args"] = (
            [{"name": "TOKEN", "value": canary}] if where == 3 else [f"--password={canary}"]
        )
    elif where == 5:
        meta["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps({"token": canary})}
    elif where == 6:
        meta["annotations"] = {f"example.org/{canary}": canary}
    else:
        pod["volumes"] = [{"name": "v", "csi": {"driver": "d", "volumeAttributes": {"token": canary}}}]
        pod["initContainers"] = [{"name": "i", "command": ["sh", "-c", f"login {canary}"]}]
    return canary, {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": pod}


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_no_canary_is_in_a_snapshot_an_export_a_log_or_a_page(tmp_path: Path, form: str) -> None:
    import yaml

    made = [planted(number) for number in range(CANARIES)]
    source = tmp_path / f"all.{form}"
    objects = [o for _, o in made]
    source.write_text(
        "---\n".join(yaml.safe_dump(o) for o in objects)
        if form == "yaml"
        else json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}, indent=2)
    )
    folder = tmp_path / "store"
    out = tmp_path / "x.snapshot"
    page = tmp_path / "page.html"
    said = [
        netwright(folder, "snapshot", "take", str(source), "--name", "c", "-v"),
        netwright(folder, "snapshot", "export", "c", "--out", str(out)),
        netwright(folder, "snapshot", "show", "c"),
        netwright(folder, "check", "snapshot:c", "-v"),
        netwright(folder, "check", "snapshot:c", "-o", "html", "--out", str(page)),
        netwright(folder, "snapshot", "redact", "c", "--name", "r"),
    ]
    assert all(done.returncode in (0, 1) for done in said), [done.stderr[-300:] for done in said]
    texts = [done.stdout + done.stderr for done in said] + [page.read_text()]
    for named in ("c", "r"):
        found = find(named, str(folder))
        for digest in digests_of(found.blobs, found.manifest):
            texts.append(found.blobs.get(digest).decode())
    for exported in (Exported(str(out)),):
        one = listed(exported)[0]
        texts += [exported.get(digest).decode() for digest in digests_of(exported, one.manifest)]
    whole = "\n".join(texts)
    assert "o17" in whole
    assert [canary for canary, _ in made if canary in whole] == []


@pytest.mark.parametrize("code", finding_codes(), ids=lambda code: code.code)
def test_a_snapshot_has_every_finding_of_its_source(tmp_path: Path, code: FindingCode) -> None:
    (tmp_path / "all.yaml").write_text(code.fails)
    store = Folder(str(tmp_path / "store"))
    taken = kept(store, str(tmp_path / "all.yaml"))
    source, again = (
        nw.load(one, store=store.path).check().findings for one in (str(tmp_path / "all.yaml"), f"snapshot:{taken}")
    )
    assert [(f.code, f.title, f.line) for f in again] == [(f.code, f.title, f.line) for f in source]


API_SERVER = """\
apiVersion: v1
kind: Pod
metadata: {name: kube-apiserver-n1, namespace: kube-system}
spec:
  containers:
  - {name: a, command: [kube-apiserver, "--service-cluster-ip-range=10.96.0.0/12", "--canary=canary"], args: [canary]}
"""


def test_of_the_command_line_of_an_api_server_the_range_of_services_alone_is_kept(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(API_SERVER)
    store = Folder(str(tmp_path / "store"))
    taken = find(kept(store, str(tmp_path / "all.yaml")), store.path)
    other = find(redact(store, taken), store.path)
    whole, hidden = (
        b"".join(one.blobs.get(digest) for digest in digests_of(one.blobs, one.manifest)).decode()
        for one in (taken, other)
    )
    assert "--service-cluster-ip-range=10.96.0.0/12" in whole
    assert "canary" not in whole
    assert "10.96" not in hidden


def test_a_redacted_snapshot_has_no_name_of_the_source(tmp_path: Path, root: Path) -> None:
    store = Folder(str(tmp_path / "store"))
    taken = find(kept(store, str(root / "examples/shop")), store.path)
    other = find(redact(store, taken), store.path)
    whole = b"".join(other.blobs.get(digest) for digest in digests_of(other.blobs, other.manifest)).decode()
    for name in ("payments", "legacy", "mailer", "examples/shop", "toolbox", "db-backup", "10.244."):
        assert name not in whole, name
    assert len(stored(other)[0]) == len(stored(taken)[0])


def test_the_names_that_a_broken_document_says_are_kept_and_redacted(tmp_path: Path) -> None:
    source, store = tmp_path / "a.yaml", Folder(str(tmp_path / "store"))
    source.write_text("apiVersion: v1\nkind: Pod\nmetadata:\n  name: payroll\n  namespace: bank\nspec: [\n")
    taken = find(kept(store, str(source)), store.path)
    other = find(redact(store, taken), store.path)
    ((mine,), (theirs,)) = (read_back(one).unread for one in (taken, other))
    assert (mine.called, mine.namespaces) == (("payroll",), ("bank",))
    assert len(theirs.called) == 1
    assert "payroll" not in theirs.called


def test_kinds_that_are_not_redacted_are_refused(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {kind.group for kind in KINDS if kind.reads == "read"} <= vocabulary.GROUPS
    store = Folder(str(tmp_path / "store"))
    taken = kept(store, str(root / "examples/shop"))
    monkeypatch.setattr(redacting, "GROUPS", vocabulary.GROUPS - {"apps"})
    with pytest.raises(nw.UsageError, match="is not redacted"):
        redact(store, find(taken, store.path))


SLICES = """\
{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop, labels: {app: a}}}
---
{apiVersion: v1, kind: Service, metadata: {name: s, namespace: shop}, spec: {selector: {app: a}, ports: [{port: 80}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: s-x
  namespace: shop
  labels: {kubernetes.io/service-name: s, endpointslice.kubernetes.io/managed-by: %s}
addressType: IPv4
ports: [{port: 80}]
endpoints: [{addresses: [10.244.0.9]}]
"""


@pytest.mark.parametrize(("writer", "ends"), [("endpointslice-controller.k8s.io", 1), ("another", 2)])
def test_who_wrote_a_slice_is_told_of_a_redacted_one_too(tmp_path: Path, writer: str, ends: int) -> None:
    (tmp_path / "s.yaml").write_text(SLICES % writer, encoding="utf-8")
    store = Folder(str(tmp_path / "store"))
    taken = find(kept(store, str(tmp_path / "s.yaml")), store.path)
    other = redact(store, taken)
    for one in (taken.id, other):
        told = json.loads(netwright(Path(store.path), "show", "services", f"snapshot:{one[:12]}", "-o", "json").stdout)
        (row,) = told["rows"]
        assert row["pods"] == ends


CLASSES = """\
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {ingressClassName: canary, defaultBackend: {service: {name: web, port: {number: 80}}}}
---
{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: canary}, spec: {controller: %s}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: one, namespace: edge}
spec:
  selector: {matchLabels: {app: ingress-nginx}}
  template:
    metadata: {labels: {app: ingress-nginx}}
    spec: {hostNetwork: true, containers: [{name: c, image: x/c:1, args: [%s, --election-id=canary]}]}
"""


@pytest.mark.parametrize(
    ("controller", "args", "verdict"),
    [
        ("k8s.io/ingress-nginx", "--v=2", "allow"),
        ("k8s.io/ingress-nginx", "--controller-class=k8s.io/canary", "undecided"),
        ("k8s.io/canary", "--controller-class=k8s.io/canary", "allow"),
        ("k8s.io/canary", '"--controller-class", "k8s.io/canary"', "allow"),
        ("traefik.io/ingress-controller", "--controller-class=k8s.io/canary", "undecided"),
    ],
)
def test_which_class_a_controller_serves_is_kept_and_redacted_alike(
    tmp_path: Path, controller: str, args: str, verdict: str
) -> None:
    (tmp_path / "s.yaml").write_text(CLASSES % (controller, args), encoding="utf-8")
    store = Folder(str(tmp_path / "store"))
    taken = find(kept(store, str(tmp_path / "s.yaml")), store.path)
    hidden = find(redact(store, taken), store.path)
    for one in (taken, hidden):
        shown = netwright(Path(store.path), "show", "exposed", f"snapshot:{one.id[:12]}", "-o", "json").stdout
        assert [row["verdict"] for row in json.loads(shown)["rows"]] == [verdict]
    whole = b"".join(taken.blobs.get(digest) for digest in digests_of(taken.blobs, taken.manifest)).decode()
    told = b"".join(hidden.blobs.get(digest) for digest in digests_of(hidden.blobs, hidden.manifest)).decode()
    assert ("election" in whole, "canary" in told) == (False, False)
