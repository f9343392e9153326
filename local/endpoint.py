"""Addresses and keys that a client of the running service needs, as in `.local/endpoint.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.deploy import Deployment
from local.engine import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Engine


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Addresses and keys of a deployed service. All addresses are on loopback."""

    base_url: str
    bucket: str
    aws_endpoint: str
    region: str = REGION
    access_key_id: str = ACCESS_KEY_ID
    secret_access_key: str = SECRET_ACCESS_KEY
    outputs: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_deployment(cls, engine: Engine, deployment: Deployment) -> Endpoint:
        """Return the endpoint of a deployment. Its output `BucketName` is the bucket for uploaded files."""
        return cls(
            base_url=f"{deployment.api_url}/v1",
            bucket=deployment.outputs["BucketName"],
            aws_endpoint=engine.url,
            outputs=deployment.outputs,
        )

    def write(self, file: Path, *, tenants: Mapping[str, Any]) -> None:
        """Write the file atomically: a reader finds the old file or the new one, never a part."""
        content = {
            "baseUrl": self.base_url,
            "bucket": self.bucket,
            "table": self.outputs["TableName"],
            "eventBus": self.outputs["EventBusName"],
            "awsEndpoint": self.aws_endpoint,
            "region": self.region,
            "accessKeyId": self.access_key_id,
            "secretAccessKey": self.secret_access_key,
            "userPoolId": self.outputs["UserPoolId"],
            "userPoolClientId": self.outputs["UserPoolClientId"],
            "tenants": tenants,
        }
        unfinished = file.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(content, indent=2) + "\n")
        unfinished.replace(file)
