"""What adapting and then serving N requests costs, and where two methods cross."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from harness.measure.part import RecordPart
from harness.suite import Prices


class Rate(RecordPart):
    """Money for an hour of the device, and the electrical power it is taken to draw."""

    currency: str
    hour: float
    watts: float
    own: bool
    """Whether the suite gave a price of its own."""


class Bill(RecordPart):
    """What a method costs: once to adapt, and by the request."""

    name: str
    adaptation: float
    """Money for the stand-alone device-hours."""
    million_requests: float
    """Money for a million answers at the measured throughput, batch after batch."""
    kilowatt_hours: float
    """To adapt: hours times the table's power, not measured."""

    def total(self, requests: float) -> float:
        """Money for adapting and answering."""
        return self.adaptation + requests * self.million_requests / 1e6


class Step(RecordPart):
    """From `requests` answers on, this method is the cheapest of those compared."""

    requests: float
    name: str


@cache
def _table() -> dict[str, Any]:
    text = files("harness.compare").joinpath("prices.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def rate(prices: Prices, device_type: str) -> Rate:
    """The price of an hour of `cpu` or `cuda`: the suite's own figures, else the table's."""
    table = _table()
    device = table["devices"][device_type]
    hour = device["device_hour"] if prices.device_hour is None else prices.device_hour
    watts = device["watts"] if prices.watts is None else prices.watts
    energy = table["kilowatt_hour"] if prices.kilowatt_hour is None else prices.kilowatt_hour
    return Rate(currency=prices.currency or table["currency"], hour=hour + watts / 1000 * energy,
                watts=watts, own=prices.device_hour is not None)


def bill(name: str, device_hours: float, items_per_second: float, price: Rate) -> Bill:
    """The bill of a method from its measured adaptation and throughput."""
    return Bill(name=name, adaptation=device_hours * price.hour,
                million_requests=1e6 / items_per_second / 3600 * price.hour,
                kilowatt_hours=device_hours * price.watts / 1000)


def bill_of_tokens(name: str, before: float | None, an_item: float | None) -> Bill | None:
    """The bill of a method that an endpoint answers: what its trials asked, and money an answer;
    None where a price or a count is not known. Its power is not known here, and not counted."""
    if before is None or an_item is None:
        return None
    return Bill(name=name, adaptation=before, million_requests=1e6 * an_item, kilowatt_hours=0.0)


def crossing(one: Bill, other: Bill) -> float | None:
    """Requests at which two methods have cost the same; None where one is always cheaper."""
    slope = (other.million_requests - one.million_requests) / 1e6
    if slope == 0:
        return None
    requests = (one.adaptation - other.adaptation) / slope
    return requests if requests > 0 else None


def cheapest(bills: Sequence[Bill]) -> tuple[Step, ...]:
    """The cheapest method by number of requests, from 0 on: the lower envelope of the bills."""
    if not bills:
        return ()
    now = min(bills, key=lambda b: (b.adaptation, b.million_requests, b.name))
    steps = [Step(requests=0.0, name=now.name)]
    while True:
        later = [(at, b.million_requests, b) for b in bills
                 if b.million_requests < now.million_requests
                 and (at := crossing(now, b)) is not None]
        if not later:
            return tuple(steps)
        at, _, now = min(later, key=lambda found: found[:2])
        steps.append(Step(requests=at, name=now.name))
