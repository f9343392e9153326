"""The directory, and how its groups take effect in verdicts and at the clock."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.service import Service

GATE = {"latitude": -33.86, "longitude": 151.21}
ELSEWHERE = {"latitude": -33.87, "longitude": 151.21}


@pytest.fixture
def group(service: Service) -> Iterator[str]:
    """Create a group whose member is the demo's employee."""
    group_id = f"g-{uuid4()}"
    body = {"name": "Gate", "members": [service.find_user_id("employee")]}
    assert service.call("PUT", f"/directory/groups/{group_id}", body).status_code == 200
    yield group_id
    service.call("DELETE", f"/directory/groups/{group_id}?cascade=true")


def create_fence(service: Service, *targets: tuple[str, str], **more: Any) -> dict[str, Any]:
    body = {
        "name": f"Gate {uuid4()}",
        **GATE,
        "radiusMeters": 100,
        "assignments": [{"targetTable": table, "targetId": target_id} for table, target_id in targets],
    }
    answer = service.call("POST", "/geofences", body | more)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


def test_a_geofence_applies_to_a_group_until_the_group_is_deleted(service: Service, group: str) -> None:
    created = create_fence(service, ("groups", group))
    entry = {"userId": service.find_user_id("employee"), "location": ELSEWHERE}
    refused = service.call("POST", "/geofences/validate", entry, role="employee").json()
    assert (refused["allowed"], refused["code"], refused["decidedBy"]) == (False, "GEOFENCE_OUTSIDE", created["id"])
    start = service.call("POST", "/clock", {"action": "start", "location": ELSEWHERE}, role="employee")
    assert (start.status_code, start.json()["items"][0]["code"]) == (403, "GEOFENCE_OUTSIDE")
    blocked = service.call("DELETE", f"/directory/groups/{group}")
    assert (blocked.status_code, blocked.json()["geofences"]) == (
        409,
        [{"id": created["id"], "name": created["name"]}],
    )
    assert service.call("DELETE", f"/directory/groups/{group}?cascade=true").status_code == 200
    assert service.call("GET", f"/geofences/{created['id']}").json()["assignments"] == []
    assert service.call("GET", f"/directory/users/{service.find_user_id('employee')}").json()["groups"] == []
    free = service.call("POST", "/geofences/validate", entry, role="employee").json()
    assert (free["allowed"], free["code"]) == (True, "NO_GEOFENCE")
    service.call("DELETE", f"/geofences/{created['id']}")


def test_entities_of_the_directory_are_put_listed_and_deleted(service: Service) -> None:
    ids = [f"p-{uuid4()}" for _ in range(100)]
    items = [{"id": entity_id, "name": f"Bulk {n:03}"} for n, entity_id in enumerate(ids)]
    assert service.call("PUT", "/directory/projects", {"items": items}).status_code == 200
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 30} | ({"cursor": cursor} if cursor else {})
        page = service.call("GET", "/directory/projects", params=params).json()
        seen += [entity["id"] for entity in page["data"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert [entity_id for entity_id in seen if entity_id in ids] == ids
    for entity_id in ids[:3]:
        assert service.call("DELETE", f"/directory/projects/{entity_id}").status_code == 200
    assert service.call("GET", f"/directory/projects/{ids[0]}").status_code == 404
    assert service.call("GET", "/directory/projects", role="viewer").status_code == 403


def test_concurrent_changes_of_members_leave_groups_and_users_consistent(service: Service) -> None:
    group_id = f"g-{uuid4()}"
    people = [f"u-{n}-{uuid4()}" for n in range(6)]
    service.call("PUT", "/directory/users", {"items": [{"id": u, "name": u} for u in people]})
    sets = [people[:3], people[2:], people[1:4], [], people]
    with ThreadPoolExecutor(5) as pool:
        answers = pool.map(
            lambda members: (
                service.call(
                    "PUT", f"/directory/groups/{group_id}", {"name": "Crowd", "members": members}
                ).status_code
            ),
            sets,
        )
        assert set(answers) == {200}
    members = service.call("GET", f"/directory/groups/{group_id}").json()["members"]
    assert sorted(members) in [sorted(each) for each in sets]
    users_in_group = [u for u in people if group_id in service.call("GET", f"/directory/users/{u}").json()["groups"]]
    assert sorted(users_in_group) == sorted(members)
