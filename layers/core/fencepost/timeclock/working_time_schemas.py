"""The words of a working-time model: of a project in the directory, and of a tenant in its setup."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from fencepost.common.timezones import MINUTES_A_DAY, format_minute_of_day
from fencepost.http.fields import RequestModel, TimeOfDay
from fencepost.timeclock.working_time import ARBZG, AllowedWindow, AutomaticBreaks, Rounding, Threshold, WorkingTime

MINUTES_A_WEEK = 7 * MINUTES_A_DAY
_ROUNDED = ("start", "end", "break")


def _divides_an_hour(minutes: int) -> int:
    if 60 % minutes:
        raise ValueError("must divide 60: 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30 or 60")
    return minutes


class RoundingModel(RequestModel):
    direction: Literal["up", "down", "nearest"]
    minutes: Annotated[int, Field(ge=1, le=60), AfterValidator(_divides_an_hour)]


class RoundingsModel(RequestModel):
    """Of a break the length is rounded."""

    start: RoundingModel | None = None
    end: RoundingModel | None = None
    break_: Annotated[RoundingModel | None, Field(alias="break")] = None


class ThresholdModel(RequestModel):
    overMinutes: Annotated[int, Field(ge=0, le=MINUTES_A_WEEK)]
    breakMinutes: Annotated[int, Field(ge=1, le=MINUTES_A_DAY)]


class AutomaticBreaksModel(RequestModel):
    """A break that is shorter than `shortestMinutes` counts as none."""

    thresholds: Annotated[list[ThresholdModel], Field(min_length=1, max_length=10)]
    shortestMinutes: Annotated[int, Field(ge=0, le=60)] = 15


class AllowedWindowModel(RequestModel):
    """One that ends before it starts ends on the next day."""

    start: Annotated[TimeOfDay, Field(alias="from", lt=MINUTES_A_DAY)]
    end: Annotated[TimeOfDay, Field(alias="to")]
    outside: Literal["cut", "refuse"] = "cut"

    @model_validator(mode="after")
    def _has_an_inside(self) -> AllowedWindowModel:
        if self.start == self.end:
            raise ValueError("must begin and end at different times; the whole day is 00:00 to 24:00")
        return self


class ForgottenModel(RequestModel):
    """`shiftEnd` absent is the end of the window."""

    stopAt: Literal["limit", "shift_end"] = "limit"
    shiftEnd: TimeOfDay | None = None
    remindMinutes: Annotated[int, Field(ge=1, le=MINUTES_A_DAY)] | None = None


class WorkingTimeModel(RequestModel):
    """Every rule may be left out. `automaticBreaks` may be `arbzg`, which is the German law."""

    rounding: RoundingsModel = Field(default_factory=RoundingsModel)
    automaticBreaks: Literal["arbzg"] | AutomaticBreaksModel | None = None
    longestMinutes: Annotated[int, Field(ge=1, le=MINUTES_A_WEEK)] | None = None
    window: AllowedWindowModel | None = None
    backMinutes: Annotated[int, Field(ge=1, le=366 * MINUTES_A_DAY)] | None = None
    aheadMinutes: Annotated[int, Field(ge=0, le=MINUTES_A_DAY)] = 2
    forgotten: ForgottenModel = Field(default_factory=ForgottenModel)

    @model_validator(mode="after")
    def _knows_the_end_of_a_shift(self) -> WorkingTimeModel:
        if self.forgotten.stopAt == "shift_end" and self.forgotten.shiftEnd is None and self.window is None:
            raise ValueError("to stop at the end of a shift, give forgotten.shiftEnd or a window")
        return self


def working_time_of(said: WorkingTimeModel) -> WorkingTime:
    breaks, window = said.automaticBreaks, said.window
    if isinstance(breaks, AutomaticBreaksModel):
        rules = [Threshold(over_minutes=t.overMinutes, break_minutes=t.breakMinutes) for t in breaks.thresholds]
        automatic = AutomaticBreaks(thresholds=tuple(rules), shortest_minutes=breaks.shortestMinutes)
    return WorkingTime(
        round_start=_rounding(said.rounding.start),
        round_end=_rounding(said.rounding.end),
        round_break=_rounding(said.rounding.break_),
        automatic_breaks=None if breaks is None else ARBZG if breaks == "arbzg" else automatic,
        longest_minutes=said.longestMinutes,
        window=AllowedWindow(start_minute=window.start, end_minute=window.end, outside=window.outside)
        if window is not None
        else None,
        back_minutes=said.backMinutes,
        ahead_minutes=said.aheadMinutes,
        stops_at=said.forgotten.stopAt,
        shift_end_minute=said.forgotten.shiftEnd,
        remind_minutes=said.forgotten.remindMinutes,
    )


def told_working_time(model: WorkingTime) -> dict[str, Any]:
    """A WorkingTimeModel, which may be sent back; a rule that is not there is not told."""
    roundings = zip(_ROUNDED, (model.round_start, model.round_end, model.round_break), strict=True)
    shift_end = model.shift_end_minute
    return {
        "rounding": {
            name: {"direction": r.direction, "minutes": r.minutes} for name, r in roundings if r is not None
        },
        **_given("automaticBreaks", _told_breaks(model.automatic_breaks)),
        **_given("longestMinutes", model.longest_minutes),
        **_given("window", _told_window(model.window)),
        **_given("backMinutes", model.back_minutes),
        "aheadMinutes": model.ahead_minutes,
        "forgotten": {
            "stopAt": model.stops_at,
            **_given("shiftEnd", format_minute_of_day(shift_end) if shift_end is not None else None),
            **_given("remindMinutes", model.remind_minutes),
        },
    }


def _rounding(said: RoundingModel | None) -> Rounding | None:
    return Rounding(direction=said.direction, minutes=said.minutes) if said is not None else None


def _told_breaks(breaks: AutomaticBreaks | None) -> Any:
    if breaks is None:
        return None
    if breaks == ARBZG:
        return "arbzg"
    thresholds = [{"overMinutes": t.over_minutes, "breakMinutes": t.break_minutes} for t in breaks.thresholds]
    return {"thresholds": thresholds, "shortestMinutes": breaks.shortest_minutes}


def _told_window(window: AllowedWindow | None) -> dict[str, str] | None:
    if window is None:
        return None
    return {
        "from": format_minute_of_day(window.start_minute),
        "to": format_minute_of_day(window.end_minute),
        "outside": window.outside,
    }


def _given(name: str, value: Any) -> dict[str, Any]:
    return {name: value} if value is not None else {}
