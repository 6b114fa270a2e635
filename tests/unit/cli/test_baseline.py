"""`check --baseline`: what is known of which network, for which workloads, and what is never known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import netwright as nw
from netwright.cli.main import run
from netwright.model.finding import Known

POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: {namespace}
spec: {{containers: [{{name: c, image: i}}]}}
---
"""
NAMESPACE = "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n---\n"
HOST = """\
{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: shop}},
 spec: {{hostNetwork: true, containers: [{{name: c, image: i}}]}}}}
---
"""
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
"""


def pods(*names: str, namespace: str = "shop") -> str:
    return "".join(POD.format(name=name, namespace=namespace) for name in names)


def on_nodes(*names: str) -> str:
    return "".join(HOST.format(name=name) for name in names)


class Asking:
    """`check` in a folder of its own, against what was known."""

    def __init__(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.capfd = capfd

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def check(self, *words: str) -> Any:
        run(["check", *words, "-o", "json"])
        return json.loads(self.capfd.readouterr().out)

    def remember(self, *words: str) -> None:
        run(["check", *words, "-o", "json", "--out", "known.json", "--force"])
        self.capfd.readouterr()

    def against(self, *words: str) -> Any:
        return self.check(*words, "--baseline", "known.json")


@pytest.fixture
def asking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Asking:
    monkeypatch.chdir(tmp_path)
    return Asking(tmp_path, capfd)


def states(findings: Sequence[Any]) -> list[tuple[str, str]]:
    return [(f["code"], f["state"]) for f in findings]


# --- networks --------------------


def test_a_finding_is_known_in_its_own_network_alone(asking: Asking) -> None:
    split = ("repo", "--split", "clusters")
    asking.write("repo/clusters/eu/a.yaml", pods("web"))
    asking.write("repo/clusters/us/a.yaml", pods("web") + POLICY)
    asking.remember(*split)
    assert [t["states"]["new"] for t in asking.against(*split)["twins"]] == [0, 0]
    asking.write("repo/clusters/us/a.yaml", pods("web"))
    asking.write("repo/clusters/asia/a.yaml", pods("web"))
    found = {t["name"]: t for t in asking.against(*split)["twins"]}
    assert {name: states(t["findings"]) for name, t in found.items()} == {
        "clusters/asia": [("NW3003", "new")],
        "clusters/eu": [("NW3003", "known")],
        "clusters/us": [("NW3003", "new")],
    }
    assert [t["notes"] for t in found.values()] == [
        ["known.json: the baseline has no network `clusters/asia`, of which all is new"],
        [],
        [],
    ]


@pytest.mark.parametrize("first", ["split", "whole"])
def test_a_baseline_of_one_network_is_not_of_several_and_the_other_way_round(asking: Asking, first: str) -> None:
    asking.write("repo/clusters/eu/a.yaml", pods("web"))
    ways = {"split": ("repo", "--split", "clusters"), "whole": ("repo",)}
    asking.remember(*ways.pop(first))
    (other,) = ways.values()
    found = asking.against(*other)
    (one,) = found.get("twins", [found])
    assert states(one["findings"]) == [("NW3003", "new")]
    (note,) = one["notes"]
    assert "nothing is known" in note


# --- what it is about --------------------


def test_a_namespace_is_one_finding_with_and_without_its_object(asking: Asking) -> None:
    asking.write("m/a.yaml", pods("web"))
    asking.remember("m")
    asking.write("m/ns.yaml", NAMESPACE)
    assert states(asking.against("m")["findings"]) == [("NW3003", "known")]


@pytest.mark.parametrize("object_", ["", NAMESPACE], ids=["without its object", "with its object"])
@pytest.mark.parametrize(("code", "made"), [("NW3003", pods), ("NW3203", on_nodes)])
def test_a_known_finding_does_not_cover_one_workload_more(asking: Asking, object_: str, code: str, made: Any) -> None:
    asking.write("m/a.yaml", object_ + made("web", "zoo"))
    asking.remember("m")
    (before,) = [f for f in asking.check("m")["findings"] if f["code"] == code]
    asking.write("m/a.yaml", object_ + made("api", "web", "zoo"))
    (more,) = [f for f in asking.against("m")["findings"] if f["code"] == code]
    assert (more["fingerprint"], more["state"]) == (before["fingerprint"], "new")
    assert more["added"] == ["pod/shop/api"]
    assert more["title"].endswith("; not in the baseline: `pod/shop/api`")
    asking.write("m/a.yaml", object_ + made("zoo"))
    (fewer,) = [f for f in asking.against("m")["findings"] if f["code"] == code]
    assert (fewer["fingerprint"], fewer["state"], fewer["added"]) == (before["fingerprint"], "known", [])


def test_a_known_exposure_does_not_cover_one_service_more(asking: Asking) -> None:
    leading = "{{apiVersion: v1, kind: Service, metadata: {{name: {name}, namespace: shop}},\n"
    leading += " spec: {{type: {kind}, selector: {{app: web}}, ports: [{{port: 80}}]}}}}\n---\n"
    web = POD.format(name="web", namespace="shop").replace("  namespace", "  labels: {app: web}\n  namespace")
    asking.write("m/a.yaml", web + leading.format(name="inner", kind="NodePort"))
    asking.remember("m")
    assert "NW3101" in [code for code, _ in states(asking.against("m")["findings"])]
    assert {state for _, state in states(asking.against("m")["findings"])} == {"known"}
    asking.write("m/b.yaml", leading.format(name="public", kind="LoadBalancer"))
    (more,) = [f for f in asking.against("m")["findings"] if f["code"] == "NW3101"]
    assert (more["state"], more["added"]) == ("new", ["Service shop/public"])


def test_a_known_finding_does_not_cover_one_policy_more(asking: Asking) -> None:
    asking.write("m/a.yaml", POLICY)
    asking.remember("m")
    asking.write("m/b.yaml", POLICY.replace("name: deny", "name: a"))
    (found,) = asking.against("m")["findings"]
    assert (found["code"], found["state"], found["added"]) == ("NW2002", "new", ["NetworkPolicy shop/a"])


def test_sarif_says_that_a_known_finding_was_updated(asking: Asking) -> None:
    asking.write("m/a.yaml", pods("web"))
    asking.remember("m")
    asking.write("m/a.yaml", pods("api", "web"))
    run(["check", "m", "--baseline", "known.json", "-o", "sarif"])
    (result,) = json.loads(asking.capfd.readouterr().out)["runs"][0]["results"]
    assert result["baselineState"] == "updated"
    (known,) = json.loads((asking.folder / "known.json").read_text())["findings"]
    assert result["partialFingerprints"]["netwright/v1"] == known["fingerprint"]


# --- what was accepted --------------------


ACCEPTED = "accepted: [{code: NW3003, namespace: shop, reason: later, expires: 2027-03-01}]\n"


@pytest.mark.parametrize("is_accepted_when_written", [True, False])
def test_an_acceptance_that_has_expired_counts_whatever_the_baseline_has(
    asking: Asking, is_accepted_when_written: bool
) -> None:
    asking.write("m/a.yaml", pods("web"))
    if is_accepted_when_written:
        asking.write("netwright.yaml", ACCEPTED)
    asking.remember("m", "--today", "2027-03-01")
    asking.write("netwright.yaml", ACCEPTED)
    assert states(asking.against("m", "--today", "2027-03-01")["findings"]) == [("NW3003", "accepted")]
    later = asking.against("m", "--today", "2027-03-02")
    assert states(later["findings"]) == [("NW3003", "new")]
    assert later["notes"] == ["netwright.yaml:1: NW3003 was accepted until 2027-03-01 and counts again"]


def test_what_was_accepted_is_not_known_without_the_acceptance(asking: Asking) -> None:
    asking.write("m/a.yaml", pods("web"))
    asking.write("netwright.yaml", ACCEPTED)
    asking.remember("m", "--today", "2027-03-01")
    (asking.folder / "netwright.yaml").unlink()
    assert states(asking.against("m")["findings"]) == [("NW3003", "new")]


def test_an_acceptance_of_what_is_switched_off_does_not_count_again(asking: Asking) -> None:
    asking.write("m/a.yaml", pods("web"))
    asking.write("netwright.yaml", ACCEPTED + "severities: {NW3003: ignore}\n")
    assert asking.check("m", "--today", "2027-03-02")["notes"] == []


# --- the input --------------------

TWICE = pods("web") + POLICY + POLICY.replace("Egress", "Ingress")
WIDGET = "{{apiVersion: example.org/v1, kind: Widget, metadata: {{name: {name}, namespace: {namespace}}}}}\n---\n"
NOTES = "a: 1\n---\nb: 2\n"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("NW1001", pods("web") + "kind: [\n"),
        ("NW1003", pods("web") + "kind: {{ .kind }}\n"),
        ("NW1006", "{apiVersion: v1, kind: Namespace, metadata: {name: shop, name: shop}}"),
        ("NW1007", POLICY.replace("podSelector: {}", "podSelector: 1")),
        ("NW1008", "{apiVersion: networking.gke.io/v1, kind: FQDNNetworkPolicy, metadata: {name: e}}"),
        ("NW1009", WIDGET.format(name="a", namespace="shop")),
        ("NW1010", TWICE),
        ("NW1011", NOTES),
        ("NW1013", "# nothing\n"),
        (
            "NW1015",
            POLICY.replace("podSelector: {}", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.1.2.3/8}}]}]"),
        ),
    ],
)
def test_what_is_said_of_the_input_is_known_however_it_is_named_and_moved(asking: Asking, code: str, text: str) -> None:
    asking.write("m/a.yaml", text)
    asking.write("m/b.yaml", pods("other", namespace="bank"))
    asking.remember("m")
    asking.write("m/a.yaml", "# a line more\n" + text)
    for source in ("m", "./m", "m/", str(asking.folder / "m"), "../" + asking.folder.name + "/m"):
        found = [f for f in asking.against(source)["findings"] if f["code"] == code]
        assert found, source
        assert {f["state"] for f in found} == {"known"}, source
    asking.write("m/c/z.yaml", text.replace("shop", "next").replace("name: e", "name: f"))
    now = [f["state"] for f in asking.against("m")["findings"] if f["code"] == code]
    assert now.count("new") == len(found), "of another text, or object"


def test_another_key_or_range_of_the_same_is_new(asking: Asking) -> None:
    asking.write("m/a.yaml", "{apiVersion: v1, kind: Namespace, metadata: {name: a, name: a}}")
    asking.remember("m")
    asking.write("m/a.yaml", "{apiVersion: v1, kind: Namespace, kind: Namespace, metadata: {name: a}}")
    assert states(asking.against("m")["findings"]) == [("NW1006", "new")]
    asking.write("m/a.yaml", NOTES)
    asking.remember("m")
    asking.write("m/a.yaml", NOTES + "---\nc: 3\n---\n[1]\n")
    assert [s for _, s in states(asking.against("m")["findings"])] == ["known", "known", "new", "new"]


def test_an_object_that_stands_twice_is_accepted_by_its_name(asking: Asking) -> None:
    asking.write("m/a.yaml", TWICE)
    place = "kind: NetworkPolicy, namespace: shop, name: deny"
    asking.write("netwright.yaml", f"accepted: [{{code: NW1010, {place}, reason: r, expires: 2027-03-01}}]\n")
    found = asking.check("m", "--today", "2027-03-01")
    assert ("NW1010", "accepted") in states(found["findings"])
    assert found["notes"] == []


def test_a_namespace_narrows_what_is_said_of_objects_and_not_of_texts(asking: Asking) -> None:
    twice = (
        TWICE
        + WIDGET.format(name="a", namespace="shop")
        + "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n"
    )
    asking.write("m/a.yaml", twice)
    asking.write("m/b.yaml", pods("other", namespace="bank"))
    asking.write("m/values.yaml", "a: 1\n")
    every = {f["code"] for f in asking.check("m", "-n", "shop")["findings"]}
    assert every >= {"NW1009", "NW1010", "NW1011"}
    bank = {f["code"] for f in asking.check("m", "-n", "bank")["findings"]}
    assert bank == {"NW1011", "NW3003"}


def test_python_takes_fingerprints_and_findings_that_are_known(asking: Asking) -> None:
    asking.write("m/a.yaml", pods("web"))
    (before,) = nw.load("m").check().findings
    asking.write("m/a.yaml", pods("api", "web"))
    for known, state in (
        (before.fingerprint, "known"),
        (Known(fingerprint=before.fingerprint), "known"),
        (Known(fingerprint=before.fingerprint, workloads=before.workloads), "new"),
    ):
        assert [f.state for f in nw.load("m").check(baseline=[known]).findings] == [state]
