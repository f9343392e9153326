"""Imports over HTTP: import a FeatureCollection, and read the progress of an import."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fencepost import container
from fencepost.common.ids import new_id
from fencepost.common.principal import Permission
from fencepost.common.snapstart import prime_snapstart
from fencepost.geofences import negotiation
from fencepost.geofences.geojson import FeatureCollectionIn
from fencepost.http.app import App
from fencepost.http.idempotency_key import derive_resource_id
from fencepost.http.request import Request
from fencepost.http.response import Response
from fencepost.imports.geojson_rows import parse_features
from fencepost.imports.model import ImportSource
from fencepost.imports.rows import NameAllocator
from fencepost.imports.schemas import ImportResponse, serialize_import

# A function accepts 6 MB, and a body may be encoded in base64.
MAX_BODY_BYTES = 4 * 2**20

app = App(negotiate=negotiation.negotiate)
prime_snapstart(container.import_service)


@app.post(
    "/v1/geofences/import",
    summary="Import a GeoJSON FeatureCollection in the background",
    permission=Permission.WRITE_GEOFENCES,
    body=FeatureCollectionIn,
    max_bytes=MAX_BODY_BYTES,
    responses={202: ImportResponse},
)
def import_features(request: Request[FeatureCollectionIn]) -> Response:
    features = request.body.features
    source = ImportSource.from_request(
        container.settings().bucket_name,
        request.principal.tenant_id,
        derive_resource_id(request) or new_id(),
        len(features),
    )
    job = container.import_service().begin(source, datetime.now(UTC), parse_features(features, NameAllocator("")))
    return Response(202, serialize_import(job, None), headers={"Location": f"/api/v1/imports/{job.import_id}"})


@app.get(
    "/v1/imports/{id}",
    summary="Read the progress of an import, and its report when it has ended",
    permission=Permission.WRITE_GEOFENCES,
    responses={200: ImportResponse},
    errors=(404,),
)
def read_import(request: Request) -> Response:
    job, report = container.import_service().get(request.principal.tenant_id, request.path["id"])
    return Response(200, serialize_import(job, report))


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Return the response to an event of API Gateway."""
    return app.handle(event, context)
