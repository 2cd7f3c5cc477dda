"""Files of all usual shapes are read; what is no table is said to be none."""

import pytest

from crm.errors import ValidationFailed
from crm.imports.encodings import decode
from crm.imports.reading import open_table
from crm.imports.refused import as_csv, meant, safe


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1256"])
def test_usual_encodings_are_read(encoding: str) -> None:
    table = open_table("نام;شهر\nرضا;تهران\n".encode(encoding))
    assert table.columns == ("نام", "شهر")
    assert [line.cells for line in table.lines()] == [{"نام": "رضا", "شهر": "تهران"}]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Name,City\nJörg Käse,Köln\nPeña Muñoz,A Coruña\n", "cp1252"),
        ("Nome,Cidade\nJoão Conceição,São Paulo\n", "cp1252"),
        ("نام,شهر\nعلي رضايي,تهران\nسارا احمدي,شيراز\n", "cp1256"),
        ("姓名,城市\n陈伟,上海\n王芳,北京\n", "gb18030"),
        ("Name\tCity\nAnna\tRome\n", "utf-16-le"),
        ("Name\tCity\nAnna\tRome\n", "utf-16-be"),
    ],
)
def test_code_pages_are_told_apart_and_named(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == (text, encoding)
    assert decode(text.encode(encoding), encoding) == (text, encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "nothing"])
def test_an_encoding_that_is_not_the_files_is_refused(encoding: str) -> None:
    with pytest.raises(ValidationFailed, match=f"as '{encoding}'"):
        decode("Köln".encode("cp1252"), encoding)


@pytest.mark.parametrize("above", ["sep=;\r\n", "\n\n", " \nsep=;\n\n"])
def test_lines_above_the_header_are_passed_over_and_counted(above: str) -> None:
    table = open_table(f'{above}a;"b,c,d"\n1;2\n'.encode())
    assert [(line.number, line.cells) for line in table.lines()] == [(above.count("\n") + 2, {"a": "1", "b,c,d": "2"})]


def test_a_quotation_that_never_ends_is_said_to_be_one() -> None:
    (line,) = open_table(b'a,b\n"1,2\n3,4\n').lines()
    assert line.number == 2
    assert "never closed" in str(line.problem)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_usual_delimiters_are_seen(delimiter: str) -> None:
    table = open_table(f"a{delimiter}b\r\n1{delimiter}2\r\n".encode())
    assert [line.cells for line in table.lines()] == [{"a": "1", "b": "2"}]


def test_lines_are_those_of_the_file() -> None:
    data = b'a,b\n1,"x\ny"\n\n2,z\n3,p,q\n4,"u"v\n5,w\n'
    lines = list(open_table(data).lines())
    assert [(line.number, line.cells.get("a")) for line in lines] == [(2, "1"), (5, "2"), (6, "3"), (7, None), (8, "5")]
    assert "3 cells" in str(lines[2].problem)
    assert "cannot be read" in str(lines[3].problem)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"PK\x03\x04\x00\x00", "no text file"),
        (b"\xff\xfea", "encoding is not known"),
        (b"a,a\n1,2\n", "'a' occurs twice"),
        (b",".join(b"c%d" % n for n in range(300)), "300 columns"),
        (b'a,"b\n', "cannot be read"),
    ],
)
def test_what_is_no_table_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(ValidationFailed, match=said):
        open_table(data)


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_that_a_spreadsheet_would_run_is_marked_as_text(cell: str) -> None:
    assert safe(cell) == f"'{cell}"
    assert meant(safe(cell)) == cell


def test_refused_rows_make_a_file_with_line_and_reason() -> None:
    rows = [
        {"line": 3, "reason": "no, wrong", "row": {"a": "=x", "b": "-5.5"}},
        {"line": 9, "reason": "r", "row": {"c": "1"}},
    ]
    assert as_csv(rows) == 'line,reason,a,b,c\r\n3,"no, wrong",\'=x,-5.5,\r\n9,r,,,1\r\n'
