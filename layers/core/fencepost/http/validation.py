"""From plain values to a model, with every error under the name that the caller used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args

from pydantic import AliasChoices, BaseModel, ValidationError
from pydantic_core.core_schema import no_info_plain_validator_function

from fencepost.common.errors import FieldError, ValidationFailed
from fencepost.http.fields import RequestModel

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema

ModelT = TypeVar("ModelT", bound=RequestModel)
# Enough for every field there is, and few enough that no response outgrows what Lambda may return.
_MAX_FIELDS, _MAX_ERRORS = 100, 50


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
    """An element of a list whose validation is deferred, so that a wrong one harms no other.

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


def _describe(model: type[BaseModel], handler: GetJsonSchemaHandler) -> dict[str, Any]:
    model.model_rebuild()
    return handler(model.__pydantic_core_schema__)


def _to_path(loc: tuple[int | str, ...]) -> str:
    """
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
