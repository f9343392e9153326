"""Serve geofences, one by one or in batches, in the canonical and in the timekeeping dialect."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pydantic import RootModel

from fencepost import container
from fencepost.common.errors import NotFound, ValidationFailed
from fencepost.common.principal import Permission
from fencepost.common.snapstart import prime_snapstart
from fencepost.geofences import geojson, mapping, nearest_schemas, timekeeping
from fencepost.geofences.batch import run_batch
from fencepost.geofences.batch_schemas import BatchRequest, BatchResponse
from fencepost.geofences.geojson import FeatureCollectionOut
from fencepost.geofences.mapping import GeofenceDialect
from fencepost.geofences.model import Geofence
from fencepost.geofences.negotiation import TIMEKEEPING_DIALECT, negotiate
from fencepost.geofences.query_params import DeleteQuery, ListQuery, ReadQuery, parse_filter
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
from fencepost.http.app import App
from fencepost.http.fields import parse_whole_number
from fencepost.http.idempotency_key import derive_resource_id
from fencepost.http.pagination import PageQuery
from fencepost.http.request import AnyRequest, Request
from fencepost.http.response import Response, matches_etag, parse_expected_version
from fencepost.verdicts.schemas import ValidateIn, ValidationOut, serialize_validation, to_validation_request
from geo.wgs84 import Position

app = App(negotiate=negotiate)
prime_snapstart(container.geofence_service)
prime_snapstart(container.nearest_service)
prime_snapstart(container.validation_service)


class AnyGeofence(RootModel[GeofenceOut | TimekeepingGeofence]):
    """A geofence in the dialect of the request."""


class AnyGeofencePage(RootModel[GeofencePage | TimekeepingPage]):
    """A page of geofences in the dialect of the request."""


@app.get(
    "/v1/geofences",
    summary="List the geofences, newest first",
    permission=Permission.READ_GEOFENCES,
    query=ListQuery,
    responses={200: AnyGeofencePage},
)
def list_geofences(request: Request[None, ListQuery]) -> Response:
    data, cursor = _load_page(request, _find_dialect(request).serialize_geofence)
    return Response(200, {"data": data, "nextCursor": cursor})


@app.get(
    "/v1/geofences.geojson",
    summary="List the geofences as GeoJSON, page by page",
    permission=Permission.READ_GEOFENCES,
    query=ListQuery,
    responses={200: FeatureCollectionOut},
)
def list_features(request: Request[None, ListQuery]) -> Response:
    features, cursor = _load_page(request, geojson.serialize_feature)
    body = geojson.serialize_page(features, request.query_strings, cursor)
    return Response(200, body, media_type=geojson.MEDIA_TYPE)


@app.post(
    "/v1/geofences",
    summary="Create a geofence",
    permission=Permission.WRITE_GEOFENCES,
    body=GeofenceCreate,
    responses={201: GeofenceOut, 200: TimekeepingGeofence},
    errors=(402, 409),
)
def create(request: Request[GeofenceCreate]) -> Response:
    dialect, key_id = _find_dialect(request), derive_resource_id(request)
    new_fields = dialect.to_geofence_fields(request.body, request.fields)
    geofence = container.geofence_service().create(request.principal, new_fields, datetime.now(UTC), key_id)
    body = dialect.serialize_geofence(geofence)
    headers = {"Location": body["uri"], "X-Object-Id": geofence.id, "X-Object-Table": timekeeping.TABLE}
    return Response(200 if dialect is timekeeping else 201, body, {**headers, **_build_etag(geofence)})


@app.put(
    "/v1/geofences",
    summary="Update a geofence whose id is in the body",
    permission=Permission.WRITE_GEOFENCES,
    body=GeofenceUpdate,
    responses={200: AnyGeofence},
    errors=(404, 409, 412),
)
def update_by_body(request: Request[GeofenceUpdate]) -> Response:
    if request.body.id is None:
        raise ValidationFailed.field("id", "is missing")
    return _update(request, request.body.id)


@app.delete(
    "/v1/geofences",
    summary="Delete a geofence whose id is in the query",
    permission=Permission.DELETE_GEOFENCES,
    query=DeleteQuery,
    responses={200: GeofenceDeletion},
    errors=(404, 412),
)
def delete_by_query(request: Request[None, DeleteQuery]) -> Response:
    return _delete(request, request.query.id)


@app.get(
    "/v1/geofences/{id}",
    summary="Read a geofence as it is now, or as it was at an instant",
    permission=Permission.READ_GEOFENCES,
    query=ReadQuery,
    responses={200: AnyGeofence},
    errors=(404,),
)
def read(request: Request[None, ReadQuery]) -> Response:
    geofence_id, as_of = request.path["id"], request.query.as_of
    if as_of is not None:
        geofence = container.geofence_service().get_as_of(request.principal, geofence_id, as_of).geofence
    else:
        geofence = container.geofence_service().get(request.principal, geofence_id)
    return Response(200, _find_dialect(request).serialize_geofence(geofence), _build_etag(geofence))


@app.put(
    "/v1/geofences/{id}",
    summary="Update the fields of a geofence that the body names",
    permission=Permission.WRITE_GEOFENCES,
    body=GeofenceUpdate,
    responses={200: AnyGeofence},
    errors=(404, 409, 412),
)
@app.patch(
    "/v1/geofences/{id}",
    summary="Update a geofence, exactly as PUT does",
    permission=Permission.WRITE_GEOFENCES,
    body=GeofenceUpdate,
    responses={200: AnyGeofence},
    errors=(404, 409, 412),
)
def update(request: Request[GeofenceUpdate]) -> Response:
    if request.body.id not in (None, request.path["id"]):
        raise ValidationFailed.field("id", "is not the id of the address")
    return _update(request, request.path["id"])


@app.delete(
    "/v1/geofences/{id}",
    summary="Delete a geofence",
    permission=Permission.DELETE_GEOFENCES,
    responses={200: GeofenceDeletion},
    errors=(400, 404, 412),
)
def delete(request: AnyRequest) -> Response:
    return _delete(request, request.path["id"])


@app.get(
    "/v1/geofences/{id}/versions",
    summary="List the versions of a geofence, even of a deleted one, newest first",
    permission=Permission.READ_GEOFENCES,
    query=PageQuery,
    responses={200: VersionPage},
    errors=(404,),
)
def list_versions(request: Request[None, PageQuery]) -> Response:
    query = request.query
    list_name = f"{request.principal.tenant_id}/{request.path['id']}/versions"
    before = pagination.decode_number_cursor(list_name, query.cursor)
    versions, has_more = container.geofence_service().list_versions(
        request.principal, request.path["id"], query.limit, before
    )
    data = pagination.take_while_fits(versions, mapping.serialize_version)
    is_last_page = not has_more and len(data) == len(versions)
    cursor = None if is_last_page or not data else pagination.encode_number_cursor(list_name, data[-1]["version"])
    return Response(200, {"data": data, "nextCursor": cursor})


@app.get(
    "/v1/geofences/{id}/versions/{version}",
    summary="Read one version of a geofence, for example the one that a verdict names",
    permission=Permission.READ_GEOFENCES,
    responses={200: VersionOut},
    errors=(404,),
)
def read_version(request: AnyRequest) -> Response:
    number = parse_whole_number(request.path["version"])
    if not isinstance(number, int):
        raise NotFound("version of a geofence")
    version = container.geofence_service().get_version(request.principal, request.path["id"], number)
    return Response(200, mapping.serialize_version(version))


@app.post(
    "/v1/geofences/batch",
    summary="Run up to 100 creates, updates and deletes, each with its own result",
    permission=Permission.WRITE_GEOFENCES,
    body=BatchRequest,
    responses={200: BatchResponse},
)
def batch(request: Request[BatchRequest]) -> Response:
    results = run_batch(request.principal, request.body.operations, container.geofence_service(), datetime.now(UTC))
    return Response(200, {"results": results})


@app.get(
    "/v1/tags",
    summary="List the tags, each with its number",
    permission=Permission.READ_GEOFENCES,
    responses={200: TagList},
)
def list_tags(request: AnyRequest) -> Response:
    tags = container.geofence_service().list_tags(request.principal)
    return Response(200, {"data": [{"number": number, "name": name} for number, name in tags]})


@app.get(
    "/v1/geofences/nearest",
    summary="List the geofences nearest to a position, with shapes that a phone can register",
    permission=Permission.CHECK,
    query=nearest_schemas.NearestQuery,
    responses={200: nearest_schemas.NearestResponse, 304: None},
)
def list_nearest(request: Request[None, nearest_schemas.NearestQuery]) -> Response:
    query = request.query
    found = container.nearest_service().find_nearest(
        request.principal,
        Position(lon=query.longitude, lat=query.latitude),
        query.limit,
        datetime.now(UTC),
        consistent=query.consistent == "true",
    )
    data = pagination.take_while_fits(found.geofences, nearest_schemas.serialize_nearby_geofence)
    body = nearest_schemas.build_nearest_response(data, found.measure_complete_within_m(len(data)))
    headers = nearest_schemas.build_headers(body)
    if matches_etag(request, headers["ETag"]):
        return Response(304, None, headers=headers)
    return Response(200, body, headers=headers)


@app.post(
    "/v1/geofences/validate",
    summary="Return whether a user may create an entry at a place, and why",
    permission=Permission.VALIDATE,
    body=ValidateIn,
    responses={200: ValidationOut},
    errors=(404,),
)
def validate(request: Request[ValidateIn]) -> Response:
    entry = to_validation_request(request.body, request.fields)
    verdict = container.validation_service().validate(request.principal, entry, datetime.now(UTC))
    return Response(200, serialize_validation(verdict))


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Return the response to an event of API Gateway."""
    return app.handle(event, context)


def _load_page(
    request: Request[None, ListQuery], serialize: Callable[[Geofence], dict[str, Any]]
) -> tuple[list[dict[str, Any]], str | None]:
    """Return the geofences of a page, as many as one response holds, and the cursor of the next page."""
    tenant_id = request.principal.tenant_id
    query = request.query
    start = pagination.decode_time_cursor(tenant_id, query.cursor)
    page = container.geofence_service().list_newest(request.principal, query.limit, start, parse_filter(query))
    data = pagination.take_while_fits(page.geofences, serialize)
    last = page.geofences[len(data) - 1] if data else None
    after = (last.created_at, last.id) if last and len(data) < len(page.geofences) else page.after
    return data, pagination.encode_time_cursor(tenant_id, *after) if after else None


def _find_dialect(request: AnyRequest) -> GeofenceDialect:
    """Return the module that parses the request and serializes the response."""
    return timekeeping if request.dialect is TIMEKEEPING_DIALECT else mapping


def _update(request: Request[GeofenceUpdate], geofence_id: str) -> Response:
    dialect = _find_dialect(request)
    patch = dialect.to_patch(request.body, request.fields)
    geofence = container.geofence_service().update(
        request.principal, geofence_id, patch, parse_expected_version(request), datetime.now(UTC)
    )
    return Response(200, dialect.serialize_geofence(geofence), _build_etag(geofence))


def _delete(request: AnyRequest, geofence_id: str) -> Response:
    geofence = container.geofence_service().delete(
        request.principal, geofence_id, parse_expected_version(request), datetime.now(UTC)
    )
    return Response(200, {"id": geofence.id, "deleted": True})


def _build_etag(geofence: Geofence) -> dict[str, str]:
    return {"ETag": f'"{geofence.version}"'}
