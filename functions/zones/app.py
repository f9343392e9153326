"""The zone API: geofences with whole numbers for ids, each call by POST or GET, its caller known by a hash."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pydantic import BaseModel

from fencepost import wiring
from fencepost.api import zone_call
from fencepost.api.http import MAX_ANSWER_BYTES, Api, Reply, Request
from fencepost.api.problems import AnswerTooLarge
from fencepost.api.validation import validated
from fencepost.api.vocabularies import zone
from fencepost.api.vocabularies.zone import (
    CreateCall,
    DeleteCall,
    ListCall,
    SearchCall,
    UpdateCall,
    UpdatePointsCall,
    ZoneCall,
    ZoneCreated,
    ZoneDone,
    ZoneList,
    ZonePoints,
    ZoneRead,
    ZoneRefusal,
    ZonesFound,
)
from fencepost.api.zone_call import parameters
from fencepost.domain.errors import Invalid
from fencepost.domain.geofence import Geofence
from fencepost.domain.principal import Principal, Right
from fencepost.snapshot import before_snapshot
from geo.wgs84 import Position


def _caller(token: str) -> Principal | None:
    return wiring.callers().principal_of(token, _now())


api = Api(
    tell=zone.refused,
    tells=ZoneRefusal,
    status=zone.STATUS,
    admit=lambda event: zone_call.admitted(event, _caller),
)
before_snapshot(wiring.zones)
before_snapshot(wiring.callers)


def route(
    path: str,
    *,
    summary: str,
    needs: Right,
    takes: type[BaseModel],
    gives: type[BaseModel],
    fails: tuple[int, ...] = (),
) -> Callable[[Callable[[Request], Reply]], Callable[[Request], Reply]]:
    """A call by POST, its parameters in JSON or a form, and by GET, with the same ones in its query."""

    def declare(handler: Callable[[Request], Reply]) -> Callable[[Request], Reply]:
        common: dict[str, Any] = {"summary": summary, "needs": needs, "gives": {200: gives}, "fails": (400, *fails)}
        api.route("POST", f"/v1/zone/{path}", takes=takes, **common)(handler)
        api.route("GET", f"/v1/zone/{path}", query=takes, **common)(handler)
        return handler

    return declare


@route(
    "create",
    summary="Create a zone",
    needs=Right.WRITE_GEOFENCES,
    takes=CreateCall,
    gives=ZoneCreated,
    fails=(402,),
)
def create_zone(request: Request) -> Reply:
    call = validated(CreateCall, parameters(request))
    fields = zone.new_fields(call, *_limits(request))
    geofence = wiring.geofences().create(request.who, fields, _now(), request.key_id())
    return _done(id=geofence.number)


@route(
    "update",
    summary="Change a zone: what is not named is kept, points and type always",
    needs=Right.WRITE_GEOFENCES,
    takes=UpdateCall,
    gives=ZoneDone,
    fails=(409,),
)
def update_zone(request: Request) -> Reply:
    said = validated(UpdateCall, parameters(request)).zone
    tags_named, _ = _limits(request)

    def changes(before: Geofence) -> Mapping[str, Any]:
        return zone.changed_fields(said, before, _told(before), tags_named)

    if said.id is not None:
        wiring.zones().update(request.who, said.id, changes, _now())
    elif said.label is not None:
        wiring.zones().update_named(request.who, said.label, changes, _now())
    else:
        raise Invalid.field("zone.id", "is missing")
    return _done()


@route(
    "delete",
    summary="Delete one zone or several, unless something holds one of them",
    needs=Right.DELETE_GEOFENCES,
    takes=DeleteCall,
    gives=ZoneDone,
)
def delete_zones(request: Request) -> Reply:
    call = validated(DeleteCall, parameters(request))
    if call.zone_id is not None and call.zone_ids is not None:
        raise Invalid.field("zone_ids", "is given beside zone_id; give one of them")
    numbers = [call.zone_id] if call.zone_id is not None else list(dict.fromkeys(call.zone_ids or ()))
    if not numbers:
        raise Invalid.field("zone_id", "is missing")
    wiring.zones().delete(request.who, numbers, _now())
    return _done()


@route("read", summary="Read a zone", needs=Right.READ_GEOFENCES, takes=ZoneCall, gives=ZoneRead)
def read_zone(request: Request) -> Reply:
    call = validated(ZoneCall, parameters(request))
    return _done(value=_told(wiring.zones().get(request.who, call.zone_id)))


@route("list", summary="List the zones, oldest first", needs=Right.READ_GEOFENCES, takes=ListCall, gives=ZoneList)
def list_zones(request: Request) -> Reply:
    call = validated(ListCall, parameters(request))
    found = wiring.zones().listed(request.who, call.filter or "", call.tag_ids or [], call.offset or 0, call.limit)
    listed: list[dict[str, Any]] = []
    size = 0
    for geofence in found:
        listed.append(_told(geofence, with_points=bool(call.with_points)))
        size += len(json.dumps(listed[-1], ensure_ascii=False).encode())
        if size > MAX_ANSWER_BYTES:  # before all of it is in memory
            raise AnswerTooLarge("So many zones are more than one answer holds. Ask for fewer at once.")
    return _done(list=listed)


@route(
    "search_location",
    summary="Say which active zones contain a location",
    needs=Right.CHECK,
    takes=SearchCall,
    gives=ZonesFound,
)
def search_location(request: Request) -> Reply:
    where = validated(SearchCall, parameters(request)).location
    found = wiring.zones().found_at(request.who, Position(lon=where.lng, lat=where.lat), _now())
    return _done(list=[{"id": number, "label": label} for number, label in found])


@route(
    "point/list",
    summary="List the points of a polygon or a sausage",
    needs=Right.READ_GEOFENCES,
    takes=ZoneCall,
    gives=ZonePoints,
)
def list_zone_points(request: Request) -> Reply:
    call = validated(ZoneCall, parameters(request))
    return _done(list=zone.told_points(wiring.zones().get(request.who, call.zone_id)))


@route(
    "point/update",
    summary="Give a polygon or a sausage other points",
    needs=Right.WRITE_GEOFENCES,
    takes=UpdatePointsCall,
    gives=ZoneDone,
)
def update_zone_points(request: Request) -> Reply:
    call = validated(UpdatePointsCall, parameters(request))
    _, point_limit = _limits(request)

    def changes(before: Geofence) -> Mapping[str, Any]:
        return zone.changed_points(call.points, before, point_limit)

    wiring.zones().update(request.who, call.zone_id, changes, _now())
    return _done()


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return api.handle(event, context)


def _told(geofence: Geofence, *, with_points: bool = False) -> dict[str, Any]:
    return zone.told(geofence, wiring.zones().tag_numbers(geofence), with_points=with_points)


def _limits(request: Request) -> tuple[zone.TagsNamed, zone.PointLimit]:
    """Which tags a tenant has, and how many points a polygon of his may have: asked only where it matters."""
    return (
        partial(wiring.zones().tags_named, request.who),
        partial(wiring.tenants().polygon_point_limit, request.who.tenant_id),
    )


def _done(**what: Any) -> Reply:
    return Reply(status=200, body={"success": True, **what})


def _now() -> datetime:
    return datetime.now(UTC)
