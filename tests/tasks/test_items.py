import pickle

import pyarrow as pa
import pytest

from harness.tasks import items
from harness.tasks.examples import Example
from harness.tasks.items import STORED, Items, column, write_items

EXAMPLES = tuple(Example(f"{i:016x}", f"text {i}", None if i % 3 else "other", i % 4, f"g{i // 2}",
                         {"a": str(i)} if i % 2 else {}) for i in range(23))


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """The examples in groups of five rows."""
    monkeypatch.setattr(items, "ROW_GROUP", 5)
    rows = [vars(e) | {"slices": '{"a": "' + e.slices["a"] + '"}' if e.slices else "{}"}
            for e in EXAMPLES]
    tables = (pa.Table.from_pylist(rows[i: i + 10], STORED) for i in range(0, 23, 10))
    write_items(tmp_path / "items.parquet", tables)
    return Items(tmp_path / "items.parquet")


def test_items_in_a_file_are_what_a_tuple_is(stored):
    assert len(stored) == 23
    assert tuple(stored) == EXAMPLES
    for index in (slice(None), slice(0), slice(4), slice(5), slice(3, 17), slice(20, 99),
                  slice(-4, None), slice(None, None, 7), slice(17, 2, -5), slice(9, 3)):
        assert stored[index] == EXAMPLES[index], index
    for index in (0, 4, 5, 22, -1, -23):
        assert stored[index] == EXAMPLES[index], index
    for index in (23, -24):
        with pytest.raises(IndexError):
            stored[index]
    assert EXAMPLES[7] in stored


def test_a_column_of_either_is_the_same_and_they_are_sent_by_their_path(stored):
    again = pickle.loads(pickle.dumps(stored))  # noqa: S301  (our own)
    assert len(pickle.dumps(stored)) < 1000
    for name in ("id", "label", "group"):
        assert list(column(again, name)) == list(column(EXAMPLES, name))


def test_a_first_sample_reads_the_first_groups_alone(stored, monkeypatch):
    read = []
    whole = items.pq.ParquetFile.read_row_group
    monkeypatch.setattr(items.pq.ParquetFile, "read_row_group",
                        lambda file, group: read.append(group) or whole(file, group))
    assert len(stored[:7]) == 7
    assert read == [0, 1]
