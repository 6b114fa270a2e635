"""How sets of services print."""

from __future__ import annotations

import pytest

from netwright.base.errors import UsageError
from netwright.base.services import (
    ALL,
    BEYOND_TRANSPORT,
    ICMP,
    ICMPV6,
    NONE,
    SCTP,
    TCP,
    TRANSPORT,
    UDP,
    ServiceSet,
    protocol_number,
    service_key,
)


@pytest.mark.parametrize(
    ("services", "text"),
    [
        (NONE, "none"),
        (ALL, "all"),
        (TRANSPORT, "TCP; UDP; SCTP"),
        (ServiceSet.ports(UDP, 53) | ServiceSet.ports(TCP, 443) | ServiceSet.ports(TCP, 80), "TCP 80,443; UDP 53"),
        (ServiceSet.ports(TCP, 80) | ServiceSet.ports(TCP, 81), "TCP 80-81"),
        (ServiceSet.ports(SCTP, 0, 65535), "SCTP"),
        (ServiceSet.ports(ICMP, 0x0800), "ICMP type 8 code 0"),
        (ServiceSet.ports(ICMP, 0x0800, 0x08FF), "ICMP type 8"),
        (ServiceSet.ports(ICMPV6), "ICMPv6"),
        (ServiceSet.ports(47), "other protocols"),
        (BEYOND_TRANSPORT, "ICMP; ICMPv6; other protocols"),
    ],
)
def test_text(services: ServiceSet, text: str) -> None:
    assert str(services) == text


def test_ranges_are_cut_at_protocols() -> None:
    wide = ServiceSet.of([(service_key(TCP, 65000), service_key(9, 10))])
    assert wide.ranges() == [("TCP", 65000, 65535), ("protocol 7-8", 0, 65535), ("protocol 9", 0, 9)]


def test_the_named_whole_protocols_between_runs() -> None:
    assert ("protocol 2-5", 0, 65535) in ALL.ranges()
    assert ("TCP", 0, 65535) in ALL.ranges()
    assert ("protocol 133-255", 0, 65535) in ALL.ranges()


@pytest.mark.parametrize("name", ["\u017fCTP", "256", "9" * 5000, "", "-1"])
def test_what_is_no_protocol(name: str) -> None:
    with pytest.raises(UsageError, match="is not a protocol") as raised:
        protocol_number(name)
    assert len(raised.value.message) < 100


def test_protocols_by_name_and_number() -> None:
    assert [protocol_number(name) for name in ("tcp", "Icmpv6", "47", "006")] == [6, 58, 47, 6]
