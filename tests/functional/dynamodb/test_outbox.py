"""The outbox publishes each event at least once and in order."""

from __future__ import annotations

import json
from typing import Any

from fencepost.dynamodb.outbox import EventBus
from tests.functional.app import App, event

RECORD = event("stream/geofence_created")["Records"][0]


class FakeBus:
    """EventBridge's PutEvents, which may accept some entries and refuse others in the same call."""

    def __init__(self, refuse: set[str]) -> None:
        self.refuse = refuse
        self.accepted: list[dict[str, Any]] = []

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - as boto3 spells it
        results = []
        for entry in Entries:
            refused = json.loads(entry["Detail"])["eventId"] in self.refuse
            results.append({"ErrorCode": "ThrottlingException"} if refused else {"EventId": "x"})
            if not refused:
                self.accepted.append(entry)
        return {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": results}


def items(count: int) -> list[dict[str, Any]]:
    return [RECORD["dynamodb"]["NewImage"] | {"id": {"S": f"e{n}"}} for n in range(count)]


def test_a_batch_of_the_stream_is_published(app: App) -> None:
    assert app.invoke("outbox", event("stream/geofence_created")) == {"batchItemFailures": []}


def test_the_detail_of_an_event_has_its_tenant_actor_and_payload() -> None:
    client = FakeBus(refuse=set())
    assert EventBus(client, "bus").publish(items(1)) == 1
    (entry,) = client.accepted
    assert (entry["Source"], entry["DetailType"], entry["EventBusName"]) == ("fencepost", "geofence.created", "bus")
    detail = json.loads(entry["Detail"])
    assert (detail["eventId"], detail["tenantId"], detail["actor"], detail["version"]) == ("e0", "demo", "ada", 1)


def test_more_than_ten_events_take_several_calls_and_keep_their_order() -> None:
    client = FakeBus(refuse=set())
    assert EventBus(client, "bus").publish(items(25)) == 25
    assert [json.loads(entry["Detail"])["eventId"] for entry in client.accepted] == [f"e{n}" for n in range(25)]


def test_a_batch_is_retried_from_the_first_event_that_the_bus_refuses() -> None:
    assert EventBus(FakeBus(refuse={"e12"}), "bus").publish(items(25)) == 12


def test_an_event_that_is_accepted_at_the_second_attempt_does_not_fail_the_batch() -> None:
    client = FakeBus(refuse={"e1"})
    put = client.put_events

    def put_once_refused(Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - as boto3 spells it
        response = put(Entries)
        client.refuse = set()
        return response

    client.put_events = put_once_refused  # type: ignore[method-assign]  # the fake refuses once
    assert EventBus(client, "bus").publish(items(3)) == 3
    assert sorted(json.loads(entry["Detail"])["eventId"] for entry in client.accepted) == ["e0", "e1", "e2"]
