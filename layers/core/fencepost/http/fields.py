"""The models of requests and responses, the types that their fields share, and validation.

Errors name each field as the caller did.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar, get_args

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core.core_schema import no_info_plain_validator_function
from typing_extensions import TypedDict

from fencepost.common.errors import FieldError, ValidationFailed
from fencepost.common.text import is_visible
from fencepost.common.timezones import EARLIEST, LATEST, load_time_zone, parse_minute_of_day

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MAX_DIGITS = 9
_DECIMAL = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,20})?([eE]-[0-9]{1,2})?")
ModelT = TypeVar("ModelT", bound="RequestModel")
# No model has 100 fields, and 50 errors fit in a response.
_MAX_FIELDS, _MAX_ERRORS = 100, 50


class RequestModel(BaseModel):
    """The strict model of a body or a query: a number is not a text, true is not 1, and no field is unknown.

    Its validator is built before SnapStart's snapshot or for the first request, not at import.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)

    @classmethod
    def select_fields(cls, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the fields to validate. A model that ignores some of them overrides this."""
        return fields


class ResponseModel(TypedDict):
    """The shape of a response, for the OpenAPI document and for readers.

    Responses are plain values and are not validated. A pydantic model would cost a cold start ten times as much.
    """


def validate(model: type[ModelT], fields: Mapping[str, Any]) -> ModelT:
    """Return the fields of a request as a model.

    Raises:
        ValidationFailed: Some fields are wrong, each under the name that the caller used.
    """
    fields = model.select_fields(fields)
    if len(fields) > _MAX_FIELDS:
        raise ValidationFailed.field("body", f"has more than {_MAX_FIELDS} fields")
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)[:_MAX_ERRORS]
        aliases = _collect_aliases(model)
        raise ValidationFailed([FieldError(_to_path(e["loc"]), _to_message(e, aliases)) for e in details]) from None


class DeferredItem(Generic[ModelT]):
    """An element of a list whose validation is deferred, so that an invalid one does not fail the others.

    Attributes:
        sent: The element as it was sent.
    """

    def __init__(self, model: type[ModelT], sent: Any) -> None:
        self._model = model
        self.sent = sent

    def parse(self, name: str) -> ModelT:
        """Return the element as its model.

        Args:
            name: What an error calls the element where it is not an object.

        Raises:
            ValidationFailed: The element is not an object, or some of its fields are wrong.
        """
        if not isinstance(self.sent, dict):
            raise ValidationFailed.field(name, "must be an object")
        return validate(self._model, self.sent)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, _handler: object) -> CoreSchema:
        (model,) = get_args(source)
        return no_info_plain_validator_function(
            lambda sent: cls(model, sent),
            metadata={"pydantic_js_functions": [lambda _schema, handler: _describe(model, handler)]},
        )


def _check_text(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("must not hold control characters")
    return value


def _strip_visible(value: str) -> str:
    if not is_visible(value):
        raise ValueError("must hold at least one visible character")
    return value.strip()


def _parse_instant(value: Any) -> datetime:
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("must be an ISO 8601 date and time with a UTC offset, such as 2026-05-04T09:00:00+02:00")
    try:
        at = datetime.fromisoformat(value.upper())
        if not EARLIEST <= at <= LATEST:
            raise ValueError
    except (ValueError, OverflowError):
        raise ValueError("is not a date and time between 2000 and 2200") from None
    return at


def _parse_time_of_day(value: Any) -> int:
    return parse_minute_of_day(value if isinstance(value, str) else "")


def _check_time_zone(value: str) -> str:
    load_time_zone(value)
    return value


def _drop_negative_zero(value: float) -> float:
    return value + 0.0


def parse_whole_number(text: Any) -> Any:
    """Return a text of up to 9 digits as a number, anything else as it is. A query and a path have only texts."""
    is_number = isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS
    return int(text) if is_number else text


def parse_decimal(text: Any) -> Any:
    """Return a text of a number with a fraction as that number, anything else as it is.

    >>> parse_decimal("60.17"), parse_decimal("1_000"), parse_decimal("inf")
    (60.17, '1_000', 'inf')
    """
    return float(text) if isinstance(text, str) and _DECIMAL.fullmatch(text) else text


# For a number in a query. It must be last in its `Annotated`, or the bounds are lost in the JSON schema.
WholeNumberText = BeforeValidator(parse_whole_number)
DecimalText = BeforeValidator(parse_decimal)
Text = Annotated[str, AfterValidator(_check_text)]
VisibleText = Annotated[str, AfterValidator(_check_text), AfterValidator(_strip_visible)]
Instant = Annotated[
    datetime,
    BeforeValidator(_parse_instant),
    Field(json_schema_extra={"examples": ["2026-05-04T09:00:00+02:00"]}),
]
TimeOfDay = Annotated[
    int, BeforeValidator(_parse_time_of_day), Field(json_schema_extra={"type": "string", "examples": ["07:30"]})
]
"""The minute of the day, from a time of day such as 07:30."""
TimeZone = Annotated[str, AfterValidator(_check_time_zone), Field(max_length=64, examples=["Europe/Berlin"])]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False), AfterValidator(_drop_negative_zero)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False), AfterValidator(_drop_negative_zero)]
# Rounded to the millimetre.
Metres = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False), AfterValidator(lambda m: round(m, 3))]


def to_number(value: float) -> float | int:
    """Return a number, a whole one without its decimal point.

    >>> to_number(100.0), to_number(0.5)
    (100, 0.5)
    """
    return int(value) if value == int(value) else value


def format_timestamp(at: datetime) -> str:
    """Return an instant in UTC to the millisecond.

    >>> format_timestamp(datetime(2026, 5, 4, 9, tzinfo=UTC))
    '2026-05-04T09:00:00.000Z'
    """
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _describe(model: type[BaseModel], handler: GetJsonSchemaHandler) -> dict[str, Any]:
    model.model_rebuild()
    return handler(model.__pydantic_core_schema__)


def _to_path(loc: tuple[int | str, ...]) -> str:
    """Return the path of a field, `body` for the whole.

    >>> _to_path(("assignments", 0, "targetId"))
    'assignments[0].targetId'
    """
    path = ""
    for step in loc:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path or "body"


def _collect_aliases(model: type[BaseModel]) -> set[str]:
    """Return every name of the fields that have several."""
    choices = (field.validation_alias for field in model.model_fields.values())
    return {
        name for some in choices if isinstance(some, AliasChoices) for name in some.choices if isinstance(name, str)
    }


def _to_message(error: Any, aliases: set[str]) -> str:
    if error["type"] == "missing":
        return "is missing"
    if error["type"] == "extra_forbidden":
        if error["loc"][0] in aliases and len(error["loc"]) == 1:
            return "is another name of a field that is given too; give one of them"
        return "is not a field of this request"
    if error["type"] == "model_type":
        return "must be an object"
    if error["type"] == "too_long" and error["ctx"]["field_type"] == "Value":
        return f"must be at most {error['ctx']['max_length']} characters"
    message = str(error["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
