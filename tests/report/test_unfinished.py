"""Views of a study that was interrupted: all that was measured, and what was not."""

import io
import re

import pytest
from rich.console import Console
from synthetic import drawn_study, forgetting, lost_item

from harness.compare.matching import matching_rules
from harness.report import sentences
from harness.report.figures import figures
from harness.report.markdown import markdown
from harness.report.page import page
from harness.report.published import publish
from harness.report.terminal import print_results
from harness.study.record import TrialRecord
from harness.suite import Decide, Limits


def found(change, unfinished=(), **words):
    """A drawn study whose records `change` made others, or took away by None."""
    study, tables = drawn_study({"full": 3.0, "lora": 2.0}, items=60, **words)
    left = tuple(r for record in study.records if (r := change(record)) is not None)
    return publish(study.model_copy(update={"records": left, "unfinished": tuple(unfinished)}),
                   tables.__getitem__, {})


def untimed(record):
    return record.model_copy(update={"latency": None})


def views(published):
    console = Console(file=io.StringIO(), width=200)
    print_results(console, published)
    shown = [page(published).split("<script")[0], markdown(published), console.file.getvalue()]
    for text in shown:
        assert not re.search(r"\b(nan|None|inf)\b", text)
    return shown


def test_without_latency_there_is_a_verdict_and_no_empty_figure():
    published = found(untimed)
    assert published.verdict.recommended == "full (b)"
    assert sentences.headline(published).startswith("Lean to full (b): macro F1 ")
    assert any(line.startswith("Latency, and so what answers cost: all methods are timed together")
               for line in sentences.not_measured(published))
    drawn = figures(published)
    assert {"quality-latency", "break-even-figure"}.isdisjoint(drawn)
    assert "quality-cost" in drawn
    html, _, terminal = views(published)
    assert 'id="quality-latency"' not in html
    assert 'id="quality-cost"' in html
    assert html.count("Nothing to draw: it was not measured.") == 2
    assert "matching rule broken" not in terminal


def test_every_figure_has_its_place_in_the_page():
    published = found(lambda record: record)
    html = page(published)
    for name in figures(published):
        assert f'id="{name}"' in html


def test_unmeasured_limits_are_no_limits_that_every_method_exceeds():
    published = found(untimed, decide=Decide(limits=Limits(p95_ms=10, money=1)))
    assert sentences.headline(published) == (
        "No recommendation yet: p95 latency and cost are limited and not measured. By all that was "
        "measured it would be full (b).")
    assert "exceeds a limit" not in "".join(views(published))


def test_a_limit_that_is_exceeded_stays_one_where_another_was_not_measured():
    rules = Decide(limits=Limits(p95_ms=10, artifact_mb=0.0001))
    published = found(untimed, decide=rules)
    assert published.verdict.outcome == "none-admissible"
    assert published.verdict.provisional is None


def test_what_forgetting_would_change_is_said_where_only_some_have_it():
    """Methods that leave weights alone keep its limit without being asked."""
    published = found(lambda r: r.model_copy(update={"forgetting": None}),
                      decide=Decide(limits=Limits(forgetting_points=2)))
    assert published.verdict.outcome == "not-above-floor"
    assert published.verdict.provisional == "full (b)"
    assert ("If every method kept the limits that it was not measured for, it would be full (b)."
            in sentences.would_change(published))


def test_forgetting_that_some_methods_lack_is_said():
    def change(record):
        lost = forgetting((lost_item("a text", "yes", "no"),))
        return record.model_copy(update={"forgetting": lost if record.identity.label == "full"
                                         else None})

    published = found(change)
    assert "Forgetting of lora (b)" in sentences.not_measured(published)
    views(published)


@pytest.mark.parametrize("gone", [
    {("lora", 0), ("lora", 1)}, {("lora", 0)}, {("majority", 0), ("full", 1), ("lora", 1)}])
def test_runs_that_are_not_done_are_said(gone):
    titles = [f"{label} on b, seed {seed}" for label, seed in sorted(gone)]
    published = found(lambda r: None if (r.identity.label, r.identity.seed) in gone else untimed(r),
                      titles)
    done = len(published.study.records)
    said = {"use": "Use", "lean": "Lean to"}[published.verdict.answer]
    assert sentences.headline(published).startswith(
        f"So far, with {done} of {done + len(gone)} runs: {said} full (b)")
    assert f"Runs that are not done: {'; '.join(titles)}" in sentences.not_measured(published)
    assert all(titles[0] in text for text in views(published)[:2])
    assert {rule.name: rule.held for rule in published.rules}["Same clock"] is None


def test_methods_timed_in_two_rounds_still_break_the_rule():
    study, tables = drawn_study({"full": 3.0, "lora": 2.0}, items=60)
    tried = TrialRecord(setting={}, validation_loss=1.0, seconds=1.0)
    first, *others = (r.model_copy(update={"trials": (tried,)}) for r in study.records)
    apart = first.model_copy(update={"latency": first.latency.model_copy(
        update={"round": "another"})})
    broken = study.model_copy(update={"records": (apart, *others)})
    rules = {rule.name: rule.held for rule in matching_rules(broken, tables.__getitem__)}
    assert rules["Same clock"] is False
