"""What arms are once they are exported, for people."""

from __future__ import annotations

from collections.abc import Iterator

from harness.compare.shipping import Shipped, Shipping
from harness.report import words
from harness.report.beside import ranked
from harness.report.published import Published
from harness.targets.kinds import gain, says

NOTE = ("The same weights in another form: an export is no rival of its source and has no part in "
        "the ranking above. Change is the export less its source, paired by item and by seed, over "
        "items alone. Latency is of the same interleaved rounds, memory what a process grows by to "
        "load the model and answer a batch. Exports answer on the CPU. ● marks arms and exports "
        "that no other beats in quality, latency, bytes and money together.")


def parts(published: Published) -> list[tuple[str, Shipping]]:
    """What ships of each budget, by its title; none where nothing was exported."""
    views = [("", published), *((part.title, view) for part, view in ranked(published))]
    return [(title, view.shipping) for title, view in views if view.shipping]


def headings(found: Shipping) -> tuple[str, ...]:
    """Of the cells."""
    return (says(found.metric), "95% interval", "change, 95% interval", "answers changed",
            "p50 latency", "of its source's", "bytes", "of fp32", "memory", "of its source's",
            f"money for {words.count(found.requests)} answers", "frontier")


def cells(one: Shipped, found: Shipping, currency: str) -> list[tuple[float | None, str]]:
    """One export, each figure as a number to sort by and as it is shown; its reason alone where
    there is nothing else."""
    if one.reason is not None:
        return [(None, f"not exported: {one.reason}"), *[(None, "")] * (len(headings(found)) - 1)]
    figure, money = one.common.get(found.metric), one.money(found.requests)
    latency, size, memory = (
        (own, own / source if own is not None and source else None) for own, source in (
            (one.p50_ms, one.source_p50_ms), (one.weights_bytes, one.source_bytes),
            (one.memory_bytes, one.source_memory_bytes)))
    return [(figure.mean if figure else None, words.spread(figure)),
            (figure.low if figure else None, words.within(figure)),
            (one.change.difference if one.change else None, change(one)),
            (one.changed / one.answers, changed(one)),
            (latency[0], words.milliseconds(latency[0])), (latency[1], _share(latency[1])),
            (size[0], words.size(one.weights_bytes)), (size[1], _share(size[1])),
            (memory[0], words.size(one.memory_bytes)), (memory[1], _share(memory[1])),
            (money, words.money(money, currency)),
            (float(one.frontier), "●" if one.frontier else "")]


def change(one: Shipped) -> str:
    """By how much it is another than its source."""
    gap = one.change
    return words.ABSENT if gap is None else words.interval(gap.difference, gap.low, gap.high)


def changed(one: Shipped) -> str:
    """How many answers are others."""
    return f"{one.changed} of {one.answers}"


def lines(published: Published) -> list[str]:
    """What the recommended method is in each format, and what it would save."""
    found, named = published.shipping, published.verdict.recommended
    if found is None or named is None:
        return []
    return [_line(one, published) for one in found.exports if one.source == named]


def markdown(published: Published) -> Iterator[str]:
    """A table of every export."""
    for title, found in parts(published):
        name = f": {title}" if title else ""
        yield from (f"## As it ships{words.cell(name)}", "", NOTE, "",
                    f"| export | {' | '.join(headings(found))} |",
                    "|---" * (1 + len(headings(found))) + "|")
        currency = published.summary.rate.currency
        for one in found.exports:
            shown = (one.name, *(text for _, text in cells(one, found, currency)))
            yield "| " + " | ".join(map(words.cell, shown)) + " |"
        yield from ("", words.cell(on_frontier(found)), "")


def on_frontier(found: Shipping) -> str:
    """Which arms and exports no other beats."""
    return f"On the frontier of what ships: {', '.join(found.frontier)}."


def _line(one: Shipped, published: Published) -> str:
    if one.reason is not None:
        return f"As {one.format}: not exported: {one.reason}."
    said = [f"{changed(one)} answers changed"]
    if one.change is not None:
        said.append(f"{says(published.summary.metric)} {change(one)}{_doubt(one, published)}")
    said += [f"{_share(own / source)} of its {what}" for own, source, what in (
        (one.p50_ms, one.source_p50_ms, "latency"), (one.weights_bytes, one.source_bytes, "bytes"),
        (one.memory_bytes, one.source_memory_bytes, "memory")) if own and source]
    return f"As {one.format}: {'; '.join((*said, *_money(one, published)))}."


def _doubt(one: Shipped, published: Published) -> str:
    """Whether what is lost on the way may be more than what matters."""
    matters, gap = published.verdict.matters, one.change
    if gap is None:
        return ""
    lost = -gap.low if gain(published.summary.metric, 1.0) > 0 else gap.high
    return "" if lost <= matters else (
        f", and a loss of more than what matters ({matters:.3g}) is not ruled out")


def _money(one: Shipped, published: Published) -> Iterator[str]:
    """What it costs beside its source."""
    row = next((row for row in published.summary.rows if row.name == one.source), None)
    own = one.money(published.verdict.requests)
    if own is None or row is None or row.bill is None:
        return
    source = row.bill.total(published.verdict.requests)
    word = "cheaper" if own < source else "dearer" if own > source else "as dear"
    currency = published.summary.rate.currency
    yield (f"{word} for {words.count(published.verdict.requests)} answers: "
           f"{words.money(own, currency)} and not {words.money(source, currency)}"
           if own != source else f"as dear: {words.money(own, currency)}")


def _share(value: float | None) -> str:
    return words.ABSENT if value is None else f"{value:.2f}"
