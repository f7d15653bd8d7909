"""What an endpoint was asked, what it took, and what that costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from harness.backbones.endpoint.choose import held_to_schema
from harness.common.text import without_folders
from harness.measure.part import RecordPart
from harness.suite.endpoint import TokenPrices
from harness.tasks.examples import Item

if TYPE_CHECKING:
    from harness.methods.asking.served import Served


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
    validation_money: float | None
    """The same for what trials asked of validation items, at what a test item costs."""

    @property
    def money_an_item(self) -> float | None:
        """None as `money` is."""
        return None if self.money is None else self.money / self.items


def usage_notes(usage: Usage | None) -> tuple[str, ...]:
    """What a reader of the figures must know of how answers came."""
    if usage is None or not usage.unheld:
        return ()
    return (f"{usage.unheld} of {usage.requests} answers do not have the form of the schema that "
            "was asked for: where the server does not obey one, write `answers: text`",)


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
        validation_money=None if cost is None else cost / items * asked_before)


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
