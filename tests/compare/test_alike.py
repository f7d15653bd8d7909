"""Studies made on purpose unlike are caught by the rules, on what their records measured."""

import pytest
from rich.console import Console
from synthetic import drawn_study

from harness.commands.study import short_of
from harness.compare.alike import alike_rules
from harness.compare.matching import matching_rules
from harness.report import alike, sentences
from harness.report.markdown import markdown
from harness.report.page import page
from harness.report.published import publish, read_published
from harness.report.terminal import print_results
from harness.study.planning.matched import matched
from harness.study.record import Ending, ItemsRead, TrialRecord

BUDGET = {"train": 64, "validation": 9, "test": 150, "max_words": 48, "trials": 2}
READ = {"train_sha256": "t", "validation_sha256": "v", "words_sha256": "w", "words_median": 40.0,
        "words_longest": 48}
ENDED = {"chosen_by": "macro_f1", "passes": 12.0, "steps": 48, "stopped": "patience",
         "still_improving": False, "edge_of_grid": False, "whole_grid": False, "above_chance": True,
         "validation_items": 9, "validation_score": 0.5}
RULES = ("Same examples", "Same words", "Same validation", "Same tuning effort",
         "Trained to its end", "Inside its grid", "Above chance")


def study_of(unlike=None, *, skills=None, seed=None, **changes):
    """A study that is matched but for the arm `unlike`; in one of its seeds where that is named.

    `changes` are fields of what it read, of its ending, `share_cut`, or its number of trials.
    """
    study, tables = drawn_study(skills or {"full": 3.0, "lora": 2.0, "knn": 1.0}, seeds=2)

    def told(record):
        identity = record.identity
        differs = identity.label == unlike and seed in (None, identity.seed)
        said = changes if differs else {}
        read = READ | {k: v for k, v in said.items() if k in READ}
        read["train_sha256"] += str(identity.seed)  # a sample may be drawn anew for each seed
        trial = TrialRecord(setting={}, validation_loss=1.0, seconds=1.0)
        chance = {"above_chance": identity.method != "majority"}
        return record.model_copy(update={
            "identity": identity.model_copy(update={"budget": BUDGET}),
            "budget_used": record.budget_used.model_copy(update={
                "read": ItemsRead(**read), "share_cut": said.get("share_cut", 0.02)}),
            "trials": (trial,) * said.get("trials", 2) if identity.seed == 0 else (),
            "ending": Ending(**ENDED | chance | {k: v for k, v in said.items() if k in ENDED})})

    return study.model_copy(update={"records": tuple(map(told, study.records)),
                                    "parts": (matched(BUDGET),)}), tables


def rules_of(study, tables):
    return {rule.name: rule for rule in matching_rules(study, tables.__getitem__)}


def test_a_matched_study_keeps_every_rule():
    study, tables = study_of()
    rules = rules_of(study, tables)
    assert {name: rules[name].held for name in RULES} == dict.fromkeys(RULES, True)
    found = publish(study, tables.__getitem__, {})
    assert alike.doubts(found) == []
    assert sentences.headline(found).startswith("Use full (b)")
    assert not any(unlike for row in found.conditions for _, unlike in alike.cells(row))
    row = found.conditions[0]
    assert alike.cells(row)[6][0] == "9"
    assert alike.cells(row.model_copy(update={"validation_worth": 6.4}))[6][0] == "9, worth 6"


@pytest.mark.parametrize(("rule", "changes"), [
    ("Same examples", {"train_sha256": "others"}),
    ("Same words", {"words_sha256": "whole texts", "words_longest": 400}),
    ("Same words", {"share_cut": 0.6}),
    ("Same validation", {"validation_sha256": "others"}),
    ("Same validation", {"chosen_by": "log_loss"}),
    ("Same tuning effort", {"trials": 3}),
    ("Trained to its end", {"still_improving": True, "stopped": "budget"}),
    ("Inside its grid", {"edge_of_grid": True}),
    ("Above chance", {"above_chance": False})])
def test_one_arm_that_is_unlike_breaks_its_rule_and_no_other(rule, changes):
    rules = rules_of(*study_of("lora", **changes))
    assert [name for name in RULES if rules[name].held is False] == [rule]
    assert "lora (b)" in rules[rule].evidence
    assert "full (b)" not in rules[rule].evidence


def test_a_method_with_a_short_grid_is_alike_where_all_of_it_was_tried():
    rules = rules_of(*study_of("lora", trials=3, whole_grid=True))
    assert rules["Same tuning effort"].held is True


@pytest.mark.parametrize("seed", [0, 1])
def test_one_seed_that_is_unlike_is_enough(seed):
    rules = rules_of(*study_of("lora", seed=seed, train_sha256="others"))
    assert rules["Same examples"].held is False
    assert rules_of(*study_of("lora", seed=seed, still_improving=True))[
        "Trained to its end"].held is False


def test_arms_of_another_budget_may_be_unlike_the_main_ones():
    study, tables = study_of("lora", train_sha256="others", words_sha256="others")
    other = BUDGET | {"train": 20}
    records = tuple(r.model_copy(update={"identity": r.identity.model_copy(
        update={"budget": other})}) if r.identity.label == "lora" else r for r in study.records)
    apart = study.model_copy(update={"records": records,
                                     "parts": (matched(BUDGET), matched(other))})
    rules = rules_of(apart, tables)
    assert {name: rules[name].held for name in RULES} == dict.fromkeys(RULES, True)


def test_records_that_do_not_say_hold_no_rule_and_break_none():
    study, tables = drawn_study({"full": 2.0}, seeds=1)
    rules = rules_of(study, tables)
    assert {rules[name].held for name in RULES} == {None, True}
    assert rules["Same examples"].held is rules["Trained to its end"].held is None


def test_what_a_recommendation_hangs_on_is_said_first():
    study, tables = study_of("full", still_improving=True, stopped="budget")
    found = publish(study, tables.__getitem__, {})
    said = sentences.headline(found)
    assert said.startswith("Not settled, for it hangs on full (b) (still improving when its "
                           "budget ended). Use full (b)")
    assert alike.doubts(found) == ["Still improving when its budget ended: full (b)."]


def test_a_verdict_that_hangs_on_a_doubt_is_less_than_use_and_no_less_than_lean(capsys):
    doubted, sure = (publish(study, tables.__getitem__, {}) for study, tables in (
        study_of("full", still_improving=True, stopped="budget"), study_of()))
    assert doubted.verdict.answer == sure.verdict.answer == "use"
    console = Console(width=200)
    assert not short_of(console, sure, "use")
    assert not short_of(console, doubted, "lean")
    assert capsys.readouterr().out == ""
    assert short_of(console, doubted, "use")
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("the verdict is less than `use`: Not settled, for it hangs on full (b) "
                           "(still improving when its budget ended)")


def test_a_doubt_about_an_arm_that_is_lower_stands_under_the_verdict():
    study, tables = study_of("knn", edge_of_grid=True, above_chance=False,
                             skills={"full": 6.0, "knn": 0.1})
    found = publish(study, tables.__getitem__, {})
    assert next(r for r in found.summary.rows if r.label == "knn").standing == "lower"
    assert sentences.headline(found).startswith("Use full (b)")
    assert alike.doubts(found) == ["Its setting at the edge of its grid: knn (b).",
                                   "Never above chance on validation: knn (b)."]


def test_every_view_marks_what_is_unlike(tmp_path):
    study, tables = study_of("lora", words_sha256="whole", words_longest=400, edge_of_grid=True)
    found = publish(study, tables.__getitem__, {})
    row = next(line for line in markdown(found).splitlines() if line.startswith("| lora (b) | 64"))
    assert "40 / 400 **✗**" in row
    assert "2, at the edge **✗**" in row
    assert '<td class="bad">40 / 400</td>' in page(found)
    console = Console(record=True, width=200, file=(tmp_path / "out").open("w"))
    print_results(console, found)
    text = console.export_text()
    assert "40 / 400 *" in text
    assert "matching rule broken: Same words: Not so: lora (b)." in text
    for said in alike.doubts(found):
        assert all(said in view for view in (markdown(found), page(found), text))


def test_a_study_s_conditions_come_back_from_its_file(tmp_path):
    from harness.report.published import published_json

    study, tables = study_of("lora", edge_of_grid=True)
    found = publish(study, tables.__getitem__, {})
    (tmp_path / "study.json").write_text(published_json(found))
    assert read_published(tmp_path / "study.json").conditions == found.conditions


def test_an_undecided_verdict_names_the_doubts_it_hangs_on():
    study, tables = study_of("full", edge_of_grid=True, skills={"full": 1.0, "lora": 1.0})
    found = publish(study, tables.__getitem__, {})
    between = found.verdict.model_copy(update={
        "outcome": "undecided", "recommended": None, "between": ("lora (b)", "full (b)")})
    said = sentences.headline(found.model_copy(update={"verdict": between}))
    assert said.startswith("Not settled, for it hangs on full (b) (its setting at the edge")
    assert alike.hangs_on(found.model_copy(update={"verdict": between.model_copy(
        update={"between": ()})})) == ""


def test_where_no_record_says_no_rule_is_held_nor_broken():
    found = alike_rules({})
    assert len(found) == 7
    assert {(rule.held, rule.evidence) for rule in found} == {(None, "The records do not say.")}
