"""Tables by what is answered."""

from typing import get_args

from harness.common.kinds import Kind
from harness.targets.kinds import KINDS, by_kind


def test_every_kind_has_what_is_for_the_form_of_its_answers():
    made = by_kind(one="one", several="several", numbers="numbers", spans="spans", words="words")
    assert made == {"classification": "one", "multilabel": "several", "regression": "numbers",
                    "spans": "spans", "generation": "words"}
    assert tuple(made) == tuple(KINDS) == get_args(Kind)


def test_a_new_suite_asks_of_classes_what_their_kind_says():
    """Of numbers and words it hangs on what is right of the items."""
    assert {name for name, kind in KINDS.items() if kind.asks} == {
        "classification", "multilabel", "spans"}
    assert all("{options}" in kind.asks for kind in KINDS.values() if kind.asks)
