"""What is wrong with a geometry, in words."""


class GeometryError(ValueError):
    """A shape that cannot be one, with the field that is at fault.

    >>> str(GeometryError("radius_m", "must be at least 0.001 m"))
    'radius_m: must be at least 0.001 m'
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
