"""The error of a geometry that is not valid."""


class GeometryError(ValueError):
    """A shape is not valid. The error has the reason, and the field or fields that it concerns.

    >>> str(GeometryError("radius_m", "must be at least 0.001 m"))
    'radius_m: must be at least 0.001 m'
    """

    def __init__(self, field: str, reason: str, *other_fields: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.fields = (field, *other_fields)
        self.reason = reason
