"""A kept model reads the words that its run read."""

import numpy as np

from harness.common.clock import Clock
from harness.methods.reading import Reading, reading
from harness.suite import Words
from harness.tasks.examples import Example


class Repeats:
    def predict(self, examples, clock):
        return np.array([e.text for e in examples])


def test_it_reads_no_more_than_its_run_did():
    items = [Example(str(i), text, None, 0, "g", {}) for i, text in enumerate(
        ("one two three", "one  two", ""))]
    read = Reading(Repeats(), Words(2)).predict(items, Clock())
    assert read.tolist() == ["one two", "one  two", ""]
    assert reading(Repeats(), None).predict(items, Clock())[0] == "one two three"
