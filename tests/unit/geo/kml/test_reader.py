"""What the KML reader takes, what it reports, and what it refuses."""

import codecs
import tracemalloc
from collections.abc import Iterator

import pytest

from geo.kml.model import KmlError, KmlGeometry, Placemark
from geo.kml.reader import read_kml

POINT = "<Point><coordinates>24.94,60.17,0</coordinates></Point>"


def read(text: str) -> list[Placemark]:
    return list(read_kml([text.encode()]))


def read_one(inside: str) -> Placemark:
    [placemark] = read(f"<kml><Document><Placemark>{inside}</Placemark></Document></kml>")
    return placemark


def read_point(coordinates: str) -> Placemark:
    return read_one(f"<Point><coordinates>{coordinates}</coordinates></Point>")


def read_line(coordinates: str) -> Placemark:
    return read_one(f"<LineString><coordinates>{coordinates}</coordinates></LineString>")


def write_ring(coordinates: str) -> str:
    return f"<LinearRing><coordinates>{coordinates}</coordinates></LinearRing>"


def write_outer(coordinates: str) -> str:
    return f"<outerBoundaryIs>{write_ring(coordinates)}</outerBoundaryIs>"


def list_kinds(placemark: Placemark) -> list[str]:
    return [geometry.kind for geometry in placemark.geometries]


def read_refused(*chunks: bytes) -> str:
    with pytest.raises(KmlError) as caught:
        list(read_kml(chunks))
    return str(caught.value)


# -- placemarks and what is around them ---------------------------------------


def test_a_placemark_carries_all_that_it_says() -> None:
    file = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2">
  <Document>
    <name>Depots</name>
    <Folder>
      <name> North
        coast </name>
      <Placemark id="a">
        <name>Gate  1</name>
        <description><![CDATA[ <b>Open</b> all day ]]></description>
        <ExtendedData>
          <Data name="radius"><displayName>r</displayName><value> 300 </value></Data>
        </ExtendedData>
        <Point><coordinates>24.94,60.17,5</coordinates></Point>
      </Placemark>
    </Folder>
  </Document>
</kml>"""
    assert read(file) == [
        Placemark(
            ordinal=1,
            line=8,
            name="Gate 1",
            containers=("Depots", "North coast"),
            description="<b>Open</b> all day",
            data={"radius": "300"},
            geometries=(KmlGeometry(kind="Point", rings=(((24.94, 60.17),),)),),
            problems=(),
        )
    ]


def test_placemarks_are_counted_from_one_in_the_order_of_the_file() -> None:
    placemarks = read(f"<Folder>{f'<Placemark>{POINT}</Placemark>' * 3}</Folder>")
    assert [placemark.ordinal for placemark in placemarks] == [1, 2, 3]


@pytest.mark.parametrize("name", ["", "<name/>", "<name> </name>", "<name>NULL</name>"])
def test_a_placemark_named_nothing_or_null_has_no_name(name: str) -> None:
    assert read_one(name + POINT).name is None


def test_a_name_inside_a_style_a_link_or_an_author_is_not_the_placemarks_own() -> None:
    inside = "<Style><name>s</name></Style><atom:author><atom:name>Ann</atom:name></atom:author>"
    assert read_one(inside + POINT).name is None


def test_a_name_inside_a_containers_style_or_network_link_is_not_the_containers_own() -> None:
    [placemark] = read(
        "<Document><Style><name>s</name></Style><NetworkLink><name>n</name></NetworkLink>"
        f"<Placemark>{POINT}</Placemark></Document>"
    )
    assert placemark.containers == ()


def test_a_placemark_may_say_its_name_after_its_geometry() -> None:
    assert read_one(POINT + "<name>late</name>").name == "late"


def test_a_folder_named_after_its_placemarks_is_missing_from_those_before_the_name() -> None:
    placemark = f"<Placemark>{POINT}</Placemark>"
    placemarks = read(f"<Document><Folder>{placemark}<name>late</name>{placemark}</Folder>{placemark}</Document>")
    assert [each.containers for each in placemarks] == [(), ("late",), ()]


def test_unnamed_containers_are_left_out_and_left_folders_forgotten() -> None:
    placemark = f"<Placemark>{POINT}</Placemark>"
    placemarks = read(
        "<kml><Document><name>D</name><Folder><Folder><name>inner</name>"
        f"{placemark}</Folder>{placemark}</Folder></Document></kml>"
    )
    assert [each.containers for each in placemarks] == [("D", "inner"), ("D",)]


def test_the_first_of_two_names_stands() -> None:
    names = "<name>first</name><name>second</name>"
    [placemark] = read(f"<Folder>{names}<Placemark>{names}</Placemark></Folder>")
    assert (placemark.containers, placemark.name) == (("first",), "first")


@pytest.mark.parametrize("root", ["kml", "Document", "Folder", "kml:kml", "x:Document"])
def test_any_of_kmls_own_elements_may_be_the_root(root: str) -> None:
    assert len(read(f"<{root}><Placemark>{POINT}</Placemark></{root}>")) == 1


def test_a_placemark_may_be_the_root() -> None:
    assert list_kinds(read(f"<Placemark>{POINT}</Placemark>")[0]) == ["Point"]


def test_prefixes_are_passed_over_declared_or_not() -> None:
    [placemark] = read(
        '<k:kml xsi:schemaLocation="a b"><k:Placemark><k:name>p</k:name>'
        "<k:Point><gx:altitudeMode>x</gx:altitudeMode><k:coordinates>1,2</k:coordinates></k:Point>"
        "</k:Placemark></k:kml>"
    )
    assert (placemark.name, list_kinds(placemark)) == ("p", ["Point"])


def test_placemarks_inside_an_element_nobody_knows_are_found() -> None:
    assert len(read(f"<kml><Response><name>x</name><Placemark>{POINT}</Placemark></Response></kml>")) == 1


def test_placemarks_of_an_update_to_another_file_are_not_in_this_one() -> None:
    update = "<NetworkLinkControl><Update><Delete><Placemark/></Delete></Update></NetworkLinkControl>"
    assert read(f"<kml>{update}</kml>") == []


def test_a_network_link_is_no_placemark() -> None:
    assert read("<kml><Document><NetworkLink><name>n</name></NetworkLink></Document></kml>") == []


@pytest.mark.parametrize(
    "schema",
    [
        '<Schema name="Zone" parent="Placemark"/>',
        "<Schema><name>Zone</name><parent>Placemark</parent><SimpleField name='a'/></Schema>",
    ],
)
def test_a_kml_2_0_schema_makes_its_element_a_placemark(schema: str) -> None:
    [zone] = read(f"<kml><Document>{schema}<Folder><Zone><name>z</name>{POINT}</Zone></Folder></Document></kml>")
    assert (zone.name, list_kinds(zone)) == ("z", ["Point"])


def test_a_schema_without_a_parent_or_named_like_a_known_element_changes_nothing() -> None:
    [placemark] = read(
        '<Document><Schema name="Zone"/><Schema name="Folder" parent="Placemark"/><Zone/>'
        f"<Folder><name>f</name><Placemark>{POINT}</Placemark></Folder></Document>"
    )
    assert placemark.containers == ("f",)


def test_extended_data_comes_from_data_and_from_simple_data() -> None:
    placemark = read_one(
        '<ExtendedData><Data name="a"><value>1</value></Data><Data><value>nameless</value></Data>'
        '<SchemaData schemaUrl="#s"><SimpleData name="b">two</SimpleData><SimpleData name="c"/></SchemaData>'
        "</ExtendedData>" + POINT
    )
    assert placemark.data == {"a": "1", "b": "two", "c": ""}


def test_a_description_of_bare_markup_keeps_its_words() -> None:
    description = read_one(f"<description>Open<b>all</b>day</description>{POINT}").description
    assert description is not None
    assert description.split() == ["Open", "all", "day"]


# -- geometries -----------------------------------------------------------------


def test_a_polygon_has_its_outer_ring_first_even_when_the_file_says_holes_first() -> None:
    holes = f"<innerBoundaryIs>{write_ring('1,1 2,1 2,2')}{write_ring('3,3 4,3 4,4')}</innerBoundaryIs>"
    placemark = read_one(f"<Polygon>{holes}{write_outer('0,0 9,0 9,9 0,0')}</Polygon>")
    assert placemark.geometries[0].rings == (
        ((0, 0), (9, 0), (9, 9), (0, 0)),
        ((1, 1), (2, 1), (2, 2)),
        ((3, 3), (4, 3), (4, 4)),
    )


def test_unclosed_repeated_crossing_and_far_away_vertices_pass_as_they_are() -> None:
    placemark = read_one(f"<Polygon>{write_outer('0,0 1,1 1,1 1,0 0,1 3000,200')}</Polygon>")
    assert placemark.geometries[0].rings == (((0, 0), (1, 1), (1, 1), (1, 0), (0, 1), (3000, 200)),)


def test_a_linear_ring_outside_a_polygon_is_a_line() -> None:
    assert list_kinds(read_one(write_ring("0,0 1,1 1,0 0,0"))) == ["LineString"]


@pytest.mark.parametrize("multi", ["MultiGeometry", "MultiPolygon", "MultiLineString", "MultiPoint"])
def test_multi_geometries_may_nest_and_keep_their_order(multi: str) -> None:
    line = "<LineString><coordinates>0,0 1,1</coordinates></LineString>"
    polygon = f"<Polygon>{write_outer('0,0 1,0 1,1 0,0')}</Polygon>"
    placemark = read_one(f"<{multi}>{line}<{multi}><{multi}>{POINT}</{multi}>{polygon}</{multi}>{line}</{multi}>")
    assert list_kinds(placemark) == ["LineString", "Point", "Polygon", "LineString"]


def test_sibling_geometries_are_all_taken() -> None:
    assert list_kinds(read_one(POINT + write_ring("0,0 1,1") + POINT)) == ["Point", "LineString", "Point"]


@pytest.mark.parametrize("tag", ["gx:Track", "gx:MultiTrack", "Model", "GroundOverlay", "Placemark"])
def test_what_is_not_supported_is_named_and_the_rest_still_read(tag: str) -> None:
    placemark = read_one(f"<{tag}><Point/></{tag}><MultiGeometry><{tag}/>{POINT}</MultiGeometry>")
    assert placemark.problems == (f"{tag} is not supported",) * 2
    assert list_kinds(placemark) == ["Point"]


@pytest.mark.parametrize("inside", ["", "<MultiGeometry/>", "<name>n</name>"])
def test_a_placemark_without_a_geometry_says_so(inside: str) -> None:
    assert read_one(inside).problems == ("the placemark has no geometry",)


@pytest.mark.parametrize(
    ("inside", "problem"),
    [
        ("<Point/>", "Point has no coordinates"),
        ("<LineString><coordinates /></LineString>", "LineString has no coordinates"),
        ("<LineString><coordinates> \n </coordinates></LineString>", "LineString has no coordinates"),
        ("<Point><coordinates>1,2 3,4</coordinates></Point>", "Point has 2 positions, not one"),
        (
            "<Point><coordinates>1,2</coordinates><coordinates>3,4</coordinates></Point>",
            "Point has more than one coordinates element",
        ),
        ("<Polygon/>", "Polygon has no outer ring"),
        (f"<Polygon><innerBoundaryIs>{write_ring('0,0')}</innerBoundaryIs></Polygon>", "Polygon has no outer ring"),
        (f"<Polygon>{write_outer('0,0')}{write_outer('1,1')}</Polygon>", "Polygon has more than one outer ring"),
        (f"<Polygon>{write_outer('')}</Polygon>", "Polygon's outer ring has no coordinates"),
        (
            f"<Polygon>{write_outer('0,0')}{write_ring('1,1')}</Polygon>",
            "Polygon has a LinearRing outside outerBoundaryIs and innerBoundaryIs",
        ),
        (
            (
                f"<Polygon>{write_outer('0,0')}"
                f"<innerBoundaryIs>{write_ring('1,1')}{write_ring('1 2')}</innerBoundaryIs></Polygon>"
            ),
            'Polygon\'s inner ring 2 cannot be read: tuple 1, "1", has no latitude',
        ),
    ],
)
def test_a_geometry_that_cannot_be_read_leaves_one_sentence_and_nothing_else(inside: str, problem: str) -> None:
    placemark = read_one(inside)
    assert (placemark.problems, placemark.geometries) == ((problem,), ())


def test_an_unreadable_polygon_does_not_spoil_the_next() -> None:
    placemark = read_one(f"<Polygon>{write_outer('x')}</Polygon><Polygon>{write_outer('0,0 1,0 1,1')}</Polygon>")
    assert (len(placemark.problems), list_kinds(placemark)) == (1, ["Polygon"])


# -- coordinates ----------------------------------------------------------------


@pytest.mark.parametrize(
    "coordinates",
    [
        "1,2 3,4",
        "\n\t1,2,0\n\t3,4,0\n",
        "1, 2 3, 4",
        "1 ,2 , 5 3\n,\n4",
        "1,2,3,4 3,4,5,6,7",
        "+1,+2 3.0,.4e1",
        "1,2,7.7E 3,4,5ddd",
        "1,2,NaN 3,4,",
        "1,2,,7 3,4,,",
        "1,2\u00a03,4",
        "1,2<br/>3,4",
    ],
)
def test_coordinates_whose_meaning_is_plain_are_taken(coordinates: str) -> None:
    placemark = read_line(coordinates)
    assert placemark.problems == ()
    assert placemark.geometries[0].rings == (((1, 2), (3, 4)),)


@pytest.mark.parametrize("value", ["xxx", "10xx", "1_0", "NaN", "-inf", "Infinity", "1e999", "١٢", "0x10", "1;2"])
def test_a_value_that_is_no_finite_number_is_quoted_with_its_tuple(value: str) -> None:
    what = "which is not a finite number"
    assert read_line(f"1,2 {value},3").problems == (
        f'LineString cannot be read: tuple 2 has the longitude "{value}", {what}',
    )
    assert read_line(f"1,2 3,4 5,{value},6").problems == (
        f'LineString cannot be read: tuple 3 has the latitude "{value}", {what}',
    )


@pytest.mark.parametrize(
    ("coordinates", "quoted"), [("1 2 3", "1"), ("1,", "1,"), ("1,,3", "1,,3"), ("1, ,3", "1,,3")]
)
def test_a_missing_latitude_is_never_made_up(coordinates: str, quoted: str) -> None:
    placemark = read_point(coordinates)
    assert placemark.problems == (f'Point cannot be read: tuple 1, "{quoted}", has no latitude',)
    assert placemark.geometries == ()


@pytest.mark.parametrize("coordinates", ["1, 2, 3, 4, 5, 6", "1,2, 3,4", "1,2,0,\n3,4,0,", "1,2,0;3,4,0"])
def test_positions_run_together_are_not_taken_for_one_with_extra_values(coordinates: str) -> None:
    [problem] = read_line(coordinates).problems
    assert problem.endswith("has more than longitude, latitude and altitude")


def test_at_most_forty_characters_of_the_file_are_quoted() -> None:
    [problem] = read_point("y" * 1000 + ",1").problems
    assert f'"{"y" * 39}…"' in problem


# -- streaming --------------------------------------------------------------------


def test_a_placemark_comes_out_before_the_next_chunk_is_asked_for() -> None:
    asked = []

    def make_chunks() -> Iterator[bytes]:
        for ordinal in (1, 2):
            asked.append(ordinal)
            yield b"<kml>" * (ordinal == 1) + f"<Placemark>{POINT}</Placemark>".encode()
        yield b"</kml>"

    assert next(read_kml(make_chunks())).ordinal == 1
    assert asked == [1]


@pytest.mark.parametrize("size", [1, 2, 7, 64])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_where_the_chunks_are_cut_changes_nothing(size: int, encoding: str) -> None:
    placemark = f"<Placemark><name>Hämeenlinna 🏰</name>{POINT}</Placemark>"
    data = f"<kml><Folder><name>ä</name>{placemark * 3}</Folder></kml>".encode(encoding)
    placemarks = list(read_kml(data[start : start + size] for start in range(0, len(data), size)))
    assert placemarks == list(read_kml([data]))
    assert [(each.name, each.containers) for each in placemarks] == [("Hämeenlinna 🏰", ("ä",))] * 3


@pytest.mark.parametrize("size", [1, 10_000])
def test_placemarks_before_the_fault_come_out_before_the_error(size: int) -> None:
    data = f"<kml><Placemark>{POINT}</Placemark><Placemark></kml>".encode()
    placemarks = read_kml(data[start : start + size] for start in range(0, len(data), size))
    assert next(placemarks).ordinal == 1
    with pytest.raises(KmlError, match="mismatched tag"):
        next(placemarks)


def test_an_eight_bit_encoding_is_read() -> None:
    data = f"<?xml version='1.0' encoding='windows-1251'?><Placemark><name>Склад</name>{POINT}</Placemark>"
    [placemark] = read_kml([data.encode("windows-1251")])
    assert placemark.name == "Склад"


def test_memory_does_not_grow_with_the_number_of_placemarks() -> None:
    block = f"<Placemark><name>n</name>{POINT}</Placemark>".encode() * 100

    def make_chunks() -> Iterator[bytes]:
        yield b"<kml>"
        for _ in range(100):
            yield block
        yield b"</kml>"

    tracemalloc.start()
    try:
        assert sum(1 for _ in read_kml(make_chunks())) == 10_000
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 2**20


# -- files that cannot be read ----------------------------------------------------


@pytest.mark.parametrize("data", [b"", b" \n\t", b'<?xml version="1.0"?>', " ".encode("utf-16"), b"<!-- - -->"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    assert read_refused(data).startswith("the file is empty")


def test_no_chunks_at_all_are_an_empty_file() -> None:
    assert read_refused().startswith("the file is empty")


@pytest.mark.parametrize("data", [b"<kml><Document>", b"<kml><Docu", b"<kml><![CDATA[ab", "<kml>ä".encode()[:-1]])
def test_a_file_that_was_cut_off_is_refused(data: bytes) -> None:
    assert read_refused(data) == "line 1: the file ends in the middle of an element: export or send it again"


def test_what_is_not_xml_is_refused_with_its_place() -> None:
    assert read_refused(b"<kml>\n <a></b></kml>").startswith(
        "line 2, column 7: the file is not XML, or is broken here (mismatched tag)"
    )


@pytest.mark.parametrize("data", [b'{"type": "Point"}', b"<kml>\0</kml>", b"<kml>&nbsp;</kml>", b"<kml/><kml/>"])
def test_what_is_nearly_xml_is_refused(data: bytes) -> None:
    assert "not XML, or is broken here" in read_refused(data)


@pytest.mark.parametrize("encoding", ["nonsense", "shift_jis", "rot13", "idna", "punycode"])
def test_an_encoding_that_cannot_be_read_is_refused(encoding: str) -> None:
    assert "save it as UTF-8" in read_refused(f'<?xml version="1.0" encoding="{encoding}"?><kml/>'.encode())


def test_another_kind_of_xml_is_refused_by_its_root() -> None:
    assert read_refused(b'<?xml version="1.0"?>\n<gpx xmlns="x"><wpt/></gpx>').startswith(
        "line 2: the root element is <gpx>, not <kml>"
    )


@pytest.mark.parametrize("size", [1, 100])
def test_a_zip_file_is_told_to_be_unzipped_first(size: int) -> None:
    data = b"PK\x03\x04\x14\x00doc.kml"
    assert "unzip it" in read_refused(*(data[start : start + size] for start in range(0, len(data), size)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_a_doctype_is_refused_in_any_encoding(encoding: str) -> None:
    bom = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}.get(encoding, b"")
    lol = '<!DOCTYPE kml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><kml>&b;</kml>'
    assert "DOCTYPE" in read_refused(bom + lol.encode(encoding))


# -- bounds -----------------------------------------------------------------------


def test_elements_may_nest_as_deep_as_the_bound_and_no_deeper() -> None:
    def nest(depth: int) -> bytes:
        return b"<kml>" + b"<Folder>" * (depth - 1) + b"</Folder>" * (depth - 1) + b"</kml>"

    assert list(read_kml([nest(64)])) == []
    assert "nested more than 64 deep" in read_refused(nest(65))
    with pytest.raises(KmlError, match="nested more than 3 deep"):
        list(read_kml([nest(4)], max_depth=3))


@pytest.mark.parametrize("around", ["Style", "Placemark", "name", "Point", "ExtendedData"])
def test_the_depth_is_bounded_inside_every_element(around: str) -> None:
    endless = (b"<x>" * 1000 for _ in range(10**9))
    with pytest.raises(KmlError, match="nested more than 64 deep"):
        for _ in read_kml(chunk for part in ([f"<kml><{around}>".encode()], endless) for chunk in part):
            pass


def repeat_forever(start: str, unit: str) -> Iterator[bytes]:
    yield start.encode()
    while True:
        yield unit.encode() * 1000


@pytest.mark.parametrize(
    ("start", "unit"),
    [
        ("<Placemark><Point><coordinates>", "1,2 "),
        ("<Placemark><name>", "a"),
        ("<Placemark><description>", "<br/>"),
        ("<Folder><name>", "ä"),
        ("<kml><Schema><name>", "a"),
        ("<Placemark>", "<description>ab</description>"),
        ("<Placemark>", "<Point/>"),
        ("<Placemark>", "<gx:Track/>"),
        ("<Placemark><ExtendedData>", "<Data name='a'/>"),
    ],
)
def test_what_one_element_holds_is_bounded(start: str, unit: str) -> None:
    with pytest.raises(KmlError, match="holds more than 10000 bytes of text"):
        list(read_kml(repeat_forever(start, unit), max_text_bytes=10_000))


def test_the_bound_on_text_counts_bytes_and_starts_anew_with_each_placemark() -> None:
    def write_file(name: str) -> list[bytes]:
        return [f"<Folder>{f'<Placemark><name>{name}</name></Placemark>' * 3}</Folder>".encode()]

    assert len(list(read_kml(write_file("ä" * 50), max_text_bytes=100))) == 3
    with pytest.raises(KmlError, match="bytes of text"):
        list(read_kml(write_file("ä" * 50 + "b"), max_text_bytes=100))


def test_text_that_nobody_wants_is_not_bounded() -> None:
    file = [b"<kml><Style>", b"a" * 10_000, b"</Style></kml>"]
    assert list(read_kml(file, max_text_bytes=100)) == []


@pytest.mark.parametrize("start", ["<kml a='", "<kml><!--", "<?pi "])
def test_a_tag_or_comment_without_end_is_refused(start: str) -> None:
    with pytest.raises(KmlError, match="one tag or comment is over"):
        list(read_kml(repeat_forever(start, "a" * 50)))


def test_element_names_and_schemas_without_end_are_refused() -> None:
    names = (f"<a{ordinal}/>".encode() for ordinal in range(10**9))
    with pytest.raises(KmlError, match="different names of elements"):
        list(read_kml(chunk for part in ([b"<kml>"], names) for chunk in part))
    schemas = (f'<Schema name="a{ordinal}" parent="Placemark"/>'.encode() for ordinal in range(10**9))
    with pytest.raises(KmlError, match="different names of elements"):
        list(read_kml(chunk for part in ([b"<kml>"], schemas) for chunk in part))


def test_a_run_of_white_space_is_read_in_linear_time() -> None:
    # A regular expression for white space around a comma takes minutes here.
    assert read_line("1, 2" + " " * 2_000_000 + "3, 4").geometries[0].rings == (((1, 2), (3, 4)),)
