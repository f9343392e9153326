"""Measure the CPU of a request: of the AWS client alone, and of the handler of a check with its client."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import fmean
from time import process_time
from typing import Any

from benchmarks.geofence_sets import GeofenceSet
from benchmarks.memory_table import TENANT
from benchmarks.mixes import pick_positions
from benchmarks.table_server import serve_table
from fencepost.common.aws import create_client
from fencepost.dynamodb import keys
from geo.cells import list_cells_at
from geo.wgs84 import Position
from local.paths import ROOT

BATCH = 1_000
_REQUESTS, _BATCHES, _WARM_UP_CALLS = 1_000, 3, 50
_TABLE = "fencepost"
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "TABLE_NAME": _TABLE,
    "POWERTOOLS_LOG_LEVEL": "INFO",
}

Handler = Callable[[dict[str, Any], object], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class RequestCpu:
    """Mean milliseconds of CPU of this process, which does the function's part."""

    client_5_ms: float
    client_100_ms: float
    check_ms: float
    batch_ms: float


def measure_requests(geofence_set: GeofenceSet, seed: str) -> RequestCpu:
    """Measure requests in the first town of a set, in a warm container."""
    positions = pick_positions(geofence_set.towns[:1], BATCH, seed)
    checks = [build_event("check", to_body(position)) for position in positions]
    batch = build_event("check_batch", {"positions": [to_body(position) for position in positions]})
    with serve_table(geofence_set.table) as address, set_environment(address):
        dynamodb = create_client("dynamodb")
        cells = [[keys.cell_key(TENANT, cell) for cell in list_cells_at(position)] for position in positions]
        distinct = list({keys.to_pair(key): key for keys_of_check in cells for key in keys_of_check}.values())[:100]
        with load_handler() as handler:
            return RequestCpu(
                client_5_ms=_measure_cpu_ms(lambda nth: _batch_get_item(dynamodb, cells[nth % BATCH]), _REQUESTS),
                client_100_ms=_measure_cpu_ms(lambda _: _batch_get_item(dynamodb, distinct), _REQUESTS // 10),
                check_ms=_measure_cpu_ms(lambda nth: invoke(handler, checks[nth % BATCH]), _REQUESTS),
                batch_ms=_measure_cpu_ms(lambda _: invoke(handler, batch), _BATCHES),
            )


def to_body(position: Position) -> dict[str, float]:
    return {"latitude": position.lat, "longitude": position.lon}


def build_event(name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((ROOT / "events" / "api" / f"{name}.json").read_text())
    event["requestContext"]["authorizer"]["tenantId"] = TENANT
    return event | {"body": json.dumps(body)}


def invoke(handler: Handler, event: dict[str, Any]) -> dict[str, Any]:
    """Return the response of the handler, which must have status 200."""
    response = handler(event, None)
    if response["statusCode"] != 200:
        raise RuntimeError(response["body"])
    return response


@contextmanager
def load_handler() -> Iterator[Handler]:
    """Yield the function's handler in a new container. Its log is written and discarded."""
    with contextlib.redirect_stdout(io.StringIO()):
        container = importlib.import_module("fencepost.container")
        for accessor in vars(container).values():
            if hasattr(accessor, "cache_clear"):
                accessor.cache_clear()
        yield importlib.import_module("functions.location.app").handler


@contextmanager
def set_environment(address: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(_ENVIRONMENT, AWS_ENDPOINT_URL_DYNAMODB=address)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _batch_get_item(dynamodb: Any, requested: list[keys.Key]) -> None:
    dynamodb.batch_get_item(RequestItems={_TABLE: {"Keys": requested, "ConsistentRead": False}})


def _measure_cpu_ms(call: Callable[[int], object], calls: int) -> float:
    for nth in range(min(calls, _WARM_UP_CALLS)):
        call(nth)
    times_s = []
    for nth in range(calls):
        start_s = process_time()
        call(nth)
        times_s.append(process_time() - start_s)
    return fmean(times_s) * 1_000
