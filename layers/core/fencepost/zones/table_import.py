"""Circles out of a table: a zone for each line, checked as `zone/create` would check it."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired

from pydantic import AfterValidator, Field

from fencepost.common.errors import ValidationFailed
from fencepost.common.text import fold_case
from fencepost.geofences.model import MAX_TAGS
from fencepost.http.fields import RequestModel, ResponseModel, Text
from fencepost.http.validation import validated
from fencepost.zones.schemas import (
    DEFAULT_COLOR,
    CreateZoneRequest,
    InvalidParameter,
    NoDataFile,
    WrongFormat,
    ZoneLocation,
    ZoneResponse,
)
from fencepost.zones.upload import UploadedFile
from geo.shapes.checks import MAX_RADIUS_M

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from geo.wgs84 import Position

FieldName = Literal["label", "address", "lat", "lng", "radius", "tags"]
FIELDS: tuple[FieldName, ...] = ("label", "address", "lat", "lng", "radius", "tags")
MAX_CONVERTED = 5_000
PREVIEWED = 10
# Some three seconds, several at a time.
MAX_LOCATED = 100
_NO_PLACE = "Location should be correct with 'lat' and 'lng' not null"
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?")
_BETWEEN_TAGS = re.compile(r"[\s,;]+")


# --- requests ------------------------------------------------------------------------------------------------------
def _different(fields: list[FieldName]) -> list[FieldName]:
    if len(set(fields)) < len(fields):
        raise ValueError("must not name a field twice")
    return fields


class ConvertBatchRequest(RequestModel):
    """One of `batch` and `file_id`; with both, the file counts. There is one geocoder, whatever `geocoder` says."""

    batch: str | None = None
    file_id: Annotated[Text, Field(max_length=64)] | None = None
    fields: Annotated[list[FieldName], Field(min_length=1), AfterValidator(_different)] | None = None
    geocoder: Annotated[Text, Field(max_length=50)] | None = None
    default_radius: Annotated[int, Field(ge=1, le=MAX_RADIUS_M)] = 100


class ParseSpreadsheetRequest(RequestModel):
    file: UploadedFile | None = None


# --- answers -------------------------------------------------------------------------------------------------------
class ConvertedZone(ResponseModel):
    """With `errors` it is none that `zone/create` takes, and has no `type`."""

    id: None
    type: NotRequired[Literal["circle"] | None]
    label: str
    address: str
    color: str
    radius: int
    center: ZoneLocation
    tags: list[int]
    errors: NotRequired[list[InvalidParameter] | None]


class ConvertBatchResponse(ZoneResponse):
    """`limit_exceeded` where the table goes on after what is told of it."""

    list_: Annotated[list[ConvertedZone], Field(alias="list")]
    limit_exceeded: bool


class ParseSpreadsheetResponse(ZoneResponse):
    """`file_id` is good for a day; `preview` are the first rows."""

    file_id: str
    rows: int
    preview: list[list[str]]


# --- from lines to zones -------------------------------------------------------------------------------------------
def read_table(file: UploadedFile | None) -> list[list[str]]:
    """The rows of a CSV or XLSX file, one more than can be converted. Raises NoDataFile, WrongFormat."""
    from fencepost.zones.spreadsheets.csv_reader import read_rows
    from fencepost.zones.spreadsheets.errors import UnreadableTable

    if file is None:
        raise NoDataFile.field("file", "is missing: send a CSV or XLSX file as the part of this name")
    try:
        rows = read_rows(file.content, MAX_CONVERTED + 2)  # one may be a header
    except UnreadableTable as error:
        raise WrongFormat.field("file", str(error)) from None
    if not rows:
        raise WrongFormat.field("file", "has no row that says anything")
    return rows


def parse_lines(batch: str) -> Iterator[list[str]]:
    """The cells of each line that has any. Raises WrongFormat where none has.

    >>> list(parse_lines("Gate\\tKarlsplatz, 2\\r\\n\\nYard"))
    [['Gate', 'Karlsplatz, 2'], ['Yard']]
    """
    if not batch.strip():
        raise WrongFormat.field("batch", "has no line that says anything")
    lines = (match[0].rstrip("\r") for match in re.finditer(r"[^\n]+", batch))
    return (line.split("\t") for line in lines if line.strip())


def parse_drafts(rows: Iterable[Sequence[str]], call: ConvertBatchRequest) -> tuple[list[dict[str, Any]], bool]:
    """A zone as each row says it, and whether there are more rows than are looked at.

    A first row of nothing but names of fields is a header: it names the columns, unless the call does.
    """
    found = iter(rows)
    first = next(found, [])
    names = [cell.strip().casefold() for cell in first]
    is_header = any(names) and set(names) <= {*FIELDS, ""}
    fields = call.fields or (names if is_header else FIELDS)
    some = list(islice(found if is_header else _with(first, found), MAX_CONVERTED + 1))
    return [_draft(row, fields, call.default_radius) for row in some[:MAX_CONVERTED]], len(some) > MAX_CONVERTED


def _with(first: Sequence[str], rest: Iterator[Sequence[str]]) -> Iterator[Sequence[str]]:
    yield first
    yield from rest


def _draft(cells: Sequence[str], fields: Sequence[str], default_radius: int) -> dict[str, Any]:
    """
    >>> _draft(["48.2", "Gate", "1, 2", "16.4"], ["lat", "label", "tags", "lng"], 100)
    {'label': 'Gate', 'address': '', 'radius': 100, 'center': {'lat': 48.2, 'lng': 16.4}, 'tags': [1, 2]}
    """
    said = {field: cell.strip() for field, cell in zip(fields, cells, strict=False)}
    lat, lng = said.get("lat"), said.get("lng")
    return {
        "label": said.get("label", ""),
        "address": said.get("address", ""),
        "radius": _number(said.get("radius") or str(default_radius)),
        "center": {"lat": _number(lat or ""), "lng": _number(lng or "")} if lat or lng else None,
        "tags": [_number(tag) for tag in _BETWEEN_TAGS.split(said.get("tags", ""), MAX_TAGS) if tag],
    }


def _number(text: str) -> float | int | str:
    """The number that a cell says, or else the cell: what it should have been is told when it is checked."""
    if not _NUMBER.fullmatch(text):
        return text
    return int(text) if text.lstrip("+-").isdigit() else float(text)


# --- places --------------------------------------------------------------------------------------------------------
def collect_addresses(drafts: Sequence[Mapping[str, Any]]) -> tuple[list[str], int]:
    """The different addresses to be looked up, as many as one call may, and how many drafts they are enough for."""
    wanted: dict[str, None] = {}
    for n, draft in enumerate(drafts):
        if draft["center"] is None and draft["address"] and draft["address"] not in wanted:
            if len(wanted) == MAX_LOCATED:
                return list(wanted), n
            wanted[draft["address"]] = None
    return list(wanted), len(drafts)


def set_center(draft: dict[str, Any], places: Mapping[str, Position]) -> dict[str, Any]:
    """The draft with the place of its address, where it has none of its own and there is one."""
    place = places.get(draft["address"]) if draft["center"] is None else None
    return draft if place is None else draft | {"center": {"lat": place.lat, "lng": place.lon}}


# --- answers -------------------------------------------------------------------------------------------------------
def serialize_drafts(
    drafts: Sequence[Mapping[str, Any]], taken: Collection[str], tags: Collection[int]
) -> list[dict[str, Any]]:
    """A ConvertedZone each. `taken` are the folded labels of zones that are there, `tags` the numbers of tags."""
    used, told = set(taken), []
    for draft in drafts:
        told.append(_told(draft, used, tags))
        used.add(fold_case(draft["label"]))
    return told


def _told(draft: Mapping[str, Any], used: Collection[str], tags: Collection[int]) -> dict[str, Any]:
    errors = _errors(draft, used, tags)
    wrong = {error["parameter"].split("[")[0] for error in errors}
    radius = draft["radius"]
    zone: dict[str, Any] = {
        "id": None,
        "type": "circle",
        "label": draft["label"],
        "address": draft["address"],
        "color": DEFAULT_COLOR,
        "radius": 0 if "zone.radius" in wrong else max(1, round(radius)),
        "center": {"lat": 0.0, "lng": 0.0} if "zone.center" in wrong else draft["center"],
        "tags": [tag for tag in draft["tags"] if tag in tags],
    }
    if errors:
        del zone["type"]
        zone["errors"] = errors
    return zone


def _errors(draft: Mapping[str, Any], used: Collection[str], tags: Collection[int]) -> list[dict[str, str]]:
    """What `zone/create` would refuse, of the tags the first that is wrong."""
    unknown = (n for n, tag in enumerate(draft["tags"]) if tag not in tags)
    told = {f"zone.tags[{n}]": "is no tag's number" for n in islice(unknown, 1)}
    if fold_case(draft["label"]) in used:
        told["zone.label"] = "is that of another zone; labels are unique"
    try:
        validated(CreateZoneRequest, {"zone": draft})
    except ValidationFailed as error:
        told |= {wrong.field: wrong.message for wrong in error.errors}
    center = draft["center"]
    if center is None or not any(center.values()) or any(name.startswith("zone.center") for name in told):
        told = {name: why for name, why in told.items() if not name.startswith("zone.center")}
        told["zone.center"] = _NO_PLACE
    return [{"parameter": name, "error": why} for name, why in told.items()]
