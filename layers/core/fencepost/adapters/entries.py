"""What a bucket of the index holds of each geofence: enough to answer a check without reading anything else.

A bucket is an item with one binary attribute a geofence, named by the 22 characters of its id, so that entries are
set and removed without reading. Cells of the grid are buckets, and so are the directory's users, groups, projects
and entry screens, each with the geofences assigned to it. Only active geofences are entered.

An entry is one byte of flags, the version (4 bytes), the packed shape, and the rest as JSON with defaults left
out. A geofence that is big (many vertices, a long action) leaves only its box here, and is read once by version.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cached_property
from struct import Struct
from typing import TYPE_CHECKING, Any
from uuid import UUID

from geo.codec import far_from, is_circle, pack_shape, packed_bounds_only, packed_size, unpack_shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fencepost.adapters.marshal import Item
    from fencepost.domain.geofence import Geofence
    from geo.shapes import Shape
    from geo.wgs84 import Position

MAX_SHAPE_BYTES = 560  # 64 vertices of 8 bytes, and the head
MAX_REST_BYTES = 512
_BIG, _PRIORITY = 0b01, 0b10
_HEAD = Struct(">BI")


def attribute_of(geofence_id: str) -> str:
    """
    >>> attribute_of("00000000-0000-0000-0000-000000000000")
    'AAAAAAAAAAAAAAAAAAAAAA'
    """
    return urlsafe_b64encode(UUID(geofence_id).bytes).rstrip(b"=").decode()


def pack_entry(geofence: Geofence) -> bytes:
    shape, rest = pack_shape(geofence.shape), _packed_rest(geofence)
    flags = _PRIORITY if geofence.is_priority else 0
    if len(shape) > MAX_SHAPE_BYTES or len(rest) > MAX_REST_BYTES:
        flags |= _BIG
        shape, rest = (shape if is_circle(shape) else packed_bounds_only(shape)), b""
    return _HEAD.pack(flags, geofence.version) + shape + rest


class Entry:
    """A geofence as a bucket tells it. The shape and the rest are unpacked when they are asked for."""

    def __init__(self, attribute: str, data: bytes) -> None:
        self._attribute = attribute
        self._data = data
        flags, self.version = _HEAD.unpack_from(data)
        self.is_big = bool(flags & _BIG)
        self.is_priority = bool(flags & _PRIORITY)

    @cached_property
    def id(self) -> str:
        return str(UUID(bytes=urlsafe_b64decode(self._attribute + "==")))

    @cached_property
    def shape(self) -> Shape:
        return unpack_shape(self._data, _HEAD.size)

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

    @cached_property
    def _rest(self) -> dict[str, Any]:
        at = _HEAD.size + packed_size(self._data, _HEAD.size)
        rest: dict[str, Any] = json.loads(self._data[at:])
        return rest


def entries_near(buckets: Iterable[Item], position: Position) -> list[Entry]:
    """The entries whose box meets the position.

    A check spends its time here, on every geofence of five cells, so no more is unpacked than it takes to say no.
    """
    is_far = far_from(position)
    return [
        Entry(attribute, stored["B"])
        for bucket in buckets
        for attribute, stored in bucket.items()
        if "B" in stored and not is_far(stored["B"], _HEAD.size)
    ]


def entries_of(bucket: Item) -> Iterator[Entry]:
    """The entries are the bucket's only binary attributes."""
    return (Entry(name, stored["B"]) for name, stored in bucket.items() if "B" in stored)


def _packed_rest(geofence: Geofence) -> bytes:
    rest: dict[str, Any] = {"n": geofence.name}
    if geofence.trigger_on != "enter":
        rest["t"] = geofence.trigger_on
    if geofence.action:
        rest["a"] = geofence.action
    if geofence.min_accuracy_m:
        rest["m"] = geofence.min_accuracy_m
    return json.dumps(rest, ensure_ascii=False, separators=(",", ":")).encode()
