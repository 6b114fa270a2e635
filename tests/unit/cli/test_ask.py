"""`why`, `reach` and `eval` as a user runs them: widths, formats, namespaces, slips."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from netwright.base.errors import UsageError
from netwright.cli.look import command_lines
from netwright.cli.main import run
from netwright.cli.namespaces import placed
from netwright.cli.options import KUBECTL_KINDS

RANGES = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: a-namespace-with-a-rather-long-name-as-generators-make-them}
spec: {containers: [{name: c}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c, ports: [{containerPort: 5432}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
    - from:
        - ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.3.4/32]}
        - ipBlock: {cidr: 192.168.7.0/24}
      ports: [{port: 5432}, {port: 9000, endPort: 9100}]
    - from: [{ipBlock: {cidr: 172.16.0.0/12, except: [172.16.9.0/24, 172.17.0.0/16, 172.20.1.0/24]}}]
"""
QUESTIONS = [
    {"from": "shop/web", "to": "shop/db", "port": 5432},
    {"from": "internet", "to": "svc/shop/web", "port": 443},
    {"from": "monitoring/node-exporter", "to": "payments/ledger", "port": 9090},
    {"from": "payments/gateway", "to": "203.0.113.7", "port": 443},
]


@pytest.fixture
def shop(root: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(root)
    return "examples/shop"


@pytest.fixture
def queries(tmp_path: Path) -> str:
    file = tmp_path / "q.jsonl"
    file.write_text("".join(json.dumps(q) + "\n" for q in QUESTIONS), encoding="utf-8")
    return str(file)


def ask(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(arguments)
    captured = capfd.readouterr()
    return code, captured.out, captured.err


# --- 80 columns ----------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("reach", "{shop}"),
        ("reach", "{shop}", "--all"),
        ("reach", "{shop}", "--all", "--by", "pod"),
        ("reach", "{shop}", "--from", "legacy/toolbox", "--hops", "all"),
        ("reach", "{ranges}", "--all", "--pod-cidr", "10.244.0.0/16"),
        ("why", "shop/web", "shop/db:5432", "-f", "{shop}"),
        ("why", "shop/web", "payments/ledger:5432", "-f", "{shop}"),
        ("why", "internet", "svc/shop/web", "-f", "{shop}"),
        ("why", "shop/api", "shop/db", "-f", "{shop}"),
        (
            "why",
            "a-namespace-with-a-rather-long-name-as-generators-make-them/web",
            "cidr/10.0.0.0/8,172.16.0.0/12,192.168.0.0/16:443",
            "-f",
            "{ranges}",
        ),
        ("eval", "{shop}", "--queries", "{queries}", "-o", "text"),
        ("demo",),
        ("explain", "blast", "radius"),
        ("explain",),
        ("show", "workloads", "{shop}"),
        ("show", "exposed", "{shop}"),
    ],
)
def test_text_fits_80_columns(
    capfd: pytest.CaptureFixture[str], shop: str, queries: str, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    ranges = tmp_path / "ranges.yaml"
    ranges.write_text(RANGES, encoding="utf-8")
    code, out, err = ask(capfd, *(a.format(shop=shop, queries=queries, ranges=ranges) for a in arguments))
    assert code in (0, 1, 4), err
    assert [line for line in (out + err).splitlines() if len(line) > 80] == []
    assert out


def test_outside_ranges_have_short_names_in_text_and_stable_ones_in_json(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "ranges.yaml"
    file.write_text(RANGES, encoding="utf-8")
    out = ask(capfd, "reach", str(file), "--all", "--pod-cidr", "10.244.0.0/16")[1]
    headings = [line for line in out.splitlines() if line.startswith("cidr/")]
    assert "cidr/10.0.0.0/8 except 10.1.0.0/16,10.2.3.4/32" in headings
    assert not [h for h in headings if "+" in h]
    # the short name is a reference, and means the same end
    narrowed = ask(
        capfd,
        *("reach", str(file), "--pod-cidr", "10.244.0.0/16"),
        *("--from", "cidr/10.0.0.0/8 except 10.1.0.0/16,10.2.3.4/32"),
    )[1]
    assert [line for line in narrowed.splitlines() if line.startswith("cidr/")] == [
        "cidr/10.0.0.0/8 except 10.1.0.0/16,10.2.3.4/32"
    ]


# --- eval ----------------------------------------------------------


def test_what_eval_does_not_list_it_counts(capfd: pytest.CaptureFixture[str], shop: str, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    policy = (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p{0}, namespace: a}}\n"
        "spec: {{podSelector: {{}}, ingress: []}}\n---\n"
    )
    pods = "".join(
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {n}, namespace: a}}\nspec: {{containers: [{{name: c}}]}}\n---\n"
        for n in ("one", "two")
    )
    (folder / "a.yaml").write_text(pods + "".join(policy.format(i) for i in range(5)), encoding="utf-8")
    file = tmp_path / "q.jsonl"
    file.write_text('{"from": "a/one", "to": "a/two", "port": 80}\n', encoding="utf-8")
    out = ask(capfd, "eval", str(folder), "--queries", str(file), "-o", "text")[1]
    cited = len(json.loads(ask(capfd, "eval", str(folder), "--queries", str(file))[1])["by"])
    assert cited == 5
    assert out.count("isolates it") == 3
    assert "           and 2 more rules: -o jsonl\n" in out


def test_eval_says_why_a_port_leads_nowhere(capfd: pytest.CaptureFixture[str], shop: str, queries: str) -> None:
    assert "svc/shop/web has no TCP port 443" in ask(capfd, "eval", shop, "--queries", queries, "-o", "text")[1]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_eval_reads_questions_behind_a_byte_order_mark(
    capfd: pytest.CaptureFixture[str], shop: str, tmp_path: Path, encoding: str
) -> None:
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(q) + "\r\n" for q in QUESTIONS), encoding=encoding)
    code, out, _ = ask(capfd, "eval", shop, "--queries", str(tmp_path / "q.jsonl"))
    assert (code, out.count("\n")) == (0, len(QUESTIONS))
    (tmp_path / "q.jsonl").write_text(json.dumps(QUESTIONS[0]), encoding="utf-32")
    code, _, told = ask(capfd, "eval", shop, "--queries", str(tmp_path / "q.jsonl"))
    assert (code, "is not understood: a text in UTF-32" in told) == (2, True)


# --- reach ---------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--form", "classes"), "add `-o json`"),
        (("--form", "pairs"), "add `-o json`"),
        (("--form", "classes", "-o", "csv"), "add `-o json`"),
        (("--form", "classes", "-o", "json", "--from", "legacy/toolbox", "--hops", "all"), "leave it out"),
        (("--form", "classes", "-o", "json", "-n", "shop"), "of the whole cluster"),
        (("--any-port",), "--hops all"),
        (("-n", "shpo"), "did you mean `shop`"),
        (("-n", "shop", "-n", "legacy", "--from", "web"), "which of the namespaces"),
        (("--port=80-",), "error: `80-` is not a port"),
        (("--port=UDP/80-",), "error: `UDP/80-` is not a port"),
        (("--port=",), "error: `--port` is given nothing"),
        (("--from=",), "error: `--from` is given nothing"),
        (("--to=",), "error: `--to` is given nothing"),
    ],
)
def test_what_would_be_ignored_is_a_slip(
    capfd: pytest.CaptureFixture[str], shop: str, arguments: tuple[str, ...], told: str
) -> None:
    code, out, err = ask(capfd, "reach", shop, *arguments)
    assert (code, out) == (2, "")
    assert told in err


def test_identities_say_where_their_members_are_listed(capfd: pytest.CaptureFixture[str], shop: str) -> None:
    assert "`show endpoints` lists" in ask(capfd, "reach", shop, "--by", "identity")[1]
    assert "show endpoints" not in ask(capfd, "reach", shop)[1]


def pairs(body: dict[str, list[dict[str, str]]]) -> set[tuple[str, str, str, str]]:
    found = {(c["from"], c["to"], "allow", c["ports"]) for c in body["connections"]}
    return found | {(u["from"], to, "undecided", u["ports"]) for u in body["undecided"] for to in u["to"]}


@pytest.mark.parametrize("by", ["workload", "pod", "namespace", "identity"])
@pytest.mark.parametrize("narrowed", [(), ("-n", "payments"), ("--from", "shop/web")])
def test_tables_hold_the_pairs_of_json(
    capfd: pytest.CaptureFixture[str], shop: str, by: str, narrowed: tuple[str, ...]
) -> None:
    body = json.loads(ask(capfd, "reach", shop, "--by", by, *narrowed, "-o", "json")[1])
    text = ask(capfd, "reach", shop, "--by", by, *narrowed, "-o", "csv")[1]
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert {(r["from"], r["to"], r["verdict"], r["ports"]) for r in rows} == pairs(body) != set()
    markdown = ask(capfd, "reach", shop, "--by", by, *narrowed, "-o", "md")[1].splitlines()
    assert len(markdown) == len(rows) + 2


def test_hops_as_a_table(capfd: pytest.CaptureFixture[str], shop: str) -> None:
    asked = ("reach", shop, "--from", "legacy/toolbox", "--hops", "all")
    reached = json.loads(ask(capfd, *asked, "-o", "json")[1])["reached"]
    rows = list(csv.DictReader(io.StringIO(ask(capfd, *asked, "-o", "csv")[1], newline="")))
    assert [(r["hop"], r["to"], r["ports"]) for r in rows] == [(str(h["hop"]), h["ref"], h["ports"]) for h in reached]
    assert len(ask(capfd, *asked, "-o", "md")[1].splitlines()) == len(rows) + 2


def test_no_cell_of_reach_begins_a_formula(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        RANGES.replace("name: db, namespace: shop, labels", "name: =cmd(), namespace: shop, labels"), "utf-8"
    )
    text = ask(capfd, "reach", str(file), "-o", "csv")[1]
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    assert cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


# --- namespaces ----------------------------------------------------


@pytest.mark.parametrize("by", ["workload", "pod", "namespace"])
def test_reach_is_narrowed_to_pairs_that_touch_a_namespace(
    capfd: pytest.CaptureFixture[str], shop: str, by: str
) -> None:
    everything = pairs(json.loads(ask(capfd, "reach", shop, "--by", by, "-o", "json")[1]))
    for names in (("payments",), ("payments", "legacy")):
        flags = [part for name in names for part in ("-n", name)]
        body = json.loads(ask(capfd, "reach", shop, "--by", by, *flags, "-o", "json")[1])
        expected = {p for p in everything if any(end.split("/")[1:2] == [name] for end in p[:2] for name in names)}
        assert pairs(body) == expected
        assert expected != everything
    assert pairs(json.loads(ask(capfd, "reach", shop, "--by", by, "-A", "-o", "json")[1])) == everything


def test_the_counts_of_text_are_of_the_narrowed_pairs(capfd: pytest.CaptureFixture[str], shop: str) -> None:
    out = ask(capfd, "reach", shop, "-n", "payments", "--all")[1]
    # 20 ends of which 2 are in the namespace: 2 rows and 2 columns, which cross in 4 pairs
    assert re.search(r"\d+ connections of 76 pairs", out)
    assert "deploy/legacy/orders" not in out


def test_bare_names_are_in_the_namespace(capfd: pytest.CaptureFixture[str], shop: str, tmp_path: Path) -> None:
    def why(*arguments: str) -> object:
        return json.loads(ask(capfd, "why", *arguments, "-f", shop, "-o", "json")[1])["verdict"]

    headline = ask(capfd, "why", "web", "db:5432", "-n", "shop", "-f", shop)[1].splitlines()[0]
    assert headline.startswith("DENIED  deploy/shop/web → sts/shop/db:5432")
    assert why("internet", "svc/web:80", "-n", "shop") == why("internet", "svc/shop/web:80")
    bare, full = (
        json.loads(ask(capfd, "reach", shop, *flags, "-o", "json")[1])["connections"]
        for flags in (("--from", "web", "-n", "shop"), ("--from", "shop/web"))
    )
    assert bare == full != []
    assert ask(capfd, "reach", shop, "--from", "toolbox", "-n", "legacy", "--hops", "all")[1].startswith(
        "blast radius of pod/legacy/toolbox"
    )
    assert ask(capfd, "why", "web", "db:5432", "-n", "shpo", "-f", shop)[0] == 2


def test_eval_places_bare_names_and_repeats_them_as_written(
    capfd: pytest.CaptureFixture[str], shop: str, tmp_path: Path
) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text('{"from": "web", "to": "db", "port": 5432}\n', encoding="utf-8")
    assert ask(capfd, "eval", shop, "--queries", str(file))[0] == 2
    bare = json.loads(ask(capfd, "eval", shop, "--queries", str(file), "-n", "shop")[1])
    file.write_text('{"from": "shop/web", "to": "shop/db", "port": 5432}\n', encoding="utf-8")
    full = json.loads(ask(capfd, "eval", shop, "--queries", str(file))[1])
    assert (bare["from"], bare["to"]) == ("web", "db")
    assert {**bare, "from": "", "to": ""} == {**full, "from": "", "to": ""}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("web", "shop/web"),
        ("web:http", "shop/web:http"),
        ("svc/web:80", "svc/shop/web:80"),
        ("deployment/web", "deployment/shop/web"),
        ("legacy/orders", "legacy/orders"),
        ("deploy/legacy/orders:80", "deploy/legacy/orders:80"),
        ("internet", "internet"),
        ("internet except 10.0.0.0/8", "internet except 10.0.0.0/8"),
        ("10.0.0.1:80", "10.0.0.1:80"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]:80", "[2001:db8::1]:80"),
        ("cidr/10.0.0.0/8", "cidr/10.0.0.0/8"),
        ("node/n1", "node/n1"),
        ("web.other.svc:80", "web.other.svc:80"),
        ("web:UDP/53", "shop/web:UDP/53"),
    ],
)
def test_only_names_without_a_namespace_are_placed(written: str, meant: str) -> None:
    assert placed(written, ["shop"]) == meant
    assert placed(written, []) == written


def test_a_bare_name_is_in_one_namespace() -> None:
    with pytest.raises(UsageError, match="which of the namespaces"):
        placed("web", ["a", "b"])
    assert placed("a/web", ["a", "b"]) == "a/web"


# --- kubectl -------------------------------------------------------


def test_there_is_one_list_of_kinds(capfd: pytest.CaptureFixture[str], root: Path) -> None:
    assert f"kubectl get {KUBECTL_KINDS} -A" in (root / "README.md").read_text(encoding="utf-8")
    assert KUBECTL_KINDS in ask(capfd, "reach", "--help")[1]
    assert f"kubectl get {KUBECTL_KINDS} -A" in ask(capfd, "demo")[1].replace("\\\n", "")


def test_a_long_command_is_one_to_the_shell() -> None:
    lines = command_lines(f"kubectl get {KUBECTL_KINDS} -A", 60)
    assert len(lines) > 1
    assert all(len(line) <= 60 for line in lines)
    assert "\n".join(lines).replace("\\\n", "") == f"kubectl get {KUBECTL_KINDS} -A"
