"""Compare with PostGIS, where it is installed, on a separate server with the same geofences.

The setup is that of an expert:

- geography: the exact axis (point or line) with its radius, or the polygon. ST_DWithin uses no index when the radius
  differs between rows. So each row has a slightly larger box with a GiST index. The rows whose box contains the
  position are tested exactly, with ST_DWithin or ST_Covers on the spheroid.
- geometry: the polygons of the STRtree with a GiST index, and ST_Intersects.

Values are stored uncompressed, tables are unlogged, and everything fits in shared buffers.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from benchmarks.checks import OURS, prepare_fencepost
from benchmarks.mixes import pick_positions
from benchmarks.timing import Timing, measure_pass, summarize

if TYPE_CHECKING:
    from benchmarks.geofence_sets import GeofenceSet
    from benchmarks.timing import Prepare
    from geo.wgs84 import Position

GEOGRAPHY, GEOMETRY = "PostGIS geography", "PostGIS geometry"
IN_SERVER = ", in the server"
_DEBIAN = Path("/usr/lib/postgresql")
_ROWS_PER_COPY = 5_000
_WGS84 = 4326
_SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "2GB",
    "maintenance_work_mem": "512MB",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "fsync": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}
_TABLES = """
CREATE EXTENSION postgis;
CREATE UNLOGGED TABLE in_geography (id int, shape geography, radius_m float8, box geometry);
CREATE UNLOGGED TABLE in_geometry (id int, area geometry);
ALTER TABLE in_geography ALTER shape SET STORAGE EXTERNAL;
ALTER TABLE in_geometry ALTER area SET STORAGE EXTERNAL;
"""
_INDEXES = ("CREATE INDEX ON in_geography USING gist (box)", "CREATE INDEX ON in_geometry USING gist (area)")
_POINT = "ST_SetSRID(ST_MakePoint({}, {}), 4326)"
_QUERIES = {
    GEOGRAPHY: """
        SELECT id FROM in_geography WHERE box && POINT AND CASE WHEN radius_m > 0
        THEN ST_DWithin(shape, POINT::geography, radius_m) ELSE ST_Covers(shape, POINT::geography) END""",
    GEOMETRY: "SELECT id FROM in_geometry WHERE ST_Intersects(area, POINT)",
}
# Measures each query within the server.
_TIMING_FUNCTION = """
CREATE FUNCTION {name}(lons float8[], lats float8[]) RETURNS float8[] LANGUAGE plpgsql AS $$
DECLARE started timestamptz; lon float8; lat float8; times_us float8[] := ARRAY[]::float8[];
BEGIN
    FOR nth IN 1 .. array_length(lons, 1) LOOP
        lon := lons[nth];
        lat := lats[nth];
        started := clock_timestamp();
        PERFORM {query};
        times_us := times_us || (extract(epoch FROM clock_timestamp() - started) * 1e6)::float8;
    END LOOP;
    RETURN times_us;
END $$
"""


class NotInstalled(Exception):
    """PostgreSQL with PostGIS is not installed or cannot be started."""


class PostgisComparison:
    """The timing of each method, the number of its matches, and the server's version."""

    def __init__(self, timings: dict[str, Timing], matches: dict[str, int], version: str) -> None:
        self.timings, self.matches, self.version = timings, matches, version


def compare_postgis(geofence_set: GeofenceSet, position_count: int, passes: int, seed: str) -> PostgisComparison:
    """Measure each method at all positions before the next method, in every pass.

    The methods do not alternate at each position, because a process is slow after it has waited for another one.

    Raises:
        NotInstalled: PostgreSQL with PostGIS is not installed or cannot be started.
    """
    with _run_server() as connection:
        _load(connection, geofence_set)
        positions = pick_positions(geofence_set.towns, position_count, seed)
        methods = {OURS: prepare_fencepost(geofence_set.table)}
        methods |= {name: _prepare_query(connection, query) for name, query in _QUERIES.items()}
        in_server = {name: _prepare_server_query(connection, name, query) for name, query in _QUERIES.items()}
        measured = [
            {name: measure_pass(positions, {name: prepare})[name] for name, prepare in methods.items()}
            | {name + IN_SERVER: run(positions) for name, run in in_server.items()}
            for _ in range(passes + 1)
        ][1:]
        timings = {name: summarize(times_us[name] for times_us in measured) for name in measured[0]}
        matches = {name: sum(len(methods[name](position)()) for position in positions) for name in _QUERIES}
        matches[OURS] = sum(len(methods[OURS](position)()[0]) for position in positions)
        (version,) = connection.execute(
            "SELECT 'PostgreSQL ' || current_setting('server_version') || ', PostGIS ' || PostGIS_Lib_Version()"
        ).fetchone()
        return PostgisComparison(timings, matches, version)


def _prepare_query(connection: Any, query: str) -> Prepare:
    statement = query.replace("POINT", _POINT.format("%(lon)s::float8", "%(lat)s::float8"))

    def execute(position: Position) -> list[Any]:
        parameters = {"lon": position.lon, "lat": position.lat}
        rows: list[Any] = connection.execute(statement, parameters, prepare=True).fetchall()
        return rows

    return lambda position: partial(execute, position)


def _prepare_server_query(connection: Any, name: str, query: str) -> Callable[[Sequence[Position]], list[float]]:
    function = name.replace(" ", "_").lower()
    statement = query.replace("POINT", _POINT.format("lon", "lat")).strip().removeprefix("SELECT ")
    connection.execute(_TIMING_FUNCTION.format(name=function, query=statement))

    def run(positions: Sequence[Position]) -> list[float]:
        parameters = [position.lon for position in positions], [position.lat for position in positions]
        (times_us,) = connection.execute(f"SELECT {function}(%s::float8[], %s::float8[])", parameters).fetchone()
        return list(times_us)

    return run


def _load(connection: Any, geofence_set: GeofenceSet) -> None:
    connection.execute(_TABLES)
    for table, rows in (("in_geography", _geography_rows), ("in_geometry", _geometry_rows)):
        with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
            for start in range(0, geofence_set.geofences, _ROWS_PER_COPY):
                copy.write("".join(rows(geofence_set, start, min(start + _ROWS_PER_COPY, geofence_set.geofences))))
    for index in _INDEXES:
        connection.execute(index)
    connection.execute("VACUUM ANALYZE")


def _geometry_rows(geofence_set: GeofenceSet, start: int, end: int) -> Iterator[str]:
    polygons = _to_hex(geofence_set.polygons[start:end])
    return (f"{start + k}\t{polygon}\n" for k, polygon in enumerate(polygons))


def _geography_rows(geofence_set: GeofenceSet, start: int, end: int) -> Iterator[str]:
    polygons, axes = geofence_set.polygons[start:end], geofence_set.axes[start:end]
    shapes = _to_hex(np.where(shapely.is_missing(axes), polygons, axes))
    west, south, east, north = shapely.bounds(polygons).T
    wider, taller = (east - west) / 50, (north - south) / 50
    boxes = _to_hex(shapely.box(west - wider, south - taller, east + wider, north + taller))
    rows = zip(shapes, geofence_set.radius_m[start:end].tolist(), boxes, strict=True)
    return (f"{start + k}\t{shape}\t{radius_m}\t{box}\n" for k, (shape, radius_m, box) in enumerate(rows))


def _to_hex(geometries: Any) -> list[str]:
    encoded: list[str] = shapely.to_wkb(
        shapely.set_srid(geometries, _WGS84), hex=True, include_srid=True, flavor="extended"
    ).tolist()
    return encoded


@contextmanager
def _run_server() -> Iterator[Any]:
    """Start a server for the block and yield a connection to it. As root, run it as another user: it refuses root."""
    import psycopg

    programs = _find_programs()
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    data = folder / "data"
    try:
        if user:
            shutil.chown(folder, user, user)
        initdb: list[str | Path] = [programs / "initdb", "--auth=trust", "--username=bench", "--no-sync", "-D", data]
        _run(initdb, user)
        settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, "-k", folder, *settings],
                user=user,
                group=user,
                extra_groups=[] if user else None,
                stdout=log,
                stderr=log,
            )
        try:
            with _connect(psycopg, folder) as connection:
                if not connection.execute("SELECT FROM pg_available_extensions WHERE name = 'postgis'").fetchall():
                    raise NotInstalled("PostgreSQL is installed, but PostGIS is not")
                yield connection
        finally:
            server.terminate()
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _find_programs() -> Path:
    """Return the folder of the server's programs: from PATH, or the newest of Debian."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    if not found:
        raise NotInstalled("PostgreSQL is not installed")
    return found[-1].parent


def _run(command: list[str | Path], user: str | None) -> None:
    try:
        subprocess.run(
            command, user=user, group=user, extra_groups=[] if user else None, check=True, capture_output=True
        )
    except LookupError as error:
        raise NotInstalled(f"there is no user {user} to run PostgreSQL as") from error


def _connect(psycopg: Any, folder: Path) -> Any:
    for _ in range(300):
        try:
            return psycopg.connect(host=str(folder), user="bench", dbname="postgres", autocommit=True)
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise TimeoutError("PostgreSQL did not start")
