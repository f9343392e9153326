"""Imports over HTTP: a FeatureCollection taken in, and how far an import is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fencepost import wiring
from fencepost.api.http import Api, Reply, Request
from fencepost.api.validation import validated
from fencepost.api.vocabularies import spoken
from fencepost.api.vocabularies.features import FeatureCollectionIn
from fencepost.api.vocabularies.imports import ImportOut, told
from fencepost.domain.features import rows_of_features
from fencepost.domain.imports import Drop
from fencepost.domain.placemarks import Namer
from fencepost.domain.principal import Right
from fencepost.services.ids import new_id
from fencepost.snapshot import before_snapshot

# What a function takes is 6 MB, and a body may come in base64.
MAX_BODY_BYTES = 4 * 2**20

api = Api(retell=spoken.retold)
before_snapshot(wiring.imports)


@api.route(
    "POST",
    "/v1/geofences/import",
    summary="Make geofences of a GeoJSON FeatureCollection, in the background",
    needs=Right.WRITE_GEOFENCES,
    takes=FeatureCollectionIn,
    gives={202: ImportOut},
    fails=(400, 413, 415),
)
def take_features(request: Request) -> Reply:
    collection = validated(FeatureCollectionIn, request.json(MAX_BODY_BYTES))
    drop = Drop.of_request(
        wiring.settings().bucket_name, request.who.tenant_id, request.key_id() or new_id(), len(collection.features)
    )
    job = wiring.imports().begin(drop, datetime.now(UTC), rows_of_features(collection.features, Namer("")))
    return Reply(status=202, body=told(job, None), headers={"Location": f"/api/v1/imports/{job.import_id}"})


@api.route(
    "GET",
    "/v1/imports/{id}",
    summary="Read how far an import is, and its report once it has ended",
    needs=Right.WRITE_GEOFENCES,
    gives={200: ImportOut},
    fails=(404,),
)
def read_import(request: Request) -> Reply:
    job, report = wiring.imports().get(request.who.tenant_id, request.path["id"])
    return Reply(status=200, body=told(job, report))


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return api.handle(event, context)
