"""The schemas of a working-time model: of a project in the directory, and of a tenant in its setup."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from fencepost.common.timezones import MINUTES_PER_DAY, format_minute_of_day
from fencepost.http.fields import RequestModel, TimeOfDay
from fencepost.timeclock.working_time import ARBZG, AllowedWindow, AutomaticBreaks, Rounding, Threshold, WorkingTime

MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY


def _check_divisor(minutes: int) -> int:
    if 60 % minutes:
        raise ValueError("must divide 60: 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30 or 60")
    return minutes


class RoundingModel(RequestModel):
    """Rounding to steps of `minutes`; `nearest` rounds half a step up."""

    direction: Literal["up", "down", "nearest"]
    minutes: Annotated[int, Field(ge=1, le=60), AfterValidator(_check_divisor)]


class RoundingsModel(RequestModel):
    """The rounding of starts, of ends, and of the length of breaks."""

    start: RoundingModel | None = None
    end: RoundingModel | None = None
    break_: Annotated[RoundingModel | None, Field(alias="break")] = None


class ThresholdModel(RequestModel):
    """Work of more than `overMinutes` requires breaks of `breakMinutes` in total."""

    overMinutes: Annotated[int, Field(ge=0, le=MINUTES_PER_WEEK)]
    breakMinutes: Annotated[int, Field(ge=1, le=MINUTES_PER_DAY)]


class AutomaticBreaksModel(RequestModel):
    """Breaks that are deducted; a break that is shorter than `shortestMinutes` does not count."""

    thresholds: Annotated[list[ThresholdModel], Field(min_length=1, max_length=10)]
    shortestMinutes: Annotated[int, Field(ge=0, le=60)] = 15


class AllowedWindowModel(RequestModel):
    """The times of day at which time counts; a window that ends before it starts ends on the next day."""

    start: Annotated[TimeOfDay, Field(alias="from", lt=MINUTES_PER_DAY)]
    end: Annotated[TimeOfDay, Field(alias="to")]
    outside: Literal["cut", "refuse"] = "cut"

    @model_validator(mode="after")
    def _check_length(self) -> AllowedWindowModel:
        if self.start == self.end:
            raise ValueError("must begin and end at different times; the whole day is 00:00 to 24:00")
        return self


class ForgottenModel(RequestModel):
    """The stop of a forgotten clock; without `shiftEnd`, a shift ends with the window."""

    stopAt: Literal["limit", "shift_end"] = "limit"
    shiftEnd: TimeOfDay | None = None
    remindMinutes: Annotated[int, Field(ge=1, le=MINUTES_PER_DAY)] | None = None


class WorkingTimeModel(RequestModel):
    """The rules, each of which is optional. The `automaticBreaks` `arbzg` are those of the German law."""

    rounding: RoundingsModel = Field(default_factory=RoundingsModel)
    automaticBreaks: Literal["arbzg"] | AutomaticBreaksModel | None = None
    longestMinutes: Annotated[int, Field(ge=1, le=MINUTES_PER_WEEK)] | None = None
    window: AllowedWindowModel | None = None
    backMinutes: Annotated[int, Field(ge=1, le=366 * MINUTES_PER_DAY)] | None = None
    aheadMinutes: Annotated[int, Field(ge=0, le=MINUTES_PER_DAY)] = 2
    forgotten: ForgottenModel = Field(default_factory=ForgottenModel)

    @model_validator(mode="after")
    def _check_shift_end(self) -> WorkingTimeModel:
        if self.forgotten.stopAt == "shift_end" and self.forgotten.shiftEnd is None and self.window is None:
            raise ValueError("to stop at the end of a shift, give forgotten.shiftEnd or a window")
        return self


def parse_working_time(body: WorkingTimeModel) -> WorkingTime:
    """Convert a valid model of a request."""
    breaks, window = body.automaticBreaks, body.window
    automatic_breaks: AutomaticBreaks | None = None
    if isinstance(breaks, AutomaticBreaksModel):
        rules = [Threshold(over_minutes=t.overMinutes, break_minutes=t.breakMinutes) for t in breaks.thresholds]
        automatic_breaks = AutomaticBreaks(thresholds=tuple(rules), shortest_minutes=breaks.shortestMinutes)
    elif breaks == "arbzg":
        automatic_breaks = ARBZG
    return WorkingTime(
        round_start=_parse_rounding(body.rounding.start),
        round_end=_parse_rounding(body.rounding.end),
        round_break=_parse_rounding(body.rounding.break_),
        automatic_breaks=automatic_breaks,
        longest_minutes=body.longestMinutes,
        window=AllowedWindow(start_minute=window.start, end_minute=window.end, outside=window.outside)
        if window is not None
        else None,
        back_minutes=body.backMinutes,
        ahead_minutes=body.aheadMinutes,
        stops_at=body.forgotten.stopAt,
        shift_end_minute=body.forgotten.shiftEnd,
        remind_minutes=body.forgotten.remindMinutes,
    )


def serialize_working_time(model: WorkingTime) -> dict[str, Any]:
    """Return a WorkingTimeModel, which a request may contain; a rule that the model does not have is absent."""
    roundings = {"start": model.round_start, "end": model.round_end, "break": model.round_break}
    forgotten: dict[str, Any] = {"stopAt": model.stops_at}
    if model.shift_end_minute is not None:
        forgotten["shiftEnd"] = format_minute_of_day(model.shift_end_minute)
    if model.remind_minutes is not None:
        forgotten["remindMinutes"] = model.remind_minutes
    values: dict[str, Any] = {
        "rounding": {
            name: {"direction": rounding.direction, "minutes": rounding.minutes}
            for name, rounding in roundings.items()
            if rounding is not None
        },
    }
    breaks, window = model.automatic_breaks, model.window
    if breaks == ARBZG:
        values["automaticBreaks"] = "arbzg"
    elif breaks is not None:
        values["automaticBreaks"] = {
            "thresholds": [
                {"overMinutes": rule.over_minutes, "breakMinutes": rule.break_minutes} for rule in breaks.thresholds
            ],
            "shortestMinutes": breaks.shortest_minutes,
        }
    if model.longest_minutes is not None:
        values["longestMinutes"] = model.longest_minutes
    if window is not None:
        values["window"] = {
            "from": format_minute_of_day(window.start_minute),
            "to": format_minute_of_day(window.end_minute),
            "outside": window.outside,
        }
    if model.back_minutes is not None:
        values["backMinutes"] = model.back_minutes
    return {**values, "aheadMinutes": model.ahead_minutes, "forgotten": forgotten}


def _parse_rounding(body: RoundingModel | None) -> Rounding | None:
    return Rounding(direction=body.direction, minutes=body.minutes) if body is not None else None
