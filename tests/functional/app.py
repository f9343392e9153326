"""The application in process: its table on moto, and each function called with sample events."""

from __future__ import annotations

import copy
import importlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from pydantic import TypeAdapter

from fencepost import container
from fencepost.common import aws
from fencepost.directory.model import Entity
from fencepost.event_catalogue import EVENT_TYPES, find_payload_model
from fencepost.http.app import App as HttpApp
from tests.events import build_event
from tests.functional import quick_moto

ROOT = Path(__file__).parents[2]
BUCKET = "fencepost"
REGION = "eu-central-1"
SESSION = boto3.Session("test", "test", region_name=REGION)
# All tests share a client of each service: creating one takes longer than most tests. `_create_client_once` creates
# those of the code under test.
_client = cache(SESSION.client)
_create_client_once = cache(aws.create_client)
_TABLES: dict[str, Any] = {}


class _Template(yaml.SafeLoader):
    """Reads a template with the short forms of CloudFormation's functions, of which it returns the arguments."""


def _arguments(loader: yaml.SafeLoader, _tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


_Template.add_multi_constructor("!", _arguments)


@cache
def template() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), _Template)  # noqa: S506 - a SafeLoader
    return loaded


def event(name: str, /, **body: Any) -> dict[str, Any]:
    """Return a sample event of `tests.events`; with `body`, that becomes its body."""
    sample = build_event(name)
    if body:
        sample["body"] = json.dumps(body)
    return sample


def find_function(sent: Mapping[str, Any]) -> str:
    """Return the function that declares the route of an API event."""
    for folder in sorted(file.parent.name for file in ROOT.glob("functions/*/app.py")):
        app = getattr(importlib.import_module(f"functions.{folder}.app"), "app", None)
        if isinstance(app, HttpApp) and (sent["httpMethod"], sent["resource"]) in app.routes:
            return folder
    raise LookupError(sent["resource"])


@cache
def _adapter(model: Any) -> TypeAdapter[Any]:
    return TypeAdapter(model)


class App:
    """Two tenants, demo and other, each with the users ada, vera and emil."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        monkeypatch.setattr(aws, "create_client", _create_client_once)
        quick_moto.install(monkeypatch)
        self.table = _client("dynamodb")
        self.s3 = _client("s3")
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.sqs = _client("sqs")
        queue_url = self.sqs.create_queue(QueueName="imports")["QueueUrl"]
        _client("events").create_event_bus(Name="fencepost")
        for name, value in {
            "TABLE_NAME": "fencepost",
            "BUCKET_NAME": BUCKET,
            "IMPORT_QUEUE_URL": queue_url,
            "EVENT_BUS_NAME": "fencepost",
            "IDEMPOTENCY_TABLE_NAME": "idempotency",
        }.items():
            monkeypatch.setenv(name, value)
        self.queue_url = queue_url
        self.has_example_events = False
        self._clear_container()
        self.calls: Counter[str] = Counter()
        client = container.dynamodb_client().meta
        monkeypatch.setattr(client, "events", copy.copy(client.events))  # a listener lives for one test
        client.events.register("before-call.dynamodb", self._count)
        self._make_tables()
        self.calls.clear()

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        """Call the handler of a function and return its result."""
        return importlib.import_module(f"functions.{function}.app").handler(event, None)

    def request(
        self,
        function: str,
        name: str,
        /,
        *,
        roles: str | None = None,
        user: str | None = None,
        tenant: str | None = None,
        path_id: str | None = None,
        path: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        raw: str | None = None,
        **body: Any,
    ) -> Answer:
        """Send a sample event of the API, changed by the arguments, and return the response."""
        sent = event(f"api/{name}", **body)
        caller = sent["requestContext"]["authorizer"]
        caller.update({k: v for k, v in {"roles": roles, "userId": user, "tenantId": tenant}.items() if v})
        if path_id is not None:
            path = {**(sent["pathParameters"] or {}), "id": path_id, **(path or {})}
        if path is not None:
            sent["pathParameters"] = path
        sent["headers"].update(headers or {})
        if query is not None:
            sent["queryStringParameters"] = query
        if raw is not None:
            sent["body"] = raw
        answer = Answer(self.invoke(function, sent))
        self._check_contract(function, sent, answer)
        return answer

    def create_circle(self, name: str, lat: float = 10.0, lon: float = 10.0, **more: Any) -> Answer:
        """Create a circle."""
        answer = self.request("geofences", "create_circle", name=name, latitude=lat, longitude=lon, **more)
        assert answer.status == 201, answer
        return answer

    def list_names(self, **query: str) -> list[str]:
        """Return the names of all geofences that the query selects, page by page."""
        names: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.request("geofences", "list", query={**query, **cursor})
            assert page.status == 200, page
            names += [geofence["name"] for geofence in page.body["data"]]
            if page.body["nextCursor"] is None:
                return names
            cursor = {"cursor": page.body["nextCursor"]}

    def put(self, table: str, entity_id: str, *, tenant: str = "demo", members: Iterable[str] | None = None) -> None:
        """Put an entity into the directory, named by its id."""
        people = frozenset(members) if members is not None else None
        container.directory_service().put(
            tenant, [Entity(table=table, id=entity_id, name=entity_id, members=people)], [""]
        )

    def run_before_next_write(self, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
        """Act after the next request has read, and before it writes."""
        table = container.table()
        write = table.write

        def overtaken(transaction: Any) -> None:
            monkeypatch.setattr(table, "write", write)
            act()
            write(transaction)

        monkeypatch.setattr(table, "write", overtaken)

    def items(self) -> list[dict[str, Any]]:
        """Return everything in the table."""
        found: list[dict[str, Any]] = _client("dynamodb").scan(TableName="fencepost")["Items"]
        return found

    def events(self) -> list[dict[str, Any]]:
        """Return the events in the outbox, as they are published."""
        return [
            {"type": item["type"]["S"], **json.loads(item["data"]["S"])}
            for item in self.items()
            if item.get("entity", {}).get("S") == "Event"
        ]

    def check_events(self) -> None:
        """Verify that each event in the outbox has the fields of its payload model and no others."""
        if not self.has_example_events:
            for event in self.events():
                model = find_payload_model(EVENT_TYPES[event.pop("type")])
                assert _adapter(model).validate_python(event, strict=True) == event

    def import_file(self, key: str, content: bytes, **more: str) -> Any:
        """Upload a file to the bucket, run the import to its end, and return its report."""
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=content)
        dropped = event("s3/kml_dropped")
        dropped["detail"]["object"] |= {"key": key, "size": len(content), **more}
        self.invoke("kml_import", dropped)
        self.process_chunks()
        return self.report(key)

    def process_chunks(self) -> None:
        """Process all waiting chunks, each by a worker."""
        while messages := self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=1).get("Messages"):
            chunk = event("sqs/chunk")
            chunk["Records"][0]["body"] = messages[0]["Body"]
            assert self.invoke("import_worker", chunk) == {"batchItemFailures": []}
            self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=messages[0]["ReceiptHandle"])

    def report(self, key: str) -> Any:
        has_tenant = key.startswith(("uploads/demo/", "uploads/other/"))
        report_key = f"reports/{key.removeprefix('uploads/') if has_tenant else f'_rejected/{key}'}.json"
        return json.loads(self.s3.get_object(Bucket=BUCKET, Key=report_key)["Body"].read())

    def _check_contract(self, function: str, sent: dict[str, Any], answer: Answer) -> None:
        """Verify that a response is what its route declares: the model of its status, or a listed error."""
        app: HttpApp = importlib.import_module(f"functions.{function}.app").app
        route = app.routes[sent["httpMethod"], sent["resource"]]
        if answer.status in route.responses:
            model = route.responses[answer.status]
            if model is None:
                assert answer.body == {}
            else:
                _adapter(model).validate_python(answer.body)
            return
        assert answer.status in {403, *route.errors}, f"{route.path} does not declare {answer.status}"
        if app.dialect.error_schema is not None:
            _adapter(app.dialect.error_schema).validate_python(answer.body)
        else:
            assert answer.body["status"] == answer.status
            assert {"type", "title", "detail", "code", "requestId"} <= answer.body.keys()

    def _make_tables(self) -> None:
        """Create the tables of the template the first time. All other tests begin with copies of them."""
        tables = quick_moto.tables(REGION)
        if not _TABLES:
            self._make_table("Table", "fencepost")
            self._make_table("IdempotencyTable", "idempotency")
            for tenant_id in ("demo", "other"):
                container.tenant_service().put_tenant(tenant_id, tenant_id.title())
                for user_id in ("ada", "vera", "emil"):
                    self.put("users", user_id, tenant=tenant_id)
            _TABLES.update(tables)
        tables.update(copy.deepcopy(_TABLES))

    def _make_table(self, resource: str, name: str) -> None:
        properties = template()["Resources"][resource]["Properties"]
        names = {"BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes"} & properties.keys()
        self.table.create_table(TableName=name, **{key: properties[key] for key in names})

    def _clear_container(self) -> None:
        for accessor in vars(container).values():
            if hasattr(accessor, "cache_clear"):
                accessor.cache_clear()

    def _count(self, model: Any, **_: Any) -> None:
        self.calls[model.name] += 1


class Answer:
    """A response in the shape of API Gateway."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.status: int = answer["statusCode"]
        self.headers: dict[str, str] = answer["headers"]
        self.text: str = answer["body"]
        is_json = "json" in self.headers.get("Content-Type", "json")
        self.body: dict[str, Any] = json.loads(self.text or "{}") if is_json else {}

    @property
    def wrong_fields(self) -> list[str]:
        return [error["field"] for error in self.body["errors"]]

    def __repr__(self) -> str:
        return f"{self.status} {self.body}"
