"""Receipts: an action that is sent under its own key is done once, and every retry has the same result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from fencepost.common.errors import FencepostError
    from fencepost.timeclock.commands import Outcome, ReceiptKey


class AlreadyProcessed(Exception):
    """Another call has processed the same action meanwhile: its receipt exists, and nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedResult:
    """A result that a receipt recorded, as the response had it."""

    values: Mapping[str, Any]

    @property
    def code(self) -> str | None:
        """The code of the refusal; None where the action was done."""
        code: str | None = self.values.get("code")
        return code


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The result of an action, stored in the transaction that did it."""

    key: ReceiptKey
    result: Outcome | FencepostError | RecordedResult


ResultSerializer: TypeAlias = "Callable[[Outcome | FencepostError | RecordedResult], Mapping[str, Any]]"
"""Returns a result as the response has it, which is also how a receipt stores it."""
