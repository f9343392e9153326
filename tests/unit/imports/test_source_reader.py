"""Files become rows, and rows become chunks of a bounded size."""

from __future__ import annotations

import pytest

from fencepost.imports.model import ImportSource
from fencepost.imports.rows import Row
from fencepost.imports.source_reader import UnreadableSource, is_full, read_rows, take_chunk


def rows(count: int, vertices: int = 1) -> list[Row]:
    ring = tuple((float(n), 0.0) for n in range(vertices))
    return [Row(placemark=n, line=n, name=f"Site {n}", kind="Polygon", rings=(ring,)) for n in range(count)]


def source(key: str, size_bytes: int = 10) -> ImportSource:
    return ImportSource(bucket="b", key=key, version_id="1", sequencer="", size_bytes=size_bytes)


def names(key: str, content: bytes) -> list[list[str]]:
    return [[row.name for row in group] for group in read_rows(source(key), [content])]


@pytest.mark.parametrize(
    ("count", "vertices", "sizes"),
    [(99, 1, []), (100, 1, [100]), (250, 1, [100, 100]), (3, 15_000, [2]), (1, 50_000, [1]), (50, 401, [50])],
)
def test_chunk_is_full_at_100_rows_or_20000_vertices(count: int, vertices: int, sizes: list[int]) -> None:
    waiting, taken = rows(count, vertices), []
    while is_full(waiting):
        taken.append(len(take_chunk(waiting)))
    assert (taken, len(waiting)) == (sizes, count - sum(sizes))


def test_each_placemark_is_a_group_of_rows() -> None:
    point = "<Point><coordinates>1,2</coordinates></Point>"
    several = f"<Placemark><name>A</name><MultiGeometry>{point}{point}</MultiGeometry></Placemark>"
    content = f"<kml><Document>{several}<Placemark>{point}</Placemark></Document></kml>".encode()
    assert names("uploads/demo/sites.kml", content) == [["A", "A 2"], ["sites"]]


def test_geojson_may_begin_with_a_byte_order_mark() -> None:
    feature = (
        b'{"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 2]}, "properties": {"title": "A"}}'
    )
    content = b'\xef\xbb\xbf{"type": "FeatureCollection", "features": [' + feature + b"]}"
    assert names("uploads/demo/sites.json", content) == [["A"]]


@pytest.mark.parametrize(
    ("key", "content", "reason"),
    [
        ("a.geojson", b"{", "cannot be read"),
        ("a.geojson", b'{"features": 1}', "no FeatureCollection"),
        ("a.kml", b"<kml>", "line 1"),
        ("a.kmz", b"PK\x03\x04", "zip"),
    ],
)
def test_broken_file_is_unreadable(key: str, content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableSource, match=reason):
        names(key, content)


def test_large_geojson_file_is_refused_before_it_is_read() -> None:
    with pytest.raises(UnreadableSource, match="33,554,432 bytes"):
        list(read_rows(source("a.geojson", 2**25 + 1), iter(())))
