"""Callers, and their roles and permissions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeGuard

from fencepost.common.errors import Forbidden

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class Permission(StrEnum):
    """What a role allows. The value is the text that errors and the API document show."""

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


ROLES: dict[str, frozenset[Permission]] = {
    "admin": frozenset(Permission),
    "editor": frozenset(
        {
            Permission.READ_GEOFENCES,
            Permission.WRITE_GEOFENCES,
            Permission.CHECK,
            Permission.VALIDATE,
            Permission.VALIDATE_OTHERS,
            Permission.READ_DIRECTORY,
        }
    ),
    "viewer": frozenset(
        {Permission.READ_GEOFENCES, Permission.CHECK, Permission.VALIDATE, Permission.VALIDATE_OTHERS}
    ),
    "approver": frozenset(
        {
            Permission.OWN_CLOCK,
            Permission.ALL_CLOCKS,
            Permission.APPROVE,
            Permission.VALIDATE,
            Permission.VALIDATE_OTHERS,
            Permission.READ_DIRECTORY,
        }
    ),
    "employee": frozenset({Permission.OWN_CLOCK, Permission.CHECK, Permission.VALIDATE}),
}


def is_entity_id(value: object) -> TypeGuard[str]:
    """Return whether a value has the form of a tenant's or a user's id, without separators of keys and paths.

    >>> is_entity_id("demo-employee"), is_entity_id("demo#x"), is_entity_id(["demo"])
    (True, False, False)
    """
    return isinstance(value, str) and _ID.fullmatch(value) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The authenticated caller: a user of one tenant, with roles.

    >>> Principal(tenant_id="t", user_id="u", roles=frozenset({"viewer"})).can(Permission.CHECK)
    True
    """

    tenant_id: str
    user_id: str
    roles: frozenset[str]

    def can(self, permission: Permission) -> bool:
        return any(permission in ROLES.get(role, frozenset()) for role in self.roles)

    def require(self, permission: Permission) -> None:
        """Verify that the caller has a permission.

        Raises:
            Forbidden: None of the caller's roles has it.
        """
        if not self.can(permission):
            raise Forbidden(permission.value)
