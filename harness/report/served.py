"""What must be said of methods that an endpoint answers."""

from __future__ import annotations

from collections.abc import Sequence

from harness.compare.same_weights import SameWeights
from harness.compare.summary import Summary
from harness.measure.usage import Usage
from harness.report import words
from harness.report.published import Published
from harness.targets.kinds import KINDS


def lines(published: Published) -> list[str]:
    """What of their figures is not like the others'; nothing where no endpoint answers."""
    names = _served(published.summary)
    if not names:
        return []
    kind = KINDS[published.study.kind]
    lacks = [metric.says for metric in kind.own if metric.graded]
    said = [f"An endpoint answers {words.listed(names)}: latency is what a client waits, over the "
            "network, and money is that of the tokens."]
    if lacks and any(_only_names(record.usage) for record in published.study.records):
        said.append(f"Answers that only name classes have no {', '.join(lacks)}.")
    return [*said, *_first_tokens(published),
            *(_alike(pair, kind.classes) for pair in published.same_weights)]


def _alike(pair: SameWeights, classes: bool) -> str:
    """How often, and what is known of why not."""
    unread = f" {pair.unread} of the endpoint's could not be read." if pair.unread else ""
    return (f"The same weights: {pair.served} and {pair.here} answer {pair.alike} of {pair.items} "
            f"items alike.{unread} There an answer is written token by token, in the server's own "
            f"arithmetic; here most weights are held in {pair.held}"
            f"{', and classes are scored by the likelihood of their whole words' * classes}.")


def _first_tokens(published: Published) -> list[str]:
    """How long the first piece of an answer takes, by method."""
    found = {record.identity.name: record.usage.first_token
             for record in reversed(published.study.records)
             if record.usage is not None and record.usage.first_token is not None}
    said = [f"{name} {first.p50_ms:,.0f} ms" + (
        f" (p95 {first.p95_ms:,.0f}" + (f", p99 {first.p99_ms:,.0f}" if first.p99_ms else "") + ")"
        if first.p95_ms else "") for name, first in sorted(found.items())]
    if not said:
        return []
    return ["Median time to the first token, the network in it, with as many requests under way as "
            f"the suite allows: {'; '.join(said)}."]


def _only_names(usage: Usage | None) -> bool:
    """Whether an endpoint's answers came without probabilities."""
    found = usage.likelihoods if usage else None
    return usage is not None and (found is None or found.given < usage.requests)


def _served(summary: Summary) -> Sequence[str]:
    return [row.name for row in summary.rows if row.served]
