"""Numbers as words for people, the same in every view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.common.kinds import Drawn
from harness.common.text import plain
from harness.targets.kinds import gain

if TYPE_CHECKING:  # the rooms that compute take seconds to import, and listings need but words
    from harness.compare.row import Forgot, Row, Spread
    from harness.compare.uncertainty import Figure
    from harness.forgetting.change import Change
    from harness.forgetting.figures import Forgetting
    from harness.measure.citations import Citations
    from harness.measure.retrieval import (
        OwnNeighbours,
        OwnSearch,
        PassageRetrieval,
        Reranking,
        Retrieval,
    )
    from harness.study.record import Record
    from harness.tasks.spread import PartSpread

ABSENT = "–"


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last


def more(metric: str) -> str:
    """What the better of two figures is."""
    return "higher" if gain(metric, 1.0) > 0 else "lower"


def less(metric: str) -> str:
    """What the worse of two figures is."""
    return "lower" if gain(metric, 1.0) > 0 else "higher"


def spread(value: Spread | Figure | None) -> str:
    """`.812 ± .010`, or without the spread for a single seed."""
    if value is None:
        return ABSENT
    sd = f" ± {value.sd:.3f}" if value.sd is not None else ""
    return f"{value.mean:.3f}{sd}"


def forgot(value: Forgot | None) -> str:
    """Percentage points on general benchmarks with their interval; `0` where nothing changed."""
    if value is None:
        return ABSENT
    if not value.changed:
        return "0 by construction"
    return (ABSENT if value.difference is None
            else points(value.difference.mean, value.low, value.high))


def points(difference: float, low: float | None, high: float | None) -> str:
    """`-2.1 [-4.0, -0.3]`: a difference of shares in percentage points, with its interval."""
    shown = _signed(difference)
    return shown if low is None or high is None else f"{shown} [{_signed(low)}, {_signed(high)}]"


def _signed(share: float) -> str:
    return f"{round(100 * share, 1) + 0.0:+.1f}"  # adding zero turns -0.0 into 0.0


def seconds(value: float | None) -> str:
    """Seconds, minutes or hours, whichever reads best."""
    if value is None:
        return ABSENT
    if value < 100:
        return f"{value:.2g} s" if value < 1 else f"{value:.1f} s"
    return f"{value / 60:.1f} min" if value < 6000 else f"{value / 3600:.1f} h"


def milliseconds(value: float | None) -> str:
    """Milliseconds with three significant digits."""
    if value is None:
        return ABSENT
    return f"{value:.0f} ms" if value >= 100 else f"{value:.3g} ms"


def count(value: float | None) -> str:
    """`22.7 M` for large counts."""
    if value is None:
        return ABSENT
    for size, unit in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.0f}"


def size(value: int | None) -> str:
    """Bytes in decimal units."""
    return ABSENT if value is None else f"{count(value)}B" if value >= 1000 else f"{value} B"


def within(value: Figure | None) -> str:
    """`.38 to .49`."""
    return ABSENT if value is None else f"{value.low:.3f} to {value.high:.3f}"


def standing(row: Row) -> str:
    """How a method stands to the best one."""
    if row.standing is None or row.behind is None:
        return row.standing or ABSENT
    if row.standing == "ceiling":
        above = row.behind.turned()
        return f"ceiling: {above.difference:+.3f} [{above.low:+.3f}, {above.high:+.3f}]"
    behind = (f"{row.behind.difference:.3f} behind "
              f"[{row.behind.low:+.3f}, {row.behind.high:+.3f}]")
    word = {"tied": "tied", "undecided": "too small to tell", "lower": "lower"}[row.standing]
    return f"{word}: {behind}"


def found(retrieval: PassageRetrieval) -> str:
    """What a search over passages found, and what it had found before it was put in order."""
    said = _found(retrieval, retrieval.k)
    before, untuned = retrieval.rerank, retrieval.untuned
    if before is not None:
        said = (f"the first {before.depth} put in order by a reranker: {said}; before: "
                f"{_found(before, retrieval.k)}")
    if untuned is not None:
        said += f"; by the embedder before it was tuned: {_found(untuned, retrieval.k)}"
    return said


def cited(found: Citations) -> str:
    """Whether answers name the passage that they are from, and whether they are."""
    said = [f"{text} for {share:.3f}" for share, text in (
        (found.held, "where they do, the answer stands there"),
        (found.gold, f"it is of the document that is asked about (of {found.questions})"))
        if share is not None]
    of = "" if found.cited is None else f" for {found.cited:.3f}"
    return "; ".join([f"answers name a passage{of} of {found.answers}", *said])


def neighbours(retrieval: Retrieval) -> str:
    """How often an item's nearest training examples are of its class."""
    said = _neighbours(retrieval, retrieval.k)
    if retrieval.untuned is not None:
        before = _neighbours(retrieval.untuned, retrieval.k)
        said += f"; by the embedder before it was tuned: {before}"
    return said


def _neighbours(by: Retrieval | OwnNeighbours, k: int) -> str:
    if by.same_label_hit_rate is None or by.same_label_share is None:
        return f"{k} neighbours each"
    return (f"a neighbour of the same label among {k} for {by.same_label_hit_rate:.3f} of the "
            f"items, {by.same_label_share:.3f} of all neighbours")


def _found(by: PassageRetrieval | Reranking | OwnSearch, k: int) -> str:
    said = [] if by.answer_share is None else [
        f"a whole reference in one of {k} for {by.answer_share:.3f}"]
    if by.recall is not None:
        depths = ", ".join(f"{share:.3f} at {depth}" for depth, share in by.recall.items())
        said = [f"recall of the document {depths}; MRR {by.mrr:.3f}", *said]
    return "; ".join(said) or f"no item names a document; {k} passages each"


def money(value: float | None, currency: str) -> str:
    """Money with three significant digits."""
    return ABSENT if value is None else f"{value:.3g} {currency}"


def forgetting_lines(records: Sequence[Record]) -> list[tuple[Record, Forgetting]]:
    """The first seeds' figures that were measured on themselves, for tables by benchmark."""
    return [(r, r.forgetting) for r in records if r.identity.seed == 0 and r.forgetting
            and r.forgetting.changed and r.forgetting.reason is None]


def followed(figures: Forgetting) -> list[tuple[str, int, Change]]:
    """What is known of instructions beside the strict share of prompts, which is a benchmark: what
    a share is of, of how many, and its change. None where no instructions were given."""
    of = figures.following
    return [] if of is None else [
        ("prompts, loosely", of.prompts, of.prompts_loose),
        ("instructions, strictly", of.instructions, of.instructions_strict),
        ("instructions, loosely", of.instructions, of.instructions_loose)]


def drift(figures: Forgetting) -> str:
    """Nats a token, with the interval."""
    d = figures.drift
    return interval(d.difference, d.low, d.high) if d else ABSENT


def interval(difference: float, low: float, high: float) -> str:
    """`+0.031 [-0.004, +0.066]`."""
    return f"{difference:+.3f} [{low:+.3f}, {high:+.3f}]"


def cell(text: str) -> str:
    """Text that cannot break a Markdown table or start markup."""
    for character in "\\`*_[]<>|#":
        text = text.replace(character, f"\\{character}" if character != "<" else "&lt;")
    return " ".join(plain(text).split())


GROUPED = ("items", "groups", "worth", "largest", "drawn", "groups of these", "worth of these")
"""Columns of `grouped`."""


def grouped(row: PartSpread) -> tuple[str, ...]:
    """Items and groups of a part, how many groups these are worth, items of the largest; and what
    a budget draws of them."""
    there, drawn = row.there, row.drawn
    return (f"{there.items:,}", f"{there.groups:,}", f"{there.effective:,.1f}",
            f"{there.largest:,}", f"{drawn.items:,}", f"{drawn.groups:,}",
            f"{drawn.effective:,.1f}")


COUNTED: dict[Drawn, str] = {
    "groups": "drawn over groups: a mean is over groups alike within a class, and no class is "
              "rarer than a tenth, or two thirds of an even share",
    "items": "drawn over items: a mean is over items alike",
    "sizes": "validation and test items drawn over groups by their sizes and weighted: a mean is "
             "over all items of the part alike; training items at random, each alike"}
"""What the mean over a sample estimates, by what it is drawn over."""
