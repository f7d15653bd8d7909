"""Numbers as words for people, the same in every view."""

from __future__ import annotations

from harness.compare.summary import Forgot, Row, Spread
from harness.compare.ties import Interval

METRIC_NAMES = {
    "accuracy": "accuracy", "macro_f1": "macro F1", "micro_f1": "micro F1", "roc_auc": "ROC AUC",
    "log_loss": "log loss", "calibration_error": "calibration error",
}
ABSENT = "–"


def spread(value: Spread | None) -> str:
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


def within(value: Interval | None) -> str:
    """`.38 to .49`."""
    return ABSENT if value is None else f"{value.low:.3f} to {value.high:.3f}"


def against(row: Row) -> str:
    """How a method stands to the best one."""
    if row.against is None:
        return ABSENT if row.common is None else "best"
    a = row.against
    behind = f"{a.difference:.3f} behind [{a.low:+.3f}, {a.high:+.3f}]"
    return f"tied: {behind}" if a.tied else behind


def headline(rows: tuple[Row, ...], metric: str, items: int) -> str:
    """Which method scored highest, which cannot be told from it, and how fine the study sees."""
    done = [row for row in rows if row.common is not None]
    if not done:
        return "No method has a result."
    best, name = done[0], METRIC_NAMES[metric]
    said = (f"Highest {name}: {best.name}, {spread(best.common)}, on the {items} test items that "
            f"every method answered.")
    if not best.interval or len(done) == 1:
        return said
    tied = [row.name for row in done[1:] if row.against and row.against.tied]
    reach = max(row.against.detectable for row in done[1:] if row.against)
    told = (f"The difference to {', '.join(tied)} is not significant" if tied
            else "Every other method is significantly lower")
    return (f"{said} {told} (paired bootstrap over groups of items and seeds, Holm's correction, "
            f"5%). Depending on the method, a difference of up to {reach:.3f} was needed to be "
            "found with 80% power.")
