"""The CPU of a request: of the AWS client alone, and of the whole handler of a check with its client."""

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

from benchmarks.building import Built
from benchmarks.memory_table import TENANT
from benchmarks.mixes import positions
from benchmarks.table_server import serving
from fencepost.common.aws import client
from fencepost.dynamodb import keys
from geo.cells import list_cells_at
from geo.wgs84 import Position
from local.paths import ROOT

BATCH = 1_000
_REQUESTS, _BATCHES, _WARMING_UP = 1_000, 3, 50
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
class Requests:
    """Milliseconds of CPU of this process, which is the function's side: means."""

    client_5_ms: float
    client_100_ms: float
    check_ms: float
    batch_ms: float


def requests(built: Built, seed: str) -> Requests:
    """Over the first town of these geofences, on a warm container."""
    where = positions(built.towns[:1], BATCH, seed)
    checks = [event("check", said(position)) for position in where]
    batch = event("check_batch", {"positions": [said(position) for position in where]})
    with serving(built.table) as address, environment(address):
        dynamodb = client("dynamodb")
        cells = [[keys.cell(TENANT, cell) for cell in list_cells_at(position)] for position in where]
        distinct = list({keys.pair(key): key for some in cells for key in some}.values())[:100]
        with handler() as answer:
            return Requests(
                client_5_ms=_cpu_ms(lambda nth: _batch_get_item(dynamodb, cells[nth % BATCH]), _REQUESTS),
                client_100_ms=_cpu_ms(lambda _: _batch_get_item(dynamodb, distinct), _REQUESTS // 10),
                check_ms=_cpu_ms(lambda nth: answered(answer, checks[nth % BATCH]), _REQUESTS),
                batch_ms=_cpu_ms(lambda _: answered(answer, batch), _BATCHES),
            )


def said(position: Position) -> dict[str, float]:
    return {"latitude": position.lat, "longitude": position.lon}


def event(name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads((ROOT / "events" / "api" / f"{name}.json").read_text())
    sent["requestContext"]["authorizer"]["tenantId"] = TENANT
    return sent | {"body": json.dumps(body)}


def answered(answer: Handler, sent: dict[str, Any]) -> dict[str, Any]:
    told = answer(sent, None)
    if told["statusCode"] != 200:
        raise RuntimeError(told["body"])
    return told


@contextmanager
def handler() -> Iterator[Handler]:
    """The function's handler as a fresh container has it; what it logs is written, and not read."""
    with contextlib.redirect_stdout(io.StringIO()):
        container = importlib.import_module("fencepost.container")
        for accessor in (
            container.settings,
            container.dynamodb_client,
            container.table,
            container.geofence_repository,
            container.geofence_service,
        ):
            accessor.cache_clear()
        yield importlib.import_module("functions.location.app").handler


@contextmanager
def environment(address: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(_ENVIRONMENT, AWS_ENDPOINT_URL_DYNAMODB=address)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _batch_get_item(dynamodb: Any, wanted: list[keys.Key]) -> None:
    dynamodb.batch_get_item(RequestItems={_TABLE: {"Keys": wanted, "ConsistentRead": False}})


def _cpu_ms(call: Callable[[int], object], times: int) -> float:
    for nth in range(min(times, _WARMING_UP)):
        call(nth)
    taken = []
    for nth in range(times):
        before = process_time()
        call(nth)
        taken.append(process_time() - before)
    return fmean(taken) * 1_000
