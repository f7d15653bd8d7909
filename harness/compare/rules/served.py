"""What is served: adapters are merged, and a merged model may answer otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from harness.compare.rule import Rule, judged, run_name
from harness.measure.merge import UNSURE, Merge
from harness.study.record import Record


def as_served(done: Sequence[Record]) -> Rule:
    """No merged model answers better or worse than its adapter apart by more than luck (exact sign
    tests at 5%, Bonferroni's correction over the runs)."""
    merges = [(record, record.merge) for record in done if record.merge is not None]
    merged = [(record, merge) for record, merge in merges if merge.reason is None]
    level = UNSURE / max(1, len(merged))
    broken = [f"{run_name(record)}: merged it answers {merge.better} items better and "
              f"{merge.worse} worse (p = {merge.p_value:.2g}), {merge.metric} "
              f"{_figure(merge.before)} becomes {_figure(merge.after)}"
              for record, merge in merged if merge.p_value is not None and merge.p_value < level]
    kept = dict.fromkeys(f"{record.identity.name}: {merge.reason}" for record, merge in merges
                         if merge.reason is not None)
    said = [*_changes([merge for _, merge in merged]), *_times([record for record, _ in merged]),
            *([f"Served apart: {'; '.join(kept)}."] if kept else [])]
    return judged(
        "As served", "An adapter is timed merged into the weights, as it is deployed, and answers "
        "so what it answered apart.", broken, " ".join(said),
        None if merged else " ".join(["No adapter was merged.", *said]))


def _changes(merges: Sequence[Merge]) -> list[str]:
    if not merges:
        return []
    most = max(merges, key=lambda merge: merge.changed / merge.items)
    moved = [merge.largest for merge in merges if merge.largest is not None]
    largest = f", and the largest change of a probability is {max(moved):.2g}" if moved else ""
    return [f"{len(merges)} merged: of the answers at most {most.changed} of {most.items} are "
            f"others{largest}; no more are worse than luck would have."]


def _times(merged: Sequence[Record]) -> list[str]:
    timed = [f"{record.identity.name} {record.latency.p50_ms:.1f} ms "
             f"({record.latency_apart.p50_ms:.1f} apart)"
             for record in merged if record.latency and record.latency_apart]
    return [f"Median latency: {', '.join(timed)}."] if timed else []


def _figure(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"
