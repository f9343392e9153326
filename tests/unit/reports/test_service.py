"""A page of totals ends after a number of reads with a complete period, and the pages read each entry about once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from fencepost.common.errors import Forbidden, ValidationFailed
from fencepost.reports.service import MAX_READS, READS_PER_PAGE, ReportService
from fencepost.reports.totals import Total, TotalsPageStart, TotalsQuery, Unit
from fencepost.timeclock.entry_filters import EntryFilter
from fencepost.timeclock.entry_summary import EntrySummary
from tests.builders import build_principal

FIRST, BEFORE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
APPROVER = build_principal("ada", "approver")


class FakeReports:
    """Entries of one user, each of an hour; `a_read` of them come with one read."""

    def __init__(self, starts: list[datetime], a_read: int) -> None:
        self.starts, self.a_read = starts, a_read
        self.reads, self.zone_reads = 0, 0

    def read_summaries(
        self, tenant_id: str, user_id: str | None, first: datetime, before: datetime
    ) -> Iterator[tuple[list[EntrySummary], bool]]:
        starts = [start for start in self.starts if first <= start < before]
        for n in range(0, max(1, len(starts)), self.a_read):
            self.reads += 1
            yield [entry(start) for start in starts[n : n + self.a_read]], n + self.a_read < len(starts)

    def load_zone_names(self, tenant_id: str, organization_ids: Collection[str | None]) -> dict[str | None, str]:
        self.zone_reads += 1
        return dict.fromkeys({None, *organization_ids}, "Europe/Berlin")


def entry(start: datetime) -> EntrySummary:
    return EntrySummary(
        user_id="emil",
        organization_id="site",
        time_type="work",
        approval="approved",
        start=start,
        end=start + timedelta(hours=1),
    )


def each(step: timedelta, count: int) -> list[datetime]:
    return [FIRST + step * n for n in range(count)]


def all_totals(entries: FakeReports, unit: Unit, limit: int = 1_000) -> tuple[list[Total], int]:
    """Return all totals, and the number of pages."""
    service, query = ReportService(entries), TotalsQuery(first=FIRST, before=BEFORE, unit=unit)
    found: list[Total] = []
    page_start: TotalsPageStart | None = None
    for pages in range(1, 1_000):
        more, page_start = service.list_totals(
            APPROVER, EntryFilter(first=FIRST, before=BEFORE), query, limit, page_start
        )
        found += more
        if page_start is None:
            return found, pages
    raise AssertionError


@pytest.mark.parametrize("unit", ["day", "week", "month"])
def test_a_year_in_pages_reads_hardly_more_than_once(unit: Unit) -> None:
    year = FakeReports(each(timedelta(hours=1), 365 * 24), a_read=100)
    found, pages = all_totals(year, unit)
    assert sum(total.entries for total in found) == 365 * 24
    assert len({total.period for total in found}) == len(found)
    in_one_go = 365 * 24 // 100 + 1
    # A page reads again the beginning of the period that the page before it could not complete.
    a_period = {"day": 1, "week": 2, "month": 8}[unit] + 1
    assert pages <= 5
    assert in_one_go <= year.reads <= in_one_go + (pages - 1) * a_period
    assert year.zone_reads == pages


def test_a_period_that_is_longer_than_a_page_is_read_to_its_end() -> None:
    month = FakeReports(each(timedelta(hours=1), 24 * 30), a_read=24 * 30 // (READS_PER_PAGE + 10))
    found, pages = all_totals(month, "month")
    assert (sum(total.entries for total in found), pages) == (24 * 30, 1)


def test_a_period_with_too_many_entries_is_refused_with_an_alternative() -> None:
    with pytest.raises(ValidationFailed, match=r"unit: .*days"):
        all_totals(FakeReports(each(timedelta(seconds=1), 1_000), a_read=1), "month")


def test_the_limit_of_reads_does_not_refuse_a_list_that_ends_there() -> None:
    found, _ = all_totals(FakeReports(each(timedelta(seconds=1), MAX_READS), a_read=1), "month")
    assert sum(total.entries for total in found) == MAX_READS


def test_an_employee_cannot_total_the_entries_of_others() -> None:
    emil = build_principal("emil", "employee")
    filters = EntryFilter(first=FIRST, before=BEFORE, user_id="vera")
    with pytest.raises(Forbidden):
        ReportService(FakeReports([], 1)).list_totals(
            emil, filters, TotalsQuery(first=FIRST, before=BEFORE, unit="day"), 10, None
        )
