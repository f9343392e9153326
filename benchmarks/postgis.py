"""PostgreSQL with PostGIS, where it is installed: a server of its own, with the same geofences.

As somebody would set it up who knows it well:

- geography: the exact middle (point, line) and its radius, or the polygon. ST_DWithin with a radius that differs
  from row to row finds no index, so each has a box a little larger than itself, with a GiST index on it; whose box
  holds the position is asked exactly, with ST_DWithin or ST_Covers on the spheroid.
- geometry: the very polygons of the STRtree, with a GiST index, asked with ST_Intersects.

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

from benchmarks.checks import OURS, ours
from benchmarks.mixes import positions
from benchmarks.timing import Timing, one_pass, timing

if TYPE_CHECKING:
    from benchmarks.building import Built
    from benchmarks.timing import Ask
    from geo.wgs84 import Position

GEOGRAPHY, GEOMETRY = "PostGIS geography", "PostGIS geometry"
IN_SERVER = ", in the server"
_DEBIAN = Path("/usr/lib/postgresql")
_ROWS_AT_ONCE = 5_000
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
# Each query's own time, one after the other without leaving the server.
_TIMED = """
CREATE FUNCTION {name}(lons float8[], lats float8[]) RETURNS float8[] LANGUAGE plpgsql AS $$
DECLARE began timestamptz; lon float8; lat float8; took float8[] := ARRAY[]::float8[];
BEGIN
    FOR nth IN 1 .. array_length(lons, 1) LOOP
        lon := lons[nth];
        lat := lats[nth];
        began := clock_timestamp();
        PERFORM {query};
        took := took || (extract(epoch FROM clock_timestamp() - began) * 1e6)::float8;
    END LOOP;
    RETURN took;
END $$
"""


class NotInstalled(Exception):
    """There is no PostgreSQL with PostGIS that could be started here."""


class Compared:
    """Timings, how many matches each has found, and the version that the server tells."""

    def __init__(self, timings: dict[str, Timing], matches: dict[str, int], version: str) -> None:
        self.timings, self.matches, self.version = timings, matches, version


def compared(built: Built, asked: int, passes: int, seed: str) -> Compared:
    """Each asked about all positions, then the next, and so in every pass: a process that waits for another's answer
    is slow at its own work. Raises NotInstalled.
    """
    with _server() as connection:
        _load(connection, built)
        where = positions(built.towns, asked, seed)
        asks = {OURS: ours(built.table)}
        asks |= {name: _ask(connection, query) for name, query in _QUERIES.items()}
        in_server = {name: _ask_in_server(connection, name, query) for name, query in _QUERIES.items()}
        taken = [
            {name: one_pass(where, {name: ask})[name] for name, ask in asks.items()}
            | {name + IN_SERVER: ask(where) for name, ask in in_server.items()}
            for _ in range(passes + 1)
        ][1:]
        timings = {name: timing(one[name] for one in taken) for name in taken[0]}
        matches = {name: sum(len(asks[name](position)()) for position in where) for name in _QUERIES}
        matches[OURS] = sum(len(asks[OURS](position)()[0]) for position in where)
        (version,) = connection.execute(
            "SELECT 'PostgreSQL ' || current_setting('server_version') || ', PostGIS ' || PostGIS_Lib_Version()"
        ).fetchone()
        return Compared(timings, matches, version)


def _ask(connection: Any, query: str) -> Ask:
    asked = query.replace("POINT", _POINT.format("%(lon)s::float8", "%(lat)s::float8"))

    def answer(position: Position) -> list[Any]:
        where = {"lon": position.lon, "lat": position.lat}
        found: list[Any] = connection.execute(asked, where, prepare=True).fetchall()
        return found

    return lambda position: partial(answer, position)


def _ask_in_server(connection: Any, name: str, query: str) -> Callable[[Sequence[Position]], list[float]]:
    function = name.replace(" ", "_").lower()
    performed = query.replace("POINT", _POINT.format("lon", "lat")).strip().removeprefix("SELECT ")
    connection.execute(_TIMED.format(name=function, query=performed))

    def ask(where: Sequence[Position]) -> list[float]:
        both = [position.lon for position in where], [position.lat for position in where]
        (took,) = connection.execute(f"SELECT {function}(%s::float8[], %s::float8[])", both).fetchone()
        return list(took)

    return ask


def _load(connection: Any, built: Built) -> None:
    connection.execute(_TABLES)
    for table, rows in (("in_geography", _geography_rows), ("in_geometry", _geometry_rows)):
        with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
            for start in range(0, built.geofences, _ROWS_AT_ONCE):
                copy.write("".join(rows(built, start, min(start + _ROWS_AT_ONCE, built.geofences))))
    for index in _INDEXES:
        connection.execute(index)
    connection.execute("VACUUM ANALYZE")


def _geometry_rows(built: Built, start: int, end: int) -> Iterator[str]:
    areas = _hex(built.areas[start:end])
    return (f"{start + k}\t{area}\n" for k, area in enumerate(areas))


def _geography_rows(built: Built, start: int, end: int) -> Iterator[str]:
    areas, middles = built.areas[start:end], built.middles[start:end]
    shapes = _hex(np.where(shapely.is_missing(middles), areas, middles))
    west, south, east, north = shapely.bounds(areas).T
    wider, taller = (east - west) / 50, (north - south) / 50
    boxes = _hex(shapely.box(west - wider, south - taller, east + wider, north + taller))
    rows = zip(shapes, built.radius_m[start:end].tolist(), boxes, strict=True)
    return (f"{start + k}\t{shape}\t{radius_m}\t{box}\n" for k, (shape, radius_m, box) in enumerate(rows))


def _hex(geometries: Any) -> list[str]:
    hexed: list[str] = shapely.to_wkb(
        shapely.set_srid(geometries, _WGS84), hex=True, include_srid=True, flavor="extended"
    ).tolist()
    return hexed


@contextmanager
def _server() -> Iterator[Any]:
    """A connection to a server that lives as long as the block. PostgreSQL refuses to run as root."""
    import psycopg

    programs = _programs()
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
            with _connected(psycopg, folder) as connection:
                if not connection.execute("SELECT FROM pg_available_extensions WHERE name = 'postgis'").fetchall():
                    raise NotInstalled("PostgreSQL is installed, but PostGIS is not")
                yield connection
        finally:
            server.terminate()
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    """The folder of the server's programs: that of PATH, or the newest of Debian's."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    if not found:
        raise NotInstalled("PostgreSQL is not installed")
    return found[-1].parent


def _run(command: list[str | Path], user: str | None) -> None:
    """As another user, where that is needed. Raises NotInstalled where there is no such user."""
    try:
        subprocess.run(
            command, user=user, group=user, extra_groups=[] if user else None, check=True, capture_output=True
        )
    except LookupError as error:
        raise NotInstalled(f"there is no user {user} to run PostgreSQL as") from error


def _connected(psycopg: Any, folder: Path) -> Any:
    for _ in range(300):
        try:
            return psycopg.connect(host=str(folder), user="bench", dbname="postgres", autocommit=True)
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise TimeoutError("PostgreSQL did not start")
