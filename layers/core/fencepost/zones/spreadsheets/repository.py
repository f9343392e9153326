"""Uploaded tables in the bucket, whose lifecycle rule deletes them after a day."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Sequence

# Without the permission to list a bucket, S3 answers AccessDenied for a key that does not exist.
_NOT_FOUND = frozenset({"NoSuchKey", "AccessDenied"})


class S3SpreadsheetRepository:
    """The port `SpreadsheetRepository`."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, tenant_id: str, file_id: str, rows: Sequence[Sequence[str]]) -> None:
        body = json.dumps(rows, ensure_ascii=False).encode()
        self._client.put_object(Bucket=self._bucket, Key=_format_key(tenant_id, file_id), Body=body)

    def get(self, tenant_id: str, file_id: str) -> list[list[str]] | None:
        try:
            response = self._client.get_object(Bucket=self._bucket, Key=_format_key(tenant_id, file_id))
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_FOUND:
                return None
            raise
        rows: list[list[str]] = json.loads(response["Body"].read())
        return rows


def _format_key(tenant_id: str, file_id: str) -> str:
    return f"tables/{tenant_id}/{file_id}.json"
