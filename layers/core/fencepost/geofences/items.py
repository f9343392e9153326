"""Geofences and their versions as items of the table."""

from __future__ import annotations

import json
from datetime import datetime
from struct import Struct
from typing import TYPE_CHECKING, Any

from fencepost.common.entity_ref import EntityRef
from fencepost.dynamodb import keys, serializer
from fencepost.geofences.model import Geofence, Version
from fencepost.geofences.spatial_index.entry import pack_validity, unpack_validity
from fencepost.geofences.validity import ALWAYS
from geo.cells import Cell
from geo.codec import unpack_shape

if TYPE_CHECKING:
    from fencepost.dynamodb.serializer import Item

_CELL = Struct(">BHHH")


def build_geofence_item(geofence: Geofence) -> Item:
    listing = {
        "GSI1PK": keys.geofence_list_partition(geofence.tenant_id),
        "GSI1SK": keys.geofence_list_sort_key(geofence.created_at, geofence.id),
    }
    return keys.geofence_key(geofence.tenant_id, geofence.id) | serializer.to_item(_to_values(geofence) | listing)


def build_version_item(geofence: Geofence, *, deleted_at: datetime | None = None) -> Item:
    """Return the item of a version, retained for ever. The last one of a deleted geofence has `deleted_at`."""
    key = keys.geofence_version_key(geofence.tenant_id, geofence.id, geofence.version)
    end = {"deletedAt": deleted_at.isoformat()} if deleted_at else {}
    return key | serializer.to_item(_to_values(geofence) | end)


def parse_geofence_item(item: Item) -> Geofence:
    v: dict[str, Any] = serializer.from_item(item)
    return Geofence(
        id=v["id"],
        tenant_id=v["tenantId"],
        name=v["name"],
        shape=unpack_shape(v["shape"]),
        created_at=datetime.fromisoformat(v["createdAt"]),
        updated_at=datetime.fromisoformat(v["updatedAt"]),
        number=v["number"],
        version=v["version"],
        description=v.get("description"),
        is_active=v["isActive"],
        in_force=unpack_validity(v["inForce"]) if "inForce" in v else ALWAYS,
        is_priority=v["isPriority"],
        min_accuracy_m=v["minAccuracyM"],
        color=v.get("color"),
        address=v.get("address"),
        tags=tuple(v["tags"]),
        trigger_on=v["triggerOn"],
        dwell_minutes=v.get("dwellMinutes"),
        cooldown_ms=v["cooldownMs"],
        action=json.loads(v["action"]),
        assignments=tuple(EntityRef(table, target_id) for table, target_id in v["assignments"]),
        nodes=tuple(map(bool, v.get("nodes", b""))),
        cells={Cell(level, x, y): shard for level, x, y, shard in _CELL.iter_unpack(v["cells"])},
    )


def parse_version_item(item: Item) -> Version:
    deleted_at = item.get("deletedAt")
    return Version(
        geofence=parse_geofence_item(item),
        deleted_at=datetime.fromisoformat(deleted_at["S"]) if deleted_at else None,
    )


def _to_values(geofence: Geofence) -> dict[str, Any]:
    return {
        "entity": "Geofence",
        "id": geofence.id,
        "tenantId": geofence.tenant_id,
        "name": geofence.name,
        "shape": geofence.shape.pack(),
        "createdAt": geofence.created_at.isoformat(),
        "updatedAt": geofence.updated_at.isoformat(),
        "number": geofence.number,
        "version": geofence.version,
        "description": geofence.description,
        "isActive": geofence.is_active,
        "inForce": None if geofence.in_force == ALWAYS else pack_validity(geofence.in_force),
        "isPriority": geofence.is_priority,
        "minAccuracyM": geofence.min_accuracy_m,
        "color": geofence.color,
        "address": geofence.address,
        "tags": list(geofence.tags),
        "triggerOn": geofence.trigger_on,
        "dwellMinutes": geofence.dwell_minutes,
        "cooldownMs": geofence.cooldown_ms,
        "action": json.dumps(geofence.action, ensure_ascii=False, separators=(",", ":")),
        "nodes": bytes(geofence.nodes) or None,
        "assignments": [[a.target_table, a.target_id] for a in geofence.assignments],
        "cells": b"".join(_CELL.pack(*cell, shard) for cell, shard in geofence.cells.items()),
    }
