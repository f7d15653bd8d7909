"""CSV and TSV as people have them: all rows, or the line where they cannot be told apart."""

import pytest

from harness.common.errors import HarnessError
from harness.tasks.tables.columns import read_columns
from harness.tasks.tables.form import PLAIN, Form
from harness.tasks.tables.found import find_form

WANTED = ("text", "label")
UNQUOTED = Form(quotes="none")


def unclosed(marks: int, delimiter: str) -> str:
    """Two hundred rows, some of whose texts begin with a quotation mark."""
    rows = [f'{chr(34) * (i % 41 == 7 and i // 41 < marks)}tea n{i} now{delimiter}{"ab"[i % 2]}'
            for i in range(200)]
    assert sum('"' in row for row in rows) == marks
    return "\n".join([f"text{delimiter}label", *rows, ""])


def columns(path, wanted=WANTED, said=PLAIN):
    """What `init` and `predict` read: the form is found first."""
    return list(read_columns(path, wanted, find_form([path], wanted, said)))


def refusal(path, wanted=WANTED, said=PLAIN):
    with pytest.raises(HarnessError) as error:
        columns(path, wanted, said)
    return error.value


@pytest.mark.parametrize("marks", [3, 4])
@pytest.mark.parametrize(("ending", "delimiter"), [("csv", ","), ("csv", ";"), ("tsv", "\t")])
def test_lone_marks_are_a_line_said_or_characters(tmp_path, ending, delimiter, marks):
    """Case lone-quotes: 200 rows, or the line of the first mark and the way on."""
    path = tmp_path / f"data.{ending}"
    path.write_text(unclosed(marks, delimiter))
    said = refusal(path)
    assert said.found.startswith(f"data.{ending}:9: a cell of this row begins with a ")
    assert "--quotes none" in said.fix
    rows = columns(path, said=UNQUOTED)
    assert len(rows) == 200
    assert rows[7] == ('"tea n7 now', "b")


def test_one_mark_that_nothing_follows_is_said(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(unclosed(1, ","))
    assert refusal(path).found.startswith("data.csv:9: ")


INCHES = 'text,label\nfirst,a\n"He left,b\nplain,a\na screen of 15",b\nlast,a\n'
"""RFC 4180 has a row of three lines here; whoever wrote it had three rows."""


def test_rows_between_two_lone_marks_are_not_swallowed(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(INCHES)
    said = refusal(path)
    assert said.found.startswith("data.csv:3: a quotation mark takes several lines")
    assert [text for text, _ in columns(path, said=UNQUOTED)] == [
        "first", '"He left', "plain", 'a screen of 15"', "last"]
    assert [text for text, _ in columns(path, said=Form(quotes="double"))] == [
        "first", "He left,b\nplain,a\na screen of 15", "last"]


def test_another_cell_of_several_lines_shows_that_a_file_is_quoted(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text('text,label\n"one, and\ntwo",a\n"three\n\nfour",b\n')
    assert columns(path) == [("one, and\ntwo", "a"), ("three\n\nfour", "b")]


@pytest.mark.parametrize("content", ['say "hi" now,a', '"say ""hi"" now",a'])
def test_marks_within_a_cell_are_text(tmp_path, content):
    path = tmp_path / "data.csv"
    path.write_text(f"text,label\n{content}\n")
    assert columns(path) == [('say "hi" now', "a")]


def test_a_mark_that_closes_before_the_cell_ends_is_said(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text('text,label\nfine,a\n"Nice" film,b\n')
    assert refusal(path).found.startswith("data.csv:3: ")


@pytest.mark.parametrize(("content", "line", "fields"), [
    ("text,label\na,b\na, b,c\n", 3, "3 of 2"),
    ("text,label\na,b\n\n\ntorn\nin two,b\n", 5, "1 of 2"),
    ("a,text,b,label\n1,x,2,y\n1,x,2\n", 3, "3 of 4")])
def test_a_row_of_another_width_names_its_line(tmp_path, content, line, fields):
    path = tmp_path / "data.csv"
    path.write_text(content)
    assert refusal(path).found == f"data.csv:{line}: has {fields} fields"


def test_a_row_may_end_after_the_wanted_columns(tmp_path):
    """Spreadsheet programs leave out the delimiters of empty cells at the end."""
    path = tmp_path / "data.csv"
    path.write_text("text,label,note,more\na,b\nc,d,e\n")
    assert columns(path) == [("a", "b"), ("c", "d")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_of_one_column_every_line_is_a_row(tmp_path, end):
    """Case predict-blank-lines: five lines below the header, one of them empty and one blank."""
    path = tmp_path / "texts.csv"
    path.write_bytes(end.join(["text", "a", "", "b", "   ", "c", ""]).encode())
    assert columns(path, ("text",)) == [("a",), ("",), ("b",), ("   ",), ("c",)]
    path.write_bytes(end.join(["text", "a", "", ""]).encode())
    assert columns(path, ("text",)) == [("a",), ("",)]
    path.write_bytes(end.join(["", "a"]).encode())
    assert columns(path, ("0",), Form(header="none")) == [("",), ("a",)]


def test_between_rows_of_several_columns_blank_lines_are_none(tmp_path):
    path = tmp_path / "texts.csv"
    path.write_text("\ntext,label\n\na,b\n   \n,\n\n")
    assert columns(path) == [("a", "b"), ("", "")]


@pytest.mark.parametrize(("ending", "delimiter"), [("csv", ","), ("csv", ";"), ("tsv", "\t")])
def test_without_a_header_columns_have_numbers(tmp_path, ending, delimiter):
    """Case no-header: the refusal says the way on, and the way leads on."""
    path = tmp_path / f"data.{ending}"
    path.write_text(f"fruit{delimiter}the pear, number; 0\n".replace(*(
        (", ", " ") if delimiter == "," else ("; ", " ")))
        + f"metal{delimiter}the iron number 1\n")
    for asked in (("text", "label"), ("1", "0")):
        said = refusal(path, asked)
        assert f"there is no column '{asked[0]}' (it has fruit" in said.found
        assert said.fix.startswith("The file has no header line? Then say --header none")
    rows = columns(path, ("1", "0"), Form(header="none"))
    assert [label for _, label in rows] == ["fruit", "metal"]
    assert rows[1][0] == "the iron number 1"
    assert "no column '2'" in refusal(path, ("2", "0"), Form(header="none")).found


def test_a_misspelt_column_is_no_missing_header(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("text,label\na,b\n")
    assert refusal(path, ("text", "lable")).fix == "Did you mean 'label'?"
    assert refusal(path, ("text", "xyz")).fix == "Known: label, text."


def test_a_name_that_two_columns_have_is_said_where_it_is_wanted(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("text,note,,,note,label\na,1,2,3,4,b\n")
    assert columns(path) == [("a", "b")]
    assert "two columns are called 'note'" in refusal(path, ("text", "note")).found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_marks_of_encodings_and_line_ends_are_no_text(tmp_path, encoding, end):
    path = tmp_path / "data.csv"
    long = "é" * 200_000
    path.write_bytes(end.join(["text,label", f"{long},a", '"two\nlines",b', ""]).encode(encoding))
    assert columns(path) == [(long, "a"), ("two\nlines", "b")]


def test_a_nul_byte_and_other_bytes_name_their_line(tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes(b"text,label\nfine,a\nto\0rn,b\n")
    assert refusal(path).found == "data.csv:3: holds a NUL byte: not text"
    with pytest.raises(HarnessError, match=r"data\.csv:3: holds a NUL byte"):
        list(read_columns(path, WANTED))
    path.write_bytes(b"text,label\n" + b"fine,a\n" * 5000 + b"caf\xe9,b\n")
    with pytest.raises(HarnessError, match=r"data\.csv:5002: not utf-8-sig"):
        list(read_columns(path, WANTED))


def test_lines_that_end_in_two_carriage_returns_have_no_blank_ones_between(tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes(b"text\r\r\na\r\r\n\r\r\nb\r\r\n")
    assert columns(path, ("text",)) == [("a",), ("",), ("b",)]


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_carriage_return_in_a_cell_without_quotes_is_said(tmp_path, ends):
    path = tmp_path / "data.csv"
    path.write_bytes(ends.join(["text", "one\rtext", "another", ""]).encode())
    assert refusal(path, ("text",)).found.startswith("data.csv:2: some lines end in a carriage")
    path.write_bytes(ends.join(["text", '"one\rtext"', "another", ""]).encode())
    assert columns(path, ("text",)) == [("one\rtext",), ("another",)]


@pytest.mark.parametrize("delimiter", list('"\n\r'))
def test_what_cannot_stand_between_cells_is_refused(tmp_path, delimiter):
    path = tmp_path / "data.csv"
    path.write_text("text,label\na,b\n")
    with pytest.raises(HarnessError, match="cannot stand between cells"):
        list(read_columns(path, WANTED, Form(delimiter=delimiter)))
