"""Any table of strings that a program wrote is read back equal, in order."""

import csv
import io

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.common.errors import HarnessError
from harness.tasks.tables.columns import read_columns
from harness.tasks.tables.form import Form

tries = settings(deadline=None, max_examples=100, derandomize=True,
                 suppress_health_check=[HealthCheck.function_scoped_fixture])
odd = st.sampled_from(("", '"', '""', ",", "\n", "\r\n", "\t", "a,b", 'x"', '"x', "null", "01", " ",
                       "one, and\ntwo", "\u2028", "é"))
texts = st.one_of(odd, st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"),
                               max_size=8))
"""Programs that end lines in a line feed leave carriage returns without quotes."""
printable = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)
plain = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r\n,;\t"),
                max_size=8)


def tables(cells):
    """Rows of two columns or three."""
    return st.integers(2, 3).flatmap(
        lambda width: st.lists(st.tuples(*[cells] * width), min_size=1, max_size=6))


def attempted(path, wanted, form):
    """What is read, or what is said."""
    try:
        return list(read_columns(path, wanted, form)), ""
    except HarnessError as error:
        return None, error.found


def named(rows):
    return tuple("abc"[:len(rows[0])])


@tries
@given(rows=tables(texts), delimiter=st.sampled_from(",;\t"),
       ending=st.sampled_from(("\n", "\r\n")),
       quoting=st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)))
def test_what_csv_writes_is_read_back(tmp_path, rows, delimiter, ending, quoting):
    path, stream = tmp_path / "data.csv", io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=ending, quoting=quoting)
    writer.writerows([named(rows), *rows])
    path.write_bytes(stream.getvalue().encode())
    said = Form(delimiter=delimiter, quotes="double")
    assert list(read_columns(path, named(rows), said)) == rows
    read, refused = attempted(path, named(rows), Form(delimiter=delimiter))
    assert read == rows or "several lines, each like a row" in refused


@tries
@given(rows=st.lists(texts, min_size=1, max_size=6))
def test_what_csv_writes_of_one_column_is_read_back(tmp_path, rows):
    path, stream = tmp_path / "data.csv", io.StringIO(newline="")
    csv.writer(stream).writerows([["a"], *([text] for text in rows)])
    path.write_bytes(stream.getvalue().encode())
    assert [text for text, in read_columns(path, ("a",))] == rows


@tries
@given(rows=tables(plain), delimiter=st.sampled_from(",;\t"))
def test_without_quoting_every_character_is_itself(tmp_path, rows, delimiter):
    path = tmp_path / "data.csv"
    lines = [delimiter.join(row) for row in [named(rows), *rows]]
    path.write_bytes("\n".join([*lines, ""]).encode())
    form = Form(delimiter=delimiter, quotes="none")
    assert list(read_columns(path, named(rows), form)) == rows
    numbers = tuple("012"[:len(rows[0])])
    headless = form.model_copy(update={"header": "none"})
    assert list(read_columns(path, numbers, headless)) == [named(rows), *rows]


@tries
@given(rows=tables(texts), ending=st.sampled_from(("jsonl", "json", "parquet", "csv", "tsv.gz")))
def test_what_pandas_writes_is_read_back(tmp_path, rows, ending):
    path = tmp_path / f"data.{ending}"
    frame = pd.DataFrame(rows, columns=named(rows))
    {"jsonl": lambda: frame.to_json(path, orient="records", lines=True),
     "json": lambda: frame.to_json(path, orient="records"),
     "csv": lambda: frame.to_csv(path, index=False),
     "tsv.gz": lambda: frame.to_csv(path, index=False, sep="\t"),
     "parquet": lambda: frame.to_parquet(path)}[ending]()
    assert list(read_columns(path, named(rows), Form(quotes="double"))) == rows


@settings(tries, max_examples=30)
@given(rows=tables(printable))
def test_what_pandas_writes_to_a_sheet_is_read_back(tmp_path, rows):
    path = tmp_path / "data.xlsx"
    pd.DataFrame(rows, columns=named(rows)).to_excel(path, index=False)
    read, refused = attempted(path, named(rows), Form())
    while rows and not any(rows[-1]):
        rows = rows[:-1]  # a sheet has no last blank row
    # What begins with = is written as a formula.
    assert read == rows or "formula" in refused or "the error #" in refused
