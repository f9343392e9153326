"""Puts stores and services together, once a container and only what a function needs.

Nothing happens on import: the first call reads the environment and makes the AWS clients. With SnapStart that
call is made before the snapshot is taken, so that a restored container begins with everything in place. What is
imported is imported there: a function pays for its own stores and services, and not for those of the others.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from fencepost.services.idempotency import Idempotency

if TYPE_CHECKING:
    from fencepost.adapters.applying import Applying
    from fencepost.adapters.bus import Bus
    from fencepost.adapters.geofence_store import GeofenceStore
    from fencepost.adapters.idempotency_store import IdempotencyStore
    from fencepost.adapters.index_upkeep import IndexUpkeep
    from fencepost.adapters.table import Table
    from fencepost.adapters.time_lists import TimeLists
    from fencepost.adapters.user_pool import UserPool
    from fencepost.services.clock import ClockService
    from fencepost.services.directory import DirectoryService
    from fencepost.services.geofences import GeofenceService
    from fencepost.services.imports import ImportService
    from fencepost.services.nearest import NearestService
    from fencepost.services.privacy import PrivacyService
    from fencepost.services.punches import PunchService
    from fencepost.services.refusals import RefusalService
    from fencepost.services.reports import ReportService
    from fencepost.services.spreadsheets import SpreadsheetService
    from fencepost.services.tenants import Callers, TenantService
    from fencepost.services.times import TimesService
    from fencepost.services.validation import ValidationService
    from fencepost.services.zones import ZoneService
    from fencepost.settings import Settings


@cache
def settings() -> Settings:
    from fencepost.settings import Settings

    return Settings.from_environment()


@cache
def dynamodb() -> Any:
    from fencepost.adapters.clients import client

    return client("dynamodb")


@cache
def table() -> Table:
    from fencepost.adapters.table import Table

    return Table(dynamodb(), settings().table_name)


@cache
def s3() -> Any:
    from fencepost.adapters.clients import client

    return client("s3")


@cache
def idempotency() -> IdempotencyStore:
    """Imported when a request brings an Idempotency-Key, for most bring none."""
    from fencepost.adapters.idempotency_store import IdempotencyStore

    return IdempotencyStore(dynamodb(), settings().idempotency_table_name)


# Every function that has routes imports this module, so each of its POSTs finds the records here.
Idempotency.records = idempotency


@cache
def geofence_store() -> GeofenceStore:
    """One a container: it keeps the big geofences that it has read."""
    from fencepost.adapters.geofence_store import GeofenceStore

    return GeofenceStore(table())


@cache
def geofences() -> GeofenceService:
    from fencepost.services.geofences import GeofenceService

    return GeofenceService(geofence_store())


@cache
def nearest() -> NearestService:
    from fencepost.services.nearest import NearestService

    return NearestService(geofence_store())


@cache
def zones() -> ZoneService:
    from fencepost.adapters.zone_store import ZoneStore
    from fencepost.services.zones import ZoneService

    return ZoneService(geofences(), ZoneStore(table()))


@cache
def spreadsheets() -> SpreadsheetService:
    from fencepost.adapters.clients import client
    from fencepost.adapters.geocoder import AmazonLocation
    from fencepost.adapters.spreadsheet_store import SpreadsheetStore
    from fencepost.services.spreadsheets import SpreadsheetService

    names = settings()
    return SpreadsheetService(
        store=SpreadsheetStore(s3(), names.bucket_name),
        geocoder=AmazonLocation(client("geo-places")) if names.geocoder == "amazon-location" else None,
    )


@cache
def applying() -> Applying:
    from fencepost.adapters.applying import Applying

    return Applying(table(), geofence_store())


@cache
def clock() -> ClockService:
    from fencepost.adapters.clock_store import ClockStore
    from fencepost.adapters.directory_store import DirectoryStore
    from fencepost.adapters.entry_store import EntryStore
    from fencepost.services.clock import ClockService

    return ClockService(ClockStore(table(), applying(), DirectoryStore(table())), EntryStore(table()))


@cache
def times() -> TimesService:
    from fencepost.adapters.clock_store import ClockStore
    from fencepost.adapters.directory_store import DirectoryStore
    from fencepost.adapters.entry_store import EntryStore
    from fencepost.services.times import TimesService

    return TimesService(EntryStore(table()), ClockStore(table(), applying(), DirectoryStore(table())))


@cache
def reports() -> ReportService:
    from fencepost.adapters.report_store import ReportStore
    from fencepost.services.reports import ReportService

    return ReportService(ReportStore(table()))


@cache
def privacy() -> PrivacyService:
    from fencepost.adapters.privacy_store import PrivacyStore
    from fencepost.services.privacy import PrivacyService

    return PrivacyService(PrivacyStore(table()))


@cache
def refusals() -> RefusalService:
    from fencepost.adapters.refusal_store import RefusalStore
    from fencepost.services.refusals import RefusalService

    return RefusalService(RefusalStore(table()))


@cache
def punches() -> PunchService:
    from fencepost.adapters.receipt_store import ReceiptStore
    from fencepost.services.punches import PunchService

    return PunchService(clock(), ReceiptStore(table()))


@cache
def validation() -> ValidationService:
    from fencepost.services.validation import ValidationService

    return ValidationService(applying())


@cache
def directory() -> DirectoryService:
    from fencepost.adapters.directory_store import DirectoryStore
    from fencepost.services.directory import DirectoryService

    return DirectoryService(DirectoryStore(table()))


@cache
def time_lists() -> TimeLists:
    from fencepost.adapters.time_lists import TimeLists

    return TimeLists(table())


@cache
def index_upkeep() -> IndexUpkeep:
    from fencepost.adapters.index_upkeep import IndexUpkeep

    return IndexUpkeep(table())


@cache
def tenants() -> TenantService:
    from fencepost.adapters.tenant_store import TenantStore
    from fencepost.services.tenants import TenantService

    return TenantService(TenantStore(table()), user_pool())


@cache
def callers() -> Callers:
    from fencepost.services.tenants import Callers

    return Callers(tenants())


@cache
def user_pool() -> UserPool | None:
    """None for those who only have a table, as the administration command has."""
    from fencepost.adapters.user_pool import UserPool

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
    from fencepost.adapters.clients import client
    from fencepost.adapters.directory_store import DirectoryStore
    from fencepost.adapters.import_store import Bucket, ImportQueue, ImportStore
    from fencepost.api.vocabularies import canonical
    from fencepost.services.imports import ImportService

    names = settings()
    return ImportService(
        objects=Bucket(s3(), names.bucket_name),
        jobs=ImportStore(table(), geofence_store(), DirectoryStore(table())),
        fields_of=canonical.fields_of,
        queue=ImportQueue(client("sqs"), names.import_queue_url) if names.import_queue_url else None,
    )


@cache
def bus() -> Bus:
    from fencepost.adapters.bus import Bus
    from fencepost.adapters.clients import client

    return Bus(client("events"), settings().event_bus_name)
