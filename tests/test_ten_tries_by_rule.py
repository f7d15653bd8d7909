"""A short form of `benchmarks.attempts_by_rule`: ten tries at a limit of slices and of memory."""

import pytest
from scipy.stats import binom

from benchmarks.attempts import CHOSEN
from benchmarks.attempts_by_rule import PLAIN, WORLD, examine, memory, slices, table
from harness.gate.spending import ALPHA

SEQUENCES, SAFE = {"slice": 40, "memory": 400}, 1 - 1e-4


@pytest.fixture(scope="module")
def counted():
    every = {"slice": slices(WORLD, worst=False), "memory": memory}
    return {name: examine(every[name], range(count)) for name, count in SEQUENCES.items()}


@pytest.mark.parametrize("rule", SEQUENCES)
def test_ten_at_the_limit_pass_in_five_of_a_hundred_sequences(counted, rule):
    assert counted[rule][CHOSEN] <= binom.ppf(SAFE, SEQUENCES[rule], ALPHA)


@pytest.mark.parametrize("rule", SEQUENCES)
def test_without_counting_attempts_they_would_pass_more_often(counted, rule):
    assert counted[rule][PLAIN] > binom.ppf(SAFE, SEQUENCES[rule], ALPHA)
    assert counted[rule][PLAIN] > counted[rule][CHOSEN]


def test_a_sequence_is_the_same_each_time():
    assert examine(memory, range(50)) == examine(memory, range(50))


def test_the_table_has_a_line_a_rule(counted):
    text = table(counted, SEQUENCES)
    assert all(f"| {rule} |" in text for rule in counted)
