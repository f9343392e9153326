"""Field types that all requests share."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from typing_extensions import TypedDict

from fencepost.common.text import is_visible
from fencepost.common.timezones import EARLIEST, LATEST, load_time_zone, parse_minute_of_day

if TYPE_CHECKING:
    from collections.abc import Mapping

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LONGEST_NUMBER = 10
_DECIMAL = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,20})?([eE]-[0-9]{1,2})?")


class RequestModel(BaseModel):
    """Strict: a number is not a text and true is not 1; a name that is not known is told, not passed over.

    Its validator is built when the first such request comes, or before SnapStart's snapshot: not at import.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)

    @classmethod
    def select_fields(cls, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the fields that count. A model that ignores some overrides this."""
        return fields


class ResponseModel(TypedDict):
    """The shape of an answer, for the document of the API and for those who read the code.

    Answers are told as plain values and not validated, and a model costs a cold start ten times as much as this.
    """


def _text(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("must not hold control characters")
    return value


def _visible(value: str) -> str:
    if not is_visible(value):
        raise ValueError("must hold at least one visible character")
    return value.strip()


def _instant(value: Any) -> datetime:
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("must be an ISO 8601 date and time with a UTC offset, such as 2026-05-04T09:00:00+02:00")
    try:
        at = datetime.fromisoformat(value.upper())
        if not EARLIEST <= at <= LATEST:
            raise ValueError
    except (ValueError, OverflowError):
        raise ValueError("is not a date and time between 2000 and 2200") from None
    return at


def _time_of_day(value: Any) -> int:
    return parse_minute_of_day(value if isinstance(value, str) else "")


def _time_zone(value: str) -> str:
    load_time_zone(value)
    return value


def _no_negative_zero(value: float) -> float:
    return value + 0.0


def parse_whole_number(text: Any) -> Any:
    """Return a text of digits as a number, anything else as it is. A query and a path have only texts."""
    is_number = isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < _LONGEST_NUMBER
    return int(text) if is_number else text


def parse_decimal(text: Any) -> Any:
    """Return a text of a number with a fraction as that number, anything else as it is.

    >>> parse_decimal("60.17"), parse_decimal("1_000"), parse_decimal("inf")
    (60.17, '1_000', 'inf')
    """
    return float(text) if isinstance(text, str) and _DECIMAL.fullmatch(text) else text


# For the number of a query, last in its `Annotated`, so that the bounds before it stay in the JSON schema.
WholeNumberText = BeforeValidator(parse_whole_number)
DecimalText = BeforeValidator(parse_decimal)
Text = Annotated[str, AfterValidator(_text)]
VisibleText = Annotated[str, AfterValidator(_text), AfterValidator(_visible)]
Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    Field(json_schema_extra={"examples": ["2026-05-04T09:00:00+02:00"]}),
]
TimeOfDay = Annotated[
    int, BeforeValidator(_time_of_day), Field(json_schema_extra={"type": "string", "examples": ["07:30"]})
]
"""The minute of the day, said as a clock shows it."""
TimeZone = Annotated[str, AfterValidator(_time_zone), Field(max_length=64, examples=["Europe/Berlin"])]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False), AfterValidator(_no_negative_zero)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False), AfterValidator(_no_negative_zero)]
# Kept to the millimetre.
Metres = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False), AfterValidator(lambda m: round(m, 3))]


def number(value: float) -> float | int:
    """A whole number without its decimal point.

    >>> number(100.0), number(0.5)
    (100, 0.5)
    """
    return int(value) if value == int(value) else value


def timestamp(at: datetime) -> str:
    """UTC to the millisecond.

    >>> timestamp(datetime(2026, 5, 4, 9, tzinfo=UTC))
    '2026-05-04T09:00:00.000Z'
    """
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
