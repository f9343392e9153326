"""A reference to an entity of the directory: its table and its id."""

from __future__ import annotations

from dataclasses import dataclass

TARGET_TABLES = ("users", "groups", "projects", "time_guis", "expense_guis", "travel_entry_guis")


@dataclass(frozen=True, slots=True, order=True)
class EntityRef:
    """An entity of the directory, such as a user or a group, to which a geofence can be assigned."""

    target_table: str
    target_id: str

    def to_document(self) -> dict[str, str]:
        """Return the stored form, which is part of refusals and verdicts."""
        return {"target_table": self.target_table, "target_id": self.target_id}

    @classmethod
    def from_document(cls, document: dict[str, str]) -> EntityRef:
        return cls(document["target_table"], document["target_id"])
