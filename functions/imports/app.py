"""Imports over HTTP: a FeatureCollection taken in, and how far an import is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fencepost import container
from fencepost.common.ids import new_id
from fencepost.common.principal import Permission
from fencepost.common.snapstart import prime_snapstart
from fencepost.geofences import negotiation
from fencepost.geofences.geojson import FeatureCollectionIn
from fencepost.http.app import Api, Response
from fencepost.http.idempotency_key import derive_resource_id
from fencepost.http.request import Request
from fencepost.http.validation import validated
from fencepost.imports.geojson_rows import parse_features
from fencepost.imports.kml_rows import NameAllocator
from fencepost.imports.model import ImportSource
from fencepost.imports.schemas import ImportResponse, serialize_import

# What a function takes is 6 MB, and a body may come in base64.
MAX_BODY_BYTES = 4 * 2**20

api = Api(retell=negotiation.retold)
prime_snapstart(container.import_service)


@api.route(
    "POST",
    "/v1/geofences/import",
    summary="Make geofences of a GeoJSON FeatureCollection, in the background",
    needs=Permission.WRITE_GEOFENCES,
    takes=FeatureCollectionIn,
    gives={202: ImportResponse},
    fails=(400, 413, 415),
)
def take_features(request: Request) -> Response:
    collection = validated(FeatureCollectionIn, request.json(MAX_BODY_BYTES))
    drop = ImportSource.for_request(
        container.settings().bucket_name,
        request.principal.tenant_id,
        derive_resource_id(request) or new_id(),
        len(collection.features),
    )
    job = container.import_service().begin(
        drop, datetime.now(UTC), parse_features(collection.features, NameAllocator(""))
    )
    return Response(
        status=202, body=serialize_import(job, None), headers={"Location": f"/api/v1/imports/{job.import_id}"}
    )


@api.route(
    "GET",
    "/v1/imports/{id}",
    summary="Read how far an import is, and its report once it has ended",
    needs=Permission.WRITE_GEOFENCES,
    gives={200: ImportResponse},
    fails=(404,),
)
def read_import(request: Request) -> Response:
    job, report = container.import_service().get(request.principal.tenant_id, request.path["id"])
    return Response(status=200, body=serialize_import(job, report))


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return api.handle(event, context)
