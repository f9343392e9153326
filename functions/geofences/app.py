"""Geofences: create, read, change, delete and list, one by one or in batches, in either vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pydantic import RootModel

from fencepost import container
from fencepost.common.errors import NotFound, ValidationFailed
from fencepost.common.principal import Permission
from fencepost.common.snapstart import prime_snapstart
from fencepost.geofences import geojson, nearest_schemas, negotiation, schemas, timekeeping
from fencepost.geofences.batch import run_batch
from fencepost.geofences.batch_schemas import BatchAnswer, BatchRequest
from fencepost.geofences.geojson import FeatureCollectionOut
from fencepost.geofences.model import Geofence
from fencepost.geofences.query_params import DeleteQuery, ListQuery, PageQuery, ReadQuery, numbered, wanted
from fencepost.geofences.schemas import (
    GeofenceCreate,
    GeofenceDeletion,
    GeofenceOut,
    GeofencePage,
    GeofenceUpdate,
    TagList,
    VersionOut,
    VersionPage,
)
from fencepost.geofences.timekeeping import TimekeepingGeofence, TimekeepingPage
from fencepost.http import pagination
from fencepost.http.app import Api, Response
from fencepost.http.fields import whole_number
from fencepost.http.idempotency_key import derive_resource_id
from fencepost.http.request import Request, is_what_they_have, version_expected
from fencepost.http.validation import validated
from fencepost.verdicts.schemas import ValidateIn, ValidationOut, serialize_validation, to_validation_request

api = Api(retell=negotiation.retold)
prime_snapstart(container.geofence_service)
prime_snapstart(container.nearest_service)
prime_snapstart(container.validation_service)


class Told(RootModel[GeofenceOut | TimekeepingGeofence]):
    """A geofence in the vocabulary of the request."""


class ToldPage(RootModel[GeofencePage | TimekeepingPage]):
    """A page of geofences in the vocabulary of the request."""


@api.route(
    "GET",
    "/v1/geofences",
    summary="List the geofences, newest first",
    needs=Permission.READ_GEOFENCES,
    query=ListQuery,
    gives={200: ToldPage},
    fails=(400,),
)
def list_geofences(request: Request) -> Response:
    told, cursor = _page(request, _words(request, {}))
    return Response(status=200, body={"data": told, "nextCursor": cursor})


@api.route(
    "GET",
    "/v1/geofences.geojson",
    summary="List the geofences as GeoJSON, page by page",
    needs=Permission.READ_GEOFENCES,
    query=ListQuery,
    gives={200: FeatureCollectionOut},
    fails=(400,),
)
def list_features(request: Request) -> Response:
    told, cursor = _page(request, geojson.told)
    body = geojson.collection(told, request.query, cursor)
    return Response(status=200, body=body, media_type=geojson.MEDIA_TYPE)


@api.route(
    "POST",
    "/v1/geofences",
    summary="Create a geofence",
    needs=Permission.WRITE_GEOFENCES,
    takes=GeofenceCreate,
    gives={201: GeofenceOut, 200: TimekeepingGeofence},
    fails=(400, 402, 409, 413, 415),
)
def create(request: Request) -> Response:
    said = request.json()
    change, key_id = validated(GeofenceCreate, said), derive_resource_id(request)
    if negotiation.is_timekeeping(request.headers, said):
        geofence = container.geofence_service().create(
            request.principal, timekeeping.new_fields(change, said), _now(), key_id
        )
        return _created(200, geofence, timekeeping.told(geofence))
    geofence = container.geofence_service().create(
        request.principal, schemas.new_fields(change, said), _now(), key_id
    )
    return _created(201, geofence, schemas.told(geofence))


@api.route(
    "PUT",
    "/v1/geofences",
    summary="Change a geofence, its id in the body",
    needs=Permission.WRITE_GEOFENCES,
    takes=GeofenceUpdate,
    gives={200: Told},
    fails=(400, 404, 409, 412, 413, 415),
)
def update_by_body(request: Request) -> Response:
    said = request.json()
    change = validated(GeofenceUpdate, said)
    if change.id is None:
        raise ValidationFailed.field("id", "is missing")
    return _update(request, change.id, change, said)


@api.route(
    "DELETE",
    "/v1/geofences",
    summary="Delete a geofence, its id in the query",
    needs=Permission.DELETE_GEOFENCES,
    query=DeleteQuery,
    gives={200: GeofenceDeletion},
    fails=(400, 404, 412),
)
def delete_by_query(request: Request) -> Response:
    return _delete(request, validated(DeleteQuery, request.query).id)


@api.route(
    "GET",
    "/v1/geofences/{id}",
    summary="Read a geofence, as it is or as it was",
    needs=Permission.READ_GEOFENCES,
    query=ReadQuery,
    gives={200: Told},
    fails=(400, 404),
)
def read(request: Request) -> Response:
    query = validated(ReadQuery, request.query)
    if query.as_of is not None:
        return _read(
            request, container.geofence_service().as_of(request.principal, request.path["id"], query.as_of).geofence
        )
    return _read(request, container.geofence_service().get(request.principal, request.path["id"]))


@api.route(
    "PUT",
    "/v1/geofences/{id}",
    summary="Change a geofence: what the body does not name is kept",
    needs=Permission.WRITE_GEOFENCES,
    takes=GeofenceUpdate,
    gives={200: Told},
    fails=(400, 404, 409, 412, 413, 415),
)
@api.route(
    "PATCH",
    "/v1/geofences/{id}",
    summary="Change a geofence: the same as PUT",
    needs=Permission.WRITE_GEOFENCES,
    takes=GeofenceUpdate,
    gives={200: Told},
    fails=(400, 404, 409, 412, 413, 415),
)
def update(request: Request) -> Response:
    said = request.json()
    change = validated(GeofenceUpdate, said)
    if change.id not in (None, request.path["id"]):
        raise ValidationFailed.field("id", "is not the id of the address")
    return _update(request, request.path["id"], change, said)


@api.route(
    "DELETE",
    "/v1/geofences/{id}",
    summary="Delete a geofence",
    needs=Permission.DELETE_GEOFENCES,
    gives={200: GeofenceDeletion},
    fails=(400, 404, 412),
)
def delete(request: Request) -> Response:
    return _delete(request, request.path["id"])


@api.route(
    "GET",
    "/v1/geofences/{id}/versions",
    summary="List the versions of a geofence, newest first, of a deleted one too",
    needs=Permission.READ_GEOFENCES,
    query=PageQuery,
    gives={200: VersionPage},
    fails=(400, 404),
)
def list_versions(request: Request) -> Response:
    query = validated(PageQuery, numbered(request.query))
    list_name = f"{request.principal.tenant_id}/{request.path['id']}/versions"
    before = pagination.number_after(list_name, query.cursor) if query.cursor is not None else None
    versions, has_more = container.geofence_service().versions(
        request.principal, request.path["id"], query.limit, before
    )
    told = pagination.fitting(versions, schemas.told_version)
    is_end = not has_more and len(told) == len(versions)
    cursor = None if is_end or not told else pagination.number_cursor(list_name, told[-1]["version"])
    return Response(status=200, body={"data": told, "nextCursor": cursor})


@api.route(
    "GET",
    "/v1/geofences/{id}/versions/{version}",
    summary="Read one version of a geofence: the one that a verdict names, say",
    needs=Permission.READ_GEOFENCES,
    gives={200: VersionOut},
    fails=(404,),
)
def read_version(request: Request) -> Response:
    number = whole_number(request.path["version"])
    if not isinstance(number, int):
        raise NotFound("version of a geofence")
    version = container.geofence_service().version(request.principal, request.path["id"], number)
    return Response(status=200, body=schemas.told_version(version))


@api.route(
    "POST",
    "/v1/geofences/batch",
    summary="Up to 100 creates, updates and deletes, each with a result of its own",
    needs=Permission.WRITE_GEOFENCES,
    takes=BatchRequest,
    gives={200: BatchAnswer},
    fails=(400, 413, 415),
)
def batch(request: Request) -> Response:
    operations = validated(BatchRequest, request.json()).operations
    results = run_batch(request.principal, operations, container.geofence_service(), _now())
    return Response(status=200, body={"results": results})


@api.route(
    "GET",
    "/v1/tags",
    summary="List the tags, each with its number",
    needs=Permission.READ_GEOFENCES,
    gives={200: TagList},
)
def list_tags(request: Request) -> Response:
    tags = container.geofence_service().tags(request.principal)
    return Response(status=200, body={"data": [{"number": number, "name": name} for number, name in tags]})


@api.route(
    "GET",
    "/v1/geofences/nearest",
    summary="List the geofences nearest to a position, with their shapes, for a phone to register",
    needs=Permission.CHECK,
    query=nearest_schemas.NearestQuery,
    gives={200: nearest_schemas.NearestAnswer, 304: None},
    fails=(400,),
)
def list_nearest(request: Request) -> Response:
    query = validated(nearest_schemas.NearestQuery, nearest_schemas.numbered(request.query))
    found = container.nearest_service().nearest(
        request.principal,
        nearest_schemas.position_of(query),
        query.limit,
        datetime.now(UTC),
        consistent=query.consistent == "true",
    )
    told = pagination.fitting(found.geofences, nearest_schemas.told)
    body = nearest_schemas.answer(told, found.complete_within_m(len(told)))
    headers = nearest_schemas.headers(body)
    if is_what_they_have(request, headers["ETag"]):
        return Response(status=304, body=None, headers=headers)
    return Response(status=200, body=body, headers=headers)


@api.route(
    "POST",
    "/v1/geofences/validate",
    summary="Say whether a user may make an entry at a place, and why",
    needs=Permission.VALIDATE,
    takes=ValidateIn,
    gives={200: ValidationOut},
    fails=(400, 404, 413, 415),
)
def validate(request: Request) -> Response:
    said = request.json()
    entry = to_validation_request(validated(ValidateIn, said), said)
    verdict = container.validation_service().validate(request.principal, entry, datetime.now(UTC))
    return Response(status=200, body=serialize_validation(verdict))


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return api.handle(event, context)


def _page(request: Request, tell: Callable[[Geofence], dict[str, Any]]) -> tuple[list[dict[str, Any]], str | None]:
    """The geofences of a page, told, and the cursor of the next page: it begins where the answer is full."""
    tenant_id = request.principal.tenant_id
    query = validated(ListQuery, numbered(request.query))
    start = pagination.after(tenant_id, query.cursor) if query.cursor is not None else None
    page = container.geofence_service().newest_first(request.principal, query.limit, start, wanted(query))
    told = pagination.fitting(page.geofences, tell)
    last = page.geofences[len(told) - 1] if told else None
    after = (last.created_at, last.id) if last and len(told) < len(page.geofences) else page.after
    return told, pagination.cursor(tenant_id, *after) if after else None


def _words(request: Request, said: dict[str, Any]) -> Callable[[Geofence], dict[str, Any]]:
    return timekeeping.told if negotiation.is_timekeeping(request.headers, said) else schemas.told


def _created(status: int, geofence: Geofence, told: dict[str, Any]) -> Response:
    headers = {"Location": told["uri"], "X-Object-Id": geofence.id, "X-Object-Table": timekeeping.TABLE}
    return Response(status=status, body=told, headers={**headers, **_etag(geofence)})


def _read(request: Request, geofence: Geofence) -> Response:
    return Response(status=200, body=_words(request, {})(geofence), headers=_etag(geofence))


def _update(request: Request, geofence_id: str, change: GeofenceUpdate, said: dict[str, Any]) -> Response:
    vocabulary = timekeeping if negotiation.is_timekeeping(request.headers, said) else schemas
    geofence = container.geofence_service().update(
        request.principal,
        geofence_id,
        lambda before: vocabulary.changed_fields(change, said, before),
        version_expected(request),
        _now(),
    )
    return Response(status=200, body=vocabulary.told(geofence), headers=_etag(geofence))


def _delete(request: Request, geofence_id: str) -> Response:
    geofence = container.geofence_service().delete(request.principal, geofence_id, version_expected(request), _now())
    return Response(status=200, body={"id": geofence.id, "deleted": True})


def _etag(geofence: Geofence) -> dict[str, str]:
    return {"ETag": f'"{geofence.version}"'}


def _now() -> datetime:
    return datetime.now(UTC)
