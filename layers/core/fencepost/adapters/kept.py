"""What a container keeps between requests, up to so many bytes: the least recently used makes room."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

V = TypeVar("V")


class Kept(Generic[V]):
    """
    >>> kept: Kept[str] = Kept(max_bytes=10)
    >>> for key in "abc":
    ...     kept.put(key, key.upper(), 4)
    >>> kept.get("a"), kept.get("c")
    (None, 'C')
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._values: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Hashable) -> V | None:
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, value: V, size_bytes: int) -> None:
        self._bytes += size_bytes
        if key in self._values:
            self._bytes -= self._values.pop(key)[1]
        self._values[key] = value, size_bytes
        while self._bytes > self._max_bytes:
            _, (_, freed) = self._values.popitem(last=False)
            self._bytes -= freed
