"""From the bytes of a KML, KMZ or GeoJSON file to chunks of rows."""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import TYPE_CHECKING, Any

from fencepost.common import strict_json
from fencepost.common.errors import ValidationFailed
from fencepost.imports.geojson_rows import parse_features
from fencepost.imports.kml_rows import parse_placemark
from fencepost.imports.rows import NameAllocator
from geo.kml.kmz import unzip_kml
from geo.kml.model import KmlError
from geo.kml.reader import read_kml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fencepost.imports.model import ImportSource
    from fencepost.imports.rows import Row

MAX_FILE_BYTES = 512 * 2**20
MAX_GEOJSON_BYTES = 32 * 2**20
# Empty objects take thirty times the memory of their text. A file of this size has fewer vertices.
MAX_GEOJSON_VALUES = 4_000_000
# The text of a placemark: some 80,000 vertices, far more than a polygon may have.
MAX_TEXT_BYTES = 4 * 2**20
ROWS_PER_CHUNK = 100
VERTICES_PER_CHUNK = 20_000


class UnreadableSource(ValueError):
    """A file cannot be read as a whole; the message is the reason."""


def read_rows(source: ImportSource, content: Iterable[bytes]) -> Iterator[Iterable[Row]]:
    """Yield the rows of each placemark or feature.

    Raises:
        UnreadableSource: The file is broken, too large or of another format; raised while iterating.
    """
    names = NameAllocator(source.key)
    if source.is_geojson:
        yield from parse_features(_read_features(source, content), names)
        return
    try:
        for placemark in read_kml(unzip_kml(content, max_bytes=MAX_FILE_BYTES), max_text_bytes=MAX_TEXT_BYTES):
            yield parse_placemark(placemark, names)
    except KmlError as error:
        raise UnreadableSource(str(error)) from None


def _read_features(source: ImportSource, content: Iterable[bytes]) -> list[Any]:
    if source.size_bytes > MAX_GEOJSON_BYTES:
        raise UnreadableSource(f"a GeoJSON file may have {MAX_GEOJSON_BYTES:,} bytes; split it")
    text = b"".join(content).removeprefix(BOM_UTF8)
    if text.count(b"{") + text.count(b"[") > MAX_GEOJSON_VALUES:
        raise UnreadableSource(f"a GeoJSON file may have {MAX_GEOJSON_VALUES:,} objects and arrays; split it")
    try:
        collection = strict_json.loads(text)
    except ValidationFailed as error:
        raise UnreadableSource(f"the file cannot be read: {error.errors[0].message}") from None
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list):
        raise UnreadableSource("the file is no FeatureCollection")
    return features


def is_full(rows: list[Row]) -> bool:
    """Return whether rows have enough rows or vertices for a chunk."""
    return len(rows) >= ROWS_PER_CHUNK or sum(row.vertex_count for row in rows) >= VERTICES_PER_CHUNK


def take_chunk(rows: list[Row]) -> list[Row]:
    """Remove the rows of a chunk from the front of full `rows` and return them."""
    size = vertices = 0
    while size < min(len(rows), ROWS_PER_CHUNK) and vertices < VERTICES_PER_CHUNK:
        vertices += rows[size].vertex_count
        size += 1
    chunk = rows[:size]
    del rows[:size]
    return chunk
