"""A cache between the requests of a container that is bounded by bytes."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

V = TypeVar("V")


class ByteBoundedCache(dict[Hashable, V | None]):
    """A dict that evicts what was not read while half of its bytes were filled with other values.

    `cache[key]` returns None for a key that is not cached. A check reads the cache for
    every geofence nearby, so this is the dict's own method. It runs Python code only for a key outside the younger
    half.

    >>> cache: ByteBoundedCache[str] = ByteBoundedCache(max_bytes=8)
    >>> for key in "abcd":
    ...     cache.put(key, key.upper(), 2)
    ...     _ = cache["a"]
    >>> [cache[key] for key in "abcd"]
    ['A', None, 'C', 'D']
    """

    def __init__(self, max_bytes: int) -> None:
        super().__init__()
        self._half_bytes = max_bytes // 2
        self._bytes = 0
        self._sizes: dict[Hashable, int] = {}
        self._older: dict[Hashable, tuple[V | None, int]] = {}

    def __missing__(self, key: Hashable) -> V | None:
        value, size_bytes = self._older.get(key, (None, 0))
        if value is not None:
            self.put(key, value, size_bytes)
        return value

    def put(self, key: Hashable, value: V, size_bytes: int) -> None:
        """Cache a value that takes this number of bytes."""
        if self._bytes + size_bytes > self._half_bytes:
            self._older = {old: (self[old], size) for old, size in self._sizes.items()}
            self.clear()
            self._sizes, self._bytes = {}, 0
        self._bytes += size_bytes - self._sizes.get(key, 0)
        self[key] = value
        self._sizes[key] = size_bytes
