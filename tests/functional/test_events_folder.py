"""Every event that the repository offers for `sam local invoke` is one that its function takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fencepost import container
from tests.functional.app import BUCKET, ROOT, Answer, App, event, function_of

EVENTS = sorted(file.relative_to(ROOT / "events").with_suffix("").as_posix() for file in ROOT.glob("events/*/*.json"))
FUNCTION_OF = {"s3": "kml_import", "schedule": "schedules", "sqs": "import_worker", "stream": "outbox"}
BY_NAME = {"schedule/every_hour": "privacy"}


# A zone call brings its hash along, which the gateway does not look into.
ZONE_CALLS = [name for name in EVENTS if name.startswith("api/zone_")]
SAYING_WHO_ASKS = {"api/authorize", *ZONE_CALLS}
NO_KEY = "fp_0123456789abcdef_not-a-real-secret"


@pytest.mark.parametrize("name", [name for name in EVENTS if name.startswith("api/") and name not in SAYING_WHO_ASKS])
def test_a_request_is_answered(app: App, name: str) -> None:
    app.put("users", "5CD906A3941C463B9CC98F49DBCC25AA")  # the one whom the example of the reference names
    answer = Answer(app.invoke(function_of(event(name)), event(name)))
    assert answer.status in (200, 201, 202, 404), answer  # the geofence or the clock of the event need not be there


@pytest.mark.parametrize("name", ZONE_CALLS)
def test_a_zone_call_is_answered(app: App, name: str) -> None:
    key = container.tenants().issue_key("demo", "ada", ["admin"])
    sent = json.loads(json.dumps(event(name)).replace(NO_KEY, key))
    answer = Answer(app.invoke(function_of(sent), sent))
    # 201: the zone of the event is not there.
    assert answer.status == 200 or answer.body["status"]["code"] == 201, answer
    assert Answer(app.invoke(function_of(sent), event(name))).body["status"]["code"] == 4


@pytest.mark.parametrize("name", [name for name in EVENTS if not name.startswith("api/")])
def test_an_event_is_worked_on(app: App, name: str) -> None:
    dropped = event("s3/kml_dropped")["detail"]["object"]["key"]
    app.s3.put_object(Bucket=BUCKET, Key=dropped, Body=b"<kml><Document/></kml>")
    answer = app.invoke(BY_NAME.get(name) or FUNCTION_OF[Path(name).parts[0]], event(name))
    # The chunk of the event is of no import that is there: it is given back, to be tried again.
    given_back = [{"itemIdentifier": event("sqs/chunk")["Records"][0]["messageId"]}]
    assert answer.get("batchItemFailures", []) == (given_back if name == "sqs/chunk" else [])


def test_the_token_of_the_authorizers_event_is_not_a_real_one(app: App) -> None:
    assert container.tenants().principal_of(event("api/authorize")["headers"]["authorization"]) is None
