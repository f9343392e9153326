"""The one table of all items: reads, queries, and transactions.

Each transaction has a client token, so that a write whose response was lost can be repeated. Botocore does not retry
a cancelled or conflicting transaction, so `Table.write` does, with jitter.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from botocore.exceptions import ClientError, HTTPClientError

from fencepost.common.errors import ServiceBusy
from fencepost.dynamodb import serializer

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

    from fencepost.dynamodb.keys import Key
    from fencepost.dynamodb.serializer import Item
    from fencepost.dynamodb.transaction import Transaction, Write

NameT = TypeVar("NameT", bound="Hashable")
_MAX_KEYS_PER_CALL = 100
_ATTEMPTS = 8
_FIRST_PAUSE_S = 0.02
_TRANSIENT_REASONS = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
_TRANSIENT_ERRORS = frozenset(
    {
        "TransactionConflictException",
        "TransactionInProgressException",
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
    }
)


class Table:
    """A table of DynamoDB.

    Args:
        client: A low-level DynamoDB client.
        pause: Waits a number of seconds; tests pass a function that does not wait.
    """

    def __init__(self, client: Any, name: str, pause: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self.name = name
        self._pause = pause

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        response = self._call("get_item", TableName=self.name, Key=key, ConsistentRead=consistent)
        item: Item | None = response.get("Item")
        return item

    def batch_get(self, keys: Sequence[Key], *, consistent: bool = False) -> dict[tuple[str, str], Item]:
        """Return the items that exist by their keys, with one call for 100 keys, or more if the table is busy."""
        found: dict[tuple[str, str], Item] = {}
        if not keys:
            return found
        if len(keys) > _MAX_KEYS_PER_CALL:
            for start in range(0, len(keys), _MAX_KEYS_PER_CALL):
                found |= self.batch_get(keys[start : start + _MAX_KEYS_PER_CALL], consistent=consistent)
            return found
        requested: dict[str, Any] = {self.name: {"Keys": list(keys), "ConsistentRead": consistent}}
        for attempt in range(_ATTEMPTS):
            response = self._call("batch_get_item", RequestItems=requested)
            for item in response["Responses"].get(self.name, ()):
                found[item["PK"]["S"], item["SK"]["S"]] = item
            requested = response.get("UnprocessedKeys") or {}
            if not requested:
                return found
            self._pause(_draw_pause_s(attempt))
        raise ServiceBusy

    def batch_get_named(self, keys: Mapping[NameT, Key], *, consistent: bool = False) -> dict[NameT, Item]:
        """Return the items that exist, each under the name that its key has in `keys`."""
        found = self.batch_get(list(keys.values()), consistent=consistent)
        pairs = ((name, (key["PK"]["S"], key["SK"]["S"])) for name, key in keys.items())
        return {name: found[pair] for name, pair in pairs if pair in found}

    def query(self, **parameters: Any) -> Iterator[Item]:
        """Yield all items of a query, and read each page when its first item is needed."""
        return self._read_pages("query", parameters)

    def scan(self, **parameters: Any) -> Iterator[Item]:
        """Yield all items of the table. A scan reads the whole table: for operators, never for a request."""
        return self._read_pages("scan", parameters)

    def query_page(self, **parameters: Any) -> tuple[list[Item], bool]:
        """Return the items of one Query, and whether there may be more: a page ends at its limit or at 1 MB."""
        response = self._call("query", TableName=self.name, **parameters)
        return response["Items"], "LastEvaluatedKey" in response

    def find_key_after(self, count: int, **parameters: Any) -> Key | None:
        """Return the key after which a query continues beyond its first `count` items; None if it has no more."""
        while True:
            response = self._call("query", TableName=self.name, Select="COUNT", Limit=count, **parameters)
            count -= response["Count"]
            key: Key | None = response.get("LastEvaluatedKey")
            if key is None or count == 0:
                return key
            parameters["ExclusiveStartKey"] = key

    def set_attributes(self, key: Key, values: Mapping[str, Any]) -> None:
        """Create the item or change it; an attribute whose value is None stays unchanged."""
        present = {name: value for name, value in values.items() if value is not None}
        self._call(
            "update_item",
            TableName=self.name,
            Key=key,
            UpdateExpression="SET " + ", ".join(f"#{n} = :{n}" for n in range(len(present))),
            ExpressionAttributeNames={f"#{n}": name for n, name in enumerate(present)},
            ExpressionAttributeValues={f":{n}": serializer.to_value(v) for n, v in enumerate(present.values())},
        )

    def write(self, transaction: Transaction) -> None:
        """Write all of the transaction or nothing.

        Raises:
            ServiceBusy: Other calls kept changing the same items.
            Exception: The `on_failure` of the first write whose condition failed.
        """
        token = str(uuid4())
        writes = transaction.build_writes(self.name)
        requests = [write.request for write in writes]
        for attempt in range(_ATTEMPTS):
            try:
                self._call("transact_write_items", TransactItems=requests, ClientRequestToken=token)
            except ClientError as error:
                _raise_unless_transient(error, writes)
                self._pause(_draw_pause_s(attempt))
            else:
                return
        raise ServiceBusy

    def _read_pages(self, operation: str, parameters: dict[str, Any]) -> Iterator[Item]:
        while True:
            response = self._call(operation, TableName=self.name, **parameters)
            yield from response["Items"]
            if "LastEvaluatedKey" not in response:
                return
            parameters["ExclusiveStartKey"] = response["LastEvaluatedKey"]

    def _call(self, operation: str, **arguments: Any) -> Any:
        """Call the client.

        Raises:
            ServiceBusy: The table cannot be reached or throttles, although botocore has retried.
        """
        try:
            return getattr(self._client, operation)(**arguments)
        except HTTPClientError as error:
            raise ServiceBusy from error
        except ClientError as error:
            if operation != "transact_write_items" and error.response["Error"]["Code"] in _TRANSIENT_ERRORS:
                raise ServiceBusy from error
            raise


def _raise_unless_transient(error: ClientError, writes: Sequence[Write]) -> None:
    code = error.response["Error"]["Code"]
    if code in _TRANSIENT_ERRORS:
        return
    if code != "TransactionCanceledException":
        raise error
    reasons = [reason.get("Code") for reason in error.response.get("CancellationReasons", ())]
    for write, reason in zip(writes, reasons, strict=False):
        if reason == "ConditionalCheckFailed" and write.on_failure is not None:
            raise write.on_failure from error
    if not _TRANSIENT_REASONS.intersection(reasons):
        raise error


def _draw_pause_s(attempt: int) -> float:
    return random.uniform(0, _FIRST_PAUSE_S * 2**attempt)  # noqa: S311 - spreads retries, guards nothing
