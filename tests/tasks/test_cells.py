"""Lists in cells, and one spelling of cells that name one value."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.common.errors import HarnessError
from harness.tasks.cells import OneSpelling, class_numbers, entries, label_key, list_text
from harness.tasks.examples import Row
from harness.tasks.readers.tables import TableOptions, read_table

NAMES = st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z", "M")),
                         min_size=1, max_size=8), max_size=5)


@given(NAMES)
def test_a_list_is_read_as_json_python_and_numpy_write_it(names):
    own = tuple(names)
    assert entries(json.dumps(names)) == own
    assert entries(json.dumps(names, ensure_ascii=False)) == own
    assert entries(list_text(names)) == own
    assert entries(str(names)) == own
    assert entries(list_text(np.array(names, dtype=object))) == own
    assert entries(str(np.array(names, dtype=object))) == own


@given(st.lists(st.integers(-3, 10**6), max_size=6))
def test_numbers_too(numbers):
    own = tuple(map(str, numbers))
    assert entries(str(numbers)) == entries(list_text(np.array(numbers, dtype=int))) == own
    assert entries(str(np.array(numbers, dtype=int))) == own
    assert entries(list_text(np.array([*numbers, np.nan]))) == own


@given(st.text(max_size=30))
def test_any_other_text_holds_none_and_stops_nothing(text):
    if text.strip()[:1] not in ("[", "(", "{"):
        assert entries(text) is None
    assert isinstance(label_key(text), str)


@pytest.mark.parametrize(("cell", "found"), [
    ("[draft]", None), ("[a, b]", None), ("(1)", None), ("(a)", None), ("{}", None), ("()", None),
    ("['a' 'b'\n 'c']", ("a", "b", "c")), ("('a', 'b')", ("a", "b")), ("{'a'}", ("a",)),
    ("['it', \"it's\"]", ("it", "it's")), (r"['a\'b']", ("a'b",)), ("['a', ]", ("a",)),
    ("['a', None, nan, '']", ("a",)), ('["a", null]', ("a",)), ("['a''b']", None),
    ("[True, False]", ("True", "False")), ("[true, false]", ("True", "False")),
    ("[0. 1.]", ("0.0", "1.0")), (" [] ", ()), ("['a', 'b', ...]", None),
    (r'["\ud800", "a"]', ("?", "a")), ('{"a": 1}', None)])
def test_what_a_cell_holds(cell, found):
    assert entries(cell) == found


@pytest.mark.parametrize("cell", ['[["a"], ["b"]]', '[{"label": "a"}]',
                                  list_text(np.array([np.array(["a"])], dtype=object))])
def test_lists_within_lists_are_no_classes(cell):
    with pytest.raises(HarnessError, match="a list holds lists or objects") as error:
        OneSpelling().row(Row("a", cell))
    assert "names of the classes" in error.value.fix
    assert entries(cell) is None
    assert label_key(cell) == cell


def test_cells_that_name_one_value_are_spelt_as_the_first():
    rows = [Row("a", "cafe\u0301", group=" 1.0", slices={"s": "2.0"}),
            Row("b", "caf\xe9 ", group="1", slices={"s": "2", "t": "\u200b"}),
            Row("c", '["caf\xe9", "x"]', group="\xa0"), Row("d", "['x', 'cafe\u0301']")]
    found = list(map(OneSpelling().row, rows))
    assert [row.label for row in found] == [
        "cafe\u0301", "cafe\u0301", '["cafe\u0301", "x"]', '["x", "cafe\u0301"]']
    assert [row.group for row in found] == [" 1.0", " 1.0", None, None]
    assert [row.slices for row in found[:2]] == [{"s": "2.0"}, {"s": "2.0", "t": ""}]


def test_a_class_has_its_values_in_any_form():
    numbers = class_numbers({"a": ("cafe\u0301", "1"), "b": ("x", "['x', 'y']")})
    assert [numbers[label_key(v)] for v in ("caf\xe9", "1.0", "x", '["x", "y"]')] == [0, 0, 1, 1]


@pytest.mark.parametrize("kind", [
    pa.list_(pa.string()), pa.large_list(pa.large_string()), pa.list_(pa.string(), 2),
    pa.list_(pa.dictionary(pa.int32(), pa.string()))])
def test_lists_of_every_parquet_type_are_lists(tmp_path, kind):
    sets = [["a,b", "c"], ["c", None]]
    table = pa.table({"t": ["one", "two"], "l": pa.array(sets, pa.list_(pa.string())).cast(kind)
                      if not pa.types.is_fixed_size_list(kind) else pa.array(sets, kind)})
    pq.write_table(table, tmp_path / "data.parquet")
    rows = read_table(tmp_path / "data.parquet", TableOptions(text="t", label="l"))
    assert [entries(row.label) for row in rows] == [("a,b", "c"), ("c",)]


def test_a_missing_number_in_a_list_does_not_change_the_others(tmp_path):
    table = pa.table({"t": ["one", "two"], "l": pa.array([[3, None], [1]], pa.list_(pa.int64()))})
    pq.write_table(table, tmp_path / "data.parquet")
    rows = read_table(tmp_path / "data.parquet", TableOptions(text="t", label="l"))
    assert [entries(row.label) for row in rows] == [("3",), ("1",)]


def test_a_separator_leaves_lists_whole(tmp_path):
    (tmp_path / "data.csv").write_text('t,l\none,"[""a,b"", ""c""]"\ntwo,"a,c"\n')
    rows = read_table(tmp_path / "data.csv", TableOptions(text="t", label="l", separator=","))
    assert [entries(row.label) for row in rows] == [("a,b", "c"), ("a", "c")]
