"""What minutes bought of a suite, for people."""

from __future__ import annotations

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from harness.compare.leaving import Left, settled
from harness.report import words
from harness.report.lines import print_lines
from harness.report.published import Published
from harness.study.minutes.bought import Bought, Buys, LeftOut


def said(published: Published) -> tuple[str, ...]:
    """What was given, what it was used for, whether it ended early, who left and on what evidence,
    and which methods it did not buy."""
    bought = published.study.bought
    if bought is None:
        return ()
    test = bought.buys.test
    return (f"{bought.given:g} minutes were given and {bought.spent / 60:.1f} used: "
            f"{_draws(bought.draws)}, every method asked {test:,} test items.",
            *_settled(published), *map(left_after, published.left),
            *map(_left_out, bought.left_out))


def left_after(left: Left) -> str:
    """Who left, when, and what shows that it could."""
    when = _draws(left.draws) if left.minutes is None else f"{left.minutes:.1f} minutes"
    return (f"{left.name}: left after {when}: lower than {left.better} by {left.difference:.3f} "
            f"[{left.at_least:.3f}, {left.at_most:.3f}], always valid.")


def _settled(published: Published) -> tuple[str, ...]:
    if not settled(published.study, published.verdict):
        return ()
    return ("The verdict is settled, at 5% over all methods and looks: no further draw is made.",)


def print_bought(console: Console, bought: Bought) -> None:
    """What the minutes buy, before anything runs, and what others would."""
    table = Table(title=f"What {bought.minutes:g} minutes buy", title_justify="left",
                  box=SIMPLE_HEAD, pad_edge=False)
    for column in ("minutes", "methods", "test items", "draws", "told apart from"):
        table.add_column(column, justify="right", no_wrap=True)
    for point in _by_minutes(bought):
        mark = " <" if point is bought.buys else ""
        table.add_row(f"{point.minutes:g}", str(point.methods), f"{point.test:,}",
                      str(point.draws), f"{_difference(point)}{mark}")
    console.print(table)
    print_lines(console, [
        "Told apart: differences in the deciding metric that are found in 80% of such studies, "
        "were methods to disagree on a fifth of the items and draws as unlike as they usually are.",
        *map(_left_out, bought.left_out)])


def _by_minutes(bought: Bought) -> Iterator[Buys]:
    yield from sorted((*bought.curve, bought.buys), key=lambda point: point.minutes)


def _difference(point: Buys) -> str:
    return words.ABSENT if point.difference is None else f"{point.difference:.3f}"


def _draws(count: int) -> str:
    return "one draw of training items" if count == 1 else f"{count} draws of training items"


def _left_out(out: LeftOut) -> str:
    if out.minutes is None:
        return f"left out: {out.name}: its cost is not known: {out.reason}"
    return f"left out: {out.name}: its smallest useful budget takes {out.minutes:.1f} minutes"
