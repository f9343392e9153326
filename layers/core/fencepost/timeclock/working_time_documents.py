"""The stored form of a working-time model, with a tenant or a project: one text, without what has its default."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fencepost.dynamodb.documents import dump_document, load_document
from fencepost.timeclock.working_time import AllowedWindow, AutomaticBreaks, Rounding, Threshold, WorkingTime


@lru_cache(maxsize=64)
def load_working_time(text: str) -> WorkingTime:
    """Parse a working-time model.

    Raises:
        UnknownDocumentVersion: A later release wrote it.
    """
    document = load_document(text)
    return WorkingTime(
        round_start=_from_rounding_document(document.get("round_start")),
        round_end=_from_rounding_document(document.get("round_end")),
        round_break=_from_rounding_document(document.get("round_break")),
        automatic_breaks=_from_breaks_document(document.get("automatic_breaks")),
        longest_minutes=document.get("longest_minutes"),
        window=_from_window_document(document.get("window")),
        back_minutes=document.get("back_minutes"),
        ahead_minutes=document.get("ahead_minutes", 2),
        stops_at=document.get("stops_at", "limit"),
        shift_end_minute=document.get("shift_end_minute"),
        remind_minutes=document.get("remind_minutes"),
    )


def dump_working_time(model: WorkingTime) -> str:
    """Serialize a working-time model, without what has its default.

    >>> dump_working_time(WorkingTime(longest_minutes=600))
    '{"longest_minutes":600}'
    """
    document = {
        "round_start": _to_rounding_document(model.round_start),
        "round_end": _to_rounding_document(model.round_end),
        "round_break": _to_rounding_document(model.round_break),
        "automatic_breaks": _to_breaks_document(model.automatic_breaks),
        "longest_minutes": model.longest_minutes,
        "window": _to_window_document(model.window),
        "back_minutes": model.back_minutes,
        "ahead_minutes": _omit_default(model.ahead_minutes, 2),
        "stops_at": _omit_default(model.stops_at, "limit"),
        "shift_end_minute": model.shift_end_minute,
        "remind_minutes": model.remind_minutes,
    }
    return dump_document(_drop_nones(document))


def _to_rounding_document(rounding: Rounding | None) -> dict[str, Any] | None:
    return {"direction": rounding.direction, "minutes": rounding.minutes} if rounding is not None else None


def _from_rounding_document(document: dict[str, Any] | None) -> Rounding | None:
    return Rounding(direction=document["direction"], minutes=document["minutes"]) if document is not None else None


def _to_breaks_document(breaks: AutomaticBreaks | None) -> dict[str, Any] | None:
    if breaks is None:
        return None
    thresholds = [
        {"over_minutes": threshold.over_minutes, "break_minutes": threshold.break_minutes}
        for threshold in breaks.thresholds
    ]
    shortest_minutes = _omit_default(breaks.shortest_minutes, 15)
    return _drop_nones({"thresholds": thresholds, "shortest_minutes": shortest_minutes})


def _from_breaks_document(document: dict[str, Any] | None) -> AutomaticBreaks | None:
    if document is None:
        return None
    return AutomaticBreaks(
        thresholds=tuple(
            Threshold(over_minutes=threshold["over_minutes"], break_minutes=threshold["break_minutes"])
            for threshold in document["thresholds"]
        ),
        shortest_minutes=document.get("shortest_minutes", 15),
    )


def _to_window_document(window: AllowedWindow | None) -> dict[str, Any] | None:
    if window is None:
        return None
    outside = _omit_default(window.outside, "cut")
    return _drop_nones({"start_minute": window.start_minute, "end_minute": window.end_minute, "outside": outside})


def _from_window_document(document: dict[str, Any] | None) -> AllowedWindow | None:
    if document is None:
        return None
    return AllowedWindow(
        start_minute=document["start_minute"],
        end_minute=document["end_minute"],
        outside=document.get("outside", "cut"),
    )


def _omit_default(value: Any, default: Any) -> Any:
    return None if value == default else value


def _drop_nones(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if value is not None}
