"""KML out of the zip file that many producers put around it (KMZ).

A zip file may be hostile. It is read into memory, so its size is bounded. The unzipped bytes are counted as they are
read, whatever the archive declares.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import chain
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from geo.kml.model import KmlError

# A zip file of this size may list some 300,000 members, which take 150 MB while it is open.
MAX_ZIP_BYTES = 16 * 2**20
# Raised by zipfile for one that is broken, on purpose or not: an offset may lead anywhere.
BROKEN_ZIP = (BadZipFile, EOFError, OSError, OverflowError, ValueError, struct.error, zlib.error)
# Raised for one with a password, or with an unsupported compression.
LOCKED_ZIP = (NotImplementedError, RuntimeError)
_MAGIC = b"PK\x03\x04"
_READ_BYTES = 2**16


def unzip_kml(chunks: Iterable[bytes], *, max_bytes: int) -> Iterator[bytes]:
    """Yield the bytes of a KML file, taken out of its zip file where it is in one; a plain one passes as it is.

    Of a KMZ this is the file that a viewer opens: `doc.kml`, else the first .kml.

    Raises:
        KmlError: While iterating, where the zip file is too large, broken or locked, or where more than `max_bytes`
            come out of it.

    >>> packed = BytesIO()
    >>> with ZipFile(packed, "w") as archive:
    ...     archive.writestr("doc.kml", "<kml/>")
    >>> list(unzip_kml([packed.getvalue()], max_bytes=100)), list(unzip_kml([b"<k", b"ml/>"], max_bytes=100))
    ([b'<kml/>'], [b'<kml/>'])
    """
    head, rest = b"", iter(chunks)
    while len(head) < len(_MAGIC) and (chunk := next(rest, b"")):
        head += chunk
    if head.startswith(_MAGIC):
        yield from _read_main_file(_read_whole(chain([head], rest)), max_bytes)
    else:
        yield head
        yield from rest


def _read_whole(chunks: Iterable[bytes]) -> BytesIO:
    content = BytesIO()
    for chunk in chunks:
        content.write(chunk)
        if content.tell() > MAX_ZIP_BYTES:
            raise KmlError(f"the zip file has more than {MAX_ZIP_BYTES:,} bytes: send the .kml file inside by itself")
    return content


def _read_main_file(content: BytesIO, max_bytes: int) -> Iterator[bytes]:
    unzipped_bytes = 0
    try:
        with ZipFile(content) as archive, open_member(archive, _find_main_member(archive.infolist())) as file:
            while chunk := file.read(_READ_BYTES):
                unzipped_bytes += len(chunk)
                if unzipped_bytes > max_bytes:
                    raise KmlError(f"more than {max_bytes:,} bytes come out of the zip file: split it")
                yield chunk
    except KmlError:
        raise
    except BROKEN_ZIP as error:
        raise KmlError(f"the zip file is broken ({error}): zip or export it again") from error
    except LOCKED_ZIP as error:
        raise KmlError(f"the zip file cannot be opened ({error}): send the .kml file inside by itself") from error


def open_member(archive: ZipFile, member: ZipInfo) -> IO[bytes]:
    """Open a member of a zip file, to be read in pieces.

    Raises:
        NotImplementedError: Like all of `LOCKED_ZIP`, and for any compression but deflate: for others
            zipfile unpacks more than the bytes requested, a gigabyte from a thousand bytes.
    """
    if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise NotImplementedError("it is compressed in an unusual way")
    return archive.open(member)


def _find_main_member(members: list[ZipInfo]) -> ZipInfo:
    files = [member for member in members if member.filename.casefold().endswith(".kml")]
    if not files:
        raise KmlError("the zip file has no .kml file inside: export it as KML or KMZ")
    return next((file for file in files if file.filename.casefold() == "doc.kml"), files[0])
