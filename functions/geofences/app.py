"""Geofences: create, read, change, delete and list."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field

from fencepost import wiring
from fencepost.api import paging
from fencepost.api.fields import RequestModel
from fencepost.api.http import Api, Reply, Request, validated, version_expected
from fencepost.api.vocabularies.canonical import (
    GeofenceCreate,
    GeofenceDeleted,
    GeofenceOut,
    GeofencePage,
    GeofenceUpdate,
    changed_fields,
    new_fields,
    told,
)
from fencepost.domain.errors import Invalid
from fencepost.domain.geofence import Geofence
from fencepost.domain.principal import Right

api = Api()
wiring.before_snapshot(wiring.geofences)


class ListQuery(RequestModel):
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    cursor: str | None = None


class DeleteQuery(RequestModel):
    id: Annotated[str, Field(description="The geofence to delete.")]


@api.route(
    "GET",
    "/v1/geofences",
    summary="List the geofences, newest first",
    needs=Right.READ_GEOFENCES,
    query=ListQuery,
    gives={200: GeofencePage},
    fails=(400,),
)
def list_geofences(request: Request) -> Reply:
    tenant_id = request.who.tenant_id
    query = validated(ListQuery, _with_numbers(request.query))
    after = paging.after(tenant_id, query.cursor) if query.cursor else None
    page, has_more = wiring.geofences().newest_first(request.who, query.limit, after)
    cursor = paging.cursor(tenant_id, page[-1].created_at, page[-1].id) if page and has_more else None
    return Reply(status=200, body={"data": [told(geofence) for geofence in page], "nextCursor": cursor})


@api.route(
    "POST",
    "/v1/geofences",
    summary="Create a geofence",
    needs=Right.WRITE_GEOFENCES,
    takes=GeofenceCreate,
    gives={201: GeofenceOut},
    fails=(400, 409, 413, 415),
)
def create(request: Request) -> Reply:
    said = request.json()
    fields = new_fields(validated(GeofenceCreate, said), said)
    return _answer(201, wiring.geofences().create(request.who, fields, _now(), request.key_id()))


@api.route(
    "PUT",
    "/v1/geofences",
    summary="Change a geofence, its id in the body",
    needs=Right.WRITE_GEOFENCES,
    takes=GeofenceUpdate,
    gives={200: GeofenceOut},
    fails=(400, 404, 409, 412, 413, 415),
)
def update_by_body(request: Request) -> Reply:
    said = request.json()
    change = validated(GeofenceUpdate, said)
    if change.id is None:
        raise Invalid.field("id", "is missing")
    return _update(request, change.id, change, said)


@api.route(
    "DELETE",
    "/v1/geofences",
    summary="Delete a geofence, its id in the query",
    needs=Right.DELETE_GEOFENCES,
    query=DeleteQuery,
    gives={200: GeofenceDeleted},
    fails=(400, 404, 412),
)
def delete_by_query(request: Request) -> Reply:
    return _delete(request, validated(DeleteQuery, request.query).id)


@api.route(
    "GET",
    "/v1/geofences/{id}",
    summary="Read a geofence",
    needs=Right.READ_GEOFENCES,
    gives={200: GeofenceOut},
    fails=(404,),
)
def read(request: Request) -> Reply:
    return _answer(200, wiring.geofences().get(request.who, request.path["id"]))


@api.route(
    "PUT",
    "/v1/geofences/{id}",
    summary="Change a geofence: what the body does not name is kept",
    needs=Right.WRITE_GEOFENCES,
    takes=GeofenceUpdate,
    gives={200: GeofenceOut},
    fails=(400, 404, 409, 412, 413, 415),
)
@api.route(
    "PATCH",
    "/v1/geofences/{id}",
    summary="Change a geofence: the same as PUT",
    needs=Right.WRITE_GEOFENCES,
    takes=GeofenceUpdate,
    gives={200: GeofenceOut},
    fails=(400, 404, 409, 412, 413, 415),
)
def update(request: Request) -> Reply:
    said = request.json()
    change = validated(GeofenceUpdate, said)
    if change.id not in (None, request.path["id"]):
        raise Invalid.field("id", "is not the id of the address")
    return _update(request, request.path["id"], change, said)


@api.route(
    "DELETE",
    "/v1/geofences/{id}",
    summary="Delete a geofence",
    needs=Right.DELETE_GEOFENCES,
    gives={200: GeofenceDeleted},
    fails=(404, 412),
)
def delete(request: Request) -> Reply:
    return _delete(request, request.path["id"])


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return api.handle(event, context)


def _update(request: Request, geofence_id: str, change: GeofenceUpdate, said: dict[str, Any]) -> Reply:
    expected = version_expected(request)
    geofence = wiring.geofences().update(
        request.who, geofence_id, lambda before: changed_fields(change, said, before), expected, _now()
    )
    return _answer(200, geofence)


def _delete(request: Request, geofence_id: str) -> Reply:
    geofence = wiring.geofences().delete(request.who, geofence_id, version_expected(request), _now())
    return Reply(status=200, body={"id": geofence.id, "deleted": True})


def _answer(status: int, geofence: Geofence) -> Reply:
    body = told(geofence)
    headers = {"ETag": f'"{geofence.version}"'}
    if status == 201:
        headers["Location"] = body["uri"]
    return Reply(status=status, body=body, headers=headers)


def _with_numbers(query: Any) -> dict[str, Any]:
    """A query says everything in text; a limit that is a number becomes one, any other is told by the model."""
    limit = query.get("limit", "")
    return (
        {**query, "limit": int(limit)} if limit.isascii() and limit.isdecimal() and len(limit) < 10 else dict(query)
    )


def _now() -> datetime:
    return datetime.now(UTC)
