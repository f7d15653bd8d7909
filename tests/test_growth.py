"""The programs that measure how cost grows, at sizes that take seconds."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from benchmarks.growth import report, retrieval, study
from benchmarks.growth.law import law
from benchmarks.growth.of_report import view as view_report
from benchmarks.growth.of_retrieval import view as view_retrieval
from benchmarks.growth.of_study import view as view_study
from benchmarks.growth.page import filled
from benchmarks.growth.passages import dimension, distinct, grown
from harness.processes.server import start_server
from harness.retrieval.vectors import unit

WIDTH = 16


def drawn(count, dimensions=WIDTH, seed=0):
    rng = np.random.default_rng(seed)
    plane = rng.normal(size=(dimensions, WIDTH))
    return unit(rng.normal(size=(count, dimensions)) @ plane)


def test_an_exact_law_is_found():
    found = law([1, 10, 100], [3, 300, 30_000])  # y = 3 x^2
    assert found.exponent == pytest.approx(2)
    assert found.high - found.low < 1e-6


def test_the_interval_is_that_of_statsmodels():
    x, y = [1e3, 1e4, 3e4, 1e5, 1e6], [2.0, 25.0, 60.0, 210.0, 1900.0]
    fit = sm.OLS(np.log(y), sm.add_constant(np.log(x))).fit()
    found = law(x, y)
    assert (found.low, found.high) == pytest.approx(tuple(fit.conf_int()[1]))


def test_made_vectors_follow_the_real_ones_and_smaller_sets_are_prefixes():
    real = drawn(40)
    few, many = grown(real, 60), grown(real, 90)
    assert np.array_equal(many[:40], real)
    assert np.array_equal(many[:60], few)
    assert np.linalg.norm(many, axis=1) == pytest.approx(np.ones(90), abs=1e-5)
    assert len(distinct(np.concatenate([many, real]))) == 90


def test_the_dimension_of_a_plane_is_that_of_the_plane():
    flat = np.random.default_rng(0).normal(size=(2000, 2)) @ np.eye(2, WIDTH)
    assert dimension(flat.astype(np.float32)) == pytest.approx(2, rel=0.1)


def test_recall_counts_what_is_as_near_as_the_last_that_should_be_found():
    passages = np.array([[1, 0], [1, 0], [0.6, 0.8], [0, 1]], dtype=np.float32)
    questions = np.array([[1, 0], [0, 1]], dtype=np.float32)
    # Of [1, 0] the nearest is either copy; of [0, 1] it is the last: one of two is found.
    assert retrieval.recall(passages, questions, np.array([[1], [2]])) == 0.5
    # Two of each: both copies, and the last two; a place of -1 is nothing.
    assert retrieval.recall(passages, questions, np.array([[0, 1], [3, -1]])) == 0.75


def test_retrieval_is_measured_and_shown(tmp_path):
    rows = []
    vectors, questions = grown(drawn(300), 900), drawn(20, seed=1)
    np.save(tmp_path / "questions.npy", questions)
    for kind in ("flat", "hnsw", "ivf-pq"):
        for size in (300, 600, 900):
            np.save(tmp_path / "passages.npy", vectors[:size])
            rows.append(retrieval.measure(kind, tmp_path, size - 300))
    flat = rows[0]
    assert flat.recall_at_10 == 1.0
    assert flat.written_bytes > 300 * WIDTH * 4
    assert all(row.build_cpu_seconds > 0 and row.question_ms > 0 for row in rows)
    # As if a thousand times as large, so that there are sizes to fit a law to.
    kept = [vars(replace(row, passages=row.passages * 1000, made=row.made * 1000,
                         memory_bytes=max(1, row.memory_bytes))) for row in rows]
    text, figure = view_retrieval({
        "device": "d", "questions": 20, "real": 300, "dimension_of_real": 5.0,
        "dimension_of_made": 5.0, "found": [{**row, "made": max(0, row["passages"] - 300)}
                                            for row in kept]})
    assert "estimates, not measurements" in text
    assert text.count("| flat | 300,000 |") == 1
    # Bytes of a flat index grow with their number: 10^9 / 900,000 times as many.
    there = f"{rows[2].written_bytes * 1e9 / 900_000 / 1e6:.3g} MB"
    assert f"| flat | index as written | 1.00 [1.00, 1.00] | n | 900,000 | {there} |" in text
    assert len(figure.data) == 3 * 7  # a line and its estimate in three panels, recall


def test_a_kind_and_size_is_kept_once(tmp_path):
    row = retrieval.Measured("flat", 10, 0, 1.0, 1.0, 1.0, 1.0, 1, 1, 1, 1.0, 1.0, 0.0)
    path = tmp_path / "kept.json"
    retrieval.keep([row, replace(row, passages=20)], {"device": "d"}, path)
    retrieval.keep([replace(row, build_seconds=2.0)], {"device": "d"}, path)
    text = path.read_text()
    assert text.count('"kind"') == 2
    assert '"build_seconds": 2.0' in text
    retrieval.keep([row], {"device": "another"}, path)
    assert path.read_text().count('"kind"') == 1


def test_a_report_is_measured_and_shown():
    rows = [report.measure(methods, items) for methods in (2, 3) for items in (30, 60)]
    assert [row.runs for row in rows] == [3, 3, 5, 5]
    assert all(row.compare_seconds > 0 and row.report_bytes > 1000 for row in rows)
    text, figure = view_report({"device": "d", "found": [vars(row) for row in rows]})
    assert "| 5 | 60 |" in text
    assert len(figure.data) == 4


def test_a_study_is_measured_and_shown(tmp_path, encoder_folder):
    start_server()
    shape = replace(study.MANY, source={"file": str(encoder_folder)}, examples=8, epochs=1)
    row = study.measure("runs", 2, replace(shape, seeds=2), tmp_path, "seed")
    assert row.runs == 2
    assert 0 < row.inside < row.seconds
    assert row.inside == pytest.approx(2 * row.methods["full"])
    assert row.tokens == 8 * shape.length
    rows = [{**vars(row), "axis": axis, "size": size, "runs": size, "seconds": row.seconds * size}
            for axis in study.AXES for size in (1, 2, 4)]
    text, figure = view_study({"device": "d", "threads": 1, "autocast": "no", "found": rows})
    assert "s a run" in text
    assert len(figure.data) == 4


def test_a_page_without_the_place_is_refused():
    page = "a\n<!-- x -->\nold\n<!-- end -->\nb"
    assert filled(page, "x", "new") == "a\n<!-- x -->\n\nnew\n\n<!-- end -->\nb"
    with pytest.raises(ValueError, match="0 places for 'y'"):
        filled(page, "y", "new")
