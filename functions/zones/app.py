"""The zone API: geofences with whole numbers for ids, each call by POST or GET, its caller known by a hash."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from fencepost import container
from fencepost.common.errors import ValidationFailed
from fencepost.common.ids import new_id
from fencepost.common.principal import Permission, Principal
from fencepost.common.snapstart import prime_snapstart
from fencepost.geofences.errors import QuotaReached
from fencepost.geofences.model import Geofence
from fencepost.http.app import MAX_ANSWER_BYTES, Api, Response
from fencepost.http.idempotency_key import derive_resource_id
from fencepost.http.problems import AnswerTooLarge
from fencepost.http.request import Request
from fencepost.http.validation import validated
from fencepost.imports.model import ImportSource
from fencepost.zones import request
from fencepost.zones.download import KML, KMZ, build_kml, build_kmz, prefers_kmz
from fencepost.zones.errors import STATUS, render_zone_error
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
from fencepost.zones.request import parameters
from fencepost.zones.responses import (
    ConvertBatchResponse,
    CreateZoneResponse,
    ListZonePointsResponse,
    ListZonesResponse,
    ParseSpreadsheetResponse,
    ReadZoneResponse,
    SearchLocationResponse,
    UploadZonesResponse,
    ZoneErrorResponse,
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


def _caller(token: str) -> Principal | None:
    return container.authenticator().authenticate(token, _now())


api = Api(
    tell=render_zone_error,
    tells=ZoneErrorResponse,
    status=STATUS,
    admit=lambda event: request.admitted(event, _caller),
)
prime_snapstart(container.zone_service)
prime_snapstart(container.authenticator)
prime_snapstart(container.import_service)
prime_snapstart(container.spreadsheet_service)


def route(
    path: str,
    *,
    summary: str,
    needs: Permission,
    takes: type[BaseModel],
    gives: type | None,
    fails: tuple[int, ...] = (),
    texts: tuple[str, ...] = (),
) -> Callable[[Callable[[Request], Response]], Callable[[Request], Response]]:
    """A call by POST, its parameters in JSON or a form, and by GET, with the same ones in its query."""

    def declare(handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
        common: dict[str, Any] = {
            "summary": summary,
            "needs": needs,
            "gives": {200: gives},
            "fails": (400, *fails),
            "texts": texts,
        }
        api.route("POST", f"/v1/zone/{path}", takes=takes, **common)(handler)
        api.route("GET", f"/v1/zone/{path}", query=takes, **common)(handler)
        return handler

    return declare


@route(
    "create",
    summary="Create a zone",
    needs=Permission.WRITE_GEOFENCES,
    takes=CreateZoneRequest,
    gives=CreateZoneResponse,
    fails=(402,),
)
def create_zone(request: Request) -> Response:
    call = validated(CreateZoneRequest, parameters(request))
    tag_names = container.zone_service().find_tag_names(request.principal, call.zone.tags or ())
    fields = to_geofence_fields(call, tag_names, _point_limit(request, call.points or ()))
    geofence = container.geofence_service().create(request.principal, fields, _now(), derive_resource_id(request))
    return _respond(id=geofence.number)


@route(
    "update",
    summary="Change a zone: what is not named is kept, points and type always",
    needs=Permission.WRITE_GEOFENCES,
    takes=UpdateZoneRequest,
    gives=ZoneResponse,
    fails=(409,),
)
def update_zone(request: Request) -> Response:
    zone = validated(UpdateZoneRequest, parameters(request)).zone
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


@route(
    "delete",
    summary="Delete one zone or several, unless something holds one of them",
    needs=Permission.DELETE_GEOFENCES,
    takes=DeleteZonesRequest,
    gives=ZoneResponse,
)
def delete_zones(request: Request) -> Response:
    call = validated(DeleteZonesRequest, parameters(request))
    if call.zone_id is not None and call.zone_ids is not None:
        raise ValidationFailed.field("zone_ids", "is given beside zone_id; give one of them")
    numbers = [call.zone_id] if call.zone_id is not None else list(dict.fromkeys(call.zone_ids or ()))
    if not numbers:
        raise ValidationFailed.field("zone_id", "is missing")
    container.zone_service().delete(request.principal, numbers, _now())
    return _respond()


@route("read", summary="Read a zone", needs=Permission.READ_GEOFENCES, takes=ZoneRequest, gives=ReadZoneResponse)
def read_zone(request: Request) -> Response:
    call = validated(ZoneRequest, parameters(request))
    return _respond(value=_serialize(container.zone_service().get(request.principal, call.zone_id)))


@route(
    "list",
    summary="List the zones, oldest first",
    needs=Permission.READ_GEOFENCES,
    takes=ListZonesRequest,
    gives=ListZonesResponse,
)
def list_zones(request: Request) -> Response:
    call = validated(ListZonesRequest, parameters(request))
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


@route(
    "download",
    summary="Zones as a KML file, or as KMZ where the header Accept begins with it",
    needs=Permission.READ_GEOFENCES,
    takes=DownloadZonesRequest,
    gives=None,
    texts=(KML, KMZ),
)
def download_zones(request: Request) -> Response:
    call = validated(DownloadZonesRequest, parameters(request))
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


@route(
    "search_location",
    summary="Say which active zones contain a location",
    needs=Permission.CHECK,
    takes=SearchLocationRequest,
    gives=SearchLocationResponse,
)
def search_location(request: Request) -> Response:
    where = validated(SearchLocationRequest, parameters(request)).location
    found = container.zone_service().find_at(request.principal, Position(lon=where.lng, lat=where.lat), _now())
    return _respond(list=[{"id": number, "label": label} for number, label in found])


@api.route(
    "POST",
    "/v1/zone/upload",
    summary="Make zones of a KML or KMZ file, or tell which it would make",
    needs=Permission.WRITE_GEOFENCES,
    takes=UploadZonesRequest,
    takes_file=True,
    gives={200: UploadZonesResponse, 303: None},
    fails=(400, 402),
)
def upload_zones(request: Request) -> Response:
    call = validated(UploadZonesRequest, parameters(request))
    if call.redirect_target is None:
        return _respond(**_upload(request, call))
    if not is_allowed(
        call.redirect_target, container.tenant_service().get_redirect_origins(request.principal.tenant_id)
    ):
        raise ValidationFailed.field(
            "redirect_target", "is at no origin that is allowed; see redirectOrigins of the tenant"
        )
    try:
        answer = {"success": True, **_upload(request, call)}
    except (ValidationFailed, QuotaReached) as error:
        answer = render_zone_error(error, "")
    return Response(status=303, body=None, headers={"Location": build_redirect_url(call.redirect_target, answer)})


def _upload(request: Request, call: UploadZonesRequest) -> dict[str, Any]:
    """What an UploadAnswer tells besides success."""
    principal, now = request.principal, _now()
    rows = parse_upload(call, container.tenant_service().get_polygon_point_limit(principal.tenant_id))
    if call.dry_run:
        return serialize_preview(container.import_service().preview(principal.tenant_id, rows, now))
    drop = ImportSource.for_request(
        container.settings().bucket_name, principal.tenant_id, derive_resource_id(request) or new_id(), len(rows)
    )
    job, chunks = container.import_service().import_rows(drop, rows, now)
    if job.status == "running":
        return {"list": [], "in_background": True, "import_id": job.import_id}
    left_out = serialize_skipped(row for chunk in chunks for row in chunk.left_out)
    made = container.zone_service().find_numbers(principal, [made.id for chunk in chunks for made in chunk.made])
    return {"list": made, **left_out, **({"import_id": job.import_id} if left_out else {})}


@route(
    "batch_convert",
    summary="Tell the circles that a table describes, checked and not made",
    needs=Permission.WRITE_GEOFENCES,
    takes=ConvertBatchRequest,
    gives=ConvertBatchResponse,
)
def convert_batch(request: Request) -> Response:
    call = validated(ConvertBatchRequest, parameters(request))
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


def _rows(request: Request, call: ConvertBatchRequest) -> Iterable[Sequence[str]]:
    if call.file_id is None and call.batch is None:
        raise ValidationFailed.field("batch", "is missing; or give the file_id of a table")
    if call.file_id is None:
        return parse_lines(call.batch or "")
    rows = container.spreadsheet_service().load_rows(request.principal, call.file_id)
    if rows is None:
        raise ValidationFailed.field("file_id", "is of no table that was sent within the last day")
    return rows


@api.route(
    "POST",
    "/v1/data/spreadsheet/parse",
    summary="Keep the table of a CSV or XLSX file for a day",
    needs=Permission.WRITE_GEOFENCES,
    takes=ParseSpreadsheetRequest,
    takes_file=True,
    gives={200: ParseSpreadsheetResponse},
    fails=(400,),
)
def parse_spreadsheet(request: Request) -> Response:
    rows = read_table(validated(ParseSpreadsheetRequest, parameters(request)).file)
    file_id = container.spreadsheet_service().save(request.principal, rows, derive_resource_id(request))
    return _respond(file_id=file_id, rows=len(rows), preview=rows[:PREVIEW_ROWS])


@route(
    "point/list",
    summary="List the points of a polygon or a sausage",
    needs=Permission.READ_GEOFENCES,
    takes=ZoneRequest,
    gives=ListZonePointsResponse,
)
def list_zone_points(request: Request) -> Response:
    call = validated(ZoneRequest, parameters(request))
    return _respond(list=serialize_points(container.zone_service().get(request.principal, call.zone_id)))


@route(
    "point/update",
    summary="Give a polygon or a sausage other points",
    needs=Permission.WRITE_GEOFENCES,
    takes=UpdateZonePointsRequest,
    gives=ZoneResponse,
)
def update_zone_points(request: Request) -> Response:
    call = validated(UpdateZonePointsRequest, parameters(request))
    patch = ZonePointsPatch(points=call.points, point_limit=_point_limit(request, call.points))
    container.zone_service().update(request.principal, call.zone_id, patch.to_changes, _now())
    return _respond()


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return api.handle(event, context)


def _serialize(geofence: Geofence, *, with_points: bool = False) -> dict[str, Any]:
    return serialize_zone(geofence, container.zone_service().find_tag_numbers(geofence), with_points=with_points)


def _point_limit(request: Request, points: Sequence[ZonePointInput]) -> int:
    """Return the number of points that a polygon may have; only many points cost a read."""
    if count_vertices(points) <= MIN_POINT_LIMIT:
        return MIN_POINT_LIMIT
    return container.tenant_service().get_polygon_point_limit(request.principal.tenant_id)


def _respond(**members: Any) -> Response:
    return Response(status=200, body={"success": True, **members})


def _now() -> datetime:
    return datetime.now(UTC)
