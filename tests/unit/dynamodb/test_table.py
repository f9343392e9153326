"""The table when AWS is busy, on a scripted client: the engines cannot show it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from fencepost.common.errors import ServiceBusy, VersionMismatch
from fencepost.dynamodb import keys
from fencepost.dynamodb.table import Table
from fencepost.dynamodb.transaction import Transaction
from fencepost.geofences.errors import NameTaken

KEY = keys.tenant_key("t")


def build_cancellation(*reasons: str) -> ClientError:
    response: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": ""},
        "CancellationReasons": [{"Code": reason} for reason in reasons],
    }
    return ClientError(response, "TransactWriteItems")


def build_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "X")


class ScriptedClient:
    """A client whose responses are scripted; the last one is repeated."""

    def __init__(self, *responses: Any) -> None:
        self.responses = list(responses)
        self.calls: list[dict[str, Any]] = []

    def __getattr__(self, _operation: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.calls.append(arguments)
            response = self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]
            if isinstance(response, Exception):
                raise response
            return response

        return call


def table(*responses: Any) -> tuple[Table, ScriptedClient, list[float]]:
    client, pauses = ScriptedClient(*responses), []  # type: tuple[ScriptedClient, list[float]]
    return Table(client, "fencepost", pause=pauses.append), client, pauses


def build_rename() -> Transaction:
    transaction = Transaction()
    transaction.replace(KEY, 1, VersionMismatch())
    transaction.create(KEY, NameTaken("Yard"))
    return transaction


@pytest.mark.parametrize(
    "transient",
    [
        build_cancellation("None", "TransactionConflict"),
        build_cancellation("ThrottlingError", "None"),
        build_error("TransactionConflictException"),
        build_error("TransactionInProgressException"),
        build_error("ProvisionedThroughputExceededException"),
    ],
)
def test_a_conflict_is_retried_with_the_same_token_and_a_growing_pause(transient: ClientError) -> None:
    fence, client, pauses = table(transient, transient, {})
    fence.write(build_rename())
    assert len({call["ClientRequestToken"] for call in client.calls}) == 1
    assert len(client.calls) == 3
    assert len(pauses) == 2
    assert all(0 <= pause <= 0.02 * 2**n for n, pause in enumerate(pauses))


def test_a_conflict_that_does_not_end_means_that_the_service_is_busy() -> None:
    fence, _, pauses = table(build_cancellation("TransactionConflict", "None"))
    with pytest.raises(ServiceBusy):
        fence.write(build_rename())
    assert sum(pauses) < 6  # within the time of a request


@pytest.mark.parametrize(
    ("reasons", "error"),
    [
        (("ConditionalCheckFailed", "None"), VersionMismatch),
        (("None", "ConditionalCheckFailed"), NameTaken),
        (("ConditionalCheckFailed", "ConditionalCheckFailed"), VersionMismatch),
        (("TransactionConflict", "ConditionalCheckFailed"), NameTaken),
    ],
)
def test_a_failed_condition_raises_the_error_of_its_write(reasons: tuple[str, ...], error: type[Exception]) -> None:
    fence, client, _ = table(build_cancellation(*reasons))
    with pytest.raises(error):
        fence.write(build_rename())
    assert len(client.calls) == 1


@pytest.mark.parametrize(
    "ours", [build_cancellation("ValidationError", "None"), build_error("AccessDeniedException")]
)
def test_a_mistake_of_our_own_is_not_retried(ours: ClientError) -> None:
    fence, client, _ = table(ours)
    with pytest.raises(ClientError):
        fence.write(build_rename())
    assert len(client.calls) == 1


@pytest.mark.parametrize("trouble", [build_error("ThrottlingException"), ReadTimeoutError(endpoint_url="")])
def test_a_call_that_the_table_cannot_serve_means_that_the_service_is_busy(trouble: Exception) -> None:
    fence, _, _ = table(trouble)
    for read in (
        lambda: fence.get(KEY),
        lambda: fence.batch_get([KEY]),
        fence.query_page,
        lambda: list(fence.query()),
        lambda: fence.write(build_rename()),
    ):
        with pytest.raises(ServiceBusy):
            read()


def test_a_batch_get_requests_unprocessed_keys_again() -> None:
    unprocessed = {"fencepost": {"Keys": [KEY]}}
    fence, client, pauses = table(
        {"Responses": {"fencepost": []}, "UnprocessedKeys": unprocessed}, {"Responses": {"fencepost": [KEY]}}
    )
    assert list(fence.batch_get([KEY, keys.tenant_key("u")])) == [("T#t", "TENANT")]
    assert client.calls[1]["RequestItems"] == unprocessed
    assert len(pauses) == 1


def test_a_batch_get_whose_keys_stay_unprocessed_means_that_the_service_is_busy() -> None:
    fence, _, _ = table({"Responses": {}, "UnprocessedKeys": {"fencepost": {"Keys": [KEY]}}})
    with pytest.raises(ServiceBusy):
        fence.batch_get([KEY])


def test_a_query_reads_all_its_pages() -> None:
    fence, client, _ = table({"Items": [{"n": 1}], "LastEvaluatedKey": KEY}, {"Items": [{"n": 2}]})
    assert list(fence.query(KeyConditionExpression="x")) == [{"n": 1}, {"n": 2}]
    assert client.calls[1]["ExclusiveStartKey"] == KEY


def test_items_are_skipped_by_counting_them_page_by_page() -> None:
    fence, client, _ = table(
        {"Count": 3, "LastEvaluatedKey": KEY}, {"Count": 2, "LastEvaluatedKey": keys.tags_key("t")}
    )
    assert fence.find_key_after(5, KeyConditionExpression="x") == keys.tags_key("t")
    assert [(call["Select"], call["Limit"], call.get("ExclusiveStartKey")) for call in client.calls] == [
        ("COUNT", 5, None),
        ("COUNT", 2, KEY),
    ]
    fence, _, _ = table({"Count": 3})
    assert fence.find_key_after(5, KeyConditionExpression="x") is None


def test_changes_of_one_bucket_are_one_write_and_the_last_one_counts() -> None:
    transaction = Transaction()
    transaction.remove_bucket_entry(KEY, "a", b"older")
    transaction.remove_bucket_entry(KEY, "b", b"gone")
    transaction.set_bucket_entry(KEY, "a", b"new", ServiceBusy())
    ((action, _),) = transaction.build_writes("fencepost")
    assert action["Update"]["UpdateExpression"] == "SET #0 = :0 REMOVE #1 ADD #bytes :growth"
    assert action["Update"]["ExpressionAttributeNames"] == {"#0": "a", "#1": "b", "#bytes": "bytes"}
    assert action["Update"]["ExpressionAttributeValues"][":growth"] == {"N": "-7"}
    assert len(transaction) == 1


class ExampleError(Exception):
    """The error of one write."""


@pytest.mark.parametrize("number", range(4))
def test_each_kind_of_write_has_its_own_error(number: int) -> None:
    errors = [ExampleError(n) for n in range(4)]
    transaction = Transaction()
    transaction.add_to_count(KEY, 1, errors[3])
    transaction.add_to_list(KEY, b"element", errors[2])
    transaction.set_bucket_entry(KEY, "a", b"entry", errors[1])
    transaction.create(KEY, errors[0])
    reasons = ["ConditionalCheckFailed" if n == number else "None" for n in range(4)]
    fence, _, _ = table(build_cancellation(*reasons))
    with pytest.raises(ExampleError) as raised:
        fence.write(transaction)
    assert raised.value is errors[number]


def get_update(transaction: Transaction) -> dict[str, Any]:
    ((action, _),) = transaction.build_writes("fencepost")
    update: dict[str, Any] = action["Update"]
    return update


def test_an_entry_is_added_only_if_the_bucket_has_room_for_all_its_bytes() -> None:
    transaction = Transaction()
    transaction.set_bucket_entry(KEY, "name", b"entry", ServiceBusy())
    update = get_update(transaction)
    assert update["ConditionExpression"] == "(attribute_not_exists(#bytes) OR #bytes <= :room)"
    assert update["ExpressionAttributeValues"][":growth"] == {"N": "9"}
    assert update["ExpressionAttributeValues"][":room"] == {"N": str(64 * 1024 - 9)}


@pytest.mark.parametrize(("entry", "has_bound"), [(b"12", False), (b"123", False), (b"1234", True)])
def test_a_bucket_that_does_not_grow_needs_no_room(entry: bytes, *, has_bound: bool) -> None:
    """A full bucket still takes a change that does not make it larger."""
    transaction = Transaction()
    transaction.remove_bucket_entry(KEY, "a", b"123")
    transaction.set_bucket_entry(KEY, "a", entry, ServiceBusy())
    update = get_update(transaction)
    assert ("ConditionExpression" in update, ":room" in update["ExpressionAttributeValues"]) == (has_bound, has_bound)
    assert update["ExpressionAttributeValues"][":growth"] == {"N": str(len(entry) - 3)}


def test_a_bucket_that_does_not_grow_must_exist_if_the_entry_requires_it() -> None:
    transaction = Transaction()
    transaction.remove_bucket_entry(KEY, "a", b"123")
    transaction.set_bucket_entry(KEY, "a", b"456", ServiceBusy(), must_exist=True)
    assert get_update(transaction)["ConditionExpression"] == "attribute_exists(PK)"
    transaction.set_bucket_entry(KEY, "b", b"1", ServiceBusy())
    both = "attribute_exists(PK) AND (attribute_not_exists(#bytes) OR #bytes <= :room)"
    assert get_update(transaction)["ConditionExpression"] == both


@pytest.mark.parametrize(("growth", "has_bound"), [(-1, False), (0, False), (1, True)])
def test_a_count_that_does_not_grow_needs_no_room(growth: int, *, has_bound: bool) -> None:
    transaction = Transaction()
    transaction.add_to_count(KEY, 2, ServiceBusy())
    transaction.add_to_count(KEY, growth - 2, ServiceBusy())
    update = get_update(transaction)
    condition = "attribute_not_exists(#room) OR #room >= :growth" if has_bound else None
    assert update.get("ConditionExpression") == condition
    assert update["ExpressionAttributeValues"][":growth"] == {"N": str(growth)}


def test_named_items_come_under_the_names_of_their_keys_and_missing_ones_do_not() -> None:
    user = keys.clock_key("t", "ada")
    fence, client, _ = table({"Responses": {"fencepost": [KEY | {"name": {"S": "Demo"}}]}})
    found = fence.batch_get_named({"tenant": KEY, "clock": user}, consistent=True)
    assert found == {"tenant": KEY | {"name": {"S": "Demo"}}}
    assert client.calls[0]["RequestItems"]["fencepost"] == {"Keys": [KEY, user], "ConsistentRead": True}
