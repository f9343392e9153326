"""Puts stores and services together, once a container and only what a function needs.

Nothing happens on import: the first call reads the environment and makes the AWS clients. With SnapStart that
call is made before the snapshot is taken, so that a restored container begins with everything in place. What is
imported is imported there: a function pays for its own stores and services, and not for those of the others.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from fencepost.http.idempotency_records import Idempotency

if TYPE_CHECKING:
    from fencepost.common.settings import Settings
    from fencepost.directory.service import DirectoryService
    from fencepost.dynamodb.outbox import Bus
    from fencepost.dynamodb.table import Table
    from fencepost.geofences.nearest_service import NearestService
    from fencepost.geofences.repository import GeofenceStore
    from fencepost.geofences.service import GeofenceService
    from fencepost.geofences.spatial_index.maintenance import IndexUpkeep
    from fencepost.http.idempotency_repository import IdempotencyStore
    from fencepost.imports.service import ImportService
    from fencepost.privacy.service import PrivacyService
    from fencepost.reports.service import ReportService
    from fencepost.tenants.service import Callers, TenantService
    from fencepost.tenants.user_pool import UserPool
    from fencepost.timeclock.clock_service import ClockService
    from fencepost.timeclock.entry_service import TimesService
    from fencepost.timeclock.index_maintenance import TimeLists
    from fencepost.timeclock.punch_batch_service import PunchService
    from fencepost.timeclock.refusal_service import RefusalService
    from fencepost.verdicts.repository import Applying
    from fencepost.verdicts.service import ValidationService
    from fencepost.zones.service import ZoneService
    from fencepost.zones.spreadsheets.service import SpreadsheetService


@cache
def settings() -> Settings:
    from fencepost.common.settings import Settings

    return Settings.from_environment()


@cache
def dynamodb() -> Any:
    from fencepost.common.aws import client

    return client("dynamodb")


@cache
def table() -> Table:
    from fencepost.dynamodb.table import Table

    return Table(dynamodb(), settings().table_name)


@cache
def s3() -> Any:
    from fencepost.common.aws import client

    return client("s3")


@cache
def idempotency() -> IdempotencyStore:
    """Imported when a request brings an Idempotency-Key, for most bring none."""
    from fencepost.http.idempotency_repository import IdempotencyStore

    return IdempotencyStore(dynamodb(), settings().idempotency_table_name)


# Every function that has routes imports this module, so each of its POSTs finds the records here.
Idempotency.records = idempotency


@cache
def geofence_store() -> GeofenceStore:
    """One a container: it keeps the big geofences that it has read."""
    from fencepost.geofences.repository import GeofenceStore

    return GeofenceStore(table())


@cache
def geofences() -> GeofenceService:
    from fencepost.geofences.service import GeofenceService

    return GeofenceService(geofence_store())


@cache
def nearest() -> NearestService:
    from fencepost.geofences.nearest_service import NearestService

    return NearestService(geofence_store())


@cache
def zones() -> ZoneService:
    from fencepost.zones.repository import ZoneStore
    from fencepost.zones.service import ZoneService

    return ZoneService(geofences(), ZoneStore(table()))


@cache
def spreadsheets() -> SpreadsheetService:
    from fencepost.common.aws import client
    from fencepost.zones.spreadsheets.geocoder import AmazonLocation
    from fencepost.zones.spreadsheets.repository import SpreadsheetStore
    from fencepost.zones.spreadsheets.service import SpreadsheetService

    names = settings()
    return SpreadsheetService(
        store=SpreadsheetStore(s3(), names.bucket_name),
        geocoder=AmazonLocation(client("geo-places")) if names.geocoder == "amazon-location" else None,
    )


@cache
def applying() -> Applying:
    from fencepost.verdicts.repository import Applying

    return Applying(table(), geofence_store())


@cache
def clock() -> ClockService:
    from fencepost.directory.repository import DirectoryStore
    from fencepost.timeclock.clock_repository import ClockStore
    from fencepost.timeclock.clock_service import ClockService
    from fencepost.timeclock.entry_repository import EntryStore

    return ClockService(ClockStore(table(), applying(), DirectoryStore(table())), EntryStore(table()))


@cache
def times() -> TimesService:
    from fencepost.directory.repository import DirectoryStore
    from fencepost.timeclock.clock_repository import ClockStore
    from fencepost.timeclock.entry_repository import EntryStore
    from fencepost.timeclock.entry_service import TimesService

    return TimesService(EntryStore(table()), ClockStore(table(), applying(), DirectoryStore(table())))


@cache
def reports() -> ReportService:
    from fencepost.reports.repository import ReportStore
    from fencepost.reports.service import ReportService

    return ReportService(ReportStore(table()))


@cache
def privacy() -> PrivacyService:
    from fencepost.privacy.repository import PrivacyStore
    from fencepost.privacy.service import PrivacyService

    return PrivacyService(PrivacyStore(table()))


@cache
def refusals() -> RefusalService:
    from fencepost.timeclock.refusal_repository import RefusalStore
    from fencepost.timeclock.refusal_service import RefusalService

    return RefusalService(RefusalStore(table()))


@cache
def punches() -> PunchService:
    from fencepost.timeclock.punch_batch_service import PunchService
    from fencepost.timeclock.receipt_repository import ReceiptStore

    return PunchService(clock(), ReceiptStore(table()))


@cache
def validation() -> ValidationService:
    from fencepost.verdicts.service import ValidationService

    return ValidationService(applying())


@cache
def directory() -> DirectoryService:
    from fencepost.directory.repository import DirectoryStore
    from fencepost.directory.service import DirectoryService

    return DirectoryService(DirectoryStore(table()))


@cache
def time_lists() -> TimeLists:
    from fencepost.timeclock.index_maintenance import TimeLists

    return TimeLists(table())


@cache
def index_upkeep() -> IndexUpkeep:
    from fencepost.geofences.spatial_index.maintenance import IndexUpkeep

    return IndexUpkeep(table())


@cache
def tenants() -> TenantService:
    from fencepost.tenants.repository import TenantStore
    from fencepost.tenants.service import TenantService

    return TenantService(TenantStore(table()), user_pool())


@cache
def callers() -> Callers:
    from fencepost.tenants.service import Callers

    return Callers(tenants())


@cache
def user_pool() -> UserPool | None:
    """None for those who only have a table, as the administration command has."""
    from fencepost.tenants.user_pool import UserPool

    names = settings()
    if not names.user_pool_id:
        return None
    return UserPool(
        pool_id=names.user_pool_id,
        client_id=names.user_pool_client_id,
        endpoint=names.aws_endpoint_url_cognito_identity_provider or names.aws_endpoint_url,
    )


@cache
def imports() -> ImportService:
    from fencepost.common.aws import client
    from fencepost.directory.repository import DirectoryStore
    from fencepost.geofences import schemas
    from fencepost.imports.repository import Bucket, ImportQueue, ImportStore
    from fencepost.imports.service import ImportService

    names = settings()
    return ImportService(
        objects=Bucket(s3(), names.bucket_name),
        jobs=ImportStore(table(), geofence_store(), DirectoryStore(table())),
        fields_of=schemas.fields_of,
        queue=ImportQueue(client("sqs"), names.import_queue_url) if names.import_queue_url else None,
    )


@cache
def bus() -> Bus:
    from fencepost.common.aws import client
    from fencepost.dynamodb.outbox import Bus

    return Bus(client("events"), settings().event_bus_name)
