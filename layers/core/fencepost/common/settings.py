"""The settings of a function. The container reads them from the environment, no module does on import."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings; each field is an environment variable in upper case. A missing one raises an error with its name."""

    table_name: str
    bucket_name: str = ""
    import_queue_url: str = ""
    event_bus_name: str = ""
    idempotency_table_name: str = ""
    # "amazon-location"; any other value means no geocoder.
    geocoder: str = ""
    user_pool_id: str = ""
    user_pool_client_id: str = ""
    # AWS clients read these themselves; Cognito's keys are fetched without a client.
    aws_endpoint_url: str = ""
    aws_endpoint_url_cognito_identity_provider: str = ""

    @classmethod
    def from_environment(cls) -> Settings:
        names = (field.name for field in fields(cls))
        return cls(**{name: os.environ[name.upper()] for name in names if name.upper() in os.environ})
