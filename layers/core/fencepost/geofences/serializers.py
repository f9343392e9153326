"""Where and when a geofence is, as it is told: apart from all that may be said of one, which is slow to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from fencepost.common.timezones import format_minute_of_day
from fencepost.geofences.validity import DAYS
from fencepost.http.fields import ResponseModel, radius_of, timestamp
from geo.shapes.circle import Circle

if TYPE_CHECKING:
    from fencepost.geofences.validity import InForce
    from geo.shapes.base import Shape


class WindowOut(ResponseModel):
    days: list[str]
    from_: Annotated[str, Field(alias="from")]
    to: str


class ScheduleOut(ResponseModel):
    timeZone: str
    windows: list[WindowOut]


def told_shape(shape: Shape) -> dict[str, Any]:
    """What a shape is: its type, centre, radius and geometry."""
    return {
        "type": shape.kind,
        **told_center(shape),
        "radiusMeters": radius_of(shape),
        "geometry": None if isinstance(shape, Circle) else shape.to_geojson(),
    }


def told_in_force(when: InForce) -> dict[str, Any]:
    schedule = when.schedule and {
        "timeZone": when.schedule.time_zone,
        "windows": [
            {
                "days": [DAYS[day] for day in sorted(window.days)],
                "from": format_minute_of_day(window.start_minute),
                "to": format_minute_of_day(window.end_minute),
            }
            for window in when.schedule.windows
        ],
    }
    return {
        "activeFrom": timestamp(when.active_from) if when.active_from else None,
        "expiresAt": timestamp(when.expires_at) if when.expires_at else None,
        "schedule": schedule,
    }


def told_center(shape: Shape) -> dict[str, float]:
    """A circle's centre as it was given; a computed one to the centimetre."""
    lat, lon = shape.center.lat, shape.center.lon
    if not isinstance(shape, Circle):
        lat, lon = round(lat, 7), round(lon, 7)
    return {"latitude": lat, "longitude": lon}
