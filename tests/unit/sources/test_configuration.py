"""`netwright.yaml`, intents and baselines: what is read, and one error with its line for what is not understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from netwright.base.errors import UsageError
from netwright.model.configuration import Accepted, Configuration, Intent
from netwright.model.finding import Known
from netwright.profiles.known import profile_of
from netwright.sources import read
from netwright.sources.configuration import read_baseline, read_configuration, read_intents

WHOLE = """\
sources: [manifests, "git:main:deploy"]
cni: upstream
pod-cidr: 10.244.0.0/16
kustomize: true
severities: {NW3002: ignore, NW3001: error}
accepted:
  - code: NW3001
    namespace: legacy
    reason: moves out
    expires: 2027-01-31
intents:
  - more.yaml
  - name: api only
    only: {from: shop/api, to: [shop/db, shop/cache], ports: [5432, UDP/53, "6000-6001, 7000"]}
    reason: card data
    severity: warning
"""
MORE = """\
- name: apart
  apart: {tenants: team}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/netwright.yaml").write_text(WHOLE, encoding="utf-8")
    (tmp_path / "conf/more.yaml").write_text(MORE, encoding="utf-8")
    return tmp_path / "conf"


def test_all_of_it(folder: Path) -> None:
    file = str(folder / "netwright.yaml")
    found = read_configuration(file)
    assert found.sources == (str(folder / "manifests"), "git:main:deploy")
    assert (found.cni, found.pod_cidr, found.kustomize) == ("upstream", ("10.244.0.0/16",), True)
    assert found.severities == {"NW3002": "ignore", "NW3001": "error"}
    assert found.accepted == (
        Accepted(code="NW3001", namespace="legacy", reason="moves out", expires="2027-01-31", file=file, line=7),
    )
    assert found.intents == (
        Intent(name="apart", verb="apart", tenants="team", file=str(folder / "more.yaml"), line=1),
        Intent(
            name="api only",
            verb="only",
            sources=("shop/api",),
            destinations=("shop/db", "shop/cache"),
            ports=("5432", "UDP/53", "6000-6001", "7000"),
            reason="card data",
            severity="warning",
            file=file,
            line=13,
        ),
    )


def test_intents_stand_in_a_list_or_under_their_key(tmp_path: Path) -> None:
    for text in (MORE, "intents:\n- name: apart\n  apart: {tenants: team}\n"):
        (tmp_path / "i.yaml").write_text(text, encoding="utf-8")
        assert [i.tenants for i in read_intents(str(tmp_path / "i.yaml"))] == ["team"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sources: [a\n", r"netwright.yaml:2:1: not valid YAML"),
        ("{}\n---\n{}\n", r"netwright.yaml: one YAML document is expected, found 2"),
        ("pod_cidr: 10.0.0.0/8\n", r"netwright.yaml:1:1: unknown key `pod_cidr`; did you mean `pod-cidr`\?"),
        ("---\ncni: upstream\nsourcs:\n- a\n", r"netwright.yaml:3:1: unknown key `sourcs`; did you mean `sources`\?"),
        ("zone: a\n", r"netwright.yaml:1:1: unknown key `zone`$"),
        ("a: &a {zone: b}\naccepted: []\n", r"netwright.yaml:1:1: unknown key `a`"),
        ("accepted:\n", r"netwright.yaml:1:1: `accepted` has no value; a list is expected"),
        ("cni: upstream\nsources:\n", r"netwright.yaml:2:1: `sources` has no value; text or a list is expected"),
        ("kustomize: 1\n", r"netwright.yaml:1:12: `kustomize`: `true` or `false` is expected, found a number"),
        ("- sources\n", r"netwright.yaml:1:1: a mapping is expected, found a list"),
        ("sources: a\npod-cidr: 10.0.0.0/99\n", r"netwright.yaml:2:11: `pod-cidr`: `10.0.0.0/99` is not a CIDR"),
        (
            "pod-cidr: [fd00::/64, 10.1.2.3/8]\n",
            r"netwright.yaml:1:23: `pod-cidr`: `10.1.2.3/8` has bits set .*: write `10.0.0.0/8`, or `10.1.2.3/32`",
        ),
        ("# which\ncni: foo\n", r"netwright.yaml:2:6: `cni`: `foo` is not a known CNI profile; known are upstream"),
        ("cni: upstream\nintents: nope.yaml\n", r"netwright.yaml:2:10: `.*nope.yaml` cannot be read: no such file"),
        ("intents:\n- nope.yaml\n", r"netwright.yaml:2:3: `.*nope.yaml` cannot be read: no such file"),
        ("cni: a\ncni: b\n", r"netwright.yaml:2:1: key `cni` is written twice"),
        (
            "severities: {NW3002: loud}\n",
            r":1:22: `NW3002`: one of error, warning, info, ignore is expected, found `loud`",
        ),
        ("severities: {NW3002: }\n", r"`NW3002`: one of error, warning, info, ignore is expected, found `None`"),
        (
            "severities:\n  NW3001: error\n  NW3020: ignore\n",
            r"netwright.yaml:3:3: `NW3020` is no code of a finding; did you mean `NW3002`\?",
        ),
        ("severities: {NW9999: ignore}\n", r"netwright.yaml:1:14: `NW9999` is no code of a finding$"),
        ("severities: {nw3002: ignore}\n", r"netwright.yaml:1:14: `nw3002` is no code .*; did you mean `NW3002`"),
        (
            "accepted:\n- code: NW9999\n  reason: r\n  expires: 2027-01-01\n",
            r"netwright.yaml:2:9: `NW9999` is no code of a finding$",
        ),
        ("intents:\n  - name: x\n", r"netwright.yaml:2:5: an intent has one of .* this one has none"),
        ("intents:\n- {name: x, deny: {from: a, to: b}, apart: {tenants: t}}\n", r":2:3: .*has `deny` and `apart`"),
        ("intents:\n- name: x\n  deny: {from: [], to: b}\n", r":3:9: `from` names nobody"),
        ("intents:\n- name: x\n  deny: {form: a, to: b}\n", r":3:10: unknown key `form`; did you mean `from`"),
        ("intents:\n- apart: {tenants: t}\n", r":2:3: .*object missing required field `name`"),
        (
            "intents:\n- {name: x, apart: {tenants: t}}\n- {name: x, apart: {tenants: u}}\n",
            r":3: an intent `x` is already in .*:2",
        ),
        ("accepted: [{code: NW3001, reason: r, expires: soon}]\n", r":1:47: `soon` is no day; write YYYY-MM-DD"),
        ("accepted: [{code: NW3001, reason: ' ', expires: 2027-01-01}]\n", r"an accepted finding needs a reason"),
        ("accepted: [{code: NW3001, reason: r}]\n", r"missing required field `expires`"),
    ],
)
def test_what_is_not_understood_is_one_error_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "netwright.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=told):
        read_configuration(str(file), profile_of)


def test_the_known_keys_are_told(tmp_path: Path) -> None:
    file = tmp_path / "netwright.yaml"
    for text, told in (
        ("zone: a\n", "the keys there are `sources`, `cni`, `pod-cidr`, `kustomize`, `intents`, `severities`, `acc"),
        ("intents:\n- name: x\n  deny: {fro: a, to: b}\n", "the keys there are `from`, `to`, `ports`; "),
        ("accepted:\n- {codes: NW3003}\n", "the keys there are `code`, `kind`, `namespace`, `name`, `finger"),
    ):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError) as raised:
            read_configuration(str(file))
        assert raised.value.help.startswith(told)


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n# nothing\n", "{}\n"])
def test_nothing_but_comments_is_an_empty_configuration(tmp_path: Path, text: str) -> None:
    file = tmp_path / "netwright.yaml"
    file.write_text(text, encoding="utf-8")
    assert read_configuration(str(file)) == Configuration(file=str(file))
    (tmp_path / "pod.yaml").write_text("{apiVersion: v1, kind: Pod, metadata: {name: a}}", encoding="utf-8")
    reading = read([str(tmp_path)])
    assert (len(reading.documents), list(reading.unread), reading.warnings) == (1, [], [])
    with pytest.raises(UsageError, match="one YAML document is expected, found 0" if text != "{}\n" else "`intents`"):
        read_intents(str(file))


@pytest.mark.parametrize(
    ("ports", "column", "told"),
    [
        ("99999", 33, "`99999` is not a port"),
        ("0-70000", 33, "`0-70000` is not a port"),
        ("90-80", 33, "`90-80` ends before it begins"),
        ("[http, 'TCP/443, 90-80']", 40, "`90-80` ends before it begins"),
        ("-80", 33, "`-80` is not a port"),
        ("80/TCP", 33, "`80/TCP` is not a port"),
        ("'80:90'", 33, "`80:90` is not a port"),
        ("UDP/", 33, "`UDP/` is not a port"),
    ],
)
def test_ports_that_there_are_not_are_an_error_of_the_intent(
    tmp_path: Path, ports: str, column: int, told: str
) -> None:
    file = tmp_path / "i.yaml"
    file.write_text(f"- name: x\n  deny: {{from: a, to: b, ports: {ports}}}\n", encoding="utf-8")
    with pytest.raises(UsageError) as raised:
        read_intents(str(file))
    assert raised.value.message == f"{file}:2:{column}: `ports`: {told}"


def test_ports_are_numbers_ranges_protocols_and_names(tmp_path: Path) -> None:
    file = tmp_path / "i.yaml"
    file.write_text("- name: x\n  deny: {from: a, to: b, ports: [0, 80-80, UDP/53, SCTP, http-alt, UDP/dns, 9p]}\n")
    (intent,) = read_intents(str(file))
    assert intent.ports == ("0", "80-80", "UDP/53", "SCTP", "http-alt", "UDP/dns", "9p")


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", ".", "a\0b"])
def test_what_is_no_regular_file_is_not_read(path: str) -> None:
    for reader in (read_configuration, read_intents, read_baseline):
        with pytest.raises(UsageError, match="cannot be read"):
            reader(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nix.yaml` cannot be read: no such file"):
        read_intents(str(tmp_path / "nix.yaml"))


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "netwright.diff/v1", "findings": []}', '{"findings": 1}'])
def test_a_baseline_is_what_check_wrote(tmp_path: Path, text: str) -> None:
    file = tmp_path / "known.json"
    file.write_text('{"schema": "netwright.check/v1", "findings": [{"fingerprint": "f", "code": "NW1"}]}')
    assert read_baseline(str(file)) == {"": (Known(fingerprint="f"),)}
    file.write_text(text)
    with pytest.raises(UsageError, match="is no baseline"):
        read_baseline(str(file))


def test_our_own_files_in_a_source_are_no_objects_and_no_mistake(folder: Path) -> None:
    (folder / "pod.yaml").write_text("{apiVersion: v1, kind: Pod, metadata: {name: a}}", encoding="utf-8")
    (folder / "values.yaml").write_text("sources: [a]\n", encoding="utf-8")
    (folder / "known.json").write_text('{"schema":"netwright.check/v1","findings":[]}\n', encoding="utf-8")
    reading = read([str(folder)])
    assert [d.kind for d in reading.documents] == ["Pod"]
    assert [u.diagnostic.file for u in reading.unread] == [str(folder / "values.yaml")]
    assert not reading.warnings


def test_hostile_texts_are_refused_in_bounds(tmp_path: Path) -> None:
    file = tmp_path / "i.yaml"
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    for text in (bomb, "[" * 40_000, "intents: \0"):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match=r"i\.yaml"):
            read_intents(str(file))
