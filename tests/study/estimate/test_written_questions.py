"""General items that a plan is timed with, and for how many they stand."""

import dataclasses
from types import SimpleNamespace

import pytest

from harness.study.estimate import units as room
from harness.study.estimate.measuring import by_answer, count_items, few_questions
from harness.study.estimate.units import Questions, time_questions
from harness.suite import ForgettingItems

ASKS = ForgettingItems(benchmarks={"arc_easy": 200, "mmlu": 600, "ifeval": 100, "nq_open": 10},
                       probes={"sst2": 400}, passages=50)


def test_what_is_written_is_timed_apart_with_more_items():
    read, written = by_answer(ASKS)
    assert read.benchmarks == {"arc_easy": 200, "mmlu": 600}
    assert written.benchmarks == {"ifeval": 100, "nq_open": 10}
    assert count_items(read, "decoder") + count_items(written, "decoder") == count_items(
        ASKS, "decoder") == 960
    assert (count_items(read, "encoder"), count_items(written, "encoder")) == (450, 0)
    assert few_questions(read).benchmarks == {"arc_easy": 2, "mmlu": 6}
    assert few_questions(written).benchmarks == {"ifeval": 16, "nq_open": 10}


def test_an_item_costs_what_all_of_them_do_on_the_mean(monkeypatch):
    """Four items of a second each stand for 90, two of ten seconds each for 10."""
    now = [0.0]

    class Asking:
        def __init__(self, seconds):
            self.seconds = seconds

        def put_to(self, loaded, device):
            now[0] += self.seconds

    monkeypatch.setattr(room.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(room, "examiner", lambda _, few: Asking(4.0 if few.passages else 20.0))
    monkeypatch.setattr(room, "load_with_head", lambda *_, **__: None)
    monkeypatch.setattr(room, "Others", lambda: SimpleNamespace(share=lambda: 0.0))
    parts = [Questions(ForgettingItems(passages=1), 4, 90), Questions(ForgettingItems(), 2, 10)]
    assignment = SimpleNamespace(backbone=object(),
                                 device=SimpleNamespace(type="cpu", products=None))
    found = time_questions(parts, assignment, print)
    assert found.answer.at(100) == pytest.approx(90 * 1.0 + 10 * 10.0)
    alone = time_questions([dataclasses.replace(parts[0], of=7)], assignment, print)
    assert alone.answer.at(7) == pytest.approx(7.0)
