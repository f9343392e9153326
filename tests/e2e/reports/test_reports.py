"""Totals, exports and erasure over HTTP, on the deployed template with its policies."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from tests.e2e.person import SPAN, Person, data

HERE = {"latitude": 30.267153, "longitude": -97.743057, "accuracy": 8}


def read_totals(person: Person, **query: str) -> list[dict[str, Any]]:
    answer = person.call("GET", "/times/totals", params={**SPAN, **query})
    assert answer.status_code == 200, answer.text
    return [item["data"] for item in answer.json()["items"]]


def test_entries_are_totalled_exported_and_marked_as_exported(person: Person) -> None:
    ids = [data(person.save_entry(start, end))["id"] for start, end in (("09:00", "12:00"), ("13:00", "17:00"))]
    assert [total["netSeconds"] for total in read_totals(person, userId=person.id, by="")] == [7 * 3600]
    assert {"userId": person.id, "netSeconds": 7 * 3600}.items() <= next(
        total for total in read_totals(person, unit="week", by="user") if total["userId"] == person.id
    ).items()
    exported = person.call("GET", "/times/export", params={**SPAN, "format": "csv", "userId": person.id})
    rows = list(csv.DictReader(io.StringIO(exported.text, newline="")))
    assert ([row["id"] for row in rows], exported.headers["Content-Type"]) == (ids, "text/csv; charset=utf-8")
    assert person.call("POST", "/times/approve", {"ids": ids[:1]}).status_code == 200
    marked = person.call("POST", "/times/export", {**SPAN, "format": "ics", "userId": person.id})
    assert (marked.status_code, marked.text.count("BEGIN:VEVENT")) == (200, 1)
    assert person.list_entries(approval="exported")[0]["id"] == ids[0]
    employee = person.service.call("POST", "/times/export", {**SPAN, "format": "csv"}, role="employee")
    assert employee.status_code == 403


def test_the_privacy_function_runs_and_a_user_is_erased(person: Person) -> None:
    fields = {"userId": person.id, "location": HERE, "comment": "Dentist later"}
    for action, at in (("start", "09:00"), ("stop", "10:00")):
        body = {"action": action, "dateTime": f"2026-05-04T{at}:00+02:00", **fields}
        assert person.call("POST", "/clock", body).status_code == 200
    lambdas = person.service.engine.client("lambda")
    (name,) = (f["FunctionName"] for f in lambdas.list_functions()["Functions"] if "Privacy" in f["FunctionName"])
    result = json.loads(lambdas.invoke(FunctionName=name, Payload=b"{}")["Payload"].read())
    assert result == {"lessened": 0}  # no demo tenant has set a number of days
    answer = person.service.call("DELETE", f"/directory/users/{person.id}", params={"erase": "true"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["erased"] == {"positions": 2, "comments": 1, "reasons": 0}
    (entry,) = person.list_entries()
    assert (entry["comment"], [punch["geofenceVerdict"] for punch in entry["punches"]]) == (None, [None, None])
    assert [total["netSeconds"] for total in read_totals(person, userId=person.id, by="")] == [3600]
