"""The hash of all that a task's items hold."""

import dataclasses

import pytest
import yaml

from harness.inputs.picture import Picture
from harness.suite import load_suite
from harness.targets.spans import Span
from harness.tasks.examples import Example
from harness.tasks.splits import Splits
from harness.tasks.task import load_task

ITEM = Example("i", "Some text", "pair", 1, "g", {"source": "a"}, ("yes",), "doc", (1,), 2.5,
               (Span(0, 4, 1),), picture=Picture("a" * 64, 5, "one.png", 3, 4, "store"))


@pytest.mark.parametrize(("field", "value"), [
    ("id", "j"), ("text", "some text"), ("text", "Some  text"), ("pair", None), ("label", 0),
    ("group", "h"), ("slices", {"source": "b"}), ("references", ("no",)), ("document", None),
    ("classes", None), ("value", None),
    ("spans", (Span(0, 4, 0),)), ("picture", None),
    ("picture", Picture("b" * 64, 5, "one.png", 3, 4, "store"))])
def test_whatever_an_item_holds_is_part_of_it(field, value):
    other = dataclasses.replace(ITEM, **{field: value})
    assert {f.name for f in dataclasses.fields(Example)} == {
        "id", "text", "pair", "label", "group", "slices", "references", "document", "classes",
        "value", "spans", "weight", "picture"}
    hashes = {Splits(*parts).content_sha256 for parts in (
        ((ITEM,), (), ()), ((other,), (), ()), ((), (ITEM,), ()), ((), (), (ITEM,)))}
    assert len(hashes) == 4


def test_of_a_picture_what_it_shows_counts_and_not_what_it_is_called():
    other = dataclasses.replace(ITEM, picture=Picture("a" * 64, 5, "two.png", 3, 4, "elsewhere"))
    assert Splits((), (), (other,)).content_sha256 == Splits((), (), (ITEM,)).content_sha256


def test_a_weight_is_a_sample_s_and_no_part_of_an_item():
    weighted = dataclasses.replace(ITEM, weight=2.0)
    assert Splits((), (), (weighted,)).content_sha256 == Splits((), (), (ITEM,)).content_sha256


def test_it_is_the_same_whoever_reads_the_same_items_and_other_where_a_text_is(suite_file):
    def read():
        return load_task(load_suite(suite_file)).splits

    first = read()
    data = suite_file.parent / "data.csv"
    text = data.read_text()
    # Another reader option, the same rows.
    suite = yaml.safe_load(suite_file.read_text())
    suite["task"]["reader"]["table"]["slices"] = ["source", "source"]
    suite_file.write_text(yaml.safe_dump(suite))
    assert read().content_sha256 == first.content_sha256
    word = text.splitlines()[1].split(",")[0]
    data.write_text(text.replace(word, word.upper(), 1))
    assert read().sha256 == first.sha256
    assert read().content_sha256 != first.content_sha256
