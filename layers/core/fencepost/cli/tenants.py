"""Create and update tenants.

Run `python -m fencepost.cli.tenants < tenants.json`. The environment needs TABLE_NAME and AWS credentials.

    {"tenants": [{"id": "acme", "name": "Acme", "timeZone": "Europe/Berlin", "clockLimitHours": 12,
                   "overlaps": "trim", "geofenceModes": {"start": "flag"}, "geofenceLimit": 5000,
                   "polygonPointLimit": 1000, "redirectOrigins": ["https://maps.acme.example"],
                   "workingTime": {"longestMinutes": 600},
                   "positions": {"coarsenAfterDays": 30, "removeAfterDays": 365},
                   "users": [{"id": "ada", "name": "Ada", "roles": ["admin"]}]}]}

Tenants and users are created or renamed. A setting that the input omits stays unchanged.

- `geofenceLimit`: null removes the limit.
- `geofenceModes`: what happens to a clock action that a geofence refuses. An action without a mode has the default.
- `polygonPointLimit`: for polygons of the zone API, 100 by default.
- `redirectOrigins`: the only origins to which the zone API may redirect the response to an upload.
- `positions`: the days from the start of a clock or an entry after which its positions become coarse (two decimals)
  and are removed. `{}` retains them, which is the default.

A user with `roles` gets a new API key and retains the previous one. The command prints the new keys once, as
`{"acme": {"ada": "fp_..."}}`. The table stores only their hashes.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from fencepost import container
from fencepost.common.errors import ValidationFailed
from fencepost.common.principal import ROLES
from fencepost.directory.model import Entity
from fencepost.http.fields import TimeZone
from fencepost.tenants.service import DEFAULT_POLYGON_POINTS
from fencepost.timeclock.overlaps import OverlapPolicy
from fencepost.timeclock.settings import EvaluatedAction, GeofenceMode
from fencepost.timeclock.working_time_schemas import WorkingTimeModel, parse_working_time
from fencepost.zones.redirects import parse_origin
from geo.shapes.checks import MAX_VERTICES


def _check_role(value: str) -> str:
    if value not in ROLES:
        raise ValueError(f"is not a role; the roles are {', '.join(ROLES)}")
    return value


def _check_origin(value: str) -> str:
    if parse_origin(value) != value:
        raise ValueError(
            "is not an origin: a scheme, a host in lower case and optionally a port, such as https://acme.example"
        )
    return value


Role = Annotated[str, AfterValidator(_check_role)]
Days = Annotated[int, Field(ge=1, le=36_500)]
Origin = Annotated[str, AfterValidator(_check_origin)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", alias_generator=to_camel)


class UserSetup(_Strict):
    """A user to create or rename. A user with `roles` gets a new API key."""

    id: str
    name: str
    roles: list[Role] = []


class PositionRetention(_Strict):
    """Days from the start of a clock or an entry; None never coarsens or never removes its positions."""

    coarsen_after_days: Days | None = None
    remove_after_days: Days | None = None

    @model_validator(mode="after")
    def _check_order(self) -> PositionRetention:
        coarsen_after, remove_after = self.coarsen_after_days, self.remove_after_days
        if coarsen_after is not None and remove_after is not None and coarsen_after >= remove_after:
            raise ValueError("removeAfterDays must be more than coarsenAfterDays")
        return self


class TenantSetup(_Strict):
    """A tenant to create or update, with its users. A setting that is None does not change."""

    id: str
    name: str
    clock_limit_hours: Annotated[float, Field(gt=0, le=168)] | None = None
    overlaps: OverlapPolicy | None = None
    geofence_modes: dict[EvaluatedAction, GeofenceMode] | None = None
    time_zone: TimeZone | None = None
    working_time: WorkingTimeModel | None = None
    positions: PositionRetention | None = None
    geofence_limit: Annotated[int, Field(ge=0, le=10**9)] | None = None
    polygon_point_limit: Annotated[int, Field(ge=DEFAULT_POLYGON_POINTS, le=MAX_VERTICES)] | None = None
    redirect_origins: Annotated[list[Origin], Field(max_length=20)] | None = None
    users: list[UserSetup] = []


class Setup(_Strict):
    """The input of the command."""

    tenants: list[TenantSetup]


def _to_position_policy(positions: PositionRetention) -> dict[str, int]:
    days = {
        "coarsenAfterDays": positions.coarsen_after_days,
        "removeAfterDays": positions.remove_after_days,
    }
    return {name: value for name, value in days.items() if value is not None}


def apply(setup: Setup) -> dict[str, dict[str, str]]:
    """Create or update the tenants and users, and return the new API keys by tenant and user.

    Raises:
        ValidationFailed: The id of a tenant or a user is not an id, or a name is not visible.
    """
    tenants, directory = container.tenant_service(), container.directory_service()
    keys: dict[str, dict[str, str]] = {}
    for tenant in setup.tenants:
        tenants.put_tenant(
            tenant.id,
            tenant.name,
            clock_limit_hours=tenant.clock_limit_hours,
            polygon_point_limit=tenant.polygon_point_limit,
            overlaps=tenant.overlaps,
            geofence_modes=tenant.geofence_modes,
            time_zone=tenant.time_zone,
            working_time=parse_working_time(tenant.working_time) if tenant.working_time is not None else None,
            positions=_to_position_policy(tenant.positions) if tenant.positions is not None else None,
            redirect_origins=tenant.redirect_origins,
        )
        if "geofence_limit" in tenant.model_fields_set:
            tenants.limit_geofences(tenant.id, tenant.geofence_limit)
        for user in tenant.users:
            directory.put(tenant.id, [Entity(table="users", id=user.id, name=user.name)], ["users"])
        with_keys = [user for user in tenant.users if user.roles]
        keys[tenant.id] = {user.id: tenants.issue_key(tenant.id, user.id, user.roles) for user in with_keys}
    return keys


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m fencepost.cli.tenants",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args()
    try:
        keys = apply(Setup.model_validate_json(sys.stdin.read()))
    except (ValidationFailed, ValidationError) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(keys, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
