"""The first sentences of a text, as its summary."""

import dataclasses

import pytest

from harness.common.clock import Clock
from harness.methods import register_all
from harness.methods.lead import Leading
from harness.methods.method import METHODS
from harness.methods.needs import Needs
from harness.tasks.examples import Item

register_all()
TEXT = "First it rained. Then, at noon,\nthe sun came out! Nobody knew why."


@pytest.mark.parametrize(("count", "said"), [
    (1, "First it rained."), (2, "First it rained. Then, at noon,"),
    (9, "First it rained. Then, at noon, the sun came out! Nobody knew why.")])
def test_so_many_sentences_of_each_text_in_order(count, said):
    items = [Item("a", TEXT, None), Item("b", "Short", None)]
    assert Leading(count).predict(items, Clock()).tolist() == [said, "Short"]


def test_it_needs_no_backbone_and_answers_nothing_but_words():
    assert METHODS["lead"].needs == Needs(words=(), alone=True)


def test_what_is_loaded_answers_as_what_was_fitted(tmp_path):
    method = METHODS["lead"]({})
    for setting in ({"sentences": 1}, {"sentences": 3}):
        fitted = method.fit(None, setting).fitted
        fitted.save(tmp_path)
        assert dataclasses.asdict(method.load(None, setting, tmp_path)) == {
            "count": setting["sentences"]}
    assert list(tmp_path.iterdir()) == []
