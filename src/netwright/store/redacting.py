"""`redact`: a snapshot whose names, namespaces, labels, hosts and addresses are others, each the same everywhere.

Words (runs of letters) are replaced by words drawn at random that sort as they did, so that what is equal, begins with
another's name or comes first by name still does; digits and separators stay. Addresses are moved by a random symmetry
of the binary tree of addresses (Xu et al., Crypto-PAn, 2002: two that share a prefix still share it), which keeps the
ranges of RFC 6890 where they are: containment and whether an address is private are what they were. What was drawn is
kept nowhere.
"""

from __future__ import annotations

import hmac
import ipaddress
import random
import re
import secrets
from bisect import bisect_right
from itertools import count
from typing import Any, Final

import msgspec

from netwright.base.diagnostics import INPUT_CODES, Diagnostic
from netwright.base.errors import UsageError
from netwright.base.spans import named
from netwright.model.document import Input
from netwright.model.kind_lists import find as find_kind
from netwright.store.files import Folder
from netwright.store.reading import Found, stored
from netwright.store.records import Kept, Refused, Rest
from netwright.store.taking import Stored, check_name, write

GROUPS: Final = ("", "apps", "batch", "discovery.k8s.io", "networking.k8s.io", "policy.networking.k8s.io")
"""API groups whose objects are redacted, of those that are read."""
FIXED: Final = frozenset(
    (
        *("apiVersion", "kind", "protocol", "policyTypes", "operator", "type", "phase", "status", "completionMode"),
        *("ipFamilies", "ipFamilyPolicy", "externalTrafficPolicy", "internalTrafficPolicy", "appProtocol", "pathType"),
        *("action", "addressType", "deletionTimestamp", "tier", "uid"),
    )
)
"""Fields whose values are of the API's own vocabulary."""
KNOWN: Final = frozenset(("default", "kube-system", "kube-public", "kube-node-lease", "kube-dns", "coredns"))
"""Names that every cluster has."""
LABELS: Final = frozenset(("labels", "matchLabels", "selector", "nodeSelector"))
DOMAINS: Final = ("kubernetes.io", "k8s.io")
"""Domains whose label keys stay."""
KEYS: Final = frozenset(
    (
        *("pod-template-hash", "controller-revision-hash", "pod-template-generation"),
        *("controller-uid", "job-name", "k8s-app"),
    )
)
"""Label keys without a domain that controllers give, or by which cluster DNS is known."""
ANNOTATIONS: Final = (
    "service.beta.kubernetes.io/",
    "service.kubernetes.io/",
    "networking.gke.io/",
    "cloud.google.com/",
)
"""Annotations that stay: settings of load balancers."""
_KEPT_WORDS: Final = frozenset(("svc", "cluster", "local"))
_WORD = re.compile(r"[A-Za-z]+")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SPECIAL = {
    4: "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 "
    "192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4",
    6: "::/96 ::ffff:0:0/96 64:ff9b::/96 100::/64 2001::/23 2001:db8::/32 fc00::/7 fd00::/8 fe80::/10 ff00::/8",
}
_WHOLE = {4: "0.0.0.0/8 127.0.0.0/8 169.254.0.0/16 224.0.0.0/4 240.0.0.0/4", 6: "::/96 fe80::/10 ff00::/8"}
"""Ranges whose addresses stay as they are."""


def redact(store: Folder, found: Found, *, name: str = "") -> str:
    """Takes a redacted snapshot of a snapshot; its ID. Verdicts are the same but for the names.

    Texts, their digests, owners and sources are left out; what was told of the input keeps its code alone. Raises
    UsageError where objects are of a kind that is not redacted.
    """
    check_name(name)
    documents, _, rest = stored(found)
    for one in documents:
        d = one.document
        kind = find_kind(d.group, d.kind)
        if kind is not None and kind.reads == "read" and d.group not in GROUPS:
            raise UsageError(
                f"{d.kind} `{named(d.namespace, d.name)}` ({d.api_version}) is of a kind that is not redacted yet",
                help=f"take a snapshot without such objects; those of v1, {', '.join(GROUPS[1:])} are redacted",
            )
    mapping = Mapping(secrets.token_bytes(32), documents, rest)
    renamed = [mapping.stored(one) for one in documents]
    manifest = msgspec.structs.replace(
        found.manifest,
        name=name,
        redacted=True,
        inputs=(Input(source="redacted", digest="", files=sum(given.files for given in found.manifest.inputs)),),
        assumptions=(),
        pod_cidrs=tuple(mapping.text(text) for text in found.manifest.pod_cidrs),
    )
    return write(
        store,
        renamed,
        manifest,
        Rest(
            unread=tuple(
                msgspec.structs.replace(
                    u,
                    diagnostic=mapping.diagnostic(u.diagnostic),
                    namespaces=tuple(map(mapping.name, u.namespaces)),
                )
                for u in rest.unread
            ),
            warnings=tuple(map(mapping.diagnostic, rest.warnings)),
            ends=rest.ends,
        ),
        lines={},
        counts={},
        digests={},
    )


class Mapping:
    """What each word and each address becomes."""

    def __init__(self, key: bytes, documents: list[Stored], rest: Rest) -> None:
        self._key = key
        self._words: dict[str, str] = {}
        self._collected: set[str] | None = set()
        for one in documents:
            self.stored(one)
        for unread in rest.unread:
            self.diagnostic(unread.diagnostic)
            for namespace in unread.namespaces:
                self.name(namespace)
        for warning in rest.warnings:
            self.diagnostic(warning)
        self._draw(self._collected)
        self._collected = None

    def _draw(self, words: set[str]) -> None:
        """Words of one length, so that none begins another, in the order of those that they stand for, also beside
        the words that stay."""
        fixed = sorted({*_KEPT_WORDS, *(word for name in KNOWN for word in _WORD.findall(name))})
        wanted: dict[int, list[str]] = {}
        for word in sorted(words):
            wanted.setdefault(bisect_right(fixed, word), []).append(word)
        dice = random.Random(self._key)
        for length in count(3):
            drawn: dict[int, set[str]] = {between: set() for between in wanted}
            for _ in range(200 * len(words) + 1000):
                word = "".join(dice.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(length))
                between = bisect_right(fixed, word)
                if between in wanted and len(drawn[between]) < len(wanted[between]):
                    if not any(word.startswith(one) or one.startswith(word) for one in fixed):
                        drawn[between].add(word)
            if all(len(drawn[between]) == len(found) for between, found in wanted.items()):
                break
        for between, found in wanted.items():
            self._words |= zip(found, sorted(drawn[between]), strict=True)

    # --- texts ---

    def text(self, text: str) -> str:
        """A text of an object: an address or a range, or words between separators."""
        if text in KNOWN or text == "None" or _UUID.fullmatch(text):
            return text
        address = self._range(text)
        return address if address is not None else _WORD.sub(self._word, text)

    def _word(self, match: re.Match[str]) -> str:
        word = match[0]
        if word in _KEPT_WORDS:
            return word
        if self._collected is not None:
            self._collected.add(word)
            return word
        return self._words[word]

    def name(self, text: str) -> str:
        return text if text in KNOWN else _WORD.sub(self._word, text)

    def key(self, text: str) -> str:
        """The key of a label."""
        domain = text.partition("/")[0] if "/" in text else ""
        if text in KEYS or any(domain == one or domain.endswith(f".{one}") for one in DOMAINS):
            return text
        return _WORD.sub(self._word, text)

    def _range(self, text: str) -> str | None:
        address, slash, length = text.partition("/")
        try:
            number = ipaddress.ip_address(address)
        except ValueError:
            return None
        if slash and not length.isdigit():
            return None
        bits = number.max_prefixlen
        moved = self._moved(int(number), bits, min(int(length), bits) if slash else bits)
        return f"{type(number)(moved)}{slash}{length}"

    def _moved(self, number: int, bits: int, length: int) -> int:
        """Each bit is turned or not by a coin that was thrown for the bits before it. Behind the length of a range all
        stay: they are not part of it."""
        version = 4 if bits == 32 else 6
        if any(_holds(net, number) for net in _networks(_WHOLE[version])):
            return number
        out = number
        for at in range(length):
            prefix = number >> (bits - at) if at else 0
            if any(n.prefixlen > at and int(n.network_address) >> (bits - at) == prefix for n in _SPECIALS[version]):
                continue  # a range that has to stay lies below
            coin = hmac.digest(self._key, b"%d:%d:%x" % (bits, at, prefix), "sha256")[0] & 1
            out ^= coin << (bits - at - 1)
        return out

    # --- objects ---

    def stored(self, one: Stored) -> Stored:
        d = one.document
        place = d.place and msgspec.structs.replace(d.place, file=self.file(d.place.file))
        refused = None
        if one.kept.refused is not None:
            refused = Refused(
                namespace=self.name(one.kept.refused.namespace),
                name=self.name(one.kept.refused.name),
                pointer=(),
                message="is refused by the API server; why is not told of a redacted object",
            )
        at = one.at[:2] if refused is not None and one.at else self._at(one.at, "")
        tree = self.tree(msgspec.json.decode(one.kept.raw), "")
        document = msgspec.structs.replace(d, place=place, namespace=self.name(d.namespace), name=self.name(d.name))
        return Stored(
            document, Kept(name=document.name, raw=msgspec.Raw(msgspec.json.encode(tree)), refused=refused), at
        )

    def tree(self, value: Any, field: str) -> Any:
        """A value of a field of an object."""
        if isinstance(value, str):
            if field in FIXED:
                return value
            return self.key(value) if field in ("key", "sameLabels", "notSameLabels") else self.text(value)
        if isinstance(value, list):
            return [self.tree(one, field) for one in value]
        if isinstance(value, dict):
            if field == "annotations":
                return {k: v for k, v in value.items() if k.startswith(ANNOTATIONS)}
            if _is_labels(field, value):
                return {self.key(k): self.text(v) if isinstance(v, str) else v for k, v in value.items()}
            return {k: self.tree(v, k) for k, v in value.items()}
        return value

    def _at(self, at: Any, field: str) -> Any:
        if not at or len(at) < 3 or field == "annotations":
            return at[:2] if at else at
        below = at[2]
        if isinstance(below, list):
            return [at[0], at[1], [self._at(one, field) for one in below]]
        renames = _is_labels(field, below)
        return [at[0], at[1], {self.key(k) if renames else k: self._at(v, k) for k, v in below.items()}]

    def file(self, path: str) -> str:
        stem, dot, ending = path.rpartition(".")
        return f"{self.name(stem)}.{ending}" if dot and ending in ("yaml", "yml", "json") else self.name(path)

    def diagnostic(self, d: Diagnostic) -> Diagnostic:
        """The code alone, with its own words."""
        titles = {code.code: code.title for code in INPUT_CODES}
        return Diagnostic(
            code=d.code,
            severity=d.severity,
            title=titles.get(d.code, d.code),
            file=self.file(d.file),
            line=d.line,
            column=d.column,
        )


def _is_labels(field: str, value: dict[str, Any]) -> bool:
    """Whether a mapping is one of labels: `selector` is that of a Service, and of a workload a LabelSelector."""
    return field in LABELS and not ({"matchLabels", "matchExpressions"} & value.keys())


def _networks(text: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(one) for one in text.split()]


def _holds(network: ipaddress.IPv4Network | ipaddress.IPv6Network, number: int) -> bool:
    return number >> (network.max_prefixlen - network.prefixlen) == int(network.network_address) >> (
        network.max_prefixlen - network.prefixlen
    )


_SPECIALS: Final = {version: _networks(text) for version, text in _SPECIAL.items()}
