"""Totals of time entries, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fencepost.common.errors import ValidationFailed
from fencepost.common.timezones import load_time_zone
from fencepost.reports.totals import TotalsAggregator, TotalsPageStart, take_page
from fencepost.timeclock.entry_filters import restrict_to_visible

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from fencepost.common.principal import Principal
    from fencepost.reports.totals import Total, TotalsQuery
    from fencepost.timeclock.entry_filters import EntryFilter
    from fencepost.timeclock.entry_summary import EntrySummary

# Reads of 1 MB each, some 3,500 entries. After the first number a page ends with its last complete period; after the
# second, the request is refused.
READS_PER_PAGE, MAX_READS = 30, 60


class ReportRepository(Protocol):
    """The port to the summaries of entries and to the time zones."""

    def read_summaries(
        self, tenant_id: str, user_id: str | None, first: datetime, before: datetime
    ) -> Iterator[tuple[list[EntrySummary], bool]]: ...
    def load_zone_names(self, tenant_id: str, organization_ids: Collection[str | None]) -> dict[str | None, str]: ...


@dataclass(frozen=True)
class ReportService:
    """The totals of time entries."""

    repository: ReportRepository

    def list_totals(
        self,
        principal: Principal,
        filters: EntryFilter,
        query: TotalsQuery,
        limit: int,
        page_start: TotalsPageStart | None,
    ) -> tuple[Sequence[Total], TotalsPageStart | None]:
        """Return at most `limit` totals of complete periods, and where the next page starts.

        Raises:
            Forbidden: The filters ask for another user, and the caller may see only own entries.
            ValidationFailed: The unit is too long for the number of entries.
        """
        filters = restrict_to_visible(principal, filters)
        zone_names: dict[str | None, str] = {}
        aggregator = TotalsAggregator(query, lambda organization_id: load_time_zone(zone_names[organization_id]))
        reads = self.repository.read_summaries(
            principal.tenant_id, filters.user_id, query.find_read_start(page_start), query.before
        )
        for number, (entries, has_more) in enumerate(reads, start=1):
            matching = [entry for entry in entries if filters.matches(entry)]
            unknown = {entry.organization_id for entry in matching} - zone_names.keys()
            if unknown:
                zone_names |= self.repository.load_zone_names(principal.tenant_id, unknown)
            for entry in matching:
                aggregator.add(entry)
            if not has_more or not entries or number < READS_PER_PAGE:
                continue
            read_to = entries[-1].start
            rest = TotalsPageStart(period=aggregator.find_first_open_period(read_to))
            if rest.period > query.find_first_period(page_start):
                return take_page(aggregator.list_totals(page_start, read_to), limit, rest)
            if number == MAX_READS:
                raise ValidationFailed.field("unit", "is too long for so many entries; ask for days, or for one user")
        return take_page(aggregator.list_totals(page_start, None), limit, None)
