"""What a function is told by its environment. Read when a handler is wired, never on import."""

from __future__ import annotations

import os

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Each field is an environment variable in upper case. A missing one fails with its name."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    table_name: str
    bucket_name: str = ""
    import_queue_url: str = ""
    event_bus_name: str = ""
    idempotency_table_name: str = ""
    user_pool_id: str = ""
    user_pool_client_id: str = ""
    # What every AWS client obeys, read here for the one address that is asked without a client.
    aws_endpoint_url: str = ""
    aws_endpoint_url_cognito_identity_provider: str = ""

    @classmethod
    def from_environment(cls) -> Settings:
        return cls.model_validate({name.lower(): value for name, value in os.environ.items()})
