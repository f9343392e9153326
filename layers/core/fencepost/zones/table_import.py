"""Circles from a table: a draft of a zone for each row, checked as `zone/create` checks a zone."""

from __future__ import annotations

import re
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, get_args

from fencepost.common.errors import ValidationFailed
from fencepost.common.text import fold_case
from fencepost.geofences.model import MAX_TAGS
from fencepost.http.fields import validate
from fencepost.zones.errors import NoDataFile, WrongFormat
from fencepost.zones.mapping import DEFAULT_COLOR
from fencepost.zones.schemas import ColumnName, CreateZoneRequest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from fencepost.zones.schemas import ConvertBatchRequest, UploadedFile
    from geo.wgs84 import Position

COLUMNS: tuple[ColumnName, ...] = get_args(ColumnName)
MAX_CONVERTED = 5_000
PREVIEW_ROWS = 10
# The geocoder needs some three seconds for them, several at a time.
MAX_GEOCODED = 100
_NO_PLACE = "Location should be correct with 'lat' and 'lng' not null"
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?")
_BETWEEN_TAGS = re.compile(r"[\s,;]+")


# --- from a file or lines to drafts --------------------------------------------------------------------------------
def read_table(file: UploadedFile | None) -> list[list[str]]:
    """Return the rows of a CSV or XLSX file, one more than can be converted.

    Raises:
        NoDataFile: There is no file.
        WrongFormat: The file is not a table, or an empty one.
    """
    from fencepost.zones.spreadsheets.csv_reader import read_rows
    from fencepost.zones.spreadsheets.errors import UnreadableTable

    if file is None:
        raise NoDataFile.field("file", "is missing: send a CSV or XLSX file as the part of this name")
    try:
        rows = read_rows(file.content, MAX_CONVERTED + 2)  # the first may be a header
    except UnreadableTable as error:
        raise WrongFormat.field("file", str(error)) from None
    if not rows:
        raise WrongFormat.field("file", "has no row that says anything")
    return rows


def parse_lines(batch: str) -> Iterator[list[str]]:
    r"""Return the cells of each line that is not blank.

    >>> list(parse_lines("Gate\tKarlsplatz, 2\r\n\nYard"))
    [['Gate', 'Karlsplatz, 2'], ['Yard']]

    Raises:
        WrongFormat: All lines are blank.
    """
    if not batch.strip():
        raise WrongFormat.field("batch", "has no line that says anything")
    lines = (match[0].rstrip("\r") for match in re.finditer(r"[^\n]+", batch))
    return (line.split("\t") for line in lines if line.strip())


def parse_drafts(rows: Iterable[Sequence[str]], request: ConvertBatchRequest) -> tuple[list[dict[str, Any]], bool]:
    """Return a draft of a zone for each row up to the limit, and whether there are more rows.

    A first row that consists of column names is a header. It names the columns, unless the request does.
    """
    remaining = iter(rows)
    first = next(remaining, [])
    names = [cell.strip().casefold() for cell in first]
    is_header = any(names) and set(names) <= {*COLUMNS, ""}
    columns = request.fields or (names if is_header else COLUMNS)
    table = list(islice(remaining if is_header else chain([first], remaining), MAX_CONVERTED + 1))
    drafts = [_parse_draft(row, columns, request.default_radius) for row in table[:MAX_CONVERTED]]
    return drafts, len(table) > MAX_CONVERTED


def _parse_draft(cells: Sequence[str], columns: Sequence[str], default_radius_m: int) -> dict[str, Any]:
    """Convert a row to a draft. A cell that should be a number and is not stays a text, for the check to report.

    >>> _parse_draft(["48.2", "Gate", "1, 2", "16.4"], ["lat", "label", "tags", "lng"], 100)
    {'label': 'Gate', 'address': '', 'radius': 100, 'center': {'lat': 48.2, 'lng': 16.4}, 'tags': [1, 2]}
    """
    row = {column: cell.strip() for column, cell in zip(columns, cells, strict=False)}
    lat, lng = row.get("lat"), row.get("lng")
    return {
        "label": row.get("label", ""),
        "address": row.get("address", ""),
        "radius": _parse_number(row.get("radius") or str(default_radius_m)),
        "center": {"lat": _parse_number(lat or ""), "lng": _parse_number(lng or "")} if lat or lng else None,
        "tags": [_parse_number(tag) for tag in _BETWEEN_TAGS.split(row.get("tags", ""), MAX_TAGS) if tag],
    }


def _parse_number(text: str) -> float | int | str:
    if not _NUMBER.fullmatch(text):
        return text
    return int(text) if text.lstrip("+-").isdigit() else float(text)


# --- geocoding -----------------------------------------------------------------------------------------------------
def collect_addresses(drafts: Sequence[Mapping[str, Any]]) -> tuple[list[str], int]:
    """Return the addresses to geocode, each once, and the number of drafts that they cover.

    One request geocodes `MAX_GEOCODED` addresses, so the drafts from the next address on are not covered.
    """
    addresses: dict[str, None] = {}
    for n, draft in enumerate(drafts):
        if draft["center"] is None and draft["address"] and draft["address"] not in addresses:
            if len(addresses) == MAX_GEOCODED:
                return list(addresses), n
            addresses[draft["address"]] = None
    return list(addresses), len(drafts)


def set_center(draft: dict[str, Any], positions: Mapping[str, Position]) -> dict[str, Any]:
    """Return the draft with the position of its address, unless it has a center or the address no position."""
    position = positions.get(draft["address"]) if draft["center"] is None else None
    return draft if position is None else draft | {"center": {"lat": position.lat, "lng": position.lon}}


# --- responses -----------------------------------------------------------------------------------------------------
def serialize_drafts(
    drafts: Sequence[Mapping[str, Any]], taken_labels: Collection[str], tags: Collection[int]
) -> list[dict[str, Any]]:
    """Return a `ConvertedZone` for each draft.

    `taken_labels` are those of existing zones, case-folded, and `tags` the numbers of existing tags.
    """
    taken, zones = set(taken_labels), []
    for draft in drafts:
        errors = _find_errors(draft, taken, tags)
        invalid = {error["parameter"].split("[")[0] for error in errors}
        zone: dict[str, Any] = {
            "id": None,
            "type": "circle",
            "label": draft["label"],
            "address": draft["address"],
            "color": DEFAULT_COLOR,
            "radius": 0 if "zone.radius" in invalid else max(1, round(draft["radius"])),
            "center": {"lat": 0.0, "lng": 0.0} if "zone.center" in invalid else draft["center"],
            "tags": [tag for tag in draft["tags"] if tag in tags],
        }
        if errors:
            del zone["type"]
            zone["errors"] = errors
        zones.append(zone)
        taken.add(fold_case(draft["label"]))
    return zones


def _find_errors(
    draft: Mapping[str, Any], taken_labels: Collection[str], tags: Collection[int]
) -> list[dict[str, str]]:
    """Return what `zone/create` would refuse; of several wrong tags the first."""
    unknown = (n for n, tag in enumerate(draft["tags"]) if tag not in tags)
    messages = {f"zone.tags[{n}]": "is no tag's number" for n in islice(unknown, 1)}
    if fold_case(draft["label"]) in taken_labels:
        messages["zone.label"] = "is that of another zone; labels are unique"
    try:
        validate(CreateZoneRequest, {"zone": draft})
    except ValidationFailed as error:
        messages |= {wrong.field: wrong.message for wrong in error.errors}
    center = draft["center"]
    if center is None or not any(center.values()) or any(name.startswith("zone.center") for name in messages):
        messages = {name: message for name, message in messages.items() if not name.startswith("zone.center")}
        messages["zone.center"] = _NO_PLACE
    return [{"parameter": name, "error": message} for name, message in messages.items()]
