"""A redacted snapshot has the verdicts of the snapshot, under the names that its objects have now."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

import netwright as nw
from netwright.base.errors import UsageError
from netwright.model.finding_codes import finding_codes
from netwright.model.outside_ports import INTERNAL_BALANCERS
from netwright.store import vocabulary
from netwright.store.files import Folder
from netwright.store.pseudonyms import KNOWN, Pseudonyms
from netwright.store.reading import Found, find, stored
from netwright.store.redacting import Redacted, redacted
from netwright.store.taking import Stored, take, write
from tests import (
    agreement_calico,
    agreement_cilium,
    agreement_profiles,
    random_calico,
    random_cilium,
    random_clusters,
    random_istio,
    random_machines,
    random_networks,
    random_ovn,
)

LANGUAGES = ("kubernetes", "machines", "cilium", "calico", "istio", "ovn", "networks")
CLUSTERS = 4
ENDS = 6
RANGES = "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 203.0.113.0/24 192.0.2.0/24 198.51.100.0/24 0.0.0.0/0 ::/0 fd00::/8"
RANGES += " 2001:db8::/32 203.0.112.0/23 0.0.0.0 127.0.0.1 255.255.255.255"
"""Ranges and addresses that everybody has, and ranges that hold one of these: they stay."""
GRAMMAR = "all global has contains starts ends with not in gateway sidecar NONE".split()  # noqa: SIM905
"""Words of Calico's selectors and of templates."""
KEYS = sorted(vocabulary.KEYS, key=len, reverse=True)
SOURCES = "|".join(vocabulary.SOURCES - {"reserved"})
"""What Cilium puts before the keys of labels."""
CLOUD_INIT = {"version", "config", "type", "physical", "mac_address", "subnets", "static", "address"}
Object = dict[str, Any]
KINDS_OF_ENDS = frozenset(
    "pod svc node vm vmi vmirs vmpool deploy sts ds rs rc job cronjob cidr fqdn udn cudn nad".split()  # noqa: SIM905
)


def cases(language: str, number: int) -> tuple[list[Object], list[Object], dict[str, Any]]:
    """Objects of a random cluster, questions, and what is given beside the sources."""
    if language in ("kubernetes", "machines"):
        case = random_clusters.cluster(number, tuples=30)
        if language == "machines":
            case = random_machines.with_machines(case)
        return case.manifests, case.queries, {"pod_cidr": case.pod_cidrs}
    if language == "networks":
        many = random_networks.cluster(number, tuples=30)
        told = [_asked(query) for query in many.queries]
        return many.manifests, told, {"cni": "ovn-kubernetes"}
    maker: Any = {"cilium": random_cilium, "calico": random_calico, "istio": random_istio, "ovn": random_ovn}[language]
    profiles: Any = {"cilium": agreement_cilium, "calico": agreement_calico}.get(language, agreement_profiles)
    configs = getattr(maker, "CONFIGS", None)
    one = maker.cluster(number, 30, configs[number % len(configs)]) if configs else maker.cluster(number, 30)
    return one.manifests, [_asked(query) for query in one.queries], {"cni": profiles.profile_name(one.config)}


def _asked(query: Any) -> Object:
    source, target, protocol, port, *network = query
    asked: Object = {"from": source, "to": target, "protocol": protocol}
    asked |= {"icmp": {"type": port}} if protocol.startswith("ICMP") else {"port": port}
    return asked | ({"network": network[0]} if network and network[0] else {})


def renamed(ref: str, now: Redacted) -> str:
    head, slash, rest = ref.partition("/")
    if slash and head in KINDS_OF_ENDS:
        return f"{head}/{renamed(rest, now)}"
    ref, hash_, port = ref.partition(":") if ref.count(":") == 1 else (ref, "", "")
    return now.pseudonyms.text(ref) + hash_ + port if ref not in ("internet", "pod") else ref + hash_ + port


def with_new_names(query: Object, now: Redacted) -> Object:
    return query | {key: renamed(query[key], now) for key in ("from", "to", "network") if key in query}


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(one)


def answers(twin: nw.Twin, queries: list[Object]) -> list[Any]:
    found: list[Any] = []
    for query in queries:
        try:
            (e,) = twin.eval([query])
        except UsageError:
            found.append("no such question")
        else:
            found.append((e.verdict, len(e.by), len(e.undecided), len(e.when)))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_verdicts_are_the_same_up_to_names(tmp_path: Path, seed: int, language: str) -> None:
    told: Counter[str] = Counter()
    for number in range(seed % 100_000, seed % 100_000 + CLUSTERS):
        manifests, queries, options = cases(language, number)
        source = tmp_path / f"{number}.json"
        source.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))
        twin = nw.load(str(source), **options)
        store = Folder(str(tmp_path / "store"))
        snapshot = twin.snapshot
        taken = take(store, snapshot.reading, snapshot.objects, twin.provenance, cni=twin.cni, pod_cidrs=twin.pod_cidrs)
        now = redacted(find(taken, store.path), b"%d" % number, also=[t for q in queries for t in texts(q)])
        other = write(store, now.documents, now.manifest, now.rest, lines={}, counts={}, digests={})
        before = nw.load(f"snapshot:{taken}", store=store.path)
        after = nw.load(f"snapshot:{other}", store=store.path)
        assert before.accounting == after.accounting, (number, [d.title for d in after.diagnostics])
        ends = [row.ref for row in before.show("endpoints").rows if row.ref.startswith("pod/")][:ENDS]
        pairs = [{"from": a, "to": b, "protocol": "TCP", "port": 80} for a in ends for b in ends]
        asked = pairs + queries
        found = answers(before, asked)
        again = answers(after, [with_new_names(query, now) for query in asked])
        for query, one, other_one in zip(asked, found, again, strict=True):
            assert one == other_one, (
                f"{language} cluster {number}: {query} is {one}, renamed {with_new_names(query, now)}: {other_one}"
            )
        told.update(one[0] for one in found)
        exposed = [
            sorted((r.verdict, r.port, len(r.chain)) for r in twin.show("exposed").rows) for twin in (before, after)
        ]
        assert exposed[0] == exposed[1], f"{language} cluster {number}"
    assert {"allow", "deny"} <= told.keys(), told
    assert told["no such question"] < sum(told.values()) / 3, told


@pytest.mark.parametrize(
    "pattern", ["b*k", "*an*", "ba*", "*nk", "ba*.example.*rg", "kube-*", "k*", "*em", "*-s*", "d*"]
)
def test_names_match_the_patterns_that_they_matched(pattern: str) -> None:
    """Names that stay too."""
    ending = ".example.org" if "." in pattern else ""
    names = [f"{name}{ending}" for name in ("bank", "shop", "anchor", "kube-system", "kube-bank", "dog", "egg", "k8s")]
    for key in range(10):
        pseudonyms = Pseudonyms(b"%d" % key)
        for text in (pattern, *names):
            pseudonyms.text(text)
        pseudonyms.draw()
        for name in names:
            assert fnmatchcase(pseudonyms.text(name), pseudonyms.text(pattern)) is fnmatchcase(name, pattern), name


@pytest.mark.parametrize("text", ["k", "kube-", "-system", "s", "sys", "bank", "kube-system"])
def test_names_have_the_parts_that_they_had(text: str) -> None:
    names = ["bank", "shop", "kube-system", "kube-bank", "dog", "egg", "kube-systems", "pods"]
    for operator in ("begins", "ends", "within"):
        pseudonyms = Pseudonyms(b"k")
        asked = getattr(pseudonyms, operator)
        for name in asked(text) and names:
            pseudonyms.text(name)
        pseudonyms.draw()
        has = {"begins": str.startswith, "ends": str.endswith, "within": str.__contains__}[operator]
        for name in names:
            assert has(pseudonyms.text(name), asked(text)) is has(name, text), (operator, name)


# --- findings ---

EXAMPLES = 12
WITHOUT = {"NW6022", "NW6207"}
"""Findings about 10.0.2.0/24, which guests see behind `masquerade`: who read them of a redacted network would know
the ranges in it that have these addresses."""


def checked_again(tmp_path: Path, text: str, key: bytes) -> tuple[Counter[str], Counter[str]]:
    """Codes of what is found in manifests, and in what they are redacted to. A snapshot of them has the same."""
    source = tmp_path / "source.yaml"
    source.write_text(text)
    store = Folder(str(tmp_path / "store"))
    twin = nw.load(str(source))
    taken = find(take(store, twin.snapshot.reading, twin.snapshot.objects, twin.provenance), store.path)
    now = redacted(taken, key)
    other = write(store, now.documents, now.manifest, now.rest, lines={}, counts={}, digests={})
    found = twin.check().findings
    assert nw.load(f"snapshot:{taken.id}", store=store.path).check().findings == found
    again = nw.load(f"snapshot:{other}", store=store.path).check().findings
    return Counter(one.code for one in found), Counter(one.code for one in again)


def test_examples_of_findings_have_them_in_a_snapshot_and_redacted(tmp_path: Path, seed: int) -> None:
    for code in random.Random(seed).sample(finding_codes(), EXAMPLES):
        for text in (code.fails, code.passes):
            found, again = checked_again(tmp_path, text, b"k")
            assert {c: n for c, n in found.items() if c not in WITHOUT} == again, code.code


@pytest.mark.parametrize("name", sorted(WITHOUT))
def test_what_is_found_of_ranges_that_guests_see_is_where_they_are_written(tmp_path: Path, name: str) -> None:
    (code,) = (one for one in finding_codes() if one.code == name)
    found, again = checked_again(tmp_path, code.fails.replace("pod: {}", "pod: {vmNetworkCIDR: 10.0.2.0/24}"), b"k")
    assert name in found
    assert again == found


def test_no_range_is_moved_to_the_one_that_guests_see(tmp_path: Path) -> None:
    (code,) = (one for one in finding_codes() if one.code == "NW6022")
    apart = code.fails.replace("10.0.0.0/16", "10.128.0.0/10")
    for number in range(20):
        found, again = checked_again(tmp_path, apart, b"%d" % number)
        assert "NW6022" not in found
        assert again == found


# --- canaries ---


def leaves(value: Any, field: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a value with the field that it stands in; keys of mappings stand in `<field>`."""
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, dict):
        for key, below in value.items():
            yield f"<{field}>", key
            yield from leaves(below, key)
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one, field)


def told_of(documents: list[Stored]) -> Iterator[tuple[str, str]]:
    for one in documents:
        d = one.document
        yield from (("name", d.name), ("namespace", d.namespace), ("file", d.place.file if d.place else ""))
        for field, text in leaves(json.loads(bytes(one.kept.raw))):
            try:
                yield from leaves(json.loads(text), field) if text[:1] in ("{", "[") else [(field, text)]
            except ValueError:
                yield field, text


def is_of_the_api(field: str, text: str) -> bool:
    """Whether a text says nothing of whose network it is."""
    if text in CLOUD_INIT:
        return True
    if field in ("key", "sameLabels", "notSameLabels") or field.startswith("<"):
        text = re.sub(rf"^({SOURCES}):|^request\.(headers|auth\.claims)\[", "", text)
        text = next((text.removeprefix(one) for one in vocabulary.PREFIXES if text.startswith(one)), text)
        known = {*vocabulary.fields(), *vocabulary.KEYS, *vocabulary.WORD_NOTES, *vocabulary.JSON_NOTES}
        known |= {*vocabulary.TEXT_NOTES, *vocabulary.PRESENT_NOTES, vocabulary.OPEN_PORTS, *INTERNAL_BALANCERS}
        is_attribute = re.fullmatch(r"(source|remote|request|destination|connection)\.[a-z.]+", text) is not None
        return text in known or text.startswith("reserved:") or is_attribute or text.isdigit()
    if field in (*vocabulary.ENUMERATED, *vocabulary.WORD_NOTES) and vocabulary.is_word(field, text):
        return True
    if re.fullmatch(r"[\d:, *]{1,14}", text):  # ports
        return True
    if field == vocabulary.OPEN_PORTS:
        return {*re.findall("[a-z]+", text.lower())} <= {"protocol", "port", "tcp", "udp", "sctp", "icmp"}
    if field in (*vocabulary.PORTS, "name") and text.lower() in vocabulary.PROTOCOLS:
        return True
    for key in KEYS if "Selector" in field or field == "selector" else ():
        text = text.replace(key, "").replace("'k8s'", "")  # what the label `orchestrator` is, everywhere
    if "elector" in field and not re.search("[A-Za-z0-9]", text):
        return True
    is_wide = text in RANGES.split() or re.fullmatch(r"[0-9a-f.:]+/[0-8]", text) is not None
    parts = re.split(r"[^A-Za-z-]+", text)
    # A part of names that stay is asked for as it is.
    asked = KNOWN if "elector" in field or "*" in text else ()
    said = [part in (*KNOWN, *GRAMMAR) or any(part in name for name in asked) for part in parts if part]
    return is_wide or len(text) < 3 or (said != [] and all(said))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_name_label_address_or_host_is_in_the_redacted_snapshot(tmp_path: Path, seed: int, language: str) -> None:
    manifests, _, options = cases(language, seed % 100_000)
    source = tmp_path / "payments-of-acme.json"
    source.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))
    store = Folder(str(tmp_path / "store"))
    twin = nw.load(str(source), **options)
    taken = find(take(store, twin.snapshot.reading, twin.snapshot.objects, twin.provenance), store.path)
    found = secrets_of(taken, redacted(taken, b"k"))
    assert not found, found


def test_no_name_of_the_corpora_is_in_the_redacted_snapshot(tmp_path: Path, corpora: Path) -> None:
    store = Folder(str(tmp_path / "store"))
    for name in (
        "kubevirt",
        "ovn-kubernetes",
        "cilium",
        "istio-authz",
        "gateway-api",
        "multus",
        "nmstate",
        "acs-demos",
    ):
        twin = nw.load(str(corpora / name))
        taken = find(take(store, twin.snapshot.reading, twin.snapshot.objects, twin.provenance), store.path)
        now = redacted(taken, b"k")
        found = secrets_of(taken, now)
        assert not found, (name, found)
        other = write(store, now.documents, now.manifest, now.rest, lines={}, counts={}, digests={})
        assert nw.load(f"snapshot:{other}", store=store.path).accounting == twin.accounting, name


def secrets_of(taken: Found, now: Redacted) -> list[tuple[str, str]]:
    """Texts of the source that are in what it was redacted to, whole or as a word of five letters and more."""
    before = {text for field, text in told_of(stored(taken)[0]) if not is_of_the_api(field, text)}
    words = {word.lower() for text in before for word in re.findall(r"[A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*", text)}
    words -= {
        word
        for known in (*KNOWN, *GRAMMAR, *vocabulary.KEYS, *vocabulary.PREFIXES)
        for word in re.findall(r"\w+", known)
    }
    found = []
    for field, text in told_of(now.documents):
        if is_of_the_api(field, text):
            continue
        text = (
            text.removeprefix("request.headers")
            .removeprefix("request.auth.claims")
            .removeprefix("experimental.envoy.filters")
        )
        shared = {w.lower() for w in re.findall(r"[A-Za-z0-9]+", text) if len(w) > 4} & words
        if "elector" in field:  # a pattern may name a part of what is known, as of `default`
            shared = {word for word in shared if not any(word in name for name in KNOWN)}
        if (text in before and len(text) > 2) or shared:
            found.append((field, text))
    return found
