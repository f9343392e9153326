"""Puts stores and services together, once a container and only what a function needs.

Nothing happens on import: the first call reads the environment and makes the AWS clients. With SnapStart that
call is made before the snapshot is taken, so that a restored container begins with everything in place.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from fencepost.adapters.bus import Bus
from fencepost.adapters.clients import client
from fencepost.adapters.clock_store import ClockStore
from fencepost.adapters.geofence_store import GeofenceStore
from fencepost.adapters.import_store import Bucket, ImportQueue, ImportStore
from fencepost.adapters.table import Table
from fencepost.adapters.tenant_store import TenantStore
from fencepost.services.clock import ClockService
from fencepost.services.geofences import GeofenceService
from fencepost.services.idempotency import Idempotency
from fencepost.services.imports import ImportService
from fencepost.services.tenants import TenantService
from fencepost.settings import Settings

if TYPE_CHECKING:
    from fencepost.adapters.idempotency_store import IdempotencyStore


@cache
def settings() -> Settings:
    return Settings.from_environment()


@cache
def dynamodb() -> Any:
    return client("dynamodb")


@cache
def table() -> Table:
    return Table(dynamodb(), settings().table_name)


@cache
def idempotency() -> IdempotencyStore:
    """Imported when a request brings an Idempotency-Key, for most bring none."""
    from fencepost.adapters.idempotency_store import IdempotencyStore

    return IdempotencyStore(dynamodb(), settings().idempotency_table_name)


# Every function that has routes imports this module, so each of its POSTs finds the records here.
Idempotency.records = idempotency


@cache
def geofences() -> GeofenceService:
    return GeofenceService(GeofenceStore(table()))


@cache
def clock() -> ClockService:
    return ClockService(ClockStore(table(), GeofenceStore(table())))


@cache
def tenants() -> TenantService:
    return TenantService(TenantStore(table()))


@cache
def imports() -> ImportService:
    names = settings()
    return ImportService(
        objects=Bucket(client("s3"), names.bucket_name),
        jobs=ImportStore(table(), GeofenceStore(table())),
        queue=ImportQueue(client("sqs"), names.import_queue_url) if names.import_queue_url else None,
    )


@cache
def bus() -> Bus:
    return Bus(client("events"), settings().event_bus_name)


def before_snapshot(build: Callable[[], Any]) -> None:
    """Have `build` called before SnapStart takes its snapshot; where there is no SnapStart, nothing happens."""
    try:
        from snapshot_restore_py import register_before_snapshot
    except ImportError:
        return
    register_before_snapshot(build)
