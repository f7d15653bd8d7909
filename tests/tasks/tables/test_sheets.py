"""Spreadsheets from strangers."""

import io
import re
import zipfile

import openpyxl
import pytest

from harness.common.errors import HarnessError
from harness.tasks.tables import sheets
from harness.tasks.tables.columns import read_columns
from harness.tasks.tables.form import PLAIN, Form
from harness.tasks.tables.found import find_form

WANTED = ("text", "label")


def written(path, rows, change=lambda book: None):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    change(book)
    book.save(path)
    return path


def replaced(path, part, old, new):
    """The file, with some bytes of a part replaced."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old in parts[part]
    parts[part] = parts[part].replace(old, new)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def columns(path, wanted=WANTED, said=PLAIN):
    return list(read_columns(path, wanted, find_form([path], wanted, said)))


def test_values_are_what_the_sheet_shows(tmp_path):
    path = written(tmp_path / "data.xlsx", [
        [], ["text", None, "label"], ["a", "note", 1], [" b ", None, "001"], [], [True, None, 1.5],
        ["c_x000D_\nd", None, "#N/A said as text"]])
    assert columns(path) == [("a", "1"), (" b ", "001"), ("", ""), ("True", "1.5"),
                             ("c\r\nd", "#N/A said as text")]
    assert columns(path, ("0", "2"), Form(header="none"))[:2] == [("text", "label"), ("a", "1")]
    assert "has no header line?" in failure(path, ("x", "y")).fix


def failure(path, wanted=WANTED):
    with pytest.raises(HarnessError) as error:
        columns(path, wanted)
    return error.value


def test_a_formula_is_its_value_or_said(tmp_path):
    path = written(tmp_path / "data.xlsx", [["text", "label"], ["a", "x"], ["=A2", "y"]])
    assert "cell A3 holds a formula without its value" in failure(path).found
    assert list(read_columns(path, ("label",))) == [("x",), ("y",)]
    replaced(path, "xl/worksheets/sheet1.xml", b'A3"><f>A2</f>',
             b'A3" t="str"><f>A2</f><v>a</v>')
    assert columns(path) == [("a", "x"), ("a", "y")]


def test_a_formula_is_known_under_any_prefix_of_its_namespace(tmp_path):
    path = written(tmp_path / "data.xlsx", [["text", "label"], ["a", "x"], ["=A2", "y"]])
    part = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read(part)
    prefixed = re.sub(rb"<(/?)(?=\w)", rb"<\1x:", sheet).replace(b" xmlns=", b" xmlns:x=")
    assert b"<x:f>" in prefixed
    replaced(path, part, sheet, prefixed)
    assert "cell A3 holds a formula without its value" in failure(path).found
    assert list(read_columns(path, ("label",))) == [("x",), ("y",)]


def test_sheets_without_formulas_are_read_once(tmp_path):
    path = written(tmp_path / "data.xlsx", [["text", "label"], ["a", "x"]])
    with path.open("rb") as stream:
        assert not sheets._looked_through(path, stream)


def test_an_error_in_a_cell_is_said(tmp_path):
    path = written(tmp_path / "data.xlsx", [["text", "label"], ["#NAME?", "x"]])
    assert "cell A2 holds the error #NAME?" in failure(path).found


def test_rows_of_other_sheets_are_not_passed_over(tmp_path):
    rows = [["text", "label"], ["a", "x"]]
    path = written(tmp_path / "data.xlsx", rows, lambda book: book.create_sheet("empty"))
    assert columns(path) == [("a", "x")]
    written(path, rows, lambda book: book.create_sheet("more").append(["b", "y"]))
    assert "several sheets hold rows: Sheet, more" in failure(path).found


def test_a_size_noted_wrongly_hides_no_rows(tmp_path):
    path = written(tmp_path / "data.xlsx", [["text", "label"], ["a", "x"], ["b", "y"]])
    replaced(path, "xl/worksheets/sheet1.xml", b'ref="A1:B3"', b'ref="A1"')
    assert columns(path) == [("a", "x"), ("b", "y")]


def test_a_cell_in_the_last_corner_costs_nothing(tmp_path):
    path = written(tmp_path / "data.xlsx", [["text", "label"], ["a", "x"]],
                   lambda book: book.active.cell(1_048_576, 16_384, "far"))
    assert columns(path) == [("a", "x")]


def test_bombs_are_not_unpacked(tmp_path):
    path = written(tmp_path / "data.xlsx", [["text", "label"], ["a", "x"]])
    replaced(path, "xl/worksheets/sheet1.xml", b"<sheetData>", b" " * 3_000_000 + b"<sheetData>")
    assert "would unpack to more than" in failure(path).found


def test_entities_are_not_expanded(tmp_path):
    path = written(tmp_path / "data.xlsx", [["text", "label"], ["a", "x"]])
    replaced(path, "xl/worksheets/sheet1.xml", b"<worksheet",
             b'<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet')
    assert "cannot be read as xlsx" in failure(path).found


def test_other_archives_and_damage_are_errors_of_ours(tmp_path):
    path = tmp_path / "data.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "text,label\n")
    assert "cannot be read as xlsx" in failure(path).found
    whole = written(path, [["text", "label"], ["a", "x"]]).read_bytes()
    for content in (b"", b"PK", whole[:-100], whole[:1000], whole.replace(b"PK\1\2", b"PK\1\3")):
        path.write_bytes(content)
        assert "cannot be read as xlsx" in failure(path).found


def test_a_sheet_without_its_ending_is_known_by_what_it_holds(tmp_path):
    path = written(tmp_path / "data.xlsx", [["text", "label"], ["a", "x"]])
    assert columns(path.rename(tmp_path / "data")) == [("a", "x")]
    assert io.BytesIO((tmp_path / "data").read_bytes()).read(2) == b"PK"
