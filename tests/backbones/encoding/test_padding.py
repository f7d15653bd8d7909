"""How batches are padded, found by trying."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.backbones.batches import by_length, of_one_length
from harness.backbones.encoding.padding import Padding, find_padding

ITEMS = ([1, 2], [3, 4, 5], [6, 7, 8, 9, 10])
LENGTHS = st.lists(st.integers(1, 5), min_size=1, max_size=20)


def padded(items, padding):
    """Items as rows of one width, zeros where there is padding."""
    width = max(map(len, items))
    return torch.tensor([[*item, *[0] * (width - len(item))] if padding.side == "right"
                         else [*[0] * (width - len(item)), *item] for item in items],
                        dtype=torch.float)


@pytest.mark.parametrize(("read", "padding"), [
    (lambda rows: rows.sum(dim=1, keepdim=True), Padding.RIGHT),
    (lambda rows: rows[:, :1], Padding.RIGHT),
    (lambda rows: rows[:, -1:], Padding.LEFT),
    (lambda rows: rows.mean(dim=1, keepdim=True), Padding.NONE),
    (lambda rows: rows[:, :1] * 0, Padding.NONE),  # a head of zeros tells of no side
])
def test_the_first_side_that_changes_nothing(read, padding):
    assert find_padding(ITEMS, lambda items, side: read(padded(items, side))) is padding


def test_a_model_that_refuses_unlike_rows_gets_none():
    """As BART's classifier refuses rows with unlike numbers of end tokens."""
    def compute(items, padding):
        if len({len(item) for item in items}) > 1:
            raise ValueError("All examples must have the same number of <eos> tokens.")
        return padded(items, padding)[:, :1]

    assert find_padding(ITEMS, compute) is Padding.NONE


@pytest.mark.parametrize("made", [float("nan"), None])
def test_whoever_asks_hears_of_a_model_that_computes_nothing(made):
    def compute(items, padding):
        if made is None:
            raise RuntimeError("cannot")
        return torch.full((len(items), 1), made)

    assert find_padding(ITEMS, compute) is Padding.RIGHT


def test_looking_draws_no_numbers():
    state = torch.get_rng_state()
    find_padding(ITEMS, lambda items, side: torch.rand(len(items), 1))
    assert torch.equal(torch.get_rng_state(), state)


@given(LENGTHS, st.integers(1, 6))
def test_batches_of_one_length_hold_every_item_once(lengths, size):
    cut = of_one_length(by_length(lengths, size), lengths)
    assert sorted(i for batch in cut for i in batch) == list(range(len(lengths)))
    assert all(len({lengths[i] for i in batch}) == 1 for batch in cut)
    assert all(len(batch) <= size for batch in cut)


@given(LENGTHS)
def test_real_places_are_those_of_tokens(lengths):
    items = [[1] * length for length in lengths]
    for padding in (Padding.LEFT, Padding.RIGHT):
        assert torch.equal(padding.real(lengths), padded(items, padding) == 1)
