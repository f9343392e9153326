"""The composition root: one accessor for each service, repository and client, built once per process on first use.

Importing this module touches neither the environment nor the network: the first call of an accessor reads the
settings and makes the AWS clients. With SnapStart that call runs before the snapshot is taken, so that a restored
function has them already. Each accessor imports its classes itself: a function loads what it uses.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from fencepost.http.idempotency_records import IdempotencyConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fencepost.common.errors import FencepostError
    from fencepost.common.settings import Settings
    from fencepost.directory.repository import DynamoDBDirectoryRepository
    from fencepost.directory.service import DirectoryService
    from fencepost.dynamodb.outbox import EventBus
    from fencepost.dynamodb.table import Table
    from fencepost.geofences.nearest_service import NearestService
    from fencepost.geofences.repository import DynamoDBGeofenceRepository
    from fencepost.geofences.service import GeofenceService
    from fencepost.geofences.spatial_index.index import SpatialIndex
    from fencepost.geofences.spatial_index.maintenance import IndexMaintenance
    from fencepost.http.idempotency_repository import DynamoDBIdempotencyRepository
    from fencepost.imports.service import ImportService
    from fencepost.privacy.service import PrivacyService
    from fencepost.reports.service import ReportService
    from fencepost.tenants.service import CachedAuthenticator, TenantService
    from fencepost.tenants.user_pool import UserPool
    from fencepost.timeclock.auto_stop import AutoStopService
    from fencepost.timeclock.clock_repository import DynamoDBClockRepository
    from fencepost.timeclock.clock_service import ClockService
    from fencepost.timeclock.commands import Outcome
    from fencepost.timeclock.entry_repository import DynamoDBEntryRepository
    from fencepost.timeclock.entry_service import EntryService
    from fencepost.timeclock.index_maintenance import EntryListMaintenance
    from fencepost.timeclock.punch_batch_service import PunchBatchService
    from fencepost.timeclock.receipts import RecordedResult
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
def dynamodb_client() -> Any:
    from fencepost.common.aws import create_client

    return create_client("dynamodb")


@cache
def s3_client() -> Any:
    from fencepost.common.aws import create_client

    return create_client("s3")


@cache
def table() -> Table:
    from fencepost.dynamodb.table import Table

    return Table(dynamodb_client(), settings().table_name)


@cache
def event_bus() -> EventBus:
    from fencepost.common.aws import create_client
    from fencepost.dynamodb.outbox import EventBus

    return EventBus(create_client("events"), settings().event_bus_name)


@cache
def idempotency_repository() -> DynamoDBIdempotencyRepository:
    """Return the stored responses of requests that carry an Idempotency-Key; most requests carry none."""
    from fencepost.http.idempotency_repository import DynamoDBIdempotencyRepository

    return DynamoDBIdempotencyRepository(dynamodb_client(), settings().idempotency_table_name)


# Set on import: every function with routes imports this module, and its POST routes need the repository.
IdempotencyConfig.repository = idempotency_repository


@cache
def geofence_repository() -> DynamoDBGeofenceRepository:
    from fencepost.geofences.repository import DynamoDBGeofenceRepository

    return DynamoDBGeofenceRepository(table(), spatial_index())


@cache
def spatial_index() -> SpatialIndex:
    """Return the spatial index, of which there must be one per process: it caches geofences."""
    from fencepost.geofences.spatial_index.index import SpatialIndex

    return SpatialIndex(table())


@cache
def geofence_service() -> GeofenceService:
    from fencepost.geofences.service import GeofenceService

    return GeofenceService(geofence_repository(), spatial_index())


@cache
def nearest_service() -> NearestService:
    from fencepost.geofences.nearest_service import NearestService

    return NearestService(spatial_index())


@cache
def index_maintenance() -> IndexMaintenance:
    from fencepost.geofences.spatial_index.maintenance import IndexMaintenance

    return IndexMaintenance(table())


@cache
def candidate_repository() -> DynamoDBCandidateRepository:
    from fencepost.verdicts.repository import DynamoDBCandidateRepository

    return DynamoDBCandidateRepository(table(), spatial_index())


@cache
def validation_service() -> ValidationService:
    from fencepost.verdicts.service import ValidationService

    return ValidationService(candidate_repository())


@cache
def directory_repository() -> DynamoDBDirectoryRepository:
    from fencepost.directory.repository import DynamoDBDirectoryRepository

    return DynamoDBDirectoryRepository(table())


@cache
def directory_service() -> DirectoryService:
    from fencepost.directory.service import DirectoryService

    return DirectoryService(directory_repository())


def _serialize_result(result: Outcome | FencepostError | RecordedResult) -> Mapping[str, Any]:
    """Return a result as a receipt stores it. Imported late, because only the actions of a batch have receipts."""
    from fencepost.timeclock.punch_schemas import serialize_punch_result

    return serialize_punch_result(result)


@cache
def clock_repository() -> DynamoDBClockRepository:
    from fencepost.timeclock.clock_repository import DynamoDBClockRepository

    return DynamoDBClockRepository(table(), candidate_repository(), directory_repository(), _serialize_result)


@cache
def entry_repository() -> DynamoDBEntryRepository:
    from fencepost.timeclock.entry_repository import DynamoDBEntryRepository

    return DynamoDBEntryRepository(table(), _serialize_result)


@cache
def clock_service() -> ClockService:
    from fencepost.timeclock.clock_service import ClockService

    return ClockService(clock_repository(), entry_repository())


@cache
def auto_stop_service() -> AutoStopService:
    from fencepost.timeclock.auto_stop import AutoStopService

    return AutoStopService(clock_service())


@cache
def entry_service() -> EntryService:
    from fencepost.timeclock.entry_service import EntryService

    return EntryService(entry_repository(), clock_repository())


@cache
def punch_service() -> PunchBatchService:
    from fencepost.timeclock.punch_batch_service import PunchBatchService
    from fencepost.timeclock.receipt_repository import DynamoDBReceiptRepository

    return PunchBatchService(clock_service(), DynamoDBReceiptRepository(table(), _serialize_result))


@cache
def refusal_service() -> RefusalService:
    from fencepost.timeclock.refusal_repository import DynamoDBRefusalRepository
    from fencepost.timeclock.refusal_service import RefusalService

    return RefusalService(DynamoDBRefusalRepository(table()))


@cache
def entry_list_maintenance() -> EntryListMaintenance:
    from fencepost.timeclock.index_maintenance import EntryListMaintenance

    return EntryListMaintenance(table())


@cache
def report_service() -> ReportService:
    from fencepost.reports.repository import DynamoDBReportRepository
    from fencepost.reports.service import ReportService

    return ReportService(DynamoDBReportRepository(table()))


@cache
def privacy_service() -> PrivacyService:
    from fencepost.privacy.repository import DynamoDBPrivacyRepository
    from fencepost.privacy.service import PrivacyService

    return PrivacyService(DynamoDBPrivacyRepository(table()))


@cache
def tenant_service() -> TenantService:
    from fencepost.tenants.repository import DynamoDBTenantRepository
    from fencepost.tenants.service import TenantService

    return TenantService(DynamoDBTenantRepository(table()), user_pool())


@cache
def authenticator() -> CachedAuthenticator:
    from fencepost.tenants.service import CachedAuthenticator

    return CachedAuthenticator(tenant_service())


@cache
def user_pool() -> UserPool | None:
    """Return the user pool, or None where only a table is configured, as for the commands."""
    from fencepost.tenants.user_pool import UserPool

    environment = settings()
    if not environment.user_pool_id:
        return None
    return UserPool(
        pool_id=environment.user_pool_id,
        client_id=environment.user_pool_client_id,
        endpoint=environment.aws_endpoint_url_cognito_identity_provider or environment.aws_endpoint_url,
    )


@cache
def import_service() -> ImportService:
    from fencepost.common.aws import create_client
    from fencepost.geofences.mapping import parse_geofence_fields
    from fencepost.imports.chunk_processor import ChunkProcessor
    from fencepost.imports.repository import DynamoDBImportRepository, S3ImportStorage, SqsChunkQueue
    from fencepost.imports.service import ImportService

    environment = settings()
    queue_url = environment.import_queue_url
    repository = DynamoDBImportRepository(table(), geofence_repository(), directory_repository())
    return ImportService(
        objects=S3ImportStorage(s3_client(), environment.bucket_name),
        repository=repository,
        processor=ChunkProcessor(repository, parse_geofence_fields),
        queue=SqsChunkQueue(create_client("sqs"), queue_url) if queue_url else None,
    )


@cache
def zone_service() -> ZoneService:
    from fencepost.zones.repository import DynamoDBZoneRepository
    from fencepost.zones.service import ZoneService

    return ZoneService(geofence_service(), DynamoDBZoneRepository(table()))


@cache
def spreadsheet_service() -> SpreadsheetService:
    from fencepost.common.aws import create_client
    from fencepost.zones.spreadsheets.geocoder import AmazonLocationGeocoder
    from fencepost.zones.spreadsheets.repository import S3SpreadsheetRepository
    from fencepost.zones.spreadsheets.service import SpreadsheetService

    environment = settings()
    return SpreadsheetService(
        repository=S3SpreadsheetRepository(s3_client(), environment.bucket_name),
        geocoder=AmazonLocationGeocoder(create_client("geo-places"))
        if environment.geocoder == "amazon-location"
        else None,
    )
