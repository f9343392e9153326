"""Reports of time entries: totals, and exports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fencepost.common.errors import ValidationFailed
from fencepost.common.timezones import load_time_zone
from fencepost.reports.totals import Sums, TotalsPosition, cut_at
from fencepost.timeclock.entry_service import visible_to

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from fencepost.common.principal import Principal
    from fencepost.reports.totals import Asked, Total
    from fencepost.timeclock.entry_filters import Wanted
    from fencepost.timeclock.entry_summary import Counted

# Of 1 MB each, some 3,500 entries: then a page of totals ends, with the first whole period, or is given up.
READS_A_PAGE, MOST_READS = 30, 60


class ReportRepository(Protocol):
    """The port to what counts of the entries, and to the time zones."""

    def counted(
        self, tenant_id: str, user_id: str | None, first: datetime, before: datetime
    ) -> Iterator[tuple[list[Counted], bool]]: ...
    def zone_names(self, tenant_id: str, organization_ids: Collection[str | None]) -> dict[str | None, str]: ...


@dataclass(frozen=True)
class ReportService:
    counting: ReportRepository

    def totals(
        self, principal: Principal, wanted: Wanted, asked: Asked, limit: int, after: TotalsPosition | None
    ) -> tuple[Sequence[Total], TotalsPosition | None]:
        """At most `limit` totals of whole periods, and where the next page begins. Raises Forbidden, Invalid."""
        wanted = visible_to(principal, wanted)
        zones: dict[str | None, str] = {}
        sums = Sums(asked, lambda organization_id: load_time_zone(zones[organization_id]))
        reads = self.counting.counted(principal.tenant_id, wanted.user_id, asked.reads_from(after), asked.before)
        for number, (entries, has_more) in enumerate(reads, start=1):
            matching = [entry for entry in entries if wanted.matches(entry)]
            new = {entry.organization_id for entry in matching} - zones.keys()
            if new:
                zones |= self.counting.zone_names(principal.tenant_id, new)
            for entry in matching:
                sums.add(entry)
            if not has_more or not entries or number < READS_A_PAGE:
                continue
            read_to = entries[-1].start
            rest = TotalsPosition(period=sums.whole_until(read_to))
            if rest.period > asked.begins_with(after):
                return cut_at(sums.page(after, read_to), limit, rest)
            if number == MOST_READS:
                raise ValidationFailed.field("unit", "is too long for so many entries; ask for days, or for one user")
        return cut_at(sums.page(after, None), limit, None)
