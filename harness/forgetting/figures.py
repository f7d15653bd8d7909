"""What was forgotten: paired differences between a tuned model and its untouched backbone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from harness.common.errors import HarnessError
from harness.forgetting.change import Change, change_of, counted
from harness.forgetting.following import Following, following
from harness.forgetting.items import IN_CHAT, Answer, General, Passage, scores_of
from harness.forgetting.probes import similarity_of_structure
from harness.measure.intervals import Interval, mean_of, ratio
from harness.measure.part import RecordPart

EXAMPLES = 6
LONGEST = 600
"""Characters of an example's text kept from its end, and of its answers from their beginning."""


class BenchmarkChange(Change):
    """Shares in 0 to 1. `lost` items were right before and are wrong now, `gained` the reverse."""

    benchmark: str
    metric: str
    items: int
    lost: int
    gained: int
    chat: bool = False
    """Whether items were asked in the backbone's chat template."""
    draws: int = 1
    """Of a probe, how often its folds were drawn: scores are means over them, and an item is right
    where most say so. 1 in older records."""

    @property
    def asked(self) -> str:
        """The benchmark's name, and how it was asked where that is not plainly."""
        return self.benchmark + IN_CHAT * self.chat


class Drift(Change):
    """Cross-entropy on passages of general text, in nats a token; above 0 is worse."""

    passages: int
    tokens: int


class LostItem(RecordPart):
    """An item that the untouched backbone had right and the tuned model has wrong."""

    benchmark: str
    text: str
    target: str
    before: str
    after: str


class Forgetting(RecordPart):
    """General benchmarks on the tuned model against its untouched backbone, item by item.

    With `changed` false the method leaves the backbone's weights as they are: nothing is
    measured, every difference is zero by construction, and `reason` says so. `key` names
    backbone, items, dtype and code: figures with the same key may be compared.
    """

    key: str
    changed: bool
    reason: str | None = None
    mean: Change | None = None
    """Plain mean over the benchmarks."""
    benchmarks: tuple[BenchmarkChange, ...] = ()
    following: Following | None = None
    """What `ifeval` says beside the strict share of prompts, which is among the benchmarks."""
    drift: Drift | None = None
    similarity: float | None = None
    """Linear CKA between the features of passages before and after; encoders only."""
    truncated: int = 0
    seconds: float = 0.0
    lost: tuple[LostItem, ...] = ()
    """The first items lost, at most six."""
    items_sha256: str | None = None
    """Hash of `forgetting.parquet`, which holds every item before and after."""


def unchanged(key: str, reason: str) -> Forgetting:
    """For a method that leaves the backbone's weights as they are."""
    return Forgetting(key=key, changed=False, reason=reason)


def forgetting(key: str, before: General, after: General, seconds: float) -> Forgetting:
    """Compare two models on the same items. Raises HarnessError when the items differ."""
    pairs = _paired(before.answers, after.answers)
    first = {b.benchmark: b for b, _ in reversed(pairs)}
    names = dict.fromkeys(answer.benchmark for answer in before.answers)
    benchmarks = tuple(_benchmark(first[name], scores_of(before.answers, name),
                                  scores_of(after.answers, name)) for name in names)
    lost = [(b, a) for b, a in pairs if b.score == 1.0 and a.score == 0.0]
    return Forgetting(
        key=key, changed=True, mean=_mean(benchmarks), benchmarks=benchmarks,
        following=following(before.followed, after.followed),
        drift=_drift(before.passages, after.passages),
        similarity=_similarity(before.features, after.features), truncated=after.truncated,
        seconds=seconds, lost=tuple(_lost(b, a) for b, a in _spread_out(lost)))


def item_table(before: General, after: General) -> pa.Table:
    """Every item before and after: benchmark, item, target, both answers, both scores."""
    rows = [{"benchmark": b.benchmark, "item": b.item, "target": b.target, "before": b.chosen,
             "after": a.chosen, "score_before": b.score, "score_after": a.score}
            for b, a in _paired(before.answers, after.answers)]
    rows += [{"benchmark": "passages", "item": b.item, "target": "", "before": "", "after": "",
              "score_before": -b.nats / b.tokens, "score_after": -a.nats / a.tokens}
             for b, a in zip(before.passages, after.passages, strict=True)]
    return pa.Table.from_pylist(rows)


def _paired(before: Sequence[Answer], after: Sequence[Answer]) -> list[tuple[Answer, Answer]]:
    if [(a.benchmark, a.item, a.metric, a.chat) for a in before] != [
            (a.benchmark, a.item, a.metric, a.chat) for a in after]:
        raise HarnessError("the two models did not answer the same items",
                           "Measure both with the same harness and the same suite.")
    return list(zip(before, after, strict=True))


def _benchmark(first: Answer, before: np.ndarray, after: np.ndarray) -> BenchmarkChange:
    lost, gained = counted(before, after)
    return BenchmarkChange(**dict(change_of(before, after)), benchmark=first.benchmark,
                           metric=first.metric, items=len(before), lost=lost, gained=gained,
                           chat=first.chat, draws=before.shape[1])


def _mean(benchmarks: Sequence[BenchmarkChange]) -> Change | None:
    if not benchmarks:
        return None
    intervals: list[Interval] = [(b.low, b.high) for b in benchmarks]
    low, high = mean_of([b.difference for b in benchmarks], intervals)
    count = len(benchmarks)
    return Change(before=math.fsum(b.before for b in benchmarks) / count,
                  after=math.fsum(b.after for b in benchmarks) / count,
                  difference=math.fsum(b.difference for b in benchmarks) / count,
                  low=low, high=high)


def _drift(before: Sequence[Passage], after: Sequence[Passage]) -> Drift | None:
    if not before:
        return None
    if [(p.item, p.tokens) for p in before] != [(p.item, p.tokens) for p in after]:
        raise HarnessError("the two models did not read the same passages",
                           "Compare models with the same tokenizer.")
    tokens = [float(p.tokens) for p in before]
    difference, (low, high) = ratio([a.nats - b.nats
                                     for b, a in zip(before, after, strict=True)], tokens)
    total = sum(tokens)
    return Drift(before=math.fsum(p.nats for p in before) / total,
                 after=math.fsum(p.nats for p in after) / total, difference=difference,
                 low=low, high=high, passages=len(before), tokens=int(total))


def _similarity(before: np.ndarray | None, after: np.ndarray | None) -> float | None:
    return None if before is None or after is None else similarity_of_structure(before, after)


def _spread_out(lost: list[tuple[Answer, Answer]]) -> list[tuple[Answer, Answer]]:
    """A few, from as many benchmarks as there are."""
    seen: dict[str, int] = {}
    ranked = []
    for position, pair in enumerate(lost):
        turn = seen[pair[0].benchmark] = seen.get(pair[0].benchmark, -1) + 1
        ranked.append((turn, position, pair))
    return [pair for _, _, pair in sorted(ranked, key=lambda r: r[:2])[:EXAMPLES]]


def _lost(before: Answer, after: Answer) -> LostItem:
    return LostItem(benchmark=before.benchmark, text=before.text[-LONGEST:],
                    target=before.target[:LONGEST], before=before.chosen[:LONGEST],
                    after=after.chosen[:LONGEST])
