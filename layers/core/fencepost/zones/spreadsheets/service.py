"""Tables that are sent before they are used, and places for the addresses in them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fencepost.common.ids import is_id, new_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fencepost.common.principal import Principal
    from geo.wgs84 import Position

_AT_ONCE = 8


class SpreadsheetRepository(Protocol):
    """The port to where tables are kept for a day."""

    def put(self, tenant_id: str, file_id: str, rows: Sequence[Sequence[str]]) -> None: ...
    def get(self, tenant_id: str, file_id: str) -> list[list[str]] | None: ...


class Geocoder(Protocol):
    """The port to whoever knows where an address is."""

    def find(self, address: str) -> Position | None: ...


@dataclass(frozen=True)
class SpreadsheetService:
    repository: SpreadsheetRepository
    geocoder: Geocoder | None = None

    def save(self, principal: Principal, rows: Sequence[Sequence[str]], file_id: str | None = None) -> str:
        """Keep the rows for a day, under an id that is told."""
        file_id = file_id or new_id()
        self.repository.put(principal.tenant_id, file_id, rows)
        return file_id

    def load_rows(self, principal: Principal, file_id: str) -> list[list[str]] | None:
        return self.repository.get(principal.tenant_id, file_id) if is_id(file_id) else None

    def find_positions(self, addresses: Sequence[str]) -> dict[str, Position]:
        """Where these addresses are, as far as anybody knows. Raises Busy."""
        if self.geocoder is None or not addresses:
            return {}
        with ThreadPoolExecutor(_AT_ONCE) as several:
            found = several.map(self.geocoder.find, addresses)
            return {address: place for address, place in zip(addresses, found, strict=True) if place is not None}
