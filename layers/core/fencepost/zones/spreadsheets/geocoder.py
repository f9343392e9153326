"""A geocoder: Amazon Location Service."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError, HTTPClientError

from fencepost.common.errors import ServiceBusy
from geo.wgs84 import Position

_MAX_QUERY_LENGTH = 200


class AmazonLocationGeocoder:
    """The port `Geocoder`."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def find(self, address: str) -> Position | None:
        """Return the position of an address, or None if it is not found.

        The position becomes that of a stored zone. Amazon Location requires, and charges for, the intended use
        `Storage` then.

        Raises:
            ServiceBusy: The service throttles, fails or does not respond.
        """
        try:
            response = self._client.geocode(
                QueryText=address[:_MAX_QUERY_LENGTH], MaxResults=1, IntendedUse="Storage"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationException":
                return None
            if error.response["Error"]["Code"] in ("ThrottlingException", "InternalServerException"):
                raise ServiceBusy from error
            raise
        except HTTPClientError as error:
            raise ServiceBusy from error
        for result in response["ResultItems"]:
            lon, lat = result["Position"]
            return Position(lon=lon, lat=lat)
        return None
