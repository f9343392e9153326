"""The base of all events. Each feature declares its event types in its `events.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# The types of payload fields. They only describe: nothing validates an event when it is created.
EventId = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
EventTime = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. It is stored in the transaction of its change and published at least once.

    Each subclass is one event type. The first line of its docstring says when it is published, and the return type of
    its `data` describes its payload: `docs/events.md` and the JSON Schemas are generated from them.
    """

    type: ClassVar[str]

    id: str
    tenant_id: str
    occurred_at: datetime
    actor: str

    def data(self) -> Mapping[str, Any]:
        """Return the payload, as it is stored and published."""
        raise NotImplementedError
