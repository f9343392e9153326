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
    from fencepost.geofences.repository import DynamoDBGeofenceRepository
    from fencepost.geofences.service import GeofenceService
    from fencepost.geofences.spatial_index.maintenance import IndexMaintenance
    from fencepost.http.idempotency_repository import DynamoDBIdempotencyRepository
    from fencepost.imports.service import ImportService
    from fencepost.privacy.service import PrivacyService
    from fencepost.reports.service import ReportService
    from fencepost.tenants.service import CachedAuthenticator, TenantService
    from fencepost.tenants.user_pool import UserPool
    from fencepost.timeclock.clock_service import ClockService
    from fencepost.timeclock.entry_service import TimesService
    from fencepost.timeclock.index_maintenance import EntryListMaintenance
    from fencepost.timeclock.punch_batch_service import PunchService
    from fencepost.timeclock.refusal_service import RefusalService
    from fencepost.verdicts.repository import DynamoDBCandidateRepository
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
def idempotency() -> DynamoDBIdempotencyRepository:
    """Imported when a request brings an Idempotency-Key, for most bring none."""
    from fencepost.http.idempotency_repository import DynamoDBIdempotencyRepository

    return DynamoDBIdempotencyRepository(dynamodb(), settings().idempotency_table_name)


# Every function that has routes imports this module, so each of its POSTs finds the records here.
Idempotency.records = idempotency


@cache
def geofence_store() -> DynamoDBGeofenceRepository:
    """One a container: it keeps the big geofences that it has read."""
    from fencepost.geofences.repository import DynamoDBGeofenceRepository

    return DynamoDBGeofenceRepository(table())


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
    from fencepost.zones.repository import DynamoDBZoneRepository
    from fencepost.zones.service import ZoneService

    return ZoneService(geofences(), DynamoDBZoneRepository(table()))


@cache
def spreadsheets() -> SpreadsheetService:
    from fencepost.common.aws import client
    from fencepost.zones.spreadsheets.geocoder import AmazonLocationGeocoder
    from fencepost.zones.spreadsheets.repository import S3SpreadsheetRepository
    from fencepost.zones.spreadsheets.service import SpreadsheetService

    names = settings()
    return SpreadsheetService(
        repository=S3SpreadsheetRepository(s3(), names.bucket_name),
        geocoder=AmazonLocationGeocoder(client("geo-places")) if names.geocoder == "amazon-location" else None,
    )


@cache
def applying() -> DynamoDBCandidateRepository:
    from fencepost.verdicts.repository import DynamoDBCandidateRepository

    return DynamoDBCandidateRepository(table(), geofence_store())


@cache
def clock() -> ClockService:
    from fencepost.directory.repository import DynamoDBDirectoryRepository
    from fencepost.timeclock.clock_repository import DynamoDBClockRepository
    from fencepost.timeclock.clock_service import ClockService
    from fencepost.timeclock.entry_repository import DynamoDBEntryRepository

    return ClockService(
        DynamoDBClockRepository(table(), applying(), DynamoDBDirectoryRepository(table())),
        DynamoDBEntryRepository(table()),
    )


@cache
def times() -> TimesService:
    from fencepost.directory.repository import DynamoDBDirectoryRepository
    from fencepost.timeclock.clock_repository import DynamoDBClockRepository
    from fencepost.timeclock.entry_repository import DynamoDBEntryRepository
    from fencepost.timeclock.entry_service import TimesService

    return TimesService(
        DynamoDBEntryRepository(table()),
        DynamoDBClockRepository(table(), applying(), DynamoDBDirectoryRepository(table())),
    )


@cache
def reports() -> ReportService:
    from fencepost.reports.repository import DynamoDBReportRepository
    from fencepost.reports.service import ReportService

    return ReportService(DynamoDBReportRepository(table()))


@cache
def privacy() -> PrivacyService:
    from fencepost.privacy.repository import DynamoDBPrivacyRepository
    from fencepost.privacy.service import PrivacyService

    return PrivacyService(DynamoDBPrivacyRepository(table()))


@cache
def refusals() -> RefusalService:
    from fencepost.timeclock.refusal_repository import DynamoDBRefusalRepository
    from fencepost.timeclock.refusal_service import RefusalService

    return RefusalService(DynamoDBRefusalRepository(table()))


@cache
def punches() -> PunchService:
    from fencepost.timeclock.punch_batch_service import PunchService
    from fencepost.timeclock.receipt_repository import DynamoDBReceiptRepository

    return PunchService(clock(), DynamoDBReceiptRepository(table()))


@cache
def validation() -> ValidationService:
    from fencepost.verdicts.service import ValidationService

    return ValidationService(applying())


@cache
def directory() -> DirectoryService:
    from fencepost.directory.repository import DynamoDBDirectoryRepository
    from fencepost.directory.service import DirectoryService

    return DirectoryService(DynamoDBDirectoryRepository(table()))


@cache
def time_lists() -> EntryListMaintenance:
    from fencepost.timeclock.index_maintenance import EntryListMaintenance

    return EntryListMaintenance(table())


@cache
def index_upkeep() -> IndexMaintenance:
    from fencepost.geofences.spatial_index.maintenance import IndexMaintenance

    return IndexMaintenance(table())


@cache
def tenants() -> TenantService:
    from fencepost.tenants.repository import DynamoDBTenantRepository
    from fencepost.tenants.service import TenantService

    return TenantService(DynamoDBTenantRepository(table()), user_pool())


@cache
def callers() -> CachedAuthenticator:
    from fencepost.tenants.service import CachedAuthenticator

    return CachedAuthenticator(tenants())


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
    from fencepost.directory.repository import DynamoDBDirectoryRepository
    from fencepost.geofences import schemas
    from fencepost.imports.repository import Bucket, DynamoDBImportRepository, ImportQueue
    from fencepost.imports.service import ImportService

    names = settings()
    return ImportService(
        objects=Bucket(s3(), names.bucket_name),
        jobs=DynamoDBImportRepository(table(), geofence_store(), DynamoDBDirectoryRepository(table())),
        fields_of=schemas.fields_of,
        queue=ImportQueue(client("sqs"), names.import_queue_url) if names.import_queue_url else None,
    )


@cache
def bus() -> Bus:
    from fencepost.common.aws import client
    from fencepost.dynamodb.outbox import Bus

    return Bus(client("events"), settings().event_bus_name)
