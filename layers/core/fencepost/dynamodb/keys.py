"""The chart of all keys of the table. No other module knows the form of a key.

Each partition key begins with the tenant, so that a policy can restrict a caller to a tenant. There are two
exceptions: API keys, which are looked up before the tenant is known, and the lists from which schedules start:
running clocks, and tenants whose positions become coarse or are removed.

| item | PK | SK | GSI1PK, or that of index 2 or 4 | its sort key |
|---|---|---|---|---|
| tenant with its settings | T#t | TENANT | 2: POSITIONS | t |
| tags with their numbers | T#t | TAGS | | |
| number of geofences, and how many more there may be | T#t | QUOTA | | |
| geofence | T#t#GEOFENCE#id | CURRENT | T#t#GEOFENCES | created#id |
| version of a geofence | T#t#GEOFENCE#id | VERSION#n | | |
| name of a geofence | T#t#NAME#digest | NAME | | |
| number of a geofence | T#t#NUMBER#n | NUMBER | | |
| cell of the index | T#t#CELL#z.x.y | shard | | |
| cells occupied below a cell, 0.0.0 for all | T#t#CELL#z.x.y | BELOW | | |
| entity of the directory, with its geofences | T#t#table#id | ENTITY | 2: T#t#table | folded name#id |
| running clock | T#t#USER#u | CLOCK | CLOCKS#n | due#t#u |
| calendar of a user | T#t#USER#u | CALENDAR | | |
| time entry; totals of what counts | T#t#USER#u | TIME#start#id | T#t#TIMES; 4: T#t#COUNTED | start#id; 4: start#id |
| invalid time entry | T#t#USER#u | INVALID#start#id | T#t#TIMES#INVALID | start#id |
| locator of a clock or an entry; a removed entry itself | T#t#TIME#id | PLACE | T#t#TIMES#REMOVED | start#id |
| removed entry, cancelled clock or refusal | | | 4: T#t#USER#u#GONE | start, or received#id |
| any of them that has a position | | | 2: T#t#POSITIONS | exact or rough#start#id |
| progress of the erasure of a user | T#t#USER#u | ERASURE | | |
| change of a clock or an entry | T#t#TIME#id | CHANGE#n | | |
| action that a geofence refused | T#t#REFUSAL#id | REFUSAL | T#t#REFUSALS | received#id |
| exceptions that a user may use | T#t#USER#u | EXCEPTIONS | | |
| receipt of an offline punch | T#t#USER#u | RECEIPT#key | | |
| import | T#t#IMPORT#id | JOB | | |
| chunk of an import | T#t#IMPORT#id | CHUNK#n | | |
| event to publish | T#t#EVENT#id | EVENT | | |
| API key | KEY#id | KEY | | |

GSI3 has the keys of GSI1 and only the attributes that filter a list of zones, to skip or search thousands of
geofences without reading them.
"""

from __future__ import annotations

from datetime import UTC
from hashlib import sha256
from typing import TYPE_CHECKING

from geo.cells import Cell

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from fencepost.common.entity_ref import EntityRef

Key = dict[str, dict[str, str]]
CLOCK_SHARDS = 4
ENTITY = "ENTITY"
CHANGES = "CHANGE#"
POSITION_POLICIES = "POSITIONS"
BELOW = "BELOW"
LAST_VERSION = 10**10 - 1
_FIRST_SHARD = {"S": "0"}
VALID, INVALID, REMOVED = "valid", "invalid", "removed"
_SORT_PREFIXES = {VALID: "TIME#", INVALID: "INVALID#"}


def to_pair(key: Key) -> tuple[str, str]:
    """Return partition and sort key as a hashable pair.

    >>> to_pair(tenant_key("demo"))
    ('T#demo', 'TENANT')
    """
    return key["PK"]["S"], key["SK"]["S"]


def tenant_key(tenant_id: str) -> Key:
    return _key(f"T#{tenant_id}", "TENANT")


def tags_key(tenant_id: str) -> Key:
    return _key(f"T#{tenant_id}", "TAGS")


def quota_key(tenant_id: str) -> Key:
    return _key(f"T#{tenant_id}", "QUOTA")


def geofence_key(tenant_id: str, geofence_id: str) -> Key:
    return _key(f"T#{tenant_id}#GEOFENCE#{geofence_id}", "CURRENT")


def geofence_version_key(tenant_id: str, geofence_id: str, version: int) -> Key:
    return _key(f"T#{tenant_id}#GEOFENCE#{geofence_id}", f"VERSION#{version:010d}")


def geofence_list_partition(tenant_id: str) -> str:
    return f"T#{tenant_id}#GEOFENCES"


def geofence_list_sort_key(created_at: datetime, geofence_id: str) -> str:
    return f"{_format_instant(created_at)}#{geofence_id}"


def geofence_name_key(tenant_id: str, name_key: str) -> Key:
    """Return the key of a name. It has a digest, because a folded name can be longer than a key may be."""
    return _key(f"T#{tenant_id}#NAME#{sha256(name_key.encode()).hexdigest()}", "NAME")


def geofence_number_key(tenant_id: str, number: int) -> Key:
    return _key(f"T#{tenant_id}#NUMBER#{number}", "NUMBER")


def tenant_partition_prefix(tenant_id: str) -> str:
    """Return the beginning of all partition keys of a tenant."""
    return f"T#{tenant_id}#"


def cell_partition_prefix(tenant_id: str) -> str:
    """Return the beginning of all partition keys of the index of cells."""
    return f"T#{tenant_id}#CELL#"


def cell_key(tenant_id: str, cell: Cell, shard: int = 0) -> Key:
    level, x, y = cell
    # Not by `_key`: each check builds five, and calls take time.
    return {"PK": {"S": f"T#{tenant_id}#CELL#{level}.{x}.{y}"}, "SK": {"S": str(shard)} if shard else _FIRST_SHARD}


def cell_keys(tenant_id: str, cells: Iterable[Cell]) -> list[Key]:
    """Return the keys of the first shards of some cells."""
    prefix = cell_partition_prefix(tenant_id)
    return [{"PK": {"S": f"{prefix}{level}.{x}.{y}"}, "SK": _FIRST_SHARD} for level, x, y in cells]


def cell_list_key(tenant_id: str, cell: Cell) -> Key:
    return _key(f"T#{tenant_id}#CELL#{cell.level}.{cell.x}.{cell.y}", BELOW)


def parse_cell(tenant_id: str, partition: str) -> Cell:
    """Return the cell of a partition of the index.

    >>> str(parse_cell("demo", to_pair(cell_key("demo", Cell(9, 116, 171)))[0]))
    '9.116.171'
    """
    return Cell(*map(int, partition.removeprefix(cell_partition_prefix(tenant_id)).split(".")))


def entity_key(tenant_id: str, target: EntityRef) -> Key:
    return _key(f"T#{tenant_id}#{target.target_table}#{target.target_id}", ENTITY)


def entity_keys(tenant_id: str, targets: Iterable[EntityRef]) -> dict[EntityRef, Key]:
    """Return the keys of several entities in one call, for clock actions, which need several."""
    return {target: entity_key(tenant_id, target) for target in targets}


def directory_partition(tenant_id: str, table: str) -> str:
    return f"T#{tenant_id}#{table}"


def directory_sort_key(folded_name: str, entity_id: str = "") -> str:
    """Return a key that sorts by name, then by id. A key has at most 1,024 bytes; a folded name may have more."""
    return f"{folded_name.encode()[:512].decode(errors='ignore')}#{entity_id}"


def user_partition(tenant_id: str, user_id: str) -> str:
    return f"T#{tenant_id}#USER#{user_id}"


def clock_key(tenant_id: str, user_id: str) -> Key:
    return _key(user_partition(tenant_id, user_id), "CLOCK")


def running_clocks_partition(shard: int) -> str:
    return f"CLOCKS#{shard}"


def find_running_clocks_shard(user_id: str) -> int:
    return sha256(user_id.encode()).digest()[0] % CLOCK_SHARDS


def running_clock_sort_key(due_from: datetime, tenant_id: str, user_id: str) -> str:
    return f"{_format_instant(due_from)}#{tenant_id}#{user_id}"


def running_clock_keys(tenant_id: str, user_id: str, due_from: datetime) -> Key:
    """Return the key of a running clock with its keys in GSI1."""
    return {
        **clock_key(tenant_id, user_id),
        "GSI1PK": {"S": running_clocks_partition(find_running_clocks_shard(user_id))},
        "GSI1SK": {"S": running_clock_sort_key(due_from, tenant_id, user_id)},
    }


def clock_context_keys(tenant_id: str, user_id: str) -> dict[str, Key]:
    """Return the keys of what a clock action reads beside the directory, by name."""
    user = user_partition(tenant_id, user_id)
    return {
        "tenant": tenant_key(tenant_id),
        "clock": _key(user, "CLOCK"),
        "calendar": _key(user, "CALENDAR"),
        "exceptions": _key(user, "EXCEPTIONS"),
    }


def calendar_key(tenant_id: str, user_id: str) -> Key:
    return _key(user_partition(tenant_id, user_id), "CALENDAR")


def time_entry_key(tenant_id: str, user_id: str, start: datetime, entry_id: str, kind: str = VALID) -> Key:
    return _key(user_partition(tenant_id, user_id), f"{_SORT_PREFIXES[kind]}{time_entry_sort_key(start, entry_id)}")


def time_entry_key_at(tenant_id: str, user_id: str, sort: str) -> Key:
    """Return the key of an entry whose sort key was stored."""
    return _key(user_partition(tenant_id, user_id), sort)


def time_entry_range(tenant_id: str, user_id: str, kind: str) -> tuple[str, str]:
    """Return the partition of a user's entries, valid or invalid, and the beginning of their sort keys."""
    return user_partition(tenant_id, user_id), _SORT_PREFIXES[kind]


def time_list_partition(tenant_id: str, kind: str) -> str:
    """Return the partition of the index that lists the entries of all users."""
    return f"T#{tenant_id}#TIMES" + ("" if kind == VALID else f"#{kind.upper()}")


def entry_summary_partition(tenant_id: str) -> str:
    """Return the partition of the index that totals are computed from."""
    return f"T#{tenant_id}#COUNTED"


def removed_partition(tenant_id: str, user_id: str) -> str:
    """Return the partition of the index that lists removed entries, cancelled clocks and refusals of a user."""
    return f"{user_partition(tenant_id, user_id)}#GONE"


def positions_partition(tenant_id: str) -> str:
    """Return the partition of the index that lists all items that still have a position."""
    return f"T#{tenant_id}#POSITIONS"


def positions_sort_key(precision: str, start: datetime | None = None, entry_id: str = "") -> str:
    return f"{precision}#{time_entry_sort_key(start, entry_id) if start is not None else ''}"


def erasure_key(tenant_id: str, user_id: str) -> Key:
    return _key(user_partition(tenant_id, user_id), "ERASURE")


def parse_user_id(tenant_id: str, partition: str) -> str:
    """Return the user of a partition.

    >>> parse_user_id("demo", user_partition("demo", "emil"))
    'emil'
    """
    return partition.removeprefix(user_partition(tenant_id, ""))


def time_entry_sort_key(start: datetime, entry_id: str = "") -> str:
    """Return a key that sorts by start, then by id. Without an id it sorts before all entries with that start."""
    return f"{_format_instant(start)}#{entry_id}" if entry_id else _format_instant(start)


def trail_partition(tenant_id: str, entry_id: str) -> str:
    return f"T#{tenant_id}#TIME#{entry_id}"


def time_locator_key(tenant_id: str, entry_id: str) -> Key:
    return _key(trail_partition(tenant_id, entry_id), "PLACE")


def change_key(tenant_id: str, entry_id: str, number: int) -> Key:
    return _key(trail_partition(tenant_id, entry_id), f"{CHANGES}{number:06d}")


def refusal_key(tenant_id: str, refusal_id: str) -> Key:
    return _key(f"T#{tenant_id}#REFUSAL#{refusal_id}", "REFUSAL")


def refusal_list_partition(tenant_id: str) -> str:
    return f"T#{tenant_id}#REFUSALS"


def refusal_list_sort_key(received_at: datetime, refusal_id: str) -> str:
    return f"{_format_instant(received_at)}#{refusal_id}"


def exceptions_key(tenant_id: str, user_id: str) -> Key:
    return _key(user_partition(tenant_id, user_id), "EXCEPTIONS")


def receipt_key(tenant_id: str, user_id: str, key: str) -> Key:
    return _key(user_partition(tenant_id, user_id), f"RECEIPT#{key}")


def import_job_key(tenant_id: str, import_id: str) -> Key:
    return _key(import_partition(tenant_id, import_id), "JOB")


def import_chunk_key(tenant_id: str, import_id: str, number: int) -> Key:
    return _key(import_partition(tenant_id, import_id), f"CHUNK#{number:06d}")


def import_partition(tenant_id: str, import_id: str) -> str:
    return f"T#{tenant_id}#IMPORT#{import_id}"


def event_key(tenant_id: str, event_id: str) -> Key:
    return _key(f"T#{tenant_id}#EVENT#{event_id}", "EVENT")


def api_key_record_key(key_id: str) -> Key:
    return _key(f"KEY#{key_id}", "KEY")


def idempotency_record_key(tenant_id: str, identity: str, piece: str = "") -> Key:
    """Return a key of the table of Idempotency-Keys. `piece` distinguishes the pieces of a long response."""
    return {"id": {"S": f"T#{tenant_id}#IDEMPOTENCY#{identity}{piece}"}}


def _key(partition: str, sort: str) -> Key:
    return {"PK": {"S": partition}, "SK": {"S": sort}}


def _format_instant(at: datetime) -> str:
    """Return UTC to the microsecond, with a fixed length, so that texts sort as instants."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
