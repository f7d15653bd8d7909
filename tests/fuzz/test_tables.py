"""Tables and folders from strangers: whatever the bytes, rows of text or an error of ours."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import any_json, any_scalar, any_text, damaged_bytes, fuzzed, ours

from harness.common.errors import HarnessError
from harness.tasks.describe import describe
from harness.tasks.ledger import Ledger
from harness.tasks.prepare import RowsAt
from harness.tasks.readers.folders import FolderOptions, read_folders
from harness.tasks.readers.tables import TableOptions, read_table
from harness.tasks.tables.columns import read_columns
from harness.tasks.tables.found import find_form

COLUMNS = ("text", "label", "pair", "group", "slice")
ROWS = [{"text": f"words of item {i}", "label": "ab"[i % 2], "pair": "é \"q\", r", "group": str(i),
         "slice": "x"} for i in range(8)]
TOKENS = (b'"', b",", b"\n", b"\r", b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b"\xff", b"\t", b"{", b"}",
          b"[]", b"null", b"NaN", b"\\ud800", b"1e999", b"9" * 400, b'{"text": {"a": [1]}}\n',
          b"text,text\n", b",label", b"'", b"#", b"\xe2\x80\xa8", b"\x1a")


def separated(delimiter: str) -> bytes:
    """The rows as CSV."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(ROWS)
    return stream.getvalue().encode()


def parquet(table: pa.Table, **words: object) -> bytes:
    """The table as Parquet."""
    stream = io.BytesIO()
    pq.write_table(table, stream, **words)
    return stream.getvalue()


def arrow(table: pa.Table, new: Callable[..., Any]) -> bytes:
    """The table as Arrow's file or stream."""
    stream = io.BytesIO()
    with new(stream, table.schema) as writer:
        writer.write_table(table)
    return stream.getvalue()


VALID = {
    ".csv": separated(","), ".tsv": separated("\t"), ".csv.gz": gzip.compress(separated(",")),
    ".jsonl": "".join(json.dumps(row) + "\n" for row in ROWS).encode(),
    ".parquet": parquet(pa.Table.from_pylist(ROWS), compression="none"),
    ".arrow": arrow(pa.Table.from_pylist(ROWS), pa.ipc.new_file),
    ".stream.arrow": arrow(pa.Table.from_pylist(ROWS), pa.ipc.new_stream),
}
TYPES = (pa.int64(), pa.int32(), pa.float64(), pa.bool_(), pa.string(), pa.large_string(),
         pa.binary(), pa.date32(), pa.timestamp("ns"), pa.timestamp("s", "UTC"), pa.time64("us"),
         pa.duration("s"), pa.decimal128(9, 2), pa.null(), pa.list_(pa.int64()),
         pa.struct([("a", pa.string())]), pa.dictionary(pa.int8(), pa.string()),
         pa.map_(pa.string(), pa.int64()), pa.float16(), pa.uint64())
encodings = st.sampled_from(("utf-8-sig", "utf-8", "utf-16", "utf-32", "cp1252", "latin-1", "ascii",
                             "utf-7", "idna", "punycode", "rot13", "hex", "base64", "zip", "bz2",
                             "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "none",
                             "", "\0", "a\ud800"))
delimiters = st.one_of(st.none(), st.sampled_from(",;\t|\n\r\"' a.\0é\\^$"), st.characters())
names = st.sampled_from((*COLUMNS, "", "text.1", "Text", "0", "None"))
options = st.builds(
    TableOptions, text=st.just("text"), label=st.just("label"),
    pair=st.one_of(st.none(), names), group=st.one_of(st.none(), names),
    slices=st.lists(names, max_size=2).map(tuple), delimiter=delimiters, encoding=encodings,
    skip=st.integers(0, 9), quotes=st.sampled_from((None, "none", "double")),
    header=st.sampled_from((None, "none")))
usual = st.builds(TableOptions, text=names, label=names, slices=st.just(("slice",)))
any_options = st.one_of(st.just(TableOptions(text="text", label="label")), usual, options)
odd_lines = st.lists(st.dictionaries(st.one_of(names, any_text), any_json, max_size=5), max_size=4)


def check(path, wanted):
    """Everything that reads a table, held to what the rest of the harness takes for granted."""
    rows = ours(lambda: list(read_table(path, wanted)))
    for row in rows or ():
        fields = (row.text, row.label, row.pair or "", row.group or "", *row.slices.values())
        for field in fields:
            assert type(field) is str
            field.encode()
    if rows is not None:
        ledger = Ledger()
        for row in rows:
            ledger.add(row, row.split)
        items, facts = ledger.kept({"a": 0, "b": 1})
        assert facts.kept == len(items) <= facts.rows == len(rows)
    found = ours(describe, [RowsAt(path, None)], wanted)
    if found is not None:
        assert rows is not None
        assert 0 < sum(found.classes.values()) <= len(rows)
        assert found.max_length > 0
    for row in ours(lambda: list(read_columns(path, ("text", "pair")))) or ():
        assert [type(field) for field in row] == [str, str]
    form = ours(find_form, [path], ("text", "label"))
    assert form is None or (form.delimiter or ",") in ",;\t|"


@fuzzed
@given(ending=st.sampled_from(list(VALID)), data=st.data(), wanted=any_options)
def test_damaged_tables_give_rows_of_text_or_an_error_of_ours(folder, ending, data, wanted):
    path = folder / f"data{ending}"
    path.write_bytes(data.draw(st.one_of(
        st.binary(max_size=40), damaged_bytes(VALID[ending], tokens=TOKENS))))
    check(path, wanted)


@fuzzed
@given(ending=st.sampled_from((".csv", ".tsv")), wanted=options, encoding=encodings,
       delimiter=st.sampled_from(",;\t|"))
def test_any_encoding_and_delimiter_gives_rows_or_an_error_of_ours(folder, ending, wanted,
                                                                    encoding, delimiter):
    path = folder / f"data{ending}"
    text = separated(delimiter).decode()
    try:
        path.write_bytes(text.encode(encoding, "replace"))
    except (LookupError, ValueError):
        path.write_bytes(text.encode())
    check(path, wanted)


@fuzzed
@given(lines=odd_lines, extra=any_json, wanted=any_options)
def test_lines_of_any_json_give_rows_of_text_or_an_error_of_ours(folder, lines, extra, wanted):
    path = folder / "data.jsonl"
    whole = [{"text": "a", "label": "b", "pair": "c", "slice": "d"} | line for line in lines]
    path.write_text("\n".join(map(json.dumps, [*whole, *([] if extra is None else [extra])])))
    check(path, wanted)


@st.composite
def columns(draw):
    """A column of Parquet of any type, with gaps."""
    kind = draw(st.sampled_from(TYPES))
    values = draw(st.lists(st.one_of(st.none(), any_scalar), min_size=3, max_size=3))
    try:
        made = pa.array(values, kind)
        parquet(pa.table({"column": made}))
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return pa.nulls(3, kind)
    return made


@fuzzed
@given(made=st.lists(st.tuples(st.sampled_from((*COLUMNS, "text")), columns()), max_size=5),
       wanted=any_options)
def test_columns_of_any_type_give_rows_of_text_or_an_error_of_ours(folder, made, wanted):
    path = folder / "data.parquet"
    made = [("text", pa.array(["a", None, "c"])), ("label", pa.array(["x", "y", "z"])), *made]
    path.write_bytes(parquet(pa.Table.from_arrays([array for _, array in made],
                                                  [name for name, _ in made])))
    check(path, wanted)


@fuzzed
@given(texts=st.lists(st.one_of(st.binary(max_size=20), any_text.map(
           lambda t: t.encode("utf-8", "replace"))), max_size=3),
       pattern=st.one_of(st.sampled_from(("*.txt", "*", "**/*", "", "/", "..", "../*", "[", "**",
                                          "a\0", "**.txt", "/etc/*")), any_text))
def test_a_folder_gives_rows_of_text_or_an_error_of_ours(folder, texts, pattern):
    (folder / "a.txt").mkdir(exist_ok=True)
    for old in folder.glob("*/*.txt"):
        old.unlink()
    for i, text in enumerate(texts):
        (folder / "ab"[i % 2]).mkdir(exist_ok=True)
        (folder / "ab"[i % 2] / f"{i}.txt").write_bytes(text)
    wanted = FolderOptions(pattern=pattern)
    rows = ours(lambda: list(read_folders(folder, wanted)))
    for row in rows or ():
        assert type(row.text) is str
        assert row.label in ("a", "b", "a.txt")
    found = ours(describe, [RowsAt(folder, None)], wanted)
    assert found is None or sum(found.classes.values()) <= len(rows)


def test_rows_with_more_fields_than_the_header_are_an_error_of_ours(folder):
    path = folder / "data.csv"
    path.write_text("text,label\nfirst,a,more\nsecond,b,more\n")
    with pytest.raises(HarnessError, match=r"data\.csv:2: has 3 of 2 fields"):
        list(read_table(path, TableOptions(text="text", label="label")))
