"""How often an endpoint answers as the same weights do here."""

from types import SimpleNamespace as Made

import numpy as np

from harness.compare.same_weights import same_weights
from harness.report.served import _alike

SAID = {"served": ["a", "b", "c", ""], "here": ["a", "c", "c", "b"]}


def arm(name, label="zero-shot", serves=None, endpoint=False):
    record = Made(usage=Made(serves=serves) if endpoint else None,
                  size=Made(held={"bfloat16": 9, "float32": 2}), quality=Made(unread=1))
    return Made(name=f"{label} ({name})", backbone=name, label=label, done=(record,))


def measured():
    return Made(said=lambda arm: np.array(SAID[arm.backbone]))


def test_answers_of_one_method_are_counted_item_by_item():
    arms = [arm("served", serves="here", endpoint=True), arm("here"), arm("here", label="rag")]
    pair, = same_weights(arms, measured())
    assert (pair.served, pair.here) == ("zero-shot (served)", "zero-shot (here)")
    assert (pair.items, pair.alike, pair.unread, pair.held) == (4, 2, 1, "bfloat16")
    said = _alike(pair, classes=True)
    assert "zero-shot (served) and zero-shot (here) answer 2 of 4 items alike. 1 of the" in said
    assert "likelihood" in said
    assert "likelihood" not in _alike(pair, classes=False)


def test_without_the_same_weights_or_an_answer_there_is_nothing_to_compare():
    here = arm("here")
    assert not same_weights([arm("served", endpoint=True), here], measured())
    failed = Made(name="f", backbone="here", label="zero-shot", done=())
    assert not same_weights([arm("served", serves="here", endpoint=True), failed], measured())
