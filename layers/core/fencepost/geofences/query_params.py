"""What a list of geofences is asked for, from the text of a query string."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from fencepost.common.entity_ref import TARGET_TABLES, EntityRef
from fencepost.common.text import fold_case
from fencepost.geofences.filters import GeofenceFilter
from fencepost.geofences.serializers import Kind
from fencepost.http.fields import Instant, RequestModel, Text, WholeNumberText
from geo.shapes.bounds import Bounds

_DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,15})?")


def _box(text: str) -> str:
    box_of(text)
    return text


def _target(text: str) -> str:
    target_of(text)
    return text


def _says_something(text: str) -> str:
    if not fold_case(text):
        raise ValueError("must not be empty")
    return text


Box = Annotated[str, AfterValidator(_box), Field(max_length=200, examples=["24.9,60.1,25.0,60.2"])]
Target = Annotated[str, AfterValidator(_target), Field(max_length=100, examples=["users:ada"])]


class PageQuery(RequestModel):
    limit: Annotated[int, Field(ge=1, le=1000), WholeNumberText] = 100
    cursor: str | None = None


class ListQuery(PageQuery):
    status: Literal["active", "inactive"] | None = None
    type: Kind | None = None
    tag: Annotated[Text, Field(max_length=50), AfterValidator(_says_something)] | None = None
    filter: (
        Annotated[
            Text,
            Field(max_length=100, description="A part of the name, the description, the address or a tag."),
            AfterValidator(_says_something),
        ]
        | None
    ) = None
    bbox: Annotated[Box, Field(description="west,south,east,north; across 180 degrees west is larger.")] | None = None
    target: Annotated[Target, Field(description="What a geofence is assigned to: table and id.")] | None = None


class ReadQuery(RequestModel):
    as_of: Annotated[Instant | None, Field(alias="asOf", description="As it was at this instant.")] = None


class DeleteQuery(RequestModel):
    id: Annotated[str, Field(description="The geofence to delete.")]


def wanted(query: ListQuery) -> GeofenceFilter | None:
    """What a list is asked for; None where that is everything."""
    asked = GeofenceFilter(
        is_active=None if query.status is None else query.status == "active",
        kind=query.type,
        tag=query.tag,
        text=query.filter,
        box=box_of(query.bbox) if query.bbox else None,
        target=target_of(query.target) if query.target else None,
    )
    return asked if asked != GeofenceFilter() else None


def box_of(text: str) -> Bounds:
    """Raises ValueError.

    >>> box_of("170,-20,-170,-10")
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


def target_of(text: str) -> EntityRef:
    """Raises ValueError.

    >>> target_of("users:ada")
    EntityRef(target_table='users', target_id='ada')
    """
    table, colon, target_id = text.partition(":")
    if table not in TARGET_TABLES or not colon or not target_id:
        raise ValueError(f"must be a table and an id, such as users:ada; the tables are {', '.join(TARGET_TABLES)}")
    return EntityRef(table, target_id)
