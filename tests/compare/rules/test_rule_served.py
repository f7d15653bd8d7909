"""As served: what merged models answer."""

import pytest
from ruled import ruled

from harness.compare.rules.served import as_served
from harness.measure.merge import Merge

SAME = Merge(items=30, changed=2, largest=0.1, better=1, worse=1, p_value=1.0, metric="macro_f1",
             before=0.5, after=0.5)
WORSE = SAME.model_copy(update={"changed": 12, "better": 0, "worse": 12, "p_value": 0.0005,
                                "after": 0.3})


@pytest.fixture
def records():
    return [r for r in ruled()[0].records if r.identity.label == "lora"]


def given(records, *merges):
    return [record.model_copy(update={"merge": merge})
            for record, merge in zip(records, merges, strict=True)]


def test_without_adapters_there_is_nothing_to_say(records):
    rule = as_served(records)
    assert (rule.held, rule.evidence) == (None, "No adapter was merged.")


def test_merges_that_change_little_hold_and_say_how_much(records):
    rule = as_served(given(records, SAME, SAME))
    assert rule.held is True
    assert "at most 2 of 30 are others" in rule.evidence
    assert "probability is 0.1" in rule.evidence


def test_a_merge_that_breaks_a_model_is_named(records):
    rule = as_served(given(records, SAME, WORSE))
    assert rule.held is False
    assert "0 items better and 12 worse (p = 0.0005), macro_f1 0.500 becomes 0.300" in rule.evidence


def test_a_p_value_is_held_against_as_many_merges_as_there_are(records):
    near = WORSE.model_copy(update={"p_value": 0.03})
    assert as_served(given(records, near, SAME)).held is True
    assert as_served(given(records[:1], near)).held is False


def test_what_cannot_be_merged_is_said_with_the_reason(records):
    rule = as_served(given(records, Merge(reason="PEFT cannot merge it: no"), SAME))
    assert rule.held is True
    assert "Served apart" in rule.evidence
    assert "PEFT cannot merge it: no" in rule.evidence


def test_latency_is_told_merged_and_apart(records):
    first, *rest = given(records, SAME, SAME)
    slow = first.latency.model_copy(update={"p50_ms": 20.5})
    rule = as_served([first.model_copy(update={"latency_apart": slow}), *rest])
    assert f"{first.latency.p50_ms:.1f} ms (20.5 apart)" in rule.evidence
