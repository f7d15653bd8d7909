"""Which methods leave a study by minutes, on what evidence."""

import pytest
from minutes_given import by_minutes
from ruled import changed, ruled, within
from synthetic import drawn_study

from harness.compare.leaving import settled
from harness.compare.verdict import ahead
from harness.report.bargain import said
from harness.report.published import publish
from harness.suite import Decide, Limits

SKILLS = {"good": 3.0, "fair": 2.8, "bad": 0.2}


def study_of(draws, skills=SKILLS, items=200, **words):
    study, tables = drawn_study(skills, items=items, seeds=draws, **words)
    return by_minutes(study, draws), tables


def published(study, tables):
    return publish(study, tables.__getitem__, {})


def test_what_is_shown_to_be_lower_by_more_than_matters_leaves_with_its_evidence():
    found = published(*study_of(3, majority=False))
    (left,) = found.left
    gap = ahead(found.summary, left.better, "bad (b)")
    assert (left.name, left.draws, left.minutes) == ("bad (b)", 3, 6.0)
    assert left.better in ("good (b)", "fair (b)")
    assert (left.difference, left.at_least, left.at_most) == (
        gap.difference, gap.at_least, gap.at_most)
    assert left.at_least > found.verdict.matters
    assert (f"bad (b): left after 6.0 minutes: lower than {left.better} by {left.difference:.3f} "
            f"[{left.at_least:.3f}, {left.at_most:.3f}], always valid.") in said(found)


@pytest.mark.parametrize("decide", [Decide(matters=0.7), Decide(limits=Limits(p95_ms=0.001))])
def test_nobody_leaves_for_less_than_matters_nor_for_what_may_not_be_used(decide):
    assert published(*study_of(3, majority=False, decide=decide)).left == ()


def test_one_draw_and_a_plain_study_let_nobody_leave():
    assert published(*study_of(1)).left == ()
    study, tables = drawn_study(SKILLS, items=200, seeds=3)
    assert published(study, tables).left == ()


def test_what_another_stands_on_stays_for_as_long_as_that_does():
    study, tables = study_of(3, SKILLS | {"worse": 0.1}, majority=False)
    inner = next(r.identity.run_id for r in study.records if r.identity.label == "bad")
    on_top = changed(study, within("identity", inner=inner), label="fair")
    assert {each.name for each in published(on_top, tables).left} == {"worse (b)"}
    both = changed(study, within("identity", inner=inner), label="worse")
    assert {each.name for each in published(both, tables).left} == {"worse (b)", "bad (b)"}


def test_what_hangs_on_no_draw_has_nothing_to_leave():
    study, tables = ruled(("full", "lora"), seeds=3)
    found = published(by_minutes(study, 3), tables)
    assert "majority" not in {each.name for each in found.left}


def test_a_study_is_settled_when_use_is_shown_over_more_than_one_draw():
    for draws, decide, expected in ((2, Decide(matters=0.3), True), (1, Decide(matters=0.3), False),
                                    (2, Decide(matters=1e-6), False)):
        study, tables = study_of(draws, decide=decide)
        found = published(study, tables)
        assert settled(found.study, found.verdict) is expected, (draws, found.verdict.answer)
        assert any("The verdict is settled" in line for line in said(found)) is expected
        plain = study.model_copy(update={"bought": None})
        assert not settled(plain, found.verdict)


def test_the_best_is_one_that_took_part_to_the_end():
    """Of two that are alike the one that had fewer draws had luck in them."""
    study, tables = drawn_study({"one": 2.0, "other": 2.0}, seeds=4, majority=False)
    study = by_minutes(study, 4)
    first = published(study, tables).summary.rows[0].label
    kept = tuple(r for r in study.records
                 if r.identity.label != first or r.identity.seed < 2)
    rows = published(study.model_copy(update={"records": kept}), tables).summary.rows
    assert rows[0].label != first
    assert (rows[0].standing, rows[0].behind) == ("best", None)
    assert rows[1].behind is not None


