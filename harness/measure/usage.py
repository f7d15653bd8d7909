"""What an endpoint was asked, what it took, and what that costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness.backbones.endpoint.choose import held_to_schema, option_of
from harness.backbones.endpoint.likelihoods import graded
from harness.backbones.endpoint.reply import Reply
from harness.common.text import without_folders
from harness.measure.part import RecordPart
from harness.measure.percentiles import percentiles
from harness.suite.endpoint import TokenPrices
from harness.tasks.examples import Item

if TYPE_CHECKING:
    from harness.methods.asking.served import Served


class FirstToken(RecordPart):
    """Milliseconds from a request to the first piece of its answer, the network and the server's
    queue included, with as many under way as the suite allows. A percentile is None where answers
    are too few to hold it."""

    p50_ms: float
    p95_ms: float | None
    p99_ms: float | None


class Likelihoods(RecordPart):
    """What probabilities were made of, where the server was asked how likely its tokens are."""

    given: int
    """Answers whose tokens' log-probabilities came with them, and spell them. Unless all do, there
    are no probabilities."""
    unsplit: float
    """Mean share of tokens that begin several options, which share it evenly."""
    otherwise: int
    """Answers that name another option than the likeliest, which is the one that counts."""


class Usage(RecordPart):
    """Of the test items. Tokens are by the server's own count, and None where it gives none."""

    host: str
    model: str
    items: int
    requests: int
    read: int | None
    """Tokens of prompts."""
    written: int | None
    """Tokens of answers."""
    seconds: float
    """Mean of a request's, the network included, with as many under way as the suite allows."""
    money: float | None
    """By the suite's prices; None without them, or without a count of tokens."""
    unheld: int = 0
    """Answers that do not have the form of the schema that was asked for: some servers take it and
    do not obey."""
    serves: str | None = None
    """The backbone whose weights the server answered with; None where they are not known."""
    likelihoods: Likelihoods | None = None
    """None where it was not asked for."""
    first_token: FirstToken | None = None
    """None where answers came as a whole."""
    validation_money: float | None
    """The same for what trials asked of validation items, at what a test item costs."""

    @property
    def money_an_item(self) -> float | None:
        """None as `money` is."""
        return None if self.money is None else self.money / self.items


def usage_notes(usage: Usage | None) -> tuple[str, ...]:
    """What a reader of the figures must know of how answers came."""
    if usage is None:
        return ()
    unheld = (f"{usage.unheld} of {usage.requests} answers do not have the form of the schema that "
              "was asked for: where the server does not obey one, write `answers: text`",)
    return (*(unheld if usage.unheld else ()), *_likelihood_notes(usage))


def _likelihood_notes(usage: Usage) -> tuple[str, ...]:
    found = usage.likelihoods
    if found is None:
        return ()
    if found.given < usage.requests:
        return (f"log-probabilities were asked for, and {usage.requests - found.given} of "
                f"{usage.requests} answers came without any that can be read: there are no "
                "probabilities of classes",)
    said = ("probabilities of classes are made of the server's log-probabilities; "
            f"{100 * found.unsplit:.1f}% of them is of tokens that begin several classes, and is "
            "shared evenly")
    also = (f"; {found.otherwise} answers name another class than the likeliest, which counts"
            if found.otherwise else "")
    return (said + also,)


def usage_of(fitted: Served, test: Sequence[Item], asked_before: int) -> Usage:
    """Of a fitted method that answered the test items; its trials asked so many items before."""
    said, items = fitted.connection.endpoint.said, len(test)
    replies = [reply for item in test for reply in fitted.replies[item.id]]
    read, written = _sum(reply.read for reply in replies), _sum(reply.written for reply in replies)
    cost = money(said.prices, read, written)
    return Usage(
        host=said.host, model=without_folders(said.model), items=items, requests=len(replies),
        read=read, written=written, money=cost,
        seconds=sum(reply.seconds for reply in replies) / len(replies),
        unheld=sum(not held_to_schema(reply.text) for reply in replies) if fitted.held else 0,
        serves=said.serve, likelihoods=_likelihoods(fitted, replies), first_token=_first(replies),
        validation_money=None if cost is None else cost / items * asked_before)


def _likelihoods(fitted: Served, replies: Sequence[Reply]) -> Likelihoods | None:
    options = fitted.form.options
    if not fitted.connection.endpoint.said.top_logprobs or not options:
        return None
    found = [(one, option_of(reply.text, options)) for reply in replies
             if (one := graded(reply.text, reply.places, options)) is not None]
    return Likelihoods(
        given=len(found), otherwise=sum(int(one.shares.argmax()) != named for one, named in found),
        unsplit=sum(one.unsplit for one, _ in found) / max(1, len(found)))


def _first(replies: Sequence[Reply]) -> FirstToken | None:
    """Of the answers that were sent piece by piece; those that were kept took what they took."""
    waited = np.array([1000 * reply.first for reply in replies if reply.first is not None])
    if not len(waited):
        return None
    found = percentiles(waited)
    return FirstToken(p50_ms=float(np.median(waited)), p95_ms=found["p95"], p99_ms=found["p99"])


def _sum(counts: Iterable[int | None]) -> int | None:
    total = 0
    for count in counts:
        if count is None:
            return None
        total += count
    return total


def money(prices: TokenPrices | None, read: int | None, written: int | None) -> float | None:
    """What so many tokens of prompts and of answers cost; None without prices or a count."""
    if prices is None or read is None or written is None:
        return None
    return (read * prices.read + written * prices.written) / 1e6
