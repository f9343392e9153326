"""The words of the directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired

from pydantic import Field

from fencepost.common.errors import NotFound, ValidationFailed
from fencepost.directory.model import MAX_MEMBERS, MAX_NAME_LENGTH, TABLES, Entity
from fencepost.http.fields import RequestModel, ResponseModel, TimeZone, VisibleText
from fencepost.timeclock.settings import OWN_SETTINGS
from fencepost.timeclock.working_time import WorkingTime
from fencepost.timeclock.working_time_schemas import WorkingTimeModel, told_working_time, working_time_of

if TYPE_CHECKING:
    from fencepost.privacy.model import Erased

MAX_ENTITIES = 100
Name = Annotated[VisibleText, Field(max_length=MAX_NAME_LENGTH)]
Members = Annotated[list[str], Field(max_length=MAX_MEMBERS)]


class EntityIn(RequestModel):
    """`members`, the ids of users, are for groups only; absent, they are kept, and `[]` takes all out.

    `timeZone` and `workingTime` are for projects only, in place of the tenant's; absent, one is kept, and null takes
    it off. What else an answer tells may be sent back, and is passed over.
    """

    id: str | None = None
    name: Name
    members: Members | None = None
    timeZone: TimeZone | None = None
    workingTime: WorkingTimeModel | None = None
    table: Any = None
    groups: Any = None


class ListedEntityIn(EntityIn):
    id: str


class EntitiesIn(RequestModel):
    items: Annotated[list[ListedEntityIn], Field(min_length=1, max_length=MAX_ENTITIES)]


class ListedEntityOut(ResponseModel):
    id: str
    name: str


class EntityOut(ListedEntityOut):
    """`members` are told of a group, `groups` of a user, `timeZone` and `workingTime` of a project with its own."""

    table: str
    members: NotRequired[list[str] | None]
    groups: NotRequired[list[str] | None]
    timeZone: NotRequired[str | None]
    workingTime: NotRequired[WorkingTimeModel | None]


class EntitiesOut(ResponseModel):
    data: list[ListedEntityOut]


class EntityPage(EntitiesOut):
    nextCursor: str | None


class ErasedOut(ResponseModel):
    """How many punches lost their position and their verdict, and how many comments and reasons were removed."""

    positions: int
    comments: int
    reasons: int


class EntityDeleted(ResponseModel):
    id: str
    deleted: Literal[True]
    erased: NotRequired[ErasedOut | None]


class DeleteEntityQuery(RequestModel):
    cascade: Literal["true", "false"] = "false"
    erase: Annotated[
        Literal["true", "false"],
        Field(description="true: what is kept of a user's times loses its positions and comments."),
    ] = "false"


def table_of(text: str) -> str:
    """Raises NotFound: a table that is not there is an address that is not there."""
    if text not in TABLES:
        raise NotFound(f"table; there are {', '.join(TABLES)}")
    return text


def entity_of(table: str, entity_id: str, said: EntityIn, within: str = "") -> Entity:
    """`within` is what the caller's names of the fields begin with."""
    if said.members is not None and table != "groups":
        raise ValidationFailed.field(f"{within}members", "belong to a group")
    own = {name: getattr(said, name) for name in OWN_SETTINGS if name in said.model_fields_set}
    if said.workingTime is not None:
        own["workingTime"] = working_time_of(said.workingTime)
    if table != "projects" and any(value is not None for value in own.values()):
        raise ValidationFailed.field(f"{within}{next(iter(own))}", "belongs to a project")
    members = frozenset(said.members) if said.members is not None else None
    return Entity(table=table, id=entity_id, name=said.name, members=members, own=own if table == "projects" else {})


def entities_of(table: str, said: EntitiesIn) -> tuple[list[Entity], list[str]]:
    """The entities, and what the caller calls each. Raises Invalid for an id that comes twice."""
    fields = [f"items[{n}]" for n in range(len(said.items))]
    ids = [item.id for item in said.items]
    twice = next((n for n, entity_id in enumerate(ids) if entity_id in ids[:n]), None)
    if twice is not None:
        raise ValidationFailed.field(f"items[{twice}].id", "is given twice")
    pairs = zip(said.items, fields, strict=True)
    return [entity_of(table, item.id, item, f"{field}.") for item, field in pairs], fields


def serialize_erased(erased: Erased) -> dict[str, Any]:
    """An ErasedOut."""
    return {"positions": erased.positions, "comments": erased.comments, "reasons": erased.reasons}


def told(entity: Entity) -> dict[str, Any]:
    """An EntityOut."""
    body: dict[str, Any] = {"id": entity.id, "table": entity.table, "name": entity.name}
    if entity.members is not None:
        body["members"] = sorted(entity.members)
    if entity.groups is not None:
        body["groups"] = sorted(entity.groups)
    for name, value in entity.own.items():
        body[name] = told_working_time(value) if isinstance(value, WorkingTime) else value
    return body
