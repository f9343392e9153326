"""What is wrong with a geometry, in words."""


class GeometryError(ValueError):
    """A shape that cannot be one, with the field that is at fault, or several fields with the same fault.

    >>> str(GeometryError("radius_m", "must be at least 0.001 m"))
    'radius_m: must be at least 0.001 m'
    """

    def __init__(self, field: str, reason: str, *other_fields: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.fields = (field, *other_fields)
        self.reason = reason
