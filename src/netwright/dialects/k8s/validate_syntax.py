"""The syntax that all kinds share, as the API server of Kubernetes 1.36 checks it.

Names, labels, selectors, ports and addresses.

Every check raises `Fault` with the pointer to the field and does nothing otherwise. Sources: apimachinery's
`util/validation` and `apis/meta/v1/validation`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, NetmaskValueError

from netwright.base.numbers import whole_number
from netwright.base.spans import Pointer, dotted
from netwright.dialects.k8s.objects import LabelSelector, Requirement

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PROTOCOLS = frozenset({"TCP", "UDP", "SCTP"})

MOST_KEPT = 1 << 14
"""How many different values of one kind are remembered as checked: what says the same is checked once."""

# names of namespaces and ports: few, and met again and again
_LABEL = lru_cache(maxsize=MOST_KEPT)(re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?").fullmatch)
_SUBDOMAIN = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*").fullmatch
_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?").fullmatch
_KEY_NAME = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?").fullmatch
_PORT_NAME = lru_cache(maxsize=MOST_KEPT)(
    re.compile(r"(?=.*[a-z])(?!.*--)[a-z0-9](?:[-a-z0-9]{0,13}[a-z0-9])?").fullmatch
)

_SUBDOMAIN_RULE = (
    "lower case letters, digits, `-` and `.`, beginning and ending with a letter or digit, at most 253 characters"
)
_LABEL_RULE = "lower case letters, digits and `-`, beginning and ending with a letter or digit, at most 63 characters"
_KEY_RULE = "1 to 63 letters, digits, `-`, `_` and `.`, beginning and ending with a letter or digit"
_VALUE_RULE = "at most 63 letters, digits, `-`, `_` and `.`, beginning and ending with a letter or digit, or nothing"
_PORT_NAME_RULE = "at most 15 lower case letters, digits and single `-`, at least one letter, no `-` at the ends"

_MAX_ANNOTATIONS_BYTES = 256 * 1024


class Fault(Exception):
    """What the API server would refuse: where, why (one line that names the field), and what to do. `once_taken`: API
    servers before Kubernetes 1.36 take it, and what they stored stays."""

    def __init__(self, pointer: Pointer, what: str, help: str = "", *, once_taken: bool = False) -> None:
        super().__init__(what)
        self.pointer = pointer
        self.message = one_line(f"`{dotted(pointer)}` {what}" if pointer else what)
        self.help = one_line(help)
        self.once_taken = once_taken


def one_line(text: str) -> str:
    """The text with control characters, line ends among them, written as escapes."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def quoted(value: object) -> str:
    """The user's text in backticks, cut after 80 characters."""
    text = str(value)
    return f"`{text[:77]}...`" if len(text) > 80 else f"`{text}`"


# --- names ------------------------------------------------------------------------------------------------------------


def check_subdomain(name: str, pointer: Pointer) -> None:
    """A DNS subdomain as RFC 1123 writes it: the names of most kinds, host names."""
    if len(name) > 253 or _SUBDOMAIN(name) is None:
        raise Fault(pointer, f"is {quoted(name)}; a name is made of {_SUBDOMAIN_RULE}")


def check_dns_label(name: str, pointer: Pointer) -> None:
    """One label of a DNS name: the names of namespaces, services and service ports."""
    if _LABEL(name) is None:
        raise Fault(pointer, f"is {quoted(name)}; this name is made of {_LABEL_RULE}")


def check_host(host: str, pointer: Pointer) -> None:
    """A DNS name that may begin with `*.`, and is not an address."""
    if is_address(host):
        raise Fault(pointer, f"is the address {quoted(host)}; a host is a DNS name")
    check_subdomain(host.removeprefix("*.") if "*" in host else host, pointer)


# --- labels -----------------------------------------------------------------------------------------------------------


_SOUND: set[tuple[str, str | None]] = set()
"""Labels that were found right: a workload says the same ones three times, its Service a fourth."""
_MOST_SOUND = 1 << 16


@lru_cache(maxsize=MOST_KEPT)
def key_fault(key: str) -> str:
    """Why `key` cannot be the key of a label, or "". A key is `name` or `prefix/name`."""
    prefix, slash, name = key.rpartition("/")
    if slash and (not prefix or len(prefix) > 253 or _SUBDOMAIN(prefix) is None):
        return f"has the key {quoted(key)}; before the `/` stands a DNS name of {_SUBDOMAIN_RULE}"
    if _KEY_NAME(name) is None:
        return f"has the key {quoted(key)}; a key is {_KEY_RULE}"
    return ""


def check_labels(labels: Mapping[str, str | None], pointer: Pointer) -> None:
    """The keys and values of labels or of a plain selector."""
    if labels.items() <= _SOUND:
        return
    for label in labels.items():
        if label in _SOUND:
            continue
        key, value = label
        if wrong := key_fault(key):
            raise Fault(pointer, wrong)
        if value and _VALUE(value) is None:
            raise Fault((*pointer, key), f"is {quoted(value)}; the value of a label is {_VALUE_RULE}")
        if len(_SOUND) < _MOST_SOUND:
            _SOUND.add(label)


def check_annotations(annotations: Mapping[str, str | None], pointer: Pointer) -> None:
    """The keys of annotations (in any case), and how much they hold together."""
    size = 0
    for key, value in annotations.items():
        if wrong := key_fault(key.lower()):
            raise Fault(pointer, wrong)
        size += len(key) + len(value or "")
    if size > _MAX_ANNOTATIONS_BYTES // 4:
        size = sum(len(key.encode()) + len((value or "").encode()) for key, value in annotations.items())
        if size > _MAX_ANNOTATIONS_BYTES:
            raise Fault(pointer, f"holds {size} bytes; annotations hold {_MAX_ANNOTATIONS_BYTES} at most")


def check_selector(selector: LabelSelector, pointer: Pointer) -> None:
    """A LabelSelector: the keys, values and operators of both halves."""
    if selector.match_labels:
        check_labels(selector.match_labels, (*pointer, "matchLabels"))
    for index, requirement in enumerate(selector.match_expressions or ()):
        _check_requirement(requirement or Requirement(), (*pointer, "matchExpressions", index))


def _check_requirement(requirement: Requirement, pointer: Pointer) -> None:
    operator, values = requirement.operator, requirement.values or ()
    if operator in ("In", "NotIn"):
        if not values:
            raise Fault((*pointer, "values"), f"is empty; the operator `{operator}` needs at least one value")
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            raise Fault((*pointer, "values"), f"has values; the operator `{operator}` takes none")
    else:
        raise Fault(
            (*pointer, "operator"), f"is {quoted(operator)}; the operators are `In`, `NotIn`, `Exists`, `DoesNotExist`"
        )
    if wrong := key_fault(requirement.key):
        raise Fault((*pointer, "key"), wrong)
    for index, value in enumerate(values):
        if value and _VALUE(value) is None:
            raise Fault((*pointer, "values", index), f"is {quoted(value)}; the value of a label is {_VALUE_RULE}")


# --- ports ------------------------------------------------------------------------------------------------------------


def check_port_number(port: int, pointer: Pointer) -> None:
    if not 1 <= port <= 65535:
        raise Fault(pointer, f"is {quoted(port)}; ports are 1 to 65535")


def check_port_name(name: str, pointer: Pointer) -> None:
    """An IANA service name, as ports are called."""
    if _PORT_NAME(name) is None:
        number = name.isascii() and name.isdigit()
        raise Fault(
            pointer,
            f"is the text {quoted(name)}; a port is a number, or a name of {_PORT_NAME_RULE}",
            "write the number without quotes" if number else "",
        )


def check_port(port: int | str, pointer: Pointer) -> None:
    """A port by number or by name."""
    if isinstance(port, str):
        check_port_name(port, pointer)
    else:
        check_port_number(port, pointer)


def check_protocol(protocol: str, pointer: Pointer) -> None:
    if protocol not in PROTOCOLS:
        right = protocol.upper()
        raise Fault(
            pointer,
            f"is {quoted(protocol)}; protocols are `TCP`, `UDP` and `SCTP`",
            f"write `{right}`" if right in PROTOCOLS else "",
        )


# --- addresses --------------------------------------------------------------------------------------------------------


def is_address(text: str) -> bool:
    try:
        _ = IPv6Address(text) if ":" in text else IPv4Address(text)
    except AddressValueError:
        return False
    return "%" not in text


def check_address(text: str, pointer: Pointer, *, legacy: bool = False) -> Address:
    """One IPv4 or IPv6 address; no leading zeros, no IPv4 inside IPv6. `legacy`: of a field that is older than this
    rule (KEP-4858)."""
    try:
        address: Address = IPv6Address(text) if ":" in text else IPv4Address(text)
    except AddressValueError:
        what = f"is {quoted(text)}, not an address such as 10.9.8.7 or 2001:db8::1{_zeros(text)}"
        raise Fault(pointer, what, once_taken=legacy and _was_address(text)) from None
    if isinstance(address, IPv6Address) and (address.scope_id is not None or address.ipv4_mapped is not None):
        what = f"is {quoted(text)}; an address has no zone and is not IPv4 written as IPv6"
        raise Fault(pointer, what, once_taken=legacy and _was_address(text))
    return address


def check_cidr(text: str, pointer: Pointer, *, stored: bool = False, legacy: bool = False) -> Network:
    """An address range in prefix notation, returned without host bits.

    Kubernetes 1.36 refuses bits beyond the prefix length in new objects; earlier releases took them with a warning, and
    what is `stored` stays as it is, so there they are cut off, as every implementation does. Leading zeros and
    IPv4-mapped addresses mean different ranges to different readers and are refused always; earlier releases took them
    in fields that are older than this rule (`legacy`; KEP-4858).
    """
    found = _network(text)
    if isinstance(found, str):
        raise Fault(pointer, f"is {quoted(text)}, {found}", once_taken=legacy and _was_range(text))
    network, exact = found
    if not exact and not stored:
        whole = text.partition("/")[0]
        raise Fault(
            pointer,
            f"is {quoted(text)}, which has bits set beyond its prefix length",
            f"write `{network}` for the range or `{whole}/{network.max_prefixlen}` for the one address "
            "(Kubernetes 1.36 refuses it, earlier releases warn and take the range)",
        )
    return network


def read_cidr(text: str) -> tuple[Network, bool]:
    """A valid range without host bits, and whether it had none. Raises ValueError for what is no range."""
    found = _network(text)
    if isinstance(found, str):
        raise ValueError(f"`{text}` is {found}")
    return found


@lru_cache(maxsize=MOST_KEPT)
def _network(text: str) -> tuple[Network, bool] | str:
    """The range and whether it had no host bits, or what is wrong with it."""
    address, slash, prefix = text.partition("/")
    wrong = f"not a range such as 10.9.8.0/24 or 2001:db8::/64{_zeros(address)}"
    length = whole_number(prefix) if slash else None
    if length is None or "%" in address:
        return wrong
    if len(prefix) > 1 and prefix[0] == "0":
        return "whose prefix length has a leading zero"
    try:
        if ":" in address:
            if IPv6Address(address).ipv4_mapped is not None:
                return "which is IPv4 written as IPv6; write the IPv4 range"
            six = IPv6Network((address, length), strict=False)
            return six, six.network_address == IPv6Address(address)
        four = IPv4Network((address, length), strict=False)
        return four, four.network_address == IPv4Address(address)
    except (AddressValueError, NetmaskValueError):
        return wrong


def _was_address(text: str) -> bool:
    """Whether API servers before 1.36 read it as an address: as Go did before 1.17, with decimal numbers of IPv4 that
    begin with zeros, and with IPv4 written as IPv6."""
    before, colon, last = text.rpartition(":")
    if "." in last:
        last = ".".join(_short(part) for part in last.split("."))
    return is_address(before + colon + last)


def _was_range(text: str) -> bool:
    """The same of a range, whose prefix length could begin with zeros too."""
    address, _, prefix = text.partition("/")
    length = whole_number(_short(prefix))
    return length is not None and length <= (128 if ":" in address else 32) and _was_address(address)


def _short(number: str) -> str:
    return number.lstrip("0") or number[:1]


def _zeros(address: str) -> str:
    parts = address.split(".")
    if (
        len(parts) == 4
        and all(part.isdigit() for part in parts)
        and any(len(part) > 1 and part[0] == "0" for part in parts)
    ):
        return "; leading zeros are read as octal by some programs"
    return ""
