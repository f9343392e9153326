"""The queries of geofences, from the text of a query string."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from fencepost.common.entity_ref import TARGET_TABLES, EntityRef
from fencepost.common.text import fold_case
from fencepost.geofences.filters import GeofenceFilter
from fencepost.geofences.serializers import Kind
from fencepost.http.fields import Instant, RequestModel, Text
from fencepost.http.pagination import PageQuery
from geo.shapes.bounds import Bounds

_DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,15})?")


def _check_bbox(text: str) -> str:
    parse_bbox(text)
    return text


def _check_target(text: str) -> str:
    parse_target(text)
    return text


def _check_not_blank(text: str) -> str:
    if not fold_case(text):
        raise ValueError("must not be empty")
    return text


Box = Annotated[str, AfterValidator(_check_bbox), Field(max_length=200, examples=["24.9,60.1,25.0,60.2"])]
Target = Annotated[str, AfterValidator(_check_target), Field(max_length=100, examples=["users:ada"])]


class ListQuery(PageQuery):
    """A page of a list of geofences, and its filters. A geofence must pass all of them."""

    status: Literal["active", "inactive"] | None = None
    type: Kind | None = None
    tag: Annotated[Text, Field(max_length=50), AfterValidator(_check_not_blank)] | None = None
    filter: (
        Annotated[
            Text,
            Field(max_length=100, description="A part of the name, the description, the address or a tag."),
            AfterValidator(_check_not_blank),
        ]
        | None
    ) = None
    bbox: Annotated[Box, Field(description="west,south,east,north; across 180 degrees west is larger.")] | None = None
    target: Annotated[Target, Field(description="What a geofence is assigned to: table and id.")] | None = None


class ReadQuery(RequestModel):
    """The instant as of which a geofence is read; by default now."""

    as_of: Annotated[Instant | None, Field(alias="asOf", description="As it was at this instant.")] = None


class DeleteQuery(RequestModel):
    """The id of a geofence, for clients that cannot put it in the path."""

    id: Annotated[str, Field(description="The geofence to delete.")]


def parse_filter(query: ListQuery) -> GeofenceFilter | None:
    """Return the filter of a list, None where the query selects every geofence."""
    geofence_filter = GeofenceFilter(
        is_active=None if query.status is None else query.status == "active",
        kind=query.type,
        tag=query.tag,
        text=query.filter,
        box=parse_bbox(query.bbox) if query.bbox else None,
        target=parse_target(query.target) if query.target else None,
    )
    return geofence_filter if geofence_filter != GeofenceFilter() else None


def parse_bbox(text: str) -> Bounds:
    """Return the bounds of west,south,east,north in degrees; across 180 degrees the east is beyond 180.

    Raises:
        ValueError: It is not such a text.

    >>> parse_bbox("170,-20,-170,-10")
    Bounds(west=170.0, south=-20.0, east=190.0, north=-10.0)
    """
    try:
        parts = text.split(",")
        if not all(map(_DEGREES.fullmatch, parts)):
            raise ValueError
        west, south, east, north = map(float, parts)
        if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
            raise ValueError
    except ValueError:
        raise ValueError("must be west,south,east,north in degrees, south not above north") from None
    return Bounds(west, south, east if east >= west else east + 360, north)


def parse_target(text: str) -> EntityRef:
    """Return the entity that a text like `users:ada` names.

    Raises:
        ValueError: It is not a table and an id.

    >>> parse_target("users:ada")
    EntityRef(target_table='users', target_id='ada')
    """
    table, colon, target_id = text.partition(":")
    if table not in TARGET_TABLES or not colon or not target_id:
        raise ValueError(f"must be a table and an id, such as users:ada; the tables are {', '.join(TARGET_TABLES)}")
    return EntityRef(table, target_id)
