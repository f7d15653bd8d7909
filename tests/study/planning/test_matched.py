"""What is ranked together, and which runs are made so that it can be."""

import pytest
import yaml
from rich.console import Console

from harness.common.errors import HarnessError
from harness.report.planned import print_outline
from harness.study.planning.matched import Matched, matched
from harness.study.planning.outlined import outline_of
from harness.study.planning.plan import make_plan
from harness.suite import Budget, load_suite

CHEAP = {"majority", "tfidf", "knn (enc)", "features (enc)"}


def planned(path, device, **changes):
    value = yaml.safe_load(path.read_text())
    value["budget"]["max_words"] = 5
    value["backbones"]["dec"]["budget"] = {"seeds": 1, "train": 12, "max_length": 24}
    value.update(changes)
    path.write_text(yaml.safe_dump(value, sort_keys=False))
    return make_plan(load_suite(path), device)


def names_of(plan):
    return {part: {run.identity.name for run in plan.runs if matched(run.budget) == part
                   and run.size is None} for part in plan.parts}


def test_a_backbone_with_a_budget_of_its_own_stands_beside_all_that_is_cheap(suite_file, device):
    plan = planned(suite_file, device)
    main, other = plan.parts
    assert other.unlike(main) == ("at 12 training examples",)
    assert names_of(plan) == {main: {*CHEAP, "full (enc)"}, other: {
        *CHEAP, "zero-shot (dec)", "lora (dec)", "rag+lora (dec)"}}
    there = [run for run in plan.runs if matched(run.budget) == other]
    assert {run.identity.seed for run in there} == {0}
    assert {run.identity.backbone: run.budget.max_length for run in there} == {
        None: 32, "enc": 32, "dec": 24}, "each reads by its own window"
    assert {tuple(e.id for e in plan.sample(run.budget).train) for run in there} == {
        tuple(e.id for e in plan.task.splits.train[:12])}
    assert "tfidf, at 12 training examples, seed 0" in {run.title for run in there}


def test_an_arm_that_reads_both_ends_is_another_arm(suite_file, device):
    ends = {"tfidf": {"as": "tfidf-ends", "budget": {"max_words": 4, "ends": "head+tail"}}}
    plan = planned(suite_file, device, methods=["majority", "tfidf", ends])
    apart = next(part for part in plan.parts if names_of(plan)[part] == {"tfidf-ends"})
    assert apart.unlike(plan.parts[0]) == ("reading 4 words, of both ends",)
    run = next(run for run in plan.runs if run.identity.label == "tfidf-ends")
    whole = plan.task.splits.train[0].text.split()
    assert plan.sample(run.budget).train[0].text.split() == [whole[0], "…", *whole[-2:]]


def test_an_arm_that_reads_more_is_another_arm_and_alone(suite_file, device):
    whole = {"tfidf": {"as": "tfidf-whole", "budget": {"max_words": None}}}
    plan = planned(suite_file, device, methods=["majority", "tfidf", whole])
    alone = plan.parts[1]
    assert alone.unlike(plan.parts[0]) == ("reading whole texts",)
    assert names_of(plan)[alone] == {"tfidf-whole"}
    assert len(plan.parts) == 3
    read = {run.identity.label: plan.sample(run.budget).train[0].text for run in plan.runs
            if matched(run.budget).train == 24}
    assert read["tfidf"] == " ".join(read["tfidf-whole"].split()[:5]) != read["tfidf-whole"]
    console = Console(record=True, width=200, quiet=False)
    print_outline(console, outline_of(plan, (), None))
    text = console.export_text()
    assert "shown and not ranked, reading whole texts: tfidf-whole" in text
    assert "ranked apart, at 12 training examples: majority" in text


def test_a_smaller_size_that_a_part_asks_for_too_is_run_once(suite_file, device):
    plan = planned(suite_file, device, train_sizes=[12], backbones={
        name: spec | {"budget": {"train": 12}} if name == "dec" else spec for name, spec in
        yaml.safe_load(suite_file.read_text())["backbones"].items()})
    ids = [run.run_id for run in plan.runs]
    assert len(ids) == len(set(ids))
    assert names_of(plan)[plan.parts[1]] > CHEAP


@pytest.mark.parametrize(("entry", "said"), [
    ({"tfidf": {"as": "t", "budget": {"max_word": 3}}}, "unknown field 'max_word'"),
    ({"tfidf": {"as": "t", "budget": {"train": 1}}}, "greater than or equal to 2")])
def test_a_wrong_budget_of_an_entry_is_named(suite_file, device, entry, said):
    with pytest.raises(HarnessError, match=said):
        planned(suite_file, device, methods=[entry])


def test_a_method_on_another_of_another_budget_is_refused(suite_file, device):
    value = yaml.safe_load(suite_file.read_text())
    value["backbones"]["dec"]["methods"] = ["lora", {"rag+lora": {"budget": {"train": 12}}}]
    suite_file.write_text(yaml.safe_dump(value, sort_keys=False))
    with pytest.raises(HarnessError, match="needs 'lora' in the same list"):
        make_plan(load_suite(suite_file), device)


def test_what_is_held_out_is_said_where_nothing_else_differs():
    main = matched(Budget(train=10))
    assert main.unlike(main) == ()
    assert matched(Budget(train=10, validation=7)).unlike(main) == ("with 7 validation items",)
    assert matched(Budget(train=9, validation=7)).unlike(main) == ("at 9 training examples",)
    assert matched({"train": 10}) == Matched(train=10, validation=None, max_words=None,
                                             trials=None)


def test_how_many_test_items_are_answered_keeps_nobody_apart(suite_file, device):
    assert matched(Budget(train=10, test=7)) == matched(Budget(train=10))
    older = {"train": 10, "validation": 7, "test": 9, "max_words": None, "trials": 1}
    assert Matched.model_validate(older).unlike(matched(Budget(train=10, validation=7))) == (
        "with 1 trials",)
    fewer = {"tfidf": {"as": "few", "budget": {"test": 12}}}
    plan = planned(suite_file, device, methods=["majority", "tfidf", fewer])
    assert {"tfidf", "few", "full (enc)"} <= names_of(plan)[plan.parts[0]]
    asked = {run.identity.name: len(plan.sample(run.budget).test) for run in plan.runs}
    assert asked["few"] == 12 < asked["tfidf"]


def test_what_is_cheap_answers_all_test_items_beside_a_dear_backbone(suite_file, device):
    value = yaml.safe_load(suite_file.read_text())
    value["backbones"]["dec"]["budget"] = {"train": 12, "test": 10}
    suite_file.write_text(yaml.safe_dump(value, sort_keys=False))
    plan = make_plan(load_suite(suite_file), device)
    other = [run for run in plan.runs if matched(run.budget) == plan.parts[1]]
    asked = {run.identity.name: len(plan.sample(run.budget).test) for run in other}
    whole = len(plan.sample(plan.loaded.suite.budget).test)
    assert asked["zero-shot (dec)"] == 10 < whole
    assert {count for name, count in asked.items() if "dec" not in name} == {whole}
