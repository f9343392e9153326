"""The bytes of shapes as tables hold them today. They are never written otherwise, and always read."""

import pytest

from geo.codec import unpack_shape
from geo.shapes.base import Shape
from geo.shapes.circle import Circle
from geo.shapes.corridor import Corridor
from geo.shapes.packing import unpack_bounds
from geo.shapes.polygon import Polygon
from geo.wgs84 import Position

STORED: list[tuple[Shape, str]] = [
    (
        Circle(center=Position(lon=24.94, lat=60.17), radius_m=150.0),
        "004062c000000000000edd8ac023dd36a0",
    ),
    (
        Circle(center=Position(lon=-97.74310000000001, lat=30.26720000000001), radius_m=0.1),
        "043fb999999999999ac0586f8ef34d6a17403e4467381d7dc2",
    ),
    (
        Corridor(points=((24.94, 60.17), (24.95, 60.171), (24.96, 60.17)), half_width_m=12.5),
        "010edd81c500031f3623dd323300002fea402900000000000000030edd8ac023dd36a00edf116023dd5db00ee0980023dd36a0",
    ),
    (
        Corridor(points=((1 / 3, 2 / 3), (0.5, -0.25)), half_width_m=100_000.0),
        (
            "05ffa75b8c013070fdff4fbd1501a019e140f86a00000000000002"
            "3fd55555555555553fe55555555555553fe0000000000000bfd0000000000000"
        ),
    ),
    (
        Corridor(points=((179.9, -17.0), (-179.9, -17.5)), half_width_m=50.0),
        "016b3a7d06001ea9f4f591a491004c6e9e404900000000000000026b3a8fc0f5de018094c57040f591b640",
    ),
    (
        Polygon(parts=((((24.94, 60.17), (24.95, 60.17), (24.945, 60.18)),),)),
        "020edd8abf000186a223dd369f000186a200030001000100030edd8ac023dd36a00edf116023dd36a00ede4e1023debd40",
    ),
    (
        Polygon(parts=((((1 / 3, 0.0), (2 / 3, 0.0), (0.5, 1 / 7)),),)),
        (
            "060032dcd40032dcd8ffffffff0015cc5e0003000100010003"
            "3fd555555555555500000000000000003fe555555555555500000000000000003fe00000000000003fc2492492492492"
        ),
    ),
    (
        Polygon(
            parts=(
                (((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)), ((1.0, 1.0), (1.0, 2.0), (2.0, 2.0))),
                (((10.0, 0.0), (11.0, 0.0), (10.0, 1.0)),),
            )
        ),
        (
            "02ffffffff068e7782ffffffff02625a02000600020002000400030001000300000000000000000262"
            "5a000000000002625a0002625a000000000002625a0000989680009896800098968001312d0001312d0001312d00"
            "05f5e10000000000068e77800000000005f5e10000989680"
        ),
    ),
    (
        Polygon(parts=((((0.0, -80.0), (120.0, -80.0), (-120.0, -80.0)),),)),
        "0294b62dffd693a402ca5b16ff05f5e102000300010001000300000000d050f80047868c00d050f800b8797400d050f800",
    ),
]


@pytest.mark.parametrize(("shape", "stored"), STORED)
def test_a_shape_is_written_as_it_always_was(shape: Shape, stored: str) -> None:
    assert shape.pack().hex() == stored


@pytest.mark.parametrize(("shape", "stored"), STORED)
def test_what_was_stored_is_still_read(shape: Shape, stored: str) -> None:
    assert unpack_shape(bytes.fromhex(stored)) == shape
    if not isinstance(shape, Circle):
        bounds = unpack_bounds(bytes.fromhex(stored))
        assert max(abs(a - b) for a, b in zip(bounds, shape.bounds, strict=True)) < 2.5e-7
