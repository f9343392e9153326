"""KML in a zip file, and zip files that are none."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZIP_STORED, ZipFile

import pytest

from geo.kml.kmz import MAX_ZIP_BYTES, unzip_kml
from geo.kml.model import KmlError


def zip_members(members: dict[str, bytes], how: int = ZIP_DEFLATED) -> bytes:
    file = BytesIO()
    with ZipFile(file, "w", how) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def mislead(content: bytes) -> bytes:
    """The list of members says that it is far behind the end of the file."""
    return content[:-6] + (10**9).to_bytes(4, "little") + content[-2:]


def unzip(content: bytes, max_bytes: int = 1_000) -> bytes:
    return b"".join(unzip_kml((content[n : n + 3] for n in range(0, len(content), 3)), max_bytes=max_bytes))


def test_a_plain_file_passes_as_it_is() -> None:
    for content in (b"", b"<", b"<kml/>", b"PK", b"P" * 5_000):
        assert unzip(content) == content


def test_of_several_files_the_one_that_viewers_open_is_read() -> None:
    assert unzip(zip_members({"a.kml": b"1", "x/doc.kml": b"2", "DOC.kml": b"3"})) == b"3"
    assert unzip(zip_members({"icon.png": b"0", "files/b.KML": b"1", "c.kml": b"2"}, ZIP_STORED)) == b"1"


@pytest.mark.parametrize("how", [ZIP_BZIP2, ZIP_LZMA])
def test_a_compression_that_zipfile_does_not_bound_is_not_read(how: int) -> None:
    """A thousand bytes of BZIP2 become a gigabyte before the first of them is counted."""
    content = zip_members({"doc.kml": b" " * 100_000}, how)
    with pytest.raises(KmlError, match=r"cannot be opened .* send the \.kml file inside by itself"):
        unzip(content)


def test_what_comes_out_is_counted_and_not_believed() -> None:
    bomb = zip_members({"doc.kml": b" " * 2_000_000})
    assert len(bomb) < 3_000
    taken = unzip_kml([bomb], max_bytes=100_000)
    with pytest.raises(KmlError, match="more than 100,000 bytes come out"):
        list(taken)
    assert unzip(zip_members({"doc.kml": b" " * 1_000})) == b" " * 1_000


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (zip_members({"readme.txt": b"x"}), "no .kml file"),
        (zip_members({"doc.kml": b"<kml/>"})[:40], "broken"),
        (zip_members({"doc.kml": b"<kml/>"}, ZIP_STORED).replace(b"<kml/>", b"<kmx/>"), "broken"),
        (mislead(zip_members({"doc.kml": b"<kml/>"})), "broken"),
        (
            zip_members({"doc.kml": b"<kml/>"}).replace(b"\x14\x00\x00\x00\x08", b"\x14\x00\x01\x00\x08"),
            "cannot be opened",
        ),
        (b"PK\x03\x04" + b"\0" * MAX_ZIP_BYTES, "more than"),
    ],
    ids=["empty", "cut", "changed", "misleading", "locked", "long"],
)
def test_a_zip_file_that_cannot_be_read_is_told_with_its_reason(content: bytes, said: str) -> None:
    with pytest.raises(KmlError, match=said):
        list(unzip_kml([content], max_bytes=1_000))
