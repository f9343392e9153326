"""Measure distances on WGS84: with Vincenty's formula for many pairs, with geographiclib for certain results.

Source: T. Vincenty, "Direct and inverse solutions of geodesics on the ellipsoid with application of nested
equations", Survey Review 176 (1975). It is exact to 0.1 mm, except near the antipode, where it does not converge.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from geographiclib.geodesic import Geodesic
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_A = 6_378_137.0
_F = 1 / 298.257223563
_B = _A * (1 - _F)
_MEAN_RADIUS_M = 6_371_000.0
_MAX_ITERATIONS = 20

SPHERE_ERROR = 0.006
"""The relative error of a distance on the mean sphere."""
SPHERE_SLACK_M = 0.3
"""The additional error in metres between neighbours, from the rounding of a dot product."""


def measure_exact_m(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    """Return the metres between two points (degrees) by geographiclib: exact to nanometres, 30 microseconds each."""
    return float(Geodesic.WGS84.Inverse(lat_a, lon_a, lat_b, lon_b, Geodesic.DISTANCE)["s12"])


def move(lon: float, lat: float, azimuth_deg: float, by_m: float) -> tuple[float, float]:
    """Return the end point (lon, lat degrees) of a geodesic, with its longitude from -180 to 180."""
    end = Geodesic.WGS84.Direct(lat, lon, azimuth_deg, by_m)
    return float(end["lon2"]), max(-90.0, min(90.0, float(end["lat2"])))


def measure_azimuth_deg(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    """Return the direction (degrees from north) in which the geodesic from `a` to `b` leaves `a`."""
    return float(Geodesic.WGS84.Inverse(lat_a, lon_a, lat_b, lon_b, Geodesic.AZIMUTH)["azi1"])


def to_unit_vectors(lon: Floats, lat: Floats) -> Floats:
    """Return points (degrees) on the unit sphere, with unchanged latitudes. The last axis is x, y, z."""
    lam, phi = np.radians(lon), np.radians(lat)
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)


def measure_sphere_m(a: Floats, b: Floats) -> Floats:
    """Return the metres on the mean sphere between all of `a` and all of `b`, to SPHERE_ERROR and SPHERE_SLACK_M."""
    distances: Floats = np.arccos((a @ b.T).clip(-1, 1)) * _MEAN_RADIUS_M
    return distances


def measure_vincenty_m(lon_a: Floats, lat_a: Floats, lon_b: Floats, lat_b: Floats) -> Floats:
    """Return the metres between points (degrees), pair by pair, for less than a quarter of the globe."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return _vincenty_m(lon_a, lat_a, lon_b, lat_b)


def _reduce_latitudes(lat: Floats) -> tuple[Any, Any]:
    """Return sine and cosine of the reduced latitudes."""
    phi = np.radians(lat)
    sin, cos = (1 - _F) * np.sin(phi), np.cos(phi)
    size = np.hypot(sin, cos)
    return sin / size, cos / size


def _vincenty_m(lon_a: Floats, lat_a: Floats, lon_b: Floats, lat_b: Floats) -> Floats:
    across = np.radians(np.remainder(lon_b - lon_a + 180, 360) - 180)
    sin_a, cos_a = _reduce_latitudes(lat_a)
    sin_b, cos_b = _reduce_latitudes(lat_b)
    lam = across
    for _ in range(_MAX_ITERATIONS):
        sin_lam, cos_lam = np.sin(lam), np.cos(lam)
        sin_sigma = np.hypot(cos_b * sin_lam, cos_a * sin_b - sin_a * cos_b * cos_lam)
        cos_sigma = sin_a * sin_b + cos_a * cos_b * cos_lam
        sigma = np.arctan2(sin_sigma, cos_sigma)
        sin_alpha = np.where(sin_sigma > 0, cos_a * cos_b * sin_lam / sin_sigma, 0)
        cos2_alpha = 1 - sin_alpha * sin_alpha
        cos_2m = np.where(cos2_alpha > 1e-15, cos_sigma - 2 * sin_a * sin_b / cos2_alpha, 0)
        c = _F / 16 * cos2_alpha * (4 + _F * (4 - 3 * cos2_alpha))
        bend = sigma + c * sin_sigma * (cos_2m + c * cos_sigma * (2 * cos_2m * cos_2m - 1))
        last, lam = lam, across + (1 - c) * _F * sin_alpha * bend
        if not np.any(np.abs(lam - last) > 1e-13):
            break
    u2 = cos2_alpha * (_A * _A - _B * _B) / (_B * _B)
    k = 1 + u2 / 16384 * (4096 + u2 * (-768 + u2 * (320 - 175 * u2)))
    q = u2 / 1024 * (256 + u2 * (-128 + u2 * (74 - 47 * u2)))
    inner = cos_sigma * (2 * cos_2m * cos_2m - 1)
    inner = inner - q / 6 * cos_2m * (4 * sin_sigma * sin_sigma - 3) * (4 * cos_2m * cos_2m - 3)
    delta = q * sin_sigma * (cos_2m + q / 4 * inner)
    distances: Floats = _B * k * (sigma - delta)
    return distances
