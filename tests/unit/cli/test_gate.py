"""`check` as a user runs it: exit codes, what counts, configuration, baselines, intents."""

from __future__ import annotations

import html
import json
import shlex
from pathlib import Path
from xml.etree import ElementTree

import pytest

from netwright.cli.main import run

PODS = """\
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}},
 spec: {containers: [{name: c, image: web:1, ports: [{name: http, containerPort: 8080}]}]}}
"""
DENY = """\
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: shop},
 spec: {podSelector: {}, policyTypes: [Ingress, Egress]}}
"""
DEAD = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
    - from: [{podSelector: {}}]
      ports: [{port: https}]
"""

FOLDERS = {
    "clean": (PODS, DENY),
    "half": (PODS, DENY.replace("[Ingress, Egress]", "[Ingress]")),
    "open": (PODS,),
    "dead": (PODS, DENY, DEAD),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, texts in FOLDERS.items():
        (tmp_path / name).mkdir()
        for number, text in enumerate(texts):
            (tmp_path / name / f"{number}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def ask(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(arguments)
    captured = capfd.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize(
    ("folder", "fail_on", "code"),
    [
        ("clean", "info", 0),
        ("open", "error", 0),
        ("open", "warning", 1),
        ("dead", "error", 1),
        ("dead", "never", 0),
    ],
)
def test_exit_codes(here: Path, capfd: pytest.CaptureFixture[str], folder: str, fail_on: str, code: int) -> None:
    assert ask(capfd, "check", folder, "--fail-on", fail_on)[0] == code
    got, out, _ = ask(capfd, "check", folder, "--fail-on", fail_on, "-o", "json")
    assert got == code
    assert bool(json.loads(out)["exit_reasons"]) == bool(code)


def test_text_shows_the_line_what_is_there_and_the_cure(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    _, out, err = ask(capfd, "check", "dead")
    assert err == ""
    assert out.startswith("1 error\n1 of 1 workloads isolated both ways\n")
    assert "error[NW2104]: rule allows nothing on `https`" in out
    assert "dead/2.yaml:8:22  NetworkPolicy shop/web" in out
    assert "^^^^^^^ no pod has it" in out
    assert "= help    use one of `http TCP 8080`" in out
    assert out.splitlines()[-1].startswith("1 error · ")
    assert out.splitlines()[-1].endswith("exit 1: the answer is no")


def test_information_is_folded_until_it_is_asked_for(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    _, out, _ = ask(capfd, "check", "half", "open")
    assert "info[NW3002]: 1 time: workloads that may go everywhere; --show NW3002 lists" in out
    _, out, _ = ask(capfd, "check", "half", "--show", "NW3002")
    assert "info[NW3002]: 1 of 1 workloads in `shop` may go everywhere" in out
    _, out, _ = ask(capfd, "check", "open")
    assert "warning[NW3003]: no policy isolates anything in `shop`" in out
    assert "NW3003" not in ask(capfd, "check", "open", "--show", "NW3002")[1]
    code, _, err = ask(capfd, "check", "open", "--show", "NW0000")
    assert code == 2
    assert "`NW0000` is no code of a finding" in err


def test_what_is_shown_is_listed_and_all_counts(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    whole = json.loads(ask(capfd, "check", "dead", "-o", "json")[1])
    assert [f["code"] for f in whole["findings"]] == ["NW2104"]
    code, out, _ = ask(capfd, "check", "dead", "--show", "NW3002", "-o", "json")
    assert code == 1
    assert json.loads(out) == whole | {"findings": []}
    code, out, _ = ask(capfd, "check", "dead", "--show", "NW2104", "-o", "json")
    assert (code, json.loads(out)) == (1, whole)
    told = "1 error (1 finding of other codes not shown)"
    for form in ("text", "md", "github"):
        code, out, _ = ask(capfd, "check", "dead", "--show", "NW3002", "-o", form)
        assert (code, told in out, "NW2104" in out) == (1, True, False), form
    assert "not shown" not in ask(capfd, "check", "dead", "--show", "NW2104")[1]
    assert told in html.unescape(ask(capfd, "check", "dead", "--show", "NW3002", "-o", "html")[1])
    twins = json.loads(ask(capfd, "check", ".", "--split", ".", "--show", "NW3003", "-o", "json")[1])["twins"]
    assert {f["code"] for twin in twins for f in twin["findings"]} == {"NW3003"}


def test_what_is_unreadable_comes_first(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (here / "dead/x.yaml").write_text("a: [", encoding="utf-8")
    code, out, _ = ask(capfd, "check", "dead", "-o", "json")
    found = json.loads(out)
    assert code == 3
    assert [r[:2] for r in found["exit_reasons"]] == ["3:", "1:"]
    assert [f["code"] for f in found["findings"]] == ["NW1001"]
    reason = "what could not be read may hold what it misses"
    assert found["withheld"] == [{"code": "NW2104", "findings": 1, "reason": reason}]


def test_a_baseline_lets_pass_what_is_known_and_nothing_else(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert ask(capfd, "check", "dead", "-o", "json", "--out", "known.json")[0] == 1
    code, out, _ = ask(capfd, "check", "dead", "--baseline", "known.json")
    assert (code, out.splitlines()[-1].partition(" · ")[0]) == (0, "nothing new (1 known)")
    assert "NW2104" not in out
    assert "(known)" in ask(capfd, "check", "dead", "--baseline", "known.json", "--all")[1]
    second = DEAD.replace("https", "metrics").replace("name: web,", "name: two,")
    (here / "dead/9.yaml").write_text(second, encoding="utf-8")
    code, out, _ = ask(capfd, "check", "dead", "--baseline", "known.json")
    assert code == 1
    assert "metrics" in out
    assert "https" not in out


def test_findings_are_accepted_until_their_day(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (here / "netwright.yaml").write_text(
        "sources: dead\naccepted: [{code: NW2104, name: web, reason: the port comes next week, expires: 2027-03-01}]\n",
        encoding="utf-8",
    )
    code, out, _ = ask(capfd, "check", "--today", "2027-03-01")
    assert (code, out.splitlines()[-1].partition(" · ")[0]) == (0, "nothing new (1 accepted)")
    code, out, _ = ask(capfd, "check", "--today", "2027-03-02")
    assert code == 1
    assert "netwright.yaml:2: NW2104 was accepted until 2027-03-01 and counts again" in out
    assert "no finding agrees with this acceptance of NW2104" in ask(capfd, "check", "clean")[1]
    code, _, err = ask(capfd, "check", "--today", "tomorrow")
    assert code == 2
    assert "`tomorrow` is no day" in err


def test_an_acceptance_that_another_network_has_use_for_is_not_told_as_unused(
    here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    accepted = "- {{code: NW2104, namespace: {namespace}, reason: later, expires: 2028-01-01}}\n"
    each = "".join(accepted.format(namespace=n) for n in ("shop", "gone"))
    (here / "netwright.yaml").write_text(f"accepted:\n{each}", encoding="utf-8")
    both = ("check", ".", "--split", ".", "-o", "json")
    told = [twin["outdated"] for twin in json.loads(ask(capfd, *both)[1])["twins"]]
    assert len(told) > 1
    assert [[one["line"] for one in each] for each in told] == [[3]] * len(told)
    narrowed = json.loads(ask(capfd, "check", "dead", "-n", "shop", "-o", "json")[1])
    assert narrowed["outdated"] == [], "what is accepted elsewhere was not looked for"


def test_outdated_acceptances_are_told_in_every_format(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (here / "netwright.yaml").write_text(
        "sources: dead\naccepted:\n"
        "- {code: NW2104, reason: the port comes next week, expires: 2027-03-01}\n"
        "- {code: NW3003, reason: later, expires: 2028-01-01}\n",
        encoding="utf-8",
    )
    expired = "NW2104 was accepted until 2027-03-01 and counts again"
    unused = "no finding agrees with this acceptance of NW3003; delete it"
    told = [f"netwright.yaml:3: {expired}", f"netwright.yaml:4: {unused}"]

    def asked(form: str, *more: str) -> tuple[str, str]:
        code, out, err = ask(capfd, "check", "--today", "2027-03-02", "-o", form, *more)
        assert code == 1
        return out, err

    found = json.loads(asked("json")[0])
    assert found["notes"] == told
    assert found["outdated"] == [
        {"code": "NW2104", "state": "expired", "told": expired, "file": "netwright.yaml", "line": 3},
        {"code": "NW3003", "state": "unused", "told": unused, "file": "netwright.yaml", "line": 4},
    ]
    lines = asked("github")[0].splitlines()
    at = "file=netwright.yaml,line={0},endLine={0},title=an acceptance of"
    assert f"::warning {at.format(3)} NW2104 is expired::{expired}." in lines
    assert (
        f"::notice {at.format(4)} NW3003 is unused::No finding agrees with this acceptance of NW3003; delete it."
        in lines
    )
    cases = {
        case.get("name"): case
        for case in ElementTree.fromstring(asked("junit")[0]).iter("testcase")
        if case.get("classname") == "netwright.check.acceptances"
    }
    assert [(c.get("file"), c.get("line"), c.findtext("system-out")) for c in cases.values()] == [
        ("netwright.yaml", "3", told[0]),
        ("netwright.yaml", "4", told[1]),
    ]
    assert list(cases) == ["the acceptance of NW2104 is expired", "the acceptance of NW3003 is unused"]
    for form in ("csv", "jsonl"):
        assert asked(form)[1].splitlines() == told, form
        assert asked(form, "-q")[1] == "", form


def test_the_configuration_is_overruled_by_the_command_line(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (here / "netwright.yaml").write_text(
        "sources: dead\npod-cidr: 10.1.0.0/16\nseverities: {NW2104: info, NW3002: ignore}\n", encoding="utf-8"
    )
    _, out, _ = ask(capfd, "check", "-o", "json")
    found = json.loads(out)
    assert [f["severity"] for f in found["findings"]] == ["info"]
    assert [i["source"] for i in found["inputs"]] == ["dead"]
    assert [f["code"] for f in json.loads(ask(capfd, "check", "open", "-o", "json")[1])["findings"]] == ["NW3003"]
    assert "10.1.0.0/16" in ask(capfd, "show", "networks")[1]
    assert "10.2.0.0/16" in ask(capfd, "show", "networks", "--pod-cidr", "10.2.0.0/16")[1]
    (here / "other.yaml").write_text("sources: open\n", encoding="utf-8")
    assert "NW3003" in ask(capfd, "check", "--config", "other.yaml")[1]
    (here / "netwright.yaml").write_text("sourcs: dead\n", encoding="utf-8")
    code, _, err = ask(capfd, "reach", "open")
    assert code == 2
    assert "netwright.yaml:1:1: unknown key `sourcs`; did you mean `sources`?" in err
    (here / "netwright.yaml").write_text("sources: open\ncni: foo\n", encoding="utf-8")
    code, _, err = ask(capfd, "reach")
    assert (code, err.splitlines()[0][:37]) == (2, "error: netwright.yaml:2:6: `cni`: `fo")
    (here / "netwright.yaml").write_text("# nothing yet\n", encoding="utf-8")
    assert ask(capfd, "reach", "open")[0] == 0


def test_a_range_of_pods_is_written_without_bits_beyond_its_prefix(
    here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code, _, err = ask(capfd, "reach", "open", "--pod-cidr", "fd00::/64,10.1.2.3/8")
    assert code == 2
    assert "`10.1.2.3/8` has bits set beyond its prefix length: write `10.0.0.0/8`, or `10.1.2.3/32`" in err
    assert ask(capfd, "reach", "open", "--pod-cidr", "fd00::/64,10.1.2.3")[0] == 0


@pytest.mark.parametrize(
    ("cidr", "what"),
    [
        ("127.0.0.0/8", "loopback"),
        ("224.0.0.0/4", "multicast"),
        ("ff02::/16", "multicast"),
        ("0.0.0.0/8", "unspecified"),
        ("::ffff:10.0.0.0/104", "IPv4 written as IPv6"),
    ],
)
def test_a_range_of_pods_is_of_addresses_that_pods_have(
    here: Path, capfd: pytest.CaptureFixture[str], cidr: str, what: str
) -> None:
    code, _, err = ask(capfd, "reach", "open", "--pod-cidr", f"10.0.0.0/8,{cidr}")
    assert code == 2
    assert err.startswith(f"error: `{cidr}` is {what}: no pod has an address of it\n")
    (here / "netwright.yaml").write_text(f'pod-cidr: "{cidr}"\n', encoding="utf-8")
    code, _, err = ask(capfd, "reach", "open")
    assert code == 2
    assert f"`pod-cidr`: `{cidr}` is {what}" in err


def test_intents_decide_the_exit_code(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (here / "i.yaml").write_text("- {name: closed, deny: {from: internet, to: ns/shop}}\n", encoding="utf-8")
    code, out, _ = ask(capfd, "check", "clean", "--intents", "i.yaml")
    assert code == 0
    assert "1 intent: 1 hold" in out
    code, out, _ = ask(capfd, "check", "open", "--intents", "i.yaml")
    assert code == 1
    assert "error[intent]: closed\n   ┌ i.yaml:1\n" in out
    assert "1 intent: 0 hold · 1 broken" in out
    (here / "i.yaml").write_text("- {name: open, deny: {from: internet, to: shop/nix}}\n", encoding="utf-8")
    code, out, _ = ask(capfd, "check", "clean", "--intents", "i.yaml", "-o", "json")
    assert code == 4
    assert json.loads(out)["undecided_counts"][0]["reason"].startswith("`shop/nix` is not in the input")


def test_intents_are_written_from_what_holds(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, _, err = ask(capfd, "check", "clean", "--write-intents", "new.yaml")
    assert code == 0
    assert "2 intents that hold today" in err
    code, out, _ = ask(capfd, "check", "clean", "--intents", "new.yaml")
    assert code == 0
    assert "2 intents: 2 hold" in out
    assert ask(capfd, "check", "clean", "--write-intents", "new.yaml")[0] == 2, "never overwritten without --force"


def test_intents_are_written_of_what_could_be_read_and_the_rest_is_told(
    here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (here / "clean/x.yaml").write_text("kind: NetworkPolicy\na: [", encoding="utf-8")
    code, _, err = ask(capfd, "check", "clean", "--write-intents", "new.yaml")
    assert code == 3
    assert "error[NW1001]" in err
    assert "clean/x.yaml" in err
    code, out, _ = ask(capfd, "check", "clean", "--intents", "new.yaml", "-o", "json")
    assert code == 3
    assert all(intent["verdict"] == "holds" for intent in json.loads(out)["intents"])


def test_intents_on_standard_output(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = ask(capfd, "check", "-f", "clean", "--write-intents", "-")
    assert code == 0
    assert not (here / "-").exists()
    assert err == "2 intents that hold today: `netwright check -f clean --intents FILE` proves them\n"
    (here / "i.yaml").write_text(out, encoding="utf-8")
    assert "2 intents: 2 hold" in ask(capfd, "check", "clean", "--intents", "i.yaml")[1]
    assert ask(capfd, "check", "clean", "-q", "--write-intents", "-")[1:] == (out, "")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--fail-on", "error"), "`--fail-on` means nothing"),
        (("-o", "json", "--out", "x.json"), "`-o`, `--out` mean nothing"),
        (("--baseline", "nix"), "`--baseline` means nothing"),
        (("--intents", "nix", "--today", "never"), "`--intents`, `--today` mean nothing"),
        (("--show", "NW3002", "--all", "-n", "shop"), "`--show`, `--all`, `-n` mean nothing"),
        (("--watch", "-A"), "`-A`, `--watch` mean nothing"),
    ],
)
def test_options_that_mean_nothing_where_intents_are_written(
    here: Path, capfd: pytest.CaptureFixture[str], more: tuple[str, ...], told: str
) -> None:
    code, out, err = ask(capfd, "check", "clean", "--write-intents", "new.yaml", *more)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {told} beside --write-intents, which tells no findings\n")
    assert not (here / "new.yaml").exists()


def test_commands_that_are_told_name_the_sources(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (here / "my pods").mkdir()
    (here / "my pods/all.yaml").write_text(PODS, encoding="utf-8")
    given = ("my pods", "-f", "half/1.yaml", "--pod-cidr", "10.1.0.0/16")
    err = ask(capfd, "check", *given, "--write-intents", "i.yaml")[2]
    told = "netwright check 'my pods' -f half/1.yaml --pod-cidr 10.1.0.0/16 --intents i.yaml"
    assert f"`{told}` proves them" in err
    assert ask(capfd, *shlex.split(told)[1:])[0] == 0
    (here / "i.yaml").write_text("- {name: shut, deny: {from: shop/web, to: internet}}\n", encoding="utf-8")
    (answer,) = json.loads(ask(capfd, *shlex.split(told)[1:], "-o", "json")[1])["intents"]
    why = answer["witness"]["why"]
    assert why.endswith(" -f 'my pods' -f half/1.yaml --pod-cidr 10.1.0.0/16")
    assert ask(capfd, *shlex.split(why)[1:])[0] == 0
    (here / "netwright.yaml").write_text("sources: open\nintents: i.yaml\n", encoding="utf-8")
    (answer,) = json.loads(ask(capfd, "check", "-o", "json")[1])["intents"]
    assert " -f " not in answer["witness"]["why"], "the configuration names the sources for it too"
    assert "`netwright check --intents new.yaml`" in ask(capfd, "check", "--write-intents", "new.yaml")[2]
    twins = json.loads(ask(capfd, "check", ".", "--split", ".", "-o", "json")[1])["twins"]
    whys = [intent["witness"]["why"] for twin in twins for intent in twin["intents"] if intent["witness"]]
    assert [why.rpartition(" -f ")[2] for why in whys] == ["half", "'my pods'", "open"]


def test_each_folder_of_a_split_is_a_network_of_its_own(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ask(capfd, "check", ".", "--split", ".", "--fail-on", "warning")
    assert code == 1
    assert "NW1010" not in out, "names may stand in each"
    assert out.splitlines()[0] == "clean"
    assert out.splitlines()[-1].startswith("4 networks, 2 of them not passed · ")
    code, out, _ = ask(capfd, "check", ".", "--split", ".", "-o", "json", "--out", "known.json")
    assert code == 1
    twins = json.loads((here / "known.json").read_text())["twins"]
    assert [(t["name"], t["counts"]["error"], t["exit_reasons"]) for t in twins] == [
        ("clean", 0, []),
        ("dead", 1, ["1: the answer is no"]),
        ("half", 0, []),
        ("open", 0, []),
    ]
    assert ask(capfd, "check", ".", "--split", ".", "--baseline", "known.json", "--fail-on", "info")[0] == 0
    assert ask(capfd, "check", ".", "--split", ".", "-n", "shop", "--fail-on", "never")[0] == 0
    code, _, err = ask(capfd, "check", ".", "--split", ".", "-n", "nix")
    assert (code, "`nix`" in err) == (2, True)
    code, _, err = ask(capfd, "check", ".", "--split", ".", "-o", "sarif")
    assert (code, "several twins are told as text or JSON" in err) == (2, True)
