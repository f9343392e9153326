"""Tables that are uploaded before they are converted, and the geocoding of their addresses."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fencepost.common.ids import is_id, new_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fencepost.common.principal import Principal
    from geo.wgs84 import Position

_THREADS = 8


class SpreadsheetRepository(Protocol):
    """The port to the tables, which are stored for a day."""

    def put(self, tenant_id: str, file_id: str, rows: Sequence[Sequence[str]]) -> None: ...
    def get(self, tenant_id: str, file_id: str) -> list[list[str]] | None: ...


class Geocoder(Protocol):
    """The port to a geocoder."""

    def find(self, address: str) -> Position | None: ...


@dataclass(frozen=True)
class SpreadsheetService:
    """The uploaded tables of tenants, and the positions of addresses in them."""

    repository: SpreadsheetRepository
    geocoder: Geocoder | None = None

    def save(self, principal: Principal, rows: Sequence[Sequence[str]], file_id: str | None = None) -> str:
        """Store a table for a day and return its id."""
        file_id = file_id or new_id()
        self.repository.put(principal.tenant_id, file_id, rows)
        return file_id

    def load_rows(self, principal: Principal, file_id: str) -> list[list[str]] | None:
        """Return the rows of a table, or None if the tenant has no such table."""
        return self.repository.get(principal.tenant_id, file_id) if is_id(file_id) else None

    def find_positions(self, addresses: Sequence[str]) -> dict[str, Position]:
        """Return the positions of addresses, without those that the geocoder does not find.

        Raises:
            ServiceBusy: The geocoder throttles or does not respond.
        """
        if self.geocoder is None or not addresses:
            return {}
        with ThreadPoolExecutor(_THREADS) as pool:
            positions = pool.map(self.geocoder.find, addresses)
            return {
                address: position
                for address, position in zip(addresses, positions, strict=True)
                if position is not None
            }
