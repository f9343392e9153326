"""What a bucket of the index holds of each geofence: enough to answer a check without reading anything else.

A bucket is an item with one binary attribute a geofence, named by the 22 characters of its id, so that entries are
set and removed without reading. Cells of the grid are buckets, and so are the directory's users, groups, projects
and entry screens, each with the geofences assigned to it. A cell holds only active ones, an entity all of them.

An entry is one byte of flags, the version (4 bytes), the packed shape, the rest as JSON with defaults left out, and
the geofence's number (4 bytes; an entry from before they were kept here has none). A geofence that is big (many
vertices, a long action) leaves only its box here, and is read once by version.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from struct import Struct
from typing import TYPE_CHECKING, Any
from uuid import UUID

from fencepost.geofences.validity import ALWAYS, InForce, Schedule, Window
from geo.codec import count_bytes, cut_outline, find_near, measure_lower_bound_m, unpack_shape
from geo.shapes.bounds import Bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from fencepost.common.byte_cache import ByteBoundedCache
    from fencepost.dynamodb.serializer import Item
    from fencepost.geofences.model import Geofence
    from geo.shapes.base import Shape
    from geo.wgs84 import Position

MAX_SHAPE_BYTES = 560  # 64 vertices of 8 bytes, and the head
MAX_REST_BYTES = 512
_BIG, _PRIORITY, _INACTIVE, _TIMED, _NUMBERED = 0b00001, 0b00010, 0b00100, 0b01000, 0b10000
_HEAD = Struct(">BI")
_NUMBER = Struct(">I")


def attribute_of(geofence_id: str) -> str:
    """
    >>> attribute_of("00000000-0000-0000-0000-000000000000")
    'AAAAAAAAAAAAAAAAAAAAAA'
    """
    return urlsafe_b64encode(UUID(geofence_id).bytes).rstrip(b"=").decode()


def geofence_id_of(attribute: str) -> str:
    """
    >>> geofence_id_of("AAAAAAAAAAAAAAAAAAAAAA")
    '00000000-0000-0000-0000-000000000000'
    """
    return str(UUID(bytes=urlsafe_b64decode(attribute + "==")))


def pack_entry(geofence: Geofence) -> bytes:
    shape, rest = geofence.shape.pack(), _packed_rest(geofence)
    flags = (_PRIORITY if geofence.is_priority else 0) | (0 if geofence.is_active else _INACTIVE)
    flags |= 0 if geofence.in_force == ALWAYS else _TIMED
    if len(shape) > MAX_SHAPE_BYTES or len(rest) > MAX_REST_BYTES:
        flags |= _BIG
        return _HEAD.pack(flags, geofence.version) + cut_outline(shape)
    if geofence.number:
        flags |= _NUMBERED
        rest += _NUMBER.pack(geofence.number)
    return _HEAD.pack(flags, geofence.version) + shape + rest


VersionRef = tuple[str, int]
"""Where a version of a geofence is: its attribute, and the number of the version."""


class IndexEntry:
    """A geofence as a bucket tells it. Everything is unpacked when it is asked for, and what costs is then kept."""

    __slots__ = ("_rest", "attribute", "data", "id", "is_big", "place", "shape")

    id: str
    shape: Shape
    place: VersionRef
    _rest: dict[str, Any]

    def __init__(self, attribute: str, data: bytes) -> None:
        self.attribute = attribute
        self.data = data
        self.is_big = bool(data[0] & _BIG)

    def __getattr__(self, name: str) -> Any:
        """What is not there yet."""
        unpack = _UNPACKED.get(name)
        if unpack is None:
            raise AttributeError(name)
        value = unpack(self)
        setattr(self, name, value)
        return value

    @property
    def is_priority(self) -> bool:
        return bool(self.data[0] & _PRIORITY)

    @property
    def is_active(self) -> bool:
        return not self.data[0] & _INACTIVE

    @property
    def version(self) -> int:
        _, version = _HEAD.unpack_from(self.data)
        return int(version)

    @property
    def number(self) -> int:
        """0 where the entry does not tell."""
        return int(_NUMBER.unpack_from(self.data, -_NUMBER.size)[0]) if self.data[0] & _NUMBERED else 0

    def least_m(self, least_m: Callable[[Bounds], float]) -> float:
        """The boundary is no nearer than that, by `geo.distance_bounds`. No more is unpacked than it takes."""
        return measure_lower_bound_m(self.data, _HEAD.size, least_m)

    @property
    def name(self) -> str:
        return str(self._rest["n"])

    @property
    def trigger_on(self) -> str:
        return str(self._rest.get("t", "enter"))

    @property
    def action(self) -> dict[str, Any]:
        action: dict[str, Any] = self._rest.get("a", {})
        return action

    @property
    def min_accuracy_m(self) -> float:
        return float(self._rest.get("m", 0))

    @property
    def in_force(self) -> InForce:
        return unpacked_in_force(self._rest["f"]) if self.data[0] & _TIMED else ALWAYS


def _unpacked_rest(entry: IndexEntry) -> dict[str, Any]:
    data = entry.data
    at = _HEAD.size + count_bytes(data, _HEAD.size)
    end = len(data) - (_NUMBER.size if data[0] & _NUMBERED else 0)
    rest: dict[str, Any] = json.loads(data[at:end])
    return rest


_UNPACKED: dict[str, Callable[[IndexEntry], Any]] = {
    "id": lambda entry: geofence_id_of(entry.attribute),
    "place": lambda entry: (entry.attribute, entry.version),
    "shape": lambda entry: unpack_shape(entry.data, _HEAD.size),
    "_rest": _unpacked_rest,
}


def entries_near(
    buckets: Iterable[Item], position: Position, reach_m: float, kept: ByteBoundedCache[IndexEntry]
) -> list[IndexEntry]:
    """The entries that may come so near to the position, once each, as they are kept.

    A check spends its time here, on every geofence of five cells, so no more is unpacked than it takes to say no.
    """
    packed = ((attribute, stored["B"]) for bucket in buckets for attribute, stored in bucket.items() if "B" in stored)
    near: list[IndexEntry] = []
    for attribute, data in find_near(position, reach_m, packed, _HEAD.size):
        entry = kept.get(attribute)
        if entry is None or entry.data != data:
            entry = IndexEntry(attribute, data)
            kept.put(attribute, entry, len(data))
        near.append(entry)
    # The cells of one position are of different levels, and a geofence is entered at one.
    return list({entry.attribute: entry for entry in near}.values()) if reach_m > 0 else near


def entries_of(bucket: Item) -> Iterator[IndexEntry]:
    """The entries are the bucket's only binary attributes."""
    return (IndexEntry(name, stored["B"]) for name, stored in bucket.items() if "B" in stored)


def packed_in_force(when: InForce) -> list[Any]:
    """As plain values: the two instants, and the schedule with its days as one number of seven bits."""
    instants = [at.isoformat() if at else None for at in (when.active_from, when.expires_at)]
    if when.schedule is None:
        return instants
    windows = [[sum(1 << day for day in w.days), w.start_minute, w.end_minute] for w in when.schedule.windows]
    return [*instants, when.schedule.time_zone, windows]


def unpacked_in_force(said: Sequence[Any]) -> InForce:
    """
    >>> unpacked_in_force(packed_in_force(ALWAYS)) == ALWAYS
    True
    """
    active_from, expires_at = (datetime.fromisoformat(text) if text else None for text in said[:2])
    schedule = None
    if len(said) > 2:
        windows = tuple(
            Window(days=frozenset(d for d in range(7) if days >> d & 1), start_minute=start, end_minute=end)
            for days, start, end in said[3]
        )
        schedule = Schedule(time_zone=said[2], windows=windows)
    return InForce(active_from=active_from, expires_at=expires_at, schedule=schedule)


def _packed_rest(geofence: Geofence) -> bytes:
    rest: dict[str, Any] = {"n": geofence.name}
    if geofence.trigger_on != "enter":
        rest["t"] = geofence.trigger_on
    if geofence.action:
        rest["a"] = geofence.action
    if geofence.min_accuracy_m:
        # A whole number comes back from the table as one; an entry is withdrawn by the bytes it was entered with.
        rest["m"] = float(geofence.min_accuracy_m)
    if geofence.in_force != ALWAYS:
        rest["f"] = packed_in_force(geofence.in_force)
    return json.dumps(rest, ensure_ascii=False, separators=(",", ":")).encode()
