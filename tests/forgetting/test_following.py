import numpy as np
import pytest
from scipy.stats import t

from harness.common.errors import HarnessError
from harness.forgetting.change import change_in_groups, change_of, interval_of
from harness.forgetting.figures import forgetting
from harness.forgetting.following import following
from harness.forgetting.items import Answer, Followed, General, read_general
from harness.measure.intervals import mean_difference, paired_proportions

BEFORE = ["11", "1", "101", "0", "11"]
AFTER = ["10", "1", "001", "0", "00"]


def rows(strict, loose=None):
    """A row an instruction; a digit says whether it was followed, a text is a prompt."""
    return tuple(Followed(f"p{place}", f"kind {number}", s == "1", lo == "1")
                 for place, (text, other) in enumerate(zip(strict, loose or strict, strict=True))
                 for number, (s, lo) in enumerate(zip(text, other, strict=True)))


def test_a_prompt_is_followed_where_all_its_instructions_are():
    found = following(rows(BEFORE), rows(AFTER))
    assert (found.prompts, found.instructions) == (5, 9)
    strict = found.prompts_strict
    assert (strict.before, strict.after, strict.difference) == pytest.approx((0.6, 0.2, -0.4))
    assert (strict.low, strict.high) == paired_proportions(0, 2, 5)
    each = found.instructions_strict
    assert (each.before, each.after, each.difference) == pytest.approx((7 / 9, 3 / 9, -4 / 9))
    assert found.prompts_loose == strict
    assert found.instructions_loose == each


def test_loose_figures_are_those_of_the_loose_judgements():
    loose = ["11", "1", "111", "1", "11"]
    found = following(rows(BEFORE, loose), rows(AFTER, loose))
    assert (found.prompts_loose.before, found.prompts_loose.difference) == (1.0, 0.0)
    assert found.instructions_loose.after == 1.0
    assert found.prompts_strict.difference == pytest.approx(-0.4)


def test_the_interval_over_instructions_is_that_of_a_ratio_over_prompts():
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 4, 80)
    before = rng.binomial(sizes, 0.7)
    after = rng.binomial(sizes, 0.4)
    found = change_in_groups(before.tolist(), after.tolist(), sizes.tolist())
    # The linearised variance by another road: leave one prompt out in turns.
    moved = after - before
    left_out = (moved.sum() - moved) / (sizes.sum() - sizes)
    error = np.sqrt((79 / 80) * ((left_out - left_out.mean()) ** 2).sum())
    reach = t.ppf(0.975, 79) * error
    assert found.difference == pytest.approx(moved.sum() / sizes.sum())
    assert (found.low, found.high) == pytest.approx(
        (found.difference - reach, found.difference + reach), rel=0.01)


def test_instructions_of_one_answer_are_no_independent_items():
    """Three instructions that stand and fall together are worth one."""
    alone, thrice = (following(rows(["1" * k, "0" * k] * 20), rows(["0" * k, "0" * k] * 20))
                     for k in (1, 3))
    assert alone.instructions_strict == thrice.instructions_strict


def test_nothing_changed_is_no_certainty():
    found = following(rows(BEFORE), rows(BEFORE)).instructions_strict
    assert found.difference == 0
    assert (found.low, found.high) == paired_proportions(0, 0, 5)
    gone = following(rows(["1"] * 8), rows(["0"] * 8)).instructions_strict
    assert -1 <= gone.low <= gone.difference == -1 < gone.high


def test_other_instructions_cannot_be_compared():
    with pytest.raises(HarnessError, match="not given the same instructions"):
        following(rows(BEFORE), rows(BEFORE[:4]))
    assert following((), ()) is None


@pytest.mark.parametrize("scores", [[0, 1, 1, 0], [0.5, 1, 0.25, 0]])
def test_the_interval_is_that_of_the_kind_of_score(scores):
    before, after = np.array(scores, float)[:, None], np.zeros((4, 1))
    lost = sum(s > 0 for s in scores)
    assert interval_of(before, after) == (
        paired_proportions(0, lost, 4) if {*scores} == {0, 1}
        else mean_difference((-before).tolist()))
    assert change_of(before, after).difference == pytest.approx(-np.mean(scores))


def test_instructions_are_part_of_what_is_kept_and_of_the_record(tmp_path):
    def general(followed):
        answers = tuple(Answer("ifeval", f"p{place}", "prompt_level_strict_acc", "text", "kind",
                               "a", float("0" not in text), True)
                        for place, text in enumerate(BEFORE))
        return General(answers, followed=followed)

    before = general(rows(BEFORE))
    before.write(tmp_path)
    assert read_general(tmp_path, 0) == before
    found = forgetting("k", before, general(rows(AFTER)), 1.0)
    assert found.following == following(before.followed, rows(AFTER))
    assert found.benchmarks[0].asked == "ifeval, with its chat template"
