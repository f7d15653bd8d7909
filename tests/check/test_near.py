import random

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.check.near import ALIKE, check_near, near_duplicates
from harness.tasks.examples import Example, folded
from harness.tasks.splits import Splits

WORDS = ["the", "of", "and", "to", "in", "that", "is", "was", "he", "for", "it", "with", "as"]


def example(number, text, label=0):
    return Example(f"{number:016x}", text, None, label, f"g{number}", {})


def text(number, words=40):
    return " ".join(f"{WORDS[(number * 7 + i * i) % len(WORDS)]}{number}x{i}" for i in range(words))


def exact(one, other):
    """Jaccard similarity of word triples, written otherwise."""
    first, second = (folded(e.text).split() for e in (one, other))
    a = {tuple(first[i:i + 3]) for i in range(max(1, len(first) - 2))}
    b = {tuple(second[i:i + 3]) for i in range(max(1, len(second) - 2))}
    return len(a & b) / len(a | b)


def test_a_text_with_one_word_more_is_a_near_duplicate_and_another_text_is_not():
    indexed = [example(i, text(i)) for i in range(30)]
    asked = [example(100, text(3) + " more"), example(101, text(50)), example(102, text(7).upper())]
    assert near_duplicates(indexed, asked) == [(indexed[3], asked[0]), (indexed[7], asked[2])]


def test_inside_one_list_each_pair_is_found_once():
    items = [example(1, text(1)), example(2, text(2)), example(3, text(1) + " end")]
    assert near_duplicates(items, items) == [(items[0], items[2])]


@given(st.lists(st.text("abc ", max_size=30), min_size=1, max_size=12))
@settings(max_examples=50, deadline=None)
def test_whatever_is_found_is_alike(texts):
    items = [example(i, found) for i, found in enumerate(texts)]
    for one, other in near_duplicates(items, items):
        assert one is not other
        assert exact(one, other) >= ALIKE


def test_most_of_what_is_alike_is_found():
    indexed = [example(i, text(i)) for i in range(60)]
    asked = [example(100 + i, text(i).replace(f"x{i % 40} ", "y ", 1)) for i in range(60)]
    alike = [(a.id, b.id) for b in asked for a in indexed if exact(a, b) >= ALIKE]
    found = [(a.id, b.id) for a, b in near_duplicates(indexed, asked)]
    assert set(found) <= set(alike)
    assert len(found) >= 0.9 * len(alike) > 40


def test_leaks_and_conflicts_are_told():
    train = [example(i, text(i)) for i in range(20)]
    test = [example(100 + i, text(50 + i)) for i in range(20)]
    assert list(check_near(Splits(tuple(train), (), tuple(test)), near_duplicates)) == []
    leaky = [*test[:-1], example(200, text(0) + " once")]
    (found,) = check_near(Splits(tuple(train), (), tuple(leaky)), near_duplicates)
    assert (found.severity, found.check, found.count) == ("warning", "leakage", 1)
    assert found.examples[0].startswith(f"{200:016x}: ")
    apart = [*train, example(300, text(0) + " twice", label=1)]
    again, found = check_near(Splits(tuple(apart), (), tuple(test)), near_duplicates)
    assert (again.severity, again.check, again.count) == ("note", "duplicates", 1)
    assert "1 of 21 training items (4.8%)" in again.found
    assert again.examples[0].startswith(f"{300:016x}: ")
    assert (found.severity, found.check, found.count) == ("warning", "conflicts", 1)
    twice = [*test, example(400, text(50) + " twice"), example(401, text(50) + " thrice")]
    (found,) = check_near(Splits(tuple(train), (), tuple(twice)), near_duplicates)
    assert (found.check, found.count) == ("duplicates", 2), "each item once, however many pairs"


def test_near_duplicates_are_found_in_scripts_without_spaces_as_in_english():
    """Case cjk-checks: one of 60 parts differs."""
    draw = random.Random(0)
    for stock, glue in (([chr(0x4E00 + i) for i in range(400)], ""),
                        ([chr(0x0E01 + i) for i in range(46)], ""),
                        ([f"w{i}" for i in range(400)], " ")):
        train = [[draw.choice(stock) for _ in range(60)] for _ in range(20)]
        other = [[*parts[:30], draw.choice(stock), *parts[31:]] for parts in train]
        indexed = [example(i, glue.join(parts)) for i, parts in enumerate(train)]
        asked = [example(100 + i, glue.join(parts)) for i, parts in enumerate(other)]
        found = near_duplicates(indexed, asked)
        assert found == list(zip(indexed, asked, strict=True))
