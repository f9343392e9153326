"""Tables from XLSX files as Excel writes them, and from hostile files."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile

import pytest

from fencepost.zones.spreadsheets.csv_reader import read_rows
from fencepost.zones.spreadsheets.errors import UnreadableTable

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
PARTS = {
    "xl/workbook.xml": f"""<workbook {MAIN} xmlns:r="http://x/relationships"><sheets>
        <sheet name="Zones" sheetId="7" r:id="rId3"/><sheet name="Other" sheetId="8" r:id="rId1"/>
        </sheets></workbook>""",
    "xl/_rels/workbook.xml.rels": """<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/>
        <Relationship Id="rId3" Target="/xl/worksheets/sheet2.xml"/></Relationships>""",
    "xl/sharedStrings.xml": f"""<sst {MAIN}><si><t>label</t></si>
        <si><r><t>North </t></r><r><t>gate</t></r><rPh><t>sound</t></rPh></si></sst>""",
    "xl/worksheets/sheet1.xml": f"<worksheet {MAIN}><sheetData/></worksheet>",
    "xl/worksheets/sheet2.xml": f"""<worksheet {MAIN}><sheetData>
        <row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>lat</t></is></c></row>
        <row r="2"/>
        <row r="9"><c r="A9" t="s"><v>1</v></c><c r="C9"><v>4.8200000000000003E1</v></c><c><v>12</v></c></row>
        <row><c t="str"><v>text</v></c><c t="s"><v>99</v></c><c r="ZZZ1"><v>5</v></c></row>
        </sheetData></worksheet>""",
}


def workbook(how: int = ZIP_DEFLATED, **changed: str) -> bytes:
    packed = BytesIO()
    with ZipFile(packed, "w", how) as archive:
        for name, content in PARTS.items():
            archive.writestr(name, changed.get(name.rpartition("/")[2].partition(".")[0], content))
    return packed.getvalue()


def test_first_sheet_is_read_as_it_is_displayed() -> None:
    assert read_rows(workbook(), 10) == [["label", "", "lat"], ["North gate", "", "48.2", "12"], ["text"]]


def test_nothing_is_read_after_the_requested_rows() -> None:
    broken_later = PARTS["xl/worksheets/sheet2.xml"].replace('<row r="9">', "<row>" * 3)
    padded = broken_later.replace('<row r="2"/>', '<row r="2"/>' + " " * 2**17)
    assert read_rows(workbook(sheet2=padded), 1) == [["label", "", "lat"]]
    with pytest.raises(UnreadableTable):
        read_rows(workbook(sheet2=padded), 2)


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("sheet2", "<a>" * 1_000),
        ("sheet2", f"<worksheet><row>{'<c/>' * 2_000}</row></worksheet>"),
        ("sheet2", '<!DOCTYPE x [<!ENTITY a "b">]><worksheet>&a;</worksheet>'),
        ("sheet2", '<?xml version="1.0" encoding="nonsense"?><worksheet/>'),
        ("sheet2", "not XML"),
        ("sheet2", " " * 33_600_000),
        ("sharedStrings", "<sst><si>"),
        ("workbook", "<workbook/>"),
        ("workbook", '<workbook><sheet xmlns:r="r" r:id="rId9"/></workbook>'),
    ],
    ids=lambda text: text[:12],
)
def test_hostile_file_is_refused_at_once(monkeypatch: pytest.MonkeyPatch, part: str, content: str) -> None:
    monkeypatch.setattr("fencepost.zones.spreadsheets.xlsx_reader._MAX_ELEMENTS", 1_000)
    with pytest.raises(UnreadableTable):
        read_rows(workbook(ZIP_DEFLATED, **{part: content}), 10)


@pytest.mark.parametrize(
    "content",
    [
        b"PK",
        b"PK\x03\x04",
        workbook(ZIP_BZIP2),
        workbook()[:300],
        workbook()[:-6] + b"\xff" * 6,
        b"\xff\xfe\x00",
        b'"' + b"a" * 200_000,
    ],
    ids=[
        "two bytes",
        "the first bytes",
        "an unusual compression",
        "cut off",
        "a damaged end",
        "not text",
        "an endless field",
    ],
)
def test_file_that_is_not_a_table_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableTable):
        read_rows(content, 10)
