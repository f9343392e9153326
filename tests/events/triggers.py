"""One sample event of each other trigger: files, schedules, queue and stream."""

from __future__ import annotations

import json
from typing import Any

EVENT_ID = "0b6f2d0e-6f1c-4c7e-9d0c-2f1f6a7b8c9d"


def _build_schedule(event_id: str) -> dict[str, Any]:
    return {
        "version": "0",
        "id": event_id,
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "123456789012",
        "time": "2026-05-04T07:00:00Z",
        "region": "eu-central-1",
        "resources": ["arn:aws:scheduler:eu-central-1:123456789012:schedule/default/fencepost"],
        "detail": "{}",
    }


TRIGGER_EVENTS: dict[str, dict[str, Any]] = {
    "s3/kml_dropped": {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "123456789012",
        "time": "2026-05-04T07:00:00Z",
        "region": "eu-central-1",
        "resources": ["arn:aws:s3:::fencepost"],
        "detail": {
            "version": "0",
            "bucket": {"name": "fencepost"},
            "object": {
                "key": "uploads/demo/north depot.kml",
                "size": 1024,
                "etag": "b1946ac92492d2347c6235b4d2611184",
                "version-id": "",
                "sequencer": "00617F08299329D189",
            },
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "123456789012",
            "source-ip-address": "127.0.0.1",
            "reason": "PutObject",
        },
    },
    "schedule/every_hour": _build_schedule("0b7c6f0e-5d43-4d8e-9f10-2f6e2b1c7a55"),
    "schedule/every_minute": _build_schedule("53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa"),
    "sqs/chunk": {
        "Records": [
            {
                "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
                "body": json.dumps(
                    {"tenantId": "demo", "importId": "00000000-0000-4000-8000-000000000002", "chunk": 0}
                ),
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:imports",
                "awsRegion": "eu-central-1",
            }
        ]
    },
    "stream/geofence_created": {
        "Records": [
            {
                "eventID": "c4ca4238a0b923820dcc509a6f75849b",
                "eventName": "INSERT",
                "eventVersion": "1.1",
                "eventSource": "aws:dynamodb",
                "awsRegion": "eu-central-1",
                "dynamodb": {
                    "ApproximateCreationDateTime": 1777878000,
                    "Keys": {"PK": {"S": f"T#demo#EVENT#{EVENT_ID}"}, "SK": {"S": "EVENT"}},
                    "NewImage": {
                        "PK": {"S": f"T#demo#EVENT#{EVENT_ID}"},
                        "SK": {"S": "EVENT"},
                        "entity": {"S": "Event"},
                        "id": {"S": EVENT_ID},
                        "type": {"S": "geofence.created"},
                        "tenantId": {"S": "demo"},
                        "occurredAt": {"S": "2026-05-04T07:00:00.000000+00:00"},
                        "actor": {"S": "ada"},
                        "data": {
                            "S": json.dumps(
                                {
                                    "geofenceId": "00000000-0000-4000-8000-000000000001",
                                    "version": 1,
                                    "name": "Downtown Office",
                                    "status": "active",
                                    "latitude": 30.2672,
                                    "longitude": -97.7431,
                                },
                                separators=(",", ":"),
                            )
                        },
                        "ttl": {"N": "1778050800"},
                    },
                    "SequenceNumber": "111",
                    "SizeBytes": 400,
                    "StreamViewType": "NEW_IMAGE",
                },
                "eventSourceARN": (
                    "arn:aws:dynamodb:eu-central-1:123456789012:table/fencepost/stream/2026-05-04T00:00:00.000"
                ),
            }
        ]
    },
}
