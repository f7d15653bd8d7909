"""A study made by hand, as one by minutes."""

from harness.study.minutes.bought import Bought, Buys


def by_minutes(study, draws, minutes=20.0):
    """The study after so many draws, each of which took two minutes."""
    buys = Buys(minutes=minutes, test=30, draws=draws, methods=3, difference=0.1)
    bought = Bought(minutes=minutes, given=minutes, buys=buys, left_out=(), curve=(), draws=draws,
                    spent=120.0 * draws, ends={k: 120.0 * k for k in range(1, draws + 1)})
    return study.model_copy(update={"bought": bought})
