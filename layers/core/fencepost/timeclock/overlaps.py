"""What becomes of the entries that a new one overlaps: the tenant's policy, and what no policy may do.

`overwrite` removes them, `trim` cuts them back to what the new one leaves, `refuse` leaves them and refuses it. What
only rounding put on at the ends of another is in nobody's way: whatever the policy is, it is given back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from fencepost.timeclock.adjustments import moved
from fencepost.timeclock.audit import Edit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from fencepost.timeclock.model import TimeEntry

Policy = Literal["overwrite", "trim", "refuse"]
# Three actions a removed entry, one more for one that is cut at its start, and nine for the rest, are the 100 of a
# transaction.
MAX_OVERLAPPED = 30
# At most 3.6 KB each with their evidence: a transaction takes 4 MB, and the entries have comments and breaks besides.
MAX_PUNCHES_TOGETHER = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What is done to the others, or why the new entry cannot be."""

    edits: tuple[Edit, ...] = ()
    why_not: str | None = None

    @property
    def removed(self) -> tuple[TimeEntry, ...]:
        return tuple(edit.before for edit in self.edits if edit.after is None and edit.before is not None)

    @property
    def trimmed(self) -> tuple[TimeEntry, ...]:
        """The pieces that were left, those that have a new id among them."""
        return tuple(edit.after for edit in self.edits if edit.after is not None)


def settled(
    entry: TimeEntry, overlapped: Sequence[TimeEntry], policy: Policy, make_id: Callable[[], str]
) -> Settlement:
    why_not = _why_not(entry, overlapped, policy)
    if why_not is not None:
        return Settlement(why_not=why_not)
    return Settlement(edits=tuple(edit for other in overlapped for edit in _made_room(other, entry, policy, make_id)))


def too_much_at_once(entries: Sequence[TimeEntry]) -> bool:
    """Whether these hold more than can be written together."""
    return sum(len(entry.punches) for entry in entries) > MAX_PUNCHES_TOGETHER


def _why_not(entry: TimeEntry, overlapped: Sequence[TimeEntry], policy: Policy) -> str | None:
    safe = next((entry for entry in overlapped if entry.is_safe), None)
    if safe is not None:
        return f"it overlaps the entry {safe.id}, which is {safe.approval}."
    if policy == "refuse":
        in_the_way = next((other for other in overlapped if not _meets_a_margin_only(entry, other)), None)
        if in_the_way is not None:
            return f"it overlaps the entry {in_the_way.id}."
    if len(overlapped) > MAX_OVERLAPPED or too_much_at_once(overlapped):
        return f"it overlaps more than {MAX_OVERLAPPED} other entries, or more than can be changed at once."
    return None


def _made_room(other: TimeEntry, entry: TimeEntry, policy: Policy, make_id: Callable[[], str]) -> list[Edit]:
    """What is left of an entry: nothing, a piece before the new one, a piece after it, or both.

    A piece that rounding alone had put on is not left by itself.
    """
    reason = f"overlapped by the entry {entry.id}"
    gives_a_margin, worked = _meets_a_margin_only(entry, other), other.without_margins
    pieces = []
    if policy == "trim" or gives_a_margin:
        pieces += [_cut(other, other.start, entry.start)] if worked.start < entry.start else []
        pieces += [_cut(other, entry.end, other.end)] if entry.end < worked.end else []
    if not pieces:
        return [Edit(before=other, after=None, action="overwritten", reason=reason)]
    if gives_a_margin:
        pieces = [replace(piece, creation_type=other.creation_type) for piece in pieces]
    edits = [Edit(before=other, after=pieces[0], action="trimmed", reason=reason)]
    for piece in pieces[1:]:
        # The punches, and what was made of them, stay with the piece that keeps the id.
        split = replace(piece, id=make_id(), version=1, punches=(), adjustments=())
        edits.append(Edit(before=None, after=split, action="split", reason=f"from the entry {other.id}"))
    return edits


def _meets_a_margin_only(entry: TimeEntry, other: TimeEntry) -> bool:
    worked = other.without_margins
    return worked.end <= entry.start or entry.end <= worked.start


def _cut(entry: TimeEntry, start: datetime, end: datetime) -> TimeEntry:
    """What is left of it within a span; an entry that was cut is as nobody made it."""
    return replace(moved(entry, start, end, "overlap"), creation_type=None, version=entry.version + 1)
