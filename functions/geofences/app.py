"""Geofences: create, read, change, delete and list, one by one or in batches, in either vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pydantic import RootModel

from fencepost import wiring
from fencepost.api import batches, paging
from fencepost.api.fields import whole_number
from fencepost.api.http import Api, Reply, Request, is_what_they_have, version_expected
from fencepost.api.listing import DeleteQuery, ListQuery, PageQuery, ReadQuery, numbered, wanted
from fencepost.api.validation import validated
from fencepost.api.vocabularies import canonical, features, nearest, spoken, timekeeping
from fencepost.api.vocabularies.batch import BatchAnswer, BatchRequest
from fencepost.api.vocabularies.canonical import (
    GeofenceCreate,
    GeofenceDeleted,
    GeofenceOut,
    GeofencePage,
    GeofenceUpdate,
    TagList,
    VersionOut,
    VersionPage,
)
from fencepost.api.vocabularies.features import FeatureCollectionOut
from fencepost.api.vocabularies.timekeeping import TimekeepingGeofence, TimekeepingPage
from fencepost.api.vocabularies.verdict import ValidateIn, ValidationOut, entry_of, told_validation
from fencepost.domain.errors import Invalid, NotFound
from fencepost.domain.geofence import Geofence
from fencepost.domain.principal import Right
from fencepost.snapshot import before_snapshot

api = Api(retell=spoken.retold)
before_snapshot(wiring.geofences)
before_snapshot(wiring.nearest)
before_snapshot(wiring.validation)


class Told(RootModel[GeofenceOut | TimekeepingGeofence]):
    """A geofence in the vocabulary of the request."""


class ToldPage(RootModel[GeofencePage | TimekeepingPage]):
    """A page of geofences in the vocabulary of the request."""


@api.route(
    "GET",
    "/v1/geofences",
    summary="List the geofences, newest first",
    needs=Right.READ_GEOFENCES,
    query=ListQuery,
    gives={200: ToldPage},
    fails=(400,),
)
def list_geofences(request: Request) -> Reply:
    told, cursor = _page(request, _words(request, {}))
    return Reply(status=200, body={"data": told, "nextCursor": cursor})


@api.route(
    "GET",
    "/v1/geofences.geojson",
    summary="List the geofences as GeoJSON, page by page",
    needs=Right.READ_GEOFENCES,
    query=ListQuery,
    gives={200: FeatureCollectionOut},
    fails=(400,),
)
def list_features(request: Request) -> Reply:
    told, cursor = _page(request, features.told)
    body = features.collection(told, request.query, cursor)
    return Reply(status=200, body=body, media_type=features.MEDIA_TYPE)


@api.route(
    "POST",
    "/v1/geofences",
    summary="Create a geofence",
    needs=Right.WRITE_GEOFENCES,
    takes=GeofenceCreate,
    gives={201: GeofenceOut, 200: TimekeepingGeofence},
    fails=(400, 402, 409, 413, 415),
)
def create(request: Request) -> Reply:
    said = request.json()
    change, key_id = validated(GeofenceCreate, said), request.key_id()
    if spoken.is_timekeeping(request.headers, said):
        geofence = wiring.geofences().create(request.who, timekeeping.new_fields(change, said), _now(), key_id)
        return _created(200, geofence, timekeeping.told(geofence))
    geofence = wiring.geofences().create(request.who, canonical.new_fields(change, said), _now(), key_id)
    return _created(201, geofence, canonical.told(geofence))


@api.route(
    "PUT",
    "/v1/geofences",
    summary="Change a geofence, its id in the body",
    needs=Right.WRITE_GEOFENCES,
    takes=GeofenceUpdate,
    gives={200: Told},
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
    summary="Read a geofence, as it is or as it was",
    needs=Right.READ_GEOFENCES,
    query=ReadQuery,
    gives={200: Told},
    fails=(400, 404),
)
def read(request: Request) -> Reply:
    query = validated(ReadQuery, request.query)
    if query.as_of is not None:
        return _read(request, wiring.geofences().as_of(request.who, request.path["id"], query.as_of).geofence)
    return _read(request, wiring.geofences().get(request.who, request.path["id"]))


@api.route(
    "PUT",
    "/v1/geofences/{id}",
    summary="Change a geofence: what the body does not name is kept",
    needs=Right.WRITE_GEOFENCES,
    takes=GeofenceUpdate,
    gives={200: Told},
    fails=(400, 404, 409, 412, 413, 415),
)
@api.route(
    "PATCH",
    "/v1/geofences/{id}",
    summary="Change a geofence: the same as PUT",
    needs=Right.WRITE_GEOFENCES,
    takes=GeofenceUpdate,
    gives={200: Told},
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
    fails=(400, 404, 412),
)
def delete(request: Request) -> Reply:
    return _delete(request, request.path["id"])


@api.route(
    "GET",
    "/v1/geofences/{id}/versions",
    summary="List the versions of a geofence, newest first, of a deleted one too",
    needs=Right.READ_GEOFENCES,
    query=PageQuery,
    gives={200: VersionPage},
    fails=(400, 404),
)
def list_versions(request: Request) -> Reply:
    query = validated(PageQuery, numbered(request.query))
    list_name = f"{request.who.tenant_id}/{request.path['id']}/versions"
    before = paging.number_after(list_name, query.cursor) if query.cursor is not None else None
    versions, has_more = wiring.geofences().versions(request.who, request.path["id"], query.limit, before)
    told = paging.fitting(versions, canonical.told_version)
    is_end = not has_more and len(told) == len(versions)
    cursor = None if is_end or not told else paging.number_cursor(list_name, told[-1]["version"])
    return Reply(status=200, body={"data": told, "nextCursor": cursor})


@api.route(
    "GET",
    "/v1/geofences/{id}/versions/{version}",
    summary="Read one version of a geofence: the one that a verdict names, say",
    needs=Right.READ_GEOFENCES,
    gives={200: VersionOut},
    fails=(404,),
)
def read_version(request: Request) -> Reply:
    number = whole_number(request.path["version"])
    if not isinstance(number, int):
        raise NotFound("version of a geofence")
    version = wiring.geofences().version(request.who, request.path["id"], number)
    return Reply(status=200, body=canonical.told_version(version))


@api.route(
    "POST",
    "/v1/geofences/batch",
    summary="Up to 100 creates, updates and deletes, each with a result of its own",
    needs=Right.WRITE_GEOFENCES,
    takes=BatchRequest,
    gives={200: BatchAnswer},
    fails=(400, 413, 415),
)
def batch(request: Request) -> Reply:
    operations = validated(BatchRequest, request.json()).operations
    results = batches.done(request.who, operations, wiring.geofences(), _now())
    return Reply(status=200, body={"results": results})


@api.route(
    "GET",
    "/v1/tags",
    summary="List the tags, each with its number",
    needs=Right.READ_GEOFENCES,
    gives={200: TagList},
)
def list_tags(request: Request) -> Reply:
    tags = wiring.geofences().tags(request.who)
    return Reply(status=200, body={"data": [{"number": number, "name": name} for number, name in tags]})


@api.route(
    "GET",
    "/v1/geofences/nearest",
    summary="List the geofences nearest to a position, with their shapes, for a phone to register",
    needs=Right.CHECK,
    query=nearest.NearestQuery,
    gives={200: nearest.NearestAnswer, 304: None},
    fails=(400,),
)
def list_nearest(request: Request) -> Reply:
    query = validated(nearest.NearestQuery, nearest.numbered(request.query))
    found = wiring.nearest().nearest(
        request.who,
        nearest.position_of(query),
        query.limit,
        datetime.now(UTC),
        consistent=query.consistent == "true",
    )
    told = paging.fitting(found.geofences, nearest.told)
    body = nearest.answer(told, found.complete_within_m(len(told)))
    headers = nearest.headers(body)
    if is_what_they_have(request, headers["ETag"]):
        return Reply(status=304, body=None, headers=headers)
    return Reply(status=200, body=body, headers=headers)


@api.route(
    "POST",
    "/v1/geofences/validate",
    summary="Say whether a user may make an entry at a place, and why",
    needs=Right.VALIDATE,
    takes=ValidateIn,
    gives={200: ValidationOut},
    fails=(400, 404, 413, 415),
)
def validate(request: Request) -> Reply:
    said = request.json()
    entry = entry_of(validated(ValidateIn, said), said)
    verdict = wiring.validation().validate(request.who, entry, datetime.now(UTC))
    return Reply(status=200, body=told_validation(verdict))


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return api.handle(event, context)


def _page(request: Request, tell: Callable[[Geofence], dict[str, Any]]) -> tuple[list[dict[str, Any]], str | None]:
    """The geofences of a page, told, and the cursor of the next page: it begins where the answer is full."""
    tenant_id = request.who.tenant_id
    query = validated(ListQuery, numbered(request.query))
    start = paging.after(tenant_id, query.cursor) if query.cursor is not None else None
    page = wiring.geofences().newest_first(request.who, query.limit, start, wanted(query))
    told = paging.fitting(page.geofences, tell)
    last = page.geofences[len(told) - 1] if told else None
    after = (last.created_at, last.id) if last and len(told) < len(page.geofences) else page.after
    return told, paging.cursor(tenant_id, *after) if after else None


def _words(request: Request, said: dict[str, Any]) -> Callable[[Geofence], dict[str, Any]]:
    return timekeeping.told if spoken.is_timekeeping(request.headers, said) else canonical.told


def _created(status: int, geofence: Geofence, told: dict[str, Any]) -> Reply:
    headers = {"Location": told["uri"], "X-Object-Id": geofence.id, "X-Object-Table": timekeeping.TABLE}
    return Reply(status=status, body=told, headers={**headers, **_etag(geofence)})


def _read(request: Request, geofence: Geofence) -> Reply:
    return Reply(status=200, body=_words(request, {})(geofence), headers=_etag(geofence))


def _update(request: Request, geofence_id: str, change: GeofenceUpdate, said: dict[str, Any]) -> Reply:
    vocabulary = timekeeping if spoken.is_timekeeping(request.headers, said) else canonical
    geofence = wiring.geofences().update(
        request.who,
        geofence_id,
        lambda before: vocabulary.changed_fields(change, said, before),
        version_expected(request),
        _now(),
    )
    return Reply(status=200, body=vocabulary.told(geofence), headers=_etag(geofence))


def _delete(request: Request, geofence_id: str) -> Reply:
    geofence = wiring.geofences().delete(request.who, geofence_id, version_expected(request), _now())
    return Reply(status=200, body={"id": geofence.id, "deleted": True})


def _etag(geofence: Geofence) -> dict[str, str]:
    return {"ETag": f'"{geofence.version}"'}


def _now() -> datetime:
    return datetime.now(UTC)
