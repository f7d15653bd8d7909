"""What is found of spans before anything is trained."""

from harness.check.spans import check_spans
from harness.targets.spans import Span
from harness.tasks.examples import Example
from harness.tasks.splits import Splits


def item(text, *spans):
    return Example(text, text, None, 0, text, {}, classes=(0,), spans=spans)


def found(*items, most=None):
    return {(f.severity, f.count): f.found for f in check_spans(Splits(items, (), ()), most)}


def test_spans_within_words_are_counted_with_their_texts():
    whole = [item(f"red plum {i}", Span(4, 8, 0)) for i in range(30)]
    assert found(*whole) == {}
    (key, said), = found(*whole, item("unhappy man", Span(2, 7, 0))).items()
    assert key == ("note", 1)
    assert "1 of 31 texts (3.2%) have a span that begins or ends within a word" in said
    assert ("warning", 3) in found(*whole[:9], *[item(f"unhappy {i}", Span(2, 7, 0))
                                                 for i in range(3)])


def test_spans_behind_what_is_read_are_counted():
    long = item("a red plum and then some old iron", Span(6, 10, 0), Span(29, 33, 0))
    assert found(long) == found(long, most=8) == {}
    (key, said), = found(long, most=4).items()
    assert key == ("warning", 1)
    assert "1 of 2 spans (50.0%) lie behind the first 4 words" in said
    many = [item(f"red plum {i}", Span(4, 8, 0)) for i in range(40)]
    assert list(found(*many, long, most=4)) == [("note", 1)]
