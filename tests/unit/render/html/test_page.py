"""One file that needs nothing else: what is text stays text, nothing is loaded, the same input gives the same bytes."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwright.cli.main import run
from netwright.render.escape import plain
from netwright.render.html.elements import Html, name, prose, tag, text
from netwright.render.html.page import json_block, page

SHOP = "examples/shop"
MARKUP = st.sampled_from(["<", ">", "&", '"', "'", "`", "/", "=", "script", "b", "amp;", " ", "-->", "\n", "\u202e"])
ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=40) | st.lists(MARKUP, max_size=12).map("".join)


class Read(HTMLParser):
    """What a browser would make of a page: its elements, its text, the content of its blocks."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.blocks: dict[str, str] = {}
        self._in = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes += [(tag, key, value or "") for key, value in attrs]
        if tag in ("script", "style"):
            self._in = dict(attrs).get("id") or tag

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in:
            self.blocks[self._in] = self.blocks.get(self._in, "") + data
        else:
            self.text.append(data)


def written(verb: str, *arguments: str, folder: Path, code: int | None = None) -> bytes:
    out = folder / "page.html"
    ended = run([verb, *arguments, "-o", "html", "--out", str(out), "--force", "-q"])
    assert code is None or ended == code
    return out.read_bytes()


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with three changes: a selector widened, a Service exposed, a policy added."""
    folder = tmp_path_factory.mktemp("changed")
    for file in Path(SHOP).rglob("*.yaml"):
        to = folder / file.relative_to(SHOP)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    for file, old, new in (
        ("shop/db.yaml", "              tier: frontend\n", ""),
        ("legacy/orders.yaml", "type: NodePort", "type: LoadBalancer"),
    ):
        whole = (folder / file).read_text(encoding="utf-8")
        assert old in whole
        (folder / file).write_text(whole.replace(old, new, 1), encoding="utf-8")
    (folder / "legacy/deny.yaml").write_text(
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: legacy},\n"
        " spec: {podSelector: {matchLabels: {app: mailer}}, policyTypes: [Ingress]}}\n"
    )
    return folder


# --- text stays text --------------------------------------------------------------------------------------------------


@given(ANY_TEXT)
def test_text_and_attributes_are_read_back_as_they_were(value: str) -> None:
    read = Read(tag("p", value, name(value), title=value))
    shown = plain(value)
    assert dict(read.elements) == {"p": 1, "bdi": 1}
    assert "".join(read.text) == shown * 2
    assert ("p", "title", shown) in read.attributes


@given(ANY_TEXT)
def test_prose_loses_no_word(value: str) -> None:
    read = Read(prose(value))
    shown = plain(value)
    assert "".join(read.text) == (shown if value.count("`") % 2 else shown.replace("`", ""))
    assert set(read.elements) <= {"code", "bdi"}


@given(st.recursive(ANY_TEXT, lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner)))
def test_json_in_a_page_is_the_same_json_and_holds_no_markup(value: Any) -> None:
    block = json_block(value)
    assert json.loads(block) == value
    assert not set("<>&\u2028\u2029\u202e\x1b\x9b") & set(block)
    assert Read(f'<script type="application/json" id="x">{block}</script>').blocks["x"] == block


def test_what_is_no_markup_is_text() -> None:
    assert text("<b>") == "&lt;b&gt;"
    assert text(Html("<b>")) == "<b>"
    assert tag("p", None, hidden=True, id=None, aria_label='"') == '<p hidden aria-label="&quot;"></p>'


# --- nothing from elsewhere -------------------------------------------------------------------------------------------


def check_alone(whole: bytes) -> None:
    read = Read(whole.decode())
    policy = next(v for t, k, v in read.attributes if (t, k) == ("meta", "content") and v.startswith("default-src"))
    for block, directive in (("style", "style-src"), ("script", "script-src")):
        digest = base64.b64encode(hashlib.sha256(read.blocks[block].encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    for said in ("default-src 'none'", "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'"):
        assert said in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    loading = [
        (t, k, v)
        for t, k, v in read.attributes
        if k in ("src", "srcset", "data", "action", "formaction", "poster", "background", "ping", "style")
        or (k == "href" and not v.startswith("#"))
        or k.startswith("on")
    ]
    assert loading == []
    assert not {"link", "iframe", "img", "object", "embed", "form", "base"} & set(read.elements)
    ids = [v for _, k, v in read.attributes if k == "id"]
    assert len(ids) == len(set(ids))
    for _, k, v in read.attributes:
        if k == "href":
            assert v[1:] in ids


def test_the_pages_load_nothing(tmp_path: Path, changed: Path) -> None:
    check_alone(written("check", SHOP, folder=tmp_path, code=0))
    check_alone(written("diff", SHOP, str(changed), folder=tmp_path, code=1))


def test_the_style_and_the_script_name_no_address_and_make_no_markup() -> None:
    own = {file: (files("netwright.render.html") / file).read_text("utf-8") for file in ("page.css", "page.js")}
    assert not re.search(r"url\(|@import|https?:|expression\(", own["page.css"])
    script = own["page.js"].replace("http://www.w3.org/2000/svg", "")
    making = ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(", "import(", "<script")
    loading = ("fetch(", "XMLHttp", "WebSocket", "sendBeacon", "http:", "https:")
    for word in (*making, *loading):
        assert word not in script, word
    assert "</" not in own["page.js"] + own["page.css"]


# --- what it holds ----------------------------------------------------------------------------------------------------


def test_the_page_of_check_holds_the_answer_that_json_gives(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    read = Read(written("check", SHOP, "--fail-on", "warning", folder=tmp_path, code=1).decode())
    capfd.readouterr()
    assert run(["check", SHOP, "--fail-on", "warning", "-o", "json", "-q"]) == 1
    assert json.loads(read.blocks["answer"]) == json.loads(capfd.readouterr().out)


def test_the_page_of_diff_holds_the_answer_that_json_gives(
    tmp_path: Path, changed: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    read = Read(written("diff", SHOP, str(changed), folder=tmp_path, code=1).decode())
    capfd.readouterr()
    assert run(["diff", SHOP, str(changed), "-o", "json", "-q"]) == 1
    assert json.loads(read.blocks["answer"]) == json.loads(capfd.readouterr().out)


SHUT = """\
{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: a, labels: {app: p}},
 spec: {containers: [{name: c, image: c}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: p, namespace: a},
 spec: {type: NodePort, externalTrafficPolicy: Local, selector: {app: p}, ports: [{port: 80, nodePort: 30080}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: shut, namespace: a},
 spec: {podSelector: {}, policyTypes: [Ingress]}}
"""


def test_findings_are_told_without_a_script(tmp_path: Path) -> None:
    read = Read(written("check", SHOP, folder=tmp_path).decode())
    told = " ".join("".join(read.text).split())
    answer = json.loads(read.blocks["answer"])
    assert len(answer["findings"]) == read.elements["article"] > 5
    for finding in answer["findings"]:
        place = f"{finding['file']}:{finding['line']}" if finding["file"] else ""
        words = " ".join(finding["title"].replace("`", "").split())
        for part in (finding["code"], place, finding["owner"], words):
            assert part in told
    for given_ in answer["inputs"]:
        assert given_["digest"] in told
    for said in (answer["version"], *answer["assumptions"]):
        assert said.replace("`", "") in told


def test_intents_and_what_is_known_are_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    intents = tmp_path / "intents.yaml"
    intents.write_text(
        "intents:\n"
        "- {name: db is for api, deny: {from: deploy/shop/api, to: sts/shop/db, ports: 5432}, reason: audit}\n"
        "- {name: the shop asks payments, allow: {from: deploy/shop/api, to: deploy/payments/gateway, ports: 8443}}\n"
    )
    assert run(["check", SHOP, "-o", "json", "-q", "--out", str(tmp_path / "known.json")]) == 0
    words = ["--intents", str(intents), "--baseline", str(tmp_path / "known.json")]
    read = Read(written("check", SHOP, *words, folder=tmp_path, code=1).decode())
    told = " ".join("".join(read.text).split())
    assert "✗ Failed" in told
    assert "2 intents: 1 hold · 1 broken" in told
    assert "✗ broken" in told
    assert "✓ holds" in told
    assert f"{intents}:2" in told
    answer = json.loads(read.blocks["answer"])
    assert {f["state"] for f in answer["findings"]} == {"known"}
    assert told.count("(known)") == len(answer["findings"])
    assert read.elements["article"] == len(answer["findings"]) + 1
    capfd.readouterr()


def test_what_fails_is_what_the_head_counts_first(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """No "0 new errors" beside a failure that intents are."""
    intents = tmp_path / "intents.yaml"
    intents.write_text(
        "- {name: a, deny: {from: deploy/shop/api, to: sts/shop/db, ports: 5432}, reason: the audit of spring}\n"
        "- {name: b, deny: {from: deploy/shop/api, to: sts/shop/db, ports: 5432}, severity: info}\n"
    )
    words = ["--intents", str(intents)]
    read = Read(written("check", SHOP, *words, folder=tmp_path, code=1).decode())
    told = " ".join("".join(read.text).split())
    assert "✗ Failed · 1 broken intent at or over error ·" in told
    assert told.index("intents broken") < told.index("new errors")
    assert "intent a is broken" in told.replace("`", "")
    assert "is allowed (why it must hold: the audit of spring)" in told
    read = Read(written("check", SHOP, *words, "--fail-on", "warning", folder=tmp_path, code=1).decode())
    assert "7 new findings and 1 broken intent at or over warning" in " ".join("".join(read.text).split())
    capfd.readouterr()


def test_a_way_that_is_shut_is_called_what_show_exposed_calls_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shut.yaml").write_text(SHUT, encoding="utf-8")
    assert run(["show", "exposed", str(tmp_path / "shut.yaml")]) == 0
    assert "CLOSED" in capfd.readouterr().out.upper()
    read = Read(written("check", str(tmp_path / "shut.yaml"), folder=tmp_path).decode())
    told = " ".join("".join(read.text).split())
    assert "– closed" in told
    assert "– denied" not in told


def test_only_the_codes_that_are_shown_stand_on_the_page(tmp_path: Path) -> None:
    whole, part = (
        Read(written("check", SHOP, *words, folder=tmp_path).decode()) for words in ((), ("--show", "NW3101"))
    )
    codes = [f["code"] for f in json.loads(whole.blocks["answer"])["findings"]]
    assert part.elements["article"] == codes.count("NW3101") < whole.elements["article"]
    assert part.blocks["answer"] == whole.blocks["answer"]


def test_of_many_findings_the_first_stand_with_their_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Read(written("check", SHOP, folder=tmp_path).decode())
    monkeypatch.setattr("netwright.render.html.findings.MOST_IN_FULL", 1)
    after = Read(written("check", SHOP, folder=tmp_path).decode())
    assert after.elements["article"] == before.elements["article"]
    assert 0 < after.elements["pre"] < before.elements["pre"]
    assert "the first 1 stand with their lines" in " ".join(after.text)
    assert after.blocks["answer"] == before.blocks["answer"]


def test_a_folder_that_is_partly_read_is_not_passed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.yaml").write_text("kind: NetworkPolicy\nmetadata: {name: {half\n")
    told = " ".join(Read(written("check", str(tmp_path / "in"), folder=tmp_path, code=3).decode()).text)
    assert "✗ Incomplete" in told
    assert "✓ Passed" not in told
    assert "NW1001" in told


def test_the_same_input_gives_the_same_bytes(tmp_path: Path, changed: Path) -> None:
    for words in (["check", SHOP], ["diff", SHOP, str(changed)]):
        made = []
        for seed in ("1", "2"):
            command = [sys.executable, "-m", "netwright", *words, "-o", "html", "-q"]
            environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": "src"}
            made.append(subprocess.run(command, env=environment, capture_output=True, check=False).stdout)
        assert made[0] == made[1]
        assert len(made[0]) > 50_000


def test_a_small_page_of_any_content_is_whole() -> None:
    made = page(title="</title><b>", body=tag("p", "{{ script }}"), data={"network": {"a": "{{ body }}"}})
    read = Read(made.decode())
    assert "b" not in read.elements
    assert "{{ script }}" in "".join(read.text)
    assert json.loads(read.blocks["network"]) == {"a": "{{ body }}"}
