"""The one table: reads, queries, and transactions that say what each condition means.

Every change is one TransactWriteItems under a client token of its own, so that a lost answer can be asked for
again; botocore does not retry a cancelled or conflicting transaction, so that is done here, with jitter.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from botocore.exceptions import ClientError, HTTPClientError

from fencepost.common.errors import ServiceBusy
from fencepost.dynamodb import serializer
from fencepost.dynamodb.transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

    from fencepost.dynamodb.keys import Key
    from fencepost.dynamodb.serializer import Item

NameT = TypeVar("NameT", bound="Hashable")
_KEYS_A_CALL = 100
_ATTEMPTS = 8
_FIRST_PAUSE_S = 0.02
_PASSING = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
_PASSING_ERRORS = frozenset(
    {
        "TransactionConflictException",
        "TransactionInProgressException",
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
    }
)


class Table:
    """
    :param client: a low-level DynamoDB client
    :param pause: waits so many seconds; handed in so that tests need not wait
    """

    def __init__(self, client: Any, name: str, pause: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self.name = name
        self._pause = pause

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        answer = self._call("get_item", TableName=self.name, Key=key, ConsistentRead=consistent)
        found: Item | None = answer.get("Item")
        return found

    def batch_get(self, keys: Sequence[Key], *, consistent: bool = False) -> dict[tuple[str, str], Item]:
        """The items that exist, by their keys; one round trip for 100 keys, unless the table holds some back."""
        found: dict[tuple[str, str], Item] = {}
        if not keys:
            return found
        if len(keys) > _KEYS_A_CALL:
            for start in range(0, len(keys), _KEYS_A_CALL):
                found |= self.batch_get(keys[start : start + _KEYS_A_CALL], consistent=consistent)
            return found
        wanted: dict[str, Any] = {self.name: {"Keys": list(keys), "ConsistentRead": consistent}}
        for attempt in range(_ATTEMPTS):
            answer = self._call("batch_get_item", RequestItems=wanted)
            for item in answer["Responses"].get(self.name, ()):
                found[item["PK"]["S"], item["SK"]["S"]] = item
            wanted = answer.get("UnprocessedKeys") or {}
            if not wanted:
                return found
            self._pause(_jittered(attempt))
        raise ServiceBusy

    def batch_get_named(self, keys: Mapping[NameT, Key], *, consistent: bool = False) -> dict[NameT, Item]:
        """Return the items that exist, each under the name that its key has in `keys`."""
        found = self.batch_get(list(keys.values()), consistent=consistent)
        pairs = ((name, (key["PK"]["S"], key["SK"]["S"])) for name, key in keys.items())
        return {name: found[pair] for name, pair in pairs if pair in found}

    def query(self, **how: Any) -> Iterator[Item]:
        """All items of a query, page by page as they are taken."""
        while True:
            answer = self._call("query", TableName=self.name, **how)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            how["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def scan(self, **how: Any) -> Iterator[Item]:
        """All items of a scan, page by page. It reads the whole table: for operators, never for a request."""
        while True:
            answer = self._call("scan", TableName=self.name, **how)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            how["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def query_page(self, **how: Any) -> tuple[list[Item], bool]:
        """The items of one Query, and whether there may be more: a page ends at its limit or at 1 MB."""
        answer = self._call("query", TableName=self.name, **how)
        return answer["Items"], "LastEvaluatedKey" in answer

    def key_after(self, count: int, **how: Any) -> Key | None:
        """The key after which a query goes on beyond its first `count` items; None where it has no more."""
        while True:
            answer = self._call("query", TableName=self.name, Select="COUNT", Limit=count, **how)
            count -= answer["Count"]
            key: Key | None = answer.get("LastEvaluatedKey")
            if key is None or count == 0:
                return key
            how["ExclusiveStartKey"] = key

    def set(self, key: Key, values: Mapping[str, Any]) -> None:
        """Set attributes of an item and keep its others; the item comes to be if it was not."""
        given = {name: v for name, v in values.items() if v is not None}
        self._call(
            "update_item",
            TableName=self.name,
            Key=key,
            UpdateExpression="SET " + ", ".join(f"#{n} = :{n}" for n in range(len(given))),
            ExpressionAttributeNames={f"#{n}": name for n, name in enumerate(given)},
            ExpressionAttributeValues={f":{n}": serializer.value(v) for n, v in enumerate(given.values())},
        )

    def write(self, transaction: Transaction) -> None:
        """All of the transaction or nothing.

        Raises the error that the first failed condition was given, or Busy when others keep changing the same items.
        """
        token = str(uuid4())
        actions = transaction.actions(self.name)
        for attempt in range(_ATTEMPTS):
            try:
                self._call("transact_write_items", TransactItems=actions, ClientRequestToken=token)
            except ClientError as error:
                _raise_unless_passing(error, transaction)
                self._pause(_jittered(attempt))
            else:
                return
        raise ServiceBusy

    def _call(self, operation: str, **arguments: Any) -> Any:
        """Raises Busy where the table cannot be reached or asks for patience, though botocore has tried again."""
        try:
            return getattr(self._client, operation)(**arguments)
        except HTTPClientError as error:
            raise ServiceBusy from error
        except ClientError as error:
            if operation != "transact_write_items" and error.response["Error"]["Code"] in _PASSING_ERRORS:
                raise ServiceBusy from error
            raise


def _raise_unless_passing(error: ClientError, transaction: Transaction) -> None:
    code = error.response["Error"]["Code"]
    if code in _PASSING_ERRORS:
        return
    if code != "TransactionCanceledException":
        raise error
    reasons = [reason.get("Code") for reason in error.response.get("CancellationReasons", ())]
    for index, reason in enumerate(reasons):
        on_failure = transaction.on_failure(index)
        if reason == "ConditionalCheckFailed" and on_failure is not None:
            raise on_failure from error
    if not _PASSING.intersection(reasons):
        raise error


def _jittered(attempt: int) -> float:
    return random.uniform(0, _FIRST_PAUSE_S * 2**attempt)  # noqa: S311 - spreads retries, guards nothing
