"""Geofences as GeoJSON (RFC 7946): pages of features, which maps open and an import reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import ConfigDict, Field

from fencepost.geofences.mapping import serialize_geofence
from fencepost.http.fields import RequestModel, ResponseModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fencepost.geofences.model import Geofence

MEDIA_TYPE = "application/geo+json"
RESOURCE_PATH = "/api/v1/geofences.geojson"
# A larger collection is uploaded to the bucket.
MAX_FEATURES = 10_000
_NOT_PROPERTIES = ("id", "tenantId", "geometry")


class FeatureOut(ResponseModel):
    """A geofence. A circle is a Point, a corridor a LineString; both have `radiusMeters` in their properties."""

    type: Literal["Feature"]
    id: str
    geometry: dict[str, Any]
    properties: dict[str, Any]


class LinkOut(ResponseModel):
    """A link to the next page."""

    rel: Literal["next"]
    type: str
    href: str


class FeatureCollectionOut(ResponseModel):
    """A page of geofences. `links` has the address of the next page; it is empty on the last."""

    type: Literal["FeatureCollection"]
    features: list[FeatureOut]
    links: list[LinkOut]


class FeatureCollectionIn(RequestModel):
    """A FeatureCollection to import. Members other than `type` and `features` are ignored."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["FeatureCollection"]
    features: Annotated[list[Any], Field(max_length=MAX_FEATURES)]


def serialize_feature(geofence: Geofence) -> dict[str, Any]:
    """Return a FeatureOut."""
    properties = {k: v for k, v in serialize_geofence(geofence).items() if k not in _NOT_PROPERTIES}
    return {"type": "Feature", "id": geofence.id, "geometry": geofence.shape.to_geojson(), "properties": properties}


def serialize_page(
    features: Sequence[Mapping[str, Any]], query: Mapping[str, str], cursor: str | None
) -> dict[str, Any]:
    """Return a FeatureCollectionOut, whose link to the next page repeats the query of this one."""
    links = []
    if cursor is not None:
        href = f"{RESOURCE_PATH}?{urlencode({**query, 'cursor': cursor})}"
        links = [{"rel": "next", "type": MEDIA_TYPE, "href": href}]
    return {"type": "FeatureCollection", "features": features, "links": links}
