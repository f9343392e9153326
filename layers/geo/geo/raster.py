"""A line drawn on a grid: a fast filter that rules out most positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ACROSS = 128


class Raster:
    """The cells, of 128 by 128 over a box, that a line comes near.

    >>> import numpy as np
    >>> slope = Raster(np.array([[175.0, 0.0], [185.0, 5.0]]), (0.1, 0.1))
    >>> slope.is_near(180, 2.55), slope.is_near(-180, 2.55), slope.is_near(180, 3), slope.is_near(0, 0)
    (True, True, False, False)
    """

    __slots__ = ("_cells", "_columns_per_degree", "_rows_per_degree", "_south", "_west")

    def __init__(self, vertices: NDArray[np.float64], margins: tuple[float, float]) -> None:
        """Draw a line.

        Args:
            vertices: Rows of longitude and latitude in degrees, without a jump at the antimeridian.
            margins: How near, in degrees of longitude and latitude.
        """
        import numpy as np

        lowest, highest = vertices.min(axis=0) - margins, vertices.max(axis=0) + margins
        cells_per_degree = ACROSS / (highest - lowest)
        self._west, self._south = lowest.tolist()
        self._columns_per_degree, self._rows_per_degree = cells_per_degree.tolist()
        line = _add_steps((vertices - lowest) * cells_per_degree)
        grown = np.multiply(margins, cells_per_degree)
        first = np.floor(np.minimum(line[:-1], line[1:]) - grown).astype(np.intp).clip(0, ACROSS - 1)
        past = np.floor(np.maximum(line[:-1], line[1:]) + grown).astype(np.intp).clip(0, ACROSS - 1) + 1
        # A box is drawn by its corners, of which the sums along both axes make its area.
        corners = np.zeros((ACROSS + 1, ACROSS + 1), np.int32)
        for columns, rows, weight in ((first, first, 1), (past, first, -1), (first, past, -1), (past, past, 1)):
            np.add.at(corners, (rows[:, 1], columns[:, 0]), weight)
        is_drawn = corners.cumsum(axis=0).cumsum(axis=1)[:ACROSS, :ACROSS] > 0
        self._cells = np.packbits(is_drawn, bitorder="little").tobytes()

    def is_near(self, lon: float, lat: float) -> bool:
        """Return whether the line may be near. False is certain."""
        column = (lon - self._west) % 360 * self._columns_per_degree
        row = (lat - self._south) * self._rows_per_degree
        if not (column < ACROSS and 0 <= row < ACROSS):
            return False
        cell = ACROSS * int(row) + int(column)
        return bool(self._cells[cell >> 3] >> (cell & 7) & 1)


def _add_steps(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the line with more vertices, so that no step is longer than one on either axis."""
    import numpy as np

    counts = np.maximum(1, np.ceil(np.abs(np.diff(line, axis=0)).max(axis=1)))
    at = np.append(0.0, counts.cumsum())
    at_steps = np.arange(at[-1] + 1)
    return np.stack([np.interp(at_steps, at, line[:, 0]), np.interp(at_steps, at, line[:, 1])], axis=1)
