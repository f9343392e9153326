"""Distances in the frame, against geographiclib."""

from random import Random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from geo.errors import GeometryError
from geo.wgs84 import Frame, Position, find_cap, measure_distance_m, to_earth_centred_m
from tests.oracles.geodesics import measure_exact_m, measure_vincenty_m, move
from tests.oracles.shapes import pick_place

longitudes = st.floats(-180, 180)
latitudes = st.floats(-90, 90)


def find_worst_error_m(seed: int, shortest_m: float, longest_m: float) -> float:
    """The largest error over 2,000 pairs of positions, their distances even on a logarithmic scale."""
    random = Random(seed)
    worst = 0.0
    for _ in range(2_000):
        lon, lat = pick_place(random)
        by_m = shortest_m * (longest_m / shortest_m) ** random.random()
        to = move(lon, lat, random.choice((0.0, 90.0, random.uniform(-180, 180))), by_m)
        got = measure_distance_m(Position(lon=lon, lat=lat), Position(lon=to[0], lat=to[1]))
        worst = max(worst, abs(got - measure_exact_m(lon, lat, *to)))
    return worst


@pytest.mark.parametrize(
    ("shortest_m", "longest_m", "bar_m"),
    [(1e-9, 1, 1e-7), (1, 1_000, 1e-6), (1_000, 100_000, 0.001), (100_000, 199_900, 0.005), (200_100, 1.9e7, 1e-6)],
)
def test_a_distance_is_that_of_the_geodesic(
    shortest_m: float, longest_m: float, bar_m: float, fresh_seed: int
) -> None:
    worst = find_worst_error_m(fresh_seed, shortest_m, longest_m)
    assert worst < bar_m, f"off by {worst} m with seed {fresh_seed}"


@given(longitudes, latitudes, longitudes, latitudes)
@example(0, 0, 180, 0)
@example(0, 90, 77, 90)
@example(-180, 12, 180, 12)
@example(10, -89.99, -170, -89.99)
def test_a_distance_is_right_between_any_two_positions(
    lon_a: float, lat_a: float, lon_b: float, lat_b: float
) -> None:
    got = measure_distance_m(Position(lon=lon_a, lat=lat_a), Position(lon=lon_b, lat=lat_b))
    expected = measure_exact_m(lon_a, lat_a, lon_b, lat_b)
    assert got == pytest.approx(expected, abs=0.001 if expected < 100_000 else 0.005)


@given(longitudes, latitudes)
def test_a_position_is_no_way_from_itself(lon: float, lat: float) -> None:
    assert measure_distance_m(Position(lon=lon, lat=lat), Position(lon=lon, lat=lat)) == 0


@given(latitudes, longitudes)
def test_both_names_of_the_antimeridian_are_one_place(lat: float, lon: float) -> None:
    frame = Frame(Position(lon=lon, lat=max(-89.0, min(89.0, lat / 2))))
    assert frame.distance_m(180, lat) == pytest.approx(frame.distance_m(-180, lat), abs=1e-6)


@given(longitudes, longitudes, st.sampled_from([-90.0, 90.0]))
def test_a_pole_has_every_longitude(lon: float, other: float, lat: float) -> None:
    assert measure_distance_m(Position(lon=lon, lat=lat), Position(lon=other, lat=lat)) < 1e-8


def test_the_plane_says_the_same_as_the_distance(fresh_seed: int) -> None:
    random = Random(fresh_seed)
    for _ in range(300):
        lon, lat = pick_place(random)
        to = move(lon, lat, random.uniform(-180, 180), 10 ** random.uniform(-6, 5))
        frame = Frame(Position(lon=lon, lat=lat))
        east, north = frame.to_plane_m(np.array([to[0]]), np.array([to[1]]))
        length_m = float(np.hypot(east, north).item())
        assert length_m == pytest.approx(frame.distance_m(*to), abs=1e-6), f"seed {fresh_seed}"


def test_the_plane_has_east_to_the_right_and_north_upwards() -> None:
    east, north = Frame(Position(lon=24.94, lat=60.17)).to_plane_m(np.array([24.95, 24.94]), np.array([60.17, 60.18]))
    assert east[0] > 500
    assert abs(north[0]) < 0.1
    assert north[1] > 1_100
    assert abs(east[1]) < 1e-6


def test_the_oracle_of_distances_agrees_with_geographiclib(fresh_seed: int) -> None:
    random = Random(fresh_seed)
    for _ in range(500):
        lon, lat = pick_place(random)
        by_m = 10 ** random.uniform(-6, 6.5)
        to = move(lon, lat, random.uniform(-180, 180), by_m)
        got = measure_vincenty_m(*(np.array([value]) for value in (lon, lat, *to))).item()
        # Doubles leave some micrometres in the oracle's sums; the figures that it is asked for begin at millimetres.
        within_m = 1e-5 if by_m < 200_000 else 1e-3
        assert got == pytest.approx(measure_exact_m(lon, lat, *to), abs=within_m), f"seed {fresh_seed}"


def test_earth_centred_coordinates_meet_the_axes_of_the_ellipsoid() -> None:
    assert to_earth_centred_m(0, 90)[2] == pytest.approx(6_356_752.314245, abs=1e-6)
    assert to_earth_centred_m(90, 0)[1] == pytest.approx(6_378_137, abs=1e-6)


@pytest.mark.parametrize("lat", [90.0000001, -91, float("nan"), float("inf")])
def test_a_latitude_off_the_globe_is_refused(lat: float) -> None:
    with pytest.raises(GeometryError) as caught:
        Position(lon=0, lat=lat)
    assert caught.value.field == "latitude"


@pytest.mark.parametrize("lon", [180.0000001, -181, float("nan"), float("-inf")])
def test_a_longitude_off_the_globe_is_refused(lon: float) -> None:
    with pytest.raises(GeometryError) as caught:
        Position(lon=lon, lat=0)
    assert caught.value.field == "longitude"


@given(st.lists(st.tuples(longitudes, latitudes), min_size=1, max_size=6))
def test_a_cap_holds_all_its_points(points: list[tuple[float, float]]) -> None:
    middle, radius_deg = find_cap(points)
    on_sphere_deg = [measure_sphere_angle_deg((middle.lon, middle.lat), point) for point in points]
    assert max(on_sphere_deg) <= radius_deg + 1e-6


def measure_sphere_angle_deg(a: tuple[float, float], b: tuple[float, float]) -> float:
    lam, phi = np.radians([a[0], b[0]]), np.radians([a[1], b[1]])
    half = np.sin(np.diff(phi) / 2) ** 2 + np.cos(phi[0]) * np.cos(phi[1]) * np.sin(np.diff(lam) / 2) ** 2
    return float(np.degrees(2 * np.arcsin(np.sqrt(half.clip(0, 1)))).item())
