"""The zone API: geofences with integer ids, each call by POST or GET, authenticated by a hash."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from fencepost import container
from fencepost.common.errors import ValidationFailed
from fencepost.common.ids import new_id
from fencepost.common.principal import Permission, Principal
from fencepost.common.snapstart import prime_snapstart
from fencepost.geofences.errors import QuotaReached
from fencepost.geofences.model import Geofence
from fencepost.http.app import MAX_RESPONSE_BYTES, App, Handler
from fencepost.http.idempotency_key import derive_resource_id
from fencepost.http.problems import ResponseTooLarge
from fencepost.http.request import AnyRequest, BodyT, Request
from fencepost.http.response import Response
from fencepost.imports.model import ImportSource
from fencepost.zones.download import KML, KMZ, build_kml, build_kmz, prefers_kmz
from fencepost.zones.errors import ZONE_DIALECT, render_zone_error
from fencepost.zones.mapping import (
    MIN_POINT_LIMIT,
    ZonePatch,
    ZonePointsPatch,
    count_vertices,
    serialize_points,
    serialize_zone,
    to_geofence_fields,
)
from fencepost.zones.redirects import is_allowed
from fencepost.zones.request import authenticate
from fencepost.zones.responses import (
    ConvertBatchResponse,
    CreateZoneResponse,
    ListZonePointsResponse,
    ListZonesResponse,
    ParseSpreadsheetResponse,
    ReadZoneResponse,
    SearchLocationResponse,
    UploadZonesResponse,
    ZoneResponse,
)
from fencepost.zones.schemas import (
    ConvertBatchRequest,
    CreateZoneRequest,
    DeleteZonesRequest,
    DownloadZonesRequest,
    ListZonesRequest,
    ParseSpreadsheetRequest,
    SearchLocationRequest,
    UpdateZonePointsRequest,
    UpdateZoneRequest,
    UploadZonesRequest,
    ZonePointInput,
    ZoneRequest,
)
from fencepost.zones.table_import import (
    PREVIEW_ROWS,
    collect_addresses,
    parse_drafts,
    parse_lines,
    read_table,
    serialize_drafts,
    set_center,
)
from fencepost.zones.upload import build_redirect_url, parse_upload, serialize_preview, serialize_skipped
from geo.wgs84 import Position

app = App(
    dialect=ZONE_DIALECT,
    authenticate=lambda event: authenticate(
        event, lambda api_key: container.authenticator().authenticate(api_key, datetime.now(UTC))
    ),
)
prime_snapstart(container.zone_service)
prime_snapstart(container.authenticator)
prime_snapstart(container.import_service)
prime_snapstart(container.spreadsheet_service)


def declare_call(
    path: str,
    *,
    summary: str,
    permission: Permission,
    body: type[BodyT],
    response: type | None,
    errors: tuple[int, ...] = (),
    media_types: tuple[str, ...] = (),
) -> Callable[[Handler[BodyT, None]], Handler[BodyT, None]]:
    """Declare a call by POST, with its parameters in JSON or a form, and by GET, with them in the query."""

    def declare(handler: Handler[BodyT, None]) -> Handler[BodyT, None]:
        for decorate in (app.post, app.get):
            decorate(
                f"/v1/zone/{path}",
                summary=summary,
                permission=permission,
                body=body,
                responses={200: response},
                errors=errors,
                media_types=media_types,
            )(handler)
        return handler

    return declare


@declare_call(
    "create",
    summary="Create a zone",
    permission=Permission.WRITE_GEOFENCES,
    body=CreateZoneRequest,
    response=CreateZoneResponse,
    errors=(402,),
)
def create_zone(request: Request[CreateZoneRequest]) -> Response:
    body = request.body
    tag_names = container.zone_service().find_tag_names(request.principal, body.zone.tags or ())
    fields = to_geofence_fields(body, tag_names, _get_point_limit(request, body.points or ()))
    geofence = container.geofence_service().create(
        request.principal, fields, datetime.now(UTC), derive_resource_id(request)
    )
    return _respond(id=geofence.number)


@declare_call(
    "update",
    summary="Update a zone; points, type and absent fields do not change",
    permission=Permission.WRITE_GEOFENCES,
    body=UpdateZoneRequest,
    response=ZoneResponse,
    errors=(409,),
)
def update_zone(request: Request[UpdateZoneRequest]) -> Response:
    zone = request.body.zone
    tag_names = container.zone_service().find_tag_names(request.principal, zone.tags or ())
    patch = ZonePatch(zone=zone, tag_names=tag_names)
    if zone.id is not None:
        container.zone_service().update(request.principal, zone.id, patch, datetime.now(UTC))
    elif zone.label is not None:
        container.zone_service().update_by_label(request.principal, zone.label, patch, datetime.now(UTC))
    else:
        raise ValidationFailed.field("zone.id", "is missing")
    return _respond()


@declare_call(
    "delete",
    summary="Delete zones, unless an entity references one of them",
    permission=Permission.DELETE_GEOFENCES,
    body=DeleteZonesRequest,
    response=ZoneResponse,
)
def delete_zones(request: Request[DeleteZonesRequest]) -> Response:
    body = request.body
    if body.zone_id is not None and body.zone_ids is not None:
        raise ValidationFailed.field("zone_ids", "is given beside zone_id; give one of them")
    numbers = [body.zone_id] if body.zone_id is not None else list(dict.fromkeys(body.zone_ids or ()))
    if not numbers:
        raise ValidationFailed.field("zone_id", "is missing")
    container.zone_service().delete(request.principal, numbers, datetime.now(UTC))
    return _respond()


@declare_call(
    "read", summary="Read a zone", permission=Permission.READ_GEOFENCES, body=ZoneRequest, response=ReadZoneResponse
)
def read_zone(request: Request[ZoneRequest]) -> Response:
    geofence = container.zone_service().get(request.principal, request.body.zone_id)
    return _respond(value=_serialize(geofence))


@declare_call(
    "list",
    summary="List the zones, oldest first",
    permission=Permission.READ_GEOFENCES,
    body=ListZonesRequest,
    response=ListZonesResponse,
)
def list_zones(request: Request[ListZonesRequest]) -> Response:
    zones: list[dict[str, Any]] = []
    size_bytes = 0
    for geofence in _list_geofences(request.principal, request.body):
        zones.append(_serialize(geofence, with_points=bool(request.body.with_points)))
        size_bytes += len(json.dumps(zones[-1], ensure_ascii=False).encode())
        if size_bytes > MAX_RESPONSE_BYTES:  # before all of it is in memory
            raise ResponseTooLarge("So many zones are more than one answer holds. Ask for fewer at once.")
    return _respond(list=zones)


@declare_call(
    "download",
    summary="Download zones as KML, or as KMZ if that is the first media type of Accept",
    permission=Permission.READ_GEOFENCES,
    body=DownloadZonesRequest,
    response=None,
    media_types=(KML, KMZ),
)
def download_zones(request: Request[DownloadZonesRequest]) -> Response:
    geofences = _list_geofences(request.principal, request.body)
    is_kmz = prefers_kmz(request.headers.get("accept", ""))
    return Response(
        status=200,
        body=build_kmz(geofences) if is_kmz else build_kml(geofences),
        media_type=KMZ if is_kmz else KML,
        headers={"Content-Disposition": f'attachment; filename="zones.{"kmz" if is_kmz else "kml"}"'},
    )


@declare_call(
    "search_location",
    summary="Return the active zones that contain a location",
    permission=Permission.CHECK,
    body=SearchLocationRequest,
    response=SearchLocationResponse,
)
def search_location(request: Request[SearchLocationRequest]) -> Response:
    location = request.body.location
    position = Position(lon=location.lng, lat=location.lat)
    found = container.zone_service().find_at(request.principal, position, datetime.now(UTC))
    return _respond(list=[{"id": number, "label": label} for number, label in found])


@app.post(
    "/v1/zone/upload",
    summary="Create the zones of a KML or KMZ file, or preview them",
    permission=Permission.WRITE_GEOFENCES,
    body=UploadZonesRequest,
    accepts_file=True,
    responses={200: UploadZonesResponse, 303: None},
    errors=(402,),
)
def upload_zones(request: Request[UploadZonesRequest]) -> Response:
    target = request.body.redirect_target
    if target is None:
        return _respond(**_upload(request))
    if not is_allowed(target, container.tenant_service().get_redirect_origins(request.principal.tenant_id)):
        raise ValidationFailed.field(
            "redirect_target", "is at no origin that is allowed; see redirectOrigins of the tenant"
        )
    try:
        body = {"success": True, **_upload(request)}
    except (ValidationFailed, QuotaReached) as error:
        body = render_zone_error(error, "")
    return Response(303, None, headers={"Location": build_redirect_url(target, body)})


def _upload(request: Request[UploadZonesRequest]) -> dict[str, Any]:
    """Return the members of an `UploadZonesResponse` but for `success`."""
    principal, now = request.principal, datetime.now(UTC)
    get_point_limit = partial(container.tenant_service().get_polygon_point_limit, principal.tenant_id)
    rows = parse_upload(request.body, get_point_limit)
    if request.body.dry_run:
        return serialize_preview(container.import_service().preview(principal.tenant_id, rows, now))
    source = ImportSource.from_request(
        container.settings().bucket_name, principal.tenant_id, derive_resource_id(request) or new_id(), len(rows)
    )
    job, chunks = container.import_service().import_rows(source, rows, now)
    if job.status == "running":
        return {"list": [], "in_background": True, "import_id": job.import_id}
    skipped = serialize_skipped(row for chunk in chunks for row in chunk.skipped)
    ids = [created.id for chunk in chunks for created in chunk.created]
    numbers = container.zone_service().find_numbers(principal, ids)
    return {"list": numbers, **skipped, **({"import_id": job.import_id} if skipped else {})}


@declare_call(
    "batch_convert",
    summary="Convert a table to circles and check them, without creating them",
    permission=Permission.WRITE_GEOFENCES,
    body=ConvertBatchRequest,
    response=ConvertBatchResponse,
)
def convert_batch(request: Request[ConvertBatchRequest]) -> Response:
    drafts, has_more = parse_drafts(_load_rows(request.principal, request.body), request.body)
    addresses, covered = collect_addresses(drafts)
    positions = container.spreadsheet_service().find_positions(addresses)
    has_more = has_more or covered < len(drafts)
    drafts = [set_center(draft, positions) for draft in drafts[:covered]]
    labels = [draft["label"] for draft in drafts if draft["label"]]
    taken_labels = container.zone_service().find_taken_labels(request.principal, labels)
    numbers = {tag for draft in drafts for tag in draft["tags"] if isinstance(tag, int)}
    tags = container.zone_service().find_tag_names(request.principal, numbers)
    return _respond(list=serialize_drafts(drafts, taken_labels, tags), limit_exceeded=has_more)


def _load_rows(principal: Principal, body: ConvertBatchRequest) -> Iterable[Sequence[str]]:
    if body.file_id is None and body.batch is None:
        raise ValidationFailed.field("batch", "is missing; or give the file_id of a table")
    if body.file_id is None:
        return parse_lines(body.batch or "")
    rows = container.spreadsheet_service().load_rows(principal, body.file_id)
    if rows is None:
        raise ValidationFailed.field("file_id", "is of no table that was sent within the last day")
    return rows


@app.post(
    "/v1/data/spreadsheet/parse",
    summary="Store the table of a CSV or XLSX file for a day",
    permission=Permission.WRITE_GEOFENCES,
    body=ParseSpreadsheetRequest,
    accepts_file=True,
    responses={200: ParseSpreadsheetResponse},
)
def parse_spreadsheet(request: Request[ParseSpreadsheetRequest]) -> Response:
    rows = read_table(request.body.file)
    file_id = container.spreadsheet_service().save(request.principal, rows, derive_resource_id(request))
    return _respond(file_id=file_id, rows=len(rows), preview=rows[:PREVIEW_ROWS])


@declare_call(
    "point/list",
    summary="List the points of a polygon or sausage",
    permission=Permission.READ_GEOFENCES,
    body=ZoneRequest,
    response=ListZonePointsResponse,
)
def list_zone_points(request: Request[ZoneRequest]) -> Response:
    geofence = container.zone_service().get(request.principal, request.body.zone_id)
    return _respond(list=serialize_points(geofence))


@declare_call(
    "point/update",
    summary="Replace the points of a polygon or sausage",
    permission=Permission.WRITE_GEOFENCES,
    body=UpdateZonePointsRequest,
    response=ZoneResponse,
)
def update_zone_points(request: Request[UpdateZonePointsRequest]) -> Response:
    points = request.body.points
    patch = ZonePointsPatch(points=points, point_limit=_get_point_limit(request, points))
    container.zone_service().update(request.principal, request.body.zone_id, patch, datetime.now(UTC))
    return _respond()


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Return the response to an event of API Gateway."""
    return app.handle(event, context)


def _list_geofences(principal: Principal, body: DownloadZonesRequest) -> Iterator[Geofence]:
    return container.zone_service().list_zones(
        principal, body.filter or "", body.tag_ids or [], body.offset or 0, body.limit
    )


def _serialize(geofence: Geofence, *, with_points: bool = False) -> dict[str, Any]:
    return serialize_zone(geofence, container.zone_service().find_tag_numbers(geofence), with_points=with_points)


def _get_point_limit(request: AnyRequest, points: Sequence[ZonePointInput]) -> int:
    """Return the number of points that a polygon may have; only many points cost a read."""
    if count_vertices(points) <= MIN_POINT_LIMIT:
        return MIN_POINT_LIMIT
    return container.tenant_service().get_polygon_point_limit(request.principal.tenant_id)


def _respond(**members: Any) -> Response:
    return Response(200, {"success": True, **members})
