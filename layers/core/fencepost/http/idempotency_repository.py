"""Which requests with an Idempotency-Key were made, in a table of their own, from which they fall after a day.

A record is one item. While a run works on the request it has no answer, only an instant until which it is that
run's. Every write states the run, so that one that comes late cannot touch what another has taken over; and a write
that the client repeats because its answer was lost finds itself done, not refused.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from fencepost.common.errors import ServiceBusy
from fencepost.dynamodb import keys, serializer
from fencepost.dynamodb.table import Table
from fencepost.http.idempotency_records import KEPT_FOR, Record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fencepost.dynamodb.keys import Key
    from fencepost.http.idempotency_key import IdempotencyKey

# An item has at most 400 KB. A longer answer goes on in items of its own.
_PIECE_BYTES = 380_000
# The pieces of an answer outlive the record that counts them.
_LONGER_S = 3600
# Absent, or over though it is not deleted yet; or the same request, which nobody can be working on any more.
_FREE = (
    "attribute_not_exists(#id) OR #ttl <= :now "
    "OR (attribute_not_exists(#answer) AND #until <= :ms AND #digest = :digest)"
)


class DynamoDBIdempotencyRepository(Table):
    """The port Records."""

    def claim(self, key: IdempotencyKey, run: str, now: datetime, until: datetime) -> Record | None:
        """One round trip, and one more for each further piece of a long answer. Raises Busy."""
        values = {":now": _seconds(now), ":ms": _milliseconds(now), ":digest": key.digest}
        try:
            self._call(
                "put_item",
                TableName=self.name,
                Item=_item(key, run, now, until=_milliseconds(until)),
                ConditionExpression=_FREE,
                ExpressionAttributeNames={f"#{name}": name for name in ("id", "ttl", "answer", "until", "digest")},
                ExpressionAttributeValues=serializer.to_item(values),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            refused: Any = error.response
            there: serializer.Item | None = refused.get("Item")
            if there is None:  # gone since
                raise ServiceBusy from error
            # Its own run: the client has sent the claim twice, for the answer to the first was lost.
            return None if there["run"]["S"] == run else self._record(key, there)
        return None

    def keep(self, key: IdempotencyKey, run: str, answer: Mapping[str, Any], now: datetime) -> None:
        packed = zlib.compress(json.dumps(answer, ensure_ascii=False).encode())
        first, *others = (packed[at : at + _PIECE_BYTES] for at in range(0, len(packed), _PIECE_BYTES))
        for number, piece in enumerate(others, 1):
            values = {"piece": piece, "ttl": _seconds(now + KEPT_FOR) + _LONGER_S}
            item = _piece_key(key, run, number) | serializer.to_item(values)
            self._call("put_item", TableName=self.name, Item=item)
        self._put_own(run, _item(key, run, now, answer=first, pieces=len(others)))

    def release(self, key: IdempotencyKey, run: str, now: datetime) -> None:
        self._put_own(run, _item(key, run, now, until=0))

    def forget(self, key: IdempotencyKey, run: str) -> None:
        self._call("delete_item", TableName=self.name, Key=_key(key), **_own(run))

    def _put_own(self, run: str, item: serializer.Item) -> None:
        self._call("put_item", TableName=self.name, Item=item, **_own(run))

    def _record(self, key: IdempotencyKey, item: serializer.Item) -> Record:
        values = serializer.from_item(item)
        if "answer" not in values:
            return Record(digest=values["digest"], answer=None)
        packed = values["answer"]
        for number in range(1, values["pieces"] + 1):
            piece = self.get(_piece_key(key, values["run"], number))
            assert piece is not None
            packed += piece["piece"]["B"]
        return Record(digest=values["digest"], answer=json.loads(zlib.decompress(packed)))


def _item(key: IdempotencyKey, run: str, now: datetime, **values: Any) -> serializer.Item:
    return _key(key) | serializer.to_item(
        {"run": run, "digest": key.digest, "ttl": _seconds(now + KEPT_FOR), **values},
    )


def _own(run: str) -> dict[str, Any]:
    return {
        "ConditionExpression": "#run = :run",
        "ExpressionAttributeNames": {"#run": "run"},
        "ExpressionAttributeValues": {":run": {"S": run}},
    }


def _key(key: IdempotencyKey) -> Key:
    return keys.idempotency_record_key(key.tenant_id, key.identity)


def _piece_key(key: IdempotencyKey, run: str, number: int) -> Key:
    return keys.idempotency_record_key(key.tenant_id, key.identity, f"#{run}#{number}")


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
