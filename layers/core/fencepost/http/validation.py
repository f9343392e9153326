"""From plain values to a model, with every error under the name that the caller used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import AliasChoices, BaseModel, ValidationError

from fencepost.common.errors import FieldError, ValidationFailed

_M = TypeVar("_M", bound=BaseModel)
# Enough for every field there is, and few enough that no answer outgrows what Lambda may return.
_MAX_FIELDS, _MAX_ERRORS = 100, 50


def validated(model: type[_M], values: Mapping[str, Any]) -> _M:
    """The values as a model. Raises Invalid with each field under the name that the caller used."""
    if len(values) > _MAX_FIELDS:
        raise ValidationFailed.field("body", f"has more than {_MAX_FIELDS} fields")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        told = error.errors(include_url=False, include_input=False)[:_MAX_ERRORS]
        aliases = _aliases(model)
        raise ValidationFailed([FieldError(_path(e["loc"]), _words(e, aliases)) for e in told]) from None


def _path(loc: tuple[int | str, ...]) -> str:
    """
    >>> _path(("assignments", 0, "targetId"))
    'assignments[0].targetId'
    """
    path = ""
    for step in loc:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path or "body"


def _aliases(model: type[BaseModel]) -> set[str]:
    """Every name of a field that has several."""
    choices = (field.validation_alias for field in model.model_fields.values())
    return {
        name for some in choices if isinstance(some, AliasChoices) for name in some.choices if isinstance(name, str)
    }


def _words(error: Any, aliases: set[str]) -> str:
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
