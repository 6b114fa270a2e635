"""What a profile says, as data."""

from __future__ import annotations

import msgspec

from netwright.base.services import BEYOND_TRANSPORT, ServiceSet
from netwright.model.rule import Ties


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One CNI and version: how its policy kinds tie, admin policies of one priority among them, and what its
    documentation leaves open.

    `unsure` are the services for which NetworkPolicy decides nothing for certain. `assumptions` are printed with
    answers.
    """

    name: str
    policy_ties: Ties = "any-order"
    admin_ties: Ties = "any-order"
    unsure: ServiceSet = BEYOND_TRANSPORT
    assumptions: tuple[str, ...] = ()
