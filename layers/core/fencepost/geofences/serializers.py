"""The parts of a geofence that several responses have: its shape, and when it is in force.

They are apart from `schemas`, which takes longer to import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field
from pydantic_core import CoreSchema, PydanticKnownError
from pydantic_core.core_schema import no_info_plain_validator_function

from fencepost.common.timezones import format_minute_of_day
from fencepost.geofences.validity import DAYS
from fencepost.http.fields import ResponseModel, format_timestamp, to_number
from geo.shapes import list_kinds

if TYPE_CHECKING:
    from fencepost.geofences.validity import InForce
    from geo.shapes.base import Shape


class KindName:
    """A validator of the names of geofence types. It accepts the types that are registered when it is called.

    Args:
        aliases: Further names that a request may use.
    """

    def __init__(self, *aliases: str) -> None:
        self._aliases = aliases

    def __get_pydantic_core_schema__(self, _source: object, _handler: object) -> CoreSchema:
        return no_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(self, _schema: object, _handler: object) -> dict[str, Any]:
        return {"type": "string", "enum": self._list_names()}

    def _list_names(self) -> list[str]:
        return [*list_kinds(), *self._aliases]

    def _validate(self, value: object) -> object:
        names = self._list_names()
        if value not in names:
            *others, last = map(repr, names)
            raise PydanticKnownError("literal_error", {"expected": f"{', '.join(others)} or {last}"})
        return value


Kind = Annotated[str, KindName()]
"""The name of a geofence type."""


class WindowOut(ResponseModel):
    """A span of local time on some days; one that ends at or before its start ends on the next day."""

    days: list[str]
    from_: Annotated[str, Field(alias="from")]
    to: str


class ScheduleOut(ResponseModel):
    """Times of the week, on the wall clock of a time zone."""

    timeZone: str
    windows: list[WindowOut]


def serialize_shape(shape: Shape) -> dict[str, Any]:
    """Return the type, centre, radius and geometry of a shape."""
    fields = shape.to_fields()
    return {
        "type": shape.kind,
        "latitude": fields.lat,
        "longitude": fields.lon,
        "radiusMeters": None if fields.radius_m is None else to_number(fields.radius_m),
        "geometry": fields.geometry,
    }


def serialize_validity(validity: InForce) -> dict[str, Any]:
    """Return the two instants and the schedule that say when a geofence is in force."""
    schedule = validity.schedule and {
        "timeZone": validity.schedule.time_zone,
        "windows": [
            {
                "days": [DAYS[day] for day in sorted(window.days)],
                "from": format_minute_of_day(window.start_minute),
                "to": format_minute_of_day(window.end_minute),
            }
            for window in validity.schedule.windows
        ],
    }
    return {
        "activeFrom": format_timestamp(validity.active_from) if validity.active_from else None,
        "expiresAt": format_timestamp(validity.expires_at) if validity.expires_at else None,
        "schedule": schedule,
    }
