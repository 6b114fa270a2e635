"""What the commands write is what docs/schemas and docs/reference/json.md say, field by field."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import netwright as nw
from netwright.cli.main import run
from netwright.questions.show import NOUNS
from tests.docs.json_schema import faults

SHOP = "examples/shop"
BROKEN = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {namespace: shop, name: {half\n"
POLICIES = """\
apiVersion: networking.gke.io/v1
kind: FQDNNetworkPolicy
metadata: {name: unread, namespace: shop}
spec: {}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: refused, namespace: shop}
spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/33}}]}]}
"""
MACHINES = """\
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {name: ledger, namespace: bank}
spec:
  runStrategy: Always
  template:
    metadata: {labels: {app: ledger}}
    spec:
      domain: {devices: {interfaces: [{name: default, masquerade: {}, ports: [{port: 5432}]}, {name: lan, bridge: {}}]}}
      networks: [{name: default, pod: {}}, {name: lan, multus: {networkName: vlan7}}]
"""
TWO_FAMILIES = """\
{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: a}},
 spec: {containers: [{name: c, image: c:1, ports: [{containerPort: 80, name: http}]}]},
 status: {podIPs: [{ip: 10.1.0.1}, {ip: 'fd00::1'}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: b}, spec: {containers: [{name: c, image: c:1}]},
 status: {podIPs: [{ip: 10.1.0.2}, {ip: 'fd00::2'}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: a}
spec: {podSelector: {matchLabels: {app: a}}, ingress: [{from: [{ipBlock: {cidr: 10.1.0.0/16}}]}]}
"""
PLACED = """\
{apiVersion: v1, kind: Pod, metadata: {name: on-a}, spec: {nodeName: a, containers: [{name: c, image: c:1}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: on-b}, spec: {nodeName: b, containers: [{name: c, image: c:1}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: host-of-a},
 spec: {nodeName: a, hostNetwork: true, containers: [{name: c, image: c:1}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: none}, spec: {podSelector: {}}}
"""

Ask = Callable[..., bytes]


@pytest.fixture
def ask(root: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Ask:
    """Runs a command line in the clone and gives its standard output."""
    monkeypatch.chdir(root)

    def asked(*arguments: str) -> bytes:
        code = run(arguments)
        out, err = capfdbinary.readouterr()
        assert code in (0, 1, 3, 4), err.decode()
        return out

    return asked


@pytest.fixture
def schema(root: Path) -> Callable[[str], dict[str, Any]]:
    return lambda name: json.loads((root / "docs" / "schemas" / f"{name}.v1.json").read_text(encoding="utf-8"))


@pytest.fixture
def inputs(root: Path, tmp_path: Path) -> dict[str, str]:
    """Inputs by name: the example, the same with all kinds of trouble beside it, one with two families of addresses."""
    trouble = tmp_path / "trouble"
    trouble.mkdir()
    (trouble / "broken.yaml").write_text(BROKEN, encoding="utf-8")
    (trouble / "policies.yaml").write_text(POLICIES, encoding="utf-8")
    (trouble / "shop").symlink_to(root / SHOP)
    two = tmp_path / "two.yaml"
    two.write_text(TWO_FAMILIES, encoding="utf-8")
    placed = tmp_path / "placed.yaml"
    placed.write_text(PLACED, encoding="utf-8")
    (trouble / "machines.yaml").write_text(MACHINES, encoding="utf-8")
    machines = tmp_path / "machines.yaml"
    machines.write_text(MACHINES, encoding="utf-8")
    return {
        "shop": SHOP,
        "trouble": str(trouble),
        "two": str(two),
        "placed": str(placed),
        "machines": str(machines),
    }


WHY = [
    ("shop", "shop/web", "shop/db:5432"),
    ("shop", "shop/api", "shop/db"),
    ("shop", "internet", "svc/ingress-nginx/controller:443"),
    ("shop", "internet", "svc/shop/web:80"),
    ("shop", "payments/gateway", "169.254.169.254:443"),
    ("shop", "shop/web", "svc/shop/db:5432"),
    ("shop", "legacy/toolbox", "legacy/toolbox:80"),
    ("shop", "node/node-1", "shop/db:5432"),
    ("trouble", "shop/web", "shop/db:5432"),
    ("two", "default/b", "default/a:80"),
]


@pytest.mark.parametrize(("name", "source", "destination"), WHY)
def test_why(ask: Ask, schema: Any, inputs: dict[str, str], name: str, source: str, destination: str) -> None:
    answer = json.loads(ask("why", source, destination, "-f", inputs[name], "-o", "json"))
    assert list(faults(answer, schema("why"))) == []


@pytest.mark.parametrize("name", ["shop", "trouble", "two", "placed"])
@pytest.mark.parametrize(
    "more",
    [[], ["--form", "classes"], ["--by", "pod"], ["--by", "identity"], ["--by", "namespace"], ["--port", "UDP/53"]],
    ids=" ".join,
)
def test_reach(ask: Ask, schema: Any, inputs: dict[str, str], name: str, more: list[str]) -> None:
    answer = json.loads(ask("reach", inputs[name], "-o", "json", *more))
    assert list(faults(answer, schema("reach"))) == []
    assert bool(answer["exit_reasons"]) == (name == "trouble")


@pytest.mark.parametrize("pair", [("shop", "trouble"), ("trouble", "shop"), ("two", "placed"), ("shop", "shop")])
def test_diff(ask: Ask, schema: Any, inputs: dict[str, str], pair: tuple[str, str]) -> None:
    answer = json.loads(ask("diff", *(inputs[name] for name in pair), "-o", "json"))
    assert list(faults(answer, schema("diff"))) == []
    assert answer["before"]["inputs"][0]["source"] == inputs[pair[0]]
    assert answer["inputs"][0]["source"] == inputs[pair[1]]
    assert any(reason.startswith("3:") for reason in answer["exit_reasons"]) == ("trouble" in pair)
    differences = [e for name in ("exposed", "opened", "closed", "changed", "undecided") for e in answer[name]]
    assert bool(differences) == (pair[0] != pair[1])
    assert {i for e in differences for i in e["because"]} == set(range(len(answer["because"])))


def test_diff_of_several(ask: Ask, schema: Any, inputs: dict[str, str], tmp_path: Path) -> None:
    for side, names in (("before", "shop trouble"), ("after", "trouble shop two")):
        (tmp_path / side).mkdir()
        for name, source in zip(["x", "y", "z"], names.split(), strict=False):
            (tmp_path / side / name).mkdir()
            (tmp_path / side / name / "linked").symlink_to(Path(inputs[source]).absolute())
    (tmp_path / "after/z/two.yaml").write_text(TWO_FAMILIES, encoding="utf-8")
    answer = json.loads(ask("diff", *(str(tmp_path / s) for s in ("before", "after")), "--split", ".", "-o", "json"))
    assert list(faults(answer, schema("diff"))) == []
    assert [(t["name"], t["only_in"]) for t in answer["twins"]] == [("x", ""), ("y", ""), ("z", "after")]
    assert all(t["opened"] or t["undecided"] for t in answer["twins"])


@pytest.mark.parametrize("hops", ["1", "all"])
def test_hops(ask: Ask, schema: Any, hops: str) -> None:
    answer = json.loads(ask("reach", SHOP, "--from", "shop/web", "--hops", hops, "-o", "json"))
    assert list(faults(answer, schema("reach"))) == []
    assert answer["reached"]


@pytest.mark.parametrize("name", ["shop", "trouble"])
@pytest.mark.parametrize("noun", list(NOUNS))
def test_show(ask: Ask, schema: Any, inputs: dict[str, str], name: str, noun: str) -> None:
    name = "machines" if noun in ("vms", "nics") and name == "shop" else name  # the example has none
    asked = ("show", noun, inputs[name], *(("--cni", "cilium") if noun == "policymaps" else ()))
    answer = json.loads(ask(*asked, "-o", "json"))
    assert list(faults(answer, schema("show"))) == []
    assert answer["rows"]
    (row,) = {one["$defs"][noun]["properties"]["rows"]["items"]["$ref"] for one in [schema("show")]}
    for line in ask(*asked, "-o", "jsonl").splitlines():
        assert list(faults(json.loads(line), {"$ref": row}, schema("show"))) == []


@pytest.mark.parametrize(
    "asked", [[], ["NW1007"], ["NetworkPolicy"], ["port", "group"], ["cni:upstream"], ["cni:cilium"], ["snapshot"]]
)
def test_explain(ask: Ask, schema: Any, asked: list[str]) -> None:
    answer = json.loads(ask("explain", *asked, "-o", "json"))
    assert list(faults(answer, schema("explain"))) == []
    assert ("pages" in answer, "index" in answer) == (bool(asked), not asked)


def test_what_the_command_explains_is_what_the_library_does(ask: Ask) -> None:
    twin = nw.load(SHOP)
    for asked in ("", "NetworkPolicy"):
        answer = json.loads(ask("explain", asked, "-o", "json"))
        explained = json.loads(msgspec.json.encode(twin.ask(nw.Explain(asked=asked))))
        assert {**answer, **explained} == answer


def test_version(ask: Ask, schema: Any) -> None:
    answer = json.loads(ask("version", "-o", "json"))
    assert list(faults(answer, schema("version"))) == []
    assert answer["version"] == nw.__version__


def test_every_schema_that_the_code_claims_is_there(root: Path, schema: Any) -> None:
    """`document("why", …)` and `"schema": "netwright.explain/v1"` in the faces, found by their text."""
    texts = [
        p.read_text(encoding="utf-8")
        for name in ("cli", "render")
        for p in (root / "src/netwright" / name).glob("*.py")
    ]
    said = {v for t in texts for v in re.findall(r"netwright\.(\w+)/v1|document\(\s*\"(\w+)\"", t)}
    claimed = {verb for pair in said for verb in pair if verb}
    assert {"why", "reach", "show", "explain", "version"} <= claimed
    assert [verb for verb in claimed if schema(verb)["$id"] != f"netwright.{verb}/v1"] == []


def test_eval(ask: Ask, schema: Any, tmp_path: Path) -> None:
    questions: list[dict[str, Any]] = [
        {"from": "shop/api", "to": "shop/db", "port": 5432},
        {"from": "shop/api", "to": "shop/db", "port": "postgres", "family": 4},
        {"from": "internet", "to": "svc/ingress-nginx/controller", "protocol": "TCP", "port": 443},
        {"from": "shop/web", "to": "shop/api", "protocol": "ICMP", "icmp": {"type": 8}},
        {"from": "legacy/orders", "to": "192.0.2.1", "protocol": "132", "port": 9},
        {"from": "legacy/orders", "to": "svc/legacy/mailer", "port": 26},
    ]
    assert [list(faults(q, schema("query"))) for q in questions] == [[]] * len(questions)
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join(map(json.dumps, questions)), encoding="utf-8")
    lines = ask("eval", SHOP, "--queries", str(file)).splitlines()
    answers = [json.loads(line) for line in lines]
    assert [list(faults(a, schema("eval"))) for a in answers] == [[]] * len(questions)
    for question, answer in zip(questions, answers, strict=True):
        assert {"protocol": "TCP", **question}.items() <= {"protocol": "TCP", **answer}.items() or question.get("icmp")


def test_the_validator_finds_what_is_wrong(ask: Ask, schema: Any) -> None:
    answer = json.loads(ask("why", "shop/web", "shop/db:5432", "-f", SHOP, "-o", "json"))
    for spoil in (
        lambda a: a.pop("verdict"),
        lambda a: a.update(verdict="maybe"),
        lambda a: a.update(extra=1),
        lambda a: a["parts"][0].update(family=5),
        lambda a: a["parts"][0]["ingress"]["nearest"]["rule"].update(line="59"),
        lambda a: a.update(schema="netwright.reach/v1"),
    ):
        spoilt = json.loads(json.dumps(answer))
        spoil(spoilt)
        assert list(faults(spoilt, schema("why")))


# --- what the page says -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["shop", "trouble", "two", "placed"])
@pytest.mark.parametrize(
    "more", [["--by", "workload"], ["--by", "pod"], ["--by", "identity"], ["--port", "80-9000"]], ids=" ".join
)
def test_the_class_form_expands_to_the_pairs_as_the_page_shows(
    ask: Ask, root: Path, inputs: dict[str, str], name: str, more: list[str]
) -> None:
    page = (root / "docs/reference/json.md").read_text(encoding="utf-8")
    (code,) = re.findall(r'```python title="expand.py"\n(.*?)\n```', page, re.DOTALL)
    expander: dict[str, Any] = {"__name__": "expander"}
    exec(compile(code, "expand.py", "exec"), expander)

    classes = json.loads(ask("reach", inputs[name], "--form", "classes", "-o", "json", *more))
    pairs = json.loads(ask("reach", inputs[name], "-o", "json", *more))
    families = [table["family"] for table in classes["tables"]]
    wanted = {
        (family, c["from"], c["to"]): {tuple(r) for r in c["ranges"]} or "all"
        for c in pairs["connections"]
        for family in ([c["family"]] if "family" in c else families)
    }
    everything = expander["ranges"]("all")
    found = {}
    for table in classes["tables"]:
        for source, destination, ranges in expander["expand"](table):
            known = {r for r in ranges if r[0] != "protocols"}
            found[table["family"], source, destination] = "all" if set(ranges) == everything else known
    named = {k: v if v == "all" else {r for r in v if not r[0].startswith("protocol ")} for k, v in wanted.items()}
    assert found == named
    assert found


def test_the_expander_of_the_page_reads_sets_in_both_forms(root: Path) -> None:
    page = (root / "docs/reference/json.md").read_text(encoding="utf-8")
    (code,) = re.findall(r'```python title="expand.py"\n(.*?)\n```', page, re.DOTALL)
    expander: dict[str, Any] = {"__name__": "expander"}
    exec(compile(code, "expand.py", "exec"), expander)
    packed = base64.b64encode((1 << 0 | 1 << 9 | 1 << 10).to_bytes(2, "little")).decode()
    assert expander["members"](f"b64:{packed}") == expander["members"]("0,9-10") == {0, 9, 10}
    assert expander["members"]("") == set()


def test_every_field_of_an_answer_is_on_the_page(root: Path, schema: Any) -> None:
    page = (root / "docs/reference/json.md").read_text(encoding="utf-8")
    definitions = schema("reach")["$defs"]
    fields = (
        set(schema("why")["properties"])
        | set(definitions["pairs"]["properties"])
        | set(definitions["classes"]["properties"])
    )
    fields |= set(definitions["blast"]["properties"]) - {"hops", "any_port", "families"}
    assert sorted(f for f in fields if f"`{f}`" not in page and f not in ("form", "by", "left_out")) == []


def test_every_field_of_a_diff_is_on_the_page(root: Path, schema: Any) -> None:
    page = (root / "docs/reference/json.md").read_text(encoding="utf-8")
    section = page.partition("\n## diff\n")[2].partition("\n## ")[0]
    found = schema("diff")
    fields = {f for form in ("two", "several", "twin") for f in found["$defs"][form]["properties"]}
    fields -= {*schema("why")["properties"]} - {"exit_reasons"}
    for struct in ("ExposureChange", "Moved", "Unsettled", "ObjectChange", "FieldChange"):
        fields |= {*found["$defs"][struct]["properties"]}
    assert sorted(f for f in fields if f"`{f}`" not in section) == []


def test_every_field_of_a_question_and_an_answer_is_on_the_page_of_eval(root: Path, schema: Any) -> None:
    page = (root / "docs/how/eval.md").read_text(encoding="utf-8")
    fields = {*schema("query")["$defs"]["Query"]["properties"], *schema("eval")["$defs"]["Evaluated"]["properties"]}
    assert sorted(f for f in fields if f"`{f}`" not in page) == []


def test_the_schemas_are_all_listed(root: Path) -> None:
    page = (root / "docs/reference/json.md").read_text(encoding="utf-8")
    assert sorted(path.name for path in (root / "docs/schemas").iterdir()) == sorted(
        set(re.findall(r"\(\.\./schemas/([\w.]+)\)", page))
    )
