"""The sample events in `events/`: each is what its builder makes, and its function accepts it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fencepost import container
from tests.events import EVENTS, format_files, read_files
from tests.events.envelope import KEY
from tests.functional.app import BUCKET, Answer, App, event, find_function

REQUESTS = sorted(name for name in EVENTS if name.startswith("api/") and name != "api/authorize")
# A zone call brings its API key along: the gateway does not authorize it.
ZONE_CALLS = [name for name in REQUESTS if name.startswith("api/zone_")]
TRIGGERS = sorted(name for name in EVENTS if not name.startswith("api/"))
FUNCTION_OF_FOLDER = {"s3": "kml_import", "schedule": "schedules", "sqs": "import_worker", "stream": "outbox"}


def test_the_files_are_those_that_the_builder_makes() -> None:
    assert read_files() == format_files(), "run make events"


@pytest.mark.parametrize("name", sorted(set(REQUESTS) - set(ZONE_CALLS)))
def test_a_request_is_answered(app: App, name: str) -> None:
    app.put("users", "5CD906A3941C463B9CC98F49DBCC25AA")  # the user in the example of the timekeeping reference
    answer = Answer(app.invoke(find_function(event(name)), event(name)))
    assert answer.status in (200, 201, 202, 404), answer  # the geofence or the clock of the event need not exist


@pytest.mark.parametrize("name", ZONE_CALLS)
def test_a_zone_call_is_answered(app: App, name: str) -> None:
    key = container.tenant_service().issue_key("demo", "ada", ["admin"])
    request = json.loads(json.dumps(event(name)).replace(KEY, key))
    answer = Answer(app.invoke(find_function(request), request))
    assert answer.status == 200 or answer.body["status"]["code"] == 201, answer  # 201: the zone does not exist
    assert Answer(app.invoke(find_function(request), event(name))).body["status"]["code"] == 4


@pytest.mark.parametrize("name", TRIGGERS)
def test_a_trigger_is_processed(app: App, name: str) -> None:
    file_key = event("s3/kml_dropped")["detail"]["object"]["key"]
    app.s3.put_object(Bucket=BUCKET, Key=file_key, Body=b"<kml><Document/></kml>")
    function = "privacy" if name == "schedule/every_hour" else FUNCTION_OF_FOLDER[Path(name).parts[0]]
    answer = app.invoke(function, event(name))
    # The import of this chunk does not exist: the queue gets the message back for a retry.
    failures = [{"itemIdentifier": event("sqs/chunk")["Records"][0]["messageId"]}]
    assert answer.get("batchItemFailures", []) == (failures if name == "sqs/chunk" else [])


def test_the_key_in_the_authorizer_event_is_not_a_real_one(app: App) -> None:
    assert container.tenant_service().authenticate(event("api/authorize")["headers"]["authorization"]) is None
