"""What happens to the entries that a new one overlaps: the tenant's policy, and what no policy may do.

`overwrite` removes them, `trim` cuts them back to what the new entry leaves, `refuse` keeps them and refuses the new
entry. Rounding may have added time at the ends of another entry. Such time never blocks the new entry: every policy
cuts it off the other one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from fencepost.timeclock.adjustments import move_span
from fencepost.timeclock.audit import EntryChange

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from fencepost.timeclock.model import TimeEntry

OverlapPolicy = Literal["overwrite", "trim", "refuse"]
# A removed entry takes three actions, one more if it is cut at its start, and nine others remain of the 100 of a
# transaction.
MAX_OVERLAPPED = 30
# At most 3.6 KB each with their evidence: a transaction takes 4 MB, and the entries also have comments and breaks.
MAX_PUNCHES_TOGETHER = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlapResolution:
    """The changes of the other entries, or why the new entry is refused."""

    changes: tuple[EntryChange, ...] = ()
    refusal: str | None = None

    @property
    def removed(self) -> tuple[TimeEntry, ...]:
        return tuple(change.before for change in self.changes if change.after is None and change.before is not None)

    @property
    def trimmed(self) -> tuple[TimeEntry, ...]:
        """The pieces that are left, including those with a new id."""
        return tuple(change.after for change in self.changes if change.after is not None)


def resolve_overlaps(
    entry: TimeEntry, neighbours: Sequence[TimeEntry], policy: OverlapPolicy, new_id: Callable[[], str]
) -> OverlapResolution:
    """Make room for an entry among its neighbours, by a policy."""
    overlapped = [other for other in neighbours if other.overlaps(entry)]
    final = next((other for other in overlapped if other.is_final), None)
    if final is not None:
        return OverlapResolution(refusal=f"it overlaps the entry {final.id}, which is {final.approval}.")
    if policy == "refuse":
        blocking = next((other for other in overlapped if not _overlaps_only_rounding(entry, other)), None)
        if blocking is not None:
            return OverlapResolution(refusal=f"it overlaps the entry {blocking.id}.")
    if len(overlapped) > MAX_OVERLAPPED or exceeds_write_limit(overlapped):
        return OverlapResolution(
            refusal=f"it overlaps more than {MAX_OVERLAPPED} other entries, or more than can be changed at once."
        )
    changes = [change for other in overlapped for change in _make_room(other, entry, policy, new_id)]
    return OverlapResolution(changes=tuple(changes))


def exceeds_write_limit(entries: Sequence[TimeEntry]) -> bool:
    """Return whether these entries have more punches than one transaction can write."""
    return sum(len(entry.punches) for entry in entries) > MAX_PUNCHES_TOGETHER


def _make_room(
    other: TimeEntry, entry: TimeEntry, policy: OverlapPolicy, new_id: Callable[[], str]
) -> list[EntryChange]:
    """Return the changes that leave of an entry nothing, a piece before the new one, a piece after it, or both.

    A piece that consists only of time that rounding added is dropped.
    """
    reason = f"overlapped by the entry {entry.id}"
    gives_rounding_back, worked = _overlaps_only_rounding(entry, other), other.span_without_rounding
    pieces = []
    if policy == "trim" or gives_rounding_back:
        pieces += [_cut(other, other.start, entry.start)] if worked.start < entry.start else []
        pieces += [_cut(other, entry.end, other.end)] if entry.end < worked.end else []
    if not pieces:
        return [EntryChange(before=other, after=None, action="overwritten", reason=reason)]
    if gives_rounding_back:
        pieces = [replace(piece, creation_type=other.creation_type) for piece in pieces]
    changes = [EntryChange(before=other, after=pieces[0], action="trimmed", reason=reason)]
    for piece in pieces[1:]:
        # The punches and their adjustments stay with the piece that keeps the id.
        split = replace(piece, id=new_id(), version=1, punches=(), adjustments=())
        changes.append(EntryChange(before=None, after=split, action="split", reason=f"from the entry {other.id}"))
    return changes


def _overlaps_only_rounding(entry: TimeEntry, other: TimeEntry) -> bool:
    """Return whether an entry overlaps only the time that rounding added to the other."""
    worked = other.span_without_rounding
    return worked.end <= entry.start or entry.end <= worked.start


def _cut(entry: TimeEntry, start: datetime, end: datetime) -> TimeEntry:
    """Return the part of an entry within a span, without a creation type, since no user created this part."""
    return replace(move_span(entry, start, end, "overlap"), creation_type=None, version=entry.version + 1)
