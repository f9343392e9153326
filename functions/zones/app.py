"""The zone API: geofences with whole numbers for ids, each call by POST or GET, its caller known by a hash."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from fencepost import container
from fencepost.common.errors import ValidationFailed
from fencepost.common.ids import new_id
from fencepost.common.principal import Permission
from fencepost.common.snapstart import prime_snapstart
from fencepost.geofences.errors import QuotaReached
from fencepost.geofences.model import Geofence
from fencepost.http.app import MAX_ANSWER_BYTES, App, Handler
from fencepost.http.idempotency_key import derive_resource_id
from fencepost.http.problems import AnswerTooLarge
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
    """Declare a call by POST, its parameters in JSON or a form, and by GET, with the same ones in its query."""

    def declare(handler: Handler[BodyT, None]) -> Handler[BodyT, None]:
        for decorate in (app.post, app.get):
            decorate(
                f"/v1/zone/{path}",
                summary=summary,
                permission=permission,
                body=body,
                responses={200: response},
                errors=(400, *errors),
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
    call = request.body
    tag_names = container.zone_service().find_tag_names(request.principal, call.zone.tags or ())
    fields = to_geofence_fields(call, tag_names, _point_limit(request, call.points or ()))
    geofence = container.geofence_service().create(request.principal, fields, _now(), derive_resource_id(request))
    return _respond(id=geofence.number)


@declare_call(
    "update",
    summary="Change a zone: what is not named is kept, points and type always",
    permission=Permission.WRITE_GEOFENCES,
    body=UpdateZoneRequest,
    response=ZoneResponse,
    errors=(409,),
)
def update_zone(request: Request[UpdateZoneRequest]) -> Response:
    zone = request.body.zone
    patch = ZonePatch(
        zone=zone, tag_names=container.zone_service().find_tag_names(request.principal, zone.tags or ())
    )
    if zone.id is not None:
        container.zone_service().update(request.principal, zone.id, patch.to_changes, _now())
    elif zone.label is not None:
        container.zone_service().update_by_label(request.principal, zone.label, patch.to_changes, _now())
    else:
        raise ValidationFailed.field("zone.id", "is missing")
    return _respond()


@declare_call(
    "delete",
    summary="Delete one zone or several, unless something holds one of them",
    permission=Permission.DELETE_GEOFENCES,
    body=DeleteZonesRequest,
    response=ZoneResponse,
)
def delete_zones(request: Request[DeleteZonesRequest]) -> Response:
    call = request.body
    if call.zone_id is not None and call.zone_ids is not None:
        raise ValidationFailed.field("zone_ids", "is given beside zone_id; give one of them")
    numbers = [call.zone_id] if call.zone_id is not None else list(dict.fromkeys(call.zone_ids or ()))
    if not numbers:
        raise ValidationFailed.field("zone_id", "is missing")
    container.zone_service().delete(request.principal, numbers, _now())
    return _respond()


@declare_call(
    "read", summary="Read a zone", permission=Permission.READ_GEOFENCES, body=ZoneRequest, response=ReadZoneResponse
)
def read_zone(request: Request[ZoneRequest]) -> Response:
    call = request.body
    return _respond(value=_serialize(container.zone_service().get(request.principal, call.zone_id)))


@declare_call(
    "list",
    summary="List the zones, oldest first",
    permission=Permission.READ_GEOFENCES,
    body=ListZonesRequest,
    response=ListZonesResponse,
)
def list_zones(request: Request[ListZonesRequest]) -> Response:
    call = request.body
    found = container.zone_service().list_zones(
        request.principal, call.filter or "", call.tag_ids or [], call.offset or 0, call.limit
    )
    listed: list[dict[str, Any]] = []
    size = 0
    for geofence in found:
        listed.append(_serialize(geofence, with_points=bool(call.with_points)))
        size += len(json.dumps(listed[-1], ensure_ascii=False).encode())
        if size > MAX_ANSWER_BYTES:  # before all of it is in memory
            raise AnswerTooLarge("So many zones are more than one answer holds. Ask for fewer at once.")
    return _respond(list=listed)


@declare_call(
    "download",
    summary="Zones as a KML file, or as KMZ where the header Accept begins with it",
    permission=Permission.READ_GEOFENCES,
    body=DownloadZonesRequest,
    response=None,
    media_types=(KML, KMZ),
)
def download_zones(request: Request[DownloadZonesRequest]) -> Response:
    call = request.body
    found = container.zone_service().list_zones(
        request.principal, call.filter or "", call.tag_ids or [], call.offset or 0, call.limit
    )
    is_kmz = prefers_kmz(request.headers.get("accept", ""))
    return Response(
        status=200,
        body=build_kmz(found) if is_kmz else build_kml(found),
        media_type=KMZ if is_kmz else KML,
        headers={"Content-Disposition": f'attachment; filename="zones.{"kmz" if is_kmz else "kml"}"'},
    )


@declare_call(
    "search_location",
    summary="Say which active zones contain a location",
    permission=Permission.CHECK,
    body=SearchLocationRequest,
    response=SearchLocationResponse,
)
def search_location(request: Request[SearchLocationRequest]) -> Response:
    where = request.body.location
    found = container.zone_service().find_at(request.principal, Position(lon=where.lng, lat=where.lat), _now())
    return _respond(list=[{"id": number, "label": label} for number, label in found])


@app.post(
    "/v1/zone/upload",
    summary="Make zones of a KML or KMZ file, or tell which it would make",
    permission=Permission.WRITE_GEOFENCES,
    body=UploadZonesRequest,
    accepts_file=True,
    responses={200: UploadZonesResponse, 303: None},
    errors=(400, 402),
)
def upload_zones(request: Request[UploadZonesRequest]) -> Response:
    call = request.body
    if call.redirect_target is None:
        return _respond(**_upload(request))
    if not is_allowed(
        call.redirect_target, container.tenant_service().get_redirect_origins(request.principal.tenant_id)
    ):
        raise ValidationFailed.field(
            "redirect_target", "is at no origin that is allowed; see redirectOrigins of the tenant"
        )
    try:
        answer = {"success": True, **_upload(request)}
    except (ValidationFailed, QuotaReached) as error:
        answer = render_zone_error(error, "")
    return Response(303, None, headers={"Location": build_redirect_url(call.redirect_target, answer)})


def _upload(request: Request[UploadZonesRequest]) -> dict[str, Any]:
    """What an UploadAnswer tells besides success."""
    principal, call, now = request.principal, request.body, _now()
    rows = parse_upload(call, container.tenant_service().get_polygon_point_limit(principal.tenant_id))
    if call.dry_run:
        return serialize_preview(container.import_service().preview(principal.tenant_id, rows, now))
    source = ImportSource.for_request(
        container.settings().bucket_name, principal.tenant_id, derive_resource_id(request) or new_id(), len(rows)
    )
    job, chunks = container.import_service().import_rows(source, rows, now)
    if job.status == "running":
        return {"list": [], "in_background": True, "import_id": job.import_id}
    skipped = serialize_skipped(row for chunk in chunks for row in chunk.skipped)
    numbers = container.zone_service().find_numbers(
        principal, [created.id for chunk in chunks for created in chunk.created]
    )
    return {"list": numbers, **skipped, **({"import_id": job.import_id} if skipped else {})}


@declare_call(
    "batch_convert",
    summary="Tell the circles that a table describes, checked and not made",
    permission=Permission.WRITE_GEOFENCES,
    body=ConvertBatchRequest,
    response=ConvertBatchResponse,
)
def convert_batch(request: Request[ConvertBatchRequest]) -> Response:
    call = request.body
    drafts, is_cut = parse_drafts(_rows(request, call), call)
    addresses, enough_for = collect_addresses(drafts)
    places = container.spreadsheet_service().find_positions(addresses)
    drafts, is_cut = [set_center(draft, places) for draft in drafts[:enough_for]], is_cut or enough_for < len(drafts)
    taken = container.zone_service().find_taken_labels(
        request.principal, [draft["label"] for draft in drafts if draft["label"]]
    )
    tags = container.zone_service().find_tag_names(
        request.principal, {tag for draft in drafts for tag in draft["tags"] if isinstance(tag, int)}
    )
    return _respond(list=serialize_drafts(drafts, taken, tags), limit_exceeded=is_cut)


def _rows(request: AnyRequest, call: ConvertBatchRequest) -> Iterable[Sequence[str]]:
    if call.file_id is None and call.batch is None:
        raise ValidationFailed.field("batch", "is missing; or give the file_id of a table")
    if call.file_id is None:
        return parse_lines(call.batch or "")
    rows = container.spreadsheet_service().load_rows(request.principal, call.file_id)
    if rows is None:
        raise ValidationFailed.field("file_id", "is of no table that was sent within the last day")
    return rows


@app.post(
    "/v1/data/spreadsheet/parse",
    summary="Keep the table of a CSV or XLSX file for a day",
    permission=Permission.WRITE_GEOFENCES,
    body=ParseSpreadsheetRequest,
    accepts_file=True,
    responses={200: ParseSpreadsheetResponse},
    errors=(400,),
)
def parse_spreadsheet(request: Request[ParseSpreadsheetRequest]) -> Response:
    rows = read_table(request.body.file)
    file_id = container.spreadsheet_service().save(request.principal, rows, derive_resource_id(request))
    return _respond(file_id=file_id, rows=len(rows), preview=rows[:PREVIEW_ROWS])


@declare_call(
    "point/list",
    summary="List the points of a polygon or a sausage",
    permission=Permission.READ_GEOFENCES,
    body=ZoneRequest,
    response=ListZonePointsResponse,
)
def list_zone_points(request: Request[ZoneRequest]) -> Response:
    call = request.body
    return _respond(list=serialize_points(container.zone_service().get(request.principal, call.zone_id)))


@declare_call(
    "point/update",
    summary="Give a polygon or a sausage other points",
    permission=Permission.WRITE_GEOFENCES,
    body=UpdateZonePointsRequest,
    response=ZoneResponse,
)
def update_zone_points(request: Request[UpdateZonePointsRequest]) -> Response:
    call = request.body
    patch = ZonePointsPatch(points=call.points, point_limit=_point_limit(request, call.points))
    container.zone_service().update(request.principal, call.zone_id, patch.to_changes, _now())
    return _respond()


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Return the response to an event of API Gateway."""
    return app.handle(event, context)


def _serialize(geofence: Geofence, *, with_points: bool = False) -> dict[str, Any]:
    return serialize_zone(geofence, container.zone_service().find_tag_numbers(geofence), with_points=with_points)


def _point_limit(request: AnyRequest, points: Sequence[ZonePointInput]) -> int:
    """Return the number of points that a polygon may have; only many points cost a read."""
    if count_vertices(points) <= MIN_POINT_LIMIT:
        return MIN_POINT_LIMIT
    return container.tenant_service().get_polygon_point_limit(request.principal.tenant_id)


def _respond(**members: Any) -> Response:
    return Response(200, {"success": True, **members})


def _now() -> datetime:
    return datetime.now(UTC)
