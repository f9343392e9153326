"""Addresses to positions by Amazon Location Service."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError, HTTPClientError

from fencepost.common.errors import ServiceBusy
from geo.wgs84 import Position

_MAX_QUERY = 200


class AmazonLocationGeocoder:
    def __init__(self, client: Any) -> None:
        self._client = client

    def find(self, address: str) -> Position | None:
        """Where an address is, None where none is found. Raises Busy.

        What is found becomes a zone that is kept, and to keep it is what has to be asked for, and paid.
        """
        try:
            answer = self._client.geocode(QueryText=address[:_MAX_QUERY], MaxResults=1, IntendedUse="Storage")
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationException":
                return None
            if error.response["Error"]["Code"] in ("ThrottlingException", "InternalServerException"):
                raise ServiceBusy from error
            raise
        except HTTPClientError as error:
            raise ServiceBusy from error
        for found in answer["ResultItems"]:
            lon, lat = found["Position"]
            return Position(lon=lon, lat=lat)
        return None
