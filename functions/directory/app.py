"""The directory: users, groups, projects and entry screens, which geofences are assigned to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fencepost import container
from fencepost.common.errors import ValidationFailed
from fencepost.common.principal import Permission
from fencepost.common.snapstart import prime_snapstart
from fencepost.directory.schemas import (
    DeleteEntityQuery,
    EntitiesIn,
    EntitiesOut,
    EntityDeletionOut,
    EntityIn,
    EntityOut,
    EntityPage,
    parse_table,
    serialize_entity,
    serialize_erasure,
    to_entities,
    to_entity,
)
from fencepost.geofences import negotiation
from fencepost.http import pagination
from fencepost.http.app import App
from fencepost.http.pagination import PageQuery
from fencepost.http.request import Request
from fencepost.http.response import Response

app = App(negotiate=negotiation.negotiate)
prime_snapstart(container.directory_service)


@app.get(
    "/v1/directory/{table}",
    summary="List the entities of a table by name",
    permission=Permission.READ_DIRECTORY,
    query=PageQuery,
    responses={200: EntityPage},
    errors=(404,),
)
def list_entities(request: Request[None, PageQuery]) -> Response:
    table = parse_table(request.path["table"])
    query = request.query
    list_name = f"{request.principal.tenant_id}/{table}"
    after = pagination.decode_pair_cursor(list_name, query.cursor) if query.cursor is not None else None
    entities, next_after = container.directory_service().list_page(
        request.principal.tenant_id, table, query.limit, after
    )
    cursor = pagination.encode_pair_cursor(list_name, next_after) if next_after else None
    data = [{"id": entity.id, "name": entity.name} for entity in entities]
    return Response(200, {"data": data, "nextCursor": cursor})


@app.put(
    "/v1/directory/{table}",
    summary="Create or change up to 100 entities, all or none",
    permission=Permission.WRITE_DIRECTORY,
    body=EntitiesIn,
    responses={200: EntitiesOut},
    errors=(404,),
)
def put_entities(request: Request[EntitiesIn]) -> Response:
    table = parse_table(request.path["table"])
    entities, fields = to_entities(table, request.body)
    container.directory_service().put(request.principal.tenant_id, entities, fields)
    return Response(200, {"data": [{"id": entity.id, "name": entity.name} for entity in entities]})


@app.get(
    "/v1/directory/{table}/{id}",
    summary="Read an entity, with the members of a group or the groups of a user",
    permission=Permission.READ_DIRECTORY,
    responses={200: EntityOut},
    errors=(404,),
)
def read_entity(request: Request) -> Response:
    table = parse_table(request.path["table"])
    entity = container.directory_service().get(request.principal.tenant_id, table, request.path["id"])
    return Response(200, serialize_entity(entity))


@app.put(
    "/v1/directory/{table}/{id}",
    summary="Create or change an entity; without members in the request they stay unchanged",
    permission=Permission.WRITE_DIRECTORY,
    body=EntityIn,
    responses={200: EntityOut},
    errors=(404,),
)
def put_entity(request: Request[EntityIn]) -> Response:
    table = parse_table(request.path["table"])
    if request.body.id not in (None, request.path["id"]):
        raise ValidationFailed.field("id", "is not the id of the address")
    entity = to_entity(table, request.path["id"], request.body)
    directory, tenant_id = container.directory_service(), request.principal.tenant_id
    directory.put(tenant_id, [entity], [""])
    return Response(200, serialize_entity(directory.get(tenant_id, table, entity.id)))


@app.delete(
    "/v1/directory/{table}/{id}",
    summary="Delete an entity; cascade=true unassigns geofences, erase=true erases a user's positions and comments",
    permission=Permission.WRITE_DIRECTORY,
    query=DeleteEntityQuery,
    responses={200: EntityDeletionOut},
    errors=(404, 409, 503),
)
def delete_entity(request: Request[None, DeleteEntityQuery]) -> Response:
    table = parse_table(request.path["table"])
    query, entity_id, now = request.query, request.path["id"], datetime.now(UTC)
    directory, geofences = container.directory_service(), container.geofence_service()
    cascade = query.cascade == "true"
    if query.erase == "false":
        directory.delete(request.principal, table, entity_id, geofences, now, cascade=cascade)
        return Response(200, {"id": entity_id, "deleted": True})
    if table != "users":
        raise ValidationFailed.field("erase", "is for users")
    erased = container.privacy_service().erase_user(
        request.principal, entity_id, directory, geofences, now, cascade=cascade
    )
    return Response(200, {"id": entity_id, "deleted": True, "erased": serialize_erasure(erased)})


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Return the response to an event of API Gateway."""
    return app.handle(event, context)
