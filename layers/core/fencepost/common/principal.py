"""Who asks, and what they may."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeGuard

from fencepost.common.errors import Forbidden

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class Right(StrEnum):
    READ_GEOFENCES = "read geofences"
    WRITE_GEOFENCES = "write geofences"
    DELETE_GEOFENCES = "delete geofences"
    CHECK = "check positions"
    VALIDATE = "validate entries"
    VALIDATE_OTHERS = "validate entries of others"
    READ_DIRECTORY = "read the directory"
    WRITE_DIRECTORY = "write the directory"
    OWN_CLOCK = "own clock and times"
    ALL_CLOCKS = "clocks and times of others"
    APPROVE = "approve times"


ROLES: dict[str, frozenset[Right]] = {
    "admin": frozenset(Right),
    "editor": frozenset(
        {
            Right.READ_GEOFENCES,
            Right.WRITE_GEOFENCES,
            Right.CHECK,
            Right.VALIDATE,
            Right.VALIDATE_OTHERS,
            Right.READ_DIRECTORY,
        }
    ),
    "viewer": frozenset({Right.READ_GEOFENCES, Right.CHECK, Right.VALIDATE, Right.VALIDATE_OTHERS}),
    "approver": frozenset(
        {
            Right.OWN_CLOCK,
            Right.ALL_CLOCKS,
            Right.APPROVE,
            Right.VALIDATE,
            Right.VALIDATE_OTHERS,
            Right.READ_DIRECTORY,
        }
    ),
    "employee": frozenset({Right.OWN_CLOCK, Right.CHECK, Right.VALIDATE}),
}


def may_be_id(value: object) -> TypeGuard[str]:
    """Whether a value has the shape of a tenant's or a user's id: a text without anything that parts a key or a path.

    >>> may_be_id("demo-employee"), may_be_id("demo#x"), may_be_id(["demo"])
    (True, False, False)
    """
    return isinstance(value, str) and _ID.fullmatch(value) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The authenticated caller: a user of one tenant, with roles.

    >>> Principal(tenant_id="t", user_id="u", roles=frozenset({"viewer"})).may(Right.CHECK)
    True
    """

    tenant_id: str
    user_id: str
    roles: frozenset[str]

    def may(self, right: Right) -> bool:
        return any(right in ROLES.get(role, frozenset()) for role in self.roles)

    def needs(self, right: Right) -> None:
        """Raises Forbidden where the right is missing."""
        if not self.may(right):
            raise Forbidden(right.value)
