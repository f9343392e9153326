"""The records of requests with an Idempotency-Key, in a table of their own, which deletes them after a day.

A record is one item. While a run processes the request, it has no response, only the instant until which it belongs
to that run. Every write states its run, so a late write cannot change a record that another run has taken over. A
claim that the client repeats, because its first response was lost, succeeds again.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from fencepost.common.errors import ServiceBusy
from fencepost.dynamodb import keys, serializer
from fencepost.dynamodb.table import Table
from fencepost.http.idempotency_records import RETENTION, IdempotencyRecord

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fencepost.dynamodb.keys import Key
    from fencepost.http.idempotency_key import IdempotencyKey

# An item has at most 400 KB. A longer response continues in further items.
_PIECE_BYTES = 380_000
# The pieces of a response outlive the record that counts them.
_PIECE_EXTRA_S = 3600
# Absent, or expired and not deleted yet; or the same request, whose run is over for certain.
_FREE = (
    "attribute_not_exists(#id) OR #ttl <= :now "
    "OR (attribute_not_exists(#answer) AND #until <= :ms AND #digest = :digest)"
)


class DynamoDBIdempotencyRepository(Table):
    """The port `IdempotencyRepository`."""

    def claim(self, key: IdempotencyKey, run: str, now: datetime, until: datetime) -> IdempotencyRecord | None:
        """Reserve the key for this run, or return the record that already has it.

        It takes one round trip, and one more for each further piece of a long response.

        Raises:
            ServiceBusy: The record was deleted in between.
        """
        values = {":now": _to_seconds(now), ":ms": _to_milliseconds(now), ":digest": key.digest}
        try:
            self._call(
                "put_item",
                TableName=self.name,
                Item=_build_item(key, run, now, until=_to_milliseconds(until)),
                ConditionExpression=_FREE,
                ExpressionAttributeNames={f"#{name}": name for name in ("id", "ttl", "answer", "until", "digest")},
                ExpressionAttributeValues=serializer.to_item(values),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            response: Any = error.response
            stored: serializer.Item | None = response.get("Item")
            if stored is None:  # deleted since
                raise ServiceBusy from error
            # Its own run: the client has sent the claim twice, because the response to the first was lost.
            return None if stored["run"]["S"] == run else self._to_record(key, stored)
        return None

    def save(self, key: IdempotencyKey, run: str, response: Mapping[str, Any], now: datetime) -> None:
        """Save the response, in several items where it is long."""
        packed = zlib.compress(json.dumps(response, ensure_ascii=False).encode())
        first, *others = (packed[at : at + _PIECE_BYTES] for at in range(0, len(packed), _PIECE_BYTES))
        for number, piece in enumerate(others, 1):
            values = {"piece": piece, "ttl": _to_seconds(now + RETENTION) + _PIECE_EXTRA_S}
            item = _to_piece_key(key, run, number) | serializer.to_item(values)
            self._call("put_item", TableName=self.name, Item=item)
        self._put_if_own(run, _build_item(key, run, now, answer=first, pieces=len(others)))

    def release(self, key: IdempotencyKey, run: str, now: datetime) -> None:
        """End the run with an unknown outcome."""
        self._put_if_own(run, _build_item(key, run, now, until=0))

    def delete(self, key: IdempotencyKey, run: str) -> None:
        """Free the key."""
        self._call("delete_item", TableName=self.name, Key=_to_key(key), **_require_run(run))

    def _put_if_own(self, run: str, item: serializer.Item) -> None:
        self._call("put_item", TableName=self.name, Item=item, **_require_run(run))

    def _to_record(self, key: IdempotencyKey, item: serializer.Item) -> IdempotencyRecord:
        values = serializer.from_item(item)
        if "answer" not in values:
            return IdempotencyRecord(digest=values["digest"], response=None)
        packed = values["answer"]
        for number in range(1, values["pieces"] + 1):
            piece = self.get(_to_piece_key(key, values["run"], number))
            assert piece is not None
            packed += piece["piece"]["B"]
        return IdempotencyRecord(digest=values["digest"], response=json.loads(zlib.decompress(packed)))


def _build_item(key: IdempotencyKey, run: str, now: datetime, **values: Any) -> serializer.Item:
    return _to_key(key) | serializer.to_item(
        {"run": run, "digest": key.digest, "ttl": _to_seconds(now + RETENTION), **values},
    )


def _require_run(run: str) -> dict[str, Any]:
    return {
        "ConditionExpression": "#run = :run",
        "ExpressionAttributeNames": {"#run": "run"},
        "ExpressionAttributeValues": {":run": {"S": run}},
    }


def _to_key(key: IdempotencyKey) -> Key:
    return keys.idempotency_record_key(key.tenant_id, key.identity)


def _to_piece_key(key: IdempotencyKey, run: str, number: int) -> Key:
    return keys.idempotency_record_key(key.tenant_id, key.identity, f"#{run}#{number}")


def _to_seconds(at: datetime) -> int:
    return int(at.timestamp())


def _to_milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
