"""The events of geofences. They have no vertices: an EventBridge entry holds 256 KB, and a geofence can have more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from fencepost.common.events import Event, EventId
from fencepost.geofences.model import Geofence


class GeofencePayload(TypedDict):
    """The fields of the events of geofences."""

    geofenceId: EventId
    version: Annotated[int, Field(ge=1, description="The new version, or the last one of a deleted geofence.")]
    name: str
    status: Literal["active", "inactive"]
    latitude: Annotated[float, Field(ge=-90, le=90, description="Latitude of the centre.")]
    longitude: Annotated[float, Field(ge=-180, le=180, description="Longitude of the centre.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class GeofenceEvent(Event):
    """A geofence was changed."""

    geofence: Geofence

    def data(self) -> GeofencePayload:
        center = self.geofence.shape.center
        return {
            "geofenceId": self.geofence.id,
            "version": self.geofence.version,
            "name": self.geofence.name,
            "status": "active" if self.geofence.is_active else "inactive",
            "latitude": center.lat,
            "longitude": center.lon,
        }


class GeofenceCreated(GeofenceEvent):
    """A geofence was created, by a request or by an import."""

    type = "geofence.created"


class GeofenceUpdated(GeofenceEvent):
    """A geofence was changed."""

    type = "geofence.updated"


class GeofenceDeleted(GeofenceEvent):
    """A geofence was deleted permanently."""

    type = "geofence.deleted"
