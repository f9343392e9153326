"""The entries of the index. An entry has what a check needs of a geofence, so that the check reads nothing else.

A bucket is an item with one binary attribute a geofence, named by the 22 characters of its id, so that entries are
set and removed without reading. Cells of the grid are buckets, and so are the directory's users, groups, projects
and entry screens, each with the geofences assigned to it. A cell has only active ones, an entity all of them.

An entry is one byte of flags, the version (4 bytes), the packed shape, the rest as JSON without the defaults, and
the geofence's number (4 bytes; older entries have none). Of a geofence with many vertices or a long action,
it has only the box of the shape. Such an entry is a reference to a version, which is read once.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from struct import Struct
from typing import TYPE_CHECKING, Any
from uuid import UUID

from fencepost.geofences.validity import ALWAYS, InForce, Schedule, Window
from geo.codec import count_bytes, cut_outline, measure_lower_bound_m, unpack_shape
from geo.shapes.bounds import Bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fencepost.dynamodb.serializer import Item
    from fencepost.geofences.model import Geofence
    from geo.shapes.base import Shape

MAX_SHAPE_BYTES = 560  # 64 vertices of 8 bytes, and the head
MAX_REST_BYTES = 512
_REFERENCE, _PRIORITY, _INACTIVE, _TIMED, _NUMBERED = 0b00001, 0b00010, 0b00100, 0b01000, 0b10000
_HEAD = Struct(">BI")
ENTRY_OFFSET = _HEAD.size
"""Where the packed shape of an entry begins."""
_NUMBER = Struct(">I")


def to_attribute(geofence_id: str) -> str:
    """Return the name of a geofence's attribute in a bucket.

    >>> to_attribute("00000000-0000-0000-0000-000000000000")
    'AAAAAAAAAAAAAAAAAAAAAA'
    """
    return urlsafe_b64encode(UUID(geofence_id).bytes).rstrip(b"=").decode()


def from_attribute(attribute: str) -> str:
    """Return the id of the geofence of an attribute.

    >>> from_attribute("AAAAAAAAAAAAAAAAAAAAAA")
    '00000000-0000-0000-0000-000000000000'
    """
    return str(UUID(bytes=urlsafe_b64decode(attribute + "==")))


def pack_entry(geofence: Geofence) -> bytes:
    """Return the bytes of a geofence's entry: a reference if the shape or the rest is too long."""
    shape, rest = geofence.shape.pack(), _pack_rest(geofence)
    flags = (_PRIORITY if geofence.is_priority else 0) | (0 if geofence.is_active else _INACTIVE)
    flags |= 0 if geofence.in_force == ALWAYS else _TIMED
    if len(shape) > MAX_SHAPE_BYTES or len(rest) > MAX_REST_BYTES:
        flags |= _REFERENCE
        return _HEAD.pack(flags, geofence.version) + cut_outline(shape)
    if geofence.number:
        flags |= _NUMBERED
        rest += _NUMBER.pack(geofence.number)
    return _HEAD.pack(flags, geofence.version) + shape + rest


VersionRef = tuple[str, int]
"""A version of a geofence: its attribute, and the number of the version."""


class IndexEntry:
    """A geofence as a bucket has it. A group of fields is unpacked when one of them is first read."""

    __slots__ = (
        *("action", "attribute", "data", "id", "in_force", "is_reference", "min_accuracy_m", "name", "number"),
        *("shape", "trigger_on", "version", "version_ref"),
    )

    id: str
    number: int
    version: int
    version_ref: VersionRef
    shape: Shape
    name: str
    trigger_on: str
    action: dict[str, Any]
    min_accuracy_m: float
    in_force: InForce

    def __init__(self, attribute: str, data: bytes) -> None:
        self.attribute = attribute
        self.data = data
        self.is_reference = bool(data[0] & _REFERENCE)

    def __getattr__(self, name: str) -> Any:
        """Unpack a field that was not read before, with its group."""
        unpack = _UNPACK.get(name)
        if unpack is None:
            raise AttributeError(name)
        unpack(self)
        return object.__getattribute__(self, name)

    @property
    def is_priority(self) -> bool:
        return bool(self.data[0] & _PRIORITY)

    @property
    def is_active(self) -> bool:
        return not self.data[0] & _INACTIVE

    def measure_lower_bound_m(self, measure_box_m: Callable[[Bounds], float]) -> float:
        """Return a lower bound of the distance to the boundary. `measure_box_m` is from `geo.distance_bounds`."""
        return measure_lower_bound_m(self.data, _HEAD.size, measure_box_m)


def _unpack_identity(entry: IndexEntry) -> None:
    data = entry.data
    _, version = _HEAD.unpack_from(data)
    entry.id = from_attribute(entry.attribute)
    entry.version, entry.version_ref = version, (entry.attribute, version)
    # Entries of early releases have no number.
    entry.number = _NUMBER.unpack_from(data, -_NUMBER.size)[0] if data[0] & _NUMBERED else 0


def _unpack_shape(entry: IndexEntry) -> None:
    entry.shape = unpack_shape(entry.data, _HEAD.size)


def _unpack_rest(entry: IndexEntry) -> None:
    data = entry.data
    at = _HEAD.size + count_bytes(data, _HEAD.size)
    end = len(data) - (_NUMBER.size if data[0] & _NUMBERED else 0)
    rest: dict[str, Any] = json.loads(data[at:end])
    entry.name, entry.trigger_on, entry.action = rest["n"], rest.get("t", "enter"), rest.get("a", {})
    entry.min_accuracy_m = float(rest.get("m", 0))
    entry.in_force = unpack_validity(rest["f"]) if data[0] & _TIMED else ALWAYS


_UNPACK: dict[str, Callable[[IndexEntry], None]] = {
    **dict.fromkeys(("id", "number", "version", "version_ref"), _unpack_identity),
    "shape": _unpack_shape,
    **dict.fromkeys(("name", "trigger_on", "action", "min_accuracy_m", "in_force"), _unpack_rest),
}


def list_entries(bucket: Item) -> Iterator[IndexEntry]:
    """Yield the entries of a bucket, which are its only binary attributes."""
    return (IndexEntry(name, stored["B"]) for name, stored in bucket.items() if "B" in stored)


def pack_validity(validity: InForce) -> list[Any]:
    """Return plain values: the two instants, and the schedule with its days as one number of seven bits."""
    instants = [at.isoformat() if at else None for at in (validity.active_from, validity.expires_at)]
    schedule = validity.schedule
    if schedule is None:
        return instants
    windows = [[sum(1 << day for day in w.days), w.start_minute, w.end_minute] for w in schedule.windows]
    return [*instants, schedule.time_zone, windows]


def unpack_validity(packed: Sequence[Any]) -> InForce:
    """Return the validity that `pack_validity` has packed.

    >>> unpack_validity(pack_validity(ALWAYS)) == ALWAYS
    True
    """
    active_from, expires_at = (datetime.fromisoformat(text) if text else None for text in packed[:2])
    schedule = None
    if len(packed) > 2:
        windows = tuple(
            Window(days=frozenset(d for d in range(7) if days >> d & 1), start_minute=start, end_minute=end)
            for days, start, end in packed[3]
        )
        schedule = Schedule(time_zone=packed[2], windows=windows)
    return InForce(active_from=active_from, expires_at=expires_at, schedule=schedule)


def _pack_rest(geofence: Geofence) -> bytes:
    rest: dict[str, Any] = {"n": geofence.name}
    if geofence.trigger_on != "enter":
        rest["t"] = geofence.trigger_on
    if geofence.action:
        rest["a"] = geofence.action
    if geofence.min_accuracy_m:
        # The table returns a whole number as int, and an entry is removed by the bytes with which it was added.
        rest["m"] = float(geofence.min_accuracy_m)
    if geofence.in_force != ALWAYS:
        rest["f"] = pack_validity(geofence.in_force)
    return json.dumps(rest, ensure_ascii=False, separators=(",", ":")).encode()
