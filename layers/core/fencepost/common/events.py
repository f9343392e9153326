"""What happened, for whoever wants to know: written with the change it tells of, published afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Published at least once; consumers drop an `id` that they have seen."""

    id: str
    type: str
    tenant_id: str
    occurred_at: datetime
    actor: str
    data: Mapping[str, Any]
