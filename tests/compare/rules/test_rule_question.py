"""Same question: what was put to models, as their records say."""

import pytest
from ruled import BUDGET, changed, rule, ruled, within

from harness.measure.question import Asked

NAME = "Same question"
SAID = {"item": "i00000", "prompt_sha256": "1" * 64, "whole_sha256": "2" * 64,
        "options_sha256": "3" * 64, "tokens": 30, "added": 0}


def asking(labels=("full", "lora"), **fields):
    """A study in which methods on a decoder were asked; `fields` are of the second seed of `lora`.
    """
    study, tables = ruled()
    for label in ("full", "lora"):
        study = changed(study, within("identity", kind="decoder"), label)
    for label in labels:
        study = changed(study, lambda r: r.model_copy(update={"asked": Asked(**SAID)}), label)
    return changed(study, within("asked", **fields), "lora", 1) if fields else study, tables


def test_the_same_words_and_answers_for_all_keep_the_rule():
    found = rule(NAME, *asking())
    assert found.held is True
    assert "4 runs were asked the same words for the same item" in found.evidence


def test_what_a_method_adds_keeps_it():
    found = rule(NAME, *asking(whole_sha256="4" * 64, added=12, tokens=42))
    assert found.held is True


@pytest.mark.parametrize(("fields", "said"), [
    ({"prompt_sha256": "4" * 64, "added": 12}, "were asked in other words"),
    ({"whole_sha256": "4" * 64}, "were asked in other tokens"),
    ({"options_sha256": "4" * 64}, "were asked with other answers"),
    ({"options_sha256": None}, "were asked with other answers"),
    ({"item": "i00001"}, "were asked about other items"),
])
def test_a_run_that_was_asked_anything_else_breaks_it(fields, said):
    found = rule(NAME, *asking(**fields))
    assert found.held is False
    assert said in found.evidence
    assert "lora (b), seed 1" in found.evidence


def test_longer_texts_and_other_backbones_are_other_prompts():
    study, tables = asking()
    whole = changed(study, lambda r: within("asked", prompt_sha256="4" * 64, whole_sha256="4" * 64)(
        within("identity", budget=BUDGET | {"max_words": None})(r)), "lora")
    assert rule(NAME, whole, tables).held is True
    other = changed(study, lambda r: within("asked", prompt_sha256="4" * 64, whole_sha256="4" * 64)(
        within("identity", backbone="c")(r)), "lora")
    assert rule(NAME, other, tables).held is True


def test_methods_without_a_prompt_are_named():
    found = rule(NAME, *asking(labels=("full",)))
    assert found.held is True
    assert "without a prompt: lora (b)" in found.evidence


def test_nothing_is_said_where_no_one_was_asked_or_no_record_says():
    study, tables = ruled()
    assert rule(NAME, study, tables).held is None
    older = rule(NAME, *asking(labels=()))
    assert older.held is None
    assert "Not recorded" in older.evidence
    alone = changed(asking(labels=("full",))[0],
                    lambda r: r.model_copy(update={"asked": None}), seed=1)
    assert rule(NAME, alone, tables).held is None
