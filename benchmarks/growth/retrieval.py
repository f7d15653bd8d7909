"""How an index of passages grows: `python -m benchmarks.growth.retrieval`.

Builds the harness's indexes over 10^3 to 10^6 passages, each in a process of its own, and searches
them. What is measured replaces the same size and kind in `results/growth-retrieval.json`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import get_args

import numpy as np
import psutil

from benchmarks.growth.passages import dimension, distinct, grown, real_vectors
from harness.common.clock import Clock
from harness.common.device import detect
from harness.retrieval.searches import Dense
from harness.retrieval.vectors import Kind, build_index, index_bytes
from harness.study.estimate.stopwatch import Others

RESULTS = Path(__file__).parents[1] / "results" / "growth-retrieval.json"
SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
QUESTIONS, ALONE, TIMES, K = 500, 50, 3, 10
TIED = 1e-5
"""A passage counts as found where it is as near as the K-th nearest, but for rounding."""


@dataclass(frozen=True)
class Measured:
    """An index over so many passages, `made` of them made.

    `memory_bytes` is by how much the process grew while the index was built, `peak_bytes` by how
    much at most; the vectors it is built from are in neither. `question_ms` is the median over
    questions asked one by one, the quickest of three times each; embedding is not counted.
    `recall_at_10` is the share of the 10 nearest that the index finds. `others` is what other
    programs used of the processor meanwhile, a share of all cores.
    """

    kind: Kind
    passages: int
    made: int
    build_seconds: float
    build_cpu_seconds: float
    question_ms: float
    questions_a_second: float
    memory_bytes: int
    peak_bytes: int
    written_bytes: int
    recall_at_10: float
    recall_at_1: float
    others: float


def measure(kind: Kind, place: Path, made: int) -> Measured:
    """Build and search in this process, which has done nothing before.

    `place` holds unit vectors as `passages.npy` and `questions.npy`.
    """
    passages, questions = np.load(place / "passages.npy"), np.load(place / "questions.npy")
    build_index(passages[:100], "flat").search(questions[:1], K)  # libraries and threads are there

    def embed(texts: Sequence[str], clock: Clock) -> np.ndarray:
        return np.asarray(questions[[int(text) for text in texts]])

    watch, before = Others(), psutil.Process().memory_info().rss
    wall, cpu = time.perf_counter(), time.process_time()
    index = build_index(passages, kind)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    memory, peak = psutil.Process().memory_info().rss - before, _peak() - before
    search = Dense(index, embed, embed)
    names = [str(i) for i in range(len(questions))]
    alone = [min(_seconds(search, [name]) for _ in range(TIMES)) for name in names[:ALONE]]
    batch = min(_seconds(search, names) for _ in range(TIMES))
    found = search.rank(names, K, Clock())
    return Measured(kind, len(passages), made, wall, cpu, 1000 * float(np.median(alone)),
                    len(names) / batch, memory, peak, index_bytes(index),
                    recall(passages, questions, found),
                    recall(passages, questions, found[:, :1]), watch.share())


def _peak() -> int:
    """Most bytes resident since this program began. (`getrusage` counts from before it began.)"""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def _seconds(search: Dense, names: Sequence[str]) -> float:
    clock = Clock()
    search.rank(names, K, clock)
    return clock.spent["retrieve"]


def recall(passages: np.ndarray, questions: np.ndarray, found: np.ndarray) -> float:
    """Mean share of the `found` [questions, k] that are as near as the k-th nearest, which an exact
    search over `passages` finds (recall by distance, Aumüller et al. 2020). A place of -1 is
    nothing found."""
    exact = build_index(passages, "flat").search(questions, found.shape[1])[0]
    near = np.einsum("qkd,qd->qk", passages[found], questions) >= exact[:, -1:] - TIED
    return float((near & (found >= 0)).mean())


def in_own_process(kind: Kind, passages: np.ndarray, questions: np.ndarray, made: int) -> Measured:
    """Memory that an index gave back would hide what the next one takes."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        np.save(place / "passages.npy", passages)
        np.save(place / "questions.npy", questions)
        with ProcessPoolExecutor(1, get_context("spawn")) as own:
            return own.submit(measure, kind, place, made).result()


def measured(real: np.ndarray, questions: np.ndarray, kinds: Sequence[Kind], sizes: Sequence[int]
             ) -> Iterator[Measured]:
    """Every kind of index at every size.

    Sizes on both sides of the number of real vectors add that number, of real ones and of made
    ones alone: it shows whether made ones are like real ones.
    """
    vectors = grown(real, max(*sizes, 2 * len(real)))
    control = vectors[len(real):2 * len(real)]
    for kind in kinds:
        if min(sizes) < len(real) < max(sizes):
            yield in_own_process(kind, real, questions, 0)
            yield in_own_process(kind, control, questions, len(control))
        for size in sizes:
            yield in_own_process(kind, vectors[:size], questions, max(0, size - len(real)))


def keep(rows: Sequence[Measured], facts: dict, path: Path) -> None:
    """Put rows beside those that this machine measured before; a kind and size has one row."""
    def name(row: dict) -> tuple:
        return row["kind"], row["passages"], row["made"]

    before = json.loads(path.read_text()) if path.exists() else {}
    kept = before["found"] if before.get("device") == facts["device"] else []
    found = {name(row): row for row in (*kept, *map(asdict, rows))}
    path.write_text(json.dumps({**facts, "found": sorted(found.values(), key=name)}, indent=1)
                    + "\n")


def main(words: Sequence[str] | None = None) -> None:
    """Measure and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="+", choices=get_args(Kind), default=get_args(Kind))
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args(words)
    vectors = distinct(real_vectors())
    real, questions = vectors[QUESTIONS:], vectors[:QUESTIONS]
    facts = {"device": detect().name, "real": len(real), "questions": len(questions),
             "dimension_of_real": dimension(real),
             "dimension_of_made": dimension(grown(real, 2 * len(real))[len(real):])}
    for row in measured(real, questions, options.kinds, options.sizes):
        keep([row], facts, options.results)
        print(asdict(row), flush=True)


if __name__ == "__main__":
    main()
