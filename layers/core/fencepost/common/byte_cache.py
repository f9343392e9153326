"""What a container keeps between requests, up to so many bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

V = TypeVar("V")


class ByteBoundedCache(Generic[V]):
    """What was not asked for while half of the bytes were filled with other things makes room.

    >>> kept: ByteBoundedCache[str] = ByteBoundedCache(max_bytes=8)
    >>> for key in "abcd":
    ...     kept.put(key, key.upper(), 2)
    ...     _ = kept.get("a")
    >>> [kept.get(key) for key in "abcd"]
    ['A', None, 'C', 'D']
    """

    def __init__(self, max_bytes: int) -> None:
        self._half_bytes = max_bytes // 2
        self._bytes = 0
        self._recent: dict[Hashable, tuple[V, int]] = {}
        self._before: dict[Hashable, tuple[V, int]] = {}

    def __len__(self) -> int:
        return len(self._recent.keys() | self._before.keys())

    def get(self, key: Hashable) -> V | None:
        found = self._recent.get(key)
        if found is None:
            found = self._before.get(key)
            if found is None:
                return None
            self.put(key, *found)
        return found[0]

    def put(self, key: Hashable, value: V, size_bytes: int) -> None:
        if self._bytes + size_bytes > self._half_bytes:
            self._before, self._recent, self._bytes = self._recent, {}, 0
        replaced = self._recent.get(key)
        self._bytes += size_bytes - (replaced[1] if replaced else 0)
        self._recent[key] = value, size_bytes
