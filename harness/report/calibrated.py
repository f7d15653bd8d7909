"""How far each method's confidence lies from how often it is right."""

from __future__ import annotations

from harness.report import words
from harness.report.published import Published

HEADINGS = ("method", "calibration error", "95% interval", "p of perfect calibration")
MEANING = (
    "The calibration error is the mean distance between confidence and the share that is right, "
    "over 15 bins, without the part that noise makes: of a perfectly calibrated model it is about "
    "0. p is how rarely such a model would be as far off, first seed, without a correction for the "
    "number of methods.")


def rows(published: Published) -> list[tuple[str, ...]]:
    """What stands under each of the headings, best method first; none of older files."""
    p_values = {found.name: found.p_value for found in published.calibration}
    shown: list[tuple[str, ...]] = []
    for row in published.summary.rows:
        figure, p = row.common.get("calibration_error"), p_values.get(row.name)
        if figure is not None and p is not None:
            shown.append((row.name, words.spread(figure), words.within(figure),
                          "below 0.001" if p < 0.001 else f"{p:.3f}"))
    return shown


def lines(published: Published) -> list[str]:
    """What a temperature made of each method's first seed, best method first."""
    first = {record.identity.run_id: record for record in published.study.records}
    found = [(row.name, record.tempering) for row in published.summary.rows
             if (record := first.get(row.run_ids[0])) is not None and record.tempering is not None]
    return [f"{name}: at a temperature of {made.temperature:.3g}, fitted on {made.items} "
            f"{made.part} items, log loss {made.log_loss_before:.3f} became {made.log_loss:.3f}, "
            f"calibration error {made.calibration_error_before:.3f} became "
            f"{made.calibration_error:.3f} (first seed, all its test items, noise included)."
            for name, made in found]


def markdown(published: Published) -> list[str]:
    """A section of the report; empty where there is nothing to show."""
    found = rows(published)
    if not found:
        return []
    return ["## Calibration", "", MEANING, "", f"| {' | '.join(HEADINGS)} |",
            f"|---{'|---' * (len(HEADINGS) - 1)}|",
            *("| " + " | ".join(map(words.cell, row)) + " |" for row in found), "",
            *(text for line in lines(published) for text in (f"- {words.cell(line)}", ""))]
