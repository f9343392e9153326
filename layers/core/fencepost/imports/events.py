"""The events of imports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field
from typing_extensions import TypedDict

from fencepost.common.events import Event


class ImportCounts(TypedDict):
    """The counts of an import."""

    placemarks: Annotated[int, Field(description="The rows of the file.")]
    geofences: Annotated[int, Field(description="The geofences that were created.")]
    leftOut: Annotated[int, Field(description="The rows that were skipped; the report has the reason for each.")]


class ImportPayload(TypedDict):
    """The fields of the events of imports."""

    importId: str
    reportKey: Annotated[str, Field(description="The key of the report in the bucket.")]
    status: Literal["completed", "failed"]
    counts: ImportCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportEvent(Event):
    """An import ended."""

    status: ClassVar[Literal["completed", "failed"]]

    import_id: str
    report_key: str
    counts: ImportCounts

    def data(self) -> ImportPayload:
        return {
            "importId": self.import_id,
            "reportKey": self.report_key,
            "status": self.status,
            "counts": self.counts,
        }


class ImportCompleted(ImportEvent):
    """Every row of a file was processed."""

    type, status = "import.completed", "completed"


class ImportFailed(ImportEvent):
    """A file could not be read."""

    type, status = "import.failed", "failed"
