"""What tuning gained beside what it forgot, in the views."""

import numpy as np
import pytest
from synthetic import LABELS, answers, examples, forgetting, record, study

from harness.forgetting.figures import unchanged
from harness.report import traded
from harness.report.figures import figures
from harness.report.markdown import markdown
from harness.report.published import publish
from harness.study.tables import class_table

SKILLS = {"tuned": 2.0, "worse": 0.1, "features": 0.6, "knn": 0.3}
LEFT = ("features", "knn")


def found(skills=SKILLS, methods=None, left=LEFT):
    """Published answers of methods by skill; those of `left` leave the backbone as it is."""
    rng, asked = np.random.default_rng(0), examples(150)
    records, tables = [], {}
    for label, skill in skills.items():
        said = answers(rng, asked, skill, len(LABELS))
        made = record(label, 0, asked, said)
        forgot = unchanged("k", "left") if label in left else forgetting()
        identity = made.identity.model_copy(update={"method": (methods or {}).get(label, "full")})
        made = made.model_copy(update={"forgetting": forgot, "identity": identity})
        records.append(made)
        tables[made.identity.run_id] = class_table(asked, said, LABELS)
    return publish(study(records, asked), tables.__getitem__, {})


def by_label(published):
    return {trade.row.label: trade for trade in traded.trades(published)}


def test_a_gain_is_over_the_best_that_leaves_the_weights_with_its_paired_interval():
    published = found()
    metric = published.summary.metric
    trades = by_label(published)
    assert set(trades) == {"tuned", "worse"}
    for label, trade in trades.items():
        rows = {row.label: row.common[metric] for row in published.summary.rows}
        assert trade.against.label == "features"
        assert trade.gain.difference == pytest.approx(rows[label].mean - rows["features"].mean)
        assert trade.gain.low < trade.gain.difference < trade.gain.high
    assert trades["tuned"].gain.difference > 0 > trades["worse"].gain.difference


def test_the_backbone_asked_as_it_is_comes_before_a_better_one():
    trades = by_label(found(methods={"knn": "zero-shot"}))
    assert {trade.against.label for trade in trades.values()} == {"knn"}


def test_of_a_metric_that_is_better_low_less_is_a_gain():
    published = found()
    turned = published.model_copy(update={
        "summary": published.summary.model_copy(update={"metric": "log_loss"})})
    rows = {row.label: row.common["log_loss"].mean for row in published.summary.rows}
    trade = by_label(turned)["tuned"]
    assert trade.gain.difference == pytest.approx(rows["features"] - rows["tuned"])


def test_without_an_untuned_method_there_is_no_gain_to_show():
    published = found({"tuned": 2.0, "worse": 0.1})
    assert traded.trades(published) == []
    assert "gain-forgetting" not in figures(published)
    assert "Gain against forgetting" not in markdown(published)


def test_the_figure_has_both_whiskers_and_markdown_a_row_a_method():
    published = found()
    (trace,) = figures(published)["gain-forgetting"]["data"]
    trades = traded.trades(published)
    assert trace["text"] == [trade.row.label for trade in trades]
    assert trace["x"] == [-25.0, -25.0]
    assert trace["error_x"]["array"] == pytest.approx([26.0, 26.0])
    assert trace["error_x"]["arrayminus"] == pytest.approx([25.0, 25.0])
    for trade, y, above, below in zip(trades, trace["y"], trace["error_y"]["array"],
                                      trace["error_y"]["arrayminus"], strict=True):
        assert (y + above, y - below) == pytest.approx((trade.gain.high, trade.gain.low))
    text = markdown(published)
    assert "## Gain against forgetting" in text
    gain = next(trade for trade in trades if trade.row.label == "tuned").cells[3]
    line = next(line for line in text.splitlines() if line.startswith("| tuned | b | features |"))
    assert gain.replace("[", "\\[").replace("]", "\\]") in line
    assert "-25.0" in line


def test_quality_against_forgetting_has_both_whiskers_too():
    published = found()
    trace = figures(published)["quality-forgetting"]["data"][0]
    assert len(trace["error_y"]["array"]) == len(trace["x"]) == 4
    assert min(trace["error_y"]["array"]) > 0
