"""Pseudonyms: what words, addresses, MAC addresses and UUIDs become, each the same everywhere.

A text is cut at separators; a word is a run of letters and digits. Words become words that are drawn at random, sort as
they did and end in a digit, so that none begins another and none stands across two others: what is equal, begins with
another text at a separator or comes first by name still does. Where somebody asks for a part of a word (`we*`, Calico's
`starts with`, `contains`), words that have the part are cut there too. Of words that differ in case alone so do the
pseudonyms.

Addresses are moved by a random symmetry of the binary tree of addresses (Xu et al., Crypto-PAn, 2002: two that share a
prefix still share it), which keeps the ranges of RFC 6890 where they are. The last eight bits stay: gateways, ends of
subnets and the order in a range do. MAC addresses keep their first byte and their order. What was drawn is kept
nowhere.
"""

from __future__ import annotations

import hmac
import ipaddress
import random
import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate, count, pairwise
from typing import Final

from netwright.model.ingress_controllers import PROJECTS

KNOWN: Final = frozenset(
    (
        *("default", "kube-system", "kube-public", "kube-node-lease", "kube-dns", "coredns", "kubernetes", "k8s"),
        *("svc", "cluster", "local", "ns", "sa", "spiffe", "node", "knp", "ossg", "kns", "ksa"),
        *("istio-system", "istio-proxy", "ztunnel", "openshift-dns", "dns-default", "local-path-storage"),
        *("kube-admin", "kube-baseline", "cilium-config", "kubemacpool-mac-range-config", "virt-launcher"),
        *("true", "false", "enabled", "disabled", "ambient", "none", "yes", "no", "on", "off", "y", "n"),
        *("ignore", "allocate"),
        *("True", "False", "TRUE", "None"),
        *("ingress-nginx", "nginx-ingress", "nginx-ingress-controller", "traefik", "traefik-ingress-lb"),
        *("haproxy-ingress", "kong", "contour", "envoy"),
        *(name for one in PROJECTS.values() for name in one.classes if "/" not in name),
    )
)
"""Names that every cluster has, those of well-known controllers, and words that labels and annotations switch something
by: they stay."""
_OTHER = re.compile(r"(?:%[0-9A-Fa-f]{2}|[./:@#,\s_=|\[\]{}()<>\"'\\?+*])+")
_WORD = re.compile(r"[A-Za-z0-9]+")
_NUMBER = re.compile(r"\d{1,4}")
_ROUTERS: Final = (0x00005E0001, 0x00005E0002, 0x00000C07AC)
"""How the MAC addresses of virtual routers begin; they stay."""
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MAC = re.compile(
    r"[0-9a-fA-F]{1,2}(?:([:-])[0-9a-fA-F]{1,2}(?:\1[0-9a-fA-F]{1,2}){4})|[0-9a-fA-F]{4}(?:\.[0-9a-fA-F]{4}){2}"
)
_LIST = re.compile(r"([,\s]+)")
_PORT = re.compile(r"(.*[A-Za-z\]*]):(\d{1,5})")
_INSIDE = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)|(?<=\[)[0-9a-fA-F:.]+(?=\])")
"""An address within a text: `10.0.0.1:80`, `[2001:db8::5]:443`."""
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_BETWEEN: Final = ("cluster", "default", "kube", "local", "svc")
"""What stays and has a place among the names that are drawn."""
_MOST_LETTERS: Final = 8
"""Of a word that is drawn, while none is to have a part that stays; where all have one, they may."""
_KEYS_TRIED: Final = 32
_SPECIAL = {
    4: "0.0.0.0/8 10.0.0.0/8 100.64.0.0/16 100.65.0.0/16 100.88.0.0/16 "
    "100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 "
    "192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4",
    6: "::/96 ::ffff:0:0/96 64:ff9b::/96 100::/64 2001::/23 2001:db8::/32 fc00::/7 fd00::/8 "
    "fd97::/64 fd98::/64 fd99::/64 fe80::/10 fe80::/64 ff00::/8",
}
_WHOLE = {
    4: "0.0.0.0/8 127.0.0.0/8 169.254.0.0/16 224.0.0.0/4 240.0.0.0/4",
    6: "::/96 ff00::/8",
}
"""Ranges whose addresses stay as they are."""
_LAST_BITS: Final = 8
_GUESTS: Final = int(ipaddress.IPv4Address("10.0.2.0")), 24
"""What guests behind `masquerade` see: it stays, as nobody wrote it, and what has its addresses is found by `check`."""


class Pseudonyms:
    """First every text is shown to it, then `draw` chooses, then the same calls give what the texts become."""

    def __init__(self, key: bytes, numbered: frozenset[str] = frozenset()) -> None:
        """`numbered`: names of what has pods with a number behind its name. The number stays."""
        self._key = key
        self._numbered = numbered
        self._collecting = True
        self._words: set[str] = set()
        self._begins: set[str] = set()
        self._ends: set[str] = set()
        self._within: set[str] = set()
        self._fixed: set[str] = set()
        self._codes: dict[str, str] = {}
        self._cases: dict[str, list[str]] = {}
        self._done: dict[str, str] = {}
        self._numbers: set[tuple[int, int, int]] = set()
        self._spans: set[tuple[int, int, int]] = set()
        self._span_lengths: set[int] = set()
        self._straight: set[tuple[int, int, int]] = set()
        self._coins: dict[tuple[int, int, int], int] = {}
        self._macs: set[int] = set()
        self._moved_macs: dict[int, int] = {}

    def draw(self) -> None:
        self._collecting = False
        dice = random.Random(self._key)
        self._draw_words(dice)
        self._draw_macs(dice)
        self._draw_addresses()

    # --- texts ---

    def text(self, text: str) -> str:
        """A text of an object: addresses or ranges, MAC addresses, or words between separators."""
        return "".join(part if at % 2 else self._one(part) for at, part in enumerate(_LIST.split(text)))

    def opaque(self, text: str) -> str:
        """What stands for a text that cannot be taken apart: a regular expression, a file."""
        return f"x{hmac.digest(self._key, text.encode(), 'sha256').hex()[:10]}"

    def number(self, text: str) -> str:
        """A number of a network: of an autonomous system, of a route."""
        return str(int.from_bytes(hmac.digest(self._key, text.encode(), "sha256")[:4]) % 65_000 + 1)

    def begins(self, text: str) -> str:
        """A text that others are asked to begin with."""
        if self._collecting:
            self._begins |= {word.lower() for word in re.findall(r"[A-Za-z0-9]+\Z", text)}
            self._keep(text, f"{re.escape(text)}.*")
        return self._named(text)

    def ends(self, text: str) -> str:
        """A text that others are asked to end with."""
        if self._collecting:
            self._ends |= {word.lower() for word in re.findall(r"\A[A-Za-z0-9]+", text)}
            self._keep(text, f".*{re.escape(text)}")
        return self._named(text)

    def within(self, text: str) -> str:
        """A text that others are asked to contain."""
        if self._collecting:
            self._keep(text, f".*{re.escape(text)}.*")
        if self._collecting and _WORD.fullmatch(text):
            self._within.add(text.lower())
            return self._named(text)
        self.ends(text)
        return self.begins(text)

    def _one(self, text: str) -> str:
        if _UUID.fullmatch(text):
            digest = hmac.digest(self._key, text.encode(), "sha256").hex()
            return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"
        if _NUMBER.fullmatch(text):
            return text
        address = self._mac(text) if _MAC.fullmatch(text) else self._range(text)
        if address is not None:
            return address
        if (inside := _INSIDE.search(text)) is not None and self._range(inside[0]) is not None:
            before, after = text[: inside.start()], text[inside.end() :]
            return f"{self._wild(before)}{self._range(inside[0])}{self._one(after) if after else ''}"
        if (port := _PORT.fullmatch(text)) is not None:
            return f"{self._wild(port[1])}:{port[2]}"
        return self._wild(text)

    def _wild(self, text: str) -> str:
        """A name in which `*` may stand for something."""
        for word in _WORD.finditer(text) if "*" in text and self._collecting else ():
            is_end, is_begin = text[: word.start()].endswith("*"), text[word.end() :].startswith("*")
            if is_end or is_begin:
                asked = self._within if is_end and is_begin else self._ends if is_end else self._begins
                asked.add(word[0].lower())
        for part in re.split(r"[/.:@\s]+", text) if "*" in text and self._collecting else ():
            self._keep(part, re.escape(part).replace(r"\*", ".*"))
        return self._named(text)

    def _keep(self, text: str, pattern: str) -> None:
        """Lets the words of a text stay that is asked for as a part of names, where names that stay match it."""
        if any(re.fullmatch(pattern, known) for known in KNOWN):
            self._fixed |= {word.lower() for word in _WORD.findall(text)}

    def _named(self, text: str) -> str:
        if not self._collecting and (known := self._done.get(text)) is not None:
            return known
        at, out = 0, []
        for other in (*_OTHER.finditer(text), None):
            part = text[at : other.start() if other is not None else len(text)]
            out.append(self._part(part) if part else "")
            if other is not None:
                out.append(other[0])
                at = other.end()
        found = "".join(out)
        if not self._collecting:
            self._done[text] = found
        return found

    def _part(self, part: str) -> str:
        if part in KNOWN:
            return part
        stem, hyphen, number = part.rpartition("-")
        if stem in self._numbered and number.isdigit():
            return f"{_WORD.sub(self._word, stem)}{hyphen}{number}"
        return _WORD.sub(self._word, part)

    # --- words ---

    def _word(self, match: re.Match[str]) -> str:
        word = match[0]
        if self._collecting:
            self._words.add(word)
            return word
        return "".join(self._cased(piece) for piece in self._pieces(word))

    def _pieces(self, word: str) -> list[str]:
        low = word.lower()
        cuts = {len(begin) for begin in self._begins if low.startswith(begin)}
        cuts |= {len(low) - len(end) for end in self._ends if low.endswith(end)}
        for within in self._within:
            for found in re.finditer(f"(?={within})", low):
                cuts |= {found.start(), found.start() + len(within)}
        at = [0, *sorted(cuts - {0, len(low)}), len(low)]
        return [word[a:b] for a, b in pairwise(at)]

    def _cased(self, piece: str) -> str:
        code = self._codes[piece.lower()]
        case = self._cases[piece.lower()].index(piece)
        return "".join(c.upper() if case >> i & 1 else c for i, c in enumerate(code))

    def _cut_alike(self) -> None:
        """Cuts parts that are asked for and overlap, as `qu` and `ueu` in `queue` do, letter by letter: they are cut
        alike then wherever they stand."""
        while True:
            cut: set[str] = set()
            for word in {word.lower() for word in self._words}:
                at = set(accumulate(len(piece) for piece in self._pieces(word)))
                for part, starts in self._parts_in(word):
                    own = set(accumulate(len(piece) for piece in self._pieces(part))) - {len(part)}
                    if any({c - start for c in at if start < c < start + len(part)} != own for start in starts):
                        cut |= set(part)
            if cut <= self._within:
                return
            self._within |= cut

    def _parts_in(self, word: str) -> Iterator[tuple[str, list[int]]]:
        """The parts that a word has where they are asked for, and where each begins."""
        yield from ((part, [0]) for part in self._begins if word.startswith(part))
        yield from ((part, [len(word) - len(part)]) for part in self._ends if word.endswith(part))
        for part in self._within:
            yield part, [found.start() for found in re.finditer(f"(?={part})", word)]

    def _draw_words(self, dice: random.Random) -> None:
        self._cut_alike()
        pieces: dict[str, set[str]] = {}
        for word in self._words:
            for piece in self._pieces(word):
                pieces.setdefault(piece.lower(), set()).add(piece)
        # The lower case is the first, whether it was met or not: a name in lower case stays one.
        self._cases = {low: [low, *sorted(found - {low})] for low, found in pieces.items()}
        longest = max((len(cases) for cases in self._cases.values()), default=1)
        wanted: dict[int, list[str]] = {}
        self._codes |= {low: low for low in pieces if low in self._fixed}
        for low in sorted(pieces.keys() - self._codes.keys()):
            wanted.setdefault(bisect_right(_BETWEEN, low), []).append(low)
        for length in count(max(3, (longest - 1).bit_length())):
            drawn: dict[int, set[str]] = {between: set() for between in wanted}
            for _ in range(400 * len(pieces) + 4000):
                code = "".join(dice.choice(_LETTERS) for _ in range(length)) + dice.choice("123456789")
                between = bisect_right(_BETWEEN, code)
                if between in wanted and len(drawn[between]) < len(wanted[between]) and code not in pieces:
                    if length > _MOST_LETTERS or not self._has_fixed(code):
                        drawn[between].add(code)
            if all(len(drawn[between]) == len(found) for between, found in wanted.items()):
                break
        for between, found in wanted.items():
            self._codes |= zip(found, sorted(drawn[between]), strict=True)

    def _has_fixed(self, code: str) -> bool:
        """Whether a word would have a part that others are asked for and that stays."""
        return code.startswith(tuple(self._begins & self._fixed)) or any(w in code for w in self._within & self._fixed)

    # --- addresses ---

    def _range(self, text: str) -> str | None:
        """An address or a range, with its length or as first and last one; None for any other text."""
        first, dash, rest = text.partition("-")
        if dash:
            last, slash, length = rest.partition("/")
            ends = [_number(end) for end in (first, last)]
            if ends[0] is None or ends[1] is None or ends[0][0] != ends[1][0]:
                return None
            (bits, low), (_, high) = ends[0], ends[1]
            if self._collecting:
                shared = bits - (low ^ high).bit_length()
                self._spans.add((bits, shared, low >> (bits - shared)))
                self._span_lengths.add(shared)
            return f"{self._address(bits, low, bits)}-{self._address(bits, high, bits)}{slash}{length}"
        address, slash, length = text.partition("/")
        found = _number(address)
        if found is None or (slash and not length.replace("/", "").isdigit()):
            return None
        bits, number = found
        whole = min(int(length.partition("/")[0]), bits) if slash else bits
        is_range = not number & ((1 << (bits - whole)) - 1)
        return f"{self._address(bits, number, whole if is_range else bits)}{slash}{length}"

    def _address(self, bits: int, number: int, length: int) -> str:
        if self._collecting:
            self._numbers.add((bits, number, length))
            return ""
        moved = self._moved(number, bits, length)
        return str(ipaddress.IPv4Address(moved) if bits == 32 else ipaddress.IPv6Address(moved))

    def _moved(self, number: int, bits: int, length: int) -> int:
        """Each bit is turned or not by a coin that was thrown for the bits before it. Behind the length of a range all
        stay: they are not part of it."""
        version = 4 if bits == 32 else 6
        if any(_holds(net, number) for net in _WHOLES[version]):
            return number
        out = self._turned(number, bits, 0, min(length, bits - _LAST_BITS))
        # Of a range that could not be moved nothing but the last bits tells one address from another.
        return self._turned(number, bits, bits - _LAST_BITS, length) if out == number else out

    def _turned(self, number: int, bits: int, first: int, last: int) -> int:
        version = 4 if bits == 32 else 6
        out = number
        for at in range(first, last):
            prefix = number >> (bits - at) if at else 0
            if any(
                (bits, shorter, number >> (bits - shorter)) in self._spans
                for shorter in self._span_lengths
                if shorter <= at
            ):
                break  # ranges by their first and last address: all below keeps its order
            if (bits, at, prefix) in self._straight:
                continue
            if any(n.prefixlen > at and int(n.network_address) >> (bits - at) == prefix for n in _SPECIALS[version]):
                continue  # a range that has to stay lies below
            out ^= self._coin(bits, at, prefix) << (bits - at - 1)
        return out

    def _coin(self, bits: int, at: int, prefix: int) -> int:
        found = self._coins.get((bits, at, prefix))
        if found is None:
            found = hmac.digest(self._key, b"%d:%d:%x" % (bits, at, prefix), "sha256")[0] & 1
            self._coins[bits, at, prefix] = found
        return found

    def _draw_addresses(self) -> None:
        """A key with which as few addresses as can be stay what they are, become another one that was there, or meet
        the range of guests."""
        key, best = self._key, (len(self._numbers) + 1, self._key)
        found = [one for one in self._numbers if one[2] > _LAST_BITS]
        for number in range(_KEYS_TRIED):
            self._turn_to(hmac.digest(key, b"addresses %d" % number, "sha256"))
            moved = [(bits, self._moved(one, bits, length), length) for bits, one, length in found]
            bad = sum(one in self._numbers or _meets_guests(*one) for one in moved)
            best = min(best, (bad, self._key))
            if not bad:
                break
        self._turn_to(best[1])

    def _turn_to(self, key: bytes) -> None:
        """The coins of a key. Below a range that is moved its first and its last addresses stay first and last."""
        self._key = key
        self._coins.clear()
        self._straight.clear()
        ranges = [one for one in self._numbers if one[2] < one[0] - _LAST_BITS]
        for bits, number, length in [one for one in ranges if self._moved(one[1], one[0], one[2]) != one[1]]:
            for end in (number, number | ((1 << (bits - length)) - 1)):
                self._straight |= {(bits, at, end >> (bits - at)) for at in range(length, bits - _LAST_BITS)}

    # --- MAC addresses ---

    def _mac(self, text: str) -> str:
        number = 0
        for part in [text.replace(".", "")] if "." in text else re.split("[:-]", text):
            number = int(part, 16) if "." in text else number << 8 | int(part, 16)
        if number >> 8 in _ROUTERS:
            return text
        if self._collecting:
            self._macs.add(number)
            return text
        digits = f"{self._moved_macs[number]:012x}"
        if "." in text:
            return ".".join(digits[at : at + 4] for at in range(0, 12, 4))
        return ("-" if "-" in text else ":").join(digits[at : at + 2] for at in range(0, 12, 2))

    def _draw_macs(self, dice: random.Random) -> None:
        last = (1 << 40) - 1
        for first in {mac >> 40 for mac in self._macs}:
            found = sorted(mac & last for mac in self._macs if mac >> 40 == first)
            inner = [one for one in found if one not in (0, last)]
            drawn: set[int] = set()
            while len(drawn) < len(inner):
                one = dice.randrange(1, last)
                if first << 40 | one not in self._macs:
                    drawn.add(one)
            ends = {one: one for one in found if one in (0, last)}
            moved = ends | dict(zip(inner, sorted(drawn), strict=True))
            self._moved_macs |= {first << 40 | one: first << 40 | other for one, other in moved.items()}


def _number(text: str) -> tuple[int, int] | None:
    """Bits of its family and number of an address; None for what is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return address.max_prefixlen, int(address)


def _meets_guests(bits: int, number: int, length: int) -> bool:
    """Whether a range of IPv4 and that of guests have addresses in common."""
    apart = 32 - min(length, _GUESTS[1])
    return bits == 32 and number >> apart == _GUESTS[0] >> apart


def _networks(text: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(one) for one in text.split()]


def _holds(network: ipaddress.IPv4Network | ipaddress.IPv6Network, number: int) -> bool:
    return number >> (network.max_prefixlen - network.prefixlen) == int(network.network_address) >> (
        network.max_prefixlen - network.prefixlen
    )


_SPECIALS: Final = {version: _networks(text) for version, text in _SPECIAL.items()}
_WHOLES: Final = {version: _networks(text) for version, text in _WHOLE.items()}
