"""`kube:` against a real kube-apiserver: the same answers as from an export, and what happens where part is missing."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import netwright as nw
from netwright.base.errors import SourceError
from netwright.cli.main import run
from netwright.sources.kube import Access, connection, lists
from netwright.sources.kube.watch import Followed
from netwright.twin import Twin, digest
from tests.cluster import objects
from tests.cluster.server import ADMIN, AUDITOR, READER, ApiServer

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def filled(api: ApiServer) -> ApiServer:
    """Six namespaces with pods, machines, policies, and Secrets with canaries; two more with networks of every kind."""
    api.write(objects.namespaces(6))
    api.write(list(objects.cluster(6, pods=120, machines=12, policies=18)))
    written = objects.networks()
    api.write([one for one in written if one["kind"] in ("Namespace", "Node")])
    api.write([one for one in written if one["kind"] not in ("Namespace", "Node")])
    secret = {"apiVersion": "v1", "kind": "Secret", "stringData": {"password": "canary-in-a-secret"}}
    api.write([secret | {"metadata": {"name": f"s{i}", "namespace": f"team-0{i}"}} for i in range(6)])
    api.write(objects.role("readers", without=("networkpolicies.networking.k8s.io",)))
    api.write(objects.role("readers", namespace="bank"))
    return api


@pytest.fixture(scope="module")
def exported(filled: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that is in the cluster, as kubectl writes it: `all.yaml`, `all.json`, and questions of `eval`."""
    folder = tmp_path_factory.mktemp("exported")
    items = filled.export()
    listed = {"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": items}
    (folder / "all.json").write_text(json.dumps(listed, indent=4), encoding="utf-8")
    (folder / "all.yaml").write_text(yaml.dump(listed, Dumper=yaml.CSafeDumper), encoding="utf-8")
    asked = [
        {"from": source, "to": target, "protocol": "TCP", "port": port}
        for source in ("team-00/app-0", "team-01/vm-1", "bank/batch", "lab/shell", "vm/bank/ledger", "203.0.113.7")
        for target in ("team-01/app-1", "vm/team-02/vm-2", "bank/db", "svc/bank/db", "vm/lab/web", "169.254.169.254")
        for port in (443, 5432, 8080)
    ]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, asked)), encoding="utf-8")
    return folder


def ask(capture: Capture, *words: str) -> tuple[int, str, str]:
    code = run(words)
    said = capture.readouterr()
    return code, said.out, said.err


PLACES = ("file", "line", "column", "excerpt", "place", "places")
"""Fields of a place in a text: live objects have none."""
PROVENANCE = ("inputs", "documents")
"""What was read, and how much of it: an export may hold more than what is read of a cluster."""


def told(text: str) -> str:
    """The answer without where it comes from."""

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: bare(v) for k, v in value.items() if k not in PLACES}
        return [bare(v) for v in value] if isinstance(value, list) else value

    values = [json.loads(line) for line in text.splitlines()] if text.startswith('{"') else [json.loads(text)]
    return "\n".join(json.dumps(bare({k: v for k, v in one.items() if k not in PROVENANCE})) for one in values)


QUESTIONS = (
    ("check",),
    ("reach",),
    ("reach", "--form", "classes"),
    ("reach", "--by", "pod", "--network", "nad/bank/storage"),
    ("reach", "--hops", "3", "--from", "team-00/app-0"),
    ("why", "bank/batch", "svc/bank/db:5432"),
    ("why", "team-00/app-0", "vm/team-01/vm-1:8080"),
    ("why", "lab/shell", "vm/lab/web:22"),
    *(("show", noun) for noun in ("vms", "nics", "networks", "subnets", "workloads", "policies", "services")),
)


@pytest.mark.parametrize("form", ["json", "yaml"])
@pytest.mark.parametrize("words", QUESTIONS, ids=" ".join)
def test_a_cluster_and_its_export_answer_the_same(
    filled: ApiServer,
    exported: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    form: str,
) -> None:
    """Byte for byte but for provenance and places; and as text, where a text names no place."""
    monkeypatch.setattr(lists, "PAGE", 7)
    live = ask(capsys, *words, "-f", "kube:admin", "--kubeconfig", str(filled.config), "-o", "json")
    files = ask(capsys, *words, "-f", str(exported / f"all.{form}"), "-o", "json")
    assert told(live[1]) == told(files[1])
    assert live[0] == files[0]
    (given,) = json.loads(live[1])["inputs"]
    assert given["source"] == "kube:admin"
    assert given["documents"]["evaluated"] == json.loads(files[1])["inputs"][0]["documents"]["evaluated"]
    assert sum(given["documents"].values()) == given["documents"]["evaluated"]  # what is not read is not asked for


@pytest.mark.parametrize(
    "words",
    [("reach",), ("reach", "--by", "namespace"), ("show", "networks"), ("show", "subnets"), ("show", "services")],
    ids=" ".join,
)
def test_they_are_told_in_the_same_words(
    filled: ApiServer, exported: Path, capsys: Capture, words: tuple[str, ...]
) -> None:
    """Connections and tables, up to the last line, which says how long it took. (A table with a column of places has
    room for fewer others.)"""
    live = ask(capsys, *words, "-f", "kube:admin", "--kubeconfig", str(filled.config))
    files = ask(capsys, *words, "-f", str(exported / "all.yaml"))
    assert live[1].splitlines()[:-1] == files[1].replace("-o wide adds WHERE\n", "").splitlines()[:-1]
    assert len(live[1].splitlines()) > 2


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_questions_of_a_file_are_answered_the_same(
    filled: ApiServer, exported: Path, capsys: Capture, form: str
) -> None:
    asked = ("eval", "--queries", str(exported / "questions.jsonl"), "-o", "jsonl")
    live = ask(capsys, *asked, "-f", "kube:admin", "--kubeconfig", str(filled.config))
    files = ask(capsys, *asked, "-f", str(exported / f"all.{form}"))
    assert told(live[1]) == told(files[1])
    assert {json.loads(line)["verdict"] for line in live[1].splitlines()} >= {"allow", "deny"}


def test_of_a_cluster_there_is_no_line(filled: ApiServer) -> None:
    twin = nw.load("kube:", kubeconfig=str(filled.config))
    why = twin.why("team-00/app-0", "team-00/app-1:8080")
    assert why.verdict in ("allow", "deny")
    assert len(twin.snapshot.objects) > 150
    assert twin.snapshot.inputs[0].source == "kube:admin"


def test_two_answers_are_told_apart_by_what_was_read(filled: ApiServer) -> None:
    """The digest is that of the objects; each list has the version at which it was read."""

    def read() -> tuple[str, dict[str, str]]:
        (given,) = nw.load("kube:", kubeconfig=str(filled.config)).snapshot.inputs
        assert isinstance(given.versions, dict)
        return given.digest, given.versions

    (digest_, versions), (again, _) = read(), read()
    assert again == digest_
    assert {"pods", "networkpolicies.networking.k8s.io", "configmaps/cilium-config"} <= versions.keys()
    (policy,) = [one for one in objects.networks() if one["kind"] == "NetworkPolicy"]
    where = "/apis/networking.k8s.io/v1/namespaces/bank/networkpolicies"
    assert filled.ask("POST", where, policy | {"metadata": {"name": "new", "namespace": "bank"}})[0] == 201
    changed, later = read()
    assert changed != digest_
    assert int(later["networkpolicies.networking.k8s.io"]) > int(versions["networkpolicies.networking.k8s.io"])
    assert filled.ask("DELETE", f"{where}/new")[0] == 200
    assert read()[0] == digest_


def test_a_kind_that_is_denied_leaves_open_what_it_could_change(filled: ApiServer, capsys: Capture) -> None:
    """`reader` sees all but NetworkPolicies, and of these the ones in `bank`."""
    code, out, _ = ask(capsys, "check", "kube:reader", "--kubeconfig", str(filled.config), "-o", "json")
    assert code == 3
    (told_,) = [d for d in json.loads(out)["diagnostics"] if d["code"] == "NW1016"]
    assert told_["title"] == "networkpolicies.networking.k8s.io may be listed in bank only (403 elsewhere)"
    assert told_["effect"] == "verdicts that `NetworkPolicy` in other namespaces could change are undecided"
    twin = nw.load("kube:reader", kubeconfig=str(filled.config))
    whole = nw.load("kube:admin", kubeconfig=str(filled.config))
    why = twin.why("team-00/app-0", "team-00/app-1:8080")
    assert why.verdict == "undecided"
    assert any("networkpolicies" in reason.reason for reason in why.reasons)
    for port in (443, 80):  # a NetworkPolicy of `bank` allows the one and denies the other
        asked = ("bank/batch", f"vm/bank/ledger:{port}")
        assert twin.why(*asked).verdict == whole.why(*asked).verdict != "undecided"


def test_who_sees_one_namespace_is_answered_about_it(filled: ApiServer, capsys: Capture) -> None:
    """`tenant` has a RoleBinding in `bank`, and policies of the whole cluster, which none gives; not the namespaces."""
    filled.write(objects.role("tenants", namespace="bank"))
    groups = ("policy.networking.k8s.io", "cilium.io", "projectcalico.org", "k8s.ovn.org")
    groups += ("security.istio.io", "networking.istio.io")
    (given, binding) = objects.role("tenants")
    rules = [rule for rule in given["rules"] if rule["apiGroups"][0] in groups]
    filled.write([given | {"rules": rules}, binding])
    access = ("-f", "kube:tenant", "--kubeconfig", str(filled.config), "-o", "json")
    code, out, _ = ask(capsys, "show", "workloads", *access)
    assert code == 3
    assert {row["namespace"] for row in json.loads(out)["rows"]} == {"bank"}
    titles = {d["title"] for d in json.loads(out)["diagnostics"]}
    assert "pods may be listed in bank only (403 elsewhere)" in titles
    assert "namespaces may be listed in bank only (403 elsewhere)" in titles
    assert "nodes may not be listed (403)" in titles
    whole = nw.load("kube:admin", kubeconfig=str(filled.config))
    given_none = nw.load("kube:tenant", kubeconfig=str(filled.config))
    twin = nw.load("kube:tenant", kubeconfig=str(filled.config), cni=whole.provenance.profile)
    for port in (443, 80):
        asked = ("bank/batch", f"vm/bank/ledger:{port}")
        (reason,) = given_none.why(*asked).reasons  # Cilium's kinds are there, and how it is set up is not to be seen
        assert "cilium-config may be listed in bank only" in reason.reason
        assert not twin.why(*asked).reasons
        assert twin.why(*asked).verdict == whole.why(*asked).verdict != "undecided"


def test_a_user_whom_the_server_does_not_know(filled: ApiServer, capsys: Capture) -> None:
    code, out, err = ask(capsys, "check", "kube:stranger", "--kubeconfig", str(filled.config))
    assert (code, out) == (3, "")
    assert "does not know the user of context `stranger` (401)" in err
    assert "token-that-has-expired" not in err


def test_no_secret_is_told(filled: ApiServer, capsys: Capture) -> None:
    verbs = (("check",), ("check", "-v"), ("reach", "-v"), ("show", "vms"), ("show", "workloads"), ("show", "policies"))
    everything = "".join(
        "".join(ask(capsys, *verb, "-f", f"kube:{context}", "--kubeconfig", str(filled.config), "-o", form)[1:])
        for verb in verbs
        for context in ("admin", "reader", "stranger")
        for form in ("text", "json")
    )
    assert not re.search(
        rf"canary-in-a-secret|Y2FuYXJ5|canary-user-data|{ADMIN}|{READER}|{AUDITOR}|expired-token", everything
    )


def test_the_role_of_the_documentation_allows_all_that_is_read(filled: ApiServer, capsys: Capture) -> None:
    role = objects.documented_role()
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "list", "watch"}
    assert not any({"secrets", "*"} & set(rule["resources"]) for rule in role["rules"] if "" in rule["apiGroups"])
    filled.write(objects.role("auditors"))
    access = ("--kubeconfig", str(filled.config), "-o", "json")
    code, out, _ = ask(capsys, "check", "kube:auditor", *access)
    assert not json.loads(out)["diagnostics"]
    assert (code, told(out)) == (1, told(ask(capsys, "check", "kube:admin", *access)[1]))


# --- a server that fails --------------------


class Between:
    """Passes bytes on to the server, and after so many of its own bytes ends the connection or goes silent."""

    def __init__(self, port: int, most: int, *, silent: bool) -> None:
        self.target, self.left, self.silent = port, most, silent
        self.lock = threading.Lock()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listening.getsockname()[1]
        self.open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listening.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
                self.open += [near, far]
                threading.Thread(target=self._pass, args=(near, far, False), daemon=True).start()
                threading.Thread(target=self._pass, args=(far, near, True), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                with self.lock:
                    if counted:
                        self.left -= len(data)
                    if counted and self.left < 0:
                        break
                sink.sendall(data)
            if not (counted and self.silent):
                sink.shutdown(socket.SHUT_RDWR)
                source.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.listening.close()
        for one in self.open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@pytest.fixture
def between(filled: ApiServer, tmp_path: Path) -> Iterator[Callable[..., Path]]:
    made: list[Between] = []

    def put(most: int, *, silent: bool = False) -> Path:
        made.append(Between(filled.port, most, silent=silent))
        return filled.kubeconfig(f"https://127.0.0.1:{made[-1].port}", f"config-{made[-1].port}")

    put.made = made  # type: ignore[attr-defined]
    yield put
    for one in made:
        one.close()


@pytest.mark.parametrize("most", [0, 500, 20_000, 60_000])
def test_a_server_that_ends_half_way_is_no_answer(
    between: Callable[..., Path], capsys: Capture, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(lists, "PAGE", 10)
    code, out, err = ask(capsys, "check", "kube:", "--kubeconfig", str(between(most)))
    assert (code, out) == (3, "")
    assert re.search(r"ended the connection before its answer was whole|does not speak TLS", err)


@pytest.mark.parametrize("most", [0, 20_000])
def test_a_server_that_goes_silent_is_not_waited_for(
    between: Callable[..., Path], capsys: Capture, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(lists, "PAGE", 10)
    monkeypatch.setattr(connection, "SILENT_SECONDS", 0.5)
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.5)
    code, out, err = ask(capsys, "check", "kube:", "--kubeconfig", str(between(most, silent=True)))
    assert (code, out) == (3, "")
    assert "sent nothing for" in err


def test_a_server_whose_certificate_another_one_signed(filled: ApiServer, tmp_path: Path, capsys: Capture) -> None:
    config = json.loads(filled.config.read_text(encoding="utf-8"))
    del config["clusters"][0]["cluster"]["certificate-authority"]
    (tmp_path / "config").write_text(json.dumps(config), encoding="utf-8")
    code, out, err = ask(capsys, "check", "kube:", "--kubeconfig", str(tmp_path / "config"))
    assert (code, out) == (3, "")
    assert "is not trusted" in err


# --- following --------------------


def test_a_change_is_answered_while_it_is_watched(filled: ApiServer) -> None:
    """Each answer of `--watch` is that of a fresh reading at that time."""
    followed = Followed("kube:admin", Access(kubeconfig=str(filled.config)))
    changes = followed.changes()
    path = "/apis/networking.k8s.io/v1/namespaces/team-00/networkpolicies"
    closing = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "closed", "namespace": "team-00"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
    }
    opened = {"spec": {"ingress": [{}]}}
    twin = Twin(digest(followed.reading()))
    steps = (("POST", path, closing), ("PATCH", f"{path}/closed", opened), ("DELETE", f"{path}/closed", None))
    try:
        verdicts = [twin.why("team-00/app-0", "team-00/app-1:9999").verdict]
        for method, where, body in steps:
            assert filled.ask(method, where, body)[0] in (200, 201)
            assert next(changes) == ["NetworkPolicy team-00/closed"]
            twin = Twin(digest(followed.reading(), twin.snapshot))
            verdicts.append(twin.why("team-00/app-0", "team-00/app-1:9999").verdict)
            fresh = nw.load("kube:", kubeconfig=str(filled.config))
            assert [(d.kind, d.namespace, d.name, d.value) for d in twin.snapshot.objects] == [
                (d.kind, d.namespace, d.name, d.value) for d in fresh.snapshot.objects
            ]
            assert twin.snapshot.inputs[0].digest == fresh.snapshot.inputs[0].digest
        assert verdicts[1] == "deny"
        assert verdicts[2] == "allow"
        assert verdicts[3] == verdicts[0]
    finally:
        followed.close()


def test_a_server_that_ends_is_told_by_a_watch(between: Callable[..., Path]) -> None:
    config = between(10_000_000)
    followed = Followed("kube:admin", Access(kubeconfig=str(config)))
    changes = followed.changes()
    threading.Timer(0.5, between.made[-1].close).start()  # type: ignore[attr-defined]
    with pytest.raises(SourceError):
        next(changes)
    followed.close()


@pytest.mark.parametrize("words", [("check", "examples/shop", "--watch"), ("reach", "--watch", "kube:", "-o", "csv")])
def test_what_cannot_be_watched(capsys: Capture, words: tuple[str, ...]) -> None:
    code, out, err = ask(capsys, *words)
    assert (code, out) == (2, "")
    assert "--watch" in err
