"""A page of totals ends after so much was read, with whole periods, and the pages together read each entry once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from fencepost.common.errors import Forbidden, ValidationFailed
from fencepost.common.principal import Principal
from fencepost.reports.service import MOST_READS, READS_A_PAGE, ReportService
from fencepost.reports.totals import Asked, Total, TotalsPosition, Unit
from fencepost.timeclock.entry_filters import Wanted
from fencepost.timeclock.entry_summary import Counted

FIRST, BEFORE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
APPROVER = Principal(tenant_id="demo", user_id="ada", roles=frozenset({"approver"}))


class EntryWriter:
    """Entries of one user, each of an hour; so many a read."""

    def __init__(self, starts: list[datetime], a_read: int) -> None:
        self.starts, self.a_read = starts, a_read
        self.reads, self.zone_reads = 0, 0

    def counted(
        self, tenant_id: str, user_id: str | None, first: datetime, before: datetime
    ) -> Iterator[tuple[list[Counted], bool]]:
        wanted = [start for start in self.starts if first <= start < before]
        for n in range(0, max(1, len(wanted)), self.a_read):
            self.reads += 1
            yield [entry(start) for start in wanted[n : n + self.a_read]], n + self.a_read < len(wanted)

    def zone_names(self, tenant_id: str, organization_ids: Collection[str | None]) -> dict[str | None, str]:
        self.zone_reads += 1
        return dict.fromkeys({None, *organization_ids}, "Europe/Berlin")


def entry(start: datetime) -> Counted:
    return Counted(
        user_id="emil",
        organization_id="site",
        time_type="work",
        approval="approved",
        start=start,
        end=start + timedelta(hours=1),
    )


def each(step: timedelta, count: int) -> list[datetime]:
    return [FIRST + step * n for n in range(count)]


def all_totals(entries: EntryWriter, unit: Unit, limit: int = 1_000) -> tuple[list[Total], int]:
    """And the number of pages."""
    service, asked = ReportService(entries), Asked(first=FIRST, before=BEFORE, unit=unit)
    found: list[Total] = []
    place: TotalsPosition | None = None
    for pages in range(1, 1_000):
        more, place = service.totals(APPROVER, Wanted(first=FIRST, before=BEFORE), asked, limit, place)
        found += more
        if place is None:
            return found, pages
    raise AssertionError


@pytest.mark.parametrize("unit", ["day", "week", "month"])
def test_a_year_in_pages_reads_hardly_more_than_once(unit: Unit) -> None:
    year = EntryWriter(each(timedelta(hours=1), 365 * 24), a_read=100)
    found, pages = all_totals(year, unit)
    assert sum(total.entries for total in found) == 365 * 24
    assert len({total.period for total in found}) == len(found)
    in_one_go = 365 * 24 // 100 + 1
    # A page reads again what it had begun of the period with which the next one begins.
    a_period = {"day": 1, "week": 2, "month": 8}[unit] + 1
    assert pages <= 5
    assert in_one_go <= year.reads <= in_one_go + (pages - 1) * a_period
    assert year.zone_reads == pages


def test_a_period_that_is_longer_than_a_page_is_read_to_its_end() -> None:
    month = EntryWriter(each(timedelta(hours=1), 24 * 30), a_read=24 * 30 // (READS_A_PAGE + 10))
    found, pages = all_totals(month, "month")
    assert (sum(total.entries for total in found), pages) == (24 * 30, 1)


def test_a_period_that_never_ends_is_refused_with_what_to_ask_instead() -> None:
    with pytest.raises(ValidationFailed, match=r"unit: .*days"):
        all_totals(EntryWriter(each(timedelta(seconds=1), 1_000), a_read=1), "month")


def test_the_limit_of_reads_is_for_what_has_more() -> None:
    found, _ = all_totals(EntryWriter(each(timedelta(seconds=1), MOST_READS), a_read=1), "month")
    assert sum(total.entries for total in found) == MOST_READS


def test_one_may_not_total_what_one_may_not_see() -> None:
    emil = Principal(tenant_id="demo", user_id="emil", roles=frozenset({"employee"}))
    wanted = Wanted(first=FIRST, before=BEFORE, user_id="vera")
    with pytest.raises(Forbidden):
        ReportService(EntryWriter([], 1)).totals(
            emil, wanted, Asked(first=FIRST, before=BEFORE, unit="day"), 10, None
        )
