"""The requests and responses of the directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired

from pydantic import Field

from fencepost.common.entity_ref import TARGET_TABLES
from fencepost.common.errors import NotFound, ValidationFailed
from fencepost.directory.model import MAX_MEMBERS, MAX_NAME_LENGTH, Entity
from fencepost.http.fields import RequestModel, ResponseModel, TimeZone, VisibleText
from fencepost.timeclock.settings import OVERRIDABLE_SETTINGS
from fencepost.timeclock.working_time import WorkingTime
from fencepost.timeclock.working_time_schemas import WorkingTimeModel, parse_working_time, serialize_working_time

if TYPE_CHECKING:
    from fencepost.privacy.model import ErasureCounts

MAX_ENTITIES = 100
Name = Annotated[VisibleText, Field(max_length=MAX_NAME_LENGTH)]
Members = Annotated[list[str], Field(max_length=MAX_MEMBERS)]


class EntityIn(RequestModel):
    """`members`, the ids of users, are for groups only; absent, they stay unchanged, and `[]` removes all.

    `timeZone` and `workingTime` are for projects only, in place of the tenant's; absent, one stays unchanged, and
    null removes it. The other fields of a response may be sent back and are ignored.
    """

    id: str | None = None
    name: Name
    members: Members | None = None
    timeZone: TimeZone | None = None
    workingTime: WorkingTimeModel | None = None
    table: Any = None
    groups: Any = None


class ListedEntityIn(EntityIn):
    """An entity of a list, with its id."""

    id: str


class EntitiesIn(RequestModel):
    """Entities to create or change, all or none."""

    items: Annotated[list[ListedEntityIn], Field(min_length=1, max_length=MAX_ENTITIES)]


class ListedEntityOut(ResponseModel):
    """An entity in a list: its id and its name."""

    id: str
    name: str


class EntityOut(ListedEntityOut):
    """Groups have `members`, users `groups`; a project with its own has `timeZone` and `workingTime`."""

    table: str
    members: NotRequired[list[str] | None]
    groups: NotRequired[list[str] | None]
    timeZone: NotRequired[str | None]
    workingTime: NotRequired[WorkingTimeModel | None]


class EntitiesOut(ResponseModel):
    """The entities that were created or changed."""

    data: list[ListedEntityOut]


class EntityPage(EntitiesOut):
    """A page of entities by name; `nextCursor` is null on the last page."""

    nextCursor: str | None


class ErasureOut(ResponseModel):
    """The number of punches that lost position and verdict, and of removed comments and reasons."""

    positions: int
    comments: int
    reasons: int


class EntityDeletionOut(ResponseModel):
    """A deleted entity; `erased` is present if the request asked for an erasure."""

    id: str
    deleted: Literal[True]
    erased: NotRequired[ErasureOut | None]


class DeleteEntityQuery(RequestModel):
    """The query of a deletion."""

    cascade: Literal["true", "false"] = "false"
    erase: Annotated[
        Literal["true", "false"],
        Field(description="true: the retained times of a user lose their positions and comments."),
    ] = "false"


def parse_table(text: str) -> str:
    """Return the name of a table, if it is one.

    Raises:
        NotFound: The table does not exist, and so neither does the address.
    """
    if text not in TARGET_TABLES:
        raise NotFound(f"table; there are {', '.join(TARGET_TABLES)}")
    return text


def to_entity(table: str, entity_id: str, body: EntityIn, prefix: str = "") -> Entity:
    """Convert a request body to an entity.

    Raises:
        ValidationFailed: A field does not belong to the table; `prefix` is put before its name.
    """
    if body.members is not None and table != "groups":
        raise ValidationFailed.field(f"{prefix}members", "belong to a group")
    setting_overrides = {name: getattr(body, name) for name in OVERRIDABLE_SETTINGS if name in body.model_fields_set}
    if body.workingTime is not None:
        setting_overrides["workingTime"] = parse_working_time(body.workingTime)
    if table != "projects" and any(value is not None for value in setting_overrides.values()):
        raise ValidationFailed.field(f"{prefix}{next(iter(setting_overrides))}", "belongs to a project")
    members = frozenset(body.members) if body.members is not None else None
    if table != "projects":
        setting_overrides = {}
    return Entity(table=table, id=entity_id, name=body.name, members=members, setting_overrides=setting_overrides)


def to_entities(table: str, body: EntitiesIn) -> tuple[list[Entity], list[str]]:
    """Convert a request body to entities, and return them with the names that errors use for them.

    Raises:
        ValidationFailed: An id occurs twice, or a field does not belong to the table.
    """
    fields = [f"items[{n}]" for n in range(len(body.items))]
    ids = [item.id for item in body.items]
    repeated = next((n for n, entity_id in enumerate(ids) if entity_id in ids[:n]), None)
    if repeated is not None:
        raise ValidationFailed.field(f"items[{repeated}].id", "is given twice")
    pairs = zip(body.items, fields, strict=True)
    return [to_entity(table, item.id, item, f"{field}.") for item, field in pairs], fields


def serialize_erasure(counts: ErasureCounts) -> dict[str, Any]:
    """Return the counts of an erasure as an ErasureOut."""
    return {"positions": counts.positions, "comments": counts.comments, "reasons": counts.reasons}


def serialize_entity(entity: Entity) -> dict[str, Any]:
    """Return an entity as an EntityOut."""
    body: dict[str, Any] = {"id": entity.id, "table": entity.table, "name": entity.name}
    if entity.members is not None:
        body["members"] = sorted(entity.members)
    if entity.groups is not None:
        body["groups"] = sorted(entity.groups)
    for name, value in entity.setting_overrides.items():
        body[name] = serialize_working_time(value) if isinstance(value, WorkingTime) else value
    return body
