"""Every change reaches the bus, and a rule takes it from there to a queue."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.service import Service, eventually


class Subscription:
    """All events of the bus, by a rule and a queue of its own, as a consumer would have them."""

    def __init__(self, service: Service) -> None:
        self._sqs = service.engine.client("sqs")
        events, name = service.engine.client("events"), f"all-{uuid4().hex[:8]}"
        self.url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]
        bus = service.endpoint.outputs["EventBusName"]
        events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps({"source": ["fencepost"]}))
        events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "queue", "Arn": attributes["QueueArn"]}])
        self.seen: dict[str, dict[str, Any]] = {}

    def wait_for(self, *types: str, **about: str) -> dict[str, dict[str, Any]]:
        """The events of these types that tell of `about`, each type once; an event id seen twice is one."""

        def all_there() -> dict[str, dict[str, Any]] | None:
            messages = self._sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
            for message in messages:
                event = json.loads(message["Body"])
                self.seen[event["detail"]["eventId"]] = event
                self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            told = {
                event["detail-type"]: event
                for event in self.seen.values()
                if all(event["detail"].get(field) == value for field, value in about.items())
            }
            return told if set(types) <= told.keys() else None

        return eventually(all_there, f"events {types}")


@pytest.fixture(scope="module")
def subscription(service: Service) -> Subscription:
    return Subscription(service)


def test_every_change_of_a_geofence_is_an_event(service: Service, subscription: Subscription) -> None:
    body = {"name": f"Told {uuid4()}", "latitude": 5, "longitude": 5}
    made = service.call("POST", "/geofences", body).json()
    service.call("PUT", f"/geofences/{made['id']}", {"radiusMeters": 5})
    service.call("DELETE", f"/geofences/{made['id']}")
    types = ("geofence.created", "geofence.updated", "geofence.deleted")
    told = subscription.wait_for(*types, geofenceId=made["id"])
    created = told["geofence.created"]
    assert created["source"] == "fencepost"
    assert created["detail"]["tenantId"] == "demo"
    assert created["detail"]["actor"] == service.user("admin")
    assert (created["detail"]["version"], told["geofence.updated"]["detail"]["version"]) == (1, 2)


def test_every_clock_action_is_an_event(service: Service, subscription: Subscription) -> None:
    who = service.user("approver", "other")
    for minute, action in enumerate(("start", "break", "break", "stop", "start", "cancel")):
        body = {"action": action, "dateTime": f"2026-05-05T09:{minute:02}:00Z"}
        answer = service.call("POST", "/clock", body, tenant="other", role="approver")
        assert answer.status_code == 200, answer.text
    types = ("clock.started", "clock.break_started", "clock.break_ended", "clock.stopped", "clock.cancelled")
    told = subscription.wait_for(*types, userId=who)
    assert told["clock.stopped"]["detail"]["stoppedBy"] == "user"


def test_the_end_of_an_import_is_an_event(service: Service, subscription: Subscription) -> None:
    key = f"uploads/demo/{uuid4()}.kml"
    report = service.drop(key, b"<kml><Placemark><Point><coordinates>9,49</coordinates></Point></Placemark></kml>")
    told = subscription.wait_for("import.completed", importId=report["importId"])
    assert told["import.completed"]["detail"]["reportKey"] == f"reports/{key.removeprefix('uploads/')}.json"
    failed = service.drop(f"uploads/demo/{uuid4()}.kml", b"nothing")
    subscription.wait_for("import.failed", importId=failed["importId"])
