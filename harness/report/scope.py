"""What a verdict is about: training sets like those that were drawn, or one set alone."""

from __future__ import annotations

from harness.report.published import Published


def scope(published: Published) -> str:
    """A sentence after the verdict; empty of studies whose records do not say what was learned.

    Told from the training items that the records name: two draws or more speak of training sets of
    their size, one speaks of itself, whatever the suite asked for.
    """
    if not any(row.standing for row in published.summary.rows) or not published.conditions:
        return ""
    names = {row.name for row in published.conditions}
    size = published.conditions[0].train_items
    drawn = {used.read.train_sha256 for record in published.study.records
             if record.identity.name in names and (used := record.budget_used)
             and used.read and used.train_items == size}
    items = published.study.items
    if not drawn:
        return ""
    if len(drawn) > 1 and max(row.seeds for row in published.summary.rows) > 1:
        return f" This is for training sets of {size:,} such {items}: {len(drawn)} were drawn."
    return f" This is for these {size:,} training {items}: one set was drawn."
