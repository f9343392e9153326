"""Every change is published on the bus."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.service import Service, wait_for


class Subscription:
    """A rule and a queue that receive all events of the bus, as a consumer would set them up."""

    def __init__(self, service: Service) -> None:
        self._sqs = service.engine.client("sqs")
        events, name = service.engine.client("events"), f"all-{uuid4().hex[:8]}"
        self.url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]
        bus = service.endpoint.outputs["EventBusName"]
        events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps({"source": ["fencepost"]}))
        events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "queue", "Arn": attributes["QueueArn"]}])
        self.received: dict[str, dict[str, Any]] = {}

    def receive(self, *types: str, **fields: str) -> dict[str, dict[str, Any]]:
        """Wait for an event of each type with these fields in its detail, and return them by type."""

        def find_all() -> dict[str, dict[str, Any]] | None:
            messages = self._sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
            for message in messages:
                event = json.loads(message["Body"])
                self.received[event["detail"]["eventId"]] = event  # a duplicate has the same id
                self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            matching = {
                event["detail-type"]: event
                for event in self.received.values()
                if all(event["detail"].get(field) == value for field, value in fields.items())
            }
            return matching if set(types) <= matching.keys() else None

        return wait_for(find_all, f"events {types}")


@pytest.fixture(scope="module")
def subscription(service: Service) -> Subscription:
    return Subscription(service)


def test_every_change_of_a_geofence_is_an_event(service: Service, subscription: Subscription) -> None:
    body = {"name": f"Site {uuid4()}", "latitude": 5, "longitude": 5}
    geofence = service.call("POST", "/geofences", body).json()
    service.call("PUT", f"/geofences/{geofence['id']}", {"radiusMeters": 5})
    service.call("DELETE", f"/geofences/{geofence['id']}")
    types = ("geofence.created", "geofence.updated", "geofence.deleted")
    events = subscription.receive(*types, geofenceId=geofence["id"])
    created = events["geofence.created"]
    assert created["source"] == "fencepost"
    assert created["detail"]["tenantId"] == "demo"
    assert created["detail"]["actor"] == service.find_user_id("admin")
    assert (created["detail"]["version"], events["geofence.updated"]["detail"]["version"]) == (1, 2)


def test_every_clock_action_is_an_event(service: Service, subscription: Subscription) -> None:
    user_id = service.find_user_id("approver", "other")
    for minute, action in enumerate(("start", "break", "break", "stop", "start", "cancel")):
        body = {"action": action, "dateTime": f"2026-05-05T09:{minute:02}:00Z"}
        answer = service.call("POST", "/clock", body, tenant="other", role="approver")
        assert answer.status_code == 200, answer.text
    types = ("clock.started", "clock.break_started", "clock.break_ended", "clock.stopped", "clock.cancelled")
    events = subscription.receive(*types, userId=user_id)
    assert events["clock.stopped"]["detail"]["stoppedBy"] == "user"


def test_the_end_of_an_import_is_an_event(service: Service, subscription: Subscription) -> None:
    key = f"uploads/demo/{uuid4()}.kml"
    report = service.import_file(
        key, b"<kml><Placemark><Point><coordinates>9,49</coordinates></Point></Placemark></kml>"
    )
    events = subscription.receive("import.completed", importId=report["importId"])
    assert events["import.completed"]["detail"]["reportKey"] == f"reports/{key.removeprefix('uploads/')}.json"
    failed = service.import_file(f"uploads/demo/{uuid4()}.kml", b"nothing")
    subscription.receive("import.failed", importId=failed["importId"])
